"""The report on a programme, written as one page that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Note, SpecError
from papi_analysis.reporting.files import is_ours, write_whole

if TYPE_CHECKING:
    from papi_analysis.reporting.page import Another
    from papi_analysis.reporting.programme_report import ProgrammeReport
    from papi_analysis.reporting.section import Section
    from papi_analysis.study.study import Study

#: The page of the report, the same as a document, and its tables.
INDEX, DOCUMENT, WORKBOOK = "index.html", "report.docx", "tables.xlsx"

IN_THE_WAY = Note(
    "{file} is in the folder {folder!r} already and was not written by papi_analysis. Choose another folder, or "
    "overwrite it: force=True, on the command line --force."
)

NO_FOLDER = Note("The report needs a folder, and {name!r} is a file. Give the name of a folder.")


@check_kinds
def render_report(
    study: str | os.PathLike[str] | Study = "can_tho_2018_2020",
    output: str | os.PathLike[str] = "reports",
    *,
    language: str = "en",
    force: bool = False,
    docx: bool = False,
    tables: bool = False,
    on_section: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report on a study, ``index.html``, and return its path.

    The page opens without network; whatever is written is written whole or not at all. It shows the sections of
    `ProgrammeReport`; a question that the data cannot answer is answered by the reason why.

    Parameters
    ----------
    study
        A bundled name, a study folder, or a `Study`.
    output
        Folder for the page; made if it is missing.
    language
        ``"en"`` or ``"vi"``.
    force
        Overwrite files of these names that this package did not write.
    docx
        Write the report as a Word document too, ``report.docx``, that an office can edit.
    tables
        Write its tables as one workbook too, ``tables.xlsx``, a sheet each.
    on_section
        Called before each section with the number of those that are done and of all.

    Returns
    -------
    Path
        Of the page.

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

    names = (INDEX, *[DOCUMENT] * docx, *[WORKBOOK] * tables)
    folder = _check_output(output, force, names)
    report = ProgrammeReport(study, language)
    sections = _rendered(_sections(report, on_section)) if docx or tables else None
    made = {INDEX: report_page(report, on_section=on_section, sections=sections).encode()}
    if docx:
        made[DOCUMENT] = _document(report, sections or [])
    if tables:
        made[WORKBOOK] = _workbook(report, sections or [])
    for name, data in made.items():  # all are made before the first is written
        write_whole(folder / name, data)
    return folder / INDEX


def report_page(
    report: ProgrammeReport,
    *,
    others: Sequence[Another] = (),
    lead: str = "",
    on_section: Callable[[int, int], None] | None = None,
    sections: Iterable[Section] | None = None,
) -> str:
    """Return the page of a report; ``on_section`` is that of `render_report`.

    ``others`` are pages beside it, listed at its end below ``lead``; ``sections`` are its own where they are made.
    """
    from papi_analysis.reporting.page import page_of

    sections = _sections(report, on_section) if sections is None else sections
    language = report.tongue.code
    return page_of(sections, title=report.title, language=language, banner=report.warning, others=others, lead=lead)


def _sections(report: ProgrammeReport, on_section: Callable[[int, int], None] | None) -> Iterator[Section]:
    from papi_analysis.reporting.programme_report import SECTIONS

    for done, name in enumerate(SECTIONS):
        if on_section is not None:
            on_section(done, len(SECTIONS))
        yield getattr(report, name)()


def _rendered(sections: Iterable[Section]) -> list[Section]:
    """The sections with their figures rendered, so that page and document show the same."""
    from papi_analysis.reporting.canvas import house_style, picture_of
    from papi_analysis.reporting.section import Words
    from papi_analysis.reporting.tables import Table

    def done(part: Any) -> Any:
        return part if isinstance(part, Words | Table) else picture_of(part)

    with house_style():
        return [replace(section, parts=tuple(map(done, section))) for section in sections]


def _document(report: ProgrammeReport, sections: Iterable[Section]) -> bytes:
    """The report as a Word document."""
    from papi_analysis.reporting.documents import document_of

    source = report.tongue.text("Source: report on {title}, made with papi_analysis.", title=report.title)
    parts = [part for section in sections for part in section]
    return document_of(parts, title=report.title, language=report.tongue.code, banner=report.warning, source=source)


def _workbook(report: ProgrammeReport, sections: Iterable[Section]) -> bytes:
    """The tables of the report, each on a sheet that its number and the heading above it name."""
    from papi_analysis.reporting.office_files import workbook_of
    from papi_analysis.reporting.section import Words
    from papi_analysis.reporting.tables import Table

    tables: list[tuple[str, Table]] = []
    heading = report.title
    for part in (part for section in sections for part in section):
        if isinstance(part, Words):
            heading = part.heading or heading
        elif isinstance(part, Table):
            named = part.copy()
            named.caption, named.language = ". ".join(filter(None, (heading, part.caption))), part.language
            tables.append((f"{len(tables) + 1} {heading}", named))
    return workbook_of(tables, report.title)


def _check_output(output: str | os.PathLike[str], force: bool, names: Sequence[str] = (INDEX,)) -> Path:
    """Refuse a folder in which a file of the report would take the place of another's."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise SpecError(Note(NO_FOLDER.text, {"name": folder.name}))
    for name in names:
        if (folder / name).exists() and not force and not is_ours(folder / name):
            raise SpecError(Note(IN_THE_WAY.text, {"file": name, "folder": folder.absolute().name}))
    return folder
