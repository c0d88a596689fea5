"""What is made of digits and is nobody's: UUIDs, ISO times, hashes. No pattern may claim a part.

Secrets are looked for all the same: a hash can be a password.
"""

import re
from bisect import bisect_right
from typing import Final

from stream_jobs.redact.spans import Span

ALWAYS_CLAIMED: Final = frozenset(("DATE_OF_BIRTH",))
"""Types that an ISO date may well be: a word beside it said so."""

EXEMPT_GATE: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-|\d{4}-\d\d-\d\d|[0-9A-Fa-f]{31}"

EXEMPT: Final = re.compile(
    r"(?<![A-Za-z0-9])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    r"(?![A-Za-z0-9])"
    r"|(?<![\w.-])(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])"
    r"|(?<![A-Za-z0-9])(?=[0-9A-Fa-f]{0,63}[A-Fa-f])"
    r"(?:[0-9A-Fa-f]{128}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{56}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})"
    r"(?![A-Za-z0-9])"
)


def exempt(text: str, span: Span) -> bool:
    """Whether no pattern may claim `span`; the slow way, for one span."""
    return is_exempt(span, exempt_ranges(text))


def is_exempt(span: Span, ranges: list[tuple[int, int]]) -> bool:
    """Whether `span` touches one of `ranges` (exempt, in order) and its type gives way to them."""
    if span.layer == "secrets" or span.type in ALWAYS_CLAIMED:
        return False
    place = bisect_right(ranges, span.start, key=lambda part: part[1])  # the first to end later
    return place < len(ranges) and ranges[place][0] < span.end


def exempt_ranges(text: str) -> list[tuple[int, int]]:
    """Return where `text` holds UUIDs, ISO dates and times, or hexadecimal hashes."""
    return [match.span() for match in EXEMPT.finditer(text)]
