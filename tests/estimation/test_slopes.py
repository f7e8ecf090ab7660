"""Slopes against statsmodels and a stacked regression, under changes that must not matter, and with known truth."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import papi_analysis as pa
from papi_analysis.estimation.slopes import slope_estimates
from papi_analysis.estimation.specification import Specification
from papi_analysis.panel.changes import score_changes

K, T, FIRST = 3, 7, 2011


def make_panel(programmes, N=24, gaps=0.1, seed=0, start=2013):
    """Scores with unit, year and slope parts; the first ``programmes`` units complete tasks from ``start`` on.

    Scores have gaps; completion has some too where there are enough programmes to be compared without them.
    """
    rng = np.random.default_rng(seed)
    done = np.zeros((N, T, K))
    begun = start - FIRST
    done[:programmes, begun:] = np.sort(rng.random((programmes, T - begun, K)), axis=1)
    scores = 5 + rng.normal(size=(N, 1, K)) + rng.normal(size=(T, K)) + 0.5 * done + 0.3 * rng.normal(size=(N, T, K))
    scores[rng.random(scores.shape) < gaps] = np.nan
    if programmes >= 20:
        done[:programmes][rng.random((programmes, T, K)) < gaps / 2] = np.nan
    return pa.Panel(
        scores,
        done,
        tuple(f"u{i:02}" for i in range(N)),
        tuple(range(FIRST, FIRST + T)),
        tuple(f"D{k + 1}" for k in range(K)),
        breaks=pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []}),
        simulated_tables=(),
    )


def ask(panel, **settings):
    """The two-way slope's numbers that belong to the regression; resampling is not what is tested here."""
    return pa.completion_slopes(panel, draws=99, **{"form": "levels", **settings}).table.set_index("dimension")


def bare(panel, **settings):
    """Estimates and CR1 errors over all units, without any resampling."""
    settings = {"inference": "clustered", "override": True, **settings}
    return ask(panel, **settings).loc[[*panel.dimensions, "mean"], ["estimate", "se"]].to_numpy(float)


def slow_cells(panel, dimension, form="levels", lag=0):
    """Cells of one dimension by joins on unit and year, as a spreadsheet user would pair them."""
    frame = panel.frame().query("dimension == @dimension").drop(columns="dimension")
    frame = frame.rename(columns={"score": "y", "completion": "x"})
    earlier = frame[["unit", "year", "x"]].assign(year=frame["year"] + lag)
    frame = frame[["unit", "year", "y"]].merge(earlier, on=["unit", "year"])
    if form == "differences":
        before = frame.assign(year=frame["year"] + 1)
        frame = frame.merge(before, on=["unit", "year"], suffixes=("", "_before"))
        frame["y"], frame["x"] = frame["y"] - frame["y_before"], frame["x"] - frame["x_before"]
    if lag < 0:  # a lead is asked of the years before a unit's first completion, where its completion is known
        begun = panel.frame().query("completion > 0").groupby("unit")["year"].min()
        known = panel.frame().query("dimension == @dimension").dropna(subset="completion")[["unit", "year"]]
        frame = frame[frame["year"] < frame["unit"].map(begun).fillna(np.inf)].merge(known, on=["unit", "year"])
    return frame.dropna()


def slow_slope(cells, form="levels"):
    """Slope per ten points and CR1 error by one formula line."""
    effects = "C(unit) + C(year)" if form == "levels" else "C(year)"
    fit = smf.ols(f"y ~ x + {effects}", cells).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(cells["unit"])[0]}
    )
    return fit.params["x"] / 10, fit.bse["x"] / 10


