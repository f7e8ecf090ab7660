"""What the words around a table say of all its rows: the day of the reports, the province."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from papi_analysis.errors import Note
from papi_analysis.study.cells import cell_text
from papi_analysis.study.dates import as_year, period
from papi_analysis.study.sheets import Sheet
from papi_analysis.study.words import known, pattern, plain, words

#: A period within other words, as `plain` leaves them: marks are blanks.
_LISTED = {name: pattern(map(plain, listed)) for name, listed in words("periods").items()}
_TITLES = {name: pattern(map(plain, listed)) for name, listed in words("titles").items()}
_FIRST, _BEFORE, _ACTS = _TITLES["first"], _TITLES["until"], _TITLES["act"]
_YEAR = r"(?:19|20|21)\d{2}"
_OF_YEAR = rf"(?:{_LISTED['year']} )?({_YEAR})"
_DAY = rf"(\d{{1,2}}) (?:{_LISTED['month']} )?(\d{{1,2}}) {_OF_YEAR}"
_QUARTER = rf"{_LISTED['quarter']} ?(i{{1,3}}|iv|[1-4]) {_OF_YEAR}|{_YEAR} {_LISTED['quarter']} ?(?:i{{1,3}}|iv|[1-4])"
_MONTHS = rf"(3|6|9|12) {_LISTED['month']}(?: {_FIRST})? {_OF_YEAR}"
_MONTH = rf"{_LISTED['month']} ?(\d{{1,2}}) {_OF_YEAR}"
_PERIOD = re.compile(
    rf"\b(?:(?P<day>{_DAY})|(?P<quarter>{_QUARTER})|(?P<months>{_MONTHS})|(?P<month>{_MONTH})"
    rf"|(?P<year>{_LISTED['year']} {_YEAR}))\b"
)
#: Words before a day that is the day of the reports.
_UNTIL = re.compile(rf"\b{_BEFORE}(?: {_LISTED['day']})? $")
#: In a title with these words a day is that of a decision or a letter.
_ACT = re.compile(rf"\b{_ACTS}\b")


class Period(NamedTuple):
    """The last day of a period that a text names, the text, and whether the period is a day, a part or a year."""

    day: date
    text: str
    kind: str


def periods_in(text: str) -> list[Period]:
    """Find the days, months, quarters and years that a title names; a day counts behind "until" alone.

    Examples
    --------
    >>> [found.day.isoformat() for found in periods_in("BÁO CÁO KẾT QUẢ QUÝ III/2020")]
    ['2020-09-30']
    >>> [found.day.isoformat() for found in periods_in("Tiến độ 9 tháng đầu năm 2020 (tính đến ngày 25/9/2020)")]
    ['2020-09-30', '2020-09-25']
    >>> periods_in("Kèm theo Quyết định số 321/QĐ-UBND ngày 01 tháng 02 năm 2018")
    []
    """
    folded = plain(text)
    if _ACT.search(folded):
        return []
    read = [(found, _last_day(found, folded)) for found in _PERIOD.finditer(folded)]
    return [Period(day, text, "day" if one["day"] else "year" if one["year"] else "part") for one, day in read if day]


def _last_day(found: re.Match[str], folded: str) -> date | None:
    if found["day"]:
        day, month, year = re.findall(r"\d+", found["day"])
        named = _UNTIL.search(folded[: found.start()])
        read = period(f"{day}/{month}/{year}") if named else None
    elif found["months"]:
        number, year = re.findall(r"\d+", found["months"])
        read = period(f"{number}/{year}")
    else:
        read = period(found[0])
    return read[1] if read else None


def table_period(sheet: Sheet, top: int, file: str, *, alone: bool = True) -> Period | Note | None:
    """Give the period that the title above a table, the name of its sheet or of its file says.

    The narrowest counts: a day before a month or quarter, these before a year. A quarter without its year is one of
    the only year that is named. Where they disagree, or one names several, the answer is a ``Note`` that says so.
    ``alone`` says whether the file holds no other table of reports; of several its name says the year at most.
    """
    above = [cell_text(cell) for row in sheet.rows[:top] for cell in row if cell_text(cell).strip()]
    of_year, named = words("periods")["year"][0], file.rpartition(".")[0]
    name = f"{of_year} {year}" if (year := as_year(sheet.name)) else sheet.name
    read = [periods_in(text) for text in (*above, name, named)]
    if not alone:
        read[-1] = [one for one in read[-1] if one.kind == "year"]
    years = {one.day.year for periods in read for one in periods}
    if not any(one.kind != "year" for periods in read for one in periods) and len(years) == 1:
        read += [periods_in(f"{text} {of_year} {years.copy().pop()}") for text in (*above, name, named)]
    places = [[one for periods in read[: len(above)] for one in periods], *read[len(above) :]]
    found: list[Period] = []
    for periods in map(_narrowest, places):
        if len({one.day for one in periods}) > 1:
            names = "; ".join(dict.fromkeys(one.text for one in periods))
            return Note("the title names several periods: {names}", {"names": names})
        found += periods[:1]
    found = _narrowest(found)
    if len({one.day for one in found}) > 1:
        names = "; ".join(dict.fromkeys(one.text for one in found))
        return Note("title, sheet and file name different periods: {names}", {"names": names})
    return found[0] if found else None


def _narrowest(periods: list[Period]) -> list[Period]:
    kinds = {one.kind for one in periods}
    narrow = next((kind for kind in ("day", "part", "year") if kind in kinds), "")
    return [one for one in periods if one.kind == narrow]


def other_province(sheet: Sheet, top: int, own: str, spellings: Mapping[str, str]) -> tuple[int, str] | None:
    """Find above a table the name of another province than the one whose table it should be: its row and the text."""
    names = {name: code for name, code in spellings.items() if " " in name}
    for row, cells in enumerate(sheet.rows[:top]):
        for cell in cells:
            folded = f" {plain(cell_text(cell))} "
            if any(f" {word} " in folded for word in known("titles", "office")):
                codes = {code for name, code in names.items() if f" {name} " in folded}
                if codes and own not in codes:
                    return row, cell_text(cell)
    return None
