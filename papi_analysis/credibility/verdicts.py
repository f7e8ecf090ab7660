"""What the data rule out: whether a programme can have added what was needed, in three verdicts.

"Cannot tell" before the data is a statement about the design; after them there is an interval (Hoenig & Heisey 2001).
What it leaves out is ruled out (Schuirmann 1987; Altman & Bland 1995; Lakens 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears, VerdictDesign
from papi_analysis.study.schema import name_text

ADDED, RULED_OUT, CANNOT_TELL, NOT_NEEDED = "added", "ruled_out", "cannot_tell", "not_needed"

NO_EFFECT = Note("{question} gives no effect to set beside a need. Ask programme_impact or completion_slopes.")
NO_SIZE = Note("needed is the answer of gain_needed, a number, or a number by dimension, not {given}.")
NOT_THERE = Note("needed names {name}, and the answer has {names}. Name one of these.")
NOT_THEIRS = Note(
    "what was needed is that of {unit} in {year}, and the gap is that of {units} in {first} to {last}. Ask "
    "programme_impact for {unit} with after=({year}, {year})."
)
NO_NUMBER = Note("needed of {name} is {given}; give a number, in points of score.")

ONE_SIDED = Note(
    "Ruled out: what was needed lies above the {level:.3g}% interval. Added: it does not lie above its lower end. Each "
    "row is judged by itself, by a one-sided test at {size:.3g}% if draws fall evenly on both sides of zero."
)
FULL = Note("The effect is what full completion would bring: ten times the slope for ten points.")
NO_MOST = Note("{dimensions}: no effect, however large, can be excluded, so there is no largest one to print.")
NO_FAMILY = Note("What was needed is not known for every dimension, so there is no verdict on the family.")


@check_kinds
def verdicts(estimates: Estimates, needed: Estimates | Mapping[str, float] | pd.Series | float) -> Estimates:
    """Say for each dimension and the family whether what was needed was added, is ruled out, or cannot be told.

    Parameters
    ----------
    estimates
        An answer of ``programme_impact`` or ``completion_slopes``; its level is that of the verdicts.
    needed
        The answer of ``gain_needed``: what the targets needed. Or a size that you name, in points of score: one for
        all, or by dimension; that of ``"mean"`` is then the mean of the others unless it is given.

    Returns
    -------
    Estimates
        Rows: each dimension, then ``"mean"``. Columns, in points: ``needed``; ``estimate``, ``low``, ``high`` (of
        slopes: what full completion would bring); ``most``, the largest effect that is not excluded, and
        ``most_share``, its share of the need, none below 0; ``verdict``, a code: ``"added"`` (the need does not lie
        above ``low``), ``"ruled_out"`` (it lies above ``high``), ``"cannot_tell"``, ``"not_needed"`` (it is not above
        0). Missing where no need is known. An interval that is infinite, or that the design cannot give, excludes
        nothing there.

    Raises
    ------
    SpecError
        An answer without effects; a size that is not a number, or of a dimension that the answer does not have; the
        needs of another unit or year than the gap's.

    Notes
    -----
    The test of an effect as large as the need, or larger, is the one behind the interval: half the two-sided p, by the
    same draws. So no verdict contradicts the interval beside it, and where that is approximate (slopes of several
    starts) the verdict is. Its one-sided size is half of 1 - level where draws lie evenly about zero, and at most
    1 - level where all lie on one side. Each row is judged by itself.

    Gap and need share the counterfactual, and their difference is outcome minus target, which everybody knows. What the
    test asks is whether what the programme moved lastingly can have been as large as the need, taken as the number it
    is, had the year's own chance been other than it was.

    Measured on 500 panels of the shape of the published one, at a nominal 2.5%: an effect as large as the need is ruled
    out in 1.8% of dimensions by gaps of three years or of one, in 2.0% by slopes (Monte Carlo error 0.4), and in 1.1%
    where the need is the one that ``gain_needed`` finds. With no effect a need of 0.4 for the family is ruled out in
    88% by gaps of three years, 58% by those of one year, 46% by slopes on one unit's completion.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> gap = pa.programme_impact(pa.Panel.from_study(study), "VN-CT", 2018, 2020, after=(2020, 2020))
    >>> told = verdicts(gap, pa.gain_needed(gap, pa.target_attainment(study)))
    >>> told.table.verdict.tolist()
    ['ruled_out', 'ruled_out', 'ruled_out', 'not_needed', 'cannot_tell', 'ruled_out', 'ruled_out']

    """
    if estimates.question not in ("programme_impact", "completion_slopes"):
        raise SpecError(NO_EFFECT(question=estimates.question))
    rows = estimates.table[estimates.table["dimension"] != "within"]
    table = rows[["dimension"]].reset_index(drop=True)
    table["needed"] = _sizes(needed, rows["dimension"].tolist())
    for name in ("estimate", "low", "high"):
        table[name] = rows[name].to_numpy(dtype=float) / estimates.scale
    table["most"] = table["high"].where(np.isfinite(table["high"]))
    table["most_share"] = (table["most"] / table["needed"].where(table["needed"] > 0)).where(table["most"] >= 0)
    table["verdict"] = _codes(table)
    targets = needed if isinstance(needed, Estimates) else None
    if targets and estimates.question == "programme_impact":
        _check_same(estimates.designed(ImpactDesign), targets.designed(UnitYears))
    return Estimates(
        question="verdicts",
        table=table,
        notes=(*_notes(table, estimates), *(targets.notes if targets else ())),
        names=estimates.names,
        simulated_tables=tuple(
            dict.fromkeys((*estimates.simulated_tables, *(targets.simulated_tables if targets else ())))
        ),
        level=estimates.level,
        design=VerdictDesign(estimates.question, targets.designed(UnitYears).last if targets else None),
    )


def _check_same(gap: ImpactDesign, need: UnitYears) -> None:
    """Refuse the needs of another unit or year than the gap's."""
    if gap.units != (need.unit,) or gap.after != (need.last, need.last):
        values = {"unit": need.unit, "year": need.last, "units": ", ".join(gap.units)}
        raise SpecError(NOT_THEIRS(**(values | dict(zip(("first", "last"), gap.after, strict=True)))))


