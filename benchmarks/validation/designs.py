"""False alarms, bias and coverage of the slopes in many designs, known truth, the default beside the two-way slope.

Scores: 60 units, 10 years, six dimensions that correlate by .4; unit effects, an autoregression of .6 and the noise of
one year, in the proportions of the published panel (a year's score has a reliability of about .8, .4 to .7 of a lead
lasts). Programmes start in the eighth year unless staggered, and reach 0.15 to 1 of completion. Each row is a design:

``random``            any units
``highest``           drawn from the fifteen (or more) that stood highest in the year before, one alone being the first,
                      and the spread of all scores shrinks to .75 when the programmes start
``concentrated``      two of twenty units bring nearly all of the completion
``unequal noise``     the units with more completion than the median have twice the noise
``regional``          units in six regions with shocks of their own, programmes in two of them only; without and with
                      the regions as strata
``staggered``         starts in the fourth, sixth and eighth year; effects none, or growing, late, fading, or by unit

``one``, ``any_of_six`` and ``mean`` are false alarms at a nominal 5% with programmes that do nothing (p, p_joint, and p
of the mean slope). ``bias`` is the mean error of the mean slope as a share of its true value, with its Monte Carlo
error, ``coverage`` that of a nominal 95% interval of one dimension, both with effects. The true slope of a panel is the
mean of effect / completion over the programme cells that are compared, with weights C^2.

    OPENBLAS_NUM_THREADS=1 python benchmarks/validation/designs.py --panels 1000 --out data/validation/designs.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

import papi_analysis as pa
from papi_analysis.estimation.imputation import programmes
from papi_analysis.estimation.inference import Judging
from papi_analysis.estimation.multiplicity import p_values
from papi_analysis.estimation.slopes import judge
from papi_analysis.estimation.specification import Specification, equations

N, T, K, START, SIZE, DRAWS = 60, 10, 6, 7, 0.05, 299
REGIONS = np.arange(N) % 6
UNITS = [f"u{i:02d}" for i in range(N)]
CORRELATION = np.linalg.cholesky(np.full((K, K), 0.4) + 0.6 * np.eye(K))


class Design(NamedTuple):
    """Who has programmes, and what they do: the effect of each cell from completion and years since the start."""

    name: str
    programme_units: int
    adopters: str = "random"
    starts: tuple[int, ...] = (START,)
    doses: str = "even"
    noise: str = "equal"
    strata: bool = False
    effect: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] = lambda C, since, own: C


def growing(C: np.ndarray, since: np.ndarray, own: np.ndarray) -> np.ndarray:
    return C * since[:, :, None] / 3


def late(C: np.ndarray, since: np.ndarray, own: np.ndarray) -> np.ndarray:
    return C * (since > 1)[:, :, None]


def fading(C: np.ndarray, since: np.ndarray, own: np.ndarray) -> np.ndarray:
    return C / np.maximum(since, 1)[:, :, None]


def by_unit(C: np.ndarray, since: np.ndarray, own: np.ndarray) -> np.ndarray:
    return C * own[:, None, None]


STAGGERED = (3, 5, 7)
DESIGNS = (
    *(Design("random", units) for units in (1, 2, 3, 5, 8, 20, 40, 57)),
    *(Design("highest", units, adopters="highest") for units in (1, 3, 8, 20)),
    Design("concentrated", 20, doses="concentrated"),
    *(Design("unequal noise", units, noise="by completion") for units in (3, 5, 10, 20)),
    *(Design("regional", units, adopters="regional", noise="regional") for units in (10, 20)),
    Design("regional, strata", 10, adopters="regional", noise="regional", strata=True),
    *(Design("staggered, equal effects", units, starts=STAGGERED) for units in (3, 10, 20, 48)),
    *(
        Design(f"staggered, {effect.__name__.replace('_', ' ')}", 20, starts=STAGGERED, effect=effect)
        for effect in (growing, late, fading, by_unit)
    ),
)


def scores(rng: np.random.Generator) -> np.ndarray:
    """Scores (N, T, K) without any programme."""
    e = np.zeros((N, T, K))
    e[:, 0] = rng.normal(size=(N, K))
    for t in range(1, T):
        e[:, t] = 0.6 * e[:, t - 1] + 0.8 * rng.normal(size=(N, K))
    parts = rng.normal(size=(N, 1, K)) + 0.7 * e + 0.5 * rng.normal(size=(N, T, K))
    return parts @ CORRELATION.T + rng.normal(size=(1, T, K))


def draw(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores without a programme, completion and effects, each (N, T, K)."""
    y, units = scores(rng), design.programme_units
    if design.adopters == "highest":
        highest = np.argsort(-y[:, START - 1].mean(axis=1))
        may = highest[:1] if units == 1 else highest[: max(15, units + 5)]
        y[:, START:] *= 0.75
    else:
        may = np.flatnonzero(REGIONS < 2) if design.adopters == "regional" else np.arange(N)
    C, since = np.zeros((N, T, K)), np.zeros((N, T), dtype=int)
    for place, unit in enumerate(rng.choice(may, units, replace=False)):
        start = design.starts[place % len(design.starts)]
        n = T - start
        path = 0.5 * np.sort(rng.random((n, K)), axis=0) + 0.5 * np.linspace(0.3, 1, n)[:, None]
        C[unit, start:] = path * (0.05 if design.doses == "concentrated" and place > 1 else 1.0)
        since[unit, start:] = np.arange(1, n + 1)
    if design.noise == "by completion":
        most = C.sum(axis=(1, 2)) > np.median(C.sum(axis=(1, 2))[C.any(axis=(1, 2))])
        y[most] += np.sqrt(3 * (0.7**2 + 0.5**2)) * rng.normal(size=(int(most.sum()), T, K)) @ CORRELATION.T
    elif design.noise == "regional":
        y += 0.6 * rng.normal(size=(6, T, K))[REGIONS]
    return y, C, design.effect(C, since, 2 * rng.random(N))


