"""Presidio on a file of texts, in the interpreter of its own environment; see `presidio.py`.

    python presidio_worker.py TEXTS.jsonl FOUND.json {default|all} [PIPELINE]

TEXTS.jsonl holds one JSON string a line. FOUND.json gets {"seconds", "version", "types", "spans"}:
CPU seconds of the analysis alone, what can be found, and for each text its [start, end, type,
score]. `default` takes the recognisers that Presidio loads for English, `all` every pattern
recogniser it ships, all for English. PIPELINE is a spaCy pipeline on disk; without it a blank one
splits words and nothing finds names.
"""

import importlib
import inspect
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import spacy
import tldextract
from presidio_analyzer import (
    AnalyzerEngine,
    PatternRecognizer,
    RecognizerRegistry,
)
from presidio_analyzer import (
    __file__ as presidio_file,
)
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc

NAMES = {
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


@Language.component("lower_as_lemma")
def lower_as_lemma(doc: Doc) -> Doc:
    """Give each word a lemma: Presidio looks for its context words among lemmas."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


def pipeline(folder: Path, given: str) -> str:
    """Return the folder of a pipeline that Presidio can load."""
    nlp = spacy.load(given) if given else spacy.blank("en")
    if "lemmatizer" not in nlp.pipe_names:
        nlp.add_pipe("lower_as_lemma", last=True)
    nlp.to_disk(folder)
    return str(folder)


def registry(which: str) -> RecognizerRegistry:
    """Return Presidio's recognisers, loaded as it does or every one that it has."""
    found = RecognizerRegistry(supported_languages=["en"])
    found.load_predefined_recognizers(languages=["en"])
    if which == "all":
        there = {type(one).__name__ for one in found.recognizers}
        shipped = importlib.import_module("presidio_analyzer.predefined_recognizers")
        for name, kind in sorted(inspect.getmembers(shipped, inspect.isclass)):
            pattern = issubclass(kind, PatternRecognizer) and kind is not PatternRecognizer
            if pattern and name not in there:
                found.add_recognizer(kind(supported_language="en"))
    return found


def analyzer(which: str, folder: Path, given: str) -> AnalyzerEngine:
    """Return Presidio, ready."""
    names = NerModelConfiguration(model_to_presidio_entity_mapping=NAMES, labels_to_ignore=["O"])
    engine = SpacyNlpEngine(
        models=[{"lang_code": "en", "model_name": pipeline(folder, given)}],
        ner_model_configuration=names,
    )
    engine.load()
    return AnalyzerEngine(registry=registry(which), nlp_engine=engine, supported_languages=["en"])


def main(texts_file: str, found_file: str, which: str, given: str = "") -> None:
    """Analyse the texts and write what was found."""
    logging.disable(logging.ERROR)
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # no network
    texts = [json.loads(line) for line in Path(texts_file).read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        presidio = analyzer(which, Path(folder) / "pipeline", given)
    presidio.analyze("warm up: jane@example.com", language="en")
    spans: list[list[list[Any]]] = []
    start = time.process_time()
    for text in texts:
        results = presidio.analyze(text, language="en")
        spans.append([[r.start, r.end, r.entity_type, r.score] for r in results])
    seconds = time.process_time() - start
    told = {
        "seconds": seconds,
        "version": presidio_version(),
        "types": sorted(presidio.get_supported_entities(language="en")),
        "spans": spans,
    }
    Path(found_file).write_text(json.dumps(told))


def presidio_version() -> str:
    """Return the version of presidio-analyzer."""
    from importlib.metadata import version

    assert presidio_file
    return version("presidio-analyzer")


if __name__ == "__main__":
    main(*sys.argv[1:])
