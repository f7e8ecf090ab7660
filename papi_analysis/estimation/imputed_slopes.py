"""The default slopes of a panel: imputed gaps on completion, and the inference that the design supports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from papi_analysis.errors import Note, if_any
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.imputation import ONE_START, Programmes, solve
from papi_analysis.estimation.imputed_draws import bootstrap_programmes, reassign_programmes
from papi_analysis.estimation.inference import (
    CARRY,
    RANK,
    REASSIGNED,
    STUDENTISED,
    Clustered,
    Judged,
    Judging,
    bootstrap_note,
    check_inference,
    left_out,
    usual_note,
)
from papi_analysis.estimation.multiplicity import USUAL, usual_draws
from papi_analysis.estimation.specification import Equations

COMPARED = Note(
    "Comparison: what the score would have been comes from cells that no programme touched (at least {fewest} units in "
    "each year), given where each unit stood before its start."
)
CARRIED = Note(
    "In some years fewer than {units} units are untouched: there the lead that a unit had before its start is carried "
    "over one for one."
)
UNEQUAL = Note(
    "With so few programme units a noisy one can pass for a finding: where those with most completion have twice the "
    "noise of others, false alarms of any dimension reach {rate:.0%} at a nominal 5%."
)
REGIONAL = Note(
    "Where programmes and shocks both go by region, false alarms of any dimension reach {rate:.0%} at a nominal 5%; "
    "strata of regions hold the level."
)

#: False alarms of any of six dimensions in the two conditions that the reassignment does not hold, and within strata:
#: data/validation/designs.csv.
MEASURED = {"unequal noise": 0.23, "regional": 0.59}

IDLE = Note(
    "{cells} further cells stand in no comparison and are not counted: a unit lacks its score of the last year before "
    "a start, or too few untouched units have the year."
)
LOST = Note("{cells} cells of programmes have too few untouched units to be compared with and are left out.")
STARTLESS = Note(
    "{cells} cells of programmes are left out, because the last year before the start has no score: {units}."
)
BEGUN = Note(
    "Not in the comparison, because they had a programme in the first year or what they did then is not known: {units}."
)


def imputed_slopes(
    eq: Equations,
    laid: Programmes,
    units: Sequence[str],
    asked: Judging,
) -> Judged:
    """Judge the imputed slopes: by reassignment of whole programmes unless the bootstrap is asked for.

    From ``STUDENTISED`` effective programme units on each reassignment is judged by an error of its own; below, all by
    their spread.
    """
    effective = laid.effective(eq.clusters)
    check_inference(asked, effective, clustered=eq.clusters is not None)
    notes = [COMPARED(fewest=laid.untouched)]
    if laid.carried:
        notes.append(CARRIED(units=ONE_START))
    notes += if_any(LOST(cells=laid.lost))
    notes += _startless(laid, units, eq.dimensions)
    notes += left_out(units, ~laid.among, BEGUN)
    sample, carrying = laid.among & np.isfinite(eq.y).any(axis=(1, 2)), laid.carrying
    idle = int((np.isfinite(eq.y) & ~laid.used)[sample].sum()) - laid.lost - int(laid.startless.sum())
    notes += if_any(IDLE(cells=idle))
    if len(carrying) > 1:
        notes.append(CARRY(units=len(carrying), effective=effective))
    judged = partial(Judged, sample=sample, programme_units=len(carrying), effective=effective, used=laid.used)
    if asked.inference == "clustered":
        own = solve(laid, laid.units[None])
        covariance = own.scores[0, 0] @ own.scores[0, 0].T
        usual = Clustered(own.slopes[0, 0], covariance, int(laid.among.sum()) - 1)
        return judged(usual, "clustered", compared=int(sample.sum()), notes=(*notes, usual_note(effective)))
    if asked.inference == "bootstrap" or eq.clusters is not None:
        codes = np.arange(len(eq.y)) if eq.clusters is None else eq.clusters
        family = bootstrap_programmes(laid, codes, draws=asked.draws or USUAL, rng=asked.rng)
        G = len(np.unique(codes[sample]))
        notes.append(bootstrap_note(G, clustered=eq.clusters is not None))
        return judged(family, "bootstrap", compared=G, notes=tuple(notes))
    among = laid.among & laid.answers
    possible = possible_assignments(np.nan_to_num(eq.C), among=among, excluded=asked.excluded, strata=asked.strata)
    draws = usual_draws(10 * laid.size) if asked.draws is None else asked.draws
    studentised = effective >= STUDENTISED
    family = reassign_programmes(laid, possible, by_error=studentised, draws=draws, rng=asked.rng)
    notes += [REASSIGNED(units=int(among.sum())), RANK]
    if len(carrying) > 1 and not studentised:
        notes.append(UNEQUAL(rate=MEASURED["unequal noise"]))
    if len(carrying) > 1 and asked.strata is None:
        notes.append(REGIONAL(rate=MEASURED["regional"]))
    compared = int(among.sum())
    return judged(family, "reassignment", compared=compared, notes=tuple(notes), spread=not studentised)


def _startless(laid: Programmes, units: Sequence[str], dimensions: Sequence[str]) -> list[Note]:
    """Name the programme units, and in which dimensions, whose standing before the start is not known."""
    without = [
        f"{unit} ({', '.join(name for name, cells in zip(dimensions, lost, strict=True) if cells)})"
        for unit, lost in zip(units, laid.startless, strict=True)
        if lost.any()
    ]
    return if_any(STARTLESS(cells=int(laid.startless.sum()), units=", ".join(without)))
