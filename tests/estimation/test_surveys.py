"""A survey every second or third year works as its waves do, and a window of years is a panel cut to them."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.injection import confirm_detectable
from papi_analysis.panel.changes import describe_panel, score_changes

FIRST, TIMES, START = 2001, 9, 6
#: The years of each survey: every year, every second one, and with one wave left out.
CALENDARS = {
    "yearly": [FIRST + t for t in range(TIMES)],
    "biennial": [FIRST + 2 * t for t in range(TIMES)],
    "one skipped": [FIRST + t + (t >= 4) for t in range(TIMES)],
}


def tables(years: list[int], programmes: int = 1, units: int = 24) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Scores of units that drift, completion that grows from the wave START on, and who has no programme."""
    rng = np.random.default_rng(7)
    names, dimensions = [f"u{i:02d}" for i in range(units)], ["A", "B"]
    index = pd.MultiIndex.from_product([names, years, dimensions], names=["unit", "year", "dimension"])
    walks = 20 + rng.normal(size=(units, TIMES, 2)).cumsum(axis=1)
    scores = pd.DataFrame({"score": walks.ravel()}, index=index).reset_index()
    pace = 0.1 + 0.2 * rng.random((programmes, 1, 2))
    done = np.clip(pace * (np.arange(TIMES)[:, None] - START + 1), 0, 1)
    index = pd.MultiIndex.from_product([names[:programmes], years, dimensions], names=["unit", "year", "dimension"])
    return scores, pd.DataFrame({"completion": done.ravel()}, index=index).reset_index(), names[programmes:]


@cache
def panel_of(calendar: str, programmes: int = 1) -> pa.Panel:
    scores, done, others = tables(CALENDARS[calendar], programmes)
    return pa.Panel.from_frames(scores, done, without_programme=others)


