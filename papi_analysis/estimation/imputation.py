"""Slopes from gaps to what the scores would have been, learnt from cells that no programme touched.

Take a programme unit i that starts in year s, and a year t from then on. Over the units j that no programme has touched
by t, each dimension by itself,

    y[j,t] = a[s,t] + b[s,t]' x[j,s] + e[j,t],     x[j,s] = (mean of the scores before s, score of the last year),

is fitted by least squares. With fewer untouched units than ``DONORS_FOR_TWO`` x is the mean before alone; with fewer
than ``ONE_START`` the lead is carried over one for one (b = 1). The gap of unit i and the slope are

    g[i,t] = y[i,t] - a[s,t] - b[s,t]' x[i,s],     slope = sum C g / sum C^2 over the programmes' cells,

a mean of g / C with weights C^2, which are never negative. This is imputation (Borusyak, Jaravel & Spiess 2024, eq. 6)
with the start for each year after in the place of unit effects: the lagged-outcome adjustment of ``programme_impact``,
start by start and year by year. All of it is linear in the scores of the years after, so that a reassignment costs sums
and a small solve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.estimation.lagged_outcome import DONORS_FOR_TWO
from papi_analysis.estimation.specification import Equations

#: Untouched units below which the lead is carried over one for one: a line through three doubles the error of a gap,
#: one through six is no worse.
ONE_START = 6

#: Fewest untouched units that make a comparison, besides one for each control.
FEWEST = 2

#: Share of the product of squares below which a determinant tells that columns move together.
ALIKE = 1e-10


@dataclass(frozen=True)
class Comparison:
    """One year of the programmes of one start. A unit without a part (a cell is missing) has weight 0."""

    year: int
    touched: Ints  # places among the programmes that have begun by that year
    own: Ints  # places among the programmes of this start
    Z: Floats  # (N, K, r) constant, start and controls, in columns of length one at right angles to each other
    values: Floats  # (N, K, 2) the score, less what is carried over one for one; completion as it was
    weight: Floats  # (N, K)

    @property
    def rounding(self) -> Floats:
        """The size (K,) at or below which an error of a score is rounding: shares of their spread, of their level."""
        score, constant = self.values[..., 0], self.Z[..., 0]
        net = score - constant * (constant * score).sum(axis=0)
        return np.asarray(np.maximum(1e-10 * np.abs(net).max(axis=0), 1e-14 * np.abs(score).max(axis=0)))

    @cached_property
    def products(self) -> Floats:
        """Z'Z beside Z'values, by unit (N, K, r, r + 2)."""
        return np.asarray(
            (self.weight[:, :, None] * self.Z)[..., None] * np.concatenate([self.Z, self.values], axis=2)[:, :, None]
        )


@dataclass(frozen=True)
class Programmes:
    """The programmes of a panel and what they can be compared with."""

    units: Ints  # (m,) who follows each in fact
    doses: Floats  # (m, T, K) completion, 0 where it is not known
    among: Bools  # (N,) units that could follow a programme: all but those touched from the first year on
    comparisons: tuple[Comparison, ...]
    used: Bools  # (N, T, K) cells that stand in a comparison, before the start or after
    lost: int  # programme cells with a score for which too few are untouched
    startless: Ints  # (N, K) programme cells with a score of units without that of the last year before their start
    carried: bool  # whether in some comparison the lead is carried over one for one

    @cached_property
    def carried_by(self) -> Floats:
        """Sum of C^2 over the cells of each programme (m,) that have a score and a comparison, dimensions together."""
        total = np.zeros(len(self.units))
        for c in self.comparisons:
            np.add.at(total, c.own, (c.weight[self.units[c.own]] * self.doses[c.own, c.year] ** 2).sum(axis=1))
        return total

    @property
    def carrying(self) -> Ints:
        """Places of the programmes that have a cell with both a score and completion."""
        return np.flatnonzero(self.carried_by > 0)

    def effective(self, clusters: Ints | None = None) -> float:
        """How many units, or clusters (N,), carry the slope: (sum w)^2 / sum w^2, w the sum of C^2 of each."""
        w = self.carried_by if clusters is None else np.bincount(clusters[self.units], self.carried_by)
        return float(w.sum() ** 2 / (w**2).sum())

    @property
    def untouched(self) -> int:
        """The fewest units that a comparison has to learn from, over years and dimensions."""
        counts = (
            (c.weight > 0).sum(axis=0) - (c.weight[self.units[c.touched]] > 0).sum(axis=0) for c in self.comparisons
        )
        return min(int(count[count > 0].min()) for count in counts)

    @property
    def size(self) -> int:
        """Scores that one reassignment reads: units times dimensions times comparisons."""
        return sum(c.weight.size for c in self.comparisons)

    @property
    def covers_all(self) -> bool:
        """Whether every dimension has a programme cell with a comparison."""
        per = [(c.weight[self.units[c.own]] * self.doses[c.own, c.year]).sum(axis=0) for c in self.comparisons]
        return bool(per) and bool((np.sum(per, axis=0) > 0).all())

    @property
    def answers(self) -> Bools:
        """Units (N,) with at least one cell of the comparisons in every dimension."""
        return np.asarray(np.any([c.weight > 0 for c in self.comparisons], axis=0).all(axis=1))


class Solution(NamedTuple):
    """Slopes of b assignments, for the score and for completion as it was, and what each unit adds to their error."""

    slopes: Floats  # (2, b, K); missing where no unit has the cells
    scores: Floats  # (2, b, K, N)


def touched_since(C: Floats) -> Ints:
    """The first year (N,) in which completion is above 0 or not known in some dimension; T where there is none.

    >>> touched_since(np.array([[[0.0], [0.5]], [[0.0], [0.0]], [[np.nan], [0.0]]])).tolist()
    [1, 2, 0]
    """
    touched = ~(C == 0).all(axis=2)
    return np.asarray(np.where(touched.any(axis=1), touched.argmax(axis=1), C.shape[1]))


def programmes(eq: Equations) -> Programmes:
    """Lay out the comparisons that the cells allow; without any, ``comparisons`` is empty.

    A unit takes part where it has the score of the year and of the last year before the start; its mean before is over
    the years that it has, net of each year's mean. A programme starts in the first year whose completion is above 0 or
    not known: the years before it are untouched for certain, whenever it began after them. Units with no such year
    take no part.
    """
    _, T, _ = eq.y.shape
    since = touched_since(eq.C)
    among = since > 0
    units = np.flatnonzero(among & (since < T))
    first, doses = since[units], np.nan_to_num(eq.C[units])
    found, used, lost, carried = [], np.zeros(eq.y.shape, dtype=bool), 0, False
    startless = np.zeros(among.shape + eq.y.shape[2:], dtype=np.int64)
    for s in np.unique(first):
        own = np.flatnonzero(first == s)
        start, ready = _start(eq.y[:, :s])
        for t in range(int(s), T):
            asked = (doses[own, t] > 0) & np.isfinite(eq.y[units[own], t])
            has = ready & np.isfinite(eq.y[:, t]) & among[:, None]
            untouched = (has & (since > t)[:, None]).sum(axis=0)
            has &= untouched >= FEWEST + _varying(eq.controls[:, t], has)
            startless[units[own]] += asked & ~ready[units[own]]
            lost += int((asked & (ready & ~has)[units[own]]).sum())
            if has.any() and (doses[own, t] > 0).any():
                carried |= bool((untouched[has.any(axis=0)] < ONE_START).any())
                places = np.flatnonzero(first <= t), own
                found.append(_comparison(eq, t, places, start, has, untouched))
                used[:, t] |= has
                used[:, :s] |= has[:, None] & np.isfinite(eq.y[:, :s])
    return Programmes(units, doses, among, tuple(found), used, lost, startless, carried)


def _start(before: Floats) -> tuple[Floats, Bools]:
    """Where units stood: mean before and last year before (N, K, 2), net of the years' means, and who has them."""
    count = np.isfinite(before).sum(axis=0)
    net = before - np.nansum(before, axis=0) / np.maximum(count, 1)
    mean = np.nansum(net, axis=1) / np.maximum(np.isfinite(net).sum(axis=1), 1)
    start = np.stack([mean, net[:, -1]], axis=2)
    return start, np.isfinite(start).all(axis=2)


