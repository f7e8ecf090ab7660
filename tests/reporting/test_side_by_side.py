"""Several answers side by side, as a table and as a picture, and what ``table`` and ``draw`` take."""

from __future__ import annotations

import dataclasses
import inspect
import re
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docx import Document
from matplotlib.text import Text

import papi_analysis as pa
from papi_analysis.estimation.estimates import Estimates, ImpactDesign, UnitYears
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.language import find_language
from papi_analysis.reporting.pictures import MARKS, PICTURES
from papi_analysis.reporting.side_by_side import gather
from papi_analysis.reporting.tables import Table

LANGUAGES = ["en", "vi"]


def answer(estimates, question="programme_impact", low=None, **settings):
    """An answer by hand: estimates by row, intervals of half a point to each side."""
    values = np.array(list(estimates.values()), dtype=float)
    table = pd.DataFrame(
        {
            "dimension": list(estimates),
            "estimate": values,
            "se": 0.25,
            "low": values - 0.5 if low is None else low,
            "high": values + 0.5,
            "p": 0.04,
            "p_joint": [np.nan if name == "mean" else 0.12 for name in estimates],
        }
    )
    return Estimates(question, table, **settings)


@pytest.fixture
def two():
    return {
        "one": answer({"D1": 1.0, "D2": -2.0, "mean": -0.5}),
        "other": answer({"D2": 0.25, "D3": 3.0, "mean": 1.625}, simulated_tables=("tasks",)),
    }


# The table


def test_a_table_of_two_by_hand(two):
    shown = pa.table(two, show=("interval", "p_joint"))
    assert shown.rows == [
        ["Dimension", "one", "other"],
        ["D1", "1.00", "–"],
        ["", "[0.50; 1.50]", "–"],
        ["", "joint p = 0.120", "–"],
        ["D2", "-2.00", "0.25"],
        ["", "[-2.50; -1.50]", "[-0.25; 0.75]"],
        ["", "joint p = 0.120", "joint p = 0.120"],
        ["D3", "–", "3.00"],
        ["", "–", "[2.50; 3.50]"],
        ["", "–", "joint p = 0.120"],
        ["Mean of the family", "-0.50", "1.63"],
        ["", "[-1.00; 0.00]", "[1.13; 2.13]"],
    ]
    assert shown.caption == "SIMULATED: tasks. Gap, points; under it: 95% interval, joint p"


def test_each_part_can_stand_under_an_estimate(two):
    cells = {part: pa.table(two, show=part, language="vi").iloc[1, 0] for part in ("interval", "se", "p", "p_joint")}
    assert cells == {
        "interval": "[0,50; 1,50]",
        "se": "(0,25)",
        "p": "giá trị p = 0,040",
        "p_joint": "p đồng thời = 0,120",
    }
    assert len(pa.table(two, show=())) == 4
    assert pa.table(two, show=()).caption.endswith("Gap, points")
    with pytest.raises(pa.SpecError, match=r"there is no 'stars' to show under an estimate\. Choose of interval"):
        pa.table(two, show="stars")


def test_a_standard_error_is_shown_or_refused_with_the_reason(slopes):
    few, many = (
        dataclasses.replace(
            slopes, design=dataclasses.replace(slopes.design, inference="reassignment", effective=units)
        )
        for units in (3.0, 25.0)
    )
    error = f"({slopes.table['se'][0]:.3f})"
    assert pa.table([slopes, many], show="se").iloc[1].tolist() == [error, error]
    assert pa.table(many, ["se"]).iloc[0, 0] == error.strip("()")
    assert "Standard error" not in pa.table(few)
    refused = (
        lambda: pa.table({"one": few}, show="se"),
        lambda: pa.table([slopes, few], show="se"),
        lambda: pa.table(few, ["se"]),
    )
    for ask in refused:
        with pytest.raises(
            pa.SpecError, match="no standard error to show: with so few programme units it is the spread"
        ):
            ask()


