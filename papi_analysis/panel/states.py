"""Where each task stood on given days, as expressions that pandas, Polars, DuckDB and Dask frames all understand.

Only simple steps are used, which every engine knows at every size: joins on keys, sums and maxima by group. Nothing
depends on the order of rows.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

Frame = Any  #: a narwhals frame, eager or lazy

TASK = ["unit", "task"]
#: A day is held as years since 1900 times 512 plus the day of the year: the order of time, in 17 binary places.
FIRST_YEAR, LAST_YEAR, YEAR = 1900, 2155, 512.0
#: A code later than that of any day.
NEVER = 131072.0
#: Revisions run from 0 to 999 and take 10 places.
REVISIONS = 1024.0
#: Completion is carried in two halves of 25 binary places, and 1 takes one place more. Day, revision and half are 53
#: places together: all that a float holds.
PLACES = 2.0**25
ROOM = 2.0 * PLACES


class Register(NamedTuple):
    """Tasks and reports as narwhals frames of one engine, with days as codes."""

    tasks: Frame
    reports: Frame


def day_code(day: pd.Timestamp) -> float:
    """Give the number that stands for a day; days before 1900 are one, and so are those after 2155.

    >>> day_code(pd.Timestamp(2021, 1, 1)) - day_code(pd.Timestamp(2020, 1, 1))
    512.0
    """
    if day.year < FIRST_YEAR:
        return 1.0
    return NEVER - 1 if day.year > LAST_YEAR else (day.year - FIRST_YEAR) * YEAR + day.day_of_year


def days_coded(codes: pd.Series) -> pd.Series:
    """Turn codes back into days; 0 stands for none.

    >>> days_coded(pd.Series([day_code(pd.Timestamp(2020, 9, 30)), 0])).tolist()
    [Timestamp('2020-09-30 00:00:00'), NaT]
    """
    kinds = codes.unique()  # few, however many rows there are
    years = [f"{FIRST_YEAR + int(code // YEAR)}-{int(code % YEAR)}" if code > 0 else None for code in kinds]
    days = pd.to_datetime(pd.Series(years, index=kinds, dtype="object"), format="%Y-%j").astype("datetime64[ns]")
    back: pd.Series = codes.map(days).astype("datetime64[ns]")
    return back


def code_of(name: str) -> nw.Expr:
    """Say the code of a column of dates; 0 where there is none, and for slips before 1900 and after 2155."""
    year, of_year = (part.fill_null(0).cast(nw.Float64) for part in _parts_of(nw.col(name)))
    code = (year - FIRST_YEAR) * YEAR + of_year
    return where(year.is_between(FIRST_YEAR, LAST_YEAR), code)


def _parts_of(day: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    return day.dt.year(), day.dt.ordinal_day()


def where(condition: nw.Expr, value: nw.Expr | None = None) -> nw.Expr:
    """Give the value, or 1, where the condition holds, and 0 elsewhere."""
    return nw.when(condition).then(nw.lit(1.0) if value is None else value).otherwise(nw.lit(0.0))


def states_on(register: Register, days: Frame, codes: list[float], known_on: float | None, count: bool) -> Frame:
    """Say where each task stood on each day: one row per row of the tasks, and day.

    Parameters
    ----------
    register
        Tasks that passed their checks, and reports.
    days
        A frame of the register's engine: ``number`` (0, 1, ...) and ``day`` (its code) of each day.
    codes
        The same codes, in order.
    known_on
        Reports made after the day of this code do not count.
    count
        Whether to say how many of a task's reports are sound (see ``_months``).

    Returns
    -------
    Frame
        The columns of the tasks and of ``days``; ``begun``, ``known`` (not begun, or reported on), ``is_due`` and
        ``judged`` (a report at or after the due date existed by the day), all 0 or 1; ``done`` (0 where not known),
        ``was_done`` (1 if completion stood at 1 in that report), ``last_report`` (a code, 0 for none); ``sound``.
    """
    states = register.tasks.join(_reports_that_count(register, codes, known_on, count), on=TASK, how="left")
    found = [*_numbered(codes, "upper"), *_numbered(codes, "lower"), "at_due", *(["sound"] if count else [])]
    states = states.with_columns(nw.col(*found).fill_null(0.0)).join(days, how="cross")
    upper, lower = (_of_the_day(_numbered(codes, half)) for half in ("upper", "lower"))
    order, after = (upper / ROOM).floor(), (nw.col("at_due") / 2.0).floor()
    states = states.with_columns(
        upper=upper,
        lower=lower,
        order=order,
        last_report=(order / REVISIONS).floor(),
        judged_on=NEVER - (after / REVISIONS).floor(),
        was_done=nw.col("at_due") - after * 2.0,
        begun=(nw.col("start") <= nw.col("day")).cast(nw.Float64),
        is_due=(nw.col("due") <= nw.col("day")).cast(nw.Float64),
    )
    packed = nw.col("order") * ROOM
    done = (nw.col("upper") - packed) / PLACES + (nw.col("lower") - packed) / PLACES**2
    reported = nw.col("begun") * (nw.col("last_report") > 0).cast(nw.Float64)
    judged = ((nw.col("at_due") > 0) & (nw.col("judged_on") <= nw.col("day"))).cast(nw.Float64)
    return states.with_columns(
        known=1.0 - nw.col("begun") + reported, done=reported * done, judged=nw.col("is_due") * judged
    )


def _numbered(codes: list[float], name: str) -> list[str]:
    return [f"{name}{number}" for number in range(len(codes))]


def _of_the_day(names: list[str]) -> nw.Expr:
    """Take from columns numbered by the day that of the row's own day."""
    own = [nw.col(name) * (nw.col("number") == number).cast(nw.Float64) for number, name in enumerate(names)]
    return reduce(add, own)


