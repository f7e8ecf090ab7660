"""What the scores of other units say about a comparison before any gap is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from papi_analysis.arguments import check_kinds
from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import Note, SpecError
from papi_analysis.estimation.by_unit import unit_labels
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.estimates import Estimates, UnitYears
from papi_analysis.estimation.impact_question import Question, first_years, impact_design
from papi_analysis.estimation.lagged_outcome import LINE
from papi_analysis.estimation.multiplicity import check_count
from papi_analysis.panel.changes import break_years
from papi_analysis.panel.panel import Panel

LEADS = Note(
    "Carry-over: of a lead of one point in the mean before, so much was left in the mean after among untouched units "
    "(least squares). Difference in differences presumes 1."
)
SPREADS = Note(
    "Ratio of spreads: the standard deviation over units of the mean after by that of as many years before, with the "
    "test of Pitman and Morgan that they are equal. Where it is below 1 a lead shrinks without anyone falling back."
)
REGIONS = Note(
    "Share between regions: of the variance over units of the change from the mean before to the mean after; "
    "{chance:.0%} is to be expected by chance. p from {draws} permutations of the labels; together, that of the mean "
    "share."
)


NO_REGIONS = Note(
    "regions must have at least two labels, one of them for two units or more; else there is nothing to test between "
    "them. Give other labels, or leave regions out."
)


class Spread(NamedTuple):
    """How the spread over units changed: ratio of standard deviations after by before (K,), and p (K,)."""

    ratio: Floats
    p: Floats


@check_kinds
def design_tests(
    panel: Panel,
    unit: str,
    start: int,
    end: int | None = None,
    *,
    before: tuple[int, int] | None = None,
    without: Sequence[str] = (),
    regions: Mapping[str, Any] | None = None,
    draws: int = 9999,
    rng: int | np.random.Generator = 0,
) -> Estimates:
    """Test what a comparison presumes: leads that carry over, one spread, no regional shocks.

    Parameters
    ----------
    panel, unit, start, end, before, without
        The question, as for ``programme_impact``.
    regions
        A label for each unit; without them there is no test between regions.
    draws
        Permutations of the regions' labels.
    rng
        Seed or Generator of the permutations.

    Returns
    -------
    Estimates
        One row per dimension, then ``"mean"``: ``carry_over`` with ``carry_se`` (slope of the mean after on the mean
        before among untouched units), ``spread_ratio`` with ``spread_p`` (over all units that take part, the asked one
        among them; Pitman 1939, Morgan 1939: correlation of sum and difference), ``between`` with ``between_p``
        (share of the changes' variance that lies between regions), ``rank_volatility`` of the unit (1: its scores
        varied most over the years before), ``units``. ``cells`` holds the ratio of spreads at each break within the
        years used.

    Raises
    ------
    SpecError
        As ``programme_impact``; a unit without a region, one region for all or one for each.

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> tests = design_tests(panel, "VN-CT", 2018, 2020)
    >>> tests.row("D3")[["carry_over", "spread_ratio"]].round(2).tolist()
    [0.35, 0.69]

    """
    asked = impact_design(
        panel, first_years(panel, unit, start), end, Question(before=before, without=without), needed=1, least=LINE
    )
    design, first = asked.design, int(asked.design.starts[0])
    part = design.eligible
    level, after = design.Y[:, design.pre(first)].mean(axis=1), design.Y[:, design.post(first)].mean(axis=1)
    slope, error = carry_over(level[design.donors], after[design.donors])
    spread = spread_across(design, first, design.end)
    assert spread is not None
    volatility = np.std(design.Y[part][:, design.pre(first)], axis=1)
    own = int(np.flatnonzero(np.flatnonzero(part) == design.units[0])[0])
    each = np.column_stack([volatility, volatility.mean(axis=1)])
    columns = {
        "dimension": [*panel.dimensions, "mean"],
        "carry_over": np.append(slope, slope.mean()),
        "carry_se": np.append(error, np.nan),
        "spread_ratio": np.append(spread.ratio, spread.ratio.mean()),
        "spread_p": np.append(spread.p, np.nan),
        "between": np.nan,
        "between_p": np.nan,
        "rank_volatility": (each > each[own] * (1 + 1e-9)).sum(axis=0) + 1,
        "units": int(part.sum()),
    }
    notes = [LEADS, SPREADS]
    if regions is not None:
        codes = unit_labels(panel, regions, "regions")[part]
        if not 1 < len(np.unique(codes)) < len(codes):  # whoever has which label, the share is the same
            raise SpecError(NO_REGIONS)
        columns["between"], columns["between_p"] = between_groups((after - level)[part], codes, draws, rng)
        chance = (len(np.unique(codes)) - 1) / (len(codes) - 1)
        notes.append(REGIONS(chance=chance, draws=draws))
    return Estimates(
        question="design_tests",
        table=pd.DataFrame(columns),
        notes=tuple(notes),
        cells=at_breaks(panel, design),
        names=panel.names,
        simulated_tables=tuple(name for name in panel.simulated_tables if name == "scores"),
        design=UnitYears(unit, start, panel.years[design.end]),
    )


def carry_over(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Slopes (K,) of after on before (n, K) by least squares, and their standard errors.

    >>> slope, error = carry_over(np.array([[0.0], [1], [2]]), np.array([[1.0], [1], [2]]))
    >>> slope.round(6).tolist(), error.round(6).tolist()
    ([0.5], [0.288675])
    """
    x, y = before - before.mean(axis=0), after - after.mean(axis=0)
    xx = (x**2).sum(axis=0)
    slope = (x * y).sum(axis=0) / xx
    rest = ((y - slope * x) ** 2).sum(axis=0) / (len(x) - 2)
    return slope, np.sqrt(rest / xx)


