"""What is stored in the notebooks: complete, light, the same on every machine, and readable without pictures.

nbval compares what a notebook stores with what it gives when run again. It does not compare a cell that was never
run, a picture, or the picture's alternative text; those gaps are closed here.
"""

from __future__ import annotations

import ast
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipykernel.ipkernel import IPythonKernel

from papi_analysis.reporting.notebooks import KERNELSPEC

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

# How the kernel describes Python; the version is that of whoever ran the notebooks.
LANGUAGE = IPythonKernel.language_info

# Numbers that prose tells and no output can hold: nominal levels, and by the title of a notebook what is of others.
NOMINAL = {"5", "95", "100", "0.05"}
ELSEWHERE = {
    "How far can it be trusted?": {"60"},  # units of the panels in `design_record`, whose proportions it tells
    "Our numbers beside others": {"3,200,000", "8.4", "200", "23", "24"},  # of the data, of a printed table, equations
    "Another country, another index": {"100,000", "8.3", "0.0694", "6.94"},  # a rate's base, exp(0.08), notebook 06
    "Real completion": {"9,999", "22", "-0.038", "-0.108", "0.026", "0.003"},  # of the report, a former rule; 0.05 / 19
}

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


def test_words_are_shown_and_not_printed(notebook: Notebook):
    assert not [output.text for output in outputs(notebook) if output.output_type == "stream"]


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


def test_first_cell_asks_and_answers_with_a_number(notebook: Notebook):
    first = notebook.cells[0].source
    parts = re.split(r"^\*\*(Question|Answer|Inputs|Run time)\.\*\*", first, flags=re.M)
    assert first.startswith("# ")
    assert parts[1::2] == ["Question", "Answer", "Inputs", "Run time"]
    assert re.search(r"\d", parts[4])


def test_last_cells_say_limits_and_sources(notebook: Notebook):
    titles = [cell.source.splitlines()[0] for cell in notebook.cells if cell.source.startswith("## ")]
    assert titles[-2:] == ["## What this cannot show", "## Sources"]
    assert notebook.cells[-1].source.startswith("## Sources\n\n")


def sections(notebook: Notebook) -> list[list[Cell]]:
    """Cut a notebook into what stands before the first heading of the second level, and under each."""
    parts: list[list[Cell]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            parts.append([])
        parts[-1].append(cell)
    return parts


def told(markdown: str) -> list[str]:
    """Return the numbers that prose tells: not years, and not what stands in code, formulas and links."""
    plain = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$|\]\([^)]*\)", " ", markdown, flags=re.DOTALL)
    found = re.findall(r"(?<![\w.,/-])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)", plain)
    return [number for number in found if not re.fullmatch(r"(19|20)\d\d", number)]


def shown(cells: list[Cell]) -> list[Decimal]:
    """Return the numbers in the code and in the stored outputs of some cells."""
    texts = []
    for cell in cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                data = output.get("data", {})
                texts += [output.get("text", ""), data.get("text/plain", "")]
                texts.append(re.sub("<[^>]*>", " ", data.get("text/html", "")))
    found = re.findall(r"(?<![\w.,])-?\d+(?:,\d{3})*(?:\.\d+)?", " ".join(texts))
    return [Decimal(number.replace(",", "")) for number in found]


def is_held(number: str, values: list[Decimal]) -> bool:
    """Whether a value, rounded to the digits of the number, is that number; a loss may be told without its sign."""
    said = Decimal(number.replace(",", ""))
    unit = Decimal(1).scaleb(int(said.as_tuple().exponent))
    return any(
        abs(value).quantize(unit, ROUND_HALF_UP) == abs(said)
        and (value < 0 or not number.startswith("-"))
        and int(value.as_tuple().exponent) <= int(said.as_tuple().exponent)
        for value in values
    )


def unheld(notebook: Notebook) -> set[str]:
    """Return the numbers of the prose that no output holds.

    A decimal number must stand in the outputs of its own section; a whole one, and any in the first cell and in
    sections without code, as the limits at the end, anywhere in the notebook.
    """
    everything = shown(notebook.cells)
    missing: set[str] = set()
    for place, section in enumerate(sections(notebook)):
        title = section[0].source if place else ""
        if title.startswith("## Sources"):
            continue
        has_code = any(cell.cell_type == "code" for cell in section)
        near = shown(section) if place and has_code else everything
        for cell in section:
            numbers = told(cell.source) if cell.cell_type == "markdown" else []
            missing |= {number for number in numbers if not is_held(number, near if "." in number else everything)}
    return (
        missing - NOMINAL - set().union(*(also for name, also in ELSEWHERE.items() if name in notebook.cells[0].source))
    )


def test_numbers_in_prose_stand_in_the_outputs(notebook: Notebook):
    assert not unheld(notebook), "the prose tells another number than the outputs; mend the sentence"


def test_first_code_cell_names_the_study(notebook: Notebook):
    first = code_cells(notebook)[0]
    assert "parameters" in first.metadata.get("tags", [])
    assigned = [node for node in ast.parse(python_of(first.source)).body if isinstance(node, ast.Assign)]
    assert "STUDY" in {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}


def test_metadata_are_those_that_jupyterlab_would_write(notebook: Notebook):
    # It writes both when a notebook is opened, and marks the notebook as changed where they differ from what is stored.
    assert notebook.metadata["kernelspec"] == KERNELSPEC, REMEDY
    language = notebook.metadata["language_info"]
    assert re.fullmatch(r"3\.\d+\.\d+", language["version"]), REMEDY
    assert {**language, "version": LANGUAGE["version"]} == LANGUAGE, REMEDY
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


def test_the_check_sees_a_number_that_no_output_holds():
    def markdown(text: str) -> Cell:
        return nbformat.v4.new_markdown_cell(text)

    def code(text: str) -> Cell:
        output = nbformat.v4.new_output("display_data", {"text/html": f"<td>{text}</td>", "text/plain": ""})
        return nbformat.v4.new_code_cell("x", outputs=[output])

    head = [markdown("# T\n\n-0.36 of 1,024 in 2018-2020, `9.9`, $8.8$, D7, 15%"), code("-0.3612 | 1,024 | 15%")]
    near = [
        markdown("## A"),
        code("0.71"),
        markdown("0.7 and 0.71, -0.36"),
        markdown("## B"),
        code("2"),
        markdown("0.71"),
        markdown("## C\n0.71"),
    ]
    notebook = nbformat.v4.new_notebook(cells=[*head, *near])
    assert unheld(notebook) == {"-0.36", "0.71"}  # both stand elsewhere, not in the section
    notebook.cells[0].source = "# T\n\n-0.37, -0.71, 0.712, 16%, 1,025"
    assert unheld(notebook) == {"-0.36", "0.71", "-0.37", "-0.71", "0.712", "16", "1,025"}
