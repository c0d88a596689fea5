"""Check that a webhook's body came from feedloop and is recent; with the standard library alone."""

import hashlib
import hmac
import time
from collections.abc import Mapping

OLDEST_S = 300  # a body that is older was caught and is being played again


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now_s: float | None = None
) -> bool:
    """Return whether `body`, exactly as received, was signed under `secret` within 5 minutes."""
    stamp = headers.get("Feedloop-Timestamp", "")
    now_s = time.time() if now_s is None else now_s
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > OLDEST_S:
        return False
    signed = stamp.encode() + b"." + body
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers.get("Feedloop-Signature", ""))
