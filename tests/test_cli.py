"""The command line as an analyst types it: a folder made, checked, described, reported on; errors in a sentence."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from papi_analysis.cli import main
from papi_analysis.reporting.programme_report import SECTIONS, ProgrammeReport
from papi_analysis.reporting.section import Section, Words
from papi_analysis.study.codebook import data_folder

BUNDLED = "can_tho_2018_2020"


def type_in(*words: object) -> Result:
    """Run the command and return what it printed and its exit status; nothing may end in a traceback."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the bundled study as somebody's own folder."""
    return shutil.copytree(data_folder() / BUNDLED, tmp_path / "own")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one sentence stand for each section: what they say is tested elsewhere."""
    for name in SECTIONS:
        monkeypatch.setattr(ProgrammeReport, name, lambda _: Section((Words(paragraphs=("A report",)),)))


@pytest.mark.parametrize("language", ["en", "vi"])
def test_from_nothing_to_a_checked_study(tmp_path: Path, language: str):
    folder = tmp_path / "my study"
    made = type_in("init", folder, "--language", language)
    assert made.exit_code == 0
    named = [line.strip() for line in made.output.splitlines()[1:-1]]
    assert "study.toml" in named
    assert sorted(named) == sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    checked = type_in("check", folder)
    assert checked.exit_code == 0, checked.output
    assert checked.output.splitlines()[-1] == {"en": "No problems.", "vi": "Không có lỗi nào."}[language]
    again = type_in("init", folder, "--language", language)
    assert again.exit_code == 1
    assert again.output.startswith({"en": "Error: the folder", "vi": "Lỗi: thư mục"}[language])


def test_check_lists_every_problem_and_changes_nothing(own: Path):
    tasks = (own / "tasks.csv").read_text("utf-8").splitlines()
    tasks[3] = tasks[3].replace("2018-05-02", "2018-13-02")
    tasks[5] = tasks[5].replace("D1", "D9")
    (own / "tasks.csv").write_text("\n".join(tasks), "utf-8")
    before = {path: path.read_bytes() for path in own.iterdir()}
    for language, words in (("en", "this is not a date"), ("vi", "không phải là ngày")):
        result = type_in("check", own, "--language", language)
        assert result.exit_code == 1
        assert "tasks.csv" in result.output
        assert "2018-13-02" in result.output
        assert words in result.output
        assert "D9" in result.output
        assert re.search(r"\b4\b.*\n(.*\n)*.*\b6\b", result.output)
        assert "Traceback" not in result.output
    assert {path: path.read_bytes() for path in own.iterdir()} == before


@pytest.mark.parametrize("broken", [True, False])
def test_check_writes_its_list_as_a_table_too(tmp_path: Path, broken: bool):
    from openpyxl import load_workbook

    folder, table = tmp_path / "own", tmp_path / "list.xlsx"
    type_in("init", folder, "--language", "vi")
    if broken:
        (folder / "targets.xlsx").unlink()
    assert type_in("check", folder, "--table", table).exit_code == broken
    rows = [[cell.value for cell in row] for row in load_workbook(table).active.iter_rows()]
    header = next(row for row in rows if "Tệp" in row)
    assert {"Tệp", "Vấn đề", "Cách sửa"} <= set(header)
    assert any("targets.xlsx" in map(str, row) for row in rows)
    assert type_in("check", BUNDLED, "--table", table).exit_code == 0
    refused = type_in("check", folder, "--table", tmp_path / "list.pdf", "--language", "vi")
    assert refused.exit_code == 1
    assert refused.output.startswith("Lỗi: không thể lưu thành 'list.pdf'.")  # before anything is read


def test_check_writes_its_list_over_no_other_file(own: Path):
    (own / "notes.csv").write_text("File,Row,What,Mine\n", "utf-8")
    for other in ("list.xlsx", "list.docx", "page.html"):
        (own / other).write_bytes(b"PK somebody's")
    before = {path: path.read_bytes() for path in own.iterdir()}
    for name in ("progress.csv", "tasks.csv", "notes.csv", "list.xlsx", "list.docx", "page.html"):
        for language, words in (("en", "papi_analysis did not write it"), ("vi", "không do papi_analysis ghi")):
            refused = type_in("check", own, "--table", own / name, "--language", language)
            assert refused.exit_code == 1
            assert f"{name} " in refused.output
            assert words in refused.output
    assert {path: path.read_bytes() for path in own.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "language"),
    [("list.csv", "en"), ("list.csv", "vi"), ("list.xlsx", "vi"), ("list.docx", "en"), ("list.html", "vi")],
)
def test_check_writes_its_own_list_anew_until_somebody_has_changed_it(tmp_path: Path, name: str, language: str):
    folder, table = tmp_path / "own", tmp_path / name
    type_in("init", folder, "--language", language)
    (folder / "targets.xlsx").unlink()
    assert [type_in("check", folder, "--table", table).output.count("did not write") for _ in "ab"] == [0, 0]
    first = table.read_bytes()
    assert type_in("check", folder, "--table", table).exit_code == 1
    assert table.read_bytes() == first
    if name == "list.csv":
        table.write_bytes(
            first.replace(b"\r\n", b",mine\r\n", 1).replace(b",mine", b";mine" if language == "vi" else b",mine")
        )
    elif name == "list.xlsx":
        from openpyxl import load_workbook

        book = load_workbook(table)
        book.active["Z1"] = "mine"
        book.save(table)
    else:
        return
    changed = table.read_bytes()
    assert type_in("check", folder, "--table", table).exit_code == 1
    assert table.read_bytes() == changed


@pytest.mark.parametrize(
    "pages", ["cp1258", *(pytest.param(page, marks=pytest.mark.slow) for page in ("cp1252", "cp437", "cp932", "ascii"))]
)
def test_vietnamese_is_utf_8_whatever_the_code_page(tmp_path: Path, pages: str):
    """Redirected, as on Windows: Python would write in the machine's code page, which lacks most of these letters."""
    program = [sys.executable, "-c", "from papi_analysis.cli import main; main()"]
    environment = os.environ | {"PYTHONIOENCODING": pages, "PYTHONUTF8": "0"}
    command = [*program, "check", str(tmp_path / "không có"), "--language", "vi"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert "không tìm thấy thư mục" in done.stdout.decode("utf-8")
    said = done.stderr.decode("utf-8")
    assert "Có 1 lỗi cần sửa. Các tệp của bạn không bị thay đổi." in said
    assert "Traceback" not in said


def test_check_says_what_it_was_warned_of(own: Path):
    progress = (own / "progress.csv").read_text("utf-8").replace(",0.15,0", ",0.01,0", 1)
    (own / "progress.csv").write_text(progress, "utf-8")
    result = type_in("check", own)
    assert result.exit_code == 0
    assert "completion falls without a revision mark in row" in result.output


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "63 units, 2011-2020, 6 dimensions: 16 of 3780"),
        ("vi", "63 tỉnh, thành phố, 2011-2020, 6 nội dung: thiếu 16"),
    ],
)
def test_describe(language: str, words: str):
    result = type_in("describe", BUNDLED, "--language", language)
    assert result.exit_code == 0
    assert words in result.output
    assert {"en": "SIMULATED", "vi": "MÔ PHỎNG"}[language] in result.output


