"""What is told of tables that keep every rule: what was not read, what looks like a slip or a file cut off."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from papi_analysis.errors import Name, Note, Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import OLD_FONT, old_marks
from papi_analysis.study.checks import parse_column
from papi_analysis.study.examples import EXAMPLE_UNIT, example_rows, shortest
from papi_analysis.study.findings import Findings, sheet_row
from papi_analysis.study.office import Reading
from papi_analysis.study.schema import name_text
from papi_analysis.study.words import plain, words


def tell_slips(readings: Mapping[str, Reading]) -> Iterator[Problem]:
    """List texts in old fonts, agencies in several spellings, and rows of the template's example."""
    for table, reading in readings.items():
        marks = {column: texts.map(old_marks) for column, texts in reading.frame.items()}
        enough = 1 if any((counted > 1).any() for counted in marks.values()) else 2  # one alone may be a foreign name
        for column, counted in marks.items():
            yield from _told(reading, *OLD_FONT, column, counted.index[counted >= enough][:1])
            if column.startswith("lead_agency"):
                yield from _tell_spellings(reading, column)
        yield from _tell_examples(table, reading)


def tell_filled(readings: Mapping[str, Reading], unit: str, names: Mapping[str, Name]) -> Iterator[Problem]:
    """Tell of tables without units that count as one unit's, beside a register of several."""
    units = readings["tasks"].frame["unit"] if "tasks" in readings and "unit" in readings["tasks"].frame else []
    if len({*units} - {unit}) == 0:
        return
    for reading in readings.values():
        if reading.filled:
            what = Note(
                "no column names the unit: all {n} rows count as {unit}",
                {"n": reading.filled, "unit": names.get(unit, unit)},
            )
            remedy = Note("To be sure, add a column unit, as the register has.")
            yield Problem(what, remedy, reading.name, sheet=reading.sheet)


def _told(reading: Reading, what: Note, remedy: Note, column: str, rows: pd.Index) -> Iterator[Problem]:
    for index in rows:
        value = str(reading.frame.loc[index, column])
        yield reading.place(Problem(what, remedy, reading.file, sheet_row(index), column, value))


def _tell_spellings(reading: Reading, column: str) -> Iterator[Problem]:
    """Tell of each agency whose names differ in capitals, marks or blanks alone: they are counted apart."""
    names = parse_column(reading.frame[column], "text")
    ways: dict[str, dict[str, int]] = {}
    for index, name in names.items():
        ways.setdefault(plain(name), {}).setdefault(name, index)
    for spelled in ways.values():
        if len(spelled) > 1:
            what = Note("one agency may be written in several ways: {names}", {"names": "; ".join(spelled)})
            remedy = Note("Write it in one way: each way is counted as an agency of its own.")
            yield from _told(reading, what, remedy, column, pd.Index([[*spelled.values()][1]]))


def _tell_examples(table: str, reading: Reading) -> Iterator[Problem]:
    """Tell of rows that equal the example of the templates; its targets are right for Can Tho alone."""
    columns, examples = example_rows(table)
    if not examples or not {*columns} <= {*reading.frame.columns}:
        return
    rows = [tuple(map(shortest, row)) in examples for row in reading.frame[[*columns]].itertuples(index=False)]
    found = reading.frame[rows]
    what = Note("rows of the template's example are still in the table: {n}", {"n": len(found)})
    remedy = Note("Put your own in their place.")
    if table == "targets":
        found = found[found["unit"] != EXAMPLE_UNIT] if "unit" in found else found[:0]
        what = Note("targets of the template's example, which are those of Can Tho: {n}", {"n": len(found)})
    yield from _told(reading, what, remedy, columns[0], found.index[:1])


def tell_open(paths: Iterable[Path]) -> Iterator[Problem]:
    """List the files beside which a program keeps another while it has them open."""
    for path in paths:
        if any(os.path.exists(path.with_name(lock)) for lock in (f"~${path.name}", f".~lock.{path.name}#")):
            what = Note("the file seems to be open in another program: changes that are not saved are not read")
            yield Problem(what, Note("Save and close it, then check again."), path.name)


def tell_spelling(written: str, unit: str, units: pd.DataFrame) -> Iterator[Problem]:
    """Tell how the unit of study.toml is read where it is spelled as no name of that unit is."""
    own = units[units["unit"] == unit][["unit", "name_en", "name_vi", "variants"]]
    spelled = {name_text(name).casefold() for name in "|".join(own.to_numpy().ravel()).split("|")}
    if len(own) and name_text(written).casefold() not in spelled:
        what = Note("the name is read as {unit}", {"unit": codebook.unit_names(units)[unit]})
        yield Problem(what, Note("Correct its spelling."), "study.toml", column="unit", value=written)


