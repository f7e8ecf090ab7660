"""Which inference is chosen, what is refused, and that one engine gives p, joint p and interval."""

from __future__ import annotations

import dataclasses
import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest
from reference import panel_of
from scipy import stats

import papi_analysis as pa
from papi_analysis.estimation.inference import FALSE_ALARMS, Clustered, measured_rates
from papi_analysis.estimation.multiplicity import holm
from papi_analysis.estimation.specification import Specification, equations


@pytest.fixture(scope="module")
def real(panel) -> pa.Panel:
    return panel


def tiny(N: int = 6, T: int = 5, programmes: int = 1, alike: bool = False, seed: int = 0) -> pa.Panel:
    """N units, T years, two dimensions; the first units have programmes in the last two years."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [range(N), range(2000, 2000 + T), ["A", "B"]], names=["unit", "year", "dimension"]
    )
    frame = index.to_frame(index=False)
    frame["unit"] = "u" + frame["unit"].astype(str)
    frame["score"] = rng.normal(5, 1, len(frame)).round(3)
    late = frame["year"] >= 2000 + T - 2
    treated = frame["unit"].isin([f"u{i}" for i in range(programmes)])
    path = 0.25 * (frame["year"] - (2000 + T - 3)) + 0.1 * (frame["dimension"] == "B")
    own = 0.0 if alike else 0.04 * frame["unit"].str[1:].astype(int)
    frame["completion"] = np.where(late & treated, path + own, 0.0)
    return pa.Panel.from_frames(frame.drop(columns="completion"), frame.drop(columns="score"))


@pytest.mark.parametrize(("form", "units", "engine"), [
    ("imputation", 1, "reassignment"), ("imputation", 8, "reassignment"), ("imputation", 30, "reassignment"),
    ("levels", 1, "reassignment"), ("levels", 8, "reassignment"), ("levels", 63, "bootstrap"),
])  # fmt: skip
def test_auto_reassigns_but_for_two_way_slopes_that_many_units_carry(simulated, form, units, engine) -> None:
    answer = pa.completion_slopes(simulated(units), form=form, draws=99)
    assert answer.design.inference == engine
    assert answer.design.programme_units == units
    assert answer.design.compared == 63
    assert min(0.6 * units, 20) < answer.design.effective <= units + 1e-9
    assert ("within" in set(answer.table["dimension"])) == (units == 1)
    words = pa.remarks(answer)
    assert ("cells that no programme touched" in words) == (form == "imputation")
    assert ("de Chaisemartin" in words) == (form == "levels")
    assert ("units have a programme; by the completion that each brings they count as" in words) == (units > 1)


def test_units_that_hardly_began_do_not_count_as_many_programmes() -> None:
    """Twenty programmes of which two went far: what two units carry is not judged as what twenty carry."""
    rng = np.random.default_rng(5)
    C = np.zeros((60, 8, 1))
    C[:20, 5:] = 0.02
    C[:2, 5:] = 0.9
    panel = panel_of(rng.normal(5, 1, (60, 8, 1)), C)
    for form in ("imputation", "levels"):
        answer = pa.completion_slopes(panel, form=form, draws=99)
        assert answer.design.programme_units == 20
        assert answer.design.effective < 3
        assert answer.design.inference == "reassignment"
        with pytest.raises(pa.SpecError, match="bootstrap cannot judge"):
            pa.completion_slopes(panel, form=form, inference="bootstrap")
    # By hand: 2 units of 3 x .81 and 18 of 3 x .0004.
    w = np.repeat([2.43, 0.0012], [2, 18])
    effective = pa.completion_slopes(panel, draws=99).design.effective
    assert effective == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_programmes_in_few_clusters_are_not_judged_by_the_bootstrap(simulated) -> None:
    """Eight programmes in two regions are two things that happened, not eight."""
    panel = simulated(8)
    have = np.nan_to_num(panel.completion).max(axis=(1, 2)) > 0
    regions = {unit: i % 2 if has else 2 + i % 10 for i, (unit, has) in enumerate(zip(panel.units, have, strict=True))}
    with pytest.raises(pa.SpecError, match="strata"):
        pa.completion_slopes(panel, clusters=regions)
    answer = pa.completion_slopes(panel, clusters=regions, override=True, draws=99)
    assert answer.design.inference == "bootstrap"
    assert answer.design.effective <= 2
    assert "12 clusters" in pa.remarks(answer)
    with pytest.raises(pa.SpecError, match="give strata"):
        pa.completion_slopes(panel, clusters=regions, inference="reassignment")


def test_the_floor_of_one_programme_is_one_over_all_units_gaps_or_not(real) -> None:
    """Every unit could have had the programme, so every one takes part, with the cells that it has."""
    answer = pa.completion_slopes(real)
    assert answer.table["floor"].iloc[:7].tolist() == pytest.approx([1 / 63] * 7)
    assert len(answer.draws) == 63
    assert answer.table["floor"].iloc[7] == pytest.approx(1 / 61)  # within: the units with all 2018-2020 cells


def test_whoever_has_the_programme_ranks_once_at_each_place(real) -> None:
    """Exact under random assignment: over all units in turn, p takes each multiple of 1/63 about once."""
    path = real.completion[real.position("unit", "VN-CT")]
    p = []
    for i in range(0, 63, 7):
        C = np.zeros_like(real.completion)
        C[i] = path
        given = pa.Panel(real.scores, C, real.units, real.years, real.dimensions, real.breaks, ())
        p.append(pa.completion_slopes(given).table["p"].iloc[:6].to_numpy())
    C = np.zeros_like(real.completion)
    C[0] = path
    everyone = pa.completion_slopes(pa.Panel(real.scores, C, real.units, real.years, real.dimensions, real.breaks, ()))
    ranks = 1 + (np.abs(everyone.draws)[None] > np.abs(everyone.draws)[:, None] * (1 + 1e-9)).sum(axis=1)
    for k in range(6):
        own = np.sort(np.array(p)[:, k] * 63).round()
        assert set(own) <= set(ranks[:, k].astype(float))
        assert len(set(own)) == len(own)


def test_each_reassignment_is_the_same_regression_with_another_unit_treated(real) -> None:
    """Oracle: hand the whole programme to another unit and fit again with statsmodels."""
    import statsmodels.formula.api as smf

    answer = pa.completion_slopes(real, form="levels")
    path = real.completion[real.position("unit", "VN-CT")]
    drawn = np.sort(np.abs(answer.draws[:, 3]))
    for unit in ("VN-HN", "VN-59"):
        frame = real.frame().query("dimension == 'D4'").dropna().copy()
        years = {year: path[t, 3] for t, year in enumerate(real.years)}
        frame["completion"] = np.where(frame["unit"] == unit, frame["year"].map(years), 0.0)
        groups = frame["unit"].astype("category").cat.codes
        fit = smf.ols("score ~ completion + C(unit) + C(year)", frame).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
        t = abs(fit.params["completion"] / fit.bse["completion"])
        assert np.abs(drawn - t).min() < 1e-8 * t


@pytest.mark.parametrize("units", [1, 8, 20])
def test_p_joint_p_and_interval_come_from_one_engine(simulated, units) -> None:
    answer = pa.completion_slopes(simulated(units), draws=499)
    each = answer.table.iloc[:6]
    engine = answer.engines[0]
    assert each["p"].to_numpy() == pytest.approx(engine.p)
    assert each["p_joint"].to_numpy() == pytest.approx(engine.p_joint)
    can = 6 * engine.floor.min() <= 0.05  # one programme among 63 units cannot
    assert each["p_holm"].to_numpy() == pytest.approx(holm(engine.p) if can else np.full(6, np.nan), nan_ok=True)
    assert (each["p_joint"] >= each["p"] - 1e-12).all()
    for level in (0.9, 0.95):
        ends = answer.interval(level).iloc[:6]
        excludes_zero = (ends["low"] > 0) | (ends["high"] < 0)
        # an interval is the hull of the values not rejected: what it leaves out is rejected
        assert (each["p"][excludes_zero] <= 1 - level + 1e-12).all()
    wide = answer.interval(0.95, simultaneous=True).iloc[:6]
    assert (wide["low"] <= each["low"] + 1e-9).all()
    assert (wide["high"] >= each["high"] - 1e-9).all()


def test_an_interval_at_the_tables_level_is_the_tables(real) -> None:
    answer = pa.completion_slopes(real, level=0.9)
    ends = answer.interval(0.9)
    assert ends[["low", "high"]].to_numpy() == pytest.approx(answer.table[["low", "high"]].to_numpy())
    assert answer.level == 0.9


@pytest.mark.parametrize(("form", "units"), [("imputation", 8), ("imputation", 19), ("levels", 1), ("levels", 8)])
def test_usual_errors_are_refused_below_twenty_units_and_printed_beside_their_rate(simulated, form, units) -> None:
    panel = simulated(units)
    with pytest.raises(pa.SpecError, match="clustered standard errors are not valid") as refusal:
        pa.completion_slopes(panel, form=form, inference="clustered")
    answer = pa.completion_slopes(panel, form=form, inference="clustered", override=True)
    case, one, family = measured_rates(answer.design.effective)
    assert case <= answer.design.effective <= units + 1e-9
    assert f"{one:.0%}" in str(refusal.value)
    assert "inference='auto'" in str(refusal.value)
    assert answer.table["p"].notna().all()
    assert f"{one:.0%}" in pa.remarks(answer)
    assert f"{family:.0%}" in pa.remarks(answer)


def test_the_bootstrap_is_refused_below_five_units(real) -> None:
    with pytest.raises(pa.SpecError, match="inference='reassignment'"):
        pa.completion_slopes(real, inference="bootstrap")


def test_usual_inference_is_statsmodels(simulated) -> None:
    import statsmodels.formula.api as smf

    panel = simulated(63)
    answer = pa.completion_slopes(panel, inference="clustered", level=0.9)
    frame = panel.frame().query("dimension == 'D2'").dropna()
    groups = frame["unit"].astype("category").cat.codes
    fit = smf.ols("score ~ completion + C(unit) + C(year)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True}, use_t=True
    )
    row = answer.row("D2")
    assert row["p"] == pytest.approx(fit.pvalues["completion"], rel=1e-8)
    assert [row["low"] * 10, row["high"] * 10] == pytest.approx(fit.conf_int(0.1).loc["completion"].tolist(), rel=1e-8)


def test_usual_family_by_hand() -> None:
    family = Clustered(np.array([1.0, 3.0]), np.array([[1.0, 0.5], [0.5, 4.0]]), df=10)
    assert family.p == pytest.approx(2 * stats.t.sf([1.0, 1.5], 10))
    assert family.mean_slope().coefficients == pytest.approx([2.0])
    assert family.mean_slope().standard_errors == pytest.approx([np.sqrt(6.0) / 2])
    # difference 2, variance 1 + 4 - 2 * 0.5 = 4: F = 1 with 1 and 10 degrees of freedom
    assert family.equality_p() == pytest.approx(stats.f.sf(1.0, 1, 10))
    half = stats.t.isf(0.05 / 4, 10)
    assert family.interval(0.95, simultaneous=True)[0] == pytest.approx([1 - half, 1 + half])


@pytest.mark.parametrize("units", [1, 8, 20])
@pytest.mark.parametrize("form", ["imputation", "levels"])
def test_errors_clustered_by_fewer_than_20_programme_units_are_not_printed(simulated, units, form, tmp_path) -> None:
    answer = pa.completion_slopes(simulated(units), form=form, draws=99)
    spread = form == "imputation" and units == 1  # not clustered: how far the slope varies over the units
    printed = answer.table.loc[answer.table["dimension"] != "within", "se"].notna()
    assert printed.all() == printed.any() == (spread or units == 20)
    assert ("No standard error clustered by unit" in pa.remarks(answer)) == (not printed.any())
    pa.save_table(answer, tmp_path / "slopes.csv")
    shown = (tmp_path / "slopes.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert ("Standard error" in shown) == (units == 20)  # a spread over units is none


def test_programmes_that_followed_the_same_path_are_one_kind_of_programme() -> None:
    answer = pa.completion_slopes(tiny(N=12, programmes=6, alike=True))
    assert answer.design.compared == 12
    assert len(answer.draws) == 924  # places of six among twelve


def test_a_floor_above_the_size_prints_no_p_value() -> None:
    answer = pa.completion_slopes(tiny(N=6, programmes=1))
    assert answer.table.iloc[:3][["p", "p_joint", "low", "high", "detectable"]].isna().all().all()
    assert answer.table["floor"].iloc[0] == pytest.approx(1 / 6)
    assert answer.table["estimate"].notna().all()
    assert "0.167" in pa.remarks(answer)
    assert answer.tests.empty
    assert answer.interval(0.8).iloc[:3].notna().all().all()  # 1/6 lies below 0.2
    assert "cannot tell" in pa.sentence(answer)


def test_an_attainable_size_below_the_nominal_one_is_said() -> None:
    answer = pa.completion_slopes(tiny(N=33, programmes=1))
    assert "0.030" in pa.remarks(answer)  # 1/33 is the largest multiple of 1/33 at or below 0.05


def test_strata_and_exclusion_shrink_what_is_compared(real) -> None:
    regions = pa.papi.load_units().set_index("unit")["region"].to_dict()
    delta = [unit for unit, region in regions.items() if region == regions["VN-CT"]]
    within = pa.completion_slopes(real, strata=regions, level=0.9)
    assert within.table["floor"].iloc[0] == pytest.approx(1 / len(delta))
    without = pa.completion_slopes(real, excluded=["VN-73", "VN-52"])
    assert without.table["floor"].iloc[0] == pytest.approx(1 / 61)
    with pytest.raises(pa.SpecError, match="excluded"):
        pa.completion_slopes(real, excluded=["VN-CT"])
    with pytest.raises(pa.SpecError, match="strata has no label"):
        pa.completion_slopes(real, strata={"VN-CT": 1})


def concentrated(real, even: bool, rng) -> pa.Panel:
    """Published scores that hold nothing; 20 programmes, of which two, or all, bring most of their completion."""
    C, start = np.zeros_like(real.completion), real.position("year", 2018)
    for place, unit in enumerate(rng.choice(63, 20, replace=False)):
        most = 1.0 if even or place < 2 else 0.05
        C[unit, start:] = most * np.sort(rng.random((len(real.years) - start, 6)), axis=0)
    return dataclasses.replace(real, completion=C)


def with_slopes(family, sizes):
    """The draws as they are where slopes are put into the scores: a draw is linear in them."""
    moved = dataclasses.replace(family, coefficients=family.coefficients + sizes)
    if family.cov11.any():
        return moved
    shown = family.slope0 + moved.coefficients * family.slope1  # one error for all draws: their spread
    covariance = np.cov(np.vstack([shown, moved.coefficients]).T, bias=True)
    return dataclasses.replace(moved, covariance=covariance, cov00=np.broadcast_to(covariance, family.cov00.shape))


def share_found(real, settings, even: bool, panels: int) -> tuple[float, float]:
    """How often exactly the detectable slopes are found, by each p and by the joint one; put in all at once."""
    own, joint = [], []
    for seed in range(panels):
        panel = concentrated(real, even, np.random.default_rng(seed))
        answer = pa.completion_slopes(panel, draws=199, rng=seed, **settings)
        sizes = answer.table[["detectable", "detectable_jointly"]].iloc[:6].to_numpy(dtype=float) * 10
        half = (answer.table["high"] - answer.table["low"]).iloc[:6].to_numpy(dtype=float) / 2
        assert (sizes[:, 0] >= 10 * half - 1e-9).all()
        own.append(with_slopes(answer.engines[0], sizes[:, 0]).p <= 0.05)
        joint.append(with_slopes(answer.engines[0], sizes[:, 1]).p_joint <= 0.05)
    return float(np.mean(own)), float(np.mean(joint))


@pytest.mark.parametrize("form", ["imputation", "levels"])
def test_slopes_put_into_the_draws_are_slopes_put_into_the_scores(real, form) -> None:
    panel = concentrated(real, False, np.random.default_rng(0))
    before = pa.completion_slopes(panel, form=form, draws=99)
    sizes = 10 * before.table["detectable"].iloc[:6].to_numpy(dtype=float)
    moved = dataclasses.replace(panel, scores=panel.scores + sizes * panel.completion)
    asked, engine = pa.completion_slopes(moved, form=form, draws=99).table.iloc[:6], before.engines[0]
    assert asked["p"].to_numpy() == pytest.approx(with_slopes(engine, sizes).p)
    assert asked["p_joint"].to_numpy() == pytest.approx(with_slopes(engine, sizes).p_joint)


@pytest.mark.parametrize("even", [True, False])
def test_detectable_is_what_it_says(real, even) -> None:
    """Put into published scores that hold nothing, it is found about four times in five, by each p and jointly."""
    own, joint = share_found(real, {}, even, 12)
    assert 0.65 <= own <= 0.95
    assert 0.65 <= joint <= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("form", ["imputation", "levels"])
@pytest.mark.parametrize("even", [True, False])
def test_detectable_is_found_four_times_in_five(real, even, form) -> None:
    own, joint = share_found(real, {"form": form}, even, 150)
    assert 0.72 <= own <= 0.88
    assert 0.72 <= joint <= 0.88


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(real, simulated) -> None:
    panel = simulated(20)
    first, again, other = (pa.completion_slopes(panel, draws=199, rng=seed).table["low"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    exact, also = (pa.completion_slopes(real, rng=seed).table for seed in (1, 2))
    pd.testing.assert_frame_equal(exact, also)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"inference": "magic"}, "'auto', 'bootstrap'"),
        ({"draws": 0}, "at least 1"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"lags": 1}, "no setting 'lags'"),
        ({"form": "ratios"}, "'levels' or 'differences'"),
        ({"lag": 0.5}, "whole number"),
        ({"lag": 20}, "fewer than two"),
        ({"years": (2016, 2016)}, "fewer than two"),
        ({"years": (2011, 2017)}, "completion above 0"),
        ({"controls": ["gdp"]}, "no control 'gdp'"),
        ({"years": (2018, 2030)}, "last year 2030 is not within"),
    ],
)
def test_impossible_questions_are_refused_with_the_way_out(real, arguments, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.completion_slopes(real, **arguments)


def test_measured_rates_rise_as_units_fall() -> None:
    counts = sorted(FALSE_ALARMS)
    for few, more in itertools.pairwise(counts):
        assert FALSE_ALARMS[few][0] >= FALSE_ALARMS[more][0]
        assert FALSE_ALARMS[few][1] >= FALSE_ALARMS[more][1]
    assert measured_rates(4)[0] == 3


def controlled(N: int = 30, T: int = 6) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(8)
    index = pd.MultiIndex.from_product([range(N), range(T), ["A", "B"]], names=["unit", "year", "dimension"])
    frame = index.to_frame(index=False).assign(year=lambda f: f["year"] + 2000)
    frame["unit"] = "u" + frame["unit"].astype(str).str.zfill(2)
    frame["completion"] = np.where(frame["year"] >= 2003, rng.random(len(frame)), 0.0)
    wealth = frame[["unit", "year"]].drop_duplicates().assign(wealth=lambda f: rng.normal(size=len(f)))
    frame = frame.merge(wealth, on=["unit", "year"])
    frame["score"] = 5 + 0.7 * frame["completion"] + 0.4 * frame["wealth"] + rng.normal(0, 0.3, len(frame))
    key = ["unit", "year", "dimension"]
    return frame[[*key, "score"]], frame[[*key, "completion"]], wealth


@pytest.mark.parametrize("inference", ["auto", "reassignment", "clustered"])
def test_controls_and_lagged_score_equal_statsmodels(inference) -> None:
    import statsmodels.formula.api as smf

    scores, done, wealth = controlled()
    panel = pa.Panel.from_frames(scores, done, controls=wealth)
    asked = {"form": "levels", "controls": "wealth", "lagged_score": True}
    answer = pa.completion_slopes(panel, inference=inference, override=True, draws=99, **asked)
    frame = scores.merge(done, on=["unit", "year", "dimension"]).merge(wealth, on=["unit", "year"])
    frame = frame[frame["dimension"] == "B"].sort_values(["unit", "year"])
    frame["before"] = frame.groupby("unit")["score"].shift()
    frame = frame.dropna()
    groups = frame["unit"].astype("category").cat.codes
    fit = smf.ols("score ~ completion + wealth + before + C(unit) + C(year)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    row = answer.row("B")
    assert row["estimate"] * 10 == pytest.approx(fit.params["completion"], rel=1e-10)
    assert row["se"] * 10 == pytest.approx(fit.bse["completion"], rel=1e-10)


def test_a_collinear_control_is_named() -> None:
    scores, done, wealth = controlled()
    wealth["twice"] = 2 * wealth["wealth"]
    panel = pa.Panel.from_frames(scores, done, controls=wealth)
    with pytest.raises(pa.SpecError, match="twice"):
        pa.completion_slopes(panel, controls=["wealth", "twice"])


def test_eras_use_their_years_alone() -> None:
    scores, done, _ = controlled()
    panel = pa.Panel.from_frames(scores, done)
    late = pa.completion_slopes(panel, years=(2002, 2005), draws=99).table
    cut = pa.Panel.from_frames(scores[scores["year"] >= 2002], done[done["year"] >= 2002])
    alone = pa.completion_slopes(cut, draws=99).table
    assert late["estimate"].to_numpy() == pytest.approx(alone["estimate"].to_numpy(), rel=1e-10)


def test_a_unit_with_a_single_cell_is_said_and_changes_no_slope() -> None:
    scores, done, _ = controlled()
    lone = (scores["unit"] == "u03") & (scores["dimension"] == "A") & (scores["year"] > 2000)
    with_lone = pa.Panel.from_frames(scores[~lone], done)
    gone = (scores["unit"] == "u03") & (scores["dimension"] == "A")
    without = pa.Panel.from_frames(scores[~gone], done)
    first, second = (pa.completion_slopes(panel, draws=99) for panel in (with_lone, without))
    assert first.row("A")["estimate"] == pytest.approx(second.row("A")["estimate"], rel=1e-10)
    assert "a single cell" in pa.remarks(first)


def test_a_specification_is_frozen_and_update_copies() -> None:
    spec = Specification()
    later = spec.update(lag=1)
    assert (spec.lag, later.lag) == (0, 1)
    with pytest.raises(AttributeError):
        spec.lag = 2  # type: ignore[misc]


def test_lags_take_the_completion_of_that_year() -> None:
    scores, done, _ = controlled()
    panel = pa.Panel.from_frames(scores, done)
    eq = equations(panel, Specification(lag=1))
    assert eq.C[:, 1:] == pytest.approx(panel.completion[:, 1:-1])
    assert eq.y == pytest.approx(panel.scores[:, 1:])
    lead = equations(panel, Specification(lag=-1))
    untouched = (panel.completion > 0).any(axis=2).cumsum(axis=1)[:, :-1, None] == 0
    assert pytest.approx(np.where(untouched, panel.completion[:, 1:], 0.0)) == lead.C
    assert lead.y == pytest.approx(np.where(untouched, panel.scores[:, :-1], np.nan), nan_ok=True)
    changes = equations(panel, Specification(form="differences"))
    assert changes.y == pytest.approx(np.diff(panel.scores, axis=1))


@pytest.mark.parametrize("form", ["imputation", "levels"])
def test_unknown_completion_of_the_one_programme_leaves_its_cells_out(real, form) -> None:
    """For the two-way slope those of all units; an imputed gap is its own, so there is none where nothing is known."""
    C = real.completion.copy()
    t, k = real.position("year", 2018), 2
    C[real.position("unit", "VN-CT"), t, k] = np.nan
    hole = pa.Panel(real.scores, C, real.units, real.years, real.dimensions, real.breaks, ())
    answer = pa.completion_slopes(hole, form=form)
    assert ("1 pair(s) of year and dimension are left out" in pa.remarks(answer)) == (form == "levels")
    scores = real.scores.copy()
    scores[:, t, k] = np.nan
    without = pa.Panel(scores, real.completion, real.units, real.years, real.dimensions, real.breaks, ())
    cut = pa.completion_slopes(without, form=form)
    assert answer.row("D3")["estimate"] == pytest.approx(cut.row("D3")["estimate"], rel=1e-10)
    assert answer.row("D3")["n"] == real.usable[:, :, k].sum() - (1 if form == "imputation" else 63)


@pytest.mark.parametrize("name", ["mean", "within"])
def test_a_dimension_cannot_have_the_name_of_a_family_row(name) -> None:
    frame = pd.DataFrame({"unit": ["a", "b"] * 2, "year": [1, 1, 2, 2], "dimension": name, "score": 5.0})
    with pytest.raises(pa.SpecError, match="cannot be called"):
        pa.Panel.from_frames(frame, frame.drop(columns="score").assign(completion=0.0))


def test_draws_too_few_for_the_level_are_told_from_units_too_few(panel) -> None:
    """With 10 draws no p-value falls below 1/11; 19 suffice for 0.05 and 99 for 0.01. Seven units are too few."""
    ask = partial(pa.programme_impact, panel, ["VN-CT", "VN-HN"], 2018, method="did")
    few = ask(draws=10)
    assert few.table["p"].isna().all()
    assert "with 10 draw(s) none can fall below 0.091, above 0.05. Ask with draws=19 or more." in " ".join(few.notes)
    assert "with only 10 draws" in pa.sentence(few)
    assert "units" not in pa.sentence(few)
    assert ask(draws=19).table["p"].notna().all()
    assert "draws=99 or more" in " ".join(ask(draws=19, level=0.99).notes)
    units = pa.programme_impact(panel.only(units=panel.units[:7]), panel.units[0], 2018, method="did")
    assert "with so few units" in pa.sentence(units)
    assert not any("draws" in note for note in units.notes)


def test_the_measured_case_is_said_beside_the_one_at_hand(panel) -> None:
    answer = pa.completion_slopes(panel, inference="clustered", override=True)
    note = next(note for note in answer.notes if note.startswith("Usual clustered"))
    assert "With 1 programme unit(s), the nearest measured case to the 1.0 that count here" in note
    with pytest.raises(pa.SpecError, match="with 1, the nearest measured case, they call noise significant in 78%"):
        pa.completion_slopes(panel, inference="clustered")
