"""How often a method cries wolf on a panel like this one, and how far off it is: programmes that do nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats, Ints
from papi_analysis.credibility.asking import NEEDED, Ask, answer_for, find_method, method_name, takes
from papi_analysis.credibility.fitted_process import Process, fit_process
from papi_analysis.credibility.long_runs import Folder, run_all, seeds
from papi_analysis.credibility.placebo_programmes import (
    PlaceboProgramme,
    Shape,
    enough_units,
    in_drawn_panel,
    programme_shape,
    real_windows,
    without_unit,
)
from papi_analysis.errors import Note
from papi_analysis.estimation.counterfactuals import ESTIMATORS
from papi_analysis.estimation.estimates import CalibrationDesign, Estimates
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.impact_notes import surveys_note
from papi_analysis.estimation.multiplicity import check_level
from papi_analysis.panel.panel import Panel

#: Where the programmes are that do nothing: on a unit of a simulated panel, at random or as high, or of a real window.
AT_RANDOM, AS_HIGH, WINDOWS = "at_random", "as_high", "windows"

DRAWN = Note(
    "Simulated panels: {panels}, drawn from a process fitted to this panel without {unit}. Units keep a level of their "
    "own, and deviations that fade: {carried:.0%} is carried from a survey to the next, {across:.0%} across a break. "
    "Dimensions go together, and each year has its own mean and spread. The programme that does nothing goes to a unit "
    "drawn at random, and to the unit of the rank that {unit} had in {base} ({rank})."
)
PERIODS = Note(
    "Real windows: {programmes} programmes that never were, on the {nearest} units nearest in rank to where {unit} "
    "stood in {base}, in each of {windows} periods of the same shape. Periods share years, so errors are clustered by "
    "unit ({units} units)."
)

#: What is kept of the answer for one programme.
KEPT = (*NEEDED, "p_joint")


@check_kinds
def calibrate(
    panel: Panel,
    ask: Ask | str,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    base_year: int | None = None,
    panels: int = 500,
    nearest: int = 5,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    folder: Folder | None = None,
) -> Estimates:
    """Ask the question where the truth is zero, and count how often something is found and how far off it is.

    Panels are drawn from a process fitted to this one (``credibility.fitted_process``), and in each a programme that
    does nothing is put on a unit at random and on the unit that stood where the treated one stood. Beside them stand
    the real scores: programmes that never were, on units that stood as high, in every period of the same shape.
    Inside ``joblib.parallel_config(n_jobs=2)`` it runs on two cores, with the same numbers.

    Parameters
    ----------
    panel
        Any panel.
    ask
        An estimator of ``programme_impact`` by name, ``"base_year"`` (difference in differences with the base year
        alone), ``"slopes"``, or a function of panel, unit, first and last year that answers with ``Estimates`` or a
        table of ``dimension``, ``estimate``, ``p``, ``low``, ``high``. In the panel that it gets that unit follows
        the treated unit's completion and nobody else has a programme. A function that takes a keyword ``level`` or
        ``rng`` gets the level asked, and a Generator for each programme.
    unit, start, end
        The treated unit and the years of its programme; the unit itself takes no part.
    base_year
        The year in which the treated unit's standing counts; default the year before the start.
    panels
        How many panels are drawn. At a rate of 5% the Monte Carlo error is 1 point with 500, 2 with 100.
    nearest
        How many units nearest in rank to the treated one, in each real period.
    level
        1 minus the nominal rate of false alarms, and the level of the intervals that are asked for.
    rng
        Seed or Generator of the panels, and of what a function of one's own draws.
    folder
        Where the answers are kept as they come, so that a run that was interrupted goes on where it stopped.

    Returns
    -------
    Estimates
        Rows, for each place of the programmes (``who``): the dimensions, ``"mean"`` and ``"family"`` (any of the
        dimensions by its joint p). Columns: ``false_alarms`` (share with p at or below 1 - level) and its
        ``mc_error``; ``bias_points`` (mean estimate, the truth being 0; the unit of the estimate) and
        ``bias_points_error``; ``coverage`` of the intervals; ``rmse``; ``programmes`` asked about. Errors are standard
        errors over panels, in real windows clustered by unit. What the answers lack is missing.

    Raises
    ------
    SpecError
        Too few units or years; an answer of the wrong shape, missing or failed, with the programme it was for.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> found = calibrate(panel, "did", unit="VN-CT", start=2018, end=2020, base_year=2016, panels=40)
    >>> bool(found.table.bias_points.iloc[13] < -0.03)  # a lead is presumed to last, so a high start shows a loss
    True

    """
    check_level(level)
    shape = programme_shape(panel, unit, start, end, base_year)
    enough_units(panel, shape)
    job = partial(_answers, find_method(ask, level, shape.first - shape.base), takes(ask, "rng"), level)
    process, windows = fit_process(without_unit(panel, shape.treated)), real_windows(panel, shape, nearest)
    states = seeds(rng, panels + len(windows))
    label, drawn = f"calibrate {method_name(ask)}", partial(_in_drawn, job, panel, shape, process)
    simulated = np.array(run_all(drawn, states[:panels], label=label, folder=folder))
    real = np.array(run_all(job, list(zip(windows, states[panels:], strict=True)), label=label, folder=folder))
    units = pd.factorize(np.array([window.unit for window in windows]))[0]
    parts = [
        summary(answers, clusters, panel.dimensions, level).assign(who=who)
        for who, answers, clusters in (
            (AT_RANDOM, simulated[:, 0], np.arange(panels)),
            (AS_HIGH, simulated[:, 1], np.arange(panels)),
            (WINDOWS, real, units),
        )
    ]
    values = {
        "unit": unit,
        "panels": panels,
        "carried": float(process.carried[1:].max()),
        "across": float(process.carried[1:].min()),
        "base": panel.years[shape.base],
        "rank": shape.rank,
        "nearest": nearest,
        "windows": len({window.start for window in windows}),
        "programmes": len(windows),
        "units": int(units.max()) + 1,
    }
    return Estimates(
        question="calibration",
        table=pd.concat(parts, ignore_index=True)[["who", *parts[0].columns.drop("who")]],
        notes=(*surveys_note(panel, unit, start, end), DRAWN(**values), PERIODS(**values)),
        names=panel.names,
        simulated_tables=panel.simulated_tables if ask == "slopes" else (),
        level=level,
        design=CalibrationDesign(unit, method_name(ask), panels, process),
    )


@check_kinds
def rank_methods(
    panel: Panel,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    base_year: int | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Calibrate every estimator of ``programme_impact`` and order them before the treated unit is looked at.

    ``settings`` are those of ``calibrate``; all estimators get the same panels and units.

    Parameters
    ----------
    panel
        Any panel.
    unit, start, end
        The treated unit and the programme's years.
    base_year
        When the unit's standing counts; default the last year before.
    **settings
        Those of ``calibrate``.

    Returns
    -------
    DataFrame
        ``choice`` (the estimator's name); on the unit that stood as high in the simulated panels ``alarms_alike`` (any
        of the dimensions) and its ``mc_error``, ``bias_points``, ``coverage`` and ``rmse`` of the mean gap, lowest
        error first; in the real windows ``alarms_windows`` and ``rmse_windows``; ``peers``, the mean gap of the ten
        untouched units that stood nearest in the base year, as in ``programme_impact``: an estimator that is not fooled
        by where a unit stood puts it at about 0.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> cells = panel.frame().dropna()
    >>> few = cells[cells["unit"].isin(panel.units[:24]) & (cells["dimension"] == "D1") & (cells["year"] > 2012)]
    >>> small = pa.Panel.from_frames(few.drop(columns="completion"), few.drop(columns="score"))
    >>> ranked = rank_methods(small, unit=small.units[0], start=2018, end=2020, panels=2)
    >>> bool(ranked["rmse"].is_monotonic_increasing)
    True
    """
    rows = []
    years: dict[str, Any] = {"start": start, "end": end, "base_year": base_year}
    base = panel.years[programme_shape(panel, unit, **years).base]
    for name in ESTIMATORS:
        table = calibrate(panel, name, unit=unit, **years, **settings).table.set_index(["who", "dimension"])
        gaps = programme_impact(panel, unit, start, end, method=name, base_year=base)
        family, mean = table.loc[(AS_HIGH, "family")], table.loc[(AS_HIGH, "mean")]
        rows.append(
            {
                "choice": name,
                "alarms_alike": family["false_alarms"],
                "mc_error": family["mc_error"],
                **mean[["bias_points", "coverage", "rmse"]],
                "alarms_windows": table.loc[(WINDOWS, "family"), "false_alarms"],
                "rmse_windows": table.loc[(WINDOWS, "mean"), "rmse"],
                "peers": gaps.row("mean")["peers"],
            }
        )
    return pd.DataFrame(rows).sort_values("rmse", ignore_index=True)


