"""Provinces merged in July 2025: new ones as units, old ones side by side, scores of later years added."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.panel.panel import Panel
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.merged import old_provinces
from papi_analysis.reporting.programme_report import ProgrammeReport
from papi_analysis.study import codebook
from papi_analysis.study.provenance import study_files
from tests.study.conftest import Folder

SETTINGS = """\
title_en = "A programme of the enlarged city"
unit = "VN-CT-2025"
base_year = 2023
start = 2025-07-01
end = 2030-12-31
first_year = 2018
last_year = 2024
dimensions = ["D1", "D2"]
without_programme = "all others"

[tables]
tasks = "tasks.csv"
progress = "progress.csv"
"""
OLD = ("VN-CT", "VN-73", "VN-52")


@pytest.fixture
def enlarged(tmp_path) -> Folder:
    return folder_of(tmp_path)


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> pa.Study:
    return folder_of(tmp_path_factory.mktemp("city")).load()


def folder_of(path: Path) -> Folder:
    study = Folder(path)
    study.put("study.toml", SETTINGS)
    study.put("tasks.csv", "task,dimension,start,due\nT1,D1,2025-07-01,2026-12-31\nT2,D2,2025-07-01,2026-12-31\n")
    study.put("progress.csv", "task,as_of,reported_on,completion\nT1,2025-09-30,2025-10-05,0.4\n")
    return study


def with_scores(folder: Folder, *rows: str) -> None:
    folder.put("later.csv", "unit,year,dimension,score\n" + "".join(f"{row}\n" for row in rows))
    folder.swap("study.toml", "[tables]", '[tables]\nlater_scores = "later.csv"')
    folder.swap("study.toml", "last_year = 2024", "last_year = 2025")


@pytest.mark.parametrize("name", ["VN-CT-2025", "Cần Thơ (từ 2025)", "Can Tho moi", "Cần Thơ mới", "new Can Tho"])
def test_a_new_province_has_names_that_no_old_one_has(name: str) -> None:
    units = codebook.units_at(codebook.MERGER)
    assert pa.papi.find_unit(name, units) == "VN-CT-2025"
    assert pa.papi.find_unit("Cần Thơ", units) == "VN-CT"


def test_a_programme_that_ended_before_the_merger_knows_the_old_provinces_alone(study: pa.Study) -> None:
    assert (
        codebook.units_at(codebook.MERGER - pd.Timedelta(days=1))["unit"].tolist()
        == pa.papi.load_units()["unit"].tolist()
    )
    assert len(study.units) == 63
    assert old_provinces(study, "VN-CT", find_language("en")) == []
    assert codebook.merged_into("VN-HN", codebook.units_at(codebook.MERGER)) == ("Hanoi", ("VN-HN",))


def test_a_new_province_without_scores_is_reported_on_and_given_none(city: pa.Study) -> None:
    study = city
    assert study.programme_units == ("VN-CT-2025",)
    assert "VN-CT-2025" not in set(study.scores["unit"])
    assert study.scores["year"].max() == 2024
    panel = Panel.from_study(study)
    assert panel.programme_units == ()
    assert np.nan_to_num(panel.completion).max() == 0
    (told,) = [guess for guess in study.guesses if "since July 2025" in str(guess)]
    assert "Can Tho (from 2025) is Can Tho since July 2025, made of Can Tho, Hau Giang, Soc Trang" in str(told)
    report = ProgrammeReport(study)
    assert "are not there yet; the latest are of 2024" in str(report.slopes().parts)


def test_the_old_provinces_stand_side_by_side_and_nothing_is_averaged(enlarged, city: pa.Study) -> None:
    _, words, table = ProgrammeReport(city).scores().parts
    assert table.columns.tolist() == ["Can Tho, 2024", "Hau Giang, 2024", "Soc Trang, 2024"]
    published = pa.papi.load_scores().query("year == 2024").set_index(["dimension", "unit"])["score"]
    for name, row in table.iterrows():
        assert row.tolist() == [f"{published[name.split()[0], unit]:.2f}" for unit in OLD]
    assert "are not averaged" in words.paragraphs[0]
    assert "Can Tho (from 2025) holds Can Tho, Hau Giang, Soc Trang" in words.paragraphs[0]
    # The same where the office names the old province, with its own history above.
    enlarged.swap("study.toml", 'unit = "VN-CT-2025"', 'unit = "VN-CT"')
    own = enlarged.load()
    (told,) = [find_language("vi").say(one.what) for one in own.guesses if "since July 2025" in str(one)]
    assert told.startswith("từ tháng 7 năm 2025, Cần Thơ thuộc Cần Thơ mới, gồm Cần Thơ, Hậu Giang, Sóc Trăng cũ; ")
    parts = ProgrammeReport(own, "vi").scores().parts
    assert len(parts) == 4
    assert parts[-1].columns.tolist() == ["Cần Thơ, 2024", "Hậu Giang, 2024", "Sóc Trăng, 2024"]
    assert old_provinces(dataclasses.replace(own, unit="VN-HN"), "VN-HN", find_language("en")) == []


def test_scores_of_later_years_are_added_for_units_old_and_new(enlarged) -> None:
    with_scores(enlarged, "Cần Thơ mới,2025,D1,4.9", "VN-HN,2025,D1,5.1", "VN-CT,2025,D2,5.5")
    study = enlarged.load()
    assert len(study.scores) == len(pa.papi.load_scores()) + 3
    assert study.scores.query("year == 2025")["unit"].tolist() == ["VN-CT-2025", "VN-HN", "VN-CT"]
    assert len(study.breaks) > 0  # PAPI's, for these are its scores
    panel = Panel.from_study(study)
    assert panel.programme_units == ("VN-CT-2025",)
    assert np.isfinite(panel.scores[panel.position("unit", "VN-CT-2025")]).sum() == 1
    assert panel.years[-1] == 2025
    files = study_files(study).set_index("table")
    assert files.loc[["scores", "later_scores"], "rows"].tolist() == [len(pa.papi.load_scores()), 3]
    assert files.loc[["scores", "later_scores"], "own"].tolist() == [False, True]
    assert len(ProgrammeReport(study).scores().parts) == 4  # a history of one year, then the old provinces


def test_a_score_that_is_there_already_is_named_by_its_row(enlarged) -> None:
    with_scores(enlarged, "VN-HN,2025,D1,5.1", "VN-HN,2024,D1,5.1", "VN-XX,2025,D1,5.1", "VN-HN,2025,D2,11")
    assert enlarged.places() == [("later.csv", 4, "unit", "VN-XX"), ("later.csv", 5, "score", "11")]
    enlarged.put("later.csv", "unit,year,dimension,score\nVN-HN,2025,D1,5.1\nVN-HN,2024,D1,5.1\n")
    (problem,) = enlarged.error().problems
    assert (problem.file, problem.row, problem.column) == ("later.csv", 3, "score")
    assert "have a score of this unit, year and dimension already" in str(problem)


def test_later_scores_that_are_made_up_mark_what_rests_on_scores(enlarged) -> None:
    with_scores(enlarged, "VN-CT-2025,2025,D1,4.9")
    enlarged.swap("study.toml", "[tables]", 'simulated_tables = ["later_scores"]\n\n[tables]')
    assert enlarged.load().simulated_tables == ("later_scores", "scores")


def test_an_old_unit_still_needs_a_score_and_its_targets_a_base(enlarged) -> None:
    enlarged.put("targets.csv", "dimension,year,target\nD1,2030,6\n")
    enlarged.swap("study.toml", "[tables]", '[tables]\ntargets = "targets.csv"')
    assert enlarged.load().targets["unit"].tolist() == ["VN-CT-2025"]  # it waits for its first score
    with_scores(enlarged, "VN-CT-2025,2025,D1,4.9")
    assert [p.file for p in enlarged.error().problems] == ["targets.csv"]  # it has one, and none in the base year
