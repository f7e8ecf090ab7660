"""The same question asked in other ways: what an answer owes to the choices behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note
from papi_analysis.estimation.counterfactuals import ESTIMATORS, leave_one_donor_out, synthetic_control
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.impact_notes import earlier_programme, known_in_years
from papi_analysis.estimation.impact_question import first_years, impact_design
from papi_analysis.estimation.inference import Clustered
from papi_analysis.estimation.lagged_outcome import LINE
from papi_analysis.estimation.multiplicity import holm, turning_odds
from papi_analysis.estimation.weights import vertex_weights
from papi_analysis.panel.panel import Panel
from papi_analysis.progress import progress
from papi_analysis.study.schema import name_text

#: Words for the estimators, in the order of the table.
METHODS = {
    "lagged_outcome": Note("Lagged-outcome adjustment"),
    "common_weights": Note("Common weights"),
    "did": Note("Difference in differences"),
    "lee_wooldridge": Note("Lee and Wooldridge"),
    "synthetic_control": Note("Synthetic control"),
    "synthetic_did": Note("Synthetic difference in differences"),
}

#: Words for a programme that starts two years earlier than it did, and for years before that end there.
IN_TIME = Note("Placebo in time: as if two years earlier"), Note("Backdated: matched two years earlier")
IN_SURVEYS = Note("Placebo in time: as if two surveys earlier"), Note("Backdated: matched two surveys earlier")

#: The size at which a verdict turns.
SIZE = 0.05

BEFORE_EARLIER = Note("Matched on the years before its earlier programme ({first}-{last}) only")
DURING_EARLIER = Note("Matched on the years of its earlier programme ({first}-{last}) only")
WITH_EARLIER = Note("With its earlier programme: both as one, from {first} (the earlier one ended in {last})")


@check_kinds
def impact_robustness(
    panel: Panel,
    unit: str,
    start: int,
    end: int | None = None,
    *,
    base_year: int | None = None,
    known_programmes: Sequence[str] | None = None,
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
        A single year to compare with, as a programme does that quotes its starting point; rows of its own. Peers are
        those that stood nearest then.
    known_programmes
        Units known to have had programmes of their own; leaving them out of the donors is a row. Default those that
        the panel knows in the years of this one.
    draws
        Most units that take the place of the treated one, as in ``programme_impact``. Leaving a donor out is done for
        all of them.

    Returns
    -------
    DataFrame
        ``choice`` (words), one column per dimension with the mean gap in points, ``mean``, its ``p``, and
        ``p_joint``, the smallest joint p-value over the dimensions (missing where a row is no test, or one that could
        find nothing); ``odds``: a rank takes it that each unit was as likely to have the programme as another. Were
        some up to so many times as likely as others, the verdict of ``p`` at 5% could turn: where p is at most 5%, it
        stays there up to these odds whoever was likelier; where p is above, it could be 5% from these odds on, and not
        before (Rosenbaum 2002; Firpo & Possebom 2018, eqs 7-9). Missing where p is no rank; ``peers``, the mean gap
        that the row shows for the ten untouched units that stood nearest in the base year, which an estimator that is
        not fooled puts at about 0; ``units`` compared. Where the panel knows of an earlier
        programme of the unit, rows match on the years before it, on its own years, and take both as one. Nobody can
        pick one dimension or one row alone: all of them stand here.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> table = impact_robustness(panel, "VN-CT", 2018, base_year=2016)
    >>> table.choice.iloc[0]
    'Lagged-outcome adjustment'

    """
    assert set(METHODS) == set(ESTIMATORS)
    unit = name_text(unit)
    asked: list[tuple[Note, dict[str, Any]]] = [(words, {"method": name}) for name, words in METHODS.items()]
    vertex = partial(synthetic_control, solve=vertex_weights)
    asked.append((Note("Synthetic control, weights at a vertex"), {"method": vertex}))
    asked.append((Note("Lagged-outcome adjustment, treated unit no donor of placebos"), {"treated_as_donor": False}))
    last = panel.years[-1] if end is None else end
    others = known_in_years(panel, start, last) if known_programmes is None else known_programmes
    if len(others):
        left_out = sorted({name for name in map(name_text, others) if name in panel.units and name != unit})
        asked.append((Note("Lagged-outcome adjustment, known programmes left out"), {"without": left_out}))
    if base_year is not None:
        base = {"before": (base_year, base_year)}
        asked.append((Note("Lagged-outcome adjustment, base year alone"), base))
        asked.append((Note("Difference in differences, base year alone"), {"method": "did", **base}))
    asked += _around_earlier(panel, unit, start)
    place = panel.position("year", panel.first_from(start, "the start"))
    if place >= 4:
        *_, matched, early, late = panel.years[:place]
        in_time, backdated = IN_TIME if late - matched == 2 else IN_SURVEYS
        asked.append((in_time, {"start": early, "end": late}))
        asked.append((backdated, {"before": (panel.years[0], matched)}))

    def ask(words: Note, changes: dict[str, Any]) -> dict[str, Any]:
        stood = None if changes.get("start", start) < start else base_year
        question = {"start": start, "end": end, "base_year": stood, "draws": draws, **changes}
        return {"choice": words, **_row(programme_impact(panel, unit, **question))}

    rows = list(progress(starmap(ask, asked), len(asked), "robustness"))
    whole = impact_design(panel, first_years(panel, unit, start), end, least=LINE)
    alone: dict[str, Any] = {
        "end": end,
        "method": "did",
        "base_year": base_year,
        "without": whole.with_programme,
        "draws": draws,
    }
    words = Note("Difference in differences, all units of each dimension")
    rows.append({"choice": words, **_own_pools(panel, partial(programme_impact, unit=unit, start=start, **alone))})
    rows += _without_one_donor(panel, whole.design)
    table = pd.DataFrame(rows)
    table["choice"] = pd.Series([row["choice"] for row in rows], dtype=object)  # words that can be translated
    return table