@pytest.mark.parametrize("form", ["levels", "differences"])
@pytest.mark.parametrize("lag", [0, 1, -1, 2])
@pytest.mark.parametrize("programmes", [24, 2])
def test_each_slope_and_error_is_that_of_statsmodels(programmes, lag, form):
    panel = make_panel(programmes)
    table = ask(panel, lag=lag, form=form, inference="clustered", override=True)
    for dimension in panel.dimensions:
        cells = slow_cells(panel, dimension, form, lag)
        slope, error = slow_slope(cells, form)
        row = table.loc[dimension]
        assert row["n"] == len(cells)
        assert [row["estimate"], row["se"]] == pytest.approx([slope, error], rel=1e-10, abs=1e-12)
    assert table.loc["mean", "estimate"] == pytest.approx(table.loc[list(panel.dimensions), "estimate"].mean())
    for column in ("n", "dropped"):
        assert table.loc["mean", column] == table.loc[list(panel.dimensions), column].sum()


@pytest.mark.parametrize("form", ["imputation", "levels", "differences"])
@pytest.mark.parametrize("programmes", [1, 8, 21])
def test_how_a_slope_is_judged_never_moves_it(programmes, form):
    panel = make_panel(programmes)
    clusters = {unit: i % 12 for i, unit in enumerate(panel.units)}
    answers = [
        pa.completion_slopes(panel, form=form, draws=99, override=True, **asked)
        for asked in (
            *({"inference": name} for name in ("auto", "bootstrap", "reassignment", "clustered")),
            {"clusters": clusters},
        )
    ]
    rows = [*panel.dimensions, "mean"]
    estimates = [answer.table.set_index("dimension").loc[rows, ["estimate", "n", "dropped"]] for answer in answers]
    for other in estimates[1:]:
        np.testing.assert_allclose(other.to_numpy(float), estimates[0].to_numpy(float), rtol=1e-12)
    alone = slope_estimates(panel, Specification(form=form))
    np.testing.assert_allclose(alone, estimates[0].loc[list(panel.dimensions), "estimate"], rtol=1e-12)


@pytest.mark.parametrize("form", ["levels", "differences"])
@pytest.mark.parametrize("above", [False, True])
def test_weights_and_clusters_are_those_of_statsmodels(form, above):
    panel = make_panel(24)
    rng = np.random.default_rng(3)
    weights = dict(zip(panel.units, rng.uniform(0.1, 5, 24), strict=True))
    clusters = {unit: f"region {i % 7}" for i, unit in enumerate(panel.units)} if above else None
    table = ask(panel, form=form, weights=weights, clusters=clusters, inference="clustered", override=True)
    effects = "C(unit) + C(year)" if form == "levels" else "C(year)"
    for dimension in panel.dimensions:
        cells = slow_cells(panel, dimension, form)
        groups = pd.factorize(cells["unit"].map(clusters) if above else cells["unit"])[0]
        fit = smf.wls(f"y ~ x + {effects}", cells, weights=cells["unit"].map(weights)).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
        found = table.loc[dimension, ["estimate", "se"]].to_numpy(float)
        assert found == pytest.approx([fit.params["x"] / 10, fit.bse["x"] / 10], rel=1e-9)


def stacked(panel):
    """All dimensions in one regression, each with its own slope and effects: model, clusters, (n, k, G) of each."""
    blocks, sizes = [], []
    for k, dimension in enumerate(panel.dimensions):
        cells = slow_cells(panel, dimension)
        effects = np.hstack(
            [pd.get_dummies(cells["unit"], dtype=float), pd.get_dummies(cells["year"], dtype=float, drop_first=True)]
        )
        own = np.zeros((len(cells), K))
        own[:, k] = cells["x"]
        blocks.append((cells, own, effects))
        sizes.append((len(cells), 1 + effects.shape[1], cells["unit"].nunique()))
    width = sum(effects.shape[1] for _, _, effects in blocks)
    rows, at = [], 0
    for _, own, effects in blocks:
        wide = np.zeros((len(own), width))
        wide[:, at : at + effects.shape[1]] = effects
        at += effects.shape[1]
        rows.append(np.hstack([own, wide]))
    y = np.concatenate([cells["y"] for cells, _, _ in blocks])
    groups = pd.factorize(pd.concat([cells["unit"] for cells, _, _ in blocks]))[0]
    fit = sm.OLS(y, np.vstack(rows))
    return fit, groups, sizes


def cr1_factor(n, k, G):
    return G / (G - 1) * (n - 1) / (n - k)


