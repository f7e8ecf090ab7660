"""Ten kinds of mutation of every table of a study, as csv files and as workbooks.

A mutation that changes the meaning ends in a ``PapiError`` or in the right value, one that does not in the same
numbers. Twelve of each kind run every time, a thousand of each with ``-m slow``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from mutations import KINDS_OF_MUTATION, mutate
from shelf import Shelf, allowed, remember_untouched

#: What no reader could see in a file that is a valid table as well, and the share of a kind that may end so.
UNSEEN = {
    "swapped columns": ({"other texts", "other rows"}, 0.1),  # the kind of a break is a text like what it says of it
    "shifted row": ({"other texts", "other rows"}, 0.05),
    "wrong unit": ({"other numbers", "other rows"}, 0.2),  # weights, scales and revisions have no unit of their own
    "date order": ({"other numbers", "other rows"}, 0.1),  # year-day-month where every day is a month as well
    "truncated file": ({"fewer rows"}, 0.03),  # a cut at the end of a row
    "flipped bytes": ({"other texts", "other numbers", "other rows"}, 0.2),  # one letter or digit for another
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as patch:
        remember_untouched(patch)
        yield Shelf(tmp_path_factory.mktemp("study"))


def check(shelf: Shelf, kind: str, numbers: range) -> None:
    """Run these mutations of one kind, and list all that ended in another way than was said before."""
    faults, unseen = [], Counter[str]()
    for number in numbers:
        mutation = mutate(kind, number, shelf.tables)
        outcome = shelf.outcome(mutation)
        way = f"{mutation.verdict} ({mutation.why}) -> {outcome}"
        if outcome not in allowed(mutation.verdict):
            faults.append(f"{number}: {mutation.table}.{mutation.suffix}: {way}")
        if outcome == "says":
            unseen[mutation.why] += 1
    assert not faults, "\n".join(faults)
    reasons, share = UNSEEN.get(kind, (set(), 0.0))
    assert set(unseen) <= reasons, unseen
    assert unseen.total() <= max(share * len(numbers), 5 if reasons else 0), unseen


@pytest.mark.parametrize("kind", KINDS_OF_MUTATION)
def test_a_mutation_never_ends_in_another_number_in_silence(shelf: Shelf, kind: str) -> None:
    check(shelf, kind, range(12))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS_OF_MUTATION)
def test_nor_does_any_of_a_thousand(shelf: Shelf, kind: str) -> None:
    check(shelf, kind, range(12, 1012))
