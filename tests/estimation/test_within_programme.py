"""One programme alone: the slope within its own years, against loops, by invariance, by exact inversion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import papi_analysis as pa
from papi_analysis.estimation.specification import Specification, equations
from papi_analysis.estimation.within_programme import PlaceboSlopes, within_programme


@pytest.fixture(scope="module")
def alone(panel) -> PlaceboSlopes:
    found = within_programme(equations(panel, Specification()), panel.position("unit", "VN-CT"))
    assert found is not None
    return found


def test_every_units_slope_is_a_regression_on_its_scores_net_of_the_others(panel, alone) -> None:
    t = slice(panel.position("year", 2018), None)
    path = panel.completion[panel.position("unit", "VN-CT"), t]
    complete = np.isfinite(panel.scores[:, t]).all(axis=(1, 2))
    assert complete.sum() == len(alone.slopes) == 61
    for place in (0, 17, int(alone.treated)):
        unit = int(alone.units[place])
        others = complete.copy()
        others[unit] = False
        net = panel.scores[unit, t] - panel.scores[others][:, t].mean(axis=0)
        cells = pd.DataFrame(
            {"y": net.ravel(), "c": path.ravel(), "year": np.repeat([0, 1, 2], 6), "dim": np.tile(np.arange(6), 3)}
        )
        fit = smf.ols("y ~ c + C(year) + C(dim)", cells).fit()
        assert alone.slopes[place] == pytest.approx(fit.params["c"], rel=1e-8)


def test_what_moves_everyone_moves_nothing(panel, alone) -> None:
    rng = np.random.default_rng(0)
    common = pa.Panel(
        panel.scores + rng.normal(size=panel.scores.shape[1:]), panel.completion, panel.units, panel.years,
        panel.dimensions, panel.breaks, (),
    )  # fmt: skip
    moved = within_programme(equations(common, Specification()), panel.position("unit", "VN-CT"))
    assert moved is not None
    assert moved.slopes == pytest.approx(alone.slopes, abs=1e-9)


def test_a_slope_put_into_the_scores_comes_out_and_inverts_the_test(panel, alone) -> None:
    i = panel.position("unit", "VN-CT")
    scores = panel.scores.copy()
    scores[i] += 0.9 * panel.completion[i]
    with_it = pa.Panel(scores, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    found = within_programme(equations(with_it, Specification()), i)
    assert found is not None
    assert found.coefficients[0] - alone.coefficients[0] == pytest.approx(0.9, rel=1e-9)
    low, high = alone.interval(0.95)[0]
    for b, inside in ((low + 1e-6, True), (high - 1e-6, True), (low - 1e-6, False), (high + 1e-6, False)):
        scores = panel.scores.copy()
        scores[i] -= b * panel.completion[i]
        under = pa.Panel(scores, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
        tested = within_programme(equations(under, Specification()), i)
        assert tested is not None
        assert (tested.p[0] > 0.05) == inside


def test_by_hand() -> None:
    engine = PlaceboSlopes(np.array([3.0, -1.0, 2.0, -4.0]), np.arange(4), treated=0, cells=6)
    assert engine.p.tolist() == [0.5]  # 3 and -4
    assert engine.floor.tolist() == [0.25]
    assert engine.attainable_size(0.6).tolist() == [0.25]
    assert np.isinf(engine.interval(0.95)).all()


def test_completion_without_variation_over_the_dimensions_gives_no_row() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(5, 1, (8, 4, 2))
    C = np.zeros_like(y)
    C[0, 2:] = np.array([0.3, 0.6])[:, None]
    index = pd.MultiIndex.from_product([list("abcdefgh"), range(4), ["A", "B"]], names=["unit", "year", "dimension"])
    frame = index.to_frame(index=False).assign(year=lambda f: f["year"] + 2000)
    panel = pa.Panel.from_frames(frame.assign(score=y.ravel()), frame.assign(completion=C.ravel()))
    assert within_programme(equations(panel, Specification()), 0) is None
    assert "within" not in set(pa.completion_slopes(panel).table["dimension"])
