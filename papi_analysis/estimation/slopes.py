"""How completion relates to scores: slopes within units and years, for the whole family of dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.by_unit import unit_labels
from papi_analysis.estimation.cell_weights import weigh
from papi_analysis.estimation.draws import StudentisedDraws
from papi_analysis.estimation.estimates import Estimates, SlopeDesign
from papi_analysis.estimation.imputation import Programmes, programmes, solve
from papi_analysis.estimation.imputed_slopes import imputed_slopes
from papi_analysis.estimation.inference import (
    BOOTSTRAP,
    NO_SE,
    Clustered,
    Engine,
    Inference,
    Judged,
    Judging,
    engine_rows,
    family_rows,
    family_tests,
    inference_rows,
    left_out,
    size_notes,
)
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.estimation.regression import WithinFit, cr2
from papi_analysis.estimation.reliability import attenuation_note
from papi_analysis.estimation.specification import Equations, Settings, Specification, equations
from papi_analysis.estimation.two_way import two_way_estimates, two_way_slopes
from papi_analysis.estimation.within_programme import within_programme
from papi_analysis.panel.panel import Panel

#: Slopes are printed per 10 percentage points of completion.
PER_TEN_POINTS = 0.1

DROPPED = Note("{dropped} of {cells} cells could not be used: the score, completion or a control is not known.")
SINGLE = Note("{units} unit(s) have a single cell in some dimension; it carries no information on a slope.")
LEAD = Note(
    "Completion of a later year ({years} ahead) is used, in the years before a unit's first completion alone: a "
    "placebo, for the future cannot move the present."
)
ONLY_ONE = Note("{unit} is the only unit with scores in its stratum, so its programme cannot move. Use wider strata.")
NO_COMPLETION = Note(
    "no unit has completion above 0 in these years, so nothing varies. Choose years in which something was completed."
)
NO_UNTOUCHED = Note(
    "These are two-way slopes: in some dimension no year of a programme has both a year before its start and enough "
    "units with scores that no programme has touched."
)
UNDECLARED = Note(
    "Completion of {units} of {all} units is not known in any year, so nothing is compared with them. If they had no "
    "programme, declare it: without_programme=[...] of Panel.from_frames, or without_programme in study.toml."
)
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
    clusters: Mapping[str, Any] | None = None,
    weights: Mapping[str, float] | Literal["precision"] | None = None,
    draws: int | None = None,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    **changes: Unpack[Settings],
) -> Estimates:
    """Estimate how the score moves with completion: one slope per dimension, their mean, a test that they are equal.

    What the score would have been without a programme is learnt from cells that no programme touched, given where
    each unit stood before its start, and the slope is that of the gaps on completion (``estimation.imputation``).
    ``form="levels"`` asks for the plain two-way slope, which compares programme units with each other too; where no
    cell is untouched it is what there is, and a note says so. How the slope is judged never moves it.

    Parameters
    ----------
    panel
        Any panel.
    spec
        The equation; default imputation without a lag. Its settings can be given by name instead:
        ``lag=1``, ``form="differences"``, ``years=(2018, 2020)``, ``controls=...``, ``lagged_score=True``.
    inference
        ``"auto"``, or ``"bootstrap"``, ``"reassignment"``, ``"clustered"`` (usual t-tests, Holm over the family).
        ``"auto"`` reassigns whole programmes over the units; for the two-way slope with 20 effective clusters or more
        (CR2 degrees of freedom), and wherever ``clusters`` are given, it is the wild cluster bootstrap.
    override
        Whether to print an inference that the design does not support, beside its measured false-alarm rate.
    strata
        For reassignment: a label for each unit; programmes move within labels only (regions, for instance).
    excluded
        For reassignment: units that may not receive a programme (neighbours of one, for instance).
    clusters
        For the bootstrap: a label for each unit; units of one label share their shocks (regions, for instance).
    weights
        A weight for each unit, 0 or more (its population, for instance), or ``"precision"``: each cell counts by
        1 / se^2 of its score (inverse variance), and a score without a standard error is left out. All count alike
        unless given.
    draws
        Bootstrap draws or reassignments; all of them where there are no more. Default 9,999, for reassignments of
        imputed slopes in panels of thousands of units fewer, never below 199.
    level
        Confidence level of the intervals.
    rng
        Seed or Generator; not used where all draws are enumerated.
    **changes
        Settings of the equation, by name.

    Returns
    -------
    Estimates
        Rows: each dimension, ``"mean"`` (the plain mean of the family), and with one programme unit ``"within"``.
        Columns: ``estimate`` and ``se`` (the spread over reassignments where fewer than four effective units have a
        programme, clustered by unit from 20 programme units on, missing between) in score points per 10 percentage
        points of completion; ``low``, ``high`` (each dimension by itself); ``p``; ``p_joint`` (step-down max-T over the
        family, Romano & Wolf 2005); ``p_holm`` for comparison, missing where it could find nothing; ``floor``, the
        smallest p that the design can give; ``detectable``, the slope that it would have told from zero four times in
        five by ``p``, and ``detectable_jointly`` by ``p_joint``, where all dimensions move by as much as theirs; ``n``
        cells; ``dropped`` cells. For the two-way slope by bootstrap also ``se_cr2``, ``df_cr2``. ``tests`` holds the
        test that the slopes are equal, and one test of the whole family, the standardised mean: choose it, or the mean,
        before you look.

    Raises
    ------
    SpecError
        Where the question or the inference is not possible; the message says what to ask instead.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> answer = completion_slopes(panel)
    >>> answer.table.dimension.tolist()
    ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'mean', 'within']
    """
    check_level(level)
    if draws is not None:
        check_count(draws)
    spec = _specify(spec, changes)
    eq = equations(panel, spec)
    eq, weighed = weigh(panel, eq, weights)
    if clusters is not None:
        eq = replace(eq, clusters=unit_labels(panel, clusters, "clusters"))
    groups = None if strata is None else unit_labels(panel, strata, "strata")
    form, judged = judge(panel, eq, spec, Judging(inference, override, _places(panel, excluded), groups, draws, rng))
    family = judged.family
    engines: list[Engine] = [family, family.mean_slope()]
    table = family_rows(engine_rows, panel.dimensions, engines, level, PER_TEN_POINTS)
    table["n"], table["dropped"] = (np.append(count, np.sum(count)) for count in _counts(eq, judged))
    notes = [*judged.notes, *weighed, *_notes(eq, judged, spec, level), *_attenuation(panel, spec, form)]
    parts = [table]
    if (
        not isinstance(weights, str)
        and judged.programme_units == 1
        and form != "differences"
        and judged.inference == "reassignment"
    ):
        within = within_programme(eq, int(np.argmax((np.isfinite(eq.y) & (eq.C > 0)).any(axis=(1, 2)))))
        if within is not None:
            engines.append(within)
            parts.append(engine_rows(["within"], within, level, PER_TEN_POINTS).assign(n=within.cells, dropped=0))
            notes.append(WITHIN(units=len(within.units)))
    table = pd.concat(parts, ignore_index=True)
    if not _has_se(judged):
        table.loc[table["dimension"] != "within", "se"] = np.nan
    if judged.inference == "bootstrap" and judged.fits:
        table["se_cr2"], table["df_cr2"] = _bell_mccaffrey(judged.fits, len(table))
    return Estimates(
        question="completion_slopes",
        table=table,
        notes=tuple(notes),
        tests=_tests(family, level),
        names=panel.names,
        simulated_tables=panel.simulated_tables,
        level=level,
        engines=tuple(engines),
        scale=PER_TEN_POINTS,
        design=SlopeDesign(
            specification=spec,
            form=form,
            inference=judged.inference,
            years=spec.years or (panel.years[0], panel.years[-1]),
            units=int(judged.sample.sum()),
            compared=judged.compared,
            programme_units=judged.programme_units,
            effective=judged.effective,
        ),
    )


def slope_tests(panel: Panel, *, level: float = 0.95) -> pd.DataFrame:
    """Give estimates, intervals and p-values of ``completion_slopes`` alone, for whoever asks it a thousand times.

    Columns as there: ``dimension``, ``estimate``, ``low``, ``high``, ``p``, ``p_joint``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> tests, answer = slope_tests(panel), pa.completion_slopes(panel)
    >>> tests.equals(answer.table[list(tests)].iloc[:-1])  # all but the slope within the programme
    True
    """
    spec = Specification()
    _, judged = judge(panel, equations(panel, spec), spec, Judging())
    engines = judged.family, judged.family.mean_slope()
    return family_rows(inference_rows, panel.dimensions, engines, level, PER_TEN_POINTS)


def slope_estimates(panel: Panel, spec: Specification | None = None) -> Floats:
    """Give the slopes of ``completion_slopes`` alone (K,), in points per 10 percentage points, without inference."""
    eq = equations(panel, Specification() if spec is None else spec)
    laid = _laid(eq, spec or Specification())
    if laid is not None:
        return np.asarray(PER_TEN_POINTS * solve(laid, laid.units[None]).slopes[0, 0])
    return np.asarray(PER_TEN_POINTS * two_way_estimates(eq, panel.units))


def _laid(eq: Equations, spec: Specification) -> Programmes | None:
    """What imputation compares, or None where another form is asked for or no cell is untouched."""
    if spec.form != "imputation":
        return None
    laid = programmes(eq)
    if not len(laid.carrying) or not laid.covers_all:
        return None
    for slope, dimension in zip(solve(laid, laid.units[None]).slopes[0, 0], eq.dimensions, strict=True):
        if not np.isfinite(slope):
            held = Note("where units stood before")
            if eq.names:
                held = Note("{first} and {others}", {"first": held, "others": ", ".join(eq.names)})
            raise SpecError(
                "dimension {dimension}: among the units that no programme has touched {held} cannot be "
                "told apart, so it cannot be held constant. Drop a control, or ask form='levels'.",
                dimension=dimension,
                held=held,
            )
    return laid


def judge(panel: Panel, eq: Equations, spec: Specification, asked: Judging) -> tuple[str, Judged]:
    """The form that was used in fact, and its judged slopes."""
    if not (np.nan_to_num(eq.C) > 0).any():
        raise SpecError(NO_COMPLETION)
    _check_strata(panel, eq, asked.strata)
    laid = _laid(eq, spec)
    if laid is not None:
        with panel.naming():
            return "imputation", imputed_slopes(eq, laid, panel.units, asked)
    undeclared = _undeclared(panel)
    if undeclared and _alike(eq):
        raise SpecError(undeclared[0])
    with panel.naming():
        judged = two_way_slopes(eq, panel.units, asked)
    lost = np.isfinite(panel.scores).any(axis=(1, 2)) & ~np.isfinite(eq.y).any(axis=(1, 2))
    judged = replace(judged, notes=(*judged.notes, *left_out(panel.units, np.asarray(lost))))
    if spec.form == "imputation":
        return "levels", replace(judged, notes=(NO_UNTOUCHED, *undeclared, *judged.notes))
    return spec.form, judged


def _undeclared(panel: Panel) -> list[Note]:
    """Count the units with scores whose completion is known nowhere."""
    scored = np.isfinite(panel.scores).any(axis=(1, 2))
    unknown = scored & ~np.isfinite(panel.completion).any(axis=(1, 2))
    return if_any(UNDECLARED(units=int(unknown.sum()), all=int(scored.sum())))


def _alike(eq: Equations) -> bool:
    """Whether all units whose completion is known completed the same."""
    known = np.isfinite(eq.C)
    most, least = np.where(known, eq.C, -np.inf).max(axis=0), np.where(known, eq.C, np.inf).min(axis=0)
    return bool((most <= least).all())


def _check_strata(panel: Panel, eq: Equations, strata: Ints | None) -> None:
    """Refuse a stratum in which a programme unit stands alone: its programme could not move."""
    if strata is None:
        return
    sizes = np.bincount(strata[np.isfinite(eq.y).any(axis=(1, 2))], minlength=strata.max() + 1)
    alone = (sizes[strata] < 2) & (np.nan_to_num(eq.C) > 0).any(axis=(1, 2))
    if alone.any():
        unit = panel.units[int(np.flatnonzero(alone)[0])]
        raise SpecError(ONLY_ONE(unit=unit))


def _attenuation(panel: Panel, spec: Specification, form: str) -> list[Note]:
    """Say what measurement error does where the score of a year before is held constant: of the last year before."""
    if form != "imputation" and not spec.lagged_score:
        return []
    begun = (np.nan_to_num(panel.completion) > 0).any(axis=(0, 2))
    return attenuation_note(panel, max(int(begun.argmax()) - 1, 0))


def _places(panel: Panel, units: Sequence[str]) -> Bools | None:
    if not len(units):
        return None
    out = np.zeros(len(panel.units), dtype=bool)
    out[[panel.position("unit", unit) for unit in units]] = True
    return out


def _specify(spec: Specification | None, changes: Mapping[str, Any]) -> Specification:
    """Take the specification as given, or change its settings by name."""
    spec = Specification() if spec is None else spec
    unknown = set(changes) - set(Specification.__dataclass_fields__)
    if unknown:
        known = ", ".join(Specification.__dataclass_fields__)
        raise SpecError(
            "there is no setting {unknown!r}. A specification has {known}.", unknown=sorted(unknown)[0], known=known
        )
    return spec.update(**changes)


def _tests(family: StudentisedDraws | Clustered, level: float) -> pd.DataFrame:
    """Test that the slopes are equal and that they are none, where there are several and the design supports a p."""
    tests = family_tests(family, level)
    if tests.empty:
        return tests
    return pd.concat([pd.DataFrame({"test": ["equal slopes"], "p": [family.equality_p()]}), tests], ignore_index=True)


def _has_se(judged: Judged) -> bool:
    """Whether a standard error is fit to be printed: a spread, one that was insisted on, or of enough units."""
    return judged.spread or judged.inference == "clustered" or judged.programme_units >= BOOTSTRAP


def _bell_mccaffrey(fits: Sequence[WithinFit], rows: int) -> tuple[Floats, Floats]:
    """CR2 standard errors and degrees of freedom of each dimension; missing in the rows of the family."""
    se, df = np.full(rows, np.nan), np.full(rows, np.nan)
    for place, fit in enumerate(fits):
        V, degrees = cr2(fit, refuse=False)
        se[place], df[place] = PER_TEN_POINTS * np.sqrt(V[0, 0]), degrees[0]
    return se, df


def _counts(eq: Equations, judged: Judged) -> tuple[Ints, Ints]:
    """Cells that are used and that are not (K,), of the units that take part; the two-way equations know their own."""
    used = (np.isfinite(eq.y) if judged.used is None else judged.used)[judged.sample]
    n = np.array([fit.n for fit in judged.fits]) if judged.fits else used.sum(axis=(0, 1))
    return n, eq.asked[judged.sample].sum(axis=(0, 1)) - n


def _notes(eq: Equations, judged: Judged, spec: Specification, level: float) -> list[Note]:
    """Say what was dropped, what the design cannot attain, and what is a placebo."""
    asked, known = eq.asked[judged.sample], np.isfinite(eq.y[judged.sample])
    unknown = int(asked.sum()) - (sum(fit.n for fit in judged.fits) if judged.fits else int(known.sum()))
    notes = if_any(DROPPED(dropped=unknown, cells=int(asked.sum())))
    alone = (np.isfinite(eq.y[judged.sample]).sum(axis=1) == 1).any(axis=1).sum()
    if alone and judged.fits and eq.unit_effects:
        notes.append(SINGLE(units=int(alone)))
    if spec.lag < 0:
        notes.append(LEAD(years=-spec.lag))
    if not _has_se(judged):
        notes.append(NO_SE(units=judged.programme_units, needed=BOOTSTRAP))
    return [*notes, *size_notes(judged.family, level)]
