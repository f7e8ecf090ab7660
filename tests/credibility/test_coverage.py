"""Intervals hold the slope that was put in as often as they say, by the stored record and measured again."""

from __future__ import annotations

import runpy
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import papi_analysis as pa
from papi_analysis.estimation.imputed_slopes import MEASURED
from papi_analysis.estimation.inference import STUDENTISED
from papi_analysis.study.records import coverage_record, design_record

ROOT = Path(__file__).parents[2]
TABLE = pd.read_csv(ROOT / "data" / "validation" / "coverage.csv")
BENCH = runpy.run_path(str(ROOT / "benchmarks" / "validation" / "coverage.py"))
CASES = BENCH["CASES"]
COVERAGES = ["coverage_each", "coverage_all", "coverage_mean", "coverage_within"]
COMMON = TABLE[(TABLE["attainable"] <= 0.05) & (TABLE["slopes"] == "common")]


@pytest.fixture(scope="module")
def pool(panel):
    return BENCH["paths"](panel, sets=2, seed=99)


def test_the_record_covers_every_method_that_auto_chooses():
    assert (TABLE["studies"] >= 200).all()
    assert set(zip(TABLE["form"], TABLE["inference"], strict=True)) == {
        ("imputation", "reassignment"),
        ("levels", "bootstrap"),
    }
    common = TABLE[TABLE["slopes"] == "common"]
    assert {1, 3, 5, 8, 20, 63} <= set(common.loc[common["units"] == 63, "programme_units"])
    assert set(TABLE.loc[TABLE["slopes"] == "unequal", "programme_units"]) == {3, 5, 8, 20, 63}
    assert [tuple(row) for row in TABLE[["programme_units", "units", "path", "slopes"]].to_numpy()] == CASES


@pytest.mark.parametrize("row", COMMON.to_dict("records"), ids=lambda row: f"{row['programme_units']}-{row['path']}")
def test_with_a_common_slope_the_record_holds_what_the_intervals_promise(row):
    for name in COVERAGES[: 4 if row["programme_units"] == 1 else 3]:
        at_attainable = abs(row[name] - (1 - row["attainable"])) <= 3 * row["error"]
        assert 0.935 <= row[name] <= 0.965 or at_attainable, name
    expected = np.sqrt(0.95 * 0.05 / row["studies"])
    assert row["error"] == pytest.approx(expected, rel=0.25)


def test_unequal_slopes_are_reported():
    unequal = TABLE[TABLE["slopes"] == "unequal"]
    assert len(unequal)
    assert unequal[COVERAGES[:3]].notna().all(axis=None)


def test_where_no_interval_can_be_given_none_is_counted():
    none = TABLE[TABLE["attainable"] > 0.05]
    assert none[["programme_units", "units"]].to_numpy().tolist() == [[1, 15]]
    assert none["attainable"].iloc[0] == pytest.approx(1 / 15, abs=5e-5)
    assert none[COVERAGES].isna().all(axis=None)


def test_studies_are_made_as_the_simulator_makes_them(panel, simulated, pool):
    """Real scores plus slope times completion, and nothing else; other units and paths each time."""
    rng = np.random.default_rng(3)
    chosen = set()
    for case in (CASES[3], CASES[-1]):
        made, truth = BENCH["study"](panel, pool, case, rng)
        places = [panel.position("unit", unit) for unit in made.units]
        added = made.scores - panel.scores[places]
        assert np.allclose(added[np.isfinite(added)], 0.5 * made.completion[np.isfinite(added)])
        assert truth == 0.05
        assert len(made.programme_units) == case.programme_units
        assert len(made.units) == case.units
        chosen.add(made.programme_units)
    assert len(chosen) == 2
    made = simulated(8)
    added = made.scores - panel.scores
    known = np.isfinite(added) & np.isfinite(made.completion)
    assert np.allclose(added[known], 0.5 * made.completion[known])


def test_unequal_slopes_have_their_own_mean_as_the_truth(panel, pool):
    made, truth = BENCH["study"](panel, pool, CASES[8], np.random.default_rng(3))
    who = [made.position("unit", unit) for unit in made.programme_units]
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = np.nanmedian((made.scores - panel.scores)[who] / made.completion[who] / 10, axis=(1, 2))
    assert slopes.std() > 0.01
    assert truth == pytest.approx(slopes.mean())


def test_what_is_judged_are_the_intervals_of_completion_slopes(panel, pool):
    made, _ = BENCH["study"](panel, pool, CASES[5], np.random.default_rng(4))
    answer = pa.completion_slopes(made, draws=199, rng=6)
    low, high = answer.row("mean")[["low", "high"]]
    eps = 1e-9
    for truth, inside in ((low - eps, 0), (low + eps, 1), (high - eps, 1), (high + eps, 0)):
        judged = BENCH["judge"](made, truth, 6, draws=199)
        each = answer.table.iloc[:6]
        together = answer.interval(0.95, simultaneous=True).iloc[:6]
        assert judged[2] == inside
        assert judged[0] == pytest.approx(((each["low"] <= truth) & (truth <= each["high"])).mean())
        assert judged[1] == ((together["low"] <= truth) & (truth <= together["high"])).all()


