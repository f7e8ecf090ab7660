"""Running notebooks: in a fresh kernel of this interpreter, for any study, with errors in one line.

``python -m papi_analysis.reporting.run notebooks/*.ipynb`` runs notebooks and stores their outputs in place.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papi_analysis.errors import PapiError, SpecError
from papi_analysis.study.codebook import data_folder

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: Seconds that one cell may take before its notebook counts as failed.
TIMEOUT = 300

#: What a stored notebook says about its kernel: enough to run it anywhere, nothing about this machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "name": "python3"},
    "language_info": {"name": "python"},
}

_LINE = r"^{name}\s*=[^#\n]*?(?P<comment>[ \t]*#.*)?$"


@contextmanager
def notebooks_extra() -> Iterator[None]:
    """Turn a failing import inside the block into a `SpecError` that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SpecError(
            f'Notebooks and reports need {error.name}, which is not installed: pip install "papi_analysis[notebooks]"'
        ) from error


def execute_notebook(
    path: str | os.PathLike[str],
    *,
    study: str | None = None,
    language: str | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> NotebookNode:
    """Run a notebook from its own folder and return it with its outputs; the file is not changed.

    Parameters
    ----------
    path
        The notebook file.
    study
        A bundled name or a folder. It replaces the value on the line ``STUDY = ...`` of the cell tagged
        ``parameters``; a notebook without such a cell asks about no study and runs as it is. A folder is
        passed as an absolute path, because the notebook runs in its own folder and not in the caller's.
    language
        Replaces the value on the line ``LANGUAGE = ...`` of the same cell, where the notebook has one.
    on_cell
        Called before each code cell with the number of those that are done and of all of them.

    Raises
    ------
    SpecError
        The file is missing, is no notebook, its parameters cell has no ``STUDY`` line, or the
        notebooks extra is not installed.
    PapiError
        A cell failed, took longer than `TIMEOUT` seconds, or ended the kernel; the message names the notebook
        and the code cell (by the number that Jupyter shows beside it), and repeats what the cell itself said.

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
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    path = Path(path)
    notebook = read_notebook(path)
    if study is not None:
        _set_parameter(notebook, "STUDY", _place(study), path.name)
    if language is not None:
        _set_parameter(notebook, "LANGUAGE", language)
    started: list[int] = []
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)

    def on_start(cell: Any, cell_index: int) -> None:
        if on_cell is not None:
            on_cell(len(started), cells)
        started.append(cell_index)

    try:
        _execute(_client(notebook, on_start), cwd=str(path.resolve().parent), env=_environment())
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    except CellTimeoutError:
        reason = f"still running after {TIMEOUT} seconds"
    except DeadKernelError:
        reason = "the kernel died; the machine may be out of memory"
    else:
        _keep_what_is_the_same_everywhere(notebook)
        return notebook
    raise PapiError(f"{path.name}, code cell {len(started)}: {reason}")


def _keep_what_is_the_same_everywhere(notebook: NotebookNode) -> None:
    """Drop what would differ on another machine or at another time, and nothing that a reader sees."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # clock times that JupyterLab may have stored
    kept = {name: notebook.metadata[name] for name in ("title",) if name in notebook.metadata}
    notebook.metadata = type(notebook)(METADATA | kept)


def run_notebooks(
    paths: Iterable[str | os.PathLike[str]],
    *,
    study: str | None = None,
    language: str | None = None,
    workers: int = 2,
    on_done: Callable[[Path], None] | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> dict[Path, NotebookNode]:
    """Run notebooks side by side and return them with their outputs, in the order given.

    All are run even when one fails, so that one `PapiError` can tell about every notebook that failed.
    ``on_done`` is called with each path as it succeeds; the others as in `execute_notebook`.
    """
    files = [Path(path) for path in paths]
    done: dict[Path, NotebookNode] = {}
    failed: dict[Path, PapiError] = {}
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        # The last first: later notebooks ask more, and the longest should not be the one that all wait for.
        ask = partial(execute_notebook, study=study, language=language, on_cell=on_cell)
        running = {pool.submit(ask, path): path for path in reversed(files)}
        for future in as_completed(running):
            path = running[future]
            try:
                done[path] = future.result()
            except PapiError as error:
                failed[path] = error
            else:
                if on_done is not None:
                    on_done(path)
    if failed:
        errors = [failed[path] for path in files if path in failed]
        raise errors[0] if len(errors) == 1 else PapiError("\n".join(map(str, errors)))
    return {path: done[path] for path in files}


def read_notebook(path: str | os.PathLike[str]) -> NotebookNode:
    """Read a notebook file; `SpecError` when it is missing or is no notebook."""
    with notebooks_extra():
        import nbformat
    path = Path(path)
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise SpecError(f"There is no notebook {path}") from None
    except (ValueError, nbformat.ValidationError) as error:
        raise SpecError(f"{path} is not a notebook: {str(error).splitlines()[0]}") from None
    except (TypeError, AttributeError, KeyError):  # what nbformat makes of other JSON
        raise SpecError(f"{path} is not a notebook") from None
    return notebook


def save_notebook(notebook: NotebookNode, path: str | os.PathLike[str]) -> None:
    """Write a notebook file whole or not at all: whoever reads it sees the old one or the new one."""
    with notebooks_extra():
        import nbformat
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
        part.write_text(text + "\n", encoding="utf-8", newline="\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _place(study: str) -> str:
    """Return a bundled study's name, or the full path of a folder, which a kernel elsewhere finds too."""
    bundled = {path.parent.name for path in data_folder().glob("*/study.toml")}
    folder = Path(study).expanduser()
    return str(folder.resolve()) if folder.is_dir() and study not in bundled else study


def _set_parameter(notebook: NotebookNode, name: str, value: str, needed_in: str = "") -> None:
    """Put ``value`` on the line ``name = ...`` of the cell tagged parameters, the comment on that line kept.

    Where the cell has no such line, that is an error of the notebook ``needed_in``, if one is named.
    """
    line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
    pattern = re.compile(_LINE.format(name=name), re.MULTILINE)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            cell.source, count = pattern.subn(lambda m: line + (m["comment"] or ""), cell.source)
            if count == 0 and needed_in:
                raise SpecError(f'{needed_in}: the cell tagged "parameters" has no line "{name} = ..."')
            return


def _client(notebook: NotebookNode, on_start: Callable[..., None]) -> Any:
    """Return an executor on a kernel of this very interpreter; ``on_start`` is called before each cell."""
    import zmq
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        on_cell_execute=on_start,
    )
    # Without folders to search, "python3" can only be the kernel of sys.executable: a kernel of the same
    # name that the user installed years ago from another environment is not seen.
    specs = KernelSpecManager()
    specs.kernel_dirs = []
    client.km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    if client.km.has_trait("transport_encryption") and zmq.has("curve"):
        client.km.transport_encryption = "auto"  # newer kernels warn on every start without it
    return client


def _execute(client: Any, **options: Any) -> None:
    """Run a client in a thread and an event loop of its own, which are gone afterwards.

    The caller may be in a loop already, as everything in Jupyter is.
    """

    def run() -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.async_execute(**options))

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(run).result()


def _environment() -> dict[str, str]:
    """Return the environment for kernels: ours, but figures always go into the notebook."""
    return {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks named on the command line and store their outputs; return the exit status."""
    parser = argparse.ArgumentParser(description="Run notebooks and store their outputs in place.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    paths: list[Path] = parser.parse_args(arguments).notebooks
    try:
        for path, notebook in run_notebooks(paths, on_done=progress(len(paths))).items():
            save_notebook(notebook, path)
    except PapiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def progress(total: int) -> Callable[[Path], None]:
    """Return an ``on_done`` that counts on standard error where that is a terminal, and else is silent."""
    done: list[Path] = []

    def on_done(path: Path) -> None:
        done.append(path)
        if sys.stderr.isatty():
            sys.stderr.write(f"{len(done)}/{total} {path.name}\n")

    return on_done


if __name__ == "__main__":
    sys.exit(main())
