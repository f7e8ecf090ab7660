"""Further reference cases, from the folder that PAPI_REFERENCE_CASES names: what no test beside a module runs.

Panels, bootstrap, randomisation and most synthetic controls stand in ``tests/estimation``; here are the certified
regressions, conventions under other packages' names, exact counts, and solvers that stop early.
"""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from papi_analysis.errors import SpecError
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.counterfactuals import demeaned_fit, estimate, synthetic_control
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.multiplicity import counts, holm, p_values, step_down
from papi_analysis.estimation.placebos import placebos
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import cr1, cr2, cr3, fit_within

FOLDER = os.environ.get("PAPI_REFERENCE_CASES", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="PAPI_REFERENCE_CASES names no folder with further reference cases")

# Cases that other tests run.
ELSEWHERE = {
    "castle_twfe_unweighted": "estimation/test_regression.py",
    "fatalities_beertax": "estimation/test_regression.py",
    "jtrain_scrap": "estimation/test_regression.py",
    "produc_munnell": "estimation/test_regression.py",
    "produc_munnell_region": "estimation/test_regression.py",
    "wcb_produc_region": "estimation/test_bootstrap.py",
    "wcb_voters": "estimation/test_bootstrap.py",
    "rwolf_produc_region": "estimation/test_multiplicity.py",
    "ri_mixtape8": "estimation/test_reassignment.py",
    "basque_sc_simplex_1970": "estimation/test_counterfactuals.py, test_placebos.py",
    "basque_sc_simplex_1975": "estimation/test_counterfactuals.py, test_placebos.py",
    "kansas_scm": "estimation/test_counterfactuals.py",
    "kansas_scm_fixedeff": "estimation/test_counterfactuals.py",
    "prop99_sc_simplex": "estimation/test_counterfactuals.py, test_placebos.py",
    "texas_sc_simplex": "estimation/test_counterfactuals.py, test_placebos.py",
}

# Cases of methods that the package leaves to others, and why.
NO_METHOD = {
    "bacon_castle": "decomposes two-way estimates of staggered starts; gaps here are formed unit by unit",
    "mpdta_cs": "group-time effects of staggered starts",
    "honest_BC": "bounds under violations of parallel trends",
    "sensemakr_darfur": "bounds for unobserved confounders",
    "oster_mtcars": "bounds for unobserved confounders",
    "oster_population_exact": "bounds for unobserved confounders",
    "power_analytic": "power by formula; detectable slopes and gaps come from the design's own draws",
    "speccurve_fatalities": "specifications with population weights; scores are not weighted by size",
    "prop99_conformal": "conformal tests over years; placebos over units are what is used here",
    "texas_conformal": "conformal tests over years",
    "prop99_adh_covariates": "matching on covariates; donors are matched on scores alone",
    "prop99_adh_placebo": "placebos of a match on covariates, ranked by a ratio to the fit before",
    "basque_adh_covariates": "matching on covariates",
}


def values(name, software):
    """The values of the first reference run of a case whose software starts so."""
    runs = json.loads((Path(FOLDER) / f"{name}.json").read_text("utf-8"))["references"]
    return next(run["values"] for run in runs if run["software"].startswith(software))


def data(file):
    return pd.read_csv(Path(FOLDER) / "data" / file)


def codes(labels):
    return pd.factorize(labels, sort=True)[0]


def errors(variance):
    return np.sqrt(np.diag(variance))


# --- certified regressions --------------------------------------------------------------------------------------


def plain(y, X):
    """A regression with a constant alone; its usual standard errors and residual standard deviation."""
    fit = fit_within(y, X, np.zeros(len(y)), clusters=np.arange(len(y)))
    sd = np.sqrt(fit.residuals @ fit.residuals / (fit.n - fit.k))
    return fit.coefficients, sd * errors(fit.bread), sd


