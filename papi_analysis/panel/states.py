"""Where each task stood on given days, as expressions that pandas, Polars, DuckDB and Dask frames all understand.

Only simple steps are used, which every engine knows at every size: joins on keys, sums and maxima by group. Nothing
depends on the order of rows.
"""

from __future__ import annotations

from functools import reduce
from operator import add, and_
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

Frame = Any  #: a narwhals frame, eager or lazy

TASK = ["unit", "task"]
#: A day is held as its year times 512 plus the day of the year: the order of time, in 21 binary places.
FIRST_YEAR, LAST_YEAR, YEAR = 1900, 2155, 512.0
#: A code later than that of any day.
NEVER = 2.0**21
#: Revisions run from 0 to 999.
REVISIONS = 1000.0
#: The completion of a report counts to twelve decimals, for which 40 binary places have room. That leaves 13 of a
#: float's 53 for its day and revision.
FINEST, ROOM, ORDERS = 1e12, 2.0**40, 2.0**13
#: Where days and revisions take more places, completion is carried in two halves of 25, and 1 takes one place more.
PLACES, ROOM_OF_HALF = 2.0**25, 2.0**26
#: So many months, and revisions after the last, have a binary place of their own; then they come round.
MONTHS = 50


class Ends(NamedTuple):
    """What the reports span, and so how they are written as numbers."""

    rows: int  #: how many reports there are; 0 where some value cannot be right
    before: float  #: a code earlier than those of the reports
    revisions: float  #: more than the last revision
    halves: bool  #: whether completion takes two numbers
    month: float  #: the first month, counted from year 0
    places: int  #: how many months there are, with revisions after the last, and at most ``MONTHS``


class Register(NamedTuple):
    """Tasks and reports as narwhals frames of one engine, with days as codes.

    ``tasks`` says in ``served`` how many rows a task has. ``dates`` holds ``start`` and ``due`` by the columns ``by``:
    of each task, or of each name of a task where all units share one calendar.
    """

    tasks: Frame
    reports: Frame
    dates: Frame
    by: list[str]
    ends: Ends


def day_code(day: pd.Timestamp) -> float:
    """Give the number that stands for a day; days before 1900 are one, and so are those after 2155.

    >>> day_code(pd.Timestamp(2021, 1, 1)) - day_code(pd.Timestamp(2020, 1, 1))
    512.0
    """
    if day.year < FIRST_YEAR:
        return FIRST_YEAR * YEAR
    return NEVER - 1.0 if day.year > LAST_YEAR else day.year * YEAR + day.day_of_year


def days_coded(codes: pd.Series) -> pd.Series:
    """Turn codes back into days; 0 stands for none.

    >>> days_coded(pd.Series([day_code(pd.Timestamp(2020, 9, 30)), 0])).tolist()
    [Timestamp('2020-09-30 00:00:00'), NaT]
    """
    kinds = codes.unique()  # few, however many rows there are
    years = [f"{int(code // YEAR)}-{int(code % YEAR)}" if code > 0 else None for code in kinds]
    days = pd.to_datetime(pd.Series(years, index=kinds, dtype="object"), format="%Y-%j").astype("datetime64[ns]")
    back: pd.Series = codes.map(days).astype("datetime64[ns]")
    return back


def code_of(name: str) -> nw.Expr:
    """Say the code of a column of dates; 0 where there is none, and for slips before 1900 and after 2155."""
    code = raw_code_of(name)
    in_time = code.is_between(FIRST_YEAR * YEAR, (LAST_YEAR + 1) * YEAR).fill_null(False)
    return nw.when(in_time).then(code).otherwise(nw.lit(0.0))


def raw_code_of(name: str) -> nw.Expr:
    """Say the code of a column of dates; none where there is no date."""
    day = nw.col(name).dt
    return day.year().cast(nw.Float64) * YEAR + day.ordinal_day().cast(nw.Float64)


def month_of(name: str) -> nw.Expr:
    """Count the months of a column of dates from year 0."""
    day = nw.col(name).dt
    return day.year().cast(nw.Float64) * 12.0 + day.month().cast(nw.Float64)


def states_on(register: Register, codes: list[float], known_on: float | None, count: bool) -> Frame:
    """Say where each task stood on each day: one row per row of the tasks, columns numbered by the day.

    Parameters
    ----------
    register
        Tasks that passed their checks, and reports.
    codes
        The codes of the days, in order: day 0, 1, ...
    known_on
        Reports made after the day of this code do not count.
    count
        Whether to say how many of a task's reports are sound (see ``_months``).

    Returns
    -------
    Frame
        The columns of the tasks; for each day ``known0`` (not begun, or reported on), ``is_due0`` and ``judged0`` (a
        report at or after the due date existed by the day), all 0 or 1, ``done0`` (0 where not known), ``last0`` (the
        code of the report used, 0 for none); ``was_done`` (1 if completion stood at 1 in the report at or after the
        due date); ``sound``, shared among the rows of a task.
    """
    ends, days = register.ends, range(len(codes))
    found = [*numbered("order", days), *numbered("done", days), "since", "was_done", *(["sound"] if count else [])]
    states = register.tasks.join(_reports_that_count(register, codes, known_on, count), on=TASK, how="left")
    states = states.with_columns(nw.col(*found).fill_null(0.0))
    past = {f"begun{day}": (nw.col("start") <= code).cast(nw.Float64) for day, code in enumerate(codes)}
    past |= {f"is_due{day}": (nw.col("due") <= code).cast(nw.Float64) for day, code in enumerate(codes)}
    states = states.with_columns(**past)
    parts = {"sound": nw.col("sound") / nw.col("served")} if count else {}
    for day, code in enumerate(codes):
        order, begun = nw.col(f"order{day}"), nw.col(f"begun{day}")
        reported = begun * (order > 0).cast(nw.Float64)
        parts[f"known{day}"] = 1.0 - begun + reported
        parts[f"done{day}"] = begun * nw.col(f"done{day}")
        parts[f"last{day}"] = ((order / ends.revisions).floor() + ends.before) * reported
        parts[f"judged{day}"] = nw.col(f"is_due{day}") * (nw.col("since") >= NEVER - code).cast(nw.Float64)
    return states.with_columns(**parts)


