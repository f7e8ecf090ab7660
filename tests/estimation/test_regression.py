"""Slopes and their variances: against dummies in statsmodels, R's figures, refitting, and what must not matter."""

import numpy as np
import pytest
import scipy.linalg
import statsmodels.api as sm
from reference import case, case_data, codes, dummies, grunfeld10, needs_cases, produc, unbalanced_panel

from papi_analysis.errors import SpecError
from papi_analysis.estimation.regression import cr1, cr1_joint, cr2, cr3, fit_within


def standard_errors(variance):
    return np.sqrt(np.diag(variance))


@pytest.mark.parametrize("two_way", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_equals_statsmodels_with_dummies(two_way, coarse):
    y, X, unit, time = unbalanced_panel(np.random.default_rng(3))
    clusters = unit // 2 if coarse else unit
    fit = fit_within(y, X, unit, time if two_way else None, clusters=clusters)
    design = np.column_stack([X, dummies(unit, time if two_way else None)])
    model = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    np.testing.assert_allclose(fit.coefficients, model.params[:2], rtol=1e-10)
    np.testing.assert_allclose(cr1(fit), model.cov_params()[:2, :2], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(fit.residuals, model.resid, atol=1e-10)
    assert (fit.n, fit.k, fit.n_clusters) == (len(y), design.shape[1], 6 if coarse else 12)


def test_counts_the_parameters_of_a_panel_that_falls_apart():
    rng = np.random.default_rng(0)
    unit = np.repeat([0, 1, 2, 3], 4)
    time = np.concatenate([np.tile([0, 1, 2, 3], 2), np.tile([5, 6, 7, 8], 2)])  # no year in common
    y, x = rng.random(16), rng.random(16)
    fit = fit_within(y, x, unit, time)
    design = np.column_stack([x, dummies(unit, time)])
    assert fit.k == np.linalg.matrix_rank(design) == 1 + 4 + 8 - 2
    np.testing.assert_allclose(fit.coefficients[0], (np.linalg.pinv(design) @ y)[0], rtol=1e-10)


def test_by_hand():
    # Two units, two years: the slope is the difference of the differences, (3 - 1) - (2.5 - 2).
    # With a third unit like the second, the effect of the year is the mean change of the two.
    y = [1.0, 3.0, 2.0, 2.5, 2.0, 3.5]
    fit = fit_within(y, [0.0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1])
    np.testing.assert_allclose(fit.coefficients, [2.0 - (0.5 + 1.5) / 2], atol=1e-12)
    assert fit.k == 1 + 3 + 1


def test_equals_r_on_grunfeld():
    """fixest 0.14.2 (K.full), clubSandwich 0.5.8 with the firm effects partialled out; R 4.2.2."""
    data = grunfeld10()
    fit = fit_within(data.invest, data[["value", "capital"]], codes(data.firm))
    np.testing.assert_allclose(fit.coefficients, [0.110123804120719, 0.310065341300139], rtol=1e-10)
    np.testing.assert_allclose(standard_errors(cr1(fit)), [0.0155539403396027, 0.0539996865863112], rtol=1e-8)
    variance, df = cr2(fit)
    np.testing.assert_allclose(standard_errors(variance), [0.0206311068339025, 0.0826753020489798], rtol=1e-8)
    np.testing.assert_allclose(df, [1.81256840291113, 1.79953119283768], rtol=1e-8)
    np.testing.assert_allclose(standard_errors(cr3(fit)), [0.0359376119121743, 0.146541834611363], rtol=1e-8)


@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_cr2_and_its_degrees_of_freedom_from_the_full_matrices(cross, weighted):
    """With every effect a dummy: A_g the symmetric root of the pseudo-inverse of (I - H)_gg, and P formed in full."""
    y, X, unit, time = unbalanced_panel(np.random.default_rng(5), N=8, T=5)
    clusters = (unit + time) % 4 if cross else unit  # clusters that cut across units, or nest them
    weights = np.random.default_rng(6).uniform(0.3, 3, 8)[unit] if weighted else np.ones(len(y))
    fit = fit_within(y, X, unit, time, clusters=clusters, weights=weights)
    y, design = np.sqrt(weights) * y, np.sqrt(weights)[:, None] * np.column_stack([X, dummies(unit, time)])
    bread, M = np.linalg.inv(design.T @ design), np.eye(len(y)) - design @ np.linalg.pinv(design)
    residuals, columns, scores = M @ y, [], []
    for g in np.unique(clusters):
        rows = np.flatnonzero(clusters == g)
        values, vectors = np.linalg.eigh(M[np.ix_(rows, rows)])
        powers = np.where(values > 1e-10, np.maximum(values, 1e-10) ** -0.5, 0.0)
        adjusted = (vectors * powers) @ vectors.T @ design[rows] @ bread
        scores.append(adjusted.T @ residuals[rows])
        columns.append(M[:, rows] @ adjusted)
    variance, df = cr2(fit)
    np.testing.assert_allclose(variance, (np.array(scores).T @ np.array(scores))[:2, :2], rtol=1e-8, atol=1e-14)
    for j in range(2):
        P = np.array([c[:, j] for c in columns])
        P = P @ P.T
        np.testing.assert_allclose(df[j], np.trace(P) ** 2 / np.sum(P**2), rtol=1e-8)


def test_cr3_is_the_jackknife_over_clusters():
    y, X, unit, time = unbalanced_panel(np.random.default_rng(8))
    fit = fit_within(y, X, unit, time)
    left_out = np.array(
        [fit_within(y[unit != g], X[unit != g], unit[unit != g], time[unit != g]).coefficients for g in range(12)]
    )
    shifts = left_out - fit.coefficients
    np.testing.assert_allclose(cr3(fit), shifts.T @ shifts, rtol=1e-8)  # CV3 is 11/12 of it


def test_a_year_that_one_unit_alone_has_leaves_cr2_and_cr3_defined():
    y, X, unit, time = unbalanced_panel(np.random.default_rng(2))
    keep = (time < 6) | (unit == 0)
    fit = fit_within(y[keep], X[keep], unit[keep], time[keep])
    without = keep & (time < 6)  # that cell is fitted exactly and says nothing
    other = fit_within(y[without], X[without], unit[without], time[without])
    np.testing.assert_allclose(fit.coefficients, other.coefficients, rtol=1e-9)
    np.testing.assert_allclose(cr3(fit), cr3(other), rtol=1e-8)
    np.testing.assert_allclose(cr2(fit)[0], cr2(other)[0], rtol=1e-8)
    np.testing.assert_allclose(cr2(fit)[1], cr2(other)[1], rtol=1e-8)


def test_joint_covariance_sums_products_over_shared_clusters():
    rng = np.random.default_rng(4)
    fits = []
    for share in (0.7, 0.9, 0.8):
        y, X, unit, time = unbalanced_panel(rng, share=share)
        keep = unit != len(fits)  # each equation lacks another unit
        fits.append(fit_within(y[keep], X[keep], unit[keep], time[keep]))
    joint = cr1_joint(fits, 12)
    assert np.diag(joint).tolist() == [cr1(fit)[0, 0] for fit in fits]
    total = 0.0
    for g in range(2, 12):
        parts = []
        for fit in fits[:2]:
            rows = fit.clusters == g
            parts.append(np.sqrt(fit.cr1_factor) * fit.bread[0] @ fit.regressors[rows].T @ fit.residuals[rows])
        total += parts[0] * parts[1]
    np.testing.assert_allclose(joint[0, 1], total, rtol=1e-10)
    np.testing.assert_allclose(joint, joint.T, rtol=1e-12)


def test_what_must_not_matter():
    rng = np.random.default_rng(6)
    y, X, unit, time = unbalanced_panel(rng)
    fit = fit_within(y, X, unit, time)
    shifted = y + rng.normal(size=12)[unit] * 50 + rng.normal(size=7)[time] * 50
    order = rng.permutation(len(y))
    relabelled = rng.permutation(100)[:12][unit]
    for other in (
        fit_within(shifted, X, unit, time),
        fit_within(y, X + 1e4 * rng.random(12)[unit][:, None], unit, time),
        fit_within(y[order], X[order], unit[order], time[order]),
        fit_within(y, X, relabelled, -time),
    ):
        np.testing.assert_allclose(other.coefficients, fit.coefficients, rtol=1e-8)
        np.testing.assert_allclose(cr1(other), cr1(fit), rtol=1e-7)
        np.testing.assert_allclose(cr2(other)[1], cr2(fit)[1], rtol=1e-7)
    scaled = fit_within(7 * y, X * [1e-6, 1e5], unit, time)
    np.testing.assert_allclose(scaled.coefficients, 7 * fit.coefficients * [1e6, 1e-5], rtol=1e-9)
    np.testing.assert_allclose(standard_errors(cr3(scaled)), 7 * standard_errors(cr3(fit)) * [1e6, 1e-5], rtol=1e-9)


def test_five_thousand_units_over_twenty_years():
    rng = np.random.default_rng(7)
    N, T = 5000, 20
    x, y = rng.normal(size=(N, T)).cumsum(axis=1), rng.normal(size=(N, T)).cumsum(axis=1)
    unit, time = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    fit = fit_within(y.ravel(), x.ravel(), unit, time)
    twice = [v - v.mean(axis=1, keepdims=True) - v.mean(axis=0) + v.mean() for v in (x, y)]  # balanced: in one step
    np.testing.assert_allclose(fit.coefficients[0], np.sum(twice[0] * twice[1]) / np.sum(twice[0] ** 2), rtol=1e-9)
    # With so many alike clusters CR2 adjusts by order 1/N; CR1 differs by its factor for the absorbed effects.
    np.testing.assert_allclose(cr2(fit)[0], cr1(fit) * (N * T - fit.k) / (N * T - 1), rtol=2e-3)


def test_covers_its_true_slope():
    """CR2 with its degrees of freedom: 95% intervals hold the truth in 95% of 400 panels, give or take 3 errors."""
    rng = np.random.default_rng(11)
    N, T, hits = 15, 6, 0
    unit, time = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    x = np.where(unit < 8, np.maximum(time - 2, 0) * (1 + unit) / 8, 0.0)
    for _ in range(400):
        y = 0.5 * x + rng.normal(size=(N, T)).cumsum(axis=1).ravel()
        fit = fit_within(y, x, unit, time)
        variance, df = cr2(fit)
        quantile = scipy.stats.t.ppf(0.975, df[0])
        hits += abs(fit.coefficients[0] - 0.5) <= quantile * np.sqrt(variance[0, 0])
    assert abs(hits / 400 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400)


def panel(**changes):
    rng = np.random.default_rng(0)
    rows = {"y": rng.random(12), "X": rng.random((12, 2)), "unit": np.repeat(range(4), 3), "time": np.tile(range(3), 4)}
    return {**rows, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.append(np.ones(11), np.nan)}, "missing or not finite"),
        ({"unit": np.zeros(12, dtype=int)}, "fewer than two units"),
        ({"X": np.tile(range(3), 4)}, "dose has no variation left"),
        ({"X": np.column_stack([np.arange(12) ** 2, np.repeat(range(4), 3)])}, "control has no variation left"),
        ({"X": np.outer(np.arange(12) ** 2, [1, 3])}, "control is collinear with dose"),
        ({"unit": np.repeat(range(6), 2), "time": np.arange(12) % 8}, "residual degrees of freedom"),
    ],
)
def test_refuses_with_the_reason(changes, message):
    with pytest.raises(SpecError, match=message):
        fit_within(**panel(**changes), names=["dose", "control"])


