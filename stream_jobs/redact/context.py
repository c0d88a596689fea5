"""What stands beside a value and says what it is: words before it, a table's header, a few after.

Words are looked for in plain lower case with `_`, `-` and humps of camelCase read as spaces, so
`socialSecurityNumber`, `social_security` and `Social Security` are one.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from stream_jobs.redact.folding import unaccented
from stream_jobs.redact.spans import FILLER
from stream_jobs.redact.tables import header_of

BEFORE_CHARACTERS: Final = 48
"""How far before a value its word may stand."""
AFTER_CHARACTERS: Final = 56

WORD_CHARACTERS: Final = 32  # the longest words themselves

SAME_LINE: Final = 12
"""Characters that may follow a word in its line if the value stands in a later one."""
NEXT_LINE: Final = 24
"""Characters that may stand before a value in its line if the word stands in an earlier one."""

_TAG: Final = re.compile(r"<(?:/[^<>]{0,60}|(?P<name>[^\W\d_][\w.-]{0,40})?[^<>]{0,120})>")
_QUOTE: Final = re.compile(r"\"|'(?![A-Za-z])|(?<![A-Za-z])'")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_AFTER: Final = (
    r"^[\"']?(?: ?\(|\)? (?:is|was|are|being|as)\b|,? which is\b"
    r"|[.,;]? (?:that|this|it)(?: is| was|'s)\b)"
    r"(?: (?:my|your|his|her|their|our|the|a|an))?(?: [a-z']{1,12}){0,2}? ?"
)

_ONE_DIGIT: Final = str.maketrans("123456789", "0" * 9)
_DIGIT_IN_WORD: Final = re.compile(r"\d|\\[dw]")


class WordPattern(NamedTuple):
    """Finds any of some words before, and in a few turns of speech after a value."""

    before: re.Pattern[str]
    after: re.Pattern[str]


@lru_cache(maxsize=512)
def word_pattern(words: tuple[str, ...]) -> WordPattern:
    """Return what finds `words` (plain lower case; `x|y`, `?` and `[ab]` as in patterns)."""
    any_word = "|".join(unaccented(word) for word in words)
    return WordPattern(
        re.compile(rf"(?<![a-z])(?:{any_word})(?![a-z])"),
        re.compile(rf"{_AFTER}(?:{any_word})(?![a-z])"),
    )


def word_gate(words: Iterable[str]) -> str:
    """Return, for RE2, a shape in every unaccented text in which one of `words` can be found."""
    spread = [unaccented(word).replace(" ", "[ _-]?") for word in words]
    humps = [word[0].upper() + word[1:] for word in spread if word[0].isalpha()]
    low = rf"(?:^|[^A-Za-z])(?i:{'|'.join(spread)})(?:[^a-z]|$)"
    return rf"{low}|[a-z](?:{'|'.join(humps)})(?:[^a-z]|$)" if humps else low


def plain(text: str) -> str:
    """Return `text` as words are looked for in it."""
    if "<" in text:
        text = _TAG.sub(r" \g<name> ", text)
    if '"' in text or "'" in text:
        text = _QUOTE.sub(" ", text)
    return _HUMP.sub(" ", unaccented(text)).lower().replace("_", " ").replace("-", " ")


def _reaches(between: str) -> bool:
    """Whether a word speaks for a value with `between` between them: not across other lines."""
    if "\n\n" in between and len(between.partition("\n\n")[2].strip()) > 2:
        return False
    first, newline, rest = between.partition("\n")
    if not newline:
        return True
    if FILLER in first or any(c.isalnum() for c in rest.rpartition("\n")[0]):
        return False
    short = len(first.strip()) <= SAME_LINE and len(rest.strip()) <= NEXT_LINE
    return short or first.endswith(":")


def distance(
    words: WordPattern, text: str, start: int, end: int, reach: int = BEFORE_CHARACTERS
) -> tuple[int, str] | None:
    """Return how far from `text[start:end]` the nearest of `words` stands, and that word."""
    room = reach + WORD_CHARACTERS
    near = plain(text[max(0, start - 3 * room) : start])[-room:]
    last = None
    for last in words.before.finditer(near):  # noqa: B007 - the last one is meant
        pass
    if last is not None and len(near) - last.end() <= reach and _reaches(near[last.end() :]):
        other = "\n" in near[last.end() :] and header_of(text, start)
        if not other or words.before.search(plain(other)):
            return len(near) - last.end() + 1, last.group()
    after = words.after.match(plain(text[end : end + AFTER_CHARACTERS]))
    if after is not None:
        return BEFORE_CHARACTERS + after.end(), after.group().rpartition(" ")[2]
    header = header_of(text, start)
    found = words.before.search(plain(header)) if header else None
    return None if found is None else (2 * BEFORE_CHARACTERS, found.group())


class Nearness:
    """`distance` for the many values of one text: the same surroundings are looked at once.

    Surroundings that differ in digits alone are the same, unless a word has digits in it.
    """

    def __init__(self, words: WordPattern, text: str, reach: int) -> None:
        self._words, self._text, self._reach = words, text, reach
        self._room = 3 * (reach + WORD_CHARACTERS)
        self._digits = _DIGIT_IN_WORD.search(words.before.pattern) is not None
        self._known: dict[tuple[str, str, str], tuple[int, str] | None] = {}

    def distance(self, start: int, end: int) -> tuple[int, str] | None:
        """Return what `distance` returns for `text[start:end]`."""
        text = self._text
        before = text[max(0, start - self._room) : start]
        after = text[end : end + AFTER_CHARACTERS]
        if not self._digits:
            before, after = before.translate(_ONE_DIGIT), after.translate(_ONE_DIGIT)
        place = before, after, header_of(text, start)
        if place not in self._known:
            self._known[place] = distance(self._words, text, start, end, self._reach)
        return self._known[place]
