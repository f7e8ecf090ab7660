"""Did the programme move the index: gaps between a unit's scores and what they would have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.cost import usual_draws
from papi_analysis.estimation.counterfactuals import (
    Counterfactual,
    Estimator,
    Weights,
    demeaned_fit,
    difference_in_differences,
    estimate,
    find_estimator,
)
from papi_analysis.estimation.designs import Design, programme_design
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.inference import INCOMPLETE, RANK, Clustered, Engine, engine_rows, size_notes
from papi_analysis.estimation.multiplicity import check_level
from papi_analysis.estimation.placebos import Placebos, placebos
from papi_analysis.panel.changes import break_years
from papi_analysis.panel.panel import Panel, first_and_last

#: Methods that match paths need this many years before; the others one.
YEARS_BEFORE = 2

#: Below so many donors the comparison is thin, and a note says so.
FEW_DONORS = 10

#: Placebos whose paths are tabulated.
SHOWN = 500

PLACEBOS = Note(
    "Inference: the programme is given to each of {units} units in turn, and the gap is ranked among theirs."
)
SAMPLED = Note(
    "Inference: the programme is given to {rows} of {units} units, drawn at random, and the gap is ranked among theirs."
)
SETS = Note(
    "Inference: the programmes are reassigned over {units} units, and the mean gap is ranked among {rows} such sets."
)
EXACT_T = Note(
    "Inference: exact t with {df} degrees of freedom and Holm over the dimensions, if scores net of each unit's "
    "earlier mean are normal with one variance (Lee & Wooldridge)."
)
RELATIVE = Note(
    "A gap is a change of standing among units, not of the score by itself: definitions, samples or modes changed for "
    "all units in {years}."
)
EXACT_FIT = Note("{dimensions}: the years before are fitted exactly, which says nothing about the years after.")
POOR_FIT = Note("{dimensions}: the years before are fitted worse than for nine in ten units; read these with care.")
SURVEYS = Note("No survey was held in {years}: the programme is counted from the survey of {first} to that of {last}.")
FEW = Note("There are only {donors} donors; the smallest p-value that this design can give is {floor:.3f}.")


@check_kinds
def programme_impact(
    panel: Panel,
    unit: str | Sequence[str] | Mapping[str, int],
    start: int | None = None,
    end: int | None = None,
    *,
    method: str | Estimator = "common_weights",
    before: tuple[int, int] | None = None,
    without: Sequence[str] = (),
    treated_as_donor: bool = True,
    level: float = 0.95,
    draws: int | None = None,
    rng: int | np.random.Generator = 0,
) -> Estimates:
    """Compare the scores of one or a few units with what they would have been without the programme.

    The counterfactual is a weighted average of donors, chosen on the years before by ``method``; a gap is the score
    minus it. The gap averaged over the programme years is judged by giving the programme to every unit in turn (with
    several treated units, to other sets of units), jointly over the dimensions.

    Parameters
    ----------
    panel
        Any panel; completion plays no part.
    unit
        The treated unit, several of them, or a table of units and their first years (then no ``start``).
    start, end
        First and last year of the programme; the default end is the panel's last year. Where no survey was held in one
        of them, the first survey after the start, or the last before the end, stands for it, and a note says so.
    method
        ``"did"``, ``"lee_wooldridge"``, ``"synthetic_control"``, ``"common_weights"`` (one set of donors for all
        dimensions), ``"synthetic_did"``, or a function like those of ``estimation.counterfactuals``; what it gives
        back is checked.
    before
        First and last year to match on; default all years before the start.
    without
        Units that may not be donors, for instance those known to have had programmes of their own.
    treated_as_donor
        Whether a placebo may use the treated unit as a donor; only then is the rank exact under the null.
    level
        Confidence level of the intervals.
    draws
        Most reassignments; where there are more, a random sample of so many is drawn and the notes say how many of how
        many units. Default 9,999; with methods that search for weights, in panels of thousands of units fewer, never
        below 199 (5,000 units, 20 years, six dimensions: 5,000 with one treated unit, 199 from 26 on). A run that
        will take a minute or more says how long before it starts.
    rng
        Seed or Generator; not used where all reassignments are tried.

    Returns
    -------
    Estimates
        Rows: each dimension, then ``"mean"``. Columns: ``estimate`` (mean gap over the programme years, points),
        ``se`` (spread of the gap over the placebos), ``low``, ``high``, ``p``, ``p_joint`` (step-down max-T),
        ``floor``, ``detectable`` (gap that would have been found four times in five), ``fit`` (root mean squared
        gap before), ``units`` compared. ``cells`` holds, for each dimension and year, ``actual`` and
        ``counterfactual`` of the treated units (in programme years, of those that have started) and the ``gap`` of
        the placebos, of an even selection where they are more than 500; ``design["weights"]`` the donors.

    Raises
    ------
    SpecError
        A unit that is not in the panel, a start without enough years before, an end beyond the data, a treated unit
        among those left out, a missing score of a treated unit, too few donors with all cells, a dimension in
        which all units move alike, a method that gives no usable weights.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    >>> gaps.table.dimension.tolist()
    ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'mean']

    """
    check_level(level)
    rule = find_estimator(method) if isinstance(method, str) else _checked(find_estimator(method))
    starts = first_years(panel, unit, start)
    design, left_out = impact_design(panel, starts, end, before, without, _years_needed(method))
    found = estimate(design, rule)
    fan = None
    if method == "lee_wooldridge":
        usual = Clustered(*demeaned_fit(design))
        engines: tuple[Engine, ...] = (usual, usual.mean_slope())
    else:
        most = _usual_draws(design, rule) if draws is None else draws
        fan = placebos(design, rule, treated_as_donor=treated_as_donor, draws=most, rng=rng)
        engines = (fan, fan.mean())
    compared = int(design.eligible.sum())
    table = pd.concat(
        [engine_rows(list(panel.dimensions), engines[0], level), engine_rows(["mean"], engines[1], level)]
    )
    if len(panel.dimensions) == 1:  # a family of one
        table.iloc[0, table.columns.get_indexer(["p_joint", "p_holm"])] = table["p"].iloc[0]
    table["fit"] = _fit(design, found) if fan is None else np.append(fan.fit, fan.mean().fit)
    table["units"] = compared
    return Estimates(
        question="programme_impact",
        table=table.reset_index(drop=True),
        notes=(*surveys_note(panel, unit, start, end), *_notes(panel, design, engines[0], left_out, level)),
        cells=_paths(panel, design, found, fan),
        names=panel.names,
        simulated_tables=tuple(name for name in panel.simulated_tables if name == "scores"),
        level=level,
        engines=engines,
        design={
            "method": method if isinstance(method, str) else _name(method),
            "units": tuple(starts),
            "start": min(starts.values()),
            "end": panel.years[design.end],
            "compared": compared,
            "weights": _weights(panel, design, found),
        },
    )


def first_years(panel: Panel, unit: str | Sequence[str] | Mapping[str, int], start: int | None) -> dict[str, int]:
    """Turn what was asked for into first programme years by unit: the first survey at or after the start."""
    if isinstance(unit, Mapping):
        if start is not None:
            raise SpecError("give first years by unit, or one start for all, not both.")
        starts = dict(unit)
    else:
        if start is None:
            raise SpecError("give the first year of the programme: start=2018, for instance.")
        starts = dict.fromkeys([unit] if isinstance(unit, str | int) else map(str, unit), start)
    if not starts:
        raise SpecError("name at least one unit with a programme.")
    for name in starts:
        panel.position("unit", name)
    return {name: panel.first_from(year, "the start") for name, year in starts.items()}


def surveys_note(panel: Panel, unit: Any, start: int | None, end: int | None) -> list[Note]:
    """Say which surveys stand for a start or an end between two of them."""
    asked = {*(unit.values() if isinstance(unit, Mapping) else [start]), panel.years[-1] if end is None else end}
    missed = sorted(asked - set(panel.years))
    if not missed:
        return []
    first = min(first_years(panel, unit, start).values())
    last = panel.years[-1] if end is None else panel.last_to(end, "the end")
    return [Note(SURVEYS.text, {"years": ", ".join(map(str, missed)), "first": first, "last": last})]


def _usual_draws(design: Design, rule: Estimator) -> int:
    """Draws unless told otherwise: equal weights cost nothing, others a search over the cells of every donor."""
    cells = design.Y[0].size * int(design.eligible.sum()) * len(design.units)
    return usual_draws(0 if rule is difference_in_differences else cells)


def _name(method: Estimator) -> str:
    return str(getattr(method, "__name__", "own function"))


def _checked(method: Estimator) -> Estimator:
    """Wrap a function of one's own: weights that no gap can be computed from are refused, not passed on."""

    def rule(*given: Any) -> Weights:
        Y, units, donors, pre, _ = given
        shapes = (len(units), len(Y), Y.shape[2]), (len(units), len(pre), Y.shape[2])
        answer = method(*given)
        try:
            found, years = (np.asarray(part, dtype=float) for part in answer)
        except (TypeError, ValueError):
            raise SpecError(f"method {_name(method)} must return two arrays: weights of donors and of years.") from None
        if (found.shape, years.shape) != shapes:
            raise SpecError(
                f"method {_name(method)} returned weights of shapes {found.shape} and {years.shape}; it must return "
                f"donors {shapes[0]} and years {shapes[1]}."
            )
        if not (np.isfinite(found).all() and np.isfinite(years).all()):
            raise SpecError(f"method {_name(method)} returned weights that are missing or not finite.")
        if found[~donors].any() or years[:, ~pre].any():
            raise SpecError(f"method {_name(method)} put weight on units that are no donors, or on years not before.")
        return Weights(found, years)

    return rule


