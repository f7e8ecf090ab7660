"""Days, months, quarters and years, as offices write them."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date

from papi_analysis.study.words import pattern, plain, words

_PERIODS = {name: [*map(plain, listed)] for name, listed in words("periods").items()}
_MONTHS, _QUARTERS, _YEARS = (pattern(_PERIODS[name]) for name in ("month", "quarter", "year"))
_OF_MONTH, _OF_YEAR = _PERIODS["month"][0], _PERIODS["year"][0]
_DASH = re.compile("[\u2010-\u2015\u2212]|->|\u2192")
_NUMERAL = r"(i{1,3}|iv|[1-4])"
_OF_DAY = rf"(?:{pattern(_PERIODS['day'])} ?)?"
#: A day: its number, a mark, the month, the same mark, the year. "3-6/2018" may be a span of months.
DAY_WRITTEN = re.compile(rf"{_OF_DAY}(\d{{1,2}})\s*([/.-])\s*(\d{{1,2}})\s*\2\s*(\d{{4}}|\d{{2}})")
_DAY_IN_WORDS = re.compile(rf"{_OF_DAY}(\d{{1,2}}) {_OF_MONTH} (\d{{1,2}})(?: {_OF_YEAR})? (\d{{4}})")
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
    text, worded = spoken(text), plain(text)
    try:
        if found := DAY_WRITTEN.fullmatch(text):
            return _one_day(found[4], found[3], found[1]) if len(found[4]) == 4 else None
        if found := _DAY_IN_WORDS.fullmatch(worded):
            return _one_day(found[3], found[2], found[1])
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


def spoken(text: str) -> str:
    """Fold a text for comparison with its marks kept: no diacritics, no case, single blanks, one kind of dash.

    Examples
    --------
    >>> spoken("Quý III – IV/2018.")
    'quy iii - iv/2018'
    """
    letters = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    return " ".join(_DASH.sub("-", kept).split()).strip(".;: ")


def _one_day(year: str, month: str, day: str) -> tuple[date, date, str]:
    found = date(int(year), int(month), int(day))
    return found, found, "day"


def _quarter(numeral: str) -> tuple[int, int]:
    number = _ROMAN.get(numeral) or int(numeral)
    return 3 * number - 2, 3 * number


def _months(year: str, first: int, last: int, kind: str) -> tuple[date, date, str]:
    end = date(int(year), last, 1)
    return date(int(year), first, 1), end.replace(day=calendar.monthrange(end.year, last)[1]), kind
