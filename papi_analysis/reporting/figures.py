"""Figures of answers: direct labels, colours that colour-blind readers can tell apart, a text alternative.

Every function draws what it is given; it computes nothing but positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.panel.changes import TOTAL
from papi_analysis.reporting.canvas import check_answer, drawing, one_axes
from papi_analysis.reporting.labels import FAMILY
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.marks import BLUE, GREY, INK, ORANGE, PALE, finish, label, name_rows, number_across
from papi_analysis.reporting.tables import full_name, sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Behind words that stand across a line.
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1}


@drawing
def draw_targets(estimates: Estimates, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw base, target and the latest score up to its year, for each dimension on one line.

    Parameters
    ----------
    estimates
        An answer of ``target_attainment``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> draw_targets(pa.target_attainment(study)).get_xlabel()
    'Score'
    """
    tongue = find_language(language)
    check_answer(estimates, "target_attainment")
    ax = one_axes(8, 3.6) if ax is None else ax
    table = estimates.table[estimates.table["dimension"] != TOTAL].reset_index(drop=True)
    places = np.arange(len(table))[::-1]
    asked, latest = estimates.designed(UnitYears), int(table["latest_year"].iloc[0])
    ax.hlines(places, table["base"], table["latest"], color=PALE, linewidth=3, zorder=1)
    marks = (("base", GREY, "o"), ("latest", BLUE, "o"), ("target", ORANGE, "D"))[latest == asked.first :]
    ahead = latest < asked.last
    words = {
        "base": str(asked.first),
        "latest": str(latest),
        "target": tongue.text("Target {year}", year=asked.last) if ahead else tongue.text("Target"),
    }
    named = _widest(table[[column for column, _, _ in marks]].to_numpy(dtype=float))
    for column, colour, marker in marks:
        ax.scatter(table[column], places, color=colour, marker=marker, s=46, zorder=2)
        if np.isnan(table[column].iloc[named]):
            continue
        at = (table[column].iloc[named], places[named])
        label(ax, words[column], at, (0, 9), ha="center", color=colour, fontsize=9, weight="bold")
    name_rows(ax, places, table["dimension"], tongue, estimates.names)
    ax.set_ylim(-0.6, len(table) - 0.2)
    ax.set_xlabel(tongue.text("Score"))
    number_across(ax, tongue)
    ax.grid(axis="x", color="#EEEEEE")
    ax.set_axisbelow(True)
    digits = tongue.fine_by_row(sizes(table, ("base", "target", "latest")))
    listed = "; ".join(
        f"{row.dimension}: {' / '.join(tongue.number(value, places) for value in (row.base, row.target, row.latest))}"
        for row, places in zip(table.itertuples(), digits, strict=True)
    )
    shown = tongue.text("Dot chart of base, target and outcome of each dimension: {listed}.", listed=listed)
    if ahead:
        shown = tongue.text(
            "Dot chart of base ({base_year}), target ({end}) and latest score ({latest}) of each dimension: {listed}.",
            base_year=asked.first,
            end=asked.last,
            latest=latest,
            listed=listed,
        )
    finish(ax, estimates.simulated_tables, tongue, shown)
    return ax


