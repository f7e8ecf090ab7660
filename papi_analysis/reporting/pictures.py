"""``draw``, which knows by the question which picture an answer has, and the picture of several answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.canvas import drawing, one_axes
from papi_analysis.reporting.figures import draw_estimates, draw_targets, plot_intervals
from papi_analysis.reporting.impact_figures import draw_event_time, draw_impact, draw_reversion
from papi_analysis.reporting.marks import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    finish,
    name_rows,
    number_across,
    tidy,
    wrapped,
)
from papi_analysis.reporting.question_figure import draw_question
from papi_analysis.reporting.side_by_side import Answers, estimate_label, gather
from papi_analysis.reporting.specification_figures import draw_specification_curve
from papi_analysis.reporting.tables import full_name

#: The picture of each question.
PICTURES: dict[str, Callable[..., Any]] = {
    "completion_beside_gaps": draw_question,
    "completion_slopes": draw_estimates,
    "event_time": draw_event_time,
    "programme_impact": draw_impact,
    "regression_to_the_mean": draw_reversion,
    "specification_curve": draw_specification_curve,
    "target_attainment": draw_targets,
}

#: What is drawn of each answer.
COLUMNS = ["estimate", "low", "high"]

#: Colours and markers of answers side by side: told apart without colour too.
MARKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"), (PINK, "^"), (INK, "v"), (GREY, "P"))


def draw(
    shown: Estimates | Answers,
    *,
    dimension: str | None = None,
    truth: Any = None,
    scale: str | None = None,
    axes: Any = None,
    language: str = "en",
) -> Any:
    """Draw an answer as its question asks, or several answers side by side.

    Parameters
    ----------
    shown
        An answer: targets, slopes, gaps, gaps by years since the start, completion beside gaps, regression to the
        mean, or a specification curve. Or several (a list, or a mapping from names): their estimates with intervals,
        dimension by dimension.
    dimension
        Which one, of regression to the mean; default the sum.
    truth
        Known true slopes, one for each dimension.
    scale
        What a slope is, if not points per ten points of completion.
    axes
        Where to draw; default a new figure.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Axes or array of Axes
        With a text alternative: see ``show`` and ``save_figure``.

    Raises
    ------
    SpecError
        The question has no picture, an option is not one of it, or answers cannot stand side by side (see ``table``).

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> gaps = [pa.programme_impact(panel, "VN-CT", 2018, method=name) for name in ("did", "synthetic_control")]
    >>> len(draw(gaps).get_yticks()), draw(gaps[0]).shape
    (7, (2, 3))
    """
    options = {"dimension": dimension, "truth": truth, "scale": scale}
    given = {name: value for name, value in options.items() if value is not None}
    if not isinstance(shown, Estimates):
        _check_options(given, (), "draw([...])")
        return _draw_side_by_side(shown, ax=axes, language=language)
    if shown.question not in PICTURES:
        raise SpecError(Note("{question} has no picture. Show its table: table(answer).", {"question": shown.question}))
    picture = PICTURES[shown.question]
    known = tuple(inspect.signature(picture).parameters)
    _check_options(given, known, shown.question)
    given["ax" if "ax" in known else "axes"] = axes
    return picture(shown, language=language, **given)


def _check_options(given: dict[str, Any], known: tuple[str, ...], question: str) -> None:
    for name in given:
        if name not in known:
            raise SpecError(
                Note("the picture of {question} has no {name}. Leave it out.", {"question": question, "name": name})
            )


@drawing
def _draw_side_by_side(shown: Answers, *, ax: Any = None, language: str = "en") -> Any:
    """Draw estimates and intervals of several answers: a row for each dimension, in it a line for each answer."""
    from matplotlib.ticker import MaxNLocator

    gathered = gather(shown, language)
    tongue = gathered.tongue
    names, codes = list(gathered.answers), gathered.dimensions
    if len(names) > len(MARKS):
        raise SpecError(
            Note(
                "{given} answers do not fit in one picture, at most {most} do. Show them by table([...]).",
                {"given": len(names), "most": len(MARKS)},
            )
        )
    apart = 0.8 / max(len(names), 2)
    places = np.arange(len(codes))[::-1]
    ax = one_axes(8, 1.2 + len(codes) * (0.16 + 0.2 * len(names))) if ax is None else ax
    lines = []
    for number, (name, (colour, marker)) in enumerate(zip(names, MARKS, strict=False)):
        numbers = [[gathered.value(name, code, column) for column in COLUMNS] for code in codes]
        rows = pd.DataFrame(numbers, columns=COLUMNS)
        at = places + apart * ((len(names) - 1) / 2 - number)
        lines.append(rows.assign(place=at, colour=colour))
        ax.scatter(rows["estimate"], at, color=colour, marker=marker, s=34, zorder=2, label=wrapped(name, 34))
    table = pd.concat(lines, ignore_index=True)
    plot_intervals(ax, table, table["place"].to_numpy(), table["colour"].tolist())
    ax.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    name_rows(ax, places, codes, tongue, gathered.first.names)
    for between in places[:-1] - 0.5:
        ax.axhline(between, color="#EEEEEE", linewidth=0.8, zorder=0)
    ax.set_ylim(-0.6, len(codes) - 0.4)
    has_interval = table["low"].notna().any()
    level = tongue.percent(gathered.first.level)
    label = estimate_label(gathered)
    ax.set_xlabel(label + tongue.text(", {level} intervals", level=level) if has_interval else label)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    number_across(ax, tongue)
    tidy(ax)
    across = 3 if max(map(len, names)) <= 22 else 2
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=across, frameon=False, fontsize=8, handletextpad=0.2)
    places_of = dict(zip(codes, gathered.places, strict=True))

    def said(name: str, code: str) -> str:
        estimate, low, high = (gathered.value(name, code, column) for column in COLUMNS)
        return f"{name} {tongue.estimate(estimate, low, high, places_of[code])}"

    listed = "; ".join(
        f"{full_name(code, tongue, {})}: {', '.join(said(name, code) for name in names)}" for code in codes
    )
    words = tongue.text("Dot chart of {n} answers side by side, by dimension: {listed}.", n=len(names), listed=listed)
    finish(ax, gathered.simulated, tongue, words, of_grid=True)
    return ax