def _years_needed(method: str | Estimator) -> int:
    return 1 if method in ("did", "lee_wooldridge") else YEARS_BEFORE


def impact_design(
    panel: Panel,
    starts: Mapping[str, int],
    end: int | None,
    before: tuple[int, int] | None = None,
    without: Sequence[str] = (),
    needed: int = YEARS_BEFORE,
) -> tuple[Design, list[str]]:
    """Check the question against the panel; returns the design and the units left out for lack of cells."""
    years = np.array(panel.years)
    last = panel.years[-1] if end is None else panel.last_to(end, "the end")
    if last < max(starts.values()):
        none = "" if end in (None, last) else f" No survey was held in {end}."
        raise SpecError(f"the end {last} lies before the start {max(starts.values())}.{none}")
    begin, until = (years[0], years[-1]) if before is None else first_and_last(before, "before")
    matched = (years >= begin) & (years <= until)
    early = min(starts.values())
    if (matched & (years < early)).sum() < needed:
        raise SpecError(
            f"a programme that starts in {early} has {int((matched & (years < early)).sum())} year(s) before it to "
            f"match on; this method needs {needed}. Choose a later start or more years."
        )
    treated = np.isin(panel.units, list(starts))
    left_out = [without] if isinstance(without, str) else without
    named = {panel.position("unit", name) for name in left_out}
    for name in left_out:
        if name in starts:
            raise SpecError(f"{name} has the programme and cannot be left out of its own donors.")
    used = (years <= last) & (matched | (years >= early))
    complete: NDArray[np.bool_] = np.asarray(np.isfinite(panel.scores[:, used]).all(axis=(1, 2)))
    for name in starts:
        i = panel.position("unit", name)
        if not complete[i]:
            t, k = np.argwhere(~np.isfinite(panel.scores[i]) & used[:, None])[0]
            raise SpecError(
                f"the score of {name} in {panel.dimensions[k]}, {panel.years[t]}, was not published, so the gap there "
                "cannot be known. Choose other years, or leave the dimension out."
            )
    free = ~treated & ~np.isin(np.arange(len(panel.units)), list(named))
    pool = complete & free
    if pool.sum() < 2:
        raise SpecError(
            f"{int(pool.sum())} donors have all the cells; at least two are needed. "
            + _fewer_years(panel, free, early, last, needed)
        )
    design = programme_design(
        panel.scores,
        [panel.position("unit", name) for name in starts],
        [panel.position("year", year) for year in starts.values()],
        end=panel.position("year", last),
        before=matched,
        donors=pool,
    )
    _check_gaps(panel, design, used)
    return design, [name for i, name in enumerate(panel.units) if not complete[i] and not treated[i] and i not in named]


