"""Which texts can hold a name at all: those with a word that isn't ordinary English.

A text of common words alone needs no model, which is most of chat. A word with a capital that is
a name as well (Will, Rose, Paris) opens the gate, and so does a number before a kind of street.
"""

import re
from collections.abc import Iterable
from typing import Final

CUES: Final = frozenset(
    (
        *("name", "names", "named", "called", "surname", "dear", "mr", "mrs", "ms", "dr", "prof"),
        *("miss", "sir", "regards", "sincerely", "cheers", "live", "lives", "lived", "born"),
        *("address", "attn", "street", "patient"),
    )
)
"""Words after which a name often comes: a text with one of them is always read."""

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")
_ON_A_STREET: Final = re.compile(
    r"\d\w?,?\s(?:[^\s\d]+\s){0,3}(?:st|str|street|ave|avenue|rd|road|ln|lane|dr|drive|blvd|way|place|"
    r"boulevard|court|square|close|terrace|apt|suite|floor|box)\b"
    r"|\b(?:apt|flat|suite|unit|box)\b[\s.#]{1,2}\w",
    re.IGNORECASE,
)


class NameGate:
    """Knows the common words and which of them are names when they have a capital."""

    def __init__(self, common: Iterable[str], ambiguous: Iterable[str]) -> None:
        self._common = frozenset(common)
        self._quiet = self._common - CUES
        self._ambiguous = frozenset(ambiguous)

    def opens_for(self, text: str) -> bool:
        """Whether `text` can hold a name. A text without Latin letters can't hold one we find."""
        words = set(_WORD.findall(text))
        if any(map(self._may_be_name, words - self._quiet)):
            return True
        return _ON_A_STREET.search(text) is not None

    def _may_be_name(self, word: str) -> bool:
        lower = word.lower()
        if lower in self._quiet:
            return lower in self._ambiguous
        return _LATIN.search(word) is not None
