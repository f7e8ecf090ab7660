"""What all figures share: palette, grids, labels, the mark of simulated inputs, the text alternative."""

from __future__ import annotations

import io
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.tables import full_name as full_name
from papi_analysis.reporting.tables import mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from papi_analysis.estimation.estimates import Estimates

P = ParamSpec("P")
T = TypeVar("T")

#: From the palette of Okabe and Ito, those with a contrast of 3 or more on white.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY, PALE, INK = "#767676", "#C9C9C9", "#222222"

#: Behind the years of a programme, in every chart over time.
SHADE = "#FBEBCF"

#: Inches from one line of words above a chart to the next.
LINE = 0.17

#: Dots per inch of figures in notebooks and reports.
DPI = 144

#: Names come from data: no dollar sign or backslash in them is a formula or a command.
PLAIN_WORDS: dict[Any, Any] = {"text.usetex": False, "text.parse_math": False}

NO_FIGURE = Note("a {kind} is no figure; give what a draw function returned.")
FEW_AXES = Note(
    "the figure has {panels} panels, and axes holds {axes}. Give axes for all of them, like those of plt.subplots, or "
    "leave axes out."
)

#: Whether figures are made apart from pyplot, in a report: no window, and none of the user's settings.
_APART: ContextVar[bool] = ContextVar("_APART", default=False)

#: Shades that are enough for lines, bands and the edges of letters.
COLOURS = 128


@contextmanager
def house_style() -> Iterator[None]:
    """Draw as on any other machine: matplotlib's settings, whoever made them, and its backend play no part."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["timezone"] = "UTC"  # days have no time zone; rcdefaults leaves this one as it was
        before = _APART.set(True)
        try:
            yield
        finally:
            _APART.reset(before)


def drawing(draw: Callable[P, T]) -> Callable[P, T]:
    """Let a draw function check its arguments, write words as they are, and tell of letters that it cannot show."""
    checked = check_kinds(draw)

    @wraps(draw)
    def draw_plainly(*given: P.args, **options: P.kwargs) -> T:
        import matplotlib as mpl

        with mpl.rc_context(PLAIN_WORDS):
            made = checked(*given, **options)
            _tell_boxes(figure_of(made), find_language(str(options.get("language", "en"))))
        return made

    return draw_plainly


def _tell_boxes(figure: Figure, tongue: Language) -> None:
    """Write below a figure of which scripts its font has no letters, where a name is written in one."""
    scripts = sorted({unicodedata.name(letter, "?").split()[0] for letter in _lacking(figure)})
    if scripts:
        words = tongue.text(
            "Boxes stand for letters that the font of the figures lacks: {scripts}.", scripts=", ".join(scripts)
        )
        figure.text(0.01, -0.01, words, fontsize=8, color=INK, va="top")
        figure.set_label(f"{figure.get_label()} {words}".strip())


def _lacking(figure: Figure) -> set[str]:
    """Return the letters on a figure that none of the fonts has which they are written in."""
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.text import Text

    by_family: dict[tuple[str, ...], set[str]] = {}
    for text in figure.findobj(Text):
        by_family.setdefault(tuple(text.get_fontfamily()), set()).update(filter(str.isprintable, text.get_text()))
    for families, letters in by_family.items():
        for family in families:
            letters -= set(map(chr, get_font(findfont(FontProperties(family=[family]))).get_charmap()))
    return set().union(*by_family.values())


def figure_of(drawn: Any) -> Figure:
    """Return the figure that an ``Axes``, or the first of an array of them, is in."""
    from matplotlib.figure import Figure

    first = next(iter(np.asarray(drawn, dtype=object).ravel()), None)
    found = first if isinstance(first, Figure) else getattr(first, "get_figure", lambda **_: None)(root=True)
    if not isinstance(found, Figure):
        raise SpecError(Note(NO_FIGURE.text, {"kind": type(drawn).__name__}))
    return found


def check_answer(estimates: Estimates, question: str) -> None:
    """Refuse the answer to another question than the one that is drawn."""
    if estimates.question != question:
        values = {"question": question, "given": estimates.question}
        raise SpecError(Note("this draws the answer of {question}, not that of {given}.", values))


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

    small = io.BytesIO()
    rendered = render(figure, format="png", dpi=DPI, metadata={"Software": None})
    picture = Image.open(io.BytesIO(rendered)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def render(figure: Figure, settings: Mapping[Any, Any] | None = None, **options: Any) -> bytes:
    """Render a figure by its ``savefig``, words as they are; letters that it cannot show have been told of."""
    import matplotlib as mpl

    written = io.BytesIO()
    with mpl.rc_context({**PLAIN_WORDS, **(settings or {})}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(written, bbox_inches="tight", **options)
    return written.getvalue()


class Picture(NamedTuple):
    """A figure that is rendered: a PNG and its text alternative."""

    data: bytes
    alternative: str


def picture_of(drawn: Any) -> Picture:
    """Render what a draw function returned, once: a second rendering may move its layout by a pixel."""
    if isinstance(drawn, Picture):
        return drawn
    figure = figure_of(drawn)
    return Picture(png(figure), alternative(figure))


def show_figure(drawn: Any) -> None:
    """Show a figure in a notebook with its text alternative, then close it."""
    import matplotlib.pyplot as plt
    from IPython.display import display

    figure = figure_of(drawn)
    alt = alternative(figure)
    data = {"image/png": png(figure), "text/plain": f"<Figure: {alt}>"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
    plt.close(figure)


def grid_axes(panels: int, axes: Any = None) -> Any:
    """Make a grid of small panels, three to a row, where no axes are given; of those no panel may be left out."""
    if axes is not None:
        return enough_axes(axes, panels)
    rows = -(-panels // 3)
    axes = new_axes(rows, 3, figsize=(8.4, 2.5 * rows), squeeze=False)
    for ax in np.ravel(axes)[panels:]:
        ax.set_visible(False)
    return axes


def enough_axes(axes: Any, panels: int) -> Any:
    """Take axes that are given, one for each panel at least.

    Raises
    ------
    SpecError
        Where they are fewer, or something else.
    """
    from matplotlib.axes import Axes

    given = np.ravel(np.asarray(axes, dtype=object))
    if len(given) < panels or not all(isinstance(ax, Axes) for ax in given):
        found = sum(isinstance(ax, Axes) for ax in given)
        raise SpecError(Note(FEW_AXES.text, {"panels": panels, "axes": found}))
    return axes


def one_axes(width: float, height: float) -> Axes:
    """Make a figure with one panel."""
    axes: Axes = new_axes(figsize=(width, height))
    return axes


def new_axes(rows: int = 1, columns: int = 1, *, figsize: tuple[float, float], **options: Any) -> Any:
    """Make a figure and its panels: of pyplot, so that Jupyter shows it, but in a report of nobody else."""
    if _APART.get():
        from matplotlib.figure import Figure

        return Figure(figsize=figsize, layout="constrained").subplots(rows, columns, **options)
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=figsize, layout="constrained", **options)[1]


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
