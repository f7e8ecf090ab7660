"""The report on a programme: the same numbers in both languages, and a reason where there is no answer."""

import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.panel.completion import task_states
from papi_analysis.reporting.canvas import alternative, figure_of
from papi_analysis.reporting.programme_report import SECTIONS
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table
from papi_analysis.study.study import make_study

# Words that no Vietnamese text holds.
ENGLISH = re.compile(r"\b(the|of|and|all|was|were|by|from|with|than|each|units?|scores?|tasks?|not)\b", re.IGNORECASE)


def said(part):
    """The text of a part: words, a table with its caption, or what a figure says that it shows."""
    if isinstance(part, Words | Table):
        return repr(part)
    return alternative(figure_of(part))


def numbers(text):
    """The numbers of a text, whichever way they are written, each as often as it stands there."""
    text = re.sub(r"\b(\d{2})/(\d{2})/(\d{4})\b", r"\3-\2-\1", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)(?=.*Rows)", "", text)
    return Counter(number.replace(",", ".") for number in re.findall(r"\d+(?:[.,]\d+)*", text))


@pytest.mark.parametrize("name", SECTIONS)
def test_both_languages_show_the_same_numbers(parts, name):
    english, vietnamese = parts["en"][name], parts["vi"][name]
    assert [type(part) for part in english] == [type(part) for part in vietnamese]
    for first, second in zip(english, vietnamese, strict=True):
        if isinstance(first, Table) and "Title" in first.columns:  # titles are the register's own words
            first, second = first.drop(columns="Title"), second.drop(columns="Tên nhiệm vụ")
        if isinstance(first, Table) and "Rows" in first.columns:  # thousands are grouped by each language's own mark
            first = first.assign(Rows=first["Rows"].str.replace(",", ""))
            second = second.assign(**{"Số dòng": second["Số dòng"].str.replace(".", "")})
        assert numbers(said(first)) == numbers(said(second))


@pytest.mark.parametrize("name", SECTIONS)
def test_nothing_is_left_in_english(parts, name):
    for part in parts["vi"][name]:
        text = re.sub(r"\S+\.(csv|xlsx)", "", said(part))
        assert not ENGLISH.search(text), ENGLISH.search(text)


def test_the_comparison_of_numbers_would_notice():
    assert numbers("0.50 on 2020-12-15") == numbers("0,50 ngày 15/12/2020")
    assert numbers("0.50") != numbers("0,51")
    assert numbers("1, 2") == Counter({"1": 1, "2": 1})


def test_the_findings_say_what_was_asked_and_what_became_of_it(parts):
    opening, picture, answers, verdicts, limits = parts["en"]["findings"]
    assert opening.level == 2
    assert opening.paragraphs[0].startswith("How does completing the 59 tasks")
    assert said(picture).startswith("SIMULATED: tasks, progress. Dot chart by dimension, the most complete first")
    assert answers.paragraphs[0].startswith("By 2020 the programme can have added at most ")
    assert "0 of its 6 targets" in answers.paragraphs[1]
    assert "SIMULATED" in answers.paragraphs[2]
    assert "gaps differs from zero" in answers.paragraphs[3]
    assert verdicts["Verdict"].iloc[-1] == "Ruled out"
    assert any("not an effect" in item for item in limits.items)
    by_dimension = parts["en"]["targets"][0]
    assert by_dimension.items[3].startswith(
        "D4 Control of Corruption in the Public Sector: 7.14 in 2016, 7.17 in 2020; target 7.25: not reached. Rank 1"
    )
    assert len(by_dimension.items) == 6


