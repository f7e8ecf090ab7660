"""From statistics to p-values: one hypothesis or a whole family, by counting draws.

Everywhere ``observed`` is (K,), ``draws`` is (B, K), both two-sided (their absolute values are compared). ``exact``
says that the draws are all that the design can give, the realised one among them; otherwise they are a sample and
the realised one is added, so that p is (count + 1) / (B + 1) and never zero (Davison & Hinkley 1997, eq. 4.11).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from papi_analysis.errors import SpecError

Floats = NDArray[np.float64]

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


def check_level(level: float) -> float:
    """Give back a level strictly between 0 and 1, or raise SpecError."""
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise SpecError(f"level is {level!r}; it must lie between 0 and 1, for instance 0.95.")
    return float(level)


def check_count(draws: int) -> int:
    """Give back a number of draws of at least 1, or raise SpecError."""
    if not isinstance(draws, int | float | np.number) or not (1 <= draws < np.inf and int(draws) == draws):
        raise SpecError(f"draws is {draws}; ask for a whole number of at least 1, for instance 9999.")
    return int(draws)


def counts(observed: ArrayLike, draws: ArrayLike, *, strict: bool = False) -> NDArray[np.int64]:
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
