"""The descriptors of the data tell the truth about their tables, and the tables obey them."""

import hashlib
import json
import re
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
PACKAGES = {
    path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*/datapackage.json"))
}
PACKAGE = PACKAGES["papi"]


def called(package: str, name: str) -> str:
    """A table of PAPI goes by its name, any other by its package and name."""
    return name if package == "papi" else f"{package}/{name}"


RESOURCES = {
    called(package, resource["name"]): {**resource, "package": package}
    for package, descriptor in PACKAGES.items()
    for resource in descriptor["resources"]
}
ROUNDING = Decimal("0.00005")  # of a score printed with four decimals

# Published a little under the lowest score of their scale; kept as published.
UNDER_SCALE = {("VN-32", "2020", "8.1"), ("VN-50", "2022", "8.1")}

# The cells that the publisher left out, from the notes that came with the figures.
NOT_PUBLISHED = {
    **dict.fromkeys([("VN-54", 2014), ("VN-45", 2014)], "D1 D2 D3 D4 D5 D6"),
    **dict.fromkeys([("VN-45", 2018), ("VN-13", 2018)], "D2 D4"),
    ("VN-54", 2022): "D1 D2 D4 D5",
    ("VN-56", 2022): "D2 D3 D4 D8",
    **dict.fromkeys(
        [(unit, 2021) for unit in ("VN-54", "VN-56", "VN-13")]
        + [(unit, 2023) for unit in ("VN-57", "VN-13")]
        + [(unit, 2024) for unit in ("VN-46", "VN-70")],
        "D1 D2 D3 D4 D5 D6 D7 D8",
    ),
}


def table(name: str) -> pd.DataFrame:
    """Read a resource as text, so that nothing is converted before it is checked."""
    return pd.read_csv(path_of(name), dtype=str, keep_default_na=False, encoding="utf-8")


def path_of(name: str) -> Path:
    path: Path = DATA / RESOURCES[name]["package"] / RESOURCES[name]["path"]
    return path


def parse(text: str, field: dict[str, Any]) -> Any:
    """Turn the text of a cell into a value of the field's type, or raise."""
    if field["type"] == "boolean":
        return {**dict.fromkeys(field["trueValues"], True), **dict.fromkeys(field["falseValues"], False)}[text]
    return {"string": str, "integer": int, "number": Decimal, "date": date.fromisoformat}[field["type"]](text)


def violations(column: pd.Series, field: dict[str, Any]) -> list[str]:
    """List what is wrong with a column: values of another type, or against a constraint."""
    rules = field.get("constraints", {})
    filled = column[~column.isin(RESOURCES[column.attrs["resource"]]["schema"]["missingValues"])]
    wrong = ["empty cell"] if rules.get("required") and len(filled) < len(column) else []
    if rules.get("unique") and filled.duplicated().any():
        wrong.append("not unique")
    if "pattern" in rules:
        wrong += [f"pattern: {text}" for text in filled[~filled.str.fullmatch(rules["pattern"])].unique()]
    for text in filled.unique():
        try:
            value = parse(text, field)
        except (ValueError, KeyError, ArithmeticError):
            wrong.append(f"not {field['type']}: {text}")
            continue
        if value not in rules.get("enum", [value]):
            wrong.append(f"enum: {text}")
        if not rules.get("minimum", value) <= value <= rules.get("maximum", value):
            wrong.append(f"out of bounds: {text}")
    return wrong


def fields_of(name: str) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = RESOURCES[name]["schema"]["fields"]
    return fields


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_is_listed_and_no_other(package):
    folder, descriptor = DATA / package, PACKAGES[package]
    listed = [resource["path"] for resource in descriptor["resources"]]
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {*listed, "datapackage.json"} == present - {"study.toml"}
    assert len({*listed}) == len(listed)
    assert descriptor["name"] == package


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_where_it_comes_from_and_what_may_be_done_with_it(package):
    descriptor = PACKAGES[package]
    assert all(descriptor[key] for key in ("title", "description", "sources", "licenses"))
    assert all(entry["title"] and entry["name"] for entry in descriptor["licenses"])
    years = [value for name in RESOURCES if RESOURCES[name]["package"] == package for value in years_in(name)]
    assert (min(years), max(years)) == (descriptor["temporal"]["start"], descriptor["temporal"]["end"])


