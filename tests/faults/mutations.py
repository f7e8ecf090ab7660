"""Ten kinds of mutation of a study's tables, each judged before anything of the package looks at it.

A kind takes the tables and a random generator and gives a ``Mutation``: the file it writes, and what may come of it.
Where a kind does not say what its mutation means, the second reader says it: see ``judged``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from books import as_csv, as_xlsx
from second_reader import KEYS, KINDS, Numbers, Rows, plain_numbers, split

#: ``same``: the same numbers. ``error``: a PapiError. ``either``: one of the two.
#: ``told``: an error, or the numbers that the file now says, and a guess that tells how it was read.
#: ``unseen``: what the file says is a valid study as well, so no reader can know better: an error, or just that.
Verdict = Literal["same", "error", "either", "told", "unseen"]

Tables = dict[str, Rows]
Random = random.Random


@dataclass(frozen=True)
class Mutation:
    """A table, the bytes that are written in its place, what may come of it, and why."""

    table: str
    content: bytes
    verdict: Verdict
    why: str
    says: Numbers | None = None
    suffix: str = "csv"


def some_table(rng: Random, tables: Tables, *names: str) -> tuple[str, Rows]:
    """A copy of one table to change; the larger ones that everybody writes come more often."""
    name = rng.choice(names or ("tasks", "tasks", "progress", "progress", "progress", "targets", "scores", *tables))
    return name, [list(row) for row in tables[name]]


def write(rng: Random, rows: Rows, form: str) -> bytes:
    """The table as a workbook, or as a csv file in one of the ways that programs write one."""
    if form == "xlsx":
        return as_xlsx(rows)
    return as_csv(rows, rng.choice(",,,;\t"), rng.choice(["\n", "\r\n"]))


def judged(name: str, rows: Rows, tables: Tables) -> tuple[Verdict, str, Numbers | None]:
    """What must come of a table that says this: the second reader knows no other way to write a cell."""
    says = plain_numbers({**tables, name: rows})
    if says is None:
        return "error", "the table breaks a rule", None
    before = plain_numbers(tables)
    if says == before:
        return "same", "the table says the same", says
    assert before is not None
    return "unseen", difference(name, before, says), says


def difference(name: str, before: Numbers, says: Numbers) -> str:
    """What differs in a valid table: fewer rows, other texts, or other numbers and days."""
    old, new = before[name], says[name]
    if new.keys() != old.keys():
        return "fewer rows" if new.items() < old.items() else "other rows"
    columns = [c for key, row in new.items() for c, a, b in zip(KINDS[name], row, old[key], strict=True) if a != b]
    return "other texts" if {KINDS[name][c] for c in columns} <= {"any", "text"} else "other numbers"


def swapped(rng: Random, tables: Tables, form: str) -> Mutation:
    """Two columns change places: with their headers they mean the same, without them something else."""
    name, rows = some_table(rng, tables)
    # A dimension may be called by its name: name and code in each other's place would mean the same.
    a, b = rng.sample(range(name == "dimensions", len(rows[0])), 2)
    for row in rows if (whole := rng.random() < 0.4) else rows[1:]:
        row[a], row[b] = row[b], row[a]
    content = write(rng, rows, form)
    if whole:
        return Mutation(name, content, "same", "columns are known by their headers")
    return Mutation(name, content, *judged(name, rows, tables))


def comma(rng: Random, tables: Tables, form: str) -> Mutation:
    """Decimal points become commas: in the whole column it is another way to write it, in a part of it a mixture."""
    name, rows = some_table(rng, tables, "progress", "targets", "scores", "tasks", "dimensions")
    column = {"progress": "completion", "targets": "target", "tasks": "share", "dimensions": "scale_max"}
    c = rows[0].index(column.get(name, "score"))
    if name == "dimensions":  # whole numbers in the bundled table
        for row in rows[1:]:
            row[c] += ".0"
    some = rng.sample(rows[1:], rng.randint(1, len(rows) - 1)) if rng.random() < 0.5 else rows[1:]
    for row in some:
        row[c] = row[c].replace(".", ",")
    mixed = any("." in row[c] for row in rows[1:]) and form == "csv"
    why = "commas and points in one column" if mixed else "a comma alone can only be a decimal comma"
    return Mutation(name, write(rng, rows, form), "either" if mixed else "same", why)


def shifted(rng: Random, tables: Tables, form: str) -> Mutation:
    """The cells of a row move a column, those of a column a row, or the whole table moves down."""
    name, rows = some_table(rng, tables)
    i, c = rng.randrange(1, len(rows)), rng.randrange(len(rows[0]))
    way = rng.choice(["left", "right", "round", "down", "title", "blank"])
    if way in ("title", "blank"):
        blank = [""] * len(rows[0])
        rows.insert(i if way == "blank" else 0, blank if way == "blank" else ["The register of 2018", *blank[1:]])
        return Mutation(name, write(rng, rows, form), "same", "blank rows and titles are no rows of the table")
    if way == "down":
        for lower, upper in zip(rows[:i:-1], rows[-2 : i - 1 : -1], strict=True):
            lower[c] = upper[c]
        rows[i][c] = ""
    else:
        row = rows[i]
        # A unit moved so has its code among its variants, and is the same unit.
        way = "left" if name == "units" else way
        rows[i] = {"left": [*row[1:], ""], "right": ["", *row[:-1]], "round": [*row[1:], row[0]]}[way]
    return Mutation(name, write(rng, rows, form), *judged(name, rows, tables))


def unit(rng: Random, tables: Tables, form: str) -> Mutation:
    """A number in another unit of measurement, a day as a number, or a row of another province."""
    name, rows = some_table(rng, tables, "tasks", "progress", "targets", "scores", "dimensions")
    i = rng.randrange(1, len(rows))
    if name in ("tasks", "progress", "targets") and rng.random() < 0.4:
        mark = rng.choice(["VN-XX", "Cần Thơ City x", "Sở Nội vụ", "VN-CT", "TP. Cần Thơ", "can tho"])
        rows[0].append("unit")
        for j, row in enumerate(rows[1:], 1):
            row.append(mark if j == i else "VN-CT")
        known = mark in ("VN-CT", "TP. Cần Thơ", "can tho")
        return Mutation(name, write(rng, rows, form), "same" if known else "error", f"the unit {mark}")
    c = rng.choice([c for c, kind in enumerate(KINDS[name].values()) if kind not in ("text", "any")])
    column, old = rows[0][c], rows[i][c]
    if KINDS[name][column] == "day":
        rows[i][c] = str((date.fromisoformat(old) - date(1899, 12, 30)).days)
    elif column == "year":
        rows[i][c] = rng.choice([old[2:], str(int(old) + 543), old + "0", f"{old[0]}.{old[1:]}"])
    else:
        rows[i][c] = format(Decimal(old) * rng.choice([10, 100, 1000, Decimal("0.01"), -1]), "f")
    verdict, why, says = judged(name, rows, tables)
    if column == "year" and "." in rows[i][c]:
        verdict = "either"  # 2.018 is how some write 2018
    return Mutation(name, write(rng, rows, form), verdict, why, says)


def duplicate(rng: Random, tables: Tables, form: str) -> Mutation:
    """A row comes twice, as it is or with another value, the header comes again, or a column comes twice."""
    name, rows = some_table(rng, tables)
    what = rng.choice(["row", "row", "changed row", "header", "column"])
    if what == "column":
        c = rng.randrange(len(rows[0]))
        rows = [[*row, row[c]] for row in rows]
        return Mutation(name, write(rng, rows, form), "error", "two columns of one name")
    twin = list(rows[0] if what == "header" else rng.choice(rows[1:]))
    if what == "changed row":
        c = next(c for c in reversed(range(len(twin))) if rows[0][c] not in KEYS[name])
        twin[c] = "0.31" if KINDS[name][rows[0][c]] == "number" else "x"
    rows.insert(rng.randrange(1, len(rows) + 1), twin)
    if what == "header":
        return Mutation(name, write(rng, rows, form), "either", "a second header is no row")
    return Mutation(name, write(rng, rows, form), "error", "two rows of one key")


def order(rng: Random, tables: Tables, form: str) -> Mutation:
    """Days are written day first, month first, or year and day before the month."""
    name, rows = some_table(rng, tables, "tasks", "progress")
    column = rng.choice([c for c, kind in KINDS[name].items() if kind == "day"])
    way, c = (
        rng.choice(["{d}/{m}/{y}", "{d}-{m}-{y}", "{d}.{m}.{y}", "{m}/{d}/{y}", "{y}-{d}-{m}"]),
        rows[0].index(column),
    )
    whole = rng.random() < 0.5
    for row in rows[1:] if whole else rng.sample(rows[1:], 1):
        y, m, d = row[c].split("-")
        row[c] = way.format(y=y, m=m, d=d)
        read = [y, d, m] if way[1] in "my" else [y, m, d]
        row.append("-".join(read))
    meant = [[*row[:c], row[-1] if len(row) > len(rows[0]) else row[c], *row[c + 1 : len(rows[0])]] for row in rows]
    content = write(rng, [row[: len(rows[0])] for row in rows], form)
    if way.startswith("{d}"):
        return Mutation(name, content, "same", "day first is the custom of the country")
    verdict, why, says = judged(name, meant, tables)
    # Where every day is a month as well, the custom of the country decides, and a guess says so.
    return Mutation(name, content, "told" if verdict == "unseen" and way[1] == "m" else verdict, why, says)


def percent(rng: Random, tables: Tables, form: str) -> Mutation:
    """Parts of one are written in percent: with a sign or a header that says so they mean the same."""
    name, rows = some_table(rng, tables, "progress", "progress", "tasks")
    c = rows[0].index("completion" if name == "progress" else "share")
    way = rng.choice(["signs", "spaced signs", "header", "bare", "one bare", "one sign", "some signs"])
    some = rng.sample(rows[1:], rng.randint(2, 6)) if way.startswith(("one", "some")) else rows[1:]
    sign = {"signs": "%", "spaced signs": " %", "one sign": "%", "some signs": "%"}.get(way, "")
    for row in some[:1] if way.startswith("one") else some:
        row[c] = format((Decimal(row[c]) * 100).normalize(), "f") + sign
    if way == "header":
        rows[0][c] = "Tỷ lệ hoàn thành (%)" if name == "progress" else "share (%)"
    content = write(rng, rows, form)
    if way in ("signs", "spaced signs", "header"):
        return Mutation(name, content, "same", "the file says that it means percent")
    if way in ("one sign", "some signs"):
        return Mutation(name, content, "either", "percent and parts of one in one column")
    return Mutation(name, content, *judged(name, rows, tables))


def total(rng: Random, tables: Tables, form: str) -> Mutation:
    """A row sums up the others, at the end or between them; it is no row of the table."""
    name, rows = some_table(rng, tables)
    word = rng.choice(
        ["Tổng", "Tổng cộng", "TỔNG SỐ", "Cộng", "Total", "Sum", "Subtotal", "Bình quân", "Average", "Toàn tỉnh", "All"]
    )
    row = [word, *[""] * (len(rows[0]) - 1)]
    for c, (header, kind) in enumerate(KINDS[name].items()):
        if kind in ("number", "whole") and rng.random() < 0.7:
            row[rows[0].index(header)] = str(rng.randint(1, 400))
        elif kind == "any" and c and rng.random() < 0.3:
            row[c] = "x"
    rows.insert(rng.choice([len(rows), rng.randrange(2, len(rows) + 1)]), row)
    sure = word not in ("Toàn tỉnh", "All")
    return Mutation(name, write(rng, rows, form), "same" if sure else "either", f"a row that is called {word}")


def truncated(rng: Random, tables: Tables, form: str) -> Mutation:
    """The file ends early, as after a copy that broke off."""
    name, rows = some_table(rng, tables)
    whole = write(rng, rows, form)
    content = whole[: rng.randrange(1, len(whole))]
    if form == "xlsx":
        return Mutation(name, content, "error", "a workbook has its list of parts at its end")
    mark = next(mark for mark in ",;\t" if mark.encode() in whole.split(b"\n")[0])
    cells = split(content, mark)
    if cells is None:
        return Mutation(name, content, "error", "the file ends in the middle of a cell")
    verdict, why, says = judged(name, cells, tables)
    if verdict == "unseen" and not content.endswith((b"\n", b"\r")):
        return Mutation(name, content, "told", "the last line has no line break", says)
    return Mutation(name, content, verdict, why, says)


def flipped(rng: Random, tables: Tables, form: str) -> Mutation:
    """One to four bits of the file change, as on a failing disk."""
    name, rows = some_table(rng, tables)
    content = bytearray(as_xlsx(rows) if form == "xlsx" else as_csv(rows))
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    if form == "xlsx":
        return Mutation(name, bytes(content), "either", "a workbook has checksums")
    cells = split(bytes(content))
    if cells is None:
        return Mutation(name, bytes(content), "error", "no csv file in UTF-8")
    verdict, why, says = judged(name, cells, tables)
    if verdict == "error":  # a damage that the package may see through: another case, a space
        return Mutation(name, bytes(content), "either", why)
    return Mutation(name, bytes(content), verdict, why, says)


KINDS_OF_MUTATION: dict[str, Callable[[Random, Tables, str], Mutation]] = {
    "swapped columns": swapped,
    "decimal comma": comma,
    "shifted row": shifted,
    "wrong unit": unit,
    "duplicate": duplicate,
    "date order": order,
    "percent for share": percent,
    "truncated file": truncated,
    "stray total row": total,
    "flipped bytes": flipped,
}


def mutate(kind: str, number: int, tables: Tables) -> Mutation:
    """The mutation of this kind and number; odd numbers are workbooks, and always the same."""
    form = "xlsx" if number % 2 else "csv"
    return replace(KINDS_OF_MUTATION[kind](random.Random(f"{kind} {number}"), tables, form), suffix=form)
