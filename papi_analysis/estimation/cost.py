"""What a long run will cost, said as soon as that is known; how many draws a large panel gets unless told otherwise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TypeVar

import click

from papi_analysis.errors import CostWarning, Note

#: Draws unless told otherwise.
USUAL = 9999

#: Fewest draws that are taken without being asked for: p-values go down to 1/200.
LEAST = 199

#: Numbers that all placebos together may read unless told otherwise.
WORK = 3e9

#: Seconds after which a run is judged, and seconds still to come from which it says so.
LOOK, LONG = 5.0, 60.0

COST = Note("{total:,} {what}: about {time} more. The numbers do not depend on how long it takes.")

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

Block = TypeVar("Block", bound=Sized)


def usual_draws(numbers: int) -> int:
    """Draws of a run in which each reads so many numbers: 9,999, in very large panels fewer, never below 199.

    >>> usual_draws(20_000), usual_draws(1_000_000), usual_draws(10**9)
    (9999, 3000, 199)
    """
    return max(LEAST, min(USUAL, int(WORK // max(numbers, 1))))


def watched(blocks: Iterable[Block], total: int, what: Note) -> Iterator[Block]:
    """Hand on the blocks of a run; once a few seconds are gone, say how long it will take if that is a minute or more.

    On a terminal a bar follows. Nothing is said inside ``quiet``.

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
                values = {"total": total, "what": what, "time": duration(left)}
                warnings.warn(Note(COST.text, values), CostWarning, 2)
                yield from _barred(parts, done, total, what)
                return
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
