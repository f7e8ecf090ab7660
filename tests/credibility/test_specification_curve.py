"""The specification curve: every combination, in order, judged by the reassignments that all of them share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.estimation.multiplicity import counts
from papi_analysis.reporting.specification_figures import draw_specification_curve


@pytest.fixture(scope="module")
def curve(panel) -> pa.Estimates:
    choices = {
        "method": ["did", "synthetic_control", "lee_wooldridge"],
        "before": {"all years": None, "2014-2017": (2014, 2017)},
    }
    return pa.specification_curve(partial(pa.programme_impact, panel, "VN-CT", 2018, 2020), choices)


def test_every_row_is_the_direct_answer(panel, curve) -> None:
    assert len(curve.table) == 6
    years = {"all years": None, "2014-2017": (2014, 2017)}
    for row in curve.table.to_dict("records"):
        direct = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=row["method"], before=years[row["before"]])
        for dimension in (*panel.dimensions, "mean"):
            assert row[dimension] == pytest.approx(direct.row(dimension)["estimate"])
        assert row["p"] == pytest.approx(direct.row("mean")["p"])
        assert row["peers"] == pytest.approx(direct.row("mean")["peers"])
    assert curve.table["mean"].round(12).is_monotonic_increasing
    assert curve.design.below == pytest.approx((curve.table["mean"] < 0).mean())


def test_equal_answers_stand_in_the_order_of_the_choices(panel) -> None:
    """Otherwise the last places of a sum, which no two machines share, would order them."""
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did")
    steps = {str(number): step for number, step in enumerate([2e-16, -2e-16, 0.0, 1e-16])}

    def ask(step: float) -> pa.Estimates:
        return replace(answer, table=answer.table.assign(estimate=answer.table["estimate"] + step))

    assert pa.specification_curve(ask, {"step": steps}).table["step"].tolist() == [*steps]


def test_the_joint_test_ranks_the_median_over_units_by_hand(panel, curve) -> None:
    medians: dict[str, list[float]] = {}
    for method in ("did", "synthetic_control"):
        for before in (None, (2014, 2017)):
            answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, method=method, before=before)
            engine = answer.engines[0]
            for unit, draw in zip(engine.units[:, 0], engine.draws, strict=True):
                medians.setdefault(panel.units[unit], []).append(draw.mean())
    shared = {unit: np.median(values) for unit, values in medians.items() if len(values) == 4}
    expected = counts([shared["VN-CT"]], np.array(list(shared.values()))[:, None])[0] / len(shared)
    assert curve.tests["p"].iloc[0] == pytest.approx(expected)
    assert f"{len(shared)} reassignments" in pa.remarks(curve)


def test_slopes_share_their_reassignments(panel) -> None:
    curve = pa.specification_curve(
        partial(pa.completion_slopes, panel), {"lag": [0, 1], "form": ["levels", "differences"]}
    )
    assert len(curve.table) == 4
    assert (curve.tests["p"].iloc[0] * 63) % 1 == pytest.approx(0, abs=1e-9)
    assert curve.simulated


def test_a_gap_put_into_every_dimension_is_found_by_the_curve(panel) -> None:
    scores = panel.scores.copy()
    t = panel.position("year", 2018)
    scores[panel.position("unit", "VN-CT"), t:] += 1.5
    moved = pa.Panel(scores, panel.completion, panel.units, panel.years, panel.dimensions, panel.breaks, ())
    ask = partial(pa.programme_impact, moved, "VN-CT", 2018, 2020)
    curve = pa.specification_curve(ask, {"method": ["did", "synthetic_control"]})
    assert curve.tests["p"].iloc[0] == pytest.approx(1 / 60)
    assert curve.design.below == 0.0


def test_impossible_combinations_are_counted_not_hidden(panel) -> None:
    ask = partial(pa.programme_impact, panel, "VN-CT", 2018, 2020)
    curve = pa.specification_curve(ask, {"method": ["did", "synthetic_control"], "before": {"2016": (2016, 2016)}})
    assert len(curve.table) == 1
    assert "1 combination(s)" in pa.remarks(curve)
    with pytest.raises(pa.SpecError, match="no combination"):
        pa.specification_curve(ask, {"method": ["synthetic_control"], "before": {"2016": (2016, 2016)}})


@pytest.mark.parametrize("choices", [{}, {"method": []}])
def test_an_empty_grid_is_refused(panel, choices) -> None:
    with pytest.raises(pa.SpecError, match="empty"):
        pa.specification_curve(partial(pa.programme_impact, panel, "VN-CT", 2018, 2020), choices)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_figure_and_sentence(curve, language) -> None:
    above, below = draw_specification_curve(curve, language=language)
    drawn = np.concatenate([np.asarray(dots.get_offsets())[:, 1] for dots in above.collections[1:]])
    assert np.sort(drawn) == pytest.approx(curve.table["mean"].to_numpy())
    assert sum(len(dots.get_offsets()) for dots in below.collections) == 2 * len(curve.table)
    assert "6" in above.figure.get_label()
    words = pa.sentence(curve, language=language)
    assert "100%" in words
    assert ("ways" in words) == (language == "en")


def test_a_function_of_ones_own_that_fails_or_answers_otherwise_is_refused(panel) -> None:
    answers = {"empty": lambda: None, "table": pd.DataFrame, "changes": lambda: pa.change_slopes(panel)}
    for name, kind in (("empty", "NoneType"), ("table", "DataFrame"), ("changes", "change_slopes")):
        with pytest.raises(pa.SpecError, match=f"must give the answer .* not one of {kind}"):
            pa.specification_curve(lambda way: answers[way](), {"way": [name]})
    with pytest.raises(pa.SpecError, match="for way=0 the function failed: ZeroDivisionError"):
        pa.specification_curve(lambda way: 1 / way, {"way": [0]})
