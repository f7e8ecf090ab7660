"""Wild cluster bootstrap: every draw against fitting again, R's and brute-force counts, intervals that invert."""

import itertools

import numpy as np
import pytest
from reference import (
    case,
    case_data,
    codes,
    dummies,
    grunfeld10,
    needs_cases,
    produc,
    slow_bootstrap,
    slow_fit,
    unbalanced_panel,
)

from papi_analysis.errors import SpecError
from papi_analysis.estimation import bootstrap
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.multiplicity import counts
from papi_analysis.estimation.regression import fit_within

SIGNS = [-1.0, 1.0]
WEBB = [-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]


def three_equations(seed=1, G=6):
    """Fits on different cells with shared clusters, and what the slow oracle needs; one lacks a cluster."""
    rng, fits, slow = np.random.default_rng(seed), [], []
    for k in range(3):
        y, X, unit, time = unbalanced_panel(rng, N=G, T=6)
        keep = unit != 0 if k == 2 else unit >= 0
        y, X, unit, time = y[keep], X[keep], unit[keep], time[keep]
        fits.append(fit_within(y, X, unit, time))
        slow.append((y, np.column_stack([X, dummies(unit, time)]), unit))
    return fits, slow


def panels(K=2, N=14, T=6, seed=0, slope=0.0):
    """K equations on one panel with completion that starts in the middle."""
    rng = np.random.default_rng(seed)
    unit, time = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    x = np.where(time > 2, rng.random(N)[unit] * (time - 2), 0.0)
    return [fit_within(slope * x + rng.normal(size=N * T), x, unit, time) for _ in range(K)]


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("null", [0.0, 1.3])
def test_every_draw_equals_fitting_again(restricted, null):
    fits, slow = three_equations()
    result = wild_bootstrap(fits, null=null, weights="rademacher", restricted=restricted)
    assert result.exact
    assert result.draws.shape == (64, 3)
    for k, (y, design, clusters) in enumerate(slow):
        slopes, scores = slow_bootstrap(y, design, clusters, null, SIGNS, restricted)
        expected = slopes / np.sqrt(np.sum(scores**2, axis=1))
        if k == 2:  # cluster 0 has no cells here: its sign, the fastest, changes nothing
            expected = np.repeat(expected, 2)
        np.testing.assert_allclose(result.draws[:, k], expected, rtol=1e-8, atol=1e-10)
        slope, _, error = slow_fit(y, design, clusters)
        np.testing.assert_allclose(result.observed[k], (slope - null) / error, rtol=1e-9)


