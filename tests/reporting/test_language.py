"""Every word that can be shown has a Vietnamese one; numbers, shares and days are written as readers write them."""

import ast
import pickle
import re
import string
import unicodedata
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po

import papi_analysis as pa
from papi_analysis.errors import Name, Note
from papi_analysis.reporting import documents
from papi_analysis.reporting import language as module
from papi_analysis.reporting.labels import CODES, FAMILY, LABELS, OPTIONS
from papi_analysis.reporting.language import MISSING, find_language
from papi_analysis.reporting.page import WORDS
from papi_analysis.study.settings import TABLES

PACKAGE = Path(pa.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.fixture(scope="module")
def catalogue():
    """Vietnamese by English."""
    with (module.CATALOGUES / "vi.po").open("rb") as file:
        read = read_po(file, locale="vi", abort_invalid=True)
    return {entry.id: entry.string for entry in read if entry.id}


def fields(text):
    """Placeholders with how they are to be written: name, format, conversion."""
    return {(name, form, how) for _, name, form, how in string.Formatter().parse(text) if name is not None}


def placeholders(text):
    return {name for name, _, _ in fields(text)}


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def calls(name):
    """Calls of a function or method of this name whose first argument is a text: file, call, text."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and is_text(node.args[0]):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    yield path, node, node.args[0].value


FACES = PACKAGE / "reporting", PACKAGE / "cli.py"
TEXTS = [(path, call, text) for path, call, text in calls("text") if any(map(path.is_relative_to, FACES))]
NOTES = [*calls("Note"), *calls("SpecError")]
MESSAGES = sorted(
    {text for _, _, text in (*TEXTS, *NOTES)}
    | set(LABELS.values())
    | set(FAMILY.values())
    | set(OPTIONS.values())
    | {words for each in CODES.values() for words in each.values()}
    | {*TABLES, *WORDS.values(), *documents.WORDS.values(), "yes", "no"}
)


def test_the_search_finds_messages_of_each_kind():
    assert {"Score", "In time", "scores", "Mean of the family"} <= set(MESSAGES)
    assert any("{unit} reached" in text for text in MESSAGES)
    assert len(NOTES) >= 6
    assert len(TEXTS) >= 20


def test_days_in_a_text_are_written_as_the_reader_writes_them():
    text = "321/QĐ-UBND, 2018-02-01; 2018-02-30; 12018-02-01"
    assert find_language("vi").dated(text) == "321/QĐ-UBND, 01/02/2018; 2018-02-30; 12018-02-01"
    assert find_language("en").dated(text) == text


def test_every_message_is_translated_once(catalogue):
    missing = [text for text in MESSAGES if not catalogue.get(text)]
    assert not missing
    lines = (module.CATALOGUES / "vi.po").read_text(encoding="utf-8").splitlines()
    ids = [line for line in lines if line.startswith("msgid")]
    assert len(ids) == len(set(ids)) == len(catalogue) + 1


def test_every_error_is_a_message_that_can_be_translated():
    """An error is words with values, or a ``Note`` made before; a text that is put together is English for ever."""
    raised, bare = 0, []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SpecError" and node.args:
                raised += 1
                if isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
                    bare.append(f"{path.name}, line {node.lineno}")
    assert raised > 150
    assert not bare


def test_no_translation_is_of_a_message_that_nobody_says(catalogue):
    said = {node.value for tree in TREES.values() for node in ast.walk(tree) if is_text(node)}
    assert not sorted(set(catalogue) - said - set(MESSAGES))


def test_both_languages_fill_in_the_same_values(catalogue):
    differ = {text for text, words in catalogue.items() if fields(text) != fields(words)}
    assert not differ


def test_every_call_gives_the_values_that_its_message_names():
    for path, call, text in TEXTS:
        given = {keyword.arg for keyword in call.keywords}
        if None not in given:  # a ** argument may bring any
            assert given == placeholders(text), f"{path.name}, line {call.lineno}"


def test_every_note_gives_the_values_that_its_words_name():
    """Notes are worded where they are said, or as constants at the top that are filled in below."""
    worded = {}
    for tree in TREES.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
                name = getattr(node.value.func, "id", "")
                if name == "Note" and is_text(node.value.args[0]):
                    worded[node.targets[0].id] = node.value.args[0].value
    filled = {"here": 0, "above": 0}
    for path, tree in TREES.items():
        for place, words, values in filled_in(path, tree):
            if is_text(words):
                assert placeholders(words.value) == set(values), place
                filled["here"] += 1
            elif (above := getattr(words.value if isinstance(words, ast.Attribute) else words, "id", "")) in worded:
                assert placeholders(worded[above]) <= set(values), place
                filled["above"] += 1
            # A number that is text already would keep its decimal point in every language.
            assert not any(is_written_number(value) for value in values.values()), place
    assert filled["here"] >= 200
    assert filled["above"] >= 60


def filled_in(path, tree):
    """Where words are given values: ``Note(words, {...})``, ``SpecError(words, name=...)``, ``WORDS(name=...)``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, place = getattr(node.func, "id", ""), f"{path.name}, line {node.lineno}"
        if name == "Note" and len(node.args) == 2 and isinstance(node.args[1], ast.Dict):
            keys = [getattr(key, "value", None) for key in node.args[1].keys]
            yield place, node.args[0], dict(zip(keys, node.args[1].values, strict=True))
        elif node.keywords and all(word.arg for word in node.keywords) and (name == "SpecError" or name.isupper()):
            yield place, (node.args[0] if node.args else node.func), {word.arg: word.value for word in node.keywords}


def is_written_number(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return any(isinstance(part, ast.FormattedValue) and part.format_spec for part in parts)


def test_the_catalogue_is_composed_and_tidy(catalogue):
    """A search for "Điểm" must find it: one code point a letter, as keyboards type it."""
    for text in (*catalogue, *catalogue.values()):
        assert unicodedata.is_normalized("NFC", text), text
        assert "  " not in text
    for text, words in catalogue.items():
        # Parts of a sentence are put together: what stands at their ends must fit in both languages.
        assert (text[0] == " ", text[-1] == " ") == (words[0] == " ", words[-1] == " "), text
        for mark in (".", "?", ":"):
            assert text.rstrip().endswith(mark) == words.rstrip().endswith(mark), text
        for mark in (",", ";"):
            assert text.startswith(mark) == words.startswith(mark), text
        letters = re.sub(r"\{[^}]*\}", "", text)
        assert words != text or letters.isupper() or letters == '"" ()', f"{text!r} was left in English"


def test_the_catalogue_has_vietnamese_letters_only(catalogue):
    letters = {c for words in catalogue.values() for c in words if c.isalpha()}
    assert all("LATIN" in unicodedata.name(c) for c in letters), "a look-alike from another alphabet"


@pytest.mark.parametrize(
    ("value", "digits", "english", "vietnamese"),
    [
        (39.5722, 2, "39.57", "39,57"),
        (1234567.891, 2, "1,234,567.89", "1.234.567,89"),
        (1234567, 0, "1,234,567", "1.234.567"),
        (-0.5, 3, "-0.500", "-0,500"),
        (-0.0004, 3, "0.000", "0,000"),
        (-0.0, 0, "0", "0"),
        (-0.0005001, 3, "-0.001", "-0,001"),
        (0.1 + 0.2, 4, "0.3000", "0,3000"),
        (999.999, 1, "1,000.0", "1.000,0"),
        (7, 2, "7.00", "7,00"),
        # A half, in the decimals that a reader sees, goes away from zero, whatever its binary form.
        (2.675, 2, "2.68", "2,68"),
        (0.125, 2, "0.13", "0,13"),
        (-0.125, 2, "-0.13", "-0,13"),
        (57.49999999999999, 0, "58", "58"),
        (57.4999, 0, "57", "57"),
        (123456789012.5, 0, "123,456,789,013", "123.456.789.013"),
        (np.float32(2.5), 1, "2.5", "2,5"),
        (np.int64(5000), 0, "5,000", "5.000"),
        (float("nan"), 2, MISSING, MISSING),
        (None, 2, MISSING, MISSING),
        (float("inf"), 2, "∞", "∞"),
        (float("-inf"), 2, "-∞", "-∞"),
    ],
)
def test_numbers(value, digits, english, vietnamese):
    assert find_language("en").number(value, digits) == english
    assert find_language("vi").number(value, digits) == vietnamese


def test_two_decimals_unless_asked_otherwise():
    assert find_language("en").number(1) == "1.00"


@pytest.mark.parametrize(
    ("share", "digits", "english", "vietnamese"),
    [
        (0.823, 0, "82%", "82%"),
        (0.8235, 1, "82.4%", "82,4%"),
        (0.575, 0, "58%", "58%"),
        (0.285, 0, "29%", "29%"),
        (0.5749, 0, "57%", "57%"),
        (-0.575, 0, "-58%", "-58%"),
        (0, 0, "0%", "0%"),
        (-0.001, 0, "0%", "0%"),
        (1, 0, "100%", "100%"),
        (12.5, 0, "1,250%", "1.250%"),
        (float("nan"), 0, MISSING, MISSING),
        (None, 0, MISSING, MISSING),
    ],
)
def test_shares(share, digits, english, vietnamese):
    assert find_language("en").percent(share, digits) == english
    assert find_language("vi").percent(share, digits) == vietnamese


@pytest.mark.parametrize(
    ("value", "english", "vietnamese"),
    [
        (5.0, "5", "5"),
        (5.25, "5.25", "5,25"),
        (-1e-17, "0", "0"),
        (1.5e-5, "0.000015", "0,000015"),
        (0.00105, "0.00105", "0,00105"),
        (1e12, "1,000,000,000,000", "1.000.000.000.000"),
        (0.1 + 0.2, "0.3", "0,3"),
        (12345.5, "12,345.5", "12.345,5"),
    ],
)
def test_ticks(value, english, vietnamese):
    assert find_language("en").tick(value, None) == english
    assert find_language("vi").tick(value) == vietnamese


@pytest.mark.parametrize(
    "day", [date(2018, 2, 1), pd.Timestamp("2018-02-01 17:30"), pd.Timestamp("2018-02-01", tz="UTC")]
)
def test_days(day):
    assert find_language("en").date(day) == "2018-02-01"
    assert find_language("vi").date(day) == "01/02/2018"


@pytest.mark.parametrize("day", [None, pd.NaT])
def test_a_missing_day_is_a_dash(day):
    assert find_language("vi").date(day) == MISSING


def test_messages_are_translated_and_filled_in():
    vi = find_language("vi")
    assert vi.text("Score") == "Điểm"
    assert vi.text("Rank of {units} units", units=63) == "Thứ hạng trong 63 tỉnh, thành phố"
    assert vi.text("gap {gap}, joint p {p}", gap=0.5, p="–") == "chênh lệch 0,50, p đồng thời –"
    assert find_language("en").text("{a} and {b}", a=1.5, b="{c}") == "1.50 and {c}"


def test_notes_are_translated_with_the_notes_among_their_values():
    hint = Note("Did you mean {name!r}?", {"name": "{Tên}"})
    note = Note("no unit is called {name!r}. {near}", {"name": "Tên", "near": hint})
    assert find_language("en").say(note) == str(note) == "no unit is called 'Tên'. Did you mean '{Tên}'?"
    assert find_language("vi").say(note) == ("không có tỉnh, thành phố nào tên là 'Tên'. Có phải bạn muốn ghi '{Tên}'?")
    assert find_language("vi").say("Score") == "Score"  # a text of a user, not of this package


def test_names_of_the_data_are_said_in_the_language_of_the_reader():
    old = Name.listed([Name("Can Tho", "Cần Thơ"), Name("Hau Giang")])
    note = Note("Known: {names}.", {"names": old})
    assert [find_language(code).say(note) for code in ("en", "vi")] == [
        "Known: Can Tho, Hau Giang.",
        "Các tên có thể dùng: Cần Thơ, Hau Giang.",
    ]
    assert pickle.loads(pickle.dumps(note)).values["names"].vietnamese == "Cần Thơ, Hau Giang"


def test_codes_among_the_values_are_said_by_name_where_all_of_them_have_one():
    names = {"VN-CT": ("Can Tho", "Cần Thơ"), "VN-HN": ("Hanoi", "Hà Nội")}
    vi = find_language("vi")
    for given, said in (
        ("VN-CT, VN-HN", "Cần Thơ, Hà Nội"),
        ("VN-CT", "Cần Thơ"),
        ("VN-CT, VN-99", "VN-CT, VN-99"),
        ("", ""),
        (3, "3"),
    ):
        assert vi.say(Note("Known: {names}.", {"names": given}), names) == f"Các tên có thể dùng: {said}."
    nested = Note("Add it. {hint}", {"hint": Note("Known: {names}.", {"names": "VN-CT"})})
    assert find_language("en").say(nested, names) == "Add it. Known: Can Tho."


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        ([0.12, -0.53], 2, 2),
        ([0.004, 9.0], 2, 2),
        ([0.01], 2, 3),
        ([0.1], 2, 2),
        ([12345.6, 0.5], 2, 1),
        ([1e12], 3, 0),
        ([0.0099], 2, 4),
        ([1.2e-5, -3e-6], 2, 6),
        ([0.02], 3, 3),
        ([0.0, float("nan")], 2, 2),
        ([float("inf"), 2e-4], 2, 5),
        ([], 3, 3),
    ],
)
def test_tiny_numbers_keep_two_digits_and_others_the_usual_decimals(values, digits, expected):
    assert find_language("vi").fine(values, digits) == expected


