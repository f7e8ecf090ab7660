"""Completion from frames of other engines: the numbers that pandas gives, and errors that say what and where."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.dataframe
import duckdb
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as arrow
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import papi_analysis as pa
from papi_analysis.panel import completion as module
from papi_analysis.panel.states import FEW

# Shares keep twelve decimals; one that lies between two of them may go either way.
COMPARED = {"rtol": 0.0, "atol": 1.1e-12, "check_dtype": False}


def _dask(frame: pd.DataFrame) -> Any:
    return dask.dataframe.from_pandas(frame, npartitions=3)


ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "polars": pl.from_pandas,
    "lazy polars": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": duckdb.from_df,  # on the connection of the module, so that two relations can meet
    "dask": _dask,
    "arrow": lambda frame: arrow.Table.from_pandas(frame, preserve_index=False),
}


@pytest.fixture(autouse=True)
def _falls_are_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pa.DataWarning)
        yield


@pytest.fixture(scope="module")
def study() -> pa.Study:
    return pa.load_study("can_tho_2018_2020")


def frames(engine: str, *tables: pd.DataFrame) -> list[Any]:
    return [ENGINES[engine](table) for table in tables]


def random_register(
    rng: np.random.Generator, *, units: int = 4, alike: bool = False, days: str = "any"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tasks that serve one or three dimensions, with gaps, revisions, reports of one month, and any weight.

    ``alike``: each name of a task has the same dates in all units. ``days`` reported on: ``"any"`` within three years;
    ``"quarters"``, their ends within three years, at most twelve with four revisions; ``"decades"``, with many.
    """
    tasks, progress = [], []
    calendar = {task: rng.integers(0, 900, 2) for task in range(7)}
    stretch, revisions = (9, 1000) if days == "decades" else (1, 4)
    quarters = pd.date_range("2018-01-01", periods=12, freq="QE").to_series()
    for unit in range(units):
        for task in range(int(rng.integers(1, 7))):
            begin, length = calendar[task] if alike else rng.integers(0, 900, 2)
            start = pd.Timestamp("2018-01-01") + pd.Timedelta(days=int(begin))
            names = [f"U{unit}", f"T{task}"]
            served = rng.choice(6, size=rng.choice([1, 3]), replace=False)
            dates = [start, start + pd.Timedelta(days=int(length))]
            weight = rng.uniform(0.5, 2)
            tasks += [[*names, f"D{k}", weight, 1 / len(served), *dates, f"A{task % 3}"] for k in served]
            reported = start + pd.to_timedelta(stretch * rng.choice(1100, size=rng.integers(0, 9), replace=False), "D")
            if days == "quarters":
                reported = quarters[quarters >= start].sample(frac=rng.random(), random_state=rng)
            for as_of in reported:
                for revision in rng.choice(revisions, size=rng.integers(1, 4), replace=False):
                    known = as_of + pd.Timedelta(days=int(rng.integers(0, 200)))
                    done = rng.choice([0.0, 1.0, rng.random(), np.round(rng.random(), 2)])
                    progress.append([*names, as_of, known, done, revision])
    columns = ["unit", "task", "dimension", "weight", "share", "start", "due", "lead_agency_en"]
    reports = pd.DataFrame(progress, columns=["unit", "task", "as_of", "reported_on", "completion", "revision"])
    return pd.DataFrame(tasks, columns=columns), reports.sample(frac=1, random_state=0)


@pytest.mark.parametrize("pandas_tasks", [False, True], ids=["both there", "tasks in pandas"])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_numbers_of_pandas(study: pa.Study, engine: str, pandas_tasks: bool) -> None:
    tasks, progress = frames(engine, study.tasks, study.progress)
    tasks = study.tasks if pandas_tasks else tasks
    for asked in ({}, {"as_of": ["2018-06-30", "2019-12-31"], "known_on": "2019-07-10"}):
        found, wanted = pa.completion(tasks, progress, **asked), pa.completion(study.tasks, study.progress, **asked)
        pd.testing.assert_frame_equal(found, wanted, **COMPARED)
        found = pa.completion_by_agency(tasks, progress, **asked)
        wanted = pa.completion_by_agency(study.tasks, study.progress, **asked)
        pd.testing.assert_frame_equal(found, wanted, **COMPARED)


