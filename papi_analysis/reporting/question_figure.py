"""The picture of the question: completion beside what the scores gained, the finding in words above it.

With one treated unit or few, a row a dimension, the most complete first; with many, a panel a dimension. It is narrow,
so that it can be read in a column of print and on a phone; positions on it are in inches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import BesideDesign, Estimates, ImpactDesign, SlopeDesign, VerdictDesign
from papi_analysis.reporting.canvas import add_alternative, drawing, new_axes, one_axes
from papi_analysis.reporting.gap_words import treated_units
from papi_analysis.reporting.language import Language, language_of
from papi_analysis.reporting.marks import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINE,
    ORANGE,
    PALE,
    Line,
    break_lines,
    key_lines,
    number_across,
    set_title,
    tidy,
    wrapped,
    write_lines,
)
from papi_analysis.reporting.sentences import finding
from papi_analysis.reporting.tables import full_name, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches: the figure's width, from a name to its strip of dots, the strip, the room between two rows.
WIDTH, GAP, STRIP, ROOM = 4.8, 0.05, 0.3, 0.1

#: The width of a bold letter, with a little to spare.
LETTER = 0.1

#: Letters to a line: of the title, of the key, of a dimension's name beside its completion.
TITLE, KEY, NAME = 56, 60, 42

NOT_BESIDE = Note("{question} is no picture of the question. Give the answer of completion_beside_gaps.")


@drawing
def draw_question(estimates: Estimates, *, axes: Any = None, truth: Any = None, language: str = "en") -> Any:
    """Draw the question in one picture: how far the tasks came, and what the scores gained beside that.

    ``estimates`` comes from ``completion_beside_gaps``. Of gaps: a row a dimension, the most complete first; the unit's
    gap is a labelled dot among those of the other units, over the bar that holds the middle of them; a diamond is what
    was needed. Of slopes: a panel a dimension; the gaps of programmes against their completion, the slope with its
    interval, and ``truth`` (a slope per ten points, or one for each dimension in the order of the table) where it is
    known. The title says the finding.

    Parameters
    ----------
    estimates
        The answer of ``completion_beside_gaps``.
    axes
        Where to draw: one ``Axes`` for gaps; for slopes an array of one for the words and one for each dimension.
        Default a figure of its own.
    truth
        Slopes that are known, of simulated programmes.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes, or an array of them
        As ``axes``; the figure's label is its text alternative.

    Raises
    ------
    SpecError
        The answer is to another question, there are too few axes, or there is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> from papi_analysis.estimation.completion_beside_gaps import completion_beside_gaps
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> beside = completion_beside_gaps(panel, pa.programme_impact(panel, "VN-CT", 2018, 2020))
    >>> draw_question(beside).get_xlabel()
    'Points above or below what the other units predict'
    """
    tongue = language_of(language, estimates.names)
    if estimates.question != "completion_beside_gaps":
        raise SpecError(Note(NOT_BESIDE.text, {"question": estimates.question}))
    answer = estimates.designed(BesideDesign).answer
    if answer.question == "programme_impact":
        return _draw_rows(estimates, axes, tongue)
    return _draw_panels(estimates, axes, truth, tongue)


def _draw_rows(estimates: Estimates, ax: Axes | None, tongue: Language) -> Axes:
    """Draw a row for each dimension, from the top down."""
    table = estimates.table
    names = [wrapped(full_name(code, tongue, estimates.names), NAME) for code in table["dimension"]]
    lines = [*_opening(estimates, tongue), *_key_of_gaps(estimates, tongue)]
    scale = wrapped(tongue.text("Points above or below what the other units predict"), KEY)
    heights = [LINE * (name.count("\n") + 2) + GAP + STRIP + ROOM for name in names]
    top = LINE * (len(lines) + 1)
    whole = top + sum(heights)
    ax = one_axes(WIDTH, whole + LINE * (scale.count("\n") + 1) + 0.4) if ax is None else ax
    ax.set_ylim(0, whole)
    values = [_shown_gaps(estimates, code) for code in table["dimension"]]
    _set_width(ax, np.concatenate([*values, *(table[name] for name in _drawn(table))]))
    below = whole - top
    for row, name, gaps, height in zip(table.itertuples(), names, values, heights, strict=True):
        _name_row(ax, name, row.completion, below, tongue)
        _draw_strip(ax, row, gaps, below - height + LINE + ROOM + STRIP / 2, tongue)
        below -= height
    write_lines(ax, lines)
    ax.set_yticks([])
    ax.set_xlabel(scale, fontsize=9)
    number_across(ax, tongue)
    tidy(ax)
    ax.spines["left"].set_visible(False)
    _tell(ax, _rows_in_words(estimates, tongue), estimates, tongue)
    return ax


def _opening(estimates: Estimates, tongue: Language) -> list[Line]:
    """The mark of simulated inputs, and the finding."""
    words = mark(estimates.simulated_tables, tongue)
    marked = [Line(line, ORANGE, bold=True) for line in break_lines(f"{words}.", TITLE)] if words else []
    return [*marked, *(Line(line, INK, bold=True) for line in break_lines(finding(estimates, tongue), TITLE))]


def _tell(ax: Axes, shown: str, estimates: Estimates, tongue: Language) -> None:
    """Tell the mark, what is shown with its numbers, and the finding."""
    words = mark(estimates.simulated_tables, tongue)
    add_alternative(ax, " ".join([*([f"{words}."] if words else []), shown, finding(estimates, tongue)]))


def _key_of_gaps(estimates: Estimates, tongue: Language) -> list[Line]:
    """Say what each mark is; of those that are drawn."""
    asked, table = estimates.designed(BesideDesign).answer.designed(ImpactDesign), estimates.table
    first, last = asked.after
    when = str(last) if first == last else f"{first}–{last}"
    unit = treated_units(estimates.designed(BesideDesign).answer, tongue)
    words = tongue.text("{unit}, {when}, net of what the other units predict", unit=unit, when=when)
    lines = key_lines(words, BLUE, "o", KEY)
    if others := int(table["others"].max()):
        if len(asked.units) == 1:
            words = tongue.text("each of {others} other units, as if the programme were its own", others=others)
        else:
            words = tongue.text(
                "{others} other sets of {units} units, as if the programmes were theirs",
                others=others,
                units=len(asked.units),
            )
        if len(estimates.cells) < table["others"].sum():
            words += tongue.text(", an even selection of them drawn")
        lines += key_lines(words, GREY, ".", KEY)
    if table["others_low"].notna().any():
        words = tongue.text("the middle {level} of them", level=tongue.percent(estimates.level))
        lines += key_lines(words, GREY, "s", KEY)
    if "needed" in table and table["needed"].notna().any():
        told = estimates.designed(BesideDesign).told
        theirs = told is not None and told.designed(VerdictDesign).end_year is not None
        words = tongue.text("the gain that was needed") if theirs else tongue.text("the gain in question")
        lines += key_lines(words, ORANGE, "D", KEY)
    return lines


def _name_row(ax: Axes, name: str, completion: float, top: float, tongue: Language) -> None:
    """Write a dimension's name, and at the other end how far its tasks came."""
    across, place = ax.get_yaxis_transform(), top - 0.03
    ax.text(0, place, name, fontsize=9, color=INK, va="top", transform=across)
    known = completion == completion
    words = tongue.text("{share} complete", share=tongue.percent(completion)) if known else tongue.text("not known")
    ax.text(1, place, words, fontsize=9, color=INK, va="top", ha="right", weight="bold", transform=across)


