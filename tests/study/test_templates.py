"""The templates are a study that loads as it is, in either language, and never overwrite anything."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.study.templates import write_templates

FILES = {"study.toml"} | {f"{name}.xlsx" for name in ("tasks", "progress", "targets")}


@pytest.fixture(params=["en", "vi"])
def language(request) -> str:
    return request.param


def test_a_folder_of_templates_loads_as_a_simulated_study(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "new" / "study"
    written = write_templates(folder, language)
    assert set(written) == {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in folder.iterdir()} == FILES | {"csv"}
    study = pa.load_study(folder)
    assert study.simulated_tables == ("tasks", "progress")
    assert study.programme_units == ("VN-CT",)
    assert set(study.tasks["dimension"]) == set(study.dimensions["dimension"])
    assert study.tasks[f"title_{language}"].str.startswith({"en": "(Example)", "vi": "(Ví dụ)"}[language]).all()
    pd.testing.assert_frame_equal(
        study.targets.reset_index(drop=True), pa.load_study().targets.reset_index(drop=True), check_like=True
    )


def test_reports_rise_to_the_end_and_are_made_after_their_quarter(tmp_path: Path) -> None:
    write_templates(tmp_path)
    progress = pa.load_study(tmp_path).progress
    assert (progress["reported_on"] > progress["as_of"]).all()
    assert progress.groupby("task")["completion"].is_monotonic_increasing.all()
    assert (progress.groupby("task")["completion"].last() >= 0.6).all()


def test_the_csv_files_hold_the_same_tables(tmp_path: Path, language: str) -> None:
    write_templates(tmp_path, language)
    settings = tmp_path / "study.toml"
    first = pa.load_study(tmp_path)
    text = settings.read_text(encoding="utf-8")
    for name in ("tasks", "progress", "targets"):
        text = text.replace(f'"{name}.xlsx"', f'"csv/{name}.csv"')
    settings.write_text(text, encoding="utf-8")
    second = pa.load_study(tmp_path)
    for name in ("tasks", "progress", "targets"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_only_the_words_change_with_the_language(tmp_path: Path) -> None:
    english, vietnamese = (tmp_path / language for language in ("en", "vi"))
    for folder in (english, vietnamese):
        write_templates(folder, folder.name)
    left, right = pa.load_study(english), pa.load_study(vietnamese)
    columns = ["dimension", "weight", "start", "due"]
    pd.testing.assert_frame_equal(left.tasks[columns], right.tasks[columns])
    columns = ["as_of", "reported_on", "completion"]
    pd.testing.assert_frame_equal(left.progress[columns], right.progress[columns])


def test_every_column_is_explained_on_a_sheet_of_its_own(tmp_path: Path, language: str) -> None:
    write_templates(tmp_path, language)
    for name in ("tasks", "progress", "targets"):
        table, notes = load_workbook(tmp_path / f"{name}.xlsx").worksheets
        assert notes.title == {"en": "Notes", "vi": "Ghi chú"}[language]
        header = [cell.value for cell in table[1]]
        explained = list(notes.iter_rows(min_row=2, max_row=len(header) + 1, values_only=True))
        assert [row[0] for row in explained] == header
        assert all(row[1] and row[2] is not None for row in explained)


@pytest.mark.parametrize("file", ["study.toml", "targets.xlsx", "csv/progress.csv"])
def test_nothing_is_overwritten(tmp_path: Path, file: str) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / file).write_text("mine")
    with pytest.raises(SpecError, match=file.replace(".", r"\.")):
        write_templates(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / file]
    assert (tmp_path / file).read_text() == "mine"


def test_a_file_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SpecError, match="Name a folder"):
        write_templates(tmp_path / "file")
    with pytest.raises(SpecError, match="'en' and 'vi', not in 'fr'"):
        write_templates(tmp_path / "study", "fr")
    assert not (tmp_path / "study").exists()
