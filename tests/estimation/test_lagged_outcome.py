"""The lagged-outcome adjustment: by hand, against statsmodels, on simulated panels and on untouched windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from reference import panel_of

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.estimation.counterfactuals import estimate
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.lagged_outcome import leverage
from papi_analysis.estimation.placebos import placebos

CLOSE = {"atol": 1e-12, "rtol": 0}


def walks(N: int, T: int = 8, K: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 5 + rng.normal(size=(N, 1, K)) + 0.7 * rng.normal(size=(N, T, K))


def dummy(after: np.ndarray, x: np.ndarray, unit: int, weights: np.ndarray | None = None) -> float:
    """The coefficient of the unit's dummy in least squares of ``after`` (n,) on a constant, ``x`` (n, r) and it."""
    columns = np.column_stack([np.ones(len(x)), x, np.arange(len(x)) == unit])
    fit = sm.OLS(after, columns) if weights is None else sm.WLS(after, columns, weights=weights)
    return float(fit.fit().params[-1])


def test_by_hand() -> None:
    """Three donors on a line of slope 1/2: after is (before + 1) / 2, so 3 before predicts 2 after."""
    Y = np.array([[3.0, 4], [1, 1], [2, 1.5], [5, 3]])[:, :, None]
    found = estimate(programme_design(Y, 0, 1), "lagged_outcome")
    np.testing.assert_allclose(found.gaps[0, :, 0], [0, 2], **CLOSE)
    np.testing.assert_allclose(found.weights.years[0, :, 0], [0.5, 0], **CLOSE)
    # the average of donors that balances before: w'1 = 1 and w'(1, 2, 5) = 3, of least norm
    w = found.weights.donors[0, 1:, 0]
    np.testing.assert_allclose([w.sum(), w @ [1, 2, 5]], [1, 3], **CLOSE)
    two_ways = np.linalg.pinv(np.array([[1.0, 1, 1], [1, 2, 5]])) @ [1, 3]
    np.testing.assert_allclose(w, two_ways, **CLOSE)


@pytest.mark.parametrize(
    ("N", "T0", "regressors"), [(40, 5, 2), (16, 5, 2), (15, 5, 1), (40, 1, 1), (4, 3, 1), (40, 2, 2)]
)
def test_each_row_is_the_coefficient_of_its_units_dummy(N, T0, regressors) -> None:
    Y = walks(N, T0 + 3)
    result = placebos(programme_design(Y, 2, T0, end=T0 + 1), "lagged_outcome")
    level, last, after = Y[:, :T0].mean(axis=1), Y[:, T0 - 1], Y[:, T0 : T0 + 2].mean(axis=1)
    for unit, scores in zip(result.units[:, 0], result.scores, strict=True):
        for k, score in enumerate(scores):
            x = np.column_stack([level[:, k], last[:, k]][:regressors])
            assert score == pytest.approx(dummy(after[:, k], x, unit), abs=1e-12)


def test_the_published_scores_give_statsmodels_coefficient(panel) -> None:
    kept = np.isfinite(panel.scores).all(axis=(1, 2))
    Y, unit = panel.scores[kept], int(np.flatnonzero(np.array(panel.units)[kept] == "VN-CT")[0])
    table = pa.programme_impact(panel, "VN-CT", 2018, 2020).table
    for k in range(6):
        x = np.column_stack([Y[:, :7, k].mean(axis=1), Y[:, 6, k]])
        assert table["estimate"].iloc[k] == pytest.approx(dummy(Y[:, 7:, k].mean(axis=1), x, unit), abs=1e-12)
    base = pa.programme_impact(panel, "VN-CT", 2018, 2020, before=(2016, 2016)).table
    kept = np.isfinite(panel.scores[:, [5, 7, 8, 9]]).all(axis=(1, 2))  # what the question uses
    Y, unit = panel.scores[kept], int(np.flatnonzero(np.array(panel.units)[kept] == "VN-CT")[0])
    for k in range(6):
        expected = dummy(Y[:, 7:, k].mean(axis=1), Y[:, 5, [k]], unit)
        assert base["estimate"].iloc[k] == pytest.approx(expected, abs=1e-12)


