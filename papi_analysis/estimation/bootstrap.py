"""Wild cluster bootstrap of the slopes of K equations at once: the same cluster draws for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import SpecError
from papi_analysis.estimation.draws import StudentisedDraws, check_covariance, joined, polynomials, studentised
from papi_analysis.estimation.multiplicity import check_count
from papi_analysis.estimation.regression import WithinFit, cluster_sums, cr1_joint, orthonormal_design

WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}

#: Below so many clusters the two-point weights give too few distinct draws (Webb 2023).
WEBB_BELOW = 12

#: Elements of one block of weights; the unit scores of six dimensions are then 2 MB, for a processor's cache.
BLOCK = 50_000


class ClusterSums(NamedTuple):
    """Sums by cluster of an equation whose slope is a weighted sum of the outcome.

    For least squares the weights are z, the first regressor with everything else partialled out, over z'z, and Q is
    an orthonormal basis of the whole design. ``F`` is to the completion of a null value what ``E`` is to residuals.
    """

    u: Floats  # (G,)   z_g' e_g
    q: Floats  # (G,)   z_g' z_g
    A: Floats  # (G, r) z_g' Q_g
    E: Floats  # (G, r) e_g' Q_g
    F: Floats  # (G, r) z_g' Q_g
    slope: float  # 1 / z'z
    error: float  # the same times the root of the CR1 factor


def _sums(fit: WithinFit, clusters: Ints, G: int) -> ClusterSums:
    z = fit.regressors @ fit.bread[:, 0] / fit.bread[0, 0]
    Q = orthonormal_design(fit)
    e = fit.residuals
    sums = cluster_sums(np.column_stack([z * e, z * z, Q * z[:, None], Q * e[:, None]]), clusters, G)
    r = Q.shape[1]
    slope = float(fit.bread[0, 0])
    return ClusterSums(
        u=sums[:, 0],
        q=sums[:, 1],
        A=sums[:, 2 : 2 + r],
        E=sums[:, 2 + r :],
        F=sums[:, 2 : 2 + r],
        slope=slope,
        error=slope * float(np.sqrt(fit.cr1_factor)),
    )


def wild_bootstrap(
    fits: Sequence[WithinFit],
    *,
    null: ArrayLike = 0.0,
    draws: int = 9999,
    weights: Literal["rademacher", "webb"] | None = None,
    restricted: bool = True,
    rng: int | np.random.Generator = 0,
) -> StudentisedDraws:
    """Wild cluster bootstrap of the first slope of each equation, studentised by CR1.

    Each draw multiplies the residuals of whole clusters by one weight, the same in all equations, and fits again
    (Cameron, Gelbach & Miller 2008: WCR, residuals under the null, or with ``restricted=False`` WCU). Nothing is
    fitted draw by draw: with v the weights, z the regressor and Q an orthonormal basis of the design, the score
    of cluster g is v_g z_g'ε_g - z_g'Q_g (sum_h v_h Q_h'ε_h), and the residuals under the null are e + delta z
    (the algebra of Roodman, Nielsen, MacKinnon & Webb 2019).

    Parameters
    ----------
    fits : sequence of WithinFit
        K equations whose cluster codes mean the same clusters; their cells may differ.
    null : float or (K,)
        Null value of each slope.
    draws : int
        Number of draws. All 2^G (Webb: 6^G) weight vectors are used instead when they are no more than that.
    weights : {"rademacher", "webb"}, optional
        By default Webb's six points below 12 clusters, else Rademacher signs.
    restricted : bool
        Whether the null is imposed.
    rng : int or numpy Generator
        Ignored when all weight vectors are used.

    Examples
    --------
    >>> from papi_analysis.estimation.regression import fit_within
    >>> rng = np.random.default_rng(1)
    >>> unit, time = np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8)
    >>> x, y = rng.random(40), rng.random(40)
    >>> result = wild_bootstrap([fit_within(y, x, unit, time)], weights="rademacher")
    >>> result.draws.shape, result.exact, float(result.floor[0]) * 256
    ((256, 1), True, 2.0)

    """
    if weights not in (None, *WEIGHTS):
        raise SpecError("weights is {weights!r}; choose 'rademacher' or 'webb'.", weights=weights)
    codes = np.unique(np.concatenate([fit.clusters for fit in fits]))
    positions = [np.searchsorted(codes, fit.clusters) for fit in fits]
    equations = [_sums(fit, where, len(codes)) for fit, where in zip(fits, positions, strict=True)]
    covariance = cr1_joint(fits, int(codes[-1]) + 1)
    check_covariance(covariance, fits)
    slopes = np.array([fit.coefficients[0] for fit in fits])
    return bootstrap_sums(
        equations, slopes, covariance, null=null, draws=draws, weights=weights, restricted=restricted, rng=rng
    )


def bootstrap_sums(
    equations: Sequence[ClusterSums],
    slopes: Floats,
    covariance: Floats,
    *,
    null: ArrayLike = 0.0,
    draws: int = 9999,
    weights: Literal["rademacher", "webb"] | None = None,
    restricted: bool = True,
    rng: int | np.random.Generator = 0,
) -> StudentisedDraws:
    """Draw from the cluster sums of K equations on the same G clusters: slopes (K,), their covariance (K, K)."""
    G = len(equations[0].u)
    name = weights or ("webb" if G < WEBB_BELOW else "rademacher")
    m = len(WEIGHTS[name])
    exact = m**G <= check_count(draws)
    B = m**G if exact else draws
    weighted = _weight_blocks(WEIGHTS[name], G, B, exact, np.random.default_rng(rng))
    terms = joined((_block(equations, V) for V in weighted), B, "bootstrap draws")
    count = m ** (G - 1)  # a common factor in all weights leaves |t| as it is
    return studentised(slopes, covariance, terms, count=count, exact=exact, null=null, restricted=restricted)


def _block(equations: Sequence[ClusterSums], V: Floats) -> tuple[Floats, ...]:
    """The polynomials of b draws with the weights ``V`` (b, G)."""
    (b, G), K = V.shape, len(equations)
    slopes, scores = np.empty((2, b, K)), np.empty((2, b, K, G))
    for k, eq in enumerate(equations):
        slopes[0, :, k], slopes[1, :, k] = eq.slope * (V @ eq.u), eq.slope * (V @ eq.q)
        scores[0, :, k] = eq.error * (V * eq.u - (V @ eq.E) @ eq.A.T)
        scores[1, :, k] = eq.error * (V * eq.q - (V @ eq.F) @ eq.A.T)
    return polynomials(slopes, scores)


def _weight_blocks(points: Floats, G: int, B: int, exact: bool, rng: np.random.Generator) -> Iterator[Floats]:
    """Blocks of weight vectors (b, G): all of them in counting order, or drawn one uniform number each."""
    m = len(points)
    size = max(1, BLOCK // G)
    for start in range(0, B, size):
        b = min(size, B - start)
        if exact:
            digits = (np.arange(start, start + b)[:, None] // m ** np.arange(G)) % m
        else:
            digits = (rng.random((b, G)) * m).astype(np.int64)
        yield points[digits]
