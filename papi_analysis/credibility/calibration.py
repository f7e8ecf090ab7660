"""How often a method cries wolf on this very panel: programmes that never were, on units that had none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.credibility.fakes import Fake, fake_programmes
from papi_analysis.credibility.long_runs import Folder, run_all, seeds
from papi_analysis.credibility.robustness import METHODS
from papi_analysis.errors import Note, PapiError, SpecError
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.estimation.impact import programme_impact
from papi_analysis.estimation.impact_notes import surveys_note
from papi_analysis.estimation.impact_question import YEARS_BEFORE
from papi_analysis.estimation.multiplicity import check_count, check_level
from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.panel.panel import Panel

#: Answers for one fake programme: panel, unit, first and last year, and a keyword ``rng`` where it draws.
Ask = Callable[..., Estimates]

#: Fake programmes below which a false-alarm rate says too little.
FEWEST = 20

ALL = Note("Every other unit")
ALIKE = Note("Units that stood as high")
WINDOWS = Note(
    "{unit} is left out altogether. 'Every other unit' is each of {all} units in {start}-{end}; 'units that stood as "
    "high' are the {nearest} nearest in rank to where it stood in {base}, in each of {windows} periods of the same "
    "shape: {alike} fake programmes."
)
DRAWN = Note("{drawn} of these {all} units were drawn at random for 'every other unit'.")

#: What is kept of the answer for a fake programme.
KEPT = ["estimate", "low", "high", "p", "p_joint"]


@check_kinds
def calibrate(
    panel: Panel,
    ask: Ask | str,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    base_year: int | None = None,
    nearest: int = 5,
    draws: int = 999,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    folder: Folder | None = None,
) -> Estimates:
    """Ask the question for programmes that never were and count how often it finds something.

    Inside ``joblib.parallel_config(n_jobs=2)`` it runs on two cores, with the same numbers.

    Parameters
    ----------
    panel
        Any panel.
    ask
        An estimator of ``programme_impact`` by name, ``"base_year"`` (difference in differences with the base year
        alone), ``"slopes"``, or a function of panel, unit, first and last year that answers with ``Estimates``. In
        the panel that it gets the fake unit follows the treated unit's completion, moved to its own years, and
        nobody else has a programme; the scores are the real ones. A function that takes a keyword ``rng`` gets a
        Generator for each fake programme.
    unit, start, end
        The treated unit and the years of its programme; the unit itself takes no part.
    base_year
        The year in which the treated unit's standing counts; default the year before the start.
    nearest
        How many units nearest in rank to the treated one, in each period of the same shape.
    draws
        Most fake programmes on 'every other unit'; of more units a random sample of so many is drawn, and the notes say
        how many of how many. ``mc_error`` is then that of a sample: 0.7 points at a rate of 5%.
    level
        1 minus the nominal rate of false alarms.
    rng
        Seed or Generator of that sample, and of what a function of one's own draws.
    folder
        Where the answers are kept as they come, so that a run that was interrupted goes on where it stopped.

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
    check_level(level)
    first, last, base = _years(panel, start, end, base_year)
    shifted, start = surveys_note(panel, unit, start, end), first
    asked = _ask(ask, panel.position("year", start) - panel.position("year", base))
    everyone, alike = fake_programmes(panel, unit, start, last, base, nearest)
    if len(everyone) < FEWEST:
        raise SpecError(_too_few(panel, unit, start, last, len(everyone)))
    units = len(everyone)
    everyone = _sample(everyone, draws, rng)
    fakes = _seeded([*everyone, *alike], ask, rng)
    name = ask if isinstance(ask, str) else getattr(ask, "__name__", "own function")
    kept = np.array(run_all(partial(_kept, asked), fakes, label=f"calibrate {name}", folder=folder))
    parts = [
        _summary(answers, panel.dimensions, level).assign(who=str(who))
        for who, answers in ((ALL, kept[: len(everyone)]), (ALIKE, kept[len(everyone) :]))
    ]
    values = {
        "unit": unit,
        "all": units,
        "start": start,
        "end": last,
        "nearest": nearest,
        "base": base,
        "windows": len({fake.start for fake in alike}),
        "alike": len(alike),
    }
    notes = [*shifted, Note(WINDOWS.text, values)]
    if len(everyone) < units:
        notes.append(Note(DRAWN.text, {"drawn": len(everyone), "all": units}))
    return Estimates(
        question="calibration",
        table=pd.concat(parts, ignore_index=True)[["who", *parts[0].columns.drop("who")]],
        notes=tuple(notes),
        names=panel.names,
        simulated_tables=panel.simulated_tables if ask == "slopes" else (),
        level=level,
        design={"unit": unit, "ask": name},
    )


