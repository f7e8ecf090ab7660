"""The report on one programme, section by section, in the reader's language."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, wraps
from typing import Any

import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import DataWarning, PapiError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.panel.completion import (
    completion,
    completion_by_agency,
    completion_over_units,
)
from papi_analysis.panel.monitoring import known_shares
from papi_analysis.progress import labelled
from papi_analysis.reporting.answers import Answers, attempt
from papi_analysis.reporting.data_figures import draw_history
from papi_analysis.reporting.figures import draw_estimates
from papi_analysis.reporting.impact_figures import draw_impact
from papi_analysis.reporting.language import Language, language_of
from papi_analysis.reporting.leader_page import leader_page
from papi_analysis.reporting.merged import old_provinces
from papi_analysis.reporting.missing_section import missing_section
from papi_analysis.reporting.problems import table_problems
from papi_analysis.reporting.question_figure import draw_question
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.sentences import question
from papi_analysis.reporting.tables import mark
from papi_analysis.reporting.target_section import Then, target_section
from papi_analysis.reporting.task_figures import draw_agencies, draw_completion
from papi_analysis.reporting.task_section import LONG, Tasks, tasks_section, with_range
from papi_analysis.reporting.writer import Writer
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.provenance import study_files
from papi_analysis.study.study import Study, load_study

#: What is shown of slopes and gaps.
INFERENCE = ("estimate", "low", "high", "p", "p_joint", "detectable")

#: What is shown of verdicts.
VERDICT = ("needed", "estimate", "low", "most", "most_share", "verdict")

#: The sections in reading order; the first is a page of its own.
SECTIONS = (
    "summary", "tasks", "targets", "findings", "scores", "completion", "slopes", "impact", "trust", "gaps",
    "provenance",
)  # fmt: skip


@contextmanager
def _quiet(tongue: Language) -> Iterator[None]:
    """Leave out what loading the study has warned of already, among the gaps; bars speak the reader's language."""
    with warnings.catch_warnings(), labelled(tongue.text):
        warnings.simplefilter("ignore", DataWarning)
        yield


def _section(heading: str) -> Callable[[Callable[[ProgrammeReport], Section]], Callable[[ProgrammeReport], Section]]:
    """Let a section stand alone: where the data cannot give it, it says why under its heading."""

    def decorate(make: Callable[[ProgrammeReport], Section]) -> Callable[[ProgrammeReport], Section]:
        @wraps(make)
        def section(report: ProgrammeReport) -> Section:
            with _quiet(report.tongue):
                made = attempt(lambda: make(report))
            if isinstance(made, Section):
                return made
            words, level = (report.tongue.text(heading), 2) if heading else (report.title, 1)
            return Section((Words(words, (report.writer.say(made),), level=level),))

        return section

    return decorate


