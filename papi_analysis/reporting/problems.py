"""What is wrong with a user's files, in their language: a table for a page, lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from papi_analysis.errors import Problem
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.tables import Table, as_table
from papi_analysis.study.findings import FURTHER
from papi_analysis.study.schema import header

#: What heads the columns of a list of problems.
HEADS = ("File", "Sheet", "Row", "Column", "Value", "Cells", "What", "What to do")

#: So much of a value is shown that a reader finds the cell; a cell can hold a whole page.
LONGEST = 80
#: So many columns, or groups of neighbouring rows, are named before "...".
NAMED = 4
#: So many values that have the same thing wrong are listed, each by itself.
VALUES = 20


@dataclass
class Group:
    """Problems of one file and sheet that are the same and have the same remedy: said once, with the first value."""

    first: Problem
    rows: dict[int, None] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    cells: int = 0

    def add(self, problem: Problem) -> None:
        """Count one more of them."""
        self.cells += 1
        self.columns[problem.column] = None
        if problem.row is not None:
            self.rows[problem.row] = None

    def where(self) -> str:
        """Give the rows, neighbours as "2-66"."""
        runs: list[list[int]] = []
        for row in sorted(self.rows):
            if runs and row == runs[-1][1] + 1:
                runs[-1][1] = row
            else:
                runs.append([row, row])
        texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
        return ", ".join([*texts[: NAMED - 1], "...", texts[-1]] if len(texts) > NAMED else texts)

    def heads(self, tongue: Language) -> str:
        """Give the columns, in the words of the template where they are the schema's."""
        if self.first.file.endswith(".toml"):
            names = [*self.columns]
        else:
            names = [", ".join(tongue.say(header(part)) for part in name.split(", ")) for name in self.columns]
        return ", ".join([*names[: NAMED - 1], "...", names[-1]] if len(names) > NAMED else names)


def group_problems(problems: Iterable[Problem]) -> list[Group]:
    """Put problems together that differ in their place alone, each group where its first one stood.

    Of one kind with more than ``VALUES`` values, all are one group.

    Examples
    --------
    >>> from papi_analysis.errors import Note
    >>> def empty(row): return Problem(Note("the cell is empty"), Note("Fill it in."), "tasks.csv", row, "due")
    >>> [(group.cells, group.where()) for group in group_problems(map(empty, (2, 3)))]
    [(2, '2-3')]
    """
    groups: dict[tuple[str, ...], Group] = {}
    counted: list[Problem] = []
    problems = list(problems)
    values: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for problem in problems:
        values.setdefault(_kind(problem), set()).add((problem.column, problem.value))
    for problem in problems:
        if problem.what.text == FURTHER:
            counted.append(problem)
            continue
        apart = (problem.column, problem.value) if problem.value and len(values[_kind(problem)]) <= VALUES else ()
        groups.setdefault((*_kind(problem), *apart), Group(problem)).add(problem)
    for problem in counted:  # the rows that a long list no longer names
        what = problem.what.values["what"]
        same = [g for g in groups.values() if g.first.what == what and g.first.file == problem.file]
        if same:
            same[0].cells += problem.what.values["n"]
            same[0].columns[problem.column] = None
        else:
            groups[(problem.file, problem.sheet, problem.what, problem.column)] = Group(problem, cells=1)
    return list(groups.values())


def _kind(problem: Problem) -> tuple[str, ...]:
    return problem.file, problem.sheet, problem.what, problem.remedy, "" if problem.row else problem.column


def table_problems(problems: Iterable[Problem], *, language: str = "en") -> Table:
    """Make the table of problems ready to show: one row for those that are the same, in the order given.

    Parameters
    ----------
    problems
        From ``DataError.problems``, or the guesses of a study.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Table
        File, sheet, rows (as the spreadsheet counts), columns, value of the first, number of cells, what it is and
        what to do; columns that are empty throughout are left out, and the first column is the index.

    Examples
    --------
    >>> from papi_analysis.errors import Note
    >>> problem = Problem(Note("the cell is empty"), Note("Fill in the cell."), "tasks.csv", 5, "due")
    >>> table_problems([problem], language="vi").columns.tolist()
    ['Dòng', 'Cột', 'Vấn đề', 'Cách sửa']

    """
    tongue = find_language(language)
    heads = [tongue.text(head) for head in HEADS]
    rows = [
        (
            group.first.file,
            group.first.sheet,
            group.where(),
            group.heads(tongue),
            _cut(group.first.value),
            str(group.cells) if group.cells > 1 else "",
            tongue.say(group.first.what),
            tongue.say(group.first.remedy),
        )
        for group in group_problems(problems)
    ]
    columns = list(zip(*(map(printable, row) for row in rows), strict=True)) or [()] * len(heads)
    filled = [place for place, texts in enumerate(columns) if any(texts) or not rows]
    return as_table([heads[place] for place in filled], [columns[place] for place in filled], tongue)


def list_problems(problems: Iterable[Problem], *, language: str = "en") -> str:
    """List problems for a terminal: the file and sheet on a line, below it one line for those that are the same.

    Parameters
    ----------
    problems
        From ``DataError.problems``, or the guesses of a study.
    language
        ``"en"`` or ``"vi"``.

    Examples
    --------
    >>> from papi_analysis.errors import Note
    >>> what, remedy = Note("this is not a date"), Note("Write a date as year-month-day, like 2018-03-31.")
    >>> print(list_problems([Problem(what, remedy, "tasks.csv", 5, "due", "2018-13-01")]))
    tasks.csv
      row 5, column "Due date" (due), '2018-13-01': this is not a date. Write a date as year-month-day, like 2018-03-31.

    """
    tongue = find_language(language)
    groups = group_problems(problems)
    order = {place: number for number, place in reversed([*enumerate(map(_file, groups))])}
    lines: list[str] = []
    for (file, sheet), found in groupby(sorted(groups, key=lambda group: order[_file(group)]), _file):
        name = file or tongue.text("table")
        lines.append(printable(tongue.text("{file}, sheet {sheet!r}", file=name, sheet=sheet) if sheet else name))
        lines += [f"  {printable(_line(group, tongue))}" for group in found]
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""Write out what a terminal or page would obey or hide: line ends, escapes, marks of direction.

    Examples
    --------
    >>> print(printable("Cần Thơ\n\x1b[2J"))
    Cần Thơ\n\x1b[2J

    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _file(group: Group) -> tuple[str, str]:
    return group.first.file, group.first.sheet


def _line(group: Group, tongue: Language) -> str:
    """Say where, what and what to do."""
    problem, many = group.first, group.cells > 1
    listed = len(group.rows) <= 1 and group.cells == len(group.columns) <= NAMED
    place = [tongue.text("{n} cells", n=group.cells)] if many and not listed else []
    if group.rows:
        words = tongue.text("rows {rows}", rows=group.where())
        place.append(words if len(group.rows) > 1 else tongue.text("row {row}", row=group.where()))
    if heads := group.heads(tongue):
        setting = problem.file.endswith(".toml")
        place.append(tongue.text("setting {name}", name=heads) if setting else tongue.text("column {name}", name=heads))
    if problem.value:
        value = repr(_cut(problem.value))
        place.append(tongue.text("such as {value}", value=value) if many else value)
    words = f"{tongue.say(problem.what)}. {tongue.say(problem.remedy)}"
    return f"{', '.join(place)}: {words}" if place else words


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
