"""How fast slopes and counterfactuals are beside the usual packages: the same data, one process, after a warm-up.

Prints medians and ratios and writes the ratios to benchmarks/results.md. ``make bench`` runs it.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.api as sm
import statsmodels.formula.api as smf
import wildboottest.wildboottest as peer
from impact_peers import PYSYNCON_UNITS, diff_diff_control, diff_diff_sdid, placebos_of, pysyncon_peer

import papi_analysis as pa
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import cr1_joint
from papi_analysis.estimation.specification import Specification, equations

DRAWS, LOOPS, REPEATS = 9999, 20, 5
FORMULA = "score ~ completion + C(unit) + C(year)"
PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "pyfixest", "wildboottest", "numba", "pysyncon", "diff-diff")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
RESULTS = Path(__file__).with_name("results.md")

Call = Callable[[], object]


def simulated_panel(units: int) -> pa.Panel:
    """The published scores of the provinces without a gap, with simulated programmes and a true slope."""
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    panel = pa.Panel.from_study(pa.simulate_study(panel, 0.05, units=units, rng=1))
    complete = panel.usable.all(axis=(1, 2))
    frame = panel.frame()[np.repeat(complete, panel.scores[0].size)]
    return pa.Panel.from_frames(frame.drop(columns="completion"), frame.drop(columns="score"))


def frames(panel: pa.Panel) -> list[pd.DataFrame]:
    """One table of cells for each dimension, units as numbers."""
    cells = panel.frame().assign(unit=lambda frame: pd.factorize(frame["unit"])[0])
    return [cells[cells["dimension"] == dimension].reset_index(drop=True) for dimension in panel.dimensions]


def seconds(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def medians(*calls: Call) -> list[float]:
    """Median seconds of each call, taken in turns, after a turn that does not count."""
    times = [[seconds(call) for call in calls] for _ in range(REPEATS + 1)]
    return [float(value) for value in np.median(times[1:], axis=0)]


def usual(panel: pa.Panel) -> np.ndarray:
    """Six slopes and their CR1 standard errors (2, K)."""
    fits = equations(panel, Specification()).fit(np.ones(len(panel.units), dtype=bool))
    covariance = cr1_joint(fits, len(panel.units))
    return np.array([[fit.coefficients[0] for fit in fits], np.sqrt(np.diag(covariance))])


def usual_peer(tables: list[pd.DataFrame]) -> np.ndarray:
    fits = [smf.ols(FORMULA, t).fit(cov_type="cluster", cov_kwds={"groups": t["unit"]}) for t in tables]
    return np.array([[f.params["completion"] for f in fits], [f.bse["completion"] for f in fits]])


def bootstrap(panel: pa.Panel) -> np.ndarray:
    """Six equations fitted and bootstrapped together, p-values, joint p-values and intervals; gives p (K,)."""
    fits = equations(panel, Specification()).fit(np.ones(len(panel.units), dtype=bool))
    result = wild_bootstrap(fits, draws=DRAWS)
    return (result.p, result.p_joint, result.interval(0.95))[0]


def bootstrap_peer(fits: list) -> np.ndarray:
    """Six p-values, one at a time, of equations that are fitted already."""
    rows = [fit.wildboottest(reps=DRAWS, param="completion", cluster="unit", seed=k) for k, fit in enumerate(fits)]
    return np.array([float(row["Pr(>|t|)"]) for row in rows])


def compiled_once() -> None:
    """Let wildboottest keep its compiled loop: it defines the loop inside a method and compiles it at every call."""
    if peer.njit is numba.njit:
        kept: dict[object, Callable] = {}
        peer.njit = lambda **options: lambda loop: kept.setdefault(loop.__code__, numba.njit(**options)(loop))


def permutations(panel: pa.Panel) -> tuple[np.ndarray, np.ndarray]:
    """Whole programmes reassigned over all units: p-values and joint p-values."""
    result = reassign(panel.scores, panel.completion, draws=DRAWS)
    return result.p, result.p_joint


def permutations_peer(panel: pa.Panel, by_formula: bool) -> None:
    """The same in a loop: completion given to other units, six equations fitted anew, by formula or on arrays."""
    rng, tables = np.random.default_rng(0), frames(panel)
    designs = [smf.ols(FORMULA, table) for table in tables]
    column = designs[0].exog_names.index("completion")
    matrices = [design.exog.copy() for design in designs]
    for _ in range(LOOPS):
        moved = panel.completion[rng.permutation(len(panel.units))]
        for k, (table, X) in enumerate(zip(tables, matrices, strict=True)):
            X[:, column] = moved[:, :, k].ravel()
            model = smf.ols(FORMULA, table.assign(completion=X[:, column])) if by_formula else sm.OLS(table["score"], X)
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": table["unit"]})
            np.asarray(fit.tvalues)[column]  # computed only when asked for


def compare() -> pd.DataFrame:
    """What was done by whom, median seconds of both, and how many times faster this package is."""
    panel, few = simulated_panel(60), simulated_panel(3)
    tables = frames(panel)
    fits = [pf.feols("score ~ completion | unit + year", table, vcov={"CRV1": "unit"}) for table in tables]
    assert np.allclose(usual(panel), usual_peer(tables), rtol=1e-9)
    assert np.allclose(bootstrap(panel), bootstrap_peer(fits), atol=0.02)
    rows = []

    def add(own: str, other: str, target: float | None, call: Call, peer_call: Call, times: float = 1.0) -> None:
        own_seconds, peer_seconds = medians(call, peer_call)
        rows.append((own, other, target, own_seconds, peer_seconds * times, peer_seconds * times / own_seconds))

    joint = "joint bootstrap of six slopes with intervals"
    add(joint, "pyfixest: six p-values", 5, lambda: bootstrap(panel), lambda: bootstrap_peer(fits))
    compiled_once()
    add(joint, "the same, compiled once", None, lambda: bootstrap(panel), lambda: bootstrap_peer(fits))
    moves, share = "reassignments of six slopes", DRAWS / LOOPS
    for how, by_formula in (("formulas", True), ("arrays", False)):
        loop = partial(permutations_peer, few, by_formula)
        add(moves, f"statsmodels on {how}, a loop", 1000, lambda: permutations(few), loop, share)
    add("six slopes with CR1", "statsmodels on formulas", None, lambda: usual(panel), lambda: usual_peer(tables))
    Y = panel.scores
    all_units = "every unit as placebo, six dimensions"
    add(f"synthetic control, {all_units}", "pysyncon, V fixed", 100, lambda: placebos_of(Y, "synthetic_control"),
        lambda: pysyncon_peer(Y), len(Y) / PYSYNCON_UNITS)  # fmt: skip
    add(f"synthetic control, {all_units}", "diff-diff", 10, lambda: placebos_of(Y, "synthetic_control"),
        lambda: diff_diff_control(Y))  # fmt: skip
    add(f"synthetic difference in differences, {all_units}", "diff-diff", 5, lambda: placebos_of(Y, "synthetic_did"),
        lambda: diff_diff_sdid(Y))  # fmt: skip
    return pd.DataFrame(rows, columns=["this package", "peer", "target", "seconds", "peer seconds", "times faster"])


def page(table: pd.DataFrame) -> str:
    """What was measured, as Markdown: ratios and versions, nothing that belongs to one machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# How fast",
        "",
        f"Python {platform.python_version()}, {versions}. One process, one thread, medians of {REPEATS} turns after a "
        "warm-up. Published scores of the 60 provinces without a gap, 2011-2020, six dimensions, simulated programmes; "
        f"{DRAWS:,} draws. The loops over statsmodels were timed on {LOOPS} reassignments, pysyncon on "
        f"{PYSYNCON_UNITS} units, and scaled up. wildboottest, "
        'which pyfixest calls, compiles its loop again at every call; "compiled once" keeps it from doing so.',
        "",
        "| this package | peer | times faster | target |",
        "|---|---|---|---|",
    ]
    for row in table.itertuples(index=False):
        target = "" if np.isnan(row.target) else f"{row.target:,.0f}"
        lines.append(f"| {row[0]} | {row.peer} | {row[5]:,.1f} | {target} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is loaded, so start again with them
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    measured = compare()
    RESULTS.write_text(page(measured), encoding="utf-8")
    print(measured.to_string(index=False, float_format="{:,.4g}".format))
    print(f"Written: {RESULTS.name}")
