"""How often the intervals of the method hold, and how it fares where the truth is known: records of simulations."""

from __future__ import annotations

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.records import load_coverage, load_designs, load_methods

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


def method_record() -> pd.DataFrame:
    """Say how the estimators of ``programme_impact`` fare on panels like the bundled one: a run of ``rank_methods``.

    Returns
    -------
    DataFrame
        As ``rank_methods`` gives it, and ``panels``, drawn for each row.

    Examples
    --------
    >>> method_record().columns.tolist()[:4]
    ['choice', 'alarms_alike', 'mc_error', 'bias_points']

    """
    return load_methods()


def _in_words(record: pd.DataFrame) -> pd.DataFrame:
    """Put words in the place of codes."""
    for column in record.columns.intersection(list(WORDS)):
        record[column] = [str(WORDS[column][code]) for code in record[column]]
    return record
