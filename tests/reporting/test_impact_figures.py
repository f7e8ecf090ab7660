"""Figures of counterfactuals: what is drawn is what was answered, in both languages."""

from __future__ import annotations

import dataclasses
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.impact_figures import draw_event_time, draw_impact, draw_reversion, draw_weights
from papi_analysis.reporting.marks import SHADE


@pytest.fixture(scope="module")
def gaps(panel) -> pa.Estimates:
    return pa.programme_impact(panel, "VN-CT", 2018, 2020)


@pytest.fixture(scope="module")
def common(panel) -> pa.Estimates:
    return pa.programme_impact(panel, "VN-CT", 2018, 2020, method="common_weights")


@pytest.fixture(scope="module")
def reversion(panel) -> pa.Estimates:
    return pa.regression_to_the_mean(panel, "VN-CT", 2016)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_impact_draws_actual_counterfactual_and_every_placebo(gaps, language) -> None:
    axes = np.ravel(draw_impact(gaps, language=language))
    for ax, dimension in zip(axes, gaps.table["dimension"].iloc[:6], strict=True):
        cells = gaps.cells[gaps.cells["dimension"] == dimension]
        own = cells[cells["row"] == 0]
        lines = ax.lines
        assert len(lines) == 59 + 2
        assert lines[59].get_ydata() == pytest.approx(own["counterfactual"].to_numpy())
        assert lines[60].get_ydata() == pytest.approx(own["actual"].to_numpy())
        third = cells[cells["row"] == 3]["gap"].to_numpy()
        assert lines[2].get_ydata() - own["counterfactual"].to_numpy() == pytest.approx(third)
    alt = alternative(figure_of(axes))
    shown = f"{gaps.row('D4')['estimate']:.2f}"
    assert (shown if language == "en" else shown.replace(".", ",")) in alt
    assert "MÔ PHỎNG" not in alt
    assert "SIMULATED" not in alt


def key_of(ax) -> list[str]:
    """What stands in the key above the panels."""
    return [text.get_text() for text in figure_of(ax).legends[0].get_texts()]


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("name", ["Texas", "_a unit whose long name " + 8 * "goes on and on "])
def test_no_key_lies_over_a_panel_however_long_the_name(gaps, language, name) -> None:
    answer = dataclasses.replace(gaps, names={**gaps.names, "VN-CT": (name, name)}, simulated_tables=("scores",))
    for axes in (draw_impact(answer, language=language), draw_event_time(pa.event_time(answer), language=language)):
        figure = figure_of(axes)
        figure.canvas.draw()
        assert " ".join(key_of(axes)[0].split()) in f"{name} "
        assert not np.ravel(axes)[0].texts
        key = figure.legends[0].get_window_extent()
        assert not any(key.overlaps(ax.get_tightbbox()) for ax in np.ravel(axes))
        assert not key.overlaps(figure._suptitle.get_window_extent())
        assert figure.bbox.y1 >= key.y1


def test_placebos_are_named_where_they_are_drawn(panel, gaps) -> None:
    by_t = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge")
    for answer, lines, language in ((gaps, 59 + 2, "en"), (gaps, 59 + 2, "vi"), (by_t, 2, "vi")):
        word = {"en": "placebos", "vi": "kiểm định giả dược"}[language]
        first = np.ravel(draw_impact(answer, language=language))[0]
        labels = key_of(first)
        assert any({"en": "counterfactual", "vi": "giả định"}[language] in label for label in labels)
        assert any(word in label for label in labels) == (len(first.lines) > 2)
        assert len(first.lines) == lines


@pytest.mark.parametrize("language", ["en", "vi"])
def test_weights_are_the_means_over_dimensions(common, language) -> None:
    ax = draw_weights(common, language=language)
    weights = common.design.weights.groupby("unit")["weight"].sum() / 6
    drawn = sorted(bar.get_width() for bar in ax.patches)
    assert drawn == pytest.approx(sorted(weights)[-15:])
    assert sum(drawn) == pytest.approx(1, abs=1e-6)


