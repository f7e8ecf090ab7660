"""Rooms import only from rooms before them, only the first opens files, and importing the package is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "papi_analysis"
ROOMS = ["study", "panel", "estimation", "credibility", "reporting"]
# The public face and the command line stand in front of all rooms, the errors behind them.
FACE = {"__init__", "__main__", "cli", "papi"}
BEHIND = {"arguments", "arrays", "errors", "progress"}
# Calls that read a file. Reporting reads its own templates and writes pages.
OPENERS = {
    *("open", "fdopen", "read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile"),
    *("read_csv", "read_table", "read_excel", "read_json", "read_parquet", "read_pickle"),
}
MAY_OPEN = {"study", "reporting"}
# What a first import must not pay for.
HEAVY = {"matplotlib", "statsmodels", "scipy.stats", "IPython", "nbconvert", "babel"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the room (or top-level module) that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(path: Path, source: str) -> set[str]:
    """Return the rooms and top-level modules of the package that a module imports, wherever in it."""
    package = ("papi_analysis", *path.relative_to(PACKAGE).parent.parts)
    names: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            names |= {(*base, alias.name) for alias in node.names}
    return {name[1] if len(name) > 1 else "__init__" for name in names if name[0] == "papi_analysis"}


def forbidden(path: Path, source: str) -> set[str]:
    """Return the imports of a module that point the wrong way."""
    here = room(path)
    if here in FACE:
        return set()
    allowed = BEHIND if here in BEHIND else {*ROOMS[: ROOMS.index(here) + 1], *BEHIND}
    return imported_rooms(path, source) - allowed


def calls(source: str) -> set[str]:
    """Return the last name of everything that is called."""
    functions = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = {function.id for function in functions if isinstance(function, ast.Name)}
    return named | {function.attr for function in functions if isinstance(function, ast.Attribute)}


def test_every_module_is_in_a_known_room():
    assert {room(path) for path in modules()} <= {*ROOMS, *FACE, *BEHIND}
    assert all((PACKAGE / name).is_dir() for name in ROOMS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_before_it(path: Path):
    assert not forbidden(path, path.read_text("utf-8"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_opened_in_the_study_room_and_nothing_prints(path: Path):
    called = calls(path.read_text("utf-8"))
    if room(path) != "cli":
        assert "print" not in called
    if room(path) not in MAY_OPEN:
        assert not called & OPENERS


@pytest.mark.parametrize(
    ("place", "source", "wrong"),
    [
        ("study/x.py", "from papi_analysis.panel import a", {"panel"}),
        ("panel/x.py", "from ..estimation.regression import a", {"estimation"}),
        ("panel/x.py", "from .. import credibility", {"credibility"}),
        ("panel/x.py", "def f():\n    import papi_analysis.reporting", {"reporting"}),
        ("panel/x.py", "import papi_analysis as pa", {"__init__"}),
        ("errors.py", "from papi_analysis.study import a", {"study"}),
        ("panel/deep/x.py", "from ...reporting import a", {"reporting"}),
        (
            "panel/x.py",
            "from . import y\nfrom ..study import a\nfrom papi_analysis import errors\nimport re",
            set(),
        ),
        ("cli.py", "from papi_analysis.reporting import a", set()),
    ],
)
def test_the_check_sees_wrong_edges(place: str, source: str, wrong: set[str]):
    assert forbidden(PACKAGE / place, source) == wrong


def test_the_check_sees_calls():
    assert calls("print(1)\nPath('a').read_text()\npd.read_csv('a')") >= {"print", "read_text", "read_csv"}


def test_importing_the_package_is_light():
    program = "import sys, papi_analysis; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
