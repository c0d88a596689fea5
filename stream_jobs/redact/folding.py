r"""One spelling for what looks the same: full-width digits, odd dashes and dots, hidden characters.

Patterns read the folded text; the index leads every folded offset back to the original, so that
spans always speak of code points of the input. Each character folds by itself, and so does each
HTML entity (`&#64;`) and each escape of JSON (`\\u0040`, `\\n`), whatever stands beside it:
folding a redacted text gives the redacted folded text.
"""

import html
import re
import unicodedata
from functools import lru_cache
from itertools import compress
from typing import Final, NamedTuple

HIDDEN: Final = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
"""Characters without a width: they are left out of the folded text."""

MARKS: Final = frozenset(
    chr(code)
    for first, last in (
        (0x300, 0x36F),
        (0x1AB0, 0x1AFF),
        (0x1DC0, 0x1DFF),
        (0x20D0, 0x20FF),
        (0xFE20, 0xFE2F),
    )
    for code in range(first, last + 1)
)
"""Marks on the character before (accents, a keycap's frame): left out, of one span with it."""

LOOKALIKES: Final = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣-⁃", "-"),
    **dict.fromkeys("․。。・·•∙｡﹒．܂⸳·", "."),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
        "\u200a\u202f\u205f\u3000",
        " ",
    ),
    **dict.fromkeys("‘’ʼ＇", "'"),
    **dict.fromkeys("“”„＂", '"'),
    **dict.fromkeys("꞉∶︰：", ":"),
    **dict.fromkeys("⁄∕／", "/"),
    **dict.fromkeys("＠﹫", "@"),
}
"""Characters that people and machines write for a plain one and that patterns are about."""

MAX_TABLE: Final = 65_536
"""Characters whose folding is remembered; texts of the whole of Unicode must not fill memory."""

_ESCAPE: Final = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});|\\(?:u[0-9a-fA-F]{4}|[nrt/])"
)
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "/": "/"}


class Folded(NamedTuple):
    """A folded text; its character i is `original[starts[i]:ends[i]]`."""

    text: str
    starts: list[int] | None  # None: every character stands where it stood
    ends: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` (not empty) lies in the original."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _Table(dict[int, str | None]):
    """The folding of each character, worked out when it is first seen."""

    def __missing__(self, code: int) -> str | None:
        folded = _fold_character(chr(code))
        if len(self) >= MAX_TABLE:
            self.clear()
        self[code] = folded
        return folded


class _Unaccented(dict[int, str]):
    """Each character without its accents, worked out when it is first seen."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        parts = unicodedata.normalize("NFD", character)
        bare = parts[0] if len(parts) > 1 and MARKS.issuperset(parts[1:]) else character
        if len(self) >= MAX_TABLE:
            self.clear()
        self[code] = bare
        return bare


def _fold_character(character: str) -> str | None:
    if character in HIDDEN or character in MARKS:
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
_UNACCENTED: Final = _Unaccented()


def unaccented(text: str) -> str:
    """Return `text`, as long as before, with its letters bare of accents."""
    return text if text.isascii() else text.translate(_UNACCENTED)


def fold(text: str) -> Folded:
    """Return `text` in plain spelling, with the way back to its offsets."""
    escaped = ("&" in text or "\\" in text) and _ESCAPE.search(text) is not None
    if not escaped:
        if text.isascii():
            return Folded(text, None, [])
        folded = text.translate(_TABLE)
        if len(folded) == len(text):
            return Folded(folded, None, [])
    return _fold_apart(text)


def _fold_apart(text: str) -> Folded:
    """Fold piece by piece, remembering where each character comes from."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        folded = _folded_escape(match.group())
        if folded is None:
            continue  # no entity that HTML knows: it stays as it is
        start, end = match.span()
        if at < start:
            _plain(text, at, start, pieces, starts, ends)
        at = end
        if folded:
            pieces.append(folded)
            starts.append(start)
            ends.append(end)
    if at < len(text):
        _plain(text, at, len(text), pieces, starts, ends)
    return Folded("".join(pieces), starts, ends)


def _plain(
    text: str, start: int, end: int, pieces: list[str], starts: list[int], ends: list[int]
) -> None:
    piece = text[start:end]
    folded = piece.translate(_TABLE)
    pieces.append(folded)
    if len(folded) == len(piece):
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))
        return
    if MARKS.isdisjoint(piece):
        seen = [character not in HIDDEN for character in piece]
        starts.extend(compress(range(start, end), seen))
        ends.extend(compress(range(start + 1, end + 1), seen))
        return
    for i, character in enumerate(piece, start):
        if character in MARKS:
            if ends and ends[-1] == i:
                ends[-1] = i + 1
        elif character not in HIDDEN:
            starts.append(i)
            ends.append(i + 1)


@lru_cache(maxsize=1_024)
def _folded_escape(escape: str) -> str | None:
    """Return the character that `escape` is, folded ("" if it is hidden); None if it is none."""
    character = _unescaped(escape)
    return (_TABLE[ord(character)] or "") if len(character) == 1 else None


def _unescaped(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[1] in _CONTROLS:
        return _CONTROLS[escape[1]]
    return chr(int.from_bytes(bytes.fromhex(escape[2:])))
