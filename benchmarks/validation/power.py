"""What one test of the whole family finds: the plain mean, the standardised mean, and any dimension by the joint p.

Scores as in ``designs.py``, with noise that grows from .5 in the first dimension to 1.8 in the last. ``gap`` gives the
programme to units at random for three of ten years and asks for the mean gap (lagged-outcome adjustment); ``slope``
asks ``completion_slopes``' default for three units. ``effects``:

``none``   nothing: the share found is the size of the test, nominally 5%
``all``    the same effect in points in all dimensions, 2.8 spreads of the plain mean
``half``   twice that effect in every second dimension, from the first
``quiet``  an effect in the first dimension alone, 4 of its spreads
``noisy``  an effect in the last dimension alone, 4 of its spreads

A spread is the standard deviation of the estimate over units (or sets of units) that nothing moved. ``mean``,
``standardised_mean`` and ``any_of_six`` are the shares of panels with p <= 0.05; each is one test, chosen before.

    OPENBLAS_NUM_THREADS=1 python benchmarks/validation/power.py --panels 300 --out benchmarks/validation/power.csv
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from designs import DRAWS, SIZE, START, Design, K, N, draw, panel_of, scores

import papi_analysis as pa
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.draws import StudentisedDraws
from papi_analysis.estimation.placebo_draws import Placebos
from papi_analysis.estimation.placebos import placebos

NOISE = np.array([0.5, 0.7, 0.9, 1.1, 1.4, 1.8])
EFFECTS = ("none", "all", "half", "quiet", "noisy")


def effect_sizes(spread_of_mean: float, spreads: np.ndarray) -> dict[str, np.ndarray]:
    """Effects (K,) by name, from the spreads of the mean and of each dimension."""
    equal, place = 2.8 * spread_of_mean * np.ones(K), np.arange(K)
    return {
        "none": 0 * equal,
        "all": equal,
        "half": 2 * equal * (place % 2 == 0),
        "quiet": 4 * spreads * (place == 0),
        "noisy": 4 * spreads * (place == K - 1),
    }


def found(question: str, units: int, rng: np.random.Generator, seed: int) -> np.ndarray:
    """Whether each test finds each effect (effects, 3) on one panel; what an effect does to the draws is linear."""
    engine = _gaps(units, rng, seed) if question == "gap" else _slopes(units, rng, seed)
    mean = engine.mean() if isinstance(engine, Placebos) else engine.mean_slope()
    sizes = effect_sizes(float(mean.standard_errors[0]), engine.standard_errors)
    p = []
    for name in EFFECTS:
        moved = _moved(engine, sizes[name])
        mean = moved.mean() if isinstance(moved, Placebos) else moved.mean_slope()
        p.append((mean.p[0], moved.standardised_mean_p(), moved.p_joint.min()))
    return np.array(p) <= SIZE + 1e-12


def _gaps(units: int, rng: np.random.Generator, seed: int) -> Placebos:
    who = np.sort(rng.choice(N, units, replace=False))
    return placebos(programme_design(scores(rng) * NOISE, who, START), draws=DRAWS, rng=seed)


def _slopes(units: int, rng: np.random.Generator, seed: int) -> StudentisedDraws:
    y, C, _ = draw(Design("random", units), rng)
    return pa.completion_slopes(panel_of(y * NOISE, C), draws=DRAWS, rng=seed).engines[0]


def _moved(engine: Placebos | StudentisedDraws, effect: np.ndarray) -> Placebos | StudentisedDraws:
    """The same draws with effects (K,) in the treated cells."""
    if isinstance(engine, Placebos):
        return replace(engine, scores=engine.scores + engine.responses * effect)
    slopes = engine.coefficients + effect
    shown = np.vstack([engine.slope0 + slopes * engine.slope1, *([] if engine.exact else [slopes])])
    covariance = np.cov(shown.T, bias=True)  # three units are judged by the spread over the draws
    return replace(
        engine, coefficients=slopes, covariance=covariance, cov00=np.broadcast_to(covariance, engine.cov00.shape)
    )


CASES = (("gap", 1), ("gap", 3), ("slope", 3))


def measure(panels: int, seed: int) -> pd.DataFrame:
    """A row for each question, number of units and effects."""
    rows = []
    for question, units in CASES:
        rng = np.random.default_rng([seed, units, *question.encode()])
        share = np.mean([found(question, units, rng, place) for place in range(panels)], axis=0).round(3)
        for name, shares in zip(EFFECTS, share, strict=True):
            shown = dict(zip(("mean", "standardised_mean", "any_of_six"), shares, strict=True))
            rows.append({"question": question, "programme_units": units, "effects": name, **shown, "panels": panels})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=int, default=300, help="panels in each row (default 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="a CSV file for the table; printed unless given")
    options = parser.parse_args()
    table = measure(options.panels, options.seed)
    table.to_csv(options.out, index=False) if options.out else print(table.to_string(index=False))


if __name__ == "__main__":
    main()
