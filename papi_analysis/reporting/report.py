"""A report: notebooks run on a study and written as pages that need nothing else."""

from __future__ import annotations

import base64
import os
import platform
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.reuse import find_kept, fingerprint, keep
from papi_analysis.reporting.run import notebooks_extra, run_notebooks
from papi_analysis.study.codebook import PACKAGE

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from papi_analysis.reporting.summary import Summary
    from papi_analysis.study.study import Study

#: The notebook of the programme report, which the wheel carries.
PROGRAMME = "00_programme_report.ipynb"

#: What tells a page of this package from any other file.
GENERATOR = b'<meta content="papi_analysis" name="generator"'

IN_THE_WAY = Note(
    "{file} is in the folder {folder!r} already and was not written by papi_analysis. Choose another folder, or "
    "overwrite it: force=True, on the command line --force."
)

#: Where outputs are kept for the next time, beside the pages.
KEPT = ".kept"

#: The start page.
INDEX = "index.html"


class _Page(NamedTuple):
    """One notebook's place in the report."""

    file: str
    title: str
    question: str


def render_report(
    study: str | os.PathLike[str] | Study = "can_tho_2018_2020",
    output: str | os.PathLike[str] = "reports",
    *,
    language: str = "en",
    notebooks: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    force: bool = False,
    fresh: bool = False,
    workers: int = 2,
    on_done: Callable[[Path], None] | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report on a study, ``index.html``, and return its path.

    Every page is one file that opens without network. Nothing in ``output`` changes unless all pages could be
    made, and files there that are not pages of this report stay as they are.

    Parameters
    ----------
    study
        A bundled name, a study folder, or a `Study` that was loaded from one of them.
    output
        Folder for the pages; made if it is missing.
    language
        ``"en"`` or ``"vi"``: of the programme report, and of the words around any other notebook.
    notebooks
        A folder of notebooks or the notebooks themselves, in reading order: each becomes a page, and the start page
        says what was found. Without it, the report is the programme report alone, on one page.
    force
        Overwrite files that are in the way although this package did not write them.
    fresh
        Run every notebook, even where nothing that its outputs rest on has changed since they were last kept (see
        `fingerprint`).
    workers
        How many notebooks run at the same time.
    on_done
        Called with the path of each notebook when it has run.
    on_cell
        Called before each code cell with the number of those that are done and of all of its notebook.

    Raises
    ------
    DataError
        The study does not pass its checks.
    SpecError
        There are no notebooks, two have the same name, the study was made in memory, a file of another origin is in
        the way, or the notebooks extra is not installed.
    PapiError
        A notebook failed, or its page would lack a description or load something; see `execute_notebook` and
        `to_html`.

    Examples
    --------
    >>> render_report("can_tho_2018_2020", "reports")  # doctest: +SKIP
    PosixPath('reports/index.html')
    """
    from papi_analysis.reporting.html import check_language
    from papi_analysis.reporting.summary import summarise
    from papi_analysis.study.study import load_study

    check_language(language)
    alone = notebooks is None
    paths = [programme_notebook()] if notebooks is None else _find_notebooks(notebooks)
    output = _check_output(output)
    _check_ours([output / name for name in ([INDEX] if alone else [INDEX, *_pages(paths)])], force)
    if isinstance(study, str | os.PathLike):
        study = load_study(os.fspath(study))
    if not study.source:
        raise SpecError("The notebooks load the study from its folder, and this one was made in memory")
    # A study that cannot be summed up should say so before the notebooks have run.
    summary = summarise(study, language)
    keys = _keys(paths, study.source, language)
    kept = {} if fresh else _kept(output, keys)
    changed = [path for path in paths if path not in kept]
    ran = run_notebooks(
        changed, study=study.source, language=language, workers=workers, on_done=on_done, on_cell=on_cell
    )
    every = {path: kept[path] if path in kept else ran[path] for path in paths}
    _write_all(_render_one(every[paths[0]], summary, language) if alone else _render(every, summary, language), output)
    for path in keys.keys() & ran.keys():
        keep(output / KEPT, path, keys[path], ran[path])
    return output / INDEX


def _keys(paths: Iterable[Path], source: str, language: str) -> dict[Path, str]:
    """Return the key under which each notebook's outputs are kept."""
    return {path: fingerprint(path, source, language) for path in paths}


def _kept(output: Path, keys: Mapping[Path, str]) -> dict[Path, NotebookNode]:
    """Return the notebooks that need not run: nothing that they rest on has changed since they last did."""
    found = {path: find_kept(output / KEPT, path, key) for path, key in keys.items()}
    return {path: notebook for path, notebook in found.items() if notebook is not None}


def programme_notebook() -> Path:
    """Return the notebook of the programme report: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / "notebooks" / PROGRAMME
    return inside if inside.is_file() else PACKAGE.parent / "notebooks" / PROGRAMME


def _render_one(notebook: NotebookNode, summary: Summary, language: str) -> dict[str, str]:
    """Return the programme report as the only page."""
    from papi_analysis.reporting.html import to_html

    page = to_html(
        notebook,
        title=summary.title,
        language=language,
        file=INDEX,
        banner=summary.simulated,
        made_with=_made_with(language),
    )
    return {INDEX: page}


def _made_with(language: str) -> str:
    """Say which versions the numbers of a page rest on."""
    names = ["papi_analysis", "numpy", "pandas", "scipy"]
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    return find_language(language).text("Made with {versions}.", versions=", ".join(versions))


def _render(ran: Mapping[Path, NotebookNode], summary: Summary, language: str) -> dict[str, str]:
    """Return the text of every page by its file name, the start page last: it links to the others."""
    from papi_analysis.reporting.html import opening, to_html

    pages = {}
    for path, notebook in ran.items():
        file = f"{path.stem}.html"
        title, question = opening(notebook, file)
        pages[_Page(file, title or path.stem, question)] = notebook
    common: dict[str, Any] = {
        "language": language,
        "pages": [(INDEX, find_language(language).text("Summary")), *((page.file, page.title) for page in pages)],
        "banner": summary.simulated,
        "made_with": _made_with(language),
    }
    rendered = {}
    for page, notebook in pages.items():
        title = f"{page.title} · {summary.title}"
        rendered[page.file] = to_html(notebook, title=title, file=page.file, **common)
    start = _start(summary, list(pages), language)
    return rendered | {INDEX: to_html(start, title=summary.title, file=INDEX, **common)}


def _find_notebooks(notebooks: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the notebooks to run, none twice and none in the start page's place."""
    if isinstance(notebooks, str | os.PathLike):
        paths = sorted(Path(notebooks).glob("*.ipynb"))
    else:
        paths = [Path(path) for path in notebooks]
    if not paths:
        raise SpecError(f"There are no notebooks in {notebooks}: pass notebooks=, a folder of them or their paths")
    names = [path.stem for path in paths]
    twice = {name for name in names if names.count(name) > 1 or f"{name}.html" == INDEX}
    if twice:
        raise SpecError(f"Two pages would be called {sorted(twice)[0]}.html: rename one of the notebooks")
    return paths


def _pages(paths: Iterable[Path]) -> list[str]:
    return [f"{path.stem}.html" for path in paths]


def _check_ours(files: Iterable[Path], force: bool) -> None:
    """Refuse to overwrite a file that is no page of this package."""
    for file in files:
        if file.exists() and not force and GENERATOR not in file.read_bytes()[:4096]:
            raise SpecError(Note(IN_THE_WAY.text, {"file": file.name, "folder": file.parent.name}))


def _check_output(output: str | os.PathLike[str]) -> Path:
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"output must be a folder, and {folder} is a file")
    return folder


