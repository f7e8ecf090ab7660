"""Cells that hold numbers, as offices write them: decimal commas, percentages, years."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.cells import Cell, Percent, Remarks, read_texts
from papi_analysis.study.checks import parse_column
from papi_analysis.study.dates import as_year, spoken
from papi_analysis.study.schema import NUMBER
from papi_analysis.study.words import pattern, words

_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+),\d+")
_DECIMAL_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+")
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(\{mark}\d{{3}})+") for mark in ",."}
_SPACED = re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u2009\u202f]\d{3})+([.,]\d+)?")


_WORDS = {name: pattern(map(re.escape, map(spoken, words("targets")[name]))) for name in ("before", "after")}
_TARGET = re.compile(rf"(?:{_WORDS['before']} |[≥>]=? ?)*(\d[\d.,]*)(?: {_WORDS['after']})*")
_PERCENT = re.compile(rf"\( ?% ?\)|{pattern(map(spoken, words('numbers')['unit']))} ?:? ?%")


class _Readings(NamedTuple):
    """A written number with its mark read as a decimal comma, and as a decimal point; ``None`` where it cannot be."""

    comma: str | None
    point: str | None


@lru_cache(maxsize=4096)
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
    >>> [is_number(cell) for cell in (0.5, "39,57", "75 %", "3/4", "CT-01", "")]
    [True, True, True, True, False, False]
    """
    if not isinstance(cell, str):
        return isinstance(cell, int | float)
    text = cell.strip().removesuffix("%").strip()
    return _readings(text) != (None, None) or re.fullmatch(r"\d+ ?/ ?\d+", text) is not None


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
    what = Note("the cell is shown as a percentage, which the column does not hold")
    remarks.refuse(
        cells[_test(cells, lambda cell: isinstance(cell, Percent))], column, what, Note("Format the cell as a number.")
    )
    read = [_readings(text if isinstance(cell, str) else "") for cell, text in zip(cells, texts, strict=True)]
    comma = [number.comma is not None and number.point is None for number in read]
    point = [number.comma is None and number.point is not None for number in read]
    if any(comma) and any(point):
        what = Note("the column mixes decimal commas and decimal points")
        remedy = Note("Write all numbers of the column in one way, like 6.50.")
        remarks.refuse(cells[min(comma, point, key=sum)], column, what, remedy)
        return texts
    if not any(comma) and not any(point):
        doubtful = [_in_doubt(text, number, high, whole) for text, number in zip(texts, read, strict=True)]
        remedy = Note("Write a whole number without a mark, and any other with a decimal point, like 1234 or 1.2.")
        remarks.refuse(cells[doubtful], column, Note("this number can be read in two ways"), remedy)
        if any(doubtful):
            return texts
    chosen = [number.comma if any(comma) else number.point for number in read]
    pairs = zip(texts, chosen, strict=True)
    result = pd.Series([old if new in (None, old.strip()) else new for old, new in pairs], texts.index, dtype=object)
    what = Note("a comma is read as a decimal comma") if any(comma) else Note("marks between thousands are left out")
    remedy = Note("To be sure, write numbers with a decimal point and no other mark.")
    remarks.guess(cells[result != texts], column, what, remedy)
    return result


def _in_doubt(text: str, number: _Readings, high: float | None, whole: bool) -> bool:
    """Say whether nothing tells two readings apart: a mark that a program does not write, or both in bounds."""
    if number.comma is None or number.point is None or number.comma == number.point:
        return False
    return whole or "," in text or (high is not None and float(number.comma) <= high)


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
    signed = _test(cells, _is_signed)
    formatted = _test(cells, lambda cell: isinstance(cell, Percent))
    bare = cells.astype(object)
    bare[signed] = [cell.strip()[:-1].strip() for cell in cells[signed]]
    bare[formatted] = [float(cell) for cell in cells[formatted]]
    numbers = read_numbers(bare, column, remarks, None if high is None else 100 * high)
    value = parse_column(numbers, "number")
    alone = value.notna() & ~signed & ~formatted & (value != 0)
    small = alone & (value <= 1) if in_percent else alone
    if small.any() and (signed | formatted).any():
        fewer = min(small, signed | formatted, key=lambda rows: rows.sum())
        what = Note("the column mixes percentages and other numbers")
        if (value[small] <= 1).all():
            what = Note("the column mixes percentages and parts of one")
        remarks.refuse(cells[fewer], column, what, Note("Write all numbers of the column in one way, like 40%."))
    elif small.any() and in_percent:
        what = Note("this number may be a percentage or a part of one")
        remedy = Note("Write a percent sign in every cell of the column, like 40%.")
        remarks.refuse(cells[small], column, what, remedy)
    divided = value.notna() & (signed | (alone & (value > 1) & in_percent))
    numbers[divided] = [_hundredth(text) for text in numbers[divided]]
    remedy = Note("To be sure, write parts of one, like 0.75.")
    remarks.guess(cells[divided], column, Note("percentages are read as parts of one"), remedy)
    return numbers


def _is_signed(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.strip().endswith("%")


def _test(cells: pd.Series, test: Callable[[Cell], bool]) -> pd.Series:
    return pd.Series([test(cell) for cell in cells], index=cells.index, dtype=bool)


def _hundredth(text: str) -> str:
    return format(Decimal(text.strip()).scaleb(-2).normalize(), "f")


def read_targets(cells: pd.Series, column: str, remarks: Remarks, high: float | None = None) -> pd.Series:
    """Write targets as numbers: of "6,50 trở lên" or "từ 6,5 điểm" the number is the target."""
    found = [_target(cell) if isinstance(cell, str) else None for cell in cells]
    worded = [number is not None for number in found]
    bare = pd.Series([cell if n is None else n for cell, n in zip(cells, found, strict=True)], cells.index, object)
    what = Note("of a target in words, like at least 6.50, the number is read")
    remarks.guess(cells[worded], column, what, Note("To be sure, write the number alone."))
    return read_numbers(bare, column, remarks, high)


@lru_cache(maxsize=4096)
def _target(text: str) -> str | None:
    """Give the number of a target in words; none where it is a number already, or the words say something else."""
    found = _TARGET.fullmatch(spoken(text))
    return found[1] if found and found[1] != text.strip() else None


def in_percent(title: str) -> bool:
    """Say whether the title of a table says that its numbers are percentages.

    Examples
    --------
    >>> [in_percent(title) for title in ("Tỷ lệ hoàn thành (%)", "Đơn vị tính: %", "Tăng 5% so với năm 2017")]
    [True, True, False]
    """
    return _PERCENT.search(spoken(title)) is not None


def read_whole(cells: pd.Series, column: str, remarks: Remarks, high: float | None = None) -> pd.Series:
    """Write whole numbers; a year may be written "Năm 2020"."""
    bare = [as_year(cell) or cell if isinstance(cell, str) else cell for cell in cells]
    return read_numbers(pd.Series(bare, index=cells.index, dtype=object), column, remarks, high, whole=True)
