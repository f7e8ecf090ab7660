"""From a register of tasks and progress reports to completion, as it stood on a given day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from papi_analysis.errors import SpecError
from papi_analysis.panel.registers import (
    check_reports,
    count_rows,
    handed_over,
    of_agencies,
    read_register,
    to_pandas,
    years_of,
)
from papi_analysis.panel.states import Frame, Register, day_code, days_coded, states_on
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.register import check_progress, check_tasks
from papi_analysis.study.schema import TASKS

Day = str | dt.date | np.datetime64
IntoFrame = Any  #: a frame of pandas, Polars, DuckDB, Dask or PyArrow
#: Days measured in one pass over the reports.
TOGETHER = 40
#: Decimal places of a share, the same in every engine.
DECIMALS = 12


def completion(
    tasks: IntoFrame,
    progress: IntoFrame,
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
        The register (schemas ``TASKS`` and ``PROGRESS``): frames of pandas, Polars, DuckDB, Dask or PyArrow, both of
        one engine, or the tasks of pandas. All but the cells is worked out where the register lies: Parquet files
        larger than memory go in as ``duckdb.read_parquet(...)`` or ``polars.scan_parquet(...)``, and a Dask frame is
        worked through by its cluster. The numbers are the same, to 12 decimal places.
    as_of
        Day or days for which completion is measured. Default: the middle of the survey's fieldwork (30
        September where it is not known) in each year from the first start to the last due date.
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
        Where the register does not pass its checks. For other engines than pandas it says how many rows break each
        rule and shows one; a completion that falls is not warned of there.
    SpecError
        Where the frames are of two engines, or ``as_of`` is not a day.

    Examples
    --------
    >>> from papi_analysis import load_study
    >>> study = load_study("can_tho_2018_2020")
    >>> cells = completion(study.tasks, study.progress, as_of=["2018-01-31", "2020-12-31"])
    >>> float(cells.groupby("as_of").completion.max().iloc[0])  # before the first task begins
    0.0
    """
    return _measure(read_register(tasks, progress), progress, "dimension", as_of, known_on)


def completion_by_agency(
    tasks: IntoFrame,
    progress: IntoFrame,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
    names: str = "lead_agency_en",
) -> pd.DataFrame:
    """Measure completion by unit, lead agency and day: as ``completion``, over all tasks that an agency leads.

    ``names`` is the column that holds the agencies' names.
    """
    if names not in nw.from_native(tasks).collect_schema().names():
        raise SpecError(f"the tasks have no column {names!r}. Name the column that holds the lead agencies.")
    # An agency leads a task once, however many dimensions it serves.
    register = of_agencies(read_register(tasks, progress, names), names)
    return _measure(register, progress, "lead_agency", as_of, known_on)


def task_states(
    tasks: pd.DataFrame,
    progress: pd.DataFrame,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
) -> pd.DataFrame:
    """Say where each task stood on each day: one row per task, dimension it serves, and day.

    Returns
    -------
    DataFrame
        The columns of ``tasks`` and ``as_of`` (the day), ``year``, ``completion`` (missing where the task had
        begun without any report), ``last_report``, ``is_due``, ``on_time`` (1 or 0; missing where the task is
        not due, or no report at or after its due date existed by the day).
    """
    names = [column.name for column in TASKS.columns]
    register = read_register(tasks, progress, *names)
    days = _days(as_of, register)
    states = _brought_back(register, progress, days, known_on, lambda states, first: states)
    for name in ("start", "due", "last_report"):
        states[name] = days_coded(states[name])
    states["completion"] = states["done"].where(states["known"] > 0).round(DECIMALS)
    states["on_time"] = states["was_done"].where(states["judged"] > 0)
    states["is_due"] = states["is_due"] > 0
    columns = [*names, "as_of", "year", "last_report", "completion", "is_due", "on_time"]
    return states[columns].sort_values(["unit", "as_of", "dimension", "task"], ignore_index=True)


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
        return pd.DatetimeIndex(fieldwork_dates(years_of(register)))
    listed = list(as_of) if isinstance(as_of, Iterable) and not isinstance(as_of, str) else [as_of]
    if not listed:
        raise SpecError("as_of names no day. Give at least one, like '2020-09-30'.")
    return pd.DatetimeIndex([_day(day) for day in listed]).unique().sort_values()


