"""The study that ships with the package is what its programme and its settings say."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.study.codebook import data_folder


def test_the_programme(study: pa.Study) -> None:
    assert study.unit == "VN-CT"
    assert study.programme_units == ("VN-CT",)
    assert len(study.without_programme) == 62
    assert study.base_year == 2016
    assert (study.start, study.end) == (pd.Timestamp(2018, 2, 1), pd.Timestamp(2020, 12, 31))
    assert "321" in study.decision
    assert study.dimensions["dimension"].tolist() == ["D1", "D2", "D3", "D4", "D5", "D6"]


def test_fifty_nine_distinct_tasks_over_six_dimensions(study: pa.Study) -> None:
    assert len(study.tasks) == study.tasks["task"].nunique() == 59
    assert study.tasks["dimension"].value_counts().sort_index().tolist() == [10, 9, 9, 9, 12, 10]


@pytest.mark.parametrize("column", ["title_en", "title_vi"])
def test_titles_are_distinct_and_no_numbered_templates(study: pa.Study, column: str) -> None:
    titles = study.tasks[column]
    assert titles.str.len().min() > 20
    without_numbers = titles.map(lambda title: " ".join(re.sub(r"\d+|\b[ivx]+\b", "", title.casefold()).split()))
    assert without_numbers.nunique() == 59
    # The first words may be common; no sentence may be a frame in which a single word is exchanged.
    words = [tuple(title.split()) for title in without_numbers]
    near = [
        (a, b)
        for i, a in enumerate(words)
        for b in words[:i]
        if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= 1
    ]
    assert near == []


def test_titles_in_the_two_languages_differ_and_agencies_have_both_names(study: pa.Study) -> None:
    tasks = study.tasks
    assert (tasks["title_en"] != tasks["title_vi"]).all()
    assert tasks["title_en"].map(str.isascii).mean() > 0.9
    assert not tasks["title_vi"].map(str.isascii).any()
    pairs = tasks[["lead_agency_en", "lead_agency_vi"]].drop_duplicates()
    assert (pairs != "").all(axis=None)
    assert pairs["lead_agency_en"].is_unique
    assert pairs["lead_agency_vi"].is_unique


def test_dates_and_weights_are_those_of_the_programme(study: pa.Study) -> None:
    tasks = study.tasks
    assert (tasks["start"] >= study.start).all()
    assert (tasks["due"] <= study.end).all()
    assert (tasks["start"] < tasks["due"]).all()
    assert set(tasks["weight"]) == {1, 2, 3}


def test_the_targets(study: pa.Study) -> None:
    targets = study.targets.set_index("dimension")["target"]
    assert targets.to_dict() == {"D1": 6.5, "D2": 6.5, "D3": 6.3, "D4": 7.25, "D5": 7.5, "D6": 8.0}
    assert targets.sum() == pytest.approx(42.05, abs=1e-9)
    assert set(study.targets["year"]) == {2020}


def test_the_register_says_that_it_is_simulated(study: pa.Study) -> None:
    assert study.simulated_tables == ("tasks", "progress")
    assert "SIMULATED" in repr(study)
    folder = data_folder() / "can_tho_2018_2020"
    assert "simulated" in folder.joinpath("study.toml").read_text(encoding="utf-8").casefold()
    assert {path.name for path in folder.iterdir()} == {"study.toml", "tasks.csv", "progress.csv", "targets.csv"}


def test_the_scores_are_the_published_ones(study: pa.Study) -> None:
    pd.testing.assert_frame_equal(study.scores, pa.papi.load_scores())
    assert study.years == (2011, 2020)
