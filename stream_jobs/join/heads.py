"""From a record of a redacted topic to what the join keeps of it: a head, and bytes to pass on.

Texts are looked at, not kept: a record that ends too early or too late would spoil the `enriched`
in which its bytes are nested. A record of another schema version is brought to ours first.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from schemas.catalog import definition, head, parsed
from schemas.codec import (
    PREFIX_BYTES,
    decode,
    decode_head_to,
    encode,
    resolve,
    schema_id,
)
from schemas.errors import UndecodableRecord
from schemas.topics import (
    CONTROL_HEADER,
    FEEDBACK_REDACTED,
    INFERENCE_REDACTED,
    INTERACTION_REDACTED,
    REDACTIONS_HEADER,
)
from stream_jobs.join.lengths import lengths
from stream_jobs.stage import Headers, Inbound, SchemaOf

RECORD_OF: Final = {
    INFERENCE_REDACTED.name: "Inference",
    FEEDBACK_REDACTED.name: "Feedback",
    INTERACTION_REDACTED.name: "Interaction",
}
LAST_OF_HEAD: Final = {
    "Inference": "retrieved",
    "Feedback": "retracts",
    "Interaction": "value",
}


class Event(NamedTuple):
    """One record: where it lies, its head (fields by name) and its whole Avro body, our version."""

    topic: str
    offset: int
    arrival_ms: int
    head: dict[str, Any]  # of an inference also `prompt_bytes` and `response_bytes`
    body: bytes
    redactions: dict[str, int] | None
    size: int  # bytes as read


@dataclass(frozen=True)
class Control:
    """A control record: `id` is the same in every topic it was sent to."""

    topic: str
    offset: int
    id: str
    size: int = 0


@dataclass(frozen=True)
class Broken:
    """A record that can't be read."""

    topic: str
    offset: int
    error: UndecodableRecord
    schema_id: int | None
    size: int


def head_schema(name: str) -> Any:
    """Return the prefix of our version of record `name` that the join reads."""
    return head(name, LAST_OF_HEAD[name])


def read(topic: str, record: Inbound, schema_of: SchemaOf) -> Event | Control | Broken:
    """Return what `record` of `topic` is to the join."""
    body = record.value
    if body is None and (control := _control(record.headers)) is not None:
        return Control(topic, record.offset, (record.key or control).decode("utf-8", "replace"))
    number: int | None = None
    try:
        number = schema_id(body)
        assert body is not None
        payload = current(topic, body[PREFIX_BYTES:], number, schema_of)
        fields = _HEAD_OF.get(topic, _signal)(topic, payload)
    except UndecodableRecord as error:
        return Broken(topic, record.offset, error, number, len(body or b""))
    redactions = _redactions(record.headers) if record.headers else None
    return Event(topic, record.offset, record.timestamp, fields, payload, redactions, len(body))


def _inference(_: str, payload: bytes) -> dict[str, Any]:
    fields, end = decode_head_to(head_schema("Inference"), payload)
    fields["prompt_bytes"], fields["response_bytes"] = lengths(payload, end)
    return fields


def _signal(topic: str, payload: bytes) -> dict[str, Any]:
    """Return the head of a signal; all of it is read, as it will be nested."""
    fields = decode(parsed(RECORD_OF[topic]), payload)
    for name in _texts(RECORD_OF[topic]):
        del fields[name]
    return fields


_HEAD_OF: Final = {INFERENCE_REDACTED.name: _inference}


@cache
def _texts(name: str) -> tuple[str, ...]:
    """Return the fields of a record that come after its head."""
    fields = [field["name"] for field in definition(name)["fields"]]
    return tuple(fields[fields.index(LAST_OF_HEAD[name]) + 1 :])


def current(topic: str, payload: bytes, number: int, schema_of: SchemaOf) -> bytes:
    """Return `payload`, written with schema `number`, in our version. Raises UndecodableRecord."""
    writer = schema_of(number)
    name = RECORD_OF[topic]
    if writer.name != name:
        raise UndecodableRecord("wrong_schema", f"schema {number} is a {writer.name} in {topic}")
    if writer.current:
        return payload
    decode(writer.parsed, payload)  # refuses trailing bytes, which `resolve` can't see
    return encode(parsed(name), resolve(writer.parsed, parsed(name), payload))


def _control(headers: Headers) -> bytes | None:
    return next((value for name, value in headers if name == CONTROL_HEADER), None)


def _redactions(headers: Headers) -> dict[str, int] | None:
    text = next((value for name, value in headers if name == REDACTIONS_HEADER), None)
    if text is None:
        return None
    try:
        counts = json.loads(text)
        return {str(kind): int(count) for kind, count in counts.items()}
    except (ValueError, AttributeError, TypeError):
        return None  # a header of somebody else's making: the record itself is what counts