def test_the_first_page_is_a_leaders(parts, study):
    """The day, the tasks, what changed, one picture, the targets, the agencies; no statistics."""
    opening, picture, targets, table, agencies, late = parts["en"]["summary"]
    assert opening.level == 1
    assert opening.paragraphs[0] == "As of 2020-12-31, the end of the programme, which began on 2018-02-01."
    assert opening.paragraphs[1].startswith("Tasks: 59. Done: 33; overdue: 20; in progress: 6; not begun: 0.")
    assert opening.paragraphs[2].startswith("Since the report of 2020-09-30: newly done 5, newly overdue 10;")
    assert opening.paragraphs[2].endswith(
        "Due on 2020-12-31 itself and not reported as done: 6. No further task falls due."
    )
    assert "D1: done 5, overdue 5, in progress 0; D2:" in said(picture)
    assert "0 of its 6 targets" in targets.paragraphs[0]
    assert list(table.columns) == ["2016", "2020", "Target 2020", "Reached", "Completion, 2020-12-31"]
    fourth = table.loc["D4 Control of Corruption in the Public Sector"].tolist()
    assert fourth[:4] == ["7.14", "7.17", "7.25", "no"]
    share = pa.completion(study.tasks, study.progress, as_of=study.end).set_index("dimension").loc["D4"]
    assert fourth[4].startswith(f"{100 * share['completion']:.0f}%")
    assert agencies.paragraphs[0].startswith("Lead agencies with overdue tasks: 11 of 14.")
    assert late["Overdue"].tolist() == ["3", "3", "3", "2", "2", "2"]
    assert not re.search(r"\bp [=<]|interval|slope|gap", " ".join(map(said, parts["en"]["summary"])))


def test_every_figure_and_table_on_simulated_inputs_is_marked(parts):
    for name in ("completion", "slopes"):
        for part in parts["en"][name]:
            if not isinstance(part, Words):
                assert "SIMULATED: tasks, progress" in said(part)
    for part in parts["en"]["impact"]:
        assert "SIMULATED" not in said(part)  # gaps and targets rest on published numbers alone


def test_units_are_called_by_their_names(parts):
    (missing,) = [
        part for part in parts["vi"]["gaps"] if isinstance(part, Table) and "Số liệu còn thiếu" in part.columns
    ]
    assert "Đồng Tháp" in missing.to_string()
    assert "VN-" not in missing.to_string()


def test_the_overdue_tasks_are_listed_the_longest_on_top(parts, study):
    at_end = task_states(study.tasks, study.progress, as_of=study.end)
    undone = at_end[~(at_end["completion"] >= 1) & (at_end["due"] < study.end)].drop_duplicates("task")
    words, table = parts["en"]["tasks"][1:3]
    assert words.heading == f"Overdue: {len(undone)} of 59 tasks"
    assert list(table.index) == undone.sort_values(["due", "task"])["task"].tolist()
    days = (study.end - undone.sort_values(["due", "task"])["due"]).dt.days
    assert table["Days overdue"].tolist() == [str(late) for late in days]
    assert list(table.columns[:3]) == ["Title", "Lead agency", "Due"]


def test_a_task_without_a_report_is_told_beside_every_share(study):
    """Of two tasks with unequal weights one is at 1 and one is silent: 100%, which may be as little as 3/4."""
    tasks = study.tasks.drop_duplicates("dimension").assign(weight=1.0, share=1.0)
    second = tasks.iloc[[0]].assign(task="silent")
    tasks = pd.concat([tasks.assign(weight=[3.0, *[1.0] * (len(tasks) - 1)]), second], ignore_index=True)
    known = tasks["task"] != "silent"
    progress = tasks.loc[known, ["unit", "task"]].assign(
        as_of=pd.Timestamp("2020-09-30"), reported_on=pd.Timestamp("2020-09-30"), completion=1.0, revision=0
    )
    own = pa.ProgrammeReport(changed(study, tasks=tasks, progress=progress))
    _, _, words, table, *_ = own.summary()
    assert table["Completion, 2020-09-30"].tolist()[:2] == ["100% (75% to 100%)", "100%"]
    assert words.paragraphs[0].endswith(
        "In brackets: what completion could be, as tasks that have begun have no report. Completion weighs each task "
        "by its weight in the register."
    )
    first = own.targets().parts[0].items[0]
    assert first.endswith("Completion on 2020-09-30: 100% (1 of 2 tasks without a report: 75% to 100%).")
    shares = next(part for part in own.completion() if isinstance(part, Table))
    at = shares[shares["Dimension"].str.startswith("D1")].iloc[-1]
    assert at[["Completion", "Unreported"]].tolist() == ["100% (75% to 100%)", "1"]
    assert "On time, of tasks already due" in shares
    silent = pa.ProgrammeReport(changed(study, tasks=tasks, progress=progress[progress["task"] != tasks["task"][0]]))
    assert silent.summary().parts[3].iloc[0, -1] == "– (0% to 100%)"


