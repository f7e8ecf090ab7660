"""The answers that a report on a programme is made of, each worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from papi_analysis.credibility.calibration import calibrate
from papi_analysis.credibility.planning import plan_study
from papi_analysis.credibility.robustness import impact_robustness
from papi_analysis.credibility.sensitivity import overstated_reports
from papi_analysis.credibility.verdicts import verdicts
from papi_analysis.errors import Note, PapiError, SpecError
from papi_analysis.estimation.completion_beside_gaps import completion_beside_gaps
from papi_analysis.estimation.estimates import Estimates, SlopeDesign, UnitYears
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.mean_reversion import regression_to_the_mean
from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.estimation.targets import gain_needed, target_attainment
from papi_analysis.panel.panel import Panel
from papi_analysis.study.codebook import fieldwork_dates
from papi_analysis.study.study import Study

T = TypeVar("T")

FAULT = Note("a fault of this program, and none of your files ({fault}). Please report it.")

NOT_YET = Note("scores after the start of the programme ({start}) are not there yet; the latest are of {latest}.")
NO_SCORE_YET = Note("the targets are for {year}, and scores of {year} are not there yet; the latest are of {latest}.")

#: The estimator of the gap, chosen before any answer was seen; the others stand beside it.
METHOD = "lagged_outcome"

#: Programmes from which on a picture shows each of them, along the slope of this form.
MANY, FORM = 5, "imputation"

#: Units with every score that a plan wants for each unit with a programme: fewer give no p-value of 0.05.
FEWEST = 20

#: Years before a programme that the estimator needs.
YEARS_BEFORE = 2

#: Reassignments for each row of the table of rosy reports, where there are more: few for the same reason.
DRAWS = 1999

#: Panels drawn for its calibration: few, so that nobody waits; the error, 3 points at a rate of 5%, is said.
PANELS = 60


class Answers:
    """What a study's data say to each question: the answer, the refusal where they cannot, None where nobody asks."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.panel = Panel.from_study(study)

    @property
    def units(self) -> tuple[str, ...]:
        """The units whose programme it is."""
        return (self.study.unit,) if self.study.unit else self.study.programme_units

    @cached_property
    def targets(self) -> Estimates | PapiError | None:
        """What became of the targets."""
        if self.study.targets is None or not self.study.unit:
            return None
        return attempt(lambda: target_attainment(self.study))

    @property
    def ahead(self) -> bool:
        """Whether the year of the targets has no survey yet."""
        targets = self.targets
        return isinstance(targets, Estimates) and bool(
            targets.table["latest_year"].iloc[0] < targets.designed(UnitYears).last
        )

    @cached_property
    def not_yet(self) -> SpecError | None:
        """Why nothing can be said of scores: all surveys were in the field before the programme began."""
        latest, start = self.panel.years[-1], self.study.start
        if fieldwork_dates([latest]).iloc[0] >= start:
            return None
        return SpecError(Note(NOT_YET.text, {"start": start.date(), "latest": latest}))

    @cached_property
    def plan(self) -> pd.DataFrame | PapiError:
        """What the design would find at the end: by dimension, for as many programme years as the scores can hold."""
        last, units = self.panel.years[-1], len(self.units)
        every = np.ones(len(self.panel.units), dtype=bool)
        first = self.panel.complete_from(every, FEWEST * units, last - 3, last) or self.panel.years[0]
        panel = self.panel.cut(first, last)
        start, end = self.study.start, self.study.end
        surveys = fieldwork_dates(range(start.year, end.year + 1)).between(start, end).sum()
        years = max(min(int(surveys), len(panel.years) - YEARS_BEFORE), 1)
        return attempt(lambda: plan_study(panel, [units], [years], method=METHOD))

    @cached_property
    def slopes(self) -> Estimates | PapiError:
        """What completion has to do with scores."""
        return self._of_scores(lambda: completion_slopes(self.panel))

    @cached_property
    def impact(self) -> Estimates | PapiError:
        """Where the scores stood beside what they would have been."""
        return self._gap(self.years[1])

    @cached_property
    def reversion(self) -> Estimates | PapiError | None:
        """What the start alone would predict."""
        if not self.study.unit or self.not_yet:
            return None
        return attempt(lambda: regression_to_the_mean(self.panel, self.study.unit, self.study.base_year, self.years[1]))

    @cached_property
    def calibration(self) -> Estimates | PapiError | None:
        """How often the estimator cries wolf on this panel."""
        if not self.study.unit:
            return None
        (start, end), base = self.years, self.study.base_year
        asked: dict[str, Any] = {"unit": self.study.unit, "start": start, "end": end, "base_year": base}
        return self._of_scores(lambda: calibrate(self.panel, METHOD, **asked, panels=PANELS))

    @cached_property
    def gap_then(self) -> Estimates | PapiError | None:
        """The gap of the year of the targets alone."""
        targets = self.targets
        if not isinstance(targets, Estimates):
            return targets
        year = targets.designed(UnitYears).last
        if year > self.panel.years[-1]:
            return SpecError(Note(NO_SCORE_YET.text, {"year": year, "latest": self.panel.years[-1]}))
        return self._gap(year, after=(year, year))

    @cached_property
    def verdicts(self) -> Estimates | PapiError | None:
        """Whether the programme can have added what the targets needed."""
        gap, targets = self.gap_then, self.targets
        if not (isinstance(gap, Estimates) and isinstance(targets, Estimates)):
            return gap
        return attempt(lambda: verdicts(gap, gain_needed(gap, targets)))

    @cached_property
    def picture(self) -> Estimates | PapiError | None:
        """Completion beside the scores' gains: of many programmes by slopes, of few by gaps; None without either."""
        slopes, told = self.slopes, self.verdicts
        if len(self.units) >= MANY and isinstance(slopes, Estimates) and slopes.designed(SlopeDesign).form == FORM:
            return attempt(lambda: completion_beside_gaps(self.panel, slopes))
        gaps, told = (self.gap_then, told) if isinstance(told, Estimates) else (self.impact, None)
        if not isinstance(gaps, Estimates):
            return None
        return attempt(lambda: completion_beside_gaps(self.panel, gaps, told))

    @cached_property
    def slope_verdicts(self) -> Estimates | PapiError | None:
        """Whether full completion can bring it; None where it is not known what was needed."""
        gap, slopes, targets = self.gap_then, self.slopes, self.targets
        if not (isinstance(gap, Estimates) and isinstance(slopes, Estimates) and isinstance(targets, Estimates)):
            return None
        return attempt(lambda: verdicts(slopes, gain_needed(gap, targets)))

    @cached_property
    def robustness(self) -> pd.DataFrame | PapiError | None:
        """The gap by other estimators and under other choices."""
        if not self.study.unit:
            return None
        start, end = self.years
        return self._of_scores(
            lambda: impact_robustness(self.panel, self.study.unit, start, end, base_year=self.study.base_year)
        )

    @cached_property
    def overstated(self) -> pd.DataFrame | PapiError:
        """The mean slope if reports were too rosy."""
        return self._of_scores(lambda: overstated_reports(self.panel, draws=DRAWS))

    def _gap(self, end: int, **options: Any) -> Estimates | PapiError:
        """Ask for the gap of the programme's years up to one."""
        options |= {"end": end, "method": METHOD, "base_year": self.base_year}
        return self._of_scores(lambda: programme_impact(self.panel, self.starts, **options))

    def _of_scores(self, ask: Callable[[], T]) -> T | PapiError:
        """Ask what needs scores after the start, or say that there are none yet."""
        return attempt(ask) if self.not_yet is None else self.not_yet

    @property
    def starts(self) -> dict[str, int]:
        """The year in which each unit's programme starts: that of the study, or where several have one, their own."""
        if self.study.unit:
            return {self.study.unit: self.study.start.year}
        first = self.study.tasks.groupby("unit")["start"].min().dt.year
        return {str(unit): int(year) for unit, year in first.items() if year <= self.panel.years[-1]}

    @property
    def base_year(self) -> int | None:
        """The year from which the programme counts, where the panel has it."""
        return self.study.base_year if self.study.base_year in self.panel.years else None

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the programme that the panel can show."""
        return self.study.start.year, min(self.study.end.year, self.panel.years[-1])


def attempt(ask: Callable[[], T]) -> T | PapiError:
    """Ask, and return the refusal where there is one; a fault of the program is told as such and ends nothing else."""
    try:
        return ask()
    except PapiError as refusal:
        return refusal
    except Exception as fault:
        told = PapiError(Note(FAULT.text, {"fault": f"{type(fault).__name__}: {fault}"}))
        told.__cause__ = fault
        return told
