"""A recogniser: one kind of value, how to see that it may be there, how to find and to check it.

House rules for patterns, so that no text can make them slow: a repetition is bounded or
possessive, starts at a boundary or at a literal, and what follows it can't match what it repeats.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stream_jobs.redact.spans import Layer, Span

Check = Callable[[re.Match[str]], tuple[int, int] | None]
"""Given a candidate, the part of it that is the value (start, end), or None to refuse it."""


def whole(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the group `value` where the pattern has one, else the whole match."""
    return match.span("value") if "value" in match.re.groupindex else match.span()


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Finds the values of one type in a folded text. Stateless."""

    name: str  # unique; what `explain` calls it
    type: str  # as Presidio names it where it has one
    layer: Layer
    gate: str  # RE2: a shape that is in every text that has a match
    pattern: re.Pattern[str]
    validate: Check = whole

    def find(self, text: str) -> Iterator[Span]:
        """Yield the spans in `text`; they may overlap those of other recognisers."""
        for match in self.pattern.finditer(text):
            found = self.validate(match)
            if found is not None and found[0] < found[1]:
                yield Span(found[0], found[1], self.type, self.layer)


def before(match: re.Match[str], characters: int) -> str:
    """Return up to `characters` of the text before a candidate, in lower case."""
    start = match.start()
    return match.string[max(0, start - characters) : start].lower()


def digits(text: str) -> str:
    """Return the ASCII digits of `text`."""
    return "".join(c for c in text if "0" <= c <= "9")
