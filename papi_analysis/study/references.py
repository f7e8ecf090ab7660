"""Figures that other software or printed tables give, for checking the methods of this package against."""

from __future__ import annotations

import pandas as pd

from papi_analysis.study.codebook import data_folder
from papi_analysis.study.schema import Column, Schema
from papi_analysis.study.tables import load_table

REFERENCES = Schema(
    "references",
    (
        Column("kind"),
        Column("case"),
        Column("quantity"),
        Column("value", remedy="Write the figure with the digits that its source gives."),
        Column("source", remedy="Name the software and its version, or the printed table."),
        Column("error", "number", low=0.0, empty=True),
        Column("remark", default="", empty=True),
    ),
    key=("kind", "case", "quantity", "source"),
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
