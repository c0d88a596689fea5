"""Events as lines of JSON: each line gives an envelope, or its number and what is wrong; pure.

One event a line, as an object with "type" and the fields of its record (docs/events.md). Blank
lines at the end of the input are no lines; blank lines before are reported. No reason quotes a
value: it may be personal.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from producers.chunks import Line, lines
from producers.envelope import LONE_SURROGATE, Envelope, seal
from schemas.errors import InvalidRecord
from schemas.records import TYPES
from schemas.settings import StageSettings

ESCAPED: Final = 8  # a line may be this many times the record's limit: \\u0001 is one byte in Avro
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_TYPES: Final = ", ".join(f'"{name}"' for name in TYPES)
_decode: Final = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no valid event. `number` counts from 1."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


def read_events(
    chunks: Iterable[bytes], limits: StageSettings, now_ms: Callable[[], int]
) -> Iterator[Envelope | BadLine]:
    """Yield an envelope or a BadLine for each line of `chunks`, in order."""
    longest = ESCAPED * limits.max_record_bytes
    blank: list[int] = []  # bad only if something follows
    for number, line in enumerate(lines(chunks, longest), 1):
        if line is not None and not line.strip():
            blank.append(number)
            continue
        yield from (BadLine(n, "empty; remove the line") for n in blank)
        blank.clear()
        yield _read(number, line, limits, now_ms())


def _read(number: int, line: Line, limits: StageSettings, now_ms: int) -> Envelope | BadLine:
    if line is None:
        limit = ESCAPED * limits.max_record_bytes
        return BadLine(
            number,
            f"too_large: longer than {limit} bytes; a record may take {limits.max_record_bytes}: "
            "shorten messages, response or comment",
        )
    try:
        kind, fields = parse_line(line)
        return seal(kind, fields, limits, now_ms)
    except InvalidRecord as error:
        return BadLine(number, error.detail if error.reason == "invalid" else str(error))


def parse_line(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return (type, fields) of one line; the fields are not checked yet. Raises InvalidRecord."""
    try:
        fields = _decode(line)
    except UnicodeDecodeError as error:
        raise InvalidRecord(
            "invalid", f"not UTF-8 ({error.reason} in a text); save the file as UTF-8"
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRecord("invalid", _why_not_json(line, error)) from None
    if not isinstance(fields, dict):
        raise InvalidRecord("invalid", "not a JSON object; write each event as {…} on one line")
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in TYPES:
        problem = 'no "type"' if kind is None else 'unknown "type"'
        raise InvalidRecord("invalid", f"{problem}; expected one of {_TYPES}")
    return kind, fields


def _why_not_json(line: bytes, error: Exception) -> str:
    # msgspec calls half a surrogate pair "truncated" or "malformed"; the standard library takes it.
    if _SURROGATE.search(line) and _is_loose_json(line):
        return LONE_SURROGATE
    what = str(error).removeprefix("JSON is malformed: ")
    return f"not JSON ({what}); write each event as one JSON object on one line"


def _is_loose_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
