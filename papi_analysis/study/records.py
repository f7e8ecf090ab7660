"""What was measured once and is shown as written: agreement with other software, coverage, false alarms.

``benchmarks/validation`` writes the tables.
"""

from __future__ import annotations

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.schema import Column, Schema
from papi_analysis.study.tables import load_table

FIGURES = Schema(
    "figures",
    (
        *(Column(of) for of in ("kind", "case", "quantity")),
        *(Column(of, "number") for of in ("ours", "reference")),
        *(Column(of, "integer", low=0, high=8) for of in ("digits", "given")),
        Column("decimals", "integer", low=0),
        Column("away", "number", low=0.0),
        Column("source"),
        Column("error", "number", low=0.0, empty=True),
        Column("remark", default="", empty=True),
    ),
    key=("kind", "case", "quantity", "source"),
)

COVERAGE = Schema(
    "coverage",
    (
        Column("programme_units", "integer", low=1),
        Column("units", "integer", low=1),
        Column("path"),
        Column("form"),
        Column("inference"),
        Column("slopes"),
        *(Column(f"coverage_{of}", "number", 0.0, 1.0, empty=True) for of in ("each", "all", "mean", "within")),
        Column("attainable", "number", 0.0, 1.0),
        Column("error", "number", low=0.0, empty=True),
        Column("studies", "integer", low=1),
        Column("draws", "integer", low=1),
        Column("seed", "integer", low=0),
        Column("versions"),
    ),
    key=("programme_units", "units", "path", "slopes"),
)

DESIGNS = Schema(
    "designs",
    (
        Column("design"),
        Column("programme_units", "integer", low=1),
        Column("form"),
        Column("inference"),
        *(Column(of, "number", 0.0, 1.0) for of in ("one", "any_of_six", "mean")),
        Column("bias", "number"),
        Column("bias_error", "number", low=0.0),
        Column("coverage", "number", 0.0, 1.0),
        Column("panels", "integer", low=1),
    ),
    key=("design", "programme_units", "form"),
)

METHODS = Schema(
    "methods",
    (
        Column("choice"),
        *(Column(of, "number", 0.0, 1.0) for of in ("alarms_alike", "mc_error")),
        Column("bias_points", "number"),
        Column("coverage", "number", 0.0, 1.0),
        Column("rmse", "number", low=0.0),
        Column("alarms_windows", "number", 0.0, 1.0),
        Column("rmse_windows", "number", low=0.0),
        Column("peers", "number"),
        Column("panels", "integer", low=1),
    ),
    key=("choice",),
)


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
    rows = load_table(data_folder() / "validation" / "figures.csv", FIGURES)
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
    return load_table(data_folder() / "validation" / "coverage.csv", COVERAGE)


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
    return load_table(data_folder() / "validation" / "designs.csv", DESIGNS)


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
    return load_table(data_folder() / "validation" / "methods.csv", METHODS)
