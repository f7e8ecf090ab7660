"""Text of users' files is data: whatever is in a title or a name, it reaches tables, figures and pages as text."""

from __future__ import annotations

import base64
import shutil
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import papi_analysis as pa
from papi_analysis.panel.completion import completion_by_agency, task_states
from papi_analysis.reporting.canvas import alternative, figure_of, png
from papi_analysis.reporting.notebook_page import to_html
from papi_analysis.reporting.page import page_of
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.task_figures import draw_agencies
from papi_analysis.study.codebook import data_folder

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src="http://x.invalid/a.png" onerror="alert(2)">',
    "[x](javascript:alert(3)) ![y](http://x.invalid/b.png)",
    r"$\frac{1}{2}$ and $\frac{$",
    '=HYPERLINK("http://x.invalid")',
    "</table></main><h1>Gone</h1>",
    "‮drawkcab",
    "{estimate} {0} %s",
    '" onmouseover="alert(4)',
    "&lt;b&gt; & **bold**",
    "一二三 🙂",
    "} body { background: url(http://x.invalid/c.png) } </style>",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Load a study whose register holds nothing but such words."""
    folder = tmp_path_factory.mktemp("hostile") / "study"
    shutil.copytree(data_folder() / "can_tho_2018_2020", folder)
    tasks = pd.read_csv(folder / "tasks.csv", dtype=str, encoding="utf-8", keep_default_na=False)
    words = [HOSTILE[row % len(HOSTILE)] for row in range(len(tasks))]
    tasks[["title_en", "title_vi", "lead_agency_en", "lead_agency_vi"]] = [[word] * 4 for word in words]
    tasks.to_csv(folder / "tasks.csv", index=False, encoding="utf-8")
    return pa.load_study(folder)


@pytest.fixture(scope="module")
def agencies(hostile: Any) -> Any:
    return completion_by_agency(hostile.tasks, hostile.progress, as_of="2020-12-31")


def test_words_are_loaded_as_they_are(hostile: Any, agencies: Any):
    assert set(hostile.tasks["title_en"]) == set(agencies["lead_agency"]) == set(HOSTILE)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_table_says_them_as_they_are(hostile: Any, language: str):
    shown = pa.table(hostile.tasks, ["task", "title_en", "lead_agency_vi"], language=language)
    assert set(shown.iloc[:, 0]) == set(shown.iloc[:, 1]) == set(HOSTILE)


def test_a_cell_of_several_lines_is_shown_on_one():
    assert pa.table(pd.DataFrame({"task": ["a"], "title_en": ["one\r\n two\tthree "]})).iloc[0, 0] == "one two three"


def test_a_figure_is_drawn_with_them(hostile: Any, agencies: Any):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = draw_agencies(agencies, hostile, language="vi")
        png(figure_of(ax))
    labels = " ".join(label.get_text().replace("\n", " ") for label in ax.get_yticklabels())
    assert all(word in labels for word in HOSTILE[:6])
    assert agencies["lead_agency"].iloc[0] in HOSTILE


def test_letters_that_a_figure_cannot_show_are_told_of(hostile: Any, agencies: Any):
    told = "Boxes stand for letters that the font of the figures lacks: CJK"
    figure = figure_of(draw_agencies(agencies, hostile))
    assert told in alternative(figure)
    assert [text.get_text() for text in figure.texts if text.get_text().startswith(told)]
    plain = agencies.assign(lead_agency=[f"Sở số {row} ⅔ Đặng" for row in range(len(agencies))])
    assert "Boxes" not in alternative(figure_of(draw_agencies(plain, hostile)))


@pytest.fixture(scope="module", params=["notebook en", "report vi"])
def page(request: pytest.FixtureRequest, hostile: Any, agencies: Any, browser: Any, tmp_path_factory: Any) -> Any:
    """Open a page that shows them in tables, a figure, printed words, a warning and an error; note what happens."""
    kind, language = request.param.split()
    tables = [
        pa.table(hostile.tasks, ["task", "title_vi", "lead_agency_en"], language=language),
        pa.table(agencies, language=language),
        pa.table(task_states(hostile.tasks, hostile.progress, as_of="2020-12-31"), language=language),
    ]
    ax = draw_agencies(agencies, hostile, language=language)
    figure = figure_of(ax)
    picture = base64.b64encode(png(figure)).decode()
    words = "\n".join(HOSTILE)
    outputs = [
        *(
            new_output("display_data", {"text/html": table._repr_html_(), "text/plain": repr(table)})
            for table in tables
        ),
        new_output("display_data", {"image/png": picture}, metadata={"image/png": {"alt": alternative(figure)}}),
        new_output("stream", name="stdout", text=words),
        new_output("stream", name="stderr", text=words),
        new_output("error", ename="DataError", evalue=words, traceback=[]),
    ]
    notebook = new_notebook(cells=[new_code_cell("", outputs=outputs)])
    path: Path = tmp_path_factory.mktemp("pages") / "hostile.html"
    title = " ".join(HOSTILE)
    if kind == "notebook":
        html = to_html(notebook, title=title, language=language, file=path.name, banner=title)
    else:
        section = Section((Words(title, (title,), (title,), level=1), *tables, ax))
        html = page_of([section], title=title, language=language, file=path.name, banner=title)
    path.write_text(html, "utf-8")

    opened = browser.new_page()
    opened.happened = []
    opened.on("dialog", lambda dialog: (opened.happened.append(dialog.message), dialog.dismiss()))
    opened.on("console", lambda said: opened.happened.append(said.text))
    opened.on("request", lambda asked: opened.happened.append(asked.url))
    opened.goto(path.as_uri())
    yield opened
    opened.close()


def test_a_page_shows_them_and_runs_nothing(page: Any):
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")
    assert page.happened == [page.url]
    columns = page.evaluate("[...document.querySelectorAll('main table')].map(table => table.rows.length)")
    assert columns == [60, len(HOSTILE) + 1, 60]
    cells = page.evaluate(
        "[...document.querySelectorAll('main table td, main table th')].map(cell => cell.textContent)"
    )
    assert set(HOSTILE) <= set(cells)
    notebook = page.evaluate("document.querySelector('pre') !== null")
    for place in ("h1", "header", *((".words", ".warning") if notebook else ("main p", "main li"))):
        text = page.evaluate("place => document.querySelector(place).textContent", place)
        assert all(word in text for word in HOSTILE)
    assert page.title() == " ".join(HOSTILE)


def test_nothing_on_a_page_was_made_of_them(page: Any):
    assert page.evaluate("document.querySelectorAll('script, iframe, b, strong, math').length") == 0
    assert page.evaluate("document.images.length") == page.evaluate("document.querySelectorAll('h1').length") == 1
    links = page.evaluate("[...document.links].map(link => link.protocol)")
    assert set(links) == {"data:", "file:"}
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(tag => ![...tag.attributes].some(a => a.name.startsWith('on')))"
    )


def test_a_picture_is_described_with_them(page: Any):
    alt = page.evaluate("document.images[0].alt")
    assert sum(word in alt for word in HOSTILE) == 2  # the lowest and the highest


def test_nobody_elses_words_turn_around(page: Any):
    """An override of the writing direction ends with the cell that it is in."""
    assert page.evaluate(
        "[...document.querySelectorAll('td, th, p, pre')].every(tag => getComputedStyle(tag).display != 'inline')"
    )
