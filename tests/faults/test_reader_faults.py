"""Faults of files that look whole: each is refused, or read with a guess that tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from books import as_csv
from mutations import Mutation
from second_reader import Rows
from shelf import Shelf

import papi_analysis as pa


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def read(
    shelf: Shelf, table: str, change: Callable[[Rows], object], content: Callable[[bytes], bytes] = bytes
) -> pa.Study:
    rows = [list(row) for row in shelf.tables[table]]
    change(rows)
    return shelf.load(Mutation(table, content(as_csv(rows)), "either", ""))


def guesses(study: pa.Study) -> set[tuple[str, int | None, str]]:
    return {(str(guess.what), guess.row, guess.value) for guess in study.guesses}


@pytest.mark.parametrize("year", ["18", "20180", "2561", "3018"])
def test_a_year_of_another_age_is_refused(shelf: Shelf, year: str) -> None:
    with pytest.raises(pa.DataError) as caught:
        read(shelf, "scores", lambda rows: rows[7].__setitem__(1, year))
    (problem,) = [problem for problem in caught.value.problems if problem.column == "year"]
    assert (problem.row, problem.value) == (8, year)


def test_years_that_only_count_are_no_slip(shelf: Shelf) -> None:
    from papi_analysis.study.scores import check_scores

    study = read(shelf, "scores", len)
    counted = study.scores.assign(year=study.scores["year"] - 2015)
    assert check_scores(counted, study.units, study.dimensions)["year"].max() == 4


@pytest.mark.parametrize(
    ("table", "column", "header"),
    [("tasks", 2, "wight"), ("tasks", 2, "wieght"), ("tasks", 3, "shares"), ("progress", 4, "Revisions")],
)
def test_a_slip_in_a_header_is_not_a_column_that_is_absent(shelf: Shelf, table: str, column: int, header: str) -> None:
    with pytest.raises(pa.DataError) as caught:
        read(shelf, table, lambda rows: rows[0].__setitem__(column, header))
    assert [(p.row, p.column) for p in caught.value.problems] == [(1, header)]


def test_another_word_for_a_header_is_another_column(shelf: Shelf) -> None:
    study = read(shelf, "tasks", lambda rows: rows[0].__setitem__(2, "note"))
    assert set(study.tasks["weight"]) == {1.0}


def test_a_file_without_its_last_line_break_may_be_cut(shelf: Shelf) -> None:
    study = read(shelf, "targets", len, lambda content: content[:-2])
    assert (
        "the last line has no line break, as in a file that was cut off",
        7,
        shelf.tables["targets"][-1][2][:-1],
    ) in guesses(study)


@pytest.mark.parametrize("left", [3, 40])
def test_reports_that_end_before_the_register_are_told(shelf: Shelf, left: int) -> None:
    study = read(shelf, "progress", lambda rows: rows.__delitem__(slice(left, None)))
    task = shelf.tables["progress"][left - 1][0]
    assert guesses(study) == {("no task after this one in the register has a report", left, task)}


def test_targets_that_end_before_the_dimensions_are_told(shelf: Shelf) -> None:
    study = read(shelf, "targets", lambda rows: rows.__delitem__(slice(3, None)))
    assert guesses(study) == {("no dimension after this one has a target", 3, "D2")}


def test_lists_in_another_order_are_not_cut(shelf: Shelf) -> None:
    study = read(shelf, "progress", lambda rows: rows.__setitem__(slice(1, None), rows[:0:-1]))
    assert guesses(study) == set()


def test_a_note_before_a_whole_key_is_no_total(shelf: Shelf) -> None:
    def note(rows: Rows) -> None:
        for row in rows:
            row.insert(0, "Ghi chú" if row is rows[0] else "Total")

    assert len(read(shelf, "scores", note).scores) == len(shelf.tables["scores"]) - 1
