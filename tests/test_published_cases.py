"""Figures beside others': every one agrees as far as it can, has a source, and a change on either side is noticed."""

from __future__ import annotations

import doctest
import json
import os
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.study.records import load_validation

sys.path.append(str(Path(__file__).parents[1] / "benchmarks" / "validation"))
import published_cases
import validate
from published_cases import CASES, NOISE
from validate import MOST_DIGITS, agreement, away, compare, given_decimals, given_digits, load_references

FOLDER = os.environ.get("PAPI_REFERENCE_CASES", "")
needs_cases = pytest.mark.skipif(not FOLDER, reason="PAPI_REFERENCE_CASES names no folder with further reference cases")

# Figures of solvers that stop short of the optimum, and to how many digits they are right.
STOPS_EARLY = {
    ("synthetic control", "Proposition 99", "mean gap", "R 4.2.2, limSolve 2.0.3"): 7,
    ("synthetic control", "Proposition 99", "mean gap", "R 4.2.2, synthdid 0.0.9"): 2,
    ("synthetic control", "Proposition 99", "mean gap", "Arkhangelsky et al. 2021, table 1 (printed)"): 2,
    ("synthetic control", "Proposition 99", "weight, Utah", "R 4.2.2, limSolve 2.0.3"): 6,
    ("synthetic control", "Proposition 99", "weight, Montana", "R 4.2.2, limSolve 2.0.3"): 6,
    ("synthetic difference in differences", "Proposition 99", "mean gap", "R 4.2.2, synthdid 0.0.9"): 4,
    ("synthetic difference in differences", "Proposition 99", "spread of placebos", "R 4.2.2, synthdid 0.0.9"): 4,
}


@pytest.fixture(scope="module")
def rows():
    """Every figure, computed anew."""
    return compare(load_references())


def of_kind(kind):
    references = load_references()
    return references[references["kind"] == kind].reset_index(drop=True)


def keys(rows):
    return list(rows[["kind", "case", "quantity", "source"]].itertuples(index=False, name=None))


def bumped(text):
    """The figure with the last of the digits that count one higher."""
    number, digits = Decimal(text), given_digits(text)
    if "." not in text:
        return str(number + 1)
    return f"{number + Decimal(10) ** (number.adjusted() + 1 - digits):f}"


def test_every_figure_agrees_to_every_digit_that_its_source_gives(rows):
    drawn = rows["error"].notna()
    for key, row in zip(keys(rows[~drawn]), rows[~drawn].itertuples(), strict=True):
        assert row.digits >= STOPS_EARLY.get(key, row.given), key
    assert set(STOPS_EARLY) <= set(keys(rows))


def test_what_rests_on_draws_agrees_within_its_error(rows):
    drawn = rows[rows["error"].notna()]
    assert len(drawn) == 8
    assert ((drawn["ours"] - drawn["reference"].astype(float)).abs() <= 3 * drawn["error"]).all()
    # and the error is no excuse: it is that of a share p by so many draws, ours and theirs
    p, draws = (
        drawn["reference"].astype(float),
        np.where(drawn["case"] == "Grunfeld", 1 / (1 / 99_999 + 1 / 200_000), 400_000),
    )
    np.testing.assert_allclose(drawn["error"], np.sqrt(p * (1 - p) / draws), rtol=0.05)


def test_what_agrees_to_fewer_digits_says_why(rows):
    fewer = rows[rows["digits"] < rows["given"]]
    assert (fewer["remark"] != "").all()
    assert set(keys(fewer[fewer["error"].isna()])) == set(STOPS_EARLY)


def test_every_kind_is_there_and_every_reference_has_a_source_and_a_figure_of_ours(rows):
    references = load_references()
    assert keys(rows) == keys(references)
    assert (references["source"].str.len() > 5).all()
    assert rows["ours"].notna().all()
    assert list(dict.fromkeys(references["kind"])) == list(CASES)
    assert {(kind, case) for kind, cases in CASES.items() for case in cases} == {key[:2] for key in keys(rows)}
    printed = references["source"].str.contains("(printed)", regex=False)
    assert printed.sum() >= 6
    # printed figures have the digits of print, all others at least as many as are compared
    full = references[~printed & references["error"].isna()]
    digits = full["value"].map(given_digits)
    assert (digits[full["case"] != "Wampler 4"] == MOST_DIGITS).all()


def test_the_table_that_is_shown_is_what_the_methods_give_now(rows):
    """After a change that moves a figure: make validation."""
    shown = load_validation()
    kept = ["kind", "case", "quantity", "digits", "given", "decimals", "source", "error", "remark"]
    pd.testing.assert_frame_equal(shown[kept], rows[kept], check_dtype=False)
    np.testing.assert_array_equal(shown["reference"], rows["reference"].astype(float))
    # ill-conditioned figures hold as many digits as are compared, and Pythons differ in how they add the rest
    sure = np.where(shown["digits"] < 8, 10.0 ** -shown["digits"], 2e-9)
    assert (abs(shown["ours"] - rows["ours"]) <= sure * abs(shown["ours"])).all()
    np.testing.assert_allclose(shown["away"], rows["away"], atol=0.01, rtol=1e-3)


def test_one_kind_is_a_part_of_all():
    part, whole = load_validation("difference in differences"), load_validation()
    assert len(part) == (whole["kind"] == "difference in differences").sum() > 3
    pd.testing.assert_frame_equal(part, whole[whole["kind"] == "difference in differences"].reset_index(drop=True))


