"""The bundled scores reproduce what reports and newspapers printed, and what they said about it."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import papi_analysis as pa

FIGURES = Path(__file__).parent / "data" / "published_figures.csv"
# Read as text: how many digits were printed says how much was rounded away. Trailing zeros were not kept when
# the figures were collected, so "1.5" may stand for a printed 1.50: the slack is then too wide, never too narrow.
PUBLISHED = pd.read_csv(FIGURES, dtype=str, keep_default_na=False, encoding="utf-8")
SIX = ["D1", "D2", "D3", "D4", "D5", "D6"]
NOTABLE = 0.05  # the press calls a change notable beyond 5% of the earlier score

Lookup = Callable[[str, int, str], Decimal]


def exact(score: float) -> Decimal:
    """Return a score as the four decimals in which it was published."""
    return Decimal(f"{score:.4f}")


def dimensions_of(year: int) -> int:
    return 6 if year < 2018 else 8


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    """Dimension scores: one row a unit and year, one column a dimension."""
    return pa.papi.load_scores().pivot(index=["unit", "year"], columns="dimension", values="score")


@pytest.fixture(scope="module")
def totals() -> pd.Series:
    """Sums over all dimensions of a year, where every one of them was published."""
    scores = pa.papi.load_scores()
    scores = scores.assign(score=scores["score"].map(exact))
    sums = scores.groupby(["unit", "year"])["score"].agg(["sum", "size"])
    needed = sums.index.get_level_values("year").map(dimensions_of)
    return sums.loc[sums["size"] == needed, "sum"]


@pytest.fixture(scope="module")
def lookup(totals: pd.Series) -> Lookup:
    """Return a function (unit, year, item) -> the figure in our tables."""
    scores = pa.papi.load_scores().set_index(["unit", "year", "dimension"])["score"]
    parts = pa.papi.load_scores(level="subdimension").set_index(["unit", "year", "number"])["score"]

    def look(unit: str, year: int, item: str) -> Decimal:
        if item == "total":
            return totals[unit, year]
        if item == "rank total":
            others = totals.xs(year, level="year")
            return Decimal(1 + sum(other > others[unit] for other in others))
        if item.startswith("SC"):
            return exact(parts[unit, year, f"{item[2]}.{item[3]}"])
        return exact(scores[unit, year, item])

    return look


def slack(item: str, year: int, printed: str) -> Decimal:
    """Return how far a table may be from a printed figure and still agree with it to the printed digits.

    A printed figure is at most half a unit of its last digit from the true one, and so is each four-decimal
    score that enters ours. Two roundings of one score to the same four decimals must be identical; so must ranks.
    """
    digits = len(printed.partition(".")[2])
    terms = dimensions_of(year) if item == "total" else 1
    if item == "rank total" or (terms == 1 and digits == 4):
        return Decimal(0)
    return Decimal(5).scaleb(-digits - 1) + terms * Decimal("0.00005")


def test_there_are_244_different_figures():
    assert len(PUBLISHED) == 244
    assert not PUBLISHED.duplicated(["unit", "year", "item"]).any()
    assert (PUBLISHED["source"] != "").all()


@pytest.mark.parametrize(
    ("unit", "year", "item", "printed"),
    list(PUBLISHED[["unit", "year", "item", "published"]].itertuples(index=False, name=None)),
)
def test_published_figure(lookup, unit, year, item, printed):
    ours = lookup(unit, int(year), item)
    assert abs(ours - Decimal(printed)) <= slack(item, int(year), printed), f"printed {printed}, ours {ours}"


def test_the_slack_hides_no_other_score(lookup):
    # One step in the last printed digit must be noticed wherever our own score is not next to a tie.
    noticed = 0
    for unit, year, item, printed in PUBLISHED[["unit", "year", "item", "published"]].itertuples(index=False):
        allowed = slack(item, int(year), printed)
        step = Decimal(1).scaleb(-len(printed.partition(".")[2])) if item != "rank total" else Decimal(1)
        ours = lookup(unit, int(year), item)
        noticed += all(abs(ours - Decimal(printed) - move) > allowed for move in (step, -step))
    assert noticed >= 0.95 * len(PUBLISHED)


def change(wide: pd.DataFrame, columns: str | list[str], before: int, after: int) -> pd.Series:
    """Relative change of a dimension, or of a sum of dimensions, by unit published in both years."""
    names = [columns] if isinstance(columns, str) else columns
    score = wide[names].sum(axis=1, min_count=len(names)).unstack("year")
    return (score[after] / score[before] - 1).dropna()


def test_corruption_control_rose_notably_in_33_provinces_in_2017(wide):
    rise = change(wide, "D4", 2016, 2017)
    assert (rise > NOTABLE).sum() == 33
    # Quang Ninh, Bac Lieu, Ba Ria - Vung Tau, Lao Cai, An Giang.
    assert set(rise[rise >= 0.20].index) == {"VN-13", "VN-55", "VN-43", "VN-02", "VN-44"}


def test_total_rose_notably_in_7_provinces_in_2017_and_fell_so_in_none(wide):
    rise = change(wide, SIX, 2016, 2017)
    assert (rise > NOTABLE).sum() == 7
    assert (rise < -NOTABLE).sum() == 0


def test_five_of_six_dimensions_fell_in_2015(wide):
    # The change of the national mean; each year's mean is over the provinces published that year.
    mean = wide[SIX].groupby("year").mean()
    percent = (100 * (mean.loc[2015] / mean.loc[2014] - 1)).round(1)
    assert percent.to_dict() == {"D1": -2.7, "D2": -7.4, "D3": -1.6, "D4": -3.0, "D5": -0.8, "D6": 0.7}


def test_services_were_notably_better_than_in_2011_in_35_provinces_in_2016(wide):
    assert (change(wide, "D6", 2011, 2016) > NOTABLE).sum() == 35


def test_only_quang_binh_was_in_the_top_16_of_all_six_dimensions_in_2013(wide):
    scores = wide.xs(2013, level="year")[SIX]
    top = scores.rank(ascending=False, method="min") <= 16
    assert list(scores.index[top.all(axis=1)]) == ["VN-24"]
    assert scores.sum(axis=1).idxmin() == "VN-54"  # Bac Giang


def test_corruption_control_moved_notably_in_24_provinces_in_2020(wide):
    rise = change(wide, "D4", 2019, 2020)
    assert ((rise > NOTABLE).sum(), (rise < -NOTABLE).sum()) == (18, 6)
    assert list(rise.nsmallest(2).index) == ["VN-36", "VN-18"]  # Ninh Thuan, Ninh Binh


def test_participation_rose_notably_in_33_provinces_in_2022(wide):
    assert (change(wide, "D1", 2021, 2022) > NOTABLE).sum() == 33


def test_can_tho_led_the_five_centrally_run_cities_in_2015(totals):
    cities = totals.xs(2015, level="year")[["VN-HN", "VN-HP", "VN-DN", "VN-SG", "VN-CT"]].astype(float)
    assert cities.idxmax() == "VN-CT"
    assert cities.max() == pytest.approx(39.34, abs=0.005)


def test_can_tho_had_the_highest_total_in_2016(totals):
    top = totals.xs(2016, level="year").astype(float).nlargest(5)
    # Can Tho, Ha Tinh, Da Nang, Phu Tho, Quang Binh.
    assert list(top.index) == ["VN-CT", "VN-23", "VN-DN", "VN-68", "VN-24"]
    assert list(top) == pytest.approx([39.57, 39.32, 38.58, 38.53, 38.41], abs=0.005)
