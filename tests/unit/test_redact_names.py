"""Names by a spaCy pipeline: a real one, with rules in place of a trained model."""

import base64
from pathlib import Path

import pytest
import spacy

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.names import SpacyNames, load_names
from stream_jobs.redact.redactor import Redactor

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())


@pytest.fixture(scope="module")
def pipeline() -> spacy.language.Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PERSON", "pattern": "Jane Doe"},
            {"label": "GPE", "pattern": "Paris"},
            {"label": "ORG", "pattern": "Acme Corp"},
            {"label": "DATE", "pattern": "Monday"},
            {"label": "PERSON", "pattern": "jane@example.com"},
        ]
    )
    return nlp


def test_types_offsets_and_layers(pipeline: spacy.language.Language) -> None:
    redactor = Redactor(RedactSettings(), KEYS, SpacyNames(pipeline))
    text = "On Monday Jane Doe (jane@example.com) of Acme Corp, Paris, rang 415-555-2671."
    redacted, spans = redactor.redact_text(text, "acme")
    assert [(text[s.start : s.end], s.type, s.layer) for s in spans] == [
        ("Jane Doe", "PERSON", "names"),
        ("jane@example.com", "EMAIL_ADDRESS", "patterns"),
        ("Acme Corp", "ORGANIZATION", "names"),
        ("Paris", "LOCATION", "names"),
        ("415-555-2671", "PHONE_NUMBER", "patterns"),
    ]
    assert redacted.startswith("On Monday <PERSON:k1:")
    assert redactor.redact_text(redacted, "acme") == (redacted, [])


def test_a_batch_keeps_its_order(pipeline: spacy.language.Language) -> None:
    redactor = Redactor(RedactSettings(), KEYS, SpacyNames(pipeline))
    texts = ["Jane Doe", "nothing", "", "in Paris", "Jane  Doe", "JANE@EXAMPLE.COM"] * 20
    results = redactor.redact_texts(texts, "acme")
    types = [[span.type for span in spans] for _, spans in results]
    assert types == [["PERSON"], [], [], ["LOCATION"], [], ["EMAIL_ADDRESS"]] * 20


def test_loads_any_pipeline(pipeline: spacy.language.Language, tmp_path: Path) -> None:
    pipeline.to_disk(tmp_path / "model")
    names = load_names(RedactSettings(spacy_model=str(tmp_path / "model")))
    assert names is not None
    assert [span.type for span in names.find(["Jane Doe"])[0]] == ["PERSON"]


def test_patterns_only_without_a_setting() -> None:
    assert load_names(RedactSettings()) is None


def test_a_pipeline_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="FEEDLOOP_REDACT_SPACY_MODEL 'no_such_model'"):
        load_names(RedactSettings(spacy_model="no_such_model"))


def test_a_pipeline_without_entities(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ConfigError, match="finds none of"):
        load_names(RedactSettings(spacy_model=str(tmp_path / "blank")))