def panel_of(y: np.ndarray, C: np.ndarray) -> pa.Panel:
    """A panel of arrays, unchecked, for speed."""
    dimensions = tuple(f"D{k + 1}" for k in range(K))
    years = tuple(range(2001, 2001 + T))
    return pa.Panel(y, C, tuple(UNITS), years, dimensions, pd.DataFrame(columns=["dimension", "year", "kind"]), ())


def truth(C: np.ndarray, effects: np.ndarray, panel: pa.Panel) -> np.ndarray:
    """True slopes (K,) over the programme cells that imputation compares; all cells where there are none."""
    laid = programmes(equations(panel, Specification()))
    used = np.zeros(C.shape, dtype=bool)
    for c in laid.comparisons:
        used[laid.units[c.own], c.year] = True
    used = used if used.any() else np.ones(C.shape, dtype=bool)
    return np.asarray((C * effects * used).sum(axis=(0, 1)) / (C**2 * used).sum(axis=(0, 1)))


def measure(design: Design, form: str, panels: int, seed: int = 0) -> dict:
    """One row of the table."""
    rng = np.random.default_rng([seed, *design.name.encode(), design.programme_units])
    alarms, errors, covered = np.empty((panels, 3)), np.empty(panels), np.empty((panels, K))
    for place in range(panels):
        y, C, effects = draw(design, rng)
        family, mean, engine = _family(panel_of(y, C), form, design.strata, place)
        own = family.p_joint.min()
        alarms[place] = (family.p <= SIZE + 1e-12).mean(), own <= SIZE + 1e-12, mean.p[0] <= SIZE + 1e-12
        moved = panel_of(y + effects, C)
        true = truth(C, effects, moved)
        family, _, engine = _family(moved, form, design.strata, place)
        errors[place] = family.coefficients.mean() / true.mean() - 1
        delta = family.coefficients - true
        covered[place] = p_values(delta / family.standard_errors, family.at(delta), exact=family.exact) > SIZE + 1e-12
    return {
        "design": design.name,
        "programme_units": design.programme_units,
        "form": form,
        "inference": engine,
        **dict(zip(("one", "any_of_six", "mean"), alarms.mean(axis=0).round(4), strict=True)),
        "bias": errors.mean().round(3),
        "bias_error": (errors.std() / np.sqrt(panels)).round(3),
        "coverage": covered.mean().round(4),
        "panels": panels,
    }


def _family(panel: pa.Panel, form: str, strata: bool, seed: int):
    spec = Specification(form=form)
    eq = equations(panel, spec)
    _, judged = judge(panel, eq, spec, Judging(strata=REGIONS if strata else None, draws=DRAWS, rng=seed))
    return judged.family, judged.family.mean_slope(), judged.inference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=int, default=1000, help="panels in each row (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--designs", nargs="+", help="only designs whose name starts with one of these")
    parser.add_argument("--out", help="a CSV file for the table; printed unless given")
    options = parser.parse_args()
    asked = [d for d in DESIGNS if not options.designs or d.name.startswith(tuple(options.designs))]
    rows = []
    for design in asked:
        for form in ("imputation", "levels"):
            rows.append(measure(design, form, options.panels, options.seed))
            table = pd.DataFrame(rows)
            table.to_csv(options.out, index=False) if options.out else print(
                table.tail(1).to_string(header=len(rows) == 1)
            )


if __name__ == "__main__":
    main()
