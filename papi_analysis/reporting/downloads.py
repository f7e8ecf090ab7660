"""A table as csv text that a spreadsheet opens as it stands and in which it finds nothing to run."""

from __future__ import annotations

import base64
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

#: What stands between cells: what a spreadsheet set to the language expects, where it needs the comma for decimals.
SEPARATORS = {"en": ",", "vi": ";"}

# A spreadsheet set to another language may split at the other separator, so a formula may start behind one.
# The signs have wide forms, which East Asian spreadsheets take for the same.
_DIGITS = r"[+\-]?\d[\d.,]*(?:[eE][+\-]?\d+)?\s?%?"
_LIST = rf'{_DIGITS}(?:\s*[,;]\s*{_DIGITS})*[\s)\]"]*$'
_START = re.compile(rf'((?:^|[,;\t\r\n])[\s"]*)(?=[=+\-@＝＋－＠])(?!{_LIST})')

# What a cell of numbers may show, and what where there is none.
_NUMBER = re.compile(r"^[([]?[+\-−±<>≤≥]?\s?(?:∞|\d[\d\s.,:–−/-]*(e[+-]?\d+)?)\s?[%*]*[)\]]?$")
_NOTHING = {"", "–", "—", "-", "nan", "NaN", "NaT", "<NA>", "None"}


def inert(text: str) -> str:
    """Return a cell's text with an apostrophe before whatever a spreadsheet would take for a formula.

    Plain numbers and percentages stay as they are, with a decimal point or a decimal comma, alone or in a list.

    Examples
    --------
    >>> [inert(text) for text in ("=1+1", "-0,5", "+12.5%", "-1+A1", "last, @SUM(A1)", "a = b")]
    ["'=1+1", '-0,5', '+12.5%', "'-1+A1", "last, '@SUM(A1)", 'a = b']
    """
    return _START.sub(r"\1'", text)


def hold_numbers(texts: Iterable[str]) -> bool:
    """Whether texts are numbers and nothing else, gaps aside.

    >>> hold_numbers(["0,51", "–", "< 0.001", "82%"]), hold_numbers(["5", "five"]), hold_numbers(["–"])
    (True, False, False)
    """
    filled = [text for text in texts if text not in _NOTHING]
    return bool(filled) and all(_NUMBER.match(text) for text in filled)


def csv_text(rows: Iterable[Sequence[str]], language: str = "en") -> str:
    r"""Return rows of texts as csv, the header first; separated by semicolons where the decimal mark is a comma.

    Examples
    --------
    >>> csv_text([["Dimension", "Score"], ["D1", "5,12"]], "vi")
    'Dimension;Score\r\nD1;5,12\r\n'
    """
    written = io.StringIO()
    writer = csv.writer(written, delimiter=SEPARATORS[language], lineterminator="\r\n")
    writer.writerows([inert(text) for text in row] for row in rows)
    return written.getvalue()


def csv_address(rows: Iterable[Sequence[str]], language: str = "en") -> str:
    """Return rows of texts as the address of a csv file that needs no file: spreadsheets read its UTF-8 by the mark."""
    data = base64.b64encode(csv_text(rows, language).encode("utf-8-sig")).decode()
    return f"data:text/csv;charset=utf-8;base64,{data}"


def file_name(*parts: str) -> str:
    """Return parts of a file's name joined by hyphens, in letters that every system can store, at most 80 of them.

    Examples
    --------
    >>> file_name("01_Điểm số", "Bảng", "2") + ".csv"
    '01_Diem-so-Bang-2.csv'
    """
    text = unicodedata.normalize("NFKD", "-".join(part for part in parts if part))
    plain = text.replace("đ", "d").replace("Đ", "D").encode("ascii", "ignore").decode()
    return re.sub(r"[^\w.]+", "-", plain)[:80].strip("-.")
