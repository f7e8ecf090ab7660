"""What holds for any register, written in any way that the readers accept, and for anything else that a file may be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from books import as_csv, as_xlsx, numbers
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mutations import Mutation
from second_reader import KINDS, Rows, plain_numbers
from shelf import Shelf, remember_untouched

import papi_analysis as pa

#: Shrinking takes minutes where every example loads a study.
PHASES = (Phase.explicit, Phase.generate)
EVERY_TIME = settings(
    derandomize=True, deadline=None, database=None, phases=PHASES, suppress_health_check=list(HealthCheck)
)
VIETNAMESE = {
    **{"task": "Mã nhiệm vụ", "dimension": "Nội dung", "weight": "Trọng số", "share": "Tỷ trọng"},
    **{"start": "Ngày bắt đầu", "due": "Thời hạn", "title_en": "Tên nhiệm vụ (tiếng Anh)", "title_vi": "Tên nhiệm vụ"},
    **{"as_of": "Kỳ báo cáo", "reported_on": "Ngày báo cáo", "completion": "Tỷ lệ hoàn thành", "revision": "Lần sửa"},
    **{"year": "Năm", "target": "Chỉ tiêu"},
}
#: Texts without marks that csv.writer leaves bare, such as a carriage return alone.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=9)
#: Columns in the words of no schema.
FURTHER = ["Ghi chú", "Điện thoại", "Email", "x1", "Checked by"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as patch:
        remember_untouched(patch)
        yield Shelf(tmp_path_factory.mktemp("study"))


@st.composite
def registers(draw: st.DrawFn, table: str, rows: Rows) -> Rows:
    """A valid table: other tasks, reports or targets than those of ``rows``, written plainly."""
    if table == "targets":
        dimensions = draw(st.sets(st.sampled_from([row[0] for row in rows[1:]]), min_size=1))
        year, target = st.integers(2017, 2030), st.decimals(1, 10, places=2)
        return [rows[0], *([d, str(draw(year)), f"{draw(target):.2f}"] for d in sorted(dimensions))]
    if table == "tasks":
        weight, later = st.integers(1, 50).map(lambda n: str(Decimal(n) / 10)), st.integers(0, 900)
        title = st.text("abcđêơ ,;\"'-", max_size=12).map(str.strip)
        made = [list(row) for row in rows]
        for row in made[1:]:
            if row[3] == "1":  # the task of two dimensions stays as it is
                row[2], row[6] = draw(weight), draw(title)
                row[5] = (date.fromisoformat(row[4]) + timedelta(draw(later))).isoformat()
        return made
    report = st.tuples(st.integers(0, 1500), st.integers(0, 90), st.integers(0, 100))
    made = [rows[0]]
    for task, first in {row[0]: row[1] for row in reversed(rows[1:])}.items():
        for days, delay, percent in draw(st.lists(report, max_size=4, unique_by=lambda r: r[0])):
            day = date.fromisoformat(first) + timedelta(days)
            done = str(Decimal(percent) / 100)
            made.append(
                [task, day.isoformat(), (day + timedelta(delay)).isoformat(), done, str(draw(st.integers(0, 3)))]
            )
    return made if len(made) > 1 else [*made, rows[1]]


def dress(rng: random.Random, table: str, rows: Rows) -> tuple[bytes, str]:
    """Write a plain table as somebody else would: another order, language, mark, way to write numbers and days."""
    kinds = [KINDS[table][name] for name in rows[0]]
    comma, day, sign = rng.random() < 0.5, rng.choice(["{y}-{m}-{d}", "{d}/{m}/{y}", "{d}.{m}.{y}"]), rng.random() < 0.5
    header = [VIETNAMESE[name] for name in rows[0]] if rng.random() < 0.5 else list(rows[0])
    written = [header]
    for row in rows[1:]:
        cells = list(row)
        for c, (name, kind) in enumerate(zip(rows[0], kinds, strict=True)):
            if kind == "day":
                y, m, d = cells[c].split("-")
                cells[c] = day.format(y=y, m=m, d=d)
            if kind == "number":
                percent = sign and name in ("completion", "share")
                cells[c] = f"{(Decimal(cells[c]) * 100).normalize():f}%" if percent else cells[c]
                cells[c] = cells[c].replace(".", ",") if comma else cells[c]
        written.append(cells)
    order = rng.sample(range(len(header)), len(header))
    written = [[row[c] for c in order] for row in written]
    for _ in range(rng.randint(0, 2)):
        written.insert(rng.randrange(len(written) + 1), [""] * len(header))
    if rng.random() < 0.4:
        return as_xlsx(written), "xlsx"
    mark, newline = rng.choice(",;\t"), rng.choice(["\n", "\r\n"])
    return rng.choice([b"", b"\xef\xbb\xbf"]) + as_csv(written, mark, newline), "csv"


def outcome(shelf: Shelf, table: str, content: bytes, suffix: str, rows: Rows) -> str:
    """Load a study with this table; ``same`` or ``says`` where it holds what ``rows`` say."""
    says = plain_numbers({**shelf.tables, table: rows})
    assert says is not None
    return shelf.outcome(Mutation(table, content, "unseen", "", says, suffix))


@pytest.mark.parametrize("table", ["tasks", "progress", "targets"])
@settings(EVERY_TIME, max_examples=12)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_any_register_in_any_dress_says_the_same(shelf: Shelf, table: str, data: st.DataObject, seed: int) -> None:
    rows = data.draw(registers(table, shelf.tables[table]))
    content, suffix = dress(random.Random(seed), table, rows)
    assert outcome(shelf, table, content, suffix, rows) in ("same", "says", "told")


@pytest.mark.parametrize("table", ["scores", "tasks", "progress", "targets"])
@settings(EVERY_TIME, max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_changes_no_number(shelf: Shelf, table: str, seed: int) -> None:
    header, *body = shelf.tables[table]
    random.Random(seed).shuffle(body)
    rows = [header, *body]
    assert outcome(shelf, table, as_csv(rows), "csv", rows) == "same"


@pytest.mark.parametrize("table", ["scores", "tasks", "progress", "targets"])
@settings(EVERY_TIME, max_examples=8)
@given(
    name=st.sampled_from(FURTHER),
    place=st.integers(0, 4),
    cells=st.lists(TEXTS, min_size=5),
    data=st.data(),
)
def test_a_column_of_something_else_changes_nothing(
    shelf: Shelf, table: str, name: str, place: int, cells: list[str], data: st.DataObject
) -> None:
    words = [*cells, data.draw(st.sampled_from(["Total", "1", "100%", "x"]))]
    rows = [list(row) for row in shelf.tables[table]]
    for i, row in enumerate(rows):
        row.insert(place, words[i % len(words)] if i else name)
    assert outcome(shelf, table, as_csv(rows), "csv", shelf.tables[table]) == "same"


@pytest.mark.parametrize("table", ["tasks", "progress", "targets"])
@settings(EVERY_TIME, max_examples=4)
@given(seed=st.integers(0, 10**6))
def test_what_was_read_is_read_again_without_a_guess(shelf: Shelf, table: str, seed: int) -> None:
    content, suffix = dress(random.Random(seed), table, shelf.tables[table])
    loaded = shelf.load(Mutation(table, content, "same", "", suffix=suffix))
    again = getattr(loaded, table).to_csv(index=False, date_format="%Y-%m-%d").encode()
    twice = shelf.load(Mutation(table, again, "same", ""))
    assert twice.guesses == ()
    assert numbers(twice) == numbers(loaded)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@settings(EVERY_TIME, max_examples=40)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode(errors="replace"))))
def test_anything_else_is_refused_in_words(shelf: Shelf, suffix: str, content: bytes) -> None:
    for table in ("tasks", "units"):
        assert shelf.outcome(Mutation(table, content, "error", "", suffix=suffix)) == "error"


@settings(EVERY_TIME, max_examples=25)
@given(
    cells=st.lists(st.lists(st.text(max_size=6), min_size=3, max_size=3), max_size=4),
    table=st.sampled_from(list(KINDS)),
)
def test_any_cells_below_a_header_are_read_or_refused(shelf: Shelf, cells: Rows, table: str) -> None:
    width = len(KINDS[table])
    rows = [list(KINDS[table]), *([*row, *["1"] * width][:width] for row in cells)]
    found = shelf.outcome(Mutation(table, as_csv(rows), "unseen", "", suffix="csv"))
    assert found == "error" or found.startswith("another result"), found


@settings(EVERY_TIME, max_examples=50)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode(errors="replace"))))
def test_any_settings_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "settings"
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_bytes(content)
    with pytest.raises(pa.PapiError):
        pa.load_study(folder)
