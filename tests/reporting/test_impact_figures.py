"""Figures of counterfactuals: what is drawn is what was answered, in both languages."""

from __future__ import annotations

import numpy as np
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of, png


@pytest.fixture(scope="module")
def panel() -> pa.Panel:
    return pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))


@pytest.fixture(scope="module")
def gaps(panel) -> pa.Estimates:
    return pa.programme_impact(panel, "VN-CT", 2018, 2020)


@pytest.fixture(scope="module")
def reversion(panel) -> pa.Estimates:
    return pa.regression_to_the_mean(panel, "VN-CT", 2016)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_impact_draws_actual_counterfactual_and_every_placebo(gaps, language) -> None:
    axes = np.ravel(pa.draw_impact(gaps, language=language))
    for ax, dimension in zip(axes, gaps.table["dimension"].iloc[:6], strict=True):
        cells = gaps.cells[gaps.cells["dimension"] == dimension]
        own = cells[cells["row"] == 0]
        lines = ax.lines
        assert len(lines) == 59 + 3
        assert lines[59].get_ydata() == pytest.approx(own["counterfactual"].to_numpy())
        assert lines[60].get_ydata() == pytest.approx(own["actual"].to_numpy())
        third = cells[cells["row"] == 3]["gap"].to_numpy()
        assert lines[2].get_ydata() - own["counterfactual"].to_numpy() == pytest.approx(third)
    alt = alternative(figure_of(axes))
    shown = f"{gaps.row('D4')['estimate']:.2f}"
    assert (shown if language == "en" else shown.replace(".", ",")) in alt
    assert "MÔ PHỎNG" not in alt
    assert "SIMULATED" not in alt


@pytest.mark.parametrize("language", ["en", "vi"])
def test_weights_are_the_means_over_dimensions(gaps, language) -> None:
    ax = pa.draw_weights(gaps, language=language)
    weights = gaps.design["weights"].groupby("unit")["weight"].sum() / 6
    drawn = sorted(bar.get_width() for bar in ax.patches)
    assert drawn == pytest.approx(sorted(weights)[-15:])
    assert sum(drawn) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_reversion_draws_units_line_and_the_unit(reversion, language) -> None:
    ax = pa.draw_reversion(reversion, language=language)
    cells = reversion.cells[reversion.cells["dimension"] == "total"]
    others, own = ax.collections
    assert len(others.get_offsets()) == len(cells) - 1
    place = np.asarray(own.get_offsets())[0]
    row = reversion.row("total")
    assert place.tolist() == pytest.approx([row["from_mean"], row["change"]])
    x, y = ax.lines[1].get_data()
    assert np.interp(row["from_mean"], x, y) == pytest.approx(row["expected"])
    assert ("Cần Thơ" if language == "vi" else "Can Tho") in alternative(figure_of(ax))


def test_the_same_bytes_twice(gaps) -> None:
    first, second = (png(figure_of(pa.draw_weights(gaps))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("language", ["en", "vi"])
def test_sentences_say_the_tables_numbers(gaps, reversion, language) -> None:
    def write(value: float, digits: int) -> str:
        text = f"{value:.{digits}f}"
        return text if language == "en" else text.replace(".", ",")

    words = pa.sentence(gaps, language=language)
    mean = gaps.row("mean")
    for value, digits in ((mean["estimate"], 2), (mean["low"], 2), (mean["p"], 3), (mean["detectable"], 2)):
        assert write(value, digits) in words
    total = reversion.row("total")
    words = pa.sentence(reversion, language=language)
    for name in ("change", "expected", "low", "high"):
        assert write(total[name], 2) in words


def test_simulated_scores_mark_figure_and_sentence(panel) -> None:
    made_up = pa.Panel.from_study(pa.simulate_study(panel, 0.05, units=3, rng=1))
    answer = pa.programme_impact(made_up, "VN-CT", 2018, 2020, method="did")
    assert "SIMULATED: scores" in alternative(figure_of(pa.draw_impact(answer)))
    assert "SIMULATED: scores" in pa.sentence(answer)
