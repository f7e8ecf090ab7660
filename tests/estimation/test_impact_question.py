"""What the panel knows of a question is heeded: other programmes, the start, an earlier programme, weights, labels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from reference import panel_of

import papi_analysis as pa

YEARS, DIMENSIONS = range(2001, 2011), ["a", "b"]


def made(rng: int = 0, units: int = 40, treated: int = 20, effect: float = 2.0, start: int = 2006) -> pa.Panel:
    """So many units get the same programme, worth the same to each of them."""
    names = [f"u{i:02d}" for i in range(units)]
    cells = pd.MultiIndex.from_product([names, YEARS, DIMENSIONS], names=["unit", "year", "dimension"]).to_frame(
        index=False
    )
    on = cells["unit"].isin(names[:treated]) & (cells["year"] >= start)
    noise = np.random.default_rng(rng).normal(0, 0.3, len(cells))
    return pa.Panel.from_frames(cells.assign(score=5 + noise + effect * on), cells.assign(completion=on * 1.0))


@pytest.fixture(scope="module")
def real(panel) -> pa.Panel:
    return panel


@pytest.fixture(scope="module")
def regions() -> dict[str, str]:
    return pa.papi.load_units().set_index("unit")["region"].to_dict()


# Other programmes


@pytest.mark.parametrize("method", ["lagged_outcome", "did", "common_weights", "synthetic_control", "synthetic_did"])
def test_units_with_a_programme_are_no_donors_and_are_named(method) -> None:
    answer = pa.programme_impact(made(), "u00", 2006, method=method)
    assert answer.row("mean")["estimate"] == pytest.approx(2.0, abs=0.25)
    assert answer.table["units"].tolist() == [21] * 3
    told = next(line for line in pa.remarks(answer).splitlines() if line.startswith("Not among the donors"))
    assert told.endswith(": " + ", ".join(f"u{i:02d}" for i in range(1, 20)) + ".")
    assert not set(answer.design.weights["unit"]) & {f"u{i:02d}" for i in range(20)}
    assert not set(answer.cells["unit"]) & {f"u{i:02d}" for i in range(1, 20)}


def test_a_programme_after_the_years_used_leaves_a_donor_in() -> None:
    panel = made(start=2008)
    assert pa.programme_impact(panel, "u30", 2005, 2007).table["units"].iloc[0] == 40
    assert pa.programme_impact(panel, "u30", 2005, 2008).table["units"].iloc[0] == 20


def test_nobody_without_a_programme_is_refused_with_the_way_out() -> None:
    with pytest.raises(pa.SpecError, match=r"38 have completion above 0 between 2001 and 2010 and 1 have none.*slopes"):
        pa.programme_impact(made(treated=39), "u00", 2006)
    with pytest.raises(pa.SpecError, match=r"Choose an end before the others started"):
        pa.programme_impact(made(treated=40), "u00", 2006, method="did")


# The start


@pytest.mark.parametrize(
    ("unit", "start", "words"),
    [
        ("u00", 2004, "no completion above 0 for u00 before 2006, after the start that was asked for (2004)"),
        ("u00", 2008, "completion above 0 for u00 from 2006, before the start that was asked for (2008)"),
        ("u30", 2006, "no completion above 0 for u30 up to 2010: it is asked as if it had a programme"),
    ],
)
def test_a_start_that_does_not_fit_the_completion_is_said(unit, start, words) -> None:
    assert words in pa.remarks(pa.programme_impact(made(), unit, start))


def test_a_start_that_fits_needs_no_words() -> None:
    assert "completion above 0" not in pa.remarks(pa.programme_impact(made(), "u00", 2006))


# An earlier programme


def test_an_earlier_programme_within_the_years_matched_is_said(real) -> None:
    words = "Can Tho had an earlier programme in 2015-2017"
    assert words in pa.remarks(pa.programme_impact(real, "VN-CT", 2018, 2020))
    assert words not in pa.remarks(pa.programme_impact(real, "VN-CT", 2018, 2020, before=(2011, 2014)))
    assert "earlier programme" not in pa.remarks(pa.programme_impact(real, "VN-HN", 2018, 2020))


def test_any_panel_may_know_of_earlier_programmes() -> None:
    panel = made()
    known = pd.DataFrame(
        {"unit": ["u00", "u00", "u31"], "period_start": ["2003", 2006, 2001], "period_end": [2004, "", 2002]}
    )
    frames = panel.frame()
    again = pa.Panel.from_frames(
        frames[["unit", "year", "dimension", "score"]], frames.drop(columns="score"), known_programmes=known
    )
    assert "u00 had an earlier programme in 2003-2004" in pa.remarks(pa.programme_impact(again, "u00", 2006))
    rows = pa.impact_robustness(again, "u00", 2006).set_index("choice")
    assert rows.filter(like="earlier programme", axis=0).index.tolist() == [
        "Matched on the years before its earlier programme (2003-2004) only",
        "Matched on the years of its earlier programme (2003-2004) only",
        "With its earlier programme: both as one, from 2003 (the earlier one ended in 2004)",
    ]
    with pytest.raises(pa.DataError, match="known_programmes"):
        pa.Panel.from_frames(
            frames[["unit", "year", "dimension", "score"]],
            frames.drop(columns="score"),
            known_programmes=known.assign(period_start="soon"),
        )


def test_what_is_no_plan_makes_no_programme() -> None:
    panel = made()
    frames = panel.frame()
    acts = pd.DataFrame(
        {
            "unit": ["u00", "u31", "u32", "u32"],
            "period_start": [2003, 2006, 2006, 2006],
            "period_end": [2004, 2007, 2007, 2007],
            "instrument": ["speech", "plan", "conference", "advice"],
            "plan": [0, 1, 0, 0],
        }
    )
    again = pa.Panel.from_frames(
        frames[["unit", "year", "dimension", "score"]], frames.drop(columns="score"), known_programmes=acts
    )
    said = pa.remarks(pa.programme_impact(again, "u00", 2006))
    assert "in these years: u31." in said
    assert "earlier programme" not in said
    rows = pa.impact_robustness(again, "u00", 2006, draws=9).set_index("choice")
    plain, without = (
        rows.loc[f"Lagged-outcome adjustment{more}", "units"] for more in ("", ", known programmes left out")
    )
    assert without == plain - 1
    with pytest.raises(pa.DataError, match=r"plan.*outside 0 to 1.*Write 1 for a plan"):
        pa.Panel.from_frames(
            frames[["unit", "year", "dimension", "score"]],
            frames.drop(columns="score"),
            known_programmes=acts.assign(plan=2),
        )


def test_a_study_with_scores_of_its_own_knows_of_no_other_programmes(real) -> None:
    assert real.known_programmes["unit"].eq("VN-CT").sum() == 3
    assert real.known_programmes["plan"].tolist() == pa.papi.load_known_programmes()["plan"].tolist()
    assert made().known_programmes.empty


# Peers


def test_peers_are_the_ten_that_stood_nearest_in_the_base_year(real) -> None:
    for method in ("lagged_outcome", "lee_wooldridge"):
        answer = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method, base_year=2016)
        total = pd.Series(real.scores[:, 5].sum(axis=1), index=real.units)
        kept = total[np.isfinite(real.scores).all(axis=(1, 2))]
        nearest = (kept - kept["VN-CT"]).abs().drop("VN-CT").sort_values().index[:10]
        nobody = replace(real, completion=np.zeros_like(real.completion))
        found = [pa.programme_impact(nobody, unit, 2018, 2020, method=method).table["estimate"] for unit in nearest]
        assert answer.table["peers"].to_numpy() == pytest.approx(np.mean(found, axis=0), abs=1e-9)


def test_peers_of_several_units_follow_the_programme_of_their_own(real) -> None:
    nobody = replace(real, completion=np.zeros_like(real.completion))
    starts = {"VN-CT": 2018, "VN-HN": 2016}
    answer = pa.programme_impact(nobody, starts, end=2020, draws=9)
    kept = np.isfinite(real.scores).all(axis=(1, 2))
    gaps, years = [], []
    for unit, start in starts.items():
        stood = pd.Series(real.scores[:, real.position("year", start - 1)].mean(axis=1), index=real.units)[kept]
        nearest = (stood - stood[unit]).abs().drop(list(starts)).sort_values().index[:10]
        for peer in nearest:
            gaps.append(pa.programme_impact(nobody, peer, start, 2020).row("mean")["estimate"])
            years.append(2021 - start)
    assert answer.row("mean")["peers"] == pytest.approx(np.average(gaps, weights=years), abs=1e-9)


def test_a_base_year_after_the_start_is_refused(real) -> None:
    with pytest.raises(pa.SpecError, match="base year 2018 does not lie before the start 2018"):
        pa.programme_impact(real, "VN-CT", 2018, 2020, base_year=2018)


# Weights


@pytest.fixture(scope="module")
def sizes(real) -> dict[str, float]:
    return dict(zip(real.units, np.random.default_rng(8).uniform(1, 9, len(real.units)), strict=True))


@pytest.mark.parametrize("method", ["lagged_outcome", "did"])
def test_weighted_gaps_are_weighted_least_squares_with_the_units_dummy(real, sizes, method) -> None:
    answer = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method, weights=sizes)
    kept = np.isfinite(real.scores).all(axis=(1, 2))
    names, Y = np.array(real.units)[kept], real.scores[kept]
    w = np.array([sizes[name] for name in names])
    rows = answer.engines[0]
    for unit in ("VN-CT", "VN-HN"):
        scores = rows.scores[rows.units[:, 0] == real.position("unit", unit)][0]
        for k in range(6):
            level, last, after = Y[:, :7, k].mean(axis=1), Y[:, 6, k], Y[:, 7:, k].mean(axis=1)
            x = (
                [np.ones(len(w)), level, last, names == unit]
                if method == "lagged_outcome"
                else [np.ones(len(w)), names == unit]
            )
            y = after if method == "lagged_outcome" else after - level
            fit = sm.WLS(y, np.column_stack(x).astype(float), weights=w).fit()
            assert scores[k] == pytest.approx(fit.params[-1], abs=1e-10)


@pytest.mark.parametrize("method", ["lagged_outcome", "did"])
def test_equal_weights_change_nothing_and_a_weight_of_two_is_two_units(real, method) -> None:
    plain = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method).table
    equal = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method, weights=dict.fromkeys(real.units, 3.0)).table
    pd.testing.assert_frame_equal(plain, equal)
    order = [*range(len(real.units)), real.position("unit", "VN-HN")]
    doubled = replace(
        real,
        scores=real.scores[order],
        completion=real.completion[order],
        units=(*real.units, "twin"),
    )
    twice = pa.programme_impact(
        real, "VN-CT", 2018, 2020, method=method, weights={unit: 1 + (unit == "VN-HN") for unit in real.units}
    ).table
    two = pa.programme_impact(doubled, "VN-CT", 2018, 2020, method=method).table
    assert twice["estimate"].to_numpy() == pytest.approx(two["estimate"].to_numpy(), abs=1e-10)


@pytest.mark.parametrize("method", ["lagged_outcome", "did"])
def test_several_units_count_by_their_weights_and_the_interval_inverts(real, sizes, method) -> None:
    units = ["VN-CT", "VN-HN"]
    ask = {"method": method, "weights": sizes, "draws": 99}
    answer = pa.programme_impact(real, units, 2018, 2020, **ask)
    alone = [
        pa.programme_impact(real, unit, 2018, 2020, **ask, without=[u for u in units if u != unit]).row("D2")[
            "estimate"
        ]
        for unit in units
    ]
    assert answer.row("D2")["estimate"] == pytest.approx(np.average(alone, weights=[sizes[u] for u in units]))
    fan = answer.engines[0]
    scores = real.scores.copy()
    scores[[real.position("unit", unit) for unit in units], 7:] -= 1.5
    again = pa.programme_impact(replace(real, scores=scores), units, 2018, 2020, **ask).engines[0]
    np.testing.assert_allclose(again.scores, fan.scores - 1.5 * fan.responses, atol=1e-10)


def test_weighted_difference_in_differences_of_staggered_starts_by_loops() -> None:
    """Homicides in fifty states, a state counting by its population; two-way effects by population give 7.55."""
    data = pytest.importorskip("causaldata").castle.load_pandas().data
    long = data.assign(unit=data["sid"].astype(str), score=100 * np.log(data["homicide"].astype(float)))
    long = long.assign(dimension="homicide", completion=long["post"])
    key = ["unit", "year", "dimension"]
    panel = pa.Panel.from_frames(long[[*key, "score"]], long[[*key, "completion"]])
    starts = long.query("post == 1").groupby("unit")["year"].min().to_dict()
    people = long.groupby("unit")["popwt"].mean().astype(float)
    wide = long.pivot(index="unit", columns="year", values="score")
    donors = wide.drop(index=list(starts))
    path = donors.mul(people[donors.index], axis=0).sum() / people[donors.index].sum()
    total = weight = 0.0
    for unit, start in starts.items():
        net = wide.loc[unit] - path
        total += people[unit] * (net.loc[start:] - net.loc[: start - 1].mean()).sum()
        weight += people[unit] * len(net.loc[start:])
    answer = pa.programme_impact(panel, starts, method="did", weights=people.to_dict(), draws=199)
    assert answer.row("homicide")["estimate"] == pytest.approx(total / weight, abs=1e-10)
    assert total / weight == pytest.approx(7.55, abs=1)


def test_a_weight_of_zero_leaves_a_unit_out(real) -> None:
    weights = {unit: float(unit != "VN-44") for unit in real.units}
    weighted = pa.programme_impact(real, "VN-CT", 2018, 2020, weights=weights).table
    without = pa.programme_impact(real, "VN-CT", 2018, 2020, without=["VN-44"]).table
    pd.testing.assert_frame_equal(weighted, without)


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        ({"VN-HN": -2.0}, {}, r"weight of VN-HN is -2.0\. Weights are at least 0"),
        ({"VN-HN": None}, {}, "weights has no number for VN-HN"),
        ({"VN-HN": "many"}, {}, "weights has no number for VN-HN"),
        ({"VN-HN": np.inf}, {}, "weights has no number for VN-HN"),
        ({"VN-CT": 0.0}, {}, "weights are 0 for VN-CT"),
        ("all zero", {}, "weights are 0 for"),
        ({}, {"method": "synthetic_control"}, "only these methods let units count by weights: lagged_outcome, did"),
    ],
)
def test_weights_that_cannot_be_are_refused_with_the_way_out(real, sizes, change, settings, words) -> None:
    weights = {unit: float(unit == "VN-CT") for unit in real.units} if change == "all zero" else sizes | change
    with pytest.raises(pa.SpecError, match=words):
        pa.programme_impact(real, "VN-CT", 2018, 2020, weights=weights, **settings)


# Labels


def test_strata_let_the_programme_fall_on_units_with_the_same_label_only(real, regions) -> None:
    whole = pa.programme_impact(real, "VN-CT", 2018, 2020)
    answer = pa.programme_impact(real, "VN-CT", 2018, 2020, strata=regions, level=0.9)
    fan = answer.engines[0]
    alike = [i for i, unit in enumerate(real.units) if regions[unit] == regions["VN-CT"]]
    complete = np.isfinite(real.scores).all(axis=(1, 2))
    assert sorted(fan.units[:, 0]) == [i for i in alike if complete[i]]
    assert answer.table["estimate"].tolist() == pytest.approx(whole.table["estimate"].tolist())
    assert answer.row("D1")["floor"] == pytest.approx(1 / len(fan.units))
    reached = np.abs(fan.scores) >= np.abs(fan.scores[0]) - 1e-12
    assert answer.table["p"].iloc[:6].tolist() == pytest.approx(reached.mean(axis=0).tolist())
    several = pa.programme_impact(real, ["VN-CT", "VN-HN"], 2018, 2020, strata=regions, draws=9999).engines[0]
    labels = np.array([regions[unit] for unit in real.units])[several.units]
    assert {tuple(sorted(row)) for row in labels} == {tuple(sorted((regions["VN-CT"], regions["VN-HN"])))}


@pytest.mark.parametrize("method", ["lagged_outcome", "did", "common_weights"])
def test_within_a_region_is_the_answer_of_a_panel_cut_to_it(real, regions, method) -> None:
    answer = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method, within=regions)
    others = [unit for unit in real.units if regions[unit] != regions["VN-CT"]]
    cut = pa.programme_impact(real, "VN-CT", 2018, 2020, method=method, without=others)
    assert answer.table["estimate"].to_numpy() == pytest.approx(cut.table["estimate"].to_numpy(), abs=1e-9)
    assert answer.table["units"].iloc[0] == 60  # ranked among all, each within its own region
    hanoi = replace(real, completion=np.zeros_like(real.completion))
    others = [unit for unit in real.units if regions[unit] != regions["VN-HN"]]
    alone = pa.programme_impact(hanoi, "VN-HN", 2018, 2020, method=method, without=others).table["estimate"]
    fan = answer.engines[0]
    row = fan.scores[fan.units[:, 0] == real.position("unit", "VN-HN")][0]
    assert row == pytest.approx(alone.iloc[:6].to_numpy(), abs=1e-9)


def test_what_moved_a_region_is_no_gap_within_it(real, regions) -> None:
    scores = real.scores.copy()
    scores[np.array([regions[unit] == regions["VN-CT"] for unit in real.units]), 7:] += 2.0
    moved = replace(real, scores=scores)
    gaps = {
        name: [pa.programme_impact(data, "VN-CT", 2018, 2020, **ask).row("mean")["estimate"] for data in (real, moved)]
        for name, ask in {"all": {}, "within": {"within": regions}}.items()
    }
    assert gaps["within"][1] == pytest.approx(gaps["within"][0], abs=1e-9)
    assert gaps["all"][1] > gaps["all"][0] + 1


@pytest.mark.parametrize("argument", ["strata", "within"])
def test_labels_that_cannot_be_are_refused_with_the_way_out(real, regions, argument) -> None:
    short = {unit: label for unit, label in regions.items() if unit != "VN-HN"}
    with pytest.raises(pa.SpecError, match=rf"{argument} has no label for VN-HN\. Give every unit one"):
        pa.programme_impact(real, "VN-CT", 2018, 2020, **{argument: short})
    with pytest.raises(pa.SpecError, match=rf"{argument} has no label for VN-HN"):
        pa.programme_impact(real, "VN-CT", 2018, 2020, **{argument: short | {"VN-HN": None}})
    lonely = regions | {"VN-CT": "alone"}
    words = {"strata": "no unit shares its stratum", "within": "VN-CT has 0 other unit.* with the label alone; 3 are"}
    with pytest.raises(pa.SpecError, match=words[argument]):
        pa.programme_impact(real, "VN-CT", 2018, 2020, **{argument: lonely})
    with pytest.raises(pa.SpecError, match="Join"):
        pa.programme_impact(real, ["VN-CT", "VN-HN"], 2018, 2020, **{argument: lonely | {"VN-HN": "too"}})


def test_the_exact_t_knows_no_groups(real, regions) -> None:
    with pytest.raises(pa.SpecError, match="exact t inference of lee_wooldridge compares all units"):
        pa.programme_impact(real, "VN-CT", 2018, 2020, method="lee_wooldridge", within=regions)


def labelled(few):
    """Twelve units, u00 with a programme in the last two of six years; the last ``few`` have another label."""
    rng = np.random.default_rng(3)
    done = np.zeros((12, 6, 1))
    done[0, 4:] = 0.5
    return panel_of(rng.normal(size=(12, 6, 1)), done), {f"u{i:02}": "a" if i < 12 - few else "b" for i in range(12)}


def test_units_whose_label_is_rare_are_named():
    panel, labels = labelled(2)
    answer = pa.programme_impact(panel, "u00", 2005, within=labels)
    assert "because too few units have their label: u10, u11." in pa.remarks(answer)
    panel, labels = labelled(5)
    assert "have their label" not in pa.remarks(pa.programme_impact(panel, "u00", 2005, within=labels))


def test_donors_whose_completion_is_not_known_in_a_year_that_is_used_are_counted():
    panel, _ = labelled(0)
    done = panel.completion.copy()
    done[3, 5] = done[4, 0] = np.nan
    panel = replace(panel, completion=done)
    assert "Whether 2 unit(s) among the donors" in pa.remarks(pa.programme_impact(panel, "u00", 2005))
    assert "Whether 1 unit(s) among the donors" in pa.remarks(
        pa.programme_impact(panel, "u00", 2005, before=(2002, 2004))
    )


# The years after


METHODS = ["lagged_outcome", "did", "lee_wooldridge", "common_weights", "synthetic_control", "synthetic_did"]


@pytest.mark.parametrize("method", METHODS)
def test_one_year_after_is_that_year_with_the_years_between_on_neither_side(real, method) -> None:
    """The same numbers as a start in that year, matched on the years before the true one."""
    whole = [u for u, own in zip(real.units, real.scores, strict=True) if np.isfinite(own).all()]
    panel = replace(real, completion=np.zeros_like(real.completion))
    settings = {"method": method, "without": [u for u in real.units if u not in whole]}
    asked = pa.programme_impact(panel, "VN-CT", 2018, 2020, after=(2020, 2020), **settings)
    by_hand = pa.programme_impact(panel, "VN-CT", 2020, 2020, before=(2011, 2017), **settings)
    pd.testing.assert_frame_equal(asked.table.drop(columns="peers"), by_hand.table.drop(columns="peers"))
    every = pa.programme_impact(panel, "VN-CT", 2018, 2020, **settings)
    if method != "synthetic_did":  # its weights of years look at the years after
        pd.testing.assert_frame_equal(asked.cells, every.cells)
        own = every.cells[(every.cells["row"] == 0) & (every.cells["year"] == 2020)].set_index("dimension")["gap"]
        assert asked.table.set_index("dimension")["estimate"].iloc[:6].to_numpy() == pytest.approx(own.to_numpy())
    assert (asked.design.after, every.design.after) == ((2020, 2020), (2018, 2020))


def test_years_after_that_are_all_of_them_change_nothing(real) -> None:
    plain = pa.programme_impact(real, {"VN-CT": 2018, "VN-HN": 2016}, end=2020, method="did", draws=99)
    asked = pa.programme_impact(
        real, {"VN-CT": 2018, "VN-HN": 2016}, end=2020, method="did", draws=99, after=(2016, 2020)
    )
    pd.testing.assert_frame_equal(asked.table, plain.table)
    assert asked.design.after == (2016, 2020)


def test_the_mean_of_two_years_after_is_the_mean_of_their_gaps(real) -> None:
    each = [pa.programme_impact(real, "VN-CT", 2018, 2020, after=(y, y)).table["estimate"] for y in (2018, 2019)]
    both = pa.programme_impact(real, "VN-CT", 2018, 2020, after=(2018, 2019)).table["estimate"]
    assert both.to_numpy() == pytest.approx(((each[0] + each[1]) / 2).to_numpy())


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"after": (2016, 2017)}, "years outside 2018-2020: those of the programme"),
        ({"after": (2019, 2024)}, "years outside 2018-2020: those of the programme"),
        ({"after": (2017, 2019)}, "years outside 2018-2020: those of the programme"),
        ({"after": (2020, 2050)}, "years outside 2018-2020: those of the programme"),
        ({"before": (2012, 2018)}, "years outside 2011-2017: those of the panel before the start"),
        ({"before": (1980, 2015)}, "years outside 2011-2017: those of the panel before the start"),
    ],
)
def test_years_that_cannot_count_are_refused(real, named, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.programme_impact(real, "VN-CT", 2018, 2020, **named)


def test_first_years_may_stand_in_a_series(real) -> None:
    starts = {"VN-CT": 2018, "VN-HN": 2016}
    ask = partial(pa.programme_impact, real, end=2020, method="did", draws=99)
    assert ask(pd.Series(starts)) == ask(starts)
    assert ask(pd.Series(list(starts)), 2018) == ask(list(starts), 2018)


def test_donors_that_move_alike_are_said(real) -> None:
    scores = real.scores.copy()
    others = np.arange(len(scores)) != real.position("unit", "VN-CT")
    scores[others, :, 1] = 5 + np.arange(scores.shape[1]) / 8 + np.arange(others.sum())[:, None] / 64
    words = "D2: all donors move alike there"
    ask = partial(pa.programme_impact, unit="VN-CT", start=2018, end=2020, method="did")
    assert any(words in note for note in ask(replace(real, scores=scores)).notes)
    assert not any("move alike" in note for note in ask(real).notes)


def test_years_without_a_survey_may_be_named(real) -> None:
    kept = np.flatnonzero([year not in (2012, 2016, 2019) for year in real.years])
    panel = real._part(slice(None), kept, slice(None))
    ask = partial(pa.programme_impact, panel, "VN-CT", method="did")
    asked = ask(2016, 2020, before=(2012, 2016), after=(2016, 2019)).table
    assert asked.equals(ask(2017, 2020, before=(2013, 2015), after=(2017, 2018)).table)


def test_years_after_without_a_year_of_every_programme_are_refused(real) -> None:
    with pytest.raises(pa.SpecError, match="of the programme of VN-HN, which runs from 2019"):
        pa.programme_impact(real, {"VN-CT": 2018, "VN-HN": 2019}, end=2020, method="did", after=(2018, 2018))
