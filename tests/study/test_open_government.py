"""The second study: commitments that others coded for completion, and a folder like any user's."""

from __future__ import annotations

import csv
import runpy
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import papi_analysis as pa
from papi_analysis.cli import main
from papi_analysis.panel.completion import completion_falls
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.register import check_scored

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


def test_completion_falls_only_where_tasks_come_back_or_a_code_was_taken_back(cells: pd.DataFrame) -> None:
    falls = completion_falls(cells[(cells["dimension"] == "VA") & (cells["year"] <= 2023)])
    back = falls["unreported"] < falls["unreported_before"]
    assert len(falls) == 26
    assert falls.loc[~back, ["unit", "year"]].to_numpy().tolist() == [["NLD", 2016]]


def test_each_unit_is_asked_from_its_own_start(study: pa.Study) -> None:
    starts = pa.ProgrammeReport(study).answers.starts
    assert len(starts) == 65
    assert (starts["ALB"], min(starts.values()), max(starts.values())) == (2012, 2011, 2022)


@pytest.mark.slow
def test_what_the_report_says_of_many_units(study: pa.Study) -> None:
    report = pa.ProgrammeReport(study)
    refusal = report.answers.impact
    assert isinstance(refusal, pa.SpecError)
    assert "65 of 66 units have the programme by 2023" in str(refusal)
    words, figure, table, heading, by_unit = report.completion()
    assert "means over 65 units" in str(words)
    assert alternative(figure_of(figure)).startswith("Line chart of completion by dimension")
    assert len(table) == 6 * 13
    assert (heading.heading, len(by_unit)) == ("Not done at the end: 348 of 437 tasks", 65)
    scores, _ = report.scores()
    assert "Albania, the first of 65" in str(scores)
    assert "dotted" not in str(scores)  # this index has no break
    gaps = " ".join(map(str, report.gaps()))
    assert "of 437 tasks had begun by the end and were never judged" in gaps
    assert "In 150 of 5070 cells" in gaps
    assert "late" not in gaps.replace("came late", "")


def gap_by_loops(y: np.ndarray, i: int, others: np.ndarray, s: int, t: int) -> float:
    """Score (N, T) of unit i in year t less what the others predict, given the years before s; by numpy's lstsq."""
    mean, last = y[:, :s].mean(axis=1), y[:, s - 1]
    if len(others) < 6:  # the lead carried over one for one
        return float(y[i, t] - mean[i] - (y[others, t] - mean[others]).mean())
    X = np.column_stack([np.ones(len(y)), mean, *([last] if len(others) >= 15 else [])])
    return float(y[i, t] - X[i] @ np.linalg.lstsq(X[others], y[others, t], rcond=None)[0])


def test_the_slopes_by_a_second_way(study: pa.Study) -> None:
    panel = pa.Panel.from_study(study)
    C = panel.completion[:, :, 0]  # the same in all six
    T = len(panel.years)
    since = [next((t for t in range(T) if C[i, t] != 0), T) for i in range(len(C))]
    slopes = []
    for k in range(6):
        top = bottom = 0.0
        for i, s in enumerate(since):
            for t in range(s, T if s else 0):
                others = np.array([j for j in range(len(C)) if since[j] > t])
                if C[i, t] > 0 and len(others) >= 2:
                    top += C[i, t] * gap_by_loops(panel.scores[:, :, k], i, others, s, t)
                    bottom += C[i, t] ** 2
        slopes.append(top / bottom / 10)
    answer = pa.completion_slopes(panel, draws=199)
    assert answer.table["estimate"].tolist()[:6] == pytest.approx(slopes, rel=1e-9)
    assert np.mean(slopes) == pytest.approx(-0.0046, abs=5e-5)
    assert answer.design.programme_units == 57


def test_one_coder_for_both_by_hand() -> None:
    """The slope of "did it open government" on completion within plans, 0.40 a step."""
    opened = {"Worsens": -1, "Did Not Change": 0, "Marginal": 1, "Major": 2, "Outstanding": 3}
    plans: dict[str, list[tuple[float, float]]] = {}
    for row in COMMITMENTS:
        done, result = row["completion_end"], row["did_it_open_government"]
        if row["level"] == "National" and done in SCALE and result in opened:
            plans.setdefault(row["plan"], []).append((3 * SCALE[done], opened[result]))
    top = bottom = 0.0
    for codes in plans.values():
        x_mean, y_mean = (sum(column) / len(codes) for column in zip(*codes, strict=True))
        top += sum((x - x_mean) * (y - y_mean) for x, y in codes)
        bottom += sum((x - x_mean) ** 2 for x, _ in codes)
    assert (sum(map(len, plans.values())), len(plans)) == (223, 100)
    assert top / bottom == pytest.approx(0.400, abs=5e-4)


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


def test_a_country_without_scores_is_named_by_row(study: pa.Study) -> None:
    first = next(number for number, row in enumerate(rows("tasks.csv"), 2) if row["unit"] == "ARG")
    with pytest.raises(pa.DataError) as caught:
        check_scored(study.tasks, study.scores[study.scores["unit"] != "ARG"], "tasks.csv")
    assert [(p.file, p.row, p.column, p.value) for p in caught.value.problems] == [("tasks.csv", first, "unit", "ARG")]


def test_other_indices_of_the_provinces_load_by_name() -> None:
    rows = {name: len(pa.papi.load_scores(index=name)) for name in ("digital_transformation", "public_services")}
    assert rows == {"digital_transformation": 630, "public_services": 198}
    firms = pa.papi.load_scores(index="competitiveness")
    assert firms.columns.tolist()[:4] == ["unit", "year", "dimension", "score"]
    assert firms.query("unit == 'VN-01' and year == 2006 and dimension == 'entry_costs'").score.item() == 7.9919
    for asked in ({"index": "pci"}, {"level": "subdimension", "index": "competitiveness"}):
        with pytest.raises(pa.SpecError, match="index is one of 'papi', 'digital_transformation'"):
            pa.papi.load_scores(**asked)


def test_scores_need_no_standard_errors() -> None:
    assert "se" not in pa.papi.load_scores()