def numbered(name: str, days: range) -> list[str]:
    """Name the columns of each day.

    >>> numbered("done", range(2))
    ['done0', 'done1']
    """
    return [f"{name}{day}" for day in days]


def _reports_that_count(register: Register, codes: list[float], known_on: float | None, count: bool) -> Frame:
    """Find the reports that count: one row per task with reports, columns numbered by the day.

    Of the latest report at or before the day, in its last revision: ``order0`` (day and revision) and ``done0``. Of the
    first at or after the due date: ``since`` (its day, counted back from the last there is) and ``was_done``. With
    ``count``: ``sound``.

    The latest of several is a maximum. So that completion comes along, it is written behind the day and the revision in
    the same number. Where one number has no room for it, half of its binary places stand in one and half in another:
    both maxima are of one report, since no two have the same day and revision.
    """
    columns = _written(register.ends)
    packed = [name for name in columns if name != "after"]
    counts = {} if known_on is None else {"counts": nw.col("reported_on") <= known_on}
    if count:
        columns["month"] = _months(register.ends)
    reports = register.reports.select(*TASK, "as_of", **columns, **counts)
    joined = reports.join(register.dates, on=register.by, how="inner")
    parts = {"after": nw.col("after") * _all(nw.col("as_of") >= nw.col("due"), *counts)}
    for day, code in enumerate(codes):
        in_time = _all(nw.col("as_of") <= code, *counts)
        parts |= {f"{name}{day}": nw.col(name) * in_time for name in packed}
    found = [nw.col(name).max() for name in parts]
    if count:
        parts["sound"] = nw.col("month") * _all(nw.col("as_of") >= nw.col("start"))
        found.append(nw.col("sound").sum())
    return _read_back(joined.select(*TASK, **parts).group_by(TASK).agg(*found), register.ends, range(len(codes)), count)


def _written(ends: Ends) -> dict[str, nw.Expr]:
    """Write reports as numbers whose maximum is the one that counts: see ``_reports_that_count``."""
    as_of, revision, done = nw.col("as_of"), nw.col("revision"), nw.col("completion")
    order = (as_of - ends.before) * ends.revisions + revision
    after = ((NEVER - as_of) * ends.revisions + revision) * 2.0 + (done >= 1.0).cast(nw.Float64)
    if not ends.halves:
        return {"after": after, "upper": order * ROOM + done * FINEST}
    high = (done * PLACES).floor()
    low = ((done * PLACES - high) * PLACES + 0.5).floor()
    return {"after": after, "upper": order * ROOM_OF_HALF + high, "lower": order * ROOM_OF_HALF + low}


def _read_back(latest: Frame, ends: Ends, days: range, count: bool) -> Frame:
    """Take apart what ``_written`` put together."""
    room = ROOM_OF_HALF if ends.halves else ROOM
    orders = {f"order{day}": (nw.col(f"upper{day}") / room).floor() for day in days}
    latest = latest.with_columns(**orders, since=(nw.col("after") / 2.0).floor())
    parts = {"was_done": nw.col("after") - nw.col("since") * 2.0, "since": (nw.col("since") / ends.revisions).floor()}
    for day in days:
        first, second = (nw.col(f"{name}{day}") - nw.col(f"order{day}") * room for name in ("upper", "lower"))
        finest = (first / PLACES + second / PLACES**2) * FINEST if ends.halves else first
        parts[f"done{day}"] = (finest + 0.5).floor() / FINEST
    if count:
        parts["sound"] = _ones(nw.col("sound"), ends.places)
    return latest.select(*TASK, *orders, **parts)


def _all(condition: nw.Expr, *others: str) -> nw.Expr:
    """Give 1 where a condition holds, and what the columns ``others`` say, and 0 elsewhere."""
    return reduce(and_, (nw.col(name) for name in others), condition).cast(nw.Float64)


def _months(ends: Ends) -> nw.Expr:
    """Write a usable report as a power of two: one for its month, or for as many months later as it was revised.

    The sum over a task's reports has as many ones in base two as there are reports if no two share a month, and fewer
    if two do. So one sum shows that no report is there twice; where two share a month, a slower look
    (``rules.check_reports``) says whether they are one report. Months come round after 50, which keeps quarterly
    reports and their first two revisions apart for four years.
    """
    place = nw.col("month") - ends.month + nw.col("revision")
    if ends.places == MONTHS:
        place = place - (place / MONTHS).floor() * MONTHS
    return nw.col("usable") * 2.0**place


def _ones(number: nw.Expr, places: int) -> nw.Expr:
    """Count the ones of a whole number in base two, by Legendre's formula.

    A sum of powers below two to the ``places`` has as many as there are powers, if no two are the same, else fewer.
    """
    return number - reduce(add, ((number * 2.0**-place).floor() for place in range(1, places + 1)))