def slow(tasks: pd.DataFrame, progress: pd.DataFrame, day: str, known_on: str) -> pd.DataFrame:
    """Completion by unit and dimension in plain loops, from its definition."""
    progress, today = progress[progress["reported_on"] <= pd.Timestamp(known_on)], pd.Timestamp(day)
    cells = []
    for (unit, dimension), rows in tasks.groupby(["unit", "dimension"]):
        done = known = total = due = done_due = 0.0
        counted, finished, on_time, last = 0, 0, [], pd.NaT
        for row in rows.itertuples():
            weight = row.weight * row.share
            total += weight
            own = progress[(progress["unit"] == unit) & (progress["task"] == row.task)]
            own = own.sort_values(["as_of", "revision"]).drop_duplicates("as_of", keep="last")
            after = own[(own["as_of"] >= row.due) & (own["as_of"] <= today)]
            if row.due <= today and len(after):
                on_time.append(after["completion"].iloc[0] == 1)
            own = own[own["as_of"] <= today]
            if row.start <= today and own.empty:
                continue
            state = own["completion"].iloc[-1] if row.start <= today else 0.0
            if row.start <= today:
                last = max(last, own["as_of"].iloc[-1]) if pd.notna(last) else own["as_of"].iloc[-1]
            counted, finished, known, done = counted + 1, finished + (state == 1), known + weight, done + weight * state
            if row.due <= today:
                due, done_due = due + weight, done_due + weight * state
        shares = [done / known if known else np.nan, done / total, (done + total - known) / total]
        shares += [done_due / due if due else np.nan, finished / counted if counted else np.nan]
        shares += [np.mean(on_time) if on_time else np.nan]
        cells.append((unit, dimension, *shares, len(rows) - counted, last))
    columns = ["completion", "low", "high", "of_due", "complete", "on_time", "unreported", "last_report"]
    return pd.DataFrame(cells, columns=["unit", "dimension", *columns]).astype({"last_report": "datetime64[ns]"})


@settings(max_examples=45, deadline=None, derandomize=True)
@example(seed=1, engine="dask", alike=True, days="any")
@example(seed=2, engine="dask", alike=False, days="decades")
@example(seed=3, engine="dask", alike=False, days="quarters")
@given(
    seed=st.integers(0, 10**6),
    engine=st.sampled_from([name for name in ENGINES if name != "dask"]),  # which takes seconds for each
    alike=st.booleans(),
    days=st.sampled_from(["any", "quarters", "decades"]),
)
def test_any_register_gives_what_slow_loops_give(seed: int, engine: str, alike: bool, days: str) -> None:
    tasks, progress = random_register(np.random.default_rng(seed), alike=alike, days=days)
    asked = {"as_of": "2019-09-30", "known_on": "2020-01-31"}
    if progress.empty:
        return
    found = pa.completion(*frames(engine, tasks, progress), **asked)
    wanted = slow(tasks, progress, asked["as_of"], asked["known_on"])
    pd.testing.assert_frame_equal(found[wanted.columns], wanted, **COMPARED)
    pd.testing.assert_frame_equal(found, pa.completion(tasks, progress, **asked), **COMPARED)


