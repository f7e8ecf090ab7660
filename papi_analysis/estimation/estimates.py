"""An answer: a table with one row per dimension, and the notes that say what it cannot show."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError


@dataclass(frozen=True, eq=False)
class Estimates:
    """The answer to one question, for the whole family of dimensions.

    Attributes
    ----------
    question
        The function that gave it.
    table
        One row per dimension, then rows for the family as a whole (``"mean"``, ``"total"``). A value that the
        design cannot support is missing, and ``notes`` says why.
    notes
        What was refused, dropped or could not be shown, in words.
    tests
        Tests of the family as a whole: ``test``, ``p``.
    cells
        The points behind the table, where a figure shows them.
    names
        English and Vietnamese name of dimensions and units, where they are known.
    simulated_tables
        Inputs that were made up, not observed.
    level
        Confidence level of ``low`` and ``high``.
    engines
        The inference behind the rows of the table, in their order.
    scale
        What the engines' coefficients are multiplied by in the table.
    design
        What a reader must know of the design: units, years, what was varied.
    """

    question: str
    table: pd.DataFrame
    notes: tuple[Note, ...] = ()
    tests: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["test", "p"]))
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    simulated_tables: tuple[str, ...] = ()
    level: float = 0.95
    engines: tuple[Any, ...] = ()
    scale: float = 1.0
    design: Mapping[str, Any] = field(default_factory=dict)

    @property
    def draws(self) -> NDArray[np.float64]:
        """The draws behind the dimensions' p-values (B, K): studentised, two-sided, one draw a row."""
        if not self.engines:
            raise SpecError(f"{self.question} draws nothing.")
        drawn: NDArray[np.float64] = self.engines[0].draws
        return drawn

    def interval(self, level: float, *, simultaneous: bool = False) -> pd.DataFrame:
        """Derive intervals at another level from the same engines.

        Parameters
        ----------
        level
            Between 0 and 1.
        simultaneous
            Whether the intervals of the dimensions hold all at once (single-step max-T); the rows of the family as
            a whole stay as they are.

        Returns
        -------
        DataFrame
            ``dimension``, ``low``, ``high``; missing where the design's smallest p-value lies above 1 - level.
        """
        if not self.engines:
            raise SpecError(f"{self.question} has no intervals.")
        ends = np.vstack([engine.interval(level, simultaneous=simultaneous) for engine in self.engines])
        floors = np.concatenate([engine.floor for engine in self.engines])
        ends = np.where((floors <= 1 - level + 1e-12)[:, None], self.scale * ends, np.nan)
        return pd.DataFrame({"dimension": self.table["dimension"], "low": ends[:, 0], "high": ends[:, 1]})

    @property
    def simulated(self) -> bool:
        """Whether any input was made up."""
        return bool(self.simulated_tables)

    def row(self, dimension: str) -> pd.Series:
        """Return the row of one dimension."""
        known = [str(name) for name in self.table.get("dimension", ())]
        if dimension not in known:
            raise SpecError(f"{self.question} has no row {dimension!r}. It has {', '.join(known)}.")
        return self.table.set_index("dimension").loc[dimension]

    def _repr_html_(self) -> str:
        names = html.escape(", ".join(self.simulated_tables))
        made_up = f"<p><strong>SIMULATED: {names}</strong></p>" if names else ""
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        table = self.table.to_html(index=False, float_format="{:z.4f}".format, na_rep="", border=0)
        return f"{made_up}{table}<ul>{notes}</ul>"
