"""The problems found in a table, and the name that was probably meant where one is not known."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem

#: So many rows with the same thing wrong in one column are listed; further ones are counted.
LISTED = 200
#: Among more names than these, the nearest one is looked for where the beginning or the end is the same.
MANY_NAMES = 400

#: More than a sheet has: where one row holds several of a table, one a column, their indices differ by multiples of it.
SHEET_ROWS = 2**32
#: Where several sheets or files make one table, the indices of theirs differ by multiples of it.
PART_ROWS = 2**44


def sheet_row(index: int) -> int:
    """Give the row of the spreadsheet, counted from 1, that an index of a table read from a file stands for.

    Of the second and further sheets that make one table the row is told from that of others by multiples of
    ``PART_ROWS``, until it is said which sheet it is.

    Examples
    --------
    >>> sheet_row(0), sheet_row(SHEET_ROWS), sheet_row(PART_ROWS + 1) == PART_ROWS + 3
    (2, 2, True)
    """
    part = int(index) // PART_ROWS
    return int(index) % SHEET_ROWS + 2 + part * PART_ROWS


#: What is said of rows that are counted and no longer listed.
FURTHER = Note("{n} more like this are not listed: {what}")
#: What is wrong with a header that has a name twice, and what to do.
REPEATED_COLUMN = (Note("the header repeats a column"), Note("Keep one column of each name."))


#: What the system says of files most often, as it says it, so that it can be translated.
_REASONS = (
    (FileNotFoundError, Note("No such file or directory")),
    (IsADirectoryError, Note("Is a directory")),
    (NotADirectoryError, Note("Not a directory")),
    (FileExistsError, Note("File exists")),
    (PermissionError, Note("Permission denied")),
)


#: What is said of a file that study.toml names and the folder does not hold.
NOT_THERE = Note("the file is not there")


def reason(error: OSError) -> Note | str:
    """Say why the system does not hand over a file, so that it can be translated where it is said most often."""
    return next((note for kind, note in _REASONS if isinstance(error, kind)), error.strerror or str(error))


def cannot_read(path: Path, error: OSError, file: str) -> DataError:
    """Make the error of a file that the system does not hand over."""
    if isinstance(error, FileNotFoundError):
        what = NOT_THERE
    else:
        what = Note("the file cannot be read: {error}", {"error": reason(error)})
    remedy = Note(
        "Put the file into the folder {folder!r}, or correct its name in study.toml.", {"folder": path.parent.name}
    )
    return DataError(Problem(what, remedy, file))


def by_row(problem: Problem) -> int:
    """Give the place of a problem among those of its table: what is wrong with the whole comes first."""
    return problem.row or 0


class Findings:
    """The problems found so far in one table; ``raise_any`` ends the check.

    Of rows that have the same thing wrong in one column, ``LISTED`` are listed and the others counted.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._listed: list[Problem] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def problems(self) -> list[Problem]:
        """Every problem, after a line for each kind of which not all rows are listed."""
        remedy = Note("Look at those that are listed, then check again.")
        counted = []
        for (words, column), n in self._counts.items():
            if n > LISTED:
                first = next(p.what for p in self._listed if (p.what.text, p.column) == (words, column))
                what = Note(FURTHER, {"n": n - LISTED, "what": first})
                counted.append(Problem(what, remedy, self.file, column=column))
        return [*counted, *self._listed]

    def add(self, what: Note, remedy: Note, *, row: int | None = None, column: str = "", value: object = "") -> None:
        """Note one problem of this table."""
        if self.count(what, column, 1):
            self._listed.append(Problem(what, remedy, self.file, row, column, str(value)))

    def count(self, what: Note, column: str, rows: int) -> int:
        """Count rows that have ``what`` wrong in ``column``, and say how many of them are to be listed."""
        listed = min(self._counts[what.text, column], LISTED)
        self._counts[what.text, column] += rows
        return min(rows, LISTED - listed)

    def add_rows(
        self,
        rows: pd.DataFrame,
        column: str,
        what: Note,
        remedy: Note | Callable[[Any], Note],
    ) -> None:
        """Note one problem for each of ``rows``, whose index counts data rows from 0."""
        if rows.empty:
            return
        rows = rows.iloc[: self.count(what, column, len(rows))]
        remedies = {value: remedy if isinstance(remedy, Note) else remedy(value) for value in set(rows[column])}
        self._listed += [
            Problem(what, remedies[value], self.file, sheet_row(index), column, as_written(value))
            for index, value in zip(rows.index, rows[column], strict=True)
        ]

    def raise_any(self) -> None:
        """Raise a ``DataError`` with every problem noted, in the order of the rows, if there is one."""
        if self._listed:
            raise DataError(sorted(self.problems, key=by_row))


def nearest(value: str, known: Iterable[str], fold: Callable[[str], str] = str.casefold) -> Note:
    """Say which known name is nearest to ``value``, as a remedy; names are compared as ``fold`` has them."""
    names = [*dict.fromkeys(map(str, known))]
    folded = {fold(name): name for name in reversed(names)}
    wanted = fold(str(value))
    alike = list(folded) if len(folded) <= MANY_NAMES else _alike(wanted, folded)
    close = difflib.get_close_matches(wanted, alike, n=1, cutoff=0.5)
    if close:
        return Note("Did you mean {name!r}?", {"name": folded[close[0]]})
    return Note("Known: {names}.", {"names": ", ".join([*names[:8], "..."] if len(names) > 8 else names)})


def _alike(wanted: str, names: Iterable[str]) -> list[str]:
    """Choose the names that begin or end as ``wanted`` does; to compare all letter by letter is slow."""
    for size in (len(wanted) - 1, 3 * len(wanted) // 4, len(wanted) // 2):
        start, end = wanted[: max(size, 1)], wanted[-max(size, 1) :]
        if found := [name for name in names if name.startswith(start) or name.endswith(end)]:
            return found[:MANY_NAMES]
    return []


def as_written(value: object) -> str:
    """Write a value as a table would: a day without its hour, a whole number without decimals."""
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
