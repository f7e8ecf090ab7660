"""The panel: score and completion for every unit, year and dimension, gaps kept as gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Bools, Floats
from papi_analysis.errors import PLACES, Note, SpecError
from papi_analysis.panel.completion import Day, completion
from papi_analysis.panel.frames import AXES, KEY, NO_PROGRAMMES, first_and_last, panel_parts, tell_unused
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.relations import Table
from papi_analysis.study.schema import name_text
from papi_analysis.study.study import Study

SCORES_ALONE = Note(
    "the panel holds scores alone, and this needs completion. Give it as a table: Panel.from_frames(scores, "
    "completion)."
)
THE_YEAR = Note("the year")
#: What is said in the place of ``PLACES``.
NAMED = {"unit": Note("unit {name}"), "year": Note("year {name}"), "dimension": Note("dimension {name}")}


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

    scores: Floats
    completion: Floats
    units: tuple[str, ...]
    years: tuple[int, ...]
    dimensions: tuple[str, ...]
    breaks: pd.DataFrame
    simulated_tables: tuple[str, ...]
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    controls: Mapping[str, Floats] = field(default_factory=dict)
    known_programmes: pd.DataFrame = field(default_factory=NO_PROGRAMMES.copy)
    se: Floats | None = None

    def __post_init__(self) -> None:
        for name in ("scores", "completion", "se"):
            object.__setattr__(self, name, _sealed(getattr(self, name)))
        object.__setattr__(self, "controls", {name: _sealed(values) for name, values in self.controls.items()})

    @classmethod
    @check_kinds
    def from_frames(
        cls,
        scores: Table,
        completion: Table | None = None,
        *,
        years: tuple[int, int] | None = None,
        dimensions: Sequence[str | int] | None = None,
        without_programme: Sequence[str | int] = (),
        breaks: Table | None = None,
        simulated_tables: Sequence[str] = (),
        names: Mapping[Any, str | tuple[str, str]] | None = None,
        controls: Table | None = None,
        known_programmes: Table | None = None,
    ) -> Panel:
        """Make a panel from any index: tables of scores and of completion.

        A table is a frame of pandas (what names a row may stand in its index), Polars or PyArrow, the path of a Parquet
        file, or a DuckDB relation, one row a cell; ``long_frame`` makes one of a table with years or dimensions in its
        head. Years may be numbers, days or periods; units and dimensions texts or numbers.

        Parameters
        ----------
        scores
            ``unit``, ``year``, ``dimension``, ``score``; where they are known ``se``, the scores' standard errors. An
            empty score is a gap, as one without a row.
        completion
            ``unit``, ``year``, ``dimension``, ``completion`` (0 to 1, empty where not known); default the column of
            that name in ``scores``. Without it completion is known nowhere, and ``programme_impact`` can be asked.
        years
            First and last year to use; default all years with scores. A year between them in which no unit has a score
            is left out; completion above 0 in such a year is warned of (``DataWarning``).
        dimensions
            The family of dimensions, in order; default those with completion, or with scores where there is none.
        without_programme
            Units declared to have had no programme: their completion is 0. A unit that is neither in
            ``completion`` nor declared is a gap.
        breaks
            ``dimension``, ``year``, ``kind`` of each change of definition, sample, mode or level; those of a dimension
            without scores are warned of (``DataWarning``).
        simulated_tables
            Names of inputs that were made up.
        names
            Name of dimensions and units, for figures and tables: one, or an English and a Vietnamese one.
        controls
            ``unit``, ``year``, where it differs by dimension also ``dimension``, and one column per variable.
        known_programmes
            ``unit``, ``period_start``, ``period_end`` (years; empty where not known) of programmes that units are known
            to have had, an earlier one of the treated unit for instance. Rows whose ``plan`` is 0 (a conference) do
            not count as one.

        Raises
        ------
        DataError
            Where a table does not pass its checks, or completion or known programmes name units that have no scores.
        SpecError
            Where no year or dimension is left, or completion stands in both tables.

        Examples
        --------
        >>> scores = pd.DataFrame({"unit": ["a", "a", "b", "b"], "year": [1, 2, 1, 2],
        ...                        "dimension": "D", "score": [5.0, 6.0, 5.5, 5.5]})
        >>> done = pd.DataFrame({"unit": "a", "year": [1, 2], "dimension": "D", "completion": [0.0, 0.5]})
        >>> Panel.from_frames(scores, done, without_programme=["b"]).completion[:, 1, 0]
        array([0.5, 0. ])
        """
        parts = panel_parts(
            scores,
            completion,
            years=years,
            dimensions=dimensions,
            without_programme=without_programme,
            breaks=breaks,
            names=names,
            controls=controls,
            known_programmes=known_programmes,
        )
        return cls(**parts, simulated_tables=tuple(simulated_tables))

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
        known = study.known_programmes
        return cls.from_frames(
            study.scores,
            None if done.empty else done,
            years=study.years,
            dimensions=tuple(study.dimensions["dimension"]),
            without_programme=without,
            breaks=study.breaks[study.breaks["dimension"].isin(["all", *study.dimensions["dimension"]])],
            simulated_tables=study.simulated_tables,
            names=study.names,
            known_programmes=None if known is None else known[known["unit"].isin(scored)],
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
    def usable(self) -> Bools:
        """Cells (N, T, K) with both a score and completion."""
        return np.isfinite(self.scores) & np.isfinite(self.completion)

    def need_completion(self) -> None:
        """Refuse what cannot be asked of scores alone.

        Raises
        ------
        SpecError
            Where completion is known nowhere.
        """
        if not np.isfinite(self.completion).any():
            raise SpecError(SCORES_ALONE)

    def frame(self) -> pd.DataFrame:
        """Return the panel as a table, one row per cell: unit, year, dimension, score, completion, and any errors.

        ``from_frames`` makes the same scores and completion of it.

        Examples
        --------
        >>> import papi_analysis as pa
        >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
        >>> np.array_equal(Panel.from_frames(panel.frame()).scores, panel.scores, equal_nan=True)
        True
        """
        index = pd.MultiIndex.from_product([self.units, self.years, self.dimensions], names=KEY)
        columns = {"score": self.scores.ravel(), "completion": self.completion.ravel()}
        errors = {} if self.se is None else {"se": self.se.ravel()}
        return pd.DataFrame(columns | errors, index=index).reset_index()

    def gaps(self) -> pd.DataFrame:
        """List the cells without a score or without completion."""
        frame = self.frame()
        return frame[frame["score"].isna() | frame["completion"].isna()].reset_index(drop=True)

    @check_kinds
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
            raise SpecError("axis is one of {axes}, not {axis!r}.", axes=", ".join(axes), axis=axis)
        labels = axes[axis]
        label = label if axis == "year" else name_text(label)
        if label not in labels:
            shown = ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")
            raise SpecError(
                "the panel has no {axis} {label!r}. It has {shown}.", axis=AXES[axis], label=label, shown=shown
            )
        return labels.index(label)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Say units, years and dimensions by name where an error from the arrays within says their places.

        Examples
        --------
        >>> import papi_analysis as pa
        >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
        >>> with panel.naming():
        ...     raise SpecError("{what} is flat.", what=PLACES["dimension"](place=1))
        Traceback (most recent call last):
        papi_analysis.errors.SpecError: dimension D2 is flat.
        """
        try:
            yield
        except SpecError as error:
            labels = {"unit": self.units, "year": self.years, "dimension": self.dimensions}
            note, axes = error.args[0], {words.text: axis for axis, words in PLACES.items()}
            named = {
                name: NAMED[axis](name=labels[axis][value.values["place"]])
                for name, value in note.values.items()
                if (axis := axes.get(getattr(value, "text", "")))
            }
            if not named:
                raise
            raise SpecError(note(**note.values | named)) from None

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
                "{what} {year!r} is not within the panel's years {years}-{years_2}.{remedy}",
                what=what,
                year=year,
                years=self.years[0],
                years_2=self.years[-1],
                remedy=remedy,
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
                "the panel has no year from {first} to {last}. Give the first year, then the last.",
                first=first,
                last=last,
            )
        return self._part(slice(None), slice(begin, end + 1), slice(None))

    @check_kinds
    def only(
        self,
        *,
        units: Sequence[str | int] | None = None,
        years: tuple[int, int] | None = None,
        dimensions: Sequence[str | int] | None = None,
    ) -> Panel:
        """Return the panel of some units, years or dimensions; all else that it holds stays.

        Parameters
        ----------
        units
            Which units; they stay in the panel's order.
        years
            First and last year. A year in which none of the units has a score is none of theirs, and is left out;
            completion above 0 in such a year is warned of (``DataWarning``).
        dimensions
            Which dimensions, in the order in which they are given.

        Raises
        ------
        SpecError
            Where the panel does not hold one of them, a dimension is named twice, or no score is left.

        Examples
        --------
        >>> import papi_analysis as pa
        >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
        >>> print(panel.only(units=["VN-CT", "VN-HN"], years=(2015, 2020), dimensions=["D4"]))
        Panel(2 units, 2015-2020, 1 dimension, 0 gaps in 12 cells, 1 programme unit, SIMULATED: tasks, progress)
        """
        panel = self if years is None else self.cut(*first_and_last(years, "years"))
        n = sorted(set(panel._places("unit", panel.units if units is None else units)))
        k = panel._places("dimension", panel.dimensions if dimensions is None else dimensions)
        if len(set(k)) < len(k):
            raise SpecError("dimensions names one twice. Name each dimension once.")
        scored = np.isfinite(panel.scores[n][:, :, k]).any(axis=(0, 2))
        if not scored.any():
            raise SpecError("none of these units has a score in these years and dimensions. Choose others.")
        begun = np.nan_to_num(panel.completion[n][:, :, k]).max(axis=(0, 2)) > 0
        part = panel._part(n, np.flatnonzero(scored), k)
        tell_unused(pd.Series(np.array(panel.years)[begun]), part.years)
        return part

    def _places(self, axis: str, labels: Sequence[str | int]) -> list[int]:
        """The places of several labels on an axis, of which there is one at least."""
        if not len(labels):
            raise SpecError("name at least one {axis}.", axis=AXES[axis])
        return [self.position(axis, label) for label in labels]

    def _part(self, n: Any, t: Any, k: Any) -> Panel:
        """The panel of these places on its axes."""

        def take(values: Floats) -> Floats:
            return np.asarray(values[n][:, t][:, :, k])

        units, years, dimensions = (
            tuple(np.array(axis, dtype=object)[places].tolist())
            for axis, places in zip((self.units, self.years, self.dimensions), (n, t, k), strict=True)
        )
        return replace(
            self,
            scores=take(self.scores),
            completion=take(self.completion),
            units=units,
            years=years,
            dimensions=dimensions,
            controls={name: take(values) for name, values in self.controls.items()},
            se=None if self.se is None else take(self.se),
        )

    def complete_from(self, units: Bools, fewest: int, latest: int, last: int) -> int | None:
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
        alone = not np.isfinite(self.completion).any()
        cells = np.isfinite(self.scores) if alone else self.usable
        programmes = "scores alone" if alone else f"{P} programme unit{'' if P == 1 else 's'}"
        made_up = f", SIMULATED: {', '.join(self.simulated_tables)}" if self.simulated else ""
        return (
            f"Panel({N} units, {self.years[0]}-{self.years[-1]}{waves}, {K} dimension{'' if K == 1 else 's'}, "
            f"{int((~cells).sum())} gaps in {N * T * K} cells, {programmes}{made_up})"
        )


def _sealed(values: Any) -> Any:
    """A view of an array that cannot be written to: what has been checked stays as it was checked."""
    if values is None:
        return None
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view