def test_a_study_says_in_which_language_it_wants_to_be_reported_on(own: Path, monkeypatch: pytest.MonkeyPatch):
    settings = (own / "study.toml").read_text("utf-8")
    (own / "study.toml").write_text('language = "vi"\n' + settings, "utf-8")
    assert "Không có lỗi nào." in type_in("check", own).output
    assert "No problems." in type_in("check", own, "--language", "en").output
    (own / "study.toml").write_text('language = "fr"\n' + settings, "utf-8")
    refused = type_in("check", own)
    assert refused.exit_code == 1
    assert "language" in refused.output
    (own / "study.toml").write_text("not toml", "utf-8")
    assert type_in("check", own).exit_code == 1
    monkeypatch.setenv("PAPI_LANGUAGE", "vi")
    assert "không tìm thấy thư mục" in type_in("check", own / "nowhere").output


@pytest.mark.usefixtures("quick")
def test_a_report_may_be_a_document_and_a_workbook_too(own: Path):
    result = type_in("report", own, "--docx", "--tables")
    assert result.exit_code == 0
    folder = own / "report"
    assert result.stdout.splitlines() == [str(folder / n) for n in ("index.html", "report.docx", "tables.xlsx")]
    assert all((folder / name).is_file() for name in ("index.html", "report.docx", "tables.xlsx"))
    (folder / "report.docx").write_text("edited by the office")
    refused = type_in("report", own, "--docx")
    assert refused.exit_code == 1
    assert "report.docx" in refused.output
    assert (folder / "report.docx").read_text() == "edited by the office"
    assert type_in("report", own).exit_code == 0  # the page alone is in nobody's way


