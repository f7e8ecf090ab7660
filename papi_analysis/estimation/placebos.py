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
from functools import partial
from itertools import chain

import numpy as np

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.assignments import Assignments, followers, possible_assignments
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
from papi_analysis.estimation.draws import joined
from papi_analysis.estimation.multiplicity import check_count
from papi_analysis.estimation.placebo_draws import Placebos

#: Weights (sets of units x units x dimensions) in one block: 32 MB.
BLOCK = 4_000_000

ALONE = Note(
    "no unit shares its stratum with a treated one, so the programme could not have fallen on another. Join strata, or "
    "leave strata out."
)


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
    scores, responses, paths, path_responses, fits, units = joined(
        map(run, chain([design.units[None]], blocks)), 1 + others, "placebo sets"
    )
    recorded = design.Y[design.eligible][:, design.pre(int(design.starts.max()))]
    flat = np.std(scores, axis=0) <= 1e-12 * np.abs(recorded).max(axis=(0, 1))
    if flat.any():
        raise SpecError(
            "Dimension {flat} shows no gap in any reassignment; leave it out.", flat=int(np.flatnonzero(flat)[0])
        )
    return Placebos(
        scores,
        responses,
        paths,
        path_responses,
        fits,
        units,
        exact=exact,
        size=float(min(count, 10**300)),
        spread_before=np.std(recorded, axis=(0, 1)),
        since=since_start(design),
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
        yield followers(source)[:, design.units]


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
