"""Three verdicts: by hand, against ranking anew, invariance, false and right "ruled out" where the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa

ADDED, RULED_OUT, CANNOT_TELL, NOT_NEEDED = "added", "ruled_out", "cannot_tell", "not_needed"


def panel_of(scores, completion=None):
    """A panel of scores (N, T, K) in years 1, 2, ..."""
    N, T, K = scores.shape
    axes = [f"u{i:02d}" for i in range(N)], range(1, T + 1), [f"D{k}" for k in range(1, K + 1)]
    cells = pd.MultiIndex.from_product(axes, names=["unit", "year", "dimension"]).to_frame(index=False)
    done = np.zeros(scores.size) if completion is None else completion.ravel()
    return pa.Panel.from_frames(cells.assign(score=scores.ravel()), cells.assign(completion=done))


@pytest.fixture(scope="module")
def targets(study):
    return pa.target_attainment(study)


@pytest.fixture(scope="module")
def gap(panel):
    return pa.programme_impact(panel, "VN-CT", 2018, 2020, after=(2020, 2020))


@pytest.fixture(scope="module")
def slopes(panel):
    return pa.completion_slopes(panel)


def test_by_hand():
    """Four units, difference in differences, half of the values rejected.

    The gap is 19/6, those of the others -5/6, -3/2, -5/6. An effect b takes b from the first and gives b/3 to each
    other. Two of the three others reach the first while b lies from 3 (b/3 - 5/6 = 19/6 - b) to 7/2 (where all three
    meet it): the interval.
    """
    scores = np.array([[1.0, 1, 5], [2, 2, 3], [0, 1, 1], [4, 4, 5]])[:, :, None]
    answer = pa.programme_impact(panel_of(scores), "u00", 3, method="did", level=0.5)
    for needed, verdict in (
        (-1.0, NOT_NEEDED),
        (0.0, NOT_NEEDED),
        (2.9, ADDED),
        (3.0, ADDED),
        (3.2, CANNOT_TELL),
        (3.5, CANNOT_TELL),
        (3.6, RULED_OUT),
    ):
        table = pa.verdicts(answer, needed).table
        assert table["dimension"].tolist() == ["D1", "mean"]
        assert table["verdict"].tolist() == [verdict] * 2, needed
        assert table[["low", "most"]].to_numpy() == pytest.approx(np.array([[3.0, 3.5]] * 2))
        if needed > 0:
            assert table["most_share"].tolist() == pytest.approx([3.5 / needed] * 2)
        else:
            assert table["most_share"].isna().all()


def test_what_the_targets_needed_by_hand(panel, targets, gap):
    """Target minus counterfactual; less the gap, it is target minus outcome, whatever the counterfactual."""
    needed = pa.gain_needed(gap, targets)
    table, aims = needed.table.set_index("dimension"), targets.table.set_index("dimension")
    outcome = aims["outcome"]
    for name in panel.dimensions:
        own = gap.row(name)["estimate"]
        assert table.loc[name, "needed"] == pytest.approx(aims.loc[name, "target"] - (outcome[name] - own))
        assert table.loc[name, "needed"] - own == pytest.approx(aims.loc[name, "target"] - outcome[name])
    assert table.loc["mean", "needed"] == pytest.approx(table["needed"].iloc[:6].mean())
    told = pa.verdicts(gap, needed).table
    assert told["needed"].tolist() == table["needed"].tolist()
    assert told["verdict"].tolist() == [RULED_OUT] * 3 + [NOT_NEEDED, CANNOT_TELL] + [RULED_OUT] * 2


def test_a_target_that_is_not_set_leaves_the_family_without_a_verdict(study, panel, gap):
    fewer = replace(study, targets=study.targets[study.targets["dimension"] != "D2"])
    told = pa.verdicts(gap, pa.gain_needed(gap, pa.target_attainment(fewer)))
    assert told.table["verdict"].isna().tolist() == [False, True, False, False, False, False, True]
    assert "no verdict on the family" in pa.remarks(told)
    assert "Transparency in Local Decision-making: no target is set." in pa.remarks(told)
    assert pa.verdicts(gap, {"D1": 0.3, "mean": 0.3}).table["verdict"].isna().tolist() == [False] + [True] * 5 + [False]


def test_the_gap_is_that_of_the_unit_and_year_of_the_targets(panel, targets, gap):
    every = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    with pytest.raises(pa.SpecError, match=r"averaged over 2018-2020, .* Ask .* after=\(2020, 2020\)"):
        pa.gain_needed(every, targets)
    other = pa.programme_impact(panel, "VN-HN", 2018, 2020, after=(2020, 2020))
    with pytest.raises(pa.SpecError, match="the gap is that of VN-HN, and the targets are those of VN-CT"):
        pa.gain_needed(other, targets)
    with pytest.raises(pa.SpecError, match="in this order"):
        pa.gain_needed(targets, gap)


def test_slopes_are_what_full_completion_would_bring(slopes):
    table, own = pa.verdicts(slopes, 0.5).table, slopes.table[slopes.table["dimension"] != "within"]
    for name in ("estimate", "low", "high"):
        assert table[name].to_numpy() == pytest.approx(10 * own[name].to_numpy())
    assert (table["verdict"] == np.where(10 * own["high"] < 0.5, RULED_OUT, CANNOT_TELL)).all()


def test_a_constant_for_all_scores_changes_nothing_and_a_scale_scales(study, panel, targets):
    def ask(shift, scale):
        moved = replace(panel, scores=scale * panel.scores + shift)
        aims = replace(targets, table=targets.table.assign(target=scale * targets.table["target"] + shift))
        then = pa.programme_impact(moved, "VN-CT", 2018, 2020, after=(2020, 2020))
        needed = pa.gain_needed(then, aims)
        return pa.verdicts(then, needed).table, pa.verdicts(pa.completion_slopes(moved), needed).table

    points = ["needed", "estimate", "low", "high", "most"]
    for shift, scale in ((3.0, 1.0), (0.0, 2.0)):
        for plain, moved in zip(ask(0.0, 1.0), ask(shift, scale), strict=True):
            assert moved[points].to_numpy() == pytest.approx(scale * plain[points].to_numpy(), abs=1e-8)
            assert moved["most_share"].to_numpy() == pytest.approx(plain["most_share"].to_numpy(), nan_ok=True)
            assert moved["verdict"].tolist() == plain["verdict"].tolist()


def test_the_level_of_the_answer_is_that_of_the_verdicts(panel):
    found = [
        pa.verdicts(pa.programme_impact(panel, "VN-CT", 2018, 2020, level=level), 0.35).table["verdict"].tolist()
        for level in (0.5, 0.95)
    ]
    assert found[0].count(RULED_OUT) > found[1].count(RULED_OUT)
    assert all(loose == RULED_OUT for loose, strict in zip(*found, strict=True) if strict == RULED_OUT)


def test_a_design_that_excludes_nothing_cannot_tell(panel):
    kept = {"VN-CT", "VN-HN", "VN-HP", "VN-DN", "VN-SG", "VN-01"}
    few = pa.programme_impact(panel, "VN-CT", 2018, 2020, without=[unit for unit in panel.units if unit not in kept])
    told = pa.verdicts(few, 50.0)
    assert told.table["verdict"].tolist() == [CANNOT_TELL] * 7
    assert told.table[["most", "most_share"]].isna().all(axis=None)
    assert "Public Service Delivery: no effect, however large, can be excluded" in pa.remarks(told)
    assert "D1, D2, D3, D4, D5, D6: no effect, however large, can be excluded" in "\n".join(told.notes)
    endless = replace(few, table=few.table.assign(low=-np.inf, high=[np.inf] * 6 + [0.2]))
    told = pa.verdicts(endless, 50.0)
    assert told.table["verdict"].tolist() == [CANNOT_TELL] * 6 + [RULED_OUT]
    assert told.table["most"].isna().tolist() == [True] * 6 + [False]


@pytest.mark.parametrize("needed", ["half a point", np.nan, np.inf, None, [0.5], True])
def test_a_size_that_is_none_is_refused(gap, needed):
    with pytest.raises(pa.SpecError, match=r"(a number|sizes) by dimension"):
        pa.verdicts(gap, needed)


def test_an_answer_without_effects_and_one_that_is_no_need_are_refused(panel, targets, gap):
    with pytest.raises(pa.SpecError, match="change_slopes gives no effect"):
        pa.verdicts(pa.change_slopes(panel), 0.5)
    with pytest.raises(pa.SpecError, match="not that of target_attainment"):
        pa.verdicts(gap, targets)


def test_the_former_name_says_where_it_went():
    with pytest.raises(AttributeError, match=r"can_tell is no longer in papi_analysis: ask verdicts\(answer, needed\)"):
        _ = pa.can_tell


# Ranking anew: the effect is taken out of the scores, and the question asked again.


def random_study(rng):
    """Scores, who has the programme since when, and how far it came: few or many units, one or more dimensions."""
    N, T, K, m = int(rng.integers(12, 40)), int(rng.integers(5, 9)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    scores = 5 + rng.normal(size=(N, 1, K)) + rng.normal(size=(1, T, K)) + rng.standard_t(4, size=(N, T, K))
    starts = T - rng.integers(1, 3, size=m) if rng.random() < 0.5 else np.full(m, T - 1)
    since = np.zeros((N, T, 1), dtype=bool)
    since[:m, :, 0] = np.arange(T) >= starts[:, None]
    done = np.where(since, np.sort(0.1 + 0.9 * rng.random((N, T, K)), axis=1), 0.0)
    scores = scores + rng.choice([0.0, 2.0, -2.0]) * since
    return scores, since, done, {f"u{i:02d}": int(start) + 1 for i, start in enumerate(starts)}


def check_by_ranking_anew(seed):
    """What is ruled out, or was added, is rejected once it is taken out; just inside each end it is not.

    Slopes of several starts are ranked anew by other lines (the years before of a late start hold years of an early
    programme), so their intervals are near that and not equal to it: only the interval is looked at.
    """
    rng = np.random.default_rng(seed)
    scores, since, done, starts = random_study(rng)
    level, needed = float(rng.choice([0.95, 0.9, 0.8])), rng.uniform(0.2, 3.0, scores.shape[2])
    by_slope = rng.random() < 0.3

    def ask(effect):
        if by_slope:
            return pa.completion_slopes(panel_of(scores - done * effect, done), level=level, draws=199)
        return pa.programme_impact(
            panel_of(scores - since * effect, done), starts, method="did", level=level, draws=199
        )

    answer = ask(np.zeros(scores.shape[2]))
    names = [f"D{k}" for k in range(1, scores.shape[2] + 1)]
    told = pa.verdicts(answer, dict(zip(names, needed, strict=True))).table.set_index("dimension").loc[names]
    verdict, low, high = (told[name].to_numpy() for name in ("verdict", "low", "high"))
    assert set(verdict) <= {ADDED, RULED_OUT, CANNOT_TELL}
    assert ((verdict == RULED_OUT) == (needed > high)).all()
    assert ((verdict == ADDED) == (needed <= low)).all()
    if by_slope and len(set(starts.values())) > 1:
        return verdict.tolist()
    anew = ask(needed).table.set_index("dimension").loc[names]
    for name, k in zip(names, range(len(names)), strict=True):
        if verdict[k] != CANNOT_TELL:
            assert anew.loc[name, "p"] <= 1 - level + 1e-9
            assert np.sign(anew.loc[name, "estimate"]) == (1 if verdict[k] == ADDED else -1)
    for end, inward in ((low, 1e-6), (high, -1e-6)):
        inside = ask(np.where(np.isfinite(end), end + inward, 0.0)).table.set_index("dimension").loc[names, "p"]
        assert (inside[np.isfinite(end)] > 1 - level - 1e-9).all()
    return verdict.tolist()


def test_verdicts_agree_with_ranking_anew():
    found = [verdict for seed in range(8) for verdict in check_by_ranking_anew(seed)]
    assert {ADDED, RULED_OUT, CANNOT_TELL} == set(found)


@pytest.mark.slow
def test_no_verdict_contradicts_ranking_anew_in_200_studies():
    found = [verdict for seed in range(200) for verdict in check_by_ranking_anew(seed)]
    assert min(found.count(code) for code in (ADDED, RULED_OUT, CANNOT_TELL)) > 20


# Where the truth is known: panels of the shape of the published one.


@pytest.fixture(scope="module")
def shape(panel):
    """Published scores of complete units, and how they vary: between units, over years, less from 2018 on.

    Year-to-year noise is 8% larger than it was before 2018, which gives placebo gaps the spread of the published ones.
    """
    scores = panel.scores[np.isfinite(panel.scores).all(axis=(1, 2))]
    late = np.array(panel.years) >= 2018
    early = scores[:, ~late] - scores[:, ~late].mean(axis=0)
    units = early.mean(axis=1)
    rest = early - units[:, None]
    within = np.einsum("ntk,ntl->kl", rest, rest) / (len(scores) * (rest.shape[1] - 1))
    between = np.linalg.eigh(np.cov(units.T) - within / rest.shape[1])
    spread = scores.std(axis=0)
    return {
        "between": between.eigenvectors * np.sqrt(np.maximum(between.eigenvalues, 0.0)),
        "within": 1.08 * np.linalg.cholesky(within),
        "ratio": np.where(late[:, None], spread[late].mean(axis=0) / spread[~late].mean(axis=0), 1.0),
        "years": panel.years,
        "units": len(scores),
        "completion": panel.completion[panel.position("unit", "VN-CT")],
    }


def drawn(shape, rng):
    """What lasts of each score, and scores with noise of which 0.3 is left after a year; nobody has a programme."""
    T, K = shape["ratio"].shape
    lasting = 5 + (rng.normal(size=(shape["units"], K)) @ shape["between"].T)[:, None] * shape["ratio"]
    noise = rng.normal(size=(shape["units"], T, K))
    for t in range(1, T):
        noise[:, t] = 0.3 * noise[:, t - 1] + np.sqrt(1 - 0.3**2) * noise[:, t]
    return lasting, lasting + (noise @ shape["within"].T) * shape["ratio"]


def asked(shape, scores, effect=0.0):
    """The gap of the first unit over three years, that of the last year, and the slope on a real unit's completion."""
    scores, done = scores.copy(), np.zeros_like(scores)
    done[0] = shape["completion"]
    scores[0, -3:] += effect
    idle = panel_of(scores)
    three, last = (pa.programme_impact(idle, "u00", 8, after=after) for after in (None, (10, 10)))
    scores[0] += effect * done[0]
    scores[0, -3:] -= effect
    return three, last, pa.completion_slopes(panel_of(scores, done))