def spread_across(design: Design, year: int, last: int) -> Spread | None:
    """The spread over all units that take part in ``year`` .. ``last`` by that in as many years before.

    As many on both sides, as far as there are: a mean over fewer years holds more noise, which is spread as well. None
    where no year after is used.
    """
    years = np.arange(design.Y.shape[1])
    used = design.before | ((years >= design.starts.min()) & (years <= design.end))
    late = np.flatnonzero(used & (years >= year) & (years <= last))
    early = np.flatnonzero(used & (years < year))[-len(late) :]
    part = design.Y[design.eligible]
    return pitman_morgan(part[:, early].mean(axis=1), part[:, late].mean(axis=1)) if len(late) else None


def pitman_morgan(x: Floats, y: Floats) -> Spread:
    """Ratio of standard deviations of y by x (n, K), and the p-value (K,) that paired variances are equal.

    Variances are equal where sum and difference are uncorrelated (Pitman 1939; Morgan 1939).

    >>> spread = pitman_morgan(np.array([[0.0], [1], [2], [4]]), np.array([[0.0], [1], [1], [2]]))
    >>> spread.ratio.round(4).tolist(), spread.p.round(4).tolist()
    ([0.4781], [0.06])
    """
    total, apart = x + y, y - x
    total, apart = total - total.mean(axis=0), apart - apart.mean(axis=0)
    r = (total * apart).sum(axis=0) / np.sqrt((total**2).sum(axis=0) * (apart**2).sum(axis=0))
    with np.errstate(divide="ignore"):
        t = r * np.sqrt((len(x) - 2) / (1 - r**2))
    return Spread(y.std(axis=0) / x.std(axis=0), np.asarray(2 * stdtr(len(x) - 2, -np.abs(t))))


def between_groups(values: Floats, codes: Ints, draws: int, rng: int | np.random.Generator) -> tuple[Floats, Floats]:
    """Shares (K + 1,) of the variance of values (n, K) that lies between groups, their mean last, and p-values."""
    generator = np.random.default_rng(rng)
    member = (codes[:, None] == np.unique(codes)).astype(float)  # (n, G)
    member /= np.sqrt(member.sum(axis=0))
    net = values - values.mean(axis=0)
    total = (net**2).sum(axis=0)

    def shares(order: Ints) -> Floats:
        each = ((member[order].T @ net) ** 2).sum(axis=0) / total
        return np.append(each, each.mean())

    own = shares(np.arange(len(values)))
    reached = sum(shares(generator.permutation(len(values))) >= own - 1e-12 for _ in range(check_count(draws)))
    return own, np.asarray((1 + np.asarray(reached)) / (1 + draws))


def at_breaks(panel: Panel, design: Design) -> pd.DataFrame:
    """The ratio of spreads of each dimension at each of its breaks within the years used, up to the next break."""
    rows = []
    first = int(np.flatnonzero(design.pre(int(design.starts.min())))[0])
    for k, dimension in enumerate(panel.dimensions):
        breaks = [panel.years.index(y) for y in break_years(panel.breaks, dimension) if y in panel.years]
        breaks = [t for t in breaks if first < t <= design.end]
        for t, last in zip(breaks, [*(b - 1 for b in breaks[1:]), design.end], strict=False):
            spread = spread_across(design, t, last)
            if spread is None:
                continue
            rows.append((dimension, panel.years[t], float(spread.ratio[k]), float(spread.p[k])))
    return pd.DataFrame(rows, columns=["dimension", "year", "spread_ratio", "spread_p"])
