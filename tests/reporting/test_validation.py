"""A validation as shown: digits as the reference gives them, in both languages, nothing that is not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.marks import BLUE, ORANGE, PINK
from papi_analysis.reporting.validation import draw_validation, table_validation
from papi_analysis.study.records import load_validation


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
            "away": [0.49, 0.0, 775.0],
            "source": ["a table (printed)", "numpy", "numpy"],
            "error": [None, None, 0.0005],
            "remark": ["", "", "draws"],
        }
    )


def test_by_hand(rows):
    english, vietnamese = (table_validation(rows, language=language) for language in ("en", "vi"))
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
    assert table_validation(rows.head(2)).columns.tolist() == ["Quantity", "Ours", "Reference", "Digits", "Source"]


def test_the_input_is_left_alone(rows):
    before = rows.copy()
    table_validation(rows)
    pd.testing.assert_frame_equal(rows, before)


def test_columns_and_kinds_have_words():
    rows = load_validation()
    shown, english = pa.table(rows, language="vi"), pa.table(rows)
    assert not set(shown.columns) & set(english.columns)
    assert not set(shown.index) & set(english.index)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_one_dot_a_figure(rows, language):
    short = rows.assign(kind="l", error=np.nan)
    rows = pd.concat([rows, short.tail(1)], ignore_index=True)
    axes = draw_validation(rows, language=language)
    dots = {line.get_color(): line.get_xydata() for line in axes.lines if line.get_linestyle() == "None"}
    # two of the first kind agree, one by half a unit and one wholly, which stands left of all; one rests on draws
    assert dots[BLUE] == pytest.approx(np.array([[np.log10(0.49), 1.0], [-5.0, 1.0]]))
    assert dots[ORANGE] == pytest.approx(np.array([[np.log10(775), 1.0]]))
    assert dots[PINK] == pytest.approx(np.array([[np.log10(775), 0.0]]))
    assert len({line.get_marker() for line in axes.lines}) == 4  # three shapes, and the line at half a unit
    words = {"en": "4 figures", "vi": "4 con số"}[language]
    assert words in alternative(figure_of(axes))
    assert "2" in alternative(figure_of(axes))


def test_no_dot_covers_another():
    rows = load_validation()
    axes = draw_validation(rows)
    dots = np.concatenate([line.get_xydata() for line in axes.lines if line.get_linestyle() == "None"])
    assert len(dots) == len(rows) == len(np.unique(dots.round(6), axis=0))
    kinds = list(dict.fromkeys(rows["kind"]))
    for place, kind in enumerate(reversed(kinds)):
        assert (np.abs(dots[:, 1] - place) < 0.4).sum() == (rows["kind"] == kind).sum()
