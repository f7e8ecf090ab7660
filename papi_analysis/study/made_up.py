"""What a table leaves unsaid because the reader of a plan sees it: codes of tasks, their start, the day of reports."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.cells import Cell, cell_text
from papi_analysis.study.findings import sheet_row
from papi_analysis.study.schema import DAY
from papi_analysis.study.titles import table_period

if TYPE_CHECKING:
    from papi_analysis.study.rows import Table


def complete(table: Table, frame: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    """Add the columns that no header names and that the rows, the headings or study.toml say."""
    name = table.schema.name
    if name == "tasks":
        if (dimensions := table.sections.name(rows)) is not None:
            frame["dimension"] = dimensions
        if "start" not in frame and table.source.start is not None:
            frame["start"] = _starts(table, rows)
        if "task" not in frame and (codes := _make_codes(table, rows)):
            frame["task"] = codes
        if "task" in frame:
            table.counted = _counted(table, rows, frame["task"])
    if name == "progress" and "task" not in frame and (codes := _find_codes(table, rows)):
        frame["task"] = codes
    if name == "targets" and "year" not in frame and table.columns.year:
        frame["year"] = table.columns.year
    return frame


def _starts(table: Table, rows: list[int]) -> list[Cell]:
    """Let tasks start with the programme; where one column says all of their time, what is no day is read there."""
    day, place = table.source.start, table.columns.span
    times: list[Cell] = ["" if place is None else table.rows[row][place] for row in rows]
    unsaid = [place is None or isinstance(cell, date) or bool(DAY.fullmatch(cell_text(cell).strip())) for cell in times]
    if any(unsaid):
        what = Note("no column says when tasks start: each starts with the programme, on {day}", {"day": day})
        label = "" if place is None else table.header.labels[place]
        remedy = Note("To be sure, add a column with the start date.")
        table.remarks.guesses.add(what, remedy, row=table.header.body, column=label)
    return [str(day) if no_start else cell for cell, no_start in zip(times, unsaid, strict=True)]


def _numbers(table: Table, rows: list[int]) -> list[str]:
    """Give the number that counts each row; empty where no column does."""
    column = next((column for column in table.header.labels if table.columns.counts(column)), None)
    return ["" if column is None else cell_text(table.rows[row][column]).strip() for row in rows]


def _counted(table: Table, rows: list[int], codes: pd.Series) -> dict[str, str]:
    """Give the code of each task by the number that counts its row, where no number counts two tasks."""
    found: dict[str, set[str]] = {}
    for number, code in zip(_numbers(table, rows), codes, strict=True):
        found.setdefault(number, set()).add(cell_text(code).strip())
    sure = all(number.isdigit() and len(own) == 1 for number, own in found.items())
    return {number: next(iter(own)) for number, own in found.items()} if sure else {}


def _make_codes(table: Table, rows: list[int]) -> list[str]:
    """Make codes of tasks that have titles, from the numbers or the order of rows; two rows may be one task."""
    titles = [column for column, name in table.named.items() if name.startswith("title")]
    if not rows or not titles:
        return []
    numbers = _numbers(table, rows)
    keys = [
        (number, *(cell_text(table.rows[row][column]).strip() for column in titles))
        for number, row in zip(numbers, rows, strict=True)
    ]
    first = [True, *(one != other or not one[0] for one, other in pairwise(keys))]
    counts = [number for number, new in zip(numbers, first, strict=True) if new]
    if all(number.isdigit() for number in counts) and len({*counts}) == len(counts):
        made = [int(number) for number in numbers]
        what = Note("no column holds codes of tasks: they are made from the numbers of the rows")
    else:
        made = [int(number) for number in pd.Series(first).cumsum()]
        what = Note("no column holds codes of tasks: they are made from the order of the rows")
    size = max(2, len(str(max(made))))
    codes = [f"NV-{number:0{size}}" for number in made]
    remedy = Note("To be sure, add a column with the code of each task, the same in the register and in the reports.")
    table.remarks.guesses.add(what, remedy, row=rows[0] + 1, value=f"{codes[0]} ... {codes[-1]}")
    return codes


def _find_codes(table: Table, rows: list[int]) -> list[str]:
    """Give the codes of the tasks whose rows are counted with the same numbers in the register."""
    numbers = _numbers(table, rows)
    if not rows or not table.source.counted or not any(numbers):
        return []
    what = Note("no column holds codes of tasks: they are those of the rows with the same numbers in the register")
    remedy = Note("To be sure, add a column with the code of each task, the same in the register and in the reports.")
    codes = [table.source.counted.get(number, number) for number in numbers]
    table.remarks.guesses.add(what, remedy, row=rows[0] + 1, value=f"{numbers[0]} = {codes[0]}")
    return codes


def date_reports(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Take the day of the reports from the title, the sheet or the file where no column and no header says it."""
    if table.schema.name != "progress" or "as_of" in frame or "completion" not in frame:
        return frame
    found = table_period(table.sheet, table.header.top, table.source.path.name, alone=table.alone)
    if isinstance(found, Note):
        remedy = Note("Add a column with the reporting period, or name one period above the table.")
        table.remarks.problems.add(found, remedy, row=table.header.body)
    elif found is not None and not (found.kind == "year" and "reported_on" in frame):
        what = Note("each row is read as a report for {day}, which title, sheet or file name", {"day": found.day})
        remedy = Note("To be sure, add a column with the reporting period.")
        table.remarks.guesses.add(what, remedy, row=table.header.body, value=found.text)
        frame = frame.assign(as_of=found.day.isoformat())
        table.written |= {(sheet_row(index), "as_of", found.day.isoformat()): found.text for index in frame.index}
    elif "reported_on" in frame:
        what = Note("no column says for which day reports are: each is for the day on which it was made")
        remedy = Note("To be sure, add a column with the reporting period.")
        table.remarks.guesses.add(what, remedy, row=table.header.body)
        frame = frame.assign(as_of=frame["reported_on"])
    return frame


def share_out(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Give each dimension of a task an equal part of it, where no column says the parts."""
    if table.schema.name != "tasks" or "share" in frame or not {"task", "dimension"} <= {*frame.columns}:
        return frame
    unit = ["unit"] if "unit" in frame else []
    named = frame[[*unit, "task", "dimension"]].apply(lambda texts: texts.str.strip())
    rows = named.groupby([*unit, "task"])["dimension"].transform("size")
    several = frame[(rows > 1) & (named["task"] != "") & ~named.duplicated(keep=False)]
    if several.empty:
        return frame
    what = Note("the task serves several dimensions and no column says its parts: each counts the same")
    remedy = Note("To be sure, add a column with the part of the task that serves each dimension.")
    table.remarks.guess(several["task"], "task", what, remedy)
    return frame.assign(share=[repr(1 / count) for count in rows])
