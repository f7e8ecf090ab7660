"""What stands in a table of answers, in one line: quantity and unit of measure, level, units and years, method."""

from __future__ import annotations

from collections.abc import Collection

from papi_analysis.credibility.robustness import METHODS
from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import (
    BesideDesign,
    CalibrationDesign,
    ChangeDesign,
    CurveDesign,
    Estimates,
    ImpactDesign,
    SlopeDesign,
    UnitYears,
)
from papi_analysis.reporting.gap_words import treated_units
from papi_analysis.reporting.labels import CODES
from papi_analysis.reporting.language import Language

#: What an estimate of slopes is, and one of gaps.
SLOPE, GAP = Note("Points of score per 10 points of completion"), Note("Gap, points")

#: What the numbers of the other questions are.
QUANTITIES = {
    "event_time": GAP,
    "gain_needed": Note("Gain of score, points"),
    "programme_impact": GAP,
    "regression_to_the_mean": Note("Change of score, points"),
    "target_attainment": Note("Scores, points"),
    "verdicts": Note("Estimate and what was needed, points"),
}

INTERVAL = Note("{level} interval")


def is_slopes(answer: Estimates) -> bool:
    """Whether an estimate is a slope, not a gap."""
    return answer.question.endswith("slopes")


def quantity(answer: Estimates, tongue: Language) -> str:
    """Say what an estimate of an answer is, or nothing where its columns are of many kinds."""
    asked = answer.design
    if isinstance(asked, BesideDesign):
        return quantity(asked.answer, tongue)
    question = asked.asked if isinstance(asked, CurveDesign) else answer.question
    return tongue.text(SLOPE if question.endswith("slopes") else QUANTITIES.get(question, ""))


def method(answer: Estimates, tongue: Language) -> str:
    """Name the method of an answer in words, or nothing where its question has one way alone."""
    asked = answer.design
    name = getattr(asked, "ask" if isinstance(asked, CalibrationDesign) else "method", "")
    if isinstance(asked, SlopeDesign):
        return tongue.text(CODES["form"][asked.form])
    return tongue.text(METHODS.get(name, "")) or name


def level_words(answer: Estimates, columns: Collection[str], tongue: Language) -> str:
    """Say the level of the interval or of the band that is shown, or nothing."""
    level = tongue.percent(answer.level)
    if "band" in columns:
        return tongue.text("{level} of placebos, all dimensions at once", level=level)
    if not {"low", "high"} & {*columns}:
        return ""
    predicted = answer.question == "regression_to_the_mean"
    return tongue.text("{level} prediction interval" if predicted else INTERVAL, level=level)


def who_and_when(answer: Estimates, tongue: Language) -> str:
    """Name the units and the years of an answer, or count them, or nothing where it has none."""
    asked = answer.design
    if isinstance(asked, BesideDesign):
        return who_and_when(asked.answer, tongue)
    if isinstance(asked, ImpactDesign):
        return _named(treated_units(answer, tongue), asked.after)
    if isinstance(asked, UnitYears):
        return _named(tongue.name(asked.unit, answer.names), (asked.first, asked.last))
    if isinstance(asked, SlopeDesign):
        counted = {"programme": asked.programme_units, "units": asked.units}
        return _named(tongue.text("{units} units, {programme} of them with a programme", **counted), asked.years)
    if isinstance(asked, ChangeDesign) and asked.start and asked.end:
        return _named("", (asked.start, asked.end))
    return tongue.name(asked.unit, answer.names) if isinstance(asked, CalibrationDesign) else ""


def _named(units: str, years: tuple[int, int]) -> str:
    """Units, then years: 2018, or 2018–2020."""
    said = "–".join(str(year) for year in dict.fromkeys(years))
    return ", ".join(filter(None, (units, said)))


def caption(answer: Estimates, columns: Collection[str], tongue: Language) -> str:
    """Say in one line what a table of one answer with these columns holds."""
    parts = (
        quantity(answer, tongue),
        level_words(answer, columns, tongue),
        who_and_when(answer, tongue),
        method(answer, tongue),
    )
    return "; ".join(filter(None, parts))
