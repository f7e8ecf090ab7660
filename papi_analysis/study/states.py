"""Cells that say how far a task is: numbers, percentages, fractions, and words such as "đã hoàn thành"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.cells import Cell, Remarks, read_texts, refuse_old_fonts
from papi_analysis.study.dates import spoken
from papi_analysis.study.numbers import read_parts
from papi_analysis.study.schema import NUMBER
from papi_analysis.study.words import known, pattern, plain, words


class State(NamedTuple):
    """What words say of a task.

    ``kind`` is done, not_started, under_way, percent, fraction, silent (they say nothing of completion) or contrary
    (they say two things); ``value`` is the completion of the first two and of a fraction, and the percentage.
    """

    kind: str
    value: str = ""


_WHOLE = ("done", "not_started", "under_way", "timing", "vague")
_NUMBER = re.compile(r"(?P<percent>\d+(?:[.,]\d+)?) ?%|(?<![\d/])(?P<done>\d{1,6}) ?/ ?(?P<planned>\d{1,6})(?![\d/])")
#: Most cells hold no words and no fraction.
_PLAIN = re.compile(r"[\d.,%+\s-]*")
_BETWEEN = re.compile(r"[,;()]| - | va | nhung | and | but ")
_SOURCES = pattern(map(spoken, words("measures")["evidence"]))
_EVIDENCE = re.compile(rf"\([^()]*{_SOURCES}\b[^()]*\b(?:so|no) [^()]*\d[^()]*\)")


@cache
def _kinds() -> dict[str, str]:
    return {word: kind for kind in _WHOLE for word in known("states", kind)}


@lru_cache(maxsize=4096)  # the same words come again and again
def state(text: str) -> State | None:
    """Say what a text tells of a task; none where it holds other words, or no words and no fraction.

    Examples
    --------
    >>> state("Hoàn thành 80%"), state("3/4 chỉ tiêu").value, state("Hoàn thành, vượt tiến độ").value
    (State(kind='percent', value='80%'), '0.75', '1')
    >>> state("Quá hạn").kind, state("Đã hoàn thành (60%)").kind, state("Chậm 20%"), state("40%")
    ('silent', 'contrary', None, None)
    """
    folded = _EVIDENCE.sub(" ", spoken(text)).replace(":", " ")
    numbers = [*_NUMBER.finditer(folded)]
    if len(numbers) > 1 or not (any(c.isalpha() for c in folded) or (numbers and numbers[0]["done"])):
        return None
    if not numbers:
        said = [*_said(_BETWEEN.split(folded))]
        return _worded(said) if said and None not in said else None
    number = numbers[0]
    before, rest = _BETWEEN.split(folded[: number.start()]), folded[number.end() :]
    after = [rest] if plain(rest) in known("measures", "counted") else _BETWEEN.split(rest)
    if number["planned"] and (int(number["planned"]) == 0 or _may_be_a_time(number, folded)):
        return None
    if not _measures(before.pop(), after.pop(0), number):
        return None
    said = [*_said([*before, *after])]
    return _numbered(number, {*said}) if None not in said else None


def _said(parts: Iterable[str]) -> Iterator[str | None]:
    """Say what each part means, one phrase or a state and when it was reached; ``None`` where it is not known."""
    for part in (words.split() for text in parts if (words := plain(text))):
        ways = [[" ".join(part)], *([" ".join(part[:n]), " ".join(part[n:])] for n in range(1, len(part)))]
        meant = [[_kinds().get(phrase) for phrase in way] for way in ways]
        way = next((way for way in meant if None not in way and (len(way) == 1 or "timing" in way)), [None])
        # "Chưa hoàn thành đúng hạn" may be completed late.
        yield from way if len(way) == 1 or not _denies(part[0]) else [None]


def _denies(word: str) -> bool:
    return word in ("chua", "khong", "not")


def _measures(before: str, after: str, number: re.Match[str]) -> bool:
    """Say whether the words beside a number make it one of completion: "chậm 20%" and "còn 20%" do not."""
    measure, counted = known("measures", "before"), known("measures", "counted") if number["done"] else frozenset()
    states = known("states", "done") | known("states", "under_way")
    opens = _joins(plain(before), states, measure) and not _denies(plain(before).partition(" ")[0])
    return opens and (
        plain(after) in known("measures", "after") or _joins(plain(after), counted, known("states", "done"))
    )


def _joins(text: str, first: frozenset[str], second: frozenset[str]) -> bool:
    """Say whether a text is nothing, a phrase of the first list, one of the second, or one of each."""
    if not text or text in first | second:
        return True
    return any(text.startswith(f"{phrase} ") and text[len(phrase) + 1 :] in second for phrase in first)


def _may_be_a_time(number: re.Match[str], text: str) -> bool:
    """Say whether a fraction may be a month of a year, or where it stands alone a day of a month: 12/2018, 01/02."""
    padded = number["done"].startswith("0") and number["planned"].startswith("0")
    return 1900 <= int(number["planned"]) <= 2100 or (padded and number[0] == text.strip())


def _worded(said: Iterable[str | None]) -> State:
    left = {*said} - {"timing"}
    if not left or "vague" in left:
        return State("silent")
    kind = left.pop()
    return State("contrary") if left or kind is None else State(kind, {"done": "1", "not_started": "0"}.get(kind, ""))


def _numbered(number: re.Match[str], said: set[str | None]) -> State:
    """Hold the words beside a number against it."""
    if "vague" in said:
        return State("silent")
    part = _part(number)
    fits = {"done": part == 1, "not_started": part == 0, "under_way": 0 <= part < 1, "timing": True}
    if not all(fits.get(kind or "", False) for kind in said):
        return State("contrary")
    return State("percent", f"{number['percent']}%") if number["percent"] else State("fraction", repr(part))


def _part(number: re.Match[str]) -> float:
    if number["percent"]:
        return float(number["percent"].replace(",", ".")) / 100
    return int(number["done"]) / int(number["planned"])


def _state(cell: Cell) -> State | None:
    return state(cell) if isinstance(cell, str) and not _PLAIN.fullmatch(cell) else None


_PARTS_OF_ONE = Note("To be sure, write parts of one, like 0.75.")
#: The kinds whose value is the completion, or a percentage of it, and how they are read.
_READ_AS = {
    ("done", "not_started"): Note("words are read as completion: completed is 1, not started is 0"),
    ("percent",): Note("a percentage in words is read as completion"),
    ("fraction",): Note("a fraction is read as the part that is done"),
}
_SILENT = Note("the words do not say how far the task is")
_HOW_FAR = Note('Write how far the task is, like 40%, or "Completed" or "Not started".')
#: The kinds that give no completion, and what to do about them.
_REFUSED = {
    "silent": (_SILENT, _HOW_FAR),
    "contrary": (Note("the cell says two things"), _HOW_FAR),
    "under_way": (
        _SILENT,
        Note("Write how far, like 40%, or say in study.toml what share such words stand for: in_progress = 0.5."),
    ),
}


def read_states(
    cells: pd.Series,
    column: str,
    remarks: Remarks,
    high: float | None = None,
    *,
    in_percent: bool = False,
    in_progress: float | None = None,
) -> pd.Series:
    """Write completion from 0 to 1, from numbers, percentages, fractions or words such as "đã hoàn thành".

    "Completed" is 1, late or not; "not started" is 0. "In progress" says no number: it is ``in_progress``, and a
    problem where that is not given. "Overdue" and the like say nothing of completion and are a problem always.
    """
    said = [_state(cell) or State("") for cell in cells]
    kind = pd.Series([found.kind for found in said], cells.index, dtype=object)
    value = pd.Series([found.value for found in said], cells.index, dtype=object)
    # Percentages in words and others are held against each other; other words are put in their place afterwards.
    bare = cells.astype(object).where(kind == "", value.where(kind == "percent", ""))
    result = read_parts(bare, column, remarks, high, in_percent=in_percent)
    _refuse_others(cells[kind == ""], column, remarks)
    for kinds, note in _READ_AS.items():
        told = kind.isin(kinds)
        remarks.guess(cells[told], column, note, _PARTS_OF_ONE)
        if "percent" not in kinds:
            result[told] = value[told]
    refused = _REFUSED
    if in_progress is not None:
        refused = {name: said for name, said in _REFUSED.items() if name != "under_way"}
        going = kind == "under_way"
        result[going] = str(in_progress)
        what = Note("tasks in progress count as {share}, as study.toml says", {"share": str(in_progress)})
        remarks.guess(cells[going], column, what, Note("To be sure, write how far each task is, like 40%."))
    for name, (what, remedy) in refused.items():
        remarks.refuse(cells[kind == name], column, what, remedy)
        result[kind == name] = read_texts(cells[kind == name])
    return result


def _refuse_others(cells: pd.Series, column: str, remarks: Remarks) -> None:
    """Refuse dates, of which a program makes fractions, and words in an old font."""
    what = Note("the cell holds a date: a program makes 3/4 one")
    remedy = Note("Format the cell as text and write the fraction again, or write a percentage, like 75%.")
    remarks.refuse(cells[[isinstance(cell, date) for cell in cells]], column, what, remedy)
    refuse_old_fonts(cells, column, remarks)


def contradicts(cell: Cell, completion: str) -> bool:
    """Say whether the words of a cell deny a completion written beside them.

    Examples
    --------
    >>> contradicts("Đã hoàn thành", "0.4"), contradicts("Chưa thực hiện", "0"), contradicts("Đang thực hiện", "0.4")
    (True, False, False)
    """
    found = _state(cell)
    if found is None or not NUMBER.fullmatch(completion.strip()):
        return False
    number = float(completion)
    if found.kind == "percent":
        return abs(float(found.value[:-1].replace(",", ".")) / 100 - number) > 0.005
    return {"done": number < 1, "not_started": number > 0}.get(found.kind, False)


def are_states(cells: Iterable[Cell]) -> bool:
    """Say whether all cells that hold anything hold a word such as "đã hoàn thành"."""
    filled = [cell for cell in cells if cell != ""]
    return bool(filled) and all((found := _state(cell)) and found.kind != "fraction" for cell in filled)
