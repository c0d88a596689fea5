"""Which words are made of common ones, and which only look like it."""

import pytest

from stream_jobs.redact.stems import MAX_WORD, MORE_ENDS, is_compound, is_derived

KNOWN = frozenset(("web", "hook", "serial", "serialise", "compact", "table", "the", "ass", "at"))


@pytest.mark.parametrize(
    ("word", "derived"),
    [
        ("deserialised", True),
        ("tables", True),
        ("compactor", True),
        ("retable", True),
        ("ats", False),  # of too few letters
        ("zuri", False),
        ("unzuri", False),
    ],
)
def test_another_beginning_or_end(word: str, derived: bool) -> None:
    assert is_derived(word, KNOWN, MORE_ENDS) is derived


@pytest.mark.parametrize(
    ("word", "compound"),
    [
        ("webhook", True),
        ("webhooks", True),
        ("hooktable", True),
        ("theass", False),  # two short words: chance
        ("athook", False),
        ("webzuri", False),
        ("web", False),
        ("hook" * (MAX_WORD // 4 + 1), False),
    ],
)
def test_two_words_in_one(word: str, compound: bool) -> None:
    assert is_compound(word, KNOWN) is compound
