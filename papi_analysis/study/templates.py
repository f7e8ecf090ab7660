"""Templates to fill in: a study folder with a small example that passes every check."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from papi_analysis.errors import SpecError
from papi_analysis.study.codebook import data_folder
from papi_analysis.study.grids import Sheet
from papi_analysis.study.tables import read_table
from papi_analysis.study.wording import cell_text, period


class _Words(NamedTuple):
    """The same words in both languages."""

    en: str
    vi: str


class _Field(NamedTuple):
    """A column of a template: what stands over it, and what it means."""

    header: _Words
    meaning: _Words


class _Example(NamedTuple):
    """A task of the example; ``reached`` is how far it gets."""

    dimension: str
    weight: int
    start: date
    due: date
    reached: float
    title: _Words
    agency: _Words


_TASK = _Field(
    _Words("Task code", "Mã nhiệm vụ"),
    _Words("A code for the task, the same in both tables.", "Mã của nhiệm vụ, giống nhau trong cả hai bảng."),
)
_DIMENSION = _Field(
    _Words("Dimension", "Nội dung"),
    _Words(
        "The dimension of the index that the task serves: D1 to D8, a number from 1 to 8, or its name.",
        "Nội dung của chỉ số mà nhiệm vụ phục vụ: D1 đến D8, số từ 1 đến 8, hoặc tên nội dung.",
    ),
)
_FIELDS: dict[str, tuple[_Field, ...]] = {
    "tasks": (
        _TASK,
        _Field(
            _Words("Task title", "Tên nhiệm vụ"),
            _Words("What is to be done. May be empty.", "Việc cần làm. Có thể để trống."),
        ),
        _DIMENSION,
        _Field(
            _Words("Weight", "Trọng số"),
            _Words(
                "How much the task counts, above 0. All tasks count the same where the column is left out.",
                "Nhiệm vụ được tính nặng bao nhiêu, lớn hơn 0. Bỏ cột này thì mọi nhiệm vụ được tính như nhau.",
            ),
        ),
        _Field(
            _Words("Lead agency", "Cơ quan chủ trì"),
            _Words("Who leads the task. May be empty.", "Cơ quan chủ trì nhiệm vụ. Có thể để trống."),
        ),
        _Field(
            _Words("Start date", "Ngày bắt đầu"),
            _Words("First day of the task: day/month/year.", "Ngày bắt đầu nhiệm vụ: ngày/tháng/năm."),
        ),
        _Field(
            _Words("Due date", "Thời hạn"),
            _Words("Last day of the task: day/month/year.", "Hạn hoàn thành nhiệm vụ: ngày/tháng/năm."),
        ),
    ),
    "progress": (
        _TASK,
        _Field(
            _Words("Reporting period", "Kỳ báo cáo"),
            _Words("The quarter, month or day that the report is about.", "Quý, tháng hoặc ngày mà báo cáo nói đến."),
        ),
        _Field(
            _Words("Report date", "Ngày báo cáo"),
            _Words(
                "The day on which the report was made: day/month/year.",
                "Ngày lập báo cáo: ngày/tháng/năm.",
            ),
        ),
        _Field(
            _Words("Completion rate", "Mức độ hoàn thành"),
            _Words(
                "How much of the whole task is done by then: 0% to 100%, or words such as completed, not started.",
                "Đã làm được bao nhiêu phần của cả nhiệm vụ tính đến kỳ đó: 0% đến 100%, "
                "hoặc ghi đã hoàn thành, chưa thực hiện.",
            ),
        ),
    ),
    "targets": (
        _DIMENSION._replace(meaning=_Words("The dimension of the index: D1 to D8.", "Nội dung của chỉ số: D1 đến D8.")),
        _Field(
            _Words("Target year", "Năm"),
            _Words("The year by which the score is to be reached.", "Năm cần đạt mức điểm."),
        ),
        _Field(
            _Words("Target score", "Chỉ tiêu"),
            _Words("The score to be reached, from 1 to 10.", "Mức điểm cần đạt, từ 1 đến 10."),
        ),
    ),
}
_SHEETS = {
    "tasks": _Words("Tasks", "Nhiệm vụ"),
    "progress": _Words("Progress", "Tiến độ"),
    "targets": _Words("Targets", "Chỉ tiêu"),
}
_NOTES = _Words("Notes", "Ghi chú")
_NOTES_HEADER = (_Words("Column", "Cột"), _Words("What it means", "Ý nghĩa"), _Words("Example", "Ví dụ"))
_OWN_ROWS = _Words(
    "The rows are examples: put your own in their place.", "Các dòng là ví dụ: hãy thay bằng số liệu của mình."
)
_EXAMPLE = _Words("(Example) ", "(Ví dụ) ")

#: Whose programme the example stands for; its targets are real.
EXAMPLE_UNIT = "VN-CT"
#: Made up, to show what a table looks like.
_TASKS = (
    _Example(
        "D1",
        2,
        date(2018, 3, 1),
        date(2019, 12, 31),
        0.9,
        _Words("Publish what residents decide", "Công khai những nội dung dân quyết định"),
        _Words("Department of Home Affairs", "Sở Nội vụ"),
    ),
    _Example(
        "D2",
        1,
        date(2018, 6, 1),
        date(2020, 6, 30),
        0.8,
        _Words("Publish the land-use plan", "Công khai kế hoạch sử dụng đất"),
        _Words("Department of Natural Resources", "Sở Tài nguyên và Môi trường"),
    ),
    _Example(
        "D3",
        1,
        date(2018, 3, 1),
        date(2018, 12, 31),
        1.0,
        _Words("Receive citizens every week", "Tiếp công dân hằng tuần"),
        _Words("City Inspectorate", "Thanh tra thành phố"),
    ),
    _Example(
        "D4",
        2,
        date(2019, 1, 1),
        date(2020, 12, 31),
        0.6,
        _Words("Open a line for complaints", "Mở đường dây nóng phản ánh"),
        _Words("City Inspectorate", "Thanh tra thành phố"),
    ),
    _Example(
        "D5",
        3,
        date(2018, 3, 1),
        date(2019, 6, 30),
        1.0,
        _Words("Shorten the wait at the one-stop shops", "Rút ngắn thời gian chờ tại bộ phận một cửa"),
        _Words("City People's Committee Office", "Văn phòng Ủy ban nhân dân thành phố"),
    ),
    _Example(
        "D6",
        2,
        date(2018, 9, 1),
        date(2020, 9, 30),
        0.75,
        _Words("Add doctors to commune health stations", "Bổ sung bác sĩ cho trạm y tế xã"),
        _Words("Department of Health", "Sở Y tế"),
    ),
)

_SETTINGS = _Words(
    en="""\
