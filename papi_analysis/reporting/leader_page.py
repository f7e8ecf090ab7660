"""The first page of a report: what a leader asks, on one sheet, and no statistics."""

from __future__ import annotations

from typing import Any

from papi_analysis.errors import PapiError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.monitoring import Tasks, day_line
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.task_figures import draw_tasks
from papi_analysis.reporting.writer import Writer

#: Agencies that the page names; the section on the tasks shows all.
AGENCIES = 6

#: What the page shows of the targets: before and after, or what is still needed.
REACHED = ("base", "outcome", "target", "reached")
STILL = ("base", "latest", "target", "still")


def leader_page(
    writer: Writer, title: str, tasks: Tasks, targets: Estimates | PapiError | None, ahead: bool
) -> Section:
    """Put together the day, the tasks in numbers and in a picture, the targets, the agencies with overdue tasks."""
    opening = Words(title, (day_line(writer), tasks.totals(), f"{tasks.changes()} {tasks.next_due()}"), level=1)
    picture = writer.figure(draw_tasks, tasks.dimensions, writer.study)
    return Section((opening, picture, *_targets(writer, targets, ahead), *_agencies(tasks)), own_page=True)


def _targets(writer: Writer, targets: Estimates | PapiError | None, ahead: bool) -> list[Any]:
    """Say which targets were reached, or what each still needs."""
    if targets is None:
        return []
    opening = Words(writer.text("Targets"), (writer.say(targets),))
    if not isinstance(targets, Estimates):
        return [opening]
    return [opening, writer.estimates(targets, STILL if ahead else REACHED)]


def _agencies(tasks: Tasks) -> list[Any]:
    """Show the lead agencies with overdue tasks, those with most on top."""
    late = tasks.agencies[tasks.agencies["overdue"] > 0]
    if late.empty:
        return []
    writer, shown = tasks.writer, late.head(AGENCIES)
    words = writer.text(
        "Lead agencies with overdue tasks: {late} of {agencies}.", late=len(late), agencies=len(tasks.agencies)
    )
    if len(late) > len(shown):
        words += " " + writer.text("Shown are those with most.")
    table = writer.table(shown, [tasks.agency, "overdue", "longest", "done", "tasks"])
    return [Words(writer.text("Overdue tasks by lead agency"), (words,)), table]
