"""What a sheet holds beside the table that is read from it: told, or refused where it may be what the table lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from papi_analysis.errors import Note, Problem
from papi_analysis.study.cells import Cell, Percent, Remarks, cell_text
from papi_analysis.study.checks import parse_column
from papi_analysis.study.findings import Findings
from papi_analysis.study.headers import fits
from papi_analysis.study.numbers import is_number
from papi_analysis.study.old_books import UNTOLD
from papi_analysis.study.schema import TASKS
from papi_analysis.study.titles import other_province
from papi_analysis.study.words import plain, words

if TYPE_CHECKING:
    from papi_analysis.study.rows import Table

#: What a label holds that is meant for a period, however it is written.
_HINTS = [rf"\b{plain(word)}" + ("" if word.endswith("...") else r"\b") for word in words("periods")["hint"]]
_TIME = re.compile("|".join([r"(19|20|21)\d\d", r"\bq ?\d", r"\d ?/ ?\d", *_HINTS]))
#: How rows are counted: 1, 2, 1.1, I, II, a, b).
_COUNT = re.compile(r"(\d+|[ivxlc]+|[a-z])([.)/-]\w*)*", re.IGNORECASE)
#: So many rows are named in one sentence.
_NAMED = 20


def refuse_numbers(table: Table) -> None:
    """Refuse a further column of numbers beside the quarters: it may be a quarter whose header is not understood."""
    for column in range(table.width):
        label = table.header.labels.get(column, "")
        cells = [table.rows[row][column] for row in table.body]
        if column in table.columns.used | table.header.planned or _only_counts(table, column, cells):
            continue
        timed = _TIME.search(f"{label.lower()} {plain(label)}") is not None
        suspects = _holds if timed else is_number
        if any(map(suspects, cells)) and (timed or not _is_of_a_task(label, cells)):
            value = cell_text(next(cell for cell in cells if _holds(cell)))
            what = Note("the column beside the quarters is not used: its header is no quarter, month or day")
            remedy = Note("Write the header like Quý III/2020 or 30/09/2020, or move the column to another sheet.")
            table.remarks.problems.add(what, remedy, row=table.header.body, column=label, value=value)


def _is_of_a_task(label: str, cells: list[Cell]) -> bool:
    """Say whether a column of numbers belongs to the tasks, which may stand in the same sheet."""
    columns = fits(label, TASKS)
    return bool(columns) and (bool(columns & {"weight", "share"}) or not any(map(_is_part, cells)))


def _only_counts(table: Table, column: int, cells: list[Cell]) -> bool:
    """Say whether a column counts the rows: by its label, or because it holds 1, 2, 3 and so on."""
    texts = [cell_text(cell).strip() for cell in cells if _holds(cell)]
    if table.columns.counts(column):
        return all(_COUNT.fullmatch(text) for text in texts) and not any(map(_is_part, cells))
    return len(texts) > 2 and texts == [str(n) for n in range(1, len(texts) + 1)]


def _is_part(cell: Cell) -> bool:
    """Say whether a cell holds a part of a whole, with which nothing is counted."""
    text = cell_text(cell).strip()
    return isinstance(cell, Percent) or text.endswith("%") or re.fullmatch(r"0*[.,]\d+", text) is not None


def compare_twins(table: Table, frame: pd.DataFrame) -> None:
    """Hold each column that means the same as one that is used against it: where they differ neither is sure."""
    for name, used, other in table.columns.twins:
        if table.named.get(used) != name:
            continue
        kind = next(column for column in table.schema.columns if column.name == name)
        cells = table.beside(frame, other)
        aside = Remarks(Findings(""), Findings(""))
        texts = table.texts(cells, kind, aside, table.header.labels[other])
        read, own = parse_column(texts, kind.kind), parse_column(frame[name], kind.kind)
        codes = table.source.spellings.get(name)
        means = read.isin({*codes.values()}) if codes else read.notna() & (read != "")
        first, label = table.header.labels[used], table.header.labels[other]
        differs = means & (read != own)
        what = Note("the column {first!r}, which means the same, says something else", {"first": first})
        table.remarks.refuse(cells[differs], label, what, Note("Keep one of the two columns, or rename the other."))
        if means.any() and not differs.any():
            what = Note("the column says the same as {first!r} and is not used", {"first": first})
            table.remarks.guess(cells[means], label, what, Note("To be sure, keep one of the two."))


def compare_titles(table: Table, frame: pd.DataFrame) -> None:
    """Refuse reports whose code is one task's and whose title another's."""
    codes, used = table.source.spellings.get("task", {}), table.columns.titles
    titles = [
        c for c, label in table.header.labels.items() if c not in table.named and "title_vi" in fits(label, TASKS)
    ]
    if table.schema.name != "progress" or "task" not in frame or not codes or used is not None:
        return
    for column in titles:
        cells = table.beside(frame, column)
        meant = cells.map(lambda cell: codes.get(plain(cell_text(cell)), ""))
        own = frame["task"].str.strip()
        what = Note("the title is another task's in the register than the code beside it")
        table.remarks.refuse(
            cells[(meant != "") & (meant != own)], table.header.labels[column], what, Note("Correct one of the two.")
        )


def refuse_units(table: Table, name: str, value: str) -> None:
    """Refuse to fill in the unit where something that is not used names others: their rows would count as its own."""
    spellings = table.source.spellings.get(name, {})
    others = {*range(len(table.rows))} - {*table.body, *range(table.header.top, table.header.body)}
    for column in range(table.width):
        for rows in (table.body if column not in table.named else [], sorted(others)):
            texts = {row: cell_text(table.rows[row][column]).strip() for row in rows}
            _refuse_named(table, column, {row: text for row, text in texts.items() if text}, spellings, value)


def _refuse_named(
    table: Table, column: int, texts: Mapping[int, str], spellings: Mapping[str, str], value: str
) -> None:
    """Note the first text that names another unit; digits alone are a name where all texts are names."""
    names = {row: text for row, text in texts.items() if plain(text) in spellings}
    if len(names) < len(texts) or table.columns.counts(column):
        names = {row: text for row, text in names.items() if not text.isdigit()}
    row = next((row for row, text in names.items() if spellings[plain(text)] != value), None)
    if row is not None:
        what = Note("this names another unit than {unit}, which study.toml would put into every row", {"unit": value})
        remedy = Note("Write unit as the header of the column that names the units, or keep the rows of one alone.")
        label = table.header.labels.get(column, "")
        table.remarks.problems.add(what, remedy, row=row + 1, column=label, value=names[row])


def tell_other_province(table: Table) -> None:
    """Tell where the words above a table name another province than the one of which study.toml would have it."""
    own, spellings = table.filled["unit"], table.source.spellings.get("unit", {})
    if found := other_province(table.sheet, table.header.top, own, spellings):
        row, text = found
        what = Note("this names another province than {unit}, whose table it counts as", {"unit": own})
        remedy = Note("Make sure that this is the right file.")
        table.remarks.guesses.add(what, remedy, row=row + 1, value=text)


def refuse_spanning(table: Table) -> None:
    """Refuse cells merged over several columns: the file holds their value in the first alone."""
    body = {*table.body}
    for block in table.sheet.merged:
        columns = [c for c in range(block.left, min(block.right, table.width - 1) + 1) if c in table.header.labels]
        if len(columns) < 2 or block.top not in body or not table.columns.used & {*columns}:
            continue
        if _holds(value := table.rows[block.top][block.left]):
            what = Note("the cell is merged over several columns")
            remedy = Note("Split the cell, and fill in each column.")
            label = table.header.labels.get(block.left, table.header.labels[columns[0]])
            table.remarks.problems.add(what, remedy, row=block.top + 1, column=label, value=cell_text(value))


def tell_beside(table: Table) -> None:
    """List what is not used, what is hidden and read all the same, and cells that may have swallowed rows."""
    guesses = table.remarks.guesses
    if unused := [*_unused(table)]:
        remedy = Note("To use one, write the name of the column that it stands for as its header.")
        guesses.add(_not_used(unused), remedy, row=table.header.body)
    if above := [row for row in range(table.header.top) if any(map(_holds, table.rows[row]))]:
        value = cell_text(next(cell for cell in table.rows[above[0]] if _holds(cell)))
        what = Note("the rows above the header are read as titles: {rows}", {"rows": _numbers(above)})
        guesses.add(what, Note("To be sure, delete them."), row=above[0] + 1, value=value)
    for row, label, text in _swallowing(table):
        what = Note("the cell holds line breaks and as many separators as a row: two quotation marks may enclose rows")
        guesses.add(what, Note("Delete a quotation mark that stands alone."), row=row + 1, column=label, value=text)
    if table.sheet.old:
        guesses.add(*UNTOLD)
    _tell_hidden(table)


def _not_used(names: Iterable[str]) -> Note:
    return Note("these columns are not used: {names}", {"names": "; ".join(names)})


def without(guess: Problem, taken: Collection[str]) -> Problem | None:
    """Take the columns that another table uses off a guess that they are not used; none where none is left."""
    if guess.what.text != _not_used([]).text:
        return guess
    left = [name for name in guess.what.values["names"].split("; ") if name not in taken]
    return replace(guess, what=_not_used(left)) if left else None


def _unused(table: Table) -> Iterator[str]:
    """Yield the headers of columns that are not used and do more than count rows."""
    for column, label in sorted(table.header.labels.items()):
        cells = [table.rows[row][column] for row in table.body]
        counts = table.columns.counts(column) and _only_counts(table, column, cells)
        if not counts and column not in table.columns.used and label not in table.schema.further:
            yield label


def _tell_hidden(table: Table) -> None:
    guesses, sheet = table.remarks.guesses, table.sheet
    remedy = Note("To be sure, show what is hidden, and see whether it is to count.")
    if sheet.hidden:
        guesses.add(Note("the sheet is hidden, and read like any other"), remedy)
    if rows := sorted(sheet.hidden_rows & {*table.body}):
        what = Note("hidden rows are read like any other: {rows}", {"rows": _numbers(rows)})
        guesses.add(what, remedy, row=rows[0] + 1)
    for column in sorted(sheet.hidden_columns & table.columns.used):
        what = Note("the column is hidden, and read like any other")
        guesses.add(what, remedy, row=table.header.body, column=table.header.labels[column])


def _swallowing(table: Table) -> Iterator[tuple[int, str, str]]:
    """Find cells of a csv file that look like rows between two quotation marks."""
    for row, cells in enumerate(table.sheet.rows if table.sheet.mark else ()):
        for column, cell in enumerate(cells):
            marks = cell.count(table.sheet.mark) if isinstance(cell, str) and re.search("[\r\n]", cell) else 0
            if marks >= max(1, len(cells) - 1):
                yield row, table.header.labels.get(column, ""), cell_text(cell)


def _numbers(rows: Iterable[int]) -> str:
    """Name rows counted from 0 as the spreadsheet does."""
    shown = [str(row + 1) for row in rows]
    return ", ".join([*shown[:_NAMED], "..."] if len(shown) > _NAMED else shown)


def _holds(cell: Cell) -> bool:
    return cell_text(cell).strip() != ""