# The programme. Change what stands to the right of each "="; lines that begin with "#" are remarks.

title_en = "Example: a programme to raise the scores"
title_vi = "Ví dụ: chương trình nâng cao điểm số"
decision = ""                      # the act that set the programme up, such as "321/QD-UBND"
unit = "VN-CT"                     # the province whose programme it is, by its code; VN-CT is Can Tho
base_year = 2016                   # the year from which the programme counts its gains
start = 2018-02-01                 # first and last day of the programme: year-month-day
end = 2020-12-31
first_year = 2011                  # first and last year of the scores to use
last_year = 2020
dimensions = ["D1", "D2", "D3", "D4", "D5", "D6"]
without_programme = "all others"   # or a list of the provinces that had no such programme
# in_progress = 0.5                # what the words "in progress" stand for; without this line they are refused
language = "en"                    # of what is shown: "en" or "vi"

# The example's rows are made up, and everything shown says so. Delete this line once your own data are in.
simulated_tables = ["tasks", "progress"]

# The files. Each may be .xlsx or .csv; the folder csv holds the same tables as csv files.
# A sheet is named like this: tasks = "programme.xlsx#Sheet 1"
[tables]
tasks = "tasks.xlsx"
progress = "progress.xlsx"
targets = "targets.xlsx"           # may be left out
""",
    vi="""\