def test_error_of_the_mean_is_that_of_the_stacked_regression_but_for_its_factor():
    # Without gaps every equation has the same n, k and G, and so the same factor; the stacked regression has its own.
    panel = make_panel(24, gaps=0.0)
    model, groups, sizes = stacked(panel)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    whole = cr1_factor(len(model.endog), model.exog.shape[1], 24)
    (one,) = {cr1_factor(*size) for size in sizes}
    error = np.sqrt(fit.cov_params()[:K, :K].sum()) / K / 10
    row = ask(panel).loc["mean"]
    assert row["estimate"] == pytest.approx(fit.params[:K].mean() / 10, rel=1e-10)
    assert row["se"] == pytest.approx(error * np.sqrt(one / whole), rel=1e-10)
    assert one != pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize("programmes", [24, 2])
def test_error_of_the_mean_with_gaps_takes_each_equations_own_factor(programmes):
    panel = make_panel(programmes, seed=3)
    model, groups, sizes = stacked(panel)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    root = np.sqrt([cr1_factor(*size) for size in sizes])
    V = fit.cov_params()[:K, :K] * np.outer(root, root)
    row = ask(panel, inference="clustered", override=True).loc["mean"]
    assert row["se"] == pytest.approx(np.sqrt(V.sum()) / K / 10, rel=1e-10)
    assert len(set(np.round(root, 12))) == K


