"""Tables whose cells are written as in plans and their reports: read through files, with the programme known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

import papi_analysis as pa
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import PROGRESS, TARGETS, TASKS

TASK_HEADER = ["Mã nhiệm vụ", "Chỉ số nội dung", "Ngày bắt đầu", "Thời hạn"]
WIDE = ["Mã nhiệm vụ", "Quý I/2018", "Quý II/2018"]


def read(path: Path, schema, *rows: list) -> Reading:
    """Save the rows as a workbook and read it for a programme of 2018 and 2019."""
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    spellings = {"dimension": {"d1": "D1", "d2": "D2"}}
    days = {"start": date(2018, 2, 1), "end": date(2019, 12, 31)}
    source = Source(path, fill={"unit": "A"}, spellings=spellings, highs={"target": 10.0}, **days)
    return read_office_table(source, schema)


def told(problems) -> list[tuple[int | None, str, str]]:
    return [(problem.row, problem.column, problem.value) for problem in problems]


def test_deadlines_in_words_are_read_and_listed(tmp_path: Path) -> None:
    cells = ["Trước ngày 30/6/2018", "Quý III-IV/2018", "Thường xuyên", "6 tháng đầu năm 2019"]
    rows = [[f"T{n}", "D1", "Tháng 2/2018", cell] for n, cell in enumerate(cells)]
    reading = read(tmp_path / "tasks.xlsx", TASKS, TASK_HEADER, *rows)
    assert reading.problems == ()
    assert reading.frame["due"].tolist() == ["2018-06-30", "2018-12-31", "2019-12-31", "2019-06-30"]
    assert {(2 + n, "Thời hạn", cell) for n, cell in enumerate(cells)} <= {*told(reading.guesses)}


def test_what_may_mean_two_days_is_refused_once_with_its_place(folder) -> None:
    folder.cell("tasks.csv", 2, "due", "Trước tháng 6/2018")
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, problem.value) == ("tasks.csv", 2, "Trước tháng 6/2018")
    assert "first or the last day" in problem.what


def test_a_task_of_every_year_is_due_when_the_programme_of_the_folder_ends(folder) -> None:
    folder.cell("tasks.csv", 2, "due", "Hằng năm")
    assert str(folder.load().tasks["due"][0].date()) == "2019-12-31"


def test_bare_numbers_are_percentages_under_a_title_that_says_so(tmp_path: Path) -> None:
    rows = [WIDE, ["T1", 10, 50], ["T2", 0, 100]]
    plain = read(tmp_path / "plain.xlsx", PROGRESS, *rows)
    assert plain.frame["completion"].tolist() == ["10", "50", "0", "100"]  # for the schema to refuse
    titled = read(tmp_path / "titled.xlsx", PROGRESS, ["Tiến độ thực hiện (%)"], [], *rows)
    assert titled.frame["completion"].tolist() == ["0.1", "0.5", "0", "1"]
    mixed = read(tmp_path / "mixed.xlsx", PROGRESS, ["Đơn vị tính: %"], WIDE, ["T1", 1, 50], ["T2", 0.8, 100])
    assert told(mixed.problems) == [(3, "Quý I/2018", "1"), (4, "Quý I/2018", "0.8")]


def test_fractions_and_numbers_in_words_stand_below_quarters(tmp_path: Path) -> None:
    rows = [WIDE, ["T1", "1/12", "Hoàn thành 50%"], ["T2", "5/12 quận", "Đã hoàn thành"]]
    reading = read(tmp_path / "progress.xlsx", PROGRESS, *rows)
    assert [float(text) for text in reading.frame["completion"]] == [1 / 12, 0.5, 5 / 12, 1.0]
    assert (2, "Quý I/2018", "1/12") in told(reading.guesses)


def test_words_beside_a_number_are_held_against_it(tmp_path: Path) -> None:
    header = ["Mã nhiệm vụ", "Kỳ báo cáo", "Tỷ lệ hoàn thành", "Tình trạng"]
    rows = [["T1", "Quý I/2018", "50%", "Đạt 50%"], ["T2", "Quý I/2018", "50%", "Hoàn thành 80%"]]
    reading = read(tmp_path / "progress.xlsx", PROGRESS, header, *rows)
    assert told(reading.problems) == [(3, "Tình trạng", "Hoàn thành 80%")]


def test_targets_in_words_are_read_and_listed(tmp_path: Path) -> None:
    header = ["Chỉ số nội dung", "Năm", "Chỉ tiêu"]
    reading = read(tmp_path / "targets.xlsx", TARGETS, header, ["D1", 2019, "6,50 trở lên"], ["D2", 2019, "≥ 6,5"])
    assert reading.frame["target"].tolist() == ["6.50", "6.5"]
    assert (2, "Chỉ tiêu", "6,50 trở lên") in told(reading.guesses)


def test_several_dimensions_in_one_cell_are_refused_with_the_way_out(folder) -> None:
    folder.cell("tasks.csv", 2, "dimension", "D1; D2")
    (problem,) = folder.error().problems
    assert problem.what == "the task serves several dimensions"
    assert "one row for each" in problem.remedy


@pytest.mark.parametrize("names", [("Noël", "Alpha"), ("Së Néi vô", "Së Tµi chÝnh")])
def test_one_mark_of_an_old_font_is_told_where_another_cell_is_sure(folder, names) -> None:
    rows = folder.text("tasks.csv").splitlines()
    agencies = ["lead_agency_vi", *names, names[0], names[0]]
    folder.put("tasks.csv", "".join(f"{row},{name}\n" for row, name in zip(rows, agencies, strict=True)))
    told = [guess for guess in folder.load().guesses if "old font" in guess.what]
    assert [(guess.row, guess.value) for guess in told] == ([(2, "Së Néi vô")] if names[0] != "Noël" else [])


def test_nothing_is_put_in_the_place_of_a_word_that_says_nothing(folder) -> None:
    folder.cell("progress.csv", 2, "completion", "Quá hạn")
    with pytest.raises(pa.DataError, match="do not say how far"):
        folder.load()
