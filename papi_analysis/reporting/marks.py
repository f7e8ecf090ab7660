"""The marks that charts share: colours, names, titles, keys, and what ends each of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from papi_analysis.errors import Note
from papi_analysis.reporting.canvas import add_alternative, figure_of
from papi_analysis.reporting.language import Language
from papi_analysis.reporting.tables import full_name, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From the palette of Okabe and Ito, those with a contrast of 3 or more on white.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY, PALE, INK = "#767676", "#C9C9C9", "#222222"


#: Behind the years of a programme, in every chart over time.
SHADE = "#FBEBCF"


#: What is said below a chart where they are shaded.
SHADED = Note("Shaded: the years of the programme")

#: Inches from one line of words above a chart to the next.
LINE = 0.17


def wrapped(name: str, width: int = 48) -> str:
    """Break a long name over lines, at most six of them."""
    return textwrap.fill(name, width, break_on_hyphens=False, max_lines=6, placeholder=" …")


def set_title(
    ax: Axes,
    dimension: str,
    tongue: Language,
    names: Mapping[str, tuple[str, str]],
    below: str = "",
    *,
    width: int = 36,
) -> None:
    """Title a panel with its dimension, and a second line below."""
    words = wrapped(full_name(dimension, tongue, names), width)
    text = f"{words}\n{below}" if below else words
    ax.set_title(text, fontsize=9, loc="left", color=INK)


def name_rows(
    ax: Axes, places: Any, codes: Iterable[str], tongue: Language, names: Mapping[str, tuple[str, str]]
) -> None:
    """Name the rows of a chart by their dimensions, long names over two lines."""
    ax.set_yticks(places, [wrapped(full_name(code, tongue, names), 40) for code in codes])


def tidy(ax: Axes) -> None:
    """Leave only the axes' lines that carry a scale."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(labelsize=8, color=GREY)


class Line(NamedTuple):
    """A line of words above a chart; one of a key may have a mark before it."""

    words: str
    colour: str
    bold: bool = False
    marker: str = ""


def key_lines(words: str, colour: str, marker: str, width: int) -> list[Line]:
    """Break what a mark means over lines, the mark before the first."""
    first, *more = break_lines(words, width)
    return [Line(first, colour, marker=marker), *(Line(line, colour) for line in more)]


def break_lines(words: str, width: int) -> list[str]:
    """Break words over lines, none of them left out, a p-value in one piece."""
    whole = words.replace("p = ", "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    return textwrap.wrap(whole, width, break_on_hyphens=False)


def write_lines(ax: Axes, lines: Iterable[Line]) -> None:
    """Write lines from the top of the axes down, ``LINE`` inches apart whatever the size of the axes."""
    from matplotlib.transforms import ScaledTranslation

    for place, line in enumerate(lines):
        lower = ScaledTranslation(0, -LINE * (place + 0.5), figure_of(ax).dpi_scale_trans)
        at: dict[str, Any] = {"transform": ax.transAxes + lower}
        if line.marker:
            colour, size = PALE if line.marker == "s" else line.colour, 90 if line.marker == "." else 34
            ax.scatter(0.02, 1, marker=line.marker, color=colour, s=size, clip_on=False, **at)
        weight = "bold" if line.bold else "normal"
        ax.text(
            0 if line.bold else 0.05, 1, line.words, color=line.colour, fontsize=9, weight=weight, va="center", **at
        )


def number_across(ax: Axes, tongue: Language) -> None:
    """Write the numbers of the axis below as the reader does, fewer of them where they are long."""
    from matplotlib.ticker import MaxNLocator

    if max(len(tongue.tick(at)) for at in ax.get_xticks()) > 7:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(tongue.tick)


def add_key(axes: Any, marks: Mapping[str, Any]) -> None:
    """Say above the panels of a figure what its lines and areas are: there no name, however long, lies over a line."""
    figure = figure_of(axes)
    apart = (
        {"loc": "outside upper left"} if figure.get_layout_engine() else {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    )
    look: dict[str, Any] = {"ncols": len(marks), "frameon": False, "fontsize": 8, "labelcolor": INK} | apart
    key = figure.legend(list(marks.values()), [str(place) for place in range(len(marks))], **look)
    for text, words in zip(key.get_texts(), marks, strict=True):
        text.set_text(wrapped(words, 44))  # set late, for a name may begin with what hides a label


def shade_programme(ax: Axes, first: float, last: float, top: float = 1) -> None:
    """Shade the years of a programme, from the first to the last of them in full, up to a share of the height."""
    ax.axvspan(first - 0.5, last + 0.5, ymax=top, color=SHADE, linewidth=0, zorder=-1)


def mark_simulated(ax: Axes, simulated: tuple[str, ...], tongue: Language, *, whole_figure: bool = False) -> None:
    """Write on the figure, and in its text alternative, which inputs are simulated."""
    words = mark(simulated, tongue)
    if words:
        if whole_figure:
            figure_of(ax).suptitle(words, fontsize=9, color=ORANGE, weight="bold", x=0.99, ha="right")
        else:
            ax.set_title(words, fontsize=9, color=ORANGE, weight="bold", loc="right")
        add_alternative(ax, f"{words}.")


def spread_labels(heights: list[float], apart: float, top: float) -> list[float]:
    """Move labels apart where they would overlap, in their order and none above ``top``."""
    order = sorted(range(len(heights)), key=lambda place: -heights[place])
    placed, above = {}, top + apart
    for place in order:
        above = placed[place] = min(heights[place], above - apart)
    return [placed[place] for place in range(len(heights))]


def finish(ax: Axes, simulated: Sequence[str], tongue: Language, shown: str, *, of_grid: bool = False) -> None:
    """End a chart: the lines that carry its scale, the mark of what is made up, and in words what it shows.

    Of a grid of panels, which have been tidied one by one, the first is given and the mark stands above all.
    """
    if not of_grid:
        tidy(ax)
    mark_simulated(ax, tuple(simulated), tongue, whole_figure=of_grid)
    add_alternative(ax, shown)


def finish_panel(
    ax: Axes, dimension: str, tongue: Language, names: Mapping[str, tuple[str, str]], below: str = ""
) -> None:
    """End one panel of a grid over years: its dimension above, whole years, scores as the reader writes them."""
    from matplotlib.ticker import MaxNLocator

    set_title(ax, dimension, tongue, names, below)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    ax.yaxis.set_major_formatter(tongue.tick)
    tidy(ax)


def label(ax: Axes, words: str, place: tuple[Any, Any], offset: tuple[float, float], **look: Any) -> None:
    """Write words so many points from a place in the data."""
    ax.annotate(words, place, xytext=offset, textcoords="offset points", **look)
