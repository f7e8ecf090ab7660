"""The check of a table against its schema, which lists everything wrong with one at once."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.findings import LISTED, REPEATED_COLUMN, Findings, as_written, nearest, sheet_row
from papi_analysis.study.schema import (
    DAY,
    FAR_YEAR,
    FROM_0_TO_1,
    HEADERS,
    NUMBER,
    PROGRAMME_YEARS,
    Column,
    Kind,
    Schema,
    name_text,
)

_ANY_DAY = re.compile(r"(\d{4})-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])")


def parse_column(values: pd.Series, kind: Kind) -> pd.Series:
    """Turn one column into its kind; what cannot be read becomes missing."""
    if kind == "text":
        codes, distinct = pd.factorize(values.astype(object))  # a missing name is the last, an empty one
        names = np.array([*map(name_text, distinct), ""], dtype=object)
        return pd.Series(names[codes], values.index, dtype=object, name=values.name)
    if kind == "date":
        if values.dtype.kind == "M" and values.dt.tz is None:
            return _within_years(values.dt.normalize())
        text = values.dt.strftime("%Y-%m-%d") if hasattr(values, "dt") else values.astype(str).str.strip()
        days = pd.to_datetime(text.where(text.str.fullmatch(DAY)), format="%Y-%m-%d", errors="coerce")
        return _within_years(days)
    if values.dtype == object or not pd.api.types.is_numeric_dtype(values) or values.dtype.kind == "c":
        text = values.astype(str).str.strip().astype(object)
        # Python reads the texts, to the last bit on every version of pandas.
        values = text.where(text.str.fullmatch(NUMBER).astype(bool))
    numbers = values.astype(float)
    return numbers.where(np.isfinite(numbers))


def plain_kind(values: pd.Series) -> bool:
    """Whether a column holds numbers or dates in a kind of its own, and so no text at all."""
    return values.dtype != object and values.dtype.kind in "iufM"


def _within_years(days: pd.Series) -> pd.Series:
    """Days of the years that a programme may have; others are missing."""
    return days.where(days.between(pd.Timestamp(PROGRAMME_YEARS[0], 1, 1), pd.Timestamp(PROGRAMME_YEARS[1], 12, 31)))


EXPECTED = {
    "text": Note("Fill in the cell."),
    "number": Note("Write a number with a decimal point, like 6.50."),
    "integer": Note("Write a whole number, like 2018."),
    "date": Note("Write a date as year-month-day, like 2018-03-31."),
}
#: What to do about a cell of a file, in the words of an office, where a frame of a program is told another thing.
IN_FILES = {
    EXPECTED["date"]: Note("Write the date as day/month/year, like 31/12/2018."),
    FROM_0_TO_1: Note('Write the completion from 0% to 100% with its sign, like 40%, or "Completed", "Not started".'),
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
        elif not column.optional and column.default is not None:
            clean[column.name] = column.default
    if missing := [column.name for column in schema.columns if column.name in schema.required - {*frame.columns}]:
        _note_missing(missing, frame, schema, findings)
    extra = [name for name in frame.columns if name not in clean.columns]
    clean = pd.concat([clean, frame[extra]], axis=1) if extra else clean
    _check_repeats(clean, list(schema.key), findings)
    if own:
        findings.raise_any()
    return clean


def _check_columns(frame: pd.DataFrame, schema: Schema, findings: Findings) -> None:
    """Raise at once what makes a table unreadable: no rows, or a column that is there twice."""
    if frame.empty and not (schema.vacant and schema.required <= {*frame.columns}):
        findings.add(Note("the table has no rows"), Note("Fill it in, or leave the file out of study.toml."))
        findings.raise_any()
    for name in frame.columns[frame.columns.duplicated()].unique():
        findings.add(*REPEATED_COLUMN, row=1, column=str(name))
    findings.raise_any()


def _note_missing(missing: list[str], frame: pd.DataFrame, schema: Schema, findings: Findings) -> None:
    """Note the required columns that are missing, with those that were not recognised, and raise."""
    known = {column.name for column in schema.columns} | {*schema.further}
    for name in missing:
        remedy = missing_column(name, [str(other) for other in frame.columns if other not in known])
        findings.add(MISSING, remedy, row=1, column=name)
    findings.raise_any()


#: What is said of a column that a table must have.
MISSING = Note("a required column is missing")


def missing_column(name: str, others: list[str]) -> Note:
    """Say what to do about a missing column: it may be among ``others``, which were not recognised; the nearest first.

    Examples
    --------
    >>> print(missing_column("due", ["Deadline of the task"]))
    Add it. Columns that were not recognised: Deadline of the task. If it is one of them, correct that header.
    """
    if not others:
        return Note("Add it.")
    near = nearest(name, others).values.get("name")
    others = sorted(others, key=lambda other: other != near)
    listed = ", ".join([*others[:8], "..."] if len(others) > 8 else others)
    return Note(
        "Add it. Columns that were not recognised: {names}. If it is one of them, correct that header.",
        {"names": listed},
    )


def _check_repeats(clean: pd.DataFrame, key: list[str], findings: Findings) -> None:
    """Note each row whose key an earlier row has; a key with an unusable cell is noted as such already."""
    if not clean.duplicated(key).any():
        return
    named = clean.loc[(clean[key].notna() & (clean[key] != "")).all(axis=1), key]
    first = pd.Series(named.index, index=named.index).groupby([named[name] for name in key]).transform("first")
    again, column = first[first != first.index], ", ".join(key)
    words = Note(", ".join(f"{{{name}}}" for name in key), {name: HEADERS.get(name, name) for name in key})
    remedy = Note("Keep one row for each {key}.", {"key": words})
    for index, twin in again.iloc[:LISTED].items():
        what = Note("the row repeats row {row}", {"row": sheet_row(twin)})
        value = ", ".join(map(as_written, named.loc[index]))
        findings.add(what, remedy, row=sheet_row(index), column=column, value=value)
    if len(again) > LISTED:
        findings.count(what, column, len(again) - LISTED)


def _check_column(values: pd.Series, column: Column, findings: Findings) -> pd.Series:
    """Parse one column, noting unreadable, empty and out-of-bounds cells."""
    parsed = parse_column(values, column.kind)
    blank = values.isna()
    if not plain_kind(values):  # no text, so no cell of blanks
        blank |= values.astype(str).str.strip() == ""

    def note(wrong: pd.Series, what: Note, remedy: Note) -> None:
        if wrong.any():
            cells = values[wrong].astype(str).str.strip().mask(blank[wrong], "")
            findings.add_rows(pd.DataFrame({column.name: cells}), column.name, what, remedy)

    if not column.empty:
        fill_in = column.if_empty or (column.name == "completion" and column.remedy) or EXPECTED[column.kind]
        note(blank, Note("the cell is empty"), fill_in)
    remedy = column.remedy or EXPECTED[column.kind]
    broken = parsed.isna() & ~blank
    if column.kind == "text":
        return parsed
    if column.kind == "date":
        far = pd.Series(map(_is_far, values[broken].astype(str)), values.index[broken], dtype=bool)
        far = far.reindex(values.index, fill_value=False)
        note(broken & ~far, Note("this is not a date"), remedy)
        note(far, *FAR_YEAR)
        return parsed
    note(broken, Note("this is not a number"), remedy)
    if column.kind == "integer":
        broken = parsed.notna() & (parsed % 1 != 0)
        note(broken, Note("this is not a whole number"), remedy)
        parsed = parsed.mask(broken)
    outside = parsed.notna() & ~parsed.between(column.low, column.high)
    bounds = Note("the value is outside {low:g} to {high:g}", {"low": column.low, "high": column.high})
    if column.high == np.inf:
        bounds = Note("the value is below {low:g}", {"low": column.low})
    note(outside, bounds, remedy)
    parsed = parsed.mask(outside)
    whole = column.kind == "integer" and parsed.notna().all()
    return parsed.astype("int64") if whole else parsed


def _is_far(text: str) -> bool:
    """Say whether a text that is no day of a programme is one of another century."""
    found = _ANY_DAY.fullmatch(text.strip())
    return found is not None and not PROGRAMME_YEARS[0] <= int(found[1]) <= PROGRAMME_YEARS[1]
