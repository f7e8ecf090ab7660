"""Names of dimensions as plans write them: with a number before them, shortened, or a little changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from papi_analysis.study.words import plain

#: How headings are counted: "I.", "A)", "1.2.", "II -".
_COUNT = re.compile(r"^\s*(?:[ivxIVX]{1,4}|[A-Ha-h]|\d{1,2}(?:\.\d{1,2})*)\s*[.)/:–-]\s*")
_QUOTED = re.compile('[“"«]([^“”"«»]+)[”"»]')
#: A name with fewer words is no name that others could resemble.
_WORDS = 3
#: How much alike two names are, where one is meant for the other, and how much less another may be.
_ALIKE, _APART = 0.8, 0.1


def meant_dimension(text: str, spellings: Mapping[str, str]) -> str | None:
    """Give the code of the dimension that a text names, by its official name or nearly so; None where it is not sure.

    ``spellings`` maps folded ways to name a dimension to its code. A number alone does not count where the words
    behind it name no dimension or another: plans count their own parts.

    Examples
    --------
    >>> spellings = {"d4": "D4", "noi dung 4": "D4", "kiem soat tham nhung trong khu vuc cong": "D4", "4": "D4"}
    >>> [meant_dimension(text, spellings) for text in ("IV. KIỂM SOÁT THAM NHŨNG", "Nội dung 4: Tổ chức thực hiện")]
    ['D4', None]
    """
    bare = _COUNT.sub("", text, count=1)
    for way in map(plain, (text, bare)):
        if way in spellings:
            return spellings[way]
    named = {_near(plain(part), tuple(spellings.items())) for part in _QUOTED.findall(bare)} - {None}
    return named.pop() if len(named) == 1 else _near(plain(bare), tuple(spellings.items()))


class NearNames(dict[str, str]):
    """The spellings of dimensions, which know names that are nearly official ones too."""

    def __contains__(self, folded: object) -> bool:
        return isinstance(folded, str) and self.get(folded) is not None

    def get(self, folded: str, default: Any = None) -> Any:
        """Give the code of a folded name."""
        return super().get(folded) or _near(folded, self._ways) or default

    @cached_property
    def _ways(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.items())


@lru_cache(maxsize=4096)
def _near(folded: str, spellings: tuple[tuple[str, str], ...]) -> str | None:
    """Compare with whole names; a label such as "noi dung 4" before the name must mean the same dimension."""
    labels = {way: code for way, code in spellings if len(way.split()) > 1 and way[-1].isdigit()}
    labels |= {way: code for way, code in spellings if re.fullmatch(r"[a-z]+\d+", way)}
    before = max((way for way in labels if folded.startswith(f"{way} ")), key=len, default="")
    rest = folded.removeprefix(before).strip()
    names = [(way, code) for way, code in spellings if len(way.split()) >= _WORDS and not any(map(str.isdigit, way))]
    shares: dict[str, float] = {}
    for way, code in names:
        share = 1.0 if _holds(rest, way) else difflib.SequenceMatcher(None, rest, way, autojunk=False).ratio()
        shares[code] = max(share, shares.get(code, 0.0))
    first, *others = sorted(shares, key=lambda code: -shares[code]) or [""]
    sure = bool(first) and shares[first] >= _ALIKE and all(shares[first] - shares[o] >= _APART for o in others[:1])
    return first if sure and (not before or labels[before] == first) else None


def _holds(rest: str, name: str) -> bool:
    """Say whether a text holds the whole name, or is its beginning."""
    return f" {name} " in f" {rest} " or (len(rest.split()) >= _WORDS and f"{name} ".startswith(f"{rest} "))