# Chương trình. Hãy sửa phần bên phải mỗi dấu "="; dòng bắt đầu bằng "#" là lời giải thích.

title_en = "Example: a programme to raise the scores"
title_vi = "Ví dụ: chương trình nâng cao điểm số"
decision = ""                      # văn bản ban hành chương trình, chẳng hạn "321/QĐ-UBND"
unit = "VN-CT"                     # mã của tỉnh, thành phố có chương trình; VN-CT là Cần Thơ
base_year = 2016                   # năm gốc để tính mức tăng điểm
start = 2018-02-01                 # ngày đầu và ngày cuối của chương trình: năm-tháng-ngày
end = 2020-12-31
first_year = 2011                  # năm đầu và năm cuối của điểm số được dùng
last_year = 2020
dimensions = ["D1", "D2", "D3", "D4", "D5", "D6"]
without_programme = "all others"   # tất cả các tỉnh khác, hoặc danh sách tỉnh không có chương trình như vậy
# in_progress = 0.5                # "đang thực hiện" ứng với phần nào; không có dòng này thì từ đó bị từ chối
language = "vi"                    # ngôn ngữ hiển thị: "vi" hoặc "en"

# Các dòng ví dụ là số liệu giả định, và mọi kết quả đều ghi rõ như vậy. Hãy xóa dòng dưới khi đã có số liệu của mình.
simulated_tables = ["tasks", "progress"]

# Các tệp. Mỗi tệp có thể là .xlsx hoặc .csv; thư mục csv chứa cùng các bảng ở dạng csv.
# Có thể ghi rõ trang tính, ví dụ: tasks = "chuong-trinh.xlsx#Trang 1"
[tables]
tasks = "tasks.xlsx"
progress = "progress.xlsx"
targets = "targets.xlsx"           # có thể bỏ
""",
)


def write_templates(folder: Path, language: str = "en") -> list[Path]:
    """Write a study folder to fill in: ``study.toml`` and its tables, as workbooks and once more as csv files.

    The tables hold a small example, so that the folder passes every check as it is.

    Parameters
    ----------
    folder
        Made where it does not exist.
    language
        ``"en"`` or ``"vi"``: the language of headers, notes and remarks.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SpecError
        The folder holds one of the files already, or the language is not known. Nothing is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [file.name for file in write_templates(Path(folder))][:3]
    ['study.toml', 'tasks.xlsx', 'tasks.csv']
    """
    if language not in _Words._fields:
        raise SpecError(f"there are templates in 'en' and 'vi', not in {language!r}.")
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"{str(folder)!r} is a file. Name a folder.")
    contents: dict[Path, bytes] = {folder / "study.toml": _say(_SETTINGS, language).encode()}
    for table, fields in _FIELDS.items():
        header = [_say(field.header, language) for field in fields]
        rows = [list(row) for row in _rows(table, language)]
        contents[folder / f"{table}.xlsx"] = _workbook(table, header, rows, language)
        contents[folder / "csv" / f"{table}.csv"] = _csv(header, rows)
    taken = [path.relative_to(folder) for path in contents if path.exists()]
    if taken:
        raise SpecError(
            f"the folder {str(folder)!r} holds {', '.join(map(str, taken))} already. Choose another folder."
        )
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(contents)


def example_rows(table: str) -> tuple[tuple[str, ...], set[tuple[str, ...]]]:
    """Give the columns that tell the example's rows from others, and what they hold there, as text; none for others.

    Examples
    --------
    >>> columns, rows = example_rows("progress")
    >>> columns, ("EX-01", "2018-06-30", "2018-07-10", "0.15") in rows
    (('task', 'as_of', 'reported_on', 'completion'), True)
    """
    places = {
        "tasks": {"task": 0, "dimension": 2, "weight": 3, "start": 5, "due": 6},
        "progress": {"task": 0, "as_of": 1, "reported_on": 2, "completion": 3},
        "targets": {"dimension": 0, "year": 1, "target": 2},
    }.get(table, {})
    rows = [row for language in _Words._fields for row in (_rows(table, language) if places else ())]
    return tuple(places), {tuple(_as_read(row[place]) for place in places.values()) for row in rows}


def _as_read(cell: Any) -> str:
    """Write a cell of the example as it is read: a quarter as its last day."""
    found = period(cell) if isinstance(cell, str) else None
    return cell_text(found[1] if found else cell)


def is_notes(sheet: Sheet) -> bool:
    """Say whether a sheet holds the notes that come with a template."""
    named = any(sheet.name == _say(_NOTES, language) for language in _Words._fields)
    headers = [[_say(words, language) for words in _NOTES_HEADER] for language in _Words._fields]
    return named and bool(sheet.rows) and sheet.rows[0] in headers


def _say(words: _Words, language: str) -> str:
    return str(getattr(words, language))


def _rows(table: str, language: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of the example; days are days, and parts of one are floats."""
    if table == "targets":
        for _, row in read_table(data_folder() / "can_tho_2018_2020" / "targets.csv").iterrows():
            yield row["dimension"], int(row["year"]), float(row["target"])
        return
    code = _say(_Words("EX", "VD"), language)
    for number, task in enumerate(_TASKS, 1):
        name = f"{code}-{number:02}"
        if table == "tasks":
            title = _say(_EXAMPLE, language) + _say(task.title, language)
            yield name, title, task.dimension, task.weight, _say(task.agency, language), task.start, task.due
            continue
        for label, last in _quarters(language):
            if last >= task.start:
                part = min(1.0, (last - task.start).days / (task.due - task.start).days)
                # Rounded to twentieths, as reports are.
                yield name, label, _ten_days_after(last), round(20 * task.reached * part) / 20


