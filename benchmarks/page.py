"""What run.py measured as a page of tables, results.md, and as a picture for the README, speed.svg."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
PACKAGES = (
    *("numpy", "scipy", "pandas", "duckdb", "polars", "pyarrow"),
    *("statsmodels", "pyfixest", "wildboottest", "numba", "pysyncon", "diff-diff"),
)
FASTER, SLOWER = "#0072b2", "#d55e00"
LINES = ("#0072b2", "#d55e00", "#009e73")

ABOUT = """# How fast

Written by `make bench`, and the only source of what this project says about speed.

Python {python}, {cores} cores, load {load:.1f} at the end (1 to 2 is the benchmark itself); {versions}.

Each side of a row has a fresh process; one thread, for registers two. Both prepare their data, run once without being
timed, must agree (the largest difference is in the last column), then take turns. Seconds are medians; the ratio is the
median over pairs of turns, so that a busy machine slows both sides of it. Peak memory is that of the whole process in
MB; in brackets what it was before the first run, with packages and data loaded.

Slopes: published scores of the 60 provinces without a gap, 2011-2020, six dimensions, simulated programmes; 9,999
draws. Ours fits the equations, and gives joint p-values and intervals; pyfixest has them fitted and gives six p-values.
wildboottest, which pyfixest calls, compiles its loop again at every call; "compiled once" keeps it from doing so. The
loops over statsmodels ran 20 reassignments, pysyncon fitted 3 units: their time is scaled up, their memory is not.
Synthetic controls match levels on both sides. pysyncon stops before the best fit, and so agrees to two decimals only.

Registers: 59 tasks of each of 14,100 communes, twelve quarters, one report in fifty revised, read from Parquet
in random order. The
queries give the mean of the latest reports by commune, dimension and day: the plain one orders reports by day and
revision as one would write it, the fastest is the best form found. `completion` also checks every report, tells gaps
from zeros, weighs, and gives bounds, tasks due and tasks on time.
"""


def _table(head: str, rows: list[list[str]]) -> list[str]:
    names = head.split(" | ")
    return ["", f"| {head} |", "|" + "---|" * len(names), *(f"| {' | '.join(row)} |" for row in rows)]


def exponent(rows: list[dict], name: str) -> float:
    """The slope of the log of what is named on the log of size."""
    return float(np.polyfit(np.log([row["size"] for row in rows]), np.log([row[name] for row in rows]), 1)[0])


def write(compared: list[dict], grown: list[list[dict]]) -> None:
    """Write both files anew."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        ABOUT.format(
            python=platform.python_version(), cores=os.cpu_count(), load=os.getloadavg()[0], versions=versions
        ).strip()
    ]
    lines += _table(
        "this package | peer | seconds | peer's seconds | times faster | peak MB | peer's peak MB | differ by",
        [
            [
                row["what"],
                row["peer"],
                *(_short(row[name]) for name in ("seconds", "peer_seconds")),
                _short(row["times_faster"]),
                f"{row['peak']:,.0f} ({row['loaded']:,.0f})",
                f"{row['peer_peak']:,.0f} ({row['peer_loaded']:,.0f})",
                f"{row['difference']:.0e}",
            ]
            for row in compared
        ],
    )
    lines += ["", "Growth: time and peak memory go with size to these powers."]
    lines += _table(
        "this package | sizes | seconds | peak MB | power of time | power of memory",
        [
            [
                rows[0]["what"],
                " ".join(f"{row['size']:,}" for row in rows) + f" {rows[0]['of']}",
                " ".join(_short(row["seconds"]) for row in rows),
                " ".join(f"{row['peak']:,.0f}" for row in rows),
                f"{exponent(rows, 'seconds'):.2f}",
                f"{exponent(rows, 'peak'):.2f}",
            ]
            for rows in grown
        ],
    )
    (HERE / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _picture(compared, grown)


def _picture(compared: list[dict], grown: list[list[dict]]) -> None:
    matplotlib.rcParams |= {"svg.hashsalt": "papi", "font.size": 9}
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    _ratios(left, compared)
    _growth(right, grown)
    what = {"Title": "How fast papi_analysis is beside other packages, and how its time grows", "Date": None}
    figure.savefig(HERE / "speed.svg", metadata=what)


def _in_words(ratio: float) -> str:
    """Say how fast something is; a few hundredths are no difference."""
    if abs(np.log(ratio)) < 0.05:
        return "as fast"
    return f"{_two_digits(ratio)}× faster" if ratio > 1 else f"{_two_digits(1 / ratio)}× slower"


def _ratios(ax: Axes, compared: list[dict]) -> None:
    """Bars from 1, the peer's own speed, on a logarithmic axis."""
    for place, row in enumerate(compared):
        ratio = row["times_faster"]
        ax.barh(place, np.log10(ratio), color=FASTER if ratio >= 1 else SLOWER, height=0.6)
        ax.annotate(_in_words(ratio), (max(np.log10(ratio), 0), place), (4, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(compared)), [fill(row["what"], 50) + f"\nbeside {row['peer']}" for row in compared])
    ax.tick_params("y", labelsize=7.5, length=0)
    low = min(0, *(np.log10(row["times_faster"]) for row in compared))
    high = max(np.log10(row["times_faster"]) for row in compared)
    ax.set_xlim(low - 0.1, high + 1.2)
    powers = range(int(np.ceil(low - 0.1)), int(high) + 1)
    ax.set_xticks(powers, [f"{10.0**power:,g}×" for power in powers])
    ax.axvline(0, color="black", linewidth=0.8)
    ax.invert_yaxis()
    ax.set_title("How many times as fast as the peer (1×: as fast)", loc="left", fontsize=9)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _growth(ax: Axes, grown: list[list[dict]]) -> None:
    """How many times as long for how many times as much, each line with its name and power at its end."""
    ends = []
    for rows, colour in zip(grown, LINES, strict=True):
        sizes, seconds = (np.divide([row[name] for row in rows], rows[0][name]) for name in ("size", "seconds"))
        ax.loglog(sizes, seconds, "o-", color=colour, markersize=3)
        words = f"{rows[0]['what']}\n{rows[0]['size']:,} to {rows[-1]['size']:,} {rows[0]['of']}"
        ends.append((seconds[-1], sizes[-1], f"{words}\ntime ~ size$^{{{exponent(rows, 'seconds'):.2f}}}$", colour))
    largest, lowest = max(size for _, size, _, _ in ends), 0.5
    ax.loglog([1, largest], [1, largest], ":", color="grey", linewidth=1)
    for height, size, words, colour in sorted(ends):
        lowest = max(height, 2.6 * lowest)  # labels keep apart, and a thin line leads to each
        ax.plot([size, 1.25 * largest], [height, lowest], color=colour, linewidth=0.5)
        ax.annotate(words, (1.3 * largest, lowest), color=colour, fontsize=7.5, va="center", annotation_clip=False)
    ax.set_xlim(0.9, 1.25 * largest)
    ax.set_ylim(0.8, 1.8 * lowest)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}×")
    ax.set_xlabel("so many times the data (dotted: as many times the time)", fontsize=7.5)
    ax.set_title("How time grows", loc="left", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)


def _short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _two_digits(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,g}"