def test_an_effect_moves_the_interval_by_itself(shape):
    """So one panel without an effect says how often an effect as large as the need is ruled out, whatever the need."""
    _, scores = drawn(shape, np.random.default_rng(0))
    for none, some in zip(asked(shape, scores), asked(shape, scores, 0.4), strict=True):
        without, beside = (pa.verdicts(answer, 0.4).table for answer in (none, some))
        for name in ("estimate", "low", "high"):
            assert (beside[name] - without[name]).to_numpy() == pytest.approx(0.4, abs=1e-8)
        assert ((beside["verdict"] == RULED_OUT) == (without["high"] < 0)).all()


@pytest.mark.slow
def test_how_often_what_is_true_is_ruled_out_and_what_is_not(shape):
    """The rates that ``verdicts`` quotes, of 500 panels."""
    rng, rows = np.random.default_rng(0), []
    for _ in range(500):
        lasting, scores = drawn(shape, rng)
        missing = np.append(lasting[0, -1] - scores[0, -1], (lasting[0, -1] - scores[0, -1]).mean())
        for name, answer in zip(("three", "last", "slope"), asked(shape, scores), strict=True):
            table = pa.verdicts(answer, 0.4).table
            table["false"], table["right"] = table["high"] < 0, table["verdict"] == RULED_OUT
            table["shared"] = table["high"] - table["estimate"] < missing if name == "last" else np.nan
            table["se"] = answer.table["se"] / answer.scale
            rows.append(table.assign(question=name, mean=table["dimension"] == "mean"))
    rates = pd.concat(rows).groupby(["question", "mean"])[["false", "right", "shared", "se"]].mean().astype(float)
    assert rates.loc[("three", True), "se"] == pytest.approx(0.126, abs=0.006)
    assert (rates.xs(False, level="mean")["false"] <= 0.03).all()
    assert rates.loc[("three", True), "right"] >= 0.75
    assert rates.loc[("last", False), "shared"] <= 0.03


