"""What is stored in the notebooks: complete, light, the same on every machine, and readable without pictures.

nbval compares what a notebook stores with what it gives when run again. It does not compare a cell that was never
run, a picture, or the picture's alternative text; those gaps are closed here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
REMEDY = "run `make notebooks`"
MAX_BYTES = 1_000_000
MAX_LINES = 10
# Functions, classes, loops and joins are the package's work.
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While)
JOINS = {"merge", "join"}
# Folders of somebody's machine: home and temporary folders, environments, drives.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|tmp|var|opt|usr|work|srv|mnt|private)/\S|\b[A-Za-z]:\\\\?\w|site-packages|file://"
)

Cell = Any
Notebook = Any


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> Notebook:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Notebook) -> list[Any]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def python_of(source: str) -> str:
    """Return the Python of a cell, without magics and shell lines."""
    return "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))


def logic(source: str) -> set[str]:
    """Return what a code cell does that belongs in the package."""
    found = set()
    for node in ast.walk(ast.parse(python_of(source))):
        if isinstance(node, LOGIC):
            found.add(type(node).__name__)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in JOINS:
            text = isinstance(node.func.value, ast.Constant)  # ", ".join(...) puts words together, not tables
            found |= set() if text else {node.func.attr}
    return found


def unreadable_figures(notebook: Notebook) -> list[str]:
    """Return what is wrong with the alternative texts of the figures."""
    wrong = []
    for output in outputs(notebook):
        if not any(kind.startswith("image/") for kind in output.get("data", {})):
            continue
        alt = output.metadata.get("image/png", {}).get("alt", "").strip()
        text = "".join(output.data.get("text/plain", ""))
        if not alt:
            wrong.append("a figure without alternative text")
        elif text != f"<Figure: {alt}>":
            # nbval compares this line, and so the numbers in the alternative text.
            wrong.append(f"text/plain {text!r} is not the alternative text {alt!r}")
    return wrong


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_run_from_top_to_bottom(notebook: Notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), REMEDY


def test_no_error_and_no_warning_is_stored(notebook: Notebook):
    expected = [cell for cell in code_cells(notebook) if "raises-exception" in cell.metadata.get("tags", [])]
    kept = [output for cell in expected for output in cell.outputs if output.output_type == "error"]
    assert [output for output in outputs(notebook) if output.output_type == "error"] == kept
    assert all(any(output.output_type == "error" for output in cell.outputs) for cell in expected)
    assert not [output.text for output in outputs(notebook) if output.get("name") == "stderr"]


def test_every_cell_is_compared(notebook: Notebook):
    tags = {tag for cell in code_cells(notebook) for tag in cell.metadata.get("tags", [])}
    assert not tags & {"nbval-skip", "nbval-ignore-output"}
    assert not re.search(r"NBVAL_(SKIP|IGNORE_OUTPUT)|PYTEST_VALIDATE_IGNORE_OUTPUT", str(notebook))


def test_no_path_of_a_machine(path: Path):
    text = re.sub(r'"image/(png|jpeg)": ".*?"', "", path.read_text("utf-8"))
    found = MACHINE_PATH.search(text)
    assert not found, text[max(0, found.start() - 40) : found.end() + 40]


def test_light(path: Path):
    assert path.stat().st_size < MAX_BYTES


def test_code_cells_are_short_and_hold_no_logic(notebook: Notebook):
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        assert not logic(cell.source), cell.source


def test_figures_have_alternative_text(notebook: Notebook):
    assert not unreadable_figures(notebook)


def test_first_code_cell_names_the_study(notebook: Notebook):
    first = code_cells(notebook)[0]
    assert "parameters" in first.metadata.get("tags", [])
    assigned = [node for node in ast.parse(python_of(first.source)).body if isinstance(node, ast.Assign)]
    assert "STUDY" in {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}


def test_metadata_are_the_same_on_every_machine(notebook: Notebook):
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata.get("language_info", {"name": "python"}) == {"name": "python"}, REMEDY
    assert not [cell.source for cell in code_cells(notebook) if "execution" in cell.metadata], REMEDY


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f():\n    pass", {"FunctionDef"}),
        ("%matplotlib inline\nfor x in y:\n    pass", {"For"}),
        ("a.merge(b)", {"merge"}),
        ("a.join(b)", {"join"}),
        ("', '.join(a)\n[x for x in y]", set()),
    ],
)
def test_the_check_sees_logic(source: str, found: set[str]):
    assert logic(source) == found


@pytest.mark.parametrize("text", ["/home/a/x", '"/home/b/c"', "C:\\\\Users\\\\me", "lib/python3/site-packages/x"])
def test_the_check_sees_machine_paths(text: str):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["data/papi/scores.csv", "can_tho/2018", "<br/><b>a</b>", "1/2", "a/home/b"])
def test_the_check_lets_other_text_pass(text: str):
    assert not MACHINE_PATH.search(text)
