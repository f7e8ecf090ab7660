"""A register of many communes, and its completion by this package and by bare queries in the same DuckDB.

Every function gets the number of communes and gives a call and what makes of its result an array to compare: one row
per commune and dimension in order, one column per day.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

#: Tasks of a commune, quarters reported on, and the days for which completion is measured.
TASKS, QUARTERS, DAYS = 59, 12, ("2018-09-30", "2019-09-30", "2020-09-30")
#: Of so many reports one was revised once.
REVISED = 50
#: Rows of a Parquet group, about as many as DuckDB writes: the unit of work that an engine gives to a core.
GROUP = 120_000
#: What run.py sets: where the tables lie while it runs, and how many threads everybody has.
FOLDER, THREADS = "PAPI_BENCH_FOLDER", "POLARS_MAX_THREADS"

Side = tuple[Callable[[], Any], Callable[[Any], Any]]


def generate(communes: int, folder: Path) -> None:
    """Write tasks and reports as Parquet, quarter by quarter, in random order; every task has begun and reports."""
    import pyarrow as pa
    from pyarrow import parquet

    rng, rows = np.random.default_rng(0), communes * TASKS
    names = {
        "unit": np.repeat([f"{i:05d}" for i in range(communes)], TASKS),
        "task": np.tile([f"T{i:02d}" for i in range(TASKS)], communes),
    }
    ends = np.arange("2018-04", "2021-01", 3, dtype="datetime64[M]")
    ends = np.append(ends, np.datetime64("2021-01")).astype("datetime64[D]") - 1
    tasks = names | {
        "dimension": np.tile([f"D{1 + i % 6}" for i in range(TASKS)], communes),
        "weight": np.ones(rows),
        "share": np.ones(rows),
        "start": np.full(rows, np.datetime64("2018-01-01")),
        "due": np.tile(ends[4 + np.arange(TASKS) % 8], communes),
    }
    (folder / "reports").mkdir(parents=True)
    parquet.write_table(pa.table(tasks), folder / "tasks.parquet", row_group_size=GROUP)
    done = np.zeros(rows)
    for number, end in enumerate(ends):
        done = np.minimum(done + 0.2 * rng.random(rows), 1)
        reports = names | {
            "as_of": np.full(rows, end),
            "reported_on": end + rng.integers(5, 40, rows),
            "completion": done.round(2),
            "revision": np.zeros(rows, dtype=np.int64),
        }
        again = {name: values[::REVISED] for name, values in reports.items()}
        again |= {"completion": (again["completion"] / 2).round(2), "revision": again["revision"] + 1}
        parts = pa.concat_tables([pa.table(reports), pa.table(again)])
        parts = parts.take(rng.permutation(len(parts)))
        parquet.write_table(parts, folder / "reports" / f"{number:02d}.parquet", row_group_size=GROUP)


def _tables(communes: int) -> tuple[str, str]:
    """Where tasks and reports lie; run.py had them made, in another process whose memory does not count."""
    folder = Path(os.environ[FOLDER]) / str(communes)
    return str(folder / "tasks.parquet"), str(folder / "reports" / "*.parquet")


def _wide(cells: Any) -> np.ndarray:
    """The answer of ``completion`` as the bare queries give it."""
    return cells.pivot_table(index=["unit", "dimension"], columns="as_of", values="completion").to_numpy()


def _ordered(table: Any) -> np.ndarray:
    return table.sort_values(["unit", "dimension"]).iloc[:, 2:].to_numpy()


def _connection() -> Any:
    import duckdb

    connection = duckdb.connect()
    connection.sql(f"set threads = {os.environ[THREADS]}")
    return connection


def ours_in_duckdb(communes: int) -> Side:
    import papi_analysis as pa

    connection, places = _connection(), _tables(communes)

    def call() -> Any:
        return pa.completion(*(connection.sql(f"select * from '{place}'") for place in places), as_of=DAYS)

    return call, _wide


def plain_duckdb(communes: int) -> Side:
    """The mean of the latest reports and nothing else: no check, no gap, no weight, no task that is not begun."""
    return _query(communes, "(as_of, revision)")


def bare_duckdb(communes: int) -> Side:
    """The same, in the form that was fastest of all that were tried: day and revision as one time stamp."""
    return _query(communes, "as_of + to_microseconds(revision)")


def _query(communes: int, order: str) -> Side:
    connection, (tasks, reports) = _connection(), _tables(communes)
    latest = ", ".join(
        f"arg_max(completion, {order}) filter (as_of <= date '{day}') as d{number}" for number, day in enumerate(DAYS)
    )
    means = ", ".join(f"avg(d{number})" for number in range(len(DAYS)))
    query = (
        f"with states as (select unit, task, {latest} from '{reports}' group by all) "
        f"select unit, dimension, {means} from '{tasks}' join states using (unit, task) group by all"
    )
    return lambda: connection.sql(query).df(), _ordered


if __name__ == "__main__":
    for communes in sys.argv[2:]:
        generate(int(communes), Path(sys.argv[1], communes))
