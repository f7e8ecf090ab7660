"""The first page of a report: what a leader asks, on one sheet, and no statistics."""

from __future__ import annotations

from typing import Any

import pandas as pd

from papi_analysis.errors import PapiError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table, table_frame
from papi_analysis.reporting.task_figures import draw_tasks
from papi_analysis.reporting.task_section import Tasks, day_line, with_range
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
        (opening, picture, *_targets(tasks, targets, ahead), *_units(tasks), *_agencies(tasks)), own_page=True
    )


def _targets(tasks: Tasks, targets: Estimates | PapiError | None, ahead: bool) -> list[Any]:
    """Say which targets were reached, or what each still needs, beside the completion of each dimension."""
    writer = tasks.writer
    said = [] if targets is None else [writer.say(targets)]
    parts: list[Any] = [Words(writer.text("Targets"), tuple(said), level=2)] if said else []
    if not isinstance(targets, Estimates):
        if tasks.units > 1:
            return parts
        cells = _completion(tasks, tasks.dimensions[["dimension"]])
        return [*parts, Words(writer.text("Completion by dimension"), _remarks(tasks), level=2), writer.table(cells)]
    if ahead and (targets.table["still"] < 0).any():
        said.append(writer.text("A number below 0: so much above the target."))
    words = (" ".join([*said, *_remarks(tasks)]),)
    shown = _target_table(tasks, targets, "still" if ahead else "reached")
    return [Words(writer.text("Targets"), words, level=2), shown]


def _target_table(tasks: Tasks, targets: Estimates, last: str) -> Table:
    """Show base, latest score and target under their years, dimensions by name, and what became of each."""
    asked, year = targets.designed(UnitYears), int(targets.table["latest_year"].iloc[0])
    columns = {"dimension": "dimension", "base": str(asked.first), "latest": str(year)}
    columns |= {"target": tasks.writer.text("Target {year}", year=asked.last), last: last}
    if year == asked.first:
        del columns["base"]
    shown = _completion(tasks, targets.table[list(columns)].rename(columns=columns))
    made_up = tuple(dict.fromkeys((*targets.simulated_tables, *tasks.study.simulated_tables)))
    return table_frame(shown, language=tasks.writer.tongue.code, simulated=made_up, names=targets.names)


def _completion(tasks: Tasks, table: pd.DataFrame) -> pd.DataFrame:
    """Put the completion of each dimension on the day beside what else is shown of it, where one unit has tasks."""
    if tasks.units > 1:
        return table
    now = with_range(tasks.now, tasks.writer).set_index("dimension")["completion"]
    if pd.api.types.is_numeric_dtype(now):  # no range was written
        now = now.map(tasks.writer.tongue.percent)
    day = tasks.writer.tongue.date(tasks.study.measured_on)
    return table.assign(**{tasks.writer.text("Completion, {day}", day=day): table["dimension"].map(now)})


def _remarks(tasks: Tasks) -> tuple[str, ...]:
    """Say what stands in brackets beside completion, and that it is weighted; nothing where there is nothing to say."""
    ranges = tasks.writer.text("In brackets: what completion could be, as tasks that have begun have no report.")
    words = [*([ranges] if (tasks.now["unreported"] > 0).any() else []), *tasks.weighted()]
    return (" ".join(words),) if words and tasks.units == 1 else ()


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
    if len(late) > MOST + 1:  # a sentence on one that is left out takes its room
        words += " " + tasks.writer.text("Shown are those with most.")
        late = late.head(MOST)
    table = tasks.writer.table(late, [by, "overdue", "longest", "done", "tasks"])
    return [Words(heading, (words,), level=2), table]
