"""Which column of a sheet is which of the schema, by the labels of the header."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from papi_analysis.errors import Note
from papi_analysis.study.cells import Cell, Remarks
from papi_analysis.study.findings import REPEATED_COLUMN
from papi_analysis.study.headers import Header, counts_rows
from papi_analysis.study.schema import Schema
from papi_analysis.study.states import are_states
from papi_analysis.study.words import plain


class Columns:
    """The columns below a header, each named as the schema has it; what cannot be told apart is a problem.

    Attributes
    ----------
    named
        The name of each column that is one of the schema's, by its place.
    states
        The place of the column that says in words how far a task is, where another says it in numbers.
    twins
        Columns that mean the same: the name, the one that is used and the one that is not.
    wide
        The columns that each hold the reports of a quarter, with its last day.
    used
        The places of all columns that the table is made of.
    """

    def __init__(
        self, header: Header, schema: Schema, body: Sequence[Sequence[Cell]], fill: Collection[str], remarks: Remarks
    ) -> None:
        self.header, self.schema, self.body, self.fill, self.remarks = header, schema, body, fill, remarks
        self.states: int | None = None
        self.twins: list[tuple[str, int, int]] = []
        self.named = self._name()
        self.wide: Mapping[int, date] = header.days if self._is_wide(self.named) else {}
        self.used = {*self.named, *self.wide}

    def _name(self) -> dict[int, str]:
        """Give each column of the schema the one header that fits it."""
        names = dict(self.header.names)
        sure = {next(iter(fits)) for fits in names.values() if len(fits) == 1}
        for column, fits in self.header.names.items():
            if len(fits) > 1 and len(fits - sure) > 1:
                what = Note("the header fits several columns: {names}", {"names": ", ".join(sorted(fits))})
                self.refuse(what, Note("Write the column's own name."), column)
            left = fits - sure if len(fits) > 1 else fits
            names[column] = left if len(left) == 1 else frozenset()
        named: dict[int, str] = {}
        for column, name in [(column, next(iter(fits))) for column, fits in names.items() if fits]:
            twin = next((other for other, taken in named.items() if taken == name), None)
            chosen = column if twin is None else self._choose(name, twin, column)
            if chosen != twin:
                named.pop(column if twin is None else twin, None)
                named[chosen] = name
        if self._is_wide(named):
            # Each quarter says how far a task was: a column that says it for no quarter is a further one.
            named, self.states = {column: name for column, name in named.items() if name != "completion"}, None
        self._refuse_slips(named)
        self._tell_names(named)
        return named

    def _choose(self, name: str, first: int, second: int) -> int:
        """Choose between two columns that fit one of the schema; the one left over is a further column."""
        one, other = self.header.labels[first], self.header.labels[second]
        if name == "completion" and self.states is None and (pair := self._completion(first, second)):
            number, self.states = pair
            return number
        if plain(one) == plain(other):
            self.refuse(*REPEATED_COLUMN, second)
        elif name not in (one, other):
            what = Note(
                "two headers mean the column {name}: {first!r} and {second!r}",
                {"name": name, "first": one, "second": other},
            )
            self.refuse(what, Note("Keep one of them, or rename the other."), second)
        used, left = (second, first) if other == name else (first, second)
        self.twins.append((name, used, left))
        return used

    def _is_wide(self, named: Mapping[int, str]) -> bool:
        """Say whether the table has a column for each quarter, not one row for each report."""
        own = {"as_of", "completion"} & {*self.header.labels.values()}
        return bool(self.schema.name == "progress" and self.header.days and not own and "as_of" not in named.values())

    def refuse(self, what: Note, remedy: Note, column: int) -> None:
        """Note what is wrong with the header of a column."""
        label = self.header.labels[column]
        self.remarks.problems.add(what, remedy, row=self.header.body, column=label)

    def _tell_names(self, named: dict[int, str]) -> None:
        other = [f"{self.header.labels[c]} = {name}" for c, name in named.items() if self.header.labels[c] != name]
        if other:
            what = Note("the headers are read as {names}", {"names": "; ".join(other)})
            remedy = Note("To be sure, write the columns' own names.")
            self.remarks.guesses.add(what, remedy, row=self.header.body)

    def _completion(self, first: int, second: int) -> tuple[int, int] | None:
        """Of two columns that say how far a task is, give the one in numbers and the one in words."""
        worded = [are_states(row[column] for row in self.body) for column in (first, second)]
        return {(True, False): (second, first), (False, True): (first, second)}.get((worded[0], worded[1]))

    def _refuse_slips(self, named: Mapping[int, str]) -> None:
        """Refuse a header one letter off a column that may be absent: its values would count as not given."""
        may_lack = [c.name for c in self.schema.columns if c.default is not None or c.name in self.fill]
        for name in set(may_lack) - {*named.values()}:
            for column, label in self.header.labels.items():
                if column not in named and _one_slip(plain(label), plain(name)):
                    what = Note("the header is almost {name}", {"name": name})
                    self.refuse(what, Note("Correct it, or rename the column."), column)

    def kept(self) -> list[int]:
        """List the columns to keep: all with a header that do more than count rows."""
        kept = []
        for column in range(max([*self.header.labels, *(len(row) - 1 for row in self.body)], default=-1) + 1):
            label = self.header.labels.get(column, "")
            filled = any(row[column] != "" for row in self.body)
            if not label and filled:
                what = Note("column {number} has no header and is left out", {"number": column + 1})
                self.remarks.guesses.add(what, Note("To use it, write a header."), row=self.header.body)
            if column in self.named or (label and column not in self.used and not self.counts(column)):
                kept.append(column)
        labels = [self.header.labels[column] for column in kept if column not in self.named]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            self.remarks.problems.add(*REPEATED_COLUMN, row=self.header.body, column=label)
        return kept

    def counts(self, column: int) -> bool:
        """Say whether a column only counts the rows, by its label."""
        return counts_rows(self.header.labels.get(column, ""))


def _one_slip(word: str, name: str) -> bool:
    """Say whether one letter more, less or other, or two that changed places, make one word of the other."""
    start = _common(word, name)
    end = _common(word[start:][::-1], name[start:][::-1])
    one, other = word[start : len(word) - end], name[start : len(name) - end]
    return word != name and (max(len(one), len(other)) == 1 or (len(one) == 2 and one == other[::-1]))


def _common(one: str, other: str) -> int:
    """Count the letters with which both begin."""
    same = (a == b for a, b in zip(one, other, strict=False))
    return sum(1 for _ in itertools.takewhile(bool, same))
