"""The question of impact, held against the panel: who has the programme, who may be compared, which years count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import Note, PapiError, SpecError
from papi_analysis.estimation.by_unit import unit_labels, unit_weights
from papi_analysis.estimation.counterfactuals import Estimator
from papi_analysis.estimation.designs import Design, Weights, programme_design
from papi_analysis.panel.frames import first_and_last
from papi_analysis.panel.panel import Panel
from papi_analysis.study.schema import name_text

#: Methods that learn from the years before need this many of them; the others one.
YEARS_BEFORE = 2

TOO_FEW_YEARS = Note(
    "a programme that starts in {start} has {years} year(s) before it to match on; this method needs {needed}. Choose "
    "a later start or more years, a base year by before=(year, year), or method='did', which takes one."
)
TOO_FEW_DONORS = Note("{donors} donors have all the cells; at least {needed} are needed. {advice}")
FEWER_YEARS = Note("Use fewer years: before=({first}, {last}).")
NO_FEWER_YEARS = Note(
    "Fewer years do not help: let more units be donors, or leave out the dimensions that few units have."
)
NOT_PUBLISHED = Note(
    "the score of {unit} in {dimension}, {year}, was not published, so the gap there cannot be known. Choose other "
    "years, or leave the dimension out."
)
ALL_WITH_PROGRAMMES = Note(
    "of the units that could be compared, {units} have completion above 0 between {first} and {last} and {donors} have "
    "none: nothing says what the scores would have been without a programme. Choose an end before the others started, "
    "or ask what completion has to do with scores: completion_slopes."
)

NO_OTHERS = Note(
    "{treated} of {units} units have the programme by {last}. What the scores would have been without it takes at "
    "least {needed} others, and {donors} is left. Ask what completion has to do with scores: completion_slopes."
)

NO_YEAR_AFTER = Note(
    "after={after} holds no survey of the programme of {unit}, which runs from {start} to {end}. Choose years from "
    "these."
)

END_BEFORE = Note("the end {last} lies before the start {start}.{reason}")
LATE_BASE = Note("the base year {base_year} does not lie before the start {start}. Choose an earlier one.")

BEYOND = Note("{what}={given} names years outside {first}-{last}: {kept}. Choose years from these.")
BEFORE = Note("those of the panel before the start")
AFTER = Note("those of the programme")

SMALL_GROUP = Note(
    "{unit} has {donors} other unit(s) with the label {label}; {needed} are needed to compare it within its label. "
    "Join labels, or compare over all units."
)


class Asked(NamedTuple):
    """A question that can be answered, and the units that take no part in it."""

    design: Design
    incomplete: list[str]  # cells are missing
    with_programme: list[str]  # completion of their own in the years used
    too_few_alike: list[str]  # too few others have their label
    unknown: int  # donors whose completion is not known in some year used


class Question(NamedTuple):
    """How gaps are asked for: the arguments of ``programme_impact``."""

    method: str | Estimator = "lagged_outcome"
    before: tuple[int, int] | None = None
    after: tuple[int, int] | None = None
    without: Sequence[str | int] = ()
    weights: Mapping[str, float] | None = None
    within: Mapping[str, Any] | None = None
    strata: Mapping[str, Any] | None = None
    treated_as_donor: bool = True
    draws: int | None = None
    rng: int | np.random.Generator = 0


def first_years(
    panel: Panel,
    unit: str | int | Sequence[str | int] | Mapping[str, int] | Mapping[int, int] | pd.Series,
    start: int | None,
) -> dict[str, int]:
    """Turn what was asked for into first programme years by unit: the first survey at or after the start."""
    if isinstance(unit, Mapping) or (isinstance(unit, pd.Series) and start is None):
        if start is not None:
            raise SpecError("give first years by unit, or one start for all, not both.")
        starts: dict[Any, Any] = dict(unit)
    else:
        if start is None:
            raise SpecError("give the first year of the programme: start=2018, for instance.")
        units = [unit] if isinstance(unit, str | int | float | np.integer) else [*unit]
        starts = dict.fromkeys(units, start)
        if len({*map(name_text, units)}) < len(units):
            twice = ", ".join(map(name_text, units))
            raise SpecError("unit names one twice: {units}. Name each unit once.", units=twice)
    starts = {name_text(name): year for name, year in starts.items()}
    if not starts:
        raise SpecError("name at least one unit with a programme.")
    for name in starts:
        panel.position("unit", name)
    return {name: panel.first_from(year, Note("the start")) for name, year in starts.items()}


#: A function of one's own may fail in any way.
FAILED = Note(
    "method {name} failed: {kind}: {error}. It is called with scores, treated units, donors, years before and years "
    "after."
)


def method_name(method: Estimator) -> str:
    """The name of a function of one's own."""
    return str(getattr(method, "__name__", "own function"))


