"""Scores with standard errors: reliability and weights by precision, by hand, against statsmodels, on known truth."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import papi_analysis as pa
from papi_analysis.credibility.placebo_programmes import without_unit
from papi_analysis.errors import DataError, SpecError
from papi_analysis.estimation.lagged_outcome import lagged_outcome
from papi_analysis.estimation.reliability import reliability
from tests.estimation.reference import panel_of


def measured(rng, N=40, T=6, K=2, programmes=12, slope=1.0, low=0.2, high=2.0, shock=0.05):
    """A panel whose noise is nearly all measurement error: half of the units are measured well, half badly."""
    C = np.zeros((N, T, K))
    C[:programmes, 3:] = np.sort(rng.random((programmes, T - 3, K)), axis=1)
    se = np.where(rng.permutation(N) < N // 2, low, high)[:, None, None] * rng.uniform(0.8, 1.2, (N, T, K))
    true = rng.normal(size=(N, 1, K)) + rng.normal(size=(T, K)) + slope * C + shock * rng.normal(size=(N, T, K))
    return dataclasses.replace(panel_of(true + se * rng.normal(size=se.shape), C), se=se)


def without_errors(panel: pa.Panel, *places) -> pa.Panel:
    """The panel with the standard errors at these places unknown."""
    se = panel.se.copy()
    for place in places:
        se[place] = np.nan
    return dataclasses.replace(panel, se=se)


def quick(panel, **settings):
    """The slopes and their errors, without draws."""
    answer = pa.completion_slopes(panel, inference="clustered", override=True, **settings)
    return answer.table.set_index("dimension").loc[list(panel.dimensions), ["estimate", "se"]].to_numpy(float)


def test_reliability_by_hand() -> None:
    scores = np.array([[1.0, 2.0], [3.0, 2.5], [5.0, np.nan], [9.0, 4.0]])
    se = np.array([[1.0, 3.0], [2.0, 3.0], [np.nan, 1.0], [2.0, 3.0]])
    # First column: 1, 3 and 9 have an error; their variance is 52/3, the mean square error 3. Second: all error.
    assert reliability(scores, se) == pytest.approx([1 - 3 / (52 / 3), 0.0])
    assert np.isnan(reliability(scores[:1], se[:1])).all()


def test_reliability_is_recovered_and_is_what_a_second_measurement_keeps() -> None:
    """True scores that stand still, measured twice: the share lost between them is 1 - reliability."""
    rng = np.random.default_rng(1)
    true = rng.normal(size=(4000, 1, 2))
    se = rng.choice([0.3, 0.9], size=(4000, 2, 1)) * np.array([1.0, 0.5])
    panel = dataclasses.replace(panel_of(true + se * rng.normal(size=se.shape), np.zeros(se.shape)), se=se)
    expected = 1 / (1 + np.array([1.0, 0.25]) * (0.09 + 0.81) / 2)
    table = pa.regression_to_the_mean(panel, "u00", 2001).table
    assert table["reliability"].tolist()[:2] == pytest.approx(expected, abs=0.02)
    assert table["reversion"].tolist()[:2] == pytest.approx(1 - expected, abs=0.05)
    by_error = -(1 - table["reliability"]) * table["from_mean"]
    assert table["expected_by_error"].tolist()[:2] == pytest.approx(by_error.tolist()[:2])
    assert table["expected"].tolist()[:2] == pytest.approx(by_error.tolist()[:2], abs=0.15)
    assert table[["reliability", "expected_by_error"]].iloc[-1].isna().all()  # of the sum


def test_nothing_is_said_of_errors_that_are_not_known() -> None:
    panel = measured(np.random.default_rng(2))
    bare = dataclasses.replace(panel, se=None)
    assert "reliability" not in pa.regression_to_the_mean(bare, "u00", 2003).table
    for answer in (quick, lambda p: pa.programme_impact(p, "u00", 2004, draws=50).table["estimate"].to_numpy()):
        np.testing.assert_array_equal(answer(bare), answer(panel))
    assert not any("measured score" in note for note in pa.completion_slopes(bare, draws=99).notes)
    panel = without_errors(panel, np.s_[:, 2, 1], np.s_[3, 2, 0])
    answer = pa.regression_to_the_mean(panel, "u00", 2003)
    assert np.isfinite(answer.row("D0")["reliability"])
    assert np.isnan(answer.row("D1")["reliability"])
    assert any("41 scores of 2003 have no standard error" in note for note in answer.notes)


@pytest.mark.parametrize("form", ["levels", "differences"])
def test_weights_by_precision_are_those_of_statsmodels(form) -> None:
    panel = measured(np.random.default_rng(3))
    panel = without_errors(panel, np.random.default_rng(4).random(panel.se.shape) < 0.1)
    found = quick(panel, form=form, weights="precision")
    for k in range(2):
        cells = panel.frame().query(f"dimension == 'D{k}'").rename(columns={"score": "y", "completion": "x"})
        cells["v"] = panel.se[:, :, k].ravel() ** 2
        if form == "differences":
            before = cells.groupby("unit")[["y", "x", "v"]].shift()
            cells[["y", "x"]] -= before[["y", "x"]]
            cells["v"] += before["v"]
        cells = cells.dropna()
        effects = "C(unit) + C(year)" if form == "levels" else "C(year)"
        fit = smf.wls(f"y ~ x + {effects}", cells, weights=1 / cells["v"]).fit(
            cov_type="cluster", cov_kwds={"groups": pd.factorize(cells["unit"])[0]}
        )
        assert found[k] == pytest.approx([fit.params["x"] / 10, fit.bse["x"] / 10], rel=1e-8)


def test_imputed_slopes_weigh_each_cell_by_its_precision() -> None:
    """Second way: statsmodels' weighted line through the untouched units of each year, then a weighted slope."""
    panel = measured(np.random.default_rng(5))
    found = quick(panel, weights="precision")[:, 0]
    own, others = np.arange(12), np.arange(12, 40)
    for k in range(2):
        y, C, w = panel.scores[:, :, k], panel.completion[:, :, k], 1 / panel.se[:, :, k] ** 2
        X = sm.add_constant(np.column_stack([y[:, :3].mean(axis=1), y[:, 2]]))
        top = bottom = 0.0
        for t in range(3, 6):
            line = sm.WLS(y[others, t], X[others], weights=w[others, t]).fit()
            gaps = y[own, t] - line.predict(X[own])
            top += (w[own, t] * C[own, t] * gaps).sum()
            bottom += (w[own, t] * C[own, t] ** 2).sum()
        assert found[k] == pytest.approx(top / bottom / 10, rel=1e-10)


