"""Standing within a year, changes between years, and the breaks that changes cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.errors import SpecError
from papi_analysis.panel.frames import first_and_last
from papi_analysis.panel.panel import Panel

#: The kinds of break across which a unit's own scores are not comparable.
ERA_KINDS = ("definition", "mode", "sample")

#: Name of the sum over the family of dimensions, wherever dimensions are listed.
TOTAL = "total"


@check_kinds
def standing(scores: pd.DataFrame, dimensions: Sequence[str] | None = None) -> pd.DataFrame:
    """Say where each unit stood in each year: score, rank, group of four, distance from the mean.

    Parameters
    ----------
    scores
        ``unit``, ``year``, ``dimension``, ``score``.
    dimensions
        The family; default every dimension in ``scores``. Its sum is added as dimension ``"total"`` for the
        units that have all of them in the year.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``dimension``, ``score``; ``rank`` (1 is highest; ties share the better rank) of
        ``ranked`` units; ``group``, 1 at or above the 75th percentile of the year, 2 the 50th, 3 the 25th,
        else 4 (the grouping of the PAPI reports); ``mean`` of the year and ``from_mean``.

    Raises
    ------
    SpecError
        A dimension is called ``"total"``.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> place = standing(pa.papi.load_scores().query("year == 2016")).query("unit == 'VN-CT' and dimension == 'total'")
    >>> place[["score", "rank", "ranked", "group"]].round(2).to_numpy().tolist()
    [[39.57, 1.0, 63.0, 1.0]]
    """
    family = _family(scores, dimensions)
    if TOTAL in family:
        raise SpecError(
            "a dimension cannot be called {total!r} here: the sum of the family has that name.", total=TOTAL
        )
    table = with_total(scores, family)
    within = table.groupby(["year", "dimension"])["score"]
    # The sum of printed decimals carries rounding noise; ties are ties of the printed digits.
    table["rank"] = (
        table.assign(score=table["score"].round(6))
        .groupby(["year", "dimension"])["score"]
        .rank(ascending=False, method="min")
        .astype(int)
    )
    table["ranked"] = within.transform("size")
    cuts = [within.transform("quantile", share) for share in (0.75, 0.5, 0.25)]
    table["group"] = 4 - sum((table["score"] >= cut - 1e-9).astype(int) for cut in cuts)
    table["mean"] = within.transform("mean")
    table["from_mean"] = table["score"] - table["mean"]
    return in_order(table, ["unit", "year", "dimension"], [*family, TOTAL])


def with_total(scores: pd.DataFrame, family: Sequence[str]) -> pd.DataFrame:
    """Give the scores of a family and, of units that have all of them in a year, their sum as ``"total"``."""
    cells = scores.loc[scores["dimension"].isin(family), ["unit", "year", "dimension", "score"]]
    sums = cells.groupby(["unit", "year"])["score"].agg(["sum", "size"])
    full = sums[sums["size"] == len(family)].reset_index()
    total = full[["unit", "year"]].assign(dimension=TOTAL, score=full["sum"])
    return pd.concat([cells, total], ignore_index=True)


def in_order(table: pd.DataFrame, by: Sequence[str], dimensions: Sequence[str]) -> pd.DataFrame:
    """Sort a table by some columns, of which ``dimension`` goes by the order of ``dimensions``."""
    order = {name: place for place, name in enumerate(dimensions)}
    return table.sort_values(list(by), key=lambda c: c.map(order) if c.name == "dimension" else c, ignore_index=True)


def middle_halves(scores: pd.DataFrame) -> pd.DataFrame:
    """Say where the middle half of the units stood in each year with a survey.

    Returns
    -------
    DataFrame
        ``dimension``, ``year``, ``low`` and ``high`` (the 25th and 75th percentile over the units), ``mean``.
    """
    within = scores.groupby(["dimension", "year"], sort=True)["score"]
    middle = {"low": within.quantile(0.25), "high": within.quantile(0.75), "mean": within.mean()}
    return pd.DataFrame(middle).reset_index()


def best_and_worst(scores: pd.DataFrame, family: Sequence[str]) -> pd.Series | None:
    """Say when the sum of one unit's scores was highest and lowest, over the years that have all of them.

    Returns
    -------
    Series
        ``best`` and ``worst`` year, ``most`` and ``least`` points; None where no year has all scores.
    """
    sums = scores.groupby("year")["score"].agg(["sum", "size"])
    full = sums.loc[sums["size"] == len(family), "sum"]
    if full.empty:
        return None
    ends = {"best": int(full.idxmax()), "worst": int(full.idxmin()), "most": full.max(), "least": full.min()}
    return pd.Series(ends, dtype=object)


@check_kinds
def missing_scores(scores: pd.DataFrame, dimensions: Sequence[str] | None = None) -> pd.DataFrame:
    """List what was not published: each unit and year in which a dimension has no score.

    A dimension counts in the years in which some unit has it. Nothing is filled in.

    Parameters
    ----------
    scores
        ``unit``, ``year``, ``dimension``, ``score``.
    dimensions
        The family; default every dimension in ``scores``.

    Returns
    -------
    DataFrame
        ``year``, ``unit``, ``missing`` (the dimensions, separated by commas).

    Raises
    ------
    SpecError
        A dimension of the family has no scores.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> missing_scores(pa.papi.load_scores()).query("year == 2018").to_numpy().tolist()
    [[2018, 'VN-13', 'D2, D4'], [2018, 'VN-45', 'D2, D4']]
    """
    family = _family(scores, dimensions)
    cells = scores[scores["dimension"].isin(family)]
    asked = cells[["year", "dimension"]].drop_duplicates()
    grid = asked.merge(pd.DataFrame({"unit": sorted(scores["unit"].unique())}), how="cross")
    found = grid.merge(cells, how="left", on=["unit", "year", "dimension"])
    gaps = found[found["score"].isna()].sort_values(["year", "unit", "dimension"])
    listed = gaps.groupby(["year", "unit"])["dimension"].agg(", ".join).rename("missing")
    return listed.reset_index()


@check_kinds
def score_changes(panel: Panel, start: int | None = None, end: int | None = None) -> pd.DataFrame:
    """List the change of the score beside the change of completion.

    Parameters
    ----------
    panel
        The panel.
    start, end
        Two years to compare; both or neither. Default: each year with the year before.

    Returns
    -------
    DataFrame
        One row per unit, dimension and pair of years with both values in both years: ``unit``, ``dimension``,
        ``from_year``, ``to_year``, ``score_change`` (points), ``completion_change`` (-1 to 1), and
        ``crosses_break``: whether a definition, sample or mode changed between the two years.

    Raises
    ------
    SpecError
        One of the two years is missing, or they are not in order.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> changes = score_changes(panel, 2016, 2020)
    >>> round(float(changes.query("unit == 'VN-CT'")["score_change"].sum()), 2)
    -3.62
    """
    panel.need_completion()
    if (start is None) != (end is None):
        raise SpecError("give both start and end, or neither for each year with the year before.")
    years = np.array(panel.years)
    if start is None or end is None:
        late = np.arange(1, len(years))
        early = late - 1
    else:
        early, late = np.array([panel.position("year", start)]), np.array([panel.position("year", end)])
        if early >= late:
            raise SpecError("start {start} is not before end {end}.", start=start, end=end)
    done = panel.completion[:, late] - panel.completion[:, early]
    gain = panel.scores[:, late] - panel.scores[:, early]
    unit, pair, dimension = np.nonzero(np.isfinite(done) & np.isfinite(gain))
    crossed = _crossings(panel, years[early], years[late])
    return pd.DataFrame(
        {
            "unit": np.array(panel.units, dtype=object)[unit],
            "dimension": np.array(panel.dimensions, dtype=object)[dimension],
            "from_year": years[early][pair],
            "to_year": years[late][pair],
            "score_change": gain[unit, pair, dimension],
            "completion_change": done[unit, pair, dimension],
            "crosses_break": crossed[pair, dimension],
        }
    )


@check_kinds
def period_changes(
    scores: pd.DataFrame,
    unit: str,
    periods: Mapping[str, tuple[int, int]],
    *,
    breaks: pd.DataFrame,
    dimensions: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Set the change of a unit's scores in each of some periods beside that of the other units.

    A definition, sample or mode that changed within a period changed for every unit: the change by itself may show
    that alone, but what lies beyond the others' change does not.

    Parameters
    ----------
    scores
        ``unit``, ``year``, ``dimension``, ``score``.
    unit
        The code of a unit.
    periods
        First and last year of each, by what it is called, such as ``{"during": (2018, 2020)}``.
    breaks
        ``dimension``, ``year``, ``kind``, as a study has them.
    dimensions
        The family; default every dimension in ``scores``. Its sum is added as dimension ``"total"``.

    Returns
    -------
    DataFrame
        ``period``, ``first_year``, ``last_year``, ``dimension``; ``change`` of the unit from the first to the last
        year, mean change of the ``others``, what is ``beyond`` that; ``rank_change`` among the ``ranked`` units with
        both scores, 1 for the largest; ``crosses_break``, whether a definition, sample or mode changed in between.

    Raises
    ------
    SpecError
        The scores have no such unit or dimension, or lack a first or last year.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> during = {"during": study.programme_years("VN-CT")}
    >>> table = period_changes(study.scores, "VN-CT", during, breaks=study.breaks, dimensions=["D1", "D4"])
    >>> table[["dimension", "change", "others"]].round(2).to_numpy().tolist()
    [['D1', -0.32, -0.43], ['D4', 0.19, 0.34], ['total', -0.14, -0.09]]
    """
    family = _family(scores, dimensions)
    known = {"unit": set(scores["unit"]), "year": set(scores["year"])}
    spans = {period: first_and_last(years, str(period)) for period, years in periods.items()}
    asked = [("unit", unit), *(("year", year) for years in spans.values() for year in years)]
    for what, value in asked:
        if value not in known[what]:
            raise SpecError("there are no scores for {what} {value}.", what=what, value=value)
    wide = standing(scores, family).pivot(index=["dimension", "unit"], columns="year", values="score")
    cut = {name: set(break_years(breaks, name)) for name in family}
    cut[TOTAL] = set().union(*cut.values())
    rows = []
    for period, (first, last) in spans.items():
        moved = (wide[last] - wide[first]).unstack("unit").drop(columns=unit)
        own = (wide[last] - wide[first]).xs(unit, level="unit")
        for name in [*family, TOTAL]:
            others, change = moved.loc[name].dropna(), own.get(name, np.nan)
            rank = 1 + int((others > change).sum()) if np.isfinite(change) else None
            crosses = any(first < year <= last for year in cut[name])
            beside = (change, others.mean(), change - others.mean(), rank, len(others) + np.isfinite(change), crosses)
            rows.append((period, first, last, name, *beside))
    names = ["period", "first_year", "last_year", "dimension", "change", "others", "beyond", "rank_change", "ranked"]
    return pd.DataFrame(rows, columns=[*names, "crosses_break"])


