"""Names of people, places and organisations, by language; each is for training or held out.

Which of the two is settled by a hash of the lower-case name, so that no held-out name is ever
seen in training, whichever lists it is in. Sources: the lists of Faker, place names of
`phonenumbers` and of the time zone database, and lists of our own in `words/`.
"""

import hashlib
import importlib
import pkgutil
import re
import zoneinfo
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, Literal

import faker.providers.person as faker_people
from phonenumbers.geodata import GEOCODE_DATA

Split = Literal["train", "held_out"]
SPLITS: Final[tuple[Split, ...]] = ("train", "held_out")

WORDS: Final = Path(__file__).parent / "words"
HELD_OUT_SHARE: Final = 5
"""One name in five is held out."""

_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ][A-Za-zÀ-ɏḀ-ỿ' .\-]+")
_ENGLISH: Final = ("en_US", "en_GB", "en")


def split_of(name: str) -> Split:
    """Return whether `name` is for training or held out."""
    digest = hashlib.blake2b(name.casefold().encode(), digest_size=4).digest()
    return "held_out" if int.from_bytes(digest) % HELD_OUT_SHARE == 0 else "train"


@cache
def word_lists(file: str) -> dict[str, tuple[str, ...]]:
    """Return the lists `name: a|b|c` of a file in `words/`."""
    lists = {}
    for line in (WORDS / file).read_text(encoding="utf-8").splitlines():
        if line.strip():
            name, _, words = line.partition(": ")
            lists[name] = tuple(words.split("|"))
    return lists


@cache
def given_names(split: Split) -> tuple[tuple[str, ...], ...]:
    """Return given names, one list a language; the first is what is common in the United States."""
    return _people("first", "given_names.txt", split)


@cache
def family_names(split: Split) -> tuple[tuple[str, ...], ...]:
    """Return family names in the same way."""
    return _people("last", "family_names.txt", split)


def _people(part: str, own: str, split: Split) -> tuple[tuple[str, ...], ...]:
    locales = sorted(module.name for module in pkgutil.iter_modules(faker_people.__path__))
    locales.sort(key=lambda locale: locale not in _ENGLISH)
    locales.sort(key=lambda locale: locale != "en_US")
    lists = [_faker_names(locale, part) for locale in locales]
    lists += [frozenset(words) for words in word_lists(own).values()]
    kept = (tuple(sorted(n for n in names if split_of(n) == split)) for names in lists)
    return tuple(names for names in kept if len(names) > 4)


def _faker_names(locale: str, part: str) -> frozenset[str]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    names: set[str] = set()
    for attribute in dir(provider):
        if attribute.startswith((f"{part}_name", f"{part}_romanized")):
            value = getattr(provider, attribute)
            if isinstance(value, Iterable):
                names.update(n for n in value if isinstance(n, str) and _LATIN.fullmatch(n))
    return frozenset(n.title() if n.isupper() else n for n in names)


@cache
def towns(split: Split) -> tuple[tuple[str, ...], ...]:
    """Return names of towns: large cities, then those of the world, by calling prefix."""
    cities = {zone.rsplit("/", 1)[1].replace("_", " ") for zone in _city_zones()}
    cities.update(word_lists("places.txt")["cities"])
    world: dict[str, set[str]] = {}
    for prefix, names in GEOCODE_DATA.items():
        place = re.split(r" - |, |/| \(", names.get("en", ""))[0]
        if _LATIN.fullmatch(place) and len(place) < 30:
            world.setdefault(prefix[:2], set()).add(place)
    lists = [cities, *(world[prefix] for prefix in sorted(world))]
    kept = (tuple(sorted(n for n in names if split_of(n) == split)) for names in lists)
    return tuple(names for names in kept if len(names) > 20)


def _city_zones() -> list[str]:
    continents = ("Africa/", "America/", "Asia/", "Australia/", "Europe/", "Pacific/")
    zones = zoneinfo.available_timezones()
    return sorted(z for z in zones if z.startswith(continents) and len(z) > 8 and "GMT" not in z)
