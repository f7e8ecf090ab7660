"""Tables and figures to take away: what is read back is what was shown, as text, and the same every time."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import numpy as np
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docx.oxml.ns import qn

import papi_analysis as pa
from papi_analysis.reporting import export
from papi_analysis.reporting.canvas import add_alternative, grid_axes, one_axes
from papi_analysis.reporting.downloads import inert
from papi_analysis.reporting.figures import draw_targets

HOSTILE = [
    '=HYPERLINK("http://x")',
    "+84|cmd",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "<script>alert(1)</script></table>",
    '<img src=x onerror="alert(1)"> & more',
    "[x](javascript:alert(1))",
    r"$\frac{1}{2}$ 100% #1 a_b {c} ~ ^ \input{x} | < >",
    "&lt;b&gt;",
    "#N/A",
    "TRUE",
    "007",
    "Sở Nội vụ, ‮gnirts",
    "[2pt] of a row",
    "*",
]
FORMS = ("html", "tex", "docx", "xlsx", "csv")


def latex_text(cell: str) -> str:
    """Return the text that LaTeX sets: the commands of the file undone by another way than they were made."""
    commands = {
        r"\textbackslash": "\\", r"\textasciitilde": "~", r"\textasciicircum": "^", r"\textbar": "|",
        "$-$": "-", "$<$": "<", "$>$": ">", r"$\infty$": "∞",
    }  # fmt: skip
    pattern = r"\\text\w+(?=\{\})|\$(?:[-<>]|\\infty)\$|\\[&%$#_{}]|\{\}|\{[\[*]\}|[^\\&%$#_{}~^|<>]"
    pieces = re.findall(rf"{pattern}|(.)", cell)
    assert not any(pieces), f"LaTeX would take {cell!r} for a command"
    found = (piece[0] for piece in re.finditer(pattern, cell))
    plain = {r"{[}": "[", r"{*}": "*", "{}": ""}
    return "".join((commands | plain).get(piece, piece.removeprefix("\\")) for piece in found)


def read_html(path: Path) -> list[list[str]]:
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.table.find_all("tr")]


def read_tex(path: Path) -> list[list[str]]:
    lines = re.findall(r"^(.*) \\\\$", path.read_text("utf-8"), re.MULTILINE)
    return [[latex_text(cell) for cell in re.split(r" & ", line)] for line in lines]


def read_docx(path: Path) -> list[list[str]]:
    """The rows of a table that may go on in further ones, each of which repeats its first column."""
    first, *more = docx.Document(path).tables
    rows = [[cell.text for cell in row.cells] for row in first.rows]
    for table in more:
        assert len(rows[0]) % 7 == 1
        for row, further in zip(rows, table.rows, strict=True):
            name, *cells = (cell.text for cell in further.cells)
            assert name == row[0]
            row += cells
    return rows


def read_csv(path: Path, language: str = "en") -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter={"en": ",", "vi": ";"}[language]))
    return rows[: rows.index([])] if [] in rows else rows


def cells_of(path: Path) -> list[list[Any]]:
    """Return the cells of a workbook, the caption left out."""
    page = openpyxl.load_workbook(path).active
    return list(page.iter_rows(min_row=int(page.freeze_panes[1:]) - 1))


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(table: Any, form: str, **options: Any) -> Path:
        path = pa.save_table(table, tmp_path / f"table.{form}", **options)
        assert [file.name for file in tmp_path.iterdir()] == [path.name]
        return path

    return save


READERS = {"html": read_html, "tex": read_tex, "docx": read_docx}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("answer", "language"), [("targets", "en"), ("changes", "vi")])
def test_every_cell_is_there_as_shown(form: str, language: str, answer: str, save: Any, request: Any):
    estimates = request.getfixturevalue(answer)
    shown = pa.table(estimates, language=language)
    expected = [[shown.columns.name, *shown.columns], *([name, *row] for name, *row in shown.itertuples(name=None))]
    path = save(estimates, form, language=language)
    if form == "csv":
        assert read_csv(path, language) == expected
    elif form == "xlsx":
        assert [cell.value for cell in cells_of(path)[0]] == expected[0]
        assert [row[0].value for row in cells_of(path)[1:]] == list(shown.index)
    else:
        assert READERS[form](path) == expected


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("en", "SIMULATED: tasks, progress. Points of score per 10 points of completion; 2017–2020"),
        ("vi", "MÔ PHỎNG: nhiệm vụ, tiến độ. Điểm số trên mỗi 10 điểm phần trăm hoàn thành; 2017–2020"),
    ],
)
def test_made_up_inputs_and_what_the_table_holds_are_named_in_each_form(
    language: str, mark: str, changes: Any, tmp_path: Path
):
    paths = {form: pa.save_table(changes, tmp_path / f"a.{form}", language=language) for form in FORMS}
    assert BeautifulSoup(paths["html"].read_text("utf-8"), "html.parser").caption.get_text() == mark
    assert f"\\caption{{{mark}}}\n" in paths["tex"].read_text("utf-8")
    document = docx.Document(paths["docx"])
    source = {"en": "Source: made with papi_analysis.", "vi": "Nguồn: lập bằng papi_analysis."}[language]
    caption, below = document.paragraphs[:2]
    assert (caption.text, caption.style.name, below.text) == (mark, "Caption", source)
    assert openpyxl.load_workbook(paths["xlsx"]).active["A1"].value == mark
    # The first line of csv is the head, so the mark stands below.
    assert paths["csv"].read_text("utf-8-sig").splitlines()[-2:] == ["", f'"{mark}"']


def test_a_frame_is_marked_when_its_inputs_are_named(save: Any):
    frame = pd.DataFrame({"dimension": ["D1"], "score": [5.0]})
    assert "<caption>SIMULATED: progress</caption>" in save(frame, "html", simulated=["progress"]).read_text("utf-8")
    assert "caption" not in save(frame, "html").read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("form", FORMS)
def test_hostile_text_is_text(form: str, language: str, save: Any):
    frame = pd.DataFrame({"task": HOSTILE, "title_en": HOSTILE[::-1], "=1+1": HOSTILE})
    path = save(frame, form, language=language)
    if form == "csv":
        rows = read_csv(path, language)
        assert rows[1:] == [[inert(a), inert(b), inert(a)] for a, b in zip(HOSTILE, HOSTILE[::-1], strict=True)]
        assert not [cell for row in rows for cell in row if cell[0] in "=+-@"]
    elif form == "xlsx":
        cells = cells_of(path)
        assert [[cell.value for cell in row] for row in cells[1:]] == [list(row) for row in frame.to_numpy()]
        assert {cell.data_type for row in cells for cell in row} == {"s"}
        # Nor does a cell become a formula when somebody edits it.
        marked = {cell.value for row in cells for cell in row if cell.quotePrefix}
        assert marked == {*HOSTILE[:4], "=1+1"}
    else:
        assert READERS[form](path)[1:] == [list(row) for row in frame.to_numpy()]
    if form == "html":
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert not soup.find_all(["script", "img", "b", "a"])
    if form == "xlsx":
        with zipfile.ZipFile(path) as parts:
            assert not [name for name in parts.namelist() if b"<f>" in parts.read(name)]


def test_a_workbook_holds_numbers_and_days_that_look_as_shown(save: Any):
    day = pd.Timestamp(2018, 2, 1)
    frame = pd.DataFrame(
        {
            "task": ["a", "b"],
            "score": [1234.5678, np.nan],
            "completion": [0.8235, -0.5],
            "p": [0.0004, 0.25],
            "year": [2018, 2020],
            "due": [day, pd.NaT],
            "late": [True, False],
            "high": [np.inf, 1.0],
        }
    )
    small = {"en": "< 0.001", "vi": "< 0,001"}
    for language, days, yes in [("en", "yyyy-mm-dd", "yes"), ("vi", "dd/mm/yyyy", "có")]:
        first, second = cells_of(save(frame, "xlsx", language=language))[1:]
        assert [cell.value for cell in first[1:7]] == [1234.5678, 0.8235, 0.0004, 2018, datetime(2018, 2, 1), yes]
        formats = ["#,##0.00", "0%", f'[<0.001]"{small[language]}";0.000', "0", days]
        assert [cell.number_format for cell in first[1:6]] == formats
        # A gap stays a gap: an empty cell would count as nought.
        assert [second[1].value, second[5].value, first[7].value] == ["–", "–", "∞"]
        assert [second[2].value, second[3].value, second[7].value] == [-0.5, 0.25, 1]
        assert small[language] in pa.table(frame, language=language).loc["a"].to_list()


def test_what_cannot_be_written_there_is_said_with_the_path(targets: Any, tmp_path: Path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(pa.SpecError, match=re.escape(f"{tmp_path / 'a.csv'} is a folder. Give the path of a file")):
        pa.save_table(targets, tmp_path / "a.csv")
    beyond = tmp_path / "file" / "a.csv"
    with pytest.raises(pa.SpecError, match=re.escape(f"{beyond} cannot be written: File exists. Choose a folder")):
        pa.save_table(targets, beyond)
    assert pa.save_table(targets, tmp_path / "new" / "er" / "a.csv").is_file()  # folders are made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "file", "new"]  # and nothing is left behind


def test_heads_are_marked_as_heads(targets: Any, save: Any, tmp_path: Path):
    soup = BeautifulSoup(save(targets, "html", language="vi").read_text("utf-8"), "html.parser")
    assert soup.html["lang"] == "vi"
    assert {th["scope"] for th in soup.thead.find_all("th")} == {"col"}
    assert [len(row.find_all("th", scope="row")) for row in soup.tbody.find_all("tr")] == [1] * len(targets.table)
    (tmp_path / "table.html").unlink()

    path = save(targets, "docx", language="vi")
    document = docx.Document(path)
    assert {lang.get(qn("w:val")) for lang in document.styles.element.iter(qn("w:lang"))} == {"vi-VN"}
    for table in document.tables:
        repeated = [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in table.rows]
        assert repeated == [True] + [False] * len(targets.table)
    path.unlink()

    path = save(targets, "xlsx")
    page = openpyxl.load_workbook(path).active
    head = next(page.iter_rows(min_row=2, max_row=2))
    assert page.freeze_panes == "B3"
    assert all(cell.font.bold for cell in head)
    assert all(page.column_dimensions[cell.column_letter].width > len(cell.value) for cell in head)


@pytest.mark.parametrize("form", FORMS)
def test_a_caption_may_be_long_and_hostile(form: str, save: Any):
    table = pa.table(pd.DataFrame({"dimension": ["D1"], "score": [5.0]}))
    table.caption = f"=1+1 <b>&_%</b> {'long ' * 60}".strip()
    path = save(table, form)
    if form == "html":
        assert BeautifulSoup(path.read_text("utf-8"), "html.parser").caption.get_text() == table.caption
    elif form == "tex":
        caption = re.search(r"\\caption\{(.*)\}\n", path.read_text("utf-8"))[1]
        assert latex_text(caption) == table.caption
    elif form == "docx":
        assert docx.Document(path).paragraphs[0].text == table.caption
    elif form == "xlsx":
        cell = openpyxl.load_workbook(path).active["A1"]
        assert (cell.value, cell.data_type, cell.quotePrefix) == (table.caption, "s", True)
    else:
        assert path.read_text("utf-8-sig").splitlines()[-1] == f"'{table.caption}"


@pytest.mark.parametrize("form", ["html", "tex", "docx"])
def test_two_columns_may_have_the_same_head(form: str, save: Any):
    frame = pd.DataFrame({"task": ["a"], "title_en": ["one"], "title_vi": ["một"]})
    assert READERS[form](save(frame, form)) == [["Task", "Title", "Title"], ["a", "one", "một"]]


def test_a_table_made_ready_keeps_its_numbers(save: Any):
    frame = pd.DataFrame({"dimension": ["D1", "D2"], "score": [5.123, 4.5], "n": [3, 4]})
    table = pa.table(frame, language="vi")
    rows = cells_of(save(table, "xlsx"))
    assert [[cell.value for cell in row] for row in rows][:2] == [["Chỉ số nội dung", "Điểm", "Số ô"], ["D1", 5.123, 3]]
    turned = table.iloc[::-1][["Điểm"]]
    turned.loc["D1", "Điểm"] = "about 5"
    assert [[cell.value for cell in row] for row in cells_of(save(turned, "xlsx"))][1:] == [
        ["D2", 4.5],
        ["D1", "about 5"],
    ]


@pytest.mark.parametrize("form", FORMS)
def test_labels_in_the_index_are_kept(form: str, save: Any):
    frame = pd.DataFrame({"dimension": ["D1", "D2"], "year": [2018, 2019], "score": [5.25, 4.5]})
    for indexed, head, first in (
        (frame.set_index("dimension"), ["Dimension", "Year", "Score"], ["D1", "2018", "5.25"]),
        (frame.set_index(["year", "dimension"]), ["Year", "Dimension", "Score"], ["2018", "D1", "5.25"]),
        (frame.set_index("dimension").rename_axis(None)[["score"]], ["", "Score"], ["D1", "5.25"]),
    ):
        path = save(indexed, form)
        if form == "csv":
            shown = read_csv(path)
        elif form == "xlsx":
            shown = [[cell.value for cell in row] for row in cells_of(path)]
            first = [float(text) if text[0].isdigit() else text for text in first]
            shown[0] = [text or "" for text in shown[0]]
        else:
            shown = READERS[form](path)
        assert shown[:2] == [head, first]
        path.unlink()


def test_a_count_of_rows_is_no_label(save: Any):
    frame = pd.DataFrame({"dimension": ["D1", "D2"], "score": [5.25, 4.5]})
    assert read_csv(save(frame[frame["score"] < 5], "csv")) == [["Dimension", "Score"], ["D2", "4.50"]]


def test_heads_of_several_levels_are_read_together():
    frame = pd.DataFrame([["D1", 5.0]], columns=pd.MultiIndex.from_tuples([("dimension", ""), ("score", 2018)]))
    assert pa.table(frame).rows == [["Dimension", "Score, 2018"], ["D1", "5.00"]]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_bytes_twice(form: str, changes: Any, save: Any, monkeypatch: pytest.MonkeyPatch):
    first = save(changes, form, language="vi").read_bytes()
    if form in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(first)) as parts:
            assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert b"dcterms:" not in re.sub(rb'xmlns:\w+="[^"]*"', b"", parts.read("docProps/core.xml"))
    assert save(changes, form, language="vi").read_bytes() == first


def test_a_failure_leaves_the_earlier_file(targets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "table.csv"
    path.write_text("earlier")

    def fail(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(export.os, "replace", fail)
    with pytest.raises(pa.SpecError, match="cannot be written: no space left"):
        pa.save_table(targets, path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("table.csv", "earlier")]


def test_a_folder_is_made_and_the_suffix_may_be_upper_case(targets: Any, tmp_path: Path):
    path = pa.save_table(targets, str(tmp_path / "deep" / "table.CSV"))
    assert path == tmp_path / "deep" / "table.CSV"
    assert path.is_file()


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (
            pd.DataFrame({"a": [1]}),
            "a.xls",
            r"'a\.xls'\. End the name with one of \.html, \.tex, \.docx, \.xlsx, \.csv",
        ),
        (pd.DataFrame({"a": [1]}), "a", r"'a'\. End the name"),
        (pd.DataFrame(), "a.csv", "DataFrame is no table to save"),
        ([1], "a.csv", "int is no answer"),
        (pd.DataFrame({"task": ["x", "a\x00b"]}), "a.docx", r"row 2, column 'Task' holds '\\x00'"),
        (pd.DataFrame({"a": [1], "b": ["\ud800"]}, dtype=object), "a.csv", r"row 1, column 'b' holds '\\ud800'"),
        (pd.DataFrame({"a\x0b": ["x"]}), "a.html", r"the head of column 'a\\x0b' holds '\\x0b'"),
        (pd.DataFrame({"task": ["x" * 32_768]}), "a.xlsx", "cell A2 would hold 32768 characters"),
    ],
)
def test_what_cannot_be_saved_is_refused(table: Any, name: str, message: str, tmp_path: Path):
    with pytest.raises(pa.SpecError, match=message):
        pa.save_table(table, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_unknown_language_is_refused(targets: Any, tmp_path: Path):
    with pytest.raises(pa.SpecError, match="no language 'fr'"):
        pa.save_table(targets, tmp_path / "a.csv", language="fr")


SVG = "{http://www.w3.org/2000/svg}"


def svg_of(path: Path) -> Any:
    return ElementTree.fromstring(path.read_bytes())


def test_a_drawing_holds_its_letters_and_says_what_it_shows(targets: Any, tmp_path: Path):
    ax = draw_targets(targets, language="vi")
    alt = ax.get_figure().get_label()
    root = svg_of(pa.save_figure(ax, tmp_path / "targets.svg"))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}desc").text == alt
    assert alt.startswith(root.find(f"{SVG}title").text.removesuffix(" …"))
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"Chỉ tiêu", "Điểm"} <= texts
    assert any("Công khai" in str(text) for text in texts)  # a dimension's name


def test_hostile_words_stay_words_in_a_drawing(tmp_path: Path):
    words = r'<script>alert(1)</script> & $\frac{1}{2}$ "]]>'
    ax = one_axes(4, 3)
    ax.set_title(words, parse_math=False)
    ax.get_figure().set_label(words)
    root = svg_of(pa.save_figure(ax, tmp_path / "a.svg"))
    assert root.find(f"{SVG}desc").text == root.find(f"{SVG}title").text == words
    assert words in {text.text for text in root.iter(f"{SVG}text")}
    assert not [tag for tag in root.iter() if tag.tag.endswith("script")]


def test_a_pdf_says_what_it_shows(tmp_path: Path):
    ax = one_axes(4, 3)
    ax.set_title("Điểm số")
    ax.get_figure().set_label("Điểm số (2016) tăng")
    data = pa.save_figure(ax, tmp_path / "a.pdf").read_bytes()
    # Text strings that are not Latin are UTF-16 after a mark (ISO 32000-1, 7.9.2.2).
    written = b"\xfe\xff" + "Điểm số (2016) tăng".encode("utf-16-be")
    for key in (b"/Title", b"/Subject"):
        text = re.search(key + rb" \((.*?)(?<!\\)\)", data, re.DOTALL)[1]
        assert re.sub(rb"\\([()\\])", rb"\1", text) == written
    assert b"/CreationDate" not in data
    # Each glyph says which letter it is, so that the text can be found and read aloud.
    streams = [
        zlib.decompress(stream)
        for stream in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    ]
    assert any(b"beginbf" in stream and b"1EC3" in stream.upper() for stream in streams)  # ể


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_the_same_figure_gives_the_same_bytes(form: str, targets: Any, tmp_path: Path):
    files = [pa.save_figure(draw_targets(targets), tmp_path / f"{name}.{form}").read_bytes() for name in "ab"]
    assert files[0] == files[1]
    assert len(files[0]) > 1000


def test_an_array_of_axes_is_one_figure(tmp_path: Path):
    axes = grid_axes(6)
    add_alternative(axes[0, 0], "Nothing.")
    drawn = svg_of(pa.save_figure(axes, tmp_path / "a.svg"))
    assert len(drawn.findall(f".//{SVG}g[@id='axes_6']")) == 1


def test_a_figure_is_as_wide_as_the_column_of_a_page(tmp_path: Path):
    from PIL import Image

    wide = one_axes(8, 3)
    add_alternative(wide, "Nothing.")
    picture = Image.open(pa.save_figure(wide, tmp_path / "scores.png"))
    assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(165, abs=0.1)
    drawing = svg_of(pa.save_figure(wide, tmp_path / "scores.svg"))
    width, height = (float(drawing.get(side).removesuffix("pt")) for side in ("width", "height"))
    x, y = map(float, drawing.get("viewBox").split()[2:])
    assert width / 72 * 25.4 == pytest.approx(165, abs=0.1)
    assert height / width == pytest.approx(y / x, rel=1e-3)


def test_a_figure_that_cannot_be_saved_is_refused(targets: Any, tmp_path: Path):
    with pytest.raises(pa.SpecError, match=r"'a\.jpg'\. End the name with one of \.svg, \.pdf, \.png"):
        pa.save_figure(draw_targets(targets), tmp_path / "a.jpg")
    with pytest.raises(pa.SpecError, match="no alternative text"):
        pa.save_figure(one_axes(4, 3), tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def test_a_table_without_rows_is_its_head(tmp_path):
    empty = pd.DataFrame({"dimension": [], "score": []})
    paths = {form: pa.save_table(empty, tmp_path / f"a.{form}") for form in ("html", "tex", "docx", "xlsx", "csv")}
    assert paths["csv"].read_text("utf-8-sig").split() == ["Dimension,Score"]
    assert [[cell.text for cell in row.cells] for row in docx.Document(str(paths["docx"])).tables[0].rows] == [
        ["Dimension", "Score"]
    ]
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(paths["xlsx"]).active.iter_rows()] == [
        ["Dimension", "Score"]
    ]
    for form in ("html", "tex"):
        assert re.search(r"Dimension.*Score", paths[form].read_text("utf-8"), flags=re.DOTALL)
