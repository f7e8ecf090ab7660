"""A validation as shown: digits as the reference gives them, in both languages, nothing that is not there."""

from __future__ import annotations

import pandas as pd
import pytest

import papi_analysis as pa


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "kind": ["k", "k", "k"],
            "case": ["A", "A", "B"],
            "quantity": ["gap", "count", "p"],
            "ours": [-1027.349111, 4.0000000001, 0.0186],
            "reference": [-1027.3, 4.0, 0.019375],
            "digits": [5, 8, 1],
            "given": [5, 8, 5],
            "decimals": [1, 0, 6],
            "source": ["a table (printed)", "numpy", "numpy"],
            "error": [None, None, 0.0005],
            "remark": ["", "", "draws"],
        }
    )


def test_by_hand(rows):
    english, vietnamese = (pa.table_validation(rows, language=language) for language in ("en", "vi"))
    assert english.index.tolist() == ["A", "A", "B"]
    assert english.columns.tolist() == [
        *("Quantity", "Ours", "Reference", "Digits", "Source"),
        *("Monte Carlo error", "Remark"),
    ]
    assert english["Ours"].tolist() == ["-1,027.3", "4", "0.018600"]
    assert english["Reference"].tolist() == ["-1,027.3", "4", "0.019375"]
    assert english["Digits"].tolist() == ["5 of 5", "8 of 8", "1 of 5"]
    assert english["Monte Carlo error"].tolist() == ["", "", "0.00050"]
    assert vietnamese.iloc[0, 1:4].tolist() == ["-1.027,3", "-1.027,3", "5 trên 5"]
    assert not set(english.columns) & set(vietnamese.columns)


def test_what_no_row_has_is_left_out(rows):
    assert pa.table_validation(rows.head(2)).columns.tolist() == ["Quantity", "Ours", "Reference", "Digits", "Source"]


def test_the_input_is_left_alone(rows):
    before = rows.copy()
    pa.table_validation(rows)
    pd.testing.assert_frame_equal(rows, before)


def test_columns_have_words(rows):
    shown = pa.table_frame(pa.validate("exact randomisation"), language="vi")
    english = pa.table_frame(pa.validate("exact randomisation"))
    assert not set(shown.columns) & set(english.columns)