def test_longley_as_certified():
    frame, nist = data("nist_longley.csv"), values("nist_longley", "NIST")
    slopes, se, sd = plain(frame["TOTEMP"], frame.drop(columns="TOTEMP"))
    np.testing.assert_allclose(slopes, nist["coef"][1:], rtol=1e-9)
    np.testing.assert_allclose(se, nist["se"][1:], rtol=1e-9)
    assert sd == pytest.approx(nist["resid_sd"], rel=1e-9)
    exact = values("nist_longley", "exact")
    np.testing.assert_allclose(slopes, np.array(exact["coef"][1:], dtype=float), rtol=1e-9)
    np.testing.assert_allclose(se, np.array(exact["se"][1:], dtype=float), rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_wampler_as_certified(k):
    frame, nist = data("nist_wampler.csv"), values(f"nist_wampler{k}", "NIST")
    slopes, se, _ = plain(frame[f"y{k}"], frame["x"].to_numpy(dtype=float)[:, None] ** np.arange(1, 6))
    np.testing.assert_allclose(slopes, nist["coef"][1:], atol=1e-6)
    np.testing.assert_allclose(se, nist["se"][1:], rtol=1e-6, atol=1e-6)


# --- panels -----------------------------------------------------------------------------------------------------


def grunfeld(*xs):
    frame = data("grunfeld10.csv")
    return fit_within(frame["inv"], frame[list(xs)], codes(frame["firm"]))


def test_conventions_of_clustered_errors_on_grunfeld():
    """One variance, four names: fixest's K.fixef full (as here), none, only G, and no factor."""
    fit, fixest = grunfeld("value", "capital"), values("grunfeld_fe_oneway", "fixest")
    se, G, n, k = errors(cr1(fit)), fit.n_clusters, fit.n, fit.k
    without = se / np.sqrt(fit.cr1_factor)
    for found, name in [
        (se, "se_CR1_K_full"),
        (without * np.sqrt(G / (G - 1) * (n - 1) / (n - 2)), "se_CR1_K_none"),
        (without * np.sqrt(G / (G - 1)), "se_CR1_only_G"),
        (without, "se_CR0"),
    ]:
        np.testing.assert_allclose(found, list(fixest[name].values()), rtol=1e-8)
    assert (n, G, k) == (fixest["n"], fixest["G"], 12)
    for software in ("fixest", "plm", "estimatr", "pyfixest"):
        np.testing.assert_allclose(
            fit.coefficients, list(values("grunfeld_fe_oneway", software)["coef"].values()), rtol=1e-8
        )


def test_cr2_cr3_and_p_values_on_grunfeld():
    fit = grunfeld("value", "capital")
    club = values("grunfeld_fe_oneway", "clubSandwich 0.5.8 (R 4.2.2) unit")
    variance, df = cr2(fit)
    np.testing.assert_allclose(errors(variance), list(club["CR2"]["se"].values()), rtol=1e-8)
    np.testing.assert_allclose(df, list(club["CR2"]["df_Satt"].values()), rtol=1e-8)
    p = 2 * scipy.stats.t.sf(np.abs(fit.coefficients) / errors(variance), df)
    np.testing.assert_allclose(p, list(club["CR2"]["p_Satt"].values()), rtol=1e-8)
    np.testing.assert_allclose(errors(cr3(fit)), list(club["CR3"]["se"].values()), rtol=1e-8)
    for software, name in [("summclust 0.7.0 (R 4.2.2) standardised", "se_CRV3"), ("base R", "se_CV3_center_full")]:
        jackknife = list(values("grunfeld_fe_oneway", software)[name].values())
        np.testing.assert_allclose(errors(cr3(fit)) * np.sqrt(9 / 10), jackknife, rtol=1e-8)


def test_pooled_slope_of_petersen():
    frame = data("petersen.csv")
    fit = fit_within(frame["y"], frame["x"], np.zeros(len(frame)), clusters=codes(frame["firm"]))
    sandwich = values("petersen_clustered", "sandwich")
    np.testing.assert_allclose(fit.coefficients[0], sandwich["coef"]["x"], rtol=1e-8)
    np.testing.assert_allclose(errors(cr1(fit))[0], sandwich["se_firm_HC1"]["x"], rtol=1e-8)


def test_one_treated_state():
    frame = data("organ_donations.csv")
    law = (frame["State"] == "California") & (frame["Quarter_Num"] > 3)
    fit = fit_within(frame["Rate"], law.astype(float), codes(frame["State"]), codes(frame["Quarter"]))
    fixest = values("organ_donations_onetreated", "fixest")
    np.testing.assert_allclose(fit.coefficients[0], fixest["coef"]["D"], rtol=1e-8)
    np.testing.assert_allclose(errors(cr1(fit))[0], fixest["se_CR1_K_full"]["D"], rtol=1e-8)
    assert values("organ_donations_onetreated", "base R")["n_undefined"] == 1
    with pytest.raises(SpecError, match="one single cluster"):
        cr3(fit)


# --- wild cluster bootstrap -------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", ["value", "capital"])
@pytest.mark.parametrize("name", ["WCR", "WCU"])
def test_all_signs_on_grunfeld(x, name):
    fit = grunfeld(x, "capital" if x == "value" else "value")
    result = wild_bootstrap([fit], weights="rademacher", restricted=name == "WCR")
    brute = values("wcb_grunfeld_oneway", "brute force enumeration (numpy)")[f"{x}|{name}"]
    weak, strict = (counts(result.observed, result.draws, strict=strict)[0] for strict in (False, True))
    assert (weak, strict, len(result.draws)) == (brute["n_ge"], brute["n_gt"], brute["N"])
    np.testing.assert_allclose(result.observed * np.sqrt(fit.cr1_factor), [brute["t0"]], rtol=1e-8)
    for software in ("fwildclusterboot 0.14.3 (R 4.2.2)", "pyfixest", "wildboottest"):
        stored = values("wcb_grunfeld_oneway", software)
        run = stored.get(f"{x}|{name}|11") or stored[f"{x}|{name}"]
        p = next(run[key] for key in ("p", "Pr(>|t|)", "p-value") if key in run)
        assert strict / 1024 <= p <= weak / 1024  # they count ties one way or the other
        t = next(run[key] for key in ("t", "t value", "statistic") if key in run)
        np.testing.assert_allclose(result.observed, [t], rtol=1e-8)


@pytest.mark.parametrize("key", ["value|WCR|webb", "value|WCU|webb", "capital|WCR|webb", "capital|WCU|webb"])
def test_webb_weights_on_grunfeld(key):
    x, name, _ = key.split("|")
    fit = grunfeld(x, "capital" if x == "value" else "value")
    result = wild_bootstrap([fit], weights="webb", draws=99_999, restricted=name == "WCR")
    stored = values("wcb_grunfeld_webb", "brute")[key]
    both = stored["mc_se"] * np.sqrt(1 + 200_000 / 99_999)
    assert abs(counts(result.observed, result.draws)[0] / 99_999 - stored["p_weak"]) <= 4 * both


# --- randomisation ----------------------------------------------------------------------------------------------


def test_two_villages_of_seven():
    frame, stored = data("gg_villages.csv"), values("ri_gerber_green_villages", "ri2")
    y, C = np.zeros((2, 7, 2, 1))
    y[:, 1, 0], C[:, 1, 0] = frame["Y"], frame["Z"]
    result = reassign(y, C)
    gaps = result.slope0 + result.coefficients * result.slope1
    assert (len(gaps), result.coefficients[0]) == (stored["n_sims"], pytest.approx(stored["est"]))
    assert counts(result.coefficients, gaps)[0] / len(gaps) == pytest.approx(stored["p_two_tailed"], abs=1e-12)
    assert np.mean(gaps >= result.coefficients - 1e-9) == pytest.approx(stored["p_upper"], abs=1e-12)


def test_darwins_maize():
    d, stored = data("darwin.csv").iloc[:, 0].to_numpy(dtype=float), values("ri_darwin_maize", "R")
    fit = fit_within(np.column_stack([0 * d, d]).ravel(), np.tile([0.0, 1.0], 15), np.repeat(np.arange(15), 2))
    result = wild_bootstrap([fit], weights="rademacher", draws=40_000)
    assert result.exact
    assert len(result.draws) == stored["N"]
    assert fit.coefficients[0] == pytest.approx(stored["mean"])
    assert counts(result.observed, result.draws)[0] == stored["n_abs_ge"]
    assert np.sum(result.draws >= result.observed * (1 - 1e-9)) == stored["n_ge"]


def test_lady_tasting_tea():
    milk, stored = np.repeat([1.0, 0.0], 4), values("ri_lady_tea", "R")
    design = possible_assignments(milk[:, None, None])
    right = np.array([[milk[source] @ milk] for source in design.all()])
    assert design.count == len(right) == 70
    assert p_values([4.0], right, exact=True)[0] == pytest.approx(stored["p_4of4_greater"], abs=1e-12)
    assert p_values([3.0], right, exact=True)[0] == pytest.approx(stored["p_3of4_greater"], abs=1e-12)
    assert p_values([2.0], right - 2, exact=True)[0] == pytest.approx(stored["p_4of4_two"], abs=1e-12)


# --- several hypotheses -----------------------------------------------------------------------------------------


def test_holm_on_benjamini_and_hochberg():
    stored = values("mult_bh1995", "R")
    np.testing.assert_allclose(holm(stored["p"]), stored["holm"], atol=1e-12)
    assert np.sum(holm(stored["p"]) <= 0.05) == stored["n_reject_05"]["holm"]


def test_max_t_on_warpbreaks():
    frame, stored = data("warpbreaks.csv"), values("mult_warpbreaks_maxt", "multcomp")
    pairs = [("M", "L"), ("H", "L"), ("H", "M")]
    groups = {name: frame.loc[frame["tension"] == name, "breaks"] for name in "LMH"}
    sd = np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in groups.values()) / 51)
    observed = [(groups[a].mean() - groups[b].mean()) / (sd * np.sqrt(2 / 18)) for a, b in pairs]
    np.testing.assert_allclose(observed, list(stored["t"].values()), rtol=1e-10)
    rng, B = np.random.default_rng(3), 400_000
    mean = dict(zip("LMH", rng.normal(size=(3, B)), strict=True))
    draws = np.column_stack([mean[a] - mean[b] for a, b in pairs]) / np.sqrt(2 * rng.chisquare(51, (B, 1)) / 51)
    largest = np.repeat(np.abs(draws).max(axis=1)[:, None], 3, axis=1)
    np.testing.assert_allclose(p_values(observed, largest, exact=False), stored["single_step"], atol=2e-3)
    np.testing.assert_allclose(step_down(observed, draws, exact=False), stored["free"], atol=2e-3)


