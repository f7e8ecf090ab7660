"""What all figures share: palette, grids, labels, the mark of simulated inputs, the text alternative."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from papi_analysis.reporting.labels import FAMILY
from papi_analysis.reporting.language import Language
from papi_analysis.reporting.tables import mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: From the palette of Okabe and Ito, those with a contrast of 3 or more on white.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY, PALE, INK = "#767676", "#C9C9C9", "#222222"

#: Dots per inch of figures in notebooks and reports.
DPI = 144


#: Shades that are enough for lines, bands and the edges of letters.
COLOURS = 128


def figure_of(drawn: Any) -> Figure:
    """Return the figure that an ``Axes``, or the first of an array of them, is in."""
    figure: Figure = np.asarray(drawn, dtype=object).ravel()[0].get_figure(root=True)
    return figure


def alternative(figure: Figure) -> str:
    """Return the text alternative of a figure: what its draw functions said it shows."""
    return str(figure.get_label())


def add_alternative(ax: Axes, text: str) -> None:
    """Add ``text`` to the text alternative of the figure that ``ax`` is in; it travels as the figure's label."""
    figure = figure_of(ax)
    figure.set_label(f"{figure.get_label()} {text}".strip())


def png(figure: Figure) -> bytes:
    """Render a figure in a palette of its own, a third of the size; the bytes hold no date and no version."""
    from PIL import Image

    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def show(drawn: Any) -> None:
    """Show a figure in a notebook with its text alternative, then close it.

    Parameters
    ----------
    drawn
        What a draw function returned: one ``Axes`` or an array of them.

    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    figure = figure_of(drawn)
    alt = alternative(figure)
    data = {"image/png": png(figure), "text/plain": f"<Figure: {alt}>"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
    plt.close(figure)


def grid_axes(panels: int) -> Any:
    """Make a grid of small panels, three to a row."""
    import matplotlib.pyplot as plt

    rows = -(-panels // 3)
    _, axes = plt.subplots(rows, 3, figsize=(8.4, 2.5 * rows), layout="constrained", squeeze=False)
    for ax in np.ravel(axes)[panels:]:
        ax.set_visible(False)
    return axes


def one_axes(width: float, height: float) -> Axes:
    """Make a figure with one panel."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def full_name(code: str, tongue: Language, names: Mapping[str, tuple[str, str]]) -> str:
    """Write a dimension's code and name, or the words for a row of the family as a whole."""
    if code in FAMILY:
        return tongue.text(FAMILY[code])
    name = tongue.name(code, names)
    return code if name == code else f"{code} {name}"


def set_title(
    ax: Axes, dimension: str, tongue: Language, names: Mapping[str, tuple[str, str]], below: str = ""
) -> None:
    """Title a panel with its dimension, and a second line below."""
    words = textwrap.fill(full_name(dimension, tongue, names), 36, break_on_hyphens=False)
    text = f"{words}\n{below}" if below else words
    ax.set_title(text, fontsize=9, loc="left", color=INK, parse_math=False)


def name_rows(
    ax: Axes, places: Any, codes: Iterable[str], tongue: Language, names: Mapping[str, tuple[str, str]]
) -> None:
    """Name the rows of a chart by their dimensions, long names over two lines; a dollar sign stays one."""
    ax.set_yticks(places, [textwrap.fill(full_name(code, tongue, names), 40) for code in codes], parse_math=False)


def tidy(ax: Axes) -> None:
    """Leave only the axes' lines that carry a scale."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(labelsize=8, color=GREY)


def mark_simulated(ax: Axes, simulated: tuple[str, ...], tongue: Language, *, whole_figure: bool = False) -> None:
    """Write on the figure, and in its text alternative, which inputs are simulated."""
    words = mark(simulated, tongue)
    if words:
        if whole_figure:
            figure_of(ax).suptitle(words, fontsize=9, color=ORANGE, weight="bold", x=0.99, ha="right", parse_math=False)
        else:
            ax.set_title(words, fontsize=9, color=ORANGE, weight="bold", loc="right", parse_math=False)
        add_alternative(ax, f"{words}.")


def spread_labels(heights: list[float], apart: float, top: float) -> list[float]:
    """Move labels apart where they would overlap, in their order and none above ``top``."""
    order = sorted(range(len(heights)), key=lambda place: -heights[place])
    placed, above = {}, top + apart
    for place in order:
        above = placed[place] = min(heights[place], above - apart)
    return [placed[place] for place in range(len(heights))]
