"""Pages: one file, no request, no script, readable by everybody, the same bytes every time."""

from __future__ import annotations

import base64
import csv
import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert.nbconvertapp import NbConvertApp
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from papi_analysis.errors import PapiError, SpecError
from papi_analysis.reporting.notebook_page import NotebookPage, opening, to_html
from papi_analysis.reporting.page import words_in
from papi_analysis.reporting.tables import table_frame

ROOT = Path(__file__).resolve().parents[2]
PAGES = [("index.html", "Summary"), ("01_scores.html", "Scores"), ("02_slopes.html", "Slopes")]


def png(width: int = 936, height: int = 576) -> str:
    """Return a white picture, base64 as notebooks hold it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.encodebytes(data).decode()


def shows(data: dict[str, Any], meta: dict[str, Any] | None = None, source: str = "show()") -> Any:
    output = new_output("display_data", data, metadata=meta or {})
    return new_code_cell(source, outputs=[output], execution_count=1)


def figure(alt: str = "A rising line.", **meta: Any) -> Any:
    return shows({"image/png": png(), "text/plain": f"<Figure: {alt}>"}, {"image/png": {"alt": alt, **meta}})


def table(frame: pd.DataFrame) -> Any:
    return shows({"text/html": frame.to_html(), "text/plain": frame.to_string()})


def html_of(*cells: Any, **options: Any) -> str:
    """Return the page of some cells; text stands for a Markdown cell."""
    made = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return to_html(new_notebook(cells=made), **{"title": "Title", **options})


def page_of(*cells: Any, **options: Any) -> BeautifulSoup:
    return BeautifulSoup(html_of(*cells, **options), "html.parser")


def full_page() -> list[Any]:
    """Return cells of every kind that our notebooks hold."""
    frame = pd.DataFrame({"slope": [0.5, -0.25], "note": ["", "few"]}, index=pd.Index(["D1", "D2"], name="dimension"))
    return [
        "# Slopes\n\nDo they differ? $a_{it}$\n\n## Data\n\ntext\n\n### Gaps\n\n## Model\n\n$$b = \\frac{1}{6}$$",
        new_code_cell('STUDY = "x"  # study', metadata={"tags": ["parameters"]}, execution_count=1),
        table(frame),
        figure(),
        shows({"text/latex": "$\\displaystyle c^2$", "text/plain": "<Math>"}),
        shows({"text/markdown": "### Found\n\nA *slope* of $d$.", "text/plain": "<Markdown>"}),
        new_code_cell("print(1)", outputs=[new_output("stream", name="stdout", text="1\n")]),
    ]


def test_one_file_without_script_or_request():
    html = html_of(*full_page(), pages=PAGES, file="02_slopes.html", banner="Simulated.")
    assert "http-equiv" in html
    # The only address is the name space that no browser fetches, if any.
    addresses = re.findall(r"https?://[^\s\"'<)]+", html)
    assert set(addresses) <= {"http://www.w3.org/1998/Math/MathML"}
    soup = BeautifulSoup(html, "html.parser")
    assert not soup.find_all(["script", "iframe", "object", "embed"])
    assert all(str(tag["src"]).startswith("data:") for tag in soup.find_all(src=True))
    assert [tag["href"] for tag in soup.find_all("link")] == ["data:,"]
    assert not re.search(r"@import|url\(|import\(", html)
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert len(html_of("# Slopes\n\ntext")) < 40_000


def test_same_bytes_every_time():
    assert html_of(*full_page(), pages=PAGES) == html_of(*full_page(), pages=PAGES)


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("![a](https://example.org/a.png)", "<img> loads https://example.org/a.png"),
        ("![a](plot.png)", "<img> loads plot.png"),
        ('<img src="//example.org/a.png" alt="">', "<img> loads //example.org"),
        (shows({"text/html": '<video poster="a.jpg"></video>'}), "<video> loads a.jpg"),
        (shows({"text/html": "<style>p {background: url(https://example.org)}</style>"}), "style sheet"),
        (shows({"text/html": '<p style="background: URL( a.png )">a</p>'}), "style sheet"),
        (shows({"text/html": "<style>@import 'a.css'</style>"}), "style sheet"),
    ],
)
def test_what_would_be_fetched_is_an_error(cell: Any, what: str):
    with pytest.raises(PapiError, match=re.escape(what)) as error:
        html_of(cell, file="02_slopes.html")
    assert str(error.value).startswith("02_slopes.html: ")


def test_a_picture_attached_to_its_cell_is_carried_along():
    cell = new_markdown_cell("![dot](attachment:a.png)", attachments={"a.png": {"image/png": "iVBORw0KGgo="}})
    assert page_of(cell).find("img")["src"] == "data:image/png;base64,iVBORw0KGgo="


def test_formulas_are_mathml_and_no_tex_is_left():
    soup = page_of(
        "# T\n\nInline $y_{it}$, block\n\n$$\\hat\\beta$$\n\nand\n\n\\begin{align}\na &= b\\\\\nc &= d\n\\end{align}",
        shows({"text/latex": "$\\displaystyle \\frac{1}{2}$"}),
        shows({"text/markdown": "with $x^2$"}),
    )
    main = soup.find("main")
    assert [math.get("display") for math in main.find_all("math")] == [None, "block", "block", None, None]
    assert len(main.find_all("mfrac")) == len(main.find_all("msup")) == 1
    text = main.get_text()
    assert "$" not in text
    assert "\\" not in text
    assert all(math.parent.get("tabindex") == "0" for math in main.find_all("math", display="block"))


def test_equations_are_numbered_through_the_page():
    cell = "\\begin{equation}\na\n\\end{equation}"
    assert re.findall(r"\((\d)\)", page_of(cell, cell).find("main").get_text()) == ["1", "2"]


@pytest.mark.parametrize("cell", ["# T\n\n$\\nosuchcommand x$", shows({"text/latex": "$$\\frac{1}$$"})])
def test_a_formula_that_cannot_be_set_is_an_error(cell: Any):
    with pytest.raises(PapiError, match=r"^Title: the formula \$\\\w+.*\$ cannot be set: \w"):
        html_of(cell)


def test_figures_carry_their_alternative_text_and_true_size():
    soup = page_of(figure('Slopes < 1 & "rising"'), figure(width=300))
    first, second = soup.find_all("img")
    assert first["alt"] == 'Slopes < 1 & "rising"'
    assert base64.b64decode(first["src"].partition(",")[2]) == base64.b64decode(png())
    # 936 dots at 144 to the inch are 6.5 inches, and a browser counts 96 pixels to the inch.
    assert (first["width"], first["height"]) == (str(round(6.5 * 96)), str(4 * 96))
    assert second["width"] == "300"
    assert "<Figure" not in soup.get_text()


@pytest.mark.parametrize(("mime", "alt"), [("image/png", None), ("image/jpeg", ""), ("image/svg+xml", "  ")])
def test_a_figure_without_alternative_text_is_an_error(mime: str, alt: str | None):
    meta = {} if alt is None else {mime: {"alt": alt}}
    data = "<svg/>" if mime == "image/svg+xml" else png()
    with pytest.raises(PapiError, match=r"^01\.html, code cell 1: a figure has no alternative text"):
        html_of(shows({mime: data}, meta), file="01.html")
    assert page_of(shows({mime: data}, {mime: {"alt": "A"}})).find("img")["alt"] == "A"


def test_table_headers_say_what_they_head():
    frame = pd.DataFrame({"slope": [0.5, 1], "note": ["", "few"]}, index=pd.Index(["D1", "D2"], name="dimension"))
    found = page_of(table(frame)).find("table")
    header, first, _ = [[(c.name, c.get("scope"), c.get_text()) for c in r.find_all(True)] for r in found("tr")]
    assert header == [("th", "col", "dimension"), ("th", "col", "slope"), ("th", "col", "note")]
    assert first == [("th", "row", "D1"), ("td", None, "0.5"), ("td", None, "")]
    assert not found.has_attr("border")


def test_an_empty_corner_is_no_header_and_merged_headers_head_groups():
    columns = pd.MultiIndex.from_product([["gain", "need"], [2016, 2020]])
    rows = pd.MultiIndex.from_product([["D1", "D2"], ["base", "end"]])
    found = page_of(table(pd.DataFrame([[1, 2, 3, 4]] * 4, index=rows, columns=columns))).find("table")
    assert all(th.get_text(strip=True) and th["scope"] for th in found.find_all("th"))
    scopes = {th.get_text(): th["scope"] for th in found.find_all("th")}
    assert scopes == {"gain": "colgroup", "need": "colgroup", "2016": "col", "2020": "col"} | {
        "D1": "rowgroup",
        "D2": "rowgroup",
        "base": "row",
        "end": "row",
    }


def test_headers_of_a_table_without_head():
    text = "<table><tr><td></td><th>coef</th><th>t</th></tr><tr><th>x</th><td>1</td><td></td></tr></table>"
    found = page_of(shows({"text/html": text})).find("table")
    assert [(th.get_text(), th["scope"]) for th in found.find_all("th")] == [
        ("coef", "col"),
        ("t", "col"),
        ("x", "row"),
    ]


def test_tables_scroll_by_themselves_under_their_own_name():
    frame = pd.DataFrame([range(12)])
    styled = frame.style.set_caption("Slopes by year").set_uuid("a").to_html()
    narrow, wide = page_of(table(frame[[0]]), shows({"text/html": styled})).find_all("div", class_="table")
    assert [box["aria-label"] for box in (narrow, wide)] == ["Table 1: Title", "Table 2: Slopes by year"]
    assert {(box["role"], box["tabindex"]) for box in (narrow, wide)} == {("region", "0")}
    assert wide.find("caption").get_text() == "Slopes by year"
    assert "wide" in wide.find("table").get("class", [])
    assert "wide" not in narrow.find("table").get("class", [])


def csv_of(link: Any) -> str:
    """Return what a link saves."""
    kind, _, data = link["href"].partition(";base64,")
    assert kind == "data:text/csv;charset=utf-8"
    saved = base64.b64decode(data)
    assert saved.startswith(b"\xef\xbb\xbf")  # the mark by which a spreadsheet knows that the text is UTF-8
    return saved.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("language", "word", "name", "expected"),
    [
        ("en", "Download as csv", "01_scores-Table-1.csv", 'Đơn vị,điểm\r\n"a, b","0,51"\r\nc;d,-1.5\r\n'),
        ("vi", "Tải về dạng csv", "01_scores-Bang-1.csv", 'Đơn vị;điểm\r\na, b;0,51\r\n"c;d";-1.5\r\n'),
    ],
)
def test_the_data_of_a_table_can_be_saved(language: str, word: str, name: str, expected: str):
    frame = pd.DataFrame({"điểm": ["0,51", "-1.5"]}, index=pd.Index(["a, b", "c;d"], name="Đơn vị"))
    soup = page_of("# T\n\n## Điểm số", table(frame), language=language, pages=PAGES, file="01_scores.html")
    (link,) = soup.find_all("a", download=True)
    assert link["download"] == name
    assert link.get_text() == word
    # Several links with the same words: each says, after those, which table it saves.
    assert link["aria-label"] == f"{word}, {words_in(language)['table']} 1: Điểm số"
    assert link.parent.find_previous_sibling().find("table")
    assert csv_of(link) == expected


def test_a_saved_table_still_says_which_inputs_are_made_up():
    shown = table_frame(
        pd.DataFrame({"dimension": ["D1"], "score": [5.0]}), language="vi", simulated=["tasks", "scores"]
    )
    (link,) = page_of(shows({"text/html": shown._repr_html_()}), language="vi").find_all("a", download=True)
    assert link["download"] == "Bang-1-MO-PHONG-nhiem-vu-diem-so.csv"


def test_merged_cells_are_saved_in_each_place_that_they_cover():
    columns = pd.MultiIndex.from_product([["gain"], [2016, 2020]])
    rows = pd.MultiIndex.from_product([["D1", "D2"], ["base", "end"]])
    frame = pd.DataFrame([[1, 2], [3, 4], [5, 6], [7, 8]], index=rows, columns=columns)
    lines = csv_of(page_of(table(frame)).find("a", download=True)).splitlines()
    assert lines == [",,gain,gain", ",,2016,2020", "D1,base,1,2", "D1,end,3,4", "D2,base,5,6", "D2,end,7,8"]


@pytest.mark.parametrize(
    ("cell", "saved"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+84|cmd", "'+84|cmd"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ("-1,HYPERLINK(1)", "'-1,HYPERLINK(1)"),
        # Split at the other separator, as a spreadsheet in another language would, no part is a formula either.
        ("a; =1+1", "a; '=1+1"),
        ('a,"=1+1', "a,\"'=1+1"),
        *((text, text) for text in ("-0,5", "+0.5%", "-1.234,5", "-1.2e-05", "[-0.2; -0.1]", "a = b - c", "a@b.vn")),
    ],
)
@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_spreadsheet_runs_a_cell(language: str, cell: str, saved: str):
    text = csv_of(page_of(table(pd.DataFrame({"x": [cell]})), language=language).find("a", download=True))
    rows = list(csv.reader(io.StringIO(text), delimiter="," if language == "en" else ";"))
    assert rows == [["", "x"], ["0", saved]]


def test_numbers_are_set_flush_right_and_words_are_not():
    frame = pd.DataFrame({"a": ["0,51", "–", "-1.2e-05"], "b": ["2016–2020", "12%", "< 0.01"], "c": ["1", "two", "3"]})
    found = page_of(table(frame)).find("table")
    marked = {cell.get_text() for cell in found.find_all(class_="number")}
    assert marked == {"a", "0,51", "–", "-1.2e-05", "b", "2016–2020", "12%", "< 0.01"}


def test_contents_lead_to_every_section():
    source = "# T\n\n## Data & gaps\n\n### Điểm số\n\n## Model $x$\n\n#### Deep\n\n## Data & gaps"
    soup = page_of(source, shows({"text/markdown": "### Deep"}))
    links = soup.find("nav", class_="contents").find_all("a")
    targets = [soup.find(id=unquote(link["href"][1:])) for link in links]
    assert [target.name for target in targets] == ["h2", "h3", "h2", "h3", "h2", "h3"]
    assert [link.get_text() for link in links] == [target.get_text() for target in targets]
    assert links[1].find_parent("li").find_parent("li").find("a") is links[0]
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)) == 8
    assert links[3].parent.parent.find_parent("li").find("a") is links[2]


def test_few_sections_need_no_contents():
    assert page_of("# T\n\n## Only one").find("nav", class_="contents") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("## A\n\n### B", ["h1", "h2", "h3"]),
        ("# A\n\n#### B\n\n###### C\n\n## D", ["h1", "h2", "h3", "h2"]),
        ("# A\n\n# B\n\n## C", ["h1", "h2", "h2"]),
        ("text", ["h1"]),
    ],
)
def test_one_first_heading_and_no_level_skipped(source: str, expected: list[str]):
    headings = page_of(source).find("main").find_all(re.compile("^h[1-6]$"))
    assert [heading.name for heading in headings] == expected


def test_links_within_the_page_and_between_notebooks_work():
    soup = page_of(
        "# T\n\n[a](#What-we-see), [b](02_slopes.ipynb), [c](./01_scores.ipynb#Data), [d](99.ipynb), "
        "[e](https://example.org/x.ipynb)\n\n## What we see",
        pages=PAGES,
    )
    links = soup.find("main").find_all("a")
    assert [link["href"] for link in links] == [
        "#What-we-see",
        "02_slopes.html",
        "01_scores.html#Data",
        "https://example.org/x.ipynb",
    ]
    assert soup.find(id="What-we-see").name == "h2"
    assert "d" in soup.find("main").find("p").get_text()


def test_navigation_marks_the_page_and_steps_to_its_neighbours():
    soup = page_of("# T", pages=PAGES, file="01_scores.html")
    links = soup.find("nav", class_="pages").find_all("a")
    assert [(link["href"], link.get_text(), link.get("aria-current")) for link in links] == [
        ("index.html", "Summary", None),
        ("01_scores.html", "Scores", "page"),
        ("02_slopes.html", "Slopes", None),
    ]
    assert soup.find("a", rel="prev")["href"] == "index.html"
    assert soup.find("a", rel="next")["href"] == "02_slopes.html"
    first, last = (page_of("# T", pages=PAGES, file=name) for name in ("index.html", "02_slopes.html"))
    assert (first.find("a", rel="prev"), last.find("a", rel="next")) == (None, None)
    assert not page_of("# T").find_all("nav")
    skip = soup.find("a")
    assert soup.find(id=skip["href"][1:]).name == "main"


def test_code_is_folded_away_but_there():
    cells = [new_code_cell("x = 1 < 2  # yes"), new_code_cell("")]
    for language, word in (("en", "Code"), ("vi", "Mã lệnh")):
        soup = page_of(*cells, language=language)
        (details,) = soup.find_all("details")
        assert not details.has_attr("open")
        assert details.summary.get_text() == word
        assert details.pre.get_text().strip() == "x = 1 < 2  # yes"


def test_language_title_and_banner_are_set():
    soup = page_of("# T", title='Slopes "<b>', banner="Số liệu <mô phỏng> \\ 'thử'", language="vi")
    assert soup.html["lang"] == "vi"
    assert soup.title.get_text() == 'Slopes "<b>'
    assert soup.find("header").get_text().strip() == "Số liệu <mô phỏng> \\ 'thử'"
    # The head and foot of printed pages: no character that would end the string or the style sheet.
    styles = "".join(style.get_text() for style in soup.find_all("style"))
    assert '@top-left { content: "Số liệu \\3c mô phỏng\\3e  \\5c  \\27 thử\\27 "; }' in styles
    assert page_of("# T").find("header") is None
    with pytest.raises(SpecError, match="no language 'fr'"):
        html_of("# T", language="fr")


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "cell",
    [
        table(pd.DataFrame({"title": [HOSTILE]})),
        shows({"text/plain": HOSTILE}),
        shows({"text/markdown": f"Task: {HOSTILE}"}),
        new_code_cell("f()", outputs=[new_output("stream", name="stdout", text=HOSTILE)]),
        new_code_cell("f()", outputs=[new_output("stream", name="stderr", text=HOSTILE)]),
        new_code_cell("f()", outputs=[new_output("error", ename="E", evalue=HOSTILE, traceback=["/home/a"])]),
        new_code_cell(f"'{HOSTILE}'"),
    ],
)
def test_hostile_text_stays_text(cell: Any):
    main = page_of(cell).find("main")
    assert not main.find_all(["script", "img"])
    assert HOSTILE in main.get_text()


def test_what_could_run_is_dropped():
    live = '<p>kept</p><script>1</script><meta http-equiv="refresh" content="0"><iframe src="a"></iframe>'
    widget = {"application/vnd.jupyter.widget-view+json": {}, "application/javascript": "1", "text/plain": "widget"}
    main = page_of(shows({"text/html": live}), shows(widget)).find("main")
    assert not main.find_all(["script", "meta", "iframe"])
    assert main.find("p").get_text() == "kept"
    assert "widget" in main.get_text()


def test_links_in_outputs_cannot_run_code():
    link = page_of(shows({"text/markdown": "[a](javascript:alert(1))"})).find("main").find("a")
    assert not link["href"].startswith("javascript:")


def test_printed_sentences_wrap_and_columns_stay_aligned():
    def kind(text: str) -> set[str]:
        printed = new_code_cell("f()", outputs=[new_output("stream", name="stdout", text=text)])
        (pre,) = page_of(printed).find_all("pre", class_="output")
        assert pre.get_text() == text.rstrip()
        assert pre.has_attr("tabindex") == ("aligned" in pre["class"])
        return set(pre["class"]) - {"output"}

    assert kind("Ten more points go with 0.1. " * 9) == kind("one line\nand another") == {"words"}
    assert kind("coef   std err\n0.10      0.02\n") == kind("   a\nb") == {"aligned"}


def test_a_short_table_stays_on_one_printed_page():
    tables = page_of(table(pd.DataFrame([1] * 10)), table(pd.DataFrame([1] * 60))).find_all("div", class_="table")
    assert ["whole" in box["class"] for box in tables] == [True, False]


def test_warnings_come_without_paths_and_errors_without_traceback():
    text = "/home/a/x.py:12: DataWarning: progress falls in row 3\n  warnings.warn(message)\nplain: 1:2: text\n"
    outputs = [
        new_output("stream", name="stderr", text=text),
        new_output("error", ename="KeyError", evalue="'D9'", traceback=["/home/a/y.py"]),
    ]
    warning, error = page_of(new_code_cell("f()", outputs=outputs)).find_all("pre", class_="warning")
    assert warning.get_text() == "DataWarning: progress falls in row 3\nplain: 1:2: text\n"
    assert error.get_text() == "KeyError: 'D9'"


def test_colours_of_text_are_dark_enough():
    """Contrast of every text colour of the style sheet on its darkest ground, by the formula of WCAG 2.2."""

    def light(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    css = "".join(style.get_text() for style in page_of("# T").find_all("style"))
    names = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))
    colours = {names.get(name, name) for name in re.findall(r"(?<![-\w])color: (?:var\(--)?([\w#-]+)", css)} - {
        "inherit"
    }
    grounds = [light(names["wash"]), light(names["warn-wash"])]
    assert len(colours) > 5
    for colour in colours:
        assert (min(grounds) + 0.05) / (light(colour) + 0.05) >= 4.5, colour


def test_nbconvert_writes_any_notebook_in_this_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As typed: a notebook of one's own, without a second file, under its own heading."""
    notebook = new_notebook(cells=[new_markdown_cell("# My slopes\n\n$b$"), table(pd.DataFrame({"x": ["0,5"]}))])
    nbformat.write(notebook, tmp_path / "my.ipynb")
    name = f"{NotebookPage.__module__}.{NotebookPage.__name__}"
    assert f"jupyter nbconvert --execute --to {name} my.ipynb" in (ROOT / "README.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    converter = NbConvertApp()
    converter.initialize(["--to", name, "--NotebookPage.language_code=vi", "--log-level=CRITICAL", "my.ipynb"])
    converter.start()
    page = BeautifulSoup((tmp_path / "my.html").read_text("utf-8"), "html.parser")
    assert (page.html["lang"], page.title.get_text(), page.h1.get_text()) == ("vi", "My slopes", "My slopes")
    assert page.find("mi").get_text() == "b"
    assert page.find("a", download=True)["download"] == "my-Bang-1.csv"
    assert not page.find_all("script")


def test_opening_gives_heading_and_question():
    cells = [
        new_code_cell("1"),
        new_markdown_cell("# How *far*\n\n**Question.** Does $x$ move\nit?\n\nMore."),
        new_markdown_cell("# Later"),
    ]
    assert opening(new_notebook(cells=cells)) == ("How far", "Does x move it?")
    assert opening(new_notebook(cells=[new_markdown_cell("Only text")])) == ("", "Only text")
    assert opening(new_notebook()) == ("", "")
