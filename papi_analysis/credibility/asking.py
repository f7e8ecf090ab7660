"""Ask a method, the project's or the user's own, for a programme that never was, and check what it answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.credibility.placebo_programmes import PlaceboProgramme
from papi_analysis.credibility.robustness import METHODS
from papi_analysis.errors import PapiError, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.panel.panel import Panel

#: Answers for one programme: panel, unit, first and last year, and keywords ``rng`` and ``level`` where it takes them.
Ask = Callable[..., Estimates | pd.DataFrame]

NEEDED = ["estimate", "p", "low", "high"]


def find_method(ask: Ask | str, level: float, from_base: int = 1) -> Ask:
    """Turn a name into the function that it stands for, at this level.

    The base year lies ``from_base`` surveys before the start. A function of one's own that takes a keyword ``level``
    is given it, unless it is set already.
    """
    if callable(ask):
        return partial(ask, level=level) if takes(ask, "level") else ask
    named: dict[str, Ask] = {name: partial(_impact, name, level) for name in METHODS}
    named |= {"slopes": partial(_slopes, level), "base_year": partial(_base_year, from_base, level)}
    if not isinstance(ask, str) or ask not in named:
        raise SpecError(f"ask is one of {', '.join(named)}, or a function, not {ask!r}.")
    return named[ask]


def method_name(ask: Ask | str) -> str:
    """What the method is called."""
    return ask if isinstance(ask, str) else getattr(ask, "__name__", "own function")


def takes(ask: Ask | str, keyword: str) -> bool:
    """Whether a function of one's own takes a keyword that is not set yet."""
    if isinstance(ask, str) or keyword not in inspect.signature(ask).parameters:
        return False
    return not (isinstance(ask, partial) and keyword in ask.keywords)


def answer_for(placebo: PlaceboProgramme, panel: Panel, ask: Ask, level: float) -> pd.DataFrame:
    """Ask for one placebo programme, on its panel, and check what comes back.

    Rows: each dimension, then ``"mean"``, missing where the answer has none; ``p_joint`` is that of the answer, of a
    single dimension its own p, else Bonferroni's.
    """
    place = f"for the placebo programme of {placebo.unit}, {placebo.start}-{placebo.end}"
    try:
        own = {} if placebo.rng is None else {"rng": placebo.rng}
        answer: Any = ask(panel, placebo.unit, placebo.start, placebo.end, **own)
        table = (answer.table if isinstance(answer, Estimates) else pd.DataFrame(answer)).set_index("dimension")
    except PapiError as error:
        raise SpecError(f"{place} there is no answer: {error}") from error
    except Exception as error:
        raise SpecError(f"{place} the function failed: {type(error).__name__}: {error}") from error
    try:
        if isinstance(answer, Estimates) and answer.level != level:
            raise SpecError(
                f"the answer is at level {answer.level:g}, but {level:g} was asked. Let the function take a keyword "
                "level, or ask at its own."
            )
        return _checked(table, list(panel.dimensions))
    except SpecError as error:
        raise SpecError(f"{place} {error}") from None


def _impact(method: str, level: float, panel: Panel, unit: str, start: int, end: int) -> Estimates:
    """Ask ``programme_impact``, without the breaks: it says them in notes, which nobody reads here."""
    return programme_impact(_without_breaks(panel), unit, start, end, method=method, level=level)


def _base_year(from_base: int, level: float, panel: Panel, unit: str, start: int, end: int) -> Estimates:
    base = panel.years[panel.position("year", start) - from_base]
    return programme_impact(_without_breaks(panel), unit, start, end, method="did", before=(base, base), level=level)


def _slopes(level: float, panel: Panel, unit: str, start: int, end: int) -> Estimates:
    return completion_slopes(panel, level=level)


def _without_breaks(panel: Panel) -> Panel:
    return replace(panel, breaks=panel.breaks[:0])


def _checked(table: pd.DataFrame, dimensions: list[str]) -> pd.DataFrame:
    """Take the rows of an answer in order, as numbers; refuse what no estimate, interval or p-value can be."""
    lacks = [name for name in NEEDED if name not in table]
    twice = table.index[table.index.duplicated()]
    if lacks or len(twice):
        what = f"has no column {', '.join(lacks)}" if lacks else f"has two rows for {twice[0]}"
        raise SpecError(f"the answer {what}. It needs one row for each dimension with estimate, p, low, high.")
    table = _as_numbers(table.reindex([*dimensions, "mean"]))
    if len(dimensions) == 1:  # a family of one is its only member
        table["p_joint"] = table["p"].iloc[0]
        table.loc["mean"] = table.loc["mean"].fillna(table.iloc[0])
    each = table.loc[dimensions]
    if "p_joint" not in table or each["p_joint"].isna().all():
        table["p_joint"] = min(1.0, len(each) * each["p"].min())
    for name in [*NEEDED, "p_joint"]:
        missing = table.index[:-1][table[name].iloc[:-1].isna()]
        if len(missing):
            raise SpecError(
                f"the answer has missing values: {name} of {missing[0]}. It needs one row for each dimension with "
                "estimate, p, low, high. Where too few units give no interval at this level, ask at a lower one."
            )
    return table


def _as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that count as numbers, each within its bounds."""
    for name in (*NEEDED, *({"p_joint", "detectable", "detectable_jointly"} & set(table))):
        text = [value for value in table[name] if isinstance(value, str)]
        if text:
            raise SpecError(f"the answer has text in {name} ({text[0]!r}). Give numbers.")
        table[name] = table[name].astype(float)
    wrong = [("estimate", "an estimate is a finite number", np.isinf(table["estimate"]))]
    wrong += [("low", "low is at most high", table["low"] > table["high"])]
    for name in {"p", "p_joint"} & set(table):
        wrong.append((name, "a p-value lies between 0 and 1", (table[name] < 0) | (table[name] > 1 + 1e-9)))
    for name, rule, found in wrong:
        if found.any():
            value = float(table.loc[found.idxmax(), name])
            raise SpecError(f"the answer for {found.idxmax()} has {name} {value:g}, but {rule}. Correct the function.")
    return table
