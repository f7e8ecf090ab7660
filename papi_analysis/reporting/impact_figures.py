"""Figures of counterfactuals: actual and counterfactual scores with the placebo fan, donors, mean reversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears
from papi_analysis.estimation.event_time import event_time
from papi_analysis.panel.changes import TOTAL
from papi_analysis.reporting.canvas import check_answer, drawing, figure_of, grid_axes, one_axes
from papi_analysis.reporting.gap_words import treated_units
from papi_analysis.reporting.language import language_of
from papi_analysis.reporting.marks import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    SHADED,
    add_key,
    finish,
    finish_panel,
    label,
    number_across,
    shade_programme,
    wrapped,
)
from papi_analysis.reporting.tables import full_name, sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Placebos in a panel beyond which more of them would only thicken the crowd.
MOST = 500


@drawing
def draw_impact(estimates: Estimates, *, axes: Any = None, language: str = "en") -> Any:
    """Draw each dimension's actual and counterfactual scores, with the gaps of placebos around the latter.

    ``estimates`` comes from ``programme_impact``. The years of the programme are shaded. Programmes that started
    in different years are drawn by years since the start instead: see ``draw_event_time``. Of more than 500 placebos an
    even selection is drawn. Returns an array of axes.

    Parameters
    ----------
    estimates
        An answer of ``programme_impact``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> gap = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    >>> draw_impact(gap).shape
    (2, 3)
    """
    asked = estimates.designed(ImpactDesign)
    if len(set(asked.starts.values())) > 1:
        return draw_event_time(event_time(estimates), axes=axes, language=language)
    tongue = language_of(language, estimates.names)
    table = estimates.table[estimates.table["dimension"] != "mean"]
    axes = grid_axes(len(table), axes)
    digits = tongue.fine_by_row(sizes(table), shared=tongue.fine(table["estimate"]))
    start = asked.start
    for ax, row, places in zip(np.ravel(axes), table.itertuples(), digits, strict=False):
        cells = estimates.cells[estimates.cells["dimension"] == row.dimension]
        own = cells[cells["row"] == 0].set_index("year")
        others = cells.loc[cells["row"] > 0, "gap"].to_numpy().reshape(-1, len(own))
        for gap in others[:: max(1, -(-len(others) // MOST))]:
            ax.plot(own.index, own["counterfactual"] + gap, color=PALE, alpha=0.7, linewidth=0.5)
        ax.plot(own.index, own["counterfactual"], color=ORANGE, linewidth=1.6, linestyle="--")
        ax.plot(own.index, own["actual"], color=BLUE, linewidth=2)
        shade_programme(ax, start, asked.end)
        words = tongue.text(
            "gap {gap}, joint p {p}",
            gap=tongue.number(row.estimate, places),
            p=tongue.p_value(row.p_joint, sign=True),
        )
        finish_panel(ax, row.dimension, tongue, estimates.names, words)
    first = np.ravel(axes)[0]
    name = treated_units(estimates, tongue)
    placebos = bool((estimates.cells["row"] > 0).any())
    other = tongue.text("counterfactual, placebos") if placebos else tongue.text("counterfactual")
    add_key(axes, {name: first.lines[-1], other: first.lines[-2]})
    figure_of(first).supxlabel(tongue.say(SHADED), fontsize=9)
    listed = "; ".join(
        f"{row.dimension}: {tongue.number(row.estimate, places)} ({tongue.p_value(row.p_joint)})"
        for row, places in zip(table.itertuples(), digits, strict=True)
    )
    shown = tongue.text(
        "Line charts of actual and counterfactual scores of {unit} by dimension; mean gap from {start} to {end} "
        "(joint p): {listed}.",
        unit=name,
        start=start,
        end=asked.end,
        listed=listed,
    )
    finish(first, estimates.simulated_tables, tongue, shown, of_grid=True)
    return axes


@drawing
def draw_event_time(estimates: Estimates, *, axes: Any = None, language: str = "en") -> Any:
    """Draw each dimension's gap by years since the start, over the band that holds most placebos.

    ``estimates`` comes from ``event_time``; year 0 is the first of the programme. A filled dot lies outside the band.
    Returns an array of axes.

    Parameters
    ----------
    estimates
        An answer of ``event_time``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> gap = pa.programme_impact(panel, {"VN-CT": 2018, "VN-01": 2017}, end=2020)
    >>> draw_event_time(pa.event_time(gap)).shape
    (2, 3)
    """
    check_answer(estimates, "event_time")
    tongue = language_of(language, estimates.names)
    table = estimates.table[estimates.table["dimension"] != "mean"]
    dimensions = list(dict.fromkeys(table["dimension"]))
    axes = grid_axes(len(dimensions), axes)
    for ax, dimension in zip(np.ravel(axes), dimensions, strict=False):
        rows = table[table["dimension"] == dimension]
        ax.fill_between(rows["since"], -rows["band"], rows["band"], color=PALE, alpha=0.6, linewidth=0)
        ax.axhline(0, color=GREY, linewidth=0.8)
        shade_programme(ax, 0, rows["since"].max())
        ax.plot(rows["since"], rows["estimate"], color=BLUE, linewidth=1.2)
        outside = (rows["since"] >= 0) & (rows["estimate"].abs() > rows["band"])
        for chosen, face in ((~outside, "white"), (outside, BLUE)):
            dots = rows[chosen]
            ax.plot(dots["since"], dots["estimate"], "o", color=BLUE, markerfacecolor=face, markersize=4)
        finish_panel(ax, dimension, tongue, estimates.names)
    first, name = np.ravel(axes)[0], treated_units(estimates, tongue)
    figure_of(axes).supxlabel(
        tongue.text("Years since the start (0: first programme year). Shaded: the years of the programme"), fontsize=9
    )
    figure_of(axes).supylabel(tongue.text("Gap, points"), fontsize=9)
    band = tongue.text("{level} of placebos, all dimensions at once", level=tongue.percent(estimates.level))
    add_key(axes, {name: first.lines[1], band: first.collections[0]})
    late = table[table["since"] >= 0].groupby("dimension", sort=False)["estimate"]
    listed = "; ".join(f"{code}: {' / '.join(map(tongue.number, values))}" for code, values in late)
    shown = tongue.text(
        "Line charts of the gap of {unit} by years since the start and dimension, over the band of the placebos; gaps "
        "from the first programme year on: {listed}.",
        unit=name,
        listed=listed,
    )
    finish(first, estimates.simulated_tables, tongue, shown, of_grid=True)
    return axes


@drawing
def draw_weights(estimates: Estimates, *, ax: Axes | None = None, most: int = 15, language: str = "en") -> Axes:
    """Draw the donors that make up the counterfactual, the heaviest first, by their mean weight over dimensions.

    Parameters
    ----------
    estimates
        An answer of ``programme_impact``.
    most
        How many donors to show.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> gap = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="common_weights")
    >>> len(draw_weights(gap, most=5).get_yticks())
    5
    """
    tongue = language_of(language, estimates.names)
    weights = estimates.designed(ImpactDesign).weights
    dimensions = len(estimates.table) - 1
    mean = weights.groupby("unit")["weight"].sum().sort_values(ascending=False) / dimensions
    shown = mean.head(most)
    ax = one_axes(8, 0.28 * len(shown) + 0.8) if ax is None else ax
    places = np.arange(len(shown))[::-1]
    ax.barh(places, shown, color=BLUE, height=0.65)
    for place, weight in zip(places, shown, strict=True):
        label(ax, tongue.percent(weight, 1), (weight, place), (4, 0), va="center", fontsize=8)
    ax.set_yticks(places, [wrapped(tongue.name(unit, estimates.names)) for unit in shown.index], fontsize=8)
    ax.xaxis.set_major_formatter(lambda share, _: tongue.percent(share, int(shown.max() < 0.05)))
    below = int((mean < -1e-9).sum())
    words = tongue.text("Weight of the donors")
    if below:  # a line through the donors may weigh some against others
        words = tongue.text(
            "Weight of the donors (the {shown} heaviest of {donors}; {below} below 0)",
            shown=len(shown),
            donors=len(mean),
            below=below,
        )
    ax.set_xlabel(words)
    ax.margins(x=0.12)
    listed = "; ".join(f"{tongue.name(unit, estimates.names)}: {tongue.percent(w, 1)}" for unit, w in shown.items())
    finish(ax, estimates.simulated_tables, tongue, tongue.text("Bar chart of donor weights: {listed}.", listed=listed))
    return ax


@drawing
def draw_reversion(
    estimates: Estimates, dimension: str = TOTAL, *, ax: Axes | None = None, language: str = "en"
) -> Axes:
    """Draw the units' changes against where they stood, the line through the others, and the unit itself.

    The upright bar is the prediction interval at the unit's own place; a ring marks the unit that the line leans on.

    Parameters
    ----------
    estimates
        An answer of ``regression_to_the_mean``.
    dimension
        Which row to draw; default the sum of the family.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> back = pa.regression_to_the_mean(panel, "VN-CT", 2016, 2020)
    >>> bool(draw_reversion(back).get_xlabel())
    True
    """
    tongue = language_of(language, estimates.names)
    ax = one_axes(8, 4) if ax is None else ax
    asked, row = estimates.designed(UnitYears), estimates.row(dimension)
    unit = asked.unit
    cells = estimates.cells[estimates.cells["dimension"] == row.name]
    own = cells[cells["unit"] == unit]
    others = cells[cells["unit"] != unit]
    ax.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    ax.scatter(others["from_mean"], others["change"], s=18, color=GREY, alpha=0.7, linewidth=0)
    x = np.array([cells["from_mean"].min(), cells["from_mean"].max()])
    ax.plot(x, row["expected"] - row["reversion"] * (x - row["from_mean"]), color=ORANGE, linewidth=1.8)
    ax.plot([row["from_mean"]] * 2, [row["low"], row["high"]], color=ORANGE, linewidth=1.2, marker="_", markersize=9)
    leant = others[others["unit"] == row["leans_on"]]
    ax.scatter(leant["from_mean"], leant["change"], s=70, facecolor="none", edgecolor=GREY, linewidth=1.2)
    ax.scatter(own["from_mean"], own["change"], s=60, color=BLUE, zorder=3)
    at_left = row["expected"] - row["reversion"] * (x[0] - row["from_mean"])
    labels = [
        (wrapped(tongue.name(unit, estimates.names), 40), (row["from_mean"], row["change"]), (-8, -4), "right", BLUE),
        (tongue.text("expected from the others"), (x[0], at_left), (4, 8), "left", ORANGE),
    ]
    for at in leant.itertuples():
        left, words = at.from_mean > x.mean(), wrapped(tongue.name(at.unit, estimates.names), 40)
        labels.append((words, (at.from_mean, at.change), (-9 if left else 9, -4), "right" if left else "left", INK))
    for words, place, offset, side, colour in labels:
        label(ax, words, place, offset, ha=side, color=colour, weight="bold")
    ax.set_xlabel(tongue.text("Distance from the mean in {year}, points", year=asked.first))
    ax.set_ylabel(tongue.text("Change to {year}, points", year=asked.last))
    number_across(ax, tongue)
    ax.yaxis.set_major_formatter(tongue.tick)
    shown = tongue.text(
        "Scatter plot of change against distance from the mean, {dimension}: {unit} stood {from_mean} from the mean "
        "and changed by {change}; {expected} was expected from the line through the {n} others, with a prediction "
        "interval of {low} to {high}. A ring marks the unit without which that would change most, {other}.",
        dimension=full_name(dimension, tongue, estimates.names),
        unit=tongue.name(unit, estimates.names),
        n=int(row["units"]),
        other=tongue.name(row["leans_on"], estimates.names) if isinstance(row["leans_on"], str) else "–",
        **{name: float(row[name]) for name in ("from_mean", "change", "expected", "low", "high")},
    )
    finish(ax, estimates.simulated_tables, tongue, shown)
    return ax
