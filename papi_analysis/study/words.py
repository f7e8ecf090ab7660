"""The words by which tables are understood, from ``words.toml``, and how words are compared."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any


@cache
def words(kind: str) -> dict[str, Any]:
    """Give the lists of words of one kind, as ``words.toml`` has them.

    Examples
    --------
    >>> words("targets")["after"][:2]
    ['điểm', 'trở lên']
    """
    kinds: dict[str, dict[str, Any]] = _read()
    return kinds[kind]


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


@cache
def known(kind: str, name: str) -> frozenset[str]:
    """Give the words of one list, folded for comparison.

    Examples
    --------
    >>> "dang thuc hien" in known("states", "under_way")
    True
    """
    return frozenset(map(plain, words(kind)[name]))


def pattern(folded: Iterable[str]) -> str:
    """Write a regular expression that is any of some words.

    Examples
    --------
    >>> pattern(["quy", "q"])
    '(?:quy|q)'
    """
    return f"(?:{'|'.join(folded)})"


@lru_cache(maxsize=4096)  # the same names come again and again in a table
def plain(name: str) -> str:
    """Fold a name for comparison: no diacritics, no case, single spaces, no punctuation.

    Examples
    --------
    >>> plain("TP. Cần Thơ")
    'tp can tho'
    """
    letters = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D"))
    kept = (c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join("".join(kept).casefold().split())
