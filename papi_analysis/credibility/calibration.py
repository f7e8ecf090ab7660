"""How often a method cries wolf on this very panel: programmes that never were, on units that had none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from papi_analysis.credibility.robustness import METHODS
from papi_analysis.errors import PapiError, SpecError
from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import YEARS_BEFORE, programme_impact
from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.panel.panel import Panel

#: Answers for one fake programme: panel, unit, first and last year.
Ask = Callable[[Panel, str, int, int], Estimates]

#: Fake programmes below which a false-alarm rate says too little.
FEWEST = 20

ALL = Note("Every other unit")
ALIKE = Note("Units that stood as high")
WINDOWS = Note(
    "{unit} is left out altogether. 'Every other unit' is each of {all} units in {start}-{end}; 'units that stood as "
    "high' are the {nearest} nearest in rank to where it stood in {base}, in each of {windows} periods of the same "
    "shape: {alike} fake programmes."
)


class Fake(NamedTuple):
    """A programme that never was: the panel up to its end, the unit, its first and last year."""

    panel: Panel
    unit: str
    start: int
    end: int


def calibrate(
    panel: Panel,
    ask: Ask | str,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    base_year: int | None = None,
    nearest: int = 5,
    level: float = 0.95,
) -> Estimates:
    """Ask the question for programmes that never were and count how often it finds something.

    Parameters
    ----------
    panel
        Any panel.
    ask
        An estimator of ``programme_impact`` by name, ``"base_year"`` (difference in differences with the base year
        alone), ``"slopes"``, or a function of panel, unit, first and last year that answers with ``Estimates``. In
        the panel that it gets the fake unit follows the treated unit's completion, moved to its own years, and
        nobody else has a programme; the scores are the real ones.
    unit, start, end
        The treated unit and the years of its programme; the unit itself takes no part.
    base_year
        The year in which the treated unit's standing counts; default the year before the start.
    nearest
        How many units nearest in rank to the treated one, in each period of the same shape.
    level
        1 minus the nominal rate of false alarms.

    Returns
    -------
    Estimates
        Rows: each dimension and ``"family"``, first for every other unit, then for those that stood as high
        (``who``). Columns: ``false_alarms`` (share with p at or below 1 - level; for the family, with any joint p),
        ``mc_error`` of that share, ``coverage`` of the intervals (the true value is 0), ``rmse`` (points; for the
        family of the mean), ``fakes`` (fake programmes).

    Raises
    ------
    SpecError
        Too few units or years; an answer of the wrong shape, missing or failed, with the fake programme it was for.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> found = calibrate(panel, "did", unit="VN-CT", start=2018, end=2020, base_year=2016)
    >>> bool(found.table.false_alarms.iloc[6] <= 0.06)
    True

    """
    last = panel.years[-1] if end is None else end
    base = start - 1 if base_year is None else base_year
    asked = _ask(ask, start - base)
    everyone, alike = _fakes(panel, unit, start, last, base, nearest)
    if len(everyone) < FEWEST:
        raise SpecError(f"only {len(everyone)} units have all the cells; calibration needs {FEWEST}. Use fewer years.")
    parts = [
        _summary(fakes, asked, panel.dimensions, level).assign(who=str(who))
        for who, fakes in ((ALL, everyone), (ALIKE, alike))
    ]
    values = {
        "unit": unit,
        "all": len(everyone),
        "start": start,
        "end": last,
        "nearest": nearest,
        "base": base,
        "windows": len({fake.start for fake in alike}),
        "alike": len(alike),
    }
    return Estimates(
        question="calibration",
        table=pd.concat(parts, ignore_index=True)[["who", *parts[0].columns.drop("who")]],
        notes=(Note(WINDOWS.text, values),),
        names=panel.names,
        simulated_tables=panel.simulated_tables if ask == "slopes" else (),
        level=level,
        design={"unit": unit, "ask": ask if isinstance(ask, str) else getattr(ask, "__name__", "own function")},
    )


def rank_methods(
    panel: Panel, *, unit: str, start: int, end: int | None = None, base_year: int | None = None, nearest: int = 5
) -> pd.DataFrame:
    """Calibrate every estimator of ``programme_impact`` and order them before the treated unit is looked at.

    Returns
    -------
    DataFrame
        ``choice`` (the estimator), ``alarms_all`` and ``alarms_alike`` (family-wise false alarms over every other
        unit, and over those that stood as high), ``coverage`` and ``rmse`` of the mean gap among the latter, lowest
        error first.
    """
    rows = []
    for name, words in METHODS.items():
        table = calibrate(panel, name, unit=unit, start=start, end=end, base_year=base_year, nearest=nearest).table
        family = table[table["dimension"] == "family"].set_index("who")
        rows.append(
            {
                "choice": str(words),
                "alarms_all": family.loc[str(ALL), "false_alarms"],
                "alarms_alike": family.loc[str(ALIKE), "false_alarms"],
                "coverage": family.loc[str(ALIKE), "coverage"],
                "rmse": family.loc[str(ALIKE), "rmse"],
            }
        )
    return pd.DataFrame(rows).sort_values("rmse", ignore_index=True)


def confirm_detectable(
    panel: Panel, ask: Ask | str, *, unit: str, start: int, end: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Put the detectable size into the scores of every other unit in turn and count how often it is found.

    Returns
    -------
    DataFrame
        ``dimension``, ``detectable`` (mean over the units), ``found`` (share with p at or below 1 - level), ``fakes``.
        About four times in five is what the word promises.
    """
    last = panel.years[-1] if end is None else end
    asked = _ask(ask)
    everyone, _ = _fakes(panel, unit, start, last, start - 1, 1)
    sizes, found = [], []
    for fake in everyone:
        answer = _answer(fake, asked)
        size = answer.loc[list(panel.dimensions), "detectable"].to_numpy(dtype=float)
        i, t = fake.panel.position("unit", fake.unit), fake.panel.position("year", fake.start)
        scores = fake.panel.scores.copy()
        scores[i, t:] += 10 * size * fake.panel.completion[i, t:] if ask == "slopes" else size
        moved = _answer(fake._replace(panel=replace(fake.panel, scores=scores)), asked)
        sizes.append(size)
        found.append(moved.loc[list(panel.dimensions), "p"].to_numpy(dtype=float) <= 1 - level)
    return pd.DataFrame(
        {
            "dimension": panel.dimensions,
            "detectable": np.mean(sizes, axis=0),
            "found": np.mean(found, axis=0),
            "fakes": len(everyone),
        }
    )


