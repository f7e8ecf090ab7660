"""Opening what a spreadsheet program saves: sheets of cells, or a refusal that says how to save the file instead."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.cells import Cell, Percent, Unreadable
from papi_analysis.study.findings import cannot_read
from papi_analysis.study.sheet_xml import Block, arrays, hidden, merged, place_out_of_order, split_sheet

#: What a file may hold at most. A register of a thousand tasks with ten years of monthly reports needs a tenth of it.
MAX_BYTES = 100_000_000
MAX_PART = 20_000_000  #: a part that is no sheet: all texts, all styles; also a csv file
MAX_UNSIZED = 30_000_000  #: sheets that do not begin with their size, which openpyxl then looks for to their end
MAX_MEMBERS = 2_000
MAX_LINE = 1_000_000
MAX_CELLS = 1_000_000
MAX_COLUMNS = 1_000  #: eighty years of monthly reports side by side
#: The longest text that a spreadsheet's cell can hold.
MAX_TEXT = 32_767
#: So many blank rows end a sheet.
BLANK_ROWS = 1_000

_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_ROWS_ALONE = Note("Copy the rows of the table alone into a new workbook.")
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v(?:\s[^>]*)?>[^<]|is>)")
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_FAR_COLUMN = re.compile(rb'\sr="[A-Za-z]{4}')
_SAVE = Note("Open it in a spreadsheet program and save it as an Excel workbook (.xlsx).")
#: What is said of a workbook with a password, and of a cell with an error, and what to do.
PASSWORD = (Note("the workbook has a password"), Note("Save it as an Excel workbook (.xlsx) without a password."))
IN_ERROR = (Note("the cell holds an error"), Note("Correct the formula, or type the value."))


#: How what stands between pointed brackets begins and ends. A parser reads it over and over until it has the end.
_TAGS = ((b"<", b">"), (b"<!--", b"-->"), (b"<?", b"?>"))


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet: ``rows[i]`` is the row that a spreadsheet numbers i + 1; csv files have no ``name``.

    ``hidden`` says whether the sheet is, ``hidden_rows`` and ``hidden_columns`` which of its rows and columns are,
    counted from 0. ``open_end`` is true where the last line of a csv file has no line break, and ``mark`` what stands
    between its cells. ``old`` is true where the file is in .xls or .ods.
    """

    name: str
    rows: list[list[Cell]]
    merged: tuple[Block, ...] = ()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    open_end: bool = False
    mark: str = ""
    old: bool = False

    @property
    def blank(self) -> bool:
        """Whether no cell holds anything."""
        return all(cell == "" for row in self.rows for cell in row)


def read_workbook(path: Path, shown: str = "") -> list[Sheet]:
    """Read the sheets of a workbook (.xlsx, .xls, .ods), each cell as it is stored: a text, a number, a day.

    The values of formulas are those that were saved with the file. Sheets and rows that are hidden are read like
    any other, and nothing of the file is run.

    Raises
    ------
    DataError
        Where the file is no workbook, has a password or macros, is damaged, too large or not a table of cells.
    """
    file = shown or path.name
    try:
        with path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of parts that it drops, such as drop-down lists
            head = stream.read(8)
            if head == _OLE:
                return _read_xls(path, stream, file)
            if not head.startswith(b"PK"):
                raise _refusal(file, Note("the file is not an Excel workbook"), _SAVE)
            with zipfile.ZipFile(stream) as archive:
                if _check_archive(archive, file):
                    return _read_sheets(stream, archive, file)
                from papi_analysis.study.old_books import read_old_workbook

                return read_old_workbook(path, file, archive.read("content.xml"))
    except OSError as error:
        raise cannot_read(path, error, file) from None
    except DataError:
        raise
    except Exception:  # a damaged file can make the parsers fail in any way
        raise _refusal(file, Note("the workbook is damaged"), _SAVE) from None


def _refusal(file: str, what: Note, remedy: Note, sheet: str = "", row: int | None = None) -> DataError:
    return DataError(Problem(what, remedy, file, row, sheet=sheet))


def too_many(file: str, sheet: str) -> DataError:
    """Make the error of a sheet that is too large."""
    return _refusal(file, Note("the sheet has too many cells"), _ROWS_ALONE, sheet)


def too_wide() -> tuple[Note, Note]:
    """Say that a row is wider than a table can be, and what to do."""
    what = Note("the row has more than {n} cells", {"n": MAX_COLUMNS})
    return what, Note("Keep the columns of the table alone in the file.")


def check_row(cells: Sequence[Cell], file: str, sheet: str, number: int) -> None:
    """Refuse a row that is too wide for a table, or holds a text that no spreadsheet can show."""
    if len(cells) > MAX_COLUMNS:
        raise _refusal(file, *too_wide(), sheet, number)
    if any(isinstance(cell, str) and len(cell) > MAX_TEXT for cell in cells):
        what = Note("a cell holds more text than a spreadsheet can show")
        raise _refusal(file, what, Note("Shorten the text."), sheet, number)


