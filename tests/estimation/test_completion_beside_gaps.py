"""The values of the picture of the question: those of the answers, by hand and by what they were fitted to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa


@pytest.fixture(scope="module")
def gaps(panel) -> pa.Estimates:
    return pa.programme_impact(panel, "VN-CT", 2018, 2020, after=(2020, 2020))


@pytest.fixture(scope="module")
def told(study, gaps) -> pa.Estimates:
    return pa.verdicts(gaps, pa.gain_needed(gaps, pa.target_attainment(study)))


@pytest.fixture(scope="module")
def known(simulated) -> pa.Panel:
    return simulated(20)


@pytest.fixture(scope="module")
def slopes(known) -> pa.Estimates:
    return pa.completion_slopes(known, draws=99)


def small() -> pa.Panel:
    """Five units, three years, one dimension; only the first has a programme, in the last year."""
    scores = {"a": [1, 2, 6], "b": [1, 1, 2], "c": [2, 3, 3], "d": [3, 3, 4], "e": [4, 5, 4]}
    rows = [(u, t, "D", float(y)) for u, ys in scores.items() for t, y in enumerate(ys, 1)]
    done = pd.DataFrame({"unit": "a", "year": [1, 2, 3], "dimension": "D", "completion": [0.0, 0.0, 0.75]})
    frame = pd.DataFrame(rows, columns=["unit", "year", "dimension", "score"])
    return pa.Panel.from_frames(frame, done, without_programme=list("bcde"))


def test_gaps_of_a_tiny_panel_by_hand() -> None:
    """Difference in differences: change from the mean before, less the mean of that change over the other four."""
    panel = small()
    picture = pa.completion_beside_gaps(panel, pa.programme_impact(panel, "a", 3, method="did"))
    changes = {"a": 6 - 1.5, "b": 2 - 1, "c": 3 - 2.5, "d": 4 - 3, "e": 4 - 4.5}
    net = {unit: own - np.mean([x for name, x in changes.items() if name != unit]) for unit, own in changes.items()}
    (row,) = picture.table.to_dict("records")
    assert row["completion"] == 0.75
    assert row["estimate"] == pytest.approx(net["a"])
    assert row["others"] == 4
    assert np.isnan(row["others_low"])  # of four units none can be left out of a middle 95%
    shown = picture.cells.set_index("unit")["gap"]
    assert shown.to_dict() == pytest.approx({unit: net[unit] for unit in "bcde"})


def test_a_middle_leaves_out_as_many_as_the_level_says() -> None:
    panel = small()
    answer = pa.programme_impact(panel, "a", 3, method="did", level=0.5)
    row = pa.completion_beside_gaps(panel, answer).table.iloc[0]
    others = np.sort([1 - 5.5 / 4, 0.5 - 6 / 4, 1 - 5.5 / 4, -0.5 - 7 / 4])
    # Quartiles by linear interpolation between order statistics: a quarter of the way from 0 to 3.
    np.testing.assert_allclose(
        [row.others_low, row.others_high],
        [others[0] + 0.75 * (others[1] - others[0]), others[2] + 0.25 * (others[3] - others[2])],
    )


def test_rows_hold_what_the_answers_hold_and_the_most_complete_comes_first(panel, gaps, told) -> None:
    picture = pa.completion_beside_gaps(panel, gaps, told)
    table = picture.table.set_index("dimension")
    unit, year = panel.units.index("VN-CT"), panel.years.index(2020)
    done = pd.Series(panel.completion[unit, year], index=panel.dimensions).sort_values(ascending=False)
    assert table["completion"].to_dict() == done.to_dict()
    assert table["completion"].is_monotonic_decreasing
    for source, columns in ((gaps, ["estimate", "low", "high"]), (told, ["needed", "verdict"])):
        theirs = source.table.set_index("dimension").loc[table.index, columns]
        pd.testing.assert_frame_equal(table[columns], theirs, check_dtype=False)
    for name, place in (("D1", 0), ("D6", 5)):
        others = gaps.engines[0].scores[1:, place]
        cells = picture.cells[picture.cells["dimension"] == name]
        np.testing.assert_array_equal(cells["gap"], others)
        inside = (others >= table.loc[name, "others_low"]) & (others <= table.loc[name, "others_high"])
        assert (~inside).sum() == 4  # of 59, 2.5% at each end: the outermost two
        assert "VN-CT" not in set(cells["unit"])
        assert cells["unit"].is_unique
    assert picture.simulated_tables == ("tasks", "progress")


def test_of_several_units_completion_is_the_mean_of_those_known(panel) -> None:
    done = panel.completion.copy()
    ct, hn, year = panel.units.index("VN-CT"), panel.units.index("VN-HN"), panel.years.index(2020)
    done[hn] = done[ct] / 2
    both = dataclasses.replace(panel, completion=done)
    gaps = pa.programme_impact(both, ["VN-CT", "VN-HN"], 2018, 2020, method="did", draws=19)
    picture = pa.completion_beside_gaps(both, gaps)
    assert picture.notes == ()
    found = picture.table.set_index("dimension")["completion"]
    assert found.to_dict() == pytest.approx(dict(zip(panel.dimensions, 0.75 * done[ct, year], strict=True)))
    assert (picture.table["others"] == 19).all()
    assert all(unit.count(", ") == 1 for unit in picture.cells["unit"])
    done[hn, year, 0] = np.nan
    picture = pa.completion_beside_gaps(dataclasses.replace(panel, completion=done), gaps)
    assert picture.row("D1")["completion"] == done[ct, year, 0]
    assert "Completion of Participation at Local Levels is the mean over the units" in pa.remarks(picture)


def test_cells_behind_slopes_give_the_slopes(known, slopes) -> None:
    picture = pa.completion_beside_gaps(known, slopes)
    assert picture.table["dimension"].tolist() == list(known.dimensions)
    for row in picture.table.itertuples():
        cells = picture.cells[picture.cells["dimension"] == row.dimension]
        own = cells[cells["programme"]]
        through_zero = (own["completion"] * own["gap"]).sum() / (own["completion"] ** 2).sum()
        assert row.estimate == pytest.approx(0.1 * through_zero, rel=1e-9)
        assert set(own["unit"]) <= set(known.programme_units)
        assert not set(cells.loc[~cells["programme"], "unit"]) & set(known.programme_units)
        assert (cells.loc[~cells["programme"], "completion"] == 0).all()
        for cell in own.head(3).itertuples():
            i, t, k = known.units.index(cell.unit), known.years.index(cell.year), known.dimensions.index(cell.dimension)
            assert cell.completion == known.completion[i, t, k]


@pytest.mark.parametrize("asked", [{"lag": 1}, {"years": (2014, 2020)}])
def test_years_of_cells_are_those_of_the_scores(known, asked) -> None:
    picture = pa.completion_beside_gaps(known, pa.completion_slopes(known, draws=19, **asked))
    own = picture.cells[picture.cells["programme"]]
    assert len(own) > 100
    for cell in own.head(40).itertuples():
        i, t, k = known.units.index(cell.unit), known.years.index(cell.year), known.dimensions.index(cell.dimension)
        assert cell.completion == known.completion[i, t - asked.get("lag", 0), k]


def test_of_many_others_an_even_selection_is_tabulated(monkeypatch, panel, gaps, known, slopes) -> None:
    from papi_analysis.estimation import completion_beside_gaps as room

    full = pa.completion_beside_gaps(panel, gaps)
    monkeypatch.setattr(room, "SHOWN", 20)
    few = pa.completion_beside_gaps(panel, gaps)
    pd.testing.assert_frame_equal(full.table, few.table)
    assert few.cells.groupby("dimension").size().tolist() == [20] * 6  # every third of 59
    assert few.cells["unit"].iloc[:20].tolist() == full.cells["unit"].iloc[:59:3].tolist()
    cells = pa.completion_beside_gaps(known, slopes).cells
    assert cells[~cells["programme"]].groupby("dimension").size().max() <= 20
    assert cells["programme"].sum() > 300


def test_answers_that_do_not_belong_are_refused(panel, gaps, told, known, slopes) -> None:
    other = pa.programme_impact(panel, "VN-CT", 2018, 2020)
    for wrong in (told, pa.change_slopes(panel)):
        with pytest.raises(pa.SpecError, match="is no answer to set beside completion"):
            pa.completion_beside_gaps(panel, wrong)
    for verdict in (told, gaps):
        with pytest.raises(pa.SpecError, match="verdicts are on another answer"):
            pa.completion_beside_gaps(panel, other, verdict)
    with pytest.raises(pa.SpecError, match="form levels"):
        pa.completion_beside_gaps(known, pa.completion_slopes(known, form="levels", draws=19))
    moved = dataclasses.replace(
        known, scores=known.scores + np.arange(known.scores.size).reshape(known.scores.shape) % 7
    )
    weighed = pa.completion_slopes(known, draws=19, weights={u: 1.0 + i % 3 for i, u in enumerate(known.units)})
    for of, answer in ((moved, slopes), (known, weighed)):
        with pytest.raises(pa.SpecError, match="not those of this panel"):
            pa.completion_beside_gaps(of, answer)


def test_without_placebos_there_is_no_cloud(panel) -> None:
    picture = pa.completion_beside_gaps(panel, pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge"))
    assert picture.cells.empty
    assert (picture.table["others"] == 0).all()
    assert picture.table[["others_low", "others_high"]].isna().all(axis=None)
