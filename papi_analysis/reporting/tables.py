"""Frames ready to show: words for columns, numbers and dates in the reader's language."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import chain

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates, SlopeDesign
from papi_analysis.estimation.inference import STUDENTISED
from papi_analysis.reporting.captions import caption, is_slopes
from papi_analysis.reporting.downloads import hold_numbers
from papi_analysis.reporting.labels import CODES, FAMILY, LABELS, P_VALUES, RENAMED, SHARES
from papi_analysis.reporting.language import MISSING, Language, find_language, language_of

#: Text of a cell up to this length is a name and is not broken over lines.
SHORT = 28

#: One up to this length is a code, and is not broken in print either.
CODE = 8

#: Columns that hold units by their codes.
UNITS = ("unit", "left_out", "leans_on")

#: Columns of an answer in points of score, which tell how large the numbers of a row are.
POINTS = ("estimate", "low", "high", "change", "se", "fit", "detectable", "intercept", "band", "needed")

NO_ERROR = Note(
    "{name} has no standard error to show: with so few programme units it is the spread over reassignments, which by "
    "itself would mislead. Show low, high and p, or interval and p under the estimates."
)

#: A table with more columns is set smaller in print, where nothing scrolls.
WIDE = 8


class Text(str):
    """The text of a cell, and the value that it stands for."""

    value: object

    def __new__(cls, text: str, value: object) -> Text:
        """Keep the value beside the text."""
        made = super().__new__(cls, text)
        made.value = value
        return made


class Table(pd.DataFrame):  # type: ignore[misc]  # pandas ships no types
    """A frame of texts, the rows named by its index, that shows all of itself under a caption where it has one.

    Each text made of a value keeps it (`Text`), so that a workbook holds numbers and days as such.
    """

    _metadata = ("caption", "language")
    caption: str = ""
    language: str = "en"

    @property
    def _constructor(self) -> type[Table]:
        return Table

    @property
    def rows(self) -> list[list[str]]:
        """The texts row by row: first the head, and in each row first its name."""
        head = [str(self.columns.name or ""), *map(str, self.columns)]
        names = (name if isinstance(name, str) else str(name) for name in self.index)
        cells = zip(*(self.iloc[:, place] for place in range(self.shape[1])), strict=True)
        body = zip(names, cells if self.shape[1] else ((),) * len(self), strict=True)
        return [head, *([name, *row] for name, row in body)]

    @property
    def numbers(self) -> list[bool]:
        """Which columns, that of the names first, hold numbers and nothing else, gaps aside."""
        columns = list(zip(*self.rows[1:], strict=True))
        return [hold_numbers(column) for column in columns] or [False] * (1 + self.shape[1])

    def to_markup(self) -> str:
        """Return the table as HTML: headers with their scope, numbers in a class of their own, texts as texts."""
        head, *rows = self.rows
        numbers = [False, *self.numbers[1:]]
        opening = '<table class="wide">' if len(head) > WIDE else "<table>"
        caption = [f"<caption>{html.escape(self.caption)}</caption>"] if self.caption else []
        heads = ["<thead>", _row(head, numbers, "col", len(head)), "</thead>"]
        body = ["<tbody>", *(_row(row, numbers, "row", 1) for row in rows), "</tbody>"]
        return "\n".join([opening, *caption, *heads, *body, "</table>"])

    def _repr_html_(self) -> str:
        return self.to_markup()

    def __repr__(self) -> str:
        with pd.option_context("display.max_colwidth", None, "display.width", 200):
            rows: str = self.to_string(max_rows=None, max_cols=None)
        if not self.shape[1]:  # names alone, which pandas calls an empty frame
            rows = "\n".join(name for name, *_ in self.rows)
        return f"{self.caption}\n{rows}" if self.caption else rows


def _row(texts: Sequence[str], numbers: Sequence[bool], scope: str, heads: int) -> str:
    """Return one row as HTML, its first cells headers; an empty header would be announced for every cell."""
    cells = []
    for place, (text, number) in enumerate(zip(texts, numbers, strict=True)):
        tag, opening = ("th", f'th scope="{scope}"') if place < heads and text else ("td", "td")
        name = "number" if number else "" if scope == "col" else _width(tag, text)
        marked = f' class="{name}"' if name else ""
        written = re.sub(r"^&lt; (?=\d)", "&lt;&nbsp;", html.escape(text))  # a p-value is not broken over lines
        cells.append(f"<{opening}{marked}>{written}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>"


def _width(tag: str, text: str) -> str:
    """Names stay on one line and sentences keep some width, so that a phone does not squeeze them into columns."""
    if tag == "th" and len(text) <= CODE:
        return "short code"
    return "short" * (len(text) <= SHORT) if tag == "th" else "long" * (len(text) > SHORT)


@check_kinds
def table_frame(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    language: str = "en",
    digits: int | None = None,
    simulated: Sequence[str] = (),
    names: Mapping[str, tuple[str, str]] | None = None,
) -> Table:
    """Make a frame of the package ready to show: chosen columns, words, numbers and dates in the language.

    Parameters
    ----------
    frame
        Any table of this package.
    columns
        Which columns, in order; default all. The first names the rows; labels in the frame's index stand before all.
    language
        ``"en"`` or ``"vi"``.
    digits
        Decimals of numbers that are not counts or shares; default 2 in each column, more where its numbers are small
        and fewer where they are large, but for small ones beside them.
    simulated
        Inputs that were made up; the caption says so.
    names
        Of units and dimensions, as a study, a panel and an answer have them: units are written by them, dimensions by
        code and name.

    Returns
    -------
    Table
        Of texts; the index is the first column.

    Raises
    ------
    SpecError
        There is no such column or language, or no column is named.

    Examples
    --------
    >>> table_frame(pd.DataFrame({"dimension": ["D1"], "score": [5.123]}), language="vi").iloc[0, 0]
    '5,12'

    """
    tongue = find_language(language)
    if columns is None:
        frame = frame.drop(columns="code", errors="ignore")
    else:
        check_columns(frame, columns)
        frame = frame[list(columns)]
    return _in_words(frame, tongue, digits, simulated, names)


def _in_words(
    frame: pd.DataFrame,
    tongue: Language,
    digits: int | Sequence[int] | None,
    simulated: Sequence[str],
    names: Mapping[str, tuple[str, str]] | None,
) -> Table:
    """Write all columns of a frame, with so many decimals in all rows, or in each, or by its columns."""
    frame = _with_labels(frame)
    if not len(frame.columns):
        raise SpecError(Note("the table has no columns. Name some that it has."))
    cells = []
    for name, values in frame.items():
        if names:
            values = _by_name(values, str(name), tongue, names)
        places = _places(values, tongue) if digits is None else np.broadcast_to(digits, len(values)).tolist()
        shown = zip(values.tolist(), places, strict=True)
        cells.append([Text(_cell(value, str(name), tongue, each), value) for value, each in shown])
    return as_table([_label(name, tongue) for name in frame.columns], cells, tongue, mark(simulated, tongue))


def full_name(code: str, tongue: Language, names: Mapping[str, tuple[str, str]]) -> str:
    """Write a dimension's code and name, or the words for a row of the family as a whole."""
    if code in FAMILY:
        return tongue.text(FAMILY[code])
    name = tongue.name(code, names)
    return code if name == code else f"{code} {name}"