def _read_xls(path: Path, stream: IO[bytes], file: str) -> list[Sheet]:
    """Read a workbook in the old format of Excel, which may hold no more than a part of a newer one."""
    if stream.seek(0, 2) > MAX_PART:
        raise _refusal(file, Note("the workbook is too large once it is unpacked"), _ROWS_ALONE)
    stream.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in stream.read():
        raise DataError(Problem(*PASSWORD, file))
    from papi_analysis.study.old_books import read_old_workbook

    return read_old_workbook(path, file)


def _check_archive(archive: zipfile.ZipFile, file: str) -> bool:
    """Refuse, before anything is unpacked, what would take too long or should not be opened; .ods is no xlsx."""
    members = archive.infolist()
    names = {member.filename for member in members}
    if len({name.lower().replace("\\", "/") for name in names}) < len(members):
        raise _refusal(file, Note("the workbook holds two parts of one name"), _SAVE)
    size = {member.filename: member.file_size for member in members}
    part = max((size[name] for name in size if name.lower().endswith(".xml") and "sheets/" not in name), default=0)
    remedy = _ROWS_ALONE
    if sum(size.values()) > MAX_BYTES or part > MAX_PART or len(members) > MAX_MEMBERS:
        raise _refusal(file, Note("the workbook is too large once it is unpacked"), remedy)
    if any(member.flag_bits & 1 for member in members):
        raise DataError(Problem(*PASSWORD, file))
    if any(name.lower().endswith("vbaproject.bin") for name in names) or file.lower().endswith(".xlsm"):
        raise _refusal(file, Note("the workbook holds macros"), Note("Save it as .xlsx, without macros."))
    old = {"content.xml", "mimetype"} <= names and archive.read("mimetype").strip() == _ODS
    if not old and ("[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names)):
        raise _refusal(file, Note("the file is not an Excel workbook"), _SAVE)
    named = unsized = 0
    for member in members:
        # What other programs keep for themselves in customXml, often in UTF-16, is not read.
        if member.filename.lower().endswith((".xml", ".rels")) and not member.filename.startswith("customXml/"):
            tags, sized = _check_part(archive, member)
            named += tags
            unsized = max(unsized, 0 if sized else member.file_size)
    if old:
        return False
    if named > sum("sheets/" in name for name in names):  # no program writes one sheet for several
        raise ValueError
    if named * unsized > MAX_UNSIZED:
        raise _refusal(file, Note("the workbook is too large once it is unpacked"), remedy)
    return True


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, bool]:
    """Refuse what no spreadsheet program writes: declarations that expand, and tags of a megabyte.

    Returns
    -------
    tuple
        How many sheets the part names, and whether a part that is a sheet begins with its size.
    """
    named, sized, before = 0, "sheets/" not in member.filename, b""
    with archive.open(member) as part:
        while chunk := part.read(1 << 20):
            window = before[-16:] + chunk  # a word may lie across two chunks
            sized = sized or (not before and _DIMENSION.search(chunk[:10_000]) is not None)
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window or b"\0" in chunk:
                raise ValueError
            if any(_is_open(before, start, end) and end not in window for start, end in _TAGS):
                raise ValueError
            named += sum(1 for _ in _SHEET.finditer(chunk))
            before = window
    return named, sized


def _is_open(text: bytes, start: bytes, end: bytes) -> bool:
    """Say whether the last tag that begins in the text has no end in it."""
    place = text.rfind(start)
    return place >= 0 and text.find(end, place + len(start)) < 0


def _read_sheets(stream: Any, archive: zipfile.ZipFile, file: str) -> list[Sheet]:
    from openpyxl import load_workbook

    book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    formulas = None
    sheets: list[Sheet] = []
    values = tags = 0
    for sheet in book.worksheets:
        xml = archive.read(sheet._worksheet_path)
        if _FAR_COLUMN.search(xml) or "sheets/" not in sheet._worksheet_path:
            raise ValueError
        # The longest way to write a cell has six tags.
        values += xml.count(b"</v>") + xml.count(b"<is>")
        tags += xml.count(b"<")
        if values > MAX_CELLS or tags > 6 * MAX_CELLS:
            raise too_many(file, sheet.title)
        head, data = split_sheet(xml)
        if (broken := place_out_of_order(data)) is not None:
            what = Note("the file holds a row or a cell twice, or out of order")
            raise _refusal(file, what, _SAVE, sheet.title, broken)
        if _FORMULA.search(xml):
            formulas = formulas or load_workbook(stream, read_only=True, keep_links=False)
        rows = _read_rows(sheet, formulas[sheet.title] if _FORMULA.search(xml) and formulas else None, xml, file)
        blocks = merged(xml, len(rows), max(map(len, rows), default=0))
        hidden_rows, hidden_columns = hidden(head, data, MAX_COLUMNS)
        unseen = sheet.sheet_state != "visible"
        read = Sheet(sheet.title, rows, tuple(blocks), unseen, hidden_rows, hidden_columns)
        sheets.append(read)
    if len({sheet.name.lower() for sheet in sheets}) < len(sheets):
        raise _refusal(file, Note("the workbook holds two parts of one name"), _SAVE)
    if not sheets:
        what = Note("the workbook has no sheet with cells, only charts")
        raise _refusal(file, what, Note("Put the table into a sheet of the workbook."))
    return sheets


