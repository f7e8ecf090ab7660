"""Completion from tables of other makes: the numbers that pandas gives, and errors that say what and where."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as arrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import papi_analysis as pa
from papi_analysis.panel.completion import completion_by_agency, task_states

# Shares keep twelve decimals; one that lies between two of them may go either way in loops that add otherwise.
COMPARED = {"rtol": 0.0, "atol": 1.1e-12, "check_dtype": False}


def _parquet(frame: pd.DataFrame) -> str:
    path = Path(tempfile.mkdtemp(), "it's a table.parquet")
    frame.to_parquet(path, index=False)
    return str(path)


ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "polars": pl.from_pandas,
    "lazy polars": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": duckdb.from_df,  # on the connection of the module, so that two relations can meet
    "parquet": _parquet,
    "arrow": lambda frame: arrow.Table.from_pandas(frame, preserve_index=False),
}


@pytest.fixture(autouse=True)
def _falls_are_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pa.DataWarning)
        yield


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


THEN = {"as_of": ["2018-06-30", "2019-12-31"], "known_on": "2019-07-10"}
ASKED = [(pa.completion, {}), *((ask, THEN) for ask in (pa.completion, completion_by_agency, task_states))]


@pytest.fixture(scope="module")
def wanted(study: pa.Study) -> list[pd.DataFrame]:
    return [ask(study.tasks, study.progress, **asked) for ask, asked in ASKED]


@pytest.mark.parametrize(
    "pandas_tasks", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["both there", "tasks in pandas"]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_numbers_of_pandas(study: pa.Study, wanted, engine: str, pandas_tasks: bool) -> None:
    tasks, progress = frames(engine, study.tasks, study.progress)
    tasks = study.tasks if pandas_tasks else tasks
    every = zip(ASKED, wanted, strict=True)
    for (ask, asked), numbers in every if engine in ("duckdb", "parquet") else [*every][:2]:
        pd.testing.assert_frame_equal(
            ask(tasks, progress, **asked), numbers, check_exact=True, check_dtype=ask is not task_states
        )


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


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    engine=st.sampled_from(list(ENGINES)),
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
    pd.testing.assert_frame_equal(found, pa.completion(tasks, progress, **asked), check_exact=True)


@pytest.mark.parametrize(
    ("days", "revisions", "engine"),
    [(1, 1, "duckdb"), (700, 13, "lazy polars"), (70000, 1, "duckdb"), (30, 1000, "lazy polars")],
)
def test_a_report_comes_back_as_it_was_however_many_days_and_revisions_there_are(
    days: int, revisions: int, engine: str
) -> None:
    day, last = pd.Timestamp("1905-03-31"), revisions - 1
    tasks = pd.DataFrame({"unit": "U", "task": ["T", "S"], "dimension": "D1", "start": day, "due": day})
    reports = [("T", day, 1.0, 0), ("S", day + pd.Timedelta(days=days), 1 / 3, last)]
    reports += [("S", day, 0.987654321986, last)] + ([("S", day, 0.2, 0)] if last else [])
    progress = pd.DataFrame(reports, columns=["task", "as_of", "completion", "revision"])
    progress = progress.assign(unit="U", reported_on=progress["as_of"])
    asked = [day, day + pd.Timedelta(days=days)]
    found = pa.completion(*frames(engine, tasks, progress), as_of=asked)
    assert found["completion"].tolist() == [round(x, 12) for x in (1.987654321986 / 2, (1 + 1 / 3) / 2)]
    states = task_states(*frames(engine, tasks, progress), as_of=asked)
    assert set(states["completion"]) == {0.987654321986, 1.0, 1 / 3}
    assert found["complete"].tolist() == [0.5, 0.5]
    twice = pd.concat([progress, progress.iloc[[1]]])
    with pytest.raises(pa.DataError, match="the row repeats another"):
        pa.completion(*frames(engine, tasks, twice), as_of=asked)


@pytest.mark.parametrize(("moments", "engine"), [(1, "duckdb"), (40, "lazy polars")])
def test_the_first_report_after_the_due_date_is_found_however_many_days_there_are(moments: int, engine: str) -> None:
    """Four tasks are due before, on and after days reported on; each was complete at every third report."""
    days = pd.date_range("2018-01-31", periods=moments, freq="9D")
    due = [days[0], days[moments // 2], days[moments // 2] + pd.Timedelta(days=1), days[-1] + pd.Timedelta(days=1)]
    tasks = pd.DataFrame({"unit": "U", "task": list("ABCD"), "dimension": list("ABCD"), "start": days[0], "due": due})
    progress = tasks[["unit", "task"]].merge(pd.DataFrame({"as_of": days, "reported_on": days}), how="cross")
    progress["completion"] = (np.arange(len(progress)) % 3 == 0) * 1.0
    asked = {"as_of": days[-1] + pd.Timedelta(days=2), "known_on": "2030-01-01"}
    wanted = slow(tasks.assign(weight=1.0, share=1.0), progress.assign(revision=0), asked["as_of"], asked["known_on"])
    assert wanted["on_time"].notna().tolist() == [True, True, moments > 1, False]
    for known in ({}, {"known_on": asked["known_on"]}):
        found = pa.completion(*frames(engine, tasks, progress), as_of=asked["as_of"], **known)
        pd.testing.assert_frame_equal(found[wanted.columns], wanted, **COMPARED)
    with pytest.raises(pa.DataError, match="the row repeats another, in 1 rows"):
        pa.completion(*frames(engine, tasks, pd.concat([progress, progress.iloc[[1 % moments]]])), **asked)
    late = tasks.replace({"start": {days[0]: days[-1] + pd.Timedelta(days=1)}}).iloc[3:]
    done = (progress[progress["task"].isin(late["task"])]["completion"] > 0).sum()  # nothing done is no contradiction
    with pytest.raises(pa.DataError, match=f"for a date before the task starts, in {done} rows"):
        pa.completion(*frames(engine, pd.concat([tasks.iloc[:3], late]), progress), **asked)


@pytest.mark.parametrize("engine", [pytest.param("lazy polars", marks=pytest.mark.slow), "duckdb"])
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


def test_parquet_is_read_where_it_lies(study: pa.Study, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    study.tasks.to_parquet(tmp_path / "tasks.parquet")
    for year, part in study.progress.groupby(study.progress["as_of"].dt.year):
        part.to_parquet(tmp_path / "reports" / f"{year}.parquet")
    connection, wanted = duckdb.connect(), pa.completion(study.tasks, study.progress)
    paths = tmp_path / "tasks.parquet", str(tmp_path / "reports" / "*.parquet")
    tasks, progress = (connection.read_parquet(str(path)) for path in paths)
    for pair in (paths, (tasks, progress), (study.tasks, progress), (tasks, study.progress), (paths[0], progress)):
        pd.testing.assert_frame_equal(pa.completion(*pair), wanted, check_exact=True)
    scanned = pl.scan_parquet(paths[0]), pl.scan_parquet(paths[1])
    pd.testing.assert_frame_equal(pa.completion(*scanned), wanted, check_exact=True)


def test_tables_of_the_callers_database_are_neither_read_nor_changed(study: pa.Study) -> None:
    connection = duckdb.connect()
    for name in ("tasks", "progress", "task", "report", "state"):
        connection.execute(f"create table {name} as select 1 as unit")
    tasks, progress = connection.from_df(study.tasks), connection.from_df(study.progress)
    pd.testing.assert_frame_equal(pa.completion(tasks, progress), pa.completion(study.tasks, study.progress))
    names = [name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()]
    assert sorted(names) == ["progress", "report", "state", "task", "tasks"]


MANY = """
import sys, numpy as np, pandas as pd, papi_analysis as pa
rng, n = np.random.default_rng(0), 10_000
days = pd.date_range("2018-01-31", periods=12, freq="QE")
tasks = pd.DataFrame({"unit": "U", "task": [f"T{i}" for i in range(n)], "dimension": [f"D{i % 2}" for i in range(n)]})
tasks = tasks.assign(weight=rng.uniform(0.1, 3, n), start=days[0], due=days[5])
progress = tasks[["unit", "task"]].merge(pd.DataFrame({"as_of": days, "reported_on": days}), how="cross")
progress["completion"] = rng.random(len(progress))
for seed in range(2):
    for table, name in ((tasks, "tasks"), (progress, "progress")):
        table.sample(frac=1, random_state=seed).to_parquet(f"{sys.argv[1]}/{name}.parquet", index=False)
    cells = pa.completion(f"{sys.argv[1]}/tasks.parquet", f"{sys.argv[1]}/progress.parquet", as_of="2019-09-30")
    print(*(value.hex() for value in cells[["completion", "low", "of_due", "complete"]].to_numpy().ravel()))
