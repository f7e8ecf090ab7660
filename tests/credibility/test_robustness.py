"""The robustness table: every row is a direct answer, complete, with nobody among the donors who should not be."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

import papi_analysis as pa
from papi_analysis.credibility.robustness import EARLIER, METHODS, OTHERS
from papi_analysis.estimation.counterfactuals import ESTIMATORS, synthetic_control
from papi_analysis.estimation.weights import vertex_weights
from papi_analysis.reporting.language import find_language
from tests.estimation.reference import rank_bounds

DIMENSIONS = ["D1", "D2", "D3", "D4", "D5", "D6"]
KNOWN = ["VN-44", "VN-02", "VN-CT", "VN-SG", "VN-44"]  # one of them twice, and the treated unit
NO_TEST = [
    "Lagged-outcome adjustment, one donor left out: lowest",
    "Lagged-outcome adjustment, one donor left out: highest",
]
EACH_ALONE = "Difference in differences, all units of each dimension"


@pytest.fixture(scope="module")
def table(panel) -> pd.DataFrame:
    return pa.impact_robustness(panel, "VN-CT", 2018, 2020, base_year=2016, known_programmes=KNOWN)


@pytest.fixture(scope="module")
def rows(table) -> pd.DataFrame:
    return table.set_index("choice")


def only(panel: pa.Panel, dimensions: list[str]) -> pa.Panel:
    places = [panel.position("dimension", name) for name in dimensions]
    return replace(
        panel,
        scores=panel.scores[:, :, places],
        completion=panel.completion[:, :, places],
        dimensions=tuple(dimensions),
    )


DIRECT = {
    **{str(words): {"method": name} for name, words in METHODS.items()},
    "Synthetic control, weights at a vertex": {"method": partial(synthetic_control, solve=vertex_weights)},
    "Lagged-outcome adjustment, treated unit no donor of placebos": {"treated_as_donor": False},
    "Lagged-outcome adjustment, known programmes left out": {"without": ["VN-02", "VN-44", "VN-SG"]},
    "Lagged-outcome adjustment, base year alone": {"before": (2016, 2016)},
    "Difference in differences, base year alone": {"method": "did", "before": (2016, 2016)},
    "Matched on the years before its earlier programme (2015-2017) only": {"before": (2011, 2014)},
    "Matched on the years of its earlier programme (2015-2017) only": {"before": (2015, 2017)},
    "With its earlier programme: both as one, from 2015 (the earlier one ended in 2017)": {"start": 2015},
    "Placebo in time: as if two years earlier": {"start": 2016, "end": 2017},
    "Backdated: matched two years earlier": {"before": (2011, 2015)},
}


def test_these_are_all_the_rows_in_their_order(rows) -> None:
    assert rows.index.tolist() == [*DIRECT, EACH_ALONE, *NO_TEST]
    assert set(METHODS) == set(ESTIMATORS)
    assert rows["code"].tolist() == [*METHODS, *OTHERS]  # a code for each, whatever it is called


@pytest.mark.parametrize("choice", list(DIRECT))
def test_a_row_is_the_direct_answer(panel, rows, choice) -> None:
    answer = pa.programme_impact(panel, "VN-CT", **{"start": 2018, "end": 2020, **DIRECT[choice]})
    mean = answer.row("mean")
    expected = [
        *answer.table["estimate"].iloc[:6],
        mean["estimate"],
        mean["p"],
        answer.table["p_joint"].iloc[:6].min(),
        mean["units"],
    ]
    shown = rows.loc[choice, [*DIMENSIONS, "mean", "p", "p_joint", "units"]]
    assert shown.tolist() == pytest.approx(expected, abs=1e-12)


def test_a_row_that_fools_shows_it(rows) -> None:
    """The ten provinces that stood nearest below Can Tho in 2016 had no programme; a fair row shows nothing there."""
    assert abs(rows.loc["Lagged-outcome adjustment", "peers"]) < 0.03
    for fooled in ("Difference in differences", "Common weights", "Synthetic control"):
        assert rows.loc[fooled, "peers"] < -0.1
    assert rows.loc["Difference in differences, base year alone", "peers"] < -0.15


def test_known_programmes_are_those_of_these_years_unless_given(panel, rows) -> None:
    known = panel.known_programmes
    meets = known[(known["plan"] == 1) & (known["period_start"] <= 2020) & ~(known["period_end"] < 2018)]
    others = sorted(set(meets["unit"]) - {"VN-CT"})
    assert others == ["VN-02", "VN-43", "VN-44", "VN-54", "VN-HN", "VN-SG"]
    plain = pa.impact_robustness(panel, "VN-CT", 2018, 2020, draws=9).set_index("choice")
    direct = pa.programme_impact(panel, "VN-CT", 2018, 2020, without=others)
    row = plain.loc["Lagged-outcome adjustment, known programmes left out"]
    assert row["mean"] == pytest.approx(direct.row("mean")["estimate"])


def test_known_programmes_are_units_that_could_be_donors(panel) -> None:
    with pytest.raises(pa.SpecError, match="no unit 'VN-ZZ'"):
        pa.impact_robustness(panel, "VN-CT", 2018, 2020, known_programmes=["VN-ZZ"])
    own = pa.impact_robustness(only(panel, ["D2"]), "VN-CT", 2018, 2020, known_programmes=["VN-CT"], draws=9)
    assert "known_left_out" not in set(own["code"])


def test_known_programmes_are_no_donors(panel, rows) -> None:
    scores = panel.scores.copy()
    for unit in ("VN-44", "VN-02", "VN-SG"):
        scores[panel.position("unit", unit), 7:] += 50.0
    moved = pa.impact_robustness(
        replace(panel, scores=scores), "VN-CT", 2018, 2020, known_programmes=["VN-SG", "VN-02", "VN-44"]
    ).set_index("choice")
    choice = "Lagged-outcome adjustment, known programmes left out"
    assert moved.loc[choice, "units"] == 57
    numbers = [*DIMENSIONS, "mean", "p", "p_joint"]
    pd.testing.assert_series_equal(moved.loc[choice, numbers], rows.loc[choice, numbers], check_dtype=False)
    did = "Difference in differences"
    assert (moved.loc[did, DIMENSIONS] < rows.loc[did, DIMENSIONS] - 1).all()  # where they are, they count


def test_each_dimension_by_itself_uses_all_units_that_have_it(panel, rows) -> None:
    row = rows.loc[EACH_ALONE]
    p, units = [], []
    for name in DIMENSIONS:
        path = panel.scores[:, :, panel.position("dimension", name)]
        change = pd.Series(path[:, 7:].mean(axis=1) - path[:, :7].mean(axis=1), index=panel.units).dropna()
        gaps = change - (change.sum() - change) / (len(change) - 1)
        assert row[name] == pytest.approx(gaps["VN-CT"])
        p.append((gaps.abs() >= abs(gaps["VN-CT"]) - 1e-9).mean())
        units.append(len(change))
    assert np.isnan(row["p_joint"])  # six dimensions over 62 units: Holm cannot reach 5%
    three = pa.impact_robustness(only(panel, DIMENSIONS[:3]), "VN-CT", 2018, 2020).set_index("choice").loc[EACH_ALONE]
    assert three["p_joint"] == pytest.approx(multipletests(p[:3], method="holm")[1].min())
    assert row["mean"] == pytest.approx(row[DIMENSIONS].mean())
    assert max(units) > 60
    assert row["units"] == max(units)


def test_one_donor_left_out_is_the_range_of_as_many_direct_answers(panel, rows) -> None:
    complete = [unit for unit, cells in zip(panel.units, panel.scores, strict=True) if np.isfinite(cells).all()]
    few = panel.only(units={"VN-CT", *complete[:20]}, dimensions=["D2", "D5"])
    ends = pa.impact_robustness(few, "VN-CT", 2018, 2020, draws=9).set_index("choice").loc[NO_TEST]
    gaps = np.array(
        [
            pa.programme_impact(few, "VN-CT", 2018, 2020, without=[unit], draws=9).table["estimate"]
            for unit in few.units
            if unit != "VN-CT"
        ]
    )
    expected = np.array([gaps.min(axis=0), gaps.max(axis=0)])
    assert ends[["D2", "D5", "mean"]].to_numpy(dtype=float) == pytest.approx(expected)
    assert ends["units"].tolist() == [len(few.units) - 1] * 2
    assert rows.loc[NO_TEST, "units"].tolist() == [59, 59]


def test_nothing_is_missing_but_what_is_no_test(rows) -> None:
    assert rows[[*DIMENSIONS, "mean", "units"]].notna().all().all()
    assert rows.index[rows["p_joint"].isna()].tolist() == [EACH_ALONE, *NO_TEST]
    assert rows.index[rows["peers"].isna()].tolist() == NO_TEST
    assert rows.index[rows["p"].isna()].tolist() == [EACH_ALONE, *NO_TEST]
    tests = rows.drop(index=[EACH_ALONE, *NO_TEST])
    assert (tests["p_joint"].between(0, 1) & (tests["p_joint"] > 0)).all()


def test_the_verdict_of_a_rank_turns_at_these_odds(rows) -> None:
    ranked = rows[rows["p"].notna()].drop(index="Lee and Wooldridge")  # its p is from a t-test
    for p, odds in zip(ranked["p"], ranked["odds"], strict=True):
        low, high = rank_bounds(p, odds) if np.isfinite(odds) else (0.0, 1.0)
        assert (high if p <= 0.05 else low) == pytest.approx(0.05 if np.isfinite(odds) else 0.0)
    assert (ranked["odds"] >= 1).all()
    assert rows["odds"].isna().sum() == len(rows) - len(ranked)


def test_the_words_are_known_in_vietnamese(table, rows) -> None:
    assert [choice for choice in rows.index if find_language("vi").say(choice) == choice] == []
    shown = pa.table(table, ["choice", "mean"], language="vi")
    assert "Chỉ đối chiếu trên các năm trước chương trình trước đó (2015-2017)" in shown.index


def test_rows_that_cannot_be_asked_are_left_out(panel) -> None:
    panel = replace(only(panel, ["D2", "D5"]), known_programmes=panel.known_programmes.iloc[:0])
    ask = partial(pa.impact_robustness, panel, "VN-CT", draws=9)
    plain = ask(2018)
    assert not set(plain["code"]) & {"known_left_out", "base_year", "did_base_year", *EARLIER}
    early = ask(2014, 2017)  # two years earlier only one year is left to match on
    assert not set(early["code"]) & {"in_time", "backdated"}
    nearly = ask(2015, 2017)
    assert {"in_time", "backdated"} < set(nearly["code"])
    pd.testing.assert_frame_equal(plain, ask(2018, 2020))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"unit": "VN-ZZ", "start": 2018}, "no unit 'VN-ZZ'"),
        ({"unit": "VN-CT", "start": 2012}, "needs 2"),
        ({"unit": "VN-13", "start": 2018}, "VN-13 in D2, 2018"),
        ({"unit": "VN-CT", "start": 2018, "base_year": 2019}, "base year 2019 does not lie before the start 2018"),
    ],
)
def test_what_programme_impact_refuses_is_refused(panel, settings, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.impact_robustness(panel, **settings)


def test_few_units_print_no_p_values_and_one_dimension_has_joint_ones(panel) -> None:
    complete = np.flatnonzero(np.isfinite(panel.scores).all(axis=(1, 2)))
    few = np.append(complete[:7], panel.position("unit", "VN-CT"))
    small = replace(
        panel,
        scores=panel.scores[few],
        completion=panel.completion[few],
        units=tuple(panel.units[i] for i in few),
    )
    table = pa.impact_robustness(small, "VN-CT", 2018, 2020).set_index("choice")
    by_t = "Lee and Wooldridge"  # needs no placebos
    assert table.drop(index=by_t)[["p", "p_joint"]].isna().all().all()
    assert table.loc[by_t, ["p", "p_joint"]].notna().all()
    assert table[[*DIMENSIONS, "mean"]].notna().all().all()
    alone = pa.impact_robustness(only(panel, ["D4"]), "VN-CT", 2018, 2020).set_index("choice")
    judged = alone.drop(index=NO_TEST)
    assert judged["p_joint"].between(1 / 63, 1).all()
    assert alone["D4"].tolist() == pytest.approx(alone["mean"].tolist())
