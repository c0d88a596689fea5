"""Redaction as a filter: one JSON string a line in, one JSON object a line out, as they come."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final, TextIO

from stream_jobs.redact.spans import Span

CHUNK_BYTES: Final = 1 << 16
BATCH_LINES: Final = 512
BAD_LINE: Final = "not a JSON string"

Redact = Callable[[Sequence[str]], list[tuple[str, list[Span]]]]
More = Callable[[str, Sequence[Span]], dict[str, Any]]


def answer_lines(redact: Redact, more: More, source: BinaryIO, out: TextIO) -> int:
    """Answer each line of `source` on `out`; return how many were no JSON string.

    Those are answered in their place with {"error", "line"}, and told on standard error too,
    never quoted. `more` gives further fields for a text and its spans. All that is there is
    answered before more is waited for.
    """
    failed = number = 0
    for lines in ready_lines(source):
        for start in range(0, len(lines), BATCH_LINES):
            batch = lines[start : start + BATCH_LINES]
            texts = [_text_of(line) for line in batch]
            results = iter(redact([text for text in texts if text is not None]))
            for text in texts:
                number += 1
                if text is None:
                    failed += 1
                    told = json.dumps({"error": BAD_LINE, "line": number})
                    print(told, file=sys.stderr, flush=True)
                else:
                    redacted, spans = next(results)
                    told = json.dumps(answer(redacted, spans) | more(text, spans))
                out.write(told + "\n")
        out.flush()
    return failed


def answer(redacted: str, spans: Sequence[Span]) -> dict[str, Any]:
    """Return the answer for one text; offsets count code points of the input."""
    found = [
        {"start": span.start, "end": span.end, "type": span.type, "layer": span.layer}
        for span in spans
    ]
    return {"text": redacted, "spans": found}


def ready_lines(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the whole lines of `source` as they come: a caller may wait for each answer."""
    pieces: list[bytes] = []  # of a line that goes on
    while chunk := os.read(source.fileno(), CHUNK_BYTES):
        first, newline, others = chunk.partition(b"\n")
        pieces.append(first)
        if newline:
            *lines, last = others.split(b"\n")
            yield [b"".join(pieces), *lines]
            pieces = [last]
    rest = b"".join(pieces)
    if rest:
        yield [rest]


def _text_of(line: bytes) -> str | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # UnicodeDecodeError too
        return None
    return value if isinstance(value, str) else None
