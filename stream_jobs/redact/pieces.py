"""A long text in pieces that the names model reads one by one: its work and memory stay bounded."""

import re
from collections.abc import Iterator
from typing import Final

MAX_PIECE: Final = 1500
"""Characters of a piece: a few paragraphs. A name is rarely told by what is further away."""

_SENTENCE: Final = re.compile(
    r"\b(?!(?:prof|capt|messrs|dept|gov|rev|hon|jun|sen|sgt|mlle|mme|attn|str|apt|ave|mrs)\b)"
    r"[a-z]{3,}[.!?]+[\"'”’)\]]*\s+"
)
"""The last word of a sentence, in small letters: no title and no initial; and what follows it."""

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


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of `text` with their offsets, some together; joined they are the text.

    What is cut out of a sentence ends no other one anew: a rest has the sentences of its text, or
    fewer.
    """
    for offset, piece in split(text):
        start = 0
        for match in _SENTENCE.finditer(piece):
            yield offset + start, piece[start : match.end()]
            start = match.end()
        if start < len(piece) or not piece:
            yield offset + start, piece[start:]


def _end(text: str, start: int) -> int:
    for pattern in _BREAKS:
        ends = [m.end() for m in pattern.finditer(text, start + MAX_PIECE // 2, start + MAX_PIECE)]
        if ends:
            return ends[-1]
    return start + MAX_PIECE
