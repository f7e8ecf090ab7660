"""Tasks, their progress reports and the targets: what must hold between their rows."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from papi_analysis.errors import DataError, DataWarning, Problem
from papi_analysis.study.register import check_progress, check_targets, check_tasks, latest_revisions

TASKS = pd.DataFrame(
    [
        ("A", "T1", "D1", 1.0, 1.0, "2018-01-01", "2018-12-31"),
        ("A", "T2", "D1", 2.0, 0.5, "2018-07-01", "2019-06-30"),
        ("A", "T2", "D2", 2.0, 0.5, "2018-07-01", "2019-06-30"),
        ("B", "T1", "D1", 1.0, 1.0, "2019-01-01", "2019-12-31"),
        ("B", "T9", "D1", 1.0, 1.0, "2019-01-01", "2019-12-31"),
    ],
    columns=["unit", "task", "dimension", "weight", "share", "start", "due"],
)
REPORTS = [
    ("A", "T1", "2018-03-31", "2018-04-10", 0.2, 0),
    ("A", "T1", "2018-06-30", "2018-07-10", 0.5, 0),
    ("A", "T2", "2018-12-31", "2019-01-10", 0.4, 0),
    ("B", "T1", "2019-03-31", "2019-03-31", 0.1, 0),
]


def progress(*more: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame([*REPORTS, *more], columns=["unit", "task", "as_of", "reported_on", "completion", "revision"])


def changed(row: int, column: str, value: object) -> pd.DataFrame:
    """Return the tasks with one cell changed; the header is row 1."""
    tasks = TASKS.astype(object)
    tasks.loc[row - 2, column] = value
    return tasks


def task_problems(tasks: pd.DataFrame) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        check_tasks(tasks)
    return caught.value.problems


def report_problems(reports: pd.DataFrame) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        check_progress(reports, check_tasks(TASKS))
    return caught.value.problems


@pytest.mark.parametrize(
    ("row", "column", "value", "what"),
    [
        (2, "weight", 0, "the weight is not above 0"),
        (2, "weight", -1, "the value is below 0"),
        (4, "weight", 3, "the task has another weight in an earlier row"),
        (4, "start", "2018-08-01", "the task has another start in an earlier row"),
        (4, "due", "2019-12-31", "the task has another due in an earlier row"),
        (2, "due", "2017-12-31", "the task is due before it starts"),
        (2, "share", 0.9, "the shares of the task do not sum to 1"),
        (3, "share", 0.6, "the shares of the task do not sum to 1"),
        (4, "share", 50, "the value is outside 0 to 1"),
    ],
)
def test_a_bad_task_is_named_with_its_row(row: int, column: str, value: object, what: str) -> None:
    (problem,) = task_problems(changed(row, column, value))
    assert (problem.row, problem.what) == (row, what)
    assert column in problem.column
    assert problem.remedy


def test_a_share_of_nothing_is_refused() -> None:
    tasks = changed(3, "share", 1)
    tasks.loc[2, "share"] = 0
    assert [(p.row, p.column, p.what) for p in task_problems(tasks)] == [(4, "share", "the share is not above 0")]


def test_shares_say_what_they_sum_to() -> None:
    (problem,) = task_problems(changed(4, "share", 0.25))
    assert (problem.row, problem.value) == (3, "0.75")


def test_thirds_sum_to_one() -> None:
    thirds = pd.concat([TASKS.iloc[[0]]] * 3, ignore_index=True).assign(dimension=["D1", "D2", "D3"], share=1 / 3)
    assert len(check_tasks(thirds)) == 3


def test_the_same_name_in_two_units_is_two_tasks() -> None:
    assert len(check_tasks(TASKS)) == len(TASKS)


def test_weights_and_shares_default_to_one() -> None:
    tasks = check_tasks(TASKS.iloc[[0, 3]].drop(columns=["weight", "share"]))
    assert tasks[["weight", "share"]].to_numpy().tolist() == [[1, 1], [1, 1]]


def test_problems_of_cells_rows_and_fellows_come_together() -> None:
    tasks = changed(2, "weight", "heavy")
    tasks.loc[2, "due"] = "2019-12-31"
    tasks.loc[3, "start"] = "31/01/2019"
    tasks.loc[4, "due"] = "2018-12-31"
    tasks.loc[5] = tasks.loc[0]
    assert [(p.row, p.column) for p in task_problems(tasks)] == [
        (2, "weight"),
        (4, "due"),
        (5, "start"),
        (6, "due"),
        (7, "weight"),
        (7, "unit, task, dimension"),
    ]


@pytest.mark.parametrize(
    ("report", "column", "what", "remedy"),
    [
        (("A", "T3", "2018-12-31", "2019-01-10", 0.1, 0), "task", "not in the register", "Did you mean 'T"),
        (("A", "T9", "2019-12-31", "2020-01-10", 0.1, 0), "task", "not in the register", "Did you mean 'T"),
        (("A ", "t2", "2019-03-31", "2019-04-10", 0.4, 0), "task", "not in the register", "Did you mean 'T2'?"),
        (("a", "T1", "2018-12-31", "2019-01-10", 0.6, 0), "unit", "has no tasks", "The register has tasks of A, B."),
        (("A", "T2", "2018-06-30", "2018-07-10", 0.1, 0), "as_of", "before the task starts", "as_of or start"),
        (("B", "T1", "2018-12-31", "2019-01-10", 0.1, 0), "as_of", "before the task starts", "as_of or start"),
        (("A", "T1", "2018-12-31", "2018-12-30", 1.0, 0), "reported_on", "before the date", "as_of or reported_on"),
        (("A", "T1", "2018-12-31", "2019-01-10", 60, 0), "completion", "outside 0 to 1", "divide percentages"),
        (("A", "T1", "2018-06-30", "2018-08-10", 0.6, 0), "revision", "repeats row 3", "Keep one row"),
    ],
)
def test_a_bad_report_is_named_with_its_row(report: tuple[object, ...], column: str, what: str, remedy: str) -> None:
    (problem,) = report_problems(progress(report))
    assert problem.row == 6
    assert column in problem.column
    assert what in problem.what
    assert remedy in problem.remedy


def test_the_first_and_the_last_day_are_good_days() -> None:
    edges = [("A", "T2", "2018-07-01", "2018-07-01", 0.0, 0), ("A", "T1", "2018-01-01", "2018-01-01", 0.0, 0)]
    assert len(check_progress(progress(*edges), check_tasks(TASKS))) == 6


def test_all_problems_of_the_reports_come_together_in_the_order_of_the_rows() -> None:
    bad = [
        ("A", "T2", "2017-12-31", "2017-01-10", 75, 0),
        ("C", "T1", "2018-12-31", "2019-01-10", 0.6, 0),
        ("A", "T1", "2018-06-30", "2018-08-10", 0.6, 0),
        ("A", "TX", "31/12/2018", "2019-01-10", 0.6, 0),
    ]
    assert [(p.row, p.column, p.value) for p in report_problems(progress(*bad))] == [
        (6, "completion", "75.0"),
        (6, "as_of", "2017-12-31"),
        (6, "reported_on", "2017-01-10"),
        (7, "unit", "C"),
        (8, "unit, task, as_of, revision", "A, T1, 2018-06-30, 0"),
        (9, "as_of", "31/12/2018"),
        (9, "task", "TX"),
    ]


def warned(*more: tuple[object, ...]) -> str:
    with pytest.warns(DataWarning) as caught:
        check_progress(progress(*more), check_tasks(TASKS), "progress.csv")
    assert len(caught) == 1
    return str(caught[0].message)


def test_progress_that_falls_without_a_mark_is_a_warning_with_rows() -> None:
    message = warned(
        ("A", "T1", "2018-12-31", "2019-01-10", 0.3, 0),
        ("B", "T1", "2019-12-31", "2020-01-10", 0.2, 0),
        ("B", "T1", "2019-06-30", "2019-07-10", 0.3, 0),
    )
    assert message.startswith("progress.csv: completion falls without a revision mark in row 6, 7. ")
    assert "revision 1, 2" in message


def test_a_fall_is_seen_against_the_corrected_report() -> None:
    raised = [("A", "T1", "2018-06-30", "2018-08-10", 0.9, 1), ("A", "T1", "2018-09-30", "2018-10-10", 0.8, 0)]
    assert "row 7" in warned(*raised)


def test_a_long_list_of_falls_is_cut() -> None:
    falls = [("A", "T1", f"20{19 + i // 12}-{i % 12 + 1:02}-28", "2022-01-01", 0.4 - i / 100, 0) for i in range(13)]
    message = warned(*falls)
    assert "row 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 3 more." in message


@pytest.mark.parametrize(
    "more",
    [
        [("A", "T1", "2018-12-31", "2019-01-10", 0.3, 1)],  # marked
        [("A", "T1", "2018-06-30", "2018-08-10", 0.1, 1)],  # a correction downwards is no fall
        [("A", "T1", "2018-12-31", "2019-01-10", 0.5, 0)],  # level
        [("B", "T9", "2019-12-31", "2020-01-10", 0.0, 0)],  # another task of another unit
    ],
)
def test_what_is_marked_or_does_not_fall_is_no_warning(more: list[tuple[object, ...]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_progress(progress(*more), check_tasks(TASKS))


def test_a_warning_keeps_the_values() -> None:
    with pytest.warns(DataWarning):
        checked = check_progress(progress(("A", "T1", "2018-12-31", "2019-01-10", 0.3, 0)), check_tasks(TASKS))
    assert checked["completion"].tolist() == [0.2, 0.5, 0.4, 0.1, 0.3]


def test_the_last_revision_wins_whatever_the_order_of_the_rows() -> None:
    reports = progress(
        ("A", "T1", "2018-06-30", "2018-08-10", 0.6, 2),
        ("A", "T1", "2018-06-30", "2018-09-10", 0.7, 1),
    )
    for rows in (reports, reports[::-1]):
        last = latest_revisions(check_progress(rows, check_tasks(TASKS)))
        assert last["completion"].tolist() == [0.2, 0.6, 0.4, 0.1]


SCORES = pd.DataFrame(
    [("A", 2016, "D1", 5.0), ("A", 2016, "D2", 5.0), ("A", 2017, "D3", 5.0), ("B", 2016, "D3", 5.0)],
    columns=["unit", "year", "dimension", "score"],
)
UNITS = pd.DataFrame({"unit": ["A", "B"], "name_en": ["East", "West"], "name_vi": "", "variants": ""})
DIMENSIONS = pd.DataFrame({"dimension": ["D1", "D2", "D3"], "name_en": ["One", "Two", "Three"], "name_vi": ""})
DIMENSIONS[["scale_min", "scale_max"]] = [1.0, 10.0]


def target_problems(*rows: tuple[object, ...]) -> tuple[Problem, ...]:
    targets = pd.DataFrame(rows, columns=["unit", "dimension", "year", "target"])
    with pytest.raises(DataError) as caught:
        check_targets(targets, SCORES, 2016, "targets.csv", units=UNITS, dimensions=DIMENSIONS)
    return caught.value.problems


def test_targets_without_a_base_are_refused() -> None:
    # D3 has a score in another year and of another unit: neither is a base.
    found = target_problems(("A", "D1", 2020, 6), ("A", "D3", 2020, 6), ("B", "D1", 2020, 6))
    assert [(p.row, p.column, p.value) for p in found] == [(3, "dimension", "D3"), (4, "dimension", "D1")]
    assert all("no score of this dimension in 2016" in p.what for p in found)


def test_all_problems_of_the_targets_come_together() -> None:
    found = target_problems(("A", "D1", 2016, 6), ("A", "D2", 2020, "6,5"), ("A", "D9", 2020, 6), ("A", "D1", 2020, 7))
    assert [(p.row, p.column) for p in found] == [
        (2, "year"),
        (3, "target"),
        (4, "dimension"),
        (5, "unit, dimension"),
    ]


def test_targets_off_the_scale_or_with_unknown_names_are_refused() -> None:
    rows = [("A", "D1", 2020, 65), ("A", "D22", 2020, 6), ("East", "D1", 2020, 6), ("A", "D2", 2020, 10)]
    assert [(p.row, p.column, p.what, p.remedy) for p in target_problems(*rows)] == [
        (
            2,
            "target",
            "the target of D1 is outside 1 to 10",
            "Correct it, or remove the row if the target is not known.",
        ),
        (3, "dimension", "this dimension is not known", "Write one of the codes: D1 (One), D2 (Two), D3 (Three)."),
        (4, "unit", "this unit is not known", "Write its code, 'A'."),
    ]
