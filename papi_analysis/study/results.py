"""Finished parts of a long run on disk, so that a run that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import zipfile
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from papi_analysis.errors import SpecError

Floats = NDArray[np.float64]

#: Rooms whose code makes numbers: a part that an older state of them computed is not used.
ROOMS = ("panel", "estimation", "credibility")


def fingerprint(*values: Any) -> str:
    """Name what is computed: the same for the same values, in every process, and another for any other.

    Arrays count with their bytes, frames and dataclasses with what they hold. A function of the user counts with its
    code, its defaults and what it takes from around it, functions of the same module among them; functions of other
    modules count with their names. The code of this package and the versions of Python, numpy and scipy count too.

    Raises
    ------
    SpecError
        Where a value cannot be told apart from others, because it cannot be pickled.

    Examples
    --------
    >>> fingerprint("did", np.zeros(3)) == fingerprint("did", np.zeros(3)), fingerprint(1.0) == fingerprint(2.0)
    (True, False)
    """
    words = repr((_code_version(), [_plain(value) for value in values]))
    return hashlib.sha256(words.encode()).hexdigest()[:40]


def store_part(folder: str | os.PathLike[str], name: str, values: Floats) -> None:
    """Write the numbers of a finished part, whole or not at all; the folder is made where it is not there.

    Raises
    ------
    SpecError
        Where the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store_part(folder, "a", np.array([1.0, 2.0]))
    ...     print(stored_part(folder, "a"), stored_part(folder, "b"))
    [1. 2.] None
    """
    path = Path(folder) / f"{name}.npz"
    part = path.with_name(f"{name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, name=np.array(name), values=np.asarray(values, dtype=float))
        os.replace(part, path)
    except OSError as error:
        raise SpecError(
            f"the folder {path.parent.name!r} for finished parts cannot be written: {error.strerror}. Choose another."
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def stored_part(folder: str | os.PathLike[str], name: str) -> Floats | None:
    """Read the numbers of a finished part; None where it is not there, damaged, or the part of something else."""
    try:
        with np.load(Path(folder) / f"{name}.npz", allow_pickle=False) as found:
            values: Floats = found["values"]
            return values if str(found["name"]) == name and values.dtype == float else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


@cache
def _code_version() -> str:
    """What the numbers depend on beside the values: the code that makes them, and who runs it."""
    package = Path(__file__).parents[1]
    files = [path for room in ROOMS for path in sorted((package / room).glob("*.py"))]
    code = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return f"{code} {sys.version_info[:2]} {np.__version__} {scipy.__version__}"


def _plain(value: Any, within: tuple[FunctionType, ...] = ()) -> Any:
    """What tells a value apart, as something whose repr is the same in every process."""
    if value is None or isinstance(value, str | bytes | int | float | np.generic):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return (str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest())
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.to_csv()
    if isinstance(value, np.random.Generator):
        return _plain(value.bit_generator.state, within)
    if isinstance(value, Mapping):
        return sorted((repr(key), _plain(entry, within)) for key, entry in value.items())
    if isinstance(value, Set):
        return sorted(repr(_plain(entry, within)) for entry in value)
    if isinstance(value, tuple | list):
        return [_plain(entry, within) for entry in value]
    if isinstance(value, partial):
        return ["partial", *(_plain(part, within) for part in (value.func, value.args, value.keywords))]
    if isinstance(value, FunctionType):
        return _function(value, within)
    if isinstance(value, CodeType):
        return (value.co_code, value.co_names, [_plain(constant, within) for constant in value.co_consts])
    if isinstance(value, ModuleType | type):
        return value.__name__
    if is_dataclass(value):
        return [type(value).__qualname__, *(_plain(getattr(value, field.name), within) for field in fields(value))]
    try:
        return joblib.hash(value)
    except Exception as error:
        raise SpecError(
            f"parts that use a {type(value).__name__} cannot be kept in a folder: {error}. Run without a folder."
        ) from error


def _function(function: FunctionType, within: tuple[FunctionType, ...]) -> Any:
    """A function of this package or of another module by its name, one of the user with all that is in it."""
    name = (function.__module__, function.__qualname__)
    elsewhere = bool(within) and function.__module__ != within[0].__module__
    if (function.__module__ or "").startswith("papi_analysis.") or elsewhere or function in within:
        return name
    around = inspect.getclosurevars(function)
    parts = (function.__code__, function.__defaults__, function.__kwdefaults__, around.nonlocals, around.globals)
    return [name, *(_plain(part, (*within, function)) for part in parts)]
