"""A text in which spans were replaced, once and again, with the way back to the first offsets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from stream_jobs.redact.spans import Span


@dataclass(frozen=True, slots=True)
class Patched:
    """`text` with all `spans` replaced; `origin[i]` is what its character i comes from."""

    text: str
    origin: Sequence[tuple[int, int]]
    spans: tuple[Span, ...] = ()

    @classmethod
    def whole(cls, text: str) -> Self:
        """Return `text` as it is."""
        return cls(text, [(i, i + 1) for i in range(len(text))])

    def replace(self, spans: Sequence[Span], values: Sequence[str]) -> "Patched":
        """Return this with `spans` (in order, of `text`) replaced by `values`.

        A span that holds the place of an older one takes that in.
        """
        pieces: list[str] = []
        origin: list[tuple[int, int]] = []
        found: list[Span] = []
        at = 0
        for span, value in zip(spans, values, strict=True):
            pieces += (self.text[at : span.start], value)
            place = (self.origin[span.start][0], self.origin[span.end - 1][1])
            origin += self.origin[at : span.start]
            origin += [place] * len(value)
            found.append(Span(*place, span.type, span.layer))
            at = span.end
        pieces.append(self.text[at:])
        origin += self.origin[at:]
        older = [
            span for span in self.spans if not any(n.start <= span.start < n.end for n in found)
        ]
        return Patched("".join(pieces), origin, tuple(sorted([*older, *found])))