def test_refuses_adjustments_where_one_unit_carries_the_slope():
    rows = panel(X=np.where((np.arange(12) == 2), 1.0, 0.0))
    fit = fit_within(**rows)
    assert np.isfinite(cr1(fit)).all()
    for variance in (cr2, cr3):
        with pytest.raises(SpecError, match="one single cluster"):
            variance(fit)


# --- further cases ---------------------------------------------------------------------------------------------


def fatalities():
    data = case_data("fatalities.csv")
    return data, "frate", ["beertax"], "state", "year", "state"


def castle():
    return case_data("castle.csv"), "l_homicide", ["post"], "sid", "year", "sid"


def jtrain():
    data = case_data("jtrain.csv").dropna(subset=["lscrap"])
    return data, "lscrap", ["d88", "d89", "grant", "grant_1"], "fcode", None, "fcode"


def munnell():
    return produc(), "lgsp", ["lpcap", "lpc", "lemp", "unemp"], "state", None, "state"


def munnell_region():
    return produc(), "lgsp", ["lpcap", "lpc", "lemp", "unemp"], "state", "year", "region"


@needs_cases
@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("fatalities_beertax", fatalities),
        ("castle_twfe_unweighted", castle),
        ("jtrain_scrap", jtrain),
        ("produc_munnell", munnell),
        ("produc_munnell_region", munnell_region),
    ],
)
def test_equals_r_on_further_cases(name, load):
    data, y, xs, unit, time, cluster = load()
    fit = fit_within(
        data[y], data[xs], codes(data[unit]), None if time is None else codes(data[time]), clusters=codes(data[cluster])
    )
    fixest, club = case(name, "fixest"), case(name, "clubSandwich 0.5.8 (R 4.2.2) unit")

    def expected(values):
        return [values[x] for x in xs]

    variance, df = cr2(fit)
    np.testing.assert_allclose(fit.coefficients, expected(fixest["coef"]), rtol=1e-8)
    np.testing.assert_allclose(standard_errors(cr1(fit)), expected(fixest["se_CR1_K_full"]), rtol=1e-8)
    np.testing.assert_allclose(standard_errors(variance), expected(club["CR2"]["se"]), rtol=1e-8)
    np.testing.assert_allclose(df, expected(club["CR2"]["df_Satt"]), rtol=1e-8)
    np.testing.assert_allclose(standard_errors(cr3(fit)), expected(club["CR3"]["se"]), rtol=1e-8)
    jackknife = expected(case(name, "base R")["se_CV3_center_full"])
    G = fit.n_clusters
    np.testing.assert_allclose(standard_errors(cr3(fit)) * np.sqrt((G - 1) / G), jackknife, rtol=1e-8)


