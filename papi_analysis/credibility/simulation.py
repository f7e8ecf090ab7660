"""Made-up registers, and studies whose true slopes are known because we put them there.

Nothing here reads a score to make a register: completion can follow no score, past or future.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import SpecError
from papi_analysis.panel.completion import completion
from papi_analysis.panel.panel import Panel
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.register import check_tasks
from papi_analysis.study.study import Study, make_study

Seed = int | np.random.Generator

#: Shares of reports that never come, come late, or are corrected later, and of tasks that are never reported.
MISSING, LATE, REVISED, SILENT = 0.06, 0.10, 0.06, 0.04


@check_kinds
def simulate_progress(tasks: pd.DataFrame, *, rng: Seed = 0) -> pd.DataFrame:
    """Make up quarterly progress reports for a list of tasks; scores play no part.

    Each task moves from 0 at its start towards 1 at its due date, faster or slower by chance, in common with
    the other tasks of its unit and dimension; some stall. Reports state completion at each quarter's end in
    steps of 0.05. Some come late, some never, some are corrected later (revision 1), a few tasks are never
    reported at all.

    Parameters
    ----------
    tasks
        ``unit``, ``task``, ``dimension``, ``start``, ``due``; the quarters run from the first start to the last due.
    rng
        Seed or Generator.

    Returns
    -------
    DataFrame
        ``unit``, ``task``, ``as_of``, ``reported_on``, ``completion``, ``revision`` (schema ``PROGRESS``).
        The order of the rows of ``tasks`` plays no part.

    Raises
    ------
    DataError
        Where the tasks do not pass their checks.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> reports = simulate_progress(study.tasks, rng=1)
    >>> bool(reports["completion"].between(0, 1).all())
    True
    """
    rng = np.random.default_rng(rng)
    # The draws follow the tasks in the order of their names, however the rows lie.
    tasks = check_tasks(tasks).sort_values(["unit", "task", "dimension"])
    tasks = tasks.drop_duplicates(["unit", "task"]).reset_index(drop=True)
    start, due = (tasks[column].to_numpy("datetime64[D]") for column in ("start", "due"))
    quarters = pd.date_range(start.min(), due.max() + np.timedelta64(92, "D"), freq="QE").to_numpy("datetime64[D]")
    quarters = quarters[quarters <= np.datetime64(f"{due.max().astype('datetime64[Y]')}-12-31")]
    n, Q = len(tasks), len(quarters)

    # Tasks of one unit and dimension share their pace: units differ in how far they get.
    team = tasks.groupby(["unit", "dimension"], sort=True).ngroup().to_numpy()
    pace = (0.55 + 0.75 * rng.random(team.max() + 1))[team] * (0.7 + 0.6 * rng.random(n))
    stalls_at = np.where(rng.random(n) < 0.25, 0.3 + 0.6 * rng.random(n), 1.0)
    elapsed = (quarters - start[:, None]) / np.maximum(due - start, np.timedelta64(30, "D"))[:, None]
    true = np.minimum(np.clip(elapsed, 0.0, None) * pace[:, None], stalls_at[:, None])
    true = np.round(np.clip(true, 0.0, 1.0) * 20) / 20

    arrives = (quarters >= start[:, None]) & (rng.random((n, Q)) >= MISSING) & (rng.random(n) >= SILENT)[:, None]
    delay = 5 + np.floor(20 * rng.random((n, Q)))
    delay = np.where(rng.random((n, Q)) < LATE, delay + 40 + np.floor(80 * rng.random((n, Q))), delay)
    corrected = arrives & (rng.random((n, Q)) < REVISED)
    first = np.where(corrected, np.clip(true + np.where(rng.random((n, Q)) < 0.7, 0.15, -0.10), 0.0, 1.0), true)
    corrected &= first != true

    reports = _long(tasks, quarters, first, delay, arrives, revision=0)
    corrections = _long(tasks, quarters, true, delay + 90, corrected, revision=1)
    table = pd.concat([reports, corrections])
    table["completion"] = table["completion"].round(2)
    return table.sort_values(["unit", "task", "as_of", "revision"], ignore_index=True)


def _long(
    tasks: pd.DataFrame,
    quarters: np.ndarray,
    values: np.ndarray,
    delay: np.ndarray,
    keep: np.ndarray,
    revision: int,
) -> pd.DataFrame:
    """Spread arrays (tasks, quarters) into report rows where ``keep`` holds."""
    task, quarter = np.nonzero(keep)
    as_of = quarters[quarter]
    return pd.DataFrame(
        {
            "unit": tasks["unit"].to_numpy()[task],
            "task": tasks["task"].to_numpy()[task],
            "as_of": as_of.astype("datetime64[ns]"),
            "reported_on": (as_of + delay[keep].astype("timedelta64[D]")).astype("datetime64[ns]"),
            "completion": values[keep],
            "revision": revision,
        }
    )


@check_kinds
def simulate_study(
    panel: Panel,
    slopes: float | Sequence[float] = 0.0,
    *,
    units: int | Sequence[str] | None = None,
    start: int = 2018,
    end: int = 2020,
    tasks_per_dimension: int = 8,
    rng: Seed = 0,
) -> Study:
    """Make a study with known truth: the panel's real scores plus known slopes times simulated completion.

    Parameters
    ----------
    panel
        Gives scores, units, years and dimensions. Its own completion is not used.
    slopes
        True slope, in score points per 10 percentage points of completion: one for all dimensions or one each.
    units
        How many units have a programme (drawn by chance), or which; default all.
    start, end
        First and last year of the programmes.
    tasks_per_dimension
        Tasks of each unit in each dimension.
    rng
        Seed or Generator.

    Returns
    -------
    Study
        Its scores, tasks and progress are simulated and pass the same checks as real ones; a unit without
        tasks is declared to be without a programme.

    Raises
    ------
    SpecError
        Where units or years are not in the panel, or a slope would push a score off its scale.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> study = simulate_study(panel, slopes=0.05, units=20, rng=1)
    >>> len(study.programme_units), study.simulated_tables
    (20, ('scores', 'tasks', 'progress'))
    """
    rng = np.random.default_rng(rng)
    K = len(panel.dimensions)
    try:
        given = np.asarray(slopes, dtype=float)
    except (TypeError, ValueError):
        given = np.array(np.nan)
    slope = np.broadcast_to(given, (K,)) if given.ndim == 0 else given
    if slope.shape != (K,) or not np.isfinite(slope).all():
        raise SpecError(
            "slopes is one finite number, or one for each of {dimensions}.", dimensions=", ".join(panel.dimensions)
        )
    for year in (start, end):
        panel.position("year", year)
    if end < start:
        raise SpecError("the programme needs an end no earlier than its start.")
    chosen = _choose(panel, units, rng)
    tasks = _simulate_tasks(chosen, panel.dimensions, start, end, tasks_per_dimension, rng)
    progress = simulate_progress(tasks, rng=rng)
    frame = panel.frame()[["unit", "year", "dimension", "score"]]
    days = fieldwork_dates(panel.years)
    done = completion(tasks, progress, as_of=days)[["unit", "year", "dimension", "completion"]]
    frame = frame.merge(done, how="left", on=["unit", "year", "dimension"])
    # A cell in which no begun task was ever reported has unknown completion and, so, an unknown gain.
    gain = frame["dimension"].map(dict(zip(panel.dimensions, slope * 10, strict=True))) * frame["completion"]
    frame["score"] += gain.where(frame["unit"].isin(chosen), 0.0)
    scores = frame.dropna(subset="score")[["unit", "year", "dimension", "score"]].reset_index(drop=True)
    scale_min, scale_max = float(min(1.0, np.nanmin(panel.scores))), float(max(10.0, np.nanmax(panel.scores)))
    if not scores["score"].between(scale_min, scale_max).all():
        raise SpecError(
            "with these slopes scores run from {low:.2f} to {high:.2f}, off the scale of "
            "{scale_min:g} to {scale_max:g}. Choose smaller slopes.",
            low=scores["score"].min(),
            high=scores["score"].max(),
            scale_min=scale_min,
            scale_max=scale_max,
        )
    return make_study(
        source="",
        title_en="Simulated programmes with known slopes",
        title_vi="Chương trình mô phỏng với hệ số đã biết",
        decision="",
        unit="",
        base_year=start - 1,
        start=pd.Timestamp(start, 1, 1),
        end=pd.Timestamp(end, 12, 31),
        years=(panel.years[0], panel.years[-1]),
        without_programme="all others",
        scores=scores,
        units=_names(panel, "unit", panel.units).assign(variants=""),
        dimensions=_names(panel, "dimension", panel.dimensions).assign(scale_min=scale_min, scale_max=scale_max),
        breaks=panel.breaks,
        tasks=tasks,
        progress=progress,
        simulated_tables=("scores", "tasks", "progress"),
    )


def _names(panel: Panel, column: str, codes: Sequence[str]) -> pd.DataFrame:
    """Tabulate codes with the names that the panel knows."""
    pairs = [panel.names.get(code, (code, code)) for code in codes]
    return pd.DataFrame(pairs, columns=["name_en", "name_vi"]).assign(**{column: list(codes)})


def _choose(panel: Panel, units: int | Sequence[str] | None, rng: np.random.Generator) -> tuple[str, ...]:
    """Pick the programme units: all, the named ones, or so many by chance."""
    if units is None:
        return panel.units
    if isinstance(units, int | np.integer):
        if not 1 <= units <= len(panel.units):
            raise SpecError(
                "units is between 1 and the panel's {most}, not {units}.", most=len(panel.units), units=units
            )
        order = np.argsort(rng.random(len(panel.units)), kind="stable")
        return tuple(sorted(panel.units[place] for place in order[:units]))
    if isinstance(units, str | float) or not len(units):
        raise SpecError("units is a number, or the names of one or more units in a list, not {units!r}.", units=units)
    return tuple(sorted({panel.units[panel.position("unit", unit)] for unit in units}))


def _simulate_tasks(
    units: Sequence[str], dimensions: Sequence[str], start: int, end: int, each: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Make up tasks: starts in the first half of the programme, due dates at quarter ends after them."""
    index = pd.MultiIndex.from_product([units, dimensions, range(1, each + 1)], names=["unit", "dimension", "number"])
    tasks = index.to_frame(index=False)
    first, last = pd.Timestamp(start, 1, 1), pd.Timestamp(end, 12, 31)
    days = (last - first).days
    begins = first + pd.to_timedelta(np.floor(rng.random(len(tasks)) * days / 2), unit="D")
    due = begins + pd.to_timedelta(90 + np.floor(rng.random(len(tasks)) * days / 2), unit="D")
    tasks["task"] = tasks["dimension"] + "-" + tasks["number"].astype(str).str.zfill(2)
    tasks["start"] = begins
    tasks["due"] = np.minimum(due + pd.offsets.QuarterEnd(0), np.datetime64(last))
    tasks["weight"] = 1.0 + np.floor(3 * rng.random(len(tasks)))
    return tasks.drop(columns="number")
