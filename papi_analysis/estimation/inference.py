"""Which inference a design supports: the rules, the reasons in words, and refusals with the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.multiplicity import check_level, holm
from papi_analysis.estimation.specification import Equations

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Inference = Literal["auto", "bootstrap", "reassignment", "clustered"]

#: Programme units from which trajectories are compared among programme units alone.
AMONG_PROGRAMMES = 5

#: Programme units from which the wild cluster bootstrap holds its level.
BOOTSTRAP = 20

#: False alarms of the usual CR1 t-test at a nominal 5%, by programme units: of one dimension, and of any of six.
#: Measured on the published panel with programmes that do nothing: benchmarks/false_alarms.py.
FALSE_ALARMS = {1: (0.78, 1.0), 3: (0.18, 0.65), 5: (0.10, 0.44), 8: (0.07, 0.31), 10: (0.06, 0.28), 20: (0.04, 0.19)}

USUAL = Note(
    "Usual clustered standard errors (CR1, t with G-1 degrees of freedom). With {units} programme unit(s) they call "
    "noise significant in {one:.0%} of cases for one dimension and {any:.0%} for any of six, at a nominal 5%."
)
BY_BOOTSTRAP = Note(
    "Inference: wild cluster bootstrap over the {units} programme units, the same draws for all dimensions."
)
AMONG = Note(
    "Inference: completion is reassigned among the {units} programme units; under the null it does not matter how far "
    "each of them got."
)
ONLY_PROGRAMMES = Note("The {units} units without a programme are left out: who has one may depend on where it stood.")
OVER_ALL = Note(
    "Inference: whole programmes are reassigned over {units} units. This tests programme and completion together and "
    "assumes that who had a programme is unrelated to where it stood."
)
ALIKE = Note(
    "The {units} programme units followed the same completion, so nothing can be learned among them. Where units that "
    "stand high adopt programmes, reassignment over all units gives too many false alarms."
)
RANK = Note("A p-value from placebos is a rank among units, not the result of a randomised test.")
UNKNOWN = Note(
    "{cells} pair(s) of year and dimension are left out for all units: completion of a programme unit is not "
    "known there."
)
INCOMPLETE = Note("Not in the comparison, for lack of cells: {units}.")

NOT_PRINTED = Note(
    "No p-value or interval is printed: the smallest p-value that this design can give is {floor:.3f}, above "
    "{size:.3g}."
)
ATTAINABLE = Note(
    "The largest false-alarm rate that this design can attain at or below {size:.3g} is {attainable:.3f}."
)


class Engine(Protocol):
    """What a table, a figure or an interval at another level needs of an inference."""

    @property
    def coefficients(self) -> Floats: ...  # noqa: D102
    @property
    def standard_errors(self) -> Floats: ...  # noqa: D102
    @property
    def draws(self) -> Floats: ...  # noqa: D102
    @property
    def exact(self) -> bool: ...  # noqa: D102
    @property
    def p(self) -> Floats: ...  # noqa: D102
    @property
    def p_joint(self) -> Floats: ...  # noqa: D102
    @property
    def floor(self) -> Floats: ...  # noqa: D102
    def attainable_size(self, level: float) -> Floats: ...  # noqa: D102
    def interval(self, level: float, *, simultaneous: bool = False) -> Floats: ...  # noqa: D102
    def detectable(self, level: float) -> Floats: ...  # noqa: D102


@dataclass(frozen=True)
class Clustered:
    """The usual inference: CR1 covariance, t with G-1 degrees of freedom, Holm over the family."""

    coefficients: Floats  # (K,)
    covariance: Floats  # (K, K)
    df: int

    @property
    def standard_errors(self) -> Floats:
        """CR1 standard errors (K,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def exact(self) -> bool:
        """There is nothing to draw."""
        return True

    @property
    def draws(self) -> Floats:
        """No draws: the distribution is assumed."""
        return np.empty((0, len(self.coefficients)))

    @property
    def p(self) -> Floats:
        """Two-sided p-values (K,)."""
        return np.asarray(2 * stats.t.sf(np.abs(self.coefficients / self.standard_errors), self.df))

    @property
    def p_joint(self) -> Floats:
        """Holm-adjusted p-values (K,)."""
        return holm(self.p)

    @property
    def floor(self) -> Floats:
        """A continuous distribution has no smallest p-value."""
        return np.zeros(len(self.coefficients))

    def attainable_size(self, level: float) -> Floats:
        """Every level can be asked for."""
        return np.full(len(self.coefficients), 1 - level)

    def interval(self, level: float, *, simultaneous: bool = False) -> Floats:
        """Interval (K, 2); simultaneous by Bonferroni."""
        tail = (1 - check_level(level)) / 2 / (len(self.coefficients) if simultaneous else 1)
        half = stats.t.isf(tail, self.df) * self.standard_errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])

    def detectable(self, level: float) -> Floats:
        """Critical value plus the 80% quantile of t, times the standard error (K,)."""
        return np.asarray((stats.t.isf((1 - level) / 2, self.df) + stats.t.ppf(0.8, self.df)) * self.standard_errors)

    def mean_slope(self) -> Clustered:
        """The plain mean of the K slopes."""
        K = len(self.coefficients)
        return Clustered(np.array([self.coefficients.mean()]), np.array([[self.covariance.sum() / K**2]]), self.df)

    def equality_p(self) -> float:
        """Wald test that the K slopes are equal: F with K-1 and G-1 degrees of freedom."""
        K = len(self.coefficients)
        R = np.eye(K)[1:] - np.eye(K)[0]
        distance = R @ self.coefficients
        F = float(distance @ np.linalg.solve(R @ self.covariance @ R.T, distance)) / (K - 1)
        return float(stats.f.sf(F, K - 1, self.df))


