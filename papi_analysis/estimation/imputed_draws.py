"""Draws of the imputed slopes: other units follow the programmes, or the residuals of clusters change their signs."""

from __future__ import annotations

from functools import partial

import numpy as np

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import PLACES, SpecError
from papi_analysis.estimation.assignments import Assignments, followers
from papi_analysis.estimation.bootstrap import ClusterSums, bootstrap_sums
from papi_analysis.estimation.draws import StudentisedDraws, joined, polynomials, studentised
from papi_analysis.estimation.imputation import Programmes, fit_comparison, solve
from papi_analysis.estimation.multiplicity import check_count
from papi_analysis.estimation.regression import cluster_sums

#: Elements of one block of unit scores (draws x units x dimensions), 4 MB.
BLOCK = 500_000


def reassign_programmes(
    programmes: Programmes,
    possible: Assignments,
    *,
    by_error: bool,
    draws: int = 9999,
    rng: int | np.random.Generator = 0,
) -> StudentisedDraws:
    """The slopes when other units follow the programmes: all possible assignments, or a sample of them.

    Parameters
    ----------
    programmes
        What is compared.
    possible
        Who may follow which programme.
    by_error
        Whether each slope is divided by an error of its own, clustered by unit, so that units with much completion
        may be the noisy ones; else all by the spread over the assignments, which with few programmes finds more.
    draws, rng
        Most assignments, and the seed; all where there are no more.

    Raises
    ------
    SpecError
        A dimension in which no assignment has a slope but zero.

    """
    exact = possible.count <= check_count(draws)
    own = solve(programmes, programmes.units[None])
    N = own.scores.shape[3]
    total = possible.count if exact else draws
    sources = possible.blocks(draws, max(1, BLOCK // own.scores[0].size), np.random.default_rng(rng))
    b0 = own.slopes[0, 0]
    work = partial(_drawn, programmes, b0, by_error)
    slope0, slope1, *covariances, none = joined(map(work, sources), total, "reassignments")
    covariance = own.scores[0, 0] @ own.scores[0, 0].T
    if not by_error:
        at_null = np.vstack([slope0 + b0 * slope1, *([] if exact else [b0])])
        covariance = np.atleast_2d(np.cov(at_null.T, bias=True))
        zero = np.zeros_like(covariance)
        covariances = [np.broadcast_to(part, (len(slope0), *covariance.shape)) for part in (covariance, zero, zero)]
    flat = np.diag(covariance) <= N * np.max([c.rounding for c in programmes.comparisons], axis=0) ** 2
    if flat.any():
        raise SpecError(
            "{dimension} leaves no error to measure (scores that move alike, or an exact fit), so no slope can be "
            "judged there. Leave it out.",
            dimension=PLACES["dimension"](place=int(np.flatnonzero(flat)[0])),
        )
    terms = [slope0, slope1, *covariances]
    return studentised(b0, covariance, terms, count=possible.count, exact=exact, none=none)


def _drawn(programmes: Programmes, b0: Floats, by_error: bool, source: Ints) -> tuple[Floats, ...]:
    """The polynomials of b reassignments ``source`` (b, N), and which have no slope (b, K)."""
    (y, C), (of_y, of_C) = solve(programmes, followers(source)[:, programmes.units])
    none = ~np.isfinite(y)
    slopes = np.where(none, 0.0, np.stack([y - b0 * C, C]))
    if not by_error:
        b, K = y.shape
        empty = np.empty((b, K, 0))
        return slopes[0], slopes[1], *([empty] * 3), none
    scores = np.where(none[..., None], 0.0, np.stack([of_y - b0[:, None] * of_C, of_C]))
    return *polynomials(slopes, scores), none


def _sums(programmes: Programmes, clusters: Ints) -> list[ClusterSums]:
    """What the wild cluster bootstrap draws on, by cluster (``clusters`` (N,), codes from 0): one a dimension.

    The slope is w'y for weights w on cells. A draw multiplies the residuals of whole clusters, and fitting again takes
    from them what the untouched units' fits (columns Z) and the slope (column C) explain.
    """
    own = programmes.units[None]
    parts = [fit_comparison(programmes, c, own) for c in programmes.comparisons]
    found, G = [], int(clusters.max()) + 1
    for k, slope in enumerate(solve(programmes, own).slopes[0, 0]):
        total = sum(float((part.pull * part.dose)[0, k].sum()) for part in parts)
        u, q, A, E = 0.0, 0.0, [], []
        for part in parts:
            Z, residual, dose = part.c.Z[:, k], part.residual[0, 0, k], part.dose[0, k]
            weight = (part.pull - part.loading)[0, k] / total
            u = u + weight * (residual - slope * dose)
            q = q + weight * dose
            A.append(weight[:, None] * Z @ part.inverse[0, k])
            E.append((part.free[0, 0] * part.c.weight[:, k] * residual)[:, None] * Z)
        columns = (
            u,
            q,
            np.column_stack([*A, q]),
            np.column_stack([*E, u]),
            np.column_stack([*(0 * part for part in A), q]),
        )
        sums = [cluster_sums(np.asarray(column), clusters, G) for column in columns]
        found.append(ClusterSums(sums[0], sums[1], sums[2], sums[3], sums[4], slope=1.0, error=1.0))
    return found


def bootstrap_programmes(
    programmes: Programmes, clusters: Ints, *, draws: int = 9999, rng: int | np.random.Generator = 0
) -> StudentisedDraws:
    """Wild cluster bootstrap of the same slopes, the null imposed; clusters (N,) may stand above the units."""
    equations = _sums(programmes, clusters)
    slopes = solve(programmes, programmes.units[None]).slopes[0, 0]
    error = np.column_stack([eq.u for eq in equations])
    return bootstrap_sums(equations, slopes, error.T @ error, draws=draws, rng=rng)
