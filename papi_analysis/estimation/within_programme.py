"""One programme alone: whether the dimensions whose tasks went faster moved more, within its own years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from papi_analysis.arrays import Floats, Ints
from papi_analysis.estimation.multiplicity import TIE, check_level, detectable_effect
from papi_analysis.estimation.regression import VANISHED, dense_codes, effects_basis, partial_out
from papi_analysis.estimation.specification import Equations


@dataclass(frozen=True)
class PlaceboSlopes:
    """The same statistic for every unit (n,), as if each had followed the one programme; ``treated`` had it.

    Scores are taken net of the mean over the other units, so a slope b of the treated unit adds b to its own
    statistic and takes b/(n-1) from each other.
    """

    slopes: Floats  # (n,)
    units: Ints  # (n,) their places in the panel
    treated: int  # place in ``slopes``
    cells: int

    @property
    def coefficients(self) -> Floats:
        """The treated unit's slope (1,)."""
        return self.slopes[[self.treated]]

    @property
    def standard_errors(self) -> Floats:
        """Spread of the placebo slopes (1,)."""
        return np.array([np.std(np.delete(self.slopes, self.treated), ddof=1)])

    @property
    def exact(self) -> bool:
        """Every unit is tried."""
        return True

    @property
    def draws(self) -> Floats:
        """The slopes of all units in spreads of the placebos (n, 1)."""
        return self.slopes[:, None] / self.standard_errors

    @property
    def p(self) -> Floats:
        """Share of units, the treated one among them, whose slope is as far from zero (1,)."""
        return self._p(np.zeros(1))

    @property
    def p_joint(self) -> Floats:
        """A single slope is no family."""
        return np.full(1, np.nan)

    def standardised_mean_p(self) -> float:
        """A single slope is no family."""
        return float("nan")

    @property
    def floor(self) -> Floats:
        """1 / units."""
        return np.array([1 / len(self.slopes)])

    def attainable_size(self, level: float) -> Floats:
        """The largest multiple of the floor at or below 1 - level."""
        n = len(self.slopes)
        return np.array([np.floor((1 - level) * n + 1e-9) / n])

    def interval(self, level: float, *, simultaneous: bool = False) -> Floats:
        """Interval (1, 2) by inversion: the values b that are not rejected when b is taken out of the scores."""
        share = 1 - check_level(level)
        own, n = float(self.coefficients[0]), len(self.slopes)
        others = np.delete(self.slopes, self.treated)
        # |own - b| meets |other + b/(n-1)| in two places for each other unit; p changes nowhere else.
        ends = np.concatenate([(own - others) * (n - 1) / n, (own + others) * (n - 1) / (n - 2)])
        kept = np.append(ends[self._p(ends) > share + 1e-12], own)
        return np.array([[kept.min(), kept.max()]]) if self.floor[0] <= share else np.array([[-np.inf, np.inf]])

    def detectable(self, level: float, *, jointly: bool = False) -> Floats:
        """The slope (1,) found four times in five, see ``multiplicity.detectable_effect``; it is no family."""
        n, own = len(self.slopes), float(self.coefficients[0])
        noise = np.delete(self.slopes, self.treated)[:, None] + own / (n - 1)

        def test(effect: Floats) -> Floats:
            return np.vstack([np.abs(noise - effect / (n - 1)), np.full((1, 1), np.inf)])

        return detectable_effect(lambda effect: np.abs(noise + effect), test, self.standard_errors, level, exact=True)

    def _p(self, nulls: Floats) -> Floats:
        """p-value of each null value: how many of the others, in order, lie as far out on either side."""
        n = len(self.slopes)
        own = np.abs(self.slopes[self.treated] - nulls) - TIE * np.abs(self.slopes).max()
        others, shift = np.sort(np.delete(self.slopes, self.treated)), nulls / (n - 1)
        above = n - 1 - np.searchsorted(others, own - shift, side="left")
        below = np.searchsorted(others, -own - shift, side="right")
        return np.asarray((1 + np.where(own > 0, above + below, n - 1)) / n)


def within_programme(eq: Equations, treated: int) -> PlaceboSlopes | None:
    """Slope over the treated unit's programme cells, with dimension and year effects, and the same for every unit.

    The cells are the years in which the unit has completion above 0. Scores are net of the mean over the other
    units, cell by cell, which takes out what moved everyone. The completion of the treated unit is given to every
    unit that has all the cells.

    Returns None where completion does not vary beyond dimension and year effects, or three units are not found.
    """
    C = eq.C[treated]
    years = np.flatnonzero(np.nan_to_num(C).max(axis=1) > 0)
    used = np.zeros(C.shape, dtype=bool)
    used[years] = np.isfinite(eq.y[treated][years])
    units = np.flatnonzero((np.isfinite(eq.y) | ~used).all(axis=(1, 2)))
    year, dimension = np.nonzero(used)
    if len(units) < 3 or not len(year):
        return None
    rows, columns = dense_codes(dimension)[0], dense_codes(year)[0]
    basis, _ = effects_basis(rows, columns)
    z = partial_out(C[used][:, None], rows, basis)[:, 0]
    if np.linalg.norm(z) <= VANISHED * np.linalg.norm(C[used]):
        return None
    n = len(units)
    y = eq.y[units][:, used]
    net = (y - y.mean(axis=0)) * n / (n - 1)  # minus the mean over the others
    return PlaceboSlopes(net @ z / (z @ z), units, int(np.flatnonzero(units == treated)[0]), len(year))
