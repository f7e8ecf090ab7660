"""Placebos: the same gap for every other way in which the programme could have fallen on the units.

The estimator is run again for each reassignment of the programmes over the eligible units. Under the null of a
constant gap b0, taken out of the treated units' programme years, every reassignment is as good as the realised one,
and p is a rank among them. For intervals, weights stay as fitted to the recorded scores, so that a statistic is linear
in b0: a placebo that puts weight w on the one treated unit rises by w b0. That is exact where there is a single start
and weights of donors look at the years before alone, as in the lagged-outcome adjustment, difference in differences,
synthetic control and common weights. Where starts differ, the years before of a late start hold programme years of an
early one, and all methods but difference in differences are approximate. The year weights of synthetic difference in
differences also look at programme years: fitting them again for each b0 moves the ends of its 90% intervals on the
PAPI scores by less than 0.05.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.assignments import Assignments, possible_assignments
from papi_analysis.estimation.counterfactuals import (
    Estimator,
    average,
    by_since_start,
    difference_in_differences,
    equal_gaps,
    find_estimator,
    match,
    mean_gaps,
    since_start,
    weighted_gaps,
)
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.multiplicity import (
    attainable,
    check_count,
    check_level,
    detectable_effect,
    largest_rank,
    p_values,
    standardised_mean,
    step_down,
)
from papi_analysis.progress import progress, rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Weights (sets of units x units x dimensions) in one block: 32 MB.
BLOCK = 4_000_000

#: A gap before the programme below this share of the scores' own spread is an exact fit.
EXACT = 1e-6

#: A treated unit that fits worse than all but this share of placebos fits poorly.
POOR = 0.1

ALONE = Note(
    "no unit shares its stratum with a treated one, so the programme could not have fallen on another. Join strata, or "
    "leave strata out."
)


@dataclass(frozen=True, eq=False)
class Placebos:
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
    programme_years: Bools  # (E,): those in which a treated unit's gap counts

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
    def p(self) -> Floats:
        """Two-sided p-values (K,): the rank of the realised statistic, each dimension by itself."""
        return p_values(self.coefficients / self.standard_errors, self.draws, exact=self.exact)

    @property
    def p_joint(self) -> Floats:
        """Step-down max-T p-values (K,) over the dimensions.

        Romano & Wolf (2005); for placebo tests of several outcomes Firpo & Possebom (2018, eqs 23-24).
        """
        return step_down(self.coefficients / self.standard_errors, self.draws, exact=self.exact)

    def standardised_mean_p(self) -> float:
        """p-value of the mean of the K gaps, each in spreads: its rank."""
        return standardised_mean(self.coefficients / self.standard_errors, self.draws, exact=self.exact)

    @property
    def floor(self) -> Floats:
        """The smallest p-value that this design can give (K,)."""
        if self.exact:
            return np.array([values[0] for values in attainable(self.draws)])
        return np.full(self.scores.shape[1], self._step)

    def attainable_size(self, level: float = 0.95) -> Floats:
        """The largest false-alarm rate at or below 1 - level that can be attained (K,), 0 where there is none."""
        share = 1 - check_level(level) + 1e-12
        if not self.exact:
            return np.full(self.scores.shape[1], np.floor(share / self._step) * self._step)
        return np.array([values[values <= share].max(initial=0.0) for values in attainable(self.draws)])

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

        def spread(effect: Floats) -> Floats:
            return np.asarray(np.std(noise + effect * self.responses, axis=0))

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
        columns = (self.scores, self.responses, self.paths, self.path_responses)
        scores, responses, paths, path_responses = (value.mean(axis=-1, keepdims=True) for value in columns)
        return replace(
            self,
            scores=scores,
            responses=responses,
            paths=paths,
            path_responses=path_responses,
            fits=np.sqrt((self.fits**2).mean(axis=1, keepdims=True)),
            spread_before=np.sqrt((self.spread_before**2).mean(keepdims=True)),
        )

    def year(self, since: int) -> Placebos:
        """The gap so many years after the start (0 for the first programme year) instead of their mean."""
        if since not in self.since[self.programme_years]:
            raise SpecError(
                f"{since} is no programme year; choose one of {self.since[self.programme_years]}, counted from the "
                "start."
            )
        return self.at(since)

    def at(self, since: int) -> Placebos:
        """The gap of one year, counted from the start, before it (negative) or after."""
        e = int(np.flatnonzero(self.since == since)[0])
        only = self.since == since
        return replace(self, scores=self.paths[:, e], responses=self.path_responses[:, e], programme_years=only)

    @property
    def drawn(self) -> slice:
        """The rows that count as draws: all with the realised one, or a sample beside it."""
        return slice(0 if self.exact else 1, None)

    @property
    def _step(self) -> float:
        """The grid of p-values of a sample, or of the design where that is coarser."""
        return max(1 / len(self.scores), 1 / self.size)

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


def placebos(
    design: Design,
    estimator: str | Estimator = "lagged_outcome",
    *,
    treated_as_donor: bool = True,
    strata: Ints | None = None,
    draws: int = 999,
    rng: int | np.random.Generator = 0,
) -> Placebos:
    """Run an estimator for the realised programme and for its reassignments over treated units and donors.

    With one treated unit each eligible unit takes its place once; with several, sets of units do (in order where
    starts differ). Where there are more than ``draws``, the realised programme stands beside a random sample of so
    many: p is then (1 + those that reach it) / (1 + draws). Weights are kept by the block and thrown away, so memory
    does not grow with the number of sets beyond their paths. A long run shows a bar.

    Parameters
    ----------
    design : Design
        Who has the programme, and when.
    estimator : str or function
        A name in ``ESTIMATORS`` or a function like those.
    treated_as_donor : bool
        Whether a placebo may use a truly treated unit as a donor like any other. Only then do all rows choose from
        equally many donors by the same rule, so that a rank is exact under the null. Leaving it out keeps the
        programme out of the placebos' counterfactuals, at the price of one donor fewer than the treated unit has.
    strata : (N,) int, optional
        A code for each unit: programmes are reassigned among units with the same code.
    draws : int
        Most reassignments.
    rng : int or numpy Generator
        Ignored when all reassignments are used.

    Raises
    ------
    SpecError
        A dimension in which no reassignment shows a gap; an unknown estimator; strata in which nothing can move.

    Examples
    --------
    >>> from papi_analysis.estimation.designs import programme_design
    >>> Y = np.array([[1.0, 1, 5], [2, 2, 3], [0, 1, 1], [4, 4, 5]])[:, :, None]
    >>> result = placebos(programme_design(Y, 0, 2), "did")
    >>> result.scores[:, 0].round(3).tolist(), result.p.tolist(), result.floor.tolist()
    ([3.167, -0.833, -1.5, -0.833], [0.25], [0.25])

    """
    years = np.arange(design.Y.shape[1])
    treated = np.zeros(design.Y.shape[:2])
    treated[design.units] = years >= design.starts[:, None]
    rule = find_estimator(estimator)
    count, blocks = _reassignments(design, treated, strata, check_count(draws), _block(design, rule), rng)
    exact = count <= draws
    run = partial(_run, design, rule, treated=treated, treated_as_donor=treated_as_donor)
    others = count - 1 if exact else draws
    found = progress(map(run, chain([design.units[None]], blocks)), 1 + others, "placebo sets", rows)
    scores, responses, paths, path_responses, fits, units = (np.concatenate(part) for part in zip(*found, strict=True))
    recorded = design.Y[design.eligible][:, design.pre(int(design.starts.max()))]
    flat = np.std(scores, axis=0) <= 1e-12 * np.abs(recorded).max(axis=(0, 1))
    if flat.any():
        raise SpecError(f"Dimension {int(np.flatnonzero(flat)[0])} shows no gap in any reassignment; leave it out.")
    return Placebos(
        scores=scores,
        responses=responses,
        paths=paths,
        path_responses=path_responses,
        fits=fits,
        units=units,
        exact=exact,
        size=float(min(count, 10**300)),
        spread_before=np.std(recorded, axis=(0, 1)),
        since=since_start(design),
        programme_years=_programme_years(design),
    )


def _block(design: Design, rule: Estimator) -> int:
    """Sets in one block: each needs a weight for every pair of units, or with equal weights a path of every unit."""
    N, T, K = design.Y.shape
    m = len(design.units)
    return max(1, BLOCK // int(max(m * T * K, N) if rule is difference_in_differences else m * N * K))


def _reassignments(
    design: Design, treated: Floats, strata: Ints | None, draws: int, step: int, rng: int | np.random.Generator
) -> tuple[int, Iterator[Ints]]:
    """How many there are with the realised one, and blocks (up to step, m) of who has the programme in the others."""
    generator = np.random.default_rng(rng)
    others = design.eligible & ~np.isin(np.arange(len(design.Y)), design.units)
    if strata is not None:
        others &= np.isin(strata, strata[design.units])
    if not others.any():
        raise SpecError(ALONE)
    if len(design.units) == 1:
        takers = np.flatnonzero(others)
        if len(takers) >= draws + 1:
            chosen = np.sort(takers[np.argsort(generator.random(len(takers)))[:draws]])
            return len(takers) + 1, _cut(chosen, step)
        return len(takers) + 1, _cut(takers, step)
    possible = possible_assignments(treated[:, :, None], among=design.eligible, strata=strata)
    return possible.count, _sets(design, possible, draws, step, generator)


def _cut(units: Ints, step: int) -> Iterator[Ints]:
    for start in range(0, len(units), step):
        yield units[start : start + step, None]


def _sets(
    design: Design, possible: Assignments, draws: int, step: int, generator: np.random.Generator
) -> Iterator[Ints]:
    """Sets of units: all but the realised one, or a sample of all."""
    every = np.arange(len(design.Y))
    for source in possible.blocks(draws, step, generator):
        if possible.count <= draws:
            source = source[(source != every).any(axis=1)]
        follower = np.empty_like(source)  # the inverse: which unit follows the trajectory of each
        np.put_along_axis(follower, source, np.broadcast_to(every, source.shape), axis=1)
        yield follower[:, design.units]


def _run(
    design: Design, rule: Estimator, places: Ints, *, treated: Floats, treated_as_donor: bool
) -> tuple[Floats, Floats, Floats, Floats, Floats, Ints]:
    """Statistics, responses, paths, their responses, fits before, and units, of b sets of units ``places`` (b, m)."""
    b, m = places.shape
    _, T, K = design.Y.shape
    donors = np.repeat((design.eligible if treated_as_donor else design.donors)[None], b, axis=0)
    np.put_along_axis(donors, places, False, axis=1)
    before = np.array([design.pre(int(start)) for start in design.starts])[None, :, :, None]
    everywhere = np.repeat(treated[:, :, None], K, axis=2)
    if rule is difference_in_differences and design.groups is None:  # donors by the set, not by the unit
        gaps, shown = (equal_gaps(design, Y, places, donors) for Y in (design.Y, everywhere))
        free = np.ones((b, m, 1, K), dtype=bool)
    else:
        units, starts = places.ravel(), np.tile(design.starts, b)
        found, weights = match(design, units, starts, np.repeat(donors, m, axis=0), rule)
        gaps = found.reshape(b, m, T, K)
        shown = weighted_gaps(everywhere, units, weights).reshape(b, m, T, K)
        free = (weights.years != 0).any(axis=1).reshape(b, m, 1, K)  # a constant was free
    mean = np.where(before, gaps, 0.0).sum(axis=2, keepdims=True) / before.sum(axis=2, keepdims=True)
    centre = np.where(free, mean, 0.0)
    return (
        mean_gaps(design, gaps, places),
        mean_gaps(design, shown, places),
        by_since_start(design, gaps, places),
        by_since_start(design, shown, places),
        np.sqrt(average(design, (gaps - centre) ** 2, places, before, (1, 2))),
        places,
    )


def _programme_years(design: Design) -> Bools:
    """Years since the start (E,) in which the gap of some treated unit counts."""
    since = since_start(design)
    return np.asarray((since >= 0) & (since <= design.end - int(design.starts.min())))
