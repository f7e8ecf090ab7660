"""The question of impact, asked by a stranger: slow second computations, gaps in data, strange units and methods."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

import papi_analysis as pa
from papi_analysis.estimation.counterfactuals import ESTIMATORS, difference_in_differences
from papi_analysis.estimation.designs import Weights
from papi_analysis.estimation.multiplicity import holm

DIMENSIONS = ["D1", "D2", "D3", "D4", "D5", "D6"]
BEFORE, AFTER = list(range(2011, 2018)), [2018, 2019, 2020]
JUDGED_BY_PLACEBOS = [name for name in ESTIMATORS if name != "lee_wooldridge"]


@pytest.fixture(scope="module")
def answers(panel) -> dict[str, pa.Estimates]:
    return {name: pa.programme_impact(panel, "VN-CT", 2018, 2020, method=name) for name in ESTIMATORS}


@pytest.fixture(scope="module")
def paths() -> dict[str, pd.DataFrame]:
    """For each dimension the complete provinces (rows) by year, from the published scores."""
    scores = pa.papi.load_scores().query("year <= 2020 and dimension in @DIMENSIONS")
    wide = scores.pivot(index="unit", columns=["dimension", "year"], values="score").dropna()
    return {name: wide[name] for name in DIMENSIONS}


def untouched(panel: pa.Panel) -> pa.Panel:
    """The panel without any completion, so that each unit may be asked about with all others as donors."""
    return replace(panel, completion=np.zeros_like(panel.completion))


def with_scores(panel: pa.Panel, scores: np.ndarray) -> pa.Panel:
    return replace(panel, scores=scores)


def plus(panel: pa.Panel, unit: str, first: int, gap: float | np.ndarray) -> pa.Panel:
    """The panel with a gap put into a unit's scores from a year on."""
    scores = panel.scores.copy()
    scores[panel.position("unit", unit), panel.position("year", first) :] += gap
    return with_scores(panel, scores)


def only(panel: pa.Panel, dimensions: list[str]) -> pa.Panel:
    places = [panel.position("dimension", name) for name in dimensions]
    return replace(
        panel,
        scores=panel.scores[:, :, places],
        completion=panel.completion[:, :, places],
        dimensions=tuple(dimensions),
    )


def complete_units(panel: pa.Panel) -> list[str]:
    return [u for u, cells in zip(panel.units, panel.scores, strict=True) if np.isfinite(cells).all()]


def did(path: pd.DataFrame, start: int = 2018, end: int = 2020) -> dict[str, float]:
    """Difference in differences of each unit the long way: one loop over donors."""
    changes = {name: row.loc[start:end].mean() - row.loc[: start - 1].mean() for name, row in path.iterrows()}
    others = len(changes) - 1
    return {unit: own - (sum(changes.values()) - own) / others for unit, own in changes.items()}


# Slow second computations


def test_every_rank_and_every_joint_p_value_by_loops(answers, paths) -> None:
    """Step down by hand: the largest statistic against all six maxima, the next against the five that are left."""
    gaps = pd.DataFrame({name: did(path) for name, path in paths.items()})
    size = (gaps / np.sqrt((gaps**2).mean() - gaps.mean() ** 2)).abs()
    table = answers["did"].table.set_index("dimension")
    left, reached = list(DIMENSIONS), 0.0
    while left:
        largest = size.loc["VN-CT", left].idxmax()
        count = sum(max(size.loc[u, left]) >= size.loc["VN-CT", largest] - 1e-9 for u in size.index)
        reached = max(reached, count / len(size))
        assert table.loc[largest, "p_joint"] == pytest.approx(reached)
        rank = sum(size.loc[u, largest] >= size.loc["VN-CT", largest] - 1e-9 for u in size.index)
        assert table.loc[largest, "p"] == pytest.approx(rank / len(size))
        left.remove(largest)
    means = gaps.mean(axis=1)
    assert table.loc["mean", "p"] == pytest.approx((means.abs() >= abs(means["VN-CT"]) - 1e-9).mean())
    assert table["units"].tolist() == [60] * 7


def test_lee_wooldridge_of_two_units_and_of_the_mean_is_statsmodels(panel, paths) -> None:
    answer = pa.programme_impact(panel, ["VN-HN", "VN-CT"], 2018, 2020, method="lee_wooldridge")
    change = {name: path[AFTER].mean(axis=1) - path[BEFORE].mean(axis=1) for name, path in paths.items()}
    change["mean"] = sum(change.values()) / 6
    for name, one in change.items():
        fit = sm.OLS(one, sm.add_constant(one.index.isin(["VN-CT", "VN-HN"]).astype(float))).fit()
        row = answer.row(name)
        expected = [fit.params.iloc[1], fit.bse.iloc[1], *fit.conf_int().iloc[1], fit.pvalues.iloc[1]]
        assert row[["estimate", "se", "low", "high", "p"]].tolist() == pytest.approx(expected)
    assert "58 degrees" in pa.remarks(answer)


