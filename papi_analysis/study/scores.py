"""The published scores, and the check that any table of scores must pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Name, Note, SpecError
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.checks import check_frame
from papi_analysis.study.codebook import data_folder, find_unit, load_dimensions, load_units, unit_names
from papi_analysis.study.findings import Findings, nearest
from papi_analysis.study.schema import DIMENSIONS, SCORES, SUBDIMENSION_SCORES
from papi_analysis.study.tables import load_table, read_table
from papi_analysis.study.words import plain

Level = Literal["dimension", "subdimension"]
Index = Literal["papi", "digital_transformation", "public_services", "competitiveness"]

SEVERAL = Note(
    'Write one row for each dimension, and add the column "Share of the task" (share): the part of the task that '
    "serves it; the parts of a task sum to 1."
)
#: Of more dimensions than these the codes alone are listed.
LISTED_NAMES = 12
#: How several dimensions stand in one cell.
_PARTS = re.compile(r"[,;/&+\n]| và | and ")
#: What the columns are called in a sentence.
_NOUNS = {"unit": Note("unit"), "dimension": Note("dimension"), "score": Note("score"), "target": Note("target")}


@check_kinds
def load_scores(level: Level = "dimension", index: Index = "papi") -> pd.DataFrame:
    """Load the published PAPI scores of all provinces, 2011-2024, or what another index says of them.

    A cell that was not published has no row: gaps stay gaps. Scores across a break are not comparable over
    time; within a year they are (see ``load_breaks``).

    Parameters
    ----------
    level
        ``"dimension"`` for the eight dimensions (1 to 10), ``"subdimension"`` for their parts (scale in
        ``load_subdimensions``). Other indices have dimensions alone.
    index
        ``"papi"``; ``"digital_transformation"`` (63 provinces, 2022-2023), ``"public_services"`` (11 provinces whose
        borders stayed, 2022-2024) or ``"competitiveness"`` (firms, 2005-2016). Their terms and checks stand in
        ``data/provinces/datapackage.json``.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``dimension``, ``score``; for the parts also ``subdimension``, a stable name, and
        ``number``, the official number in that year.

    Source: CECODES, VFF-CRT, RTA & UNDP, the PAPI report of each year.

    Raises
    ------
    SpecError
        There is no such level or index.

    Examples
    --------
    >>> scores = load_scores()
    >>> round(float(scores.query("unit == 'VN-CT' and year == 2016").score.sum()), 2)  # first of 63
    39.57
    >>> len(load_scores(index="digital_transformation"))
    630
    """
    if index != "papi":
        return _load_other(index, level)
    if level not in ("dimension", "subdimension"):
        raise SpecError(Note("level is 'dimension' or 'subdimension', not {level!r}.", {"level": level}))
    if level == "dimension":
        return _load_checked(data_folder() / "papi" / "scores.csv", "papi").copy()
    return load_table(data_folder() / "papi" / "subdimension_scores.csv", SUBDIMENSION_SCORES)


def _load_other(index: str, level: str) -> pd.DataFrame:
    folder = data_folder() / "provinces"
    parts = read_table(folder / "dimensions.csv")
    known = ("papi", *parts["index"].unique())
    if index not in known or level != "dimension":
        raise SpecError(
            Note(
                "index is one of {names}, all but 'papi' with level='dimension'.",
                {"names": ", ".join(map(repr, known))},
            )
        )
    return _load_checked(folder / f"{index}.csv", index).copy()


@cache
def _load_checked(path: Path, index: str) -> pd.DataFrame:
    """Load a file of scores once, checked against the units and the dimensions of its index."""
    dimensions = load_dimensions()
    if index != "papi":
        parts = read_table(path.with_name("dimensions.csv"))
        dimensions = check_frame(parts[parts["index"] == index].drop(columns="index"), DIMENSIONS, "dimensions.csv")
    return check_scores(load_table(path, SCORES), load_units(), dimensions, path.name)


def check_scores(
    scores: pd.DataFrame, units: pd.DataFrame, dimensions: pd.DataFrame, file: str = "scores"
) -> pd.DataFrame:
    """Return ``scores`` in the schema's kinds once all units and dimensions are known and all scores on scale.

    A column ``se`` may hold the standard error of each score, empty where it is not known.

    Raises
    ------
    DataError
        Listing every problem of the table.
    """
    findings = Findings(file)
    scores = check_frame(scores, SCORES, file, findings)
    _check_years(scores, findings)
    check_names(scores, units, dimensions, findings)
    check_scale(scores, "score", dimensions, findings)
    check_errors(scores, findings)
    findings.raise_any()
    return scores


def check_errors(scores: pd.DataFrame, findings: Findings) -> None:
    """Note each row whose standard error is 0 or below: no score that was measured is without error."""
    if "se" in scores:
        what, remedy = Note("the standard error is not above 0"), Note("Leave the cell empty where it is not known.")
        findings.add_rows(scores[scores["se"] <= 0], "se", what, remedy)


def add_scores(scores: pd.DataFrame, later: pd.DataFrame, file: str = "later_scores") -> pd.DataFrame:
    """Return ``scores`` with the rows of ``later`` below them; both are checked, and no cell may be in both.

    Raises
    ------
    DataError
        Naming each row whose score is in ``scores`` already.
    """
    key, findings = list(SCORES.key), Findings(file)
    twice = pd.MultiIndex.from_frame(later[key]).isin(pd.MultiIndex.from_frame(scores[key]))
    what = Note("the data have a score of this unit, year and dimension already")
    findings.add_rows(later[twice], "score", what, Note("Leave the row out, or give all scores in the table scores."))
    findings.raise_any()
    return pd.concat([scores, later], ignore_index=True)


def _check_years(scores: pd.DataFrame, findings: Findings) -> None:
    """Note years that a gap of half a century parts from most others, like 18 for 2018: a slip, and no other wave."""
    years = scores["year"].dropna().sort_values()
    block = (years.diff() > 50).cumsum()
    far = scores.loc[block.index[block != block.iloc[len(block) // 2]].sort_values()] if len(block) else scores[:0]
    what = Note("the year is more than 50 years from the others")
    findings.add_rows(far, "year", what, Note("Correct the year."))


def check_names(
    frame: pd.DataFrame,
    units: pd.DataFrame,
    dimensions: pd.DataFrame,
    findings: Findings,
    chosen: Collection[str] | None = None,
) -> None:
    """Note each row with a unit or a dimension that is not known, with the one that may be meant.

    Where ``chosen`` names the dimensions of the programme, so is each row with another.
    """
    check_known(frame, "unit", units["unit"], findings, lambda name: meant_unit(name, units))
    spellings = dimension_spellings(dimensions)
    own = dimensions if chosen is None else dimensions[dimensions["dimension"].isin(chosen)]
    listed = Name.listed(
        Name(f"{code} ({english})", f"{code} ({vietnamese or english})")
        for code, english, vietnamese in own[["dimension", "name_en", "name_vi"]].itertuples(index=False)
    )

    def one_of(name: str) -> Note:
        parts = [plain(part) for part in _PARTS.split(name)]
        if len(parts) > 1 and any(part in spellings for part in parts):
            return SEVERAL
        if len(own) > LISTED_NAMES:
            return nearest(name, own["dimension"])
        return Note("Write one of the codes: {names}.", {"names": listed})

    check_known(frame, "dimension", dimensions["dimension"], findings, one_of)
    others = frame[frame["dimension"].isin({*dimensions["dimension"]} - {*own["dimension"]})]
    what = Note("study.toml does not list this dimension among those of the programme: {names}", {"names": listed})
    remedy = Note("Correct it, leave the row out, or add the dimension to dimensions in study.toml.")
    findings.add_rows(others, "dimension", what, remedy)


def meant_unit(name: str, units: pd.DataFrame) -> Note:
    """Say which unit a name may mean, as a remedy."""
    try:
        return Note("Write its code, {code!r}.", {"code": find_unit(name, units)})
    except SpecError:
        near = nearest(name, [*units["unit"], *units["name_en"], *units["name_vi"]])
        first = Name.listed([*unit_names(units).values()][:8])
        return near if "name" in near.values or len(units) <= 8 else Note("Known: {names}, ...", {"names": first})


def check_known(
    frame: pd.DataFrame,
    column: str,
    known: pd.Series,
    findings: Findings,
    remedy: Callable[[str], Note] | None = None,
) -> None:
    """Note each row whose ``column`` holds a name that is not among ``known``; by default with the nearest one."""
    strangers = frame[~frame[column].isin({*known, ""})]  # an empty cell is noted as such already
    what = Note("this {column} is not known", {"column": _NOUNS[column]})
    findings.add_rows(strangers, column, what, remedy or (lambda v: nearest(v, known)))


def check_scale(frame: pd.DataFrame, column: str, dimensions: pd.DataFrame, findings: Findings) -> None:
    """Note each row whose ``column`` is off the scale of its dimension."""
    scale = dimensions.set_index("dimension")
    low = frame["dimension"].map(scale["scale_min"])
    high = frame["dimension"].map(scale["scale_max"])
    # Four printed decimals: a score on the edge may be printed half a unit of the last digit beyond it.
    outside = (frame[column] < low - 5e-5) | (frame[column] > high + 5e-5)
    noun = _NOUNS[column]
    for dimension, rows in frame[outside].groupby("dimension"):
        least, most = map(float, scale.loc[dimension, ["scale_min", "scale_max"]])
        what = Note(
            "the {column} of {dimension} is outside {low:g} to {high:g}",
            {"column": noun, "dimension": dimension, "low": least, "high": most},
        )
        remedy = Note("Correct it, or remove the row if the {column} is not known.", {"column": noun})
        findings.add_rows(rows, column, what, remedy)
