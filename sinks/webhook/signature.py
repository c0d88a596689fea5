"""Headers that tell the receiver who sent a body, when, and whether it has it already; pure."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

SIGNATURE: Final = "Feedloop-Signature"
TIMESTAMP: Final = "Feedloop-Timestamp"
IDEMPOTENCY: Final = "Idempotency-Key"


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """Return `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>` under the secret."""
    signed = str(timestamp_s).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers(
    action: Mapping[str, Any], body: bytes, timestamp_s: int, *, secret: str, token: str
) -> dict[str, str]:
    """Return the headers of one delivery; unsigned without a secret."""
    made = {
        "Content-Type": "application/json",
        "User-Agent": "feedloop",
        IDEMPOTENCY: f"{action['action_id']}:{action['sequence']}",
        TIMESTAMP: str(timestamp_s),
    }
    if secret:
        made[SIGNATURE] = signature(secret, timestamp_s, body)
    if token:
        made["Authorization"] = f"Bearer {token}"
    return made
