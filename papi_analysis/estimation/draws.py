"""What a resampling of K slopes leaves behind, and the tests and intervals that follow from it.

Both engines, the wild cluster bootstrap and the reassignment of programmes, rebuild the data under a null value b0
of each slope. In both, the rebuilt slope is linear and its CR1 covariance quadratic in delta = b - b0, the distance
of the estimate from the null. Keeping the polynomials makes another null value cheap: that is how tests are
inverted (for the bootstrap: Roodman, Nielsen, MacKinnon & Webb 2019).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import PLACES, SpecError
from papi_analysis.estimation.multiplicity import (
    GRID,
    TIE,
    attainable,
    check_level,
    critical_value,
    detectable_effect,
    largest_of_others,
    p_values,
    spread_with,
    standardised_mean,
    step_down,
)
from papi_analysis.estimation.regression import WithinFit
from papi_analysis.progress import progress, rows


class Ranked(ABC):
    """What follows for K statistics from their rank among draws: each by itself, and the family.

    ``exact``: the draws are all that the design can give. ``size``: how many distinct values of the absolute statistic
    the design has.
    """

    exact: bool
    size: float

    @property
    @abstractmethod
    def observed(self) -> Floats:
        """The realised statistics (K,)."""

    @property
    @abstractmethod
    def draws(self) -> Floats:
        """The statistics of the draws (B, K)."""

    @property
    def enumerated(self) -> bool:
        """Whether the draws are all there are, the realised data among them."""
        return self.exact

    @property
    def p(self) -> Floats:
        """Two-sided p-values (K,), each dimension by itself; above 0 but where draws do not hold the realised data."""
        return p_values(self.observed, self.draws, exact=self.exact)

    @property
    def p_joint(self) -> Floats:
        """Step-down max-T p-values (K,) over the dimensions.

        Romano & Wolf (2005); for placebo tests of several outcomes Firpo & Possebom (2018, eqs 23-24).
        """
        return step_down(self.observed, self.draws, exact=self.exact)

    def standardised_mean_p(self) -> float:
        """p-value of the mean of the K statistics by the same draws."""
        return standardised_mean(self.observed, self.draws, exact=self.exact)

    @property
    def floor(self) -> Floats:
        """The smallest p-value that this design can give (K,)."""
        return np.array([values[0] for values in self._attainable()])

    def attainable_size(self, level: float = 0.95) -> Floats:
        """The largest false-alarm rate at or below 1 - level that can be attained (K,), 0 where there is none."""
        share = 1 - check_level(level) + 1e-12
        return np.array([values[values <= share].max(initial=0.0) for values in self._attainable()])

    def _attainable(self) -> list[Floats]:
        """The p-values that each dimension can give, rising: of a sample its grid, or the design's where coarser."""
        draws = self.draws
        if self.enumerated:
            return attainable(draws)
        step = max(1 / (len(draws) + 1), 1 / self.size)
        return [np.asarray(np.arange(1, int(1 / step + 1e-9) + 1) * step, dtype=float)] * draws.shape[1]


