"""Made-up registers: seeded, blind to scores, and with a truth that comes out again."""

from __future__ import annotations

import ast
import inspect
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility import simulation
from papi_analysis.credibility.simulation import LATE, MISSING, REVISED, SILENT, simulate_progress, simulate_study
from papi_analysis.panel.completion import reporting_record
from papi_analysis.study.codebook import fieldwork_dates

COLUMNS = ["unit", "task", "as_of", "reported_on", "completion", "revision"]


@pytest.fixture(scope="module")
def many() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A large register, 4,000 tasks that all begin in the first quarter, and its reports."""
    number = np.arange(4000)
    tasks = pd.DataFrame(
        {
            "unit": [f"U{n // 40:03}" for n in number],
            "task": [f"T{n % 40:02}" for n in number],
            "dimension": [f"D{n % 4}" for n in number],
            "start": "2018-01-10",
            "due": "2020-12-31",
        }
    )
    return tasks, simulate_progress(tasks, rng=5)


def test_the_bundled_register_is_made_by_this_function(study: pa.Study) -> None:
    made = simulate_progress(study.tasks, rng=321)
    pd.testing.assert_frame_equal(study.progress[COLUMNS], made, check_dtype=False, check_exact=True)


def test_every_quarter_of_the_programme_is_there(study: pa.Study) -> None:
    quarters = pd.date_range("2018-01-01", "2020-12-31", freq="QE")
    assert sorted(study.progress["as_of"].unique()) == list(quarters)
    assert len(quarters) == 12


def test_the_bundled_register_has_late_missing_and_revised_reports(study: pa.Study) -> None:
    record = reporting_record(study.tasks, study.progress)
    assert (record[["in_time", "late", "missing", "revised"]].sum() > 0).all()


def test_the_seed_decides_and_nothing_else(study: pa.Study) -> None:
    tasks = study.tasks
    made = simulate_progress(tasks, rng=1)
    pd.testing.assert_frame_equal(simulate_progress(tasks, rng=1), made)
    pd.testing.assert_frame_equal(simulate_progress(tasks, rng=np.random.default_rng(1)), made)
    pd.testing.assert_frame_equal(simulate_progress(tasks.sample(frac=1, random_state=2), rng=1), made)
    np.random.seed(99)  # noqa: NPY002 - the global state plays no part
    pd.testing.assert_frame_equal(simulate_progress(tasks), simulate_progress(tasks, rng=0))
    assert not simulate_progress(tasks, rng=2).equals(made)


def test_a_generator_moves_on() -> None:
    tasks = pd.DataFrame(
        {"unit": "A", "task": list("abcdefgh"), "dimension": "D", "start": "2018-01-01", "due": "2019-12-31"}
    )
    rng = np.random.default_rng(1)
    assert not simulate_progress(tasks, rng=rng).equals(simulate_progress(tasks, rng=rng))


def test_scores_are_never_read_to_make_a_register(study: pa.Study, monkeypatch) -> None:
    made = simulate_progress(study.tasks, rng=3)
    monkeypatch.setattr("papi_analysis.study.tables.read_text", lambda *_: pytest.fail("a table was read"))
    pd.testing.assert_frame_equal(simulate_progress(study.tasks, rng=3), made)
    pd.testing.assert_frame_equal(simulate_progress(study.tasks.assign(score=9.0), rng=3), made)


@pytest.mark.parametrize("function", [simulate_progress, simulation._simulate_tasks, simulation._long])
def test_what_makes_a_register_is_not_given_scores(function) -> None:
    tree = ast.parse(inspect.getsource(function))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    body = ast.Module(tree.body[0].body[1:], [])  # without the docstring
    names |= {node.value for node in ast.walk(body) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not [name for name in names if "score" in name.casefold() or "panel" in name.casefold()]


def test_other_scores_give_the_same_register(panel: pa.Panel) -> None:
    upside_down = pa.Panel.from_frames(
        panel.frame().dropna(subset="score").assign(score=lambda f: 11 - f["score"]).drop(columns="completion"),
        panel.frame().drop(columns="score"),
    )
    one, other = (simulate_study(p, slopes=0.01, units=3, rng=4) for p in (panel, upside_down))
    pd.testing.assert_frame_equal(one.tasks, other.tasks)
    pd.testing.assert_frame_equal(one.progress, other.progress)
    assert not one.scores["score"].equals(other.scores["score"])


def test_reports_are_late_missing_and_revised_as_often_as_is_said(many) -> None:
    tasks, progress = many
    first = progress[progress["revision"] == 0]
    per_task = first.groupby(["unit", "task"]).size()
    silent = 1 - len(per_task) / len(tasks)
    assert silent == pytest.approx(SILENT, abs=4 * np.sqrt(SILENT / 4000))
    cells = len(per_task) * 12
    assert 1 - len(first) / cells == pytest.approx(MISSING, abs=4 * np.sqrt(MISSING / cells))
    late = ((first["reported_on"] - first["as_of"]).dt.days > 30).mean()
    assert late == pytest.approx(LATE, abs=4 * np.sqrt(LATE / cells))
    # A report at 0 cannot be corrected downwards, nor one at 1 upwards: those are no corrections.
    revised = (progress["revision"] == 1).sum() / len(first)
    assert 0.8 * REVISED < revised < REVISED + 4 * np.sqrt(REVISED / cells)


def test_reports_are_what_a_register_may_hold(many) -> None:
    _, progress = many
    assert progress["completion"].between(0, 1).all()
    assert (progress["as_of"] >= pd.Timestamp("2018-01-10")).all()
    assert (progress["reported_on"] > progress["as_of"]).all()
    last = progress.drop_duplicates(["unit", "task", "as_of"], keep="last")
    steps = last["completion"] * 20
    np.testing.assert_allclose(steps, steps.round(), atol=1e-9)
    # Once corrected, no task ever falls; before that, some reports said too much.
    assert (last.groupby(["unit", "task"])["completion"].diff().dropna() >= 0).all()
    first = progress[progress["revision"] == 0]
    assert (first.groupby(["unit", "task"])["completion"].diff() < 0).any()
    both = progress.merge(first, on=["unit", "task", "as_of"], suffixes=("", "_first")).query("revision == 1")
    assert (both["reported_on"] > both["reported_on_first"]).all()
    assert (both["completion"] != both["completion_first"]).all()
    ends = last.groupby(["unit", "task"])["completion"].last()
    assert 0.1 < (ends == 1).mean() < 0.9
    assert (ends < 0.95).any()


def test_a_register_that_does_not_pass_makes_no_reports(study: pa.Study) -> None:
    with pytest.raises(pa.DataError, match="column due: a required column is missing"):
        simulate_progress(study.tasks.drop(columns="due"))
    with pytest.raises(pa.DataError, match="no rows"):
        simulate_progress(study.tasks.iloc[:0])


@pytest.mark.parametrize("slopes", [0.07, [0.01, 0.02, 0.03, 0.0, -0.01, -0.02]])
def test_scores_are_the_real_ones_plus_the_known_gain(panel: pa.Panel, slopes) -> None:
    study = simulate_study(panel, slopes=slopes, units=10, rng=8)
    made = pa.Panel.from_study(study)
    assert (made.units, made.years, made.dimensions) == (panel.units, panel.years, panel.dimensions)
    treated = np.isin(panel.units, study.programme_units)
    assert treated.sum() == 10
    gain = np.broadcast_to(slopes, 6) * 10 * made.completion
    known = made.usable
    np.testing.assert_array_equal(made.scores[known], (panel.scores + gain)[known])
    np.testing.assert_array_equal(made.scores[~treated], panel.scores[~treated])
    assert not made.completion[~treated].any()
    years = np.array(panel.years)
    assert not made.completion[:, years < 2018].any()
    assert (np.nan_to_num(made.completion[treated][:, years >= 2019], nan=1) > 0).all()
    # A cell is lost only where it was not published, or where completion is not known.
    lost = np.isnan(made.scores) & ~np.isnan(panel.scores)
    assert np.isnan(made.completion[lost]).all()


@pytest.mark.parametrize("units", [1, 63])
def test_any_number_of_units_may_have_a_programme(panel: pa.Panel, units: int) -> None:
    study = simulate_study(panel, units=units, tasks_per_dimension=2, rng=1)
    assert len(study.programme_units) == units
    assert len(study.without_programme) == 63 - units
    assert pa.Panel.from_study(study).programme_units == study.programme_units
    assert study.simulated_tables == ("scores", "tasks", "progress")
    assert len(study.tasks) == units * 6 * 2


def test_units_may_be_named_and_default_to_all(panel: pa.Panel) -> None:
    study = simulate_study(panel, units=["VN-HN", "VN-CT", "VN-HN"], tasks_per_dimension=1)
    assert study.programme_units == ("VN-CT", "VN-HN")
    assert len(simulate_study(panel.only(dimensions=["D1"]), tasks_per_dimension=1).programme_units) == 63


def test_the_seed_decides_the_study(panel: pa.Panel) -> None:
    one, again, other = (simulate_study(panel, 0.02, units=3, rng=seed) for seed in (1, 1, 2))
    for table in ("scores", "tasks", "progress"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(again, table))
    assert one.programme_units != other.programme_units


def test_programmes_stay_inside_their_years(panel: pa.Panel) -> None:
    study = simulate_study(panel, units=2, start=2014, end=2015, rng=1)
    assert (study.start, study.end) == (pd.Timestamp(2014, 1, 1), pd.Timestamp(2015, 12, 31))
    assert study.tasks["start"].min() >= study.start
    assert study.tasks["due"].max() <= study.end
    assert (study.tasks["due"] > study.tasks["start"]).all()
    assert study.progress["as_of"].max() <= study.end
    assert study.base_year == 2013


@pytest.fixture(scope="module")
def made(panel: pa.Panel) -> tuple[pa.Study, pa.Panel]:
    study = simulate_study(panel, slopes=0.03, units=5, rng=6)
    return study, pa.Panel.from_study(study)


@pytest.mark.parametrize("known", [False, True])
def test_a_study_written_to_a_folder_comes_back_the_same(made, tmp_path: Path, known: bool) -> None:
    study, first = made
    tables = ["scores", "units", "dimensions", "tasks", "progress"] + (["breaks"] if known else [])
    for name in tables:
        getattr(study, name).to_csv(tmp_path / f"{name}.csv", index=False)
    lines = [
        f'title_en = "{study.title_en}"',
        f'title_vi = "{study.title_vi}"',
        f"base_year = {study.base_year}",
        f"start = {study.start.date()}",
        f"end = {study.end.date()}",
        f"first_year = {study.years[0]}",
        f"last_year = {study.years[1]}",
        'without_programme = "all others"',
        f"simulated_tables = {list(study.simulated_tables)}",
        "[tables]",
        *(f'{name} = "{name}.csv"' for name in tables),
    ]
    tmp_path.joinpath("study.toml").write_text("\n".join(lines), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = pa.load_study(tmp_path)
    second = pa.Panel.from_study(loaded)
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.completion, second.completion)
    assert (first.units, first.years, first.dimensions) == (second.units, second.years, second.dimensions)
    assert first.simulated_tables == second.simulated_tables == ("scores", "tasks", "progress")
    assert loaded.without_programme == study.without_programme
    assert len(second.breaks) == (len(first.breaks) if known else 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slopes": float("nan")}, "slopes is one finite number, or one for each of D1"),
        ({"slopes": [0.1, 0.2]}, "slopes is one finite number, or one for each of D1"),
        ({"slopes": np.zeros((6, 1))}, "slopes is one finite number, or one for each of D1"),
        ({"slopes": 3.0}, "off the scale of 1 to 10. Choose smaller slopes"),
        ({"slopes": -3.0}, "off the scale of 1 to 10. Choose smaller slopes"),
        ({"units": 0}, "between 1 and the panel's 63, not 0"),
        ({"units": 64}, "between 1 and the panel's 63, not 64"),
        ({"units": []}, "one or more units in a list"),
        ({"units": "VN-CT"}, "one or more units in a list"),
        ({"units": 2.0}, "a number of units, or one or more units in a list"),
        ({"units": ["VN-CT", "VN-XX"]}, "the panel has no unit 'VN-XX'"),
        ({"start": 2010}, "the panel has no year 2010"),
        ({"end": 2021}, "the panel has no year 2021"),
        ({"start": 2019, "end": 2018}, "end no earlier than its start"),
        ({"tasks_per_dimension": 0}, "tasks_per_dimension is 0; give a whole number from 1 on"),
    ],
)
def test_studies_that_cannot_be_made_are_refused(panel: pa.Panel, options: dict, message: str) -> None:
    with pytest.raises(pa.SpecError, match=message):
        simulate_study(panel, **options)


def test_completion_is_measured_on_the_days_of_the_surveys(panel: pa.Panel) -> None:
    study = simulate_study(panel, units=1, rng=2)
    cells = pa.completion(study.tasks, study.progress, as_of=fieldwork_dates([2018, 2019, 2020]))
    made = pa.Panel.from_study(study)
    ours = made.completion[made.position("unit", study.programme_units[0]), -3:]
    wide = cells.pivot(index="year", columns="dimension", values="completion")
    np.testing.assert_array_equal(ours, wide)
