"""Sentences about counterfactuals and mean reversion: the table's numbers, in order, in either language."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa

LANGUAGES = ["en", "vi"]
ENGLISH = r"\b(the|of|and|with|that|is|units?|donors?|years?|gaps?|points?)\b"


def numbers(text: str, language: str) -> list[float]:
    """All numbers of a text in order; a comma or point before a space belongs to the sentence."""
    found = re.findall(r"(?<![\w.,])-?\d+(?:[.,]\d+)*", text)
    plain = (n.replace(".", "").replace(",", ".") if language == "vi" else n.replace(",", "") for n in found)
    return [float(n) for n in plain]


def moved(panel: pa.Panel, gap: float) -> pa.Panel:
    scores = panel.scores.copy()
    scores[panel.position("unit", "VN-CT"), panel.position("year", 2018) :] += gap
    return dataclasses.replace(panel, scores=scores)


def without_year(panel: pa.Panel, year: int) -> pa.Panel:
    kept = [place for place, each in enumerate(panel.years) if each != year]
    years = tuple(panel.years[place] for place in kept)
    return dataclasses.replace(panel, scores=panel.scores[:, kept], completion=panel.completion[:, kept], years=years)


def one_dimension(panel: pa.Panel) -> pa.Panel:
    return dataclasses.replace(
        panel, scores=panel.scores[:, :, 3:4], completion=panel.completion[:, :, 3:4], dimensions=("D4",)
    )


@pytest.fixture(scope="module")
def gaps(panel) -> pa.Estimates:
    return pa.programme_impact(panel, "VN-CT", 2018, 2020)


@pytest.fixture(scope="module")
def few(panel) -> pa.Estimates:
    """Six units: the floor lies above five per cent."""
    kept = {"VN-CT", "VN-HN", "VN-HP", "VN-DN", "VN-SG", "VN-01"}
    return pa.programme_impact(panel, "VN-CT", 2018, 2020, without=[u for u in panel.units if u not in kept])


@pytest.fixture(scope="module")
def reversion(panel) -> pa.Estimates:
    return pa.regression_to_the_mean(panel, "VN-CT", 2016)


@pytest.fixture(scope="module")
def answers(panel, gaps, few, reversion) -> dict[str, pa.Estimates]:
    """One answer for each kind of note that there is."""
    exact = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="synthetic_control", before=(2016, 2017))
    sets = pa.programme_impact(panel, {"VN-CT": 2018, "VN-HN": 2016}, end=2020, method="did", draws=99)
    by_t = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="lee_wooldridge")
    sample = pa.programme_impact(panel, "VN-CT", 2018, 2020, method="did", draws=39)
    labels = {unit: place // 21 if unit == "VN-CT" or place < 62 else "alone" for place, unit in enumerate(panel.units)}
    alike = panel.scores.copy()
    alike[np.arange(len(panel.units)) != panel.units.index("VN-CT"), :, 0] = np.arange(len(panel.years))
    nobody_knows = dataclasses.replace(panel, completion=np.full_like(panel.completion, np.nan))
    return {
        "within": pa.programme_impact(panel, "VN-CT", 2018, 2020, within=labels),
        "between surveys": pa.programme_impact(without_year(panel, 2018), "VN-CT", 2018, 2020),
        "alike": pa.programme_impact(dataclasses.replace(panel, scores=alike), "VN-CT", 2018, 2020, method="did"),
        "unknown": pa.programme_impact(nobody_knows, "VN-CT", 2018, 2020),
        "edge": pa.programme_impact(panel, "VN-CT", 2018, 2020, before=(2015, 2017)),
        "another's programme": pa.programme_impact(panel, "VN-HN", 2018, 2020),
        "too late": pa.programme_impact(panel, "VN-CT", 2019, 2020),
        "too early": pa.programme_impact(panel, "VN-CT", 2017, 2020),
        "gaps": gaps,
        "few": few,
        "exact": exact,
        "sets": sets,
        "sample": sample,
        "by t": by_t,
        "reversion": reversion,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gap_that_may_be_noise(gaps, language) -> None:
    mean = gaps.row("mean")
    assert mean["p"] > 0.05
    below = mean["estimate"] < 0
    expected = [2018, 2020, 6, abs(mean["estimate"]), 95, mean["low"], mean["high"], mean["p"], mean["high"], 6]
    said = pa.sentence(gaps, language=language)
    assert {"en": ("points above", "points below"), "vi": ("cao hơn", "thấp hơn")}[language][int(below)] in said
    assert {"en": "none of the 6 gaps differs", "vi": "không chênh lệch nào trong 6"}[language] in said
    assert numbers(said, language) == pytest.approx(expected, abs=0.0051)
    assert f"{mean['p']:.3f}".replace(".", "," if language == "vi" else ".") in said
    assert {"en": "Can Tho lay on average", "vi": "Cần Thơ bình quân"}[language] in said
    assert {"en": "points is ruled out", "vi": "Có thể loại trừ"}[language] in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("gap", [1.5, -1.5])
def test_of_a_gap_that_is_found_nothing_is_ruled_out(panel, language, gap) -> None:
    answer = pa.programme_impact(moved(panel, gap), "VN-CT", 2018, 2020)
    mean, each = answer.row("mean"), answer.table.iloc[:6]
    assert mean["p"] <= 0.05
    found = (each["p_joint"] <= 0.05).sum()
    assert found > 0
    expected = [2018, 2020, 6, abs(mean["estimate"]), 95, mean["low"], mean["high"], mean["p"], found, 6]
    said = pa.sentence(answer, language=language)
    assert {"en": ("points above", "points below"), "vi": ("cao hơn", "thấp hơn")}[language][gap < 0] in said
    assert numbers(said, language) == pytest.approx(expected, abs=0.0051)
    assert {"en": "ruled out", "vi": "loại trừ"}[language] not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_gap_of_one_year_names_that_year(panel, language) -> None:
    said = pa.sentence(pa.programme_impact(panel, "VN-CT", 2018, 2020, after=(2020, 2020)), language=language)
    assert said.startswith({"en": "In 2020 the 6 scores", "vi": "Năm 2020, điểm 6 nội dung"}[language])


def test_the_level_decides_what_is_found(panel) -> None:
    answer = pa.programme_impact(moved(panel, 0.5), "VN-CT", 2018, 2020, level=0.6)
    said = pa.sentence(answer)
    found = (answer.table["p_joint"].iloc[:6] <= 0.4).sum()
    assert "60% interval" in said
    assert "95" not in said
    assert found != (answer.table["p_joint"].iloc[:6] <= 0.05).sum()
    assert f"{found} of 6 gaps" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_few_units_are_said_instead_of_a_p_value(few, language) -> None:
    said = pa.sentence(few, language=language)
    assert numbers(said, language) == [2018, 2020, 6, round(few.row("mean")["estimate"], 2)]
    assert {"en": "so few units this design cannot tell", "vi": "quá ít"}[language] in said
    assert "–" not in said
    assert "nan" not in said.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_units_are_named(answers, language) -> None:
    said = pa.sentence(answers["sets"], language=language)
    assert {"en": "Can Tho, Hanoi", "vi": "Cần Thơ, Hà Nội"}[language] in said
    assert numbers(said, language)[:3] == [2016, 2020, 6]


def test_a_family_of_one_is_found_by_its_only_p_value(panel) -> None:
    """Nothing has to be judged together: the p-value of the only dimension is the one that counts."""
    alone = pa.programme_impact(moved(one_dimension(panel), 5.0), "VN-CT", 2018, 2020)
    assert alone.row("D4")["p"] <= 0.05
    assert "The gap differs from zero." in pa.sentence(alone)
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([[f"u{i}" for i in range(30)], range(1, 6)], names=["unit", "year"])
    cells = index.to_frame(index=False).assign(dimension="D")
    cells["completion"] = np.clip((cells["year"] - 1) / 5 + 0.3 * rng.random(len(cells)), 0, 1)
    scores = cells.drop(columns="completion").assign(score=5 + 3 * cells["completion"] + 0.1 * rng.random(len(cells)))
    slopes = pa.completion_slopes(pa.Panel.from_frames(scores, cells), draws=199)
    assert slopes.row("D")["p"] <= 0.05
    assert "The slope differs from zero." in pa.sentence(slopes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_mean_reversion_without_a_line_names_no_interval(reversion, language) -> None:
    table = reversion.table.assign(low=np.nan, high=np.nan)
    said = pa.sentence(dataclasses.replace(reversion, table=table), language=language)
    assert "–" not in said
    assert "nan" not in said
    table = table.assign(expected=np.nan)
    said = pa.sentence(dataclasses.replace(reversion, table=table), language=language)
    assert {"en": "the other units do not differ", "vi": "không khác nhau"}[language] in said
    assert "–" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_of_a_tiny_scale_are_told_with_the_digits_that_count(gaps, language) -> None:
    columns = ["estimate", "low", "high"]
    table = gaps.table.assign(**{name: gaps.table[name] / 1e5 for name in columns})
    tiny = dataclasses.replace(gaps, table=table)
    said = numbers(pa.sentence(tiny, language=language), language)
    mean = tiny.row("mean")
    assert said[3] == pytest.approx(abs(mean["estimate"]), abs=5e-8)
    assert said[5:7] == pytest.approx([mean["low"], mean["high"]], abs=5e-8)
    shown = pa.table(tiny, ["estimate"], language=language)
    assert numbers(shown.iloc[-1, 0], language) == pytest.approx([mean["estimate"]], abs=5e-8)


@pytest.mark.parametrize("language", LANGUAGES)
def test_mean_reversion(reversion, language) -> None:
    total = reversion.row("total")
    expected = [2016, 2020, *total[["change", "expected"]], 95, *total[["low", "high"]]]
    places = {"en": ["ranked", "rank_beyond"], "vi": ["rank_beyond", "ranked"]}[language]  # in the order of the words
    expected += [*total[places], total["expected_without"]]
    said = pa.sentence(reversion, language=language)
    assert numbers(said, language) == pytest.approx(expected, abs=0.0051)
    assert {"en": "Can Tho changed", "vi": "Cần Thơ"}[language] in said
    assert {"en": "the other units alone", "vi": "các tỉnh, thành phố khác"}[language] in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_that_is_not_known_is_a_dash(reversion, language) -> None:
    table = reversion.table.copy()
    table.loc[6, "change"] = np.nan
    said = pa.sentence(dataclasses.replace(reversion, table=table), language=language)
    assert "nan" not in said.lower()
    assert said.count("–") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["gaps", "few", "sets", "reversion"])
def test_made_up_scores_are_said_and_real_ones_are_not(answers, name, language) -> None:
    words = {"en": " [SIMULATED: scores]", "vi": " [MÔ PHỎNG: điểm số]"}[language]
    made_up = dataclasses.replace(answers[name], simulated_tables=("scores",))
    real = pa.sentence(answers[name], language=language)
    assert pa.sentence(made_up, language=language) == real + words
    assert real.endswith(".")


NAMES = ["gaps", "few", "exact", "sets", "sample", "by t", "reversion"]
NAMES += ["alike", "unknown", "edge", "another's programme", "too late", "too early"]


@pytest.mark.parametrize("name", NAMES)
def test_vietnamese_is_vietnamese(answers, name) -> None:
    answer = answers[name]
    said, english = (pa.sentence(answer, language=language) for language in ("vi", "en"))
    assert said != english
    assert not re.search(ENGLISH, said)
    assert not re.search(r"\d\.\d", said)
    for note, line in zip(answer.notes, pa.remarks(answer, language="vi").splitlines(), strict=True):
        assert line != str(note)
        assert not re.search(ENGLISH, line), line
        assert not re.search(r"[{}]", line), line
        assert not re.search(r"\d\.\d", line), line


def test_these_answers_carry_every_note_of_the_question(answers) -> None:
    """Otherwise the test above would look at less than it says."""
    from papi_analysis.estimation import impact_notes, mean_reversion

    said = {note.text for answer in answers.values() for note in answer.notes}
    notes = {
        value.text
        for module in (impact_notes, mean_reversion)
        for name, value in vars(module).items()
        if hasattr(value, "text") and name.isupper()
    }
    refusals = {mean_reversion.NO_SCORE.text, mean_reversion.FEW_OTHERS.text}
    of_standard_errors = {mean_reversion.RELIABLE.text}  # these scores have none
    assert notes - refusals - of_standard_errors <= said


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_study_is_told_with_its_own_names(foreign, papi_words, language) -> None:
    scores = foreign.scores.query("unit not in ['school 1', 'school 2']")
    cells = scores.drop(columns="score").assign(completion=0.0)
    panel = pa.Panel.from_frames(scores, cells, names=foreign.names)
    said = pa.sentence(pa.programme_impact(panel, "school 4", 2003, method="did"), language=language)
    assert not [word for word in papi_words if word in said]
    assert not re.search(r"\bsix\b|\bsáu\b|province|tỉnh", said)
    assert r"School $\frac{$ 4" in said
    assert numbers(said.replace(r"School $\frac{$ 4", ""), language)[:2] == [2003, 2]
