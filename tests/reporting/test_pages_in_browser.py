"""Pages opened in Chromium: read by keyboard and screen reader, on a phone, on paper, and without any request."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_output
from test_notebook_page import PAGES, figure, full_page, html_of, png, shows, table

from papi_analysis.reporting import notebooks
from papi_analysis.reporting.notebook_page import to_html
from papi_analysis.reporting.notebooks import PROGRAMME, read_notebook
from papi_analysis.reporting.page import page_of, words_in
from papi_analysis.reporting.programme_report import ProgrammeReport
from papi_analysis.reporting.report import render_report
from papi_analysis.reporting.section import Section, Words
from papi_analysis.study.scores import load_scores

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
#: All pages of notebooks have the sample's template: one of them is opened on every run, each with the slow tests,
#: and so is the English report among them, which the list of their questions ends.
FIRST, *LATER = sorted(path.stem for path in FOLDER.glob("*.ipynb") if path.name != PROGRAMME)
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("index_en", *LATER)]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
#: A4 less its margins, at 96 pixels to the inch.
SHEET = {"width": round((210 - 2 * 18) / 25.4 * 96), "height": round((297 - 2 * 20) / 25.4 * 96)}


class Opened(NamedTuple):
    """A page in a browser, and what it has asked for and said since."""

    page: Any
    requests: list[str]
    console: list[str]


def everything() -> list[Any]:
    """Return cells with every kind of output, and with what is hard to print and to show on a phone."""
    wide = pd.DataFrame([[f"{10 * row + column}.5" for column in range(12)] for row in range(3)])
    wide.columns = [f"Column number {column}" for column in range(12)]
    long = pd.DataFrame({"Đơn vị": [f"Tỉnh {row}" for row in range(120)], "x": ['a "quoted", b; c'] * 120})
    merged = pd.DataFrame([[1, 2]] * 2, columns=pd.MultiIndex.from_product([["gain"], [2016, 2020]]))
    streams = [
        new_output("stream", name="stdout", text=f"coef{' ' * 90}std err\n0.10{' ' * 90}0.02\n"),
        new_output("stream", name="stderr", text="/home/a/x.py:12: DataWarning: progress falls in row 3\n"),
        new_output("error", ename="KeyError", evalue="'D9'", traceback=[]),
    ]
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><path d="M0 0L300 200"/></svg>'
    return [
        *full_page(),
        f"### Long\n\n$$y = {' + '.join(f'x_{{{i}}}' for i in range(14))}$$\n\n`{'x' * 200}`\n\n```\n{'y ' * 200}\n```",
        shows({"text/html": wide.style.set_caption("Wide & low").set_uuid("w").to_html()}),
        table(long),
        "## Điểm số\n\n[back](#Data), [other](01_scores.ipynb), [there](https://example.org/)",
        table(merged),
        figure("A second line.", width=2000),
        shows({"image/svg+xml": svg}, {"image/svg+xml": {"alt": "A falling line."}}),
        shows({"image/png": png(450, 4500)}, {"image/png": {"alt": "A tall picture."}}),
        new_code_cell("f()", outputs=streams, execution_count=3),
    ]


@pytest.fixture(scope="module")
def written(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write a page: the sample or the report in a language, or a notebook as it is stored."""
    folder = tmp_path_factory.mktemp("pages")

    def write(name: str) -> Path:
        kind, _, language = name.rpartition("_")
        path = folder / f"{name}.html"
        if kind == "sample":
            options = {"language": language, "pages": PAGES, "file": PAGES[1][0], "banner": "Made up"}
            path.write_text(html_of(*everything(), **options), "utf-8")
            return path
        if kind != "index":
            notebook = read_notebook(FOLDER / f"{name}.ipynb")
            path.write_text(to_html(notebook, title=name, pages=[(path.name, name)], file=path.name), "utf-8")
            return path
        with made(), pytest.MonkeyPatch.context() as patch:
            if language == "vi":
                return render_report(output=folder / "report_vi", language=language)
            patch.setattr(notebooks, "execute_notebook", lambda path, **_: read_notebook(path))
            return notebooks.write_pages(FOLDER, folder / "report_en")

    return write


@pytest.fixture(scope="module", params=["sample_en", "sample_vi", "index_vi", FIRST, *OTHERS])
def opened(request: pytest.FixtureRequest, written: Callable[[str], Path], browser: Any) -> Iterator[Opened]:
    """Open one page; all its tests run before the next is opened."""
    requests: list[str] = []
    console: list[str] = []
    page = browser.new_page(viewport=DESK)
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda said: console.append(said.text))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(written(request.param).as_uri())
    yield Opened(page, requests, console)
    page.close()


