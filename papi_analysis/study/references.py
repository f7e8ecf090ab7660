"""Figures to check the methods of this package against: of other software, printed tables, and known truth."""

from __future__ import annotations

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.schema import Column, Schema
from papi_analysis.study.tables import load_table

REFERENCES = Schema(
    "references",
    (
        Column("kind"),
        Column("case"),
        Column("quantity"),
        Column("value", remedy=Note("Write the figure with the digits that its source gives.")),
        Column("source", remedy=Note("Name the software and its version, or the printed table.")),
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


def load_references() -> pd.DataFrame:
    """Load the reference figures: what was computed on which data, the figure, and who says so.

    ``value`` is text, so that it keeps the digits of its source; ``error`` is the Monte Carlo error of a comparison
    that rests on draws.

    Examples
    --------
    >>> figures = load_references()
    >>> figures.query("kind == 'difference in differences'")["value"].tolist()[:2]
    ['-27.3491110836149', '-27.3']
    """
    return load_table(data_folder() / "validation" / "references.csv", REFERENCES)


def load_coverage() -> pd.DataFrame:
    """Load how often intervals held a slope that was put in: one row per design, see ``benchmarks/coverage.py``.

    Examples
    --------
    >>> load_coverage()["inference"].unique().tolist()
    ['reassignment', 'bootstrap']
    """
    return load_table(data_folder() / "validation" / "coverage.csv", COVERAGE)


def load_designs() -> pd.DataFrame:
    """Load false alarms, bias and coverage of the slopes in designs with known truth, see ``benchmarks/designs.py``.

    Examples
    --------
    >>> load_designs()["form"].unique().tolist()
    ['imputation', 'levels']
    """
    return load_table(data_folder() / "validation" / "designs.csv", DESIGNS)
