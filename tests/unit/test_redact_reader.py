"""The quick reader: it finds what spaCy finds with the same weights, and forgets in time."""

import numpy as np
import pytest
import spacy

from stream_jobs.redact.embeddings import Embeddings
from stream_jobs.redact.load_names import MODEL, load_shipped
from stream_jobs.redact.names import SpacyReader
from stream_jobs.redact.reader import MAX_ROWS, Reader
from tests.benchmarks.redact.names_corpus import corpus, quiet

ODD = ["", " ", "\n", "  Ada  Boone ", "Ada\nBoone\n\n", "\ufffc, Ada", "x" * 300, "Ada " * 300]


@pytest.fixture(scope="module")
def pipeline() -> spacy.Language:
    return load_shipped(MODEL).pipeline


def test_it_finds_what_spacy_finds(pipeline: spacy.Language) -> None:
    texts = [*(text for text, _ in corpus(31, 120, "development")), *quiet(31, 60, "development")]
    texts += ODD
    expected = SpacyReader(pipeline).read(texts)
    assert Reader(pipeline).read(texts) == expected
    assert sum(map(len, expected)) > 100


def test_a_text_is_read_alike_beside_any_others(pipeline: spacy.Language) -> None:
    texts = [text for text, _ in corpus(32, 30, "development")]
    reader = Reader(pipeline)
    alone = [reader.read([text])[0] for text in texts]
    many = MAX_ROWS // 200
    assert reader.read(texts * many) == alone * many


class Lengths:
    """A layer whose vector of a word is its length, twice."""

    def __init__(self) -> None:
        self.asked = 0

    def predict(self, docs: list[spacy.tokens.Doc]) -> list[np.ndarray]:
        self.asked += sum(map(len, docs))
        return [
            np.array([[len(word), len(word)] for word in doc], dtype=np.float32) for doc in docs
        ]


def test_words_are_worked_out_once_until_there_are_too_many() -> None:
    layer = Lengths()
    embeddings = Embeddings(layer, 2, spacy.blank("en"), max_words=4)

    def lengths(*words: str) -> list[float]:
        return embeddings.vectors[embeddings.rows(words)][:, 0].tolist()

    assert lengths("a", "bb", "a") == [1, 2, 1]
    assert lengths("bb", "ccc", "dddd") == [2, 3, 4]
    assert layer.asked == 4
    assert lengths("eeeee", "bb") == [5, 2]  # the fifth: all are forgotten
    assert layer.asked == 6
    assert not embeddings.vectors[0].any()
    with pytest.raises(ValueError, match="at most 4"):
        embeddings.rows(list("vwxyz"))
