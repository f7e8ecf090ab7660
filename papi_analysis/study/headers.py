"""Finding the header of a table among the cells of a sheet, by the words that offices write over their columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from papi_analysis.study.cells import Cell, cell_text
from papi_analysis.study.dates import as_year, written_day
from papi_analysis.study.schema import DAY, Schema
from papi_analysis.study.sheets import Sheet
from papi_analysis.study.times import reported_day
from papi_analysis.study.words import known, plain, words

#: How many rows from the top may hold titles before the header.
SEARCHED = 30
#: No header is longer; longer texts are not looked at.
LONGEST = 120

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@dataclass(frozen=True)
class Header:
    """The header of a table: where it is, and what stands over each column, counted from 0.

    ``names`` has the columns of the schema that a label fits; ``days`` the last day of each label that is a period,
    ``years`` the year of each that is one over targets. ``planned`` are the columns of a period that hold its plan.
    ``sure`` says that labels lie under a merged one, so that a header of several rows is no title above another.
    """

    top: int
    height: int
    labels: dict[int, str]
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    days: dict[int, date] = field(default_factory=dict)
    years: dict[int, str] = field(default_factory=dict)
    planned: frozenset[int] = frozenset()
    sure: bool = False

    @property
    def body(self) -> int:
        """The first row below the header."""
        return self.top + self.height

    def covers(self, required: Collection[str]) -> int:
        """Count the required columns that the header names; in a table of reports, periods stand for two.

        Days and years beside no name at all are the cells of a table.
        """
        wanted, found = {*required}, set[str]()
        for names in sorted(self.names.values(), key=len):  # one column stands for one name
            found |= {*sorted(names & wanted - found)[:1]}
        every = {name for names in self.names.values() for name in names}
        if self.days and (every or self.sure) and not every & {"as_of"}:
            found |= {"as_of", "completion"} & wanted
        if self.years and every - {"year", "target"}:
            found |= {"year", "target"} & wanted
        return len(found)


@lru_cache(maxsize=16)
def _folded(schema: Schema) -> dict[str, frozenset[str]]:
    fits: dict[str, set[str]] = {}
    for column in schema.columns:
        for word in (column.name, *words("headers").get(column.name, ())):
            fits.setdefault(plain(word), set()).add(column.name)
    return {word: frozenset(names) for word, names in fits.items()}


def fits(label: str, schema: Schema) -> frozenset[str]:
    """Say which columns of the schema a label may stand over; what is in brackets may be left out.

    Examples
    --------
    >>> from papi_analysis.study.schema import PROGRESS
    >>> sorted(fits("Tỷ lệ hoàn thành (%)", PROGRESS)), sorted(fits("Ghi chú", PROGRESS))
    (['completion'], [])
    """
    if len(label) > LONGEST:
        return frozenset()
    folded = _folded(schema)
    return folded.get(plain(label)) or folded.get(plain(_BRACKETS.sub(" ", label))) or frozenset()


def counts_rows(label: str) -> bool:
    """Say whether a column with this label only counts the rows: "STT", "TT", "No."."""
    return plain(label) in known("rows", "count")


def says_percent(label: str) -> bool:
    """Say whether a label says that its numbers are percentages."""
    return "%" in label or any(word in f"{label} {plain(label)}" for word in known("numbers", "percent"))


def label_day(label: Cell) -> date | None:
    """Give the last day of a label that is a day, a month or a quarter."""
    if isinstance(label, date):
        return label
    if isinstance(label, str) and DAY.fullmatch(label.strip()):
        return written_day(label.strip())
    return reported_day(_BRACKETS.sub(" ", label)) if isinstance(label, str) and len(label) <= LONGEST else None


def find_headers(sheet: Sheet, schema: Schema, required: Collection[str]) -> list[Header]:
    """Find the header: the row, or two rows under merged cells, that names most of the required columns.

    Returns
    -------
    list of Header
        One where the sheet has a header, several where rows fit equally well, none where no row names a column.
    """
    top = range(min(SEARCHED, len(sheet.rows)))
    single = [_single(sheet, row, schema) for row in top]
    pairs = itertools.pairwise(single)
    double = [two for pair in pairs if (two := _double(sheet, *pair, schema)) is not None]
    below = {header.top: header for header in single}
    treble = [(two, below[two.body]) for two in double if two.sure and two.body in below]
    double += [three for pair in treble if (three := _double(sheet, *pair, schema)) is not None and three.sure]
    best = max((header.covers(required) for header in (*single, *double)), default=0)
    for candidates in ([two for two in double if two.sure], single, double):
        chosen = [header for header in candidates if best and header.covers(required) == best]
        if chosen and candidates is not single:  # the tallest of those that begin in one row
            chosen = list({header.top: header for header in sorted(chosen, key=lambda one: one.height)}.values())
        if chosen:
            return chosen
    return []


def first_row(sheet: Sheet, schema: Schema) -> Header:
    """Take the row that names most columns as the header, and of those the first that holds anything."""
    filled = [i for i, row in enumerate(sheet.rows) if any(cell != "" for cell in row)]
    return max((_single(sheet, i, schema) for i in filled[:SEARCHED]), key=lambda header: len(header.names))


def _single(sheet: Sheet, row: int, schema: Schema) -> Header:
    cells = sheet.rows[row]
    labels = {column: label for column, cell in enumerate(cells) if (label := " ".join(cell_text(cell).split()))}
    names = {column: found for column, label in labels.items() if (found := fits(label, schema))}
    days = {column: day for column in labels.keys() - names.keys() if (day := label_day(cells[column]))}
    return Header(row, 1, labels, names, days, _years(labels, names, schema))


def _years(labels: Mapping[int, str], names: Mapping[int, frozenset[str]], schema: Schema) -> dict[int, str]:
    """Find the years over columns of targets: "2020", or "Chỉ tiêu đến năm 2020"."""
    if schema.name != "targets" or any("year" in fits for fits in names.values()):
        return {}
    return {column: year for column, label in labels.items() if (year := _target_year(label))}


def _target_year(label: str) -> str:
    *over, last = plain(label).split() or [""]
    year = as_year(last)
    before = {word for words in known("tables", "target") for word in words.split()}
    return year if {*over} <= before | known("periods", "year") else ""


def _double(sheet: Sheet, upper: Header, lower: Header, schema: Schema) -> Header | None:
    """Read two rows as one header, the upper one spread over the columns that it stands above."""
    spread = dict(_spread(sheet, upper, lower))
    if not (lower.names or lower.days) and not spread:
        return None
    if not lower.labels or any(column in lower.labels for column in upper.names if column not in spread):
        return None  # what stands below a whole label is a cell of the table
    labels, names, days = dict(upper.labels), dict(upper.names), dict(upper.days)
    planned = set(upper.planned)
    for column, label in lower.labels.items():
        over = spread.get(column, upper.labels.get(column, ""))
        labels[column] = f"{over} {label}".strip()
        names.pop(column, None)
        days.pop(column, None)
        above = label_day(over) if column in spread else None
        if day := label_day(sheet.rows[lower.top][column]) or label_day(labels[column]):
            days[column] = day
        elif above and plain(label) in known("tables", "carried_out"):
            days[column] = above
        elif above and plain(label) in known("tables", "planned"):
            planned.add(column)
        elif found := fits(label, schema) or fits(labels[column], schema):
            names[column] = found
    under = {column for column in spread if column in lower.labels}
    sure = bool(sheet.name and under and (upper.names or upper.days or upper.sure) and not _has_values(sheet, lower))
    height = lower.top - upper.top + 1
    return Header(upper.top, height, labels, names, days, _years(labels, names, schema), frozenset(planned), sure)


def _has_values(sheet: Sheet, row: Header) -> bool:
    """Say whether a row holds numbers or days, which may be cells of the table, where it names no year or period."""
    values = [cell for cell in sheet.rows[row.top] if isinstance(cell, float | date)]
    return any(not as_year(cell_text(cell)) for cell in values) and not row.days


def _spread(sheet: Sheet, upper: Header, lower: Header) -> Iterator[tuple[int, str]]:
    """Say which label stands over which columns: by merged cells, or in a csv file by the blanks beside a label."""
    row, labels = lower.top - 1, upper.labels
    for block in sheet.merged:
        if block.top <= row <= block.bottom < lower.top and block.left < block.right and block.left in labels:
            yield from ((column, labels[block.left]) for column in range(block.left, block.right + 1))
    if not sheet.name:
        over = ""
        for column in range(max(lower.labels, default=-1) + 1):
            over = labels.get(column, over)
            if column in lower.days or label_day(f"{over} {lower.labels.get(column, '')}"):
                yield column, over


def is_numbering(cells: Sequence[Cell]) -> bool:
    """Say whether a row only numbers the columns, as "(1) (2) (3)" below a header does."""
    numbers = [cell_text(cell).strip(" ()") for cell in cells if cell != ""]
    return len(numbers) > 2 and numbers == [str(i + 1) for i in range(len(numbers))]
