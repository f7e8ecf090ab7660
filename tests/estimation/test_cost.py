"""A long run says once, before it starts, what it will cost, a short one nothing; its numbers stay the same."""

from __future__ import annotations

import io
import sys
import warnings

import numpy as np
import pytest

import papi_analysis as pa
from papi_analysis.errors import Note
from papi_analysis.estimation import cost
from papi_analysis.estimation.cost import CostWarning, in_blocks, quiet, usual_draws, watched
from papi_analysis.estimation.counterfactuals import leave_one_donor_out
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.placebos import placebos
from papi_analysis.estimation.reassignment import reassign

SETS = Note("placebo sets")


class Clock:
    """Stands still unless it is told to move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cost, "perf_counter", clock)
    return clock


class Work:
    """Counts as long as it is told: so much for each call, so much for each item, more the first time."""

    def __init__(self, clock: Clock, call: float, item: float, first: float = 0.0) -> None:
        self.clock, self.call, self.item, self.first = clock, call, item, first
        self.done: list[list[int]] = []

    def __call__(self, block: list[int]) -> int:
        self.clock.now += self.call + self.item * len(block) + (0.0 if self.done else self.first)
        self.done.append(block)
        return sum(block)


ONE = [0]
BLOCKS = [ONE, *([10 * i + j for j in range(1, 11)] for i in range(100))]
SUMS = [sum(block) for block in BLOCKS]


def test_a_long_run_says_so_before_it_starts(clock) -> None:
    """Items of 0.1 s, 0.05 s for each call: pieces of 1, 2 and 4 (0.45 s) are too short, 8 take 0.85 s; 1,000 left."""
    work = Work(clock, 0.05, 0.1)
    run = in_blocks(work, BLOCKS, 1001, SETS)
    assert next(run) == 0
    with pytest.warns(CostWarning) as said:
        assert next(run) == SUMS[1]
    assert [len(block) for block in work.done] == [1, 1, 2, 4, 8, 10]
    assert list(run) == SUMS[2:]
    assert [str(warning.message) for warning in said] == [
        "1,001 placebo sets: about 2 min to go. The numbers do not depend on how long it takes."
    ]


@pytest.mark.parametrize(
    ("call", "item", "first", "tried"),
    [(0.01, 0.001, 0.0, []), (0.05, 0.001, 0.0, []), (0.0, 0.01, 30.0, [1]), (0.19, 0.01, 0.0, [1, 2, 4])],
    ids=["short", "just short", "slow to start", "slow one by one"],
)
def test_other_runs_say_nothing_and_try_no_more_than_they_must(clock, call, item, first, tried) -> None:
    work = Work(clock, call, item, first)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(in_blocks(work, BLOCKS, 1001, SETS)) == SUMS
    assert [len(block) for block in work.done] == [1, *tried, *[10] * 100]


@pytest.mark.parametrize("blocks", [[], [[1, 2, 3]]], ids=["none", "one"])
def test_a_run_of_one_block_starts_at_once(clock, blocks) -> None:
    work = Work(clock, 1000.0, 1000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(in_blocks(work, blocks, 3, SETS)) == [sum(block) for block in blocks]
    assert work.done == blocks


def test_blocks_too_short_to_judge_by_are_tried_whole(clock) -> None:
    """Blocks of three, 0.1 s an item: 1, 2 and all 3 are tried, then it is said."""
    blocks = [[i, i, i] for i in range(1000)]
    work = Work(clock, 0.0, 0.1)
    with pytest.warns(CostWarning, match="about 5 min to go"):
        assert list(in_blocks(work, blocks, 3000, SETS)) == [3 * i for i in range(1000)]
    assert [len(block) for block in work.done] == [3, 1, 2, 3, *[3] * 999]


def test_inside_a_longer_run_nothing_is_tried_or_said(clock) -> None:
    work = Work(clock, 6.0, 6.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet(), quiet():
            assert list(in_blocks(work, BLOCKS, 1001, SETS)) == SUMS
            jobs(clock, 100, 6.0)
    assert work.done == BLOCKS
    with pytest.warns(CostWarning):
        jobs(clock, 100, 6.0)


def jobs(clock: Clock, blocks: int, seconds: float, first: float = 0.0) -> list[list[int]]:
    """Do so many blocks of ten, each of which takes so long; the first takes longer."""
    done = []
    for block in watched(([10 * i + j for j in range(10)] for i in range(blocks)), 10 * blocks, SETS):
        clock.now += seconds + (first if not done else 0.0)
        done.append(block)
    return done


def test_jobs_say_once_how_long(clock) -> None:
    """A hundred blocks of 6 s: after the second one 98 are left, 588 s."""
    with pytest.warns(CostWarning) as said:
        done = jobs(clock, 100, 6.0)
    assert [str(warning.message) for warning in said] == [
        "1,000 placebo sets: about 10 min to go. The numbers do not depend on how long it takes."
    ]
    assert [number for block in done for number in block] == list(range(1000))


@pytest.mark.parametrize(
    ("blocks", "seconds", "first"),
    [(5, 0.1, 0.0), (100, 0.04, 30.0), (10, 6.0, 0.0), (1, 1000.0, 0.0)],
    ids=["short", "slow to start", "less than a minute is left", "one block"],
)
def test_other_jobs_say_nothing(clock, blocks, seconds, first) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(jobs(clock, blocks, seconds, first)) == blocks


@pytest.mark.parametrize(
    "run",
    [lambda clock: list(in_blocks(Work(clock, 0.0, 6.0), BLOCKS, 1001, SETS)), lambda clock: jobs(clock, 101, 6.0)],
    ids=["blocks", "jobs"],
)
def test_a_bar_follows_on_a_terminal(clock, monkeypatch, run) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with pytest.warns(CostWarning):
        assert len(run(clock)) == 101
    assert "placebo sets" in screen.getvalue()
    assert "100%" in screen.getvalue()


def scores(N: int, T: int = 9, K: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(5, 1, (N, 1, K)) + rng.normal(0, 0.3, (1, T, K)) + rng.normal(0, 0.3, (N, T, K))


def _sets() -> np.ndarray:
    return placebos(programme_design(scores(20), [2, 9], [5, 6]), "synthetic_control", draws=99).scores


def _one_unit() -> np.ndarray:
    return placebos(programme_design(scores(20), 2, 5), "common_weights").paths


def _without_donors() -> np.ndarray:
    return leave_one_donor_out(programme_design(scores(20), 2, 5), "synthetic_did")[1]


def _reassigned() -> np.ndarray:
    C = np.zeros((20, 9, 2))
    C[:4, 5:] = np.sort(np.random.default_rng(1).random((4, 4, 2)), axis=1)
    return reassign(scores(20), C, draws=99).draws


@pytest.mark.parametrize(
    ("work", "what"),
    [
        (_sets, "100 placebo sets"),
        (_one_unit, "20 placebo sets"),
        (_without_donors, "19 donors left out"),
        (_reassigned, "99 reassignments"),
    ],
)
def test_a_trial_leaves_the_numbers_as_they_are(work, what, monkeypatch) -> None:
    """Taken for long, every run tries pieces of its second block and speaks; the numbers are those of a short one."""
    monkeypatch.setattr("papi_analysis.estimation.reassignment.BLOCK", 20 * 2 * 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = work()
    monkeypatch.setattr(cost, "LONG", 0.0)
    with pytest.warns(CostWarning, match=what):
        np.testing.assert_array_equal(work(), plain)


def test_an_estimator_of_ones_own_that_is_slow_is_announced(clock) -> None:
    """A minute for each unit that is matched: the others are 29, and one of them is tried."""
    calls = []

    def slow(Y, units, donors, pre, post):
        calls.append(len(units))
        clock.now += 60.0 * len(units)
        share = donors / donors.sum(axis=1, keepdims=True)
        years = np.repeat((pre / pre.sum())[None, :, None], len(units), axis=0)
        return np.repeat(share[:, :, None], Y.shape[2], axis=2), np.repeat(years, Y.shape[2], axis=2)

    with pytest.warns(CostWarning, match="30 placebo sets: about 29 min to go"):
        placebos(programme_design(scores(30), 3, 5), slow)
    assert calls == [1, 1, 29]


def test_a_question_says_what_it_will_cost(monkeypatch) -> None:
    panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    monkeypatch.setattr(cost, "LONG", 0.0)
    with pytest.warns(CostWarning, match="60 placebo sets: about 0 s to go"):
        pa.programme_impact(panel, "VN-CT", 2018, 2020, before=(2011, 2016), method="synthetic_control")


def test_draws_are_fewer_only_where_each_reads_much() -> None:
    numbers = [1, 10**5, 3 * 10**5, 3 * 10**6, 3 * 10**7, 10**12]
    assert [usual_draws(n) for n in numbers] == [9999, 9999, 9999, 1000, 199, 199]
