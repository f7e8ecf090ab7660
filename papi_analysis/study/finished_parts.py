"""Finished parts of a long run on disk, so that a run that was interrupted goes on where it stopped."""

from __future__ import annotations

import dis
import hashlib
import os
import sys
import zipfile
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, GetSetDescriptorType, MethodType, ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from papi_analysis.errors import Note, SpecError

Floats = NDArray[np.float64]

#: Rooms whose code makes numbers: a part that an older state of them computed is not used.
ROOMS = ("panel", "estimation", "credibility")

#: What Python itself keeps in a class, and may keep in another order or place without any change of what it does.
NO_CODE = (
    "__annotations__",
    "__dataclass_fields__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__static_attributes__",
)


def fingerprint(*values: Any) -> str:
    """Name what is computed: the same for the same values, in every process, and another for any other.

    Arrays count with their bytes, frames and dataclasses with what they hold. A function of the user counts with its
    code, its defaults and all that its code names: values around it, functions, classes and modules, down to those of
    the user's other files, whether imported above or inside. What is installed counts with its name and version; the
    code of this package and the versions of Python, numpy and scipy count too. Files that a function reads, and
    code that it finds by a name put together while it runs, are not seen.

    Raises
    ------
    SpecError
        Where a value cannot be told apart from others, because it cannot be pickled.

    Examples
    --------
    >>> fingerprint("did", np.zeros(3)) == fingerprint("did", np.zeros(3)), fingerprint(1.0) == fingerprint(2.0)
    (True, False)
    """
    seen: set[Any] = set()
    words = repr((_code_version(), [_plain(value, seen) for value in values]))
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
            Note(
                "the folder {name!r} for finished parts cannot be written: {strerror}. Choose another.",
                {"name": path.parent.name, "strerror": error.strerror},
            )
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


def _plain(value: Any, seen: set[Any], names: Set[str] = frozenset()) -> Any:
    """What tells a value apart, as something whose repr is the same in every process.

    ``seen`` holds what has been taken in and needs its name only; of a module those things count that have ``names``.
    """
    if value is None or isinstance(value, str | bytes | int | float | np.generic):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return (str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest())
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.to_csv()
    if isinstance(value, np.random.Generator):
        return _plain(value.bit_generator.state, seen)
    if isinstance(value, Mapping):
        return [(repr(key), _plain(value[key], seen)) for key in sorted(value, key=repr)]
    if isinstance(value, Set):
        return sorted(repr(_plain(entry, seen)) for entry in value)
    if isinstance(value, tuple | list):
        return [type(value).__name__, *(_plain(entry, seen) for entry in value)]
    if isinstance(value, CodeType):
        return (value.co_code, value.co_names, _plain(value.co_consts, seen))
    if isinstance(value, FunctionType | type | ModuleType):
        return _code(value, seen, names)
    parts = _parts(value)
    if parts is not None:
        known = id(value) in seen
        seen.add(id(value))
        return _plain(type(value), seen) if known else [_plain(part, seen) for part in (type(value), *parts)]
    try:
        return joblib.hash(value)
    except Exception as error:
        raise SpecError(
            Note(
                "parts that use a {name} cannot be kept in a folder: {error}. Run without a folder.",
                {"name": type(value).__name__, "error": error},
            )
        ) from error


def _parts(value: Any) -> tuple[Any, ...] | None:
    """What an object is made of, where its code counts or its fields hold arrays; None for others."""
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    if isinstance(value, property):
        return value.fget, value.fset, value.fdel
    if hasattr(value, "__wrapped__"):  # a method of a class, a function with a cache
        return (value.__wrapped__,)
    if is_dataclass(value):
        return tuple(getattr(value, field.name) for field in fields(value))
    if _own(type(value).__module__):
        slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())} - {"__dict__"}
        return getattr(value, "__dict__", {}), {name: getattr(value, name, None) for name in slots}
    return None


def _own(module: str | None) -> bool:
    """Whether a module is the user's own: neither of Python, nor installed, nor this package."""
    root = (module or "__main__").partition(".")[0]
    if root != "__main__" and root in (*sys.stdlib_module_names, "papi_analysis"):
        return False
    file = getattr(sys.modules.get(root), "__file__", None) or ""
    return not {"site-packages", "dist-packages"} & set(Path(file).parts)


def _code(value: FunctionType | type | ModuleType, seen: set[Any], names: Set[str]) -> Any:
    """A function, class or module: by its name where it is installed or was met before, else with what is in it."""
    home = value.__name__ if isinstance(value, ModuleType) else value.__module__
    name = (home, getattr(value, "__qualname__", ""))
    if not _own(home):
        return (*name, str(getattr(sys.modules.get(home.partition(".")[0]), "__version__", "")))
    if (id(value), names) in seen:
        return name
    seen.add((id(value), names))
    if isinstance(value, ModuleType):
        return [name, *((key, _plain(vars(value)[key], seen, names)) for key in sorted(names & set(vars(value))))]
    if isinstance(value, type):
        return [
            name,
            _plain(value.__bases__, seen),
            *(_held(key, vars(value)[key], seen) for key in sorted(vars(value))),
        ]
    named = frozenset(_names(value.__code__))
    around = {key: value.__globals__[key] for key in named & set(value.__globals__)} | _imported(value)
    for key, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            around[key] = cell.cell_contents
    made = (value.__code__, value.__defaults__, value.__kwdefaults__)
    return [name, _plain(made, seen), *((key, _plain(around[key], seen, named)) for key in sorted(around))]


def _held(key: str, value: Any, seen: set[Any]) -> Any:
    """What a class holds under a name; of what is no code, and cannot be told apart, the kind."""
    if key in NO_CODE or isinstance(value, GetSetDescriptorType):
        return key
    try:
        return key, _plain(value, seen)
    except SpecError:
        return key, type(value).__name__


def _names(code: CodeType) -> set[str]:
    """All names in some code and in the functions within it."""
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _imported(function: FunctionType) -> dict[str, Any]:
    """What a function and those within it import while they run; what cannot be imported will fail there."""
    codes, found = [function.__code__], {}
    for code in codes:
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        steps = list(dis.get_instructions(code))
        for place, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                level, package = steps[place - 2].argval, function.__globals__.get("__package__")
                with suppress(ImportError, ValueError):
                    module = import_module("." * level + step.argval, package)
                    found[f"import {module.__name__}"] = module
    return found
