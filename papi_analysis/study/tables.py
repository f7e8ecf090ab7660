"""Reading tables from disk: every cell as text, or an error that says what is wrong with the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.findings import REPEATED_COLUMN, Findings, cannot_read
from papi_analysis.study.schema import Schema, check_frame
from papi_analysis.study.sheets import MAX_LINE, MAX_PART

SAVE_AGAIN = Note("Save it again as 'CSV UTF-8'.")


def read_text(path: Path, shown: str = "", again: Note | None = None) -> str:
    """Read a UTF-8 file, with or without a byte-order mark; ``again`` says how to save it, where it is no table.

    Raises
    ------
    DataError
        Where the file is missing, empty, too large, in another encoding, or not text at all.
    """
    file = shown or path.name
    try:
        if path.is_file() and path.stat().st_size > MAX_PART:
            raise too_large(file)
        content = path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error, file) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        remedy = again or Note("Save it again as 'CSV UTF-8' (in a spreadsheet: Save as, encoding UTF-8).")
        raise DataError(Problem(Note("the file is not in UTF-8"), remedy, file, row)) from None
    if not text.strip():
        remedy = Note("Fill it in.") if again else Note("Fill it in, or leave it out of study.toml.")
        raise DataError(Problem(Note("the file is empty"), remedy, file))
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise DataError(Problem(Note("the file holds NUL bytes"), again or SAVE_AGAIN, file, row))
    long = next((row for row, line in enumerate(text.splitlines(), 1) if len(line) > MAX_LINE), None)
    if long is not None:
        raise DataError(Problem(Note("the line is too long for a table"), again or SAVE_AGAIN, file, long))
    return text


def too_large(file: str) -> DataError:
    """Make the error of a table that is too large to be read cell by cell."""
    remedy = Note(
        "Keep the rows of the table alone in the file. A register of so many reports can be given to completion as a "
        "Parquet file, by its path."
    )
    return DataError(Problem(Note("the file is too large"), remedy, file))


def read_table(path: Path, shown: str = "", **fill: str) -> pd.DataFrame:
    """Read a csv file into text columns; the index counts data rows from 0 and blank rows are left out.

    ``fill`` gives the value of a column that is absent.

    Raises
    ------
    DataError
        Where the file cannot be read, a header repeats, or a row has more or fewer cells than the header.
    """
    findings = Findings(shown or path.name)
    text = read_text(path, shown)
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        findings.add(Note("the file is not a csv table: {error}", {"error": error}), SAVE_AGAIN)
        findings.raise_any()
    header = [name.strip() for name in header]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        remedy = Note("Save it again as 'CSV UTF-8' with commas.")
        findings.add(Note("the cells are not separated by commas"), remedy, row=1)
        findings.raise_any()
    for name in sorted({name for name in header if header.count(name) > 1}):
        findings.add(*REPEATED_COLUMN, row=1, column=name)
    check_widths([header, *rows], 1, findings)
    findings.raise_any()
    kept = {index: row for index, row in enumerate(rows) if any(cell.strip() for cell in row)}
    frame = pd.DataFrame(list(kept.values()), index=list(kept), columns=header, dtype=object)
    return frame.assign(**{name: value for name, value in fill.items() if name not in header})


def check_widths(rows: Sequence[Sequence[object]], body: int, findings: Findings) -> None:
    """Note each row from ``body`` on that has more or fewer cells than the row before ``body``, blank ones aside."""
    names = len(rows[body - 1])
    for number, row in enumerate(rows[body:], body + 1):
        if len(row) != names and any(str(cell).strip() for cell in row):
            what = Note("the row has {cells} cells where the header has {names}", {"cells": len(row), "names": names})
            findings.add(what, Note("Put text that contains a comma between double quotes."), row=number)


def load_table(path: Path, schema: Schema, *, shown: str = "", **fill: str) -> pd.DataFrame:
    """Read ``path`` and check it against ``schema``; ``fill`` gives the value of a column that is absent."""
    return check_frame(read_table(path, shown, **fill), schema, shown or path.name)