def test_year_weights_sum_to_what_is_left_of_a_lead_and_do_not_move_the_gap() -> None:
    Y = walks(30)
    found = estimate(programme_design(Y, 4, 5), "lagged_outcome")
    others = np.arange(30) != 4
    level, last, after = Y[:, :5].mean(axis=1), Y[:, 4], Y[:, 5:].mean(axis=1)
    for k in range(2):
        x = np.column_stack([np.ones(29), level[others, k], last[others, k]])
        _, b1, b2 = np.linalg.lstsq(x, after[others, k], rcond=None)[0]
        years = found.weights.years[0, :, k]
        np.testing.assert_allclose(years, np.r_[np.full(4, b1 / 5), b1 / 5 + b2, 0, 0, 0], atol=1e-12)
        # equal donors with these year weights: the other reading of the same gap
        net = Y[4, :, k] - Y[others, :, k].mean(axis=0)
        np.testing.assert_allclose(found.gaps[0, 5:, k].mean(), net[5:].mean() - years @ net, atol=1e-12)


def test_constants_of_years_and_scales_do_not_matter_and_leads_do() -> None:
    Y = walks(20)
    plain = placebos(programme_design(Y, 3, 5), "lagged_outcome")
    moved = placebos(programme_design(Y * [2.0, -3.0] + np.arange(8.0)[:, None] ** 2, 3, 5), "lagged_outcome")
    np.testing.assert_allclose(moved.scores, plain.scores * [2, -3], atol=1e-10)
    # a lead that is kept for good is no gap where it is worth what the donors' leads are
    halved = Y.copy()
    halved[:, 5:] = halved[:, :5].mean(axis=1, keepdims=True) / 2
    np.testing.assert_allclose(placebos(programme_design(halved + 1e-3 * walks(20, seed=1), 3, 5)).scores, 0, atol=0.01)


def test_a_high_level_and_a_small_scale_cost_no_digits() -> None:
    """Stored at 1e9, scores keep seven decimals: as many do the gaps and the leverages."""
    Y = walks(20)
    plain, lifted, small = (programme_design(values, 3, 5) for values in (Y, Y + 1e9, 1e-9 * Y))
    np.testing.assert_allclose(placebos(lifted).scores, placebos(plain).scores, atol=1e-5)
    np.testing.assert_allclose(1e9 * placebos(small).scores, placebos(plain).scores, atol=1e-9)
    for other in (lifted, small):
        np.testing.assert_allclose(leverage(other, 5), leverage(plain, 5), atol=1e-6)


def test_leverage_is_the_diagonal_of_statsmodels_hat_matrix() -> None:
    Y = walks(30)
    weights = np.random.default_rng(3).uniform(0.5, 4, 30)
    pool = np.arange(30) != 7
    pool[4] = False
    kept = np.arange(30) != 7
    for size in (None, weights):
        found = leverage(programme_design(Y, 4, 5, donors=pool, weights=size), 5)
        assert np.isnan(found[7]).all()
        for k in range(2):
            x = sm.add_constant(np.column_stack([Y[kept, :5, k].mean(axis=1), Y[kept, 4, k]]))
            fit = sm.WLS(Y[kept, 6, k], x, weights=1.0 if size is None else size[kept]).fit()
            hat = fit.model.wexog @ np.linalg.pinv(fit.model.wexog)
            np.testing.assert_allclose(found[kept, k], np.diag(hat), atol=1e-12)


