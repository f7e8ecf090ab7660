"""Figures of the register: where the tasks stand, their completion, who leads them, which reports came."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from papi_analysis.panel.monitoring import known_shares
from papi_analysis.reporting.canvas import drawing, one_axes
from papi_analysis.reporting.labels import TASK_STATES
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.marks import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PINK,
    SHADE,
    SHADED,
    finish,
    label,
    spread_labels,
    wrapped,
)
from papi_analysis.reporting.tables import full_name
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

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.monitoring import task_counts
    >>> counts = task_counts(study, "dimension", on="2019-12-31")
    >>> len(draw_tasks(counts, study).patches) % 6
    0
    """
    tongue = find_language(language)
    known = study.names
    ax = one_axes(5.4, 0.7 + 0.36 * len(counts)) if ax is None else ax
    shown = [state for state in COLOURS if state == "done" or counts[state].any()]
    longest = float(counts[shown].to_numpy().max(initial=1))
    places = np.arange(len(counts))[::-1]
    for column, state in enumerate(shown):
        left = column * (1 + ROOM)
        ax.barh(places, counts[state] / longest, 0.4, left=left, color=COLOURS[state])
        ax.vlines(np.full(len(places), left), places - 0.2, places + 0.2, color=PALE, linewidth=0.8)
        for place, count in zip(places, counts[state], strict=True):
            at, colour = (left + count / longest, place), INK if count else GREY
            label(ax, str(count), at, (4, 0), va="center", fontsize=9, color=colour)
        words = wrapped(tongue.text(TASK_STATES[state]), 11)
        ax.annotate(words, (left, len(counts) - 0.2), color=INK, weight="bold", fontsize=9, va="bottom")
    ax.set_xlim(0, len(shown) * (1 + ROOM))
    ax.set_ylim(-0.3, len(counts) + 0.8)
    for place, code in zip(places, counts["dimension"], strict=True):
        name = textwrap.shorten(full_name(code, tongue, known), 90, placeholder=" …")
        ax.annotate(name, (0, place + 0.26), va="bottom", fontsize=8.5, color=INK)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    listed = "; ".join(
        f"{row['dimension']}: "
        + ", ".join(f"{tongue.text(TASK_STATES[state]).lower()} {row[state]}" for state in shown)
        for row in counts.to_dict("records")
    )
    words = tongue.text("Bars of the number of tasks by dimension and state: {listed}.", listed=listed)
    finish(ax, study.simulated_tables, tongue, words)
    return ax


@drawing
def draw_completion(cells: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw completion over time, one line for each dimension of one unit.

    ``cells`` comes from ``completion``; the band runs from the worst to the best case of unreported tasks.

    Parameters
    ----------
    cells
        Of ``completion``, for one unit.
    study
        The study that they are from.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> cells = pa.completion(study.tasks, study.progress)
    >>> draw_completion(cells, study).get_ylabel()
    'Completion'
    """
    tongue = find_language(language)
    ax = one_axes(6, 4) if ax is None else ax
    cells = known_shares(cells) if "last_report" in cells else cells
    styles = [(BLUE, "-"), (ORANGE, "-"), (GREEN, "-"), (PINK, "-"), (INK, "-"), (GREY, "--")]
    ends: list[tuple[float, str, str]] = []
    for place, (dimension, line) in enumerate(cells.groupby("dimension", sort=True)):
        colour, dash = styles[place % len(styles)]
        ax.fill_between(line["as_of"], line["low"], line["high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(line["as_of"], line["completion"], color=colour, linestyle=dash, linewidth=1.8)
        ends.append((float(line["completion"].iloc[-1]), str(dimension), colour))
    known = [end for end in ends if end[0] == end[0]]
    heights = spread_labels([end[0] for end in known], 0.09, top=1.02)
    for height, (_, dimension, colour) in zip(heights, known, strict=True):
        words = wrapped(full_name(dimension, tongue, study.names), 34)
        ax.annotate(words, (1.01, height), xycoords=("axes fraction", "data"), color=colour, va="center", fontsize=8)
    ax.set_ylim(0, 1.02)
    ax.margins(x=0)
    days, below = cells["as_of"], []
    if days.min() < study.start or days.max() > study.end:
        ax.axvspan(max(study.start, days.min()), min(study.end, days.max()), color=SHADE, linewidth=0, zorder=-1)
        below.append(tongue.say(SHADED))
    if (cells["unreported"] > 0).any():
        below.append(tongue.text("Bands: how far tasks without a report leave completion open"))
    ax.set_xlabel("\n".join(below), fontsize=9)
    ax.set_ylabel(tongue.text("Completion"))
    ax.yaxis.set_major_formatter(lambda share, _: tongue.percent(share))
    _write_days(ax, tongue)
    listed = "; ".join(f"{dimension}: {tongue.percent(end)}" for end, dimension, _ in ends)
    day = tongue.date(cells["as_of"].max())
    words = tongue.text("Line chart of completion by dimension; on {day} it stood at {listed}.", day=day, listed=listed)
    finish(ax, study.simulated_tables, tongue, words)
    return ax


def _write_days(ax: Axes, tongue: Language) -> None:
    """Write the months and days of a time axis as the reader does; matplotlib's own way is the English one."""
    from matplotlib.dates import DAILY, MONTHLY, YEARLY, AutoDateFormatter, AutoDateLocator

    # three years by their years, less by half years; as few as fit, and as many as each way of counting needs
    few = {YEARLY: 7, MONTHLY: 7, DAILY: 8}
    locator = AutoDateLocator(minticks=3, maxticks=few)  # type: ignore[no-untyped-call]
    formatter = AutoDateFormatter(locator)  # type: ignore[no-untyped-call]
    if tongue.code != "en":
        formatter.scaled.update({30.0: "%m/%Y", 1.0: "%d/%m/%Y"})
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)


