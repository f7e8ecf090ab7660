"""What a table must look like: its columns, their kinds and bounds, and what to say where a value does not fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from papi_analysis.errors import Note

Kind = Literal["text", "number", "integer", "date"]

#: How a number and a day are written. Parsers know more: to them "now" is a day.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")


@dataclass(frozen=True)
class Column:
    """One column of a table: its kind, its bounds, and what to tell a user whose value does not fit."""

    name: str
    kind: Kind = "text"
    low: float = -np.inf
    high: float = np.inf
    remedy: Note | None = None
    default: Any = None  #: used where the whole column is absent; ``None`` makes the column required
    empty: bool = False  #: whether single cells may be empty
    if_empty: Note | None = None  #: what to do about an empty cell, where it is not to fill it in
    optional: bool = False  #: whether a table without the column stays without it


@dataclass(frozen=True)
class Schema:
    """The columns of a table, and the columns that together name a row.

    ``further`` names columns that a table may hold beside these; any other is not used, and that is told.
    ``vacant`` says that a header alone is a table: a programme that has just begun has no report.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    further: tuple[str, ...] = ()
    vacant: bool = False

    @property
    def required(self) -> set[str]:
        """The columns that a table must have."""
        return {column.name for column in self.columns if column.default is None}


#: What the columns are called in the templates.
HEADERS = {
    "unit": Note("Unit"),
    "task": Note("Task code"),
    "dimension": Note("Dimension"),
    "year": Note("Year"),
    "score": Note("Score"),
    "target": Note("Target"),
    "weight": Note("Weight"),
    "share": Note("Share of the task"),
    "start": Note("Start date"),
    "due": Note("Due date"),
    "title_en": Note("Task title"),
    "title_vi": Note("Task title"),
    "lead_agency_en": Note("Lead agency"),
    "lead_agency_vi": Note("Lead agency"),
    "as_of": Note("Reporting period"),
    "reported_on": Note("Report date"),
    "completion": Note("Completion"),
    "revision": Note("Revision"),
}


def header(name: str) -> Note | str:
    """Give what a column is called in the templates, in quotes, with its own name beside it.

    Examples
    --------
    >>> print(header("due"), header("kind"))
    "Due date" (due) kind
    """
    return Note('"{header}" ({name})', {"header": HEADERS[name], "name": name}) if name in HEADERS else name


def name_columns(names: Iterable[str], *, alternatives: bool = False) -> Note:
    """Give what several columns are called: a list, or alternatives.

    Examples
    --------
    >>> print(name_columns(["due", "start"], alternatives=True))
    "Due date" (due) or "Start date" (start)
    """
    listed = [header(name) for name in names]
    if alternatives and len(listed) == 2:
        return Note("{one} or {other}", {"one": listed[0], "other": listed[1]})
    places = [f"name_{place}" for place in range(len(listed))]
    return Note(", ".join(f"{{{place}}}" for place in places), dict(zip(places, listed, strict=True)))


FROM_0_TO_1 = Note("Completion runs from 0 to 1: divide percentages by 100.")
_SUM_TO_1 = Note("Write the part of the task that serves this dimension, like 0.4; the parts of a task sum to 1.")
_NO_SCORE = Note("Write a number with a decimal point, like 6.50; leave the row out where the score is not known.")
_NO_TARGET = Note("Write a number with a decimal point, like 6.50; leave the row out where there is no target.")

#: Calendar years, or the 1, 2, 3 of any other panel; a slipped digit would stretch a panel over thousands of years.
YEARS = (1, 9999)
#: The years in which a programme, with its reports and targets, may lie.
PROGRAMME_YEARS = (1900, 2100)
#: What is said of a year that must be a slip, like 0218 or 3020, and what to do.
FAR_YEAR = (
    Note("the year is outside {low} to {high}", {"low": PROGRAMME_YEARS[0], "high": PROGRAMME_YEARS[1]}),
    Note("Correct the year."),
)


