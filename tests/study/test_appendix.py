"""Tables as plans and reports of offices print them: what their reader sees without a column that says it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

import papi_analysis as pa
from papi_analysis.errors import Note, Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.checks import check_frame
from papi_analysis.study.dimension_names import meant_dimension
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.provenance import study_files
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import PROGRESS, TARGETS, TASKS, Schema
from papi_analysis.study.titles import periods_in

FILL = {"unit": "VN-CT"}
SPELLINGS = {
    "unit": codebook.unit_spellings(codebook.load_units()),
    "dimension": dimension_spellings(codebook.load_dimensions()),
}
START, END = pd.Timestamp("2018-02-01").date(), pd.Timestamp("2020-12-31").date()
LETTERHEAD = [
    ["UBND THÀNH PHỐ CẦN THƠ", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["SỞ NỘI VỤ", "", "Độc lập - Tự do - Hạnh phúc"],
    [],
    ["PHỤ LỤC: DANH MỤC NHIỆM VỤ GIAI ĐOẠN 2018-2020"],
    ["(Kèm theo Quyết định số 321/QĐ-UBND ngày 01 tháng 02 năm 2018 của Chủ tịch UBND thành phố)"],
    [],
]
QUARTERS = ["Quý III/2019", "Quý IV/2019", "Quý I/2020"]


def book(path: Path, *sheets: tuple[str, list[list], tuple[str, ...]]) -> Path:
    """Save sheets of a name, rows and merged cells each."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows, merged in sheets:
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for block in merged:
            sheet.merge_cells(block)
    workbook.save(path)
    return path


def read(path: Path, schema: Schema, tasks: dict[str, str] | None = None) -> Reading:
    spellings = SPELLINGS | ({"task": tasks} if tasks else {})
    return read_office_table(Source(path, "", FILL, spellings, start=START, end=END), schema)


def one(tmp_path: Path, rows: list[list], schema: Schema, *merged: str, **options) -> Reading:
    return read(book(tmp_path / "table.xlsx", ("Sheet1", rows, merged)), schema, **options)


def said(reading: Reading) -> list[tuple[int | None, str]]:
    return [(guess.row, str(guess.what)) for guess in reading.guesses]


def wrong(reading: Reading) -> list[tuple[int | None, str]]:
    return [(problem.row, str(problem.what)) for problem in reading.problems]


def texts(reading: Reading, *columns: str) -> list[tuple[str, ...]]:
    return list(reading.frame[[*columns]].itertuples(index=False, name=None))


# Registers.

APPENDIX = [
    *LETTERHEAD,
    ["STT", "Nội dung nhiệm vụ", "Cơ quan thực hiện", "", "Thời gian thực hiện", "Ghi chú"],
    ["", "", "Chủ trì", "Phối hợp", "", ""],
    ["I", "Nội dung 1: Tham gia của người dân ở cấp cơ sở"],
    [1, "Công khai những nội dung dân quyết định", "Sở Nội vụ", "UBND quận, huyện", "Quý II/2019", ""],
    [2, "Tập huấn công chức cấp xã", "Sở Nội vụ", "UBND quận, huyện", "Quý IV/2019", ""],
    ["II", "KIỂM SOÁT THAM NHŨNG"],
    [1, "Mở đường dây nóng phản ánh tham nhũng", "Thanh tra thành phố", "", "31/12/2020", ""],
    [],
    ["Nơi nhận: như trên"],
    ["", "", "", "Cần Thơ, ngày 01 tháng 02 năm 2018"],
    ["", "", "", "KT. CHỦ TỊCH"],
]
MERGED = ("C7:D7", "A7:A8", "B7:B8", "E7:E8", "F7:F8", "B9:F9", "B12:F12")


