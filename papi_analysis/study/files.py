"""Reading the files of a study folder: every table, and everything that is wrong with any of them, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from papi_analysis.errors import DataError, Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.checks import check_frame
from papi_analysis.study.left_over import without
from papi_analysis.study.office import Reading, join, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import BREAKS, DIMENSIONS, PROGRESS, SCORES, TARGETS, TASKS, UNITS
from papi_analysis.study.settings import TABLES, Place
from papi_analysis.study.words import plain

_SCHEMAS = {
    "scores": SCORES,
    "later_scores": SCORES,
    "units": UNITS,
    "dimensions": DIMENSIONS,
    "breaks": BREAKS,
    "tasks": TASKS,
    "progress": PROGRESS,
    "targets": TARGETS,
}
#: The tables that others are checked against, and those in the order in which they are read: reports may name tasks as
#: the register does.
_KNOWN = ("units", "dimensions", "breaks")
_ORDER = ("scores", "later_scores", "tasks", "progress", "targets")
#: The tables whose rows are all of one unit where no column names others.
_FILLED = ("tasks", "progress", "targets")


def read_tables(
    places: Mapping[str, Sequence[Place]], settings: Mapping[str, Any], units: pd.DataFrame
) -> tuple[dict[str, Reading], dict[str, pd.DataFrame]]:
    """Read every table of a study folder into text.

    The tables that others are checked against are checked here (units, dimensions, breaks); the others are checked
    together when a study is made of them.

    Parameters
    ----------
    places, settings
        From ``read_settings``; the unit fills the column where tasks, progress and targets have none.
    units
        Those that stand where the study brings no table of units.

    Returns
    -------
    tuple
        How each file was read, and the tables. Problems of single cells stand in the readings.

    Raises
    ------
    DataError
        Where a file cannot be read: with the problems of all files.
    """
    readings: dict[str, Reading] = {}
    tables: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    for name in (name for name in _KNOWN if name in places):
        with collect(problems):
            readings[name] = _read(Source(places[name][0].path), name, places)
            problems.extend(readings[name].problems)
        with collect(problems, readings):
            if name in readings:
                tables[name] = check_frame(readings[name].frame, _SCHEMAS[name], readings[name].file)
    ours = {"units": units, "dimensions": codebook.load_dimensions()}
    base = _source({name: frame for name, frame in ours.items() if name not in places} | tables, settings)
    for name in (name for name in _ORDER if name in places):
        source = replace(base, fill=base.fill if name in _FILLED else {})
        if name != "progress":
            source = replace(
                source, spellings={kind: codes for kind, codes in base.spellings.items() if kind != "task"}
            )
        with collect(problems):
            readings[name] = _read(source, name, places)
            tables[name] = readings[name].frame
            if name == "tasks":
                titles = _titles(tables[name])
                base = replace(base, spellings={**base.spellings, "task": titles}, counted=readings[name].counted)
    if problems:
        for name in (name for name in TABLES if name in tables and name not in _KNOWN):
            problems.extend(readings[name].problems)
            with collect(problems, readings):
                check_frame(tables[name], _SCHEMAS[name], readings[name].file)
        raise DataError(problems)
    return _used_by_none(readings), tables


def _read(source: Source, name: str, places: Mapping[str, Sequence[Place]]) -> Reading:
    """Read a table, from all places where its parts lie."""
    return join(
        [read_office_table(replace(source, path=path, sheet=sheet), _SCHEMAS[name]) for path, sheet in places[name]]
    )


def _source(known: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> Source:
    """Say how the words of any table are meant, by the units and dimensions that are known and the settings."""
    spellings, highs = {}, {}
    if "units" in known:
        spellings["unit"] = codebook.unit_spellings(known["units"])
    if "dimensions" in known:
        spellings["dimension"] = dimension_spellings(known["dimensions"])
        highs = dict.fromkeys(("score", "target"), float(known["dimensions"]["scale_max"].max()))
    fill = {"unit": settings["unit"]} if settings["unit"] else {}
    days = {"start": settings["start"].date(), "end": settings["end"].date()}
    return Source(Path(), "", fill, spellings, settings["in_progress"], highs, **days)


def _used_by_none(readings: dict[str, Reading]) -> dict[str, Reading]:
    """Of two tables in one sheet, name as not used the columns alone that neither uses."""
    result = {}
    for name, reading in readings.items():
        others = [other for other in readings.values() if other is not reading and not (other.parts or reading.parts)]
        twins = [other for other in others if (other.name, other.sheet) == (reading.name, reading.sheet)]
        taken = {label for other in twins for label in other.columns.values()}
        guesses = (without(guess, taken) if taken else guess for guess in reading.guesses)
        result[name] = replace(reading, guesses=tuple(guess for guess in guesses if guess is not None))
    return result


def _titles(tasks: pd.DataFrame) -> dict[str, str]:
    """Give the code of each task whose title no other has, so that reports may name tasks by their titles.

    A row that repeats another is wrong, and its title names no task: its reports would repeat those of the other.
    """
    codes: dict[str, set[str]] = {}
    tasks = tasks[~tasks.duplicated([name for name in TASKS.key if name in tasks])]
    for column in ("title_vi", "title_en"):
        if {column, "task"} <= {*tasks.columns}:
            for title, code in zip(tasks[column], tasks["task"], strict=True):
                codes.setdefault(plain(str(title)), set()).add(str(code).strip())
    return {title: next(iter(own)) for title, own in codes.items() if title and len(own) == 1}


@contextmanager
def collect(problems: list[Problem], readings: Mapping[str, Reading] | None = None) -> Iterator[None]:
    """Add the problems of a ``DataError`` raised inside to ``problems`` and go on.

    Those of tables that were read from ``readings`` are put in the words of their files; what is said of a cell
    already is not said again.
    """
    try:
        yield
    except DataError as error:
        found = error.problems if readings is None else _place(error.problems, readings.values())
        said = {_spot(problem) for problem in problems if problem.row is not None}
        problems.extend(problem for problem in found if _spot(problem) not in said)


def _spot(problem: Problem) -> tuple[str, str, int | None, str]:
    return problem.file, problem.sheet, problem.row, problem.column


def _place(problems: Iterable[Problem], readings: Iterable[Reading]) -> list[Problem]:
    """Say where problems are in the words of the files; two tables of one sheet share its name."""
    placed = []
    for problem in problems:
        own = [reading for reading in readings if reading.file == problem.file]
        fits = [reading for reading in own if set(problem.column.split(", ")) <= set(reading.frame.columns)]
        placed.append((fits or own)[0].place(problem) if own else problem)
    # A row that holds several reports has what is wrong with it once.
    return list(dict.fromkeys(placed))
