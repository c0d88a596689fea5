"""What lists know of names, beside the model: spans trimmed, retyped, completed and added.

Three rules. A span of a person loses common words at its ends (`Landlady Ada Boone`) and takes in
the unknown words with a capital that follow it. A span that is a known place, or a known given
name, has that type. A known given name or place that the model passed over is added, with the
unknown words with a capital that follow it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from stream_jobs.redact.spans import Span, resolve

MAX_NAME_WORDS: Final = 4
PARTICLES: Final = frozenset(
    (
        *("van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le"),
        *("el", "al", "bin", "ben", "ibn", "ter", "ten", "zu", "y", "e", "d", "o", "st"),
    )
)
"""Words in small letters that a name may begin with."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_BETWEEN: Final = frozenset((" ", "-", ". ", "'", "’", " O'", "  "))
"""What may stand between two words of one name."""


def _never(text: str, start: int, end: int) -> bool:
    """Refuse no name."""
    del text, start, end
    return False


class Gazetteer:
    """Given names and places (written as names are), and the common words that are neither."""

    def __init__(
        self,
        given: Iterable[str],
        places: Iterable[str],
        common: Iterable[str],
        refuses: Callable[[str, int, int], bool] = _never,
    ) -> None:
        """`refuses` says of a listed word in a text that it is no name there."""
        self._refuses = refuses
        self._given = frozenset(given)
        self._places = frozenset(places)
        self._common = frozenset(common)  # in small letters; none that is a name as well
        self._first = self._given | {word for p in self._places for word in _WORD.findall(p)[:1]}
        self._longest = max((place.count(" ") + 1 for place in self._places), default=1)

    def mend(self, text: str, spans: Iterable[Span]) -> list[Span]:
        """Return the `spans` of `text` mended, with those added that they don't touch."""
        mended = [self._mended(text, span) for span in spans]
        return resolve([*mended, *self._missed(text, mended)])

    def _mended(self, text: str, span: Span) -> Span:
        if span.type == "PERSON":
            span = self._extended(text, self._trimmed(text, span))
        return self._retyped(text, span)

    def _extended(self, text: str, span: Span) -> Span:
        if not text[span.start].isupper() or text[span.start : span.end].isupper():
            return span  # in capitals throughout, a capital tells nothing
        end = span.end
        for word in islice(_WORD.finditer(text, end), MAX_NAME_WORDS):
            if text[end : word.start()] not in _BETWEEN or not self._is_name(word[0]):
                break
            end = word.end()
        return span._replace(end=end)

    def _trimmed(self, text: str, span: Span) -> Span:
        words = list(_WORD.finditer(text, span.start, span.end))
        kept = [word for word in words if word[0].lower() not in self._common]
        kept = _from_first_capital(kept)
        if not kept or len(kept) == len(words):
            return span
        start = kept[0].start() if kept[0] != words[0] else span.start
        end = kept[-1].end() if kept[-1] != words[-1] else span.end
        return span._replace(start=start, end=end)

    def _retyped(self, text: str, span: Span) -> Span:
        name = text[span.start : span.end]
        if name in self._places and name not in self._given:
            return span._replace(type="LOCATION")
        first = _WORD.match(name)
        if span.type == "LOCATION" and name in self._given and first and first[0] == name:
            return span._replace(type="PERSON")
        return span

    def _missed(self, text: str, spans: list[Span]) -> Iterator[Span]:
        if self._first.isdisjoint(_WORD.findall(text)):
            return
        words = list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            kind, count = self._known(text, words, at)
            if not kind:
                at += 1
                continue
            start, end = words[at].start(), words[at + count - 1].end()
            free = not any(span.start < end and start < span.end for span in spans)
            if free and not (count == 1 and self._refuses(text, start, end)):
                yield Span(start, end, kind, "names")
            at += count

    def _known(self, text: str, words: list[re.Match[str]], at: int) -> tuple[str, int]:
        """Return the type of the name that begins with word `at`, and of how many words it is."""
        if not words[at][0][0].isupper():
            return "", 0
        for count in range(min(self._longest, len(words) - at), 0, -1):
            if text[words[at].start() : words[at + count - 1].end()] in self._places:
                return "LOCATION", count
        if words[at][0] not in self._given:
            return "", 0
        count = 1
        while at + count < len(words) and count < MAX_NAME_WORDS:
            left, right = words[at + count - 1], words[at + count]
            if text[left.end() : right.start()] not in _BETWEEN or not self._is_name(right[0]):
                break
            count += 1
        return "PERSON", count

    def _is_name(self, word: str) -> bool:
        return word[0].isupper() and word.lower() not in self._common


def _from_first_capital(words: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return `words` without those in small letters before the first with a capital, if any has."""
    for at, word in enumerate(words):
        if word[0][0].isupper() or word[0] in PARTICLES:
            return words[at:]
    return words
