"""Imputed slopes: by hand, under changes that must not matter, against loops and statsmodels, and with known truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from reference import equations_of, panel_of

import papi_analysis as pa
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.imputation import programmes, solve
from papi_analysis.estimation.imputed_draws import bootstrap_programmes, reassign_programmes
from papi_analysis.estimation.slopes import slope_estimates

SIX_POINTS = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])


def slopes(y, C, controls=None, weights=None):
    """What the package says, points per unit of completion (K,)."""
    laid = programmes(equations_of(y, C, controls, weights))
    return solve(laid, laid.units[None]).slopes[0, 0]


def data(N=24, T=7, K=2, starts=(3, 3, 5, 4), holes=0.0, seed=0):
    """Scores that move with completion; unit i starts in the year ``starts[i]``, those after never."""
    rng = np.random.default_rng(seed)
    C = np.zeros((N, T, K))
    for i, start in enumerate(starts):
        C[i, start:] = np.sort(rng.uniform(0.1, 1.0, (T - start, K)), axis=0)
    y = 5 + rng.normal(size=(N, 1, K)) + rng.normal(size=(T, K)) + 0.5 * C + 0.4 * rng.normal(size=(N, T, K))
    y[rng.random(y.shape) < holes] = np.nan
    return y, C


# --- the same in loops ------------------------------------------------------------------------------------------


def slow_comparisons(y, C, k, controls=None, partakes=None):
    """One dimension, start by start and year by year: design, score, untouched units, programme units, completion."""
    N, T, _ = y.shape
    since = [next((t for t in range(T) if not (C[i, t] == 0).all()), T) for i in range(N)]
    if partakes is None:
        partakes = [s == T or (s > 0 and bool((C[i, s] > 0).any())) for i, s in enumerate(since)]
    found = []
    for s in sorted({since[i] for i in range(N) if partakes[i] and since[i] < T}):
        before = y[:, :s, k] - np.nanmean(y[:, :s, k], axis=0)
        for t in range(s, T):
            cells = [i for i in range(N) if partakes[i] and np.isfinite([y[i, t, k], y[i, s - 1, k]]).all()]
            free = [i for i in cells if since[i] > t]
            own = [i for i in cells if since[i] == s and C[i, t, k] > 0]
            varying = 0 if controls is None else int(np.ptp(controls[cells, t, k], axis=0).astype(bool).sum())
            if len(free) < 2 + varying or not own:
                continue
            mean, last = np.full((2, N), np.nan)
            for i in cells:
                mean[i], last[i] = np.nanmean(before[i]), before[i, -1]
            starts = [] if len(free) < 6 else [mean] if len(free) < 15 else [mean, last]
            held = [] if controls is None else list(controls[:, t, k].T)
            X = np.column_stack([np.ones(N), *starts, *held])
            found.append((X, y[:, t, k] - (mean if len(free) < 6 else 0.0), free, own, C[:, t, k]))
    return found


def learn(X, y, free, w):
    root = np.sqrt(w[free])
    return np.linalg.lstsq(root[:, None] * X[free], root * y[free], rcond=None)[0]


def slow_slope(comparisons, w):
    above = below = 0.0
    for X, y, free, own, dose in comparisons:
        gap = y - X @ learn(X, y, free, w)
        above += sum(w[i] * dose[i] * gap[i] for i in own)
        below += sum(w[i] * dose[i] ** 2 for i in own)
    return above / below


def slow_slopes(y, C, controls=None, weights=None, partakes=None):
    w = np.ones(len(y)) if weights is None else weights
    return np.array([slow_slope(slow_comparisons(y, C, k, controls, partakes), w) for k in range(y.shape[2])])


def moved(C, source):
    """Completion when unit i follows the trajectory of unit source[i]."""
    return C[source]


# --- by hand ----------------------------------------------------------------------------------------------------


def test_few_untouched_units_by_hand():
    # Means before: a 5.5, b 4, c 3. From there b and c rise by 1 to year 3 and by 2 and 0 (1 on average) to year 4,
    # so a would have had 6.5 in both; its gaps are 2.5 and 1.5, its completion .5 and 1.
    y = np.array([[5.0, 6, 9, 8], [4, 4, 5, 6], [2, 4, 4, 3]])[:, :, None]
    C = np.zeros_like(y)
    C[0, 2:, 0] = 0.5, 1.0
    assert slopes(y, C) == pytest.approx([(0.5 * 2.5 + 1.0 * 1.5) / (0.25 + 1.0)], rel=1e-12)
    assert slope_estimates(panel_of(y, C)) == pytest.approx([0.22], rel=1e-12)


def test_half_of_a_lead_that_stays_is_held_constant_by_hand():
    # Six untouched units with means 1..6 before keep half of it and gain 1: 1.5, 2, ... 4. The programme unit stood
    # at 9 and would have 5.5; it has 6.5, so its gap is 1 at completion .4. Carried over whole, the gap would be -1.
    y = np.zeros((7, 3, 1))
    y[:6, :2, 0] = np.arange(1.0, 7.0)[:, None] + [-0.5, 0.5]
    y[:6, 2, 0] = 1 + np.arange(1.0, 7.0) / 2
    y[6, :, 0] = 8.5, 9.5, 6.5
    C = np.zeros_like(y)
    C[6, 2] = 0.4
    assert slopes(y, C) == pytest.approx([1 / 0.4], rel=1e-12)


def test_fifteen_untouched_units_hold_mean_and_last_year_constant():
    rng = np.random.default_rng(2)
    y = rng.normal(5, 1, (16, 4, 1))
    y[:, 3] = 1 + 0.5 * y[:, :3].mean(axis=1) + 0.25 * y[:, 2]
    y[0, 3] += 0.7 * 0.9
    C = np.zeros_like(y)
    C[0, 3] = 0.9
    assert slopes(y, C) == pytest.approx([0.7], rel=1e-11)
    # With one untouched unit less the last year is not held constant, and the plane is no line.
    assert abs(slopes(y[:15], C[:15])[0] - 0.7) > 1e-3


# --- changes that must not matter -------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [24, 12, 7])
def test_order_of_units_and_shocks_of_years_change_nothing(N):
    y, C = data(N, holes=0.05 if N == 24 else 0.0)
    before = slopes(y, C)
    rng = np.random.default_rng(1)
    order = rng.permutation(N)
    assert slopes(y[order], C[order]) == pytest.approx(before, rel=1e-10)
    assert slopes(y + 100 * rng.normal(size=y.shape[1:]), C) == pytest.approx(before, rel=1e-9)


def test_slopes_follow_the_scales_of_score_and_completion():
    y, C = data()
    assert slopes(-3 * y, C) == pytest.approx(-3 * slopes(y, C), rel=1e-12)
    assert slopes(y, C / 4) == pytest.approx(4 * slopes(y, C), rel=1e-12)


def test_high_levels_of_scores_and_controls_and_small_scales_cost_no_digits():
    y, C = data(K=2)
    controls = np.random.default_rng(5).normal(size=(*y.shape, 1))
    plain = slopes(y, C, controls)
    np.testing.assert_allclose(slopes(y + 1e9, C, controls), plain, atol=1e-5)
    np.testing.assert_allclose(slopes(y, C, 1e-2 * controls + 1e9), plain, atol=1e-4)
    assert np.abs(slopes(y, C) - plain).max() > 0.005  # the control has a say
    possible = possible_assignments(C)
    p, usual = (
        reassign_programmes(programmes(equations_of(scores, C)), possible, by_error=False, draws=99).p
        for scores in (y * [1.0, 1e-9] + np.array([1e9, 0.0]), y)
    )
    np.testing.assert_allclose(p, usual, atol=1e-12)


def test_a_constant_of_a_unit_changes_nothing_where_the_lead_is_carried_over_and_by_what_is_lost_else():
    for N, carried in ((7, True), (24, False)):
        y, C = data(N)
        lifted = y + np.where(np.arange(N) == 0, 2.0, 0.0)[:, None, None]
        assert (abs(slopes(lifted, C) - slopes(y, C)) < 1e-10).all() == carried
    # Where b of a lead stays, a unit that stands 2 points higher throughout has a gap of 2 (1 - b) more.
    y, C = data(20, T=4, K=1, starts=(3,), seed=4)
    lifted = y + np.where(np.arange(20) == 0, 2.0, 0.0)[:, None, None]
    X = sm.add_constant(np.column_stack([y[1:, :3, 0].mean(axis=1), y[1:, 2, 0]]))
    stays = sm.OLS(y[1:, 3, 0], X).fit().params[1:].sum()
    assert slopes(lifted, C) - slopes(y, C) == pytest.approx([2 * (1 - stays) / C[0, 3, 0]], rel=1e-10)


def test_an_untouched_unit_of_weight_two_is_that_unit_twice():
    y, C = data(26)
    w = np.ones(26)
    w[[7, 9]] = 2.0
    twice = [*range(26), 7, 9]
    assert slopes(y, C, weights=w) == pytest.approx(slopes(y[twice], C[twice]), rel=1e-11)
    assert slopes(y, C, weights=5 * w) == pytest.approx(slopes(y, C, weights=w), rel=1e-12)
    assert (abs(slopes(y, C, weights=w) - slopes(y, C)) > 1e-6).all()


@pytest.mark.parametrize("out", [[6, 11], [0], [0, 17]])
@pytest.mark.parametrize("form", ["imputation", "levels", "differences"])
def test_a_unit_of_weight_nought_is_no_unit(out, form):
    y, C = data(20, holes=0.04, seed=3)  # without two of them fewer than 15 are untouched
    panel = panel_of(y, C)
    w = {unit: float(i not in out) for i, unit in enumerate(panel.units)}
    kept = np.setdiff1d(np.arange(20), out)
    asked, without = (
        pa.completion_slopes(p, form=form, weights=weights, draws=99)
        for p, weights in ((panel, w), (panel_of(y[kept], C[kept]), None))
    )
    columns = ["estimate", "se", "n", "dropped"]
    expected = without.table[columns].to_numpy(dtype=float)
    assert asked.table[columns].to_numpy(dtype=float) == pytest.approx(expected, rel=1e-9, nan_ok=True)
    assert asked.design.programme_units == without.design.programme_units


def test_what_programme_units_score_while_nothing_is_done_plays_no_part():
    # A programme that begins in one dimension touches the unit in all, but its gaps count where completion is above 0.
    y, C = data()
    C[0, 4, 0] = 0.0
    other = y.copy()
    other[0, 4, 0] += 50
    assert slopes(other, C) == pytest.approx(slopes(y, C), rel=1e-12)


@pytest.mark.parametrize("path", ["from the first year", "not known when"])
def test_a_unit_without_a_known_start_within_the_years_takes_no_part(path):
    y, C = data()
    C[7] = 0.5 if path == "from the first year" else np.nan
    rest = np.delete(np.arange(24), 7)
    assert slopes(y, C) == pytest.approx(slopes(y[rest], C[rest]), rel=1e-11)
    answer = pa.completion_slopes(panel_of(y, C), draws=99)
    assert "what they did then is not known: u07" in pa.remarks(answer)


def test_a_hole_at_the_start_hides_its_own_cells_and_not_the_unit():
    # What came of a task that has begun is not known at first: the years before it are untouched all the same.
    y, C = data()
    unit = int(np.flatnonzero((C > 0).any(axis=(1, 2)))[0])
    start = int((C[unit] > 0).any(axis=1).argmax())
    unknown, not_measured = C.copy(), y.copy()
    unknown[unit, start] = not_measured[unit, start] = np.nan
    assert slopes(y, unknown) == pytest.approx(slopes(not_measured, C), rel=1e-12)
    assert slopes(y, unknown) != pytest.approx(slopes(np.delete(y, unit, 0), np.delete(C, unit, 0)), rel=1e-3)
    answer = pa.completion_slopes(panel_of(y, unknown), draws=99)
    assert answer.design.programme_units == pa.completion_slopes(panel_of(y, C), draws=99).design.programme_units


def test_the_unit_that_lacks_the_year_before_its_start_is_named_and_not_the_others():
    y, C = data(N=24)
    y[1, 2, 0] = np.nan  # its programme starts in year 3
    notes = " ".join(pa.completion_slopes(panel_of(y, C), draws=49).notes)
    words = "4 cells of programmes are left out, because the last year before the start has no score: u01 (D0)."
    assert words in notes
    assert "too few untouched units to be compared" not in notes


@pytest.mark.parametrize("hole", ["a year", "many units"])
def test_a_dimension_does_not_look_at_another_nor_at_its_holes(hole):
    y, C = data(24)
    other = y.copy()
    other[:, :, 1] = other[:, :, 1] ** 2
    if hole == "a year":
        other[:, 5, 1] = np.nan  # not measured: nothing to compare there, in that dimension
    else:
        other[8:, 5:, 1] = np.nan  # too few untouched units to hold the start constant, in that dimension
    assert slopes(other, C)[0] == pytest.approx(slopes(y, C)[0], rel=1e-12)
    assert slopes(other, C) == pytest.approx(slow_slopes(other, C), rel=1e-10)


# --- against loops and statsmodels ------------------------------------------------------------------------------


@pytest.mark.parametrize("controlled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("holes", [0.0, 0.12])
@pytest.mark.parametrize(("N", "starts"), [(24, (3, 3, 5, 4)), (24, (1, 2, 6)), (14, (3, 3, 5, 4)), (9, (2, 5, 5, 3))])
def test_slopes_are_those_of_loops_over_starts_and_years(N, starts, holes, weighted, controlled):
    rng = np.random.default_rng(N)
    y, C = data(N, starts=starts, holes=holes, seed=6)
    controls = rng.normal(size=(*y.shape, 1)) if controlled else None
    weights = rng.uniform(0.2, 3, N) if weighted else None
    if holes:
        C[1, 5, 0] = np.nan
        y[1, 5, 0] = np.nan
    assert slopes(y, C, controls, weights) == pytest.approx(slow_slopes(y, C, controls, weights), rel=1e-9)


def test_year_effects_of_regions_are_regions_held_constant_and_cost_no_years():
    # Effects are those of one start and year already, so the columns of other years hold nothing there.
    y, C = data(N=24, T=7)
    regions = np.broadcast_to((np.arange(24)[:, None] % 4 == [1, 2, 3])[:, None, None], (24, 7, 2, 3)).astype(float)
    by_year = (regions[..., None, :] * np.eye(7)[None, :, None, :, None]).reshape(24, 7, 2, 21)
    assert programmes(equations_of(y, C, by_year)).lost == 0
    expected = slow_slopes(y, C, regions)
    assert slopes(y, C, regions) == pytest.approx(expected, rel=1e-9)
    assert slopes(y, C, by_year) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_one_programme_and_year_is_the_dummy_of_a_regression_on_the_starts(weighted):
    y, C = data(40, T=6, K=3, starts=(5,), seed=8)
    C[0, 5] = 1.0
    w = np.random.default_rng(1).uniform(0.5, 2, 40) if weighted else np.ones(40)
    found = slopes(y, C, weights=w)
    for k in range(3):
        dummy = np.arange(40) == 0
        X = np.column_stack([np.ones(40), y[:, :5, k].mean(axis=1), y[:, 4, k], dummy])
        assert found[k] == pytest.approx(sm.WLS(y[:, 5, k], X, weights=w).fit().params[3], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("starts", [(3, 3), (3, 4)])
@pytest.mark.parametrize(("N", "weighted"), [(9, True), (9, False), (17, False)])
def test_each_reassignment_is_the_whole_fit_with_the_programmes_moved(N, starts, weighted):
    y, C = data(N, T=5, starts=starts, seed=5)
    weights = np.random.default_rng(2).uniform(0.5, 2, N) if weighted else np.ones(N)
    laid = programmes(equations_of(y, C, weights=weights))
    possible = possible_assignments(C)
    drawn = reassign_programmes(laid, possible, by_error=False)
    own = slow_slopes(y, C, weights=weights)
    assert drawn.exact
    assert drawn.coefficients == pytest.approx(own, rel=1e-10)
    at_null = drawn.slope0 + drawn.coefficients * drawn.slope1
    slow = np.array([slow_slopes(y, moved(C, source), weights=weights) for source in possible.all()])
    assert len(slow) == possible.count == N * (N - 1)
    assert at_null == pytest.approx(slow, abs=1e-9)
    if starts == (3, 3):  # under the null of another slope: score less so much of completion follows nobody
        shown = list(itertools.islice(possible.all(), 25))
        slow = np.array([slow_slopes(y - own * C, moved(C, source), weights=weights) for source in shown])
        assert drawn.slope0[:25] == pytest.approx(slow, abs=1e-9)


def influences(y, C, k, w):
    """Weight of each cell on the slope (N, T) and what is left of it (N, T), one start alone, by unit vectors."""
    parts, (N, T) = slow_comparisons(y, C, k), y.shape[:2]
    slope, weight, left = slow_slope(parts, w), np.zeros((N, T)), np.zeros((N, T))
    for t, (X, score, free, own, dose) in zip(range(T - len(parts), T), parts, strict=True):
        residual = score - X @ learn(X, score, free, w)
        for i in (*free, *own):
            left[i, t] = residual[i] - (slope * dose[i] if i in own else 0.0)
            unit = [(X_, np.eye(N)[i] * (X_ is X), *rest) for X_, _, *rest in parts]
            weight[i, t] = slow_slope(unit, w)
    return weight, left


def test_what_each_unit_adds_to_the_error_is_its_weights_times_what_is_left():
    y, C = data(19, T=6, starts=(4, 4, 4), seed=9)
    w = np.random.default_rng(3).uniform(0.5, 2, 19)
    laid = programmes(equations_of(y, C, weights=w))
    found = solve(laid, laid.units[None]).scores[0, 0]
    for k in range(2):
        weight, left = influences(y, C, k, w)
        assert found[k] == pytest.approx((weight * left).sum(axis=1), abs=1e-11)
        # The slope is that weighted sum of scores, but for what the starts give.
        assert np.sum(weight[:3] * C[:3, :, k]) == pytest.approx(1.0)
        assert weight[:, 4:].sum(axis=0) == pytest.approx(np.zeros(2), abs=1e-11)


@pytest.mark.parametrize("studentised", [False, True])
def test_the_interval_is_the_values_that_the_whole_procedure_does_not_reject(studentised):
    y, C = data(21, T=5, K=1, starts=(3,), seed=11)
    laid, possible = programmes(equations_of(y, C)), possible_assignments(C)
    drawn = reassign_programmes(laid, possible, by_error=studentised)

    def p(null):
        less = y - null * C
        stats = []
        for source in possible.all():
            again = programmes(equations_of(less, moved(C, source)))
            found = solve(again, again.units[None])
            error = np.sqrt((found.scores[0, 0, 0] ** 2).sum()) if studentised else 1.0
            stats.append(abs(found.slopes[0, 0, 0] / error))
        again = programmes(equations_of(less, C))
        found = solve(again, again.units[None])
        error = np.sqrt((solve(laid, laid.units[None]).scores[0, 0, 0] ** 2).sum()) if studentised else 1.0
        return np.mean(np.array(stats) >= abs(found.slopes[0, 0, 0] / error) * (1 - 1e-9))

    assert drawn.p[0] == pytest.approx(p(0.0))
    for level in (0.95, 0.8):
        low, high = drawn.interval(level)[0]
        width = high - low
        for null, kept in ((low, False), (high, False), (low + 1e-5 * width, True), (high - 1e-5 * width, True)):
            outside = null + (1e-5 * width * np.sign(null - drawn.coefficients[0]) if not kept else 0.0)
            assert (p(outside) > 1 - level + 1e-9) == kept
        # No value far outside is kept: the interval is the smallest that holds all of them.
        assert all(p(null) <= 1 - level + 1e-9 for null in (low - width, low - 0.2 * width, high + 0.2 * width))


@pytest.mark.parametrize("starts", [(4, 4, 4), (4, 3, 5)])
@pytest.mark.parametrize("above", [False, True])
def test_each_bootstrap_draw_is_both_steps_fitted_again(above, starts):
    N = 20 if above else 5
    y, C = data(N, T=6, starts=starts if above else (4, 4), seed=13)
    clusters = np.arange(N) % 4 if above else np.arange(N)
    G = int(clusters.max()) + 1
    w = np.random.default_rng(5).uniform(0.4, 2, N) if above else np.ones(N)
    laid = programmes(equations_of(y, C, weights=w))
    drawn = bootstrap_programmes(laid, clusters)
    assert drawn.exact
    assert len(drawn.slope0) == 6**G
    shown = np.random.default_rng(0).choice(6**G, 20, replace=False)
    t = drawn.draws[shown]
    for k in range(2):
        parts = slow_comparisons(y, C, k)
        assert drawn.coefficients[k] == pytest.approx(slow_slope(parts, w), rel=1e-10)
        assert drawn.standard_errors[k] == pytest.approx(
            np.sqrt((errors(parts, clusters, drawn.coefficients[k], w) ** 2).sum())
        )
        for place, draw in enumerate(shown):
            v = SIX_POINTS[(draw // 6 ** np.arange(G)) % 6][clusters]
            again = []
            for X, score, free, own, dose in parts:  # the null: programme units follow what untouched units say
                fitted = X @ learn(X, score, free, w)
                again.append((X, fitted + v * (score - fitted), free, own, dose))
            slope = slow_slope(again, w)
            error = np.sqrt((errors(again, clusters, slope, w) ** 2).sum())
            assert t[place, k] == pytest.approx(slope / error, rel=1e-8, abs=1e-9)


def errors(parts, clusters, slope, w):
    """Sums by cluster of weight times what is left, over the comparisons of one dimension."""
    below = sum(w[i] * dose[i] ** 2 for *_, own, dose in parts for i in own)
    total = np.zeros(clusters.max() + 1)
    for X, score, free, own, dose in parts:
        residual = score - X @ learn(X, score, free, w)
        use = sum(w[i] * dose[i] * X[i] for i in own)
        weighted = w[free][:, None] * X[free]
        leaning = -weighted @ np.linalg.pinv(X[free].T @ weighted) @ use
        for i, weight in zip(free, leaning, strict=True):
            total[clusters[i]] += weight * residual[i] / below
        for i in own:
            total[clusters[i]] += w[i] * dose[i] * (residual[i] - slope * dose[i]) / below
    return total
