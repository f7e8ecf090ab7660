"""Where a unit stood, what it aimed at, what it reached, and what its programme had to add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Bools, Floats
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears
from papi_analysis.panel.changes import TOTAL, mean_over_units, national_shifts, standing, with_total
from papi_analysis.panel.panel import Panel
from papi_analysis.study.schema import name_text
from papi_analysis.study.study import Study

SHIFTED = Note(
    "Between {base} and {end} definitions, samples or levels changed for all units; the mean over units moved "
    "with them, so a gain is not a change by the unit alone: read it beside the shift and the rank."
)
NO_TARGET = Note("{dimensions}: no target is set.")
NO_YEAR = Note("there is no score of {year} to count gains from: the study's scores go from {first} to {last}.")
AHEAD = Note(
    "The targets are for {end}, and the latest scores are of {latest}: it is not known yet whether they are reached."
)
NO_LATEST = Note("{dimensions}: the score of {end} was not published, so it is not known what is still needed.")
NO_OUTCOME = Note("{dimensions}: the score of {end} was not published, so it cannot be said whether it was reached.")

NOT_BOTH = Note("gain_needed takes the answers of programme_impact and of target_attainment, in this order.")
OTHER_UNIT = Note("the gap is that of {units}, and the targets are those of {unit}. Ask programme_impact for {unit}.")
OTHER_YEAR = Note(
    "the gap is averaged over {first}-{last}, and the targets are for {year}. Ask programme_impact with "
    "after=({year}, {year})."
)
TAKEN = Note(
    "The gain that was needed is the target less what the other units predict for {year}. The gap rests on the same "
    "prediction, so the two differ by exactly what was missing to the target in the end."
)


@check_kinds
def target_attainment(study: Study, *, unit: str | None = None) -> Estimates:
    """Compare the targets of a unit with what it reached, for each dimension and for their sum.

    Parameters
    ----------
    study
        A study with targets.
    unit
        The unit; default the study's own.

    Returns
    -------
    Estimates
        Rows: each dimension of the programme, then ``"total"``. Columns: ``base`` (score of the base year),
        ``target``, ``needed`` (target minus base), ``outcome`` (score in the target's year), ``gain``,
        ``reached``; ``rank_base``, ``rank_end`` among ``ranked_base``, ``ranked_end`` units and
        ``group_base``, ``group_end`` (1 to 4, see ``standing``); ``national`` (change of the mean over the
        units with both scores) and, for each year with a break in between, ``shift_YEAR``: how far that mean
        moved in the year (missing where the dimension has no break). How ambitious the target was, over all
        windows of as many years in the scores: ``often``, the share of units that gained at least ``needed``;
        ``often_net``, the same net of the mean change of the units; ``often_high``, net and among the units
        whose rank at the start was at least as good (``windows``, ``windows_high`` count them).

        Where no survey of the target's year is there yet, ``outcome``, ``gain`` and all at the end are missing and
        ``reached`` is None. ``latest_year`` is then the unit's last year with a score (else the target's), ``latest``
        the score, ``still`` target minus latest; ``national`` and the shifts end there. How often units gained what is
        still needed in the years that are left: ``often_left``, ``often_net_left``, ``often_high_left``,
        ``windows_left``, ``windows_high_left``, as above.

    Raises
    ------
    SpecError
        Where the study has no targets, or none for the unit, or targets of more than one year, or no score of the
        base year.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> row = target_attainment(pa.load_study("can_tho_2018_2020")).row("total")
    >>> f"{row.base:.2f}, target {row.target:.2f}; rank {row.rank_base:.0f}, then {row.rank_end:.0f}"
    '39.57, target 42.05; rank 1, then 40'

    """
    unit = name_text(unit) if unit else study.unit
    if study.targets is None:
        raise SpecError("the study has no targets. Add targets.csv to its folder and name it in study.toml.")
    targets = study.targets[study.targets["unit"] == unit]
    if targets.empty or targets["year"].nunique() != 1:
        raise SpecError("the study has no targets of one year for unit {unit!r}. Check targets.csv.", unit=unit)
    base, end = study.base_year, int(targets["year"].iloc[0])
    years = study.scores.loc[study.scores["year"].between(*study.years), "year"]
    if base not in set(years):
        raise SpecError(NO_YEAR(year=base, first=int(years.min()), last=int(years.max())))
    family = list(study.dimensions["dimension"])
    table = pd.DataFrame({"dimension": [*family, TOTAL]}).set_index("dimension")
    places = standing(study.scores, family).query("unit == @unit").set_index(["year", "dimension"])
    latest = end if end in set(years) else _latest_year(places, base, min(end, study.years[1]))
    for name, year, score in (("base", base, "base"), ("end", end, "outcome"), ("latest", latest, "latest")):
        then = places.reindex(pd.MultiIndex.from_product([[year], table.index])).droplevel(0)
        table[score] = then["score"]
        for column in ("rank", "ranked", "group"):
            table[f"{column}_{name}"] = then[column]
    table["latest_year"] = latest
    table["target"] = targets.set_index("dimension")["target"].reindex(table.index)
    table.loc[TOTAL, "target"] = table.loc[family, "target"].sum(skipna=False)
    table["needed"] = table["target"] - table["base"]
    table["still"] = table["target"] - table["latest"]
    table["gain"] = table["outcome"] - table["base"]
    known = table["target"].notna() & table["outcome"].notna()
    # Scores and targets are printed with at most four decimals: reached means reached at that precision.
    table["reached"] = (table["outcome"] >= table["target"] - 5e-5).astype(object).where(known, None)
    panel = _with_total(study, family)
    shifts = national_shifts(panel, base, latest).pivot(index="dimension", columns="year", values="shift")
    table["national"] = _national_change(panel, base, latest) if latest > base else np.nan
    for year in shifts.columns:
        table[f"shift_{year}"] = shifts[year].reindex(table.index)
    history = _with_total(study, family, every_year=True)
    ambition = _ambition(history, table["needed"], table["rank_base"], end - base)
    left = _ambition(history, table["still"], table["rank_latest"], end - latest).add_suffix("_left")
    table = pd.concat([table, ambition, left], axis=1)
    return Estimates(
        question="target_attainment",
        table=table.reset_index()[[*_COLUMNS, *ambition, *_LATEST, *left, *(f"shift_{year}" for year in shifts)]],
        notes=_notes(table, base, end, shifted=bool(len(shifts))),
        simulated_tables=tuple(name for name in study.simulated_tables if name in ("scores", "targets")),
        names=study.names,
        design=UnitYears(unit, base, end),
    )


@check_kinds
def gain_needed(gaps: Estimates, targets: Estimates) -> Estimates:
    """Say what a programme had to add by the year of its targets: target minus counterfactual.

    Parameters
    ----------
    gaps
        The answer of ``programme_impact`` for the unit with the targets, in their year alone: ``after=(2020, 2020)``.
    targets
        The answer of ``target_attainment``.

    Returns
    -------
    Estimates
        Rows: each dimension of the gap, then ``"mean"``, over all of them (missing where one has no target). Columns,
        in points: ``target``, ``counterfactual``, ``needed``; 0 or less where the target would have been reached
        without the programme.

    Raises
    ------
    SpecError
        Another unit, or other years than that of the targets.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> study = pa.load_study("can_tho_2018_2020")
    >>> gaps = pa.programme_impact(pa.Panel.from_study(study), "VN-CT", 2018, 2020, after=(2020, 2020))
    >>> f"{pa.gain_needed(gaps, pa.target_attainment(study)).row('D1').needed:.2f}"
    '1.38'

    """
    if (gaps.question, getattr(targets, "question", "")) != ("programme_impact", "target_attainment"):
        raise SpecError(NOT_BOTH)
    aimed, asked = targets.designed(UnitYears), gaps.designed(ImpactDesign)
    unit, year = aimed.unit, aimed.last
    if asked.units != (unit,):
        raise SpecError(OTHER_UNIT(units=", ".join(asked.units), unit=unit))
    first, last = asked.after
    if (first, last) != (year, year):
        raise SpecError(OTHER_YEAR(first=first, last=last, year=year))
    family = gaps.table["dimension"].tolist()[:-1]
    then = gaps.cells[(gaps.cells["row"] == 0) & (gaps.cells["year"] == year)].set_index("dimension")
    table = pd.DataFrame({"target": targets.table.set_index("dimension")["target"].reindex(family)})
    table["counterfactual"] = then["counterfactual"]
    table["needed"] = table["target"] - table["counterfactual"]
    table.loc["mean"] = table.mean(skipna=False)
    untold = ", ".join(name for name in family if pd.isna(table.loc[name, "target"]))
    return Estimates(
        question="gain_needed",
        table=table.rename_axis("dimension").reset_index(),
        notes=(TAKEN(year=year), *if_any(NO_TARGET(dimensions=untold))),
        simulated_tables=tuple(sorted({*gaps.simulated_tables, *targets.simulated_tables})),
        names=gaps.names,
        design=UnitYears(unit, year, year),
    )


_COLUMNS = [
    "dimension", "base", "target", "needed", "outcome", "gain", "reached", "rank_base", "ranked_base", "rank_end",
    "ranked_end", "group_base", "group_end", "national",
]  # fmt: skip


#: Where the unit stands now, and what is left to gain from there.
_LATEST = ["latest_year", "latest", "still"]


def _latest_year(places: pd.DataFrame, base: int, last: int) -> int:
    """Return the unit's last year with a score, from the base year on."""
    years = places.index.get_level_values("year")
    return int(years[(years >= base) & (years <= last)].max())


