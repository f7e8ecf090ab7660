"""The false-alarm rates that the package prints are those that its benchmark measures, and `auto` holds its level."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import papi_analysis as pa
from papi_analysis.estimation.inference import FALSE_ALARMS

FOLDER = Path(__file__).parents[1] / "benchmarks" / "validation"
TABLE = pd.read_csv(FOLDER / "false_alarms.csv")
HELD = TABLE.query("inference == 'auto'")
BENCH = runpy.run_path(str(FOLDER / "false_alarms.py"))


@pytest.fixture(scope="module")
def pool(panel):
    return BENCH["paths"](panel, sets=2, seed=99)


def test_the_table_covers_what_is_promised():
    assert (TABLE["panels"] >= 1000).all()
    assert not TABLE.duplicated(["programme_units", "adopters", "inference"]).any()
    for inference in ("auto", "clustered"):
        cells = TABLE[TABLE["inference"] == inference]
        assert {1, 3, 8, 20, 63} <= set(cells.loc[cells["adopters"] == "random", "programme_units"])
        assert {5, 8, 20} <= set(cells.loc[cells["adopters"] == "highest", "programme_units"])


def test_the_printed_rates_are_the_measured_ones():
    measured = TABLE.query("inference == 'clustered' and adopters == 'random'").set_index("programme_units")
    for units, (one, any_of_six) in FALSE_ALARMS.items():
        row = measured.loc[units]
        assert (one, any_of_six) == (round(row["one"], 2), round(row["any_of_six"], 2)), units


@pytest.mark.parametrize("row", list(HELD.itertuples(index=False)), ids=lambda row: f"{row[0]}-{row[1]}")
def test_auto_holds_its_level_over_the_family(row):
    assert row.any_of_six <= 0.07


def wide(rate, panels):
    """Bounds that a share of ``panels`` leaves once in ten thousand, each side, when the true rate is ``rate``."""
    return stats.binom.ppf([5e-5, 1 - 5e-5], panels, rate) / panels


def test_one_programme_unit_measured_again(panel, pool):
    """Six dependent tests in each panel: the bounds are those of any of six."""
    again = BENCH["measure"](panel, pool, 1, "random", "clustered", panels=60, seed=7)
    stored = TABLE.query("programme_units == 1 and adopters == 'random' and inference == 'clustered'").iloc[0]
    low, high = wide(stored["any_of_six"], 60)
    assert low <= again["any_of_six"] <= high
    low, high = wide(stored["one"], 60)
    assert low <= again["one"] <= high


@pytest.mark.parametrize("adopters", ["random", "highest"])
def test_auto_measured_again(panel, pool, adopters):
    again = BENCH["measure"](panel, pool, 8, adopters, "auto", panels=60, seed=7, draws=199)
    assert again["any_of_six"] <= wide(0.05, 60)[1]


@pytest.mark.parametrize("units", [1, 8, 20])
@pytest.mark.parametrize("inference", ["auto", "clustered"])
def test_the_benchmark_judges_as_completion_slopes_does(panel, pool, units, inference):
    null, _ = next(BENCH["null_panels"](panel, pool, units, "random", 1, 11))
    form = "levels" if inference == "clustered" else "imputation"
    table = pa.completion_slopes(null, form=form, inference=inference, override=True, draws=199, rng=3).table.iloc[:6]
    p, smallest = BENCH["judge"](null, inference, 3, draws=199)
    assert np.array_equal(p, table["p"])
    assert smallest == table["p_joint" if inference == "auto" else "p"].min()
    assert np.array_equal(null.scores, panel.scores, equal_nan=True)