@check_kinds
def rank_methods(
    panel: Panel,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    base_year: int | None = None,
    nearest: int = 5,
    draws: int = 999,
    folder: Folder | None = None,
) -> pd.DataFrame:
    """Calibrate every estimator of ``programme_impact`` and order them before the treated unit is looked at.

    ``draws``, ``folder`` and ``joblib.parallel_config`` as for ``calibrate``; all estimators get the same units.

    Returns
    -------
    DataFrame
        ``choice`` (the estimator), ``alarms_all`` and ``alarms_alike`` (family-wise false alarms over every other
        unit, and over those that stood as high), ``coverage`` and ``rmse`` of the mean gap among the latter, lowest
        error first; ``peers``, the mean gap of the ten untouched units that stood nearest in the base year, as in
        ``programme_impact``: an estimator that is not fooled by where a unit stood puts it at about 0.
    """
    rows = []
    base = start - 1 if base_year is None else base_year
    asked: dict[str, Any] = {"unit": unit, "start": start, "end": end, "base_year": base_year}
    asked |= {"nearest": nearest, "draws": draws}
    for name, words in METHODS.items():
        table = calibrate(panel, name, **asked, folder=folder).table
        family = table[table["dimension"] == "family"].set_index("who")
        gaps = programme_impact(panel, unit, start, end, method=name, base_year=base)
        rows.append(
            {
                "choice": str(words),
                "alarms_all": family.loc[str(ALL), "false_alarms"],
                "alarms_alike": family.loc[str(ALIKE), "false_alarms"],
                "coverage": family.loc[str(ALIKE), "coverage"],
                "rmse": family.loc[str(ALIKE), "rmse"],
                "peers": gaps.row("mean")["peers"],
            }
        )
    return pd.DataFrame(rows).sort_values("rmse", ignore_index=True)


@check_kinds
def confirm_detectable(
    panel: Panel,
    ask: Ask | str,
    *,
    unit: str,
    start: int,
    end: int | None = None,
    draws: int = 999,
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
    folder: Folder | None = None,
) -> pd.DataFrame:
    """Put the detectable size into the scores of every other unit in turn and count how often it is found.

    ``draws``, ``rng``, ``folder`` and ``joblib.parallel_config`` as for ``calibrate``.

    Returns
    -------
    DataFrame
        ``dimension``, ``detectable`` (mean over the units), ``found`` (share with p at or below 1 - level), ``fakes``.
        About four times in five is what the word promises.
    """
    check_level(level)
    start, last, base = _years(panel, start, end, None)
    asked = _ask(ask)
    everyone = _sample(fake_programmes(panel, unit, start, last, base, 1)[0], draws, rng)
    if not everyone:
        raise SpecError(_too_few(panel, unit, start, last, 0))
    job = partial(_injected, asked, ask == "slopes", level)
    kept = np.array(run_all(job, _seeded(everyone, ask, rng), label="confirm_detectable", folder=folder))
    sizes, found = kept.mean(axis=0)
    return pd.DataFrame({"dimension": panel.dimensions, "detectable": sizes, "found": found, "fakes": len(everyone)})


