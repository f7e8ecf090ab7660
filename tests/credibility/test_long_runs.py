"""Long runs: the same numbers whoever does the work; what is finished survives; nothing foreign is trusted."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib._parallel_backends import ThreadingBackend

import papi_analysis as pa
from papi_analysis.credibility.injection import confirm_detectable
from papi_analysis.credibility.long_runs import run_all, seeds
from papi_analysis.study.finished_parts import fingerprint, store_part, stored_part

ASKED = {"unit": "VN-CT", "start": 2018, "end": 2020}
FEW = {**ASKED, "panels": 4, "nearest": 1}
FACTOR = 2.0


def cheap(panel, unit, start, end, *, rng):
    """A plain estimator that draws: change against the mean of the others, with noise."""
    i, first, last = panel.position("unit", unit), panel.position("year", start - 1), panel.position("year", end)
    gain = panel.scores[:, last] - panel.scores[:, first]
    gap = gain[i] - np.nanmean(gain, axis=0) + 0.1 * rng.standard_normal(gain.shape[1])
    frame = pd.DataFrame({"dimension": panel.dimensions, "estimate": gap, "low": gap - 1, "high": gap + 1})
    return frame.assign(p=rng.random(len(frame)), detectable=1.0)


def drawn(rng):
    return rng.random(3)


def twice(x):
    return np.array([FACTOR * x])


def test_the_same_numbers_in_one_process_two_threads_and_two_processes(panel) -> None:
    """A function made in place and one that draws go to other processes too."""
    offset = 0.25

    def local(panel, unit, start, end, *, rng):
        return cheap(panel, unit, start, end, rng=rng).assign(estimate=lambda table: table["estimate"] + offset)

    alone = pa.calibrate(panel, local, **FEW, rng=3).table
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            pd.testing.assert_frame_equal(pa.calibrate(panel, local, **FEW, rng=3).table, alone)
    assert not pa.calibrate(panel, local, **FEW, rng=4).table.equals(alone)


def test_a_backend_that_hands_out_everything_at_the_end_will_do(monkeypatch) -> None:
    monkeypatch.setattr(ThreadingBackend, "supports_return_generator", False)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert run_all(twice, [1.0, 2.0, 3.0]) == [2.0, 4.0, 6.0]


def test_every_job_draws_for_itself() -> None:
    alone = [child.random() for child in seeds(5, 3)]
    assert len(set(alone)) == 3
    assert [child.random() for child in seeds(5, 6)][:3] == alone
    assert [child.random() for child in seeds(np.random.default_rng(5), 3)] == alone
    children = np.random.SeedSequence(5).spawn(3)
    assert alone == [np.random.default_rng(child).random() for child in children]


def test_a_seed_of_ones_own_is_kept(panel) -> None:
    own = [partial(cheap, rng=np.random.default_rng(1)) for _ in range(2)]
    fixed = [confirm_detectable(panel, ask, **ASKED, rng=seed) for seed, ask in enumerate(own)]
    assert fixed[0].equals(fixed[1])


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "parts"

    def job(rng):
        kept = len(list(folder.iterdir())) if folder.is_dir() else 0
        if kept == int(os.environ["STOP"]):
            raise KeyboardInterrupt
        return np.append(rng.random(2), kept)

    monkeypatch.setenv("STOP", "3")
    with pytest.raises(KeyboardInterrupt):
        run_all(job, seeds(0, 5), folder=folder)
    assert len(list(folder.iterdir())) == 3
    monkeypatch.setenv("STOP", "-1")
    results = np.array(run_all(job, seeds(0, 5), folder=folder))
    assert np.array_equal(results[:, :2], [child.random(2) for child in seeds(0, 5)])
    assert results[:, 2].tolist() == [0, 1, 2, 3, 4]  # each was done once, the first three before the interruption


KILLED = """
import os, signal, sys
import numpy as np
from papi_analysis.credibility.long_runs import run_all, seeds

def job(rng):
    values = rng.random(2)
    if os.environ.get("STOP") and len(os.listdir(sys.argv[1])) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return values

