"""How far a conclusion moves when a unit, a year or a task is left out, reports are too rosy, or come late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any, Literal

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.credibility.long_runs import ask_each
from papi_analysis.errors import SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.slopes import completion_slopes, slope_estimates
from papi_analysis.panel.completion import completion, one_day
from papi_analysis.panel.panel import Panel
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.study import Study

#: What is kept of the mean slope.
MEAN = ["estimate", "low", "high", "p"]

LeftOut = Literal["unit", "year", "task"]


@check_kinds
def leave_one_out(study: Study, what: LeftOut) -> pd.DataFrame:
    """Estimate the slopes again without each unit, year or task in turn.

    Parameters
    ----------
    study
        A study.
    what
        ``"unit"`` (all but those with a programme), ``"year"`` or ``"task"``.

    Returns
    -------
    DataFrame
        One row per thing left out, lowest mean slope first: ``left_out``, one column per dimension with the slope
        (points per 10 percentage points), ``mean``. A long run shows a bar.

    Raises
    ------
    SpecError
        Nothing of that kind can be left out.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> leave_one_out(study, "year")[["left_out", "mean"]].shape
    (10, 2)
    """
    panel = Panel.from_study(study)
    without = set(panel.units) - set(panel.programme_units)
    ways: dict[str, tuple[Sequence[Any], Callable[[Any], Panel] | None]] = {
        "unit": ([unit for unit in panel.units if unit in without], partial(_without, panel, "unit")),
        "year": (panel.years, partial(_without, panel, "year")),
        "task": (sorted(study.tasks["task"].unique()), None),
    }
    if not isinstance(what, str) or what not in ways:
        raise SpecError("what is 'unit', 'year' or 'task', not {what!r}.", what=what)
    names, given = ways[what]
    rest = _without_task(study, panel) if given is None else given
    rows = ask_each(
        lambda name: _slopes(rest(name)), [({"left_out": str(name)}, name) for name in names], f"left out, {what}"
    )
    return pd.DataFrame(rows).sort_values("mean", key=lambda mean: mean.round(12), kind="stable", ignore_index=True)


@check_kinds
def overstated_reports(panel: Panel, points: Sequence[float] = (0.0, 0.1, 0.2, 0.3), **settings: Any) -> pd.DataFrame:
    """Estimate the slopes again as if reported completion were too high by so much, wherever it is above 0.

    Parameters
    ----------
    panel
        Any panel.
    points
        Overstatement, in shares of completion (0.1 is ten percentage points); what falls below 0 is 0.
    **settings
        Passed on to ``completion_slopes``.

    Returns
    -------
    DataFrame
        ``overstated`` (share), ``estimate``, ``low``, ``high``, ``p`` of the mean slope, and ``turns``: whether the
        conclusion (told from zero at the ``level`` asked or not, and the side) differs from that of the first row;
        missing where either row has no p-value.

    Raises
    ------
    SpecError
        A share does not lie between 0 and 1, or the slopes cannot be asked for.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> overstated_reports(panel, (0.0, 0.1), draws=99)["overstated"].tolist()
    [0.0, 0.1]
    """
    if not len(points) or any(not isinstance(point, int | float | np.number) or not 0 <= point < 1 for point in points):
        raise SpecError("points are shares of completion from 0 up to, not including, 1: 0.1 is ten percentage points.")
    panel.need_completion()
    most = np.nan_to_num(panel.completion).max(axis=(0, 1)).min()  # nothing is left to compare in some dimension
    asked = [({"overstated": point}, point) for point in takewhile(lambda point: point < most, points)]
    rows = ask_each(partial(_if_overstated, panel, settings), asked, "overstated reports")
    first = rows[0]["turns"] if rows else None
    for row in rows:
        row["turns"] = None if first is None or row["turns"] is None else bool(row["turns"] != first)
    return pd.DataFrame(rows, columns=["overstated", *MEAN, "turns"])


def _if_overstated(panel: Panel, settings: Mapping[str, Any], point: float) -> dict[str, Any]:
    """The mean slope where completion was too high by so much, and its side, 0 where it is not told from zero."""
    slopes = completion_slopes(replace(panel, completion=np.clip(panel.completion - point, 0.0, None)), **settings)
    mean = slopes.row("mean")
    side = np.sign(mean["estimate"]) if mean["p"] <= 1 - slopes.level + 1e-12 else 0.0
    return {**mean[MEAN], "turns": None if np.isnan(mean["p"]) else side}


@check_kinds
def conclusion_turns(panel: Panel, *, step: float = 0.05, **settings: Any) -> float:
    """Find the smallest overstatement of the reports at which the conclusion on the mean slope turns.

    Parameters
    ----------
    panel
        Any panel.
    step
        Between two overstatements, in shares of completion.
    **settings
        Passed on to ``completion_slopes``.

    Returns
    -------
    float
        In shares of completion, a multiple of ``step``; missing where it never turns before completion is gone, or
        where the first answer has no p-value.

    Raises
    ------
    SpecError
        The step is not between 0 and 1, or the slopes cannot be asked for.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> conclusion_turns(panel, step=0.5, draws=99)
    nan
    """
    if not isinstance(step, int | float | np.number) or not 0 < step < 1:
        raise SpecError("step is {step!r}; give a share of completion between 0 and 1, like 0.05.", step=step)
    table = overstated_reports(panel, np.arange(0.0, 1.0, step).round(6).tolist(), **settings)
    turned = table.loc[table["turns"].eq(True), "overstated"]
    return float(turned.iloc[0]) if len(turned) else float("nan")


@check_kinds
def late_information(study: Study, days: Sequence[Any] | None = None) -> pd.DataFrame:
    """Say what would have been concluded on each day, from the reports that had come by then.

    Parameters
    ----------
    study
        A study.
    days
        Days; default 31 March after each programme year, when the year's reports are in, and the last report.

    Returns
    -------
    DataFrame
        ``known_on``, ``reports`` in hand, ``completion`` (mean over the programme's cells of the years that had
        passed), ``estimate``, ``low``, ``high``, ``p`` of the mean slope from the years that had passed.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> late_information(study, ["2020-03-31"])["reports"].item() > 0
    True
    """
    if days is None:
        after = [pd.Timestamp(year + 1, 3, 31) for year in range(study.start.year, study.end.year + 1)]
        days = [day for day in after if day < study.progress["reported_on"].max()]
        days.append(study.progress["reported_on"].max())
    asked = [({"known_on": day}, day) for day in map(one_day, days)]
    return pd.DataFrame(ask_each(partial(_known_then, study), asked, "late information"))


def _known_then(study: Study, day: pd.Timestamp) -> dict[str, Any]:
    """What a study says by the reports that had come by a day."""
    years = (study.years[0], min(study.years[1], day.year - 1))
    panel = Panel.from_study(replace(study, years=years), known_on=day)
    begun = panel.completion[panel.completion > 0]
    return {
        "reports": int((study.progress["reported_on"] <= day).sum()),
        "completion": begun.mean() if begun.size else np.nan,
        **completion_slopes(panel).row("mean")[MEAN],
    }


@check_kinds
def negative_controls(study: Study) -> Estimates:
    """Ask for slopes where none should be: the dimensions that no task serves, on the programme's mean completion.

    Parameters
    ----------
    study
        A study whose scores have dimensions that no task serves.

    Returns
    -------
    Estimates
        As ``completion_slopes``, with the other dimensions of the scores as the family, over the years that have them.

    Raises
    ------
    SpecError
        Where every dimension with scores is served by a task.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> negative_controls(study).table["dimension"].tolist()[:2]
    ['D7', 'D8']
    """
    served = set(study.tasks["dimension"]) | set(study.dimensions["dimension"])
    others = sorted(set(study.scores["dimension"]) - served)
    if not others:
        raise SpecError("every dimension with scores is served by a task, so there is no negative control.")
    done = Panel.from_study(study)
    mean = np.nanmean(done.completion, axis=2)
    cells = pd.DataFrame(mean, index=done.units, columns=done.years).stack().rename("completion")
    cells.index.names = ["unit", "year"]
    completion = cells.reset_index().merge(pd.DataFrame({"dimension": others}), how="cross")
    scores = study.scores[study.scores["dimension"].isin(others)]
    years = (int(scores["year"].min()), study.years[1])
    panel = Panel.from_frames(
        scores,
        completion,
        years=years,
        dimensions=others,
        breaks=study.breaks[study.breaks["dimension"].isin(["all", *others])],
        simulated_tables=study.simulated_tables,
        names=study.names,
    )
    return completion_slopes(panel)


def _slopes(panel: Panel) -> dict[str, float]:
    """The slopes alone, without inference."""
    slopes = slope_estimates(panel)
    return {**dict(zip(panel.dimensions, slopes, strict=True)), "mean": float(np.mean(slopes))}


def _without(panel: Panel, axis: Literal["unit", "year"], label: str | int) -> Panel:
    """The panel without the scores of one unit or one year."""
    scores = panel.scores.copy()
    place = panel.position(axis, label)
    scores[(place,) if axis == "unit" else (slice(None), place)] = np.nan
    return replace(panel, scores=scores)


def _without_task(study: Study, panel: Panel) -> Callable[[str], Panel]:
    """What gives the panel without one task and its reports.

    Completion is asked for once, of a register in which a unit without a task is a unit of its own, named by both.
    """
    owners = study.tasks.groupby("task")["unit"].unique()

    def stacked(table: pd.DataFrame) -> pd.DataFrame:
        parts = []
        for task, units in owners.items():
            rest = table[table["unit"].isin(units) & (table["task"] != task)]
            parts.append(rest.assign(unit=[f"{task}\n{unit}" for unit in rest["unit"]]))
        return pd.concat(parts, ignore_index=True)

    days = fieldwork_dates(pd.Series(panel.years))
    cells = completion(stacked(study.tasks), stacked(study.progress), as_of=days)
    cells[["task", "unit"]] = cells["unit"].str.split("\n", expand=True)
    cells = cells.set_index(["task", "unit", "year", "dimension"])["completion"]

    def rest(task: str) -> Panel:
        done = panel.completion.copy()
        for unit in set(owners[task]) & set(panel.units):
            index = pd.MultiIndex.from_product([[task], [unit], panel.years, panel.dimensions])
            done[panel.units.index(unit)] = cells.reindex(index).to_numpy().reshape(done.shape[1:])
        return replace(panel, completion=done)

    return rest
