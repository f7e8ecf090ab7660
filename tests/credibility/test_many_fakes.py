"""Fake programmes on large panels: made one by one, and no more of them than were asked for."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.fakes import fake_programmes

ASKED = {"unit": "VN-CT", "start": 2018, "end": 2020}


@pytest.fixture(scope="module")
def panel() -> pa.Panel:
    return pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))


def change(panel, unit, start, end):
    """A plain answer that depends on who is asked for: the change against the mean of all."""
    i, first, last = panel.position("unit", unit), panel.position("year", start - 1), panel.position("year", end)
    gain = panel.scores[:, last] - panel.scores[:, first]
    gap = gain[i] - np.nanmean(gain, axis=0)
    frame = pd.DataFrame({"dimension": panel.dimensions, "estimate": gap, "low": gap - 1, "high": gap + 1})
    return frame.assign(p=(np.abs(gap) < 0.5).astype(float), detectable=1.0)


def wide(N: int) -> pa.Panel:
    rng = np.random.default_rng(0)
    done = np.zeros((N, 12, 3))
    done[0, 8:] = 0.5
    units, years = tuple(f"u{i:04d}" for i in range(N)), tuple(range(12))
    return pa.Panel(rng.random((N, 12, 3)), done, units, years, ("a", "b", "c"), pd.DataFrame(), ())


def test_a_fake_programme_is_the_real_one_on_another_unit(panel) -> None:
    everyone, alike = fake_programmes(panel, "VN-CT", 2018, 2020, 2016, 5)
    own = panel.completion[panel.position("unit", "VN-CT"), panel.position("year", 2018) :]
    for fake in (everyone[0], everyone[-1], alike[-1]):
        made = fake.panel
        assert made.programme_units == (fake.unit,)
        t = made.position("year", fake.start)
        np.testing.assert_array_equal(made.completion[made.position("unit", fake.unit), t:], own)
        others = [i for i, unit in enumerate(panel.units) if unit != "VN-CT"]
        np.testing.assert_array_equal(made.scores, panel.scores[others, : len(made.years)])
        assert made.years[-1] == fake.end
    assert everyone[0].window.programme_units == ()


def test_memory_of_fakes_grows_no_faster_than_the_units() -> None:
    peaks = []
    for N in (50, 200, 400):
        panel = wide(N)
        tracemalloc.start()
        fakes = fake_programmes(panel, "u0000", 8, 11, 7, 5)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(fakes[0]) == N - 1
    assert peaks[2] < 2.5 * peaks[1]


def test_more_units_than_draws_are_sampled_and_the_notes_say_so(panel) -> None:
    asked = {"base_year": 2016, **ASKED}
    every = pa.calibrate(panel, change, **asked)
    sample = pa.calibrate(panel, change, **asked, draws=20, rng=2)
    assert "20 of these 59 units were drawn at random" in pa.remarks(sample)
    assert "drawn at random" not in pa.remarks(every)
    assert sample.table["fakes"].tolist() == [20] * 7 + [30] * 7
    pd.testing.assert_frame_equal(sample.table.iloc[7:], every.table.iloc[7:])
    assert sample.table.iloc[:7].equals(pa.calibrate(panel, change, **asked, draws=20, rng=2).table.iloc[:7])
    assert not sample.table["rmse"].equals(pa.calibrate(panel, change, **asked, draws=20, rng=3).table["rmse"])
    pd.testing.assert_frame_equal(pa.calibrate(panel, change, **asked, draws=59).table, every.table)
    with pytest.raises(pa.SpecError, match="draws is 0"):
        pa.calibrate(panel, change, **asked, draws=0)


def test_a_sample_holds_each_unit_at_most_once(panel) -> None:
    met: list[str] = []

    def noted(panel, unit, start, end):
        met.append(unit)
        return change(panel, unit, start, end)

    pa.calibrate(panel, noted, base_year=2016, **ASKED, draws=20)
    assert len(set(met[:20])) == 20
    assert len(met) == 50
    met.clear()
    found = pa.confirm_detectable(panel, noted, **ASKED, draws=7)
    assert found["fakes"].tolist() == [7] * 6
    assert len(set(met)) == 7