def mean_over_units(values: Floats) -> Floats:
    """Mean over the first axis of the values that are known; missing where none is."""
    flat = pd.DataFrame(values.reshape(len(values), -1)).mean()
    return np.asarray(flat, dtype=float).reshape(values.shape[1:])


def break_years(breaks: pd.DataFrame, dimension: str, kinds: Sequence[str] = ERA_KINDS) -> list[int]:
    """List the years in which a break of one of ``kinds`` hit ``dimension``."""
    rows = zip(breaks["dimension"], breaks["year"], breaks["kind"], strict=True)  # few: a filter of pandas takes longer
    return sorted({int(year) for name, year, kind in rows if name in (dimension, "all") and kind in kinds})


def break_marks(breaks: pd.DataFrame, dimensions: Sequence[str], years: tuple[int, int]) -> pd.DataFrame:
    """List what changed in each dimension after the first of ``years``, each kind once a year.

    Returns
    -------
    DataFrame
        ``dimension``, ``year``, ``kind``; a break of ``"all"`` is one of each dimension.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> break_marks(pa.papi.load_breaks(), ["D2"], (2011, 2018)).to_numpy().tolist()
    [['D2', 2015, 'mode'], ['D2', 2018, 'definition'], ['D2', 2018, 'sample']]
    """
    first, last = years
    found = [breaks[breaks["dimension"].isin([name, "all"])].assign(dimension=name) for name in dimensions]
    rows = pd.concat(found)[["dimension", "year", "kind"]] if found else breaks[["dimension", "year", "kind"]]
    rows = rows[(rows["year"] > first) & (rows["year"] <= last)].drop_duplicates()
    return in_order(rows, ["dimension", "year", "kind"], dimensions)