@pytest.mark.parametrize("form", ["levels", "differences"])
@pytest.mark.parametrize("programmes", [24, 2])
def test_a_constant_of_a_unit_and_a_shock_of_a_year_change_nothing(programmes, form):
    panel = make_panel(programmes)
    rng = np.random.default_rng(9)
    N = len(panel.units)
    moved = panel.scores + 100 * rng.normal(size=(N, 1, K)) + 100 * rng.normal(size=(1, T, K))
    other = dataclasses.replace(panel, scores=moved)
    columns = ["estimate", "se", "low", "high", "p"]
    before, after = (ask(one, form=form)[columns].to_numpy(float) for one in (panel, other))
    np.testing.assert_allclose(after, before, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("programmes", [24, 2])
def test_names_and_order_of_units_and_rows_change_nothing(programmes):
    panel = make_panel(programmes)
    frame = panel.frame()
    rng = np.random.default_rng(4)
    new = dict(zip(panel.units, rng.permutation([f"Đơn vị {i}" for i in range(len(panel.units))]), strict=True))
    frame = frame.assign(unit=frame["unit"].map(new)).sample(frac=1, random_state=1)
    scores = frame.drop(columns="completion").dropna()
    other = pa.Panel.from_frames(scores, frame.drop(columns="score"), dimensions=panel.dimensions)
    assert other.units != tuple(new[unit] for unit in panel.units)
    np.testing.assert_allclose(bare(other), bare(panel), rtol=1e-10)


def test_order_of_dimensions_only_reorders_the_rows():
    panel = make_panel(24)
    order = [2, 0, 1]
    other = dataclasses.replace(
        panel,
        scores=panel.scores[:, :, order],
        completion=panel.completion[:, :, order],
        dimensions=tuple(panel.dimensions[k] for k in order),
    )
    np.testing.assert_allclose(bare(other), bare(panel)[[*order, K]], rtol=1e-10)


def test_a_dimension_does_not_look_at_another():
    panel = make_panel(24)
    scores = panel.scores.copy()
    scores[:, :, 1] = scores[:, :, 1] ** 2
    before, after = bare(panel), bare(dataclasses.replace(panel, scores=scores))
    np.testing.assert_allclose(after[[0, 2]], before[[0, 2]], rtol=1e-12)
    assert (abs(after[1] - before[1]) > 1e-3).all()


@pytest.mark.parametrize("form", ["levels", "differences"])
def test_slopes_follow_the_units_of_score_and_completion(form):
    panel = make_panel(24)
    before = bare(panel, form=form)
    percent = bare(dataclasses.replace(panel, completion=100 * panel.completion), form=form)
    tenfold = bare(dataclasses.replace(panel, scores=-10 * panel.scores), form=form)
    np.testing.assert_allclose(100 * percent, before, rtol=1e-9)
    np.testing.assert_allclose(tenfold, before * [-10, 10], rtol=1e-9)


@pytest.mark.parametrize("lag", [1, 2])
def test_a_lag_is_completion_moved_by_hand(lag):
    panel = make_panel(24)
    by_hand = dataclasses.replace(
        panel, scores=panel.scores[:, lag:], completion=panel.completion[:, :-lag], years=panel.years[lag:]
    )
    np.testing.assert_allclose(bare(panel, lag=lag), bare(by_hand), rtol=1e-12)


@pytest.mark.parametrize("form", ["imputation", "levels", "differences"])
@pytest.mark.parametrize("lag", [-1, -2])
def test_a_lead_does_not_see_what_the_programme_did(form, lag):
    """Two points for full completion change no number: the placebo ends where a unit's programme begins."""
    panel = make_panel(8, gaps=0.0, start=2014)
    moved = dataclasses.replace(panel, scores=panel.scores + 2 * panel.completion)
    spec = Specification(lag=lag, form=form)
    np.testing.assert_array_equal(slope_estimates(moved, spec), slope_estimates(panel, spec))


def test_a_unit_that_goes_at_one_pace_has_a_programme_in_differences_too():
    panel = make_panel(1, gaps=0.0)
    done = np.zeros_like(panel.completion)
    done[0] = 0.1 * np.arange(1, T + 1)[:, None]
    answer = pa.completion_slopes(dataclasses.replace(panel, completion=done), form="differences", draws=99)
    assert answer.design.programme_units == 1


def test_a_lead_counts_holes_and_not_the_years_that_it_does_not_ask_about():
    panel = make_panel(8, gaps=0.0, start=2014)
    scores = panel.scores.copy()
    scores[20, 1, 0] = np.nan
    table = ask(dataclasses.replace(panel, scores=scores), lag=-1)
    asked = 16 * (T - 1) + 8 * 3  # others up to the last year but one; programme units in the three years before 2014
    assert table.loc["D1", ["n", "dropped"]].tolist() == [asked - 1, 1]
    assert table.loc["D2", ["n", "dropped"]].tolist() == [asked, 0]


def test_a_lead_is_completion_moved_the_other_way_and_called_a_placebo():
    panel = make_panel(24)
    before = np.where((panel.completion == 0) & (np.arange(T) < 2)[:, None], panel.scores, np.nan)
    by_hand = dataclasses.replace(
        panel, scores=before[:, :-1], completion=panel.completion[:, 1:], years=panel.years[:-1]
    )
    np.testing.assert_allclose(bare(panel, lag=-1), bare(by_hand), rtol=1e-12)
    lead, lag = (
        " ".join(map(str, pa.completion_slopes(panel, form="levels", draws=99, lag=years).notes)) for years in (-1, 1)
    )
    assert "placebo, for the future" in lead
    assert "placebo, for the future" not in lag


def test_gaps_and_the_cells_that_cannot_be_used_are_counted():
    panel = make_panel(24)
    table = ask(panel)
    for k, dimension in enumerate(panel.dimensions):
        known = int(panel.usable[:, :, k].sum())
        assert table.loc[dimension, ["n", "dropped"]].tolist() == [known, 24 * T - known]
    notes = " ".join(map(str, pa.completion_slopes(panel, draws=99).notes))
    assert f"{(~panel.usable).sum()} of {panel.usable.size} cells could not be used" in notes


def with_and_without(published, simulated, units, slopes):
    """Panels that differ in nothing but the slopes that were put in."""
    made = simulated(units, slopes)
    return made, dataclasses.replace(made, scores=np.where(np.isfinite(made.scores), published.scores, np.nan))


@pytest.mark.parametrize("form", ["levels", "differences"])
@pytest.mark.parametrize(("units", "slopes"), [(63, 0.05), (2, (0.3, -0.2, 0.1, 0.0, 0.05, 0.15))])
def test_a_slope_that_was_put_in_comes_out_exactly(panel, simulated, units, slopes, form):
    panel, empty_panel = with_and_without(panel, simulated, units, slopes)
    truth = np.broadcast_to(slopes, len(panel.dimensions))
    found, empty = bare(panel, form=form), bare(empty_panel, form=form)
    np.testing.assert_allclose(found[:, 0] - empty[:, 0], [*truth, truth.mean()], atol=1e-10)
    np.testing.assert_allclose(found[:, 1], empty[:, 1], rtol=1e-8)


def test_a_slope_at_the_wrong_lag_does_not_come_out(panel, simulated):
    # The same check must fail where it should: what was put in this year is not what last year's completion finds.
    panel, empty_panel = with_and_without(panel, simulated, 63, 0.05)
    moved = bare(panel, lag=1)[:, 0] - bare(empty_panel, lag=1)[:, 0]
    assert (abs(moved - 0.05) > 1e-3).all()


def test_too_few_units_for_a_p_value_print_none_and_say_why():
    panel = make_panel(1, N=12, gaps=0.0)
    answer = pa.completion_slopes(panel, draws=99)
    rows = answer.table.set_index("dimension").loc[[*panel.dimensions, "mean"]]
    assert rows[["p", "low", "high"]].isna().all(axis=None)
    assert rows["estimate"].notna().all()
    assert any("No p-value or interval is printed" in str(note) for note in answer.notes)
    assert answer.tests.empty


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1, float("nan")])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(pa.SpecError, match="level"):
        pa.completion_slopes(make_panel(24), level=level)


