"""From a register of tasks and progress reports to completion, as it stood on a given day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import SpecError
from papi_analysis.panel.rules import check_reports_in_place, check_tasks_in_place
from papi_analysis.panel.task_states import Register, cells_of, states_of, years_of
from papi_analysis.progress import progress as watched
from papi_analysis.study.checks import check_frame, parse_column
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.register import check_progress, check_tasks
from papi_analysis.study.relations import Table, as_relations, in_kinds, quoted
from papi_analysis.study.schema import PROGRESS, TASKS

Day = str | dt.date | np.datetime64


def completion(
    tasks: Table,
    progress: Table,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
) -> pd.DataFrame:
    """Measure completion by unit, dimension and day: the weighted mean over ALL tasks of the dimension.

    A task that is not yet due to start counts 0. A task that has begun counts what its latest report says: the
    one with the latest ``as_of`` at or before the day, in its last revision. A task that has begun without any
    report is a gap: the cell uses the tasks that are known, counts it in ``unreported``, and says in ``low``
    and ``high`` what completion would be if all such tasks stood at 0 or at 1.

    Parameters
    ----------
    tasks, progress
        The register (schemas ``TASKS`` and ``PROGRESS``): frames of pandas, Polars or PyArrow, the path of Parquet
        files like ``"reports/*.parquet"``, or DuckDB relations. DuckDB works on them where they lie; a register larger
        than memory goes in by its path, and what does not fit spills to a temporary folder. The numbers are the same
        for every make and order of rows, to 12 decimal places. On more than one machine, ask once for each part of
        the units: ``joblib.Parallel()(joblib.delayed(completion)(*part) for part in parts)`` inside
        ``joblib.parallel_config(backend="dask")``.
    as_of
        Day or days for which completion is measured. Default: the middle of the survey's fieldwork (30
        September where it is not known) in each year from the first start to the last due date, and never after
        the last report: where that came before the fieldwork of its year, its day takes the place.
    known_on
        Use only what had been reported by that day. Default: everything reported since, which is the state
        that citizens met.

    Returns
    -------
    DataFrame
        One row per unit, day and dimension: ``unit``, ``year``, ``as_of``, ``dimension``; ``completion``,
        ``low``, ``high`` (0 to 1); ``of_due`` (the same over the tasks due by the day); ``complete`` (share
        of the known tasks at 1); ``on_time`` (share of the tasks due by the day that stood at 1 in the first
        report at or after their due date, among those with such a report); ``tasks``, ``unreported``
        (counts); ``last_report`` (the latest ``as_of`` used). What is not defined is missing.

    Raises
    ------
    DataError
        Where the register does not pass its checks. For other tables than those of pandas it says how many rows break
        each rule and shows the first; a completion that falls is not warned of there.
    SpecError
        Where a table is of another make, two relations are of two connections, or ``as_of`` is not a day.

    Examples
    --------
    >>> from papi_analysis import load_study
    >>> study = load_study("can_tho_2018_2020")
    >>> cells = completion(study.tasks, study.progress, as_of=["2018-01-31", "2020-12-31"])
    >>> float(cells.groupby("as_of").completion.max().iloc[0])  # before the first task begins
    0.0
    """
    rows = "(select *, dimension as cell from papi_tasks)"
    return _asked(partial(cells_of, name="dimension", rows=rows), tasks, progress, as_of, known_on)


@check_kinds
def completion_by_agency(
    tasks: Table,
    progress: Table,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
    names: str = "lead_agency_en",
) -> pd.DataFrame:
    """Measure completion by unit, lead agency and day: as ``completion``, over all tasks that an agency leads.

    ``names`` is the column that holds the agencies' names.

    Parameters
    ----------
    tasks, progress, as_of, known_on
        As for ``completion``.
    names
        The column that holds the agencies' names.

    Returns
    -------
    DataFrame
        The columns of ``completion``, with ``lead_agency`` instead of ``dimension``.

    Raises
    ------
    DataError, SpecError
        As for ``completion``, or where the tasks have no such column.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> cells = completion_by_agency(study.tasks, study.progress, as_of="2020-12-31")
    >>> int(cells["tasks"].sum()) == study.tasks["task"].nunique()
    True
    """
    # An agency leads a task once, however many dimensions it serves.
    rows = f"""(
        select unit, task, {quoted(names)} as cell, max(weight) as weight, sum(share order by dimension) as share
        from papi_tasks group by all)"""
    return _asked(partial(cells_of, name="lead_agency", rows=rows), tasks, progress, as_of, known_on, names)


def task_states(
    tasks: Table,
    progress: Table,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
) -> pd.DataFrame:
    """Say where each task stood on each day: one row per task, dimension it serves, and day.

    Parameters
    ----------
    tasks, progress, as_of, known_on
        As for ``completion``.

    Returns
    -------
    DataFrame
        The columns of ``tasks`` and ``as_of`` (the day), ``year``, ``completion`` (missing where the task had
        begun without any report), ``last_report``, ``is_due``, ``on_time`` (1 or 0; missing where the task is
        not due, or no report at or after its due date existed by the day).

    Raises
    ------
    DataError, SpecError
        As for ``completion``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> states = task_states(study.tasks, study.progress, as_of="2020-12-31")
    >>> len(states) == len(study.tasks), bool(states["is_due"].all())
    (True, True)
    """
    names = [column.name for column in TASKS.columns]
    states = _asked(states_of, tasks, progress, as_of, known_on, *names)
    columns = [*names, "as_of", "year", "last_report", "completion", "is_due", "on_time"]
    return states[columns]


def completion_over_units(cells: pd.DataFrame) -> pd.DataFrame:
    """Sum up the cells of ``completion`` over units: one row per day and dimension.

    ``completion`` is the plain mean over the ``units`` where it is known; ``low`` and ``high`` are means over all
    units, ``tasks`` and ``unreported`` counts over all.
    """
    each = cells.groupby(["year", "as_of", "dimension"])
    means = each[["completion", "low", "high"]].mean().assign(units=each["completion"].count())
    return means.join(each[["tasks", "unreported"]].sum()).reset_index()


def completion_falls(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells of ``completion`` below the day before, with that day's ``before`` and ``unreported_before``.

    A task that begins without a report leaves the mean, in which it counted 0, and comes back with its first report:
    completion then falls although no report did, where ``unreported`` fell too.
    """
    cells = cells.sort_values(["unit", "dimension", "as_of"])
    earlier = cells.groupby(["unit", "dimension"])[["completion", "unreported"]].shift()
    cells = cells.assign(before=earlier["completion"], unreported_before=earlier["unreported"])
    return cells[cells["completion"] < cells["before"] - 1e-9].reset_index(drop=True)