@pytest.mark.parametrize(
    ("units", "studies", "less"),
    [(1, 30, 0.6), *(pytest.param(units, 100, 0.8, marks=pytest.mark.slow) for units in (1, 8, 20))],
)
def test_coverage_measured_again(panel, pool, units, studies, less):
    """Within counts that are left twice in ten thousand times, at a coverage of 95%; not so where it is ``less``."""
    place = CASES.index((units, 63, "own", "common"))
    rows = BENCH["judge_all"](panel, pool, 199, BENCH["Job"](place, 0, studies, 11))
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], studies, 0.95) / studies
    assert stats.binom.cdf(low * studies - 1, studies, less) > 0.8
    for share in rows[:, 1:3].mean(axis=0):
        assert low <= share <= high
    assert rows[:, 0].mean() == pytest.approx(0.95, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("case", [(1, 63, "own", "common"), (8, 63, "own", "common"), (20, 63, "own", "common")])
def test_a_row_of_the_record_comes_out_again(panel, case):
    place = CASES.index(case)
    stored = TABLE.iloc[place]
    pool = BENCH["paths"](panel, BENCH["SETS"], int(stored["seed"]))
    again = BENCH["measure"](panel, pool, [place], int(stored["studies"]), int(stored["seed"]), None).iloc[0]
    # Another version may round a tie the other way in a study or two.
    tolerance = 0.0 if again["versions"] == stored["versions"] else 2 / stored["studies"]
    for name in [*COVERAGES, "attainable", "error"]:
        assert again[name] == pytest.approx(stored[name], abs=tolerance, rel=0, nan_ok=True), name
    assert again[["form", "inference"]].tolist() == stored[["form", "inference"]].tolist()


def test_the_public_record_is_the_file():
    record = coverage_record()
    assert record[COVERAGES].equals(TABLE[COVERAGES])
    assert record["studies"].tolist() == TABLE["studies"].tolist()
    assert set(record["slopes"]) == {"common", "unequal"}
    shown = pa.table(record, ["programme_units", "inference", "coverage_mean"], language="vi", digits=3)
    assert "Gán lại trên mọi tỉnh, thành phố" in set(shown["Suy luận"])
    assert not set(shown["Suy luận"]) & set(record["inference"])


DESIGNS = pd.read_csv(ROOT / "data" / "validation" / "designs.csv")
SIMULATED = runpy.run_path(str(ROOT / "benchmarks" / "validation" / "designs.py"))


def test_the_record_of_designs_has_both_slopes_of_each_design():
    rows = [tuple(row) for row in DESIGNS[["design", "programme_units", "form"]].to_numpy()]
    asked = [(d.name, d.programme_units) for d in SIMULATED["DESIGNS"]]
    assert rows == [(*design, form) for design in asked for form in ("imputation", "levels")]
    assert (DESIGNS["panels"] >= 100).all()


def test_the_conditions_that_notes_name_are_the_measured_ones():
    default = DESIGNS[DESIGNS["form"] == "imputation"]
    few = default[(default["design"] == "unequal noise") & (default["programme_units"] < STUDENTISED)]
    by_region = default[default["design"] == "regional"]
    for name, rows in (("unequal noise", few), ("regional", by_region)):
        measured = Decimal(str(rows["any_of_six"].max()))  # a half is rounded away from zero, as tables show it
        assert MEASURED[name] == float(measured.quantize(Decimal("0.01"), ROUND_HALF_UP)), name


def test_designs_are_drawn_as_they_are_called():
    rng = np.random.default_rng(5)
    for design in SIMULATED["DESIGNS"]:
        _, C, effects = SIMULATED["draw"](design, rng)
        begins = np.where(C.any(axis=2).any(axis=1), C.any(axis=2).argmax(axis=1), -1)
        assert (begins >= 0).sum() == design.programme_units
        assert set(begins[begins >= 0]) == set(design.starts)
        assert not effects[C == 0].any()
        carried = np.sort((C**2).sum(axis=(1, 2)))[::-1]
        two = carried[:2].sum() > 0.9 * carried.sum()
        assert two == (design.doses == "concentrated" or design.programme_units < 3)


def test_the_public_record_of_designs_is_the_file():
    record = design_record()
    numbers = ["one", "any_of_six", "mean", "bias", "bias_error", "coverage", "panels"]
    assert record[numbers].equals(DESIGNS[numbers])
    assert set(record["form"]) == {"imputation", "levels"}
    assert record["design"].nunique() == DESIGNS["design"].nunique()
    shown = pa.table(record, ["design", "form", "any_of_six", "bias"], language="vi")
    assert not {*shown.index, *shown["Dạng"]} & {*record["design"], *record["form"]}