def _fewer_years(panel: Panel, free: NDArray[np.bool_], start: int, last: int, needed: int) -> str:
    """Say from which year on there are two donors, or that no choice of years gives them."""
    place = panel.position("year", start)
    first = panel.complete_from(free, 2, panel.years[place - needed], last)
    if first is None:
        return "Fewer years do not help: let more units be donors, or leave out the dimensions that few units have."
    return f"Use fewer years: before=({first}, {panel.years[place - 1]})."


def _check_gaps(panel: Panel, design: Design, used: NDArray[np.bool_]) -> None:
    """Refuse a dimension in which all units move alike: whoever had the programme, its gap is zero."""
    paths = design.Y[design.eligible][:, used]
    apart = np.ptp(paths - paths[:, :1], axis=0).max(axis=0)
    for dimension, reach, size in zip(panel.dimensions, apart, np.abs(paths).max(axis=(0, 1)), strict=True):
        if reach <= 1e-12 * size:
            raise SpecError(f"all units move alike in {dimension}, so no gap can be judged there. Leave it out.")


def _fit(design: Design, found: Counterfactual) -> NDArray[np.float64]:
    """Root mean squared gap before the programme, by dimension and over all of them (K + 1,)."""
    squares = np.concatenate([found.gaps[i, design.pre(int(start))] ** 2 for i, start in enumerate(design.starts)])
    each = squares.mean(axis=0)
    return np.asarray(np.sqrt(np.append(each, each.mean())), dtype=float)