@pytest.mark.usefixtures("quick")
def test_report_lies_in_the_study_folder_and_is_not_written_over_other_files(own: Path):
    result = type_in("report", own, "--language", "vi")
    assert result.exit_code == 0, result.output
    page = own / "report" / "index.html"
    assert str(page) in result.output
    assert 'lang="vi"' in page.read_text("utf-8")
    assert type_in("report", own).exit_code == 0  # a report of ours is written anew
    page.write_text("somebody's page", "utf-8")
    refused = type_in("report", own)
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert page.read_text("utf-8") == "somebody's page"
    assert type_in("report", own, "--force").exit_code == 0
    assert "A report" in page.read_text("utf-8")


@pytest.mark.usefixtures("quick")
def test_open_shows_the_page(own: Path, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    type_in("report", own, "--output", own / "out", "--open")
    assert opened == [(own / "out" / "index.html").resolve().as_uri()]


@pytest.mark.parametrize("command", ["check", "report", "describe"])
def test_a_folder_that_is_not_there(command: str, tmp_path: Path):
    result = type_in(command, tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "there is no such folder or bundled study" in result.output


def test_broken_tables_give_no_report(own: Path):
    (own / "progress.csv").write_text("task\n", "utf-8")
    result = type_in("report", own)
    assert result.exit_code == 1
    assert "progress.csv" in result.output
    assert not (own / "report").exists()


@pytest.mark.parametrize(
    "words", [["--help"], ["init", "--help"], ["check", "-h"], ["report", "-h"], ["describe", "-h"]]
)
def test_help_has_examples_on_lines_of_their_own(words: list[str]):
    output = type_in(*words).output
    assert re.search(r"^ +Examples?:\n +papi-analysis \w+", output, flags=re.MULTILINE)


def test_version():
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+", type_in("--version").output.strip())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("check", "Kế", "hoạch"),
            "Lỗi: lệnh có thừa từ. Nếu tên thư mục có dấu cách, hãy đặt tên trong dấu ngoặc kép.",
        ),
        (("check", "--tabel", "x"), "Lỗi: không có tùy chọn --tabel."),
        (("check",), "Lỗi: lệnh còn thiếu tên thư mục."),
    ],
)
def test_a_command_that_is_not_understood_is_answered_in_the_language_that_it_asks_for(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
):
    asked = type_in(*words, "--language", "vi")
    assert (asked.exit_code, asked.output.strip()) == (2, said)
    plain = type_in(*words)
    assert plain.exit_code == 2
    assert "Usage:" in plain.output
    monkeypatch.setenv("PAPI_LANGUAGE", "vi")
    assert type_in(*words).output.strip() == said


def test_a_folder_with_blanks_is_typed_in_quotes(tmp_path: Path):
    folder = tmp_path / "Kế hoạch PAPI 2026"
    assert type_in("init", folder, "--language", "vi").output.endswith(f'papi-analysis check "{folder}"\n')
    assert type_in("init", tmp_path / "one").output.endswith(f"papi-analysis check {tmp_path / 'one'}\n")
