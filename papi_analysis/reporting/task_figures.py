"""The picture of the tasks: for each dimension, how many are done, overdue, in progress, not begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from papi_analysis.reporting.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PINK,
    add_alternative,
    drawing,
    full_name,
    mark_simulated,
    one_axes,
    tidy,
    wrapped,
)
from papi_analysis.reporting.labels import TASK_STATES
from papi_analysis.reporting.language import find_language
from papi_analysis.study.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Each state and its colour, in columns from the left; one that no task is in has no column.
COLOURS = {"done": BLUE, "overdue": ORANGE, "in_progress": GREEN, "not_begun": GREY, "unreported": PINK}

#: Room between two columns, as a part of the longest bar: for the count at its end.
ROOM = 0.35


@drawing
def draw_tasks(counts: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw the tasks of each dimension by where they stand: a column of bars for each state, all on one scale.

    ``counts`` comes from ``task_counts(study, "dimension")``. The count stands at the end of each bar and the state
    above its column, so that nothing has to be told by colour.

    Parameters
    ----------
    counts
        Of ``task_counts(study, "dimension")``.
    study
        The study that they are from.
    ax
        Where to draw; default a figure of its own.
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
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.monitoring import task_counts
    >>> counts = task_counts(study, "dimension", on="2019-12-31")
    >>> len(draw_tasks(counts, study).get_yticks())
    6
    """
    tongue = find_language(language)
    known = study.names
    names = [wrapped(full_name(code, tongue, known), 44) for code in counts["dimension"]]
    lines = sum(name.count("\n") + 1 for name in names)
    ax = one_axes(8, 0.75 + 0.14 * len(names) + 0.15 * lines) if ax is None else ax
    shown = [state for state in COLOURS if state == "done" or counts[state].any()]
    longest = float(counts[shown].to_numpy().max(initial=1))
    places = np.arange(len(counts))[::-1]
    for column, state in enumerate(shown):
        left = column * (1 + ROOM)
        ax.barh(places, counts[state] / longest, 0.62, left=left, color=COLOURS[state])
        ax.plot([left, left], [-0.5, len(counts) - 0.5], color=PALE, linewidth=0.8)
        for place, count in zip(places, counts[state], strict=True):
            ax.annotate(
                str(count), (left + count / longest, place), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=9, color=INK if count else GREY,
            )  # fmt: skip
        words = wrapped(tongue.text(TASK_STATES[state]), 11)
        ax.annotate(words, (left, len(counts) - 0.4), color=INK, weight="bold", fontsize=9, va="bottom")
    ax.set_xlim(0, len(shown) * (1 + ROOM))
    ax.set_ylim(-0.6, len(counts) + 0.5)
    ax.set_yticks(places, names)
    ax.set_xticks([])
    tidy(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(left=False)
    mark_simulated(ax, study.simulated_tables, tongue)
    listed = "; ".join(
        f"{row['dimension']}: "
        + ", ".join(f"{tongue.text(TASK_STATES[state]).lower()} {row[state]}" for state in shown)
        for row in counts.to_dict("records")
    )
    add_alternative(ax, tongue.text("Bars of the number of tasks by dimension and state: {listed}.", listed=listed))
    return ax