def years_in(name: str) -> list[str]:
    """The years of a table of scores."""
    frame = table(name)
    return list(frame["year"]) if "score" in frame else []


@pytest.mark.parametrize("name", [name for name in RESOURCES if RESOURCES[name]["package"] != "papi"])
def test_terms_that_were_not_read_are_said_so(name):
    resource = RESOURCES[name]
    if "score" in table(name) or "licenses" in resource:
        assert all(source["path"].startswith("https://") for source in resource["sources"])
        assert all(re.search("not read|not verified", entry["title"]) for entry in resource["licenses"])


@pytest.mark.parametrize("name", RESOURCES)
def test_bytes_and_hash_are_those_of_the_file(name):
    raw = path_of(name).read_bytes()
    now = (len(raw), "sha256:" + hashlib.sha256(raw).hexdigest())
    assert (RESOURCES[name]["bytes"], RESOURCES[name]["hash"]) == now


@pytest.mark.parametrize("name", RESOURCES)
def test_file_is_plain_composed_utf8_with_unix_line_ends(name):
    raw = path_of(name).read_bytes()
    text = raw.decode("utf-8")
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert unicodedata.is_normalized("NFC", text)
    frame = table(name)
    assert all((frame[column] == frame[column].str.strip()).all() for column in frame)


@pytest.mark.parametrize("name", RESOURCES)
def test_header_is_the_list_of_fields(name):
    assert list(table(name).columns) == [field["name"] for field in fields_of(name)]


@pytest.mark.parametrize("name", RESOURCES)
def test_everything_is_described(name):
    resource = RESOURCES[name]
    assert all(resource[key] for key in ("title", "description", "path"))
    for field in fields_of(name):
        assert field["description"]
        if field["type"] in {"number", "integer"}:
            assert field["unit"]


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in RESOURCES for field in fields_of(name)],
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_values_have_the_type_and_obey_the_constraints(name, field):
    column = table(name)[field["name"]]
    column.attrs["resource"] = name
    assert violations(column, field) == []


@pytest.mark.parametrize("name", RESOURCES)
def test_primary_key_names_one_row(name):
    key = RESOURCES[name]["schema"]["primaryKey"]
    frame = table(name)
    assert frame[frame.duplicated(key, keep=False)].empty


@pytest.mark.parametrize("name", [name for name in RESOURCES if "foreignKeys" in RESOURCES[name]["schema"]])
def test_foreign_keys_lead_somewhere(name):
    frame = table(name)
    for key in RESOURCES[name]["schema"]["foreignKeys"]:
        there = table(called(RESOURCES[name]["package"], key["reference"]["resource"]))[key["reference"]["fields"]]
        known = set(there.itertuples(index=False, name=None))
        asked = set(frame[key["fields"]].itertuples(index=False, name=None))
        assert asked - known == set()


def test_descriptor_names_source_rights_publishers_and_years():
    assert "CECODES, VFF-CRT, RTA & UNDP" in PACKAGE["sources"][0]["title"]
    assert "publishers'" in PACKAGE["licenses"][0]["title"]
    assert PACKAGE["licenses"][0]["name"]
    assert {entry["title"] for entry in PACKAGE["contributors"]} == {"CECODES", "VFF-CRT", "RTA", "UNDP"}
    years = table("scores")["year"]
    assert (years.min(), years.max()) == (PACKAGE["temporal"]["start"], PACKAGE["temporal"]["end"])


@pytest.mark.parametrize("name", ["scores", "subdimension_scores"])
def test_scores_keep_four_decimals_and_a_fixed_order(name):
    frame = table(name)
    assert frame["score"].str.fullmatch(r"\d\.\d{4}").all()
    order = [column for column in ("unit", "year", "dimension", "number") if column in frame]
    pd.testing.assert_frame_equal(frame, frame.sort_values(order, ignore_index=True))


