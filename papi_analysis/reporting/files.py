"""Files that this package writes: whole or not at all, and none over a file that it did not write."""

from __future__ import annotations

import csv
import os
import zipfile
import zlib
from pathlib import Path
from uuid import uuid4

from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.downloads import SEPARATORS
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.problems import HEADS
from papi_analysis.study.findings import reason

#: What an office file names as the program that wrote it; whichever program saves the file again writes its own name.
PROGRAM = b"<Application>papi_analysis</Application>"

#: What a page says of itself, near its beginning.
GENERATOR = '<meta content="papi_analysis" name="generator">'

IN_THE_WAY = Note(
    "{file} is in the folder {folder!r} already. papi_analysis did not write it, or somebody has changed it since, so "
    "it was left as it is. Give another name, or move that file away."
)

A_FOLDER = Note("{path} is a folder. Give the path of a file in it.")
NO_WAY = Note(
    "{path} cannot be written: {why}. Choose a folder in which you may write; close the file where it is open."
)


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file beside its place under a name of its own, then move it there; return its path.

    Whoever reads the file sees the old one or the new one, also where two write it at the same time; a failure leaves
    the earlier one. Folders on the way to it are made. Where the system does not let it, `SpecError` says so.
    """
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        if path.is_dir():
            raise SpecError(Note(A_FOLDER.text, {"path": str(path)}))
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SpecError(Note(NO_WAY.text, {"path": str(path), "why": reason(error)})) from error
    return path


def refuse_others(path: Path) -> None:
    """Raise `SpecError` where a file is in the way that is not as this package wrote it."""
    if path.exists() and not is_ours(path):
        raise SpecError(Note(IN_THE_WAY.text, {"file": path.name, "folder": path.absolute().parent.name}))


def is_ours(path: Path) -> bool:
    """Whether a file is as this package wrote it.

    Pages and office files say so themselves. A csv file can say nothing; it is taken for ours where its head is that
    of a list of problems. Of any other file it is not known, so it is not ours.
    """
    if not path.is_file():
        return False
    form = path.suffix.lower()
    if form in (".html", ".htm"):
        with path.open("rb") as file:
            return GENERATOR.removesuffix(">").encode() in file.read(4096)
    if form in (".xlsx", ".docx"):
        return PROGRAM in _properties(path)
    return form == ".csv" and _lists_problems(path)


def _properties(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("docProps/app.xml") as file:
            return file.read(4096)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError):
        return b""


def _lists_problems(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        line = file.readline(1000)
    for code, separator in SEPARATORS.items():
        heads = [find_language(code).text(head) for head in HEADS]
        found = next(csv.reader([line], delimiter=separator), [])
        if set(heads[-2:]) <= set(found) <= set(heads):  # columns that are empty throughout are left out
            return True
    return False
