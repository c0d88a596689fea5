"""Common English words, of subtitles and documentation, and which of them are names too."""

import re
from collections import Counter
from functools import cache
from itertools import chain
from typing import Final

from spellchecker import SpellChecker

from deploy.training.documentation import sentences
from deploy.training.vocabulary import SPLITS, WORDS, family_names, given_names, towns, word_lists

EVERYDAY: Final = 32_000
"""How many of the most frequent words of subtitles count as common."""

SURELY: Final = 12_000
"""A name that is also a word counts as common if subtitles have it this often (1.6e9 words)."""

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LOWER: Final = re.compile(r"(?<![^\W_])[a-z]{2,18}(?![^\W_])")


@cache
def common_words() -> tuple[str, ...]:
    """Return ordinary English words, the most frequent ones first."""
    counts = SpellChecker(language="en").word_frequency.dictionary
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:EVERYDAY]
    names = names_as_words()
    kept = (w for w in frequent if w not in names or counts[w] >= SURELY)
    everyday = [word for word in kept if _LOWER.fullmatch(word)]
    return tuple(dict.fromkeys([*everyday, *_documented(), *_own()]))


def marked_words() -> list[str]:
    """Return the common words in order, those that are names as well with a `*` behind them."""
    starts = set(_WORD.findall(" ".join(word_lists("starts.txt")["starts"]).lower()))
    ambiguous = names_as_words() - starts
    return sorted(f"{word}*" if word in ambiguous else word for word in common_words())


@cache
def names_as_words() -> frozenset[str]:
    """Return names of people, large towns, countries and firms that are one word, in small letters.

    Those held out too: they must not be taken for common words.
    """
    places = word_lists("places.txt")
    lists = chain(
        chain.from_iterable(given_names(s) + family_names(s) + towns(s)[:1] for s in SPLITS),
        (places["countries"], places["states"], word_lists("organisations.txt")["known"]),
    )
    return frozenset(n.lower() for names in lists for n in names if _WORD.fullmatch(n))


def _documented() -> list[str]:
    counts = Counter(word for line in sentences() for word in _LOWER.findall(line))
    return sorted(word for word, count in counts.items() if count > 3)


def _own() -> list[str]:
    """Return the words in small letters of the lists of things."""
    text = (WORDS / "things.txt").read_text(encoding="utf-8")
    return sorted(set(_LOWER.findall(text)))
