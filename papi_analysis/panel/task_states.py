"""Where each task stood on given days: one query, as the definition has it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from papi_analysis.study.relations import Ask, Relation

SHARES = ["completion", "low", "high", "of_due", "complete", "on_time"]
#: Decimal places of a share.
DECIMALS = 12


class Register(NamedTuple):
    """Tasks and reports as relations of one connection, in their kinds (``study.relations.in_kinds``)."""

    tasks: Relation
    progress: Relation
    connection: Ask

    def ask(self, query: str) -> pd.DataFrame:
        """Answer a query over ``papi_tasks`` and ``papi_progress``, which DuckDB finds by their names."""
        papi_tasks, papi_progress, connection = self  # noqa: RUF059
        answer: pd.DataFrame = connection(query).df()
        return answer


#: ``state`` has a row for each task and day: ``completion`` (none where the task has begun without any report),
#: ``last_report`` (the day of the report used), ``is_due``, ``on_time`` (1 or 0; none where the task is not due, or no
#: report at or after its due date existed by the day). A moment is a day and a revision, a microsecond each.
STATES = """
with day as (select unnest([{days}]) as day),

task as materialized (
  select unit, task, min(start) as start, min(due) as due, (row_number() over ())::int as id
  from papi_tasks group by unit, task),

report as (
  select id, due, as_of, to_microseconds(revision::bigint) as revision, completion
  from papi_progress join task using (unit, task) where {known}),

-- A report is news on the first of the days that is not before it. No day sees a later report.
news as (
  select as_of, min(day) as day
  from (select distinct as_of from papi_progress) join day on as_of <= day group by as_of),

-- Of the reports that are news on a day, the latest in its last revision; and the first one at or after the due date.
latest as (
  select id, day, max(as_of) as last_report, arg_max(completion, as_of + revision) as completion,
         arg_min(completion, as_of - revision) filter (as_of >= due) as at_due
  from report join news using (as_of) group by id, day),

-- What was news stays so until there is other news.
state as (
  select unit, task, day, due <= day as is_due,
         case when start > day then 0 else last_value(completion ignore nulls) over so_far end as completion,
         case when start <= day then last_value(last_report ignore nulls) over so_far end as last_report,
         case when due <= day then (first_value(at_due ignore nulls) over so_far >= 1)::double end as on_time
  from task cross join day left join latest using (id, day)
  window so_far as (partition by id order by day rows unbounded preceding))
"""

#: Weights are parts of the heaviest, in decimals, of which a sum is the same in any order.
CELLS = """,
weighed as (
  select unit, cell, day, completion, is_due, last_report, on_time,
         (weight * share / heaviest)::decimal(38, 30) as weight,
         (weight * share / heaviest * completion)::decimal(38, 30) as done
  from ({rows}) join state using (unit, task) cross join (select max(weight) as heaviest from papi_tasks)),

added as (
  select unit, cell, day,
         sum(weight)::double as weight,
         (sum(weight) filter (completion is not null))::double as known,
         coalesce(sum(done), 0)::double as done,
         (sum(weight) filter (is_due and completion is not null))::double as due,
         (sum(done) filter (is_due))::double as done_due,
         avg((completion >= 1)::int) as complete, avg(on_time) as on_time,
         count(*) as tasks, count(*) - count(completion) as unreported, max(last_report) as last_report
  from weighed group by unit, cell, day)

select unit, year(day) as year, day as as_of, cell as {name},
       done / known as completion, done / weight as low, (done + weight - coalesce(known, 0)) / weight as high,
       done_due / due as of_due, complete, on_time, tasks, unreported, last_report
from added order by unit, day, cell
"""


def query_states(days: pd.DatetimeIndex, known_on: pd.Timestamp | None) -> str:
    """Write the query of the states on ``days``, from what had been reported by ``known_on``."""
    known = "true" if known_on is None else f"reported_on <= {_sql(known_on)}"
    return STATES.format(days=", ".join(map(_sql, days)), known=known)


def _sql(day: pd.Timestamp) -> str:
    return f"date '{day.date()}'"


def states_of(register: Register, days: pd.DatetimeIndex, known_on: pd.Timestamp | None) -> pd.DataFrame:
    """Say where each task stood on each day: a row per row of the tasks and day, with all columns of the tasks."""
    rows = """select papi_tasks.*, day as as_of, year(day) as year, last_report, completion, is_due, on_time
    from papi_tasks join state using (unit, task) order by unit, day, dimension, task"""
    return _in_pandas(register.ask(query_states(days, known_on) + rows))


def cells_of(
    register: Register, days: pd.DatetimeIndex, known_on: pd.Timestamp | None, name: str, rows: str = "papi_tasks"
) -> pd.DataFrame:
    """Add up the states by unit, day and ``cell`` of ``rows``, which is called ``name`` in the answer.

    ``rows`` gives ``unit``, ``task``, ``cell``, ``weight`` and ``share``, in SQL.
    """
    cells = _in_pandas(register.ask(query_states(days, known_on) + CELLS.format(rows=rows, name=name)))
    return cells.assign(**cells[SHARES].round(DECIMALS))


def _in_pandas(answer: pd.DataFrame) -> pd.DataFrame:
    """Give days and counts the kinds that all tables have."""
    days = answer.select_dtypes("datetime").columns
    return answer.astype(dict.fromkeys(days, "datetime64[ns]"))


def years_of(register: Register) -> tuple[range, pd.Timestamp]:
    """Give the years from the first start to the last due date or report, and the day of that report if there is one.

    What comes first ends the years: nothing is known of a day after the last report.
    """
    ends: Any = register.ask(
        """select year(min(start)) as first, year(max(due)) as last, (select max(as_of) from papi_progress) as reported
        from papi_tasks"""
    ).iloc[0]
    first, last, reported = int(ends["first"]), int(ends["last"]), pd.Timestamp(ends["reported"])
    return range(first, (last if pd.isna(reported) else min(last, reported.year)) + 1), reported
