"""How the sections of a report are written: sentences, tables and figures of one study in one language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from papi_analysis.errors import PapiError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.reporting.canvas import house_style
from papi_analysis.reporting.language import Language
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.sentences import remarks, sentence
from papi_analysis.reporting.tables import Table, table_estimates, table_frame
from papi_analysis.study.study import Study


class Writer(NamedTuple):
    """The study that a report is about and the language that it is in."""

    study: Study
    tongue: Language

    def text(self, message: str, **values: Any) -> str:
        """Say a message in the language."""
        return self.tongue.text(message, **values)

    def say(self, found: Estimates | PapiError | None) -> str:
        """Say an answer, or why there is none."""
        if isinstance(found, Estimates):
            return sentence(found, language=self.tongue.code)
        why = str(found) if found is None else self.tongue.say(found.args[0], self.study.names)
        return self.tongue.text("This study's data cannot answer: {why}", why=why)

    def notes(self, found: Estimates) -> tuple[str, ...]:
        """Say what an answer cannot show, each thing apart."""
        return tuple(remarks(found, language=self.tongue.code).splitlines())

    def answer(
        self, heading: str, words: str, found: Estimates | PapiError, draw: Callable[..., Any], columns: tuple[str, ...]
    ) -> Section:
        """Put together what every question shows: words, the answer, its figure, table and remarks."""
        if not isinstance(found, Estimates):  # no words on a figure that is not there
            return Section((Words(heading, (self.say(found),), level=2),))
        opening = Words(heading, (self.say(found), words), level=2)
        shown = self.estimates(found, [name for name in columns if name in found.table])
        return Section((opening, self.figure(draw, found), shown, Words(items=self.notes(found))))

    def figure(self, draw: Callable[..., Any], *shown: Any) -> Any:
        """Draw in the language, in the house's style."""
        with house_style():
            return draw(*shown, language=self.tongue.code)

    def estimates(self, found: Estimates, columns: list[str] | tuple[str, ...]) -> Table:
        """Show columns of an answer, those that are not missing throughout."""
        there = [name for name in columns if found.table[name].notna().any()]
        return table_estimates(found, there, language=self.tongue.code)

    def table(
        self, frame: pd.DataFrame, columns: list[str] | None = None, *, digits: int = 2, simulated: bool = True
    ) -> Table:
        """Show a table, units and dimensions by their names; it is marked unless nothing in it is made up.

        Columns that are missing throughout are left out.
        """
        columns = list(frame) if columns is None else columns
        columns = [name for name in columns if frame[name].notna().any() or frame.empty]
        made_up = self.study.simulated_tables if simulated else ()
        return table_frame(
            frame, columns, language=self.tongue.code, digits=digits, simulated=made_up, names=self.study.names
        )
