"""What a user adds to the built-in recognisers: own patterns, words beside values, allowed values.

Own patterns run on RE2: none can be made slow by a text. They are data; whoever reads them from
a file says in which line a refused one stands.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import re2

from schemas.errors import ConfigError
from stream_jobs.redact.folding import fold
from stream_jobs.redact.recogniser import Recogniser
from stream_jobs.redact.spans import Layer

TYPE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")

MAX_WORD: Final = 128  # characters of a word on either side of a name in it
_LEFT: Final = re.compile(r"\S*\Z")
_RIGHT: Final = re.compile(r"\S*")
_AROUND: Final = ".,;:!?()[]{}<>\"'"


@dataclass(frozen=True, slots=True)
class OwnPattern:
    """A kind of value: `pattern` is RE2 syntax; the group `value`, if it has one, is the value."""

    name: str
    type: str  # of the label; may be a built-in type
    pattern: str
    words: tuple[str, ...] = ()  # plain words; if any, one must stand beside the value
    layer: Layer = "patterns"

    def recogniser(self) -> Recogniser:
        """Return it compiled; raises ConfigError if it can't work."""
        if not TYPE.fullmatch(self.type):
            raise ConfigError(
                f"type {self.type!r} of {self.name!r}: write capitals, digits and _ (EMPLOYEE_ID)"
            )
        options = re2.Options()
        options.log_errors = False
        try:
            compiled = re2.compile(self.pattern, options)
        except re2.error as error:
            raise ConfigError(f"pattern of {self.name!r} is not RE2 syntax: {error}") from error
        if compiled.search("") is not None:
            raise ConfigError(f"pattern of {self.name!r} matches nothing at all: ask for more")
        return Recogniser(
            self.name, self.type, self.layer, self.pattern, compiled,
            _value if "value" in compiled.groupindex else _all,
            proof="own pattern", words=tuple(plain_word(word) for word in self.words),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extras:
    """What the rules file adds."""

    patterns: tuple[OwnPattern, ...] = ()
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (type, plain words) beside its values
    allow: tuple[str, ...] = ()  # values never redacted by patterns, in any case of letters
    allow_patterns: tuple[str, ...] = ()  # RE2: a value that one of them matches whole

    def recognisers(self, builtin: Iterable[Recogniser]) -> tuple[Recogniser, ...]:
        """Return `builtin` with the extra words, and the own patterns after them.

        Raises ConfigError for a pattern that can't work, a name used twice, or words for a type
        that no word decides about.
        """
        known = tuple(builtin)
        taken = {r.name for r in known}
        for own in self.patterns:
            if own.name in taken:
                raise ConfigError(f"the name {own.name!r} of a pattern is taken; choose another")
            taken.add(own.name)
        for kind, words in self.words:
            if not any(r.type == kind and r.words for r in known):
                can = ", ".join(sorted({r.type for r in known if r.words}))
                raise ConfigError(f"no word decides about {kind!r}; words go to one of {can}")
            extra = tuple(plain_word(word) for word in words)
            known = tuple(r.with_words(extra) if r.type == kind and r.words else r for r in known)
        return known + tuple(own.recogniser() for own in self.patterns)

    def allowed(self) -> "AllowList":
        """Return the allow list, compiled; raises ConfigError for a pattern that can't work."""
        return AllowList(self.allow, self.allow_patterns)


NO_EXTRAS: Final = Extras()


class AllowList:
    """Which values are never redacted."""

    def __init__(self, values: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        self._values = frozenset(_key(value) for value in values)
        options = re2.Options()
        options.log_errors = False
        try:
            self._patterns = [re2.compile(pattern, options) for pattern in patterns]
        except re2.error as error:
            raise ConfigError(f"allow_patterns: not RE2 syntax: {error}") from error

    def __bool__(self) -> bool:
        return bool(self._values or self._patterns)

    def __contains__(self, value: str) -> bool:
        key = _key(value)
        return key in self._values or any(p.fullmatch(value) for p in self._patterns)

    def has_word(self, text: str, start: int, end: int) -> bool:
        """Whether `text[start:end]`, or the word that it is a part of, is on the list."""
        if not self:
            return False
        left = _LEFT.search(text, max(0, start - MAX_WORD), start)
        right = _RIGHT.match(text, end, end + MAX_WORD)
        assert left is not None
        assert right is not None
        return text[start:end] in self or text[left.start() : right.end()].strip(_AROUND) in self


def plain_word(word: str) -> str:
    """Return the pattern for a word or a few, as a person writes them."""
    plain = " ".join(re.split(r"[\s_-]+", fold(word).text.strip().lower()))
    if not plain:
        raise ConfigError("an empty word stands beside everything: leave it out")
    return re.escape(plain).replace("\\ ", " ")


def _key(value: str) -> str:
    return " ".join(fold(value).text.casefold().split())


def _all(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span()


def _value(match: re.Match[str]) -> tuple[int, int] | str:
    found = match.span(match.re.groupindex["value"])
    return found if found[0] >= 0 else "its group `value` is not there"
