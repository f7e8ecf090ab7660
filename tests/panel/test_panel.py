"""The panel: any index becomes a rectangle in which gaps stay gaps."""

from __future__ import annotations

import dataclasses
import unicodedata
import warnings

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa

NAN = float("nan")
# Another index in another country: three schools, two subjects, years 1 to 4 with no survey in year 3.
SCORES = pd.DataFrame(
    [
        ("north", 1, "reading", 50.0),
        ("north", 2, "reading", 52.0),
        ("north", 4, "reading", 56.0),
        ("north", 1, "sums", 40.0),
        ("north", 4, "sums", 44.0),  # year 2 was not published
        ("south", 1, "reading", 60.0),
        ("south", 2, "reading", 61.0),
        ("south", 1, "sums", 70.0),
        ("west", 2, "reading", 30.0),
        ("west", 2, "music", 99.0),
    ],
    columns=["unit", "year", "dimension", "score"],
)
DONE = pd.DataFrame(
    [
        ("north", 1, "sums", 0.0),
        ("north", 2, "sums", 0.5),
        ("north", 1, "reading", 0.0),
        ("north", 2, "reading", NAN),
        ("north", 4, "reading", 1.0),
    ],
    columns=["unit", "year", "dimension", "completion"],
)


def same(a: pa.Panel, b: pa.Panel) -> bool:
    arrays = np.array_equal(a.scores, b.scores, True) and np.array_equal(a.completion, b.completion, True)
    return arrays and (a.units, a.years, a.dimensions) == (b.units, b.years, b.dimensions)


def test_any_index_by_hand() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE, without_programme=["south"], dimensions=["reading", "sums"])
    assert panel.units == ("north", "south", "west")
    assert panel.years == (1, 2, 4)  # nobody was surveyed in year 3
    assert panel.dimensions == ("reading", "sums")
    reading, sums = panel.scores[:, :, 0], panel.scores[:, :, 1]
    np.testing.assert_array_equal(reading, [[50, 52, 56], [60, 61, NAN], [NAN, 30, NAN]])
    np.testing.assert_array_equal(sums, [[40, NAN, 44], [70, NAN, NAN], [NAN] * 3])
    # north: as reported, gaps kept; south: declared, 0 everywhere; west: neither, a gap everywhere.
    np.testing.assert_array_equal(panel.completion[:, :, 0], [[0, NAN, 1], [0, 0, 0], [NAN] * 3])
    np.testing.assert_array_equal(panel.completion[:, :, 1], [[0, 0.5, NAN], [0, 0, 0], [NAN] * 3])
    np.testing.assert_array_equal(panel.usable[:, :, 0], [[1, 0, 1], [1, 1, 0], [0, 0, 0]])
    assert panel.programme_units == ("north",)
    assert not panel.simulated
    assert repr(panel) == "Panel(3 units, 1-4 in 3 surveys, 2 dimensions, 12 gaps in 18 cells, 1 programme unit)"


def test_the_family_is_by_default_what_has_completion_in_its_order() -> None:
    assert pa.Panel.from_frames(SCORES, DONE).dimensions == ("sums", "reading")


def test_years_are_cut_as_asked() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE, years=(2, 4))
    assert panel.years == (2, 4)
    np.testing.assert_array_equal(panel.scores[0, :, panel.dimensions.index("reading")], [52, 56])


def test_a_panel_is_cut_to_years_with_all_that_it_holds() -> None:
    wealth = pd.DataFrame({"unit": ["north"] * 3, "year": [1, 2, 4], "wealth": [1.0, 2.0, 4.0]})
    options = {"without_programme": ["south"], "controls": wealth}
    cut = pa.Panel.from_frames(SCORES, DONE, **options).cut(2, 3)
    assert (cut.years, cut.units) == ((2,), ("north", "south", "west"))
    np.testing.assert_array_equal(cut.scores[0, 0], [NAN, 52])
    np.testing.assert_array_equal(cut.controls["wealth"][0, 0], [2, 2])
    np.testing.assert_array_equal(cut.completion[0, 0], [0.5, NAN])
    for first, last, message in ((3, 3, "no year from 3 to 3"), (0, 3, "the first year 0 is not within")):
        with pytest.raises(pa.SpecError, match=message):
            pa.Panel.from_frames(SCORES, DONE).cut(first, last)