@pytest.mark.parametrize("form", ["imputation", "levels"])
@pytest.mark.parametrize("inference", ["reassignment", "bootstrap"])
def test_the_scale_of_all_errors_does_not_matter(form, inference) -> None:
    panel = measured(np.random.default_rng(6))
    settings = {"form": form, "inference": inference, "weights": "precision", "draws": 99}
    one, other = (
        pa.completion_slopes(dataclasses.replace(panel, se=size * panel.se), **settings).table for size in (1, 1000)
    )
    pd.testing.assert_frame_equal(one, other, rtol=1e-7)
    alike = pa.completion_slopes(dataclasses.replace(panel, se=np.full(panel.se.shape, 0.3)), **settings).table
    pd.testing.assert_frame_equal(alike, pa.completion_slopes(panel, **{**settings, "weights": None}).table, rtol=1e-7)


@pytest.mark.parametrize("form", ["imputation", "levels"])
def test_weighted_slopes_are_unbiased_and_more_precise(form) -> None:
    rng, runs = np.random.default_rng(7), 12
    panels = [measured(rng) for _ in range(runs)]
    plain, weighted = (
        10 * np.array([quick(panel, form=form, weights=weights)[:, 0] for panel in panels]).ravel()
        for weights in (None, "precision")
    )
    spread = weighted.std(ddof=1)
    assert abs(weighted.mean() - 1.0) < 3 * spread / np.sqrt(len(weighted))
    assert spread < 0.5 * plain.std(ddof=1)


