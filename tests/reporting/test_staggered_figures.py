"""Several programmes in one figure: who enters when must not look like a change, and many placebos stay few lines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.impact_figures import MOST

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
def test_means_over_several_units_are_not_joined(answer, language) -> None:
    axes = np.ravel(pa.draw_impact(answer, language=language))
    shown = axes[0].lines[:-1]  # the last one marks the start
    assert {line.get_linestyle() for line in shown} == {"None"}
    assert "None" not in {line.get_marker() for line in shown}
    levels = shown[-1].get_ydata()
    assert levels[4] > 50 > levels[3]  # what a line would have shown as a leap of four units
    words = {"en": "units that have started", "vi": "các đơn vị đã bắt đầu"}[language]
    assert words in figure_of(axes).get_supxlabel()
    named = {"en": "4 units", "vi": "4 đơn vị"}[language]
    assert named in [text.get_text() for text in axes[0].texts]
    assert f" {named} " in alternative(figure_of(axes))


def test_one_unit_keeps_its_lines(answer) -> None:
    one = dataclasses.replace(answer, design=answer.design | {"units": ("u0",)})
    axes = np.ravel(pa.draw_impact(one))
    assert "None" not in {line.get_linestyle() for line in axes[0].lines}
    assert figure_of(axes).get_supxlabel() == ""


def test_of_many_placebos_an_even_selection_is_drawn(answer) -> None:
    ax = np.ravel(pa.draw_impact(answer))[1]
    paths = answer.engines[0].paths[1:, :, 1]
    own = answer.cells.query("row == 0 and dimension == 'b'")["counterfactual"].to_numpy()
    gaps = np.array([line.get_ydata() - own for line in ax.lines[:-3]])
    assert len(paths) == 2 * MOST + 1
    assert len(gaps) <= MOST
    assert gaps == pytest.approx(paths[::3])
