"""Tables as they come, of any make and shape, become the axes and the arrays of a panel."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.errors import DataWarning, Note, SpecError
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import Findings
from papi_analysis.study.relations import Table, as_relations
from papi_analysis.study.schema import BREAKS, COMPLETION, KNOWN_PROGRAMMES, SCORES, Column, Schema, name_text
from papi_analysis.study.scores import check_errors, check_known

Axes = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]

#: What names a cell.
KEY = ("unit", "year", "dimension")
#: What the axes of a panel are called in a sentence.
AXES = {"unit": Note("unit"), "year": Note("year"), "dimension": Note("dimension")}
#: Rows of tables that stand for the family of dimensions as a whole.
FAMILY_ROWS = ("mean", "within")

#: Scores in memory may hold empty cells: holes, as if the row were not there.
WITH_HOLES = replace(
    SCORES, columns=tuple(replace(column, empty=column.name in ("score", "se")) for column in SCORES.columns)
)

UNUSED = Note(
    "Completion above 0 in {years} is not used: nobody was surveyed then. Give completion as it stood when the "
    "surveys of {surveys} were in the field."
)

NO_ROWS = Note(
    "a table of scores or of completion has no rows. Give one row a cell; where no completion is known, give scores "
    "alone."
)
TWO_COMPLETIONS = Note(
    "completion stands in a column of the scores and in a table of its own. Give one of them: "
    "scores.drop(columns='completion')."
)
NO_SCORES = Note("Breaks of {dimensions} are not used: the table of scores has no such dimension.")
#: What may have changed in a break.
BREAK_KINDS = "definition", "sample", "mode", "level"

NO_BREAKS = pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []})
NO_PROGRAMMES = pd.DataFrame({"unit": [], "period_start": [], "period_end": [], "plan": []})


def as_frame(table: Table) -> pd.DataFrame:
    """Return a table of any make as a frame: named levels of its index are columns, days in ``year`` are years.

    Examples
    --------
    >>> days = pd.period_range("2018", periods=2, freq="Y", name="year")
    >>> as_frame(pd.DataFrame({"score": [5.0, 6.0]}, index=days)).to_numpy().tolist()
    [[2018.0, 5.0], [2019.0, 6.0]]
    """
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    if not isinstance(frame, pd.DataFrame):
        with as_relations(table) as ((relation,), _):
            frame = relation.df()
    labels = [name for name in frame.index.names if name is not None and name not in frame.columns]
    frame = frame.reset_index(labels) if labels else frame
    return frame.assign(year=_years(frame["year"])) if list(frame.columns).count("year") == 1 else frame


def _years(values: pd.Series) -> pd.Series:
    """Years of days, moments and periods; whatever else stands there stays."""
    if hasattr(values, "dt"):
        return values.dt.year
    days = (dt.date, pd.Period, np.datetime64)
    if values.dtype != object or not any(isinstance(value, days) for value in values):
        return values
    return values.map(lambda value: pd.Timestamp(str(value)).year if isinstance(value, days) else value)


@check_kinds
def long_frame(
    table: Table,
    across: str | Sequence[str] | None = None,
    *,
    value: str = "score",
    rename: Mapping[Any, str] | None = None,
    dimension: str | None = None,
) -> pd.DataFrame:
    """Turn a table with years, dimensions or units in its head into one row a cell, as ``Panel.from_frames`` takes it.

    Parameters
    ----------
    table
        A frame of pandas, Polars or PyArrow, or a Series; what names a row may stand in columns or in a named index.
    across
        What the head holds: ``"year"``, ``"dimension"`` or ``"unit"``; two of them, in order, where the head has two
        levels. None where each row is a cell already.
    value
        What the cells hold: ``"score"``, ``"completion"``, or the name of a control.
    rename
        Own names of columns or levels, with ours: ``{"country": "unit", "gdp": "score"}``.
    dimension
        The name of the only dimension, where the table has none.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``dimension`` and ``value``; without ``across`` all columns that there are. Empty cells
        stay empty.

    Raises
    ------
    SpecError
        Where unit, year or dimension are in no column, or in a column and in the head.

    Examples
    --------
    >>> wide = pd.DataFrame({"country": ["a", "b"], "2018": [5.0, 5.5], "2019": [6.0, None]})
    >>> long_frame(wide, "year", rename={"country": "unit"}, dimension="trust").to_numpy().tolist()
    [['a', '2018', 'trust', 5.0], ['b', '2018', 'trust', 5.5], ['a', '2019', 'trust', 6.0], ['b', '2019', 'trust', nan]]
    """
    head = [across] if isinstance(across, str) else list(across or ())
    frame = as_frame(table).rename(columns=dict(rename or {}))
    if len(head) > 1:  # the columns of the index have a head of several levels now
        frame.columns = pd.Index([_one_name(name) for name in frame.columns], tupleize_cols=False)
    if dimension is not None and "dimension" not in [*head, *frame.columns]:
        frame.insert(0, "dimension", dimension)
    if not head:
        return as_frame(_in_order(frame, [name for name in frame.columns if name not in KEY]))
    wrong = [name for name in KEY if (name in head) == (name in frame.columns)]
    if wrong or not set(head) <= set(KEY):
        raise SpecError(
            "each of unit, year and dimension stands in a column or in the head (across), not so {names}. The columns "
            "are {columns}; name them by rename={{'country': 'unit'}}, and a single dimension by dimension='trust'.",
            names=", ".join(wrong or head),
            columns=_shown(frame.columns),
        )
    rows = [name for name in KEY if name not in head]
    long = frame.melt(rows, var_name="head", value_name=value)
    parts = long.pop("head")
    for place, name in enumerate(head):
        long[name] = parts.str[place] if len(head) > 1 else parts
    return as_frame(_in_order(long, [value]))


def _one_name(name: Any) -> Any:
    """The name of a column whose other levels are empty."""
    filled = [part for part in name if part != ""] if isinstance(name, tuple) else [name]
    return filled[0] if len(filled) == 1 else name


def _in_order(frame: pd.DataFrame, values: Sequence[Any]) -> pd.DataFrame:
    return frame[[*(name for name in KEY if name in frame.columns), *values]]


def _shown(labels: Sequence[Any]) -> str:
    """Name the first of many labels."""
    return ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")


def panel_parts(
    scores: Table,
    completion: Table | None,
    *,
    years: tuple[int, int] | None,
    dimensions: Sequence[str | int] | None,
    without_programme: Sequence[str | int],
    breaks: Table | None,
    names: Mapping[Any, str | tuple[str, str]] | None,
    controls: Table | None,
    known_programmes: Table | None,
) -> dict[str, Any]:
    """Check the tables of ``Panel.from_frames`` and give what a panel is made of, by name."""
    scores = as_frame(scores)
    completion = None if completion is None else as_frame(completion)
    if scores.empty or (completion is not None and completion.empty):
        raise SpecError(NO_ROWS)
    done = scores[[*KEY, "completion"]] if completion is None and {*KEY, "completion"} <= {*scores} else completion
    if completion is not None and "completion" in scores and scores["completion"].notna().any():
        raise SpecError(TWO_COMPLETIONS)
    findings = Findings("scores")
    scores = check_frame(scores, WITH_HOLES, "scores", findings)
    check_errors(scores, findings)
    findings.raise_any()
    cells = scores[[*KEY]].assign(completion=np.nan) if done is None else _completion(done, scores)
    family = tuple(dict.fromkeys(cells["dimension"])) if dimensions is None else tuple(map(name_text, dimensions))
    without = sorted({*map(name_text, without_programme)})
    _check_labels(scores, family, without)
    axes = _axes(scores, family, years)
    between = cells["year"].between(*first_and_last(years, "years")) if years is not None else True
    tell_unused(cells.loc[between & (cells["completion"] > 0) & cells["dimension"].isin(family), "year"], axes[1])
    filled = _cube(cells, "completion", axes)
    both = [] if done is None else sorted(set(without) & set(cells["unit"]))
    if both:
        raise SpecError("{both} has completion and is declared to be without a programme.", both=", ".join(both))
    filled[np.isin(axes[0], without)] = 0.0
    return {
        "scores": _cube(scores, "score", axes),
        "completion": filled,
        **dict(zip(("units", "years", "dimensions"), axes, strict=True)),
        "breaks": _breaks(breaks, scores),
        "names": {name_text(code): _pair(code, given) for code, given in (names or {}).items()},
        "controls": {} if controls is None else _controls(as_frame(controls), axes),
        "known_programmes": _programmes(known_programmes, scores),
        "se": _cube(scores, "se", axes) if "se" in scores and scores["se"].notna().any() else None,
    }


def _completion(table: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Check completion, of units that have scores."""
    cells = check_frame(table, COMPLETION, "completion")
    findings = Findings("completion")
    check_known(cells, "unit", scores["unit"], findings)
    findings.raise_any()
    return cells


