"""A long run says once what it will cost, a short one nothing; the blocks that are handed on stay the same."""

from __future__ import annotations

import io
import sys
import warnings

import pytest

from papi_analysis.errors import Note
from papi_analysis.estimation import cost
from papi_analysis.estimation.cost import CostWarning, quiet, usual_draws, watched

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


def work(clock: Clock, blocks: int, seconds: float, first: float = 0.0) -> list[list[int]]:
    """Do so many blocks of ten, each of which takes so long; the first takes longer."""
    done = []
    for block in watched(([10 * i + j for j in range(10)] for i in range(blocks)), 10 * blocks, SETS):
        clock.now += seconds + (first if not done else 0.0)
        done.append(block)
    return done


def test_a_long_run_says_once_how_long(clock) -> None:
    """A hundred blocks of 6 s: after the second one 98 are left, 588 s."""
    with pytest.warns(CostWarning) as said:
        done = work(clock, 100, 6.0)
    assert [str(warning.message) for warning in said] == [
        "1,000 placebo sets: about 10 min more. The numbers do not depend on how long it takes."
    ]
    assert [number for block in done for number in block] == list(range(1000))


@pytest.mark.parametrize(
    ("blocks", "seconds", "first"),
    [(5, 0.1, 0.0), (100, 0.04, 30.0), (10, 6.0, 0.0), (1, 1000.0, 0.0)],
    ids=["short", "slow to start", "less than a minute is left", "one block"],
)
def test_other_runs_say_nothing(clock, blocks, seconds, first) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(work(clock, blocks, seconds, first)) == blocks


def test_part_of_a_longer_run_says_nothing(clock) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet(), quiet():
            work(clock, 100, 6.0)
    with pytest.warns(CostWarning):
        work(clock, 100, 6.0)


def test_a_bar_follows_on_a_terminal(clock, monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with pytest.warns(CostWarning):
        assert len(work(clock, 100, 6.0)) == 100
    assert "placebo sets" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_draws_are_fewer_only_where_each_reads_much() -> None:
    numbers = [1, 10**5, 3 * 10**5, 3 * 10**6, 3 * 10**7, 10**12]
    assert [usual_draws(n) for n in numbers] == [9999, 9999, 9999, 1000, 199, 199]
