"""Running text without names: made-up sentences of common words, words of other languages."""

import importlib
from functools import cache
from random import Random
from typing import Final

from deploy.training.common import common_words
from deploy.training.vocabulary import word_lists

_FOREIGN: Final = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "da_DK", "cs_CZ", "la")

_SOUNDS: Final = (
    ("b", "c", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "x", "z", "st", "tr", "pl"),
    ("a", "e", "i", "o", "u"),
)


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


def title(rng: Random) -> str:
    """Return a title as of a product, a heading, an agenda: words with capitals, sizes, commas."""
    words = [_titled(rng) for _ in range(rng.randint(2, 9))]
    breaks = rng.choice(((" ",), (" ", " ", ", "), (" ", " ", " - "), (" ", " ", " | ", ": ")))
    text = words[0] + "".join(rng.choice(breaks) + word for word in words[1:])
    return text + rng.choice(("", "", "", ".", "!", f" ({_titled(rng)})"))


def _titled(rng: Random) -> str:
    form = rng.random()
    if form < 0.1:
        unit = rng.choice(
            ("", " ml", " kg", " GB", " Inch", " Pack", "W", "mm", "x", "%", " Hours")
        )
        return f"{rng.randint(1, 999)}{unit}"
    if form < 0.22:
        return rng.choice(("and", "with", "for", "of", "the", "in", "&", "to", "a", "your", "from"))
    word = some_word(rng)
    return word.upper() if len(word) < 5 and rng.random() < 0.2 else word.capitalize()


def camel(rng: Random) -> str:
    """Return an identifier of common words, with what stands around it in code."""
    words = [some_word(rng) for _ in range(rng.randint(1, 4))]
    name = rng.choice((
        "".join(word.capitalize() for word in words),
        "_".join(words),
        ".".join(word.capitalize() if rng.random() < 0.4 else word for word in words),
        words[0] + "".join(word.capitalize() for word in words[1:]),
        "_".join(words).upper(),
        "-".join(words),
    ))  # fmt: skip
    form = rng.choice(
        ("{}", "{}", "{}()", "`{}`", "{}.py", "<{}>", "{}:", "[{}]", "${}", "{}=1", ":{}:")
    )
    return form.format(name)


def rare(rng: Random) -> str:
    """Return made-up words in small letters: no English, no name either."""
    words = [
        "".join(rng.choice(_SOUNDS[i % 2]) for i in range(rng.randint(3, 7)))
        for _ in range(rng.randint(1, 3))
    ]
    return rng.choice((" ", ", ", "-", "_", "/")).join(words)


def some_word(rng: Random) -> str:
    """Return a common word, frequent ones more often."""
    words = common_words()
    return words[int(len(words) * rng.random() ** 3.5)]


def foreign(rng: Random) -> str:
    """Return a sentence of words of another language."""
    words = _foreign_words(rng.choice(_FOREIGN))
    chosen = [rng.choice(words) for _ in range(rng.randint(3, 12))]
    return " ".join(chosen).capitalize() + rng.choice((".", "?", "!", ""))


@cache
def _foreign_words(locale: str) -> tuple[str, ...]:
    module = importlib.import_module(f"faker.providers.lorem.{locale}")
    return tuple(module.Provider.word_list)
