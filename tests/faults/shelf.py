"""Studies on disk with one table in the place of another, loaded under a time limit and watched for what changes."""

from __future__ import annotations

import hashlib
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from books import as_csv, numbers, settings, tables
from mutations import Mutation
from second_reader import Numbers, plain_numbers

import papi_analysis as pa
from papi_analysis.study import codebook, files, study

#: Far beyond what a file of this size needs: whatever takes as long hangs.
SECONDS = 20


class Shelf:
    """A study whose tables lie in one folder, and the numbers that they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tables = folder, tables()
        for name, rows in self.tables.items():
            (folder / f"{name}.csv").write_bytes(as_csv(rows))
        found = plain_numbers(self.tables)
        assert found is not None
        self.numbers: Numbers = found

    def load(self, mutation: Mutation) -> pa.Study:
        """Load the study with the mutated table."""
        names = {name: f"{name}.csv" for name in self.tables}
        names[mutation.table] = f"mutated_{mutation.table}.{mutation.suffix}"
        (self.folder / names[mutation.table]).write_bytes(mutation.content)
        (self.folder / "study.toml").write_text(settings(names), encoding="utf-8")
        before = _digests(self.folder)
        try:
            with _time_limit(), warnings.catch_warnings():
                warnings.simplefilter("ignore", pa.DataWarning)
                return pa.load_study(self.folder)
        finally:
            assert _digests(self.folder) == before, "loading changed a file"
            (self.folder / names[mutation.table]).unlink()

    def outcome(self, mutation: Mutation) -> str:
        """Load the study with the mutated table: ``error``, ``same``, or ``says`` what the file now says.

        ``told`` is ``says`` with a guess. Anything else is a fault, in words.
        """
        try:
            loaded = self.load(mutation)
        except pa.PapiError as error:
            return "error" if str(error).strip() else "an error without words"
        except AssertionError:
            raise
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        found = numbers(loaded)
        if found == self.numbers:
            return "same"
        if found == mutation.says:
            return "told" if loaded.guesses else "says"
        return "another result, in silence" if not loaded.guesses else "another result"


def allowed(verdict: str) -> set[str]:
    """The outcomes that a verdict allows."""
    ways = {"same": {"same"}, "error": {"error"}, "either": {"same", "error"}, "told": {"error", "told"}}
    return ways.get(verdict, {"error", "told", "says"})


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"not done within {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def remember_untouched(patch: pytest.MonkeyPatch) -> None:
    """Read and check what no mutation touches once: the same code and the same answers, in a third of the time."""
    for name in ("load_units", "load_dimensions", "load_breaks"):
        patch.setattr(codebook, name, cache(getattr(codebook, name)))
    read = files.read_office_table
    known: dict[Any, Any] = {}
    ours: set[int] = set()  # frames of untouched tables; ``known`` keeps them alive, so that no other has their id

    def once(key: Any, make: Callable[[], Any]) -> Any:
        if key not in known:
            known[key] = make()
            ours.add(id(getattr(known[key], "frame", known[key])))
        return known[key]

    def read_once(source: Any, schema: Any) -> Any:
        if source.path.name.startswith("mutated_"):
            return read(source, schema)
        names = tuple((name, frozenset(spellings.items())) for name, spellings in source.spellings.items())
        return once((source.path, names), lambda: read(source, schema))

    def check_once(check: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*given: Any, **named: Any) -> Any:
            frames = [value for value in (*given, *named.values()) if isinstance(value, pd.DataFrame)]
            if not {*map(id, frames)} <= ours:
                return check(*given, **named)
            return once((check.__name__, *map(id, frames)), lambda: check(*given, **named))

        return checked

    patch.setattr(files, "read_office_table", read_once)
    patch.setattr(files, "check_frame", check_once(files.check_frame))
    for name in ("check_scores", "check_tasks", "check_progress", "check_targets"):
        patch.setattr(study, name, check_once(getattr(study, name)))