def parts_with_scale() -> pd.DataFrame:
    """Join every score of a part to the run of years that it falls in."""
    parts, runs = table("subdimension_scores"), table("subdimensions")
    joined = parts.merge(runs, on=["dimension", "subdimension", "number"], validate="many_to_many")
    return joined[joined["year"].between(joined["first_year"], joined["last_year"])]


def test_a_part_has_one_official_number_and_one_scale_a_year():
    assert len(parts_with_scale()) == len(table("subdimension_scores"))
    assert not table("subdimension_scores").duplicated(["unit", "year", "number"]).any()


def test_parts_stay_on_the_scale_of_their_year():
    frame = parts_with_scale()
    score, low, high = (frame[column].map(Decimal) for column in ("score", "scale_min", "scale_max"))
    assert (score <= high + ROUNDING).all()
    under = frame[score < low - ROUNDING]
    assert set(under[["unit", "year", "number"]].itertuples(index=False, name=None)) == UNDER_SCALE
    # Small enough to be a quirk of the published figure, not of the scale.
    assert (low - score).max() < Decimal("0.002")


def test_scale_follows_from_the_number_of_parts():
    runs, dimensions = table("subdimensions"), table("dimensions").set_index("dimension")
    for year in range(2011, 2025):
        now = runs[(runs["first_year"].astype(int) <= year) & (runs["last_year"].astype(int) >= year)]
        for dimension, parts in now.groupby("dimension"):
            for column in ("scale_min", "scale_max"):
                whole = Decimal(dimensions.loc[dimension, column])
                share = (whole / len(parts)).quantize(Decimal("0.0001"))
                assert (parts[column].map(Decimal) == share).all(), (year, dimension)


def test_a_dimension_is_the_sum_of_its_parts():
    key = ["unit", "year", "dimension"]
    parts = parts_with_scale()
    parts = parts.assign(score=parts["score"].map(Decimal))
    sums = parts.groupby(key)["score"].agg(total="sum", parts="size").reset_index()
    runs = table("subdimensions")
    expected = [
        ((runs["dimension"] == dimension) & (runs["first_year"] <= year) & (runs["last_year"] >= year)).sum()
        for dimension, year in zip(sums["dimension"], sums["year"], strict=True)
    ]
    complete = sums[sums["parts"] == expected]
    joined = complete.merge(table("scores"), on=key, how="outer", indicator=True)
    # A dimension is published exactly where all its parts are.
    assert (joined["_merge"] == "both").all()
    error = (joined["total"] - joined["score"].map(Decimal)).map(abs)
    assert (error <= (joined["parts"] + 1) * ROUNDING).all()


def test_the_gaps_are_those_the_publisher_left():
    scores = table("scores")
    held = set(zip(scores["unit"], scores["year"].astype(int), scores["dimension"], strict=True))
    dimensions = table("dimensions").set_index("dimension")["first_year"].astype(int)
    possible = {
        (unit, year, dimension)
        for unit in table("units")["unit"]
        for year in range(2011, 2025)
        for dimension, first in dimensions.items()
        if year >= first
    }
    gaps = {(unit, year, part) for (unit, year), parts in NOT_PUBLISHED.items() for part in parts.split()}
    assert possible - held == gaps
    assert held <= possible


def test_the_merger_leaves_34_provinces_each_carrying_on_a_name():
    units = table("units")
    assert len(units) == 63
    assert units["merged_into_vi"].nunique() == 34
    assert units.groupby("merged_into_vi")["merged_into_en"].nunique().eq(1).all()
    # Hue was a part of the old name; every other new province carries the name of one that joined it.
    assert set(units["merged_into_vi"]) - set(units["name_vi"]) == {"Huế"}


