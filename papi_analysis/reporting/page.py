"""A page: the sections of a report through one template; one file that needs no network, script or second file."""

from __future__ import annotations

import base64
import html
import platform
import re
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from papi_analysis.reporting.canvas import house_style, picture_of
from papi_analysis.reporting.downloads import csv_address, file_name
from papi_analysis.reporting.files import GENERATOR
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

#: The frame's own words; everything else on a page comes from what it shows.
WORDS = {
    "skip": "Skip to the content",
    "pages": "Pages of the report",
    "contents": "On this page",
    "code": "Code",
    "table": "Table",
    "figure": "Figure",
    "download": "Download as csv",
    "formula": "Formula",
    "steps": "Next and previous page",
    "previous": "Previous",
    "next": "Next",
    "more": "Pages",
}

#: Figures are drawn at 144 dots per inch; a browser counts 96 pixels per inch.
PIXELS_PER_DOT = 96 / 144

#: A figure that is wider, in browser pixels, scrolls by itself on a phone, where its letters would be too small.
PHONE = 640

#: A table of up to so many rows is kept on one printed page; a longer one would leave half a page blank.
WHOLE = 24


class Another(NamedTuple):
    """Another page beside this one: its file, its title, and the question that it asks."""

    file: str
    title: str
    question: str = ""


def page_of(
    sections: Iterable[Section],
    *,
    title: str,
    language: str = "en",
    file: str = "index.html",
    banner: str = "",
    others: Sequence[Another] = (),
    lead: str = "",
) -> str:
    """Return sections as a self-contained HTML page; the same sections give the same bytes.

    Parameters
    ----------
    sections
        In reading order; each is asked for when the one before it is done.
    title
        Of the page.
    language
        ``"en"`` or ``"vi"``: the language of the sections, and of the words around them.
    file
        The name under which the page will be stored.
    banner
        A warning in plain text, shown above everything and at the head of every printed page.
    others
        Pages beside this one, linked to from its side and listed with their questions at its end.
    lead
        What is said above that list.

    Raises
    ------
    SpecError
        There are no words for the language.

    Examples
    --------
    >>> page = page_of([Section((Words("Slopes", ("a < b",), level=1),))], title="Slopes")
    >>> '<h1 id="Slopes">Slopes</h1>' in page, "<p>a &lt; b</p>" in page, "<script" in page
    (True, True, False)
    """
    frame = frame_of(title, language, file, banner, [(other.file, other.title) for other in others])
    parts = _Parts(language, frame["words"], file)
    with house_style():
        shown = _in_order(sections, parts)
    if others:
        parts.contents.append({"id": "pages", "text": frame["words"]["more"], "within": []})
    return (
        templates()
        .get_template("sections.html.j2")
        .render(page=frame | {"contents": parts.contents}, parts=shown, questions=others, lead=lead)
    )


def frame_of(
    title: str, language: str, file: str, banner: str = "", others: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Return what the frame of a page needs: its title, language, words, warning and the pages beside it."""
    return {
        "title": title,
        "language": language,
        "words": words_in(language),
        "css": (TEMPLATES / "report" / "report.css").read_text("utf-8"),
        "generator": GENERATOR,
        "file": file,
        "banner": banner,
        "made_with": made_with(language),
        "pages": [(file, title), *others] if others else [],
    }


def words_in(language: str) -> dict[str, str]:
    """Return the frame's own words in a language."""
    tongue = find_language(language)
    return {name: tongue.text(words) for name, words in WORDS.items()}


def made_with(language: str) -> str:
    """Say which versions the numbers of a page rest on."""
    names = ["papi_analysis", "numpy", "pandas", "scipy"]
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    return find_language(language).text("Made with {versions}.", versions=", ".join(versions))


@cache
def templates() -> Environment:
    """Return the templates of pages; what is filled in is text and never a tag."""
    from jinja2 import Environment, FileSystemLoader

    made = Environment(loader=FileSystemLoader(TEMPLATES / "report"), autoescape=True)
    made.filters |= {"css_string": css_string, "days": whole_days}
    return made


def whole_days(text: str) -> str:
    """Return a text as HTML whose days are not broken over lines at their hyphens.

    >>> whole_days("Due < 2025-12-31")
    'Due &lt; <span class="day">2025-12-31</span>'
    """
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", r'<span class="day">\g<0></span>', html.escape(text))


def css_string(text: str) -> str:
    """Return text as a string of a style sheet, which no character of it ends."""
    safe = re.sub(r"[^\w .,;–-]", lambda match: f"\\{ord(match[0]):x} ", text)
    return f'"{safe}"'


def picture_size(data: bytes) -> dict[str, int]:
    """Return the size in browser pixels at which a PNG has its true size in print."""
    if not data.startswith(b"\x89PNG"):
        return {}
    width, height = struct.unpack(">II", data[16:24])
    return {"width": round(width * PIXELS_PER_DOT), "height": round(height * PIXELS_PER_DOT)}


def _in_order(sections: Iterable[Section], parts: _Parts) -> list[dict[str, Any]]:
    """Make the parts of all sections; the first after a section with a page of its own opens a new one in print."""
    shown: list[dict[str, Any]] = []
    opens = ""
    for section in sections:
        made = [parts.shown(part) for part in section]
        own = "own" * section.own_page
        shown += [part | {"name": (opens if place == 0 else "") or own} for place, part in enumerate(made)]
        opens = "opens" * section.own_page
    return shown


class _Parts:
    """What the template needs of each part; counts tables, names headings and collects them."""

    def __init__(self, language: str, words: dict[str, str], file: str) -> None:
        self.language = language
        self.words = words
        self.file = file.removesuffix(".html")
        self.heading = ""
        self.tables = self.figures = 0
        self.taken = {"main", "pages"}
        self.contents: list[dict[str, Any]] = []

    def shown(self, part: Any) -> dict[str, Any]:
        if isinstance(part, Words):
            return self._words(part)
        if isinstance(part, Table):
            return self._table(part)
        data, alternative = picture_of(part)
        encoded = base64.b64encode(data).decode()
        self.figures += 1
        size, label = picture_size(data), f"{self.words['figure']} {self.figures}: {self.heading}"
        box = "wide" * (size["width"] > PHONE)
        return {"kind": "figure", "data": encoded, "alt": alternative, "box": box, "label": label, **size}

    def _words(self, words: Words) -> dict[str, Any]:
        name = stem = "-".join(words.heading.split())
        number = 1
        while words.heading and name in self.taken:
            number += 1
            name = f"{stem}-{number}"
        self.taken.add(name)
        if words.heading:
            self.heading = words.heading
            entry = {"id": name, "text": words.heading, "within": []}
            if words.level == 2:
                self.contents.append(entry)
            elif words.level == 3 and self.contents:
                self.contents[-1]["within"].append(entry)
        return {
            "kind": "words",
            "id": name,
            "heading": words.heading,
            "level": words.level,
            "paragraphs": words.paragraphs,
            "points": words.items,
        }

    def _table(self, table: Table) -> dict[str, Any]:
        self.tables += 1
        rows = table.rows
        # The caption says, among others, which inputs are made up: so does the name of the file.
        file = file_name(self.file, self.words["table"], str(self.tables), table.caption)
        return {
            "kind": "table",
            "label": f"{self.words['table']} {self.tables}: {table.caption or self.heading}",
            "box": "table whole" if len(rows) <= WHOLE else "table",
            "markup": table.to_markup(),
            "file": f"{file}.csv",
            "csv": csv_address(rows, self.language),
        }