def _years(panel: Panel, start: int, end: int | None, base_year: int | None) -> tuple[int, int, int]:
    """The first survey of the programme, the last, and the one that says where a unit stood; default the one before."""
    first = panel.first_from(start, "the start")
    last = panel.years[-1] if end is None else panel.last_to(end, "the end")
    place = panel.position("year", first) - 1 if base_year is None else panel.position("year", base_year)
    return first, last, panel.years[max(place, 0)]


def _too_few(panel: Panel, unit: str, start: int, last: int, found: int) -> str:
    """Say how many units are missing, and from which year on there are enough, if such a year there is."""
    others = np.arange(len(panel.units)) != panel.position("unit", unit)
    latest = panel.years[panel.position("year", start) - YEARS_BEFORE]
    first = panel.complete_from(others, FEWEST, latest, last)
    remedy = "Fewer years do not help: use a panel of more units, or leave out the dimensions that few of them have."
    if first is not None:
        remedy = f"Use fewer years: ask with panel.cut({first}, {panel.years[-1]})."
    return f"only {found} of {others.sum()} other units have all the cells; calibration needs {FEWEST}. {remedy}"


def _injected(ask: Ask, slopes: bool, level: float, fake: Fake) -> np.ndarray:
    """What one fake programme would have detected (points), and whether that is found once it is there; (2, K)."""
    panel = fake.panel
    dimensions = list(panel.dimensions)
    before = _answer(fake, panel, ask)
    if "detectable" not in before:
        raise SpecError(
            "the answer has no column detectable, the size that it would have found four times in five. Add it."
        )
    size = before.loc[dimensions, "detectable"].to_numpy(dtype=float)
    i, t = panel.position("unit", fake.unit), panel.position("year", fake.start)
    scores = panel.scores.copy()
    scores[i, t:] += 10 * size * panel.completion[i, t:] if slopes else size
    moved = _answer(fake, replace(panel, scores=scores), ask)
    return np.array([size, moved.loc[dimensions, "p"].to_numpy(dtype=float) <= 1 - level])


def _sample(fakes: list[Fake], draws: int, rng: int | np.random.Generator) -> list[Fake]:
    """All where there are no more than ``draws``, else a random sample of so many, in their order."""
    if len(fakes) <= check_count(draws):
        return fakes
    chosen = np.argsort(np.random.default_rng(rng).random(len(fakes)))[:draws]
    return [fakes[i] for i in np.sort(chosen)]


def _seeded(fakes: list[Fake], ask: Ask | str, rng: int | np.random.Generator) -> list[Fake]:
    """Give each fake programme a Generator of its own where a function of the user takes one and has none yet."""
    if isinstance(ask, str) or "rng" not in inspect.signature(ask).parameters:
        return fakes
    if isinstance(ask, partial) and "rng" in ask.keywords:
        return fakes
    return [fake._replace(rng=own) for fake, own in zip(fakes, seeds(rng, len(fakes)), strict=True)]


def _ask(ask: Ask | str, from_base: int = 1) -> Ask:
    """Turn a name into the function that it stands for; the base year lies ``from_base`` years before the start."""
    if callable(ask):
        return ask
    named: dict[str, Ask] = {name: partial(programme_impact, method=name) for name in METHODS}
    named |= {"slopes": _ask_slopes, "base_year": partial(_ask_base_year, from_base)}
    if not isinstance(ask, str) or ask not in named:
        raise SpecError(f"ask is one of {', '.join(named)}, or a function, not {ask!r}.")
    return named[ask]


def _ask_base_year(from_base: int, panel: Panel, unit: str, start: int, end: int) -> Estimates:
    base = panel.years[panel.position("year", start) - from_base]
    return programme_impact(panel, unit, start, end, method="did", before=(base, base))


def _ask_slopes(panel: Panel, unit: str, start: int, end: int) -> Estimates:
    return completion_slopes(panel)


