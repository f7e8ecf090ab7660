"""The second study: commitments that others coded for completion, and a folder like any user's."""

from __future__ import annotations

import csv
import runpy
import shutil
import warnings
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import papi_analysis as pa
from papi_analysis.cli import main
from papi_analysis.study.codebook import data_folder

FOLDER = data_folder() / "open_government"
BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "open_government.py"))
SCALE = {"Not Started": 0, "Limited": 1 / 3, "Substantial": 2 / 3, "Complete": 1}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


COMMITMENTS = rows("commitments.csv")
KEPT = [
    row for row in COMMITMENTS if row["level"] == "National" and row["unit"] != "ROU" and row["first_year"] < "2022"
]


@pytest.fixture(scope="module")
def study() -> pa.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pa.load_study("open_government")


@pytest.fixture(scope="module")
def cells(study: pa.Study) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pa.completion(study.tasks, study.progress)


def test_it_loads_by_name_and_nothing_of_it_is_simulated(study: pa.Study) -> None:
    assert study.guesses == ()
    assert not study.simulated
    assert study.known_programmes is None
    assert (study.tasks["task"].nunique(), len(study.programme_units), len(study.progress)) == (437, 65, 528)
    assert study.without_programme == ()
    assert study.years == (2008, 2023)
    assert study.scores["se"].gt(0).all()
    assert all(vietnamese for _, vietnamese in study.names.values())


def test_the_register_is_what_was_coded_and_nothing_else(study: pa.Study) -> None:
    assert set(study.tasks["task"]) == {row["task"] for row in KEPT}
    reports = sorted(
        (row["task"], round(SCALE[code], 6))
        for row in KEPT
        for code in (row["completion_midterm"], row["completion_end"])
        if code in SCALE
    )
    assert sorted(zip(study.progress["task"], study.progress["completion"].round(6), strict=True)) == reports
    # What was never coded has no report at all, and so no zero.
    silent = {row["task"] for row in KEPT if not {row["completion_midterm"], row["completion_end"]} & set(SCALE)}
    assert len(silent) == 50
    assert silent.isdisjoint(study.progress["task"])


def test_the_report_does_not_say_that_offices_judged_themselves(study: pa.Study) -> None:
    assert study.judged_by == "reviewers"
    for language, right, wrong in (
        ("en", "reviewers from outside", "offices report"),
        ("vi", "người đánh giá bên ngoài", "tự báo cáo"),
    ):
        report = pa.ProgrammeReport(study, language)
        vars(report.answers)["targets"] = None
        vars(report.answers)["told"] = None
        limits = " ".join(report._limits())
        assert right in limits
        assert wrong not in limits


def test_who_judged_is_one_of_two(copy: Path) -> None:
    text = (copy / "study.toml").read_text("utf-8")
    (copy / "study.toml").write_text(text.replace('"reviewers"', '"nobody"'), "utf-8")
    assert [(file, column) for file, _, column, _ in places(copy)] == [("study.toml", "judged_by")]


def test_every_commitment_serves_all_six_alike(study: pa.Study) -> None:
    each = study.tasks.groupby("task")
    assert (each["dimension"].nunique() == 6).all()
    assert study.tasks["share"].sub(1 / 6).abs().max() < 1e-6
    assert study.tasks["weight"].eq(1).all()


def test_the_tables_come_from_the_commitments_by_the_rules(study: pa.Study) -> None:
    commitments = pd.read_csv(FOLDER / "commitments.csv", keep_default_na=False)
    made = BENCH["register"](commitments, study.units["unit"])
    for name, table in zip(("tasks", "progress"), made, strict=True):
        text = table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
        assert text == (FOLDER / f"{name}.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "day_first", "start", "end"),
    [
        ("1/7/2014", True, "2014-07-01", "2014-07-01"),
        ("7/1/2016", False, "2016-07-01", "2016-07-01"),
        ("6/30/20", False, "2020-06-30", "2020-06-30"),
        ("July 2014", True, "2014-07-01", "2014-07-31"),
        ("Quarter 2 2015", True, "2015-04-01", "2015-06-30"),
        ("IV quarter of 2020", False, "2020-10-01", "2020-12-31"),
        ("2016", False, "2016-01-01", "2016-12-31"),
        ("43525", False, "2019-03-01", "2019-03-01"),  # days since 30 December 1899
        ("7/15/1905", False, "2023-01-01", "2023-12-31"),  # 2023 as a number of days, printed as a day
    ],
)
def test_a_printed_day_is_read(text: str, day_first: bool, start: str, end: str) -> None:
    for last, day in ((False, start), (True, end)):
        assert BENCH["printed_day"](text, day_first, last) == pd.Timestamp(day)


@pytest.mark.parametrize("text", ["", "Ongoing", "In progress", "Permanent activity", "Spring 2015"])
def test_words_are_no_day(text: str) -> None:
    assert pd.isna(BENCH["printed_day"](text, True, False))


def test_no_printed_day_contradicts_the_order_of_day_and_month() -> None:
    for row in COMMITMENTS:
        for text in (row["start_date"], row["end_date"]):
            if text.count("/") == 2:
                month = int(text.split("/")[int(row["first_year"]) <= 2014])
                assert 1 <= month <= 12, row


