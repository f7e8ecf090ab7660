"""Words, tables and figures as a Word document that an office can edit, laid out as official documents are.

Decree 30/2020/ND-CP, annex I: A4, margins of 20 mm above and below, 30 mm left and 15 mm right, Times New Roman of 13
to 14 points, page numbers in the middle of the upper margin from the second page on. A table keeps to eight columns
and is turned where it is wide; what has more columns goes on in a further table. Nothing tells when it was made.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from papi_analysis.reporting.canvas import picture_of
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.office_files import FONT, clean, signed
from papi_analysis.reporting.page import PIXELS_PER_DOT, picture_size
from papi_analysis.reporting.section import Words
from papi_analysis.reporting.tables import WIDE, Table

T = TypeVar("T")

#: Points of the text, of headings, and of what stands in and around a table.
TEXT, HEAD, CELL = 13, 14, 11

#: Millimetres: the page, its margins (above and below, left, right), and the room between them upright and turned.
PAGE, MARGINS = (210, 297), (20, 30, 15)
ROOM = {False: PAGE[0] - MARGINS[1] - MARGINS[2], True: PAGE[1] - MARGINS[1] - MARGINS[2]}

#: Millimetres that a figure leaves for its caption, where it would fill a page.
CAPTION = 35

#: Millimetres that a character of a cell takes, and a cell's own margins; characters that a cell shall hold in a line,
#: and the name of a row, which may go over several.
LETTER, INSET, LINE, NAME = 2.0, 4.8, 22, 14

#: Characters of a figure's name: the first sentence of its alternative text, which holds the rest.
NAMED = 150

#: What stands around tables and figures.
WORDS = {
    "table": "Table",
    "figure": "Figure",
    "more": "continued",
    "source": "Source: made with papi_analysis.",
}


def docx_file(table: Table) -> bytes:
    """Write one table as a Word document: its caption above, its head on every page, its source below."""
    return document_of([table], title=table.caption, language=table.language, alone=True)


def document_of(
    parts: Iterable[Any],
    *,
    title: str,
    language: str = "en",
    banner: str = "",
    source: str = "",
    alone: bool = False,
) -> bytes:
    """Return the parts of sections (`Words`, `Table`, or what a draw function returned) as a Word document.

    Parameters
    ----------
    parts
        In reading order.
    title
        Of the document's properties.
    language
        ``"en"`` or ``"vi"``: that of the parts.
    banner
        A warning that stands at the head of every page.
    source
        What stands below each table; by default that this package made it.
    alone
        A single table keeps its own caption, or none; in a report tables and figures are counted and named.

    Examples
    --------
    >>> document_of([Words("Slopes", ("None differs from zero.",), level=1)], title="Slopes")[:2]
    b'PK'
    """
    return _Document(title, language, banner, source, alone).written(list(parts))


def widths(rows: Sequence[Sequence[str]], room: float) -> list[float]:
    """Share out a room in millimetres over columns: each gets its longest word, the rest goes by the length of texts.

    >>> widths([["a", "title"], ["1", "one two three four"]], room=100)
    [14.3, 85.7]
    """
    columns = list(zip(*rows, strict=True))
    most = [max(map(len, texts)) * LETTER + INSET for texts in columns]
    least = [max(_longest_word(text) for text in texts) * LETTER + INSET for texts in columns]
    spare = room - sum(least)
    if spare < 0:  # no width fits all words: some break
        return [round(width * room / sum(least), 1) for width in least]
    wished = [wide - small for wide, small in zip(most, least, strict=True)]
    if sum(wished) > spare or not sum(wished):
        shares = [wish * spare / sum(wished) if sum(wished) else spare / len(least) for wish in wished]
        return [round(small + share, 1) for small, share in zip(least, shares, strict=True)]
    return [round(wide * room / sum(most), 1) for wide in most]


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def needs_turning(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table is too wide for an upright page: the words of its head, or some width for its cells, do not fit.

    >>> needs_turning([["a", "b c d"]] * 3), needs_turning([["task", *["a sentence of some length"] * 4]] * 2)
    (False, True)
    """
    need = [
        max(
            _longest_word(head),
            *(max(_longest_word(text), min(len(text), LINE if place else NAME)) for text in cells),
            1,
        )
        for place, (head, *cells) in enumerate(zip(*rows, strict=True))
    ]
    return sum(need) * LETTER + len(need) * INSET > ROOM[False]


