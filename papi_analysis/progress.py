"""The bar of a long run: in JupyterLab and in a terminal, silent in a log, from two seconds on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Part = TypeVar("Part")

#: Seconds from which a run shows a bar.
DELAY = 2.0

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_say: ContextVar[Callable[[str], str]] = ContextVar("say", default=str)


def progress(
    parts: Iterable[Part], total: int, label: str, size: Callable[[Part], int] = lambda _: 1
) -> Iterator[Part]:
    """Hand on the parts of a run as they are made, under a bar that says how much time is left.

    Where a part is itself a long run, only the outer one has a bar.

    Parameters
    ----------
    parts
        The work: each part is done when it is asked for.
    total
        How many there are, in units of ``size``.
    label
        What is counted.
    size
        How many one part counts for.

    Examples
    --------
    >>> list(progress(map(sum, [[1], [2, 3]]), 2, "sums"))
    [1, 5]
    """
    if _quiet.get() or not _watched():
        yield from parts
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # then it is a bar of letters
        from tqdm.auto import tqdm

    rest, none = iter(parts), object()
    with tqdm(total=total, desc=_say.get()(str(label)), delay=DELAY, leave=False) as bar:
        while True:
            with quiet():
                part: Any = next(rest, none)
            if part is none:
                return
            yield part
            bar.update(size(part))


def rows(part: Any) -> int:
    """Count the rows of a part that is a tuple of arrays of equal length."""
    return len(part[0])


@contextmanager
def quiet() -> Iterator[None]:
    """Let no part of a longer run show a bar of its own."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


@contextmanager
def labelled(say: Callable[[str], str]) -> Iterator[None]:
    """Let the bars of what runs within say what is counted in the reader's language."""
    before = _say.set(say)
    try:
        yield
    finally:
        _say.reset(before)


def _watched() -> bool:
    """Whether somebody looks on: standard error is a terminal, or the cell of a notebook."""
    return sys.stderr is not None and (sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel."))
