"""What the scores would have been without the programme: six estimators, each a rule that chooses weights.

All of them have one form (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021, section I). With weights w over donors
and l over the years before, the gap of unit i in year t is

    gap[i,t] = (Y[i,t] - sum_j w[j] Y[j,t]) - sum_s l[s] (Y[i,s] - sum_j w[j] Y[j,s]),

one dimension at a time, and the counterfactual is the score less the gap. An estimator is a function of
``(Y, units, donors, pre, post)``: scores (N, T, K), the m units to be matched, which units may be donors of each
(m, N), which years come before and which after (T,). It returns ``Weights``; a function of one's own serves as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import SpecError
from papi_analysis.estimation.designs import Design, Weights
from papi_analysis.estimation.lagged_outcome import lagged_outcome
from papi_analysis.estimation.weights import simplex_weights
from papi_analysis.progress import progress

#: Numbers in one block of units that are matched together (32 MB).
BLOCK = 4_000_000


Estimator = Callable[[Floats, Ints, Any, Bools, Bools], Weights]

#: Estimators that let units count by weights of their own: ``donors`` then holds these.
WEIGHTED = ("lagged_outcome", "did")


def difference_in_differences(Y: Floats, units: Ints, donors: NDArray[np.generic], pre: Bools, post: Bools) -> Weights:
    """Equal weights on all donors and on all years before; with one year before, a change from a base year.

    ``donors`` (m, N) may hold weights instead of True and False.
    """
    equal = donors / donors.sum(axis=1, keepdims=True)
    return Weights(_for_all(equal, Y.shape[2]), _equal_years(len(units), pre, Y.shape[2]))


def lee_wooldridge(Y: Floats, units: Ints, donors: Bools, pre: Bools, post: Bools) -> Weights:
    """Scores net of the unit's own mean before, treated minus controls after (Lee & Wooldridge 2026, demeaning).

    On complete scores these are the gaps of difference in differences. What is new is the exact t inference of the
    one cross-section that is left: ``demeaned_fit``.
    """
    return difference_in_differences(Y, units, donors, pre, post)


def synthetic_control(
    Y: Floats,
    units: Ints,
    donors: Bools,
    pre: Bools,
    post: Bools,
    *,
    intercept: bool = True,
    solve: Callable[..., Floats] = simplex_weights,
) -> Weights:
    """Each dimension by itself: the average of donors nearest to the unit's path before, up to a constant.

    min over a and the simplex of ||Y_pre[i] - a - w'Y_pre||^2 (Ferman & Pinto 2021, the demeaned synthetic control).
    ``intercept=False`` matches levels too (Abadie, Diamond & Hainmueller 2010, on scores alone);
    ``solve=vertex_weights`` shows another choice among weights that fit equally well.
    """
    before = np.moveaxis(Y[:, pre], 2, 0)  # (K, N, T0)
    w = solve(np.swapaxes(before, 1, 2)[:, None], before[:, units], donors=donors, intercept=intercept)
    years = _equal_years(len(units), pre, Y.shape[2])
    return Weights(np.moveaxis(w, 0, 2), years if intercept else np.zeros_like(years))


def common_weights(Y: Floats, units: Ints, donors: Bools, pre: Bools, post: Bools) -> Weights:
    """One set of weights for all dimensions: the donors nearest to the unit's paths in all of them together.

    Scores are taken net of the unit's mean before, and the dimensions laid end to end (Sun, Ben-Michael & Feller
    2025, concatenated weights; Tian, Lee & Panchenko). Each dimension is divided by the standard deviation of its
    donors' scores before, net of unit and year means: otherwise the dimension that moves most would choose the donors
    for all. (The authors' software leaves the year means in; then a national shift in one dimension, which any
    weights match, would lower its say.) A dimension in which donors do not differ takes no part.
    """
    N, _, K = Y.shape
    Z = Y[:, pre] - Y[:, pre].mean(axis=1, keepdims=True)
    Z = Z - Z.mean(axis=0)  # any constant of a year cancels in what follows; this one keeps the digits
    count = donors.sum(axis=1)[:, None]
    yearly = np.einsum("mn,ntk->mtk", donors, Z)
    squares = donors @ (Z**2).sum(axis=1) - (yearly**2).sum(axis=1) / count
    sd = np.sqrt(np.maximum(squares, 0.0) / (count * pre.sum()))  # (m, K)
    rounding = np.maximum(1e-7 * np.abs(Z).max(axis=(0, 1)), 1e-12 * np.abs(Y[:, pre]).max(axis=(0, 1)))
    differ = sd > rounding
    scale = np.divide(1.0, sd, out=np.zeros_like(sd), where=differ)
    A = np.moveaxis(Z, 0, 2) * scale[:, None, :, None]  # (m, T0, K, N)
    b = Z[units] * scale[:, None, :]
    w = simplex_weights(A.reshape(len(units), -1, N), b.reshape(len(units), -1), donors=donors)
    return Weights(_for_all(w, K), _equal_years(len(units), pre, K))


def synthetic_did(Y: Floats, units: Ints, donors: Bools, pre: Bools, post: Bools) -> Weights:
    """Synthetic difference in differences (Arkhangelsky et al. 2021, algorithm 1), each dimension by itself.

    Donor weights (eq. 4) are those of the synthetic control with an intercept and a ridge of zeta^2 T0, where
    zeta = T1^(1/4) s (eq. 5, one unit at a time) and s is the standard deviation of the donors' yearly changes before
    (a year that moves everyone raises it, as in the paper). Year weights (eq. 6) make the average of years before that
    is nearest to the mean of the years after, over donors, up to a constant. Both are exact optima; the paper's ridge
    of 1e-6 s on the year weights, there to make them unique, is taken to its limit.
    """
    T0, T1 = int(pre.sum()), int(post.sum())
    before, after = np.moveaxis(Y[:, pre], 2, 0), np.moveaxis(Y[:, post].mean(axis=1), 1, 0)  # (K, N, T0), (K, N)
    cells = donors.sum(axis=1) * (T0 - 1)
    changes = np.diff(before, axis=2)[:, None]  # (K, 1, N, T0 - 1)
    mask = donors[:, :, None]
    mean = (changes * mask).sum(axis=(2, 3), keepdims=True) / cells[:, None, None]
    variance = (((changes - mean) * mask) ** 2).sum(axis=(2, 3)) / np.maximum(cells - 1, 1)  # (K, m)
    w = simplex_weights(
        np.swapaxes(before, 1, 2)[:, None],
        before[:, units],
        donors=donors,
        ridge=np.sqrt(T1) * variance * T0,
        intercept=True,
    )
    both = np.concatenate([before, after[:, :, None]], axis=2)[:, None]  # (K, 1, N, T0 + 1)
    centred = both - (both * mask).sum(axis=2, keepdims=True) / donors.sum(axis=1)[:, None, None]
    centred = centred * mask  # (K, m, N, T0 + 1)
    years = np.zeros((len(units), len(pre), Y.shape[2]))
    years[:, pre] = np.moveaxis(simplex_weights(centred[..., :-1], centred[..., -1]), 0, 2)
    return Weights(np.moveaxis(w, 0, 2), years)


#: The estimators by name.
ESTIMATORS: dict[str, Estimator] = {
    "lagged_outcome": lagged_outcome,
    "did": difference_in_differences,
    "lee_wooldridge": lee_wooldridge,
    "synthetic_control": synthetic_control,
    "common_weights": common_weights,
    "synthetic_did": synthetic_did,
}


class Counterfactual(NamedTuple):
    """The gaps of m units in all years (m, T, K), and the weights behind them."""

    gaps: Floats
    weights: Weights


def estimate(design: Design, estimator: str | Estimator) -> Counterfactual:
    """Gaps of the treated units, each by itself; years that are not used are missing where a score is."""
    units, starts = design.units, design.starts
    return match(design, units, starts, np.repeat(design.donors[None], len(units), axis=0), estimator)


def match(design: Design, units: Ints, starts: Ints, donors: Bools, estimator: str | Estimator) -> Counterfactual:
    """Gaps of any eligible units (m,) with any starts (m,) and donors (m, N), by the rule of the treated ones."""
    rule = find_estimator(estimator)
    N, T, K = design.Y.shape
    gaps = np.empty((len(units), T, K))
    weights = Weights(np.zeros((len(units), N, K)), np.zeros((len(units), T, K)))
    taking_part = np.flatnonzero(design.eligible)  # others may have gaps
    place = np.searchsorted(taking_part, units)
    Y = design.Y[taking_part]
    step = max(1, BLOCK // Y.size)
    for start in np.unique(starts):
        rows = np.flatnonzero(starts == start)
        pre, post = design.pre(int(start)), design.post(int(start))
        for block in np.split(rows, range(step, len(rows), step)):
            counted = design.counted(donors[block], units[block])[:, taking_part]
            chosen = Weights(*rule(Y, place[block], counted, pre, post))
            gaps[block] = weighted_gaps(Y, place[block], chosen)
            weights.donors[np.ix_(block, taking_part)], weights.years[block] = chosen
    return Counterfactual(gaps, weights)


def weighted_gaps(Y: Floats, units: Ints, weights: Weights) -> Floats:
    """The gaps (m, T, K) that weights give: the equation at the head of this module."""
    averages = np.moveaxis(weights.donors, 2, 0) @ np.moveaxis(Y, 2, 0)  # (K, m, T)
    distance = Y[units] - np.moveaxis(averages, 0, 2)
    shift = np.where(weights.years != 0, weights.years * distance, 0.0).sum(axis=1, keepdims=True)
    return np.asarray(distance - shift)


def equal_gaps(design: Design, Y: Floats, units: Ints, donors: Bools) -> Floats:
    """The gaps (b, m, T, K) of difference in differences for sets of units (b, m), donors (b, N) being the set's.

    What ``match`` gives with ``difference_in_differences``, without a weight for every pair of units. ``Y`` stands for
    the design's scores; units that are not eligible may have gaps.
    """
    taking_part = np.flatnonzero(design.eligible)
    pool = (donors if design.weights is None else donors * design.weights)[:, taking_part]
    sums = pool.astype(float) @ Y[taking_part].reshape(len(taking_part), -1)
    averages = (sums / pool.sum(axis=1)[:, None]).reshape(len(units), 1, *Y.shape[1:])
    distance = Y[units] - averages
    pre = np.array([design.pre(int(start)) for start in design.starts])[None, :, :, None]
    shift = np.where(pre, distance, 0.0).sum(axis=2, keepdims=True) / pre.sum(axis=2, keepdims=True)
    return np.asarray(distance - shift)


def find_estimator(estimator: str | Estimator) -> Estimator:
    """The estimator of that name, or the function itself."""
    if callable(estimator):
        return estimator
    if not isinstance(estimator, str) or estimator not in ESTIMATORS:
        raise SpecError(
            "method is one of {estimators}, or a function of one's own, not {estimator!r}.",
            estimators=", ".join(ESTIMATORS),
            estimator=estimator,
        )
    return ESTIMATORS[estimator]


def leave_one_donor_out(design: Design, estimator: str | Estimator) -> tuple[Ints, Floats]:
    """Mean gaps over the treated units' programme years (n, K) without each of the n donors in turn, and who they are.

    All of them: one without a weight of its own may still have had a say in a scale or in the weights of years.
    """
    left_out = np.flatnonzero(design.donors)
    step = max(1, BLOCK // (len(design.units) * len(design.Y) * design.Y.shape[2]))
    blocks = np.split(left_out, range(step, len(left_out), step))
    gaps = map(partial(_without, design, estimator), blocks)
    found = progress(gaps, len(left_out), "donors left out", len)
    return left_out, np.concatenate(list(found))


def _without(design: Design, estimator: str | Estimator, left_out: Ints) -> Floats:
    """Mean gaps (b, K) without each of b donors."""
    b, m = len(left_out), len(design.units)
    donors = np.repeat(design.donors[None], b, axis=0)
    donors[np.arange(b), left_out] = False
    gaps = match(
        design, np.tile(design.units, b), np.tile(design.starts, b), np.repeat(donors, m, axis=0), estimator
    ).gaps
    sets = np.repeat(design.units[None], b, axis=0)
    return mean_gaps(design, gaps.reshape(b, m, *gaps.shape[1:]), sets)


def mean_gaps(design: Design, gaps: Floats, units: Ints) -> Floats:
    """The mean (b, K) over units and their programme years of the gaps (b, m, T, K) of sets of units (b, m)."""
    counts = np.array([design.post(int(start)) for start in design.starts])[None, :, :, None]  # (1, m, T, 1)
    return average(design, gaps, units, counts, (1, 2))


def average(design: Design, values: Floats, units: Ints, mask: Bools, axes: tuple[int, ...]) -> Floats:
    """Mean of values (b, m, T, K) of sets of units (b, m) where ``mask`` holds; what is outside may be missing.

    Units count by their weights where they have any.
    """
    size = np.asarray(mask, dtype=np.float64)
    if design.weights is not None:
        size = size * design.weights[units][:, :, None, None]
    return np.asarray(np.where(size != 0, size * values, 0.0).sum(axis=axes) / size.sum(axis=axes))


def since_start(design: Design) -> Ints:
    """Years since the start (E,) that some treated unit has, negative before; with one start, the calendar's years."""
    return np.arange(-int(design.starts.max()), design.Y.shape[1] - int(design.starts.min()))