def in_pieces(rows: Sequence[Sequence[T]], most: int = WIDE) -> list[list[list[T]]]:
    """Cut a table of more than ``most`` columns into several, each with the first column.

    >>> [[row for row in piece] for piece in in_pieces([["a", "b", "c", "d"]], most=3)]
    [[['a', 'b', 'c']], [['a', 'd']]]
    """
    columns = range(1, max(len(rows[0]), 2))
    starts = columns[:: most - 1]
    return [[[row[0], *row[start : start + most - 1]] for row in rows] for start in starts]


def picture_width(data: bytes, *, turned: bool) -> float:
    """Millimetres across of a picture: as drawn, or as many as let it and its caption fit on a page."""
    width, height = (size / PIXELS_PER_DOT / 144 * 25.4 for size in picture_size(data).values())
    below = PAGE[0 if turned else 1] - 2 * MARGINS[0] - CAPTION
    return min(width, ROOM[turned], below * width / height)


def name_of(alternative: str, mark: str) -> list[str]:
    """Name a figure: what its alternative text says first, before numbers and details; then the mark, if it has one.

    >>> name_of("SIMULATED: tasks. Line charts of completion; the mean is 0.5. One is dashed.", "SIMULATED:")
    ['Line charts of completion', 'SIMULATED: tasks']
    """
    sentences = re.split(r"(?<=\w)(?<![A-Z])\. ", alternative)
    marks = [sentence.rstrip(".") for sentence in sentences if sentence.startswith(mark)]
    first = next((sentence for sentence in sentences if not sentence.startswith(mark)), "")
    return [textwrap.shorten(re.split("[:;] ", first)[0].rstrip("."), NAMED, placeholder=" …"), *marks[:1]]


