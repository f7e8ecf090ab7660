"""A programme under way: what is done, overdue and due next, and what changed since the reporting day before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.panel.completion import Day, one_day, task_states
from papi_analysis.study.study import Study

#: Where a task can stand on a day.
STATES = ("done", "overdue", "in_progress", "not_begun", "unreported")

NOT_BEFORE = Note("since is {since}, and the tasks are asked for on {on}. Give an earlier day, or leave it out.")
NO_COLUMN = Note("the tasks have no column {name!r} to count by. Write one of {known}.")

#: By what tasks can be counted: columns of the register.
BY = ("dimension", "lead_agency_en", "lead_agency_vi", "unit")


@check_kinds
def task_list(study: Study, *, on: Day | None = None, since: Day | None = None) -> pd.DataFrame:
    """Say of each task where it stands on a day and where it stood before; the most overdue come first.

    A day counts to its end: a task is overdue from the day after its due date on, unless it is reported as done.

    Parameters
    ----------
    study
        A loaded study.
    on
        The day. Default: that of the last report up to the end of the programme; the end, where all come later.
    since
        An earlier day to compare with. Default: the last day before ``on`` that any report is about.

    Returns
    -------
    DataFrame
        One row per unit and task: ``unit``, ``task``, ``title_en``, ``title_vi``, ``lead_agency_en``,
        ``lead_agency_vi``, ``dimensions`` (separated by commas), ``start``, ``due``; ``as_of`` (the day),
        ``completion`` (0 to 1; missing where the task has begun without any report), ``last_report``; ``state``:
        ``"done"``, else ``"overdue"``, else ``"in_progress"`` (above 0), ``"not_begun"`` (at 0) or ``"unreported"``;
        ``days_overdue`` (1 on the day after ``due``; missing where the task is not overdue) and ``days_left`` (0 on the
        day itself; missing where the task is done or overdue); ``since``, ``completion_before``, ``state_before``
        (missing where no report is older). First the overdue, the longest on top; then what is open, by its day; last
        what is done.

    Raises
    ------
    SpecError
        Where ``since`` does not lie before ``on``, or one of them is not a day.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> tasks = task_list(pa.load_study("can_tho_2018_2020"), on="2019-12-31")
    >>> tasks["state"].value_counts().to_dict()
    {'in_progress': 33, 'done': 16, 'overdue': 6, 'not_begun': 3, 'unreported': 1}
    """
    return list_states(compared_states(study, on, since))


@check_kinds
def task_counts(
    study: Study, by: str = "dimension", *, on: Day | None = None, since: Day | None = None
) -> pd.DataFrame:
    """Count the tasks of each dimension, lead agency or unit by where they stand; those with most overdue come first.

    A task that serves several dimensions is counted in each.

    Parameters
    ----------
    study, on, since
        As for ``task_list``.
    by
        ``"dimension"``, ``"lead_agency_en"``, ``"lead_agency_vi"`` or ``"unit"``.

    Returns
    -------
    DataFrame
        The column ``by``; ``tasks``, which are ``done``, ``overdue``, ``in_progress``, ``not_begun`` or ``unreported``;
        ``due`` (the day has come, done or not), ``silent`` (overdue without any report), ``longest`` (days by which
        the oldest is overdue; missing where none is); ``done_before``, ``overdue_before`` (missing where no report is
        older). Dimensions stand in the study's order.

    Raises
    ------
    SpecError
        As for ``task_list``, or where tasks cannot be counted by that column.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> counts = task_counts(pa.load_study("can_tho_2018_2020"), on="2019-12-31")
    >>> [int(number) for number in counts.loc[0, ["tasks", "done", "overdue"]]]
    [10, 3, 2]
    """
    if by not in BY:
        raise SpecError(NO_COLUMN(name=by, known=", ".join(BY)))
    return count_states(compared_states(study, on, since), by, study)


_COLUMNS = [
    "unit", "task", "title_en", "title_vi", "lead_agency_en", "lead_agency_vi", "dimensions", "start", "due", "as_of",
    "completion", "last_report", "state", "days_overdue", "days_left", "since", "completion_before", "state_before",
]  # fmt: skip


def compared_states(study: Study, on: Day | None = None, since: Day | None = None) -> pd.DataFrame:
    """Say where each task stands on a day and stood on one before it: a row per task and dimension that it serves."""
    day = study.measured_on if on is None else one_day(on)
    days = study.progress.loc[study.progress["as_of"] < day, "as_of"]
    before = days.max() if since is None else one_day(since)
    if before >= day:
        raise SpecError(NOT_BEFORE(since=before.date(), on=day.date()))
    known = [day] if pd.isna(before) else [before, day]
    every = task_states(study.tasks, study.progress, as_of=known)
    every["state"] = _state(every)
    key = ["unit", "task", "dimension"]
    earlier = every[every["as_of"] < day].set_index(key)[["completion", "state"]].add_suffix("_before")
    now = every[every["as_of"] == day].join(earlier, on=key).assign(since=before)
    late, undone = (day - now["due"]).dt.days.astype("Int64"), now["state"] != "done"
    return now.assign(days_overdue=late.where(undone & (late > 0)), days_left=(-late).where(undone & (late <= 0)))


def list_states(states: pd.DataFrame) -> pd.DataFrame:
    """Make ``task_list`` of what ``compared_states`` gives."""
    served = states.groupby(["unit", "task"])["dimension"].agg(", ".join).rename("dimensions").reset_index()
    tasks = states.drop_duplicates(["unit", "task"]).merge(served, on=["unit", "task"])
    place = tasks["state"].map({"overdue": 0, "done": 2}).fillna(1)
    order = tasks.assign(place=place).sort_values(["place", "due", "unit", "task"]).index
    return tasks.loc[order, _COLUMNS].reset_index(drop=True)


def count_states(states: pd.DataFrame, by: str, study: Study) -> pd.DataFrame:
    """Make ``task_counts`` of what ``compared_states`` gives."""
    rows = states.drop_duplicates(["unit", "task", by])
    told = pd.DataFrame({state: rows["state"] == state for state in STATES})
    told = told.assign(tasks=1, due=rows["is_due"], silent=told["overdue"] & rows["completion"].isna())
    earlier = pd.DataFrame({f"{state}_before": rows["state_before"] == state for state in ("done", "overdue")})
    earlier = earlier.astype("Int64").where(rows["state_before"].notna())
    each = pd.concat([told.astype("int64"), earlier], axis=1).groupby(rows[by])
    counts = each.sum(min_count=1).assign(longest=rows["days_overdue"].groupby(rows[by]).max()).reset_index()
    if by == "dimension":
        place = counts[by].map({name: number for number, name in enumerate(study.dimensions["dimension"])})
        counts = counts.assign(place=place).sort_values(["place", by])
    else:
        counts = counts.sort_values(["overdue", "longest", by], ascending=[False, False, True])
    return counts[[by, "tasks", *STATES, "due", "silent", "longest", *earlier.columns]].reset_index(drop=True)


def known_shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Leave out the shares of those cells of ``completion`` in which tasks have begun and none of them has a report.

    What has not begun counts 0 in them, and says nothing of what has.
    """
    unknown = (cells["unreported"] > 0) & cells["last_report"].isna()
    return cells.assign(**{name: cells[name].mask(unknown) for name in ("completion", "of_due", "complete")})


def _state(tasks: pd.DataFrame) -> pd.Series:
    """Name the state of each row; what stands first holds."""
    completion = tasks["completion"]
    rules = [completion >= 1, tasks["due"] < tasks["as_of"], completion > 0, completion == 0]
    return pd.Series(np.select(rules, STATES[:4], default=STATES[4]), index=tasks.index, dtype=object)