def _ambition(panel: Panel, needed: pd.Series, ranks: pd.Series, years: int) -> pd.DataFrame:
    """Say how often units gained ``needed`` points in so many years, and how often those that ranked as high did.

    ``needed`` and ``ranks`` have a value for each dimension of the panel. Without a window of so many years, as where
    no year is left, every share is missing.
    """
    starts = [t for t, year in enumerate(panel.years) if years > 0 and year + years in panel.years]
    ends = [panel.years.index(panel.years[t] + years) for t in starts]
    y = panel.scores
    gain = y[:, ends] - y[:, starts]  # (N, windows, K)
    found = np.isfinite(gain)
    net = gain - mean_over_units(gain)
    start = pd.DataFrame(np.round(y[:, starts], 6).reshape(len(y), -1))
    rank = start.rank(ascending=False, method="min").to_numpy().reshape(gain.shape)
    high = found & (rank <= np.nan_to_num(ranks.to_numpy(dtype=float)))
    points = needed.to_numpy(dtype=float)

    def share(reached: Bools, among: Bools) -> Floats:
        count = among.sum(axis=(0, 1)).astype(float)
        hits = (reached & among).sum(axis=(0, 1))
        return np.where((count > 0) & np.isfinite(points), hits / np.maximum(count, 1.0), np.nan)

    columns = {
        "often": share(gain >= points - 5e-5, found),
        "often_net": share(net >= points - 5e-5, found),
        "often_high": share(net >= points - 5e-5, high),
        "windows": found.sum(axis=(0, 1)),
        "windows_high": high.sum(axis=(0, 1)),
    }
    return pd.DataFrame(columns, index=needed.index)


