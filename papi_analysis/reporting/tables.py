"""Frames ready to show: words for columns, numbers and dates in the reader's language."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.labels import CODES, FAMILY, LABELS, P_VALUES, RENAMED, SHARES, WORDS
from papi_analysis.reporting.language import MISSING, Language, find_language


class Table(pd.DataFrame):  # type: ignore[misc]  # pandas ships no types
    """A frame of texts that shows all of itself, under a caption where it has one."""

    _metadata = ("caption",)
    caption: str = ""

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            page: str = self.to_html(border=0, max_rows=None, max_cols=None)
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        return page.replace(">", f">\n  {caption}", 1) if caption else page

    def __repr__(self) -> str:
        with pd.option_context("display.max_colwidth", None, "display.width", 200):
            rows: str = self.to_string(max_rows=None, max_cols=None)
        return f"{self.caption}\n{rows}" if self.caption else rows


def table_frame(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    language: str = "en",
    digits: int = 2,
    simulated: Sequence[str] = (),
) -> Table:
    """Make a frame of the package ready to show: chosen columns, words, numbers and dates in the language.

    Parameters
    ----------
    frame
        Any table of this package.
    columns
        Which columns, in order; default all. The first names the rows.
    language
        ``"en"`` or ``"vi"``.
    digits
        Decimals of numbers that are not counts or shares.
    simulated
        Inputs that were made up; the caption says so.

    Returns
    -------
    Table
        Of texts; the index is the first column.

    Examples
    --------
    >>> table_frame(pd.DataFrame({"dimension": ["D1"], "score": [5.123]}), language="vi").iloc[0, 0]
    '5,12'

    """
    tongue = find_language(language)
    chosen = list(frame.columns) if columns is None else list(columns)
    cells = {name: [_cell(value, str(name), tongue, digits) for value in frame[name].tolist()] for name in chosen}
    texts = pd.DataFrame(cells, dtype=object)
    texts.columns = pd.Index([_label(str(name), tongue) for name in chosen], dtype=object)
    shown = Table(texts.set_index(texts.columns[0]))
    shown.columns.name, shown.index.name = shown.index.name, None
    shown.caption = mark(simulated, tongue)
    return shown


def table_estimates(
    estimates: Estimates,
    columns: Sequence[str] | None = None,
    *,
    language: str = "en",
    digits: int | None = None,
) -> Table:
    """Make the table of an answer ready to show; columns that are missing throughout are left out.

    Parameters
    ----------
    estimates
        The answer.
    columns
        Which columns after the dimension, in order; default all.
    language
        ``"en"`` or ``"vi"``.
    digits
        Decimals; default 2 for scores, 3 for slopes.

    """
    if digits is None:
        digits = 3 if estimates.question.endswith("slopes") else 2
    frame = shown_columns(estimates, columns)
    return table_frame(frame, language=language, digits=digits, simulated=estimates.simulated_tables)


def shown_columns(estimates: Estimates, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the columns of an answer that its table shows, numbers as they are."""
    table = estimates.table
    hidden = set()
    if estimates.design.get("inference") == "reassignment":
        hidden.add("se")  # it studentises the draws; read by itself it would mislead with so few units
    renamed = RENAMED.get(estimates.question, {})
    table = table.rename(columns=renamed)
    columns = None if columns is None else [renamed.get(name, name) for name in columns]
    wanted = list(table.columns) if columns is None else ["dimension", *columns]
    return table[[name for name in wanted if name not in hidden and table[name].notna().any()]]


def mark(simulated: Sequence[str], tongue: Language) -> str:
    """Say which inputs are simulated, or nothing."""
    if not simulated:
        return ""
    return tongue.text("SIMULATED: {tables}", tables=", ".join(tongue.text(name) for name in simulated))


def _label(name: str, tongue: Language) -> str:
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
        plain_year = name.endswith("year")
        return f"{value:.0f}" if plain_year else tongue.number(float(value), 0 if whole else digits)
    if name in WORDS:
        return tongue.say(value) if isinstance(value, Note) else tongue.text(str(value))
    if name in CODES and value in CODES[name]:
        return tongue.text(CODES[name][str(value)])
    if isinstance(value, str) and value in FAMILY:
        return tongue.text(FAMILY[value])
    return re.sub(r"[ \t\r\n]+", " ", str(value)).strip()  # a cell of a workbook may have several lines
