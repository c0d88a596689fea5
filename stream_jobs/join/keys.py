"""Keys of what the join remembers: an id is unique within its tenant."""

from typing import Final

from stream_jobs.join.heads import Event

SEPARATOR: Final = "\x1f"


def key_in(tenant_id: str, id_: str | None) -> str:
    """Return the key of an id of a tenant."""
    return f"{tenant_id}{SEPARATOR}{id_ or ''}"


def parts(key: str) -> tuple[str, str]:
    """Return (tenant_id, id) of a key."""
    tenant_id, _, id_ = key.partition(SEPARATOR)
    return tenant_id, id_


def signal_key(event: Event) -> str:
    """Return the key of a signal."""
    return key_in(event.head["tenant_id"], event.head["event_id"])


def target_key(event: Event) -> str:
    """Return the key of the signal that a retract takes back."""
    return key_in(event.head["tenant_id"], event.head["retracts"])


def inference_key(event: Event) -> str:
    """Return the key of the inference that an event is, or is about."""
    return key_in(event.head["tenant_id"], event.head["inference_id"])


def session_key(event: Event) -> str:
    """Return the key of an event's session."""
    return key_in(event.head["tenant_id"], event.head["session_id"])
