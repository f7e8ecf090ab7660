"""Weights against hand calculation, a certificate of optimality, a second solver, and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from papi_analysis.errors import SpecError
from papi_analysis.estimation import weights
from papi_analysis.estimation.weights import simplex_weights, vertex_weights

KINDS = ["outside", "inside", "integers", "twice", "flat", "twin", "near"]


def problem(kind, seed):
    """Donors (T, n) and a unit: in or outside the hull, with ties, doubles, few factors, or nearly singular."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    T, n = int(rng.integers(1, 10)), int(rng.integers(1, 30))
    A = rng.normal(size=(T, n))
    if kind == "outside":
        return A, 2 * rng.normal(size=T)
    if kind == "inside":
        return A, A @ rng.dirichlet(np.ones(n))
    if kind == "integers":
        T = min(T, 3)
        return rng.integers(-2, 3, size=(T, n)).astype(float), rng.integers(-1, 2, size=T).astype(float)
    if kind == "twice":
        A = A[:, np.arange(n) // 2]
        return A, A[:, -1].copy()
    if kind == "flat":
        A = rng.normal(size=(T, 2)) @ rng.normal(size=(2, n)) + 10
        return A, A @ rng.dirichlet(np.ones(n)) + seed % 2 * rng.normal(size=T)
    if kind == "twin":  # a donor that differs from the unit by a constant, up to rounding
        A = np.round(A, 1)
        return A, A[:, 0] + 0.7
    return 1e4 + A + 1e-3 * rng.normal(size=(T, n)), 1e4 + A.mean(axis=1)


def centred(A, b, intercept):
    C = A - np.asarray(b)[:, None]
    return C - C.mean(axis=0) if intercept else C


def objective(A, b, w, ridge=0.0, intercept=False):
    C = centred(A, b, intercept)
    return float(np.sum((C @ w) ** 2) + ridge * w @ w)


def shortfall(A, b, w, ridge=0.0, intercept=False):
    """An upper bound on how far w is from the minimum (Frank-Wolfe gap), beside what equal weights leave."""
    C = centred(A, b, intercept)
    gradient = 2 * (C.T @ (C @ w) + ridge * w)
    return float(gradient @ w - gradient.min()) / max(np.sum(C**2) / len(w) + ridge, 1e-300)


def by_slsqp(goal, n):
    found = minimize(
        lambda w: goal(w)[0],
        np.full(n, 1 / n),
        jac=lambda w: goal(w)[1],
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(n)},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 2000},
    )
    return found.x


def test_two_donors_by_hand():
    # donors at (0, 0) and (4, 2), unit at (1, 1): the foot of the perpendicular is 6/20 of the way
    np.testing.assert_allclose(simplex_weights([[0, 4], [0, 2]], [1, 1]), [0.7, 0.3])
    # net of means: donors (0, 0) and (1, -1), unit (3, -3) lies beyond the second
    np.testing.assert_allclose(simplex_weights([[5, 4], [5, 2]], [9, 3], intercept=True), [0, 1])
    # with a ridge: minimise (4 v - 1)^2 + r ((1 - v)^2 + v^2) over v: v = (4 + r) / (16 + 2 r)
    for ridge in (1e-6, 0.5, 40.0):
        v = (4 + ridge) / (16 + 2 * ridge)
        np.testing.assert_allclose(simplex_weights([[0, 4]], [1], ridge=ridge), [1 - v, v], rtol=1e-9)


def test_least_norm_by_hand():
    # 1 = any mixture of 0, 1, 2, 5 with that mean; least norm by hand: w = (a + m x), clipped at 0 on 5
    w = simplex_weights([[0.0, 1.0, 2.0, 5.0]], [1.0])
    x, support = np.array([0.0, 1.0, 2.0, 5.0]), slice(0, 4)
    E = np.vstack([np.ones(4), x])[:, support]
    flat = E.T @ np.linalg.solve(E @ E.T, [1.0, 1.0])  # all positive, so the constraints do not bind
    assert flat.min() > 0
    np.testing.assert_allclose(w, flat, atol=1e-12)
    np.testing.assert_allclose(simplex_weights(np.ones((3, 4)), np.ones(3)), np.full(4, 0.25))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("ridge", [0.0, 1e-6, 1e-2, 1.0, 30.0])
def test_the_optimum_is_certified(kind, intercept, ridge):
    for seed in range(25):
        A, b = problem(kind, seed)
        w = simplex_weights(A, b, ridge=ridge, intercept=intercept)
        assert w.min() >= 0
        assert w.sum() == pytest.approx(1, abs=1e-12)
        assert shortfall(A, b, w, ridge, intercept) < 1e-10
        if ridge == 0:
            assert shortfall(A, b, vertex_weights(A, b, intercept=intercept), 0, intercept) < 1e-10


