"""A sample: a text and which parts of it are names; made of pieces."""

from collections.abc import Iterable
from typing import Final, NamedTuple

LABELS: Final = ("PERSON", "LOCATION", "ADDRESS", "ORG")
"""What the pipeline tells apart."""


class Mark(NamedTuple):
    """`text[start:end]` is a name of kind `label`."""

    start: int
    end: int
    label: str


class Sample(NamedTuple):
    """A text with its marks in order, none overlapping another."""

    text: str
    marks: tuple[Mark, ...] = ()


Piece = tuple[str, str | None]
"""A part of a text, and its label if it is a name."""


def assemble(pieces: Iterable[Piece]) -> Sample:
    """Return the sample that the pieces make one after the other."""
    text, marks = "", []
    for part, label in pieces:
        if label is not None and part.strip():
            marks.append(Mark(len(text), len(text) + len(part), label))
        text += part
    return Sample(text, tuple(marks))


def join(samples: Iterable[tuple[str, Sample]]) -> Sample:
    """Return one sample of many, each behind its separator."""
    text = ""
    marks: list[Mark] = []
    for separator, sample in samples:
        text += separator
        marks += [Mark(len(text) + m.start, len(text) + m.end, m.label) for m in sample.marks]
        text += sample.text
    return Sample(text, tuple(marks))


def pieces(sample: Sample) -> list[Piece]:
    """Return the pieces that make `sample`."""
    found: list[Piece] = []
    at = 0
    for mark in sample.marks:
        found += [
            (sample.text[at : mark.start], None),
            (sample.text[mark.start : mark.end], mark.label),
        ]
        at = mark.end
    return [*found, (sample.text[at:], None)]
