"""A notebook runs again when anything has changed that its outputs rest on, and only then."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from papi_analysis.reporting import report, reuse
from papi_analysis.reporting.report import render_report
from papi_analysis.reporting.reuse import find_kept, fingerprint, keep
from papi_analysis.study.codebook import data_folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return shutil.copytree(data_folder() / "can_tho_2018_2020", tmp_path / "own")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A notebook that says how often it has run."""
    counter = tmp_path / "counter"
    code = (
        f"from pathlib import Path\np = Path({str(counter)!r})\n"
        "p.write_text(p.read_text() + 'x' if p.exists() else 'x')\nprint(len(p.read_text()))"
    )
    cells = [
        new_markdown_cell("# Count"),
        new_code_cell('STUDY = "none"', metadata={"tags": ["parameters"]}),
        new_code_cell(code),
    ]
    file = tmp_path / "count.ipynb"
    nbformat.write(new_notebook(cells=cells), file)
    return file


def test_the_key_covers_everything(own: Path, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "code.py").write_text("1")
    monkeypatch.setattr(reuse, "PACKAGE", package)
    study = str(own)
    keys = [fingerprint(path, study, "en")]

    def again() -> None:
        keys.append(fingerprint(path, study, "en"))

    (package / "code.py").write_text("2")
    again()
    (own / "targets.csv").write_bytes((own / "targets.csv").read_bytes() + b"\n")
    again()
    (own / "study.toml").write_text((own / "study.toml").read_text("utf-8") + "\n", "utf-8")
    again()
    path.write_text(path.read_text("utf-8").replace("# Count", "# Counts"), "utf-8")
    again()
    monkeypatch.setattr(reuse, "distributions", lambda: [])
    again()
    monkeypatch.setattr(reuse.platform, "python_version", lambda: "9.9")
    again()
    keys += [fingerprint(path, study, "vi"), fingerprint(path, "can_tho_2018_2020", "en")]
    assert len(set(keys)) == len(keys)
    (own / "notes.txt").write_text("no part of the study")
    assert fingerprint(path, study, "en") == keys[-3]


def test_what_is_kept_comes_back_as_it_was_and_only_the_last_stays(tmp_path: Path, path: Path):
    notebook = nbformat.read(path, 4)
    assert find_kept(tmp_path / "kept", path, "a") is None
    keep(tmp_path / "kept", path, "a", notebook)
    assert find_kept(tmp_path / "kept", path, "a") == notebook
    keep(tmp_path / "kept", path, "b", notebook)
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["count-b.ipynb"]
    (tmp_path / "kept" / "count-b.ipynb").write_text('{"cells": [', "utf-8")
    assert find_kept(tmp_path / "kept", path, "b") is None


def test_an_unchanged_notebook_is_not_run_again(own: Path, path: Path, tmp_path: Path):
    def ran(**options: bool) -> str:
        start = render_report(own, tmp_path / "out", notebooks=[path], **options)
        assert (start.parent / report.KEPT).is_dir()
        return nbformat.read(next((start.parent / report.KEPT).glob("count-*.ipynb")), 4).cells[-1].outputs[0].text

    assert ran() == "1\n"
    page = (tmp_path / "out" / "count.html").read_bytes()
    assert ran() == "1\n"
    assert (tmp_path / "out" / "count.html").read_bytes() == page
    assert ran(fresh=True) == "2\n"
    (own / "targets.csv").write_bytes((own / "targets.csv").read_bytes() + b"\n")
    assert ran() == "3\n"