def summary(answers: Floats, clusters: Ints, dimensions: tuple[str, ...], level: float) -> pd.DataFrame:
    """Count false alarms, coverage and errors over n programmes that do nothing: ``answers`` (n, K + 1, 5).

    ``clusters`` (n,) says which answers rest on the same unit or panel. A rate of 0 or 1 has the error of one alarm.
    """
    estimate, p, low, high, joint = np.moveaxis(answers, 2, 0)
    alarms = _reached(np.column_stack([p, joint[:, :-1].min(axis=1)]), level)
    covers = np.where(np.isnan(low) | np.isnan(high), np.nan, (low <= 0) & (high >= 0))
    table = pd.DataFrame({"dimension": [*dimensions, "mean", "family"], "false_alarms": alarms.mean(axis=0)})
    least = np.where(table["false_alarms"].isna(), np.nan, 1 / len(answers))
    table["mc_error"] = np.fmax(clustered_error(alarms, clusters), least)
    for name, values in (
        ("bias_points", estimate.mean(axis=0)),
        ("bias_points_error", clustered_error(estimate, clusters)),
        ("coverage", covers.mean(axis=0)),
        ("rmse", np.sqrt((estimate**2).mean(axis=0))),
    ):
        table[name] = np.append(values, np.nan)
    return table.assign(programmes=len(answers))