def _checked(table: Table | None, schema: Schema, none: pd.DataFrame) -> pd.DataFrame:
    frame = none if table is None else as_frame(table)
    return none.copy() if frame.empty else check_frame(frame, schema, schema.name)


def _breaks(table: Table | None, scores: pd.DataFrame) -> pd.DataFrame:
    """Check breaks, and warn of those of dimensions that have no scores."""
    breaks, findings = _checked(table, BREAKS, NO_BREAKS), Findings("breaks")
    strange = breaks[~breaks["kind"].isin(BREAK_KINDS)]
    remedy = Note("Say definition, sample, mode or level.")
    findings.add_rows(strange, "kind", Note("this kind of break is not known"), remedy)
    findings.raise_any()
    unknown = sorted({*breaks["dimension"]} - {"all", *scores["dimension"]})
    if unknown:
        warnings.warn(NO_SCORES(dimensions=", ".join(unknown)), DataWarning, 4)
    return breaks


def _programmes(table: Table | None, scores: pd.DataFrame) -> pd.DataFrame:
    """Check known programmes, of units that have scores."""
    known, findings = _checked(table, KNOWN_PROGRAMMES, NO_PROGRAMMES), Findings("known_programmes")
    check_known(known, "unit", scores["unit"], findings)
    turned = known[known["period_end"] < known["period_start"]]
    findings.add_rows(turned, "period_end", Note("this year lies before period_start"), Note("Correct one of the two."))
    findings.raise_any()
    return known


