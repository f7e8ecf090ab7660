"""A long run shows a bar to whoever looks on, and its numbers stay the same."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from tqdm import tqdm

import papi_analysis as pa
from papi_analysis import progress as module
from papi_analysis.credibility.long_runs import run_all
from papi_analysis.credibility.sensitivity import leave_one_out
from papi_analysis.estimation.bootstrap import wild_bootstrap
from papi_analysis.estimation.counterfactuals import leave_one_donor_out
from papi_analysis.estimation.designs import programme_design
from papi_analysis.estimation.multiplicity import usual_draws
from papi_analysis.estimation.placebos import placebos
from papi_analysis.estimation.reassignment import reassign
from papi_analysis.estimation.regression import fit_within
from papi_analysis.progress import progress, quiet, rows

#: Half a second of work in five parts; the bar comes after a fifth of a second.
RUN = """
import sys, time
from papi_analysis import progress as module
module.DELAY = float(sys.argv[1]) if len(sys.argv) > 1 else 0.2
print(sum(module.progress(map(lambda x: time.sleep(0.1) or x, range(5)), 5, "five parts")))
"""


def in_terminal(*command: str) -> str:
    """Run a command whose output goes to a terminal, and return what is seen there."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen([sys.executable, *command], stdout=theirs, stderr=theirs, close_fds=True) as run:
        os.close(theirs)
        seen = b""
        while True:
            try:
                read = os.read(mine, 4096)
            except OSError:
                break
            if not read:
                break
            seen += read
    os.close(mine)
    assert run.returncode == 0
    return seen.decode()


def test_a_terminal_shows_a_bar_with_the_time_that_is_left() -> None:
    seen = in_terminal("-c", RUN)
    assert "five parts:  60%" in seen
    assert "3/5 [00:00<00:0" in seen
    assert seen.rstrip().endswith("10")  # the bar is gone, what the program says stays
    assert in_terminal("-c", RUN, "2").strip() == "10"  # a short run shows none


def test_a_log_is_silent() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("10", "")


def test_a_notebook_shows_a_bar_and_no_warning() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RUN.replace("len(sys.argv)", "0"))])
    (cell,) = NotebookClient(notebook, timeout=120, kernel_name="python3").execute().cells
    said = {"stdout": "", "stderr": ""}
    for output in cell.outputs:
        said[output.get("name", "stderr")] += output.get("text", "") or str(output.get("data"))
    assert said["stdout"].strip() == "10"
    assert "five parts" in said["stderr"]
    assert "Warning" not in said["stderr"]
    assert "IProgress" not in said["stderr"]


class Screen:
    """Standard error of somebody who looks on."""

    def __init__(self) -> None:
        self.seen = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.seen += text

    def flush(self) -> None:
        pass


def looked_on(monkeypatch) -> Screen:
    """Let every bar show as soon as a part is done."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(module, "DELAY", 1e-9)
    monkeypatch.setattr("tqdm.auto.tqdm", partial(tqdm, mininterval=0.0, miniters=1))
    return screen


def test_parts_come_in_order_as_they_are_made_and_all_are_counted(monkeypatch) -> None:
    looked_on(monkeypatch)
    made: list[int] = []
    found: list[tuple[int, ...]] = []
    for part in progress((made.append(i) or (i,) * 3 for i in range(4)), 12, "rows", len):
        found.append(part)
        assert len(made) == len(found)
    assert found == [(i,) * 3 for i in range(4)]
    assert list(progress([], 0, "nothing")) == []
    assert rows((np.zeros(5), np.zeros((5, 2)))) == 5


def test_an_error_ends_the_run_and_later_ones_have_bars(monkeypatch) -> None:
    screen = looked_on(monkeypatch)

    def parts() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught:
        list(progress(parts(), 2, "first"))
    assert list(progress([1, 2], 2, "second")) == [1, 2]
    assert "second" in screen.seen
    assert caught  # the traceback holds the first run all the while


def test_a_run_inside_a_longer_one_has_no_bar(monkeypatch) -> None:
    screen = looked_on(monkeypatch)

    def inner(number: int) -> int:
        return sum(progress(range(number), number, "inner"))

    assert list(progress(map(inner, range(4)), 4, "outer")) == [0, 0, 1, 3]
    with quiet():
        assert run_all(inner, [2, 3], label="unseen") == [1, 3]
    assert "outer" in screen.seen
    assert "inner" not in screen.seen
    assert "unseen" not in screen.seen


def scores(N: int, T: int = 9, K: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(5, 1, (N, 1, K)) + rng.normal(0, 0.3, (1, T, K)) + rng.normal(0, 0.3, (N, T, K))


def _completion() -> np.ndarray:
    C = np.zeros((20, 9, 2))
    C[:4, 5:] = np.sort(np.random.default_rng(1).random((4, 4, 2)), axis=1)
    return C


def _sets() -> np.ndarray:
    return placebos(programme_design(scores(20), [2, 9], [5, 6]), "synthetic_control", draws=99).scores


def _without_donors() -> np.ndarray:
    return leave_one_donor_out(programme_design(scores(20), 2, 5), "synthetic_did")[1]


def _reassigned() -> np.ndarray:
    return reassign(scores(20), _completion(), draws=99).draws


def _bootstrapped() -> np.ndarray:
    units, years = np.repeat(np.arange(20), 9), np.tile(np.arange(9), 20)
    fits = [
        fit_within(scores(20)[..., k].ravel(), _completion()[..., k].ravel()[:, None], units, years) for k in (0, 1)
    ]
    return wild_bootstrap(fits, draws=99).draws


def _panel_slopes(study: pa.Study) -> np.ndarray:
    return pa.completion_slopes(pa.Panel.from_study(study), draws=99).table["p"].to_numpy()


def _left_out(study: pa.Study) -> np.ndarray:
    return leave_one_out(study, "year")["mean"].to_numpy()


def _robustness(study: pa.Study) -> np.ndarray:
    table = pa.impact_robustness(pa.Panel.from_study(study), "VN-CT", 2018, 2020, draws=20)
    return table["mean"].to_numpy()


def _cells(study: pa.Study) -> np.ndarray:
    return pa.completion(study.tasks, study.progress)["completion"].to_numpy()


@pytest.mark.parametrize(
    ("work", "label"),
    [
        (_sets, "placebo sets"),
        (_without_donors, "donors left out"),
        (_reassigned, "reassignments"),
        (_bootstrapped, "bootstrap draws"),
        (_panel_slopes, "reassignments"),
        (_left_out, "left out, year"),
        pytest.param(_robustness, "robustness", marks=pytest.mark.slow),
        (_cells, "completion"),
    ],
)
def test_every_long_run_has_a_bar_and_the_same_numbers(work: Callable, label: str, study, monkeypatch) -> None:
    ask = (lambda: work(study)) if work.__code__.co_argcount else work
    plain = ask()
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        screen = looked_on(patch)
        watched = ask()
    np.testing.assert_array_equal(watched, plain)
    assert label in screen.seen


def test_draws_are_fewer_only_where_each_reads_much() -> None:
    numbers = [1, 10**5, 3 * 10**5, 3 * 10**6, 3 * 10**7, 10**12]
    assert [usual_draws(n) for n in numbers] == [9999, 9999, 9999, 1000, 199, 199]
