"""From a register of tasks and progress reports to completion, as it stood on a given day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from papi_analysis.errors import SpecError
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.register import check_progress, check_tasks, latest_revisions
from papi_analysis.study.schema import TASKS

Day = str | dt.date | np.datetime64


def completion(
    tasks: pd.DataFrame,
    progress: pd.DataFrame,
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
        The register (schemas ``TASKS`` and ``PROGRESS``).
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
        Where the register does not pass its checks.

    Examples
    --------
    >>> from papi_analysis import load_study
    >>> study = load_study("can_tho_2018_2020")
    >>> cells = completion(study.tasks, study.progress, as_of=["2018-01-31", "2020-12-31"])
    >>> float(cells.groupby("as_of").completion.max().iloc[0])  # before the first task begins
    0.0
    """
    states = task_states(tasks, progress, as_of=as_of, known_on=known_on)
    return _measure(states, ["unit", "year", "as_of", "dimension"])


def completion_by_agency(
    tasks: pd.DataFrame,
    progress: pd.DataFrame,
    *,
    as_of: Day | Iterable[Day] | None = None,
    known_on: Day | None = None,
    names: str = "lead_agency_en",
) -> pd.DataFrame:
    """Measure completion by unit, lead agency and day: as ``completion``, over all tasks that an agency leads.

    ``names`` is the column that holds the agencies' names.
    """
    if names not in tasks.columns:
        raise SpecError(f"the tasks have no column {names!r}. Name the column that holds the lead agencies.")
    named = tasks.assign(lead_agency_en=tasks[names])
    states = task_states(named, progress, as_of=as_of, known_on=known_on).rename(
        columns={"lead_agency_en": "lead_agency"}
    )
    # An agency leads a task once, however many dimensions it serves.
    task = ["unit", "year", "as_of", "lead_agency", "task"]
    states["share"] = states.groupby(task)["share"].transform("sum")
    return _measure(states.drop_duplicates(task), task[:-1])


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
    tasks = check_tasks(tasks)
    reports = check_progress(progress, tasks)
    if known_on is not None:
        reports = reports[reports["reported_on"] <= _day(known_on)]
    reports = latest_revisions(reports)[["unit", "task", "as_of", "completion"]]
    reports = reports.rename(columns={"as_of": "last_report"}).sort_values("last_report", kind="stable")
    days = _days(as_of, tasks)
    states = tasks[[column.name for column in TASKS.columns]].merge(pd.DataFrame({"as_of": days}), how="cross")
    states["year"] = states["as_of"].dt.year
    states = _match(states, reports, on="as_of", direction="backward")
    states.loc[states["as_of"] < states["start"], "completion"] = 0.0
    states["is_due"] = states["due"] <= states["as_of"]
    at_due = reports.rename(columns={"completion": "at_due", "last_report": "judged_on"})
    states = _match(states, at_due, on="due", direction="forward", report_day="judged_on")
    judged = states["is_due"] & (states["judged_on"] <= states["as_of"])
    states["on_time"] = (states["at_due"] >= 1).astype(float).where(judged)
    order = ["unit", "as_of", "dimension", "task"]
    return states.drop(columns=["at_due", "judged_on"]).sort_values(order, ignore_index=True)


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


def _days(as_of: Day | Iterable[Day] | None, tasks: pd.DataFrame) -> pd.DatetimeIndex:
    """Turn what the caller asked for into distinct days in order."""
    if as_of is None:
        years = range(tasks["start"].dt.year.min(), tasks["due"].dt.year.max() + 1)
        return pd.DatetimeIndex(fieldwork_dates(years))
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


def _match(
    states: pd.DataFrame, reports: pd.DataFrame, *, on: str, direction: str, report_day: str = "last_report"
) -> pd.DataFrame:
    """Join to each state the task's nearest report, at or before (backward) or at or after (forward) ``on``."""
    left, right = states.sort_values(on, kind="stable"), reports.sort_values(report_day, kind="stable")
    left[on], right[report_day] = (
        left[on].astype("datetime64[ns]"),
        right[report_day].astype("datetime64[ns]"),
    )
    matched: pd.DataFrame = pd.merge_asof(
        left, right, left_on=on, right_on=report_day, by=["unit", "task"], direction=direction
    )
    return matched


def _measure(states: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Aggregate task states to cells."""
    weight = states["weight"] * states["share"]
    known = states["completion"].notna()
    due = known & states["is_due"]
    parts = states[keys].assign(
        weight=weight,
        known=weight * known,
        done=weight * states["completion"].fillna(0.0),
        due=weight * due,
        done_due=(weight * states["completion"].fillna(0.0)).where(due, 0.0),
        finished=(states["completion"] >= 1).astype(float).where(known),
        on_time=states["on_time"],
        unreported=(~known).astype(int),
        last_report=states["last_report"].where(known & (states["as_of"] >= states["start"])),
    )
    grouped = parts.groupby(keys, sort=True)
    total = grouped[["weight", "known", "done", "due", "done_due"]].sum()
    cells = pd.DataFrame(index=total.index)
    cells["completion"] = total["done"] / total["known"].replace(0.0, np.nan)
    cells["low"] = total["done"] / total["weight"]
    cells["high"] = (total["done"] + (total["weight"] - total["known"])) / total["weight"]
    cells["of_due"] = total["done_due"] / total["due"].replace(0.0, np.nan)
    cells["complete"] = grouped["finished"].mean()
    cells["on_time"] = grouped["on_time"].mean()
    cells["tasks"] = grouped.size()
    cells["unreported"] = grouped["unreported"].sum()
    cells["last_report"] = grouped["last_report"].max()
    # Rounding may leave a sum of weights a few units in the last place above 1.
    bounded = ["completion", "low", "high", "of_due"]
    cells[bounded] = cells[bounded].clip(0.0, 1.0)
    return cells.reset_index()