def test_the_34_provinces_hold_the_63_and_bear_a_code_of_one_of_them():
    units, provinces = table("units").set_index("unit"), table("provinces_2025").set_index("unit")
    assert len(provinces) == 34
    old = provinces["made_of"].str.split("|")
    assert old.str.len().value_counts().to_dict() == {2: 17, 1: 11, 3: 6}
    assert sorted(old.explode()) == sorted(units.index)
    for unit, codes in old.items():
        assert units.loc[codes, "merged_into_en"].nunique() == 1
        assert provinces.loc[unit, "name_en"].removesuffix(" (from 2025)") == units.loc[codes[0], "merged_into_en"]
        assert provinces.loc[unit, "name_vi"].removesuffix(" (từ 2025)") == units.loc[codes[0], "merged_into_vi"]
        assert provinces.loc[unit, "gso_code"] in set(units.loc[codes, "gso_code"])
        assert unit == codes[0] + "-2025" * (len(codes) > 1)
        # No name of a new province is one of an old, so that neither is read for the other.
        assert len(codes) == 1 or not set(provinces.loc[unit, "variants"].split("|")) & set(units["name_vi"])
    assert (provinces["municipality"] == "1").sum() == 6
    assert set(provinces.index[provinces["municipality"] == "1"]) == {
        *("VN-HN", "VN-26", "VN-HP-2025", "VN-DN-2025", "VN-SG-2025", "VN-CT-2025"),
    }


def test_five_cities_are_centrally_run():
    units = table("units")
    assert set(units.loc[units["municipality"] == "1", "unit"]) == {
        "VN-HN",
        "VN-HP",
        "VN-DN",
        "VN-SG",
        "VN-CT",
    }


def wide(name: str) -> pd.DataFrame:
    """Scores of an index, one row a province and year, one column a part."""
    return (
        table(f"provinces/{name}").astype({"score": float}).pivot(index=["unit", "year"], columns="dimension")["score"]
    )


@pytest.mark.parametrize("name", ["digital_transformation", "public_services", "competitiveness"])
def test_other_measures_name_known_provinces_and_stay_on_their_scales(name):
    frame = table(f"provinces/{name}")
    assert set(frame["unit"]) <= set(table("units")["unit"])
    dimensions = table("provinces/dimensions").query("index == @name").set_index("dimension")
    assert set(frame["dimension"]) == set(dimensions.index)
    score = frame["score"].map(Decimal)
    for column, holds in (("scale_min", score.__ge__), ("scale_max", score.__le__)):
        assert holds(frame["dimension"].map(dimensions[column].map(Decimal))).all()


def test_digital_transformation_has_63_provinces_twice_with_five_parts():
    scores = wide("digital_transformation")
    assert scores.shape == (63 * 2, 5)
    assert scores.notna().all(axis=None)
    assert scores.groupby("year").size().to_dict() == {"2022": 63, "2023": 63}


def test_the_service_index_has_the_provinces_that_no_merger_touched_and_adds_up():
    scores = wide("public_services")
    assert scores.shape == (11 * 3, 6)
    assert (scores.drop(columns="total").sum(axis=1) - scores["total"]).abs().max() < 1e-9
    units = table("units")
    alone = units[~units["merged_into_vi"].duplicated(keep=False)]["unit"]
    assert {unit for unit, _ in scores.index} == set(alone)


# Weights of the parts of the firms' index, as they follow from the cells.
WEIGHTS = {
    "2006-2008": "land_access 0.5 entry_costs 0.5 informal_charges 0.5 policy_bias 0.5 legal_institutions 1 "
    "time_costs 1 transparency 1.5 proactivity 1.5 business_support 1.5 labour_training 1.5",
    "2009-2012": "land_access 0.5 entry_costs 1 informal_charges 1 legal_institutions 0.5 time_costs 1.5 "
    "transparency 2 proactivity 1 business_support 0.5 labour_training 2",
    "2013-2016": "land_access 0.5 entry_costs 0.5 informal_charges 1 policy_bias 0.5 legal_institutions 0.5 "
    "time_costs 0.5 transparency 2 proactivity 0.5 business_support 2 labour_training 2",
}


