"""What all figures are made on: axes, grids, one style, the picture and its text alternative."""

from __future__ import annotations

import inspect
import io
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.language import Language, find_language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from papi_analysis.estimation.estimates import Estimates

P = ParamSpec("P")
T = TypeVar("T")


#: Dots per inch of figures in notebooks and reports.
DPI = 144

#: Names come from data: no dollar sign or backslash in them is a formula or a command.
PLAIN_WORDS: dict[Any, Any] = {"text.usetex": False, "text.parse_math": False}

#: What the docstrings of draw functions say alike.
ALIKE = """{axes}; default a figure of its own.
language
    ``"en"`` or ``"vi"``.

Returns
-------
{returned}

Raises
------
SpecError
    The answer is to another question, what is to be drawn is not there, or there is no such language."""

#: What they draw on and return: one panel, or one for each dimension.
PLACES = {
    "ax": ("ax\n    Where to draw", "Axes\n    With the text alternative of the figure as the figure's label."),
    "axes": (
        "axes\n    Where to draw, one panel a dimension",
        "ndarray of Axes\n    One panel a dimension; the figure's label is its text alternative.",
    ),
}

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
    """Let a draw function check its arguments, write words as they are, and tell of letters that it cannot show.

    Its docstring says what is its own; what all say alike is put before its examples.
    """
    checked = check_kinds(draw)
    own, head, examples = inspect.cleandoc(draw.__doc__ or "").partition("\n\nExamples\n")
    if head and "\nReturns\n" not in own:
        axes, returned = PLACES["axes" if "axes" in inspect.signature(draw).parameters else "ax"]
        draw.__doc__ = f"{own}\n{ALIKE.format(axes=axes, returned=returned)}{head}{examples}"

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
        figure.text(0.01, -0.01, words, fontsize=8, va="top")
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
