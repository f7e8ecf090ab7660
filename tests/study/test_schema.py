"""What a single table must look like, whatever it holds."""

from __future__ import annotations

import datetime as dt
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papi_analysis.errors import DataError, Problem
from papi_analysis.study.checks import check_frame
from papi_analysis.study.findings import Findings, nearest
from papi_analysis.study.schema import PROGRESS, SCORES, TARGETS, TASKS, name_text

GOOD = {"unit": "A", "task": "T", "as_of": "2018-03-31", "reported_on": "2018-04-10", "completion": "0.5"}


def reports(**changes: object) -> pd.DataFrame:
    """Three reports of three tasks; the second is changed."""
    rows = [GOOD | {"task": "T1"}, GOOD | {"task": "T2"} | changes, GOOD | {"task": "T3"}]
    return pd.DataFrame(rows, dtype=object)


def problems(frame: pd.DataFrame, schema=PROGRESS) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        check_frame(frame, schema, "file.csv")
    return caught.value.problems


def test_the_right_table_passes_and_gets_its_kinds() -> None:
    clean = check_frame(reports(), PROGRESS)
    assert list(clean.columns) == ["unit", "task", "as_of", "reported_on", "completion", "revision"]
    assert clean["as_of"].tolist() == [pd.Timestamp(2018, 3, 31)] * 3
    assert clean["completion"].tolist() == [0.5] * 3
    assert clean["revision"].tolist() == [0] * 3  # the column was absent: its default
    assert clean["revision"].dtype == "int64"


@pytest.mark.parametrize(
    ("column", "value", "what", "remedy"),
    [
        ("completion", "0,5", "not a number", "divide percentages"),
        ("completion", "75%", "not a number", "divide percentages"),
        ("completion", "inf", "not a number", "divide percentages"),
        ("completion", "-inf", "not a number", "divide percentages"),
        ("completion", "nan", "not a number", "divide percentages"),
        ("completion", "1e400", "not a number", "divide percentages"),
        ("completion", "half", "not a number", "divide percentages"),
        ("completion", "0x1", "not a number", "divide percentages"),
        ("completion", "75", "outside 0 to 1", "divide percentages by 100"),
        ("completion", "1.0001", "outside 0 to 1", "divide percentages by 100"),
        ("completion", "-0.01", "outside 0 to 1", "divide percentages by 100"),
        ("completion", "", "empty", "from 0 to 1"),
        ("as_of", "31/12/2018", "not a date", "year-month-day"),
        ("as_of", "2018-02-30", "not a date", "year-month-day"),
        ("as_of", "2018-13-01", "not a date", "year-month-day"),
        ("as_of", "43465", "not a date", "year-month-day"),
        ("as_of", "0218-03-31", "outside 1900 to 2100", "Correct the year"),
        ("as_of", "3020-03-31", "outside 1900 to 2100", "Correct the year"),
        ("as_of", "3020-02-30x", "not a date", "year-month-day"),
        ("as_of", "2018-03-31 10:00", "not a date", "year-month-day"),
        ("as_of", "  ", "empty", "year-month-day"),
        ("revision", "0.5", "not a whole number", "0, 1, 2"),
        ("revision", "-1", "outside 0", "0, 1, 2"),
        ("revision", "1e300", "outside 0", "0, 1, 2"),
        ("revision", "first", "not a number", "0, 1, 2"),
        ("task", "", "empty", "Fill in"),
        ("task", " ", "empty", "Fill in"),
        ("unit", None, "empty", "Fill in"),
    ],
)
def test_a_bad_cell_is_named_with_its_row_value_and_remedy(column: str, value: str, what: str, remedy: str) -> None:
    frame = reports(**{column: value})
    if column == "revision":
        frame["revision"] = frame["revision"].fillna("0")
    (problem,) = problems(frame)
    assert (problem.file, problem.row, problem.column) == ("file.csv", 3, column)
    assert problem.value == str(value or "").strip()
    assert what in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 75.0])
def test_numbers_in_memory_are_held_to_the_same_bounds(value: float) -> None:
    frame = reports().astype({"completion": float})
    frame.loc[1, "completion"] = value
    assert [(p.row, p.column) for p in problems(frame)] == [(3, "completion")]


@pytest.mark.parametrize("value", ["0", "1", " 0.5 ", "5e-1", ".5"])
def test_edges_and_spaces_are_fine(value: str) -> None:
    assert check_frame(reports(completion=value), PROGRESS)["completion"][1] == float(value)