def _read_rows(sheet: Any, formulas: Any, xml: bytes, file: str) -> list[list[Cell]]:
    """Read the rows down to the last one that holds anything."""
    sheet.reset_dimensions()  # what a file says of its own size may be wrong
    rows: list[list[Cell]] = []
    filled = values = cells = 0
    twins = formulas.iter_rows(values_only=True) if formulas is not None else None
    filled_blocks = arrays(xml, MAX_CELLS) if twins is not None else {}
    for number, row in enumerate(sheet.iter_rows(), 1):
        written = next(twins, ()) if twins is not None else ()
        cells += len(row)
        blocks = filled_blocks.get(number, [])
        width = max([len(row), *(right for _, right in blocks)])
        read = [_cell(row[i] if i < len(row) else None, _formula(i, written, blocks)) for i in range(width)]
        while read and read[-1] == "":
            read.pop()
        check_row(read, file, sheet.title, number)
        rows.append(read)
        values += sum(cell != "" for cell in read)
        filled = number if read else filled
        if cells > 2 * MAX_CELLS:
            raise too_many(file, sheet.title)
        if number - filled > BLANK_ROWS:
            if values < sum(1 for _ in _VALUE.finditer(xml)):
                what = Note("more than {n} blank rows are followed by further cells", {"n": BLANK_ROWS})
                remedy = Note("Delete the blank rows, or what lies below them.")
                raise _refusal(file, what, remedy, sheet.title, filled + 1)
            break
    if filled * max(map(len, rows), default=0) > 2 * MAX_CELLS:  # one far cell would stretch every row
        raise too_many(file, sheet.title)
    return rows[:filled]


def _formula(place: int, written: Sequence[Any], blocks: Sequence[tuple[int, int]]) -> str:
    """Give the formula of a cell, its own or that of the block that it lies in; none where its text is empty."""
    own = written[place] if place < len(written) else None
    if own is not None:
        return own if isinstance(own, str) else getattr(own, "text", None) or "{=TABLE()}"
    return "{=...}" if any(left <= place + 1 <= right for left, right in blocks) else ""


def _cell(cell: Any, written: str) -> Cell:
    """Turn one cell into what this package reads; ``written`` is its formula where it has one."""
    value = None if cell is None else cell.value
    if value is None:
        if written:
            what = Note("the cell holds a formula whose value was not saved")
            return Unreadable(
                written, what, Note("Open the file in a spreadsheet program and save it, or type the value.")
            )
        return ""
    if cell.data_type == "e":
        return Unreadable(str(value), *IN_ERROR)
    if isinstance(value, datetime):
        return _period(value, cell.number_format or "")
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return _shown_number(value, cell.number_format or "")
    return value if isinstance(value, str | date) else str(value)


def _shown_number(value: float, form: str) -> Cell:
    """Turn a number into what the sheet shows: a percentage, or none that can be told where the sign is a mere letter.

    Examples
    --------
    >>> _shown_number(0.5, "0%"), type(_shown_number(0.5, "0.0%")).__name__, _shown_number(0.5, '0"%"').text
    (0.5, 'Percent', '0.5')
    """
    shown = _shows_percent(form)
    if shown is None:
        what = Note("the cell shows a percent sign that is a mere letter: {form}", {"form": form})
        return Unreadable(repr(value), what, Note("Format the cell as a percentage, or without the sign."))
    return Percent(value) if shown else value


@lru_cache(maxsize=1024)
def _shows_percent(form: str) -> bool | None:
    """Say whether a number format shows percentages; None where it does so for some numbers, or only adds a sign."""
    if "%" not in form:
        return False
    signs = re.sub(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', "", form)
    sections = {"%" in section for section in signs.split(";")[:2] if section}
    return True if sections == {True} else None


def _period(value: datetime, shown: str) -> Cell:
    """Turn a date into what the sheet shows: a program keeps 06/2018 as the first of June, shown without its day."""
    letters = set(re.sub(r'"[^"]*"|\[[^\]]*\]', "", shown.lower())) & set("dmyh")
    forms = {frozenset("my"): "%m/%Y", frozenset("y"): "%Y"}
    form = forms.get(frozenset(letters))
    return value.strftime(form) if form else value.date()
