"""Names by a spaCy pipeline: a real one, with rules in place of a trained model."""

import base64
from pathlib import Path

import pytest
import spacy

from schemas.errors import ConfigError
from schemas.settings import RedactSettings
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.load_names import load_names
from stream_jobs.redact.name_gate import NameGate
from stream_jobs.redact.names import SpacyNames
from stream_jobs.redact.pieces import MAX_PIECE, sentences, split
from stream_jobs.redact.recent import Recent
from stream_jobs.redact.redactor import MAX_ROUNDS, Redactor
from stream_jobs.redact.spans import Span

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


def test_none_is_patterns_only() -> None:
    assert load_names(RedactSettings(spacy_model="none")) is None


def test_an_empty_setting_is_no_way_to_switch_protection_off() -> None:
    with pytest.raises(ConfigError, match="is empty: say feedloop"):
        load_names(RedactSettings(spacy_model=""))


def test_a_pipeline_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="FEEDLOOP_REDACT_SPACY_MODEL 'no_such_model'"):
        load_names(RedactSettings(spacy_model="no_such_model"))


def test_a_pipeline_without_entities(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ConfigError, match="finds none of"):
        load_names(RedactSettings(spacy_model=str(tmp_path / "blank")))


class Counting:
    """A pipeline that counts the texts it reads."""

    def __init__(self, pipeline: spacy.language.Language) -> None:
        self.pipeline = pipeline
        self.read: list[str] = []
        self.memory_zone = pipeline.memory_zone

    def pipe(self, texts: list[str], **options: object) -> object:
        self.read += texts
        return self.pipeline.pipe(texts, **options)


def test_a_text_seen_before_is_not_read_again(pipeline: spacy.language.Language) -> None:
    counting = Counting(pipeline)
    names = SpacyNames(counting)
    first = names.find(["I am Jane Doe", "hello", "I am Jane Doe"])
    assert names.find(["hello", "I am Jane Doe"]) == [first[1], first[0]]
    assert first[0] == first[2] == [Span(5, 13, "PERSON", "names")]
    assert sorted(counting.read) == ["I am Jane Doe", "hello"]


def test_what_is_remembered_is_bounded_and_holds_no_text() -> None:
    recent = Recent(max_texts=2)
    digests = [recent.digest(text) for text in ("Jane Doe", "John Roe", "Max Moe")]
    for digest in digests[:2]:
        recent.put(digest, [])
    assert recent.get(digests[0]) == []  # used now: the other one goes first
    recent.put(digests[2], [])
    assert [recent.get(digest) for digest in digests] == [[], None, []]
    assert digests[0] != Recent().digest("Jane Doe")  # nobody can look texts up by their hash


@pytest.mark.parametrize("unit", ["word ", "Jane Doe lives here.\n", "x", "a\n\nb c. ", "é́"])
@pytest.mark.parametrize("size", [0, 1, MAX_PIECE - 1, MAX_PIECE, MAX_PIECE + 1, 9 * MAX_PIECE])
def test_pieces_are_bounded_and_make_the_text_again(unit: str, size: int) -> None:
    text = (unit * size)[:size]
    pieces = list(split(text))
    assert "".join(piece for _, piece in pieces) == text
    assert all(text.startswith(piece, start) for start, piece in pieces)
    assert all(len(piece) <= MAX_PIECE for _, piece in pieces)
    assert len(pieces) <= 1 + 2 * size // MAX_PIECE


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("It rains. Go home! Ask Dr. Boone.", ["It rains. ", "Go home! ", "Ask Dr. Boone."]),
        ("see prof. boone today.\nbye", ["see prof. boone today.\n", "bye"]),
        ("I met J. Boone. He left", ["I met J. Boone. He left"]),
        ("", [""]),
    ],
)
def test_sentences_keep_titles_and_initials_with_their_names(text: str, pieces: list[str]) -> None:
    assert [piece for _, piece in sentences(text)] == pieces
    assert all(text.startswith(piece, start) for start, piece in sentences(text))


def test_names_in_a_long_text_have_offsets_of_the_whole(pipeline: spacy.language.Language) -> None:
    text = "It was Jane Doe who said so in Paris. " * 400
    [spans] = SpacyNames(pipeline).find([text])
    assert {text[s.start : s.end] for s in spans} == {"Jane Doe", "Paris"}
    assert len(spans) == 800


GATE = NameGate(
    {"will", "you", "come", "to", "the", "house", "at", "my", "name", "is"}, {"will"}, {"emeka"}
)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("will you come to the house", False),
        ("You come to the House!", False),
        ("come to Will", True),  # a word that is a name as well, with a capital
        ("you come, emeka", True),
        ("you come, blargle", False),  # in small letters, and on no list
        ("you come, Blargle", True),
        ("my name is will", True),  # a cue
        ("my name is blargle", True),
        ("my name is ￼, you come", False),  # what it announced is cut out
        ("come to 12 the house", False),
        ("come to 12 house st", True),
        ("", False),
        ("￼ 123 !?", False),
        ("Привет, Иван", False),  # the shipped model reads Latin letters alone
    ],
)
def test_the_gate_opens_for_what_may_be_a_name(text: str, opens: bool) -> None:
    assert GATE.opens_for(text) is opens


class Endless:
    """Finds a name in whatever it is given."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, texts: list[str]) -> list[list[Span]]:
        self.asked += 1
        return [[Span(text.rindex("x"), text.rindex("x") + 1, "PERSON", "names")] for text in texts]


def test_a_text_that_never_settles_is_given_up() -> None:
    names = Endless()
    redactor = Redactor(RedactSettings(), KEYS, names)
    assert redactor.redact_text("x" * 100, "acme")[0] == "<UNSCANNED:unsettled>"
    assert names.asked == MAX_ROUNDS
