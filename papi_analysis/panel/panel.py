"""The panel: score and completion for every unit, year and dimension, gaps kept as gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import SpecError
from papi_analysis.panel.completion import Day, completion
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.schema import BREAKS, COMPLETION, SCORES, Column, Findings, Schema, check_frame, name_text
from papi_analysis.study.scores import check_known
from papi_analysis.study.study import Study

#: Rows of tables that stand for the family of dimensions as a whole.
FAMILY_ROWS = ("mean", "within")

_NO_BREAKS = pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []})


@dataclass(frozen=True, eq=False)
class Panel:
    """Checked data, rectangular: N units, T years, K dimensions; a cell without a value is NaN.

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

    @classmethod
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
    ) -> Panel:
        """Make a panel from any index: tables of scores and of completion.

        Parameters
        ----------
        scores
            ``unit``, ``year``, ``dimension``, ``score``.
        completion
            ``unit``, ``year``, ``dimension``, ``completion`` (0 to 1, empty where not known).
        years
            First and last year to use; default all years with scores.
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
        scores = check_frame(scores, SCORES, "scores")
        cells = check_frame(completion, COMPLETION, "completion")
        findings = Findings("completion")
        check_known(cells, "unit", scores["unit"], findings)
        findings.raise_any()
        family = tuple(dict.fromkeys(cells["dimension"] if dimensions is None else map(name_text, dimensions)))
        without = sorted({*map(name_text, without_programme)})
        first, last = (scores["year"].min(), scores["year"].max()) if years is None else _whole_years(years)
        used = scores[scores["year"].between(first, last) & scores["dimension"].isin(family)]
        for what, wanted in (("dimension", family), ("unit", without)):
            unknown = sorted(set(wanted) - set(scores[what]))
            if unknown:
                raise SpecError(f"there are no scores for {what} {', '.join(unknown)}. Check the names.")
        if set(family) & set(FAMILY_ROWS):
            raise SpecError(f"a dimension cannot be called {', '.join(FAMILY_ROWS)}: tables have rows of that name.")
        if used.empty:
            raise SpecError(f"no scores between {first} and {last}. Choose years within the scores.")
        axes = (
            tuple(sorted(used["unit"].unique())),
            tuple(range(int(used["year"].min()), int(used["year"].max()) + 1)),
            family,
        )
        done = _cube(cells, "completion", axes)
        both = sorted(set(without) & set(cells["unit"]))
        if both:
            raise SpecError(f"{', '.join(both)} has completion and is declared to be without a programme.")
        done[np.isin(axes[0], without)] = 0.0
        return cls(
            _cube(used, "score", axes),
            done,
            *axes,
            breaks=_NO_BREAKS if breaks is None or breaks.empty else check_frame(breaks, BREAKS, "breaks"),
            simulated_tables=tuple(simulated_tables),
            names={name_text(name): pair for name, pair in (names or {}).items()},
            controls={} if controls is None else _controls(controls, axes),
        )

    @classmethod
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
        first, last = study.years
        days = fieldwork_dates(range(first, last + 1))
        return cls.from_frames(
            study.scores,
            completion(study.tasks, study.progress, as_of=days, known_on=known_on),
            years=study.years,
            dimensions=tuple(study.dimensions["dimension"]),
            without_programme=[unit for unit in study.without_programme if unit in set(study.scores["unit"])],
            breaks=study.breaks,
            simulated_tables=study.simulated_tables,
            names=study.names,
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
        labels = axes[axis]
        label = label if axis == "year" else name_text(label)
        if label not in labels:
            shown = ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")
            raise SpecError(f"the panel has no {axis} {label!r}. It has {shown}.")
        return labels.index(label)

    def __repr__(self) -> str:
        N, T, K = self.scores.shape
        P = len(self.programme_units)
        made_up = f", SIMULATED: {', '.join(self.simulated_tables)}" if self.simulated else ""
        return (
            f"Panel({N} units, {self.years[0]}-{self.years[-1]}, {K} dimensions, "
            f"{int((~self.usable).sum())} gaps in {N * T * K} cells, "
            f"{P} programme unit{'' if P == 1 else 's'}{made_up})"
        )


def _whole_years(years: tuple[int, int]) -> tuple[int, int]:
    """Take a first and a last year that are whole numbers."""
    if isinstance(years, str) or len(years) != 2 or not all(isinstance(year, int | np.integer) for year in years):
        raise SpecError(f"years are the first and the last one as whole numbers, like (2011, 2020), not {years!r}.")
    return years


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
