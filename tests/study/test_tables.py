"""Reading files from disk: what a csv file may look like, and what is said where it does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from papi_analysis.errors import DataError, Problem
from papi_analysis.study.office import Reading, read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import SCORES, TARGETS
from papi_analysis.study.tables import load_table, read_text

TEXT = "name,title\nD1,Cần Thơ\nD2,Đà Nẵng\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(file: Path) -> Reading:
    return read_office_table(Source(file), TARGETS)


def problems(file: Path, content: str | bytes) -> tuple[Problem, ...]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(DataError) as caught:
        read(file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert all(problem.file == "table.csv" and problem.remedy for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_utf8_is_read_with_any_newline_and_with_or_without_a_mark(file: Path, encoding: str, newline: str) -> None:
    file.write_bytes(TEXT.replace("\n", newline).encode(encoding))
    frame = read(file).frame
    assert list(frame.columns) == ["name", "title"]
    assert frame["title"].tolist() == ["Cần Thơ", "Đà Nẵng"]


@pytest.mark.parametrize(
    ("encoding", "text", "row"),
    [
        ("cp1258", "name,title\nD1,plain\nD2,Thành phô\u0301", 3),  # this code page writes tones after their letter
        ("latin-1", "name,title\nD1,Thành", 2),
        ("cp1252", "name,title\nD1,plain\nD2,plain\nD3,“quoted”", 4),
        ("utf-16", TEXT, 1),
        ("utf-32", TEXT, 1),
    ],
)
def test_another_encoding_is_refused_with_the_row(file: Path, encoding: str, text: str, row: int) -> None:
    (problem,) = problems(file, text.encode(encoding))
    assert problem.what == "the file is not in UTF-8"
    assert problem.row == row
    assert "UTF-8" in problem.remedy


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_refused(file: Path, encoding: str) -> None:
    (problem,) = problems(file, "name,title\nD1,plain\n".encode(encoding))
    assert problem.what == "the file holds NUL bytes"
    assert problem.row == 1


def test_nul_bytes_are_refused_with_their_row(file: Path) -> None:
    (problem,) = problems(file, "name,title\nD1,x\nD2,y\0\n")
    assert problem.what == "the file holds NUL bytes"
    assert problem.row == 3


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \r\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(file: Path, content: bytes) -> None:
    (problem,) = problems(file, content)
    assert problem.what == "the file is empty"


def test_a_header_alone_is_a_table_without_rows(file: Path) -> None:
    file.write_text("unit,dimension,year,target\n")
    assert read(file).frame.empty
    with pytest.raises(DataError, match=r"table\.csv: the table has no rows"):
        load_table(file, TARGETS)


@pytest.mark.parametrize(
    ("name", "what"), [("nothing.csv", "the file is not there"), (".", "cannot be read: Is a directory")]
)
def test_a_file_that_is_not_there_is_refused_with_the_folder(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        read_text(tmp_path / name)
    assert caught.value.problems[0].file == (tmp_path / name).name


def test_every_ragged_row_is_listed(file: Path) -> None:
    found = problems(file, "name,title\nD1\nD2,ok\nD3,a,b\n\nD4,a,b,c\n")
    assert [(p.row, p.what) for p in found] == [
        (2, "the row has 1 cells where the header has 2"),
        (4, "the row has 3 cells where the header has 2"),
        (6, "the row has 4 cells where the header has 2"),
    ]
    assert "double quotes" in found[0].remedy


def test_a_repeated_header_is_refused(file: Path) -> None:
    found = problems(file, "name,title, name ,title,note\n1,2,3,4,5\n")
    assert [(p.row, p.column) for p in found] == [(1, "name"), (1, "title")]


def test_a_quote_that_never_ends_is_refused(file: Path) -> None:
    (problem,) = problems(file, 'name,title\nD1,"open\n')
    assert "not a csv table" in problem.what


def test_quoted_newlines_commas_and_quotes_stay_in_their_cell(file: Path) -> None:
    file.write_text('name,title\nD1,"two\nlines, and a ""word"""\nD2,next\n')
    frame = read(file).frame
    assert frame["title"].tolist() == ['two\nlines, and a "word"', "next"]
    assert frame.index.tolist() == [0, 1]  # a spreadsheet counts rows, not lines


def test_blank_rows_are_left_out_and_the_row_numbers_stay_right(file: Path) -> None:
    file.write_text("dimension,year,target,unit\n\nD1,2020,6,A\n,,,\n  ,,,\nD2,2020,x,A\n\n\n")
    assert read(file).frame.index.tolist() == [1, 4]


def test_cells_stay_text_until_a_schema_reads_them(file: Path) -> None:
    file.write_text("a,b,c,d\n007,NA,nan,1e3\n")
    assert read(file).frame.iloc[0].tolist() == ["007", "NA", "nan", "1e3"]


def test_a_table_of_the_package_is_read_once_and_given_anew(file: Path) -> None:
    file.write_text("unit,year,dimension,score\nNA,2020,D1,6.5\n")
    first = load_table(file, SCORES)
    first.loc[0, "score"] = 9.0
    again = load_table(file, SCORES)
    assert again.loc[0].tolist() == ["NA", 2020, "D1", 6.5]
