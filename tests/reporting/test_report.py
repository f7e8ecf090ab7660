"""Reports: notebooks run on the study, a start page, and the old report untouched when anything fails."""

from __future__ import annotations

import errno
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from papi_analysis.errors import PapiError, SpecError
from papi_analysis.reporting import report, summary
from papi_analysis.reporting.report import render_report
from papi_analysis.reporting.run import read_notebook
from papi_analysis.study import study as study_module

STUDY: Any = SimpleNamespace(source="a_study")
FIGURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (144).to_bytes(4, "big") + (288).to_bytes(4, "big")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sum up any study without reading it."""

    def summarise(study: Any, language: str) -> summary.Summary:
        return summary.Summary(
            title=f"Programme <{study.source}>",
            sentences=("What was asked?", "What was <found>.", "What cannot be told."),
            figure=FIGURE,
            alt="Six slopes.",
            simulated=f"Simulated ({language})",
        )

    monkeypatch.setattr(summary, "summarise", summarise)
    monkeypatch.setattr(report, "_keys", lambda *_: {})  # what is kept is tested beside reuse


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run notebooks without a kernel: each prints the study that it was given."""

    def run_notebooks(paths: list[Path], *, study: str, language: str, **_: Any) -> dict[Path, Any]:
        ran = {path: read_notebook(path) for path in paths}
        for notebook in ran.values():
            notebook.cells[-1].outputs = [new_output("stream", name="stdout", text=f"study {study} {language}")]
        return ran

    monkeypatch.setattr(report, "run_notebooks", run_notebooks)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write(folder / "01_first.ipynb", "# First & only\n\nWhat is < 1?", "print('study', STUDY)")
    write(folder / "02_second.ipynb", "No heading, but [a link](01_first.ipynb).", "print(2)")
    return folder


def write(path: Path, text: str, code: str) -> None:
    parameters = new_code_cell('STUDY = "none"', metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[new_markdown_cell(text), parameters, new_code_cell(code)]), path)