@pytest.fixture
def page(opened: Opened) -> Iterator[Any]:
    """Give an opened page as on a desk, whatever a test before did to it."""
    opened.page.set_viewport_size(DESK)
    yield opened.page
    opened.page.emulate_media(media=None)


def violations(page: Any) -> list[str]:
    """Return what axe-core finds with every rule that is not experimental, those that it leaves off among them."""
    axe = Axe()
    page.evaluate(axe.axe_script)
    rules = page.evaluate(
        """axe.getRules().filter(rule => !rule.tags.some(tag => ['experimental', 'deprecated'].includes(tag)))
              .map(rule => rule.ruleId)"""
    )
    assert len(rules) > 80
    found = axe.run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def test_everybody_can_read_it(page: Any):
    assert violations(page) == []


def test_everybody_can_read_it_on_a_phone(page: Any):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # Letters of 8 points on a figure, at 96 pixels to the inch.
    letters = page.evaluate(
        """[...document.querySelectorAll('figure.wide img')].map(image =>
            8 / 72 * 96 * image.clientWidth / image.getAttribute('width'))"""
    )
    assert min(letters, default=8) >= 8 or "sample" in page.url
    # What is wider scrolls by itself, and so must be reachable by keyboard.
    stuck = page.evaluate(
        """[...document.querySelectorAll('main *')].filter(tag =>
            tag.scrollWidth > tag.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(tag).overflowX) &&
            tag.tabIndex != 0).map(tag => tag.outerHTML.slice(0, 200))"""
    )
    assert stuck == []


def test_words_around_the_text_are_in_the_language_of_the_page(opened: Opened, page: Any):
    language = page.evaluate("document.documentElement.lang")
    assert language == ("vi" if re.search("sample_vi|report_vi", page.url) else "en")
    boxes = page.evaluate("[...document.querySelectorAll('.table, .formula')].map(tag => tag.ariaLabel)")
    assert boxes
    words = words_in(language)
    assert all(label.startswith((words["table"], words["formula"])) for label in boxes)
    assert page.evaluate("[...document.images].filter(image => !image.alt.trim() || !image.naturalWidth).length") == 0


def test_the_keyboard_reaches_the_content_first(page: Any):
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.keyboard.press("Tab")
    place = page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert place["left"] >= 0 <= place["top"]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_data_of_its_tables_can_be_saved(page: Any, tmp_path: Path):
    shown = page.evaluate(
        """[...document.querySelectorAll('main table')].map(table => [...table.rows].map(row =>
            [...row.cells].flatMap(cell => Array(cell.colSpan).fill(cell.innerText.trim()))))"""
    )
    links = page.locator("a[download]")
    assert links.count() == len(shown)
    language = page.evaluate("document.documentElement.lang")
    separator = {"en": ",", "vi": ";"}[language]
    for number in range(len(shown) if "sample" in page.url else min(len(shown), 1)):
        with page.expect_download() as waited:
            links.nth(number).click()
        saved = tmp_path / waited.value.suggested_filename
        waited.value.save_as(saved)
        assert re.fullmatch(rf"\w+-(Table|Bang)-{number + 1}(-[\w-]+)?\.csv", saved.name, re.ASCII)
        with saved.open(encoding="utf-8-sig", newline="") as file:
            assert list(csv.reader(file, delimiter=separator)) == shown[number]


def test_it_prints_on_numbered_pages_with_nothing_cut(page: Any):
    pictures = page.locator('img[src^="data:image/png"]').count()  # others are lines in the PDF, not pictures
    page.set_viewport_size(SHEET)
    page.emulate_media(media="print")
    high = page.evaluate("[...document.querySelectorAll('img, tr')].map(tag => tag.offsetHeight)")
    assert max(high) <= SHEET["height"]
    wide = page.evaluate("[...document.querySelectorAll('main *')].map(tag => tag.getBoundingClientRect().right)")
    assert max(wide) <= SHEET["width"] + 0.5
    assert not page.evaluate(
        """[...document.querySelectorAll('figure, .whole, tr')].filter(tag =>
            getComputedStyle(tag).breakInside != 'avoid').length"""
    )
    assert not page.locator(".download:visible, nav:visible, .skip:visible").count()
    printed = sheets(page.pdf(prefer_css_page_size=True, print_background=True))
    assert {sheet.size for sheet in printed} == {(595, 842)}  # A4 in points
    for number, sheet in enumerate(printed, 1):
        assert f"{number} / {len(printed)}" in sheet.text
    # A picture cut in two would be on two pages; a table's head stands on each page that the table is on.
    assert sum(sheet.pictures for sheet in printed) == pictures
    if "sample" in page.url:
        texts = [sheet.text.replace(" ", "") for sheet in printed]  # letters of another font are apart in a PDF
        rows = [text.count("Tỉnh") for text in texts]
        assert sum(rows) == 120
        assert sum(count > 0 for count in rows) > 2
        assert all("Đơnvị" in text for text, count in zip(texts, rows, strict=True) if count)


