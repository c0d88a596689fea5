"""An Enriched body from bytes at hand: head + union branch + signal + union branch + inference.

In Avro a nested record's bytes are the bytes of its fields one after the other, so the bodies of
signal and inference go in as they are.
"""

from typing import Any, Final

from schemas.catalog import head
from schemas.codec import encode

_SIGNAL_BRANCH: Final = {"Feedback": b"\x00", "Interaction": b"\x02"}  # zigzag of 0 and 1
_NO_INFERENCE: Final = b"\x00"
_INFERENCE: Final = b"\x02"


def enriched_body(
    fields: dict[str, Any], kind: str, signal: bytes, inference: bytes | None
) -> bytes:
    """Return the Avro body of an Enriched record.

    `fields`: enriched_id, join_status, polarity, lag_ms, edit_ratio. `kind`: Feedback or
    Interaction, whose body `signal` is. `inference`: body of the Inference, None for an orphan.
    """
    tail = _NO_INFERENCE if inference is None else _INFERENCE + inference
    return b"".join(
        (encode(head("Enriched", "edit_ratio"), fields), _SIGNAL_BRANCH[kind], signal, tail)
    )
