"""Whatever is put in place of an argument: every public function answers in a sentence, never from inside."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_progress
from papi_analysis.panel.changes import describe_panel, standing
from papi_analysis.panel.completion import completion_by_agency, reporting_record
from papi_analysis.panel.monitoring import task_counts
from papi_analysis.reporting.data_figures import draw_history
from papi_analysis.reporting.figures import draw_estimates, draw_targets
from papi_analysis.reporting.impact_figures import draw_event_time, draw_impact, draw_reversion
from papi_analysis.reporting.specification_figures import draw_specification_curve
from papi_analysis.reporting.tables import table_estimates, table_frame
from papi_analysis.study.records import load_validation

#: No questions: errors, values, and what takes no argument.
VALUES = {"papi"}

#: What ``draw`` and ``table`` call.
FIGURES = (draw_estimates, draw_event_time, draw_impact, draw_reversion, draw_specification_curve, draw_targets)


@cache
def study() -> pa.Study:
    return pa.load_study("can_tho_2018_2020")


@cache
def panel() -> pa.Panel:
    return pa.Panel.from_study(study()).only(years=(2015, 2020), dimensions=["D1", "D2"])


@cache
def gaps() -> pa.Estimates:
    return pa.programme_impact(panel(), "VN-CT", 2018, method="did")


@cache
def slopes() -> pa.Estimates:
    return pa.completion_slopes(panel(), draws=19)


def curve() -> pa.Estimates:
    return pa.specification_curve(partial(pa.completion_slopes, panel(), draws=19), {"lag": [0, 1]})


@cache
def doors() -> dict[str, tuple[Callable, dict[str, Any]]]:
    """Every public function with arguments that are right."""
    register = {"tasks": study().tasks, "progress": study().progress}
    programme = {"panel": panel(), "unit": "VN-CT", "start": 2018}
    days = pa.completion(**register)
    right: dict[str, dict[str, Any]] = {
        "calibrate": {**programme, "ask": "did", "panels": 1, "nearest": 1},
        "completion": register,
        "completion_by_agency": register,
        "confirm_detectable": {**programme, "ask": "did", "draws": 2},
        "design_tests": {**programme, "draws": 9},
        "draw": {"shown": gaps()},
        "table": {"shown": gaps()},
        "draw_agencies": {"cells": completion_by_agency(**register, as_of="2020-09-30"), "study": study()},
        "draw_completion": {"cells": days, "study": study()},
        "draw_estimates": {"estimates": slopes()},
        "draw_event_time": {"estimates": pa.event_time(gaps())},
        "draw_history": {"study": study(), "unit": "VN-CT"},
        "draw_rank": {"places": standing(study().scores, ["D1"]), "unit": "VN-CT"},
        "draw_reporting": {"record": reporting_record(**register), "study": study()},
        "draw_reversion": {"estimates": pa.regression_to_the_mean(panel(), "VN-CT", 2017)},
        "draw_specification_curve": {"estimates": curve()},
        "draw_targets": {"estimates": pa.target_attainment(study())},
        "draw_tasks": {"counts": task_counts(study()), "study": study()},
        "draw_validation": {"rows": load_validation()},
        "eras": {"breaks": pa.papi.load_breaks(), "dimensions": ["D1"], "years": (2011, 2020)},
        "find_unit": {"name": "Can Tho"},
        "gain_needed": {"gaps": gaps(), "targets": pa.target_attainment(study())},
        "impact_robustness": {**programme, "draws": 9},
        "late_information": {"study": study(), "days": ["2020-09-30"]},
        "leave_one_out": {"study": study(), "what": "year"},
        "long_frame": {"table": panel().frame()},
        "overstated_reports": {"panel": panel(), "points": [0.0]},
        "plan_study": {"panel": panel(), "units": [1], "years": [1], "studies": 1, "draws": 9, "method": "did"},
        "programme_impact": {**programme, "method": "did"},
        "rank_methods": {**programme, "panels": 1, "nearest": 1},
        "regression_to_the_mean": {"panel": panel(), "unit": "VN-CT", "base_year": 2017},
        "national_shifts": {"panel": panel(), "start": 2016, "end": 2018},
        "period_changes": {
            **{"scores": study().scores, "unit": "VN-CT", "periods": {"during": (2018, 2020)}},
            "breaks": study().breaks,
        },
        "reporting_record": register,
        "save_figure": {"drawn": draw_estimates(slopes()), "path": "nowhere/figure.eps"},
        "save_table": {"table": gaps(), "path": "nowhere/table.eps"},
        "specification_curve": {"ask": partial(pa.completion_slopes, panel()), "choices": {"lag": [0]}},
        "table_frame": {"frame": gaps().table},
        "table_validation": {"rows": load_validation()},
        "task_states": register,
        "verdicts": {"estimates": gaps(), "needed": 0.5},
    }
    of_kind = {"panel": panel(), "study": study(), "estimates": gaps(), "gaps": gaps(), "scores": study().scores}
    found = {}
    public = {name: getattr(pa, name) for name in set(pa.__all__) - VALUES}
    public |= {name: getattr(pa.papi, name) for name in pa.papi.__all__}
    public |= {name: getattr(import_module(f"papi_analysis.{room}"), name) for name, room in pa._ROOM_OF.items()}
    public |= {function.__name__: function for function in (*FIGURES, table_frame)}
    for name, function in sorted((name, one) for name, one in public.items() if not isinstance(one, type)):
        usual = {of: of_kind[of] for of in inspect.signature(function).parameters if of in of_kind}
        found[name] = (function, right.get(name, usual | register if name == "simulate_progress" else usual))
    found["simulate_progress"] = (simulate_progress, {"tasks": study().tasks})
    cells = panel().frame()
    found |= {
        "Panel.from_frames": (pa.Panel.from_frames, {"scores": cells}),
        "Panel.from_study": (pa.Panel.from_study, {"study": study()}),
        "Panel.only": (panel().only, {}),
        "Panel.cut": (panel().cut, {"first": 2016, "last": 2018}),
        "Panel.position": (panel().position, {"axis": "unit", "label": "VN-CT"}),
        "Panel.first_from": (panel().first_from, {"year": 2018}),
        "Panel.last_to": (panel().last_to, {"year": 2018}),
        "Estimates.interval": (gaps().interval, {"level": 0.9}),
        "Estimates.row": (gaps().row, {"dimension": "D1"}),
    }
    return found


class Thing:
    """Nothing that anyone asks for."""


FEW: list[Callable[[], Any]] = [lambda: pd.DataFrame({"a": [1]}), Thing]
MANY: list[Callable[[], Any]] = [
    *(lambda: None, pd.DataFrame, lambda: "nonsense", lambda: True, lambda: -1.5, lambda: ["x"], list),
    *(lambda: {"x": 1}, lambda: (1, 2, 3), gaps, slopes, panel, study, lambda: np.ones(3), lambda: float("nan")),
    *(lambda: pd.Series([1.0]), lambda: b"x"),
]


def refused_from_inside(wrong: list[Callable[[], Any]]) -> tuple[list[str], int]:
    """What went wrong from inside, and how many arguments were refused in a sentence."""
    inside, said = [], 0
    for name, (function, right) in doors().items():
        for argument, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or (
                name in ("render_report", "ProgrammeReport") and right
            ):
                continue
            for make in wrong:
                value = make()
                try:
                    function(**{**right, argument: value})
                except pa.PapiError:
                    said += 1
                except Exception as error:
                    inside.append(f"{name}({argument}={type(value).__name__}): {type(error).__name__}: {error}")
                plt.close("all")
    return inside, said


def test_no_error_comes_from_inside() -> None:
    inside, said = refused_from_inside(FEW)
    assert not inside
    assert said > 400


@pytest.mark.slow
def test_no_error_comes_from_inside_whatever_is_given(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # a text may be the name of a file
    inside, said = refused_from_inside(MANY)
    assert not inside
    assert said > 2500


def test_the_advice_is_to_the_point() -> None:
    def own(*_: Any) -> float:
        return 1 / 0

    with pytest.raises(pa.SpecError, match=r"panel is a DataFrame; give a Panel: Panel\.from_frames\("):
        describe_panel(panel().frame())
    with pytest.raises(
        pa.SpecError, match=r"scores is a DataFrame; give a table .* columns unit, year, dimension, score"
    ):
        standing(pd.DataFrame({"a": [1]}))
    with pytest.raises(pa.SpecError, match=r"figure has 2 panels, and axes holds 1\. Give axes for all"):
        draw_impact(gaps(), axes=plt.subplots()[1])
    with pytest.raises(pa.SpecError, match=r"has no column slope\. It has dimension, estimate"):
        table_estimates(gaps(), ["slope"])
    with pytest.raises(pa.SpecError, match=r"has no column b\. It has a"):
        table_frame(pd.DataFrame({"a": [1]}), ["a", "b"])
    with pytest.raises(
        pa.SpecError, match=r"method own failed: ZeroDivisionError: division by zero\. It is called with"
    ):
        pa.programme_impact(panel(), "VN-CT", 2018, method=own)
    plt.close("all")


@pytest.mark.parametrize("draw", [draw_impact, draw_event_time, draw_history])
def test_axes_for_too_few_panels_are_refused_and_more_are_taken(draw) -> None:
    function, right = doors()[draw.__name__]
    with pytest.raises(pa.SpecError, match="panels, and axes holds 1"):
        function(**right, axes=plt.subplots(1, 1)[1])
    axes = plt.subplots(2, 4)[1]
    assert function(**right, axes=axes) is axes
    plt.close("all")