os.makedirs(sys.argv[1], exist_ok=True)
print(np.array(run_all(job, seeds(7, 10), folder=sys.argv[1])).sum().hex())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_run_goes_on_with_the_same_numbers(tmp_path, monkeypatch, capsys) -> None:
    program, folder = tmp_path / "run.py", tmp_path / "parts"
    program.write_text(KILLED)
    command = [sys.executable, str(program), str(folder)]
    monkeypatch.setenv("STOP", "1")
    assert subprocess.run(command).returncode == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(kept) == 4
    monkeypatch.delenv("STOP")
    monkeypatch.setattr(sys, "argv", command[1:])
    runpy.run_path(str(program), run_name="__main__")
    second = capsys.readouterr()
    assert second.out.strip() == np.array([child.random(2) for child in seeds(7, 10)]).sum().hex()
    assert second.err == ""
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
    assert len(list(folder.iterdir())) == 10


def test_calibration_and_confirmation_are_kept_and_found_again(panel, tmp_path) -> None:
    direct = pa.calibrate(panel, "did", **FEW).table
    for _ in range(2):
        assert pa.calibrate(panel, "did", **FEW, folder=tmp_path).table.equals(direct)
        found = confirm_detectable(panel, cheap, **ASKED, folder=tmp_path)
    files = list(tmp_path.iterdir())
    assert len(files) == 4 + 6 * 1 + 59  # panels, real windows, every other unit
    assert found.equals(confirm_detectable(panel, cheap, **ASKED))
    for path in files:  # what stands in the files is what comes out
        values = np.load(path)
        np.savez(path, name=values["name"], values=0 * values["values"])
    assert (pa.calibrate(panel, "did", **FEW, folder=tmp_path).table["rmse"].dropna() == 0).all()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "of something else", "pickled", "integers"])
def test_a_damaged_or_foreign_part_is_computed_again(tmp_path, damage) -> None:
    run_all(twice, [1.0, 4.0], folder=tmp_path)
    first, second = sorted(tmp_path.iterdir(), key=lambda path: float(np.load(path)["values"][0]))
    content = bytearray(first.read_bytes())
    if damage == "cut":
        first.write_bytes(content[:-30])
    elif damage == "flipped":
        place = content.index(np.float64(2.0).tobytes()) + 6
        content[place] ^= 1
        first.write_bytes(content)
    elif damage == "empty":
        first.write_bytes(b"")
    elif damage == "of something else":
        shutil.copy(second, first)
    elif damage == "pickled":
        np.savez(first, name=first.stem, values=np.array([None], dtype=object))
    else:
        np.savez(first, name=first.stem, values=np.array([7]))
    assert stored_part(tmp_path, first.stem) is None
    assert run_all(twice, [1.0, 4.0], folder=tmp_path) == [2.0, 8.0]
    assert stored_part(tmp_path, first.stem) == [2.0]


def test_no_half_written_file_is_left(tmp_path) -> None:
    store_part(tmp_path / "new" / "folder", "a", np.arange(3.0))
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.npz"]
    (tmp_path / "file").write_text("")
    with pytest.raises(pa.SpecError, match="'file' for finished parts cannot be written"):
        run_all(twice, [1.0], folder=tmp_path / "file")


