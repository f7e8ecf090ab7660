"""A process fitted to a panel, from which panels like it are drawn in which no programme did anything.

A score is the mean of its year plus the spread of its year times z, and z, of variance 1 and with all dimensions at
once, is the sum of three independent normal parts: what lasts (a unit's own level), what fades (an autoregression
that carries over ``carried`` of itself from a survey to the next, another share across a break), and noise.

With ten or fourteen years of sixty units, deviations from a unit's own mean would be fitted too short-lived, for that
mean is made of the same few years (Nickell 1981). So no unit is demeaned: z is taken across units, year by year, and
its products over all pairs of years that lie as far apart are pooled. Their expectation is lasting + carried^distance
x fading, whatever the number of years; the three covariances are least squares on these moments, held to be
covariances, and the two shares the best of a grid.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import NamedTuple

import numpy as np

from papi_analysis.arrays import Bools, Floats
from papi_analysis.errors import Note, SpecError
from papi_analysis.panel.changes import break_years, mean_over_units
from papi_analysis.panel.panel import Panel

#: Shares of what fades that a survey may carry over to the next.
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

#: Rounds of the fit; each can only come nearer.
ROUNDS = 60

#: A year and dimension with fewer scores of units without a programme counts those of all units.
FEWEST_UNTOUCHED = 10


FLAT = Note(
    "in {dimensions} all units have the same score in every year, so that there is nothing to draw panels from. Leave "
    "these dimensions out."
)


class Process(NamedTuple):
    """What a panel is drawn from: T years, K dimensions.

    ``mean`` and ``spread`` (T, K) by year, missing where the panel has no score; the covariances (K, K) of the parts
    ``lasting``, ``fading`` and ``noise``, whose diagonals sum to 1; ``carried`` (T,), the share of what fades that
    comes from the survey before (0 for the first).
    """

    mean: Floats
    spread: Floats
    lasting: Floats
    fading: Floats
    noise: Floats
    carried: Floats


def fit_process(panel: Panel) -> Process:
    """Fit the process to the scores that no programme touched.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> process = fit_process(pa.Panel.from_study(pa.load_study("can_tho_2018_2020")))
    >>> bool(process.lasting[5, 5] + process.fading[5, 5] > 0.6)  # most of where a unit stands in D6 is no noise
    True
    """
    known = np.isfinite(panel.scores)
    untouched = known & ~(panel.completion > 0)
    Y = np.where(known & (untouched | (untouched.sum(axis=0) < FEWEST_UNTOUCHED)), panel.scores, np.nan)
    mean, count = mean_over_units(Y), np.isfinite(Y).sum(axis=0)
    sd = np.sqrt(mean_over_units((Y - mean) ** 2))
    flat = [name for name, spread in zip(panel.dimensions, sd.T, strict=True) if not (spread > 0).any()]
    if flat:
        raise SpecError(FLAT(dimensions=", ".join(flat)))
    z = (Y - mean) / np.where(sd > 0, sd, np.nan)
    broken = breaks_of_most(panel)
    distance, moments, pairs = pooled_moments(z, broken)
    share, parts = _fit_parts(distance, moments, pairs)
    size = 1 / np.sqrt(parts.sum(axis=0).diagonal())
    lasting, fading, noise = parts * size[:, None] * size
    carried = np.where(broken, share[1], share[0])
    carried[0] = 0.0
    return Process(mean, sd * np.sqrt(count / np.maximum(count - 1, 1)), lasting, fading, noise, carried)


def breaks_of_most(panel: Panel) -> Bools:
    """Years (T,) in which a break of definition, sample or mode since the survey before hit most dimensions."""
    hit = np.zeros((len(panel.years), len(panel.dimensions)))
    for k, name in enumerate(panel.dimensions):
        for year in break_years(panel.breaks, name):
            place = np.searchsorted(panel.years, year)
            if 0 < place < len(hit):
                hit[place, k] = 1
    return np.asarray(hit.mean(axis=1) > 0.5)


def pooled_moments(z: Floats, broken: Bools) -> tuple[Floats, Floats, Floats]:
    """Products of standardised scores (N, T, K), pooled over pairs of years that lie as far apart.

    Returns
    -------
    distance
        (D, 2): for each distance the steps from survey to survey without a break, and those across one.
    moments
        (D, K, K): mean product over units and pairs of years, symmetric; missing where no unit has both.
    pairs
        (D,): pairs of years at this distance.

    Examples
    --------
    >>> z = np.array([[[1.0], [1.0], [-1.0]], [[-1.0], [-1.0], [1.0]]])
    >>> distance, moments, pairs = pooled_moments(z, np.array([False, False, True]))
    >>> [(*map(int, d), float(m[0, 0]), int(n)) for d, m, n in zip(distance, moments, pairs)]
    [(0, 0, 1.0, 3), (0, 1, -1.0, 1), (1, 0, 1.0, 1), (1, 1, -1.0, 1)]
    """
    T, K = z.shape[1:]
    known, filled = np.isfinite(z).astype(float), np.nan_to_num(z)
    sums: dict[tuple[int, int], list[Floats]] = {}
    for s, t in combinations_with_replacement(range(T), 2):
        across = int(broken[s + 1 : t + 1].sum())
        product_sum, count = filled[:, s].T @ filled[:, t], known[:, s].T @ known[:, t]
        total = sums.setdefault((t - s - across, across), [np.zeros((K, K)), np.zeros((K, K)), np.zeros(1)])
        for value, more in zip(total, (product_sum + product_sum.T, count + count.T, 1.0), strict=True):
            value += more
    distance = np.array(sorted(sums), dtype=float)
    products, counts, pairs = (np.array([sums[key][part] for key in sorted(sums)]) for part in range(3))
    moments = np.divide(products, counts, out=np.full_like(products, np.nan), where=counts > 0)
    return distance, moments, pairs[:, 0]


def _fit_parts(distance: Floats, moments: Floats, pairs: Floats) -> tuple[tuple[float, float], Floats]:
    """The shares carried over, without and across a break, and the parts (3, K, K): lasting, fading, noise.

    For all shares of the grid at once, one part after the other is set to the covariance nearest to what the other
    two leave of the moments. A missing moment takes the value that the parts give it.
    """
    broken = distance[:, 1].any()
    shares = np.array([(a, b) for a, b in product(SHARES, SHARES if broken else (0.0,)) if b <= a])
    left = (shares[:, None] ** distance).prod(axis=2)  # (G, D)
    alone = np.broadcast_to((distance.sum(axis=1) == 0).astype(float), left.shape)
    weights = np.stack([np.ones_like(left), left, alone], axis=1)  # (G, 3, D)
    parts = np.zeros((len(shares), 3, *moments.shape[1:]))
    known = np.isfinite(moments)
    for _ in range(ROUNDS):
        for part in range(3):
            fitted = np.einsum("gpd,gpkl->gdkl", weights, parts)
            missed = np.where(known, moments - fitted, 0.0)
            by = weights[:, part] * pairs
            step = np.einsum("gd,gdkl->gkl", by, missed) / (by * weights[:, part]).sum(axis=1)[:, None, None]
            parts[:, part] = _nearest_covariance(parts[:, part] + step)
    missed = np.where(known, moments - np.einsum("gpd,gpkl->gdkl", weights, parts), 0.0)
    best = int((pairs[:, None, None] * missed**2).sum(axis=(1, 2, 3)).argmin())
    return (float(shares[best, 0]), float(shares[best, 1])), parts[best]


def _nearest_covariance(matrices: Floats) -> Floats:
    """Symmetric matrices (..., K, K) with their negative eigenvalues set to 0."""
    values, vectors = np.linalg.eigh(matrices)
    return np.asarray((vectors * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def draw_scores(process: Process, units: int, rng: np.random.Generator) -> Floats:
    """Draw the scores (units, T, K) of a panel in which no programme did anything."""
    T, K = process.mean.shape

    def normal(covariance: Floats, *shape: int) -> Floats:
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return np.asarray(rng.standard_normal((*shape, K)) @ root.T)

    z = normal(process.lasting, units)[:, None] + normal(process.noise, units, T)
    fading = normal(process.fading, units, T)
    for t in range(T):
        kept = process.carried[t]
        fading[:, t] = kept * fading[:, t - 1] + np.sqrt(1 - kept**2) * fading[:, t]
    return np.asarray(process.mean + process.spread * (z + fading))
