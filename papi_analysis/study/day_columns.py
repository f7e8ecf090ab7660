"""Columns of days: when a task starts, when it is due, on what day a report was made."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.cells import Remarks, read_texts, refuse_old_fonts
from papi_analysis.study.dates import DAY_WRITTEN, spoken, written_day
from papi_analysis.study.schema import DAY
from papi_analysis.study.times import Programme, Span, before_a_period, span

_READ_AS_DUE = {
    "day": Note("dates are read as day/month/year"),
    "month": Note("a month is read as its last day"),
    "quarter": Note("a quarter is read as its last day"),
    "year": Note("a year is read as its last day"),
    "part": Note("the first or last months of a year are read as their last day: {readings}"),
    "span": Note("a span of time is read as its last day: {readings}"),
    "deadline": Note("a deadline is read as the last day that it names: {readings}"),
    "ongoing": Note("a task that goes on or comes back is due when the programme ends: {readings}"),
}
_READ_AS_START = {
    "day": _READ_AS_DUE["day"],
    "month": Note("a month is read as its first day"),
    "quarter": Note("a quarter is read as its first day"),
    "year": Note("a year is read as its first day"),
    "part": Note("the first or last months of a year are read as their first day: {readings}"),
    "span": Note("a span of time is read as its first day: {readings}"),
    "since": Note("the start of a task is read as the first day that it names: {readings}"),
    "ongoing": Note("a task that goes on or comes back starts with the programme: {readings}"),
    "deadline": Note("a task with a deadline alone starts with the programme: {readings}"),
}
#: A report on a year or a longer span may have been made at any time of it.
_READ_AS_REPORT = {kind: note for kind, note in _READ_AS_DUE.items() if kind not in ("year", "span", "ongoing")}
_READ_AS = {"start": _READ_AS_START, "due": _READ_AS_DUE}
#: What names no start where one column says all.
_DEADLINES = ("deadline", "day", "month", "quarter")
_NO_YEAR = Note("a time without a year is read in the only year of the programme")
_SURE = Note("To be sure, write dates as year-month-day, like 2018-03-31.")
#: Any single year: with it a time that only lacks a year can be read.
_SOME_YEAR = (date(2000, 1, 1), date(2000, 12, 31))
#: So many readings are named in one sentence.
_SHOWN = 20
_TWO_MARKS = re.compile(r"\d{1,2} ?([/.-]) ?\d{1,2} ?(?!\1)[/.-] ?\d{4}")


def read_dates(
    cells: pd.Series, column: str, remarks: Remarks, programme: Programme | None = None, *, alone: bool = False
) -> pd.Series:
    """Write days as year-month-day, from days, months, quarters and, for ``start`` and ``due``, all that plans write.

    A period or a span stands for its last day, in a column ``start`` for its first. What is no date stays as it is.

    Parameters
    ----------
    cells, column, remarks
        As for ``read_numbers``.
    programme
        First and last day of the programme: what goes on lasts as long, and what names no year lies in its only one.
    alone
        Whether one column says when tasks start and when they are due. A deadline, a day, a month or a quarter there is
        when a task is to be done: it starts with the programme.
    """
    texts = read_texts(cells)
    read_as = _READ_AS.get(column, _READ_AS_REPORT)
    programme = programme if column in _READ_AS else None
    kinds: dict[str, list[int]] = {kind: [] for kind in read_as}
    yearless: list[int] = []
    for index, cell in cells.items():
        text = texts[index].strip()
        if isinstance(cell, date) or DAY.fullmatch(text) or not text:
            continue
        found = span(text, programme)
        if alone and programme and column == "start" and found and found.kind in _DEADLINES:
            found = Span(programme[0], found.last, "deadline", found.guessed_year)
        day = (found.first if column == "start" else found.last) if found else None
        if found is None or day is None or found.kind not in kinds:
            continue
        texts[index] = day.isoformat()
        kinds[found.kind].append(index)
        yearless += [index] if found.guessed_year else []
    for kind, note in read_as.items():
        remarks.guess(cells[kinds[kind]], column, _with_readings(note, cells, texts, kinds[kind]), _SURE)
    remarks.guess(cells[yearless], column, _NO_YEAR, _SURE)
    _refuse_dates(cells, texts, kinds["day"], column, remarks)
    return texts


def _with_readings(note: Note, cells: pd.Series, texts: pd.Series, rows: list[int]) -> Note:
    """Say in a note, where it has a place for it, as what day each text is read."""
    if not rows or "{readings}" not in note.text:
        return note
    read = {" ".join(str(cells[row]).split()): written_day(texts[row]) for row in rows}
    shown = [f"{text} = {day:%d/%m/%Y}" for text, day in read.items()]
    return Note(note.text, {"readings": "; ".join([*shown[:_SHOWN], "..."] if len(shown) > _SHOWN else shown)})


def _refuse_dates(cells: pd.Series, texts: pd.Series, days: list[int], column: str, remarks: Remarks) -> None:
    """Note the dates that look like one but say too little, or something else than they seem to."""
    left = cells[[not isinstance(cell, date) and not DAY.fullmatch(texts[i].strip()) for i, cell in cells.items()]]
    remedy = Note("Write dates as dd/mm/yyyy, or as year-month-day.")
    split = [DAY_WRITTEN.fullmatch(spoken(cell)) if isinstance(cell, str) else None for cell in left]
    short = left[[found is not None and len(found[4]) == 2 for found in split]]
    remarks.refuse(short, column, Note("the year of the date has two digits"), remedy)
    swapped = left[
        [found is not None and len(found[4]) == 4 and int(found[3]) > 12 >= int(found[1]) for found in split]
    ]
    what = Note("read as day/month/year, the date has a month above 12")
    remarks.refuse(swapped, column, what, remedy)
    absent = [found is not None and len(found[4]) == 4 and int(found[3]) <= 12 for found in split]
    remarks.refuse(left[absent], column, Note("there is no such day"), Note("Correct the day."))
    serial = left[[isinstance(cell, int | float) for cell in left]]
    what = Note("the cell holds a number where a date is expected")
    remarks.refuse(serial, column, what, Note("Format the cell as a date, or write dd/mm/yyyy."))
    _refuse_doubts(left, column, remarks)
    refuse_old_fonts(left, column, remarks)
    # A program set to month/day turns 05/04/2018 into 4 May and leaves 13/04/2018 as text.
    real = cells[[isinstance(cell, date) for cell in cells]]
    if len(real) and days and all(c.day <= 12 for c in real) and all(int(texts[i][8:]) > 12 for i in days):
        what = Note("all dates with a day above 12 are text: the program may have swapped day and month in the others")
        remarks.refuse(cells[days], column, what, Note("Write the dates of the column as year-month-day."))


def _refuse_doubts(left: pd.Series, column: str, remarks: Remarks) -> None:
    """Note the times that name no year, no first or last day, or may name two."""
    doubts = pd.Series([_doubt(cell, column) if isinstance(cell, str) else "" for cell in left], left.index, object)
    remedy = Note("Write the day, like 30/06/2018.")
    for doubt, what in _DOUBTS.items():
        remarks.refuse(left[doubts == doubt], column, what, remedy)


_DOUBTS = {
    "no year": Note("the year is missing"),
    "two days": Note("this may mean the first or the last day of the period"),
    "two marks": Note("this may be a day or a span of months"),
    "deadline": Note("this says when the task is due, not when it starts"),
    "since": Note("this says when the task starts, not when it is due"),
}


def _doubt(text: str, column: str) -> str:
    """Say why a text that seems to name a time cannot be read; empty where it names none."""
    found = span(text, _SOME_YEAR)
    if found is None:
        mixed = "two marks" if _TWO_MARKS.fullmatch(spoken(text)) else ""
        return "two days" if before_a_period(text) else mixed
    return "no year" if found.guessed_year else found.kind if column in _READ_AS else ""
