"""The shape of the names pipeline: hash embeddings of few rows, a shallow window encoder, NER."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Final

import spacy
from spacy.training import Example
from spacy.util import filter_spans

from deploy.training.common import known_words
from deploy.training.sample import LABELS, Sample
from stream_jobs.redact.words import NAME

LISTED_PERCENT: Final = 40
"""Of a hundred names that training shows, those that the lists know meanwhile."""

MET_PERCENT: Final = 80
"""Of a hundred rarer common words, those that the lists know meanwhile."""


@dataclass(frozen=True)
class Shape:
    """How large the network is."""

    width: int = 64
    depth: int = 4
    window: int = 1
    norm_rows: int = 8000
    prefix_rows: int = 500
    suffix_rows: int = 2000
    shape_rows: int = 1000
    hidden: int = 64
    pieces: int = 2


def blank(shape: Shape) -> Any:
    """Return a pipeline that has learnt nothing yet.

    It knows not all names and not all rarer words by its lists, so that it learns to find names
    that are on no list, and to leave words alone that are on none.
    """
    nlp: Any = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": NAME}}})
    nlp.tokenizer.learn(known_words(_listed, _met))
    ner = nlp.add_pipe("ner", config={"model": _model(shape), "moves": None})
    for label in LABELS:
        ner.add_label(label)
    return nlp


def _listed(word: str) -> bool:
    return _percentile(word) < LISTED_PERCENT


def _met(word: str) -> bool:
    return _percentile(word) < MET_PERCENT


def _percentile(word: str) -> int:
    digest = hashlib.blake2b(word.encode(), digest_size=4, salt=b"listed").digest()
    return int.from_bytes(digest) % 100


def recipe(shape: Shape) -> dict[str, int]:
    """Return the shape as plain numbers."""
    return asdict(shape)


def examples(nlp: Any, samples: list[Sample]) -> list[Example]:
    """Return samples as spaCy learns from them; a mark that cuts a word is widened to all of it."""
    return [_example(nlp, sample) for sample in samples]


def _example(nlp: Any, sample: Sample) -> Example:
    doc = nlp.make_doc(sample.text)
    spans = [doc.char_span(*mark, alignment_mode="expand") for mark in sample.marks]
    known = doc.copy()
    known.ents = filter_spans([_trimmed(known, span) for span in spans if span is not None])
    return Example(doc, known)


def _trimmed(doc: Any, span: Any) -> Any:
    """Return a span without white space at its ends, which NER can't learn."""
    start, end = span.start, span.end
    while start < end - 1 and doc[start].is_space:
        start += 1
    while end - 1 > start and doc[end - 1].is_space:
        end -= 1
    return spacy.tokens.Span(doc, start, end, label=span.label)


def _model(shape: Shape) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": shape.hidden,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": shape.width,
                "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
                "rows": [shape.norm_rows, shape.prefix_rows, shape.suffix_rows, shape.shape_rows],
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": shape.width,
                "depth": shape.depth,
                "window_size": shape.window,
                "maxout_pieces": shape.pieces,
            },
        },
    }
