"""Notebooks: run side by side, outputs kept, errors in one line, pages written all or none."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from papi_analysis.errors import PapiError, SpecError
from papi_analysis.reporting import files, notebooks, report
from papi_analysis.reporting.notebooks import (
    KERNELSPEC,
    PROGRAMME,
    execute_notebook,
    main,
    notebooks_extra,
    read_notebook,
    running,
    save_notebook,
    write_pages,
)
from papi_analysis.reporting.page import page_of
from papi_analysis.reporting.programme_report import ProgrammeReport
from papi_analysis.reporting.section import Section, Words

CONDA = {"name": "conda-env-x-py", "display_name": "Python [conda env:x]"}


def write(path: Path, *sources: str, **metadata: Any) -> Path:
    """Write a notebook; its first cell is the one tagged parameters."""
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *cells], metadata=metadata)
    nbformat.write(notebook, path)
    return path


def printed(notebook: Any) -> list[str]:
    return [output.text.strip() for cell in notebook.cells for output in cell.get("outputs", [])]


def test_runs_here_in_the_notebooks_folder_with_figures_inline_also_where_an_event_loop_runs_as_in_jupyter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MPLBACKEND", "agg")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    path = write(folder / "a.ipynb", "import os, sys", "print(os.getcwd(), sys.executable, os.environ['MPLBACKEND'])")
    before = path.read_bytes()

    async def cell() -> Any:
        return execute_notebook(path)

    where, python, backend = printed(asyncio.run(cell()))[0].split()
    assert Path(where) == folder.resolve()
    assert python == sys.executable
    assert backend != "agg"
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")


def test_what_a_kernel_says_while_it_ends_reaches_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    late = """
import atexit, os
from pathlib import Path
def last_words():
    os.write(1, b"Assertion failed"), os.write(2, b"Assertion failed")  # as a library does that aborts
    Path("ended").touch()
"""
    path = write(tmp_path / "a.ipynb", late, "_ = atexit.register(last_words)", "print(1)")
    assert printed(execute_notebook(path)) == ["1"]
    assert (tmp_path / "ended").exists()
    assert capfd.readouterr() == ("", "")


def test_what_is_stored_is_the_same_everywhere(tmp_path: Path):
    slow = "import time\nprint(1, flush=True)\ntime.sleep(0.4)\nprint(1)"
    path = write(tmp_path / "a.ipynb", slow, "", "print(2)", title="T", papermill={}, kernelspec=CONDA)
    saved = nbformat.read(path, as_version=4)
    saved.cells[1].metadata["execution"] = {"iopub.status.busy": "2020-01-01T00:00:00Z"}
    saved.cells[1].execution_count = 7
    nbformat.write(saved, path)
    notebook = execute_notebook(path)
    language = notebook.metadata.pop("language_info")
    assert (language["name"], language["version"]) == ("python", platform.python_version())
    assert notebook.metadata == {"kernelspec": KERNELSPEC, "title": "T"}
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in saved.cells]
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, None, 2]
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert printed(notebook) == ["1\n1", "2"]  # one output, however the lines arrived


def test_an_error_names_notebook_and_cell_and_has_no_traceback(tmp_path: Path):
    path = write(tmp_path / "b.ipynb", "A = 1", "def f():\n    raise ValueError('district 2012 is missing')", "f()")
    with pytest.raises(PapiError) as error:
        execute_notebook(path)
    assert str(error.value) == "b.ipynb, code cell 3: ValueError: district 2012 is missing"
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_dead_kernel_and_a_slow_cell_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    dies = "import os; os.write(2, b'first\\nmalloc(): corrupted top size\\n\\n'); os.abort()"
    with pytest.raises(PapiError, match=r"c\.ipynb, code cell 1: the kernel died.*: malloc\(\): corrupted top size$"):
        execute_notebook(write(tmp_path / "c.ipynb", dies))
    monkeypatch.setattr(notebooks, "TIMEOUT", 1)
    with pytest.raises(PapiError, match=r"d\.ipynb, code cell 2: still running after 1 seconds"):
        execute_notebook(write(tmp_path / "d.ipynb", "import time", "time.sleep(60)"))


def test_a_kernel_that_does_not_start_is_an_error_with_its_last_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "ipykernel_launcher.py").write_text("raise ImportError('no zmq here')")
    with pytest.raises(PapiError, match=r"^e\.ipynb: the kernel did not start \(.*\): ImportError: no zmq here$"):
        execute_notebook(write(tmp_path / "e.ipynb", "1"))
    assert "Traceback" not in capfd.readouterr().err


def test_what_is_no_notebook_is_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="There is no notebook"):
        execute_notebook(tmp_path / "none.ipynb")
    for text in ("not json", '{"nbformat": 4, "cells": 3}', "[]", "{}"):
        (tmp_path / "bad.ipynb").write_text(text)
        with pytest.raises(SpecError, match="is not a notebook"):
            execute_notebook(tmp_path / "bad.ipynb")


@pytest.fixture
def as_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a notebook have run as it is stored, without a kernel; one whose first cell says 1 / 0 fails."""

    def execute(path: Path, **_: Any) -> Any:
        notebook = read_notebook(path)
        if any(cell.source == "1 / 0" for cell in notebook.cells):
            raise PapiError(f"{path.name}, code cell 1: ZeroDivisionError")
        return notebook

    monkeypatch.setattr(notebooks, "execute_notebook", execute)


