"""From statistics to p-values: one hypothesis or a whole family, by counting draws.

Everywhere ``observed`` is (K,), ``draws`` is (B, K), both two-sided (their absolute values are compared). ``exact``
says that the draws are all that the design can give, the realised one among them; otherwise they are a sample and
the realised one is added, so that p is (count + 1) / (B + 1) and never zero (Davison & Hinkley 1997, eq. 4.11).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import SpecError

#: Draws within this share of the observed statistic are ties: mirrored or repeated assignments differ by rounding.
TIE = 1e-9
#: Draws unless told otherwise.
USUAL = 9999
#: Fewest draws that are taken without being asked for: p-values go down to 1/200.
LEAST = 199
#: Numbers that all placebos together may read unless told otherwise.
WORK = 3e9


def usual_draws(numbers: int) -> int:
    """Draws of a run in which each reads so many numbers: 9,999, in very large panels fewer, never below 199.

    >>> usual_draws(20_000), usual_draws(1_000_000), usual_draws(10**9)
    (9999, 3000, 199)
    """
    return max(LEAST, min(USUAL, int(WORK // max(numbers, 1))))


#: Where the ends of intervals and detectable effects are sought, in standard errors; the last stands for infinity.
GRID = (*(0.25 * 1.35 ** np.arange(30)), 1e6)

#: How often a detectable effect is found.
POWER = 0.8


def check_level(level: float) -> float:
    """Give back a level strictly between 0 and 1, or raise SpecError."""
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise SpecError("level is {level!r}; it must lie between 0 and 1, for instance 0.95.", level=level)
    return float(level)


def check_count(draws: int) -> int:
    """Give back a number of draws of at least 1, or raise SpecError."""
    if not isinstance(draws, int | float | np.number) or not (1 <= draws < np.inf and int(draws) == draws):
        raise SpecError("draws is {draws}; ask for a whole number of at least 1, for instance 9999.", draws=draws)
    return int(draws)


def counts(observed: ArrayLike, draws: ArrayLike, *, strict: bool = False) -> Ints:
    """How many draws reach the observed statistic (``strict``: pass it), with a tolerance for ties; (K,).

    >>> counts([2.0], [[2.0], [-2.0], [1.0], [3.0]]).tolist(), counts([2.0], [[2.0], [3.0]], strict=True).tolist()
    ([3], [1])
    """
    size, reached = np.abs(np.asarray(draws, dtype=float)), np.abs(np.asarray(observed, dtype=float))
    hits = size > reached * (1 + TIE) if strict else size >= reached * (1 - TIE)
    return np.asarray(np.sum(hits, axis=0), dtype=np.int64)


def p_values(observed: ArrayLike, draws: ArrayLike, *, exact: bool) -> Floats:
    """Two-sided p-values (K,), each dimension by itself.

    >>> p_values([2.0], [[2.0], [-2.0], [1.0], [3.0]], exact=True).tolist()
    [0.75]
    """
    extra = 0 if exact else 1
    return np.asarray((counts(observed, draws) + extra) / (len(np.asarray(draws)) + extra), dtype=float)


def step_down(observed: ArrayLike, draws: ArrayLike, *, exact: bool) -> Floats:
    """Step-down max-T adjusted p-values (K,): the chance of a false alarm anywhere in the family.

    The largest statistic is compared with the maximum over all K, the next with the maximum over the rest, and so
    on; a p-value never falls below the one before it (Romano & Wolf 2005; Westfall & Young 1993,
    step-down max-T). The rows of ``draws`` must be joint: one draw, all dimensions.

    >>> step_down([3.0, 1.0], [[3.0, 1.0], [0.5, 2.0], [0.1, 0.2], [0.3, 0.4]], exact=True).tolist()
    [0.25, 0.5]
    """
    reached, size = np.abs(np.asarray(observed, dtype=float)), np.abs(np.asarray(draws, dtype=float))
    order = np.argsort(-reached, kind="stable")
    # The maximum over a hypothesis and all those that come after it in the order.
    maxima = np.maximum.accumulate(size[:, order[::-1]], axis=1)[:, ::-1]
    stepwise = np.maximum.accumulate(p_values(reached[order], maxima, exact=exact))
    adjusted = np.empty_like(stepwise)
    adjusted[order] = stepwise
    return adjusted


def largest_rank(draws: int, level: float, *, exact: bool) -> int:
    """How many draws may reach a statistic that the test at this level does not reject; 0 where it never rejects.

    The smallest count whose p-value exceeds 1 - level: values are inside an interval while at least so many draws
    reach them.
    """
    share = 1 - check_level(level)
    if exact:
        return int(np.floor(share * draws + 1e-9)) + 1
    return int(np.floor(share * (draws + 1) + 1e-9))


def critical_value(draws: ArrayLike, level: float, *, exact: bool) -> float:
    """Single-step max-T critical value: estimate ± it times the standard error covers all K at once.

    Infinite where the design cannot reject at this level. ``draws`` (B, K); one column gives the usual value.

    >>> critical_value([[1.0, 4.0], [2.0, 0.0], [0.0, -3.0], [1.0, 1.0]], 0.5, exact=True)
    2.0
    """
    maxima = np.max(np.abs(np.asarray(draws, dtype=float)), axis=1)
    rank = largest_rank(len(maxima), level, exact=exact)
    return float(np.sort(maxima)[-rank]) if rank else float("inf")


def attainable(draws: ArrayLike) -> list[Floats]:
    """The p-values that each dimension can give when ``draws`` (B, K) are all there is, rising, ties together."""
    found = []
    for column in np.abs(np.asarray(draws, dtype=float)).T:
        ordered = np.sort(column)[::-1]
        last = np.append(ordered[1:] < ordered[:-1] * (1 - TIE), True)  # the last of each group of ties
        found.append((np.flatnonzero(last) + 1) / len(ordered))
    return found


def holm(p: ArrayLike) -> Floats:
    """Holm (1979) adjusted p-values (K,), for comparison: needs no joint draws, and loses power for it.

    >>> holm([0.01, 0.04, 0.03]).round(12).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def detectable_effect(
    study: Callable[[Floats], Floats],
    test: Callable[[Floats], Floats],
    step: Floats,
    level: float,
    *,
    exact: bool,
    jointly: bool = False,
) -> Floats:
    """The smallest effects (K,) that a design finds four times in five at this level; infinite where it never does.

    An effect e is put into the draws. A study that nothing moved shows the estimate of some draw; with the effect it
    shows that estimate plus e, over the error of that draw: ``study(e)`` (S, K), absolute values. Its test compares it
    with draws of scores that hold e in the treated cells, which show as much of e as they share of these cells:
    ``test(e)`` (B, K), absolute values, infinite for the study itself. Found is what gives p <= 1 - level, counted over
    the draws and over both signs of e.

    ``jointly``: all dimensions move, each by its own such effect. A joint p steps down: the first that is found is
    compared with all the others, the last with itself only. The share is the mean of the two; where a dimension moves
    alone, always compared with all, it is found about one time in ten less often.

    Parameters
    ----------
    study, test
        Functions of the effects (K,), of either sign.
    step
        Standard errors (K,), in which the effects are sought.
    level, exact
        As for ``largest_rank``.
    jointly
        Whether by the joint p over the K dimensions, instead of each one's own.

    Examples
    --------
    >>> noise = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])
    >>> detectable_effect(lambda e: np.abs(noise + e), lambda e: np.abs(noise), np.ones(1), 0.5, exact=False).round(3)
    array([2.])

    """
    draws = len(test(np.zeros_like(step)))
    rank = largest_rank(draws, level, exact=exact)
    if not rank:
        return np.full(step.shape, np.inf)
    beside = [np.zeros((draws, len(step)))]
    if jointly:
        beside.append(largest_of_others(test(np.zeros_like(step))))

    def found(e: Floats) -> Bools:
        shares = []
        for effect in (e, -e):
            shown, size = study(effect), test(effect)
            for others in beside:
                critical = np.partition(np.maximum(size, others), draws - rank, axis=0)[draws - rank]
                shares.append((shown > critical * (1 + TIE)).mean(axis=0))
        return np.asarray(np.mean(shares, axis=0) >= POWER - 1e-12)

    missed, hit = np.zeros_like(step), np.full(step.shape, np.inf)
    for multiple in GRID:
        reached = found(multiple * step) & np.isinf(hit)
        missed, hit = np.where(np.isinf(hit) & ~reached, multiple, missed), np.where(reached, multiple, hit)
        if np.isfinite(hit).all():
            break
    for _ in range(16):
        middle = np.where(np.isinf(hit), missed, (missed + hit) / 2)
        reached = found(middle * step)
        missed, hit = np.where(reached, missed, middle), np.where(reached & np.isfinite(hit), middle, hit)
    return np.asarray(hit * step)


