"""What regression to the mean alone would predict for a unit that started far from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.panel.changes import TOTAL, mean_over_units
from papi_analysis.panel.panel import Panel

Floats = NDArray[np.float64]

SAME_BREAKS = Note(
    "Expected: what the other {units} units would predict, by a straight line of their change from {base} to {end} on "
    "their distance from the mean in {base}. They crossed the same breaks."
)
RANGE = Note(
    "The range is that of the same prediction with the lines of all {windows} windows of as many years in the panel."
)
NO_SCORE = Note(
    "{unit} has no score of {dimensions} in {year}. Choose years in which it has all scores, or leave the dimension "
    "out."
)
FEW_OTHERS = Note("only {units} other units have scores in {base} and {end}: too few.")


@check_kinds
def regression_to_the_mean(panel: Panel, unit: str, base_year: int, end_year: int | None = None) -> Estimates:
    """Predict a unit's change from where it stood: units far above the mean come down, programme or none.

    For each dimension, and for their sum, the change of the other units between the two years is regressed on
    their distance from the mean in the base year (Galton 1886); the line is read off at the unit's own distance.

    Parameters
    ----------
    panel
        Any panel; completion plays no part.
    unit
        The unit.
    base_year, end_year
        The two years; the default end is the panel's last year.

    Returns
    -------
    Estimates
        Rows: each dimension, then ``"total"``. Columns: ``base`` (score), ``from_mean`` (distance from the mean of
        all units then), ``change`` (of the unit), ``national`` (mean change of the others), ``reversion`` (share
        of the distance lost by the end: minus the line's slope), ``expected`` (change that the line predicts),
        ``low``, ``high`` (lowest and highest prediction by the lines of all windows of as many years, about the
        same mean change), ``beyond`` (change minus expected), ``units`` (others used). ``cells`` holds the
        points behind the lines.

    Raises
    ------
    SpecError
        Where unit or years are not in the panel, a score of the unit is missing in either year, or fewer than ten
        other units have both scores.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> row = regression_to_the_mean(panel, "VN-CT", 2016).row("total")
    >>> bool(row.expected < 0)  # first of 63: it could hardly go anywhere but down
    True

    """
    i, b = panel.position("unit", unit), panel.position("year", base_year)
    e = len(panel.years) - 1 if end_year is None else panel.position("year", end_year)
    if TOTAL in panel.dimensions:
        raise SpecError(f"a dimension cannot be called {TOTAL!r} here: the sum of the family has that name.")
    if e <= b:
        raise SpecError(f"the end {panel.years[e]} is not after the base year {base_year}.")
    _check_own(panel, i, (b, e))
    y = np.concatenate([panel.scores, panel.scores.sum(axis=2, keepdims=True)], axis=2)
    names = [*panel.dimensions, TOTAL]
    away = y[:, b] - mean_over_units(y[:, b])
    change = y[:, e] - y[:, b]
    others = np.arange(len(y)) != i
    windows = [
        _lines(y[:, s] - mean_over_units(y[:, s]), y[:, s + e - b] - y[:, s], others)
        for s in range(y.shape[1] - (e - b))
    ]
    centre, slope, national, n = windows[b]
    if n.min() < 10:
        raise SpecError(Note(FEW_OTHERS.text, {"units": int(n.min()), "base": base_year, "end": panel.years[e]}))
    predictions = np.array([national + line * (away[i] - centre) for _, line, _, _ in windows])
    expected = predictions[b]
    table = pd.DataFrame(
        {
            "dimension": names,
            "base": y[i, b],
            "from_mean": away[i],
            "change": change[i],
            "national": national,
            "reversion": -slope,
            "expected": expected,
            "low": predictions.min(axis=0),
            "high": predictions.max(axis=0),
            "beyond": change[i] - expected,
            "units": n,
        }
    )
    where, which = np.nonzero(np.isfinite(change) & np.isfinite(away))
    cells = pd.DataFrame(
        {
            "unit": np.array(panel.units, dtype=object)[where],
            "dimension": np.array(names, dtype=object)[which],
            "from_mean": away[where, which],
            "change": change[where, which],
        }
    )
    values = {"units": int(n.min()), "base": base_year, "end": panel.years[e]}
    return Estimates(
        question="regression_to_the_mean",
        table=table,
        notes=(Note(SAME_BREAKS.text, values), Note(RANGE.text, {"windows": len(windows)})),
        cells=cells,
        names=panel.names,
        simulated_tables=tuple(name for name in panel.simulated_tables if name == "scores"),
        design={"unit": unit, "base_year": base_year, "end_year": panel.years[e]},
    )


def _check_own(panel: Panel, i: int, years: tuple[int, int]) -> None:
    for t in years:
        missing = [name for name, score in zip(panel.dimensions, panel.scores[i, t], strict=True) if np.isnan(score)]
        if missing:
            values = {"unit": panel.units[i], "dimensions": ", ".join(missing), "year": panel.years[t]}
            raise SpecError(Note(NO_SCORE.text, values))


def _lines(away: Floats, change: Floats, others: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Regress change on distance from the mean (N, K) over the others: centre, slope, mean change, units, each (K,)."""
    K = change.shape[1]
    centre, slope, mean, n = *np.full((3, K), np.nan), np.zeros(K, dtype=np.int64)
    for k in range(K):
        used = others & np.isfinite(change[:, k]) & np.isfinite(away[:, k])
        x, d = away[used, k], change[used, k]
        n[k] = used.sum()
        if n[k] == 0:  # as in years without this dimension
            continue
        centre[k], mean[k] = x.mean(), d.mean()
        with np.errstate(invalid="ignore"):  # no slope where all stand alike, or one stands alone
            slope[k] = ((x - x.mean()) @ d) / ((x - x.mean()) @ (x - x.mean()))
    return centre, slope, mean, n
