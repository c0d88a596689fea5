"""Spans of personal data in a text, and which of two overlapping ones wins."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Layer = Literal["secrets", "patterns", "names", "guard"]
"""What found a span; the first three in order of precedence. `guard` replaces whole texts."""

FILLER: Final = "\ufffc"  # object replacement character: stands for a label or a cut span

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
    given = list(candidates)
    in_order = sorted(given, key=_start)
    if all(left.end <= right.start for left, right in pairwise(in_order)):
        return in_order
    chosen: list[Span] = []  # in text order
    for span in sorted(given, key=_rank):
        place = bisect_left(chosen, span.start, key=_end_before)
        if place == len(chosen) or span.end <= chosen[place].start:
            chosen.insert(place, span)
    return chosen


def _start(span: Span) -> int:
    return span.start


def _rank(span: Span) -> tuple[int, int, int]:
    return LAYERS[span.layer], span.start - span.end, span.start


def _end_before(span: Span) -> int:
    """Return the last offset in `span`: those that end at or before a start sort before it."""
    return span.end - 1