def test_the_firms_index_has_all_provinces_from_2006_and_is_the_weighted_sum_of_its_parts():
    scores = wide("competitiveness")
    assert scores.groupby("year").size().to_dict() == {"2005": 41, **{str(year): 63 for year in range(2006, 2017)}}
    off = {}
    for years, words in WEIGHTS.items():
        names, weights = words.split()[::2], list(map(float, words.split()[1::2]))
        assert sum(weights) == 10
        first, last = years.split("-")
        rows = scores[scores.index.get_level_values("year").isin(list(map(str, range(int(first), int(last) + 1))))]
        assert rows[names].notna().all(axis=None)
        off |= (rows["weighted_total"] - rows[names] @ weights).groupby("year").agg(["min", "max"]).T.to_dict()
    low, high = off.pop("2011").values()
    assert max(max(-ends["min"], ends["max"]) for ends in off.values()) < 5e-4
    # The edition of 2011 does not add up, and the description says by how much.
    assert low > 0
    assert round(high, 1) == 0.6
    added = scores["unweighted_total"].dropna()
    parts = scores.drop(columns=["weighted_total", "unweighted_total"]).sum(axis=1)[added.index]
    assert added.groupby("year").size().to_dict() == {"2007": 63, "2008": 63, "2010": 63}
    assert (added - parts).abs().max() < 5e-4


FINAL = ["Not Started", "Limited", "Substantial", "Complete"]


def test_the_commitments_are_those_that_were_coded():
    frame = table("open_government/commitments")
    assert (len(frame), frame["unit"].nunique()) == (558, 75)
    national = frame[frame["level"] == "National"]
    final = national[national["completion_end"].isin(FINAL)]
    assert (len(national), national["unit"].nunique()) == (546, 67)
    assert (len(final), final["unit"].nunique(), final["plan"].nunique()) == (331, 59, 123)
    assert frame.groupby("plan")[["unit", "first_year", "last_year"]].nunique().eq(1).all(axis=None)
    # What was not reviewed, or has no data, is so in both codes of the end.
    assert ((frame["completion_end"] == "NR") == (frame["did_it_open_government"] == "NR")).all()
    assert (frame[frame["completion_end"] == "ND"]["did_it_open_government"] == "ND").all()
    # From plans of 2022 on there is no code of completion at all.
    late = frame[frame["first_year"] >= "2022"]
    assert not late[["completion_midterm", "completion_end"]].isin(FINAL).any(axis=None)


def test_the_governance_scores_are_whole_with_a_standard_error_each():
    frame = table("open_government/scores")
    assert len(frame) == 66 * 16 * 6 == 6336
    assert (frame["se"].astype(float) > 0).all()
    national = table("open_government/commitments").query("level == 'National'")["unit"]
    assert set(national) - set(frame["unit"]) == {"ROU"}
    assert set(frame["unit"]) <= set(national)


# Whether the checks above can fail: each spoiled column must be found out.
SPOILED = [
    ("scores", "score", "10.5"),
    ("scores", "score", "n/a"),
    ("scores", "year", ""),
    ("scores", "dimension", "D9"),
    ("units", "gso_code", "1"),
    ("units", "municipality", "yes"),
    ("surveys", "released_on", "2014-13-01"),
    ("known_programmes", "plan", "2"),
    ("known_programmes", "signed_on", "4 May 2019"),
    ("provinces/digital_transformation", "score", "1.2"),
    ("open_government/commitments", "completion_end", "Done"),
    ("open_government/scores", "se", "0"),
    ("open_government/tasks", "start", "2014-13-01"),
]


@pytest.mark.parametrize(("name", "column", "value"), SPOILED)
def test_a_spoiled_value_is_found(name, column, value):
    values = table(name)[column]
    values.iloc[0] = value
    values.attrs["resource"] = name
    field = next(field for field in fields_of(name) if field["name"] == column)
    assert violations(values, field) != []