def changed(study, **changes):
    """The bundled study with other tables or settings."""
    names = ("title_en", "title_vi", "decision", "unit", "base_year", "start", "end", "years", "without_programme")
    tables = ("scores", "units", "dimensions", "breaks", "tasks", "progress", "targets")
    given = {name: getattr(study, name) for name in (*names, *tables, "simulated_tables")}
    given["dimensions"] = pa.papi.load_dimensions()
    given["programme_dimensions"] = tuple(study.dimensions["dimension"])
    return make_study(source="", **{**given, **changes})


def test_a_question_without_an_answer_says_why_and_the_others_stand(study):
    scores = study.scores[study.scores["year"].between(2017, 2020) | (study.scores["year"] == 2016)]
    alone = changed(study, scores=scores[scores["unit"].isin(["VN-CT", "VN-HN"])], years=(2016, 2020), decision="")
    report = pa.ProgrammeReport(alone)
    sections = {name: list(getattr(report, name)()) for name in SECTIONS}
    assert "This study's data cannot answer: " in sections["impact"][0].paragraphs[0]
    assert len(sections["impact"]) <= 3
    assert "This study's data cannot answer: " in sections["impact"][-1].paragraphs[0]
    assert "reached 0 of its 6 targets" in sections["findings"][0].paragraphs[1]
    assert "made in memory" in sections["provenance"][0].paragraphs[-1]


def test_the_verdicts_are_those_of_the_questions_asked_by_hand(parts, study, panel, targets):
    gap = pa.programme_impact(panel, study.unit, 2018, 2020, after=(2020, 2020))
    needed = pa.gain_needed(gap, targets)
    columns = ["needed", "estimate", "low", "most", "most_share", "verdict"]
    for section, asked in (("findings", gap), ("slopes", pa.completion_slopes(panel)), ("impact", gap)):
        answer = pa.verdicts(asked, needed)
        for language in ("en", "vi"):
            shown = [part for part in parts[language][section] if isinstance(part, Table)]
            by_hand = pa.table(answer, columns, language=language)
            assert shown[-1].to_numpy().tolist() == by_hand.to_numpy().tolist()
            assert list(shown[-1].columns) == list(by_hand.columns)
            words = [line for part in parts[language][section] if isinstance(part, Words) for line in part.paragraphs]
            assert pa.sentence(answer, language=language) in words


def test_without_targets_no_need_is_invented_and_while_it_runs_the_report_says_why(study):
    report = pa.ProgrammeReport(changed(study, targets=None))
    sections = {name: list(getattr(report, name)()) for name in ("summary", "findings", "impact")}
    for section in sections.values():
        assert not [part for part in section if "rule out" in said(part) or "Verdict" in said(part)]
    running = changed(study, years=(2011, 2019), end=pd.Timestamp(2020, 12, 31))
    report = pa.ProgrammeReport(running)
    sections = {name: list(getattr(report, name)()) for name in ("summary", "slopes", "impact")}
    assert "Can Tho has 6 targets for 2020; in 2019" in "\n".join(map(said, sections["summary"]))
    assert not [part for part in sections["slopes"] if "rule out" in said(part)]
    last = sections["impact"][-1]
    assert last.heading == "What the data rule out"
    assert "cannot answer: the targets are for 2020, and scores of 2020 are not there yet" in last.paragraphs[0]