def test_what_a_measured_start_leaves_of_a_lead() -> None:
    """The unit truly leads by 3 and nothing is done: of what a lead is worth, 1 - reliability stays in the gap."""
    rng = np.random.default_rng(8)
    true, error = rng.normal(size=(300, 1, 400)), 0.7  # 400 dimensions are 400 repetitions
    true[0] = 3.0
    Y = true * [[1.0], [0.8]] + error * rng.normal(size=(300, 2, 400))
    pre, post = np.array([True, False]), np.array([False, True])
    donors = (np.arange(300) > 0)[None]
    predicted = (lagged_outcome(Y, np.array([0]), donors, pre, post).donors[0] * Y[:, 1]).sum(axis=0)
    gaps = Y[0, 1] - predicted
    share = np.mean(reliability(Y[1:, 0], np.full((299, 400), error)))
    assert share == pytest.approx(1 / (1 + error**2), abs=0.01)
    assert gaps.mean() == pytest.approx(0.8 * 3 * (1 - share), abs=3 * gaps.std() / np.sqrt(400))


def test_attenuation_is_said_where_a_score_before_is_held_constant() -> None:
    panel = measured(np.random.default_rng(9))
    share = reliability(panel.scores[:, 2], panel.se[:, 2]).min()
    said = f"{share:.0%} of its variance between units in 2003 is not measurement error"
    held = [pa.completion_slopes(panel, draws=99), pa.completion_slopes(panel, form="levels", lagged_score=True)]
    held.append(pa.programme_impact(panel, "u00", 2004, method="lagged_outcome", draws=50))
    assert [sum(said in note for note in answer.notes) for answer in held] == [1, 1, 1]
    free = [pa.completion_slopes(panel, form="levels", draws=99), pa.programme_impact(panel, "u00", 2004, method="did")]
    assert not any("measured score" in note for answer in free for note in answer.notes)


def test_errors_of_scores_stay_beside_them() -> None:
    panel = measured(np.random.default_rng(10))
    frame = panel.frame().assign(se=panel.se.ravel())
    made = pa.Panel.from_frames(frame.drop(columns="completion"), frame[["unit", "year", "dimension", "completion"]])
    np.testing.assert_array_equal(made.se, panel.se)
    np.testing.assert_array_equal(made.cut(2002, 2004).se, panel.se[:, 1:4])
    np.testing.assert_array_equal(without_unit(made, 3).se, np.delete(panel.se, 3, axis=0))
    unknown = frame.drop(columns="completion").assign(se=np.nan)
    assert pa.Panel.from_frames(unknown, frame.drop(columns=["score", "se"])).se is None
    unknown["se"] = 0.1
    unknown.loc[4, "se"] = 0.0
    with pytest.raises(DataError, match=r"row 6, column se: the standard error is not above 0"):
        pa.Panel.from_frames(unknown, frame.drop(columns=["score", "se"]))


def test_scores_without_an_error_are_left_out_and_counted() -> None:
    panel = without_errors(measured(np.random.default_rng(11)), ([1, 20, 30], [4, 5, 0], [0, 1, 1]))
    known = dataclasses.replace(panel, scores=np.where(np.isnan(panel.se), np.nan, panel.scores))
    answer, same = (pa.completion_slopes(p, weights="precision", draws=99) for p in (panel, known))
    pd.testing.assert_frame_equal(answer.table, same.table)
    assert any("3 cells have a score without a standard error" in note for note in answer.notes)


def test_what_cannot_be_weighed_is_refused() -> None:
    panel = measured(np.random.default_rng(12))
    with pytest.raises(SpecError, match="needs the standard errors"):
        pa.completion_slopes(dataclasses.replace(panel, se=None), weights="precision")
    with pytest.raises(SpecError, match="weights is 'population'"):
        pa.completion_slopes(panel, weights="population")
    with pytest.raises(SpecError, match="for completion_slopes alone"):
        pa.programme_impact(panel, "u00", 2004, weights="precision")


def test_weights_by_unit_are_a_mapping_or_a_series() -> None:
    panel = measured(np.random.default_rng(14), programmes=1)
    by_unit = {unit: 1.0 + place % 3 for place, unit in enumerate(panel.units)}
    one, other = (pa.completion_slopes(panel, weights=w, draws=99).table for w in (by_unit, pd.Series(by_unit)))
    pd.testing.assert_frame_equal(one, other)
    with pytest.raises(SpecError, match="give a weight by unit"):
        pa.completion_slopes(panel, weights=np.ones(40))


def test_precision_weights_leave_out_the_row_that_they_do_not_weigh() -> None:
    panel = measured(np.random.default_rng(13), programmes=1)
    assert "within" in set(pa.completion_slopes(panel, draws=99).table["dimension"])
    assert "within" not in set(pa.completion_slopes(panel, weights="precision", draws=99).table["dimension"])