def _draw_strip(ax: Axes, row: Any, gaps: NDArray[np.float64], y: float, tongue: Language) -> None:
    """Draw one row: the others, the middle of them, what was needed, and the unit with its number."""
    ax.vlines(0, y - STRIP / 2 - 0.03, y + STRIP / 2 + 0.03, color=INK, linewidth=0.8)
    if row.others_low == row.others_low:
        ax.fill_between([row.others_low, row.others_high], y - STRIP / 2, y + STRIP / 2, color=PALE, alpha=0.6, lw=0)
        ax.vlines([row.others_low, row.others_high], y - STRIP / 2, y + STRIP / 2, color=GREY, linewidth=1)
    ax.scatter(gaps, y + _apart(len(gaps)) * 0.8 * STRIP, s=7, color=GREY, alpha=0.7, linewidth=0)
    needed = getattr(row, "needed", np.nan)
    shown = [(row.estimate, BLUE, "o"), (needed, ORANGE, "D")][: 1 if needed != needed else 2]
    words = [_signed(value, tongue) for value, _, _ in shown]
    for (value, colour, marker), number, side in zip(shown, words, _sides(shown, words, ax), strict=True):
        ax.scatter(value, y, s=60 if marker == "o" else 44, marker=marker, color=colour, edgecolor="white", zorder=3)
        ax.text(value, y - STRIP / 2 - 0.02, number, color=colour, fontsize=9, weight="bold", va="top", ha=side)


