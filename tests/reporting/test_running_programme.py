"""The report on a programme of 2025-2030 by its last report: what is known is said, what is not says why."""

import re

import numpy as np
import pandas as pd
import pytest
from test_programme_report import ENGLISH, changed, numbers, said

import papi_analysis as pa
from papi_analysis.panel.monitoring import task_counts, task_list
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.section import Words
from papi_analysis.reporting.tables import Table
from papi_analysis.reporting.task_figures import draw_tasks
from papi_analysis.reporting.task_section import LONG

TODAY = pd.Timestamp("2026-06-30")  # the day of the last report, whatever the clock says


@pytest.fixture(scope="module")
def running(study):
    """Can Tho's register moved to 2025-2030, reported on to the middle of 2026, with targets for 2030."""
    later = pd.DateOffset(years=7)
    tasks = study.tasks.assign(start=study.tasks["start"] + later)
    # From the first start on, time runs twice as slowly.
    tasks["due"] = tasks["start"].min() + 2 * (study.tasks["due"] - study.tasks["start"].min())
    tasks["start"] = tasks["start"].min() + 2 * (tasks["start"] - tasks["start"].min())
    progress = study.progress.assign(
        as_of=study.progress["as_of"] + later, reported_on=study.progress["reported_on"] + later
    )
    starts = tasks.drop_duplicates("task").set_index("task")["start"]
    begun = progress["as_of"] >= progress["task"].map(starts)
    return changed(
        study,
        title_en="Running",
        title_vi="Đang thực hiện",
        base_year=2024,
        start=pd.Timestamp("2025-02-01"),
        end=pd.Timestamp("2030-12-31"),
        years=(2011, 2024),
        scores=pa.papi.load_scores(),
        tasks=tasks,
        progress=progress[begun & (progress["as_of"] <= TODAY)].reset_index(drop=True),
        targets=study.targets.assign(year=2030),
        simulated_tables=(),
    )


#: The sections that both languages are held against each other in; the others show what they show of any study.
SAID = ("summary", "tasks", "targets", "findings", "slopes", "impact", "trust")


@pytest.fixture(scope="module")
def shown(running):
    english, vietnamese = (pa.ProgrammeReport(running, language) for language in ("en", "vi"))
    vietnamese.answers = english.answers
    return {
        "en": {name: list(getattr(english, name)()) for name in (*SAID, "completion")},
        "vi": {name: list(getattr(vietnamese, name)()) for name in SAID},
    }


def words_of(parts):
    return "\n".join(said(part) for part in parts)


def plain(part):
    """What a part says without the register's own words, thousands not grouped."""
    own = {"Title", "Lead agency", "Tên nhiệm vụ", "Cơ quan chủ trì"}
    part = part.drop(columns=list(own & set(part.columns))) if isinstance(part, Table) else part
    return re.sub(r"(?<=\d)[.,](?=\d{3}\b)", "", said(part))


@pytest.mark.parametrize("name", SAID)
def test_both_languages_say_the_same_and_nothing_is_left_in_english(shown, name):
    english, vietnamese = shown["en"][name], shown["vi"][name]
    assert [type(part) for part in english] == [type(part) for part in vietnamese]
    for first, second in zip(english, vietnamese, strict=True):
        assert numbers(plain(first)) == numbers(plain(second))
        assert not ENGLISH.search(said(second))


def test_the_first_page_is_of_the_day_of_the_last_report(shown, running):
    opening, picture, targets, table, *late = shown["en"]["summary"]
    assert opening.paragraphs[0] == (
        "As of 2026-06-30, the day of the last report. The programme runs from 2025-02-01 to 2030-12-31."
    )
    tasks = task_list(running)
    counts = tasks["state"].value_counts()
    assert f"Tasks: 59. Done: {counts['done']}; overdue: {counts['overdue']};" in opening.paragraphs[1]
    ahead = tasks[tasks["days_left"].notna()]
    first = ahead[ahead["due"] == ahead["due"].min()]
    assert f"Due next: {len(first)} on {first['due'].iloc[0]:%Y-%m-%d}." in opening.paragraphs[2]
    assert "Since the report of 2026-03-31: " in opening.paragraphs[2]
    assert "Can Tho has 6 targets for 2030; in 2024, the latest scores," in targets.paragraphs[0]
    assert list(table.columns) == ["2024", "Target 2030", "Still needed", "Completion, 2026-06-30"]
    assert "done" in alternative(figure_of(picture))
    overdue = late[-1]
    assert overdue["Overdue"].astype(int).is_monotonic_decreasing


def test_nothing_is_measured_on_a_day_after_the_last_report(shown):
    """Days after it are due dates, and the end of the programme that the first page names."""
    for name in ("summary", "targets", "findings", "completion"):
        for day in map(pd.Timestamp, re.findall(r"\d{4}-\d{2}-\d{2}", words_of(shown["en"][name]))):
            after = day > TODAY
            assert not after or name == "summary", (name, day)
    (cells,) = [part for part in shown["en"]["completion"] if isinstance(part, Table)]
    assert set(cells.index) == {"2025-09-30", "2026-06-30"}
    assert "2026-06-30" in words_of(shown["en"]["completion"][:1])


