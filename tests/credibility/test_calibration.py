"""Calibration: right methods hold their level, wrong ones are found out, bad answers are refused by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa

ASKED = {"unit": "VN-CT", "start": 2018, "end": 2020, "base_year": 2016}


@pytest.fixture(scope="module")
def panel() -> pa.Panel:
    return pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))


def family(answer: pa.Estimates) -> list[float]:
    return answer.table.loc[answer.table["dimension"] == "family", "false_alarms"].tolist()


@pytest.mark.parametrize("ask", ["did", "common_weights", "slopes"])
def test_a_method_that_ranks_units_holds_its_level_over_them(panel, ask) -> None:
    answer = pa.calibrate(panel, ask, **ASKED)
    everyone, _ = family(answer)
    assert everyone <= 0.05
    assert answer.table["fakes"].tolist() == [59] * 7 + [30] * 7


def test_each_rate_is_a_count_of_direct_answers(panel) -> None:
    """By hand: the panel without the treated unit, each complete unit in turn."""
    answer = pa.calibrate(panel, "did", **ASKED)
    kept = np.arange(63) != panel.position("unit", "VN-CT")
    rest = replace(
        panel, scores=panel.scores[kept], completion=panel.completion[kept],
        units=tuple(u for u in panel.units if u != "VN-CT"),
    )  # fmt: skip
    complete = [u for u, full in zip(rest.units, np.isfinite(rest.scores).all(axis=(1, 2)), strict=True) if full]
    direct = [pa.programme_impact(rest, u, 2018, 2020, method="did").table.set_index("dimension") for u in complete]
    row = answer.table.iloc[3]
    assert row["dimension"] == "D4"
    assert row["false_alarms"] == pytest.approx(np.mean([t.loc["D4", "p"] <= 0.05 for t in direct]))
    assert row["coverage"] == pytest.approx(
        np.mean([(t.loc["D4", "low"] <= 0) & (t.loc["D4", "high"] >= 0) for t in direct])
    )
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean([t.loc["D4", "estimate"] ** 2 for t in direct])))
    share = row["false_alarms"]
    assert row["mc_error"] == pytest.approx(np.sqrt(share * (1 - share) / 59))


def test_wrong_methods_are_found_out(panel) -> None:
    def clustered(panel, unit, start, end):
        return pa.completion_slopes(panel, form="levels", inference="clustered", override=True)

    usual = pa.calibrate(panel, clustered, **ASKED).table.iloc[:6]["false_alarms"]
    assert 0.65 <= usual.mean() <= 0.9

    def one_base_year(panel, unit, start, end):
        return pa.programme_impact(panel, unit, start, end, method="did", before=(start - 2, start - 2))

    everyone, alike = family(pa.calibrate(panel, one_base_year, **ASKED))
    assert [everyone, alike] == family(pa.calibrate(panel, "base_year", **ASKED))
    assert everyone <= 0.06
    assert alike >= 0.1  # about three times nominal for a start from a peak


def test_the_treated_unit_takes_no_part(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2018) :] += 5.0
    moved = replace(panel, scores=scores)
    pd.testing.assert_frame_equal(pa.calibrate(panel, "did", **ASKED).table, pa.calibrate(moved, "did", **ASKED).table)


def test_those_that_stood_as_high_are_the_nearest_in_rank_in_every_period(panel) -> None:
    seen = []

    def ask(panel, unit, start, end):
        seen.append((unit, start, end))
        return pa.programme_impact(panel, unit, start, end, method="did")

    pa.calibrate(panel, ask, **ASKED, nearest=3)
    alike = seen[59:]
    assert [start for _, start, _ in alike] == [year for year in range(2018, 2012, -1) for _ in range(3)]
    assert {end - start for _, start, end in alike} == {2}
    totals = pa.standing(pa.load_scores().query("dimension in @panel.dimensions"))
    in_2016 = totals.query("dimension == 'total' and year == 2016 and unit != 'VN-CT'").sort_values("rank")
    assert [unit for unit, start, _ in alike if start == 2018] == in_2016["unit"].head(3).tolist()


@pytest.mark.parametrize("asked", [{"draws": 10, "nearest": 2}, pytest.param({}, marks=pytest.mark.slow)])
def test_estimators_are_ranked_without_the_treated_unit(panel, asked) -> None:
    ranked = pa.rank_methods(panel, **ASKED, **asked)
    assert ranked["rmse"].is_monotonic_increasing
    assert len(ranked) == 6
    peers = ranked.set_index("choice")["peers"]
    assert abs(peers["Lagged-outcome adjustment"]) < 0.03
    assert peers["Difference in differences"] < -0.1
    direct = pa.calibrate(panel, "synthetic_did", **ASKED, **asked)
    row = ranked.set_index("choice").loc["Synthetic difference in differences"]
    assert [row["alarms_all"], row["alarms_alike"]] == pytest.approx(family(direct))


def test_the_detectable_size_is_found_about_four_times_in_five(panel) -> None:
    table = pa.confirm_detectable(panel, "common_weights", unit="VN-CT", start=2018, end=2020)
    assert table["found"].between(0.65, 0.95).all()
    assert table["found"].mean() == pytest.approx(0.8, abs=0.06)


def test_bad_answers_are_refused_with_the_fake_programme_they_were_for(panel) -> None:
    def good(panel, unit, start, end):
        return pa.programme_impact(panel, unit, start, end, method="did").table

    def fails(panel, unit, start, end):
        raise ValueError("broken")

    def short(panel, unit, start, end):
        return good(panel, unit, start, end).iloc[:3]

    def missing(panel, unit, start, end):
        return good(panel, unit, start, end).assign(p=np.nan)

    def shapeless(panel, unit, start, end):
        return 3.0

    assert pa.calibrate(panel, good, **ASKED).design["ask"] == "good"
    place = "fake programme of VN-01, 2018-2020"
    for ask, words in ((fails, "ValueError: broken"), (short, "missing values"), (missing, "missing values"),
                       (shapeless, "failed")):  # fmt: skip
        with pytest.raises(pa.SpecError, match=place) as refusal:
            pa.calibrate(panel, ask, **ASKED)
        assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p": 2.3}, "for D1 has p 2.3, but a p-value lies between 0 and 1"),
        ({"p": -1.0}, "p -1, but a p-value"),
        ({"p_joint": 1.5}, "p_joint 1.5, but a p-value"),
        ({"low": 1.0, "high": -1.0}, "low 1, but low is at most high"),
        ({"estimate": np.inf}, "estimate inf, but an estimate is a finite number"),
        ({"p": "0.5"}, "text in p \\('0.5'\\)"),
        ({"dimension": "D1"}, "two rows for D1"),
    ],
)
def test_answers_that_cannot_be_are_refused(panel, changes, words) -> None:
    def ask(panel, unit, start, end):
        rows = pd.DataFrame({"dimension": [*panel.dimensions, "mean"], "estimate": 0.0, "low": -1.0, "high": 1.0})
        return rows.assign(**{"p": 0.5, "detectable": 1.0, **changes})

    for trial in (pa.calibrate, pa.confirm_detectable):
        with pytest.raises(pa.SpecError, match=f"fake programme of VN-01, 2018-2020 the answer .*{words}"):
            trial(panel, ask, unit="VN-CT", start=2018, end=2020)


def test_an_answer_without_detectable_size_cannot_be_confirmed(panel) -> None:
    def ask(panel, unit, start, end):
        return pa.programme_impact(panel, unit, start, end, method="did").table.drop(columns="detectable")

    with pytest.raises(pa.SpecError, match="no column detectable"):
        pa.confirm_detectable(panel, ask, unit="VN-CT", start=2018, end=2020)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": 2012, "base_year": 2011}, "2 years before"),
        ({"base_year": 2019}, "base year before"),
        ({"unit": "VN-XX"}, "no unit"),
        ({"end": 2030}, "end 2030 is not within"),
    ],
)
def test_impossible_calibrations_are_refused(panel, changes, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.calibrate(panel, "did", **{**ASKED, **changes})


def test_few_units_cannot_calibrate(panel) -> None:
    few = replace(panel, scores=panel.scores[-15:], completion=panel.completion[-15:], units=panel.units[-15:])
    with pytest.raises(pa.SpecError, match=r"of 14 other units .* needs 20\. Fewer years do not help"):
        pa.calibrate(few, "did", **ASKED)
    scores = panel.scores.copy()
    scores[:50, 2, 1] = np.nan
    holed = replace(panel, scores=scores)
    with pytest.raises(pa.SpecError, match=r"needs 20\. Use fewer years: ask with panel\.cut\(2014, 2020\)"):
        pa.calibrate(holed, "did", **ASKED)
    assert pa.calibrate(holed.cut(2014, 2020), "did", **ASKED).table["fakes"].iloc[0] >= 20
    with pytest.raises(pa.SpecError, match="ask is one of"):
        pa.calibrate(panel, "magic", **ASKED)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_sentence_and_table_speak_both_languages(panel, language) -> None:
    answer = pa.calibrate(panel, partial(pa.programme_impact, method="did"), **ASKED)
    assert "59" in pa.sentence(answer, language=language)
    table = pa.table_estimates(answer, ["who", "false_alarms", "coverage"], language=language)
    assert table.iloc[0, 0] == {"en": "Every other unit", "vi": "Mọi đơn vị khác"}[language]
    assert "%" in table.iloc[0, 1]
