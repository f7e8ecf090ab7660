"""The sentence on verdicts: what was added at most of what was needed, then the dimensions of each verdict."""

from __future__ import annotations

import math

from papi_analysis.credibility.verdicts import ADDED, CANNOT_TELL, NOT_NEEDED, RULED_OUT
from papi_analysis.estimation.estimates import Estimates, VerdictDesign
from papi_analysis.reporting.labels import CODES
from papi_analysis.reporting.language import Language


def say_verdicts(estimates: Estimates, tongue: Language) -> str:
    """Say the verdict on the family, in points over all dimensions, and on each dimension where there are several."""
    each = estimates.table[estimates.table["dimension"] != "mean"]
    family = _family(estimates, tongue)
    if len(each) == 1:
        return say_family(estimates, tongue) or tongue.text("What was needed is not known.")
    codes = each["verdict"].fillna("")
    called = each["dimension"].map(lambda code: tongue.name(code, estimates.names))
    clear = not any("," in name for name in called)
    named = {code: (", " if clear else "; ").join(called[codes == code]) for code in (*CODES["verdict"], "")}
    parts = {
        RULED_OUT: tongue.text("ruled out in {dimensions}", dimensions=named[RULED_OUT]),
        ADDED: tongue.text("what was needed was added in {dimensions}", dimensions=named[ADDED]),
        CANNOT_TELL: tongue.text("cannot be told in {dimensions}", dimensions=named[CANNOT_TELL]),
        NOT_NEEDED: tongue.text("no gain was needed in {dimensions}", dimensions=named[NOT_NEEDED]),
        "": tongue.text("what was needed is not known in {dimensions}", dimensions=named[""]),
    }
    said = [words for code, words in parts.items() if named[code]]
    if clear:
        listed = "; ".join(said)
        return _capital(f"{family}: {listed}." if family else f"{listed}.")
    return " ".join(f"{_capital(words)}." for words in [*([family] if family else []), *said])


def say_family(estimates: Estimates, tongue: Language) -> str:
    """Say the verdict on the family alone, or nothing where what it needed is not known."""
    family = _family(estimates, tongue)
    return _capital(f"{family}.") if family else ""


def _family(estimates: Estimates, tongue: Language) -> str:
    """The verdict on the family, or nothing where what it needed is not known."""
    mean, dimensions = estimates.row("mean"), estimates.table["dimension"].tolist()[:-1]
    verdict, size = mean["verdict"], len(dimensions)
    where = (
        tongue.text("in {dimension}", dimension=tongue.name(dimensions[0], estimates.names))
        if size == 1
        else tongue.text("over the {dimensions} dimensions", dimensions=size)
    )
    if verdict == NOT_NEEDED:
        return tongue.text("No gain was needed {where}", where=where)
    if verdict not in (ADDED, RULED_OUT, CANNOT_TELL):
        return ""
    sizes = [size * float(mean[name]) for name in ("needed", "low", "most")]
    digits, most = tongue.fine(sizes), sizes[2]
    needed, low, at_most = (tongue.number(value, digits) for value in sizes)
    if estimates.designed(VerdictDesign).end_year is None:
        need = tongue.text("the {needed} points in question {where}", needed=needed, where=where)
    else:
        need = tongue.text("the {needed} points that the targets needed {where}", needed=needed, where=where)
    did, can = _who(estimates, tongue)
    if verdict == ADDED:
        return tongue.text("{did} at least {low} points: no less than {need}", did=did, low=low, need=need)
    if math.isnan(most):
        return tongue.text("No effect, however large, can be excluded, {need} among them", need=need)
    if most <= 0:
        return tongue.text("{can} none of {need}", can=can, need=need)
    if verdict == RULED_OUT:
        share = tongue.percent(mean["most_share"])
        return tongue.text("{can} at most {most} of {need} ({share})", can=can, most=at_most, need=need, share=share)
    return tongue.text(
        "{can} {most} points or less; whether as many as {need} cannot be told", can=can, most=at_most, need=need
    )


def _who(estimates: Estimates, tongue: Language) -> tuple[str, str]:
    """Who added points for sure, and who can have added some."""
    asked = estimates.designed(VerdictDesign)
    year = asked.end_year
    if asked.effect == "completion_slopes":
        return tongue.text("Full completion brings"), tongue.text("Full completion can bring")
    if year is None:
        return tongue.text("The programme added"), tongue.text("The programme can have added")
    return (
        tongue.text("By {year} the programme added", year=year),
        tongue.text("By {year} the programme can have added", year=year),
    )


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