def test_questions_that_cannot_be_asked_are_refused():
    panel = make_panel(24)
    with pytest.raises(pa.SpecError, match="'levels' or 'differences'"):
        pa.completion_slopes(panel, form="growth")
    for lag in (T - 1, -(T - 1), 50):
        with pytest.raises(pa.SpecError, match="years"):
            pa.completion_slopes(panel, lag=lag)
    with pytest.raises(pa.SpecError, match="lag"):
        pa.completion_slopes(panel, lag=1.5)


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_completion_that_does_not_vary_has_no_slope(value):
    panel = make_panel(24, gaps=0.0)
    completion = panel.completion.copy()
    completion[:, :, 1] = value
    with pytest.raises(pa.SpecError, match="D2"):
        pa.completion_slopes(dataclasses.replace(panel, completion=completion))
    with pytest.raises(pa.SpecError):
        pa.completion_slopes(dataclasses.replace(panel, completion=np.full_like(completion, value)))


def test_the_same_completion_for_all_is_a_year_effect_and_has_no_slope():
    panel = make_panel(24, gaps=0.0)
    same = np.broadcast_to(panel.completion[:1], panel.completion.shape)
    with pytest.raises(pa.SpecError):
        pa.completion_slopes(dataclasses.replace(panel, completion=same))


def test_what_cannot_be_judged_is_named():
    panel = make_panel(24, gaps=0.0)
    panel = dataclasses.replace(panel, units=tuple(f"{place + 7}" for place in range(len(panel.units))))
    unit = panel.programme_units[-1]
    for form in ("imputation", "levels"):
        with pytest.raises(pa.SpecError, match=f"unit {unit} is excluded from receiving"):
            pa.completion_slopes(panel, form=form, excluded=[unit], inference="reassignment", draws=49)
    scores = panel.scores.copy()
    scores[:, :, 1] = 50.0 + np.arange(T)
    for form in ("imputation", "levels"):
        with pytest.raises(pa.SpecError, match="dimension D2 leaves no error"):
            pa.completion_slopes(dataclasses.replace(panel, scores=scores), form=form, draws=49)


@pytest.mark.parametrize("form", ["imputation", "levels", "differences"])
@pytest.mark.parametrize("declared", [1, 4])
def test_units_that_were_not_declared_to_be_without_a_programme_are_the_reason(form, declared):
    panel = make_panel(24, gaps=0.0)
    completion = np.full_like(panel.completion, np.nan)
    completion[:declared] = np.arange(T)[:, None] / T
    words = rf"Completion of {24 - declared} of 24 units is not known in any year.*without_programme"
    with pytest.raises(pa.SpecError, match=words):
        pa.completion_slopes(dataclasses.replace(panel, completion=completion), form=form)
    completion[declared:] = 0.0
    pa.completion_slopes(dataclasses.replace(panel, completion=completion), form="levels", draws=49)