def slow_weights(C: np.ndarray, ridge: float = 0.0) -> np.ndarray:
    """Minimise ||w'C||^2 + ridge ||w||^2 over the simplex; ``C`` (donors, cells) are distances to the unit."""
    found = minimize(
        lambda w: ((w @ C) ** 2).sum() + ridge * (w**2).sum(),
        np.full(len(C), 1 / len(C)),
        jac=lambda w: 2 * C @ (w @ C) + 2 * ridge * w,
        bounds=[(0, 1)] * len(C),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-15},
    )
    return np.asarray(found.x)


def test_common_weights_are_as_good_as_a_slow_solver(answers, paths) -> None:
    """One vector for all dimensions: distances to the unit, net of unit means, laid end to end in standard units."""
    distances = []
    for path in paths.values():
        net = path[BEFORE].sub(path[BEFORE].mean(axis=1), axis=0)
        donors = net.drop(index="VN-CT")
        spread = np.sqrt(((donors - donors.mean()) ** 2).to_numpy().mean())
        distances.append((donors - net.loc["VN-CT"]).to_numpy() / spread)
    C = np.hstack(distances)
    chosen = answers["common_weights"].design.weights.pivot(index="unit", columns="dimension", values="weight")
    assert chosen.nunique(axis=1).eq(1).all()
    w = chosen["D1"].reindex(paths["D1"].index.drop("VN-CT")).fillna(0).to_numpy()
    assert w.sum() == pytest.approx(1)
    assert w.min() >= 0
    assert ((w @ C) ** 2).sum() <= ((slow_weights(C) @ C) ** 2).sum() + 1e-8
    for name, path in paths.items():
        gap = path.loc["VN-CT"] - w @ path.drop(index="VN-CT")
        assert answers["common_weights"].row(name)["estimate"] == pytest.approx(gap[AFTER].mean() - gap[BEFORE].mean())


def test_synthetic_did_is_its_slow_two_steps(answers, paths) -> None:
    """Weights of donors with their ridge, then of years, then the doubly weighted difference in differences."""
    for name in ("D2", "D4"):
        path = paths[name]
        own, donors = path.loc["VN-CT"], path.drop(index="VN-CT")
        changes = donors[BEFORE].diff(axis=1).iloc[:, 1:].to_numpy()
        ridge = np.sqrt(3) * changes.var(ddof=1) * 7
        apart = (donors[BEFORE] - own[BEFORE]).to_numpy()
        omega = slow_weights(apart - apart.mean(axis=1, keepdims=True), ridge)
        years = donors[BEFORE].sub(donors[AFTER].mean(axis=1), axis=0).to_numpy()
        lamda = slow_weights((years - years.mean(axis=0)).T)
        gap = own - omega @ donors
        expected = gap[AFTER].mean() - lamda @ gap[BEFORE]
        assert answers["synthetic_did"].row(name)["estimate"] == pytest.approx(expected, abs=2e-4)


def test_what_a_placebo_shows_is_what_its_unit_would_have_been_told(panel, answers) -> None:
    """Any row of the fan is the answer to the same question about that unit."""
    for method in JUDGED_BY_PLACEBOS:
        cells = answers[method].cells
        unit = cells.loc[cells["row"] == 17, "unit"].iloc[0]
        direct = pa.programme_impact(untouched(panel), unit, 2018, 2020, method=method)
        for answer, row in ((answers[method].cells, 17), (direct.cells, 0)):
            late = answer[(answer["row"] == row) & (answer["year"] >= 2018)].groupby("dimension")["gap"].mean()
            assert late.to_numpy() == pytest.approx(direct.table["estimate"].iloc[:6].to_numpy(), abs=1e-9)
        assert set(cells["unit"]) == set(complete_units(panel))


@pytest.mark.parametrize("method", [name for name in ESTIMATORS if name != "synthetic_did"])
def test_fit_is_the_root_mean_square_of_what_is_left_before(answers, method) -> None:
    """Free of a constant, as these estimators are; synthetic difference in differences weights its years."""
    own = answers[method].cells.query("row == 0 and year < 2018").pivot(
        index="year", columns="dimension", values="gap"
    )  # fmt: skip
    squares = (own**2).mean()
    assert answers[method].table["fit"].to_numpy() == pytest.approx(np.sqrt([*squares, squares.mean()]), abs=1e-9)
    assert own.mean().to_numpy() == pytest.approx(0, abs=1e-9)


