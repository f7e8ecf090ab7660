"""Power of the slopes beside a slow, plain second way to the same test.

Real scores of the provinces without a gap, plus a known slope times simulated completion. From 20 programme units on
the peer is pyfixest's wildboottest, one dimension at a time; below, a loop over permutations that fits each slope
anew with year and unit dummies. Both count dimensions with p <= 0.05; draws are each one's own.

    python benchmarks/power.py --panels 400 --out benchmarks/power.csv
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
from false_alarms import DRAWS, SIZE, judge, null_panels, paths

import papi_analysis as pa
from papi_analysis.estimation.inference import AMONG_PROGRAMMES, BOOTSTRAP

#: True slopes by programme units, in points per 10 percentage points: sizes that are found about half of the time.
SLOPES = {1: 0.08, 3: 0.05, 5: 0.25, 8: 0.18, 20: 0.1, 60: 0.06}


def complete_panel() -> pa.Panel:
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    frame = panel.frame()[np.repeat(np.isfinite(panel.scores).all(axis=(1, 2)), panel.scores[0].size)]
    frame = frame.assign(completion=0.0)
    return pa.Panel.from_frames(frame.drop(columns="completion"), frame.drop(columns="score"))


def orders(C: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permutations of the units (b, N), the realised one first: all that differ where they are few, else a sample."""
    N, P = len(C), int(C.any(axis=(1, 2)).sum())
    if P == 1:
        return np.array([np.roll(np.arange(N), step) for step in range(N)])
    if math.factorial(N) <= DRAWS:
        return np.array(list(permutations(range(N))))
    return np.array([np.arange(N), *(rng.permutation(N) for _ in range(DRAWS))])


def by_permutation(y: np.ndarray, C: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """p (K,) of the CR1 t statistic when whole trajectories are permuted, everything fitted anew; y, C (N, T, K)."""
    N, T, K = y.shape
    unit, year = np.repeat(np.eye(N), T, axis=0), np.tile(np.eye(T), (N, 1))
    basis = np.linalg.qr(np.hstack([unit, year[:, 1:]]))[0]
    factor = N / (N - 1) * (N * T - 1) / (N * T - N - T)
    moves, p = orders(C, rng), np.empty(K)
    for k in range(K):
        x = np.array([C[move, :, k].ravel() for move in moves]).T
        x = x - basis @ (basis.T @ x)
        v = y[:, :, k].ravel()
        v = v - basis @ (basis.T @ v)
        slope = (v @ x) / (x * x).sum(axis=0)
        scores = (x * (v[:, None] - x * slope)).reshape(N, T, -1).sum(axis=1)
        t = np.abs(slope) / np.sqrt(factor * (scores**2).sum(axis=0)) * (x * x).sum(axis=0)
        p[k] = (t >= t[0] * (1 - 1e-9)).mean()
    return p


def by_pyfixest(y: np.ndarray, C: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """p (K,) of pyfixest's wild cluster bootstrap, null imposed, Rademacher signs."""
    import pyfixest as pf
    from run import compiled_once

    compiled_once()
    N, T, K = y.shape
    p = np.empty(K)
    for k in range(K):
        cells = pd.DataFrame({"y": y[:, :, k].ravel(), "x": C[:, :, k].ravel()})
        cells["unit"], cells["year"] = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
        fit = pf.feols("y ~ x | unit + year", cells, vcov={"CRV1": "unit"})
        row = fit.wildboottest(reps=DRAWS, param="x", cluster="unit", seed=int(rng.integers(2**31)))
        p[k] = float(row["Pr(>|t|)"])
    return p


def measure(panel: pa.Panel, pool: np.ndarray, units: int, slope: float, panels: int, seed: int) -> dict:
    """Shares of dimensions found by this package and by the peer on the same panels, and their difference."""
    found = np.empty((panels, 2))
    peer = by_pyfixest if units >= BOOTSTRAP else by_permutation
    for place, (null, rng) in enumerate(null_panels(panel, pool, units, "random", panels, seed)):
        truth = replace(null, scores=null.scores + 10 * slope * null.completion)
        own, _ = judge(truth, "auto", rng)
        used = truth.completion.any(axis=(1, 2)) | (units < AMONG_PROGRAMMES)
        found[place] = [
            (p <= SIZE + 1e-12).mean() for p in (own, peer(truth.scores[used], truth.completion[used], rng))
        ]
    difference = found[:, 0] - found[:, 1]
    return {
        "programme_units": units,
        "peer": "wildboottest" if peer is by_pyfixest else "permutation",
        "slope": slope,
        "own_power": found[:, 0].mean().round(4),
        "peer_power": found[:, 1].mean().round(4),
        "difference": difference.mean().round(4),
        "mc_error": (difference.std() / np.sqrt(panels)).round(4),
        "panels": panels,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--units", type=int, nargs="+", default=[*SLOPES], help="numbers of programme units")
    parser.add_argument("--out", help="a CSV file for the table; printed unless given")
    options = parser.parse_args()
    panel = complete_panel()
    pool = paths(panel, 3, options.seed)
    table = pd.DataFrame(
        [measure(panel, pool, units, SLOPES[units], options.panels, options.seed) for units in options.units]
    )
    table.to_csv(options.out, index=False) if options.out else print(table.to_string(index=False))


if __name__ == "__main__":
    main()
