"""Figures of the scores over the years.

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
from papi_analysis.reporting.canvas import drawing, figure_of, grid_axes, one_axes
from papi_analysis.reporting.labels import KINDS
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.marks import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LINE,
    ORANGE,
    PALE,
    SHADED,
    finish,
    finish_panel,
    key_lines,
    label,
    shade_programme,
    wrapped,
    write_lines,
)
from papi_analysis.reporting.tables import full_name
from papi_analysis.study.schema import name_text
from papi_analysis.study.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        finish_panel(ax, dimension, tongue, study.names)
        ranges = middle.loc[[dimension]].set_index("year").reindex(surveys)
        _draw_path(ax, ranges, own[own["dimension"] == dimension].set_index("year")["score"].reindex(surveys))
        for year in break_years(study.breaks, dimension):
            ax.axvline(year - 0.5, color=GREY, linewidth=0.8, linestyle=":")
        if programme:
            shade_programme(ax, *programme)
    labelled = own["dimension"].map(family.index).min()
    _label_path(np.ravel(axes)[labelled], tongue.name(unit, study.names), tongue)
    first = np.ravel(axes)[0]
    if programme:
        figure_of(first).supxlabel(tongue.say(SHADED), fontsize=9)
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
    finish(first, _of_scores(study), tongue, words, of_grid=True)
    return axes


def _of_scores(study: Study) -> list[str]:
    """Name what is made up of the inputs that a picture of scores shows."""
    return [name for name in study.simulated_tables if name in ("scores", "breaks")]


def _draw_path(ax: Axes, middle: pd.DataFrame, own: pd.Series) -> None:
    """Draw one dimension: a unit among all; a survey without a score of the unit breaks its line."""
    ax.fill_between(middle.index, middle["low"], middle["high"], color=PALE, alpha=0.6, linewidth=0)
    ax.plot(middle.index, middle["mean"], color=GREY, linewidth=1.2, linestyle="--")
    ax.plot(own.index, own, color=BLUE, linewidth=2, marker="o", markersize=3)


def _label_path(ax: Axes, name: str, tongue: Language) -> None:
    """Name the unit below all lines and the band above them, where room is left for the words."""
    ax.margins(y=0.25)
    near: dict[str, Any] = {"transform": ax.transAxes, "fontsize": 8}
    ax.text(0.02, 0.03, wrapped(name, 30), color=BLUE, weight="bold", va="bottom", **near)
    ax.text(0.02, 0.98, tongue.text("mean, middle half"), color="#595959", va="top", **near)


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
    simulated
        Inputs that were made up; the figure says so.
    programme
        First and last year of the unit's programme, to be shaded.

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
        plate = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
        label(ax, f"{rank}", (year, rank), (0, 8), ha="center", fontsize=9, bbox=plate)
    ax.set_ylim(own["ranked"].max() + 1, -4)
    ax.set_ylabel(tongue.text("Rank of {units} units", units=int(own["ranked"].max())))
    ax.set_xticks(years)
    if programme is not None:
        shade_programme(ax, *first_and_last(programme, "programme"))
        ax.set_xlabel(tongue.say(SHADED), fontsize=9)
    ax.set_yticks([1, *range(10, int(own["ranked"].max()) + 1, 10)])
    listed = "; ".join(f"{year}: {rank}" for year, rank in zip(own["year"], own["rank"], strict=True))
    words = tongue.text("Line chart of the rank on the sum of the dimensions by year: {listed}.", listed=listed)
    finish(ax, simulated, tongue, words)
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
    listed = "; ".join(
        f"{dimension}: " + ", ".join(f"{row.year} {named[row.kind]}" for row in hit.itertuples())
        for dimension, hit in marks.groupby("dimension", sort=False)
    )
    shown = tongue.text(
        "Strip chart of the eras of {panels} dimensions, {first} to {last}; what changed when: {listed}.",
        panels=len(family),
        first=first,
        last=last,
        listed=listed or "–",
    )
    finish(ax, _of_scores(study), tongue, shown)
    return ax


def _stacked(count: int) -> NDArray[np.float64]:
    """Heights of marks above one another in a row, from the top down."""
    return np.asarray(0.26 * ((count - 1) / 2 - np.arange(count)))
