"""The shipped names model: its scores on held-out text, its false alarms, its bounds."""

import base64
import copy
import hashlib
import json
import random
import string
import time

import pytest

from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.load_names import MODEL, load_names
from stream_jobs.redact.names import SpacyNames
from stream_jobs.redact.redactor import Redactor
from tests.benchmarks.bench_names import SCORES, alarms, missed, regressions, scores
from tests.benchmarks.redact.names_corpus import corpus, quiet

KEYS = parse_keys("k1:" + base64.b64encode(b"a" * 32).decode())


@pytest.fixture(scope="module")
def names() -> SpacyNames:
    found = load_names(RedactSettings(spacy_model="feedloop"))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def redactor(names: SpacyNames) -> Redactor:
    return Redactor(RedactSettings(), KEYS, names)


def test_the_recipe_is_of_these_weights() -> None:
    recipe = json.loads((MODEL / "RECIPE.json").read_text())
    weights = (MODEL / "pipeline" / "ner" / "model").read_bytes()
    assert recipe["weights_sha256"] == hashlib.sha256(weights).hexdigest()


def test_scores_are_those_that_it_ships_with(names: SpacyNames) -> None:
    written = json.loads(SCORES.read_text())
    told = scores(names, corpus(17, 300))
    scatter = 0.05  # of 300 texts
    assert told["PERSON"]["f1"] >= written["held_out"]["PERSON"]["f1"] - scatter
    assert told["leak_recall"] >= written["held_out"]["leak_recall"] - scatter
    share, _ = alarms(names, quiet(17, 500))
    assert share <= written["false_alarms"]["quiet"]["share"] + scatter


def test_a_worse_score_is_a_regression_and_a_missed_goal_is_none() -> None:
    written = json.loads(SCORES.read_text())
    assert regressions(written, written) == []
    worse = copy.deepcopy(written)
    worse["held_out"]["PERSON"]["f1"] = 0.5
    worse["false_alarms"]["quiet"]["share"] = 0.9
    assert [line.split(":")[0] for line in regressions(worse, written)] == ["person_f1", "quiet"]
    better = copy.deepcopy(written)
    better["held_out"] |= {"PERSON": {"f1": 0.95}, "leak_recall": 0.95}
    better["false_alarms"] = {"quiet": {"share": 0.0}, "documentation": {"share": 0.0}}
    assert missed(better) == []
    assert regressions(better, written) == []
    assert {line.split(":")[0] for line in missed(worse)} >= {"person_f1", "quiet"}


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("My name is Maria Keller.", "PERSON", "Maria Keller"),
        ("please call Ivan tomorrow", "PERSON", "Ivan"),
        ("Dear Mr. Okafor,\nthank you.", "PERSON", "Okafor"),
        ('{"name": "Nora Santos", "id": 3}', "PERSON", "Nora Santos"),
        ("I live in Lisbon.", "LOCATION", "Lisbon"),
        ("Send it to 12 Oak Street, Springfield, IL 62704", "LOCATION", "Oak Street"),
        ("I work for Deutsche Bank.", "ORGANIZATION", "Deutsche Bank"),
        ("Regards,\nSofia Novak", "PERSON", "Sofia Novak"),
    ],
)
def test_plain_cases(redactor: Redactor, text: str, kind: str, name: str) -> None:
    redacted, spans = redactor.redact_text(text, "acme")
    assert name not in redacted
    assert kind in {span.type for span in spans}


def test_redacting_twice_is_redacting_once(redactor: Redactor) -> None:
    once = [text for text, _ in redactor.redact_texts([t for t, _ in corpus(23, 150)], "acme")]
    assert redactor.redact_texts(once, "acme") == [(text, []) for text in once]


def test_nothing_of_a_batch_stays_in_the_vocabulary(names: SpacyNames) -> None:
    rng = random.Random(1)

    def words() -> str:
        return " ".join("".join(rng.choices(string.ascii_letters, k=9)) for _ in range(20))

    vocab = names.pipeline.vocab
    names.find([words() for _ in range(50)])
    strings, lexemes = len(vocab.strings), sum(1 for _ in vocab)
    names.find([words() for _ in range(200)])
    assert (len(vocab.strings), sum(1 for _ in vocab)) == (strings, lexemes)


@pytest.mark.parametrize(
    "unit",
    [
        "John ",
        "A",
        "(",
        "a.b",
        "\n",
        "12 High St, ",
        '{"name":"',
        "'s ",
        "﷽",
        "\u0301",
        "￼ Jo ",
        "🙂",
    ],
)
def test_a_hostile_text_takes_time_in_proportion(redactor: Redactor, unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    start = time.process_time()
    redactor.redact_text(text, "acme")
    assert time.process_time() - start < 8  # 0.2 s where nothing else runs; not minutes