def engine_rows(dimensions: Sequence[str], engine: Engine, level: float, scale: float = 1.0) -> pd.DataFrame:
    """Tabulate what an engine says, a row per dimension; p and interval are missing where the floor is too high."""
    low, high = scale * engine.interval(level).T
    many = len(dimensions) > 1
    table = pd.DataFrame(
        {
            "dimension": list(dimensions),
            "estimate": scale * engine.coefficients,
            "se": scale * engine.standard_errors,
            "low": low,
            "high": high,
            "p": engine.p,
            "p_joint": engine.p_joint if many else np.nan,
            "p_holm": holm(engine.p) if many else np.nan,
            "floor": engine.floor,
            "detectable": scale * engine.detectable(level),
        }
    )
    unsupported = ["low", "high", "p", "p_joint", "p_holm", "detectable"]
    table.loc[table["floor"] > 1 - level + 1e-12, unsupported] = np.nan
    return table


def size_notes(engine: Engine, level: float) -> list[Note]:
    """Say where no p-value is printed, or which false-alarm rate the design can attain."""
    size, floor = 1 - level, float(engine.floor.max())
    attainable = float(engine.attainable_size(level).min())
    if floor > size + 1e-12:
        return [Note(NOT_PRINTED.text, {"floor": floor, "size": size})]
    if attainable < size - 0.002:
        return [Note(ATTAINABLE.text, {"size": size, "attainable": attainable})]
    return []


@dataclass(frozen=True)
class Plan:
    """How one design is judged: by which engine, on whose cells, with whose trajectories moving."""

    engine: Literal["bootstrap", "reassignment", "clustered"]
    sample: Bools  # (N,) units whose cells are used
    among: Bools  # (N,) units between which trajectories move
    programme_units: int
    notes: tuple[Note, ...]
    unknown: Bools | None = None  # (T, K) cells to leave out for all units, where a trajectory that moves is not known


