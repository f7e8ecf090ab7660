"""A report: notebooks run on a study, a page for each, and a start page that says what was found."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from papi_analysis.errors import SpecError
from papi_analysis.reporting.run import notebooks_extra, run_notebooks

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from papi_analysis.reporting.summary import Summary
    from papi_analysis.study.study import Study

#: The start page: its file, its name in the navigation, the heading above the list of pages.
INDEX = "index.html"
START = {"en": ("Summary", "Pages"), "vi": ("Tóm tắt", "Các trang")}


class _Page(NamedTuple):
    """One notebook's place in the report."""

    file: str
    title: str
    question: str


def render_report(
    study: str | os.PathLike[str] | Study = "can_tho_2018_2020",
    output: str | os.PathLike[str] = "reports",
    *,
    notebooks: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    language: str = "en",
    workers: int = 2,
    on_done: Callable[[Path], None] | None = None,
) -> Path:
    """Run the notebooks on a study and write a page for each, and ``index.html``; return the start page's path.

    Every page is one file that opens without network. Nothing in ``output`` changes unless all pages could be
    made, and files there that are not pages of this report stay as they are.

    Parameters
    ----------
    study
        A bundled name, a study folder, or a `Study` that was loaded from one of them.
    output
        Folder for the pages; made if it is missing.
    notebooks
        A folder of notebooks or the notebooks themselves, in reading order. Without it, the ``notebooks/``
        folder of the repository that this package was installed from.
    language
        ``"en"`` or ``"vi"``.
    workers
        How many notebooks run at the same time.
    on_done
        Called with the path of each notebook when it has run.

    Raises
    ------
    DataError
        The study does not pass its checks.
    SpecError
        There are no notebooks, two have the same name, the study was made in memory, or the notebooks extra is
        not installed.
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
    paths = _find_notebooks(notebooks)
    output = _check_output(output)
    if isinstance(study, str | os.PathLike):
        study = load_study(os.fspath(study))
    if not study.source:
        raise SpecError("The notebooks load the study from its folder, and this one was made in memory")
    # A study that cannot be summed up should say so before the notebooks have run.
    summary = summarise(study, language)
    ran = run_notebooks(paths, study=study.source, workers=workers, on_done=on_done)

    _write_all(_render(ran, summary, language), output)
    return output / INDEX


def _render(ran: Mapping[Path, NotebookNode], summary: Summary, language: str) -> dict[str, str]:
    """Return the text of every page by its file name, the start page first."""
    from papi_analysis.reporting.html import opening, to_html

    pages = {}
    for path, notebook in ran.items():
        file = f"{path.stem}.html"
        title, question = opening(notebook, file)
        pages[_Page(file, title or path.stem, question)] = notebook
    common: dict[str, Any] = {
        "language": language,
        "pages": [(INDEX, START[language][0]), *((page.file, page.title) for page in pages)],
        "banner": summary.simulated,
    }
    start = _start(summary, list(pages), language)
    rendered = {INDEX: to_html(start, title=summary.title, file=INDEX, **common)}
    for page, notebook in pages.items():
        title = f"{page.title} · {summary.title}"
        rendered[page.file] = to_html(notebook, title=title, file=page.file, **common)
    return rendered


def _find_notebooks(
    notebooks: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None,
) -> list[Path]:
    """Return the notebooks to run, none twice and none in the start page's place."""
    if notebooks is None:
        repository = Path(__file__).resolve().parents[2]
        notebooks = repository / "notebooks"
        if not (repository / "pyproject.toml").is_file():
            raise SpecError("The package was installed without its notebooks: pass notebooks=, a folder of them")
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


def _check_output(output: str | os.PathLike[str]) -> Path:
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"output must be a folder, and {folder} is a file")
    return folder


def _start(summary: Summary, pages: Sequence[_Page], language: str) -> NotebookNode:
    """Return the start page as a notebook, so that it is made by the same means as every other page."""
    with notebooks_extra():
        from nbformat.v4 import new_code_cell, new_notebook, new_output
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
        ({"text/html": f'<h2>{START[language][1]}</h2><ol class="questions">{items}</ol>'}, {}),
    ]
    outputs = [new_output("display_data", data, metadata=meta) for data, meta in shown]  # type: ignore[no-untyped-call]
    cell = new_code_cell("", outputs=outputs)  # type: ignore[no-untyped-call]
    page: NotebookNode = new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    return page


def _write_all(files: dict[str, str], output: Path) -> None:
    """Write every file beside its place first and then move them there, so that a failure changes nothing."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=output.parent) as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")
        output.mkdir(exist_ok=True)
        for name in files:
            os.replace(Path(folder) / name, output / name)
