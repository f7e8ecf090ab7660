"""Frames of any engine: read into one form, and brought back."""

from __future__ import annotations

import sys
from typing import Any

import narwhals as nw
import pandas as pd

from papi_analysis.errors import DataError, Note, Problem, SpecError
from papi_analysis.panel.states import TASK, Frame, code_of, raw_code_of
from papi_analysis.study.findings import nearest
from papi_analysis.study.schema import PROGRESS, TASKS, Column, Schema


def needed(schema: Schema) -> list[Column]:
    """List the columns that completion needs: names and whatever is counted or compared."""
    return [column for column in schema.columns if column.kind != "text" or column.name in schema.key]


def read(frame: Any, schema: Schema, *more: str) -> Frame:
    """Take the columns that are needed, texts and numbers each of one kind, what may be left out filled in."""
    read = nw.from_native(frame).lazy()
    kinds = read.collect_schema()
    problems, columns = [], []
    for column in needed(schema):
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
    taken = {column.name for column in needed(schema)}
    return read.select(*columns, *(name for name in more if name not in taken))


def with_codes(read: Frame, schema: Schema) -> Frame:
    """Put the codes of dates beside them."""
    dates = [column.name for column in schema.columns if column.kind == "date"]
    return read.with_columns(*(code_of(name).alias(f"{name}_code") for name in dates))


def coded_tasks(read: Frame, *more: str) -> Frame:
    """Put codes in the place of the dates of tasks."""
    columns = []
    for column in needed(TASKS):
        kept = {"text": nw.col(column.name), "date": code_of(column.name).alias(column.name)}
        columns.append(kept.get(column.kind, nw.col(column.name).cast(nw.Float64)))
    taken = {column.name for column in needed(TASKS)}
    return read.select(*columns, *(name for name in more if name not in taken))


def coded_reports(read: Frame) -> Frame:
    """Make numbers of what reports say; the day reported on is only looked up, see ``moment_of``.

    Beside them stands whether a row is ``usable``: its values go together and, but for what ``Moments`` tells of all
    rows at once, lie within their bounds. Where they do not, the others mean nothing.
    """
    kinds, reported_on = read.collect_schema(), raw_code_of("reported_on")
    if kinds["as_of"] == kinds["reported_on"] == nw.Date:
        usable = nw.col("reported_on") >= nw.col("as_of")
    else:
        usable = reported_on >= raw_code_of("as_of")
    bounds = {column.name: within(column) for column in PROGRESS.columns if column.high is not None}
    usable = (usable & bounds["completion"]).cast(nw.Float64)
    completion = nw.col("completion").cast(nw.Float64)
    return read.select(*TASK, completion, **moment_of(read), reported_on=reported_on, usable=usable)


def moment_of(read: Frame) -> dict[str, nw.Expr]:
    """Say what a report is looked up by: its day, as it is where it has no hour, else as a code; and its revision."""
    as_of = nw.col("as_of") if read.collect_schema()["as_of"] == nw.Date else raw_code_of("as_of")
    return {"as_of": as_of, "revision": nw.col("revision").cast(nw.Float64)}


def within(column: Column) -> nw.Expr:
    """Whether the values of a column lie within its bounds, which no missing, infinite or not-a-number value does."""
    value = nw.col(column.name).cast(nw.Float64)
    low = -sys.float_info.max if column.low is None else column.low
    if column.high is None:
        return value.is_between(low, sys.float_info.max)
    # One comparison instead of two, over many rows.
    return (value - low if low else value) * (value - column.high) <= 0.0


def to_pandas(frame: Frame) -> pd.DataFrame:
    """Bring a small frame back; Polars works through it in pieces, so that the large ones before it need no room."""
    if isinstance(frame, nw.LazyFrame):
        options: dict[str, Any] = {"engine": "streaming"} if frame.implementation.is_polars() else {}
        frame = frame.collect(**options)
    back: pd.DataFrame = frame.to_pandas()
    return back


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