def test_completion_of_years_without_a_survey_is_told() -> None:
    done = pd.concat([DONE, DONE.iloc[[1, 4]].assign(year=3), DONE.iloc[[0]].assign(year=5)], ignore_index=True)
    with pytest.warns(pa.DataWarning, match=r"above 0 in 3 is not used: nobody was .* surveys of 1, 2, 4 were"):
        assert same(pa.Panel.from_frames(SCORES, done), pa.Panel.from_frames(SCORES, DONE))
    later = pd.concat([DONE, DONE.iloc[[4]].assign(year=5)], ignore_index=True)
    with pytest.warns(pa.DataWarning, match=r"above 0 in 5 is not used"):
        pa.Panel.from_frames(SCORES, later)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pa.Panel.from_frames(SCORES, later, years=(1, 4))  # the question left the other years out itself


def test_the_first_survey_after_a_year_and_the_last_before_it() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE)
    assert [panel.first_from(year) for year in (1, 2, 3, 4)] == [1, 2, 4, 4]
    assert [panel.last_to(year) for year in (1, 2, 3, 4)] == [1, 2, 2, 4]
    for year, words in ((5, "the start 5 is not within"), ("2", "Write a whole number, like 4"), (True, "whole")):
        for ask in (panel.first_from, panel.last_to):
            with pytest.raises(pa.SpecError, match=words):
                ask(year, "the start")


def test_completion_of_a_study_is_measured_when_its_surveys_were_in_the_field(study: pa.Study) -> None:
    """Every second year of the published scores: completion is that of the years left, and nothing is warned of."""
    waves = dataclasses.replace(study, scores=study.scores[study.scores["year"] % 2 == 0])
    whole = pa.Panel.from_study(study)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel = pa.Panel.from_study(waves)
    assert panel.years == (2012, 2014, 2016, 2018, 2020)
    places = [whole.position("year", year) for year in panel.years]
    np.testing.assert_array_equal(panel.completion, whole.completion[:, places])
    np.testing.assert_array_equal(panel.scores, whole.scores[:, places])


def test_the_order_of_rows_does_not_matter() -> None:
    options = {"without_programme": ["south"], "dimensions": ["reading", "sums"]}
    panel = pa.Panel.from_frames(SCORES, DONE, **options)
    mixed = pa.Panel.from_frames(SCORES.sample(frac=1, random_state=3), DONE[::-1], **options)
    assert same(panel, mixed)


def test_the_inputs_are_not_changed_and_other_columns_do_not_matter() -> None:
    scores, done = SCORES.assign(note="x"), DONE.assign(low=0.0)
    before = scores.copy(deep=True), done.copy(deep=True)
    assert same(pa.Panel.from_frames(scores, done), pa.Panel.from_frames(SCORES, DONE))
    pd.testing.assert_frame_equal(scores, before[0])
    pd.testing.assert_frame_equal(done, before[1])


def test_the_frame_gives_back_every_cell() -> None:
    panel = pa.Panel.from_frames(SCORES, DONE, without_programme=["south"])
    frame = panel.frame()
    assert len(frame) == 3 * 3 * 2
    again = pa.Panel.from_frames(frame[[*frame][:4]].dropna(), frame.drop(columns="score"))
    assert same(panel, again)
    gaps = panel.gaps()
    assert len(gaps) == (~panel.usable).sum() == 12
    assert gaps[["score", "completion"]].isna().any(axis=1).all()
    assert not frame.dropna().merge(gaps, on=["unit", "year", "dimension"]).size


def test_breaks_and_marks_are_carried() -> None:
    breaks = pd.DataFrame({"dimension": ["sums"], "year": [2], "kind": ["definition"]})
    panel = pa.Panel.from_frames(SCORES, DONE, breaks=breaks, simulated_tables=["progress"])
    assert panel.breaks[["dimension", "year", "kind"]].to_numpy().tolist() == [["sums", 2, "definition"]]
    assert panel.simulated
    assert repr(panel).endswith(", SIMULATED: progress)")


@pytest.mark.parametrize(
    ("axis", "label", "place"), [("unit", "south", 1), ("year", 4, 2), ("dimension", "reading", 1)]
)
def test_positions(axis: str, label: str | int, place: int) -> None:
    panel = pa.Panel.from_frames(SCORES, DONE)
    assert panel.position(axis, label) == place
    with pytest.raises(pa.SpecError, match=f"the panel has no {axis} 'east'. It has "):
        panel.position(axis, "east")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": ["reading", "art"]}, "no scores for dimension art"),
        ({"without_programme": ["east"]}, "no scores for unit east"),
        ({"without_programme": ["north"]}, "north has completion and is declared to be without a programme"),
        ({"dimensions": ["reading", "sums", "reading"]}, "names reading twice"),
        ({"years": (4, 1)}, "first year cannot lie after the last"),
        ({"years": 2018}, "years is a first and a last year"),
        ({"years": (2030, 2040)}, "no scores between 2030 and 2040"),
    ],
)
def test_questions_that_make_no_panel_are_refused(options: dict, message: str) -> None:
    with pytest.raises(pa.SpecError, match=message):
        pa.Panel.from_frames(SCORES, DONE, **options)