class _Document:
    """A document as it grows."""

    def __init__(self, title: str, language: str, banner: str, source: str, alone: bool) -> None:
        import docx

        self.file, self.alone, tongue = docx.Document(), alone, find_language(language)
        self.words = {name: tongue.text(words) for name, words in WORDS.items()}
        self.mark = tongue.text("SIMULATED: {tables}", tables="").strip()
        self.words["source"] = clean(source) or self.words["source"]
        self.heading, self.counted, self.turned = clean(title), {"table": 0, "figure": 0}, False
        properties = self.file.core_properties
        properties.title, properties.author = clean(title)[:255], ""
        properties.comments, properties.language = "", language
        self._set_styles({"en": "en-GB", "vi": "vi-VN"}[language])
        self._set_page(self.file.sections[0], turned=False)
        self._set_heads(banner)

    def written(self, parts: list[Any]) -> bytes:
        turned = self._orientations(parts)
        for place, (part, turn) in enumerate(zip(parts, turned, strict=True)):
            self._turn(turn, first=place == 0)
            if isinstance(part, Words):
                self._add_words(part)
            elif isinstance(part, Table):
                self._add_table(part)
            else:
                self._add_figure(part)
        written = io.BytesIO()
        self.file.save(written)
        return signed(written.getvalue())

    def _orientations(self, parts: list[Any]) -> list[bool]:
        """Which parts stand on a turned page: wide tables, and the smaller headings right above them."""
        turned: list[bool] = []
        for part in reversed(parts):
            if isinstance(part, Table):
                turned.append(any(map(needs_turning, in_pieces(part.rows))))
            else:
                small = isinstance(part, Words) and part.level > 2
                turned.append(bool(small and turned and turned[-1]))
        return turned[::-1]

    def _turn(self, turned: bool, *, first: bool) -> None:
        if turned != self.turned:
            section = self.file.sections[0] if first else self.file.add_section()
            self._set_page(section, turned)
            if not first:
                section.different_first_page_header_footer = False
            self.turned = turned

    def _set_page(self, section: Any, turned: bool) -> None:
        from docx.enum.section import WD_ORIENT
        from docx.shared import Mm

        section.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (Mm(side) for side in (PAGE[::-1] if turned else PAGE))
        section.top_margin = section.bottom_margin = Mm(MARGINS[0])
        section.left_margin, section.right_margin = Mm(MARGINS[1]), Mm(MARGINS[2])
        section.header_distance = Mm(MARGINS[0] / 2)

    def _set_styles(self, language: str) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml.ns import qn
        from docx.shared import Mm, Pt, RGBColor

        styles = self.file.styles
        for lang in styles.element.xpath("//w:lang"):  # what is read aloud and checked for spelling
            lang.set(qn("w:val"), language)
        sizes = {
            "Normal": TEXT,
            "Header": TEXT,
            "Heading 1": HEAD,
            "Heading 2": HEAD,
            "Heading 3": TEXT,
            "Caption": TEXT,
        }
        for name, size in sizes.items():
            font, fonts = styles[name].font, styles[name].element.get_or_add_rPr().get_or_add_rFonts()
            for theme in [attribute for attribute in fonts.attrib if "Theme" in attribute]:
                del fonts.attrib[theme]
            for script in ("ascii", "hAnsi", "eastAsia", "cs"):
                fonts.set(qn(f"w:{script}"), FONT)
            font.size, font.color.rgb = Pt(size), RGBColor(0, 0, 0)
            font.bold = name not in ("Normal", "Header")
            styles[name].paragraph_format.space_after = Pt(6)
        styles["Heading 1"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        styles["Normal"].paragraph_format.line_spacing = 1.15
        text = styles["Body Text"].paragraph_format
        text.alignment, text.first_line_indent, text.space_after = WD_ALIGN_PARAGRAPH.JUSTIFY, Mm(10), Pt(6)

    def _set_heads(self, banner: str) -> None:
        """Number the pages from the second on; a warning stands on all."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        section = self.file.sections[0]
        section.different_first_page_header_footer = True
        number = section.header.paragraphs[0]
        number.alignment = WD_ALIGN_PARAGRAPH.CENTER
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), "PAGE")
        number._p.append(field)
        if banner:
            first = section.first_page_header.paragraphs[0]
            for paragraph in (first, section.header.add_paragraph()):
                paragraph.add_run(clean(banner)).bold = True

    def _add_words(self, words: Words) -> None:
        if words.heading:
            self.heading = words.heading
            self.file.add_heading(clean(words.heading), words.level)
        for paragraph in words.paragraphs:
            self.file.add_paragraph(clean(paragraph), style="Body Text")
        for item in words.items:
            self.file.add_paragraph(clean(item), style="List Bullet")

    def _caption(self, kind: str, *named: str) -> str:
        """Number a table or figure and say what it is; a table alone has the caption that it has."""
        if self.alone:
            return named[-1]
        self.counted[kind] += 1
        return f"{self.words[kind]} {self.counted[kind]}: {'. '.join(filter(None, named))}"

    def _add_table(self, table: Table) -> None:
        from docx.shared import Pt

        caption, kinds = self._caption("table", self.heading, table.caption), in_pieces([table.numbers])
        for place, (rows, (numbers,)) in enumerate(zip(in_pieces(table.rows), kinds, strict=True)):
            if caption:
                more = f" ({self.words['more']})" if place else ""
                above = self.file.add_paragraph(clean(caption) + more, style="Caption")
                above.paragraph_format.keep_with_next = True
            self._add_grid(rows, numbers)
            below = self.file.add_paragraph()
            below.paragraph_format.space_before = Pt(2)
            run = below.add_run(self.words["source"])
            run.italic, run.font.size = True, Pt(CELL)

    def _add_grid(self, rows: list[list[str]], numbers: list[bool]) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.shared import Mm, Pt

        grid = self.file.add_table(len(rows), len(rows[0]), style="Table Grid")
        grid.autofit = False
        shares = [Mm(width) for width in widths(rows, ROOM[self.turned])]
        for column, share in zip(grid.columns, shares, strict=True):
            column.width = share
        for number, (row, texts) in enumerate(zip(grid.rows, rows, strict=True)):
            marks = row._tr.get_or_add_trPr()
            marks.append(OxmlElement("w:cantSplit"))
            if number == 0:
                marks.append(OxmlElement("w:tblHeader"))
            for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                cell.width = shares[column]
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after, paragraph.paragraph_format.line_spacing = Pt(0), 1
                paragraph.paragraph_format.keep_with_next = number == len(rows) - 1  # the source line
                run = paragraph.add_run(clean(text))
                run.font.size, run.bold = Pt(CELL), number == 0
                if number == 0:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                elif numbers[column]:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _add_figure(self, drawn: Any) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Mm

        data, alternative = picture_of(drawn)
        picture = self.file.add_picture(io.BytesIO(data), width=Mm(picture_width(data, turned=self.turned)))
        said = clean(alternative)
        picture._inline.docPr.set("descr", said)
        self.file.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.file.paragraphs[-1].paragraph_format.keep_with_next = True
        below = self.file.add_paragraph(self._caption("figure", *name_of(said, self.mark)), style="Caption")
        below.alignment = WD_ALIGN_PARAGRAPH.CENTER
