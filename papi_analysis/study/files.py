"""Reading the files of a study folder: every table, and everything that is wrong with any of them, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study import codebook
from papi_analysis.study.body import Source
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.schema import (
    BREAKS,
    DIMENSIONS,
    PROGRESS,
    SCORES,
    TARGETS,
    TASKS,
    UNITS,
    check_frame,
    sheet_row,
)
from papi_analysis.study.settings import TABLES
from papi_analysis.study.wording import dimension_spellings

_SCHEMAS = {
    "scores": SCORES,
    "units": UNITS,
    "dimensions": DIMENSIONS,
    "breaks": BREAKS,
    "tasks": TASKS,
    "progress": PROGRESS,
    "targets": TARGETS,
}


def read_tables(
    paths: dict[str, Path], sheets: dict[str, str], in_progress: float | None, unit: str
) -> tuple[dict[str, Reading], dict[str, pd.DataFrame]]:
    """Read every table of a study folder into text.

    The tables that others are checked against are checked here (units, dimensions, breaks); the others are checked
    together when a study is made of them.

    Parameters
    ----------
    paths, sheets, in_progress, unit
        From ``read_settings``; ``unit`` fills the column where tasks, progress and targets have none.

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
    spellings = _spellings(paths, tables)
    for name in [name for name in paths if name not in known]:
        fill: dict[str, str] = {"unit": unit} if unit and name in ("tasks", "progress", "targets") else {}
        source = Source(paths[name], sheets.get(name, ""), fill, spellings, in_progress)
        with collect(problems):
            readings[name] = read_office_table(source, _SCHEMAS[name])
            tables[name] = readings[name].frame
    if problems:
        for name in [name for name in TABLES if name in tables and name not in known]:
            problems.extend(readings[name].problems)
            with collect(problems, readings):
                check_frame(tables[name], _SCHEMAS[name], readings[name].file)
        raise DataError(problems)
    return readings, tables


def _spellings(paths: dict[str, Path], tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, str]]:
    """Give the codes of all spellings of units and dimensions, from the study's own tables where it has them."""
    spellings = {}
    if "units" in tables or "units" not in paths:
        units = tables["units"] if "units" in tables else codebook.load_units()
        spellings["unit"] = codebook.unit_spellings(units)
    if "dimensions" in tables or "dimensions" not in paths:
        dimensions = tables["dimensions"] if "dimensions" in tables else codebook.load_dimensions()
        spellings["dimension"] = dimension_spellings(dimensions)
    return spellings


#: What a sheet of notes is called, as in the templates; nobody looks for a table there.
NOTES = ("notes", "ghi chu")


def tell_unused(readings: Mapping[str, Reading]) -> Iterator[Problem]:
    """List the sheets that hold something and that no table was read from."""
    used = {(reading.name, reading.sheet) for reading in readings.values()}
    others = {(reading.name, sheet): table for table, reading in readings.items() for sheet in reading.unused}
    for (file, sheet), table in others.items():
        if (file, sheet) not in used and codebook.plain(sheet) not in NOTES:
            remedy = Note(
                "To read a table from it, name it in study.toml: {table} = {value}.",
                {"table": table, "value": f'"{file}#{sheet}"'},
            )
            yield Problem(Note("the sheet is not read"), remedy, file, sheet=sheet)


def tell_merged(readings: Mapping[str, Reading], units: pd.DataFrame) -> Iterator[Problem]:
    """List the units that mean another province since the merger of July 2025, where a table reaches beyond it."""
    told: set[str] = set()
    for reading in readings.values():
        frame = reading.frame
        days = [name for name in ("as_of", "reported_on", "start", "due", "year") if name in frame]
        late = frame[(frame[days].astype(str) >= "2025").any(axis=1)] if days else frame.iloc[:0]
        late = late[[any(_after_merger(text) for text in row) for row in late[days].itertuples(index=False)]]
        names = late["unit"].drop_duplicates() if "unit" in late else pd.Series(dtype=object)
        for index, name in names[names.isin(units["unit"])].items():
            province, old = codebook.merged_into(name, units)
            if len(old) > 1 and name not in told:
                told.add(name)
                what = Note(
                    "since July 2025 {unit} is part of {province}, made of {old}; scores up to 2024 are its own alone",
                    {"unit": name, "province": province, "old": ", ".join(old)},
                )
                remedy = Note("Make sure that tasks and scores mean the same area.")
                yield reading.place(Problem(what, remedy, reading.file, sheet_row(index), "unit", name))


def tell_ends(readings: Mapping[str, Reading], dimensions: pd.DataFrame) -> Iterator[Problem]:
    """Say where reports or targets stop before the list that they follow does, as in a file that was cut off."""
    remedy = Note("Make sure that the table is whole.")
    if {"tasks", "progress"} <= readings.keys():
        reading = readings["progress"]
        listed = _pairs(readings["tasks"].frame, "unit", "task")
        reports = _pairs(reading.frame, "unit", "task")
        if left := _left(listed, reports):
            place = (reading.file, sheet_row(reading.frame.index[-1]), "task", left)
            yield reading.place(Problem(Note("no task after this one in the register has a report"), remedy, *place))
    if "targets" in readings:
        reading = readings["targets"]
        codes = _pairs(dimensions, "dimension")
        if left := _left(codes, _pairs(reading.frame, "dimension")):
            place = (reading.file, sheet_row(reading.frame.index[-1]), "dimension", left)
            yield reading.place(Problem(Note("no dimension after this one has a target"), remedy, *place))


def _pairs(frame: pd.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None)) if {*columns} <= {*frame.columns} else []


def _left(listed: list[tuple[str, ...]], rows: list[tuple[str, ...]]) -> str:
    """Name the last of ``rows`` where they follow the order of ``listed`` and stop before its end."""
    order, met = list(dict.fromkeys(listed)), list(dict.fromkeys(rows))
    grouped = sum(row != before for row, before in zip(rows[1:], rows, strict=False)) == len(met) - 1
    follows = met == [entry for entry in order if entry in set(met)]
    return met[-1][-1] if met and grouped and follows and met[-1] != order[-1] else ""


def _after_merger(text: object) -> bool:
    """Say whether a date, or a year alone, reaches the merger of provinces on 1 July 2025."""
    return str(text).strip() >= ("2025-07-01" if "-" in str(text) else "2025")


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
