"""Running text without names: made-up sentences of common words, words of other languages."""

import importlib
import re
from functools import cache
from random import Random
from typing import Final

from deploy.training.common import common_words
from deploy.training.documentation import sentences
from deploy.training.vocabulary import word_lists

_FOREIGN: Final = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "da_DK", "cs_CZ", "la")

_SOUNDS: Final = (
    ("b", "c", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "x", "z", "st", "tr", "pl"),
    ("a", "e", "i", "o", "u"),
)

_BRAND_ENDS: Final = ("ly", "ify", "Hub", "Kit", "Box", "Base", "Flow", "Forge", "DB", "JS")


def plain(rng: Random) -> str:
    """Return a made-up sentence of common words that says nothing."""
    lists = word_lists("starts.txt")
    if rng.random() < 0.3:
        return f"{rng.choice(lists['starts'])} {_fragment(rng)}{rng.choice('..!?')}"
    words = [some_word(rng) for _ in range(rng.randint(3, 13))]
    if rng.random() < 0.8:
        words[0] = rng.choice(lists["starts"])
    else:
        words[0] = words[0].capitalize()
    return " ".join(words) + rng.choice((".", ".", ".", "!", "?", "", ":"))


def plain_lower(rng: Random) -> str:
    """Return a few common words, half of the time as they stand in a sentence."""
    if rng.random() < 0.5:
        return _fragment(rng)
    return " ".join(some_word(rng) for _ in range(rng.randint(2, 7)))


def _fragment(rng: Random) -> str:
    """Return some words in a row of a sentence of documentation, a few changed for others."""
    words = rng.choice(_lower_sentences())
    start = rng.randrange(max(len(words) - 3, 1))
    taken = words[start : start + rng.randint(2, 8)]
    return " ".join(some_word(rng) if rng.random() < 0.25 else word for word in taken)


@cache
def _lower_sentences() -> tuple[tuple[str, ...], ...]:
    """Return the sentences of documentation as their words in small letters."""
    found = (tuple(re.findall(r"(?<!\S)[a-z]+(?!\S)", line)) for line in sentences())
    return tuple(words for words in found if len(words) > 3)


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


def brand(rng: Random) -> str:
    """Return a name of software or goods that nobody has heard of: no common words, no person."""
    made = "".join(rng.choice(_SOUNDS[i % 2]) for i in range(rng.randint(3, 6)))
    word = some_word(rng)
    return rng.choice((
        made.capitalize() + rng.choice(("ly", "ify", "io", "ix", "or", "on", "ex", "us", "a", "")),
        made.capitalize() + word.capitalize(),
        word.capitalize() + rng.choice(_BRAND_ENDS),
        word.capitalize() + some_word(rng),
        made + ".js",
        made.upper()[:4],
        f"{word.capitalize()} {some_word(rng).capitalize()}",
        f"{made.capitalize()} {rng.randint(1, 20)}",
    ))  # fmt: skip


def some_word(rng: Random) -> str:
    """Return a common word, frequent ones more often."""
    words = common_words()
    return words[int(len(words) * rng.random() ** 4.5)]


def foreign(rng: Random) -> str:
    """Return a sentence of words of another language."""
    words = _foreign_words(rng.choice(_FOREIGN))
    chosen = [rng.choice(words) for _ in range(rng.randint(3, 12))]
    return " ".join(chosen).capitalize() + rng.choice((".", "?", "!", ""))


@cache
def _foreign_words(locale: str) -> tuple[str, ...]:
    module = importlib.import_module(f"faker.providers.lorem.{locale}")
    return tuple(module.Provider.word_list)
