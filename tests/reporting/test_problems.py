"""What is wrong with a folder is said in full, in the reader's language, whatever its cells hold."""

import pickle
import shutil
from dataclasses import replace

import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.errors import Note, Problem
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.problems import LONGEST, group_problems, list_problems, printable, table_problems
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.findings import Findings
from papi_analysis.study.register import check_progress

NOT_A_DATE = Problem(
    Note("this is not a date"),
    Note("Write a date as year-month-day, like 2018-03-31."),
    "tasks.xlsx",
    5,
    "due",
    "2018-13-01",
    "Kế hoạch",
)
MISSING = Problem(
    Note("a required column is missing"),
    Note("Add it. {hint}", {"hint": Note("Did you mean {name!r}?", {"name": "{Hạn}"})}),
    "progress.csv",
    1,
    "as_of",
)
EMPTY = Problem(Note("the file is empty"), Note("Fill it in, or leave it out of study.toml."), "targets.csv")
SETTING = Problem(
    Note("a setting is missing"), Note("Write {form}.", {"form": Note("a list")}), "study.toml", column="x"
)


def test_problems_are_listed_by_file_and_sheet_with_their_place_first():
    again = replace(MISSING, row=7)
    assert list_problems([MISSING, NOT_A_DATE, EMPTY, again, SETTING]).splitlines() == [
        "progress.csv",
        '  2 cells, rows 1, 7, column "Reporting period" (as_of): a required column is missing. '
        "Add it. Did you mean '{Hạn}'?",
        "tasks.xlsx, sheet 'Kế hoạch'",
        "  row 5, column \"Due date\" (due), '2018-13-01': this is not a date. "
        "Write a date as year-month-day, like 2018-03-31.",
        "targets.csv",
        "  the file is empty. Fill it in, or leave it out of study.toml.",
        "study.toml",
        "  setting x: a setting is missing. Write a list.",
    ]


def test_problems_are_listed_in_vietnamese():
    assert list_problems([MISSING, NOT_A_DATE, SETTING], language="vi").splitlines() == [
        "progress.csv",
        "  dòng 1, cột \"Kỳ báo cáo\" (as_of): thiếu cột bắt buộc này. Add it. Có phải bạn muốn ghi '{Hạn}'?",
        "tasks.xlsx, trang tính 'Kế hoạch'",
        "  dòng 5, cột \"Thời hạn\" (due), '2018-13-01': đây không phải là ngày hợp lệ. "
        "Viết ngày theo thứ tự năm-tháng-ngày, ví dụ 2018-03-31.",
        "study.toml",
        "  mục x: thiếu một mục thiết lập. Viết một danh sách.",
    ]


def test_tables_in_memory_have_no_file():
    assert list_problems([replace(EMPTY, file="")], language="vi").startswith("bảng\n  tệp trống.")
    assert list_problems([]) == ""


def test_the_table_leaves_out_columns_without_content():
    shown = table_problems([MISSING, SETTING])
    assert [shown.columns.name, *shown.columns] == ["File", "Row", "Column", "What", "What to do"]
    assert shown.index.tolist() == ["progress.csv", "study.toml"]
    assert shown["Row"].tolist() == ["1", ""]
    full = table_problems([NOT_A_DATE], language="vi")
    assert [full.columns.name, *full.columns] == ["Tệp", "Trang tính", "Dòng", "Cột", "Giá trị", "Vấn đề", "Cách sửa"]
    assert table_problems([]).empty


def test_problems_that_are_the_same_are_said_once_with_their_number_rows_and_first_value():
    many = [replace(NOT_A_DATE, row=row) for row in range(2, 12_002)]
    shown = table_problems(many, language="vi")
    assert shown[["Dòng", "Số ô", "Giá trị"]].to_numpy().tolist() == [["2-12001", "12000", "2018-13-01"]]
    assert (
        list_problems(many, language="vi")
        .splitlines()[1]
        .startswith(
            "  12000 ô, các dòng 2-12001, cột \"Thời hạn\" (due), ví dụ '2018-13-01': đây không phải là ngày hợp lệ."
        )
    )
    other = replace(NOT_A_DATE, remedy=Note("Fill it in."), row=7)
    assert table_problems([*many[:3], other])["Row"].tolist() == ["2-4", "7"]


