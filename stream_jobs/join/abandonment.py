"""The interaction that a session's silence stands for; pure."""

from typing import Any

from schemas.catalog import parsed
from schemas.codec import encode
from schemas.ids import abandonment_id
from schemas.topics import INTERACTION_REDACTED
from stream_jobs.join.heads import Event

DERIVED: int = -1
"""The offset of an event that lies in no topic."""


def abandonment(about: dict[str, Any], gap_ms: int, arrival_ms: int) -> Event:
    """Return the derived Interaction of a session that ended with inference `about` (its head).

    It is dated when the gap had passed; its id follows from the session and the inference.
    """
    tenant_id, session_id, inference_id = (
        about[name] for name in ("tenant_id", "session_id", "inference_id")
    )
    interaction = {
        "event_id": abandonment_id(tenant_id, session_id, inference_id),
        "inference_id": inference_id,
        "session_id": session_id,
        "user_id": about["user_id"],
        "tenant_id": tenant_id,
        "event_time": about["event_time"] + gap_ms,
        "kind": "abandonment",
        "value": None,
        "target": None,
        "edited_text": None,
    }
    body = encode(parsed("Interaction"), interaction)
    return Event(INTERACTION_REDACTED.name, DERIVED, arrival_ms, interaction, body, None, 0)