# --- counterfactuals --------------------------------------------------------------------------------------------

levels = partial(synthetic_control, intercept=False)


def published(file, unit, year, score, treated, start, dropped=()):
    wide = data(file).pivot(index=unit, columns=year, values=score).drop(index=list(dropped))
    return list(wide.index), programme_design(
        wide.to_numpy(dtype=float)[:, :, None], wide.index.get_loc(treated), wide.columns.get_loc(start)
    )


def california():
    return published("california_prop99.csv", "State", "Year", "PacksPerCapita", "California", 1989)


def fan(names, design, estimator):
    """The gap, and the placebo gaps of the controls by name, the treated unit in no pool."""
    result = placebos(design, estimator, treated_as_donor=False)
    return result, dict(zip([names[i] for i in result.units[1:, 0]], result.scores[1:, 0], strict=True))


def test_difference_in_differences_and_its_placebos():
    stored = values("prop99_did", "synthdid")
    result, gaps = fan(*california(), "did")
    assert result.coefficients[0] == pytest.approx(stored["att"], rel=1e-8)
    assert np.std(list(gaps.values())) == pytest.approx(stored["se_placebo_exhaustive_38"], rel=1e-8)
    assert np.std(list(gaps.values()), ddof=1) == pytest.approx(stored["se_placebo_sd_n_minus_1"], rel=1e-8)
    assert set(gaps) == set(stored["placebo"])
    for state, gap in stored["placebo"].items():
        assert gaps[state] == pytest.approx(gap, rel=1e-8)
    assert result.p[0] == pytest.approx(stored["p_abs_gt"])  # California itself among 39
    assert demeaned_fit(california()[1]).coefficients[0] == pytest.approx(stored["att"], rel=1e-8)