@dataclass(frozen=True)
class StudentisedDraws(Ranked):
    """B joint draws of K studentised slopes, as polynomials in delta (see the module's first lines).

    For draw d: slope minus null ``slope0[d] + delta * slope1[d]``; CR1 covariance
    ``cov00[d] + outer terms of cov01[d] + outer(delta, delta) * cov11[d]``. ``restricted`` draws are made under the
    null (delta = coefficients - null), the others around the estimates (delta = 0). ``exact``: the draws are all
    that the design can give. ``size``: how many distinct values of the absolute statistic the design has.
    ``undefined``: draws that leave a dimension without a slope; their statistic is 0.
    """

    coefficients: Floats  # (K,)
    covariance: Floats  # (K, K), joint CR1
    null: Floats  # (K,)
    slope0: Floats  # (B, K)
    slope1: Floats  # (B, K)
    cov00: Floats  # (B, K, K)
    cov01: Floats  # (B, K, K): [k, l] multiplies delta_l
    cov11: Floats  # (B, K, K)
    restricted: bool
    exact: bool
    size: float
    undefined: Ints  # (K,)

    @property
    def standard_errors(self) -> Floats:
        """CR1 standard errors (K,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def observed(self) -> Floats:
        """Observed t statistics (K,): (coefficient - null) / CR1 standard error."""
        return np.asarray((self.coefficients - self.null) / self.standard_errors, dtype=float)

    @property
    def draws(self) -> Floats:
        """The t statistics of the draws (B, K), at the null."""
        return self.at(self.coefficients - self.null if self.restricted else np.zeros(len(self.null)))

    def at(self, delta: Floats) -> Floats:
        """The t statistics of the draws (B, K) under the null values coefficients - ``delta`` (K,)."""
        variance = (
            np.einsum("bkk->bk", self.cov00)
            + 2 * delta * np.einsum("bkk->bk", self.cov01)
            + delta**2 * np.einsum("bkk->bk", self.cov11)
        )
        return _ratio(self.slope0 + delta * self.slope1, variance)

    @property
    def enumerated(self) -> bool:
        """Whether the draws are all there are and hold the realised data; around the estimates they do not."""
        return self.exact and self.restricted

    def interval(self, level: float = 0.95, *, simultaneous: bool = False) -> Floats:
        """Interval (K, 2) by test inversion: the null values that are not rejected at this level.

        Restricted draws are rebuilt for every null value. With few clusters p need not fall steadily with the
        distance; the interval is the smallest that holds every value not rejected, so a value outside it always
        has p <= 1 - level (sought on a grid of standard errors, then bisected). An end is infinite where values
        ever farther out are not rejected. Draws around the estimates give estimate ± critical value * standard
        error. ``simultaneous`` covers all K at once (single-step max-T: the other dimensions at their own null).
        """
        check_level(level)
        if not self.restricted:
            columns = [self.draws] * len(self.null) if simultaneous else list(self.draws.T[:, :, None])
            c = np.array([critical_value(column, level, exact=self.exact) for column in columns])
            half = c * self.standard_errors
            return np.column_stack([self.coefficients - half, self.coefficients + half])
        others = largest_of_others(np.abs(self.draws)).T if simultaneous else None
        reaches = self._reach()

        def rejected(delta: Floats) -> Bools:
            t = np.abs(delta) / self.standard_errors * (1 - TIE)
            hits = reaches(delta, t)
            if others is not None:
                hits |= others >= t[:, None]
            extra = 0 if self.exact else 1
            p = (np.count_nonzero(hits, axis=1) + extra) / (hits.shape[1] + extra)
            return np.asarray(p <= 1 - level + 1e-12)

        # delta = coefficient - null: a null below the estimate has a positive delta.
        below, above = (_last_kept(rejected, sign * self.standard_errors) for sign in (1.0, -1.0))
        return np.column_stack([self.coefficients - below, self.coefficients - above])

    def _reach(self) -> Callable[[Floats, Floats], Bools]:
        """Which draws (K, B) reach ``t`` (K,) under the null values coefficients - ``delta``: as ``at``, in squares.

        Inverting a test asks this a hundred times, so the polynomials are laid out by dimension once.
        """
        slope0, slope1 = self.slope0.T.copy(), self.slope1.T.copy()
        var0, var1, var2 = (np.einsum("bkk->kb", c).copy() for c in (self.cov00, 2 * self.cov01, self.cov11))
        var0[(slope0 == 0) & (slope1 == 0) & (var0 == 0)] = np.inf  # no slope: its statistic is 0

        def reaches(delta: Floats, t: Floats) -> Bools:
            d = delta[:, None]
            square = (slope0 + d * slope1) ** 2
            return np.asarray(square >= (t**2)[:, None] * (var0 + d * (var1 + d * var2)))

        return reaches

    def detectable(self, level: float = 0.95, *, jointly: bool = False) -> Floats:
        """The slope (K,) that the design would have told from zero four times in five at this level.

        By each dimension's own p, or ``jointly``: see ``multiplicity.detectable_effect``. A draw at delta = 0 is a
        study without an effect. Infinite where the design cannot reject at this level.
        """
        slope0 = self.slope0
        var0, var1, var2 = (np.einsum("bkk->bk", c).copy() for c in (self.cov00, 2 * self.cov01, self.cov11))
        own = (np.abs(slope0) <= 1e-9 * self.standard_errors).all(axis=1) & self.slope1.any(axis=1)
        errors = np.sqrt(np.where(var0 > 0, var0, np.inf))[~own]  # no slope: never found
        estimates = slope0[~own]
        spread = not self.cov11.any()  # one error for all draws, which the effect widens

        # Where the draws are a sample, the study itself stands beside them, and shows the effect in full.
        study = [] if self.exact else [np.ones_like(self.standard_errors)]
        width = spread_with(np.vstack([slope0, *(0 * row for row in study)]), np.vstack([self.slope1, *study]))

        def test(effect: Floats) -> Floats:
            delta = effect if self.restricted else np.zeros_like(effect)
            variance = width(delta) ** 2 if spread else var0 + delta * (var1 + delta * var2)
            size = np.abs(_ratio(slope0 + delta * self.slope1, variance))
            size[own] = np.inf
            return np.asarray(size)

        return detectable_effect(
            lambda effect: np.abs(estimates + effect) / (width(effect) if spread else errors),
            test,
            self.standard_errors,
            level,
            exact=self.exact,
            jointly=jointly,
        )

    def mean_slope(self) -> StudentisedDraws:
        """The plain mean of the K slopes, as draws of one slope; the null is "every slope equals b0"."""
        K = len(self.null)
        mean = float(self.coefficients.mean())
        # Under the common value b0, delta_k = (b_k - mean) + (mean - b0): shift by the first part, keep the second.
        shift = self.coefficients - mean if self.restricted else np.zeros(K)
        moved = self.cov01 + shift[:, None] * self.cov11  # [k, l] multiplies delta_l
        level = self.cov00 + self.cov01 * shift + np.swapaxes(self.cov01, 1, 2) * shift[:, None]
        level = level + self.cov11 * np.outer(shift, shift)

        def total(x: Floats) -> Floats:
            return np.asarray(x.sum(axis=(1, 2))[:, None, None] / K**2)

        return replace(
            self,
            coefficients=np.array([mean]),
            covariance=np.array([[self.covariance.sum() / K**2]]),
            null=np.array([float(self.null.mean())]),
            slope0=(self.slope0 + shift * self.slope1).mean(axis=1, keepdims=True),
            slope1=self.slope1.mean(axis=1, keepdims=True),
            cov00=total(level),
            cov01=total(moved),
            cov11=total(self.cov11),
            undefined=np.array([int(self.undefined.max())]),
        )

    def equality_p(self) -> float:
        """p-value of "the K slopes are equal": the largest |slope - mean slope| / CR1 standard error, by the draws.

        The null takes the mean slope as the common value.
        """
        K = len(self.null)
        if K < 2:
            raise SpecError("Equality needs at least two dimensions.")
        R = np.eye(K) - 1.0 / K
        delta = self.coefficients - self.coefficients.mean() if self.restricted else np.zeros(K)
        cross = self.cov01 * delta
        covariance = self.cov00 + cross + np.swapaxes(cross, 1, 2) + self.cov11 * np.outer(delta, delta)
        drawn = _ratio((self.slope0 + delta * self.slope1) @ R, np.einsum("kl,blm,km->bk", R, covariance, R))
        observed = _ratio(R @ self.coefficients, np.einsum("kl,lm,km->k", R, self.covariance, R))
        largest = np.max(np.abs(drawn), axis=1, keepdims=True)
        return float(p_values([np.max(np.abs(observed))], largest, exact=self.exact)[0])


def polynomials(slopes: Floats, scores: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The polynomials of b draws, from slopes (2, b, K) and cluster scores (2, b, K, G): the constant, then delta's."""
    S0, S1 = scores
    S0t, S1t = np.swapaxes(S0, 1, 2), np.swapaxes(S1, 1, 2)
    return slopes[0], slopes[1], S0 @ S0t, S0 @ S1t, S1 @ S1t


