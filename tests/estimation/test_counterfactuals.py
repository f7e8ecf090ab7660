"""Estimators and designs: by hand, against regressions and a second solver, invariances, published cases."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import statsmodels.api as sm
from reference import case, case_data, dummies, needs_cases
from scipy.optimize import minimize

from papi_analysis.errors import SpecError
from papi_analysis.estimation.counterfactuals import (
    ESTIMATORS,
    Weights,
    common_weights,
    demeaned_fit,
    estimate,
    leave_one_donor_out,
    synthetic_control,
)
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.weights import simplex_weights, vertex_weights

NAMES = list(ESTIMATORS)
levels_too = partial(synthetic_control, intercept=False)


def world(N=15, T=9, K=3, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(N, 2)) @ rng.normal(size=(2, T * K))
    return factors.reshape(N, T, K) + rng.normal(size=(N, 1, K)) + rng.normal(size=(1, T, K)) + rng.random((N, T, K))


def gaps(Y, name, units=0, start=6, **options):
    return estimate(programme_design(Y, units, start, **options), name).gaps


def on_simplex(goal, n):
    """A slow minimum over the simplex by another solver."""
    return minimize(
        goal,
        np.full(n, 1 / n),
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 5000},
    ).x


def test_difference_in_differences_by_hand():
    Y = np.array([[1.0, 3, 8], [2, 2, 3], [0, 2, 1]])[:, :, None]
    # unit 0: 8 - 2 = 6; donors: 3 - 2 = 1 and 1 - 1 = 0
    assert gaps(Y, "did", start=2)[0, 2, 0] == pytest.approx(6 - 0.5)
    base_year = [False, True, False]  # 8 - 3 = 5; 3 - 2 = 1 and 1 - 2 = -1
    assert gaps(Y, "did", start=2, before=base_year)[0, 2, 0] == pytest.approx(5 - 0)
    # before: the difference to the donors' mean (1, 2) is (0, 1), less its own mean
    np.testing.assert_allclose(gaps(Y, "did", start=2)[0, :2, 0], [-0.5, 0.5])


def test_demeaned_fit_is_one_regression_on_changes():
    Y = world()
    for units in ([0], [0, 4, 7]):
        design = programme_design(Y, units, 6, end=7)
        fit = demeaned_fit(design)
        change = Y[:, 6:8].mean(axis=1) - Y[:, :6].mean(axis=1)
        X = sm.add_constant(np.isin(np.arange(15), units).astype(float))
        ols = [sm.OLS(change[:, k], X).fit() for k in range(3)]
        np.testing.assert_allclose(fit.coefficients, [r.params[1] for r in ols])
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), [r.bse[1] for r in ols])
        assert fit.df == ols[0].df_resid == 13
        # the covariance makes the error of the mean that of the regression of mean changes
        mean = sm.OLS(change.mean(axis=1), X).fit()
        assert np.sqrt(fit.covariance.sum() / 9) == pytest.approx(mean.bse[1])
        placed = estimate(design, "lee_wooldridge").gaps[:, 6:8].mean(axis=(0, 1))
        np.testing.assert_allclose(placed, fit.coefficients)
    with pytest.raises(SpecError, match="one start"):
        demeaned_fit(programme_design(Y, [0, 1], [5, 6]))


def test_synthetic_control_is_least_squares_on_the_path_before():
    Y = world()
    w = estimate(programme_design(Y, 3, 6), "synthetic_control").weights.donors[0]
    for k in range(3):
        pre = np.delete(Y[:, :6, k], 3, axis=0) - np.delete(Y[:, :6, k], 3, axis=0).mean(axis=1, keepdims=True)
        target = Y[3, :6, k] - Y[3, :6, k].mean()
        other = on_simplex(lambda v, pre=pre, target=target: np.sum((target - v @ pre) ** 2), 14)
        np.testing.assert_allclose(np.delete(w[:, k], 3) @ pre, other @ pre, atol=1e-5)
        assert w[3, k] == 0


def test_synthetic_did_is_the_doubly_weighted_regression():
    Y = world(N=12, T=8, K=1, seed=2)
    design = programme_design(Y, 0, 5)
    found = estimate(design, "synthetic_did")
    y, T0, T1 = Y[:, :, 0], 5, 3
    noise = np.std(np.diff(y[1:, :T0], axis=1), ddof=1)
    ridge = T0 * np.sqrt(T1) * noise**2
    pre = y[:, :T0] - y[:, :T0].mean(axis=1, keepdims=True)
    w = on_simplex(lambda v: np.sum((pre[0] - v @ pre[1:]) ** 2) + ridge * v @ v, 11)
    over = y[1:] - y[1:].mean(axis=0)
    years = on_simplex(lambda v: np.sum((over[:, T0:].mean(axis=1) - over[:, :T0] @ v) ** 2), T0)
    np.testing.assert_allclose(found.weights.donors[0, 1:, 0], w, atol=1e-5)
    np.testing.assert_allclose(found.weights.years[0, :T0, 0], years, atol=1e-5)
    # Arkhangelsky et al. 2021, eq. 1: least squares with unit and year effects and weights w x years
    weight = np.outer(np.append(1.0, found.weights.donors[0, 1:, 0]), np.append(found.weights.years[0, :5, 0], [1] * 3))
    unit, time = np.nonzero(weight)
    treated = ((unit == 0) & (time >= T0)).astype(float)
    X = np.column_stack([treated, dummies(unit, time)])
    slope = sm.WLS(y[unit, time], X, weights=weight[unit, time]).fit().params[0]
    assert found.gaps[0, 5:, 0].mean() == pytest.approx(slope, abs=1e-8)


def test_common_weights_match_all_dimensions_at_once():
    Y = world()
    Y[:, :, 1] *= 100
    w = estimate(programme_design(Y, 2, 6), "common_weights").weights.donors[0]
    np.testing.assert_array_equal(w, np.repeat(w[:, :1], 3, axis=1))
    pre = Y[:, :6] - Y[:, :6].mean(axis=1, keepdims=True)
    donors = np.delete(pre, 2, axis=0)
    stacked = (pre / np.std(donors - donors.mean(axis=0), axis=(0, 1))).reshape(15, -1)
    one = simplex_weights(np.delete(stacked, 2, axis=0).T, stacked[2])
    np.testing.assert_allclose(np.delete(w[:, 0], 2), one, atol=1e-10)
    Y[:, :6, 0] = 5.0  # a dimension that does not move takes no part
    assert np.isfinite(estimate(programme_design(Y, 2, 6), "common_weights").gaps).all()


@pytest.mark.parametrize("name", NAMES)
def test_constants_and_scales(name):
    Y = world()
    before = gaps(Y, name)
    # the ridge of synthetic difference in differences, as published, grows with shocks to all; a trend leaves it be
    years = np.arange(9.0) if name == "synthetic_did" else 5 * np.sin(np.arange(9))
    moved = Y + years[:, None] * [1.0, 0.0, 2.0]
    if name != "lagged_outcome":  # it heeds where units stood
        moved += np.arange(15)[:, None, None]
    np.testing.assert_allclose(gaps(moved, name), before, atol=1e-8)
    scaled = Y * [1.0, -3.0, 1e-3]
    np.testing.assert_allclose(gaps(scaled, name), before * [1.0, -3.0, 1e-3], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_labels_do_not_matter(name):
    Y = world()
    before = gaps(Y, name)
    order = np.random.default_rng(1).permutation(15)
    np.testing.assert_allclose(gaps(Y[order], name, units=int(np.flatnonzero(order == 0)[0])), before, atol=1e-9)
    np.testing.assert_allclose(gaps(Y[:, :, ::-1], name), before[:, :, ::-1], atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_only_what_is_used_counts(name):
    Y = world()
    donors = np.arange(15) % 2 == 1
    before = gaps(Y, name, donors=donors, end=7)
    holes = Y.copy()
    holes[2] = np.nan  # not a donor
    holes[:, 8] = np.nan  # after the end
    np.testing.assert_allclose(gaps(holes, name, donors=donors, end=7)[:, :8], before[:, :8], atol=1e-12)
    kept = Y[np.flatnonzero(donors | (np.arange(15) == 0)), :8]
    np.testing.assert_allclose(gaps(kept, name), before[:, :8], atol=1e-9)
    effect = Y.copy()
    effect[0, 6:] += 1.25
    np.testing.assert_allclose(gaps(effect, name, donors=donors, end=7)[:, 6:8], before[:, 6:8] + 1.25, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_an_effect_is_recovered_where_the_estimator_is_right(name):
    rng = np.random.default_rng(3)
    if name in ("synthetic_control", "common_weights"):  # the unit is a mixture of three donors plus a constant
        Y = rng.normal(size=(10, 16, 2))
        Y[0] = np.tensordot([0.2, 0.3, 0.5], Y[1:4], axes=1) + 4
    else:  # paths are parallel
        Y = rng.normal(size=(10, 1, 2)) + rng.normal(size=(1, 16, 2))
    Y[0, 12:] += [[1.0, -2.0]]
    np.testing.assert_allclose(gaps(Y, name, start=12)[0, 12:], np.full((4, 2), [1.0, -2.0]), atol=1e-8)


def test_units_of_a_staggered_programme_are_matched_one_by_one():
    Y = world()
    both = gaps(Y, "synthetic_control", units=[1, 5], start=[4, 6])
    donors = ~np.isin(np.arange(15), [1, 5])
    np.testing.assert_allclose(both[0], gaps(Y, "synthetic_control", 1, 4, donors=donors)[0], atol=1e-12)
    np.testing.assert_allclose(both[1], gaps(Y, "synthetic_control", 5, 6, donors=donors)[0], atol=1e-12)


def test_an_estimator_of_ones_own():
    def nearest_donor(Y, units, donors, pre, post):
        distance = np.abs(Y[units][:, None] - Y[None])[:, :, pre].sum(axis=(2, 3))
        best = np.where(donors, distance, np.inf).argmin(axis=1)
        w = np.repeat((np.arange(len(Y)) == best[:, None])[:, :, None], Y.shape[2], axis=2)
        return Weights(w.astype(float), np.zeros((len(units), len(pre), Y.shape[2])))

    Y = world()
    found = estimate(programme_design(Y, 0, 6), nearest_donor)
    twin = int(found.weights.donors[0, :, 0].argmax())
    np.testing.assert_allclose(found.gaps[0], Y[0] - Y[twin])
    with pytest.raises(SpecError, match="did, lee_wooldridge"):
        estimate(programme_design(Y, 0, 6), "magic")


def test_vertex_weights_fit_as_well():
    Y = world(N=40, T=6, K=1)
    Y[0] = Y[1:].mean(axis=0)
    design = programme_design(Y, 0, 4)
    flat, corner = (estimate(design, partial(synthetic_control, solve=s)) for s in (simplex_weights, vertex_weights))
    np.testing.assert_allclose(flat.gaps[0, :4], corner.gaps[0, :4], atol=1e-9)
    assert np.sum(corner.weights.donors > 0) < np.sum(flat.weights.donors > 0)


@pytest.mark.parametrize("name", NAMES)
def test_leaving_donors_out_one_by_one(name):
    Y = world(N=8)
    design = programme_design(Y, [0, 3], [5, 6])
    left_out, found = leave_one_donor_out(design, name)
    np.testing.assert_array_equal(left_out, [1, 2, 4, 5, 6, 7])
    for donor, row in zip(left_out, found, strict=True):
        pool = design.donors & (np.arange(8) != donor)
        slow = gaps(Y, name, [0, 3], [5, 6], donors=pool)
        cells = np.concatenate([slow[0, 5:], slow[1, 6:]])
        np.testing.assert_allclose(row, cells.mean(axis=0), atol=1e-10)


def test_designs_that_start_earlier():
    Y = world()
    effect = Y.copy()
    effect[0, 6:] += 9
    effect[3, 7:] += 9
    for name in NAMES:  # nothing of the programme itself is seen
        after, plain = (estimate(programme_design(y, [0, 3], [4, 4], end=5), name).gaps[:, :6] for y in (effect, Y))
        np.testing.assert_allclose(after, plain, atol=1e-12)


def published(file, unit, year, score, treated, start, dropped=()):
    """Names, years and the design of a published case with one treated unit and one outcome."""
    wide = case_data(file).pivot(index=unit, columns=year, values=score).drop(index=list(dropped))
    names, years = list(wide.index), list(wide.columns)
    return names, years, programme_design(wide.to_numpy()[:, :, None], names.index(treated), years.index(start))


PROP99 = ("california_prop99.csv", "State", "Year", "PacksPerCapita", "California", 1989)
BASQUE = ("pysyncon_basque.csv", "regionname", "year", "gdpcap", "Basque Country (Pais Vasco)")
SPAIN = ("Spain (Espana)",)
TEXAS = ("texas.csv", "state", "year", "bmprison", "Texas", 1993)
KANSAS = ("kansas.csv", "state", "year_qtr", "lngdpcapita", "Kansas", 2012.25)


def att(design, name):
    return float(estimate(design, name).gaps[0, design.post(int(design.starts[0]))].mean())


@needs_cases
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (PROP99, "prop99_sc_simplex"),
        ((*BASQUE, 1970, SPAIN), "basque_sc_simplex_1970"),
        ((*BASQUE, 1975, SPAIN), "basque_sc_simplex_1975"),
        (TEXAS, "texas_sc_simplex"),
    ],
)
def test_published_synthetic_controls(arguments, name):
    names, years, design = published(*arguments)
    values = case(name, "limSolve")
    found = estimate(design, levels_too)
    w = dict(zip(names, found.weights.donors[0, :, 0], strict=True))
    for unit in names:
        assert w[unit] == pytest.approx(values["weights"].get(unit, 0.0), abs=1e-5)
    expected = [values["gap"][str(int(year))] for year in years]
    np.testing.assert_allclose(found.gaps[0, :, 0], expected, atol=1e-5 * np.std(design.Y))
    assert att(design, levels_too) == pytest.approx(values["att"], rel=1e-5)


@needs_cases
def test_published_difference_in_differences():
    assert att(published(*PROP99)[2], "did") == pytest.approx(case("prop99_did", "synthdid")["att"], rel=1e-9)
    data = case_data("organ_donations.csv")
    names = sorted(data.State.unique())
    wide = data.pivot(index="State", columns="Quarter_Num", values="Rate").loc[names]
    design = programme_design(wide.to_numpy()[:, :, None], names.index("California"), 3)
    expected = case("organ_donations_onetreated", "fixest")["coef"]["D"]
    for name in ("did", "lee_wooldridge"):
        assert att(design, name) == pytest.approx(expected, rel=1e-9)


@needs_cases
@pytest.mark.parametrize(("arguments", "name"), [(PROP99, "prop99_sdid"), ((*BASQUE, 1970, SPAIN), "basque_sdid")])
def test_published_synthetic_did(arguments, name):
    names, years, design = published(*arguments)
    values = case(name, "exact QP")
    found = estimate(design, "synthetic_did")
    assert att(design, "synthetic_did") == pytest.approx(values["att"], rel=1e-6)
    for unit, w in zip(names, found.weights.donors[0, :, 0], strict=True):
        assert w == pytest.approx(values["omega"].get(unit, 0.0), abs=1e-5)
    for year, w in zip(years, found.weights.years[0, :, 0], strict=True):
        assert w == pytest.approx(values["lambda"].get(str(int(year)), 0.0), abs=1e-5)


@needs_cases
def test_published_kansas():
    names, _, design = published(*KANSAS)
    values = case("kansas_scm", "limSolve")
    w = dict(zip(names, estimate(design, levels_too).weights.donors[0, :, 0], strict=True))
    for unit in names:
        assert w[unit] == pytest.approx(values["weights"].get(unit, 0.0), abs=1e-5)
    assert att(design, levels_too) == pytest.approx(values["att_avg"], abs=1e-7)
    demeaned = case("kansas_scm_fixedeff", "augsynth")
    assert att(design, "synthetic_control") == pytest.approx(demeaned["att_avg"], abs=1e-5)
    path = estimate(design, "synthetic_control").gaps[0, design.post(int(design.starts[0])), 0]
    np.testing.assert_allclose(path, list(demeaned["att"].values()), atol=1e-5)
    # with one outcome, common weights are the demeaned synthetic control
    np.testing.assert_allclose(
        estimate(design, common_weights).weights.donors, estimate(design, synthetic_control).weights.donors, atol=1e-7
    )