def test_what_loading_warned_of_is_said_once_among_the_gaps(tmp_path):
    import shutil

    from papi_analysis.study.codebook import data_folder

    folder = shutil.copytree(data_folder() / "can_tho_2018_2020", tmp_path / "own")
    lines = (folder / "progress.csv").read_text("utf-8").splitlines()
    lines[2] = lines[2].replace(",0.15,", ",0.01,")
    (folder / "progress.csv").write_text("\n".join(lines), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = pa.ProgrammeReport(folder, "vi")
        parts = {name: list(getattr(report, name)()) for name in ("summary", "gaps", "provenance")}
    (item,) = parts["gaps"][0].items
    assert "progress.csv" in item
    assert "3" in item
    assert not ENGLISH.search(item)


def test_how_tables_were_read_is_part_of_where_they_come_from(tmp_path):
    from papi_analysis.study.examples import copy_example

    copy_example(tmp_path / "own", "vi")
    report = pa.ProgrammeReport(tmp_path / "own", "vi")
    heading, table = list(report.provenance())[-2:]
    assert heading.heading == "Cách hiểu các bảng số liệu"
    assert len(table) == len(report.study.guesses) > 0
    assert "Quý I/2018" in table.to_string()


def test_titles_in_one_language_serve_both_and_agencies_may_be_missing(study):
    tasks = study.tasks.assign(title_en="", lead_agency_en="", lead_agency_vi="")
    report = pa.ProgrammeReport(changed(study, tasks=tasks))
    parts = [*report.summary(), *report.tasks(), *report.completion()]
    assert not [part for part in parts if isinstance(part, Words) and "lead agency" in part.heading]
    table = list(report.tasks())[2]
    assert list(table.columns) == ["Title", "Due", "Days overdue", "Completion", "Last report"]
    titles = study.tasks.set_index("task")["title_vi"]
    assert table["Title"].tolist() == titles[table.index].tolist()


def test_several_programme_units_without_targets(simulated_study):
    report = pa.ProgrammeReport(simulated_study, "vi")
    sections = {
        name: list(getattr(report, name)()) for name in ("summary", "findings", "targets", "completion", "impact")
    }
    assert [type(part) for part in sections["findings"]] == [Words, Words]
    assert sections["targets"][0].paragraphs == ("Nghiên cứu không có chỉ tiêu của một tỉnh, thành phố.",)
    assert "Số tỉnh, thành phố" in sections["completion"][2].columns
    assert "chưa trả lời được" in sections["impact"][0].paragraphs[0]  # no unit is left to compare with


def test_bars_of_long_runs_speak_the_language_of_the_report(study, monkeypatch):
    told = []

    class Bar:
        def __init__(self, *, desc, **_):
            told.append(desc)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, _):
            return None

    monkeypatch.setattr("papi_analysis.progress._watched", lambda: True)
    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    pa.ProgrammeReport(study, "vi").completion()
    assert set(told) == {"mức độ hoàn thành"}
    told.clear()
    pa.completion(study.tasks, study.progress)
    assert set(told) == {"completion"}


def test_decision_days_are_written_as_the_reader_writes_them(parts):
    said_of = {language: said(parts[language]["provenance"][0]) for language in ("en", "vi")}
    assert "321/QĐ-UBND, 2018-02-01" in said_of["en"]
    assert "321/QĐ-UBND, 01/02/2018" in said_of["vi"]


def test_rows_of_dimensions_bear_their_names(parts):
    names = "D4 Control of Corruption in the Public Sector", "D4 Kiểm soát tham nhũng trong khu vực công"
    for language, name in zip(("en", "vi"), names, strict=True):
        tables = [part for section in ("tasks", "findings", "slopes") for part in parts[language][section]]
        rows = [list(part.index) for part in tables if isinstance(part, Table) and re.match(r"D\d", part.index[0])]
        assert len(rows) >= 4
        assert all(name in row for row in rows)


def test_user_text_stays_text():
    page = Words("<b>a</b>", ("<script>x</script>", "$x$ *y*"), ("a & b",), level=2)._repr_html_()
    assert page == (
        '<div class="text"><h2>&lt;b&gt;a&lt;/b&gt;</h2><p>&lt;script&gt;x&lt;/script&gt;</p><p>$x$ *y*</p>'
        "<ul><li>a &amp; b</li></ul></div>"
    )


def test_a_notebook_shows_the_parts_in_order(monkeypatch):
    from IPython import display

    shown = []
    monkeypatch.setattr(display, "display", lambda part, **_: shown.append(part))
    parts = (Words("a"), Table({"b": ["1"]}), Words("c"))
    Section(parts)._ipython_display_()
    assert [id(part) for part in shown] == [id(part) for part in parts]


@pytest.mark.parametrize("language", ["fr", ""])
def test_an_unknown_language_is_refused(study, language):
    with pytest.raises(pa.SpecError, match="there is no language"):
        pa.ProgrammeReport(study, language)


def test_files_and_checksums_are_those_of_the_folder(study):
    import hashlib

    from papi_analysis.study.codebook import data_folder
    from papi_analysis.study.provenance import study_files

    files = study_files(study).set_index("table")
    own = (data_folder() / "can_tho_2018_2020" / "tasks.csv").read_bytes()
    assert files.loc["tasks", "sha256"] == hashlib.sha256(own).hexdigest()
    assert files.loc["tasks", ["own", "simulated", "rows"]].tolist() == [True, True, len(own.splitlines()) - 1]
    assert files.loc["scores", ["own", "simulated"]].tolist() == [False, False]
    assert np.all(pd.Series(files["file"]).str.endswith(".csv"))
