"""How completing a reform programme's tasks relates to the change of the scores it wants to move.

And how far that answer can be trusted. A first script, in the order of use:

>>> import papi_analysis as pa
>>> study = pa.load_study("can_tho_2018_2020")
>>> panel = pa.Panel.from_study(study)
>>> slopes = pa.completion_slopes(panel)
>>> gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020)
>>> pa.sentence(gaps)[:52]
'From 2018 to 2020 the 6 scores of Can Tho lay on ave'
>>> pa.table(gaps, ["estimate", "low", "high"]).shape
(7, 3)
>>> ask = {name: pa.programme_impact(panel, "VN-CT", 2018, 2020, method=name) for name in ("did", "synthetic_control")}
>>> pa.table(ask).columns.tolist()
['did', 'synthetic_control']
>>> figure = pa.draw(ask)

``show`` and ``save_figure`` take a figure further, ``save_table`` a table, ``render_report`` writes all of it. What is
PAPI's alone is in ``papi``; what is used more rarely is in the rooms: ``study``, ``panel``, ``estimation``,
``credibility``, ``reporting``. Names load when they are first used, so that importing is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers see
    from papi_analysis import papi as papi
    from papi_analysis.credibility.calibration import calibrate as calibrate
    from papi_analysis.credibility.planning import plan_study as plan_study
    from papi_analysis.credibility.robustness import impact_robustness as impact_robustness
    from papi_analysis.credibility.specification_curve import specification_curve as specification_curve
    from papi_analysis.credibility.verdicts import verdicts as verdicts
    from papi_analysis.errors import DataError as DataError
    from papi_analysis.errors import DataWarning as DataWarning
    from papi_analysis.errors import PapiError as PapiError
    from papi_analysis.errors import SpecError as SpecError
    from papi_analysis.estimation.change_slopes import change_slopes as change_slopes
    from papi_analysis.estimation.completion_beside_gaps import completion_beside_gaps as completion_beside_gaps
    from papi_analysis.estimation.design_tests import design_tests as design_tests
    from papi_analysis.estimation.estimates import Estimates as Estimates
    from papi_analysis.estimation.event_time import event_time as event_time
    from papi_analysis.estimation.impact import programme_impact as programme_impact
    from papi_analysis.estimation.mean_reversion import regression_to_the_mean as regression_to_the_mean
    from papi_analysis.estimation.slopes import completion_slopes as completion_slopes
    from papi_analysis.estimation.targets import gain_needed as gain_needed
    from papi_analysis.estimation.targets import target_attainment as target_attainment
    from papi_analysis.panel.completion import completion as completion
    from papi_analysis.panel.frames import long_frame as long_frame
    from papi_analysis.panel.panel import Panel as Panel
    from papi_analysis.reporting.export import save_figure as save_figure
    from papi_analysis.reporting.export import save_table as save_table
    from papi_analysis.reporting.pictures import draw as draw
    from papi_analysis.reporting.programme_report import ProgrammeReport as ProgrammeReport
    from papi_analysis.reporting.report import render_report as render_report
    from papi_analysis.reporting.section import show as show
    from papi_analysis.reporting.sentences import remarks as remarks
    from papi_analysis.reporting.sentences import sentence as sentence
    from papi_analysis.reporting.side_by_side import table as table
    from papi_analysis.study.study import Study as Study
    from papi_analysis.study.study import load_study as load_study

__version__ = "0.1.0"

#: Where the public names live, in the order of use.
_HOME_OF = {
    "load_study": "study.study",
    "Study": "study.study",
    "Panel": "panel.panel",
    "long_frame": "panel.frames",
    "completion": "panel.completion",
    "completion_slopes": "estimation.slopes",
    "change_slopes": "estimation.change_slopes",
    "programme_impact": "estimation.impact",
    "completion_beside_gaps": "estimation.completion_beside_gaps",
    "event_time": "estimation.event_time",
    "regression_to_the_mean": "estimation.mean_reversion",
    "target_attainment": "estimation.targets",
    "gain_needed": "estimation.targets",
    "verdicts": "credibility.verdicts",
    "design_tests": "estimation.design_tests",
    "calibrate": "credibility.calibration",
    "impact_robustness": "credibility.robustness",
    "specification_curve": "credibility.specification_curve",
    "plan_study": "credibility.planning",
    "Estimates": "estimation.estimates",
    "sentence": "reporting.sentences",
    "remarks": "reporting.sentences",
    "table": "reporting.side_by_side",
    "draw": "reporting.pictures",
    "show": "reporting.section",
    "save_table": "reporting.export",
    "save_figure": "reporting.export",
    "ProgrammeReport": "reporting.programme_report",
    "render_report": "reporting.report",
    "PapiError": "errors",
    "DataError": "errors",
    "SpecError": "errors",
    "DataWarning": "errors",
}

#: Names that are used more rarely, by the room that has them.
_ROOMS = {
    "panel.completion": (
        "completion_by_agency",
        "reporting_record",
        "task_states",
    ),
    "panel.monitoring": (
        "task_counts",
        "task_list",
    ),
    "panel.changes": (
        "describe_panel",
        "eras",
        "missing_scores",
        "national_shifts",
        "period_changes",
        "score_changes",
        "standing",
    ),
    "study.records": (
        "coverage_record",
        "design_record",
        "load_validation",
        "method_record",
    ),
    "estimation.specification": ("Specification",),
    "reporting.data_figures": ("draw_eras", "draw_history", "draw_rank"),
    "reporting.task_figures": ("draw_agencies", "draw_completion", "draw_reporting", "draw_tasks"),
    "reporting.impact_figures": ("draw_weights",),
    "reporting.validation": (
        "draw_validation",
        "table_validation",
    ),
    "credibility.calibration": ("rank_methods",),
    "credibility.injection": ("confirm_detectable",),
    "credibility.sensitivity": (
        "conclusion_turns",
        "late_information",
        "leave_one_out",
        "negative_controls",
        "overstated_reports",
    ),
    "credibility.simulation": (
        "simulate_progress",
        "simulate_study",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

#: Names of earlier versions, and what to use instead.
_GONE = {
    "CostWarning": "a long run shows a bar instead",
    "can_tell": "ask verdicts(answer, needed), where needed is gain_needed(gap, targets) or a size in points",
    "draw_changes": "draw(completion_beside_gaps(panel, slopes)) shows the points behind the slopes",
    "validate": "records.load_validation(kind) gives the same table, as it was written; `make validation` computes it",
    **dict.fromkeys(("table_estimates", "table_frame"), "table(...) takes answers and frames"),
    **dict.fromkeys(
        (
            *("draw_estimates", "draw_question", "draw_event_time", "draw_impact", "draw_reversion"),
            *("draw_specification_curve", "draw_targets"),
        ),
        "draw(answer) knows by the question which picture it is",
    ),
}

__all__ = [*_HOME_OF, "papi"]

if not TYPE_CHECKING:  # there an unknown name is an error, not Any

    def __getattr__(name: str) -> Any:
        """Load a public name from its room."""
        if name in _HOME_OF:
            return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        papi = import_module(f"{__name__}.papi")
        if name == "papi":
            return papi
        if name in papi.__all__:
            raise AttributeError(f"{name} is in {__name__}.papi: write papi.{name}(...) after the package's name.")
        if name in _ROOM_OF:
            raise AttributeError(f"{name} is in a room: from {__name__}.{_ROOM_OF[name]} import {name}")
        if name in _GONE:
            raise AttributeError(f"{name} is no longer in {__name__}: {_GONE[name]}.")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
