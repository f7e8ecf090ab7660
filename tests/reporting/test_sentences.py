"""Sentences say what the table says, in either language, and what was simulated."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.errors import Note
from papi_analysis.estimation.estimates import Estimates, VerdictDesign
from papi_analysis.reporting.language import language_of

LANGUAGES = ["en", "vi"]
ANSWERS = ["targets", "changes", "slopes", "untold"]
MARKS = {"en": "SIMULATED", "vi": "MÔ PHỎNG"}


def numbers(text, language):
    """All numbers in a sentence, as numbers."""
    # A comma or point between digits belongs to the number, one before a space to the sentence.
    found = re.findall(r"(?<![\w.,])-?\d+(?:[.,]\d+)*", text)
    plain = (n.replace(".", "").replace(",", ".") if language == "vi" else n.replace(",", "") for n in found)
    return [float(n) for n in plain]


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets(targets, language):
    said = pa.sentence(targets, language=language)
    total, each = targets.row("total"), targets.table.iloc[:-1]
    expected = [
        each["reached"].sum(),
        len(each),
        2020,
        round(total["outcome"], 2),
        round(total["target"], 2),
        round(total["base"], 2),
        2016,
        *total[["rank_base", "ranked_base", "rank_end", "ranked_end"]],
    ]
    assert sorted(numbers(said, language)) == sorted(expected)
    assert said.startswith({"en": "Can Tho reached 0 of", "vi": "Cần Thơ đạt 0 trong"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_that_were_reached_are_counted(targets, language):
    table = targets.table.copy()
    table["reached"] = [True, False, True, None, True, False, False]
    said = pa.sentence(dataclasses.replace(targets, table=table), language=language)
    assert numbers(said, language)[:2] == [3, 5]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sum_that_is_not_known_is_not_told(targets, language):
    table = targets.table.copy()
    table.loc[[2, 6], ["outcome", "rank_end", "ranked_end"]] = np.nan
    table["reached"] = [True, False, None, False, False, False, None]
    said = pa.sentence(dataclasses.replace(targets, table=table), language=language)
    assert numbers(said, language) == [1, 6, 2020, 5]
    assert "–" not in said
    assert "nan" not in said.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_of_which_none_can_be_judged_are_not_called_missed(targets, language):
    table = targets.table.assign(reached=None, outcome=np.nan, rank_end=np.nan, ranked_end=np.nan)
    said = pa.sentence(dataclasses.replace(targets, table=table), language=language)
    assert numbers(said, language) == [6, 2020, 2020]
    assert said.startswith({"en": "Whether Can Tho reached", "vi": "Chưa thể nói Cần Thơ"}[language])


def staggered(dimensions, units):
    """Scores of twenty units over eight years; the first few start one after another in the last three."""
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product([[f"u{i:02}" for i in range(20)], range(1, 9), list(dimensions)])
    cells = index.to_frame(index=False, name=["unit", "year", "dimension"])
    starts = {f"u{i:02}": 6 + i % 3 for i in range(units)}
    begun = cells["year"] >= cells["unit"].map(starts).fillna(99)
    cells = cells.assign(completion=begun * rng.random(len(cells)))
    panel = pa.Panel.from_frames(cells.drop(columns="completion").assign(score=rng.random(len(cells))), cells)
    return panel, starts


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_score_is_told_in_the_singular(language):
    panel, starts = staggered("a", 6)
    gap = pa.sentence(pa.programme_impact(panel, starts, method="did", draws=19), language=language)
    slope = pa.sentence(pa.completion_slopes(panel, draws=199), language=language)
    plural = {"en": "scores|dimensions|on average|mean", "vi": "bình quân (cao|thấp|[0-9]|từ)|, 1 điểm số|1 nội dung"}
    for said in (gap, slope):
        opening = said.partition("(")[0]
        assert not re.search(plural[language], opening), said
        assert "A mean gap" not in said
    assert {"en": "the score of", "vi": "điểm của"}[language] in gap
    assert {"en": "points of score, at least", "vi": "điểm, thấp nhất"}[language] in slope


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_units_are_counted_and_a_few_are_named(language):
    for units, shown in ((3, "u00, u01, u02"), (4, {"en": "4 units", "vi": "4 đơn vị"}[language])):
        panel, starts = staggered("ab", units)
        said = pa.sentence(pa.programme_impact(panel, starts, method="did", draws=19), language=language)
        assert shown in said
        assert {"en": "the donors predict for them", "vi": "mức ước tính từ các đơn vị đối chứng"}[language] in said
        assert ("u00" in said) == (units == 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_changes(changes, language):
    said = pa.sentence(changes, language=language)
    slopes = changes.table["estimate"].round(3)
    assert numbers(said, language)[:3] == [slopes.min(), slopes.max(), changes.table["n"].sum()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_slopes_with_an_interval(slopes, language):
    said = pa.sentence(slopes, language=language)
    mean = slopes.row("mean")
    full = (10 * mean[["estimate", "low", "high"]]).round(2)
    expected = [full["estimate"], 6, full["low"], full["high"], 95, round(mean["p"], 3), round(mean["estimate"], 3)]
    found = (slopes.table["p_joint"].dropna() <= 0.05).sum()
    assert mean["p"] < 0.05
    assert numbers(said, language)[: len(expected) + 2] == [*expected, found, 6]


@pytest.mark.parametrize("language", LANGUAGES)
def test_slopes_lead_with_what_full_completion_would_bring_at_most(panel, language):
    answer = pa.completion_slopes(panel)
    mean = answer.row("mean")
    assert mean["p"] > 0.05
    said = pa.sentence(answer, language=language)
    assert numbers(said, language)[:4] == [round(10 * mean["estimate"], 2), 6, *(10 * mean[["low", "high"]]).round(2)]
    assert {"en": "noise", "vi": "nhiễu"}[language] not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_slopes_without_one_say_that_the_design_cannot_tell(untold, language):
    said = pa.sentence(untold, language=language)
    assert {"en": "cannot tell", "vi": "chưa thể khẳng định"}[language] in said
    estimate = round(untold.row("mean")["estimate"], 3)
    assert numbers(said, language) == [round(10 * untold.row("mean")["estimate"], 2), 2, estimate, 1]
    assert "95" not in said


def test_the_level_is_the_one_that_was_used(slopes):
    assert "90% interval" in pa.sentence(dataclasses.replace(slopes, level=0.9))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERS)
def test_simulated_inputs_are_said(request, name, language):
    answer = request.getfixturevalue(name)
    made_up = dataclasses.replace(answer, simulated_tables=("tasks", "progress"))
    real = dataclasses.replace(answer, simulated_tables=())
    words = {"en": "[SIMULATED: tasks, progress]", "vi": "[MÔ PHỎNG: nhiệm vụ, tiến độ]"}[language]
    assert pa.sentence(made_up, language=language).endswith(f". {words}")
    assert MARKS[language] not in pa.sentence(real, language=language)


def test_real_targets_are_not_called_simulated(targets, changes):
    assert "SIMULATED" not in pa.sentence(targets)
    assert "SIMULATED" in pa.sentence(changes)


@pytest.mark.parametrize("name", ANSWERS)
def test_vietnamese_sentences_are_vietnamese(request, name):
    answer = dataclasses.replace(request.getfixturevalue(name), simulated_tables=())
    english, vietnamese = (pa.sentence(answer, language=language) for language in LANGUAGES)
    assert english != vietnamese
    assert not re.search(r"\b(the|of|and|with|that|is)\b", vietnamese)
    assert not re.search(r"\d\.\d", vietnamese)


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_study_is_told_without_papi(foreign, papi_words, language):
    panel = pa.Panel.from_study(foreign)
    answers = (pa.target_attainment(foreign), pa.change_slopes(panel), pa.completion_slopes(panel, draws=99))
    for answer in answers:
        said = pa.sentence(answer, language=language) + pa.remarks(answer, language=language)
        assert not [word for word in papi_words if word in said]
        assert not re.search(r"\bsix\b|\bsáu\b|province|tỉnh", pa.sentence(answer, language=language))
    assert r"School $\frac{$ 0" in pa.sentence(answers[0], language=language)


def test_a_question_without_a_sentence_is_refused():
    with pytest.raises(pa.SpecError, match="weather"):
        pa.sentence(Estimates("weather", pd.DataFrame()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_remarks_are_the_notes_one_to_a_line(targets, slopes, untold, language):
    for answer in (targets, slopes, untold):
        lines = pa.remarks(answer, language=language).splitlines()
        assert len(lines) == len(answer.notes) > 0
        tongue = language_of(language, answer.names)
        for line, note in zip(lines, answer.notes, strict=True):
            assert line == tongue.say(note, answer.names)
            assert "{" not in line
    assert pa.remarks(targets).splitlines() == [str(note) for note in targets.notes]


@pytest.mark.parametrize("name", ["targets", "slopes", "untold"])
def test_vietnamese_remarks_are_vietnamese(request, name):
    answer = request.getfixturevalue(name)
    assert not re.search(r"\b(the|of|and|with|that|is)\b", pa.remarks(answer, language="vi"))


def test_a_remark_writes_its_numbers_in_the_readers_language():
    answer = Estimates("x", pd.DataFrame(), notes=(Note("{size} left of {n}.", {"size": 0.5, "n": 3}),))
    assert pa.remarks(answer, language="vi") == "0,50 left of 3."
    assert pa.remarks(Estimates("x", pd.DataFrame())) == ""


def test_a_language_that_is_not_there_is_refused(targets):
    for tell in (pa.sentence, pa.remarks):
        with pytest.raises(pa.SpecError, match="en, vi"):
            tell(targets, language="fr")


# Verdicts


def told(verdicts, needed=0.5, most=0.4, year=2020, effect="programme_impact"):
    """Verdicts of a family with as many dimensions as codes; the last is that of the family."""
    names = [*(f"D{k}" for k in range(1, len(verdicts))), "mean"]
    table = pd.DataFrame({"dimension": names, "needed": needed, "low": 0.1, "most": most, "verdict": verdicts})
    table["most_share"] = table["most"] / table["needed"]
    return Estimates("verdicts", table, design=VerdictDesign(effect, year))


RULED_OUT = "the programme can have added at most 0.80 of the 1.00 points that the targets needed over the 2 dimensions"
SAID = [
    (
        told(["ruled_out", "cannot_tell", "ruled_out"]),
        f"By 2020 {RULED_OUT} (80%): ruled out in D1; cannot be told in D2.",
    ),
    (
        told(["added", "not_needed", "added"], year=None),
        "The programme added at least 0.20 points: no less than the 1.00 points in question over the 2 dimensions: "
        "what was needed was added in D1; no gain was needed in D2.",
    ),
    (
        told(["ruled_out", "cannot_tell", "cannot_tell"], most=0.6, effect="completion_slopes"),
        "Full completion can bring 1.20 points or less; whether as many as the 1.00 points that the targets needed "
        "over the 2 dimensions cannot be told: ruled out in D1; cannot be told in D2.",
    ),
    (
        told(["ruled_out", "ruled_out", "ruled_out"], most=-0.1),
        "By 2020 the programme can have added none of the 1.00 points that the targets needed over the 2 dimensions: "
        "ruled out in D1, D2.",
    ),
    (
        told(["cannot_tell", "cannot_tell"], most=np.nan, year=None),
        "No effect, however large, can be excluded, the 0.50 points in question in D1 among them.",
    ),
    (told(["ruled_out", None, None]), "Ruled out in D1; what was needed is not known in D2."),
    (told(["not_needed", "not_needed"]), "No gain was needed in D1."),
    (told([None, None]), "What was needed is not known."),
]


@pytest.mark.parametrize(("answer", "words"), SAID)
def test_verdicts_are_told_in_points_over_all_dimensions(answer, words):
    assert pa.sentence(answer) == words
    vietnamese = pa.sentence(answer, language="vi")
    assert not re.search(r"\b(the|of|and|with|that|is|was|in|can|be)\b", vietnamese)
    assert numbers(vietnamese, "vi") == numbers(words, "en")
    assert vietnamese[0].isupper()


def test_a_table_of_verdicts_shows_words_for_its_codes():
    answer = told(["ruled_out", None, "added"])
    assert pa.table(answer)["Verdict"].tolist() == ["Ruled out", "–", "Added what was needed"]
    assert pa.table(answer, language="vi")["Khả năng kết luận"].tolist() == [
        "Không thể đã tăng đủ",
        "–",
        "Đã tăng đủ",
    ]
    assert pa.table(answer)["Of what was needed"].tolist() == ["80%"] * 3
