"""The question of impact, held against the panel: who has the programme, who may be compared, which years count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.counterfactuals import Estimator
from papi_analysis.estimation.designs import Design, Weights, programme_design
from papi_analysis.panel.panel import Panel

Bools = NDArray[np.bool_]

#: Methods that learn from the years before need this many of them; the others one.
YEARS_BEFORE = 2

#: Donors without which a line through them says nothing.
LINE = 3

TOO_FEW_YEARS = Note(
    "a programme that starts in {start} has {years} year(s) before it to match on; this method needs {needed}. Choose "
    "a later start or more years, a base year by before=(year, year), or method='did', which takes one."
)
TOO_FEW_DONORS = Note(
    "{donors} donors have all the cells; at least {needed} are needed. Use fewer years, or leave fewer units out."
)
ALL_WITH_PROGRAMMES = Note(
    "of the units that could be compared, {units} have completion above 0 between {first} and {last} and {donors} have "
    "none: nothing says what the scores would have been without a programme. Choose an end before the others started, "
    "or ask what completion has to do with scores: completion_slopes."
)

NO_LABEL = Note("{what} has no label for {units}. Give every unit one.")
SMALL_GROUP = Note(
    "{unit} has {donors} other unit(s) with the label {label}; {needed} are needed to compare it within its label. "
    "Join labels, or compare over all units."
)
NO_WEIGHT = Note("weights has no number for {units}. Give every unit one of at least 0; 0 leaves a unit out.")
NEGATIVE_WEIGHT = Note("the weight of {unit} is {weight}. Weights are at least 0; 0 leaves a unit out.")
ZERO_WEIGHT = Note(
    "weights are 0 for {units}: treated units and at least some donors need one above 0. Leave weights out to count "
    "all units alike."
)


class Asked(NamedTuple):
    """A question that can be answered, and the units that take no part in it."""

    design: Design
    incomplete: list[str]  # cells are missing
    with_programme: list[str]  # completion of their own in the years used


def first_years(panel: Panel, unit: str | Sequence[str] | Mapping[str, int], start: int | None) -> dict[str, int]:
    """Turn what was asked for into first programme years by unit."""
    if isinstance(unit, Mapping):
        if start is not None:
            raise SpecError("give first years by unit, or one start for all, not both.")
        starts = dict(unit)
    else:
        if start is None:
            raise SpecError("give the first year of the programme: start=2018, for instance.")
        starts = dict.fromkeys([unit] if isinstance(unit, str) else list(unit), start)
    if not starts:
        raise SpecError("name at least one unit with a programme.")
    for name, year in starts.items():
        panel.position("unit", name)
        if year not in panel.years:
            raise SpecError(f"the start {year!r} is not within the panel's years {panel.years[0]}-{panel.years[-1]}.")
    return {name: int(year) for name, year in starts.items()}


def method_name(method: Estimator) -> str:
    """The name of a function of one's own."""
    return str(getattr(method, "__name__", "own function"))


def checked(method: Estimator) -> Estimator:
    """Wrap a function of one's own: weights that no gap can be computed from are refused, not passed on."""
    name = method_name(method)

    def rule(*given: Any) -> Weights:
        Y, units, donors, pre, _ = given
        shapes = (len(units), len(Y), Y.shape[2]), (len(units), len(pre), Y.shape[2])
        answer = method(*given)
        try:
            found, years = (np.asarray(part, dtype=float) for part in answer)
        except (TypeError, ValueError):
            raise SpecError(f"method {name} must return two arrays: weights of donors and of years.") from None
        if (found.shape, years.shape) != shapes:
            raise SpecError(
                f"method {name} returned weights of shapes {found.shape} and {years.shape}; it must return "
                f"donors {shapes[0]} and years {shapes[1]}."
            )
        if not (np.isfinite(found).all() and np.isfinite(years).all()):
            raise SpecError(f"method {name} returned weights that are missing or not finite.")
        if found[~donors].any() or years[:, ~pre].any():
            raise SpecError(f"method {name} put weight on units that are no donors, or on years not before.")
        return Weights(found, years)

    return rule


def years_needed(method: str | Estimator, before: tuple[int, int] | None) -> int:
    """Years before that a method needs; the lagged-outcome adjustment takes a single one where it was chosen."""
    if method == "lagged_outcome" and before is not None and before[0] == before[1]:
        return 1
    return 1 if method in ("did", "lee_wooldridge") else YEARS_BEFORE


