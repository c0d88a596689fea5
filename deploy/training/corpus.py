"""The training text: banks, inserted names, negatives, in one order from one seed."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from faker import Faker

from deploy.training import negatives
from deploy.training.documentation import module_names, passages, sentences, sources
from deploy.training.noise import disturb
from deploy.training.organisations import Organisations
from deploy.training.people import People
from deploy.training.places import HELD_OUT_LOCALES, TRAINING_LOCALES, Places
from deploy.training.sample import Piece, Sample, assemble, join
from deploy.training.template import Maker, Template, read_bank
from deploy.training.things import Thing, things
from deploy.training.vocabulary import Split

BANKS: Final = Path(__file__).parent / "banks"
POSITIVE: Final = (
    *("assistant", "service", "people", "letters", "structured", "everyday", "further"),
)
"""Banks whose lines hold names; `nothing` holds none."""

QUIET: Final = 0.5
"""Share of the samples that are made without a name."""

_KINDS: Final = ("person", "address", "place", "organisation")
_CUES: Final[dict[str, tuple[str, ...]]] = {
    "person": (*(" by ", " from ", " for ", " to ", " with ", " and ", " ", ". ", ", ", " ("),
        *(" as ", " asked ", " told ", ": ", " - ", " thanks ", " @", "; ", "\n", " of ", " see ")),
    "address": (" at ", " to ", " from ", ": ", ". ", ", ", " near ", " ", "\n", " is "),
    "place": (" in ", " from ", " to ", " near ", ", ", " ", ". ", " for ", " at ", " of ", ": "),
    "organisation": (*(" at ", " for ", " from ", " with ", " by ", ", ", " ", " and ", ". "),
        *(" of ", ": ")),
}  # fmt: skip


def makers(split: Split, seed: int) -> dict[str, Maker]:
    """Return a maker for each kind of value that a template may ask for."""
    locales = sorted({*TRAINING_LOCALES, *HELD_OUT_LOCALES})
    fakers = {locale: Faker(locale) for locale in locales}
    for number, faker in enumerate(fakers.values()):
        faker.seed_instance(seed * 1000 + number)
    people, places = People(split), Places(split, fakers)
    organisations = Organisations(split, people, places, fakers)
    made: dict[str, Maker] = {kind: _unmarked(thing) for kind, thing in things().items()}
    made |= {
        "person": people.person,
        "full": lambda rng: [(people.full(rng), "PERSON")],
        "first": lambda rng: [(people.first(rng), "PERSON")],
        "last": lambda rng: [(people.last(rng), "PERSON")],
        "person_caps": lambda rng: [(people.full(rng).upper(), "PERSON")],
        "city": lambda rng: [(places.town(rng), "LOCATION")],
        "city_caps": lambda rng: [(places.town(rng).upper(), "LOCATION")],
        "country": lambda rng: [(places.country(rng).removeprefix("the "), "LOCATION")],
        "place": places.place,
        "address": places.address,
        "address_caps": lambda rng: [(t.upper(), label) for t, label in places.address(rng)],
        "org": organisations.organisation,
        "organisation": organisations.organisation,
        "plain": _unmarked(negatives.plain),
        "plain_lower": _unmarked(negatives.plain_lower),
        "PLAIN": _unmarked(lambda rng: negatives.plain(rng).upper()),
        "plain_title": _unmarked(negatives.plain_title),
        "foreign": _unmarked(negatives.foreign),
        "title": _unmarked(negatives.title),
        "camel": _unmarked(negatives.camel),
        "rare": _unmarked(negatives.rare),
        "Rare": _unmarked(lambda rng: negatives.rare(rng).capitalize()),
        "brand": _unmarked(negatives.brand),
        "module": _unmarked(lambda rng: rng.choice(module_names())),
        "passage": _unmarked(lambda rng: rng.choice(passages())),
        "source": _unmarked(lambda rng: rng.choice(sources())),
        "doc_sentence": _unmarked(lambda rng: rng.choice(sentences())),
    }
    return made


def _unmarked(thing: Thing) -> Maker:
    return lambda rng: [(thing(rng), None)]


class Corpus:
    """An endless stream of training samples; the same seed gives the same stream."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._makers = makers("train", seed)
        self._positive = [read_bank(BANKS / f"{name}.txt") for name in POSITIVE]
        self._weights = [len(bank) for bank in self._positive]
        self._nothing = read_bank(BANKS / "nothing.txt")

    def take(self, count: int) -> list[Sample]:
        """Return the next samples."""
        return [self._next() for _ in range(count)]

    def _next(self) -> Sample:
        rng = self._rng
        parts = rng.choices((1, 2, 3), (0.55, 0.32, 0.13))[0]
        part = self._quiet if rng.random() < QUIET else self._part
        separators = ["", *(rng.choice((" ", " ", " ", "\n", "\n\n")) for _ in range(parts - 1))]
        return disturb(join((separator, part()) for separator in separators), rng)

    def _part(self) -> Sample:
        form, rng = self._rng.random(), self._rng
        if form < 0.55:
            bank = rng.choices(self._positive, self._weights)[0]
            return self._fill(rng.choice(bank))
        return self._inserted() if form < 0.83 else self._quiet()

    def _quiet(self) -> Sample:
        """Return a text without names: of the bank, of documentation, of code."""
        form, rng = self._rng.random(), self._rng
        if form < 0.55:
            return self._fill(rng.choice(self._nothing))
        if form < 0.78:
            return Sample(rng.choice(sentences()))
        return Sample(rng.choice(passages() if form < 0.9 else sources()))

    def _fill(self, template: Template) -> Sample:
        return template.fill(self._rng, self._makers)

    def _inserted(self) -> Sample:
        """Return running text with a name anywhere in it."""
        rng = self._rng
        kind = rng.choices(_KINDS, (0.5, 0.18, 0.18, 0.14))[0]
        words = self._running_text().split(" ")
        at = rng.randint(0, len(words))
        before, after = " ".join(words[:at]), " ".join(words[at:])
        cue = rng.choice(_CUES[kind]) if before else ""
        end = ")" if cue == " (" else ""
        ends = (" ", ", ", ". ", " ", "; ", "\n", "! ", "? ", " - ", ": ")
        tail = rng.choice((*ends, "'s ", "’s ") if kind == "person" else ends)
        value: list[Piece] = self._makers[kind](rng)
        return assemble([(before + cue, None), *value, (end + tail + after, None)])

    def _running_text(self) -> str:
        form, rng = self._rng.random(), self._rng
        if form < 0.3:
            return rng.choice(sentences())
        return negatives.plain(rng) if form < 0.93 else negatives.foreign(rng)


def digest(samples: Sequence[Sample]) -> str:
    """Return the SHA-256 of samples, as hexadecimal digits."""
    lines = (json.dumps([s.text, s.marks], ensure_ascii=False) for s in samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def has_names(sample: Sample) -> bool:
    """Whether there is any mark in `sample`."""
    return bool(sample.marks) and re.search(r"\w", sample.text) is not None
