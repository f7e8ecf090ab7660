"""One honest sentence for each kind of answer, in either language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import (
    BesideDesign,
    CalibrationDesign,
    CurveDesign,
    Estimates,
    ImpactDesign,
    SlopeDesign,
    UnitYears,
)
from papi_analysis.estimation.inference import draws_needed
from papi_analysis.panel.changes import TOTAL
from papi_analysis.reporting.labels import FAMILY
from papi_analysis.reporting.language import Language, language_of
from papi_analysis.reporting.section import Prose
from papi_analysis.reporting.tables import mark
from papi_analysis.reporting.verdict_words import say_family, say_verdicts
from papi_analysis.study.study import Study

#: Treated units that a sentence or a figure names; more of them are counted.
NAMED = 3


@check_kinds
def sentence(estimates: Estimates, *, language: str = "en") -> Prose:
    """Say the answer in a sentence, with the warning that its inputs are simulated where they are.

    Parameters
    ----------
    estimates
        An answer.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Prose
        One or two sentences, a text; a notebook shows it as prose.

    Raises
    ------
    SpecError
        There is no sentence for such an answer, or no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> print(sentence(pa.target_attainment(pa.load_study("can_tho_2018_2020"))))
    Can Tho reached 0 of its 6 targets for 2020: the sum of its scores was 35.95 against a target of 42.05, \