def clustered_error(values: Floats, clusters: Ints) -> Floats:
    """The standard error (J,) of the means of values (n, J), of which those in one of C clusters (n,) go together.

    >>> clustered_error(np.array([[0.0], [1.0], [2.0], [3.0]]), np.arange(4)).round(6).tolist()
    [0.645497]
    >>> clustered_error(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])).tolist()
    [0.5]
    """
    away = pd.DataFrame(values - values.mean(axis=0)).groupby(clusters).sum(min_count=1).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # one cluster says nothing of the error
        return np.asarray(np.sqrt(len(away) / np.float64(len(away) - 1) * (away**2).sum(axis=0)) / len(values))


def _reached(p: Floats, level: float) -> Floats:
    """1 where p lies at or below 1 - level, 0 where above, missing where p is."""
    return np.where(np.isnan(p), np.nan, p <= 1 - level + 1e-12)


def _in_drawn(
    job: Any, panel: Panel, shape: Shape, process: Process, rng: np.random.Generator
) -> Floats:  # (2, K + 1, 5)
    """What is answered in one drawn panel, for the unit at random and for the one that stood as high."""
    placebos = in_drawn_panel(panel, shape, process, rng)
    return np.array([job(pair) for pair in zip(placebos, rng.spawn(len(placebos)), strict=True)])


def _answers(
    ask: Ask, draws: bool, level: float, pair: tuple[PlaceboProgramme, np.random.Generator]
) -> Floats:  # (K + 1, 5)
    """What is kept of the answer for one programme; a Generator goes to a method that takes one."""
    placebo, rng = pair
    placebo = placebo._replace(rng=rng) if draws else placebo
    answer = answer_for(placebo, placebo.panel, ask, level)
    return np.column_stack([answer[name] for name in KEPT])