def test_weights_belong_to_donors_and_sum_to_one(panel) -> None:
    left_out = ["VN-44", "VN-HN"]
    for method in ESTIMATORS:
        answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method, without=left_out)
        weights = answer.design.weights
        assert weights.groupby("dimension")["weight"].sum().to_numpy() == pytest.approx(1, abs=1e-6)
        assert not set(weights["unit"]) & {"VN-CT", *left_out}
        assert not set(answer.cells["unit"]) & set(left_out)
        assert answer.row("D1")["units"] == 58


# Inference


@pytest.mark.parametrize(
    ("method", "row", "settings"),
    [
        ("common_weights", "mean", {"level": 0.9}),
        ("did", "D3", {"treated_as_donor": False}),
        ("synthetic_control", "D6", {"before": (2013, 2017)}),
        ("lee_wooldridge", "mean", {}),
    ],
)
def test_an_interval_holds_the_gaps_that_are_not_rejected(panel, method, row, settings) -> None:
    """Take a gap out of the unit's scores and ask again: rejected just outside, not rejected just inside."""

    def p_without(gap: float) -> float:
        answer = pa.programme_impact(plus(panel, "VN-CT", 2018, -gap), "VN-CT", 2018, 2020, method=method, **settings)
        return float(answer.row(row)["p"])

    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method, **settings)
    low, high = answer.row(row)[["low", "high"]]
    assert low < answer.row(row)["estimate"] < high
    size = 1 - settings.get("level", 0.95) + 1e-9
    assert min(p_without(low + 1e-6), p_without(high - 1e-6)) > size
    assert max(p_without(low - 1e-6), p_without(high + 1e-6)) <= size


def test_a_treated_unit_that_may_be_a_donor_shows_in_the_placebos_and_no_other_does(panel) -> None:
    """A programme of 40 points: placebos whose counterfactual holds a share of it fall by that share."""

    def others(data: pa.Panel, allowed: bool) -> np.ndarray:
        cells = pa.programme_impact(data, "VN-CT", 2018, 2020, method="did", treated_as_donor=allowed).cells
        return cells.query("row > 0 and year >= 2018")["gap"].to_numpy()

    moved = plus(panel, "VN-CT", 2018, 40.0)
    assert others(moved, True) - others(panel, True) == pytest.approx(-40 / 59)
    assert others(moved, False) == pytest.approx(others(panel, False), abs=1e-12)


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_another_level_is_another_interval_of_the_same_answer(panel, answers, method) -> None:
    at_80 = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method, level=0.8)
    derived = answers[method].interval(0.8)
    pd.testing.assert_frame_equal(derived, at_80.table[["dimension", "low", "high"]])
    assert at_80.table["p"].tolist() == answers[method].table["p"].tolist()
    together = answers[method].interval(0.8, simultaneous=True)
    assert (together["low"] <= derived["low"]).all()
    assert (together["high"] >= derived["high"]).all()
    assert (together["high"] - together["low"])[:6].mean() > 1.1 * (derived["high"] - derived["low"])[:6].mean()
    width = {level: answers[method].interval(level).eval("high - low") for level in (0.5, 0.8, 0.95)}
    assert (width[0.5] <= width[0.8]).all()
    assert (width[0.8] <= width[0.95]).all()


def test_beyond_the_floor_there_is_neither_p_nor_interval(panel, answers) -> None:
    strict = pa.programme_impact(panel, "VN-CT", 2018, 2020, level=0.99)
    assert strict.table[["p", "p_joint", "low", "high", "detectable"]].isna().all().all()
    assert strict.table["estimate"].tolist() == answers["lagged_outcome"].table["estimate"].tolist()
    assert "No p-value or interval is printed" in pa.remarks(strict)
    assert answers["lagged_outcome"].interval(0.99)[["low", "high"]].isna().all().all()
    assert answers["lee_wooldridge"].interval(0.99).notna().all().all()


@pytest.mark.parametrize(("units", "printed"), [(20, True), (19, False)])
def test_twenty_units_are_the_fewest_that_can_reject_at_five_per_cent(panel, units, printed) -> None:
    kept = {"VN-CT", *[u for u in complete_units(panel) if u != "VN-CT"][: units - 1]}
    large = plus(panel, "VN-CT", 2018, 3.0)
    answer = pa.programme_impact(large, "VN-CT", 2018, 2020, without=[u for u in panel.units if u not in kept])
    table = answer.table
    assert table["floor"].iloc[:6].tolist() == pytest.approx([1 / units] * 6)
    assert table["p"].notna().all() == printed
    if printed:
        assert table["p"].tolist() == pytest.approx([0.05] * 7)
        assert (table["low"] > 0).all()
        assert np.isfinite(table[["low", "high", "detectable"]].to_numpy(dtype=float)).all()


