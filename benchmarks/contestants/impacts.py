"""Counterfactuals with placebos by this package and by its peers: what is timed, and what of it must agree.

Every function gets the number of units and gives a call and what makes of its result an array to compare.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cases import FEW

import papi_analysis as pa
from papi_analysis.estimation.counterfactuals import synthetic_control as demeaned
from papi_analysis.estimation.designs import Design, programme_design
from papi_analysis.estimation.placebos import placebos

#: The programme starts after seven of ten years; this unit has it.
START, UNIT = 7, 55

Side = tuple[Callable[[], Any], Callable[[Any], Any]]
#: The synthetic control that the peers know: levels are matched as well.
level_control = partial(demeaned, intercept=False)


def scores() -> np.ndarray:
    """Published scores (60, 10, 6) of the provinces without a gap."""
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    return panel.scores[panel.usable.all(axis=(1, 2))]


def _design(units: int) -> Design:
    return programme_design(scores()[:units], UNIT, START)


def _ordered(values: np.ndarray, units: np.ndarray) -> np.ndarray:
    """From rows with the treated unit first to rows in the order of units."""
    return values[np.argsort(units[:, 0])]


def synthetic_control(units: int) -> Side:
    """Every unit as a placebo in six dimensions, joint p-values; root mean squared gaps before are compared."""
    design = _design(units)

    def call() -> Any:
        result = placebos(design, level_control)
        assert np.isfinite(result.p_joint).all()
        return result

    return call, lambda result: _ordered(result.fits, result.units)


def synthetic_control_of_few(units: int) -> Side:
    call, fits = synthetic_control(units)
    return call, lambda result: fits(result)[:FEW]


def synthetic_control_pysyncon(units: int) -> Side:
    """A few units in six dimensions, the matrix V fixed."""
    from pysyncon import Synth

    Y = scores()[:units]

    def fit(i: int, k: int) -> float:
        Z = pd.DataFrame(Y[:, :START, k].T)
        others, model = Z.drop(columns=i), Synth()
        model.fit(X0=others, X1=Z[i], Z0=others, Z1=Z[i], custom_V=np.ones(START))
        return float(np.sqrt(np.mean((Z[i] - others.to_numpy() @ np.asarray(model.W)) ** 2)))

    return lambda: np.array([[fit(i, k) for k in range(Y.shape[2])] for i in range(FEW)]), np.asarray


def _long(Y: np.ndarray) -> tuple[pd.DataFrame, list[int]]:
    N, T, K = Y.shape
    table = pd.DataFrame(Y.reshape(N * T, K), columns=[f"D{k + 1}" for k in range(K)])
    table["unit"], table["year"] = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    table["ever"] = (table["unit"] == UNIT).astype(int)
    table["treated"] = ((table["unit"] == UNIT) & (table["year"] >= START)).astype(int)
    return table, list(range(START, T))


def synthetic_control_diff_diff(units: int) -> Side:
    """Synthetic control and its placebos in space, dimension by dimension."""
    import diff_diff

    table, post = _long(scores()[:units])
    model = diff_diff.SyntheticControl(v_method="custom", custom_v=np.ones(START), standardize="none")
    before = list(range(START))

    def call() -> list[pd.DataFrame]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [
                model.fit(
                    table, f"D{k + 1}", "treated", "unit", "year", post_periods=post, pre_period_outcomes=before
                ).in_space_placebo()
                for k in range(6)
            ]

    return call, lambda fits: np.sqrt([fit.sort_values("unit")["pre_mspe"].to_numpy(float) for fit in fits]).T


def synthetic_did(units: int) -> Side:
    """Every unit as a placebo in six dimensions, joint p-values; the gaps of the treated unit (6,) are compared."""
    design = _design(units)

    def call() -> Any:
        result = placebos(design, "synthetic_did")
        assert np.isfinite(result.p_joint).all()
        return result

    return call, lambda result: result.coefficients


def synthetic_did_diff_diff(units: int) -> Side:
    """As many placebos as there are donors, dimension by dimension."""
    import diff_diff

    table, post = _long(scores()[:units])
    model = diff_diff.SyntheticDiD(variance_method="placebo", n_bootstrap=units - 1, seed=0)

    def call() -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [model.fit(table, f"D{k + 1}", "ever", "unit", "year", post_periods=post).att for k in range(6)]

    return call, np.asarray


def growing(units: int) -> Side:
    """Common weights on 20 years and six dimensions, every unit as a placebo: one weight for each pair of units."""
    Y = np.random.default_rng(0).normal(5, 0.5, (units, 20, 6)).cumsum(axis=1)
    design = programme_design(Y, 0, 15)
    return lambda: placebos(design, "common_weights", draws=units).p_joint, np.asarray
