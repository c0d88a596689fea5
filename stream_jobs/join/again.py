"""An inference that was read before a restart: it was whole then, and only refills memory."""

from typing import NamedTuple

from schemas.catalog import head
from schemas.codec import PREFIX_BYTES, decode_head, schema_id
from schemas.topics import INFERENCE_REDACTED
from stream_jobs.join.heads import current
from stream_jobs.join.keys import key_in
from stream_jobs.stage import Inbound, SchemaOf


class Again(NamedTuple):
    """What is remembered of it: the arguments of `Answers.keep`."""

    key: str
    session_key: str
    event_time: int
    arrival_ms: int
    offset: int
    body: bytes


def read_again(record: Inbound, schema_of: SchemaOf) -> Again:
    """Return an inference that `heads.read` has returned before; of its head the keys are read."""
    body = record.value
    assert body is not None
    payload = current(INFERENCE_REDACTED.name, body[PREFIX_BYTES:], schema_id(body), schema_of)
    fields = decode_head(head("Inference", "event_time"), payload)
    tenant_id = fields["tenant_id"]
    return Again(
        key_in(tenant_id, fields["inference_id"]),
        key_in(tenant_id, fields["session_id"]),
        fields["event_time"],
        record.timestamp,
        record.offset,
        payload,
    )
