"""The question of impact: against plain pandas, statsmodels and slow solvers; by inversion; every bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from statsmodels.stats.multitest import multipletests

import papi_analysis as pa
from papi_analysis.estimation.counterfactuals import ESTIMATORS
from papi_analysis.estimation.designs import Weights
from papi_analysis.estimation.impact import impact_tests

DIMENSIONS = ["D1", "D2", "D3", "D4", "D5", "D6"]


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    """Complete provinces, 2011-2020: rows units, columns (dimension, year)."""
    scores = pa.papi.load_scores().query("year <= 2020 and dimension in @DIMENSIONS")
    table = scores.pivot(index="unit", columns=["dimension", "year"], values="score").dropna()
    assert len(table) == 60
    return table


def did_gaps(wide: pd.DataFrame) -> pd.DataFrame:
    """Each province's change of mean, minus the plain mean of the others' changes."""
    late = wide.loc[:, (slice(None), [2018, 2019, 2020])].T.groupby(level=0).mean().T
    early = wide.loc[:, (slice(None), list(range(2011, 2018)))].T.groupby(level=0).mean().T
    change = late - early
    return change - (change.sum() - change) / (len(change) - 1)


def test_difference_in_differences_ranks_and_joint_p_by_plain_pandas(panel, wide) -> None:
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    gaps = did_gaps(wide)
    each = answer.table.iloc[:6].set_index("dimension")
    assert each["estimate"].to_numpy() == pytest.approx(gaps.loc["VN-CT", DIMENSIONS].to_numpy())
    ranks = (gaps.abs() >= gaps.loc["VN-CT"].abs() - 1e-12).mean()
    assert each["p"].to_numpy() == pytest.approx(ranks[DIMENSIONS].to_numpy())
    standard = (gaps / gaps.std(ddof=0)).abs()
    largest = standard.loc["VN-CT"].idxmax()
    joint = (standard.max(axis=1) >= standard.loc["VN-CT", largest] - 1e-12).mean()
    assert each.loc[largest, "p_joint"] == pytest.approx(joint)
    assert answer.row("mean")["estimate"] == pytest.approx(gaps.loc["VN-CT", DIMENSIONS].mean())
    assert each["floor"].tolist() == pytest.approx([1 / 60] * 6)
    assert "Quang Ninh, Dong Thap, Bac Giang" in pa.remarks(answer)
    assert not answer.simulated  # the register plays no part


def test_lee_wooldridge_is_statsmodels_on_demeaned_scores(panel, wide) -> None:
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge", level=0.9)
    p = []
    for dimension in DIMENSIONS:
        scores = wide[dimension]
        change = scores[[2018, 2019, 2020]].mean(axis=1) - scores[list(range(2011, 2018))].mean(axis=1)
        fit = sm.OLS(change, sm.add_constant((change.index == "VN-CT").astype(float))).fit()
        row = answer.row(dimension)
        assert row["estimate"] == pytest.approx(fit.params.iloc[1])
        assert row["se"] == pytest.approx(fit.bse.iloc[1])
        assert [row["low"], row["high"]] == pytest.approx(fit.conf_int(0.1).iloc[1].tolist())
        p.append(fit.pvalues.iloc[1])
    assert answer.table["p"].iloc[:6].tolist() == pytest.approx(p)
    assert answer.table["p_joint"].iloc[:6].tolist() == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_synthetic_control_is_as_good_as_a_slow_solver(panel, wide) -> None:
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="synthetic_control")
    weights = answer.design.weights
    for dimension in ("D1", "D4"):
        before = wide[dimension][list(range(2011, 2018))]
        centred = before.sub(before.mean(axis=1), axis=0)
        own, donors = centred.loc["VN-CT"].to_numpy(), centred.drop(index="VN-CT")
        chosen = weights[weights["dimension"] == dimension].set_index("unit")["weight"].reindex(donors.index).fillna(0)

        def loss(w: np.ndarray, own=own, donors=donors) -> float:
            return float(((own - w @ donors.to_numpy()) ** 2).sum())

        assert chosen.sum() == pytest.approx(1)
        assert (chosen >= 0).all()
        slow = minimize(
            loss, np.full(59, 1 / 59), bounds=[(0, 1)] * 59, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP", options={"maxiter": 500, "ftol": 1e-14},
        )  # fmt: skip
        assert loss(chosen.to_numpy()) <= slow.fun + 1e-8
        gap = wide.loc["VN-CT", dimension] - chosen @ wide.drop(index="VN-CT")[dimension]
        gap = gap - gap[list(range(2011, 2018))].mean()
        assert answer.row(dimension)["estimate"] == pytest.approx(gap[[2018, 2019, 2020]].mean(), abs=1e-9)


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_cells_agree_with_the_table(panel, method) -> None:
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method)
    own = answer.cells[(answer.cells["row"] == 0)]
    assert (own["actual"] - own["counterfactual"]).to_numpy() == pytest.approx(own["gap"].to_numpy())
    late = own[own["year"] >= 2018].groupby("dimension")["gap"].mean()
    assert late[DIMENSIONS].to_numpy() == pytest.approx(answer.table["estimate"].iloc[:6].to_numpy())
    scores = pa.papi.load_scores().query("unit == 'VN-CT' and year == 2019").set_index("dimension")["score"]
    assert own[own["year"] == 2019].set_index("dimension")["actual"].to_dict() == pytest.approx(
        scores[DIMENSIONS].to_dict()
    )
    assert answer.cells["row"].nunique() == (1 if method == "lee_wooldridge" else 60)
    tests = impact_tests(panel, "VN-CT", 2018, 2020, method=method)
    assert tests.equals(answer.table[list(tests)])


@pytest.mark.parametrize("method", ["did", "synthetic_control", "common_weights", "synthetic_did"])
def test_levels_of_units_and_scales_of_dimensions_do_not_matter(panel, method) -> None:
    plain = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method).table
    rng = np.random.default_rng(0)
    moved = replace(panel, scores=panel.scores + rng.normal(size=(63, 1, 6)))
    again = pa.programme_impact(moved, "VN-CT", 2018, 2020, method=method).table
    assert again["estimate"].to_numpy() == pytest.approx(plain["estimate"].to_numpy(), abs=1e-7)
    scaled = replace(panel, scores=panel.scores * np.array([1, 10, 1, 1, 1, 1.0]))
    wider = pa.programme_impact(scaled, "VN-CT", 2018, 2020, method=method).table
    assert wider["p_joint"].iloc[:6].to_numpy() == pytest.approx(plain["p_joint"].iloc[:6].to_numpy())
    assert wider["estimate"].iloc[1] == pytest.approx(10 * plain["estimate"].iloc[1], rel=1e-6)


def test_several_units_with_starts_of_their_own(panel) -> None:
    starts = {"VN-CT": 2018, "VN-HN": 2016}
    answer = pa.programme_impact(panel, starts, end=2020, method="did", draws=199, rng=3)
    again = pa.programme_impact(panel, starts, end=2020, method="did", draws=199, rng=3)
    pd.testing.assert_frame_equal(answer.table, again.table)
    own = answer.cells[answer.cells["row"] == 0]
    assert own["unit"].iloc[0] in ("VN-CT, VN-HN", "VN-HN, VN-CT")
    donors = np.isfinite(panel.scores).all(axis=(1, 2))
    donors[[panel.position("unit", unit) for unit in starts]] = False
    total, years = 0.0, 0
    for unit, start in starts.items():
        t = panel.position("year", start)
        net = panel.scores[panel.position("unit", unit), :, 3] - panel.scores[donors, :, 3].mean(axis=0)
        total += (net[t:] - net[:t].mean()).sum()
        years += 10 - t
    assert answer.row("D4")["estimate"] == pytest.approx(total / years)


def test_a_function_of_ones_own_serves_as_a_method(panel, wide) -> None:
    def last_year(Y, units, donors, pre, post) -> Weights:
        years = np.zeros((len(units), Y.shape[1], Y.shape[2]))
        years[:, np.flatnonzero(pre)[-1]] = 1.0
        equal = donors / donors.sum(axis=1, keepdims=True)
        return Weights(np.repeat(equal[:, :, None], Y.shape[2], axis=2), years)

    own = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=last_year)
    assert own.design.method == "last_year"
    change = wide["D5"][[2018, 2019, 2020]].mean(axis=1) - wide["D5"][2017]
    assert own.row("D5")["estimate"] == pytest.approx(change["VN-CT"] - change.drop("VN-CT").mean())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("VN-XX", 2018), "no unit 'VN-XX'"),
        (("VN-CT", 2011), "0 year.* needs 2"),
        (("VN-CT", 2012), "1 year.* needs 2.*base year.*method='did'"),
        (("VN-CT", 2018, 2030), "end 2030 is not within"),
        (("VN-CT", 2018, 2016), "lies before the start"),
        (("VN-CT", 2030), "start 2030 is not within"),
        (("VN-CT",), "first year of the programme"),
        (([], 2018), "at least one unit"),
        (({"VN-CT": 2018}, 2018), "not both"),
        (("VN-13", 2018, 2020), "score of VN-13 in D2, 2018"),
    ],
)
def test_impossible_questions_are_refused_with_the_way_out(panel, arguments, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.programme_impact(panel, *arguments)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "magic"}, "method is one of"),
        ({"without": ["VN-CT"]}, "left out of its own donors"),
        ({"without": ["VN-XX"]}, "no unit 'VN-XX'"),
        ({"level": 2}, "between 0 and 1"),
        ({"method": "common_weights", "before": (2016, 2016)}, "needs 2"),
    ],
)
def test_impossible_settings_are_refused(panel, settings, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.programme_impact(panel, "VN-CT", 2018, 2020, **settings)


def test_few_donors_are_said_and_their_floor_with_them(panel) -> None:
    keep = {"VN-CT", "VN-HN", "VN-HP", "VN-DN", "VN-SG", "VN-01"}
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, without=[u for u in panel.units if u not in keep])
    words = pa.remarks(answer)
    assert "only 5 donors" in words
    assert "0.167" in words
    assert answer.table[["p", "p_joint", "low", "high"]].isna().all().all()
    assert "cannot tell" in pa.sentence(answer)
    with pytest.raises(pa.SpecError, match="at least 3"):
        pa.programme_impact(panel, "VN-CT", 2018, 2020, without=[u for u in panel.units if u != "VN-CT"])
    gone = panel.scores.copy()
    gone[np.arange(63) != panel.position("unit", "VN-CT"), 8] = np.nan
    with pytest.raises(pa.SpecError, match="0 donors have all the cells"):
        pa.programme_impact(replace(panel, scores=gone), "VN-CT", 2018, 2020)


def test_simulated_scores_mark_the_answer(simulated) -> None:
    assert pa.programme_impact(simulated(8), "VN-CT", 2018, 2020).simulated
