"""The headers, states and times of office plans: most are read, none as something else than it says."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd

from papi_analysis.study import checks, schema
from papi_analysis.study.cells import Remarks
from papi_analysis.study.day_columns import read_dates
from papi_analysis.study.findings import Findings
from papi_analysis.study.headers import counts_rows, fits, label_day
from papi_analysis.study.states import read_states

LISTS = Path(__file__).parent / "coverage"
#: The programme of which the times are: what goes on lasts as long.
PROGRAMME = (date(2018, 2, 1), date(2020, 12, 31))


def lines(name: str) -> list[dict[str, str]]:
    with (LISTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judge(found: dict[str, tuple[object, object]]) -> tuple[int, list[str]]:
    """Count what is read right, or rightly refused, and name what is read as something else; ``None`` is refused."""
    wrong = [text for text, (right, read) in found.items() if read is not None and read != right]
    return sum(right == read for right, read in found.values()), wrong


def read_header(table: str, text: str) -> object:
    """Give the columns that a header may stand for, the day that it names, or that it stands for none."""
    if day := label_day(text):
        return day.isoformat()
    columns = fits(text, getattr(schema, table.upper()))
    return " ".join(sorted(columns, reverse=True)) or "none"


def test_headers():
    found = {}
    for line in lines("headers"):
        right, read = line["column"], read_header(line["table"], line["header"])
        if right == "refuse":  # two columns, so that the others of the table must tell, or none
            right, read = None, None if " " in str(read) or read == "none" else read
        elif read == "none" and right != "none":
            read = None
        found[f"{line['table']}: {line['header']}"] = (right, read)
    right, wrong = judge(found)
    assert len(found) == 114
    assert not wrong
    assert right >= 108, [text for text, (right, read) in found.items() if right != read]
    assert all(counts_rows(text) for text in ("STT", "TT", "Số TT"))


def test_states():
    found = {}
    for line in lines("states"):
        remarks = Remarks(Findings(""), Findings(""))
        read = read_states(pd.Series([line["text"]], dtype=object), "completion", remarks, 1.0)[0]
        right = None if line["completion"] == "refuse" else float(line["completion"])
        refused = remarks.problems.problems or checks.parse_column(pd.Series([read]), "number").isna()[0]
        found[line["text"]] = (right, None if refused else float(read))
    right, wrong = judge(found)
    assert len(found) == 53
    assert not wrong
    assert right == 53, [text for text, (right, read) in found.items() if right != read]


def test_times():
    found = {}
    for line in lines("times"):
        for place, column in enumerate(("start", "due")):
            remarks = Remarks(Findings(""), Findings(""))
            cells = pd.Series([line["text"]], dtype=object)
            read = read_dates(cells, column, remarks, PROGRAMME, alone=True)[0]
            programme = PROGRAMME[place].isoformat()
            right = {"refuse": None, "programme": programme}.get(line[column], line[column])
            found[f"{line['text']}: {column}"] = (right, read if schema.DAY.fullmatch(read) else None)
            assert (read == line["text"]) == (len(remarks.guesses.problems) == 0), "every reading is told"
    right, wrong = judge(found)
    assert len(found) == 2 * 53
    assert not wrong
    assert right == 2 * 53, [text for text, (right, read) in found.items() if right != read]


def test_a_wrong_reading_is_found():
    assert judge({"a": ("due", "start"), "b": ("due", None), "c": (None, None)}) == (1, ["a"])


def test_no_list_has_a_line_twice():
    for name in ("headers", "states", "times"):
        counts = Counter(tuple(line.values())[: 2 if name == "headers" else 1] for line in lines(name))
        assert max(counts.values()) == 1
