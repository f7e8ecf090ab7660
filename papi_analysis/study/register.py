"""The checks that a register of tasks, its progress reports and the targets must pass."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from functools import partial

import numpy as np
import pandas as pd

from papi_analysis.errors import DataWarning, Note
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import LISTED, PART_ROWS, Findings, as_written, nearest, sheet_row
from papi_analysis.study.schema import PROGRESS, TARGETS, TASKS
from papi_analysis.study.scores import check_names, check_scale
from papi_analysis.study.words import plain

#: What the columns are called that all rows of a task share.
_SHARED = {"weight": Note("weight"), "start": Note("start"), "due": Note("due")}


def check_tasks(
    tasks: pd.DataFrame,
    file: str = "tasks",
    *,
    units: pd.DataFrame | None = None,
    dimensions: pd.DataFrame | None = None,
    chosen: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return ``tasks`` in the schema's kinds once every row makes sense by itself and with its fellows.

    One row is a task and a dimension that it serves; a task may serve several, with shares that sum to 1.
    Where ``units`` and ``dimensions`` are given, rows may name no others, nor other dimensions than ``chosen`` ones.

    Raises
    ------
    DataError
        Listing every problem of the table.
    """
    findings = Findings(file)
    tasks = check_frame(tasks, TASKS, file, findings)
    if units is not None and dimensions is not None:
        check_names(tasks, units, dimensions, findings, chosen)
    weightless, useless = tasks[tasks["weight"] == 0], tasks[tasks["share"] == 0]
    findings.add_rows(weightless, "weight", Note("the weight is not above 0"), Note("Use a weight above 0."))
    findings.add_rows(useless, "share", Note("the share is not above 0"), Note("Leave the row out."))
    early = tasks[tasks["due"] < tasks["start"]]
    findings.add_rows(early, "due", Note("the task is due before it starts"), Note("Correct start or due."))
    _check_fellows(tasks, findings)
    findings.raise_any()
    return tasks


def _check_fellows(tasks: pd.DataFrame, findings: Findings) -> None:
    """Note where the rows of one task disagree; empty names and repeated rows are noted as such already."""
    named = tasks[(tasks[list(TASKS.key)] != "").all(axis=1)].drop_duplicates(list(TASKS.key))
    task = named.groupby(["unit", "task"])
    for column, word in _SHARED.items():
        differs = named[named[column].notna() & (named[column] != task[column].transform("first"))]
        what = Note("the task has another {column} in an earlier row", {"column": word})
        findings.add_rows(differs, column, what, Note("Give the task one {column} in all its rows.", {"column": word}))
    total = task["share"].transform("sum").where(task["share"].transform("count") == task["share"].transform("size"))
    off = named.assign(share=total)[(total - 1).abs() > 1e-6].drop_duplicates(["unit", "task"])
    findings.add_rows(off, "share", Note("the shares of the task do not sum to 1"), Note("Make them sum to 1."))


def check_progress(progress: pd.DataFrame, tasks: pd.DataFrame, file: str = "progress") -> pd.DataFrame:
    """Return ``progress`` in the schema's kinds once every report fits the task that it reports on.

    ``tasks`` has passed ``check_tasks``. A completion that falls without a revision mark is a ``DataWarning``
    that names the rows: it may be true, and it is kept as it is.

    Raises
    ------
    DataError
        Listing every problem of the table.
    """
    findings = Findings(file)
    progress = check_frame(progress, PROGRESS, file, findings)
    starts = tasks.drop_duplicates(["unit", "task"]).set_index(["unit", "task"])["start"]
    position = starts.index.get_indexer(pd.MultiIndex.from_frame(progress[["unit", "task"]]))
    _note_strangers(progress[position < 0], tasks, findings)
    start = starts.take(np.maximum(position, 0)).set_axis(progress.index)
    # That nothing was done before a task starts is no contradiction.
    early = progress[(position >= 0) & (progress["as_of"] < start) & (progress["completion"] != 0)]
    what = Note("the report is for a date before the task starts")
    findings.add_rows(early, "as_of", what, Note("Correct as_of or start."))
    ahead = progress[progress["reported_on"] < progress["as_of"]]
    findings.add_rows(
        ahead,
        "reported_on",
        Note("the report was made before the date it reports on"),
        Note("Correct as_of or reported_on."),
    )
    findings.raise_any()
    _warn_of_falls(progress, file)
    return progress


