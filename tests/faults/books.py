"""A small study with all seven tables of its own, as csv files or as workbooks, and the numbers that it holds."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
from second_reader import KEYS, KINDS, UNIT, Numbers, Rows

import papi_analysis as pa
from papi_analysis.study.codebook import data_folder

BUNDLED = data_folder() / "can_tho_2018_2020"
SETTINGS = """\
title_en = "A programme"
unit = "VN-CT"
base_year = 2016
start = 2018-02-01
end = 2020-12-31
first_year = 2016
last_year = 2019
without_programme = "all others"

[tables]
"""


def _cut(path: Path, columns: str, keep: dict[str, set[str]]) -> Rows:
    """Some columns and rows of a bundled table, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        records = [r for r in csv.DictReader(file) if all(r[c] in values for c, values in keep.items())]
    return [columns.split(), *([r[c] for c in columns.split()] for r in records)]


def tables() -> dict[str, Rows]:
    """The tables of the study: nine tasks of the bundled programme, one of them for two dimensions, and six units."""
    papi, ours = data_folder() / "papi", {"dimension": {f"D{i}" for i in range(1, 7)}}
    units = {"unit": {UNIT, "VN-HN", "VN-DN", "VN-SG", "VN-HP", "VN-73"}}
    codes = {"task": {f"CT-{i:02}" for i in range(3, 60, 7)}}
    tasks = _cut(BUNDLED / "tasks.csv", "task dimension weight start due title_en title_vi", codes)
    for row in tasks:
        row.insert(3, "share" if row[0] == "task" else "1")
    twin = list(tasks[-1])
    tasks[-1][3], twin[1], twin[3] = "0.75", "D1" if twin[1] != "D1" else "D2", "0.25"
    years = {"year": {"2016", "2017", "2018", "2019"}}
    return {
        "scores": _cut(papi / "scores.csv", "unit year dimension score", {**units, **ours, **years}),
        "units": _cut(papi / "units.csv", "unit name_en name_vi region variants", units),
        "dimensions": _cut(papi / "dimensions.csv", "dimension name_en name_vi scale_min scale_max", ours),
        "breaks": _cut(papi / "breaks.csv", "dimension year kind what standing", {}),
        "tasks": [*tasks, twin],
        "progress": _cut(BUNDLED / "progress.csv", "task as_of reported_on completion revision", codes),
        "targets": _cut(BUNDLED / "targets.csv", "dimension year target", {}),
    }


def as_csv(rows: Rows, mark: str = ",", newline: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator=newline).writerows(rows)
    return out.getvalue().encode()


def as_xlsx(rows: Rows) -> bytes:
    """A workbook: what is written as a number or an ISO day becomes one, everything else is text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    for row in rows:
        sheet.append([_cell(text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(text: str) -> str | float | int | date | None:
    if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text or None


def settings(names: dict[str, str]) -> str:
    """Write ``study.toml`` for tables in these files."""
    return SETTINGS + "".join(f'{table} = "{name}"\n' for table, name in names.items())


def numbers(study: pa.Study) -> Numbers:
    """What the package read, in the form of the second reader."""
    found: Numbers = {}
    for name in KINDS:
        rows = getattr(study, name).to_dict("records")
        keyed = {
            tuple(_plain(row[c], KINDS[name][c]) for c in KEYS[name]): tuple(
                _plain(row[c], KINDS[name][c]) for c in KINDS[name]
            )
            for row in rows
        }
        assert len(keyed) == len(rows)
        found[name] = {tuple(map(str, key)): values for key, values in keyed.items()}
        if "unit" not in KINDS[name] and "unit" in study.tasks and name in ("tasks", "progress", "targets"):
            assert set(getattr(study, name)["unit"]) <= {UNIT}
    return found


def _plain(value: object, kind: str) -> str | float:
    if isinstance(value, pd.Timestamp | datetime):
        return value.date().isoformat()
    return str(value) if kind in ("text", "any") else float(value)  # type: ignore[arg-type]