def _by_name(values: pd.Series, column: str, tongue: Language, names: Mapping[str, tuple[str, str]]) -> pd.Series:
    """Write units and dimensions by their names; other values stay as they are."""
    if column in UNITS:
        return values.map(lambda code: tongue.name(code, names))
    return values.map(lambda code: full_name(code, tongue, names)) if column == "dimension" else values


def check_columns(frame: pd.DataFrame, columns: Sequence[str], also: Collection[str] = ()) -> None:
    """Refuse columns that a frame does not have: none is left out in silence."""
    known = list(frame.columns)
    unknown = [str(name) for name in columns if name not in known and name not in also]
    if unknown:
        values = {"names": ", ".join(unknown), "known": ", ".join(map(str, known))}
        raise SpecError(Note("the table has no column {names}. It has {known}.", values))


def as_table(heads: Sequence[str], columns: Sequence[Sequence[str]], tongue: Language, caption: str = "") -> Table:
    """Put texts together, column by column; the first column names the rows."""
    texts = pd.DataFrame(dict(enumerate(columns)), dtype=object)
    shown = Table(texts.iloc[:, 1:])
    shown.columns = pd.Index(heads[1:], dtype=object, name=heads[0])
    shown.index = pd.Index(list(columns[0]), dtype=object)
    shown.caption, shown.language = caption, tongue.code
    return shown


def _with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Put labels that stand in a frame's index into columns before the others; a plain count of rows is none."""
    index = frame.index
    if index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index.dtype):
        return frame
    names = ["" if name is None else name for name in index.names]
    labels = index.to_frame(index=False, name=names if index.nlevels > 1 else names[0])
    return pd.concat([labels, frame.reset_index(drop=True)], axis=1)


