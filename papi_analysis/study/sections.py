"""Headings between the rows of a plan, which say the dimension that the tasks below them serve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from papi_analysis.errors import Note
from papi_analysis.study.cells import cell_text
from papi_analysis.study.dimension_names import meant_dimension

if TYPE_CHECKING:
    from papi_analysis.study.rows import Table

#: How a heading is counted tells its level: I, A, 1, 1.1.
_LEVELS = {
    "roman": re.compile(r"[IVX]+\b"),
    "letter": re.compile(r"[A-Ha-h]\b"),
    "nested": re.compile(r"\d+\.\d"),
    "number": re.compile(r"\d+\b"),
}


class Sections:
    """The dimension of each row, where no column says it and headings do.

    A heading that names no dimension ends the section before it where it is counted as those that name one are;
    otherwise it heads a part of the section.
    """

    def __init__(self, table: Table, spellings: Mapping[str, str]) -> None:
        self.table, self.spellings = table, spellings
        self.wanted = table.schema.name == "tasks" and "dimension" not in table.named.values()
        self.codes: dict[int, str] = {}
        self.current = self.heading = ""
        self.levels: set[str] = set()
        self.lacking: dict[int, str] = {}

    def begins(self, number: int, filled: list[int], *, sure: bool) -> bool:
        """Say whether a row is a heading that names a dimension; ``sure`` where it is a heading for other reasons."""
        if not self.wanted or len(filled) > 2:
            return False
        cells = [cell_text(self.table.rows[number][column]).strip() for column in filled]
        text = max(cells, key=len)
        level = next((name for name, form in _LEVELS.items() if form.match(cells[0])), "")
        code = meant_dimension(text, self.spellings)
        if code and (sure or " " in text):
            self.current = code
            self.levels.add(level)
            what = Note(
                "the heading names the dimension {dimension}: it is that of the rows below", {"dimension": code}
            )
            remedy = Note("To be sure, add a column with the dimension of each task.")
            self.table.remarks.guesses.add(what, remedy, row=number + 1, value=text)
            return True
        if sure and (level in self.levels or not self.levels):
            self.current, self.heading = "", text
        return False

    def belongs(self, number: int) -> None:
        """Note the dimension of a row of the table, or the heading that should name it and does not."""
        if self.wanted:
            self.codes[number] = self.current
            if not self.current:
                self.lacking[number] = self.heading

    def name(self, rows: list[int]) -> list[str] | None:
        """Give the dimension of each row; None where no heading names any."""
        if not any(self.codes.values()):
            return None
        for row, heading in self.lacking.items():
            what = Note("no column and no heading above says the dimension of the row")
            remedy = Note(
                "Add a column with the dimension of each task, or write the dimension's name into the heading."
            )
            self.table.remarks.problems.add(what, remedy, row=row + 1, column="dimension", value=heading)
        return [self.codes[row] for row in rows]