def plan_inference(
    eq: Equations, units: Sequence[str], requested: Inference = "auto", *, override: bool = False
) -> Plan:
    """Choose the inference that the design supports, or judge the one that was asked for.

    From 20 programme units on: wild cluster bootstrap among them. From 5: reassignment of trajectories among them.
    Below, or where all of them followed the same path: reassignment of whole programmes over all units, each with
    the cells that it has.

    Raises
    ------
    SpecError
        Where what was asked for is not valid with so few programme units and ``override`` is not set, or no
        completion varies.
    """
    if requested not in ("auto", "bootstrap", "reassignment", "clustered"):
        raise SpecError(f"inference is 'auto', 'bootstrap', 'reassignment' or 'clustered', not {requested!r}.")
    N = len(eq.y)
    has_programme: Bools = np.nan_to_num(eq.C).reshape(N, -1).max(axis=1) > 0
    P = int(has_programme.sum())
    if P == 0:
        raise SpecError("no unit has completion above 0 in these years, so nothing varies. Choose other years.")
    everyone: Bools = np.asarray(np.isfinite(eq.y).any(axis=(1, 2)))
    paths = np.unique(np.nan_to_num(eq.C[has_programme], nan=-1.0).reshape(P, -1), axis=0)
    compare_programmes = P >= AMONG_PROGRAMMES and len(paths) > 1
    if requested == "clustered":
        return _usual(everyone, P, override)
    if requested == "bootstrap" and not compare_programmes and not override:
        raise SpecError(
            f"the wild cluster bootstrap cannot judge {P} programme unit(s): restricted it hardly ever rejects, "
            "unrestricted far too often. Use inference='reassignment' (or 'auto')."
        )
    if requested == "bootstrap" or (requested == "auto" and compare_programmes and P >= BOOTSTRAP):
        sample = has_programme & everyone if compare_programmes else everyone
        notes = [Note(BY_BOOTSTRAP.text, {"units": int(sample.sum())}), *_others(everyone & ~sample)]
        return Plan("bootstrap", sample, sample, P, tuple(notes))
    if compare_programmes:
        return _among(eq, units, has_programme & everyone, everyone & ~has_programme, P)
    return _over_all(eq, units, has_programme, everyone, P, alike=P >= AMONG_PROGRAMMES)


def measured_rates(programme_units: int) -> tuple[int, float, float]:
    """Give the nearest measured case at or below so many programme units, and its two false-alarm rates."""
    case = max(count for count in FALSE_ALARMS if count <= max(programme_units, 1))
    return (case, *FALSE_ALARMS[case])


def _usual(everyone: Bools, P: int, override: bool) -> Plan:
    case, one, any_of_six = measured_rates(P)
    if P < BOOTSTRAP and not override:
        raise SpecError(
            f"clustered standard errors are not valid with {P} programme unit(s): with {case} they call noise "
            f"significant in {one:.0%} of cases for one dimension and in {any_of_six:.0%} for any of six, at a nominal "
            "5%. Use inference='auto'; override=True prints them beside that rate."
        )
    note = Note(USUAL.text, {"units": case, "one": one, "any": any_of_six})
    return Plan("clustered", everyone, everyone, P, (note,))


def _among(eq: Equations, units: Sequence[str], programmes: Bools, others: Bools, P: int) -> Plan:
    """Compare programme units: those whose completion is not known throughout keep their own trajectory."""
    known = programmes & np.isfinite(eq.C).all(axis=(1, 2))
    notes = [Note(AMONG.text, {"units": int(known.sum())}), *_others(others), *_left_out(units, programmes & ~known)]
    return Plan("reassignment", programmes, known, P, (*notes, RANK))


def _over_all(
    eq: Equations, units: Sequence[str], has_programme: Bools, everyone: Bools, P: int, *, alike: bool
) -> Plan:
    """Compare the programme units with every unit; each keeps its own gaps, whoever follows the programme.

    Leaving out a unit for a gap, although it could have had the programme, would make the comparison depend on who
    has it, and over all units together more than the nominal share would be called significant.
    """
    unknown: Bools = np.asarray(~np.isfinite(eq.C[has_programme]).all(axis=0))
    used = np.isfinite(eq.y).any(axis=0) & ~unknown
    among = everyone & np.isfinite(eq.C[:, used]).all(axis=1)
    notes = [Note(ALIKE.text, {"units": P})] if alike else []
    notes += [Note(UNKNOWN.text, {"cells": int(unknown.sum())})] if unknown.any() else []
    notes += [Note(OVER_ALL.text, {"units": int(among.sum())}), *_left_out(units, everyone & ~among), RANK]
    return Plan("reassignment", everyone, among, P, tuple(notes), unknown if unknown.any() else None)


def _left_out(units: Sequence[str], out: Bools) -> list[Note]:
    named = ", ".join(unit for unit, is_out in zip(units, out, strict=True) if is_out)
    return [Note(INCOMPLETE.text, {"units": named})] if named else []


def _others(out: Bools) -> list[Note]:
    return [Note(ONLY_PROGRAMMES.text, {"units": int(out.sum())})] if out.any() else []
