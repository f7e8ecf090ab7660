"""Programmes that never were, on units that had none: what a method is calibrated on.

Three places for them. On the user's own panel: every other unit, and the units that stood where the treated one
stood, in each window of the same shape. In panels drawn from a process: a unit at random, and the one that stood there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from papi_analysis.arrays import Floats, Ints
from papi_analysis.credibility.fitted_process import Process, draw_scores
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.impact_question import END_BEFORE, LATE_BASE, YEARS_BEFORE
from papi_analysis.panel.panel import Panel

NO_YEARS_BEFORE = Note("calibration needs {years} years before the start {start}. Choose a later start.")
NO_TOTAL = Note("{unit} has no score of some dimension in {base}, so nothing says where it stood. Choose another base.")
TOO_FEW = Note("only {found} of {others} other units have all the cells; calibration needs {needed}. {remedy}")
CUT = Note("Use fewer years: ask with panel.cut({first}, {last}).")
NO_CUT = Note("Fewer years do not help: use a panel of more units, or leave out the dimensions that few of them have.")

#: Other units below which a rate of false alarms says too little.
FEWEST = 20


class PlaceboProgramme(NamedTuple):
    """A programme that never was: unit, first and last year, a seed of its own, and what its panel is made of.

    All of one period share ``window``, the panel up to its end without any programme; ``path`` is the completion of the
    programme (years, K). A panel with the programme in it is made when it is asked for, so that thousands of them take
    no more room than one.
    """

    window: Panel
    unit: str
    start: int
    end: int
    path: Floats
    rng: np.random.Generator | None = None

    @property
    def place(self) -> Note:
        """Which programme it is, for what is said of it."""
        values = {"unit": self.unit, "start": self.start, "end": self.end}
        return Note("for the placebo programme of {unit}, {start}-{end}", values)

    @property
    def panel(self) -> Panel:
        """The window with the programme's completion given to the unit."""
        completion = self.window.completion.copy()
        i, t = self.window.position("unit", self.unit), self.window.position("year", self.start)
        completion[i, t : t + len(self.path)] = self.path
        return replace(self.window, completion=completion)


class Shape(NamedTuple):
    """Where the treated unit and its years lie on the axes of the panel, and its rank in the base year."""

    treated: int
    first: int
    last: int
    base: int
    rank: int


def programme_shape(panel: Panel, unit: str, start: int, end: int | None, base_year: int | None) -> Shape:
    """Place a programme on the panel: from the first survey of it to the last; the base year is the one before."""
    treated = panel.position("unit", unit)
    first = panel.position("year", panel.first_from(start, Note("the start")))
    last = len(panel.years) - 1 if end is None else panel.position("year", panel.last_to(end, Note("the end")))
    base = max(first - 1, 0) if base_year is None else panel.position("year", base_year)
    if last < first:
        raise SpecError(END_BEFORE(last=panel.years[last], start=panel.years[first], reason=""))
    if base_year is not None and base >= first:
        raise SpecError(LATE_BASE(base_year=base_year, start=panel.years[first]))
    if first < YEARS_BEFORE:
        raise SpecError(NO_YEARS_BEFORE(years=YEARS_BEFORE, start=panel.years[first]))
    total = panel.scores[:, base].sum(axis=1)
    if np.isnan(total[treated]):
        raise SpecError(NO_TOTAL(unit=unit, base=panel.years[base]))
    return Shape(treated, first, last, base, int(ranks(total)[treated]))


def enough_units(panel: Panel, shape: Shape, needed: int = FEWEST) -> Ints:
    """The places of the other units with all cells up to the end, or an error that says how to have enough."""
    others = np.arange(len(panel.units)) != shape.treated
    last = panel.years[shape.last]
    full = others & np.isfinite(panel.scores[:, : shape.last + 1]).all(axis=(1, 2))
    if full.sum() < needed:
        first = panel.complete_from(others, needed, panel.years[shape.first - YEARS_BEFORE], last)
        remedy = NO_CUT if first is None else CUT(first=first, last=panel.years[-1])
        numbers = {"found": int(full.sum()), "others": int(others.sum()), "needed": needed, "remedy": remedy}
        raise SpecError(TOO_FEW(**numbers))
    return np.flatnonzero(full)


def every_other(panel: Panel, shape: Shape) -> list[PlaceboProgramme]:
    """The programme on every other unit with all cells, one at a time, without the treated unit."""
    window = _window(without_unit(panel, shape.treated), shape.last)
    return [_placebo(panel, window, i, shape) for i in _complete(window)]


def real_windows(panel: Panel, shape: Shape, nearest: int) -> list[PlaceboProgramme]:
    """The programme on the units nearest in rank to where the treated one stood, in each period of the same shape."""
    found: list[PlaceboProgramme] = []
    rest = without_unit(panel, shape.treated)
    for shift in range(min(shape.first - YEARS_BEFORE, shape.base) + 1):
        window = _window(rest, shape.last - shift)
        standing = np.delete(ranks(panel.scores[:, shape.base - shift].sum(axis=1)), shape.treated)
        complete = _complete(window)
        near = complete[np.argsort(np.abs(standing - shape.rank)[complete], kind="stable")][:nearest]
        found += [_placebo(panel, window, i, shape, shift) for i in near]
    return found


def in_drawn_panel(panel: Panel, shape: Shape, process: Process, rng: np.random.Generator) -> list[PlaceboProgramme]:
    """The programme in a panel drawn from the process: on a unit at random, and on the one of the treated one's rank.

    The panel has the units, years and missing scores of the user's own; the treated unit's place is one of them.
    """
    window = _window(panel, shape.last)
    drawn = draw_scores(process, len(panel.units), rng)[:, : shape.last + 1]
    window = replace(window, scores=np.where(np.isfinite(window.scores), drawn, np.nan))
    complete = _complete(window)
    away = np.abs(ranks(window.scores[:, shape.base].sum(axis=1)) - shape.rank)[complete]
    return [_placebo(panel, window, i, shape) for i in (rng.choice(complete), complete[away.argmin()])]


def ranks(total: Floats) -> Floats:
    """Rank from the highest, 1; units without a total come last."""
    return np.asarray(pd.Series(total).rank(ascending=False, method="min", na_option="bottom"))


def _complete(window: Panel) -> Ints:
    return np.flatnonzero(np.isfinite(window.scores).all(axis=(1, 2)))


def _placebo(panel: Panel, window: Panel, i: int, shape: Shape, shift: int = 0) -> PlaceboProgramme:
    path = panel.completion[shape.treated, shape.first : shape.last + 1]
    start, end = panel.years[shape.first - shift], panel.years[shape.last - shift]
    return PlaceboProgramme(window, window.units[i], start, end, path)


def without_unit(panel: Panel, i: int) -> Panel:
    """The panel without the unit at a place."""
    kept = np.arange(len(panel.units)) != i
    return replace(
        panel,
        scores=panel.scores[kept],
        completion=panel.completion[kept],
        units=panel.units[:i] + panel.units[i + 1 :],
        controls={name: values[kept] for name, values in panel.controls.items()},
        se=None if panel.se is None else panel.se[kept],
    )


def _window(panel: Panel, end: int) -> Panel:
    """The panel up to a year (its place), and nobody with a programme."""
    window = panel.cut(panel.years[0], panel.years[end])
    return replace(window, completion=np.zeros_like(window.scores))
