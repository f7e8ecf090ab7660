"""Placebos: every row against estimating again, exact sizes, intervals that invert, power on the real scores."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from contextlib import redirect_stdout
from functools import partial

import numpy as np
import pytest
from reference import case, needs_cases
from test_counterfactuals import BASQUE, PROP99, SPAIN, TEXAS, gaps, levels_too, published, world

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.estimation.counterfactuals import ESTIMATORS, estimate
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.inference import Engine
from papi_analysis.estimation.multiplicity import step_down
from papi_analysis.estimation.placebos import placebos

NAMES = list(ESTIMATORS)
NEAR = 1e-12


@pytest.fixture(scope="module")
def provinces():
    """The provinces with all six scores in 2011-2020 (60, 10, 6)."""
    scores = pa.papi.load_scores()
    scores = scores[scores["dimension"].isin([f"D{k}" for k in range(1, 7)]) & scores["year"].between(2011, 2020)]
    wide = scores.pivot(index="unit", columns=["year", "dimension"], values="score").dropna()
    return wide.sort_index(axis=1).to_numpy().reshape(len(wide), 10, 6)


def rejects(p, size=0.05):
    return p <= size + NEAR


def test_by_hand():
    # changes from the mean before: 4, 1, -1 and 0; against the mean of the others
    Y = np.array([[1.0, 1, 5], [2, 2, 3], [3, 1, 1], [4, 4, 4]])[:, :, None]
    result = placebos(programme_design(Y, 0, 2), "did")
    expected = [4 - 0, 1 - 1, -1 - 5 / 3, 0 - 4 / 3]
    np.testing.assert_allclose(result.scores[:, 0], expected, atol=NEAR)
    np.testing.assert_allclose(result.standard_errors, np.std(expected))
    np.testing.assert_allclose(result.draws[:, 0], np.array(expected) / np.std(expected), atol=NEAR)
    assert result.units[:, 0].tolist() == [0, 1, 2, 3]
    assert (result.p[0], result.floor[0], result.exact) == (0.25, 0.25, True)
    assert result.attainable_size(0.4)[0] == 0.5
    assert result.attainable_size(0.9)[0] == 0
    # before: unit 2 is 1 above and below its own mean, the others do not move
    np.testing.assert_allclose(result.fits[:, 0], [1 / 3, 1 / 3, 1, 1 / 3])
    assert result.fit_rank[0] == 1
    # the treated unit carries a third of every other counterfactual: b0 taken out raises each of them by b0 / 3
    np.testing.assert_allclose(result.responses[:, 0], [1, -1 / 3, -1 / 3, -1 / 3])
    # at 50% a value is kept while two of the others reach |4 - b|: |b/3| does from 3 to 6, |-8/3 + b/3| from 2 to 5,
    # |-4/3 + b/3| at 4 alone
    np.testing.assert_allclose(result.interval(0.5), [[3, 5]])
    assert np.isinf(result.interval(0.9)).all()
    # with 4 taken out of unit 0 the placebos are 4/3, -4/3 and 0, and an effect e takes e / 3 from each. A unit with e
    # must pass all but one of them: for e up to 2 that is 4/3 - e/3, from there on e/3. The last, e - 4/3, does above 2
    np.testing.assert_allclose(result.detectable(0.5), 2.0, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("treated_as_donor", [True, False])
def test_every_unit_takes_the_place(name, treated_as_donor):
    Y = world(N=10)
    pool = ~np.isin(np.arange(10), [3, 8])
    design = programme_design(Y, 3, 6, end=7, donors=pool)
    result = placebos(design, name, treated_as_donor=treated_as_donor, draws=9)
    assert result.exact
    assert sorted(result.units[:, 0]) == [0, 1, 2, 3, 4, 5, 6, 7, 9]
    assert result.units[0, 0] == 3
    for unit, score, path, fit in zip(result.units[:, 0], result.scores, result.paths, result.fits, strict=True):
        donors = pool | (np.arange(10) == 3) if treated_as_donor else pool.copy()
        donors[unit] = False
        slow = gaps(Y, name, int(unit), end=7, donors=donors)[0]
        np.testing.assert_allclose(path, slow, atol=1e-10)
        np.testing.assert_allclose(score, slow[6:8].mean(axis=0), atol=1e-10)
        np.testing.assert_allclose(fit, np.std(slow[:6], axis=0), atol=1e-10)


def test_what_is_reported_follows_from_the_rows():
    result = placebos(programme_design(world(N=12), 3, 6), "synthetic_control")
    size = np.abs(result.scores)
    np.testing.assert_allclose(result.p, (size >= size[0] * (1 - 1e-9)).mean(axis=0))
    t = result.scores / np.std(result.scores, axis=0)
    np.testing.assert_allclose(result.p_joint, step_down(t[0], t, exact=True))
    assert np.all(result.p_joint >= result.p)
    np.testing.assert_allclose(result.coefficients, result.scores[0])
    mean = result.mean()
    np.testing.assert_allclose(mean.coefficients, [result.coefficients.mean()])
    assert mean.p[0] == np.mean(np.abs(result.scores.mean(axis=1)) >= abs(result.coefficients.mean()) - NEAR)
    second = result.at(1)  # the programme starts in year 6
    np.testing.assert_allclose(second.coefficients, result.paths[0, 7])
    assert second.interval(0.8).shape == (3, 2)


@pytest.mark.parametrize("start", [[6, 6], [5, 7]])
@pytest.mark.parametrize("name", ["lagged_outcome", "did", "synthetic_control", "common_weights"])
def test_sets_of_units_and_staggered_starts(start, name):
    Y = world(N=7)
    design = programme_design(Y, [1, 4], start)
    result = placebos(design, name)
    together = start[0] == start[1]
    sets = list((itertools.combinations if together else itertools.permutations)(range(7), 2))
    assert result.exact
    assert len(result.scores) == len(sets) == result.size
    rows = {tuple(row): score for row, score in zip(result.units.tolist(), result.scores, strict=True)}
    for units in sets:
        donors = ~np.isin(np.arange(7), units)
        slow = gaps(Y, name, list(units), start, donors=donors)
        cells = np.concatenate([slow[0, start[0] :], slow[1, start[1] :]])
        found = rows.get(units, rows.get(units[::-1]) if together else None)
        np.testing.assert_allclose(found, cells.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(result.responses[0], 1)
    # by years since the start: both units in their own years; a programme year counts those that have had it
    own = estimate(design, name).gaps
    assert result.since.tolist() == list(range(-start[1], 9 - start[0]))
    for since, path in zip(result.since, result.paths[0], strict=True):
        years = [(unit, first + since) for unit, first in enumerate(start) if 0 <= first + since < 9]
        np.testing.assert_allclose(path, np.mean([own[unit, year] for unit, year in years], axis=0), atol=1e-12)


def test_more_sets_than_draws_are_sampled():
    design = programme_design(world(N=14), [1, 4, 6], 6)
    result = placebos(design, "did", draws=99, rng=5)
    assert not result.exact
    assert (len(result.draws), len(result.scores), result.size) == (99, 100, 364)
    np.testing.assert_allclose(result.floor, 0.01)
    np.testing.assert_allclose(result.attainable_size(0.95), 0.05)
    size = np.abs(result.scores)
    np.testing.assert_allclose(result.p, (1 + (size[1:] >= size[0] * (1 - 1e-9)).sum(axis=0)) / 100)
    np.testing.assert_array_equal(placebos(design, "did", draws=99, rng=5).scores, result.scores)
    every = placebos(design, "did", draws=364)
    assert every.exact
    drawn = {tuple(sorted(row)) for row in result.units.tolist()}
    assert drawn <= {tuple(sorted(row)) for row in every.units.tolist()}
    low, high = result.interval(0.9).T
    assert np.all((low < result.coefficients) & (result.coefficients < high))


def test_blocks_change_nothing(monkeypatch):
    design = programme_design(world(N=9), [1, 4], [5, 6])
    whole = placebos(design, "synthetic_did")
    for module in ("placebos", "counterfactuals"):
        monkeypatch.setattr(f"papi_analysis.estimation.{module}.BLOCK", 1000)
    np.testing.assert_allclose(placebos(design, "synthetic_did").scores, whole.scores, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_test_is_exact_when_units_are_alike(name):
    """Let each unit be the treated one in turn: in a share of 5% of them, no more, may the test reject."""
    Y = world(N=40, seed=4)
    p, joint, mean, covered = [], [], [], []
    for unit in range(40):
        result = placebos(programme_design(Y, unit, 6), name)
        p.append(result.p)
        joint.append(result.p_joint.min())
        mean.append(result.mean().p[0])
        low, high = result.interval(0.9).T
        covered.append((low <= 0) & (high >= 0))
    np.testing.assert_allclose(rejects(np.array(p)).mean(axis=0), 0.05)
    assert rejects(np.array(joint)).mean() == pytest.approx(0.05)
    assert rejects(np.array(mean)).mean() == pytest.approx(0.05)
    np.testing.assert_allclose(np.mean(covered, axis=0), 0.9)


@pytest.mark.parametrize("name", ["lagged_outcome", "did", "synthetic_control", "common_weights"])
@pytest.mark.parametrize("treated_as_donor", [True, False])
def test_intervals_invert_the_test(name, treated_as_donor):
    Y = world(N=12, seed=1)
    options = {"treated_as_donor": treated_as_donor}
    result = placebos(programme_design(Y, 5, 6), name, **options)
    ends = result.interval(0.8)
    for side in (0, 1):
        inward = np.where(side, -1, 1) * 1e-6
        for step, kept in ((inward, True), (-inward, False)):
            moved = Y.copy()
            moved[5, 6:] -= ends[:, side] + step
            again = placebos(programme_design(moved, 5, 6), name, **options)
            np.testing.assert_array_equal(again.p > 0.2 + NEAR, kept)


@pytest.mark.parametrize("name", ["lagged_outcome", "did", "synthetic_control", "common_weights"])
@pytest.mark.parametrize("units", [5, [2, 5]])
@pytest.mark.parametrize("N", [9, 20])  # with one regressor, and with two
def test_responses_are_what_taking_a_gap_out_and_asking_again_moves(name, units, N):
    Y = world(N=N, seed=3)
    result, b0 = placebos(programme_design(Y, units, 6), name), np.array([0.7, -2.0, 30.0])
    less = Y.copy()
    less[units, 6:] -= b0
    again = placebos(programme_design(less, units, 6), name)
    np.testing.assert_allclose(again.scores, result.scores - b0 * result.responses, atol=1e-9)
    np.testing.assert_allclose(again.paths, result.paths - b0 * result.path_responses, atol=1e-9)


def test_intervals_of_several_units_invert_the_test():
    Y = world(N=9, seed=1)
    ends = placebos(programme_design(Y, [2, 5], 6), "synthetic_control").interval(0.8)
    for side, step, kept in ((0, 1e-6, True), (0, -1e-6, False), (1, -1e-6, True), (1, 1e-6, False)):
        moved = Y.copy()
        moved[[2, 5], 6:] -= ends[:, side] + step
        again = placebos(programme_design(moved, [2, 5], 6), "synthetic_control")
        np.testing.assert_array_equal(again.p > 0.2 + NEAR, kept)


def test_year_weights_move_intervals_of_synthetic_did_only_a_little(provinces):
    # the year weights of placebos see the treated unit's programme years; intervals keep them as first fitted
    result = placebos(programme_design(provinces, 55, 7, end=9), "synthetic_did")
    ends = result.interval(0.9)
    for side in (0, 1):
        for step in (-0.06, 0.06):
            moved = provinces.copy()
            moved[55, 7:] -= ends[:, side] + step
            again = placebos(programme_design(moved, 55, 7, end=9), "synthetic_did")
            np.testing.assert_array_equal(again.p > 0.1 + NEAR, (step < 0) == bool(side))


def test_simultaneous_intervals():
    Y = world(N=40, seed=7)
    covered = []
    for unit in range(40):
        effect = Y.copy()
        effect[unit, 6:] += [0.0, 3.0, -1.0]
        result = placebos(programme_design(effect, unit, 6), "did")
        one, all_ = result.interval(0.8), result.interval(0.8, simultaneous=True)
        assert np.all(all_[:, 0] <= one[:, 0] + NEAR)
        assert np.all(all_[:, 1] >= one[:, 1] - NEAR)
        covered.append(np.all((all_[:, 0] <= [0, 3, -1]) & (all_[:, 1] >= [0, 3, -1])))
        alone = result.mean()
        np.testing.assert_allclose(alone.interval(0.8, simultaneous=True), alone.interval(0.8))
    assert 0.75 <= np.mean(covered) <= 0.9


@pytest.mark.parametrize("name", NAMES)
def test_scales_and_labels_do_not_matter(name):
    Y = world(N=12)
    before = placebos(programme_design(Y, 0, 6), name)
    order = np.random.default_rng(2).permutation(12)
    moved = (Y * [2.0, -1.0, 1e3])[order]
    if name != "lagged_outcome":  # it heeds where units stood
        moved += np.arange(12)[:, None, None]
    after = placebos(programme_design(moved, int(np.flatnonzero(order == 0)[0]), 6), name)
    np.testing.assert_allclose(after.p, before.p)
    np.testing.assert_allclose(after.p_joint, before.p_joint)
    np.testing.assert_allclose(after.standard_errors, before.standard_errors * [2, 1, 1e3], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_joint_power_on_the_real_scores(provinces, name):
    """A gap of one point on six dimensions, up or down, put on provinces in turn."""
    found = []
    for place, unit in enumerate(range(0, 60, 4)):
        Y = provinces.copy()
        Y[unit, 7:] += 1.0 if place % 2 else -1.0
        found.append(rejects(placebos(programme_design(Y, unit, 7, end=9), name).p_joint))
    assert np.mean(np.any(found, axis=1)) >= 0.85
    assert np.mean(found) >= 0.85  # each dimension by itself, with the family-wise level


def test_the_detectable_gap_is_detected(provinces):
    hits = []
    for unit in range(0, 60, 2):
        result = placebos(programme_design(provinces, unit, 7, end=9), "did")
        Y = provinces.copy()
        Y[unit, 7:] += result.detectable(0.95)
        hits.append(rejects(placebos(programme_design(Y, unit, 7, end=9), "did").p))
    assert 0.75 <= np.mean(hits) <= 0.87
    assert np.isinf(placebos(programme_design(world(N=12), 0, 6), "did").detectable(0.95)).all()


def test_fits_are_flagged(provinces):
    Y = provinces.copy()
    Y[7, :7, 0] = Y[:7, :7, 0].mean(axis=0) + 0.4  # inside the hull of the others
    Y[7, :7, 1] += np.array([3.0, -3, 3, -3, 3, -3, 3])
    result = placebos(programme_design(Y, 7, 7, end=9), "synthetic_control")
    assert result.exact_fit.tolist()[:2] == [True, False]
    assert result.poor_fit.tolist()[:2] == [False, True]
    assert result.fit_rank[1] == pytest.approx(1 / 60)


def test_placebo_in_time_and_the_common_interface():
    result = placebos(programme_design(world(), 0, 4, end=5), "did")
    carried = Estimates("programme_impact", table=None, engines=(result, result.mean()))
    assert carried.draws.shape == (15, 3)
    for engine in carried.engines:
        assert all(hasattr(engine, name) for name in vars(Engine) if not name.startswith("_"))


def test_what_shows_no_gap_is_refused():
    Y = world()
    Y[:, :, 2] = 4.0
    with pytest.raises(SpecError, match="Dimension 2 shows no gap"):
        placebos(programme_design(Y, 0, 6), "did")
    with pytest.raises(SpecError, match="whole number"):
        placebos(programme_design(world(), 0, 6), "did", draws=0)


@needs_cases
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (PROP99, "prop99_sc_simplex"),
        ((*BASQUE, 1970, SPAIN), "basque_sc_simplex_1970"),
        ((*BASQUE, 1975, SPAIN), "basque_sc_simplex_1975"),
        (TEXAS, "texas_sc_simplex"),
    ],
)
def test_published_placebos_of_synthetic_controls(arguments, name):
    names, _, design = published(*arguments)
    values = case(name, "limSolve")
    spread = float(np.std(design.Y))
    for treated_as_donor, key in ((True, "placebo_treated_in_pool"), (False, "placebo_treated_excluded")):
        result = placebos(design, levels_too, treated_as_donor=treated_as_donor)
        assert result.p[0] == pytest.approx(values[key]["p_abs_att"])
        found = dict(zip([names[unit] for unit in result.units[:, 0]], result.scores[:, 0], strict=True))
        for unit, score in values[key].get("placebo_att", {}).items():
            assert found[unit] == pytest.approx(score, abs=1e-3 * spread)
    assert result.fit[0] == pytest.approx(values["pre_rmspe"], rel=1e-5)


@needs_cases
@pytest.mark.parametrize(("arguments", "name"), [(PROP99, "prop99_sdid"), ((*BASQUE, 1970, SPAIN), "basque_sdid")])
def test_published_placebo_errors_of_synthetic_did(arguments, name):
    result = placebos(published(*arguments)[2], "synthetic_did", treated_as_donor=False)
    error = np.std(result.scores[1:, 0])
    assert error == pytest.approx(case(name, "exact QP")["se_placebo_exhaustive"], rel=1e-4)


PROGRAM = """
import numpy as np
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.placebos import placebos
Y = np.round(np.random.default_rng(1).normal(size=(63, 10, 6)).cumsum(axis=1), 4)
for name in ("synthetic_control", "common_weights", "synthetic_did"):
    result = placebos(programme_design(Y, 5, 7), name)
    np.set_printoptions(precision=10, suppress=True, threshold=10**6)
    print(result.scores, result.p, result.p_joint, result.interval(0.9), result.detectable(0.9), result.fits)
"""


def test_the_same_digits_with_one_and_two_threads():
    """Tests run with one."""
    with redirect_stdout(io.StringIO()) as one, np.printoptions():
        exec(PROGRAM, {})
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    two = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert len(two.stdout) > 10_000
    assert one.getvalue() == two.stdout


def test_partial_estimators_are_estimators():
    Y = world(N=8)
    result = placebos(programme_design(Y, 0, 6), partial(ESTIMATORS["synthetic_control"], intercept=False))
    np.testing.assert_allclose(result.fits[0], np.sqrt((gaps(Y, levels_too)[0, :6] ** 2).mean(axis=0)))
