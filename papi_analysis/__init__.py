"""How completing a reform programme's tasks relates to the change of the scores it wants to move.

And how far that answer can be trusted. Names load when they are first used, so that importing is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers see
    from papi_analysis.credibility.calibration import calibrate as calibrate
    from papi_analysis.credibility.calibration import rank_methods as rank_methods
    from papi_analysis.credibility.injection import confirm_detectable as confirm_detectable
    from papi_analysis.credibility.planning import plan_study as plan_study
    from papi_analysis.credibility.robustness import impact_robustness as impact_robustness
    from papi_analysis.credibility.sensitivity import conclusion_turns as conclusion_turns
    from papi_analysis.credibility.sensitivity import late_information as late_information
    from papi_analysis.credibility.sensitivity import leave_one_out as leave_one_out
    from papi_analysis.credibility.sensitivity import negative_controls as negative_controls
    from papi_analysis.credibility.sensitivity import overstated_reports as overstated_reports
    from papi_analysis.credibility.simulation import simulate_progress as simulate_progress
    from papi_analysis.credibility.simulation import simulate_study as simulate_study
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
    from papi_analysis.estimation.specification import Specification as Specification
    from papi_analysis.estimation.targets import gain_needed as gain_needed
    from papi_analysis.estimation.targets import target_attainment as target_attainment
    from papi_analysis.panel.changes import describe_panel as describe_panel
    from papi_analysis.panel.changes import eras as eras
    from papi_analysis.panel.changes import missing_scores as missing_scores
    from papi_analysis.panel.changes import national_shifts as national_shifts
    from papi_analysis.panel.changes import score_changes as score_changes
    from papi_analysis.panel.changes import standing as standing
    from papi_analysis.panel.completion import completion as completion
    from papi_analysis.panel.completion import completion_by_agency as completion_by_agency
    from papi_analysis.panel.completion import reporting_record as reporting_record
    from papi_analysis.panel.completion import task_states as task_states
    from papi_analysis.panel.monitoring import task_counts as task_counts
    from papi_analysis.panel.monitoring import task_list as task_list
    from papi_analysis.panel.panel import Panel as Panel
    from papi_analysis.reporting.canvas import show as show
    from papi_analysis.reporting.data_figures import draw_agencies as draw_agencies
    from papi_analysis.reporting.data_figures import draw_completion as draw_completion
    from papi_analysis.reporting.data_figures import draw_eras as draw_eras
    from papi_analysis.reporting.data_figures import draw_history as draw_history
    from papi_analysis.reporting.data_figures import draw_rank as draw_rank
    from papi_analysis.reporting.data_figures import draw_reporting as draw_reporting
    from papi_analysis.reporting.export import save_figure as save_figure
    from papi_analysis.reporting.export import save_table as save_table
    from papi_analysis.reporting.figures import draw_estimates as draw_estimates
    from papi_analysis.reporting.figures import draw_targets as draw_targets
    from papi_analysis.reporting.impact_figures import draw_event_time as draw_event_time
    from papi_analysis.reporting.impact_figures import draw_impact as draw_impact
    from papi_analysis.reporting.impact_figures import draw_reversion as draw_reversion
    from papi_analysis.reporting.impact_figures import draw_weights as draw_weights
    from papi_analysis.reporting.pictures import draw as draw
    from papi_analysis.reporting.programme_report import ProgrammeReport as ProgrammeReport
    from papi_analysis.reporting.question_figure import draw_question as draw_question
    from papi_analysis.reporting.report import render_report as render_report
    from papi_analysis.reporting.sentences import remarks as remarks
    from papi_analysis.reporting.sentences import sentence as sentence
    from papi_analysis.reporting.side_by_side import table as table
    from papi_analysis.reporting.specification_figures import draw_specification_curve as draw_specification_curve
    from papi_analysis.reporting.tables import table_estimates as table_estimates
    from papi_analysis.reporting.tables import table_frame as table_frame
    from papi_analysis.reporting.task_figures import draw_tasks as draw_tasks
    from papi_analysis.reporting.validation import draw_validation as draw_validation
    from papi_analysis.reporting.validation import table_validation as table_validation
    from papi_analysis.study.codebook import find_unit as find_unit
    from papi_analysis.study.codebook import load_breaks as load_breaks
    from papi_analysis.study.codebook import load_dimensions as load_dimensions
    from papi_analysis.study.codebook import load_known_programmes as load_known_programmes
    from papi_analysis.study.codebook import load_provinces as load_provinces
    from papi_analysis.study.codebook import load_units as load_units
    from papi_analysis.study.records import coverage_record as coverage_record
    from papi_analysis.study.records import design_record as design_record
    from papi_analysis.study.records import load_validation as load_validation
    from papi_analysis.study.records import method_record as method_record
    from papi_analysis.study.scores import load_scores as load_scores
    from papi_analysis.study.study import Study as Study
    from papi_analysis.study.study import load_study as load_study

__version__ = "0.1.0"

_HOMES = {
    "papi_analysis.errors": ("DataError", "DataWarning", "PapiError", "SpecError"),
    "papi_analysis.study.codebook": (
        "find_unit",
        "load_breaks",
        "load_dimensions",
        "load_known_programmes",
        "load_provinces",
        "load_units",
    ),
    "papi_analysis.study.records": ("coverage_record", "design_record", "load_validation", "method_record"),
    "papi_analysis.study.scores": ("load_scores",),
    "papi_analysis.study.study": ("Study", "load_study"),
    "papi_analysis.panel.completion": ("completion", "completion_by_agency", "reporting_record", "task_states"),
    "papi_analysis.panel.monitoring": ("task_counts", "task_list"),
    "papi_analysis.panel.changes": (
        "describe_panel",
        "eras",
        "missing_scores",
        "national_shifts",
        "score_changes",
        "standing",
    ),
    "papi_analysis.panel.panel": ("Panel",),
    "papi_analysis.estimation.estimates": ("Estimates",),
    "papi_analysis.estimation.completion_beside_gaps": ("completion_beside_gaps",),
    "papi_analysis.estimation.design_tests": ("design_tests",),
    "papi_analysis.estimation.event_time": ("event_time",),
    "papi_analysis.estimation.impact": ("programme_impact",),
    "papi_analysis.estimation.mean_reversion": ("regression_to_the_mean",),
    "papi_analysis.estimation.specification": ("Specification",),
    "papi_analysis.estimation.change_slopes": ("change_slopes",),
    "papi_analysis.estimation.slopes": ("completion_slopes",),
    "papi_analysis.estimation.targets": ("gain_needed", "target_attainment"),
    "papi_analysis.reporting.canvas": ("show",),
    "papi_analysis.reporting.data_figures": (
        "draw_agencies",
        "draw_completion",
        "draw_eras",
        "draw_history",
        "draw_rank",
        "draw_reporting",
    ),
    "papi_analysis.reporting.export": ("save_figure", "save_table"),
    "papi_analysis.reporting.figures": ("draw_estimates", "draw_targets"),
    "papi_analysis.reporting.impact_figures": ("draw_event_time", "draw_impact", "draw_reversion", "draw_weights"),
    "papi_analysis.reporting.pictures": ("draw",),
    "papi_analysis.reporting.side_by_side": ("table",),
    "papi_analysis.reporting.programme_report": ("ProgrammeReport",),
    "papi_analysis.reporting.question_figure": ("draw_question",),
    "papi_analysis.reporting.report": ("render_report",),
    "papi_analysis.reporting.sentences": ("remarks", "sentence"),
    "papi_analysis.reporting.specification_figures": ("draw_specification_curve",),
    "papi_analysis.reporting.task_figures": ("draw_tasks",),
    "papi_analysis.reporting.tables": ("table_estimates", "table_frame"),
    "papi_analysis.reporting.validation": ("draw_validation", "table_validation"),
    "papi_analysis.credibility.calibration": ("calibrate", "rank_methods"),
    "papi_analysis.credibility.injection": ("confirm_detectable",),
    "papi_analysis.credibility.planning": ("plan_study",),
    "papi_analysis.credibility.robustness": ("impact_robustness",),
    "papi_analysis.credibility.sensitivity": (
        "conclusion_turns",
        "late_information",
        "leave_one_out",
        "negative_controls",
        "overstated_reports",
    ),
    "papi_analysis.credibility.specification_curve": ("specification_curve",),
    "papi_analysis.credibility.simulation": ("simulate_progress", "simulate_study"),
    "papi_analysis.credibility.verdicts": ("verdicts",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

#: Names of earlier versions, and what to use instead.
_GONE = {
    "CostWarning": "a long run shows a bar instead",
    "can_tell": "ask verdicts(answer, needed), where needed is gain_needed(gap, targets) or a size in points",
    "draw_changes": "draw_question(completion_beside_gaps(panel, slopes)) shows the points behind the slopes",
    "validate": "load_validation(kind) gives the same table, as it was written; `make validation` computes it anew",
}

__all__ = sorted(_HOME_OF)


if not TYPE_CHECKING:  # there an unknown name is an error, not Any

    def __getattr__(name: str) -> Any:
        """Load a public name from its room."""
        if name in _HOME_OF:
            return getattr(import_module(_HOME_OF[name]), name)
        if name in _GONE:
            raise AttributeError(f"{name} is no longer in {__name__}: {_GONE[name]}.")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
