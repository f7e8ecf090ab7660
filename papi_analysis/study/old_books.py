"""Workbooks in .xls and .ods, opened by python-calamine; what it does not say of a file is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.cells import Cell, Percent, Unreadable
from papi_analysis.study.sheet_xml import Block
from papi_analysis.study.sheets import (
    BLANK_ROWS,
    IN_ERROR,
    MAX_CELLS,
    PASSWORD,
    Sheet,
    check_row,
    too_many,
)

_OPENER = Path(__file__).with_name("open_old_book.py")
#: No workbook within the bounds takes so long.
_SECONDS = 60
_TAG = re.compile(rb"<(table:table|table:table-row|table:(?:covered-)?table-cell)((?:\s[^>]*?)?)(/?)>")
_TIMES = re.compile(rb'table:number-(columns|rows)-(repeated|spanned)="(\d+)"')
#: What is said of every table from such a file that is used.
UNTOLD = (
    Note(
        "of a file in the old formats (.xls, .ods) not all is known: how dates and percentages are shown, "
        "errors in .xls"
    ),
    Note("To be sure, save it as an Excel workbook (.xlsx)."),
)


@dataclass
class _Marks:
    """What the XML of a sheet in .ods says of its rows and cells, counted from 0."""

    row: int = -1
    column: int = 0
    repeated: int = 1
    hidden: set[int] = field(default_factory=set)
    percent: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)
    merged: list[Block] = field(default_factory=list)


def read_old_workbook(path: Path, file: str, content: bytes = b"") -> list[Sheet]:
    """Read the sheets of a workbook in .xls or, where ``content`` is what it says of its cells, in .ods.

    Raises
    ------
    DataError
        Where it has a password, or is too large.
    ValueError
        Where it is damaged.
    """
    marks = list(_read_marks(content, file))
    ran = subprocess.run(
        [sys.executable, "-I", str(_OPENER), str(path.resolve())], capture_output=True, timeout=_SECONDS
    )
    if ran.returncode:
        raise ValueError
    found = json.loads(ran.stdout)
    if found == "password":
        raise DataError(Problem(*PASSWORD, file))
    return [_read_sheet(sheet, marks[at] if (at := sheet["place"]) < len(marks) else _Marks(), file) for sheet in found]


def _read_sheet(sheet: Any, marks: _Marks, file: str) -> Sheet:
    """Read the rows of a sheet down to the last one that holds anything."""
    name = sheet["name"]
    if sheet["large"]:
        raise too_many(file, name)
    rows: list[list[Cell]] = [
        [_cell(value, (row, column), marks) for column, value in enumerate(cells)]
        for row, cells in enumerate(sheet["rows"])
    ]
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    for number, row in enumerate(rows, 1):
        check_row(row, file, name, number)
    merged = [Block(top, bottom, left, right) for (top, left), (bottom, right) in sheet["merged"]]
    blocks = marks.merged or merged
    if sum(_area(block, len(rows)) for block in blocks) > MAX_CELLS:
        raise ValueError
    return Sheet(name, rows, tuple(blocks), sheet["hidden"], frozenset(marks.hidden), old=True)


def _area(block: Block, height: int) -> int:
    return max(0, min(block.bottom, height) - block.top + 1) * (block.right - block.left + 1)


def _cell(value: Any, place: tuple[int, int], marks: _Marks) -> Cell:
    """Turn one value into what this package reads."""
    if place in marks.errors:
        return Unreadable(str(value), *IN_ERROR)
    if isinstance(value, list):
        return date.fromisoformat(value[0])
    if isinstance(value, int | float) and place in marks.percent:
        return Percent(value)
    return value if isinstance(value, str | int | float) else str(value)


def _read_marks(xml: bytes, file: str) -> Iterator[_Marks]:
    """Read what a sheet says beside its values, and refuse cells that are repeated without end."""
    marks: _Marks | None = None
    cells = 0
    for found in _TAG.finditer(xml):
        kind, own = found[1], found[2]
        times = {(what, how): int(n) for what, how, n in _TIMES.findall(own)}
        if kind == b"table:table":
            if marks:
                yield marks
            marks, cells = _Marks(), 0
        elif marks and kind == b"table:table-row":
            marks.row, marks.column = marks.row + marks.repeated, 0
            marks.repeated = times.get((b"rows", b"repeated"), 1)
            if b'visibility="collapse"' in own or b'visibility="filter"' in own:
                marks.hidden |= {*range(marks.row, marks.row + min(marks.repeated, BLANK_ROWS))}
        elif marks:
            wide = times.get((b"columns", b"repeated"), 1)
            if b"value-type=" in own:
                cells += wide * marks.repeated
                if cells > MAX_CELLS or (marks.row + marks.repeated) * (marks.column + wide) > 2 * MAX_CELLS:
                    raise too_many(file, "")
                _mark(marks, own, wide, times)
            marks.column += wide
    if marks:
        yield marks


def _mark(marks: _Marks, own: bytes, wide: int, times: dict[tuple[bytes, bytes], int]) -> None:
    """Note what one cell says of itself, and of those that repeat it."""
    down, right = (times.get((what, b"spanned"), 1) for what in (b"rows", b"columns"))
    if down * right > 1:
        top, left = marks.row, marks.column
        marks.merged.append(Block(top, top + down - 1, left, left + right - 1))
    for kind, places in ((b'value-type="percentage"', marks.percent), (b'calcext:value-type="error"', marks.errors)):
        if kind in own:
            places |= {
                (row, column)
                for row in range(marks.row, marks.row + marks.repeated)
                for column in range(marks.column, marks.column + wide)
            }
