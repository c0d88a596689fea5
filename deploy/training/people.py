"""A person's name as people write it; a title before it is no part of it."""

from random import Random
from typing import Final

from deploy.training.sample import Piece
from deploy.training.vocabulary import Split, family_names, given_names, word_lists

_FULL: Final = {
    "{first} {last}": 72,
    "{first} {initial}. {last}": 6,
    "{first} {initial} {last}": 2,
    "{first} {second} {last}": 5,
    "{first} {last}-{maiden}": 3,
    "{first} {last} {maiden}": 2,
    "{first} {particle} {last}": 3,
    "{first}-{second} {last}": 3,
    "{first} {last} {suffix}": 2,
    "{first} {prefix}{last}": 2,
}
_SHORT: Final = {
    "{last}, {first}": 4,
    "{initial}. {last}": 3,
    "{initial}.{initial}. {last}": 1,
    "{initial} {last}": 1,
    "{first} {letter}.": 2,
    "{first} {letter}": 2,
    "{last}": 6,
}
"""Forms and how often each is used, of a hundred."""

_PARTICLES: Final = (
    *("van", "von", "de", "di", "da", "del", "bin", "van der", "de la", "al", "ben", "le", "dos"),
)
_PREFIXES: Final = ("O'", "O’", "D'", "Mc", "Mac", "Al-", "El ")
_SUFFIXES: Final = ("Jr.", "Sr.", "III", "Jr", "II")


class People:
    """Makes names of one split."""

    def __init__(self, split: Split) -> None:
        self._given = given_names(split)
        self._family = family_names(split)
        self._titles = word_lists("things.txt")["title"]

    def first(self, rng: Random) -> str:
        """Return a given name."""
        return _pick(self._given, rng)

    def last(self, rng: Random) -> str:
        """Return a family name."""
        return _pick(self._family, rng)

    def full(self, rng: Random) -> str:
        """Return a given and a family name, sometimes with more between or behind them."""
        return self._write(_form(_FULL, rng), rng)

    def person(self, rng: Random) -> list[Piece]:
        """Return a name in any form, perhaps behind a title."""
        kind = rng.random()
        if kind < 0.08:
            name = self.last(rng) if rng.random() < 0.6 else self.full(rng)
            return [(f"{rng.choice(self._titles)} ", None), (name, "PERSON")]
        if kind < 0.57:
            return [(self.full(rng), "PERSON")]
        if kind < 0.81:
            return [(self.first(rng), "PERSON")]
        return [(self._write(_form(_SHORT, rng), rng), "PERSON")]

    def _write(self, form: str, rng: Random) -> str:
        last = self.last(rng)
        return form.format(
            first=self.first(rng),
            second=self.first(rng),
            last=last,
            maiden=self.last(rng),
            letter=last[0],
            initial=rng.choice("ABCDEFGHIJKLMNOPRSTVW"),
            particle=rng.choice(_PARTICLES),
            prefix=rng.choice(_PREFIXES),
            suffix=rng.choice(_SUFFIXES),
        )


def _form(forms: dict[str, int], rng: Random) -> str:
    return rng.choices(list(forms), list(forms.values()))[0]


def _pick(lists: tuple[tuple[str, ...], ...], rng: Random) -> str:
    return rng.choice(lists[0] if rng.random() < 0.25 else rng.choice(lists))
