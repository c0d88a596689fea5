"""A long text in pieces that the names model reads one by one: its work and memory stay bounded."""

import re
from collections.abc import Iterator
from typing import Final

MAX_PIECE: Final = 1500
"""Characters of a piece: a few paragraphs. A name is rarely told by what is further away."""

_BREAKS: Final = tuple(re.compile(p) for p in (r"\n[^\S\n]*\n\s*", r"\n", r"[.!?]\s+", r"\s+"))
"""Where a piece may end, best first: after a paragraph, a line, a sentence, a word."""


def split(text: str) -> Iterator[tuple[int, str]]:
    """Yield the pieces of `text` with their offsets; joined they are the text again.

    A piece ends in its second half at the best break there is; without any it is cut at its end.
    """
    start = 0
    while len(text) - start > MAX_PIECE:
        end = _end(text, start)
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def _end(text: str, start: int) -> int:
    for pattern in _BREAKS:
        ends = [m.end() for m in pattern.finditer(text, start + MAX_PIECE // 2, start + MAX_PIECE)]
        if ends:
            return ends[-1]
    return start + MAX_PIECE
