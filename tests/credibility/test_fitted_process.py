"""The process behind simulated panels: moments by hand, known processes found again, invariance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.fitted_process import (
    Process,
    breaks_of_most,
    draw_scores,
    fit_process,
    pooled_moments,
)

T, K = 10, 2
BREAKS = pd.DataFrame({"dimension": ["all", "a"], "year": [5, 3], "kind": ["sample", "definition"]})
TRUE = Process(
    mean=np.linspace(3, 8, T * K).reshape(T, K),
    spread=np.where(np.arange(T)[:, None] < 5, 1.0, 0.6) * np.array([1.0, 2.0]),
    lasting=np.array([[0.4, 0.2], [0.2, 0.3]]),
    fading=np.array([[0.4, -0.1], [-0.1, 0.3]]),
    noise=np.array([[0.2, 0.0], [0.0, 0.4]]),
    carried=np.array([0, *[0.8] * 4, 0.3, *[0.8] * 4]),
)


def panel_of(scores: np.ndarray, breaks: pd.DataFrame = BREAKS) -> pa.Panel:
    units, years = tuple(f"u{i:05d}" for i in range(len(scores))), tuple(range(scores.shape[1]))
    names = tuple("abcdefg"[: scores.shape[2]])
    return pa.Panel(scores, np.zeros_like(scores), units, years, names, breaks, ())


def differences(one: Process, other: Process) -> list[float]:
    return [float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)]


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    return draw_scores(TRUE, 4000, np.random.default_rng(1))


def test_a_known_process_is_found_again(many) -> None:
    found = fit_process(panel_of(many))
    assert max(differences(found, TRUE)) < 0.1
    assert found.carried.tolist() == TRUE.carried.tolist()


def test_missing_cells_and_cells_with_a_programme_take_no_part(many) -> None:
    rng = np.random.default_rng(2)
    scores, done = many.copy(), np.zeros_like(many)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    done[:300, 6:] = 0.5
    scores[:300, 6:] += 5.0
    found = fit_process(replace(panel_of(scores), completion=done))
    assert max(differences(found, TRUE)) < 0.1


def test_what_is_drawn_has_the_moments_that_the_process_states(many) -> None:
    """Against the covariance of any two years, worked out from the parts."""
    z = (many - TRUE.mean) / TRUE.spread
    assert np.abs(z.mean(axis=0)).max() < 0.06
    for s, t in ((0, 0), (1, 2), (2, 8), (0, 9)):
        share = np.prod(TRUE.carried[s + 1 : t + 1])
        stated = TRUE.lasting + share * TRUE.fading + (s == t) * TRUE.noise
        assert np.abs(z[:, s].T @ z[:, t] / len(z) - stated).max() < 0.06


def test_moments_by_hand() -> None:
    z = np.array([[[1.0, 0.5], [2.0, np.nan], [0.0, 1.0]], [[-1.0, 1.0], [1.0, 2.0], [3.0, -1.0]]])
    distance, moments, pairs = pooled_moments(z, np.array([False, False, True]))
    assert distance.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert pairs.tolist() == [3, 1, 1, 1]
    assert moments[0, 0, 0] == pytest.approx((1 + 4 + 0 + 1 + 1 + 9) / 6)
    assert moments[1, 0, 0] == pytest.approx((2 * 0 + 1 * 3) / 2)
    assert moments[2, 1, 1] == pytest.approx(1.0 * 2.0)  # one unit has both years
    assert moments[2, 0, 1] == moments[2, 1, 0] == pytest.approx((-1 * 2 + 0.5 * 2 + 1 * 1) / 3)


def test_units_of_fixed_places_only_last() -> None:
    scores = np.random.default_rng(0).standard_normal((200, 1, 1)) + np.zeros((1, 6, 1))
    found = fit_process(panel_of(scores, BREAKS[:0]))
    assert found.lasting + found.carried[1] * found.fading == pytest.approx(1.0, abs=1e-3)
    assert found.noise == pytest.approx(0.0, abs=1e-3)


def test_the_fit_is_blind_to_order_shifts_and_scale(many) -> None:
    few = many[:60]
    own = fit_process(panel_of(few))
    shuffled = fit_process(panel_of(few[np.random.default_rng(3).permutation(60)]))
    assert max(differences(own, shuffled)) < 1e-9
    moved = fit_process(panel_of(100 + 7 * few))
    assert max(differences(own._replace(mean=100 + 7 * own.mean, spread=7 * own.spread), moved)) < 1e-9
    turned = fit_process(panel_of(few[:, :, ::-1], BREAKS[:1]))
    assert np.abs(turned.lasting[::-1, ::-1] - fit_process(panel_of(few, BREAKS[:1])).lasting).max() < 1e-9


def test_parts_are_covariances_that_sum_to_one(panel) -> None:
    found = fit_process(panel)
    parts = found.lasting, found.fading, found.noise
    assert sum(parts).diagonal() == pytest.approx(1.0)
    assert min(np.linalg.eigvalsh(part).min() for part in parts) > -1e-12
    assert np.array(panel.years)[breaks_of_most(panel)].tolist() == [2015, 2018]
    assert found.carried[4] < found.carried[3]  # villages were drawn anew, and a standing was lost


def test_panels_drawn_from_the_fit_keep_as_much_of_a_lead_as_the_real_one(panel) -> None:
    """The regression of 2018-20 on 2015-17, dimension by dimension: not a moment that the fit is made of."""
    scores = panel.scores
    drawn = draw_scores(fit_process(panel_of(scores, pa.papi.load_breaks().assign(year=lambda b: b.year - 2011))), 3000,
                        np.random.default_rng(0))  # fmt: skip

    def kept(values: np.ndarray) -> np.ndarray:
        before, after = values[:, 4:7].mean(axis=1), values[:, 7:10].mean(axis=1)
        whole = np.isfinite(before + after).all(axis=1)
        return np.array([np.polyfit(before[whole, k], after[whole, k], 1)[0] for k in range(values.shape[2])])

    assert np.abs(kept(drawn) - kept(scores)).mean() < 0.12


def test_a_dimension_that_began_later_and_a_flat_year_stay_what_they_are(many) -> None:
    scores = many[:80].copy()
    scores[:, :3, 1] = np.nan
    scores[:, 7, 0] = 5.0
    found = fit_process(panel_of(scores))
    assert np.isnan(found.mean[:3, 1]).all()
    drawn = draw_scores(found, 20, np.random.default_rng(0))
    assert np.array_equal(np.isnan(drawn), np.broadcast_to(np.isnan(found.mean), drawn.shape))
    assert (drawn[:, 7, 0] == 5.0).all()