def test_what_was_asked_for_and_is_missing_throughout_shows_dashes(two):
    bare = dataclasses.replace(two["one"], table=two["one"].table.assign(se=np.nan, p_joint=np.nan))
    assert pa.table([bare], show=("p", "se")).iloc[:3, 0].tolist() == ["1.00", "p = 0.040", "–"]
    assert pa.table(bare, ["estimate", "p_joint"]).iloc[0].tolist() == ["1.00", "–"]
    assert "Joint p-value" not in pa.table(bare)
    with pytest.raises(pa.SpecError, match="show= is for answers side by side"):
        pa.table(bare, show="se")


def test_there_are_never_stars(two):
    strong = dataclasses.replace(two["one"], table=two["one"].table.assign(p=0.0001, p_joint=0.0001))
    assert "*" not in repr(pa.table([strong, two["other"]], show=("interval", "p", "p_joint")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_named_by_what_tells_them_apart(slopes, language):
    words = find_language(language).text
    imputed = dataclasses.replace(slopes, design=dataclasses.replace(slopes.design, form="imputation"))
    named = [words("Two-way"), words("Imputation")]
    assert pa.table([slopes, imputed], language=language).columns.tolist() == named
    assert pa.table((slopes, slopes), language=language).columns.tolist() == [f"(1) {named[0]}", f"(2) {named[0]}"]
    assert pa.table({5: slopes, "x": slopes}, language=language).columns.tolist() == ["5", "x"]


def test_gaps_are_named_by_their_method(two):
    design = ImpactDesign("did", {"A": 2018}, 2020, (2018, 2020), 10, pd.DataFrame())
    asked = [
        dataclasses.replace(two["one"], design=dataclasses.replace(design, method=name)) for name in ("did", "mine")
    ]
    assert pa.table(asked).columns.tolist() == ["Difference in differences", "mine"]


def test_digits_are_those_that_count():
    tiny = [answer({"D1": 2e-5, "mean": 1e-5}), answer({"D1": 1e-5, "mean": 0.0})]
    assert pa.table(tiny, show=()).iloc[0].tolist() == ["0.000020", "0.000010"]
    assert pa.table(tiny, show=(), digits=1).iloc[0].tolist() == ["0.0", "0.0"]
    assert pa.table([answer({"D1": 1.0}, "completion_slopes")], show=()).iloc[0, 0] == "1.000"


def test_a_dimension_of_a_far_smaller_size_is_not_printed_as_zero():
    mixed = answer({"D1": 0.25, "D2": -2e6, "mean": -1e6})
    small, large, mean = pa.table(mixed, ["estimate", "low", "high", "se"]).values.tolist()
    assert small == ["0.25", "-0.25", "0.75", "0.25"]  # one number of digits within the row
    assert (large[0], mean[0]) == ("-2,000,000", "-1,000,000")
    assert pa.table([mixed, mixed]).iloc[:2, 0].tolist() == ["0.25", "[-0.25; 0.75]"]
    assert pa.table([mixed, mixed]).iloc[2, 0] == "-2,000,000"
    assert pa.table(mixed.table, ["dimension", "estimate"]).iloc[:2, 0].tolist() == ["0.25", "-2,000,000"]
    assert pa.table(mixed, ["estimate"], digits=1).iloc[0, 0] == "0.3"
    assert "D1: one 0.25 [-0.25; 0.75]" in figure_of(pa.draw({"one": mixed})).get_label()


@pytest.mark.parametrize("digits", [-1, 16, 40, 2.0])
def test_no_more_digits_are_shown_than_a_number_holds(two, digits):
    for shown in (two["one"], two, two["one"].table):
        with pytest.raises(pa.SpecError, match=f"digits is {digits}; give a whole number from 0 to 15"):
            pa.table(shown, digits=digits)
    assert pa.table(two, digits=15, show=()).iloc[0, 0] == "1." + 15 * "0"


def test_rows_of_the_family_stand_last(two):
    three = {**two, "within": answer({"mean": 0.0, "within": 1.0, "D9": 2.0})}
    assert pa.table(three, show=()).index.tolist() == [
        "D1",
        "D2",
        "D3",
        "D9",
        "Mean of the family",
        "Within the programme",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_holds_the_same_rows(two, tmp_path: Path, language):
    shown = pa.table(two, language=language)
    files = {
        form: pa.save_table(two, tmp_path / f"t.{form}", language=language)
        for form in ("html", "docx", "tex", "xlsx", "csv")
    }
    page = BeautifulSoup(files["html"].read_text("utf-8"), "html.parser")
    assert [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.find_all("tr")] == shown.rows
    assert page.caption.get_text() == shown.caption
    (word,) = Document(str(files["docx"])).tables
    assert [[cell.text for cell in row.cells] for row in word.rows] == shown.rows
    tex = files["tex"].read_text("utf-8")
    assert "[-2.50; -1.50]" in tex or "[-2,50; -1,50]" in tex
    assert tex.count(r" \\") == len(shown.rows)
    sheet = list(openpyxl.load_workbook(files["xlsx"]).active.iter_rows(values_only=True))
    head = next(number for number, row in enumerate(sheet) if row[1] == "one")
    assert sheet[head + 1][1] == 1.0, "an estimate is a number"
    assert sheet[head + 2][1] == shown.iloc[1, 0]
    assert shown.iloc[1, 0] in files["csv"].read_text("utf-8-sig")


# What table takes


def test_one_answer_a_frame_and_a_table_that_is_made(two):
    one = pa.table(two["one"], ["estimate", "p"], language="vi")
    assert one.columns.tolist() == ["Chênh lệch", "Giá trị p"]
    frame = pd.DataFrame({"dimension": ["D1"], "score": [5.125]})
    made = pa.table(frame, digits=1, simulated=("scores",))
    assert isinstance(made, Table)
    assert (made.iloc[0, 0], made.caption) == ("5.1", "SIMULATED: scores")
    assert pa.table(made) is made


@pytest.mark.parametrize("shown", [[], {}, "x", 5, None, [5], {"a": "b"}, [pd.DataFrame()]])
def test_what_is_no_answer_is_refused(shown):
    for show in (pa.table, pa.draw):
        with pytest.raises(pa.SpecError, match=r"is no answer\. Give|There is no answer"):
            show(shown)


def test_answers_that_cannot_stand_side_by_side_are_refused(two, targets):
    gaps = two["one"]
    twice = dataclasses.replace(gaps, table=pd.concat([gaps.table, gaps.table]))
    wrong = {
        "not in the unit of one of completion_slopes": [gaps, answer({"D1": 1.0}, "completion_slopes")],
        r"different levels \(0\.9, 0\.95\)": [gaps, dataclasses.replace(gaps, level=0.9)],
        "target_attainment has no one estimate": [gaps, targets],
        "programme_impact has no one estimate": [gaps, twice],
        "verdicts has no one estimate": [dataclasses.replace(gaps, question="verdicts")],
    }
    for words, asked in wrong.items():
        for show in (pa.table, pa.draw):
            with pytest.raises(pa.SpecError, match=words):
                show(asked)
    with pytest.raises(pa.SpecError, match="no columns to choose"):
        pa.table([gaps], ["estimate"])


# The picture


@pytest.mark.parametrize("count", [1, 2, 6])
def test_estimates_are_plotted_where_they_are(two, count):
    shown = dict(list(two.items())[:count]) if count < 3 else {str(n): two["one"] for n in range(count)}
    ax = pa.draw(shown)
    dots = [
        np.asarray(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) and not hasattr(c, "get_segments")
    ]
    codes = gather(shown, "en").dimensions
    rows = dict(zip(codes, ax.get_yticks(), strict=True))
    assert list(rows.values()) == sorted(rows.values(), reverse=True)
    for points, one in zip(dots, shown.values(), strict=True):
        table = one.table.set_index("dimension").reindex(codes)
        np.testing.assert_allclose(points[:, 0], table["estimate"])
        assert (np.abs(points[:, 1] - list(rows.values())) < 0.5).all()
    drawn = sorted(tuple(s[:, 0]) for c in ax.collections if hasattr(c, "get_segments") for s in c.get_segments())
    assert drawn == sorted((row.low, row.high) for one in shown.values() for row in one.table.itertuples())
    heights = np.unique(np.concatenate(dots)[:, 1].round(6))
    assert len(heights) == count * len(codes), "no answer hides another"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_alternative_holds_all_numbers(two, language):
    said = alternative(figure_of(pa.draw(two, language=language)))
    tongue = find_language(language)
    for name, one in two.items():
        for row in one.table.itertuples():
            ends = f"[{tongue.number(row.low)}; {tongue.number(row.high)}]"
            assert f"{name} {tongue.number(row.estimate)} {ends}" in said
    assert "D1: one" in said
    assert "other –" in said
    assert said.startswith(("SIMULATED: tasks", "MÔ PHỎNG: nhiệm vụ"))
    assert language == "en" or not re.search(r"\d\.\d", said)


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "vi"])  # whose words are longer
@pytest.mark.parametrize(
    ("count", "name"),
    [(1, "DiD"), (6, "DiD"), (6, "A rather long name of a way to ask that a reader gave to an answer")],
)
def test_words_stay_on_the_picture_and_do_not_collide(slopes, language, count, name):
    figure = figure_of(pa.draw({f"{name} {number}": slopes for number in range(count)}, language=language))
    figure.draw_without_rendering()
    whole = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    low, high = figure.axes[0].get_xlim()
    beyond = {tick.label1 for tick in figure.axes[0].xaxis.get_major_ticks() if not low <= tick.get_loc() <= high}
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text not in beyond]
    assert sum(name[:6] in words for words, _ in boxes) == count
    for words, box in boxes:
        assert whole.x0 - 1 <= box.x0, words
        assert box.x1 <= whole.x1 + 1, words
        assert box.x1 <= figure.bbox.x1 + 1, words
        assert box.y1 <= figure.bbox.y1 + 1, words
    for (words, box), (other, beside) in combinations(boxes, 2):
        assert not box.overlaps(beside), (words, other)


