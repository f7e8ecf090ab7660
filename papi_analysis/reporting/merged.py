"""Provinces that were merged in July 2025: the old ones side by side, each with its own scores."""

from __future__ import annotations

from typing import Any

import pandas as pd

from papi_analysis.reporting.language import Language
from papi_analysis.reporting.section import Words
from papi_analysis.reporting.tables import table_frame
from papi_analysis.study.codebook import MERGER, is_merged, merged_into
from papi_analysis.study.study import Study


def old_provinces(study: Study, unit: str, tongue: Language) -> list[Any]:
    """Words and a table of the old provinces' latest scores, where a programme lasts beyond the merger; else nothing.

    Nothing is averaged: the surveys scored each old province by itself.
    """
    old = merged_into(unit, study.units)[1]
    new = [u for u in study.units["unit"] if is_merged(u, study.units) and merged_into(u, study.units)[1] == old]
    theirs = study.scores[study.scores["unit"].isin(old) & study.scores["year"].between(*study.years)]
    theirs = theirs[theirs["dimension"].isin(study.dimensions["dimension"])]
    if study.end < MERGER or not new or theirs.empty:
        return []
    last = int(theirs["year"].max())
    wide = theirs[theirs["year"] == last].pivot(index="dimension", columns="unit", values="score")
    wide = wide.reindex(index=study.dimensions["dimension"], columns=[*old])
    names = [tongue.name(code, study.names) for code in old]
    words = tongue.text(
        "{province} holds {old} since 1 July 2025. The surveys up to {year} scored each of them by itself. Their "
        "scores stand side by side and are not averaged: no survey has measured the whole.",
        province=tongue.name(new[0], study.names),
        old=", ".join(names),
        year=last,
    )
    made_up = [name for name in study.simulated_tables if name == "scores"]
    table = table_frame(wide.reset_index(), language=tongue.code, simulated=made_up, names=study.names)
    table.columns = pd.Index([f"{name}, {last}" for name in names], dtype=object, name=table.columns.name)
    return [Words(tongue.text("The old provinces"), (words,)), table]