def test_the_note_names_the_largest_leverage_and_its_rank(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), :7, 3] += 3.0
    words = pa.remarks(pa.programme_impact(replace(panel, scores=scores), "VN-CT", 2018, 2020))
    line = next(line for line in words.splitlines() if "leverage" in line)
    assert line.startswith("Can Tho stood at the edge of where the others did in Control of Corruption in the Public")
    assert "its leverage there is 0." in line
    assert "(rank 1 of 60; the mean is 0.05)" in line
    assert "Leverage of Can Tho" in pa.remarks(pa.programme_impact(panel, "VN-CT", 2018, 2020))
    assert "everage" not in pa.remarks(pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did"))


def test_donors_that_do_not_differ_are_refused() -> None:
    Y = walks(6)
    Y[1:, :5, 1] = 4.0
    with pytest.raises(SpecError, match=r"Donors do not differ before the start in dimension 1 \(counted from 0\)"):
        estimate(programme_design(Y, 0, 5), "lagged_outcome")
    for ask in (pa.programme_impact, pa.impact_robustness):
        with pytest.raises(SpecError, match="Donors do not differ before the start in dimension D1, so"):
            ask(panel_of(Y, np.zeros_like(Y)), "u00", 2006)
    same_last = walks(20)
    same_last[:, 4] = same_last[:, :4].mean(axis=1)  # the last year says nothing beyond the mean
    found = estimate(programme_design(same_last, 0, 5), "lagged_outcome")
    x = same_last[:, :5].mean(axis=1)
    expected = dummy(same_last[:, 5:, 0].mean(axis=1), x[:, [0]], 0)
    assert found.gaps[0, 5:, 0].mean() == pytest.approx(expected, abs=1e-10)


def nothing_happens(rng: np.random.Generator, panels: int, squeezed: float) -> np.ndarray:
    """Panels (panels, 60, 10, 6) without any effect: a steady and a noisy part; the spread shrinks in year 7."""
    Y = rng.normal(size=(panels, 60, 1, 6)) + rng.normal(size=(panels, 60, 10, 6))
    Y[:, :, 7:] *= squeezed
    return Y


def test_untouched_paths_are_flat_through_the_start_wherever_a_unit_stood() -> None:
    """With half of a single year's lead lost to noise, and a spread that shrinks to three quarters of what it was."""
    leaders: dict[str, list[np.ndarray]] = {"lagged_outcome": [], "did": []}
    for Y in nothing_happens(np.random.default_rng(4), 60, 0.75):
        first = np.argsort(-Y[:, 6].sum(axis=1))[:10]
        for method, kept in leaders.items():
            result = placebos(programme_design(Y, 0, 7), method)
            rows = np.isin(result.units[:, 0], first)
            kept.append(result.paths[rows].mean(axis=(0, 2)))
    adjusted, did = (np.mean(kept, axis=0) for kept in leaders.values())
    assert np.abs(adjusted).max() < 0.04
    assert did[7:].mean() - did[:7].mean() < -0.12  # a fall at the start that nothing caused
    np.testing.assert_allclose(adjusted[6], 0, atol=1e-12)  # the last year before is balanced exactly


@pytest.mark.slow
@pytest.mark.parametrize("squeezed", [0.75])
def test_two_thousand_panels_in_which_the_first_of_sixty_is_asked_about(squeezed) -> None:
    rng, alarms = np.random.default_rng(11), []
    for Y in nothing_happens(rng, 2000, squeezed):
        result = placebos(programme_design(Y, int(np.argmax(Y[:, 6].sum(axis=1))), 7))
        alarms.append(result.p_joint.min() <= 0.05 + 1e-9)
    assert np.mean(alarms) <= 0.07


def test_errors_over_eight_real_windows_are_a_fifth_smaller() -> None:
    """Each province in turn in 2015-17 to 2022-24, none of them asked for a programme: the mean gap ought to be 0."""
    scores = pa.papi.load_scores().query("dimension <= 'D6' and unit != 'VN-CT'")
    wide = scores.pivot(index="unit", columns=["year", "dimension"], values="score").sort_index(axis=1)
    squares: dict[str, list[float]] = {"lagged_outcome": [], "did": []}
    for start in range(2015, 2023):
        cells = wide.loc[:, slice(2011, start + 2)].dropna()
        Y = cells.to_numpy().reshape(len(cells), -1, 6)
        for method, kept in squares.items():
            kept.append(float((placebos(programme_design(Y, 0, start - 2011), method).mean().scores ** 2).mean()))
    errors = {method: np.sqrt(np.mean(kept)) for method, kept in squares.items()}
    assert errors["lagged_outcome"] <= 0.165
    assert errors["did"] == pytest.approx(0.211, abs=0.002)
    assert (np.array(squares["lagged_outcome"]) < squares["did"]).all()
