"""Ask a method, the project's or the user's own, for a programme that never was, and check what it answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import said
from papi_analysis.arrays import Floats
from papi_analysis.credibility.placebo_programmes import PlaceboProgramme
from papi_analysis.errors import Note, PapiError, SpecError
from papi_analysis.estimation.counterfactuals import ESTIMATORS
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import impact_tests, programme_impact
from papi_analysis.estimation.slopes import completion_slopes, slope_tests
from papi_analysis.panel.panel import Panel

#: Answers for one programme: panel, unit, first and last year, and keywords ``rng`` and ``level`` where it takes them.
Ask = Callable[..., Estimates | pd.DataFrame]

#: What is taken of an answer: (K + 1,) by column, the dimensions and their mean.
Answer = dict[str, Floats]

#: Columns that an answer must have, and those that count where it has them.
NEEDED = ("estimate", "p", "low", "high")
ALSO = ("p_joint", "detectable", "detectable_jointly")


def find_method(ask: Ask | str, level: float, from_base: int = 1, *, sizes: bool = False) -> Ask:
    """Turn a name into the function that it stands for, at this level; ``sizes``: with what it could have detected.

    The base year lies ``from_base`` surveys before the start. A function of one's own that takes a keyword ``level``
    is given it, unless it is set already.
    """
    if callable(ask):
        return partial(ask, level=level) if takes(ask, "level") else ask
    impact, slopes = (programme_impact, completion_slopes) if sizes else (impact_tests, slope_tests)
    named: dict[str, Ask] = {name: partial(_impact, impact, level, method=name) for name in ESTIMATORS}
    named |= {"slopes": partial(_slopes, slopes, level), "base_year": partial(_base_year, impact, level, from_base)}
    if not isinstance(ask, str) or ask not in named:
        raise SpecError("ask is one of {named}, or a function, not {ask!r}.", named=", ".join(named), ask=ask)
    return named[ask]


def method_name(ask: Ask | str) -> str:
    """What the method is called."""
    return ask if isinstance(ask, str) else getattr(ask, "__name__", "own function")


def takes(ask: Ask | str, keyword: str) -> bool:
    """Whether a function of one's own takes a keyword that is not set yet."""
    if isinstance(ask, str) or keyword not in inspect.signature(ask).parameters:
        return False
    return not (isinstance(ask, partial) and keyword in ask.keywords)


def answer_for(placebo: PlaceboProgramme, panel: Panel, ask: Ask, level: float) -> Answer:
    """Ask for one placebo programme, on its panel, and check what comes back.

    The mean is missing where the answer has none. ``p_joint`` is that of the answer, of a single dimension its own p,
    else Bonferroni's.
    """
    place = placebo.place
    try:
        own = {} if placebo.rng is None else {"rng": placebo.rng}
        answer: Any = ask(panel, placebo.unit, placebo.start, placebo.end, **own)
    except PapiError as error:
        raise SpecError("{place} there is no answer: {error}", place=place, error=error) from error
    except Exception as error:
        raise SpecError(
            "{place} the function failed: {name}: {error}", place=place, name=type(error).__name__, error=error
        ) from error
    try:
        table = _as_table(answer)
        if isinstance(answer, Estimates) and answer.level != level:
            raise SpecError(
                "the answer is at level {level:g}, but {asked:g} was asked. Let the function take a "
                "keyword level, or ask at its own.",
                level=answer.level,
                asked=level,
            )
        return _checked(table, list(panel.dimensions))
    except SpecError as error:
        raise SpecError("{place} {error}", place=place, error=error) from None


def _impact(impact: Ask, level: float, panel: Panel, unit: str, start: int, end: int, **question: Any) -> Any:
    return impact(panel, unit, start, end, level=level, **question)


def _base_year(impact: Ask, level: float, from_base: int, panel: Panel, unit: str, start: int, end: int) -> Any:
    base = panel.years[panel.position("year", start) - from_base]
    return impact(panel, unit, start, end, level=level, method="did", before=(base, base))


