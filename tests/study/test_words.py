"""The file of words is whole: every list is used, no word is in doubt by itself, and the examples are in its words."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from openpyxl import load_workbook

import papi_analysis as pa
from papi_analysis.study import headers, schema, words
from papi_analysis.study.examples import EXAMPLES
from papi_analysis.study.headers import fits
from papi_analysis.study.schema import Schema
from papi_analysis.study.words import known, plain

STUDY = Path(pa.__file__).parent / "study"
FILE = tomllib.loads((STUDY / "words.toml").read_text("utf-8"))
TABLES = [value for value in vars(schema).values() if isinstance(value, Schema)]


def test_every_header_stands_over_a_column_of_some_table():
    columns = {column.name for table in TABLES for column in table.columns}
    assert set(FILE["headers"]) <= columns
    for name, listed in FILE["headers"].items():
        tables = [table for table in TABLES if name in {column.name for column in table.columns}]
        assert all(name in fits(word, table) for word in listed for table in tables)


def test_no_list_names_a_word_twice():
    for kind, lists in FILE.items():
        for name, listed in lists.items():
            if isinstance(listed, list) and kind not in ("notes", "agencies"):
                folded = [plain(word) for word in listed]
                assert len(set(folded)) == len(folded), name
                assert all(folded), name


def test_no_words_say_two_states():
    for one, other in combinations(FILE["states"], 2):
        assert not known("states", one) & known("states", other)


def test_every_list_is_read():
    code = "".join(path.read_text("utf-8") for path in STUDY.glob("*.py"))
    for kind, lists in FILE.items():
        assert f'("{kind}"' in code
        assert kind == "headers" or all(re.search(rf'"{name}"', code) for name in lists), kind


@pytest.fixture
def one_more_word(monkeypatch):
    """The file of words with "Việc" added for a task."""
    more = {**FILE, "headers": {**FILE["headers"], "task": [*FILE["headers"]["task"], "Việc"]}}
    read = (words.words, headers._folded)
    for function in read:
        function.cache_clear()
    monkeypatch.setattr(words, "_read", lambda: more)
    yield
    monkeypatch.undo()
    for function in read:
        function.cache_clear()


def test_an_unknown_word_is_refused(folder):
    folder.swap("tasks.csv", "task,dimension", "Việc,dimension")
    with pytest.raises(pa.DataError, match="a required column is missing"):
        folder.load()


def test_a_word_that_is_added_is_understood(folder, one_more_word):
    tasks = folder.load().tasks
    folder.swap("tasks.csv", "task,dimension", "Việc,dimension")
    assert folder.load().tasks["task"].tolist() == tasks["task"].tolist()


@pytest.mark.parametrize("book", sorted(EXAMPLES.rglob("*.xlsx")), ids=lambda path: f"{path.parent.name} {path.stem}")
def test_the_notes_of_the_examples_are_known(book: Path):
    notes = load_workbook(book).worksheets[1]
    assert notes.title in FILE["notes"]["sheet"]
    assert [cell.value for cell in notes[1]] in FILE["notes"]["header"]
