"""Notebooks run side by side, and written as pages beside the programme report.

``python -m papi_analysis.reporting.notebooks FOLDER OUTPUT`` runs the notebooks of a folder and writes their pages and
the programme report of the bundled study, ``index.html``; ``... FOLDER --in-place`` stores outputs in the notebooks.
"""

from __future__ import annotations

import argparse
import atexit
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from papi_analysis.errors import Note, PapiError, SpecError
from papi_analysis.reporting.files import refuse_others, write_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: The notebook that shows the programme report; its page is the report itself.
PROGRAMME = "00_programme_report.ipynb"

#: How tables, figures and sentences mark what rests on simulated inputs.
MARK = "SIMULATED: "

#: Seconds that one cell may take before its notebook counts as failed.
TIMEOUT = 300

#: What a stored notebook says about its kernel: what JupyterLab would write, or it marks the notebook as changed when
#: it is opened.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

#: What is kept of a notebook's metadata beside that: its title, and the language as the kernel describes it.
KEPT = ("title", "language_info")


@contextmanager
def notebooks_extra() -> Iterator[None]:
    """Turn a failing import inside the block into a `SpecError` that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SpecError(
            Note(
                'Pages of notebooks need {name}, which is not installed: pip install "papi_analysis[notebooks]"',
                {"name": error.name},
            )
        ) from error


def write_pages(
    folder: str | os.PathLike[str], output: str | os.PathLike[str], *, on_done: Callable[[Path], None] | None = None
) -> Path:
    """Run the notebooks of a folder and write a page for each, and the programme report as the start page.

    All pages are made before the first is written, so that a failure leaves the earlier ones. Files in ``output`` that
    this package did not write stay as they are, and are an error where they are in the way.

    Parameters
    ----------
    folder
        Notebooks, in the order of their names.
    output
        Folder for the pages; made if it is missing.
    on_done
        Called with the path of each notebook when it has run.

    Raises
    ------
    SpecError
        There are no notebooks, a file of another origin is in the way, or the notebooks extra is not installed.
    PapiError
        A notebook failed, or its page would lack a description or load something; see `execute_notebook` and
        ``notebook_page.to_html``.
    """
    from papi_analysis.reporting.notebook_page import opening, to_html
    from papi_analysis.reporting.page import Another
    from papi_analysis.reporting.programme_report import ProgrammeReport
    from papi_analysis.reporting.report import INDEX, report_page

    paths = [path for path in sorted(Path(folder).glob("*.ipynb")) if path.name != PROGRAMME]
    if not paths:
        raise SpecError(Note("There are no notebooks in {folder}", {"folder": folder}))
    pages, stored = [], [read_notebook(path) for path in paths]
    for path, notebook in zip(paths, stored, strict=True):
        title, question = opening(notebook, path.name)
        pages.append(Another(f"{path.stem}.html", title or path.stem, question))
    real = "; ".join(page.title for page, notebook in zip(pages, stored, strict=True) if is_real(notebook))
    for file in (INDEX, *(page.file for page in pages)):
        refuse_others(Path(output) / file)
    with running(paths, on_done=on_done) as wait:
        report = ProgrammeReport()
        words = "Nothing is simulated on these pages: {pages}. On the others, and above, what is simulated is marked."
        start = report_page(report, others=pages, lead=report.tongue.text(words, pages=real) if real else "")
        notebooks = wait()
    every = [(INDEX, report.title), *((page.file, page.title) for page in pages)]
    texts = {
        page.file: to_html(
            notebook, title=page.title, pages=every, file=page.file, banner="" if is_real(notebook) else report.warning
        )
        for page, notebook in zip(pages, notebooks, strict=True)
    }
    for file, text in (texts | {INDEX: start}).items():
        write_whole(Path(output) / file, text.encode())
    return Path(output) / INDEX


@contextmanager
def running(
    paths: Iterable[Path], *, workers: int = 2, on_done: Callable[[Path], None] | None = None
) -> Iterator[Callable[[], list[NotebookNode]]]:
    """Run notebooks side by side within the block; what it gives waits for them and returns them with their outputs.

    All are run even when one fails, so that one `PapiError` can tell about every notebook that failed. Where the block
    is left by an error, as by Ctrl-C, what runs is ended.
    """
    clients: list[Any] = []
    files = list(paths)

    def run(path: Path) -> NotebookNode | PapiError:
        try:
            notebook = execute_notebook(path, on_start=clients.append)
        except PapiError as error:
            return error
        if on_done is not None:
            on_done(path)
        return notebook

    def wait() -> list[NotebookNode]:
        ran = [job.result() for job in reversed(jobs)]
        if failed := [str(one) for one in ran if isinstance(one, PapiError)]:
            raise PapiError("\n".join(failed))
        return [one for one in ran if not isinstance(one, PapiError)]

    with ThreadPoolExecutor(max_workers=workers) as pool:
        # The last first: later notebooks ask more, and the longest should not be the one that all wait for.
        jobs = [pool.submit(run, path) for path in reversed(files)]
        try:
            yield wait
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for client in clients:
                with suppress(AttributeError, OSError):  # one that has ended, or not yet begun
                    client.km.provisioner.process.kill()
            raise


def execute_notebook(path: str | os.PathLike[str], *, on_start: Callable[[Any], None] | None = None) -> NotebookNode:
    """Run a notebook from its own folder and return it with its outputs; the file is not changed.

    What the kernel writes past its cells, as libraries do while it ends, reaches no terminal.

    Parameters
    ----------
    path
        The notebook file.
    on_start
        Called with the client that runs the notebook, before it starts.

    Raises
    ------
    SpecError
        The file is missing, is no notebook, or the notebooks extra is not installed.
    PapiError
        The kernel did not start, or a cell failed, took longer than `TIMEOUT` seconds, or ended the kernel; the
        message names the notebook and the code cell (by the number that Jupyter shows beside it), and repeats what
        the cell, or the kernel that broke down, said last.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sum.ipynb"
    ...     save_notebook(new_notebook(cells=[new_code_cell("1 + 1")]), path)
    ...     execute_notebook(path).cells[0].outputs[0].data["text/plain"]
    '2'
    """
    with notebooks_extra():
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
        from traitlets.config import Config
    path = Path(path)
    notebook = read_notebook(path)
    started: list[int] = []

    def on_cell(cell_index: int, **_: Any) -> None:
        started.append(cell_index)
        # Both sides know the keys by now; whoever kills this process leaves no file with them.
        if client.km is not None:
            client.km.cleanup_connection_file()

    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_execute=on_cell,
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),  # newer kernels warn without it
    )
    if on_start is not None:
        on_start(client)
    # Figures go into the notebook, whatever this process was told to draw with.
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    with tempfile.TemporaryFile() as said:
        try:
            client.execute(env=env, stdout=said, stderr=said)
        except CellExecutionError as error:
            reason = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
        except CellTimeoutError:
            reason = f"still running after {TIMEOUT} seconds"
        except DeadKernelError:
            reason = f"the kernel died; the machine may be out of memory{_last_words(said)}"
        except RuntimeError as error:
            if started:
                raise
            atexit.unregister(client._cleanup_kernel)  # it has been, and a second time would end in a traceback
            raise PapiError(f"{path.name}: the kernel did not start ({error}){_last_words(said)}") from None
        else:
            _keep_what_is_the_same_everywhere(notebook)
            return notebook
    raise PapiError(f"{path.name}, code cell {len(started)}: {reason}")


def _last_words(said: IO[bytes]) -> str:
    """Return the last line of what a kernel wrote past its cells, to close an error with, or nothing."""
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").split("\n")
    return next((f": {line.strip()}" for line in reversed(lines) if line.strip()), "")


def _keep_what_is_the_same_everywhere(notebook: NotebookNode) -> None:
    """Drop what would differ on another machine or at another time, and nothing that a reader sees."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # clock times that JupyterLab may have stored
    kept = {name: notebook.metadata[name] for name in KEPT if name in notebook.metadata}
    notebook.metadata = type(notebook)(kernelspec=KERNELSPEC, **kept)


