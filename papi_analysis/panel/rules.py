"""What a register must keep to, counted where its tables lie."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.panel.frames import needed, read, to_pandas, with_codes, within
from papi_analysis.panel.states import NEVER, TASK, Frame, Register
from papi_analysis.study.schema import PROGRESS, TASKS, Schema

#: What the rows of a task must share, and what it is called.
_SAME = {"weight": Note("weight"), "start_code": Note("start"), "due_code": Note("due")}
#: How far the shares of a task may add up to something else than 1.
_NEAR_ONE = 1e-6


class Rule(NamedTuple):
    """What may be wrong with the rows of a frame, and of which rows it is true."""

    what: Note
    remedy: Note
    column: str
    rows: Frame
    broken: nw.Expr


def check_reports(progress: Any, register: Register) -> None:
    """Look for what is wrong with the reports, rule by rule, in their engine.

    Raises
    ------
    DataError
        Naming for each broken rule how many rows break it, and one of them.
    """
    dates = register.tasks.group_by(TASK).agg(nw.col("start").min().alias("begins"))
    reports = with_codes(read(progress, PROGRESS), PROGRESS).join(dates, on=TASK, how="left")
    _raise_empty(reports, PROGRESS)
    as_of, reported_on, begins = nw.col("as_of_code"), nw.col("reported_on_code"), nw.col("begins")
    rules = [
        Rule(
            Note("the report was made before the date it reports on"),
            Note("Correct as_of or reported_on."),
            "reported_on",
            reports,
            (reported_on > 0) & (reported_on < as_of),
        ),
        Rule(
            Note("this task is not in the register"),
            Note("Add it, or correct the report."),
            "task",
            reports,
            begins.is_null(),
        ),
        Rule(
            Note("the report is for a date before the task starts"),
            Note("Correct as_of or start."),
            "as_of",
            reports,
            (as_of > 0) & (as_of < begins),
        ),
    ]
    _raise_broken(PROGRESS, [*_single_rules(reports, PROGRESS), *rules, _repeats(reports, PROGRESS)])


def check_large_tasks(tasks: Any) -> tuple[bool, bool]:
    """Check the tasks as ``check_tasks`` does, in their engine.

    Returns
    -------
    tuple
        Whether each task has one row; whether each name of a task has one start and one due date in all units.

    Raises
    ------
    DataError
        Naming for each broken rule how many rows break it, and one of them.
    """
    coded = with_codes(read(tasks, TASKS), TASKS)
    each = coded.group_by(TASK).agg(nw.len().alias("rows"))
    once = to_pandas(each.select(nw.len().alias("tasks")))["tasks"].iloc[0]
    found = _look_over(coded)
    if not 0 < once == found["rows"] == found["whole"]:
        _check_tasks_one_by_one(coded)
    return once == found["rows"], found["alike"] == found["names"]


def _look_over(coded: Frame) -> dict[str, int]:
    """Count the rows, those that can stand alone as a task, the names of tasks, and those of one calendar."""
    start, due, share = nw.col("start_code"), nw.col("due_code"), nw.col("share")
    whole = (start > 0) & (due >= start) & (nw.col("weight") > 0) & ((share - 1.0).abs() <= _NEAR_ONE)
    for column in needed(TASKS):
        if column.kind == "text":
            whole = whole & (nw.col(column.name) != "")
        elif column.kind != "date":
            whole = whole & within(column)
    rows = coded.select("task", whole=whole.cast(nw.Float64), calendar=start * NEVER + due)
    counts = nw.len().alias("rows"), nw.col("whole").sum()
    names = rows.group_by("task").agg(*counts, *_ends("calendar"))
    alike = _is_one("calendar").cast(nw.Float64).sum().alias("alike")
    totals = names.select(nw.col("rows", "whole").sum(), alike, nw.len().alias("names"))
    found = to_pandas(totals).iloc[0].fillna(0)
    return {str(name): round(count) for name, count in found.items()}


def _ends(name: str) -> list[nw.Expr]:
    return [nw.col(name).min().alias(f"{name}_min"), nw.col(name).max().alias(f"{name}_max")]


def _is_one(name: str) -> nw.Expr:
    return nw.col(f"{name}_min") == nw.col(f"{name}_max")


def _check_tasks_one_by_one(coded: Frame) -> None:
    """Look for what is wrong with the tasks, rule by rule."""
    _raise_empty(coded, TASKS)
    start, due, weight, share = (nw.col(name) for name in ("start_code", "due_code", "weight", "share"))
    ends = [end for name in _SAME for end in _ends(name)]
    each = coded.group_by(TASK).agg(share.sum(), *ends)
    rules = [
        Rule(Note("the weight is not above 0"), Note("Use a weight above 0."), "weight", coded, weight == 0),
        Rule(Note("the share is not above 0"), Note("Leave the row out."), "share", coded, share == 0),
        Rule(
            Note("the task is due before it starts"),
            Note("Correct start or due."),
            "due",
            coded,
            (due > 0) & (due < start),
        ),
    ]
    fellows = [
        Rule(
            Note("the shares of the task do not sum to 1"),
            Note("Make them sum to 1."),
            "share",
            each,
            (share - 1.0).abs() > _NEAR_ONE,
        )
    ]
    for name, word in _SAME.items():
        what = Note("the task has another {column} in an earlier row", {"column": word})
        remedy = Note("Give the task one {column} in all its rows.", {"column": word})
        fellows.append(Rule(what, remedy, name.removesuffix("_code"), each, ~_is_one(name)))
    _raise_broken(TASKS, [*_single_rules(coded, TASKS), *rules, *fellows, _repeats(coded, TASKS)])


def _raise_empty(frame: Frame, schema: Schema) -> None:
    """Refuse a table without rows."""
    if to_pandas(frame.select(nw.len().alias("rows")))["rows"].iloc[0] == 0:
        raise DataError(Problem(Note("the table has no rows"), Note("Fill it in."), schema.name))


def _single_rules(read: Frame, schema: Schema) -> Iterator[Rule]:
    """Say which values are missing, or out of bounds, each by itself."""
    for column in needed(schema):
        value, name = nw.col(column.name), column.name
        empty = (value.is_null() | (value == "")) if column.kind == "text" else value.is_null()
        yield Rule(Note("the cell is empty"), Note("Fill in the cell."), name, read, empty)
        if column.kind == "date":
            remedy = Note("Write a date as year-month-day, like 2018-03-31.")
            yield Rule(Note("this is not a date"), remedy, name, read, ~empty & (nw.col(f"{name}_code") == 0))
        elif column.kind != "text":
            remedy = column.remedy or Note("Fill in the cell.")
            if column.high is None:
                what = Note("the value is below {low:g}", {"low": column.low})
            else:
                what = Note("the value is outside {low:g} to {high:g}", {"low": column.low, "high": column.high})
            yield Rule(what, remedy, name, read, ~empty & ~within(column))
        if column.kind == "integer":
            broken = ~empty & (value.cast(nw.Float64).floor() != value.cast(nw.Float64))
            yield Rule(Note("this is not a whole number"), remedy, name, read, broken)


def _repeats(read: Frame, schema: Schema) -> Rule:
    """Say which rows are there more than once."""
    dates = [column.name for column in schema.columns if column.name in schema.key and column.kind == "date"]
    key = [f"{name}_code" if name in dates else name for name in schema.key]
    remedy = Note("Keep one row for each {key}.", {"key": ", ".join(schema.key)})
    counted = read.group_by(key).agg(nw.len().alias("rows"), *(nw.col(name).min() for name in dates))
    return Rule(Note("the row repeats another"), remedy, ", ".join(schema.key), counted, nw.col("rows") > 1)


def _raise_broken(schema: Schema, rules: list[Rule]) -> None:
    """Raise an error that counts the rows that break each rule, and shows the key of one of them.

    The rules of one frame stand beside each other, and are looked at in one pass over it.
    """
    problems = []
    for _, group in groupby(rules, key=lambda rule: id(rule.rows)):
        same = list(group)
        counts = [rule.broken.cast(nw.Int64).sum().alias(str(number)) for number, rule in enumerate(same)]
        found = to_pandas(same[0].rows.select(*counts)).iloc[0].fillna(0)
        problems += [_shown(schema, rule, int(count)) for rule, count in zip(same, found, strict=True) if count]
    if problems:
        raise DataError(problems)


def _shown(schema: Schema, rule: Rule, count: int) -> Problem:
    """Word a broken rule, with the key of one row that breaks it."""
    key = [name for name in schema.key if name in rule.rows.collect_schema().names()]
    row = to_pandas(rule.rows.filter(rule.broken).select(*key).head(1)).iloc[0]
    shown = ", ".join(str(value.date()) if isinstance(value, pd.Timestamp) else str(value) for value in row)
    what = Note("{what}, in {n} rows such as", {"what": rule.what, "n": count})
    return Problem(what, rule.remedy, schema.name, column=rule.column, value=shown)
