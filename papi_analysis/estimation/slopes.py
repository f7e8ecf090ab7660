"""How completion relates to scores: slopes within units and years, for the whole family of dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.alone import within_programme
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.draws import StudentisedDraws
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.inference import (
    Clustered,
    Engine,
    Inference,
    Plan,
    engine_rows,
    plan_inference,
    size_notes,
)
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import WithinFit, cr1_joint, cr2
from papi_analysis.estimation.specification import Equations, Specification, equations
from papi_analysis.panel.changes import score_changes
from papi_analysis.panel.panel import Panel

#: Slopes are printed per 10 percentage points of completion.
PER_TEN_POINTS = 0.1

DROPPED = Note("{dropped} of {cells} cells could not be used: the score, completion or a control is not known.")
SINGLE = Note("{units} unit(s) have a single cell in some dimension; it carries no information on a slope.")
LEAD = Note("Completion of a later year ({years} ahead) is used: a placebo, for the future cannot move the present.")
WITHIN = Note(
    "Row 'within': the slope over the programme's own cells with dimension and year effects, scores net of the mean "
    "over the other units; the same completion was given to {units} units, and p is the rank among them."
)


@check_kinds
def completion_slopes(
    panel: Panel,
    spec: Specification | None = None,
    *,
    inference: Inference = "auto",
    override: bool = False,
    strata: Mapping[str, Any] | None = None,
    excluded: Sequence[str] = (),
    draws: int = 9999,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    **changes: Any,
) -> Estimates:
    """Estimate how the score moves with completion: one slope per dimension, their mean, a test that they are equal.

    The equation is the specification's, each dimension on its own cells. How it is judged follows from the number of
    programme units: from 20 on, the wild cluster bootstrap among them; from 5, reassignment of completion
    trajectories among them; below, reassignment of whole programmes over all units. p, p_joint and interval come
    from that one engine. The cells are those of the units that the engine compares.

    Parameters
    ----------
    panel
        Any panel.
    spec
        The equation; default unit and year effects, no lag. Its settings can be given by name instead:
        ``lag=1``, ``form="differences"``, ``years=(2018, 2020)``, ``controls=...``, ``lagged_score=True``.
    inference
        ``"auto"``, or ``"bootstrap"``, ``"reassignment"``, ``"clustered"`` (usual CR1 t-tests, Holm over the family).
    override
        Whether to print an inference that the design does not support, beside its measured false-alarm rate.
    strata
        For reassignment: a label for each unit; programmes move within labels only (regions, for instance).
    excluded
        For reassignment: units that may not receive a programme (neighbours of one, for instance).
    draws
        Bootstrap draws or reassignments; all of them where there are no more.
    level
        Confidence level of the intervals.
    rng
        Seed or Generator; not used where all draws are enumerated.

    Returns
    -------
    Estimates
        Rows: each dimension, ``"mean"`` (the plain mean of the family), and with one programme unit ``"within"``.
        Columns: ``estimate`` and ``se`` (CR1, as statsmodels) in score points per 10 percentage points of
        completion; ``low``, ``high`` (each dimension by itself); ``p``; ``p_joint`` (step-down max-T over the
        family, Romano & Wolf 2005); ``p_holm`` for comparison; ``floor``, the smallest p that the design can give;
        ``detectable``, the slope that it would have told from zero four times in five; ``n`` cells; ``dropped``
        cells. With the bootstrap also ``se_cr2``, ``df_cr2``. ``tests`` holds the test that the slopes are equal.

    Raises
    ------
    SpecError
        Where the question or the inference is not possible; the message says what to ask instead.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> answer = pa.completion_slopes(panel)
    >>> answer.table.dimension.tolist()
    ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'mean', 'within']

    """
    check_level(level)
    check_count(draws)
    spec = _specify(spec, changes)
    eq = equations(panel, spec)
    plan = plan_inference(eq, panel.units, inference, override=override)
    if plan.unknown is not None:
        eq = replace(eq, y=np.where(plan.unknown, np.nan, eq.y), C=np.where(plan.unknown, 0.0, eq.C))
    fits = eq.fit(plan.sample)
    if plan.engine == "clustered":
        family: StudentisedDraws | Clustered = _usual(fits, len(panel.units))
    elif plan.engine == "bootstrap":
        family = wild_bootstrap(fits, draws=draws, rng=rng)
    else:
        family = _reassigned(panel, eq, plan, strata, excluded, draws, rng)
    table = engine_rows(list(panel.dimensions), family, level, PER_TEN_POINTS)
    table["n"] = [fit.n for fit in fits]
    table["dropped"] = (~np.isfinite(eq.y[plan.sample])).sum(axis=(0, 1))
    engines: list[Engine] = [family, family.mean_slope()]
    mean = engine_rows(["mean"], engines[1], level, PER_TEN_POINTS).assign(
        n=table["n"].sum(), dropped=table["dropped"].sum()
    )
    notes = [*plan.notes, *_notes(eq, plan, fits, spec, family, level)]
    parts = [table, mean]
    if plan.programme_units == 1 and spec.form == "levels" and plan.engine == "reassignment":
        alone = within_programme(eq, int(np.argmax(np.nan_to_num(eq.C).max(axis=(1, 2)) > 0)))
        if alone is not None:
            engines.append(alone)
            parts.append(engine_rows(["within"], alone, level, PER_TEN_POINTS).assign(n=alone.cells, dropped=0))
            notes.append(Note(WITHIN.text, {"units": len(alone.units)}))
    table = pd.concat(parts, ignore_index=True)
    if plan.engine == "bootstrap":
        table["se_cr2"], table["df_cr2"] = _bell_mccaffrey(fits, len(table))
    return Estimates(
        question="completion_slopes",
        table=table,
        notes=tuple(notes),
        tests=_equality(family, level),
        names=panel.names,
        simulated_tables=panel.simulated_tables,
        level=level,
        engines=tuple(engines),
        scale=PER_TEN_POINTS,
        design={
            "specification": spec,
            "inference": plan.engine,
            "units": int(plan.sample.sum()),
            "compared": int(plan.among.sum()),
            "programme_units": plan.programme_units,
        },
    )


@check_kinds
def change_slopes(panel: Panel, start: int | None = None, end: int | None = None) -> Estimates:
    """Describe the change of the score against the change of completion: plain slope, n and correlation.

    A description, not an estimate: nothing is held constant, so there is no error and no p-value.

    Parameters
    ----------
    panel
        Any panel.
    start, end
        Two years to compare; default each year with the year before.

    Returns
    -------
    Estimates
        Per dimension: ``estimate`` (least-squares slope, points per 10 percentage points), ``intercept``
        (points), ``correlation``, ``n``; slope and correlation are missing where completion does not vary.
        ``cells`` holds the points (see ``score_changes``).

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> change_slopes(panel, 2017, 2020).table.n.tolist()
    [63, 63, 63, 63, 63, 63]

    """
    changes = score_changes(panel, start, end)
    rows = []
    for dimension in panel.dimensions:
        cells = changes[changes["dimension"] == dimension]
        x, y = cells["completion_change"].to_numpy(), cells["score_change"].to_numpy()
        x0, y0 = (values - values.sum() / max(len(values), 1) for values in (x, y))
        varies = x0 @ x0 > 1e-12
        slope = (x0 @ y0) / (x0 @ x0) if varies else np.nan
        spread = np.sqrt((x0 @ x0) * (y0 @ y0))
        rows.append(
            {
                "dimension": dimension,
                "estimate": PER_TEN_POINTS * slope,
                "intercept": y.mean() - slope * x.mean() if varies else np.nan,
                "correlation": (x0 @ y0) / spread if varies and spread > 0 else np.nan,
                "n": len(cells),
            }
        )
    return Estimates(
        "change_slopes",
        pd.DataFrame(rows),
        cells=changes,
        names=panel.names,
        simulated_tables=panel.simulated_tables,
        design={"start": start, "end": end, "programme_units": panel.programme_units},
    )


def _specify(spec: Specification | None, changes: Mapping[str, Any]) -> Specification:
    """Take the specification as given, or change its settings by name."""
    spec = Specification() if spec is None else spec
    unknown = set(changes) - set(Specification.__dataclass_fields__)
    if unknown:
        known = ", ".join(Specification.__dataclass_fields__)
        raise SpecError(f"there is no setting {sorted(unknown)[0]!r}. A specification has {known}.")
    return spec.update(**changes)


def _usual(fits: Sequence[WithinFit], n_units: int) -> Clustered:
    slopes = np.array([fit.coefficients[0] for fit in fits])
    return Clustered(slopes, cr1_joint(fits, n_units), min(fit.n_clusters for fit in fits) - 1)


def _reassigned(
    panel: Panel,
    eq: Equations,
    plan: Plan,
    strata: Mapping[str, Any] | None,
    excluded: Sequence[str],
    draws: int,
    rng: int | np.random.Generator,
) -> StudentisedDraws:
    """Reassign trajectories between the units that the plan compares, on the cells of its sample."""
    out = np.zeros(len(panel.units), dtype=bool)
    out[[panel.position("unit", unit) for unit in excluded]] = True
    labels = None
    if strata is not None:
        missing = [unit for unit in panel.units if unit not in strata]
        if missing:
            raise SpecError(f"strata has no label for {', '.join(missing[:5])}. Give every unit one.")
        labels = pd.factorize(pd.Series([strata[unit] for unit in panel.units]))[0]
    return reassign(
        np.where(plan.sample[:, None, None], eq.y, np.nan),
        eq.C,
        among=plan.among,
        excluded=out if out.any() else None,
        strata=labels,
        controls=eq.controls if eq.names else None,
        unit_effects=eq.unit_effects,
        draws=draws,
        rng=rng,
    )


def _equality(family: StudentisedDraws | Clustered, level: float) -> pd.DataFrame:
    """Test that the slopes are equal, where there are several and the design supports a p-value."""
    if len(family.coefficients) < 2 or family.floor.max() > 1 - level:
        return pd.DataFrame(columns=["test", "p"])
    return pd.DataFrame({"test": ["equal slopes"], "p": [family.equality_p()]})


def _bell_mccaffrey(fits: Sequence[WithinFit], rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """CR2 standard errors and degrees of freedom of each dimension; missing in the rows of the family."""
    se, df = np.full(rows, np.nan), np.full(rows, np.nan)
    for place, fit in enumerate(fits):
        V, degrees = cr2(fit, refuse=False)
        se[place], df[place] = PER_TEN_POINTS * np.sqrt(V[0, 0]), degrees[0]
    return se, df


def _notes(
    eq: Equations,
    plan: Plan,
    fits: Sequence[WithinFit],
    spec: Specification,
    family: StudentisedDraws | Clustered,
    level: float,
) -> list[Note]:
    """Say what was dropped, what the design cannot attain, and what is a placebo."""
    used = eq.y[plan.sample]
    dropped = int((~np.isfinite(used)).sum())
    notes = [Note(DROPPED.text, {"dropped": dropped, "cells": used.size})] if dropped else []
    alone = {code for fit in fits for code, count in enumerate(np.bincount(fit.clusters)) if count == 1}
    if alone and eq.unit_effects:
        notes.append(Note(SINGLE.text, {"units": len(alone)}))
    if spec.lag < 0:
        notes.append(Note(LEAD.text, {"years": -spec.lag}))
    return [*notes, *size_notes(family, level)]
