"""One spelling for what looks the same: full-width digits, odd dashes and dots, hidden characters.

Patterns read the folded text; the index leads every folded offset back to the original, so that
spans always speak of code points of the input. Each character folds by itself, whatever stands
beside it: folding a redacted text gives the redacted folded text.
"""

import unicodedata
from typing import Final, NamedTuple

HIDDEN: Final = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
"""Characters without a width: they are left out of the folded text."""

LOOKALIKES: Final = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣-⁃", "-"),
    **dict.fromkeys("․。。・·•∙", "."),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
        "\u200a\u202f\u205f\u3000",
        " ",
    ),
    **dict.fromkeys("‘’ʼ＇", "'"),
    **dict.fromkeys("“”＂", '"'),
    **dict.fromkeys("꞉∶︰：", ":"),
    **dict.fromkeys("⁄∕／", "/"),
    **dict.fromkeys("＠﹫", "@"),
}
"""Characters that people and machines write for a plain one and that patterns are about."""


MAX_TABLE: Final = 65_536
"""Characters whose folding is remembered; texts of the whole of Unicode must not fill memory."""


class Folded(NamedTuple):
    """A folded text; `places[i]` is where its character i stands in the original."""

    text: str
    places: list[int] | None  # None: every character stands where it stood

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` (not empty) lies in the original."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


class _Table(dict[int, str | None]):
    """The folding of each character, worked out when it is first seen."""

    def __missing__(self, code: int) -> str | None:
        folded = _fold_character(chr(code))
        if len(self) >= MAX_TABLE:
            self.clear()
        self[code] = folded
        return folded


def _fold_character(character: str) -> str | None:
    if character in HIDDEN:
        return None
    if character in LOOKALIKES:
        return LOOKALIKES[character]
    if unicodedata.category(character) == "Cs":  # a lone surrogate has no bytes
        return "\ufffd"
    digit = unicodedata.digit(character, None) if character.isdecimal() else None
    if digit is not None:
        return str(digit)
    normal = unicodedata.normalize("NFKC", character)
    return normal if len(normal) == 1 else character


_TABLE: Final = _Table()


def fold(text: str) -> Folded:
    """Return `text` in plain spelling, with the way back to its offsets."""
    if text.isascii():
        return Folded(text, None)
    folded = text.translate(_TABLE)
    if len(folded) == len(text):
        return Folded(folded, None)
    return Folded(folded, [i for i, c in enumerate(text) if c not in HIDDEN])
