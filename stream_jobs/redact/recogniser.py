r"""A recogniser: one kind of value, how to see that it may be there, how to find and to check it.

House rules for patterns, so that no text can make them slow: a repetition is bounded or
possessive, starts at a boundary or at a literal, and what follows it can't match what it repeats.

For shapes, which RE2 looks for at every place at once, it is the other way round: what is counted
must be all that it may begin with (`\d{17}`, not `[1-9]\d{16}`), or the automaton has a state for
each choice of places to begin at, 2^17 of them, and falls back to its slow kind.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from stream_jobs.redact.context import (
    BEFORE_CHARACTERS,
    Nearness,
    WordPattern,
    distance,
    word_gate,
    word_pattern,
)
from stream_jobs.redact.spans import Layer, Span

Check = Callable[[re.Match[str]], tuple[int, int] | str]
"""Given a candidate, the part of it that is the value (start, end), or why it is refused."""

_NO_DIGITS: Final = re.compile(r"[^0-9]+")

NO_WORD: Final = "no word beside it says so"


class Trial(NamedTuple):
    """What a recogniser made of `text[start:end]`; `refusal` is empty if it was accepted."""

    start: int
    end: int
    refusal: str
    word: str  # the word beside it that decided, if one did


def whole(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept the group `value` where the pattern has one, else the whole match."""
    return match.span("value") if "value" in match.re.groupindex else match.span()


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Finds the values of one type in a folded text. Stateless."""

    name: str  # unique; what `explain` calls it
    type: str  # as Presidio names it where it has one
    layer: Layer
    shape: str  # RE2: a shape that is in every text that has a match
    pattern: Any  # re.Pattern[str], or an RE2 pattern that behaves like one
    validate: Check = whole
    proof: str = "its shape"  # what acceptance rests on, for people
    words: tuple[str, ...] = ()  # one of these must stand beside a value
    reach: int = BEFORE_CHARACTERS  # how far before a value its word may stand
    doubt: int = 150  # loses against less on the same span; with words it is their distance
    bias: int = 0  # added to the distance of its word: what is checked less speaks less loud
    _near: WordPattern | None = field(init=False, repr=False, compare=False)
    gate: str = field(init=False, repr=False)  # RE2: in every text that has a value

    def __post_init__(self) -> None:
        object.__setattr__(self, "_near", word_pattern(self.words) if self.words else None)
        object.__setattr__(self, "gate", word_gate(self.words) if self.words else self.shape)

    def with_words(self, words: tuple[str, ...]) -> "Recogniser":
        """Return this recogniser, which takes `words` beside a value as well."""
        return replace(self, words=(*self.words, *words))

    def find(self, text: str) -> list[tuple[int, Span]]:
        """Return the doubt and the span of each value in `text`; spans may overlap others'."""
        found = []
        near = None if self._near is None else Nearness(self._near, text, self.reach)
        for match in self.pattern.finditer(text):
            span = self.validate(match)
            if isinstance(span, str):
                continue
            start, end = span
            doubt = self.doubt
            if near is not None:
                beside = near.distance(start, end)
                if beside is None:
                    continue
                doubt = beside[0] + self.bias
            if start < end:
                found.append((doubt, Span(start, end, self.type, self.layer)))
        return found

    def trials(self, text: str) -> Iterator[Trial]:
        """Yield every candidate in `text`, the refused ones too; accepts what `find` does."""
        for match in self.pattern.finditer(text):
            span = self.validate(match)
            if isinstance(span, str):
                start, end = match.span() if match.end() > match.start() else match.span("value")
                yield Trial(start, end, span, "")
            elif span[0] < span[1]:
                yield self._beside(text, *span)

    def _beside(self, text: str, start: int, end: int) -> Trial:
        if self._near is None:
            return Trial(start, end, "", "")
        beside = distance(self._near, text, start, end, self.reach)
        return (
            Trial(start, end, NO_WORD, "") if beside is None else Trial(start, end, "", beside[1])
        )


def before(match: re.Match[str], characters: int) -> str:
    """Return up to `characters` of the text before a candidate, in lower case."""
    start = match.start()
    return match.string[max(0, start - characters) : start].lower()


def digits(text: str) -> str:
    """Return the ASCII digits of `text`."""
    return _NO_DIGITS.sub("", text)
