"""What offices write in a cell: each way is read as it is meant, and what can be meant in two ways is a problem."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from babel.numbers import format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from papi_analysis.errors import Problem
from papi_analysis.study import codebook
from papi_analysis.study.cells import OLD_FONT, Percent, Remarks, dimension_spellings, old_marks, read_names
from papi_analysis.study.codebook import merged_into, unit_spellings
from papi_analysis.study.dates import period
from papi_analysis.study.day_columns import read_dates
from papi_analysis.study.findings import Findings
from papi_analysis.study.headers import fits, is_numbering, says_percent
from papi_analysis.study.numbers import in_percent, read_numbers, read_parts, read_targets, read_whole
from papi_analysis.study.schema import PROGRESS, TASKS
from papi_analysis.study.states import contradicts, read_states
from papi_analysis.study.words import plain

quick = settings(max_examples=25, deadline=None)


def run(reader, *cells, column: str = "column", **options) -> tuple[list[str], list[Problem], list[Problem]]:
    """Read cells that stand in rows 2, 3, ...; give the texts, the problems and the guesses."""
    remarks = Remarks(Findings("f.csv"), Findings("f.csv"))
    texts = reader(pd.Series(cells, dtype=object), column, remarks, **options)
    return texts.tolist(), remarks.problems.problems, remarks.guesses.problems


def clean(reader, *cells, **options) -> list[str]:
    texts, problems, _ = run(reader, *cells, **options)
    assert problems == []
    return texts


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["39,57"], ["39.57"]),
        (["39.57"], ["39.57"]),
        (["1.234,5"], ["1234.5"]),
        (["1,234.5"], ["1234.5"]),
        (["1 234,5", "1\u00a0234,5", "1\u202f234 567,5"], ["1234.5", "1234.5", "1234567.5"]),
        (["1.234.567"], ["1234567"]),
        (["1,234,567"], ["1234567"]),
        (["1,234", "0,5"], ["1.234", "0.5"]),  # 0,5 can only be a decimal comma
        (["1,234", "0.5"], ["1234", "0.5"]),  # 0.5 can only be a decimal point
        (["1.234", "0,5"], ["1234", "0.5"]),
        (["1.234", "2"], ["1.234", "2"]),  # no comma in the column: what a csv file of this package holds
        (["0,123"], ["0.123"]),  # no thousands begin with 0
        (["-6,5", "\u22126,5"], ["-6.5", "-6.5"]),
        ([6, 6.5, 2020.0], ["6", "6.5", "2020"]),
        (["6,5", 7.25], ["6.5", "7.25"]),  # numbers of a workbook are no evidence
        (["six", "", "6,5,1"], ["six", "", "6,5,1"]),
    ],
)
def test_numbers(cells: list, read: list[str]) -> None:
    assert clean(read_numbers, *cells) == read


def test_a_number_that_may_be_thousands_is_a_problem() -> None:
    _, problems, guesses = run(read_numbers, "12", "1,234", "5,678")
    assert [(p.row, p.value) for p in problems] == [(3, "1,234"), (4, "5,678")]
    assert guesses == []


def test_a_column_that_disagrees_names_the_fewer_rows() -> None:
    _, problems, _ = run(read_numbers, "6.5", "7.5", "8,5")
    assert [(p.row, p.value, str(p.what)) for p in problems] == [
        (4, "8,5", "the column mixes decimal commas and decimal points")
    ]


def test_a_guess_is_told_once_for_the_column_with_its_first_row() -> None:
    _, _, guesses = run(read_numbers, "6", "6,5", "7,5")
    assert [(g.row, g.column, g.value) for g in guesses] == [(3, "column", "6,5")]


@quick
@given(st.lists(st.decimals(-(10**7), 10**7, places=2, allow_nan=False), min_size=1))
def test_numbers_in_either_locale_come_back(numbers: list) -> None:
    for locale in ("en", "vi"):
        written = [format_decimal(number, "#,##0.00", locale=locale) for number in numbers]
        assert [float(text) for text in clean(read_numbers, *written)] == [float(n) for n in numbers]


@quick
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str), min_size=1))
def test_canonical_numbers_pass_unchanged(texts: list[str]) -> None:
    assert run(read_numbers, *texts) == (texts, [], [])


@quick
@given(st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1))
def test_dates_come_back_in_every_way_to_write_them(days: list[date]) -> None:
    iso = [day.isoformat() for day in days]
    assert run(read_dates, *iso, column="due") == (iso, [], [])
    for form in ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "ngày %d tháng %m năm %Y"):
        assert clean(read_dates, *[day.strftime(form) for day in days], column="due") == iso
    assert run(read_dates, *days, column="due")[0] == iso


@quick
@given(st.integers(1900, 2100), st.integers(1, 4))
def test_quarters_come_back_in_every_way_to_write_them(year: int, quarter: int) -> None:
    roman = ["I", "II", "III", "IV"][quarter - 1]
    first = date(year, 3 * quarter - 2, 1)
    last = (date(year, 12, 31) if quarter == 4 else date(year, 3 * quarter + 1, 1) - timedelta(1)).isoformat()
    ways = [f"Quý {roman}/{year}", f"quý {quarter} năm {year}", f"Q{quarter} {year}", f"Q{quarter}/{year}"]
    ways += [f"{year}Q{quarter}", f"{roman}/{year}", f"QUÝ {roman} - {year}", f"{year}-Q{quarter}"]
    assert clean(read_dates, *ways, column="as_of") == [last] * len(ways)
    assert clean(read_dates, *ways, column="start") == [first.isoformat()] * len(ways)


@pytest.mark.parametrize(
    ("cell", "start", "due"),
    [
        ("tháng 6/2018", "2018-06-01", "2018-06-30"),
        ("06/2018", "2018-06-01", "2018-06-30"),
        ("Tháng 2 năm 2020", "2020-02-01", "2020-02-29"),
        ("2018", "2018-01-01", "2018-12-31"),
        ("Năm 2018", "2018-01-01", "2018-12-31"),
        (2018, "2018-01-01", "2018-12-31"),
        ("5/4/2018", "2018-04-05", "2018-04-05"),
    ],
)
def test_periods_begin_a_task_on_their_first_day_and_end_it_on_their_last(cell: object, start: str, due: str) -> None:
    assert clean(read_dates, cell, column="start") == [start]
    assert clean(read_dates, cell, column="due") == [due]


@pytest.mark.parametrize("text", ["Quý V/2018", "tháng 13/2018", "soon", "", "2018/04/05"])
def test_what_is_no_date_stays_for_the_schema_to_refuse(text: str) -> None:
    assert run(read_dates, text, column="due") == ([text], [], [])
    assert period(text) is None


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("04/13/2018", "read as day/month/year, the date has a month above 12"),
        ("31/02/2018", "there is no such day"),
        ("0/1/2018", "there is no such day"),
        ("05/04/18", "the year of the date has two digits"),
        (43195, "the cell holds a number where a date is expected"),
    ],
)
def test_a_date_that_says_something_else_than_it_seems_is_a_problem(cell: object, what: str) -> None:
    _, problems, _ = run(read_dates, "2018-01-01", cell, column="due")
    assert [(p.row, str(p.what)) for p in problems] == [(3, what)]


def test_dates_that_a_program_has_swapped_are_a_problem() -> None:
    """A program set to month/day makes 4 May of 05/04/2018 and leaves 13/04/2018 as text."""
    _, problems, _ = run(read_dates, date(2018, 5, 4), "13/04/2018", column="due")
    assert [p.row for p in problems] == [3]
    assert clean(read_dates, date(2018, 4, 20), "13/04/2018", column="due") == ["2018-04-20", "2018-04-13"]


@pytest.mark.parametrize(
    ("cells", "in_percent", "read"),
    [
        (["75%", "7,5 %", "0%"], False, ["0.75", "0.075", "0"]),
        (["57%", "29%"], False, ["0.57", "0.29"]),  # 57 / 100 and 0.57 differ in their last bit where one multiplies
        ([Percent(0.75), Percent(1)], False, ["0.75", "1"]),
        ([75, "60", "0"], True, ["0.75", "0.6", "0"]),
        ([Percent(0.75), 60], True, ["0.75", "0.6"]),
        (["0.75", "1"], False, ["0.75", "1"]),
        (["0", ""], True, ["0", ""]),
        (["75"], False, ["75"]),  # the schema refuses it
    ],
)
def test_percentages(cells: list, in_percent: bool, read: list[str]) -> None:
    assert clean(read_parts, *cells, in_percent=in_percent) == read


@pytest.mark.parametrize("cells", [["0.75", "1"], [0.5], ["0", "1"], [Percent(0.5), 1]])
def test_a_header_in_percent_over_parts_of_one_is_a_problem(cells: list) -> None:
    assert run(read_parts, *cells, in_percent=True)[1]


def test_a_column_that_mixes_percentages_and_parts_names_the_fewer_rows() -> None:
    _, problems, _ = run(read_parts, "75%", "60%", "1")
    assert [(p.row, p.value) for p in problems] == [(4, "1")]


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("đã hoàn thành", "1"),
        ("Hoàn thành", "1"),
        ("HOÀN THÀNH TRỄ HẠN", "1"),
        ("hoàn thành chậm", "1"),
        ("Completed late", "1"),
        ("da hoan thanh", "1"),
        ("chưa thực hiện", "0"),
        ("Chưa triển khai", "0"),
        ("not started", "0"),
        ("40%", "0.4"),
    ],
)
def test_states(words: str, read: str) -> None:
    assert clean(read_states, words) == [read]


@pytest.mark.parametrize("words", ["đang thực hiện", "Đang triển khai", "chưa hoàn thành", "in progress"])
def test_what_is_under_way_needs_a_number(words: str) -> None:
    _, problems, _ = run(read_states, "đã hoàn thành", words)
    assert [(p.row, p.value) for p in problems] == [(3, words)]
    assert clean(read_states, words, in_progress=0.5) == ["0.5"]


@pytest.mark.parametrize("words", ["Quá hạn", "vượt tiến độ", "Cơ bản hoàn thành", "Chưa đến hạn", "Không hoàn thành"])
def test_words_that_say_nothing_of_completion_are_a_problem_whatever_in_progress_means(words: str) -> None:
    for share in (None, 0.5):
        texts, problems, guesses = run(read_states, "40%", words, in_progress=share)
        assert (texts[1], [(p.row, p.value) for p in problems]) == (words, [(3, words)])
        assert len(guesses) == 1


def test_words_and_a_number_that_contradict_each_other_are_a_problem() -> None:
    cells = ["Đã hoàn thành (60%)", "Chưa thực hiện (20%)", "Đang thực hiện (100%)", "Hoàn thành, đang triển khai"]
    assert [p.value for p in run(read_states, *cells)[1]] == cells


def test_a_percentage_in_words_beside_a_part_of_one_is_a_problem() -> None:
    """As with percentages alone: the other 1 may be one percent or the whole."""
    assert [p.row for p in run(read_states, "Hoàn thành 80%", "Đạt 50%", "1")[1]] == [4]
    assert clean(read_states, "Hoàn thành 80%", "3/4", "Đã hoàn thành", "50%") == ["0.8", "0.75", "1", "0.5"]


def test_a_fraction_is_never_a_date_and_a_date_never_a_fraction() -> None:
    assert clean(read_states, "3/4", "12/12", "0/5") == ["0.75", "1.0", "0.0"]
    _, problems, _ = run(read_states, "3/4", date(2018, 4, 3))
    assert [(p.row, p.value) for p in problems] == [(3, "2018-04-03")]
    for text in ("5/0", "15/6/2018", "12/2018", "01/02"):
        assert run(read_states, text)[0] == [text]


@quick
@given(st.integers(0, 60), st.integers(1, 60))
def test_fractions_come_back(done: int, planned: int) -> None:
    assert [float(text) for text in clean(read_states, f"{done}/{planned}")] == [done / planned]


@pytest.mark.parametrize(
    ("cell", "completion", "denied"),
    [("Hoàn thành 80%", "0.5", True), ("Hoàn thành 80%", "0.8", False), ("Đạt 33%", "0.333", False), ("", "1", False)],
)
def test_words_are_held_against_the_number_beside_them(cell: str, completion: str, denied: bool) -> None:
    assert contradicts(cell, completion) is denied


@pytest.mark.parametrize(
    "text",
    ["6,50 trở lên", "≥ 6,5", ">6,5", "từ 6,5 điểm trở lên", "trên 6,5", "Phấn đấu đạt 6,5 điểm", "tối thiểu 6.5"],
)
def test_the_least_that_is_wanted_is_the_target(text: str) -> None:
    texts, problems, guesses = run(read_targets, text, high=10.0)
    assert ([float(texts[0])], problems) == ([6.5], [])
    assert "the number is read" in guesses[0].what


@pytest.mark.parametrize("text", ["tăng 0,5 điểm", "dưới 6,5", "≤ 6,5", "6,0 - 6,5", "Top 10", "nhóm 1", "6,5 (+0,3)"])
def test_a_target_that_says_something_else_stays_for_the_schema_to_refuse(text: str) -> None:
    assert run(read_targets, text, high=10.0)[0] == [text]


PROGRAMME = (date(2018, 2, 1), date(2020, 12, 31))


def test_what_goes_on_lasts_as_long_as_the_programme() -> None:
    for column, day in (("start", "2018-02-01"), ("due", "2020-12-31")):
        texts, _, guesses = run(read_dates, "Thường xuyên", "Hằng năm", column=column, programme=PROGRAMME)
        assert texts == [day, day]
        assert "goes on or comes back" in guesses[0].what
    assert run(read_dates, "Thường xuyên", column="due")[0] == ["Thường xuyên"]
    assert run(read_dates, "Thường xuyên", column="as_of", programme=PROGRAMME)[0] == ["Thường xuyên"]


def test_a_time_without_a_year_is_one_where_the_programme_has_a_single_year() -> None:
    year = (date(2025, 1, 1), date(2025, 12, 31))
    cells = ["Quý III", "Trước 30/6", "6 tháng cuối năm", "Tháng 9", "Cuối năm"]
    texts, _, guesses = run(read_dates, *cells, column="due", programme=year)
    assert texts == ["2025-09-30", "2025-06-30", "2025-12-31", "2025-09-30", "2025-12-31"]
    assert any("without a year" in guess.what for guess in guesses)
    _, problems, _ = run(read_dates, *cells, column="due", programme=PROGRAMME)
    assert [(p.value, str(p.what)) for p in problems] == [(cell, "the year is missing") for cell in cells]
    assert run(read_dates, "10/1", column="reported_on", programme=year)[0] == ["10/1"]  # reports come a year later


def test_a_deadline_alone_starts_with_the_programme_and_is_no_start() -> None:
    cell = "Trước 30/6/2018"
    assert clean(read_dates, cell, column="start", programme=PROGRAMME, alone=True) == ["2018-02-01"]
    _, problems, guesses = run(read_dates, cell, column="start", programme=PROGRAMME)
    assert ([p.value for p in problems], guesses) == ([cell], [])
    _, problems, _ = run(read_dates, "Từ quý II/2018", column="due", programme=PROGRAMME)
    assert [p.value for p in problems] == ["Từ quý II/2018"]
    assert clean(read_dates, "Từ quý II/2018", column="start", programme=PROGRAMME) == ["2018-04-01"]


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("Trước tháng 6/2018", "this may mean the first or the last day of the period"),
        ("3-6/2018", "this may be a day or a span of months"),
    ],
)
def test_a_time_that_may_mean_two_is_a_problem(cell: str, what: str) -> None:
    assert [(p.value, str(p.what)) for p in run(read_dates, cell, column="due", programme=PROGRAMME)[1]] == [
        (cell, what)
    ]


@quick
@given(st.integers(2000, 2090), st.integers(1, 12), st.integers(1, 12))
def test_spans_of_months_come_back_in_every_way_to_write_them(year: int, one: int, other: int) -> None:
    ways = [f"Tháng {one}-{other}/{year}", f"{one:02}/{year} - {other:02}/{year}"]
    ways += [f"Từ tháng {one} đến tháng {other} năm {year}", f"từ tháng {one}/{year} đến hết tháng {other}/{year}"]
    first, last = date(year, one, 1).isoformat(), period(f"{other}/{year}")[1].isoformat()
    expected = [(first, last)] * 4 if one < other else [(way, way) for way in ways]
    read = [run(read_dates, *ways, column=column, programme=PROGRAMME)[0] for column in ("start", "due")]
    assert [*zip(*read, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Së Néi vô", 1),
        ("Tr¸ch nhiÖm gi¶i tr×nh", 4),
        ("UBND TØNH CÇN TH¬", 3),
        ("Thuû tuïc haønh chính coâng", 4),
        ("Noël", 1),
        ("Müller, São Paulo, PAPI, 5 m²", 0),
        ("MÔ PHỎNG: Ủy ban nhân dân tỉnh Thừa Thiên Huế", 0),
    ],
)
def test_marks_of_old_fonts_are_counted(text: str, marks: int) -> None:
    assert old_marks(text) == marks


@pytest.mark.parametrize(
    ("reader", "cell", "options"),
    [
        (read_states, "§· hoµn thµnh", {}),
        (read_dates, "Th¸ng 6/2018", {"column": "due"}),
        (read_names, "Tr¸ch nhiÖm gi¶i tr×nh", {"spellings": {"d1": "D1"}}),
    ],
)
def test_a_cell_in_an_old_font_is_named_as_such(reader, cell: str, options: dict) -> None:
    assert [(p.value, str(p.what)) for p in run(reader, cell, **options)[1]] == [(cell, str(OLD_FONT[0]))]


def test_several_dimensions_in_one_cell_are_told_with_what_to_do() -> None:
    spellings = dimension_spellings(codebook.load_dimensions())
    cells = ["D1, D3", "1; 2", "Nội dung 4 và 5", "D1/D2", "D6", "Công khai, minh bạch trong việc ra quyết định"]
    _, problems, _ = run(read_names, *cells, column="dimension", spellings=spellings)
    assert [p.value for p in problems] == cells[:4]
    assert "one row for each" in problems[0].remedy


def test_a_title_may_say_that_numbers_are_percentages() -> None:
    titles = ["Tỷ lệ hoàn thành (%)", "Đơn vị tính: %", "ĐVT: %", "Tăng 5% so với năm 2017", "Đạt 100%"]
    assert [in_percent(title) for title in titles] == [True, True, True, False, False]


def test_other_words_stay_for_the_schema_to_refuse() -> None:
    assert run(read_states, "gần xong") == (["gần xong"], [], [])


def test_years() -> None:
    assert clean(read_whole, "Năm 2020", 2020.0, "2020", "năm nay") == ["2020", "2020", "2020", "năm nay"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("D1", "D1"),
        ("d1", "D1"),
        ("1", "D1"),
        (1, "D1"),
        ("Nội dung 1", "D1"),
        ("Chỉ số nội dung 1", "D1"),
        ("Trục nội dung số 1", "D1"),
        ("Nội dung 6: Cung ứng dịch vụ công", "D6"),
        ("CUNG UNG DICH VU CONG", "D6"),
        ("E-Governance", "D8"),
        ("Nội dung 9", "Nội dung 9"),
        ("Cung ứng dịch vụ", "Cung ứng dịch vụ"),  # never the nearest
        ("Nội dung 1: Cung ứng dịch vụ công", "Nội dung 1: Cung ứng dịch vụ công"),  # the number denies the name
    ],
)
def test_dimensions(name: object, code: str) -> None:
    spellings = dimension_spellings(codebook.load_dimensions())
    assert clean(read_names, name, spellings=spellings) == [code]


def test_every_spelling_of_the_codebook_is_the_unit() -> None:
    units = codebook.load_units()
    spellings = unit_spellings(units)
    for unit, english, vietnamese, variants in units[["unit", "name_en", "name_vi", "variants"]].itertuples(
        index=False
    ):
        names = [unit, english, vietnamese, *variants.split("|"), vietnamese.upper(), plain(vietnamese)]
        assert clean(read_names, *names, spellings=spellings) == [unit] * len(names)


def test_a_spelling_of_two_units_is_the_name_of_neither() -> None:
    units = pd.DataFrame({"unit": ["A", "B"], "name_en": ["One", "one"], "name_vi": "", "variants": ""})
    assert unit_spellings(units) == {"a": "A", "b": "B"}


def test_the_merger_left_34_provinces_and_eleven_as_they_were() -> None:
    """Resolution 202/2025/QH15: 63 became 34, 23 of them new and 11 unchanged."""
    units = codebook.load_units()
    merged = {merged_into(unit, units) for unit in units["unit"]}
    assert len(merged) == 34
    assert sum(len(old) == 1 for _, old in merged) == 11
    assert sorted(unit for _, old in merged for unit in old) == sorted(units["unit"])


def test_units_of_another_index_were_not_merged() -> None:
    units = pd.DataFrame({"unit": ["A"], "name_en": ["One"]})
    assert merged_into("A", units) == ("", ("A",))


@pytest.mark.parametrize(
    ("label", "columns"),
    [
        ("Mã nhiệm vụ", {"task"}),
        ("MA NHIEM VU", {"task"}),
        ("Nhiệm vụ", {"task", "title_vi"}),
        ("Tên nhiệm vụ (tiếng Anh)", {"title_en"}),
        ("Thời hạn (ngày/tháng/năm)", {"due"}),
        ("as_of", set()),
        ("Nhiệm vụ trọng tâm", set()),
    ],
)
def test_labels_fit_columns(label: str, columns: set[str]) -> None:
    assert fits(label, TASKS) == columns


def test_a_label_fits_only_columns_of_its_own_table() -> None:
    assert fits("Nhiệm vụ", PROGRESS) == {"task"}


def test_labels_in_percent_and_rows_of_numbers() -> None:
    assert [says_percent(label) for label in ("Tiến độ (%)", "Phần trăm", "percent", "Tiến độ")] == [True] * 3 + [False]
    assert is_numbering(["(1)", "(2)", "(3)"])
    assert not is_numbering([1, 2])
    assert not is_numbering(["1", "3", "2"])


@pytest.mark.parametrize(
    ("cells", "high", "in_doubt"),
    [
        (["1.000", "500"], float("inf"), ["1.000"]),  # a weight of one, or of a thousand
        (["1.000", "0.5"], float("inf"), []),  # 0.5 can only be a decimal point
        (["1.000", "0.500"], 1.0, []),
        (["6.125", "5.250"], 10.0, []),  # 6125 is on no scale of 1 to 10
        (["6.125", "5.250"], 10_000.0, ["6.125", "5.250"]),
        (["6,125", "5,250"], 10.0, ["6,125", "5,250"]),
    ],
)
def test_a_point_before_three_digits_is_in_doubt_where_both_readings_are_within_bounds(
    cells: list[str], high: float, in_doubt: list[str]
) -> None:
    assert [p.value for p in run(read_numbers, *cells, high=high)[1]] == in_doubt


def test_a_whole_number_has_no_mark() -> None:
    assert [p.value for p in run(read_whole, "2.018", "2019")[1]] == ["2.018"]
    assert clean(read_whole, "Năm 2018", "2019") == ["2018", "2019"]


@pytest.mark.parametrize(
    ("cells", "in_percent", "named"),
    [
        (["30%", "20", "50"], False, ["30%"]),
        (["30%", "20%", "50"], False, ["50"]),
        (["30%", Percent(0.2), "0"], False, []),
        (["1", "50", "0.8", "100", "0"], True, ["1", "0.8"]),
        (["50%", "0.8"], True, ["0.8"]),
        (["50%", "80"], True, []),
    ],
)
def test_percentages_beside_other_numbers_are_a_problem(cells: list, in_percent: bool, named: list[str]) -> None:
    assert [p.value for p in run(read_parts, *cells, in_percent=in_percent)[1]] == named
