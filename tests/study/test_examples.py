"""The templates are a study that loads as it is, in either language, and never overwrite anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.study.examples import EXAMPLES, copy_example

FILES = {"study.toml"} | {f"{name}.xlsx" for name in ("tasks", "progress", "targets")}


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(params=["en", "vi"])
def language(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> dict[str, pa.Study]:
    """The example in each language, loaded as it is."""
    folders = {language: tmp_path_factory.mktemp("examples") / language for language in ("en", "vi")}
    for language, folder in folders.items():
        copy_example(folder, language)
    return {language: pa.load_study(folder) for language, folder in folders.items()}


def test_a_folder_of_templates_is_written_whole(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "new" / "study"
    written = copy_example(folder, language)
    assert set(written) == {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in folder.iterdir()} == FILES | {"csv"}


def test_a_folder_of_templates_loads_as_a_simulated_study(examples: dict[str, pa.Study], language: str) -> None:
    study = examples[language]
    assert study.simulated_tables == ("tasks", "progress")
    assert study.programme_units == ("VN-CT",)
    assert set(study.tasks["dimension"]) == set(study.dimensions["dimension"])
    assert study.tasks[f"title_{language}"].str.startswith({"en": "(Example)", "vi": "(Ví dụ)"}[language]).all()
    pd.testing.assert_frame_equal(
        study.targets.reset_index(drop=True), pa.load_study().targets.reset_index(drop=True), check_like=True
    )


def test_reports_rise_to_the_end_and_are_made_after_their_quarter(examples: dict[str, pa.Study]) -> None:
    progress = examples["en"].progress
    assert (progress["reported_on"] > progress["as_of"]).all()
    assert progress.groupby("task")["completion"].is_monotonic_increasing.all()
    assert (progress.groupby("task")["completion"].last() >= 0.6).all()


def test_the_csv_files_hold_the_same_tables(examples, tmp_path: Path, language: str) -> None:
    copy_example(tmp_path, language)
    settings = tmp_path / "study.toml"
    first = examples[language]
    text = settings.read_text(encoding="utf-8")
    for name in ("tasks", "progress", "targets"):
        text = text.replace(f'"{name}.xlsx"', f'"csv/{name}.csv"')
    settings.write_text(text, encoding="utf-8")
    second = pa.load_study(tmp_path)
    for name in ("tasks", "progress", "targets"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_only_the_words_change_with_the_language(examples: dict[str, pa.Study]) -> None:
    left, right = examples["en"], examples["vi"]
    columns = ["dimension", "weight", "start", "due"]
    pd.testing.assert_frame_equal(left.tasks[columns], right.tasks[columns])
    columns = ["as_of", "reported_on", "completion"]
    pd.testing.assert_frame_equal(left.progress[columns], right.progress[columns])


def test_every_column_is_explained_on_a_sheet_of_its_own(tmp_path: Path, language: str) -> None:
    copy_example(tmp_path, language)
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
        copy_example(tmp_path)
    assert files_of(tmp_path) == [tmp_path / file]
    assert (tmp_path / file).read_text() == "mine"


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy, copied = shutil.copyfile, []

    def fail_at_the_third(source: Path, path: Path) -> None:
        copied.append(path)
        copy(source, path)
        if len(copied) == 3:
            raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "copyfile", fail_at_the_third)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OSError, match="no space"):
        copy_example(tmp_path)
    assert len(copied) == 3
    assert files_of(tmp_path) == [tmp_path / "mine.txt"]


def test_every_file_of_the_example_is_copied(tmp_path: Path, language: str) -> None:
    copy_example(tmp_path, language)
    kept = {path.relative_to(EXAMPLES / language): path.read_bytes() for path in files_of(EXAMPLES / language)}
    assert {path.relative_to(tmp_path): path.read_bytes() for path in files_of(tmp_path)} == kept


def test_an_example_needs_no_guess_beyond_its_words(examples: dict[str, pa.Study], language: str) -> None:
    """Nothing in it is left out, hidden, merged or doubtful: what is told is how headers, names and days are read."""
    told = {guess.what.text for guess in examples[language].guesses}
    assert {text for text in told if "left out" in text or "hidden" in text or "not used" in text} == set()


def test_a_file_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SpecError, match="Name a folder"):
        copy_example(tmp_path / "file")
    with pytest.raises(SpecError, match="'en' and 'vi', not in 'fr'"):
        copy_example(tmp_path / "study", "fr")
    assert not (tmp_path / "study").exists()