def spread_with(draws: Floats, responses: Floats) -> Callable[[Floats], Floats]:
    """The standard deviation (K,) of draws + e * responses (B, K), as a function of e (K,): the root of a parabola.

    >>> spread_with(np.array([[0.0], [2.0]]), np.array([[1.0], [0.0]]))(np.array([1.0]))
    array([0.5])
    """
    a, b = draws - draws.mean(axis=0), responses - responses.mean(axis=0)
    aa, ab, bb = ((x * y).mean(axis=0) for x, y in ((a, a), (a, b), (b, b)))
    return lambda e: np.sqrt(np.maximum(aa + e * (2 * ab + e * bb), 0.0))


def largest_of_others(size: Floats) -> Floats:
    """For each column the maximum over the other columns, (B, K); 0 where there is one column."""
    if size.shape[1] == 1:
        return np.zeros_like(size)
    return np.column_stack([np.delete(size, k, axis=1).max(axis=1) for k in range(size.shape[1])])


def standardised_mean(observed: ArrayLike, draws: ArrayLike, *, exact: bool) -> float:
    """p-value of one statistic for the whole family: the mean of its K statistics, each in its own errors.

    The same draws judge it, by rank. It gives quiet dimensions their due: an equal effect in all dimensions is found in
    93% of panels where the plain mean finds it in 83%, one in the noisiest dimension alone in 14% against 33%
    (``benchmarks/validation/power.csv``). It is one test, chosen before anything is looked at: whoever picks it, the
    plain mean or a dimension after looking has made three.

    >>> standardised_mean([2.0, 2.0], [[2.0, 2.0], [3.0, -3.0], [-1.0, -2.0], [0.0, 1.0]], exact=True)
    0.25
    """
    pooled = np.asarray(draws, dtype=float).mean(axis=1, keepdims=True)
    return float(p_values([np.mean(np.asarray(observed, dtype=float))], pooled, exact=exact)[0])


def turning_odds(p: ArrayLike, size: float = 0.05) -> Floats:
    """How many times as likely one assignment would have to be as another for the verdict of a rank to turn.

    Where p <= size, the largest odds up to which it stays there whoever was likelier; where p > size, the smallest odds
    from which on it could have been below (Rosenbaum 2002, ch. 4; Firpo & Possebom 2018, eqs 7-9). Missing stays
    missing.

    >>> turning_odds([0.02, 0.5]).round(2).tolist()
    [2.58, 19.0]
    """
    p = np.asarray(p, dtype=float)
    with np.errstate(divide="ignore"):
        ratio = size / (1 - size) * (1 - p) / p
        return np.asarray(np.where(p <= size + 1e-12, np.maximum(ratio, 1.0), 1 / ratio))
