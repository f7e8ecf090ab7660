"""Where each task stood on given days, as expressions that pandas, Polars, DuckDB and Dask frames all understand.

Only simple steps are used, which every engine knows at every size: joins on keys, sums and maxima by group. Nothing
depends on the order of rows.
"""

from __future__ import annotations

from functools import reduce
from operator import add, mul
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
#: So many moments have a binary place of their own in a float.
FEW = 50


class Moments(NamedTuple):
    """The moments of the reports, each a day and a revision, and the numbers they are written as.

    ``table`` has a row for each: ``as_of`` and ``revision`` as in the reports; ``day`` (its code), ``order`` (a whole
    number, higher for later days and, on one day, later revisions) and ``power`` (a power of two). Where moments are
    ``few``, each has a power of its own, lower for later days and, on one day, higher for later revisions; ``reached``
    says for each day what all powers from that day on stay below. Where they are many, powers come round.
    """

    table: Frame
    rows: int  #: how many reports there are
    before: float  #: a code earlier than those of the reports
    revisions: float  #: more than the last revision
    halves: bool  #: whether completion takes two numbers
    few: bool
    places: int  #: binary places that powers take
    reached: dict[float, float]


class Register(NamedTuple):
    """Tasks and reports as narwhals frames of one engine, with days as codes.

    ``tasks`` says in ``served`` how many rows a task has. ``dates`` holds ``start`` and ``due`` by the columns ``by``:
    of each task, or of each name of a task where all units share one calendar.
    """

    tasks: Frame
    reports: Frame
    dates: Frame
    by: list[str]
    moments: Moments


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
        Whether to say how many of a task's reports are sound.

    Returns
    -------
    Frame
        The columns of the tasks; for each day ``known0`` (not begun, or reported on), ``is_due0`` and ``judged0`` (a
        report at or after the due date existed by the day), all 0 or 1, ``done0`` (0 where not known), ``last0`` (the
        code of the report used, 0 for none); ``was_done`` (1 if completion stood at 1 in the first report at or after
        the due date); ``sound``, shared among the rows of a task.
    """
    moments, days = register.moments, range(len(codes))
    reports = register.reports.join(moments.table, on=["as_of", "revision"], how="inner")
    latest = _latest_by_power if moments.few else _latest_by_date
    found, names = latest(reports, register, codes, known_on, count)
    states = register.tasks.join(_read_back(found, moments, days, names), on=TASK, how="left")
    states = states.with_columns(nw.col(*numbered("order", days), *numbered("done", days), *names).fill_null(0.0))
    parts = _judged_by_power(moments, names, count) if moments.few else {"was_done": nw.col("after") % 2.0}
    parts |= {f"begun{day}": (nw.col("start") <= code).cast(nw.Float64) for day, code in enumerate(codes)}
    parts |= {f"is_due{day}": (nw.col("due") <= code).cast(nw.Float64) for day, code in enumerate(codes)}
    states = states.with_columns(**parts)
    parts = {"sound": _ones(nw.col("sound"), moments.places) / nw.col("served")} if count else {}
    for day in days:
        order, begun = nw.col(f"order{day}"), nw.col(f"begun{day}")
        reported = begun * (order > 0).cast(nw.Float64)
        parts[f"known{day}"] = 1.0 - begun + reported
        parts[f"done{day}"] = begun * nw.col(f"done{day}")
        parts[f"last{day}"] = ((order / moments.revisions).floor() + moments.before) * reported
    judged = {
        f"judged{day}": nw.col(f"is_due{day}") * (nw.col(f"last{day}") >= nw.col("due")).cast(nw.Float64)
        for day in days
    }
    return states.with_columns(**parts).with_columns(**judged)


def numbered(name: str, days: range) -> list[str]:
    """Name the columns of each day.

    >>> numbered("done", range(2))
    ['done0', 'done1']
    """
    return [f"{name}{day}" for day in days]


def _latest_by_power(
    reports: Frame, register: Register, codes: list[float], known_on: float | None, count: bool
) -> tuple[Frame, list[str]]:
    """Find the reports that count, without a look at the dates of tasks: one row per task with reports.

    ``there`` adds up the powers of the reports, and ``met`` those of the complete ones. Both say, of any due date that
    comes later, what the first report at or after it is: see ``_judged_by_power``.
    """
    counts, power = _counts(known_on), nw.col("power") * nw.col("usable")
    there = reduce(mul, counts, power)
    parts = {"there": there, "met": there * (nw.col("completion") >= 1.0).cast(nw.Float64)}
    if count and known_on is not None:  # else they are those that are there
        parts["sound"] = power
    found = [nw.col(name).sum() for name in parts]
    packed = _packed(register.moments, codes, counts)
    rows = reports.select(*TASK, **packed, **parts).group_by(TASK)
    return rows.agg(*(nw.col(name).max() for name in packed), *found), [*parts]


def _latest_by_date(
    reports: Frame, register: Register, codes: list[float], known_on: float | None, count: bool
) -> tuple[Frame, list[str]]:
    """Find the reports that count beside the dates of their tasks: one row per task with reports.

    ``after`` is the greatest number that a report at or after the due date is written as: the earliest day, then the
    last revision, then whether it was complete. ``sound`` adds up the powers of reports.
    """
    moments, counts = register.moments, _counts(known_on)
    joined = reports.join(register.dates, on=register.by, how="inner")
    after = ((NEVER - nw.col("day")) * moments.revisions + nw.col("revision")) * 2.0
    after = after + (nw.col("completion") >= 1.0).cast(nw.Float64)
    packed = _packed(moments, codes, counts)
    packed["after"] = reduce(mul, counts, after * (nw.col("day") >= nw.col("due")).cast(nw.Float64))
    powers = nw.col("power") * nw.col("usable") * (nw.col("day") >= nw.col("start")).cast(nw.Float64)
    parts = {"sound": powers} if count else {}
    rows = joined.select(*TASK, **packed, **parts).group_by(TASK)
    found = [nw.col(name).max() for name in packed] + [nw.col(name).sum() for name in parts]
    return rows.agg(*found), ["after", *parts]


def _counts(known_on: float | None) -> list[nw.Expr]:
    """Give 1 for reports that had been made by a day, 0 for others, where there is such a day."""
    return [] if known_on is None else [(nw.col("reported_on") <= known_on).cast(nw.Float64)]


def _packed(moments: Moments, codes: list[float], counts: list[nw.Expr]) -> dict[str, nw.Expr]:
    """Write reports as numbers whose maximum over those up to a day is the latest, columns numbered by the day.

    So that completion comes along, it is written behind the moment in the same number. Where one number has no room for
    it, half of its binary places stand in one and half in another: both maxima are of one report, since no two of a
    task have the same moment.
    """
    order, done = nw.col("order"), nw.col("completion")
    if moments.halves:
        high = (done * PLACES).floor()
        low = ((done * PLACES - high) * PLACES + 0.5).floor()
        written = {"upper": order * ROOM_OF_HALF + high, "lower": order * ROOM_OF_HALF + low}
    else:
        written = {"upper": order * ROOM + done * FINEST}
    in_time = [reduce(mul, counts, (nw.col("day") <= code).cast(nw.Float64)) for code in codes]
    return {f"{name}{day}": part * in_time[day] for name, part in written.items() for day in range(len(codes))}


def _read_back(latest: Frame, moments: Moments, days: range, names: list[str]) -> Frame:
    """Take apart what ``_packed`` put together: ``order0`` and ``done0`` of the latest report, beside ``names``."""
    room = ROOM_OF_HALF if moments.halves else ROOM
    latest = latest.with_columns(**{f"order{day}": (nw.col(f"upper{day}") / room).floor() for day in days})
    parts = {}
    for day in days:
        first, second = (nw.col(f"{name}{day}") - nw.col(f"order{day}") * room for name in ("upper", "lower"))
        finest = (first / PLACES + second / PLACES**2) * FINEST if moments.halves else first
        parts[f"done{day}"] = (finest + 0.5).floor() / FINEST
    return latest.select(*TASK, *numbered("order", days), *names, **parts)


def _judged_by_power(moments: Moments, names: list[str], count: bool) -> dict[str, nw.Expr]:
    """Say of each task whether it was complete in the first report at or after its due date; 0 where there is none.

    The powers from the due date on are the lower ones, and the greatest of them is that of the report in question. It
    is among those of complete reports if these make up more than half: all lower powers together are less than it.
    With ``count``, reports from before the start are held not to be sound.
    """
    from_due = _reached("due", moments)
    there, met = (nw.col(name) - (nw.col(name) / from_due).floor() * from_due for name in ("there", "met"))
    parts = {"was_done": (met * 2.0 > there).cast(nw.Float64)}
    if count:
        sound = nw.col("sound" if "sound" in names else "there")
        parts["sound"] = sound * (sound < _reached("start", moments)).cast(nw.Float64)
    return parts


def _reached(name: str, moments: Moments) -> nw.Expr:
    """Look up what the powers from a date on stay below: a sum over days, which every engine adds up exactly."""
    steps, below = [], 1.0
    for day, reached in sorted(moments.reached.items(), reverse=True):
        steps.append((nw.col(name) <= day).cast(nw.Float64) * (reached - below))
        below = reached
    return reduce(add, steps, nw.lit(1.0))


def _ones(number: nw.Expr, places: int) -> nw.Expr:
    """Count the ones of a whole number in base two, by Legendre's formula.

    A sum of powers below two to the ``places`` has as many as there are powers, if no two are the same, else fewer.
    """
    return number - reduce(add, ((number * 2.0**-place).floor() for place in range(1, places + 1)))