@pytest.mark.parametrize("kind", ["outside", "inside", "integers"])
def test_no_worse_than_a_second_solver(kind):
    for seed in range(8):
        A, b = problem(kind, seed)
        n, C = A.shape[1], centred(A, b, False)
        for ridge in (0.0, 0.3):

            def goal(w, C=C, ridge=ridge):
                return np.sum((C @ w) ** 2) + ridge * w @ w, 2 * (C.T @ (C @ w) + ridge * w)

            other = by_slsqp(goal, n)
            ours = simplex_weights(A, b, ridge=ridge)
            assert objective(A, b, ours, ridge) <= objective(A, b, other, ridge) + 1e-8
            if ridge:
                np.testing.assert_allclose(ours, other, atol=1e-5)


@pytest.mark.parametrize("kind", ["inside", "integers", "twice", "flat", "twin"])
def test_of_many_minimisers_the_one_of_least_norm(kind):
    several = 0
    for seed in range(30):
        A, b = problem(kind, seed)
        n = A.shape[1]
        w = simplex_weights(A, b, intercept=kind == "twin")
        # corners of the set of minimisers, by linear programs in random directions
        face = np.vstack([np.ones(n), centred(A, b, kind == "twin")])
        for direction in np.random.default_rng(seed).normal(size=(5, n)):
            found = linprog(direction, A_eq=face, b_eq=face @ w, bounds=(0, None))
            if found.status:  # the set is a point that the program misses by rounding
                continue
            several += np.abs(found.x - w).max() > 1e-6
            # w is of least norm if the way towards any other minimiser leads out of the ball through w
            assert w @ (found.x - w) > -1e-7
    assert several >= 20