@needs_cases
@pytest.mark.parametrize("cluster", ["firm", "year"])
def test_equals_r_on_pooled_clusters(cluster):
    """No effects but the constant: one unit, and clusters of its own that cut across it."""
    data = case_data("petersen.csv")
    fit = fit_within(data.y, data.x, np.zeros(len(data), dtype=int), clusters=codes(data[cluster]))
    club = case("petersen_clustered", "clubSandwich")
    variance, df = cr2(fit)
    found = [standard_errors(cr1(fit))[0], standard_errors(variance)[0], df[0], standard_errors(cr3(fit))[0]]
    kinds = ["CR1S", "CR2", "CR2 df", "CR3"]
    np.testing.assert_allclose(found, [club[f"{cluster} {kind}"]["x"] for kind in kinds], rtol=1e-8)


@needs_cases
def test_one_treated_state_gives_r_s_cr2_only_on_request():
    data = case_data("organ_donations.csv")
    treated = (data.State == "California") & (data.Quarter_Num > 3)
    fit = fit_within(data.Rate, treated.astype(float), codes(data.State), codes(data.Quarter))
    club = case("organ_donations_onetreated", "clubSandwich 0.5.8 (R 4.2.2) unit")["CR2"]
    variance, df = cr2(fit, refuse=False)
    np.testing.assert_allclose(standard_errors(variance)[0], club["se"]["D"], rtol=1e-8)
    np.testing.assert_allclose(df[0], club["df_Satt"]["D"], rtol=1e-8)
    for variance in (cr2, cr3):
        with pytest.raises(SpecError, match="one single cluster"):
            variance(fit)
