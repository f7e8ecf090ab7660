"""Arguments of the wrong kind: every public question says what came and what to give, in both languages."""

from __future__ import annotations

import inspect
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.arguments import RULES, check_kinds
from papi_analysis.credibility.calibration import rank_methods
from papi_analysis.credibility.injection import confirm_detectable
from papi_analysis.credibility.sensitivity import conclusion_turns, late_information, leave_one_out, overstated_reports
from papi_analysis.credibility.simulation import simulate_progress, simulate_study
from papi_analysis.errors import Note
from papi_analysis.panel.changes import missing_scores, standing
from papi_analysis.reporting.language import find_language

STUDY = pa.load_study("can_tho_2018_2020")
PANEL = pa.Panel.from_study(STUDY).cut(2014, 2020)
IMPACT = partial(pa.programme_impact, PANEL, "VN-CT", 2018, method="did")
CALIBRATE = partial(pa.calibrate, PANEL, "did", unit="VN-CT", start=2018, nearest=1, panels=1)
CONFIRM = partial(confirm_detectable, PANEL, "did", unit="VN-CT", start=2018, draws=2)
SLOPES = partial(pa.completion_slopes, PANEL)
FRAMES = partial(pa.Panel.from_frames, STUDY.scores, PANEL.frame().drop(columns="score"), years=(2014, 2020))

#: Functions that need more than bad arguments, with one argument after the other that is of the wrong kind.
WRONG = [
    (SLOPES, {"rng": [-1, 1.5, "a", None, True], "spec": ["lag"], "strata": [1], "excluded": [None, "VN-HN"]}),
    (SLOPES, {"draws": ["9", 0, np.inf], "level": [None, "x", 1], "lag": ["1", 0.5], "override": ["yes"]}),
    (SLOPES, {"years": [2018, ("2015", "2018"), (2018, 2015)], "controls": [1], "lagged_score": ["no", None]}),
    (IMPACT, {"rng": [-1, "a"], "draws": ["x"], "level": [None], "method": [["did"], 1], "without": [None, 1]}),
    (partial(pa.programme_impact, PANEL, "VN-CT", 2018), {"before": [2016, {2016: 1}], "after": [2018]}),
    (IMPACT, {"before": [2016, ("2014", "2016"), (2016,)], "end": ["2020", [2020]], "treated_as_donor": ["no"]}),
    (CALIBRATE, {"unit": [None, ["VN-CT"], {"VN-CT": 2018}], "start": [None, "2018", [2018]], "end": [[1], 2020.5]}),
    (
        CALIBRATE,
        {"rng": [-1], "panels": [None, "x", 0, 1.5], "level": [0, 2, None, "x"], "nearest": [0, None, "x", 1.5]},
    ),
    (CALIBRATE, {"folder": [1], "base_year": ["2016", [2016]]}),
    (CONFIRM, {"rng": [-1], "unit": [None], "level": [0, None], "draws": [0]}),
    (partial(rank_methods, PANEL, unit="VN-CT", start=2018), {"unit": [None], "nearest": [0], "panels": ["x"]}),
    (partial(pa.impact_robustness, PANEL, start=2018), {"unit": [None, ["VN-CT", "VN-HN"]]}),
    (partial(pa.impact_robustness, PANEL, "VN-CT", 2018), {"known_programmes": ["VN-HN"], "draws": ["x"]}),
    (partial(pa.target_attainment, STUDY), {"unit": [["VN-CT"], 1.5]}),
    (partial(pa.regression_to_the_mean, PANEL, "VN-CT"), {"base_year": [None, "2016"]}),
    (partial(overstated_reports, PANEL), {"points": [0.1, ["x"], [], [2]]}),
    (partial(conclusion_turns, PANEL), {"step": [0, -1, "x", None]}),
    (partial(late_information, STUDY), {"days": ["2019-03-31", ["x"], [None]]}),
    (partial(leave_one_out, STUDY), {"what": [None, ["unit"], "units"]}),
    (partial(pa.specification_curve, SLOPES), {"choices": [None, {"lag": 0}, {"form": "levels"}, {"lags": [0]}, {}]}),
    (partial(pa.specification_curve, choices={"lag": [0]}), {"ask": [None, pa.completion_slopes]}),
    (partial(simulate_progress, STUDY.tasks), {"rng": [-1]}),
    (partial(simulate_study, PANEL), {"rng": [-1], "slopes": ["x", None], "tasks_per_dimension": [0, 1.5]}),
    (partial(standing, STUDY.scores), {"dimensions": ["D1", 1, ["D77"]]}),
    (partial(missing_scores, STUDY.scores), {"dimensions": ["D1", ["D77"]]}),
    (FRAMES, {"years": [2018], "dimensions": ["D1", [1], ["D1", "D1"]], "without_programme": [None, "VN-HN"]}),
    (FRAMES, {"names": [["x"]], "controls": [1], "breaks": [1], "simulated_tables": ["tasks"]}),
]
CASES = [(ask, name, value) for ask, wrong in WRONG for name, values in wrong.items() for value in values]


