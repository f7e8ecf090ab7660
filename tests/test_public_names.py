"""The public face is written out here, so that widening it shows."""

from __future__ import annotations

import pytest

import papi_analysis

PUBLIC = [
    "DataError",
    "DataWarning",
    "Estimates",
    "Panel",
    "PapiError",
    "ProgrammeReport",
    "SpecError",
    "Specification",
    "Study",
    "calibrate",
    "change_slopes",
    "completion",
    "completion_beside_gaps",
    "completion_by_agency",
    "completion_slopes",
    "conclusion_turns",
    "confirm_detectable",
    "coverage_record",
    "describe_panel",
    "design_record",
    "design_tests",
    "draw",
    "draw_agencies",
    "draw_completion",
    "draw_eras",
    "draw_estimates",
    "draw_event_time",
    "draw_history",
    "draw_impact",
    "draw_question",
    "draw_rank",
    "draw_reporting",
    "draw_reversion",
    "draw_specification_curve",
    "draw_targets",
    "draw_tasks",
    "draw_validation",
    "draw_weights",
    "eras",
    "event_time",
    "find_unit",
    "gain_needed",
    "impact_robustness",
    "late_information",
    "leave_one_out",
    "load_breaks",
    "load_dimensions",
    "load_known_programmes",
    "load_provinces",
    "load_scores",
    "load_study",
    "load_units",
    "load_validation",
    "method_record",
    "missing_scores",
    "national_shifts",
    "negative_controls",
    "overstated_reports",
    "plan_study",
    "programme_impact",
    "rank_methods",
    "regression_to_the_mean",
    "remarks",
    "render_report",
    "reporting_record",
    "save_figure",
    "save_table",
    "score_changes",
    "sentence",
    "show",
    "simulate_progress",
    "simulate_study",
    "specification_curve",
    "standing",
    "table",
    "table_estimates",
    "table_frame",
    "table_validation",
    "target_attainment",
    "task_counts",
    "task_list",
    "task_states",
    "verdicts",
]


def test_public_names_are_these():
    assert sorted(papi_analysis.__all__) == PUBLIC


def test_each_public_name_is_there_and_documented():
    assert not [
        name for name in PUBLIC if not (getattr(papi_analysis, name, None) and getattr(papi_analysis, name).__doc__)
    ]


def test_dir_lists_the_public_names():
    assert set(PUBLIC) <= set(dir(papi_analysis))


def test_a_name_that_is_gone_says_what_stands_in_its_place():
    with pytest.raises(AttributeError, match=r"CostWarning is no longer in \w+: a long run shows a bar instead"):
        papi_analysis.CostWarning  # noqa: B018
