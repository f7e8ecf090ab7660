"""What a register must keep to, as queries: how many rows break each rule, and the first of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.panel.task_states import Register
from papi_analysis.study.findings import as_written
from papi_analysis.study.relations import needed
from papi_analysis.study.schema import FAR_YEAR, PROGRAMME_YEARS, PROGRESS, TASKS, Schema

#: Tables in which rules look for rows: tasks, reports beside the start of their task, tasks in one row, and how often
#: each key is there. ``row`` is where a row stands, as a spreadsheet counts.
ROWS = """
with tasks as (select *, {row} as row from papi_tasks),
progress as (select *, {row} as row from papi_progress),
task as (
  select unit, task, min(row) as row, sum(share) as share, min(start) as start, min(weight) < max(weight) as weights,
         min(start) < max(start) as starts, min(due) < max(due) as dues
  from tasks group by unit, task),
report as (select progress.*, task.start from progress left join task using (unit, task)),
repeated_tasks as (select {TASKS}, count(*) as times, max(row) as row from tasks group by {TASKS}),
repeated_progress as (select {PROGRESS}, count(*) as times, max(row) as row from progress group by {PROGRESS})
"""


class Rule(NamedTuple):
    """What may be wrong with the rows of a table, and when it is, in SQL."""

    table: str
    column: str
    broken: str
    what: Note
    remedy: Note


_ANOTHER = Note("the task has another {column} in an earlier row"), Note("Give the task one {column} in all its rows.")


def _another(column: str, word: Note) -> Rule:
    what, remedy = (note(column=word) for note in _ANOTHER)
    return Rule("task", column, f"{column}s", what, remedy)


OF_TASKS = (
    Rule("tasks", "weight", "weight = 0", Note("the weight is not above 0"), Note("Use a weight above 0.")),
    Rule("tasks", "share", "share = 0", Note("the share is not above 0"), Note("Leave the row out.")),
    Rule("tasks", "due", "due < start", Note("the task is due before it starts"), Note("Correct start or due.")),
    Rule(
        "task",
        "share",
        "abs(share - 1) > 1e-6",
        Note("the shares of the task do not sum to 1"),
        Note("Make them sum to 1."),
    ),
    _another("weight", Note("weight")),
    _another("start", Note("start")),
    _another("due", Note("due")),
)
OF_REPORTS = (
    Rule(
        "report",
        "reported_on",
        "reported_on < as_of",
        Note("the report was made before the date it reports on"),
        Note("Correct as_of or reported_on."),
    ),
    Rule(
        "report",
        "task",
        "start is null",
        Note("this task is not in the register"),
        Note("Add it, or correct the report."),
    ),
    Rule(
        "report",
        "as_of",
        "as_of < start and completion <> 0",
        Note("the report is for a date before the task starts"),
        Note("Correct as_of or start."),
    ),
)


def check_tasks_in_place(register: Register) -> None:
    """Check the tasks as ``check_tasks`` does, by query.

    Raises
    ------
    DataError
        Naming for each broken rule how many rows break it, and the first of them.
    """
    _check(register, TASKS, "tasks", OF_TASKS)


def check_reports_in_place(register: Register) -> None:
    """Check the reports as ``check_progress`` does, by query; the tasks have passed.

    A completion that falls is not told of.

    Raises
    ------
    DataError
        Naming for each broken rule how many rows break it, and the first of them.
    """
    _check(register, PROGRESS, "report", OF_REPORTS)


def _check(register: Register, schema: Schema, table: str, own: tuple[Rule, ...]) -> None:
    rules = [*_of_columns(schema, table), *own, _repeats(schema)]
    counts = [
        f"(select {', '.join(f'count_if({rule.broken})' for rule in same)} from {name})"
        for name, same in groupby(rules, attrgetter("table"))
    ]
    rows, *broken = register.ask(f"{_rows('0')} from (select count(*) from {table}), {', '.join(counts)}").iloc[0]
    if rows == 0:
        raise DataError(Problem(Note("the table has no rows"), Note("Fill it in."), schema.name))
    problems = [_first(register, schema, rule, int(n)) for rule, n in zip(rules, broken, strict=True) if n]
    if problems:
        raise DataError(problems)


def _rows(row: str) -> str:
    return ROWS.format(row=row, TASKS=", ".join(TASKS.key), PROGRESS=", ".join(PROGRESS.key))


def _of_columns(schema: Schema, table: str) -> Iterator[Rule]:
    """Say which values are missing or out of bounds, each by itself."""
    for column in needed(schema):
        name = column.name
        empty = f"{name} is null or {name} = ''" if column.kind == "text" else f"{name} is null"
        yield Rule(table, name, empty, Note("the cell is empty"), Note("Fill in the cell."))
        if column.kind == "date":
            first, last = PROGRAMME_YEARS
            yield Rule(table, name, f"not {name} between date '{first}-01-01' and date '{last}-12-31'", *FAR_YEAR)
        elif column.kind != "text":
            low, high = column.low, min(column.high, sys.float_info.max)
            what = Note("the value is outside {low:g} to {high:g}", {"low": low, "high": high})
            if column.high == float("inf"):
                what = Note("the value is below {low:g}", {"low": low})
                number = Note("Write a number with a decimal point, like 6.50.")
                yield Rule(table, name, f"{name} > {high}", Note("this is not a number"), number)
                high = float("inf")
            remedy = column.remedy or Note("Fill in the cell.")
            yield Rule(table, name, f"not {name} between {low} and '{high}'::double", what, remedy)
        if column.kind == "integer":
            yield Rule(table, name, f"floor({name}) <> {name}", Note("this is not a whole number"), remedy)


def _repeats(schema: Schema) -> Rule:
    key = ", ".join(schema.key)
    remedy = Note("Keep one row for each {key}.", {"key": key})
    return Rule(f"repeated_{schema.name}", key, "times > 1", Note("the row repeats another"), remedy)


def _first(register: Register, schema: Schema, rule: Rule, rows: int) -> Problem:
    """Word a broken rule, with the key and the value of the first row that breaks it."""
    found = register.ask(
        f"{_rows('row_number() over () + 1')} from {rule.table} where {rule.broken} order by row limit 1"
    ).iloc[0]
    key = [name for name in schema.key if name in found.index]
    text = ", ".join(_text(found[name]) for name in key)
    if rule.table in ("tasks", "report") and rule.column not in key:
        text += f": {_text(found[rule.column])}"
    what = Note("{what}, in {n} rows such as", {"what": rule.what, "n": rows})
    return Problem(what, rule.remedy, schema.name, int(found["row"]), rule.column, text)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else as_written(value)
