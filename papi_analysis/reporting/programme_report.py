"""The report on one programme, section by section, in the reader's language."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, wraps
from typing import Any

import pandas as pd

from papi_analysis.errors import DataWarning, PapiError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.panel.changes import TOTAL, missing_scores
from papi_analysis.panel.completion import (
    completion,
    completion_by_agency,
    completion_falls,
    completion_over_units,
    reporting_record,
    task_states,
    tasks_by_unit,
)
from papi_analysis.reporting.answers import Answers, attempt
from papi_analysis.reporting.canvas import full_name, house_style
from papi_analysis.reporting.data_figures import draw_agencies, draw_completion, draw_history, draw_reporting
from papi_analysis.reporting.figures import draw_estimates, draw_targets
from papi_analysis.reporting.impact_figures import draw_impact
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.merged import old_provinces
from papi_analysis.reporting.problems import table_problems
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.sentences import question, remarks, sentence
from papi_analysis.reporting.tables import Table, mark, table_estimates, table_frame
from papi_analysis.study.provenance import study_files
from papi_analysis.study.study import Study, load_study

#: What is shown of slopes and gaps.
INFERENCE = ("estimate", "low", "high", "p", "p_joint", "detectable")

#: What is shown of verdicts.
VERDICT = ("needed", "estimate", "low", "most", "most_share", "verdict")

#: Rows up to which a table shows every unit or task; instead of a longer one it shows sums.
LONG = 200

#: The sections in reading order.
SECTIONS = ("summary", "scores", "completion", "slopes", "impact", "trust", "gaps", "provenance")


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what loading the study has warned of already; the report says it once, among the gaps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


def _section(heading: str) -> Callable[[Callable[[ProgrammeReport], Section]], Callable[[ProgrammeReport], Section]]:
    """Let a section stand alone: where the data cannot give it, it says why under its heading."""

    def decorate(make: Callable[[ProgrammeReport], Section]) -> Callable[[ProgrammeReport], Section]:
        @wraps(make)
        def section(report: ProgrammeReport) -> Section:
            with _quiet():
                made = attempt(lambda: make(report))
            if isinstance(made, Section):
                return made
            words, level = (report.tongue.text(heading), 2) if heading else (report.title, 1)
            return Section((Words(words, (report._say(made),), level=level),))

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
    'Dữ liệu từ đâu'
    """

    def __init__(self, study: str | os.PathLike[str] | Study = "can_tho_2018_2020", language: str = "en") -> None:
        self.tongue = find_language(language)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            self.study = study if isinstance(study, Study) else load_study(os.fspath(study))
        self.warned = [one.message.args[0] for one in caught if isinstance(one.message, DataWarning)]
        with _quiet():
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
        """Give a decision maker the question, the answers in words, and what cannot be told."""
        text = self.tongue.text
        told = self.answers.verdicts
        first = [told] if isinstance(told, Estimates) else []
        answers = [
            self._say(found)
            for found in (*first, self.answers.targets, self.answers.slopes, self.answers.impact)
            if found is not None
        ]
        parts: list[Any] = [Words(self.title, (question(self.study, self.tongue), *answers), level=1)]
        parts += [self._verdict_table(found) for found in first]
        limits = Words(text("What cannot be told"), items=tuple(self._limits()), level=2)
        if not isinstance(self.answers.targets, Estimates):
            return Section((*parts, limits))
        reached = Words(text("By dimension"), items=tuple(self._by_dimension(self.answers.targets)), level=2)
        return Section((*parts, reached, limits, self._figure(draw_targets, self.answers.targets)))

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
        figures = [self._figure(draw_history, self.study, unit) for unit in first]
        return Section((Words(text("The scores"), (" ".join(words),), level=2), *figures, *old))

    @_section("Completion of the tasks")
    def completion(self) -> Section:
        """Show how far the tasks came: by dimension, by agency, and which were not done in the end."""
        text, study, end = self.tongue.text, self.study, self.study.end
        cells, units = self._cells, len(self.answers.units)
        quarters = completion(study.tasks, study.progress, as_of=pd.date_range(study.start, end, freq="QE"))
        words = text(
            "A task that has not started counts 0; one that has begun counts what its latest report says. The table "
            "shows the days that the scores of these years stand for."
        )
        columns = ["year", "dimension", "completion", "of_due", "complete", "on_time", "tasks", "unreported"]
        if units > 1:
            columns.insert(1, "unit")
            quarters = completion_over_units(quarters)
            words += " " + text("The lines are means over {units} units.", units=units)
        if units > 1 and len(cells) > LONG:
            cells = completion_over_units(cells[cells["year"] <= end.year])
            columns = ["year", "dimension", "units", "completion", "low", "high", "tasks", "unreported"]
            words += " " + text(
                "So is the table, over the units whose completion is known; low and high are means over all, as if all "
                "tasks without a report stood at 0 or at 1. The register in the study's folder holds each unit."
            )
        return Section(
            (
                Words(text("Completion of the tasks"), (words,), level=2),
                self._figure(draw_completion, quarters, study),
                self._table(cells, columns),
                *self._agencies(),
                *self._undone(),
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
        section = self._answer(heading, words, self.answers.slopes, draw_estimates, INFERENCE)
        return Section((*section.parts, *self._verdicts(self.answers.slope_verdicts)))

    @_section("The programme's years")
    def impact(self) -> Section:
        """Show where the scores stood beside what they would have been without the programme."""
        heading = self.tongue.text("The programme's years")
        words = self.tongue.text(
            "The counterfactual is a weighted average of units without the programme that moved alike in the years "
            "before. Thin lines give the programme to each other unit: a gap stands out only where it leaves them."
        )
        section = self._answer(heading, words, self.answers.impact, draw_impact, (*INFERENCE, "fit"))
        start_high = (
            [Words(paragraphs=(self._say(self.answers.reversion),))] if self.answers.reversion is not None else []
        )
        return Section((*section.parts, *start_high, *self._verdicts(self.answers.verdicts)))

    @_section("How far it can be trusted")
    def trust(self) -> Section:
        """Show how often the method cries wolf here, what other choices give, and what rosy reports would change."""
        text = self.tongue.text
        calibrated = () if self.answers.calibration is None else (self._say(self.answers.calibration),)
        parts: list[Any] = [Words(text("How far it can be trusted"), calibrated, level=2)]
        if isinstance(self.answers.robustness, pd.DataFrame):
            words = text(
                "The mean gap by other estimators and under other choices; joint p is the smallest of all. Peers are "
                "the ten units without a programme that stood nearest in the base year: a row in which they show a gap "
                "is fooled by where a unit stood."
            )
            parts += [
                Words(text("Other choices"), (words,)),
                self._table(
                    self.answers.robustness, ["choice", "mean", "p", "p_joint", "peers", "units"], simulated=False
                ),
            ]
        if isinstance(self.answers.overstated, pd.DataFrame):
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
            parts += [heading, self._table(self.answers.overstated, digits=3)]
        return Section(tuple(parts))

    @_section("Gaps in the data")
    def gaps(self) -> Section:
        """Show what is missing: reports, scores, comparability."""
        text, study = self.tongue.text, self.study
        missing = missing_scores(study.scores, study.dimensions["dimension"])
        missing = missing[missing["year"].between(*study.years)]
        breaks = self._breaks
        worth_a_look = tuple(map(self.tongue.say, self.warned))
        parts: list[Any] = [
            Words(
                text("Gaps in the data"), (text("Gaps are counted here and filled nowhere."),), worth_a_look, level=2
            ),
            *self._reports(),
            *self._falls(),
            Words(text("Scores that were not published"), () if len(missing) else (text("None in these years."),)),
        ]
        if len(missing):
            parts.append(self._table(missing, simulated=False))
        if len(breaks):
            what = "what" if self.tongue.code == "en" or "what_vi" not in breaks else "what_vi"
            parts.append(Words(text("Breaks in the scores")))
            named = {"all": text("all")}
            breaks = breaks.assign(dimension=[named.get(name, name) for name in breaks["dimension"]])
            parts.append(self._table(breaks, ["year", "dimension", "kind", what], simulated=False))
        return Section(tuple(parts))

    @_section("Where the data come from")
    def provenance(self) -> Section:
        """Show the files that the report rests on, with their checksums."""
        text, files = self.tongue.text, attempt(lambda: study_files(self.study))
        words = [self.study.decision] if self.study.decision else []
        if not isinstance(files, pd.DataFrame):
            return Section((Words(text("Where the data come from"), (*words, self._say(files)), level=2),))
        words.append(text("Checksums are the first 16 digits of SHA-256; any change of a file changes them."))
        shown = files.assign(sha256=files["sha256"].str[:16], table=[text(name) for name in files["table"]])
        opening = Words(text("Where the data come from"), tuple(words), level=2)
        parts: list[Any] = [opening, self._table(shown, simulated=False)]
        if self.study.guesses:
            words_as_read = Words(text("How the tables were read"))
            parts += [words_as_read, table_problems(self.study.guesses, language=self.tongue.code)]
        return Section(tuple(parts))

    def _say(self, found: Estimates | PapiError | None) -> str:
        """Say an answer, or why there is none."""
        if isinstance(found, Estimates):
            return sentence(found, language=self.tongue.code)
        why = str(found) if found is None else found.args[0]
        return self.tongue.text("This study's data cannot answer: {why}", why=why)

    def _answer(
        self, heading: str, words: str, found: Estimates | PapiError, draw: Callable[..., Any], columns: tuple[str, ...]
    ) -> Section:
        """Put together what every question shows: words, the answer, its figure, table and remarks."""
        if not isinstance(found, Estimates):  # no words on a figure that is not there
            return Section((Words(heading, (self._say(found),), level=2),))
        opening = Words(heading, (self._say(found), words), level=2)
        notes = tuple(remarks(found, language=self.tongue.code).splitlines())
        table = table_estimates(found, [name for name in columns if name in found.table], language=self.tongue.code)
        return Section((opening, self._figure(draw, found), table, Words(items=notes)))

    def _verdicts(self, found: Estimates | PapiError | None) -> list[Any]:
        """What the data rule out, in words and by dimension, or why it cannot be said; nothing where no target asks."""
        if found is None:
            return []
        opening = Words(self.tongue.text("What the data rule out"), (self._say(found),))
        if not isinstance(found, Estimates):
            return [opening]
        notes = tuple(remarks(found, language=self.tongue.code).splitlines())
        return [opening, self._verdict_table(found), Words(items=notes)]

    def _verdict_table(self, found: Estimates) -> Table:
        return table_estimates(found, VERDICT, language=self.tongue.code)

    def _by_dimension(self, targets: Estimates) -> list[str]:
        """Say what became of each target."""
        return [self._became(row, targets) for row in targets.table.itertuples(index=False) if row.dimension != TOTAL]

    def _became(self, row: Any, targets: Estimates) -> str:
        """Say what became of one target, or of a dimension without one; what is not known is left out."""
        text, number, year = self.tongue.text, self.tongue.number, targets.designed(UnitYears).last
        values = {
            "dimension": full_name(row.dimension, self.tongue, targets.names),
            "base_year": targets.designed(UnitYears).first,
            "end": year,
            **{name: number(getattr(row, name)) for name in ("base", "outcome", "target")},
        }
        if pd.isna(row.outcome):
            words = "{dimension}: {base} in {base_year}; target {target}. No score of {end} has been published."
            if pd.isna(row.target):
                words = "{dimension}: {base} in {base_year}; no target. No score of {end} has been published."
            return text(words, **values)
        if pd.isna(row.target):
            said = [text("{dimension}: {base} in {base_year}, {outcome} in {end}; no target.", **values)]
        else:
            reached = text("reached") if row.reached else text("not reached")
            words = "{dimension}: {base} in {base_year}, {outcome} in {end}; target {target}: {verdict}."
            said = [text(words, verdict=reached, **values)]
        if not pd.isna(row.rank_base):
            ranks = {name: number(getattr(row, name), 0) for name in ("rank_base", "rank_end")}
            said.append(text("Rank {rank_base}, then {rank_end}.", **ranks))
        if (year, row.dimension) in self._completion_then:
            day, share = self._completion_then[year, row.dimension]
            values = {"day": self.tongue.date(day), "completion": self.tongue.percent(share)}
            said.append(text("Completion on {day}: {completion}.", **values))
        return " ".join(said)

    @cached_property
    def _completion_then(self) -> dict[tuple[int, str], tuple[pd.Timestamp, float]]:
        """The unit's completion when the survey of each year was in the field, by year and dimension, with the day."""
        cells = self._cells[self._cells["unit"] == self.answers.units[0]]
        then = cells[["year", "dimension", "as_of", "completion"]].itertuples(index=False, name=None)
        return {(year, dimension): (day, share) for year, dimension, day, share in then}

    @cached_property
    def _cells(self) -> pd.DataFrame:
        """Completion by unit, year and dimension."""
        return completion(self.study.tasks, self.study.progress)

    def _limits(self) -> list[str]:
        """Say what no answer of this report can show."""
        text = self.tongue.text
        limits = [
            text("A slope is not an effect: whoever completes more tasks may differ in other ways that move scores."),
            text("Completion is what reviewers from outside judged, in few steps; a step is not a measurement.")
            if self.study.judged_by == "reviewers"
            else text("Completion is what offices report about themselves; nothing here checks it against the world."),
        ]
        if isinstance(self.answers.targets, Estimates):
            limits += remarks(self.answers.targets, language=self.tongue.code).splitlines()
        return limits

    def _agencies(self) -> list[Any]:
        """Show completion by lead agency at the end, where the register names agencies."""
        tasks, study, names = self._tasks, self.study, f"lead_agency_{self.tongue.code}"
        if (tasks[names] == "").all():
            return []
        agencies = completion_by_agency(tasks, study.progress, as_of=study.end, names=names)
        return [Words(self.tongue.text("By lead agency")), self._figure(draw_agencies, agencies, study)]

    def _undone(self) -> list[Any]:
        """List the tasks that were not done at the end of the programme."""
        text, code = self.tongue.text, self.tongue.code
        states = self._states
        undone = states[states["completion"].isna() | (states["completion"] < 1)]
        if undone.empty:
            return [Words(paragraphs=(text("Every task was done at the end."),))]
        named = [name for name in (f"title_{code}", f"lead_agency_{code}") if (undone[name] != "").any()]
        columns = ["task", *(["unit"] if len(self.answers.units) > 1 else []), *named, "due", "completion"]
        heading = text("Not done at the end: {undone} of {tasks} tasks", undone=len(undone), tasks=len(states))
        if len(self.answers.units) > 1 and len(undone) > LONG:
            return [
                Words(heading),
                self._table(tasks_by_unit(states), ["unit", "tasks", "done", "undone", "unreported"]),
            ]
        return [Words(heading), self._table(undone, columns)]

    def _reports(self) -> list[Any]:
        """Show which reports came, and when; reviewers from outside judge on days that no register tells."""
        text, study = self.tongue.text, self.study
        if study.judged_by != "reviewers":
            return [self._figure(draw_reporting, reporting_record(study.tasks, study.progress), study)]
        silent = int(self._states["completion"].isna().sum())
        words = text(
            "{silent} of {tasks} tasks had begun by the end and were never judged. On which day reviewers judged is "
            "not known, so nothing is said of judgements that came late.",
            silent=silent,
            tasks=len(self._states),
        )
        return [Words(paragraphs=(words,))]

    def _falls(self) -> list[Any]:
        """Say where completion falls because tasks came back into the mean, and that no report fell there."""
        cells = self._cells[self._cells["year"] <= self.study.end.year]
        falls = completion_falls(cells)
        back = falls["unreported"] < falls["unreported_before"]
        if not back.any():
            return []
        words = self.tongue.text(
            "In {back} of {cells} cells completion stands below that of the year before because tasks came back into "
            "the mean: a task that begins without a report leaves it, where it had counted 0, until its first report. "
            "In {fell} further cells a report fell.",
            back=int(back.sum()),
            cells=len(cells),
            fell=int((~back).sum()),
        )
        return [Words(paragraphs=(words,))]

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

    @cached_property
    def _states(self) -> pd.DataFrame:
        """Where each task stood at the end of the programme."""
        states = task_states(self._tasks, self.study.progress, as_of=self.study.end)
        return states.drop_duplicates(["unit", "task"])

    @cached_property
    def _tasks(self) -> pd.DataFrame:
        """The register, its titles and agencies in the other language where the reader's has none."""
        tasks, code = self.study.tasks, self.tongue.code
        other = "vi" if code == "en" else "en"
        own = {name: tasks[f"{name}_{code}"] for name in ("title", "lead_agency")}
        return tasks.assign(
            **{f"{name}_{code}": own[name].where(own[name] != "", tasks[f"{name}_{other}"]) for name in own}
        )

    def _figure(self, draw: Callable[..., Any], *shown: Any) -> Any:
        with house_style():
            return draw(*shown, language=self.tongue.code)

    def _table(
        self, frame: pd.DataFrame, columns: list[str] | None = None, *, digits: int = 2, simulated: bool = True
    ) -> Table:
        made_up = self.study.simulated_tables if simulated else ()
        if "unit" in frame:
            names = self.study.names
            frame = frame.assign(unit=[self.tongue.name(code, names) for code in frame["unit"]])
        return table_frame(frame, columns, language=self.tongue.code, digits=digits, simulated=made_up)
