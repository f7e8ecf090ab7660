"""What is compared with what, and what is measured at several sizes: a table of functions of this folder."""

from __future__ import annotations

from typing import NamedTuple

#: Bootstrap draws and reassignments; how many of them a loop over statsmodels does, and units that pysyncon fits in one
#: turn: their time is scaled up.
DRAWS, LOOPS, FEW = 9999, 20, 3
#: Provinces without a gap in 2011 to 2020.
UNITS = 60
#: Communes whose registers hold about 1, 3 and 10 million reports, and reports of a commune, revisions among them.
COMMUNES, REPORTS = (1_410, 4_230, 14_100), 59 * 12 * 1.02


class Case(NamedTuple):
    """Ours and a peer's: they must agree to ``atol`` before they are timed; ``share`` scales a peer's time up."""

    what: str
    peer: str
    own: str
    other: str
    size: int
    atol: float
    share: float = 1.0
    threads: int = 1
    turns: int = 5


class Growth(NamedTuple):
    """Ours at several sizes; ``rows`` is what one of them stands for on the axis."""

    what: str
    own: str
    sizes: tuple[int, ...]
    of: str
    rows: float = 1.0
    threads: int = 1
    turns: int = 3


BOOTSTRAP = "joint bootstrap of six slopes, with intervals"
MOVES = "9,999 reassignments of six slopes"
CONTROL = "synthetic control, 60 placebos, six dimensions"
REGISTER = "completion from ten million reports"

CASES = {
    "slopes": [
        Case(
            "six slopes with CR1", "statsmodels, formulas", "slopes:clustered", "slopes:clustered_statsmodels",
            UNITS, 1e-9,
        ),
        Case(BOOTSTRAP, "pyfixest, six p-values", "slopes:bootstrap", "slopes:bootstrap_pyfixest", UNITS, 0.02),
        Case(
            BOOTSTRAP, "pyfixest, compiled once", "slopes:bootstrap", "slopes:bootstrap_pyfixest_compiled_once",
            UNITS, 0.02,
        ),
        Case(
            MOVES, "statsmodels, formulas", "slopes:reassignment", "slopes:reassignment_formulas",
            3, 1e-8, DRAWS / LOOPS,
        ),
        Case(MOVES, "statsmodels, arrays", "slopes:reassignment", "slopes:reassignment_arrays", 3, 1e-8, DRAWS / LOOPS),
    ],
    "impacts": [
        Case(
            CONTROL, "pysyncon, V fixed", "impacts:synthetic_control_of_few", "impacts:synthetic_control_pysyncon",
            UNITS, 1e-2, UNITS / FEW,
        ),
        Case(CONTROL, "diff-diff", "impacts:synthetic_control", "impacts:synthetic_control_diff_diff", UNITS, 1e-3),
        Case(
            "synthetic difference in differences, 60 placebos", "diff-diff", "impacts:synthetic_did",
            "impacts:synthetic_did_diff_diff", UNITS, 1e-3,
        ),
    ],
    "registers": [
        Case(
            REGISTER, "DuckDB query, plain", "registers:ours_in_duckdb", "registers:plain_duckdb",
            COMMUNES[-1], 1e-12, threads=2, turns=9,
        ),
        Case(
            REGISTER, "DuckDB query, fastest", "registers:ours_in_duckdb", "registers:bare_duckdb",
            COMMUNES[-1], 1e-12, threads=2, turns=9,
        ),
    ],
}  # fmt: skip

GROWTHS = {
    "slopes": [Growth("slopes, joint bootstrap", "slopes:growing", (250, 500, 1000, 2000, 5000), "units", turns=2)],
    "impacts": [Growth("common weights, all placebos", "impacts:growing", (63, 125, 250, 500, 1000), "units")],
    "registers": [
        Growth("completion", "registers:ours_in_duckdb", COMMUNES, "reports", REPORTS, threads=2),
    ],
}
