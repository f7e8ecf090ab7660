"""Tables ready to show say the same in both languages, show all of themselves, and say what was simulated."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import papi_analysis as pa
from papi_analysis.panel.changes import describe_panel, eras, missing_scores, national_shifts, score_changes, standing
from papi_analysis.panel.completion import completion_by_agency, reporting_record, task_states
from papi_analysis.reporting.labels import LABELS
from papi_analysis.reporting.language import MISSING

HOSTILE = '<script>alert("x")</script> & <b>bold</b>'
LONG = "Hold elections of hamlet heads with at least two candidates " * 6


def read_number(text, language):
    """Read a shown number back; anything else stays as it is."""
    if text == MISSING:
        return np.nan
    small = text.startswith("< ")
    plain = text.removeprefix("< ")
    share = plain.endswith("%")
    plain = plain.removesuffix("%")
    plain = plain.replace(".", "").replace(",", ".") if language == "vi" else plain.replace(",", "")
    try:
        return float(plain) / (100 if share else 1) - small
    except ValueError:
        return text


def numbers(table, language):
    return [[read_number(text, language) for text in row] for row in table.to_numpy()]


@pytest.fixture(params=["targets", "changes", "slopes", "untold"])
def answer(request):
    return request.getfixturevalue(request.param)


def test_both_languages_show_the_same_numbers(answer):
    english, vietnamese = (pa.table(answer, language=language) for language in ("en", "vi"))
    assert english.shape == vietnamese.shape
    words = {"yes": "có", "no": "không"}
    for one, other in zip(numbers(english, "en"), numbers(vietnamese, "vi"), strict=True):
        for a, b in zip(one, other, strict=True):
            assert a == b or (a != a and b != b) or words.get(a) == b
    assert not set(english.columns) & set(vietnamese.columns)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_numbers_are_those_of_the_answer(answer, language):
    digits = 2 if answer.question == "target_attainment" else 3
    columns = [name for name in answer.table.columns[1:] if answer.table[name].dtype.kind in "fi"]
    if not has_p(answer):  # the error of so few units is none
        with pytest.raises(pa.SpecError, match="completion_slopes has no standard error to show: with so few"):
            pa.table(answer, columns, language=language)
        columns.remove("se")
    shown = pa.table(answer, columns, language=language)
    assert shown.shape[1] == len(columns)
    there = [name for name in columns if answer.table[name].notna().any()]
    assert {*shown.columns} >= {*pa.table(answer, there, language=language).columns}
    for place, name in enumerate(columns):
        read = [read_number(text, language) for text in shown.iloc[:, place]]
        for was, now in zip(answer.table[name], read, strict=True):
            # Half a unit of the last digit; shares are shown in whole percent.
            slack = 0.5001 * 10.0 ** -min(digits, 2 if "%" in "".join(shown.iloc[:, place]) else digits)
            assert now == pytest.approx(float(was), abs=slack, nan_ok=True), name


def has_p(answer):
    return "p" not in answer.table or answer.table["p"].notna().any()


def test_a_table_by_hand():
    frame = pd.DataFrame(
        {
            "unit": ["A", "B"],
            "year": [2018, 2019],
            "score": [5.125, np.nan],
            "completion": [0.5, 1.0],
            "rank": [1.0, np.nan],
            "n": [1234, 7],
            "p": [0.0001, 0.0496],
            "as_of": pd.to_datetime(["2018-03-31", None]),
            "reached": [True, False],
        }
    )
    english = pa.table(frame, language="en")
    assert english.to_numpy().tolist() == [
        ["2018", "5.13", "50%", "1", "1,234", "< 0.001", "2018-03-31", "yes"],
        ["2019", MISSING, "100%", MISSING, "7", "0.050", MISSING, "no"],
    ]
    vietnamese = pa.table(frame, language="vi")
    assert vietnamese.to_numpy().tolist() == [
        ["2018", "5,13", "50%", "1", "1.234", "< 0,001", "31/03/2018", "có"],
        ["2019", MISSING, "100%", MISSING, "7", "0,050", MISSING, "không"],
    ]
    assert english.index.tolist() == ["A", "B"]
    assert english.columns.name == "Unit"
    assert english.columns.tolist()[:3] == ["Year", "Score", "Completion"]
    assert vietnamese.columns.tolist()[:3] == ["Năm", "Điểm", "Mức độ hoàn thành"]


@pytest.mark.parametrize(
    ("values", "english", "vietnamese"),
    [
        ([2018.0, None], ["2018", MISSING], ["2018", MISSING]),
        (pd.array([2018, None], dtype="Int64"), ["2018", MISSING], ["2018", MISSING]),
    ],
)
def test_a_year_is_no_quantity(values, english, vietnamese):
    frame = pd.DataFrame({"unit": ["A", "B"], "year": values})
    assert pa.table(frame)["Year"].tolist() == english
    assert pa.table(frame, language="vi")["Năm"].tolist() == vietnamese


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (pd.array([1200, None], dtype="Int64"), ["1.200", MISSING]),
        (pd.array([True, None], dtype="boolean"), ["có", MISSING]),
        (np.array([np.bool_(False), None], dtype=object), ["không", MISSING]),
        (np.array([np.float32(0.5), np.int64(1200)], dtype=object), ["0,50", "1.200"]),
        ([dt.date(2018, 2, 1), pd.NaT], ["01/02/2018", MISSING]),
        ([[1, 2], None], ["[1, 2]", MISSING]),
        ([-0.001, 0.2], ["0,00", "0,20"]),
        ([-0.001, 0.0], ["-0,0010", "0,0000"]),
        ([1.5e12, 0.5], ["1.500.000.000.000", "1"]),
        ([np.inf, -np.inf], ["∞", "-∞"]),
        (["nan", ""], ["nan", ""]),
    ],
)
def test_values_of_every_kind(values, shown):
    frame = pd.DataFrame({"unit": ["A", "B"], "x": values})
    assert pa.table(frame, language="vi")["x"].tolist() == shown


def test_digits_are_chosen():
    frame = pd.DataFrame({"unit": ["A"], "score": [5.125], "completion": [0.5], "n": [3]})
    assert pa.table(frame, digits=0).iloc[0].tolist() == ["5", "50%", "3"]
    assert pa.table(frame, digits=4).iloc[0].tolist() == ["5.1250", "50%", "3"]


def test_columns_are_chosen_in_order(targets):
    shown = pa.table(targets, ["outcome", "base"])
    assert shown.columns.tolist() == ["Outcome", "Base"]
    assert shown.columns.name == "Dimension"
    frame = pd.DataFrame({"unit": ["A"], "year": [1], "score": [2.0]})
    assert pa.table(frame, ["year", "unit"]).index.tolist() == ["1"]
    with pytest.raises(pa.SpecError, match="has no column nothing"):
        pa.table(frame, ["unit", "nothing"])


def test_foreign_columns_keep_their_names():
    frame = pd.DataFrame({"unit": ["A"], 2018: [1.0], "rate {per 100}": [2], "class": ["b"]})
    assert pa.table(frame, language="vi").columns.tolist() == ["2018", "rate {per 100}", "class"]


def test_what_is_missing_throughout_is_left_out(untold, slopes):
    shown = pa.table(untold)
    assert not {"p-value", "Low", "High", "Standard error"} & set(shown.columns)
    assert "Slope per 10 points" in shown.columns
    assert {"p-value", "Low", "High", "Standard error"} <= set(pa.table(slopes).columns)


def test_hostile_text_is_escaped_in_html():
    frame = pd.DataFrame({"unit": [HOSTILE], "task": [HOSTILE], f"{HOSTILE}": [HOSTILE]})
    page = pa.table(frame, simulated=[HOSTILE])._repr_html_()
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find(["script", "b"]) is None
    assert [cell.get_text() for cell in soup.tbody.find_all(["th", "td"])] == [HOSTILE] * 3
    assert soup.thead.find_all("th")[-1].get_text() == HOSTILE
    assert soup.caption.get_text() == f"SIMULATED: {HOSTILE}"


def test_long_titles_and_long_tables_are_not_cut():
    frame = pd.DataFrame({"task": [f"T{i}" for i in range(300)], "title_en": [f"{LONG}{i}" for i in range(300)]})
    shown = pa.table(frame)
    with pd.option_context("display.max_rows", 10, "display.max_colwidth", 20, "display.max_columns", 1):
        page, text = shown._repr_html_(), repr(shown)
    assert all(f"{LONG}{i}</td>" in page for i in range(300))
    assert all(f"{LONG}{i}" in text for i in range(300))
    assert "..." not in page + text


def test_a_wide_table_is_not_folded():
    frame = pd.DataFrame({"unit": ["A"], **{f"column number {i}": ["x" * 30] for i in range(20)}})
    assert len(repr(pa.table(frame)).splitlines()) == 2


@pytest.mark.parametrize(
    ("language", "mark", "slope"),
    [
        ("en", "SIMULATED: tasks, progress", "Points of score per 10 points of completion; 2017–2020"),
        ("vi", "MÔ PHỎNG: nhiệm vụ, tiến độ", "Điểm số trên mỗi 10 điểm phần trăm hoàn thành; 2017–2020"),
    ],
)
def test_what_is_simulated_is_said_in_both_representations(changes, language, mark, slope):
    frame = pd.DataFrame({"unit": ["A"], "score": [1.0]})
    tables = {
        mark: pa.table(frame, language=language, simulated=("tasks", "progress")),
        f"{mark}. {slope}": pa.table(changes, language=language),
    }
    for caption, table in tables.items():
        soup = BeautifulSoup(table._repr_html_(), "html.parser")
        assert soup.table.find(True).name == "caption"  # HTML wants it first
        assert soup.caption.get_text() == caption
        assert repr(table).splitlines()[0] == caption


@pytest.fixture(scope="module")
def gap(panel):
    return pa.programme_impact(panel, "VN-CT", 2018, after=(2020, 2020))


def test_a_table_of_one_answer_says_in_a_line_what_it_holds(panel, study, gap, slopes):
    needed = pa.gain_needed(gap, pa.target_attainment(study))
    back = pa.regression_to_the_mean(panel, "VN-CT", 2016, 2020, level=0.8)
    said = {
        "Gap, points; 95% interval; Can Tho, 2020; Lagged-outcome adjustment": pa.table(gap),
        "Gap, points; Can Tho, 2020; Lagged-outcome adjustment": pa.table(gap, ["estimate", "p"]),
        "Gain of score, points; Can Tho, 2020": pa.table(needed),
        "Estimate and what was needed, points; 95% interval": pa.table(pa.verdicts(gap, needed)),
        "Change of score, points; 80% prediction interval; Can Tho, 2016–2020": pa.table(back),
        "Thay đổi điểm số, điểm; khoảng dự báo 80%; Cần Thơ, 2016–2020": pa.table(back, language="vi"),
        "Can Tho, 2018–2020": pa.table(pa.design_tests(panel, "VN-CT", 2018)),
    }
    for words, table in said.items():
        assert table.caption == words
    asked = slopes.design
    count = f"{asked.units} units, {asked.programme_units} of them with a programme, 2011–2020"
    words = f"Points of score per 10 points of completion; 95% interval; {count}; Two-way"
    assert pa.table(slopes).caption.endswith(words)
    assert pa.table(gap.table, names=gap.names).caption == ""  # a frame says nothing of itself


def test_the_mark_stays_when_rows_or_columns_are_chosen(changes):
    table = pa.table(changes)
    for part in (table.head(2), table.iloc[:, :2], table[["Correlation"]], table.sort_index(), table.T, table.copy()):
        assert "SIMULATED" in repr(part)
        assert "SIMULATED" in part._repr_html_()


def test_nothing_is_said_where_nothing_is_simulated(targets):
    table = pa.table(targets)
    assert "SIMULATED" not in repr(table) + table._repr_html_()
    assert BeautifulSoup(table._repr_html_(), "html.parser").caption.get_text() == "Scores, points; Can Tho, 2016–2020"


def test_rows_of_the_family_are_named(slopes, targets):
    assert pa.table(slopes).index[-1] == "Mean of the family"
    assert pa.table(targets, language="vi").index[-1] == "Tổng các nội dung"
    assert pa.table(slopes).index[0] == "D1 Participation at Local Levels"


def test_units_are_written_by_name_dimensions_by_code_and_name():
    names = {"VN-13": ("Quang Ninh", "Quảng Ninh"), "D1": ("Participation", "Tham gia")}
    frame = pd.DataFrame({"unit": ["VN-13", "x"], "dimension": ["D1", "total"], "left_out": ["VN-13", "2019"]})
    assert pa.table(frame, names=names).rows[1:] == [
        ["Quang Ninh", "D1 Participation", "Quang Ninh"],
        ["x", "Sum of the family", "2019"],
    ]
    assert pa.table(frame, names=names, language="vi").index[0] == "Quảng Ninh"
    assert pa.table(frame).index[0] == "VN-13"


def test_years_of_a_period_are_years():
    frame = pd.DataFrame({"instrument": ["plan"], "period_start": [2025.0], "period_end": [None]})
    assert pa.table(frame).rows[1] == ["plan", "2025", "–"]


def test_what_was_needed_from_the_base_and_beyond_the_prediction_have_two_names(targets):
    assert pa.table(targets, ["needed"]).columns.tolist() == ["Rise to the target"]


def test_every_column_of_the_packages_own_tables_has_words(study, panel, targets, changes, slopes, untold):
    places = standing(study.scores)
    tables = [
        *(answer.table for answer in (targets, changes, slopes, untold)),
        slopes.tests,
        places,
        score_changes(panel),
        describe_panel(panel),
        missing_scores(study.scores),
        national_shifts(panel, 2016, 2020),
        eras(study.breaks, ["D1"], (2011, 2020)),
        pa.completion(study.tasks, study.progress),
        completion_by_agency(study.tasks, study.progress),
        task_states(study.tasks, study.progress),
        reporting_record(study.tasks, study.progress),
        study.tasks,
        study.breaks,
    ]
    columns = {name for table in tables for name in table.columns if not name.startswith("shift_")}
    assert not sorted(columns - set(LABELS))


def test_shifts_are_named_by_their_year(targets):
    assert "National shift 2018" in pa.table(targets).columns
    assert "Thay đổi bình quân cả nước năm 2018" in pa.table(targets, language="vi").columns


def test_the_input_is_left_alone(targets):
    before = targets.table.copy()
    pa.table(targets)
    pd.testing.assert_frame_equal(targets.table, before)


def test_an_empty_table_is_shown_as_one():
    shown = pa.table(pd.DataFrame({"unit": [], "score": []}))
    assert shown.shape == (0, 1)
    assert "Score" in shown._repr_html_()


def test_codes_beside_their_words_are_not_shown_unless_asked_for():
    frame = pd.DataFrame({"code": ["did"], "choice": ["Difference in differences"], "mean": [0.1]})
    assert pa.table(frame).rows == [["Choice", "Mean"], ["Difference in differences", "0.10"]]
    assert pa.table(frame, ["code", "mean"]).rows[1] == ["did", "0.10"]


def test_a_table_of_names_alone_is_printed():
    assert str(pa.table(pd.DataFrame({"task": ["CT-01", "CT-02"]}))).split() == ["Task", "CT-01", "CT-02"]
