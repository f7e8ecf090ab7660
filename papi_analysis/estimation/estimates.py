"""An answer: a table with one row per dimension, and the notes that say what it cannot show."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.specification import Specification
from papi_analysis.study.schema import name_text

Kind = TypeVar("Kind")

#: Of an answer that is printed: rows, columns, letters of a line and of a name; what fits on a screen.
ROWS, COLUMNS, LETTERS, NAME = 16, 8, 100, 24


class GivesCopies:
    """Whoever asks for a table gets a copy: to change it does not change the answer. Equal is what says the same."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, pd.DataFrame):  # whoever gave it may go on to change it
                object.__setattr__(self, name, value.copy())

    if not TYPE_CHECKING:  # a checker would take any name for an attribute

        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            return value.copy() if isinstance(value, pd.DataFrame | dict) and not name.startswith("__") else value

    def __eq__(self, other: object) -> bool:
        return _same(self, other)

    def __hash__(self) -> int:
        return hash(type(self))


def _same(one: Any, other: Any) -> bool:
    """Whether two values say the same, missing numbers in the same places."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        return bool(one.equals(other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")
    if is_dataclass(one):
        return all(_same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other or (one != one and other != other))


@dataclass(frozen=True, eq=False)
class ImpactDesign(GivesCopies):
    """Of gaps: how they were made, who had a programme since when, the years after, and the donors."""

    method: str
    starts: Mapping[str, int]
    end: int
    after: tuple[int, int]  # first and last year whose gaps are averaged
    compared: int
    weights: pd.DataFrame

    @property
    def units(self) -> tuple[str, ...]:
        """The treated units."""
        return tuple(self.starts)

    @property
    def start(self) -> int:
        """The first start."""
        return min(self.starts.values())


@dataclass(frozen=True)
class SlopeDesign:
    """Of slopes: the equation, the form and inference used in fact, the years, and how many units take part."""

    specification: Specification
    form: str
    inference: str
    years: tuple[int, int]  # first and last
    units: int
    compared: int
    programme_units: int
    effective: float


@dataclass(frozen=True)
class ChangeDesign:
    """Of changes: the years that are compared, None for each with the year before, and who had a programme."""

    start: int | None
    end: int | None
    programme_units: tuple[str, ...]


@dataclass(frozen=True)
class UnitYears:
    """Of one unit: the first and the last year that count."""

    unit: str
    first: int
    last: int


@dataclass(frozen=True)
class VerdictDesign:
    """Of verdicts: the question that gave the effects, and the year of the targets, if the needs are theirs."""

    effect: str
    end_year: int | None


@dataclass(frozen=True)
class CurveDesign:
    """Of a specification curve: the kinds of choices, the question asked, the share of means below zero."""

    kinds: tuple[str, ...]
    asked: str
    below: float


@dataclass(frozen=True, eq=False)
class CalibrationDesign:
    """Of a calibration: the treated unit, what was asked, and how many panels were drawn from which process."""

    unit: str
    ask: str
    panels: int
    process: Any


@dataclass(frozen=True, eq=False)
class BesideDesign(GivesCopies):
    """Of completion beside gaps: the answer that is shown, and the verdicts on it, if any."""

    answer: Estimates
    told: Estimates | None


def _forms(table: pd.DataFrame) -> dict[str, Callable[[float], str]]:
    """How a column of numbers is printed: four decimals, or four digits that count where all are tiny or one huge."""
    most = table.select_dtypes("float").abs().replace(np.inf, np.nan).max()
    return {
        name: ("{:z.4f}" if 1e-3 <= (size or 1) < 1e6 or size != size else "{:.4g}").format
        for name, size in most.items()
    }


@dataclass(frozen=True, eq=False, repr=False)
class Estimates(GivesCopies):
    """The answer to one question, for the whole family of dimensions.

    It cannot be changed: a table that is taken out is a copy. Two answers are equal where they say the same.

    Attributes
    ----------
    question
        The function that gave it.
    table
        One row per dimension, then rows for the family as a whole (``"mean"``, ``"total"``). A value that the
        design cannot support is missing, and ``notes`` says why.
    notes
        What was refused, dropped or could not be shown, in words.
    tests
        Tests of the family as a whole: ``test``, ``p``.
    cells
        The points behind the table, where a figure shows them.
    names
        English and Vietnamese name of dimensions and units, where they are known.
    simulated_tables
        Inputs that were made up, not observed.
    level
        Confidence level of ``low`` and ``high``.
    engines
        The inference behind the rows of the table, in their order.
    scale
        What the engines' coefficients are multiplied by in the table.
    design
        What a reader must know of the design: units, years, what was varied; a value of the question's own kind.

    Examples
    --------
    A question gives an answer; ``sentence`` says it, ``row`` finds a dimension, ``interval`` has other levels.

    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> answer = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    >>> pa.sentence(answer)[:30]
    'From 2018 to 2020 the 6 scores'
    >>> float(answer.row("D3")["estimate"].round(2))
    -0.09
    >>> answer.interval(0.9).columns.tolist()
    ['dimension', 'low', 'high']
    >>> answer == pa.programme_impact(panel, "VN-CT", 2018, 2020)
    True

    The table can be worked on, or shown with words for its columns; the notes say what it cannot show.

    >>> changed = answer.table
    >>> changed["estimate"] = 0.0
    >>> bool((answer.table["estimate"] == 0).any())
    False
    >>> pa.table(answer, ["estimate", "low", "high"]).shape
    (7, 3)
    """

    question: str
    table: pd.DataFrame
    notes: tuple[Note, ...] = ()
    tests: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["test", "p"]))
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    simulated_tables: tuple[str, ...] = ()
    level: float = 0.95
    engines: tuple[Any, ...] = ()
    scale: float = 1.0
    design: Any = None

    @property
    def draws(self) -> Floats:
        """The draws behind the dimensions' p-values (B, K): studentised, two-sided, one draw a row."""
        if not self.engines:
            raise SpecError("{question} draws nothing.", question=self.question)
        drawn: Floats = np.array(self.engines[0].draws)
        return drawn

    @check_kinds
    def interval(self, level: float, *, simultaneous: bool = False) -> pd.DataFrame:
        """Derive intervals at another level from the same engines.

        Parameters
        ----------
        level
            Between 0 and 1.
        simultaneous
            Whether the intervals of the dimensions hold all at once (single-step max-T); the rows of the family as
            a whole stay as they are.

        Returns
        -------
        DataFrame
            ``dimension``, ``low``, ``high``; missing where the design's smallest p-value lies above 1 - level.
        """
        if not self.engines:
            raise SpecError("{question} has no intervals.", question=self.question)
        ends = np.vstack([engine.interval(level, simultaneous=simultaneous) for engine in self.engines])
        floors = np.concatenate([engine.floor for engine in self.engines])
        ends = np.where((floors <= 1 - level + 1e-12)[:, None], self.scale * ends, np.nan)
        return pd.DataFrame({"dimension": self.table["dimension"], "low": ends[:, 0], "high": ends[:, 1]})

    @property
    def simulated(self) -> bool:
        """Whether any input was made up."""
        return bool(self.simulated_tables)

    @check_kinds
    def row(self, dimension: str) -> pd.Series:
        """Return the row of one dimension."""
        dimension = name_text(dimension)
        known = [str(name) for name in self.table.get("dimension", ())]
        if dimension not in known:
            raise SpecError(
                "{question} has no row {dimension!r}. It has {known}.",
                question=self.question,
                dimension=dimension,
                known=", ".join(known),
            )
        return self.table.set_index("dimension").loc[dimension]

    def designed(self, kind: type[Kind]) -> Kind:
        """Return the design, which is of this kind where the answer is to the right question."""
        if not isinstance(self.design, kind):
            raise SpecError(
                "{question} has no {name}; give an answer to the question that has one.",
                question=self.question,
                name=kind.__name__,
            )
        return self.design

    def __repr__(self) -> str:
        marked = f" SIMULATED: {', '.join(self.simulated_tables)}" if self.simulated else ""
        table = self.table
        rows, wide = _printed(table, min(COLUMNS, table.shape[1]))
        more = ", ".join(map(str, table.columns[wide:]))
        rest = _folded(f"more columns in .table: {more}", 4) if more else []
        said = f"{len(self.notes)} note(s) in .notes"
        return "\n".join([*_folded(f"{self.question}{marked}", 1), *rows, *rest, said])

    def _repr_html_(self) -> str:
        names = html.escape(", ".join(self.simulated_tables))
        made_up = f"<p><strong>SIMULATED: {names}</strong></p>" if names else ""
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        table = self.table.to_html(index=False, formatters=_forms(self.table), na_rep="", border=0)
        return f"{made_up}{table}<ul>{notes}</ul>"


def _printed(table: pd.DataFrame, wide: int) -> tuple[list[str], int]:
    """The lines of as many first columns, at most ``wide``, as a screen is wide enough for, and their number."""
    names = map(str, table.columns[:wide])
    heads = [name if len(name) <= NAME else f"{name[: NAME - 1]}…" for name in names]
    first = table.iloc[:, :wide]
    text: str = first.to_string(
        header=heads, index=False, max_rows=ROWS, max_colwidth=NAME, formatters=_forms(first), na_rep=""
    )
    lines = text.split("\n")
    return (lines, wide) if wide < 2 or max(map(len, lines)) <= LETTERS else _printed(table, wide - 1)


def _folded(text: str, most: int) -> list[str]:
    return textwrap.wrap(text, LETTERS, max_lines=most, placeholder=" …")