def test_complex_numbers_are_no_numbers() -> None:
    with pytest.raises(DataError, match=r"this is not a number \('2j'\)"):
        check_frame(pd.DataFrame({"unit": ["a"], "year": [2018], "dimension": ["D"], "score": [2j]}), SCORES)


def test_numbers_are_read_to_the_last_bit() -> None:
    written = [repr(float(value)) for value in np.random.default_rng(0).random(2000)]
    frame = pd.DataFrame([GOOD | {"task": f"T{i}", "completion": text} for i, text in enumerate(written)])
    assert check_frame(frame, PROGRESS)["completion"].tolist() == [float(text) for text in written]


def test_dates_in_memory_pass_as_they_are() -> None:
    day = dt.date(2018, 3, 31)
    for values in ([day] * 3, pd.to_datetime([day] * 3), pd.to_datetime([day] * 3).tz_localize("Asia/Bangkok")):
        clean = check_frame(reports().assign(as_of=values), PROGRESS)
        assert clean["as_of"].tolist() == [pd.Timestamp(day)] * 3


def test_everything_wrong_is_listed_at_once_in_the_order_of_the_rows() -> None:
    frame = pd.DataFrame(
        [
            GOOD | {"completion": "75%", "as_of": "31/12/2018"},
            GOOD,
            GOOD | {"task": ""},
            GOOD,
            GOOD | {"task": "U", "completion": "2", "unit": " "},
        ]
    )
    assert [(p.row, p.column, p.value) for p in problems(frame)] == [
        (2, "as_of", "31/12/2018"),
        (2, "completion", "75%"),
        (4, "task", ""),
        (5, "unit, task, as_of, revision", "A, T, 2018-03-31, 0"),
        (6, "unit", ""),
        (6, "completion", "2"),
    ]


def test_a_repeated_row_names_its_twin_even_where_spaces_differ() -> None:
    frame = pd.concat([reports(), reports().iloc[[0]].assign(task=" T1 ")], ignore_index=True)
    (problem,) = problems(frame)
    assert problem.row == 5
    assert problem.what == "the row repeats row 2"
    assert problem.value == "A, T1, 2018-03-31, 0"
    assert problem.remedy == "Keep one row for each Unit, Task code, Reporting period, Revision."


def test_rows_that_share_an_index_are_still_found_to_repeat() -> None:
    assert [p.row for p in problems(pd.concat([reports(), reports()]))] == [5, 6, 7]


def test_any_index_is_accepted_and_a_filtered_one_keeps_naming_the_rows_of_the_file() -> None:
    assert len(check_frame(reports().set_index(pd.Index(["x", "y", "z"])), PROGRESS)) == 3
    assert [p.row for p in problems(reports(completion="2").iloc[[1, 2]])] == [3]


@pytest.mark.parametrize(
    ("given", "missing"),
    [("Completion", "completion"), ("completion_pct", "completion"), ("as of", "as_of"), ("Task", "task")],
)
def test_a_missing_column_names_the_nearest_that_is_there(given: str, missing: str) -> None:
    (problem,) = problems(reports().rename(columns={missing: given}))
    assert (problem.row, problem.column, problem.what) == (1, missing, "a required column is missing")
    assert problem.remedy.endswith(f"not recognised: {given}. If it is one of them, correct that header.")


def test_all_missing_columns_are_named() -> None:
    assert [p.column for p in problems(reports()[["unit", "task"]])] == ["as_of", "reported_on", "completion"]


def test_a_column_that_is_there_twice_is_refused() -> None:
    (problem,) = problems(pd.concat([reports(), reports()[["task"]]], axis=1))
    assert (problem.row, problem.column) == (1, "task")
    assert "repeats" in problem.what


def test_a_table_without_rows_is_refused() -> None:
    (problem,) = problems(pd.DataFrame(columns=["unit", "dimension", "year", "target"]), TARGETS)
    assert "no rows" in problem.what
    assert problem.row is None


def test_a_table_of_reports_may_have_no_row_but_needs_its_columns() -> None:
    checked = check_frame(reports().iloc[:0], PROGRESS)
    assert [checked[name].dtype.kind for name in ("as_of", "completion", "revision")] == ["M", "f", "i"]
    (problem,) = problems(reports().iloc[:0].drop(columns="completion"))
    assert "no rows" in problem.what


