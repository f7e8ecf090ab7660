"""Running notebooks: values in, outputs kept, errors in one line, files never half written."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from papi_analysis.errors import PapiError, SpecError
from papi_analysis.reporting import run
from papi_analysis.reporting.run import execute_notebook, main, notebooks_extra, run_notebooks, save_notebook

CONDA = {"name": "conda-env-x-py", "display_name": "Python [conda env:x]"}
PARAMETERS = 'STUDY = "can_tho_2018_2020"  # a bundled name or a folder'


def write(path: Path, *sources: str, **metadata: Any) -> Path:
    """Write a notebook; its first cell is the one tagged parameters."""
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *cells], metadata=metadata)
    nbformat.write(notebook, path)
    return path


def printed(notebook: Any) -> list[str]:
    return [output.text.strip() for cell in notebook.cells for output in cell.get("outputs", [])]


def test_runs_here_in_the_notebooks_folder_with_figures_inline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MPLBACKEND", "agg")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    path = write(folder / "a.ipynb", "import os, sys", "print(os.getcwd(), sys.executable, os.environ['MPLBACKEND'])")
    before = path.read_bytes()
    where, python, backend = printed(execute_notebook(path))[0].split()
    assert Path(where) == folder.resolve()
    assert python == sys.executable
    assert backend != "agg"
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")


def test_a_kernel_of_the_same_name_elsewhere_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    broken = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(broken))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert printed(execute_notebook(write(tmp_path / "a.ipynb", "print(1)"))) == ["1"]


def test_what_is_stored_is_the_same_everywhere(tmp_path: Path):
    slow = "import time\nprint(1, flush=True)\ntime.sleep(0.4)\nprint(1)"
    path = write(tmp_path / "a.ipynb", slow, "", "print(2)", title="T", papermill={}, kernelspec=CONDA)
    saved = nbformat.read(path, as_version=4)
    saved.cells[1].metadata["execution"] = {"iopub.status.busy": "2020-01-01T00:00:00Z"}
    saved.cells[1].execution_count = 7
    nbformat.write(saved, path)
    notebook = execute_notebook(path)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "name": "python3"},
        "language_info": {"name": "python"},
        "title": "T",
    }
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in saved.cells]
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, None, 2]
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert printed(notebook) == ["1\n1", "2"]  # one output, however the lines arrived


def test_study_replaces_the_value_and_keeps_the_comment(tmp_path: Path):
    value = 'nghiên_cứu "in quotes" \\1 \\g<0>'
    path = write(tmp_path / "a.ipynb", f"{PARAMETERS}\nYEARS = 3", "print(STUDY, YEARS)")
    notebook = execute_notebook(path, study=value)
    assert printed(notebook) == [f"{value} 3"]
    assert notebook.cells[1].source.splitlines()[0].endswith("  # a bundled name or a folder")


def test_a_folder_is_passed_so_that_it_is_found_from_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "here" / "mine").mkdir(parents=True)
    # A folder that happens to be called like the bundled study: the name means the bundled one.
    (tmp_path / "here" / "can_tho_2018_2020").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write(tmp_path / "a.ipynb", PARAMETERS, "print(STUDY)")
    assert printed(execute_notebook(path, study="mine")) == [str((tmp_path / "here" / "mine").resolve())]
    assert printed(execute_notebook(path, study="can_tho_2018_2020")) == ["can_tho_2018_2020"]


def test_only_the_tagged_cell_is_changed(tmp_path: Path):
    path = write(tmp_path / "a.ipynb", "A = 1", "STUDY = 'own'\nprint(STUDY)")
    with pytest.raises(SpecError, match=r'a\.ipynb: the cell tagged "parameters" has no line "STUDY = '):
        execute_notebook(path, study="x")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata.pop("tags")
    nbformat.write(notebook, path)
    assert printed(execute_notebook(path, study="x")) == ["own"]


def test_an_error_names_notebook_and_cell_and_has_no_traceback(tmp_path: Path):
    path = write(tmp_path / "b.ipynb", "A = 1", "def f():\n    raise ValueError('district 2012 is missing')", "f()")
    with pytest.raises(PapiError) as error:
        execute_notebook(path)
    assert str(error.value) == "b.ipynb, code cell 3: ValueError: district 2012 is missing"
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_dead_kernel_and_a_slow_cell_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(PapiError, match=r"c\.ipynb, code cell 1: the kernel died"):
        execute_notebook(write(tmp_path / "c.ipynb", "import os; os._exit(1)"))
    monkeypatch.setattr(run, "TIMEOUT", 1)
    with pytest.raises(PapiError, match=r"d\.ipynb, code cell 2: still running after 1 seconds"):
        execute_notebook(write(tmp_path / "d.ipynb", "import time", "time.sleep(60)"))


def test_what_is_no_notebook_is_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="There is no notebook"):
        execute_notebook(tmp_path / "none.ipynb")
    for text in ("not json", '{"nbformat": 4, "cells": 3}', "[]", "{}"):
        (tmp_path / "bad.ipynb").write_text(text)
        with pytest.raises(SpecError, match="is not a notebook"):
            execute_notebook(tmp_path / "bad.ipynb")


def test_several_run_in_order_and_all_failures_are_told(tmp_path: Path):
    good = [write(tmp_path / f"{name}.ipynb", f"print('{name}')") for name in ("z", "a")]
    done: list[Path] = []
    ran = run_notebooks(good, on_done=done.append)
    assert list(ran) == good
    assert [printed(notebook) for notebook in ran.values()] == [["z"], ["a"]]
    assert sorted(done) == sorted(good)

    bad = [write(tmp_path / f"bad{n}.ipynb", f"raise KeyError({n})") for n in (1, 2)]
    done.clear()
    with pytest.raises(PapiError) as error:
        run_notebooks([*bad, good[0]], on_done=done.append)
    assert [line.split(",")[0] for line in str(error.value).splitlines()] == ["bad1.ipynb", "bad2.ipynb"]
    assert done == [good[0]]


def test_command_stores_outputs_in_place_or_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good, bad = write(tmp_path / "good.ipynb", "print(5)"), write(tmp_path / "bad.ipynb", "1 / 0")
    before = good.read_bytes(), bad.read_bytes()
    assert main([str(good), str(bad)]) == 1
    assert (good.read_bytes(), bad.read_bytes()) == before
    assert capsys.readouterr() == ("", "bad.ipynb, code cell 1: ZeroDivisionError: division by zero\n")

    assert main([str(good)]) == 0
    assert printed(nbformat.read(good, as_version=4)) == ["5"]
    first = good.read_bytes()
    assert first.endswith(b"}\n")
    assert main([str(good)]) == 0
    assert good.read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb", "good.ipynb"]
    assert capsys.readouterr() == ("", "")  # no progress where nobody looks


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "a.ipynb", "print(1)")
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(run.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        save_notebook(new_notebook(cells=[new_code_cell("2")]), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "nbclient.exceptions", None)
    with pytest.raises(SpecError, match=r'pip install "papi_analysis\[notebooks\]"'):
        execute_notebook(write(tmp_path / "a.ipynb", "1"))
    with pytest.raises(ValueError, match="own"), notebooks_extra():
        raise ValueError("own")


def test_runs_where_an_event_loop_runs_already_as_in_jupyter(tmp_path: Path):
    path = write(tmp_path / "a.ipynb", "print(3)")

    async def cell() -> Any:
        return execute_notebook(path)

    assert printed(asyncio.run(cell())) == ["3"]
