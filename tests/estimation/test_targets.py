"""Targets by hand on a made-up study, and on the bundled one against what plain pandas gives."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.estimation.estimates import UnitYears
from papi_analysis.study.study import make_study

SIX = ["D1", "D2", "D3", "D4", "D5", "D6"]


def made(scores, targets, breaks=(), **settings):
    """A study of units a-d and dimensions X, Y, 2001-2003; ``scores`` maps (unit, year) to the scores of X and Y."""
    rows = [
        (unit, year, dimension, score)
        for (unit, year), pair in scores.items()
        for dimension, score in zip("XY", pair, strict=True)
        if score is not None
    ]
    units = sorted({unit for unit, _ in scores})
    settings = {
        "source": "",
        "title_en": "t",
        "title_vi": "",
        "decision": "",
        "unit": "a",
        "base_year": 2001,
        "start": pd.Timestamp(2002, 1, 1),
        "end": pd.Timestamp(2003, 12, 31),
        "years": (2001, 2003),
        "without_programme": "all others",
        "simulated_tables": (),
        **settings,
    }
    return make_study(
        scores=pd.DataFrame(rows, columns=["unit", "year", "dimension", "score"]),
        units=pd.DataFrame({"unit": units, "name_en": units, "name_vi": "", "variants": ""}),
        dimensions=pd.DataFrame(
            {"dimension": ["X", "Y"], "name_en": ["X", "Y"], "name_vi": "", "scale_min": 0.0, "scale_max": 10.0}
        ),
        breaks=pd.DataFrame(breaks, columns=["dimension", "year", "kind"]).assign(what="", standing=""),
        tasks=pd.DataFrame(
            {
                "unit": ["a"],
                "task": ["t"],
                "dimension": ["X"],
                "start": [pd.Timestamp(2002, 1, 1)],
                "due": [pd.Timestamp(2003, 1, 1)],
            }
        ),
        progress=pd.DataFrame(
            {
                "unit": ["a"],
                "task": ["t"],
                "as_of": [pd.Timestamp(2002, 6, 30)],
                "reported_on": [pd.Timestamp(2002, 7, 1)],
                "completion": [0.5],
            }
        ),
        targets=pd.DataFrame(targets, columns=["unit", "dimension", "year", "target"]),
        **settings,
    )


SCORES = {
    ("a", 2001): (5.0, 6.0), ("a", 2002): (5.2, 6.0), ("a", 2003): (5.5, 5.0),
    ("b", 2001): (4.0, 7.0), ("b", 2002): (5.0, 7.0), ("b", 2003): (6.0, 7.5),
    ("c", 2001): (3.0, 3.0), ("c", 2002): (3.0, 4.0), ("c", 2003): (3.0, 4.0),
    ("d", 2001): (5.0, 1.0), ("d", 2002): (5.0, 1.0), ("d", 2003): (5.5, 1.0),
}  # fmt: skip
TARGETS = [("a", "X", 2003, 5.5), ("a", "Y", 2003, 6.5)]


def test_by_hand():
    answer = pa.target_attainment(made(SCORES, TARGETS))
    table = answer.table.set_index("dimension")
    assert table.index.tolist() == ["X", "Y", "total"]
    by_hand = pd.DataFrame(
        {
            "base": [5.0, 6.0, 11.0],
            "target": [5.5, 6.5, 12.0],
            "needed": [0.5, 0.5, 1.0],
            "outcome": [5.5, 5.0, 10.5],
            "gain": [0.5, -1.0, -0.5],
            # X in 2001: a and d share first place; Y: second; sums 11, 11, 6, 6: first, with b.
            "rank_base": [1, 2, 1],
            "ranked_base": [4, 4, 4],
            # X in 2003: 6, 5.5, 5.5, 3; Y: 7.5, 5, 4, 1; sums 13.5, 10.5, 7, 6.5.
            "rank_end": [2, 2, 2],
            "ranked_end": [4, 4, 4],
            # Quartiles of X in 2001 are 3.75, 4.5, 5: group 1. Of Y: 2.5, 4.5, 6.25: group 2. Of sums: 6, 8.5, 11.
            "group_base": [1, 2, 1],
            # Of X in 2003: 4.875, 5.5, 5.625: group 2. Of Y: 3.25, 4.5, 5.625: 2. Of sums: 6.875, 8.75, 11.25: 2.
            "group_end": [2, 2, 2],
            # Changes of X: 0.5, 2, 0, 0.5; of Y: -1, 0.5, 1, 0.
            "national": [0.75, 0.125, 0.875],
        },
        index=["X", "Y", "total"],
        dtype=float,
    )
    np.testing.assert_allclose(table[by_hand.columns].astype(float), by_hand, atol=1e-12)
    assert table["reached"].tolist() == [True, False, False]
    assert not [name for name in table if name.startswith("shift_")]
    assert not answer.notes
    assert (answer.question, answer.simulated_tables) == ("target_attainment", ())
    assert answer.design == UnitYears("a", 2001, 2003)


def test_shifts_by_hand():
    breaks = [("Y", 2002, "definition"), ("all", 2003, "mode"), ("X", 2001, "definition")]
    answer = pa.target_attainment(made(SCORES, TARGETS, breaks))
    table = answer.table.set_index("dimension")
    # Y moved by 0, 0, 1, 0 in 2002 and X had no break; in 2003 X moved by 0.3, 1, 0, 0.5 and Y by -1, 0.5, 0, 0.
    # The sum moves by 0.2, 1, 1, 0 in 2002: part of it breaks. The break of 2001 lies before the first gain.
    assert [name for name in table if name.startswith("shift_")] == ["shift_2002", "shift_2003"]
    np.testing.assert_allclose(table["shift_2002"], [np.nan, 0.25, 0.55])
    np.testing.assert_allclose(table["shift_2003"], [0.45, -0.125, 0.325])
    assert len(answer.notes) == 1
    assert "Between 2001 and 2003" in str(answer.notes[0])


def test_reached_means_reached_as_printed():
    scores = {**SCORES, ("a", 2003): (0.1 + 0.2 + 5.2, 6.49996)}
    table = pa.target_attainment(made(scores, TARGETS)).table.set_index("dimension")
    assert table["reached"].tolist()[:2] == [True, True]
    scores[("a", 2003)] = (5.4999, 6.4999)
    assert pa.target_attainment(made(scores, TARGETS)).table["reached"].tolist() == [False, False, False]


def test_a_dimension_without_a_target_is_said_and_not_judged():
    answer = pa.target_attainment(made(SCORES, TARGETS[:1]))
    table = answer.table.set_index("dimension")
    assert table.loc["Y", ["target", "needed"]].isna().all()
    assert table["reached"].tolist() == [True, None, None]
    assert table.loc["Y", "gain"] == -1.0
    assert np.isnan(table.loc["total", "target"]), "part of a sum is no sum"
    assert "Y: no target is set." in map(str, answer.notes)


def test_an_outcome_that_was_not_published_is_said_and_not_judged():
    scores = {**SCORES, ("a", 2003): (5.5, None)}
    answer = pa.target_attainment(made(scores, TARGETS))
    table = answer.table.set_index("dimension")
    assert table["reached"].tolist() == [True, None, None]
    assert table.loc["Y", ["outcome", "gain", "rank_end", "group_end"]].isna().all()
    assert table.loc["X", "rank_end"] == 2
    assert any("Y: the score of 2003 was not published" in str(note) for note in answer.notes)
    # The mean change leaves out the unit without both scores.
    assert table.loc["Y", "national"] == pytest.approx(np.mean([0.5, 1, 0]))
    assert table.loc["total", "national"] == pytest.approx(np.mean([2.5, 1, 0.5]))


def test_others_that_are_missing_are_counted_out():
    scores = {**SCORES, ("b", 2001): (4.0, None)}
    table = pa.target_attainment(made(scores, TARGETS)).table.set_index("dimension")
    assert table["ranked_base"].tolist() == [4, 3, 3]
    assert table.loc["Y", "rank_base"] == 1


def test_a_dimension_that_nobody_has_in_the_end_raises_no_warning():
    scores = {(unit, year): (x, None if year == 2003 else y) for (unit, year), (x, y) in SCORES.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = pa.target_attainment(made(scores, TARGETS)).table.set_index("dimension")
    assert table.loc[["Y", "total"], ["outcome", "national"]].isna().all(axis=None)
    assert table.loc["X", "outcome"] == 5.5


def test_another_unit_can_be_asked_for():
    study = made(SCORES, [*TARGETS, ("b", "X", 2003, 5.0)])
    row = pa.target_attainment(study, unit="b").row("X")
    assert (row["base"], row["target"], row["outcome"], row["reached"]) == (4.0, 5.0, 6.0, True)
    assert pa.target_attainment(study).row("X")["target"] == 5.5


def test_questions_that_cannot_be_asked_are_refused():
    study = made(SCORES, TARGETS)
    with pytest.raises(pa.SpecError, match=r"no targets\. Add targets\.csv"):
        pa.target_attainment(dataclasses.replace(study, targets=None))
    with pytest.raises(pa.SpecError, match="'b'"):
        pa.target_attainment(study, unit="b")
    two_years = made(SCORES, [("a", "X", 2002, 5.5), ("a", "Y", 2003, 6.5)])
    with pytest.raises(pa.SpecError, match="one year"):
        pa.target_attainment(two_years)
    with pytest.raises(pa.SpecError, match=r"no score of 2000 to count gains from: .* from 2001 to 2003"):
        pa.target_attainment(dataclasses.replace(study, base_year=2000))


def test_the_order_of_rows_changes_nothing():
    study = made(SCORES, TARGETS, [("all", 2003, "mode")])
    mixed = dataclasses.replace(
        study,
        scores=study.scores.sample(frac=1, random_state=0),
        targets=study.targets.iloc[::-1],
    )
    pd.testing.assert_frame_equal(pa.target_attainment(mixed).table, pa.target_attainment(study).table)


def test_what_every_unit_gains_changes_no_rank():
    before = pa.target_attainment(made(SCORES, TARGETS)).table
    lifted = {(u, year): (x + (year == 2003), y + (year == 2003)) for (u, year), (x, y) in SCORES.items()}
    after = pa.target_attainment(made(lifted, TARGETS)).table
    ranks = ["rank_base", "rank_end", "group_base", "group_end"]
    pd.testing.assert_frame_equal(after[ranks], before[ranks])
    for column in ("gain", "national"):
        np.testing.assert_allclose(after[column] - before[column], [1, 1, 2])


def test_only_simulated_tables_that_were_used_mark_the_answer():
    everything = ("targets", "tasks", "scores", "progress")
    study = made(SCORES, TARGETS, simulated_tables=everything)
    assert pa.target_attainment(study).simulated_tables == ("targets", "scores")
    study = made(SCORES, TARGETS, simulated_tables=("tasks", "progress"))
    assert not pa.target_attainment(study).simulated


# The bundled study, from the published scores alone


@pytest.fixture(scope="module")
def wide():
    """Scores of the six dimensions and their sum: one row a unit and year."""
    scores = pa.papi.load_scores().pivot(index=["unit", "year"], columns="dimension", values="score")[SIX]
    return scores.assign(total=scores.sum(axis=1, skipna=False))


@pytest.fixture(scope="module")
def table(study):
    return pa.target_attainment(study).table.set_index("dimension")


def test_what_the_plan_and_the_press_said(table):
    total = table.loc["total"]
    assert (round(total["base"], 2), total["rank_base"], total["ranked_base"]) == (39.57, 1, 63)
    assert round(total["target"], 2) == 42.05
    assert total["rank_end"] == 40


def test_scores_gains_and_changes_of_the_mean(table, wide):
    base, end = wide.xs(2016, level="year"), wide.xs(2020, level="year")
    np.testing.assert_allclose(table["base"], base.loc["VN-CT"])
    np.testing.assert_allclose(table["outcome"], end.loc["VN-CT"])
    np.testing.assert_allclose(table["gain"], end.loc["VN-CT"] - base.loc["VN-CT"])
    np.testing.assert_allclose(table["needed"], table["target"] - base.loc["VN-CT"])
    np.testing.assert_allclose(table["national"], (end - base).mean(), atol=1e-12)
    assert table["reached"].tolist() == (table["outcome"] >= table["target"]).tolist()


@pytest.mark.parametrize(("year", "when"), [(2016, "base"), (2020, "end")])
def test_ranks_and_groups(table, wide, year, when):
    then = wide.xs(year, level="year")
    own = then.loc["VN-CT"]
    assert table[f"rank_{when}"].tolist() == (1 + (then > own + 1e-9).sum()).tolist()
    assert table[f"ranked_{when}"].tolist() == then.notna().sum().tolist()
    below = sum((own < then.quantile(share)).astype(int) for share in (0.25, 0.5, 0.75))
    assert table[f"group_{when}"].tolist() == (1 + below).tolist()


def test_shifts_at_the_breaks(table, wide):
    breaks = pa.papi.load_breaks()
    between = breaks[breaks["year"].between(2017, 2020) & breaks["dimension"].isin(["all", *SIX])]
    years = sorted(set(between["year"]))
    assert [name for name in table if name.startswith("shift_")] == [f"shift_{year}" for year in years]
    for year in years:
        hit = set(between.loc[between["year"] == year, "dimension"])
        moved = (wide.xs(year, level="year") - wide.xs(year - 1, level="year")).mean()
        broken = [dimension in hit or "all" in hit for dimension in SIX] + [True]
        np.testing.assert_allclose(table[f"shift_{year}"], moved.where(broken), atol=1e-12)


# How ambitious the targets were, window by window


def slow_ambition(wide, needed, rank_base, years):
    """Shares and counts for one column of scores (unit, year), by going through every unit and window."""
    hits, net_hits, high_hits, n, n_high = 0, 0, 0, 0, 0
    table = wide.unstack("year")
    for first in table.columns:
        if first + years not in table.columns:
            continue
        gains = (table[first + years] - table[first]).dropna()
        for unit, gain in gains.items():
            rank = 1 + (table[first] > table.loc[unit, first] + 1e-9).sum()
            hits += gain >= needed - 5e-5
            net_hits += gain - gains.mean() >= needed - 5e-5
            n += 1
            if rank <= rank_base:
                high_hits += gain - gains.mean() >= needed - 5e-5
                n_high += 1
    return hits / n, net_hits / n, high_hits / n_high if n_high else np.nan, n, n_high


AMBITION = ["often", "often_net", "often_high", "windows", "windows_high"]


def test_ambition_by_hand():
    # Two windows of one year; a, the best of X in 2001, needs 0.5 by 2002.
    answer = pa.target_attainment(made(SCORES, [("a", "X", 2002, 5.5)]))
    # Gains of X: 0.2, 1, 0, 0, then 0.3, 1, 0, 0.5; net of their means 0.3 and 0.45: 0.7 and 0.55 reach 0.5.
    # At the top at the start: a and d (5.0 each) in 2001, a (5.2) in 2002; none of them gained 0.5 net.
    found = answer.row("X")[AMBITION].astype(float)
    np.testing.assert_allclose(found, [3 / 8, 2 / 8, 0, 8, 3])
    assert answer.row("Y")[AMBITION[:3]].isna().all(), "without a target nothing was needed"


def test_ambition_of_the_bundled_targets(table):
    scores = pa.papi.load_scores().pivot(index=["unit", "year"], columns="dimension", values="score")[SIX]
    scores = scores.assign(total=scores.sum(axis=1, skipna=False))
    for dimension in table.index:
        row = table.loc[dimension]
        expected = slow_ambition(scores[dimension], row["needed"], row["rank_base"], 4)
        np.testing.assert_allclose(row[AMBITION].astype(float), expected, rtol=1e-12, err_msg=dimension)


# Targets of a year to come

LEFT = [f"{name}_left" for name in AMBITION]


def test_a_target_to_come_by_hand():
    answer = pa.target_attainment(made(SCORES, [("a", "X", 2004, 6.0), ("a", "Y", 2004, 4.5)]))
    table = answer.table.set_index("dimension")
    assert table["latest_year"].tolist() == [2003] * 3
    np.testing.assert_allclose(table["latest"], [5.5, 5.0, 10.5])
    np.testing.assert_allclose(table["still"], [0.5, -0.5, 0.0])
    np.testing.assert_allclose(table["needed"], [1.0, -1.5, -0.5])
    assert table["reached"].tolist() == [None] * 3
    assert table[["outcome", "gain", "rank_end", "group_end"]].isna().all(axis=None)
    # The mean change from the base to the latest year, as in the answer for targets of 2003.
    np.testing.assert_allclose(table["national"], [0.75, 0.125, 0.875])
    # One year is left. Gains of X: 0.2, 1, 0, 0, then 0.3, 1, 0, 0.5: three of eight are 0.5 or more; net of their
    # means 0.3 and 0.45 two are. At least as high as a in 2003, second: a and d in 2001; a (5.2), b (5.0) and d (5.0)
    # in 2002, of which b gained 1 - 0.45.
    np.testing.assert_allclose(table.loc["X", LEFT].astype(float), [3 / 8, 2 / 8, 1 / 5, 8, 5])
    # Y may fall by half a point: 0, 0, 1, 0, then -1, 0.5, 0, 0: seven of eight.
    assert table.loc["Y", "often_left"] == 7 / 8
    assert answer.design == UnitYears("a", 2001, 2004)
    assert [str(note) for note in answer.notes] == [
        "The targets are for 2004, and the latest scores are of 2003: it is not known yet whether they are reached."
    ]


def test_more_years_than_the_scores_have_leave_it_open_how_often():
    table = pa.target_attainment(made(SCORES, [("a", "X", 2009, 6.0)])).table.set_index("dimension")
    assert table[LEFT[:3]].isna().all(axis=None)
    assert table["windows_left"].tolist() == [0, 0, 0]
    assert table.loc["X", "still"] == 0.5


def test_surveys_every_other_year_are_compared_over_years():
    """Windows are of as many years as are left, not of as many surveys."""
    scores = {(unit, 2001 + 2 * (year - 2001)): pair for (unit, year), pair in SCORES.items()}
    settings = {"years": (2001, 2005), "end": pd.Timestamp(2007, 12, 31)}
    two = pa.target_attainment(made(scores, [("a", "X", 2007, 6.0)], **settings)).row("X")
    one = pa.target_attainment(made(SCORES, [("a", "X", 2004, 6.0)])).row("X")
    np.testing.assert_allclose(two[LEFT].astype(float), one[LEFT].astype(float))
    odd = pa.target_attainment(made(scores, [("a", "X", 2006, 6.0)], **settings)).row("X")
    assert odd["windows_left"] == 0


def test_the_latest_survey_can_be_the_base():
    answer = pa.target_attainment(made(SCORES, [("a", "X", 2005, 6.0)], base_year=2003, end=pd.Timestamp(2005, 12, 31)))
    row = answer.row("X")
    assert (row["latest_year"], row["still"], row["needed"]) == (2003, 0.5, 0.5)
    assert answer.table["national"].isna().all()
    assert row[LEFT].tolist() == row[AMBITION].tolist()


def test_a_unit_that_was_left_out_last_is_held_against_its_own_latest_score():
    scores = {**SCORES, ("a", 2003): (None, None)}
    row = pa.target_attainment(made(scores, [("a", "X", 2004, 6.0)])).row("X")
    assert (row["latest_year"], row["latest"], row["still"]) == (2002, 5.2, pytest.approx(0.8))


def test_how_often_what_is_left_was_gained_in_the_published_scores(study):
    study = dataclasses.replace(study, targets=study.targets.assign(year=2023))
    table = pa.target_attainment(study).table.set_index("dimension")
    scores = pa.papi.load_scores().pivot(index=["unit", "year"], columns="dimension", values="score")[SIX]
    ranks = scores.xs(2020, level="year").rank(ascending=False, method="min").loc["VN-CT"]
    for dimension in SIX:
        row = table.loc[dimension]
        expected = slow_ambition(scores[dimension], row["target"] - row["latest"], ranks[dimension], 3)
        np.testing.assert_allclose(row[LEFT].astype(float), expected, rtol=1e-12, err_msg=dimension)
