"""When a name that is a word as well stands at the beginning of a sentence as that word."""

import pytest

from stream_jobs.redact.openings import is_before_a_thing, is_before_things, is_the_word

COMMON = frozenset(("asking", "beach", "barley", "lime", "wanting"))


@pytest.mark.parametrize(
    ("text", "word", "is_word"),
    [
        ("Pearl barley and lentils", "Pearl", True),
        ("Sandy beaches", "Sandy", True),
        ("Part Four: Storms at Sea", "Storms", True),
        ("Done. Jack up the car", "Jack", True),
        ("- Rob a bank", "Rob", True),
        ("Ginger and lime", "Ginger", True),
        ("Amber, bolt, reader", "Amber", True),
        # somebody does something, or is spoken to
        ("Pearl asks again", "Pearl", False),
        ("Jack moved away", "Jack", False),
        ("Ginger and her sister", "Ginger", False),
        ("Ginger and I went", "Ginger", False),
        ("Amber, please, call", "Amber", False),
        ("Amber, can you call", "Amber", False),
        ("Amber", "Amber", False),
        ("Amber Stone", "Amber", False),
        # within a sentence the capital tells
        ("we met Pearl on Monday", "Pearl", False),
    ],
)
def test_is_the_word(text: str, word: str, *, is_word: bool) -> None:
    start = text.index(word)
    assert is_the_word(text, start, start + len(word), COMMON) is is_word


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Zener diode, 5 V", True),
        ("Zener diodes", True),
        ("see a Zener diode", False),  # only at the beginning of a sentence
        ("Zener called", False),
        ("Zener speaking", False),
        ("Zener from accounts", False),
        ("Zener vorp", False),  # an unknown word may be a name's second half
    ],
)
def test_an_unknown_word_before_a_common_noun_is_no_name(text: str, *, told: bool) -> None:
    start = text.index("Zener")
    common = {"diode", "diodes", "speaking", "from", "accounts"}
    assert is_before_a_thing(text, start, start + 5, common, {"diodes"}) is told


def test_a_listed_name_before_things_is_none_either() -> None:
    assert is_before_things("Cliff edges are unsafe", 0, 5, {"edges"})
    assert not is_before_things("Cliff asks why", 0, 5, {"edges"})
