"""Gaps of a programme and of its placebos, and the tests and intervals that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.estimation.draws import Ranked
from papi_analysis.estimation.multiplicity import detectable_effect, largest_rank, spread_with

#: A gap before the programme below this share of the scores' own spread is an exact fit.
EXACT = 1e-6

#: A treated unit that fits worse than all but this share of placebos fits poorly.
POOR = 0.1


@dataclass(frozen=True, eq=False)
class Placebos(Ranked):
    """Gaps of the realised programme and of its reassignments, and the inference that follows; row 0 is realised.

    Statistics are mean gaps over the programme years of the units that have the programme in a row. For tests they are
    divided by their spread over all rows, per dimension and not by how well each fits before: exact fits would make
    such ratios explode. The spread is the same whoever was treated, so the joint test stays exact.

    ``scores`` are the statistics, and ``responses`` how much of a constant gap b0 of the treated units each of them
    shows (1 in row 0). ``paths`` are mean gaps by years ``since`` the start over the units of a row that have such a
    year, and ``path_responses`` go with them. ``fits`` are root mean squared gaps before the programme, net of their
    mean where a constant was free. With ``exact`` the rows are all ``size`` reassignments that there are, otherwise
    those below row 0 are a sample.
    """

    scores: Floats  # (B, K), in points of the scores
    responses: Floats  # (B, K)
    paths: Floats  # (B, E, K)
    path_responses: Floats  # (B, E, K)
    fits: Floats  # (B, K)
    units: Ints  # (B, m): who has the programme in each row
    exact: bool
    size: float
    spread_before: Floats  # (K,): standard deviation of the eligible units' scores before
    since: Ints  # (E,): years since the start, negative before

    @property
    def coefficients(self) -> Floats:
        """Mean gap of the treated units (K,)."""
        return np.asarray(self.scores[0])

    @property
    def standard_errors(self) -> Floats:
        """Spread of the statistic over all rows (K,): its standard deviation were the programme placed at random."""
        return np.asarray(np.std(self.scores, axis=0))

    @property
    def draws(self) -> Floats:
        """Statistics in spreads (B, K): of all reassignments, or of the sample."""
        return np.asarray(self.scores[self.drawn] / self.standard_errors)

    @property
    def observed(self) -> Floats:
        """The realised statistic in spreads (K,)."""
        return np.asarray(self.coefficients / self.standard_errors)

    def interval(self, level: float = 0.95, *, simultaneous: bool = False) -> Floats:
        """Interval (K, 2) of constant gaps that are not rejected at this level.

        Each reassignment reaches the realised statistic for null values between two crossing points, on both sides of
        the estimate; an end is where too few still do. ``simultaneous`` covers all K at once (single-step max-T, the
        other dimensions at their estimates). Infinite where the design cannot reject.
        """
        rank = largest_rank(len(self.draws), level, exact=self.exact)
        s, r, own = self.scores[self.drawn], self.responses[self.drawn], self.coefficients
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.stack([(own - s) / (1 - r), (own + s) / (1 + r)])
        bounded = np.abs(r) < 1  # a row that responds like the treated one reaches it at every null value
        low = np.where(bounded, crossings.min(axis=0), -np.inf)
        high = np.where(bounded, crossings.max(axis=0), np.inf)
        if simultaneous and len(own) > 1:
            reach = self._reach_of_others()[:, self.drawn]
            low, high = np.minimum(low, own + reach[0]), np.maximum(high, own + reach[1])
        if not rank:
            return np.repeat([[-np.inf, np.inf]], len(own), axis=0)
        return np.column_stack([np.sort(low, axis=0)[rank - 1], np.sort(high, axis=0)[-rank]])

    def detectable(self, level: float = 0.95, *, jointly: bool = False) -> Floats:
        """The gap (K,) that this design would have told from none four times in five at this level.

        By each dimension's own p, or ``jointly``: see ``multiplicity.detectable_effect``. Without the treated units'
        own part each placebo is a study without an effect. Infinite where the design cannot reject.
        """
        noise = self.scores - self.coefficients * self.responses  # row 0 is zero
        spread = spread_with(noise, self.responses)

        def test(effect: Floats) -> Floats:
            size = np.abs(noise + effect * self.responses) / spread(effect)
            size[0] = np.inf
            return np.asarray(size[self.drawn])

        return detectable_effect(
            lambda effect: np.abs(noise[1:] + effect) / spread(effect),
            test,
            self.standard_errors,
            level,
            exact=self.exact,
            jointly=jointly,
        )

    @property
    def fit(self) -> Floats:
        """Root mean squared gap of the treated units before the programme (K,)."""
        return np.asarray(self.fits[0])

    @property
    def fit_rank(self) -> Floats:
        """Share of rows that fit no better than the realised one (K,)."""
        return np.asarray((self.fits >= self.fits[0] * (1 - 1e-9)).mean(axis=0))

    @property
    def exact_fit(self) -> Bools:
        """Dimensions (K,) in which nothing is left before the programme: the fit says nothing about what follows."""
        return self.fit <= EXACT * self.spread_before

    @property
    def poor_fit(self) -> Bools:
        """Dimensions (K,) in which the treated units fit worse before than nine in ten placebos."""
        return np.asarray((self.fit_rank <= POOR) & ~self.exact_fit)

    def mean(self) -> Placebos:
        """The plain mean of the dimensions as one column; the null is one gap for all."""
        columns = ("scores", "responses", "paths", "path_responses")
        return replace(
            self,
            **{name: getattr(self, name).mean(axis=-1, keepdims=True) for name in columns},
            fits=np.sqrt((self.fits**2).mean(axis=1, keepdims=True)),
            spread_before=np.sqrt((self.spread_before**2).mean(keepdims=True)),
        )

    def at(self, since: int) -> Placebos:
        """The gap of one year, counted from the start, before it (negative) or after, instead of their mean."""
        e = int(np.flatnonzero(self.since == since)[0])
        return replace(self, scores=self.paths[:, e], responses=self.path_responses[:, e])

    @property
    def drawn(self) -> slice:
        """The rows that count as draws: all with the realised one, or a sample beside it."""
        return slice(0 if self.exact else 1, None)

    def _reach_of_others(self) -> Floats:
        """How far below and above the estimate each row's other dimensions exceed the realised statistic (2, B, K).

        With L the row's largest statistic in the other dimensions, at their estimates, x = estimate - b0 is exceeded
        while |x| <= L spread(x). The spread holds x itself among its B values: its square is a parabola in x.
        """
        noise = self.scores - self.coefficients * self.responses  # row 0 is zero
        B, K = noise.shape
        size = np.abs(noise) / np.std(noise, axis=0)
        L2 = np.column_stack([np.delete(size, k, axis=1).max(axis=1) for k in range(K)]) ** 2
        curved, tilted = 1 - L2 * (B - 1) / B**2, L2 * noise.sum(axis=0) / B**2
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(tilted**2 + curved * L2 * np.var(noise, axis=0))
            ends = np.stack([(tilted - root) / curved, (tilted + root) / curved])
        return np.where(curved > 0, ends, np.array([-np.inf, np.inf])[:, None, None])