def _signed(value: float, tongue: Language) -> str:
    words = tongue.number(value)
    return f"+{words}" if value > 0 and words != tongue.number(0.0) else words


def _sides(shown: list[tuple[float, str, str]], words: list[str], ax: Axes) -> list[str]:
    """On which side of two places their numbers stand, so that they never meet."""
    (low, high), values = ax.get_xlim(), [value for value, _, _ in shown]
    room = LETTER * sum(map(len, words)) / 2 / WIDTH * (high - low)
    if len(values) == 1 or abs(values[0] - values[1]) > room:
        return ["center"] * len(values)
    return ["right", "left"] if values[0] <= values[1] else ["left", "right"]


def _apart(count: int) -> NDArray[np.float64]:
    """Spread dots over a strip, from -0.5 to 0.5: steps of the golden section fall evenly, and the same each time."""
    return np.asarray((0.5 + np.arange(count) * 0.6180339887498949) % 1 - 0.5)


def _shown_gaps(estimates: Estimates, dimension: str) -> NDArray[np.float64]:
    cells = estimates.cells
    return np.asarray(cells.loc[cells["dimension"] == dimension, "gap"], dtype=float)


def _drawn(table: pd.DataFrame) -> list[str]:
    return [name for name in ("estimate", "needed", "others_low", "others_high") if name in table]


def _set_width(ax: Axes, values: NDArray[np.float64]) -> None:
    """Let the scale reach a little beyond all that is drawn, zero too."""
    known = np.append(values[np.isfinite(values)], 0.0)
    beyond = 0.06 * np.ptp(known) or 1.0
    ax.set_xlim(known.min() - beyond, known.max() + beyond)


def _rows_in_words(estimates: Estimates, tongue: Language) -> str:
    """Say every number of the rows; of needs, where they are known."""
    level, number = tongue.percent(estimates.level), tongue.number
    told = []
    for row in estimates.table.itertuples():
        needed = getattr(row, "needed", np.nan)
        words = f"{row.dimension} {tongue.percent(row.completion)}: {number(row.estimate)}"
        words += f" [{number(row.others_low)}; {number(row.others_high)}]"
        told.append(words if needed != needed else f"{words} / {number(needed)}")
    listed = "; ".join(told)
    if "needed" not in estimates.table:
        return tongue.text(
            "Dot chart by dimension, the most complete first: completion, the points above or below what the other "
            "units predict [the middle {level} of those units]: {listed}.",
            level=level,
            listed=listed,
        )
    return tongue.text(
        "Dot chart by dimension, the most complete first: completion, the points above or below what the other units "
        "predict [the middle {level} of those units] / the gain that was needed: {listed}.",
        level=level,
        listed=listed,
    )


