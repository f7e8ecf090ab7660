"""Several answers side by side, as one table; and ``table``, which knows of what it is asked for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.captions import INTERVAL, is_slopes, method, quantity
from papi_analysis.reporting.labels import FAMILY, LABELS
from papi_analysis.reporting.language import MISSING, Language, language_of
from papi_analysis.reporting.tables import (
    NO_ERROR,
    POINTS,
    Table,
    Text,
    as_table,
    full_name,
    hidden_columns,
    mark,
    table_estimates,
    table_frame,
)

#: What can stand under an estimate.
Under = Literal["interval", "se", "p", "p_joint"]

#: Answers to set side by side: named by their keys, or by what tells them apart.
Answers = Sequence[Estimates] | Mapping[str, Estimates]

#: What stands under an estimate, in words.
UNDER = {
    "interval": INTERVAL,
    "se": Note("standard error in round brackets"),
    "p": Note("p by itself"),
    "p_joint": Note("joint p"),
}

NOT_ONE = Note("{question} has no one estimate for each dimension. Show it by itself, not beside other answers.")
NO_ANSWER = Note("{name} is no answer. Give an answer, a frame, a list of answers, or answers by their names.")


def table(
    shown: Estimates | pd.DataFrame | Answers,
    columns: Sequence[str] | None = None,
    *,
    show: Under | Sequence[Under] = ("interval",),
    language: str = "en",
    digits: int | None = None,
    simulated: Sequence[str] = (),
    names: Mapping[str, tuple[str, str]] | None = None,
) -> Table:
    """Make a table ready to show, in words, numbers and dates of the language: of an answer, of several, of a frame.

    Parameters
    ----------
    shown
        An answer; several (a list, or a mapping from names), which stand side by side; or any frame of this package.
    columns
        Which columns, in order; default all that are not missing throughout. Of an answer those after the dimension,
        of a frame the first names the rows. Several answers have none to choose: ``show`` says what they show. A column
        that is asked for and missing throughout shows dashes.
    show
        What stands under each estimate of several answers: ``"interval"``, ``"se"``, ``"p"``, ``"p_joint"``.
    language
        ``"en"`` or ``"vi"``.
    digits
        Decimals; default 2 for scores and 3 for slopes, more where all estimates would be 0 in so many, and in a row of
        a far smaller size.
    simulated
        Inputs of a frame that were made up; the caption says so. An answer knows its own.
    names
        Of units and dimensions in a frame (``study.names``), to be written in the place of codes. An answer knows its
        own.

    Returns
    -------
    Table
        Of texts. Several answers are its columns; its rows are the dimensions, then their mean.

    Raises
    ------
    SpecError
        Answers are in different units, or have intervals at different levels; one has no estimate for each dimension;
        what is asked for is not there, or would mislead.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> ask = {name: pa.programme_impact(panel, "VN-CT", 2018, method=name) for name in ("did", "synthetic_control")}
    >>> table(ask, show=("interval", "p_joint")).columns.tolist()
    ['did', 'synthetic_control']
    >>> table(ask["did"], ["estimate", "p_joint"]).columns.tolist()
    ['Gap', 'Joint p-value']
    """
    if isinstance(shown, Table):
        return shown
    if isinstance(shown, Estimates | pd.DataFrame) and _parts(show) != ["interval"]:
        raise SpecError(Note("show= is for answers side by side. Of one table choose columns by columns=."))
    if isinstance(shown, Estimates):
        return table_estimates(shown, columns, language=language, digits=digits)
    if isinstance(shown, pd.DataFrame):
        return table_frame(shown, columns, language=language, digits=digits, simulated=simulated, names=names)
    if columns is not None:
        raise SpecError(Note("Answers side by side have no columns to choose. Say by show= what they show."))
    return _table(gather(shown, language), _parts(show), digits)


class Gathered(NamedTuple):
    """Answers that can stand side by side, by name: alike in what an estimate is, and in their level."""

    answers: dict[str, Estimates]
    dimensions: list[str]  # those of any answer, then the rows of the family
    tongue: Language

    @property
    def first(self) -> Estimates:
        """One of them, for what all share."""
        return next(iter(self.answers.values()))

    @property
    def is_slopes(self) -> bool:
        """Whether an estimate is a slope, not a gap."""
        return is_slopes(self.first)

    @property
    def places(self) -> list[int]:
        """Decimals of each dimension's numbers, which all answers share."""
        sizes = [
            [self.value(name, one, column) for name in self.answers for column in POINTS] for one in self.dimensions
        ]
        estimates = [self.value(name, one, "estimate") for name in self.answers for one in self.dimensions]
        usual = 3 if self.is_slopes else 2
        return self.tongue.fine_by_row(sizes, usual, self.tongue.fine(estimates, usual))

    @property
    def simulated(self) -> tuple[str, ...]:
        """Inputs of any answer that were made up."""
        return tuple(dict.fromkeys(name for answer in self.answers.values() for name in answer.simulated_tables))

    def value(self, name: str, dimension: str, column: str) -> float:
        """A number of one answer, NaN where it has none."""
        rows = self.answers[name].table
        found = rows.loc[rows["dimension"] == dimension, column] if column in rows else []
        return float(next(iter(found), float("nan")))


