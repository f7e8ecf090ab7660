"""Regression to the mean: against numpy's line, by invariance, on scores that do nothing else."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import papi_analysis as pa


def test_the_line_is_numpys_over_the_other_units(panel) -> None:
    answer = pa.regression_to_the_mean(panel, "VN-CT", 2016)
    scores = pa.papi.load_scores()
    wide = scores[scores["dimension"] == "D5"].pivot(index="unit", columns="year", values="score")
    away = wide[2016] - wide[2016].mean()
    change = wide[2020] - wide[2016]
    slope, intercept = np.polyfit(away.drop("VN-CT"), change.drop("VN-CT"), 1)
    row = answer.row("D5")
    assert row["reversion"] == pytest.approx(-slope)
    assert row["expected"] == pytest.approx(intercept + slope * away["VN-CT"])
    assert row["beyond"] == pytest.approx(change["VN-CT"] - row["expected"])
    assert row["national"] == pytest.approx(change.drop("VN-CT").mean())


def test_the_total_is_the_sum_of_the_family(panel) -> None:
    answer = pa.regression_to_the_mean(panel, "VN-CT", 2016)
    each, total = answer.table.iloc[:-1], answer.row("total")
    assert total["change"] == pytest.approx(each["change"].sum())
    assert total["base"] == pytest.approx(39.57, abs=0.005)


def test_rank_and_interval_are_those_of_a_line_fitted_without_each_unit(panel) -> None:
    """Second way: one least-squares fit for each unit left out, by statsmodels."""
    row = pa.regression_to_the_mean(panel, "VN-CT", 2016, level=0.9).row("D2")
    y = panel.scores[:, [panel.position("year", year) for year in (2016, 2020)], 1]
    x, d = y[:, 0], y[:, 1] - y[:, 0]
    scaled = []
    for j in np.flatnonzero(np.isfinite(d)):
        others = np.isfinite(d) & (np.arange(len(d)) != j)
        fit = sm.OLS(d[others], sm.add_constant(x[others])).fit()
        frame = fit.get_prediction([[1.0, x[j]]]).summary_frame(alpha=0.1)
        error = np.sqrt(frame["mean_se"].iloc[0] ** 2 + fit.scale)
        scaled.append((d[j] - frame["mean"].iloc[0]) / error)
        if panel.units[j] == "VN-CT":
            assert row[["low", "high"]].tolist() == pytest.approx(
                frame[["obs_ci_lower", "obs_ci_upper"]].iloc[0].tolist()
            )
            own = scaled[-1]
    assert row["rank_beyond"] == 1 + (np.array(scaled) > own).sum()
    assert row["ranked"] == len(scaled)


def test_the_line_leans_on_the_unit_whose_loss_moves_it_most(panel) -> None:
    answer = pa.regression_to_the_mean(panel, "VN-CT", 2016)
    row, expected = answer.row("D6"), {}
    for other in panel.units:
        if other != "VN-CT":
            scores = panel.scores.copy()
            scores[panel.position("unit", other), -1, 5] = np.nan
            without = dataclasses.replace(panel, scores=scores)
            expected[other] = pa.regression_to_the_mean(without, "VN-CT", 2016).row("D6")["expected"]
    away = pd.Series(expected) - row["expected"]
    assert row["leans_on"] == away.abs().idxmax()
    assert row["expected_without"] == pytest.approx(expected[row["leans_on"]])
    total = answer.row("total")
    assert f"Without {total['leans_on']}" in str(answer.notes[-1])


def test_the_prediction_interval_holds_what_it_says_on_the_real_scores(panel) -> None:
    """Each province in turn, over four years: 95% of their changes, be the scatter normal or not."""
    held = []
    for unit in panel.units[::2]:
        table = pa.regression_to_the_mean(panel, unit, 2016).table
        held.append(table["change"].between(table["low"], table["high"]))
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_prediction_interval_covers_in_simulation(level) -> None:
    """Twelve units in each of 400 draws, and a new one far from them: t with 9 degrees of freedom.

    A draw is a dimension; all are asked about at once.
    """
    rng = np.random.default_rng(5)
    start = rng.normal(size=(12, 400))
    start[0] = 2.5
    scores = np.stack([start, 0.4 * start + rng.normal(size=(12, 400))], axis=1)
    dimensions = tuple(f"D{draw}" for draw in range(400))
    panel = pa.Panel(scores, 0 * scores, tuple("abcdefghijkl"), (1, 2), dimensions, pd.DataFrame(), ())
    table = pa.regression_to_the_mean(panel, "a", 1, level=level).table.iloc[:-1]
    held = table["change"].between(table["low"], table["high"]).mean()
    assert held == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 400))


def test_where_all_others_stand_alike_there_is_no_line() -> None:
    scores = np.full((12, 2, 1), 5.0)
    scores[0], scores[:, 1, 0] = 7.0, np.arange(12.0)
    panel = pa.Panel(scores, 0 * scores, tuple("abcdefghijkl"), (1, 2), ("D",), pd.DataFrame(), ())
    answer = pa.regression_to_the_mean(panel, "a", 1)
    assert answer.table[["expected", "low", "high", "beyond", "rank_beyond", "expected_without"]].isna().all(axis=None)
    assert answer.table["leans_on"].isna().all()
    for language in ("en", "vi"):
        assert "nan" not in pa.sentence(answer, language=language)


def test_a_shift_of_everyone_changes_what_is_expected_by_as_much(panel) -> None:
    moved = panel.scores.copy()
    moved[:, panel.position("year", 2020)] += 0.5
    shifted = pa.Panel(moved, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    before, after = (pa.regression_to_the_mean(p, "VN-CT", 2016).table for p in (panel, shifted))
    assert (after["expected"] - before["expected"]).iloc[:-1].to_numpy() == pytest.approx(0.5)
    assert after["beyond"].to_numpy() == pytest.approx(before["beyond"].to_numpy())


def test_noise_around_fixed_levels_reverts_as_its_variance_says() -> None:
    """Level variance 1, noise variance 1: half of a distance is noise, so half of it is lost."""
    rng = np.random.default_rng(0)
    N = 4000
    level = rng.normal(size=N)
    index = pd.MultiIndex.from_product([[f"u{i}" for i in range(N)], [1, 2]], names=["unit", "year"])
    frame = index.to_frame(index=False).assign(dimension="D", score=(level[:, None] + rng.normal(size=(N, 2))).ravel())
    panel = pa.Panel.from_frames(frame, frame.drop(columns="score").assign(completion=0.0))
    assert pa.regression_to_the_mean(panel, "u0", 1).row("D")["reversion"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("VN-XX", 2016), "no unit"), (("VN-CT", 2020), "not after"), (("VN-CT", 2016, 2030), "no year")],
)
def test_impossible_questions_are_refused(panel, arguments, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.regression_to_the_mean(panel, *arguments)


@pytest.mark.parametrize("year", [2016, 2020])
def test_a_missing_score_of_the_unit_itself_is_refused_by_name(panel, year) -> None:
    scores = pa.papi.load_scores()
    lost = (scores["unit"] == "VN-CT") & (scores["year"] == year) & (scores["dimension"] == "D3")
    kept = scores[~lost & (scores["dimension"].isin(panel.dimensions)) & scores["year"].between(2011, 2020)]
    with_a_gap = pa.Panel.from_frames(kept, kept.drop(columns="score").assign(completion=0.0))
    with pytest.raises(pa.SpecError, match=f"VN-CT has no score of D3 in {year}"):
        pa.regression_to_the_mean(with_a_gap, "VN-CT", 2016, 2020)
    assert pa.regression_to_the_mean(with_a_gap, "VN-13", 2016, 2020).row("D3")["units"] == 61


def test_a_dimension_that_began_later_is_no_division_by_nothing() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(50, 5, (15, 8, 2))
    scores[:, :3, 1] = np.nan
    units, years = tuple(f"u{i}" for i in range(15)), tuple(range(2001, 2009))
    panel = pa.Panel(scores, np.zeros_like(scores), units, years, ("a", "b"), (), ())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = pa.regression_to_the_mean(panel, "u0", 2004, 2008).table
    assert np.isfinite(table[["expected", "beyond"]].to_numpy(dtype=float)).all()