class ProgrammeReport:
    """The sections of a report on a programme; each is worked out when it is first asked for.

    A question that the study's data cannot answer does not end the report: its section says why instead.

    Parameters
    ----------
    study
        A study, a bundled name or a study folder.
    language
        ``"en"`` or ``"vi"``.

    Raises
    ------
    DataError
        The study does not pass its checks.
    SpecError
        There is no such language.

    Examples
    --------
    >>> report = ProgrammeReport("can_tho_2018_2020", "vi")
    >>> report.provenance().parts[0].heading
    'Nguồn số liệu'
    """

    @check_kinds
    def __init__(self, study: str | os.PathLike[str] | Study = "can_tho_2018_2020", language: str = "en") -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            self.study = study if isinstance(study, Study) else load_study(os.fspath(study))
        self.tongue = language_of(language, self.study.names)
        self.warned = [one.message.args[0] for one in caught if isinstance(one.message, DataWarning)]
        self.writer = Writer(self.study, self.tongue)
        with _quiet(self.tongue):
            self.answers = Answers(self.study)

    @property
    def title(self) -> str:
        """What the programme is called, in the other language where the reader's has no name for it."""
        english, vietnamese = self.study.title_en, self.study.title_vi
        return english or vietnamese if self.tongue.code == "en" else vietnamese or english

    @property
    def warning(self) -> str:
        """Say that inputs are made up and what that means, or nothing."""
        words = mark(self.study.simulated_tables, self.tongue)
        if not words:
            return ""
        return self.tongue.text("{mark}. What rests on them shows the method, not what happened.", mark=words)

    @_section("")
    def summary(self) -> Section:
        """Give a leader one page: the tasks, what became of the targets, and which agencies have overdue tasks."""
        return leader_page(self.writer, self.title, self._tasks, self.answers.targets, self.answers.ahead)

    @_section("The tasks")
    def tasks(self) -> Section:
        """Show which tasks are overdue, which are open, and what changed since the report before."""
        return tasks_section(self._tasks)

    @_section("The targets, by dimension")
    def targets(self) -> Section:
        """Show what became of each target, or what it still needs."""
        plan = self.answers.plan if self.answers.ahead else None
        return target_section(self.writer, self.answers.targets, self._completion_then, plan)

    @_section("The question and the answers")
    def findings(self) -> Section:
        """Show the question, the answers in words, and what cannot be told."""
        text, told = self.tongue.text, self.answers.verdicts
        first = [told] if isinstance(told, Estimates) else []
        found = (*first, self.answers.targets, self.answers.slopes, self.answers.impact)
        said = dict.fromkeys(self.writer.say(one) for one in found if one is not None)
        asked = Words(text("The question and the answers"), (question(self.study, self.tongue),), level=2)
        opening: list[Any] = [replace(asked, paragraphs=(*asked.paragraphs, *said))]
        if isinstance(shown := self.answers.picture, Estimates):
            opening = [asked, self.writer.figure(draw_question, shown), Words(paragraphs=tuple(said))]
        tables = [self.writer.estimates(one, VERDICT) for one in first]
        return Section((*opening, *tables, Words(text("What cannot be told"), items=tuple(self._limits()))))

    @_section("The scores")
    def scores(self) -> Section:
        """Show the unit's scores against those of all units."""
        text = self.tongue.text
        words = [text("The line is the unit; the band holds the middle half of all units.")]
        if len(self.answers.units) > 1:
            unit, units = self.tongue.name(self.answers.units[0], self.study.names), len(self.answers.units)
            words.append(text("The unit shown is {unit}, the first of {units} with tasks.", unit=unit, units=units))
        if len(self._breaks):
            words.append(
                text(
                    "A dotted line is a break: definitions, samples or the mode of the survey changed for everyone, "
                    "and a line that jumps there may show the survey."
                )
            )
        first = self.answers.units[:1]
        old = [part for unit in first for part in old_provinces(self.study, unit, self.tongue)]
        if old and first[0] not in set(self.study.scores["unit"]):  # a new province that waits for its first score
            return Section((Words(text("The scores"), level=2), *old))
        figures = [self.writer.figure(draw_history, self.study, unit) for unit in first]
        return Section((Words(text("The scores"), (" ".join(words),), level=2), *figures, *old))

    @_section("Completion of the tasks")
    def completion(self) -> Section:
        """Show how far the tasks came, by dimension and by agency."""
        text, study, day = self.tongue.text, self.study, self.study.measured_on
        cells, units = self._cells, len(self.answers.units)
        days = pd.date_range(study.start, day, freq="QE").union([day])
        quarters = completion(study.tasks, study.progress, as_of=days)
        words = text(
            "A task that has not started counts 0; one that has begun counts what its latest report says. The table "
            "shows the days that the scores of these years stand for."
        )
        if study.progress.empty:
            words += " " + text("No task has a report yet: what has begun is not known.")
        elif day < study.end:
            words += " " + text(
                "The last day that is known is {day}, that of the last report.", day=self.tongue.date(day)
            )
        cells, quarters = known_shares(cells), known_shares(quarters)
        columns = ["as_of", "dimension", "completion", "of_due", "complete", "on_time", "tasks", "unreported"]
        if units > 1:
            columns.insert(1, "unit")
            quarters = completion_over_units(quarters)
            words += " " + text("The lines are means over {units} units.", units=units)
        drawn = quarters.dropna(subset="completion")["as_of"].nunique() > 1  # no line through one day
        if units > 1 and len(cells) > LONG:
            cells = completion_over_units(cells[cells["year"] <= study.end.year])
            columns = ["as_of", "dimension", "units", "completion", "tasks", "unreported"]
            words += " " + text(
                "So is the table, over the units whose completion is known. The register in the study's folder holds "
                "each unit."
            )
        words = " ".join([words, *self._tasks.weighted()])
        if cells["unreported"].any():
            words += " " + text(
                "Tasks that have begun without a report are left out of every share; in brackets stands what "
                "completion would be if all of them stood at 0 or at 1."
            )
        return Section(
            (
                Words(text("Completion of the tasks"), (words,), level=2),
                *([self.writer.figure(draw_completion, quarters, study)] if drawn else []),
                self.writer.table(with_range(cells, self.writer), columns),
                *self._agencies(),
            )
        )

    @_section("Completion and scores")
    def slopes(self) -> Section:
        """Show what completion has to do with scores."""
        heading = self.tongue.text("Completion and scores")
        words = self.tongue.text(
            "A slope says how scores moved where completion grew by ten more points, compared with other units and "
            "years."
        )
        section = self.writer.answer(heading, words, self.answers.slopes, draw_estimates, INFERENCE)
        return Section((*section.parts, *self._verdicts(self.answers.slope_verdicts)))

    @_section("The programme's years")
    def impact(self) -> Section:
        """Show where the scores stood beside what they would have been without the programme."""
        heading = self.tongue.text("The programme's years")
        words = self.tongue.text(
            "The counterfactual is a weighted average of units without the programme that moved alike in the years "
            "before. Thin lines give the programme to each other unit: a gap stands out only where it leaves them."
        )
        section = self.writer.answer(heading, words, self.answers.impact, draw_impact, (*INFERENCE, "fit"))
        start_high = (
            [Words(paragraphs=(self.writer.say(self.answers.reversion),))] if self.answers.reversion is not None else []
        )
        return Section((*section.parts, *start_high, *self._verdicts(self.answers.verdicts)))

    @_section("How far it can be trusted")
    def trust(self) -> Section:
        """Show how often the method cries wolf here, what other choices give, and what rosy reports would change."""
        text = self.tongue.text
        calibrated = () if self.answers.calibration is None else (self.writer.say(self.answers.calibration),)
        parts: list[Any] = [Words(text("How far it can be trusted"), calibrated, level=2)]
        if isinstance(self.answers.robustness, pd.DataFrame):
            words = text(
                "The mean gap by other estimators and under other choices; joint p is the smallest of all. Peers are "
                "the ten units without a programme that stood nearest in the base year: a row in which they show a gap "
                "is fooled by where a unit stood."
            )
            parts += [
                Words(text("Other choices"), (words,)),
                self.writer.table(
                    self.answers.robustness, ["choice", "mean", "p", "p_joint", "peers", "units"], simulated=False
                ),
            ]
        if isinstance(self.answers.overstated, pd.DataFrame) and len(self.answers.overstated):
            rosy = [
                text("The mean slope as if every reported completion were too high by so many points."),
                text("A unit whose completion falls to 0 by that counts as untouched until it rises above."),
            ]
            if self._nothing_found:
                rosy.append(
                    text(
                        "As reported the slope is not told from zero, so there is no finding to lose: where the "
                        "conclusion turns, one appears that the reports do not give."
                    )
                )
            heading = Words(text("If reports were too rosy"), (" ".join(rosy),))
            parts += [heading, self.writer.table(self.answers.overstated, digits=3)]
        return Section(tuple(parts))

    @_section("Gaps in the data")
    def gaps(self) -> Section:
        """Show what is missing: reports, scores, comparability."""
        return missing_section(self.writer, self._tasks, self._cells, self._breaks, self.warned)

    @_section("Where the data come from")
    def provenance(self) -> Section:
        """Show the files that the report rests on, with their checksums."""
        text, files = self.tongue.text, attempt(lambda: study_files(self.study))
        decision = self.tongue.dated(self.study.decision)
        words = [text("Document of the programme: {decision}.", decision=decision)] if decision else []
        if not isinstance(files, pd.DataFrame):
            return Section((Words(text("Where the data come from"), (*words, self.writer.say(files)), level=2),))
        words.append(text("Checksums are the first 16 digits of SHA-256; any change of a file changes them."))
        shown = files.assign(sha256=files["sha256"].str[:16], table=[text(name) for name in files["table"]])
        opening = Words(text("Where the data come from"), tuple(words), level=2)
        parts: list[Any] = [opening, self.writer.table(shown, simulated=False)]
        if self.study.guesses:
            words_as_read = Words(text("How the tables were read"))
            parts += [words_as_read, table_problems(self.study.guesses, language=self.tongue.code)]
        return Section(tuple(parts))

    def _verdicts(self, found: Estimates | PapiError | None) -> list[Any]:
        """What the data rule out, in words and by dimension, or why it cannot be said; nothing where no target asks."""
        if found is None:
            return []
        opening = Words(self.tongue.text("What the data rule out"), (self.writer.say(found),))
        if not isinstance(found, Estimates):
            return [opening]
        return [opening, self.writer.estimates(found, VERDICT), Words(items=self.writer.notes(found))]

    @cached_property
    def _completion_then(self) -> Then:
        """The unit's completion when the survey of each year was in the field, by year and dimension, with the day."""
        cells = self._cells[self._cells["unit"] == self.answers.units[0]]
        return {(cell.year, cell.dimension): cell for cell in known_shares(cells).itertuples(index=False)}

    @cached_property
    def _cells(self) -> pd.DataFrame:
        """Completion by unit, year and dimension, in the surveys' fieldwork and else never after the last report."""
        tasks, reported = self.study.tasks, pd.NaT if self.study.progress.empty else self.study.measured_on
        scored = self.answers.panel.years
        years = range(tasks["start"].min().year, tasks["due"].max().year + 1)
        days = fieldwork_dates(year for year in years if year in scored or year <= reported.year)
        known = [day if year in scored else min(day, reported) for year, day in days.items()]
        return completion(tasks, self.study.progress, as_of=known)

    def _limits(self) -> list[str]:
        """Say what no answer of this report can show."""
        text = self.tongue.text
        limits = [
            text("A slope is not an effect: whoever completes more tasks may differ in other ways that move scores."),
            text("Completion is what reviewers from outside judged, in few steps; a step is not a measurement.")
            if self.study.judged_by == "reviewers"
            else text("Completion is what offices report about themselves; nothing here checks it against the world."),
        ]
        return limits

    def _agencies(self) -> list[Any]:
        """Show completion by lead agency on the last day that is known, where the register names agencies."""
        study, names = self._tasks.study, self._tasks.agency
        if (study.tasks[names] == "").all():
            return []
        agencies = completion_by_agency(study.tasks, study.progress, as_of=study.measured_on, names=names)
        if known_shares(agencies)["completion"].isna().all():
            return []
        return [Words(self.tongue.text("By lead agency")), self.writer.figure(draw_agencies, agencies, study)]

    @cached_property
    def _tasks(self) -> Tasks:
        """Where each task stands."""
        return Tasks(self.writer)

    @property
    def _breaks(self) -> pd.DataFrame:
        """The breaks in the programme's dimensions and the study's years."""
        breaks, (first, last) = self.study.breaks, self.study.years
        known = breaks["dimension"].isin(["all", *self.study.dimensions["dimension"]])
        return breaks[known & breaks["year"].between(first, last)]

    @property
    def _nothing_found(self) -> bool:
        """Whether the mean slope is not told from zero."""
        found = self.answers.slopes
        return isinstance(found, Estimates) and bool(found.row("mean")["p"] > 1 - found.level)
