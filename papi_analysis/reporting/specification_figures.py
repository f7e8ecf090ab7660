"""The specification curve: every way to ask, with the choices below."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from papi_analysis.estimation.estimates import CurveDesign, Estimates
from papi_analysis.reporting.canvas import drawing, enough_axes, new_axes
from papi_analysis.reporting.labels import CODES, LABELS, OPTIONS
from papi_analysis.reporting.language import Language, language_of
from papi_analysis.reporting.marks import BLUE, GREY, INK, PALE, finish, tidy


@drawing
def draw_specification_curve(estimates: Estimates, *, axes: Any = None, language: str = "en") -> Any:
    """Draw the mean estimate of each specification, the range of its dimensions, and the choices behind it.

    ``estimates`` comes from ``specification_curve``; a filled dot is told from zero by its own p-value. Returns two
    axes: the curve above, the choices below.

    Parameters
    ----------
    estimates
        An answer of ``specification_curve``.
    axes
        Two axes to draw on; default a figure of their own.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    ndarray of Axes
        The curve, and the choices below; the figure's label is its text alternative.

    Raises
    ------
    SpecError
        The answer is to another question, or there is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> from functools import partial
    >>> ask = partial(pa.programme_impact, panel, "VN-CT", 2018, 2020)
    >>> curve = pa.specification_curve(ask, {"method": ["did", "synthetic_control"]})
    >>> len(draw_specification_curve(curve))
    2
    """
    tongue = language_of(language, estimates.names)
    table, asked = estimates.table, estimates.designed(CurveDesign)
    kinds = asked.kinds
    options = [(kind, word) for kind in kinds for word in dict.fromkeys(table[kind])]
    if axes is None:
        heights = [2.4, 0.2 * len(options) + 0.15 * len(kinds)]
        size = (8, sum(heights) + 0.6)
        axes = new_axes(2, 1, figsize=size, height_ratios=heights, sharex=True)
    above, below = np.ravel(enough_axes(axes, 2))[:2]
    places = np.arange(len(table))
    dimensions = [name for name in table.columns if name not in (*kinds, "mean", "p", "peers")]
    above.vlines(places, table[dimensions].min(axis=1), table[dimensions].max(axis=1), color=PALE, linewidth=2.5)
    told = table["p"] <= 1 - estimates.level
    above.scatter(places[~told], table.loc[~told, "mean"], s=22, facecolor="white", edgecolor=BLUE, zorder=2)
    above.scatter(places[told], table.loc[told, "mean"], s=22, color=BLUE, zorder=2)
    above.axhline(0, color=GREY, linewidth=0.8)
    of_slopes = asked.asked == "completion_slopes"
    above.set_ylabel(tongue.text("Slope per 10 points") if of_slopes else tongue.text("Gap"))
    above.yaxis.set_major_formatter(tongue.tick)
    # A little room between the kinds of choice.
    apart = [1.0 if kind == before else 1.7 for (kind, _), (before, _) in pairwise(reversed(options))]
    rows = np.append(0.0, np.cumsum(apart[::-1]))
    for row, (kind, word) in zip(rows, options, strict=True):
        chosen = places[table[kind] == word]
        below.scatter(chosen, np.full(len(chosen), row), s=10, color=INK)
    words = [f"{tongue.text(LABELS.get(kind, kind))}: {_option(kind, word, tongue)}" for kind, word in options]
    below.set_yticks(rows, words, fontsize=8)
    below.set_ylim(rows[-1] + 0.7, -0.7)
    below.set_xticks([])
    tidy(below)
    digits = tongue.fine(table["mean"], 3)
    p = float(estimates.tests["p"].iloc[0]) if len(estimates.tests) else float("nan")
    shown = tongue.text(
        "Specification curve of {n} specifications: the mean estimate runs from {low} to {high}, {below} of them lie "
        "below zero; joint p {p}.",
        n=len(table),
        low=tongue.number(table["mean"].min(), digits),
        high=tongue.number(table["mean"].max(), digits),
        below=tongue.percent(asked.below),
        p=tongue.p_value(p, sign=True),
    )
    finish(above, estimates.simulated_tables, tongue, shown)
    return axes


def _option(kind: str, word: str, tongue: Language) -> str:
    """Say a value of a choice in words, where there are any; one that the user has named stays."""
    return tongue.text(CODES.get(kind, {}).get(word) or OPTIONS.get(word, word))