def ran(paths: list[Path], done: list[Path]) -> list[Any]:
    with running(paths, on_done=done.append) as wait:
        return wait()


@pytest.mark.usefixtures("as_stored")
def test_several_run_in_order_and_all_failures_are_told(tmp_path: Path):
    good = [write(tmp_path / f"{name}.ipynb", name) for name in ("z", "a")]
    done: list[Path] = []
    assert [notebook.cells[1].source for notebook in ran(good, done)] == ["z", "a"]
    assert sorted(done) == sorted(good)

    bad = [write(tmp_path / f"bad{n}.ipynb", "1 / 0") for n in (1, 2)]
    done.clear()
    with pytest.raises(PapiError) as error:
        ran([*bad, good[0]], done)
    assert [line.split(",")[0] for line in str(error.value).splitlines()] == ["bad1.ipynb", "bad2.ipynb"]
    assert done == [good[0]]


@pytest.mark.skipif(sys.platform == "win32", reason="presses Ctrl-C as only POSIX does")
def test_ctrl_c_ends_it_within_seconds_and_leaves_no_kernel_file(tmp_path: Path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("a", "b", "c"):
        started = f"from pathlib import Path; Path('{name}.started').touch()"
        write(folder / f"{name}.ipynb", started, "import time; time.sleep(120)")
    runtime = tmp_path / "runtime"
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(runtime)}
    command = [sys.executable, "-m", notebooks.__name__, str(folder), "--in-place"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while len(list(folder.glob("*.started"))) < 2 and process.poll() is None:
            time.sleep(0.1)
        assert not list(runtime.glob("*"))  # nor would a process that is killed leave one
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert time.monotonic() - began < 10
    assert not list(runtime.glob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notebooks, and the one whose page is the report."""
    made = tmp_path / "notebooks"
    made.mkdir()
    for name, text in (("01_first", "# First & only\n\nWhat is < 1?"), ("02_second", "[a link](01_first.ipynb)")):
        cells = [new_markdown_cell(text), new_code_cell("print('it ran')")]
        nbformat.write(new_notebook(cells=cells), made / f"{name}.ipynb")
    write(made / PROGRAMME, "1 / 0")
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page stand for the report: what that shows is tested elsewhere."""

    def report_page(made: ProgrammeReport, *, others: Any, lead: str) -> str:
        words = Section((Words("A report", level=1),))
        return page_of([words], title=made.title, banner=made.warning, others=others, lead=lead)

    monkeypatch.setattr(report, "report_page", report_page)


def soup_of(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.mark.usefixtures("quick")
def test_a_page_for_each_notebook_beside_the_report(tmp_path: Path, folder: Path):
    stored = {path: path.read_bytes() for path in folder.iterdir()}
    start = write_pages(folder, tmp_path / "deep" / "out")
    assert start == tmp_path / "deep" / "out" / "index.html"
    pages = sorted(start.parent.iterdir())
    assert [path.name for path in pages] == ["01_first.html", "02_second.html", "index.html"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == stored
    items = soup_of(start).main.find("ol", class_="questions").find_all("li")
    assert [(item.a["href"], item.a.get_text(), item.p.get_text()) for item in items] == [
        ("01_first.html", "First & only", "What is < 1?"),
        ("02_second.html", "02_second", "a link"),
    ]
    assert "it ran" in soup_of(pages[0]).main.get_text()
    assert soup_of(pages[1]).main.find("a")["href"] == "01_first.html"
    for path in pages:
        links = {link["href"]: link.get("aria-current") for link in soup_of(path).find(class_="pages").find_all("a")}
        assert links == {page.name: "page" if page == path else None for page in pages}


@pytest.mark.usefixtures("quick", "as_stored")
def test_pages_on_which_something_is_simulated_say_so_at_the_head_and_no_others(tmp_path: Path, folder: Path):
    marked = new_output("stream", text="a slope [SIMULATED: tasks, progress]")
    made_up = new_code_cell("slope", outputs=[marked])
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Second"), made_up]), folder / "02_second.ipynb")
    first = nbformat.read(folder / "01_first.ipynb", as_version=4)
    first.cells[1].outputs = [new_output("stream", text="it ran")]
    nbformat.write(first, folder / "01_first.ipynb")
    write_pages(folder, tmp_path / "out")
    first_page, second_page, start = (
        soup_of(tmp_path / "out" / f"{name}.html") for name in ("01_first", "02_second", "index")
    )
    assert first_page.find("header") is None
    for page in (second_page, start):
        assert page.find("header").get_text().startswith("SIMULATED: tasks, progress. ")
    lead = start.main.find("ol", class_="questions").find_previous_sibling("p").get_text()
    assert lead.startswith("Nothing is simulated on these pages: First & only. ")


@pytest.mark.usefixtures("quick", "as_stored")
@pytest.mark.parametrize(("text", "code"), [("# Second", "1 / 0"), ("# Second\n\n$\\nosuchcommand$", "1")])
def test_a_failure_leaves_the_earlier_pages(tmp_path: Path, folder: Path, text: str, code: str):
    output = tmp_path / "out"
    write_pages(folder, output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    cells = [new_markdown_cell(text), new_code_cell(code)]
    nbformat.write(new_notebook(cells=cells), folder / "02_second.ipynb")
    with pytest.raises(PapiError, match="02_second"):
        write_pages(folder, output)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


@pytest.mark.usefixtures("quick")
def test_files_that_are_not_ours_stay(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notebooks, "execute_notebook", None)  # refused before anything runs
    (tmp_path / "02_second.html").write_text("mine")
    with pytest.raises(SpecError, match=r"02_second\.html is in the folder .* did not write it"):
        write_pages(folder, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match=r"no notebooks in .*empty"):
        write_pages(tmp_path / "empty", tmp_path / "out")
    assert (tmp_path / "02_second.html").read_text() == "mine"
    assert not (tmp_path / "out").exists()


def test_command_stores_outputs_in_place_or_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    good, bad = write(tmp_path / "good.ipynb", "print(5)"), write(tmp_path / "bad.ipynb", "1 / 0")
    before = good.read_bytes(), bad.read_bytes()

    def fails(path: Path, **_: Any) -> Any:
        if path == bad:
            raise PapiError("bad.ipynb, code cell 1: ZeroDivisionError: division by zero")
        return read_notebook(path)

    with monkeypatch.context() as patch:
        patch.setattr(notebooks, "execute_notebook", fails)
        assert main([str(tmp_path), "--in-place"]) == 1
    assert (good.read_bytes(), bad.read_bytes()) == before
    assert capsys.readouterr() == ("", "bad.ipynb, code cell 1: ZeroDivisionError: division by zero\n")

    bad.unlink()
    assert main([str(tmp_path), "--in-place"]) == 0
    assert printed(nbformat.read(good, as_version=4)) == ["5"]
    assert good.read_bytes().endswith(b"}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["good.ipynb"]
    assert capsys.readouterr() == ("", "")  # no progress where nobody looks


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "a.ipynb", "print(1)")
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(SpecError, match="cannot be written: no space"):
        save_notebook(new_notebook(cells=[new_code_cell("2")]), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "nbclient.exceptions", None)
    with pytest.raises(SpecError, match=r'pip install "papi_analysis\[notebooks\]"'):
        execute_notebook(write(tmp_path / "a.ipynb", "1"))
    with pytest.raises(ValueError, match="own"), notebooks_extra():
        raise ValueError("own")