def test_data_that_do_not_pass_are_refused() -> None:
    strange = pd.concat([DONE, DONE.iloc[[0]].assign(unit="nort")], ignore_index=True)
    with pytest.raises(pa.DataError, match=r"row 7, column unit: this unit is not known .*Did you mean 'north'"):
        pa.Panel.from_frames(SCORES, strange)
    with pytest.raises(pa.DataError, match=r"row 12.*repeats row 2"):
        pa.Panel.from_frames(pd.concat([SCORES, SCORES.iloc[[0]]], ignore_index=True), DONE)
    with pytest.raises(pa.DataError, match="outside 0 to 1"):
        pa.Panel.from_frames(SCORES, DONE.assign(completion=50))
    with pytest.raises(pa.DataError, match="column kind: a required column is missing"):
        pa.Panel.from_frames(SCORES, DONE, breaks=pd.DataFrame({"dimension": ["sums"], "year": [2]}))
    breaks = pd.DataFrame({"dimension": ["sums", "all"], "year": 2, "kind": ["definition", "sample"]})
    known = pd.DataFrame({"unit": ["north", "south"], "period_start": 2, "period_end": [3, None]})
    pa.Panel.from_frames(SCORES, DONE, breaks=breaks, known_programmes=known)
    for tables, words in (
        ({"breaks": breaks.replace("sample", "samples")}, "row 3, column kind: this kind of break is not known"),
        ({"known_programmes": known.replace("south", "east")}, "row 3, column unit: this unit is not known"),
        ({"known_programmes": known.replace(3, 1)}, "row 2, column period_end: this year lies before period_start"),
    ):
        with pytest.raises(pa.DataError, match=words):
            pa.Panel.from_frames(SCORES, DONE, **tables)
    for tables in ((SCORES.iloc[:0], DONE), (SCORES, DONE.iloc[:0]), (pd.DataFrame(),)):
        with pytest.raises(pa.SpecError, match=r"has no rows\. Give one row a cell"):
            pa.Panel.from_frames(*tables)
    with pytest.warns(pa.DataWarning, match="Breaks of sum are not used"):
        pa.Panel.from_frames(SCORES, DONE, breaks=breaks.replace("sums", "sum"))
    with pytest.raises(pa.SpecError, match="a column of the scores and in a table of its own"):
        pa.Panel.from_frames(SCORES.assign(completion=0.0), DONE)
    with pytest.raises(pa.DataError, match=r"Known: north, south, west\."):  # each of them once
        pa.Panel.from_frames(SCORES, DONE.assign(unit="xyz").drop_duplicates(["unit", "year", "dimension"]))


SIX = ("D1", "D2", "D3", "D4", "D5", "D6")
#: What was not published up to 2020: all of Bac Giang and Dong Thap in 2014, two dimensions of two in 2018.
NOT_PUBLISHED = {("Bac Giang", 2014, d) for d in SIX} | {("Dong Thap", 2014, d) for d in SIX}
NOT_PUBLISHED |= {(unit, 2018, d) for unit in ("Dong Thap", "Quang Ninh") for d in ("D2", "D4")}


def test_the_bundled_panel(panel: pa.Panel) -> None:
    assert panel.scores.shape == panel.completion.shape == (63, 10, 6)
    assert panel.years == tuple(range(2011, 2021))
    assert panel.dimensions == SIX
    assert panel.programme_units == ("VN-CT",)
    assert panel.simulated_tables == ("tasks", "progress")
    assert repr(panel).endswith("1 programme unit, SIMULATED: tasks, progress)")


def test_the_gaps_are_those_that_were_not_published(panel: pa.Panel) -> None:
    name = pa.papi.load_units().set_index("unit")["name_en"]
    gaps = {(name[row.unit], row.year, row.dimension) for row in panel.gaps().itertuples()}
    assert gaps == NOT_PUBLISHED
    assert len(gaps) == 16
    assert np.isfinite(panel.completion).all()