@drawing
def draw_agencies(cells: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw completion by lead agency on one day, with the range that unreported tasks leave open.

    Parameters
    ----------
    cells
        Of ``completion_by_agency``, on one day.
    study
        The study that they are from.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.completion import completion_by_agency
    >>> cells = completion_by_agency(study.tasks, study.progress, as_of="2020-12-31")
    >>> len(draw_agencies(cells, study).get_yticks()) == len(cells)
    True
    """
    tongue = find_language(language)
    table = known_shares(cells).sort_values("completion").reset_index(drop=True)
    labels = [wrapped(f"{row.lead_agency} ({row.tasks})", 60) for row in table.itertuples()]
    lines = max(label.count("\n") + 1 for label in labels)
    ax = one_axes(8, 0.16 * (lines + 1) * len(cells) + 0.8) if ax is None else ax
    places = np.arange(len(table))
    ax.hlines(places, table["low"], table["high"], color=PALE, linewidth=6, zorder=1)
    ax.scatter(table["completion"], places, color=BLUE, s=36, zorder=2)
    for place, row in zip(places, table.itertuples(), strict=True):
        words = tongue.percent(row.completion)
        if row.unreported:
            words += f" ({tongue.percent(row.low)}–{tongue.percent(row.high)})"
        label(ax, words, (row.high, place), (8, 0), va="center", fontsize=8, color=INK)
    ax.set_yticks(places, labels, fontsize=8)
    ax.set_xlim(0, 1.1)
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.xaxis.set_major_formatter(lambda share, _: tongue.percent(share))
    below = [tongue.text("Completion on {day} (number of tasks)", day=tongue.date(cells["as_of"].max()))]
    if (cells["unreported"] > 0).any():
        below.append(tongue.text("Grey: how far tasks without a report leave completion open"))
    ax.set_xlabel("\n".join(below))
    known = table.dropna(subset="completion")
    low, high = (known if len(known) else table).iloc[[0, -1]].to_dict("records")
    words = tongue.text(
        "Dot chart of completion by lead agency, from {low} ({least}) to {high} ({most}).",
        low=low["lead_agency"],
        least=tongue.percent(low["completion"]),
        high=high["lead_agency"],
        most=tongue.percent(high["completion"]),
    )
    finish(ax, study.simulated_tables, tongue, words)
    return ax


@drawing
def draw_reporting(record: pd.DataFrame, study: Study, *, ax: Axes | None = None, language: str = "en") -> Axes:
    """Draw, for each day reported on, how many reports came in time, late or never.

    Parameters
    ----------
    record
        Of ``reporting_record``, for one unit.
    study
        The study that it is from.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> from papi_analysis.panel.completion import reporting_record
    >>> record = reporting_record(study.tasks, study.progress)
    >>> draw_reporting(record, study).get_ylabel()
    'Tasks begun'
    """
    from matplotlib.ticker import MaxNLocator

    tongue = find_language(language)
    ax = one_axes(8, 3.2) if ax is None else ax
    places = np.arange(len(record))
    base = np.zeros(len(record))
    words = {"in_time": "In time", "late": "Late", "missing": "Missing"}
    parts, middles = (("in_time", BLUE), ("late", ORANGE), ("missing", GREY)), []
    for column, colour in parts:
        height = record[column].to_numpy()
        ax.bar(places, height, bottom=base, color=colour, width=0.75, edgecolor="white")
        middles.append(float(base[-1] + height[-1] / 2))
        base += height
    for middle, (column, colour) in zip(spread_labels(middles, 0.07 * base.max(), base.max()), parts, strict=True):
        ax.annotate(
            tongue.text(words[column]), (places[-1] + 0.5, middle), color=colour, va="center", fontsize=9, weight="bold"
        )
    ax.set_xticks(
        places, [f"{day.year}\n{tongue.text('Q{quarter}', quarter=day.quarter)}" for day in record["as_of"]], fontsize=8
    )
    ax.set_xlim(-0.6, len(record) + 0.8)
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.set_ylabel(tongue.text("Tasks begun"))
    totals = record[["in_time", "late", "missing"]].sum()
    shown = tongue.text(
        "Stacked bars by quarter: over {quarters} quarters {in_time} reports came in time, {late} late, {missing} "
        "never.",
        quarters=len(record),
        **{name: int(count) for name, count in totals.items()},
    )
    finish(ax, study.simulated_tables, tongue, shown)
    return ax
