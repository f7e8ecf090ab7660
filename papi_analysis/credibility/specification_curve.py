"""One question asked in every defensible way at once, judged together (Simonsohn, Simmons & Nelson 2020)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.credibility.long_runs import ask_each
from papi_analysis.errors import Note, PapiError, SpecError, if_any
from papi_analysis.estimation.estimates import CurveDesign, Estimates
from papi_analysis.estimation.multiplicity import counts

JOINT = Note(
    "Joint test: the median over {specifications} specifications of the mean standardised estimate of the dimensions, "
    "ranked among the same median for {rows} reassignments of the programme, the same in all specifications."
)
SKIPPED = Note("{skipped} combination(s) of choices have no answer and are left out: {why}")
FAILED_FOR = Note("for {choices} the function failed: {kind}: {error}. Correct the function.")
OTHER_ANSWER = Note("ask must give the answer of programme_impact or completion_slopes, and not one of {kind}.")
NOT_JOINT = Note("No joint test: the specifications do not share their reassignments.")

#: What a row holds beside the columns of the table; no dimension has such a name.
ANSWER, WHY = "(answer)", "(why)"

#: Choices of one kind: values, or values by the words that name them.
Choices = Iterable[Any] | Mapping[str, Any]


@check_kinds
def specification_curve(ask: Callable[..., Estimates], choices: Mapping[str, Choices]) -> Estimates:
    """Ask one question under every combination of choices, all dimensions at once.

    Inside ``joblib.parallel_config(n_jobs=2)`` it runs on two cores, with the same numbers.

    Parameters
    ----------
    ask
        A function of the choices that answers with ``Estimates``, for instance
        ``functools.partial(programme_impact, panel, "VN-CT", 2018, 2020)``.
    choices
        Name of an argument of ``ask`` -> its values, or words -> values where a value does not name itself.

    Returns
    -------
    Estimates
        One row per specification, lowest mean first: a column per kind of choice (words), one per dimension with
        the estimate, ``mean`` and its ``p``; of gaps also ``peers``, the mean gap of the ten untouched units that
        stood nearest at the start. ``tests`` holds the joint permutation test, where all specifications
        share their reassignments; ``design.below`` the share of specifications whose mean lies below zero.

    Raises
    ------
    SpecError
        Where the grid is empty, no combination has an answer, or a function of one's own fails or gives no such answer.

    Examples
    --------
    >>> from functools import partial
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> ask = partial(pa.programme_impact, panel, "VN-CT", 2018, 2020)
    >>> curve = specification_curve(ask, {"method": ["did", "synthetic_control"]})
    >>> len(curve.table), curve.design.below
    (2, 1.0)

    """
    _check(ask, choices)
    kinds = {
        name: dict(values) if isinstance(values, Mapping) else {_word(value): value for value in values}
        for name, values in choices.items()
    }
    grid = [dict(zip(kinds, words, strict=True)) for words in product(*kinds.values())]
    if not kinds or not grid:
        raise SpecError("the grid of specifications is empty. Give at least one kind of choice with one value.")
    asked = [(words, {name: kinds[name][word] for name, word in words.items()}) for words in grid]
    rows = ask_each(partial(_row, ask), asked, "specification_curve")
    skipped = [row[WHY] for row in rows if WHY in row]
    rows = [row for row in rows if WHY not in row]
    if not rows:
        raise SpecError("no combination of the choices has an answer: {why}", why=skipped[0])
    answers: list[Estimates] = [row.pop(ANSWER) for row in rows]
    table = pd.DataFrame(rows).sort_values("mean", key=lambda mean: mean.round(12), kind="stable", ignore_index=True)
    p, notes = _joint_test(answers)
    notes += if_any(SKIPPED(skipped=len(skipped), why=next(iter(skipped), "")))
    first = answers[0]
    return Estimates(
        question="specification_curve",
        table=table,
        notes=tuple(notes),
        tests=pd.DataFrame({"test": ["joint permutation"] * (p is not None), "p": [p] * (p is not None)}),
        names=first.names,
        simulated_tables=tuple(dict.fromkeys(name for answer in answers for name in answer.simulated_tables)),
        level=first.level,
        scale=first.scale,
        design=CurveDesign(tuple(kinds), first.question, float((table["mean"] < 0).mean())),
    )


def _check(ask: Any, choices: Mapping[str, Choices]) -> None:
    """Refuse what cannot be called, what is no list of values, and arguments that ``ask`` does not take."""
    if not callable(ask):
        raise SpecError("ask is a function of the choices, like functools.partial(completion_slopes, panel).")
    for name, values in choices.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise SpecError(
                "the values of {name} are {values!r}; give a list of them, like [{values!r}].", name=name, values=values
            )
    try:
        inspect.signature(ask).bind(**dict.fromkeys(choices))
    except TypeError as error:
        raise SpecError(
            "ask cannot be asked with {choices} alone: {error}. Fix its other arguments with "
            "functools.partial(ask, panel, ...), and name choices as ask does.",
            choices=", ".join(choices),
            error=error,
        ) from None


def _row(ask: Callable[..., Estimates], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Ask once: the row of the table and the answer itself, or why there is none."""
    try:
        answer = ask(**settings)
    except SpecError as error:
        return {WHY: error.args[0]}
    except PapiError:
        raise
    except Exception as error:
        words = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        raise SpecError(FAILED_FOR(choices=words, kind=type(error).__name__, error=error)) from error
    if not isinstance(answer, Estimates) or "mean" not in set(answer.table.get("dimension", ())):
        raise SpecError(OTHER_ANSWER(kind=answer.question if isinstance(answer, Estimates) else type(answer).__name__))
    table = answer.table.set_index("dimension")
    each, mean = table.loc[~table.index.isin(["mean", "within", "total"]), "estimate"], table.loc["mean"]
    peers = {"peers": mean["peers"]} if "peers" in table.columns else {}
    return {**each, "mean": mean["estimate"], "p": mean["p"], **peers, ANSWER: answer}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _joint_test(answers: list[Estimates]) -> tuple[float | None, list[Note]]:
    """Rank the median over specifications among the same median for every reassignment that all of them share.

    Answers that draw nothing (an exact t) take no part.
    """
    drawing = [answer for answer in answers if answer.engines and len(answer.draws)]
    if not drawing:
        return None, [NOT_JOINT]
    tables = [_standardised(answer) for answer in drawing]
    shared = set(tables[0].index).intersection(*(table.index for table in tables[1:]))
    exact = all(answer.engines[0].exact for answer in drawing)
    if len(shared) < 2 or (not exact and len({len(table) for table in tables}) > 1):
        return None, [NOT_JOINT]
    order = [key for key in tables[0].index if key in shared]
    drawn = np.median([table.loc[order].to_numpy() for table in tables], axis=0)
    observed = float(np.median([_observed(answer) for answer in drawing]))
    extra = 0 if exact else 1
    p = (int(counts([observed], drawn[:, None])[0]) + extra) / (len(order) + extra)
    return p, [JOINT(specifications=len(drawing), rows=len(order))]


def _observed(answer: Estimates) -> float:
    engine = answer.engines[0]
    return float(np.mean(engine.coefficients / engine.standard_errors))


def _standardised(answer: Estimates) -> pd.Series:
    """Mean over the dimensions of each draw's standardised estimates, by what tells the draws apart."""
    mean: Floats = answer.draws.mean(axis=1)
    units = getattr(answer.engines[0], "units", None)
    keys = range(len(mean)) if units is None else [tuple(row) for row in units[len(units) - len(mean) :]]
    return pd.Series(mean, index=pd.Index(list(keys), tupleize_cols=False))