def _start(summary: Summary, pages: Sequence[_Page], language: str) -> NotebookNode:
    """Return the start page as a notebook, so that it is made by the same means as every other page."""
    with notebooks_extra():
        from nbformat.v4 import new_code_cell, new_notebook, new_output
    heading = find_language(language).text("Pages")
    words = "".join(f"<p>{escape(sentence)}</p>" for sentence in summary.sentences)
    items = "".join(
        f'<li><a href="{escape(page.file)}">{escape(page.title)}</a>'
        + (f"<p>{escape(page.question)}</p>" if page.question else "")
        + "</li>"
        for page in pages
    )
    figure = base64.b64encode(summary.figure).decode()
    shown = [
        ({"text/html": f'<h1>{escape(summary.title)}</h1><div class="summary">{words}</div>'}, {}),
        ({"image/png": figure}, {"image/png": {"alt": summary.alt}}),
        ({"text/html": f'<h2>{heading}</h2><ol class="questions">{items}</ol>'}, {}),
    ]
    outputs = [new_output("display_data", data, metadata=meta) for data, meta in shown]  # type: ignore[no-untyped-call]
    cell = new_code_cell("", outputs=outputs)  # type: ignore[no-untyped-call]
    page: NotebookNode = new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    return page


def _write_all(files: dict[str, str], output: Path) -> None:
    """Write every file beside its place first and then move them there, so that a failure changes nothing."""
    part = output / KEPT / "part"
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir(parents=True)
    try:
        for name, text in files.items():
            (part / name).write_text(text, encoding="utf-8", newline="\n")
        for name in files:
            os.replace(part / name, output / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            (output / KEPT).rmdir()