def _codes(table: pd.DataFrame) -> list[str | None]:
    """The verdict of each row; a size that an end of the interval meets to the last digits lies inside."""
    needed, low, high = (table[name].to_numpy(dtype=float) for name in ("needed", "low", "high"))
    slack = 1e-9 * np.maximum(np.abs(needed), np.where(np.isfinite(high - low), high - low, 0.0))
    found = np.select(
        [needed <= 0, needed <= low + slack, needed > high + slack], [NOT_NEEDED, ADDED, RULED_OUT], CANNOT_TELL
    )
    return [None if unknown else str(code) for unknown, code in zip(np.isnan(needed), found, strict=True)]


def _sizes(needed: Any, names: list[str]) -> list[float]:
    """What was needed, in the order of the rows; missing where it is not known."""
    if isinstance(needed, Estimates) and needed.question == "gain_needed":
        needed = needed.table.set_index("dimension")["needed"]
    if isinstance(needed, Mapping | pd.Series):
        given = {name_text(name): size for name, size in dict(needed).items()}
        _check_sizes(given, names)
        each = [given.get(name, np.nan) for name in names if name != "mean"]
        return [float({"mean": np.mean(each), **given}.get(name, np.nan)) for name in names]
    if not _is_number(needed) or not np.isfinite(needed):
        words = f"that of {needed.question}" if isinstance(needed, Estimates) else repr(needed)
        raise SpecError(NO_SIZE(given=words))
    return [float(needed)] * len(names)


def _check_sizes(given: Mapping[Any, Any], names: list[str]) -> None:
    for name, size in given.items():
        if name not in names:
            raise SpecError(NOT_THERE(name=repr(name), names=", ".join(names)))
        if not _is_number(size) or np.isinf(size):
            raise SpecError(NO_NUMBER(name=name, given=repr(size)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _notes(table: pd.DataFrame, estimates: Estimates) -> list[Note]:
    notes = [ONE_SIDED(level=100 * estimates.level, size=50 * (1 - estimates.level))]
    if estimates.question == "completion_slopes":
        notes.append(FULL)
    endless = ", ".join(name for name in table.loc[table["most"].isna(), "dimension"] if name != "mean")
    notes += if_any(NO_MOST(dimensions=endless))
    if np.isnan(table["needed"].iloc[-1]):
        notes.append(NO_FAMILY)
    return notes
