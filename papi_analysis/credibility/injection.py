"""Is an effect of the detectable size found: put into the scores of units that had no programme."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import check_kinds
from papi_analysis.credibility.asking import Ask, answer_for, find_method, takes
from papi_analysis.credibility.long_runs import Folder, run_all, seeds
from papi_analysis.credibility.placebo_programmes import PlaceboProgramme, enough_units, every_other, programme_shape
from papi_analysis.errors import SpecError
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.panel.panel import Panel


@check_kinds
def confirm_detectable(
    panel: Panel,
    ask: Ask | str,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    draws: int = 999,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    folder: Folder | None = None,
) -> pd.DataFrame:
    """Put the detectable size into the scores of every other unit in turn and count how often it is found.

    ``ask``, ``level``, ``rng``, ``folder`` and ``joblib.parallel_config`` as for ``calibrate``; of more than ``draws``
    units a random sample of so many is taken.

    Returns
    -------
    DataFrame
        ``dimension``, ``detectable`` (mean over the units), ``found`` (share with p at or below 1 - level),
        ``programmes``. About four times in five is what the word promises.
    """
    check_level(level)
    shape = programme_shape(panel, unit, start, end, None)
    enough_units(panel, shape, needed=1)
    placebos = _sample(every_other(panel, shape), draws, rng)
    if takes(ask, "rng"):
        placebos = [p._replace(rng=own) for p, own in zip(placebos, seeds(rng, len(placebos)), strict=True)]
    job = partial(_injected, find_method(ask, level), ask == "slopes", level)
    kept = np.array(run_all(job, placebos, label="confirm_detectable", folder=folder))
    sizes, found = kept.mean(axis=0)
    table = {"dimension": panel.dimensions, "detectable": sizes, "found": found, "programmes": len(placebos)}
    return pd.DataFrame(table)


def _injected(ask: Ask, slopes: bool, level: float, placebo: PlaceboProgramme) -> NDArray[np.float64]:
    """What would have been detected for one programme (points), and whether that is found once it is there; (2, K)."""
    panel = placebo.panel
    dimensions = list(panel.dimensions)
    before = answer_for(placebo, panel, ask, level)
    place = f"for the placebo programme of {placebo.unit}, {placebo.start}-{placebo.end} the answer"
    if "detectable" not in before:
        raise SpecError(f"{place} has no column detectable, the size that it would have found four times in five.")
    size = before.loc[dimensions, "detectable"].to_numpy(dtype=float)
    if not np.isfinite(size).all():
        name = dimensions[int(np.argmin(np.isfinite(size)))]
        raise SpecError(
            f"{place} has no finite detectable size for {name}: nothing can be put in. Ask at a lower level."
        )
    i, t = panel.position("unit", placebo.unit), panel.position("year", placebo.start)
    scores = panel.scores.copy()
    scores[i, t:] += 10 * size * panel.completion[i, t:] if slopes else size
    moved = answer_for(placebo, replace(panel, scores=scores), ask, level)
    return np.array([size, moved.loc[dimensions, "p"].to_numpy(dtype=float) <= 1 - level + 1e-12])


def _sample(placebos: list[PlaceboProgramme], draws: int, rng: int | np.random.Generator) -> list[PlaceboProgramme]:
    """All where there are no more than ``draws``, else a random sample of so many, in their order."""
    if len(placebos) <= check_count(draws):
        return placebos
    chosen = np.argsort(np.random.default_rng(rng).random(len(placebos)))[:draws]
    return [placebos[i] for i in np.sort(chosen)]