def test_parts_are_told_apart_by_all_that_makes_their_numbers(panel, monkeypatch) -> None:
    other = pa.Panel(panel.scores + 0.0, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    scores = panel.scores.copy()
    scores[0, 0, 0] += 1e-12
    moved = pa.Panel(scores, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    again = pa.Panel(scores.copy(), panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    assert fingerprint(other) != fingerprint(moved)
    assert fingerprint(moved) == fingerprint(again)
    one, two = seeds(0, 2)
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(one) == fingerprint(seeds(0, 1)[0])

    def made(size):
        return lambda x: x + size

    assert fingerprint(made(1)) != fingerprint(made(2))
    assert fingerprint(made(1)) == fingerprint(made(1))
    assert fingerprint(lambda x: x + 1) != fingerprint(lambda x: x - 1)
    assert fingerprint(partial(twice, 1)) != fingerprint(partial(twice, 2))
    before = fingerprint(partial(_through, 1))
    assert before == fingerprint(partial(_through, 1))
    monkeypatch.setitem(globals(), "FACTOR", 3.0)  # what a function calls uses it
    assert fingerprint(partial(_through, 1)) != before
    with pytest.raises(pa.SpecError, match="Run without a folder"):
        fingerprint(i for i in range(2))


def _through(x, y):
    return twice(x + y)


HELPERS = {
    "beside.py": "import deeper\ndef first(): return {0}\ndef second(): return deeper.third()\nVALUE = {0}\n",
    "deeper.py": "def third(): return {0}\nclass Kind:\n    def __call__(self, x): return self.ask(x)\n"
    "    @staticmethod\n    def ask(x): return {0}\n    @property\n    def size(self): return 1\n",
    "folder/__init__.py": "",
    "folder/inner.py": "from functools import lru_cache\n@lru_cache\ndef fourth(): return {0}\n",
}
ASKING = """
from dataclasses import dataclass
from functools import partial
import beside, deeper, folder.inner
from beside import first
from folder.inner import fourth
from papi_analysis.study.finished_parts import fingerprint

def inside(x):
    from deeper import third
    return third()
def within(x):
    return [y for y in map(lambda z: first(), [x])]
def by_class(x):
    class Local:
        def ask(self): return first()
    return Local().ask()
class Mine(deeper.Kind):
    pass
class Slots:
    __slots__ = ("ask",)
    def __init__(self, ask): self.ask = ask
    def __call__(self, x): return self.ask(x)
@dataclass(frozen=True)
class Frozen:
    size: int = 3
    def __call__(self, x): return first() + self.size
print(*map(fingerprint, [
    lambda x: first(), lambda x: beside.first(), lambda x: beside.second(), lambda x: beside.VALUE,
    lambda x: folder.inner.fourth(), lambda x: fourth(), fourth, inside, within, by_class, Mine(), Mine().ask,
    Mine().__call__, Frozen(), Slots(first), partial(inside, 1), deeper.Kind(), {"a": [first]},
    (lambda x: x in {"a", "b", "c", "d"}, first, {"a": 1.5, "b": {"x", "y", "z"}}),
]))
"""


def test_code_in_other_files_and_in_classes_tells_parts_apart(tmp_path, monkeypatch, capsys) -> None:
    """Whoever edits a helper, wherever it lies and however it is reached, gets new answers; nobody else does.

    Sets and strings come in another order in every process; a resumed run must find its files all the same.
    """

    def written(value: str) -> str:
        (folder := tmp_path / value / "folder").mkdir(parents=True)
        for file, text in HELPERS.items():
            (folder.parent / file).write_text(text.format(value))
        (folder.parent / "run.py").write_text(ASKING)
        return str(folder.parent / "run.py")

    def asked(program: str) -> list[str]:
        with monkeypatch.context() as here:
            here.syspath_prepend(str(Path(program).parent))
            for name in ("beside", "deeper", "folder", "folder.inner"):
                here.delitem(sys.modules, name, raising=False)
            runpy.run_path(program, run_name="__main__")
        return str(capsys.readouterr().out).split()

    old, new = (written(value) for value in ("1.5", "2.5"))
    named, changed = asked(old), asked(new)
    elsewhere = subprocess.run([sys.executable, old], capture_output=True, text=True, check=True).stdout.split()
    assert len(named) == 19
    assert {len(name) for name in named} == {40}
    assert named == elsewhere
    assert [place for place, pair in enumerate(zip(named, changed, strict=True)) if len(set(pair)) == 1] == []


def test_what_refers_to_itself_has_a_name_too() -> None:
    class Node:
        def __init__(self, size):
            self.size, self.parent = size, self

        def __call__(self, x):
            return Node(x)

    assert fingerprint(Node(1)) == fingerprint(Node(1)) != fingerprint(Node(2))


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_errors_name_the_placebo_programme_wherever_they_happen(panel, backend) -> None:
    def fails(panel, unit, start, end):
        if end < 2020:  # in a real window
            raise ValueError("broken")
        return cheap(panel, unit, start, end, rng=np.random.default_rng(0))

    with (
        joblib.parallel_config(backend=backend, n_jobs=2),
        pytest.raises(
            pa.SpecError, match=r"placebo programme of VN-.., 201.-201. the function failed: ValueError: broken"
        ),
    ):
        pa.calibrate(panel, fails, **FEW)


def test_the_package_keeps_no_part_in_the_folder_of_the_caller(panel, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    pa.calibrate(panel, "did", **FEW)
    assert not list(Path.cwd().iterdir())
