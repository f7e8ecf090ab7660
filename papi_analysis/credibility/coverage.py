"""Whether the method can tell what was asked of it: what it would have detected, and how often its intervals hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.study.records import load_coverage, load_designs

CANNOT_TELL = Note("This design cannot tell")
WOULD_TELL = Note("It would have been seen")
NOT_NEEDED = Note("No gain was needed")

#: Words for the codes of the stored tables.
WORDS: dict[str, dict[str, Note]] = {
    "form": {"imputation": Note("Imputation"), "levels": Note("Two-way")},
    "inference": {
        "bootstrap": Note("Wild cluster bootstrap"),
        "reassignment": Note("Reassignment over all units"),
    },
    "slopes": {"common": Note("The same for all"), "unequal": Note("Each its own")},
    "path": {"one": Note("The same for all"), "own": Note("Each its own")},
    "design": {
        "random": Note("Any units"),
        "highest": Note("Units that stood highest; the spread shrinks to 0.75"),
        "concentrated": Note("Two units bring nearly all of the completion"),
        "unequal noise": Note("Twice the noise where completion is high"),
        "regional": Note("Programmes and shocks by region"),
        "regional, strata": Note("Programmes and shocks by region, regions as strata"),
        "staggered, equal effects": Note("Starts in three years, equal effects"),
        "staggered, growing": Note("Starts in three years, effects that grow"),
        "staggered, late": Note("Starts in three years, effects that come late"),
        "staggered, fading": Note("Starts in three years, effects that fade"),
        "staggered, by unit": Note("Starts in three years, effects of each unit its own"),
    },
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
    """Say how often the intervals of ``completion_slopes`` hold a slope that is known, by what the default chooses.

    The record of simulations on the bundled scores, with a known slope times simulated completion on top.

    Returns
    -------
    DataFrame
        ``programme_units`` of ``units``; in words ``path`` (whether all followed the same completion), ``form`` and
        ``inference`` that the default chose, ``slopes`` (whether all units have the same slope; where they differ, the
        truth is their mean);
        ``coverage_each`` (the dimensions' intervals, one by one), ``coverage_all`` (the simultaneous ones at once),
        ``coverage_mean`` (of the mean slope), ``coverage_within`` (of the row 'within'); all nominally 0.95, or 1
        minus ``attainable``, the largest false-alarm rate at or below 0.05 that the design can give. Where no
        interval can be given, ``attainable`` is the smallest p-value. ``error`` (Monte Carlo), ``studies``, ``draws``,
        ``seed``, ``versions``.

    Examples
    --------
    >>> record = coverage_record()
    >>> bool((record["error"].dropna() < 0.02).all())  # no interval, no error, in the last row
    True

    """
    return _in_words(load_coverage())


def design_record() -> pd.DataFrame:
    """Say how ``completion_slopes`` fares in many designs where the truth is known, beside the two-way slope.

    The record of simulations with scores made up in the proportions of the bundled ones: units chosen at random or from
    the highest, few that bring most of the completion, unequal noise, shocks by region, starts in several years.

    Returns
    -------
    DataFrame
        Two rows for each design: ``design``, ``programme_units`` of 60, ``form`` (imputation, the default, and the
        two-way slope) and ``inference``, in words. With programmes that do nothing the false alarms at a nominal 5%:
        ``one`` dimension by itself, ``any_of_six`` by the joint p, the ``mean`` slope. With effects ``bias``, the mean
        error of the mean slope as a share of the true one, its Monte Carlo error ``bias_error``, and ``coverage`` of
        the nominal 95% interval of one dimension. ``panels``, simulated for each row.

    Examples
    --------
    >>> record = design_record()
    >>> sorted(record["form"].unique())
    ['Imputation', 'Two-way']

    """
    return _in_words(load_designs())


def _in_words(record: pd.DataFrame) -> pd.DataFrame:
    """Put words in the place of codes."""
    for column in record.columns.intersection(list(WORDS)):
        record[column] = [str(WORDS[column][code]) for code in record[column]]
    return record
