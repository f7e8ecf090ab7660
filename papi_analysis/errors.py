"""The two ways a call can fail, the data are wrong or the question is, and the words that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class PapiError(Exception):
    """Base of every error that this package raises on purpose."""


class Note(str):
    """A remark in English that remembers how it was worded, so that it can be said in another language.

    Parameters
    ----------
    text
        The words, with ``{names}`` for the values; without values nothing is filled in, so that braces may stand.
    values
        What the names stand for; a value may be a ``Note`` itself.

    Examples
    --------
    >>> note = Note("{n} of {all} were left out.", {"n": 3, "all": 10})
    >>> str(note), note.text
    ('3 of 10 were left out.', '{n} of {all} were left out.')
    """

    __slots__ = ("text", "values")

    text: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, values: Mapping[str, Any] | None = None) -> Note:
        """Fill in the values and keep them beside the words."""
        note = super().__new__(cls, text.format(**values) if values else text)
        note.text, note.values = str(text), dict(values or {})
        return note

    def __call__(self, /, **values: Any) -> Note:
        """The same words with these values.

        >>> Note("{n} of {all}.")(n=3, all=10)
        '3 of 10.'
        """
        return Note(self.text, values)

    def __reduce__(self) -> tuple[type[Note], tuple[str, Mapping[str, Any]]]:
        return Note, (self.text, self.values)


#: What stands at a place of an array: whoever has the names says them instead (``Panel.naming``).
PLACES = {
    "unit": Note("unit {place} (counted from 0)"),
    "year": Note("year {place} (counted from 0)"),
    "dimension": Note("dimension {place} (counted from 0)"),
}


class SpecError(PapiError, ValueError):
    """The question cannot be answered as asked; the message says why and what to ask instead.

    >>> SpecError("there is no unit {unit}.", unit="VN-XX").args[0].text
    'there is no unit {unit}.'
    """

    def __init__(self, words: str, /, **values: Any) -> None:
        super().__init__(words if isinstance(words, Note) and not values else Note(words, values))


class Name(str):
    """A name from the data that is another one in Vietnamese.

    Examples
    --------
    >>> name = Name("Can Tho", "Cần Thơ")
    >>> str(name), name.vietnamese, Name("D9").vietnamese
    ('Can Tho', 'Cần Thơ', 'D9')
    """

    __slots__ = ("vietnamese",)

    vietnamese: str

    def __new__(cls, english: str, vietnamese: str = "") -> Name:
        """Keep the Vietnamese name beside the English one."""
        name = super().__new__(cls, english)
        name.vietnamese = vietnamese or english
        return name

    def __reduce__(self) -> tuple[type[Name], tuple[str, str]]:
        return Name, (str(self), self.vietnamese)

    @classmethod
    def listed(cls, names: Iterable[Name], mark: str = ", ") -> Name:
        """Put several names into one text.

        >>> Name.listed([Name("Hanoi", "Hà Nội"), Name("Can Tho", "Cần Thơ")]).vietnamese
        'Hà Nội, Cần Thơ'
        """
        names = list(names)
        return cls(mark.join(names), mark.join(name.vietnamese for name in names))


def if_any(note: Note) -> list[Note]:
    """The note, where the first of its values is anything: units named, cells counted.

    >>> if_any(Note("{cells} cells.", {"cells": 2})), if_any(Note("{cells} cells.", {"cells": 0}))
    (['2 cells.'], [])
    """
    return [note] if next(iter(note.values.values())) else []


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a table: where it is, what it is, what to do next.

    ``row`` counts as a spreadsheet does, from 1. It is ``None`` for a problem of the whole table. ``sheet`` is empty
    where a file has no sheets.
    """

    what: Note
    remedy: Note
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
    """Data that cannot be used; ``problems`` lists what was found, and counts what it does not list."""

    #: How many problems the message spells out; more of them are in ``problems``.
    SHOWN = 20

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[: self.SHOWN]]
        if len(self.problems) > self.SHOWN:
            lines.append(f"... and {len(self.problems) - self.SHOWN} more (see .problems)")
        head = "" if len(lines) == 1 else f"{len(self.problems)} problems:\n"
        super().__init__(head + "\n".join(lines))


class DataWarning(UserWarning):
    """Data that can be used but deserve a look."""