def impact_design(
    panel: Panel,
    starts: Mapping[str, int],
    end: int | None,
    before: tuple[int, int] | None = None,
    without: Sequence[str] = (),
    needed: int = YEARS_BEFORE,
    least: int = 2,
    weights: Mapping[str, float] | None = None,
    within: Mapping[str, Any] | None = None,
) -> Asked:
    """Check the question against the panel: ``needed`` years before, ``least`` donors, in each group of ``within``."""
    last = _last_year(panel, starts, end)
    years = np.array(panel.years)
    matched = np.ones(len(years), dtype=bool) if before is None else (years >= before[0]) & (years <= before[1])
    early = min(starts.values())
    had = int((matched & (years < early)).sum())
    if had < needed:
        raise SpecError(Note(TOO_FEW_YEARS.text, {"start": early, "years": had, "needed": needed}))
    used = (years <= last) & (matched | (years >= early))
    complete: Bools = np.asarray(np.isfinite(panel.scores[:, used]).all(axis=(1, 2)))
    _check_treated(panel, starts, complete, used)
    treated, named = np.isin(panel.units, list(starts)), _left_out(panel, starts, without)
    size = None if weights is None else unit_weights(panel, weights, tuple(starts))
    groups = None if within is None else unit_labels(panel, within, "within")
    pool = complete & ~treated & ~named
    if size is not None:
        pool &= size > 0
    busy = pool & (np.nan_to_num(panel.completion[:, used]).max(axis=(1, 2)) > 0)
    if busy.any() and (pool & ~busy).sum() < least:
        none, first = int((pool & ~busy).sum()), int(years[used][0])
        values = {"units": int(busy.sum()), "first": first, "last": last, "donors": none}
        raise SpecError(Note(ALL_WITH_PROGRAMMES.text, values))
    pool &= ~busy
    if groups is not None:
        pool &= _large_groups(panel, starts, pool | treated, groups, least, within)
    if pool.sum() < least:
        raise SpecError(Note(TOO_FEW_DONORS.text, {"donors": int(pool.sum()), "needed": least}))
    design = programme_design(
        panel.scores,
        [panel.position("unit", name) for name in starts],
        [panel.position("year", year) for year in starts.values()],
        end=panel.position("year", last),
        before=matched,
        donors=pool,
        weights=size,
        groups=groups,
    )
    _check_gaps(panel, design, used)
    names = np.array(panel.units, dtype=object)
    return Asked(design, names[~complete & ~treated & ~named].tolist(), names[busy].tolist())


def unit_labels(panel: Panel, labels: Mapping[str, Any], what: str) -> NDArray[np.int64]:
    """Codes (N,) of the units' labels; ``what`` names the argument that brought them."""
    missing = [unit for unit in panel.units if unit not in labels or pd.isna(labels[unit])]
    if missing:
        raise SpecError(Note(NO_LABEL.text, {"what": what, "units": ", ".join(missing[:5])}))
    return np.asarray(pd.factorize(pd.Series([labels[unit] for unit in panel.units], dtype=object))[0], dtype=np.int64)


def unit_weights(panel: Panel, weights: Mapping[str, float], treated: Sequence[str]) -> NDArray[np.float64]:
    """The units' weights (N,), checked: a number of at least 0 for each, above 0 for treated units and some other."""
    given = pd.Series([weights.get(unit) for unit in panel.units], index=list(panel.units), dtype=object)
    size = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = size[~np.isfinite(size)].index.tolist()
    if wrong:
        raise SpecError(Note(NO_WEIGHT.text, {"units": ", ".join(wrong[:5])}))
    if (size < 0).any():
        unit = str(size.index[size < 0][0])
        raise SpecError(Note(NEGATIVE_WEIGHT.text, {"unit": unit, "weight": float(size[unit])}))
    none = [unit for unit in treated if size[unit] == 0]
    if none or (size.drop(list(treated)) == 0).all():
        raise SpecError(Note(ZERO_WEIGHT.text, {"units": ", ".join(none) or ", ".join(size.index[size == 0][:5])}))
    return np.asarray(size)


def _last_year(panel: Panel, starts: Mapping[str, int], end: int | None) -> int:
    last = panel.years[-1] if end is None else end
    if last not in panel.years:
        raise SpecError(f"the end {last} is not within the panel's years {panel.years[0]}-{panel.years[-1]}.")
    if last < max(starts.values()):
        raise SpecError(f"the end {last} lies before the start {max(starts.values())}.")
    return int(last)


def _left_out(panel: Panel, starts: Mapping[str, int], without: Sequence[str]) -> Bools:
    names = [without] if isinstance(without, str) else without
    for name in names:
        if name in starts:
            raise SpecError(f"{name} has the programme and cannot be left out of its own donors.")
    places = [panel.position("unit", name) for name in names]
    return np.isin(np.arange(len(panel.units)), places)


def _check_treated(panel: Panel, starts: Mapping[str, int], complete: Bools, used: Bools) -> None:
    for name in starts:
        i = panel.position("unit", name)
        if not complete[i]:
            t, k = np.argwhere(~np.isfinite(panel.scores[i]) & used[:, None])[0]
            raise SpecError(
                f"the score of {name} in {panel.dimensions[k]}, {panel.years[t]}, was not published, so the gap there "
                "cannot be known. Choose other years, or leave the dimension out."
            )


def _large_groups(
    panel: Panel,
    starts: Mapping[str, int],
    part: Bools,
    groups: NDArray[np.int64],
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
            raise SpecError(Note(SMALL_GROUP.text, values))
    return large


def _check_gaps(panel: Panel, design: Design, used: NDArray[np.bool_]) -> None:
    """Refuse a dimension in which all units move alike: whoever had the programme, its gap is zero."""
    paths = design.Y[design.eligible][:, used]
    apart = np.ptp(paths - paths[:, :1], axis=0).max(axis=0)
    for dimension, reach, size in zip(panel.dimensions, apart, np.abs(paths).max(axis=(0, 1)), strict=True):
        if reach <= 1e-12 * size:
            raise SpecError(f"all units move alike in {dimension}, so no gap can be judged there. Leave it out.")
