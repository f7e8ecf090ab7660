"""The panel: score and completion for every unit, year and dimension, gaps kept as gaps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import DataWarning, Note, SpecError
from papi_analysis.panel.completion import Day, completion
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.findings import Findings
from papi_analysis.study.schema import (
    BREAKS,
    COMPLETION,
    KNOWN_PROGRAMMES,
    SCORES,
    Column,
    Schema,
    check_frame,
    name_text,
)
from papi_analysis.study.scores import check_errors, check_known
from papi_analysis.study.study import Study

#: Rows of tables that stand for the family of dimensions as a whole.
FAMILY_ROWS = ("mean", "within")

UNUSED = Note(
    "Completion above 0 in {years} is not used: nobody was surveyed then. Give completion as it stood when the "
    "surveys of {surveys} were in the field."
)

_NO_BREAKS = pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []})

_NO_PROGRAMMES = pd.DataFrame({"unit": [], "period_start": [], "period_end": [], "plan": []})


#: What the axes of a panel are called in a sentence.
AXES = {"unit": Note("unit"), "year": Note("year"), "dimension": Note("dimension")}
THE_YEAR = Note("the year")


@dataclass(frozen=True, eq=False)
class Panel:
    """Checked data, rectangular: N units, T years, K dimensions; a cell without a value is NaN.

    The years are those of the surveys: one in which no unit has any score is no year of the panel. Where a survey comes
    every second year, "the year before", a lag of 1 and a change from year to year mean the survey before.

    Attributes
    ----------
    scores, completion
        Arrays (N, T, K): the score on its own scale, completion from 0 to 1.
    units, years, dimensions
        The labels of the three axes, in order.
    programme_units
        Units with completion above 0 somewhere.
    breaks
        Years in which a dimension's definition, sample, mode or level changed.
    simulated_tables
        The inputs that were made up, not observed.
    names
        English and Vietnamese name of dimensions and units, where they are known.
    controls
        Further variables by name, each an array (N, T, K).
    known_programmes
        Programmes that units are known to have had (``unit``, ``period_start``, ``period_end``, ``plan``), whatever
        their tasks.
    se
        Standard errors of the scores (N, T, K), missing where they are not known; None where no score has one.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> panel = pa.Panel.from_study(study)
    >>> panel.scores.shape == (len(panel.units), len(panel.years), len(panel.dimensions))
    True
    """

    scores: NDArray[np.float64]
    completion: NDArray[np.float64]
    units: tuple[str, ...]
    years: tuple[int, ...]
    dimensions: tuple[str, ...]
    breaks: pd.DataFrame
    simulated_tables: tuple[str, ...]
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    controls: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    known_programmes: pd.DataFrame = field(default_factory=_NO_PROGRAMMES.copy)
    se: NDArray[np.float64] | None = None

    @classmethod
    @check_kinds
    def from_frames(
        cls,
        scores: pd.DataFrame,
        completion: pd.DataFrame,
        *,
        years: tuple[int, int] | None = None,
        dimensions: Sequence[str | int] | None = None,
        without_programme: Sequence[str | int] = (),
        breaks: pd.DataFrame | None = None,
        simulated_tables: Sequence[str] = (),
        names: Mapping[str, tuple[str, str]] | None = None,
        controls: pd.DataFrame | None = None,
        known_programmes: pd.DataFrame | None = None,
    ) -> Panel:
        """Make a panel from any index: tables of scores and of completion.

        Parameters
        ----------
        scores
            ``unit``, ``year``, ``dimension``, ``score``; where they are known ``se``, the scores' standard errors.
        completion
            ``unit``, ``year``, ``dimension``, ``completion`` (0 to 1, empty where not known).
        years
            First and last year to use; default all years with scores. A year between them in which no unit has a score
            is left out; completion above 0 in such a year is warned of (``DataWarning``).
        dimensions
            The family of dimensions, in order; default those with completion.
        without_programme
            Units declared to have had no programme: their completion is 0. A unit that is neither in
            ``completion`` nor declared is a gap.
        breaks
            ``dimension``, ``year``, ``kind`` of each change of definition, sample, mode or level.
        simulated_tables
            Names of inputs that were made up.
        names
            English and Vietnamese name of dimensions and units, for figures and tables.
        controls
            ``unit``, ``year``, where it differs by dimension also ``dimension``, and one column per variable.
        known_programmes
            ``unit``, ``period_start``, ``period_end`` (years; empty where not known) of programmes that units are known
            to have had, an earlier one of the treated unit for instance. Rows whose ``plan`` is 0 (a conference) do
            not count as one.

        Raises
        ------
        DataError
            Where a table does not pass its checks, or completion names units that have no scores.
        SpecError
            Where no year or dimension is left.

        Examples
        --------
        >>> scores = pd.DataFrame({"unit": ["a", "a", "b", "b"], "year": [1, 2, 1, 2],
        ...                        "dimension": "D", "score": [5.0, 6.0, 5.5, 5.5]})
        >>> done = pd.DataFrame({"unit": "a", "year": [1, 2], "dimension": "D", "completion": [0.0, 0.5]})
        >>> Panel.from_frames(scores, done, without_programme=["b"]).completion[:, 1, 0]
        array([0.5, 0. ])
        """
        findings = Findings("scores")
        scores = check_frame(scores, SCORES, "scores", findings)
        check_errors(scores, findings)
        findings.raise_any()
        cells = check_frame(completion, COMPLETION, "completion")
        findings = Findings("completion")
        check_known(cells, "unit", scores["unit"], findings)
        findings.raise_any()
        family = tuple(dict.fromkeys(cells["dimension"])) if dimensions is None else tuple(map(name_text, dimensions))
        without = sorted({*map(name_text, without_programme)})
        every = (scores["year"].min(), scores["year"].max())
        first, last = every if years is None else first_and_last(years, "years")
        used = scores[scores["year"].between(first, last) & scores["dimension"].isin(family)]
        for what, wanted in (("dimension", family), ("unit", without)):
            unknown = sorted(set(wanted) - set(scores[what]))
            if unknown:
                raise SpecError(
                    Note(
                        "there are no scores for {what} {names}. Check the names.",
                        {"what": AXES[what], "names": ", ".join(map(str, unknown))},
                    )
                )
        twice = sorted({name for name in family if family.count(name) > 1})
        if twice:
            raise SpecError(
                Note("dimensions names {twice} twice. Name each dimension once.", {"twice": ", ".join(twice)})
            )
        if set(family) & set(FAMILY_ROWS):
            raise SpecError(
                Note(
                    "a dimension cannot be called {family_rows}: tables have rows of that name.",
                    {"family_rows": ", ".join(FAMILY_ROWS)},
                )
            )
        if used.empty:
            raise SpecError(
                Note(
                    "no scores between {first} and {last}. Choose years within the scores.",
                    {"first": first, "last": last},
                )
            )
        axes = (
            tuple(sorted(used["unit"].unique())),
            tuple(int(year) for year in sorted(used["year"].unique())),
            family,
        )
        between = cells["year"].between(first, last) if years is not None else True
        _tell_unused(cells[between & (cells["completion"] > 0) & cells["dimension"].isin(family)], axes[1])
        done = _cube(cells, "completion", axes)
        both = sorted(set(without) & set(cells["unit"]))
        if both:
            raise SpecError(
                Note("{both} has completion and is declared to be without a programme.", {"both": ", ".join(both)})
            )
        done[np.isin(axes[0], without)] = 0.0
        return cls(
            _cube(used, "score", axes),
            done,
            *axes,
            breaks=_NO_BREAKS if breaks is None or breaks.empty else check_frame(breaks, BREAKS, "breaks"),
            simulated_tables=tuple(simulated_tables),
            names={name_text(name): pair for name, pair in (names or {}).items()},
            controls={} if controls is None else _controls(controls, axes),
            known_programmes=_NO_PROGRAMMES.copy()
            if known_programmes is None or known_programmes.empty
            else check_frame(known_programmes, KNOWN_PROGRAMMES, "known_programmes"),
            se=_cube(used, "se", axes) if "se" in used and used["se"].notna().any() else None,
        )

    @classmethod
    @check_kinds
    def from_study(cls, study: Study, *, known_on: Day | None = None) -> Panel:
        """Make the panel of a study: completion as it stood when each survey was in the field.

        Parameters
        ----------
        study
            A loaded study.
        known_on
            Use only what had been reported by that day (see ``completion``).

        Examples
        --------
        >>> from papi_analysis import load_study
        >>> print(Panel.from_study(load_study("can_tho_2018_2020")))
        Panel(63 units, 2011-2020, 6 dimensions, 16 gaps in 3780 cells, 1 programme unit, SIMULATED: tasks, progress)
        """
        surveyed = study.scores["year"].isin(range(study.years[0], study.years[1] + 1))
        surveyed &= study.scores["dimension"].isin(study.dimensions["dimension"])
        days = fieldwork_dates(study.scores.loc[surveyed, "year"])
        scored = set(study.scores["unit"])
        done = completion(study.tasks, study.progress, as_of=days, known_on=known_on)
        done = done[done["unit"].isin(scored)]  # a new province may wait for its first score
        without = [unit for unit in study.without_programme if unit in scored]
        if done.empty:
            done = study.scores[["unit", "year", "dimension"]].copy()
            done["completion"], without = np.where(done["unit"].isin(without), 0.0, np.nan), []
        return cls.from_frames(
            study.scores,
            done,
            years=study.years,
            dimensions=tuple(study.dimensions["dimension"]),
            without_programme=without,
            breaks=study.breaks,
            simulated_tables=study.simulated_tables,
            names=study.names,
            known_programmes=study.known_programmes,
        )

    @property
    def simulated(self) -> bool:
        """Whether any input was made up."""
        return bool(self.simulated_tables)

    @property
    def programme_units(self) -> tuple[str, ...]:
        """Units whose completion is above 0 in some cell."""
        has = np.nan_to_num(self.completion).max(axis=(1, 2)) > 0
        return tuple(unit for unit, programme in zip(self.units, has, strict=True) if programme)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Cells (N, T, K) with both a score and completion."""
        return np.isfinite(self.scores) & np.isfinite(self.completion)

    def frame(self) -> pd.DataFrame:
        """Return the panel as a table, one row per cell: unit, year, dimension, score, completion."""
        index = pd.MultiIndex.from_product(
            [self.units, self.years, self.dimensions], names=["unit", "year", "dimension"]
        )
        columns = {"score": self.scores.ravel(), "completion": self.completion.ravel()}
        return pd.DataFrame(columns, index=index).reset_index()

    def gaps(self) -> pd.DataFrame:
        """List the cells without a score or without completion."""
        frame = self.frame()
        return frame[frame["score"].isna() | frame["completion"].isna()].reset_index(drop=True)

    def position(self, axis: str, label: str | int) -> int:
        """Return the place of a unit, year or dimension on its axis.

        Raises
        ------
        SpecError
            Where the panel does not hold it.
        """
        axes: dict[str, tuple[str | int, ...]] = {
            "unit": self.units,
            "year": self.years,
            "dimension": self.dimensions,
        }
        if axis not in axes:
            raise SpecError(Note("axis is one of {axes}, not {axis!r}.", {"axes": ", ".join(axes), "axis": axis}))
        labels = axes[axis]
        label = label if axis == "year" else name_text(label)
        if label not in labels:
            shown = ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")
            raise SpecError(
                Note(
                    "the panel has no {axis} {label!r}. It has {shown}.",
                    {"axis": AXES[axis], "label": label, "shown": shown},
                )
            )
        return labels.index(label)

    def first_from(self, year: int, what: str = THE_YEAR) -> int:
        """Return the first year of the panel at or after ``year``: when what began then is first seen.

        Raises
        ------
        SpecError
            Where ``year`` is no whole number, or lies outside the panel's years; ``what`` names it.

        Examples
        --------
        >>> import papi_analysis as pa
        >>> pa.Panel.from_study(pa.load_study("can_tho_2018_2020")).first_from(2018)
        2018
        """
        self._check_within(year, what)
        return next(survey for survey in self.years if survey >= year)

    def last_to(self, year: int, what: str = THE_YEAR) -> int:
        """Return the last year of the panel at or before ``year``; errors as for ``first_from``."""
        self._check_within(year, what)
        return next(survey for survey in reversed(self.years) if survey <= year)

    def _check_within(self, year: int, what: str) -> None:
        whole = isinstance(year, int | np.integer) and not isinstance(year, bool)
        if not whole or not self.years[0] <= year <= self.years[-1]:
            remedy = "" if whole else Note(" Write a whole number, like {year}.", {"year": self.years[-1]})
            raise SpecError(
                Note(
                    "{what} {year!r} is not within the panel's years {years}-{years_2}.{remedy}",
                    {"what": what, "year": year, "years": self.years[0], "years_2": self.years[-1], "remedy": remedy},
                )
            )

    def cut(self, first: int, last: int) -> Panel:
        """Return the panel of the years from ``first`` to ``last``, as if nothing before or after were known.

        Raises
        ------
        SpecError
            Where a year is no whole number or lies outside the panel's, or none is left.
        """
        begin = self.position("year", self.first_from(first, Note("the first year")))
        end = self.position("year", self.last_to(last, Note("the last year")))
        if begin > end:
            raise SpecError(
                Note(
                    "the panel has no year from {first} to {last}. Give the first year, then the last.",
                    {"first": first, "last": last},
                )
            )
        years = slice(begin, end + 1)
        return replace(
            self,
            scores=self.scores[:, years],
            completion=self.completion[:, years],
            years=self.years[years],
            controls={name: values[:, years] for name, values in self.controls.items()},
            se=None if self.se is None else self.se[:, years],
        )

    def complete_from(self, units: NDArray[np.bool_], fewest: int, latest: int, last: int) -> int | None:
        """Return the first year, up to ``latest``, from which on enough ``units`` (N,) have every score up to ``last``.

        None where no such year is: fewer years do not help.
        """
        end = self.position("year", last) + 1
        for t, year in enumerate(self.years):
            if year <= latest and (np.isfinite(self.scores[units, t:end]).all(axis=(1, 2))).sum() >= fewest:
                return year
        return None

    def __repr__(self) -> str:
        N, T, K = self.scores.shape
        P = len(self.programme_units)
        waves = "" if self.years[-1] - self.years[0] == T - 1 else f" in {T} surveys"
        made_up = f", SIMULATED: {', '.join(self.simulated_tables)}" if self.simulated else ""
        return (
            f"Panel({N} units, {self.years[0]}-{self.years[-1]}{waves}, {K} dimensions, "
            f"{int((~self.usable).sum())} gaps in {N * T * K} cells, "
            f"{P} programme unit{'' if P == 1 else 's'}{made_up})"
        )


