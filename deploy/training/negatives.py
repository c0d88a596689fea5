"""Running text without names: made-up sentences of common words, words of other languages."""

import importlib
from functools import cache
from random import Random
from typing import Final

from deploy.training.common import common_words
from deploy.training.vocabulary import word_lists

_FOREIGN: Final = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "da_DK", "cs_CZ", "la")


def plain(rng: Random) -> str:
    """Return a made-up sentence of common words that says nothing."""
    lists = word_lists("starts.txt")
    words = [some_word(rng) for _ in range(rng.randint(3, 13))]
    if rng.random() < 0.8:
        words[0] = rng.choice(lists["starts"])
    else:
        words[0] = words[0].capitalize()
    return " ".join(words) + rng.choice((".", ".", ".", "!", "?", "", ":"))


def plain_lower(rng: Random) -> str:
    """Return a few common words."""
    return " ".join(some_word(rng) for _ in range(rng.randint(2, 7)))


def plain_title(rng: Random) -> str:
    """Return a few common words, each with a capital."""
    return " ".join(some_word(rng).capitalize() for _ in range(rng.randint(1, 5)))


def some_word(rng: Random) -> str:
    """Return a common word, frequent ones more often."""
    words = common_words()
    return words[int(len(words) * rng.random() ** 2.5)]


def foreign(rng: Random) -> str:
    """Return a sentence of words of another language."""
    words = _foreign_words(rng.choice(_FOREIGN))
    chosen = [rng.choice(words) for _ in range(rng.randint(3, 12))]
    return " ".join(chosen).capitalize() + rng.choice((".", "?", "!", ""))


@cache
def _foreign_words(locale: str) -> tuple[str, ...]:
    module = importlib.import_module(f"faker.providers.lorem.{locale}")
    return tuple(module.Provider.word_list)
