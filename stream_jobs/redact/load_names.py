"""The names model that the settings name: the one shipped with feedloop, any other, or none."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.doubts import Doubts
from stream_jobs.redact.gazetteer import Gazetteer
from stream_jobs.redact.name_gate import NameGate
from stream_jobs.redact.names import TYPES, SpacyNames

SHIPPED: Final = "feedloop"
NONE: Final = "none"
PEOPLE: Final = frozenset("gGfF")
"""The kinds of words that people's names are made of; see `words`."""
USUAL: Final = frozenset("GFP")
"""The kinds of words that usual names of people and places are made of."""

MODEL: Final = Path(__file__).parent / "model"
"""What `make ner-model` writes."""


def load_names(settings: RedactSettings) -> SpacyNames | None:
    """Return the finder that `spacy_model` names; None if it is `none`.

    Raises ConfigError if the pipeline isn't there, doesn't load, or finds no entities we know.
    """
    match settings.spacy_model:
        case "none":
            return None
        case "feedloop":
            return load_shipped(MODEL)
        case "":
            raise ConfigError(
                "FEEDLOOP_REDACT_SPACY_MODEL is empty: say feedloop (the model that comes with "
                "it), none (patterns only), or the name or folder of a spaCy pipeline"
            )
        case name:
            return SpacyNames(_checked(name, _load(name)))


def load_shipped(folder: Path, listed: Callable[[str], bool] = bool) -> SpacyNames:
    """Return the finder on the model in `folder`, with the words and lists beside it.

    Of the lists those names are left out that aren't `listed`: to measure what is found unknown.
    """
    importlib.import_module("stream_jobs.redact.words")  # the tokenizer that it names
    pipeline = _load(str(folder / "pipeline"))
    words = pipeline.tokenizer
    words.keep(listed)
    given, places = (
        list(filter(listed, _lines(folder / name))) for name in ("given_names.txt", "places.txt")
    )
    ambiguous = words.ambiguous | frozenset(_lines(folder / "also_words.txt"))
    plain = words.common - ambiguous
    gate = NameGate(words.common, words.ambiguous, words.known.keys() - words.common)
    people = [word for word, kinds in words.known.items() if PEOPLE & set(kinds)]
    usual = [word for word, kinds in words.known.items() if USUAL & set(kinds)]
    things = _lines(folder / "things.txt")
    doubts = Doubts(plain, [*given, *places, *people], usual, ambiguous, things)
    gazetteer = Gazetteer(given, places, plain, doubts.refuses_listed)
    reader = importlib.import_module("stream_jobs.redact.reader").Reader(pipeline)
    return SpacyNames(pipeline, gate, gazetteer, doubts, reader)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _load(name: str) -> Any:
    try:
        spacy = importlib.import_module("spacy")  # seconds and 100 MB: only when it is asked for
        return spacy.load(name)
    except (ImportError, OSError, ValueError) as error:
        raise ConfigError(
            f"FEEDLOOP_REDACT_SPACY_MODEL {name!r} does not load ({type(error).__name__}); install "
            "that pipeline, name a folder that holds one, or say none for patterns only"
        ) from error


def _checked(name: str, pipeline: Any) -> Any:
    known = {label for pipe in pipeline.pipe_labels.values() for label in pipe} & set(TYPES)
    if not known and "entity_ruler" not in pipeline.pipe_names:
        raise ConfigError(
            f"FEEDLOOP_REDACT_SPACY_MODEL {name!r} finds none of {', '.join(sorted(TYPES))}; "
            "name a pipeline with an entity recogniser"
        )
    return pipeline
