"""Which texts can hold a name at all: those with a word that isn't ordinary English.

A text of common words alone needs no model, which is most of chat. A word with a capital that is
a name as well (Will, Rose, Paris) opens the gate, and so does a number before a kind of street. An
unknown word in small letters opens it only if it is on a list of names, or after a word such as
"called".
"""

import re
from collections.abc import Iterable
from typing import Final

from stream_jobs.redact.spans import FILLER

CUES: Final = frozenset(
    (
        *("name", "names", "named", "called", "surname", "dear", "mr", "mrs", "ms", "dr", "prof"),
        *("miss", "sir", "regards", "sincerely", "cheers", "live", "lives", "lived", "born"),
        *("address", "attn", "street", "patient"),
    )
)
"""Words after which a name often comes: a text in which anything follows one of them is read."""

_FOLLOWED: Final = re.compile(
    rf"\b(?:{'|'.join(sorted(CUES))})\b[^\w{FILLER}]{{1,5}}"
    rf"(?:(?:is|was|are|be|it|this|to|of|s)\b[^\w{FILLER}]{{1,3}})?+[^\W_]",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")
_ON_A_STREET: Final = re.compile(
    r"\d\w?,?\s(?:[^\s\d]+\s){0,3}(?:st|str|street|ave|avenue|rd|road|ln|lane|dr|drive|blvd|way|place|"
    r"boulevard|court|square|close|terrace|apt|suite|floor|box)\b"
    r"|\b(?:apt|flat|suite|unit|box)\b[\s.#]{1,2}\w",
    re.IGNORECASE,
)


class NameGate:
    """Knows the common words, which of them are names when they have a capital, and other names."""

    def __init__(
        self, common: Iterable[str], ambiguous: Iterable[str], names: Iterable[str] = ()
    ) -> None:
        self._quiet = frozenset(common)
        self._ambiguous = frozenset(ambiguous)
        self._names = frozenset(names)

    def opens_for(self, text: str) -> bool:
        """Whether `text` can hold a name. A text without Latin letters can't hold one we find."""
        words = set(_WORD.findall(text))
        if any(map(self._may_be_name, words - self._quiet)):
            return True
        return _FOLLOWED.search(text) is not None or _ON_A_STREET.search(text) is not None

    def _may_be_name(self, word: str) -> bool:
        lower = word.lower()
        if lower in self._quiet:
            return lower in self._ambiguous
        if word == lower and word.isascii():
            return word in self._names
        return _LATIN.search(word) is not None
