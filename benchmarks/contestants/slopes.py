"""Slopes by this package and by its peers: what is timed, and what of it must agree.

Every function gets the number of programme units (or of all units) and gives a call and what makes of its result an
array to compare with the other side's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cases import DRAWS, LOOPS

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_study
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import cr1_joint
from papi_analysis.estimation.specification import Specification, equations

FORMULA = "score ~ completion + C(unit) + C(year)"

Side = tuple[Callable[[], Any], Callable[[Any], Any]]


def _same(result: Any) -> Any:
    return result


def _panel(units: int) -> pa.Panel:
    """The published scores of the provinces without a gap, with simulated programmes and a true slope."""
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    panel = pa.Panel.from_study(simulate_study(panel, 0.05, units=units, rng=1))
    complete = panel.usable.all(axis=(1, 2))
    frame = panel.frame()[np.repeat(complete, panel.scores[0].size)]
    return pa.Panel.from_frames(frame.drop(columns="completion"), frame.drop(columns="score"))


def _tables(panel: pa.Panel) -> list[pd.DataFrame]:
    """One table of cells for each dimension, units as numbers."""
    cells = panel.frame().assign(unit=lambda frame: pd.factorize(frame["unit"])[0])
    return [cells[cells["dimension"] == dimension].reset_index(drop=True) for dimension in panel.dimensions]


def clustered(units: int) -> Side:
    """Six slopes and their CR1 standard errors (2, K)."""
    panel = _panel(units)

    def call() -> np.ndarray:
        fits = equations(panel, Specification()).fit(np.ones(len(panel.units), dtype=bool))
        return np.array([[fit.coefficients[0] for fit in fits], np.sqrt(np.diag(cr1_joint(fits, len(panel.units))))])

    return call, _same


def clustered_statsmodels(units: int) -> Side:
    import statsmodels.formula.api as smf

    tables = _tables(_panel(units))

    def call() -> np.ndarray:
        fits = [smf.ols(FORMULA, t).fit(cov_type="cluster", cov_kwds={"groups": t["unit"]}) for t in tables]
        return np.array([[f.params["completion"] for f in fits], [f.bse["completion"] for f in fits]])

    return call, _same


def bootstrap(units: int) -> Side:
    """Six equations fitted and bootstrapped together, p-values, joint p-values and intervals; p (K,) is compared."""
    panel = _panel(units)

    def call() -> np.ndarray:
        fits = equations(panel, Specification()).fit(np.ones(len(panel.units), dtype=bool))
        result = wild_bootstrap(fits, draws=DRAWS)
        return (result.p, result.p_joint, result.interval(0.95))[0]

    return call, _same


def bootstrap_pyfixest(units: int) -> Side:
    """Six p-values, one at a time, of equations that are fitted already."""
    import pyfixest as pf

    tables = _tables(_panel(units))
    fits = [pf.feols("score ~ completion | unit + year", table, vcov={"CRV1": "unit"}) for table in tables]

    def call() -> np.ndarray:
        rows = [f.wildboottest(reps=DRAWS, param="completion", cluster="unit", seed=k) for k, f in enumerate(fits)]
        return np.array([float(row["Pr(>|t|)"]) for row in rows])

    return call, _same


def bootstrap_pyfixest_compiled_once(units: int) -> Side:
    """The same; wildboottest defines its loop in a method and compiles it at every call, here it keeps the first."""
    import numba
    import wildboottest.wildboottest as peer

    kept: dict[object, Callable] = {}
    peer.njit = lambda **options: lambda loop: kept.setdefault(loop.__code__, numba.njit(**options)(loop))
    return bootstrap_pyfixest(units)


def reassignment(units: int) -> Side:
    """Whole programmes reassigned over all units: p-values and joint p-values; the first |t| are compared."""
    panel = _panel(units)

    def call() -> Any:
        result = reassign(panel.scores, panel.completion, draws=DRAWS)
        assert np.isfinite([result.p, result.p_joint]).all()
        return result

    return call, lambda result: np.abs(result.draws[:LOOPS])


def _reassignment_loop(units: int, by_formula: bool) -> Side:
    """The same in a loop: completion given to other units, six equations fitted anew; gives |t| (LOOPS, K)."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    panel = _panel(units)
    tables = _tables(panel)
    sources = possible_assignments(panel.completion).sample(LOOPS, np.random.default_rng(0))
    designs = [smf.ols(FORMULA, table) for table in tables]
    column = designs[0].exog_names.index("completion")
    matrices = [design.exog.copy() for design in designs]

    def fitted(k: int, completion: np.ndarray) -> float:
        table, X = tables[k], matrices[k]
        X[:, column] = completion
        model = smf.ols(FORMULA, table.assign(completion=completion)) if by_formula else sm.OLS(table["score"], X)
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": table["unit"]})
        return abs(float(np.asarray(fit.tvalues)[column]))  # computed only when asked for

    def call() -> np.ndarray:
        moved = panel.completion[sources]
        return np.array([[fitted(k, cells[:, :, k].ravel()) for k in range(len(tables))] for cells in moved])

    return call, _same


reassignment_formulas = partial(_reassignment_loop, by_formula=True)
reassignment_arrays = partial(_reassignment_loop, by_formula=False)


def growing(units: int) -> Side:
    """The public question on 20 years and six dimensions: the joint bootstrap with everything that its answer holds."""
    rng = np.random.default_rng(0)
    cells = pd.MultiIndex.from_product(
        [[f"u{i:05d}" for i in range(units)], range(2001, 2021), [f"D{k}" for k in range(6)]],
        names=["unit", "year", "dimension"],
    ).to_frame(index=False)
    start = np.repeat(rng.integers(2004, 2018, units), 120)
    done = (0.2 * (cells["year"] - start)).clip(0, 1) * np.repeat(rng.random(units), 120)
    panel = pa.Panel.from_frames(
        cells.assign(score=rng.normal(5, 0.5, len(cells)) + 0.1 * done), cells.assign(completion=done)
    )
    return lambda: pa.completion_slopes(panel, inference="bootstrap", draws=DRAWS), lambda answer: answer.table["p"]
