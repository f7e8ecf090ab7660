"""Every public function says what goes in, what comes out, what it refuses, and shows an example that runs."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

import papi_analysis as pa


def public() -> dict[str, Any]:
    """Return what is public, but for errors: names of the package, of its own parts, and of rooms."""
    found: dict[str, Any] = {}
    for name in pa.__all__:
        value = getattr(pa, name)
        found |= {inner: getattr(value, inner) for inner in value.__all__} if inspect.ismodule(value) else {name: value}
    for room, names in getattr(pa, "_ROOMS", {}).items():
        found |= {name: getattr(import_module(f"papi_analysis.{room}"), name) for name in names}
    return {name: one for name, one in found.items() if not (isinstance(one, type) and issubclass(one, BaseException))}


PUBLIC = public()


def sections(doc: str) -> dict[str, str]:
    """Split a docstring in the manner of numpy by its headings."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", inspect.cleandoc(doc), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section: str) -> set[str]:
    """Return the names that stand unindented in a section: ``start, end`` are two."""
    lines = [line.partition(" :")[0] for line in section.splitlines() if line and not line.startswith(" ")]
    return {name.strip("* ") for line in lines for name in line.split(",")}


def parameters(function: Callable[..., Any]) -> set[str]:
    return {name for name in inspect.signature(function).parameters if name not in ("self", "cls")}


def raises(function: Callable[..., Any]) -> bool:
    """Whether a function, or one of its own module that it calls, has a ``raise`` of its own."""
    module = inspect.getmodule(inspect.unwrap(function))
    waiting, seen = [inspect.unwrap(function)], set()
    while waiting:
        one = waiting.pop()
        seen.add(one)
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one)))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                return True
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = inspect.unwrap(vars(module).get(node.func.id, len))
                if inspect.isfunction(called) and called.__module__ == module.__name__ and called not in seen:
                    waiting.append(called)
    return False


def missing(value: Any) -> list[str]:
    """Return which of the four parts a public function, or class, lacks."""
    found = sections(value.__doc__ or "")
    if isinstance(value, type):
        told = described(found.get("Attributes", "")) | described(found.get("Parameters", ""))
        wanted = {"Examples": True}
        lacking = parameters(value) - told
    else:
        returned = inspect.signature(value).return_annotation
        wanted = {"Returns": returned not in ("None", None), "Raises": raises(value), "Examples": True}
        lacking = parameters(value) - described(found.get("Parameters", ""))
    lacks = [f"parameter {name}" for name in sorted(lacking)]
    lacks += [name for name, needed in wanted.items() if needed and name not in found]
    return lacks + ["an example that runs"] * ("Examples" in found and ">>>" not in found["Examples"])


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_function_says_all_four_parts(name: str):
    assert missing(PUBLIC[name]) == []


@pytest.mark.parametrize("name", [name for name in PUBLIC if isinstance(PUBLIC[name], type)])
def test_a_public_method_says_what_it_does(name: str):
    own = [getattr(one, "__func__", one) for key, one in vars(PUBLIC[name]).items() if not key.startswith("_")]
    assert not [one for one in own if (inspect.isfunction(one) or isinstance(one, property)) and not one.__doc__]


def test_the_check_sees_what_is_not_there():
    def bare(a: int, b: int) -> int:
        """Say nothing."""
        if a:
            raise ValueError(b)
        return a

    def told(a: int, b: int) -> int:
        """Say all.

        Parameters
        ----------
        a, b
            Numbers.

        Returns
        -------
        int
            One of them.

        Raises
        ------
        ValueError
            Where there is one.

        Examples
        --------
        >>> 1 + 1
        2
        """
        return bare(a, b)

    def nothing() -> None:
        """Do nothing.

        Examples
        --------
        >>> nothing()
        """

    assert missing(bare) == ["parameter a", "parameter b", "Returns", "Raises", "Examples"]
    assert missing(told) == []
    assert missing(nothing) == []
    assert raises(missing) is False
    assert raises(pa.completion)
