"""Counting draws: by hand, against printed and R's figures, and the family-wise rate that it promises."""

from itertools import product

import numpy as np
import pytest
from reference import case, codes, needs_cases, produc, rank_bounds

from papi_analysis.errors import SpecError
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.multiplicity import (
    attainable,
    check_count,
    check_level,
    counts,
    critical_value,
    detectable_effect,
    holm,
    largest_rank,
    p_values,
    standardised_mean,
    step_down,
    turning_odds,
)
from papi_analysis.estimation.regression import fit_within


def slow_step_down(observed, draws, exact):
    """The definition, hypothesis by hypothesis."""
    remaining, adjusted, before = list(range(len(observed))), np.empty(len(observed)), 0.0
    while remaining:
        j = max(remaining, key=lambda k: abs(observed[k]))
        hits = sum(max(abs(row[k]) for k in remaining) >= abs(observed[j]) * (1 - 1e-9) for row in draws)
        before = max(before, hits / len(draws) if exact else (hits + 1) / (len(draws) + 1))
        adjusted[j] = before
        remaining.remove(j)
    return adjusted


@pytest.mark.parametrize("exact", [True, False])
def test_step_down_equals_its_definition(exact):
    rng = np.random.default_rng(0)
    for _ in range(20):
        draws = rng.normal(size=(37, 5)) @ rng.normal(size=(5, 5))
        observed = 2 * rng.normal(size=5)
        np.testing.assert_allclose(step_down(observed, draws, exact=exact), slow_step_down(observed, draws, exact))


def test_step_down_between_the_single_test_and_the_single_step():
    rng = np.random.default_rng(1)
    draws, observed = rng.normal(size=(499, 6)), np.array([3.0, 2.5, 0.1, -2.0, 1.0, -4.0])
    adjusted = step_down(observed, draws, exact=False)
    single_step = p_values(observed, np.tile(np.max(np.abs(draws), axis=1)[:, None], 6), exact=False)
    assert (p_values(observed, draws, exact=False) <= adjusted).all()
    assert (adjusted <= single_step).all()
    assert adjusted[5] == single_step[5]
    order = rng.permutation(6)
    np.testing.assert_array_equal(step_down(observed[order], draws[:, order], exact=False), adjusted[order])


def test_ties_count_despite_rounding():
    observed, draws = np.array([0.3]), np.array([[0.1 + 0.2], [0.3], [-0.3 * (1 - 1e-12)], [0.29]])
    assert counts(observed, draws).tolist() == [3]
    assert counts(observed, draws, strict=True).tolist() == [0]
    assert attainable(draws)[0].tolist() == [0.75, 1.0]
    assert attainable(np.zeros((3, 1)))[0].tolist() == [1.0]
    assert attainable(np.array([[np.inf], [np.inf], [1.0]]))[0].tolist() == [2 / 3, 1.0]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("B", [19, 20, 63, 99, 9999])
def test_critical_value_is_the_largest_statistic_not_rejected(B, exact):
    draws = np.random.default_rng(B).normal(size=(B, 3))
    maxima = np.max(np.abs(draws), axis=1)
    c = critical_value(draws, 0.95, exact=exact)
    at = p_values([c], maxima[:, None], exact=exact)[0]
    above = p_values([c * 1.0001], maxima[:, None], exact=exact)[0]
    assert above <= 0.05 + 1e-12 < at or (np.isinf(c) and 1 / (B + 1) > 0.05)


def test_critical_value_where_the_design_cannot_reject():
    assert largest_rank(10, 0.95, exact=False) == 0
    assert critical_value(np.ones((10, 2)), 0.95, exact=False) == np.inf
    assert largest_rank(63, 0.95, exact=True) == 4  # 3/63 is rejected, 4/63 is not


