"""Tables as an Excel workbook, as bytes, and what all office files share: text as text, and no time of their making."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from datetime import date
from numbers import Real
from typing import Any

from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.downloads import inert
from papi_analysis.reporting.files import PROGRAM
from papi_analysis.reporting.tables import Table, Text

#: Characters of a column in a workbook beyond which its texts go over several lines, and the most that a cell holds.
WIDEST, FULL = 60, 32_767

#: The letters of official documents, and their size in a sheet; characters that fit beside each other on upright A4.
FONT, SIZE, UPRIGHT = "Times New Roman", 12, 90

#: The characters that an office file can hold, as a set of a regular expression.
ALLOWED = "\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"


def xlsx_file(table: Table) -> bytes:
    """Write one table as an Excel workbook: numbers and days as such, all else as text, the head in place."""
    return workbook_of([("", table)], table.caption)


def workbook_of(tables: Sequence[tuple[str, Table]], title: str = "") -> bytes:
    """Write tables as an Excel workbook, a sheet each under its name, that prints on one A4 page's width.

    >>> from papi_analysis.reporting.tables import table_frame
    >>> import pandas as pd
    >>> workbook_of([("1 Scores", table_frame(pd.DataFrame({"dimension": ["D1"], "score": [5.0]})))])[:2]
    b'PK'
    """
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator, book.properties.title = "", clean(title) or None
    for place, (name, table) in enumerate(tables):
        page = book.create_sheet() if place else book.active
        page.title = _sheet_name(name, book.sheetnames) if name else page.title
        _fill(page, table)
    written = io.BytesIO()
    book.save(written)
    return signed(written.getvalue())


def clean(text: str) -> str:
    """Text without the characters that no office file can hold; a mark stands in their place."""
    return re.sub(f"[^{ALLOWED}]", "\N{REPLACEMENT CHARACTER}", text)


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    """A name as a workbook takes it: at most 31 characters, none of those that mean something, none twice."""
    whole = re.sub(r"[\[\]:*?/\\]|[^" + ALLOWED + "]", " ", name).strip("' ") or "Sheet"
    tries = [whole[:31].strip(), *(f"{whole[:27].strip()} {n}" for n in range(2, len(taken) + 3))]
    used = {one.casefold() for one in taken}
    return next(one for one in tries if one.casefold() not in used)


def _fill(page: Any, table: Table) -> None:
    """Write a table into an empty sheet, its caption above."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    rows, numbers, above = table.rows, table.numbers, int(bool(table.caption))
    if table.caption:
        _write_text(page.cell(1, 1), table.caption)
        page.cell(1, 1).font = Font(name=FONT, size=SIZE, bold=True)
    for number, texts in enumerate(rows):
        for column, text in enumerate(texts):
            cell = page.cell(above + number + 1, column + 1)
            cell.font = Font(name=FONT, size=SIZE, bold=number == 0 or column == 0)
            cell.alignment = Alignment(vertical="top")
            if number and _write_number(cell, text, table.language):
                continue
            _write_text(cell, text)
            right = "right" if numbers[column] else None  # the head, or a gap
            cell.alignment = Alignment(wrap_text=len(text) > WIDEST, vertical="top", horizontal=right)
        lines = max(math.ceil(len(text) / WIDEST) for text in texts)
        if lines > 1:
            page.row_dimensions[above + number + 1].height = lines * 1.4 * SIZE
    shares = [min(max(len(text) for text in texts), WIDEST) + 2 for texts in zip(*rows, strict=True)]
    for column, width in enumerate(shares, 1):
        page.column_dimensions[get_column_letter(column)].width = width
    page.freeze_panes = page.cell(above + 2, 2)
    page.print_title_rows = f"{above + 1}:{above + 1}"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.orientation = "landscape" if sum(shares) > UPRIGHT else "portrait"
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0


def _write_text(cell: Any, text: str) -> None:
    if len(text) > FULL:
        raise SpecError(
            Note(
                "cell {coordinate} would hold {count} characters, and a workbook's {full} at most.",
                {"coordinate": cell.coordinate, "count": len(text), "full": FULL},
            )
        )
    cell.value = clean(text)
    cell.data_type = "s"  # openpyxl takes "=..." for a formula and "#N/A" for an error
    cell.quotePrefix = inert(text) != text  # nor does it become one when somebody edits the cell


def _write_number(cell: Any, text: str, language: str) -> bool:
    """Write a number or a day that looks like its text in the table; return whether it was one."""
    value = text.value if isinstance(text, Text) else None
    if isinstance(value, date) and value == value and value.year >= 1900:  # where a workbook's days begin
        cell.value = date(value.year, value.month, value.day)
        cell.number_format = "yyyy-mm-dd" if language == "en" else "dd/mm/yyyy"
        return True
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        return False
    cell.value = value
    cell.number_format = _number_format(text, language)
    return True


def _number_format(text: str, language: str) -> str:
    """Return the format in which a workbook shows a number as the table does; its own marks are always English.

    >>> [_number_format(text, "vi") for text in ("1.234,50", "82%", "2018", "< 0,001")]
    ['#,##0.00', '0%', '0', '[<0.001]"< 0,001";0.000']
    """
    if text.startswith("<"):
        return f'[<0.001]"{text}";0.000'
    mark = "." if language == "en" else ","
    whole, _, decimals = text.rstrip("%").partition(mark)
    grouped = "#,##0" if re.search(r"[.,]", whole) else "0"
    return grouped + ("." + "0" * len(decimals) if decimals else "") + "%" * text.endswith("%")


def signed(data: bytes) -> bytes:
    """Return an office file that names this package as its program, and no time: it is the same each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in given.namelist():
            part = given.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"<dcterms:(created|modified)\b.*?</dcterms:\1>", b"", part, flags=re.DOTALL)
            elif name == "docProps/app.xml":
                part = re.sub(rb"<Application>.*?</Application>", PROGRAM, part, flags=re.DOTALL)
            kept.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return written.getvalue()
