"""The detectable size, put into units without a programme: found four times in five, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.injection import confirm_detectable

ASKED = {"unit": "VN-CT", "start": 2018, "end": 2020}


def change(panel, unit, start, end):
    """A plain answer: the change against the mean of all."""
    i, first, last = panel.position("unit", unit), panel.position("year", start - 1), panel.position("year", end)
    gain = panel.scores[:, last] - panel.scores[:, first]
    gap = gain[i] - np.nanmean(gain, axis=0)
    frame = pd.DataFrame({"dimension": panel.dimensions, "estimate": gap, "low": gap - 1, "high": gap + 1})
    return frame.assign(p=(np.abs(gap) < 0.5).astype(float), detectable=1.0)


def test_the_detectable_size_is_found_about_four_times_in_five(panel) -> None:
    table = confirm_detectable(panel, "did", **ASKED, draws=24)
    assert table["found"].between(0.55, 0.97).all()
    assert table["found"].mean() == pytest.approx(0.8, abs=0.08)
    assert table["programmes"].tolist() == [24] * 6


def test_what_is_put_in_is_the_size_that_the_answer_states(panel) -> None:
    """By hand: one point more after the start is one point more of change against the mean of all, less its share."""
    found = confirm_detectable(panel, change, **ASKED, draws=59)
    scores = panel.scores[np.arange(63) != panel.position("unit", "VN-CT")]
    full = np.isfinite(scores).all(axis=(1, 2))
    gain = scores[:, 9] - scores[:, 6]
    n = np.isfinite(gain).sum(axis=0)
    gap = gain - np.nanmean(gain, axis=0) + 1 - 1 / n
    assert found["found"].to_numpy() == pytest.approx((np.abs(gap[full]) >= 0.5).mean(axis=0))
    assert (found["detectable"] == 1.0).all()


def test_a_size_for_the_joint_test_is_put_in_and_looked_for_by_it(panel) -> None:
    def ask(panel, unit, start, end):
        table = change(panel, unit, start, end)
        return table.assign(
            detectable_jointly=[0.0, 9, 9, 9, 9, 9], p_joint=(table["estimate"].abs() < 4).astype(float)
        )

    found = confirm_detectable(panel, ask, **ASKED, draws=5)
    assert found["detectable_jointly"].tolist() == [0.0, 9, 9, 9, 9, 9]
    assert found["found_jointly"].tolist() == [0.0, 1, 1, 1, 1, 1]
    assert "found_jointly" not in confirm_detectable(panel, change, **ASKED, draws=5)


def test_the_level_reaches_the_method(panel) -> None:
    few = {**ASKED, "draws": 8}
    wide = confirm_detectable(panel, "did", **few, level=0.8)
    assert (wide["detectable"] < confirm_detectable(panel, "did", **few)["detectable"]).all()
    assert wide["found"].mean() == pytest.approx(0.8, abs=0.2)


def test_one_dimension_and_many_units(panel) -> None:
    one = replace(
        panel, scores=panel.scores[:, :, 3:4], completion=panel.completion[:, :, 3:4], dimensions=panel.dimensions[3:4]
    )
    assert len(confirm_detectable(one, "lagged_outcome", **ASKED, draws=5)) == 1
    met: list[str] = []

    def noted(panel, unit, start, end):
        met.append(unit)
        return change(panel, unit, start, end)

    assert confirm_detectable(panel, noted, **ASKED, draws=7)["programmes"].tolist() == [7] * 6
    assert len(set(met)) == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (lambda table: table.drop(columns="detectable"), "no column detectable"),
        (lambda table: table.assign(detectable=np.inf), "no finite detectable size for D1"),
        (lambda table: table.assign(detectable="1"), "text in detectable"),
        (lambda table: table.assign(detectable=0.0), "of 0 or below"),
    ],
)
def test_an_answer_without_a_size_cannot_be_confirmed(panel, changes, words) -> None:
    def ask(panel, unit, start, end):
        return changes(change(panel, unit, start, end))

    with pytest.raises(pa.SpecError, match=words):
        confirm_detectable(panel, ask, **ASKED)