def _around_earlier(panel: Panel, unit: str, start: int) -> list[tuple[Note, dict[str, Any]]]:
    """Match on the years before the unit's own earlier programme, on its years, and take both programmes as one."""
    earlier = earlier_programme(panel, unit, start)
    if earlier is None:
        return []
    (begun, last), first = earlier, panel.years[0]
    found: list[tuple[Note, dict[str, Any]]] = []
    values = {"first": begun, "last": last}
    if begun - first >= 2:
        found.append((Note(BEFORE_EARLIER.text, values), {"before": (first, begun - 1)}))
    if last > begun:
        found.append((Note(DURING_EARLIER.text, values), {"before": (begun, last)}))
    if begun - first >= 2:
        found.append((Note(WITH_EARLIER.text, values), {"start": begun}))
    return found


def _own_pools(panel: Panel, ask: Callable[..., Estimates]) -> dict[str, float]:
    """Judge each dimension by itself against all units that have its cells; Holm instead of joint draws."""
    gaps, p, floors, units, peers = {}, [], [], [], []
    for k, dimension in enumerate(panel.dimensions):
        alone = replace(
            panel,
            scores=panel.scores[:, :, [k]],
            completion=panel.completion[:, :, [k]],
            dimensions=(dimension,),
        )
        row = ask(alone).table.iloc[0]
        gaps[dimension] = row["estimate"]
        p.append(row["p"])
        floors.append(row["floor"])
        units.append(int(row["units"]))
        peers.append(row["peers"])
    mean = {"mean": float(np.mean(list(gaps.values()))), "peers": float(np.mean(peers))}
    can = len(p) * min(floors) <= SIZE + 1e-12
    return {**gaps, **mean, "p_joint": holm(p).min() if can else np.nan, "units": max(units)}


def _without_one_donor(panel: Panel, design: Design) -> list[dict[str, Any]]:
    """Leave each donor out in turn: the lowest and the highest gap that come of it."""
    _, gaps = leave_one_donor_out(design, "lagged_outcome")
    rows = []
    mean = gaps.mean(axis=1)
    lowest = Note("Lagged-outcome adjustment, one donor left out: lowest")
    highest = Note("Lagged-outcome adjustment, one donor left out: highest")
    for words, ends, of_mean in ((lowest, gaps.min(axis=0), mean.min()), (highest, gaps.max(axis=0), mean.max())):
        rows.append(
            {
                "choice": words,
                **dict(zip(panel.dimensions, ends, strict=True)),
                "mean": of_mean,
                "units": int(design.eligible.sum()) - 1,
            }
        )
    return rows


def _row(answer: Estimates) -> dict[str, float]:
    table = answer.table.set_index("dimension")
    each, ranked = table.drop(index="mean"), not isinstance(answer.engines[1], Clustered)
    return {
        **each["estimate"].to_dict(),
        "mean": table.loc["mean", "estimate"],
        "p": table.loc["mean", "p"],
        "odds": float(turning_odds(table.loc["mean", "p"], SIZE)) if ranked else np.nan,
        "p_joint": each["p_joint"].min(),
        "peers": table.loc["mean", "peers"],
        "units": int(table.loc["mean", "units"]),
    }
