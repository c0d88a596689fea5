"""An event on its way to Kafka: checked, encoded, with its topic and key; pure.

The schema id is put in front when it is known (`framed`): a client that has not reached the
registry yet can check, encode and count the bytes of an event all the same.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.catalog import parsed
from schemas.codec import PREFIX_BYTES, encode, frame
from schemas.errors import InvalidRecord
from schemas.records import TYPES, check_event
from schemas.settings import StageSettings
from schemas.topics import Topic

_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    kind: {
        field.name: field.default
        for field in msgspec.structs.fields(record)
        if isinstance(field.default, str)
    }
    for kind, (record, _) in TYPES.items()
}
"""What a sender may leave out though the Avro schema has no default for it, e.g. `status`."""

LONE_SURROGATE: Final = (
    "a text holds a lone surrogate (\\ud800 to \\udfff, half of a character), which UTF-8 can't "
    "store; send whole characters, or cut texts between characters and not between UTF-16 units"
)
"""Why such a text is refused, wherever it comes in."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event: `body` is its Avro body without the schema id, `key` its session_id."""

    topic: Topic
    event_id: str  # the inference_id of an inference
    key: bytes
    body: bytes

    @property
    def size(self) -> int:
        """Return the bytes of key and value on Kafka."""
        return len(self.key) + PREFIX_BYTES + len(self.body)

    def framed(self, ids: dict[str, int]) -> bytes:
        """Return the Kafka value; `ids` is {topic name without prefix: schema id}."""
        return frame(ids[self.topic.name], self.body)


def seal(kind: str, fields: dict[str, Any], limits: StageSettings, now_ms: int) -> Envelope:
    """Return the envelope of the event `fields` of type `kind` (inference, feedback, …).

    Raises InvalidRecord (`invalid`, `future_event_time`, `too_large`); values are not quoted.
    """
    check_event(kind, fields, now_ms, limits.future_bound_ms)
    topic = TYPES[kind][1]
    body = _encode(topic, {**_DEFAULTS[kind], **fields})
    size = PREFIX_BYTES + len(body)
    if size > limits.max_record_bytes:
        raise InvalidRecord(
            "too_large",
            f"the record takes {size} bytes, the limit is {limits.max_record_bytes}; "
            "shorten messages, response or comment",
        )
    event_id = fields["inference_id" if kind == "inference" else "event_id"]
    return Envelope(topic, event_id, fields["session_id"].encode(), body)


def _encode(topic: Topic, fields: dict[str, Any]) -> bytes:
    assert topic.schema is not None
    try:
        return encode(parsed(topic.schema), fields)
    except UnicodeEncodeError:
        raise InvalidRecord("invalid", LONE_SURROGATE) from None
    except (ValueError, TypeError, OverflowError, KeyError, AttributeError) as error:
        # The text of the error may quote a value: only its type goes on.
        raise InvalidRecord(
            "invalid", f"doesn't fit the schema {topic.schema} ({type(error).__name__})"
        ) from None