def _varying(controls: Floats, has: Bools) -> Ints:
    """How many controls (N, K, q) differ among the units of a comparison (K,); those of other years do not."""
    values = np.where(has[:, :, None], controls, np.nan)
    first = np.take_along_axis(values, has.argmax(axis=0)[None, :, None], axis=0)
    return np.asarray((np.isfinite(values) & (values != first)).any(axis=0).sum(axis=1))


def _comparison(
    eq: Equations, t: int, places: tuple[Ints, Ints], start: Floats, has: Bools, untouched: Ints
) -> Comparison:
    """Arrays of one comparison; how many are ``untouched`` (K,) decides how much of the start is held constant."""
    weight = has * (np.ones(has.shape) if eq.weights is None else eq.weights[:, t])
    held = start * (untouched[:, None] >= [ONE_START, DONORS_FOR_TWO])
    Z = np.concatenate([np.ones((*has.shape, 1)), held, np.nan_to_num(eq.controls[:, t])], axis=2)
    score = eq.y[:, t] - np.where(untouched < ONE_START, start[:, :, 0], 0.0)
    values = np.stack([score, eq.C[:, t]], axis=2)
    Z, values = (np.where(has[:, :, None], array, 0.0) for array in (Z, values))
    return Comparison(t, *places, _orthonormal(Z), values, weight)


