"""Spans of secrets and patterns in one text, found again and again until nothing is left.

What is found is cut out and the rest is scanned once more: a value can hide behind another one,
and the redacted text must not hold anything that a second redaction would find. Labels and cut
spans count as one character that no pattern matches, so the last scan here is exactly the scan
that a second redaction would begin with.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stream_jobs.redact.exempt import ALWAYS_CLAIMED, exempt_ranges
from stream_jobs.redact.folding import Folded, fold
from stream_jobs.redact.gate import Gate
from stream_jobs.redact.labels import LABEL
from stream_jobs.redact.recogniser import Recogniser
from stream_jobs.redact.registry import RECOGNISERS
from stream_jobs.redact.spans import Span, resolve

FILLER: Final = "\ufffc"  # object replacement character: stands for a label or a cut span


class Scan:
    """One text on its way: its folded form and the spans cut out of it so far."""

    def __init__(self, text: str, labels: re.Pattern[str] = LABEL) -> None:
        self._folded: Folded = fold(text)
        folded = self._folded.text
        self._cuts = [m.span() for m in labels.finditer(folded)] if "<" in folded else []
        self._spans: list[Span] = []
        self._starts: list[int] = []  # of the kept pieces, in the rest
        self._sources: list[int] = []  # of the same pieces, in the folded text
        self.rest = folded  # the folded text without labels and spans
        if self._cuts:
            self._collapse()

    def cut(self, found: Iterable[Span]) -> bool:
        """Take `found` (offsets in `rest`, not overlapping) out; return whether there was any."""
        taken = [self._in_folded(part) for span in found for part in self._around_filler(span)]
        if not taken:
            return False
        self._spans.extend(taken)
        self._cuts = sorted([*self._cuts, *((s.start, s.end) for s in taken)])
        self._collapse()
        return True

    def spans(self) -> list[Span]:
        """Return what was cut out, in text order, with offsets of the original text."""
        return sorted(
            Span(*self._folded.original(s.start, s.end), s.type, s.layer) for s in self._spans
        )

    def _around_filler(self, span: Span) -> Iterator[Span]:
        start = span.start
        for part in self.rest[span.start : span.end].split(FILLER):
            if part:
                yield span._replace(start=start, end=start + len(part))
            start += len(part) + 1

    def _collapse(self) -> None:
        folded, pieces, at, length = self._folded.text, [], 0, 0
        self._starts, self._sources = [], []
        for start, end in (*self._cuts, (len(folded), len(folded))):
            self._starts.append(length)
            self._sources.append(at)
            pieces.append(folded[at:start])
            length += start - at + 1
            at = end
        self.rest = FILLER.join(pieces)

    def _in_folded(self, span: Span) -> Span:
        if not self._starts:
            return span
        piece = bisect_right(self._starts, span.start) - 1
        shift = self._sources[piece] - self._starts[piece]
        return span._replace(start=span.start + shift, end=span.end + shift)


class Scanner:
    """Finds secrets and patterns. Stateless once built."""

    def __init__(self, recognisers: Sequence[Recogniser] = RECOGNISERS) -> None:
        self._gate = Gate(recognisers)

    def exhaust(self, scan: Scan) -> bool:
        """Cut everything that the recognisers find out of `scan`; return whether there was any."""
        found = False
        while scan.cut(self.once(scan.rest)):
            found = True
        return found

    def once(self, text: str) -> list[Span]:
        """Return what one pass finds in a folded `text`: no overlaps, in order."""
        recognisers, exemptions = self._gate.open_for(text)
        if not recognisers:
            return []
        candidates = [span for recogniser in recognisers for span in recogniser.find(text)]
        if candidates and exemptions:
            exempt = exempt_ranges(text)
            candidates = [span for span in candidates if not _exempt(span, exempt)]
        return resolve(candidates)


def _exempt(span: Span, ranges: list[tuple[int, int]]) -> bool:
    if span.layer == "secrets" or span.type in ALWAYS_CLAIMED:
        return False
    return any(span.start < end and start < span.end for start, end in ranges)