def test_doubles_share_and_order_does_not_matter():
    for seed in range(20):
        A, b = problem("inside", seed)
        A = np.hstack([A, A])
        n = A.shape[1]
        w = simplex_weights(A, b)
        np.testing.assert_allclose(w[: n // 2], w[n // 2 :], atol=1e-9)
        order = np.random.default_rng(seed).permutation(n)
        np.testing.assert_allclose(simplex_weights(A[:, order], b), w[order], atol=1e-9)


def test_least_norm_where_the_unit_lies_on_the_edge_of_the_hull(panel):
    """No donor weights near the flattest are all positive there, so that the dual has no solution to settle at."""
    scores = panel.scores[panel.usable.all(axis=(1, 2)), :7, 5]
    A, b = np.delete(scores, 26, axis=0).T, scores[26]
    w = simplex_weights(A, b)
    np.testing.assert_allclose(A @ w, b, atol=1e-12)
    face = np.vstack([A, np.ones(59)])
    other = minimize(
        lambda x: x @ x,
        np.full(59, 1 / 59),
        jac=lambda x: 2 * x,
        bounds=[(0, 1)] * 59,
        constraints={"type": "eq", "fun": lambda x: face @ x - np.append(b, 1), "jac": lambda x: face},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    ).x
    np.testing.assert_allclose(w, other, atol=1e-7)
    order = np.random.default_rng(0).permutation(59)
    np.testing.assert_allclose(simplex_weights(A[:, order], b), w[order], atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_least_norm_at_a_corner_and_on_an_edge(seed):
    """By hand: a unit that is a corner has itself alone as donor; between two twins of corners, each half its share."""
    rng = np.random.default_rng(seed)
    ball = rng.normal(size=(5, 12))
    ball /= np.sqrt((ball**2).sum(axis=0))  # on a sphere every point is a corner
    np.testing.assert_allclose(simplex_weights(ball, ball[:, 3]), np.eye(12)[3], atol=1e-9)
    twins = np.hstack([ball, ball[:, [3]]])
    expected = np.zeros(13)
    expected[[3, 12]] = 0.5
    np.testing.assert_allclose(simplex_weights(twins, ball[:, 3]), expected, atol=1e-9)
    cube = np.array([[i >> j & 1 for i in range(16)] for j in range(4)], dtype=float)
    # on the edge from (0, 0, 0, 0) to (1, 0, 0, 0), a quarter of the way
    np.testing.assert_allclose(simplex_weights(cube, [0.25, 0, 0, 0]), np.eye(16)[0] * 0.75 + np.eye(16)[1] * 0.25)


def test_what_the_digits_cannot_tell_is_said():
    """Donors up to ten thousand million times farther than others: the flattest average, or the reason why not."""
    refused = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        A, b = rng.normal(size=(3, 40)) * np.exp(8 * rng.normal(size=40)), np.zeros(3)
        try:
            w = simplex_weights(A, b)
        except SpecError as error:
            refused.append(str(error))
        else:
            corner = vertex_weights(A, b)
            assert w @ w <= corner @ corner * (1 + 1e-12)
            length = np.sqrt((A**2).sum(axis=0))
            assert np.abs(A @ (w - corner)).max() <= 1e-7 * length.min() + 1e-12 * (length * (w + corner)).max()
    assert 0 < len(refused) < 40
    assert all("the flattest cannot be told: some donors lie so many times farther" in said for said in refused)


def test_rounds_that_run_out_are_said(monkeypatch):
    def stops(*given, **options):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr(weights, "nnls", stops)
    with pytest.raises(SpecError, match="No weights were found"):
        simplex_weights([[0.0, 4.0]], [1.0])


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_dual_that_does_not_settle_costs_time_and_no_digits(monkeypatch, rounds):
    problems = [problem(kind, seed) for kind in ("inside", "integers", "twin") for seed in range(5)]
    ridges = [0.0, 0.3]
    quick = [simplex_weights(A, b, ridge=ridge) for A, b in problems for ridge in ridges]
    monkeypatch.setattr(weights, "ROUNDS", rounds)
    slow = [simplex_weights(A, b, ridge=ridge) for A, b in problems for ridge in ridges]
    for one, other in zip(quick, slow, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_scale_and_constants_do_not_matter():
    A, b = problem("outside", 3)
    w = simplex_weights(A, b, ridge=0.2)
    np.testing.assert_allclose(simplex_weights(1e-4 * A, 1e-4 * b, ridge=0.2e-8), w, atol=1e-10)
    shift = np.arange(len(b))[:, None]
    np.testing.assert_allclose(simplex_weights(A + shift, b + shift[:, 0], ridge=0.2), w, atol=1e-10)
    level = np.arange(A.shape[1])
    free = simplex_weights(A, b, intercept=True)
    np.testing.assert_allclose(simplex_weights(A + level, b - 7, intercept=True), free, atol=1e-9)


def test_a_stack_is_many_problems_and_a_mask_is_fewer_donors():
    rng = np.random.default_rng(5)
    A, b = rng.normal(size=(3, 1, 6, 20)), rng.normal(size=(3, 20, 6))
    donors = ~np.eye(20, dtype=bool)
    ridge = np.array([0.0, 1e-5, 2.0])[:, None]
    stacked = simplex_weights(A, b, donors=donors, ridge=ridge, intercept=True)
    assert stacked.shape == (3, 20, 20)
    for k in range(3):
        for i in (0, 7, 19):
            one = simplex_weights(np.delete(A[k, 0], i, axis=1), b[k, i], ridge=ridge[k, 0], intercept=True)
            np.testing.assert_allclose(np.delete(stacked[k, i], i), one, atol=1e-12)
            assert stacked[k, i, i] == 0


def test_donors_that_are_nearly_alike_cost_no_digits():
    rng = np.random.default_rng(8)
    A = np.outer(rng.normal(size=30), np.arange(6)) + 1e-5 * rng.normal(size=(30, 6))
    truth = np.array([0.05, 0.1, 0.15, 0.2, 0.22, 0.28])
    np.testing.assert_allclose(simplex_weights(A, A @ truth), truth, atol=1e-9)


def test_donors_that_are_far_apart_cost_no_digits():
    rng = np.random.default_rng(9)
    for _ in range(50):
        A = np.exp(2 * rng.normal(size=40)) * (1 + 0.3 * rng.normal(size=(4, 40)))
        b = 1 + 0.3 * rng.normal(size=4)
        assert objective(A, b, simplex_weights(A, b)) <= objective(A, b, vertex_weights(A, b)) + 1e-12


def test_a_vertex_uses_few_donors():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(5, 40)), 0.1 * rng.normal(size=5)
    assert np.sum(vertex_weights(A, b) > 0) <= 6
    assert np.sum(simplex_weights(A, b) > 0) > 6
    np.testing.assert_allclose(A @ simplex_weights(A, b), b, atol=1e-12)
    np.testing.assert_allclose(A @ vertex_weights(A, b), b, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": [[1.0, 2.0]], "b": [1.0, 2.0]}, "rows are the same years"),
        ({"A": [[1.0, np.nan]], "b": [1.0]}, "missing or not finite"),
        ({"A": [[1.0, 2.0]], "b": [1.0], "donors": [False, False]}, "no donors"),
        ({"A": [[1.0, 2.0]], "b": [1.0], "donors": [True]}, "marks"),
        ({"A": [[1.0, 2.0]], "b": [1.0], "ridge": -1.0}, "0 or more"),
    ],
)
def test_what_cannot_be_weighted_is_refused(arguments, message):
    with pytest.raises(SpecError, match=message):
        simplex_weights(**arguments)