def test_a_leader_gets_one_sheet(browser: Any, study: Any, tmp_path: Path):
    """Eight dimensions, fourteen agencies of long names, a banner: what follows begins on the second sheet."""
    from test_programme_report import changed

    names = [*study.dimensions["dimension"], "D7", "D8"]
    tasks = study.tasks.assign(dimension=[names[place % 8] for place in range(len(study.tasks))])
    scores = load_scores()
    base = scores.query("unit == 'VN-CT' and year == 2018").set_index("dimension")["score"].loc[names]
    targets = pd.DataFrame({"unit": "VN-CT", "dimension": names, "year": 2026, "target": base.to_numpy() + 0.5})
    given = {"base_year": 2018, "end": pd.Timestamp(2026, 12, 31), "simulated_tables": ("tasks", "progress")}
    wide = changed(study, tasks=tasks, scores=scores, targets=targets, programme_dimensions=tuple(names), **given)
    report = ProgrammeReport(wide, "vi")
    path = tmp_path / "first.html"
    following = Section((Words("Trang sau", level=2),))
    path.write_text(page_of([report.summary(), following], title="t", language="vi", banner=report.warning), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    printed = [sheet.text.replace(" ", "") for sheet in sheets(page.pdf(prefer_css_page_size=True))]
    page.close()
    assert len(printed) == 2
    assert "Trangsau" in printed[1]
    assert "853" in printed[0]  # the days of the agency that has waited longest, in the last table


def test_nothing_was_asked_for_but_the_page_and_nothing_was_wrong(opened: Opened):
    """Runs last: after everything that the tests before did with the page."""
    assert opened.requests == [opened.page.url.partition("#")[0]]
    assert opened.console == []
    assert Path(unquote(urlsplit(opened.page.url).path)).stat().st_size < 3_000_000  # a page is light


class Sheet(NamedTuple):
    """What stands on one page of a PDF: its size in points, its text, how many pictures."""

    size: tuple[int, int]
    text: str
    pictures: int


def sheets(pdf: bytes) -> list[Sheet]:
    """Read a PDF as Chromium writes it: each font says which character a glyph stands for."""
    objects = {int(found[1]): found[2] for found in re.finditer(rb"(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL)}
    pages = [body for body in objects.values() if re.match(rb"<</Type /Page\b", body)]
    return [_sheet(body, objects) for body in pages]


def _sheet(body: bytes, objects: dict[int, bytes]) -> Sheet:
    fonts = {name: _letters(objects[int(number)], objects) for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body)}
    pictures = {name for name, number in re.findall(rb"/(X\d+) (\d+) 0 R", body) if b"/Image" in objects[int(number)]}
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", body)
    drawn = _stream(objects[int(re.search(rb"/Contents (\d+)", body)[1])], objects)
    text, letters = [], {}
    for font, glyphs, line in re.findall(rb"/(F\d+) \S+ Tf|<([0-9A-F]+)> Tj|(\bET\b)", drawn):
        letters = fonts[font] if font else letters
        text += [letters.get(glyphs[i : i + 4].upper(), "?") for i in range(0, len(glyphs), 4)] + ["\n"] * bool(line)
    count = sum(name in pictures for name in re.findall(rb"/(X\d+) Do", drawn))
    return Sheet((round(float(box[1])), round(float(box[2]))), " ".join("".join(text).split()), count)


def _stream(body: bytes, objects: dict[int, bytes]) -> bytes:
    head, _, data = body.partition(b"stream\n")
    data = data.rpartition(b"\nendstream")[0]
    return zlib.decompress(data) if b"FlateDecode" in head else data


def _letters(font: bytes, objects: dict[int, bytes]) -> dict[bytes, str]:
    """Return the character of each glyph of a font."""
    table = _stream(objects[int(re.search(rb"/ToUnicode (\d+)", font)[1])], objects)
    letters = {}
    for block in re.findall(rb"beginbfchar\n(.*?)endbfchar", table, re.DOTALL):
        for glyph, text in re.findall(rb"<(\w+)> <(\w+)>", block):
            letters[glyph.upper()] = _utf16(text)
    for block in re.findall(rb"beginbfrange\n(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
            for step in range(int(last, 16) - int(first, 16) + 1):
                letters[b"%04X" % (int(first, 16) + step)] = chr(ord(_utf16(text)) + step)
    return letters


def _utf16(text: bytes) -> str:
    return bytes.fromhex(text.decode()).decode("utf-16-be")
