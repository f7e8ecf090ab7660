"""What a design would have detected beside the gain that mattered, in points, with a verdict in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa

CANNOT, WOULD, NONE = "This design cannot tell", "It would have been seen", "No gain was needed"


def answer(detectable, scale=1.0):
    table = pd.DataFrame({"dimension": ["D1", "D2", "mean"], "detectable": detectable})
    return pa.Estimates("programme_impact", table, scale=scale)


def test_each_detectable_size_is_held_against_the_needed_one():
    told = pa.can_tell(answer([0.5, 0.5, 0.3]), {"D1": 0.6, "D2": 0.4})
    assert told["verdict"].tolist() == [WOULD, CANNOT, WOULD]
    assert told["needed"].tolist() == pytest.approx([0.6, 0.4, 0.5])
    assert pa.can_tell(answer([0.5, 0.6, 0.3]), 0.5)["verdict"].tolist() == [WOULD, CANNOT, WOULD]


def test_a_design_that_detects_nothing_cannot_tell():
    assert pa.can_tell(answer([np.nan, np.inf, np.nan]), 0.5)["verdict"].tolist() == [CANNOT] * 3


def test_no_gain_and_no_target_are_said_apart():
    told = pa.can_tell(answer([0.5, 0.5, 0.3]), {"D1": -0.1})
    assert told["verdict"].tolist()[0] == NONE
    assert told["verdict"].isna().tolist() == [False, True, True]
    assert pa.table_frame(told).iloc[1, -1] == "–"


def test_slopes_are_in_points_at_full_completion():
    """0.05 points per ten percentage points is half a point from nothing to all."""
    told = pa.can_tell(answer([0.05, 0.05, 0.05], scale=0.1), {"D1": 0.51, "D2": 0.49})
    assert told["detectable"].tolist() == pytest.approx([0.5] * 3)
    assert told["verdict"].tolist() == [WOULD, CANNOT, WOULD]


def test_targets_and_real_answers_fit_together():
    study = pa.load_study("can_tho_2018_2020")
    panel, targets = pa.Panel.from_study(study), pa.target_attainment(study)
    for asked in (pa.programme_impact(panel, "VN-CT", 2018, 2020), pa.completion_slopes(panel)):
        told = pa.can_tell(asked, targets).set_index("dimension")
        assert list(told.index) == [*panel.dimensions, "mean"]
        for name in panel.dimensions:
            base, target = targets.row(name)[["base", "target"]]
            assert told.loc[name, "needed"] == pytest.approx(target - base)
            points = asked.row(name)["detectable"] * (10 if asked.question == "completion_slopes" else 1)
            assert (told.loc[name, "verdict"] == CANNOT) == (points > target - base)
    assert pa.table_frame(told.reset_index(), language="vi").iloc[0, -1] == "Thiết kế này không phân biệt được"


@pytest.mark.parametrize("needed", ["half a point", np.nan, None, [0.5]])
def test_a_size_that_is_none_is_refused(needed):
    with pytest.raises(pa.SpecError, match="a number by dimension"):
        pa.can_tell(answer([0.5, 0.5, 0.3]), needed)


def test_an_answer_without_detectable_sizes_is_refused():
    with pytest.raises(pa.SpecError, match="change_slopes has no detectable sizes"):
        pa.can_tell(pa.change_slopes(pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))), 0.5)
