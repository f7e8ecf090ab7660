"""Whether the method can tell what was asked of it: what it would have detected, and how often its intervals hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.study.references import load_coverage

CANNOT_TELL = Note("This design cannot tell")
WOULD_TELL = Note("It would have been seen")
NOT_NEEDED = Note("No gain was needed")

#: Words for the codes of the stored table.
WORDS = {
    "inference": {
        "bootstrap": Note("Bootstrap among the programme units"),
        "among": Note("Reassignment among the programme units"),
        "over_all": Note("Reassignment over all units"),
    },
    "slopes": {"common": Note("The same for all"), "unequal": Note("Each its own")},
    "path": {"one": Note("The same for all"), "own": Note("Each its own")},
}


@check_kinds
def can_tell(estimates: Estimates, needed: Estimates | Mapping[str, float] | float) -> pd.DataFrame:
    """Set what a design would have detected four times in five beside the gain that mattered.

    Parameters
    ----------
    estimates
        An answer of ``programme_impact`` or ``completion_slopes``.
    needed
        An answer of ``target_attainment``: the gains that its targets needed; or, without targets, a size that you
        name, in points of score, for all dimensions or by dimension.

    Returns
    -------
    DataFrame
        Each dimension and ``"mean"``: ``needed`` and ``detectable``, in points of score (of slopes: the gain that full
        completion would bring), and ``verdict`` in words: "This design cannot tell" where the detectable gain is larger
        than the needed one, or where the design is too small to detect any. Missing where no size is known.

    Raises
    ------
    SpecError
        An answer without detectable sizes; a size that is not a number.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> gap = pa.programme_impact(pa.Panel.from_study(study), "VN-CT", 2018, 2020)
    >>> can_tell(gap, pa.target_attainment(study)).verdict.iloc[0]
    'This design cannot tell'

    """
    if "detectable" not in estimates.table:
        raise SpecError(f"{estimates.question} has no detectable sizes. Ask programme_impact or completion_slopes.")
    table = estimates.table[estimates.table["dimension"] != "within"]
    names = table["dimension"].tolist()
    if isinstance(needed, Estimates):
        needed = needed.table.set_index("dimension")["needed"].to_dict()
    elif isinstance(needed, Mapping):
        _check_sizes(needed, names)
    if isinstance(needed, Mapping):
        each = [needed.get(name, np.nan) for name in names if name != "mean"]
        needed = {"mean": float(np.mean(each)), **needed}
        sizes = np.array([needed.get(name, np.nan) for name in names], dtype=float)
    elif isinstance(needed, int | float | np.number) and not isinstance(needed, bool) and np.isfinite(needed):
        sizes = np.full(len(names), float(needed))
    else:
        raise SpecError(f"needed is target_attainment's answer, a number, or a number by dimension, not {needed!r}.")
    detectable = table["detectable"].to_numpy(dtype=float) / estimates.scale
    words = [_verdict(size, seen) for size, seen in zip(sizes, detectable, strict=True)]
    return pd.DataFrame({"dimension": names, "needed": sizes, "detectable": detectable, "verdict": words})


def _check_sizes(needed: Mapping[str, float], names: list[str]) -> None:
    """Refuse a size that is no number, or one of a dimension that the answer does not have."""
    for name, size in needed.items():
        if name not in names:
            raise SpecError(f"needed names {name!r}, and the answer has {', '.join(names)}. Name one of these.")
        if not isinstance(size, int | float | np.number):
            raise SpecError(f"needed of {name} is {size!r}; give a number, in points of score.")


def _verdict(needed: float, detectable: float) -> str | None:
    if np.isnan(needed):
        return None
    if needed <= 0:
        return str(NOT_NEEDED)
    return str(WOULD_TELL if detectable <= needed else CANNOT_TELL)


def coverage_record() -> pd.DataFrame:
    """Say how often the intervals of ``completion_slopes`` hold a slope that is known, by what ``auto`` chooses.

    The record of simulations on the bundled scores, with a known slope times simulated completion on top.

    Returns
    -------
    DataFrame
        ``programme_units`` of ``units``; ``path`` (whether all followed the same completion), ``inference``, ``slopes``
        (whether all units have the same slope; where they differ, the truth is their mean), in words;
        ``coverage_each`` (the dimensions' intervals, one by one), ``coverage_all`` (the simultaneous ones at once),
        ``coverage_mean`` (of the mean slope), ``coverage_within`` (of the row 'within'); all nominally 0.95, or 1
        minus ``attainable``, the largest false-alarm rate at or below 0.05 that the design can give. Where no
        interval can be given, ``attainable`` is the smallest p-value. ``error`` (Monte Carlo), ``studies``, ``draws``,
        ``seed``, ``versions``.

    Examples
    --------
    >>> record = coverage_record()
    >>> bool((record["studies"] >= 2000).all())
    True

    """
    record = load_coverage()
    for column, words in WORDS.items():
        record[column] = [str(words[code]) for code in record[column]]
    return record
