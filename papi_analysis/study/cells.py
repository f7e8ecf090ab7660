"""The cells of a sheet: what one may hold, how it is written as text, and the codes that names stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.study.findings import Findings
from papi_analysis.study.words import plain, words

#: Marks that no living language puts behind a letter in a word, as the old fonts TCVN3 and VNI wrote Vietnamese.
_OLD_FONT = re.compile(
    "[a-z][\u00a8-\u00a9\u00ab-\u00ae\u00b5-\u00b9\u00bb-\u00de\u00f7]|[aouôö]ä|[aeiouyôöê][øûïåë]", re.ASCII
)


class Percent(float):
    """A number that the sheet shows as a percentage: 0.75 where the reader sees 75%."""


@dataclass(frozen=True)
class Unreadable:
    """A cell that has no value to read, and why; ``text`` is what the sheet shows."""

    text: str
    what: Note
    remedy: Note


#: What a cell may hold; ``""`` is a blank cell.
Cell = str | int | float | date | Percent | Unreadable


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
    before = ["", *map(plain, words("dimensions")["before"])]
    number = plain(words("dimensions")["number"])
    for code, *names in dimensions[["dimension", "name_en", "name_vi"]].itertuples(index=False):
        labels = [plain(code)]
        if found := re.fullmatch(r"\D+(\d+)", code):
            numbers = (found[1], f"{number} {found[1]}")
            labels += [f"{word} {written}".strip() for word in before for written in numbers]
        folded = [plain(str(name)) for name in names if str(name).strip()]
        for way in [*labels, *folded, *(f"{label} {name}" for label in labels for name in folded)]:
            meant.setdefault(way, set()).add(code)
    return {way: next(iter(codes)) for way, codes in meant.items() if len(codes) == 1}
