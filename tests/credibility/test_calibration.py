"""Calibration: right methods hold their level, wrong ones are found out, bad answers are refused by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import papi_analysis as pa
from papi_analysis.credibility.calibration import AS_HIGH, AT_RANDOM, WINDOWS, clustered_error, rank_methods, summary
from papi_analysis.credibility.injection import confirm_detectable
from papi_analysis.credibility.placebo_programmes import programme_shape, real_windows

ASKED = {"unit": "VN-CT", "start": 2018, "end": 2020, "base_year": 2016}
PLACES = [AT_RANDOM, AS_HIGH, WINDOWS]


@pytest.fixture(scope="module")
def one(panel) -> pa.Panel:
    """The fourth dimension by itself."""
    D4 = slice(3, 4)
    return replace(
        panel, scores=panel.scores[:, :, D4], completion=panel.completion[:, :, D4], dimensions=panel.dimensions[D4]
    )


def by_place(answer: pa.Estimates) -> pd.DataFrame:
    return answer.table.set_index(["who", "dimension"])


def own_past(panel, unit, start, end):
    """Wrong: a unit's gap to the mean of all, judged by how much that gap moved before, as if it did not since."""
    i, t = panel.position("unit", unit), panel.position("year", start)
    gaps = panel.scores[i] - np.nanmean(panel.scores, axis=0)
    estimate = gaps[t:].mean(axis=0) - gaps[:t].mean(axis=0)
    error = gaps[:t].std(axis=0, ddof=1) / np.sqrt(t)
    reach = stats.t.ppf(0.975, t - 1) * error
    frame = pd.DataFrame({"dimension": panel.dimensions, "estimate": estimate, "low": estimate - reach})
    return frame.assign(high=estimate + reach, p=2 * stats.t.sf(np.abs(estimate) / error, t - 1), level=0.95)


def clustered(panel, unit, start, end):
    """Wrong: usual clustered errors with one treated unit."""
    return pa.completion_slopes(panel, form="levels", inference="clustered", override=True)


def toy(panel, unit, start, end, level=0.95):
    """Right, and quick: change from the mean before, ranked among all."""
    t = panel.position("year", start)
    change = panel.scores[:, t:].mean(axis=1) - panel.scores[:, :t].mean(axis=1)
    gap = (change - np.nanmean(change, axis=0))[np.isfinite(change).all(axis=1)]
    own = (change - np.nanmean(change, axis=0))[panel.position("unit", unit)]
    reach = np.quantile(np.abs(gap), level, axis=0)
    p = (np.abs(gap) >= np.abs(own) - 1e-12).mean(axis=0)
    return pd.DataFrame(
        {"dimension": panel.dimensions, "estimate": own, "low": own - reach, "high": own + reach, "p": p}
    )


def test_a_right_method_is_not_accused(panel) -> None:
    table = by_place(pa.calibrate(panel, "lagged_outcome", **ASKED, panels=40, nearest=2))
    for who in PLACES[:2]:
        rates = table.loc[who]
        assert (rates["false_alarms"] - 0.05 <= 3 * rates["mc_error"]).all()
        assert abs(rates.loc["mean", "bias_points"]) < 0.06  # of the high start 0.03 is left, with 500 panels
    assert (table.loc[PLACES[2], "false_alarms"] - 0.05 <= 3 * table.loc[PLACES[2], "mc_error"]).all()


def test_wrong_methods_are_found_out_beyond_monte_carlo_error(panel) -> None:
    usual = by_place(pa.calibrate(panel, clustered, **ASKED, panels=12, nearest=1)).loc[PLACES[0]].iloc[:6]
    assert usual["false_alarms"].mean() - 0.05 > 3 * usual["mc_error"].max()
    assert 0.6 <= usual["false_alarms"].mean() <= 0.9
    past = by_place(pa.calibrate(panel, own_past, **ASKED, panels=40, nearest=1)).loc[PLACES[0]]
    assert past.loc["family", "false_alarms"] - 0.05 > 3 * past.loc["family", "mc_error"]
    base = by_place(pa.calibrate(panel, "base_year", **ASKED, panels=40))
    random, high = (base.loc[(who, "mean")] for who in PLACES[:2])
    assert high["false_alarms"] - 0.05 > 3 * high["mc_error"]
    assert -high["bias_points"] > 5 * high["bias_points_error"]
    assert abs(random["bias_points"]) <= 3 * random["bias_points_error"]
    real = base.loc[(PLACES[2], "mean")]
    assert -real["bias_points"] > 3 * real["bias_points_error"]