def soup_of(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def test_a_page_for_each_notebook_and_a_start_page(tmp_path: Path, notebooks: Path):
    done: list[Path] = []
    output = tmp_path / "deep" / "reports"
    stored = {path: path.read_bytes() for path in notebooks.iterdir()}
    start = render_report(STUDY, output, notebooks=notebooks, on_done=done.append)
    assert start == output / "index.html"
    assert sorted(path.name for path in output.iterdir()) == ["01_first.html", "02_second.html", "index.html"]
    assert [path.name for path in output.parent.iterdir()] == ["reports"]
    assert sorted(done) == sorted(stored)
    assert {path: path.read_bytes() for path in notebooks.iterdir()} == stored

    soup = soup_of(start)
    main = soup.find("main")
    assert main.find("h1").get_text() == soup.title.get_text() == "Programme <a_study>"
    words = [p.get_text() for p in main.find("div", class_="summary").find_all("p")]
    assert words == ["What was asked?", "What was <found>.", "What cannot be told."]
    assert main.find("img")["alt"] == "Six slopes."
    items = main.find("ol", class_="questions").find_all("li")
    assert [item.a["href"] for item in items] == ["01_first.html", "02_second.html"]
    assert [item.a.get_text() for item in items] == ["First & only", "02_second"]
    assert [item.p.get_text() for item in items] == ["What is < 1?", "No heading, but a link."]

    page = soup_of(output / "01_first.html")
    assert page.title.get_text() == "First & only · Programme <a_study>"
    assert "study a_study" in page.find("main").get_text()
    assert soup_of(output / "02_second.html").find("main").find("a")["href"] == "01_first.html"


@pytest.mark.usefixtures("quick")
def test_every_page_warns_and_links_to_every_other(tmp_path: Path, notebooks: Path):
    render_report(STUDY, tmp_path / "out", notebooks=notebooks, language="vi")
    pages = sorted((tmp_path / "out").iterdir())
    for path in pages:
        soup = soup_of(path)
        assert soup.html["lang"] == "vi"
        assert soup.find("header").get_text().strip() == "Simulated (vi)"
        links = {link["href"]: link.get("aria-current") for link in soup.find("nav", class_="pages").find_all("a")}
        assert links == {page.name: "page" if page == path else None for page in pages}
        assert all((path.parent / str(link["href"])).is_file() for link in soup.find_all("a", href=re.compile("html")))


@pytest.mark.usefixtures("quick")
def test_a_name_is_loaded_and_a_study_keeps_its_source(
    tmp_path: Path, notebooks: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(study_module, "load_study", lambda name: SimpleNamespace(source=name))
    render_report(Path("some_study"), tmp_path / "out", notebooks=[notebooks / "01_first.ipynb"])
    assert "study some_study" in soup_of(tmp_path / "out" / "01_first.html").find("main").get_text()
    with pytest.raises(SpecError, match="made in memory"):
        render_report(SimpleNamespace(source=""), tmp_path / "out", notebooks=notebooks)  # type: ignore[arg-type]


@pytest.mark.usefixtures("quick")
def test_the_same_bytes_twice(tmp_path: Path, notebooks: Path):
    for name in ("a", "b"):
        render_report(STUDY, tmp_path / name, notebooks=notebooks)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.parametrize(("text", "code"), [("# Second", "1 / 0"), ("# Second\n\n$\\nosuchcommand$", "1")])
def test_a_failure_leaves_the_earlier_report_whole(
    tmp_path: Path, notebooks: Path, request: pytest.FixtureRequest, text: str, code: str
):
    output = tmp_path / "out"
    output.mkdir()
    earlier = f"{report.GENERATOR.decode()} earlier"
    for name in ("index.html", "01_first.html", "02_second.html", "mine.txt"):
        (output / name).write_text(earlier)
    write(notebooks / "02_second.ipynb", text, code)
    if code == "1":
        request.getfixturevalue("quick")
    with pytest.raises(PapiError, match="02_second"):
        render_report(STUDY, output, notebooks=notebooks)
    assert {path.read_text() for path in output.iterdir()} == {earlier}
    assert len(list(output.iterdir())) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebooks", "out"]


@pytest.mark.usefixtures("quick")
def test_files_that_are_not_ours_stay(tmp_path: Path, notebooks: Path):
    output = tmp_path / "out"
    (output / "more").mkdir(parents=True)
    (output / "mine.html").write_text("mine")
    (output / "index.html").write_text("old")
    with pytest.raises(SpecError, match=r"index\.html is in the folder 'out' already and was not written by"):
        render_report(STUDY, output, notebooks=[notebooks / "01_first.ipynb"])
    assert sorted(path.name for path in output.iterdir()) == ["index.html", "mine.html", "more"]
    assert (output / "index.html").read_text() == "old"
    render_report(STUDY, output, notebooks=[notebooks / "01_first.ipynb"], force=True)
    render_report(STUDY, output, notebooks=[notebooks / "01_first.ipynb"])
    assert (output / "mine.html").read_text() == "mine"
    assert (output / "more").is_dir()
    assert "What was asked?" in (output / "index.html").read_text("utf-8")
    if os.name == "posix":  # whoever may read the folder may read the pages
        plain = tmp_path / "plain.txt"
        plain.write_text("")
        assert (output / "index.html").stat().st_mode == plain.stat().st_mode


@pytest.mark.usefixtures("quick")
def test_a_full_disk_leaves_the_earlier_report_whole(tmp_path: Path, notebooks: Path, monkeypatch: pytest.MonkeyPatch):
    output = tmp_path / "out"
    render_report(STUDY, output, notebooks=notebooks)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    write_text, written = Path.write_text, []

    def full(path: Path, *given: Any, **options: Any) -> int:
        written.append(path)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_text(path, *given, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        render_report(STUDY, output, notebooks=notebooks, language="vi")
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


KILLED = """
import sys
from pathlib import Path
from types import SimpleNamespace
from papi_analysis.reporting import report
output, words = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
while True:
    report._write_all({f"{i}.html": words * 200_000 for i in range(8)}, output)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process as only POSIX does")
def test_a_report_killed_at_any_moment_leaves_every_page_whole(tmp_path: Path):
    rng = random.Random(0)
    for words in ("old", "new", "third") * 4:
        process = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "out", words], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
        pages = [path.read_text("utf-8") for path in (tmp_path / "out").glob("*.html")]
        assert all(page in ("old" * 200_000, "new" * 200_000, "third" * 200_000) for page in pages)
    report._write_all({f"{i}.html": "last" for i in range(8)}, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{i}.html" for i in range(8)]
    assert {path.read_text("utf-8") for path in (tmp_path / "out").iterdir()} == {"last"}


def test_what_cannot_be_a_report_is_refused_before_anything_runs(
    tmp_path: Path, notebooks: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(report, "run_notebooks", None)
    first = notebooks / "01_first.ipynb"
    empty = tmp_path / "empty"
    empty.mkdir()
    for given, message in [
        (empty, "no notebooks in .*empty: pass notebooks="),
        ([], "no notebooks"),
        ([first, tmp_path / "01_first.ipynb"], r"Two pages would be called 01_first\.html"),
        ([tmp_path / "index.ipynb"], r"Two pages would be called index\.html"),
    ]:
        with pytest.raises(SpecError, match=message):
            render_report(STUDY, tmp_path / "out", notebooks=given)
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match="output must be a folder"):
        render_report(STUDY, tmp_path / "file", notebooks=notebooks)
    with pytest.raises(SpecError, match="no report in 'fr'"):
        render_report(STUDY, tmp_path / "out", notebooks=notebooks, language="fr")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("quick")
def test_without_notebooks_the_programme_report_is_the_only_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "papi_analysis"
    monkeypatch.setattr(report, "PACKAGE", package)
    for folder, words in ((tmp_path / "notebooks", "in a checkout"), (package / "notebooks", "in a wheel")):
        folder.mkdir(parents=True)
        write(folder / report.PROGRAMME, words, "1")
        start = render_report(STUDY, tmp_path / "out", language="vi")
        assert [path.name for path in start.parent.iterdir()] == ["index.html"]
        page = soup_of(start)
        assert words in page.find("main").get_text()
        assert "study a_study vi" in page.find("main").get_text()
        assert page.title.get_text() == "Programme <a_study>"
        assert page.find("nav", class_="pages") is None
        assert re.search(r"papi_analysis \S+, numpy \S+", page.find("footer", class_="made").get_text())


def test_loading_the_module_is_light():
    program = "import sys, papi_analysis.reporting.report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"nbconvert", "nbclient", "bs4", "math_core", "IPython", "matplotlib"} & set(done.stdout.split())
