"""The methods of this package beside what printed tables and other software say about the same data."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from papi_analysis.credibility.published_cases import CASES
from papi_analysis.errors import SpecError
from papi_analysis.study.references import load_references

#: Agreement is counted up to so many significant digits: beyond them machines differ.
MOST_DIGITS = 8


def validate(kind: str | None = None) -> pd.DataFrame:
    """Set figures of this package beside those of printed tables and other software.

    Parameters
    ----------
    kind
        A kind of method, for instance ``"least squares"``; default all.

    Returns
    -------
    DataFrame
        One row per figure: ``kind``, ``case``, ``quantity``; ``ours`` and ``reference``; ``digits``, the significant
        digits to which they agree, out of ``given``, those that the reference has (both at most 8), and ``decimals``,
        how many of those stand behind the point; ``source``, the software and its version or the printed table;
        ``error``, the Monte Carlo error of the difference where draws are compared; ``remark``, the convention that
        the figure follows, or why it agrees to fewer digits.

    Raises
    ------
    SpecError
        A kind that is not there; a package whose data are needed is not installed.

    Examples
    --------
    >>> rows = validate("difference in differences")
    >>> rows["given"].tolist()[:2], rows["digits"].tolist()[:2]  # the second is printed: -27.3
    ([8, 3], [8, 3])

    """
    if kind is not None and kind not in CASES:
        raise SpecError(f"kind is {kind!r}; choose one of {', '.join(map(repr, CASES))}, or none for all.")
    references = load_references()
    chosen = references if kind is None else references[references["kind"] == kind].reset_index(drop=True)
    cases = chosen[["kind", "case"]].drop_duplicates().itertuples(index=False, name=None)
    figures = {(name, case): CASES[name][case]() for name, case in cases}
    ours = [figures[name, case][quantity] for name, case, quantity in chosen.iloc[:, :3].itertuples(index=False)]
    return pd.DataFrame(
        {
            "kind": chosen["kind"],
            "case": chosen["case"],
            "quantity": chosen["quantity"],
            "ours": np.array(ours, dtype=float),
            "reference": chosen["value"].astype(float),
            "digits": [agreement(own, text) for own, text in zip(ours, chosen["value"], strict=True)],
            "given": [given_digits(text) for text in chosen["value"]],
            "decimals": [given_decimals(text) for text in chosen["value"]],
            "source": chosen["source"],
            "error": chosen["error"],
            "remark": chosen["remark"],
        }
    )


def given_digits(text: str) -> int:
    """How many significant digits a figure has as written, at most 8; a whole number is exact and has all.

    >>> given_digits("-27.3"), given_digits("0.0110"), given_digits("70"), given_digits("-27.3491110836149")
    (3, 3, 8, 8)
    """
    digits = len(Decimal(text).as_tuple().digits)
    return min(digits, MOST_DIGITS) if "." in text else MOST_DIGITS


def given_decimals(text: str) -> int:
    """How many of those digits stand behind the point.

    >>> given_decimals("-27.3"), given_decimals("0.0110"), given_decimals("70"), given_decimals("21013.1880046272")
    (1, 4, 0, 3)
    """
    return max(given_digits(text) - 1 - Decimal(text).adjusted(), 0) if "." in text else 0


def agreement(ours: float, text: str) -> int:
    """To how many significant digits a figure agrees with a reference: within half a unit of the last of them.

    >>> agreement(-27.349, "-27.3"), agreement(-19.51, "-19.6"), agreement(4.0, "4"), agreement(5.0, "4")
    (3, 2, 8, 0)
    """
    reference, given = Decimal(text), given_digits(text)
    if not reference:
        return given if ours == 0 else 0
    away = abs(ours - float(reference))
    units = [0.5 * 10.0 ** (reference.adjusted() + 1 - digits) for digits in range(1, given + 1)]
    return sum(away <= unit for unit in units)
