"""A table as a Word document or an Excel workbook, as bytes.

Both hold text as text, whatever it looks like, and no time at which they were made.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from datetime import date
from numbers import Real
from typing import Any

from papi_analysis.errors import SpecError
from papi_analysis.reporting.downloads import inert
from papi_analysis.reporting.files import PROGRAM
from papi_analysis.reporting.tables import WIDE, Table, Text

#: Characters of a column in a workbook beyond which its texts go over several lines, and the most that a cell holds.
WIDEST, FULL = 60, 32_767


def docx_file(table: Table) -> bytes:
    """Write a table as a Word document: its head is repeated on every page."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    document, rows, numbers = docx.Document(), table.rows, table.numbers
    section, wide = document.sections[0], len(rows[0]) > WIDE
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    document.core_properties.title, document.core_properties.author = table.caption[:255], ""
    document.core_properties.comments, document.core_properties.language = "", table.language
    for lang in document.styles.element.xpath("//w:lang"):  # what is read aloud and checked for spelling
        lang.set(qn("w:val"), {"en": "en-GB", "vi": "vi-VN"}[table.language])
    if table.caption:
        document.add_paragraph(table.caption, style="Caption").paragraph_format.keep_with_next = True
    grid = document.add_table(len(rows), len(rows[0]), style="Table Grid")
    for number, (row, texts) in enumerate(zip(grid.rows, rows, strict=True)):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        if number == 0:
            row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(text)
            run.font.size, run.bold = Pt(9), number == 0 or column == 0
            if numbers[column]:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    written = io.BytesIO()
    document.save(written)
    return _signed(written.getvalue())


def xlsx_file(table: Table) -> bytes:
    """Write a table as an Excel workbook: numbers and days as such, all else as text, the head in place."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book, rows, numbers = Workbook(), table.rows, table.numbers
    book.properties.creator, book.properties.title = "", table.caption or None
    page = book.active
    above = 0
    if table.caption:
        above = 1
        _write_text(page.cell(1, 1), table.caption)
        page.cell(1, 1).font = Font(bold=True)
    for number, texts in enumerate(rows):
        for column, text in enumerate(texts):
            cell = page.cell(above + number + 1, column + 1)
            if number and _write_number(cell, text, table.language):
                continue
            _write_text(cell, text)
            right = "right" if numbers[column] else None  # the head, or a gap
            cell.alignment = Alignment(wrap_text=len(text) > WIDEST, vertical="top", horizontal=right)
            cell.font = Font(bold=number == 0 or column == 0)
    for column, widths in enumerate(zip(*([len(text) for text in row] for row in rows), strict=True), 1):
        page.column_dimensions[get_column_letter(column)].width = min(max(widths), WIDEST) + 2
    page.freeze_panes = page.cell(above + 2, 2)
    page.print_title_rows = f"{above + 1}:{above + 1}"
    written = io.BytesIO()
    book.save(written)
    return _signed(written.getvalue())


def _write_text(cell: Any, text: str) -> None:
    if len(text) > FULL:
        raise SpecError(f"cell {cell.coordinate} would hold {len(text)} characters, and a workbook's {FULL} at most.")
    cell.value = text
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


def _signed(data: bytes) -> bytes:
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