def test_scores_and_completion_are_those_of_the_tables(study: pa.Study, panel: pa.Panel) -> None:
    published = pa.papi.load_scores().set_index(["unit", "year", "dimension"])["score"]
    for unit, year, dimension in [("VN-CT", 2016, "D4"), ("VN-HN", 2020, "D6"), ("VN-CT", 2011, "D1")]:
        places = panel.position("unit", unit), panel.position("year", year), panel.position("dimension", dimension)
        assert panel.scores[places] == published[unit, year, dimension]
    cells = pa.completion(study.tasks, study.progress, as_of=["2018-09-30", "2019-09-30", "2020-09-30"])
    ours = panel.completion[panel.position("unit", "VN-CT")]
    np.testing.assert_array_equal(ours[:7], 0)
    np.testing.assert_array_equal(ours[7:], cells.pivot(index="year", columns="dimension", values="completion"))
    assert (ours[7:] > 0).all()
    others = np.delete(panel.completion, panel.position("unit", "VN-CT"), axis=0)
    np.testing.assert_array_equal(others, 0)


def test_what_was_known_by_a_day_can_only_take_away(study: pa.Study, panel: pa.Panel) -> None:
    before = pa.Panel.from_study(study, known_on="2018-02-01")
    place = before.position("unit", "VN-CT")
    assert np.isnan(before.completion[place]).any()
    assert not (np.nan_to_num(before.completion) > 0).any()
    assert same(pa.Panel.from_study(study, known_on="2100-01-01"), panel)


def test_names_composed_and_decomposed_are_one() -> None:
    late = SCORES["year"] > 1
    scores = SCORES.assign(unit=SCORES["unit"].replace("north", "Huế"))
    scores.loc[late, "unit"] = scores.loc[late, "unit"].map(lambda name: unicodedata.normalize("NFD", name))
    done = DONE.assign(unit=unicodedata.normalize("NFD", "Huế"))
    panel = pa.Panel.from_frames(scores, done, without_programme=["south"], dimensions=["reading", "sums"])
    assert panel.units == ("Huế", "south", "west")
    as_before = pa.Panel.from_frames(SCORES, DONE, without_programme=["south"], dimensions=["reading", "sums"])
    np.testing.assert_array_equal(panel.scores, as_before.scores)
    np.testing.assert_array_equal(panel.completion, as_before.completion)
    twice = pd.DataFrame(
        {"unit": ["Huế", unicodedata.normalize("NFD", "Huế")], "year": 1, "dimension": "D", "score": 1}
    )
    with pytest.raises(pa.DataError, match="repeats row 2"):
        pa.Panel.from_frames(twice, done)


@pytest.mark.parametrize("kind", [int, float, np.int64, str])
def test_numbers_are_names_of_units_and_dimensions(kind: type) -> None:
    rng = np.random.default_rng(1)
    cells = pd.MultiIndex.from_product([range(1, 13), range(2001, 2009), [1, 2]], names=["unit", "year", "dimension"])
    scores = cells.to_frame(index=False).assign(score=rng.normal(5, 1, len(cells)))
    done = scores[scores["unit"] == 1].drop(columns="score").assign(completion=lambda t: 0.1 * (t["year"] > 2005))
    others = [kind(unit) if kind is not str else str(unit) for unit in range(2, 13)]
    names = {1: ("One", "Một")}
    scores["unit"] = scores["unit"].map(kind)  # 1.0 where a missing name once stood in the column
    panel = pa.Panel.from_frames(
        scores, done, dimensions=[1, 2], without_programme=[str(u) for u in range(2, 13)], names=names
    )
    assert pa.Panel.from_frames(scores, done, without_programme=others).units == panel.units
    assert (panel.units[0], panel.dimensions, panel.programme_units) == ("1", ("1", "2"), ("1",))
    by_text = pa.programme_impact(panel, "1", 2006, without=["2"], method="did")
    for unit in (kind(1) if kind is not str else "1", [1], {1: 2006}):
        start = None if isinstance(unit, dict) else 2006
        answer = pa.programme_impact(panel, unit, start, without=[2], method="did")
        pd.testing.assert_frame_equal(answer.table, by_text.table)
        assert pa.sentence(answer) == pa.sentence(by_text)
    slopes = [pa.completion_slopes(panel, strata={name(u): u % 2 for u in range(1, 13)}) for name in (int, str)]
    pd.testing.assert_frame_equal(slopes[0].table, slopes[1].table)


@pytest.mark.parametrize("years", [("1", "4"), "1-4", (1, 2, 4), (1.5, 4)])
def test_years_that_are_no_two_whole_numbers_are_refused(years) -> None:
    with pytest.raises(pa.SpecError, match="a first and a last year"):
        pa.Panel.from_frames(SCORES, DONE, years=years)