def test_the_usual_appendix_is_read_and_each_guess_listed(tmp_path: Path) -> None:
    reading = one(tmp_path, APPENDIX, TASKS, *MERGED)
    assert wrong(reading) == []
    columns = ("task", "title_vi", "dimension", "lead_agency_vi", "start", "due")
    assert texts(reading, *columns) == [
        ("NV-01", APPENDIX[9][1], "D1", "Sở Nội vụ", "2018-02-01", "2019-06-30"),
        ("NV-02", APPENDIX[10][1], "D1", "Sở Nội vụ", "2018-02-01", "2019-12-31"),
        ("NV-03", APPENDIX[12][1], "D4", "Thanh tra thành phố", "2018-02-01", "2020-12-31"),
    ]
    found = said(reading)
    assert (9, "the heading names the dimension D1: it is that of the rows below") in found
    assert (12, "the heading names the dimension D4: it is that of the rows below") in found
    assert (10, "no column holds codes of tasks: they are made from the order of the rows") in found
    assert any("deadline alone starts with the programme" in what for _, what in found)
    assert any("Phối hợp; Ghi chú" in what for _, what in found)


def test_it_becomes_a_study_with_reports_that_name_tasks_by_their_titles(tmp_path: Path) -> None:
    book(tmp_path / "phu_luc.xlsx", ("Phụ lục", APPENDIX, MERGED))
    titles = [row[1] for row in APPENDIX if row and row[0] in (1, 2)]
    sheets = [
        (
            quarter.replace("/", "-"),
            [
                [f"BÁO CÁO TIẾN ĐỘ {quarter.upper()}"],
                ["TT", "Nhiệm vụ", "Kết quả thực hiện"],
                *([i, title, f"{10 * place + i}%"] for i, title in enumerate(titles, 1)),
            ],
            (),
        )
        for place, quarter in enumerate(QUARTERS, 1)
    ]
    book(tmp_path / "tien_do.xlsx", *sheets)
    (tmp_path / "study.toml").write_text(
        'title_en = "A"\nunit = "can tho"\nbase_year = 2016\nstart = 2018-02-01\nend = 2020-12-31\nfirst_year = 2011\n'
        'last_year = 2020\ndimensions = ["D1", "Kiểm soát tham nhũng trong khu vực công"]\n'
        'without_programme = "all others"\n[tables]\ntasks = "phu_luc.xlsx"\nprogress = "tien_do.xlsx"\n',
        "utf-8",
    )
    study = pa.load_study(tmp_path)
    assert study.unit == "VN-CT"
    assert list(study.dimensions["dimension"]) == ["D1", "D4"]
    reports = study.progress.set_index(["task", "as_of"])["completion"]
    days = pd.to_datetime(["2019-09-30", "2019-12-31", "2020-03-31"])
    expected = {(f"NV-0{i}", day): (10 * place + i) / 100 for place, day in enumerate(days, 1) for i in (1, 2, 3)}
    assert reports.to_dict() == pytest.approx(expected)


def test_one_column_says_when_tasks_start_and_when_they_are_due(tmp_path: Path) -> None:
    rows = [["Mã", "Tên nhiệm vụ", "Nội dung", "Thời gian thực hiện"]]
    times = ["Quý II/2019", "2019-2020", "Từ tháng 3/2019 đến tháng 6/2019", pd.Timestamp("2019-06-30"), "30/6/2019"]
    rows += [[f"NV-{n}", "Việc", "D1", time] for n, time in enumerate(times)]
    reading = one(tmp_path, rows, TASKS)
    assert wrong(reading) == []
    assert texts(reading, "start", "due") == [
        ("2018-02-01", "2019-06-30"),
        ("2019-01-01", "2020-12-31"),
        ("2019-03-01", "2019-06-30"),
        ("2018-02-01", "2019-06-30"),
        ("2018-02-01", "2019-06-30"),
    ]


def test_rows_below_a_heading_of_something_else_have_no_dimension(tmp_path: Path) -> None:
    rows = [["STT", "Mã nhiệm vụ", "Tên nhiệm vụ", "Thời hạn"]]
    for numeral, heading in (("I", "Tham gia của người dân ở cấp cơ sở"), ("II", "Tổ chức thực hiện")):
        rows += [[numeral, "", heading, ""], [1, f"NV-{numeral}", f"Việc {numeral}", "31/12/2019"]]
    reading = one(tmp_path, rows, TASKS)
    assert wrong(reading) == [(5, "no column and no heading above says the dimension of the row")]
    assert reading.problems[0].value == "Tổ chức thực hiện"


