"""A second reader of a study's tables, slow and plain: it knows one way to write each cell and repairs nothing.

It decides what a mutated file says before the package sees it: the numbers, or None where the file breaks a rule.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import date
from itertools import product

Rows = list[list[str]]
#: For each table, the value of every column under the key of its row.
Numbers = dict[str, dict[tuple[str, ...], tuple[str | float, ...]]]

#: For each column whether it holds a text, a text or nothing, a number, a whole number, a year or a day.
KINDS = {
    "scores": {"unit": "text", "year": "year", "dimension": "text", "score": "number"},
    "units": {"unit": "text", "name_en": "text", "name_vi": "any", "region": "any", "variants": "any"},
    "dimensions": {
        **{"dimension": "text", "name_en": "text", "name_vi": "any"},
        **{"scale_min": "number", "scale_max": "number"},
    },
    "breaks": {"dimension": "text", "year": "whole", "kind": "text", "what": "any", "standing": "any"},
    "tasks": {
        **{"task": "text", "dimension": "text", "weight": "number", "share": "number", "start": "day", "due": "day"},
        **{"title_en": "any", "title_vi": "any"},
    },
    "progress": {"task": "text", "as_of": "day", "reported_on": "day", "completion": "number", "revision": "whole"},
    "targets": {"dimension": "text", "year": "year", "target": "number"},
}
KEYS = {
    "scores": ("unit", "year", "dimension"),
    "units": ("unit",),
    "dimensions": ("dimension",),
    "breaks": ("dimension", "year", "kind"),
    "tasks": ("task", "dimension"),
    "progress": ("task", "as_of", "revision"),
    "targets": ("dimension",),
}
UNIT, BASE_YEAR = "VN-CT", 2016


class NotPlainError(Exception):
    """The tables break a rule."""


def split(content: bytes, mark: str = ",") -> Rows | None:
    """Split a csv file into cells; None where it is no such file."""
    try:
        return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=mark, strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None


def plain_numbers(tables: dict[str, Rows]) -> Numbers | None:
    """What the tables say, or None where they break a rule that a study must keep."""
    try:
        read = {name: _records(name, rows) for name, rows in tables.items()}
        _hold_together(read)
    except NotPlainError:
        return None
    return {name: _keyed(name, records) for name, records in read.items()}


def _require(true: bool) -> None:
    if not true:
        raise NotPlainError


def _records(name: str, rows: Rows) -> list[dict[str, str | float]]:
    kinds = KINDS[name]
    rows = [[cell.strip() for cell in row] for row in rows]
    _require(bool(rows) and sorted(map(str.lower, rows[0])) == sorted(kinds))
    rows[0] = [*map(str.lower, rows[0])]
    body = [row for row in rows[1:] if any(row)]
    _require(bool(body) and all(len(row) == len(rows[0]) for row in body))
    for c in [
        c for c, column in enumerate(rows[0]) if column in ("unit", "dimension") and name in ("scores", "targets")
    ]:
        for row in body:  # a code is known in small letters and with another mark
            row[c] = re.sub(r"[^A-Z0-9]", "-", row[c].upper())
    return [{c: _cell(cell, kinds[c]) for c, cell in zip(rows[0], row, strict=True)} for row in body]


def _cell(text: str, kind: str) -> str | float:
    if kind in ("text", "any"):
        _require(kind == "any" or text != "")
        return text
    if kind == "day":
        _require(re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d", text) is not None)
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise NotPlainError from None
    _require(re.fullmatch(r"-?[0-9]*\.?[0-9]+|-?[0-9]+\.", text) is not None)
    value = float(text) + 0.0  # no negative zero
    _require(kind == "number" or value.is_integer())
    _require(kind != "year" or 1900 <= value <= 2199)
    return value


def _keyed(name: str, records: list[dict[str, str | float]]) -> dict[tuple[str, ...], tuple[str | float, ...]]:
    return {tuple(str(r[c]) for c in KEYS[name]): tuple(r[c] for c in KINDS[name]) for r in records}


def _hold_together(tables: dict[str, list[dict[str, str | float]]]) -> None:
    """Every rule that a row keeps with its fellows and with other tables."""
    for name, records in tables.items():
        _require(len(_keyed(name, records)) == len(records))
    units = {r["unit"] for r in tables["units"]}
    scale = {r["dimension"]: (float(r["scale_min"]), float(r["scale_max"])) for r in tables["dimensions"]}
    _require(UNIT in units)
    _require(all(r["unit"] in units for r in tables["scores"]))
    for r, column in [*product(tables["scores"], ["score"]), *product(tables["targets"], ["target"])]:
        _require(r["dimension"] in scale)
        low, high = scale[r["dimension"]]
        _require(low <= float(r[column]) <= high)
    base = {r["dimension"] for r in tables["scores"] if r["unit"] == UNIT and r["year"] == BASE_YEAR}
    _require(all(r["dimension"] in base and float(r["year"]) > BASE_YEAR for r in tables["targets"]))
    tasks: dict[object, list[dict[str, str | float]]] = {}
    for r in tables["tasks"]:
        tasks.setdefault(r["task"], []).append(r)
        _require(r["dimension"] in scale and r["weight"] > 0 and 0 < float(r["share"]) <= 1)
        _require(str(r["start"]) <= str(r["due"]))
    for rows in tasks.values():
        _require(max(Counter((r["weight"], r["start"], r["due"]) for r in rows).values()) == len(rows))
        _require(abs(sum(float(r["share"]) for r in rows) - 1) < 1e-6)
    for r in tables["progress"]:
        _require(r["task"] in tasks and str(r["as_of"]) >= str(tasks[r["task"]][0]["start"]))
        _require(str(r["reported_on"]) >= str(r["as_of"]))
        _require(0 <= float(r["completion"]) <= 1 and 0 <= float(r["revision"]) <= 999)
