"""Deterministic ids: the same inputs give the same id, so a repeat is the same record."""

import uuid
from typing import Final

NAMESPACE: Final = uuid.UUID("6f1d8a52-7c1e-5b5e-9a0a-0f3d6c2b4e71")


def derive(kind: str, *parts: object) -> str:
    """Return the UUIDv5 of `kind` and `parts`, joined by an unambiguous separator."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join((kind, *map(str, parts)))))


def enriched_id(tenant_id: str, event_id: str) -> str:
    """Return the id of the enriched record of a signal."""
    return derive("enriched", tenant_id, event_id)


def abandonment_id(tenant_id: str, session_id: str, inference_id: str) -> str:
    """Return the event_id of the abandonment of a session after `inference_id`."""
    return derive("abandonment", tenant_id, session_id, inference_id)


def dead_letter_id(stage: str, topic: str, partition: int, offset: int) -> str:
    """Return the id of the dead letter of one source record."""
    return derive("dead-letter", stage, topic, partition, offset)