def test_what_needs_scores_after_the_start_says_so_in_few_words(shown):
    why = "scores after the start of the programme (2025-02-01) are not there yet; the latest are of 2024."
    for name in ("slopes", "impact", "trust"):
        assert shown["en"][name][0].paragraphs == (f"This study's data cannot answer: {why}",)
    assert words_of(shown["en"]["findings"]).count(why) == 1
    assert "chưa có điểm sau khi chương trình bắt đầu (01/02/2025)" in words_of(shown["vi"]["slopes"])


def test_what_is_still_needed_stands_beside_what_the_design_could_tell(shown, running):
    table = next(part for part in shown["en"]["targets"] if isinstance(part, Table))
    answer = pa.target_attainment(running)
    assert table["Still needed"].tolist() == [f"{still:.2f}" for still in answer.table["still"]]
    panel = pa.Panel.from_study(running)
    plan = pa.plan_study(panel, [1], [6], method="lagged_outcome")
    sizes = plan.set_index("dimension")["detectable"]
    assert table["Detectable"].tolist()[:6] == [f"{sizes[name]:.2f}" for name in panel.dimensions]
    large = sum(answer.row(name)["still"] >= sizes[name] for name in panel.dimensions)
    assert "kept up over 6 programme years" in words_of(shown["en"]["targets"])
    assert f"{large} of the 6 gains that are still needed are as large" in words_of(shown["en"]["targets"])


def test_overdue_stands_apart_from_not_yet_due_each_with_its_agency(shown, running):
    parts = shown["en"]["tasks"]
    tables = {part.heading: parts[place + 1] for place, part in enumerate(parts) if isinstance(part, Words)}
    tasks = task_list(running)
    (overdue,) = (table for heading, table in tables.items() if heading.startswith("Overdue"))
    (ahead,) = (table for heading, table in tables.items() if heading.startswith("Not overdue, not done"))
    late = tasks[tasks["state"] == "overdue"]
    assert list(overdue.index) == late["task"].tolist()
    assert overdue["Lead agency"].tolist() == late["lead_agency_en"].tolist()
    assert overdue["Days overdue"].str.replace(",", "").astype(int).is_monotonic_decreasing
    assert len(ahead) == tasks["state"].isin(["in_progress", "not_begun", "unreported"]).sum()
    change = tables["Change since the report before"]
    cells = pa.completion(running.tasks, running.progress, as_of=["2026-03-31", "2026-06-30"])
    for day, column in (("2026-03-31", "Completion before"), ("2026-06-30", "Completion")):
        then = cells[cells["as_of"] == day].set_index("dimension")["completion"]
        assert change[column].tolist() == [f"{np.floor(100 * share + 0.5):.0f}%" for share in then]


def test_the_programme_goes_on_after_the_last_survey_with_a_score(study):
    """The end lies years ahead: a score stands beside the completion of its own survey, never of the end."""
    own = pa.ProgrammeReport(changed(study, end=pd.Timestamp(2027, 12, 31)))
    said_of = words_of([*own.summary(), *own.targets()])
    assert "As of 2020-12-31, the day of the last report" in said_of
    assert "Completion on 2020-09-30" in said_of
    assert not re.search(r"Completion on (?!2020-09-30)", said_of)


def test_a_survey_after_the_last_report_keeps_its_own_day(study):
    early = study.progress[study.progress["as_of"] <= "2020-03-31"]
    own = pa.ProgrammeReport(changed(study, progress=early, end=pd.Timestamp(2021, 12, 31)))
    then = pa.completion(study.tasks, early, as_of="2020-09-30").set_index("dimension")["completion"]
    for item, dimension in zip(next(iter(own.targets())).items, own.study.dimensions["dimension"], strict=True):
        assert f"Completion on 2020-09-30: {own.tongue.percent(then[dimension])}" in item


def test_many_units_are_summed(study):
    """More overdue tasks than a table holds become a row a unit."""
    units = [unit for unit in study.units["unit"] if unit != "VN-CT"][:12]
    tasks = pd.concat([study.tasks.assign(unit=unit) for unit in units], ignore_index=True)
    progress = pd.concat([study.progress.assign(unit=unit) for unit in units], ignore_index=True)
    several = {"unit": "", "tasks": tasks, "progress": progress, "targets": None, "without_programme": "all others"}
    own = pa.ProgrammeReport(changed(study, **several))
    page = list(own.summary())
    assert "Tasks: 708. Done: 396; overdue: 240;" in page[0].paragraphs[1]
    assert "Units with overdue tasks: 12 of 12. Shown are those with most." in words_of(page)
    assert LONG < 240
    table = list(own.tasks())[2]
    assert table["Overdue"].tolist() == ["20"] * 12


def test_the_picture_has_a_bar_for_each_count(running):
    counts = task_counts(running)
    ax = draw_tasks(counts, running)
    longest = counts[["done", "overdue", "in_progress", "not_begun", "unreported"]].to_numpy().max()
    drawn = [round(bar.get_width() * longest) for bar in ax.patches]
    told = [state for state in ("done", "overdue", "in_progress", "not_begun", "unreported") if counts[state].any()]
    assert drawn == [count for state in told for count in counts[state]]
    labels = [text.get_text() for text in ax.texts]
    assert [label for label in labels if label.isdigit()] == [str(count) for count in drawn]
    assert [label for label in labels if not label.isdigit()][:2] == ["Done", "Overdue"]
    heights = [bar.get_y() for bar in ax.patches][: len(counts)]
    assert heights == sorted(heights, reverse=True)