@pytest.mark.parametrize("method", JUDGED_BY_PLACEBOS)
def test_of_sixty_programmes_that_never_were_three_may_cry_wolf(panel, answers, method) -> None:
    """Whoever is treated, the sixty rows are the same; a few are asked directly to hold them to that."""
    scores = answers[method].engines[0].scores
    largest = (np.abs(scores) / scores.std(axis=0)).max(axis=1)
    smallest_p = np.array([(largest >= one * (1 - 1e-9)).mean() for one in largest])
    assert (smallest_p <= 0.05 + 1e-12).sum() == 3
    named = answers[method].cells.drop_duplicates("row")["unit"]
    for row in [*np.argsort(smallest_p)[2:4], 0]:
        direct = pa.programme_impact(untouched(panel), named.iloc[row], 2018, 2020, method=method)
        assert direct.table["p_joint"].min() == pytest.approx(smallest_p[row])


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_a_gap_put_in_comes_out(panel, answers, method) -> None:
    gap = np.array([0.4, -0.3, 0.9, 0.0, 1.5, -0.8])
    again = pa.programme_impact(plus(panel, "VN-CT", 2018, gap), "VN-CT", 2018, 2020, method=method)
    moved = again.table["estimate"].iloc[:6] - answers[method].table["estimate"].iloc[:6]
    assert moved.to_numpy() == pytest.approx(gap, abs=1e-9)
    assert again.row("mean")["estimate"] == pytest.approx(answers[method].row("mean")["estimate"] + gap.mean())


# What must not matter


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_what_moves_everyone_and_the_order_of_things_do_not_matter(panel, answers, method) -> None:
    numbers = ["estimate", "se", "low", "high", "p", "p_joint", "fit"]
    plain = answers[method].table.set_index("dimension")[numbers].to_numpy(dtype=float)
    shock = np.random.default_rng(5).normal(size=(1, len(panel.years), 6))
    shifted = pa.programme_impact(with_scores(panel, panel.scores + shock), "VN-CT", 2018, 2020, method=method)
    if method != "synthetic_did":  # a common shock raises its measure of noise, as in the paper
        assert shifted.table[numbers].to_numpy(dtype=float) == pytest.approx(plain, abs=1e-6, nan_ok=True)
    order = np.random.default_rng(6).permutation(63)
    mixed = replace(
        only(panel, DIMENSIONS[::-1]),
        scores=panel.scores[order][:, :, ::-1],
        completion=panel.completion[order][:, :, ::-1],
        units=tuple(panel.units[i] for i in order),
    )
    other = pa.programme_impact(mixed, "VN-CT", 2018, 2020, method=method).table.set_index("dimension")
    again = other.loc[[*DIMENSIONS, "mean"], numbers].to_numpy(dtype=float)
    assert again == pytest.approx(plain, abs=1e-6, nan_ok=True)


def test_completion_that_nobody_knows_moves_no_number_and_is_said(panel, answers) -> None:
    none = replace(panel, completion=np.full_like(panel.completion, np.nan), simulated_tables=())
    answer = pa.programme_impact(none, "VN-CT", 2018, 2020)
    pd.testing.assert_frame_equal(answer.table, answers["lagged_outcome"].table)
    assert "Whether 59 unit(s) among the donors had a programme is not known" in pa.remarks(answer)
    assert "is not known" not in pa.remarks(answers["lagged_outcome"])


def test_years_after_the_end_play_no_part_and_are_shown(panel, answers) -> None:
    scores = panel.scores.copy()
    scores[:, panel.position("year", 2020)] = np.nan
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2020)] = 99.0
    for data in (panel, with_scores(panel, scores)):
        answer = pa.programme_impact(data, "VN-CT", 2018, 2019, method="did")
        late = answers["did"].cells.query("row == 0 and 2018 <= year <= 2019")
        assert answer.table["estimate"].iloc[:6].tolist() == pytest.approx(late.groupby("dimension")["gap"].mean())
        assert answer.design.end == 2019
        assert set(answer.cells["year"]) == set(panel.years)


# Gaps in data


