"""Reassignment: every assignment against fitting again, counts by hand, exact sizes, intervals that invert."""

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from reference import case, case_data, dummies, needs_cases, slow_fit

from papi_analysis.errors import SpecError
from papi_analysis.estimation import reassignment
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.multiplicity import counts, p_values
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import cr1, fit_within


def world(N=6, T=5, K=2, treated=2, seed=0, gaps=0.1):
    """Scores with gaps, and completion that rises from the middle on in the first ``treated`` units."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(N, T, K)) + rng.normal(size=(N, 1, K)) + rng.normal(size=(1, T, K))
    holes = rng.random(y.shape) < gaps
    holes[:, [0, -1]] = False
    y[holes] = np.nan
    C = np.zeros((N, T, K))
    C[:treated, T // 2 :] = np.sort(rng.random((treated, T - T // 2, K)), axis=1)
    return y, C


def slow_statistics(y, C, null=0.0, controls=None, weights=None, unit_effects=True):
    """Slope minus null and t of score - null * completion followed, when the trajectories followed are ``C``."""
    slopes, ts, scores = [], [], []
    for k in range(y.shape[2]):
        unit, time = np.nonzero(np.isfinite(y[:, :, k]))
        effects = dummies(unit, time) if unit_effects else (time[:, None] == np.unique(time)).astype(float)
        design = np.column_stack([C[unit, time, k], effects])
        if controls is not None:
            design = np.column_stack([design, controls[unit, time, k]])
        roots = np.ones(len(unit)) if weights is None else np.sqrt(weights[unit, time, k])
        slope, score, error = slow_fit(roots * y[unit, time, k], roots[:, None] * design, unit)
        slopes.append(slope)
        ts.append(slope / error)
        scores.append(score)
    return np.array(slopes), np.array(ts), np.array(scores)


def as_set(draws):
    """Rows of draws in an order that does not depend on how assignments were listed."""
    return np.array(sorted(np.round(draws, 7).tolist()))


@pytest.mark.parametrize("unit_effects", [True, False])
def test_weights_stay_with_the_unit_when_programmes_move(unit_effects):
    y, C = world()
    w = np.random.default_rng(4).uniform(0.2, 3, y.shape)
    drawn = reassign(y, C, weights=w, unit_effects=unit_effects)
    slow = [slow_statistics(y, C[source], 0.0, None, w, unit_effects)[1] for source in possible_assignments(C).all()]
    assert drawn.exact
    np.testing.assert_allclose(drawn.draws, slow, rtol=1e-8, atol=1e-9)
    # One of weight 0 is not there, but may be handed the programme: then there is one programme less.
    w[5] = 0.0
    gone = y.copy()
    gone[5] = np.nan
    for name in ("coefficients", "draws"):
        found = getattr(reassign(y, C, weights=w, unit_effects=unit_effects), name)
        np.testing.assert_allclose(
            found,
            getattr(reassign(gone, C, weights=np.where(w > 0, w, 1.0), unit_effects=unit_effects), name),
        )


def test_every_permutation_equals_fitting_again():
    y, C = world(treated=4)
    among = np.arange(6) < 4
    null = np.array([0.3, -0.2])
    result = reassign(y, C, among=among, null=null)
    assert result.exact
    adjusted = y - null * C
    expected = []
    for permutation in itertools.permutations(range(4)):
        moved = C.copy()
        moved[:4] = C[list(permutation)]
        expected.append(slow_statistics(adjusted, moved)[1])
    np.testing.assert_allclose(as_set(result.draws), as_set(expected), atol=2e-7)
    np.testing.assert_allclose(result.observed, slow_statistics(adjusted, C)[1], rtol=1e-9)
    reached = np.abs(expected) >= np.abs(result.observed) * (1 - 1e-9)
    np.testing.assert_array_equal(result.p, reached.mean(axis=0))


def test_every_set_equals_fitting_again_with_controls():
    y, C = world(N=7, treated=2, seed=1)
    C[1] = C[0]  # a common path: sets, not ordered pairs
    controls = np.random.default_rng(5).normal(size=(*y.shape, 2))
    result = reassign(y, C, controls=controls)
    expected = []
    for pair in itertools.combinations(range(7), 2):
        moved = np.zeros_like(C)
        moved[list(pair)] = C[0]
        expected.append(slow_statistics(y, moved, controls=controls)[1])
    assert len(result.draws) == len(expected) == math.comb(7, 2)
    np.testing.assert_allclose(as_set(result.draws), as_set(expected), atol=2e-7)


def test_mean_slope_and_equality_from_refitted_draws():
    y, C = world(N=6, K=3, treated=3, gaps=0.0)
    result = reassign(y, C)
    centre = result.coefficients.mean()

    def draws(scores):
        found = []
        for places in itertools.permutations(range(6), 3):
            moved = np.zeros_like(C)
            moved[list(places)] = C[:3]
            found.append(slow_statistics(scores, moved))
        slopes, _, units = slow_statistics(scores, C)
        return np.array([s for s, _, _ in found]), np.array([u for _, _, u in found]), slopes, units

    slopes, units, _, _ = draws(y)
    expected = slopes.mean(axis=1) / np.sqrt(np.sum(units.mean(axis=1) ** 2, axis=1))
    np.testing.assert_allclose(as_set(result.mean_slope().draws), as_set(expected[:, None]), atol=2e-7)
    slopes, units, own, own_units = draws(y - centre * C)

    def largest(b, u):
        spread = b - b.mean(axis=-1, keepdims=True)
        errors = np.sqrt(np.sum((u - u.mean(axis=-2, keepdims=True)) ** 2, axis=-1))
        return np.max(np.abs(spread) / errors, axis=-1)

    assert result.equality_p() == np.mean(largest(slopes, units) >= largest(own, own_units) * (1 - 1e-9))


def test_counts_of_assignments():
    """Of 63 units: 63 for one; 1,953 sets for two on one path, 3,906 ordered for two paths; 8! among eight."""
    C = np.zeros((63, 4, 2))
    C[0, 2:] = 0.5
    assert possible_assignments(C).count == 63
    C[1] = C[0]
    assert possible_assignments(C).count == 1953
    C[1, 3] = 0.7
    assert possible_assignments(C).count == 3906
    C[:8, 3] = np.arange(1, 9)[:, None] / 10
    assert possible_assignments(C, among=np.arange(63) < 8).count == math.factorial(8)
    C[3] = C[2]
    assert possible_assignments(C, among=np.arange(63) < 8).count == math.factorial(8) // 2


def test_lists_each_assignment_once():
    C = np.zeros((6, 2, 1))
    C[:3, 1, 0] = [0.2, 0.2, 0.9]
    strata = np.array([0, 1, 0, 0, 1, 1])
    excluded = np.arange(6) == 5
    for arguments, expected in [({}, 60), ({"strata": strata}, 18), ({"strata": strata, "excluded": excluded}, 12)]:
        design = possible_assignments(C, **arguments)
        every = np.array(list(design.all()))
        assert len(every) == design.count == expected
        assert len(np.unique(C[every, 1, 0], axis=0)) == expected
        assert (np.sort(every, axis=1) == np.arange(6)).all()  # a permutation of the units
        assert any((C[row] == C).all() for row in every)  # the realised one among them
        sampled = design.sample(2000, np.random.default_rng(0))
        assert {tuple(C[row, 1, 0]) for row in sampled} == {tuple(C[row, 1, 0]) for row in every}
    assert (every[:, 5] == 5).all()
    assert (strata[every] == strata).all()


def test_samples_assignments_alike():
    C = np.zeros((5, 2, 1))
    C[:2, 1, 0] = [0.4, 0.9]
    sampled = possible_assignments(C).sample(20_000, np.random.default_rng(0))
    _, times = np.unique(C[sampled, 1, 0], axis=0, return_counts=True)
    chi2 = np.sum((times - 1000) ** 2 / 1000)  # 20 assignments, 1,000 each expected
    assert chi2 < 19 + 4 * np.sqrt(38)


def test_two_villages_of_seven():
    """Gerber & Green (2012, table 2.1): gap 6.5; of 21 assignments 5 reach it on one side, 8 on both."""
    y = np.zeros((7, 2, 1))
    y[:, 1, 0] = [15, 15, 20, 20, 10, 15, 30]
    C = np.zeros((7, 2, 1))
    C[[0, 6], 1] = 1.0
    result = reassign(y, C)
    slopes = result.slope0 + result.coefficients * result.slope1
    np.testing.assert_allclose(result.coefficients, [6.5])
    assert counts([6.5], slopes).tolist() == [8]
    assert np.sum(slopes >= 6.5 - 1e-9) == 5


def test_p_is_exact_under_the_null():
    """Whichever unit had the programme, the p-values over the units are the ranks 1/N, 2/N, ..., 1."""
    y, _ = world(N=9, K=2, gaps=0.1)
    found = []
    for i in range(9):
        C = np.zeros_like(y)
        C[i, 3:] = 1.0
        result = reassign(y, C)
        found.append(result.p)
        assert result.floor.tolist() == [1 / 9, 1 / 9]
        assert result.attainable_size(0.75).tolist() == [2 / 9, 2 / 9]
        assert result.attainable_size(0.95).tolist() == [0.0, 0.0]
        assert np.isinf(result.interval(0.95)).all()
    np.testing.assert_allclose(np.sort(found, axis=0), np.tile(np.arange(1, 10)[:, None] / 9, 2))


def test_floor_counts_mirror_images():
    """Half of the units with one path: swapping the halves turns the sign, so the smallest p is 2 of 20."""
    y, C = world(N=6, treated=3, gaps=0.0)
    C[:3] = C[0]
    result = reassign(y, C)
    assert len(result.draws) == 20
    assert result.floor.tolist() == [0.1, 0.1]


def test_interval_holds_what_a_test_of_its_own_does_not_reject():
    y, C = world(N=12, T=8, treated=6, seed=3)
    y = y + 1.5 * C
    among = np.arange(12) < 6
    result = reassign(y, C, among=among)
    for k, (low, high) in enumerate(result.interval(0.9)):
        for end, out in [(low, -1.0), (high, 1.0)]:
            p = [reassign(y, C, among=among, null=end + out * step * (high - low)).p[k] for step in (1e-7, -1e-7)]
            assert p[0] <= 0.1 < p[1]


def test_sampled_permutations_agree_with_all_of_them():
    y, C = world(N=10, treated=6, seed=4)
    among = np.arange(10) < 6
    every = reassign(y, C, among=among)
    sampled = reassign(y, C, among=among, draws=500)
    assert every.exact
    assert not sampled.exact
    np.testing.assert_allclose(sampled.p, every.p, atol=4 * 0.5 / np.sqrt(500))
    np.testing.assert_allclose(sampled.floor, [1 / 501] * 2)
    np.testing.assert_allclose(sampled.p, p_values(sampled.observed, sampled.draws, exact=False))


def test_an_assignment_without_the_cells_has_no_slope_and_is_counted():
    y, C = world(N=6, T=5, K=2, treated=1, gaps=0.0)
    y[4, 2:, 0] = np.nan  # unit 4 was not observed in the programme's years
    result = reassign(y, C)
    assert result.undefined.tolist() == [1, 0]
    assert np.sum(result.draws[:, 0] == 0) == 1
    assert np.isfinite(result.draws).all()


def test_what_must_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    y, C = world(N=9, T=6, K=3, treated=5)
    among = np.arange(9) < 5
    result = reassign(y, C, among=among)
    order, turn = rng.permutation(9), np.array([2, 0, 1])
    moved = [
        reassign(y + 30 * rng.normal(size=(9, 1, 3)) + 30 * rng.normal(size=(1, 6, 3)), C, among=among),
        reassign(y[order], C[order], among=among[order]),
        reassign(5 * y, 0.01 * C, among=among),
        reassign(y, C, among=among, rng=7),
    ]
    for other in moved:
        np.testing.assert_allclose(as_set(other.draws), as_set(result.draws), atol=3e-7)
        np.testing.assert_allclose(other.p_joint, result.p_joint)
        np.testing.assert_allclose(other.mean_slope().p, result.mean_slope().p)
    turned = reassign(y[:, :, turn], C[:, :, turn], among=among)
    np.testing.assert_allclose(turned.p_joint, result.p_joint[turn])
    np.testing.assert_allclose(moved[2].interval(0.8), 500 * result.interval(0.8), rtol=1e-6)
    monkeypatch.setattr(reassignment, "BLOCK", 200)
    np.testing.assert_allclose(reassign(y, C, among=among).draws, result.draws)
    sampled = reassign(y, C, among=among, draws=50)
    monkeypatch.undo()
    np.testing.assert_allclose(reassign(y, C, among=among, draws=50, rng=np.random.default_rng(0)).draws, sampled.draws)


def test_equals_a_loop_of_statsmodels_fits():
    y, C = world(N=15, T=6, K=1, treated=7, seed=2)
    among = np.arange(15) < 7
    result = reassign(y, C, among=among, draws=15)
    sources = possible_assignments(C, among=among).sample(15, np.random.default_rng(0))
    unit, time = np.nonzero(np.isfinite(y[:, :, 0]))
    effects = dummies(unit, time)
    for draw, source in zip(result.draws, sources, strict=True):
        design = np.column_stack([C[source][unit, time, 0], effects])
        model = sm.OLS(y[unit, time, 0], design).fit(cov_type="cluster", cov_kwds={"groups": unit})
        np.testing.assert_allclose(draw[0], model.tvalues[0], rtol=1e-8)


@pytest.mark.parametrize("panels", [100, pytest.param(400, marks=pytest.mark.slow)])
def test_false_alarms_of_the_family(panels: int):
    """Six dimensions, trajectories among eight units: any joint p at or below 5% in 5% of null panels."""
    alarms, among = 0, np.arange(20) < 8
    for seed in range(panels):
        y, C = world(N=20, T=6, K=6, treated=8, seed=seed, gaps=0.03)
        alarms += reassign(y, C, among=among, draws=39).p_joint.min() <= 0.05
    assert abs(alarms / panels - 0.05) < 3 * np.sqrt(0.05 * 0.95 / panels)


@pytest.mark.parametrize("panels", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_one_programme_keeps_the_family_wise_rate_where_usual_errors_do_not(panels: int):
    usual, joint = 0, 0
    for seed in range(panels):
        y, C = world(N=20, T=8, K=4, treated=1, seed=seed, gaps=0.0)
        result = reassign(y, C)
        joint += result.p_joint.min() <= 0.05
        usual += np.max(np.abs(result.observed)) > 2.09  # t with 19 degrees of freedom, two-sided 5%
    assert joint / panels <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / panels)
    assert usual / panels > 0.9


def test_finds_a_true_slope():
    y, C = world(N=20, T=8, K=2, treated=8, seed=5, gaps=0.0)
    y = y + np.array([6.0, 0.0]) * C
    result = reassign(y, C, among=np.arange(20) < 8)
    assert result.p_joint[0] < 0.01
    assert result.interval()[0, 0] < 6.0 < result.interval()[0, 1]
    fit = fit_within(y[:, :, 0].ravel(), C[:, :, 0].ravel(), np.repeat(range(20), 8), np.tile(range(8), 20))
    np.testing.assert_allclose(result.standard_errors[0] ** 2, cr1(fit)[0, 0], rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (None, {"draws": 0}, "draws is 0"),
        (None, {"among": np.arange(6) > 3}, "all alike"),
        (None, {"excluded": np.arange(6) == 0}, "follows one itself"),
        (lambda y, C: C.__setitem__((3, 2, 1), np.nan), {}, r"unknown for unit 3 .*, year 2 .*, dimension 1 "),
        (lambda y, C: y.__setitem__(np.s_[:, :, 0], np.nan), {}, "fewer than two units"),
        (lambda y, C: C.__setitem__(np.s_[:, :, 1], 0.0), {}, "completion of dimension 1 has no variation left"),
    ],
)
def test_refuses_with_the_reason(change, arguments, message):
    y, C = world(gaps=0.0)
    if change is not None:
        change(y, C)
    with pytest.raises(SpecError, match=message):
        reassign(y, C, **arguments)


# --- further cases ---------------------------------------------------------------------------------------------


@needs_cases
def test_equals_ri2_on_four_of_eight():
    data = case_data("ri.csv")
    y, C = np.zeros((8, 2, 1)), np.zeros((8, 2, 1))
    y[:, 1, 0], C[:, 1, 0] = data.y, data.d
    result = reassign(y, C)
    stored = case("ri_mixtape8", "ri2")
    np.testing.assert_allclose(result.coefficients, [stored["est"]])
    assert len(result.draws) == stored["n_sims"]
    np.testing.assert_allclose(result.p, [stored["p_two_tailed"]])  # equal groups: t ranks as the gap does


def test_without_unit_effects_every_draw_is_a_regression_with_year_dummies() -> None:
    rng = np.random.default_rng(5)
    y, C = rng.random((6, 4, 2)), np.zeros((6, 4, 2))
    C[:2, 2:] = rng.random((2, 2, 2))
    y[4, 1, 0] = np.nan
    result = reassign(y, C, unit_effects=False)
    assert result.exact
    found = set()
    for source in possible_assignments(C).all():
        for k in range(2):
            has = np.isfinite(y[:, :, k])
            unit, year = np.nonzero(has)
            fit = sm.OLS(y[:, :, k][has], np.column_stack([C[source, :, k][has], year[:, None] == np.arange(4)])).fit(
                cov_type="cluster", cov_kwds={"groups": unit}
            )
            found.add((k, round(float(fit.params[0] / fit.bse[0]), 8)))
    drawn = {(k, round(float(t), 8)) for k in range(2) for t in result.draws[:, k]}
    assert drawn == found
