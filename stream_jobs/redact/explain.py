"""Why a text is redacted as it is: every candidate, the check that judged it, and its reason.

Runs the same recognisers in the same rounds as redaction does, but keeps what is refused, too.
Nothing of this is paid for when nobody asks.
"""

from dataclasses import dataclass
from typing import Final

from stream_jobs.redact.exempt import exempt
from stream_jobs.redact.scan import Scan, Scanner
from stream_jobs.redact.spans import FILLER, Layer, Span

EXEMPT: Final = "part of a UUID, an ISO time or a hash"
ALLOWED: Final = "on the allow list"
OVERLAPPED: Final = "a longer, surer or earlier find holds it"


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A candidate at `text[start:end]` (code points of the input) and what became of it."""

    start: int
    end: int
    type: str
    layer: Layer
    check: str  # the recogniser's name
    accepted: bool
    reason: str


def explain(text: str, scanner: Scanner, key: str = "") -> list[Candidate]:
    """Return every candidate of the pattern layers, in text order; `key` is the map key above it.

    The accepted ones are exactly the spans that redaction replaces.
    """
    scan = scanner.start(text, key)
    seen: dict[tuple[int, int, str, str], Candidate] = {}
    while True:
        winners = scanner.once(scan.rest)
        taken = {(span.start, span.end, span.type) for span in winners}
        for candidate in _round(scan, scanner, taken):
            place = (candidate.start, candidate.end, candidate.type, candidate.check)
            if candidate.accepted or place not in seen:
                seen[place] = candidate
        if not scan.cut(winners):
            return sorted(seen.values())


def _round(scan: Scan, scanner: Scanner, taken: set[tuple[int, int, str]]) -> list[Candidate]:
    text = scan.rest
    found: list[Candidate] = []
    free = set(taken)  # two recognisers may have found one and the same: the first is named
    for recogniser in scanner.open_for(text):
        for trial in recogniser.trials(text):
            span = Span(trial.start, trial.end, recogniser.type, recogniser.layer)
            reason = trial.refusal or _refusal(scanner, text, span)
            place = (span.start, span.end, span.type)
            accepted = not reason and place in free
            if accepted:
                free.discard(place)
                word = f', beside "{trial.word}"' if trial.word else ""
                reason = recogniser.proof + word
            found.extend(
                Candidate(
                    part.start, part.end, part.type, part.layer, recogniser.name, accepted,
                    reason or OVERLAPPED,
                )
                for part in scan.originals(span)
            )  # fmt: skip
    return found


def _refusal(scanner: Scanner, text: str, span: Span) -> str:
    if exempt(text, span):
        return EXEMPT
    value = text[span.start : span.end].replace(FILLER, "")
    return ALLOWED if value in scanner.allowed else ""
