"""Names, places and organisations by any spaCy pipeline; the loaded pipeline is passed in."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from stream_jobs.redact.doubts import Doubts
from stream_jobs.redact.gazetteer import Gazetteer
from stream_jobs.redact.name_gate import NameGate
from stream_jobs.redact.pieces import sentences, split
from stream_jobs.redact.recent import Recent
from stream_jobs.redact.spans import Span, resolve

BATCH_TEXTS: Final = 64
"""Texts per call of the pipeline: beyond this more costs memory and saves no time."""

ZONE_TEXTS: Final = 512
"""Texts after which the pipeline's memory is freed."""

FOREIGN: Final = b"foreign"
"""Behind the digest of a piece of a text that isn't English: it is read with more doubt."""

TYPES: Final = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "LOCATION": "LOCATION",
    "ADDRESS": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
}
"""What the entity labels of usual pipelines are called here; others are no personal data."""


class NameFinder(Protocol):
    """Finds names in many texts at once."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the spans of each text, none overlapping another; may raise anything."""


class TextReader(Protocol):
    """Reads many texts at once."""

    def read(self, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        """Return start, end and label of what is found in each text; may raise anything."""


class SpacyReader:
    """Reads texts as spaCy does, with any pipeline."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def read(self, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        """Return the entities of each text."""
        found = []
        for start in range(0, len(texts), ZONE_TEXTS):
            some = texts[start : start + ZONE_TEXTS]
            with self._pipeline.memory_zone():  # else its string store grows with every new word
                docs = self._pipeline.pipe(some, batch_size=BATCH_TEXTS)
                found += [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]
        return found


class SpacyNames:
    """A NameFinder on a loaded spaCy pipeline; safe to share by threads.

    Long texts are read in pieces; with a `gate` all texts are, sentence by sentence, and a sentence
    for which it stays shut holds no name. What was read a short while ago is not read again. What
    is found is doubted, then mended by the `gazetteer`.
    """

    def __init__(
        self,
        pipeline: Any,
        gate: NameGate | None = None,
        gazetteer: Gazetteer | None = None,
        doubts: Doubts | None = None,
        reader: TextReader | None = None,
    ) -> None:
        """Without a `reader` spaCy itself reads."""
        self.pipeline = pipeline
        self._reader = reader or SpacyReader(pipeline)
        self._gate = gate
        self._gazetteer = gazetteer
        self._doubts = doubts
        self._recent = Recent()
        self._lock = threading.Lock()  # a memory zone can't be entered twice

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the spans of each text. The pipeline's memory of the batch is freed at the end."""
        with self._lock:
            parts = [list(self._parts(text)) for text in texts]
            known = self._read({digest: piece for part in parts for _, piece, digest in part})
        return [
            [
                Span(span.start + offset, span.end + offset, span.type, span.layer)
                for offset, _, digest in part
                for span in known[digest]
            ]
            for part in parts
        ]

    def _parts(self, text: str) -> Iterator[tuple[int, str, bytes]]:
        if self._gate is None:
            yield from ((at, piece, self._recent.digest(piece)) for at, piece in split(text))
            return
        open_ones = [one for one in sentences(text) if self._gate.opens_for(one[1])]
        foreign = bool(open_ones) and self._doubts is not None and self._doubts.is_foreign(text)
        for at, piece in open_ones:
            yield at, piece, self._recent.digest(piece) + (FOREIGN if foreign else b"")

    def _read(self, pieces: dict[bytes, str]) -> dict[bytes, list[Span]]:
        """Return the spans of each piece, remembered or read now."""
        known: dict[bytes, list[Span]] = {}
        unread: list[tuple[str, bytes]] = []
        for digest, piece in pieces.items():
            spans = self._recent.get(digest)
            if spans is None:
                unread.append((piece, digest))
            else:
                known[digest] = spans
        finds = self._reader.read([piece for piece, _ in unread])
        for (piece, digest), of_piece in zip(unread, finds, strict=True):
            known[digest] = self._spans(piece, of_piece, foreign=digest.endswith(FOREIGN))
            self._recent.put(digest, known[digest])
        return known

    def _spans(
        self, text: str, finds: Iterable[tuple[int, int, str]], *, foreign: bool
    ) -> list[Span]:
        spans = resolve(
            Span(start, end, TYPES[label], "names")
            for start, end, label in finds
            if label in TYPES and self._is_name(text, start, end, label, foreign=foreign)
        )
        return spans if self._gazetteer is None else self._gazetteer.mend(text, spans)

    def _is_name(self, text: str, start: int, end: int, label: str, *, foreign: bool) -> bool:
        if self._doubts is None:
            return any(map(str.isalpha, text[start:end]))
        return not self._doubts.refuses(text, start, end, label, foreign=foreign)