def test_a_heading_of_a_part_keeps_the_dimension(tmp_path: Path) -> None:
    rows = [["STT", "Mã nhiệm vụ", "Tên nhiệm vụ", "Thời hạn"]]
    rows += [["I", "", "Thủ tục hành chính công", ""], ["a", "", "Về thể chế", ""], [1, "NV-01", "Việc", "31/12/2019"]]
    reading = one(tmp_path, rows, TASKS)
    assert wrong(reading) == []
    assert texts(reading, "task", "dimension") == [("NV-01", "D5")]


def test_a_header_merged_over_start_and_due_names_both(tmp_path: Path) -> None:
    rows = [
        ["Mã nhiệm vụ", "Nội dung nhiệm vụ", "Chỉ số", "Thời gian thực hiện", ""],
        ["", "", "", "Bắt đầu", "Hoàn thành"],
        ["NV-01", "Việc", "D1", "01/03/2018", "31/12/2019"],
    ]
    reading = one(tmp_path, rows, TASKS, "D1:E1", "A1:A2", "B1:B2", "C1:C2")
    assert wrong(reading) == []
    assert texts(reading, "start", "due") == [("2018-03-01", "2019-12-31")]


@pytest.mark.parametrize(
    ("header", "cells", "named"),
    [
        (["Mã số", "Nội dung", "Chỉ số"], ["NV-01", "Công khai kế hoạch", "D2"], {"title_vi": 1, "dimension": 2}),
        (["Mã số", "Tên nhiệm vụ", "Nội dung"], ["NV-01", "Công khai kế hoạch", "II"], {"title_vi": 1, "dimension": 2}),
        (["Mã nhiệm vụ", "Nhiệm vụ", "Nội dung"], ["NV-01", "Công khai kế hoạch", "D2"], {"title_vi": 1, "task": 0}),
        (["Nhiệm vụ", "Nội dung", "Ghi chú"], ["NV-01", "Công khai, minh bạch", ""], {"task": 0, "dimension": 1}),
    ],
)
def test_cells_tell_what_a_header_of_two_meanings_stands_over(
    tmp_path: Path, header: list[str], cells: list[str], named: dict[str, int]
) -> None:
    rows = [[*header, "Ngày bắt đầu", "Thời hạn"], [*cells, "2018-03-01", "2019-12-31"]]
    reading = one(tmp_path, rows, TASKS)
    assert wrong(reading) == []
    assert {name: header.index(reading.columns[name]) for name in named} == named


def test_codes_come_from_the_column_that_counts_the_rows(tmp_path: Path) -> None:
    rows = [["STT", "Tên nhiệm vụ", "Nội dung", "Ngày bắt đầu", "Thời hạn"]]
    rows += [[n, f"Công việc số {n}", "D1", "2018-03-01", "2019-12-31"] for n in (1, 2, 5)]
    rows += [[5, "Công việc số 5", "D3", "2018-03-01", "2019-12-31"]]
    reading = one(tmp_path, rows, TASKS)
    assert wrong(reading) == []
    assert texts(reading, "task", "share") == [("NV-01", "1.0"), ("NV-02", "1.0"), ("NV-05", "0.5"), ("NV-05", "0.5")]
    assert "no column holds codes of tasks: they are made from the numbers of the rows" in [
        what for _, what in said(reading)
    ]
    assert any("each counts the same" in what for _, what in said(reading))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Nội dung 1: Tham gia của người dân ở cấp cơ sở", "D1"),
        ("IV. KIỂM SOÁT THAM NHŨNG", "D4"),
        ("Công khai, minh bạch trong việc ra quyết định", "D2"),
        ("Trục nội dung số 5 - Thủ tục hành chính công", "D5"),
        ("Nâng cao chất lượng cung ứng dịch vụ công", "D6"),
        ("II. Nâng cao chỉ số nội dung “Công khai, minh bạch”", "D2"),
        ("Nội dung 1: Thủ tục hành chính công", None),
        ("Nội dung 4: Tổ chức thực hiện", None),
        ("Thủ tục hành chính công và Cung ứng dịch vụ công", None),
        ("Nhiệm vụ chung", None),
        ("Quản trị", None),
    ],
)
def test_names_near_the_official_ones(name: str, code: str | None) -> None:
    assert meant_dimension(name, SPELLINGS["dimension"]) == code