def test_weights_of_a_regression_are_counted_and_those_below_zero_said(gaps) -> None:
    weights = gaps.design.weights.groupby("unit")["weight"].sum() / 6
    ax = draw_weights(gaps)
    assert sorted(bar.get_width() for bar in ax.patches) == pytest.approx(sorted(weights)[-15:])
    below = int((weights < 0).sum())
    assert below > 0
    assert ax.get_xlabel() == f"Weight of the donors (the 15 heaviest of 59; {below} below 0)"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_reversion_draws_units_line_and_the_unit(reversion, language) -> None:
    ax = draw_reversion(reversion, language=language)
    cells = reversion.cells[reversion.cells["dimension"] == "total"]
    others, leant, own = ax.collections
    assert len(others.get_offsets()) == len(cells) - 1
    place = np.asarray(own.get_offsets())[0]
    row = reversion.row("total")
    ring = cells[cells["unit"] == row["leans_on"]][["from_mean", "change"]].to_numpy()
    np.testing.assert_allclose(leant.get_offsets(), ring)
    assert ax.lines[2].get_ydata() == pytest.approx([row["low"], row["high"]])
    assert place.tolist() == pytest.approx([row["from_mean"], row["change"]])
    x, y = ax.lines[1].get_data()
    assert np.interp(row["from_mean"], x, y) == pytest.approx(row["expected"])
    assert ("Cần Thơ" if language == "vi" else "Can Tho") in alternative(figure_of(ax))


@pytest.mark.parametrize("language", ["en", "vi"])
def test_sentences_say_the_tables_numbers(gaps, reversion, language) -> None:
    def write(value: float, digits: int) -> str:
        text = f"{value:.{digits}f}"
        return text if language == "en" else text.replace(".", ",")

    words = pa.sentence(gaps, language=language)
    mean = gaps.row("mean")
    for value, digits in ((abs(mean["estimate"]), 2), (mean["low"], 2), (mean["p"], 3), (mean["high"], 2)):
        assert write(value, digits) in words
    total = reversion.row("total")
    words = pa.sentence(reversion, language=language)
    for name in ("change", "expected", "low", "high"):
        assert write(total[name], 2) in words


# What every figure must be: marked, readable, where it was told, about any study


def one_each(answer, reversion, **settings) -> dict:
    return {
        "impact": draw_impact(answer, **settings),
        "weights": draw_weights(answer, **settings),
        "reversion": draw_reversion(reversion, **settings),
    }


