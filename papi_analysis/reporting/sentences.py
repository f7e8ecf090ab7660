"""One honest sentence for each kind of answer, in either language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import (
    BesideDesign,
    CalibrationDesign,
    CurveDesign,
    Estimates,
    SlopeDesign,
)
from papi_analysis.estimation.inference import draws_needed
from papi_analysis.reporting.gap_words import say_design_tests, say_event_time, say_impact, say_judged, say_reversion
from papi_analysis.reporting.labels import FAMILY
from papi_analysis.reporting.language import Language, language_of
from papi_analysis.reporting.section import Prose
from papi_analysis.reporting.tables import mark
from papi_analysis.reporting.target_words import say_targets
from papi_analysis.reporting.verdict_words import say_family, say_verdicts
from papi_analysis.study.study import Study

#: What is told from zero: one alone, not even one, some of several, none of them.
SLOPES_JUDGED = (
    Note("The slope differs from zero."),
    Note("The slope does not differ from zero."),
    Note("Judged together, {found} of {dimensions} slopes differ from zero."),
    Note("Judged together, none of the {dimensions} slopes differs from zero."),
)


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
        "target_attainment": say_targets,
        "completion_beside_gaps": finding,
        "completion_slopes": _slopes,
        "change_slopes": _changes,
        "design_tests": say_design_tests,
        "event_time": say_event_time,
        "programme_impact": say_impact,
        "regression_to_the_mean": say_reversion,
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
    return words + say_judged(joint <= size, SLOPES_JUDGED, tongue)


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