def test_units_with_a_gap_in_the_years_used_are_named_and_not_compared(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-HN"), panel.position("year", 2013), 2] = np.nan
    holed = with_scores(panel, scores)
    answer = pa.programme_impact(holed, "VN-CT", 2018, 2020, without=["VN-54"])
    note = next(line for line in pa.remarks(answer).splitlines() if "lack of cells" in line)
    assert note.endswith(": Quang Ninh, Dong Thap, Hanoi.")  # VN-54 was left out on request
    assert not set(answer.cells["unit"]) & {"VN-13", "VN-45", "VN-HN", "VN-54"}
    assert answer.table["units"].tolist() == [59] * 7
    later = pa.programme_impact(holed, "VN-CT", 2018, 2020, before=(2014, 2017))
    assert "VN-HN" in set(later.cells["unit"])
    assert not any("lack of cells" in line and "VN-HN" in line for line in pa.remarks(later).splitlines())


def test_a_missing_score_of_a_treated_unit_is_refused_by_name(panel) -> None:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2013), 3] = np.nan
    holed = with_scores(panel, scores)
    for unit in ("VN-CT", ["VN-HN", "VN-CT"]):
        with pytest.raises(pa.SpecError, match=r"VN-CT in D4, 2013, was not published.*leave the dimension out"):
            pa.programme_impact(holed, unit, 2018, 2020)
    row = pa.programme_impact(holed, "VN-CT", 2018, before=(2014, 2017)).row("D4")
    assert row.drop("p_holm").notna().all()  # 60 units are too few for Holm over six dimensions
    assert pa.programme_impact(only(holed, ["D1", "D2"]), "VN-CT", 2018).row("D2").notna().all()


def test_no_donor_is_left_by_gaps_or_by_request(panel) -> None:
    scores = panel.scores.copy()
    scores[np.arange(63) != panel.position("unit", "VN-CT"), 0, 0] = np.nan
    holed = with_scores(panel, scores)
    with pytest.raises(pa.SpecError, match=r"0 donors have all the cells.*Use fewer years: before=\(2012, 2017\)"):
        pa.programme_impact(holed, "VN-CT", 2018)
    row = pa.programme_impact(holed, "VN-CT", 2018, before=(2012, 2017)).row("D1")
    assert row.drop("p_holm").notna().all()
    scores[np.arange(63) != panel.position("unit", "VN-CT"), 8, 0] = np.nan
    with pytest.raises(pa.SpecError, match=r"0 donors have all the cells.*Fewer years do not help"):
        pa.programme_impact(with_scores(panel, scores), "VN-CT", 2018)
    two = [u for u in panel.units if u not in ("VN-CT", "VN-HN", "VN-HP")]
    answer = pa.programme_impact(panel, "VN-CT", 2018, method="common_weights", without=two)
    assert answer.row("D1")["floor"] == pytest.approx(1 / 3)
    assert "only 2 donors" in pa.remarks(answer)
    with pytest.raises(pa.SpecError, match=r"1 donors .* at least 2 are needed"):
        pa.programme_impact(panel, "VN-CT", 2018, method="common_weights", without=[*two, "VN-HP"])
    with pytest.raises(pa.SpecError, match=r"2 donors .* at least 3 are needed"):  # a line through two says nothing
        pa.programme_impact(panel, "VN-CT", 2018, without=two)


@pytest.mark.parametrize("donors", [9, 10])
def test_fewer_than_ten_donors_are_said_with_their_floor(panel, donors) -> None:
    kept = {"VN-CT", *[u for u in complete_units(panel) if u != "VN-CT"][:donors]}
    left_out = [u for u in panel.units if u not in kept]
    words = pa.remarks(pa.programme_impact(panel, "VN-CT", 2018, without=left_out))
    assert (f"only {donors} donors" in words) == (donors < 10)
    assert f"{1 / (donors + 1):.3f}, above 0.05" in words
    by_t = pa.remarks(pa.programme_impact(panel, "VN-CT", 2018, without=left_out, method="lee_wooldridge"))
    assert f"{donors - 1} degrees of freedom" in by_t
    assert "smallest p-value" not in by_t  # a t distribution has none


def test_breaks_are_those_between_the_first_year_matched_and_the_end(panel) -> None:
    def crossed(**settings) -> str:
        words = pa.remarks(pa.programme_impact(panel, "VN-CT", method="did", **settings))
        return words.rpartition("changed for all units in ")[2] if "changed for all units" in words else ""

    assert crossed(start=2018).startswith("2015, 2016, 2018.")
    assert crossed(start=2018, before=(2016, 2017)).startswith("2018.")
    assert crossed(start=2017, end=2017, before=(2016, 2016)) == ""


# Bad questions


