"""A study: a programme and its tables, which have passed every check."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import DataError, Name, Note, Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import dimension_spellings
from papi_analysis.study.checks import check_frame
from papi_analysis.study.doubts import (
    AFTER_END,
    DUE_AFTER_END,
    tell_after_end,
    tell_agencies,
    tell_ends,
    tell_filled,
    tell_merged,
    tell_open,
    tell_silence,
    tell_slips,
    tell_spelling,
    tell_unused,
)
from papi_analysis.study.files import collect, read_tables
from papi_analysis.study.findings import LISTED, Findings, nearest
from papi_analysis.study.register import check_progress, check_scored, check_targets, check_tasks
from papi_analysis.study.schema import PROGRESS, TARGETS, name_text
from papi_analysis.study.scores import add_scores, check_scores, load_scores, meant_unit
from papi_analysis.study.settings import TABLES, read_settings
from papi_analysis.study.words import plain

_UNKNOWN = Note("this name is not known")


@dataclass(frozen=True, eq=False)
class Study:
    """A programme and its tables, checked.

    Attributes
    ----------
    source
        The bundled name or the folder that it was loaded from; ``""`` where it was made in memory.
    title_en, title_vi, decision
        What the programme is called, and the act that set it up.
    unit
        The unit whose programme it is; ``""`` where several units have one.
    base_year
        The year from which the programme counts its gains.
    start, end
        First and last day of the programme.
    years
        First and last year of the scores to use.
    without_programme
        Units declared to have had no such programme; any other unit without tasks is a gap.
    scores, units, dimensions, breaks, tasks, progress, targets
        The tables (see ``papi_analysis.study.schema``); ``dimensions`` holds those of the programme alone.
    simulated_tables
        The tables that were made up, not observed. They mark everything they touch.
    later_scores
        Scores that the study adds to the bundled ones, in ``scores`` too; None where it adds none.
    judged_by
        Who said how far the tasks were: ``"offices"`` that carried them out, or ``"reviewers"`` from outside.
    guesses
        How the files were read where they are not written in the words of the schemas: each says what was read how,
        where, and how to write it so that nothing has to be guessed.
    known_programmes
        Programmes that units of the scores are known to have had, this one and earlier ones among them; None where
        nothing is known.
    filled
        For each table without a column of units, the number of rows into which ``unit`` was put.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> study.unit, study.base_year, study.simulated_tables
    ('VN-CT', 2016, ('tasks', 'progress'))
    """

    source: str
    title_en: str
    title_vi: str
    decision: str
    unit: str
    base_year: int
    start: pd.Timestamp
    end: pd.Timestamp
    years: tuple[int, int]
    without_programme: tuple[str, ...]
    scores: pd.DataFrame
    units: pd.DataFrame
    dimensions: pd.DataFrame
    breaks: pd.DataFrame
    tasks: pd.DataFrame
    progress: pd.DataFrame
    targets: pd.DataFrame | None
    simulated_tables: tuple[str, ...]
    guesses: tuple[Problem, ...] = ()
    known_programmes: pd.DataFrame | None = None
    filled: Mapping[str, int] = field(default_factory=dict)
    judged_by: str = "offices"
    later_scores: pd.DataFrame | None = None

    @property
    def simulated(self) -> bool:
        """Whether any table was made up."""
        return bool(self.simulated_tables)

    @property
    def names(self) -> dict[str, tuple[str, str]]:
        """English and Vietnamese name of each dimension and unit."""
        tables = (self.dimensions.rename(columns={"dimension": "code"}), self.units.rename(columns={"unit": "code"}))
        pairs = pd.concat([table[["code", "name_en", "name_vi"]] for table in tables])
        return {code: (english, vietnamese or english) for code, english, vietnamese in pairs.itertuples(index=False)}

    @property
    def programme_units(self) -> tuple[str, ...]:
        """The units that have tasks."""
        return tuple(sorted(self.tasks["unit"].unique()))

    @property
    def measured_on(self) -> pd.Timestamp:
        """The last day on which it is known how far the tasks are: that of the last report up to the programme's end.

        Before the first report it is the first day of the programme, on which nothing can be done yet; where all
        reports are for days after the end, it is the end.
        """
        reported = self.progress.loc[self.progress["as_of"] <= self.end, "as_of"].max()
        return reported if pd.notna(reported) else self.start if self.progress.empty else self.end

    def programme_years(self, unit: str) -> tuple[int, int] | None:
        """First and last year of a unit's programme: the study's, where several have one from its first task on."""
        if unit == self.unit:
            return self.start.year, self.end.year
        first = self.tasks.loc[self.tasks["unit"] == unit, "start"]
        return None if first.empty else (int(first.min().year), self.end.year)

    def __repr__(self) -> str:
        made_up = f", SIMULATED: {', '.join(self.simulated_tables)}" if self.simulated else ""
        return (
            f"Study({self.title_en!r}: {self.tasks['task'].nunique()} tasks, "
            f"{len(self.programme_units)} programme unit(s), {len(self.dimensions)} dimensions, "
            f"{self.start.year}-{self.end.year}{made_up})"
        )


@check_kinds
def load_study(study: str | os.PathLike[str] | Study = "can_tho_2018_2020") -> Study:
    """Load a study: a bundled one by its name, or any folder with a ``study.toml``.

    Parameters
    ----------
    study
        ``"can_tho_2018_2020"``, ``"open_government"``, or the path of a folder. Tables that the folder does not bring
        are PAPI's: scores, units, dimensions and breaks; ``later_scores`` are added to the scores. Without a table of
        reports no task has one yet, and no completion is known. Its own are csv files in UTF-8 or xlsx workbooks, as
        offices keep them; how they were read is listed in ``guesses``. A loaded study is given back.

    Returns
    -------
    Study
        That has passed every check.

    Raises
    ------
    DataError
        Listing the problems of all tables, by file, row, column and value.

    Examples
    --------
    >>> load_study("can_tho_2018_2020").simulated_tables
    ('tasks', 'progress')
    """
    if isinstance(study, Study):
        return study
    folder = find_folder(study)
    settings, places = read_settings(folder)
    units, written = codebook.units_at(settings["end"]), settings["unit"]
    if "units" not in places:
        (settings["unit"],) = _codes((settings["unit"],), codebook.unit_spellings(units))
    readings, tables = read_tables(places, settings, units)
    own_scores = "scores" in tables
    tables.setdefault("units", units)
    tables.setdefault("dimensions", codebook.load_dimensions())
    tables.setdefault("breaks", codebook.load_breaks().iloc[: 0 if own_scores else None])
    if not own_scores:
        tables["scores"] = load_scores()
    del settings["in_progress"]
    problems = [problem for reading in readings.values() for problem in reading.problems]
    slips = (*tell_slips(readings), *tell_filled(readings, settings["unit"], codebook.unit_names(tables["units"])))
    guesses = (
        *tell_silence(readings),
        *tell_unused(readings),
        *slips,
        *tell_merged(readings, tables["units"]),
        *tell_agencies(readings),
    )
    files = {name: reading.file for name, reading in readings.items()}
    made = None
    with collect(problems, readings):
        made = make_study(
            source=str(study),
            files=files,
            known_programmes=None if own_scores else codebook.load_known_programmes(),
            filled={name: reading.filled for name, reading in readings.items() if reading.filled},
            guesses=(*(guess for reading in readings.values() for guess in reading.guesses), *guesses),
            **settings,
            **tables,
        )
    if problems or made is None:
        read = [readings[name] for name in TABLES if name in readings]
        sheets = [(part.name, part.sheet) for reading in read for part in reading.parts or (reading,)]
        order = {sheet: number for number, sheet in enumerate(dict.fromkeys(sheets), 1)}
        problems.sort(key=lambda p: (order.get((p.file, p.sheet), 0), p.row or 0))
        raise DataError(_by_name(problems, tables["units"]))
    own = made.tasks[made.tasks["unit"] == made.unit]  # where several units have a programme, each has its own end
    told, due = AFTER_END(end=made.end.date(), day=made.measured_on.date()), DUE_AFTER_END(end=made.end.date())
    doubts = [
        *tell_open(dict.fromkeys(place.path for parts in places.values() for place in parts)),
        *tell_spelling(written, made.unit, made.units),
        *tell_after_end(readings.get("progress"), made.progress, "as_of", told),
        *tell_after_end(readings.get("tasks"), own, "due", due),
    ]
    guesses = (*made.guesses, *tell_ends(readings, made.dimensions), *doubts)
    return replace(made, guesses=tuple(_by_name(guesses, made.units)))


def _by_name(problems: Iterable[Problem], units: pd.DataFrame) -> Iterator[Problem]:
    """Name the units of which problems speak by their code."""
    names = codebook.unit_names(units)

    def named(note: Note) -> Note:
        codes = {key: str(note.values[key]).split(", ") for key in ("unit", "units") if key in note.values}
        said = {key: Name.listed(names[code] for code in own) for key, own in codes.items() if {*own} <= names.keys()}
        return Note(note.text, {**note.values, **said}) if said else note

    return (replace(problem, what=named(problem.what), remedy=named(problem.remedy)) for problem in problems)


def make_study(
    *,
    without_programme: tuple[str, ...] | str,
    dimensions: pd.DataFrame,
    scores: pd.DataFrame,
    units: pd.DataFrame,
    tasks: pd.DataFrame,
    progress: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    later_scores: pd.DataFrame | None = None,
    files: dict[str, str] | None = None,
    programme_dimensions: tuple[str, ...] = (),
    **settings: Any,
) -> Study:
    """Put a study together from tables in memory, by the same checks that files must pass.

    Parameters are the attributes of ``Study``; ``without_programme`` may be ``"all others"``, ``files`` gives
    the names that errors show, ``programme_dimensions`` the dimensions of the programme (default: all); without
    ``progress`` no task has a report yet.

    Raises
    ------
    DataError
        Listing the problems of all tables.
    """
    settings["unit"], *_ = _codes((settings["unit"],), codebook.unit_spellings(units))
    programme_dimensions = _codes(programme_dimensions, dimension_spellings(dimensions))
    others_without = isinstance(without_programme, str) and without_programme == "all others"
    declared = () if others_without else _codes(without_programme, codebook.unit_spellings(units))
    _check_settings(settings["unit"], programme_dimensions, declared, units, dimensions)
    chosen = programme_dimensions or tuple(dimensions["dimension"])
    shown = {name: (files or {}).get(name, name) for name in TABLES}
    if progress is None:
        progress = pd.DataFrame(columns=[column.name for column in PROGRESS.columns], dtype=object)
    problems: list[Problem] = []
    with collect(problems):
        scores = check_scores(scores, units, dimensions, shown["scores"])
        if later_scores is not None:
            later_scores = check_scores(later_scores, units, dimensions, shown["later_scores"])
            scores = add_scores(scores, later_scores, shown["later_scores"])
    if "later_scores" in settings.get("simulated_tables", ()):  # what rests on them rests on scores
        settings["simulated_tables"] = tuple(dict.fromkeys((*settings["simulated_tables"], "scores")))
    waiting = tuple(unit for unit in units["unit"] if codebook.is_merged(unit, units))
    with collect(problems):
        tasks = check_tasks(tasks, shown["tasks"], units=units, dimensions=dimensions, chosen=chosen)
    # Nothing can be held against a table that failed; what a row says by itself is checked all the same.
    failed = {problem.file for problem in problems}
    with collect(problems):
        if shown["tasks"] in failed:
            check_frame(progress, PROGRESS, shown["progress"])
        else:
            progress = check_progress(progress, tasks, shown["progress"])
    with collect(problems):
        if targets is not None and shown["scores"] in failed:
            check_frame(targets, TARGETS, shown["targets"])
        elif targets is not None:
            base_year, file = settings["base_year"], shown["targets"]
            known = {"units": units, "dimensions": dimensions, "chosen": chosen, "waiting": waiting}
            targets = check_targets(targets, scores, base_year, file, **known)
    with collect(problems):
        if not failed & {shown["tasks"], shown["scores"]}:
            check_scored(tasks, scores, shown["tasks"], waiting=waiting)
    if problems:
        raise DataError(problems)
    with_tasks = set(tasks["unit"])
    if clash := ", ".join(sorted(with_tasks & set(declared))):
        what = Note("the unit is said to have had no programme, and has tasks")
        remedy = Note("Leave it out of without_programme, or its tasks out of the register.")
        raise DataError(Problem(what, remedy, "study.toml", column="without_programme", value=clash))
    others = tuple(unit for unit in units["unit"] if unit not in with_tasks)
    return Study(
        without_programme=others if others_without else declared,
        dimensions=dimensions[dimensions["dimension"].isin(chosen)].reset_index(drop=True),
        scores=scores,
        units=units,
        tasks=tasks,
        progress=progress,
        targets=targets,
        later_scores=later_scores,
        **settings,
    )


def _codes(names: Iterable[str], spellings: Mapping[str, str]) -> tuple[str, ...]:
    """Put codes in the place of the names that mean one thing alone; what is no text stays for the checks."""
    codes = {*spellings.values()}
    written = [(name_text(name), isinstance(name, str)) for name in names]
    return tuple(spellings.get(plain(name), name) if text and name not in codes else name for name, text in written)


def _check_settings(
    unit: str,
    programme_dimensions: tuple[str, ...],
    without_programme: tuple[str, ...],
    units: pd.DataFrame,
    dimensions: pd.DataFrame,
) -> None:
    """Check that every unit and dimension that study.toml names is known."""
    findings = Findings("study.toml")
    for column, names, known in (
        ("unit", (unit,) if unit else (), units["unit"]),
        ("dimensions", programme_dimensions, dimensions["dimension"]),
        ("without_programme", without_programme, units["unit"]),
    ):
        listed = list(known)
        strangers = [name for name in names if name not in listed]
        for name in strangers[:LISTED]:
            remedy = nearest(name, known) if column == "dimensions" else meant_unit(name, units)
            findings.add(_UNKNOWN, remedy, column=column, value=name)
        findings.count(_UNKNOWN, column, len(strangers[LISTED:]))
    findings.raise_any()


def find_folder(study: str | os.PathLike[str]) -> Path:
    """Find the folder of a study by its bundled name or its path."""
    bundled = {path.parent.name: path.parent for path in codebook.data_folder().glob("*/study.toml")}
    no_settings, what = Note("the folder holds no study.toml"), Note("there is no such folder or bundled study")
    try:
        folder = bundled.get(str(study), Path(study).expanduser())
        if (folder / "study.toml").is_file():
            return folder
        what = no_settings if folder.is_dir() else what
    except (OSError, RuntimeError, ValueError):  # a name too long for the system, or nobody's home
        pass
    remedy = Note(
        "Give a folder with a study.toml, or a bundled study: {names}.", {"names": ", ".join(sorted(bundled))}
    )
    raise DataError(Problem(what, remedy, file=str(study)))
