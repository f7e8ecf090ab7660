"""Counterfactuals by this package and by its peers, on the same scores (N, T, K): 60 provinces, programme in 2018."""

from __future__ import annotations

import warnings

import diff_diff
import numpy as np
import pandas as pd
from pysyncon import Synth

from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.placebos import placebos

#: The programme starts after seven of ten years; this unit has it.
START, UNIT = 7, 55

#: Units that pysyncon fits in one turn; its time is scaled up to all of them.
PYSYNCON_UNITS = 3


def placebos_of(Y: np.ndarray, method: str) -> np.ndarray:
    """Joint p-values with every unit as a placebo."""
    return placebos(programme_design(Y, UNIT, START), method).p_joint


def pysyncon_peer(Y: np.ndarray) -> None:
    """Weights of a few units in every dimension, the matrix V fixed."""
    for k in range(Y.shape[2]):
        Z = pd.DataFrame(Y[:, :START, k].T)
        for i in range(PYSYNCON_UNITS):
            others = Z.drop(columns=i)
            Synth().fit(X0=others, X1=Z[i], Z0=others, Z1=Z[i], custom_V=np.ones(START))


def _long(Y: np.ndarray) -> tuple[pd.DataFrame, list[int]]:
    N, T, K = Y.shape
    table = pd.DataFrame(Y.reshape(N * T, K), columns=[f"D{k + 1}" for k in range(K)])
    table["unit"], table["year"] = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    table["ever"] = (table["unit"] == UNIT).astype(int)
    table["treated"] = ((table["unit"] == UNIT) & (table["year"] >= START)).astype(int)
    return table, list(range(START, T))


def diff_diff_control(Y: np.ndarray) -> None:
    """Synthetic control and its placebos in space, dimension by dimension."""
    table, post = _long(Y)
    model = diff_diff.SyntheticControl(v_method="custom", custom_v=np.ones(START), standardize="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(Y.shape[2]):
            fit = model.fit(
                table, f"D{k + 1}", "treated", "unit", "year", post_periods=post, pre_period_outcomes=list(range(START))
            )
            fit.in_space_placebo()


def diff_diff_sdid(Y: np.ndarray) -> None:
    """Synthetic difference in differences with as many placebos as there are donors, dimension by dimension."""
    table, post = _long(Y)
    model = diff_diff.SyntheticDiD(variance_method="placebo", n_bootstrap=len(Y) - 1, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(Y.shape[2]):
            model.fit(table, f"D{k + 1}", "ever", "unit", "year", post_periods=post)