"""


def test_every_run_gives_the_same_to_the_last_digit(tmp_path: Path, monkeypatch, capsys) -> None:
    """Threads take rows as they come, and so would sums that depend on the order."""
    command = [sys.executable, "-c", MANY, str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command[2:])
    exec(MANY, {})
    other = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    said = {*capsys.readouterr().out.splitlines(), *other.splitlines()}
    assert len(said) == 1
    assert len(said.pop().split()) == 8


def test_one_call_for_each_part_of_the_units_gives_the_same(study: pa.Study, tmp_path: Path) -> None:
    """Beyond one machine; here in threads and in processes."""
    parts, wanted = _parts(study, tmp_path)
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            found = joblib.Parallel()(joblib.delayed(pa.completion)(*part) for part in parts)
        pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), wanted, check_exact=True)


@pytest.mark.slow
def test_a_cluster_gives_the_same(study: pa.Study, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    parts, wanted = _parts(study, tmp_path)
    panel = pa.Panel.from_study(study)
    asked = {"unit": "VN-CT", "start": 2018, "end": 2020, "rng": 1, "panels": 4, "nearest": 1}
    alone = pa.calibrate(panel, "did", **asked).table
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        found = joblib.Parallel()(joblib.delayed(pa.completion)(*part) for part in parts)
        there = pa.calibrate(panel, "did", **asked).table
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), wanted, check_exact=True)
    pd.testing.assert_frame_equal(there, alone)


def _parts(study: pa.Study, folder: Path) -> tuple[list[tuple[str, str]], pd.DataFrame]:
    """Parquet files of two units, and the completion of both together."""
    parts, registers = [], []
    for unit in ("VN-CT", "VN-HN"):
        register = [table.assign(unit=unit) for table in (study.tasks, study.progress)]
        register[1]["completion"] *= 1.0 if unit == "VN-CT" else 0.3
        paths = tuple(str(folder / f"{unit}-{name}.parquet") for name in ("tasks", "progress"))
        for table, path in zip(register, paths, strict=True):
            table.to_parquet(path, index=False)
        parts.append(paths)
        registers.append(register)
    return parts, pa.completion(*(pd.concat(tables, ignore_index=True) for tables in zip(*registers, strict=True)))


def changed(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: table[column].where(table.index != 3, value)})


WRONG_REPORTS = {
    "outside": (changed("completion", 1.7), "column completion: the value is outside 0 to 1, in 1 rows"),
    "endless": (changed("completion", np.inf), "column completion: the value is outside 0 to 1, in 1 rows"),
    "empty": (changed("completion", np.nan), "column completion: the cell is empty, in 1 rows"),
    "no date": (changed("as_of", pd.NaT), "column as_of: the cell is empty, in 1 rows"),
    "a slip": (changed("as_of", pd.Timestamp("1820-03-31")), "column as_of: the year is outside 1900 to 2100, in 1"),
    "stranger": (changed("task", "CT-99"), "column task: this task is not in the register, in 1 rows such as"),
    "other unit": (changed("unit", "VN-XX"), "column task: this task is not in the register, in 1 rows such as"),
    "ahead": (changed("reported_on", pd.Timestamp("2018-01-01")), "made before the date it reports on, in 1 rows"),
    "early": (changed("as_of", pd.Timestamp("2017-12-31")), "for a date before the task starts, in 1 rows"),
    "revision": (changed("revision", 1000), "column revision: the value is outside 0 to 999, in 1 rows"),
    "below": (changed("revision", -1), "column revision: the value is outside 0 to 999, in 1 rows"),
    "no revision": (changed("revision", np.nan), "column revision: the cell is empty, in 1 rows"),
    "far": (changed("reported_on", pd.Timestamp("2218-03-31")), "column reported_on: the year is outside 1900"),
    "far day": (changed("as_of", pd.Timestamp("2218-03-31")), "column as_of: the year is outside 1900 to 2100"),
    "part of a revision": (changed("revision", 0.5), "column revision: this is not a whole number, in 1 rows"),
    "twice": (lambda table: pd.concat([table, table.iloc[[2, 2]]]), "the row repeats another, in 1 rows such as"),
    "no rows": (lambda table: table.iloc[:0], "the table has no rows"),
    "no column": (lambda table: table.drop(columns="completion"), "completion: a required column is missing"),
    "texts": (lambda table: table.assign(completion="all"), "column completion: this is not a number"),
    "a moment somewhere": (
        lambda table: table.assign(as_of=table["as_of"].dt.tz_localize("Asia/Bangkok")),
        "column as_of: the day depends on a time zone",
    ),
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


def cases(wrong: dict[str, Any]) -> list[Any]:
    """Each fault in one make of table, in turn; in the others they are slow tests."""
    every = itertools.product(wrong, ("lazy polars", "duckdb", "parquet"))
    return [
        pytest.param(*case, marks=[pytest.mark.slow] * (place % 3 != place // 3 % 3))
        for place, case in enumerate(every)
    ]


@pytest.mark.parametrize(("wrong", "engine"), cases(WRONG_REPORTS))
def test_wrong_reports_are_refused_and_shown(study: pa.Study, wrong: str, engine: str) -> None:
    change, message = WRONG_REPORTS[wrong]
    progress = change(study.progress.reset_index(drop=True)).reset_index(drop=True)
    with pytest.raises(pa.DataError, match="progress") as error:
        pa.completion(*frames(engine, study.tasks, progress))
    assert message in str(error.value)


@pytest.mark.parametrize(("wrong", "engine"), cases(WRONG_TASKS))
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


@pytest.mark.parametrize("engine", ["polars", "duckdb", "parquet", "arrow"])
def test_the_first_wrong_row_is_shown_with_its_value(study: pa.Study, engine: str) -> None:
    progress = study.progress.assign(
        completion=study.progress["completion"].where(~study.progress.index.isin([7, 40]), 1.7)
    )
    row = progress.iloc[7]
    with pytest.raises(pa.DataError) as error:
        pa.completion(*frames(engine, study.tasks, progress))
    (problem,) = error.value.problems
    assert (problem.file, problem.row, problem.column) == ("progress", 9, "completion")
    assert problem.value == f"VN-CT, {row['task']}, {row['as_of'].date()}, {row['revision']}: 1.7"
    assert problem.what == "the value is outside 0 to 1, in 2 rows such as"


def test_pandas_reports_beside_other_tasks_are_read_as_those_of_a_study(study: pa.Study) -> None:
    tasks = pl.from_pandas(study.tasks)
    written = study.progress.astype({"as_of": str, "completion": str})
    pd.testing.assert_frame_equal(pa.completion(tasks, written), pa.completion(study.tasks, study.progress))
    with pytest.raises(pa.DataError, match=r"progress, row 5, column completion: this is not a number \('half'\)"):
        pa.completion(tasks, changed("completion", "half")(written))


def test_relations_of_two_connections_are_refused(study: pa.Study) -> None:
    tasks, progress = duckdb.connect().from_df(study.tasks), duckdb.connect().from_df(study.progress)
    with pytest.raises(pa.SpecError, match="of two connections"):
        pa.completion(tasks, progress)


@pytest.mark.parametrize(
    "given",
    [3, None, [1, 2], {"unit": ["U"]}, pd.Series([1]), arrow.RecordBatchReader.from_batches(arrow.schema([]), [])],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_table_is_refused(study: pa.Study, given: object) -> None:
    for pair in ((given, study.progress), (study.tasks, given)):
        with pytest.raises(pa.SpecError, match=r"give a frame of pandas, Polars or PyArrow, the path of Parquet"):
            pa.completion(*pair)


def test_a_path_that_leads_nowhere_is_refused(study: pa.Study, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no table")
    for path in (tmp_path / "none.parquet", tmp_path / "a.parquet"):
        with pytest.raises(pa.DataError, match=r"this is no Parquet file that can be read: .* Correct the path"):
            pa.completion(study.tasks, path)


def test_the_names_of_parquet_are_read_as_those_of_pandas(study: pa.Study) -> None:
    """Composed letters, no blanks around."""
    tasks = study.tasks.assign(unit=" Hue\u0302\u0301 ")
    reports = study.progress.assign(unit="Hu\u1ebf")
    found = pa.completion(*frames("parquet", tasks, reports))
    assert set(found["unit"]) == {"Hu\u1ebf"}
    pd.testing.assert_frame_equal(found, pa.completion(tasks, reports))
