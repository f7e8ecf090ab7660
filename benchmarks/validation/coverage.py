"""Coverage with known truth: how often the intervals of ``completion_slopes`` hold the slope that was put in.

The scores are the real ones plus a known slope times simulated completion. In each study the programme units are drawn
anew, each with the completion that the simulator makes for one unit (tasks of 2018-2020, a path of its own in each
dimension), so that what the real scores did by themselves goes with completion by chance alone. Inference is ``auto``.

``slopes``: with ``common`` every unit has the slope of 0.05 points per 10 percentage points; with ``unequal`` each has
its own, drawn evenly between 0 and twice that, and the truth is the mean over the study's programme units. ``path``:
``own`` for each unit, or ``one`` that all of them followed. ``form`` and ``inference`` are what ``completion_slopes``
used by itself: imputation, or levels where every unit has a programme and no cell is untouched; reassignment over all
units, or the bootstrap.

``coverage_each`` counts the intervals of the six dimensions one by one, ``coverage_all`` the simultaneous ones at
once, ``coverage_mean`` the interval of the mean slope, ``coverage_within`` that of the row 'within', where there is one
programme. ``error`` is the larger Monte Carlo error of ``coverage_all`` and ``coverage_mean``. ``attainable`` is the
largest false-alarm rate at or below 5% that the design can give; where it can give none there is no interval, and
it is the smallest p-value.

The table ``data/validation/coverage.csv`` comes from

    OPENBLAS_NUM_THREADS=1 python benchmarks/validation/coverage.py --studies 2000 --out data/validation/coverage.csv
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import scipy

import papi_analysis as pa
from papi_analysis.credibility.long_runs import run_all
from papi_analysis.credibility.simulation import simulate_study

SLOPE, LEVEL, DRAWS, SETS, TOGETHER = 0.05, 0.95, 399, 40, 100


class Case(NamedTuple):
    """So many programme units among so many units, the paths of completion, and the slopes."""

    programme_units: int
    units: int
    path: str
    slopes: str


CASES = [
    Case(1, 63, "own", "common"),
    *(Case(count, 63, "own", slopes) for count in (3, 5, 8, 20, 63) for slopes in ("common", "unequal")),
    Case(8, 63, "one", "common"),
    Case(1, 15, "own", "common"),
]


class Job(NamedTuple):
    """Studies ``first`` to ``last`` of a case; each has a generator of its own, made of the seed and these numbers."""

    case: int
    first: int
    last: int
    seed: int


def paths(panel: pa.Panel, sets: int, seed: int) -> np.ndarray:
    """Simulated completion (sets * N, T, K) of units, those without a gap."""
    studies = [simulate_study(panel, 0.0, rng=np.random.default_rng([seed, s])) for s in range(sets)]
    drawn = np.concatenate([pa.Panel.from_study(study).completion for study in studies])
    return drawn[np.isfinite(drawn).all(axis=(1, 2))]


def study(panel: pa.Panel, pool: np.ndarray, case: Case, rng: np.random.Generator) -> tuple[pa.Panel, float]:
    """One study with known slopes: the panel, and the true mean slope in points per 10 percentage points."""
    among = np.sort(rng.choice(len(panel.units), case.units, replace=False))
    who = rng.choice(case.units, case.programme_units, replace=False)
    which = rng.choice(len(pool), case.programme_units, replace=False)
    slopes = np.full(case.programme_units, SLOPE)
    if case.slopes == "unequal":
        slopes = 2 * SLOPE * rng.random(case.programme_units)
    done = np.zeros((case.units, *panel.scores.shape[1:]))
    done[who] = pool[which[:1] if case.path == "one" else which]
    scores = panel.scores[among].copy()
    scores[who] += 10 * slopes[:, None, None] * done[who]
    units = tuple(panel.units[place] for place in among)
    return replace(panel, scores=scores, completion=done, units=units), float(slopes.mean())


def judge(panel: pa.Panel, truth: float, rng: np.random.Generator, draws: int = DRAWS) -> list[float]:
    """Each, all six, the mean, within, missing where there is no interval; the attainable size."""
    answer = pa.completion_slopes(panel, draws=draws, level=LEVEL, rng=rng)
    table = answer.table.set_index("dimension")
    each, mean = table.loc[list(panel.dimensions)], table.loc["mean"]
    within = table.loc["within"] if "within" in table.index else None
    together = answer.interval(LEVEL, simultaneous=True).iloc[: len(each)]
    size = answer.engines[0].attainable_size(LEVEL).min() or answer.engines[0].floor.max()
    return [
        np.mean([covers(row, truth) for _, row in each.iterrows()]),
        min(covers(row, truth) for _, row in together.iterrows()),
        covers(mean, truth),
        np.nan if within is None else covers(within, truth),
        float(size),
    ]


def covers(row: pd.Series, truth: float) -> float:
    return np.nan if np.isnan(row["low"]) else float(row["low"] <= truth <= row["high"])


def judge_all(panel: pa.Panel, pool: np.ndarray, draws: int, job: Job) -> np.ndarray:
    """The studies of one job, a row each."""
    rows = []
    for number in range(job.first, job.last):
        rng = np.random.default_rng([job.seed, job.case, number])
        made, truth = study(panel, pool, CASES[job.case], rng)
        rows.append(judge(made, truth, rng, draws))
    return np.array(rows)


def chosen(panel: pa.Panel, pool: np.ndarray, case: Case) -> dict[str, str]:
    """Which slope and which inference the default is in this case."""
    made, _ = study(panel, pool, case, np.random.default_rng(0))
    design = pa.completion_slopes(made, draws=19).design
    return {"form": design.form, "inference": design.inference}


def summary(case: Case, default: dict[str, str], rows: np.ndarray, seed: int) -> dict:
    """One row of the table."""
    each, together, mean, within = (share(rows[:, column]) for column in range(4))
    errors = rows[:, 1:3].std(axis=0).max() / np.sqrt(len(rows))
    return {
        "programme_units": case.programme_units,
        "units": case.units,
        "path": case.path,
        **default,
        "slopes": case.slopes,
        "coverage_each": each,
        "coverage_all": together,
        "coverage_mean": mean,
        "coverage_within": within,
        "attainable": rows[:, 4].mean().round(4),
        "error": errors.round(4),
        "studies": len(rows),
        "draws": DRAWS,
        "seed": seed,
        "versions": f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}",
    }


def share(values: np.ndarray) -> float:
    return np.nan if np.isnan(values).all() else round(float(np.nanmean(values)), 4)


def measure(
    panel: pa.Panel, pool: np.ndarray, places: list[int], studies: int, seed: int, folder: str | None
) -> pd.DataFrame:
    """The table for the cases at these places, the studies in jobs that can be done anywhere and in any order."""
    steps = range(0, studies, TOGETHER)
    jobs = [Job(case, first, min(first + TOGETHER, studies), seed) for case in places for first in steps]
    done = run_all(partial(judge_all, panel, pool, DRAWS), jobs, label="coverage", folder=folder)
    rows = []
    for case in places:
        own = [part for job, part in zip(jobs, done, strict=True) if job.case == case]
        rows.append(summary(CASES[case], chosen(panel, pool, CASES[case]), np.concatenate(own), seed))
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000, help="studies of each case (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="places in the list of cases")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", help="where finished parts are kept, so that a run can be interrupted")
    parser.add_argument("--out", help="a CSV file for the table; printed unless given")
    options = parser.parse_args()
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    pool = paths(panel, SETS, options.seed)
    with joblib.parallel_config(n_jobs=options.workers):
        table = measure(panel, pool, list(options.cases), options.studies, options.seed, options.folder)
    table.to_csv(options.out, index=False) if options.out else print(table.to_string(index=False))


if __name__ == "__main__":
    main()
