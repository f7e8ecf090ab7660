"""False alarms of the slopes on the published panel, with programmes that do nothing.

The scores are the real ones and are never touched. Programmes are put on units that have no part in them: each gets
the completion that the simulator makes for one unit (tasks of 2018-2020, a path of its own in each dimension). Every
true slope is 0, so whatever is significant is a false alarm.

Two ways to choose the units: ``random``, any of the panel; ``highest``, drawn from the third that stood highest in
the year before the programme (mean of the dimensions). Two inferences: ``clustered``, the usual CR1 t-test of the
two-way slope, each dimension at 5%; ``auto``, what ``completion_slopes`` does unless told otherwise: ``one`` counts p
and ``any_of_six`` counts p_joint.

The table beside this file comes from

    OPENBLAS_NUM_THREADS=1 python benchmarks/validation/false_alarms.py --panels 4000 \\
        --out benchmarks/validation/false_alarms.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_study
from papi_analysis.estimation.inference import Judging
from papi_analysis.estimation.slopes import judge as judge_slopes
from papi_analysis.estimation.specification import Specification, equations

UNITS = (1, 3, 5, 8, 10, 20, 63)
ADOPTERS = ("random", "highest")
START, SIZE, DRAWS, SETS = 2018, 0.05, 299, 20


def paths(panel: pa.Panel, sets: int, seed: int) -> np.ndarray:
    """Simulated completion (sets * N, T, K) of units whose tasks do nothing, those without a gap."""
    studies = [simulate_study(panel, 0.0, rng=np.random.default_rng([seed, s])) for s in range(sets)]
    drawn = np.concatenate([pa.Panel.from_study(study).completion for study in studies])
    return drawn[np.isfinite(drawn).all(axis=(1, 2))]


def candidates(panel: pa.Panel, adopters: str) -> np.ndarray:
    """Places of the units that may have a programme."""
    if adopters == "random":
        return np.arange(len(panel.units))
    standing = np.nanmean(panel.scores[:, panel.position("year", START - 1)], axis=1)
    return np.argsort(-standing)[: len(standing) // 3]


def null_panels(
    panel: pa.Panel, pool: np.ndarray, units: int, adopters: str, panels: int, seed: int
) -> Iterator[tuple[pa.Panel, np.random.Generator]]:
    """Panels with programmes that do nothing on ``units`` units, and a generator for what is drawn from each."""
    rng = np.random.default_rng([seed, units, ADOPTERS.index(adopters)])
    may = candidates(panel, adopters)
    for _ in range(panels):
        done = np.zeros_like(panel.scores)
        done[rng.choice(may, units, replace=False)] = pool[rng.choice(len(pool), units, replace=False)]
        yield replace(panel, completion=done), rng


def judge(panel: pa.Panel, inference: str, rng: np.random.Generator, draws: int = DRAWS) -> tuple[np.ndarray, float]:
    """p (K,) and the smallest p_joint, as ``completion_slopes`` has them, without its intervals and tables.

    For the usual inference the second is the smallest of the six p-values: nothing in it is joint.
    """
    spec = Specification(form="levels" if inference == "clustered" else "imputation")
    eq = equations(panel, spec)
    _, judged = judge_slopes(panel, eq, spec, Judging(inference, override=True, draws=draws, rng=rng))
    return judged.family.p, (judged.family.p if inference == "clustered" else judged.family.p_joint).min()


def measure(
    panel: pa.Panel,
    pool: np.ndarray,
    units: int,
    adopters: str,
    inference: str,
    panels: int,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict:
    """One row of the table: shares of panels with a false alarm, and the larger Monte Carlo error of the two."""
    one, any_of_six = np.empty(panels), np.empty(panels)
    for place, (null, rng) in enumerate(null_panels(panel, pool, units, adopters, panels, seed)):
        p, joint = judge(null, inference, rng, draws)
        one[place], any_of_six[place] = (p <= SIZE + 1e-12).mean(), joint <= SIZE + 1e-12
    return {
        "programme_units": units,
        "adopters": adopters,
        "inference": inference,
        "one": one.mean().round(4),
        "any_of_six": any_of_six.mean().round(4),
        "panels": panels,
        "mc_error": (max(one.std(), any_of_six.std()) / np.sqrt(panels)).round(4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=int, default=1000, help="null panels in each row (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--units", type=int, nargs="+", default=UNITS, help="numbers of programme units")
    parser.add_argument("--inference", nargs="+", default=("clustered", "auto"))
    parser.add_argument("--out", help="a CSV file for the table; printed unless given")
    options = parser.parse_args()
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    pool = paths(panel, SETS, options.seed)
    rows = [
        measure(panel, pool, units, adopters, inference, options.panels, options.seed)
        for inference in options.inference
        for adopters in ADOPTERS
        for units in options.units
        if units <= len(candidates(panel, adopters))
    ]
    table = pd.DataFrame(rows)
    table.to_csv(options.out, index=False) if options.out else print(table.to_string(index=False))


if __name__ == "__main__":
    main()
