"""Which reassignments of programmes over units a design allows: counted, listed, or drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import PLACES, SpecError


@dataclass(frozen=True)
class Assignments:
    """The ways in which trajectories can move: between the units of one stratum, equal trajectories being one.

    ``groups`` holds per stratum the units (m,) and the kind of trajectory that each follows (m,), 0 the commonest.
    """

    n_units: int
    groups: tuple[tuple[Ints, Ints], ...]

    @property
    def count(self) -> int:
        """How many different assignments there are, the realised one included.

        >>> C = np.zeros((63, 4, 1)); C[:2, 3] = 1.0  # two units with a common path
        >>> possible_assignments(C).count
        1953
        """
        total = 1
        for members, kinds in self.groups:
            left = len(members)
            for size in np.bincount(kinds)[1:]:
                total *= comb(left, int(size))
                left -= int(size)
        return total

    def on(self, kept: Ints) -> Assignments:
        """The same on the units (n,) that are kept, all that move among them; random draws stay the same."""
        groups = tuple((np.searchsorted(kept, members), kinds) for members, kinds in self.groups)
        return Assignments(len(kept), groups)

    def all(self) -> Iterator[Ints]:
        """Every assignment: for each unit (N,) the unit whose trajectory it follows."""
        for parts in product(*(_arrangements(members, kinds) for members, kinds in self.groups)):
            yield self._together(parts)

    def sample(self, size: int, rng: np.random.Generator) -> Ints:
        """Random assignments (size, N), each equally likely."""
        source = np.tile(np.arange(self.n_units), (size, 1))
        for members, _ in self.groups:
            source[:, members] = members[np.argsort(rng.random((size, len(members))), axis=1)]
        return source

    def blocks(self, draws: int, size: int, rng: np.random.Generator) -> Iterator[Ints]:
        """Blocks (up to size, N): every assignment if there are no more than ``draws``, else a sample of them."""
        if self.count <= draws:
            every = self.all()
            while block := list(islice(every, size)):
                yield np.array(block)
        else:
            for start in range(0, draws, size):
                yield self.sample(min(size, draws - start), rng)

    def split(self, C: Floats) -> tuple[Floats, Floats, Ints]:
        """Completion (N, T, K) as what always stays and what moves.

        The base (N, T, K) has the commonest trajectory of its stratum on every unit that takes part. The moved
        (m, T, K) are the other trajectories less that one, and the units (m,) that follow them in fact.
        """
        base, active = C.copy(), [np.empty(0, dtype=np.int64)]
        for members, kinds in self.groups:
            base[members] = C[members[kinds == 0][0]]
            active.append(members[kinds > 0])
        moving = np.concatenate(active)
        return base, C[moving] - base[moving], moving

    def _together(self, parts: tuple[Ints, ...]) -> Ints:
        source = np.arange(self.n_units)
        for (members, _), part in zip(self.groups, parts, strict=True):
            source[members] = part
        return source


def _arrangements(members: Ints, kinds: Ints) -> Iterator[Ints]:
    """Distinct arrangements of the trajectories of one stratum: choose places for each rarer kind in turn."""
    sources = [members[kinds == kind] for kind in range(int(kinds.max()) + 1)]

    def place(kind: int, free: Ints, filled: Ints) -> Iterator[Ints]:
        if kind == 0:
            filled[free] = sources[0]
            yield filled.copy()
            return
        for places in map(list, combinations(range(len(free)), len(sources[kind]))):
            filled[free[places]] = sources[kind]
            yield from place(kind - 1, np.delete(free, places), filled)

    return place(len(sources) - 1, np.arange(len(members)), np.empty(len(members), dtype=np.int64))


def followers(source: Ints) -> Ints:
    """The inverse of b assignments (b, N): which unit follows the trajectory of each.

    >>> followers(np.array([[2, 0, 1]])).tolist()
    [[1, 2, 0]]
    """
    found = np.empty_like(source)
    np.put_along_axis(found, source, np.broadcast_to(np.arange(source.shape[1]), source.shape), axis=1)
    return found


def possible_assignments(
    C: ArrayLike,
    *,
    among: ArrayLike | None = None,
    excluded: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> Assignments:
    """The assignments that a design allows.

    Parameters
    ----------
    C : (N, T, K)
        Completion.
    among : (N,) bool, optional
        Units whose trajectories move, among each other; all units unless given.
    excluded : (N,) bool, optional
        Units that may not receive a programme (neighbours of one, for instance): they keep their trajectory,
        which must not be a programme's own, that is, must not vary over time.
    strata : (N,) integer codes, optional
        Trajectories move within strata only.

    Raises
    ------
    SpecError
        An excluded unit that follows a programme; nothing that can move.

    """
    C = np.asarray(C, dtype=float)
    N = len(C)
    moves = np.ones(N, dtype=bool) if among is None else np.asarray(among, dtype=bool).copy()
    if excluded is not None:
        out = np.asarray(excluded, dtype=bool)
        varies = np.array([len(np.unique(path[~np.isnan(path)])) > 1 for path in C[out].reshape(out.sum(), -1)])
        if varies.any():
            raise SpecError(
                "{unit} is excluded from receiving a programme but follows one itself. Exclude only units without a "
                "programme.",
                unit=PLACES["unit"](place=int(np.flatnonzero(out)[varies][0])),
            )
        moves &= ~out
    codes = np.zeros(N, dtype=np.int64) if strata is None else np.asarray(strata)
    groups = []
    for code in np.unique(codes[moves]):
        members = np.flatnonzero(moves & (codes == code))
        _, kinds, sizes = np.unique(
            C[members].reshape(len(members), -1), axis=0, return_inverse=True, return_counts=True, equal_nan=True
        )
        rank = np.empty(len(sizes), dtype=np.int64)
        rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))  # the commonest kind fills what is left
        groups.append((members, rank[kinds.reshape(-1)]))
    found = Assignments(N, tuple(groups))
    if found.count < 2:
        raise SpecError(
            "The trajectories that may move are all alike, so reassigning them changes nothing; let "
            "more units take part or use wider strata."
        )
    return found
