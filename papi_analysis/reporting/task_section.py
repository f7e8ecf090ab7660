"""The tasks while the programme runs: what is overdue, what is due next, what changed, what the targets still need."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from papi_analysis.panel.completion import completion
from papi_analysis.panel.monitoring import compared_states, count_states, known_shares, list_states
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.writer import Writer

#: Rows up to which a table shows every unit or task; instead of a longer one it shows sums.
LONG = 200

#: What a table of counts shows after its first column.
COUNTS = ["tasks", "done", "overdue", "longest", "in_progress", "not_begun", "unreported"]


class Tasks:
    """The tasks of a study on the day of its last report, titles and agencies in the other language where one lacks."""

    def __init__(self, writer: Writer) -> None:
        self.writer, code = writer, writer.tongue.code
        tasks, other = writer.study.tasks, "vi" if code == "en" else "en"
        own = {name: tasks[f"{name}_{code}"] for name in ("title", "lead_agency")}
        named = {f"{name}_{code}": own[name].where(own[name] != "", tasks[f"{name}_{other}"]) for name in own}
        self.study = replace(writer.study, tasks=tasks.assign(**named))
        self.agency = f"lead_agency_{code}"

    @cached_property
    def _states(self) -> pd.DataFrame:
        """Where each task stands and stood, a row for each dimension that it serves."""
        return compared_states(self.study)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Each task, the most overdue first."""
        return list_states(self._states)

    @cached_property
    def dimensions(self) -> pd.DataFrame:
        """The tasks of each dimension of the programme."""
        return count_states(self._states, "dimension", self.study)

    @cached_property
    def agencies(self) -> pd.DataFrame:
        """The tasks of each lead agency; none where the register names none."""
        if (self.study.tasks[self.agency] == "").all():
            return pd.DataFrame({self.agency: [], "overdue": []})
        return count_states(self._states, self.agency, self.study)

    @cached_property
    def by_unit(self) -> pd.DataFrame:
        """The tasks of each unit."""
        return count_states(self._states, "unit", self.study)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Completion by unit and dimension, on the day and on the reporting day before."""
        days = [day for day in (self.since, self.study.measured_on) if not pd.isna(day)]
        return known_shares(completion(self.study.tasks, self.study.progress, as_of=days))

    @property
    def now(self) -> pd.DataFrame:
        """Completion on the day."""
        return self.cells[self.cells["as_of"] == self.study.measured_on]

    def weighted(self) -> list[str]:
        """Say that tasks have weights, where these are not all the same."""
        weighted = self.study.tasks["weight"].nunique() > 1
        return [self.writer.text("Completion weighs each task by its weight in the register.")] if weighted else []

    @property
    def units(self) -> int:
        """How many units have tasks."""
        return int(self.rows["unit"].nunique())

    @property
    def since(self) -> pd.Timestamp:
        """The reporting day before; the missing day where there is none."""
        day: pd.Timestamp = self.rows["since"].iloc[0]
        return day

    def having(self, state: str) -> pd.DataFrame:
        """The tasks in a state; ``"open"`` are those that are neither done nor overdue."""
        states = self.rows["state"]
        return self.rows[~states.isin(["done", "overdue"]) if state == "open" else states == state]

    def columns(self, *named: str) -> list[str]:
        """What a table of tasks shows: code, unit where there are several, title and agency where told, and more."""
        told = [name for name in (f"title_{self.writer.tongue.code}", self.agency) if (self.rows[name] != "").any()]
        return ["task", *(["unit"] if self.units > 1 else []), *told, *named]

    def totals(self) -> str:
        """Say how many tasks there are and where they stand."""
        counts = {state: len(self.having(state)) for state in ("done", "overdue", "in_progress", "not_begun")}
        words = self.writer.text(
            "Tasks: {tasks}. Done: {done}; overdue: {overdue}; in progress: {in_progress}; not begun: {not_begun}.",
            tasks=len(self.rows),
            **counts,
        )
        if silent := int(self.having("overdue")["completion"].isna().sum()):
            words += " " + self.writer.text("Overdue without any report: {silent}.", silent=silent)
        if unreported := len(self.having("unreported")):
            words += " " + self.writer.text("Begun without any report: {unreported}.", unreported=unreported)
        return words

    def changes(self) -> str:
        """Say what changed since the reporting day before."""
        if pd.isna(self.since):
            return self.writer.text("There is no earlier report to compare with.")
        tasks, before = self.rows, self.rows["completion_before"]
        newly = {
            state: int(((tasks["state"] == state) & (tasks["state_before"] != state)).sum())
            for state in ("done", "overdue")
        }
        return self.writer.text(
            "Since the report of {since}: newly done {done}, newly overdue {overdue}; completion rose in {rose} tasks "
            "and fell in {fell}.",
            since=self.writer.tongue.date(self.since),
            rose=int((tasks["completion"] > before).sum()),
            fell=int((tasks["completion"] < before).sum()),
            **newly,
        )

    def next_due(self) -> str:
        """Say what is due on the day itself, and what falls due next."""
        text, date, due = self.writer.text, self.writer.tongue.date, self.having("open")["due"]
        today: pd.Timestamp = self.rows["as_of"].iloc[0]
        ahead, words = due[due > today], ""
        if now := int((due == today).sum()):
            words = text("Due on {day} itself and not reported as done: {tasks}.", tasks=now, day=date(today)) + " "
        if ahead.empty:
            return words + text("No further task falls due.")
        day = ahead.min()
        return words + text("Due next: {tasks} on {day}.", tasks=int((ahead == day).sum()), day=date(day))


def day_line(writer: Writer) -> str:
    """Say on which day the tasks are measured, and whether the programme ends there."""
    study, date = writer.study, writer.tongue.date
    if study.progress.empty:
        return writer.text(
            "No task has a report yet. The programme runs from {start} to {end}; this is how the tasks stand on its "
            "first day.",
            start=date(study.start),
            end=date(study.end),
        )
    if study.measured_on < study.end:
        return writer.text(
            "As of {day}, the day of the last report. The programme runs from {start} to {end}.",
            day=date(study.measured_on),
            start=date(study.start),
            end=date(study.end),
        )
    return writer.text(
        "As of {end}, the end of the programme, which began on {start}.", end=date(study.end), start=date(study.start)
    )


def say_completion(cell: Any, writer: Writer) -> str:
    """Say the completion of a cell, and beside it how far tasks without a report leave it open."""
    percent = writer.tongue.percent
    if not cell.unreported:
        return percent(cell.completion)
    return writer.text(
        "{completion} ({unreported} of {tasks} tasks without a report: {low} to {high})",
        unreported=int(cell.unreported),
        tasks=int(cell.tasks),
        **{name: percent(getattr(cell, name)) for name in ("completion", "low", "high")},
    )


def with_range(cells: pd.DataFrame, writer: Writer) -> pd.DataFrame:
    """Write beside the completion of each cell, in brackets, the range that tasks without a report leave open."""
    if not (cells["unreported"] > 0).any():
        return cells

    def words(cell: Any) -> str:
        shares = {name: writer.tongue.percent(getattr(cell, name)) for name in ("completion", "low", "high")}
        return writer.text("{completion} ({low} to {high})", **shares) if cell.unreported else shares["completion"]

    return cells.assign(completion=[words(cell) for cell in cells.itertuples(index=False)])


def tasks_section(tasks: Tasks) -> Section:
    """Show what is overdue, what is open, what changed, and each agency's tasks."""
    writer = tasks.writer
    heading = writer.text("The tasks on {day}", day=writer.tongue.date(tasks.rows["as_of"].iloc[0]))
    words = writer.text(
        "A day counts to its end: a task is overdue from the day after it is due on, unless it is reported as done. "
        "Completion is what the last report up to the day says."
    )
    totals = tasks.totals()
    return Section(
        (
            Words(heading, (totals, words), level=2),
            *_overdue(tasks),
            *_open(tasks),
            *_changes(tasks),
            *_agencies(tasks),
        )
    )