@pytest.mark.parametrize("part", ["scores", "completion"])
def test_a_dimension_without_cells_is_named(part):
    panel = make_panel(24)
    values = getattr(panel, part).copy()
    values[:, :, 2] = np.nan
    with pytest.raises(pa.SpecError, match="dimension D3 has no cell"):
        pa.completion_slopes(dataclasses.replace(panel, **{part: values}))


@pytest.mark.parametrize("years", [(None, None), (2012, 2016)])
@pytest.mark.parametrize("programmes", [24, 2])
def test_change_slopes_are_plain_least_squares(programmes, years):
    panel = make_panel(programmes)
    answer = pa.change_slopes(panel, *years)
    changes = score_changes(panel, *years)
    for row in answer.table.itertuples():
        cells = changes[changes["dimension"] == row.dimension]
        x, y = cells["completion_change"], cells["score_change"]
        slope, intercept = np.polyfit(x, y, 1)
        assert [10 * row.estimate, row.intercept] == pytest.approx([slope, intercept], rel=1e-9, abs=1e-12)
        assert row.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)
        assert row.n == len(cells)
    pd.testing.assert_frame_equal(answer.cells, changes)
    assert list(answer.table["dimension"]) == list(panel.dimensions)


def test_change_slopes_by_hand():
    scores = pd.DataFrame(
        {
            "unit": ["a", "a", "b", "b", "c", "c"],
            "year": [1, 2] * 3,
            "dimension": "D",
            "score": [5.0, 5.0, 5.0, 6.0, 4.0, 6.0],
        }
    )
    done = pd.DataFrame(
        {"unit": ["b", "b", "c", "c"], "year": [1, 2] * 2, "dimension": "D", "completion": [0, 0.5, 0, 1]}
    )
    row = pa.change_slopes(pa.Panel.from_frames(scores, done, without_programme=["a"])).row("D")
    # Changes (0, 0), (0.5, 1), (1, 2): two points of score for all of completion, 0.2 for a tenth of it.
    assert [row["estimate"], row["intercept"], row["correlation"], row["n"]] == pytest.approx([0.2, 0, 1, 3])


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_change_slopes_are_missing_where_completion_stands_still(value):
    panel = make_panel(24)
    completion = panel.completion.copy()
    completion[:, :, 1] = np.where(np.isnan(completion[:, :, 1]), np.nan, value)
    table = pa.change_slopes(dataclasses.replace(panel, completion=completion)).table.set_index("dimension")
    assert table.loc["D2", ["estimate", "intercept", "correlation"]].isna().all()
    assert table.loc["D2", "n"] > 0
    assert table.loc[["D1", "D3"]].notna().all(axis=None)


def test_change_slopes_where_scores_stand_still():
    panel = make_panel(24, gaps=0.0)
    scores = panel.scores.copy()
    scores[:, :, 0] = 5.0
    row = pa.change_slopes(dataclasses.replace(panel, scores=scores)).row("D1")
    assert row["estimate"] == 0
    assert np.isnan(row["correlation"])


@pytest.mark.filterwarnings("error")
def test_change_slopes_of_a_dimension_without_changes_are_missing():
    panel = make_panel(24)
    scores = panel.scores.copy()
    scores[:, :, 2] = np.nan
    row = pa.change_slopes(dataclasses.replace(panel, scores=scores)).row("D3")
    assert row[["estimate", "intercept", "correlation"]].isna().all()
    assert row["n"] == 0


def test_simulated_inputs_and_names_travel(panel):
    for answer in (pa.completion_slopes(panel, draws=99), pa.change_slopes(panel)):
        assert answer.simulated_tables == panel.simulated_tables == ("tasks", "progress")
        assert answer.names["VN-CT"][0] == "Can Tho"
