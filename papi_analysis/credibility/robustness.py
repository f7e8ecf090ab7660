"""The same question asked in other ways: what an answer owes to the choices behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note
from papi_analysis.estimation.counterfactuals import ESTIMATORS, leave_one_donor_out, synthetic_control
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import first_years, impact_design, programme_impact
from papi_analysis.estimation.multiplicity import holm
from papi_analysis.estimation.weights import vertex_weights
from papi_analysis.panel.panel import Panel

#: Words for the estimators, in the order of the table.
METHODS = {
    "common_weights": Note("Common weights"),
    "did": Note("Difference in differences"),
    "lee_wooldridge": Note("Lee and Wooldridge"),
    "synthetic_control": Note("Synthetic control"),
    "synthetic_did": Note("Synthetic difference in differences"),
}

#: Words for a programme that starts two years earlier than it did, and for years before that end there.
IN_TIME = Note("Placebo in time: as if two years earlier"), Note("Backdated: matched two years earlier")
IN_SURVEYS = Note("Placebo in time: as if two surveys earlier"), Note("Backdated: matched two surveys earlier")


@check_kinds
def impact_robustness(
    panel: Panel,
    unit: str,
    start: int,
    end: int | None = None,
    *,
    base_year: int | None = None,
    known_programmes: Sequence[str] = (),
    draws: int | None = None,
) -> pd.DataFrame:
    """Ask ``programme_impact`` by every estimator and under other choices, one row each.

    Parameters
    ----------
    panel
        Any panel.
    unit, start, end
        The treated unit and the years of its programme.
    base_year
        A single year to compare with, as a programme does that quotes its starting point; a row of its own.
    known_programmes
        Units known to have had programmes of their own; leaving them out of the donors is a row.
    draws
        Most units that take the place of the treated one, as in ``programme_impact``. Leaving a donor out is done for
        all of them.

    Returns
    -------
    DataFrame
        ``choice`` (words), one column per dimension with the mean gap in points, ``mean``, its ``p``, and
        ``p_joint``, the smallest joint p-value over the dimensions (missing where a row is no test); ``units``
        compared. Nobody can pick one dimension or one row alone: all of them stand here.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> table = impact_robustness(panel, "VN-CT", 2018, base_year=2016)
    >>> table.choice.iloc[0]
    'Common weights'

    """
    assert set(METHODS) == set(ESTIMATORS)
    asked: list[tuple[Note, dict[str, Any]]] = [(words, {"method": name}) for name, words in METHODS.items()]
    vertex = partial(synthetic_control, solve=vertex_weights)
    asked.append((Note("Synthetic control, weights at a vertex"), {"method": vertex}))
    asked.append((Note("Common weights, treated unit no donor of placebos"), {"treated_as_donor": False}))
    if len(known_programmes):
        others = [name for name in known_programmes if name in panel.units and name != unit]
        asked.append((Note("Common weights, known programmes left out"), {"without": sorted(set(others))}))
    if base_year is not None:
        words = Note("Difference in differences, base year alone")
        asked.append((words, {"method": "did", "before": (base_year, base_year)}))
    place = panel.position("year", panel.first_from(start, "the start"))
    if place >= 4:
        *_, matched, early, late = panel.years[:place]
        in_time, backdated = IN_TIME if late - matched == 2 else IN_SURVEYS
        asked.append((in_time, {"start": early, "end": late}))
        asked.append((backdated, {"before": (panel.years[0], matched)}))
    rows = []
    for words, changes in asked:
        answer = programme_impact(panel, unit, **{"start": start, "end": end, "draws": draws, **changes})
        rows.append({"choice": str(words), **_row(answer)})
    words = Note("Difference in differences, all units of each dimension")
    rows.append({"choice": str(words), **_own_pools(panel, unit, start, end, draws)})
    rows += _without_one_donor(panel, unit, start, end)
    return pd.DataFrame(rows)


def _own_pools(panel: Panel, unit: str, start: int, end: int | None, draws: int | None) -> dict[str, float]:
    """Judge each dimension by itself against all units that have its cells; Holm instead of joint draws."""
    gaps, p, units = {}, [], []
    for k, dimension in enumerate(panel.dimensions):
        alone = replace(
            panel,
            scores=panel.scores[:, :, [k]],
            completion=panel.completion[:, :, [k]],
            dimensions=(dimension,),
        )
        row = programme_impact(alone, unit, start, end, method="did", draws=draws).table.iloc[0]
        gaps[dimension] = row["estimate"]
        p.append(row["p"])
        units.append(int(row["units"]))
    return {**gaps, "mean": float(np.mean(list(gaps.values()))), "p_joint": holm(p).min(), "units": max(units)}


def _without_one_donor(panel: Panel, unit: str, start: int, end: int | None) -> list[dict[str, Any]]:
    """Leave each donor with a weight out in turn: the lowest and the highest gap that come of it."""
    design, _ = impact_design(panel, first_years(panel, unit, start), end)
    _, gaps = leave_one_donor_out(design, "common_weights")
    rows = []
    mean = gaps.mean(axis=1)
    lowest = Note("Common weights, one donor left out: lowest")
    highest = Note("Common weights, one donor left out: highest")
    for words, ends, of_mean in ((lowest, gaps.min(axis=0), mean.min()), (highest, gaps.max(axis=0), mean.max())):
        rows.append(
            {
                "choice": str(words),
                **dict(zip(panel.dimensions, ends, strict=True)),
                "mean": of_mean,
                "units": int(design.eligible.sum()) - 1,
            }
        )
    return rows


def _row(answer: Estimates) -> dict[str, float]:
    table = answer.table.set_index("dimension")
    each = table.drop(index="mean")
    return {
        **each["estimate"].to_dict(),
        "mean": table.loc["mean", "estimate"],
        "p": table.loc["mean", "p"],
        "p_joint": each["p_joint"].min(),
        "units": int(table.loc["mean", "units"]),
    }
