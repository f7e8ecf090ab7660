"""Which inference a design supports: the rules, the reasons in words, and refusals with the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtr, stdtrit

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.multiplicity import POWER, check_level, holm
from papi_analysis.estimation.regression import WithinFit

Inference = Literal["auto", "bootstrap", "reassignment", "clustered"]

#: Effective programme units from which each reassignment is judged by an error of its own. Below, dividing by it costs
#: much of the power; from here on, leaving it out lets units with much completion and much noise pass for a finding.
STUDENTISED = 4

#: Effective clusters from which the wild cluster bootstrap holds its level.
BOOTSTRAP = 20

#: False alarms of the usual CR1 t-test at a nominal 5%, by programme units: of one dimension, and of any of six.
#: Measured on the published panel with programmes that do nothing: benchmarks/validation/false_alarms.py.
FALSE_ALARMS = {1: (0.78, 1.0), 3: (0.18, 0.65), 5: (0.10, 0.44), 8: (0.07, 0.31), 10: (0.06, 0.28), 20: (0.04, 0.19)}

USUAL = Note(
    "Usual clustered standard errors (CR1, t with G-1 degrees of freedom). With {units} programme unit(s), the "
    "nearest measured case to the {effective:.1f} that count here, they call noise significant in {one:.0%} of cases "
    "for one dimension and {any:.0%} for any of six, at a nominal 5%."
)
BY_BOOTSTRAP = Note("Inference: wild cluster bootstrap over {units} {clusters}, the same draws for all dimensions.")
OVER_ALL = Note(
    "Inference: whole programmes are reassigned over {units} units. This tests programme and completion together and "
    "assumes that who had a programme is unrelated to where it stood."
)
REASSIGNED = Note(
    "Inference: whole programmes are reassigned over {units} units. This tests programme and completion together and "
    "assumes that, among units that stood alike before, anyone could have had the programme."
)
CARRY = Note("{units} units have a programme; by the completion that each brings they count as {effective:.1f}.")
RANK = Note("A p-value from placebos is a rank among units, not the result of a randomised test.")
KEPT = Note("These keep the completion that they had, for part of it is not known: {units}.")
UNKNOWN = Note(
    "{cells} pair(s) of year and dimension are left out for all units: completion of a programme unit is not "
    "known there."
)
INCOMPLETE = Note("Not in the comparison, for lack of cells: {units}.")

NOT_PRINTED = Note(
    "No p-value or interval is printed: the smallest p-value that this design can give is {floor:.3f}, above "
    "{size:.3g}."
)
FEW_DRAWS = Note(
    "No p-value or interval is printed: with {draws} draw(s) none can fall below {floor:.3f}, above {size:.3g}. Ask "
    "with draws={needed} or more."
)
NO_HOLM = Note(
    "No Holm p-value is printed: over {dimensions} dimensions none can fall below {least:.3f}, so it could find "
    "nothing."
)
NO_SE = Note(
    "No standard error clustered by unit is printed: with {units} programme unit(s), fewer than {needed}, it is too "
    "small. Intervals and p-values come from the draws."
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
    def standardised_mean_p(self) -> float: ...  # noqa: D102
    def attainable_size(self, level: float) -> Floats: ...  # noqa: D102
    def interval(self, level: float, *, simultaneous: bool = False) -> Floats: ...  # noqa: D102
    def detectable(self, level: float, *, jointly: bool = False) -> Floats: ...  # noqa: D102


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
        return np.asarray(2 * stdtr(self.df, -np.abs(self.coefficients / self.standard_errors)))

    @property
    def p_joint(self) -> Floats:
        """Holm-adjusted p-values (K,)."""
        return holm(self.p)

    def standardised_mean_p(self) -> float:
        """p-value of the mean of the K t statistics, whose covariance is the correlation of the estimates."""
        se = self.standard_errors
        spread = np.sqrt((self.covariance / np.outer(se, se)).sum())
        return float(2 * stdtr(self.df, -abs((self.coefficients / se).sum()) / spread))

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
        half = -stdtrit(self.df, tail) * self.standard_errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])

    def detectable(self, level: float, *, jointly: bool = False) -> Floats:
        """Critical value plus the 80% quantile of t, times the standard error (K,).

        Jointly by Holm, where all move: its steps lie between alpha / K and alpha, and so does the critical value.
        """
        steps = [1, len(self.coefficients)] if jointly else [1]
        critical = -np.mean(stdtrit(self.df, (1 - level) / 2 / np.array(steps)))
        return np.asarray((critical + stdtrit(self.df, POWER)) * self.standard_errors)

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
        return float(fdtrc(K - 1, self.df, F))


#: What an engine says of each dimension, in the order of a table.
ROWS = [
    *("dimension", "estimate", "se", "low", "high", "p", "p_joint", "p_holm", "floor"),
    *("detectable", "detectable_jointly"),
]


def inference_rows(dimensions: Sequence[str], engine: Engine, level: float, scale: float = 1.0) -> pd.DataFrame:
    """Tabulate estimates with intervals and p-values, a row per dimension; missing where the floor is too high."""
    many = len(dimensions) > 1
    low, high = scale * engine.interval(level).T
    supported = {"low": low, "high": high, "p": engine.p, "p_joint": engine.p_joint if many else np.nan}
    table = {"dimension": list(dimensions), "estimate": scale * engine.coefficients}
    return pd.DataFrame(table | _where_supported(engine.floor, supported, level))


def engine_rows(dimensions: Sequence[str], engine: Engine, level: float, scale: float = 1.0) -> pd.DataFrame:
    """Tabulate all that an engine says: ``inference_rows``, errors, the floor and what could have been detected.

    A detectable effect is never below half the interval beside it: what this very study left open it did not detect.
    """
    many, floor = len(dimensions) > 1, engine.floor
    table = inference_rows(dimensions, engine, level, scale)
    half = (table["high"] - table["low"]).to_numpy() / 2
    detectable = np.fmax(scale * engine.detectable(level), half)
    supported = {
        "p_holm": holm(engine.p) if many and _holm_can(engine, level) else np.nan,
        "detectable": detectable,
        "detectable_jointly": np.maximum(scale * engine.detectable(level, jointly=True), detectable)
        if many
        else np.nan,
    }
    more = {"se": scale * engine.standard_errors, "floor": floor, **_where_supported(floor, supported, level)}
    return table.assign(**more)[ROWS]


def family_rows(
    rows: Callable[..., pd.DataFrame],
    dimensions: Sequence[str],
    engines: Sequence[Engine],
    level: float,
    scale: float = 1.0,
) -> pd.DataFrame:
    """Tabulate a family and its mean by ``rows``, one of the two above; of a single dimension p is the joint one."""
    each = rows(list(dimensions), engines[0], level, scale)
    if len(each) == 1:
        each = each.assign(**{name: each["p"] for name in ("p_joint", "p_holm") if name in each})
    return pd.concat([each, rows(["mean"], engines[1], level, scale)], ignore_index=True)


def _where_supported(floor: Floats, columns: Mapping[str, Any], level: float) -> dict[str, Floats]:
    """Columns with what the design is too coarse for, at this level, left missing."""
    return {name: np.where(floor > 1 - level + 1e-12, np.nan, values) for name, values in columns.items()}


def _holm_can(engine: Engine, level: float) -> bool:
    """Whether Holm over the family can give a p-value at or below 1 - level at all."""
    return bool(len(engine.floor) * engine.floor.min() <= 1 - level + 1e-12)


def draws_needed(engine: Engine, level: float) -> int:
    """How many draws would give a p-value at this level, where it is draws and not units that are too few; else 0."""
    size = 1 - level
    if engine.exact or engine.floor.max() <= size + 1e-12:
        return 0
    return int(np.ceil(1 / size - 1e-9)) - 1


def size_notes(engine: Engine, level: float) -> list[Note]:
    """Say where no p-value is printed, or which false-alarm rate the design can attain."""
    size, floor = 1 - level, float(engine.floor.max())
    attainable = float(engine.attainable_size(level).min())
    if needed := draws_needed(engine, level):
        values = {"draws": len(engine.draws), "floor": floor, "size": size, "needed": needed}
        return [FEW_DRAWS(**values)]
    if floor > size + 1e-12:
        return [NOT_PRINTED(floor=floor, size=size)]
    notes = []
    if attainable < size - 0.002:
        notes.append(ATTAINABLE(size=size, attainable=attainable))
    if not _holm_can(engine, level):
        K = len(engine.floor)
        notes.append(NO_HOLM(dimensions=K, least=K * float(engine.floor.min())))
    return notes


def family_tests(engine: Engine, level: float) -> pd.DataFrame:
    """Test the family as a whole, where there is one and the design supports a p-value: ``test``, ``p``.

    ``standardised mean``: the mean of the dimensions' statistics, each in its own errors, see
    ``multiplicity.standardised_mean``.
    """
    if len(engine.coefficients) < 2 or engine.floor.max() > 1 - level + 1e-12:
        return pd.DataFrame(columns=["test", "p"])
    return pd.DataFrame({"test": ["standardised mean"], "p": [engine.standardised_mean_p()]})


class Judging(NamedTuple):
    """How slopes are to be judged: by what, among which units programmes move, with how many draws.

    ``excluded`` (N,) marks units that may not follow a programme, ``strata`` (N,) codes within which programmes move.
    """

    inference: Inference = "auto"
    override: bool = False
    excluded: Bools | None = None
    strata: Ints | None = None
    draws: int | None = None
    rng: int | np.random.Generator = 0


def check_inference(asked: Judging, effective: float, *, clustered: bool) -> None:
    """Refuse an inference that so few effective programme units do not support, with the way out."""
    requested = asked.inference
    if requested not in ("auto", "bootstrap", "reassignment", "clustered"):
        raise SpecError(
            "inference is 'auto', 'bootstrap', 'reassignment' or 'clustered', not {requested!r}.", requested=requested
        )
    if clustered and requested == "reassignment":
        raise SpecError("clusters above the units go with the bootstrap; for reassignment within regions give strata.")
    if asked.override:
        return
    if (requested == "bootstrap" or clustered) and effective < STUDENTISED:
        raise SpecError(
            "the wild cluster bootstrap cannot judge programmes in {effective:.1f} effective unit(s) "
            "or cluster(s): restricted it hardly ever rejects, unrestricted far too often. Use "
            "inference='reassignment', with strata where shocks go by region.",
            effective=effective,
        )
    if requested == "clustered" and effective < BOOTSTRAP:
        case, one, any_of_six = measured_rates(effective)
        raise SpecError(
            "clustered standard errors are not valid with {effective:.1f} effective programme "
            "unit(s): with {case}, the nearest measured case, they call noise significant in {one:.0%} of "
            "cases for one dimension and in {any_of_six:.0%} for any of six, at a nominal 5%. Use "
            "inference='auto'; override=True prints them beside that rate.",
            effective=effective,
            case=case,
            one=one,
            any_of_six=any_of_six,
        )


def measured_rates(programme_units: float) -> tuple[int, float, float]:
    """Give the nearest measured case at or below so many programme units, and its two false-alarm rates."""
    case = max(count for count in FALSE_ALARMS if count <= max(programme_units, 1))
    return (case, *FALSE_ALARMS[case])


def usual_note(effective: float) -> Note:
    """Say what the usual errors are, and how often they fail with so few programme units."""
    case, one, any_of_six = measured_rates(effective)
    return USUAL(units=case, effective=effective, one=one, any=any_of_six)


def bootstrap_note(compared: int, *, clustered: bool) -> Note:
    """Say over how many units, or clusters of them, the bootstrap draws."""
    return BY_BOOTSTRAP(units=compared, clusters=Note("clusters" if clustered else "units"))


def left_out(units: Sequence[str], out: Bools, words: Note = INCOMPLETE) -> list[Note]:
    """Name the units (N,) that are left out, where there are any."""
    named = ", ".join(unit for unit, is_out in zip(units, out, strict=True) if is_out)
    return if_any(words(units=named))


@dataclass(frozen=True)
class Judged:
    """The slopes of a family and how they were judged."""

    family: Any  # StudentisedDraws or Clustered
    inference: Literal["bootstrap", "reassignment", "clustered"]
    sample: Bools  # (N,) units whose cells are used
    compared: int  # units, or clusters, that the inference compares
    programme_units: int  # whose completion varies on cells with a score
    effective: float  # the same, by what each carries
    notes: tuple[Note, ...]
    used: Bools | None = None  # (N, T, K) cells that are used, where not all with a score are
    spread: bool = False  # the errors are the spread over the draws, not clustered by unit
    fits: tuple[WithinFit, ...] = ()  # of the two-way equation
