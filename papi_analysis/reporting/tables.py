"""Frames ready to show: words for columns, numbers and dates in the reader's language."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.language import MISSING, Language, find_language

#: Words for the columns of the package's tables.
LABELS = {
    "agency": "Lead agency",
    "as_of": "Date",
    "base": "Base",
    "case": "Case",
    "begun": "Tasks begun",
    "cells": "Scores",
    "completion_change": "Change of completion",
    "crosses_break": "Crosses a break",
    "detectable": "Detectable",
    "decimals": "Decimals given",
    "digits": "Digits",
    "error": "Monte Carlo error",
    "fewest": "Fewest digits",
    "figures": "Figures",
    "file": "File",
    "own": "Brought by the study",
    "rows": "Rows",
    "sha256": "Checksum",
    "simulated": "Simulated",
    "table": "Table",
    "title": "Title",
    "what_vi": "What changed",
    "full": "To the last digit",
    "given": "Digits given",
    "ours": "Ours",
    "quantity": "Quantity",
    "reference": "Reference",
    "remark": "Remark",
    "source": "Source",
    "df_cr2": "Degrees of freedom (CR2)",
    "floor": "Smallest p-value",
    "from_year": "From",
    "is_due": "Due by then",
    "p_holm": "Holm p-value",
    "p_joint": "Joint p-value",
    "score_change": "Change of score",
    "se_cr2": "Standard error (CR2)",
    "share": "Share of the task",
    "to_year": "To",
    "complete": "Share complete",
    "completion": "Completion",
    "completion_max": "Highest completion",
    "completion_mean": "Mean completion",
    "correlation": "Correlation",
    "dimension": "Dimension",
    "df": "Degrees of freedom",
    "due": "Due",
    "dropped": "Not usable",
    "estimate": "Slope per 10 points",
    "first_year": "From",
    "gain": "Gain",
    "gaps": "Gaps",
    "group": "Group of four",
    "group_base": "Group before",
    "group_end": "Group after",
    "high": "High",
    "in_time": "In time",
    "last_report": "Last report",
    "last_year": "To",
    "late": "Late",
    "lead_agency": "Lead agency",
    "lead_agency_en": "Lead agency",
    "lead_agency_vi": "Lead agency",
    "low": "Low",
    "max": "Highest",
    "mean": "Mean",
    "min": "Lowest",
    "missing": "Missing",
    "n": "Cells",
    "name_en": "English name",
    "name_vi": "Vietnamese name",
    "scale_min": "Scale from",
    "scale_max": "Scale to",
    "from_mean": "From the mean",
    "known": "Known by then",
    "national": "National change",
    "needed": "Needed",
    "of_due": "Of tasks due",
    "often": "Gained as much",
    "often_high": "Net, from as high",
    "often_net": "Net of the mean",
    "on_time": "Share on time",
    "outcome": "Outcome",
    "p": "p-value",
    "fakes": "Fake programmes",
    "found": "Found",
    "alarms_alike": "False alarms, as high",
    "alarms_all": "False alarms, all",
    "rmse": "Error (RMSE)",
    "coverage": "Coverage",
    "coverage_all": "Coverage, all at once",
    "coverage_each": "Coverage, each",
    "coverage_mean": "Coverage, mean",
    "coverage_within": "Coverage, within",
    "attainable": "Attainable size",
    "inference": "Inference",
    "path": "Completion",
    "programme_units": "Programme units",
    "slopes": "True slopes",
    "studies": "Simulated studies",
    "verdict": "What it can tell",
    "draws": "Draws",
    "seed": "Seed",
    "versions": "Versions",
    "mc_error": "Monte Carlo error",
    "false_alarms": "False alarms",
    "who": "Fake programmes on",
    "panel": "Panel",
    "years": "Years",
    "form": "Form",
    "lag": "Lag",
    "without": "Left out of donors",
    "before": "Years before",
    "method": "Method",
    "reports": "Reports",
    "known_on": "Known on",
    "turns": "Conclusion turns",
    "overstated": "Overstated by",
    "left_out": "Left out",
    "mean_gap": "Gap",
    "spread": "Spread of placebos",
    "detectable_gap": "Detectable gap",
    "fit": "Fit before",
    "choice": "Choice",
    "instrument": "Instrument",
    "period_start": "Period from",
    "period_end": "Period to",
    "reversion": "Share lost",
    "expected": "Expected",
    "beyond": "Beyond",
    "change": "Change",
    "usual": "Usual p",
    "rank": "Rank",
    "rank_base": "Rank before",
    "rank_end": "Rank after",
    "ranked": "Units ranked",
    "ranked_base": "Units before",
    "ranked_end": "Units after",
    "intercept": "Intercept",
    "reached": "Reached",
    "revised": "Revised",
    "score": "Score",
    "sd_between": "SD between units",
    "sd_within": "SD within units",
    "se": "Standard error",
    "start": "Start",
    "statistic": "Statistic",
    "target": "Target",
    "task": "Task",
    "tasks": "Tasks",
    "test": "Test",
    "title_en": "Title",
    "title_vi": "Title",
    "truth": "True slope",
    "unit": "Unit",
    "units": "Units",
    "unreported": "Unreported",
    "what": "What changed",
    "kind": "Kind",
    "kinds": "Kind",
    "standing": "Standing",
    "shift": "National shift",
    "weight": "Weight",
    "windows": "Windows",
    "windows_high": "Windows from as high",
    "year": "Year",
}

#: What the columns of slopes are called where the estimate is a gap.
AS_GAPS = {"estimate": "mean_gap", "se": "spread", "detectable": "detectable_gap"}

#: Columns that hold shares, shown in percent.
SHARES = (
    "false_alarms",
    "mc_error",
    "coverage",
    "alarms_all",
    "alarms_alike",
    "found",
    "known",
    "overstated",
    "completion",
    "completion_change",
    "low_completion",
    "high_completion",
    "of_due",
    "often",
    "often_high",
    "often_net",
    "complete",
    "on_time",
    "completion_mean",
    "completion_max",
)

#: Columns that hold p-values: three decimals, and below 0.001 only that.
P_VALUES = ("p", "p_joint", "p_holm", "floor")

#: Columns that hold words of the package.
WORDS = ("choice", "who", "inference", "path", "slopes", "verdict")

#: Words that stand for the family of dimensions as a whole.
FAMILY = {
    "mean": "Mean of the family",
    "total": "Sum of the family",
    "within": "Within the programme",
    "equal slopes": "Equal slopes",
    "family": "Any of the family",
    "joint permutation": "Joint permutation",
}


#: What can break the comparability of a score, as a table of breaks names it.
KINDS = {"definition": "definition", "sample": "sample", "mode": "mode", "level": "level"}


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
    if estimates.question == "programme_impact":
        table = table.rename(columns=AS_GAPS)
        columns = None if columns is None else [AS_GAPS.get(name, name) for name in columns]
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
        return tongue.text(str(value))
    if name == "kind" and value in KINDS:
        return tongue.text(KINDS[value])
    if isinstance(value, str) and value in FAMILY:
        return tongue.text(FAMILY[value])
    return re.sub(r"[ \t\r\n]+", " ", str(value)).strip()  # a cell of a workbook may have several lines
