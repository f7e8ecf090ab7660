"""Completion beside what the scores gained: the values of one picture, from answers that are there already."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.estimates import BesideDesign, Estimates, ImpactDesign, SlopeDesign
from papi_analysis.estimation.imputation import fit_comparison, programmes
from papi_analysis.estimation.placebo_draws import Placebos
from papi_analysis.estimation.specification import equations
from papi_analysis.panel.changes import mean_over_units
from papi_analysis.panel.panel import Panel

#: Other units, or sets of them, that are tabulated by dimension: an even selection where there are more.
SHOWN = 500

NOT_THESE = Note(
    "{question} is no answer to set beside completion. Give that of programme_impact or completion_slopes."
)
NO_GAPS = Note(
    "the slopes are of the form {form}, which has no gaps to show. Ask completion_slopes(panel) without a form."
)
NOT_OF_PANEL = Note(
    "these slopes are not those of this panel, or their cells do not count alike. Give the panel that was asked, and "
    "leave weights out."
)
NOT_TOLD_OF = Note("the verdicts are on another answer. Give verdicts(estimates, needed) of the same estimates.")
HALF_KNOWN = Note("Completion of {dimensions} is the mean over the units in which it is known, not all of them.")


@check_kinds
def completion_beside_gaps(panel: Panel, estimates: Estimates, told: Estimates | None = None) -> Estimates:
    """Put completion beside what the scores gained, net of what the other units predict: what ``draw_question`` shows.

    Parameters
    ----------
    panel
        The panel that was asked.
    estimates
        The answer of ``programme_impact`` (one unit, or few) or of ``completion_slopes`` (many).
    told
        The ``verdicts`` on that answer: what was needed, and the words of the finding.

    Returns
    -------
    Estimates
        Rows: the dimensions, of gaps the most complete first. Columns: ``completion`` (0 to 1; of gaps that of the
        treated units in the last year counted, of slopes the mean over the programmes' cells); ``estimate``, ``low``,
        ``high`` as in the answer; ``others_low``, ``others_high``, between which the middle of the other units lies, as
        many of them as the level says (missing where so few are no middle); ``others``, how many there are; of gaps
        also ``needed`` and ``verdict``, where ``told`` knows them. ``cells`` holds the points: ``dimension``, ``unit``,
        ``gap``, of an even selection of the others where they are more than 500; of slopes also ``year``,
        ``completion`` and ``programme``, whether the cell is of one.

    Raises
    ------
    SpecError
        Another answer, slopes of another form or of another panel, verdicts on another answer.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    >>> row = completion_beside_gaps(panel, gaps).table.iloc[0]
    >>> f"{row.dimension}: {row.completion:.2f} complete, a gap of {row.estimate:.2f}"
    'D4: 0.89 complete, a gap of 0.04'

    """
    if told is not None:
        _check_told(estimates, told)
    if estimates.question == "programme_impact":
        table, cells, notes = _of_gaps(panel, estimates)
    elif estimates.question == "completion_slopes":
        table, cells, notes = _of_slopes(panel, estimates)
    else:
        raise SpecError(NOT_THESE(question=estimates.question))
    if told is not None and estimates.question == "programme_impact":
        table[["needed", "verdict"]] = told.table.set_index("dimension")[["needed", "verdict"]].reindex(table.index)
    made_up = (*panel.simulated_tables, *estimates.simulated_tables, *(told.simulated_tables if told else ()))
    return Estimates(
        question="completion_beside_gaps",
        table=table.reset_index(),
        notes=notes,
        cells=cells,
        names=estimates.names,
        simulated_tables=tuple(dict.fromkeys(made_up)),
        level=estimates.level,
        design=BesideDesign(estimates, told),
    )


def _check_told(estimates: Estimates, told: Estimates) -> None:
    """Refuse verdicts on other estimates than those shown."""
    if told.question != "verdicts":
        raise SpecError(NOT_TOLD_OF)
    shown = estimates.table.set_index("dimension")["estimate"] / estimates.scale
    judged = told.table.set_index("dimension")["estimate"]
    if not np.allclose(shown.reindex(judged.index), judged, rtol=1e-9, atol=1e-12, equal_nan=True):
        raise SpecError(NOT_TOLD_OF)


def _of_gaps(panel: Panel, gaps: Estimates) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Note, ...]]:
    """Completion in the last year counted, and the gaps of whoever else could have had the programme."""
    asked, fan = gaps.designed(ImpactDesign), gaps.engines[0]
    places = [panel.position("unit", unit) for unit in asked.units]
    done = panel.completion[places, panel.position("year", asked.after[1])]  # (m, K)
    dimensions = list(panel.dimensions)
    table = gaps.table.set_index("dimension").loc[dimensions, ["estimate", "low", "high"]]
    table.insert(0, "completion", mean_over_units(done))
    others = fan.scores[1:] if isinstance(fan, Placebos) else np.empty((0, len(dimensions)))
    _add_middle(table, list(others.T), gaps.level)
    rows = _evenly(len(others))
    units = np.array(panel.units, dtype=object)
    names = [", ".join(units[set_]) for set_ in fan.units[1:][rows]] if len(others) else []
    cells = pd.DataFrame(
        {
            "dimension": np.repeat(np.array(dimensions, dtype=object), len(rows)),
            "unit": names * len(dimensions),
            "gap": others[rows].T.ravel(),
        }
    )
    known = np.isfinite(done).sum(axis=0)
    half = ", ".join(name for name, count in zip(dimensions, known, strict=True) if 0 < count < len(done))
    table = table.sort_values("completion", ascending=False, kind="stable")
    return table, cells, tuple(if_any(HALF_KNOWN(dimensions=half)))


def _of_slopes(panel: Panel, slopes: Estimates) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Note, ...]]:
    """The cells that the slopes are fitted to: gaps of programmes and, at completion 0, of the untouched units."""
    asked = slopes.designed(SlopeDesign)
    if asked.form != "imputation":
        raise SpecError(NO_GAPS(form=asked.form))
    every = pd.concat(list(_compared(panel, asked)), ignore_index=True)
    table = slopes.table.set_index("dimension").reindex(list(panel.dimensions))[["estimate", "low", "high"]]
    own = every[every["programme"]].groupby("dimension")
    through_zero = own.apply(lambda cells: cells["completion"] @ cells["gap"] / (cells["completion"] ** 2).sum())
    if not np.allclose(through_zero.reindex(table.index) * slopes.scale, table["estimate"], rtol=1e-6, atol=1e-9):
        raise SpecError(NOT_OF_PANEL)
    table.insert(0, "completion", own["completion"].mean())
    untouched = {name: cells["gap"].to_numpy() for name, cells in every[~every["programme"]].groupby("dimension")}
    _add_middle(table, [untouched[name] for name in table.index], slopes.level)
    shown = every[~every["programme"]].groupby("dimension", group_keys=False, sort=False)
    few = pd.concat([cells.iloc[_evenly(len(cells))] for _, cells in shown])
    return table, pd.concat([every[every["programme"]], few], ignore_index=True), ()


def _compared(panel: Panel, asked: SlopeDesign) -> Iterator[pd.DataFrame]:
    """Tabulate each comparison behind the slopes: one row for each unit and dimension that takes part."""
    eq = equations(panel, asked.specification)
    years = panel.cut(*asked.specification.years).years if asked.specification.years else panel.years
    laid, late = programmes(eq), max(asked.specification.lag, 0)
    for c in laid.comparisons:
        part = fit_comparison(laid, c, laid.units[None])
        dose, gap = part.dose[0].T, part.residual[0, 0].T  # (N, K)
        mine = dose > 0
        unit, dimension = np.nonzero((c.weight > 0) & (mine | (part.free[0, 0] > 0)[:, None]))
        yield pd.DataFrame(
            {
                "dimension": np.array(panel.dimensions, dtype=object)[dimension],
                "unit": np.array(panel.units, dtype=object)[unit],
                "year": years[late + c.year],
                "completion": dose[unit, dimension],
                "gap": gap[unit, dimension],
                "programme": mine[unit, dimension],
            }
        )


def _add_middle(table: pd.DataFrame, others: list[Floats], level: float) -> None:
    """Add the ends between which the middle of the others lies, missing where it would leave none of them out."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends = [np.quantile(gaps, tails) if len(gaps) * (1 - level) >= 1 else (np.nan, np.nan) for gaps in others]
    table[["others_low", "others_high"]] = np.array(ends, dtype=float).reshape(-1, 2)
    table["others"] = [len(gaps) for gaps in others]


def _evenly(count: int) -> Ints:
    """Places of an even selection, all of them where they are few."""
    return np.arange(0, count, max(1, -(-count // SHOWN)))
