"""The methods of this package beside what printed tables and other software say about the same data.

``references.csv`` holds the figures of others as they are written there, each with its source: ``error`` is the Monte
Carlo error of a comparison that rests on draws, ``remark`` the convention that a figure follows, or why it agrees to
fewer digits. ``published_cases.py`` computes ours. ``make validation`` sets one beside the other in
``data/validation/figures.csv``, which ``load_validation`` reads and notebook 06 shows.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
from published_cases import CASES

HERE = Path(__file__).parent
WRITTEN = HERE.parents[1] / "data" / "validation" / "figures.csv"

#: Agreement is counted up to so many significant digits: beyond them machines differ.
MOST_DIGITS = 8


def load_references() -> pd.DataFrame:
    """Read the figures of others; ``value`` is text, so that it keeps the digits of its source."""
    references = pd.read_csv(HERE / "references.csv", dtype=str, keep_default_na=False)
    return references.assign(error=pd.to_numeric(references["error"]))


def compare(references: pd.DataFrame) -> pd.DataFrame:
    """Compute the figures that ``references`` names and set them beside: the columns of ``load_validation``."""
    cases = references[["kind", "case"]].drop_duplicates().itertuples(index=False, name=None)
    figures = {(kind, case): CASES[kind][case]() for kind, case in cases}
    named = references[["kind", "case", "quantity"]].itertuples(index=False)
    pairs = [
        (float(figures[kind, case][name]), text)
        for (kind, case, name), text in zip(named, references["value"], strict=True)
    ]
    return pd.DataFrame(
        {
            **references[["kind", "case", "quantity"]],
            "ours": [own for own, _ in pairs],
            "reference": references["value"],
            "digits": [agreement(*pair) for pair in pairs],
            "given": references["value"].map(given_digits),
            "decimals": references["value"].map(given_decimals),
            "away": [away(*pair) for pair in pairs],
            **references[["source", "error", "remark"]],
        }
    )


def written(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the digits that are the same on every machine."""
    return rows.assign(ours=rows["ours"].map("{:.10g}".format), away=rows["away"].map("{:.3f}".format))


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


def unit(text: str, digits: int) -> float:
    """What one more in the last of so many digits of a figure adds; of zero, the digits behind the point count.

    >>> unit("-27.3", 3), unit("-27.3", 1)
    (0.1, 10.0)
    """
    return float(10.0 ** (Decimal(text).adjusted() + 1 - digits))


def away(ours: float, text: str) -> float:
    """How far a figure is from a reference, in units of the last digit that counts.

    >>> round(away(-27.349, "-27.3"), 6), away(70.0, "70")
    (0.49, 0.0)
    """
    return abs(ours - float(text)) / unit(text, given_digits(text))


def agreement(ours: float, text: str) -> int:
    """To how many significant digits a figure agrees with a reference: within half a unit of the last of them.

    >>> agreement(-27.349, "-27.3"), agreement(-19.51, "-19.6"), agreement(4.0, "4"), agreement(5.0, "4")
    (3, 2, 8, 0)
    """
    given = given_digits(text)
    if not Decimal(text):
        return given if ours == 0 else 0
    return sum(abs(ours - float(text)) <= 0.5 * unit(text, digits) for digits in range(1, given + 1))


if __name__ == "__main__":
    rows = compare(load_references())
    written(rows).to_csv(WRITTEN, index=False, lineterminator="\n")
    print(
        f"{(rows['digits'] == rows['given']).sum()} of {len(rows)} figures agree to every digit given: {WRITTEN.name}"
    )
