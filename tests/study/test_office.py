"""Tables as offices keep them come out as the schemas want them, with every guess listed and no doubt resolved."""

from __future__ import annotations

import csv
import io
import os
import shutil
import unicodedata
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

import papi_analysis as pa
from papi_analysis.errors import DataError, Problem
from papi_analysis.reporting.language import find_language
from papi_analysis.study import codebook
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import sheet_row
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import DIMENSIONS, PROGRESS, SCORES, TARGETS, TASKS, UNITS
from papi_analysis.study.words import plain

BUNDLED = codebook.data_folder() / "can_tho_2018_2020"
FILL = {"unit": "VN-CT"}
SPELLINGS = {
    "unit": codebook.unit_spellings(codebook.load_units()),
    "dimension": dimension_spellings(codebook.load_dimensions()),
}


def book(path: Path, *rows: list, title: str = "Sheet1", merge: tuple[str, ...] = (), **sheets: list[list]) -> Path:
    """Save a workbook whose first sheet holds ``rows``; further sheets by their name."""
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for block in merge:
        sheet.merge_cells(block)
    for name, further in sheets.items():
        other = workbook.create_sheet(name)
        for row in further:
            other.append(row)
    workbook.save(path)
    return path


def read(path: Path, schema, **options) -> Reading:
    return read_office_table(Source(path, **({"fill": FILL, "spellings": SPELLINGS} | options)), schema)


def whats(problems: tuple[Problem, ...]) -> list[tuple[int | None, str]]:
    return [(problem.row, str(problem.what)) for problem in problems]


def refused(path: Path, schema, **options) -> Problem:
    with pytest.raises(DataError) as caught:
        read(path, schema, **options)
    (problem,) = caught.value.problems
    assert problem.remedy
    assert problem.file == path.name
    return problem


TASK_HEADER = ["STT", "Mã nhiệm vụ", "Tên nhiệm vụ", "Nội dung", "Trọng số", "Ngày bắt đầu", "Thời hạn"]


def task_row(number: int, **changes) -> list:
    row = {
        "a": number,
        "b": f"CT-0{number}",
        "c": f"Việc {number}",
        "d": "D1",
        "e": 1,
        "f": "01/02/2018",
        "g": "31/12/2018",
    }
    return list((row | changes).values())


@pytest.mark.parametrize(
    ("path", "schema", "fill"),
    [
        (BUNDLED / "tasks.csv", TASKS, FILL),
        (BUNDLED / "progress.csv", PROGRESS, FILL),
        (BUNDLED / "targets.csv", TARGETS, FILL),
        (codebook.data_folder() / "papi" / "scores.csv", SCORES, {}),
        (codebook.data_folder() / "papi" / "units.csv", UNITS, {}),
        (codebook.data_folder() / "papi" / "dimensions.csv", DIMENSIONS, {}),
    ],
)
def test_the_bundled_files_come_out_as_they_are(path: Path, schema, fill) -> None:
    reading = read(path, schema, fill=fill)
    own = pd.read_csv(path, dtype=object, keep_default_na=False)
    pd.testing.assert_frame_equal(reading.frame, own.assign(**fill), check_index_type=False)
    assert reading.guesses == reading.problems == ()