def _answer(fake: Fake, panel: Panel, ask: Ask) -> pd.DataFrame:
    """Ask for one fake programme, on its panel, and check what comes back; rows by dimension."""
    place = f"for the fake programme of {fake.unit}, {fake.start}-{fake.end}"
    try:
        own = {} if fake.rng is None else {"rng": fake.rng}
        answer: Any = ask(panel, fake.unit, fake.start, fake.end, **own)
        table = (answer.table if isinstance(answer, Estimates) else pd.DataFrame(answer)).set_index("dimension")
    except PapiError as error:
        raise SpecError(f"{place} there is no answer: {error}") from error
    except Exception as error:
        raise SpecError(f"{place} the function failed: {type(error).__name__}: {error}") from error
    try:
        return _possible(table, [*panel.dimensions, "mean"])
    except SpecError as error:
        raise SpecError(f"{place} {error}") from None


def _possible(table: pd.DataFrame, rows: list[str]) -> pd.DataFrame:
    """Take the rows of an answer in order, as numbers; refuse what no estimate, interval or p-value can be.

    What the row of the mean lacks is its own affair.
    """
    needed = ["estimate", "p", "low", "high"]
    lacks = [name for name in needed if name not in table]
    twice = table.index[table.index.duplicated()]
    if lacks or len(twice):
        what = f"has no column {', '.join(lacks)}" if lacks else f"has two rows for {twice[0]}"
        raise SpecError(f"the answer {what}. It needs one row for each dimension with estimate, p, low, high.")
    table = table.reindex(rows)
    for name in (*needed, *({"p_joint", "detectable"} & set(table))):
        text = [value for value in table[name] if isinstance(value, str)]
        if text:
            raise SpecError(f"the answer has text in {name} ({text[0]!r}). Give numbers.")
        table[name] = table[name].astype(float)
    if table.loc[rows[:-1], needed].isna().to_numpy().any():
        raise SpecError(
            "the answer has missing values. It needs one row for each dimension with estimate, p, low, high."
        )
    wrong = [("estimate", "an estimate is a finite number", np.isinf(table["estimate"]))]
    wrong += [("low", "low is at most high", table["low"] > table["high"])]
    for name in {"p", "p_joint"} & set(table):
        wrong.append((name, "a p-value lies between 0 and 1", (table[name] < 0) | (table[name] > 1 + 1e-9)))
    for name, rule, found in wrong:
        if found.any():
            value = float(table.loc[found.idxmax(), name])
            raise SpecError(f"the answer for {found.idxmax()} has {name} {value:g}, but {rule}. Correct the function.")
    return table


def _kept(ask: Ask, fake: Fake) -> np.ndarray:
    """The numbers that are kept of the answer for one fake programme: (K + 1, 5), a row per dimension and the mean.

    The joint p-value is the smallest of Bonferroni's where an answer of one's own has none.
    """
    panel = fake.panel
    answer = _answer(fake, panel, ask)
    if "p_joint" not in answer.columns:
        each = answer.loc[list(panel.dimensions), "p"]
        answer = answer.assign(p_joint=min(1.0, len(each) * each.min()))
    return np.asarray(answer[KEPT], dtype=float)


def _summary(answers: np.ndarray, dimensions: tuple[str, ...], level: float) -> pd.DataFrame:
    """Count false alarms, coverage and errors over the fake programmes, (fakes, K + 1, 5)."""
    found = answers[:, :-1, [KEPT.index("p"), KEPT.index("p_joint")]] <= 1 - level + 1e-12
    alarms = np.append(found[:, :, 0].mean(axis=0), found[:, :, 1].any(axis=1).mean())
    covers = (answers[:, :, KEPT.index("low")] <= 0) & (answers[:, :, KEPT.index("high")] >= 0)
    return pd.DataFrame(
        {
            "dimension": [*dimensions, "family"],
            "false_alarms": alarms,
            "mc_error": np.sqrt(alarms * (1 - alarms) / len(answers)),
            "coverage": covers.mean(axis=0),
            "rmse": np.sqrt((answers[:, :, KEPT.index("estimate")] ** 2).mean(axis=0)),
            "fakes": len(answers),
        }
    )
