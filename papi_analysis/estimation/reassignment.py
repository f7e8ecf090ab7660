"""Reassignment: what the slopes would be had other units followed the same completion.

Whole trajectories of completion (all years, all dimensions) move between units; scores stay. Under the null that a
slope is b0, score minus b0 * completion does not care which unit followed which trajectory, so every reassignment
is as good as the realised one and p is a rank among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import PLACES, SpecError
from papi_analysis.estimation.assignments import Assignments, followers, possible_assignments
from papi_analysis.estimation.draws import StudentisedDraws, check_covariance, joined, polynomials, studentised
from papi_analysis.estimation.multiplicity import check_count
from papi_analysis.estimation.regression import WithinFit, cr1_joint, dense_codes, fit_within

#: Elements of one block of unit scores (draws x units x dimensions), 4 MB: small enough for a processor's cache.
BLOCK = 500_000

#: A rebuilt regressor that keeps less than this share of its variation has no slope.
NO_SLOPE = 1e-12

#: Most look-up entries for one dimension (units x moved trajectories x effects): 400 MB.
LARGEST_TABLE = 50_000_000


@dataclass(frozen=True)
class _Dimension:
    """One dimension on its own cells: what never changes, summed by unit, so that a draw is a matter of look-ups.

    The rebuilt regressor of unit i is base_i plus, where it follows the moved trajectory j, D_ij; both have the
    unit mean on the cells of unit i out. Q is an orthonormal basis of year effects and controls; with
    c = sum_i Q_i'x_i, what is left is z_i = x_i - Q_i c. e is the realised residual and w the realised regressor
    with effects and controls out.
    """

    base_c: Floats  # (r,)        sum_i Q_i' base_i
    base_scores: Floats  # (2N,)  base_i' e_i, then base_i' w_i
    base_square: Floats  # (N,)   base_i' base_i
    moved_c: Floats  # (N*m, r)   Q_i' D_ij
    moved_scores: Floats  # (N*m, 2)
    moved_square: Floats  # (N*m,) D_ij' D_ij + 2 base_i' D_ij
    scores_c: Floats  # (r, 2N)   Q_i' e_i, then Q_i' w_i
    square_c: Floats  # (r + r(r+1)/2, N): -2 Q_i' base_i, then Q_i' Q_i as a form in the products of c
    root: float  # of the CR1 factor


def _dimension(
    fit: WithinFit, has: Bools, base: Floats, moved: Floats, unit_effects: bool, roots: Floats
) -> _Dimension:
    """Tables for the fit of one dimension; ``has``, ``base`` and ``roots`` of weights (N, T), ``moved`` (m, T)."""
    N, T = has.shape
    m = len(moved)
    z = fit.regressors @ fit.bread[:, 0] / fit.bread[0, 0]
    years = fit.basis if unit_effects else _year_basis(has, roots)
    Q = np.hstack([years, np.linalg.qr(fit.regressors[:, 1:])[0]])
    r = Q.shape[1]
    grid = np.zeros((N, T, r + 2))
    grid[has] = np.column_stack([Q, fit.residuals, z])
    X = np.concatenate([base[:, None, :], np.broadcast_to(moved, (N, m, T))], axis=1)
    weights = np.where(has, roots**2, 0.0)
    if unit_effects:
        total = weights.sum(axis=1)
        X = X - (np.einsum("njt,nt->nj", X, weights) / np.where(total > 0, total, 1.0)[:, None])[..., None]
    X = X * np.where(has, roots, 0.0)[:, None]  # (N, 1 + m, T)
    products = X @ grid  # with Q, e and w: (N, 1 + m, r + 2)
    own = np.swapaxes(grid, 1, 2) @ grid  # (N, r + 2, r + 2)
    squares = np.einsum("njt,njt->nj", X, X)
    squares[:, 1:] += 2 * np.einsum("njt,nt->nj", X[:, 1:], X[:, 0])
    a, b = np.triu_indices(r)
    return _Dimension(
        base_c=products[:, 0, :r].sum(axis=0),
        base_scores=products[:, 0, r:].T.ravel(),
        base_square=squares[:, 0],
        moved_c=products[:, 1:, :r].reshape(N * m, r),
        moved_scores=products[:, 1:, r:].reshape(N * m, 2),
        moved_square=squares[:, 1:].ravel(),
        scores_c=np.hstack([own[:, :r, r].T, own[:, :r, r + 1].T]),
        square_c=np.vstack([-2 * products[:, 0, :r].T, (own[:, a, b] * np.where(a == b, 1.0, 2.0)).T]),
        root=float(np.sqrt(fit.cr1_factor)),
    )


def _scores(dim: _Dimension, places: Ints) -> tuple[Floats, Floats, Bools]:
    """Slopes (2, b) and unit scores (2, b, N) of the rebuilt regressors, for e and for w; and where there is none.

    ``places`` (b, m): the unit that follows each moved trajectory. Slope z'e/z'z, score (z_i'e_i - slope z_i'z_i)
    / z'z times the root of the CR1 factor.
    """
    b, m = places.shape
    N, r = len(dim.base_square), len(dim.base_c)
    pairs = places * m + np.arange(m)
    rows = np.arange(b)[:, None]
    moved_c = dim.moved_c[pairs]  # (b, m, r)
    c = dim.base_c + moved_c.sum(axis=1)
    first, second = np.triu_indices(r)
    squares = dim.base_square + np.hstack([c, c[:, first] * c[:, second]]) @ dim.square_c
    added = dim.moved_square[pairs]
    before = dim.base_square.sum() + added.sum(axis=1)
    squares[rows, places] += added - 2 * (moved_c @ c[:, :, None])[:, :, 0]
    total = squares.sum(axis=1)
    none = total <= NO_SLOPE * before
    inverse = np.divide(1.0, total, out=np.zeros(b), where=~none)
    products = dim.base_scores - c @ dim.scores_c
    slopes, scores = np.empty((2, b)), np.empty((2, b, N))
    for side in range(2):
        own = products[:, side * N : (side + 1) * N]
        own[rows, places] += dim.moved_scores[pairs, side]
        slopes[side] = own.sum(axis=1) * inverse
        scores[side] = (own - slopes[side][:, None] * squares) * (dim.root * inverse)[:, None]
    return slopes, scores, none


def _block(dims: Sequence[_Dimension], active: Ints, source: Ints) -> tuple[Any, ...]:
    """The polynomials of b reassignments ``source`` (b, N), and which leave no slope (b, K)."""
    (b, N), K, follower = source.shape, len(dims), followers(source)
    slopes, scores, none = np.empty((2, b, K)), np.empty((2, b, K, N)), np.empty((b, K), dtype=bool)
    for k, dim in enumerate(dims):
        slopes[:, :, k], scores[:, :, k], none[:, k] = _scores(dim, follower[:, active])
    return *polynomials(slopes, scores), none


def reassign(
    y: ArrayLike,
    C: ArrayLike,
    *,
    among: ArrayLike | None = None,
    excluded: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    controls: ArrayLike | None = None,
    unit_effects: bool = True,
    weights: Floats | None = None,
    null: ArrayLike = 0.0,
    draws: int = 9999,
    rng: int | np.random.Generator = 0,
) -> StudentisedDraws:
    """Slopes of score on completion with unit and year effects, under reassignment of the trajectories.

    For every assignment the regressor is rebuilt on the cells of each dimension, effects and controls are
    partialled out, and slope and CR1 standard error (clusters are units) are computed anew; no equation is fitted
    twice. All assignments are used when they are no more than ``draws``, otherwise a sample. An assignment that
    leaves a dimension without variation has no slope there; its statistic is 0 and it is counted in ``undefined``.
    Memory grows with units x trajectories that move, and too many are refused. A long run shows a bar.

    Parameters
    ----------
    y : (N, T, K)
        Scores, NaN where there is a gap.
    C : (N, T, K)
        Completion, known wherever a unit that may receive the trajectory has a score.
    among, excluded, strata :
        Which trajectories move, see ``possible_assignments``.
    controls : (N, T, K, q), optional
        Further regressors; they stay with the unit, a cell without them is left out.
    unit_effects : bool
        Whether each unit has a level of its own; not so in first differences, where years are the only effects.
    weights : (N, T, K), optional
        Weights of the cells; they stay with the unit. A cell of weight 0 has no part.
    null : float or (K,)
        Null value of each slope.
    draws : int
        Number of draws.
    rng : int or numpy Generator
        Ignored when all assignments are used.

    Examples
    --------
    >>> y = np.array([[1.0, 2, 5], [2, 2, 3], [1, 3, 2], [4, 4, 5]])[:, :, None]
    >>> C = np.zeros((4, 3, 1)); C[0, 2] = 1.0
    >>> result = reassign(y, C)
    >>> result.exact, result.p.tolist(), result.floor.tolist()
    (True, [0.25], [0.25])

    """
    y, C = np.asarray(y, dtype=float), np.asarray(C, dtype=float)
    N, T, K = y.shape
    roots = np.ones(y.shape) if weights is None else np.sqrt(weights)
    y = np.where(roots > 0, y, np.nan)
    design = possible_assignments(C, among=among, excluded=excluded, strata=strata)
    _check_known(y, C, design)
    has = np.isfinite(y)
    W = np.empty((N, T, K, 0)) if controls is None else np.asarray(controls, dtype=float)
    has &= np.isfinite(W).all(axis=3)
    moving = np.concatenate([members for members, _ in design.groups])
    kept = np.union1d(np.flatnonzero(has.any(axis=(1, 2))), moving)  # tables grow with units that have a say alone
    y, C = np.asarray(y[kept], dtype=float), np.asarray(C[kept], dtype=float)
    W, has, design, roots, N = W[kept], has[kept], design.on(kept), roots[kept], len(kept)
    fits = [_fit(y[:, :, k], C[:, :, k], W[:, :, k], has[:, :, k], roots[:, :, k], k, unit_effects) for k in range(K)]
    covariance = cr1_joint(fits, N)
    check_covariance(covariance, fits)
    exact = design.count <= check_count(draws)
    B = design.count if exact else draws
    base, moved, active = design.split(np.nan_to_num(C))
    if N * len(active) * (T + W.shape[3]) > LARGEST_TABLE:
        raise SpecError(
            "{count} trajectories over {n} units are too many to reassign; use the wild cluster "
            "bootstrap, which is meant for that many.",
            count=len(active),
            n=N,
        )
    dims = [
        _dimension(fits[k], has[:, :, k], base[:, :, k], moved[:, :, k], unit_effects, roots[:, :, k]) for k in range(K)
    ]
    blocks = design.blocks(draws, max(1, BLOCK // (N * K)), np.random.default_rng(rng))
    *terms, none = joined(map(partial(_block, dims, active), blocks), B, "reassignments")
    slopes = np.array([fit.coefficients[0] for fit in fits])
    return studentised(slopes, covariance, terms, count=design.count, exact=exact, null=null, none=none)


def _fit(y: Floats, C: Floats, W: Floats, has: Bools, roots: Floats, k: int, unit_effects: bool) -> WithinFit:
    """The realised equation of one dimension on its cells; clusters are units."""
    unit, time = np.nonzero(has)
    names = [f"completion of dimension {k}", *(f"control {j} of dimension {k}" for j in range(W.shape[2]))]
    X = np.column_stack([C[has], W[has]])
    effects = (unit, time) if unit_effects else (time, None)
    return fit_within(y[has], X, *effects, names=names, clusters=unit, weights=roots[has] ** 2)


def _year_basis(has: Bools, roots: Floats) -> Floats:
    """Orthonormal year dummies (n, r) on the cells ``has`` (N, T), for equations without unit effects."""
    _, time = np.nonzero(has)
    codes, r = dense_codes(time)
    scale = roots[has][:, None] / np.sqrt(np.bincount(codes, roots[has] ** 2))
    return np.asarray((codes[:, None] == np.arange(r)) * scale, dtype=float)


def _check_known(y: Floats, C: Floats, design: Assignments) -> None:
    """Completion that may move must be known wherever a receiving unit has a score, and where it stays too."""
    needed = np.isfinite(y)
    for members, _ in design.groups:
        needed[members] = needed[members].any(axis=0)
    missing = needed & ~np.isfinite(C)
    if missing.any():
        i, t, k = (int(index[0]) for index in np.nonzero(missing))
        raise SpecError(
            "Completion is unknown for {unit}, {year}, {dimension}, where a unit that may receive this trajectory has "
            "a score. Leave that year or unit out, or fill the gap by best and worst case.",
            unit=PLACES["unit"](place=i),
            year=PLACES["year"](place=t),
            dimension=PLACES["dimension"](place=k),
        )
