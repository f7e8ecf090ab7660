"""The answers that a report on a programme is made of, each worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from papi_analysis.credibility.calibration import calibrate
from papi_analysis.credibility.robustness import impact_robustness
from papi_analysis.credibility.sensitivity import overstated_reports
from papi_analysis.credibility.verdicts import verdicts
from papi_analysis.errors import Note, PapiError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.mean_reversion import regression_to_the_mean
from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.estimation.targets import gain_needed, target_attainment
from papi_analysis.panel.panel import Panel
from papi_analysis.study.study import Study

T = TypeVar("T")

FAULT = Note("a fault of this program, and none of your files ({fault}). Please report it.")

#: The estimator of the gap, chosen before any answer was seen; the others stand beside it.
METHOD = "lagged_outcome"

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

    @cached_property
    def slopes(self) -> Estimates | PapiError:
        """What completion has to do with scores."""
        return attempt(lambda: completion_slopes(self.panel))

    @cached_property
    def impact(self) -> Estimates | PapiError:
        """Where the scores stood beside what they would have been."""
        return attempt(
            lambda: programme_impact(
                self.panel, self.starts, end=self.years[1], method=METHOD, base_year=self.base_year
            )
        )

    @cached_property
    def reversion(self) -> Estimates | PapiError | None:
        """What the start alone would predict."""
        if not self.study.unit:
            return None
        return attempt(lambda: regression_to_the_mean(self.panel, self.study.unit, self.study.base_year, self.years[1]))

    @cached_property
    def calibration(self) -> Estimates | PapiError | None:
        """How often the estimator cries wolf on this panel."""
        if not self.study.unit:
            return None
        (start, end), base = self.years, self.study.base_year
        asked: dict[str, Any] = {"unit": self.study.unit, "start": start, "end": end, "base_year": base}
        return attempt(lambda: calibrate(self.panel, METHOD, **asked, panels=PANELS))

    @cached_property
    def gap_then(self) -> Estimates | PapiError | None:
        """The gap of the year of the targets alone."""
        targets = self.targets
        if not isinstance(targets, Estimates):
            return targets
        year = targets.designed(UnitYears).last
        return attempt(
            lambda: programme_impact(
                self.panel, self.starts, end=year, method=METHOD, after=(year, year), base_year=self.base_year
            )
        )

    @cached_property
    def verdicts(self) -> Estimates | PapiError | None:
        """Whether the programme can have added what the targets needed."""
        gap, targets = self.gap_then, self.targets
        if not (isinstance(gap, Estimates) and isinstance(targets, Estimates)):
            return gap
        return attempt(lambda: verdicts(gap, gain_needed(gap, targets)))

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
        return attempt(
            lambda: impact_robustness(self.panel, self.study.unit, start, end, base_year=self.study.base_year)
        )

    @cached_property
    def overstated(self) -> pd.DataFrame | PapiError:
        """The mean slope if reports were too rosy."""
        return attempt(lambda: overstated_reports(self.panel, draws=DRAWS))

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
