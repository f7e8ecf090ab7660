"""What a notebook's page needs beyond nbconvert: headings in order, contents, table headers, csv, no request.

Works on the parsed page (`bs4`); every function changes it in place. Elements are typed ``Any``: in bs4's own types
each attribute may be a list and each search may find nothing, which says nothing about a page that we wrote.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from papi_analysis.errors import PapiError
from papi_analysis.reporting.downloads import csv_address, file_name, hold_numbers
from papi_analysis.reporting.notebooks import notebooks_extra
from papi_analysis.reporting.page import PHONE, WHOLE
from papi_analysis.reporting.tables import SHORT, WIDE

with notebooks_extra():
    from bs4 import BeautifulSoup

_HEADING = re.compile(r"^h[1-6]$")


def finish_page(html: str, frame: Mapping[str, Any]) -> str:
    """Return a page as the template wrote it made accessible, and checked; ``frame`` comes from ``page.frame_of``."""
    words, file, title = frame["words"], frame["file"], frame["title"]
    soup: Any = BeautifulSoup(html, "html.parser")
    _drop_foreign(soup.main)
    _link_pages(soup.main, [name for name, _ in frame["pages"]])
    _fill_contents(soup, _order_headings(soup, title))
    for number, table in enumerate(soup.main.find_all("table"), 1):
        label = f"{words['table']} {number}: {_text(table.caption or table.find_previous(_HEADING))}"
        rows = _finish_table(soup, table, label)
        about = _text(table.caption) if table.caption else ""  # among others, which inputs are made up
        name = file_name(file.removesuffix(".html"), words["table"], str(number), about)
        link = {"download": f"{name}.csv", "href": csv_address(_texts(rows), frame["language"])}
        below = soup.new_tag("p", attrs={"class": "download"})
        below.append(soup.new_tag("a", attrs=link | {"aria-label": f"{words['download']}, {label}"}))
        below.a.string = words["download"]
        table.parent.insert_after(below)
    for number, image in enumerate(soup.main.select("figure > img"), 1):
        if float(image.get("width", 0)) > PHONE:
            label = f"{words['figure']} {number}: {_text(image.find_previous(_HEADING))}"
            image.parent.attrs |= {"class": "wide", "role": "region", "tabindex": "0", "aria-label": label}
    _check_requests(soup, file or title)
    return str(soup)


def first_lines(html: str) -> tuple[str, str]:
    """Return the plain text of the first heading and of the first paragraph, "" for one that is missing.

    A paragraph may open with a label in bold (**Question.**); the label is left out.
    """
    soup: Any = BeautifulSoup(html, "html.parser")
    heading, paragraph = soup.find(_HEADING), soup.find("p")
    if paragraph and paragraph.contents[0].name == "strong" and len(paragraph.contents) > 1:
        paragraph.contents[0].decompose()
    return _text(heading) if heading else "", _text(paragraph) if paragraph else ""


def _text(tag: Any) -> str:
    return " ".join(tag.get_text().split())


def _drop_foreign(main: Any) -> None:
    """Remove what can run or load, and the style sheet that pandas puts beside each frame."""
    for tag in main.find_all(["script", "iframe", "object", "embed", "base", "meta", "link"]):
        tag.decompose()
    for tag in main.find_all("style", scoped=True):
        tag.decompose()


def _check_requests(soup: Any, where: str) -> None:
    """Raise if anything on the page would be fetched: a report opens from a memory stick."""
    for tag in soup.find_all(True):
        for name in ("src", "srcset", "poster", "background"):
            if not str(tag.get(name, "data:")).startswith("data:"):
                raise PapiError(
                    f"{where}: <{tag.name}> loads {tag[name]}, but a report must open without network or other "
                    "files. Attach the image to its cell instead"
                )
        style = str(tag.get("style", "")) + (tag.get_text() if tag.name == "style" else "")
        if re.search(r"@import|url\((?!\s*['\"]?data:)", style, re.IGNORECASE):
            raise PapiError(f"{where}: a style sheet in an output loads another file")


def _link_pages(main: Any, names: Sequence[str]) -> None:
    """Turn links between notebooks to their pages; a link to a notebook that has no page becomes text."""
    for link in main.find_all("a", href=re.compile(r"^[^:#?]+\.ipynb(#|$)")):
        path, _, anchor = link["href"].partition("#")
        page = path.removeprefix("./").removesuffix(".ipynb") + ".html"
        if page in names:
            link["href"] = page + (f"#{anchor}" if anchor else "")
        else:
            link.unwrap()


def _order_headings(soup: Any, title: str) -> list[Any]:
    """Give a page one h1, no skipped level, and a unique id per heading (Jupyter's, so links work in both)."""
    headings: list[Any] = soup.main.find_all(_HEADING)
    if not headings or headings[0].name != "h1":
        first = soup.new_tag("h1")
        first.string = title
        soup.main.insert(0, first)
        headings = [first, *headings]
    used = {tag["id"] for tag in soup.find_all(id=True) if not _HEADING.match(tag.name)}
    level = 0
    for heading in headings:
        level = max(2, min(int(heading.name[1]), level + 1)) if level else 1
        heading.name = f"h{level}"
        name = stem = "-".join(heading.get_text().split()) or "section"
        number = 1
        while name in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name)
        heading["id"] = name
    return headings


