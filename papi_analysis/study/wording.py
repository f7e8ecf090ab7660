"""From what offices write in a cell to the text that the schemas read: numbers, percent, days, states, names."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.codebook import plain
from papi_analysis.study.grids import Cell, Percent
from papi_analysis.study.schema import DAY, NUMBER, Findings

_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+),\d+")
_DECIMAL_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+")
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(\{mark}\d{{3}})+") for mark in ",."}
_SPACED = re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u2009\u202f]\d{3})+([.,]\d+)?")

_DAY = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4}|\d{2})")
_DAY_IN_WORDS = re.compile(r"(?:ngay )?(\d{1,2}) thang (\d{1,2}) nam (\d{4})")
_MONTH = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{4})")
_MONTH_IN_WORDS = re.compile(r"(?:thang|t|month) ?(\d{1,2}) (?:nam )?(\d{4})")
_YEAR = re.compile(r"(?:nam |year )?((?:19|20|21)\d{2})")
_NUMERAL = r"(i{1,3}|iv|[1-4])"
_QUARTER = re.compile(rf"(?:q|qu[yi]|quarter) ?{_NUMERAL} (?:nam )?(\d{{4}})|(i{{1,3}}|iv) (?:nam )?(\d{{4}})")
_QUARTER_LAST = re.compile(rf"(?:nam |year )?(\d{{4}}) ?(?:q|qu[yi]|quarter) ?{_NUMERAL}")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}

#: Marks that no living language puts behind a letter in a word, as the old fonts TCVN3 and VNI wrote Vietnamese.
_OLD_FONT = re.compile(
    "[a-z][\u00a8-\u00a9\u00ab-\u00ae\u00b5-\u00b9\u00bb-\u00de\u00f7]|[aouôö]ä|[aeiouyôöê][øûïåë]", re.ASCII
)

_DONE = {"da hoan thanh", "hoan thanh", "hoan thanh tre han", "hoan thanh cham", "hoan thanh dung han"} | {
    "completed",
    "done",
    "completed late",
    "completed on time",
}
_NOT_STARTED = {"chua thuc hien", "chua trien khai", "not started"}
_UNDER_WAY = {"dang thuc hien", "dang trien khai", "chua hoan thanh", "in progress", "under way", "not completed"}


@dataclass(frozen=True)
class Remarks:
    """What was found while one file was read: what is wrong with it, and what was read in a way worth knowing."""

    problems: Findings
    guesses: Findings

    def refuse(self, cells: pd.Series, column: str, what: Note, remedy: Note) -> None:
        """Note one problem for each of ``cells``, whose index counts the rows below row 1 from 0."""
        self.problems.add_rows(
            pd.DataFrame({column: [*map(cell_text, cells)]}, index=cells.index), column, what, remedy
        )

    def guess(self, cells: pd.Series, column: str, what: Note, remedy: Note) -> None:
        """Note how ``cells`` were read, once for the column, with the first of them as the example."""
        if len(cells):
            first = pd.DataFrame({column: [cell_text(cells.iloc[0])]}, index=cells.index[:1])
            self.guesses.add_rows(first, column, what, remedy)


def cell_text(cell: Cell) -> str:
    """Write a cell as a csv file would hold it.

    Examples
    --------
    >>> cell_text(2018.0), cell_text(0.5), cell_text(date(2018, 4, 15))
    ('2018', '0.5', '2018-04-15')
    """
    if isinstance(cell, str):  # composed, so that names written on different systems are the same
        return cell if cell.isascii() else unicodedata.normalize("NFC", cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(float(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return getattr(cell, "text", str(cell))


def in_old_font(text: str) -> bool:
    """Say whether a text seems to be in TCVN3 or VNI, which are read as other letters.

    Examples
    --------
    >>> [in_old_font(text) for text in ("quyÕt ®Þnh, d©n", "Sôû Taøi nguyeân", "Sở Tài nguyên", "Noël")]
    [True, True, False, False]
    """
    return not text.isascii() and len({*_OLD_FONT.findall(text)}) > 1


def read_texts(cells: pd.Series) -> pd.Series:
    """Write every cell as text."""
    return pd.Series([cell_text(cell) for cell in cells], index=cells.index, dtype=object)


class _Readings(NamedTuple):
    """A written number with its mark read as a decimal comma, and as a decimal point; ``None`` where it cannot be."""

    comma: str | None
    point: str | None


def _readings(text: str) -> _Readings:
    text = text.strip().replace("\u2212", "-")
    if _SPACED.fullmatch(text):
        text = re.sub(r"[ \u00a0\u2009\u202f]", "", text)
    comma = point = None
    if _DECIMAL_COMMA.fullmatch(text) or _GROUPED["."].fullmatch(text):
        comma = text.replace(".", "").replace(",", ".")
    if _DECIMAL_POINT.fullmatch(text) or _GROUPED[","].fullmatch(text):
        point = text.replace(",", "")
    elif NUMBER.fullmatch(text):
        point = text
        comma = text if text.lstrip("+-").isdigit() else comma
    return _Readings(comma, point)


def is_number(cell: Cell) -> bool:
    """Say whether a cell holds a number, however it is written.

    Examples
    --------
    >>> [is_number(cell) for cell in (0.5, "39,57", "75 %", "3/4", "CT-01", "", date(2018, 4, 15))]
    [True, True, True, True, False, False, False]
    """
    if not isinstance(cell, str):
        return isinstance(cell, int | float)
    text = cell.strip().removesuffix("%").strip()
    return _readings(text) != (None, None) or re.fullmatch(r"\d+ ?/ ?\d+", text) is not None


def _where(written: list[str], cells: pd.Series, texts: set[str]) -> pd.Series:
    return pd.Series([text in texts for text in written], index=cells.index, dtype=bool)


def read_numbers(
    cells: pd.Series, column: str, remarks: Remarks, high: float | None = None, *, whole: bool = False
) -> pd.Series:
    """Write numbers with a decimal point and without marks between thousands; what is no number stays.

    Whether a mark is a decimal one is decided by the whole column, where some number can be read in one way only, or
    lies in one reading alone within the column's bounds. "1,234" and "1.000" in a column without such a number are a
    problem, and so is a column where they disagree.

    Parameters
    ----------
    cells
        The cells of one column; the index counts the rows below row 1 from 0.
    column, remarks
        The column's name, and where problems and guesses are noted.
    high
        The largest number that the column can hold, infinite where there is none. Where it is not given, a point is a
        decimal one.
    whole
        Whether it holds whole numbers alone.
    """
    texts = read_texts(cells)
    shown = _test(cells, lambda cell: isinstance(cell, Percent))
    what = Note("the cell is shown as a percentage, which the column does not hold")
    remarks.refuse(cells[shown], column, what, Note("Format the cell as a number."))
    written = [text if isinstance(cell, str) else "" for cell, text in zip(cells, texts, strict=True)]
    read = {text: _readings(text) for text in set(written)}
    comma = _where(written, cells, {text for text, r in read.items() if r.comma is not None and r.point is None})
    point = _where(written, cells, {text for text, r in read.items() if r.comma is None and r.point is not None})
    both = _where(written, cells, {text for text, r in read.items() if None not in r and r.comma != r.point})
    if comma.any() and point.any():
        what = Note("the column mixes decimal commas and decimal points")
        remedy = Note("Write all numbers of the column in one way, like 6.50.")
        remarks.refuse(cells[point if point.sum() < comma.sum() else comma], column, what, remedy)
        return texts
    if both.any() and not comma.any() and not point.any():
        doubtful = {t for t, r in read.items() if None not in r and r.comma != r.point and _in_doubt(t, r, high, whole)}
        remedy = Note("Write a whole number without a mark, and any other with a decimal point, like 1234 or 1.2.")
        what = Note("this number can be read in two ways")
        remarks.refuse(cells[_where(written, cells, doubtful)], column, what, remedy)
        if doubtful:
            return texts
    chosen = {text: r.comma if comma.any() else r.point for text, r in read.items()}
    changes = {text: new for text, new in chosen.items() if new is not None and new != text.strip()}
    result = pd.Series([changes.get(old, new) for old, new in zip(written, texts, strict=True)], texts.index, object)
    changed = cells[result != texts]
    what = Note("a comma is read as a decimal comma") if comma.any() else Note("marks between thousands are left out")
    remarks.guess(changed, column, what, Note("To be sure, write numbers with a decimal point and no other mark."))
    return result


def _in_doubt(text: str, readings: _Readings, high: float | None, whole: bool) -> bool:
    """Say whether nothing tells the two readings apart: a mark that a program does not write, or both in bounds."""
    return whole or "," in text or (high is not None and float(readings.comma or 0) <= high)


def read_parts(
    cells: pd.Series, column: str, remarks: Remarks, high: float | None = None, *, in_percent: bool = False
) -> pd.Series:
    """Write parts of a whole from 0 to 1: "75%" is 0.75, and so is 75 where the header says percent.

    Percentages and other numbers in one column are a problem.

    Parameters
    ----------
    cells, column, remarks, high
        As for ``read_numbers``.
    in_percent
        Whether the header holds a percent sign. Then plain numbers above 1 are percentages; one up to 1 may be a
        percentage or a part of one, and that is a problem.
    """
    signed = _test(cells, lambda cell: isinstance(cell, str) and cell.strip().endswith("%"))
    formatted = _test(cells, lambda cell: isinstance(cell, Percent))
    bare = pd.Series(
        [
            cell.strip()[:-1].strip() if sign else float(cell) if isinstance(cell, Percent) else cell
            for cell, sign in zip(cells, signed, strict=True)
        ],
        index=cells.index,
        dtype=object,
    )
    numbers = read_numbers(bare, column, remarks, None if high is None else 100 * high)
    value = pd.to_numeric(
        numbers.where(_test(numbers, lambda cell: bool(NUMBER.fullmatch(cell_text(cell).strip())))), errors="coerce"
    )
    alone = value.notna() & ~signed & ~formatted & (value != 0)
    divided = signed.copy()
    small = alone & (value <= 1) if in_percent else alone
    if small.any() and (signed | formatted).any():
        fewer = min(small, signed | formatted, key=lambda rows: rows.sum())
        parts, others = (
            Note("the column mixes percentages and parts of one"),
            Note("the column mixes percentages and other numbers"),
        )
        what = parts if (value[small] <= 1).all() else others
        remarks.refuse(cells[fewer], column, what, Note("Write all numbers of the column in one way, like 40%."))
    elif small.any() and in_percent:
        what = Note("this number may be a percentage or a part of one")
        remedy = Note("Write a percent sign in every cell of the column, like 40%.")
        remarks.refuse(cells[small], column, what, remedy)
    if in_percent:
        divided |= alone & (value > 1)
    numbers[divided & value.notna()] = [_hundredth(text) for text in numbers[divided & value.notna()]]
    remedy = Note("To be sure, write parts of one, like 0.75.")
    remarks.guess(cells[divided & value.notna()], column, Note("percentages are read as parts of one"), remedy)
    return numbers


def _test(cells: pd.Series, test: Callable[[Cell], bool]) -> pd.Series:
    return pd.Series([test(cell) for cell in cells], index=cells.index, dtype=bool)


def _hundredth(text: str) -> str:
    return format(Decimal(text.strip()).scaleb(-2).normalize(), "f")


def read_states(
    cells: pd.Series,
    column: str,
    remarks: Remarks,
    high: float | None = None,
    *,
    in_percent: bool = False,
    in_progress: float | None = None,
) -> pd.Series:
    """Write completion from 0 to 1, from numbers, percentages or words such as "đã hoàn thành".

    "Completed" is 1, late or not; "not started" is 0. "In progress" says no number: it is ``in_progress``, and a
    problem where that is not given.
    """
    state = pd.Series([_state(cell) for cell in cells], index=cells.index, dtype=object)
    worded = state.notna()
    result = read_parts(cells.mask(worded, ""), column, remarks, high, in_percent=in_percent)
    under_way = state == "under way"
    result[worded & ~under_way] = state[worded & ~under_way].map({"done": "1", "not started": "0"})
    remedy = Note("To be sure, write parts of one, like 0.75.")
    what = Note("words are read as completion: completed is 1, not started is 0")
    remarks.guess(cells[worded & ~under_way], column, what, remedy)
    if in_progress is None:
        what = Note("the words do not say how far the task is")
        remedy = Note(
            "Write how far, like 40%, or say in study.toml what share such words stand for: in_progress = 0.5."
        )
        remarks.refuse(cells[under_way], column, what, remedy)
    else:
        result[under_way] = str(in_progress)
        what = Note("tasks in progress count as {share}, as study.toml says", {"share": str(in_progress)})
        remarks.guess(cells[under_way], column, what, Note("To be sure, write how far each task is, like 40%."))
    return result


def _state(cell: Cell) -> str | None:
    words = plain(cell) if isinstance(cell, str) else ""
    states = (("done", _DONE), ("not started", _NOT_STARTED), ("under way", _UNDER_WAY))
    return next((state for state, known in states if words in known), None)


def contradicts(state: Cell, completion: str) -> bool:
    """Say whether the words of ``state`` deny a completion written beside them.

    Examples
    --------
    >>> contradicts("Đã hoàn thành", "0.4"), contradicts("Chưa thực hiện", "0"), contradicts("Đang thực hiện", "0.4")
    (True, False, False)
    """
    if not NUMBER.fullmatch(completion.strip()):
        return False
    return {"done": float(completion) < 1, "not started": float(completion) > 0}.get(_state(state) or "", False)


def are_states(cells: Iterable[Cell]) -> bool:
    """Say whether all cells that hold anything hold a word such as "đã hoàn thành"."""
    filled = [cell for cell in cells if cell != ""]
    return bool(filled) and all(_state(cell) for cell in filled)


def read_whole(cells: pd.Series, column: str, remarks: Remarks, high: float | None = None) -> pd.Series:
    """Write whole numbers; a year may be written "Năm 2020"."""
    years = [_YEAR.fullmatch(plain(cell)) if isinstance(cell, str) else None for cell in cells]
    bare = [year[1] if year else cell for year, cell in zip(years, cells, strict=True)]
    return read_numbers(pd.Series(bare, index=cells.index, dtype=object), column, remarks, high, whole=True)


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
    text, words = text.strip(), plain(text)
    try:
        if found := _DAY.fullmatch(text) or _DAY_IN_WORDS.fullmatch(words):
            day = date(int(found[3]), int(found[2]), int(found[1]))
            return (day, day, "day") if len(found[3]) == 4 else None
        if found := _QUARTER.fullmatch(words):
            return _months(found[2] or found[4], *_quarter(found[1] or found[3]), "quarter")
        if found := _QUARTER_LAST.fullmatch(words):
            return _months(found[1], *_quarter(found[2]), "quarter")
        if found := _MONTH.fullmatch(text) or _MONTH_IN_WORDS.fullmatch(words):
            return _months(found[2], int(found[1]), int(found[1]), "month")
        if found := _YEAR.fullmatch(words):
            return _months(found[1], 1, 12, "year")
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


def read_names(cells: pd.Series, column: str, remarks: Remarks, spellings: Mapping[str, str]) -> pd.Series:
    """Write the code that each name means; ``spellings`` maps folded names to codes, an unknown name stays."""
    texts = read_texts(cells)
    codes = set(spellings.values())
    meant = {text: spellings.get(plain(text), text) for text in set(texts) if text.strip() not in codes}
    result = texts.map(lambda text: meant.get(text, text)).astype(object)
    changed = cells[result != texts]
    if len(changed):
        code = result[changed.index[0]]
        what = Note("names are read as codes, this one as {code}", {"code": code})
        remarks.guess(changed, column, what, Note("To be sure, write the code."))
    return result


def dimension_spellings(dimensions: pd.DataFrame) -> dict[str, str]:
    """Map each folded way to name a dimension to its code: code, number, "Nội dung 1", names, or two of them.

    Examples
    --------
    >>> names = pd.DataFrame({"dimension": ["D1"], "name_en": ["Participation"], "name_vi": ["Tham gia"]})
    >>> spellings = dimension_spellings(names)
    >>> {spellings[plain(way)] for way in ("d1", "1", "Chỉ số nội dung 1", "Trục nội dung số 1: Tham gia")}
    {'D1'}
    """
    meant: dict[str, set[str]] = {}
    phrases = ("{}", "noi dung {}", "chi so noi dung {}", "truc noi dung {}", "chi so {}", "dimension {}")
    for code, *names in dimensions[["dimension", "name_en", "name_vi"]].itertuples(index=False):
        labels = [plain(code)]
        if found := re.fullmatch(r"\D+(\d+)", code):
            labels += [phrase.format(number) for phrase in phrases for number in (found[1], f"so {found[1]}")]
        folded = [plain(str(name)) for name in names if str(name).strip()]
        for way in [*labels, *folded, *(f"{label} {name}" for label in labels for name in folded)]:
            meant.setdefault(way, set()).add(code)
    return {way: next(iter(codes)) for way, codes in meant.items() if len(codes) == 1}
