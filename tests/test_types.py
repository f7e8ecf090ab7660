"""The types of the public face are seen from outside: a checker finds the slips of a user's script."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import papi_analysis

PACKAGE = Path(papi_analysis.__file__).parent

SCRIPT = """\
from functools import partial

import papi_analysis as pa

panel = pa.Panel.from_study(pa.load_study())
slopes = pa.completion_slopes(panel, lag=1, inference="clustered", years=(2014, 2020), controls=["size"])
gaps = pa.programme_impact(panel, {"VN-CT": 2018}, end=2020, method="did")
curve = pa.specification_curve(partial(pa.programme_impact, panel, "VN-CT", 2018), {"method": ["did"]})
words: str = pa.sentence(slopes, language="vi")
low: float = slopes.interval(0.9)["low"].min()
count: int = pa.sentence(gaps)  # slip
pa.completion_slopes(panel, lags=2)  # slip
pa.completion_slopes(panel, form="level")  # slip
pa.completion_slopes(panel, inference="hc1")  # slip
pa.programme_impact("VN-CT", panel, start="2018")  # slip
pa.target_attainment(panel, unit=3.5, end_year="2020", targets=[7])  # slip
pa.verdict(gaps)  # slip
pa.draw(gaps, axis=None)  # slip
pa.load_study(5)  # slip
slopes.tabel  # slip
slopes.level = 0.9  # slip
"""


def test_the_package_says_that_it_has_types():
    assert (PACKAGE / "py.typed").is_file()


def test_checkers_see_the_names_that_load_when_they_are_used():
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    (seen,) = (node for node in tree.body if isinstance(node, ast.If) and any(_imports(node)))
    homes = {name: f"papi_analysis.{home}" for name, home in papi_analysis._HOME_OF.items()}
    assert dict(_imports(seen)) == {**homes, "papi": "papi_analysis"}


def _imports(node: ast.If) -> list[tuple[str, str | None]]:
    return [(alias.name, one.module) for one in node.body if isinstance(one, ast.ImportFrom) for alias in one.names]


@pytest.mark.slow
def test_a_checker_finds_every_slip_and_nothing_else(tmp_path: Path):
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "script.py"]
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    found = {int(line) for line in re.findall(r"^script\.py:(\d+): error", done.stdout, re.MULTILINE)}
    slips = {number for number, line in enumerate(SCRIPT.splitlines(), 1) if line.endswith("# slip")}
    assert found == slips, done.stdout