def checked(method: Estimator) -> Estimator:
    """Wrap a function of one's own: weights that no gap can be computed from are refused, not passed on."""
    name = method_name(method)

    def rule(*given: Any) -> Weights:
        Y, units, donors, pre, _ = given
        shapes = (len(units), len(Y), Y.shape[2]), (len(units), len(pre), Y.shape[2])
        try:
            answer = method(*given)
        except PapiError:
            raise
        except Exception as error:
            values = {"name": name, "kind": type(error).__name__, "error": error}
            raise SpecError(FAILED(**values)) from error
        try:
            found, years = (np.asarray(part, dtype=float) for part in answer)
        except (TypeError, ValueError):
            raise SpecError(
                "method {name} must return two arrays: weights of donors and of years.", name=name
            ) from None
        if (found.shape, years.shape) != shapes:
            raise SpecError(
                "method {name} returned weights of shapes {donors} and {years}; it must return donors "
                "{donors_shape} and years {years_shape}.",
                name=name,
                donors=found.shape,
                years=years.shape,
                donors_shape=shapes[0],
                years_shape=shapes[1],
            )
        if not (np.isfinite(found).all() and np.isfinite(years).all()):
            raise SpecError("method {name} returned weights that are missing or not finite.", name=name)
        if found[~donors].any() or years[:, ~pre].any():
            raise SpecError("method {name} put weight on units that are no donors, or on years not before.", name=name)
        return Weights(found, years)

    return rule


def years_needed(method: str | Estimator, before: tuple[int, int] | None) -> int:
    """Years before that a method needs; the lagged-outcome adjustment takes a single one where it was chosen."""
    if method == "lagged_outcome" and before is not None and len({*first_and_last(before, "before")}) == 1:
        return 1
    return 1 if method in ("did", "lee_wooldridge") else YEARS_BEFORE


def impact_design(
    panel: Panel,
    starts: Mapping[str, int],
    end: int | None,
    question: Question = Question(),  # noqa: B008
    *,
    needed: int = YEARS_BEFORE,
    least: int = 2,
) -> Asked:
    """Check the question against the panel: ``needed`` years before, ``least`` donors, in each group of ``within``."""
    last = _last_year(panel, starts, end)
    before, within = question.before, question.within
    years = np.array(panel.years)
    early, earlier = min(starts.values()), years[years < max(starts.values())]
    matched = np.ones(len(years), dtype=bool)
    if before is not None and len(earlier):
        matched = _named_years(panel, before, "before", (earlier[0], earlier[-1]), BEFORE)
    had = int((matched & (years < early)).sum())
    if had < needed:
        raise SpecError(TOO_FEW_YEARS(start=early, years=had, needed=needed))
    used = (years <= last) & (matched | (years >= early))
    counted = _counted(panel, starts, last, question.after)
    complete: Bools = np.asarray(np.isfinite(panel.scores[:, used]).all(axis=(1, 2)))
    _check_treated(panel, starts, complete, used)
    treated, named = np.isin(panel.units, list(starts)), _left_out(panel, starts, question.without)
    size = None if question.weights is None else unit_weights(panel, question.weights, tuple(starts))
    groups = None if within is None else unit_labels(panel, within, "within")
    pool = complete & ~treated & ~named
    if size is not None:
        pool &= size > 0
    busy = pool & (np.nan_to_num(panel.completion[:, used]).max(axis=(1, 2)) > 0)
    if busy.any() and (pool & ~busy).sum() < least:
        none, first = int((pool & ~busy).sum()), int(years[used][0])
        values = {"units": int(busy.sum()), "first": first, "last": last, "donors": none}
        raise SpecError(ALL_WITH_PROGRAMMES(**values))
    pool &= ~busy
    apart = np.zeros_like(pool)
    if groups is not None:
        apart = pool & ~_large_groups(panel, starts, pool | treated, groups, least, within)
        pool &= ~apart
    if (left := int((~treated).sum())) < least:
        values = {"treated": len(starts), "units": len(treated), "last": last, "donors": left, "needed": least}
        raise SpecError(NO_OTHERS(**values))
    if pool.sum() < least:
        free = ~treated & ~named & ~busy & (True if size is None else size > 0)
        advice = _fewer_years(panel, free, early, last, needed, least)
        raise SpecError(TOO_FEW_DONORS(donors=int(pool.sum()), needed=least, advice=advice))
    design = programme_design(
        panel.scores,
        [panel.position("unit", name) for name in starts],
        [panel.position("year", year) for year in starts.values()],
        end=panel.position("year", last),
        before=matched,
        donors=pool,
        weights=size,
        groups=groups,
        after=counted,
    )
    _check_gaps(panel, design, used)
    names = np.array(panel.units, dtype=object)
    incomplete = ~complete & ~treated & ~named
    unknown = int((pool & np.isnan(panel.completion[:, used]).any(axis=(1, 2))).sum())
    return Asked(design, names[incomplete].tolist(), names[busy].tolist(), names[apart].tolist(), unknown)