@check_kinds
def eras(
    breaks: pd.DataFrame, dimensions: Sequence[str], years: tuple[int, int], kinds: Sequence[str] = ERA_KINDS
) -> pd.DataFrame:
    """Cut the years of each dimension at its breaks: within an era a unit's own scores are comparable.

    Parameters
    ----------
    breaks
        ``dimension``, ``year``, ``kind``, as of ``load_breaks``.
    dimensions
        Which dimensions.
    years
        First and last year.
    kinds
        The kinds of break that end an era.

    Returns
    -------
    DataFrame
        ``dimension``, ``first_year``, ``last_year``; the eras of a dimension fill ``years`` without overlap.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> eras(pa.papi.load_breaks(), ["D2"], (2011, 2020)).to_numpy().tolist()
    [['D2', 2011, 2014], ['D2', 2015, 2017], ['D2', 2018, 2020]]
    """
    first, last = first_and_last(years, "years")
    rows = []
    for dimension in dimensions:
        cuts = [year for year in break_years(breaks, dimension, kinds) if first < year <= last]
        rows += [
            (dimension, begin, following - 1)
            for begin, following in zip([first, *cuts], [*cuts, last + 1], strict=True)
        ]
    return pd.DataFrame(rows, columns=["dimension", "first_year", "last_year"])


