"""The two ways a call can fail, the data are wrong or the question is, and the words that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class PapiError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(PapiError, ValueError):
    """The question cannot be answered as asked; the message says why and what to ask instead."""


class Note(NamedTuple):
    """A remark in words: an English sentence with ``{names}`` for its values, so that it can be translated."""

    text: str
    values: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.text.format(**self.values)


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a table: where it is, what it is, what to do next.

    ``row`` counts as a spreadsheet does, from 1. It is ``None`` for a problem of the whole table. ``sheet`` is empty
    where a file has no sheets.
    """

    what: Note | str
    remedy: Note | str
    file: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    sheet: str = ""

    def __str__(self) -> str:
        place = self.file or "table"
        if self.sheet:
            place += f", sheet {self.sheet!r}"
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
