"""What a table must look like, and the check that lists everything wrong with one at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from papi_analysis.errors import DataError, Note, Problem

Kind = Literal["text", "number", "integer", "date"]


@dataclass(frozen=True)
class Column:
    """One column of a table: its kind, its bounds, and what to tell a user whose value does not fit."""

    name: str
    kind: Kind = "text"
    low: float | None = None
    high: float | None = None
    remedy: Note | None = None
    default: Any = None  #: used where the whole column is absent; ``None`` makes the column required
    empty: bool = False  #: whether single cells may be empty


@dataclass(frozen=True)
class Schema:
    """The columns of a table, and the columns that together name a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


_FROM_0_TO_1 = Note("Completion runs from 0 to 1: divide percentages by 100.")

#: Calendar years, or the 1, 2, 3 of any other panel; a slipped digit would stretch a panel over thousands of years.
YEARS = (1, 9999)

SCORES = Schema(
    "scores",
    (
        Column("unit"),
        Column("year", "integer", *YEARS),
        Column("dimension"),
        Column("score", "number"),
    ),
    key=("unit", "year", "dimension"),
)
SUBDIMENSION_SCORES = Schema(
    "subdimension_scores",
    (*SCORES.columns, Column("subdimension"), Column("number")),
    key=("unit", "year", "subdimension"),
)
UNITS = Schema(
    "units",
    (
        Column("unit"),
        Column("name_en"),
        Column("name_vi", default="", empty=True),
        Column("region", default="", empty=True),
        Column("variants", default="", empty=True),
    ),
    key=("unit",),
)
DIMENSIONS = Schema(
    "dimensions",
    (
        Column("dimension"),
        Column("name_en"),
        Column("name_vi", default="", empty=True),
        Column("scale_min", "number"),
        Column("scale_max", "number"),
    ),
    key=("dimension",),
)
BREAKS = Schema(
    "breaks",
    (
        Column("dimension", remedy=Note("Name a dimension, or 'all'.")),
        Column("year", "integer", *YEARS),
        Column("kind", remedy=Note("Say definition, sample, mode or level.")),
        Column("what", default="", empty=True),
        Column("standing", default="", empty=True),
    ),
    key=("dimension", "year", "kind"),
)
TASKS = Schema(
    "tasks",
    (
        Column("unit"),
        Column("task"),
        Column("dimension"),
        Column("weight", "number", low=0.0, default=1.0, remedy=Note("Use a weight above 0, or drop the column.")),
        Column(
            "share",
            "number",
            low=0.0,
            high=1.0,
            default=1.0,
            remedy=Note("Use the part of the task that serves this dimension."),
        ),
        Column("start", "date"),
        Column("due", "date"),
        Column("title_en", default="", empty=True),
        Column("title_vi", default="", empty=True),
        Column("lead_agency_en", default="", empty=True),
        Column("lead_agency_vi", default="", empty=True),
    ),
    key=("unit", "task", "dimension"),
)
PROGRESS = Schema(
    "progress",
    (
        Column("unit"),
        Column("task"),
        Column("as_of", "date"),
        Column("reported_on", "date"),
        Column("completion", "number", low=0.0, high=1.0, remedy=_FROM_0_TO_1),
        Column("revision", "integer", low=0, high=999, default=0, remedy=Note("Count revisions of a report: 0, 1, 2.")),
    ),
    key=("unit", "task", "as_of", "revision"),
)
TARGETS = Schema(
    "targets",
    (Column("unit"), Column("dimension"), Column("year", "integer", *YEARS), Column("target", "number")),
    key=("unit", "dimension"),
)
COMPLETION = Schema(
    "completion",
    (
        Column("unit"),
        Column("year", "integer", *YEARS),
        Column("dimension"),
        Column("completion", "number", low=0.0, high=1.0, empty=True, remedy=_FROM_0_TO_1),
    ),
    key=("unit", "year", "dimension"),
)


