"""The report as a Word document and its tables as a workbook: the same words, tables and figures, ready to print."""

from __future__ import annotations

import base64
import io
import re
import struct
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pandas as pd
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.reporting import documents
from papi_analysis.reporting.canvas import add_alternative, alternative, figure_of, one_axes
from papi_analysis.reporting.documents import document_of, in_pieces, needs_turning, widths
from papi_analysis.reporting.office_files import workbook_of
from papi_analysis.reporting.programme_report import SECTIONS, ProgrammeReport
from papi_analysis.reporting.report import render_report
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table


@pytest.fixture(scope="module")
def written(study: Any, made: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The language, and the folder of a report with its document and its workbook."""
    folder = tmp_path_factory.mktemp("vi")
    with made():
        render_report(study, folder, language="vi", docx=True, tables=True)
    return "vi", folder


def parts_of(parts: Any, language: str) -> list[Any]:
    return [part for name in SECTIONS for part in parts[language][name]]


def opened(data: bytes) -> Any:
    return docx.Document(io.BytesIO(data))


def frame(columns: int, text: str = "1.25") -> Table:
    return pa.table(pd.DataFrame({f"column{place}": [text] for place in range(columns)}))


def test_the_document_says_what_the_sections_say(written: Any, parts: Any) -> None:
    language, folder = written
    document = docx.Document(str(folder / "report.docx"))
    lines = [(line.style.name, line.text) for line in document.paragraphs]
    words = [part for part in parts_of(parts, language) if isinstance(part, Words)]
    headings = [(f"Heading {part.level}", part.heading) for part in words if part.heading]
    assert [line for line in lines if line[0].startswith("Heading")] == headings
    assert [text for name, text in lines if name == "Body Text"] == [text for part in words for text in part.paragraphs]
    assert [text for name, text in lines if name == "List Bullet"] == [text for part in words for text in part.items]


def test_every_table_is_there_cell_by_cell_and_named(written: Any, parts: Any) -> None:
    language, folder = written
    document = docx.Document(str(folder / "report.docx"))
    tables = [part for part in parts_of(parts, language) if isinstance(part, Table)]
    pieces = [piece for table in tables for piece in in_pieces(table.rows)]
    assert [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables] == pieces
    assert max(len(table.columns) for table in document.tables) <= 8
    word = {"en": "Table", "vi": "Bảng"}[language]
    captions = [line.text for line in document.paragraphs if line.style.name == "Caption"]
    numbered = [text for text in captions if re.match(rf"{word} \d+: ", text)]
    assert [int(text.split()[1].rstrip(":")) for text in numbered] == list(range(1, len(tables) + 1))
    marked = [bool(table.caption) for table in tables]
    assert [text.endswith(table.caption) for text, table in zip(numbered, tables, strict=True)] == [True] * len(tables)
    assert any(marked)


def test_every_figure_is_there_with_its_alternative_and_fits_the_column(written: Any, parts: Any) -> None:
    language, folder = written
    document = docx.Document(str(folder / "report.docx"))
    drawn = [part for part in parts_of(parts, language) if not isinstance(part, Words | Table)]
    shapes = document.inline_shapes
    assert [shape._inline.docPr.get("descr") for shape in shapes] == [alternative(figure_of(part)) for part in drawn]
    assert all(shape.width <= Mm(165) for shape in shapes)
    assert any(shape.width == Mm(165) for shape in shapes)
    page = folder.joinpath("index.html").read_text("utf-8")  # which shows the very same pictures
    blips = [shape._inline.graphic.graphicData.pic.blipFill.blip for shape in shapes]
    pictures = [document.part.related_parts[blip.embed].blob for blip in blips]
    assert all(base64.b64encode(picture).decode() in page for picture in pictures)


def test_a_leaders_page_stays_a_page_of_its_own_beside_a_document(written: Any) -> None:
    _, folder = written
    assert folder.joinpath("index.html").read_text("utf-8").count('class="text opens"') == 1


def test_heads_of_columns_are_whole_and_names_of_rows_turn_no_table() -> None:
    agencies = ["Department of Natural Resources and Environment, Office of the City"] * 3
    found = widths([["Lead agency", "Overdue", "Done", "Tasks"], *([name, "4", "2", "6"] for name in agencies)], 165)
    # Times New Roman bold by its metrics: ems of each word, at 11 points; a cell's margins are 1.9 mm on each side.
    for width, ems in zip(found[1:], (3.666, 2.222, 2.5), strict=True):
        assert width - 3.8 > ems * 11 / 72 * 25.4
    heads = ["Dimension", "Completion before", "Completion", "Done before", "Done", "Overdue before", "Overdue"]
    assert not needs_turning([heads, ["D4 Control of Corruption in the Public Sector", *["100%"] * 6]])


def test_the_page_is_that_of_official_documents(written: Any) -> None:
    language, folder = written
    document = docx.Document(str(folder / "report.docx"))
    normal = document.styles["Normal"]
    assert (normal.font.name, normal.font.size) == ("Times New Roman", Pt(13))
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "Times New Roman"
    assert {style.font.name for style in map(document.styles.__getitem__, ["Heading 1", "Heading 2", "Caption"])} == {
        "Times New Roman"
    }
    for section in document.sections:
        edges = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        assert [round(edge.mm) for edge in edges] == [20, 20, 30, 15]
        assert {round(section.page_width.mm), round(section.page_height.mm)} == {210, 297}
    mark = {"en": "SIMULATED", "vi": "MÔ PHỎNG"}[language]
    first = document.sections[0]
    assert first.first_page_header.paragraphs[0].text.startswith(mark)
    assert first.header.paragraphs[1].text.startswith(mark)
    assert "PAGE" in first.header._element.xml
    assert "PAGE" not in first.first_page_header._element.xml


def test_the_workbook_has_a_sheet_for_each_table_that_prints_on_one_width(written: Any, parts: Any) -> None:
    language, folder = written
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    tables = [part for part in parts_of(parts, language) if isinstance(part, Table)]
    assert len(book.sheetnames) == len(tables)
    assert [int(name.split()[0]) for name in book.sheetnames] == list(range(1, len(tables) + 1))
    for page, table in zip(book, tables, strict=True):
        heads = [cell.value or "" for cell in page[2]][: len(table.rows[0])]
        assert heads == table.rows[0]
        assert page.max_row == len(table.rows) + 1
        assert page["A1"].value.endswith(table.caption)
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (1, 0)
        assert page.print_title_rows == "$2:$2"
        wide = sum(dimension.width for dimension in page.column_dimensions.values()) > 90
        assert page.page_setup.orientation == ("landscape" if wide else "portrait")
    assert {page.page_setup.orientation for page in book} == {"landscape", "portrait"}


def test_a_wide_table_is_turned_with_its_heading_and_the_next_part_is_upright_again() -> None:
    wide = frame(6, "a sentence of some length here")
    parts = [
        Words("One", ("Text.",), level=2),
        Words("Wide", level=3),
        wide,
        Words("Two", level=2),
        frame(2),
    ]
    assert needs_turning(wide.rows)
    assert not needs_turning(frame(8).rows)
    document = opened(document_of(parts, title="x"))
    assert [section.page_width > section.page_height for section in document.sections] == [False, True, False]
    text = [line.text for line in document.paragraphs]
    assert text.index("Wide") > text.index("Text.")
    for table, room in zip(document.tables, (252, 165), strict=True):
        assert sum(column.width.mm for column in table.columns) == pytest.approx(room, abs=0.5)


def test_more_than_eight_columns_go_on_in_a_further_table() -> None:
    table = frame(18)
    document = opened(document_of([table], title="x", language="vi"))
    assert [len(part.columns) for part in document.tables] == [8, 8, 4]
    captions = [line.text for line in document.paragraphs if line.style.name == "Caption"]
    assert captions == ["Bảng 1: x", "Bảng 1: x (tiếp theo)", "Bảng 1: x (tiếp theo)"]


def test_widths_fill_the_room_and_words_are_whole_where_they_fit() -> None:
    rows = [["Code", "Title", "n"], ["CT-01", "a long sentence that says what the task is about", "1"]]
    for room in (60, 165, 252):
        found = widths(rows, room)
        assert sum(found) == pytest.approx(room, abs=0.2)
        assert found[1] == max(found)
        assert all(width >= documents.LETTER * longest for width, longest in zip(found, (5, 8, 1), strict=True))
    assert sum(widths([["x" * 200, "y"]], 165)) == pytest.approx(165, abs=0.2)
    assert widths([["", ""]], 165) == [82.5, 82.5]


def test_characters_that_no_office_file_holds_do_not_end_a_report() -> None:
    ax = one_axes(3, 2)
    add_alternative(ax, "Bell \x07 rings.")
    parts = [Words("A\x00", ("b\x07",), ("c\x1f",), level=2), frame(2, "d\x00"), ax]
    document = opened(document_of(parts, title="x\x00", banner="e\x00"))
    assert [line.text for line in document.paragraphs][:3] == ["A\ufffd", "b\ufffd", "c\ufffd"]
    assert document.tables[0].cell(1, 0).text == "d\ufffd"
    book = openpyxl.load_workbook(io.BytesIO(workbook_of([("f\x00", frame(2, "d\x00"))], "x\x00")))
    assert book.active["A2"].value == "d\ufffd"


def test_sheets_have_names_that_a_workbook_takes() -> None:
    names = ["1 a/b:c*[d]?\\", "x" * 40, "x" * 50, "X" * 31, "'"]
    book = openpyxl.load_workbook(io.BytesIO(workbook_of([(name, frame(2)) for name in names])))
    assert book.sheetnames[0] == "1 a b c  d"
    assert len({name.casefold() for name in book.sheetnames}) == 5
    assert all(0 < len(name) <= 31 for name in book.sheetnames)


def test_long_cells_of_a_workbook_have_room_in_height() -> None:
    page = openpyxl.load_workbook(io.BytesIO(workbook_of([("", frame(2, "word " * 40))]))).active
    assert page.row_dimensions[2].height > 4 * 12
    assert page.row_dimensions[1].height is None


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports whose every section says the same few words and shows one table."""
    for name in SECTIONS:
        section = Section((Words("Heading", ("Words.",), level=2), frame(3)))
        monkeypatch.setattr(ProgrammeReport, name, lambda _, section=section: section)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", ["index.html", "report.docx", "tables.xlsx"])
def test_files_of_others_are_refused_before_anything_is_written(name: str, study: Any, tmp_path: Path) -> None:
    tmp_path.joinpath(name).write_bytes(b"theirs")
    with pytest.raises(SpecError, match=re.escape(name)):
        render_report(study, tmp_path, docx=True, tables=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert tmp_path.joinpath(name).read_bytes() == b"theirs"
    render_report(study, tmp_path, docx=True, tables=True, force=True)
    assert tmp_path.joinpath(name).read_bytes() != b"theirs"


@pytest.mark.usefixtures("short")
def test_a_report_of_ours_is_written_anew_byte_for_byte(study: Any, tmp_path: Path) -> None:
    render_report(study, tmp_path, docx=True, tables=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"index.html", "report.docx", "tables.xlsx"}
    render_report(study, tmp_path, docx=True, tables=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert render_report(study, tmp_path / "page alone").read_bytes() == before["index.html"]
    assert [path.name for path in (tmp_path / "page alone").iterdir()] == ["index.html"]


@pytest.mark.usefixtures("short")
def test_a_failure_leaves_nothing_half_written(study: Any, tmp_path: Path, monkeypatch: Any) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise OSError("no space left")

    monkeypatch.setattr("papi_analysis.reporting.report._workbook", fail)
    with pytest.raises(OSError, match="no space"):
        render_report(study, tmp_path / "out", docx=True, tables=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pixels", "turned", "millimetres"),
    [
        ((720, 360), False, 127.0),  # 5 inches at 144 dots an inch: as drawn
        ((1440, 360), False, 165.0),  # between the margins
        ((720, 2880), False, 55.5),  # a quarter of 297 - 2 x 20 - 35 millimetres
        ((720, 1440), True, 67.5),  # half of 210 - 2 x 20 - 35
    ],
)
def test_a_picture_fits_on_its_page(pixels, turned, millimetres):
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", *pixels)
    assert documents.picture_width(head, turned=turned) == pytest.approx(millimetres, abs=0.1)