@check_kinds
def national_shifts(panel: Panel, start: int, end: int) -> pd.DataFrame:
    """Say how far the mean over units moved in each year with a break after ``start`` up to ``end``.

    A shift is the change of the mean from the year of the survey before, over the units with both scores: part of it is
    the new definition or sample and none of it belongs to a single unit's programme.

    Parameters
    ----------
    panel
        A panel that knows its breaks.
    start, end
        The years after and up to which breaks count.

    Returns
    -------
    DataFrame
        ``dimension``, ``year``, ``kinds`` (what changed), ``shift`` (points), ``units``. All kinds of break.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> shifts = national_shifts(panel, 2016, 2020)
    >>> sorted(set(shifts["year"]))[0] > 2016
    True
    """
    first, last = panel.position("year", start), panel.position("year", end)
    rows = []
    for place, dimension in enumerate(panel.dimensions):
        for t in range(first + 1, last + 1):
            since = (panel.breaks["year"] > panel.years[t - 1]) & (panel.breaks["year"] <= panel.years[t])
            hit = panel.breaks[panel.breaks["dimension"].isin([dimension, "all"]) & since]
            if len(hit):
                moved = panel.scores[:, t, place] - panel.scores[:, t - 1, place]
                moved = moved[np.isfinite(moved)]
                kinds = ", ".join(dict.fromkeys(hit["kind"]))
                rows.append((dimension, panel.years[t], kinds, moved.mean() if len(moved) else np.nan, len(moved)))
    return pd.DataFrame(rows, columns=["dimension", "year", "kinds", "shift", "units"])


@check_kinds
def describe_panel(panel: Panel) -> pd.DataFrame:
    """Describe the panel by dimension: what a reader needs before any model.

    Parameters
    ----------
    panel
        Any panel.

    Returns
    -------
    DataFrame
        ``dimension``; ``cells`` with a score, ``gaps`` without; ``mean``, ``sd_between`` (of the units'
        means), ``sd_within`` (around unit and year means), ``min``, ``max`` of the score; ``completion_mean``
        and ``completion_max`` over the cells of programme units where completion is above 0.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> table = describe_panel(panel)
    >>> int((table["cells"] + table["gaps"]).sum()) == panel.scores.size
    True
    """
    rows = []
    for place, dimension in enumerate(panel.dimensions):
        # Frames, for means over units or years without any score: missing, and no warning.
        y, done = pd.DataFrame(panel.scores[:, :, place]), panel.completion[:, :, place]
        unit_means = y.mean(axis=1)
        within = y.sub(unit_means, axis=0)
        within = within - within.mean()
        every = pd.Series(y.to_numpy().ravel())
        begun = done[done > 0]
        rows.append(
            {
                "dimension": dimension,
                "cells": int(every.count()),
                "gaps": int(every.isna().sum()),
                "mean": every.mean(),
                "sd_between": unit_means.std(),
                "sd_within": pd.Series(within.to_numpy().ravel()).std(),
                "min": every.min(),
                "max": every.max(),
                "completion_mean": begun.mean() if begun.size else np.nan,
                "completion_max": begun.max() if begun.size else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _family(scores: pd.DataFrame, dimensions: Sequence[str] | None) -> list[str]:
    """The dimensions asked for, all of which must have scores; default every one that has."""
    known = sorted(scores["dimension"].unique())
    family = known if dimensions is None else list(dimensions)
    if not family:
        raise SpecError("dimensions names none. There are {known}.", known=", ".join(known))
    missing = [name for name in family if name not in known]
    if missing:
        raise SpecError(
            "there are no scores for dimension {names}. There are {known}.",
            names=", ".join(map(str, missing)),
            known=", ".join(known),
        )
    return family


def _crossings(panel: Panel, early: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Say for each pair of years (P,) and dimension (K,) whether a break lies after the first, up to the last."""
    crossed = np.zeros((len(early), len(panel.dimensions)), dtype=bool)
    for place, dimension in enumerate(panel.dimensions):
        for year in break_years(panel.breaks, dimension):
            crossed[:, place] |= (early < year) & (year <= late)
    return crossed