@check_kinds
def table_estimates(
    estimates: Estimates,
    columns: Sequence[str] | None = None,
    *,
    language: str = "en",
    digits: int | None = None,
) -> Table:
    """Make the table of an answer ready to show; unless asked for, columns missing throughout are left out.

    Parameters
    ----------
    estimates
        The answer.
    columns
        Which columns after the dimension, in order; default all that are not missing throughout.
    language
        ``"en"`` or ``"vi"``.
    digits
        Decimals; default 2 for scores, 3 for slopes, more where all estimates would be 0 in so many, and in a row of a
        far smaller size.

    Returns
    -------
    Table
        Of texts, a row a dimension; the caption says in a line what they are, and which inputs were made up.

    Raises
    ------
    SpecError
        There is no such column or language, or the column is one that would mislead.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> table_estimates(pa.target_attainment(study), ["outcome"]).shape
    (7, 1)
    """
    frame, tongue = shown_columns(estimates, columns), language_of(language, estimates.names)
    places: int | list[int] | None = digits
    if digits is None:
        usual = 3 if is_slopes(estimates) else 2
        points = sizes(estimates.table, ("estimate", "low", "high", "change"))
        shared = tongue.fine(chain.from_iterable(points), usual)
        places = tongue.fine_by_row(sizes(estimates.table), usual, shared)
    shown = _in_words(frame, find_language(language), places, estimates.simulated_tables, estimates.names)
    words = caption(estimates, [*frame], tongue)
    shown.caption = ". ".join(filter(None, (shown.caption, words)))
    return shown


def sizes(table: pd.DataFrame, columns: Sequence[str] = POINTS) -> list[list[float]]:
    """Return the numbers of an answer that are in points, row by row."""
    rows: list[list[float]] = table[[name for name in columns if name in table]].astype(float).to_numpy().tolist()
    return rows


def shown_columns(estimates: Estimates, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the columns of an answer that its table shows, numbers as they are: those asked for, or all with any."""
    table = estimates.table
    hidden = hidden_columns(estimates)
    renamed = RENAMED.get(estimates.question, {})
    if columns is None:
        there = [name for name in table if name not in hidden and table[name].notna().any()]
        return table[there].rename(columns=renamed)
    check_columns(table, columns, renamed.values())
    if {*hidden} & {*columns}:
        raise SpecError(Note(NO_ERROR.text, {"name": estimates.question}))
    return table.rename(columns=renamed)[["dimension", *(renamed.get(name, name) for name in columns)]]


def hidden_columns(estimates: Estimates) -> list[str]:
    """Columns that no table shows: an error that is the spread over reassignments of few units would mislead."""
    asked = estimates.design
    few = isinstance(asked, SlopeDesign) and asked.inference == "reassignment" and asked.effective < STUDENTISED
    return ["se"] if few and "se" in estimates.table else []


def mark(simulated: Sequence[str], tongue: Language) -> str:
    """Say which inputs are simulated, or nothing."""
    if not simulated:
        return ""
    return tongue.text("SIMULATED: {tables}", tables=", ".join(tongue.text(name) for name in simulated))


def _places(values: pd.Series, tongue: Language) -> list[int]:
    """Decimals by the size of the numbers in a column; where large ones take decimals away, small ones keep theirs."""
    numbers = [value if isinstance(value, float) else math.nan for value in values.tolist()]
    shared = tongue.fine(numbers)
    return [shared] * len(numbers) if shared >= 2 else tongue.fine_by_row([[value] for value in numbers], 2, shared)


def _label(name: object, tongue: Language) -> str:
    if isinstance(name, tuple):
        return ", ".join(_label(part, tongue) for part in name if part != "")
    name = str(name)
    if not name:
        return ""
    if name.startswith("shift_"):
        return tongue.text("National shift {year}", year=name.removeprefix("shift_"))
    return tongue.text(LABELS.get(name, name))


def _cell(value: object, name: str, tongue: Language, digits: int) -> str:
    value = value.item() if isinstance(value, np.bool_ | np.number) else value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return MISSING
    if isinstance(value, bool):
        return tongue.text("yes") if value else tongue.text("no")
    if isinstance(value, date):
        return tongue.date(value)
    if isinstance(value, int | float):
        if name in SHARES:
            return tongue.percent(float(value))
        if name in P_VALUES:
            return tongue.p_value(float(value))
        whole = isinstance(value, int) or name.startswith(("rank", "group"))
        plain_year = name.endswith("year") or name.startswith("period_")
        return f"{value:.0f}" if plain_year else tongue.number(float(value), 0 if whole else digits)
    if isinstance(value, Note):
        return tongue.say(value)
    if name in CODES and value in CODES[name]:
        return tongue.text(CODES[name][str(value)])
    if isinstance(value, str) and value in FAMILY:
        return tongue.text(FAMILY[value])
    return re.sub(r"[ \t\r\n]+", " ", str(value)).strip()  # a cell of a workbook may have several lines
