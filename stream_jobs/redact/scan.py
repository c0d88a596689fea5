"""Spans of secrets and patterns in one text, found again and again until nothing is left.

What is found is cut out and the rest is scanned once more: a value can hide behind another one,
and the redacted text must not hold anything that a second redaction would find. Labels and cut
spans count as one character that no pattern matches, so the last scan here is exactly the scan
that a second redaction would begin with.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from stream_jobs.redact.exempt import exempt_ranges, is_exempt
from stream_jobs.redact.folding import Folded, fold, unaccented
from stream_jobs.redact.gate import Gate
from stream_jobs.redact.labels import LABEL
from stream_jobs.redact.own import NO_EXTRAS, Extras
from stream_jobs.redact.recogniser import Recogniser
from stream_jobs.redact.registry import RECOGNISERS
from stream_jobs.redact.spans import FILLER, Span, resolve

PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z _.-]{0,39}")
"""A map key that can be nothing but a name of what its value is; others are no context."""

MAX_KEYS: Final = 4096
"""Keys remembered as telling or not; unknown keys must not fill memory."""


MAX_WORK: Final = 16
"""Passes over a long text before it is given up: in no text of people's do values hide so deep."""
FREE_WORK: Final = 100_000  # characters that may be scanned on top of that


class Endless(Exception):
    """A text gives way one value at a time; its scan would take quadratic time."""


class Scan:
    """One text on its way: its folded form and the spans cut out of it so far."""

    def __init__(self, text: str, key: str = "", labels: re.Pattern[str] = LABEL) -> None:
        """Start on `text`; what is found beside `key`, the map key above it, is found here too."""
        lead = f"{key}: " if key else ""
        self._key = len(lead)
        self._folded: Folded = fold(lead + text)
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
        if FILLER in self.rest:
            parts = (part for span in found for part in self._around_filler(span))
            taken = [self._in_folded(part) for part in parts]
        else:
            taken = list(found)
        if self._key:
            taken = [span for span in taken if span.start >= self._key]
        if not taken:
            return False
        self._spans.extend(taken)
        self._cuts = sorted([*self._cuts, *((s.start, s.end) for s in taken)])
        self._collapse()
        return True

    def spans(self) -> list[Span]:
        """Return what was cut out, in text order, with offsets of the original text."""
        if self._folded.starts is None and not self._key:
            return sorted(self._spans)
        return sorted(self._original(span) for span in self._spans)

    def originals(self, span: Span) -> list[Span]:
        """Return where `span` (offsets in `rest`) lies in the original text; in parts, if cut."""
        parts = (self._in_folded(part) for part in self._around_filler(span))
        return [self._original(part) for part in parts if part.start >= self._key]

    def _original(self, span: Span) -> Span:
        start, end = self._folded.original(span.start, span.end)
        return Span(start - self._key, end - self._key, span.type, span.layer)

    def _around_filler(self, span: Span) -> list[Span]:
        if self.rest.find(FILLER, span.start, span.end) < 0:
            return [span]
        parts, start = [], span.start
        for part in self.rest[span.start : span.end].split(FILLER):
            if part:
                parts.append(span._replace(start=start, end=start + len(part)))
            start += len(part) + 1
        return parts

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
    """Finds secrets and patterns. Stateless once built but for what it remembers of keys.

    Raises ConfigError if what `extras` adds can't work.
    """

    def __init__(
        self,
        recognisers: Sequence[Recogniser] = RECOGNISERS,
        extras: Extras = NO_EXTRAS,
        labels: re.Pattern[str] = LABEL,
        kept: Collection[str] = (),
    ) -> None:
        """Look for all types but those `kept`, and see `labels` as what was redacted before."""
        wanted = [r for r in extras.recognisers(recognisers) if r.type not in kept]
        self._gate = Gate(wanted)
        self._labels = labels
        self.allowed = extras.allowed()
        self._telling: dict[str, bool] = {}  # whether a key can be context

    def start(self, text: str, key: str = "") -> Scan:
        """Return the scan of `text`, beside its `key` if that can say what a value is."""
        if key and key not in self._telling:
            if len(self._telling) >= MAX_KEYS:
                self._telling.clear()
            plain = PLAIN_KEY.fullmatch(key) is not None
            self._telling[key] = plain and bool(self.open_for(f"{key}: "))
        return Scan(text, key if key and self._telling[key] else "", self._labels)

    def exhaust(self, scan: Scan) -> bool:
        """Cut everything that the recognisers find out of `scan`; return whether there was any.

        Raises Endless when that takes too many passes.
        """
        found, left = False, MAX_WORK * len(scan.rest) + FREE_WORK
        while scan.cut(self.once(scan.rest)):
            found = True
            left -= len(scan.rest)
            if left < 0:
                raise Endless
        return found

    def once(self, text: str) -> list[Span]:
        """Return what one pass finds in a folded `text`: no overlaps, in order."""
        recognisers, exemptions = self._gate.open_for(unaccented(text))
        if not recognisers:
            return []
        found = [find for recogniser in recognisers for find in recogniser.find(text)]
        if len(found) > 1:
            found.sort(key=_doubt)  # of two finds of one span the less doubtful one comes first
        candidates = [span for _, span in found]
        if candidates and exemptions:
            ranges = exempt_ranges(text)
            candidates = [span for span in candidates if not is_exempt(span, ranges)]
        if candidates and self.allowed:
            candidates = [s for s in candidates if text[s.start : s.end] not in self.allowed]
        return resolve(candidates)

    def open_for(self, text: str) -> list[Recogniser]:
        """Return the recognisers that may find something in a folded `text`."""
        return self._gate.open_for(unaccented(text))[0]


def _doubt(find: tuple[int, Span]) -> int:
    return find[0]
