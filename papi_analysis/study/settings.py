"""Reading ``study.toml``: what the programme is, which tables the folder holds, which are simulated."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from papi_analysis.errors import DataError, Note, Problem
from papi_analysis.study.findings import Findings, nearest
from papi_analysis.study.schema import FAR_YEAR, PROGRAMME_YEARS
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
    "judged_by": (str, "offices"),
    "in_progress": (object, None),
    "language": (str, "en"),
    "tables": (dict, ...),
}
#: The languages in which a study can be reported on.
LANGUAGES = ("en", "vi")
#: Who may have said how far the tasks were: those who carried them out, or reviewers from outside.
JUDGES = ("offices", "reviewers")
#: The tables that a study can hold.
TABLES = ("scores", "later_scores", "units", "dimensions", "breaks", "tasks", "progress", "targets")
_SHOWN = {
    str: Note("a text in quotes"),
    int: Note("a whole number"),
    date: Note("a date like 2018-02-01"),
    list: Note("a list"),
    dict: Note("a table"),
    object: Note('"all others", or a list of units'),
}
_WRONG_FORM = Note("the setting has the wrong form")
_SAVE_AGAIN = Note("Open study.toml in Notepad and save it with the encoding UTF-8.")
_UNKNOWN_TABLE = Note("this table is not known")
_OUTSIDE = (Note("the file is outside the study folder"), Note("Move it inside."))
#: The longest study.toml in bytes, with room for a list of every commune of a country.
MAX_SETTINGS = 1_000_000
#: So much of a line that cannot be read is shown.
LONGEST = 80
#: A day as offices write it.
_WRITTEN_DAY = re.compile(r"""["']?(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})""")
#: Quotation marks of texts, which programs for letters put in the place of straight ones.
_CURLY = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'))
#: A name such as a.b.c of fifty parts.
_DEEP = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){50}""")
_LANGUAGE = re.compile(r"""^\s*language\s*=\s*["'](\w+)["']""", re.M)


class Place(NamedTuple):
    """Where a table, or a part of one, lies: the file, and the sheet where study.toml names one."""

    path: Path
    sheet: str = ""


def read_settings(folder: Path) -> tuple[dict[str, Any], dict[str, list[Place]]]:
    """Read ``study.toml``: the settings, under the names of ``make_study``, and where each table lies.

    One setting says how the tables are read, ``in_progress``. Reports, of a quarter each, may lie in several places.

    Raises
    ------
    DataError
        Listing every key that is missing, unknown or of the wrong kind, and every path outside the folder.
    """
    findings = Findings("study.toml")
    try:
        given = _read_toml(folder)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:  # of numbers and lists without end, too
        _note_slip((folder / "study.toml").read_text("utf-8-sig").splitlines(), str(error), findings)
        findings.raise_any()
    for key in sorted(given.keys() - _KEYS.keys()):
        findings.add(Note("this setting is not known"), nearest(key, _KEYS), column=key)
    values: dict[str, Any] = {}
    for key, (kind, default) in _KEYS.items():
        value = values[key] = given.get(key, default)
        if value is ...:
            remedy = Note("Add {key} = {form}.", {"key": key, "form": _SHOWN[kind]})
            findings.add(Note("a setting is missing"), remedy, column=key)
        elif not isinstance(value, kind) or isinstance(value, bool | datetime):
            findings.add(_WRONG_FORM, Note("Write {form}.", {"form": _SHOWN[kind]}), column=key, value=value)
    findings.raise_any()
    places = _find_places(folder, values.pop("tables"), findings)
    _check_meaning(values, findings)
    findings.raise_any()
    values["start"], values["end"] = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    values["years"] = (values.pop("first_year"), values.pop("last_year"))
    values["programme_dimensions"] = tuple(values.pop("dimensions"))
    values["simulated_tables"] = tuple(values["simulated_tables"])
    values["title_vi"] = values["title_vi"] or values["title_en"]
    return values, places


def _read_toml(folder: Path) -> dict[str, Any]:
    """Read the settings as they are written; whatever is wrong with the file is a ``ValueError`` or too deep."""
    path = folder / "study.toml"
    if not _resolve(path).is_relative_to(folder.resolve()):
        raise DataError(Problem(*_OUTSIDE, path.name))
    if path.is_file() and path.stat().st_size > MAX_SETTINGS:
        raise DataError(Problem(Note("the file is too large"), Note("Keep the settings alone in the file."), path.name))
    text = read_text(path, again=_SAVE_AGAIN)
    if _DEEP.search(text):  # the parser's work grows with the square of the depth
        raise DataError(Problem(Note("a setting's name has too many parts"), Note("Write key = value."), path.name))
    return tomllib.loads(text)


def _note_slip(lines: list[str], error: str, findings: Findings) -> None:
    """Say which line of the settings cannot be read, and how it is written."""
    remedy = Note('Write name = value: a text as "text", a date as 2018-02-01, a number as 2018.')
    place = re.search(r"line (\d+)", error)
    row = int(place[1]) if place else len(lines) if "end of document" in error else 0
    if not 0 < row <= len(lines):
        findings.add(Note("the file is not valid TOML: {error}", {"error": error}), remedy)
        return
    line = lines[row - 1].strip()[:LONGEST]
    key, _, value = (part.strip() for part in line.partition("="))
    kind = _KEYS.get(key, (None, None))[0]
    found = _WRITTEN_DAY.match(value)
    if kind is date and found:
        remedy = Note("Write the date as year-month-day: {line}.", {"line": f"{key} = {_year_first(found)}"})
    elif line.translate(_CURLY) != line:
        remedy = Note("Use straight quotes: {line}.", {"line": line.translate(_CURLY)})
    elif "overwrite" in error or "twice" in error:
        remedy = Note("The setting stands twice: keep one of the two.")
    elif value and (kind is str or key in TABLES) and value.count('"') != 2:
        bare = value.split(" #")[0].strip(" \"'")
        remedy = Note("Put the text between double quotes: {line}.", {"line": f'{key} = "{bare}"'})
    findings.add(Note("the line cannot be read"), remedy, row=row, value=line)


def _year_first(found: re.Match[str]) -> str:
    day, month, year = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}"


