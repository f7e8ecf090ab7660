"""Gaps by years since the start, for one programme or for several that started in different years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates, ImpactDesign
from papi_analysis.estimation.multiplicity import critical_value
from papi_analysis.estimation.placebo_draws import EXACT, Placebos
from papi_analysis.panel.changes import in_order

BAND = Note(
    "The band holds the gaps of {level:.0%} of the placebos in a year, in all dimensions at once; joint p-values are "
    "over the dimensions of one year, not over the years."
)
CHANGING = Note(
    "A year since the start counts the units that have it, from {fewest} to {most}: where the number changes, so does "
    "who is counted."
)
NO_PLACEBOS = Note("{method} has no placebos, so there is no band by year. Ask programme_impact with another method.")


@check_kinds
def event_time(gaps: Estimates) -> Estimates:
    """Tell the gaps of an answer by years since the start of each unit's programme, beside the placebos'.

    Parameters
    ----------
    gaps
        An answer of ``programme_impact``, for one unit or several, with one start or starts of their own.

    Returns
    -------
    Estimates
        One row for each dimension, then ``"mean"``, and each year: ``since`` (0 is the first programme year, -1 the
        last before it), ``estimate`` (mean gap of the units that have such a year, points), ``band`` (half the
        width, around zero, of the placebos' joint band over the dimensions; for ``"mean"`` its own), and in programme
        years ``p`` and ``p_joint`` (step-down max-T over the dimensions of that year, from the same draws), ``units``.
        Years in which a score is missing are left out.

    Raises
    ------
    SpecError
        An answer without placebos.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> by_year = event_time(pa.programme_impact(panel, "VN-CT", 2018, 2020))
    >>> by_year.table.query("dimension == 'mean' and since >= 0")["since"].tolist()
    [0, 1, 2]

    """
    if gaps.question != "programme_impact" or not isinstance(gaps.engines[0], Placebos):
        raise SpecError(NO_PLACEBOS(method=getattr(gaps.design, "method", gaps.question)))
    asked, (family, mean) = gaps.designed(ImpactDesign), gaps.engines
    starts = np.array(list(asked.starts.values()))
    first = int(starts.max() + family.since.min())  # the panel's first year
    dimensions = [name for name in gaps.table["dimension"] if name != "mean"]
    parts = []
    for since in family.since:
        counted = int(((starts + since >= first) & (starts + since <= asked.end)).sum())
        if not counted:
            continue
        for names, engine in ((dimensions, family), (["mean"], mean)):
            parts.append(_year(names, engine, int(since), gaps.level).assign(units=counted))
    table = pd.concat(parts).dropna(subset=["estimate", "band"])
    table = in_order(table, ["dimension", "since"], [*dimensions, "mean"])
    notes = [BAND(level=gaps.level)]
    if table["units"].nunique() > 1:
        notes.append(CHANGING(fewest=int(table["units"].min()), most=int(table["units"].max())))
    return Estimates(
        question="event_time",
        table=table,
        notes=(*notes, *gaps.notes),
        names=gaps.names,
        simulated_tables=gaps.simulated_tables,
        level=gaps.level,
        design=asked,
    )


def _year(names: list[str], engine: Placebos, since: int, level: float) -> pd.DataFrame:
    """One year's rows: gaps, the placebos' band and, in programme years, p-values."""
    year = engine.at(since)
    spread = year.standard_errors
    silent = ~(spread > EXACT * engine.spread_before)  # fitted exactly by every placebo, as the last year before may be
    draws = np.where(silent, 0.0, year.scores[year.drawn] / np.where(silent, 1.0, spread))
    band = critical_value(draws, level, exact=year.exact) * np.where(silent, 0.0, spread)
    rows = pd.DataFrame({"dimension": names, "since": since, "estimate": year.coefficients, "band": band})
    tested = since >= 0 and not silent.any() and np.isfinite(spread).all()
    rows["p"] = year.p if tested else np.nan
    joint = year.p_joint if len(names) > 1 else year.p  # a family of one
    rows["p_joint"] = joint if tested and names != ["mean"] else np.nan
    return rows
