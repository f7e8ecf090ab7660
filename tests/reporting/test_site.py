"""The site of the documentation: whole, offline, with every public name; and its numbers are those of the peers."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from bs4 import BeautifulSoup

import papi_analysis as pa

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WORDS = "coming_from.md"
#: Peers that have a section, by the word that marks their block: what they are called where packages are pinned.
PEERS = {"statsmodels": "statsmodels", "pyfixest": "pyfixest", "pysyncon": "pysyncon", "diff_diff": "diff-diff"}
LOADS = ("src", "srcset", "poster", "background", "data")


def load_builder() -> Any:
    spec = spec_from_file_location("build_docs", DOCS / "build.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load_builder()
#: Enough to see that notebooks are shown; each one's page has its own tests.
FEW = [path for path in build.NOTEBOOKS if path.stem.startswith(("00", "05_how"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the site once, with a few of the notebooks."""
    return build.main(tmp_path_factory.mktemp("site"), FEW).parent


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Any]:
    """Parse every page."""
    return {path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in folder.glob("*.html")}


def fetched(soup: Any) -> list[str]:
    """Return what a page would load by itself."""
    found = [str(tag[name]) for tag in soup.find_all(True) for name in LOADS if tag.get(name)]
    found += [str(tag.get("href")) for tag in soup.find_all("link")]
    styles = [tag.get_text() for tag in soup.find_all("style")] + [tag["style"] for tag in soup.find_all(style=True)]
    for style in styles:
        found += re.findall(r"@import\s*[^;]+", style) + re.findall(r"url\(\s*['\"]?([^)]*)\)", style)
    scripts = " ".join(tag.get_text() for tag in soup.find_all("script"))
    found += re.findall(r"https?://[^\s'\"]+", scripts) + re.findall(r"\bfetch\(|XMLHttpRequest|importScripts", scripts)
    return [one for one in found if not one.startswith("data:")]


def broken(pages: dict[str, Any]) -> list[str]:
    """Return the links between pages that lead nowhere."""
    places = {file: {tag["id"] for tag in soup.find_all(id=True)} for file, soup in pages.items()}
    wrong = []
    for file, soup in pages.items():
        for link in soup.find_all("a", href=True):
            address = unquote(link["href"])
            if re.match(r"https?:|mailto:|data:", address):
                continue
            path, _, anchor = address.partition("#")
            if anchor not in {"", *places.get(path or file, ())} or (path or file) not in places:
                wrong.append(f"{file}: {address}")
    return wrong


def test_each_page_has_one_heading_a_title_and_a_language(pages):
    assert {*(f"{name}.html" for name in build.PAGES), "papi_analysis.html", "notebooks.html"} < set(pages)
    for file, soup in pages.items():
        assert len(soup.find_all("h1")) == 1, file
        assert soup.title.get_text().strip(), file
        assert soup.html["lang"] == "en", file


def test_notebooks_have_a_page_and_stand_in_the_gallery(pages):
    files = {f"{path.stem}.html" for path in FEW}
    assert len(files) == 2
    assert files <= set(pages)
    assert files <= {link["href"] for link in pages["notebooks.html"].main.find_all("a", href=True)}
    assert len(pages["notebooks.html"].main.find_all("img")) >= 1


@pytest.mark.slow
def test_the_whole_site_is_whole(tmp_path: Path):
    build.main(tmp_path)
    soups = {path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in tmp_path.glob("*.html")}
    assert {f"{path.stem}.html" for path in build.NOTEBOOKS} < set(soups)
    assert broken(soups) == []
    assert {file: found for file, soup in soups.items() if (found := fetched(soup))} == {}


def test_no_link_leads_nowhere(pages):
    assert broken(pages) == []


def test_no_page_loads_anything(pages):
    assert {file: found for file, soup in pages.items() if (found := fetched(soup))} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="x.css">',
        '<style>@import "x.css";</style>',
        "<style>p { background: url(x.png) }</style>",
        '<p style="background: url(x.png)">',
        '<script>fetch("x")</script>',
        '<img src="x.png">',
    ],
)
def test_the_check_sees_what_would_be_loaded(text: str):
    assert fetched(BeautifulSoup(text, "html.parser"))


def test_the_check_sees_links_that_lead_nowhere():
    text = '<p id="a"><a href="#a"></a><a href="#b"></a><a href="no.html"></a><a href="https://example.org"></a>'
    assert broken({"x.html": BeautifulSoup(text, "html.parser")}) == ["x.html: #b", "x.html: no.html"]


def test_every_public_name_stands_in_the_reference_room_by_room(pages):
    soup = pages["papi_analysis.html"]
    shown = [tag["id"] for tag in soup.main.find_all("section", id=True)]
    assert sorted(shown) == sorted(build.public())
    assert {name for name in pa.__all__ if not isinstance(getattr(pa, name), ModuleType)} <= set(shown)
    assert all(tag.find(class_="docstring") for tag in soup.main.find_all("section", id=True))
    headings = [tag["id"] for tag in soup.main.find_all("h2", class_="room")]
    assert headings[: len(build.ROOMS)] == [f"room-{room}" for room in build.ROOMS]
    assert len(soup.find("section", id="completion_slopes").find_all(class_="pdoc-code")) > 0