def test_the_needs_of_another_unit_or_year_are_refused(panel, gap, targets):
    need = pa.gain_needed(gap, targets)
    other = pa.programme_impact(panel, "VN-HN", 2018, 2020, after=(2020, 2020))
    years = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    for answer, words in ((other, "that of VN-HN in 2020 to 2020"), (years, "that of VN-CT in 2018 to 2020")):
        with pytest.raises(pa.SpecError, match=rf"is that of VN-CT in 2020, .*{words}.*after=\(2020, 2020\)"):
            pa.verdicts(answer, need)
    assert pa.verdicts(pa.completion_slopes(panel), need).row("mean")["verdict"] == RULED_OUT


@pytest.mark.parametrize("size", [1e-9, 1e6])
def test_a_verdict_does_not_hang_on_the_unit_of_the_scores(panel, gap, size):
    small = pa.programme_impact(replace(panel, scores=size * panel.scores), "VN-CT", 2018, 2020, after=(2020, 2020))
    for need in (0.02, 0.1, 0.3, 0.6):
        found, wanted = pa.verdicts(small, size * need).table, pa.verdicts(gap, need).table
        assert found["verdict"].tolist() == wanted["verdict"].tolist()


def test_the_level_is_said_to_its_last_digit(panel):
    exact = pa.programme_impact(panel, "VN-CT", 2018, 2020, level=0.975)
    assert "above the 97.5% interval" in pa.remarks(pa.verdicts(exact, 0.4))
    assert "at 1.25% if" in pa.remarks(pa.verdicts(exact, 0.4))


def test_a_family_without_a_need_has_no_verdict_and_a_note(gap):
    alone = dict.fromkeys(gap.table["dimension"][:-1], 0.4)
    words = "What was needed is not known for every dimension"
    assert words not in pa.remarks(pa.verdicts(gap, {"mean": 0.3}))
    assert words in pa.remarks(pa.verdicts(gap, {"mean": np.nan, **alone}))


def test_of_an_effect_that_can_only_be_negative_no_share_is_said(gap):
    table = gap.table.assign(estimate=-1.5, low=-2.0, high=-1.0)
    told = pa.verdicts(replace(gap, table=table), 1.0)
    assert told.table["most"].tolist() == [-1.0] * len(table)
    assert told.table["most_share"].isna().all()
