"""Who has a programme, since when, which years come before, and which units may stand for what would have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import SpecError


class Weights(NamedTuple):
    """What an estimator chooses for m units; zero where a donor or a year has no part."""

    donors: Floats  # (m, N, K)
    years: Floats  # (m, T, K)


@dataclass(frozen=True, eq=False)
class Design:
    """Who has the programme, since when, and who may stand for what would have been.

    Attributes
    ----------
    Y
        Scores (N, T, K); complete for treated units and donors in every year that is used.
    units
        The m treated units, as places on the first axis.
    starts
        The first year of the programme of each (m,), as places on the second axis.
    end
        The last year whose gap counts.
    before
        Years (T,) that may serve as years before; those from a unit's start on never do.
    donors
        Units (N,) that may be donors, without a programme.
    weights
        How much each unit (N,) counts, as a donor and where treated units are averaged; the same unless given.
    groups
        A code for each unit (N,) where donors are taken from a unit's own group alone.
    after
        Years (T,) of the programme whose gaps are averaged; all of them unless given.

    Examples
    --------
    >>> Y = np.array([[1.0, 1, 5], [2, 2, 3], [0, 1, 1], [4, 4, 5]])[:, :, None]
    >>> design = programme_design(Y, 0, 2)
    >>> design.pre(2).tolist(), design.eligible.tolist()
    ([True, True, False], [True, True, True, True])

    """

    Y: Floats
    units: Ints
    starts: Ints
    end: int
    before: Bools
    donors: Bools
    weights: Floats | None = None
    groups: Ints | None = None
    after: Bools | None = None

    @property
    def eligible(self) -> Bools:
        """Units (N,) that take part: treated units and donors."""
        return self.donors | np.isin(np.arange(len(self.Y)), self.units)

    def counted(self, donors: Bools, units: Ints) -> NDArray[np.generic]:
        """What stands for the donors (m, N) of units (m,): their weights where units have any, in their own groups."""
        kept = donors if self.groups is None else donors & (self.groups[units][:, None] == self.groups)
        return kept if self.weights is None else kept * self.weights

    def pre(self, start: int) -> Bools:
        """The years before (T,) of a unit that starts then."""
        return self.before & (np.arange(self.Y.shape[1]) < start)

    def post(self, start: int) -> Bools:
        """The years after (T,) whose gaps are averaged, up to the end."""
        return self.programme(start) if self.after is None else self.programme(start) & self.after

    def programme(self, start: int) -> Bools:
        """The years of a programme (T,), up to the end."""
        years = np.arange(self.Y.shape[1])
        return np.asarray((years >= start) & (years <= self.end))


def programme_design(
    Y: ArrayLike,
    units: ArrayLike,
    start: ArrayLike,
    *,
    end: int | None = None,
    before: ArrayLike | None = None,
    donors: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    after: ArrayLike | None = None,
) -> Design:
    """A ``Design`` of arrays and places that belong together: ``impact_question`` holds a question against a panel.

    Parameters
    ----------
    Y : (N, T, K)
        Scores.
    units : int or (m,)
        Treated units.
    start : int or (m,)
        Their first programme years.
    end : int, optional
        The last year whose gap counts, itself included; the last of ``Y`` unless given.
    before : (T,) bool, optional
        Which years may serve as years before; all unless given. One base year is a choice like any other.
    donors : (N,) bool, optional
        Which units may be donors; all without the programme unless given.
    weights : (N,), optional
        How much each unit counts; above 0 for all that take part.
    groups : (N,) int, optional
        Donors are taken from a unit's own group alone.
    after : (T,) bool, optional
        Which years of the programme are averaged; all unless given.

    """
    Y = np.asarray(Y, dtype=float)
    N, T, _ = Y.shape
    treated = np.atleast_1d(np.asarray(units, dtype=np.int64))
    starts = np.broadcast_to(np.asarray(start, dtype=np.int64), treated.shape).copy()
    last = T - 1 if end is None else int(end)
    may_precede = np.ones(T, dtype=bool) if before is None else np.asarray(before, dtype=bool)
    without = ~np.isin(np.arange(N), treated)
    pool = without if donors is None else np.asarray(donors, dtype=bool)
    if pool.sum() < 2:
        raise SpecError("There are {donors} donors; at least two are needed.", donors=int(pool.sum()))
    size = None if weights is None else np.asarray(weights, dtype=float)
    codes = None if groups is None else np.asarray(groups, dtype=np.int64)
    counted = None if after is None else np.asarray(after, dtype=bool)
    return Design(Y, treated, starts, last, may_precede, pool, size, codes, counted)