def test_answers_are_told_apart_without_colour():
    assert len({marker for _, marker in MARKS}) == len({colour for colour, _ in MARKS}) == len(MARKS)


def test_too_many_answers_are_told_to_be_a_table(two):
    with pytest.raises(pa.SpecError, match=r"7 answers do not fit in one picture, at most 6"):
        pa.draw({str(number): two["one"] for number in range(7)})


def test_an_interval_without_an_end_is_an_arrow(two):
    endless = answer({"D1": 1.0, "mean": 1.0}, low=[-np.inf, 0.5])
    ax = pa.draw([endless, two["one"]])
    assert np.isfinite(ax.get_xlim()).all()
    assert "[-∞; 1.50]" in alternative(figure_of(ax))


def test_a_picture_goes_where_it_is_told(two, targets):
    _, (left, right) = plt.subplots(1, 2)
    assert pa.draw(two, axes=left) is left
    assert pa.draw(targets, axes=right) is right
    assert len(plt.get_fignums()) == 1


# Which picture an answer has


def test_each_question_has_its_picture(slopes, targets):
    for one in (slopes, targets):
        own = PICTURES[one.question](one)
        assert alternative(figure_of(pa.draw(one))) == alternative(figure_of(own))


def test_every_picture_can_be_asked_for_by_draw():
    known = set(inspect.signature(pa.draw).parameters) | {"estimates", "ax"}
    for picture in PICTURES.values():
        assert set(inspect.signature(picture).parameters) <= known


def test_an_option_of_another_picture_is_refused(slopes, targets, two):
    assert pa.draw(slopes, truth=0.05, scale="points").get_xlabel().startswith("points")
    with pytest.raises(pa.SpecError, match="the picture of target_attainment has no truth"):
        pa.draw(targets, truth=0.05)
    with pytest.raises(pa.SpecError, match=r"the picture of draw\(\[\.\.\.\]\) has no dimension"):
        pa.draw(two, dimension="D1")


def test_a_question_without_a_picture_says_so():
    asked = Estimates("calibration", pd.DataFrame({"dimension": ["D1"]}), design=UnitYears("A", 2018, 2020))
    with pytest.raises(pa.SpecError, match=r"calibration has no picture\. Show its table: table\(answer\)"):
        pa.draw(asked)
