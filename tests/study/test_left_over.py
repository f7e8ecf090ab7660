"""What a table does not use is told, and refused where it may be what the table lacks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

import papi_analysis as pa
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import PROGRESS, SCORES, TARGETS, TASKS, Schema

SPELLINGS = {
    "unit": {"a": "A", "alpha": "A", "b": "B", "beta": "B", "tp beta": "B"},
    "dimension": {"d1": "D1", "d2": "D2"},
}
TASK_ROWS = [
    ["unit", "task", "dimension", "weight", "start", "due"],
    ["A", "T1", "D1", "3", "2018-01-01", "2018-12-31"],
    ["B", "T2", "D2", "2", "2018-01-01", "2019-12-31"],
]
WIDE = [["unit", "task", "Quý I/2018", "Quý II/2018"], ["A", "T1", "0.1", "0.4"], ["A", "T2", "0.2", "0.5"]]


def read(path: Path, rows: list[list], schema: Schema, mark: str = ",", **fill: str) -> Reading:
    file = path / "table.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, delimiter=mark).writerows(rows)
    return read_office_table(Source(file, "", fill, SPELLINGS), schema)


def whats(reading: Reading) -> list[str]:
    return [str(guess.what) for guess in reading.guesses]


def refusals(reading: Reading) -> list[tuple[int | None, str, str]]:
    return [(problem.row, problem.column, problem.value) for problem in reading.problems]


def with_header(rows: list[list], column: int, header: str) -> list[list]:
    return [[*rows[0][:column], header, *rows[0][column + 1 :]], *rows[1:]]


@pytest.mark.parametrize("header", ["weighting", "task_weight", "Trọng số nhiệm vụ", "points"])
def test_a_column_that_is_not_used_is_told_even_where_all_others_have_their_own_names(tmp_path, header) -> None:
    reading = read(tmp_path, with_header(TASK_ROWS, 3, header), TASKS)
    assert whats(reading) == [f"these columns are not used: {header}"]


@pytest.mark.parametrize(
    "header", ["Q3/20", "31/9/2020", "9 tháng 2020", "Sep 2020", "Quý 5/2020", "Năm 2020", "Lũy kế quý 3/2020", "x", ""]
)
def test_a_column_of_numbers_beside_the_quarters_is_refused(tmp_path, header: str) -> None:
    reading = read(tmp_path, with_header(WIDE, 3, header), PROGRESS)
    assert refusals(reading) == [(1, header, "0.4")]


@pytest.mark.parametrize("header", ["Quí II/2018", "2018-06-30", "30/06/2018", "Q2 2018"])
def test_other_ways_to_write_a_quarter_are_read(tmp_path, header: str) -> None:
    frame = read(tmp_path, with_header(WIDE, 3, header), PROGRESS).frame
    assert frame.loc[frame["as_of"] == "2018-06-30", "completion"].tolist() == ["0.4", "0.5"]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Ghi chú", ["chậm", "đúng hạn"]),
        ("STT", ["1", "2"]),
        ("Trọng số", ["3", "2"]),  # belongs to the tasks, which may stand in the same sheet
        ("Ngày giao", ["2018-01-01", "2018-01-02"]),
    ],
)
def test_other_columns_beside_the_quarters_are_no_reports(tmp_path, header: str, cells: list[str]) -> None:
    reading = read(
        tmp_path, [[*WIDE[0], header], *([*row, c] for row, c in zip(WIDE[1:], cells, strict=True))], PROGRESS
    )
    assert reading.problems == ()
    assert sorted(reading.frame["completion"]) == ["0.1", "0.2", "0.4", "0.5"]


def test_a_column_that_counts_rows_by_its_name_alone_is_no_such_column(tmp_path) -> None:
    assert refusals(read(tmp_path, with_header(WIDE, 3, "STT"), PROGRESS)) == [(1, "STT", "0.4")]


@pytest.mark.parametrize(
    ("rows", "schema", "column", "header", "other"),
    [
        (TASK_ROWS, TASKS, 3, "Trọng số", "1"),
        (TASK_ROWS, TASKS, 5, "Thời hạn", "31/12/2020"),
        (TASK_ROWS, TASKS, 0, "Tỉnh", "Beta"),
        ([["unit", "year", "dimension", "score"], ["A", "2018", "D1", "5"]], SCORES, 3, "Điểm", "6,5"),
    ],
)
def test_two_columns_of_one_meaning_that_differ_are_refused(tmp_path, rows, schema, column, header, other) -> None:
    twice = [[*rows[0], header], [*rows[1], other], *([*row, row[column]] for row in rows[2:])]
    assert refusals(read(tmp_path, twice, schema)) == [(2, header, other)]
    equal = [[*rows[0], header], *([*row, row[column]] for row in rows[1:])]
    reading = read(tmp_path, equal, schema)
    assert reading.problems == ()
    assert f"the column says the same as {rows[0][column]!r} and is not used" in whats(reading)


@pytest.mark.parametrize("header", ["Địa bàn", "STT"])
@pytest.mark.parametrize("names", [("A", "B"), ("Alpha", "Beta")])
def test_a_unit_is_not_filled_in_where_another_column_names_others(tmp_path, names, header: str) -> None:
    rows = [[header, *TASK_ROWS[0][1:]], *([name, *row[1:]] for name, row in zip(names, TASK_ROWS[1:], strict=True))]
    assert refusals(read(tmp_path, rows, TASKS, unit="A")) == [(3, header, names[1])]
    own = [["Địa bàn", *TASK_ROWS[0][1:]], *(["Alpha", *row[1:]] for row in TASK_ROWS[1:])]
    reading = read(tmp_path, own, TASKS, unit="A")
    assert (reading.problems, reading.filled, set(reading.frame["unit"])) == ((), 2, {"A"})


def test_nor_where_a_heading_between_the_rows_does(tmp_path) -> None:
    rows = [row[1:] for row in TASK_ROWS]
    rows.insert(2, ["TP Beta", "", "", "", ""])
    assert [(row, value) for row, _, value in refusals(read(tmp_path, rows, TASKS, unit="A"))] == [(3, "TP Beta")]


def test_a_study_says_into_how_many_rows_its_unit_was_put(folder) -> None:
    assert folder.load().filled == {"tasks": 4, "progress": 6, "targets": 2}
    folder.put("tasks.csv", "unit," + folder.text("tasks.csv").replace("\nT", "\nA,T"))
    folder.add("tasks.csv", "B,T1,D1,1,1,2018-01-01,2018-12-31")
    told = [(g.file, str(g.what)) for g in folder.load().guesses if "counts as" in g.what or "count as" in g.what]
    assert told == [
        ("progress.csv", "no column names the unit: all 6 rows count as Alpha City"),
        ("targets.csv", "no column names the unit: all 2 rows count as Alpha City"),
    ]


def test_rows_above_the_header_are_told(tmp_path) -> None:
    rows = [["A", "T9", "D1", "1", "2018-01-01", "2018-12-31"], *TASK_ROWS]
    assert whats(read(tmp_path, rows, TASKS)) == ["the rows above the header are read as titles: 1"]


def test_rows_between_two_quotation_marks_are_told(tmp_path) -> None:
    lines = [",".join(row) for row in TASK_ROWS]
    lines.insert(2, '"A,T3,D1,1,2018-01-01,2018-12-31')
    lines.insert(3, 'A",T4,D1,1,2018-01-01,2018-12-31')
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    reading = read_office_table(Source(tmp_path / "table.csv"), TASKS)
    (guess,) = reading.guesses
    assert (guess.row, guess.column, guess.value) == (3, "unit", "A,T3,D1,1,2018-01-01,2018-12-31\nA")
    note = [[*TASK_ROWS[0], "Ghi chú"], *([*row, "một\nhai"] for row in TASK_ROWS[1:])]
    assert whats(read(tmp_path, note, TASKS)) == ["these columns are not used: Ghi chú"]


def in_book(path: Path, rows: list[list], change, schema: Schema = PROGRESS) -> Reading:
    book = Workbook()
    for row in rows:
        book.active.append([float(c) if c.replace(".", "", 1).isdigit() else c for c in row])
    change(book.active)
    book.save(path / "table.xlsx")
    return read_office_table(Source(path / "table.xlsx", spellings=SPELLINGS), schema)


@pytest.mark.parametrize("formula", [ArrayFormula("C2:C3", "=A1:A2"), DataTableFormula("C2:C3", r1="A1")])
def test_every_cell_of_a_formula_that_was_not_saved_is_refused(tmp_path, formula) -> None:
    def change(sheet) -> None:
        sheet["C2"], sheet["C3"] = formula, None

    reading = in_book(tmp_path, WIDE, change)
    assert [(row, column) for row, column, _ in refusals(reading)] == [(2, "Quý I/2018"), (3, "Quý I/2018")]


def test_a_cell_merged_over_two_quarters_is_refused(tmp_path) -> None:
    reading = in_book(tmp_path, WIDE, lambda sheet: sheet.merge_cells("C3:D3"))
    assert refusals(reading) == [(3, "Quý I/2018", "0.2")]
    further = [[*WIDE[0], "Ghi chú"], *([*row, "x"] for row in WIDE[1:])]
    assert in_book(tmp_path, further, lambda sheet: sheet.merge_cells("E2:F2")).problems == ()


def test_a_value_hidden_below_a_merged_cell_is_refused(tmp_path) -> None:
    def merged(sheet) -> None:
        sheet.merged_cells.add("C2:C3")  # as other programs leave it, with the values of both cells

    assert refusals(in_book(tmp_path, WIDE, merged)) == [(3, "Quý I/2018", "0.2")]


@pytest.mark.parametrize("header", ["Nội dung", "Thời hạn", "STT"])
@pytest.mark.parametrize("cells", [["0.4", "0.5"], ["40%", "50%"]])
def test_parts_of_one_under_another_name_are_refused_beside_the_quarters(tmp_path, header, cells) -> None:
    rows = [[*WIDE[0], header], *([*row, cell] for row, cell in zip(WIDE[1:], cells, strict=True))]
    assert refusals(read(tmp_path, rows, PROGRESS)) == [(1, header, cells[0])]


def test_a_column_that_does_not_count_rows_is_told_whatever_its_name(tmp_path) -> None:
    rows = [["STT", *TASK_ROWS[0]], ["gấp", *TASK_ROWS[1]], ["2", *TASK_ROWS[2]]]
    assert whats(read(tmp_path, rows, TASKS)) == ["these columns are not used: STT"]
    rows = [["STT", *TASK_ROWS[0]], ["I", *TASK_ROWS[1]], ["1.1", *TASK_ROWS[2]]]
    assert whats(read(tmp_path, rows, TASKS)) == []


@pytest.mark.parametrize("form", ['0.0"%"', "0\\%", '[<1]0"%";0%'])
def test_a_percent_sign_that_is_a_letter_is_refused(tmp_path, form: str) -> None:
    def change(sheet) -> None:
        sheet["C2"].number_format = form

    assert refusals(in_book(tmp_path, WIDE, change)) == [(2, "Quý I/2018", "0.1")]


def test_a_score_shown_as_a_percentage_is_refused(tmp_path) -> None:
    def change(sheet) -> None:
        sheet["C2"].number_format = "0%"

    rows = [["unit", "dimension", "target", "year"], ["A", "D1", "0.65", "2020"]]
    assert refusals(in_book(tmp_path, rows, change, TARGETS)) == [(2, "target", "0.65")]


def test_what_is_hidden_is_read_and_told(tmp_path) -> None:
    def change(sheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["D"].hidden = True
        sheet.parent.create_sheet("Bìa")
        sheet.sheet_state = "hidden"

    reading = in_book(tmp_path, WIDE, change)
    assert len(reading.frame) == 4
    told = [(g.row, g.column, str(g.what)) for g in reading.guesses if "hidden" in g.what]
    assert told == [
        (None, "", "the sheet is hidden, and read like any other"),
        (1, "Quý II/2018", "the column is hidden, and read like any other"),
        (3, "", "hidden rows are read like any other: 3"),
    ]


@pytest.mark.parametrize("table", ["tasks", "targets"])
def test_rows_of_the_templates_example_are_told(tmp_path, table: str) -> None:
    from papi_analysis.study.examples import copy_example

    copy_example(tmp_path, "vi")
    toml = tmp_path / "study.toml"
    if table == "targets":
        toml.write_text(toml.read_text("utf-8").replace('"VN-CT"', '"VN-54"'), "utf-8")
    said = [str(guess.what) for guess in pa.load_study(tmp_path).guesses if "template" in guess.what]
    tasks, progress = (f"rows of the template's example are still in the table: {n}" for n in (6, 65))
    cantho = ["targets of the template's example, which are those of Can Tho: 6"] if table == "targets" else []
    assert said == [tasks, progress, *cantho]


def test_one_agency_in_several_spellings_is_told(folder) -> None:
    text = folder.text("tasks.csv").splitlines()
    names = ["lead_agency_vi", "Sở Y tế", "SỞ Y TẾ", "Sở  Y tế ", "Sở Nội vụ"]
    folder.put("tasks.csv", "".join(f"{line},{name}\n" for line, name in zip(text, names, strict=True)))
    (guess,) = folder.load().guesses
    assert (guess.row, guess.column) == (3, "lead_agency_vi")
    assert guess.what == "one agency may be written in several ways: Sở Y tế; SỞ Y TẾ; Sở  Y tế"


def test_text_in_an_old_font_is_told_and_headers_in_one_are_refused(tmp_path) -> None:
    rows = [["Mã nhiệm vụ", "Nội dung", "Ngày bắt đầu", "Thời hạn"], ["T1", "D1", "2018-01-01", "2018-12-31"]]
    old = with_header(with_header(with_header(rows, 0, "M· nhiÖm vô"), 2, "Ngµy b¾t ®Çu"), 3, "Thêi h¹n")
    with pytest.raises(pa.DataError, match="old font"):
        read(tmp_path, old, TASKS)


def test_agencies_in_an_old_font_are_told(folder) -> None:
    text = folder.text("tasks.csv").splitlines()
    names = ["title_vi", "Việc", "C«ng khai nh÷ng néi dung d©n quyÕt ®Þnh", "Việc", "Việc"]
    folder.put("tasks.csv", "".join(f"{line},{name}\n" for line, name in zip(text, names, strict=True)))
    assert [(g.row, str(g.what)) for g in folder.load().guesses] == [
        (3, "the text seems to be in an old font (TCVN3 or VNI)")
    ]