def _check_labels(scores: pd.DataFrame, family: tuple[str, ...], without: Sequence[str]) -> None:
    """Refuse names that the scores do not have, and families that no table can show."""
    for what, wanted in (("dimension", family), ("unit", without)):
        unknown = sorted(set(wanted) - set(scores[what]))
        if unknown:
            raise SpecError(
                "there are no scores for {what} {names}. Check the names.",
                what=AXES[what],
                names=", ".join(map(str, unknown)),
            )
    twice = sorted({name for name in family if family.count(name) > 1})
    if twice:
        raise SpecError("dimensions names {twice} twice. Name each dimension once.", twice=", ".join(twice))
    if set(family) & set(FAMILY_ROWS):
        raise SpecError(
            "a dimension cannot be called {family_rows}: tables have rows of that name.",
            family_rows=", ".join(FAMILY_ROWS),
        )


def _axes(scores: pd.DataFrame, family: tuple[str, ...], years: tuple[int, int] | None) -> Axes:
    """The units that are named in the years asked for, the years in which any has a score, the dimensions."""
    every = (scores["year"].min(), scores["year"].max())
    first, last = every if years is None else first_and_last(years, "years")
    used = scores[scores["year"].between(first, last) & scores["dimension"].isin(family)]
    surveys = used.loc[used["score"].notna(), "year"]
    if surveys.empty:
        raise SpecError("no scores between {first} and {last}. Choose years within the scores.", first=first, last=last)
    return tuple(sorted(used["unit"].unique())), tuple(int(year) for year in sorted(surveys.unique())), family


def _pair(code: Any, given: Any) -> tuple[str, str]:
    """A name in English and Vietnamese; a single one serves in both."""
    pair = (given, given) if isinstance(given, str) else tuple(given) if isinstance(given, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        raise SpecError(
            "names has {given!r} for {code}; give a name, or an English and a Vietnamese one.", given=given, code=code
        )
    return pair[0], pair[1]


def first_and_last(years: tuple[int, int], what: str) -> tuple[int, int]:
    """Check a first and a last year, in this order; ``what`` names them in the error.

    >>> first_and_last((2018, 2020), "years")
    (2018, 2020)
    """
    pair = tuple(years) if isinstance(years, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(y, int | np.integer) and not isinstance(y, bool) for y in pair):
        raise SpecError("{what} is a first and a last year, like (2018, 2020), not {years!r}.", what=what, years=years)
    if pair[0] > pair[1]:
        raise SpecError(
            "{what} is {years!r}, but the first year cannot lie after the last: ({pair}, {pair_2})?",
            what=what,
            years=years,
            pair=pair[1],
            pair_2=pair[0],
        )
    return int(pair[0]), int(pair[1])


def tell_unused(begun: pd.Series, years: tuple[int, ...]) -> None:
    """Warn of years in which completion has ``begun`` and that the panel does not have."""
    lost = sorted({int(year) for year in begun} - set(years))
    if lost:
        values = {"years": ", ".join(map(str, lost)), "surveys": ", ".join(map(str, years))}
        warnings.warn(UNUSED(**values), DataWarning, 4)


def _cube(cells: pd.DataFrame, column: str, axes: Axes) -> Floats:
    """Spread a table of cells over (N, T, K), NaN where there is none."""
    index = pd.MultiIndex.from_product(axes)
    values = cells.set_index(list(KEY))[column].reindex(index)
    return np.array(values, dtype=float).reshape([len(axis) for axis in axes])


def _controls(table: pd.DataFrame, axes: Axes) -> dict[str, Floats]:
    """Spread each variable of a table of controls over (N, T, K); one without dimensions is the same in all."""
    if "dimension" not in table.columns:
        table = table.merge(pd.DataFrame({"dimension": axes[2]}), how="cross")
    variables = [str(name) for name in table.columns if name not in KEY]
    numbers = tuple(Column(name, "number", empty=True) for name in variables)
    schema = Schema("controls", (Column("unit"), Column("year", "integer"), Column("dimension"), *numbers), KEY)
    table = check_frame(table, schema, "controls")
    return {name: _cube(table, name, axes) for name in variables}