def _find_places(folder: Path, tables: dict[str, Any], findings: Findings) -> dict[str, list[Place]]:
    """Resolve the files of each table, which must lie inside the folder, and the sheet that ``file#sheet`` names.

    A table whose file has an empty name is left out.
    """
    places: dict[str, list[Place]] = {}
    tables = {name: given for name, given in tables.items() if given != ""}
    for name, given in tables.items():
        column = f"tables.{name}"
        if name not in TABLES:
            findings.add(_UNKNOWN_TABLE, nearest(name, TABLES), column=column)
            continue
        listed = given if isinstance(given, list) and name == "progress" and given else [given]
        if any(not isinstance(file, str) or "\0" in file for file in listed):
            remedy = Note('Write {name} = "{name}.csv".', {"name": name})
            findings.add(_WRONG_FORM, remedy, column=column, value=given)
            continue
        for file, sheet in (_split_sheet(folder, file) for file in listed):
            for path in _matches(folder, file) if name == "progress" else [_resolve(folder / file)]:
                if not path.is_relative_to(folder.resolve()):
                    findings.add(*_OUTSIDE, column=column, value=file)
                else:
                    places.setdefault(name, []).append(Place(path, sheet))
    if "tasks" not in tables:
        remedy = Note('Add {name} = "{name}.csv" under [tables].', {"name": "tasks"})
        findings.add(Note("a table is missing"), remedy, column="tables.tasks")
    return places


def _matches(folder: Path, file: str) -> list[Path]:
    """Give the files that a name with ``*`` means, without those that a program keeps while one is open."""
    whole = _resolve(folder / file)
    if "*" not in file or whole.exists():
        return [whole]
    try:
        found = [_resolve(path) for path in sorted(folder.glob(file)) if not path.name.startswith(("~$", ".~", "."))]
    except (OSError, ValueError, NotImplementedError, IndexError):  # no pattern that means anything
        found = []
    return found or [whole]


def _resolve(path: Path) -> Path:
    """Follow the links of a path; links that lead in a circle stay, and fail when they are opened."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _split_sheet(folder: Path, file: str) -> tuple[str, str]:
    """Split "tasks.xlsx#Sheet 1" into file and sheet; a file may have such a mark in its own name."""
    name, mark, sheet = file.partition("#")
    try:
        whole = (folder / file).is_file()
    except OSError:  # a name too long for the system
        whole = False
    return (name, sheet) if mark and not whole else (file, "")


def _check_meaning(values: dict[str, Any], findings: Findings) -> None:
    """Check that the settings agree with each other."""
    for key in ("base_year", "start", "end", "first_year", "last_year"):
        year = getattr(values[key], "year", values[key])
        if not PROGRAMME_YEARS[0] <= year <= PROGRAMME_YEARS[1]:
            findings.add(*FAR_YEAR, column=key, value=values[key])
    if values["end"] < values["start"]:
        what = Note("the programme ends before it starts")
        findings.add(what, Note("Correct start or end."), column="end", value=values["end"])
    if not values["first_year"] <= values["base_year"] <= values["last_year"]:
        what = Note("the base year lies outside the years")
        remedy = Note("Choose a base year from first_year to last_year.")
        findings.add(what, remedy, column="base_year", value=values["base_year"])
    without = values["without_programme"]
    if without != "all others" and not isinstance(without, list):
        remedy = Note('Say "all others", or list the units that had no such programme.')
        findings.add(_WRONG_FORM, remedy, column="without_programme", value=without)
    if values.pop("language") not in LANGUAGES:
        findings.add(_WRONG_FORM, Note('Write "vi" or "en".'), column="language")
    if values["judged_by"] not in JUDGES:
        findings.add(_WRONG_FORM, Note('Write "offices" or "reviewers".'), column="judged_by")
    share = values["in_progress"]
    if share is not None and not (isinstance(share, float) and 0 < share < 1):
        remedy = Note("Write a number between 0 and 1, like 0.5, or leave it out.")
        findings.add(_WRONG_FORM, remedy, column="in_progress", value=share)
    for name in values["simulated_tables"]:
        if name not in TABLES:
            findings.add(_UNKNOWN_TABLE, nearest(str(name), TABLES), column="simulated_tables", value=name)


def preferred_language(folder: Path) -> str:
    """Return the language that a study folder asks for, whatever else may be wrong with it; without one, English."""
    try:
        language = _read_toml(folder).get("language")
    except tomllib.TOMLDecodeError:  # a slip elsewhere in the file: the line of the language may be whole
        said = _LANGUAGE.search(read_text(folder / "study.toml", again=_SAVE_AGAIN))
        language = said[1] if said else "en"
    except (ValueError, RecursionError):  # a DataError is a ValueError too
        return "en"
    return language if language in LANGUAGES else "en"