def _with_total(study: Study, family: list[str], *, every_year: bool = False) -> Panel:
    """Make a panel of the family and its sum; completion plays no part."""
    every_break = study.breaks[study.breaks["dimension"].isin(["all", *family])]
    as_total = every_break.assign(dimension=TOTAL).drop_duplicates(["year", "kind"])
    breaks = pd.concat([every_break, as_total], ignore_index=True)
    years = None if every_year else study.years
    return Panel.from_frames(with_total(study.scores, family), years=years, dimensions=[*family, TOTAL], breaks=breaks)


def _national_change(panel: Panel, base: int, end: int) -> pd.Series:
    """Mean change between two years over the units with both scores, by dimension."""
    change = panel.scores[:, panel.position("year", end)] - panel.scores[:, panel.position("year", base)]
    return pd.Series(mean_over_units(change), index=list(panel.dimensions))


def _notes(table: pd.DataFrame, base: int, end: int, shifted: bool) -> tuple[Note, ...]:
    latest = int(table["latest_year"].iloc[0])
    notes = [SHIFTED(base=base, end=latest)] if shifted else []
    if latest < end:
        notes.append(AHEAD(end=end, latest=latest))
    unscored = NO_LATEST if latest < end else NO_OUTCOME
    for missing, note in ((table["target"], NO_TARGET), (table["latest"], unscored)):
        named = ", ".join(name for name in missing.index[missing.isna()] if name != TOTAL)
        notes += if_any(note(dimensions=named, end=latest))
    return tuple(notes)
