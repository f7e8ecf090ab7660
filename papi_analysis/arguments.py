"""Arguments of the wrong kind are answered as kindly as wrong values: what came, and what to give instead."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from papi_analysis.errors import Note, SpecError

P = ParamSpec("P")
Answer = TypeVar("Answer")

WRONG = Note("{name} is {given}; give {expected}.")


class Rule(NamedTuple):
    """What an argument of some name may be, and in words what to give."""

    allows: Callable[[Any], bool]
    expected: Note


def _named(kind: str) -> Callable[[Any], bool]:
    """Whether a value is of a class of this name: the classes themselves lie in rooms above."""
    return lambda value: kind in (one.__name__ for one in type(value).__mro__)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


def _is_name(value: Any) -> bool:
    """Whether a value is a text or a whole number, which is 1.0 where a missing name stood in the column."""
    return isinstance(value, str | int | np.integer) or (isinstance(value, float) and value.is_integer())


def _is_list(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping | pd.DataFrame)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_table(value: Any) -> bool:
    return isinstance(value, pd.DataFrame)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_by_unit(value: Any) -> bool:
    return isinstance(value, Mapping | pd.Series)


_UNITS = Rule(_is_list, Note("a list of units, like ['VN-CT']"))
_LABELS = Rule(_is_by_unit, Note("a label by unit, like {'VN-CT': 'south'}"))
_FLAG = Rule(_is_flag, Note("True or False"))
_TABLE = Rule(_is_table, Note("a table (a pandas DataFrame)"))
_LIST = Rule(_is_list, Note("a list"))

#: By name: what has one name means one thing in every function.
RULES = {
    "panel": Rule(_named("Panel"), Note("a Panel, for instance Panel.from_study(load_study(...))")),
    "study": Rule(_named("Study"), Note("a Study, for instance load_study(...)")),
    "estimates": Rule(_named("Estimates"), Note("the answer of programme_impact or completion_slopes")),
    "gaps": Rule(_named("Estimates"), Note("the answer of programme_impact")),
    "spec": Rule(_named("Specification"), Note("a Specification, or its settings by name: lag=1")),
    "unit": Rule(
        lambda value: _is_name(value) or _is_list(value) or _is_mapping(value),
        Note("the code of a unit, like 'VN-CT'"),
    ),
    "rng": Rule(
        lambda value: _is_whole(value, 0) or isinstance(value, np.random.Generator),
        Note("a whole number from 0 on, or a numpy Generator"),
    ),
    "panels": Rule(lambda value: _is_whole(value, 1), Note("a whole number from 1 on")),
    "nearest": Rule(lambda value: _is_whole(value, 1), Note("a whole number from 1 on")),
    "tasks_per_dimension": Rule(lambda value: _is_whole(value, 1), Note("a whole number from 1 on")),
    "folder": Rule(lambda value: isinstance(value, str | os.PathLike), Note("the path of a folder")),
    "without": Rule(lambda value: isinstance(value, str) or _is_list(value), _UNITS.expected),
    "excluded": _UNITS,
    "known_programmes": Rule(
        lambda value: _is_list(value) or _is_table(value), Note("a table of programmes, or a list of units")
    ),
    "without_programme": _UNITS,
    "strata": _LABELS,
    "clusters": _LABELS,
    "within": _LABELS,
    "regions": _LABELS,
    "weights": Rule(
        lambda value: _is_by_unit(value) or (isinstance(value, str) and value == "precision"),
        Note("a weight by unit, like {'VN-CT': 1.2}"),
    ),
    "names": Rule(_is_mapping, Note("pairs of names by code, like {'VN-CT': ('Can Tho', 'Cần Thơ')}")),
    "choices": Rule(_is_mapping, Note("values by argument, like {'lag': [0, 1]}")),
    "dimensions": Rule(_is_list, Note("a list of dimensions, like ['D1']")),
    "points": _LIST,
    "days": _LIST,
    "simulated_tables": _LIST,
    "scores": _TABLE,
    "completion": _TABLE,
    "breaks": _TABLE,
    "controls": _TABLE,
    "tasks": _TABLE,
    "treated_as_donor": _FLAG,
    "override": _FLAG,
}


def check_kinds(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """Let a function refuse arguments of the wrong kind by their names; what it does by default is right.

    Examples
    --------
    >>> @check_kinds
    ... def draw(rng=0):
    ...     return rng
    >>> draw(rng=-1)
    Traceback (most recent call last):
    papi_analysis.errors.SpecError: rng is -1; give a whole number from 0 on, or a numpy Generator.
    """
    signature = inspect.signature(function)

    one_unit = {"unit"} if function.__annotations__.get("unit") in ("str", "str | None") else set()

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python says which argument is missing or too many
        for name in (name for name in given if name in RULES):
            value, usual = given[name], signature.parameters[name].default
            several = name in one_unit and not _is_name(value)
            if value is not usual and (several or not RULES[name].allows(value)):
                words = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
                raise SpecError(Note(WRONG.text, {"name": name, "given": words, "expected": RULES[name].expected}))
        return function(*args, **kwargs)

    return checked
