"""What a study would find, before it starts: against asking by hand, and in the order that must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import papi_analysis as pa


def test_a_plan_is_the_median_of_studies_of_units_drawn_at_random(panel) -> None:
    plan = pa.plan_study(panel, units=[2], years=[3], method="did", studies=3, draws=99, rng=7)
    generator, complete = np.random.default_rng(7), np.isfinite(panel.scores).all(axis=(1, 2))
    free = [name for name, has in zip(panel.units, complete, strict=True) if has and name != "VN-CT"]
    sizes = []
    for _ in range(3):
        units = [free[i] for i in np.sort(generator.choice(len(free), 2, replace=False))]
        asked = pa.programme_impact(panel, units, 2018, method="did", draws=99, rng=generator)
        sizes.append(asked.table[["detectable", "detectable_jointly"]].to_numpy(dtype=float))
    assert plan["dimension"].tolist() == [*panel.dimensions, "mean"]
    found = plan[["detectable", "detectable_jointly"]].to_numpy(dtype=float)
    assert found == pytest.approx(np.median(sizes, axis=0), nan_ok=True)


def test_more_units_find_smaller_gains_and_jointly_larger_ones_are_needed(panel) -> None:
    plan = pa.plan_study(panel, units=[1, 9], years=[3], method="did", studies=3, draws=199)
    one, nine = (plan[plan["programme_units"] == m].set_index("dimension") for m in (1, 9))
    assert (nine["detectable"] < 0.6 * one["detectable"]).all()  # about a third, were units independent
    each = plan[plan["dimension"] != "mean"]
    assert (each["detectable_jointly"] > each["detectable"]).all()
    assert (plan["programme_years"] == 3).all()


def test_too_few_units_to_find_anything_are_missing(panel) -> None:
    complete = np.flatnonzero(np.isfinite(panel.scores).all(axis=(1, 2)))
    few = complete[:12]
    small = replace(
        panel,
        scores=panel.scores[few],
        completion=panel.completion[few],
        units=tuple(panel.units[i] for i in few),
    )
    assert pa.plan_study(small, units=[1], years=[2], method="did", studies=1)["detectable"].isna().all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"units": [70]}, "59 of 63 have every score"),
        ({"years": [10]}, "can hold 1 to 9"),
        ({"units": [0]}, r"units is \[0\]; give one or more whole numbers"),
        ({"years": []}, r"years is \[\]; give one or more whole numbers"),
        ({"units": [True]}, r"units is \[True\]"),
        ({"units": 3}, "units"),
        ({"years": [1.5]}, r"years is \[1.5\]"),
        ({"years": [9]}, "needs 2"),
    ],
)
def test_what_the_panel_cannot_hold_is_refused(panel, settings, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.plan_study(panel, **{"units": [1], "years": [2], "studies": 1, **settings})
