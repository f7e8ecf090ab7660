"""Programmes that never were, on units that had none: what a method is calibrated on."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.impact_question import YEARS_BEFORE
from papi_analysis.panel.panel import Panel

NO_YEARS_BEFORE = Note("calibration needs {years} years before the start {start}, and a base year before it.")


class Fake(NamedTuple):
    """A programme that never was: unit, first and last year, a seed of its own, and what its panel is made of.

    All fakes of one period share ``window``, the panel up to its end without any programme; ``path`` is the completion
    of the programme (years, K). A panel with the programme in it is made when it is asked for, so that thousands of
    fakes take no more room than one.
    """

    window: Panel
    unit: str
    start: int
    end: int
    path: np.ndarray
    rng: np.random.Generator | None = None

    @property
    def panel(self) -> Panel:
        """The window with the programme's completion given to the unit."""
        completion = self.window.completion.copy()
        i, t = self.window.position("unit", self.unit), self.window.position("year", self.start)
        completion[i, t : t + len(self.path)] = self.path
        return replace(self.window, completion=completion)


def fake_programmes(
    panel: Panel, unit: str, start: int, end: int, base: int, nearest: int
) -> tuple[list[Fake], list[Fake]]:
    """Make the fake programmes: every other unit, and those that stood where the treated one did, in all periods."""
    treated = panel.position("unit", unit)
    first, last, before = (panel.position("year", year) for year in (start, end, base))
    if not (YEARS_BEFORE <= first <= last and before < first):
        raise SpecError(Note(NO_YEARS_BEFORE.text, {"years": YEARS_BEFORE, "start": start}))
    path = panel.completion[treated, first : last + 1]
    total = panel.scores.sum(axis=2)
    own = _ranks(total[:, before])[treated]
    everyone: list[Fake] = []
    alike: list[Fake] = []
    for shift in range(min(first - YEARS_BEFORE, before) + 1):
        window = _cut(panel, treated, last - shift)
        began, ended = panel.years[first - shift], panel.years[last - shift]
        complete = np.flatnonzero(np.isfinite(window.scores).all(axis=(1, 2)))
        fakes = {i: Fake(window, window.units[i], began, ended, path) for i in complete}
        if shift == 0:
            everyone = list(fakes.values())
        ranks = _ranks(total[:, before - shift])
        away = np.abs(np.delete(ranks, treated) - own)
        nearby = complete[np.argsort(away[complete], kind="stable")]
        alike += [fakes[i] for i in nearby[:nearest]]
    return everyone, alike


def _ranks(total: np.ndarray) -> np.ndarray:
    """Rank from the highest, 1; units without a total come last."""
    return np.asarray(pd.Series(total).rank(ascending=False, method="min", na_option="bottom"))


def _cut(panel: Panel, treated: int, end: int) -> Panel:
    """The panel up to a year (its place), the treated unit left out and nobody with a programme."""
    panel = panel.cut(panel.years[0], panel.years[end])
    kept = np.arange(len(panel.units)) != treated
    return replace(
        panel,
        scores=panel.scores[kept],
        completion=np.zeros_like(panel.scores[kept]),
        units=tuple(name for name, keep in zip(panel.units, kept, strict=True) if keep),
        controls={name: values[kept] for name, values in panel.controls.items()},
    )
