"""The files that say what to install agree, CI runs what it should, and the wheel works on its own."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import mistune
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import papi_analysis

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {
    "requirements.lock": [*PROJECT["dependencies"], *EXTRAS["notebooks"], *EXTRAS["test"]],
    "requirements-bench.lock": [*PROJECT["dependencies"], *EXTRAS["bench"]],
}
# Names that conda-forge gives to packages; matplotlib there brings a window toolkit, matplotlib-base does not.
CONDA_NAMES = {"duckdb": "python-duckdb", "matplotlib": "matplotlib-base"}


def by_name(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Return the specifier of each requirement under its canonical name."""
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in parsed}


def pins(lock: str) -> list[tuple[Requirement, int]]:
    """Return each pin of a lock with the number of hashes that stand under it."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        (Requirement(line.split(" --hash=")[0]), len(re.findall(r" --hash=sha256:[0-9a-f]{64}\b", line)))
        for line in lines
    ]


def version(requirement: Requirement) -> str:
    """Return the one version that a pin allows."""
    (only,) = requirement.specifier
    assert only.operator == "=="
    return only.version


def test_environment_yml_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip_part,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    found = by_name([*conda, *pip_part])
    assert found.pop("pip") == SpecifierSet()
    assert found.pop("python") == SpecifierSet(PROJECT["requires-python"])
    wanted = by_name(LOCKS["requirements.lock"])
    assert found == {CONDA_NAMES.get(name, name): specifier for name, specifier in wanted.items()}
    assert environment["channels"] == ["conda-forge"]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_direct_dependency(lock: str):
    locked: dict[str, list[str]] = {}
    for requirement, _ in pins(lock):
        locked.setdefault(canonicalize_name(requirement.name), []).append(version(requirement))
    wrong = {
        name: locked.get(name, "missing")
        for name, specifier in by_name(LOCKS[lock]).items()
        if name not in locked or not all(Version(pin) in specifier for pin in locked[name])
    }
    assert not wrong, f"{lock} does not satisfy pyproject.toml (make lock): {wrong}"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_neither_addresses_nor_options(lock: str):
    assert not [str(requirement) for requirement, hashes in pins(lock) if hashes == 0]
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-") or " @ " in line]
    assert not [line for line in lines if line.startswith("#") and ("/" in line or "\\" in line)]


def test_lock_fits_the_oldest_python():
    oldest = {"python_version": "3.11", "python_full_version": "3.11.0"}
    here = [
        canonicalize_name(pin.name)
        for pin, _ in pins("requirements.lock")
        if not pin.marker or pin.marker.evaluate(oldest)
    ]
    assert SpecifierSet(PROJECT["requires-python"]).contains("3.11.0")
    assert len(here) == len(set(here)), "two versions of a package for one Python"
    assert set(by_name(LOCKS["requirements.lock"])) <= set(here)


def test_both_locks_agree():
    main = {str(requirement.name): set() for requirement, _ in pins("requirements.lock")}
    for requirement, _ in pins("requirements.lock"):
        main[requirement.name].add(version(requirement))
    differing = {
        requirement.name: version(requirement)
        for requirement, _ in pins("requirements-bench.lock")
        if requirement.name in main and version(requirement) not in main[requirement.name]
    }
    assert not differing


def test_the_version_stands_in_one_place():
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    assert Version(papi_analysis.__version__).release >= (0, 1, 0)


def test_plain_install_brings_no_jupyter():
    jupyter = {"jupyterlab", "notebook", "nbconvert", "nbclient", "nbval", "ipykernel", "ipython"}
    assert not jupyter & set(by_name(PROJECT["dependencies"]))


def is_executable(path: Path) -> bool:
    return sys.platform == "win32" or bool(path.stat().st_mode & 0o111)


def test_ci_runs_check_and_test():
    script = ROOT / ".ci" / "run"
    lines = script.read_text("utf-8").splitlines()
    assert is_executable(script)
    assert any(line.startswith("set -eu") for line in lines)
    assert [line for line in lines if line.startswith("make ")] == ["make check", "make test"]


def test_post_build_installs_the_package():
    script = ROOT / "postBuild"
    assert is_executable(script)
    assert "python -m pip install --no-deps --no-build-isolation -e ." in script.read_text("utf-8").splitlines()


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and return what it printed; its errors are shown when it fails."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ignored() -> list[str]:
    """Return the names that a clean copy of the project does not have."""
    lines = (ROOT / ".gitignore").read_text("utf-8").split()
    return [".git", *(line.strip("/") for line in lines)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clean copy of the project."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*ignored()))
    return folder


def build(copy: Path, kind: str) -> Path:
    """Build the ``wheel`` or the ``sdist`` of a copy."""
    folder = copy.parent / kind
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=copy)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(copy: Path) -> Path:
    """Build the wheel from a clean copy of the project."""
    return build(copy, "wheel")


@pytest.fixture(scope="module")
def sdist(copy: Path) -> tarfile.TarFile:
    """Build the source distribution from a clean copy of the project."""
    return tarfile.open(build(copy, "sdist"))


def test_the_source_distribution_holds_the_whole_project(sdist: tarfile.TarFile, copy: Path):
    head = f"papi_analysis-{papi_analysis.__version__}/"
    names = {name.removeprefix(head) for name in sdist.getnames()}
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert {"README.md", "LICENSE", "Makefile", "requirements.lock", "tests/test_packaging.py"} < files
    assert names - files == {"PKG-INFO"}
    assert files - names <= {".gitattributes"}


def test_the_metadata_are_complete(sdist: tarfile.TarFile):
    head = f"papi_analysis-{papi_analysis.__version__}/"
    told = email.message_from_bytes(sdist.extractfile(f"{head}PKG-INFO").read())
    assert (told["Name"], told["Version"]) == ("papi_analysis", papi_analysis.__version__)
    assert told["License-Expression"] == "MIT"
    assert told["Summary"] == PROJECT["description"]
    assert told["Description-Content-Type"] == "text/markdown"
    text = sdist.extractfile(f"{head}PKG-INFO").read().decode().partition("\n\n")[2]
    assert text.strip() == (ROOT / "README.md").read_text("utf-8").strip()
    page = mistune.html(text)
    assert page.count("<h1>") == 1
    assert "```" not in page


def test_the_pythons_that_are_named_are_allowed_and_the_oldest_is_one():
    named = [line.split(" :: ")[-1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert named[0] == "3.11"
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(f"{name}.0") for name in named)


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an empty environment, outside the project, into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{requirement}\n" for requirement, _ in pins("requirements.lock")), "utf-8")
    python = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if uv := shutil.which("uv"):
        run(uv, "venv", "--python", sys.executable, folder / "env", cwd=folder)
        run(uv, "pip", "install", "--python", python, "-c", constraints, wheel, cwd=folder)
    else:
        run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
        # Compiling every module would take as long as installing them.
        run(python, "-m", "pip", "install", "--no-compile", "-c", constraints, wheel, cwd=folder)
    return python


@pytest.mark.wheel
def test_wheel_carries_the_data_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"papi_analysis/data/papi/datapackage.json", "papi_analysis/py.typed"} <= set(names)
    carried = {name.removeprefix("papi_analysis/") for name in names if name.startswith("papi_analysis/data/")}
    assert carried == {path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert {name.split("/")[0] for name in names} == {
        "papi_analysis",
        f"papi_analysis-{papi_analysis.__version__}.dist-info",
    }
    assert not [name for name in names if re.search(r"(^|/)(tests|notebooks|benchmarks)/|\.ipynb$|conftest", name)]
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.wheel
def test_wheel_carries_words_and_examples(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    study = ROOT / "papi_analysis" / "study"
    files = [study / "words.toml", *(path for path in (study / "examples").rglob("*") if path.is_file())]
    assert len(files) == 15
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names


@pytest.mark.wheel
def test_wheel_works_in_an_empty_environment(elsewhere: Path, tmp_path: Path):
    program = (
        "import papi_analysis as pa; study = pa.load_study('can_tho_2018_2020'); "
        "print(pa.__file__, len(study.tasks), len(pa.papi.load_scores()), sep='\\n')"
    )
    file, tasks, scores = run(elsewhere, "-I", "-c", program, cwd=tmp_path).split("\n")[:3]
    assert Path(file).is_relative_to(elsewhere.parents[1])
    assert int(tasks) == 59
    assert int(scores) > 0


@pytest.mark.wheel
def test_wheel_alone_writes_a_report(elsewhere: Path, tmp_path: Path):
    command = elsewhere.with_name("papi-analysis")
    run(command, "report", "can_tho_2018_2020", "--language", "vi", "--output", tmp_path / "out", cwd=tmp_path)
    assert 'lang="vi"' in (tmp_path / "out" / "index.html").read_text("utf-8")


@pytest.mark.wheel
def test_wheel_brings_few_packages_and_no_jupyter(elsewhere: Path, tmp_path: Path):
    program = "from importlib.metadata import distributions; print(*(d.metadata['Name'] for d in distributions()))"
    installed = {canonicalize_name(name) for name in run(elsewhere, "-I", "-c", program, cwd=tmp_path).split()}
    assert set(by_name(PROJECT["dependencies"])) < installed
    assert len(installed) <= 35
    assert not {name for name in installed if re.match(r"jupyter|notebook|nb|ipykernel|ipython", name)}
