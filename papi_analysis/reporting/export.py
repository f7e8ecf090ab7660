"""Tables and figures to take away: one file each, in the form that the file's name asks for."""

from __future__ import annotations

import html
import io
import os
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.canvas import DPI, alternative, figure_of, png, render
from papi_analysis.reporting.documents import docx_file
from papi_analysis.reporting.downloads import csv_text
from papi_analysis.reporting.files import GENERATOR, write_whole
from papi_analysis.reporting.office_files import ALLOWED, xlsx_file
from papi_analysis.reporting.side_by_side import Answers
from papi_analysis.reporting.side_by_side import table as shown_table
from papi_analysis.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_FORM = Note("nothing can be saved as {file!r}. End the name with one of {suffixes}.")

#: Inches between the margins of an official A4 page.
COLUMN = 165 / 25.4

#: Length of a figure's title; the whole description stands beside it.
TITLE = 100

#: No file of these kinds can hold them.
_FORBIDDEN = re.compile(f"[^{ALLOWED}]")

_LATEX = {character: "\\" + character for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": "$<$",
    ">": "$>$",
    "∞": r"$\infty$",
}


@check_kinds
def save_table(
    table: Estimates | pd.DataFrame | Answers,
    path: str | os.PathLike[str],
    *,
    language: str = "en",
    simulated: Sequence[str] = (),
) -> Path:
    r"""Write a table to a file, whole or not at all; return its path.

    Parameters
    ----------
    table
        What ``table`` takes (an answer, several, a frame), or what it made of it. All show the same words and digits,
        labels in the index too; a workbook holds the numbers in full.
    path
        Its suffix decides the form: ``.html``, ``.tex`` (for the package booktabs), ``.docx``, ``.xlsx`` or
        ``.csv``. A file that is there is replaced, a folder that is not there is made.
    language
        ``"en"`` or ``"vi"``. In Vietnamese, csv is separated by semicolons, as numbers have a decimal comma.
    simulated
        Inputs of a frame that were made up, as in ``table``; an answer knows its own.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    SpecError
        The suffix is not one of these, what was given is no table, a cell holds a character that no such file can
        hold, or nothing can be written there.

    Notes
    -----
    Text is written as text: no cell becomes a formula, a tag or a command. The same table gives the same bytes.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> frame = pd.DataFrame({"dimension": ["D1"], "score": [5.123]})
    >>> with TemporaryDirectory() as folder:
    ...     save_table(frame, f"{folder}/scores.csv", language="vi").read_text("utf-8-sig")
    'Chỉ số nội dung;Điểm\nD1;5,12\n'
    """
    path = Path(path)
    write = _find(_TABLES, path)
    return write_whole(path, write(_table(table, language, simulated)))


