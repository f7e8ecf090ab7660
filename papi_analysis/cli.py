"""The command line: a study folder made, checked, described and reported on, without writing Python."""

from __future__ import annotations

import io
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from papi_analysis import __version__
from papi_analysis.errors import DataError, DataWarning, Note, PapiError, Problem
from papi_analysis.progress import quiet
from papi_analysis.reporting.language import find_language, language_of

if TYPE_CHECKING:
    from papi_analysis.reporting.language import Language
    from papi_analysis.study.study import Study

LANGUAGE = click.option(
    "--language",
    type=click.Choice(["vi", "en"]),
    envvar="PAPI_LANGUAGE",
    help="Language of everything shown. Default: what study.toml says, else English.",
)
FOLDER = click.argument("folder", type=click.Path(path_type=Path))


class _Group(click.Group):
    """A group whose commands end with a sentence where they fail, not with a traceback; ``obj`` is the language."""

    def main(self, *given: Any, **options: Any) -> Any:
        """Speak UTF-8 to whoever listens: the code pages of Windows have no Vietnamese letters, or not all."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        return super().main(*given, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever stops it is said in a sentence."""
        typed = [*ctx._protected_args, *ctx.args]  # what the command itself has not read yet
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)  # `check` says once what the others would repeat
                return super().invoke(ctx)
        except click.UsageError as error:
            if "vi" not in (_asked_for(typed), ctx.obj):
                raise
            raise _Misuse(_misuse(error), "vi") from None
        except DataError as error:
            from papi_analysis.reporting.problems import group_problems, list_problems

            click.echo(list_problems(error.problems, language=ctx.obj))
            n = sum(group.cells for group in group_problems(error.problems))
            words = find_language(ctx.obj).text("Problems to correct: {n}. Your files were not changed.", n=n)
            raise _Failure(words, ctx.obj) from None
        except PapiError as error:
            raise _Failure(find_language(ctx.obj).say(error.args[0]), ctx.obj) from None
        except OSError as error:
            from papi_analysis.study.findings import reason

            words = find_language(ctx.obj).say(reason(error))
            raise _Failure(f"{error.filename or ''}: {words}".lstrip(": "), ctx.obj) from None


class _Failure(click.ClickException):
    """An error in a sentence, after the word for it in the user's language."""

    def __init__(self, words: str, language: str) -> None:
        super().__init__(words)
        self.head = find_language(language).text("Error:")

    def show(self, file: Any = None) -> None:
        """Print the sentence where errors go."""
        click.echo(f"{self.head} {self.message}", file=file, err=file is None)


class _Misuse(_Failure):
    """A command that cannot be understood as it was typed."""

    exit_code = 2


def _asked_for(words: list[str]) -> str:
    """Find the language that a command asks for, before its options are read."""
    after = [*words[1:], ""]
    given = [word.partition("=")[2] or after[i] for i, word in enumerate(words) if word.startswith("--language")]
    return given[-1] if given else os.environ.get("PAPI_LANGUAGE", "")


def _misuse(error: click.UsageError) -> str:
    """Say in Vietnamese what is wrong with a command as it was typed."""
    tongue = find_language("vi")
    if isinstance(error, click.NoSuchOption):
        return tongue.text("there is no option {name}.", name=error.option_name)
    if isinstance(error, click.MissingParameter):
        return tongue.text("the command needs the name of a folder.")
    if "extra argument" in error.message:
        return tongue.text(
            "the command has too many words. Put the name of a folder that holds blanks between double quotes."
        )
    return error.format_message()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "obj": "en"})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """From the tables of a reform programme to a report that can be printed.

    \b
    Examples:
      papi-analysis init my-study --language vi   templates to fill in
      papi-analysis check my-study                everything wrong with them
      papi-analysis report my-study --open        the report, in the browser

    A FOLDER is one with a study.toml, or the name of a bundled study:
    can_tho_2018_2020, open_government.
    """


@main.command()
@FOLDER
@LANGUAGE
def init(folder: Path, language: str | None) -> None:
    """Make a study FOLDER with templates to fill in, as xlsx and csv.

    \b
    Example:
      papi-analysis init my-study --language vi
    """
    from papi_analysis.study.examples import copy_example

    language = _language(folder, language)
    tongue = find_language(language)
    files = copy_example(folder, language)
    click.echo(tongue.text("Written to {folder}:", folder=folder))
    for file in files:
        click.echo(f"  {file.relative_to(folder)}")
    typed = f'"{folder}"' if " " in str(folder) else folder
    click.echo(tongue.text("Fill them in, then type: papi-analysis check {folder}", folder=typed))


@main.command()
@FOLDER
@LANGUAGE
@click.option("--table", type=click.Path(path_type=Path), help="Write the list as a table too: .xlsx, .docx or .csv.")
def check(folder: Path, language: str | None, table: Path | None) -> None:
    """List everything that is wrong with the tables in FOLDER, and every guess made in reading them.

    The exit status is 1 where something is wrong.

    \b
    Examples:
      papi-analysis check my-study
      papi-analysis check my-study --table problems.xlsx
    """
    from papi_analysis.reporting.export import check_table_name
    from papi_analysis.reporting.files import refuse_others
    from papi_analysis.reporting.problems import list_problems

    language = _language(folder, language)
    tongue = find_language(language)
    if table is not None:
        check_table_name(table)
        refuse_others(table)
    try:
        study, remarks = _load(folder)
    except DataError as error:
        _write_table(error.problems, table, language)
        raise
    _write_table(study.guesses, table, language)
    if study.guesses:
        click.echo(tongue.text("Read as follows; see whether it is right:"))
        click.echo(list_problems(study.guesses, language=language))
        click.echo()
    for remark in remarks:
        click.echo(tongue.say(remark))
    click.echo(_facts(study, language_of(language, study.names)))
    click.echo(tongue.text("No problems."))


