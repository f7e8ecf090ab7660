"""A validation ready to show: our figures beside others, each with the digits that its reference has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.reporting.canvas import drawing, enough_axes, one_axes
from papi_analysis.reporting.labels import KINDS
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.marks import BLUE, GREY, INK, ORANGE, PINK, finish, wrapped
from papi_analysis.reporting.tables import Table, table_frame

#: Decimals of a Monte Carlo error.
ERROR_DIGITS = 5
#: Smaller differences, in units of the last digit, are drawn as none, and where, in powers of ten.
LEAST, NONE = 1e-3, -5.0
#: So many dots of one size stand one above the other; further ones stand beside them, so far apart in powers of ten.
HIGH, APART = 4, 0.22

if TYPE_CHECKING:
    from numpy.typing import NDArray


@check_kinds
def table_validation(rows: pd.DataFrame, *, language: str = "en") -> Table:
    """Make rows of ``load_validation`` ready to show.

    Ours and the reference are written with as many decimals as the reference gives; the digits that agree stand with
    those that there are. The Monte Carlo error and the remark are left out where no row has one.

    Parameters
    ----------
    rows
        Of ``load_validation``.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Table
        Of texts; the index is the case.

    Examples
    --------
    >>> from papi_analysis.study.records import load_validation
    >>> table_validation(load_validation("exact randomisation"))[["Ours", "Digits"]].iloc[2].tolist()
    ['0.85714286', '8 of 8']
    """
    tongue = find_language(language)
    decimals = rows["decimals"].tolist()
    shown = rows.assign(
        **{
            name: [tongue.number(value, places) for value, places in zip(rows[name], decimals, strict=True)]
            for name in ("ours", "reference")
        },
        digits=[
            tongue.text("{agree} of {given}", agree=agree, given=given)
            for agree, given in zip(rows["digits"], rows["given"], strict=True)
        ],
        error=[tongue.number(value, ERROR_DIGITS) if value == value else "" for value in rows["error"]],
    )
    extra = [name for name in ("error", "remark") if (shown[name] != "").any()]
    return table_frame(shown, ["case", "quantity", "ours", "reference", "digits", "source", *extra], language=language)


@drawing
def draw_validation(rows: pd.DataFrame, *, axes: Any = None, language: str = "en") -> Any:
    """Draw how far each of our figures is from the other source's, in units of the last digit that this gives.

    One dot a figure, a row for each kind of method. A figure left of half a unit agrees to every digit given; what
    rests on draws, or on a solver that stops early, has a colour and a shape of its own. Returns the axes.

    Parameters
    ----------
    rows
        Of ``load_validation``.
    axes
        One ``Axes`` to draw on; default a figure of its own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes
        With the text alternative of the figure as the figure's label.

    Raises
    ------
    SpecError
        There is no such language.

    Examples
    --------
    >>> from papi_analysis.study.records import load_validation
    >>> rows = load_validation("exact randomisation")
    >>> len(draw_validation(rows).get_yticks())
    1
    """
    tongue = find_language(language)
    kinds = list(dict.fromkeys(rows["kind"]))
    ax = one_axes(8.4, 0.55 * len(kinds) + 1.4) if axes is None else np.ravel(enough_axes(axes, 1))[0]
    agrees, drawn = (rows["digits"] == rows["given"]).to_numpy(), rows["error"].notna().to_numpy()
    away = np.log10(rows["away"].to_numpy(dtype=float).clip(LEAST / 100))
    across = np.where(away < np.log10(LEAST), NONE, away)
    across, up = _stacked(across, len(kinds) - 1.0 - rows["kind"].map(kinds.index).to_numpy(dtype=float))
    for chosen, colour, shape, words in (
        (agrees, BLUE, "o", ""),
        (~agrees & drawn, ORANGE, "D", tongue.text("rests on draws")),
        (~agrees & ~drawn, PINK, "^", tongue.text("a solver stops short of the optimum")),
    ):
        ax.plot(across[chosen], up[chosen], shape, color=colour, markersize=4.5, linestyle="none")
        if words and chosen.any():
            last = max(np.flatnonzero(chosen), key=lambda dot: (np.ceil(up[dot] - 0.5), across[dot]))
            ax.annotate(words, (across[last] + APART, up[last]), color=INK, fontsize=8, va="center")
    half = np.log10(0.5)
    ax.axvline(half, color=GREY, linewidth=0.8, linestyle="--")
    words = tongue.text("every digit given agrees")
    ax.annotate(words, (half - 0.1, len(kinds) - 0.5), color=INK, fontsize=8, ha="right", va="center")
    ticks = np.arange(np.log10(LEAST), max(1.0, away.max(initial=0.0)))
    ax.set_xticks([NONE, *ticks], [tongue.text("none"), *(tongue.tick(10.0**tick) for tick in ticks)])
    ax.set_yticks(range(len(kinds))[::-1], [wrapped(tongue.text(KINDS.get(kind, kind)), 24) for kind in kinds])
    ax.set_ylim(-0.6, len(kinds) - 0.4)
    ax.set_xlabel(tongue.text("Difference, in units of the last digit that the other source gives"), fontsize=9)
    words = tongue.text(
        "Dots of {n} figures by how far they are from another source's, in {kinds} kinds of methods: {agree} agree to "
        "every digit given (at most half a unit of the last), {drawn} of the others rest on draws, at {short} a solver "
        "stops short.",
        n=len(rows),
        kinds=len(kinds),
        agree=int(agrees.sum()),
        drawn=int((~agrees & drawn).sum()),
        short=int((~agrees & ~drawn).sum()),
    )
    finish(ax, (), tongue, words)
    return ax


def _stacked(across: NDArray[np.float64], heights: NDArray[np.float64]) -> tuple[Any, Any]:
    """Move dots that would cover each other apart: above each other, then beside."""
    places = pd.DataFrame({"height": heights, "bin": np.round(across / APART)})
    order = places.groupby(["height", "bin"]).cumcount().to_numpy()
    crowd = places.groupby(["height", "bin"])["bin"].transform("size").clip(upper=HIGH).to_numpy()
    return across + APART * (order // HIGH), heights + 0.17 * (order % HIGH - (crowd - 1) / 2)