def joined(blocks: Iterable[tuple[Any, ...]], total: int, label: str) -> tuple[Any, ...]:
    """Put the blocks of a run together, array by array, as they are made under a bar; ``total`` counts rows."""
    return tuple(np.concatenate(part) for part in zip(*progress(blocks, total, label, rows), strict=True))


def studentised(
    coefficients: Floats,
    covariance: Floats,
    terms: Sequence[Floats],
    *,
    count: int,
    exact: bool,
    null: ArrayLike = 0.0,
    restricted: bool = True,
    none: Bools | None = None,
) -> StudentisedDraws:
    """Draws from their polynomials (``terms``), of a design of ``count`` distinct ones; ``none``: without a slope."""
    K = len(coefficients)
    given = np.broadcast_to(np.asarray(null, dtype=float), (K,)).copy()
    undefined = np.zeros(K, dtype=np.int64) if none is None else none.sum(axis=0)
    size = float(min(count, 10**300))
    a, b, c00, c01, c11 = terms
    return StudentisedDraws(coefficients, covariance, given, a, b, c00, c01, c11, restricted, exact, size, undefined)


def check_covariance(covariance: Floats, fits: Sequence[WithinFit]) -> None:
    """Refuse equations whose first standard error is nothing but rounding beside |z| |y| / z'z."""
    for k, (variance, fit) in enumerate(zip(np.diag(covariance), fits, strict=True)):
        explained = fit.regressors @ fit.coefficients
        if variance <= 1e-20 * fit.bread[0, 0] * (explained @ explained + fit.residuals @ fit.residuals):
            raise SpecError(
                "{dimension} leaves no error to measure (an exact fit, or two units only), so it has no t statistic. "
                "Use more units, or leave it out.",
                dimension=PLACES["dimension"](place=k),
            )


def _ratio(value: Floats, variance: Floats) -> Floats:
    """The ratio value / sqrt(variance), 0 where both vanish, infinite where only the variance does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = value / np.sqrt(np.maximum(variance, 0.0))
    return np.where(np.isnan(t), 0.0, t)


def _last_kept(rejected: Callable[[Floats], Bools], step: Floats) -> Floats:
    """The farthest value in the direction of ``step`` (K,) that is not rejected, infinite if they never end."""
    kept = np.array([~rejected(multiple * step) for multiple in GRID])  # (m, K)
    multiples = np.array([0.0, *GRID])
    last = np.where(kept.any(axis=0), len(GRID) - np.argmax(kept[::-1], axis=0), 0)
    inside, outside = multiples[last], multiples[np.minimum(last + 1, len(GRID))]
    for _ in range(35):
        middle = (inside + outside) / 2
        out = rejected(middle * step)
        inside, outside = np.where(out, inside, middle), np.where(out, middle, outside)
    return np.where(last == len(GRID), np.inf, outside) * step
