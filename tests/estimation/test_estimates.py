"""An answer: frozen, found by row, shown whole, safe in a page, and marked where inputs were made up."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import papi_analysis as pa
from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears
from papi_analysis.reporting.impact_figures import draw_weights

HOSTILE = "<script>alert('x')</script>&amp;"


@pytest.fixture
def answer():
    table = pd.DataFrame(
        {
            "dimension": ["D1", HOSTILE, "long " * 30 + "name", "mean"],
            "estimate": [0.5, -0.25, np.nan, -0.00001],
            "reached": [True, None, False, None],
        }
    )
    notes = (Note("{n} of {all} were left out.", {"n": 3, "all": 10}), Note(HOSTILE))
    return Estimates("completion_slopes", table, notes, simulated_tables=("tasks", HOSTILE))


@pytest.fixture(scope="module")
def targets(study):
    return pa.target_attainment(study)


def test_a_row_is_found_by_its_dimension(answer):
    assert answer.row("D1")["estimate"] == 0.5
    assert answer.row("mean").name == "mean"
    with pytest.raises(pa.SpecError, match="no row 'D9'"):
        answer.row("D9")


def test_an_answer_cannot_be_changed(answer):
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.level = 0.9
    assert dataclasses.replace(answer, level=0.9).level == 0.9
    assert answer.level == 0.95


def test_answers_share_nothing():
    one, other = (Estimates("x", pd.DataFrame()) for _ in range(2))
    for name in ("tests", "cells"):
        assert getattr(one, name) is not getattr(other, name)
    assert one.tests.empty
    assert {"test", "p"} <= set(one.tests.columns)


def test_simulated_is_so_when_any_input_was(answer):
    assert answer.simulated is True
    assert dataclasses.replace(answer, simulated_tables=()).simulated is False


def test_the_page_shows_all_of_it_and_runs_nothing(answer):
    with pd.option_context("display.max_colwidth", 10, "display.max_rows", 2):
        page = answer._repr_html_()
    soup = BeautifulSoup(page, "html.parser")
    assert soup.script is None
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in soup.tbody.find_all("tr")]
    assert [row[0] for row in rows] == answer.table["dimension"].tolist()
    assert [row[1] for row in rows] == ["0.5000", "-0.2500", "", "0.0000"], "no minus zero, no nan"
    assert [item.get_text() for item in soup.find_all("li")] == ["3 of 10 were left out.", HOSTILE]


def test_a_printed_answer_fits_on_a_screen_and_says_what_it_leaves_out(answer, panel):
    gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    for shown in (answer, gaps, pa.event_time(gaps), pa.completion_slopes(panel, draws=9)):
        lines = repr(shown).split("\n")
        assert str(shown) == repr(shown)
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 100
        assert lines[0].startswith(shown.question)
        assert ("SIMULATED" in lines[0]) == shown.simulated
        assert lines[-1] == f"{len(shown.notes)} note(s) in .notes"
        assert all(name in repr(shown) for name in shown.table.columns)
    assert gaps.table["estimate"].map("{:z.4f}".format).isin(repr(gaps).split()).all()


@pytest.mark.parametrize(("rows", "columns", "name"), [(400, 3, "D"), (3, 400, "a name"), (50, 50, "long " * 9)])
def test_a_printed_answer_of_any_size_fits_on_a_screen(rows, columns, name):
    table = pd.DataFrame(np.full((rows, columns), 1234.5), columns=[f"{name} {place}" for place in range(columns)])
    table.insert(0, "dimension", [f"{name} {place}" for place in range(rows)])
    answer = Estimates("completion_slopes", table, simulated_tables=("a long name of a table",) * 9)
    lines = repr(answer).split("\n")
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("completion_slopes SIMULATED: a long name")
    assert "1234.5000" in repr(answer)
    assert ("more columns in .table: " in repr(answer)) == (columns > 3)


def test_what_is_taken_out_of_an_answer_can_be_changed_and_the_answer_is_not(panel):
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    before = pa.sentence(answer), answer.interval(0.9), repr(answer)
    table, tests, cells, weights = answer.table, answer.tests, answer.cells, answer.design.weights
    table["estimate"] *= 1000
    tests["p"], cells["gap"], weights["weight"] = 0.0, 0.0, 0.0
    table.drop(columns="low", inplace=True)
    answer.names["D1"] = ("x", "x")
    answer.draws[:] = 0.0
    row = answer.row("D1")
    row["estimate"] = 7.0
    assert (pa.sentence(answer), repr(answer)) == (before[0], before[2])
    pd.testing.assert_frame_equal(answer.interval(0.9), before[1])
    assert answer == pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    assert answer.design.weights["weight"].gt(0).any()
    assert answer.names["D1"] != ("x", "x")


def test_an_answer_does_not_follow_the_table_that_it_was_made_of(answer):
    table = answer.table
    made = dataclasses.replace(answer, table=table)
    table.loc[0, "estimate"] = 99.0
    assert made == answer


@pytest.mark.parametrize(
    "other",
    [
        {"question": "programme_impact"},
        {"table": pd.DataFrame({"dimension": ["D1"], "estimate": [0.5]})},
        {"notes": (Note("Another."),)},
        {"tests": pd.DataFrame({"test": ["mean"], "p": [0.5]})},
        {"cells": pd.DataFrame({"x": [1]})},
        {"level": 0.9},
        {"design": UnitYears("A", 2018, 2020)},
        {"engines": (np.ones(3),)},
        {"simulated_tables": ()},
        {"names": {"D1": ("one", "một")}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_answers_are_equal_where_they_say_the_same(answer, other):
    assert answer == copy.deepcopy(answer) == pickle.loads(pickle.dumps(answer))
    changed = dataclasses.replace(answer, **other)
    assert changed != answer
    assert changed == dataclasses.replace(answer, **other)
    assert answer != answer.question


def test_two_runs_of_a_question_are_equal_where_their_draws_are(panel):
    panel = panel.cut(2014, 2020)
    one, same, other = (pa.completion_slopes(panel, draws=9, rng=rng) for rng in (0, 0, 1))
    assert one == same
    assert one != other
    assert len({one, same}) == 1


def test_a_design_is_that_of_its_question(targets):
    assert targets.designed(UnitYears) == UnitYears("VN-CT", 2016, 2020)
    with pytest.raises(dataclasses.FrozenInstanceError):
        targets.design.last = 2021
    with pytest.raises(pa.SpecError, match="target_attainment has no ImpactDesign"):
        targets.designed(ImpactDesign)
    with pytest.raises(pa.SpecError, match="target_attainment has no ImpactDesign"):
        draw_weights(targets)


def test_the_page_says_first_what_is_simulated(answer):
    soup = BeautifulSoup(answer._repr_html_(), "html.parser")
    assert soup.find(True).get_text() == f"SIMULATED: tasks, {HOSTILE}"
    assert "SIMULATED" not in dataclasses.replace(answer, simulated_tables=())._repr_html_()


def test_the_page_of_a_real_answer_holds_its_numbers(targets):
    answer = targets
    soup = BeautifulSoup(answer._repr_html_(), "html.parser")
    columns = [cell.get_text() for cell in soup.thead.find_all("th")]
    assert columns == answer.table.columns.tolist()
    shown = pd.DataFrame(
        [[cell.get_text() for cell in row.find_all("td")] for row in soup.tbody.find_all("tr")], columns=columns
    )
    for name in ("base", "target", "outcome", "gain", "national"):
        np.testing.assert_allclose(shown[name].astype(float), answer.table[name], atol=5.01e-5)
    assert len(soup.find_all("li")) == len(answer.notes)


def test_a_note_fills_in_its_values():
    assert str(Note("{n} of {all}.", {"n": 1, "all": "2 {x}"})) == "1 of 2 {x}."
    assert str(Note("Nothing to fill in, not even {n}.")) == "Nothing to fill in, not even {n}."
    with pytest.raises(KeyError):
        Note("{n} of {all} are given.", {"n": 1})


def test_a_note_keeps_its_words_and_values_when_it_is_copied_or_sent_elsewhere():
    note = Note("{n}: {why}", {"n": 1, "why": Note("it {is} so", {"is": "was"})})
    for same in (copy.deepcopy(note), pickle.loads(pickle.dumps(note))):
        assert same == note == "1: it was so"
        assert (same.text, same.values, same.values["why"].text) == (note.text, note.values, "it {is} so")


def test_what_was_not_resampled_has_no_draws_and_no_intervals(targets):
    with pytest.raises(pa.SpecError, match="target_attainment"):
        _ = targets.draws
    with pytest.raises(pa.SpecError, match="target_attainment"):
        targets.interval(0.9)


def test_tiny_and_huge_numbers_are_printed_with_digits_that_count() -> None:
    table = pd.DataFrame(
        {"dimension": ["a", "b"], "estimate": [1.234e-5, 0.0], "high": [1.5e12, 0.5], "p": [0.5, -1e-6]}
    )
    printed = repr(Estimates("programme_impact", table))
    for number in ("1.234e-05", "1.5e+12", " 0.5000", " 0.0000"):
        assert number in printed
