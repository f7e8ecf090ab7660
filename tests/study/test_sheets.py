"""Workbooks are opened cell by cell, and what should not be opened is refused with how to save it instead."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from papi_analysis.errors import DataError, Problem
from papi_analysis.study import sheets
from papi_analysis.study.cells import Percent, Unreadable
from papi_analysis.study.office import read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import TARGETS
from papi_analysis.study.sheets import Block, Sheet, read_workbook

SHEET = "xl/worksheets/sheet1.xml"
OPENING = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:B9"/><sheetData>'
)
CLOSING = "</sheetData></worksheet>"
FIRST = '<row r="1"><c r="A1"><v>1</v></c></row>'


def save(path: Path, **cells: object) -> Path:
    book = Workbook()
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    return path


def remake(path: Path, parts: dict[str, bytes]) -> Path:
    """Save a workbook anew with some of its parts replaced or added."""
    save(path, A1=1)
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (old | parts).items():
            archive.writestr(name, content)
    return path


def refused(path: Path) -> Problem:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DataError) as caught:
        read_workbook(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    (problem,) = caught.value.problems
    assert problem.file == path.name
    assert problem.remedy
    return problem


def test_cells_keep_their_kind(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["text", 7, 0.5, datetime(2018, 4, 15), 0.75, True, "007"])
    sheet["E1"].number_format = "0%"
    sheet.append([None, "#N/A", "=A1"])
    sheet.merge_cells("A3:B4")
    book.save(tmp_path / "a.xlsx")
    (read,) = read_workbook(tmp_path / "a.xlsx")
    assert read.name == "Sheet"
    assert read.rows[0] == ["text", 7, 0.5, date(2018, 4, 15), 0.75, "True", "007"]
    assert [type(cell) is Percent for cell in read.rows[0]] == [i == 4 for i in range(7)]
    assert [type(cell) for cell in read.rows[1]] == [str, Unreadable, Unreadable]
    assert read.merged == (Block(2, 3, 0, 1),)


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("dd/mm/yyyy", date(2018, 6, 1)),
        ("mmm-yy", "06/2018"),
        ("mm/yyyy", "06/2018"),
        ("yyyy", "2018"),
        ('[$-42A]dd" tháng "mm" năm "yyyy', date(2018, 6, 1)),
        ('mm"/"yyyy', "06/2018"),
    ],
)
def test_a_date_that_is_shown_without_its_day_is_a_month(tmp_path: Path, shown: str, read: object) -> None:
    """A program makes the first of June of a typed 06/2018, which may mean the end of June."""
    book = Workbook()
    book.active["A1"] = date(2018, 6, 1)
    book.active["A1"].number_format = shown
    book.save(tmp_path / "a.xlsx")
    assert read_workbook(tmp_path / "a.xlsx")[0].rows == [[read]]


def test_hidden_sheets_and_rows_are_read_like_others(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"] = "x"
    book.active.row_dimensions[1].hidden = True
    hidden = book.create_sheet("Ẩn")
    hidden["A1"] = "y"
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert [(sheet.name, sheet.rows) for sheet in read_workbook(tmp_path / "a.xlsx")] == [
        ("Sheet", [["x"]]),
        ("Ẩn", [["y"]]),
    ]


def test_text_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>=HYPERLINK("x")</t></is></c></row>'
    path = remake(tmp_path / "a.xlsx", {SHEET: (OPENING + rows + CLOSING).encode()})
    assert read_workbook(path)[0].rows == [['=HYPERLINK("x")']]


def test_a_sheet_knows_whether_it_is_blank() -> None:
    assert Sheet("", [["", ""], []]).blank
    assert not Sheet("", [["", 0]]).blank


def _ole(path: Path) -> None:
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(512))


def _plain_text(path: Path) -> None:
    path.write_text("task,dimension\n")


def _macro(path: Path) -> None:
    remake(path, {"xl/vbaProject.bin": b"x"})


def _truncated(path: Path) -> None:
    path.write_bytes(save(path, A1=1).read_bytes()[:1500])


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office/>")


def _bomb(path: Path) -> None:
    remake(path, {"xl/media/image.bin": bytes(210_000_000)})


def _many_parts(path: Path) -> None:
    remake(path, {f"xl/part{number}.bin": b"" for number in range(2_100)})


def _long_texts(path: Path) -> None:
    remake(path, {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 1_300_000 + b"</sst>"})


def _entities(path: Path) -> None:
    remake(path, {SHEET: b'<!DOCTYPE x [<!ENTITY a "aa">]>' + (OPENING + FIRST + CLOSING).encode()})


def _far_column(path: Path) -> None:
    remake(path, {SHEET: (OPENING + '<row r="1"><c r="AAAAAAAAA1"><v>1</v></c></row>' + CLOSING).encode()})


def _charts_only(path: Path) -> None:
    book = Workbook()
    book.create_chartsheet("Biểu đồ").add_chart(BarChart())
    book.remove(book.active)
    book.save(path)


def _far_row(path: Path) -> None:
    remake(path, {SHEET: (OPENING + FIRST + FIRST.replace("1", "1048576", 2) + CLOSING).encode()})


def _wide_rows(path: Path) -> None:
    rows = "".join(f'<row r="{i}"><c r="XFD{i}"><v>1</v></c></row>' for i in range(1, 500))
    remake(path, {SHEET: (OPENING + rows + CLOSING).encode()})


def _many_cells(path: Path) -> None:
    rows = "".join(f'<row r="{i}">{"<c><v>1</v></c>" * 100}</row>' for i in range(1, 10_100))
    remake(path, {SHEET: (OPENING + rows + CLOSING).encode()})


def _long_cell(path: Path) -> None:
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * 40_000}</t></is></c></row>'
    remake(path, {SHEET: (OPENING + rows + CLOSING).encode()})


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_ole, "the workbook is damaged"),
        (_plain_text, "the file is not an Excel workbook"),
        (_other_archive, "the file is not an Excel workbook"),
        (_macro, "the workbook holds macros"),
        (_truncated, "the workbook is damaged"),
        (_entities, "the workbook is damaged"),
        (_far_column, "the workbook is damaged"),
        (_bomb, "the workbook is too large once it is unpacked"),
        (_many_parts, "the workbook is too large once it is unpacked"),
        (_long_texts, "the workbook is too large once it is unpacked"),
        (_charts_only, "the workbook has no sheet with cells, only charts"),
        (_far_row, "more than 1000 blank rows are followed by further cells"),
        (_wide_rows, "the row has more than 1000 cells"),
        (_many_cells, "the sheet has too many cells"),
        (_long_cell, "a cell holds more text than a spreadsheet can show"),
    ],
)
def test_what_should_not_be_opened_is_refused(tmp_path: Path, make: Callable[[Path], None], what: str) -> None:
    path = tmp_path / "a.xlsx"
    make(path)
    assert refused(path).what == what


def test_a_workbook_that_may_hold_macros_is_refused_by_its_name(tmp_path: Path) -> None:
    assert refused(save(tmp_path / "a.xlsm", A1=1)).what == "the workbook holds macros"


def test_a_missing_workbook_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.xlsx: the file is not there"):
        read_workbook(tmp_path / "a.xlsx")


@pytest.mark.parametrize("row", ['<row r="{}" s="1" customFormat="1"/>', '<row r="{0}"><c r="A{0}" s="0"/></row>'])
@pytest.mark.parametrize("rows", [3 * sheets.BLANK_ROWS, pytest.param(1_048_576, marks=pytest.mark.slow)])
def test_blank_rows_to_the_end_are_no_part_of_the_sheet(tmp_path: Path, row: str, rows: int) -> None:
    blank = "".join(row.format(number) for number in range(2, rows + 1))
    path = remake(tmp_path / "a.xlsx", {SHEET: (OPENING + FIRST + blank + CLOSING).encode()})
    assert read_workbook(path)[0].rows == [[1]]


HEADER = "dimension,year,target\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEADER + "D1,2020," + "6" * 10_000_000 + "\n", "the line is too long for a table"),
        (HEADER + 'D1,2020,"' + "6\n" * 5_000_000 + '"\n', "the file is not a csv table"),
        (HEADER + "D1,2020," + "6" * 40_000 + "\n", "the row holds more than a row of a spreadsheet can"),
        (HEADER + "," * 20_000 + "\n", "the row has more than 1000 cells"),
        (HEADER + "D1,2020,6\0\n", "the file holds NUL bytes"),
    ],
)
def test_a_csv_file_that_is_no_table_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "targets.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_office_table(Source(path), TARGETS)
    (problem,) = caught.value.problems
    assert problem.what.startswith(what)
    assert problem.file == "targets.csv"


def test_cells_merged_over_and_over_are_refused(tmp_path: Path) -> None:
    merges = '<mergeCells><mergeCell ref="A1:A9"/><mergeCell ref="A1:B9"/></mergeCells>'
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, 10))
    problem = refused(
        remake(tmp_path / "a.xlsx", {SHEET: (OPENING + rows + "</sheetData>" + merges + "</worksheet>").encode()})
    )
    assert "damaged" in str(problem.what)


@pytest.mark.parametrize("cell", ['<c r="A1"/>' * 3, '<c r="A1" t="inlineStr"><is><t>a</t></is></c>'])
def test_more_tags_than_cells_can_have_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 3)
    rows = "".join(f'<row r="{row}">{cell}</row>' for row in range(1, 9))
    assert "too many cells" in str(
        refused(remake(tmp_path / "a.xlsx", {SHEET: (OPENING + rows + CLOSING).encode()})).what
    )


TWO_ROWS = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2">', '<row r="1">'),  # a row twice
        ('"B1"', '"A1"'),  # a cell twice
        ('"A2"', '"A3"'),  # a cell of another row
        ('"A1"', '"C1"'),  # out of order
    ],
)
def test_a_row_or_a_cell_twice_or_out_of_order_is_refused(tmp_path: Path, old: str, new: str) -> None:
    content = (OPENING + TWO_ROWS + CLOSING).encode()
    assert read_workbook(remake(tmp_path / "a.xlsx", {SHEET: content}))[0].rows == [[1, 2], [3]]
    broken = content.replace(old.encode(), new.encode())
    assert "twice, or out of order" in refused(remake(tmp_path / "a.xlsx", {SHEET: broken})).what


def test_places_may_be_left_out(tmp_path: Path) -> None:
    bare = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    assert read_workbook(remake(tmp_path / "a.xlsx", {SHEET: (OPENING + bare + CLOSING).encode()}))[0].rows == [
        [1, 2],
        [3],
    ]


@pytest.mark.parametrize("name", [SHEET, "xl/Workbook.xml"])
def test_two_parts_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / "a.xlsx", A1=1)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns() if name == SHEET else nullcontext():
        archive.writestr(name, (OPENING + FIRST + CLOSING).encode())
    assert refused(path).what == "the workbook holds two parts of one name"


def test_hidden_rows_columns_and_sheets_are_known(tmp_path: Path) -> None:
    head = OPENING.replace(
        "<sheetData>", '<cols><col min="2" max="3" width="0"/><col min="5" max="5" hidden="1"/></cols><sheetData>'
    )
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"/><row r="4" ht="0" customHeight="1"/>'
    (sheet,) = read_workbook(remake(tmp_path / "a.xlsx", {SHEET: (head + rows + CLOSING).encode()}))
    assert (sheet.hidden, sheet.hidden_rows, sheet.hidden_columns) == (False, {1, 3}, {1, 2, 4})
