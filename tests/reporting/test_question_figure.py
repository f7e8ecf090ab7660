"""The picture of the question: what is drawn is what the table says, in words that can be read, at any size."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_study
from papi_analysis.reporting import marks
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.question_figure import draw_question

LANGUAGES = ["en", "vi"]

#: Inches of a page of A4 between usual margins, and of the figure at which its letters are as high as drawn.
COLUMN = 6.3


@pytest.fixture(scope="module")
def one(study, panel) -> pa.Estimates:
    gaps = pa.programme_impact(panel, "VN-CT", 2018, 2020, after=(2020, 2020))
    told = pa.verdicts(gaps, pa.gain_needed(gaps, pa.target_attainment(study)))
    return pa.completion_beside_gaps(panel, gaps, told)


@pytest.fixture(scope="module")
def several(panel) -> pa.Estimates:
    done = panel.completion.copy()
    done[panel.units.index("VN-HN")] = done[panel.units.index("VN-CT")] / 2
    both = dataclasses.replace(panel, completion=done)
    return pa.completion_beside_gaps(both, pa.programme_impact(both, ["VN-CT", "VN-HN"], 2018, 2020, draws=99))


@pytest.fixture(scope="module")
def many(panel) -> pa.Estimates:
    known = pa.Panel.from_study(simulate_study(panel, slopes=0.08, units=20, rng=3))
    return pa.completion_beside_gaps(known, pa.completion_slopes(known, draws=99))


def of_schools(dimensions: int, scale: float = 1.0) -> pa.Estimates:
    """Twenty-four schools; the needs of the third lie anywhere, on its own gap too."""
    rng = np.random.default_rng(dimensions)
    codes = [f"M{k}" for k in range(dimensions)]
    index = pd.MultiIndex.from_product([[f"school {i}" for i in range(24)], range(1, 7), codes])
    scores = index.to_frame(index=False, name=["unit", "year", "dimension"])
    scores["score"] = scale * (5 + rng.random(len(scores)))
    own = scores[scores["unit"] == "school 3"].drop(columns="score")
    own["completion"] = np.where(own["year"] >= 5, rng.random(len(own)), 0.0)
    others = [f"school {i}" for i in range(24) if i != 3]
    long = (
        "a measure with a name that goes on and on, {} of them",
        "chỉ số có tên rất dài để xem chữ có đè lên nhau, {}",
    )
    names = {code: (long[0].format(code), long[1].format(code)) for code in codes} | {
        "school 3": (r"School $\frac{$ 3", r"Trường $\frac{$ 3")
    }
    panel = pa.Panel.from_frames(scores, own, without_programme=others, names=names)
    gaps = pa.programme_impact(panel, "school 3", 5)
    needed = {code: float(gaps.row(code)["estimate"] + scale * rng.choice([0, 0.01, 0.9])) for code in codes}
    return pa.completion_beside_gaps(panel, gaps, pa.verdicts(gaps, needed))


@pytest.fixture(scope="module")
def schools() -> dict[int, pa.Estimates]:
    return {dimensions: of_schools(dimensions) for dimensions in (1, 2, 12)}


def points(ax, colour):
    """The middles of the dots of one colour that stand in the data, from the top down."""
    found = [
        place
        for dots in ax.collections
        if len(dots.get_offsets()) and dots.get_offset_transform() == ax.transData
        for place in np.asarray(dots.get_offsets())
        if to_rgb(dots.get_facecolor()[0]) == to_rgb(colour)
    ]
    return sorted(map(tuple, found), key=lambda place: -place[1])


def words_of(drawn) -> list[str]:
    return [text.get_text() for text in figure_of(drawn).findobj(Text) if text.get_visible() and text.get_text()]


def said_by(drawn) -> str:
    """All words on a figure, lines joined."""
    return re.sub(r"\s+", " ", " ".join(words_of(drawn)))


# What is drawn


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_row_draws_the_numbers_of_the_table_in_its_order(one, language) -> None:
    ax, table = draw_question(one, language=language), one.table
    own, needed = points(ax, marks.BLUE), points(ax, marks.ORANGE)
    assert [x for x, _ in own] == table["estimate"].tolist()
    assert [x for x, _ in needed] == table["needed"].tolist()
    assert [y for _, y in own] == [y for _, y in needed]
    dots = points(ax, marks.GREY)
    for (_, y), row in zip(own, table.itertuples(), strict=True):
        gaps = one.cells.loc[one.cells["dimension"] == row.dimension, "gap"]
        assert sorted(x for x, height in dots if abs(height - y) < 0.16) == sorted(gaps)
    bars = [band.get_paths()[0].vertices[:, 0] for band in ax.collections if isinstance(band, PolyCollection)]
    ends = [(bar.min(), bar.max()) for bar in bars]
    assert ends == list(zip(table["others_low"], table["others_high"], strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_row_says_its_name_its_completion_and_its_numbers(one, language) -> None:
    tongue, words = find_language(language), words_of(draw_question(one, language=language))
    names = [text.replace("\n", " ") for text in words if re.match(r"D\d ", text)]
    assert names == [f"{code} {tongue.name(code, one.names)}" for code in one.table["dimension"]]
    shares = [text for text in words if re.search("complete|hoàn thành", text) and "%" in text and len(text) < 20]
    assert shares == [tongue.text("{share} complete", share=tongue.percent(x)) for x in one.table["completion"]]
    signed = [f"{x:+.2f}" for pair in zip(one.table["estimate"], one.table["needed"], strict=True) for x in pair]
    assert [text.replace(",", ".") for text in words if re.fullmatch(r"[+-]\d[.,]\d\d", text)] == signed


def test_the_title_is_the_verdict_on_the_family_and_no_more(one, several, many) -> None:
    answer = one.design.told
    mean = answer.row("mean")
    words = f"at most {6 * mean['most']:.2f} of the {6 * mean['needed']:.2f} points that the targets needed"
    shares = one.table["completion"]
    for where in (said_by(draw_question(one)), pa.sentence(one), alternative(figure_of(draw_question(one)))):
        assert words in where
        assert f"Completion {shares.min():.0%} to {shares.max():.0%} by dimension" in where
    for picture in (several, many):
        whole = pa.sentence(dataclasses.replace(picture.design.answer, simulated_tables=()))
        assert whole in said_by(draw_question(picture)).replace("\N{NO-BREAK SPACE}", " ")
        assert whole in pa.sentence(picture)


@pytest.mark.parametrize("truth", [None, [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]])
def test_with_many_programmes_each_panel_draws_cells_slope_interval_and_truth(many, truth) -> None:
    words, *panels = draw_question(many, truth=truth)
    assert not words.axison
    known = np.broadcast_to(np.nan if truth is None else truth, 6)
    for ax, row, true in zip(panels, many.table.itertuples(), known, strict=True):
        cells = many.cells[many.cells["dimension"] == row.dimension]
        own = cells[cells["programme"]]
        np.testing.assert_array_equal(
            sorted(points(ax, marks.BLUE)), sorted(own[["completion", "gap"]].to_numpy().tolist())
        )
        cloud = points(ax, marks.GREY)
        assert sorted(y for _, y in cloud) == sorted(cells.loc[~cells["programme"], "gap"])
        assert max(abs(x) for x, _ in cloud) < 0.05
        lines = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_color() != marks.PALE]
        rises = [float(np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0]) for line in lines]
        assert rises == pytest.approx([10 * row.estimate, *([] if truth is None else [10 * true])])
        wedge = next(band for band in ax.collections if to_rgb(band.get_facecolor()[0]) == to_rgb(marks.ORANGE))
        at_end = [y for x, y in wedge.get_paths()[0].vertices if x == lines[0].get_xdata()[1]]
        np.testing.assert_allclose([min(at_end), max(at_end)], [10 * row.low * x for x in lines[0].get_xdata()[1:]]
                                   + [10 * row.high * x for x in lines[0].get_xdata()[1:]])  # fmt: skip
    assert ("true slope" in said_by(panels)) == (truth is not None)
    assert (" / " in alternative(figure_of(panels))) == (truth is not None)


def test_slopes_without_intervals_claim_none(many) -> None:
    bare = dataclasses.replace(many, table=many.table.assign(low=np.nan, high=np.inf))
    drawn = draw_question(bare)
    assert "slope per 10 points of completion" in words_of(drawn)
    assert not [band for ax in drawn for band in ax.collections if band.get_alpha() == 0.25]


def test_what_is_not_known_is_neither_drawn_nor_said(panel, several) -> None:
    ax = draw_question(several)
    assert not points(ax, marks.ORANGE)
    assert "need" not in said_by(ax) + alternative(figure_of(ax))
    bare = pa.completion_beside_gaps(panel, pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge"))
    ax = draw_question(dataclasses.replace(bare, table=bare.table.assign(completion=np.nan)))
    assert not points(ax, marks.GREY)
    assert "other units, as if" not in said_by(ax)
    assert words_of(ax).count("not known") == 6
    assert "nan" not in (said_by(ax) + alternative(figure_of(ax))).lower()


def test_a_selection_of_the_others_is_called_one(one) -> None:
    assert "an even selection" not in said_by(draw_question(one))
    few = dataclasses.replace(one, cells=one.cells.groupby("dimension").head(30))
    assert "59 other units, as if the programme were its own, an even selection of them drawn" in said_by(
        draw_question(few)
    )


def test_a_need_that_one_names_is_not_called_that_of_the_targets(one, schools) -> None:
    assert "the gain that was needed" in words_of(draw_question(one))
    assert "the gain in question" in words_of(draw_question(schools[2]))


# What is said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_alternative_holds_every_number(one, many, language) -> None:
    tongue = find_language(language)
    alt = alternative(figure_of(draw_question(one, language=language)))
    for row in one.table.itertuples():
        numbers = [tongue.number(x) for x in (row.estimate, row.others_low, row.others_high, row.needed)]
        share = f"{row.dimension} {tongue.percent(row.completion)}"
        assert f"{share}: {numbers[0]} [{numbers[1]}; {numbers[2]}] / {numbers[3]}" in alt
    alt = alternative(figure_of(draw_question(many, truth=0.08, language=language)))
    for row in many.table.itertuples():
        numbers = [tongue.number(x, 3) for x in (row.estimate, row.low, row.high, 0.08)]
        assert f"{row.dimension}: {numbers[0]} [{numbers[1]}; {numbers[2]}] / {numbers[3]}" in alt


@pytest.mark.parametrize("language", LANGUAGES)
def test_made_up_inputs_are_marked_and_real_ones_are_not(one, many, language) -> None:
    mark = {"en": "SIMULATED", "vi": "MÔ PHỎNG"}[language]
    for picture in (one, many):
        drawn = draw_question(picture, language=language)
        assert said_by(drawn).count(mark) == 1
        assert alternative(figure_of(drawn)).startswith(mark)
    real = draw_question(dataclasses.replace(one, simulated_tables=()), language=language)
    assert mark not in said_by(real) + alternative(figure_of(real))


def test_nothing_is_left_without_a_translation(one, several, many, schools, monkeypatch) -> None:
    asked, text = [], Language.text

    def listening(self, message, **values):
        asked.append(message)
        return text(self, message, **values)

    monkeypatch.setattr(Language, "text", listening)
    for picture in (one, several, many, schools[2]):
        drawn = draw_question(picture, language="vi", truth=0.08)
        assert not re.search(r"\d\.\d", said_by(drawn) + alternative(figure_of(drawn)))
    assert len(set(asked)) > 20
    assert not [message for message in asked if message not in find_language("vi")._messages]


def test_a_study_that_is_not_papi_has_its_own_words(schools, papi_words) -> None:
    for language, word in (("en", "School"), ("vi", "Trường")):
        drawn = draw_question(schools[2], language=language)
        said = said_by(drawn) + alternative(figure_of(drawn))
        assert not [other for other in papi_words if other in said]
        assert word + r" $\frac{$ 3" in said
        assert "tỉnh" not in said


# Whether it can be read


def boxes_of(drawn):
    """The texts that a figure shows once it is rendered, with the places they take."""
    figure = figure_of(drawn)
    figure.draw_without_rendering()
    ticks = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            outside = [tick for tick in axis.get_major_ticks() if not ax.axison or not low <= tick.get_loc() <= high]
            ticks |= {label for tick in outside for label in (tick.label1, tick.label2)}
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    return [(text, text.get_window_extent()) for text in texts if text not in ticks]


@pytest.mark.parametrize(
    ("name", "language"), [("one", "vi"), ("one", "en"), ("several", "vi"), ("many", "vi"), (1, "en"), (12, "vi")]
)
def test_words_lie_neither_on_one_another_nor_off_the_figure(request, schools, name, language) -> None:
    picture = schools[name] if name in schools else request.getfixturevalue(name)
    drawn = draw_question(picture, language=language, truth=0.08)
    figure, boxes = figure_of(drawn), boxes_of(drawn)
    whole = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert len(boxes) > 10
    for place, (text, box) in enumerate(boxes):
        words = text.get_text()
        assert text.get_fontsize() >= 8, words
        assert whole.x0 - 1 <= box.x0 <= box.x1 <= whole.x1 + 1, words
        assert whole.y0 - 1 <= box.y0 <= box.y1 <= whole.y1 + 1, words
        for other, under in boxes[:place]:
            apart = (
                min(box.x1, under.x1) - max(box.x0, under.x0) <= 1 or min(box.y1, under.y1) - max(box.y0, under.y0) <= 2
            )
            assert apart, (words, other.get_text())
    # A phone is 390 pixels wide: letters of 9 points are then at least 8 pixels high.
    assert 390 / whole.width * 9 * figure.dpi / 72 >= 8
    assert whole.width / figure.dpi <= COLUMN


def test_wide_numbers_and_two_that_coincide_stand_apart() -> None:
    drawn = draw_question(of_schools(2, scale=1e6))
    texts = [(text.get_text(), box) for text, box in boxes_of(drawn) if re.fullmatch(r"[+-][\d,.]+", text.get_text())]
    assert len(texts) >= 4
    for place, (words, box) in enumerate(texts):
        for other, under in texts[:place]:
            apart = (
                min(box.x1, under.x1) - max(box.x0, under.x0) <= 1 or min(box.y1, under.y1) - max(box.y0, under.y0) <= 2
            )
            assert apart, (words, other)


def test_it_goes_where_it_is_told(one, many) -> None:
    _, ax = plt.subplots()
    assert draw_question(one, axes=ax) is ax
    _, axes = plt.subplots(7)
    assert draw_question(many, axes=axes) is axes
    assert all(ax.has_data() for ax in axes)
    assert len(plt.get_fignums()) == 2


def test_other_answers_and_languages_are_refused(one) -> None:
    with pytest.raises(pa.SpecError, match="programme_impact is no picture of the question"):
        draw_question(one.design.answer)
    with pytest.raises(pa.SpecError, match="language"):
        draw_question(one, language="fr")
    assert not plt.get_fignums()


# Where it stands


def test_the_report_shows_it_at_the_head_of_its_answers(parts) -> None:
    for language in LANGUAGES:
        first, picture, *_ = parts[language]["findings"]
        assert first.level == 2
        alt = alternative(figure_of(picture))
        assert {"en": "the most complete first", "vi": "nội dung hoàn thành nhiều nhất đứng trước"}[language] in alt
        assert {"en": "SIMULATED: tasks, progress", "vi": "MÔ PHỎNG: nhiệm vụ, tiến độ"}[language] in alt


def test_a_report_on_many_programmes_shows_each_of_them(panel) -> None:
    from papi_analysis.reporting.answers import Answers

    answers = Answers(simulate_study(panel, slopes=0.08, units=6, rng=3))
    assert isinstance(answers.picture, pa.Estimates)
    assert answers.picture.design.answer is answers.slopes


def test_the_readme_says_what_its_picture_shows(one) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (alt,) = re.findall(r"!\[([^\]]*)\]\(docs/question\.png\)", readme)
    table, mean = one.table, one.design.told.row("mean")
    ends = [f"{f(table[name]):.2f}" for name in ("estimate", "needed") for f in (min, max)]
    shares = f"{table['completion'].max():.0%} to {table['completion'].min():.0%} (simulated)"
    family = f"{6 * mean['most']:.2f} of the {6 * mean['needed']:.2f} points in all, {mean['most_share']:.0%}"
    assert [*re.findall(r"-?\d\.\d\d", alt)[:4]] == ends
    assert table["estimate"].between(table["others_low"], table["others_high"]).all()
    for words in (shares, family, f"{table['others'].iloc[0]} other provinces", "all six lie within their middle 95%"):
        assert words in alt