def _last_year(panel: Panel, starts: Mapping[str, int], end: int | None) -> int:
    last = panel.years[-1] if end is None else panel.last_to(end, Note("the end"))
    if last < max(starts.values()):
        none = "" if end in (None, last) else Note(" No survey was held in {end}.", {"end": end})
        raise SpecError(END_BEFORE(last=last, start=max(starts.values()), reason=none))
    return int(last)


def _named_years(panel: Panel, named: tuple[int, int], what: str, within: tuple[int, int], kept: Note) -> Bools:
    """The years (T,) from a first to a last one; both lie within the panel's, and no survey outside ``within``."""
    first, last = first_and_last(named, what)
    years = np.array(panel.years)
    found: Bools = np.asarray((years >= first) & (years <= last))
    asked = {*years[found], *({first, last} - {*range(years[0], years[-1] + 1)})}
    if not all(within[0] <= year <= within[1] for year in asked):
        raise SpecError(BEYOND(what=what, given=str((first, last)), first=within[0], last=within[1], kept=kept))
    return found


def _counted(panel: Panel, starts: Mapping[str, int], last: int, after: tuple[int, int] | None) -> Bools | None:
    """The years (T,) that ``after`` names, of which every programme has one."""
    if after is None:
        return None
    years, counted = np.array(panel.years), _named_years(panel, after, "after", (min(starts.values()), last), AFTER)
    for unit, start in starts.items():
        if not (counted & (years >= start) & (years <= last)).any():
            values = {"after": str(tuple(after)), "unit": unit, "start": start, "end": last}
            raise SpecError(NO_YEAR_AFTER(**values))
    return counted


def _fewer_years(panel: Panel, free: Bools, start: int, last: int, needed: int, least: int) -> Note:
    """Say from which year on there are enough donors, or that no choice of years gives them."""
    place = panel.position("year", start)
    first = panel.complete_from(free, least, panel.years[place - needed], last)
    if first is None:
        return NO_FEWER_YEARS
    return FEWER_YEARS(first=first, last=panel.years[place - 1])


def _left_out(panel: Panel, starts: Mapping[str, int], without: Sequence[str | int]) -> Bools:
    names = [*map(name_text, [without] if isinstance(without, str | int | float | np.integer) else without)]
    for name in names:
        if name in starts:
            raise SpecError("{name} has the programme and cannot be left out of its own donors.", name=name)
    places = [panel.position("unit", name) for name in names]
    return np.isin(np.arange(len(panel.units)), places)


def _check_treated(panel: Panel, starts: Mapping[str, int], complete: Bools, used: Bools) -> None:
    for name in starts:
        i = panel.position("unit", name)
        if not complete[i]:
            t, k = np.argwhere(~np.isfinite(panel.scores[i]) & used[:, None])[0]
            values = {"unit": name, "dimension": panel.dimensions[k], "year": panel.years[t]}
            raise SpecError(NOT_PUBLISHED(**values))


def _large_groups(
    panel: Panel,
    starts: Mapping[str, int],
    part: Bools,
    groups: Ints,
    least: int,
    labels: Mapping[str, Any] | None,
) -> Bools:
    """Units (N,) whose group leaves each of its members enough donors whoever has the programmes."""
    m = len(starts)
    large = np.asarray(np.bincount(groups[part], minlength=groups.max() + 1)[groups] >= m + least)
    for name in starts:
        i = panel.position("unit", name)
        if not large[i]:
            others = int((part & (groups == groups[i])).sum()) - 1
            values = {"unit": name, "label": str((labels or {})[name]), "donors": others, "needed": least + m - 1}
            raise SpecError(SMALL_GROUP(**values))
    return large


def _check_gaps(panel: Panel, design: Design, used: Bools) -> None:
    """Refuse a dimension in which all units move alike: whoever had the programme, its gap is zero."""
    for dimension, alike in zip(panel.dimensions, move_alike(design.Y[design.eligible][:, used]), strict=True):
        if alike:
            raise SpecError(
                "all units move alike in {dimension}, so no gap can be judged there. Leave it out.", dimension=dimension
            )


def move_alike(paths: Floats) -> Bools:
    """Whether in a dimension (K,) the paths (N, T, K) of all units differ by constants alone.

    >>> move_alike(np.array([[[1.0, 1], [2, 2]], [[3, 3], [4, 5]]])).tolist()
    [True, False]
    """
    apart = np.ptp(paths - paths[:, :1], axis=0).max(axis=0)
    return np.asarray(apart <= 1e-12 * np.abs(paths).max(axis=(0, 1)))