def tell_silence(readings: Mapping[str, Reading]) -> Iterator[Problem]:
    """Tell of a study without reports: its programme may have just begun, or their table was forgotten."""
    if "progress" not in readings:
        remedy = Note('Where there are reports, add {name} = "{name}.csv" under [tables].', {"name": "progress"})
        yield Problem(Note("no task has a report yet"), remedy, "study.toml", column="tables.progress")
    elif readings["progress"].frame.empty:
        reading = readings["progress"]
        what, remedy = Note("no task has a report yet"), Note("Make sure that the table is whole.")
        yield Problem(what, remedy, reading.name, sheet=reading.sheet)


def tell_unused(readings: Mapping[str, Reading]) -> Iterator[Problem]:
    """List the sheets that hold something and that no table was read from."""
    parts = [(table, part) for table, reading in readings.items() for part in reading.parts or (reading,)]
    used = {(part.name, part.sheet) for _, part in parts}
    others = {(part.name, sheet): table for table, part in parts for sheet in part.unused}
    for (file, sheet), table in others.items():
        if (file, sheet) not in used:
            remedy = Note(
                "To read a table from it, name it in study.toml: {table} = {value}.",
                {"table": table, "value": f'"{file}#{sheet}"'},
            )
            yield Problem(Note("the sheet is not read"), remedy, file, sheet=sheet)


OLD_PROVINCE = (
    Note("since July 2025 {unit} is part of the new {province}, made of {old}; scores up to 2024 are its own alone"),
    Note("Make sure that tasks and scores mean the same area."),
)
NEW_PROVINCE = (
    Note("{unit} is {province} since July 2025, made of {old}; scores up to 2024 are theirs, and none is its own"),
    Note("Add its scores of later years as later_scores."),
)


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
            spelled = codebook.unit_names(units)
            if len(old) > 1 and name not in told:
                told.add(name)
                what, remedy = NEW_PROVINCE if codebook.is_merged(name, units) else OLD_PROVINCE
                listed = Name.listed(spelled.get(code, Name(code)) for code in old)
                named = codebook.province_name(province, units)
                what = Note(what.text, {"unit": spelled[name], "province": named, "old": listed})
                yield reading.place(Problem(what, remedy, reading.file, sheet_row(index), "unit", name))


#: From this day on the departments of ``words.toml`` bear other names.
AGENCIES_MERGED = "2025-03-01"


def tell_agencies(readings: Mapping[str, Reading]) -> Iterator[Problem]:
    """List the departments that lead a task due after they were merged, under the name that they had before."""
    reading = readings.get("tasks")
    if reading is None or not {"lead_agency_vi", "due"} <= {*reading.frame.columns}:
        return
    now = {plain(old): new for old, new in words("agencies")["merged"]}
    names = parse_column(reading.frame["lead_agency_vi"], "text")
    names = names[reading.frame["due"].astype(str) >= AGENCIES_MERGED].drop_duplicates()
    for index, name in names.items():
        if new := next((new for old, new in now.items() if plain(name).startswith(old)), ""):
            what = Note("since March 2025 this department is part of another in most provinces: {new}", {"new": new})
            remedy = Note("Make sure that the task names the department that leads it today.")
            yield from _told(reading, what, remedy, "lead_agency_vi", pd.Index([index]))


def tell_ends(readings: Mapping[str, Reading], dimensions: pd.DataFrame) -> Iterator[Problem]:
    """Say where reports or targets stop before the list that they follow does, as in a file that was cut off."""
    remedy = Note("Make sure that the table is whole.")
    tasks = readings["tasks"].frame if "tasks" in readings else pd.DataFrame()
    for table, listed, key, what in (
        ("progress", tasks, ("unit", "task"), Note("no task after this one in the register has a report")),
        ("targets", dimensions, ("dimension",), Note("no dimension after this one has a target")),
    ):
        reading = readings.get(table)
        if reading and (left := _left(_pairs(listed, *key), _pairs(reading.frame, *key))):
            row = sheet_row(reading.frame.index[-1])
            yield reading.place(Problem(what, remedy, reading.file, row, key[-1], left))


AFTER_END = Note("the report is for a day after the programme's end, {end}; tasks are counted as they stand on {day}")
DUE_AFTER_END = Note("the task is due after the programme's end, {end}")


def tell_after_end(reading: Reading | None, frame: pd.DataFrame, column: str, what: Note) -> Iterator[Problem]:
    """List the rows of a checked table whose day lies after the end that ``what`` names."""
    if reading is not None:
        found = Findings(reading.file)
        late = frame[frame[column] > pd.Timestamp(what.values["end"])]
        found.add_rows(late, column, what, Note("Correct the day, or end in study.toml."))
        yield from map(reading.place, found.problems)


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