def test_every_question_is_in_the_index_of_questions():
    """What asks, measures or judges has a question that leads to it."""
    text = (DOCS / "which_function.md").read_text("utf-8")
    asking = {name for room in ("panel", "estimation", "credibility") for name in build.rooms()[room]}
    functions = {name for name in asking if not isinstance(build.public()[name][1], type)}
    assert len(functions) > 20
    assert functions - set(re.findall(r"`[\w.]*?(\w+)`", text)) == set()


def test_each_name_is_reached_as_the_reference_says():
    for name, (place, value) in build.public().items():
        known = {"pa": pa}
        if place.startswith("from"):
            exec(place, known)
        assert eval(name if place.startswith("from") else place, known) is value


def test_the_pages_open_in_a_browser_without_a_request(folder: Path, browser: Any):
    width = 390  # a phone's, on which something would be cut first
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in sorted(folder.glob("*.html")):
        asked.clear()
        page.goto(path.as_uri())
        assert asked == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
    assert said == []
    page.close()


def test_the_search_works_from_a_disk(folder: Path, browser: Any):
    page = browser.new_page()
    page.goto((folder / "papi_analysis.html").as_uri() + "?search=placebo")
    page.wait_for_selector(".search-result")
    asked = page.locator(".search-result a.attr").first.get_attribute("href")
    assert asked.startswith("papi_analysis.html#")
    page.close()


# --- the same numbers --------------------------------------------------------------------------------------------


def sections() -> dict[str, str]:
    """Return the sections of the page about other packages, by heading."""
    parts = re.split(r"^## (.*)$", (DOCS / WORDS).read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^```python (\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def columns(text: str) -> tuple[list[str], list[str]]:
    """Return the numbers of a section's table: theirs, and ours."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    return [row[1] for row in rows], [row[2] for row in rows]


def agree(printed: list[str], values: Any) -> bool:
    """Whether each number is the value rounded to as many decimals as are printed."""
    pairs = zip(printed, np.asarray(values, dtype=float), strict=True)
    return all(abs(float(text) - value) <= 0.5000001 * 10.0 ** -len(text.partition(".")[2]) for text, value in pairs)


@pytest.fixture(scope="module")
def asked() -> dict[str, dict[str, Any]]:
    """Run everything on the page that needs no peer; give the names that each section then knows."""
    known: dict[str, Any] = {}
    by_section = {}
    for heading, text in sections().items():
        for kind, code in blocks(text):
            if kind in ("data", "here"):
                exec(code, known)
        by_section[heading] = dict(known)
    return by_section


@pytest.mark.parametrize("heading", sections())
def test_our_numbers_are_what_the_code_gives(asked, heading: str):
    _, ours = columns(sections()[heading])
    assert agree(ours, asked[heading]["ours"])


@pytest.mark.parametrize("heading", sections())
def test_their_numbers_are_what_their_code_gives(asked, heading: str):
    ((kind, code),) = [block for block in blocks(sections()[heading]) if block[0] in PEERS]
    if find_spec(kind) is None:
        pytest.skip(f"{kind} is one of the benchmarks' packages and is not installed")
    import_module(kind)
    known = dict(asked[heading])
    exec(code, known)
    theirs, _ = columns(sections()[heading])
    assert agree(theirs, known["theirs"])
    assert version(PEERS[kind]) == heading.split()[-1]


def test_every_peer_has_its_section_with_the_version_that_is_pinned():
    locks = "".join((ROOT / name).read_text("utf-8") for name in ("requirements.lock", "requirements-bench.lock"))
    pinned = {f"{name} {number}" for name, number in re.findall(r"^([\w.-]+)==([\w.]+)", locks, re.MULTILINE)}
    assert list(map(str.split, sections())) == [[name, number] for name, number in map(str.split, sections())]
    assert {heading.split()[0] for heading in sections()} == set(PEERS.values())
    assert set(sections()) <= pinned


def test_the_two_columns_say_the_same():
    for text in sections().values():
        theirs, ours = columns(text)
        assert theirs == ours


@pytest.mark.parametrize(
    ("printed", "value", "same"), [("-0.55", -0.5496, True), ("-0.55", -0.56, False), ("1.0", 1.05, True)]
)
def test_the_check_sees_another_number(printed: str, value: float, same: bool):
    assert agree([printed], [value]) is same


def test_the_code_on_the_first_page_runs(capsys: pytest.CaptureFixture[str]):
    ((code,),) = [
        re.findall(r"^```python\n(.*?)^```", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ]
    exec(code, {})
    assert len(capsys.readouterr().out.splitlines()) >= 2


def test_make_docs_writes_where_nothing_is_kept():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^docs: .*\n\t\$\(PY\) docs/build\.py$", makefile, re.MULTILINE)
    assert "site/" in (ROOT / ".gitignore").read_text("utf-8").split()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert any(one.startswith("pdoc") for one in extras["test"])