def is_real(notebook: NotebookNode) -> bool:
    """Whether a notebook has outputs and none is marked as resting on simulated inputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return bool(outputs) and not any(MARK in str(output) for output in outputs)


def read_notebook(path: str | os.PathLike[str]) -> NotebookNode:
    """Read a notebook file; `SpecError` when it is missing or is no notebook."""
    with notebooks_extra():
        import nbformat
    path = Path(path)
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise SpecError(Note("There is no notebook {path}", {"path": path})) from None
    except (ValueError, nbformat.ValidationError) as error:
        raise SpecError(
            Note("{path} is not a notebook: {splitlines}", {"path": path, "splitlines": str(error).splitlines()[0]})
        ) from None
    except (TypeError, AttributeError, KeyError):  # what nbformat makes of other JSON
        raise SpecError(Note("{path} is not a notebook", {"path": path})) from None
    return notebook


def save_notebook(notebook: NotebookNode, path: str | os.PathLike[str]) -> None:
    """Write a notebook file whole or not at all: whoever reads it sees the old one or the new one."""
    with notebooks_extra():
        import nbformat
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    write_whole(Path(path), f"{text}\n".encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the notebooks of a folder and write their pages.")
    parser.add_argument("folder", type=Path, help="folder of the notebooks")
    parser.add_argument("output", type=Path, nargs="?", default=Path("reports"), help="folder for the pages")
    parser.add_argument("--in-place", action="store_true", help="store the outputs in the notebooks, write no pages")
    given = parser.parse_args(arguments)
    paths = sorted(given.folder.glob("*.ipynb"))
    try:
        if given.in_place:
            with running(paths, on_done=_tell) as wait:
                for path, notebook in zip(paths, wait(), strict=True):
                    save_notebook(notebook, path)
        else:
            sys.stdout.write(f"{write_pages(given.folder, given.output, on_done=_tell)}\n")
    except PapiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(path: Path) -> None:
    """Name a notebook that has run, where somebody is watching."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{path.name}\n")


if __name__ == "__main__":
    sys.exit(main())
