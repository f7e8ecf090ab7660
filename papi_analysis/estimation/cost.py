"""What a long run will cost, said before it starts; how many draws a large panel gets unless told otherwise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from time import perf_counter
from typing import Any, TypeVar

import click

from papi_analysis.errors import CostWarning, Note

#: Draws unless told otherwise.
USUAL = 9999

#: Fewest draws that are taken without being asked for: p-values go down to 1/200.
LEAST = 199

#: Numbers that all placebos together may read unless told otherwise.
WORK = 3e9

#: Seconds to come from which a run says how long it will take.
LONG = 60.0

#: Seconds that a trial must take to be judged by, and seconds that jobs must have taken.
TRIAL, LOOK = 0.5, 5.0

COST = Note("{total:,} {what}: about {time} to go. The numbers do not depend on how long it takes.")

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

Block = TypeVar("Block", bound=Sized)
Result = TypeVar("Result")


def usual_draws(numbers: int) -> int:
    """Draws of a run in which each reads so many numbers: 9,999, in very large panels fewer, never below 199.

    >>> usual_draws(20_000), usual_draws(1_000_000), usual_draws(10**9)
    (9999, 3000, 199)
    """
    return max(LEAST, min(USUAL, int(WORK // max(numbers, 1))))


def in_blocks(work: Callable[[Any], Result], blocks: Iterable[Any], total: int, what: Note) -> Iterator[Result]:
    """Do the work of a run block by block; if it will take a minute or more, say so before the second block.

    Where the first block was slow enough for that, ever larger pieces of the second are done on trial, until one takes
    long enough to judge by: larger pieces cost less each. What a trial finds is thrown away. On a terminal a bar
    follows. Nothing is tried or said inside ``quiet``.

    Parameters
    ----------
    work
        Block -> result.
    blocks
        Sequences that can be cut; the first one should be short.
    total
        Their lengths together.
    what
        What is counted.

    Examples
    --------
    >>> list(in_blocks(sum, [[1], [2, 3]], 3, Note("placebo sets")))
    [1, 5]
    """
    parts = iter(blocks)
    first, second = next(parts, None), next(parts, None)
    if first is None:
        return
    result, pace = _timed(work, first)
    yield result
    if second is None:
        return
    rest: Iterator[Any] = chain([second], parts)
    left = total - len(first)
    if not _quiet.get():
        seconds = left * _pace(work, second, pace, LONG / left)
        if seconds >= LONG:
            _say(total, what, seconds)
            rest = _barred(rest, len(first), total, what)
    yield from map(work, rest)


def _pace(work: Callable[[Any], Any], block: Any, pace: float, slow: float) -> float:
    """Seconds for each item, by trial of pieces of a block as long as they are slow and too short to judge by."""
    size, taken = 1, 0.0
    while pace >= slow and taken < TRIAL and size < 2 * len(block):
        piece = block[:size]
        _, pace = _timed(work, piece)
        size, taken = 2 * size, pace * len(piece)
    return pace


def _timed(work: Callable[[Any], Result], block: Any) -> tuple[Result, float]:
    """The result of a block, and seconds for each of its items."""
    begun = perf_counter()
    result = work(block)
    return result, (perf_counter() - begun) / len(block)


def watched(blocks: Iterable[Block], total: int, what: Note) -> Iterator[Block]:
    """Hand on the results of jobs; after a few seconds say how long the rest will take if that is a minute or more.

    For jobs that are done elsewhere, several at a time perhaps, and too long each to try one first.

    Parameters
    ----------
    blocks
        Parts of the work, each done before the next is asked for.
    total
        Their lengths together.
    what
        What is counted.

    Examples
    --------
    >>> list(watched([[1, 2], [3]], 3, Note("placebo sets")))
    [[1, 2], [3]]
    """
    parts, done, begun = iter(blocks), 0, None
    for block in parts:
        yield block
        done += len(block)
        if begun is None:  # the first block also pays for what is loaded or started once
            first, begun = done, perf_counter()
        elif done < total and perf_counter() - begun >= LOOK:
            left = (perf_counter() - begun) * (total - done) / (done - first)
            if left >= LONG and not _quiet.get():
                _say(total, what, left)
                parts = _barred(parts, done, total, what)
            break
    yield from parts


@contextmanager
def quiet() -> Iterator[None]:
    """Let no part of a longer run speak for itself."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def duration(seconds: float) -> str:
    """A length of time in one unit.

    >>> duration(40.2), duration(400), duration(2e4)
    ('40 s', '7 min', '6 h')
    """
    for unit, size in (("s", 1), ("min", 60)):
        if seconds < 100 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.0f} h"


def _say(total: int, what: Note, seconds: float) -> None:
    warnings.warn(Note(COST.text, {"total": total, "what": what, "time": duration(seconds)}), CostWarning, 3)


def _barred(parts: Iterator[Block], done: int, total: int, what: Note) -> Iterator[Block]:
    """Hand on the rest under a progress bar, where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from parts
        return
    with click.progressbar(length=total, label=str(what), file=sys.stderr) as bar:
        bar.update(done)
        for block in parts:
            yield block
            bar.update(len(block))
