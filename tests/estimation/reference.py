"""Oracles that are slow and obvious, and further reference cases where the environment names their folder."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import papi_analysis as pa
from papi_analysis.estimation.specification import Equations

FOLDER = os.environ.get("PAPI_REFERENCE_CASES", "")
needs_cases = pytest.mark.skipif(not FOLDER, reason="PAPI_REFERENCE_CASES names no folder with further reference cases")


def codes(labels):
    return pd.factorize(labels, sort=True)[0]


def case(name, software):
    """The values of the first reference run of a case whose software starts so."""
    runs = json.loads((Path(FOLDER) / f"{name}.json").read_text())["references"]
    return next(run["values"] for run in runs if run["software"].startswith(software))


def case_data(file):
    return pd.read_csv(Path(FOLDER) / "data" / file)


def grunfeld10():
    """The ten firms of R's plm: statsmodels' eleven without American Steel."""
    data = sm.datasets.grunfeld.load_pandas().data
    return data[data.firm != "American Steel"].reset_index(drop=True)


def produc():
    data = case_data("produc.csv")
    for log, raw in [("lgsp", "gsp"), ("lpcap", "pcap"), ("lpc", "pc"), ("lemp", "emp")]:
        data[log] = np.log(data[raw])
    return data


def dummies(unit, time=None):
    """A full-rank set of dummies for unit and, where given, time."""
    D = pd.get_dummies(pd.Series(unit), dtype=float).to_numpy()
    if time is None:
        return D
    for column in pd.get_dummies(pd.Series(time), dtype=float).to_numpy().T:
        if np.linalg.matrix_rank(np.column_stack([D, column])) > D.shape[1]:
            D = np.column_stack([D, column])
    return D


def slow_fit(y, design, clusters):
    """First slope of y on a design of full rank, its cluster scores and its CR1 standard error."""
    n, k = design.shape
    inverse = np.linalg.pinv(design)
    e = y - design @ (inverse @ y)
    groups = np.unique(clusters)
    scores = np.array([inverse[0, clusters == g] @ e[clusters == g] for g in groups])
    factor = len(groups) / (len(groups) - 1) * (n - 1) / (n - k)
    return inverse[0] @ y, np.sqrt(factor) * scores, np.sqrt(factor * np.sum(scores**2))


def slow_bootstrap(y, design, clusters, null, points, restricted=True):
    """Every wild bootstrap draw by fitting again: slopes minus the truth of the draw, and scaled scores.

    Weights run in counting order, the first cluster fastest.
    """
    groups = np.unique(clusters)
    beta = slow_fit(y, design, clusters)[0]
    x, others = design[:, 0], design[:, 1:]
    truth = null if restricted else beta
    rest = y - truth * x
    fitted = others @ (np.linalg.pinv(others) @ rest)
    slopes, scores = [], []
    for backwards in itertools.product(points, repeat=len(groups)):
        v = np.asarray(backwards)[::-1][np.searchsorted(groups, clusters)]
        slope, score, _ = slow_fit(truth * x + fitted + v * (rest - fitted), design, clusters)
        slopes.append(slope - truth)
        scores.append(score)
    return np.array(slopes), np.array(scores)


def unbalanced_panel(rng, N=12, T=7, p=2, share=0.8):
    """Unit and time codes of a panel with gaps, a score and p regressors that depend on the unit."""
    cells = rng.random((N, T)) < share
    cells[:, :2] = True  # no unit without two cells
    unit, time = np.nonzero(cells)
    X = rng.normal(size=(len(unit), p)) + unit[:, None] + 0.3 * time[:, None]
    y = X @ np.arange(1.0, p + 1) + rng.normal(size=N)[unit] * (1 + time) + rng.normal(size=len(unit))
    return y, X, unit, time


def equations_of(y, C, controls=None, weights=None):
    """Arrays of scores, completion and controls as ``equations`` makes them of a panel."""
    W = np.empty((*y.shape, 0)) if controls is None else controls
    known = np.isfinite(C) & np.isfinite(W).all(axis=3)
    K = y.shape[2]
    return Equations(
        y=np.where(known, y, np.nan),
        C=C,
        controls=W,
        names=tuple(f"w{j}" for j in range(W.shape[3])),
        dimensions=tuple(f"D{k}" for k in range(K)),
        asked=np.ones(y.shape, dtype=bool),
        unit_effects=True,
        weights=None if weights is None else np.broadcast_to(weights[:, None, None], y.shape),
    )


def panel_of(y, C, first=2001):
    """A panel of arrays, units u00, u01, ... and dimensions D0, D1, ...; what is missing is missing."""
    N, T, K = y.shape
    names = [f"u{i:02}" for i in range(N)], range(first, first + T), [f"D{k}" for k in range(K)]
    frame = pd.MultiIndex.from_product(names, names=["unit", "year", "dimension"]).to_frame(index=False)
    scores, done = frame.assign(score=y.ravel()), frame.assign(completion=C.ravel())
    return pa.Panel.from_frames(scores.dropna(), done.dropna())


def rank_bounds(p, odds):
    """The lowest and the highest value (2, ...) of a p-value by rank, were some assignments likelier than others.

    A rank counts all assignments alike. If one may be up to ``odds`` times as likely as another, n1 of them at least as
    extreme as the realised one (itself included) and n0 not, p lies between n1 / (n1 + odds n0) and odds n1 / (odds n1
    + n0) (Rosenbaum 2002, ch. 4; Firpo & Possebom 2018, eqs 7-9).
    """
    n1 = np.asarray(p, dtype=float)
    n0 = 1 - n1
    return np.stack([n1 / (n1 + odds * n0), odds * n1 / (odds * n1 + n0)])