def _quarters(language: str) -> Iterator[tuple[str, date]]:
    for year in (2018, 2019, 2020):
        for quarter, roman in enumerate(("I", "II", "III", "IV"), 1):
            label = _say(_Words(f"Q{quarter} {year}", f"Quý {roman}/{year}"), language)
            found = period(label)
            if found:
                yield label, found[1]


def _ten_days_after(last: date) -> date:
    return date(last.year + last.month // 12, last.month % 12 + 1, 10)


def _csv(header: list[str], rows: list[list[Any]]) -> bytes:
    """Write a csv file with a mark at its head, by which spreadsheet programs know the encoding."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([cell.strftime("%d/%m/%Y") if isinstance(cell, date) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _workbook(table: str, header: list[str], rows: list[list[Any]], language: str) -> bytes:
    """Write a workbook: the table, and a sheet that says what its columns mean."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet, notes = book.active, book.create_sheet(_say(_NOTES, language))
    sheet.title = _say(_SHEETS[table], language)
    for row in (header, *rows):
        sheet.append(row)
    notes.append([_say(words, language) for words in _NOTES_HEADER])
    for name, field, example in zip(header, _FIELDS[table], rows[0], strict=True):
        notes.append([name, _say(field.meaning, language), example])
    notes.append([])
    notes.append([_say(_OWN_ROWS, language)])
    for page, widths in ((sheet, [max(14, len(name) + 4) for name in header]), (notes, [24, 90, 40])):
        page.freeze_panes = "A2"
        for letter, width in zip("ABCDEFG", widths, strict=False):
            page.column_dimensions[letter].width = width
        for cell in page[1]:
            cell.font = Font(bold=True)
        for row in page.iter_rows(min_row=2):
            for cell in row:
                if isinstance(cell.value, date):
                    cell.number_format = "dd/mm/yyyy"
                elif table == "progress" and isinstance(cell.value, float):
                    cell.number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