@check_kinds
def reporting_record(tasks: pd.DataFrame, progress: pd.DataFrame, *, late_after: int = 30) -> pd.DataFrame:
    """Count, for each day reported on, the reports that came in time, late, never, or were revised.

    Parameters
    ----------
    tasks, progress
        The register.
    late_after
        Days between ``as_of`` and ``reported_on`` beyond which a first report is late.

    Returns
    -------
    DataFrame
        One row per unit and ``as_of`` in the reports: ``begun`` (tasks that had started), ``in_time``,
        ``late``, ``missing`` (sum to ``begun``), ``revised`` (reports corrected later).

    Raises
    ------
    DataError
        Where the register does not pass its checks.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> record = reporting_record(study.tasks, study.progress)
    >>> bool((record[["in_time", "late", "missing"]].sum(axis=1) == record["begun"]).all())
    True
    """
    tasks = check_tasks(tasks)
    progress = check_progress(progress, tasks)
    starts = tasks.drop_duplicates(["unit", "task"])[["unit", "task", "start"]]
    first = progress.sort_values("revision").drop_duplicates(["unit", "task", "as_of"])
    first = first.assign(late=(first["reported_on"] - first["as_of"]).dt.days > late_after)
    revised = progress[progress["revision"] > 0].drop_duplicates(["unit", "task", "as_of"])
    grid = starts.merge(progress[["unit", "as_of"]].drop_duplicates(), on="unit")
    begun = grid[grid["start"] <= grid["as_of"]].groupby(["unit", "as_of"]).size()
    came = first.groupby(["unit", "as_of"])["late"].agg(["size", "sum"]).reindex(begun.index, fill_value=0)
    record = pd.DataFrame(
        {
            "begun": begun,
            "in_time": came["size"] - came["sum"],
            "late": came["sum"],
            "missing": begun - came["size"],
            "revised": revised.groupby(["unit", "as_of"]).size().reindex(begun.index, fill_value=0),
        }
    )
    return record.astype("int64").reset_index()


