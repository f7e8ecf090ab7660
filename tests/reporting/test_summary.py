"""The start page: three sentences and one figure, about this study and in its reader's language."""

import dataclasses
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.summary import summarise

LANGUAGES = ["en", "vi"]


@pytest.fixture(scope="module")
def summaries(study):
    return {language: summarise(study, language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_asked_what_was_reached_and_what_completion_has_to_do_with_it(
    summaries, study, targets, panel, language
):
    summary = summaries[language]
    asked, reached, related = summary.sentences
    tasks = study.tasks["task"].nunique()
    assert [int(n) for n in re.findall(r"\d+", asked)] == [tasks, 6, 2018, 2020]
    assert asked.endswith("?")
    assert reached == pa.sentence(targets, language=language)
    assert related == pa.sentence(pa.completion_slopes(panel), language=language)
    assert summary.title == (study.title_en if language == "en" else study.title_vi)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figure_is_of_the_targets_and_has_its_text(summaries, targets, language):
    summary = summaries[language]
    assert summary.alt == alternative(figure_of(pa.draw_targets(targets, language=language)))
    assert summary.figure.startswith(b"\x89PNG")


def test_what_is_simulated_is_said_once_for_all_pages(summaries, study):
    assert summaries["en"].simulated.startswith("SIMULATED: tasks, progress. ")
    assert summaries["vi"].simulated.startswith("MÔ PHỎNG: nhiệm vụ, tiến độ. ")
    real = summarise(dataclasses.replace(study, simulated_tables=()))
    assert real.simulated == ""
    assert "SIMULATED" not in " ".join([*real.sentences, real.alt])


def test_a_summary_is_the_same_each_time(summaries, study):
    assert summarise(study, "vi") == summaries["vi"]


def test_no_figure_is_left_open(study):
    before = plt.get_fignums()
    summarise(study)
    assert plt.get_fignums() == before


def test_a_study_without_targets_shows_its_slopes(study):
    summary = summarise(dataclasses.replace(study, targets=None))
    assert len(summary.sentences) == 2
    assert summary.alt.startswith("SIMULATED")
    assert "Slopes" in summary.alt


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_study_is_summed_up_in_its_own_words(foreign, papi_words, language):
    summary = summarise(foreign, language)
    said = " ".join([summary.title, *summary.sentences, summary.alt])
    assert not [word for word in papi_words if word in said]
    assert summary.title == "Repairs of schools", "the only title that it has"
    assert summary.simulated == ""
    assert [int(n) for n in re.findall(r"\d+", summary.sentences[0])] == [2, 2, 2002, 2003]


def test_a_study_that_cannot_be_summed_up_says_why(study):
    never = study.progress.assign(completion=0.0)
    with pytest.raises(pa.SpecError):
        summarise(dataclasses.replace(study, progress=never))
    with pytest.raises(pa.SpecError, match="targets"):
        summarise(dataclasses.replace(study, targets=pd.DataFrame(columns=study.targets.columns)))
    with pytest.raises(pa.SpecError, match="language"):
        summarise(study, "fr")