def _overdue(tasks: Tasks) -> list[Any]:
    """List the overdue tasks, the longest on top."""
    writer, overdue = tasks.writer, tasks.having("overdue")
    if overdue.empty:
        return [Words(writer.text("Overdue"), (writer.text("No task is overdue."),))]
    heading = writer.text("Overdue: {overdue} of {tasks} tasks", overdue=len(overdue), tasks=len(tasks.rows))
    if len(overdue) > LONG:
        return [Words(heading), writer.table(tasks.by_unit, ["unit", *COUNTS])]
    columns = tasks.columns("due", "days_overdue", "completion", "last_report")
    return [Words(heading), writer.table(overdue, columns)]


def _open(tasks: Tasks) -> list[Any]:
    """List what is neither done nor overdue, by its day."""
    writer, ahead = tasks.writer, tasks.having("open")
    if ahead.empty:
        return []
    heading = writer.text("Not overdue, not done: {open} of {tasks} tasks", open=len(ahead), tasks=len(tasks.rows))
    words = (tasks.next_due(),)
    if len(ahead) > LONG:
        ahead = ahead[ahead["due"] == ahead["due"].min()].head(LONG)
    columns = tasks.columns("due", "days_left", "completion", "state")
    return [Words(heading, words), writer.table(ahead, columns)]


def _changes(tasks: Tasks) -> list[Any]:
    """Show what changed since the reporting day before: by dimension, then the tasks."""
    writer, since = tasks.writer, tasks.since
    heading = writer.text("Change since the report before")
    if pd.isna(since):
        return [Words(heading, (tasks.changes(),))]
    parts: list[Any] = [Words(heading, (tasks.changes(),))]
    if tasks.units == 1:
        counts = tasks.dimensions.drop(columns="unreported").set_index("dimension")
        counts = counts.join(tasks.now.set_index("dimension")[["completion", "low", "high", "unreported"]])
        before = tasks.cells[tasks.cells["as_of"] == since].set_index("dimension")
        counts["completion_before"] = before["completion"]
        columns = ["dimension", "completion_before", "completion", "done_before", "done", "overdue_before", "overdue"]
        parts.append(writer.table(with_range(counts.reset_index(), writer), columns))
    moved = tasks.rows[tasks.rows["state"] != tasks.rows["state_before"]]
    if 0 < len(moved) <= LONG:
        columns = tasks.columns("state_before", "state", "completion_before", "completion")
        parts += [Words(writer.text("Tasks in another state than before")), writer.table(moved, columns)]
    return parts


def _agencies(tasks: Tasks) -> list[Any]:
    """Show the tasks of each lead agency, those with most overdue on top."""
    if tasks.agencies.empty:
        return []
    return [
        Words(tasks.writer.text("Tasks by lead agency")),
        tasks.writer.table(tasks.agencies, [tasks.agency, *COUNTS]),
    ]
