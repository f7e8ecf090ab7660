"""Reading text from disk, or an error that says what is wrong with the file; and the tables of the package itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import Findings, cannot_read
from papi_analysis.study.schema import Schema
from papi_analysis.study.sheets import MAX_LINE, MAX_PART

SAVE_AGAIN = Note("Save it again as 'CSV UTF-8'.")


def read_text(path: Path, again: Note | None = None) -> str:
    """Read a UTF-8 file, with or without a byte-order mark; ``again`` says how to save it, where it is no table.

    Raises
    ------
    DataError
        Where the file is missing, empty, too large, in another encoding, or not text at all.
    """
    file = path.name
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


def check_widths(rows: Sequence[Sequence[object]], body: int, findings: Findings) -> None:
    """Note each row from ``body`` on that has more or fewer cells than the row before ``body``, blank ones aside."""
    names = len(rows[body - 1])
    for number, row in enumerate(rows[body:], body + 1):
        if len(row) != names and any(str(cell).strip() for cell in row):
            what = Note("the row has {cells} cells where the header has {names}", {"cells": len(row), "names": names})
            findings.add(what, Note("Put text that contains a comma between double quotes."), row=number)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the package itself, every cell as text."""
    return pd.read_csv(path, dtype=object, keep_default_na=False, encoding="utf-8")


def load_table(path: Path, schema: Schema) -> pd.DataFrame:
    """Read a table of the package itself, in the kinds of ``schema``: once, and a copy for each who asks."""
    return _load_once(path, schema).copy()


@cache
def _load_once(path: Path, schema: Schema) -> pd.DataFrame:
    return check_frame(read_table(path), schema, path.name)