def shaded(ax) -> list[tuple[float, float]]:
    """First and last place of each span that is shaded."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width())
        for bar in ax.patches
        if to_hex(bar.get_facecolor()) == SHADE.lower()
    ]


def test_the_years_of_the_programme_are_shaded_in_the_calendar_and_since_its_start(gaps) -> None:
    for drawn, years in (
        (draw_impact(gaps), (2017.5, 2020.5)),
        (draw_event_time(pa.event_time(gaps)), (-0.5, 2.5)),
    ):
        assert [shaded(ax) for ax in np.ravel(drawn)] == [[years]] * 6
        assert "Shaded: the years of the programme" in figure_of(drawn).get_supxlabel()


def texts_of(drawn) -> list[Text]:
    """The texts that a figure shows once it is rendered: no hidden ones, no ticks beyond the axes."""
    figure = figure_of(drawn)
    figure.draw_without_rendering()
    hidden = {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    texts = figure.findobj(Text)
    return [text for text in texts if text.get_text().strip() and text.get_visible() and text not in hidden]


@pytest.fixture(scope="module")
def elsewhere() -> tuple[pa.Estimates, pa.Estimates]:
    """Schools with dollar signs in their names, and four years; a pair of dollars is no formula."""
    rng = np.random.default_rng(4)
    index = pd.MultiIndex.from_product([[f"school {i}" for i in range(24)], range(1, 5), ["money", "x < y & {z}"]])
    cells = index.to_frame(index=False, name=["unit", "year", "dimension"]).assign(completion=0.0)
    names = {f"school {i}": (rf"School $\frac{{$ {i}", rf"Trường $\frac{{$ {i}") for i in range(24)}
    names["money"] = (r"Cost $\frac{1}{$ of a place", "")
    scores = cells.drop(columns="completion").assign(score=40 + 20 * rng.random(len(cells)))
    panel = pa.Panel.from_frames(scores, cells, names=names)
    return pa.programme_impact(panel, "school 3", 4), pa.regression_to_the_mean(panel, "school 3", 2)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_another_study_is_drawn_with_its_own_names(elsewhere, papi_words, language) -> None:
    for name, drawn in one_each(*elsewhere, language=language).items():
        said = " ".join(text.get_text() for text in texts_of(drawn)) + alternative(figure_of(drawn))
        assert {"en": "School", "vi": "Trường"}[language] + r" $\frac{$ " in said, name
        assert not [word for word in papi_words if word in said], name
    impact = draw_impact(elsewhere[0], language=language)
    assert [ax.get_visible() for ax in np.ravel(impact)] == [True, True, False]
    assert "x < y & {z}: " in alternative(figure_of(impact))


def test_years_are_whole_on_short_panels(elsewhere) -> None:
    axes = draw_impact(elsewhere[0])
    figure_of(axes).draw_without_rendering()
    labels = [label.get_text() for ax in np.ravel(axes)[:2] for label in ax.get_xticklabels()]
    assert {"1", "2", "3", "4"} <= set(labels)
    assert not [label for label in labels if "." in label]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_made_up_scores_are_marked_on_the_figure_and_in_its_text(gaps, reversion, language) -> None:
    words = {"en": "SIMULATED: scores", "vi": "MÔ PHỎNG: điểm số"}[language]
    answers = [dataclasses.replace(answer, simulated_tables=("scores",)) for answer in (gaps, reversion)]
    for name, drawn in one_each(*answers, language=language).items():
        assert words in [text.get_text() for text in figure_of(drawn).findobj(Text)], name
        assert words in alternative(figure_of(drawn)), name
    assert all(words in pa.sentence(answer, language=language) for answer in answers)


def test_figures_go_where_they_are_told(gaps, reversion) -> None:
    figure, axes = plt.subplots(2, 3)
    assert draw_impact(gaps, axes=axes) is axes
    assert all(ax.has_data() for ax in axes.ravel())
    one, (left, right) = plt.subplots(1, 2)
    assert draw_weights(gaps, ax=left) is left
    assert draw_reversion(reversion, ax=right) is right
    assert plt.get_fignums() == [figure.number, one.number]
    assert "Bar chart of donor weights" in alternative(one)
    assert "Scatter plot of change" in alternative(one)


def test_an_unknown_language_is_refused_before_anything_is_drawn(gaps, reversion) -> None:
    for draw, answer in ((draw_impact, gaps), (draw_weights, gaps), (draw_reversion, reversion)):
        with pytest.raises(pa.SpecError, match="language"):
            draw(answer, language="fr")
    assert not plt.get_fignums()


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "vi"])  # whose words are longer
def test_words_lie_neither_on_one_another_nor_off_the_figure(panel, gaps, language) -> None:
    """A unit that started in a trough stands at the left end of its line, one from a peak at the right."""
    trough, peak = (pa.regression_to_the_mean(panel, "VN-CT", base, base + 3) for base in (2014, 2016))
    figures = one_each(gaps, trough, language=language) | {"from a peak": draw_reversion(peak, language=language)}
    for name, drawn in figures.items():
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(drawn)]
        assert len(boxes) > 10
        figure = figure_of(drawn)
        shown = " ".join([alternative(figure), *(words for words, _ in boxes)])
        assert not re.search("simulated|mô phỏng", shown, re.IGNORECASE)
        whole = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
        for place, (words, box) in enumerate(boxes):
            assert whole.x0 - 1 <= box.x0, (name, words)
            assert box.x1 <= whole.x1 + 1, (name, words)
            on = [
                other
                for other, under in boxes[:place]
                if min(box.x1, under.x1) - max(box.x0, under.x0) > 1
                and min(box.y1, under.y1) - max(box.y0, under.y0) > 2
            ]
            assert not on, (name, words, on)


def test_text_alternatives_say_every_gap_and_weight(gaps, common) -> None:
    listed = alternative(figure_of(draw_impact(gaps))).rpartition("(joint p): ")[2]
    table = gaps.table.iloc[:6]
    expected = [f"{row.dimension}: {row.estimate:z.2f} ({row.p_joint:.3f})" for row in table.itertuples()]
    assert listed == "; ".join(expected) + "."
    assert "from 2018 to 2020" in alternative(figure_of(draw_impact(gaps)))
    weights = common.design.weights.groupby("unit")["weight"].sum().sort_values(ascending=False) / 6
    named = [f"{gaps.names[unit][0]}: {100 * weight:.1f}%" for unit, weight in weights.items()]
    assert alternative(figure_of(draw_weights(common))).endswith(": " + "; ".join(named) + ".")
    ax = draw_weights(common, most=3)
    assert len(ax.patches) == 3
    assert [label.get_text() for label in ax.get_yticklabels()] == [name.partition(":")[0] for name in named[:3]]
    assert [text.get_text() for text in ax.texts] == [name.partition(": ")[2] for name in named[:3]]


def test_tiny_p_values_are_no_zeros(gaps) -> None:
    table = gaps.table.assign(p_joint=0.0002)
    axes = draw_impact(dataclasses.replace(gaps, table=table))
    assert alternative(figure_of(axes)).count("(< 0.001)") == 6
    assert all(ax.get_title(loc="left").endswith("joint p < 0.001") for ax in np.ravel(axes))


def test_without_a_p_value_a_dash_stands_in_its_place(panel) -> None:
    kept = {"VN-CT", "VN-HN", "VN-HP", "VN-DN", "VN-SG", "VN-01"}
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020, without=[u for u in panel.units if u not in kept])
    axes = np.ravel(draw_impact(answer))
    assert all(ax.get_title(loc="left").endswith("joint p –") for ax in axes)
    assert len(axes[0].lines) == 5 + 2
    assert "nan" not in alternative(figure_of(axes)).lower()


def test_each_dimension_can_have_its_reversion_drawn(reversion) -> None:
    for dimension in reversion.table["dimension"]:
        ax = draw_reversion(reversion, dimension)
        row = reversion.row(dimension)
        others, _, own = ax.collections
        cells = reversion.cells[reversion.cells["dimension"] == dimension]
        assert np.asarray(own.get_offsets()).tolist() == [[row["from_mean"], row["change"]]]
        shown = np.asarray(others.get_offsets())
        assert shown == pytest.approx(cells.loc[cells["unit"] != "VN-CT", ["from_mean", "change"]].to_numpy())
        slope, intercept = np.polyfit(*shown.T, 1)
        x, y = ax.lines[1].get_data()
        assert y == pytest.approx(intercept + slope * x)
        for name in ("from_mean", "change", "expected"):
            assert f"{row[name]:z.2f}" in alternative(figure_of(ax))


def test_programmes_that_started_in_different_years_are_drawn_by_years_since(panel) -> None:
    answer = pa.programme_impact(panel, {"VN-CT": 2018, "VN-HN": 2016}, end=2020, method="did", draws=19)
    drawn, asked = (np.ravel(axes)[3] for axes in (draw_impact(answer), draw_event_time(pa.event_time(answer))))
    assert [line.get_xydata().tolist() for line in drawn.lines] == [line.get_xydata().tolist() for line in asked.lines]
    first = np.ravel(draw_impact(answer, language="vi"))[0]
    assert "Cần Thơ, Hà Nội" in key_of(first)


def test_several_units_with_one_start_are_drawn_by_the_calendar(panel) -> None:
    answer = pa.programme_impact(panel, ["VN-CT", "VN-HN"], 2018, 2020, method="did", draws=19)
    ax = np.ravel(draw_impact(answer))[3]
    own = answer.cells.query("row == 0 and dimension == 'D4'")
    assert ax.lines[20].get_ydata() == pytest.approx(own["actual"].to_numpy())
    assert ax.lines[19].get_ydata() == pytest.approx((own["actual"] - own["gap"]).to_numpy())
    assert shaded(ax) == [(2017.5, 2020.5)]