def by_since_start(design: Design, values: Floats, units: Ints) -> Floats:
    """Means (b, E, K) by years since the start of values (b, m, T, K) by year, over the units of each set (b, m).

    A year counts the units that have it, from the start on those for which it lies no later than the end, where there
    are any.
    """
    calendar = design.starts[:, None] + since_start(design)  # (m, E)
    there = (calendar >= 0) & (calendar < design.Y.shape[1])
    asked = there & (calendar <= design.end)
    kept = np.where(asked.any(axis=0), asked, there)[None, :, :, None]
    place = np.clip(calendar, 0, design.Y.shape[1] - 1)[None, :, :, None]
    return average(design, np.take_along_axis(values, place, axis=2), units, kept, (1,))


class DemeanedFit(NamedTuple):
    """A cross-section of demeaned scores: estimates (K,), their covariance (K, K), degrees of freedom."""

    coefficients: Floats
    covariance: Floats
    df: int


def demeaned_fit(design: Design) -> DemeanedFit:
    """Lee & Wooldridge (2026): the mean after less the mean before of each unit, on a constant and the programme.

    With normal errors of one variance the t statistic has exactly N - 2 degrees of freedom, be it with a single treated
    unit: its variance is then that of the donors.

    Raises
    ------
    SpecError
        Starts that differ.

    Examples
    --------
    >>> from papi_analysis.estimation.designs import programme_design
    >>> Y = np.array([[1.0, 1, 5], [2, 2, 3], [0, 1, 1], [4, 4, 5]])[:, :, None]
    >>> fit = demeaned_fit(programme_design(Y, 0, 2))
    >>> fit.coefficients.round(6).tolist(), fit.covariance.round(6).tolist(), fit.df
    ([3.166667], [[0.111111]], 2)

    """
    if len(np.unique(design.starts)) > 1:
        raise SpecError("The exact t inference needs one start for all treated units; ask for each start by itself.")
    start = int(design.starts[0])
    change = design.Y[:, design.post(start)].mean(axis=1) - design.Y[:, design.pre(start)].mean(axis=1)
    treated, controls = change[design.units], change[design.donors]
    df = len(treated) + len(controls) - 2
    errors = np.vstack([treated - treated.mean(axis=0), controls - controls.mean(axis=0)])
    covariance = errors.T @ errors / df * (1 / len(treated) + 1 / len(controls))
    return DemeanedFit(treated.mean(axis=0) - controls.mean(axis=0), covariance, df)


def _for_all(weights: Floats, K: int) -> Floats:
    """The same donor weights (m, N) in every dimension (m, N, K)."""
    return np.repeat(weights[:, :, None], K, axis=2)


def _equal_years(m: int, pre: Bools, K: int) -> Floats:
    return np.broadcast_to((pre / pre.sum())[None, :, None], (m, len(pre), K)).copy()
