"""Reading the files of a study folder: every table, and everything that is wrong with any of them, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from papi_analysis.errors import DataError, Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.left_over import without
from papi_analysis.study.office import Reading, join, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import (
    BREAKS,
    DIMENSIONS,
    PROGRESS,
    SCORES,
    TARGETS,
    TASKS,
    UNITS,
    check_frame,
)
from papi_analysis.study.settings import TABLES
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
#: The tables in the order in which they are read: reports may name tasks as the register does.
_ORDER = ("scores", "later_scores", "tasks", "progress", "targets")
#: The tables whose rows are all of one unit where no column names others.
_FILLED = ("tasks", "progress", "targets")


def read_tables(
    paths: dict[str, Path],
    sheets: dict[str, str],
    in_progress: float | None,
    unit: str,
    *,
    further: Mapping[str, Sequence[tuple[Path, str]]] = MappingProxyType({}),
    start: date | None = None,
    end: date | None = None,
) -> tuple[dict[str, Reading], dict[str, pd.DataFrame]]:
    """Read every table of a study folder into text.

    The tables that others are checked against are checked here (units, dimensions, breaks); the others are checked
    together when a study is made of them.

    Parameters
    ----------
    paths, sheets, in_progress, unit
        From ``read_settings``; ``unit`` fills the column where tasks, progress and targets have none.
    further
        Further files of a table, and the sheet of each.
    start, end
        First and last day of the programme.

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
    known: list[str] = [name for name in TABLES if name in paths and name in ("units", "dimensions", "breaks")]
    for name in known:
        with collect(problems):
            readings[name] = read_office_table(Source(paths[name], sheets.get(name, "")), _SCHEMAS[name])
            problems.extend(readings[name].problems)
        with collect(problems, readings):
            if name in readings:
                tables[name] = check_frame(readings[name].frame, _SCHEMAS[name], readings[name].file)
    units = codebook.load_units() if end is None else codebook.units_at(pd.Timestamp(end))
    spellings = _spellings(paths, tables, units)
    highs = _highs(paths, tables)
    for name in [name for name in _ORDER if name in paths and name not in known]:
        fill: dict[str, str] = {"unit": unit} if unit and name in _FILLED else {}
        own = {kind: codes for kind, codes in spellings.items() if kind != "task" or name == "progress"}
        counted = readings["tasks"].counted if name == "progress" and "tasks" in readings else {}
        base = Source(paths[name], sheets.get(name, ""), fill, own, in_progress, highs, start, end, counted)
        with collect(problems):
            sources = [base, *(replace(base, path=path, sheet=sheet) for path, sheet in further.get(name, ()))]
            read = [read_office_table(source, _SCHEMAS[name]) for source in sources]
            readings[name] = read[0] if len(read) == 1 else join(read)
            tables[name] = readings[name].frame
        if name == "tasks" and name in tables:
            spellings["task"] = _titles(tables[name])
    if problems:
        for name in [name for name in TABLES if name in tables and name not in known]:
            problems.extend(readings[name].problems)
            with collect(problems, readings):
                check_frame(tables[name], _SCHEMAS[name], readings[name].file)
        raise DataError(problems)
    return _used_by_none(readings), tables


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
    """Give the code of each task whose title no other has, so that reports may name tasks by their titles."""
    codes: dict[str, set[str]] = {}
    for column in ("title_vi", "title_en"):
        if {column, "task"} <= {*tasks.columns}:
            for title, code in zip(tasks[column], tasks["task"], strict=True):
                codes.setdefault(plain(str(title)), set()).add(str(code).strip())
    return {title: next(iter(own)) for title, own in codes.items() if title and len(own) == 1}


def _spellings(
    paths: dict[str, Path], tables: dict[str, pd.DataFrame], units: pd.DataFrame
) -> dict[str, dict[str, str]]:
    """Give the codes of all spellings of units and dimensions, from the study's own tables where it has them."""
    spellings = {}
    if "units" in tables or "units" not in paths:
        spellings["unit"] = codebook.unit_spellings(tables.get("units", units))
    if "dimensions" in tables or "dimensions" not in paths:
        dimensions = tables["dimensions"] if "dimensions" in tables else codebook.load_dimensions()
        spellings["dimension"] = dimension_spellings(dimensions)
    return spellings


def _highs(paths: dict[str, Path], tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Give the largest score and target that the scale of any dimension allows, where the scales are known."""
    if "dimensions" in paths and "dimensions" not in tables:
        return {}
    dimensions = tables["dimensions"] if "dimensions" in tables else codebook.load_dimensions()
    return dict.fromkeys(("score", "target"), float(dimensions["scale_max"].max()))


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