def _draw_panels(estimates: Estimates, axes: Any, truth: Any, tongue: Language) -> Any:
    """Draw a panel for each dimension, two to a row, below one for the words."""
    table, scale = estimates.table, estimates.designed(BesideDesign).answer.scale
    known = None if truth is None else np.broadcast_to(np.asarray(truth, dtype=float), (len(table),))
    lines = [*_opening(estimates, tongue), *_key_of_slopes(estimates, known is not None, tongue)]
    axes = _panels(len(table), LINE * (len(lines) + 2)) if axes is None else axes
    words, *panels = np.ravel(axes)
    words.set_axis_off()
    write_lines(words, lines)
    for place, (ax, row) in enumerate(zip(panels, table.itertuples(), strict=False)):
        cells = estimates.cells[estimates.cells["dimension"] == row.dimension]
        own, others = cells[cells["programme"]], cells.loc[~cells["programme"], "gap"].to_numpy()
        ax.scatter(_apart(len(others)) * 0.06, others, s=6, color=GREY, alpha=0.5, linewidth=0)
        ax.scatter(own["completion"], own["gap"], s=10, color=BLUE, alpha=0.7, linewidth=0, zorder=2)
        x = np.array([0.0, max(1.0, own["completion"].max())])
        slope, low, high = (value / scale for value in (row.estimate, row.low, row.high))
        if np.isfinite([low, high]).all():
            ax.fill_between(x, low * x, high * x, color=ORANGE, alpha=0.25, linewidth=0)
        ax.plot(x, slope * x, color=ORANGE, linewidth=1.8, zorder=3)
        if known is not None:
            ax.plot(x, known[place] / scale * x, color=GREEN, linestyle="--", linewidth=1.8, zorder=4)
        ax.axhline(0, color=PALE, linewidth=0.8, zorder=0)
        set_title(
            ax, row.dimension, tongue, estimates.names, tongue.estimate(row.estimate, row.low, row.high, 3), width=30
        )
        ax.xaxis.set_major_formatter(lambda share, _: tongue.percent(share))
        ax.yaxis.set_major_formatter(tongue.tick)
        ax.set_xticks([0, 0.5, 1])
        tidy(ax)
        ax.tick_params(labelsize=9)
    panels[len(table) - 1].set_xlabel(tongue.text("Completion"), fontsize=9)
    panels[0].set_ylabel(tongue.text("Gap, points"), fontsize=9)
    _tell(words, _panels_in_words(estimates, known, tongue), estimates, tongue)
    return axes


def _panels(count: int, top: float) -> Any:
    """Make axes for words over the whole width, and below them panels, two to a row."""
    rows = -(-count // 2)
    figure = new_axes(figsize=(WIDTH, top + 1.9 * rows)).get_figure()
    figure.clear()
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=[top, *[1.9] * rows])
    places = [grid[0, :], *(grid[1 + place // 2, place % 2] for place in range(count))]
    return np.array([figure.add_subplot(place) for place in places], dtype=object)


def _key_of_slopes(estimates: Estimates, known: bool, tongue: Language) -> list[Line]:
    asked = estimates.designed(BesideDesign).answer.designed(SlopeDesign)
    words = tongue.text(
        "{units} programme units, a dot a year, net of what untouched units predict", units=asked.programme_units
    )
    lines = key_lines(words, BLUE, "o", KEY)
    lines += key_lines(tongue.text("units that no programme has touched"), GREY, ".", KEY)
    words = tongue.text("slope per 10 points of completion")
    if np.isfinite(estimates.table[["low", "high"]].to_numpy(dtype=float)).any():
        words = tongue.text(
            "slope per 10 points of completion, {level} interval", level=tongue.percent(estimates.level)
        )
    lines += key_lines(words, ORANGE, "_", KEY)
    return lines + (key_lines(tongue.text("true slope"), GREEN, "_", KEY) if known else [])


def _panels_in_words(estimates: Estimates, known: NDArray[np.float64] | None, tongue: Language) -> str:
    told, level = [], tongue.percent(estimates.level)
    for place, row in enumerate(estimates.table.itertuples()):
        words = f"{row.dimension}: {tongue.estimate(row.estimate, row.low, row.high, 3)}"
        told.append(words if known is None else f"{words} / {tongue.number(known[place], 3)}")
    listed = "; ".join(told)
    if known is None:
        return tongue.text(
            "Scatter plots of gaps against completion by dimension; slope per 10 points [{level} interval]: {listed}.",
            level=level,
            listed=listed,
        )
    return tongue.text(
        "Scatter plots of gaps against completion by dimension; slope per 10 points [{level} interval] / true slope: "
        "{listed}.",
        level=level,
        listed=listed,
    )