@pytest.mark.parametrize(
    ("task", "start", "due", "reports"),
    [
        # No day is printed in any commitment of the plan: its years, their middle and their end.
        ("AL0003", "2012-01-01", "2014-12-31", [("2013-07-01", 1 / 3)]),
        # Printed as 2008 to 2012, in a plan of 2013-2015: neither is used.
        ("NL0003", "2013-01-01", "2015-12-31", None),
    ],
)
def test_days_of_single_commitments(study: pa.Study, task: str, start: str, due: str, reports: list | None) -> None:
    row = study.tasks[study.tasks["task"] == task].iloc[0]
    assert (row["start"], row["due"]) == (pd.Timestamp(start), pd.Timestamp(due))
    if reports is not None:
        own = study.progress[study.progress["task"] == task]
        assert own["as_of"].tolist() == [pd.Timestamp(day) for day, _ in reports]
        assert own["completion"].tolist() == pytest.approx([done for _, done in reports], abs=1e-6)


def test_a_code_that_was_taken_back_is_a_revision(study: pa.Study) -> None:
    lower = {
        row["task"]
        for row in KEPT
        if row["completion_midterm"] in SCALE
        and row["completion_end"] in SCALE
        and SCALE[row["completion_end"]] < SCALE[row["completion_midterm"]]
    }
    assert len(lower) == 5
    assert set(study.progress[study.progress["revision"] == 1]["task"]) == lower


def test_completion_is_the_mean_of_the_last_codes_over_all_that_was_promised(
    study: pa.Study, cells: pd.DataFrame
) -> None:
    """A second, slower way to each cell of one indicator, from the tables as text."""
    reports: dict[str, list[tuple[str, float]]] = {}
    for row in rows("progress.csv"):
        reports.setdefault(row["task"], []).append((row["as_of"], float(row["completion"])))
    tasks: dict[str, list[tuple[str, str]]] = {}
    for row in rows("tasks.csv"):
        if row["dimension"] == "VA":
            tasks.setdefault(row["unit"], []).append((row["task"], row["start"]))
    for cell in cells[cells["dimension"] == "VA"].itertuples():
        day, known, silent = str(cell.as_of.date()), [], 0
        for task, start in tasks[cell.unit]:
            coded = [done for on, done in sorted(reports.get(task, [])) if on <= day]
            if start > day or coded:
                known.append(coded[-1] if start <= day else 0.0)
            else:
                silent += 1
        assert (cell.tasks, cell.unreported) == (len(tasks[cell.unit]), silent)
        assert (
            cell.completion == pytest.approx(sum(known) / len(known), abs=1e-9) if known else pd.isna(cell.completion)
        )
    spread = cells.groupby(["unit", "as_of"])["completion"].agg(["min", "max"])
    assert (spread["max"] - spread["min"]).max() < 1e-9  # all six indicators have the same completion


def test_check_passes_and_says_what_is_there() -> None:
    result = CliRunner().invoke(main, ["check", "open_government"])
    assert result.exit_code == 0
    assert "437 tasks" in result.output
    assert result.output.rstrip().endswith("No problems.")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_report_marks_nothing_as_simulated(study: pa.Study, language: str) -> None:
    report = pa.ProgrammeReport(study, language)
    assert report.warning == ""
    assert report.title == (study.title_en if language == "en" else study.title_vi)
    *_, files = [part for part in report.provenance() if isinstance(part, pd.DataFrame)]
    marked = files["Simulated" if language == "en" else "Mô phỏng"]
    assert set(marked) == {"no" if language == "en" else "không"}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_whole_report_is_written(language: str, tmp_path: Path) -> None:
    pa.render_report("open_government", tmp_path, language=language)
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "SIMULATED" not in text
    assert "MÔ PHỎNG" not in text
    assert text.count("437") >= 2


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "own"))


def change(path: Path, row: int, **values: str) -> None:
    """Change cells of one row; the header is row 1."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *table = csv.reader(file)
    for column, value in values.items():
        table[row - 2][header.index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *table])


def places(folder: Path) -> list[tuple[str, int | None, str, str]]:
    with pytest.raises(pa.DataError) as caught:
        pa.load_study(folder)
    return [(p.file, p.row, p.column, p.value) for p in caught.value.problems]


def test_slips_are_named_by_row(copy: Path) -> None:
    for row in range(2, 8):
        change(copy / "tasks.csv", row, due="2011-12-31")
    change(copy / "progress.csv", 5, completion="1.3")
    change(copy / "progress.csv", 6, completion="Partly")
    for row, se in ((3, "0"), (4, "-0.1"), (5, "small")):
        change(copy / "scores.csv", row, se=se)
    change(copy / "scores.csv", 9, score="2.6")
    change(copy / "scores.csv", 10, se="")  # not known, and no problem
    assert places(copy) == [
        ("scores.csv", 3, "se", "0"),
        ("scores.csv", 4, "se", "-0.1"),
        ("scores.csv", 5, "se", "small"),
        ("scores.csv", 9, "score", "2.6"),
        *(("tasks.csv", row, "due", "2011-12-31") for row in range(2, 8)),
        ("progress.csv", 5, "completion", "1.3"),
        ("progress.csv", 6, "completion", "Partly"),
    ]


def test_a_country_without_scores_is_named_by_row(copy: Path) -> None:
    scores = (copy / "scores.csv").read_text("utf-8").splitlines(keepends=True)
    (copy / "scores.csv").write_text("".join(line for line in scores if not line.startswith("ARG,")), "utf-8")
    first = next(number for number, row in enumerate(rows("tasks.csv"), 2) if row["unit"] == "ARG")
    assert places(copy) == [("tasks.csv", first, "unit", "ARG")]


def test_scores_need_no_standard_errors() -> None:
    assert "se" not in pa.load_scores()