def test_webb_enumerates_few_clusters():
    y, X, unit, time = unbalanced_panel(np.random.default_rng(2), N=3, T=8, p=1)
    result = wild_bootstrap([fit_within(y, X, unit, time)])
    assert result.exact
    slopes, scores = slow_bootstrap(y, np.column_stack([X, dummies(unit, time)]), unit, 0.0, WEBB)
    expected = slopes / np.sqrt(np.sum(scores**2, axis=1))
    np.testing.assert_allclose(result.draws[:, 0], expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_clusters_that_cut_across_units(weighted):
    y, X, unit, time = unbalanced_panel(np.random.default_rng(3), N=7, T=5)
    clusters = (unit + time) % 5
    weights = np.random.default_rng(6).uniform(0.3, 3, 7)[unit] if weighted else np.ones(len(y))
    fit = fit_within(y, X, unit, time, clusters=clusters, weights=weights)
    result = wild_bootstrap([fit], weights="rademacher")
    design = np.sqrt(weights)[:, None] * np.column_stack([X, dummies(unit, time)])
    slopes, scores = slow_bootstrap(np.sqrt(weights) * y, design, clusters, 0.0, SIGNS)
    np.testing.assert_allclose(result.draws[:, 0], slopes / np.sqrt(np.sum(scores**2, axis=1)), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("restricted", [True, False])
def test_mean_slope_and_equality_from_refitted_draws(restricted):
    fits, slow = three_equations(G=7)
    K, slopes_observed = 3, np.array([fit.coefficients[0] for fit in fits])
    result = wild_bootstrap(fits, weights="rademacher", restricted=restricted)

    def draws(null):
        slopes, scores = np.empty((128, K)), np.zeros((128, K, 7))
        for k, (y, design, clusters) in enumerate(slow):
            b, s = slow_bootstrap(y, design, clusters, null, SIGNS, restricted)
            slopes[:, k] = np.repeat(b, 2) if k == 2 else b
            scores[:, k, 7 - s.shape[1] :] = np.repeat(s, 2, axis=0) if k == 2 else s
        return slopes, scores

    slopes, scores = draws(0.0)
    mean = result.mean_slope()
    expected = slopes.mean(axis=1) / np.sqrt(np.sum(scores.mean(axis=1) ** 2, axis=1))
    np.testing.assert_allclose(mean.draws[:, 0], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(mean.coefficients, slopes_observed.mean())
    slopes, scores = draws(slopes_observed.mean())
    spread = np.abs(slopes - slopes.mean(axis=1, keepdims=True))
    errors = np.sqrt(np.sum((scores - scores.mean(axis=1, keepdims=True)) ** 2, axis=2))
    largest = np.max(spread / errors, axis=1)
    score = np.zeros((K, 7))
    for k, (y, design, clusters) in enumerate(slow):
        score[k, np.unique(clusters)] = slow_fit(y, design, clusters)[1]
    errors = np.sqrt(np.sum((score - score.mean(axis=0)) ** 2, axis=1))
    observed = np.max(np.abs(slopes_observed - slopes_observed.mean()) / errors)
    assert result.equality_p() == np.mean(largest >= observed * (1 - 1e-9))


def test_equals_brute_force_counts_on_grunfeld():
    """All 1,024 sign vectors by least squares (numpy): strict counts 2 and 24, weak 4 and 26; around the estimate 0."""
    data = grunfeld10()
    for x, strict, weak in [("value", 2, 4), ("capital", 24, 26)]:
        others = [name for name in ("value", "capital") if name != x]
        fit = fit_within(data.invest, data[[x, *others]], codes(data.firm))
        result = wild_bootstrap([fit], weights="rademacher")
        assert counts(result.observed, result.draws, strict=True).tolist() == [strict]
        assert counts(result.observed, result.draws).tolist() == [weak]
        assert result.p.tolist() == [weak / 1024]
        assert result.floor.tolist() == [2 / 1024]  # the realised signs and their mirror
        free = wild_bootstrap([fit], weights="rademacher", restricted=False)
        assert counts(free.observed, free.draws).tolist() == [0]


def test_webb_on_grunfeld_within_monte_carlo_error():
    """200,000 draws by brute force (numpy): .019375 and .057185."""
    data = grunfeld10()
    for x, p in [("value", 0.019375), ("capital", 0.057185)]:
        others = [name for name in ("value", "capital") if name != x]
        fit = fit_within(data.invest, data[[x, *others]], codes(data.firm))
        found = wild_bootstrap([fit], draws=50_000)  # ten clusters: Webb weights by default
        assert not found.exact
        assert abs(found.p[0] - p) < 4 * np.sqrt(p * (1 - p) * (1 / 50_000 + 1 / 200_000))


def test_sign_flips_of_darwins_maize():
    """15 pairs, 2^15 sign flips: 863 of 32,768 reach the mean on one side, 1,726 on both (Fisher 1935, section 21)."""
    differences = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])
    y = np.column_stack([np.zeros(15), differences]).ravel()
    fit = fit_within(y, np.tile([0.0, 1.0], 15), np.repeat(np.arange(15), 2))
    np.testing.assert_allclose(fit.coefficients, differences.mean())
    result = wild_bootstrap([fit], draws=40_000)
    assert result.exact
    assert counts(result.observed, result.draws).tolist() == [1726]


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_interval_holds_what_a_test_of_its_own_does_not_reject(weights):
    fits = panels(K=2, slope=0.4)
    result = wild_bootstrap(fits, draws=999, weights=weights)
    for k, (low, high) in enumerate(result.interval(0.9)):
        width = high - low
        for end, out in [(low, -1.0), (high, 1.0)]:
            p = [
                wild_bootstrap(fits, null=end + out * step * width, draws=999, weights=weights).p[k]
                for step in (1e-7, -1e-7)
            ]
            assert p[0] <= 0.1 < p[1]


def test_simultaneous_interval_excludes_the_null_where_the_joint_test_rejects():
    fits = panels(K=3, slope=0.5)
    for restricted in (True, False):
        result = wild_bootstrap(fits, draws=999, restricted=restricted)
        single_step = (
            1 + np.sum(np.max(np.abs(result.draws), axis=1)[:, None] >= np.abs(result.observed), axis=0)
        ) / 1000
        level = 1 - float(np.sort(single_step)[1])  # a level at which some are rejected and some are not
        wide, narrow = result.interval(level, simultaneous=True), result.interval(level)
        assert (wide[:, 0] <= narrow[:, 0] + 1e-9).all()
        assert (wide[:, 1] >= narrow[:, 1] - 1e-9).all()
        assert ((wide[:, 0] > 0) | (wide[:, 1] < 0)).tolist() == (single_step <= 1 - level + 1e-12).tolist()


def test_unrestricted_interval_by_hand():
    fits = panels(K=1)
    result = wild_bootstrap(fits, draws=99, restricted=False)
    c = np.sort(np.abs(result.draws[:, 0]))[-5]  # 5 of 99 reach it: p = 6/100
    half = c * result.standard_errors[0]
    np.testing.assert_allclose(result.interval(0.95)[0], result.coefficients[0] + np.array([-half, half]))


def test_gives_no_false_alarm_but_little_else_with_one_treated_unit():
    """Known of one treated cluster: CR1 rejects most true nulls, the bootstrap none (MacKinnon & Webb 2017)."""
    unit, time = np.repeat(np.arange(20), 8), np.tile(np.arange(8), 20)
    x = ((unit == 3) & (time > 3)).astype(float)
    found = [
        wild_bootstrap([fit_within(np.random.default_rng(seed).normal(size=160), x, unit, time)], draws=199)
        for seed in range(200)
    ]
    assert np.mean([abs(result.observed[0]) > 2.09 for result in found]) > 0.5
    assert np.mean([result.p[0] <= 0.05 for result in found]) == 0


def test_what_must_not_matter(monkeypatch):
    fits = panels(K=3)
    result = wild_bootstrap(fits, draws=499)
    swapped = wild_bootstrap(fits[::-1], draws=499, rng=np.random.default_rng(0))
    np.testing.assert_allclose(swapped.draws[:, ::-1], result.draws, rtol=1e-9)
    np.testing.assert_allclose(swapped.p_joint[::-1], result.p_joint)
    monkeypatch.setattr(bootstrap, "BLOCK", 100)
    np.testing.assert_allclose(wild_bootstrap(fits, draws=499).draws, result.draws, rtol=1e-9)
    assert not np.allclose(wild_bootstrap(fits, draws=499, rng=1).draws, result.draws)


def test_default_weights_and_size_of_the_design():
    assert wild_bootstrap(panels(K=1, N=11), draws=10).size == 6.0**10
    assert wild_bootstrap(panels(K=1, N=12), draws=10).size == 2.0**11
    full = wild_bootstrap(panels(K=1, N=12), draws=4096)
    assert full.exact
    assert full.attainable_size(0.95)[0] <= 0.05
    sampled = wild_bootstrap(panels(K=1, N=12), draws=99)
    assert sampled.floor.tolist() == [1 / 100]
    np.testing.assert_allclose(sampled.attainable_size(0.955), [0.04])


def test_false_alarms_at_twelve_clusters():
    rejections = [wild_bootstrap(panels(K=1, N=12, seed=s), draws=199).p[0] <= 0.05 for s in range(400)]
    assert abs(np.mean(rejections) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"draws": 0}, "draws is 0"), ({"weights": "mammen"}, "'rademacher' or 'webb'"), ({"draws": 2.5}, "whole number")],
)
def test_refuses_with_the_reason(arguments, message):
    with pytest.raises(SpecError, match=message):
        wild_bootstrap(panels(), **arguments)