def _reports_that_count(register: Register, codes: list[float], known_on: float | None, count: bool) -> Frame:
    """Find the reports that count: one row per task with reports, columns numbered by the day.

    ``upper0``, ``lower0`` ...: the latest report at or before the day in its last revision. ``at_due``: the first at
    or after the due date, likewise, and whether completion stood at 1. The latest of several is a maximum. So that
    completion comes along, it is written behind the day and the revision in the same number, half of its binary places
    in one and half in another: both maxima are of one report, since no two have the same day and revision.
    """
    dates = register.tasks.group_by(TASK).agg(nw.col("start").min(), nw.col("due").min(), nw.len().alias("served"))
    high = (nw.col("completion") * PLACES).floor()
    low = ((nw.col("completion") * PLACES - high) * PLACES + 0.5).floor()
    order = (nw.col("as_of") * REVISIONS + nw.col("revision")) * ROOM
    is_done = (nw.col("completion") >= 1.0).cast(nw.Float64)
    after = ((NEVER - nw.col("as_of")) * REVISIONS + nw.col("revision")) * 2.0 + is_done
    joined = register.reports.with_columns(upper=order + high, lower=order + low, after=after)
    joined = joined.join(dates, on=TASK, how="inner")
    counts = 1.0 if known_on is None else (nw.col("reported_on") <= known_on).cast(nw.Float64)
    parts = {"at_due": nw.col("after") * (nw.col("as_of") >= nw.col("due")).cast(nw.Float64) * counts}
    for number, code in enumerate(codes):
        in_time = (nw.col("as_of") <= code).cast(nw.Float64) * counts
        parts |= {f"{half}{number}": nw.col(half) * in_time for half in ("upper", "lower")}
    found = [nw.col(name).max() for name in parts]
    if count:
        parts["sound"] = _months()
        found.append(nw.col("sound").sum())
    one_each = joined.select(*TASK, "served", **parts).group_by(TASK).agg(nw.col("served").max(), *found)
    return one_each.with_columns(sound=_ones(nw.col("sound")) / nw.col("served")) if count else one_each


def _months() -> nw.Expr:
    """Write a sound report as a power of two: one for its month, or for as many months later as it was revised.

    The sum over a task's reports has as many ones in base two as there are reports if no two share a month, and fewer
    if two do. So one sum shows that no report is there twice; where two share a month, a slower look
    (``registers.check_reports``) says whether they are one report. Months come round after 50, which keeps quarterly
    reports and their first two revisions apart for four years. Ends and beginnings of months fall well within a
    thirty-and-a-half-day slot.
    """
    as_of, revision = nw.col("as_of"), nw.col("revision")
    fits = (as_of > 0) & (as_of >= nw.col("start")) & (nw.col("reported_on") >= as_of)
    usable = (nw.col("completion") >= 0.0) & (revision >= 0)
    year = (as_of / YEAR).floor()
    month = year * 12.0 + ((as_of - year * YEAR + 14.0) / 30.5).floor() + revision
    return (fits & usable).cast(nw.Float64) * 2.0 ** (month - (month / 50.0).floor() * 50.0)


def _ones(number: nw.Expr) -> nw.Expr:
    """Count the ones of a whole number in base two, by Legendre's formula."""
    return number - reduce(add, ((number * 2.0**-place).floor() for place in range(1, 54)))
