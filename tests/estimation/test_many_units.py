"""Panels of thousands of units: the same numbers as the plain way, memory in step with the units, honest samples."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.estimation import counterfactuals, multiplicity
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.counterfactuals import difference_in_differences, leave_one_donor_out
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.placebos import placebos
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import fit_within
from papi_analysis.estimation.within_programme import PlaceboSlopes

FIELDS = ["scores", "responses", "paths", "path_responses", "fits"]


def scores(N: int, T: int = 9, K: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(5, 1, (N, 1, K)) + rng.normal(0, 0.3, (1, T, K)) + rng.normal(0, 0.3, (N, T, K))


def frames(N: int, T: int = 9, K: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    index = pd.MultiIndex.from_product([[f"u{i:04d}" for i in range(N)], range(1, T + 1), [f"d{k}" for k in range(K)]])
    cells = index.to_frame(index=False, name=["unit", "year", "dimension"])
    return cells.assign(score=scores(N, T, K).ravel()), cells.assign(completion=0.0)


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def by_weights(Y, units, donors, pre, post):
    """Difference in differences under another name: a weight for every pair of units."""
    return difference_in_differences(Y, units, donors, pre, post)


@pytest.mark.parametrize("treated_as_donor", [True, False])
@pytest.mark.parametrize(("units", "starts"), [([3], [6]), ([3, 8, 1], [5, 7, 5]), ([2, 5], [4, 4])])
def test_sets_of_difference_in_differences_are_those_by_weights(units, starts, treated_as_donor) -> None:
    Y = scores(15)
    Y[12, 6] = np.nan  # takes no part
    Y[:, 8] = np.nan  # after the end
    Y[:, 0, 1] = np.nan  # not matched on
    pool = ~np.isin(np.arange(15), [*units, 12, 13])
    before = np.arange(9) > 0
    design = programme_design(Y, units, starts, end=7, before=before, donors=pool)
    fast, slow = (placebos(design, rule, treated_as_donor=treated_as_donor, draws=200) for rule in ("did", by_weights))
    np.testing.assert_array_equal(fast.units, slow.units)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), atol=1e-12, err_msg=name)


def test_one_unit_is_ranked_among_a_sample_of_the_others() -> None:
    """Each row is that unit's row among all; no unit comes twice; p counts the realised one."""
    design = programme_design(scores(40), 7, 6)
    every, sample = placebos(design, "common_weights"), placebos(design, "common_weights", draws=19, rng=4)
    assert every.exact
    assert not sample.exact
    assert sample.size == 40
    drawn = sample.units[1:, 0].tolist()
    assert len(set(drawn)) == 19
    assert 7 not in drawn
    row = {unit: place for place, unit in enumerate(every.units[:, 0].tolist())}
    np.testing.assert_allclose(sample.scores, every.scores[[row[unit] for unit in [7, *drawn]]], atol=1e-12)
    size = np.abs(sample.scores)
    np.testing.assert_allclose(sample.p, (1 + (size[1:] >= size[0]).sum(axis=0)) / 20)
    np.testing.assert_allclose(sample.floor, 1 / 20)
    np.testing.assert_array_equal(placebos(design, "common_weights", draws=19, rng=4).units, sample.units)
    assert placebos(design, "did", draws=19, rng=5).units.tolist() != sample.units.tolist()
    assert placebos(design, "did", draws=40).exact


def test_a_sample_is_fair_to_every_unit() -> None:
    """The chance that a unit drawn at random is largest among itself and 9 drawn others is one in ten."""
    Y = scores(20, T=4, K=1)
    largest = [
        placebos(programme_design(Y, i, 3), "did", draws=9, rng=100 + i + 20 * s).p[0]
        for i in range(20)
        for s in range(20)
    ]
    assert np.mean(np.array(largest) <= 0.1 + 1e-12) == pytest.approx(0.1, abs=0.045)  # three standard errors


def test_the_answer_says_how_many_of_how_many() -> None:
    panel = pa.Panel.from_frames(*frames(30))
    answer = pa.programme_impact(panel, "u0003", 6, method="did", draws=19)
    assert "given to 19 of 30 units, drawn at random" in pa.remarks(answer)
    assert "19 trong 30 đơn vị chọn ngẫu nhiên" in pa.remarks(answer, language="vi")
    assert answer.table["floor"].tolist() == pytest.approx([1 / 20] * 3)
    assert "to each of 30 units in turn" in pa.remarks(pa.programme_impact(panel, "u0003", 6, method="did", draws=30))


def test_costly_methods_draw_fewer_unless_told(monkeypatch) -> None:
    """A draw reads 210 units x 9 years x 2 dimensions: 3,780 numbers; in work for 200 of them 200 are drawn."""
    panel = pa.Panel.from_frames(*frames(210))
    monkeypatch.setattr(multiplicity, "WORK", 200 * 3_780)

    def ranked(**settings) -> int:
        return len(pa.programme_impact(panel, "u0003", 6, **settings).draws)

    assert ranked(method="synthetic_control") == 200
    assert ranked(method="did") == 210
    assert ranked(method="synthetic_control", draws=205) == 205


