"""A validation ready to show: our figures beside others, each with the digits that its reference has."""

from __future__ import annotations

import pandas as pd

from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.tables import Table, table_frame

#: Decimals of a Monte Carlo error.
ERROR_DIGITS = 5


def table_validation(rows: pd.DataFrame, *, language: str = "en") -> Table:
    """Make rows of ``validate`` ready to show.

    Ours and the reference are written with as many decimals as the reference gives; the digits that agree stand with
    those that there are. The Monte Carlo error and the remark are left out where no row has one.

    Examples
    --------
    >>> from papi_analysis.credibility.validation import validate
    >>> table_validation(validate("exact randomisation"))[["Ours", "Digits"]].iloc[2].tolist()
    ['0.85714286', '8 of 8']

    """
    tongue = find_language(language)
    decimals = rows["decimals"].tolist()
    shown = rows.assign(
        **{
            name: [tongue.number(value, places) for value, places in zip(rows[name], decimals, strict=True)]
            for name in ("ours", "reference")
        },
        digits=[
            tongue.text("{agree} of {given}", agree=agree, given=given)
            for agree, given in zip(rows["digits"], rows["given"], strict=True)
        ],
        error=[tongue.number(value, ERROR_DIGITS) if value == value else "" for value in rows["error"]],
    )
    extra = [name for name in ("error", "remark") if (shown[name] != "").any()]
    return table_frame(shown, ["case", "quantity", "ours", "reference", "digits", "source", *extra], language=language)
