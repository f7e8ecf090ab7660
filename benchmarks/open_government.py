"""The register of ``data/open_government``: tasks and progress reports from the commitments as they were coded.

``commitments.csv`` holds what an independent reviewer coded. These rules make ``tasks.csv`` and ``progress.csv`` of it;
they were fixed before any slope was seen.

* Which: commitments of national plans that began in 2011-2021 (later ones have no code of completion at all), of
  countries that have scores.
* Serves: no source says which indicator a commitment serves, so each serves all six alike, a share of 1/6 each. What
  completion moves is then asked of all six at once.
* Start and due: the day that is printed, the first day of the month, quarter or year for a start, the last for an end.
  In plans that began by 2014 the day stands before the month, later the month before the day, as all days that can be
  read in one way only do. Where none is printed, or one outside the plan's years, it is the first or the last day of
  the plan's years.
* Completion: Not Started 0, Limited 1/3, Substantial 2/3, Complete 1: four steps of equal width. Every other code (NR,
  ND, Unclear, Withdrawn, none) is no report: it is unreported, never 0.
* The code at the end stands for the plan's last day, the latest due date of its commitments; the code at mid-term for
  the middle between that and the plan's first start. The days of review are not in the data, nor when a code was
  published: ``reported_on`` repeats ``as_of``, so this register says nothing about late reports.
* Where the code at the end is lower than the one at mid-term, the reviewer took the earlier judgement back: revision 1.

The two tables come from

    python benchmarks/open_government.py data/open_government
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

DIMENSIONS = ("CC", "GE", "PV", "RL", "RQ", "VA")
SCALE = {"Not Started": 0.0, "Limited": 0.333333, "Substantial": 0.666667, "Complete": 1.0}
SHARE = 0.1666667
LAST_CODED, DAY_FIRST = 2021, 2014
MONTHS = {month: number for number, month in enumerate(pd.date_range("2000", periods=12, freq="MS").month_name(), 1)}
QUARTERS = {"I": 1, "II": 2, "III": 3, "IV": 4, "1": 1, "2": 2, "3": 3, "4": 4}
#: Day 0 of a spreadsheet: a year kept as a number of days was printed as a day of 1905.
DAY_0 = pd.Timestamp(1899, 12, 30)


def printed_day(text: str, day_first: bool, end: bool) -> pd.Timestamp:
    """Read a day as the compilation prints it; of a month, quarter or year the first day, or the last at the end."""

    def within(year: int, first: int, last: int) -> pd.Timestamp:
        return pd.Timestamp(year, last, 1) + pd.offsets.MonthEnd(0) if end else pd.Timestamp(year, first, 1)

    if found := re.fullmatch(r"(\d+)/(\d+)/(\d+)", text):
        first, second, year = map(int, found.groups())
        day, month = (first, second) if day_first else (second, first)
        if year == 1905:
            return within((pd.Timestamp(year, month, day) - DAY_0).days, 1, 12)
        return pd.Timestamp(year + 2000 * (year < 100), month, day)
    if re.fullmatch(r"\d{5}", text):
        return DAY_0 + pd.Timedelta(days=int(text))
    if re.fullmatch(r"\d{4}", text):
        return within(int(text), 1, 12)
    if found := re.fullmatch(r"(\w+) (\d{4})", text):
        month = MONTHS.get(found[1])
        return within(int(found[2]), month, month) if month else pd.NaT
    if found := re.fullmatch(r"(?:Quarter )?(\w+)(?: quarter of)? (\d{4})", text):
        last = 3 * QUARTERS[found[1]]
        return within(int(found[2]), last - 2, last)
    return pd.NaT


def with_days(commitments: pd.DataFrame) -> pd.DataFrame:
    """Add ``start`` and ``due`` of each commitment, ``middle`` and ``end`` of its plan."""
    first = pd.to_datetime(commitments["first_year"].astype(str) + "-01-01")
    last = pd.to_datetime(commitments["last_year"].astype(str) + "-12-31")
    days = {}
    for name, column, end, bound in (("start", "start_date", False, first), ("due", "end_date", True, last)):
        printed = zip(commitments[column], commitments["first_year"] <= DAY_FIRST, strict=True)
        read = pd.Series([printed_day(text, order, end) for text, order in printed], commitments.index)
        days[name] = read.where(read.between(first, last)).fillna(bound)
    plan = commitments["plan"]
    began, ended = days["start"].groupby(plan).transform("min"), days["due"].groupby(plan).transform("max")
    return commitments.assign(**days, middle=(began + (ended - began) / 2).dt.normalize(), end=ended)


def register(commitments: pd.DataFrame, units: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tasks and the progress reports of the commitments that count."""
    national = (commitments["level"] == "National") & commitments["unit"].isin(units)
    kept = with_days(commitments[national & (commitments["first_year"] <= LAST_CODED)])
    each = pd.DataFrame({"dimension": DIMENSIONS, "share": SHARE})
    tasks = kept[["unit", "task", "start", "due"]].merge(each, how="cross")
    middle, end = (kept[column].map(SCALE) for column in ("completion_midterm", "completion_end"))
    parts = (
        kept.assign(as_of=kept["middle"], completion=middle, revision=0),
        kept.assign(as_of=kept["end"], completion=end, revision=(end < middle).astype(int)),
    )
    progress = pd.concat(parts).dropna(subset="completion")
    progress = progress[progress["start"] <= progress["as_of"]].sort_values(["unit", "task", "as_of"])
    progress["reported_on"] = progress["as_of"]
    return (
        tasks[["unit", "task", "dimension", "share", "start", "due"]],
        progress[["unit", "task", "as_of", "reported_on", "completion", "revision"]],
    )


def main(folder: Path) -> None:
    commitments = pd.read_csv(folder / "commitments.csv", keep_default_na=False)
    units = pd.read_csv(folder / "units.csv", keep_default_na=False)["unit"]
    for name, table in zip(("tasks", "progress"), register(commitments, units), strict=True):
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", date_format="%Y-%m-%d")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