def test_holm_on_benjamini_and_hochberg_1995():
    """Fifteen p-values of their section 4.1; R 4.2.2 p.adjust(method = "holm")."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528]
    p += [0.759, 1.0]
    expected = [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(holm(p), expected, atol=1e-12)
    np.testing.assert_allclose(holm(p[::-1])[::-1], expected, atol=1e-12)


def test_max_t_on_warpbreaks():
    """Three comparisons of three groups of 18 (R's warpbreaks by tension), t with 51 degrees of freedom.

    multcomp 1.4.22: single step .03846, .00143, .46308; free step-down .02754, .00143, .23861.
    """
    observed = np.array([-2.52512953961043, -3.71755182220424, -1.19242228259381])
    rng, B = np.random.default_rng(0), 400_000
    means = rng.normal(size=(B, 3)) / np.sqrt(18)
    gaps = np.column_stack([means[:, 1] - means[:, 0], means[:, 2] - means[:, 0], means[:, 2] - means[:, 1]])
    draws = gaps / np.sqrt(2 / 18 * rng.chisquare(51, size=(B, 1)) / 51)
    single_step = p_values(observed, np.tile(np.max(np.abs(draws), axis=1)[:, None], 3), exact=False)
    np.testing.assert_allclose(single_step, [0.0384598780, 0.0014285981, 0.4630825795], atol=2e-3)
    np.testing.assert_allclose(
        step_down(observed, draws, exact=False), [0.0275362749, 0.0014264968, 0.2386143753], atol=2e-3
    )
    # Tukey's studentised range gives the same critical value: qtukey(.95, 3, 51) / sqrt(2).
    from scipy.stats import studentized_range

    np.testing.assert_allclose(
        critical_value(draws, 0.95, exact=False), studentized_range.ppf(0.95, 3, 51) / np.sqrt(2), rtol=5e-3
    )


def test_family_wise_rate():
    rng, alarms = np.random.default_rng(2), 0
    mix = np.linalg.cholesky(0.5 + 0.5 * np.eye(6))
    for _ in range(600):
        draws = rng.normal(size=(100, 6)) @ mix.T
        alarms += step_down(draws[0], draws[1:], exact=False).min() <= 0.05
    assert abs(alarms / 600 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, float("nan"), "0.9"])
def test_refuses_a_level_outside(level):
    with pytest.raises(SpecError, match=f"level is {level!r}; .*between 0 and 1"):
        check_level(level)


@pytest.mark.parametrize("draws", [0, -1, 1.5])
def test_refuses_a_number_of_draws(draws):
    with pytest.raises(SpecError, match="at least 1"):
        check_count(draws)


@needs_cases
@pytest.mark.parametrize("restricted", [True, False])
def test_romano_wolf_on_produc_by_brute_force(restricted):
    data = produc()
    stored = case("rwolf_produc_region", "brute force")["WCR" if restricted else "WCU"]
    names = list(stored)
    fits = [
        fit_within(data[name], data.unemp, codes(data.state), codes(data.year), clusters=codes(data.region))
        for name in names
    ]
    result = wild_bootstrap(fits, weights="rademacher", restricted=restricted)
    np.testing.assert_allclose(
        result.observed * [np.sqrt(fit.cr1_factor) for fit in fits], [stored[name]["t"] for name in names], rtol=1e-8
    )
    np.testing.assert_array_equal(result.p_joint, [stored[name]["rw_p_weak"] for name in names])
    np.testing.assert_array_equal(result.p, [stored[name]["raw_p_weak"] for name in names])


def share_found(noise, responses, k, effect, level, jointly):
    """By loops: every draw of either sign as a study with an effect in dimension k, its p counted among all draws."""
    found = []
    for sign in (1.0, -1.0):
        drawn = noise + sign * effect * responses * (np.arange(noise.shape[1]) == k)
        drawn[:, np.arange(noise.shape[1]) != k] = noise[:, np.arange(noise.shape[1]) != k]
        rows = np.abs(drawn).max(axis=1) if jointly else np.abs(drawn[:, k])
        for own in noise[:, k] + sign * effect:
            found.append((1 + np.sum(rows >= abs(own) * (1 - 1e-9))) / (1 + len(noise)) <= 1 - level + 1e-12)
    return np.mean(found)


@pytest.mark.parametrize("jointly", [False, True])
def test_a_detectable_effect_is_found_four_times_in_five_and_a_smaller_one_less_often(jointly):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(59, 3)) * [1.0, 2.0, 0.7]
    noise /= noise.std(axis=0)
    responses = np.where(rng.random((59, 3)) < 0.2, 0.5, -0.02)
    sizes = detectable_effect(
        lambda e: np.abs(noise + e),
        lambda e: np.abs(noise + e * responses),
        np.ones(3),
        0.9,
        exact=False,
        jointly=jointly,
    )
    for k, size in enumerate(sizes):
        above, below = (
            np.mean([share_found(noise, responses, k, size * by, 0.9, beside) for beside in {False, jointly}])
            for by in (1.0001, 0.9999)
        )
        assert above >= 0.8 > below


def test_a_design_that_cannot_reject_detects_nothing():
    noise = np.random.default_rng(0).normal(size=(10, 2))
    asked = (lambda e: np.abs(noise + e)), (lambda e: np.abs(noise)), np.ones(2)
    assert np.isinf(detectable_effect(*asked, 0.95, exact=False)).all()
    # every reassignment shows the whole effect: whatever its size, none stands out
    assert np.isinf(detectable_effect(asked[0], lambda e: np.abs(noise + e), np.ones(2), 0.5, exact=False)).all()


@pytest.mark.parametrize("odds", [1.0, 1.7, 6.0])
def test_bounds_of_a_rank_are_those_of_all_weights_of_the_assignments(odds):
    """Rosenbaum's worst case by enumeration: each assignment may weigh 1 or ``odds``; extremes lie at such corners."""
    reaches = np.array([True, True, False, False, False, False, False])
    every = [np.where(corner, odds, 1.0) for corner in product([False, True], repeat=len(reaches))]
    p = [weights[reaches].sum() / weights.sum() for weights in every]
    assert rank_bounds(2 / 7, odds) == pytest.approx([min(p), max(p)])
    # Firpo & Possebom's weights exp(phi v), v from 0 to 1 for each assignment, stay within the same bounds
    v = np.random.default_rng(0).random((500, 7))
    shares = np.exp(np.log(odds) * v)
    inside = shares[:, reaches].sum(axis=1) / shares.sum(axis=1)
    assert inside.min() >= min(p) - 1e-12
    assert inside.max() <= max(p) + 1e-12


def test_at_the_turning_odds_a_bound_meets_the_size():
    p = np.array([1 / 60, 0.05, 0.06, 0.5, 1.0, np.nan])
    odds = turning_odds(p)
    assert rank_bounds(p[0], odds[0])[1] == pytest.approx(0.05)
    assert [rank_bounds(value, g)[0] for value, g in zip(p[2:4], odds[2:4], strict=True)] == pytest.approx([0.05, 0.05])
    assert odds[1] == pytest.approx(1.0)
    assert odds[4] == np.inf  # nothing lies below the statistic
    assert np.isnan(odds[5])
    assert turning_odds(1 / 60) == pytest.approx(59 / 19)


def test_the_standardised_mean_is_ranked_among_the_same_draws():
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(99, 4))
    observed = np.array([1.5, 2.0, -0.5, 1.0])
    reach = sum(abs(row.mean()) >= 1.0 - 1e-9 for row in draws)
    assert standardised_mean(observed, draws, exact=False) == pytest.approx((1 + reach) / 100)
    assert standardised_mean(observed, np.vstack([observed, draws]), exact=True) == pytest.approx((1 + reach) / 100)
    order = [2, 0, 3, 1]
    assert standardised_mean(-observed[order], draws[:, order], exact=False) == pytest.approx((1 + reach) / 100)