def _note_strangers(reports: pd.DataFrame, tasks: pd.DataFrame, findings: Findings) -> None:
    """Note ``reports`` whose unit has no tasks, or has no such task; empty names are noted as such already."""
    reports = reports[(reports[["unit", "task"]] != "").all(axis=1)]
    units = tasks["unit"].unique()
    known = reports["unit"].isin(units)
    what = Note("this unit has no tasks in the register")
    remedy = Note("The register has tasks of {units}.", {"units": ", ".join(units[:LISTED])})
    findings.add_rows(reports[~known], "unit", what, remedy)
    for unit, rows in reports[known].groupby("unit"):
        own = tasks[tasks["unit"] == unit]
        names = {True: [*own["title_vi"], *own["title_en"]], False: [*own["task"].unique()]}
        shared = {title: own[own["title_vi"].map(plain) == title] for title in rows["task"].map(plain).unique()}
        for title, twins in ((title, twins) for title, twins in shared.items() if twins["task"].nunique() > 1):
            places = ", ".join(str(sheet_row(index)) for index in twins.index)
            what = Note("several tasks of the register have this name, in its rows {rows}", {"rows": places})
            apart = Note("Give each a name of its own in both tables, or its code in a column of both.")
            findings.add_rows(rows[rows["task"].map(plain) == title], "task", what, apart)
            rows = rows[rows["task"].map(plain) != title]
        near = partial(_nearest_task, names=names)
        findings.add_rows(rows, "task", Note("this task is not in the register"), near)


def _nearest_task(name: str, names: Mapping[bool, list[str]]) -> Note:
    """Say which task was probably meant: by its title where the name is one, else by its code."""
    titles = [title for title in names[True] if title]
    return nearest(name, titles if " " in str(name) and titles else names[False])


def check_scored(
    tasks: pd.DataFrame, scores: pd.DataFrame, file: str = "tasks", *, waiting: tuple[str, ...] = ()
) -> None:
    """Check that every unit with tasks has a score, whatever its year; those ``waiting`` for their first need none.

    Raises
    ------
    DataError
        Naming the first row of each unit that has none.
    """
    findings = Findings(file)
    without = tasks[~tasks["unit"].isin({*scores["unit"], *waiting})].drop_duplicates("unit")
    remedy = Note("Add its scores, or leave its tasks out.")
    findings.add_rows(without, "unit", Note("this unit has tasks and not a single score"), remedy)
    findings.raise_any()


def latest_revisions(progress: pd.DataFrame) -> pd.DataFrame:
    """Keep the last revision of each report, ordered by unit, task and the date reported on."""
    order = ["unit", "task", "as_of", "revision"]
    return progress.sort_values(order, kind="stable").drop_duplicates(order[:-1], keep="last")


def _warn_of_falls(progress: pd.DataFrame, file: str) -> None:
    """Warn of completion that falls from one report to the next although nothing was marked as revised."""
    last = latest_revisions(progress)
    before = last.groupby(["unit", "task"])["completion"].shift()
    falls = last[(last["completion"] < before) & (last["revision"] == 0)]
    if len(falls):
        places = falls.sort_index(key=lambda index: index.map(sheet_row)).head(10)
        rows = ", ".join(
            str(row) if (row := sheet_row(index)) < PART_ROWS else _named(places, index) for index in places.index
        )
        if len(falls) > 10:
            rows = Note("{rows} and {more} more", {"rows": rows, "more": len(falls) - 10})
        warnings.warn(
            Note(
                "{file}: completion falls without a revision mark in row {rows}. "
                "Mark a corrected report with revision 1, 2, ...; a true fall needs no change.",
                {"file": file, "rows": rows},
            ),
            DataWarning,
            stacklevel=4,
        )


def _named(reports: pd.DataFrame, index: int) -> str:
    """Name a report by its task and day, where a row does not say in which sheet it is."""
    return f"{reports.loc[index, 'task']} ({as_written(reports.loc[index, 'as_of'])})"


def check_targets(
    targets: pd.DataFrame,
    scores: pd.DataFrame,
    base_year: int,
    file: str = "targets",
    *,
    units: pd.DataFrame,
    dimensions: pd.DataFrame,
    chosen: Collection[str] | None = None,
    waiting: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return ``targets`` in the schema's kinds once each has a base: the unit's own score in ``base_year``.

    Rows may name no other ``units`` and ``dimensions``, nor other dimensions than ``chosen`` ones; targets lie on the
    scale. Units that are ``waiting`` for their first score need no base.

    Raises
    ------
    DataError
        Listing every problem of the table.
    """
    findings = Findings(file)
    targets = check_frame(targets, TARGETS, file, findings)
    check_names(targets, units, dimensions, findings, chosen)
    check_scale(targets, "target", dimensions, findings)
    wanted = {*units["unit"]} - ({*waiting} - {*scores["unit"]})
    named = targets[targets["unit"].isin(wanted) & targets["dimension"].isin(dimensions["dimension"])]
    base = scores[scores["year"] == base_year].set_index(["unit", "dimension"]).index
    missing = named[~pd.MultiIndex.from_frame(named[["unit", "dimension"]]).isin(base)]
    findings.add_rows(
        missing,
        "dimension",
        Note("the target has no base: the unit has no score of this dimension in {year}", {"year": base_year}),
        Note("Choose a base year with scores, or add the score."),
    )
    early = targets[targets["year"] <= base_year]
    what = Note("the target's year is not after the base year {year}", {"year": base_year})
    findings.add_rows(early, "year", what, Note("Correct it."))
    findings.raise_any()
    return targets
