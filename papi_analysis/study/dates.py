"""Cells that hold days, months, quarters and years, as offices write them."""

from __future__ import annotations

import calendar
import re
from datetime import date

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.cells import Remarks, read_texts
from papi_analysis.study.schema import DAY
from papi_analysis.study.words import pattern, plain, words

_PERIODS = {name: [*map(plain, listed)] for name, listed in words("periods").items()}
_MONTHS, _QUARTERS, _YEARS = (pattern(_PERIODS[name]) for name in ("month", "quarter", "year"))
_OF_MONTH, _OF_YEAR = _PERIODS["month"][0], _PERIODS["year"][0]
_NUMERAL = r"(i{1,3}|iv|[1-4])"
_DAY = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4}|\d{2})")
_DAY_IN_WORDS = re.compile(rf"(?:{pattern(_PERIODS['day'])} )?(\d{{1,2}}) {_OF_MONTH} (\d{{1,2}}) {_OF_YEAR} (\d{{4}})")
_MONTH = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{4})")
_MONTH_IN_WORDS = re.compile(rf"{_MONTHS} ?(\d{{1,2}}) (?:{_OF_YEAR} )?(\d{{4}})")
_YEAR = re.compile(rf"(?:{_YEARS} )?((?:19|20|21)\d{{2}})")
_QUARTER = re.compile(rf"{_QUARTERS} ?{_NUMERAL} (?:{_OF_YEAR} )?(\d{{4}})|(i{{1,3}}|iv) (?:{_OF_YEAR} )?(\d{{4}})")
_QUARTER_LAST = re.compile(rf"(?:{_YEARS} )?(\d{{4}}) ?{_QUARTERS} ?{_NUMERAL}")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def as_year(text: str) -> str:
    """Give the year that a text such as "Năm 2020" or "2020" is; empty where it is none.

    Examples
    --------
    >>> as_year("Năm 2020"), as_year("1234")
    ('2020', '')
    """
    found = _YEAR.fullmatch(plain(text))
    return found[1] if found else ""


def written_day(text: str) -> date | None:
    """Read a day written year-month-day; none where there is no such day."""
    try:
        return date(*map(int, text.split("-")))
    except ValueError:
        return None


def period(text: str) -> tuple[date, date, str] | None:
    """Read a day, month or quarter: its first day, its last day, and which of these it is.

    Examples
    --------
    >>> period("Quý II/2018")[1].isoformat(), period("15/4/2018")[0].isoformat(), period("tháng 6/2018")[2]
    ('2018-06-30', '2018-04-15', 'month')
    """
    text, worded = text.strip(), plain(text)
    try:
        if found := _DAY.fullmatch(text) or _DAY_IN_WORDS.fullmatch(worded):
            day = date(int(found[3]), int(found[2]), int(found[1]))
            return (day, day, "day") if len(found[3]) == 4 else None
        if found := _QUARTER.fullmatch(worded):
            return _months(found[2] or found[4], *_quarter(found[1] or found[3]), "quarter")
        if found := _QUARTER_LAST.fullmatch(worded):
            return _months(found[1], *_quarter(found[2]), "quarter")
        if found := _MONTH.fullmatch(text) or _MONTH_IN_WORDS.fullmatch(worded):
            return _months(found[2], int(found[1]), int(found[1]), "month")
        if year := as_year(text):
            return _months(year, 1, 12, "year")
    except ValueError:  # 31/02/2018, month 13, year 0
        return None
    return None


def _quarter(numeral: str) -> tuple[int, int]:
    number = _ROMAN.get(numeral) or int(numeral)
    return 3 * number - 2, 3 * number


def _months(year: str, first: int, last: int, kind: str) -> tuple[date, date, str]:
    end = date(int(year), last, 1)
    return date(int(year), first, 1), end.replace(day=calendar.monthrange(end.year, last)[1]), kind


_READ_AS = {
    "day": Note("dates are read as day/month/year"),
    "month": Note("a month is read as its last day"),
    "quarter": Note("a quarter is read as its last day"),
    "year": Note("a year is read as its last day"),
}
_READ_AS_START = {
    "day": _READ_AS["day"],
    "month": Note("a month is read as its first day"),
    "quarter": Note("a quarter is read as its first day"),
    "year": Note("a year is read as its first day"),
}


def read_dates(cells: pd.Series, column: str, remarks: Remarks) -> pd.Series:
    """Write days as year-month-day, from days, months, quarters and, for ``start`` and ``due``, years.

    A period stands for its last day, in a column ``start`` for its first. What is no date stays as it is.
    """
    texts = read_texts(cells)
    kinds: dict[str, list[int]] = {kind: [] for kind in _READ_AS}
    known: dict[str, tuple[date, date, str] | None] = {}
    for index, cell in cells.items():
        text = texts[index].strip()
        if isinstance(cell, date) or DAY.fullmatch(text) or not text:
            continue
        if text not in known:
            known[text] = period(text)
        found = known[text]
        if found is None or (found[2] == "year" and column not in ("start", "due")):
            continue
        texts[index] = (found[0] if column == "start" else found[1]).isoformat()
        kinds[found[2]].append(index)
    for kind, read_as in (_READ_AS_START if column == "start" else _READ_AS).items():
        remedy = Note("To be sure, write dates as year-month-day, like 2018-03-31.")
        remarks.guess(cells[kinds[kind]], column, read_as, remedy)
    _refuse_dates(cells, texts, kinds["day"], column, remarks)
    return texts


def _refuse_dates(cells: pd.Series, texts: pd.Series, days: list[int], column: str, remarks: Remarks) -> None:
    """Note the dates that look like one but say too little, or something else than they seem to."""
    left = cells[[not isinstance(cell, date) and not DAY.fullmatch(texts[i].strip()) for i, cell in cells.items()]]
    remedy = Note("Write dates as dd/mm/yyyy, or as year-month-day.")
    split = [_DAY.fullmatch(cell.strip()) if isinstance(cell, str) else None for cell in left]
    short = left[[found is not None and len(found[3]) == 2 for found in split]]
    remarks.refuse(short, column, Note("the year of the date has two digits"), remedy)
    swapped = left[
        [found is not None and len(found[3]) == 4 and int(found[2]) > 12 >= int(found[1]) for found in split]
    ]
    what = Note("read as day/month/year, the date has a month above 12")
    remarks.refuse(swapped, column, what, remedy)
    serial = left[[isinstance(cell, int | float) for cell in left]]
    what = Note("the cell holds a number where a date is expected")
    remarks.refuse(serial, column, what, Note("Format the cell as a date, or write dd/mm/yyyy."))
    # A program set to month/day turns 05/04/2018 into 4 May and leaves 13/04/2018 as text.
    real = cells[[isinstance(cell, date) for cell in cells]]
    if len(real) and days and all(c.day <= 12 for c in real) and all(int(texts[i][8:]) > 12 for i in days):
        what = Note("all dates with a day above 12 are text: the program may have swapped day and month in the others")
        remarks.refuse(cells[days], column, what, Note("Write the dates of the column as year-month-day."))