def test_rows_apart_and_many_columns_are_named_by_their_first_and_last():
    rows = [replace(NOT_A_DATE, row=row) for row in (2, 3, 5, 7, 9, 11)]
    assert "6 cells, rows 2-3, 5, 7, ..., 11, column" in list_problems(rows)
    columns = [replace(NOT_A_DATE, column=f"Quý {n}", value="") for n in range(1, 7)]
    (line,) = list_problems(columns).splitlines()[1:]
    assert line.startswith("  6 cells, row 5, column Quý 1, Quý 2, Quý 3, ..., Quý 6: ")


def test_each_value_and_column_has_a_line_and_equal_ones_share_it_up_to_a_number():
    cells = [("due", 2, "31/02/2018"), ("due", 3, "quý V"), ("start", 4, "quý V"), ("due", 5, "quý V")]
    wrong = [replace(NOT_A_DATE, column=column, row=row, value=value) for column, row, value in cells]
    assert [(g.first.column, g.first.value, g.where()) for g in group_problems(wrong)] == [
        *(("due", "31/02/2018", "2"), ("due", "quý V", "3, 5"), ("start", "quý V", "4"))
    ]
    many = [replace(NOT_A_DATE, row=row, value=f"{row}") for row in range(2, 23)]
    assert (len(group_problems(many)), len(group_problems(many[1:]))) == (1, 20)


def test_rows_that_a_long_list_only_counts_are_counted_with_those_it_names():
    findings = Findings("tasks.csv")
    cells = pd.DataFrame({"due": ["x"] * 250})
    findings.add_rows(cells, "due", NOT_A_DATE.what, NOT_A_DATE.remedy)
    (group,) = group_problems(findings.problems)
    assert (group.cells, group.where()) == (250, "2-201")


@pytest.mark.parametrize("name", ["mean", "total", "true", "<b>x</b>", "{x}", "%s", "{0.__class__}"])
def test_what_cells_hold_is_data(name):
    problem = replace(NOT_A_DATE, value=name, column=name, sheet=name, file=name)
    shown = table_problems([problem], language="vi").reset_index()
    assert (shown.iloc[0] == name).sum() == 4
    assert "<b>" not in table_problems([problem])._repr_html_()
    assert list_problems([problem]).count(name) == 4


def test_no_cell_writes_to_the_terminal_or_turns_the_text_around():
    bad = "a\n\x1b[2J\u202eb"
    problem = Problem(
        Note("this {column} is not known", {"column": bad}),
        Note("Known: {names}.", {"names": bad}),
        bad,
        3,
        bad,
        bad,
        bad,
    )
    for text in (list_problems([problem]).replace("\n  row 3", ""), *table_problems([problem]).reset_index().iloc[0]):
        assert text.isprintable()
    assert printable("Đất đai, 5 %") == "Đất đai, 5 %"


def test_a_long_cell_is_cut():
    shown = table_problems([replace(NOT_A_DATE, value="x" * 30_000)])["Value"].iloc[0]
    assert shown == "x" * (LONGEST - 1) + "…"
    assert table_problems([replace(NOT_A_DATE, value="x" * LONGEST)])["Value"].iloc[0] == "x" * LONGEST