@pytest.mark.parametrize("year", ["2018.5", "20188", "0", "-2018", "1e300", "two"])
def test_a_year_is_a_year(year: str) -> None:
    frame = pd.DataFrame({"unit": ["A", "A"], "year": ["2018", year], "dimension": "D", "score": "5"})
    assert [(p.row, p.column, p.value) for p in problems(frame, SCORES)] == [(3, "year", year)]


def test_whole_numbers_written_as_decimals_stay_whole() -> None:
    frame = pd.DataFrame({"unit": ["A"], "year": ["2018.0"], "dimension": "D", "score": "5"})
    assert check_frame(frame, SCORES)["year"].tolist() == [2018]


def test_other_columns_come_along_at_the_end_and_the_input_is_not_changed() -> None:
    frame = reports()[::-1].assign(note="x")[["note", "completion", "task", "unit", "as_of", "reported_on"]]
    before = frame.copy(deep=True)
    clean = check_frame(frame, PROGRESS)
    assert list(clean.columns) == [column.name for column in PROGRESS.columns] + ["note"]
    assert list(clean.index) == [2, 1, 0]
    pd.testing.assert_frame_equal(frame, before)


def test_optional_columns_take_their_defaults_and_may_be_blank() -> None:
    row = {"unit": "A", "task": "T", "dimension": "D", "start": "2018-01-01", "due": "2018-02-01", "title_vi": ""}
    clean = check_frame(pd.DataFrame([row]), TASKS)
    assert clean.loc[0, ["weight", "share", "title_vi"]].tolist() == [1.0, 1.0, ""]


def test_findings_given_by_the_caller_are_noted_and_not_raised() -> None:
    findings = Findings("file.csv")
    clean = check_frame(reports(completion="75"), PROGRESS, findings=findings)
    assert [p.row for p in findings.problems] == [3]
    assert clean["completion"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("value", "known", "said"),
    [
        ("VN-CTT", ["VN-HN", "VN-CT"], "Did you mean 'VN-CT'?"),
        ("d1", ["D1", "D2"], "Did you mean 'D1'?"),
        ("PROGRES", ["tasks", "progress"], "Did you mean 'progress'?"),
        ("zzz", ["D1", "D2"], "Known: D1, D2."),
        ("zzz", [f"D{i}" for i in range(20)], "Known: D0, D1, D2, D3, D4, D5, D6, D7, ...."),
        (7, ["D7"], "Did you mean 'D7'?"),
    ],
)
def test_nearest(value: str, known: list[str], said: str) -> None:
    assert nearest(value, known) == said


def test_the_message_spells_out_twenty_problems_and_keeps_all() -> None:
    frame = pd.concat([reports(completion="2").iloc[[1]].assign(task=str(i)) for i in range(25)], ignore_index=True)
    with pytest.raises(DataError) as caught:
        check_frame(frame, PROGRESS, "file.csv")
    lines = str(caught.value).splitlines()
    assert lines[0] == "25 problems:"
    assert lines[1].startswith("file.csv, row 2, column completion: the value is outside 0 to 1 ('2'). ")
    assert lines[-1].startswith("... and 5 more")
    assert len(lines) == 22
    assert len(caught.value.problems) == 25


@pytest.mark.parametrize("text", ["now", "today", "NaT", "2019-W10", "20190101"])
def test_a_word_that_a_parser_knows_is_no_day(text: str) -> None:
    (problem,) = problems(reports(reported_on=text))
    assert (problem.column, problem.value, str(problem.what)) == ("reported_on", text, "this is not a date")


@pytest.mark.parametrize("text", ["True", "1_0", "0x1", "inf", "nan", "１"])
def test_a_word_that_a_parser_knows_is_no_number(text: str) -> None:
    (problem,) = problems(reports(completion=text))
    assert (problem.column, problem.value, str(problem.what)) == ("completion", text, "this is not a number")


def test_an_empty_score_says_to_leave_the_row_out() -> None:
    frame = pd.DataFrame({"unit": ["A", "B"], "year": [1, 1], "dimension": "D", "score": [1.0, None]})
    with pytest.raises(DataError, match="leave the row out where the score is not known"):
        check_frame(frame, SCORES)


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.integers(), st.integers(-(10**9), 10**9).map(float), st.text(max_size=5)))
def test_a_name_is_one_text_however_it_is_written(name: object) -> None:
    text = name_text(name)
    assert text == name_text(text) == name_text(unicodedata.normalize("NFD", text))
    assert not isinstance(name, int | float) or text == str(int(name))
