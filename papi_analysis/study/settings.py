"""Reading ``study.toml``: what the programme is, which tables the folder holds, which are simulated."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from papi_analysis.study.schema import Findings, nearest
from papi_analysis.study.tables import read_text

#: Key of study.toml: (type, default); a default of ``...`` makes the key required.
_KEYS: dict[str, tuple[type, Any]] = {
    "title_en": (str, ...),
    "title_vi": (str, ""),
    "decision": (str, ""),
    "unit": (str, ""),
    "base_year": (int, ...),
    "start": (date, ...),
    "end": (date, ...),
    "first_year": (int, ...),
    "last_year": (int, ...),
    "dimensions": (list, []),
    "without_programme": (object, []),
    "simulated_tables": (list, []),
    "tables": (dict, ...),
}
#: The tables that a study can hold.
TABLES = ("scores", "units", "dimensions", "breaks", "tasks", "progress", "targets")
_SHOWN = {
    str: "a text in quotes",
    int: "a whole number",
    date: "a date like 2018-02-01",
    list: "a list",
    dict: "a table",
    object: '"all others", or a list of units',
}


def read_settings(folder: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Read ``study.toml``: the settings, under the names of ``make_study``, and the path of each table.

    Raises
    ------
    DataError
        Listing every key that is missing, unknown or of the wrong kind, and every path outside the folder.
    """
    findings = Findings("study.toml")
    try:
        given = tomllib.loads(read_text(folder / "study.toml"))
    except tomllib.TOMLDecodeError as error:
        findings.add(f"the file is not valid TOML: {error}", "Put texts between double quotes.")
        findings.raise_any()
    for key in sorted(given.keys() - _KEYS.keys()):
        findings.add("this setting is not known", nearest(key, _KEYS), column=key)
    values: dict[str, Any] = {}
    for key, (kind, default) in _KEYS.items():
        value = values[key] = given.get(key, default)
        if value is ...:
            findings.add("a setting is missing", f"Add {key} = {_SHOWN[kind]}.", column=key)
        elif not isinstance(value, kind) or isinstance(value, bool | datetime):
            findings.add("the setting has the wrong form", f"Write {_SHOWN[kind]}.", column=key, value=value)
    findings.raise_any()
    paths = _table_paths(folder, values.pop("tables"), findings)
    _check_meaning(values, findings)
    findings.raise_any()
    values["start"], values["end"] = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    values["years"] = (values.pop("first_year"), values.pop("last_year"))
    values["programme_dimensions"] = tuple(values.pop("dimensions"))
    values["simulated_tables"] = tuple(values["simulated_tables"])
    values["title_vi"] = values["title_vi"] or values["title_en"]
    return values, paths


def _table_paths(folder: Path, tables: dict[str, Any], findings: Findings) -> dict[str, Path]:
    """Resolve the file of each table, which must lie inside the folder."""
    paths: dict[str, Path] = {}
    for name, file in tables.items():
        column = f"tables.{name}"
        if name not in TABLES:
            findings.add("this table is not known", nearest(name, TABLES), column=column)
        elif not isinstance(file, str) or "\0" in file:
            findings.add("the setting has the wrong form", f'Write {name} = "{name}.csv".', column=column, value=file)
        elif not (path := (folder / file).resolve()).is_relative_to(folder.resolve()):
            findings.add("the file is outside the study folder", "Move it inside.", column=column, value=file)
        else:
            paths[name] = path
    for name in ("tasks", "progress"):
        if name not in tables:
            findings.add("a table is missing", f'Add {name} = "{name}.csv" under [tables].', column=f"tables.{name}")
    return paths


def _check_meaning(values: dict[str, Any], findings: Findings) -> None:
    """Check that the settings agree with each other."""
    if values["end"] < values["start"]:
        findings.add("the programme ends before it starts", "Correct start or end.", column="end", value=values["end"])
    if not values["first_year"] <= values["base_year"] < values["last_year"]:
        remedy = "Choose a base year from first_year on and before last_year."
        findings.add("the base year lies outside the years", remedy, column="base_year", value=values["base_year"])
    without = values["without_programme"]
    if without != "all others" and not isinstance(without, list):
        remedy = 'Say "all others", or list the units that had no such programme.'
        findings.add("the setting has the wrong form", remedy, column="without_programme", value=without)
    for name in values["simulated_tables"]:
        if name not in TABLES:
            findings.add("this table is not known", nearest(str(name), TABLES), column="simulated_tables", value=name)
