"""Before a study starts: how large a gain it would find, by its number of units and of programme years."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.counterfactuals import Estimator
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.panel.panel import Panel

TOO_MANY = Note(
    "{asked} units with a programme were asked for, and {found} of {units} have every score and no programme of their "
    "own. Ask for fewer, or use fewer years: panel.cut({first}, {last}), for instance."
)
NO_COUNTS = Note("{name} is {given}; give one or more whole numbers of at least 1, like [1, 3].")
NO_YEARS = Note("{asked} programme years were asked for; a panel of {years} years can hold 1 to {most}.")


@check_kinds
def plan_study(
    panel: Panel,
    units: Sequence[int] = (1, 3, 10),
    years: Sequence[int] = (1, 3),
    *,
    method: str | Estimator = "lagged_outcome",
    studies: int = 5,
    level: float = 0.95,
    draws: int = 499,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Say how large a gain a study would find four times in five, before it starts.

    Programmes that do nothing are given to units drawn at random, in the last years of the panel, and
    ``programme_impact`` is asked what it would have detected; several drawings of units are averaged by their median.

    Parameters
    ----------
    panel
        Scores of the past; units with completion of their own take no programme and are no donors.
    units, years
        Numbers of units with a programme, and of programme years; every pair is a study.
    method
        An estimator of ``programme_impact``.
    studies
        Drawings of units for each pair.
    level
        1 minus the size of the test.
    draws
        Most reassignments in each study.
    rng
        Seed or Generator.

    Returns
    -------
    DataFrame
        A row for each pair and dimension, and for the mean of all: ``programme_units``, ``programme_years``,
        ``dimension``, ``detectable`` (points; by the dimension's own p) and ``detectable_jointly`` (by the joint p,
        where all dimensions move by as much as theirs; missing for the mean). Missing where so few units cannot give a
        p-value as small as the size.

    Raises
    ------
    SpecError
        More units or years than the panel has; what ``programme_impact`` refuses.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> plan = plan_study(panel, units=[1, 4], years=[3], studies=2)
    >>> one, four = plan.query("dimension == 'mean'")["detectable"]
    >>> bool(four < one)
    True

    """
    check_level(level)
    generator, count = np.random.default_rng(rng), check_count(studies)
    untouched = ~(np.nan_to_num(panel.completion) > 0).any(axis=(1, 2))
    free = np.flatnonzero(untouched & np.isfinite(panel.scores).all(axis=(1, 2)))
    _check(panel, units, years, len(free))
    parts = []
    for m, length in product(units, years):
        found = []
        for _ in range(count):
            chosen = [panel.units[i] for i in np.sort(generator.choice(free, m, replace=False))]
            asked = programme_impact(
                panel, chosen, panel.years[-length], method=method, level=level, draws=draws, rng=generator
            )
            found.append(asked.table.set_index("dimension")[["detectable", "detectable_jointly"]].astype(float))
        sizes = pd.concat(found).groupby(level=0, sort=False).median().reset_index()
        parts.append(sizes.assign(programme_units=m, programme_years=length))
    columns = ["programme_units", "programme_years", "dimension", "detectable", "detectable_jointly"]
    return pd.concat(parts, ignore_index=True)[columns]


def _check(panel: Panel, units: Sequence[int], years: Sequence[int], free: int) -> None:
    """Refuse more units or years than there are."""
    for name, asked in (("units", units), ("years", years)):
        if (
            not isinstance(asked, Sequence | np.ndarray)
            or not len(asked)
            or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in asked)
        ):
            raise SpecError(NO_COUNTS(name=name, given=repr(asked)))
    for m in units:
        if m > free:
            values = {"asked": m, "found": free, "units": len(panel.units)}
            raise SpecError(
                TOO_MANY(**(values | {"first": panel.years[len(panel.years) // 2], "last": panel.years[-1]}))
            )
    for length in years:
        if length >= len(panel.years):
            values = {"asked": length, "years": len(panel.years), "most": len(panel.years) - 1}
            raise SpecError(NO_YEARS(**values))