@check_kinds
def save_figure(drawn: Any, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a file, whole or not at all; return its path.

    Parameters
    ----------
    drawn
        What a draw function returned: one ``Axes`` or an array of them; or a ``Figure``.
    path
        Its suffix decides the form: ``.svg``, ``.pdf`` or ``.png``. A file that is there is replaced, a folder that is
        not there is made. The first two hold letters as letters, and the alternative text as title and description. In
        a document svg and png are no wider than the column of an official A4 page, 165 mm.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    SpecError
        The suffix is not one of these, the figure has no alternative text, or nothing can be written there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from papi_analysis.reporting.canvas import add_alternative, one_axes
    >>> ax = one_axes(4, 3)
    >>> add_alternative(ax, "An empty panel.")
    >>> with TemporaryDirectory() as folder:
    ...     save_figure(ax, f"{folder}/panel.svg").name
    'panel.svg'
    """
    path = Path(path)
    write = _find(_FIGURES, path)
    figure = figure_of(drawn)
    if not alternative(figure):
        raise SpecError(Note("the figure has no alternative text. Say what it shows: figure.set_label('...')."))
    return write_whole(path, write(figure))


def check_table_name(path: Path) -> None:
    """Raise `SpecError` where a table cannot be saved under this name."""
    _find(_TABLES, path)


def _find(writers: Mapping[str, Callable[[Any], bytes]], path: Path) -> Callable[[Any], bytes]:
    if path.suffix.lower() not in writers:
        raise SpecError(Note(NO_FORM.text, {"file": path.name, "suffixes": ", ".join(writers)}))
    return writers[path.suffix.lower()]


def _table(table: Estimates | pd.DataFrame | Answers, language: str, simulated: Sequence[str]) -> Table:
    """Make a table of whatever is one, and refuse letters that no file can hold."""
    if isinstance(table, pd.DataFrame) and not len(table.columns):
        raise SpecError(
            Note(
                "{name} is no table to save. Give an answer, or a frame that has columns.",
                {"name": type(table).__name__},
            )
        )
    table = shown_table(table, language=language, simulated=simulated)
    rows = table.rows
    for number, row in enumerate(rows):
        for column, text in zip(rows[0], row, strict=True):
            if found := _FORBIDDEN.search(text):
                place = Note("the head of column {column!r}", {"column": column})
                if number:
                    place = Note("row {row}, column {column!r}", {"row": number, "column": column})
                raise SpecError(
                    Note(
                        "{place} holds {found!r}, which no file can hold. Take it out of {text!r}.",
                        {"place": place, "found": found[0], "text": str(text)},
                    )
                )
    return table


def _csv(table: Table) -> bytes:
    # A reader of csv takes the first line for the head, so a caption can only stand below.
    below = [[], [table.caption]] if table.caption else []
    return csv_text([*table.rows, *below], table.language).encode("utf-8-sig")


def _html(table: Table) -> bytes:
    title = html.escape(table.caption or ", ".join(table.rows[0]))
    page = (
        f'<!DOCTYPE html>\n<html lang="{table.language}">\n<head>\n<meta charset="utf-8">\n{GENERATOR}\n'
        f"<title>{title}</title>\n</head>\n<body>\n{table.to_markup()}\n</body>\n</html>\n"
    )
    return page.encode()


def _latex(table: Table) -> bytes:
    head, *rows = [[_escaped(text, number=bool(number)) for text in row] for number, row in enumerate(table.rows)]
    # What follows the end of a row in brackets, or a star, would be the row's distance to the next.
    rows = [[re.sub(r"^(\s*)([\[*])", r"\1{\2}", first), *rest] for first, *rest in rows]
    places = "".join("r" if number else "l" for number in table.numbers)
    caption = _escaped(table.caption) or None
    frame = pd.DataFrame(rows, columns=head)
    return str(frame.to_latex(index=False, escape=False, caption=caption, column_format=places)).encode()


def _escaped(text: str, *, number: bool = False) -> str:
    r"""Return text that LaTeX sets as it stands; the sign of a number is a minus, not a hyphen.

    >>> _escaped("50% of $x_1$ < \\"), _escaped("-0.5", number=True)
    ('50\\% of \\$x\\_1\\$ $<$ \\textbackslash{}', '$-$0.5')
    """
    sign = "$-$" if number and re.match(r"-[\d∞]", text) else ""
    return sign + "".join(_LATEX.get(character, character) for character in text[bool(sign) :])


def _vectors(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    # Letters stay letters, which can be searched for and read aloud; names inside a file do not depend on chance.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "papi_analysis", "pdf.fonttype": 42}
    return render(figure, settings, format=kind, metadata=metadata)


def _title(figure: Figure) -> str:
    return textwrap.shorten(alternative(figure), TITLE, placeholder=" …")


def _png(figure: Figure) -> bytes:
    """A picture that says how many dots make an inch, so that it is no wider than a page's column where it is put."""
    from PIL import Image

    picture, sized = Image.open(io.BytesIO(png(figure))), io.BytesIO()
    dots = max(DPI, picture.width / COLUMN)
    picture.save(sized, "png", optimize=True, dpi=(dots, dots))
    return sized.getvalue()


def _in_column(tag: str) -> str:
    """The opening tag of a drawing with its width and height brought to a column, where it is wider.

    >>> _in_column('<svg height="468pt" viewBox="0 0 936 468" width="936pt">')
    '<svg height="233.86pt" viewBox="0 0 936 468" width="467.72pt">'
    """
    wide = float(re.search(r'\bwidth="([\d.]+)pt"', tag)[1])  # type: ignore[index]
    share = min(1.0, COLUMN * 72 / wide)
    return re.sub(
        r'\b(width|height)="([\d.]+)pt"', lambda found: f'{found[1]}="{round(float(found[2]) * share, 2):g}pt"', tag
    )


def _svg(figure: Figure) -> bytes:
    text = _vectors(figure, "svg", {"Date": None, "Creator": None}).decode()
    words = f"<title>{html.escape(_title(figure))}</title>\n <desc>{html.escape(alternative(figure))}</desc>"
    return re.sub(
        r"<svg\b[^>]*>", lambda tag: f'{_in_column(tag[0])[:-1]} role="img">\n {words}', text, count=1
    ).encode()


def _pdf(figure: Figure) -> bytes:
    words = {"Title": _title(figure), "Subject": alternative(figure)}
    return _vectors(figure, "pdf", {**words, "CreationDate": None, "Creator": None, "Producer": None})


_TABLES = {".html": _html, ".tex": _latex, ".docx": docx_file, ".xlsx": xlsx_file, ".csv": _csv}
_FIGURES = {".svg": _svg, ".pdf": _pdf, ".png": _png}
