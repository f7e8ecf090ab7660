"""Reading a table as offices keep it: found among titles, notes and totals, and put into the words of its schema.

Nothing is repaired in silence: what was read in a way worth knowing is listed, and what can be read in two ways is a
problem. The texts that come out are checked by the schema like those of any other table.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.cells import OLD_FONT, Cell, Remarks, cell_text, in_old_font
from papi_analysis.study.checks import IN_FILES
from papi_analysis.study.findings import NOT_THERE, PART_ROWS, Findings, by_row
from papi_analysis.study.headers import SEARCHED, Header, find_headers, first_row
from papi_analysis.study.rows import Source, Table
from papi_analysis.study.schema import HEADERS, Schema, name_columns
from papi_analysis.study.sheets import MAX_CELLS, MAX_COLUMNS, MAX_TEXT, Sheet, read_workbook, too_wide
from papi_analysis.study.tables import SAVE_AGAIN, read_text, too_large
from papi_analysis.study.titles import Period, table_period
from papi_analysis.study.words import words


@dataclass(frozen=True)
class Reading:
    """A table of texts whose index is the spreadsheet's row less 2, and how it was read.

    ``file`` is what checks call it: the name of the file, with ``#sheet`` for a workbook. ``unused`` names the other
    sheets of the workbook that hold something, ``filled`` counts the rows whose unit study.toml gave. ``parts`` are
    the readings of the sheets or files that make the table together, where they are several; ``counted`` gives the
    code of the task by the number that counts its row.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...]
    guesses: tuple[Problem, ...]
    file: str
    name: str
    sheet: str
    header: Header
    columns: Mapping[str, str]
    periods: Mapping[tuple[int | None, str], str] = field(default_factory=dict)
    written: Mapping[tuple[int, str, str], str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    filled: int = 0
    parts: tuple[Reading, ...] = ()
    counted: Mapping[str, str] = field(default_factory=dict)

    def place(self, problem: Problem, *, by_reader: bool = False) -> Problem:
        """Say where a problem of the table is in the words of the file: its sheet, row, header, what the cell holds.

        Row 1 is the header, but to the reader of the sheet (``by_reader``), who knows its rows.
        """
        if self.parts:
            return self._place_part(problem)
        problem = self._in_own_words(problem)
        row = self.header.body if problem.row == 1 and not by_reader else problem.row
        over = self.periods.get((row, problem.value)) or self.periods.get((None, problem.value))
        column = ", ".join(self.columns.get(name, name) for name in problem.column.split(", "))
        value = self.written.get((row or 0, problem.column, problem.value), problem.value)
        if over and problem.column in ("as_of", "completion", "reported_on"):
            column, value = over, value if problem.column == "completion" else ""
        remedy = IN_FILES.get(problem.remedy, problem.remedy)
        return Problem(problem.what, remedy, self.name, row, column, value, self.sheet)

    def _in_own_words(self, problem: Problem) -> Problem:
        """Leave out the unit of study.toml, and of the key that a row repeats what no column of the table holds."""
        if self.filled and problem.column == "unit":
            return replace(problem, column="", value="")
        names, values = problem.column.split(", "), problem.value.split(", ")
        held = {name: value for name, value in zip(names, values, strict=False) if name in self.columns}
        if len(names) < 2 or len(names) != len(values) or not held:
            return problem
        written = [self.written.get((problem.row or 0, name, value), value) for name, value in held.items()]
        key = Note(", ".join(f"{{{name}}}" for name in held), {name: HEADERS.get(name, name) for name in held})
        remedy = Note(problem.remedy.text, {"key": key})
        return replace(problem, column=", ".join(held), value=", ".join(written), remedy=remedy)

    def _place_part(self, problem: Problem) -> Problem:
        """Say where a problem is among the sheets or files of the table."""
        part, row = divmod(problem.row or 0, PART_ROWS)
        twin, other = (
            divmod(problem.what.values.get("row", 0), PART_ROWS) if "row" in problem.what.values else (part, 0)
        )
        what = problem.what
        if other and (twin or part):
            place = self.parts[twin]
            where = {"row": other, "sheet": place.sheet or place.name}
            what = Note("the row repeats row {row} of {sheet!r}", where)
        return self.parts[part].place(replace(problem, what=what, row=row or None))


def read_office_table(source: Source, schema: Schema) -> Reading:
    """Read a csv file or a workbook into the texts that ``schema`` expects.

    Cells that cannot be read, or in two ways, are ``problems`` of the reading, so that they can be listed with those
    that the schema finds.

    Raises
    ------
    DataError
        Where the file cannot be opened or the table cannot be found in it.
    """
    sheets = _open(source, schema)
    found = _find_tables(source, sheets, schema)
    return join([_read_table(source, schema, sheets, *place, alone=len(found) == 1) for place in found])


def join(readings: Sequence[Reading]) -> Reading:
    """Make one table of the sheets, or files, that hold its parts."""
    if len(readings) == 1:
        return readings[0]
    parts = [part for reading in readings for part in (reading.parts or (reading,))]
    frames = [part.frame.set_axis(part.frame.index + number * PART_ROWS) for number, part in enumerate(parts)]
    read = {(part.name, part.sheet) for part in parts}
    unused = dict.fromkeys(sheet for part in parts for sheet in part.unused if (part.name, sheet) not in read)
    return replace(
        parts[0],
        frame=pd.concat([frame for frame in frames if len(frame.columns)]),
        problems=tuple(problem for part in parts for problem in part.problems),
        guesses=tuple(guess for part in parts for guess in part.guesses),
        file=" + ".join(dict.fromkeys(part.name for part in parts)),
        unused=tuple(unused),
        filled=sum(part.filled for part in parts),
        parts=tuple(parts),
    )


def _required(source: Source, schema: Schema) -> set[str]:
    """The columns that a header must name; others are filled in."""
    return schema.required - {*source.fill, "reported_on"}


def _read_table(
    source: Source, schema: Schema, sheets: list[Sheet], sheet: Sheet, header: Header, *, alone: bool
) -> Reading:
    """Read one table whose header is found."""
    name, required = source.path.name, _required(source, schema)
    labels = " ".join(header.labels.values())
    if header.covers(required) < len(required) and in_old_font(labels):
        raise DataError(Problem(*OLD_FONT, name, header.body, value=labels, sheet=sheet.name))
    label = f"{name}#{sheet.name}" if sheet.name else name
    remarks = Remarks(Findings(label), Findings(label))
    if sheet.open_end:
        what = Note("the last line has no line break, as in a file that was cut off")
        last = cell_text(sheet.rows[-1][-1]) if sheet.rows[-1] else ""
        remarks.guesses.add(what, Note("Make sure that this is where the table ends."), row=len(sheet.rows), value=last)
    table = Table(sheet, header, schema, source, remarks, alone=alone)
    frame = table.read()
    unused = tuple(other.name for other in sheets if other is not sheet and not other.blank and not _is_notes(other))
    columns = {name: header.labels[column] for column, name in table.named.items()}
    columns |= {"start": header.labels[table.columns.span]} if table.columns.span is not None else {}
    reading = Reading(frame, (), (), label, name, sheet.name, header, columns, table.periods, table.written, unused)
    reading = replace(reading, filled=len(frame) if "unit" in table.filled else 0, counted=table.counted)
    problems, guesses = (
        tuple(sorted(dict.fromkeys(reading.place(one, by_reader=True) for one in found.problems), key=by_row))
        for found in (remarks.problems, remarks.guesses)
    )
    if frame.columns.empty and problems:
        raise DataError(problems)
    return replace(reading, problems=problems, guesses=guesses)


def _open(source: Source, schema: Schema) -> list[Sheet]:
    """Open a workbook, or a csv file whose separator is the one that makes a header of its first rows."""
    if schema.vacant and not os.path.exists(source.path):
        remedy = Note(
            "Put the file into the folder {folder!r}, or correct its name in study.toml. Where there are no reports "
            "yet, delete the line {table} from study.toml.",
            {"folder": source.path.parent.name, "table": schema.name},
        )
        raise DataError(Problem(NOT_THERE, remedy, source.path.name))
    if source.path.suffix.lower() in (".docx", ".doc", ".rtf", ".pdf", ".odt") and source.path.is_file():
        what = Note("this is a document, not a workbook")
        remedy = Note("Copy the table from it into an empty sheet of a spreadsheet program, and save that as .xlsx.")
        raise DataError(Problem(what, remedy, source.path.name))
    if _is_device(source.path):
        what = Note("this is a device or a pipe, not a file")
        raise DataError(Problem(what, Note("Put a csv or xlsx file in its place."), source.path.name))
    if source.path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"):
        return read_workbook(source.path)
    text = read_text(source.path)
    found = {mark: _header_words(text, mark, schema) for mark in ",;\t"}
    best = [mark for mark, words in found.items() if words == max(found.values())]
    file = source.path.name
    if len(best) > 1 and max(found.values()):
        what = Note("the cells may be separated in two ways")
        raise DataError(Problem(what, Note("Save it again as 'CSV UTF-8' with commas."), file, 1))
    try:
        open_end = not text.endswith(("\n", "\r"))
        return [Sheet("", _read_rows(_split(text, best[0]), file), open_end=open_end, mark=best[0])]
    except csv.Error as error:
        what = Note("the file is not a csv table: {error}", {"error": error})
        raise DataError(Problem(what, SAVE_AGAIN, file)) from None


def _is_notes(sheet: Sheet) -> bool:
    """Say whether a sheet holds the notes that come with an example."""
    notes = words("notes")
    return sheet.name in notes["sheet"] and bool(sheet.rows) and sheet.rows[0] in notes["header"]


def _is_device(path: Path) -> bool:
    """Say whether there is something that is no file and no folder: a pipe would never end."""
    try:
        return path.exists() and not (path.is_file() or path.is_dir())
    except OSError:  # what cannot be looked at is told when it is opened
        return False


def _read_rows(split: Iterator[list[str]], file: str) -> list[list[Cell]]:
    """Read the rows of a csv file, as many and as wide as those of a workbook can be."""
    rows: list[list[Cell]] = []
    cells = width = 0
    for number, row in enumerate(split, 1):
        cells, width = cells + len(row), max(width, len(row))
        if len(row) > MAX_COLUMNS:
            raise DataError(Problem(*too_wide(), file, number))
        if max(map(len, row), default=0) > MAX_TEXT:
            what = Note("the row holds more than a row of a spreadsheet can")
            raise DataError(Problem(what, Note("Shorten the text."), file, number))
        if cells > MAX_CELLS or number * width > 2 * MAX_CELLS:
            raise too_large(file)
        rows.append([*row])
    return rows


def _split(text: str, mark: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)


def _header_words(text: str, mark: str, schema: Schema) -> int:
    """Count the columns that the header names where cells are separated by ``mark``."""
    rows: list[list[Cell]] = []
    try:
        for row in _split(text, mark):
            if len(rows) == SEARCHED or len(row) > MAX_COLUMNS:
                break
            rows.append([*row])
    except csv.Error:  # with another mark it may be a table
        pass
    return _covered(find_headers(Sheet("", rows), schema, schema.required), schema.required)


def _covered(headers: list[Header], required: set[str]) -> int:
    """Count the required columns that the best of the headers names."""
    return max((header.covers(required) for header in headers), default=0)


def _find_tables(source: Source, sheets: list[Sheet], schema: Schema) -> list[tuple[Sheet, Header]]:
    """Find the one sheet, and in it the one header, that names the most of the required columns.

    Of reports, there are several where each names its own period.
    """
    file, required = source.path.name, _required(source, schema)
    if source.sheet:
        chosen = [sheet for sheet in sheets if sheet.name == source.sheet]
        if not chosen:
            remedy = Note("The sheets are {names}.", {"names": ", ".join(repr(sheet.name) for sheet in sheets)})
            raise DataError(Problem(Note("the workbook has no such sheet"), remedy, file, value=source.sheet))
    else:
        chosen = [sheet for sheet in sheets if not sheet.blank]
    if not chosen or all(sheet.blank for sheet in chosen):
        remedy = Note("Fill it in, or leave it out of study.toml.")
        raise DataError(Problem(Note("the file is empty"), remedy, file, sheet=source.sheet))
    headers = {sheet.name: find_headers(sheet, schema, required) for sheet in chosen}
    words = {name: _covered(found, required) for name, found in headers.items()}
    most, reports = max(words.values()), schema.name == "progress"
    best = [sheet for sheet in chosen if words[sheet.name] == most]
    if len(best) > 1 and reports and most and _name_periods(best, headers, file):
        return [(sheet, headers[sheet.name][0]) for sheet in best]
    if len(best) > 1:
        what = Note("no sheet holds a table with the columns {names}", {"names": name_columns(sorted(required))})
        if most:
            what = Note("several sheets hold such a table: {names}", {"names": ", ".join(repr(s.name) for s in best)})
        which = {"table": schema.name, "value": f'"{file}#{best[0].name}"'}
        remedy = Note("Say which in study.toml: {table} = {value}.", which)
        if reports and most:
            remedy = Note(
                "Say which in study.toml: {table} = {value}; to read them all, let the name or title of each say its "
                "own period.",
                which,
            )
        raise DataError(Problem(what, remedy, file))
    sheet, found = best[0], headers[best[0].name]
    if len(found) > 1:
        rows = ", ".join(str(header.top + 1) for header in found)
        what = Note("several rows may be the header: {rows}", {"rows": rows})
        raise DataError(Problem(what, Note("Keep one header row above the table."), file, sheet=sheet.name))
    return [(sheet, found[0] if found else first_row(sheet, schema))]


def _name_periods(sheets: list[Sheet], headers: Mapping[str, list[Header]], file: str) -> bool:
    """Say whether each sheet of reports has one header and names a period of its own."""
    found = [table_period(sheet, headers[sheet.name][0].top, file, alone=False) for sheet in sheets]
    days = [one.day for one in found if isinstance(one, Period)]
    return len({*days}) == len(sheets) and all(len(headers[sheet.name]) == 1 for sheet in sheets)
