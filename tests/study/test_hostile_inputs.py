"""Files that are too large, too deep or too wrong end soon in an error; how much was found is never hidden."""

from __future__ import annotations

import difflib
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import Workbook

import papi_analysis as pa
from papi_analysis.cli import main
from papi_analysis.errors import Note, Problem
from papi_analysis.reporting.files import GENERATOR
from papi_analysis.study import files, office, sheets
from papi_analysis.study import study as study_module
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import LISTED, MANY_NAMES, Findings, nearest
from papi_analysis.study.schema import PROGRESS, TASKS
from papi_analysis.study.settings import MAX_SETTINGS, preferred_language
from papi_analysis.study.sheets import MAX_CELLS, MAX_COLUMNS, MAX_PART, read_workbook

HEADER = "task,dimension,start,due\n"
ROW = "T1,D1,2018-01-01,2018-12-31\n"
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OPENING = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:D9"/><sheetData>'
CLOSING = "</sheetData></worksheet>"


def counted(problems: tuple[Problem, ...] | list[Problem]) -> dict[str, int]:
    """Say how many problems are counted without being listed, by the words of their kind."""
    return {p.what.values["what"].text: p.what.values["n"] for p in problems if "n" in p.what.values}


def remake(path: Path, parts: dict[str, bytes]) -> Path:
    Workbook().save(path)
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (old | parts).items():
            archive.writestr(name, content)
    return path


def refused(path: Path) -> Problem:
    with pytest.raises(pa.DataError) as caught:
        read_workbook(path)
    (problem,) = caught.value.problems
    assert problem.file == path.name
    assert problem.remedy
    return problem


# Many problems -------------------------------------------------------------------------------------------------------


def test_rows_with_the_same_problem_are_listed_up_to_a_number_and_then_counted() -> None:
    asked = []

    def remedy(value: str) -> Note:
        asked.append(value)
        return Note("Correct it.")

    findings = Findings("f.csv")
    rows = pd.DataFrame({"due": [f"x{i}" for i in range(3 * LISTED)]})
    findings.add_rows(rows[:10], "due", Note("this is not a date"), remedy)
    findings.add_rows(rows[10:], "due", Note("this is not a date"), remedy)
    findings.add_rows(rows[:5].set_axis(["start"], axis=1), "start", Note("this is not a date"), remedy)
    head, *listed = findings.problems
    assert [(p.row, p.value) for p in listed if p.column == "due"] == [(i + 2, f"x{i}") for i in range(LISTED)]
    assert len(listed) == LISTED + 5
    assert str(head) == (
        f"f.csv, column due: {2 * LISTED} more like this are not listed: this is not a date. "
        "Look at those that are listed, then check again."
    )
    assert len(asked) == LISTED + 5


def test_exactly_so_many_problems_are_all_listed() -> None:
    findings = Findings("f.csv")
    for row in range(LISTED):
        findings.add(Note("the cell is empty"), Note("Fill in the cell."), row=row, column="unit")
    assert len(findings.problems) == LISTED
    findings.add(Note("the cell is empty"), Note("Fill in the cell."), row=LISTED, column="unit")
    assert counted(findings.problems) == {"the cell is empty": 1}


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ("T1,D1,2018-01-01,2018-12-31\n", {"the row repeats row {row}"}),
        ("T1,D1,2018-01-01,2018-12-31,\n", {"the row has {cells} cells where the header has {names}"}),
        ("T1,D1,,\n", {"the row repeats row {row}", "the cell is empty"}),
        ("T1,D1,2018-01-01,01/02/18\n", {"the row repeats row {row}", "the year of the date has two digits"}),
        ("T1,D9,2018-01-01,2018-12-31\n", {"the row repeats row {row}", "this {column} is not known"}),
    ],
)
def test_a_long_table_of_wrong_rows_lists_some_and_counts_all(folder, row: str, kinds: set[str]) -> None:
    rows = LISTED + 50
    folder.put("tasks.csv", HEADER + row * rows)
    problems = folder.error().problems
    assert kinds <= set(counted(problems))
    assert len(problems) <= 6 * (LISTED + 1)
    for kind in kinds:
        first = next(p for p in problems if p.row is not None and p.what.text == kind)
        listed = [p for p in problems if (p.what.text, p.column) == (kind, first.column)]
        assert len(listed) == LISTED
        assert counted(problems)[kind] in (rows - LISTED, rows - LISTED - 1)  # the first row repeats none