def _fill_contents(soup: Any, headings: Sequence[Any]) -> None:
    """Write the table of contents from the h2 and h3; a page with fewer than two sections needs none."""
    contents = soup.find("nav", class_="contents")
    chosen = [heading for heading in headings if heading.name in ("h2", "h3")]
    if sum(heading.name == "h2" for heading in chosen) < 2:
        contents.decompose()
        return
    top = soup.new_tag("ol")
    contents.append(top)
    for heading in chosen:
        link = soup.new_tag("a", href=f"#{quote(str(heading['id']))}")
        link.extend([copy.copy(child) for child in heading.contents])
        for inner in link.find_all(True):
            if inner.name == "a":
                inner.unwrap()
            else:
                inner.attrs.pop("id", None)
        item = soup.new_tag("li")
        item.append(link)
        parent = top
        if heading.name == "h3" and top.contents:
            parent = top.contents[-1].find("ol") or top.contents[-1].append(soup.new_tag("ol"))
        parent.append(item)


def _finish_table(soup: Any, table: Any, label: str) -> list[Any]:
    """Say which cells are headers of what, set numbers flush right, and let a wide table scroll by itself.

    Returns the cells, row by row.
    """
    table.attrs.pop("border", None)
    rows = [row.find_all(["th", "td"], recursive=False) for row in table.find_all("tr")]
    for row in rows:
        _scope_headers(row, first=row is rows[0] and table.thead is None)
    rows = _join_header_rows(table, rows)
    _mark_numbers(rows)
    if rows and max(map(len, rows)) > WIDE:
        _add_class(table, "wide")
    box = {
        "class": "table whole" if len(rows) <= WHOLE else "table",
        "role": "region",
        "tabindex": "0",
        "aria-label": label,
    }
    table.wrap(soup.new_tag("div", attrs=box))
    return rows


def _texts(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Return the texts of rows of cells; a merged cell's text stands in each place that it covers."""
    below: dict[tuple[int, int], str] = {}
    grid: list[list[str]] = []
    for number, row in enumerate(rows):
        line: list[str] = []
        for cell in [*row, None]:
            while (number, len(line)) in below:
                line.append(below.pop((number, len(line))))
            for _ in range(int(cell.get("colspan", 1)) if cell else 0):
                below |= {(number + down, len(line)): _text(cell) for down in range(1, int(cell.get("rowspan", 1)))}
                line.append(_text(cell))
        grid.append(line)
    return grid


def _scope_headers(row: Sequence[Any], first: bool) -> None:
    """Give each header cell its scope; an empty one becomes plain, or it would be announced for every cell.

    Names stay on one line and sentences keep some width, so that a phone does not squeeze them into columns of
    single words.
    """
    data = any(cell.name == "td" and _text(cell) for cell in row)
    for cell in row:
        if cell.name == "th" and not _text(cell):
            cell.name = "td"
            cell.attrs.pop("scope", None)
        elif cell.name == "th":
            column = cell.find_parent("thead") is not None or (first and not data)
            group = "group" if int(cell.get("colspan" if column else "rowspan", 1)) > 1 else ""
            cell["scope"] = ("col" if column else "row") + group
        length = len(_text(cell))
        if cell.get("scope") in ("row", "rowgroup") and length <= SHORT:
            _add_class(cell, "short")
        elif cell.name == "td" and length > SHORT:
            _add_class(cell, "long")


def _join_header_rows(table: Any, rows: list[Any]) -> list[Any]:
    """Make one header row of pandas' two, where the index name stands below the blank beside the columns."""
    if table.thead is None or len(table.thead.find_all("tr")) != 2 or len(rows[0]) != len(rows[1]):
        return rows
    pairs = list(zip(rows[0], rows[1], strict=True))
    merged = any(cell.get("colspan") or cell.get("rowspan") for pair in pairs for cell in pair)
    if merged or any(_text(upper) and _text(lower) for upper, lower in pairs):
        return rows
    below = rows[1][0].parent
    for upper, lower in pairs:
        if not _text(upper):
            upper.replace_with(lower)
    below.decompose()
    return [[upper if _text(upper) else lower for upper, lower in pairs], *rows[2:]]


def _mark_numbers(rows: Sequence[Sequence[Any]]) -> None:
    """Mark the columns that hold numbers alone, headers included; a table with merged cells is left as it is."""
    if any(cell.get("colspan") or cell.get("rowspan") for row in rows for cell in row):
        return
    if len({len(row) for row in rows}) != 1:
        return
    for column in zip(*rows, strict=True):
        if hold_numbers(cell.get_text(strip=True) for cell in column if cell.name == "td"):
            for cell in column:
                if cell.get("scope") != "row":
                    _add_class(cell, "number")


def _add_class(tag: Any, name: str) -> None:
    tag["class"] = [*tag.get("class", []), name]