def _paths(panel: Panel, design: Design, found: Counterfactual, fan: Placebos | None) -> pd.DataFrame:
    """Tabulate the treated units' mean actual and counterfactual scores, and the placebos' gaps, by year.

    A year counts the units that have started by then; where none has, all of them. Of many placebos an even selection
    stands for all: more of them would only thicken the crowd of a figure.
    """
    started = np.array([design.post(int(start)) for start in design.starts])[:, :, None]
    counted = np.broadcast_to(started | ~started.any(axis=0), found.gaps.shape)
    actual = np.average(design.Y[design.units], axis=0, weights=counted)
    gap = np.average(found.gaps, axis=0, weights=counted)
    last = 0 if fan is None else len(fan.paths) - 1
    rows = np.append(0, np.arange(1, last + 1, max(1, -(-last // SHOWN))))
    gaps = gap[None] if fan is None else fan.paths[rows]
    units = np.array(panel.units, dtype=object)
    names = [", ".join(units[row]) for row in (design.units[None] if fan is None else fan.units[rows])]
    index = pd.MultiIndex.from_product([rows, panel.years, panel.dimensions], names=["row", "year", "dimension"])
    cells = pd.DataFrame({"gap": gaps.ravel()}, index=index).reset_index()
    cells["unit"] = np.repeat(np.array(names, dtype=object), len(panel.years) * len(panel.dimensions))
    own = cells["row"] == 0
    cells.loc[own, "actual"] = actual.ravel()
    cells.loc[own, "counterfactual"] = (actual - gap).ravel()
    return cells[["row", "unit", "dimension", "year", "actual", "counterfactual", "gap"]]


def _weights(panel: Panel, design: Design, found: Counterfactual) -> pd.DataFrame:
    """Tabulate the donors' weights, averaged over treated units: one row per donor and dimension with a weight."""
    weights = found.weights.donors.mean(axis=0)
    donor, dimension = np.nonzero(weights > 1e-9)
    frame = pd.DataFrame(
        {
            "unit": np.array(panel.units, dtype=object)[donor],
            "dimension": np.array(panel.dimensions, dtype=object)[dimension],
            "weight": weights[donor, dimension],
        }
    )
    return frame.sort_values(["dimension", "weight"], ascending=[True, False], ignore_index=True)


def _notes(panel: Panel, design: Design, engine: Engine, left_out: list[str], level: float) -> list[Note]:
    """Say how the gaps were judged and what they cannot show."""
    notes: list[Note] = []
    floor = float(engine.floor.max())
    if isinstance(engine, Placebos):
        how = SETS if len(design.units) > 1 else PLACEBOS if engine.exact else SAMPLED
        values = {"units": int(design.eligible.sum()), "rows": len(engine.draws)}
        notes.append(Note(how.text, values))
        notes.append(RANK)
        if design.donors.sum() < FEW_DONORS:
            notes.append(Note(FEW.text, {"donors": int(design.donors.sum()), "floor": floor}))
        for flags, note in ((engine.exact_fit, EXACT_FIT), (engine.poor_fit, POOR_FIT)):
            named = ", ".join(name for name, flag in zip(panel.dimensions, flags, strict=True) if flag)
            if named:
                notes.append(Note(note.text, {"dimensions": named}))
    elif isinstance(engine, Clustered):
        notes.append(Note(EXACT_T.text, {"df": engine.df}))
    if left_out:
        notes.append(Note(INCOMPLETE.text, {"units": ", ".join(left_out)}))
    first = panel.years[int(np.flatnonzero(design.pre(int(design.starts.min())))[0])]
    crossed = {y for name in panel.dimensions for y in break_years(panel.breaks, name)}
    crossed = {y for y in crossed if first < y <= panel.years[design.end]}
    if crossed:
        notes.append(Note(RELATIVE.text, {"years": ", ".join(map(str, sorted(crossed)))}))
    return [*notes, *size_notes(engine, level)]
