"""Reading tables from disk: every cell as text, or an error that says what is wrong with the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from papi_analysis.errors import DataError, Problem
from papi_analysis.study.schema import Findings, Schema, check_frame


def read_text(path: Path, shown: str = "") -> str:
    """Read a UTF-8 file, with or without a byte-order mark.

    Raises
    ------
    DataError
        Where the file is missing, empty, in another encoding, or not text at all.
    """
    file = shown or path.name
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = f"Put the file into the folder {path.parent.name!r}, or correct its name in study.toml."
        raise DataError(Problem(f"the file cannot be read: {error.strerror}", remedy, file)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        remedy = "Save it again as 'CSV UTF-8' (in a spreadsheet: Save as, encoding UTF-8)."
        raise DataError(Problem("the file is not in UTF-8", remedy, file, row)) from None
    if not text.strip():
        raise DataError(Problem("the file is empty", "Fill it in, or leave it out of study.toml.", file))
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise DataError(Problem("the file holds NUL bytes", "Save it again as 'CSV UTF-8'.", file, row))
    return text


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
        findings.add(f"the file is not a csv table: {error}", "Save it again as 'CSV UTF-8'.")
        findings.raise_any()
    header = [name.strip() for name in header]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        findings.add("the cells are not separated by commas", "Save it again as 'CSV UTF-8' with commas.", row=1)
        findings.raise_any()
    for name in sorted({name for name in header if header.count(name) > 1}):
        findings.add("the header repeats a column", "Keep one column of each name.", row=1, column=name)
    kept = {index: row for index, row in enumerate(rows) if any(cell.strip() for cell in row)}
    for index, row in kept.items():
        if len(row) != len(header):
            findings.add(
                f"the row has {len(row)} cells where the header has {len(header)}",
                "Put text that contains a comma between double quotes.",
                row=index + 2,
            )
    findings.raise_any()
    frame = pd.DataFrame(list(kept.values()), index=list(kept), columns=header, dtype=object)
    return frame.assign(**{name: value for name, value in fill.items() if name not in header})


def load_table(path: Path, schema: Schema, *, shown: str = "", **fill: str) -> pd.DataFrame:
    """Read ``path`` and check it against ``schema``; ``fill`` gives the value of a column that is absent."""
    return check_frame(read_table(path, shown, **fill), schema, shown or path.name)
