"""The sentences on gaps: of a programme, by years since its start, and of what its start alone would predict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears
from papi_analysis.estimation.inference import draws_needed
from papi_analysis.panel.changes import TOTAL
from papi_analysis.reporting.language import Language

GAPS_JUDGED = (
    Note("The gap differs from zero."),
    Note("The gap does not differ from zero."),
    Note("Judged together, {found} of {dimensions} gaps differ from zero."),
    Note("Judged together, none of the {dimensions} gaps differs from zero."),
)

#: Treated units that a sentence or a figure names; more of them are counted.
NAMED = 3


def treated_units(estimates: Estimates, tongue: Language) -> str:
    """Name the treated units of ``programme_impact``, or count them where a list would be no reading."""
    units = estimates.designed(ImpactDesign).units
    if len(units) > NAMED:
        return tongue.text("{units} units", units=len(units))
    return ", ".join(tongue.name(unit, estimates.names) for unit in units)


def say_judged(told: pd.Series, judged: tuple[str, str, str, str], tongue: Language) -> str:
    """Say how many of a family are told from zero: of one by itself, of several judged together."""
    found, (one, not_one, some, none) = int(told.sum()), judged
    if len(told) == 1:
        return tongue.text(one if found else not_one)
    return tongue.text(some if found else none, found=found, dimensions=len(told))


def say_impact(estimates: Estimates, tongue: Language) -> str:
    """Say how far the scores lay from their counterfactual, and whether that is told from noise."""
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
    return words + say_judged(each["p_joint"] <= size, GAPS_JUDGED, tongue)


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


def say_design_tests(estimates: Estimates, tongue: Language) -> str:
    """Say what the tests of the design found: what is left of a lead, the spread, how the unit varied."""
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


def say_event_time(estimates: Estimates, tongue: Language) -> str:
    """Say the mean gap of each year since the start, and how many gaps lie outside the band."""
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


def say_reversion(estimates: Estimates, tongue: Language) -> str:
    """Say what was to be expected from where the unit stood, and where it came out."""
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