def _words(*names: str) -> tuple[Column, ...]:
    """Columns of words that a table may lack, and whose cells may be empty."""
    return tuple(Column(name, default="", empty=True) for name in names)


SCORES = Schema(
    "scores",
    (
        Column("unit"),
        Column("year", "integer", *YEARS),
        Column("dimension"),
        Column("score", "number", if_empty=_NO_SCORE),
        Column("se", "number", default=np.nan, empty=True, optional=True),
    ),
    key=("unit", "year", "dimension"),
)
SUBDIMENSION_SCORES = replace(SCORES, name="subdimension_scores", key=("unit", "year", "subdimension"))
UNITS = Schema(
    "units",
    (
        Column("unit"),
        Column("name_en"),
        *_words("name_vi", "region", "variants"),
    ),
    key=("unit",),
    further=("gso_code", "municipality", "merged_into_en", "merged_into_vi"),
)
DIMENSIONS = Schema(
    "dimensions",
    (
        Column("dimension"),
        Column("name_en"),
        *_words("name_vi"),
        Column("scale_min", "number"),
        Column("scale_max", "number"),
    ),
    key=("dimension",),
    further=("first_year",),
)
BREAKS = Schema(
    "breaks",
    (
        Column("dimension", remedy=Note("Name a dimension, or 'all'.")),
        Column("year", "integer", *YEARS),
        Column("kind", remedy=Note("Say definition, sample, mode or level.")),
        *_words("what", "standing"),
    ),
    key=("dimension", "year", "kind"),
    further=("what_vi",),
)
KNOWN_PROGRAMMES = Schema(
    "known_programmes",
    (
        Column("unit"),
        Column("period_start", "integer", *YEARS, empty=True),
        Column("period_end", "integer", *YEARS, empty=True),
        *_words("instrument"),
        Column("plan", "integer", low=0, high=1, default=1, remedy=Note("Write 1 for a plan or programme, else 0.")),
    ),
    key=("unit", "period_start", "period_end", "instrument"),
)
TASKS = Schema(
    "tasks",
    (
        Column("unit"),
        Column("task"),
        Column("dimension"),
        Column("weight", "number", low=0.0, default=1.0, remedy=Note("Use a weight above 0, or drop the column.")),
        Column("share", "number", low=0.0, high=1.0, default=1.0, remedy=_SUM_TO_1),
        Column("start", "date"),
        Column("due", "date"),
        *_words("title_en", "title_vi", "lead_agency_en", "lead_agency_vi"),
    ),
    key=("unit", "task", "dimension"),
)
PROGRESS = Schema(
    "progress",
    (
        Column("unit"),
        Column("task"),
        Column("as_of", "date"),
        Column("reported_on", "date"),
        Column("completion", "number", low=0.0, high=1.0, remedy=FROM_0_TO_1),
        Column("revision", "integer", low=0, high=999, default=0, remedy=Note("Count revisions of a report: 0, 1, 2.")),
    ),
    key=("unit", "task", "as_of", "revision"),
    vacant=True,
)
TARGETS = Schema(
    "targets",
    (
        Column("unit"),
        Column("dimension"),
        Column("year", "integer", *PROGRAMME_YEARS),
        Column("target", "number", if_empty=_NO_TARGET),
    ),
    key=("unit", "dimension"),
)
COMPLETION = Schema(
    "completion",
    (
        Column("unit"),
        Column("year", "integer", *YEARS),
        Column("dimension"),
        Column("completion", "number", low=0.0, high=1.0, empty=True, remedy=FROM_0_TO_1),
    ),
    key=("unit", "year", "dimension"),
)


def name_text(value: object) -> str:
    """Write a name as all tables have it: composed letters, no blanks around it, a number as its digits.

    Examples
    --------
    >>> name_text(1), name_text(1.0), name_text(" Huế ")
    ('1', '1', 'Huế')
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", str(value)).strip()
