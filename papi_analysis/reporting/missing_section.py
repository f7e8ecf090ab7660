"""What is missing in a study: reports, scores, comparability; counted, and filled nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from papi_analysis.panel.changes import missing_scores
from papi_analysis.panel.completion import completion_falls, reporting_record
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.task_figures import draw_reporting
from papi_analysis.reporting.task_section import Tasks
from papi_analysis.reporting.writer import Writer


def missing_section(
    writer: Writer, tasks: Tasks, cells: pd.DataFrame, breaks: pd.DataFrame, warned: Sequence[str]
) -> Section:
    """Show which reports came, where completion falls, which scores lack, and which breaks lie in the years."""
    text, study = writer.text, writer.study
    missing = missing_scores(study.scores, study.dimensions["dimension"])
    missing = missing[missing["year"].between(*study.years)]
    worth_a_look = tuple(map(writer.tongue.say, warned))
    parts: list[Any] = [
        Words(text("Gaps in the data"), (text("Gaps are counted here and filled nowhere."),), worth_a_look, level=2),
        *_reports(writer, tasks),
        *_falls(writer, cells),
        Words(text("Scores that were not published"), () if len(missing) else (text("None in these years."),)),
    ]
    if len(missing):
        parts.append(writer.table(missing, simulated=False))
    if len(breaks):
        what = "what" if writer.tongue.code == "en" or "what_vi" not in breaks else "what_vi"
        named = {"all": text("all")}
        breaks = breaks.assign(dimension=[named.get(name, name) for name in breaks["dimension"]])
        shown = writer.table(breaks, ["year", "dimension", "kind", what], simulated=False)
        parts += [Words(text("Breaks in the scores")), shown]
    return Section(tuple(parts))


def _reports(writer: Writer, tasks: Tasks) -> list[Any]:
    """Show which reports came, and when; reviewers from outside judge on days that no register tells."""
    study = writer.study
    if study.progress.empty:
        return [Words(paragraphs=(writer.text("No task has a report yet: what has begun is not known."),))]
    if study.judged_by != "reviewers":
        return [writer.figure(draw_reporting, reporting_record(study.tasks, study.progress), study)]
    words = writer.text(
        "{silent} of {tasks} tasks had begun by the end and were never judged. On which day reviewers judged is "
        "not known, so nothing is said of judgements that came late.",
        silent=int(tasks.rows["completion"].isna().sum()),
        tasks=len(tasks.rows),
    )
    return [Words(paragraphs=(words,))]


def _falls(writer: Writer, cells: pd.DataFrame) -> list[Any]:
    """Say where completion falls because tasks came back into the mean, and that no report fell there."""
    cells = cells[cells["year"] <= writer.study.end.year]
    falls = completion_falls(cells)
    back = falls["unreported"] < falls["unreported_before"]
    if not back.any():
        return []
    words = writer.text(
        "In {back} of {cells} cells completion stands below that of the year before because tasks came back into "
        "the mean: a task that begins without a report leaves it, where it had counted 0, until its first report. "
        "In {fell} further cells a report fell.",
        back=int(back.sum()),
        cells=len(cells),
        fell=int((~back).sum()),
    )
    return [Words(paragraphs=(words,))]