def test_a_word_that_is_almost_a_total_is_none(tmp_path: Path) -> None:
    rows = [["Nhiệm vụ", "Nội dung", "Ngày bắt đầu", "Thời hạn", "Sản phẩm"]]
    rows += [["Nâng cấp cổng thông tin", "D8", "2018-03-01", "2019-12-31", "Cổng"], ["Cộng", "", "", "", ""]]
    rows += [["Tổng cộng: 30 nhiệm vụ"], ["Cổng: 30 nhiệm vụ", "D8", "2018-03-01", "2019-12-31", ""]]
    reading = one(tmp_path, rows, TASKS)
    assert texts(reading, "task", "dimension") == [("NV-01", "D8"), ("NV-02", "D8")]
    assert {(3, "the row is a total and is left out"), (4, "the row is a total and is left out")} <= {*said(reading)}


def test_quarters_under_a_merged_header_are_one_whatever_the_cells_below_hold(tmp_path: Path) -> None:
    rows = [["Việc", "Kết quả thực hiện", ""], ["", "Quý I/2018", "Quý II/2018"], ["Mở cổng", "10%", "Hoàn thành"]]
    rows += [["Lập kế hoạch", "20%", "Hoàn thành"]]
    with pytest.raises(pa.DataError, match="column task: a required column is missing"):
        check_frame(one(tmp_path, rows, PROGRESS, "A1:A2", "B1:C1").frame, PROGRESS)


def test_a_header_without_a_required_column_is_preferred_to_a_letterhead(tmp_path: Path) -> None:
    rows = [["ỦY BAN NHÂN DÂN", "CỘNG HÒA"], ["Nội dung nhiệm vụ", "Cơ quan chủ trì", "Sản phẩm"], ["Lập kế hoạch"]]
    assert one(tmp_path, rows, TASKS).header.body == 2


def test_problems_are_told_in_the_words_of_the_file(tmp_path: Path) -> None:
    early = Problem(Note("early"), Note("Correct it."), "", 2, "as_of", "2018-03-31")
    rows = [["Nhiệm vụ", "Quý I/2018"], ["Mở cổng thông tin", "10%"]]
    reading = one(tmp_path, rows, PROGRESS, tasks={"mo cong thong tin": "T1"})
    placed = reading.place(early)
    assert (placed.column, placed.value) == ("Quý I/2018", "")
    twice = replace(
        early, remedy=Note("Keep {key}.", {"key": ""}), column="unit, task, as_of", value="A, T1, 2018-03-31"
    )
    placed = reading.place(twice)
    assert (placed.column, placed.value, placed.remedy) == ("Nhiệm vụ", "Mở cổng thông tin", "Keep Task code.")
    rows = [["Nhiệm vụ", "Chỉ số nội dung", "Thời hạn"], ["Mở cổng thông tin", "D1", date(2018, 3, 31)]]
    assert one(tmp_path, rows, TASKS).place(replace(early, column="due")).value == "31/03/2018"


def test_a_quarter_that_stands_over_two_columns_is_one_problem(tmp_path: Path) -> None:
    rows = [["Mã nhiệm vụ", "Quý I/2018", "Quý I/2018"], ["T1", "10%", "20%"], ["T2", "10%", "20%"]]
    reading = one(tmp_path, rows, PROGRESS)
    assert wrong(reading) == [(1, "the header repeats a column")]
    assert texts(reading, "task", "completion") == [("T1", "0.1"), ("T2", "0.1")]