def gather(shown: Answers, language: str) -> Gathered:
    """Name answers and check that they can stand side by side."""
    is_named = isinstance(shown, Mapping)
    if not is_named and (isinstance(shown, str) or not isinstance(shown, Sequence)):
        raise SpecError(Note(NO_ANSWER.text, {"name": type(shown).__name__}))
    given: list[Estimates] = list(shown.values()) if isinstance(shown, Mapping) else list(shown)
    if not given:
        raise SpecError(Note("There is no answer to show. Give one, a list of answers, or answers by their names."))
    for answer in given:
        if not isinstance(answer, Estimates):
            raise SpecError(Note(NO_ANSWER.text, {"name": type(answer).__name__}))
        rows = answer.table
        if (
            not {"dimension", "estimate"} <= set(rows)
            or answer.question == "verdicts"
            or rows["dimension"].duplicated().any()
        ):
            raise SpecError(Note(NOT_ONE.text, {"question": answer.question}))
        if is_slopes(answer) != is_slopes(given[0]):
            both = {"first": given[0].question, "other": answer.question}
            raise SpecError(
                Note("An estimate of {first} is not in the unit of one of {other}. Show each by itself.", both)
            )
    levels = sorted({answer.level for answer in given if "low" in answer.table})
    if len(levels) > 1:
        said = ", ".join(f"{level:g}" for level in levels)
        raise SpecError(
            Note("These answers have intervals at different levels ({levels}). Ask all at one.", {"levels": said})
        )
    tongue = language_of(language, given[0].names)
    names = [str(name) for name in shown] if isinstance(shown, Mapping) else _names(given, tongue)
    dimensions = list(dict.fromkeys(str(name) for answer in given for name in answer.table["dimension"]))
    return Gathered(dict(zip(names, given, strict=True)), sorted(dimensions, key=_place), tongue)


def _place(dimension: str) -> int:
    """Rows of the family stand after the dimensions, its mean first."""
    return 1 + list(FAMILY).index(dimension) if dimension in FAMILY else 0


def _names(answers: Sequence[Estimates], tongue: Language) -> list[str]:
    """Name answers by their method, by their number too where that does not tell them apart."""
    names = [method(answer, tongue) or answer.question for answer in answers]
    if len(set(names)) == len(names):
        return names
    return [f"({number}) {name}" for number, name in enumerate(names, 1)]


def _parts(show: Under | Sequence[Under]) -> list[str]:
    parts = list(show) if isinstance(show, Sequence) and not isinstance(show, str) else [show]
    known = get_args(Under)
    for part in parts:
        if not isinstance(part, str) or part not in known:
            raise SpecError(
                Note(
                    "there is no {part!r} to show under an estimate. Choose of {known}.",
                    {"part": part, "known": ", ".join(known)},
                )
            )
    return [str(part) for part in parts]


@check_kinds
def _table(gathered: Gathered, parts: Sequence[str], digits: int | None = None) -> Table:
    answers, tongue = gathered.answers, gathered.tongue
    places = gathered.places if digits is None else [digits] * len(gathered.dimensions)
    for name, answer in answers.items():
        if "se" in parts and hidden_columns(answer):
            raise SpecError(Note(NO_ERROR.text, {"name": name}))
    lacking = {part for part in parts if not any(_has(answer, part) for answer in answers.values())}
    heads = [tongue.text(LABELS["dimension"]), *answers]
    columns: list[list[str]] = [[] for _ in heads]
    for dimension, each in zip(gathered.dimensions, places, strict=True):
        for part in ("estimate", *parts):
            cells = [_cell(gathered, name, dimension, part, each) for name in answers]
            if part == "estimate" or set(cells) != {MISSING} or part in lacking:
                label = full_name(dimension, tongue, gathered.first.names) if part == "estimate" else ""
                for column, text in zip(columns, [label, *cells], strict=True):
                    column.append(text)
    return as_table(heads, columns, tongue, _caption(gathered, parts))


def _has(answer: Estimates, part: str) -> bool:
    """Whether an answer has any number of a part; where none has, dashes say so."""
    name = "low" if part == "interval" else part
    return name in answer.table and bool(answer.table[name].notna().any())


def _cell(gathered: Gathered, name: str, dimension: str, part: str, digits: int) -> str:
    """The text of one number under one answer, or of an interval, which needs both its ends."""
    tongue = gathered.tongue
    if part == "interval":
        low, high = (gathered.value(name, dimension, end) for end in ("low", "high"))
        return tongue.interval(low, high, digits)
    value = gathered.value(name, dimension, part)
    if value != value:
        return MISSING
    if part in ("p", "p_joint"):
        said = tongue.p_value(value, sign=True)
        return tongue.text("p {p}", p=said) if part == "p" else tongue.text("joint p {p}", p=said)
    return Text(tongue.number(value, digits), value) if part == "estimate" else f"({tongue.number(value, digits)})"


def estimate_label(gathered: Gathered) -> str:
    """Say what an estimate of these answers is."""
    return quantity(gathered.first, gathered.tongue)


def _caption(gathered: Gathered, parts: Sequence[str]) -> str:
    """Say what an estimate is, what stands under it, and what was simulated."""
    tongue, said = gathered.tongue, estimate_label(gathered)
    if parts:
        level = tongue.percent(gathered.first.level)
        listed = ", ".join(tongue.text(UNDER[part], level=level) for part in parts)
        said = tongue.text("{estimate}; under it: {listed}", estimate=said, listed=listed)
    made_up = mark(gathered.simulated, tongue)
    return f"{made_up}. {said}" if made_up else said
