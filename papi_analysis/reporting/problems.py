"""What is wrong with a user's files, in their language: a table for a page, lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from papi_analysis.errors import Problem
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.tables import Table, as_table

#: What heads the columns of a list of problems.
HEADS = ("File", "Sheet", "Row", "Column", "Value", "What", "What to do")

#: So much of a value is shown that a reader finds the cell; a cell can hold a whole page.
LONGEST = 80


def table_problems(problems: Iterable[Problem], *, language: str = "en") -> Table:
    """Make the table of problems ready to show: one row each, in the order given, all of them.

    Parameters
    ----------
    problems
        From ``DataError.problems``, or the guesses of a study.
    language
        ``"en"`` or ``"vi"``.

    Returns
    -------
    Table
        File, sheet, row (as the spreadsheet counts), column, value, what it is and what to do; columns that are
        empty throughout are left out, and the first column is the index.

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
            problem.file,
            problem.sheet,
            "" if problem.row is None else str(problem.row),
            problem.column,
            _cut(problem.value),
            tongue.say(problem.what),
            tongue.say(problem.remedy),
        )
        for problem in problems
    ]
    columns = list(zip(*(map(printable, row) for row in rows), strict=True)) or [()] * len(heads)
    filled = [place for place, texts in enumerate(columns) if any(texts) or not rows]
    return as_table([heads[place] for place in filled], [columns[place] for place in filled], tongue)


def list_problems(problems: Iterable[Problem], *, language: str = "en") -> str:
    """List problems for a terminal: the file and sheet on a line, below it one line for each problem.

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
      row 5, column due, '2018-13-01': this is not a date. Write a date as year-month-day, like 2018-03-31.

    """
    tongue = find_language(language)
    problems = list(problems)
    order = {place: number for number, place in reversed([*enumerate(map(_file, problems))])}
    lines: list[str] = []
    for (file, sheet), found in groupby(sorted(problems, key=lambda problem: order[_file(problem)]), _file):
        name = file or tongue.text("table")
        lines.append(printable(tongue.text("{file}, sheet {sheet!r}", file=name, sheet=sheet) if sheet else name))
        lines += [f"  {printable(_line(problem, tongue))}" for problem in found]
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""Write out what a terminal or page would obey or hide: line ends, escapes, marks of direction.

    Examples
    --------
    >>> print(printable("Cần Thơ\n\x1b[2J"))
    Cần Thơ\n\x1b[2J

    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _file(problem: Problem) -> tuple[str, str]:
    return problem.file, problem.sheet


def _line(problem: Problem, tongue: Language) -> str:
    """Say where, what and what to do."""
    place = [] if problem.row is None else [tongue.text("row {row}", row=problem.row)]
    if problem.column and problem.file.endswith(".toml"):
        place.append(tongue.text("setting {name}", name=problem.column))
    elif problem.column:
        place.append(tongue.text("column {name}", name=problem.column))
    if problem.value:
        place.append(repr(_cut(problem.value)))
    words = f"{tongue.say(problem.what)}. {tongue.say(problem.remedy)}"
    return f"{', '.join(place)}: {words}" if place else words


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