# Reports.


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("BÁO CÁO KẾT QUẢ QUÝ III/2020", ["2020-09-30"]),
        ("Quý I-2018", ["2018-03-31"]),
        ("Q2 2019", ["2019-06-30"]),
        ("tien_do_thang_9_2020", ["2020-09-30"]),
        ("Kết quả 6 tháng đầu năm 2019", ["2019-06-30"]),
        ("Tiến độ 9 tháng năm 2019 (tính đến ngày 25/9/2019)", ["2019-09-30", "2019-09-25"]),
        ("Kế hoạch năm 2020", ["2020-12-31"]),
        ("GIAI ĐOẠN 2018-2020", []),
        ("Cần Thơ, ngày 05 tháng 10 năm 2020", []),
        ("Kèm theo Quyết định số 321/QĐ-UBND ngày 01 tháng 02 năm 2018", []),
        ("Quý V/2018", []),
    ],
)
def test_periods_that_titles_name(text: str, days: list[str]) -> None:
    assert [str(found.day) for found in periods_in(text)] == days


REPORT = [["STT", "Mã nhiệm vụ", "Mức độ hoàn thành"], [1, "NV-01", "40%"], [2, "NV-02", "60%"]]


@pytest.mark.parametrize(
    ("file", "sheet", "title", "day"),
    [
        ("a.xlsx", "Sheet1", "BÁO CÁO QUÝ III/2020", "2020-09-30"),
        ("a.xlsx", "Quý III-2020", "", "2020-09-30"),
        ("Quý 3 2020.xlsx", "Sheet1", "", "2020-09-30"),
        ("a.xlsx", "2020", "Tính đến ngày 30/9/2020", "2020-09-30"),
        ("a.xlsx", "2020", "", "2020-12-31"),
        ("nam 2020.xlsx", "Sheet1", "Tính đến ngày 30/9/2020", "2020-09-30"),
        ("quy 3 2020.xlsx", "Quý III-2020", "QUÝ III NĂM 2020", "2020-09-30"),
    ],
)
def test_the_period_of_reports_stands_around_the_table(
    tmp_path: Path, file: str, sheet: str, title: str, day: str
) -> None:
    reading = read(book(tmp_path / file, (sheet, [[title], *REPORT], ())), PROGRESS)
    assert wrong(reading) == []
    assert texts(reading, "task", "as_of", "completion") == [("NV-01", day, "0.4"), ("NV-02", day, "0.6")]
    assert any(what.startswith(f"each row is read as a report for {day}") for _, what in said(reading))


@pytest.mark.parametrize(
    ("sheet", "title", "what"),
    [
        ("Quý II-2020", "QUÝ III/2020", "title, sheet and file name different periods: QUÝ III/2020; Quý II-2020"),
        ("Sheet1", "QUÝ II/2020 VÀ QUÝ III/2020", "the title names several periods: QUÝ II/2020 VÀ QUÝ III/2020"),
    ],
)
def test_two_periods_around_a_table_are_refused(tmp_path: Path, sheet: str, title: str, what: str) -> None:
    reading = read(book(tmp_path / "a.xlsx", (sheet, [[title], *REPORT], ())), PROGRESS)
    assert [text for _, text in wrong(reading)] == [what]


def test_without_any_period_a_report_is_for_the_day_on_which_it_was_made(tmp_path: Path) -> None:
    rows = [["Mã nhiệm vụ", "Ngày báo cáo", "Kết quả thực hiện"], ["NV-01", "2020-10-05", "80%"]]
    reading = one(tmp_path, rows, PROGRESS)
    assert texts(reading, "as_of", "reported_on") == [("2020-10-05", "2020-10-05")]
    assert any("each is for the day on which it was made" in what for _, what in said(reading))


