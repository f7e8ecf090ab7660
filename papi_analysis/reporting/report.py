"""The report on a programme, written as one page that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.files import is_ours, write_whole

if TYPE_CHECKING:
    from papi_analysis.reporting.page import Another
    from papi_analysis.reporting.programme_report import ProgrammeReport
    from papi_analysis.reporting.section import Section
    from papi_analysis.study.study import Study

#: The page of the report.
INDEX = "index.html"

IN_THE_WAY = Note(
    "{file} is in the folder {folder!r} already and was not written by papi_analysis. Choose another folder, or "
    "overwrite it: force=True, on the command line --force."
)

NO_FOLDER = Note("The report needs a folder, and {name!r} is a file. Give the name of a folder.")

#: Arguments of earlier versions, and where they went.
GONE = {
    "notebooks": "Pages of notebooks are written by: python -m papi_analysis.reporting.notebooks FOLDER OUTPUT",
    **dict.fromkeys(("fresh", "workers", "on_done", "on_cell"), "A report runs no notebook any more: leave it out"),
}


def render_report(
    study: str | os.PathLike[str] | Study = "can_tho_2018_2020",
    output: str | os.PathLike[str] = "reports",
    *,
    language: str = "en",
    force: bool = False,
    on_section: Callable[[int, int], None] | None = None,
    **gone: Any,
) -> Path:
    """Write the report on a study, ``index.html``, and return its path.

    The page opens without network and is written whole or not at all. It shows the sections of `ProgrammeReport`; a
    question that the data cannot answer is answered by the reason why.

    Parameters
    ----------
    study
        A bundled name, a study folder, or a `Study`.
    output
        Folder for the page; made if it is missing.
    language
        ``"en"`` or ``"vi"``.
    force
        Overwrite an ``index.html`` that this package did not write.
    on_section
        Called before each section with the number of those that are done and of all.

    Raises
    ------
    DataError
        The study does not pass its checks.
    SpecError
        There is no such language, a file of another origin is in the way, or ``output`` is a file.

    Examples
    --------
    >>> render_report("can_tho_2018_2020", "reports")  # doctest: +SKIP
    PosixPath('reports/index.html')
    """
    from papi_analysis.reporting.programme_report import ProgrammeReport

    for name in gone:
        if name not in GONE:
            raise TypeError(f"render_report() has no argument {name!r}")
        raise SpecError(f"render_report has no argument {name!r} any more. {GONE[name]}.")
    page = _check_output(output, force) / INDEX
    report = ProgrammeReport(study, language)
    return write_whole(page, report_page(report, on_section=on_section).encode())


def report_page(
    report: ProgrammeReport,
    *,
    others: Sequence[Another] = (),
    lead: str = "",
    on_section: Callable[[int, int], None] | None = None,
) -> str:
    """Return the page of a report; ``on_section`` is that of `render_report`.

    ``others`` are pages beside it, listed at its end below ``lead``.
    """
    from papi_analysis.reporting.page import page_of
    from papi_analysis.reporting.programme_report import SECTIONS

    def sections() -> Iterator[Section]:
        for done, name in enumerate(SECTIONS):
            if on_section is not None:
                on_section(done, len(SECTIONS))
            yield getattr(report, name)()

    language = report.tongue.code
    return page_of(sections(), title=report.title, language=language, banner=report.warning, others=others, lead=lead)


def _check_output(output: str | os.PathLike[str], force: bool) -> Path:
    """Refuse a folder in which the page would take the place of another file."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise SpecError(Note(NO_FOLDER.text, {"name": folder.name}))
    page = folder / INDEX
    if page.exists() and not force and not is_ours(page):
        raise SpecError(Note(IN_THE_WAY.text, {"file": INDEX, "folder": folder.absolute().name}))
    return folder
