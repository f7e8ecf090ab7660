"""Regression to the mean: against numpy's line, by invariance, on scores that do nothing else."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa


@pytest.fixture(scope="module")
def panel() -> pa.Panel:
    return pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))


def test_the_line_is_numpys_over_the_other_units(panel) -> None:
    answer = pa.regression_to_the_mean(panel, "VN-CT", 2016)
    scores = pa.load_scores()
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


def test_the_range_holds_the_prediction_of_its_own_window(panel) -> None:
    table = pa.regression_to_the_mean(panel, "VN-CT", 2016).table
    assert (table["low"] <= table["expected"] + 1e-12).all()
    assert (table["high"] >= table["expected"] - 1e-12).all()


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
    scores = pa.load_scores()
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