def test_refuses_a_level_and_an_exact_fit():
    result = wild_bootstrap(panels(), draws=9)
    for level in (0.0, 1.0, 95):
        with pytest.raises(SpecError, match="between 0 and 1"):
            result.interval(level)
    x = np.arange(24.0) ** 2
    with pytest.raises(SpecError, match="no error to measure"):
        wild_bootstrap([fit_within(3 * x, x, np.repeat(range(6), 4), np.tile(range(4), 6))])


# --- further cases ---------------------------------------------------------------------------------------------


@needs_cases
@pytest.mark.parametrize("restricted", [True, False])
def test_equals_brute_force_counts_on_produc(restricted):
    data, xs = produc(), ["lpcap", "lpc", "lemp", "unemp"]
    brute = case("wcb_produc_region", "brute force")
    for x in xs:
        ordered = [x, *(other for other in xs if other != x)]
        fit = fit_within(data.lgsp, data[ordered], codes(data.state), codes(data.year), clusters=codes(data.region))
        result = wild_bootstrap([fit], weights="rademacher", restricted=restricted)
        expected = brute[f"{x}|{'WCR' if restricted else 'WCU'}"]
        np.testing.assert_allclose(result.observed[0] * np.sqrt(fit.cr1_factor), expected["t0"], rtol=1e-8)
        assert counts(result.observed, result.draws).tolist() == [expected["n_ge"]]
        assert counts(result.observed, result.draws, strict=True).tolist() == [expected["n_gt"]]


@needs_cases
@pytest.mark.parametrize("restricted", [True, False])
def test_equals_fwildclusterboot_on_voters(restricted):
    """The formula that gives the stored t: treatment + ideology1 + log_income + immigration, pooled."""
    data = case_data("voters.csv")
    X = np.column_stack([data[["treatment", "ideology1", "log_income"]], dummies(data.Q1_immigration)[:, 1:]])
    fit = fit_within(data.proposition_vote, X, np.zeros(len(data), dtype=int), clusters=codes(data.group_id1))
    result = wild_bootstrap([fit], draws=99_999, restricted=restricted)
    stored = case("wcb_voters", "fwildclusterboot")[f"treatment|{'WCR' if restricted else 'WCU'}|11"]
    np.testing.assert_allclose(result.observed, [stored["t"]], rtol=1e-8)
    assert abs(result.p[0] - stored["p"]) < 4e-4


def test_weights_come_in_counting_order():
    """The oracle's order of draws is the engine's: digits of the index, the first cluster fastest."""
    blocks = bootstrap._weight_blocks(np.array(SIGNS), 3, 8, True, np.random.default_rng(0))
    expected = [backwards[::-1] for backwards in itertools.product(SIGNS, repeat=3)]
    np.testing.assert_array_equal(np.vstack(list(blocks)), expected)
