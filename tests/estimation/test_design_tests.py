"""What a comparison presumes, tested on other units: against statsmodels, scipy and the published scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import papi_analysis as pa
from papi_analysis.estimation.design_tests import between_groups, carry_over, pitman_morgan


@pytest.fixture(scope="module")
def regions() -> dict[str, str]:
    return pa.papi.load_units().set_index("unit")["region"].to_dict()


@pytest.fixture(scope="module")
def answer(panel, regions) -> pa.Estimates:
    return pa.design_tests(panel, "VN-CT", 2018, 2020, regions=regions)


def test_the_published_scores(answer) -> None:
    """The six dimensions of 60 provinces, means of 2018-2020 against those before, worked out apart from this code."""
    table = answer.table.set_index("dimension")
    each = table.iloc[:6]
    assert each["carry_over"].tolist() == pytest.approx([0.85, 0.64, 0.35, 0.64, 0.29, 0.48], abs=0.015)
    assert each["spread_ratio"].round(2).tolist() == [0.89, 0.79, 0.69, 0.70, 0.89, 0.77]
    assert each["spread_p"].round(3).tolist() == pytest.approx([0.20, 0.008, 0.003, 0, 0.33, 0.011], abs=0.005)
    assert each["between"].round(2).tolist() == [0.25, 0.13, 0.20, 0.17, 0.35, 0.08]
    assert table.loc["mean", "between_p"] < 0.001
    assert table.loc["mean", ["rank_volatility", "units"]].tolist() == [6, 60]


def test_slopes_and_errors_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    slope, error = carry_over(x, x / 2 + y)
    for k in range(2):
        fit = sm.OLS(x[:, k] / 2 + y[:, k], sm.add_constant(x[:, k])).fit()
        assert [slope[k], error[k]] == pytest.approx([fit.params[1], fit.bse[1]])


def test_equal_spreads_are_judged_by_the_correlation_of_sum_and_difference() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3))
    y = 0.6 * x + rng.normal(size=(40, 3))
    spread = pitman_morgan(x, y)
    assert spread.p == pytest.approx([stats.pearsonr(x[:, k] + y[:, k], y[:, k] - x[:, k])[1] for k in range(3)])
    assert spread.ratio == pytest.approx(np.std(y, axis=0) / np.std(x, axis=0))
    alarms = [pitman_morgan(*rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 30).T[:, :, None]).p[0] <= 0.05
              for _ in range(500)]  # fmt: skip
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.03)


def test_shares_between_groups_are_those_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(4), [9, 5, 12, 6])
    values = rng.normal(size=(32, 2)) + np.array([[0, 0], [0, 1.5], [0, 0], [0, -1]])[codes]
    shares, p = between_groups(values, codes, 4999, 3)
    for k in range(2):
        parts = [values[codes == code, k] for code in range(4)]
        F, by_f = stats.f_oneway(*parts)
        assert shares[k] == pytest.approx(F * 3 / (F * 3 + 28))
        assert p[k] == pytest.approx(by_f, abs=0.02)
    assert shares[2] == pytest.approx(shares[:2].mean())


def test_a_spread_that_a_redesign_shrinks_is_told_with_its_ratio(panel) -> None:
    scores = panel.scores.copy()
    mean = np.nanmean(scores, axis=0, keepdims=True)
    scores[:, 7:] = (mean + 0.5 * (scores - mean))[:, 7:]
    squeezed = replace(panel, scores=scores)
    plain, half = (pa.design_tests(data, "VN-CT", 2018, 2020).table for data in (panel, squeezed))
    assert half["spread_ratio"].to_numpy() == pytest.approx(plain["spread_ratio"].to_numpy() / 2, rel=0.01)
    assert half["carry_over"].to_numpy() == pytest.approx(plain["carry_over"].to_numpy() / 2, rel=0.01)
    words = pa.remarks(pa.programme_impact(squeezed, "VN-CT", 2018, 2020)).splitlines()
    told = [line for line in words if line.startswith("A redesign can change the spread")]
    assert told == [line for line in told if "across 2018 it became 0.35 to 0.45 of what it was" in line]
    assert len(told) == 1


def test_each_break_is_measured_with_as_many_years_on_both_sides(panel, answer) -> None:
    row = answer.cells.set_index(["dimension", "year"]).loc[("D1", 2016)]
    kept = np.isfinite(panel.scores).all(axis=(1, 2))
    early, late = (
        panel.scores[kept, 3:5, 0].mean(axis=1),
        panel.scores[kept, 5:7, 0].mean(axis=1),
    )  # to the break of 2018
    assert row["spread_ratio"] == pytest.approx(late.std() / early.std())


def test_the_sentence_in_both_languages(answer, panel) -> None:
    assert pa.sentence(answer).endswith(
        "Regions hold 20% of the variance of the changes (p < 0.001 for all dimensions together)."
    )
    assert "xếp thứ 6 trong 60" in pa.sentence(answer, language="vi")
    assert "Regions" not in pa.sentence(pa.design_tests(panel, "VN-CT", 2018, 2020))
    shown = pa.table(answer, language="vi")
    assert isinstance(shown, pd.DataFrame)
    assert "Phần lợi thế còn lại" in shown.columns


def test_what_cannot_be_tested_is_refused(panel, regions) -> None:
    del (short := dict(regions))["VN-HN"]
    with pytest.raises(pa.SpecError, match=r"regions has no label for VN-HN\. Give every unit one\."):
        pa.design_tests(panel, "VN-CT", 2018, 2020, regions=short)
    with pytest.raises(pa.SpecError, match="whole number"):
        pa.design_tests(panel, "VN-CT", 2018, 2020, regions=regions, draws=0)


@pytest.mark.parametrize("label", [lambda i: "one for all", lambda i: i])
def test_regions_that_leave_nothing_to_test_are_refused(panel, label):
    with pytest.raises(pa.SpecError, match="regions must have at least two labels"):
        pa.design_tests(panel, "VN-CT", 2018, regions={unit: label(i) for i, unit in enumerate(panel.units)})


def test_a_start_between_surveys_is_the_next_survey_as_for_the_gap(panel):
    kept = [t for t, year in enumerate(panel.years) if year != 2018]
    panel = replace(
        panel,
        scores=panel.scores[:, kept],
        completion=panel.completion[:, kept],
        years=tuple(year for year in panel.years if year != 2018),
    )
    between, at = (pa.design_tests(panel, "VN-CT", start).table for start in (2018, 2019))
    pd.testing.assert_frame_equal(between, at)


@pytest.mark.parametrize("wrong", [{"regions": ["a"]}, {"unit": ["VN-CT"]}, {"start": "2018"}, {"panel": 5}])
def test_wrong_kinds_are_answered_kindly(panel, wrong):
    with pytest.raises(pa.SpecError):
        pa.design_tests(**{"panel": panel, "unit": "VN-CT", "start": 2018, **wrong})