QUESTIONS = {
    "levels": lambda p, y: pa.completion_slopes(p).table,
    "lag": lambda p, y: pa.completion_slopes(p, lag=1).table,
    "lead": lambda p, y: pa.completion_slopes(p, lag=-1).table,
    "differences": lambda p, y: pa.completion_slopes(p, form="differences", lagged_score=True).table,
    "window": lambda p, y: pa.completion_slopes(p, lag=1, years=(y[2], y[8])).table,
    "changes": lambda p, y: score_changes(p).drop(columns=["from_year", "to_year"]),
    "change slopes": lambda p, y: pa.change_slopes(p, y[4], y[8]).table,
    "description": lambda p, y: describe_panel(p),
    "reversion": lambda p, y: pa.regression_to_the_mean(p, "u03", y[5]).table,
    "impact": lambda p, y: pa.programme_impact(p, "u00", y[START], method="synthetic_did").table,
    "impact to an end": lambda p, y: pa.programme_impact(p, ["u00", "u05"], y[5], y[7], before=(y[1], y[4])).table,
    "robustness": lambda p, y: pa.impact_robustness(p, "u00", y[START], base_year=y[4], draws=9).drop(columns="choice"),
    "calibrate": lambda p, y: pa.calibrate(p, "did", unit="u00", start=y[START], panels=2).table,
    "calibrate the base year": lambda p, y: (
        pa.calibrate(p, "base_year", unit="u00", start=y[5], base_year=y[3], panels=2).table
    ),
    "confirm": lambda p, y: confirm_detectable(p, "did", unit="u00", start=y[START], draws=3),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_surveys_give_the_numbers_of_their_waves_to_the_last_digit(question) -> None:
    yearly, *others = (QUESTIONS[question](panel_of(name), years) for name, years in CALENDARS.items())
    for waves in others:
        pd.testing.assert_frame_equal(waves, yearly, check_exact=True)
    assert len(yearly)


@pytest.mark.parametrize("programmes", [6, 21])
def test_many_programmes_between_surveys(programmes) -> None:
    for form in ("levels", "differences"):
        answers = [
            pa.completion_slopes(panel_of(name, programmes), form=form, lag=1, draws=49).table
            for name in ("biennial", "yearly")
        ]
        pd.testing.assert_frame_equal(*answers, check_exact=True)


def test_a_start_and_an_end_between_surveys_are_said() -> None:
    panel = panel_of("biennial")  # 2001, 2003, ...
    exact = pa.programme_impact(panel, "u00", 2013, 2015, method="did")
    between = pa.programme_impact(panel, "u00", 2012, 2016, method="did")
    pd.testing.assert_frame_equal(between.table, exact.table)
    said = "No survey was held in 2012, 2016: the programme is counted from the survey of 2013 to that of 2015."
    assert str(between.notes[0]) == said
    assert said not in map(str, exact.notes)
    by_unit = pa.programme_impact(panel, {"u00": 2012, "u01": 2013}, method="did")
    assert str(by_unit.notes[0]).startswith("No survey was held in 2012: ")
    placebos, direct = (pa.calibrate(panel, "did", unit="u00", start=start, panels=2) for start in (2012, 2013))
    pd.testing.assert_frame_equal(placebos.table, direct.table)
    assert str(placebos.notes[0]).startswith("No survey was held in 2012: ")
    with pytest.raises(pa.SpecError, match=r"end 2013 lies before the start 2015\. No survey was held in 2014\."):
        pa.programme_impact(panel, "u00", 2014, 2014)
    with pytest.raises(pa.SpecError, match=r"the start 2018 is not within the panel's years 2001-2017"):
        pa.programme_impact(panel, "u00", 2018)
    with pytest.raises(pa.SpecError, match=r"the panel has no year 2012. It has 2001, 2003"):
        pa.calibrate(panel, "did", unit="u00", start=2013, base_year=2012)


def test_years_earlier_are_surveys_earlier_where_they_are_not_yearly() -> None:
    choices = {
        name: pa.impact_robustness(panel_of(name), "u00", years[START], draws=9).choice.tolist()
        for name, years in CALENDARS.items()
    }
    assert "Placebo in time: as if two years earlier" in choices["yearly"]
    assert "Placebo in time: as if two surveys earlier" in choices["biennial"]
    assert "Backdated: matched two surveys earlier" in choices["one skipped"]


WINDOWED = {
    "levels": {},
    "lag": {"lag": 1},
    "lead": {"lag": -1},
    "differences": {"form": "differences"},
    "lagged score": {"form": "levels", "lagged_score": True},
    "all": {"form": "differences", "lag": 1, "lagged_score": True, "controls": ["wealth"]},
}


@pytest.mark.parametrize("settings", WINDOWED.values(), ids=WINDOWED)
@pytest.mark.parametrize("programmes", [1, 6])
def test_a_window_is_a_panel_cut_to_it(settings, programmes) -> None:
    """Cut by hand: tables that hold no other year."""
    scores, done, others = tables(CALENDARS["yearly"], programmes)
    wealth = scores[["unit", "year"]].drop_duplicates()
    wealth = wealth.assign(wealth=np.random.default_rng(1).normal(size=len(wealth)))
    make = partial(pa.Panel.from_frames, without_programme=others)
    whole = make(scores, done, controls=wealth)
    inside = [table[table["year"].between(2004, 2009)] for table in (scores, done, wealth)]
    cut = make(*inside[:2], controls=inside[2])
    ask = partial(pa.completion_slopes, draws=49, **settings)
    windowed, inside = ask(whole, years=(2004, 2009)), ask(cut)
    pd.testing.assert_frame_equal(windowed.table, inside.table, check_exact=True)
    assert list(map(str, windowed.notes)) == list(map(str, inside.notes))
    pd.testing.assert_frame_equal(windowed.table, ask(whole.cut(2004, 2009)).table, check_exact=True)


def test_differences_look_at_no_year_before_the_window(panel) -> None:
    """On the published scores the year before 2018 was asked by another definition; n counts two changes, not three."""
    table = pa.completion_slopes(panel, form="differences", years=(2018, 2020)).table
    assert table["n"].iloc[-1] == 752  # 63 units x 2 changes x 6, less 4 from the two scores of two units in 2018
    scores = panel.scores.copy()
    scores[:, : panel.position("year", 2018)] += np.random.default_rng(0).normal(size=(63, 7, 6))
    moved = pa.Panel(scores, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    again = pa.completion_slopes(moved, form="differences", years=(2018, 2020)).table
    pd.testing.assert_frame_equal(table, again, check_exact=True)


@pytest.mark.parametrize(
    ("years", "words"),
    [
        ((2012, 2020), "the last year 2020 is not within the panel's years 2001-2017"),
        ((2010, 2004), r"the first year cannot lie after the last: \(2004, 2010\)\?"),
        ((2012, 2012), "no year from 2012 to 2012"),
        (("2003", 2009), r"years is a first and a last year, like \(2018, 2020\), not \('2003', 2009\)"),
        (2003, r"years is a first and a last year, like \(2018, 2020\), not 2003"),
        ((2003, 2005, 2007), "years is a first and a last year"),
        ((2003, 2004), "fewer than two of the 1 years from 2003 to 2003"),
    ],
)
def test_windows_that_hold_nothing_are_refused(years, words) -> None:
    with pytest.raises(pa.SpecError, match=words):
        pa.completion_slopes(panel_of("biennial"), years=years)