@pytest.mark.parametrize(
    ("unit", "start", "settings", "words"),
    [
        ("VN-CT", 2018.5, {}, "start is 2018.5; give a year as a whole number"),
        ("VN-CT", "2018", {}, "start is '2018'; give a year as a whole number"),
        ({"VN-CT": None}, None, {}, "start None is not within"),
        ({}, None, {}, "at least one unit"),
        (["VN-CT", "VN-ZZ"], 2018, {}, "no unit 'VN-ZZ'"),
        ({"VN-CT": 2018, "VN-HN": 2012}, None, {}, "starts in 2012 has 1 year.* needs 2"),
        ({"VN-CT": 2018, "VN-HN": 2019}, None, {"end": 2018}, "end 2018 lies before the start 2019"),
        (["VN-CT", "VN-CT"], 2018, {}, "names one twice: VN-CT, VN-CT"),
        (["VN-CT", "VN-HN"], 2018, {"without": ["VN-HN"]}, "VN-HN has the programme"),
        ("VN-CT", 2018, {"without": "VN-CT"}, "VN-CT has the programme"),
        ("VN-CT", 2018, {"before": (1990, 1999)}, "years outside 2011-2017"),
        ("VN-CT", 2018, {"before": (2018, 2020)}, "years outside 2011-2017"),
        ("VN-CT", 2018, {"end": "2020"}, "end is '2020'; give a year as a whole number"),
        ("VN-CT", 2011, {"method": "did"}, "0 year.* needs 1"),
        (["VN-CT", "VN-HN"], 2018, {"draws": 0}, "draws is 0"),
        ({"VN-CT": 2018, "VN-HN": 2016}, None, {"method": "lee_wooldridge"}, "one start for all"),
        ("VN-CT", 2018, {"method": None}, "method is None; give the name of a method, like 'did', or a function"),
    ],
)
def test_strange_questions_are_refused(panel, unit, start, settings, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.programme_impact(panel, unit, start, **settings)


def test_numbers_of_other_kinds_are_the_same_years(panel, answers) -> None:
    again = pa.programme_impact(panel, "VN-CT", np.int64(2018), np.int64(2020), before=(2011, 2017))
    pd.testing.assert_frame_equal(again.table, answers["lagged_outcome"].table)
    assert type(again.design.start) is int
    one = pa.programme_impact(panel, "VN-CT", 2018, without="VN-44")
    assert one.table["units"].iloc[0] == 59


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_a_dimension_in_which_all_move_alike_is_named(panel, method) -> None:
    scores = panel.scores.copy()
    scores[:, :, 2] = scores[:, :1, 2] + np.arange(len(panel.years))
    with pytest.raises(pa.SpecError, match="all units move alike in D3"):
        pa.programme_impact(with_scores(panel, scores), "VN-CT", 2018, method=method)


# A method of one's own


def of_did(change) -> object:
    """A method that gives the weights of difference in differences, changed."""

    def my_method(Y, units, donors, pre, post):
        return change(difference_in_differences(Y, units, donors, pre, post), units, pre)

    return my_method


def put(array: np.ndarray, place: object, value: float) -> np.ndarray:
    changed = array.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w, units, pre: None, "must return two arrays"),
        (lambda w, units, pre: w.donors, "must return two arrays"),
        (lambda w, units, pre: ("donors", "years"), "must return two arrays"),
        (lambda w, units, pre: (w.donors[:, :-1], w.years), r"shapes \(1, 59, 6\) .* donors \(1, 60, 6\)"),
        (lambda w, units, pre: (w.donors, w.years[:, pre]), r"\(1, 7, 6\); .* years \(1, 10, 6\)"),
        (lambda w, units, pre: (w.donors[:, :, 0], w.years), r"shapes \(1, 60\)"),
        (lambda w, units, pre: (put(w.donors, (0, 3), np.nan), w.years), "missing or not finite"),
        (lambda w, units, pre: (w.donors, put(w.years, (0, 0, 0), np.inf)), "missing or not finite"),
        (lambda w, units, pre: (put(w.donors, (0, units[0]), 0.1), w.years), "units that are no donors"),
        (lambda w, units, pre: (w.donors, put(w.years, (0, -1), 0.1)), "years not before"),
    ],
)
def test_a_method_whose_weights_mean_nothing_is_refused_by_name(panel, change, words) -> None:
    with pytest.raises(pa.SpecError, match=f"method my_method .*{words}"):
        pa.programme_impact(panel, "VN-CT", 2018, 2020, method=of_did(change))


