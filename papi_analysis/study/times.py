"""When a task runs, as plans write it: deadlines, spans, tasks that come back every year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from papi_analysis.study.dates import period, spoken
from papi_analysis.study.words import pattern, words

#: First and last day of a programme.
Programme = tuple[date, date]


class Span(NamedTuple):
    """The days that a text names; ``None`` where it names no first, or no last one.

    ``kind`` is how it names them: day, month, quarter, year, part (of a year), span, deadline, since or ongoing.
    ``guessed_year`` says that the text has no year.
    """

    first: date | None
    last: date | None
    kind: str
    guessed_year: bool = False


_LISTS = {name: sorted(map(spoken, listed), key=len, reverse=True) for name, listed in words("times").items()}
_UNITS = {name: [*map(spoken, listed)] for name, listed in words("periods").items() if name != "hint"}
_UNIT = re.compile(rf"({'|'.join(pattern(listed) for listed in _UNITS.values())})(?=[ \d])")
_OF_MONTH, _OF_YEAR = pattern(_UNITS["month"]), pattern(_UNITS["year"])
_FIRST, _LAST, _HALF_OF, _UNTIL, _ALSO = (pattern(_LISTS[name]) for name in ("first", "last", "half", "to", "and"))
_PART = re.compile(rf"(3|6|9) {_OF_MONTH} (?:(?:{_FIRST}|({_LAST}))(?: {_OF_YEAR})?|{_OF_YEAR})[ /]+(\d{{4}})")
_HALF = re.compile(rf"^{_HALF_OF} ")
_TO = re.compile(rf" ?- ?| ?~ ?| {_UNTIL} ")
_AND = re.compile(rf" ?[,;&+] ?| {_ALSO} ")
_DAY_OF_YEAR = re.compile(r"\d{1,2}/\d{1,2}|\d{1,2} \w+ \d{1,2}")
_NUMERAL = re.compile(r"i{1,3}|iv|\d{1,2}")


@lru_cache(maxsize=4096)  # the same words come again and again
def span(text: str, programme: Programme | None = None) -> Span | None:
    """Read when a task runs; none where the text names no time, or may name two.

    "Before" a day is until that day; before a month or a year may mean its first or its last day and is none. What
    goes on or comes back lasts as long as the programme. A time without a year is one where the programme lies in a
    single year.

    Examples
    --------
    >>> [day.isoformat() for day in span("Quý III-IV/2018")[:2]], span("Trước ngày 30/6/2018").last.isoformat()
    (['2018-07-01', '2018-12-31'], '2018-06-30')
    >>> span("Trước tháng 6/2018"), span("Quý III"), span("3-6/2018")
    (None, None, None)
    """
    if whole := period(text):
        return Span(*whole)
    rest, signs = _signs(spoken(text))
    if (again := _without(_before_ongoing(rest), "ongoing")) != rest:
        more = span(again, programme) if again else None
        lasting = Span(*programme, "ongoing") if programme and not again else None
        return more if more and more.kind in ("year", "span") else lasting
    onwards = _ends(rest)
    found, guessed_year = _named(onwards), False
    if found is None and programme and programme[0].year == programme[1].year:
        found, guessed_year = _in_year(onwards, programme[0].year), True
    if found is None or (signs[-1:] == ["before"] and found.kind != "day"):
        return None
    if onwards != rest:
        return Span(found.first, programme[1], "ongoing", guessed_year) if programme else None
    found = found._replace(guessed_year=guessed_year)
    if "since" in signs and found.kind != "span":
        return found._replace(last=None, kind="since") if signs == ["since"] else None
    return found._replace(first=None, kind="deadline") if {"before", "by"} & {*signs} else found


@lru_cache(maxsize=4096)
def reported_day(label: str) -> date | None:
    """Give the last day of the period that a label over reports names: "Quý III/2018", "Kết quả đến 30/9/2018".

    Examples
    --------
    >>> reported_day("Kết quả 6 tháng đầu năm 2018").isoformat(), reported_day("Kết quả 2018"), reported_day("Tiến độ")
    ('2018-06-30', None, None)
    """
    if whole := period(label):
        return whole[1] if whole[2] != "year" else None
    text = spoken(label) if any(map(str.isdigit, label)) else ""
    for name in ("reported", "until"):
        text = _start(text, _LISTS[name]) or text
    found = _named(text)
    return found.last if found and found.kind not in ("year", "span") else None


def before_a_period(text: str) -> bool:
    """Say whether a text is "before" a month, quarter or year, which may mean its first or its last day.

    Examples
    --------
    >>> before_a_period("Trước tháng 6/2018"), before_a_period("Trước 30/6/2018")
    (True, False)
    """
    rest, signs = _signs(spoken(text))
    found = _named(rest) if signs[-1:] == ["before"] else None
    return found is not None and found.kind != "day"


def _signs(text: str) -> tuple[str, list[str]]:
    """Take off the words before a time that say how it is meant, and name them."""
    signs = []
    while True:
        for sign in ("before", "by", "since", "within"):
            if (rest := _start(text, _LISTS[sign])) is not None:
                text = rest
                signs += [sign] if sign != "within" else []
                break
        else:
            return text, signs


def _start(text: str, phrases: list[str]) -> str | None:
    return next((text[len(p) :].lstrip(" :") for p in phrases if text.startswith((f"{p} ", f"{p}:"))), None)


def _without(text: str, name: str) -> str:
    """Take off the phrases of a list at the beginning, with what separates them."""
    left = next((text[len(p) :] for p in _LISTS[name] if re.match(rf"{re.escape(p)}(?!\w)", text)), None)
    return text if left is None else _without(left.strip(" ,;-/()"), name)


def _before_ongoing(text: str) -> str:
    """Take off a phrase of what goes on where it follows a comma or stands in brackets."""
    marks = [mark for p in _LISTS["ongoing"] for mark in (f"({p})", f", {p}", f"; {p}")]
    return next((text[: -len(mark)].strip() for mark in marks if text.endswith(mark)), text)


def _ends(text: str) -> str:
    """Take off the words that say that a task goes on."""
    return next((text[: -len(p)].rstrip(" ,") for p in _LISTS["onwards"] if text.endswith(f" {p}")), text)


def _named(text: str) -> Span | None:
    """Read a part of a year, a period, or several that follow each other."""
    if part := _PART.fullmatch(_HALF.sub(f"6 {_UNITS['month'][0]} ", text)):
        months, last = int(part[1]), bool(part[2])
        ends = (f"{13 - months if last else 1}/{part[3]}", f"{12 if last else months}/{part[3]}")
        first, final = (period(end) for end in ends)
        return Span(first[0], final[1], "part") if first and final else None
    if found := period(text):
        return Span(*found)
    ways = {way for way in (*_ranges(text), *_lists(text)) if way}
    return Span(*ways.pop(), "span") if len(ways) == 1 else None


def _ranges(text: str) -> Iterator[Programme | None]:
    """Read "from ... to ...", at each place where it may be meant."""
    for mark in _TO.finditer(text):
        start, end = text[: mark.start()], _signs(text[mark.end() :])[0]
        found = _complete([start, end])
        if found and found[0][0] < found[1][0] and found[0][1] < found[1][1]:
            yield found[0][0], found[1][1]


def _lists(text: str) -> Iterator[Programme | None]:
    """Read several periods one after the other, without a hole between them."""
    found = _complete(_AND.split(text)) if _AND.search(text) else None
    if found and all(one[1] + timedelta(1) == other[0] for one, other in pairwise(found)):
        yield found[0][0], found[-1][1]


def _complete(texts: list[str]) -> list[Programme] | None:
    """Read periods of which the first has the unit of all, and the last the year: "quý III-IV/2018"."""
    *others, last = texts
    unit = next((named[1] for text in texts if (named := _UNIT.match(text))), "")
    whole = period(last) if _UNIT.match(last) or not unit else period(f"{unit} {last}") or _day(last)
    if whole is None:
        return None
    unit = unit or {"quarter": _UNITS["quarter"][0]}.get(whole[2], "")
    read = [found for text in others if (found := period(text) or _in_unit(text, unit, whole))]
    return [found[:2] for found in (*read, whole)] if len(read) == len(others) else None


def _in_unit(text: str, unit: str, whole: tuple[date, date, str]) -> tuple[date, date, str] | None:
    """Read a period that lacks its year, and perhaps its unit, like another that has both."""
    if _DAY_OF_YEAR.fullmatch(text.removeprefix(f"{_UNITS['day'][0]} ")):
        return _of_year(text, whole[1].year) if whole[2] == "day" else None
    if _NUMERAL.fullmatch(text) and unit and whole[2] in ("month", "quarter"):
        text = f"{unit} {text}"
    return _of_year(text, whole[1].year) if _UNIT.match(text) else None


def _day(text: str) -> tuple[date, date, str] | None:
    found = period(text)
    return found if found and found[2] == "day" else None


def _of_year(text: str, year: int) -> tuple[date, date, str] | None:
    return period(f"{text}/{year}") or period(f"{text} {_UNITS['year'][0]} {year}")


def _in_year(text: str, year: int) -> Span | None:
    """Read a time that names no year as one of ``year``."""
    if re.search(r"\d{4}", text) or not (
        _UNIT.match(text) or _DAY_OF_YEAR.fullmatch(text) or _PART.match(f"{text} 2000")
    ):
        return None if text not in _UNITS["year"] else _named(str(year))
    return next(
        (found for way in (f"{text}/{year}", f"{text} {_UNITS['year'][0]} {year}") if (found := _named(way))), None
    )