@pytest.mark.parametrize(
    ("rows", "digits", "expected"),
    [
        ([[0.004, 0.5], [9.0], [0.03]], 2, [2, 2, 2]),  # ordinary: none stands apart
        ([[1e6, 2e5], [0.02, -0.1], [2.5, 40.0]], 2, [0, 2, 2]),
        ([[12345.6], [39.57]], 2, [1, 1]),  # one decimal apart is not far
        ([[1e6], [0.0], [float("nan")], [1e-8]], 2, [0, 0, 0, 0]),  # nothing there, or noise
        ([[1e6], [12.0]], 2, [0, 0]),  # a whole number loses nothing
        ([[5.0], [2e-5]], 3, [3, 6]),
        ([[0.2], [4e-5, -2e-5]], 2, [2, 6]),
    ],
)
def test_a_row_of_a_far_smaller_size_keeps_digits_of_its_own(rows, digits, expected):
    assert find_language("en").fine_by_row(rows, digits) == expected


def test_a_number_of_any_size_is_written():
    en = find_language("en")
    assert en.number(-2e14, 20) == "-200,000,000,000,000." + 20 * "0"
    assert en.number(1.5e300, 0).startswith("1,500,000,")
    assert en.tick(3e14) == "300,000,000,000,000"
    assert find_language("vi").tick(60000.5) == "60.000,5" == find_language("vi").number(60000.5, 1)


