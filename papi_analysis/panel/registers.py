"""Registers of tasks and reports in any engine: brought into one form, and checked where they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from papi_analysis.errors import DataError, Note, Problem, SpecError
from papi_analysis.panel.states import FIRST_YEAR, TASK, YEAR, Frame, Register, code_of
from papi_analysis.study.register import check_progress, check_tasks
from papi_analysis.study.schema import PROGRESS, TASKS, Column, Schema, nearest


class Rule(NamedTuple):
    """What may be wrong with the rows of a frame, and of which rows it is true."""

    what: Note
    remedy: Note
    column: str
    rows: Frame
    broken: nw.Expr


def read_register(tasks: Any, progress: Any, *more: str) -> Register:
    """Bring tasks and reports into one form.

    Pandas frames pass ``check_tasks`` and ``check_progress`` here. In any other engine the tasks are checked here, and
    the reports, which are many, once they have been measured: see ``check_reports``.

    Parameters
    ----------
    tasks, progress
        Frames of pandas, Polars, DuckDB, Dask or PyArrow: both of the same engine, or the tasks of pandas.
    more
        Columns of ``tasks`` to keep beside those that completion needs.

    Raises
    ------
    DataError
        Where a column is missing or of the wrong kind, or the tasks do not pass.
    SpecError
        Where the two frames are of engines that do not go together.
    """
    if isinstance(tasks, pd.DataFrame):
        tasks = check_tasks(tasks)
        if isinstance(progress, pd.DataFrame):
            progress = check_progress(progress, tasks)
        # In order, so that sums do not depend in their last place on the order of rows.
        needed = dict.fromkeys([*(column.name for column in _needed(TASKS)), *more])
        tasks = handed_over(tasks.sort_values(list(TASKS.key))[[*needed]], progress)
    else:
        _check_large_tasks(tasks)
    read = _read(tasks, TASKS, *more), _read(progress, PROGRESS)
    if read[0].implementation is not read[1].implementation:
        raise SpecError("tasks and progress are of two engines. Give both in the same, or the tasks as a pandas frame.")
    return Register(_coded(read[0], TASKS, *more), _coded(read[1], PROGRESS))


def to_pandas(frame: Frame) -> pd.DataFrame:
    """Bring a small frame back; Polars works through it in pieces, so that the large ones before it need no room."""
    if isinstance(frame, nw.LazyFrame):
        options: dict[str, Any] = {"engine": "streaming"} if frame.implementation.is_polars() else {}
        frame = frame.collect(**options)
    back: pd.DataFrame = frame.to_pandas()
    return back


def count_rows(frame: Frame) -> int:
    """Count the rows of a frame of any size."""
    return int(to_pandas(frame.select(nw.len().alias("rows")))["rows"].iloc[0])


def years_of(register: Register) -> range:
    """Give the years from the first start to the last due date."""
    ends = to_pandas(register.tasks.select(nw.col("start").min(), nw.col("due").max())).iloc[0]
    return range(*(FIRST_YEAR + int(ends[name] // YEAR) + last for last, name in enumerate(("start", "due"))))


def of_agencies(register: Register, names: str) -> Register:
    """Make each task one row for its lead agency, however many dimensions it serves."""
    once = register.tasks.rename({names: "lead_agency"}).group_by([*TASK, "lead_agency"])
    dates = nw.col("weight").max(), nw.col("start").min(), nw.col("due").min()
    return register._replace(tasks=once.agg(nw.col("share").sum(), *dates))


def check_reports(progress: Any, register: Register) -> None:
    """Look for what is wrong with the reports, rule by rule, in their engine.

    Raises
    ------
    DataError
        Naming for each broken rule how many rows break it, and one of them.
    """
    dates = register.tasks.group_by(TASK).agg(nw.col("start").min().alias("begins"))
    reports = _with_codes(_read(progress, PROGRESS), PROGRESS).join(dates, on=TASK, how="left")
    if count_rows(reports) == 0:
        raise DataError(Problem(Note("the table has no rows"), Note("Fill it in."), PROGRESS.name))
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


def _check_large_tasks(tasks: Any) -> None:
    """Check the tasks as ``check_tasks`` does, rule by rule, in their engine."""
    read = _with_codes(_read(tasks, TASKS), TASKS)
    start, due, weight, share = (nw.col(name) for name in ("start_code", "due_code", "weight", "share"))
    words = {"weight": Note("weight"), "start_code": Note("start"), "due_code": Note("due")}
    ends = [nw.col(name).min().alias(f"{name}_low") for name in words]
    ends += [nw.col(name).max().alias(f"{name}_high") for name in words]
    each = read.group_by(TASK).agg(share.sum(), *ends)
    rules = [
        Rule(Note("the weight is not above 0"), Note("Use a weight above 0."), "weight", read, weight == 0),
        Rule(Note("the share is not above 0"), Note("Leave the row out."), "share", read, share == 0),
        Rule(
            Note("the task is due before it starts"),
            Note("Correct start or due."),
            "due",
            read,
            (due > 0) & (due < start),
        ),
    ]
    fellows = [
        Rule(
            Note("the shares of the task do not sum to 1"),
            Note("Make them sum to 1."),
            "share",
            each,
            (share - 1.0).abs() > 1e-6,
        )
    ]
    for name, word in words.items():
        what = Note("the task has another {column} in an earlier row", {"column": word})
        remedy = Note("Give the task one {column} in all its rows.", {"column": word})
        differs = nw.col(f"{name}_low") != nw.col(f"{name}_high")
        fellows.append(Rule(what, remedy, name.removesuffix("_code"), each, differs))
    _raise_broken(TASKS, [*_single_rules(read, TASKS), *rules, *fellows, _repeats(read, TASKS)])


def _single_rules(read: Frame, schema: Schema) -> Iterator[Rule]:
    """Say which values are missing, or out of bounds, each by itself."""
    for column in _needed(schema):
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
            yield Rule(what, remedy, name, read, ~empty & ~_within(column))
        if column.kind == "integer":
            broken = ~empty & (value.cast(nw.Float64).floor() != value.cast(nw.Float64))
            yield Rule(Note("this is not a whole number"), remedy, name, read, broken)


def _repeats(read: Frame, schema: Schema) -> Rule:
    """Say which rows are there more than once."""
    key = list(schema.key)
    remedy = Note("Keep one row for each {key}.", {"key": ", ".join(key)})
    counted = read.group_by(key).agg(nw.len().alias("rows"))
    return Rule(Note("the row repeats another"), remedy, ", ".join(key), counted, nw.col("rows") > 1)


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


def _needed(schema: Schema) -> list[Column]:
    """List the columns that completion needs: names and whatever is counted or compared."""
    return [column for column in schema.columns if column.kind != "text" or column.name in schema.key]


def _read(frame: Any, schema: Schema, *more: str) -> Frame:
    """Take the columns that are needed, texts and numbers each of one kind, what may be left out filled in."""
    read = nw.from_native(frame).lazy()
    kinds = read.collect_schema()
    problems, columns = [], []
    for column in _needed(schema):
        name, kind = column.name, kinds.get(column.name)
        if kind is None and column.default is None:
            remedy = Note("Add it. {hint}", {"hint": nearest(name, kinds.names())})
            problems.append(Problem(Note("a required column is missing"), remedy, schema.name, column=name))
        elif column.kind == "text":
            columns.append(nw.col(name) if kind == nw.String else nw.col(name).cast(nw.String))
        elif column.kind == "date":
            columns.append(nw.col(name))
            if kind not in (nw.Date, nw.Datetime):
                remedy = Note("Write a date as year-month-day, like 2018-03-31.")
                problems.append(Problem(Note("this is not a date"), remedy, schema.name, column=name, value=kind))
        elif kind is None:
            columns.append(nw.lit(column.default).alias(name))
        else:
            columns.append(nw.col(name))
            if not kind.is_numeric():
                remedy = Note("Write a number with a decimal point, like 6.50.")
                problems.append(Problem(Note("this is not a number"), remedy, schema.name, column=name, value=kind))
    if problems:
        raise DataError(problems)
    taken = {column.name for column in _needed(schema)}
    return read.select(*columns, *(name for name in more if name not in taken))


def _with_codes(read: Frame, schema: Schema) -> Frame:
    """Put the codes of dates beside them."""
    dates = [column.name for column in schema.columns if column.kind == "date"]
    return read.with_columns(*(code_of(name).alias(f"{name}_code") for name in dates))


def _coded(read: Frame, schema: Schema, *more: str) -> Frame:
    """Put codes in the place of dates, and -1 in that of numbers that cannot be used."""
    kinds, columns = read.collect_schema(), []
    for column in _needed(schema):
        if column.kind == "date":
            columns.append(code_of(column.name).alias(column.name))
        elif column.kind == "text":
            columns.append(nw.col(column.name))
        else:
            value, usable = nw.col(column.name), _within(column)
            if column.kind == "integer" and not kinds[column.name].is_integer():
                usable = usable & (value.cast(nw.Float64).floor() == value.cast(nw.Float64))
            kept = nw.when(usable).then(value).otherwise(nw.lit(-1))
            columns.append(kept.cast(nw.Float64).alias(column.name))
    taken = {column.name for column in _needed(schema)}
    return read.select(*columns, *(name for name in more if name not in taken))


def _within(column: Column) -> nw.Expr:
    """Whether the values of a column lie within its bounds, which no missing or infinite value does."""
    low = -sys.float_info.max if column.low is None else column.low
    return nw.col(column.name).is_between(low, sys.float_info.max if column.high is None else column.high)


def handed_over(frame: pd.DataFrame, progress: Any) -> Any:
    """Give a pandas frame to the engine of the reports."""
    engine = nw.from_native(progress).implementation
    if engine.is_pandas():
        return frame
    if engine.is_duckdb():  # on the connection of the reports, whichever that is
        papi_handed_over = frame  # noqa: F841 (DuckDB finds it by its name)
        return progress.query("papi_reports_handed_over", "select * from papi_handed_over")
    if engine.is_dask():
        import dask.dataframe

        return dask.dataframe.from_pandas(frame, npartitions=1)
    if engine.is_pyarrow():
        import pyarrow

        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    if engine.is_polars():
        import polars

        return polars.from_pandas(frame)
    raise SpecError("tasks and progress are of two engines. Give both in the same, or the tasks as a pandas frame.")
