"""Leaving out, overstated and late reports, negative controls: each against doing it by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.sensitivity import (
    conclusion_turns,
    late_information,
    leave_one_out,
    negative_controls,
    overstated_reports,
)


def test_leaving_out_a_unit_a_year_or_a_task_is_asking_without_it(study, panel) -> None:
    units = leave_one_out(study, "unit").set_index("left_out")
    assert len(units) == 62
    scores = study.scores[study.scores["unit"] != "VN-HN"]
    others = [unit for unit in study.without_programme if unit != "VN-HN"]
    without = pa.Panel.from_study(replace(study, scores=scores, without_programme=tuple(others)))
    assert units.loc["VN-HN", "mean"] == pytest.approx(pa.completion_slopes(without).row("mean")["estimate"])
    years = leave_one_out(study, "year").set_index("left_out")
    gone = panel.scores.copy()
    gone[:, panel.position("year", 2019)] = np.nan
    without = replace(panel, scores=gone)
    assert years.loc["2019", "D3"] == pytest.approx(pa.completion_slopes(without).row("D3")["estimate"])
    few = sorted({"CT-44", *study.tasks.groupby("dimension")["task"].agg(["first", "last"]).stack()})
    tasks, progress = (table[table["task"].isin(few)] for table in (study.tasks, study.progress))
    fewer = replace(study, tasks=tasks, progress=progress)
    tasks = leave_one_out(fewer, "task").set_index("left_out")
    assert sorted(tasks.index) == few
    full = pa.completion_slopes(pa.Panel.from_study(fewer)).table.set_index("dimension")["estimate"]
    served = study.tasks.set_index("task").loc["CT-44", "dimension"]
    changed = [name for name in panel.dimensions if abs(tasks.loc["CT-44", name] - full[name]) > 1e-12]
    assert changed == [served]
    with pytest.raises(pa.SpecError, match="'unit', 'year' or 'task'"):
        leave_one_out(study, "donor")


def test_overstated_reports_lower_completion_and_nothing_else(panel) -> None:
    table = overstated_reports(panel, (0.0, 0.2))
    lower = replace(panel, completion=np.maximum(panel.completion - 0.2, 0.0))
    assert table["estimate"].iloc[1] == pytest.approx(pa.completion_slopes(lower).row("mean")["estimate"])
    assert table["estimate"].iloc[0] == pytest.approx(pa.completion_slopes(panel).row("mean")["estimate"])
    assert not table["turns"].iloc[0]
    with pytest.raises(pa.SpecError, match="shares of completion"):
        overstated_reports(panel, (10,))


def test_a_conclusion_is_drawn_at_the_level_asked_or_not_at_all(panel) -> None:
    p = pa.completion_slopes(panel).row("mean")["p"]
    assert 0.05 < p < 0.99
    down = replace(panel, completion=np.where(panel.completion > 0, 0.3 + 0.7 * panel.completion, panel.completion))
    for level in (0.95, 0.01):
        table = overstated_reports(down, (0.0, 0.2, 0.29), level=level)
        found = np.where(table["p"] <= 1 - level, np.sign(table["estimate"]), 0.0)
        assert table["turns"].tolist() == [side != found[0] for side in found]
    unknown = overstated_reports(panel, (0.0, 0.1), level=0.999)  # one of 63 units: no p-value can be so small
    assert unknown["p"].isna().all()
    assert unknown["turns"].isna().all()
    assert np.isnan(conclusion_turns(panel, step=0.5, level=0.999))


def test_the_value_at_which_a_conclusion_turns(panel) -> None:
    """Scores that follow what was truly done, where the reports of the less done part are too rosy."""
    rng = np.random.default_rng(2)
    N, T, K = 30, 8, 2
    C = np.zeros((N, T, K))
    C[:, 5:] = 0.3 + 0.7 * rng.random((N, 3, K))
    y = 5 + rng.normal(0, 0.02, (N, T, K)) + 2.0 * np.maximum(C - 0.6, 0)
    units, dims = tuple(f"u{i:02d}" for i in range(N)), ("A", "B")
    known = pa.Panel(y, C, units, tuple(range(2010, 2018)), dims, panel.breaks.iloc[:0], ())
    table = overstated_reports(known, (0.0, 0.6), draws=199)
    assert table["p"].max() <= 0.05
    assert table["estimate"].iloc[1] > table["estimate"].iloc[0]
    assert np.isnan(conclusion_turns(known, step=0.3, draws=199))
    noise = replace(known, scores=5 + rng.normal(0, 0.5, (N, T, K)))
    reached = overstated_reports(noise, (0.0, 0.3, 0.6), draws=199)
    expected = reached.loc[reached["turns"], "overstated"]
    turn = conclusion_turns(noise, step=0.3, draws=199)
    assert (np.isnan(turn) and expected.empty) or turn == pytest.approx(expected.iloc[0])


def test_late_information_is_the_panel_as_known(study) -> None:
    table = late_information(study)
    day = pd.Timestamp(2020, 3, 31)
    row = table.set_index("known_on").loc[day]
    then = pa.Panel.from_study(replace(study, years=(2011, 2019)), known_on=day)
    assert row["estimate"] == pytest.approx(pa.completion_slopes(then).row("mean")["estimate"])
    assert row["reports"] == (study.progress["reported_on"] <= day).sum()
    assert table["reports"].is_monotonic_increasing
    assert table["reports"].iloc[-1] == len(study.progress)
    # what was not yet reported cannot matter
    early = replace(study, progress=study.progress[study.progress["reported_on"] <= day])
    again = late_information(early, [day])
    assert again["estimate"].iloc[0] == pytest.approx(row["estimate"])


def test_negative_controls_are_the_dimensions_that_no_task_serves(study, panel) -> None:
    answer = negative_controls(study)
    assert answer.table["dimension"].tolist()[:2] == ["D7", "D8"]
    assert answer.simulated
    scores = pa.papi.load_scores().query("dimension == 'D7' and 2018 <= year <= 2020")
    wide = scores.pivot(index="unit", columns="year", values="score")
    done = panel.completion[panel.position("unit", "VN-CT"), 7:].mean(axis=1)
    y = wide.sub(wide.mean(axis=1), axis=0)
    y = y - y.mean()
    x = pd.DataFrame(0.0, index=wide.index, columns=wide.columns)
    x.loc["VN-CT"] = done
    x = x.sub(x.mean(axis=1), axis=0)
    x = x - x.mean()
    assert answer.row("D7")["estimate"] * 10 == pytest.approx((x * y).to_numpy().sum() / (x**2).to_numpy().sum())
    served = replace(study, scores=study.scores[study.scores["dimension"].isin(study.dimensions["dimension"])])
    with pytest.raises(pa.SpecError, match="no negative control"):
        negative_controls(served)
