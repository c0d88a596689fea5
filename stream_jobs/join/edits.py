"""How much of an answer was rewritten: 0 unchanged, 1 nothing left; pure."""

from typing import Any, Final

from rapidfuzz.distance import Levenshtein

from schemas.catalog import parsed
from schemas.codec import decode

TEXT_OF: Final = {"edit": "edited_text", "correction": "correction"}
MAX_CHARS: Final = 20_000  # longer texts are compared by their beginnings: the cost is quadratic


def edit_ratio(record: str, kind: str, signal: bytes, inference: bytes | None) -> float | None:
    """Return the normalised Levenshtein distance of an answer and what it was turned into.

    `signal` is the body of `record` (Feedback or Interaction), `inference` that of the inference.
    None if the signal is neither an edit nor a correction, or a text is missing.
    """
    name = TEXT_OF.get(kind)
    if name is None or inference is None:
        return None
    after: Any = decode(parsed(record), signal).get(name)
    before: Any = decode(parsed("Inference"), inference)["response"]
    if after is None or not before:
        return None
    return float(Levenshtein.normalized_distance(before[:MAX_CHARS], after[:MAX_CHARS]))