def _days(as_of: Day | Iterable[Day] | None, register: Register) -> pd.DatetimeIndex:
    """Turn what the caller asked for into distinct days in order."""
    if as_of is None:
        years, reported = years_of(register)
        days = pd.DatetimeIndex(fieldwork_dates(years))
        return days if pd.isna(reported) else days.where(days <= reported, reported).unique().as_unit("ns")
    listed = list(as_of) if isinstance(as_of, Iterable) and not isinstance(as_of, str) else [as_of]
    if not listed:
        raise SpecError("as_of names no day. Give at least one, like '2020-09-30'.")
    return pd.DatetimeIndex([one_day(day) for day in listed]).unique().sort_values()


def one_day(value: object) -> pd.Timestamp:
    """Read one day; a bare number or a text in another order of day and month is refused, not guessed at."""
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(day, dt.date | np.datetime64) and not pd.isna(day):
            return pd.Timestamp(day).tz_localize(None).normalize().as_unit("ns")
    except ValueError:
        pass
    raise SpecError("{value!r} is not a day. Write it as year-month-day, like '2020-09-30'.", value=value)


def _asked(
    ask: Callable[..., pd.DataFrame],
    tasks: Table,
    progress: Table,
    as_of: Day | Iterable[Day] | None,
    known_on: Day | None,
    *more: str,
) -> pd.DataFrame:
    """Check tasks and reports, and ask of them on these days; ``more`` are columns of the tasks to keep.

    Frames of pandas are checked as those of a study are, other tables where they lie.
    """
    known = None if known_on is None else one_day(known_on)
    checks: list[Callable[[Register], Any]] = [check_tasks_in_place, check_reports_in_place]
    if isinstance(tasks, pd.DataFrame):
        _check_names(more, tasks.columns)
        tasks, checks = _texts(check_tasks(tasks), more), checks[1:]
        if isinstance(progress, pd.DataFrame):
            progress, checks = check_progress(progress, tasks), []
    elif isinstance(progress, pd.DataFrame):
        progress = check_frame(progress, PROGRESS)
    with as_relations(tasks, progress) as (relations, connection):
        _check_names(more, relations[0].columns)
        register = Register(in_kinds(relations[0], TASKS, *more), in_kinds(relations[1], PROGRESS), connection)

        def answered(register: Register) -> pd.DataFrame:
            return ask(register, _days(as_of, register), known)

        steps = [*checks, answered]
        *_, answer = watched((step(register) for step in steps), len(steps), "completion")
    return answer


def _check_names(names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known and name not in {column.name for column in TASKS.columns if column.default is not None}:
            raise SpecError(
                "the tasks have no column {name!r}. Name the column that holds the lead agencies.", name=name
            )


def _texts(tasks: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Write the columns of ``names`` that no schema knows as texts."""
    own = [name for name in names if name not in {column.name for column in TASKS.columns}]
    return tasks.assign(**{name: parse_column(tasks[name], "text") for name in own})
