"""What happens to a text on its way: capitals lost or everywhere, values cut out, odd spaces."""

import re
from random import Random
from typing import Final

from deploy.training.negatives import some_word
from deploy.training.sample import Piece, Sample, assemble, pieces
from deploy.training.things import CUT

_SMALL: Final = re.compile(r"(?<![\w.])[a-z]{4,}(?![\w.=(])")


def disturb(sample: Sample, rng: Random) -> Sample:
    """Return `sample`, most often as it is."""
    if rng.random() < 0.16:
        sample = cut_out(sample, rng)
    if rng.random() < 0.5:
        sample = assemble([_other_words(piece, rng) for piece in pieces(sample)])
    form = rng.random()
    if form < 0.11:
        return _same_length(sample, sample.text.lower())
    if form < 0.14:
        return _same_length(sample, sample.text.upper())
    if form < 0.18:
        return assemble(_capitals(piece, rng) for piece in pieces(sample))
    if form < 0.20:
        return assemble((part.replace(" ", "  ", 1), label) for part, label in pieces(sample))
    return sample


def cut_out(sample: Sample, rng: Random) -> Sample:
    """Return `sample` as the model reads it again: some or all of its names are cut out."""
    keep = rng.choice((0.0, 0.0, 0.5))
    parts: list[Piece] = []
    for part, label in pieces(sample):
        cut = label is not None and rng.random() >= keep
        parts.append((CUT, None) if cut else (part, label))
    return assemble(parts)


def _other_words(piece: Piece, rng: Random) -> Piece:
    """Return a piece that is no name with a few of its words changed for others, of any meaning.

    So the model can't learn lines by heart, and meets far more words than the banks hold.
    """
    part, label = piece
    if label is not None:
        return piece
    return _SMALL.sub(lambda m: some_word(rng) if rng.random() < 0.15 else m[0], part), None


def _same_length(sample: Sample, text: str) -> Sample:
    """Return `sample` in other capitals; as it is if that moved its marks (ß, İ)."""
    return sample._replace(text=text) if len(text) == len(sample.text) else sample


def _capitals(piece: Piece, rng: Random) -> Piece:
    part, label = piece
    if label is None:
        return piece
    changed = part.lower() if rng.random() < 0.5 else part.upper()
    return (changed if len(changed) == len(part) else part, label)
