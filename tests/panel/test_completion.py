"""From reports to completion: by hand, against slow loops, and never looking ahead."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import papi_analysis as pa
from papi_analysis.panel.completion import (
    completion_by_agency,
    completion_falls,
    completion_over_units,
    reporting_record,
    task_states,
)
from papi_analysis.study.codebook import fieldwork_dates

NAN = float("nan")
TASKS = pd.DataFrame(
    [
        ("A", "T1", "D1", 1.0, 1.0, "2018-01-01", "2018-12-31", "X"),
        ("A", "T2", "D1", 2.0, 0.5, "2018-07-01", "2019-06-30", "Y"),
        ("A", "T2", "D2", 2.0, 0.5, "2018-07-01", "2019-06-30", "Y"),
        ("A", "T3", "D2", 1.0, 1.0, "2019-01-01", "2019-12-31", "X"),
        ("A", "T4", "D1", 1.0, 1.0, "2018-01-01", "2018-06-30", "Y"),  # never reported
    ],
    columns=["unit", "task", "dimension", "weight", "share", "start", "due", "lead_agency_en"],
)
PROGRESS = pd.DataFrame(
    [
        ("A", "T1", "2018-03-31", "2018-04-10", 0.2, 0),
        ("A", "T1", "2018-06-30", "2018-07-10", 0.5, 0),
        ("A", "T1", "2018-06-30", "2018-09-15", 0.6, 1),  # revised
        ("A", "T1", "2018-12-31", "2019-02-10", 1.0, 0),  # late
        ("A", "T2", "2018-12-31", "2019-01-10", 0.4, 0),
        ("A", "T2", "2019-06-30", "2019-07-10", 1.0, 0),
        ("A", "T3", "2019-06-30", "2019-07-10", 0.3, 0),
        ("A", "T3", "2019-12-31", "2020-01-10", 0.8, 0),  # due and not done
        ("A", "T3", "2020-03-31", "2020-04-10", 1.0, 0),
    ],
    columns=["unit", "task", "as_of", "reported_on", "completion", "revision"],
)


@pytest.fixture(autouse=True)
def _falls_are_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pa.DataWarning)
        yield


@cache
def cells(day: str, known_on: str | None = None) -> pd.DataFrame:
    return pa.completion(TASKS, PROGRESS, as_of=day, known_on=known_on)


def cell(day: str, dimension: str, **options: str) -> pd.Series:
    return cells(day, **options).set_index("dimension").loc[dimension]


@pytest.mark.parametrize(
    ("day", "dimension", "expected"),
    [
        # completion, low, high, of_due, complete, on_time, tasks, unreported
        ("2017-12-31", "D1", (0, 0, 0, NAN, 0, NAN, 3, 0)),  # nothing has begun
        ("2018-02-15", "D1", (0, 0, 2 / 3, NAN, 0, NAN, 3, 2)),  # T1 and T4 begun, no report yet
        ("2018-02-15", "D2", (0, 0, 0, NAN, 0, NAN, 2, 0)),
        ("2018-06-30", "D1", (0.6 / 2, 0.6 / 3, 1.6 / 3, NAN, 0, NAN, 3, 1)),  # the revision wins; T4 is due, unknown
        ("2018-07-01", "D1", (0.6, 0.6 / 3, 2.6 / 3, NAN, 0, NAN, 3, 2)),  # T2 begins without a report
        ("2018-12-31", "D1", (1.4 / 2, 1.4 / 3, 2.4 / 3, 1, 1 / 2, 1, 3, 1)),
        ("2018-12-31", "D2", (0.4 / 2, 0.4 / 2, 0.4 / 2, NAN, 0, NAN, 2, 0)),
        ("2019-01-01", "D2", (0.4, 0.4 / 2, 1.4 / 2, NAN, 0, NAN, 2, 1)),  # T3 begins without a report
        ("2019-12-31", "D1", (1, 2 / 3, 1, 1, 1, 1, 3, 1)),
        ("2019-12-31", "D2", (1.8 / 2, 1.8 / 2, 1.8 / 2, 1.8 / 2, 1 / 2, 1 / 2, 2, 0)),
        ("2020-06-30", "D2", (1, 1, 1, 1, 1, 1 / 2, 2, 0)),  # done in the end, and not on time
    ],
)
def test_by_hand(day: str, dimension: str, expected: tuple[float, ...]) -> None:
    columns = ["completion", "low", "high", "of_due", "complete", "on_time", "tasks", "unreported"]
    found = cell(day, dimension)[columns].astype(float).tolist()
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("day", "dimension", "last"),
    [
        ("2018-02-15", "D1", pd.NaT),
        ("2018-06-29", "D1", pd.Timestamp(2018, 3, 31)),
        ("2018-06-30", "D1", pd.Timestamp(2018, 6, 30)),
        ("2019-03-01", "D2", pd.Timestamp(2018, 12, 31)),
        ("2021-01-01", "D2", pd.Timestamp(2020, 3, 31)),
    ],
)
def test_the_last_report_used_is_said(day: str, dimension: str, last: pd.Timestamp) -> None:
    found = cell(day, dimension)["last_report"]
    assert found is last or found == last


@pytest.mark.parametrize(
    ("known_on", "expected"),
    [
        ("2018-04-09", NAN),  # not a report of T1 was in
        ("2018-07-09", 0.2),
        ("2018-07-10", 0.5),
        ("2018-09-14", 0.5),
        ("2018-09-15", 0.6),
        ("2030-01-01", 0.6),
    ],
)
def test_what_had_been_reported_by_a_day(known_on: str, expected: float) -> None:
    states = task_states(TASKS, PROGRESS, as_of="2018-06-30", known_on=known_on).set_index("task")
    assert states.loc["T1", "completion"] == pytest.approx(expected, nan_ok=True)
    share = cell("2018-06-30", "D1", known_on=known_on)["completion"]
    assert share == pytest.approx(0 if np.isnan(expected) else expected / 2)


def test_a_dimension_of_which_nothing_is_known_is_a_gap_with_bounds() -> None:
    one = pa.completion(TASKS.iloc[[0]], PROGRESS.iloc[:1], as_of="2018-03-30").iloc[0]
    assert np.isnan(one["completion"])
    assert np.isnan(one["complete"])
    assert (one["low"], one["high"], one["unreported"]) == (0, 1, 1)


def test_completion_is_a_step_function() -> None:
    days = pd.date_range("2017-12-01", "2020-12-31")
    cells = pa.completion(TASKS, PROGRESS, as_of=days)
    for _, path in cells.groupby("dimension"):
        moved = path[path["completion"].diff().fillna(0) != 0]["as_of"]
        allowed = {*pd.to_datetime(PROGRESS["as_of"]), *pd.to_datetime(TASKS["start"])}
        assert set(moved) <= allowed
        assert len(moved) >= 3


def test_several_days_give_what_each_gives_alone_in_order_and_once() -> None:
    days = ["2019-12-31", "2018-06-30", "2018-06-30"]
    together = pa.completion(TASKS, PROGRESS, as_of=days)
    alone = pd.concat([pa.completion(TASKS, PROGRESS, as_of=day) for day in sorted(set(days))], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)
    assert together["year"].tolist() == [2018, 2018, 2019, 2019]


def test_the_days_are_by_default_those_of_the_surveys() -> None:
    days = pa.completion(TASKS, PROGRESS)["as_of"].unique()
    assert list(days) == fieldwork_dates([2018, 2019]).tolist()


@pytest.mark.parametrize(
    "day",
    [
        dt.date(2018, 6, 30),
        dt.datetime(2018, 6, 30, 15),
        pd.Timestamp(2018, 6, 30),
        np.datetime64("2018-06-30"),
        pd.Timestamp("2018-06-30 01:00", tz="Asia/Bangkok"),
    ],
)
def test_a_day_may_come_in_any_type(day: object) -> None:
    expected = cells("2018-06-30", "2018-06-30")
    pd.testing.assert_frame_equal(pa.completion(TASKS, PROGRESS, as_of=day, known_on=day), expected)
    pd.testing.assert_frame_equal(pa.completion(TASKS, PROGRESS, as_of=[day], known_on=day), expected)


@pytest.mark.parametrize("day", [2018, [2018, 2019], "2018", "30/06/2018", "06/07/2018", "x", pd.NaT, [None], [], 1.5])
def test_what_is_not_a_day_is_refused_and_not_guessed(day: object) -> None:
    with pytest.raises(pa.SpecError, match="like '2020-09-30'"):
        pa.completion(TASKS, PROGRESS, as_of=day)


@pytest.mark.parametrize("day", [2018, "30/06/2018", pd.NaT, ["2018-06-30"]])
def test_what_was_known_is_asked_for_one_day(day: object) -> None:
    with pytest.raises(pa.SpecError, match="is not a day"):
        pa.completion(TASKS, PROGRESS, known_on=day)


def test_a_register_that_does_not_pass_is_refused() -> None:
    with pytest.raises(pa.DataError, match="not in the register"):
        pa.completion(TASKS.iloc[:1], PROGRESS)
    with pytest.raises(pa.DataError, match="repeats"):
        pa.completion(pd.concat([TASKS, TASKS]), PROGRESS)


def test_completion_by_agency_counts_a_task_once_however_many_dimensions_it_serves() -> None:
    table = completion_by_agency(TASKS, PROGRESS, as_of="2019-12-31").set_index("lead_agency")
    assert table["tasks"].to_dict() == {"X": 2, "Y": 2}
    assert table["unreported"].to_dict() == {"X": 0, "Y": 1}
    assert table["completion"].to_dict() == pytest.approx({"X": 1.8 / 2, "Y": 1})  # Y: T2 alone is known
    assert table["low"].to_dict() == pytest.approx({"X": 1.8 / 2, "Y": 2 / 3})  # T2 weighs 2, T4 weighs 1
    assert table["complete"].to_dict() == {"X": 1 / 2, "Y": 1}
    assert table["on_time"].to_dict() == {"X": 1 / 2, "Y": 1}


def test_agencies_may_stand_in_any_column() -> None:
    given = TASKS.assign(department=["a", "b", "b", "a", "c"])
    table = completion_by_agency(given, PROGRESS, as_of="2019-12-31", names="department")
    assert table.set_index("lead_agency")["tasks"].to_dict() == {"a": 2, "b": 1, "c": 1}
    with pytest.raises(pa.SpecError, match="no column 'ministry'"):
        completion_by_agency(given, PROGRESS, names="ministry")


def test_the_record_of_reporting_by_hand() -> None:
    record = reporting_record(TASKS, PROGRESS).set_index("as_of")
    by_hand = {
        "2018-03-31": (2, 1, 0, 1, 0),  # T1 and T4 begun; T1 came
        "2018-06-30": (2, 1, 0, 1, 1),  # T1 came and was revised later
        "2018-12-31": (3, 1, 1, 1, 0),  # T1 late, T2 in time, T4 missing
        "2019-06-30": (4, 2, 0, 2, 0),
        "2019-12-31": (4, 1, 0, 3, 0),
        "2020-03-31": (4, 1, 0, 3, 0),
    }
    assert record[["begun", "in_time", "late", "missing", "revised"]].to_numpy().tolist() == [
        list(counts) for counts in by_hand.values()
    ]
    assert list(record.index) == [pd.Timestamp(day) for day in by_hand]


@pytest.mark.parametrize(("days", "late"), [(40, 1), (41, 0), (10, 1), (9, 9)])
def test_when_a_report_is_late_is_the_readers_choice(days: int, late: int) -> None:
    record = reporting_record(TASKS, PROGRESS, late_after=days)
    assert record["late"].sum() == late - (days == 9)
    assert (record["in_time"] + record["late"] + record["missing"] == record["begun"]).all()


# Random registers, and the slow and obvious way to measure them.

DAY0 = dt.date(2018, 1, 1)
DAYS = [DAY0 + dt.timedelta(days) for days in (0, 60, 130, 210, 330)]
Register = tuple[pd.DataFrame, pd.DataFrame]
# Few and wide: one call costs the same for a dozen tasks in four units as for one.
few = settings(max_examples=4, deadline=None, derandomize=True, database=None)


@st.composite
def registers(draw: st.DrawFn) -> Register:
    """Make up tasks and reports that pass the checks; days are counted from DAY0."""
    tasks, reports = [], []
    for number in range(draw(st.integers(1, 12))):
        unit, task = draw(st.sampled_from("ABCD")), f"T{number}"
        first = draw(st.integers(0, 200))
        start, due = (DAY0 + dt.timedelta(first + more) for more in (0, draw(st.integers(0, 150))))
        weight, share = draw(st.sampled_from([0.5, 1.0, 3.0])), draw(st.sampled_from([1.0, 0.75, 0.3]))
        served = draw(st.permutations(["D1", "D2", "D3"]))
        for dimension, part in zip(served, (share, 1 - share), strict=False):
            if part > 0:
                tasks.append((unit, task, dimension, weight, part, start, due))
        offsets = st.tuples(st.integers(0, 5), st.integers(0, 2))
        for (after, revision), delay, done in draw(
            st.dictionaries(offsets, st.tuples(st.integers(0, 90), st.integers(0, 4)), max_size=5).map(
                lambda made: [(key, *value) for key, value in made.items()]
            )
        ):
            as_of = start + dt.timedelta(40 * after)
            reports.append((unit, task, as_of, as_of + dt.timedelta(delay), done / 4, revision))
    if not reports:
        reports.append((unit, task, start, start, 0.25, 0))
    return pd.DataFrame(tasks, columns=TASKS.columns[:-1]), pd.DataFrame(reports, columns=PROGRESS.columns)


def slowly(register: Register, day: dt.date, known_on: dt.date | None = None) -> dict[tuple[str, str], dict]:
    """Measure completion by loops over tasks and reports, straight from the words of the definition."""
    tasks, progress = register
    cells: dict[tuple[str, str], dict] = {}
    for row in tasks.itertuples():
        known = [
            r
            for r in progress.itertuples()
            if (r.unit, r.task) == (row.unit, row.task) and (known_on is None or r.reported_on <= known_on)
        ]
        past = [r for r in known if r.as_of <= day]
        state = max(past, key=lambda r: (r.as_of, r.revision)).completion if past else None
        if day < row.start:
            state = 0.0
        on_time = None
        at_due = [r for r in past if r.as_of >= row.due]
        if row.due <= day and at_due:
            first = min(r.as_of for r in at_due)
            on_time = max((r for r in at_due if r.as_of == first), key=lambda r: r.revision).completion >= 1
        cell = cells.setdefault((row.unit, row.dimension), {"tasks": []})
        cell["tasks"].append((row.weight * row.share, state, row.due <= day, on_time))
    for cell in cells.values():
        rows = cell.pop("tasks")
        known = [(w, s, d) for w, s, d, _ in rows if s is not None]
        total = sum(w for w, *_ in rows)
        mean = lambda pairs: sum(w * s for w, s in pairs) / sum(w for w, _ in pairs) if pairs else NAN  # noqa: E731
        judged = [o for *_, o in rows if o is not None]
        cell["completion"] = mean([(w, s) for w, s, _ in known])
        cell["low"] = sum(w * s for w, s, _ in known) / total
        cell["high"] = sum(w * (1 if s is None else s) for w, s, *_ in rows) / total
        cell["of_due"] = mean([(w, s) for w, s, d in known if d])
        cell["complete"] = sum(s >= 1 for _, s, _ in known) / len(known) if known else NAN
        cell["on_time"] = sum(judged) / len(judged) if judged else NAN
        cell["tasks"] = len(rows)
        cell["unreported"] = len(rows) - len(known)
    return cells


@few
@given(registers(), st.sampled_from([None, *DAYS]), st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_loops_give_the_same_in_any_order_and_unit_of_weights(register, known_on, random, factor) -> None:
    cells = pa.completion(*register, as_of=DAYS, known_on=known_on)
    fast = cells.set_index(["as_of", "unit", "dimension"])
    for day in DAYS:
        slow = slowly(register, day, known_on)
        assert set(fast.loc[pd.Timestamp(day)].index) == set(slow)
        for (unit, dimension), expected in slow.items():
            found = fast.loc[(pd.Timestamp(day), unit, dimension), list(expected)]
            assert found.astype(float).tolist() == pytest.approx(list(expected.values()), abs=1e-12, nan_ok=True)
    mixed = tuple(table.iloc[random.sample(range(len(table)), len(table))] for table in register)
    again = pa.completion(*mixed, as_of=DAYS, known_on=known_on)
    pd.testing.assert_frame_equal(again, cells, check_exact=True)
    tasks, progress = register
    scaled = pa.completion(tasks.assign(weight=tasks["weight"] * factor), progress, as_of=DAYS, known_on=known_on)
    pd.testing.assert_frame_equal(scaled, cells, rtol=1e-12, atol=1e-12)
    assert cells[["low", "high"]].notna().all(axis=None)
    known = cells.dropna(subset="completion")
    assert ((known[["completion", "low", "high"]] >= 0) & (known[["completion", "low", "high"]] <= 1)).all(axis=None)
    assert (known["low"] <= known["completion"] + 1e-12).all()
    assert (known["completion"] <= known["high"] + 1e-12).all()
    certain = known[known["unreported"] == 0]
    assert (certain["low"] == certain["completion"]).all()
    assert (certain["high"] == certain["completion"]).all()


def with_report(register: Register, place: int, as_of: dt.date, delay: int, done: float) -> Register:
    """Add a report of one of the tasks, not before the task begins; its revision is one that no other has."""
    tasks, progress = register
    task = tasks.iloc[place % len(tasks)]
    as_of = max(as_of, task["start"])
    row = (task["unit"], task["task"], as_of, as_of + dt.timedelta(delay), done, 9)
    return tasks, pd.concat([progress, pd.DataFrame([row], columns=progress.columns)], ignore_index=True)


later = st.tuples(st.integers(0, 9), st.integers(0, 300), st.integers(0, 400), st.sampled_from([0.0, 0.6, 1.0]))


@few
@given(registers(), later, st.sampled_from(DAYS))
def test_what_comes_later_changes_nothing(register: Register, later, day: dt.date) -> None:
    """A report for a later day, and one that was made after the day from which it is looked at."""
    place, after, delay, done = later
    more = with_report(register, place, day + dt.timedelta(1 + after), delay, done)
    before = pa.completion(*register, as_of=day)
    pd.testing.assert_frame_equal(pa.completion(*more, as_of=day), before, check_exact=True)
    tasks, reports = with_report(register, place, DAY0 + dt.timedelta(after), 0, done)
    reports.loc[len(reports) - 1, "reported_on"] = max(day + dt.timedelta(1 + delay), reports["as_of"].iloc[-1])
    known = pa.completion(*register, as_of=DAYS, known_on=day)
    pd.testing.assert_frame_equal(pa.completion(tasks, reports, as_of=DAYS, known_on=day), known, check_exact=True)


def test_later_reports_do_matter_where_they_may() -> None:
    register = (TASKS, PROGRESS.iloc[:4])
    for table in register:  # the properties above would hold of a function that reads nothing
        assert len(table)
    early = pa.completion(*register, as_of="2018-12-31")
    late = pa.completion(TASKS, PROGRESS, as_of="2018-12-31")
    assert not early["completion"].equals(late["completion"])


def test_sums_over_units_by_hand():
    # b has begun a task that nobody reported on: its completion is not known, and bounds it from 0 to 1.
    day = pd.Timestamp("2020-09-30")
    cells = pd.DataFrame(
        {
            "unit": ["a", "b", "c"],
            "year": 2020,
            "as_of": day,
            "dimension": "D1",
            "completion": [0.2, np.nan, 0.6],
            "low": [0.2, 0.0, 0.3],
            "high": [0.2, 1.0, 0.8],
            "tasks": [1, 1, 4],
            "unreported": [0, 1, 2],
        }
    )
    row = completion_over_units(cells.sample(frac=1, random_state=1)).iloc[0]
    assert (row["units"], row["tasks"], row["unreported"]) == (2, 6, 3)
    assert row[["completion", "low", "high"]].tolist() == pytest.approx([0.4, 0.5 / 3, 2 / 3])
    unknown = completion_over_units(cells[cells["unit"] == "b"]).iloc[0]
    assert unknown["units"] == 0
    assert np.isnan(unknown["completion"])


def test_a_fall_is_told_from_a_task_that_comes_back():
    cells = pd.DataFrame(
        {
            "unit": ["a"] * 3 + ["b"] * 3,
            "dimension": "D1",
            "as_of": list(pd.to_datetime(["2019-09-30", "2020-09-30", "2021-09-30"])) * 2,
            "completion": [0.5, 1.0, 0.6, 0.4, np.nan, 0.3],
            "unreported": [0, 1, 0, 0, 1, 0],
        }
    )
    falls = completion_falls(cells.sample(frac=1, random_state=1))
    assert falls[["unit", "before", "unreported_before", "unreported"]].to_numpy().tolist() == [["a", 1.0, 1, 0]]