def test_a_method_may_give_lists_and_its_own_errors_are_told(panel, answers) -> None:
    lists = of_did(lambda w, units, pre: (w.donors.tolist(), w.years.tolist()))
    again = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=lists)
    pd.testing.assert_frame_equal(again.table, answers["did"].table)
    assert again.design.method == "my_method"

    def broken(Y, units, donors, pre, post) -> Weights:
        raise ZeroDivisionError("mine")

    with pytest.raises(pa.SpecError, match="method broken failed: ZeroDivisionError: mine") as caught:
        pa.programme_impact(panel, "VN-CT", 2018, method=broken)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


# Several units


def test_two_units_with_their_own_starts_by_all_ordered_pairs(panel, paths) -> None:
    """Small enough to enumerate: 8 provinces, one dimension, 56 ways to give the two programmes."""
    units = [*complete_units(panel)[:7], "VN-CT"]
    few = only(panel, ["D4"])
    answer = pa.programme_impact(
        few, {"VN-CT": 2018, units[0]: 2015}, end=2020, method="did", level=0.5,
        without=[u for u in panel.units if u not in units],
    )  # fmt: skip
    path = paths["D4"].loc[units]

    def gap(first: str, second: str) -> float:
        """Mean over both units' programme years; a placebo's donors are all others."""
        donors = path.drop(index=[first, second]).mean()
        net = {name: path.loc[name] - donors for name in (first, second)}
        early = (net[first] - net[first].loc[:2017].mean()).loc[2018:]
        late = (net[second] - net[second].loc[:2014].mean()).loc[2015:]
        return float((early.sum() + late.sum()) / 9)

    gaps = np.array([gap(*pair) for pair in permutations(units, 2)])
    own = gap("VN-CT", units[0])
    row = answer.row("D4")
    assert row["estimate"] == pytest.approx(own)
    assert row["p"] == pytest.approx((np.abs(gaps) >= abs(own) - 1e-12).mean())
    assert row["se"] == pytest.approx(gaps.std())
    assert len(answer.draws) == 56
    assert "among 56 such sets" in pa.remarks(answer)


@pytest.mark.parametrize("method", JUDGED_BY_PLACEBOS)
def test_several_units_give_the_mean_of_their_own_gaps(panel, method) -> None:
    """Asked one by one with the same donors; unit and year count alike, so a longer programme counts more."""
    starts = {"VN-HN": 2016, "VN-CT": 2018}
    answer = pa.programme_impact(panel, starts, end=2020, method=method, draws=9)
    each = {
        unit: pa.programme_impact(
            panel, unit, start, 2020, method=method, without=[other for other in starts if other != unit]
        )
        for unit, start in starts.items()
    }
    expected = (5 * each["VN-HN"].table["estimate"] + 3 * each["VN-CT"].table["estimate"]) / 8
    assert answer.table["estimate"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)
    own = answer.cells[answer.cells["row"] == 0]
    assert (own["actual"] - own["counterfactual"]).to_numpy() == pytest.approx(own["gap"].to_numpy(), abs=1e-12)
    alone_paths = {unit: one.cells[one.cells["row"] == 0] for unit, one in each.items()}
    # Seven years before only one of them has a year, and only the longer programme has a fifth one.
    for since, counted in ((-7, ["VN-CT"]), (-1, ["VN-HN", "VN-CT"]), (1, ["VN-HN", "VN-CT"]), (4, ["VN-HN"])):
        for column in ("actual", "counterfactual"):
            alone = [path.loc[path["since"] == since, column].to_numpy() for path in (alone_paths[u] for u in counted)]
            shown = own.loc[own["since"] == since, column].to_numpy()
            assert shown == pytest.approx(np.mean(alone, axis=0), abs=1e-9)


def test_a_sample_of_reassignments_is_that_of_its_seed(panel) -> None:
    starts = {"VN-CT": 2018, "VN-HN": 2016, "VN-HP": 2016}

    def ask(rng: int | np.random.Generator, units: dict[str, int] = starts) -> pd.DataFrame:
        return pa.programme_impact(panel, units, end=2020, method="did", draws=199, rng=rng).table

    first = ask(7)
    pd.testing.assert_frame_equal(first, ask(7))
    pd.testing.assert_frame_equal(first, ask(np.random.default_rng(7)))
    other = ask(8)
    assert (first["se"] != other["se"]).all()
    assert first["estimate"].tolist() == other["estimate"].tolist()
    mixed = ask(7, dict(reversed(starts.items())))
    assert mixed["estimate"].to_numpy() == pytest.approx(first["estimate"].to_numpy(), abs=1e-12)
    assert first["floor"].iloc[0] == pytest.approx(1 / 200)


