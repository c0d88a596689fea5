"""Answers for the texts seen last: a system prompt that comes again and again is read once."""

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import Final

from stream_jobs.redact.spans import Span

MAX_TEXTS: Final = 16_384
"""Texts remembered: with few names each, about 10 MB."""


class Recent:
    """The spans of the texts asked for last. Holds no text: only hashes under a key of its own."""

    def __init__(self, max_texts: int = MAX_TEXTS) -> None:
        self._max_texts = max_texts
        self._key = secrets.token_bytes(16)
        self._spans: OrderedDict[bytes, list[Span]] = OrderedDict()

    def digest(self, text: str) -> bytes:
        """Return what stands for `text` here."""
        return blake2b(text.encode(errors="surrogatepass"), digest_size=16, key=self._key).digest()

    def get(self, digest: bytes) -> list[Span] | None:
        """Return the spans of a text; None if it is not remembered."""
        spans = self._spans.get(digest)
        if spans is not None:
            self._spans.move_to_end(digest)
        return spans

    def put(self, digest: bytes, spans: list[Span]) -> None:
        """Remember the spans of a text; the one unused for longest is forgotten."""
        self._spans[digest] = spans
        if len(self._spans) > self._max_texts:
            self._spans.popitem(last=False)
