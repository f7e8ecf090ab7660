"""How completing a reform programme's tasks relates to the change of the scores it wants to move.

And how far that answer can be trusted. Names load when they are first used, so that importing is cheap.
"""

from importlib import import_module
from typing import Any

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
    "papi_analysis.panel.frames": ("long_frame",),
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


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    if name in _GONE:
        raise AttributeError(f"{name} is no longer in {__name__}: {_GONE[name]}.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
