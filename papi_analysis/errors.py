"""The two ways a call can fail: the data are wrong, or the question is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class PapiError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(PapiError, ValueError):
    """The question cannot be answered as asked; the message says why and what to ask instead."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a table: where it is, what it is, what to do next.

    ``row`` counts as a spreadsheet does: the header is row 1. It is ``None`` for a problem of the whole table.
    """

    what: str
    remedy: str
    file: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        place = self.file or "table"
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", column {self.column}"
        value = f" ({self.value!r})" if self.value else ""
        return f"{place}: {self.what}{value}. {self.remedy}"


class DataError(PapiError, ValueError):
    """Data that cannot be used; ``problems`` holds every one that was found, not only the first."""

    #: How many problems the message spells out; ``problems`` always holds all of them.
    SHOWN = 20

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[: self.SHOWN]]
        if len(self.problems) > self.SHOWN:
            lines.append(f"... and {len(self.problems) - self.SHOWN} more (all are in .problems)")
        head = "" if len(lines) == 1 else f"{len(self.problems)} problems:\n"
        super().__init__(head + "\n".join(lines))


class DataWarning(UserWarning):
    """Data that can be used but deserve a look."""
