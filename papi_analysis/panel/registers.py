"""Registers of tasks and reports in any engine, brought into one form and checked."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from papi_analysis.errors import SpecError
from papi_analysis.panel.frames import coded_reports, coded_tasks, handed_over, moment_of, needed, read, to_pandas
from papi_analysis.panel.rules import check_large_tasks
from papi_analysis.panel.states import (
    FEW,
    FIRST_YEAR,
    LAST_YEAR,
    ORDERS,
    REVISIONS,
    TASK,
    YEAR,
    Frame,
    Moments,
    Register,
    days_coded,
    raw_code_of,
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
    return Register(tasks, reports, dates, by, _moments_of(both[1], progress))


def _have_one_calendar(tasks: pd.DataFrame) -> bool:
    """Whether each name of a task has one start and one due date, whatever the unit."""
    return not tasks.drop_duplicates(["task", "start", "due"])["task"].duplicated().any()


def _moments_of(reports: Frame, progress: Any) -> Moments:
    """Look up the moments of the reports, and choose the numbers they are written as; those that are wrong fall out.

    Each of a few moments has a power of two of its own. Of more, one has that of its month, or of as many months later
    as the report was revised; months come round after 50, which keeps quarterly reports and their first two revisions
    apart for four years. The sum of the powers of a task's reports has as many ones in base two as there are reports if
    no two share a power, and fewer if two do. So one sum shows that no report is there twice; where two share a power,
    a slower look (``rules.check_reports``) says whether they are one report.
    """
    reports = reports.select("reported_on", **moment_of(reports))
    kind = reports.collect_schema()["as_of"]
    each = reports.group_by("as_of", "revision").agg(nw.len().alias("rows"), nw.col("reported_on").max())
    day = raw_code_of("as_of") if kind == nw.Date else nw.col("as_of")
    found = to_pandas(each.with_columns(day=day, known=raw_code_of("reported_on")))
    day, known, revision = (found[name].astype(float) for name in ("day", "known", "revision"))
    first, beyond = FIRST_YEAR * YEAR, (LAST_YEAR + 1) * YEAR
    right = (day >= first) & (day <= known) & (known < beyond) & (revision >= 0) & (revision < REVISIONS)
    right &= revision % 1 == 0
    before, last, revisions = day[right].min() - 1, day[right].max(), revision[right].max() + 1
    halves = not (last - before + 1) * revisions <= ORDERS
    if halves:
        before, revisions = first, REVISIONS
    moments = pd.DataFrame({"as_of": found["as_of"], "revision": revision, "day": day})
    moments["order"] = (day - before) * revisions + revision
    moments = moments[right].sort_values(["day", "revision"], ascending=[False, True], ignore_index=True)
    few = len(moments) <= FEW
    if few:
        place, places = moments.index.to_series(), max(1, len(moments))
    else:
        stamps = days_coded(moments["day"]).dt
        months = stamps.year * 12 + stamps.month
        place, places = (months - months.min() + moments["revision"]) % FEW, FEW
    moments["power"] = 2.0**place
    reached = moments.groupby("day")["power"].max() * 2
    table = nw.from_native(handed_over(moments, progress)).lazy().with_columns(nw.col("as_of").cast(kind))
    return Moments(table, int(found["rows"].sum()), before, revisions, halves, few, places, reached.to_dict())


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