@pytest.mark.slow
def test_five_hundred_panels_tell_right_from_wrong(panel) -> None:
    for ask, wrong in (("lagged_outcome", False), ("slopes", False), ("did", True), ("base_year", True)):
        mean = by_place(pa.calibrate(panel, ask, **ASKED)).loc[(PLACES[1], "mean")]
        assert ((mean["false_alarms"] - 0.05) / mean["mc_error"] > 3) == wrong
        if ask != "slopes":
            assert (mean["bias_points"] < -0.1) == wrong
            assert abs(mean["bias_points"]) < 0.05 or wrong


def test_what_is_simulated_agrees_with_the_real_windows(panel) -> None:
    """Bias and error of a method that a high start fools: the same, within the error of 30 real programmes."""
    table = by_place(pa.calibrate(panel, "did", **ASKED, panels=40))
    drawn, real = (table.loc[(who, "mean")] for who in PLACES[1:])
    assert drawn["bias_points"] < -0.1
    assert abs(drawn["bias_points"] - real["bias_points"]) <= 3 * real["bias_points_error"]
    assert real["rmse"] == pytest.approx(drawn["rmse"], rel=0.4)


def test_each_rate_is_a_count_of_direct_answers(panel) -> None:
    """By hand: the real windows, each asked by itself."""
    answer = pa.calibrate(panel, "did", **ASKED, panels=2, nearest=2)
    windows = real_windows(panel, programme_shape(panel, "VN-CT", 2018, 2020, 2016), 2)
    direct = [
        pa.programme_impact(w.panel, w.unit, w.start, w.end, method="did").table.set_index("dimension") for w in windows
    ]
    row, family = (by_place(answer).loc[(PLACES[2], name)] for name in ("D4", "family"))
    assert row["programmes"] == len(direct) == 12
    assert row["false_alarms"] == pytest.approx(np.mean([t.loc["D4", "p"] <= 0.05 for t in direct]))
    assert row["bias_points"] == pytest.approx(np.mean([t.loc["D4", "estimate"] for t in direct]))
    assert row["coverage"] == pytest.approx(
        np.mean([(t.loc["D4", "low"] <= 0) & (t.loc["D4", "high"] >= 0) for t in direct])
    )
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean([t.loc["D4", "estimate"] ** 2 for t in direct])))
    assert family["false_alarms"] == pytest.approx(np.mean([t["p_joint"].min() <= 0.05 for t in direct]))


def test_errors_are_clustered() -> None:
    rng = np.random.default_rng(0)
    values, clusters = rng.standard_normal((12, 1)), np.repeat(np.arange(4), 3)
    sums = [(values[clusters == c] - values.mean()).sum() for c in range(4)]
    assert clustered_error(values, clusters) == pytest.approx(np.sqrt(4 / 3 * np.sum(np.square(sums))) / 12)
    assert clustered_error(np.repeat(values, 2, axis=0), np.repeat(np.arange(12), 2)) == pytest.approx(
        clustered_error(values, np.arange(12))
    )  # the same answers twice over say nothing new


def test_a_missing_value_is_missing() -> None:
    """Two dimensions and a mean; estimate, p, low, high, joint p."""
    answers = np.array([[[0.1, 0.01, 0.05, 0.2, 0.02], [0.0, 0.5, -1, 1, 0.5], [np.nan] * 4 + [0.02]]] * 3)
    table = summary(answers, np.arange(3), ("a", "b"), 0.95).set_index("dimension")
    assert table["false_alarms"].tolist()[:2] == [1.0, 0.0]
    assert table.loc["family", "false_alarms"] == 1.0
    assert table.loc["mean", ["false_alarms", "mc_error", "bias_points", "coverage", "rmse"]].isna().all()
    assert table["coverage"].tolist()[:2] == [0.0, 1.0]
    assert table["mc_error"].tolist()[:2] == pytest.approx([1 / 3, 1 / 3])  # three answers cannot say more


def test_a_family_of_one_is_its_only_member(one) -> None:
    for ask in ("slopes", own_past, toy):
        table = by_place(pa.calibrate(one, ask, **ASKED, panels=4, nearest=1))
        for who in PLACES:
            rates = table.loc[who, "false_alarms"]
            assert rates["family"] == rates["mean"] == rates["D4"]
    wrong = by_place(pa.calibrate(one, clustered, **ASKED, panels=6, nearest=1)).loc[PLACES[0]]
    assert wrong.loc["family", "false_alarms"] >= 0.5
    ranked = rank_methods(one, **ASKED, panels=1, nearest=1)
    assert ranked.drop(columns="choice").notna().to_numpy().all()


