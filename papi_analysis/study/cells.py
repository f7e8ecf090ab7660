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

#: What the old fonts TCVN3 and VNI put behind a letter in a word, where no living language does.
_OLD_FONTS = (
    re.compile(
        "[A-Za-z][\u00a8\u00a9\u00ab-\u00ae\u00b5-\u00b9\u00bb-\u00bf\u00e5\u00e6\u00eb\u00ee\u00f1\u00f7]|\u00ae(?=[a-z])"
        "|[a-z][\u00c0-\u00de]|[A-Z][\u00c4-\u00c7\u00cb\u00ce-\u00d1\u00d6-\u00d8\u00db\u00dc\u00de]"
    ),
    re.compile("[aouôö]ä|[aeiouyôöê][øûïåë]|[aeo]â|aê|öô", re.IGNORECASE),
)
#: What is said of text in TCVN3 or VNI, and what to do.
OLD_FONT = (
    Note("the text seems to be in an old font (TCVN3 or VNI)"),
    Note("Convert the file to Unicode, with Unikey for example, and check again."),
)


#: What stands between the names of a list: "D1, D3", "1 và 5".
_BETWEEN_NAMES = re.compile(rf"\s*[,;/+&\n]\s*|\s+(?:{'|'.join(words('times')['and'])})\s+", re.IGNORECASE)


_ROMAN = dict(zip("123456789", ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"), strict=True))


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
        if len(cells):
            texts = pd.DataFrame({column: [*map(cell_text, cells)]}, index=cells.index)
            self.problems.add_rows(texts, column, what, remedy)

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


def old_marks(text: str) -> int:
    """Count the different marks of TCVN3 or of VNI in a text; one alone may be a foreign name.

    Examples
    --------
    >>> [old_marks(text) for text in ("quyÕt ®Þnh, d©n", "Sôû Taøi nguyeân", "Sở Tài nguyên", "Noël")]
    [2, 3, 0, 1]
    """
    return 0 if text.isascii() else max(len({*marks.findall(text)}) for marks in _OLD_FONTS)


def in_old_font(text: str) -> bool:
    """Say whether a text seems to be in TCVN3 or VNI, which are read as other letters."""
    return old_marks(text) > 1


def refuse_old_fonts(cells: pd.Series, column: str, remarks: Remarks) -> None:
    """Refuse cells that are not understood because they are in an old font; one mark is enough where nothing fits."""
    remarks.refuse(cells[[isinstance(cell, str) and old_marks(cell) > 0 for cell in cells]], column, *OLD_FONT)


def read_texts(cells: pd.Series) -> pd.Series:
    """Write every cell as text."""
    return pd.Series([cell_text(cell) for cell in cells], index=cells.index, dtype=object)


def read_names(cells: pd.Series, column: str, remarks: Remarks, spellings: Mapping[str, str]) -> pd.Series:
    """Write the code that each name means; ``spellings`` maps folded names to codes, an unknown name stays."""
    texts = read_texts(cells)
    codes = set(spellings.values())
    strange = {text for text in set(texts) if text.strip() not in codes and plain(text) not in spellings}
    if strange:
        _refuse_names(cells[texts.isin(strange)], column, remarks, spellings)
    meant = {text: spellings.get(plain(text), text) for text in set(texts) if text.strip() not in codes}
    result = texts.map(lambda text: meant.get(text, text)).astype(object)
    changed = cells[result != texts]
    if len(changed):
        code = result[changed.index[0]]
        what = Note("names are read as codes, this one as {code}", {"code": code})
        remarks.guess(changed, column, what, Note("To be sure, write the code."))
    return result


def _refuse_names(cells: pd.Series, column: str, remarks: Remarks, spellings: Mapping[str, str]) -> None:
    """Say why names are not known, where it can be told: they are several, or in an old font."""
    refuse_old_fonts(cells, column, remarks)
    several = [isinstance(cell, str) and bool(several_names(cell, spellings)) for cell in cells]
    what, remedy = Note("the cell names several"), Note("Write one row for each of them.")
    if column == "dimension":
        what = Note("the task serves several dimensions")
        remedy = Note("Write one row for each of them, with the part of the task that serves it in a column share.")
    remarks.refuse(cells[several], column, what, remedy)


def several_names(text: str, spellings: Mapping[str, str]) -> list[str]:
    """Give the codes of the names that one cell lists; empty where it lists none, or one alone.

    Examples
    --------
    >>> spellings = {"d1": "D1", "1": "D1", "noi dung 1": "D1", "d3": "D3", "3": "D3", "noi dung 3": "D3"}
    >>> [several_names(text, spellings) for text in ("D1, D3", "Nội dung 1 và 3", "1; 2", "D1")]
    [['D1', 'D3'], ['D1', 'D3'], [], []]
    """
    parts = [part for part in _BETWEEN_NAMES.split(text.strip()) if part.strip()]
    codes = [spellings.get(plain(part), "") for part in parts]
    return codes if len({*codes}) > 1 and all(codes) else []


def dimension_spellings(dimensions: pd.DataFrame) -> dict[str, str]:
    """Map each folded way to name a dimension to its code: code, number, "Nội dung I", names, or two of them.

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
            roman = _ROMAN.get(found[1], found[1])
            numbers = (found[1], f"{number} {found[1]}", roman)
            labels += [f"{word} {written}".strip() for word in before for written in numbers]
        folded = [plain(str(name)) for name in names if str(name).strip()]
        for way in [*labels, *folded, *(f"{label} {name}" for label in labels for name in folded)]:
            meant.setdefault(way, set()).add(code)
    return {way: next(iter(codes)) for way, codes in meant.items() if len(codes) == 1}
