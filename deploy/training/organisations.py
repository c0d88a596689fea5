"""Companies, authorities, schools, clubs; known ones and made-up ones."""

import re
from collections.abc import Callable
from random import Random

from faker import Faker

from deploy.training.people import People
from deploy.training.places import Places
from deploy.training.sample import Piece
from deploy.training.vocabulary import Split, split_of, word_lists

_LOCALES = ("en_US", "en_US", "en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL")


class Organisations:
    """Makes organisations of one split."""

    def __init__(
        self, split: Split, people: People, places: Places, fakers: dict[str, Faker]
    ) -> None:
        words = word_lists("organisations.txt")
        self._known = tuple(name for name in words["known"] if split_of(name) == split)
        self._words = words
        self._people, self._places, self._fakers = people, places, fakers

    def organisation(self, rng: Random) -> list[Piece]:
        """Return one organisation; its article is no part of it."""
        name = re.sub(r"\{(\w+)\}", lambda m: self._part(m[1], rng), self._pattern(rng))
        if name[:4].lower() == "the ":
            return [(name[:4], None), (name[4:], "ORG")]
        return [(name, "ORG")]

    def _pattern(self, rng: Random) -> str:
        return rng.choice(self._words["patterns"])

    def _part(self, kind: str, rng: Random) -> str:
        makers: dict[str, Callable[[], str]] = {
            "known": lambda: rng.choice(self._known),
            "faker": lambda: str(self._fakers[rng.choice(_LOCALES)].company()),
            "last": lambda: self._people.last(rng),
            "first": lambda: self._people.first(rng),
            "city": lambda: self._places.town(rng),
            "stemlow": lambda: rng.choice(self._words["stems"]).lower(),
        }
        return makers[kind]() if kind in makers else rng.choice(self._words[f"{kind}s"])
