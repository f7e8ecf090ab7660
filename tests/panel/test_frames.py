"""What an econometrician has goes into a panel, and comes out again."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as arrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import papi_analysis as pa
from papi_analysis.credibility.sensitivity import conclusion_turns, overstated_reports
from papi_analysis.panel.changes import score_changes

NAN = float("nan")
SCORES = pd.DataFrame(
    [
        ("a", 2018, "x", 5.0),
        ("a", 2019, "x", 6.0),
        ("b", 2018, "x", 5.5),
        ("b", 2019, "x", NAN),
        ("c", 2018, "x", 4.0),
        ("a", 2018, "y", 1.0),
        ("a", 2019, "y", 2.0),
        ("b", 2019, "y", 3.0),
    ],
    columns=["unit", "year", "dimension", "score"],
)
DONE = SCORES.drop(columns="score").assign(completion=[0, 0.5, 0, 0, NAN, 0, 1, 0])


def same(a: pa.Panel, b: pa.Panel) -> bool:
    arrays = np.array_equal(a.scores, b.scores, True) and np.array_equal(a.completion, b.completion, True)
    errors = (a.se is None) == (b.se is None) and (a.se is None or np.array_equal(a.se, b.se, True))
    return arrays and errors and (a.units, a.years, a.dimensions) == (b.units, b.years, b.dimensions)


def test_an_empty_score_is_a_hole_and_never_filled() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE)
    np.testing.assert_array_equal(panel.scores[:, :, 0], [[5, 6], [5.5, NAN], [4, NAN]])
    assert same(panel, pa.Panel.from_frames(SCORES.dropna(), DONE))
    assert len(panel.gaps()) == 6  # b x 2019, b y 2018, c x (completion in 2018, both in 2019), both y of c


def test_a_unit_without_any_score_stays_and_a_year_without_any_does_not() -> None:
    more = pd.DataFrame({"unit": ["d", "a"], "year": [2018, 2020], "dimension": "x", "score": NAN})
    panel = pa.Panel.from_frames(pd.concat([SCORES, more]), DONE)
    assert (panel.units, panel.years) == (("a", "b", "c", "d"), (2018, 2019))
    assert np.isnan(panel.scores[3]).all()


@pytest.mark.parametrize("score", ["n/a", np.inf, "1,5"])
def test_what_is_no_number_is_no_hole(score) -> None:
    with pytest.raises(pa.DataError, match="row 2, column score: this is not a number"):
        pa.Panel.from_frames(SCORES.astype({"score": object}).replace({"score": {5.0: score}}), DONE)


MAKES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "arrow": arrow.Table.from_pandas,
    "in the index": lambda frame: frame.set_index(["unit", "year", "dimension"]),
    "a series": lambda frame: frame.set_index(["unit", "year", "dimension"]).iloc[:, 0],
    "half in the index": lambda frame: frame.set_index("year"),
    "categories": lambda frame: frame.astype({"unit": "category", "dimension": "category"}),
}


@pytest.mark.parametrize("make", MAKES)
def test_tables_of_every_make_give_one_panel(make) -> None:
    assert same(pa.Panel.from_frames(MAKES[make](SCORES), MAKES[make](DONE)), pa.Panel.from_frames(SCORES, DONE))


YEARS = {
    "moments": lambda years: pd.to_datetime(years.astype(str) + "-06-30"),
    "periods": lambda years: pd.PeriodIndex(years.astype(str), freq="Y").to_series().to_numpy(),
    "quarters": lambda years: pd.PeriodIndex(years.astype(str) + "Q1", freq="Q"),
    "dates": lambda years: [dt.date(year, 12, 31) for year in years],
    "numpy": lambda years: years.astype(str).astype("datetime64[s]"),
    "floats": lambda years: years.astype(float),
    "texts": lambda years: years.astype(str),
}


@pytest.mark.parametrize("kind", YEARS)
def test_years_may_be_days_and_periods(kind) -> None:
    scores, done = (frame.assign(year=YEARS[kind](frame["year"])) for frame in (SCORES, DONE))
    assert same(pa.Panel.from_frames(scores, done), pa.Panel.from_frames(SCORES, DONE))


def test_two_days_of_a_year_are_two_rows_for_one_cell() -> None:
    days = pd.to_datetime(["2018-03-31", "2018-06-30"])
    twice = pd.DataFrame({"unit": "a", "year": days, "dimension": "x", "score": [1.0, 2.0]})
    with pytest.raises(pa.DataError, match=r"row 3.*repeats row 2"):
        pa.Panel.from_frames(twice)


def wide(frame: pd.DataFrame, head: str | list[str]) -> pd.DataFrame:
    rows = [name for name in ("unit", "year", "dimension") if name not in ([head] if isinstance(head, str) else head)]
    return frame.pivot(index=rows, columns=head, values=frame.columns[-1])


@pytest.mark.parametrize("head", ["year", "dimension", "unit", ["year", "dimension"], ["dimension", "unit"]])
@pytest.mark.parametrize("in_index", [True, False])
def test_wide_tables_become_long(head, in_index) -> None:
    def long(frame: pd.DataFrame, value: str) -> pd.DataFrame:
        table = wide(frame, head)
        return pa.long_frame(table if in_index else table.reset_index(), head, value=value)

    panel = pa.Panel.from_frames(long(SCORES, "score"), long(DONE, "completion"), dimensions=["x", "y"])
    assert same(panel, pa.Panel.from_frames(SCORES, DONE))


def test_own_names_and_a_single_dimension() -> None:
    table = pd.DataFrame({"country": ["a", "b"], "t": [2018, 2018], "gdp": [1.0, NAN]})
    ours = {"country": "unit", "t": "year", "gdp": "score"}
    long = pa.long_frame(table, rename=ours, dimension="growth")
    assert long.columns.tolist() == ["unit", "year", "dimension", "score"]
    assert pa.Panel.from_frames(long).dimensions == ("growth",)
    polars = pl.DataFrame({"country": ["a", "b"], "2018": [1.0, 2.0], "2019": [3.0, None]})
    panel = pa.Panel.from_frames(pa.long_frame(polars, "year", rename=ours, dimension="growth"))
    np.testing.assert_array_equal(panel.scores[:, :, 0], [[1, 3], [2, NAN]])
    for across in ("year", "years", ["unit", "year"]):
        with pytest.raises(pa.SpecError, match=r"not so (dimension|years|unit).*columns are country, t, gdp"):
            pa.long_frame(table, across)


def test_scores_alone_are_enough_for_impact() -> None:
    rng = np.random.default_rng(0)
    cells = pd.MultiIndex.from_product([range(12), range(2001, 2011), ["x", "y"]], names=["unit", "year", "dimension"])
    scores = pd.Series(rng.normal(size=len(cells)), cells, name="score")
    panel = pa.Panel.from_frames(scores, names={0: "Zero", "x": ("Ex", "Ích")})
    assert repr(panel) == "Panel(12 units, 2001-2010, 2 dimensions, 0 gaps in 240 cells, scores alone)"
    assert panel.names == {"0": ("Zero", "Zero"), "x": ("Ex", "Ích")}
    alone = pa.programme_impact(panel, 0, 2008, method="did")
    none = pa.Panel.from_frames(scores, without_programme=range(12))
    pd.testing.assert_frame_equal(alone.table, pa.programme_impact(none, 0, 2008, method="did").table)
    assert "Zero" in pa.sentence(alone)
    assert any("is not known" in note for note in alone.notes)
    for ask in (pa.completion_slopes, pa.change_slopes, score_changes, overstated_reports, conclusion_turns):
        with pytest.raises(pa.SpecError, match=r"scores alone, and this needs completion.*from_frames\(scores, comp"):
            ask(panel)
    for names in ({"x": 1}, {"x": ("a",)}, {"x": ("a", None)}):
        with pytest.raises(pa.SpecError, match="names has"):
            pa.Panel.from_frames(scores, names=names)


@st.composite
def tables(draw) -> pd.DataFrame:
    units, years, dimensions = (draw(st.integers(1, 4)) for _ in range(3))
    index = pd.MultiIndex.from_product(
        [[f"u{i}" for i in range(units)], range(2001, 2001 + years), [f"d{k}" for k in range(dimensions)]],
        names=["unit", "year", "dimension"],
    )
    n = len(index)
    holes = st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=n, max_size=n)
    shares = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=n, max_size=n)
    frame = pd.DataFrame({"score": draw(holes), "completion": draw(shares)}, index, dtype=float)
    if draw(st.booleans()):
        frame["se"] = frame["score"].abs() + 1
    frame = frame.reset_index()
    return frame if frame["score"].notna().any() else frame.assign(score=1.0)


@given(tables(), st.data())
@settings(max_examples=6, deadline=None)
def test_what_goes_in_comes_out(table, data) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pa.DataWarning)  # completion of a year without any score
        panel = pa.Panel.from_frames(table)
        assert same(pa.Panel.from_frames(panel.frame()), panel)
        asked = {f"{name}s": data.draw(st.lists(st.sampled_from(getattr(panel, f"{name}s")), min_size=1, unique=True))
                 for name in ("unit", "dimension")}  # fmt: skip
        rows = table[table["unit"].isin(asked["units"]) & table["dimension"].isin(asked["dimensions"])]
        if rows["score"].notna().any():
            assert same(panel.only(**asked), pa.Panel.from_frames(rows, dimensions=asked["dimensions"]))
        else:
            with pytest.raises(pa.SpecError, match="none of these units has a score"):
                panel.only(**asked)


def test_a_part_keeps_all_else(panel: pa.Panel) -> None:
    wealth = panel.frame()[["unit", "year"]].drop_duplicates().assign(wealth=lambda t: t["year"] * 1.0)
    whole = pa.Panel.from_frames(
        panel.frame(), names=panel.names, breaks=panel.breaks, controls=wealth,
        known_programmes=panel.known_programmes, simulated_tables=["tasks"],
    )  # fmt: skip
    part = whole.only(units=["VN-HN", "VN-CT"], years=(2015, 2018), dimensions=["D4", "D1"])
    assert (part.units, part.years, part.dimensions) == (("VN-CT", "VN-HN"), (2015, 2016, 2017, 2018), ("D4", "D1"))
    assert (part.names, part.simulated_tables) == (whole.names, ("tasks",))
    pd.testing.assert_frame_equal(part.breaks, whole.breaks)
    pd.testing.assert_frame_equal(part.known_programmes, whole.known_programmes)
    np.testing.assert_array_equal(part.controls["wealth"][0, :, 1], part.years)
    place = whole.position("unit", "VN-HN"), whole.position("year", 2016), whole.position("dimension", "D1")
    assert part.scores[1, 1, 1] == whole.scores[place]
    assert same(whole.only(), whole)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"units": ["VN-CT", "VN-99"]}, "the panel has no unit 'VN-99'"),
        ({"dimensions": ["D9"]}, "the panel has no dimension 'D9'"),
        ({"years": (2000, 2018)}, "the first year 2000 is not within"),
        ({"years": 2018}, "years is a first and a last year"),
        ({"units": []}, "name at least one unit"),
        ({"units": "VN-CT"}, "units is 'VN-CT'; give a list"),
        ({"dimensions": ["D1", "D1"]}, "names one twice"),
    ],
)
def test_a_part_that_is_not_there_is_named(panel: pa.Panel, asked: dict, words: str) -> None:
    with pytest.raises(pa.SpecError, match=words):
        panel.only(**asked)


def test_a_year_that_the_part_has_no_score_of_is_told() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE.assign(completion=0.5))
    with pytest.warns(pa.DataWarning, match="Completion above 0 in 2019 is not used"):
        assert panel.only(units=["b"], dimensions=["x"]).years == (2018,)


def test_a_panel_cannot_be_written_to() -> None:
    panel = pa.Panel.from_frames(SCORES.assign(se=1.0), DONE, controls=SCORES.rename(columns={"score": "wealth"}))
    for values in (panel.scores, panel.completion, panel.se, panel.controls["wealth"], panel.only().scores):
        with pytest.raises(ValueError, match="read-only"):
            values[0, 0, 0] = 7.0
