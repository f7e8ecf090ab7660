"""What an answer about impact must say beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from papi_analysis.arrays import Ints
from papi_analysis.errors import Note, if_any
from papi_analysis.estimation.design_tests import at_breaks
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.impact_question import Asked, first_years, move_alike
from papi_analysis.estimation.inference import INCOMPLETE, RANK, Clustered, Engine, size_notes
from papi_analysis.estimation.lagged_outcome import leverage
from papi_analysis.estimation.placebo_draws import Placebos
from papi_analysis.estimation.reliability import attenuation_note
from papi_analysis.panel.changes import break_years
from papi_analysis.panel.panel import Panel

#: Below so many donors the comparison is thin, and a note says so.
FEW_DONORS = 10

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
SPREAD = Note(
    "A redesign can change the spread over units as well: across {year} it became {low:.2f} to {high:.2f} of what it "
    "was, by dimension. Where it is below 1 a lead shrinks without anyone falling back; see design_tests."
)
EXACT_FIT = Note("{dimensions}: the years before are fitted exactly, which says nothing about the years after.")
POOR_FIT = Note("{dimensions}: the years before are fitted worse than for nine in ten units; read these with care.")
SURVEYS = Note("No survey was held in {years}: the programme is counted from the survey of {first} to that of {last}.")
DONORS_ALIKE = Note(
    "{dimensions}: all donors move alike there, so no placebo has a gap of its own. Interval and p-value only count "
    "the units; they say nothing of noise."
)
FEW = Note("There are only {donors} donors; the smallest p-value that this design can give is {floor:.3f}.")
LEVERAGE = Note(
    "{unit} stood at the edge of where the others did in {dimension}: its leverage there is {leverage:.2f} (rank "
    "{rank} of {units}; the mean is {mean:.2f}), so the line is followed further than most donors reach."
)
INSIDE = Note(
    "Leverage of {unit} in the adjustment for where it stood: at most {leverage:.2f}, in {dimension} (rank {rank} of "
    "{units}; the mean is {mean:.2f})."
)
WITH_PROGRAMME = Note("Not among the donors, for completion of their own in the years used: {units}.")
UNKNOWN_DONORS = Note(
    "Whether {units} unit(s) among the donors had a programme is not known: the panel lacks completion of theirs in "
    "years that are used."
)
TOO_FEW_ALIKE = Note("Not in the comparison, because too few units have their label: {units}.")
KNOWN_DONORS = Note(
    "Among the donors, although known to have had a programme of their own in these years: {units}. impact_robustness "
    "shows the gap without them; without=[...] leaves them out."
)
EARLY = Note(
    "The panel has completion above 0 for {unit} from {first}, before the start that was asked for ({start}): these "
    "years count as years without the programme. Ask with start={first}."
)
LATE = Note(
    "The panel has no completion above 0 for {unit} before {first}, after the start that was asked for ({start}): the "
    "years between count as programme years all the same."
)
NEVER = Note("The panel knows of no completion above 0 for {unit} up to {end}: it is asked as if it had a programme.")
EARLIER = Note(
    "{unit} had an earlier programme in {first}-{last}, within the years that it is matched on: part of what that one "
    "did counts as where it stood. impact_robustness shows the gap from the years before it alone."
)


def impact_notes(
    panel: Panel, starts: Mapping[str, int], asked: Asked, engine: Engine, level: float, method: str
) -> list[Note]:
    """Say how the gaps were judged and what they cannot show."""
    design, notes = asked.design, []
    if isinstance(engine, Placebos):
        notes += _placebo_notes(panel, design, engine)
    elif isinstance(engine, Clustered):
        notes.append(EXACT_T(df=engine.df))
    if method == "lagged_outcome":
        notes.append(_leverage(panel, design))
        notes += attenuation_note(panel, int(design.starts.min()) - 1)
    notes += if_any(WITH_PROGRAMME(units=", ".join(asked.with_programme)))
    known = [
        name for name in known_in_years(panel, min(starts.values()), panel.years[design.end]) if name not in starts
    ]
    known = [name for name in known if design.donors[panel.position("unit", name)]]
    notes += if_any(KNOWN_DONORS(units=", ".join(known)))
    never = [unit for unit in starts if _known(panel, design, unit) and not len(_begun(panel, design, unit))]
    notes += if_any(NEVER(unit=", ".join(never), end=panel.years[design.end]))
    notes += if_any(UNKNOWN_DONORS(units=asked.unknown))
    notes += if_any(TOO_FEW_ALIKE(units=", ".join(asked.too_few_alike)))
    for unit, start in starts.items():
        notes += _start_notes(panel, design, unit, start)
    notes += if_any(INCOMPLETE(units=", ".join(asked.incomplete)))
    return [*notes, *_break_notes(panel, design), *size_notes(engine, level)]


def surveys_note(panel: Panel, unit: Any, start: int | None, end: int | None) -> list[Note]:
    """Say which surveys stand for a start or an end between two of them."""
    asked = {*(dict(unit).values() if start is None else [start]), panel.years[-1] if end is None else end}
    missed = sorted(asked - set(panel.years))
    if not missed:
        return []
    first = min(first_years(panel, unit, start).values())
    last = panel.years[-1] if end is None else panel.last_to(end, Note("the end"))
    return [SURVEYS(years=", ".join(map(str, missed)), first=first, last=last)]


def known_in_years(panel: Panel, start: int, end: int) -> list[str]:
    """Units that are known to have had a plan or programme in some year from ``start`` to ``end``."""
    known = panel.known_programmes
    meets = (known["plan"] == 1) & (known["period_start"] <= end) & ~(known["period_end"] < start)
    return sorted({name for name in known.loc[meets, "unit"] if name in panel.units})


def earlier_programme(panel: Panel, unit: str, start: int) -> tuple[int, int] | None:
    """First and last year of the programmes that a unit is known to have had before this one, or None."""
    known = panel.known_programmes
    own = known[(known["unit"] == unit) & (known["plan"] == 1)]
    own = own[own["period_start"] < start]  # a period without a start is no period
    if own.empty:
        return None
    last = own["period_end"].fillna(start - 1).clip(upper=start - 1).max()
    return int(own["period_start"].min()), int(last)


def _placebo_notes(panel: Panel, design: Design, engine: Placebos) -> list[Note]:
    how = SETS if len(design.units) > 1 else PLACEBOS if engine.exact else SAMPLED
    notes = [how(units=int(design.eligible.sum()), rows=len(engine.draws)), RANK]
    if design.donors.sum() < FEW_DONORS:
        notes.append(FEW(donors=int(design.donors.sum()), floor=float(engine.floor.max())))
    used = design.pre(int(design.starts.min())) | design.post(int(design.starts.min()))
    alike = move_alike(design.Y[design.donors][:, used])
    for flags, note in ((engine.exact_fit, EXACT_FIT), (engine.poor_fit, POOR_FIT), (alike, DONORS_ALIKE)):
        named = ", ".join(name for name, flag in zip(panel.dimensions, flags, strict=True) if flag)
        notes += if_any(note(dimensions=named))
    return notes


def _leverage(panel: Panel, design: Design) -> Note:
    """The treated unit and dimension whose leverage ranks highest."""
    best: tuple[int, float, int, int, float] | None = None
    for unit, start in zip(design.units, design.starts, strict=True):
        every = leverage(design, int(start))
        for k, own in enumerate(every[unit]):
            rank = int((every[:, k] > own * (1 + 1e-9)).sum()) + 1
            if best is None or (rank, -own) < (best[0], -best[1]):
                best = rank, float(own), int(unit), k, float(np.nanmean(every[:, k]))
    assert best is not None
    rank, own, unit, k, mean = best
    units = int(design.eligible.sum())
    place = {"unit": panel.units[unit], "dimension": panel.dimensions[k]}
    note = LEVERAGE if rank <= max(1, units // 10) else INSIDE
    return note(**(place | {"leverage": own, "mean": mean, "rank": rank, "units": units}))


def _known(panel: Panel, design: Design, unit: str) -> bool:
    """Whether the panel has any completion of a unit up to the end."""
    return bool(np.isfinite(panel.completion[panel.position("unit", unit), : design.end + 1]).any())


def _begun(panel: Panel, design: Design, unit: str) -> Ints:
    """The years up to the end in which a unit has completion above 0."""
    done = panel.completion[panel.position("unit", unit), : design.end + 1]
    return np.asarray(np.array(panel.years[: design.end + 1])[np.nan_to_num(done).max(axis=1) > 0])


def _start_notes(panel: Panel, design: Design, unit: str, start: int) -> list[Note]:
    """Say where the start does not fit the completion that the panel has, and which programme came before."""
    notes = []
    begun = _begun(panel, design, unit)
    if len(begun) and begun[0] != start:
        note = EARLY if begun[0] < start else LATE
        notes.append(note(unit=unit, first=int(begun[0]), start=start))
    earlier = earlier_programme(panel, unit, start)
    matched = np.array(panel.years)[design.pre(panel.position("year", start))]
    if earlier is not None and ((matched >= earlier[0]) & (matched <= earlier[1])).any():
        notes.append(EARLIER(unit=unit, first=earlier[0], last=earlier[1]))
    return notes


def _break_notes(panel: Panel, design: Design) -> list[Note]:
    """Say which breaks lie within the years compared, and what those between before and after did to the spread."""
    first = panel.years[int(np.flatnonzero(design.pre(int(design.starts.min())))[0])]
    crossed = {y for name in panel.dimensions for y in break_years(panel.breaks, name)}
    crossed = {y for y in crossed if first < y <= panel.years[design.end]}
    notes = [RELATIVE(years=", ".join(map(str, sorted(crossed))))] if crossed else []
    last_before = panel.years[int(np.flatnonzero(design.pre(int(design.starts.max())))[-1])]
    breaks = at_breaks(panel, design)
    for year, rows in breaks[breaks["year"] > last_before].groupby("year"):
        low, high = float(rows["spread_ratio"].min()), float(rows["spread_ratio"].max())
        notes.append(SPREAD(year=int(year), low=low, high=high))
    return notes
