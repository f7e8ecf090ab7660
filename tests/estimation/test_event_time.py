"""Gaps by years since the start: against gaps asked one by one, the placebos' band, effects that are put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.impact_figures import draw_event_time

STARTS = {"VN-HN": 2016, "VN-CT": 2018, "VN-HP": 2016}


def test_one_start_is_the_calendar_counted_from_it(panel) -> None:
    gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    table = pa.event_time(gaps).table
    own = gaps.cells.query("row == 0 and dimension == 'D2'")
    assert table.query("dimension == 'D2'")["since"].tolist() == list(range(-7, 3))
    assert table.query("dimension == 'D2'")["estimate"].tolist() == pytest.approx(own["gap"].tolist())
    late = table.query("since >= 0").groupby("dimension")["estimate"].mean()
    assert late["mean"] == pytest.approx(gaps.row("mean")["estimate"])


@pytest.mark.parametrize("method", ["lagged_outcome", "did", "common_weights"])
def test_several_starts_are_the_mean_of_units_asked_one_by_one(panel, method) -> None:
    answer = pa.programme_impact(panel, STARTS, end=2020, method=method, draws=19)
    table = pa.event_time(answer).table.query("dimension == 'D4'").set_index("since")
    each = {}
    for unit, start in STARTS.items():
        others = [other for other in STARTS if other != unit]
        alone = pa.programme_impact(panel, unit, start, 2020, method=method, without=others)
        each[unit] = alone.cells.query("row == 0 and dimension == 'D4'").set_index("since")["gap"]
    for since in range(-7, 5):
        found = [path[since] for path in each.values() if since in path.index]
        assert table.loc[since, "estimate"] == pytest.approx(np.mean(found), abs=1e-9)
        assert table.loc[since, "units"] == len(found)


def test_a_family_of_one_has_its_own_p_for_the_joint_one(panel) -> None:
    D4 = slice(3, 4)
    one = replace(panel, scores=panel.scores[:, :, D4], completion=panel.completion[:, :, D4], dimensions=("D4",))
    table = pa.event_time(pa.programme_impact(one, "VN-CT", 2018, 2020)).table.query("since >= 0")
    own, mean = table[table["dimension"] == "D4"], table[table["dimension"] == "mean"]
    assert own["p_joint"].tolist() == own["p"].tolist()
    assert own["p"].notna().all()
    assert mean["p_joint"].isna().all()
    slopes = pa.completion_slopes(one).row("D4")
    assert slopes["p"] == slopes["p_joint"] == slopes["p_holm"]


def test_p_values_and_the_band_are_those_of_the_same_draws(panel) -> None:
    answer = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    table, fan = pa.event_time(answer).table, answer.engines[0]
    second = table.query("since == 1 and dimension != 'mean'")
    paths = fan.paths[:, list(fan.since).index(1)]
    size = np.abs(paths) / paths.std(axis=0)
    largest = np.sort(size.max(axis=1))
    assert second["p"].tolist() == pytest.approx((size >= size[0] - 1e-12).mean(axis=0).tolist())
    assert second["p_joint"].min() == pytest.approx((size.max(axis=1) >= size[0].max() - 1e-12).mean())
    # of sixty the three largest may lie outside: the band ends at the fourth
    assert (second["band"] / paths.std(axis=0)).tolist() == pytest.approx([largest[-4]] * 6)
    before = table.query("since == -1")
    assert before["band"].tolist() == [0] * 7  # the last year before is balanced exactly for everyone
    assert before["p"].isna().all()


def test_an_effect_that_grows_is_told_year_by_year(panel) -> None:
    scores = panel.scores.copy()
    for unit, start in STARTS.items():
        t = panel.position("year", start)
        scores[panel.position("unit", unit), t:] += 2.0 * np.arange(1, 11 - t)[:, None]
    table = {
        data: pa.event_time(pa.programme_impact(replace(panel, scores=s), STARTS, end=2020, draws=99)).table
        for data, s in (("plain", panel.scores), ("moved", scores))
    }
    added = table["moved"]["estimate"] - table["plain"]["estimate"]
    known = table["plain"]["since"].clip(lower=-1) + 1
    # Can Tho stands above the others' line where Hanoi's and Hai Phong's years after are years before of its own.
    assert added.to_numpy() == pytest.approx(2.0 * known.to_numpy(), abs=0.02)
    early = table["moved"].query("since >= 1 and dimension != 'mean'")
    assert (early["estimate"].abs() > early["band"]).all()
    assert (early["p_joint"] <= 0.05).all()


def test_the_sentence_and_the_figure_in_both_languages(panel) -> None:
    answer = pa.event_time(pa.programme_impact(panel, STARTS, end=2020, draws=99))
    assert "of 30 gaps by year and dimension lie outside the band" in pa.sentence(answer)
    assert "trong 30 chênh lệch" in pa.sentence(answer, language="vi")
    assert "from 1 to 3" in pa.remarks(answer)
    axes = np.ravel(draw_event_time(answer, language="vi"))
    shown = axes[3].lines[1]
    rows = answer.table.query("dimension == 'D4'")
    assert shown.get_xdata().tolist() == rows["since"].tolist()
    assert shown.get_ydata().tolist() == pytest.approx(rows["estimate"].tolist())
    ends = axes[3].collections[0].get_paths()[0].vertices
    assert ends[:, 1].max() == pytest.approx(rows["band"].max())
    late = rows.loc[rows["since"] >= 0, "estimate"]
    listed = " / ".join(f"{gap:z.2f}".replace(".", ",") for gap in late)
    assert f"D4: {listed};" in alternative(figure_of(axes))
    assert (
        axes[0].figure.get_supxlabel().startswith("Số năm kể từ khi bắt đầu (0: năm đầu của chương trình). Phần tô màu")
    )


def test_an_answer_without_placebos_is_refused(panel) -> None:
    by_t = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge")
    with pytest.raises(pa.SpecError, match="lee_wooldridge has no placebos"):
        pa.event_time(by_t)
