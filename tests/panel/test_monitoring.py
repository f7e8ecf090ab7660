"""Tasks on a day: by hand on five tasks, against a loop over tasks, and whatever the order of rows."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.panel.monitoring import task_counts, task_list
from papi_analysis.study.study import make_study

# Completion of task 6 falls on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:progress. completion falls")

DAY = pd.Timestamp


def made(tasks, progress, **settings):
    """A study of units a and b and dimensions X, Y, from 2025 to 2030; one score each, so that it passes its checks."""
    tasks = pd.DataFrame(tasks, columns=["unit", "task", "dimension", "share", "start", "due", "lead_agency_en"])
    progress = pd.DataFrame(progress, columns=["unit", "task", "as_of", "completion"])
    for table, days in ((tasks, ["start", "due"]), (progress, ["as_of"])):
        table[days] = table[days].apply(pd.to_datetime)
    given = {
        "source": "", "title_en": "t", "title_vi": "", "decision": "", "unit": "", "base_year": 2024,
        "start": DAY("2025-01-01"), "end": DAY("2030-12-31"), "years": (2023, 2024), "without_programme": (),
        "simulated_tables": (),
    }  # fmt: skip
    cells = [(unit, year, name, 5.0) for unit in "ab" for year in (2023, 2024) for name in "XY"]
    names = {"name_en": ["a", "b"], "name_vi": "", "variants": ""}
    return make_study(
        scores=pd.DataFrame(cells, columns=["unit", "year", "dimension", "score"]),
        units=pd.DataFrame({"unit": ["a", "b"], **names}),
        dimensions=pd.DataFrame({"dimension": ["X", "Y"], **names, "scale_min": 0.0, "scale_max": 10.0}),
        breaks=pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []}),
        tasks=tasks,
        progress=progress.assign(reported_on=progress["as_of"]),
        **{**given, **settings},
    )


# Reports of 31 March and 30 June 2026; task 6 serves both dimensions.
TASKS = [
    ("a", "1", "X", 1.0, "2025-01-01", "2025-12-31", "Home"),  # due at the end of 2025, at 0.9 in June: 181 days late
    ("a", "2", "X", 1.0, "2025-01-01", "2026-06-30", "Home"),  # due on the day itself: not yet overdue, 0 days left
    ("a", "3", "X", 1.0, "2025-01-01", "2026-09-30", "Home"),  # done since March
    ("a", "4", "Y", 1.0, "2025-01-01", "2026-05-31", "Land"),  # due on 31 May and never reported: 30 days
    ("a", "5", "Y", 1.0, "2026-12-01", "2027-06-30", "Land"),  # not begun; 365 days are left
    ("a", "6", "X", 0.5, "2025-01-01", "2026-12-31", "Land"),  # in progress; 184 days are left
    ("a", "6", "Y", 0.5, "2025-01-01", "2026-12-31", "Land"),
    ("b", "1", "Y", 1.0, "2026-05-01", "2028-12-31", "Home"),  # begun in May without a report: 915 days are left
]
REPORTS = [
    ("a", "1", "2026-03-31", 0.5), ("a", "1", "2026-06-30", 0.9),
    ("a", "2", "2026-03-31", 0.2), ("a", "2", "2026-06-30", 0.2),
    ("a", "3", "2026-03-31", 0.7), ("a", "3", "2026-06-30", 1.0),
    ("a", "6", "2026-03-31", 0.4), ("a", "6", "2026-06-30", 0.3),
]  # fmt: skip


@pytest.fixture(scope="module")
def study():
    return made(TASKS, REPORTS)


def test_the_last_day_known_is_that_of_the_last_report_up_to_the_end(study):
    assert study.measured_on == DAY("2026-06-30")
    ends = {"2026-03-31": "2026-03-31", "2026-05-31": "2026-03-31", "2026-02-28": "2026-02-28"}
    for end, day in ends.items():  # on the last one nothing is known but that reports came later
        assert dataclasses.replace(study, end=DAY(end)).measured_on == DAY(day)


def test_each_task_by_hand(study):
    tasks = task_list(study)
    assert tasks["as_of"].eq(DAY("2026-06-30")).all()
    assert tasks["since"].eq(DAY("2026-03-31")).all()
    shown = tasks[["unit", "task", "dimensions", "state", "days_overdue", "days_left", "state_before"]]
    assert shown.astype(object).where(shown.notna(), None).to_numpy().tolist() == [
        ["a", "1", "X", "overdue", 181, None, "overdue"],
        ["a", "4", "Y", "overdue", 30, None, "unreported"],
        ["a", "2", "X", "in_progress", None, 0, "in_progress"],
        ["a", "6", "X, Y", "in_progress", None, 184, "in_progress"],
        ["a", "5", "Y", "not_begun", None, 365, "not_begun"],
        ["b", "1", "Y", "unreported", None, 915, "not_begun"],
        ["a", "3", "X", "done", None, None, "in_progress"],
    ]
    np.testing.assert_array_equal(tasks["completion"].to_numpy(float), [0.9, np.nan, 0.2, 0.3, 0, np.nan, 1])
    np.testing.assert_array_equal(tasks["completion_before"].to_numpy(float), [0.5, np.nan, 0.2, 0.4, 0, 0, 0.7])


def test_counts_by_hand(study):
    columns = ["tasks", "done", "overdue", "in_progress", "not_begun", "unreported", "due", "silent", "longest"]
    columns += ["done_before", "overdue_before"]
    by_dimension = task_counts(study).set_index("dimension")[columns]
    assert by_dimension.loc["X"].tolist() == [4, 1, 1, 2, 0, 0, 2, 0, 181, 0, 1]
    assert by_dimension.loc["Y"].tolist() == [4, 0, 1, 1, 1, 1, 1, 1, 30, 0, 0]
    by_agency = task_counts(study, "lead_agency_en")
    assert by_agency["lead_agency_en"].tolist() == ["Home", "Land"]
    assert by_agency[columns].to_numpy().tolist() == [
        [4, 1, 1, 1, 0, 1, 2, 0, 181, 0, 1],
        [3, 0, 1, 1, 1, 0, 1, 1, 30, 0, 0],  # task 6 counts once
    ]
    assert task_counts(study, "unit")[["unit", "tasks", "overdue"]].to_numpy().tolist() == [["a", 6, 2], ["b", 1, 0]]


@pytest.mark.parametrize(("day", "state", "late", "left"), [
    ("2026-06-29", "in_progress", None, 1), ("2026-06-30", "in_progress", None, 0), ("2026-07-01", "overdue", 1, None),
])  # fmt: skip
def test_a_task_is_overdue_from_the_day_after_it_is_due(study, day, state, late, left):
    task = task_list(study, on=day).set_index(["unit", "task"]).loc["a", "2"]
    shown = [task["state"], *(None if pd.isna(task[name]) else task[name] for name in ("days_overdue", "days_left"))]
    assert shown == [state, late, left]


def test_before_the_first_report_there_is_nothing_to_compare_with(study):
    tasks = task_list(study, on="2026-03-31")
    assert tasks[["since", "state_before", "completion_before"]].isna().all(axis=None)
    assert tasks.set_index("task").loc["1", "days_overdue"].tolist()[0] == 90
    assert task_counts(study, on="2026-03-31")[["done_before", "overdue_before"]].isna().all(axis=None)
    assert task_list(study, on="2026-06-30", since="2025-12-30")["state_before"].eq("overdue").sum() == 0


def test_other_days_are_refused(study):
    with pytest.raises(pa.SpecError, match="since is 2026-06-30, and the tasks are asked for on 2026-06-30"):
        task_list(study, since="2026-06-30")
    with pytest.raises(pa.SpecError, match="not a day"):
        task_list(study, on="June")
    with pytest.raises(pa.SpecError, match="no column 'agency' to count by"):
        task_counts(study, "agency")


def test_the_order_of_rows_changes_nothing(study):
    mixed = dataclasses.replace(
        study,
        tasks=study.tasks.sample(frac=1, random_state=0),
        progress=study.progress.sample(frac=1, random_state=1),
    )
    pd.testing.assert_frame_equal(task_list(mixed), task_list(study))
    for by in ("dimension", "lead_agency_en", "unit"):
        pd.testing.assert_frame_equal(task_counts(mixed, by), task_counts(study, by))


def slow_states(tasks, reports, day):
    """Go through tasks and reports one by one: state and days late by task."""
    found = {}
    for unit, task, _, _, start, due, _ in tasks:
        completion, latest = (0.0, None) if DAY(start) > day else (None, None)
        for report_unit, report_task, as_of, share in reports:
            begun = DAY(start) <= day and DAY(as_of) <= day
            if (report_unit, report_task) == (unit, task) and begun and (latest is None or DAY(as_of) > latest):
                completion, latest = share, DAY(as_of)
        late = (day - DAY(due)).days
        if completion is not None and completion >= 1:
            found[unit, task] = ("done", None)
        elif late > 0:
            found[unit, task] = ("overdue", late)
        elif completion is None:
            found[unit, task] = ("unreported", None)
        else:
            found[unit, task] = ("in_progress" if completion > 0 else "not_begun", None)
    return found


def test_a_loop_over_tasks_says_the_same():
    rng = np.random.default_rng(5)
    days = pd.date_range("2025-03-31", "2027-12-31", freq="QE")
    tasks, reports = [], []
    for number in range(60):
        unit, start = "ab"[number % 2], pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(rng.integers(0, 900)))
        due = start + pd.Timedelta(days=int(rng.integers(0, 700)))
        tasks.append((unit, str(number), "XY"[number % 3 == 0], 1.0, start, due, f"office {number % 5}"))
        share = 0.0
        for day in days[(days >= start) & (rng.random(len(days)) < 0.6)]:
            share = min(1.0, share + rng.choice([0, 0.25, 0.5]))
            reports.append((unit, str(number), day, share))
    study = made(tasks, reports)
    states = set()
    for on, since in (("2026-05-15", "2025-12-31"), ("2027-12-31", "2027-09-30"), ("2025-06-30", "2025-03-31")):
        listed = task_list(study, on=on, since=since).set_index(["unit", "task"])
        now, before = (slow_states(tasks, reports, DAY(day)) for day in (on, since))
        for name, row in listed.iterrows():
            assert (row["state"], None if pd.isna(row["days_overdue"]) else row["days_overdue"]) == now[name]
            assert row["state_before"] == before[name][0]
        states |= set(listed["state"])
        counts = task_counts(study, "lead_agency_en", on=on, since=since).set_index("lead_agency_en")
        for office in range(5):
            own = [now[unit, task] for unit, task, *_, lead in tasks if lead == f"office {office}"]
            row = counts.loc[f"office {office}"]
            assert row["overdue"] == sum(state == "overdue" for state, _ in own)
            assert row["done"] == sum(state == "done" for state, _ in own)
            late = [days for _, days in own if days is not None]
            assert (None if pd.isna(row["longest"]) else row["longest"]) == (max(late) if late else None)
    assert states == {"done", "overdue", "in_progress", "not_begun", "unreported"}


def test_completion_is_never_measured_after_the_last_report(study):
    days = pa.completion(study.tasks, study.progress)["as_of"].drop_duplicates().dt.strftime("%Y-%m-%d").tolist()
    assert days == ["2025-09-30", "2026-06-30"]  # tasks run to 2028; the survey of 2026 lies after the last report
