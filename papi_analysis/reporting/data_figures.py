"""Figures of the data: scores over the years, and the register of tasks.

Every function draws what it is given; it computes nothing but positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError
from papi_analysis.panel.changes import TOTAL, best_and_worst, break_marks, break_years, eras, middle_halves
from papi_analysis.panel.frames import first_and_last
from papi_analysis.reporting.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINE,
    ORANGE,
    PALE,
    PINK,
    SHADE,
    add_alternative,
    drawing,
    figure_of,
    full_name,
    grid_axes,
    key_lines,
    mark_simulated,
    one_axes,
    set_title,
    shade_programme,
    spread_labels,
    tidy,
    wrapped,
    write_lines,
)
from papi_analysis.reporting.labels import KINDS
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.study.schema import name_text
from papi_analysis.study.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADED = Note("Shaded: the years of the programme")

#: Letters to a line of a key, and the inches of a row of the eras.
KEY, ROW = 60, 0.55

#: What each kind of break looks like; the first three begin a new era.
BREAK_MARKS = {"definition": (ORANGE, "D"), "sample": (BLUE, "^"), "mode": (GREEN, "p"), "level": (GREY, "o")}


@drawing
def draw_history(study: Study, unit: str, *, axes: Any = None, language: str = "en") -> Any:
    """Draw each dimension's scores over all years: the unit, the mean over units, the range of the middle half.

    Dotted lines mark breaks of definition, sample or mode; the years of the unit's programme are shaded. Returns an
    array of axes, one per dimension.

    Parameters
    ----------
    study
        Any study.
    unit
        The code of one of its units.
    axes
        Where to draw, one panel a dimension; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    ndarray of Axes
        One panel a dimension; the figure's label is its text alternative.

    Raises
    ------
    SpecError
        The study has no scores of the unit, or there is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> draw_history(study, "VN-CT").shape
    (2, 3)
    """
    tongue, unit = find_language(language), name_text(unit)
    family = list(study.dimensions["dimension"])
    cells = study.scores[study.scores["dimension"].isin(family)]
    own = cells[cells["unit"] == unit]
    if own.empty:
        raise SpecError(
            Note("the study has no scores of unit {unit!r}. Choose one of its units, by its code.", {"unit": unit})
        )
    surveys = sorted(cells["year"].unique())
    middle = middle_halves(cells).set_index("dimension")
    programme = study.programme_years(unit)
    axes = grid_axes(len(family), axes)
    for ax, dimension in zip(np.ravel(axes), family, strict=False):
        ranges = middle.loc[[dimension]].set_index("year").reindex(surveys)
        _draw_path(ax, ranges, own[own["dimension"] == dimension].set_index("year")["score"].reindex(surveys))
        for year in break_years(study.breaks, dimension):
            ax.axvline(year - 0.5, color=GREY, linewidth=0.8, linestyle=":")
        if programme:
            shade_programme(ax, *programme)
        ax.yaxis.set_major_formatter(tongue.tick)
        set_title(ax, dimension, tongue, study.names)
        tidy(ax)
    labelled = own["dimension"].map(family.index).min()
    seen = own[own["dimension"] == family[labelled]].set_index("year")["score"].sort_index()
    top = middle.loc[[family[labelled]]].set_index("year")["high"]
    _label_path(np.ravel(axes)[labelled], seen, top, tongue.name(unit, study.names), tongue)
    first = np.ravel(axes)[0]
    if programme:
        figure_of(first).supxlabel(tongue.say(SHADED), fontsize=9)
    shown = tuple(name for name in study.simulated_tables if name in ("scores", "breaks"))
    mark_simulated(first, shown, tongue, whole_figure=True)
    words = tongue.text(
        "Line charts of the scores of {unit} in {panels} dimensions, {first} to {last}, with the mean and the middle "
        "half of all units; breaks are dotted.",
        unit=tongue.name(unit, study.names),
        panels=len(family),
        first=surveys[0],
        last=surveys[-1],
    )
    ends = best_and_worst(own, family)
    if ends is not None:
        words += " " + tongue.text(
            "Their sum was highest in {best} ({most}) and lowest in {worst} ({least}).", **ends.to_dict()
        )
    add_alternative(first, words)
    return axes


def _draw_path(ax: Axes, middle: pd.DataFrame, own: pd.Series) -> None:
    """Draw one dimension: a unit among all; a survey without a score of the unit breaks its line."""
    from matplotlib.ticker import MaxNLocator

    ax.fill_between(middle.index, middle["low"], middle["high"], color=PALE, alpha=0.6, linewidth=0)
    ax.plot(middle.index, middle["mean"], color=GREY, linewidth=1.2, linestyle="--")
    ax.plot(own.index, own, color=BLUE, linewidth=2, marker="o", markersize=3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _label_path(ax: Axes, own: pd.Series, top: pd.Series, name: str, tongue: Language) -> None:
    """Name the unit at its last score and the band at its end."""
    near: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "fontsize": 8}
    last = (own.index[-1], own.iloc[-1])
    ax.annotate(wrapped(name, 30), last, xytext=(0, -12), color=BLUE, weight="bold", **near)
    words = wrapped(tongue.text("mean, middle half"), 18)
    ax.annotate(words, (top.index[-1], top.iloc[-1]), xytext=(0, 5), color="#595959", **near)
    ax.margins(y=0.12)


@drawing
def draw_rank(
    places: pd.DataFrame,
    unit: str,
    *,
    ax: Axes | None = None,
    language: str = "en",
    simulated: Sequence[str] = (),
    programme: tuple[int, int] | None = None,
) -> Axes:
    """Draw a unit's rank on the sum of the family over the years, first place on top.

    ``places`` comes from ``standing``; ``simulated`` names the inputs that were made up, ``programme`` the first and
    the last year of the unit's programme (``study.programme_years(unit)``), to be shaded. A year without a rank breaks
    the line.

    Parameters
    ----------
    places
        Of ``standing``.
    unit
        The code of a unit.
    ax
        Where to draw; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.
    simulated
        Inputs that were made up; the figure says so.
    programme
        First and last year of the unit's programme, to be shaded.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        The unit has a score of every dimension in no year, or there is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> from papi_analysis.panel.changes import standing
    >>> draw_rank(standing(pa.load_study("can_tho_2018_2020").scores), "VN-CT").get_ylabel()
    'Rank of 63 units'
    """
    tongue, unit = find_language(language), name_text(unit)
    places = places[places["dimension"] == TOTAL]
    own = places[places["unit"] == unit]
    if own.empty:
        raise SpecError(
            Note("unit {unit!r} has no rank: in no year does it have a score of every dimension.", {"unit": unit})
        )
    ax = one_axes(8, 3) if ax is None else ax
    years = sorted(places["year"].unique())
    ax.plot(years, own.set_index("year")["rank"].reindex(years), color=BLUE, linewidth=2, marker="o")
    for year, rank in zip(own["year"], own["rank"], strict=True):
        ax.annotate(
            f"{rank}",
            (year, rank),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )
    ax.set_ylim(own["ranked"].max() + 1, -4)
    ax.set_ylabel(tongue.text("Rank of {units} units", units=int(own["ranked"].max())))
    ax.set_xticks(years)
    if programme is not None:
        shade_programme(ax, *first_and_last(programme, "programme"))
        ax.set_xlabel(tongue.say(SHADED), fontsize=9)
    ax.set_yticks([1, *range(10, int(own["ranked"].max()) + 1, 10)])
    tidy(ax)
    mark_simulated(ax, tuple(simulated), tongue)
    listed = "; ".join(f"{year}: {rank}" for year, rank in zip(own["year"], own["rank"], strict=True))
    add_alternative(
        ax, tongue.text("Line chart of the rank on the sum of the dimensions by year: {listed}.", listed=listed)
    )
    return ax


@drawing
def draw_eras(
    study: Study, years: tuple[int, int] | None = None, *, ax: Axes | None = None, language: str = "en"
) -> Axes:
    """Draw the eras of each dimension as bars, between which its scores are not comparable, and what changed when.

    A mark stands where a year differs from the year before. The years of the study's programme are shaded.

    Parameters
    ----------
    study
        Any study.
    years
        A first and a last one; default those of the scores.
    ax
        Where to draw; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        The years are no first and last one, or there is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> bool(draw_eras(pa.load_study("can_tho_2018_2020"), (2016, 2020)).get_xlim()[0] < 2016)
    True
    """
    from matplotlib.ticker import MaxNLocator

    tongue = find_language(language)
    family = list(study.dimensions["dimension"])
    every = (int(study.scores["year"].min()), int(study.scores["year"].max()))
    first, last = every if years is None else first_and_last(years, "years")
    marks = break_marks(study.breaks, family, (first, last))
    there = set(marks["kind"])
    kinds = [*(kind for kind in BREAK_MARKS if kind in there), *sorted(there - set(BREAK_MARKS))]
    looks = {kind: BREAK_MARKS.get(kind, (INK, "X")) for kind in kinds}
    named = {kind: tongue.text(KINDS.get(kind, kind)) for kind in kinds}
    words = [line for kind in kinds for line in key_lines(named[kind], *looks[kind], KEY)]
    ax = one_axes(5.4, ROW * len(family) + LINE * len(words) + 0.9) if ax is None else ax
    places = dict(zip(family, np.arange(len(family))[::-1], strict=True))
    for era in eras(study.breaks, family, (first, last)).itertuples():
        ax.barh(places[era.dimension], era.last_year - era.first_year + 1, left=era.first_year - 0.5, height=0.62,
                color=PALE, alpha=0.7, edgecolor="white", linewidth=3)  # fmt: skip
    for (dimension, year), hit in marks.groupby(["dimension", "year"]):
        for up, kind in zip(_stacked(len(hit)), hit["kind"], strict=True):
            colour, marker = looks[kind]
            ax.scatter(
                year - 0.5, places[dimension] + up, color=colour, marker=marker, s=52, edgecolor="white", zorder=3
            )
    ax.set_yticks(list(places.values()), [wrapped(full_name(code, tongue, study.names), 24) for code in family])
    ax.set_xlim(first - 0.7, last + 0.7)
    rows, above = len(family) + 0.2, (LINE * len(words) + 0.1) / ROW
    ax.set_ylim(-0.6, rows - 0.6 + above)
    shade_programme(ax, study.start.year, study.end.year, rows / (rows + above))
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    ax.set_xlabel(tongue.say(SHADED), fontsize=9)
    write_lines(ax, words)
    tidy(ax)
    mark_simulated(ax, tuple(name for name in study.simulated_tables if name in ("scores", "breaks")), tongue)
    listed = "; ".join(
        f"{dimension}: " + ", ".join(f"{row.year} {named[row.kind]}" for row in hit.itertuples())
        for dimension, hit in marks.groupby("dimension", sort=False)
    )
    add_alternative(
        ax,
        tongue.text(
            "Strip chart of the eras of {panels} dimensions, {first} to {last}; what changed when: {listed}.",
            panels=len(family),
            first=first,
            last=last,
            listed=listed or "–",
        ),
    )
    return ax


def _stacked(count: int) -> NDArray[np.float64]:
    """Heights of marks above one another in a row, from the top down."""
    return np.asarray(0.26 * ((count - 1) / 2 - np.arange(count)))


@drawing
def draw_completion(cells: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw completion over time, one line for each dimension of one unit.

    ``cells`` comes from ``completion``; the band runs from the worst to the best case of unreported tasks.

    Parameters
    ----------
    cells
        Of ``completion``, for one unit.
    study
        The study that they are from.
    ax
        Where to draw; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        There is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> cells = pa.completion(study.tasks, study.progress)
    >>> draw_completion(cells, study).get_ylabel()
    'Completion'
    """
    tongue = find_language(language)
    ax = one_axes(8, 4) if ax is None else ax
    styles = [(BLUE, "-"), (ORANGE, "-"), (GREEN, "-"), (PINK, "-"), (INK, "-"), (GREY, "--")]
    ends: list[tuple[float, str, str]] = []
    for place, (dimension, line) in enumerate(cells.groupby("dimension", sort=True)):
        colour, dash = styles[place % len(styles)]
        ax.fill_between(line["as_of"], line["low"], line["high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(line["as_of"], line["completion"], color=colour, linestyle=dash, linewidth=1.8)
        ends.append((float(line["completion"].iloc[-1]), str(dimension), colour))
    for height, (_, dimension, colour) in zip(
        spread_labels([end[0] for end in ends], 0.05, top=1.02), ends, strict=True
    ):
        ax.annotate(
            dimension, (1.01, height), xycoords=("axes fraction", "data"), color=colour, va="center", fontsize=9,
        )  # fmt: skip
    ax.set_ylim(0, 1.02)
    ax.margins(x=0)
    days = cells["as_of"]
    if days.min() < study.start or days.max() > study.end:
        ax.axvspan(max(study.start, days.min()), min(study.end, days.max()), color=SHADE, linewidth=0, zorder=-1)
        ax.set_xlabel(tongue.say(SHADED), fontsize=9)
    ax.set_ylabel(tongue.text("Completion"))
    ax.yaxis.set_major_formatter(lambda share, _: tongue.percent(share))
    _write_days(ax, tongue)
    tidy(ax)
    mark_simulated(ax, study.simulated_tables, tongue)
    listed = "; ".join(f"{dimension}: {tongue.percent(end)}" for end, dimension, _ in ends)
    add_alternative(
        ax,
        tongue.text(
            "Line chart of completion by dimension; on {day} it stood at {listed}.",
            day=tongue.date(cells["as_of"].max()),
            listed=listed,
        ),
    )
    return ax


def _write_days(ax: Axes, tongue: Language) -> None:
    """Write the months and days of a time axis as the reader does; matplotlib's own way is the English one."""
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    if tongue.code != "en":
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        formatter = AutoDateFormatter(locator)  # type: ignore[no-untyped-call]
        formatter.scaled.update({30.0: "%m/%Y", 1.0: "%d/%m/%Y"})
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(formatter)


@drawing
def draw_agencies(cells: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw completion by lead agency on one day, with the range that unreported tasks leave open.

    Parameters
    ----------
    cells
        Of ``completion_by_agency``, on one day.
    study
        The study that they are from.
    ax
        Where to draw; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        There is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.completion import completion_by_agency
    >>> cells = completion_by_agency(study.tasks, study.progress, as_of="2020-12-31")
    >>> len(draw_agencies(cells, study).get_yticks()) == len(cells)
    True
    """
    tongue = find_language(language)
    table = cells.sort_values("completion").reset_index(drop=True)
    labels = [wrapped(f"{row.lead_agency} ({row.tasks})", 60) for row in table.itertuples()]
    lines = max(label.count("\n") + 1 for label in labels)
    ax = one_axes(8, 0.16 * (lines + 1) * len(cells) + 0.8) if ax is None else ax
    places = np.arange(len(table))
    ax.hlines(places, table["low"], table["high"], color=PALE, linewidth=6, zorder=1)
    ax.scatter(table["completion"], places, color=BLUE, s=36, zorder=2)
    for place, row in zip(places, table.itertuples(), strict=True):
        ax.annotate(
            tongue.percent(row.completion), (max(row.high, row.completion), place), xytext=(8, 0),
            textcoords="offset points", va="center", fontsize=8, color=INK,
        )  # fmt: skip
    ax.set_yticks(places, labels, fontsize=8)
    ax.set_xlim(0, 1.1)
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.xaxis.set_major_formatter(lambda share, _: tongue.percent(share))
    ax.set_xlabel(tongue.text("Completion on {day} (number of tasks)", day=tongue.date(cells["as_of"].max())))
    tidy(ax)
    mark_simulated(ax, study.simulated_tables, tongue)
    known = table.dropna(subset="completion")
    low, high = (known if len(known) else table).iloc[[0, -1]].to_dict("records")
    add_alternative(
        ax,
        tongue.text(
            "Dot chart of completion by lead agency, from {low} ({least}) to {high} ({most}).",
            low=low["lead_agency"],
            least=tongue.percent(low["completion"]),
            high=high["lead_agency"],
            most=tongue.percent(high["completion"]),
        ),
    )
    return ax


@drawing
def draw_reporting(record: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw, for each day reported on, how many reports came in time, late or never.

    Parameters
    ----------
    record
        Of ``reporting_record``, for one unit.
    study
        The study that it is from.
    ax
        Where to draw; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        There is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.completion import reporting_record
    >>> record = reporting_record(study.tasks, study.progress)
    >>> draw_reporting(record, study).get_ylabel()
    'Tasks begun'
    """
    from matplotlib.ticker import MaxNLocator

    tongue = find_language(language)
    ax = one_axes(8, 3.2) if ax is None else ax
    places = np.arange(len(record))
    base = np.zeros(len(record))
    words = {"in_time": "In time", "late": "Late", "missing": "Missing"}
    parts, middles = (("in_time", BLUE), ("late", ORANGE), ("missing", GREY)), []
    for column, colour in parts:
        height = record[column].to_numpy()
        ax.bar(places, height, bottom=base, color=colour, width=0.75, edgecolor="white")
        middles.append(float(base[-1] + height[-1] / 2))
        base += height
    for middle, (column, colour) in zip(spread_labels(middles, 0.07 * base.max(), base.max()), parts, strict=True):
        ax.annotate(
            tongue.text(words[column]), (places[-1] + 0.5, middle), color=colour, va="center", fontsize=9, weight="bold"
        )
    ax.set_xticks(
        places, [f"{day.year}\n{tongue.text('Q{quarter}', quarter=day.quarter)}" for day in record["as_of"]], fontsize=8
    )
    ax.set_xlim(-0.6, len(record) + 0.8)
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.set_ylabel(tongue.text("Tasks begun"))
    tidy(ax)
    mark_simulated(ax, study.simulated_tables, tongue)
    totals = record[["in_time", "late", "missing"]].sum()
    add_alternative(
        ax,
        tongue.text(
            "Stacked bars by quarter: over {quarters} quarters {in_time} reports came in time, {late} late, {missing} "
            "never.",
            quarters=len(record),
            **{name: int(count) for name, count in totals.items()},
        ),
    )
    return ax