SLIPS = {
    "settings": ("study.toml", "base_year = 2016", 'base_year = "2016"\nyears = 3'),
    "no setting": ("study.toml", "first_year = 2011", ""),
    "meaning": ("study.toml", "end = 2020-12-31", "end = 2010-12-31"),
    "base year": ("study.toml", "base_year = 2016 ", "base_year = 1999 "),
    "form": ("study.toml", 'simulated_tables = ["tasks", "progress"]', 'simulated_tables = ["task"]'),
    "no list": ("study.toml", '"all others"', '"nobody"'),
    "names": ("study.toml", '"D6"]', '"D99"]'),
    "not toml": ("study.toml", "base_year = 2016", "base_year = = {x}"),
    "tables": ("study.toml", 'tasks = "tasks.csv"', 'task = "tasks.csv"\ntargets_ = 1'),
    "path": ("study.toml", 'tasks = "tasks.csv"', 'tasks = "../tasks.csv"'),
    "no file": ("study.toml", 'tasks = "tasks.csv"', 'tasks = "none.csv"'),
    "no table": ("study.toml", 'tasks = "tasks.csv"', ""),
    "header": ("tasks.csv", "task,dimension,weight", "task,dimensions,weight"),
    "twice": ("tasks.csv", "task,dimension,weight", "task,dimension,dimension"),
    "ragged": ("tasks.csv", "CT-01,D1,2,", "CT-01,D1,2,,,,,"),
    "quotes": ("progress.csv", "CT-01,2018-03-31", '"CT"-01,2018-03-31'),
    "early": ("tasks.csv", "2018-02-08,2020-12-15", "2018-02-08,2017-12-15"),
    "scale": ("targets.csv", "D1,2020,6.50", "D1,2020,65.0"),
    "no base": ("targets.csv", "D1,2020,6.50", "D8,2020,6.50"),
    "no later": ("targets.csv", "D1,2020,6.50", "D1,2016,6.50"),
    "tasks": (
        "tasks.csv",
        *("CT-01,D1,2,", "CT-01,D1,two,"),
        *("CT-02,D1,3,", "CT-02,D1,0,"),
        *("CT-03,D1,1,", "CT-03,D1,-2,"),
        *("CT-04,D1,3,", "CT-04,D1,,"),
        *("CT-05,D1,2,", "CT-05,{D9},2,"),
        *("2018-08-01,2019-06-30", "08/02/2018x,2019-06-30"),
    ),
    "reports": ("progress.csv", "2018-04-18,0.05", "2018-04-18,5", "2018-10-06,0.25,0", "2018-10-06,0.25,0.5"),
    "reports of tasks": (
        "progress.csv",
        *("CT-01,2018-06-30", "CT-01,2018-03-31"),
        *("CT-02,2018-03-31,2018-04-10", "CT-02,2018-03-31,2018-03-10"),
        *("CT-03,2018-06-30", "CT-O3,2018-06-30"),
        *("CT-04,2018-09-30,2018-10-10", "CT-04,2017-03-31,2018-10-10"),
    ),
}


@pytest.fixture(scope="module")
def slips(tmp_path_factory):
    """What loading says for each slip made in the bundled study."""
    short = shutil.copytree(data_folder() / "can_tho_2018_2020", tmp_path_factory.mktemp("short") / "study")
    for table in ("tasks.csv", "progress.csv"):  # the first few tasks, which are read sooner
        head, *rows = (short / table).read_text(encoding="utf-8").splitlines()
        (short / table).write_text(
            "\n".join([head, *(row for row in rows if row.startswith("CT-0"))]), encoding="utf-8"
        )
    said = {}
    for name, (file, *changes) in SLIPS.items():
        folder = tmp_path_factory.mktemp("slip") / "study"
        shutil.copytree(short, folder)
        text = (folder / file).read_text(encoding="utf-8")
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert old in text, name
            text = text.replace(old, new, 1)
        (folder / file).write_text(text, encoding="utf-8")
        with pytest.raises(pa.DataError) as caught:
            pa.load_study(folder)
        said[name] = caught.value
    return said


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_folder_is_said_in_vietnamese(slips, slip):
    vi = find_language("vi")
    for problem in slips[slip].problems:
        for note in (problem.what, problem.remedy):
            assert vi.say(note) != note
            assert not {"the", "this", "a", "is", "or", "of", "in"} & set(vi.say(note).split())


def test_slips_are_told_apart(slips):
    said = [list_problems(error.problems, language="vi") for error in slips.values()]
    assert len(set(said)) == len(said)
    assert len({problem.what.text for error in slips.values() for problem in error.problems}) > 25


def test_an_error_from_a_folder_can_be_sent_to_another_process(slips):
    for problem in slips["header"].problems:
        assert find_language("vi").say(pickle.loads(pickle.dumps(problem)).what) == find_language("vi").say(
            problem.what
        )


def test_a_warning_of_a_fall_can_be_said_in_vietnamese():
    study = pa.load_study("can_tho_2018_2020")
    reports = study.progress[study.progress["task"] == "CT-01"].sort_values("as_of")
    falls = reports.assign(completion=[1 - i / 100 for i in range(len(reports))], revision=0)
    with pytest.warns(pa.DataWarning) as caught:
        check_progress(falls, study.tasks, "báo cáo.csv")
    said = find_language("vi").say(caught[0].message.args[0])
    assert said.startswith("báo cáo.csv: mức độ hoàn thành giảm")
    assert "row" not in said
    assert f" và {len(falls) - 11} dòng khác" in said
