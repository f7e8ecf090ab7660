"""The cells below a header become columns of text: rows that are no rows left out, every guess and doubt noted."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study import left_over, made_up, numbers
from papi_analysis.study.cells import Cell, Remarks, Unreadable, cell_text, read_names, read_texts
from papi_analysis.study.columns import Columns
from papi_analysis.study.day_columns import read_dates
from papi_analysis.study.dimension_names import NearNames
from papi_analysis.study.findings import REPEATED_COLUMN, SHEET_ROWS, sheet_row
from papi_analysis.study.headers import Header, is_numbering, says_percent
from papi_analysis.study.schema import Column, Schema
from papi_analysis.study.sections import Sections
from papi_analysis.study.sheets import Sheet
from papi_analysis.study.states import contradicts, read_states
from papi_analysis.study.tables import check_widths
from papi_analysis.study.words import known, pattern, plain, words

#: How headings between the rows are counted, where tasks are counted 1, 2, 3: I, II, III or A, B, C.
_LETTERED = re.compile(r"[ivx]+|[a-h]")
#: A number at the end of a text, with what is counted.
_COUNTED = re.compile(rf"[\s:]+\d+(\s+{pattern(words('rows')['counted'])})?\W*$", re.IGNORECASE)
#: What is said of a heading between the rows.
_HEADING = Note("the row holds one text only and is left out")
#: Columns that hold parts of a whole, which may be written in percent.
_PARTS = ("share", "weight")


@dataclass(frozen=True)
class Source:
    """Where a table comes from and how its words are meant.

    Attributes
    ----------
    path, sheet
        The file, and the sheet where study.toml names one.
    fill
        The value of each column that may be absent.
    spellings
        For each column of names, the code of every folded spelling.
    in_progress
        The completion that "in progress" stands for, where study.toml says.
    highs
        For columns that are held against other tables, the largest number that they can hold.
    start, end
        First and last day of the programme, where they are known.
    counted
        In reading reports, the code of each task by the number that counts its row in the register.
    """

    path: Path
    sheet: str = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    in_progress: float | None = None
    highs: Mapping[str, float] = field(default_factory=dict)
    start: date | None = None
    end: date | None = None
    counted: Mapping[str, str] = field(default_factory=dict)


class Table:
    """One table while it is read: the cells below its header become columns of text."""

    def __init__(
        self, sheet: Sheet, header: Header, schema: Schema, source: Source, remarks: Remarks, *, alone: bool = True
    ) -> None:
        self.header, self.schema, self.source, self.remarks = header, schema, source, remarks
        self.sheet, self.alone = sheet, alone
        self.width = max(len(row) for row in sheet.rows)
        self.rows = [[*row, *[""] * (self.width - len(row))] for row in sheet.rows]
        self.periods: dict[tuple[int | None, str], str] = {}
        self.written: dict[tuple[int, str, str], str] = {}
        self.filled: dict[str, str] = {}
        self.counted: dict[str, str] = {}
        dimensions = source.spellings.get("dimension", {})
        self.columns = Columns(header, schema, self.rows[header.body :], source.fill, remarks, dimensions)
        self.named = self.columns.named
        self.body: list[int] = []
        self.key = {column for column, name in self.named.items() if name in schema.key}
        self.sections = Sections(self, dimensions)

    def read(self) -> pd.DataFrame:
        """Return the columns of text; what was found on the way stands in the remarks."""
        if not self.sheet.name:
            check_widths(self.sheet.rows, self.header.body, self.remarks.problems)
        columns = self.columns.kept()
        if self.remarks.problems.problems:
            return pd.DataFrame()
        self._spread_merged()
        self.body = list(self._find_rows())
        left_over.refuse_spanning(self)
        left_over.tell_beside(self)
        if self.columns.wide:
            left_over.refuse_numbers(self)
            frame = self._melt(columns)
        else:
            frame = self._frame(columns, self.body, pd.Index([row - 1 for row in self.body], dtype="int64"))
        frame = self._word(frame)
        left_over.compare_twins(self, frame)
        left_over.compare_titles(self, frame)
        return self._fill(made_up.date_reports(self, frame))

    def beside(self, frame: pd.DataFrame, column: int) -> pd.Series:
        """Give the cells of one column of the sheet beside the rows of a frame."""
        return pd.Series([self.rows[i % SHEET_ROWS + 1][column] for i in frame.index], frame.index, dtype=object)

    def _frame(self, columns: list[int], rows: list[int], index: pd.Index) -> pd.DataFrame:
        """Put the cells of these rows into columns under the schema's names, or their own headers."""
        names = {column: self.named.get(column, self.header.labels[column]) for column in columns}
        cells = {name: [self.rows[row][column] for row in rows] for column, name in names.items()}
        frame = pd.DataFrame(cells, index=index, columns=list(names.values()), dtype=object)
        return made_up.complete(self, frame, rows)

    def _spread_merged(self) -> None:
        """Give each row of vertically merged cells their value, which the file holds in the first row alone."""
        told: set[int] = set()
        for block in self.sheet.merged:
            top, bottom = max(block.top, self.header.body), min(block.bottom, len(self.rows) - 1)
            if block.left not in self.header.labels or block.top < self.header.body or bottom <= top:
                continue
            value, label = self.rows[block.top][block.left], self.header.labels[block.left]
            for row in range(top + 1, bottom + 1):
                if (own := self.rows[row][block.left]) not in ("", value):
                    what = Note("the cell lies below a merged one and holds something else")
                    remedy = Note("Split the cells, and correct the value.")
                    self.remarks.problems.add(what, remedy, row=row + 1, column=label, value=cell_text(own))
                self.rows[row][block.left] = value
            if value != "" and block.left not in told:
                told.add(block.left)
                what = Note("merged cells: each of their rows has the value")
                remedy = Note("To be sure, split the cells and fill in each row.")
                self.remarks.guesses.add(what, remedy, row=block.top + 1, column=label, value=cell_text(value))

    def _find_rows(self) -> Iterator[int]:
        """Yield the rows of the table below the header, and list those that only sum up, head or follow others."""
        closed = False
        for number in range(self.header.body, len(self.rows)):
            row = self.rows[number]
            filled = [column for column, cell in enumerate(row) if cell_text(cell).strip()]
            if not filled:
                continue
            texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
            closed = closed or (len(filled) <= 2 and bool(texts) and _closes(texts[0]))
            why = self._left_out(number, filled, texts, closed)
            if (why is None or why is _HEADING) and self.sections.begins(number, filled, sure=why is _HEADING):
                continue
            if why is None:
                self.sections.belongs(number)
                yield number
            else:
                value = cell_text(row[filled[0]])
                self.remarks.guesses.add(why, Note("To be sure, delete the row."), row=number + 1, value=value)

    def _left_out(self, number: int, filled: list[int], texts: list[str], closed: bool) -> Note | None:
        """Say why a row is no row of the table, or nothing where it is one."""
        row = self.rows[number]
        keyed = any(column in self.key for column in filled)
        # What sums up stands over a part of the key at most: a note "Total" before a whole key is a note.
        if keyed and all(cell_text(row[column]).strip() for column in self.key):
            texts = [cell for column in sorted(self.key) if isinstance(cell := row[column], str)]
        else:
            texts = [text for text in texts if any(map(str.isalpha, text)) and not _LETTERED.fullmatch(plain(text))][:1]
        if any(_sums_up(text) for text in texts):
            return Note("the row is a total and is left out")
        if self.schema.name == "targets" and any(_is_rank(text) for text in texts[:1]):
            return Note("the row is a rank or a group, no target, and is left out")
        if number == self.header.body and is_numbering([row[column] for column in filled]):
            return Note("the row numbers the columns and is left out")
        if closed and len(filled) <= 2 < len(self.header.labels):
            return Note("the row stands below the table and is left out")
        if len(filled) > 2:
            return None
        lettered = {c for c in filled if self.columns.counts(c) and _LETTERED.fullmatch(plain(cell_text(row[c])))}
        lone = [column for column in filled if column not in lettered]
        if len(lone) == 1 < len(self.header.labels) and (lettered or self._is_heading(number, lone[0])):
            return _HEADING
        return None

    def _is_heading(self, number: int, column: int) -> bool:
        """Say whether the one text of a row heads others: it is no code and no name that the table is about."""
        text = cell_text(self.rows[number][column]).strip()
        if not any(letter.isalpha() for letter in text):
            return False
        if column not in self.key:
            return column not in self.named
        merged = any(b.top == number and b.left == column < b.right for b in self.sheet.merged)
        known = self.source.spellings.get(self.named[column], {})
        return merged or (" " in text and plain(text) not in known)

    def _melt(self, columns: list[int]) -> pd.DataFrame:
        """Make one report of each cell below a quarter; a blank cell is no report."""
        wide = self.columns.wide
        again = [column for place, (column, day) in enumerate(wide.items()) if day in [*wide.values()][:place]]
        for column in again:
            self.columns.refuse(*REPEATED_COLUMN, column)
        wide = {column: day for column, day in wide.items() if column not in again}
        cells = [(row, column) for row in self.body for column in wide if cell_text(self.rows[row][column]).strip()]
        order = {column: place for place, column in enumerate(wide)}
        index = pd.Index([row - 1 + SHEET_ROWS * order[column] for row, column in cells], dtype="int64")
        frame = self._frame(columns, [row for row, _ in cells], index)
        days = {column: day.isoformat() for column, day in self.header.days.items()}
        frame["as_of"] = [days[column] for _, column in cells]
        frame["completion"] = [self.rows[row][column] for row, column in cells]
        for row, column in cells:
            self.periods[(row + 1, cell_text(self.rows[row][column]))] = self.header.labels[column]
        self.periods |= {(None, day): self.header.labels[column] for column, day in days.items()}
        what = Note("each cell under {labels} is read as one report", {"labels": self._ends()})
        remedy = Note("To be sure, write one row for each report, with the columns as_of and completion.")
        self.remarks.guesses.add(what, remedy, row=self.header.body)
        return frame

    def _ends(self) -> str:
        labels = [self.header.labels[column] for column in self.columns.wide]
        return " ... ".join(dict.fromkeys((labels[0], labels[-1])))

    def _word(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put each column of the schema into its words, and every other into text."""
        columns = {column.name: column for column in self.schema.columns}
        result = {}
        for name in frame.columns:
            cells = frame[name]
            if name in columns:
                broken = cells[[isinstance(cell, Unreadable) for cell in cells]]
                for what, remedy in dict.fromkeys((cell.what, cell.remedy) for cell in broken):
                    self.remarks.refuse(broken[[cell.what == what for cell in broken]], name, what, remedy)
                cells = cells.drop(broken.index)
                texts = self.texts(cells, columns[name]).reindex(frame.index, fill_value="")
                self._remember(name, cells, texts)
            else:
                texts = read_texts(cells)
            result[name] = texts
        worded = pd.DataFrame(result, index=frame.index, dtype=object)
        labels = [self.header.labels[column] for column in self.columns.wide]
        for index, text in worded["completion"].items() if labels else ():
            self.periods[(sheet_row(index), text)] = labels[index // SHEET_ROWS]
        states = self.columns.states
        return worded if states is None else self._compare_states(worded, states)

    def _remember(self, name: str, cells: pd.Series, texts: pd.Series) -> None:
        """Keep what a cell held where it was put into other words, for what is said of it later."""
        before = read_texts(cells)
        for index in cells.index[[isinstance(cell, date) for cell in cells]]:
            before[index] = f"{cells[index]:%d/%m/%Y}"
        changed = before.index[(before != texts[before.index]).to_numpy()]
        for index, old, new in zip(changed, before[changed], texts[changed], strict=True):
            self.written[(sheet_row(index), name, new)] = old

    def texts(self, cells: pd.Series, column: Column, remarks: Remarks | None = None, label: str = "") -> pd.Series:
        """Put the cells of a column into its words; ``label`` stands over them where it is not the column's own."""
        name, remarks = column.name, remarks or self.remarks
        over = [self.header.labels[c] for c, own in self.named.items() if own == name]
        labels = over or ([self.header.labels[c] for c in self.columns.wide] if name == "completion" else [])
        percent = any(says_percent(text) for text in ([label] if label else labels))
        high = min(column.high, self.source.highs.get(name, math.inf))
        spellings = self.source.spellings.get(name)
        if name == "task" and self.columns.titles is None:
            return read_texts(cells)
        if name == "completion":
            known = self.source.in_progress
            percent = percent or any(isinstance(cell, str) and numbers.in_percent(cell) for cell in self._titles())
            return read_states(cells, name, remarks, high, in_percent=percent, in_progress=known)
        if name in _PARTS:
            return numbers.read_parts(cells, name, remarks, high, in_percent=percent)
        if spellings is not None:
            return read_names(cells, name, remarks, spellings if name != "dimension" else NearNames(spellings))
        if column.kind == "date":
            programme = (self.source.start, self.source.end) if self.source.start and self.source.end else None
            return read_dates(cells, name, remarks, programme, alone=self.columns.span is not None)
        if column.kind == "text":
            return read_texts(cells)
        whole = numbers.read_whole if column.kind == "integer" else numbers.read_numbers
        return (numbers.read_targets if name == "target" else whole)(cells, name, remarks, high)

    def _titles(self) -> Iterator[Cell]:
        """Yield the name of the sheet and the cells above the header."""
        return itertools.chain([self.sheet.name], *self.rows[: self.header.top])

    def _compare_states(self, frame: pd.DataFrame, column: int) -> pd.DataFrame:
        """Hold the column in words against the one in numbers, and use it where there is no number."""
        states = self.beside(frame, column)
        label = self.header.labels[column]
        frame = frame.drop(columns=label)
        denied = [contradicts(state, text) for state, text in zip(states, frame["completion"], strict=True)]
        what = Note("the words contradict the number beside them")
        self.remarks.refuse(states[denied], label, what, Note("Correct one of the two."))
        blank = (frame["completion"].str.strip() == "") & (states != "")
        if blank.any():
            known = self.source.in_progress
            read = read_states(states[blank], "completion", self.remarks, in_progress=known)
            frame.loc[blank, "completion"] = read
        return frame

    def _fill(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the columns that may be absent."""
        if self.schema.name == "progress" and "reported_on" not in frame and "as_of" in frame:
            frame["reported_on"] = frame["as_of"]
            what = Note("no column says when reports were made: each counts as known on the day it reports on")
            self.remarks.guesses.add(what, Note("To be sure, add a column reported_on."), row=self.header.body)
        self.filled = {name: value for name, value in self.source.fill.items() if name not in frame.columns}
        for name, value in self.filled.items():
            left_over.refuse_units(self, name, value)
        if "unit" in self.filled:
            left_over.tell_other_province(self)
        return made_up.share_out(self, frame.assign(**self.filled))


def _sums_up(text: str) -> bool:
    """Say whether a text is a word for a total; with its marks it must be that word: "Cổng" is not "Cộng".

    It may count what it sums up: "Tổng cộng: 30 nhiệm vụ".
    """
    text = _COUNTED.sub("", unicodedata.normalize("NFC", text))
    if len(text) >= 20 or plain(text) not in known("rows", "total"):
        return False
    letters = text.casefold()
    return text.isascii() or any(word.casefold() in letters for word in words("rows")["total"])


def _is_rank(text: str) -> bool:
    words = plain(text)
    return any(words == rank or words.startswith(f"{rank} ") for rank in known("rows", "rank"))


def _closes(text: str) -> bool:
    words = plain(text[:40])
    return any(words == closing or words.startswith(f"{closing} ") for closing in known("rows", "closing"))
