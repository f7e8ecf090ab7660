"""What study.toml may say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from papi_analysis.errors import DataError, Problem
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.settings import preferred_language, read_settings
from papi_analysis.study.study import load_study

LINES = {
    "title_en": '"A programme"',
    "base_year": "2016",
    "start": "2018-02-01",
    "end": "2020-12-31",
    "first_year": "2011",
    "last_year": "2020",
    "tables.tasks": '"tasks.csv"',
    "tables.progress": '"progress.csv"',
}


def write(folder: Path, **changes: str | None) -> None:
    lines = LINES | {key.replace("__", "."): value for key, value in changes.items()}
    folder.joinpath("study.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None), encoding="utf-8"
    )


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        read_settings(folder)
    assert {problem.file for problem in caught.value.problems} == {"study.toml"}
    assert all(problem.remedy for problem in caught.value.problems)
    return caught.value.problems


def test_the_least_that_a_study_must_say(tmp_path: Path) -> None:
    write(tmp_path)
    values, places = read_settings(tmp_path)
    assert values == {
        "title_en": "A programme",
        "title_vi": "A programme",  # the English title where there is no Vietnamese one
        "decision": "",
        "unit": "",
        "base_year": 2016,
        "start": pd.Timestamp(2018, 2, 1),
        "end": pd.Timestamp(2020, 12, 31),
        "years": (2011, 2020),
        "programme_dimensions": (),
        "without_programme": [],
        "simulated_tables": (),
        "judged_by": "offices",
        "in_progress": None,
    }
    assert places == {name: [(tmp_path.resolve() / f"{name}.csv", "")] for name in ("tasks", "progress")}


@pytest.mark.parametrize("key", ["title_en", "base_year", "start", "end", "first_year", "last_year"])
def test_a_missing_setting_is_named_with_what_to_write(tmp_path: Path, key: str) -> None:
    write(tmp_path, **{key: None})
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == (key, "a setting is missing")
    assert problem.remedy.startswith(f"Add {key} = ")


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("title_en", "3", "a text in quotes"),
        ("unit", "true", "a text in quotes"),
        ("base_year", '"2016"', "a whole number"),
        ("base_year", "2016.0", "a whole number"),
        ("base_year", "true", "a whole number"),
        ("start", '"2018-02-01"', "a date like 2018-02-01"),
        ("start", "2018-02-01T08:00:00", "a date like 2018-02-01"),
        ("end", "2020", "a date like 2018-02-01"),
        ("dimensions", '"D1"', "a list"),
        ("simulated_tables", '"tasks"', "a list"),
        ("without_programme", "true", '"all others", or a list of units'),
        ("without_programme", "63", '"all others", or list the units'),
        ("without_programme", '"others"', '"all others", or list the units'),
    ],
)
def test_a_setting_of_the_wrong_form_is_named_with_the_right_one(
    tmp_path: Path, key: str, value: str, remedy: str
) -> None:
    write(tmp_path, **{key: value})
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == (key, "the setting has the wrong form")
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("key", "meant"), [("base_yaer", "base_year"), ("Unit", "unit"), ("simulated", "simulated_tables")]
)
def test_an_unknown_setting_is_refused_with_the_nearest(tmp_path: Path, key: str, meant: str) -> None:
    write(tmp_path, **{key: "1"})
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == (key, "this setting is not known")
    assert problem.remedy == f"Did you mean {meant!r}?"


@pytest.mark.parametrize("value", ["0.0", "1.0", "1", '"half"', "true", "-0.5"])
def test_what_is_in_progress_counts_more_than_nothing_and_less_than_all(tmp_path: Path, value: str) -> None:
    write(tmp_path, in_progress=value)
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == ("in_progress", "the setting has the wrong form")
    write(tmp_path, in_progress="0.5")
    assert read_settings(tmp_path)[0]["in_progress"] == 0.5


def test_a_table_may_name_its_sheet(tmp_path: Path) -> None:
    write(tmp_path, tables__tasks='"a b.xlsx#Nhiệm vụ 1"')
    assert read_settings(tmp_path)[1]["tasks"] == [(tmp_path.resolve() / "a b.xlsx", "Nhiệm vụ 1")]
    (tmp_path / "a#b.csv").touch()
    write(tmp_path, tables__tasks='"a#b.csv"')
    assert read_settings(tmp_path)[1]["tasks"][0].path.name == "a#b.csv"


def test_all_that_is_wrong_is_listed_at_once(tmp_path: Path) -> None:
    write(tmp_path, titel="1", base_yaer="1", title_en=None, start="1", dimensions="2")
    assert sorted(problem.column for problem in problems(tmp_path)) == [
        "base_yaer",
        "dimensions",
        "start",
        "titel",
        "title_en",
    ]
    write(tmp_path, tables__taks='"x.csv"', tables__scores='"../x.csv"', end="2017-12-31", base_year="2021")
    assert sorted(problem.column for problem in problems(tmp_path)) == [
        "base_year",
        "end",
        "tables.scores",
        "tables.taks",
    ]


@pytest.mark.parametrize(
    ("text", "row", "remedy"),
    [
        ('title_en = "open', 1, 'Put the text between double quotes: title_en = "open".'),
        ("title_en = no quotes # a remark", 1, 'Put the text between double quotes: title_en = "no quotes".'),
        ("title_en = “Kế hoạch”", 1, 'Use straight quotes: title_en = "Kế hoạch".'),
        ("[tables]\ntasks = tasks.xlsx", 2, 'Put the text between double quotes: tasks = "tasks.xlsx".'),
        ("# A\nstart = 01/02/2018", 2, "Write the date as year-month-day: start = 2018-02-01."),
        ("end = 31.12.2018 # the last day", 1, "Write the date as year-month-day: end = 2018-12-31."),
        ("a = 1\na = 2", 2, "The setting stands twice: keep one of the two."),
        ("start = 2018-02-30", 1, "a date as 2018-02-01"),
        ("=", 1, "Write name = value"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_the_way_to_write_it(
    tmp_path: Path, text: str, row: int, remedy: str
) -> None:
    tmp_path.joinpath("study.toml").write_text(text, "utf-8")
    (problem,) = problems(tmp_path)
    assert (problem.what, problem.row, problem.value) == ("the line cannot be read", row, text.splitlines()[-1])
    assert remedy in problem.remedy


@pytest.mark.parametrize("text", ["[tables", "a"])
def test_broken_toml_is_refused(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("study.toml").write_text(text)
    (problem,) = problems(tmp_path)
    assert "Write name = value" in problem.remedy


def test_settings_in_another_encoding_are_refused(tmp_path: Path) -> None:
    tmp_path.joinpath("study.toml").write_bytes('# Cần\ntitle_en = "Thành"\n'.replace("ầ", "â").encode("cp1258"))
    (problem,) = problems(tmp_path)
    assert (problem.what, problem.row) == ("the file is not in UTF-8", 1)
    assert problem.remedy == "Open study.toml in Notepad and save it with the encoding UTF-8."


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    tmp_path.joinpath("study.toml").write_bytes(content)
    (problem,) = problems(tmp_path)
    assert problem.what == "the file is empty"


@pytest.mark.parametrize("file", ["../tasks.csv", "deep/../../tasks.csv", "/etc/hostname", "..", "link.csv", "door/x"])
def test_a_table_outside_the_folder_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    tmp_path.joinpath("tasks.csv").write_text("task\n")
    folder.joinpath("link.csv").symlink_to(tmp_path / "tasks.csv")
    folder.joinpath("door").symlink_to(tmp_path)
    write(folder, tables__tasks=f'"{file}"')
    (problem,) = problems(folder)
    assert (problem.column, problem.value) == ("tables.tasks", file)
    assert problem.what == "the file is outside the study folder"


@pytest.mark.parametrize("file", ["deep/tasks.csv", "./tasks.csv", "deep/../tasks.csv", "nhiệm vụ.csv", "inner.csv"])
def test_a_table_inside_the_folder_is_found(tmp_path: Path, file: str) -> None:
    tmp_path.joinpath("inner.csv").symlink_to(tmp_path / "tasks.csv")
    write(tmp_path, tables__tasks=f'"{file}"')
    assert read_settings(tmp_path)[1]["tasks"][0].path.is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("file", ["3", "true", '["tasks.csv"]', '"a\\u0000b"'])
def test_a_file_name_is_a_text(tmp_path: Path, file: str) -> None:
    write(tmp_path, tables__tasks=file)
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == ("tables.tasks", "the setting has the wrong form")
    assert problem.remedy == 'Write tasks = "tasks.csv".'


def test_an_unknown_table_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, tables__target='"targets.csv"', simulated_tables='["task", "progress"]')
    assert [(p.column, p.value, p.remedy) for p in problems(tmp_path)] == [
        ("tables.target", "", "Did you mean 'targets'?"),
        ("simulated_tables", "task", "Did you mean 'tasks'?"),
    ]


def test_tasks_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, tables__tasks=None)
    (problem,) = problems(tmp_path)
    assert (problem.column, problem.what) == ("tables.tasks", "a table is missing")


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"end": "2018-01-31"}, "end"),
        ({"base_year": "2010"}, "base_year"),
        ({"base_year": "2021"}, "base_year"),
        ({"first_year": "2017"}, "base_year"),
        ({"first_year": "2021"}, "base_year"),
    ],
)
def test_settings_must_agree_with_each_other(tmp_path: Path, changes: dict[str, str], column: str) -> None:
    write(tmp_path, **changes)
    assert [problem.column for problem in problems(tmp_path)] == [column]


def test_a_programme_of_one_day_and_a_base_in_the_first_year_are_fine(tmp_path: Path) -> None:
    write(tmp_path, end="2018-02-01", base_year="2011")
    assert read_settings(tmp_path)[0]["base_year"] == 2011


@pytest.mark.parametrize("line", ["x = " + "[" * 5000, "base_year = " + "9" * 5000])
def test_settings_without_end_are_refused(tmp_path, line) -> None:
    (tmp_path / "study.toml").write_text(line, "utf-8")
    with pytest.raises(DataError, match="the file is not valid TOML"):
        read_settings(tmp_path)
    assert preferred_language(tmp_path) == "en"


@pytest.mark.parametrize(("line", "language"), [('language = "vi"', "vi"), ('language = "fr"', "en"), ("", "en")])
def test_a_slip_elsewhere_leaves_the_language_known(tmp_path, line, language) -> None:
    (tmp_path / "study.toml").write_text(f"start = 2018-13-01\n{line}\nend 2020\n", "utf-8")
    with pytest.raises(DataError):
        read_settings(tmp_path)
    assert preferred_language(tmp_path) == language


def test_links_in_a_circle_are_a_file_that_cannot_be_read(tmp_path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    text = (data_folder() / "can_tho_2018_2020" / "study.toml").read_text("utf-8")
    (tmp_path / "study.toml").write_text(text.replace('"tasks.csv"', '"a.csv"'), "utf-8")
    with pytest.raises(DataError):
        load_study(tmp_path)