#: A row of a sheet may hold several rows of a table, one a column: their indices differ by multiples of this.
LONG = 2**32


def sheet_row(index: int) -> int:
    """Give the row of the spreadsheet, counted from 1, that an index of a table read from a file stands for.

    Examples
    --------
    >>> sheet_row(0), sheet_row(LONG)
    (2, 2)
    """
    return int(index) % LONG + 2


#: What is wrong with a header that has a name twice, and what to do.
REPEATED_COLUMN = (Note("the header repeats a column"), Note("Keep one column of each name."))


class Findings:
    """The problems found so far in one table; ``raise_any`` ends the check."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, what: Note, remedy: Note, *, row: int | None = None, column: str = "", value: object = "") -> None:
        """Note one problem of this table."""
        self.problems.append(Problem(what, remedy, self.file, row, column, str(value)))

    def add_rows(
        self,
        rows: pd.DataFrame,
        column: str,
        what: Note | Callable[[Any], Note],
        remedy: Note | Callable[[Any], Note],
    ) -> None:
        """Note one problem for each of ``rows``, whose index counts data rows from 0."""
        remedies = {value: remedy if isinstance(remedy, Note) else remedy(value) for value in set(rows[column])}
        for index, value in zip(rows.index, rows[column], strict=True):
            self.add(
                what if isinstance(what, Note) else what(value),
                remedies[value],
                row=sheet_row(index),
                column=column,
                value=_shown(value),
            )

    def raise_any(self) -> None:
        """Raise a ``DataError`` with every problem noted, in the order of the rows, if there is one."""
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda problem: problem.row or 0))


def nearest(value: str, known: Iterable[str], fold: Callable[[str], str] = str.casefold) -> Note:
    """Say which known name is nearest to ``value``, as a remedy; names are compared as ``fold`` has them."""
    names = [str(name) for name in known]
    folded = {fold(name): name for name in reversed(names)}
    close = difflib.get_close_matches(fold(str(value)), folded, n=1, cutoff=0.5)
    if close:
        return Note("Did you mean {name!r}?", {"name": folded[close[0]]})
    return Note("Known: {names}.", {"names": ", ".join([*names[:8], "..."] if len(names) > 8 else names)})


def _shown(value: object) -> str:
    """Write a value as a table would: a day without its hour, a whole number without decimals."""
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _parse(values: pd.Series, kind: Kind) -> pd.Series:
    """Turn one column into its kind; what cannot be read becomes missing."""
    if kind == "text":
        return values.astype(str).str.strip().where(values.notna(), "").astype(object)
    if kind == "date":
        text = values.dt.strftime("%Y-%m-%d") if hasattr(values, "dt") else values.astype(str).str.strip()
        days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
        # A year like 0218 is a slip, and lies outside what pandas can hold to the nanosecond.
        return days.where(days.between(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1)))
    if values.dtype == object or not pd.api.types.is_numeric_dtype(values):
        text = values.astype(str).str.strip().astype(object)
        # pandas says which texts are numbers; Python reads them, to the last bit on every version of pandas.
        values = text.where(pd.to_numeric(text, errors="coerce").notna())
    numbers = values.astype(float)
    return numbers.where(np.isfinite(numbers))


_EXPECTED = {
    "text": Note("Fill in the cell."),
    "number": Note("Write a number with a decimal point, like 6.50."),
    "integer": Note("Write a whole number, like 2018."),
    "date": Note("Write a date as year-month-day, like 2018-03-31."),
}


def check_frame(frame: pd.DataFrame, schema: Schema, file: str = "", findings: Findings | None = None) -> pd.DataFrame:
    """Return ``frame`` with the schema's columns in their kinds, in the schema's order, other columns after.

    The index of the result counts the data rows of the file from 0, so that later checks can name rows. Where
    ``findings`` is given, problems of single rows are noted there for the caller to raise with its own; a cell
    that cannot be read is then missing.

    Raises
    ------
    DataError
        Listing every missing column, unreadable or empty cell, value out of bounds and duplicate row.
    """
    own = findings is None
    findings = Findings(file or schema.name) if findings is None else findings
    _check_columns(frame, schema, findings)
    if not (frame.index.is_unique and pd.api.types.is_integer_dtype(frame.index)):
        frame = frame.reset_index(drop=True)
    clean = pd.DataFrame(index=frame.index)
    for column in schema.columns:
        if column.name in frame.columns:
            clean[column.name] = _check_column(frame[column.name], column, findings)
        else:
            clean[column.name] = column.default
    extra = [name for name in frame.columns if name not in clean.columns]
    clean[extra] = frame[extra]
    _check_repeats(clean, list(schema.key), findings)
    if own:
        findings.raise_any()
    return clean


def _check_columns(frame: pd.DataFrame, schema: Schema, findings: Findings) -> None:
    """Raise at once what makes a table unreadable: no rows, a column that is missing or there twice."""
    if frame.empty:
        findings.add(Note("the table has no rows"), Note("Fill it in, or leave the file out of study.toml."))
        findings.raise_any()
    for name in frame.columns[frame.columns.duplicated()].unique():
        findings.add(*REPEATED_COLUMN, row=1, column=str(name))
    for column in schema.columns:
        if column.default is None and column.name not in frame.columns:
            others = [str(name) for name in frame.columns if name not in {c.name for c in schema.columns}]
            remedy = Note("Add it. {hint}", {"hint": nearest(column.name, others)}) if others else Note("Add it.")
            findings.add(Note("a required column is missing"), remedy, row=1, column=column.name)
    findings.raise_any()


def _check_repeats(clean: pd.DataFrame, key: list[str], findings: Findings) -> None:
    """Note each row whose key an earlier row has; a key with an unusable cell is noted as such already."""
    named = clean.loc[(clean[key].notna() & (clean[key] != "")).all(axis=1), key]
    first = pd.Series(named.index, index=named.index).groupby([named[name] for name in key]).transform("first")
    for index, twin in first[first != first.index].items():
        findings.add(
            Note("the row repeats row {row}", {"row": sheet_row(twin)}),
            Note("Keep one row for each {key}.", {"key": ", ".join(key)}),
            row=sheet_row(index),
            column=", ".join(key),
            value=", ".join(map(_shown, named.loc[index])),
        )


def _check_column(values: pd.Series, column: Column, findings: Findings) -> pd.Series:
    """Parse one column, noting unreadable, empty and out-of-bounds cells."""
    parsed = _parse(values, column.kind)
    text = values.astype(str).str.strip()
    blank = values.isna() | (text == "")
    if not column.empty:
        for index in values.index[blank]:
            findings.add(Note("the cell is empty"), _EXPECTED[column.kind], row=sheet_row(index), column=column.name)
    if column.kind == "text":
        return parsed
    shown = pd.DataFrame({column.name: text})
    remedy = column.remedy or _EXPECTED[column.kind]
    what = Note("this is not a date") if column.kind == "date" else Note("this is not a number")
    findings.add_rows(shown[parsed.isna() & ~blank], column.name, what, _EXPECTED[column.kind])
    if column.kind == "date":
        return parsed
    if column.kind == "integer":
        broken = parsed.notna() & (parsed % 1 != 0)
        findings.add_rows(shown[broken], column.name, Note("this is not a whole number"), remedy)
        parsed = parsed.mask(broken)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    outside = parsed.notna() & ~parsed.between(low, high)
    if column.high is None:
        what = Note("the value is below {low:g}", {"low": low})
    else:
        what = Note("the value is outside {low:g} to {high:g}", {"low": low, "high": high})
    findings.add_rows(shown[outside], column.name, what, remedy)
    parsed = parsed.mask(outside)
    whole = column.kind == "integer" and parsed.notna().all()
    return parsed.astype("int64") if whole else parsed
