"""What a user says of each unit: labels such as its region, weights such as its population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import Note, SpecError
from papi_analysis.panel.panel import Panel
from papi_analysis.study.schema import name_text

NO_LABEL = Note("{what} has no label for {units}. Give every unit one.")
NO_WEIGHT = Note("weights has no number for {units}. Give every unit one of at least 0; 0 leaves a unit out.")
ONLY_SLOPES = Note("weights='precision' is for completion_slopes alone. Give a weight by unit, like {'VN-CT': 1.2}.")
NEGATIVE_WEIGHT = Note("the weight of {unit} is {weight}. Weights are at least 0; 0 leaves a unit out.")
ZERO_WEIGHT = Note(
    "weights are 0 for {units}: treated units and at least some donors need one above 0. Leave weights out to count "
    "all units alike."
)


def unit_labels(panel: Panel, labels: Mapping[str, Any], what: str) -> Ints:
    """Codes (N,) of the units' labels; ``what`` names the argument that brought them."""
    labels = {name_text(unit): label for unit, label in labels.items()}
    missing = [unit for unit in panel.units if unit not in labels or pd.isna(labels[unit])]
    if missing:
        raise SpecError(NO_LABEL(what=what, units=", ".join(missing[:5])))
    return np.asarray(pd.factorize(pd.Series([labels[unit] for unit in panel.units], dtype=object))[0], dtype=np.int64)


def unit_weights(panel: Panel, weights: Mapping[str, float], treated: Sequence[str] = ()) -> Floats:
    """The units' weights (N,), checked: a number of at least 0 for each, above 0 for treated units and some other."""
    if isinstance(weights, str):
        raise SpecError(ONLY_SLOPES)
    weights = {name_text(unit): weight for unit, weight in weights.items()}
    given = pd.Series([weights.get(unit) for unit in panel.units], index=list(panel.units), dtype=object)
    size = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = size[~np.isfinite(size)].index.tolist()
    if wrong:
        raise SpecError(NO_WEIGHT(units=", ".join(wrong[:5])))
    if (size < 0).any():
        unit = str(size.index[size < 0][0])
        raise SpecError(NEGATIVE_WEIGHT(unit=unit, weight=float(size[unit])))
    none = [unit for unit in treated if size[unit] == 0]
    if none or (size.drop(list(treated)) == 0).all():
        raise SpecError(ZERO_WEIGHT(units=", ".join(none) or ", ".join(size.index[size == 0][:5])))
    return np.asarray(size)
