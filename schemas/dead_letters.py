"""The dead letter of a record: where it lies and why it was set aside, never what it says."""

from typing import Any

from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.errors import SkippableError
from schemas.ids import dead_letter_id


def dead_letter(
    stage: str,
    source: tuple[str, int, int],
    error: SkippableError,
    now_ms: int,
    schema_id: int | None = None,
) -> dict[str, Any]:
    """Return the DeadLetter of the record at `source` (full topic name, partition, offset)."""
    topic, partition, offset = source
    return {
        "dead_letter_id": dead_letter_id(stage, topic, partition, offset),
        "stage": stage,
        "reason": error.reason,
        "detail": error.detail,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "schema_id": schema_id,
        "event_time": now_ms,
    }


def dead_letter_body(record: dict[str, Any], schema_id: int) -> bytes:
    """Return `record` (a DeadLetter) in the wire format."""
    return frame(schema_id, encode(parsed("DeadLetter"), record))
