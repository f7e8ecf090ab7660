"""Open a workbook in .xls or .ods and write its sheets as JSON; run as a process of its own by ``old_books``.

On a damaged file the parser may end its process, and would take the user's with it.
"""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

#: How much memory reading may take, where the system can limit it.
_MEMORY = 2 << 30
#: So many cells are too many: no more than the number is written.
_MOST_CELLS = 2_000_000


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _plain(value: Any) -> Any:
    """Give a day as a list of its text, so that it is no text; times and spans as their text."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return [value.isoformat()]
    return str(value) if isinstance(value, bool) or not isinstance(value, str | int | float) else value


def _sheets(path: str) -> list[dict[str, Any]]:
    with Path(path).open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
    sheets = []
    for place, about in enumerate(book.sheets_metadata):
        if about.typ == SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_name(about.name)
            large = sheet.total_height * sheet.total_width > _MOST_CELLS
            rows = [] if large else [[*map(_plain, row)] for row in sheet.to_python(skip_empty_area=False)]
            merged = [] if large else sheet.merged_cell_ranges or []
            hidden = about.visible != SheetVisibleEnum.Visible
            sheets.append({"place": place, "name": about.name, "hidden": hidden, "rows": rows, "merged": merged})
            sheets[-1]["large"] = large
    return sheets


def main() -> None:
    """Write the sheets of the file that is the one argument, or that it has a password."""
    _limit_memory()
    try:
        found: Any = _sheets(sys.argv[1])
    except PasswordError:
        found = "password"
    sys.stdout.buffer.write(json.dumps(found).encode())


if __name__ == "__main__":
    main()
