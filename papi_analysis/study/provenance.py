"""Where the numbers of a study come from: its files, their sizes and checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from papi_analysis.errors import Note, SpecError
from papi_analysis.study.codebook import data_folder, load_units
from papi_analysis.study.settings import TABLES, read_settings
from papi_analysis.study.study import Study, find_folder


def study_files(study: Study) -> pd.DataFrame:
    """List the files behind a study that was loaded from a folder.

    Returns
    -------
    DataFrame
        ``table``, ``file`` (its name alone), ``rows`` read from it, ``own`` (whether the study brought it or it is
        PAPI's), ``simulated``, ``sha256`` (of the file; of several that make one table, of all their bytes in order).

    Raises
    ------
    SpecError
        The study was made in memory, or its files have gone.

    Examples
    --------
    >>> from papi_analysis import load_study
    >>> study_files(load_study("can_tho_2018_2020"))["table"].tolist()
    ['scores', 'units', 'dimensions', 'breaks', 'tasks', 'progress', 'targets']
    """
    if not study.source:
        raise SpecError(Note("The study was made in memory: there are no files to list."))
    _, places = read_settings(find_folder(study.source))
    rows = []
    for table in TABLES:
        frame = getattr(study, table)
        own = table in places
        paths = [*dict.fromkeys(place.path for place in places.get(table, ()))]
        if frame is not None and (own or len(frame)):  # breaks of PAPI say nothing of other scores
            paths = paths or [data_folder() / "papi" / f"{table}.csv"]
            rows.append(
                {
                    "table": table,
                    "file": " + ".join(path.name for path in paths),
                    "rows": _rows(study, table, frame, own),
                    "own": own,
                    "simulated": table in study.simulated_tables,
                    "sha256": _checksum(paths),
                }
            )
    return pd.DataFrame(rows)


def _rows(study: Study, table: str, frame: pd.DataFrame, own: bool) -> int:
    """How many rows came from the file itself: later scores, and the new provinces, have files of their own."""
    if table == "scores" and study.later_scores is not None:
        return len(frame) - len(study.later_scores)
    return len(load_units()) if table == "units" and not own else len(frame)


def _checksum(paths: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        try:
            found.update(path.read_bytes())
        except OSError as error:
            values = {"name": path.name, "strerror": error.strerror}
            raise SpecError(Note("the file {name} cannot be read any more: {strerror}.", values)) from None
    return found.hexdigest()