def test_a_changed_reference_is_noticed(rows):
    references = load_references()
    after = compare(references.assign(value=references["value"].map(bumped)))
    exact = rows["digits"] == rows["given"]
    assert exact.sum() > 100
    assert (after["digits"][exact] < after["given"][exact]).all()
    assert (after["away"][exact] >= 0.5).all()


@pytest.mark.parametrize(
    ("name", "kind", "quantities"),
    [
        ("cr1", "panel effects", "CR1"),
        ("cr3", "panel effects", "CR3|jackknife"),
        ("holm", "several hypotheses", "Holm, "),
    ],
)
def test_a_changed_method_is_noticed(rows, monkeypatch, name, kind, quantities):
    method = getattr(published_cases, name)
    monkeypatch.setattr(published_cases, name, lambda value: method(value) * (1 + 1e-6))
    after = compare(of_kind(kind))
    touched = after["quantity"].str.contains(quantities)
    assert touched.sum() >= 3
    assert (after["digits"][touched] < after["given"][touched]).all()
    assert (after["digits"][~touched].to_numpy() == rows[rows["kind"] == kind]["digits"][touched.to_numpy() == 0]).all()


def test_the_same_every_time(rows):
    pd.testing.assert_frame_equal(
        compare(of_kind("several hypotheses")), rows[rows["kind"] == "several hypotheses"].reset_index(drop=True)
    )


@pytest.mark.parametrize(
    ("ours", "text", "digits"),
    [
        (-27.349, "-27.3", 3),
        (-27.351, "-27.3", 2),
        (27.3, "-27.3", 0),
        (0.0, "-27.3", 0),
        (np.nan, "-27.3", 0),
        (123456789.0, "123456780.0", 7),
        (1.00000004, "1.00000000000000", 8),
        (1.00000006, "1.00000000000000", 7),
        (0.00100000006, "0.00100000000000", 7),
        (9.9999999999, "10.0000000", 8),
        (10.0, "9.9999999999", 8),
        (4.0, "4", 8),
        (3.0, "4", 0),
        (24.9999999999996, "25", 8),
        (0.0, "0", 8),
        (1.0, "0", 0),
    ],
)
def test_agreement_by_hand(ours, text, digits):
    assert agreement(ours, text) == digits


def test_agreement_only_grows_as_figures_come_nearer():
    text = "0.0155539403396028"
    found = [agreement(float(text) * (1 + 10.0**-k), text) for k in range(12)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, 8)


@pytest.mark.parametrize(
    ("text", "digits", "decimals"), [("-27.3", 3, 1), ("0.0110", 3, 4), ("1025", 8, 0), ("21013.1880046", 8, 3)]
)
def test_digits_given(text, digits, decimals):
    assert (given_digits(text), given_decimals(text)) == (digits, decimals)


@pytest.mark.parametrize(
    ("ours", "text", "units"),
    [
        (-27.349, "-27.3", 0.49),
        (-27.35, "-27.3", 0.5),
        (28.3, "27.3", 10.0),
        (4.0, "4", 0.0),
        (1.00000006, "1.0", 6e-7),
    ],
)
def test_distance_by_hand(ours, text, units):
    assert away(ours, text) == pytest.approx(units)


def test_examples_run():
    assert doctest.testmod(validate).failed == 0


def test_a_kind_that_is_not_there_is_refused():
    with pytest.raises(pa.SpecError, match="'least squares', 'panel effects'"):
        load_validation("least square")


def test_the_old_name_says_where_it_went():
    with pytest.raises(AttributeError, match=r"load_validation\(kind\).*make validation"):
        _ = pa.validate
    assert not hasattr(pa, "validate")


def test_noise_of_wampler_is_orthogonal_to_every_power():
    """Why the slopes stay as they are: NIST's noise is the same backwards, and orthogonal to 1, x, .., x^5."""
    noise = [*NOISE, *NOISE[-2::-1]]
    assert len(noise) == 21
    assert noise == noise[::-1]
    assert [sum(value * x**power for x, value in enumerate(noise)) for power in range(6)] == [0] * 6


# --- further cases ---------------------------------------------------------------------------------------------


def numbers(value):
    """Every number in a case's values, as written to fifteen digits."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield f"{value:.15g}"


@needs_cases
def test_references_are_carried_over_as_they_are():
    stored = {
        text
        for path in Path(FOLDER).glob("*.json")
        for run in json.loads(path.read_text("utf-8"))["references"]
        for text in numbers(run["values"])
    }
    references = load_references()
    given = references[~references["source"].str.contains("(printed)", regex=False)]
    known = [f"{float(value):.15g}" in stored for value in given["value"]]
    # rounded here because they are compared by draws, and digits that hold on every machine
    rounded = given["case"].eq("Warp breaks")
    assert (pd.Series(known, index=given.index) | rounded).all()


@needs_cases
def test_the_packages_carry_the_same_data():
    import causaldata
    import synthdid

    def stored(file, *columns):
        return pd.read_csv(Path(FOLDER) / "data" / file)[list(columns)]

    ours = synthdid.load_california_prop99()[["State", "Year", "PacksPerCapita"]]
    pd.testing.assert_frame_equal(ours, stored("california_prop99.csv", *ours.columns), check_dtype=False)
    for name, columns in [
        ("texas", ["state", "year", "bmprison"]),
        ("organ_donations", ["State", "Quarter", "Rate", "Quarter_Num"]),
        ("ri", ["name", "d", "y"]),
        ("castle", ["sid", "year", "post", "l_homicide"]),
    ]:
        ours = getattr(causaldata, name).load_pandas().data[columns]
        pd.testing.assert_frame_equal(ours, stored(f"{name}.csv", *columns), check_dtype=False, rtol=1e-7)