def test_a_value_that_reads_like_a_message_is_not_translated():
    assert find_language("vi").say(Note("Known: {names}.", {"names": "Score"})) == "Các tên có thể dùng: Score."


@pytest.mark.parametrize(
    ("form", "value", "english", "vietnamese"),
    [
        ("{x:.3f}", 0.16667, "0.167", "0,167"),
        ("{x:.3g}", 0.05, "0.05", "0,05"),
        ("{x:g}", 1.0, "1", "1"),
        ("{x:g}", 0.5, "0.5", "0,5"),
        ("{x:.0%}", 0.65, "65%", "65%"),
        ("{x:.0%}", 0.575, "58%", "58%"),
        ("{x:.1f}", np.float64(2.25), "2.3", "2,3"),
        ("{x}", 0.16667, "0.17", "0,17"),
        ("{x:>3}", "1.5", "1.5", "1.5"),
        ("{x}", 2018, "2018", "2018"),
    ],
)
def test_a_message_says_how_its_numbers_are_written(form, value, english, vietnamese):
    note = Note(form, {"x": value})
    assert [find_language(code).say(note) for code in ("en", "vi")] == [english, vietnamese]


def test_a_message_without_a_translation_stays_in_english():
    assert find_language("vi").text("of {n} no translation", n=1.5) == "of 1,50 no translation"


@pytest.mark.parametrize("name", ["a {b} c", "{", "100% {}", "{0}"])
def test_names_from_the_data_may_hold_braces(name):
    assert find_language("vi").text(name) == name
    assert find_language("en").text("{x}", x=name) == name


def test_names_of_dimensions_and_units():
    names = {"D1": ("Participation", "Tham gia")}
    assert [find_language(code).name("D1", names) for code in ("en", "vi")] == ["Participation", "Tham gia"]
    assert find_language("vi").name("D9", names) == "D9"


@pytest.mark.parametrize("code", ["fr", "VI", "", "../locale/vi", "vi.po"])
def test_a_language_that_is_not_there_is_refused_with_those_that_are(code):
    with pytest.raises(pa.SpecError, match="en, vi"):
        find_language(code)


def test_languages_share_no_state():
    vi, en = find_language("vi"), find_language("en")
    assert (vi.code, en.code) == ("vi", "en")
    assert en.text("Score") == "Score"
    assert find_language("vi").text("Score") == vi.text("Score")
