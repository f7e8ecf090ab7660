"""Nothing is fetched, nothing from data is ever run: no network, no pickle, no code made of text."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "papi_analysis"
RUNS_TEXT = {"eval", "exec", "compile", "__import__", "literal_eval"}
LOADS_OBJECTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib.load", "code", "runpy"}


def found(source: str) -> set[str]:
    """Return what a module does that could run what stands in a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names} & LOADS_OBJECTS
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)} & LOADS_OBJECTS
        elif isinstance(node, ast.Call):
            # A method of that name on something else, like re.compile, is no call of the builtin.
            plain = node.func.id if isinstance(node.func, ast.Name) else ""
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            names |= {plain} & RUNS_TEXT | {method} & {"read_pickle", "to_pickle"}
            if method == "query" and not all(isinstance(given, ast.Constant) for given in node.args):
                names.add("query")
            refused = [key for key in node.keywords if getattr(key.value, "value", None) is False]
            names |= {key.arg for key in node.keywords if key.arg == "allow_pickle" and key not in refused}
    return names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_runs_what_stands_in_a_file(path: Path):
    assert not found(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import pickle", {"pickle"}),
        ("from joblib import load", {"joblib.load"}),
        ("eval(text)", {"eval"}),
        ("frame.query(text)", {"query"}),
        ("frame.query('a == @b')", set()),
        ("np.load(path, allow_pickle=True)", {"allow_pickle"}),
        ("np.load(path, allow_pickle=False)", set()),
        ("re.compile(text)", set()),
    ],
)
def test_the_check_sees_it(source: str, names: set[str]):
    assert found(source) == names


OFFLINE = """
import socket, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise RuntimeError(f"{event} {arguments[1:]}")
sys.addaudithook(refuse)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except RuntimeError:
    print("blocked")
import matplotlib
matplotlib.use("agg")
import papi_analysis as pa
from papi_analysis.reporting import answers
study = pa.load_study("can_tho_2018_2020")
answers.PANELS = 2
report = pa.ProgrammeReport(study, "vi")
for name in ("summary", "scores", "completion", "slopes", "impact", "trust", "gaps", "provenance"):
    getattr(report, name)()
print(pa.sentence(pa.calibrate(report.answers.panel, "did", unit=study.unit, start=2018, end=2020, panels=4)))
"""


def test_no_network_at_run_time():
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("blocked\n")
    assert "Programmes that do nothing" in done.stdout
