"""What regression to the mean alone would predict for a unit that started far from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.estimation.multiplicity import TIE, check_level
from papi_analysis.estimation.reliability import reliability
from papi_analysis.panel.changes import TOTAL, mean_over_units
from papi_analysis.panel.panel import Panel
from papi_analysis.study.schema import name_text

SAME_BREAKS = Note(
    "Expected: what the other {units} units would predict, by a straight line of their change from {base} to {end} on "
    "their distance from the mean in {base}. They crossed the same breaks."
)
INTERVAL = Note(
    "The prediction interval holds the change of a unit like the others in {level:.0%} of cases; it presumes that they "
    "scatter alike about the line. The rank needs no such thing: each unit is held against the line of all the others."
)
RELIABLE = Note(
    "Reliability: the share of the variance between units in {base} that is not measurement error, by the standard "
    "errors of the scores. By that error alone a unit comes back by one minus it of its distance, if the errors of the "
    "two years are independent. {missing} scores of {base} have no standard error. Of the sum it is not known, because "
    "nothing says how the errors of dimensions go together."
)
LEANS_ON = Note(
    "Without {unit} the line would change most here: {without:.2f} would be expected of the sum instead of "
    "{expected:.2f}."
)
NO_SCORE = Note(
    "{unit} has no score of {dimensions} in {year}. Choose years in which it has all scores, or leave the dimension "
    "out."
)
FEW_OTHERS = Note("only {units} other units have scores in {base} and {end}: too few.")

#: Other units below which a line through them predicts too little.
FEWEST = 10


class Line(NamedTuple):
    """A line through n units, each of them held against the line of all the others.

    By unit (n,): ``expected`` (what the others predict), ``error`` (standard error of that prediction), ``beyond``
    (how far the unit lies above it) and ``slope`` of the others' line; ``all_slope`` is that of all.
    """

    expected: Floats
    error: Floats
    beyond: Floats
    slope: Floats
    all_slope: float


@check_kinds
def regression_to_the_mean(
    panel: Panel, unit: str, base_year: int, end_year: int | None = None, *, level: float = 0.95
) -> Estimates:
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
    level
        Level of the prediction interval.

    Returns
    -------
    Estimates
        Rows: each dimension, then ``"total"``. Columns: ``base`` (score), ``from_mean`` (distance from the mean of
        all units then), ``change`` (of the unit), ``national`` (mean change of the others), ``reversion`` (share
        of the distance lost by the end: minus the line's slope), ``expected`` (change that the line predicts),
        ``low``, ``high`` (interval that holds the change of one more unit like the others: t with n - 2 degrees of
        freedom; Weisberg 2014, chapter 2), ``beyond`` (change minus expected), ``rank_beyond`` (of the unit among the
        ``ranked`` ones, 1 the farthest above what all the others predict for it, in units of that prediction's
        error), ``leans_on`` (the other unit without which ``expected`` would change most) and ``expected_without`` it,
        ``units`` (others used). Where scores have standard errors also ``reliability`` (the share of the variance
        between units in the base year that is not measurement error: 1 - mean(se^2) / var(scores)) and
        ``expected_by_error``, the change that this error alone implies, -(1 - reliability) ``from_mean``; missing for
        the total. ``cells`` holds the points behind the lines.

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
    check_level(level)
    unit = name_text(unit)
    i, b = panel.position("unit", unit), panel.position("year", base_year)
    e = len(panel.years) - 1 if end_year is None else panel.position("year", end_year)
    if TOTAL in panel.dimensions:
        raise SpecError(
            "a dimension cannot be called {total!r} here: the sum of the family has that name.", total=TOTAL
        )
    if e <= b:
        raise SpecError(
            "the end {years} is not after the base year {base_year}.", years=panel.years[e], base_year=base_year
        )
    _check_own(panel, i, (b, e))
    y = np.concatenate([panel.scores, panel.scores.sum(axis=2, keepdims=True)], axis=2)
    names = np.array([*panel.dimensions, TOTAL], dtype=object)
    away = y[:, b] - mean_over_units(y[:, b])
    change = y[:, e] - y[:, b]
    both = np.isfinite(away) & np.isfinite(change)
    fewest = int(both.sum(axis=0).min()) - 1
    if fewest < FEWEST:
        raise SpecError(FEW_OTHERS(units=fewest, base=base_year, end=panel.years[e]))
    units = np.array(panel.units, dtype=object)
    rows = [_row(units[both[:, k]], away[both[:, k], k], change[both[:, k], k], unit, level) for k in range(len(names))]
    table = pd.DataFrame(rows)
    table.insert(0, "dimension", names)
    table.insert(1, "base", y[i, b])
    if panel.se is not None:
        table["reliability"] = [*reliability(panel.scores[:, b], panel.se[:, b]), np.nan]
        table["expected_by_error"] = -(1 - table["reliability"]) * table["from_mean"]
    where, which = np.nonzero(both)
    cells = pd.DataFrame(
        {
            "unit": units[where],
            "dimension": names[which],
            "from_mean": away[where, which],
            "change": change[where, which],
        }
    )
    notes = [
        SAME_BREAKS(units=fewest, base=base_year, end=panel.years[e]),
        INTERVAL(level=level),
    ]
    if panel.se is not None:
        missing = int((np.isfinite(panel.scores[:, b]) & ~np.isfinite(panel.se[:, b])).sum())
        notes.append(RELIABLE(base=base_year, missing=missing))
    if (total := rows[-1])["leans_on"] is not None:
        without = {"unit": total["leans_on"], "without": total["expected_without"], "expected": total["expected"]}
        notes.append(LEANS_ON(**without))
    return Estimates(
        question="regression_to_the_mean",
        table=table,
        notes=tuple(notes),
        cells=cells,
        names=panel.names,
        simulated_tables=tuple(name for name in panel.simulated_tables if name == "scores"),
        level=level,
        design=UnitYears(unit, base_year, panel.years[e]),
    )


def _check_own(panel: Panel, i: int, years: tuple[int, int]) -> None:
    for t in years:
        missing = [name for name, score in zip(panel.dimensions, panel.scores[i, t], strict=True) if np.isnan(score)]
        if missing:
            values = {"unit": panel.units[i], "dimensions": ", ".join(missing), "year": panel.years[t]}
            raise SpecError(NO_SCORE(**values))


def _row(units: NDArray[np.object_], x: Floats, d: Floats, unit: str, level: float) -> dict[str, Any]:
    """What the line of the others says of one unit, in one dimension."""
    i = int(np.flatnonzero(units == unit)[0])
    others = np.arange(len(x)) != i
    line = deleted_line(x, d)
    reach = float(stdtrit(others.sum() - 2, (1 + level) / 2)) * line.error[i]
    place, moved = most_moving(x[others], d[others], x[i])
    return {
        "from_mean": x[i],
        "change": d[i],
        "national": d[others].mean(),
        "reversion": -line.slope[i],
        "expected": line.expected[i],
        "low": line.expected[i] - reach,
        "high": line.expected[i] + reach,
        "beyond": line.beyond[i],
        "rank_beyond": _rank(line.beyond / line.error, i),
        "ranked": len(x),
        "leans_on": None if place is None else units[others][place],
        "expected_without": moved,
        "units": len(x) - 1,
    }


def _rank(values: Floats, i: int) -> float:
    """The place of one value from the highest, 1; missing where they are."""
    return float("nan") if np.isnan(values).any() else 1 + int((values > values[i] + TIE).sum())


def deleted_line(x: Floats, d: Floats) -> Line:
    """Hold each of n units against the line of d on x through all the others, without fitting n lines.

    What the others predict misses by e / (1 - h), e and h being residual and leverage in the line through all
    (Weisberg 2014, chapter 9); the error of that prediction is s / sqrt(1 - h) with the others' own s.

    >>> line = deleted_line(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 7.0]))
    >>> line.expected.round(6).tolist()[3], line.slope.round(6).tolist()[3], line.beyond.round(6).tolist()[3]
    (3.0, 1.0, 4.0)
    """
    n, u, v = len(x), x - x.mean(), d - d.mean()
    square = u @ u
    with np.errstate(invalid="ignore", divide="ignore"):  # no slope where all stand alike
        slope = (u @ v) / square
        h = 1 / n + u**2 / square
        e = v - slope * u
        beyond = e / np.where(1 - h > TIE, 1 - h, np.nan)  # nothing predicts one that alone stands elsewhere
        s2 = np.maximum(e @ e - e * beyond, 0.0) / (n - 3)
        return Line(d - beyond, np.sqrt(s2 / (1 - h)), beyond, slope - u * beyond / square, float(slope))


def most_moving(x: Floats, d: Floats, at: float) -> tuple[int | None, float]:
    """The unit without which the line of d on x would change most at a place, and what the line would say there.

    None, and a missing value, where there is no line.

    >>> place, without = most_moving(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 7.0]), at=4.0)
    >>> place, round(without, 6)
    (3, 4.0)
    """
    n, line = len(x), deleted_line(x, d)
    centre, height = (n * x.mean() - x) / (n - 1), (n * d.mean() - d) / (n - 1)  # of the others
    without = height + line.slope * (at - centre)
    whole = d.mean() + line.all_slope * (at - x.mean())
    if not np.isfinite(without).all():
        return None, float("nan")
    place = int(np.abs(without - whole).argmax())
    return place, float(without[place])
