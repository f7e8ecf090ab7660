"""Write the site of the documentation: ``python docs/build.py [FOLDER]``, into ``site`` unless told otherwise.

It holds the pages of this folder, the notebooks with the outputs that are stored in them, and the reference of every
public name. Each file opens from a disk: nothing is fetched, no notebook is run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pdoc.doc
import pdoc.render
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import papi_analysis
from papi_analysis.reporting.files import write_whole
from papi_analysis.reporting.notebook_page import opening, to_html
from papi_analysis.reporting.notebooks import is_real, read_notebook

DOCS = Path(__file__).resolve().parent
NOTEBOOKS = sorted((DOCS.parent / "notebooks").glob("*.ipynb"))

#: Pages written by hand, in reading order.
PAGES = ["index", "which_function", "coming_from"]
#: Named as pdoc names it, which its search counts on.
REFERENCE = ("papi_analysis.html", "Reference")
GALLERY = ("notebooks.html", "Notebooks")

#: Above the pages on which something is simulated.
WARNING = "What rests on simulated inputs is marked SIMULATED, and says nothing about any place."

#: Above the reference.
INTRODUCTION = """Every public name, room by room in the order of use.

Each is written `pa.name` after `import papi_analysis as pa`, unless its entry says how to reach it."""

#: The rooms in the order of their use; whatever lies outside comes last.
ROOMS = ["study", "panel", "estimation", "credibility", "reporting"]


def main(folder: Path, paths: Sequence[Path] = NOTEBOOKS) -> Path:
    """Write every page into a folder, those of these notebooks among them; return the first."""
    for file, text in site(paths).items():
        write_whole(folder / file, text.encode())
    return folder / "index.html"


def site(paths: Sequence[Path] = NOTEBOOKS) -> dict[str, str]:
    """Return the text of every file of the site."""
    written = {f"{name}.html": page((DOCS / f"{name}.md").read_text("utf-8")) for name in PAGES}
    ran = {f"{path.stem}.html": read_notebook(path) for path in paths}
    shown = {**written, GALLERY[0]: gallery(ran), **ran}
    titles = [(file, opening(notebook, file)[0]) for file, notebook in shown.items()]
    titles.insert(len(PAGES), REFERENCE)
    banners = dict.fromkeys([GALLERY[0], *(file for file, one in ran.items() if not is_real(one))], WARNING)
    texts = {
        file: to_html(shown[file], title=title, pages=titles, file=file, banner=banners.get(file, ""))
        for file, title in titles
        if file != REFERENCE[0]
    }
    return texts | reference(titles)


def page(text: str) -> NotebookNode:
    """Return Markdown as a notebook of one cell; ```pa.name``` leads to the reference, ``x.md`` to its page.

    A name that is reached in another way is shown as it is written.
    """

    def shown(found: re.Match[str]) -> str:
        place = places().get(found[1], found[0].strip("`")).rpartition(" ")[2]
        return f"[`{place}`]({REFERENCE[0]}#{found[1]})"

    linked = re.sub(r"`pa\.(\w+)`", shown, text)
    return new_notebook(cells=[new_markdown_cell(re.sub(r"\]\((\w+)\.md", r"](\1.html", linked))])


def gallery(notebooks: dict[str, NotebookNode]) -> NotebookNode:
    """Return a page with the question and the first picture of each notebook."""
    cells: list[Any] = [
        new_markdown_cell(f"# {GALLERY[1]}\n\nOne question each, with the outputs that are stored in them.")
    ]
    for file, notebook in notebooks.items():
        title, question = opening(notebook, file)
        cells.append(new_markdown_cell(f"## [{title}]({file})\n\n{question}"))
        cells.append(new_code_cell("", outputs=pictures(notebook)[:1]))
    return new_notebook(cells=cells)


def pictures(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the outputs of a notebook that are pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output for output in outputs if "image/png" in output.get("data", ())]


def reference(titles: list[tuple[str, str]]) -> dict[str, str]:
    """Return the page of all public names, room by room in the order of use, and what its search needs."""
    values = {name: value for name, (_, value) in public().items()}
    face = ModuleType(papi_analysis.__name__, INTRODUCTION)
    vars(face).update(values, __all__=list(values))
    module = pdoc.doc.Module(face)
    modules = {module.modulename: module}
    templates = DOCS / "templates"
    pdoc.render.configure(
        docformat="numpy", include_undocumented=False, show_source=False, template_directory=templates
    )
    words = {"pages": titles, "rooms": rooms(), "about": about, "places": places(), "file": REFERENCE[0]}
    pdoc.render.env.globals |= words
    search = pdoc.render.search_index(modules)
    return {REFERENCE[0]: pdoc.render.html_module(module, modules), "search.js": search}


@cache
def public() -> dict[str, tuple[str, Any]]:
    """Return each public name with how it is written and what it is: of the package, of ``pa.papi``, of a room."""
    found: dict[str, tuple[str, Any]] = {}
    for name in papi_analysis.__all__:
        value = getattr(papi_analysis, name)
        if isinstance(value, ModuleType):
            found |= {inner: (f"pa.{name}.{inner}", getattr(value, inner)) for inner in value.__all__}
        else:
            found[name] = (f"pa.{name}", value)
    for room, names in getattr(papi_analysis, "_ROOMS", {}).items():
        module = import_module(f"papi_analysis.{room}")
        found |= {name: (f"from papi_analysis.{room} import {name}", getattr(module, name)) for name in names}
    return found


def places() -> dict[str, str]:
    """Return how each name is written where ``pa.name`` alone is not enough."""
    return {name: place for name, (place, _) in public().items() if place != f"pa.{name}"}


def rooms() -> dict[str, list[str]]:
    """Return the public names by room, in the order of use."""
    home = {name: room_of(place, value) for name, (place, value) in public().items()}
    order = [*ROOMS, *sorted(set(home.values()) - set(ROOMS), reverse=True)]
    return {room: [name for name in home if home[name] == room] for room in order}


def room_of(place: str, value: Any) -> str:
    """Return the room in which a public name is at home; what ``pa`` has in a part of its own stays in that part."""
    own = re.fullmatch(r"pa\.(\w+)\.\w+", place)
    return own[1] if own else str(value.__module__.split(".")[1])


def about(room: str) -> str:
    """Return the first line of what a room says about itself."""
    return str(import_module(f"papi_analysis.{room}").__doc__).strip().split("\n")[0]


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1] if len(sys.argv) > 1 else DOCS.parent / 'site'))}\n")