@main.command()
@FOLDER
@LANGUAGE
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the report. Default: FOLDER/report.")
@click.option("--open", "show", is_flag=True, help="Open the report in the browser.")
@click.option("--force", is_flag=True, help="Overwrite files in the output folder that papi-analysis did not write.")
@click.option("--docx", is_flag=True, help="Write it as a Word document too, report.docx, to edit.")
@click.option("--tables", is_flag=True, help="Write its tables as one workbook too, tables.xlsx.")
def report(
    folder: Path, language: str | None, output: Path | None, show: bool, force: bool, docx: bool, tables: bool
) -> None:
    """Write the report on the study in FOLDER: one page, index.html, that opens without network and prints to A4.

    \b
    Examples:
      papi-analysis report my-study --language vi --open
      papi-analysis report my-study --docx --tables
      papi-analysis report can_tho_2018_2020 --output can-tho
    """
    from papi_analysis.reporting.report import DOCUMENT, WORKBOOK, render_report

    os.environ["MPLBACKEND"] = "agg"  # the user's may need a window, or be of Jupyter
    language = _language(folder, language)
    target = output or (folder / "report" if folder.is_dir() else Path("report"))
    with quiet(), click.progressbar(length=1, label=find_language(language).text("Report"), file=sys.stderr) as bar:

        def on_section(done: int, sections: int) -> None:
            bar.length = sections
            bar.update(done - bar.pos)

        wanted: dict[str, Any] = {"language": language, "force": force, "docx": docx, "tables": tables}
        page = render_report(folder, target, **wanted, on_section=on_section)
    for path in (page, *[page.with_name(DOCUMENT)] * docx, *[page.with_name(WORKBOOK)] * tables):
        click.echo(str(path))
    if show:
        click.launch(page.resolve().as_uri())


@main.command()
@FOLDER
@LANGUAGE
def describe(folder: Path, language: str | None) -> None:
    """Say what the study in FOLDER holds: programme, panel, gaps, files.

    \b
    Example:
      papi-analysis describe can_tho_2018_2020 --language vi
    """
    from papi_analysis.panel.changes import describe_panel
    from papi_analysis.panel.panel import Panel
    from papi_analysis.reporting.tables import table_frame

    language = _language(folder, language)
    study, _ = _load(folder)
    click.echo(_facts(study, language_of(language, study.names)))
    panel = describe_panel(Panel.from_study(study))
    click.echo(repr(table_frame(panel, language=language, simulated=study.simulated_tables)))


def _language(folder: Path, given: str | None) -> str:
    """Settle the language of a command."""
    from papi_analysis.study.settings import preferred_language

    language = given or preferred_language(folder)
    click.get_current_context().find_root().obj = language
    return language


def _load(folder: Path) -> tuple[Study, list[Note | str]]:
    """Load a study, and what it was warned of."""
    from papi_analysis.study.study import load_study

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        study = load_study(folder)
    return study, [one.message.args[0] for one in caught if isinstance(one.message, DataWarning)]


def _write_table(problems: tuple[Problem, ...], path: Path | None, language: str) -> None:
    """Write problems or guesses as a table: file, sheet, row, column, value, what it is and what to do."""
    if path is not None:
        from papi_analysis.reporting.export import save_table
        from papi_analysis.reporting.problems import table_problems

        save_table(table_problems(problems, language=language), path, language=language)


def _facts(study: Study, tongue: Language) -> str:
    """Say what a study holds, one fact to a line."""
    from papi_analysis.panel.panel import Panel
    from papi_analysis.reporting.sentences import question
    from papi_analysis.reporting.tables import mark

    panel = Panel.from_study(study)
    cells = panel.scores.size
    lines = [
        study.title_en if tongue.code == "en" else study.title_vi,
        question(study, tongue),
        tongue.text(
            "{units} units, {start}-{end}, {dimensions} dimensions: {gaps} of {cells} scores are missing.",
            units=len(panel.units),
            start=panel.years[0],
            end=panel.years[-1],
            dimensions=len(panel.dimensions),
            gaps=int(cells - (panel.scores == panel.scores).sum()),
            cells=cells,
        ),
        tongue.text(
            "Progress reports: {reports}. Targets: {targets}.",
            reports=len(study.progress),
            targets=0 if study.targets is None else len(study.targets),
        ),
        _filled(study, tongue),
        mark(study.simulated_tables, tongue),
    ]
    return "\n".join(line for line in lines if line)


def _filled(study: Study, tongue: Language) -> str:
    """Say into how many rows the unit of study.toml was put."""
    counts = ", ".join(f"{tongue.text(table)} {rows}" for table, rows in study.filled.items())
    if not counts:
        return ""
    return tongue.text(
        "Rows without a unit, which count as {unit} of study.toml: {rows}.",
        unit=tongue.name(study.unit, study.names),
        rows=counts,
    )