def test_cells_hold_an_even_selection_of_many_placebos() -> None:
    panel = pa.Panel.from_frames(*frames(1203, K=1))
    answer = pa.programme_impact(panel, "u0003", 6, method="did")
    fan, cells = answer.engines[0], answer.cells
    rows = cells["row"].unique()
    assert rows.tolist() == [0, *range(1, 1203, 3)]
    assert len(fan.paths) == 1203
    np.testing.assert_array_equal(cells["gap"].to_numpy().reshape(-1, 9), fan.paths[rows, :, 0])
    assert cells["unit"].iloc[::9].tolist() == [panel.units[i] for i in fan.units[rows, 0]]


def test_donors_left_out_in_blocks_are_those_left_out_at_once(monkeypatch) -> None:
    design = programme_design(scores(25), [2, 9], [5, 6])
    at_once = leave_one_donor_out(design, "common_weights")
    monkeypatch.setattr(counterfactuals, "BLOCK", 2 * 25 * 2 * 4)  # four at a time
    in_blocks = leave_one_donor_out(design, "common_weights")
    np.testing.assert_array_equal(in_blocks[0], at_once[0])
    np.testing.assert_allclose(in_blocks[1], at_once[1], atol=1e-10)


def test_units_without_a_say_change_nothing_in_reassignment() -> None:
    """Units that neither move nor have a cell: the same draws, the same statistics."""
    rng = np.random.default_rng(3)
    y, C = rng.normal(size=(12, 6, 2)), np.zeros((12, 6, 2))
    C[:, 3:] = np.sort(rng.random((12, 3, 2)), axis=1)
    alone = reassign(y, C, draws=99)
    wide = np.insert(np.arange(12.0), [0, 5, 12], np.nan)
    has = np.isfinite(wide)
    big_y, big_C = np.full((15, 6, 2), np.nan), np.full((15, 6, 2), np.nan)
    big_y[has], big_C[has] = y, C
    among = reassign(big_y, big_C, among=has, draws=99)
    np.testing.assert_allclose(among.draws, alone.draws, rtol=1e-10)
    np.testing.assert_allclose(among.covariance, alone.covariance, rtol=1e-10)


def _bootstrap(N: int) -> object:
    Y, rng = scores(N), np.random.default_rng(1)
    unit, time = np.repeat(np.arange(N), 9), np.tile(np.arange(9), N)
    fits = [fit_within(Y[:, :, k].ravel(), rng.random(9 * N), unit, time) for k in range(2)]
    return wild_bootstrap(fits, draws=99)


def _among(N: int) -> object:
    y, C = scores(N), np.full((N, 9, 2), np.nan)
    C[:40] = np.sort(np.random.default_rng(1).random((40, 9, 2)), axis=1)
    y[40:] = np.nan
    return reassign(y, C, among=np.arange(N) < 40, draws=19)


@pytest.mark.parametrize(
    "work",
    [
        _bootstrap,
        _among,
        lambda N: placebos(programme_design(scores(N), [1, 2, 3], [5, 6, 6]), "did", draws=99),
        lambda N: placebos(programme_design(scores(N), 1, 5), "did", draws=49),
        lambda N: leave_one_donor_out(programme_design(scores(N), 1, 5), "did"),
        lambda N: PlaceboSlopes(np.linspace(-1, 1, N), np.arange(N), 2, 3).interval(0.95),
    ],
    ids=["bootstrap", "reassignment among some", "sets", "one unit", "donors left out", "alone"],
)
def test_memory_grows_no_faster_than_the_units(work, monkeypatch) -> None:
    monkeypatch.setattr(counterfactuals, "BLOCK", 20_000)
    monkeypatch.setattr("papi_analysis.estimation.placebos.BLOCK", 20_000)
    work(50)  # what is loaded once
    assert peak(lambda: work(1000)) < 2.5 * peak(lambda: work(500))


def test_one_programme_alone_is_counted_as_by_comparing_all_with_all() -> None:
    """The p-value of any null value by the definition, ties and the estimate itself among them."""
    slopes = np.round(np.random.default_rng(5).normal(size=41), 2)
    slopes[[3, 4]] = slopes[2], -slopes[2]
    alone = PlaceboSlopes(slopes, np.arange(41), 2, 3)
    nulls = np.concatenate([[0.0, slopes[2]], np.linspace(-3, 3, 61)])
    own, rest = np.abs(slopes[2] - nulls), np.delete(slopes, 2)[:, None] + nulls / 40
    expected = (1 + (np.abs(rest) >= own - 1e-9 * np.abs(slopes).max()).sum(axis=0)) / 41
    np.testing.assert_array_equal(alone._p(nulls), expected)
    assert alone._p(nulls)[1] == 1
