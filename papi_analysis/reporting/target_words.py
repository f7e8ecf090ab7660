"""The sentence on targets: how many were reached, or what is still needed of those of a year to come."""

from __future__ import annotations

from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.reporting.language import Language


def say_targets(estimates: Estimates, tongue: Language) -> str:
    """Say how many targets were reached and where the sum stands, or why that cannot be said."""
    each, total = estimates.table.iloc[:-1], estimates.table.iloc[-1]
    asked = estimates.designed(UnitYears)
    judged, aimed = each["reached"].dropna(), int(each["target"].notna().sum())
    values = {
        "unit": tongue.name(asked.unit, estimates.names),
        "reached": int(judged.sum()),
        "targets": len(judged),
        "aimed": aimed,
        "end": asked.last,
        "base_year": asked.first,
        "outcome": float(total["outcome"]),
        "base": float(total["base"]),
        **{name: tongue.number(total[name], 0) for name in ("rank_base", "ranked_base", "rank_end", "ranked_end")},
    }
    if total["latest_year"] < asked.last:
        return _targets_ahead(estimates, tongue)
    if judged.empty:
        return tongue.text(
            "Whether {unit} reached its {aimed} targets for {end} cannot be said: no score of {end} has been "
            "published.",
            **values,
        )
    if total["outcome"] != total["outcome"] or total["base"] != total["base"]:
        return tongue.text(
            "{unit} reached {reached} of its {aimed} targets for {end}, of which {targets} can be judged. Not every "
            "dimension has a score, so there is no sum.",
            **values,
        )
    if total["target"] != total["target"]:  # no sum to aim at where a dimension has no target
        return tongue.text(
            "{unit} reached {reached} of its {targets} targets for {end}: the sum of its scores was {outcome}, from "
            "{base} in {base_year} (rank {rank_base} of {ranked_base}, then {rank_end} of {ranked_end}).",
            **values,
        )
    return tongue.text(
        "{unit} reached {reached} of its {targets} targets for {end}: the sum of its scores was {outcome} against a "
        "target of {target}, from {base} in {base_year} (rank {rank_base} of {ranked_base}, then {rank_end} of "
        "{ranked_end}).",
        target=float(total["target"]),
        **values,
    )


def _targets_ahead(estimates: Estimates, tongue: Language) -> str:
    """Say where the latest scores stand beside targets of a year to come."""
    each, total = estimates.table.iloc[:-1], estimates.table.iloc[-1]
    asked, known = estimates.designed(UnitYears), each["still"].dropna()
    values = {"end": asked.last, "latest_year": int(total["latest_year"])}
    words = tongue.text(
        "{unit} has {targets} targets for {end}; in {latest_year}, the latest scores, {there} of {known} that can be "
        "compared stood at their target or above.",
        unit=tongue.name(asked.unit, estimates.names),
        targets=int(each["target"].notna().sum()),
        there=int((known <= 5e-5).sum()),
        known=len(known),
        **values,
    )
    if total["still"] != total["still"]:  # a score or a target is not known: there is no sum
        return words
    words += " " + tongue.text(
        "The sum of its scores was {latest} in {latest_year} against a target of {target} for {end}, a difference of "
        "{still} points.",
        **{name: float(total[name]) for name in ("latest", "target", "still")},
        **values,
    )
    if not total["windows_left"]:
        return words
    often = tongue.text(
        "In as many years as from {latest_year} to {end}, units gained as much in {often} of {windows} cases.",
        often=tongue.percent(total["often_left"]),
        windows=int(total["windows_left"]),
        **values,
    )
    return f"{words} {often}"
