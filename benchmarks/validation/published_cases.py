"""Published cases: methods of this package on data that everybody has, one function per case.

The data come with packages that the test extra installs, or are made by a formula. Each function returns its figures
by the names that ``references.csv`` gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import causaldata
import numpy as np
import pandas as pd
import synthdid
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri
from statsmodels.datasets import grunfeld, longley

from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.counterfactuals import Estimator, estimate, synthetic_control
from papi_analysis.estimation.designs import Design, programme_design
from papi_analysis.estimation.multiplicity import counts, holm, p_values, step_down
from papi_analysis.estimation.placebos import placebos
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import WithinFit, cr1, cr2, cr3, fit_within

Figures = dict[str, float]

#: What NIST adds to the Wampler polynomial, once in Wampler 3 and a hundred times in Wampler 4.
NOISE = (759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048)

#: The fifteen p-values of Benjamini & Hochberg (1995, section 4.1).
BENJAMINI_HOCHBERG = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)

#: t statistics of the pairs of three groups of 18 in R's warpbreaks, by tension; 51 degrees of freedom.
WARP_BREAKS = {"M - L": -2.52512953961043, "H - L": -3.71755182220424, "H - M": -1.19242228259381}


def _codes(labels: pd.Series) -> NDArray[np.int64]:
    return np.asarray(pd.factorize(labels, sort=True)[0], dtype=np.int64)


# --- least squares ----------------------------------------------------------------------------------------------


def _plain(y: Any, X: pd.DataFrame) -> Figures:
    """Slopes and their usual errors with a constant alone: one unit, whose effect is the constant."""
    fit = fit_within(y, X, np.zeros(len(X)), clusters=np.arange(len(X)))
    sd = _residual_sd(fit)
    errors = sd * np.sqrt(np.diag(fit.bread))
    return {
        **_named("slope", X.columns, fit.coefficients),
        **_named("standard error", X.columns, errors),
        "residual standard deviation": sd,
    }


def _residual_sd(fit: WithinFit) -> float:
    return float(np.sqrt(fit.residuals @ fit.residuals / (fit.n - fit.k)))


def _named(what: str, names: Any, values: Any) -> Figures:
    return {f"{what}, {name}": float(value) for name, value in zip(names, values, strict=True)}


def _longley() -> Figures:
    data = longley.load_pandas().data
    return _plain(data["TOTEMP"], data.drop(columns="TOTEMP"))


def _wampler(slopes: float, noise: float) -> Figures:
    """A polynomial of degree five on 0, 1, .., 20 whose coefficient of x^k is ``slopes``^k, plus noise."""
    x, powers = np.arange(21.0), np.arange(1, 6)
    X = x[:, None] ** powers
    y = 1 + X @ slopes**powers + noise * np.array([*NOISE, *NOISE[-2::-1]])
    return _plain(y, pd.DataFrame(X, columns=["x", "x^2", "x^3", "x^4", "x^5"]))


# --- panels -----------------------------------------------------------------------------------------------------


def _grunfeld() -> pd.DataFrame:
    """The ten firms of R's plm: statsmodels' eleven without American Steel."""
    data = grunfeld.load_pandas().data
    return data[data["firm"] != "American Steel"].reset_index(drop=True)


def _corrections(fit: WithinFit, names: list[str], *, one_treated: bool = False) -> Figures:
    """Slopes with every clustered error; with one treated unit CR3 and the jackknife do not exist."""
    variance, df = cr2(fit, refuse=not one_treated)
    found = {
        **_named("slope", names, fit.coefficients),
        **_named("standard error", names, _residual_sd(fit) * np.sqrt(np.diag(fit.bread))),
        **_named("CR1", names, np.sqrt(np.diag(cr1(fit)))),
        **_named("CR2", names, np.sqrt(np.diag(variance))),
        **_named("degrees of freedom", names, df),
    }
    if one_treated:
        return found
    errors, G = np.sqrt(np.diag(cr3(fit))), fit.n_clusters
    return {**found, **_named("CR3", names, errors), **_named("jackknife", names, errors * np.sqrt((G - 1) / G))}


def _firms() -> Figures:
    data = _grunfeld()
    return _corrections(
        fit_within(data["invest"], data[["value", "capital"]], _codes(data["firm"])), ["value", "capital"]
    )


def _castle() -> Figures:
    data = causaldata.castle.load_pandas().data
    # Stored in single precision; R read the same figures as they are written, with seven digits.
    y = data["l_homicide"].astype(str).astype(float)
    return _corrections(fit_within(y, data["post"], _codes(data["sid"]), _codes(data["year"])), ["post"])


def _organ_donations() -> Figures:
    data = causaldata.organ_donations.load_pandas().data
    law = (data["State"] == "California") & (data["Quarter_Num"] > 3)
    fit = fit_within(data["Rate"], law.astype(float), _codes(data["State"]), _codes(data["Quarter"]))
    return _corrections(fit, ["law"], one_treated=True)


def _bootstrap() -> Figures:
    data, found = _grunfeld(), {}
    for x, other in (("value", "capital"), ("capital", "value")):
        fit = fit_within(data["invest"], data[[x, other]], _codes(data["firm"]))
        signs = wild_bootstrap([fit], weights="rademacher")
        free = wild_bootstrap([fit], weights="rademacher", restricted=False)
        found[f"t, {x}"] = float(signs.observed[0])
        found[f"of 1,024 draws, reach t, {x}"] = float(counts(signs.observed, signs.draws)[0])
        found[f"of 1,024 draws, pass t, {x}"] = float(counts(signs.observed, signs.draws, strict=True)[0])
        found[f"of 1,024 draws around the estimate, reach t, {x}"] = float(counts(free.observed, free.draws)[0])
        found[f"p by Webb weights, {x}"] = float(wild_bootstrap([fit], weights="webb", draws=99_999).p[0])
    return found


# --- randomisation and several hypotheses -----------------------------------------------------------------------


def _mixtape() -> Figures:
    """Four of eight people treated: scores without a programme are 0 in a first year, for all."""
    data = causaldata.ri.load_pandas().data
    y, C = np.zeros((2, len(data), 2, 1))
    y[:, 1, 0], C[:, 1, 0] = data["y"], data["d"]
    result = reassign(y, C)
    return {"gap": result.coefficients[0], "assignments": result.size, "p": result.p[0]}


def _lady_tasting_tea() -> Figures:
    """Eight cups, four with the milk first: how often chance finds as many of the four."""
    milk = np.repeat([1.0, 0.0], 4)
    design = possible_assignments(milk[:, None, None])
    right = np.array([[milk[source] @ milk] for source in design.all()])
    return {
        "assignments": design.count,
        "one-sided p, four of four right": p_values([4.0], right, exact=True)[0],
        "one-sided p, three of four right": p_values([3.0], right, exact=True)[0],
    }


def _benjamini_hochberg() -> Figures:
    adjusted = holm(BENJAMINI_HOCHBERG)
    names = [f"p = {p:g}" for p in BENJAMINI_HOCHBERG]
    return {**_named("Holm", names, adjusted), "rejected at 5% by Holm": float(np.sum(adjusted <= 0.05))}


def _warp_breaks(draws: int = 400_000) -> Figures:
    """Joint draws of the three t statistics under the null: differences of means over one common error."""
    uniform = np.random.default_rng(0).random((draws, 4))
    L, M, H = ndtri(uniform[:, :3]).T
    error = np.sqrt(2 * 2 * gammaincinv(51 / 2, uniform[:, 3]) / 51)
    t = np.column_stack([M - L, H - L, H - M]) / error[:, None]
    observed = list(WARP_BREAKS.values())
    largest = np.repeat(np.abs(t).max(axis=1)[:, None], 3, axis=1)
    return {
        **_named("single-step max-T", WARP_BREAKS, p_values(observed, largest, exact=False)),
        **_named("step-down max-T", WARP_BREAKS, step_down(observed, t, exact=False)),
    }


# --- counterfactuals --------------------------------------------------------------------------------------------


def _design(data: pd.DataFrame, columns: tuple[str, str, str], treated: str, start: int) -> tuple[pd.DataFrame, Design]:
    """Scores by unit and year, and the design; ``columns`` name unit, year and score."""
    wide = data.pivot(index=columns[0], columns=columns[1], values=columns[2])
    Y = wide.to_numpy(dtype=float)[:, :, None]
    return wide, programme_design(Y, wide.index.get_loc(treated), wide.columns.get_loc(start))


def _gaps(wide: pd.DataFrame, design: Design, estimator: str | Estimator, *, treated_as_donor: bool = False) -> Figures:
    """Gaps, weights, and what placebos say."""
    fan = placebos(design, estimator, treated_as_donor=treated_as_donor)
    found = estimate(design, estimator)
    names = wide.index[fan.units[1:, 0]]
    return {
        "mean gap": fan.coefficients[0],
        **{f"gap in {year}": gap for year, gap in zip(wide.columns, found.gaps[0, :, 0], strict=True)},
        **_named("weight", wide.index, found.weights.donors[0, :, 0]),
        **_named("weight", wide.columns, found.weights.years[0, :, 0]),
        **_named("placebo gap", names, fan.scores[1:, 0]),
        "root mean squared gap before": fan.fit[0],
        "spread of placebos": float(np.std(fan.scores[1:, 0])),
        "p": fan.p[0],
    }


#: The synthetic control of Abadie, Diamond & Hainmueller, which matches levels.
_levels = partial(synthetic_control, intercept=False)


def _texas() -> Figures:
    data = causaldata.texas.load_pandas().data
    return _gaps(*_design(data, ("state", "year", "bmprison"), "Texas", 1993), _levels, treated_as_donor=True)


def _proposition_99(estimator: str | Estimator, *, treated_as_donor: bool = False) -> Figures:
    data = synthdid.load_california_prop99()
    wide, design = _design(data, ("State", "Year", "PacksPerCapita"), "California", 1989)
    return _gaps(wide, design, estimator, treated_as_donor=treated_as_donor)


def _organ_donations_did() -> Figures:
    data = causaldata.organ_donations.load_pandas().data
    return _gaps(*_design(data, ("State", "Quarter_Num", "Rate"), "California", 4), "did")


#: What runs each case, by kind of method.
CASES: dict[str, dict[str, Callable[[], Figures]]] = {
    "least squares": {
        "Longley": _longley,
        "Wampler 1": partial(_wampler, 1.0, 0.0),
        "Wampler 2": partial(_wampler, 0.1, 0.0),
        "Wampler 3": partial(_wampler, 1.0, 1.0),
        "Wampler 4": partial(_wampler, 1.0, 100.0),
    },
    "panel effects": {"Grunfeld": _firms, "Castle doctrine": _castle},
    "one treated unit": {"Organ donations": _organ_donations},
    "wild cluster bootstrap": {"Grunfeld": _bootstrap},
    "exact randomisation": {"Mixtape, four of eight": _mixtape, "Lady tasting tea": _lady_tasting_tea},
    "several hypotheses": {"Benjamini and Hochberg": _benjamini_hochberg, "Warp breaks": _warp_breaks},
    "synthetic control": {
        "Texas prisons": _texas,
        "Proposition 99": partial(_proposition_99, _levels, treated_as_donor=True),
    },
    "synthetic difference in differences": {"Proposition 99": partial(_proposition_99, "synthetic_did")},
    "difference in differences": {
        "Proposition 99": partial(_proposition_99, "did"),
        "Organ donations": _organ_donations_did,
    },
}
