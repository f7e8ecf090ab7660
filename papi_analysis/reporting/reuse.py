"""Notebooks that need not run again: outputs kept under a key of everything that they rest on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from papi_analysis.errors import SpecError
from papi_analysis.reporting.run import read_notebook, save_notebook
from papi_analysis.study.codebook import PACKAGE, data_folder
from papi_analysis.study.settings import read_settings
from papi_analysis.study.study import find_folder

if TYPE_CHECKING:
    from nbformat import NotebookNode


def fingerprint(path: Path, study: str, language: str) -> str:
    """Return a key that changes with anything that a notebook's outputs rest on.

    That is: its own text, the study's tables and settings, the bundled data, the code of this package, the version of
    Python and of every installed package, the parameters. A file that a notebook of one's own opens by itself is not
    seen.
    """
    folder = find_folder(study)
    tables = read_settings(folder)[1]
    code = (file for file in PACKAGE.rglob("*") if file.suffix in {".py", ".po"})
    data = (file for file in data_folder().rglob("*") if file.is_file())
    files = sorted({path.resolve(), folder / "study.toml", *tables.values(), *code, *data})
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    installed = sorted((one.metadata["Name"], one.version) for one in distributions())
    place = str(folder.resolve())
    rest = [study, place, language, platform.python_version(), platform.platform(), installed]
    whole.update(json.dumps(rest).encode())
    return whole.hexdigest()[:32]


def find_kept(folder: Path, path: Path, key: str) -> NotebookNode | None:
    """Return the outputs of a notebook that were kept under ``key``, unless there are none or they are damaged."""
    try:
        return read_notebook(_place(folder, path, key))
    except SpecError:
        return None


def keep(folder: Path, path: Path, key: str, notebook: NotebookNode) -> None:
    """Keep the outputs of a notebook, in place of those under its earlier keys."""
    folder.mkdir(parents=True, exist_ok=True)
    save_notebook(notebook, _place(folder, path, key))
    for earlier in folder.glob(f"{path.stem}-*.ipynb"):
        if earlier != _place(folder, path, key):
            os.unlink(earlier)


def _place(folder: Path, path: Path, key: str) -> Path:
    return folder / f"{path.stem}-{key}.ipynb"