@pytest.mark.parametrize(
    ("name", "estimator", "gap", "error"),
    [("prop99_sc", levels, 0.15, 0.15), ("prop99_sdid", "synthetic_did", 0.003, 0.02)],
)
def test_synthdid_stops_near_the_optimum(name, estimator, gap, error):
    """Its solver stops early: the tolerances are those of the cases, and our weights fit no worse than its own."""
    stored, (names, design) = values(name, "synthdid"), california()
    result, gaps = fan(names, design, estimator)
    assert result.coefficients[0] == pytest.approx(stored["att"], abs=gap)
    assert np.std(list(gaps.values())) == pytest.approx(stored["se_placebo_exhaustive_38"], abs=error)
    before, intercept = design.Y[:, design.pre(19), 0], estimator == "synthetic_did"
    ridge = before.shape[1] * stored["opts"]["zeta.omega"] ** 2 if intercept else 0.0

    def misfit(w):
        away = before[design.units[0]] - w @ before
        return np.sum((away - intercept * away.mean()) ** 2) + ridge * w @ w

    theirs = np.array([stored["omega"].get(state, 0.0) for state in names])
    ours = estimate(design, estimator).weights.donors[0, :, 0]
    assert misfit(ours) <= misfit(theirs / theirs.sum())


def test_synthdid_on_the_basque_country():
    names, design = published(
        *("pysyncon_basque.csv", "regionname", "year", "gdpcap", "Basque Country (Pais Vasco)", 1970),
        dropped=["Spain (Espana)"],
    )
    stored = values("basque_sdid", "synthdid")
    # its synthetic controls of placebos stop early by more than that of the treated region
    for name, estimator, rel, spread in [
        ("did", "did", 1e-8, 1e-8),
        ("sc", levels, 5e-3, 2e-2),
        ("sdid", "synthetic_did", 1e-3, 1e-3),
    ]:
        result, gaps = fan(names, design, estimator)
        assert result.coefficients[0] == pytest.approx(stored[name]["att"], rel=rel)
        assert np.std(list(gaps.values())) == pytest.approx(stored[name]["se_placebo_exhaustive"], rel=spread)


# --- the list ---------------------------------------------------------------------------------------------------


CASES = sorted(path.stem for path in Path(FOLDER).glob("*.json")) if FOLDER else []


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_run_or_has_no_method_here(name):
    listed = (name in ELSEWHERE) + (name in NO_METHOD)
    here = Path(__file__).read_text("utf-8").count(f'"{name}"') > listed or name.startswith("nist_wampler")
    if name in NO_METHOD:
        assert not here
        pytest.skip(NO_METHOD[name])
    if not here and name not in ELSEWHERE:
        pytest.skip("a case that no test here knows")
