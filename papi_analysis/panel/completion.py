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
from papi_analysis.panel.frames import to_pandas
from papi_analysis.panel.registers import of_agencies, read_register, years_of
from papi_analysis.panel.rules import check_reports
from papi_analysis.panel.states import Frame, Register, day_code, days_coded, numbered, states_on
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.register import check_progress, check_tasks
from papi_analysis.study.schema import TASKS

Day = str | dt.date | np.datetime64
IntoFrame = Any  #: a frame of pandas, Polars, DuckDB, Dask or PyArrow
#: Days measured in one pass over the reports.
TOGETHER = 10
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
        worked through by its cluster. The numbers are the same, to 12 decimal places, which is also as far as the
        completion of a report is read.
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
    per_day = ["known", "done", "last", "is_due", "judged"]
    kept = [*names, "was_done"]
    states = _brought_back(
        register, progress, _days(as_of, register), known_on, kept, per_day, lambda states, *_: states
    )
    for name in ("start", "due", "last"):
        states[name] = days_coded(states[name])
    states["completion"] = states["done"].where(states["known"] > 0).round(DECIMALS)
    states["on_time"] = states["was_done"].where(states["judged"] > 0)
    states["is_due"] = states["is_due"] > 0
    columns = [*names, "as_of", "year", "last_report", "completion", "is_due", "on_time"]
    states = states.rename(columns={"last": "last_report"})[columns]
    return states.sort_values(["unit", "as_of", "dimension", "task"], ignore_index=True)


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
    kept: list[str],
    per_day: list[str],
    reduced: Callable[[Frame, range, bool], Frame],
) -> pd.DataFrame:
    """Bring back states of tasks, ``reduced`` in their engine: a row per row of them and day.

    ``kept`` are columns to bring, and ``per_day`` those that come numbered by the day. Days are worked through some at
    a time. ``reduced`` is told whether the states hold the number of sound reports: those of the first days do, unless
    the reports are checked already, as in pandas. Where some are not sound, the error says which.
    """
    known, parts = None if known_on is None else day_code(_day(known_on)), []
    for first in range(0, len(days), TOGETHER):
        some, count = days[first : first + TOGETHER], first == 0 and not isinstance(progress, pd.DataFrame)
        numbers, codes = range(len(some)), [day_code(day) for day in some]
        wide = to_pandas(reduced(states_on(register, codes, known, count), numbers, count))
        if count and not 0 < register.moments.rows == round(wide["sound"].sum()):
            check_reports(progress, register)
        for number, day in enumerate(some):
            own = {f"{name}{number}": name for name in per_day}
            part = wide[[*kept, *own]].rename(columns=own)
            parts.append(part.assign(as_of=day, year=day.year))
    return pd.concat(parts, ignore_index=True)


def _measure(
    register: Register, progress: Any, group: str, as_of: Day | Iterable[Day] | None, known_on: Day | None
) -> pd.DataFrame:
    """Add up the states of tasks by unit, ``group`` and day, and bring the small table of cells back."""
    kept, per_day = ["unit", group, "tasks", "total"], [*_summed(0), "last"]
    sums = _brought_back(register, progress, _days(as_of, register), known_on, kept, per_day, partial(_sums, group))
    return _shares(sums.sort_values(["unit", "as_of", group], ignore_index=True), group)


def _sums(group: str, states: Frame, days: range, count: bool) -> Frame:
    """Add up what the tasks of a cell weigh, and how many they are; with ``count``, also the sound reports."""
    parts: dict[str, nw.Expr] = {"total": nw.col("weight") * nw.col("share")}
    for day in days:
        parts |= {f"{name}{day}": part for name, part in _summed(day).items()}
    if count:
        parts["sound"] = nw.col("sound")
    rows = states.select("unit", group, *numbered("last", days), **parts).group_by("unit", group)
    added, last = [nw.col(name).sum() for name in parts], [nw.col(name).max() for name in numbered("last", days)]
    return rows.agg(nw.len().alias("tasks"), *last, *added)


def _summed(day: int) -> dict[str, nw.Expr]:
    """Say what is added up for a day."""
    weight = nw.col("weight") * nw.col("share")
    known, done, is_due, judged = (nw.col(f"{name}{day}") for name in ("known", "done", "is_due", "judged"))
    return {
        "known_weight": weight * known,
        "done_weight": weight * done,
        "due": weight * known * is_due,
        "done_due": weight * done * is_due,
        "counted": known,
        "finished": (done >= 1.0).cast(nw.Float64),
        "judged": judged,
        "on_time": judged * nw.col("was_done"),
    }


def _shares(sums: pd.DataFrame, group: str) -> pd.DataFrame:
    """Divide: from sums over tasks to shares of cells."""
    cells = sums[["unit", "year", "as_of", group]].copy()
    # Nothing is a share of nothing, and missing.
    cells["completion"] = sums["done_weight"] / sums["known_weight"]
    cells["low"] = sums["done_weight"] / sums["total"]
    cells["high"] = (sums["done_weight"] + (sums["total"] - sums["known_weight"])) / sums["total"]
    cells["of_due"] = sums["done_due"] / sums["due"]
    cells["complete"] = sums["finished"] / sums["counted"]
    cells["on_time"] = sums["on_time"] / sums["judged"]
    cells["tasks"] = sums["tasks"].astype("int64")
    cells["unreported"] = (sums["tasks"] - sums["counted"]).astype("int64")
    cells["last_report"] = days_coded(sums["last"])
    # The order in which an engine adds moves the last places, and may leave a sum of weights a little above 1.
    shares = ["completion", "low", "high", "of_due", "complete", "on_time"]
    cells[shares] = cells[shares].round(DECIMALS).clip(0.0, 1.0)
    return cells
