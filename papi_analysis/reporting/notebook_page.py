"""An executed notebook as one HTML page that needs nothing else: no network, no script, no second file.

The module imports nbconvert; whoever only wants the package's functions never loads it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from papi_analysis.errors import PapiError
from papi_analysis.reporting.notebook_html import finish_page, first_lines
from papi_analysis.reporting.notebooks import notebooks_extra
from papi_analysis.reporting.page import TEMPLATES, css_string, frame_of, picture_size

with notebooks_extra():
    from jinja2 import pass_context
    from math_core import LatexError, LatexToMathML
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from traitlets.config import Config

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: Which form of an output is shown, the best first. Scripts and widgets are not in the list.
SHOWN = ["text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain"]

#: Tags of cells that are for whoever has the notebook open, and of code that a page does without.
HIDDEN = {"enabled": True, "remove_cell_tags": ["remove-cell"], "remove_input_tags": ["remove-input"]}


def to_html(
    notebook: NotebookNode,
    *,
    title: str,
    language: str = "en",
    pages: Sequence[tuple[str, str]] = (),
    file: str = "",
    banner: str = "",
) -> str:
    """Return a notebook with outputs as a self-contained HTML page; the same notebook gives the same bytes.

    Parameters
    ----------
    notebook
        An executed notebook. Figures are outputs of type ``image/png``, ``image/jpeg`` or ``image/svg+xml``
        with their alternative text in ``metadata[mime]["alt"]``.
    title
        Of the page; also its heading when the notebook does not start with one of its own.
    language
        ``"en"`` or ``"vi"``: the language of the text, and of the words around it.
    pages
        Name and title of every page of the report, in reading order; links between their notebooks are
        turned to the pages.
    file
        Which of ``pages`` this one is.
    banner
        A warning in plain text, shown above everything and at the head of every printed page.

    Raises
    ------
    SpecError
        There are no words for the language.
    PapiError
        A figure has no alternative text, a formula cannot be set, or something would be fetched from elsewhere.

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> notebook = new_notebook(cells=[new_markdown_cell("The slope of dimension $k$.")])
    >>> page = to_html(notebook, title="Slopes")
    >>> "<mi>k</mi>" in page, "<script" in page
    (True, False)
    """
    frame = frame_of(title, language, file, banner)
    names = [name for name, _ in pages]
    at = names.index(file) if file in names else None
    frame |= {
        "pages": pages,
        "previous": pages[at - 1] if at else None,
        "next": pages[at + 1] if at is not None and at + 1 < len(pages) else None,
    }
    html, _ = NotebookPage().from_notebook_node(notebook, {"frame": frame})
    return html


def opening(notebook: NotebookNode, file: str = "") -> tuple[str, str]:
    """Return the first heading and the first paragraph of a notebook, as plain text; "" where there is none.

    ``file`` names the page in the `PapiError` about a formula that cannot be set.
    """
    maths = _maths(file, "")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = first_lines(_markdown(cell.source, maths))
            if any(found):
                return found
    return "", ""


class _Renderer(IPythonRenderer):
    """Markdown to HTML with formulas as MathML, which browsers show without any script."""

    def __init__(self, maths: Callable[[str, bool], str], **options: Any) -> None:
        super().__init__(exclude_anchor_links=True, **options)
        self.maths = maths

    def inline_math(self, body: str) -> str:
        return self.maths(body, False)

    def block_math(self, body: str) -> str:
        return self.maths(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self.maths(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)


def _markdown(source: str, maths: Callable[[str, bool], str], **options: Any) -> str:
    return str(MarkdownWithMath(renderer=_Renderer(maths, **{"escape": False, **options})).render(source))


def _maths(where: str, label: str) -> Callable[[str, bool], str]:
    """Return a function from LaTeX to MathML that numbers equations through one page and refuses the unknown."""
    converter = LatexToMathML(fancy_error=False)

    def convert(latex: str, block: bool) -> str:
        try:
            mathml = str(converter.convert_with_global_state(latex.strip(), displaystyle=block))
        except LatexError as error:
            reason = re.sub(r"^\d+: ", "", str(error))
            raise PapiError(f"{where}: the formula ${' '.join(latex.split())}$ cannot be set: {reason}") from None
        if block:  # a long formula scrolls by itself, so it must be reachable by keyboard
            return f'<span class="formula" tabindex="0" role="group" aria-label="{label}">{mathml}</span>'
        return mathml

    return convert


class NotebookPage(HTMLExporter):
    """nbconvert's exporter with our template, MathML, figures that must be described, and tables that can be read.

    ``jupyter nbconvert --execute --to papi_analysis.reporting.notebook_page.NotebookPage my.ipynb`` writes any notebook
    in this form; ``--NotebookPage.language_code=vi`` gives the words around it in Vietnamese.
    """

    def __init__(self, config: Config | None = None, **options: Any) -> None:
        ours = Config({"NbConvertBase": {"display_data_priority": SHOWN}, "TagRemovePreprocessor": HIDDEN})
        ours.merge(config or {})
        super().__init__(  # type: ignore[no-untyped-call]
            config=ours,
            template_name="report",
            extra_template_basedirs=[str(TEMPLATES)],
            exclude_input_prompt=True,
            exclude_output_prompt=True,
            **options,
        )

    def from_notebook_node(  # type: ignore[override]  # nbconvert says that a page is a notebook
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and nbconvert's resources; ``resources["frame"]`` comes from ``to_html``, or is made here."""
        resources = self._init_resources(resources or {})  # type: ignore[no-untyped-call]
        if "frame" not in resources:
            file = f"{resources['metadata']['name']}.html"
            title = opening(nb, file)[0] or resources["metadata"]["name"]
            resources["frame"] = frame_of(title, self.language_code, file)
        frame = resources["frame"]
        self.where = frame["file"] or frame["title"]
        self.maths = _maths(self.where, frame["words"]["formula"])
        html, resources = super().from_notebook_node(nb, resources, **options)
        return finish_page(html, frame), resources

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Yield what the template calls: nbconvert's filters, and ours."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "markdown_cell", self._markdown_cell
        yield "markdown_output", self._markdown_output
        yield "figure", self._figure
        yield "plain_text", _plain_text
        yield "without_places", _without_places
        yield "css_string", css_string

    @pass_context
    def _markdown_cell(self, context: Any, source: str) -> str:
        return _markdown(source, self.maths, attachments=context["cell"].get("attachments"))

    def _markdown_output(self, source: str) -> str:
        # An author writes cells; outputs can carry text of whoever filled in the data: its tags stay text.
        return _markdown(source, self.maths, escape=True, allow_harmful_protocols=False)

    @pass_context
    def _figure(self, context: Any, output: NotebookNode, mime: str) -> str:
        meta = output.metadata.get(mime, {})
        if not str(meta.get("alt", "")).strip():
            count = context["cell"].get("execution_count")
            raise PapiError(
                f"{self.where}, code cell {count}: a figure has no alternative text. "
                f'Display it with metadata={{"{mime}": {{"alt": "..."}}}}'
            )
        data = output.data[mime]
        if mime == "image/svg+xml":
            data = base64.b64encode(data.encode()).decode()
        size = {name: meta[name] for name in ("width", "height") if name in meta} or picture_size(
            base64.b64decode(data[:64])
        )
        attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in size.items())
        source = f"data:{mime};base64,{''.join(data.split())}"
        return f'<figure><img src="{escape(source)}" alt="{escape(str(meta["alt"]))}"{attributes}></figure>\n'


def _plain_text(text: str) -> str:
    """Return text that was printed: sentences like the text around them, columns as they were aligned."""
    aligned = re.search(r"^ |\S {2,}\S", text, re.MULTILINE)
    kind = 'aligned" tabindex="0' if aligned else "words"
    return f'<pre class="output {kind}">{escape(text.rstrip())}</pre>'


def _without_places(text: str) -> str:
    """Return warnings without the paths of this machine in front of them."""
    text = re.sub(r"^  warnings\.warn\(.*\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"^\S.*?:\d+: (?=\w*Warning: )", "", text, flags=re.MULTILINE)
