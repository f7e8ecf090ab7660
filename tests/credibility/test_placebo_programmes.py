"""Placebo programmes: the real one on other units, in real windows and in panels like this one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.fitted_process import fit_process
from papi_analysis.credibility.placebo_programmes import (
    every_other,
    in_drawn_panel,
    programme_shape,
    real_windows,
)
from papi_analysis.panel.changes import standing


@pytest.fixture(scope="module")
def shape(panel):
    return programme_shape(panel, "VN-CT", 2018, 2020, 2016)


def wide(N: int) -> pa.Panel:
    rng = np.random.default_rng(0)
    done = np.zeros((N, 12, 3))
    done[0, 8:] = 0.5
    units, years = tuple(f"u{i:04d}" for i in range(N)), tuple(range(12))
    return pa.Panel(rng.random((N, 12, 3)), done, units, years, ("a", "b", "c"), pd.DataFrame(), ())


def test_the_shape_is_where_the_programme_lies(panel, shape) -> None:
    assert panel.units[shape.treated] == "VN-CT"
    assert [panel.years[t] for t in (shape.base, shape.first, shape.last)] == [2016, 2018, 2020]
    assert shape.rank == 1  # Can Tho stood first of 63 in 2016


def test_a_placebo_programme_is_the_real_one_on_another_unit(panel, shape) -> None:
    everyone, alike = every_other(panel, shape), real_windows(panel, shape, 5)
    assert len(everyone) == 59
    own = panel.completion[shape.treated, shape.first :]
    for placebo in (everyone[0], everyone[-1], alike[-1]):
        made = placebo.panel
        assert made.programme_units == (placebo.unit,)
        t = made.position("year", placebo.start)
        np.testing.assert_array_equal(made.completion[made.position("unit", placebo.unit), t:], own)
        others = [i for i, unit in enumerate(panel.units) if unit != "VN-CT"]
        np.testing.assert_array_equal(made.scores, panel.scores[others, : len(made.years)])
        assert made.years[-1] == placebo.end
    assert everyone[0].window.programme_units == ()


def test_real_windows_hold_the_nearest_in_rank_in_every_period(panel, shape) -> None:
    alike = real_windows(panel, shape, 3)
    assert [placebo.start for placebo in alike] == [year for year in range(2018, 2012, -1) for _ in range(3)]
    assert {placebo.end - placebo.start for placebo in alike} == {2}
    totals = standing(pa.papi.load_scores().query("dimension in @panel.dimensions"))
    in_2016 = totals.query("dimension == 'total' and year == 2016 and unit != 'VN-CT'").sort_values("rank")
    assert [placebo.unit for placebo in alike if placebo.start == 2018] == in_2016["unit"].head(3).tolist()


def test_a_drawn_panel_has_the_shape_of_the_real_one_and_no_effect(panel, shape) -> None:
    process = fit_process(panel)
    places = []
    for seed in range(40):
        random, high = in_drawn_panel(panel, shape, process, np.random.default_rng(seed))
        assert random.window is high.window
        drawn = high.panel
        assert drawn.units == panel.units
        np.testing.assert_array_equal(np.isnan(drawn.scores), np.isnan(panel.scores[:, : len(drawn.years)]))
        i = drawn.position("unit", high.unit)
        np.testing.assert_array_equal(drawn.completion[i, -3:], panel.completion[shape.treated, -3:])
        assert drawn.programme_units == (high.unit,)
        places.append(
            (random.unit, (drawn.scores[:, shape.base].sum(axis=1) > drawn.scores[i, shape.base].sum()).sum())
        )
    assert len({unit for unit, _ in places}) > 20
    above = np.array([above for _, above in places])
    assert (above == 0).mean() > 0.8  # else the first of all lacks a score, and the next one stands for it
    assert above.max() <= 2


def test_memory_grows_no_faster_than_the_units() -> None:
    peaks = []
    for N in (50, 200, 400):
        panel = wide(N)
        tracemalloc.start()
        everyone = every_other(panel, programme_shape(panel, "u0000", 8, 11, 7))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(everyone) == N - 1
    assert peaks[2] < 2.5 * peaks[1]