def test_a_table_among_titles_blank_columns_and_totals(tmp_path: Path) -> None:
    path = book(
        tmp_path / "tasks.xlsx",
        ["ỦY BAN NHÂN DÂN THÀNH PHỐ"],
        ["DANH MỤC NHIỆM VỤ"],
        [],
        [None, *TASK_HEADER, None, "Ghi chú"],
        [None, "(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
        [None, "Nội dung 1: Tham gia của người dân ở cấp cơ sở"],
        [None, *task_row(1), None, "x"],
        [],
        [None, *task_row(2, f=date(2018, 4, 5))],
        [None, None, "Tổng cộng", None, None, 2],
        [None, "Nguồn: báo cáo của các sở"],
        [None, None, None, "Người lập biểu", None, None, "Giám đốc"],
        merge=("A1:I1", "A2:I2", "B6:H6"),
    )
    reading = read(path, TASKS)
    assert [sheet_row(index) for index in reading.frame.index] == [7, 9]
    assert reading.frame["task"].tolist() == ["CT-01", "CT-02"]
    assert reading.frame["start"].tolist() == ["2018-02-01", "2018-04-05"]
    assert reading.frame["Ghi chú"].tolist() == ["x", ""]
    assert "STT" not in reading.frame
    assert (4, "these columns are not used: Ghi chú") in whats(reading.guesses)
    assert check_frame(reading.frame, TASKS)["due"].tolist() == [pd.Timestamp(2018, 12, 31)] * 2
    left_out = {row for row, what in whats(reading.guesses) if "left out" in what}
    assert left_out == {5, 6, 10, 11, 12}
    assert all(guess.remedy and guess.file == "tasks.xlsx" and guess.sheet == "Sheet1" for guess in reading.guesses)


def test_a_problem_names_the_row_and_the_header_of_the_sheet(tmp_path: Path) -> None:
    rows = [task_row(1), task_row(2, e="-1,5", g="31/02/2018")]
    path = book(tmp_path / "t.xlsx", ["Danh mục"], [], TASK_HEADER, *rows)
    reading = read(path, TASKS)
    with pytest.raises(DataError) as caught:
        check_frame(reading.frame, TASKS, reading.file)
    placed = [reading.place(problem) for problem in caught.value.problems]
    assert [(p.file, p.sheet, p.row, p.column, p.value) for p in placed] == [
        ("t.xlsx", "Sheet1", 5, "Trọng số", "-1,5"),
        ("t.xlsx", "Sheet1", 5, "Thời hạn", "31/02/2018"),
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("marks", [True, False])
def test_headers_are_known_however_they_are_typed(tmp_path: Path, form: str, marks: bool) -> None:
    header = [unicodedata.normalize(form, name if marks else plain(name).upper()) for name in TASK_HEADER]
    reading = read(book(tmp_path / "t.xlsx", header, task_row(1)), TASKS)
    assert {"task", "title_vi", "dimension", "weight", "start", "due"} <= set(reading.frame.columns)


def test_a_code_is_the_same_composed_and_decomposed(tmp_path: Path) -> None:
    code = "Đề-01"
    for form in ("NFC", "NFD"):
        row = task_row(1, b=unicodedata.normalize(form, code))
        assert read(book(tmp_path / "t.xlsx", TASK_HEADER, row), TASKS).frame["task"].tolist() == [code]


def test_two_headers_for_one_column_are_a_problem_that_names_both(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", [*TASK_HEADER, "Hạn hoàn thành"], [*task_row(1), "01/01/2019"])
    assert "'Thời hạn' and 'Hạn hoàn thành'" in refused(path, TASKS).what


def test_a_header_that_fits_two_columns_is_that_which_no_other_is(tmp_path: Path) -> None:
    header = ["Mã", "Nội dung", "Thời gian thực hiện"]
    path = book(tmp_path / "t.xlsx", [*header, "Thời hạn"], ["CT-01", "D1", "2018", "2018"])
    frame = read(path, TASKS).frame
    assert frame.loc[0, ["start", "due"]].tolist() == ["2018-01-01", "2018-12-31"]


def test_two_rows_that_may_be_the_header_are_a_problem(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", TASK_HEADER, TASK_HEADER, task_row(1))
    assert refused(path, TASKS).what == "several rows may be the header: 1, 2"


def test_a_column_without_a_header_is_listed(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", [*TASK_HEADER, None], [*task_row(1), "lost?"])
    assert (1, "column 8 has no header and is left out") in whats(read(path, TASKS).guesses)


def test_headings_counted_in_letters_are_left_out(tmp_path: Path) -> None:
    heading = ["I", None, "Tham gia của người dân"]
    path = book(tmp_path / "t.xlsx", TASK_HEADER, heading, task_row(1), ["B", "Nội dung 2"], [2, None, "Việc 2"])
    reading = read(path, TASKS)
    assert [sheet_row(index) for index in reading.frame.index] == [3, 5]  # row 5 is a task without its code
    assert {row for row, what in whats(reading.guesses) if "left out" in what} == {2, 4}


def test_rows_that_are_wrong_are_not_taken_for_notes(tmp_path: Path) -> None:
    """A blank key beside other cells, a code alone, a title that begins like a total: rows of the table."""
    path = book(
        tmp_path / "t.xlsx",
        TASK_HEADER,
        task_row(1, b=None),
        [None, "CT-02"],
        task_row(3, c="Tổng kết chương trình"),
        task_row(4, c="Nguồn vốn"),
    )
    assert [sheet_row(index) for index in read(path, TASKS).frame.index] == [2, 3, 4, 5]


def test_a_dimension_without_its_target_is_a_row(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", ["Nội dung", "Năm", "Chỉ tiêu"], ["Nội dung 1", 2020, 6.5], ["Nội dung 2"])
    assert read(path, TARGETS).frame["dimension"].tolist() == ["D1", "D2"]


def test_merged_codes_are_spread_over_their_rows_and_listed(tmp_path: Path) -> None:
    header = [*TASK_HEADER, "Tỷ trọng"]
    rows = [[*task_row(1), 0.5], [None, None, None, "D2", 1, "01/02/2018", "31/12/2018", 0.5]]
    merged = read(book(tmp_path / "t.xlsx", header, *rows, merge=("B2:B3",)), TASKS)
    assert merged.frame["task"].tolist() == ["CT-01", "CT-01"]
    assert (2, "merged cells: each of their rows has the value") in whats(merged.guesses)
    assert read(book(tmp_path / "t.xlsx", header, *rows), TASKS).frame["task"].tolist() == ["CT-01", ""]


WIDE = [
    ["Mã nhiệm vụ", "Tiến độ (%)", None, None],
    [None, "Quý I/2018", "Quý II/2018", date(2018, 9, 30)],
    ["CT-01", 10, None, 75],
    ["CT-02", 5, 20, 40],
]


def test_progress_with_a_column_for_each_quarter(tmp_path: Path) -> None:
    reading = read(book(tmp_path / "p.xlsx", ["Báo cáo"], *WIDE, merge=("A2:A3", "B2:D2")), PROGRESS)
    checked = check_frame(reading.frame, PROGRESS)
    assert list(zip(checked["task"], checked["as_of"].dt.strftime("%m-%d"), checked["completion"], strict=True)) == [
        ("CT-01", "03-31", 0.1),
        ("CT-01", "09-30", 0.75),
        ("CT-02", "03-31", 0.05),
        ("CT-02", "06-30", 0.2),
        ("CT-02", "09-30", 0.4),
    ]
    assert checked["reported_on"].equals(checked["as_of"].rename("reported_on"))
    assert [sheet_row(index) for index in reading.frame.index] == [4, 4, 5, 5, 5]
    told = " / ".join(what for _, what in whats(reading.guesses))
    assert "each cell under Tiến độ (%) Quý I/2018 ... " in told
    assert "each counts as known on the day it reports on" in told
    assert "percentages are read as parts of one" in told


def test_a_quarter_twice_is_a_problem(tmp_path: Path) -> None:
    path = book(tmp_path / "p.xlsx", ["Mã", "Quý I/2018", "Q1 2018"], ["CT-01", 0.1, 0.2])
    assert [(p.row, p.column) for p in read(path, PROGRESS).problems] == [(1, "Q1 2018")]


def test_words_beside_the_quarters_are_a_further_column(tmp_path: Path) -> None:
    header = ["Mã", "Tỷ lệ hoàn thành", "Trạng thái", "Quý I/2018", "Quý II/2018"]
    path = book(tmp_path / "p.xlsx", header, ["CT-01", "75%", "Đang thực hiện", "10%", " "])
    frame = read(path, PROGRESS).frame
    assert frame[["as_of", "completion", "Trạng thái"]].values.tolist() == [["2018-03-31", "0.1", "Đang thực hiện"]]


def test_a_header_of_two_rows_in_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("Mã;Tiến độ (%);\n;Quý I/2018;Quý II/2018\nCT-01;10,5;20\n", encoding="utf-8")
    reading = read(path, PROGRESS)
    assert reading.frame["completion"].tolist() == ["0.105", "0.2"]


def test_a_problem_in_a_quarter_names_the_quarter(tmp_path: Path) -> None:
    path = book(tmp_path / "p.xlsx", ["Mã", "Quý I/2018", "Quý II/2018"], ["CT-01", 0.1, 0.2], ["CT-02", 0.1, 1.5])
    reading = read(path, PROGRESS)
    with pytest.raises(DataError) as caught:
        check_frame(reading.frame, PROGRESS, reading.file)
    (problem,) = [reading.place(problem) for problem in caught.value.problems]
    assert (problem.row, problem.column, problem.value) == (3, "Quý II/2018", "1.5")


def test_a_column_in_words_beside_one_in_numbers(tmp_path: Path) -> None:
    header = ["Mã", "Kỳ báo cáo", "Tỷ lệ hoàn thành", "Trạng thái"]
    rows = [
        ["CT-01", "Quý I/2018", "40%", "Đang thực hiện"],
        ["CT-02", "Quý I/2018", None, "Đã hoàn thành"],
        ["CT-03", "Quý I/2018", "100%", "Hoàn thành trễ hạn"],
    ]
    reading = read(book(tmp_path / "p.xlsx", header, *rows), PROGRESS)
    assert reading.frame["completion"].tolist() == ["0.4", "1", "1"]
    assert reading.problems == ()
    denied = [["CT-01", "Quý I/2018", "40%", "Đã hoàn thành"], ["CT-02", "Quý I/2018", "30%", "Chưa thực hiện"]]
    reading = read(book(tmp_path / "p.xlsx", header, *rows[2:], *denied), PROGRESS)
    assert [(p.row, p.column) for p in reading.problems] == [(3, "Trạng thái"), (4, "Trạng thái")]


def test_words_alone_need_the_setting_for_what_is_under_way(tmp_path: Path) -> None:
    rows = [
        ["Mã", "Quý", "Kết quả thực hiện"],
        ["CT-01", "II/2018", "chưa thực hiện"],
        ["CT-02", "Q2/2018", "ĐANG THỰC HIỆN"],
    ]
    path = book(tmp_path / "p.xlsx", *rows)
    reading = read(path, PROGRESS)
    (problem,) = reading.problems
    assert (problem.row, problem.column, problem.value) == (3, "Kết quả thực hiện", "ĐANG THỰC HIỆN")
    assert "in_progress = 0.5" in problem.remedy
    reading = read(path, PROGRESS, in_progress=0.3)
    assert reading.frame["completion"].tolist() == ["0", "0.3"]
    assert (3, "tasks in progress count as 0.3, as study.toml says") in whats(reading.guesses)


def test_a_cell_that_holds_an_error_or_a_lost_formula_is_named(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", TASK_HEADER, task_row(1, e="#REF!"), task_row(2, e="=1+1"))
    found = [(p.row, p.column, p.value, str(p.what)) for p in read(path, TASKS).problems]
    assert found == [
        (2, "Trọng số", "#REF!", "the cell holds an error"),
        (3, "Trọng số", "=1+1", "the cell holds a formula whose value was not saved"),
    ]


def test_the_sheet_is_the_one_that_holds_such_a_table(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", ["Hướng dẫn"], ["Điền vào bảng"], title="Ghi chú", Bảng=[TASK_HEADER, task_row(1)])
    reading = read(path, TASKS)
    assert (reading.sheet, reading.unused) == ("Bảng", ("Ghi chú",))


def test_several_sheets_with_such_a_table_are_a_problem(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", TASK_HEADER, task_row(1), title="2018", **{"2019": [TASK_HEADER, task_row(2)]})
    problem = refused(path, TASKS)
    assert problem.what == "several sheets hold such a table: '2018', '2019'"
    assert 'tasks = "t.xlsx#2018"' in problem.remedy
    assert read(path, TASKS, sheet="2019").frame["task"].tolist() == ["CT-02"]
    assert refused(path, TASKS, sheet="2020").what == "the workbook has no such sheet"


def test_the_separator_of_a_csv_file_is_the_one_that_makes_its_header(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    for mark, number in ((";", "6,5"), ("\t", "6,5"), (",", '"6,5"')):
        text = mark.join(["Nội dung", "Năm", "Chỉ tiêu"]) + "\n" + mark.join(["Công khai", "Năm 2020", number]) + "\n"
        path.write_text(text, encoding="utf-8-sig")
        reading = read(path, TARGETS)
        assert reading.frame.loc[0, ["year", "target"]].tolist() == ["2020", "6.5"]
    path.write_text("year;dimension,target\n2020;D1,6\n", encoding="utf-8")
    assert refused(path, TARGETS).what == "the cells may be separated in two ways"


WORDS = ["", "Mã nhiệm vụ", "task", "Quý I/2018", "as_of", "Tiến độ", "Tổng", "CT-01", "75%", "0,5", "1.234", "{x}"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_the_cells_hold_there_is_a_table_or_an_error_that_says_why(rows: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "progress.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        problems: tuple[Problem, ...] = ()
        try:
            reading = read(path, PROGRESS)
            problems = reading.problems
            check_frame(reading.frame, PROGRESS)
        except DataError as error:
            problems += error.problems
        assert all(str(problem) and problem.remedy for problem in problems)


def test_the_columns_own_names_win_over_other_words_for_them(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    path.write_text("Nội dung,dimension,year,target\nmột việc,D1,2020,6.5\n", encoding="utf-8")
    reading = read(path, TARGETS)
    assert reading.frame.loc[0, ["dimension", "Nội dung"]].tolist() == ["D1", "một việc"]
    assert whats(reading.guesses) == [(1, "these columns are not used: Nội dung")]


def _vietnamese_copy(folder: Path) -> None:
    """Write the bundled study as an office would keep it: one workbook for tasks, one by quarter, targets in csv."""
    rows = list(csv.DictReader(io.StringIO((BUNDLED / "tasks.csv").read_text(encoding="utf-8"))))
    days = {key: {row["task"]: "/".join(row[key].split("-")[::-1]) for row in rows} for key in ("start", "due")}
    tasks: list[list] = [["UBND THÀNH PHỐ"], ["DANH MỤC NHIỆM VỤ"], []]
    tasks.append(["TT", "Mã số", "Nội dung nhiệm vụ", "Trục nội dung", "Trọng số", "Cơ quan chủ trì", "Bắt đầu", "Hạn"])
    merged = ["A1:H1", "A2:H2"]
    dimension = ""
    for number, row in enumerate(rows, 1):
        if row["dimension"] != dimension:
            dimension = row["dimension"]
            tasks.append([f"Nội dung {dimension[1:]}"])
            merged.append(f"A{len(tasks)}:H{len(tasks)}")
        named = f"Nội dung {dimension[1:]}"
        cells = [row["task"], row["title_vi"], named, int(row["weight"]), row["lead_agency_vi"]]
        tasks.append([number, *cells, days["start"][row["task"]], days["due"][row["task"]]])
    tasks += [[None, "Tổng cộng", None, None, 59], [], [None, "Người lập biểu"]]
    book(folder / "tasks.xlsx", *tasks, merge=tuple(merged))

    reports = pd.read_csv(BUNDLED / "progress.csv")
    last = reports.sort_values("revision").drop_duplicates(["task", "as_of"], keep="last")
    table = last.pivot(index="task", columns="as_of", values="completion")
    quarters = [f"Quý {('I', 'II', 'III', 'IV')[int(day[5:7]) // 3 - 1]}/{day[:4]}" for day in table.columns]
    wide: list[list] = [["BÁO CÁO TIẾN ĐỘ"], ["Mã nhiệm vụ", "Tỷ lệ hoàn thành", *[None] * (len(quarters) - 1)]]
    wide.append([None, *quarters])
    for task, values in table.iterrows():
        wide.append([task, *(None if pd.isna(value) else f"{100 * value:.0f}%" for value in values)])
    book(folder / "progress.xlsx", *wide, merge=("A1:F1", "A2:A3", "B2:M2"))

    lines = (BUNDLED / "targets.csv").read_text(encoding="utf-8").splitlines()[1:]
    text = "Nội dung;Năm;Chỉ tiêu\n" + "".join(line.replace(",", ";").replace(".", ",") + "\n" for line in lines)
    (folder / "targets.csv").write_text(text, encoding="utf-8-sig")
    toml = (BUNDLED / "study.toml").read_text(encoding="utf-8")
    for name in ("tasks", "progress"):
        toml = toml.replace(f"{name}.csv", f"{name}.xlsx")
    (folder / "study.toml").write_text(toml, encoding="utf-8")


def test_an_office_copy_of_the_whole_study_gives_the_same_completion(tmp_path: Path) -> None:
    _vietnamese_copy(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    study, bundled = pa.load_study(tmp_path), pa.load_study()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    columns = ["unit", "task", "dimension", "weight", "share", "start", "due", "title_vi", "lead_agency_vi"]
    left, right = (table[columns].reset_index(drop=True) for table in (study.tasks, bundled.tasks))
    pd.testing.assert_frame_equal(left, right)
    left, right = (pa.completion(s.tasks, s.progress) for s in (study, bundled))
    pd.testing.assert_frame_equal(left, right)
    left, right = (s.targets.reset_index(drop=True) for s in (study, bundled))
    pd.testing.assert_frame_equal(left, right)
    assert (
        len({(guess.file, guess.row, guess.column, guess.what) for guess in study.guesses}) == len(study.guesses) > 10
    )
    assert bundled.guesses == ()


def test_tasks_and_progress_in_one_workbook_and_even_one_sheet(tmp_path: Path) -> None:
    header = ["Mã", "Nội dung", "Bắt đầu", "Thời hạn", "Quý I/2018", "Quý II/2018"]
    row = ["CT-01", "Nội dung 1", "01/02/2018", "31/12/2018", "10%", "75%"]
    book(tmp_path / "all.xlsx", header, row, title="Nhiệm vụ", Khác=[["x"]])
    toml = (BUNDLED / "study.toml").read_text(encoding="utf-8").split("[tables]")[0]
    tables = '[tables]\ntasks = "all.xlsx"\nprogress = "all.xlsx#Nhiệm vụ"\n'
    (tmp_path / "study.toml").write_text(toml + tables, encoding="utf-8")
    study = pa.load_study(tmp_path)
    assert study.progress["completion"].tolist() == [0.1, 0.75]
    assert [(g.sheet, str(g.what)) for g in study.guesses if g.sheet == "Khác"] == [("Khác", "the sheet is not read")]
    book(tmp_path / "all.xlsx", header, [*row[:4], "10%", "175%"], title="Nhiệm vụ")
    with pytest.raises(DataError) as caught:
        pa.load_study(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.sheet, problem.row, problem.column) == ("Nhiệm vụ", 2, "Quý II/2018")


def test_a_unit_that_was_merged_is_told_of_once_where_a_table_reaches_beyond_july_2025(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED, tmp_path / "study")
    path = tmp_path / "study" / "progress.csv"
    assert not [guess for guess in pa.load_study(tmp_path / "study").guesses if "July 2025" in guess.what]
    with path.open("a", encoding="utf-8") as file:
        file.write("CT-01,2025-06-30,2025-07-10,0.5,0\nCT-02,2025-09-30,2025-10-10,0.9,0\n")
    guess, *late = pa.load_study(tmp_path / "study").guesses
    assert (guess.file, guess.row, guess.column, guess.value) == ("progress.csv", 537, "", "")  # no column has units
    assert [(one.row, one.column) for one in late] == [(537, "as_of"), (538, "as_of")]  # after the programme's end
    assert "made of Can Tho, Hau Giang, Soc Trang" in guess.what
    assert "gồm Cần Thơ, Hậu Giang, Sóc Trăng" in find_language("vi").say(guess.what)


def test_a_department_that_was_merged_is_told_of_where_a_task_is_due_later(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED, tmp_path / "study")
    path = tmp_path / "study" / "tasks.csv"
    tasks = pd.read_csv(path, dtype=str, keep_default_na=False)
    tasks["lead_agency_vi"] = "Sở Tài nguyên & Môi trường"
    tasks.loc[[3, 4, 5], "lead_agency_vi"] = ["Sở Tài nguyên và Môi trường", "Sở Kế hoạch và Đầu tư tỉnh", "Sở Nội vụ"]
    tasks.to_csv(path, index=False)
    assert not [guess for guess in pa.load_study(tmp_path / "study").guesses if "March 2025" in guess.what]
    tasks.loc[[3, 4, 5], "due"] = ["2025-03-01", "2025-12-31", "2025-12-31"]
    tasks.to_csv(path, index=False)
    told = [guess for guess in pa.load_study(tmp_path / "study").guesses if "March 2025" in guess.what]
    assert [(guess.row, guess.value) for guess in told] == [
        (5, "Sở Tài nguyên và Môi trường"),
        (6, "Sở Kế hoạch và Đầu tư tỉnh"),
    ]
    assert "Sở Tài chính" in find_language("vi").say(told[1].what)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path):
    folder = shutil.copytree(BUNDLED, tmp_path / "own")
    (folder / "tasks.csv").unlink()
    os.mkfifo(folder / "tasks.csv")
    with pytest.raises(pa.DataError, match=r"tasks\.csv: this is a device or a pipe"):
        pa.load_study(folder)


@pytest.mark.parametrize("place", ["/dev/zero", "../outside.csv", "link.csv"])
def test_a_table_outside_the_folder_is_refused_however_it_is_named(tmp_path, place):
    folder = shutil.copytree(BUNDLED, tmp_path / "own")
    (tmp_path / "outside.csv").write_text("task\n", "utf-8")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    settings = (folder / "study.toml").read_text("utf-8")
    (folder / "study.toml").write_text(settings.replace('"tasks.csv"', f'"{place}"'), "utf-8")
    with pytest.raises(pa.DataError, match="outside the study folder"):
        pa.load_study(folder)
