"""The first page of a report: what a leader asks, on one sheet, and no statistics."""

from __future__ import annotations

from typing import Any

import pandas as pd

from papi_analysis.errors import PapiError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table, table_frame
from papi_analysis.reporting.task_figures import draw_tasks
from papi_analysis.reporting.task_section import Tasks, day_line
from papi_analysis.reporting.writer import Writer

#: Agencies and units that the page names; the section on the tasks shows all.
MOST = 6


def leader_page(
    writer: Writer, title: str, tasks: Tasks, targets: Estimates | PapiError | None, ahead: bool
) -> Section:
    """Put together the day, the tasks in numbers and in a picture, the targets, the agencies with overdue tasks."""
    opening = Words(title, (day_line(writer), tasks.totals(), f"{tasks.changes()} {tasks.next_due()}"), level=1)
    picture = writer.figure(draw_tasks, tasks.dimensions, writer.study)
    return Section(
        (opening, picture, *_targets(writer, targets, ahead), *_units(tasks), *_agencies(tasks)), own_page=True
    )


def _targets(writer: Writer, targets: Estimates | PapiError | None, ahead: bool) -> list[Any]:
    """Say which targets were reached, or what each still needs."""
    if targets is None:
        return []
    heading, said = writer.text("Targets"), writer.say(targets)
    if not isinstance(targets, Estimates):
        return [Words(heading, (said,), level=2)]
    table = targets.table
    if ahead and (table["still"] < 0).any():
        said += " " + writer.text("A number below 0: so much above the target.")
    return [Words(heading, (said,), level=2), _target_table(writer, targets, "still" if ahead else "reached")]


def _target_table(writer: Writer, targets: Estimates, last: str) -> Table:
    """Show base, latest score and target under their years, dimensions by name, and what became of each."""
    asked, year = targets.designed(UnitYears), int(targets.table["latest_year"].iloc[0])
    columns = {"dimension": "dimension", "base": str(asked.first), "latest": str(year)}
    columns |= {"target": writer.text("Target {year}", year=asked.last), last: last}
    if year == asked.first:
        del columns["base"]
    shown = targets.table[list(columns)].rename(columns=columns)
    made_up = targets.simulated_tables
    return table_frame(shown, language=writer.tongue.code, simulated=made_up, names=targets.names)


def _agencies(tasks: Tasks) -> list[Any]:
    """Show the lead agencies with overdue tasks, those with most on top."""
    late = tasks.agencies[tasks.agencies["overdue"] > 0]
    heading = tasks.writer.text("Overdue tasks by lead agency")
    words = tasks.writer.text(
        "Lead agencies with overdue tasks: {late} of {agencies}.", late=len(late), agencies=len(tasks.agencies)
    )
    return _late(tasks, late, tasks.agency, heading, words)


def _units(tasks: Tasks) -> list[Any]:
    """Show the units with overdue tasks, those with most on top, where several have tasks."""
    if tasks.units == 1:
        return []
    late = tasks.by_unit[tasks.by_unit["overdue"] > 0]
    heading = tasks.writer.text("Overdue tasks by unit")
    words = tasks.writer.text("Units with overdue tasks: {late} of {units}.", late=len(late), units=tasks.units)
    return _late(tasks, late, "unit", heading, words)


def _late(tasks: Tasks, late: pd.DataFrame, by: str, heading: str, words: str) -> list[Any]:
    """Show as many as the page holds; nothing where no task is overdue."""
    if late.empty:
        return []
    if len(late) > MOST:
        words += " " + tasks.writer.text("Shown are those with most.")
    table = tasks.writer.table(late.head(MOST), [by, "overdue", "longest", "done", "tasks"])
    return [Words(heading, (words,), level=2), table]