def _ask(ask: Ask | str, from_base: int = 1) -> Ask:
    """Turn a name into the function that it stands for; ``from_base`` years lie between base year and start."""
    if callable(ask):
        return ask
    named: dict[str, Ask] = {name: partial(programme_impact, method=name) for name in METHODS}
    named |= {"slopes": _ask_slopes, "base_year": partial(_ask_base_year, from_base)}
    if ask not in named:
        raise SpecError(f"ask is one of {', '.join(named)}, or a function, not {ask!r}.")
    return named[ask]


def _ask_base_year(from_base: int, panel: Panel, unit: str, start: int, end: int) -> Estimates:
    base = start - from_base
    return programme_impact(panel, unit, start, end, method="did", before=(base, base))


def _ask_slopes(panel: Panel, unit: str, start: int, end: int) -> Estimates:
    return completion_slopes(panel)


def _fakes(panel: Panel, unit: str, start: int, end: int, base: int, nearest: int) -> tuple[list[Fake], list[Fake]]:
    """Make the fake programmes: every other unit, and those that stood where the treated one did, in all periods."""
    treated = panel.position("unit", unit)
    first = panel.years[0]
    for year in (start, end, base):
        panel.position("year", year)
    if not (first + YEARS_BEFORE <= start <= end and base < start):
        raise SpecError(f"calibration needs {YEARS_BEFORE} years before the start {start}, and a base year before it.")
    path = panel.completion[treated, panel.position("year", start) : panel.position("year", end) + 1]
    total = panel.scores.sum(axis=2)
    own = _ranks(total[:, panel.position("year", base)])[treated]
    everyone: list[Fake] = []
    alike: list[Fake] = []
    for shift in range(min(start - first - YEARS_BEFORE, base - first) + 1):
        window = _cut(panel, treated, end - shift)
        complete = np.flatnonzero(np.isfinite(window.scores).all(axis=(1, 2)))
        fakes = {i: _give(window, int(i), start - shift, path, end - shift) for i in complete}
        if shift == 0:
            everyone = list(fakes.values())
        ranks = _ranks(total[:, panel.position("year", base - shift)])
        away = np.abs(np.delete(ranks, treated) - own)
        nearby = complete[np.argsort(away[complete], kind="stable")]
        alike += [fakes[i] for i in nearby[:nearest]]
    return everyone, alike