def test_the_level_reaches_every_method(panel) -> None:
    for ask in ("slopes", toy, partial(pa.programme_impact, method="did")):
        table = by_place(pa.calibrate(panel, ask, **ASKED, panels=8, nearest=1, level=0.6)).loc[PLACES[0]].iloc[:6]
        assert table["coverage"].mean() == pytest.approx(0.6, abs=0.25)
        assert table["false_alarms"].mean() == pytest.approx(0.4, abs=0.25)

    def deaf(panel, unit, start, end):
        return pa.programme_impact(panel, unit, start, end, method="did")

    with pytest.raises(pa.SpecError, match=r"at level 0\.95, but 0\.8 was asked"):
        pa.calibrate(panel, deaf, **ASKED, panels=1, level=0.8)
    with pytest.raises(pa.SpecError, match=r"missing values: p of D1.*ask at a lower one"):
        pa.calibrate(panel, "did", **ASKED, panels=1, level=0.99)


def test_the_treated_unit_takes_no_part(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2018) :] += 5.0
    moved = replace(panel, scores=scores)
    few = {**ASKED, "panels": 3, "nearest": 2}
    pd.testing.assert_frame_equal(pa.calibrate(panel, toy, **few).table, pa.calibrate(moved, toy, **few).table)


def test_estimators_are_ranked_on_the_same_panels(panel) -> None:
    panel = panel.cut(2014, 2020)
    ranked = rank_methods(panel, **ASKED, panels=2, nearest=1)
    assert ranked["rmse"].is_monotonic_increasing
    assert len(ranked) == 6
    by_choice = ranked.set_index("choice")
    assert by_choice["rmse"].idxmin() == "lagged_outcome"
    assert abs(by_choice.loc["lagged_outcome", "peers"]) < 0.03
    assert by_choice.loc["did", "peers"] < -0.1
    direct = by_place(pa.calibrate(panel, "synthetic_did", **ASKED, panels=2, nearest=1))
    row = by_choice.loc["synthetic_did"]
    assert row["alarms_alike"] == direct.loc[(PLACES[1], "family"), "false_alarms"]
    assert row["rmse_windows"] == direct.loc[(PLACES[2], "mean"), "rmse"]


def test_slopes_follow_the_completion_of_the_treated_unit(panel) -> None:
    seen = []

    def ask(panel, unit, start, end):
        seen.append(panel.completion[panel.position("unit", unit), panel.position("year", start) :])
        return toy(panel, unit, start, end)

    pa.calibrate(panel, ask, **ASKED, panels=2, nearest=1)
    own = panel.completion[panel.position("unit", "VN-CT"), panel.position("year", 2018) :]
    assert len(seen) == 2 * 2 + 6
    assert all(np.array_equal(path, own) for path in seen)


