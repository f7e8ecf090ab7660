"""Words, numbers and dates in the reader's language."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from papi_analysis.errors import Name, Note, PapiError, SpecError

CATALOGUES = Path(__file__).parent / "locale"

#: Smaller numbers on an axis are 0 but for the noise of the binary form.
NOISE = 1e-12

#: Digits of the longest number that is written: the largest float, and decimals.
LONGEST = 400

#: What stands where a value is missing.
MISSING = "–"


class Language:
    """One language: messages from its catalogue, numbers and dates by its locale.

    Examples
    --------
    >>> vi = find_language("vi")
    >>> vi.number(39.5722), vi.date(date(2018, 2, 1)), vi.text("Score")
    ('39,57', '01/02/2018', 'Điểm')

    """

    def __init__(self, code: str, messages: Mapping[str, str]) -> None:
        self.code = code
        self._messages = messages

    def text(self, message: str, **values: Any) -> str:
        """Translate an English ``message`` and fill in its ``{names}``; floats are written by the locale.

        They have two decimals unless the message says otherwise, as in ``{floor:.3f}``. A value that is a ``Note``
        is translated. Without ``values`` nothing is filled in, so that a name from the data may hold braces.
        """
        words = self._messages.get(message, message)
        return _Filler(self).vformat(words, (), values) if values else words

    def say(self, note: str, names: Mapping[str, tuple[str, str]] | None = None) -> str:
        """Translate a ``Note`` and the notes and names among its values; any other text stays as it is.

        Values that are codes of ``names``, alone or in a list, are said by name.

        Examples
        --------
        >>> note = Note("There are {donors} donors; at least two are needed.", {"donors": "VN-CT"})
        >>> find_language("en").say(note, {"VN-CT": ("Can Tho", "Cần Thơ")})
        'There are Can Tho donors; at least two are needed.'
        """
        if isinstance(note, Name) and self.code == "vi":
            return note.vietnamese
        if not isinstance(note, Note):
            return note
        values = {key: self._named(value, names) for key, value in note.values.items()} if names else note.values
        return self.text(note.text, **values)

    def _named(self, value: Any, names: Mapping[str, tuple[str, str]]) -> Any:
        """Say the codes of a value by name, where all of it is codes that have one."""
        if isinstance(value, Note):
            return self.say(value, names)
        if not isinstance(value, str) or not value:
            return value
        parts = value.split(", ")
        if not all(part in names for part in parts):
            return value
        said = [self.name(part, names) for part in parts]
        return ("; " if any("," in name for name in said) else ", ").join(said)

    def number(self, value: float | Decimal | None, digits: int = 2) -> str:
        """Write a number with so many decimals; a missing one is a dash, and there is no minus zero."""
        if value is None or math.isnan(value):
            return MISSING
        return self._written(value, "#,##0." + "0" * digits if digits else "#,##0", digits)

    def _written(self, value: float | Decimal, pattern: str, digits: int) -> str:
        """Write a number rounded to so many decimals, of whatever size: none is too long for the arithmetic."""
        from babel.numbers import format_decimal

        with localcontext(prec=LONGEST):
            return str(format_decimal(_rounded(value, digits), format=pattern, locale=self.code))

    def fine(self, values: Iterable[float], digits: int = 2) -> int:
        """Give the decimals in which numbers of one sentence or column are written: ``digits``, if their size fits it.

        Of small numbers the largest keeps two digits that count; of large ones it shows six, or its whole part.

        Examples
        --------
        >>> en = find_language("en")
        >>> en.fine([0.12, -0.004]), en.fine([-0.12e-4, 0.5e-5]), en.fine([0.0]), en.fine([0.02], 3)
        (2, 6, 2, 3)
        >>> en.fine([0.03, 0.01]), en.fine([6.5, 39.57]), en.fine([12345.6]), en.fine([1.5e12])
        (3, 2, 1, 0)
        """
        largest = max((abs(value) for value in map(float, values) if math.isfinite(value)), default=0.0)
        if not largest:
            return digits
        size = math.floor(math.log10(largest))
        return max(min(digits, 5 - size), 1 - size, 0)

    def fine_by_row(self, rows: Sequence[Iterable[float]], digits: int = 2, shared: int | None = None) -> list[int]:
        """Give the decimals of each row of numbers: the same for all, but more in one that is of a far smaller size.

        Such is a row that would lose two decimals or more; one that is 0 but for noise is none. ``shared`` are the
        decimals of the others, default those of all numbers together.

        Examples
        --------
        >>> en = find_language("en")
        >>> en.fine_by_row([[39.57, 0.5], [0.03, -0.02], [0.0]]), en.fine_by_row([[267816.4], [-0.23, 0.8], [1e-16]])
        ([2, 2, 2], [0, 2, 0])
        """
        finite = [[float(value) for value in row if math.isfinite(value)] for row in rows]
        largest = [max(map(abs, row), default=0.0) for row in finite]
        most = self.fine(largest, digits) if shared is None else shared
        own = [self.fine(row, digits) for row in finite]
        small = [
            places - most >= 2 and size > NOISE * max(largest) and any(round(value, most) != value for value in row)
            for row, size, places in zip(finite, largest, own, strict=True)
        ]
        return [places if is_small else most for places, is_small in zip(own, small, strict=True)]

    def tick(self, value: float, _: float | None = None) -> str:
        """Write a number on an axis: as many decimals as it needs, thousands as in the text.

        >>> en = find_language("en")
        >>> en.tick(0.1 + 0.2), en.tick(1.5e-5), en.tick(1e12), en.tick(-1e-17)
        ('0.3', '0.000015', '1,000,000,000,000', '0')
        """
        # Ten digits count: what lies beyond is noise of steps that are added up, and so is a zero that is none.
        exact = Decimal(f"{value:.10g}") if abs(value) >= NOISE else Decimal(0)
        return self._written(exact, "#,##0." + "#" * 15, 15)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Write a share from 0 to 1 in percent."""
        # The places are counted before the share is multiplied: 100 * 0.575 is a little less than 57.5.
        return MISSING if share is None or math.isnan(share) else f"{self.number(100 * _decimal(share), digits)}%"

    def p_value(self, p: float, *, sign: bool = False) -> str:
        """Write a p-value: three decimals, and below 0.001 only that; ``sign`` puts "=" before a plain number."""
        if p != p:
            return MISSING
        if p < 0.001:
            return f"< {self.number(0.001, 3)}"
        return f"= {self.number(p, 3)}" if sign else self.number(p, 3)

    def interval(self, low: float, high: float, digits: int = 2) -> str:
        """Write an interval in brackets; a missing one is a dash."""
        return MISSING if low != low else f"[{self.number(low, digits)}; {self.number(high, digits)}]"

    def estimate(self, value: float, low: float, high: float, digits: int = 2) -> str:
        """Write an estimate, and after it its interval where there is one."""
        words = self.number(value, digits)
        return words if low != low else f"{words} {self.interval(low, high, digits)}"

    def date(self, day: date | None) -> str:
        """Write a day: 2018-02-01 in English, 01/02/2018 in Vietnamese."""
        if day is None or day != day:  # the missing day differs from itself
            return MISSING
        return day.strftime("%Y-%m-%d" if self.code == "en" else "%d/%m/%Y")

    def dated(self, text: str) -> str:
        """Write the days of a text, given year-month-day, as the reader writes them; the rest stays as it is.

        Examples
        --------
        >>> find_language("vi").dated("321/QĐ-UBND, 2018-02-01")
        '321/QĐ-UBND, 01/02/2018'
        """

        def day(found: re.Match[str]) -> str:
            try:
                return self.date(date.fromisoformat(found[0]))
            except ValueError:  # no day of any calendar
                return found[0]

        return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", day, text)

    def name(self, code: str, names: Mapping[str, tuple[str, str]]) -> str:
        """Give a dimension's or unit's name, or its code where no name is known."""
        english, vietnamese = names.get(code, (code, code))
        return english if self.code == "en" else vietnamese