def test_rows_that_are_left_out_are_listed_up_to_a_number_and_then_counted(folder) -> None:
    folder.add("tasks.csv", *["Tổng cộng,,,,,"] * (LISTED + 7))
    guesses = folder.load().guesses
    assert counted(guesses) == {"the row is a total and is left out": 7}
    assert len(guesses) <= LISTED + 5


def test_cells_without_a_value_are_noted_together(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("papi_analysis.study.findings.LISTED", 3)
    book = Workbook()
    book.active.append(HEADER.strip().split(","))
    for _ in range(5):
        book.active.append(["T1", "D1", "=NA()", "=1+1"])
    book.save(folder.path / "tasks.xlsx")
    folder.swap("study.toml", "tasks.csv", "tasks.xlsx")
    problems = folder.error().problems
    lost = [p for p in problems if p.row is not None and "was not saved" in p.what]
    assert [(p.row, p.column) for p in lost] == [
        (2, "start"),
        (2, "due"),
        (3, "start"),
        (3, "due"),
        (4, "start"),
        (4, "due"),
    ]
    assert counted(problems)["the cell holds a formula whose value was not saved"] == 2


def test_the_nearest_name_is_looked_for_no_more_often_than_it_is_shown(folder, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(study_module, "meant_unit", lambda *names: asked.append(names) or Note("Known."))
    others = ", ".join(f'"u{number}"' for number in range(LISTED + 400))
    folder.swap("study.toml", '"all others"', f"[{others}]")
    assert counted(folder.error().problems) == {"this name is not known": 400}
    assert len(asked) == LISTED


def test_the_merger_of_provinces_is_looked_up_once_for_each_unit(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(files.codebook, "merged_into", lambda unit, _: asked.append(unit) or ("", (unit,)))
    folder.add("progress.csv", *(f"T3,2025-{month:02d}-01,2025-12-01,0.9,0" for month in range(7, 13)))
    folder.add("progress.csv", "T3,2026-01-01,2026-12-01,0.9,0")
    folder.load()
    assert asked == ["A"]


def test_among_many_names_the_nearest_is_found_without_comparing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    matches = difflib.get_close_matches

    def count(word: str, names: list[str], **how: float) -> list[str]:
        compared.append(len(names))
        return matches(word, names, **how)

    monkeypatch.setattr(difflib, "get_close_matches", count)
    known = [f"NV-{number:05d}" for number in range(5_000)]
    assert nearest("NV04321", known) == "Did you mean 'NV-04321'?"
    assert nearest("NV-043210", known) == "Did you mean 'NV-04321'?"
    assert nearest("XV-04321", known) == "Did you mean 'NV-04321'?"
    assert nearest("Q", known).startswith("Known: NV-00000, ")
    assert max(compared) <= MANY_NAMES


# Large csv files -----------------------------------------------------------------------------------------------------


def test_a_csv_file_that_is_too_large_is_not_opened(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder.path / "tasks.csv").open("r+b") as file:
        file.truncate(MAX_PART + 1)
    read = Path.read_bytes
    opened: list[str] = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.name) or read(path))
    problem = next(p for p in folder.error().problems if p.file == "tasks.csv")
    assert problem.what == "the file is too large"
    assert "Parquet file, by its path" in problem.remedy
    assert "tasks.csv" not in opened


@pytest.mark.parametrize("most", [20_000, pytest.param(MAX_CELLS, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "text",
    [
        lambda most: HEADER + ROW * (most // 4),
        lambda most: HEADER + "\n" * (most // 2 + 1),
        lambda most: HEADER + "," * 900 + "\n" + "\n" * (2 * most // 900),
    ],
    ids=["rows", "blank rows", "one wide row"],
)
def test_a_csv_file_of_too_many_cells_is_not_checked(folder, text, most: int, monkeypatch) -> None:
    monkeypatch.setattr(office, "MAX_CELLS", most)
    folder.put("tasks.csv", text(most))
    monkeypatch.setattr(office, "_find_tables", lambda *_: pytest.fail("the table was looked for"))
    with pytest.raises(pa.DataError) as caught:
        office.read_office_table(office.Source(folder.path / "tasks.csv"), TASKS)
    (problem,) = caught.value.problems
    assert (problem.file, str(problem.what)) == ("tasks.csv", "the file is too large")


def test_a_table_wider_than_any_is_refused_at_its_row(folder) -> None:
    folder.put("tasks.csv", "\n" + HEADER.strip() + ",x" * MAX_COLUMNS + "\n" + ROW)
    assert folder.places()[0] == ("tasks.csv", 2, "", "")
    assert "more than 1000 cells" in str(folder.error())


def test_a_table_as_wide_as_may_be_is_read(folder) -> None:
    more = MAX_COLUMNS - 4
    lines = folder.text("tasks.csv").splitlines()
    wide = [lines[0] + "".join(f",c{i}" for i in range(more - 2)), *(line + ",x" * (more - 2) for line in lines[1:])]
    folder.put("tasks.csv", "\n".join(wide) + "\n")
    assert folder.load().tasks.shape[1] >= MAX_COLUMNS


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (HEADER.encode("utf-16-le"), "the file holds NUL bytes"),
        (HEADER.encode("utf-16"), "the file is not in UTF-8"),
        (bytes(5_000_000), "the file holds NUL bytes"),
        ((HEADER + 'T1,"' + "2" * 15_000_000 + '"\n').encode(), "the line is too long for a table"),
        ((HEADER + 'T1,"' + "2\n" * 7_000_000 + '"\n').encode(), "the file is not a csv table: {error}"),
    ],
)
def test_what_is_no_text_or_no_table_is_refused(folder, content: bytes, what: str) -> None:
    folder.put("tasks.csv", content)
    problems = [p for p in folder.error().problems if p.file == "tasks.csv"]
    assert [p.what.text for p in problems] == [what]


# study.toml ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# c\n" * (MAX_SETTINGS // 4 + 1), "too large"),
        ("a" + ".a" * 50_000 + " = 1\n", "too many parts"),
        ('"a"' + ' . "a"' * 50_000 + " = 1\n", "too many parts"),
        ("[a" + ".a" * 50_000 + "]\n", "too many parts"),
        ("a = " + "[" * 200_000, "not valid TOML"),
        ("a = " + "{a=" * 100_000, "not valid TOML"),
        ("base_year = " + "9" * 5_000, "not valid TOML"),
    ],
)
def test_settings_that_would_take_long_to_parse_are_refused(folder, text: str, what: str) -> None:
    folder.put("study.toml", text)
    (problem,) = folder.error().problems
    assert problem.file == "study.toml"
    assert what in problem.what
    assert preferred_language(folder.path) == "en"


def test_a_title_may_hold_points_and_be_long(folder) -> None:
    title = "K.H. 24. " + "v.v... " * 200 + "x" * 100_000
    folder.swap("study.toml", '"A programme"', f'"{title}"')
    assert folder.load().title_en == title


def test_settings_outside_the_folder_are_refused_like_any_table(folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    (folder.path / "study.toml").rename(outside)
    os.symlink(outside, folder.path / "study.toml")
    outside.write_text('language = "vi"\n' + outside.read_text(encoding="utf-8"), encoding="utf-8")
    assert folder.places() == [("study.toml", None, "", "")]
    assert "outside the study folder" in str(folder.error())
    assert preferred_language(folder.path) == "en"


def test_settings_may_be_a_link_within_the_folder(folder) -> None:
    (folder.path / "study.toml").rename(folder.path / "settings.toml")
    os.symlink("settings.toml", folder.path / "study.toml")
    assert folder.load().title_en == "A programme"


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        ("last_year = 2019", "last_year = 100000000000000000000", "last_year", "100000000000000000000"),
        ("first_year = 2016", "first_year = 216", "first_year", "216"),
        ("start = 2018-01-01", "start = 0001-01-01", "start", "0001-01-01"),
        ("end = 2019-12-31", "end = 2919-12-31", "end", "2919-12-31"),
    ],
)
def test_years_of_settings_are_bounded(folder, old: str, new: str, column: str, value: str) -> None:
    folder.swap("study.toml", old, new)
    (problem,) = folder.error().problems
    assert (problem.file, problem.column, problem.value) == ("study.toml", column, value)
    assert str(problem).endswith("the year is outside 1900 to 2100" + f" ({value!r}). Correct the year.")


def test_years_of_tables_are_bounded(folder) -> None:
    cells = [
        ("tasks.csv", 2, "due", "2109-06-30"),
        ("tasks.csv", 3, "start", "1810-06-30"),
        ("progress.csv", 2, "reported_on", "2198-07-10"),
        ("progress.csv", 3, "as_of", "9999-12-31"),
        ("targets.csv", 2, "year", "3020"),
    ]
    for cell in cells:
        folder.cell(*cell)
    far = [p for p in folder.error().problems if "outside 1900 to 2100" in p.what and p.remedy]
    assert [(p.file, p.row, p.column, p.value) for p in far] == cells


@pytest.mark.parametrize("day", ["1900-01-01", "2100-12-31"])
def test_the_first_and_the_last_day_are_within_bounds(day: str) -> None:
    report = {"unit": "A", "task": "T", "as_of": day, "reported_on": day, "completion": "1"}
    assert check_frame(pd.DataFrame([report]), PROGRESS)["as_of"].tolist() == [pd.Timestamp(day)]


# Workbooks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "filling", "end"),
    [
        (b'<row r="1" ', b'a="" ', b"/>"),
        (b"<!--", b"> ", b"-->"),
        (b"<?x ", b"> ", b"?>"),
        (b'<row r="1" spans="', b"1", b'"/>'),
        (b" " * (2**20 - len(OPENING) - 2) + b"<!--", b"> ", b"-->"),
    ],
    ids=["attributes", "comment", "instruction", "value", "across"],
)
def test_a_tag_of_megabytes_is_not_parsed(
    tmp_path: Path, monkeypatch, start: bytes, filling: bytes, end: bytes
) -> None:
    monkeypatch.setattr(sheets, "_read_sheets", lambda *_: pytest.fail("the sheet was parsed"))
    long = start + filling * (4_000_000 // len(filling)) + end
    path = remake(tmp_path / "a.xlsx", {SHEET: OPENING.encode() + long + CLOSING.encode()})
    assert refused(path).what == "the workbook is damaged"


def test_a_comment_across_two_pieces_is_read(tmp_path: Path) -> None:
    long = "<!--" + "> " * 700_000 + "-->"
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    path = remake(tmp_path / "a.xlsx", {SHEET: (OPENING + long + row + CLOSING).encode()})
    assert read_workbook(path)[0].rows == [[1]]


def test_what_another_program_keeps_in_utf_16_is_not_looked_at(tmp_path: Path) -> None:
    kept = '<?xml version="1.0" encoding="utf-16"?><DataMashup>AAAA</DataMashup>'.encode("utf-16")
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    parts = {"customXml/item1.xml": kept, SHEET: (OPENING + row + CLOSING).encode()}
    assert read_workbook(remake(tmp_path / "a.xlsx", parts))[0].rows == [[1]]


def test_a_sheet_kept_where_nothing_was_looked_at_is_refused(tmp_path: Path) -> None:
    path = remake(tmp_path / "a.xlsx", {})
    with zipfile.ZipFile(path) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels")
        sheet = archive.read(SHEET)
    moved = links.replace(b"/xl/worksheets/sheet1.xml", b"/customXml/sheet1.xml")
    assert moved != links
    parts = {"xl/_rels/workbook.xml.rels": moved, "customXml/sheet1.xml": sheet}
    assert refused(remake(path, parts)).what == "the workbook is damaged"


def test_more_sheets_than_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_read_sheets", lambda *_: pytest.fail("the sheets were parsed"))
    path = remake(tmp_path / "a.xlsx", {})
    with zipfile.ZipFile(path) as archive:
        book = archive.read("xl/workbook.xml").decode()
    tag = book[book.index("<sheet ") : book.index("/>", book.index("<sheet ")) + 2]
    many = "".join(tag.replace("Sheet", f"S{number}") for number in range(1, 20_001))
    assert (
        refused(remake(path, {"xl/workbook.xml": book.replace(tag, many).encode()})).what == "the workbook is damaged"
    )


def test_sheets_that_hide_their_size_may_not_be_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = (OPENING.replace('<dimension ref="A1:D9"/>', "") + '<row r="1"><c r="A1"><v>1</v></c></row>').encode()
    long = sheet + b"<row/>" * 10_000 + CLOSING.encode()
    monkeypatch.setattr(sheets, "MAX_UNSIZED", len(long))
    assert read_workbook(remake(tmp_path / "a.xlsx", {SHEET: long}))[0].rows == [[1]]
    monkeypatch.setattr(sheets, "MAX_UNSIZED", len(long) - 1)
    assert "too large" in refused(tmp_path / "a.xlsx").what


def test_a_sheet_of_many_columns_is_refused_at_its_first_wide_row(tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Wide")
    sheet.append(["task"])
    for _ in range(2):
        sheet.append([f"c{number}" for number in range(16_384)])
    book.save(tmp_path / "a.xlsx")
    problem = refused(tmp_path / "a.xlsx")
    assert (problem.sheet, problem.row) == ("Wide", 2)
    assert "more than 1000 cells" in problem.what


def test_one_far_cell_does_not_stretch_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 2_000)
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, 500))
    wide = '<row r="500"><c r="IV500"><v>1</v></c></row>'
    path = remake(tmp_path / "a.xlsx", {SHEET: (OPENING + rows + CLOSING).encode()})
    assert len(read_workbook(path)[0].rows) == 499
    assert "too many cells" in refused(remake(path, {SHEET: (OPENING + rows + wide + CLOSING).encode()})).what


def test_the_cells_of_all_sheets_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 100)
    book = Workbook()
    for sheet in (book.active, book.create_sheet("B"), book.create_sheet("C")):
        for _ in range(40):
            sheet.append([1])
    book.save(tmp_path / "a.xlsx")
    problem = refused(tmp_path / "a.xlsx")
    assert (problem.sheet, problem.what) == ("C", "the sheet has too many cells")


# What was there before -----------------------------------------------------------------------------------------------


def test_the_earlier_report_stays_when_a_table_is_refused(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "MAX_CELLS", 2_000)
    folder.put("tasks.csv", HEADER + ROW * 500)
    earlier = folder.path / "report" / "index.html"
    earlier.parent.mkdir()
    earlier.write_text(GENERATOR)
    result = CliRunner().invoke(main, ["report", str(folder.path)])
    assert result.exit_code == 1
    assert "the file is too large" in result.output
    assert [(path.name, path.read_text()) for path in earlier.parent.iterdir()] == [("index.html", GENERATOR)]
