"""Did the programme move the index: gaps between a unit's scores and what they would have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.by_unit import unit_labels
from papi_analysis.estimation.counterfactuals import (
    WEIGHTED,
    Counterfactual,
    Estimator,
    by_since_start,
    demeaned_fit,
    difference_in_differences,
    estimate,
    find_estimator,
    since_start,
)
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.estimates import Estimates, ImpactDesign
from papi_analysis.estimation.impact_notes import impact_notes, surveys_note
from papi_analysis.estimation.impact_question import (
    LATE_BASE,
    Asked,
    Question,
    checked,
    first_years,
    impact_design,
    method_name,
    years_needed,
)
from papi_analysis.estimation.inference import Clustered, Engine, engine_rows, family_rows, family_tests, inference_rows
from papi_analysis.estimation.lagged_outcome import LINE
from papi_analysis.estimation.multiplicity import check_level, usual_draws
from papi_analysis.estimation.peers import peer_gaps
from papi_analysis.estimation.placebo_draws import Placebos
from papi_analysis.estimation.placebos import placebos
from papi_analysis.panel.panel import Panel

#: Placebos whose paths are tabulated.
SHOWN = 500
NO_WEIGHTS = Note("only these methods let units count by weights: {methods}. Choose one, or leave weights out.")
NO_GROUPS = Note(
    "the exact t inference of lee_wooldridge compares all units. Ask with method='did' where donors are within a label."
)


@check_kinds
def programme_impact(
    panel: Panel,
    unit: str | int | Sequence[str | int] | Mapping[str, int] | Mapping[int, int] | pd.Series,
    start: int | None = None,
    end: int | None = None,
    *,
    method: str | Estimator = "lagged_outcome",
    before: tuple[int, int] | None = None,
    after: tuple[int, int] | None = None,
    base_year: int | None = None,
    without: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    within: Mapping[str, Any] | None = None,
    strata: Mapping[str, Any] | None = None,
    treated_as_donor: bool = True,
    level: float = 0.95,
    draws: int | None = None,
    rng: int | np.random.Generator = 0,
) -> Estimates:
    """Compare the scores of one or a few units with what they would have been without the programme.

    The counterfactual is a weighted average of donors, chosen on the years before by ``method``; a gap is the score
    minus it. The gap averaged over the programme years is judged by giving the programme to every unit in turn (with
    several treated units, to other sets of units), jointly over the dimensions.

    Parameters
    ----------
    panel
        Any panel. Completion decides who may be a donor: units with completion above 0 in a year that is used are
        left out and named, and a start that does not fit the treated unit's completion is said.
    unit
        The treated unit, several of them, or first years by unit, a mapping or a Series (then no ``start``).
    start, end
        First and last year of the programme; the default end is the panel's last year. Where no survey was held in one
        of them, the first survey after the start, or the last before the end, stands for it, and a note says so.
    method
        ``"lagged_outcome"`` (what the donors' scores became, given where they stood: their mean before and the last
        year before), ``"did"``, ``"lee_wooldridge"``, ``"synthetic_control"``, ``"common_weights"`` (one set of donors
        for all dimensions), ``"synthetic_did"``, or a function like those of ``estimation.counterfactuals``; what it
        gives back is checked. All but the first presume that a lead over the others carries over one for one.
    before
        First and last year to match on; default all years before the start. A single year is a base year.
    after
        First and last year of the programme whose gaps are averaged; default all. ``after=(2020, 2020)`` asks for the
        gap of 2020 alone: the years between are shown, and count neither before nor after.
    base_year
        The year in which the treated unit's standing counts for ``peers``; default the last year matched on.
    without
        Units that may not be donors, for instance those known to have had programmes of their own.
    weights
        How much each unit counts (its population, for instance), as a donor and where treated units are averaged; 0
        leaves a unit out. For ``"lagged_outcome"`` and ``"did"``.
    within
        A label for each unit, its region for instance: donors are those with the unit's own label, so that what moved
        a region is no gap. Units in regions too small for it are left out.
    strata
        A label for each unit: the programme is given to units with the same label as the treated one only.
    treated_as_donor
        Whether a placebo may use the treated unit as a donor; only then is the rank exact under the null.
    level
        Confidence level of the intervals.
    draws
        Most reassignments; where there are more, a random sample of so many is drawn and the notes say how many of how
        many units. Default 9,999; with methods that search for weights, in panels of thousands of units fewer, never
        below 199 (5,000 units, 20 years, six dimensions: 5,000 with one treated unit, 199 from 26 on). A long
        run shows a bar.
    rng
        Seed or Generator; not used where all reassignments are tried.

    Returns
    -------
    Estimates
        Rows: each dimension, then ``"mean"``. Columns: ``estimate`` (mean gap over the years after, points), ``se``
        (spread of the gap over the placebos), ``low``, ``high``, ``p``, ``p_joint`` (step-down max-T: Romano & Wolf
        2005; for placebo tests Firpo & Possebom 2018, eqs 23-24), ``p_holm`` (missing where it could find nothing),
        ``floor``, ``detectable`` (gap that would have been found four times in five by ``p``) and
        ``detectable_jointly`` (by ``p_joint``, where all dimensions move by as much as theirs), ``fit`` (root mean
        squared gap before), ``peers`` (mean gap of the ten untouched units that stood nearest in the base year, by
        their mean over the dimensions: an estimator that is not fooled by where a unit stood shows about 0), ``units``
        compared. ``cells`` holds, for each dimension and year ``since`` the start (with one start also ``year``),
        ``actual`` and ``counterfactual`` of the treated units that have such a year and the ``gap`` of the placebos, of
        an even selection where they are more than 500; ``design.weights`` the donors. Years before are shown net of
        the unit's mean before. ``tests`` holds one test of the whole family, the standardised mean (gaps in spreads of
        their placebos): choose it, or the mean, before you look.

    Raises
    ------
    SpecError
        A unit that is not in the panel or named twice, a start without enough years before, an end beyond the data,
        years ``before`` or ``after`` that cannot count, a treated unit among those left out, a missing score of a
        treated unit, too few donors with all cells or without a programme, a dimension in which all units move alike, a
        method that gives no usable weights, weights or labels that are missing, negative or fit no other unit.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    >>> gaps.table.dimension.tolist()
    ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'mean']

    """
    check_level(level)
    starts = first_years(panel, unit, start)
    base = _base(panel, starts, base_year)
    question = Question(method, before, after, without, weights, within, strata, treated_as_donor, draws, rng)
    judged = _judge(panel, starts, end, question)
    design, rule, found, fan, engines = judged.asked.design, judged.rule, judged.found, judged.fan, judged.engines
    compared = int(design.eligible.sum())
    name = method if isinstance(method, str) else method_name(method)
    table = family_rows(engine_rows, panel.dimensions, engines, level)
    table["fit"] = _fit(design, found) if fan is None else np.append(fan.fit, fan.mean().fit)
    with panel.naming():
        peers = peer_gaps(design, rule, fan, base)
    table["peers"] = np.append(peers, peers.mean())
    table["units"] = compared
    notes = impact_notes(panel, starts, judged.asked, engines[0], level, name)
    return Estimates(
        question="programme_impact",
        table=table,
        notes=(*surveys_note(panel, unit, start, end), *notes),
        tests=family_tests(engines[0], level),
        cells=_paths(panel, design, found, fan),
        names=panel.names,
        simulated_tables=tuple(name for name in panel.simulated_tables if name == "scores"),
        level=level,
        engines=engines,
        design=ImpactDesign(
            method=name,
            starts=starts,
            end=panel.years[design.end],
            after=_years_after(panel, design),
            compared=compared,
            weights=_weights(panel, design, found),
        ),
    )


def impact_tests(
    panel: Panel, unit: str, start: int, end: int | None = None, *, level: float = 0.95, **question: Any
) -> pd.DataFrame:
    """Give estimates, intervals and p-values of ``programme_impact`` alone, for whoever asks it a thousand times.

    ``question`` is as there. Columns as there: ``dimension``, ``estimate``, ``low``, ``high``, ``p``, ``p_joint``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> tests, answer = impact_tests(panel, "VN-CT", 2018, 2020), pa.programme_impact(panel, "VN-CT", 2018, 2020)
    >>> tests.equals(answer.table[list(tests)])
    True
    """
    engines = _judge(panel, first_years(panel, unit, start), end, Question(**question)).engines
    return family_rows(inference_rows, panel.dimensions, engines, level)


class _Judged(NamedTuple):
    """Gaps, and the inference of the dimensions and of their mean."""

    asked: Asked
    rule: Estimator
    found: Counterfactual
    fan: Placebos | None
    engines: tuple[Engine, Engine]


def _judge(panel: Panel, starts: Mapping[str, int], end: int | None, question: Question) -> _Judged:
    """Estimate the gaps of a question and give the programmes to other units."""
    method, strata = question.method, question.strata
    rule = find_estimator(method) if isinstance(method, str) else checked(find_estimator(method))
    if question.weights is not None and method not in WEIGHTED:
        raise SpecError(NO_WEIGHTS(methods=", ".join(WEIGHTED)))
    if question.within is not None and method == "lee_wooldridge":
        raise SpecError(NO_GROUPS)
    least = LINE if method == "lagged_outcome" else 2
    asked = impact_design(panel, starts, end, question, needed=years_needed(method, question.before), least=least)
    labels = None if strata is None else unit_labels(panel, strata, "strata")
    with panel.naming():
        found = estimate(asked.design, rule)
    if method == "lee_wooldridge":
        usual = Clustered(*demeaned_fit(asked.design))
        return _Judged(asked, rule, found, None, (usual, usual.mean_slope()))
    most = _usual_draws(asked.design, rule) if question.draws is None else question.draws
    with panel.naming():
        fan = placebos(
            asked.design, rule, treated_as_donor=question.treated_as_donor, strata=labels, draws=most, rng=question.rng
        )
    return _Judged(asked, rule, found, fan, (fan, fan.mean()))


def _base(panel: Panel, starts: Mapping[str, int], base_year: int | None) -> int | None:
    """The place of the base year, which lies before every start."""
    early = min(starts.values())
    if base_year is not None and base_year >= early:
        raise SpecError(LATE_BASE(base_year=base_year, start=early))
    return None if base_year is None else panel.position("year", base_year)


def _years_after(panel: Panel, design: Design) -> tuple[int, int]:
    """First and last year whose gaps are averaged."""
    counted = np.flatnonzero(np.any([design.post(int(start)) for start in design.starts], axis=0))
    return panel.years[counted[0]], panel.years[counted[-1]]


def _usual_draws(design: Design, rule: Estimator) -> int:
    """Draws unless told otherwise: equal weights cost nothing, others a search over the cells of every donor."""
    cells = design.Y[0].size * int(design.eligible.sum()) * len(design.units)
    return usual_draws(0 if rule is difference_in_differences else cells)


def _fit(design: Design, found: Counterfactual) -> Floats:
    """Root mean squared gap before the programme, by dimension and over all of them (K + 1,)."""
    squares = np.concatenate([found.gaps[i, design.pre(int(start))] ** 2 for i, start in enumerate(design.starts)])
    each = squares.mean(axis=0)
    return np.asarray(np.sqrt(np.append(each, each.mean())), dtype=float)


def _paths(panel: Panel, design: Design, found: Counterfactual, fan: Placebos | None) -> pd.DataFrame:
    """Tabulate the treated units' mean actual and counterfactual scores, and the placebos' gaps, by year.

    Of many placebos an even selection stands for all: more of them would only thicken the crowd of a figure.
    """
    since, own = since_start(design), design.units[None]
    actual, gap = (by_since_start(design, of[None], own)[0] for of in (design.Y[design.units], found.gaps))
    last = 0 if fan is None else len(fan.paths) - 1
    rows = np.append(0, np.arange(1, last + 1, max(1, -(-last // SHOWN))))
    gaps = gap[None] if fan is None else fan.paths[rows]
    units = np.array(panel.units, dtype=object)
    names = [", ".join(units[row]) for row in (own if fan is None else fan.units[rows])]
    R, S, K = gaps.shape
    later = np.full(((R - 1) * S * K,), np.nan)  # only the realised programme has scores of its own
    columns: dict[str, Any] = {
        "row": np.repeat(rows, S * K),
        "unit": np.repeat(np.array(names, dtype=object), S * K),
        "dimension": np.tile(np.array(panel.dimensions, dtype=object), R * S),
        "since": np.tile(np.repeat(since, K), R),
        "actual": np.append(actual.ravel(), later),
        "counterfactual": np.append((actual - gap).ravel(), later),
        "gap": gaps.ravel(),
    }
    cells = pd.DataFrame(columns)
    if len(np.unique(design.starts)) == 1:
        cells.insert(3, "year", np.array(panel.years)[columns["since"] + int(design.starts[0])])
    return cells


def _weights(panel: Panel, design: Design, found: Counterfactual) -> pd.DataFrame:
    """Tabulate the donors' weights, averaged over treated units: one row per donor and dimension with a weight."""
    weights = found.weights.donors.mean(axis=0)
    donor, dimension = np.nonzero(np.abs(weights) > 1e-9)
    frame = pd.DataFrame(
        {
            "unit": np.array(panel.units, dtype=object)[donor],
            "dimension": np.array(panel.dimensions, dtype=object)[dimension],
            "weight": weights[donor, dimension],
        }
    )
    return frame.sort_values(["dimension", "weight"], ascending=[True, False], ignore_index=True)
