"""One section of a report: words, tables and figures in reading order, in a notebook or apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from papi_analysis.arguments import check_kinds
from papi_analysis.reporting.canvas import house_style, show_figure
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


class Prose(str):
    """Sentences, a paragraph to a line, that a notebook shows as prose and not as a quoted string."""

    def _repr_html_(self) -> str:
        return Words(paragraphs=tuple(self.splitlines()))._repr_html_()


@check_kinds
def show(*shown: Any) -> None:
    """Show words, tables and figures in a notebook, one after the other; a figure with its text alternative.

    Parameters
    ----------
    *shown
        Texts, such as of ``sentence`` and ``remarks``; tables; what draw functions returned, one ``Axes`` or an array.

    Raises
    ------
    SpecError
        One of them is something else.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> targets = pa.target_attainment(pa.load_study("can_tho_2018_2020"))
    >>> show(pa.sentence(targets), pa.draw(targets))  # doctest: +SKIP
    """
    from IPython.display import display

    for part in shown:
        if isinstance(part, str):
            display(Prose(part))  # type: ignore[no-untyped-call]
        elif isinstance(part, Words | Table):
            display(part)  # type: ignore[no-untyped-call]
        else:
            show_figure(part)


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
        with house_style():
            show(*self.parts)
