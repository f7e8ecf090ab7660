"""A study folder: it loads when it is right, and says everything that is wrong with it when it is not."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.study import codebook

TABLES = ("scores.csv", "tasks.csv", "progress.csv", "targets.csv", "units.csv", "dimensions.csv")


def test_a_right_folder_loads_without_a_word(folder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = folder.load()
    assert study.source == str(folder.path)
    assert study.programme_units == ("A",)
    assert study.without_programme == ("B",)
    assert study.years == (2016, 2019)
    assert not study.simulated
    assert study.tasks["unit"].unique().tolist() == ["A"]  # from study.toml: the column is absent
    assert len(study.breaks) == 0  # breaks of PAPI say nothing about another index
    assert repr(study) == "Study('A programme': 3 tasks, 1 programme unit(s), 2 dimensions, 2018-2019)"


def test_what_is_simulated_shows(folder) -> None:
    folder.swap("study.toml", "[tables]", 'simulated_tables = ["progress"]\n\n[tables]')
    study = folder.load()
    assert study.simulated
    assert "SIMULATED: progress" in repr(study)


def test_a_unit_column_in_a_table_is_used_as_it_is(folder) -> None:
    folder.put("tasks.csv", "unit,task,dimension,start,due\nB,T1,D1,2018-01-01,2018-12-31\n")
    folder.put("progress.csv", "unit,task,as_of,reported_on,completion\nB,T1,2018-03-31,2018-04-10,0.2\n")
    assert folder.load().programme_units == ("B",)


def test_without_a_unit_in_the_settings_the_tables_must_name_it(folder) -> None:
    folder.swap("study.toml", 'unit = "A"\n', "")
    assert folder.places() == [(f"{name}.csv", 1, "unit", "") for name in ("tasks", "progress", "targets")]


def test_progress_of_a_unit_that_the_register_does_not_know(folder) -> None:
    folder.put("progress.csv", "unit,task,as_of,reported_on,completion\nB,T1,2018-03-31,2018-04-10,0.2\n")
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, problem.column, problem.value) == ("progress.csv", 2, "unit", "B")


@pytest.mark.parametrize(
    ("name", "row", "column", "value", "what", "remedy"),
    [
        ("scores.csv", 3, "score", "5,6", "the column mixes decimal commas and decimal points", "in one way"),
        (
            "tasks.csv",
            4,
            "dimension",
            "D22",
            "this dimension is not known",
            "Write one of the codes: D1 (One), D2 (Two).",
        ),
        ("tasks.csv", 5, "start", "01/2019/01", "this is not a date", "like 31/12/2018"),
        ("tasks.csv", 4, "share", "0.6", None, "Make them sum to 1"),
        ("progress.csv", 5, "task", "T22", "this task is not in the register", "Did you mean 'T2'?"),
        ("progress.csv", 5, "completion", "40%", "the column mixes percentages and parts of one", "in one way"),
        ("progress.csv", 5, "completion", "40", "the value is outside 0 to 1", "like 40%"),
        ("progress.csv", 5, "as_of", "2018-06-30", "the report is for a date before the task starts", "Correct"),
        (
            "progress.csv",
            5,
            "reported_on",
            "2018-12-30",
            "the report was made before the date it reports on",
            "Correct",
        ),
        (
            "targets.csv",
            3,
            "dimension",
            "D3",
            "this dimension is not known",
            "Write one of the codes: D1 (One), D2 (Two).",
        ),
        ("targets.csv", 3, "target", "65", "the target of D2 is outside 1 to 10", "Correct it"),
        ("targets.csv", 3, "year", "2016", "the target's year is not after the base year 2016", "Correct it"),
        ("units.csv", 3, "unit", "", "the cell is empty", "Fill in"),
        ("dimensions.csv", 3, "scale_max", "ten", "this is not a number", "decimal point"),
    ],
)
def test_one_bad_cell_gives_one_problem(
    folder, name: str, row: int, column: str, value: str, what: str | None, remedy: str
) -> None:
    folder.cell(name, row, column, value)
    (problem,) = folder.error().problems
    assert (problem.file, problem.column) == (name, column)
    if what is not None:
        assert (problem.row, problem.value, problem.what) == (row, value, what)
    assert remedy in problem.remedy


def test_each_bad_cell_of_a_table_is_one_problem(folder) -> None:
    cells = [
        (3, "unit", "Alpho City", "this unit is not known", "Did you mean 'Alpha City'?"),
        (5, "dimension", "D22", "this dimension is not known", "Write one of the codes: D1 (One), D2 (Two)."),
        (7, "score", "10.1", "the score of D2 is outside 1 to 10", "Correct it"),
        (9, "score", "0.99", "the score of D2 is outside 1 to 10", "Correct it"),
        (11, "score", "65", "the score of D2 is outside 1 to 10", "Correct it"),
        (13, "score", "5;6", "this is not a number", "decimal point"),
        (14, "score", "", "the cell is empty", "decimal point"),
        (15, "year", "2016.5", "this is not a whole number", "like 2018"),
    ]
    for row, column, value, *_ in cells:
        folder.cell("scores.csv", row, column, value)
    problems = folder.error().problems
    assert [(p.row, p.column, p.value, p.what) for p in problems] == [cell[:4] for cell in cells]
    assert all(remedy in p.remedy for p, (*_, remedy) in zip(problems, cells, strict=True))


def test_names_are_read_as_the_codes_of_the_study_and_listed(folder) -> None:
    right = folder.load()
    folder.cell("scores.csv", 3, "unit", "Alpha City")
    folder.cell("scores.csv", 4, "unit", "thanh pho a")
    folder.cell("tasks.csv", 4, "dimension", "d2")
    folder.cell("tasks.csv", 5, "start", "01/01/2019")
    study = folder.load()
    pd.testing.assert_frame_equal(study.scores, right.scores)
    pd.testing.assert_frame_equal(study.tasks, right.tasks)
    assert [(g.file, g.row, g.column, g.value) for g in study.guesses] == [
        ("scores.csv", 3, "unit", "Alpha City"),
        ("tasks.csv", 4, "dimension", "d2"),
        ("tasks.csv", 5, "start", "01/01/2019"),
    ]
    assert right.guesses == ()


def test_scores_may_touch_the_ends_of_the_scale(folder) -> None:
    ends = ["1", "10", "0.99996", "10.00004"]
    for row, score in enumerate(ends, 3):
        folder.cell("scores.csv", row, "score", score)
    assert folder.load().scores["score"][1:5].tolist() == [float(score) for score in ends]


@pytest.mark.parametrize("names", [("scores.csv", "tasks.csv", "progress.csv", "targets.csv"), TABLES[-2:]])
def test_a_repeated_row_is_refused_in_every_table(folder, names: tuple[str, ...]) -> None:
    last = {name: len(folder.text(name).splitlines()) for name in names}
    for name in names:
        folder.add(name, "", folder.text(name).splitlines()[1])
    assert [place[:2] for place in folder.places()] == [(name, last[name] + 2) for name in names]


UNREADABLE = (
    (b"", "the file is empty"),
    (b"a,b\n", "the table has no rows"),
    ("Thành phố".encode("utf-16"), "the file is not in UTF-8"),
    (b"a,b\n1\n", "the row has 1 cells where the header has 2"),
    (b"a,b\n1,\x00\n", "the file holds NUL bytes"),
    (None, "the file is not there"),
)


def make_unreadable(folder, name: str, content: bytes | None) -> None:
    if content is None:
        folder.path.joinpath(name).unlink()
    else:
        folder.put(name, content)


@pytest.mark.parametrize(("name", "why"), [*zip(TABLES, UNREADABLE, strict=True)])
def test_a_table_that_cannot_be_read_is_the_one_problem(folder, name: str, why: tuple[bytes | None, str]) -> None:
    make_unreadable(folder, name, why[0])
    (problem,) = folder.error().problems
    assert (problem.file, problem.what) == (name, why[1])


@pytest.mark.parametrize("shift", range(1, len(UNREADABLE)))
def test_each_of_several_tables_that_cannot_be_read_is_named(folder, shift: int) -> None:
    whys = dict(zip(TABLES, UNREADABLE[shift:] + UNREADABLE[:shift], strict=True))
    for name, (content, _) in whys.items():
        make_unreadable(folder, name, content)
    found = {problem.file: problem.what for problem in folder.error().problems}
    assert found == {name: what for name, (_, what) in whys.items()}


@pytest.mark.parametrize("name", ["scores.csv", "units.csv"])
def test_a_missing_column_is_named_with_the_nearest(folder, name: str) -> None:
    column = folder.text(name).split("\n")[0].split(",")[1 if name == "units.csv" else 0]
    folder.put(name, folder.text(name).replace(column, f"{column}s", 1))
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, problem.column) == (name, 1, column)
    assert f"not recognised: {column}s" in problem.remedy


@pytest.mark.parametrize("name", ["tasks.csv", "progress.csv"])
def test_a_slip_in_the_name_of_a_column_that_could_be_made_up_is_told(folder, name: str) -> None:
    folder.put(name, folder.text(name).replace("task", "tasks", 1))
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, problem.column) == (name, 1, "tasks")
    assert problem.what == 'the header is almost "Task code" (task)'


def test_everything_that_is_wrong_in_every_table_is_reported_at_once(folder) -> None:
    folder.cell("scores.csv", 2, "score", "0")
    folder.cell("scores.csv", 4, "dimension", "D3")
    folder.add("scores.csv", "A,2016,D2,5.10")
    folder.cell("tasks.csv", 2, "due", "2017-01-01")
    folder.cell("tasks.csv", 5, "dimension", "D5")
    folder.cell("progress.csv", 3, "completion", "50%")
    folder.cell("progress.csv", 7, "as_of", "31/06/2019")
    folder.cell("targets.csv", 3, "target", "6,5")
    assert folder.places() == [
        ("scores.csv", 2, "score", "0"),
        ("scores.csv", 4, "dimension", "D3"),
        ("scores.csv", 18, "unit, year, dimension", "A, 2016, D2"),
        ("tasks.csv", 2, "due", "2017-01-01"),
        ("tasks.csv", 5, "dimension", "D5"),
        ("progress.csv", 3, "completion", "50%"),
        ("progress.csv", 7, "as_of", "31/06/2019"),
        ("targets.csv", 3, "target", "6,5"),
    ]
    message = str(folder.error())
    assert message.startswith("8 problems:\n")
    assert "tasks.csv, row 5, column dimension: this dimension is not known ('D5'). Write one of " in message


def test_a_file_that_cannot_be_read_does_not_hide_the_cells_of_the_others(folder) -> None:
    folder.put("tasks.csv", b"")
    folder.cell("progress.csv", 3, "completion", "50%")
    folder.cell("scores.csv", 2, "score", "five")
    assert folder.places() == [
        ("tasks.csv", None, "", ""),
        ("scores.csv", 2, "score", "five"),
        ("progress.csv", 3, "completion", "50%"),
    ]


def test_a_fall_without_a_mark_is_a_warning_with_the_row_of_the_file(folder) -> None:
    folder.swap("progress.csv", "T2,2019-06-30,2019-07-10,0.9,0\n", "\n\nT2,2019-06-30,2019-07-10,0.3,0\n")
    with pytest.warns(pa.DataWarning, match=r"progress\.csv: completion falls without a revision mark in row 8\. "):
        study = folder.load()
    assert study.progress["completion"].tolist() == [0.2, 0.5, 1, 0.4, 0.3, 0.3]


@pytest.mark.parametrize("kind", ["right", "wrong"])
def test_the_files_are_never_touched(folder, kind: str) -> None:
    if kind == "wrong":
        folder.cell("progress.csv", 3, "completion", "50%")

    def state() -> dict[str, tuple[str, int]]:
        files = sorted(folder.path.rglob("*"))
        return {f.name: (hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}

    before = state()
    if kind == "wrong":
        folder.error()
    else:
        study = folder.load()
        pa.completion(study.tasks, study.progress)
        pa.Panel.from_study(study)
    assert state() == before


def test_a_byte_order_mark_changes_nothing(folder) -> None:
    for name in ("study.toml", "tasks.csv", "progress.csv", "scores.csv"):
        folder.put(name, "\ufeff" + folder.text(name))
    assert len(folder.load().tasks) == 4


def test_a_folder_without_settings_is_refused(folder) -> None:
    folder.path.joinpath("study.toml").unlink()
    with pytest.raises(pa.DataError, match=r"the folder holds no study\.toml.*can_tho_2018_2020"):
        folder.load()


@pytest.mark.parametrize("name", ["can_tho_2018_2021", "no/such/folder", "", "study.toml"])
def test_a_study_that_does_not_exist_is_refused_with_those_that_do(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pa.DataError, match=r"Give a folder with a study\.toml, or a bundled study: can_tho_2018_2020"):
        pa.load_study(name)


def test_a_folder_is_found_from_anywhere(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder.path.parent)
    by_name, by_path = pa.load_study("study"), pa.load_study(folder.path)
    pd.testing.assert_frame_equal(by_path.tasks, by_name.tasks)


@pytest.mark.parametrize(
    ("old", "new", "column", "remedy"),
    [
        ('unit = "A"', 'unit = "Alphe"', "unit", ""),
        ("[tables]", 'dimensions = ["D1", "D22"]\n[tables]', "dimensions", "Did you mean 'D2'?"),
        ("[tables]", "dimensions = [1]\n[tables]", "dimensions", ""),
        ('"all others"', '["B", "C"]', "without_programme", "Known: A, B, "),
        ('"all others"', '[["B"]]', "without_programme", ""),
    ],
)
def test_settings_may_name_only_what_is_known(folder, old: str, new: str, column: str, remedy: str) -> None:
    folder.swap("study.toml", old, new)
    (problem,) = folder.error().problems
    assert (problem.file, problem.column) == ("study.toml", column)
    assert remedy in problem.remedy


def test_the_programme_keeps_its_own_dimensions_and_its_tables_name_no_other(folder) -> None:
    folder.swap("study.toml", "[tables]", 'dimensions = ["D1"]\n[tables]')
    error = folder.error()
    assert [(p.file, p.row, p.value) for p in error.problems] == [
        *(("tasks.csv", 4, "D2"), ("tasks.csv", 5, "D2"), ("targets.csv", 3, "D2"))
    ]
    assert {str(p.what) for p in error.problems} == {
        "study.toml does not list this dimension among those of the programme: D1 (One)"
    }
    folder.put("tasks.csv", "task,dimension,start,due\nT1,D1,2018-01-01,2018-12-31\nT2,D22,2018-01-01,2018-12-31\n")
    folder.put("targets.csv", "dimension,year,target\nD1,2019,6.5\n")
    assert folder.error().problems[0].remedy == "Write one of the codes: D1 (One)."  # D2 is not proposed
    folder.put("tasks.csv", "task,dimension,start,due\nT1,D1,2018-01-01,2018-12-31\n")
    folder.put("progress.csv", "task,as_of,completion\nT1,2018-03-31,0.2\n")
    assert folder.load().dimensions["dimension"].tolist() == ["D1"]


def test_a_unit_that_is_not_declared_is_no_unit_without_a_programme(folder) -> None:
    folder.swap("study.toml", 'without_programme = "all others"', "without_programme = []")
    assert folder.load().without_programme == ()


def test_a_programme_that_has_just_begun_has_no_report(folder) -> None:
    folder.swap("study.toml", 'progress = "progress.csv"\n', "")
    study = folder.load()
    assert [(g.file, g.column, str(g.what)) for g in study.guesses] == [
        ("study.toml", "tables.progress", "no task has a report yet")
    ]
    assert (len(study.progress), study.measured_on) == (0, study.start)
    cells = pa.completion(study.tasks, study.progress, as_of=["2017-12-31", "2018-03-31"]).set_index("as_of")
    assert cells.loc["2017-12-31", ["completion", "unreported"]].to_numpy().tolist() == [[0, 0], [0, 0]]
    # On 31 March T1 has begun, of which nobody has said how far it is; D2 has no task that has begun.
    begun, waiting = cells.loc["2018-03-31", ["tasks", "unreported", "completion"]].to_numpy().tolist()
    assert begun[:2] == [2, 1]
    assert waiting == [2, 0, 0]
    panel = pa.Panel.from_study(study)
    assert np.isnan(panel.completion[0, -1]).all()  # missing, and no "nothing done"
    first = pa.ProgrammeReport(study).summary().parts[0]
    assert "No task has a report yet. The programme runs from 2018-01-01 to 2019-12-31" in str(first)
    assert "Tasks: 3. Done: 0; overdue: 0" in str(first)


def test_what_lies_after_the_end_of_the_programme_is_told_and_moves_no_day(folder) -> None:
    folder.add("progress.csv", "T1,2029-09-30,2029-10-10,1,0")
    folder.cell("tasks.csv", 5, "due", "2021-12-31")
    study = folder.load()
    report, due = study.guesses
    assert (report.file, report.row, report.column, report.value) == ("progress.csv", 8, "as_of", "2029-09-30")
    assert "after the programme's end, 2019-12-31; tasks are counted as they stand on 2019-06-30" in report.what
    assert (due.file, due.row, due.column, due.value) == ("tasks.csv", 5, "due", "2021-12-31")
    assert "after the programme's end, 2019-12-31" in due.what
    assert study.measured_on == pd.Timestamp(2019, 6, 30)


@pytest.mark.parametrize(("name", "told"), [("can tho", 0), ("tp Cần Thơ", 0), ("Cân Thơ", 1)])
def test_a_unit_spelled_as_no_name_of_it_is_told(tmp_path: Path, name: str, told: int) -> None:
    text = (codebook.data_folder() / "can_tho_2018_2020" / "study.toml").read_text(encoding="utf-8").split("[tables]")
    tasks = "task,dimension,start,due\nT1,D1,2018-03-01,2018-12-31\n"
    (tmp_path / "tasks.csv").write_text(tasks, encoding="utf-8")
    toml = text[0].replace('unit = "VN-CT"', f'unit = "{name}"') + '[tables]\ntasks = "tasks.csv"\nprogress = ""\n'
    (tmp_path / "study.toml").write_text(toml.replace('["tasks", "progress"]', '["tasks"]'), encoding="utf-8")
    study = pa.load_study(tmp_path)
    assert (study.unit, len(study.progress)) == ("VN-CT", 0)
    found = [(g.file, g.value, str(g.what)) for g in study.guesses if g.column == "unit"]
    assert found == [("study.toml", name, "the name is read as Can Tho")] * told


def test_a_file_that_is_open_elsewhere_is_told(folder) -> None:
    for lock in ("~$tasks.csv", ".~lock.progress.csv#", "~$other.csv"):
        folder.put(lock, "x")
    assert [(g.file, str(g.what)[:29]) for g in folder.load().guesses] == [
        *(("tasks.csv", "the file seems to be open in "), ("progress.csv", "the file seems to be open in "))
    ]


def test_reports_that_are_not_there_may_be_left_out(folder) -> None:
    folder.path.joinpath("progress.csv").unlink()
    (problem,) = folder.error().problems
    assert (problem.file, str(problem.what)) == ("progress.csv", "the file is not there")
    assert problem.remedy.endswith("Where there are no reports yet, delete the line progress from study.toml.")


def test_reports_that_name_a_task_as_two_are_named_say_which(folder) -> None:
    folder.put(
        "tasks.csv",
        "task,title_vi,dimension,start,due\n"
        + "".join(
            f"T{n},{title},D1,2018-01-01,2018-12-31\n"
            for n, title in enumerate(["Mở cổng thông tin", "Lập sổ theo dõi", "mở Cổng thông tin"], 1)
        ),
    )
    folder.put(
        "progress.csv", "title_vi,as_of,completion\nMở cổng thông tin,2018-03-31,0.2\nLập sổ theo dõi,2018-03-31,0.2\n"
    )
    (problem,) = folder.error().problems
    assert (problem.file, problem.row, problem.value) == ("progress.csv", 2, "Mở cổng thông tin")
    assert problem.what == "several tasks of the register have this name, in its rows 2, 4"


def test_a_code_that_stands_twice_is_one_problem_though_reports_go_by_titles(folder) -> None:
    folder.put(
        "tasks.csv",
        "task,title_vi,dimension,start,due\n"
        + "".join(f"T1,{title},D1,2018-01-01,2018-12-31\n" for title in ["Mở cổng thông tin", "Lập sổ theo dõi"]),
    )
    folder.put(
        "progress.csv", "title_vi,as_of,completion\nMở cổng thông tin,2018-03-31,0.2\nLập sổ theo dõi,2018-03-31,0.2\n"
    )
    assert folder.places() == [("tasks.csv", 3, "task, dimension", "T1, D1")]


def test_a_table_of_reports_may_be_a_header_alone_and_that_is_told(folder) -> None:
    folder.put("progress.csv", "task,as_of,reported_on,completion\n")
    study = folder.load()
    assert study.progress.empty
    assert [(g.file, str(g.what)) for g in study.guesses] == [("progress.csv", "no task has a report yet")]
    folder.put("progress.csv", "task,as_of\n")
    assert str(folder.error().problems[0].what) == "the table has no rows"


def test_targets_may_be_left_out(folder) -> None:
    folder.swap("study.toml", 'targets = "targets.csv"\n', "")
    assert folder.load().targets is None


def test_a_folder_that_brings_only_its_register_stands_on_papi(folder) -> None:
    for name in ("scores", "units", "dimensions", "targets"):
        folder.swap("study.toml", f'{name} = "{name}.csv"\n', "")
    folder.swap("study.toml", 'unit = "A"', 'unit = "VN-DN"')
    study = folder.load()
    assert study.programme_units == ("VN-DN",)
    assert len(study.without_programme) == 62
    pd.testing.assert_frame_equal(study.scores, pa.papi.load_scores())
    pd.testing.assert_frame_equal(study.breaks, pa.papi.load_breaks())


def test_quoted_newlines_in_a_title_keep_the_row_numbers_right(folder) -> None:
    folder.put(
        "tasks.csv",
        'task,dimension,start,due,title_en\nT1,D1,2018-01-01,2018-12-31,"one\ntwo"\nT2,D1,2018-07-01,x,\n',
    )
    assert ("tasks.csv", 3, "due", "x") in folder.places()


def test_the_bundled_name_wins_over_a_file_of_that_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("can_tho_2018_2020").mkdir()
    assert pa.load_study("can_tho_2018_2020").unit == "VN-CT"


def test_a_unit_cannot_have_tasks_and_have_had_no_programme(folder) -> None:
    folder.swap("study.toml", 'without_programme = "all others"', 'without_programme = ["A", "B"]')
    with pytest.raises(pa.DataError, match=r"column without_programme: the unit is said .* \('A'\)"):
        folder.load()


@pytest.mark.parametrize("name", ["~nobody_of_that_name/x", "x" * 300, "a/" * 3000, "a\0b", ""])
def test_a_folder_that_cannot_be_is_said_not_to_be_there(name: str) -> None:
    with pytest.raises(pa.DataError, match=r"no such folder or bundled study|holds no study\.toml"):
        pa.load_study(name)


def test_a_table_whose_name_is_too_long_is_said_not_to_be_readable(folder) -> None:
    name = "t" * 300 + ".csv"
    folder.swap("study.toml", 'tasks = "tasks.csv"', f'tasks = "{name}#Sheet 1"')
    (problem,) = folder.error().problems
    assert problem.what.startswith("the file cannot be read")


def test_a_study_that_is_no_name_is_refused() -> None:
    with pytest.raises(pa.SpecError, match="study is 5; give the folder of a study"):
        pa.load_study(5)  # type: ignore[arg-type]
    with pytest.raises(pa.SpecError, match="a year is a whole number"):
        codebook.fieldwork_dates(["2018"])  # type: ignore[list-item]


def test_units_may_be_numbers_in_every_file(folder) -> None:
    for name in ("units.csv", "scores.csv", "study.toml"):
        folder.put(name, folder.text(name).replace("\nA,", "\n1,").replace("\nB,", "\n2,").replace('"A"', '"1"'))
    study = folder.load()
    assert (study.unit, study.programme_units, study.without_programme) == ("1", ("1",), ("2",))
    assert pa.Panel.from_study(study).units == ("1", "2")
    book = pd.read_csv(folder.path / "scores.csv")  # numbers in the cells of a workbook
    book.to_excel(folder.path / "scores.xlsx", index=False)
    folder.swap("study.toml", '"scores.csv"', '"scores.xlsx"')
    pd.testing.assert_frame_equal(folder.load().scores, study.scores)
