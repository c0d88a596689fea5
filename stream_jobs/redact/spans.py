"""Spans of personal data in a text, and which of two overlapping ones wins."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Layer = Literal["secrets", "patterns", "names", "guard"]
"""What found a span; the first three in order of precedence. `guard` replaces whole texts."""

LAYERS: Final[dict[str, int]] = {"secrets": 0, "patterns": 1, "names": 2, "guard": 3}


class Span(NamedTuple):
    """`text[start:end]`, offsets in code points, is of `type` and was found by `layer`."""

    start: int
    end: int
    type: str
    layer: Layer


def resolve(candidates: Iterable[Span]) -> list[Span]:
    """Return the winners among `candidates`, in text order, none overlapping another.

    An earlier layer wins, then the longer span, then the one that starts first or, at
    last, was given first.
    """
    ranked = sorted(candidates, key=lambda s: (LAYERS[s.layer], s.start - s.end, s.start))
    if len(ranked) < 2:
        return ranked
    chosen: list[Span] = []  # in text order
    for span in ranked:
        place = bisect_left(chosen, span.start, key=_end_before)
        if place == len(chosen) or span.end <= chosen[place].start:
            chosen.insert(place, span)
    return chosen


def _end_before(span: Span) -> int:
    """Return the last offset in `span`: those that end at or before a start sort before it."""
    return span.end - 1
