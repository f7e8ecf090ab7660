"""What the README tells a reader to type exists and works, and the citation file is in order."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import papi_analysis

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELLS = {"bash", "sh", "shell", "console", "powershell"}
# Folders that the commands themselves make.
MADE = (".venv", "reports")
# A path with a separator in it, or the name of a file of a kind that the project has.
PATH = re.compile(
    r"(?<![\w.:/~\\-])\.?[\w*-]+[/\\][\w./\\*-]*|(?<![\w./\\-])[\w-]+\.(?:ipynb|lock|toml|py|yml|md|cff|csv)\b"
)


def blocks(text: str, languages: set[str]) -> list[str]:
    """Return the fenced code blocks of a Markdown text that are written in one of the languages."""
    found = re.findall(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    return [code for language, code in found if language in languages]


def make_targets(code: str) -> set[str]:
    """Return the targets that lines of shell give to make."""
    commands = re.findall(r"\bmake((?:[ \t]+[\w=./~-]+)*)", code)
    return {word for words in commands for word in words.split() if "=" not in word and not word.startswith("-")}


def paths(code: str) -> set[str]:
    """Return the paths that lines of shell name and that a clone must already hold."""
    code = re.sub(r"^\s*(?:\$ )?(?:git clone|cd) .*|\S+://\S+|#.*", "", code, flags=re.MULTILINE)
    named = {path.replace("\\", "/").strip("/") for path in PATH.findall(code)}
    return {path for path in named if not path.startswith(MADE)}


def missing(named: set[str]) -> set[str]:
    return {path for path in named if not any(ROOT.glob(path))}


def test_make_targets_in_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    defined = set(re.findall(r"^([a-z][\w-]*):(?!=)", makefile, flags=re.MULTILINE))
    named = set().union(*map(make_targets, blocks(README, SHELLS)))
    assert {"report", "test"} <= named
    assert named <= defined


def test_paths_in_the_readme_exist():
    assert not missing(set().union(*map(paths, blocks(README, SHELLS))))


def test_local_links_and_pictures_in_the_readme_exist():
    targets = re.findall(r"\]\(([^)#\s]+)", README)
    assert not missing(
        {target.strip("/") for target in targets if "://" not in target and not target.startswith("mailto:")}
    )


def test_python_in_the_readme_runs_as_typed(tmp_path: Path):
    code = "\n".join(blocks(README, {"python"}))
    assert "papi_analysis" in code
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "targets", "named"),
    [
        ("make report && make test", {"report", "test"}, set()),
        ("make test PYTHON=/usr/bin/python3", {"test"}, set()),
        ("pytest --nbval notebooks/", set(), {"notebooks"}),
        ("git clone https://host/a/b.git\ncd b/c", set(), set()),
        (".venv\\Scripts\\python -m pip install -r requirements.lock", set(), {"requirements.lock"}),
        ("jupyter nbconvert --execute notebooks/*.ipynb", set(), {"notebooks/*.ipynb"}),
    ],
)
def test_the_parser_reads_commands(code: str, targets: set[str], named: set[str]):
    assert (make_targets(code), paths(code)) == (targets, named)


def test_the_parser_finds_blocks_and_missing_paths():
    assert blocks("```sh\nmake a\n```\n\n```python\nx\n```\n", SHELLS) == ["make a\n"]
    assert missing({"notebooks/no_such.ipynb", "pyproject.toml"}) == {"notebooks/no_such.ipynb"}


def test_citation_file_has_what_is_needed():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors", "version", "license", "type", "references"} <= set(citation)
    assert citation["version"] == papi_analysis.__version__
    assert citation["license"] == project["license"]
    assert all(author.get("name") for author in citation["authors"])
    assert all({"type", "title", "authors"} <= set(reference) for reference in citation["references"])


def test_changelog_has_the_version():
    version = papi_analysis.__version__
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
