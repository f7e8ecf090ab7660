"""What is known about the index, and finding a unit by any of its names."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.study import codebook

UNITS = pa.papi.load_units()
SPELLINGS = [
    (row.unit, spelling)
    for row in UNITS.itertuples()
    for spelling in [row.unit, row.name_en, row.name_vi, *row.variants.split("|")]
    if spelling
]


def without_marks(text: str) -> str:
    letters = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


WAYS = (
    lambda name: unicodedata.normalize("NFD", name),
    without_marks,
    str.upper,
    str.lower,
    lambda name: f"  {name.replace(' ', '   ')} ",
    lambda name: name.replace(".", ""),
    lambda name: name.replace(" ", "\u00a0"),
)


def test_every_name_and_variant_finds_its_own_unit() -> None:
    """As it stands in the table, and written in one of the other ways in turn."""
    assert len(SPELLINGS) > 4 * 63
    written = [(unit, way(name)) for (unit, name), way in zip(SPELLINGS, itertools.cycle(WAYS), strict=False)]
    wrong = [(unit, name) for unit, name in (*SPELLINGS, *written) if pa.papi.find_unit(name, UNITS) != unit]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Can Thoo", "Can Tho"), ("CẦN THOW", "Can Tho"), ("quang nihn", "Quang Ninh"), ("Tuyn Quang", "Tuyen Quang")],
)
def test_a_name_that_is_not_known_is_refused_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(SpecError, match=re.escape(f"no unit is called {name!r}. Did you mean {meant!r}?")):
        pa.papi.find_unit(name)


@pytest.mark.parametrize("name", ["", "?", "Atlantis 9999"])
def test_a_name_that_is_near_nothing_lists_some(name: str) -> None:
    with pytest.raises(SpecError, match="Known: VN-HN, Hanoi"):
        pa.papi.find_unit(name)


def test_another_table_of_units_has_its_own_names() -> None:
    units = pd.DataFrame({"unit": ["a", "b"], "name_en": ["East", "West"], "name_vi": "", "variants": ["E|Est", ""]})
    assert pa.papi.find_unit("est", units) == "a"
    with pytest.raises(SpecError, match="no unit is called 'Cần Thơ'"):
        pa.papi.find_unit("Cần Thơ", units)


def test_a_spelling_of_two_units_is_refused() -> None:
    units = pd.DataFrame({"unit": ["a", "b"], "name_en": ["East", "West"], "name_vi": "", "variants": ["X", "x."]})
    with pytest.raises(SpecError, match="names both a and b"):
        pa.papi.find_unit("east", units)


def test_a_date_that_is_not_known_is_the_thirtieth_of_september() -> None:
    surveys = pd.read_csv(codebook.data_folder() / "papi" / "surveys.csv")
    known = surveys.dropna(subset=["fieldwork_start", "fieldwork_end"])["year"].tolist()
    years = [year for year in range(2009, 2027) if year not in known]
    dates = codebook.fieldwork_dates(years)
    assert dates.index.tolist() == years
    assert dates.tolist() == [pd.Timestamp(year, 9, 30) for year in years]


def test_a_known_fieldwork_stands_for_its_middle(monkeypatch, tmp_path) -> None:
    (tmp_path / "papi").mkdir()
    (tmp_path / "papi" / "surveys.csv").write_text(
        "year,fieldwork_start,fieldwork_end\n2018,2018-08-01,2018-08-31\n2019,2019-08-01,\n2020,2020-01-01,2020-01-02\n"
    )
    monkeypatch.setattr(codebook, "data_folder", lambda: tmp_path)
    dates = codebook.fieldwork_dates([2020, 2018, 2019, 2018])
    assert dates.index.tolist() == [2018, 2019, 2020]
    assert dates.dt.strftime("%m-%d").tolist() == ["08-16", "09-30", "01-01"]


def test_the_parts_of_a_dimension_span_its_scale() -> None:
    parts, dimensions = codebook.load_subdimensions(), pa.papi.load_dimensions().set_index("dimension")
    for dimension, parts_of in parts.groupby("dimension"):
        whole = dimensions.loc[dimension, ["scale_min", "scale_max"]].tolist()
        for year in range(parts_of["first_year"].min(), 2025):
            then = parts_of[(parts_of["first_year"] <= year) & (year <= parts_of["last_year"])]
            assert then[["scale_min", "scale_max"]].sum().tolist() == pytest.approx(whole, abs=2e-3)


def test_every_table_of_the_index_names_known_units_and_dimensions() -> None:
    units, dimensions = set(UNITS["unit"]), set(pa.papi.load_dimensions()["dimension"])
    assert len(units) == 63
    assert set(pa.papi.load_known_programmes()["unit"]) <= units
    assert set(pa.papi.load_breaks()["dimension"]) <= dimensions | {"all"}
    assert set(pa.papi.load_breaks()["kind"]) <= {"definition", "sample", "mode", "level"}
    for level in ("dimension", "subdimension"):
        scores = pa.papi.load_scores(level)
        assert set(scores["unit"]) == units
        assert set(scores["dimension"]) == dimensions
        assert scores["score"].notna().all()


def test_what_provinces_did_tells_plans_from_the_rest() -> None:
    acts = pa.papi.load_known_programmes()
    assert (len(acts), acts["unit"].nunique()) == (37, 21)
    assert (acts["kind"].isin(["plan", "programme"]) == (acts["plan"] == 1)).all()
    plans = acts[acts["plan"] == 1]
    assert len(plans) == 20
    assert plans["unit"].nunique() == 12
    assert acts.query("kind == 'conference'")["plan"].eq(0).all()
    # A plan has at least the year in which it begins; how well each source was seen is said.
    assert plans["period_start"].notna().all()
    assert (acts["confidence"] != "").all()
    day = acts["signed_on"].str.len()
    assert day[acts["precision"] == "day"].eq(10).all()
    assert day[acts["precision"].isin(["year", "none"])].eq(0).all()


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SpecError, match="'dimension' or 'subdimension', not 'part'"):
        pa.papi.load_scores("part")
