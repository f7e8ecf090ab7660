"""What was measured once and is shown as written: agreement with other software, coverage, false alarms.

``benchmarks/validation`` writes the tables.
"""

from __future__ import annotations

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.tables import read_table

#: The columns of whole numbers and of words; all others hold numbers, or nothing where one is not known.
_WHOLE = ("programme_units", "units", "studies", "draws", "seed", "panels", "digits", "given", "decimals")
_WORDS = (
    *("kind", "case", "quantity", "source", "remark", "path", "form", "inference", "slopes", "versions"),
    *("design", "choice"),
)


def _load(record: str) -> pd.DataFrame:
    """Load one record, its columns in their kinds."""
    rows = read_table(data_folder() / "validation" / f"{record}.csv")
    for column in rows.columns.difference(_WORDS):
        rows[column] = rows[column].astype(int) if column in _WHOLE else rows[column].replace("", "nan").astype(float)
    return rows


@check_kinds
def load_validation(kind: str | None = None) -> pd.DataFrame:
    """Load figures of this package beside those of printed tables and other software on the same data.

    Parameters
    ----------
    kind
        A kind of method, for instance ``"least squares"``; default all.

    Returns
    -------
    DataFrame
        One row per figure: ``kind``, ``case``, ``quantity``; ``ours`` and ``reference``; ``digits``, the significant
        digits to which they agree, out of ``given``, those that the reference has (both at most 8), ``decimals``, how
        many of those stand behind the point, and ``away``, the difference in units of the last of them; ``source``,
        the software and its version or the printed table; ``error``, the Monte Carlo error of the difference where
        draws are compared; ``remark``, the convention that the figure follows, or why it agrees to fewer digits.

    Raises
    ------
    SpecError
        A kind that is not there.

    Examples
    --------
    >>> rows = load_validation("difference in differences")
    >>> rows["given"].tolist()[:2], rows["digits"].tolist()[:2]  # the second is printed: -27.3
    ([8, 3], [8, 3])
    """
    rows = _load("figures")
    kinds = list(dict.fromkeys(rows["kind"]))
    if kind is not None and kind not in kinds:
        raise SpecError(
            Note(
                "kind is {kind!r}; choose one of {names}, or none for all.",
                {"kind": kind, "names": ", ".join(map(repr, kinds))},
            )
        )
    return rows if kind is None else rows[rows["kind"] == kind].reset_index(drop=True)


def coverage_record() -> pd.DataFrame:
    """Say how often the intervals of ``completion_slopes`` hold a slope that is known, by what the default chooses.

    The record of simulations on the bundled scores, with a known slope times simulated completion on top.

    Returns
    -------
    DataFrame
        ``programme_units`` of ``units``; ``path`` (whether all followed the same completion), ``form`` and
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
    return _load("coverage")


def design_record() -> pd.DataFrame:
    """Say how ``completion_slopes`` fares in many designs where the truth is known, beside the two-way slope.

    The record of simulations with scores made up in the proportions of the bundled ones: units chosen at random or from
    the highest, few that bring most of the completion, unequal noise, shocks by region, starts in several years.

    Returns
    -------
    DataFrame
        Two rows for each design: ``design``, ``programme_units`` of 60, ``form`` (imputation, the default, and the
        two-way slope) and ``inference``. With programmes that do nothing the false alarms at a nominal 5%:
        ``one`` dimension by itself, ``any_of_six`` by the joint p, the ``mean`` slope. With effects ``bias``, the mean
        error of the mean slope as a share of the true one, its Monte Carlo error ``bias_error``, and ``coverage`` of
        the nominal 95% interval of one dimension. ``panels``, simulated for each row.

    Examples
    --------
    >>> record = design_record()
    >>> sorted(record["form"].unique())
    ['imputation', 'levels']

    """
    return _load("designs")


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
    return _load("methods")