def test_one_start_for_all_may_be_said_in_three_ways(panel) -> None:
    said = [
        pa.programme_impact(panel, *question, method="did", draws=1770)
        for question in ((["VN-CT", "VN-HN"], 2018), (("VN-HN", "VN-CT"), 2018))
    ]
    said.append(pa.programme_impact(panel, {"VN-CT": 2018, "VN-HN": 2018}, method="did", draws=1770))
    for other in said[1:]:
        pd.testing.assert_frame_equal(said[0].table, other.table)
    assert said[0].table["floor"].iloc[0] == pytest.approx(1 / 1770)  # all pairs of 60
    assert said[0].row("D1")["p"] * 1770 == pytest.approx(round(said[0].row("D1")["p"] * 1770))


# What could find nothing is not printed


def test_a_holm_p_value_that_could_find_nothing_is_missing_everywhere(panel, tmp_path) -> None:
    """Six dimensions over 60 units: Holm's smallest value is 6/60. Three dimensions: 3/60 reaches 5%."""
    for asked in (pa.programme_impact(panel, "VN-CT", 2018, 2020), pa.completion_slopes(panel)):
        assert asked.table["p_holm"].isna().all()
        assert asked.table["p_joint"].iloc[:6].notna().all()
        assert f"{6 * asked.table['floor'].iloc[0]:.3f}" in next(t for t in map(str, asked.notes) if "Holm" in t)
        assert "Giá trị p Holm" not in pa.table(asked, language="vi")
        pa.save_table(asked, tmp_path / f"{asked.question}.csv")
        assert "Holm" not in (tmp_path / f"{asked.question}.csv").read_text(encoding="utf-8")
    three = pa.programme_impact(only(panel, ["D1", "D2", "D3"]), "VN-CT", 2018, 2020)
    assert three.table["p_holm"].iloc[:3].to_numpy() == pytest.approx(holm(three.table["p"].iloc[:3]))
    assert not any("Holm" in str(note) for note in three.notes)
    exact = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge")
    assert exact.table["p_holm"].iloc[:6].notna().all()  # a t-test has no smallest p


def test_half_of_an_interval_is_never_wider_than_what_is_detectable(panel) -> None:
    """Of what a study left open it cannot be said that it would have been found."""
    rng = np.random.default_rng(0)
    for place in range(6):
        scores = panel.scores + rng.standard_t(2, size=panel.scores.shape) * rng.choice([0.1, 1.0])
        units = rng.choice([name for name, row in zip(panel.units, scores, strict=True) if np.isfinite(row).all()], 3)
        asked = pa.programme_impact(
            with_scores(panel, scores), sorted({*units[: 1 + place % 3]}), 2018, method="did", draws=99
        )
        table = asked.table
        assert (table["detectable"] >= (table["high"] - table["low"]) / 2 - 1e-12).all()
        assert (table["detectable_jointly"].iloc[:6] >= table["detectable"].iloc[:6]).all()
        assert table["detectable_jointly"].iloc[6:].isna().all()


def test_the_family_is_tested_by_the_mean_of_its_standardised_gaps(panel) -> None:
    asked = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    fan = asked.engines[0]
    pooled = (fan.scores / fan.scores.std(axis=0)).mean(axis=1)
    assert asked.tests["test"].tolist() == ["standardised mean"]
    assert asked.tests["p"].iloc[0] == pytest.approx((np.abs(pooled) >= abs(pooled[0]) - 1e-12).mean())
    assert pa.programme_impact(only(panel, ["D3"]), "VN-CT", 2018, 2020).tests.empty
    usual = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge").tests
    assert 0 < usual["p"].iloc[0] < 1


# One dimension, and what is simulated


@pytest.mark.parametrize("method", list(ESTIMATORS))
def test_a_family_of_one_has_its_p_value_for_a_joint_one(panel, method) -> None:
    row = pa.programme_impact(only(panel, ["D3"]), "VN-CT", 2018, 2020, method=method).row("D3")
    assert row["p_joint"] == row["p"] == row["p_holm"]
    assert 0 < row["p"] <= 1


def test_only_made_up_scores_mark_an_answer(panel, answers) -> None:
    assert panel.simulated_tables == ("tasks", "progress")
    assert not any(answer.simulated for answer in answers.values())
    made_up = replace(panel, simulated_tables=("scores", "tasks", "progress"))
    for method in ESTIMATORS:
        answer = pa.programme_impact(made_up, "VN-CT", 2018, 2020, method=method)
        assert answer.simulated_tables == ("scores",)
        assert "SIMULATED: scores" in answer._repr_html_()