def _decimal(value: float | Decimal) -> Decimal:
    """Return a number as it is written in decimals; what lies beyond its 13th digit is noise of the binary form."""
    return value if isinstance(value, Decimal) else Decimal(f"{float(value):.13g}")


def _rounded(value: float | Decimal, digits: int) -> Decimal:
    """Round a half away from zero, as tables are printed and workbooks show numbers; there is no minus zero.

    >>> [str(_rounded(value, 2)) for value in (2.675, -2.675, 0.125, -0.001)]
    ['2.68', '-2.68', '0.13', '0.00']
    """
    exact = _decimal(value)
    if exact.is_finite():
        exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return exact if exact else abs(exact)


class _Filler(string.Formatter):
    """Fills in a message: notes in the language, numbers and days by its locale."""

    def __init__(self, tongue: Language) -> None:
        self.tongue = tongue

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        value, first = super().get_field(field_name, args, kwargs)
        if isinstance(value, PapiError) and value.args:
            value = value.args[0]
        return self.tongue.say(value) if isinstance(value, str) else value, str(first)

    def format_field(self, value: Any, format_spec: str) -> str:
        from babel.numbers import get_decimal_symbol

        if isinstance(value, date):
            return self.tongue.date(value)
        if not isinstance(value, float):
            return str(super().format_field(value, format_spec))
        if not format_spec:
            return self.tongue.number(value)
        if places := re.fullmatch(r"\.(\d)([f%])", format_spec):
            return (self.tongue.percent if places[2] == "%" else self.tongue.number)(value, int(places[1]))
        return format(value, format_spec).replace(".", get_decimal_symbol(self.tongue.code))


#: The catalogue calls units provinces, as an office does; where they are others, these words stand in their place.
OTHER_UNITS = {
    "tỉnh, thành phố": "đơn vị",
    "Tỉnh, thành phố": "Đơn vị",
    "các tỉnh": "các đơn vị",
    "lượt tỉnh": "lượt đơn vị",
    "tỉnh có": "đơn vị có",
    "địa phương": "đơn vị",
    "cả nước": "chung",
}


def language_of(code: str, names: Iterable[str]) -> Language:
    """Return the language for an answer or a study whose units have these codes: provinces, or others."""
    return find_language(code, any(name.startswith("VN-") for name in names))


@lru_cache(maxsize=8)
def find_language(code: str, provinces: bool = True) -> Language:
    """Return the language with this code, ``"en"`` or ``"vi"``; ``provinces`` says whether the units are provinces."""
    if code == "en":
        return Language("en", {})
    known = sorted(file.stem for file in CATALOGUES.glob("*.po"))
    if code not in known:
        raise SpecError(
            Note(
                "there is no language {code!r}. Choose one of {names}.",
                {"code": code, "names": ", ".join(["en", *known])},
            )
        )
    from babel.messages.pofile import read_po

    with (CATALOGUES / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    messages = {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}
    for word, other in OTHER_UNITS.items() if not provinces else ():
        messages = {message: words.replace(word, other) for message, words in messages.items()}
    return Language(code, messages)
