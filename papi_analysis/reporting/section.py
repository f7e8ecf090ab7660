"""One section of a report: words, tables and figures in reading order, in a notebook or apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from papi_analysis.reporting.canvas import house_style, show
from papi_analysis.reporting.tables import Table


@dataclass(frozen=True)
class Words:
    """A heading, paragraphs and a list: plain text that is shown as it stands, whatever it holds.

    Attributes
    ----------
    heading
        Above the rest; ``""`` for none.
    paragraphs, items
        What is said, and the points of a list after it.
    level
        Of the heading: 1 for a page, 2 for a section, 3 within one.
    """

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    level: int = 3

    def __repr__(self) -> str:
        heading = [f"{'#' * self.level} {self.heading}"] if self.heading else []
        return "\n".join([*heading, *self.paragraphs, *(f"- {item}" for item in self.items)])

    def _repr_html_(self) -> str:
        heading = f"<h{self.level}>{escape(self.heading)}</h{self.level}>" if self.heading else ""
        words = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.paragraphs)
        points = "".join(f"<li>{escape(item)}</li>" for item in self.items)
        return f'<div class="text">{heading}{words}{f"<ul>{points}</ul>" if points else ""}</div>'


@dataclass(frozen=True)
class Section:
    """The parts of a section, `Words`, `Table` or what a draw function returned; a notebook shows them in order.

    In print the section after one with ``own_page`` begins on a new page.
    """

    parts: tuple[Any, ...]
    own_page: bool = False

    def __iter__(self) -> Iterator[Any]:
        return iter(self.parts)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        with house_style():
            for part in self.parts:
                if isinstance(part, Words | Table):
                    display(part)  # type: ignore[no-untyped-call]
                else:
                    show(part)