@pytest.mark.parametrize(
    ("days", "revisions"),
    # On both sides of what one number has room for, and of the months that have a binary place of their own.
    [(1, 1), (8192 // 3 - 1500, 3), (700, 12), (700, 13), (50 * 30, 1), (52 * 31, 1), (80000, 1), (30, 1000)],
)
def test_a_report_comes_back_as_it_was_however_many_days_and_revisions_there_are(days: int, revisions: int) -> None:
    day, last = pd.Timestamp("1905-03-31"), revisions - 1
    tasks = pd.DataFrame({"unit": "U", "task": ["T", "S"], "dimension": "D1", "start": day, "due": day})
    reports = [("T", day, 1.0, 0), ("S", day + pd.Timedelta(days=days), 1 / 3, last)]
    reports += [("S", day, 0.987654321986, last)] + ([("S", day, 0.2, 0)] if last else [])
    progress = pd.DataFrame(reports, columns=["task", "as_of", "completion", "revision"])
    progress = progress.assign(unit="U", reported_on=progress["as_of"])
    asked = [day, day + pd.Timedelta(days=days)]
    for engine in ("lazy polars", "duckdb"):
        found = pa.completion(*frames(engine, tasks, progress), as_of=asked)
        assert found["completion"].tolist() == pytest.approx([1.987654321986 / 2, (1 + 1 / 3) / 2], abs=1.1e-12)
        assert found["complete"].tolist() == [0.5, 0.5]
        twice = pd.concat([progress, progress.iloc[[1]]])
        with pytest.raises(pa.DataError, match="the row repeats another"):
            pa.completion(*frames(engine, tasks, twice), as_of=asked)


@pytest.mark.parametrize("moments", [1, FEW, FEW + 1])
def test_the_first_report_after_the_due_date_is_found_however_many_days_there_are(moments: int) -> None:
    """Four tasks are due before, on and after days reported on; each was complete at every third report."""
    days = pd.date_range("2018-01-31", periods=moments, freq="9D")
    due = [days[0], days[moments // 2], days[moments // 2] + pd.Timedelta(days=1), days[-1] + pd.Timedelta(days=1)]
    tasks = pd.DataFrame({"unit": "U", "task": list("ABCD"), "dimension": list("ABCD"), "start": days[0], "due": due})
    progress = tasks[["unit", "task"]].merge(pd.DataFrame({"as_of": days, "reported_on": days}), how="cross")
    progress["completion"] = (np.arange(len(progress)) % 3 == 0) * 1.0
    asked = {"as_of": days[-1] + pd.Timedelta(days=2), "known_on": "2030-01-01"}
    wanted = slow(tasks.assign(weight=1.0, share=1.0), progress.assign(revision=0), asked["as_of"], asked["known_on"])
    assert wanted["on_time"].notna().tolist() == [True, True, moments > 1, False]
    for engine in ("lazy polars", "duckdb"):
        for known in ({}, {"known_on": asked["known_on"]}):
            found = pa.completion(*frames(engine, tasks, progress), as_of=asked["as_of"], **known)
            pd.testing.assert_frame_equal(found[wanted.columns], wanted, **COMPARED)
        with pytest.raises(pa.DataError, match="the row repeats another, in 1 rows"):
            pa.completion(*frames(engine, tasks, pd.concat([progress, progress.iloc[[1 % moments]]])), **asked)
        late = tasks.replace({"start": {days[0]: days[-1] + pd.Timedelta(days=1)}}).iloc[3:]
        with pytest.raises(pa.DataError, match=f"for a date before the task starts, in {moments} rows"):
            pa.completion(*frames(engine, pd.concat([tasks.iloc[:3], late]), progress), **asked)


@pytest.mark.parametrize("engine", ["lazy polars", "duckdb"])
def test_the_hour_of_a_report_plays_no_part(study: pa.Study, engine: str) -> None:
    hour = pd.to_timedelta(np.arange(len(study.progress)) % 20, "h")
    hours = study.progress.assign(
        as_of=study.progress["as_of"] + hour, reported_on=study.progress["reported_on"] + hour
    )
    for tasks in (study.tasks, study.tasks.assign(due=study.tasks["due"] + pd.Timedelta(hours=7))):
        found = pa.completion(*frames(engine, tasks, hours))
        pd.testing.assert_frame_equal(found, pa.completion(study.tasks, study.progress), **COMPARED)
    again = hours.iloc[[5]].assign(as_of=hours["as_of"].iloc[5] + pd.Timedelta(hours=2))
    with pytest.raises(pa.DataError, match=r"the row repeats another, in 1 rows such as .*VN-CT, CT-01, 2019"):
        pa.completion(*frames(engine, study.tasks, pd.concat([hours, again])))


def test_one_calendar_for_all_units_and_one_for_each_give_the_same(study: pa.Study) -> None:
    """Another unit with a date of its own turns the quick look-up by name into one by unit and name."""
    other = study.tasks.assign(unit="VN-HN")
    reports = pd.concat([study.progress, study.progress.assign(unit="VN-HN")], ignore_index=True)
    late = other.assign(due=other["due"].where(other["task"] != other["task"].iloc[0], pd.Timestamp("2021-06-30")))
    asked = {"as_of": ["2019-09-30", "2020-12-31"]}
    for engine in ("lazy polars", "duckdb"):
        for more in (other, late):
            tasks = pd.concat([study.tasks, more], ignore_index=True)
            found = pa.completion(*frames(engine, tasks, reports), **asked)
            own = found[found["unit"] == "VN-CT"].reset_index(drop=True)
            pd.testing.assert_frame_equal(own, pa.completion(study.tasks, study.progress, **asked), **COMPARED)
            pd.testing.assert_frame_equal(found, pa.completion(tasks, reports, **asked), **COMPARED)


def test_days_beyond_one_pass_give_what_they_give_alone(study: pa.Study) -> None:
    days = pd.date_range("2018-01-15", periods=module.TOGETHER + 3, freq="21D")
    together = pa.completion(*frames("lazy polars", study.tasks, study.progress), as_of=days)
    pd.testing.assert_frame_equal(together, pa.completion(study.tasks, study.progress, as_of=days), **COMPARED)
    last = pa.completion(study.tasks, study.progress, as_of=days[-1])
    pd.testing.assert_frame_equal(together[together["as_of"] == days[-1]].reset_index(drop=True), last, **COMPARED)


def test_parquet_is_read_where_it_lies(study: pa.Study, tmp_path: Path) -> None:
    for name in ("tasks", "progress"):
        getattr(study, name).to_parquet(tmp_path / f"{name}.parquet")
    connection = duckdb.connect()
    tasks, progress = (connection.read_parquet(str(tmp_path / f"{name}.parquet")) for name in ("tasks", "progress"))
    wanted = pa.completion(study.tasks, study.progress)
    pd.testing.assert_frame_equal(pa.completion(tasks, progress), wanted, **COMPARED)
    pd.testing.assert_frame_equal(pa.completion(study.tasks, progress), wanted, **COMPARED)
    scanned = [pl.scan_parquet(tmp_path / f"{name}.parquet") for name in ("tasks", "progress")]
    pd.testing.assert_frame_equal(pa.completion(*scanned), wanted, **COMPARED)


def test_reports_and_calibration_go_to_a_cluster(study: pa.Study) -> None:
    distributed = pytest.importorskip("distributed")
    panel = pa.Panel.from_study(study)
    asked = {"unit": "VN-CT", "start": 2018, "end": 2020, "rng": 1, "panels": 4, "nearest": 1}
    alone = pa.calibrate(panel, "did", **asked).table
    # Threads of this process, which stand for machines: what is sent to them goes through the same protocol.
    with distributed.Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None):
        found = pa.completion(*frames("dask", study.tasks, study.progress))
        with joblib.parallel_config(backend="dask"):
            there = pa.calibrate(panel, "did", **asked).table
    pd.testing.assert_frame_equal(found, pa.completion(study.tasks, study.progress), **COMPARED)
    pd.testing.assert_frame_equal(there, alone)


def changed(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: table[column].where(table.index != 3, value)})


WRONG_REPORTS = {
    "outside": (changed("completion", 1.7), "column completion: the value is outside 0 to 1, in 1 rows"),
    "endless": (changed("completion", np.inf), "column completion: the value is outside 0 to 1, in 1 rows"),
    "empty": (changed("completion", np.nan), "column completion: the cell is empty, in 1 rows"),
    "no date": (changed("as_of", pd.NaT), "column as_of: the cell is empty, in 1 rows"),
    "a slip": (changed("as_of", pd.Timestamp("1820-03-31")), "column as_of: this is not a date, in 1 rows"),
    "stranger": (changed("task", "CT-99"), "column task: this task is not in the register, in 1 rows such as"),
    "other unit": (changed("unit", "VN-XX"), "column task: this task is not in the register, in 1 rows such as"),
    "ahead": (changed("reported_on", pd.Timestamp("2018-01-01")), "made before the date it reports on, in 1 rows"),
    "early": (changed("as_of", pd.Timestamp("2017-12-31")), "for a date before the task starts, in 1 rows"),
    "revision": (changed("revision", 1000), "column revision: the value is outside 0 to 999, in 1 rows"),
    "below": (changed("revision", -1), "column revision: the value is outside 0 to 999, in 1 rows"),
    "no revision": (changed("revision", np.nan), "column revision: the cell is empty, in 1 rows"),
    "far": (changed("reported_on", pd.Timestamp("2218-03-31")), "column reported_on: this is not a date, in 1 rows"),
    "far day": (changed("as_of", pd.Timestamp("2218-03-31")), "column as_of: this is not a date, in 1 rows"),
    "part of a revision": (changed("revision", 0.5), "column revision: this is not a whole number, in 1 rows"),
    "twice": (lambda table: pd.concat([table, table.iloc[[2, 2]]]), "the row repeats another, in 1 rows such as"),
    "no rows": (lambda table: table.iloc[:0], "the table has no rows"),
    "no column": (lambda table: table.drop(columns="completion"), "completion: a required column is missing"),
    "texts": (lambda table: table.assign(completion="all"), "column completion: this is not a number"),
    "days in words": (lambda table: table.assign(as_of="Easter"), "column as_of: this is not a date"),
}
WRONG_TASKS = {
    "no weight": (changed("weight", 0.0), "column weight: the weight is not above 0, in 1 rows"),
    "part": (changed("share", 0.5), "column share: the shares of the task do not sum to 1, in 1 rows"),
    "before it starts": (changed("due", pd.Timestamp("2017-06-30")), "the task is due before it starts, in 1 rows"),
    "twice": (lambda table: pd.concat([table, table.iloc[[2]]]), "the row repeats another, in 1 rows"),
    "no date": (changed("start", pd.NaT), "column start: the cell is empty, in 1 rows"),
    "two dates": (
        lambda table: pd.concat(
            [
                table.assign(share=table["share"].where(table.index != 2, 0.5)),
                table.iloc[[2]].assign(share=0.5, dimension="D9", due=pd.Timestamp("2021-01-01")),
            ]
        ),
        "column due: the task has another due in an earlier row, in 1 rows such as",
    ),
}


def cases(wrong: dict[str, Any], *few: str) -> list[tuple[str, str]]:
    """Every wrong table in two engines, and a few of them in Dask, which takes seconds for each."""
    return [(name, engine) for name in wrong for engine in ("lazy polars", "duckdb")] + [(name, "dask") for name in few]


@pytest.mark.parametrize(("wrong", "engine"), cases(WRONG_REPORTS, "outside", "stranger", "twice"))
def test_wrong_reports_are_refused_and_shown(study: pa.Study, wrong: str, engine: str) -> None:
    change, message = WRONG_REPORTS[wrong]
    progress = change(study.progress.reset_index(drop=True)).reset_index(drop=True)
    with pytest.raises(pa.DataError, match="progress") as error:
        pa.completion(*frames(engine, study.tasks, progress))
    assert message in str(error.value)


@pytest.mark.parametrize(("wrong", "engine"), cases(WRONG_TASKS, "two dates"))
def test_wrong_tasks_are_refused_and_shown(study: pa.Study, wrong: str, engine: str) -> None:
    change, message = WRONG_TASKS[wrong]
    tasks = change(study.tasks.reset_index(drop=True)).reset_index(drop=True)
    with pytest.raises(pa.DataError, match="tasks") as error:
        pa.completion(*frames(engine, tasks, study.progress))
    assert message in str(error.value)


def test_every_broken_rule_is_counted_at_once(study: pa.Study) -> None:
    progress = study.progress.assign(
        completion=study.progress["completion"].where(study.progress.index % 2 == 0, -1.0),
        task=study.progress["task"].where(study.progress.index % 3 > 0, "T"),
    )
    with pytest.raises(pa.DataError) as error:
        pa.completion(*frames("lazy polars", study.tasks, progress))
    below, strange = int((progress["completion"] < 0).sum()), int((progress["task"] == "T").sum())
    assert f"the value is outside 0 to 1, in {below} rows such as" in str(error.value)
    assert f"this task is not in the register, in {strange} rows such as" in str(error.value)


def test_two_reports_of_one_month_are_two_reports(study: pa.Study) -> None:
    """They share a slot of the quick count, and the slower look finds nothing wrong with them."""
    first = study.progress.iloc[[0]]
    more = pd.concat([study.progress, first.assign(as_of=first["as_of"] - pd.Timedelta(days=3))], ignore_index=True)
    found = pa.completion(*frames("lazy polars", study.tasks, more))
    pd.testing.assert_frame_equal(found, pa.completion(study.tasks, more), **COMPARED)


def test_two_engines_in_one_question_are_refused(study: pa.Study) -> None:
    with pytest.raises(pa.SpecError, match="two engines"):
        pa.completion(pl.from_pandas(study.tasks), _dask(study.progress))
