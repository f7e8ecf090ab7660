"""Which column of a sheet is which of the schema, by the labels of the header."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from papi_analysis.errors import Note
from papi_analysis.study.cells import Cell, Remarks
from papi_analysis.study.dimension_names import meant_dimension
from papi_analysis.study.findings import REPEATED_COLUMN
from papi_analysis.study.headers import Header, counts_rows
from papi_analysis.study.headers import fits as fits_of
from papi_analysis.study.schema import TASKS, Schema, header, name_columns
from papi_analysis.study.states import are_states
from papi_analysis.study.words import plain

#: Columns that a table may lack because its rows, headings or titles say what they would.
_MADE_UP = {"tasks": ("task", "dimension", "start"), "progress": ("task", "as_of"), "targets": ("year",)}
_SPAN = frozenset({"start", "due"})
_DIMENSION_OR_TITLE = frozenset({"dimension", "title_vi"})
_TASK_OR_TITLE = frozenset({"task", "title_vi"})


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
    span
        The place of the column that says both when a task starts and when it is due.
    titles
        The place of the column by whose titles reports name their tasks, where no column holds codes.
    year
        The year of all targets, where it stands over their column.
    used
        The places of all columns that the table is made of.
    """

    def __init__(
        self,
        header: Header,
        schema: Schema,
        body: Sequence[Sequence[Cell]],
        fill: Collection[str],
        remarks: Remarks,
        dimensions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.header, self.schema, self.body, self.fill, self.remarks = header, schema, body, fill, remarks
        self.dimensions = dimensions
        self.states: int | None = None
        self.span: int | None = None
        self.titles: int | None = None
        self.twins: list[tuple[str, int, int]] = []
        self.named = self._name()
        self.wide: Mapping[int, date] = header.days if self._is_wide(self.named) else {}
        self.year = self._take_target_year()
        self.used = {*self.named, *self.wide}

    def _name(self) -> dict[int, str]:
        """Give each column of the schema the one header that fits it."""
        names = self._settle()
        for column, fits in names.items():
            if len(fits) > 1:
                what = Note(
                    "the header fits several columns: {names}", {"names": name_columns(sorted(fits), alternatives=True)}
                )
                self.refuse(what, Note("Write the column's own name."), column)
                names[column] = frozenset()
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

    def _settle(self) -> dict[int, frozenset[str]]:
        """Give the columns that each header may stand for: those of others alone are taken, cells tell the rest."""
        names = {column: self._task_or_title(column, fits) for column, fits in self.header.names.items()}
        for by_cells in (False, True):
            for column in sorted(names):
                if len(names[column]) > 1 and by_cells:
                    names[column] = self._by_cells(column, names[column])
                while True:
                    sure = {next(iter(fits)) for fits in names.values() if len(fits) == 1}
                    left = {c: fits - sure for c, fits in names.items() if len(fits) > 1 and fits & sure}
                    if not left:
                        break
                    names |= left
        if self.schema.name == "progress" and not any("task" in fits for fits in names.values()):
            self._name_by_titles(names)
        return names

    def _task_or_title(self, column: int, fits: frozenset[str]) -> frozenset[str]:
        """Leave out that a header names the tasks by codes, where in a register it may be their title and another does.

        A table of reports has no column of titles; beside "Mã nhiệm vụ", "Nhiệm vụ" says nothing that it needs.
        """
        if self.schema.name != "progress" or fits != {"task"} or not self._may_be_title(column):
            return fits
        others = [c for c, found in self.header.names.items() if c != column and found == {"task"}]
        codes = any(not self._may_be_title(other) for other in others)
        return frozenset() if codes or self._by_cells(column, _TASK_OR_TITLE) == {"title_vi"} else fits

    def _may_be_title(self, column: int) -> bool:
        return "title_vi" in fits_of(self.header.labels[column], TASKS)

    def _by_cells(self, column: int, fits: frozenset[str]) -> frozenset[str]:
        """Say which of two columns a header stands for, by the cells below it; both where they do not tell."""
        texts = [cell.strip() for row in self.body if isinstance(cell := row[column], str) and cell.strip()]
        if fits == _SPAN:
            self.span = column
            return frozenset({"due"})
        if fits == _DIMENSION_OR_TITLE:
            known = sum(meant_dimension(text, self.dimensions) is not None for text in texts)
            return frozenset({"dimension"} if 2 * known >= len(texts) else {"title_vi"})
        if fits == _TASK_OR_TITLE:
            worded = sum(len(text.split()) > 2 for text in texts)
            return frozenset({"title_vi"} if worded and 2 * worded >= len(texts) else {"task"})
        return fits

    def _name_by_titles(self, names: dict[int, frozenset[str]]) -> None:
        """Let titles stand for the tasks that reports are about, where no column holds codes."""
        labels = {column: fits_of(label, TASKS) for column, label in self.header.labels.items()}
        titles = [c for c, fits in labels.items() if fits & {"title_vi", "title_en"} and not names.get(c)]
        worded = [c for c in titles if self._by_cells(c, _TASK_OR_TITLE) == {"title_vi"}]
        if len(worded) == 1:
            self.titles = worded[0]
            names[worded[0]] = frozenset({"task"})

    def _take_target_year(self) -> str:
        """Name the last of several columns of targets by year, and give its year: a dimension has one target."""
        years = {c: year for c, year in self.header.years.items() if c not in self.named}
        if not years or "target" in self.named.values():
            return ""
        last = max(years, key=lambda column: years[column])
        if [*years.values()].count(years[last]) > 1:
            self.refuse(*REPEATED_COLUMN, last)
        self.named[last] = "target"
        what = Note("the column is read as the targets of {year}", {"year": years[last]})
        if len(years) > 1:
            what = Note("of the targets by year the last are read, those of {year}", {"year": years[last]})
        remedy = Note("To be sure, keep one column of targets and one of years.")
        self.remarks.guesses.add(what, remedy, row=self.header.body, column=self.header.labels[last])
        return years[last]

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
                {"name": header(name), "first": one, "second": other},
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
        other = {self.header.labels[c]: name for c, name in named.items() if self.header.labels[c] != name}
        if other:
            pairs = [
                Note("{label} as {column}", {"label": label, "column": header(name)}) for label, name in other.items()
            ]
            places = [f"pair_{place}" for place in range(len(pairs))]
            listed = Note("; ".join(f"{{{place}}}" for place in places), dict(zip(places, pairs, strict=True)))
            what = Note("the headers are read as {names}", {"names": listed})
            remedy = Note("To be sure, write the columns' own names.")
            self.remarks.guesses.add(what, remedy, row=self.header.body)

    def _completion(self, first: int, second: int) -> tuple[int, int] | None:
        """Of two columns that say how far a task is, give the one in numbers and the one in words."""
        worded = [are_states(row[column] for row in self.body) for column in (first, second)]
        return {(True, False): (second, first), (False, True): (first, second)}.get((worded[0], worded[1]))

    def _refuse_slips(self, named: Mapping[int, str]) -> None:
        """Refuse a header one letter off a column that may be absent: its values would count as not given."""
        unsaid = {*self.fill, *_MADE_UP.get(self.schema.name, ())}
        may_lack = [c.name for c in self.schema.columns if c.default is not None or c.name in unsaid]
        for name in set(may_lack) - {*named.values()}:
            for column, label in self.header.labels.items():
                if column not in named and _one_slip(plain(label), plain(name)):
                    what = Note("the header is almost {name}", {"name": header(name)})
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