def _ranks(total: np.ndarray) -> np.ndarray:
    """Rank from the highest, 1; units without a total come last."""
    return np.asarray(pd.Series(total).rank(ascending=False, method="min", na_option="bottom"))


def _cut(panel: Panel, treated: int, end: int) -> Panel:
    """The panel up to a year, the treated unit left out."""
    T = panel.position("year", end) + 1
    kept = np.arange(len(panel.units)) != treated
    return replace(
        panel,
        scores=panel.scores[kept][:, :T],
        completion=np.zeros_like(panel.scores[kept][:, :T]),
        units=tuple(name for name, keep in zip(panel.units, kept, strict=True) if keep),
        years=panel.years[:T],
        controls={name: values[kept][:, :T] for name, values in panel.controls.items()},
    )


def _give(window: Panel, i: int, start: int, path: np.ndarray, end: int) -> Fake:
    """Give the programme's completion to one unit."""
    completion = window.completion.copy()
    t = window.position("year", start)
    completion[i, t : t + len(path)] = path
    return Fake(replace(window, completion=completion), window.units[i], start, end)


def _answer(fake: Fake, ask: Ask) -> pd.DataFrame:
    """Ask for one fake programme and check what comes back; rows by dimension."""
    place = f"for the fake programme of {fake.unit}, {fake.start}-{fake.end}"
    try:
        answer: Any = ask(fake.panel, fake.unit, fake.start, fake.end)
        table = (answer.table if isinstance(answer, Estimates) else pd.DataFrame(answer)).set_index("dimension")
        table = table.reindex([*fake.panel.dimensions, "mean"])
        numbers = table.loc[list(fake.panel.dimensions), ["estimate", "p", "low", "high"]].to_numpy(dtype=float)
    except PapiError as error:
        raise SpecError(f"{place} there is no answer: {error}") from error
    except Exception as error:
        raise SpecError(f"{place} the function failed: {type(error).__name__}: {error}") from error
    if np.isnan(numbers).any():
        raise SpecError(
            f"{place} the answer has missing values. It needs a row for each dimension with estimate, p, low, high."
        )
    return table


def _summary(fakes: list[Fake], ask: Ask, dimensions: tuple[str, ...], level: float) -> pd.DataFrame:
    """Count false alarms, coverage and errors over the fake programmes."""
    answers = [_answer(fake, ask) for fake in fakes]
    each = np.array([a.loc[list(dimensions), ["estimate", "p", "low", "high"]].to_numpy(dtype=float) for a in answers])
    joint = [_smallest_joint(a.loc[list(dimensions)]) for a in answers]
    mean = np.array([a.loc["mean", ["estimate", "low", "high"]].to_numpy(dtype=float) for a in answers])
    alarms = np.append((each[:, :, 1] <= 1 - level + 1e-12).mean(axis=0), np.mean(np.array(joint) <= 1 - level + 1e-12))
    inside = np.append(
        ((each[:, :, 2] <= 0) & (each[:, :, 3] >= 0)).mean(axis=0), ((mean[:, 1] <= 0) & (mean[:, 2] >= 0)).mean()
    )
    errors = np.append(np.sqrt((each[:, :, 0] ** 2).mean(axis=0)), np.sqrt((mean[:, 0] ** 2).mean()))
    return pd.DataFrame(
        {
            "dimension": [*dimensions, "family"],
            "false_alarms": alarms,
            "mc_error": np.sqrt(alarms * (1 - alarms) / len(fakes)),
            "coverage": inside,
            "rmse": errors,
            "fakes": len(fakes),
        }
    )


def _smallest_joint(rows: pd.DataFrame) -> float:
    """The smallest joint p-value; Bonferroni's where an answer of one's own has none."""
    return float(rows["p_joint"].min() if "p_joint" in rows.columns else min(1.0, len(rows) * rows["p"].min()))