def _orthonormal(Z: Floats) -> Floats:
    """Columns (N, K, r) at right angles and of length one; zero, or left out, where nothing of one is left."""
    Q = Z.copy()
    Q[:, :, 1:] -= Z[:, :, 1:].sum(axis=0) / np.maximum(Z[:, :, 0].sum(axis=0), 1)[:, None] * Z[:, :, :1]
    least = np.maximum(1e-9 * np.linalg.norm(Q, axis=0), 1e-12 * np.linalg.norm(Z, axis=0))
    for j in range(Q.shape[2]):
        for i in [*range(j)] * 2:  # twice: the second pass removes what rounding left
            Q[:, :, j] -= Q[:, :, i] * (Q[:, :, i] * Q[:, :, j]).sum(axis=0)
        left = np.linalg.norm(Q[:, :, j], axis=0)
        kept = left > least[:, j]
        Q[:, :, j] = np.where(kept, Q[:, :, j] / np.where(kept, left, 1.0), 0.0)
    return Q[:, :, Q.any(axis=(0, 1))]


class Fitted(NamedTuple):
    """One comparison under b assignments; a unit that is not compared has no pull and no loading."""

    c: Comparison
    inverse: Floats  # (b, K, r, r) of the untouched units' Z'Z
    free: Floats  # (b, 1, N) 1 for units that no programme has touched
    dose: Floats  # (b, K, N) completion that a unit has from a programme of this start
    residual: Floats  # (2, b, K, N) the score, and completion as it was, less what the untouched units predict
    pull: Floats  # (b, K, N) dose times the unit's weight: with it a gap enters the slope
    loading: Floats  # (b, K, N) with it the score of an untouched unit enters the predictions of those gaps


def fit_comparison(programmes: Programmes, c: Comparison, places: Ints) -> Fitted:
    """Fit the untouched units of one comparison when each programme is followed by the unit ``places`` (b, m)."""
    (b, _), (N, K, r) = places.shape, c.Z.shape
    rows = np.arange(b)[:, None]
    free, dose = np.ones((b, N)), np.zeros((b, N, K))
    free[rows, places[:, c.touched]] = 0.0
    dose[rows, places[:, c.own]] = programmes.doses[c.own, c.year]
    dose = np.swapaxes(dose, 1, 2)
    moments = (free @ c.products.reshape(N, -1)).reshape(b, K, r, r + 2)
    empty = np.einsum("bkrr->bkr", moments[..., :r]) < 1e-12  # a column that holds nothing gets coefficient 0
    square = moments[..., :r] + np.eye(r) * empty[..., None, :]
    none = np.linalg.det(square) < ALIKE * np.einsum("bkrr->bkr", square).prod(axis=2)
    inverse = np.linalg.inv(np.where(none[..., None, None], np.eye(r), square))
    inverse[none] = np.nan  # what is held constant moves together among these untouched units: there is no slope
    Z, weight = np.moveaxis(c.Z, 0, 2), c.weight.T  # (K, r, N), (K, N)
    fitted = np.swapaxes(inverse @ moments[..., r:], 2, 3) @ Z  # (b, K, 2, N)
    residual = np.stack([c.values[..., v].T - fitted[:, :, v] for v in (0, 1)])
    pull = dose * weight
    use = (pull[:, :, None] @ np.swapaxes(Z, 1, 2))[:, :, 0]  # (b, K, r)
    loading = ((use[:, :, None] @ inverse) @ Z)[:, :, 0] * weight * free[:, None]
    return Fitted(c, inverse, free[:, None], dose, residual, pull, loading)


def solve(programmes: Programmes, places: Ints) -> Solution:
    """Slopes when each programme is followed by the unit ``places`` (b, m): the equations at the module's head.

    What unit i adds to the error is sum_t C (g - slope C) / sum C^2 for a programme, and for an untouched unit its
    residuals times the weight with which they enter the programmes' predictions.
    """
    (N, K), b = programmes.comparisons[0].weight.shape, len(places)
    gaps, error, squares = np.zeros((2, b, K)), np.zeros((2, b, K, N)), np.zeros((b, K, N))
    for c in programmes.comparisons:
        part = fit_comparison(programmes, c, places)
        gaps += np.einsum("bkn,vbkn->vbk", part.pull, part.residual)
        error += (part.pull - part.loading) * part.residual
        squares += part.pull * part.dose
    total = squares.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = gaps / total
        return Solution(slopes, (error - slopes[..., None] * squares) / total[..., None])
