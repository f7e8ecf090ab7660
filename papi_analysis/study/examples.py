"""Example folders to start from: a small study in each language, whose tables are templates to fill in.

They lie beside this file as a user gets them: workbooks with notes on each column, the same tables as csv files, and
``study.toml``. The programme's targets are those of Can Tho, everything else is made up.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from papi_analysis.errors import Note, SpecError
from papi_analysis.study.cells import cell_text
from papi_analysis.study.dates import period
from papi_analysis.study.schema import NUMBER
from papi_analysis.study.settings import LANGUAGES
from papi_analysis.study.tables import read_text

EXAMPLES = Path(__file__).parent / "examples"

#: Whose programme the example stands for; its targets are real.
EXAMPLE_UNIT = "VN-CT"

#: The columns that tell the example's rows from others, and where they stand in its csv files.
_PLACES = {
    "tasks": {"task": 0, "dimension": 2, "weight": 3, "start": 5, "due": 6},
    "progress": {"task": 0, "as_of": 1, "reported_on": 2, "completion": 3},
    "targets": {"dimension": 0, "year": 1, "target": 2},
}
_DAYS = ("start", "due", "as_of", "reported_on")


def copy_example(folder: Path, language: str = "en") -> list[Path]:
    """Make a study folder to fill in: ``study.toml`` and its tables, as workbooks and once more as csv files.

    The tables hold a small example, so that the folder passes every check as it is.

    Parameters
    ----------
    folder
        Made where it does not exist.
    language
        ``"en"`` or ``"vi"``: the language of headers, notes and remarks.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SpecError
        The folder holds one of the files already, or the language is not known. Nothing is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [file.name for file in copy_example(Path(folder))][:3]
    ['study.toml', 'tasks.xlsx', 'tasks.csv']
    """
    if language not in LANGUAGES:
        raise SpecError(Note("there are templates in 'en' and 'vi', not in {language!r}.", {"language": language}))
    if folder.exists() and not folder.is_dir():
        raise SpecError(Note("{folder!r} is a file. Name a folder.", {"folder": str(folder)}))
    names = ["study.toml", *(name for table in _PLACES for name in (f"{table}.xlsx", f"csv/{table}.csv"))]
    if taken := [name for name in names if (folder / name).exists()]:
        raise SpecError(
            Note(
                "the folder {folder!r} holds {taken} already. Choose another folder.",
                {"folder": str(folder), "taken": ", ".join(taken)},
            )
        )
    written = [folder / name for name in names]
    try:
        (folder / "csv").mkdir(parents=True, exist_ok=True)
        for name, path in zip(names, written, strict=True):
            shutil.copyfile(EXAMPLES / language / name, path)
    except OSError:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return written


@lru_cache(maxsize=8)
def example_rows(table: str) -> tuple[tuple[str, ...], frozenset[tuple[str, ...]]]:
    """Give the columns that tell the example's rows from others, and what they hold there, as text; none for others.

    Examples
    --------
    >>> columns, rows = example_rows("progress")
    >>> columns, ("EX-01", "2018-06-30", "2018-07-10", "0.15") in rows
    (('task', 'as_of', 'reported_on', 'completion'), True)
    """
    places = _PLACES.get(table, {})
    rows = (row for language in (LANGUAGES if places else ()) for row in _rows(language, table))
    return tuple(places), frozenset(tuple(_as_read(name, row[place]) for name, place in places.items()) for row in rows)


def _rows(language: str, table: str) -> Iterator[list[str]]:
    lines = csv.reader(read_text(EXAMPLES / language / "csv" / f"{table}.csv").splitlines())
    next(lines)
    yield from lines


def _as_read(name: str, text: str) -> str:
    found = period(text) if name in _DAYS else None
    return found[1].isoformat() if found else shortest(text)


def shortest(text: str) -> str:
    """Write a number without the zeros that may stand behind it; any other text stays.

    Examples
    --------
    >>> shortest("0.50"), shortest("2.0"), shortest("EX-01")
    ('0.5', '2', 'EX-01')
    """
    return cell_text(float(text)) if NUMBER.fullmatch(text.strip()) else text.strip()
