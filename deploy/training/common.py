"""Common English words, of subtitles and documentation, and which of them are names too."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Final

from spellchecker import SpellChecker

from deploy.training.documentation import sentences
from deploy.training.vocabulary import SPLITS, WORDS, family_names, given_names, towns, word_lists
from stream_jobs.redact.stems import is_derived

EVERYDAY: Final = 32_000
"""How many of the most frequent words of subtitles count as common."""

SURELY: Final = 12_000
"""A name that is also a word counts as common if subtitles have it this often (1.6e9 words)."""

NAMES_ALONE: Final = frozenset(("billy", "emily", "jack", "jesus", "joe", "ho", "le", "li", "rob"))
"""Frequent in subtitles, but as names."""

FREQUENT: Final = 2_500
"""Of the common words, those that are known to everybody."""

NO_THINGS: Final = frozenset(
    (
        *("knows", "means", "costs", "seems", "sounds", "this", "always", "perhaps", "besides"),
        *("afterwards", "towards", "needs", "wants"),
    )
)
"""They end in s and are seldom met with -ing, but are no things."""

_PARTICLES: Final = frozenset(
    (
        *("van", "von", "der", "den", "del", "della", "dos", "das", "bin", "ben", "the", "and"),
        *("las", "los", "les", "sur", "sous", "auf", "nad", "pod", "saint", "sankt", "san"),
        "santa",
    )
)
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LOWER: Final = re.compile(r"(?<![^\W_])[a-z]{2,18}(?![^\W_])")


@cache
def common_words() -> tuple[str, ...]:
    """Return ordinary English words, the most frequent ones first."""
    counts = SpellChecker(language="en").word_frequency.dictionary
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:EVERYDAY]
    names = names_as_words()
    kept = (w for w in frequent if w not in names or counts[w] >= SURELY)
    kept = (word for word in kept if word not in NAMES_ALONE)
    everyday = [word for word in kept if _LOWER.fullmatch(word)]
    known = dict.fromkeys([*everyday, *_documented(), *_own()])
    rare = (word for word in sorted(counts) if word not in names and _LOWER.fullmatch(word))
    derived = [word for word in rare if word not in known and is_derived(word, known)]
    return (*known, *derived)


def trade_words() -> frozenset[str]:
    """Return words of trades, one and many, that are no names: of software, goods and science.

    And those that are hardly ever meant as the names they are too. The model knows them, training
    doesn't: it must learn to leave words alone that are on no list.
    """
    lists = word_lists("trades.txt").values()
    words = frozenset(f"{w}{s}" for words in lists for w in words for s in ("", "s"))
    return (words - names_as_words()) | frozenset(word_lists("both.txt")["seldom"])


def many_things() -> list[str]:
    """Return frequent words that end in s and are no verbs, for hardly anybody does or did them."""
    counts = SpellChecker(language="en").word_frequency.dictionary
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:EVERYDAY]
    words = (w for w in frequent if w.endswith("s") and not w.endswith("ss") and len(w) > 3)
    kept = (w for w in words if _LOWER.fullmatch(w) and w not in NO_THINGS)
    return sorted(word for word in kept if _is_of_things(word, counts))


def _is_of_things(word: str, counts: Mapping[str, int]) -> bool:
    """Whether a word is one with an s behind it, and seldom met with -ing or -ed."""
    stems = {word[:-1], word.removesuffix("es")}
    if word.endswith("ies"):
        stems |= {f"{word[:-3]}y", f"{word[:-3]}i"}
    bare = {stem.removesuffix("e") for stem in stems} | stems
    bare |= {stem + stem[-1] for stem in bare}
    done = sum(counts.get(f"{stem}{end}", 0) for stem in bare for end in ("ing", "ed"))
    return max(counts.get(stem, 0) for stem in stems) * 5 > counts[word] > done * 3


def known_words(
    listed: Callable[[str], bool] = bool,
    met: Callable[[str], bool] = bool,
    more: Iterable[str] = (),
) -> dict[str, str]:
    """Return what lists know of each word, as `stream_jobs.redact.words` writes it.

    Words that are names and not common are told only if they are `listed`, rarer common words only
    if they were `met`; `more` are common words that `common_words` lacks.
    """
    words = common_words()
    common = frozenset((*words[:FREQUENT], *filter(met, words[FREQUENT:]), *more))
    starts = set(_WORD.findall(" ".join(word_lists("starts.txt")["starts"]).lower()))
    kinds: dict[str, set[str]] = {word: {"c"} for word in common}
    for word in _names_first() - starts:
        if word in common:
            kinds[word].add("a")
    for kind, word in _name_words():
        if word in common or listed(word):
            kinds.setdefault(word, set()).add(kind)
    return {word: _letters(found) for word, found in sorted(kinds.items())}


def _letters(kinds: set[str]) -> str:
    """Return kinds as one word; a usual name is told as such alone."""
    return "".join(sorted(kind for kind in kinds if kind.isupper() or kind.upper() not in kinds))


def _name_words() -> Iterator[tuple[str, str]]:
    """Yield the words that names are made of, each behind the letter of its kind.

    Of names of several words those that are common English are left out, and small particles.
    """
    common = frozenset(common_words())
    places = word_lists("places.txt")
    large = ((*places["countries"], *places["states"]),)
    lists = [("g", given_names(s)) for s in SPLITS] + [("f", family_names(s)) for s in SPLITS]
    for kind, names in [*lists, *(("p", towns(s)) for s in SPLITS), ("P", large)]:
        for number, some in enumerate(names):
            for name in some:
                words = _WORD.findall(name.lower())
                alone = len(words) == 1
                for word in words:
                    if alone or (len(word) > 2 and word not in common and word not in _PARTICLES):
                        yield (kind if number else kind.upper()), word


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


def _names_first() -> frozenset[str]:
    """Return names that are borne often enough to be meant where the word has a capital.

    `Grant` and `Young`, not `Deep` or `Steel`: those are names in longer lists alone.
    """
    places = word_lists("places.txt")
    lists = chain(
        chain.from_iterable((given_names(s)[0], family_names(s)[0]) for s in SPLITS),
        (places["countries"], places["states"], word_lists("organisations.txt")["known"]),
    )
    return frozenset(n.lower() for names in lists for n in names if _WORD.fullmatch(n))


def _documented() -> list[str]:
    counts = Counter(word for line in sentences() for word in _LOWER.findall(line))
    return sorted(word for word, count in counts.items() if count > 3)


def _own() -> list[str]:
    """Return the words of the lists of things that are no names of people or places."""
    text = (WORDS / "things.txt").read_text(encoding="utf-8")
    capitals = {word.lower() for word in _WORD.findall(text) if word.isascii()} - names_as_words()
    return sorted(set(_LOWER.findall(text)) | {word for word in capitals if _LOWER.fullmatch(word)})