def test_sheets_that_name_their_periods_are_one_table(tmp_path: Path) -> None:
    sheets = [(quarter.replace("/", "-"), REPORT, ()) for quarter in QUARTERS]
    reading = read(book(tmp_path / "a.xlsx", *sheets, ("Ghi chú khác", [["x"]], ())), PROGRESS)
    assert wrong(reading) == []
    assert len(reading.frame) == 6
    assert sorted({*reading.frame["as_of"]}) == ["2019-09-30", "2019-12-31", "2020-03-31"]
    assert reading.unused == ("Ghi chú khác",)


def test_quarters_without_a_year_are_of_the_year_that_the_file_names(tmp_path: Path) -> None:
    sheets = [(f"Quý {numeral}", REPORT, ()) for numeral in ("I", "II")]
    reading = read(book(tmp_path / "Tien do nam 2020.xlsx", *sheets), PROGRESS)
    assert wrong(reading) == []
    assert sorted({*reading.frame["as_of"]}) == ["2020-03-31", "2020-06-30"]


@pytest.mark.parametrize("second", ["Quý III-2019 (2)", "Tổng hợp"])
def test_sheets_of_one_period_or_none_are_refused(tmp_path: Path, second: str) -> None:
    path = book(tmp_path / "a.xlsx", ("Quý III-2019", REPORT, ()), (second, REPORT, ()))
    with pytest.raises(pa.DataError, match="several sheets hold such a table"):
        read(path, PROGRESS)


def test_what_was_planned_stands_aside_of_what_was_done(tmp_path: Path) -> None:
    rows = [
        ["Mã nhiệm vụ", "Quý III/2019", "", "Quý IV/2019", ""],
        ["", "Kế hoạch", "Thực hiện", "Kế hoạch", "Thực hiện"],
        ["NV-01", 1, 0.1, 1, 0.2],
    ]
    reading = one(tmp_path, rows, PROGRESS, "B1:C1", "D1:E1", "A1:A2")
    assert wrong(reading) == []
    assert texts(reading, "as_of", "completion") == [("2019-09-30", "0.1"), ("2019-12-31", "0.2")]
    assert any("not used: Quý III/2019 Kế hoạch; Quý IV/2019 Kế hoạch" in what for _, what in said(reading))


def test_a_header_of_three_rows(tmp_path: Path) -> None:
    rows = [
        ["Mã nhiệm vụ", "Năm 2019", "", "", ""],
        ["", "Quý III", "", "Quý IV", ""],
        ["", "KH", "TH", "KH", "TH"],
        ["NV-01", 1, 0.1, 1, 0.2],
    ]
    reading = one(tmp_path, rows, PROGRESS, "B1:E1", "B2:C2", "D2:E2", "A1:A3")
    assert wrong(reading) == []
    assert texts(reading, "as_of", "completion") == [("2019-09-30", "0.1"), ("2019-12-31", "0.2")]


def test_numbers_of_rows_stand_for_tasks_where_the_register_counts_with_them(tmp_path: Path) -> None:
    rows = [["STT", "Kỳ báo cáo", "Tiến độ"], [2, "Quý III/2020", "80%"]]
    path = book(tmp_path / "a.xlsx", ("Sheet1", rows, ()))
    counted = Source(path, "", FILL, SPELLINGS, counted={"1": "CT-07", "2": "CT-03"})
    assert texts(read_office_table(counted, PROGRESS), "task") == [("CT-03",)]
    assert "task" not in read(path, PROGRESS).frame
    register = [["STT", "Mã nhiệm vụ", "Nội dung", "Ngày bắt đầu", "Thời hạn"]]
    register += [[n, f"CT-{7 - n}", "D1", "2018-03-01", "2019-12-31"] for n in (1, 2)]
    assert one(tmp_path, register, TASKS).counted == {"1": "CT-6", "2": "CT-5"}