def first_and_last(years: tuple[int, int], what: str) -> tuple[int, int]:
    """Check a first and a last year, in this order; ``what`` names them in the error.

    >>> first_and_last((2018, 2020), "years")
    (2018, 2020)
    """
    pair = tuple(years) if isinstance(years, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(y, int | np.integer) and not isinstance(y, bool) for y in pair):
        raise SpecError(
            Note("{what} is a first and a last year, like (2018, 2020), not {years!r}.", {"what": what, "years": years})
        )
    if pair[0] > pair[1]:
        raise SpecError(
            Note(
                "{what} is {years!r}, but the first year cannot lie after the last: ({pair}, {pair_2})?",
                {"what": what, "years": years, "pair": pair[1], "pair_2": pair[0]},
            )
        )
    return int(pair[0]), int(pair[1])


def _tell_unused(begun: pd.DataFrame, years: tuple[int, ...]) -> None:
    """Warn of cells with completion above 0 in years that the panel does not have."""
    lost = sorted({int(year) for year in begun["year"]} - set(years))
    if lost:
        values = {"years": ", ".join(map(str, lost)), "surveys": ", ".join(map(str, years))}
        warnings.warn(Note(UNUSED.text, values), DataWarning, 3)


def _cube(
    cells: pd.DataFrame, column: str, axes: tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]
) -> NDArray[np.float64]:
    """Spread a table of cells over (N, T, K), NaN where there is none."""
    index = pd.MultiIndex.from_product(axes)
    values = cells.set_index(["unit", "year", "dimension"])[column].reindex(index)
    return np.array(values, dtype=float).reshape([len(axis) for axis in axes])


def _controls(
    table: pd.DataFrame, axes: tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]
) -> dict[str, NDArray[np.float64]]:
    """Spread each variable of a table of controls over (N, T, K); one without dimensions is the same in all."""
    if "dimension" not in table.columns:
        table = table.merge(pd.DataFrame({"dimension": axes[2]}), how="cross")
    key = ("unit", "year", "dimension")
    variables = [str(name) for name in table.columns if name not in key]
    numbers = tuple(Column(name, "number", empty=True) for name in variables)
    schema = Schema("controls", (Column("unit"), Column("year", "integer"), Column("dimension"), *numbers), key)
    table = check_frame(table, schema, "controls")
    return {name: _cube(table, name, axes) for name in variables}
