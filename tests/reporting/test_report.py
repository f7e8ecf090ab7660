"""The report: one page over the sections, whole or not at all, and nothing of anybody else's overwritten."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup

import papi_analysis as pa
from papi_analysis.errors import SpecError
from papi_analysis.reporting import files, missing_section, programme_report
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.programme_report import SECTIONS, ProgrammeReport
from papi_analysis.reporting.report import render_report
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table
from papi_analysis.study import study as study_module
from papi_analysis.study.codebook import data_folder

BUNDLED = "can_tho_2018_2020"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one sentence stand for each section."""
    for name in SECTIONS:
        heading = Words(name, (f"Said by {name}.",), level=1 if name == "summary" else 2)
        monkeypatch.setattr(ProgrammeReport, name, lambda _, heading=heading: Section((heading,)))


@pytest.fixture(scope="module")
def page(made: Any, study: Any, tmp_path_factory: pytest.TempPathFactory) -> BeautifulSoup:
    """The page that is written from the same parts."""
    with made():
        return soup_of(render_report(study, tmp_path_factory.mktemp("report"), language="vi"))


def soup_of(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def test_the_page_says_what_the_sections_say(parts: Any, page: BeautifulSoup):
    every = [part for name in SECTIONS for part in parts["vi"][name]]
    words = [part for part in every if isinstance(part, Words)]
    tables = [part for part in every if isinstance(part, Table)]
    figures = [part for part in every if not isinstance(part, Words | Table)]
    said = [text for part in words for text in (part.heading, *part.paragraphs, *part.items) if text]
    shown = page.main.find_all(lambda tag: tag.name in ("h1", "h2", "h3", "li") or (tag.name == "p" and not tag.attrs))
    assert [tag.get_text() for tag in shown] == said
    assert [img["alt"] for img in page.main.find_all("img")] == [alternative(figure_of(part)) for part in figures]
    for table, part in zip(page.main.find_all("table"), tables, strict=True):
        rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
        assert rows[0] == [part.columns.name or "", *part.columns]
        assert rows[1:] == [[name, *row] for name, *row in part.itertuples(name=None)]
        assert (table.caption.get_text() if table.caption else "") == part.caption
    assert len(figures) > 5
    assert len(tables) > 5


def test_the_notebook_shows_the_same_sections():
    """The notebook holds no words, tables or figures of its own, so it can say nothing else than the page."""
    path = Path(pa.__file__).parents[1] / "notebooks" / "00_programme_report.ipynb"
    cells = [cell for cell in nbformat.read(path, 4).cells if "remove-cell" not in cell.metadata.get("tags", [])]
    assert {cell.cell_type for cell in cells} == {"code"}
    last_lines = [cell.source.splitlines()[-1] for cell in cells]
    assert last_lines[1:] == [f"report.{name}()" for name in SECTIONS]


def test_every_heading_has_an_anchor_and_the_contents_lead_to_it(page: BeautifulSoup):
    headings = page.main.find_all(["h1", "h2", "h3"])
    ids = [heading["id"] for heading in headings]
    assert len(set(ids)) == len(ids)
    links = page.find("nav", class_="contents").find_all("a")
    assert [link.get_text() for link in links] == [heading.get_text() for heading in headings[1:]]
    nested = [link.get_text() for link in page.select("nav.contents ol ol a")]
    assert nested == [heading.get_text() for heading in headings if heading.name == "h3"]
    footer = page.find("footer", class_="made").get_text()
    assert re.search(r"papi_analysis \S+, numpy \S+", footer)
    assert page.find("nav", class_="pages") is None


@pytest.mark.usefixtures("quick")
def test_the_study_is_loaded_once_and_every_section_asked_for_once(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    loaded: list[Any] = []
    load_study = study_module.load_study
    monkeypatch.setattr(programme_report, "load_study", lambda name: loaded.append(name) or load_study(name))
    told: list[tuple[int, int]] = []
    start = render_report(
        Path(BUNDLED), tmp_path / "deep" / "out", language="vi", on_section=lambda *done: told.append(done)
    )
    assert start == tmp_path / "deep" / "out" / "index.html"
    assert loaded == [BUNDLED]
    assert told == [(done, len(SECTIONS)) for done in range(len(SECTIONS))]
    soup = soup_of(start)
    assert soup.html["lang"] == "vi"
    assert soup.find("header").get_text().startswith("MÔ PHỎNG: nhiệm vụ, tiến độ. ")
    assert soup.title.get_text() == study.title_vi
    assert [path.name for path in start.parent.iterdir()] == ["index.html"]


def test_no_answer_is_worked_out_twice(study: Any, monkeypatch: pytest.MonkeyPatch):
    from papi_analysis.reporting import answers

    asked: list[str] = []
    for name in ("target_attainment", "completion_slopes", "programme_impact", "calibrate", "impact_robustness"):

        def count(*given: Any, name: str = name, **options: Any) -> Any:
            asked.append(name)
            raise SpecError("No.")

        monkeypatch.setattr(answers, name, count)
    own = ProgrammeReport(study)
    assert all(list(getattr(own, name)()) for name in SECTIONS)
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == 5


@pytest.mark.usefixtures("quick")
def test_the_same_bytes_twice(study: Any, tmp_path: Path):
    first, second = (render_report(study, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.usefixtures("quick")
def test_a_page_that_is_not_ours_stays(study: Any, tmp_path: Path):
    page = tmp_path / "out" / "index.html"
    page.parent.mkdir()
    (tmp_path / "out" / "mine.html").write_text("mine")
    page.write_text("old")
    with pytest.raises(SpecError, match=r"index\.html is in the folder 'out' already and was not written by"):
        render_report(study, tmp_path / "out")
    assert page.read_text() == "old"
    render_report(study, tmp_path / "out", force=True)
    render_report(study, tmp_path / "out")
    assert "Said by summary." in page.read_text("utf-8")
    assert (tmp_path / "out" / "mine.html").read_text() == "mine"
    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "mine.html"]
    if os.name == "posix":  # whoever may read the folder may read the page
        plain = tmp_path / "plain.txt"
        plain.write_text("")
        assert page.stat().st_mode == plain.stat().st_mode


@pytest.mark.usefixtures("quick")
def test_a_full_disk_leaves_the_earlier_report_whole(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = render_report(study, tmp_path / "out")
    before = page.read_bytes()

    def full(part: Path, _: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(part))

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(pa.SpecError, match="cannot be written: No space left"):
        render_report(study, tmp_path / "out", language="vi")
    assert page.read_bytes() == before
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


KILLED = """
import sys
from pathlib import Path
from papi_analysis.reporting.files import write_whole
path, words = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
while True:
    write_whole(path, (words * 2_000_000).encode())
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process as only POSIX does")
def test_a_report_killed_at_any_moment_leaves_the_page_whole(tmp_path: Path):
    page = tmp_path / "out" / "index.html"
    process = subprocess.Popen([sys.executable, "-c", KILLED, page, "old"], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.Random(0).uniform(0, 0.05))
        process.kill()
    if page.exists():
        assert page.read_text("utf-8") == "old" * 2_000_000
    files.write_whole(page, b"last")
    assert page.read_text() == "last"


def test_two_that_write_the_same_file_never_mix(tmp_path: Path):
    page, failed = tmp_path / "out" / "index.html", []
    texts = [str(writer).encode() * 1_000_000 for writer in range(3)]

    def write(text: bytes) -> None:
        for _ in range(20):
            files.write_whole(page, text)
            if page.read_bytes() not in texts:
                failed.append(text[:1])

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_what_cannot_be_a_report_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match="The report needs a folder, and 'file' is a file"):
        render_report(BUNDLED, tmp_path / "file")
    with pytest.raises(SpecError, match="no language 'fr'"):
        render_report(BUNDLED, tmp_path / "out", language="fr")
    monkeypatch.setattr(programme_report, "ProgrammeReport", None)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Make a copy of the bundled study with some text of its tables changed."""

    def change(file: str, *changes: tuple[str, str]) -> Path:
        folder = shutil.copytree(data_folder() / BUNDLED, tmp_path_factory.mktemp("unlike") / "own")
        text = (folder / file).read_text("utf-8")
        for pattern, words in changes:
            text = re.sub(pattern, words, text, flags=re.MULTILINE)
        (folder / file).write_text(text, "utf-8")
        return folder

    return change


def texts(report_of: ProgrammeReport, name: str) -> str:
    return "\n".join(repr(part) for part in getattr(report_of, name)() if isinstance(part, Words))


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "vi"])
def test_a_target_in_years_to_come_is_not_missed(unlike: Any, language: str):
    own = ProgrammeReport(unlike("targets.csv", ("2020", "2028")), language)
    said = texts(own, "summary")
    why = {
        "en": "Can Tho has 6 targets for 2028; in 2020, the latest scores, 0 of 6 that can be compared stood at",
        "vi": "Cần Thơ có 6 chỉ tiêu cho năm 2028; theo điểm mới nhất, năm 2020, trong 6 chỉ tiêu so sánh được, 0 chỉ",
    }
    assert why[language] in said
    not_yet = {"en": "scores of 2028 are not there yet", "vi": "chưa có điểm năm 2028"}
    assert not_yet[language] in texts(own, "impact")
    assert re.search(r"\b0 (of|trong) (its )?6 (targets|chỉ tiêu)", said) is None
    assert all(list(getattr(own, name)()) for name in ("targets", "findings", "slopes"))


def test_reports_that_all_still_say_nothing_is_done(unlike: Any):
    own = ProgrammeReport(unlike("progress.csv", (r",[\d.]+,(\d+)$", r",0,\1")))
    assert "This study's data cannot answer: " in texts(own, "slopes")
    assert "Completion on 2020-09-30: 0%." in texts(own, "targets")
    assert "không tỉnh, thành phố nào có mức độ hoàn thành trên 0" in texts(ProgrammeReport(own.study, "vi"), "slopes")


def test_why_there_is_no_answer_is_said_in_the_language_of_the_report(study: Any):
    from test_programme_report import changed

    one = study.scores["unit"].eq("VN-CT") & study.scores["year"].eq(2020) & study.scores["dimension"].eq("D2")
    own = ProgrammeReport(changed(study, scores=study.scores[~one]), "vi")
    assert (
        "điểm của Cần Thơ ở Công khai, minh bạch trong việc ra quyết định ở địa phương, năm 2020, không được công bố"
        in texts(own, "impact")
    )
    assert "VN-CT không có điểm của D2 trong năm 2020." in own.tongue.say(own.answers.reversion.args[0])


def test_a_year_without_the_provinces_scores_has_no_rank(study: Any):
    from test_programme_report import changed

    scores = study.scores[~((study.scores["unit"] == "VN-CT") & (study.scores["year"] == 2020))]
    said = texts(ProgrammeReport(changed(study, scores=scores)), "summary")
    assert "Whether Can Tho reached its 6 targets for 2020 cannot be said" in said
    assert "0 of" not in said.replace("0 of 6", "")
    assert "Rank" not in said


def test_the_completion_beside_a_score_is_that_of_its_survey(study: Any):
    """The register goes on after the last survey: what it says then is not what the score could show."""
    from test_programme_report import changed

    tasks = study.tasks.assign(due=study.tasks["due"] + 2 * (study.tasks["due"].max() - study.tasks["due"].min()))
    own = ProgrammeReport(changed(study, tasks=tasks))
    then = pa.completion(tasks, study.progress).query("year == 2020").set_index("dimension")["completion"]
    listed = next(iter(own.targets()))
    assert len(listed.items) == len(study.dimensions)
    for item, dimension in zip(listed.items, study.dimensions["dimension"], strict=True):
        assert f"Completion on 2020-09-30: {own.tongue.percent(then[dimension])}" in item


def test_a_section_that_fails_says_so_and_the_others_stand(study: Any, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise SpecError("There is nothing to draw.")

    def break_down(*_: Any, **__: Any) -> None:
        raise KeyError("D9")

    monkeypatch.setattr(programme_report, "draw_history", refuse)
    monkeypatch.setattr(missing_section, "reporting_record", break_down)
    own = ProgrammeReport(study, "vi")
    assert [part.heading for part in own.scores()] == ["Điểm số"]
    assert "There is nothing to draw." in texts(own, "scores")
    assert "lỗi của chương trình này, không phải của các tệp của bạn (KeyError: 'D9')" in texts(own, "gaps")
    monkeypatch.setattr(programme_report, "question", break_down)
    (words,) = own.findings()
    assert (words.heading, words.level) == ("Câu hỏi và kết quả", 2)
    monkeypatch.setattr(programme_report, "leader_page", break_down)
    (words,) = own.summary()
    assert (words.heading, words.level) == (study.title_vi, 1)


def test_loading_the_module_is_light():
    program = "import sys, papi_analysis.reporting.report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"nbconvert", "nbclient", "bs4", "math_core", "IPython", "matplotlib"} & set(done.stdout.split())


WITHOUT_JUPYTER = """
import sys
JUPYTER = {"nbconvert", "nbclient", "nbformat", "IPython", "ipykernel", "bs4", "math_core", "statsmodels"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in JUPYTER:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
from papi_analysis.reporting.report import report_page
from papi_analysis.reporting.programme_report import ProgrammeReport
from papi_analysis.reporting import answers
from papi_analysis.errors import SpecError
def refuse(*_, **__): raise SpecError("It takes long.")
answers.calibrate = answers.impact_robustness = refuse
print(len(report_page(ProgrammeReport())) > 100_000)
"""


@pytest.mark.slow
def test_a_report_needs_no_jupyter():
    done = subprocess.run([sys.executable, "-c", WITHOUT_JUPYTER], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
