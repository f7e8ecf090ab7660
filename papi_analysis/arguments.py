"""Arguments of the wrong kind are answered as kindly as wrong values: what came, and what to give instead."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from papi_analysis.errors import Note, SpecError

P = ParamSpec("P")
Answer = TypeVar("Answer")

A, AN = Note("a {kind}"), Note("an {kind}")
WRONG = Note("{name} is {given}; give {expected}.")


class Rule(NamedTuple):
    """What an argument of some name may be, and in words what to give."""

    allows: Callable[[Any], bool]
    expected: Note


def _named(kind: str) -> Callable[[Any], bool]:
    """Whether a value is of a class of this name: the classes themselves lie in rooms above."""
    return lambda value: kind in (one.__name__ for one in type(value).__mro__)


def _is_whole(value: Any, least: float = -np.inf) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    """Whether a value is a text or a whole number, which is 1.0 where a missing name stood in the column."""
    return isinstance(value, str) or _is_whole(value) or (isinstance(value, float) and value.is_integer())


def _is(*kinds: Any) -> Callable[[Any], bool]:
    """Whether a value is of one of these kinds."""
    return lambda value: isinstance(value, kinds)


def _is_list(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping | pd.DataFrame)


_is_text, _is_table, _is_mapping, _is_by_unit = _is(str), _is(pd.DataFrame), _is(Mapping), _is(Mapping, pd.Series)
_is_path = _is(str, os.PathLike)


def _is_any_table(value: Any) -> bool:
    """Whether a value may be a table of some make: ``study.relations`` says which are."""
    return not isinstance(value, bool | int | float | Mapping | list | tuple | set | None) and not callable(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _with(*columns: str) -> Rule:
    """A table that has these columns."""
    words = Note("a table (a pandas DataFrame) with the columns {columns}", {"columns": ", ".join(columns)})
    return Rule(lambda value: _is_table(value) and {*columns} <= {*value.columns}, words)


_UNITS = Rule(_is_list, Note("a list of units, like ['VN-CT']"))
_LABELS = Rule(_is_by_unit, Note("a label by unit, like {'VN-CT': 'south'}"))
_YEAR = Rule(_is_whole, Note("a year as a whole number, like 2018"))
_COUNT = Rule(lambda value: _is_whole(value, 1), Note("a whole number from 1 on"))
_NAMES = Rule(_is_names, Note("a list of names"))
_METHOD = Rule(
    lambda value: _is_text(value) or callable(value), Note("the name of a method, like 'did', or a function")
)
_PANEL = Note(
    "a Panel: Panel.from_frames(scores, completion) makes one of tables, Panel.from_study(load_study(...)) of a study"
)

#: By name: what has one name means one thing in every function.
RULES = {
    "panel": Rule(_named("Panel"), _PANEL),
    "study": Rule(_named("Study"), Note("a Study, for instance load_study(...)")),
    "estimates": Rule(_named("Estimates"), Note("the answer of programme_impact or completion_slopes")),
    "gaps": Rule(_named("Estimates"), Note("the answer of programme_impact")),
    "targets": Rule(_named("Estimates"), Note("the answer of target_attainment")),
    "needed": Rule(
        lambda value: _is_number(value) or _is_by_unit(value) or _named("Estimates")(value),
        Note("a size in points, like 0.5, sizes by dimension, or the answer of gain_needed"),
    ),
    "spec": Rule(_named("Specification"), Note("a Specification, or its settings by name: lag=1")),
    "unit": Rule(
        lambda value: _is_name(value) or _is_list(value) or _is_mapping(value),
        Note("the code of a unit, like 'VN-CT'"),
    ),
    **dict.fromkeys(("start", "end", "base_year", "end_year"), _YEAR),
    "rng": Rule(
        lambda value: _is_whole(value, 0) or isinstance(value, np.random.Generator),
        Note("a whole number from 0 on, or a numpy Generator"),
    ),
    **dict.fromkeys(("ask", "method"), _METHOD),
    "across": Rule(
        lambda value: _is_text(value) or _is_names(value), Note("'year', 'dimension' or 'unit', or two of them")
    ),
    **dict.fromkeys(("panels", "nearest", "tasks_per_dimension", "studies", "most"), _COUNT),
    "digits": Rule(lambda value: _is_whole(value, 0) and value <= 15, Note("a whole number from 0 to 15")),
    "folder": Rule(_is_path, Note("the path of a folder")),
    "path": Rule(_is_path, Note("the path of a file")),
    "without": Rule(lambda value: _is_text(value) or _is_list(value), _UNITS.expected),
    **dict.fromkeys(("excluded", "without_programme"), _UNITS),
    "known_programmes": Rule(
        lambda value: _is_list(value) or _is_table(value), Note("a table of programmes, or a list of units")
    ),
    **dict.fromkeys(("strata", "clusters", "within", "regions"), _LABELS),
    "weights": Rule(
        lambda value: _is_by_unit(value) or (isinstance(value, str) and value == "precision"),
        Note("a weight by unit, like {'VN-CT': 1.2}"),
    ),
    "names": Rule(_is_mapping, Note("names by code, like {'VN-CT': 'Can Tho'} or {'VN-CT': ('Can Tho', 'Cần Thơ')}")),
    "rename": Rule(_is_mapping, Note("our names by yours, like {'country': 'unit'}")),
    "choices": Rule(_is_mapping, Note("values by argument, like {'lag': [0, 1]}")),
    "dimensions": Rule(_is_list, Note("a list of dimensions, like ['D1']")),
    **dict.fromkeys(("simulated", "simulated_tables"), _NAMES),
    "scores": _with("unit", "year", "dimension", "score"),
    "breaks": _with("dimension", "year", "kind"),
    "table": Rule(
        lambda value: _is_table(value) or _named("Estimates")(value) or isinstance(value, list | tuple | Mapping),
        Note("an answer, or a table (a pandas DataFrame)"),
    ),
    "counts": _with("dimension", "done"),
    "cells": _with("as_of", "completion"),
    "record": _with("as_of", "in_time", "late", "missing"),
    "places": _with("unit", "year", "dimension", "rank", "ranked"),
    "rows": _with("kind", "case", "quantity", "ours", "reference", "digits", "given"),
}

#: By annotation, for whatever has no rule of its own.
KINDS = {
    "None": Rule(lambda value: value is None, Note("None, for nothing")),
    "bool": Rule(_is(bool, np.bool_), Note("True or False")),
    "int": Rule(_is_whole, Note("a whole number")),
    "float": Rule(_is_number, Note("a number")),
    "str": Rule(_is_text, Note("a text")),
    "Sequence": Rule(_is_list, Note("a list")),
    "Mapping": Rule(_is_mapping, Note("a mapping")),
    **dict.fromkeys(("Inference", "Level", "Index", "LeftOut"), Rule(_is_text, Note("a text"))),
    "Callable": Rule(callable, Note("a function")),
    "pd.DataFrame": Rule(_is_table, Note("a table (a pandas DataFrame)")),
    "pd.Series": Rule(_is(pd.Series), Note("a pandas Series")),
    "Estimates": Rule(_named("Estimates"), Note("an answer, like that of programme_impact")),
    "Study": Rule(_named("Study"), Note("a Study, for instance load_study(...)")),
    "Axes": Rule(_named("Axes"), Note("one panel of a figure, like plt.subplots()[1]")),
    "os.PathLike": Rule(_is(os.PathLike), Note("a path")),
    "Table": Rule(_is_any_table, Note("a table: a frame of pandas, Polars or PyArrow, or the path of a Parquet file")),
}


#: What a name means in functions that annotate it so, where it means something else in others.
BY_BOTH = {
    ("unit", "str"): Rule(_is_name, RULES["unit"].expected),
    ("dimension", "str"): Rule(_is_name, Note("the name of a dimension, like 'D1'")),
    ("units", "pd.DataFrame"): _with("unit", "name_en", "name_vi", "variants"),
    ("names", "str"): KINDS["str"],
    ("units", "int"): Rule(
        lambda value: _is_whole(value) or _is_list(value), Note("a number of units, or one or more units in a list")
    ),
    # What may be a register, ``study.relations`` says.
    ("tasks", "Table"): Rule(lambda value: True, KINDS["Table"].expected),
    ("progress", "Table"): Rule(lambda value: True, KINDS["Table"].expected),
    ("study", "str"): Rule(
        lambda value: _is_path(value) or _named("Study")(value),
        Note("the folder of a study, the name of a bundled one, or what load_study gave"),
    ),
}


def _rules(name: str, annotation: str) -> list[Rule]:
    """What an argument may be, by its name or by its annotation; none where that says nothing that can be checked."""
    kinds = [kind.split("[")[0] for kind in re.split(r" \| (?![^\[]*\])", annotation)]
    several = name == "unit" and "int" in kinds
    if (name, kinds[0]) in BY_BOTH and not several:
        return [BY_BOTH[name, kinds[0]], *([KINDS["None"]] if "None" in kinds else [])]
    if name in RULES and "Table" not in kinds:
        return [RULES[name]]
    return [KINDS[kind] for kind in kinds] if set(kinds) <= set(KINDS) else []


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
    rules = {name: _rules(name, str(of.annotation)) for name, of in signature.parameters.items()}

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python says which argument is missing or too many
        for name, value in given.items():
            usual = value is signature.parameters[name].default
            if rules[name] and not usual and not any(rule.allows(value) for rule in rules[name]):
                raise SpecError(WRONG(name=name, given=said(value), expected=_first(rules[name])))
        return function(*args, **kwargs)

    return checked


def _first(rules: list[Rule]) -> Note:
    """What to give: the first that is not None."""
    return next(rule.expected for rule in rules if rule is not KINDS["None"])


def said(value: Any) -> str:
    """Say what came: the value, where it is short, or its kind and the columns that it has."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return (AN if type(value).__name__[0] in "AEIOUaeiou" else A)(kind=type(value).__name__)
