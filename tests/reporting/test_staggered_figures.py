"""Several programmes in one figure: who enters when must not look like a change, and many placebos stay few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.impact_figures import MOST, draw_impact

STARTS = {"u0": 5, "u1": 7, "u2": 7, "u3": 8}


@pytest.fixture(scope="module")
def answer() -> pa.Estimates:
    """Four units that start one after another; the first stands far above all others."""
    rng = np.random.default_rng(6)
    index = pd.MultiIndex.from_product([[f"u{i}" for i in range(16)], range(1, 10), ["a", "b"]])
    cells = index.to_frame(index=False, name=["unit", "year", "dimension"]).assign(completion=0.0)
    scores = cells.drop(columns="completion").assign(score=5 + rng.random(len(cells)) + 50 * (cells["unit"] == "u0"))
    return pa.programme_impact(pa.Panel.from_frames(scores, cells), STARTS, method="did", draws=2 * MOST + 1)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_who_enters_is_no_change(answer, language) -> None:
    """By the calendar the mean of those that have started would leap by 50 points when the first unit enters."""
    axes = np.ravel(draw_impact(answer, language=language))
    gaps = axes[0].lines[1].get_ydata()
    assert np.abs(gaps).max() < 1.5
    words = {"en": "Years since the start", "vi": "Số năm kể từ khi bắt đầu"}[language]
    assert words in figure_of(axes).get_supxlabel()
    named = {"en": "4 units", "vi": "4 đơn vị"}[language]
    assert named in [text.get_text() for text in figure_of(axes).legends[0].get_texts()]
    assert f" {named} " in alternative(figure_of(axes))


def test_of_many_placebos_an_even_selection_is_kept(answer) -> None:
    paths = answer.engines[0].paths[:, :, 1]
    cells = answer.cells.query("dimension == 'b'")
    kept = cells["gap"].to_numpy().reshape(-1, paths.shape[1])
    assert len(paths) == 2 * MOST + 2
    assert len(kept) <= MOST + 1
    assert kept == pytest.approx(paths[[0, *range(1, len(paths), 3)]])