def test_a_code_beside_the_title_of_another_task_is_refused(tmp_path: Path) -> None:
    rows = [["Mã nhiệm vụ", "Tên nhiệm vụ", "Kỳ báo cáo", "Tiến độ"]]
    rows += [["NV-01", "Việc thứ hai", "Quý III/2020", "80%"], ["NV-02", "Việc thứ hai", "Quý III/2020", "80%"]]
    reading = one(tmp_path, rows, PROGRESS, tasks={"viec thu nhat": "NV-01", "viec thu hai": "NV-02"})
    assert wrong(reading) == [(2, "the title is another task's in the register than the code beside it")]


def test_titles_stand_for_tasks_where_no_column_holds_codes(tmp_path: Path) -> None:
    rows = [
        ["TT", "Nội dung công việc", "Kỳ báo cáo", "Tiến độ"],
        [1, "Tiếp công dân hằng tuần", "Quý III/2020", "80%"],
    ]
    tasks = {"tiep cong dan hang tuan": "NV-07", "mot viec khac": "NV-08"}
    reading = one(tmp_path, rows, PROGRESS, tasks=tasks)
    assert texts(reading, "task") == [("NV-07",)]
    assert "names are read as codes, this one as NV-07" in [what for _, what in said(reading)]


# Targets.


def test_of_targets_by_year_the_last_are_read(tmp_path: Path) -> None:
    rows = [
        ["STT", "Chỉ số nội dung", "Kết quả 2016", "Chỉ tiêu", "", "", "Nhóm"],
        ["", "", "", "Năm 2018", "Năm 2019", "Năm 2020", ""],
        [1, "Tham gia của người dân ở cấp cơ sở", 5.79, 6.0, 6.2, 6.5, "Cao"],
        [2, "Thủ tục hành chính công", 7.1, 7.2, 7.3, 7.5, "Cao"],
        ["", "Tổng điểm", 39.57, 40, 41, 42.05, ""],
        ["", "Xếp hạng cả nước", 1, 5, 5, 5, ""],
    ]
    reading = one(tmp_path, rows, TARGETS, "D1:F1", "A1:A2", "B1:B2", "C1:C2", "G1:G2")
    assert wrong(reading) == []
    assert texts(reading, "dimension", "year", "target") == [("D1", "2020", "6.5"), ("D5", "2020", "7.5")]
    found = said(reading)
    assert (2, "of the targets by year the last are read, those of 2020") in found
    assert (5, "the row is a total and is left out") in found
    assert (6, "the row is a rank or a group, no target, and is left out") in found
    assert any("Kết quả 2016; Chỉ tiêu Năm 2018; Chỉ tiêu Năm 2019; Nhóm" in what for _, what in found)


def test_the_year_of_a_target_may_stand_in_its_header(tmp_path: Path) -> None:
    reading = one(tmp_path, [["Nội dung", "Chỉ tiêu đến năm 2020"], ["D1", 6.5]], TARGETS)
    assert texts(reading, "dimension", "year", "target") == [("D1", "2020", "6.5")]


# Folders.


def test_several_files_are_one_table(folder, tmp_path: Path) -> None:
    table = [["Mã nhiệm vụ", "Mức độ hoàn thành"], ["T1", 0.2], ["T2", 0.1]]
    reports = folder.path / "bao_cao"
    reports.mkdir()
    for number, quarter in enumerate(("Quý III/2018", "Quý IV/2018")):
        rows = [[f"BÁO CÁO {quarter}"], *table]
        book(reports / f"{number}.xlsx", ("Sheet1", rows, ()))
    shutil.copy(reports / "0.xlsx", reports / "~$0.xlsx")
    for value in ('"bao_cao/*.xlsx"', '["bao_cao/0.xlsx", "bao_cao/1.xlsx"]'):
        folder.put("study.toml", folder.text("study.toml").partition("progress =")[0] + f"progress = {value}\n")
        study = folder.load()
        assert len(study.progress) == 4
        assert {str(day.date()) for day in study.progress["as_of"]} == {"2018-09-30", "2018-12-31"}
        files = study_files(study).set_index("table")
        assert files.loc["progress", "file"] == "0.xlsx + 1.xlsx"