@pytest.mark.parametrize(("ask", "name", "value"), CASES)
def test_a_wrong_kind_is_answered_by_its_name(ask, name, value) -> None:
    with pytest.raises(pa.PapiError) as refusal:
        ask(**{name: value})
    said = str(refusal.value)
    assert any(word in said for word in (*name.rstrip("s").split("_"), "; give a list"))


#: Where public functions are, those that are asked for by their room as well.
ROOM_OF = pa._HOME_OF | pa._ROOM_OF


def public(name: str) -> Any:
    return getattr(import_module(f"papi_analysis.{ROOM_OF[name]}"), name)


def questions() -> list[str]:
    """Public functions whose first argument is a panel, a study or an answer; drawing and saying are not asking."""
    first = {name: next(iter(getattr(public(name), "__annotations__", {})), "") for name in ROOM_OF}
    rooms = ("papi_analysis.panel", "papi_analysis.estimation", "papi_analysis.credibility")
    asks = [name for name, argument in first.items() if argument in ("panel", "study", "estimates")]
    return [name for name in asks if public(name).__module__.startswith(rooms)]


@pytest.mark.parametrize("name", questions())
@pytest.mark.parametrize("value", [None, 1, "x", pd.DataFrame()])
def test_whoever_takes_a_panel_a_study_or_an_answer_says_so(name, value) -> None:
    ask = public(name)
    first, *others = [p.name for p in inspect.signature(ask).parameters.values() if p.default is p.empty]
    given = dict.fromkeys(set(others) - {"settings", "changes"}, "x")
    with pytest.raises(pa.SpecError, match=rf"^{first} is .*; give (a Panel|a Study|the answer)"):
        ask(**{first: value}, **given)


def test_the_search_finds_the_questions() -> None:
    assert {"calibrate", "completion_slopes", "programme_impact", "leave_one_out", "verdicts"} <= set(questions())


def test_sizes_that_mattered_are_numbers_of_known_dimensions() -> None:
    answer = IMPACT()
    for needed, words in (({"D1": "x"}, "D1 is 'x'"), ({"D77": 0.5}, "names 'D77'"), (True, "True"), ([0.5], "0.5")):
        with pytest.raises(pa.SpecError, match=words):
            pa.verdicts(answer, needed)
    with pytest.raises(pa.SpecError, match=r"has no row 'D77'\. It has D1"):
        answer.row("D77")
    with pytest.raises(pa.SpecError, match="axis is one of unit, year, dimension"):
        PANEL.position("units", "VN-CT")


def test_numbers_name_units_and_dimensions_everywhere() -> None:
    cells = PANEL.frame().dropna(subset="score").drop(columns="completion")
    named = cells.assign(
        unit=cells["unit"].map(PANEL.units.index) + 1, dimension=cells["dimension"].map(PANEL.dimensions.index) + 1
    )
    panel, unit = pa.Panel.from_frames(named), PANEL.units.index("VN-CT") + 1
    back = pa.regression_to_the_mean(panel, unit, 2016)
    plain = pa.regression_to_the_mean(PANEL, "VN-CT", 2016)
    assert back.row(4)["expected"] == pytest.approx(plain.row("D4")["expected"], abs=1e-12)
    assert back.design.unit == str(unit)
    gaps = pa.programme_impact(panel, unit, 2018, method="did")
    sizes = {1: 0.1, 2.0: 0.2, "3": 0.3}
    told = pa.verdicts(gaps, sizes).table["needed"].head(4).tolist()
    assert told[:3] == [0.1, 0.2, 0.3]
    assert np.isnan(told[3])


def test_right_kinds_pass_and_python_says_what_is_missing() -> None:
    @check_kinds
    def ask(unit: str, rng: int = 0, *, nearest: int | None = None) -> tuple:
        """Ask."""
        return unit, rng, nearest

    assert ask("a") == ("a", 0, None)
    assert ask("a", np.int64(3), nearest=np.int32(2)) == ("a", 3, 2)
    assert (ask.__name__, ask.__doc__, list(inspect.signature(ask).parameters)) == ("ask", "Ask.", [
        "unit", "rng", "nearest"])  # fmt: skip
    with pytest.raises(TypeError, match="unit"):
        ask()
    with pytest.raises(TypeError, match="units"):
        ask(units="a")


def test_a_kind_has_its_article() -> None:
    with pytest.raises(pa.SpecError, match="panel is an Estimates; give a Panel"):
        pa.completion_slopes(IMPACT())
    with pytest.raises(pa.SpecError, match="estimates is a Panel; give the answer"):
        pa.verdicts(PANEL, 0.5)


def test_refusals_are_said_in_both_languages() -> None:
    with pytest.raises(pa.SpecError) as refusal:
        SLOPES(rng=-1)
    said = refusal.value.args[0]
    assert str(said) == "rng is -1; give a whole number from 0 on, or a numpy Generator."
    assert isinstance(said, Note)
    assert find_language("vi").say(said).startswith("rng là -1; hãy ghi một số nguyên từ 0")
    assert all(isinstance(rule.expected, Note) for rule in RULES.values())