@drawing
def draw_estimates(
    estimates: Estimates, *, ax: Axes | None = None, truth: Any = None, scale: str = "", language: str = "en"
) -> Axes:
    """Draw the slopes of the family with their intervals, and the mean below them.

    ``truth`` gives known true slopes, one per dimension, where they are known. A table with a column ``group`` shows
    its rows under the names of the groups; ``scale`` then says what a slope is, if not points per ten points.

    Parameters
    ----------
    estimates
        An answer with ``estimate``, ``low`` and ``high``.
    truth
        Known true slopes, one per dimension or one for all.
    scale
        What a slope is, if not points per ten points of completion.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> slopes = pa.completion_slopes(panel)
    >>> len(draw_estimates(slopes).get_yticks()) == len(slopes.table)
    True
    """
    tongue = find_language(language)
    table = estimates.table.reset_index(drop=True)
    places, groups = _places(table)
    ax = one_axes(8, max(3.6, 0.27 * (len(places) + len(groups)))) if ax is None else ax
    of_family = table["dimension"].isin(FAMILY)
    colours = [INK if family else BLUE for family in of_family]
    has_interval = table["low"].notna()
    plot_intervals(ax, table, places, colours)
    ax.scatter(table["estimate"], places, color=colours, s=40, zorder=2)
    if truth is not None:
        known = _truths(truth, int((~of_family).sum()))
        known = np.append(known, known.mean())
        ax.scatter(known, places[: len(known)], marker="|", s=260, color=ORANGE, linewidth=2.5, zorder=3)
        look = {"ha": "center", "color": ORANGE, "fontsize": 9, "weight": "bold"}
        label(ax, tongue.text("true slope"), (known[0], places[0]), (0, 11), **look)
    ax.axvline(0, color=GREY, linewidth=0.8)
    name_rows(ax, places, table["dimension"], tongue, estimates.names)
    for place, group in groups.items():
        at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 9, "bbox": PLATE}
        ax.annotate(group, (0.01, place), color=INK, weight="bold", **at)
    ax.set_ylim(-0.6, max([*places, *groups]) + 0.8)
    level = tongue.percent(estimates.level)
    below = scale or tongue.text("Points of score per 10 points of completion")
    if has_interval.any():
        below += tongue.text(", {level} intervals", level=level)
    ax.set_xlabel(below)
    number_across(ax, tongue)
    floor = float(table["floor"].max()) if "floor" in table else 0.0
    if floor > 0:
        words = tongue.text("smallest possible p: {floor}", floor=tongue.number(floor, 4))
        ax.annotate(words, (1, 0.01), xycoords="axes fraction", ha="right", va="bottom", fontsize=8, color=GREY)
    opened = {place - 1: f"{name}: " for place, name in groups.items()}
    digits = tongue.fine_by_row(sizes(table, ("estimate", "low", "high")), 3)
    rows = zip(places, table.itertuples(), digits, strict=True)
    listed = "; ".join(opened.get(place, "") + _interval(row, tongue, each) for place, row, each in rows)
    words = tongue.text("Slopes: {listed}.", listed=listed)
    if has_interval.any():
        words = tongue.text("Slopes with {level} intervals: {listed}.", level=level, listed=listed)
    finish(ax, estimates.simulated_tables, tongue, words)
    return ax


def _truths(truth: Any, dimensions: int) -> NDArray[np.float64]:
    """True slopes, one for each dimension (K,)."""
    try:
        return np.broadcast_to(np.asarray(truth, dtype=float), (dimensions,))
    except (TypeError, ValueError):
        raise SpecError(
            Note("truth is a slope, or one for each of the {dimensions} dimensions.", {"dimensions": dimensions})
        ) from None


def _places(table: pd.DataFrame) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Places of the rows (n,) from the top down, and those of the names of groups, one above each group."""
    if "group" not in table:
        return np.arange(len(table))[::-1], {}
    opens = (table["group"] != table["group"].shift()).to_numpy()
    down = np.arange(len(table)) + opens.cumsum()
    places = down.max() - down
    return places, {int(places[row]) + 1: str(table["group"].iloc[row]) for row in np.flatnonzero(opens)}


def _widest(values: NDArray[np.float64]) -> int:
    """Return the row (n, 3) whose three values lie farthest apart, so that their labels do not overlap."""
    gaps = np.diff(np.sort(values, axis=1), axis=1).min(axis=1)
    return int(np.argmax(np.nan_to_num(gaps, nan=-1.0)))


def plot_intervals(ax: Axes, table: pd.DataFrame, places: NDArray[np.int64], colours: Sequence[str]) -> None:
    """Draw a line from low to high; an end that is infinite becomes an arrow just beyond all that is finite."""
    values = table[["estimate", "low", "high"]].to_numpy(dtype=float)
    finite = values[np.isfinite(values)]
    beyond = 0.1 * np.ptp(finite) if len(finite) else 0.0
    ends = np.clip(values[:, 1:], finite.min(initial=np.inf) - beyond, finite.max(initial=-np.inf) + beyond)
    for place, (low, high), shown, colour in zip(places, values[:, 1:], ends, colours, strict=True):
        if np.isnan(low):
            continue
        ax.hlines(place, *shown, color=colour, linewidth=2)
        for end, at, marker in ((low, shown[0], "<"), (high, shown[1], ">")):
            if np.isinf(end):
                ax.scatter(at, place, marker=marker, color=colour, s=36)


def _interval(row: Any, tongue: Language, digits: int) -> str:
    return f"{full_name(row.dimension, tongue, {})} {tongue.estimate(row.estimate, row.low, row.high, digits)}"
