"""Held-out texts for the names layer: lines and values that training never sees.

    corpus(seed, n) -> [(text, [(start, end, type), …]), …]
    quiet(seed, n) -> texts that hold no name

The lines are in four banks beside this file, which nothing under `deploy/training` reads. Those of
`development` guided the rules and the training text: scores on them flatter. Those of `final` were
written before the last changes and looked at by nobody until the scores were taken. Before rules or
training text are changed because of them, they go to `development`, and new ones are written.

Names, towns and known organisations are those of `vocabulary.split_of(name) == "held_out"`, and
addresses have forms of other countries too. Three texts in twenty have lost their capitals.
"""

from functools import cache
from pathlib import Path
from random import Random
from typing import Final, Literal

from deploy.training.corpus import makers
from deploy.training.sample import Sample, join
from deploy.training.template import Maker, Template, read_bank

HERE: Final = Path(__file__).parent
TYPES: Final = {
    "PERSON": "PERSON",
    "LOCATION": "LOCATION",
    "ADDRESS": "LOCATION",
    "ORG": "ORGANIZATION",
}

Bank = Literal["development", "final"]
Marked = tuple[str, list[tuple[int, int, str]]]


@cache
def _lines(bank: Bank, kind: Literal["names", "quiet"]) -> list[Template]:
    return read_bank(HERE / f"{bank}_{kind}_bank.txt")


def corpus(seed: int, n: int, bank: Bank = "final") -> list[Marked]:
    """Return `n` texts with the spans of their names, as code points."""
    rng, values = Random(seed), makers("held_out", seed)
    return [_marked(_text(rng, values, bank)) for _ in range(n)]


def quiet(seed: int, n: int, bank: Bank = "final") -> list[str]:
    """Return `n` texts without a name: code, logs, documentation, products, numbers, chat."""
    rng, values = Random(seed), makers("held_out", seed)
    return [rng.choice(_lines(bank, "quiet")).fill(rng, values).text for _ in range(n)]


def _text(rng: Random, values: dict[str, Maker], bank: Bank) -> Sample:
    parts = [rng.choice(_lines(bank, "names")).fill(rng, values)]
    if rng.random() < 0.3:
        parts.append(rng.choice(_lines(bank, "quiet")).fill(rng, values))
    if rng.random() < 0.15:
        parts.append(rng.choice(_lines(bank, "names")).fill(rng, values))
    rng.shuffle(parts)
    sample = join((rng.choice((" ", "\n")) if i else "", part) for i, part in enumerate(parts))
    lower = sample.text.lower()
    if rng.random() < 0.15 and len(lower) == len(sample.text):
        return sample._replace(text=lower)
    return sample


def _marked(sample: Sample) -> Marked:
    return sample.text, [(m.start, m.end, TYPES[m.label]) for m in sample.marks]
