"""What columns, families and breaks are called, and how the values of a column are written: from ``labels.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from papi_analysis.credibility.robustness import METHODS

_READ: dict[str, Any] = tomllib.loads((Path(__file__).parent / "labels.toml").read_text("utf-8"))

#: Words for the columns of the package's tables, and what they are called instead, by question.
LABELS: dict[str, str] = _READ["columns"]
RENAMED: dict[str, dict[str, str]] = _READ["renamed"]

#: Columns that hold shares, shown in percent, and p-values: three decimals, and below 0.001 only that.
SHARES, P_VALUES = map(frozenset, (_READ["shares"], _READ["p_values"]))

#: Words that stand for the family of dimensions as a whole.
FAMILY: dict[str, str] = _READ["family"]

_METHODS = {name: str(words) for name, words in METHODS.items()}

#: Words for the codes of a column.
CODES: dict[str, dict[str, str]] = _READ["codes"] | {
    "choice": _METHODS,
    "state_before": _READ["codes"]["state"],
}

#: What the column ``kind`` holds, and where a task stands.
KINDS, TASK_STATES = CODES["kind"], CODES["state"]

#: Words for the values that a choice of a specification curve can have, whatever the choice.
OPTIONS: dict[str, str] = _READ["options"] | _METHODS
