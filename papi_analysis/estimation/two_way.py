"""The two-way slope of a panel, plain least squares with effects, and the inference that its cells support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from papi_analysis.arrays import Bools, Floats
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.inference import (
    BOOTSTRAP,
    CARRY,
    KEPT,
    OVER_ALL,
    RANK,
    STUDENTISED,
    UNKNOWN,
    Clustered,
    Judged,
    Judging,
    bootstrap_note,
    check_inference,
    left_out,
    usual_note,
)
from papi_analysis.estimation.multiplicity import USUAL
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import WithinFit, cr1_joint, cr2
from papi_analysis.estimation.specification import Equations

NEGATIVE = Note(
    "Programme units are compared with each other too: {share:.0%} of the cells with completion count with a negative "
    "weight, so that effects which grow or differ can turn the sign (de Chaisemartin & D'Haultfoeuille 2020)."
)

NEGATIVE_ALONE = Note(
    "The programme unit is compared with its own years of less completion too: {share:.0%} of the cells with "
    "completion count with a negative weight, so that effects which grow can turn the sign (de Chaisemartin & "
    "D'Haultfoeuille 2020)."
)


def two_way_slopes(
    eq: Equations,
    units: Sequence[str],
    asked: Judging,
) -> Judged:
    """Judge the two-way slopes: by the wild cluster bootstrap where many clusters carry them, else by reassignment.

    How many is the smallest of the dimensions' CR2 degrees of freedom. The equation is the same whatever judges it.
    """
    draws, rng = USUAL if asked.draws is None else asked.draws, asked.rng
    everyone: Bools = np.asarray(np.isfinite(eq.y).any(axis=(1, 2)))
    varies = _varies(eq)
    if not varies.any():
        raise SpecError("completion does not vary on any cell with a score, so there is no slope. Choose other years.")
    eq, known, notes = _known(eq, units, varies)
    fits = tuple(eq.fit(everyone))
    effective = min(float(varies.sum()), *(float(cr2(fit, refuse=False)[1][0]) for fit in fits))
    check_inference(asked, effective, clustered=eq.clusters is not None)
    share, P = _negative(eq, fits, everyone), int(varies.sum())
    if share:
        note = NEGATIVE if P > 1 else NEGATIVE_ALONE
        notes = [note(share=share), *notes]
    if P > 1:
        notes.append(CARRY(units=P, effective=effective))
    G = min(fit.n_clusters for fit in fits)
    judged = partial(Judged, sample=everyone, programme_units=P, effective=effective, fits=fits)
    if asked.inference == "clustered":
        slopes = np.array([fit.coefficients[0] for fit in fits])
        usual = Clustered(slopes, cr1_joint(fits, len(units)), G - 1)
        notes.append(usual_note(effective))
        return judged(usual, "clustered", compared=G, notes=tuple(notes))
    if (
        asked.inference == "bootstrap"
        or eq.clusters is not None
        or (asked.inference == "auto" and effective >= BOOTSTRAP)
    ):
        notes.append(bootstrap_note(G, clustered=eq.clusters is not None))
        drawn = wild_bootstrap(fits, draws=draws, rng=rng)
        return judged(drawn, "bootstrap", compared=G, notes=tuple(notes))
    used = np.isfinite(eq.y).any(axis=0)
    among = everyone & known & np.isfinite(eq.C[:, used]).all(axis=1)
    notes += left_out(units, everyone & ~among & ~varies)
    family = reassign(
        eq.y,
        eq.C,
        among=among,
        excluded=asked.excluded,
        strata=asked.strata,
        controls=eq.controls if eq.names else None,
        unit_effects=eq.unit_effects,
        weights=eq.weights,
        draws=draws,
        rng=rng,
    )
    notes += [OVER_ALL(units=int(among.sum())), RANK]
    return judged(family, "reassignment", compared=int(among.sum()), notes=tuple(notes))


def two_way_estimates(eq: Equations, units: Sequence[str]) -> Floats:
    """The slopes alone (K,), in points per unit of completion."""
    eq, _, _ = _known(eq, units, _varies(eq))
    everyone: Bools = np.asarray(np.isfinite(eq.y).any(axis=(1, 2)))
    return np.array([fit.coefficients[0] for fit in eq.fit(everyone)])


def _varies(eq: Equations) -> Bools:
    """Units (N,) whose completion differs between two of their cells that have a score, or from year to year."""
    if not eq.unit_effects:  # differences hold what changed
        return np.asarray((np.isfinite(eq.y) & (np.abs(eq.C) > 1e-12)).any(axis=(1, 2)))
    high = np.where(np.isfinite(eq.y), eq.C, -np.inf).max(axis=1)
    low = np.where(np.isfinite(eq.y), eq.C, np.inf).min(axis=1)
    return np.asarray((high > low + 1e-12).any(axis=1))


def _known(eq: Equations, units: Sequence[str], varies: Bools) -> tuple[Equations, Bools, list[Note]]:
    """What becomes of completion that is not known: trajectories that move must be known wherever they may go.

    With few programme units, pairs of year and dimension in which one of them is not known are left out for all
    units; a unit left out for a gap although it could have had the programme would make the comparison depend on who
    has it. From ``STUDENTISED`` programme units on, those with a gap keep their own trajectory instead.
    """
    begun: Bools = np.asarray(np.isfinite(eq.C).any(axis=(1, 2)))
    gaps: Bools = ~np.isfinite(eq.C) & begun[:, None, None]
    if varies.sum() >= STUDENTISED:
        known = ~(varies & gaps.any(axis=(1, 2)))
        return eq, known, left_out(units, ~known, KEPT)
    unknown = gaps[varies].any(axis=0)
    if not unknown.any():
        return eq, np.ones(len(units), dtype=bool), []
    eq = replace(eq, y=np.where(unknown, np.nan, eq.y), C=np.where(unknown, 0.0, eq.C))
    return eq, np.ones(len(units), dtype=bool), [UNKNOWN(cells=int(unknown.sum()))]


def _cells(eq: Equations, k: int, units: Bools) -> Bools:
    return np.asarray(np.isfinite(eq.y[:, :, k]) & units[:, None])


def _negative(eq: Equations, fits: Sequence[WithinFit], everyone: Bools) -> float:
    """Share of the cells with completion above 0 that enter the slope with a negative weight, over all dimensions."""
    below = cells = 0
    for k, fit in enumerate(fits):
        begun: Bools = np.greater(eq.C[:, :, k][_cells(eq, k, everyone)], 0.0)
        weights = fit.regressors @ fit.bread[:, 0]
        negative = weights < -1e-12 * np.abs(weights).max()
        below += int(np.sum(negative & begun))
        cells += int(np.sum(begun))
    return below / max(cells, 1)
