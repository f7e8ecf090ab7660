"""A small study folder that is right, for tests that make one thing in it wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

import papi_analysis as pa

RIGHT = {
    "study.toml": """\
title_en = "A programme"
unit = "A"
base_year = 2016
start = 2018-01-01
end = 2019-12-31
first_year = 2016
last_year = 2019
without_programme = "all others"

[tables]
scores = "scores.csv"
units = "units.csv"
dimensions = "dimensions.csv"
tasks = "tasks.csv"
progress = "progress.csv"
targets = "targets.csv"
""",
    "units.csv": "unit,name_en,name_vi,variants\nA,Alpha City,Thành phố Á,TP A|Alfa\nB,Beta,Bê Ta,\n",
    "dimensions.csv": "dimension,name_en,scale_min,scale_max\nD1,One,1,10\nD2,Two,1,10\n",
    "scores.csv": "unit,year,dimension,score\n"
    + "".join(
        f"{u},{y},{d},{5 + i * 0.1:.2f}\n"
        for i, (u, y, d) in enumerate((u, y, d) for u in "AB" for y in range(2016, 2020) for d in ("D1", "D2"))
    ),
    "tasks.csv": """\
task,dimension,weight,share,start,due
T1,D1,1,1,2018-01-01,2018-12-31
T2,D1,2,0.5,2018-07-01,2019-06-30
T2,D2,2,0.5,2018-07-01,2019-06-30
T3,D2,1,1,2019-01-01,2019-12-31
""",
    "progress.csv": """\
task,as_of,reported_on,completion,revision
T1,2018-03-31,2018-04-10,0.2,0
T1,2018-06-30,2018-07-10,0.5,0
T1,2018-12-31,2019-01-10,1,0
T2,2018-12-31,2019-01-10,0.4,0
T2,2019-06-30,2019-07-10,0.9,0
T3,2019-06-30,2019-07-10,0.3,0
""",
    "targets.csv": "dimension,year,target\nD1,2019,6.5\nD2,2019,6.5\n",
}


@dataclass
class Folder:
    """A study folder on disk."""

    path: Path

    def put(self, name: str, content: str | bytes) -> None:
        self.path.joinpath(name).write_bytes(content.encode() if isinstance(content, str) else content)

    def text(self, name: str) -> str:
        return self.path.joinpath(name).read_text(encoding="utf-8")

    def swap(self, name: str, old: str, new: str) -> None:
        assert self.text(name).count(old) == 1
        self.put(name, self.text(name).replace(old, new))

    def cell(self, name: str, row: int, column: str, value: str) -> None:
        """Change one cell; the header is row 1, as a spreadsheet shows it."""
        rows = list(csv.reader(io.StringIO(self.text(name))))
        rows[row - 1][rows[0].index(column)] = value
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        self.put(name, out.getvalue())

    def add(self, name: str, *lines: str) -> None:
        self.put(name, self.text(name) + "".join(line + "\n" for line in lines))

    def load(self) -> pa.Study:
        return pa.load_study(self.path)

    def error(self) -> pa.DataError:
        with pytest.raises(pa.DataError) as caught:
            self.load()
        return caught.value

    def places(self) -> list[tuple[str, int | None, str, str]]:
        """Say where the problems are that loading finds: file, row, column, value."""
        return [(p.file, p.row, p.column, p.value) for p in self.error().problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    study = Folder(tmp_path / "study")
    study.path.mkdir()
    for name, content in RIGHT.items():
        study.put(name, content)
    return study
