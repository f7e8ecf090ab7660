"""Registers of tasks and reports in any engine, brought into one form and checked."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from papi_analysis.errors import SpecError
from papi_analysis.panel.frames import coded_reports, coded_tasks, handed_over, needed, read, to_pandas
from papi_analysis.panel.rules import check_large_tasks
from papi_analysis.panel.states import (
    FIRST_YEAR,
    LAST_YEAR,
    MONTHS,
    ORDERS,
    REVISIONS,
    TASK,
    YEAR,
    Ends,
    Frame,
    Register,
    day_code,
)
from papi_analysis.study.register import check_progress, check_tasks
from papi_analysis.study.schema import PROGRESS, TASKS


def read_register(tasks: Any, progress: Any, *more: str) -> Register:
    """Bring tasks and reports into one form.

    Pandas frames pass ``check_tasks`` and ``check_progress`` here. In any other engine the tasks are checked here, and
    the reports, which are many, once they have been measured: see ``check_reports``.

    Parameters
    ----------
    tasks, progress
        Frames of pandas, Polars, DuckDB, Dask or PyArrow: both of the same engine, or the tasks of pandas.
    more
        Columns of ``tasks`` to keep beside those that completion needs.

    Raises
    ------
    DataError
        Where a column is missing or of the wrong kind, or the tasks do not pass.
    SpecError
        Where the two frames are of engines that do not go together.
    """
    if isinstance(tasks, pd.DataFrame):
        tasks = check_tasks(tasks)
        if isinstance(progress, pd.DataFrame):
            progress = check_progress(progress, tasks)
        once, alike = not tasks.duplicated(TASK).any(), _have_one_calendar(tasks)
        # In order, so that sums do not depend in their last place on the order of rows.
        names = dict.fromkeys([*(column.name for column in needed(TASKS)), *more])
        tasks = handed_over(tasks.sort_values(list(TASKS.key))[[*names]], progress)
    else:
        once, alike = check_large_tasks(tasks)
    both = read(tasks, TASKS, *more), read(progress, PROGRESS)
    if both[0].implementation is not both[1].implementation:
        raise SpecError("tasks and progress are of two engines. Give both in the same, or the tasks as a pandas frame.")
    tasks, reports = coded_tasks(both[0], *more), coded_reports(both[1])
    by = ["task"] if alike else TASK
    dates = tasks.group_by(by).agg(nw.col("start").min(), nw.col("due").min())
    tasks = tasks.with_columns(served=nw.lit(1.0)) if once else _served(tasks)
    return Register(tasks, reports, dates, by, _ends_of(both[1]))


def _have_one_calendar(tasks: pd.DataFrame) -> bool:
    """Whether each name of a task has one start and one due date, whatever the unit."""
    return not tasks.drop_duplicates(["task", "start", "due"])["task"].duplicated().any()


def _ends_of(reports: Frame) -> Ends:
    """Look what the reports span."""
    days = nw.col("as_of").min().alias("first"), nw.col("as_of").max().alias("last"), nw.col("reported_on").max()
    revisions = nw.col("revision").min().alias("least"), nw.col("revision").max().alias("most")
    found = to_pandas(reports.select(nw.len().alias("rows"), *days, *revisions)).iloc[0]
    first, last, known = (pd.Timestamp(found[name]) for name in ("first", "last", "reported_on"))
    rows, least, most = int(found["rows"]), found["least"], found["most"]
    if not (first.year >= FIRST_YEAR and max(last.year, known.year) <= LAST_YEAR and 0 <= least <= most < REVISIONS):
        return Ends(0, FIRST_YEAR * YEAR, REVISIONS, halves=True, month=0.0, places=MONTHS)
    month, months = (day.year * 12.0 + day.month for day in (first, last))
    places = int(min(months - month + most + 1, MONTHS))
    before = day_code(first) - 1.0
    if (day_code(last) - before + 1.0) * (most + 1.0) <= ORDERS:
        return Ends(rows, before, most + 1.0, halves=False, month=month, places=places)
    return Ends(rows, FIRST_YEAR * YEAR, REVISIONS, halves=True, month=month, places=places)


def _served(tasks: Frame) -> Frame:
    """Say beside each row of a task how many rows it has."""
    rows = tasks.group_by(TASK).agg(nw.len().alias("served"))
    return tasks.join(rows, on=TASK, how="inner").with_columns(nw.col("served").cast(nw.Float64))


def years_of(register: Register) -> range:
    """Give the years from the first start to the last due date."""
    ends = to_pandas(register.tasks.select(nw.col("start").min(), nw.col("due").max())).iloc[0]
    return range(*(int(ends[name] // YEAR) + last for last, name in enumerate(("start", "due"))))


def of_agencies(register: Register, names: str) -> Register:
    """Make each task one row for its lead agency, however many dimensions it serves."""
    once = register.tasks.rename({names: "lead_agency"}).group_by([*TASK, "lead_agency"])
    dates = nw.col("weight").max(), nw.col("start").min(), nw.col("due").min()
    return register._replace(tasks=_served(once.agg(nw.col("share").sum(), *dates)))
