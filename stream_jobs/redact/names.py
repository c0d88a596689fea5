"""Names, places and organisations by any spaCy pipeline; the loaded pipeline is passed in.

`load_names` reads the pipeline from disk, once; everything else is pure given the pipeline.
"""

import importlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.spans import Span, resolve

BATCH_TEXTS: Final = 32
"""Texts per call of the pipeline: beyond this more costs memory and saves no time."""

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


class SpacyNames:
    """A NameFinder on a loaded spaCy pipeline."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the spans of each text. The pipeline's memory of the batch is freed at the end."""
        with self._pipeline.memory_zone():  # else its string store grows with every new word
            docs = self._pipeline.pipe(texts, batch_size=BATCH_TEXTS)
            return [_spans(doc.ents) for doc in docs]


def _spans(entities: Iterable[Any]) -> list[Span]:
    return resolve(
        Span(entity.start_char, entity.end_char, TYPES[entity.label_], "names")
        for entity in entities
        if entity.label_ in TYPES and any(c.isalpha() for c in entity.text)
    )


def load_names(settings: RedactSettings) -> SpacyNames | None:
    """Return the finder that `spacy_model` (a package or a folder) names; None if it is empty.

    Raises ConfigError if the pipeline isn't there, doesn't load, or finds no entities we know.
    """
    name = settings.spacy_model
    if not name:
        return None
    try:
        spacy = importlib.import_module("spacy")  # seconds and 100 MB: only when it is asked for
        pipeline = spacy.load(name)
    except (ImportError, OSError, ValueError) as error:
        raise ConfigError(
            f"FEEDLOOP_REDACT_SPACY_MODEL {name!r} does not load ({type(error).__name__}); install "
            "that pipeline, name a folder that holds one, or leave it empty for patterns only"
        ) from error
    known = {label for pipe in pipeline.pipe_labels.values() for label in pipe} & set(TYPES)
    if not known and "entity_ruler" not in pipeline.pipe_names:
        raise ConfigError(
            f"FEEDLOOP_REDACT_SPACY_MODEL {name!r} finds none of {', '.join(sorted(TYPES))}; "
            "name a pipeline with an entity recogniser"
        )
    return SpacyNames(pipeline)