def _slopes(slopes: Ask, level: float, panel: Panel, unit: str, start: int, end: int) -> Any:
    return slopes(panel, level=level)


#: What is said of an answer that cannot be taken.
NEEDS = Note("the answer {what}. It needs one row for each dimension with estimate, p, low, high.")


def _as_table(answer: Any) -> pd.DataFrame:
    """Take the table of an answer, or a frame, by dimension; anything else is refused with what must come back."""
    try:
        table = answer.table if isinstance(answer, Estimates) else pd.DataFrame(answer)
    except Exception:  # pandas raises errors of many kinds
        table = None
    if table is None or isinstance(answer, pd.Series):
        raise SpecError(
            "the function must give a pandas DataFrame with the columns dimension, estimate, p, low, high, one row "
            "for each dimension, and not {given}.",
            given=said(answer),
        )
    if "dimension" not in table:
        lacks = Note("has no column {names}", {"names": "dimension"})
        raise SpecError(NEEDS(what=lacks))
    return table.set_index("dimension")


def _checked(table: pd.DataFrame, dimensions: list[str]) -> Answer:
    """Take the rows of an answer in order, as numbers; refuse what no estimate, interval or p-value can be."""
    lacks = [name for name in NEEDED if name not in table]
    twice = table.index[table.index.duplicated()]
    if lacks or len(twice):
        what = Note("has no column {names}", {"names": ", ".join(lacks)})
        if not lacks:
            what = Note("has two rows for {dimension}", {"dimension": twice[0]})
        raise SpecError(NEEDS(what=what))
    rows = [*dimensions, "mean"]
    places = table.index.get_indexer(rows)
    answer = {name: _numbers(table[name], places) for name in (*NEEDED, *ALSO) if name in table}
    _check_bounds(answer, rows)
    if len(dimensions) == 1:  # a family of one is its only member
        answer |= {name: answer[name][[0, 0 if places[1] < 0 else 1]] for name in NEEDED}
        answer["p_joint"] = answer["p"][[0, 0]]
    if "p_joint" not in answer or np.isnan(answer["p_joint"][:-1]).all():
        answer["p_joint"] = np.full(len(rows), min(1.0, len(dimensions) * answer["p"][:-1].min()))
    for name in (*NEEDED, "p_joint"):
        missing = np.isnan(answer[name][:-1])
        if missing.any():
            raise SpecError(
                "the answer has missing values: {name} of {row}. It needs one row for each dimension with estimate, p, "
                "low, high. Where too few units give no interval at this level, ask at a lower one.",
                name=name,
                row=rows[int(missing.argmax())],
            )
    return answer


def _numbers(column: pd.Series, places: NDArray[np.intp]) -> Floats:
    """The values of a column at these places, missing at -1."""
    text = [value for value in column if isinstance(value, str)]
    if text:
        raise SpecError("the answer has text in {name} ({text!r}). Give numbers.", name=column.name, text=text[0])
    return np.append(column.to_numpy(dtype=float, na_value=np.nan), np.nan)[places]


def _check_bounds(answer: Answer, rows: list[str]) -> None:
    wrong = [("estimate", Note("an estimate is a finite number"), np.isinf(answer["estimate"]))]
    wrong += [("low", Note("low is at most high"), answer["low"] > answer["high"])]
    for name in {"p", "p_joint"} & set(answer):
        wrong.append((name, Note("a p-value lies between 0 and 1"), (answer[name] < 0) | (answer[name] > 1 + 1e-9)))
    for name, rule, found in wrong:
        if found.any():
            i = int(found.argmax())
            raise SpecError(
                "the answer for {rows} has {name} {value:g}, but {rule}. Correct the function.",
                rows=rows[i],
                name=name,
                value=answer[name][i],
                rule=rule,
            )