def _day(value: object) -> pd.Timestamp:
    """Read one day; a bare number or a text in another order of day and month is refused, not guessed at."""
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(day, dt.date | np.datetime64) and not pd.isna(day):
            return pd.Timestamp(day).tz_localize(None).normalize().as_unit("ns")
    except ValueError:
        pass
    raise SpecError(f"{value!r} is not a day. Write it as year-month-day, like '2020-09-30'.")


def _brought_back(
    register: Register,
    progress: Any,
    days: pd.DatetimeIndex,
    known_on: Day | None,
    reduced: Callable[[Frame, bool], Frame],
) -> pd.DataFrame:
    """Bring back the states of tasks, ``reduced`` in their engine; days are worked through some at a time.

    ``reduced`` is told whether the states hold the number of sound reports: those of the first days do, unless the
    reports are checked already, as in pandas.
    """
    known, parts = None if known_on is None else day_code(_day(known_on)), []
    for first in range(0, len(days), TOGETHER):
        some, count = days[first : first + TOGETHER], first == 0 and not isinstance(progress, pd.DataFrame)
        codes = [day_code(day) for day in some]
        numbered = pd.DataFrame({"number": np.arange(len(codes)), "day": codes})
        states = states_on(register, nw.from_native(handed_over(numbered, progress)).lazy(), codes, known, count)
        part = to_pandas(reduced(states, count))
        part["as_of"] = some.take(part["number"])
        parts.append(part.assign(year=part["as_of"].dt.year))
    return pd.concat(parts, ignore_index=True)


def _measure(
    register: Register, progress: Any, group: str, as_of: Day | Iterable[Day] | None, known_on: Day | None
) -> pd.DataFrame:
    """Add up the states of tasks by unit, ``group`` and day, and bring the small table of cells back."""
    sums = _brought_back(register, progress, _days(as_of, register), known_on, partial(_sums, group))
    if "sound" in sums and not round(sums["sound"].sum()) == count_rows(register.reports) > 0:
        check_reports(progress, register)
    return _shares(sums.sort_values(["unit", "as_of", group], ignore_index=True), group)


def _sums(group: str, states: Frame, count: bool) -> Frame:
    """Add up what the tasks of a cell weigh, and how many they are; with ``count``, also the sound reports."""
    weight = nw.col("weight") * nw.col("share")
    known, is_due = nw.col("known"), nw.col("is_due")
    parts = {
        "total": weight,
        "known_weight": weight * known,
        "done_weight": weight * nw.col("done"),
        "due": weight * known * is_due,
        "done_due": weight * nw.col("done") * is_due,
        "counted": known,
        "finished": (nw.col("done") >= 1.0).cast(nw.Float64),
        "judged": nw.col("judged"),
        "on_time": nw.col("judged") * nw.col("was_done"),
    }
    if count:  # once, though a task has a row for each of its dimensions and each day
        parts["sound"] = nw.col("sound") * (nw.col("number") == 0).cast(nw.Float64)
    last = (nw.col("last_report") * nw.col("begun")).alias("last")
    rows = states.select("unit", group, "number", last, *(part.alias(name) for name, part in parts.items()))
    added = [nw.col(name).sum() for name in parts]
    return rows.group_by("unit", group, "number").agg(nw.len().alias("tasks"), nw.col("last").max(), *added)


def _shares(sums: pd.DataFrame, group: str) -> pd.DataFrame:
    """Divide: from sums over tasks to shares of cells."""
    total = sums.where(sums.select_dtypes("number") != 0)  # nothing is a share of nothing
    cells = sums[["unit", "year", "as_of", group]].copy()
    cells["completion"] = sums["done_weight"] / total["known_weight"]
    cells["low"] = sums["done_weight"] / sums["total"]
    cells["high"] = (sums["done_weight"] + (sums["total"] - sums["known_weight"])) / sums["total"]
    cells["of_due"] = sums["done_due"] / total["due"]
    cells["complete"] = sums["finished"] / total["counted"]
    cells["on_time"] = sums["on_time"] / total["judged"]
    cells["tasks"] = sums["tasks"].astype("int64")
    cells["unreported"] = (sums["tasks"] - sums["counted"]).astype("int64")
    cells["last_report"] = days_coded(sums["last"])
    # The order in which an engine adds moves the last places, and may leave a sum of weights a little above 1.
    shares = ["completion", "low", "high", "of_due", "complete", "on_time"]
    cells[shares] = cells[shares].round(DECIMALS).clip(0.0, 1.0)
    return cells
