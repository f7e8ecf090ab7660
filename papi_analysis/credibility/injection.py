"""Is an effect of the detectable size found: put into the scores of units that had no programme."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.credibility.asking import Ask, answer_for, find_method, takes
from papi_analysis.credibility.long_runs import Folder, run_all, seeds
from papi_analysis.credibility.placebo_programmes import PlaceboProgramme, enough_units, every_other, programme_shape
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.panel.panel import Panel

#: Each size that an answer states, and the p-value that must find it.
TESTS = (("detectable", "p"), ("detectable_jointly", "p_joint"))


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

    Parameters
    ----------
    panel
        Any panel.
    ask
        What to ask: an estimator's name, or a function, as for ``calibrate``.
    unit, start, end
        The treated unit and the programme's years.
    draws
        Most units to try.
    level
        Of the tests.
    rng
        Seed or Generator.
    folder
        Where an interrupted run is to go on.

    Returns
    -------
    DataFrame
        ``dimension``, ``detectable`` (mean over the units), ``found`` (share with p at or below 1 - level); where the
        answer has a size ``detectable_jointly``, put into all dimensions at once, that and ``found_jointly`` (by
        ``p_joint``); ``programmes``. About four times in five is what the word promises.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> found = confirm_detectable(panel, "did", unit="VN-CT", start=2018, end=2020, draws=5)
    >>> found["programmes"].unique().tolist()
    [5]
    """
    check_level(level)
    shape = programme_shape(panel, unit, start, end, None)
    enough_units(panel, shape, needed=1)
    placebos = _sample(every_other(panel, shape), draws, rng)
    if takes(ask, "rng"):
        placebos = [p._replace(rng=own) for p, own in zip(placebos, seeds(rng, len(placebos)), strict=True)]
    job = partial(_injected, find_method(ask, level, sizes=True), find_method(ask, level), ask == "slopes", level)
    kept = np.array(run_all(job, placebos, label="confirm_detectable", folder=folder))
    columns = dict(zip(("detectable", "found", "detectable_jointly", "found_jointly"), kept.mean(axis=0), strict=True))
    table = pd.DataFrame({"dimension": panel.dimensions, **columns, "programmes": len(placebos)})
    return table.dropna(axis="columns", how="all")


def _injected(ask: Ask, again: Ask, slopes: bool, level: float, placebo: PlaceboProgramme) -> Floats:
    """For each test, what one programme would have detected (points), and whether that is found once there; (4, K)."""
    panel = placebo.panel
    before = answer_for(placebo, panel, ask, level)
    place = Note("{place} the answer", {"place": placebo.place})
    if "detectable" not in before:
        raise SpecError(
            "{place} has no column detectable, the size that it would have found four times in five.", place=place
        )
    if (before["detectable"][:-1] <= 0).any():
        raise SpecError("{place} has a detectable size of 0 or below. Give one above 0.", place=place)
    if not np.isfinite(before["detectable"][:-1]).all():
        name = panel.dimensions[int(np.argmin(np.isfinite(before["detectable"])))]
        raise SpecError(
            "{place} has no finite detectable size for {name}: nothing can be put in. Ask at a lower level.",
            place=place,
            name=name,
        )
    i, t = panel.position("unit", placebo.unit), panel.position("year", placebo.start)
    parts = []
    for size_name, p_name in TESTS:
        size = before.get(size_name, np.array([np.nan]))[:-1]
        if not np.isfinite(size).all() or not len(size):
            parts += [np.full(len(panel.dimensions), np.nan)] * 2
            continue
        scores = panel.scores.copy()
        scores[i, t:] += 10 * size * panel.completion[i, t:] if slopes else size
        moved = answer_for(placebo, replace(panel, scores=scores), again, level)
        parts += [size, moved[p_name][:-1] <= 1 - level + 1e-12]
    return np.array(parts)


def _sample(placebos: list[PlaceboProgramme], draws: int, rng: int | np.random.Generator) -> list[PlaceboProgramme]:
    """All where there are no more than ``draws``, else a random sample of so many, in their order."""
    if len(placebos) <= check_count(draws):
        return placebos
    chosen = np.argsort(np.random.default_rng(rng).random(len(placebos)))[:draws]
    return [placebos[i] for i in np.sort(chosen)]