from 39.57 in 2016 (rank 1 of 63, then 40 of 63).
    """
    tongue = language_of(language, estimates.names)
    makers = {
        "target_attainment": _targets,
        "completion_beside_gaps": finding,
        "completion_slopes": _slopes,
        "change_slopes": _changes,
        "design_tests": _design_tests,
        "event_time": _event_time,
        "programme_impact": _impact,
        "regression_to_the_mean": _reversion,
        "specification_curve": _curve,
        "calibration": _calibration,
        "verdicts": say_verdicts,
    }
    if estimates.question not in makers:
        raise SpecError(Note("there is no sentence for {question!r}.", {"question": estimates.question}))
    words = makers[estimates.question](estimates, tongue)
    warning = mark(estimates.simulated_tables, tongue)
    return Prose(f"{words} [{warning}]" if warning else words)


@check_kinds
def remarks(estimates: Estimates, *, language: str = "en") -> Prose:
    """Say what an answer cannot show: its notes, one to a line.

    Parameters
    ----------
    estimates
        An answer.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Prose
        The notes, one to a line; empty where there are none. A notebook shows them as prose.

    Raises
    ------
    SpecError
        There is no such language.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> len(remarks(pa.completion_slopes(panel)).splitlines()) > 1
    True
    """
    tongue = language_of(language, estimates.names)
    return Prose("\n".join(tongue.say(note, estimates.names) for note in estimates.notes))


def question(study: Study, tongue: Language) -> str:
    """Word the question of a study."""
    return tongue.text(
        "How does completing the {tasks} tasks of the programme relate to the change of the {dimensions} scores that "
        "it wants to move, from {start} to {end}?",
        tasks=study.tasks["task"].nunique(),
        dimensions=len(study.dimensions),
        start=study.start.year,
        end=study.end.year,
    )


def treated_units(estimates: Estimates, tongue: Language) -> str:
    """Name the treated units of ``programme_impact``, or count them where a list would be no reading."""
    units = estimates.designed(ImpactDesign).units
    if len(units) > NAMED:
        return tongue.text("{units} units", units=len(units))
    return ", ".join(tongue.name(unit, estimates.names) for unit in units)


def finding(estimates: Estimates, tongue: Language) -> str:
    """Say how far the tasks came, and beside that the verdict where there is one, otherwise the answer itself."""
    asked, done = estimates.designed(BesideDesign), estimates.table["completion"].dropna()
    told = "" if asked.told is None else say_family(asked.told, tongue)
    words = told or sentence(replace(asked.answer, simulated_tables=()), language=tongue.code)
    if done.empty or asked.answer.question != "programme_impact":
        return words
    low, high = tongue.percent(done.min()), tongue.percent(done.max())
    if low == high:
        return tongue.text("Completion {share}. {finding}", share=low, finding=words)
    return tongue.text("Completion {low} to {high} by dimension. {finding}", low=low, high=high, finding=words)


def _targets(estimates: Estimates, tongue: Language) -> str:
    each, total = estimates.table.iloc[:-1], estimates.table.iloc[-1]
    asked = estimates.designed(UnitYears)
    judged, aimed = each["reached"].dropna(), int(each["target"].notna().sum())
    values = {
        "unit": tongue.name(asked.unit, estimates.names),
        "reached": int(judged.sum()),
        "targets": len(judged),
        "aimed": aimed,
        "end": asked.last,
        "base_year": asked.first,
        "outcome": float(total["outcome"]),
        "base": float(total["base"]),
        **{name: tongue.number(total[name], 0) for name in ("rank_base", "ranked_base", "rank_end", "ranked_end")},
    }
    if total["latest_year"] < asked.last:
        return _targets_ahead(estimates, tongue)
    if judged.empty:
        return tongue.text(
            "Whether {unit} reached its {aimed} targets for {end} cannot be said: no score of {end} has been "
            "published.",
            **values,
        )
    if total["outcome"] != total["outcome"] or total["base"] != total["base"]:
        return tongue.text(
            "{unit} reached {reached} of its {aimed} targets for {end}, of which {targets} can be judged. Not every "
            "dimension has a score, so there is no sum.",
            **values,
        )
    if total["target"] != total["target"]:  # no sum to aim at where a dimension has no target
        return tongue.text(
            "{unit} reached {reached} of its {targets} targets for {end}: the sum of its scores was {outcome}, from "
            "{base} in {base_year} (rank {rank_base} of {ranked_base}, then {rank_end} of {ranked_end}).",
            **values,
        )
    return tongue.text(
        "{unit} reached {reached} of its {targets} targets for {end}: the sum of its scores was {outcome} against a "
        "target of {target}, from {base} in {base_year} (rank {rank_base} of {ranked_base}, then {rank_end} of "
        "{ranked_end}).",
        target=float(total["target"]),
        **values,
    )


def _targets_ahead(estimates: Estimates, tongue: Language) -> str:
    """Say where the latest scores stand beside targets of a year to come."""
    each, total = estimates.table.iloc[:-1], estimates.table.iloc[-1]
    asked, known = estimates.designed(UnitYears), each["still"].dropna()
    values = {"end": asked.last, "latest_year": int(total["latest_year"])}
    words = tongue.text(
        "{unit} has {targets} targets for {end}; in {latest_year}, the latest scores, {there} of {known} that can be "
        "compared stood at their target or above.",
        unit=tongue.name(asked.unit, estimates.names),
        targets=int(each["target"].notna().sum()),
        there=int((known <= 5e-5).sum()),
        known=len(known),
        **values,
    )
    if total["still"] != total["still"]:  # a score or a target is not known: there is no sum
        return words
    words += " " + tongue.text(
        "The sum of its scores was {latest} in {latest_year} against a target of {target} for {end}, a difference of "
        "{still} points.",
        **{name: float(total[name]) for name in ("latest", "target", "still")},
        **values,
    )
    if not total["windows_left"]:
        return words
    often = tongue.text(
        "In as many years as from {latest_year} to {end}, units gained as much in {often} of {windows} cases.",
        often=tongue.percent(total["often_left"]),
        windows=int(total["windows_left"]),
        **values,
    )
    return f"{words} {often}"


def _slopes(estimates: Estimates, tongue: Language) -> str:
    mean, size = estimates.row("mean"), 1 - estimates.level
    each = estimates.table[~estimates.table["dimension"].isin(FAMILY)]
    values = {name: mean[name] / estimates.scale for name in ("estimate", "low", "high")}
    slope = tongue.number(mean["estimate"], tongue.fine(mean[["estimate", "low", "high"]], 3))
    digits = tongue.fine(values.values())
    words = _full_completion(tongue.number(values["estimate"], digits), len(each), tongue)
    if mean["p"] != mean["p"]:
        if draws_needed(estimates.engines[0], estimates.level):
            return words + tongue.text(
                ", ten more points of completion with {slope}; with only {draws} draws no p-value can say whether that "
                "is more than noise.",
                slope=slope,
                draws=len(estimates.draws),
            )
        return words + tongue.text(
            ", ten more points of completion with {slope}; with so few units (programme units: {units}) this design "
            "cannot tell whether that is more than noise.",
            slope=slope,
            units=estimates.designed(SlopeDesign).programme_units,
        )
    words += tongue.text(
        ", at least {low} and at most {high} ({level} interval, p {p}); ten more points of completion with {slope}. ",
        low=tongue.number(values["low"], digits),
        high=tongue.number(values["high"], digits),
        level=tongue.percent(estimates.level),
        p=tongue.p_value(mean["p"], sign=True),
        slope=slope,
    )
    joint = each["p" if len(each) == 1 else "p_joint"]  # a family of one has no joint p
    found = int((joint <= size).sum())
    if len(each) == 1:
        return words + (
            tongue.text("The slope differs from zero.")
            if found
            else tongue.text("The slope does not differ from zero.")
        )
    if not found:
        return words + tongue.text(
            "Judged together, none of the {dimensions} slopes differs from zero.", dimensions=len(each)
        )
    return words + tongue.text(
        "Judged together, {found} of {dimensions} slopes differ from zero.", found=found, dimensions=len(each)
    )


def _full_completion(estimate: str, dimensions: int, tongue: Language) -> str:
    if dimensions == 1:
        return tongue.text("Full completion goes with {estimate} points of score", estimate=estimate)
    return tongue.text(
        "Full completion goes with {estimate} points of score on average over {dimensions} dimensions",
        estimate=estimate,
        dimensions=dimensions,
    )


def _changes(estimates: Estimates, tongue: Language) -> str:
    known = estimates.table.dropna(subset="estimate")
    digits = tongue.fine(known["estimate"], 3)
    return tongue.text(
        "Where completion grew by ten more points, scores changed by {low} to {high} points more, depending on the "
        "dimension: a description of {n} changes, not an estimate.",
        low=tongue.number(known["estimate"].min(), digits),
        high=tongue.number(known["estimate"].max(), digits),
        n=int(estimates.table["n"].sum()),
    )


def _impact(estimates: Estimates, tongue: Language) -> str:
    mean, size = estimates.row("mean"), 1 - estimates.level
    each = estimates.table[estimates.table["dimension"] != "mean"]
    words, digits = _gap(estimates, len(each), tongue), tongue.fine(mean[["estimate", "low", "high"]])
    if mean["p"] != mean["p"] and draws_needed(estimates.engines[0], estimates.level):
        return words + tongue.text(
            "; with only {draws} draws no p-value can say whether that is more than noise.", draws=len(estimates.draws)
        )
    if mean["p"] != mean["p"]:
        return words + tongue.text("; with so few units this design cannot tell whether that is more than noise.")
    words += tongue.text(
        " ({level} interval {low} to {high}, p {p}). ",
        level=tongue.percent(estimates.level),
        low=tongue.number(mean["low"], digits),
        high=tongue.number(mean["high"], digits),
        p=tongue.p_value(mean["p"], sign=True),
    )
    if mean["p"] > size and np.isfinite(mean["high"]):
        high = tongue.number(mean["high"], digits)
        if len(each) == 1:
            words += tongue.text("A gap of more than {high} points is ruled out. ", high=high)
        else:
            words += tongue.text("A mean gap of more than {high} points is ruled out. ", high=high)
    found = int((each["p_joint"] <= size).sum())
    if len(each) == 1:
        return words + (
            tongue.text("The gap differs from zero.") if found else tongue.text("The gap does not differ from zero.")
        )
    if not found:
        return words + tongue.text(
            "Judged together, none of the {dimensions} gaps differs from zero.", dimensions=len(each)
        )
    return words + tongue.text(
        "Judged together, {found} of {dimensions} gaps differ from zero.", found=found, dimensions=len(each)
    )


def _gap(estimates: Estimates, dimensions: int, tongue: Language) -> str:
    """Say how far the scores lay from their counterfactual: a score or several, of one unit or several."""
    asked = estimates.designed(ImpactDesign)
    first, last = asked.after
    when = tongue.text("From {start} to {end}", start=first, end=last)
    mean = estimates.row("mean")
    gap = tongue.number(abs(mean["estimate"]), tongue.fine(mean[["estimate", "low", "high"]]))
    below = mean["estimate"] < 0
    values = {
        "when": tongue.text("In {year}", year=last) if first == last else when,
        "unit": treated_units(estimates, tongue),
        "where": tongue.text("{gap} points below", gap=gap) if below else tongue.text("{gap} points above", gap=gap),
    }
    if dimensions == 1:
        return tongue.text("{when} the score of {unit} lay {where} what the donors predict for it", **values)
    if len(asked.units) > 1:
        return tongue.text(
            "{when} the {dimensions} scores of {unit} lay on average {where} what the donors predict for them",
            dimensions=dimensions,
            **values,
        )
    return tongue.text(
        "{when} the {dimensions} scores of {unit} lay on average {where} what the donors predict for it",
        dimensions=dimensions,
        **values,
    )


def _design_tests(estimates: Estimates, tongue: Language) -> str:
    table, mean = estimates.table[estimates.table["dimension"] != "mean"], estimates.row("mean")
    words = tongue.text(
        "Of a lead of one point, {low} to {high} was left among units without the programme, by dimension; the spread "
        "over units became {narrow} to {wide} of what it was; before the start the scores of {unit} ranked "
        "{rank} of {units} by how much they varied.",
        low=float(table["carry_over"].min()),
        high=float(table["carry_over"].max()),
        narrow=float(table["spread_ratio"].min()),
        wide=float(table["spread_ratio"].max()),
        unit=tongue.name(estimates.designed(UnitYears).unit, estimates.names),
        rank=int(mean["rank_volatility"]),
        units=int(mean["units"]),
    )
    if mean["between"] != mean["between"]:
        return words
    return words + tongue.text(
        " Regions hold {share} of the variance of the changes (p {p} for all dimensions together).",
        share=tongue.percent(mean["between"]),
        p=tongue.p_value(mean["between_p"], sign=True),
    )


def _event_time(estimates: Estimates, tongue: Language) -> str:
    programme = estimates.table[estimates.table["since"] >= 0]
    mean, each = (programme[(programme["dimension"] == "mean") == family] for family in (True, False))
    return tongue.text(
        "By years since the start, the scores of {unit} lay on average {gaps} points from what the donors predict; "
        "{found} of {cells} gaps by year and dimension lie outside the band of the placebos.",
        unit=treated_units(estimates, tongue),
        gaps="; ".join(tongue.number(gap, tongue.fine(mean["estimate"])) for gap in mean["estimate"]),
        found=int((each["estimate"].abs() > each["band"]).sum()),
        cells=len(each),
    )


def _reversion(estimates: Estimates, tongue: Language) -> str:
    total, asked = estimates.row(TOTAL), estimates.designed(UnitYears)
    values = {
        "base": asked.first,
        "end": asked.last,
        "unit": tongue.name(asked.unit, estimates.names),
    }
    numbers = {name: float(total[name]) for name in ("change", "expected", "low", "high")}
    digits = tongue.fine(numbers.values())
    values |= {name: tongue.number(value, digits) for name, value in numbers.items()}
    if total["expected"] != total["expected"]:
        return tongue.text(
            "From {base} to {end} the sum of the scores of {unit} changed by {change} points; the other units do not "
            "differ, so where it stood says nothing of what was to be expected.",
            **values,
        )
    if total["low"] != total["low"]:  # all units stand alike: there is no line
        return tongue.text(
            "From {base} to {end} the sum of the scores of {unit} changed by {change} points; from where it stood, the "
            "other units alone would predict {expected}.",
            **values,
        )
    words = tongue.text(
        "From {base} to {end} the sum of the scores of {unit} changed by {change} points; from where it stood, the "
        "other units alone would predict {expected} ({level} prediction interval: {low} to {high}).",
        level=tongue.percent(estimates.level),
        **values,
    )
    return words + tongue.text(
        " Of {ranked} units, each held against what the others predict for it, it ranks {rank} from the top. Without "
        "{other} the prediction would be {without}.",
        ranked=int(total["ranked"]),
        rank=int(total["rank_beyond"]),
        other=tongue.name(total["leans_on"], estimates.names),
        without=tongue.number(float(total["expected_without"]), digits),
    )


def _curve(estimates: Estimates, tongue: Language) -> str:
    table = estimates.table
    digits = tongue.fine(table["mean"], 3)
    words = tongue.text(
        "Asked in {n} ways, the mean estimate runs from {low} to {high}; {below} of them lie below zero.",
        n=len(table),
        low=tongue.number(table["mean"].min(), digits),
        high=tongue.number(table["mean"].max(), digits),
        below=tongue.percent(estimates.designed(CurveDesign).below),
    )
    if estimates.tests.empty:
        return words
    p = tongue.p_value(float(estimates.tests["p"].iloc[0]), sign=True)
    return words + tongue.text(" Judged together, p {p}.", p=p)


def _calibration(estimates: Estimates, tongue: Language) -> str:
    random, high, real = estimates.table[estimates.table["dimension"] == "family"].to_dict("records")

    def rate(row: dict[str, Any]) -> str:
        return f"{tongue.percent(row['false_alarms'], 1)} (± {tongue.percent(row['mc_error'], 1)})"

    return tongue.text(
        "Programmes that do nothing should be found in {nominal} of cases. This method found something in {random} of "
        "{panels} simulated panels with such a programme on a unit at random, and in {high} with it on the unit that "
        "stood where {unit} stood. In the real scores it found something in {real} of {programmes} such programmes on "
        "units that stood as high. What stands after ± is the standard error.",
        nominal=tongue.percent(1 - estimates.level),
        random=rate(random),
        high=rate(high),
        real=rate(real),
        panels=random["programmes"],
        programmes=real["programmes"],
        unit=tongue.name(estimates.designed(CalibrationDesign).unit, estimates.names),
    )