def test_bad_answers_are_refused_with_the_placebo_programme_they_were_for(panel) -> None:
    def good(panel, unit, start, end):
        return pa.programme_impact(panel, unit, start, end, method="did").table

    def fails(panel, unit, start, end):
        raise ValueError("broken")

    def short(panel, unit, start, end):
        return good(panel, unit, start, end).iloc[:3]

    def missing(panel, unit, start, end):
        return good(panel, unit, start, end).assign(p=np.nan)

    def half(panel, unit, start, end):
        table = good(panel, unit, start, end)
        return table.assign(p_joint=table["p_joint"].where(table["dimension"] != "D2"))

    def shapeless(panel, unit, start, end):
        return 3.0

    def series(panel, unit, start, end):
        return good(panel, unit, start, end).set_index("dimension")["estimate"]

    def nameless(panel, unit, start, end):
        return good(panel, unit, start, end).drop(columns="dimension")

    assert pa.calibrate(panel, good, **ASKED, panels=1, nearest=1).design.ask == "good"
    place = "placebo programme of VN-[A-Z0-9]+, 2018-2020"
    for ask, words in ((fails, "ValueError: broken"), (short, "missing values"), (missing, "missing values"),
                       (half, "missing values: p_joint of D2"), (nameless, "no column dimension"),
                       (shapeless, "must give a pandas DataFrame with the columns dimension, estimate"),
                       (series, "for each dimension, and not a Series.")):  # fmt: skip
        with pytest.raises(pa.SpecError, match=place) as refusal:
            pa.calibrate(panel, ask, **ASKED, panels=1)
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

    for trial in (pa.calibrate, confirm_detectable):
        with pytest.raises(pa.SpecError, match=f"placebo programme of VN-[A-Z0-9]+, 2018-2020 the answer .*{words}"):
            trial(panel, ask, unit="VN-CT", start=2018, end=2020)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": 2012, "base_year": 2011}, "2 years before"),
        ({"base_year": 2019}, "base year 2019 does not lie before"),
        ({"end": 2015}, "the end 2015 lies before the start 2018"),
        ({"unit": "VN-XX"}, "no unit"),
        ({"end": 2030}, "end 2030 is not within"),
    ],
)
def test_impossible_calibrations_are_refused(panel, changes, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.calibrate(panel, "did", **{**ASKED, **changes}, panels=1)


def test_few_units_cannot_calibrate(panel) -> None:
    few = replace(panel, scores=panel.scores[-15:], completion=panel.completion[-15:], units=panel.units[-15:])
    with pytest.raises(pa.SpecError, match=r"of 14 other units .* needs 20\. Fewer years do not help"):
        pa.calibrate(few, "did", **ASKED, panels=1)
    scores = panel.scores.copy()
    scores[:50, 2, 1] = np.nan
    holed = replace(panel, scores=scores)
    with pytest.raises(pa.SpecError, match=r"needs 20\. Use fewer years: ask with panel\.cut\(2014, 2020\)"):
        pa.calibrate(holed, "did", **ASKED, panels=1)
    assert len(pa.calibrate(holed.cut(2014, 2020), toy, **ASKED, panels=1).table) == 24
    with pytest.raises(pa.SpecError, match="ask is one of"):
        pa.calibrate(panel, "magic", **ASKED)


def test_a_unit_whose_standing_is_not_known_is_refused(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2016), 2] = np.nan
    with pytest.raises(pa.SpecError, match="VN-CT has no score of some dimension in 2016"):
        pa.calibrate(replace(panel, scores=scores), toy, **ASKED, panels=1)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_sentence_and_table_speak_both_languages(panel, language) -> None:
    answer = pa.calibrate(panel, toy, **ASKED, panels=8)
    said = pa.sentence(answer, language=language)
    family = by_place(answer).loc[[(who, "family") for who in PLACES], "false_alarms"]
    for rate in family:
        assert f"{100 * rate:.1f}%".replace(".", "," if language == "vi" else ".") in said
    assert {"en": "where Can Tho stood", "vi": "thứ hạng như Cần Thơ"}[language] in said
    remarks = pa.remarks(answer, language=language)
    assert {"en": "clustered by unit", "vi": "cụm tỉnh, thành phố"}[language] in remarks
    table = pa.table(answer, ["who", "false_alarms", "mc_error", "bias_points", "coverage"], language=language)
    assert (
        table.iloc[0, 0]
        == {"en": "Simulated panels, a unit at random", "vi": "Bộ số liệu mô phỏng, một tỉnh, thành phố ngẫu nhiên"}[
            language
        ]
    )
    assert "%" in table.iloc[0, 1]
    assert "%" not in table.iloc[0, 3]


def test_an_infinite_interval_covers_and_an_unknown_one_is_missing():
    rows = np.array([[[0.1, 0.5, -np.inf, np.inf, 0.5]], [[0.1, 0.01, 0.05, np.inf, 0.01]], [[0.1, 0.5, -1, 1, 0.5]]])
    answers = np.concatenate([rows, rows], axis=1)
    assert summary(answers, np.arange(3), ("D1",), 0.95)["coverage"].iloc[0] == pytest.approx(2 / 3)
    answers[0, 0, 2] = np.nan
    assert np.isnan(summary(answers, np.arange(3), ("D1",), 0.95)["coverage"].iloc[0])


def test_a_dimension_in_which_nothing_moves_is_named(panel) -> None:
    scores = panel.scores.copy()
    scores[:, :, 2] = 5.0
    with pytest.raises(pa.SpecError, match="in D3 all units have the same score"):
        pa.calibrate(replace(panel, scores=scores), "slopes", **ASKED, panels=2)


def test_a_function_cannot_write_to_its_panel(panel) -> None:
    def careless(panel, unit, start, end):
        panel.scores[:] = 0

    with pytest.raises(pa.SpecError, match=r"the function failed: ValueError: .*read-only"):
        pa.calibrate(panel, careless, **ASKED, panels=2, nearest=2)
    assert np.nanmean(panel.scores) > 1
