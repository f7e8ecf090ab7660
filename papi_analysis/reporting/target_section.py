"""What became of each target; or what it still needs, how often units gained as much, and whether one could tell."""

from __future__ import annotations

from typing import Any

import pandas as pd

from papi_analysis.errors import PapiError
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.panel.changes import TOTAL
from papi_analysis.reporting.figures import draw_targets
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import full_name, table_frame
from papi_analysis.reporting.task_section import say_completion
from papi_analysis.reporting.writer import Writer

#: The cell of ``completion`` when the survey of a year was in the field, by year and dimension.
Then = dict[tuple[int, str], Any]

#: What is shown of targets that lie ahead.
LEFT = ["dimension", "latest", "target", "still", "often_left", "often_high_left", "windows_left", "detectable"]


def target_section(writer: Writer, targets: Estimates | PapiError | None, then: Then, plan: Any) -> Section:
    """Show each target; ``plan`` is what the design would find at the end, asked for where targets lie ahead."""
    heading = writer.text("The targets, by dimension")
    if targets is None:
        return Section((Words(heading, (writer.text("The study has no targets of one unit."),), level=2),))
    if not isinstance(targets, Estimates):
        return Section((Words(heading, (writer.say(targets),), level=2),))
    rows = targets.table[targets.table["dimension"] != TOTAL].itertuples(index=False)
    opening = Words(heading, items=tuple(_became(row, targets, then, writer) for row in rows), level=2)
    parts: list[Any] = [opening, writer.figure(draw_targets, targets)]
    if plan is not None:
        parts += _left(writer, targets, plan)
    return Section((*parts, Words(items=writer.notes(targets))))


def _became(row: Any, targets: Estimates, then: Then, writer: Writer) -> str:
    """Say what became of one target, or of a dimension without one; what is not known is left out."""
    text, number, asked = writer.text, writer.tongue.number, targets.designed(UnitYears)
    year = int(row.latest_year)
    values = {
        "dimension": full_name(row.dimension, writer.tongue, targets.names),
        "base_year": asked.first,
        "end": year,
        **{name: number(getattr(row, name)) for name in ("base", "latest", "target")},
    }
    if pd.isna(row.latest):
        words = "{dimension}: {base} in {base_year}; target {target}. No score of {end} has been published."
        if pd.isna(row.target):
            words = "{dimension}: {base} in {base_year}; no target. No score of {end} has been published."
        return text(words, **{name: value for name, value in values.items() if name != "latest"})
    said = [_stands(row, values, asked, writer)]
    if not (pd.isna(row.rank_base) or pd.isna(row.rank_end)):
        ranks = {name: number(getattr(row, name), 0) for name in ("rank_base", "rank_end")}
        said.append(text("Rank {rank_base}, then {rank_end}.", **ranks))
    if (year, row.dimension) in then:
        cell = then[year, row.dimension]
        on = {"day": writer.tongue.date(cell.as_of), "completion": say_completion(cell, writer)}
        said.append(text("Completion on {day}: {completion}.", **on))
    return " ".join(said)


def _stands(row: Any, values: dict[str, Any], asked: UnitYears, writer: Writer) -> str:
    """Hold the latest score against the target: reached or not in its year, what is still needed before."""
    text = writer.text
    if values["end"] == asked.first:
        return _starts(row, values, asked, writer)
    if pd.isna(row.target):
        return text("{dimension}: {base} in {base_year}, {latest} in {end}; no target.", **values)
    if values["end"] == asked.last:
        reached = text("reached") if row.reached else text("not reached")
        return text(
            "{dimension}: {base} in {base_year}, {latest} in {end}; target {target}: {verdict}.",
            verdict=reached,
            **values,
        )
    if row.still <= 0:
        return text(
            "{dimension}: {base} in {base_year}, {latest} in {end}; target for {year} {target}: stands there already.",
            year=asked.last,
            **values,
        )
    return text(
        "{dimension}: {base} in {base_year}, {latest} in {end}; target for {year} {target}: {still} points are still "
        "needed.",
        year=asked.last,
        still=float(row.still),
        **values,
    )


def _starts(row: Any, values: dict[str, Any], asked: UnitYears, writer: Writer) -> str:
    """Hold the target against the base where no later score is there."""
    told = {name: values[name] for name in ("dimension", "base", "base_year")}
    if pd.isna(row.target):
        return writer.text("{dimension}: {base} in {base_year}; no target.", **told)
    return writer.text(
        "{dimension}: {base} in {base_year}; target for {year} {target}: {still} points are needed.",
        year=asked.last,
        target=values["target"],
        still=float(row.still),
        **told,
    )


def _left(writer: Writer, targets: Estimates, plan: pd.DataFrame | PapiError) -> list[Any]:
    """Show what is still needed beside how often units gained as much, and what the design could tell at the end."""
    text, table = writer.text, targets.table
    often = text(
        "How often any unit gained as much in as many years as are left is counted in all years with scores; net, from "
        "as high: after the mean change of all units is taken off, among the units that stood at least as high."
    )
    words = [often, _could_tell(writer, table, plan)]
    if isinstance(plan, pd.DataFrame):
        sizes = plan.set_index("dimension")["detectable"]
        table = table.assign(detectable=table["dimension"].map(sizes))
    shown = [name for name in LEFT if name in table and table[name].notna().any()]
    made_up = targets.simulated_tables
    return [
        Words(text("What is still needed"), tuple(words)),
        table_frame(table, shown, language=writer.tongue.code, simulated=made_up, names=targets.names),
    ]


def _could_tell(writer: Writer, table: pd.DataFrame, plan: pd.DataFrame | PapiError) -> str:
    """Say whether the design could tell such gains from noise at the end."""
    if not isinstance(plan, pd.DataFrame):
        return writer.text("Whether the design could tell such a gain at the end: {why}", why=plan.args[0])
    sizes = table["dimension"].map(plan.set_index("dimension")["detectable"])
    return writer.text(
        "Detectable is the gain, kept up over {years} programme years, that this design would find at the end four "
        "times in five. {large} of the {needed} gains that are still needed are as large; a smaller one can be true "
        "and stay unseen.",
        years=int(plan["programme_years"].iloc[0]),
        large=int(((table["still"] > 0) & (table["still"] >= sizes)).sum()),
        needed=int(((table["still"] > 0) & sizes.notna()).sum()),
    )
