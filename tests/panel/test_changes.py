"""Standing, changes, eras and breaks."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.panel.changes import (
    TOTAL,
    best_and_worst,
    break_years,
    describe_panel,
    eras,
    middle_halves,
    national_shifts,
    period_changes,
    score_changes,
    standing,
)

SIX = ["D1", "D2", "D3", "D4", "D5", "D6"]
BREAKS = pd.DataFrame(
    [
        ("D1", 2002, "definition"),
        ("all", 2003, "mode"),
        ("D2", 2002, "level"),
        ("D2", 2004, "sample"),
        ("D1", 2002, "sample"),
    ],
    columns=["dimension", "year", "kind"],
)


@pytest.fixture(scope="module")
def ranks() -> pd.DataFrame:
    return standing(pa.papi.load_scores(), SIX)


def small() -> pa.Panel:
    """Two units, 2001-2004, two dimensions; the second unit misses a score and a completion."""
    scores = np.arange(16, dtype=float).reshape(2, 4, 2) ** 1.5 / 10
    done = np.zeros((2, 4, 2))
    done[0, 1:] = [[0.1, 0.2], [0.5, 0.3], [0.5, 1.0]]
    scores[1, 1, 0] = np.nan
    done[1, 3, 1] = np.nan
    return pa.Panel(scores, done, ("a", "b"), (2001, 2002, 2003, 2004), ("D1", "D2"), BREAKS, ())


def test_changes_in_periods_by_hand() -> None:
    points = {"a": (1, 4, 2, 2), "b": (1, 2, 5, 5), "c": (2, 5, 6, 7), "d": (0, np.nan, 1, 2)}
    rows = [
        (unit, year, dimension, score)
        for unit, four in points.items()
        for (dimension, year), score in zip([("D1", 2001), ("D1", 2003), ("D2", 2001), ("D2", 2003)], four, strict=True)
        if score == score
    ]
    scores = pd.DataFrame(rows, columns=["unit", "year", "dimension", "score"])
    table = period_changes(scores, "a", {"during": (2001, 2003), "never": (2003, 2003)}, breaks=BREAKS.iloc[[0]])
    during = table[table["period"] == "during"].set_index("dimension")
    # D1: a +3, b +1, c +3. D2: a 0, b 0, c +1, d +1. Sum: a +3, b +1, c +4; d has no sum in 2003.
    assert during["change"].tolist() == [3, 0, 3]
    assert during["others"].tolist() == [2, 2 / 3, 2.5]
    assert during["beyond"].tolist() == [1, -2 / 3, 0.5]
    assert during["rank_change"].tolist() == [1, 3, 2]
    assert during["ranked"].tolist() == [3, 4, 3]
    assert during["crosses_break"].tolist() == [True, False, True]
    never = table[table["period"] == "never"]
    assert never["beyond"].tolist() == [0, 0, 0]
    assert not never["crosses_break"].any()


def test_changes_in_periods_of_a_unit_without_a_score(ranks: pd.DataFrame) -> None:
    breaks = pa.papi.load_breaks()
    table = period_changes(pa.papi.load_scores(), "VN-13", {"p": (2018, 2020)}, breaks=breaks, dimensions=SIX)
    assert table.loc[table["change"].isna(), "dimension"].tolist() == ["D2", "D4", TOTAL]
    assert table["rank_change"].isna().tolist() == table["change"].isna().tolist()
    full = ranks.query("dimension == 'total'").pivot(index="unit", columns="year", values="score")
    others = table["others"].iloc[-1]
    assert others == pytest.approx((full[2020] - full[2018]).mean())


@pytest.mark.parametrize(("unit", "years"), [("VN-99", (2018, 2020)), ("VN-CT", (2018, 2030))])
def test_changes_in_periods_need_the_unit_and_the_years(unit: str, years: tuple[int, int]) -> None:
    with pytest.raises(pa.SpecError, match=r"no scores for (unit VN-99|year 2030)"):
        period_changes(pa.papi.load_scores(), unit, {"p": years}, breaks=pa.papi.load_breaks())


@pytest.mark.parametrize(("year", "total", "rank", "group"), [(2016, 39.57, 1, 1), (2020, None, 40, 3)])
def test_where_can_tho_stood(ranks: pd.DataFrame, year: int, total: float | None, rank: int, group: int) -> None:
    (row,) = ranks[(ranks["unit"] == "VN-CT") & (ranks["year"] == year) & (ranks["dimension"] == TOTAL)].itertuples()
    assert (row.rank, row.ranked, row.group) == (rank, 63, group)
    if total is not None:
        assert round(row.score, 2) == total


@pytest.mark.parametrize("year", [2011, 2016, 2019, 2020])
def test_groups_of_four_are_16_16_15_16(ranks: pd.DataFrame, year: int) -> None:
    total = ranks[(ranks["year"] == year) & (ranks["dimension"] == TOTAL)]
    assert total["group"].value_counts().sort_index().tolist() == [16, 16, 15, 16]
    assert total.groupby("group")["rank"].max().tolist() == [16, 32, 47, 63]


def test_only_units_with_all_dimensions_have_a_total(ranks: pd.DataFrame) -> None:
    counted = ranks[ranks["dimension"] == TOTAL].groupby("year")["ranked"].agg(["first", "nunique"])
    expected = dict.fromkeys(range(2011, 2025), 63) | {2014: 61, 2018: 61, 2021: 60, 2022: 61, 2023: 61, 2024: 61}
    assert counted["first"].to_dict() == expected
    assert (counted["nunique"] == 1).all()
    absent = ranks[(ranks["unit"] == "VN-13") & (ranks["year"] == 2018)]  # Quang Ninh: D2 and D4 not published
    assert absent["dimension"].tolist() == ["D1", "D3", "D5", "D6"]


def test_standing_by_hand_with_ties() -> None:
    rows = [(unit, 1, "D", score) for unit, score in zip("abcde", (3.0, 5.0, 5.0, 1.0, 4.0), strict=True)]
    table = standing(pd.DataFrame(rows, columns=["unit", "year", "dimension", "score"])).query("dimension == 'D'")
    assert table["rank"].tolist() == [4, 1, 1, 5, 3]
    assert table["ranked"].tolist() == [5] * 5
    # Percentiles of 1 3 4 5 5: the 75th is 5, the 50th is 4, the 25th is 3, each inclusive.
    assert table["group"].tolist() == [3, 1, 1, 4, 2]
    assert table["mean"].tolist() == pytest.approx([3.6] * 5)
    assert table["from_mean"].tolist() == pytest.approx([-0.6, 1.4, 1.4, -2.6, 0.4])


def test_sums_that_print_the_same_tie_whatever_their_last_bits() -> None:
    parts = {"a": (0.1, 0.2, 0.3), "b": (0.3, 0.2, 0.1), "c": (0.2, 0.2, 0.2)}
    assert len({sum(scores) for scores in parts.values()}) > 1
    rows = [(unit, 1, f"D{i}", score) for unit, scores in parts.items() for i, score in enumerate(scores)]
    table = standing(pd.DataFrame(rows, columns=["unit", "year", "dimension", "score"]))
    total = table[table["dimension"] == TOTAL]
    assert total["rank"].tolist() == [1, 1, 1]
    assert total["group"].tolist() == [1, 1, 1]


def test_standing_does_not_depend_on_the_order_of_rows(ranks: pd.DataFrame) -> None:
    mixed = standing(pa.papi.load_scores().sample(frac=1, random_state=1), SIX)
    pd.testing.assert_frame_equal(mixed, ranks, rtol=1e-12)


def test_score_changes_by_hand() -> None:
    panel = small()
    table = score_changes(panel)
    assert list(table.columns) == [
        "unit",
        "dimension",
        "from_year",
        "to_year",
        "score_change",
        "completion_change",
        "crosses_break",
    ]
    # a: 3 pairs x 2; b: D1 without the two pairs that need 2002, D2 without the pair that needs 2004.
    assert table.groupby(["unit", "dimension"]).size().to_dict() == {
        ("a", "D1"): 3,
        ("a", "D2"): 3,
        ("b", "D1"): 1,
        ("b", "D2"): 2,
    }
    row = table.query("unit == 'a' and dimension == 'D2' and to_year == 2003").iloc[0]
    assert row["from_year"] == 2002
    assert row["score_change"] == pytest.approx((5**1.5 - 3**1.5) / 10)
    assert row["completion_change"] == pytest.approx(0.1)
    crossed = table[table["unit"] == "a"].set_index(["dimension", "to_year"])["crosses_break"]
    assert crossed.to_dict() == {
        ("D1", 2002): True,
        ("D1", 2003): True,
        ("D1", 2004): False,
        ("D2", 2002): False,  # a level shift alone is no new definition
        ("D2", 2003): True,
        ("D2", 2004): True,
    }


def test_two_years_compared_directly() -> None:
    table = score_changes(small(), 2002, 2004)
    assert table[["unit", "dimension"]].to_numpy().tolist() == [["a", "D1"], ["a", "D2"]]
    assert table["score_change"].tolist() == pytest.approx([(6**1.5 - 2**1.5) / 10, (7**1.5 - 3**1.5) / 10])
    assert table["completion_change"].tolist() == pytest.approx([0.4, 0.8])
    assert table["crosses_break"].tolist() == [True, True]


def test_changes_add_up_and_do_not_see_the_level_of_a_unit(panel: pa.Panel) -> None:
    yearly = score_changes(panel)
    assert len(yearly) == np.isfinite(np.diff(panel.scores, axis=1)).sum()
    whole = score_changes(panel, 2014, 2020).set_index(["unit", "dimension"])["score_change"]
    summed = yearly[yearly["from_year"] >= 2014].groupby(["unit", "dimension"])["score_change"].agg(["sum", "size"])
    complete = summed[summed["size"] == 6]["sum"]
    assert len(complete) > 360
    pd.testing.assert_series_equal(whole.loc[complete.index], complete, check_names=False)
    shift = np.linspace(-3, 3, 63)[:, None, None]
    moved = score_changes(dataclasses.replace(panel, scores=panel.scores + shift))
    pd.testing.assert_frame_equal(moved, yearly)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (2016, None, "both start and end"),
        (None, 2016, "both start and end"),
        (2018, 2018, "start 2018 is not before end 2018"),
        (2020, 2016, "start 2020 is not before end 2016"),
        (2010, 2016, "the panel has no year 2010"),
        (2016, 2024, "the panel has no year 2024"),
    ],
)
def test_years_that_cannot_be_compared_are_refused(panel, start, end, message: str) -> None:
    with pytest.raises(pa.SpecError, match=message):
        score_changes(panel, start, end)


def test_break_years_by_hand() -> None:
    assert break_years(BREAKS, "D1") == [2002, 2003]
    assert break_years(BREAKS, "D2") == [2003, 2004]
    assert break_years(BREAKS, "D3") == [2003]
    assert break_years(BREAKS, "D2", kinds=["level"]) == [2002]
    assert break_years(BREAKS.iloc[:0], "D1") == []


def test_eras_by_hand() -> None:
    table = eras(BREAKS, ["D1", "D2"], (2001, 2006))
    assert table.to_numpy().tolist() == [
        ["D1", 2001, 2001],
        ["D1", 2002, 2002],
        ["D1", 2003, 2006],
        ["D2", 2001, 2002],
        ["D2", 2003, 2003],
        ["D2", 2004, 2006],
    ]
    # A break in the first year, or after the last, cuts nothing.
    assert eras(BREAKS, ["D1"], (2003, 2004)).to_numpy().tolist() == [["D1", 2003, 2004]]
    assert eras(BREAKS.iloc[:0], ["D1"], (2003, 2003)).to_numpy().tolist() == [["D1", 2003, 2003]]


def test_the_eras_of_papi_fill_the_years_and_the_programme_lies_in_one(panel: pa.Panel) -> None:
    table = eras(panel.breaks, SIX, (2011, 2020))
    for _, rows in table.groupby("dimension"):
        assert rows["first_year"].iloc[0] == 2011
        assert rows["last_year"].iloc[-1] == 2020
        assert (rows["first_year"].iloc[1:].to_numpy() == rows["last_year"].iloc[:-1].to_numpy() + 1).all()
        assert (rows["first_year"].iloc[-1], rows["last_year"].iloc[-1]) == (2018, 2020)


def test_national_shifts_by_hand() -> None:
    table = national_shifts(small(), 2001, 2004)
    assert table[["dimension", "year", "kinds", "units"]].to_numpy().tolist() == [
        ["D1", 2002, "definition, sample", 1],
        ["D1", 2003, "mode", 1],
        ["D2", 2002, "level", 2],
        ["D2", 2003, "mode", 2],
        ["D2", 2004, "sample", 2],
    ]
    scores = small().scores
    expected = [scores[0, 1, 0] - scores[0, 0, 0], scores[0, 2, 0] - scores[0, 1, 0]]
    expected += [np.mean(scores[:, t, 1] - scores[:, t - 1, 1]) for t in (1, 2, 3)]
    assert table["shift"].tolist() == pytest.approx(expected)
    assert len(national_shifts(small(), 2003, 2004)) == 1


def test_a_break_between_two_surveys_moves_the_second_by_hand() -> None:
    whole = small()
    waves = dataclasses.replace(
        whole, scores=whole.scores[:, ::3], completion=whole.completion[:, ::3], years=(2001, 2004)
    )
    table = national_shifts(waves, 2001, 2004)
    assert table[["dimension", "year", "kinds"]].to_numpy().tolist() == [
        ["D1", 2004, "definition, mode, sample"],
        ["D2", 2004, "mode, level, sample"],
    ]
    assert table["shift"].tolist() == pytest.approx(np.nanmean(waves.scores[:, 1] - waves.scores[:, 0], axis=0))
    assert score_changes(waves)["crosses_break"].all()


def test_how_far_2018_moved_the_means(panel: pa.Panel) -> None:
    # Published means moved by -0.43, +0.33 and +0.24. They are over all units of each year: 63 in 2017, and 61 in 2018
    # for D2 and D4. Over the 61 that have both years, as here, D2 moved by a little less.
    scores = pa.papi.load_scores()
    means = scores.pivot_table(index="year", columns="dimension", values="score")
    assert (means.loc[2018] - means.loc[2017])[["D2", "D4", "D5"]].round(2).tolist() == [-0.43, 0.33, 0.24]

    shifts = national_shifts(panel, 2017, 2018).set_index("dimension")
    wide = scores.pivot(index=["unit", "dimension"], columns="year", values="score")
    both = (wide[2018] - wide[2017]).dropna().groupby("dimension")
    assert shifts["shift"].to_dict() == pytest.approx(both.mean().to_dict())
    assert shifts["units"].to_dict() == both.size().to_dict() == dict.fromkeys(SIX, 63) | {"D2": 61, "D4": 61}
    assert shifts.loc["D2", "shift"] == pytest.approx(-0.42, abs=0.005)


def test_the_description_is_what_plain_pandas_says(panel: pa.Panel) -> None:
    table = describe_panel(panel).set_index("dimension")
    assert list(table.index) == SIX
    assert table["gaps"].sum() == 16
    for dimension, cells in panel.frame().groupby("dimension"):
        wide = cells.pivot(index="unit", columns="year", values="score")
        within = wide.sub(wide.mean(axis=1), axis=0)
        within = within - within.mean()
        ours = cells[(cells["unit"] == "VN-CT") & (cells["completion"] > 0)]["completion"]
        expected = {
            "cells": wide.count().sum(),
            "gaps": wide.isna().sum().sum(),
            "mean": cells["score"].mean(),
            "sd_between": wide.mean(axis=1).std(),
            "sd_within": np.nanstd(within.to_numpy(), ddof=1),
            "min": cells["score"].min(),
            "max": cells["score"].max(),
            "completion_mean": ours.mean(),
            "completion_max": ours.max(),
        }
        assert table.loc[dimension].to_dict() == pytest.approx(expected, rel=1e-12)


def test_a_panel_without_any_completion_is_described_all_the_same(panel: pa.Panel) -> None:
    table = describe_panel(dataclasses.replace(panel, completion=np.zeros_like(panel.completion)))
    assert table[["completion_mean", "completion_max"]].isna().all(axis=None)
    assert table["mean"].notna().all()


def test_units_without_any_score_are_no_reason_to_warn() -> None:
    panel = small()
    scores = panel.scores.copy()
    scores[1, :, 0] = np.nan
    panel = dataclasses.replace(panel, scores=scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = describe_panel(panel)
        shifts = national_shifts(dataclasses.replace(panel, scores=panel.scores * np.nan), 2001, 2004)
    assert table["cells"].tolist() == [4, 8]
    assert np.isnan(table["sd_between"][0])
    assert shifts["units"].eq(0).all()
    assert shifts["shift"].isna().all()


def test_the_middle_half_by_hand():
    scores = pd.DataFrame({"dimension": "D1", "year": 2018, "unit": list("abcde"), "score": [5.0, 1.0, 2.0, 4.0, 3.0]})
    both = pd.concat([scores, scores.assign(year=2020, score=scores["score"] + 1).iloc[:1]])
    assert middle_halves(both).to_numpy().tolist() == [["D1", 2018, 2.0, 4.0, 3.0], ["D1", 2020, 6.0, 6.0, 6.0]]


def test_best_and_worst_years_are_those_with_every_score():
    rows = [(2018, "D1", 5.0), (2018, "D2", 4.0), (2019, "D1", 9.0), (2020, "D1", 4.0), (2020, "D2", 4.5)]
    own = pd.DataFrame(rows, columns=["year", "dimension", "score"])
    assert best_and_worst(own, ["D1", "D2"]).to_dict() == {"best": 2018, "worst": 2020, "most": 9.0, "least": 8.5}
    assert best_and_worst(own, ["D1", "D2", "D3"]) is None
