"""What the XML of a sheet says beside the values of its cells: their order, what is hidden, merged or one formula."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_SHEET_DATA = re.compile(rb"</?(?:\w+:)?sheetData(?:\s[^>]*)?/?>")
_PLACE = re.compile(rb"""<(?:\w+:)?(row|c)(?=[\s/>])(?:[^>]*?\sr=["']([A-Za-z]*)(\d+)["'])?""")
_ROW = re.compile(rb"<(?:\w+:)?row(\s[^>]*)>")
_COLUMN = re.compile(rb"<(?:\w+:)?col(\s[^>]*)>")
_HIDDEN = re.compile(rb"""\s(?:hidden=["'](?:1|true)|(?:ht|width)=["']0(?:\.0*)?)["']""")
#: A formula that fills a block of cells: the others of the block hold nothing of their own in the file.
_ARRAY = re.compile(rb"""<(?:\w+:)?f(?=\s)(?=[^>]*\st=["'](?:array|dataTable)["'])[^>]*?\sref=["']([A-Z0-9:]+)["']""")


class Block(NamedTuple):
    """Merged cells: first and last row and column, counted from 0."""

    top: int
    bottom: int
    left: int
    right: int


def split_sheet(xml: bytes) -> tuple[bytes, bytes]:
    """Give what a sheet says before its cells, and the cells."""
    if not _SHEET_DATA.search(xml):
        return xml, b""
    head, data, *rest = _SHEET_DATA.split(xml)
    if len(rest) > 1:  # no spreadsheet program writes two tables of cells
        raise ValueError
    return head, data


def place_out_of_order(data: bytes) -> int | None:
    """Give the first row that holds a cell twice or in another place: readers differ in which one they take."""
    row, column = 0, b""
    for found in _PLACE.finditer(data):
        kind, letters, digits = found.groups(b"")
        number = int(digits or row + (kind == b"row"))
        place = letters.upper().rjust(3)
        if (kind == b"row" and number <= row) or (kind == b"c" and digits and (number != row or place <= column)):
            return number
        row, column = number, b"" if kind == b"row" else place
    return None


def hidden(head: bytes, data: bytes, most: int) -> tuple[frozenset[int], frozenset[int]]:
    """Say which rows and columns are hidden, counted from 0; of the columns, only the first ``most``."""
    rows, columns, number = set(), set(), 0
    for found in _ROW.finditer(data):
        own = _attribute(found[1], b"r")
        number = int(own) if own else number + 1
        rows |= {number - 1} if _HIDDEN.search(found[1]) else set()
    for found in _COLUMN.finditer(head):
        if _HIDDEN.search(found[1]):
            first, last = (int(_attribute(found[1], name)) for name in (b"min", b"max"))
            columns |= {*range(first - 1, min(last, most))}
    return frozenset(rows), frozenset(columns)


def _attribute(attributes: bytes, name: bytes) -> bytes:
    found = re.search(rb"\s" + name + rb"""=["']([^"']*)""", attributes)
    return found[1] if found else b""


def arrays(data: bytes, most: int) -> dict[int, list[tuple[int, int]]]:
    """Give for each row the first and last columns, from 1, that formulas for a whole block of cells fill."""
    from openpyxl.utils import range_boundaries

    blocks: dict[int, list[tuple[int, int]]] = {}
    free = most
    for found in _ARRAY.finditer(data):
        left, top, right, bottom = range_boundaries(found[1].decode())
        free -= bottom - top + 1
        if free < 0:
            raise ValueError
        for row in range(top, bottom + 1):
            blocks.setdefault(row, []).append((left, right))
    return blocks


def merged(xml: bytes, height: int, width: int) -> Iterator[Block]:
    """Yield the merged cells of a sheet of so many rows and columns."""
    from openpyxl.utils import range_boundaries

    free = height * width
    for found in _MERGE.finditer(xml):
        left, top, right, bottom = range_boundaries(found[1].decode())
        free -= max(0, min(bottom, height) - top + 1) * max(0, min(right, width) - left + 1)
        if free < 0:  # no spreadsheet program merges a cell twice
            raise ValueError
        yield Block(top - 1, bottom - 1, left - 1, right - 1)