def test_a_problem_of_the_second_file_is_told_there(folder) -> None:
    for number, quarter in enumerate(("Quý III/2018", "Quý IV/2018")):
        rows = [
            [f"BÁO CÁO {quarter}"],
            ["Mã nhiệm vụ", "Mức độ hoàn thành"],
            ["T1", 0.2],
            ["T9" if number else "T2", 0.1],
        ]
        book(folder.path / f"{number}.xlsx", ("Sheet1", rows, ()))
    folder.swap("study.toml", 'progress = "progress.csv"', 'progress = ["0.xlsx", "1.xlsx"]')
    (problem,) = folder.error().problems
    assert (problem.file, problem.sheet, problem.row, problem.column) == ("1.xlsx", "Sheet1", 4, "Mã nhiệm vụ")


def test_a_report_that_stands_in_two_files_names_both(folder) -> None:
    table = [["Mã nhiệm vụ", "Kỳ báo cáo", "Mức độ hoàn thành"], ["T1", "Quý III/2018", 0.2]]
    for number in range(2):
        book(folder.path / f"{number}.xlsx", (f"Trang {number}", table, ()))
    folder.swap("study.toml", 'progress = "progress.csv"', 'progress = ["0.xlsx", "1.xlsx"]')
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, str(problem.what)) == ("1.xlsx", 2, "the row repeats row 2 of 'Trang 0'")


def test_a_document_is_no_table(tmp_path: Path) -> None:
    from docx import Document

    Document().save(tmp_path / "phu_luc.docx")
    with pytest.raises(pa.DataError, match="this is a document, not a workbook"):
        read(tmp_path / "phu_luc.docx", TASKS)


@pytest.mark.parametrize("unit", ["Cần Thơ", "can tho", "TP. Cần Thơ", "VN-CT"])
def test_a_province_by_its_name(folder, unit: str) -> None:
    settings = folder.text("study.toml").replace('unit = "A"', f'unit = "{unit}"')
    keep = [line for line in settings.splitlines() if not line.startswith(("scores", "units", "dimensions", "targets"))]
    folder.put("study.toml", "\n".join(keep))
    assert folder.load().unit == "VN-CT"


def test_the_letterhead_of_another_province_is_told(tmp_path: Path) -> None:
    rows = [["UBND TỈNH BẮC GIANG"], ["BÁO CÁO QUÝ III/2020"], *REPORT]
    assert (1, "this names another province than VN-CT, whose table it counts as") in said(
        one(tmp_path, rows, PROGRESS)
    )
    rows[0] = ["UBND THÀNH PHỐ CẦN THƠ"]
    assert not any("another province" in what for _, what in said(one(tmp_path, rows, PROGRESS)))


def test_nothing_done_before_a_task_starts_is_no_contradiction(folder) -> None:
    folder.add("progress.csv", "T3,2018-12-31,2019-01-10,0,0")
    assert len(folder.load().progress) == 7
    folder.add("progress.csv", "T3,2018-11-30,2019-01-10,0.1,0")
    assert [p.row for p in folder.error().problems] == [9]


def test_what_one_table_of_a_sheet_uses_is_not_told_as_unused_by_the_other(folder) -> None:
    rows = [
        ["BÁO CÁO (Tính đến ngày 30/9/2020)"],
        ["Mã nhiệm vụ", "Nội dung", "Ngày bắt đầu", "Thời hạn", "Tiến độ", "Ghi chú"],
    ]
    rows += [["T1", "D1", "2018-01-01", "2019-12-31", "40%", "x"], ["T2", "D2", "2018-01-01", "2019-12-31", "60%", ""]]
    book(folder.path / "a.xlsx", ("Trang 1", rows, ()))
    for table in ("tasks", "progress"):
        folder.swap("study.toml", f'{table} = "{table}.csv"', f'{table} = "a.xlsx"')
    unused = [str(guess.what) for guess in folder.load().guesses if "not used" in guess.what]
    assert unused == ["these columns are not used: Ghi chú"] * 2
