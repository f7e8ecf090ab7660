"""The same question asked in other ways: what an answer owes to the choices behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.credibility.long_runs import ask_each
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

#: Words for the other ways to ask, in the order of the table.
OTHERS = {
    "vertex": Note("Synthetic control, weights at a vertex"),
    "no_donor": Note("Lagged-outcome adjustment, treated unit no donor of placebos"),
    "known_left_out": Note("Lagged-outcome adjustment, known programmes left out"),
    "base_year": Note("Lagged-outcome adjustment, base year alone"),
    "did_base_year": Note("Difference in differences, base year alone"),
    "before_earlier": Note("Matched on the years before its earlier programme ({first}-{last}) only"),
    "during_earlier": Note("Matched on the years of its earlier programme ({first}-{last}) only"),
    "with_earlier": Note("With its earlier programme: both as one, from {first} (the earlier one ended in {last})"),
    "in_time": Note("Placebo in time: as if two years earlier"),
    "backdated": Note("Backdated: matched two years earlier"),
    "did_each_alone": Note("Difference in differences, all units of each dimension"),
    "donor_lowest": Note("Lagged-outcome adjustment, one donor left out: lowest"),
    "donor_highest": Note("Lagged-outcome adjustment, one donor left out: highest"),
}

#: Those around an earlier programme of the unit.
EARLIER = "before_earlier", "during_earlier", "with_earlier"

#: The same where two surveys are not two years.
IN_SURVEYS = {
    "in_time": Note("Placebo in time: as if two surveys earlier"),
    "backdated": Note("Backdated: matched two surveys earlier"),
}

#: The size at which a verdict turns.
SIZE = 0.05


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
        ``code`` and ``choice`` (the same in words), one column per dimension with the mean gap in points, ``mean``, its
        ``p``, and ``p_joint``, the smallest joint p-value over the dimensions (missing where a row is no test, or one
        that could find nothing); ``odds``: a rank takes it that each unit was as likely to have the programme as
        another. Were some up to so many times as likely as others, the verdict of ``p`` at 5% could turn: where p is at
        most 5%, it stays there up to these odds whoever was likelier; where p is above, it could be 5% from these odds
        on, and not before (Rosenbaum 2002; Firpo & Possebom 2018, eqs 7-9). Missing where p is no rank; ``peers``, the
        mean gap that the row shows for the ten untouched units that stood nearest in the base year, which an estimator
        that is not fooled puts at about 0; ``units`` compared. Where the panel knows of an earlier programme of the
        unit, rows match on the years before it, on its own years, and take both as one. Nobody can pick one dimension
        or one row alone: all of them stand here.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> table = impact_robustness(panel, "VN-CT", 2018, base_year=2016)
    >>> table[["code", "choice"]].iloc[0].tolist()
    ['lagged_outcome', 'Lagged-outcome adjustment']

    """
    assert set(METHODS) == set(ESTIMATORS)
    unit = name_text(unit)
    last = panel.years[-1] if end is None else end
    known = known_in_years(panel, start, last) if known_programmes is None else known_programmes
    others = {panel.units[panel.position("unit", name)] for name in known} - {unit}
    ways: dict[str, dict[str, Any]] = {name: {"method": name} for name in METHODS}
    ways |= {"vertex": {"method": partial(synthetic_control, solve=vertex_weights)}}
    ways |= {"no_donor": {"treated_as_donor": False}}
    if others:
        ways["known_left_out"] = {"without": sorted(others)}
    if base_year is not None:
        base = {"before": (base_year, base_year)}
        ways |= {"base_year": base, "did_base_year": {"method": "did", **base}}
    words = METHODS | OTHERS
    earlier = earlier_programme(panel, unit, start)
    if earlier is not None:
        ways |= _around_earlier(panel.years[0], *earlier)
        values = dict(zip(("first", "last"), earlier, strict=True))
        words |= {name: OTHERS[name](**values) for name in EARLIER}
    place = panel.position("year", panel.first_from(start, Note("the start")))
    if place >= 4:
        *_, matched, early, late = panel.years[:place]
        words |= {} if late - matched == 2 else IN_SURVEYS
        ways |= {"in_time": {"start": early, "end": late}, "backdated": {"before": (panel.years[0], matched)}}

    def ask(changes: Mapping[str, Any]) -> dict[str, float]:
        stood = None if changes.get("start", start) < start else base_year
        question = {"start": start, "end": end, "base_year": stood, "draws": draws, **changes}
        return _row(programme_impact(panel, unit, **question))

    rows = ask_each(ask, [({"code": name}, changes) for name, changes in ways.items()], "robustness")
    whole = impact_design(panel, first_years(panel, unit, start), end, least=LINE)
    did = partial(programme_impact, unit=unit, start=start, end=end, method="did", base_year=base_year, draws=draws)
    rows.append({"code": "did_each_alone", **_own_pools(panel, partial(did, without=whole.with_programme))})
    rows += _without_one_donor(panel, whole.design)
    table = pd.DataFrame(rows)
    spoken = pd.Series([words[name] for name in table["code"]], dtype=object)  # words that can be translated
    table.insert(1, "choice", spoken)
    return table


def _around_earlier(first: int, begun: int, last: int) -> dict[str, dict[str, Any]]:
    """Match on the years before the unit's own earlier programme, on its years, and take both programmes as one."""
    before, during, both = EARLIER
    known = max(first, begun)
    ways: dict[str, dict[str, Any]] = {during: {"before": (known, last)}} if last > known else {}
    if begun - first >= 2:
        ways = {before: {"before": (first, begun - 1)}, **ways, both: {"start": begun}}
    return ways


def _own_pools(panel: Panel, ask: Callable[..., Estimates]) -> dict[str, float]:
    """Judge each dimension by itself against all units that have its cells; Holm instead of joint draws."""
    alone = [
        replace(panel, scores=panel.scores[:, :, [k]], completion=panel.completion[:, :, [k]], dimensions=(name,))
        for k, name in enumerate(panel.dimensions)
    ]
    rows = pd.DataFrame([ask(one).table.iloc[0] for one in alone], index=list(panel.dimensions))
    can = len(rows) * rows["floor"].min() <= SIZE + 1e-12
    return {
        **rows["estimate"],
        "mean": rows["estimate"].mean(),
        "peers": rows["peers"].mean(),
        "p_joint": holm(rows["p"]).min() if can else np.nan,
        "units": int(rows["units"].max()),
    }


def _without_one_donor(panel: Panel, design: Design) -> list[dict[str, Any]]:
    """Leave each donor out in turn: the lowest and the highest gap that come of it."""
    with panel.naming():
        _, gaps = leave_one_donor_out(design, "lagged_outcome")
    each = pd.DataFrame(gaps, columns=list(panel.dimensions)).assign(mean=gaps.mean(axis=1))
    units = int(design.eligible.sum()) - 1
    ends = {"donor_lowest": each.min(), "donor_highest": each.max()}
    return [{"code": name, **end, "units": units} for name, end in ends.items()]


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
