"""The embedder that needs no download: hashed n-grams → TF-IDF → SVD, fitted on given texts.

Words, pairs of words and letter n-grams are hashed into WORDS and LETTERS columns (no vocabulary to
keep), weighted by inverse document frequency (Spärck Jones 1972) and brought to few dimensions by a
truncated SVD: latent semantic analysis, Deerwester et al. 1990.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from schemas.errors import ConfigError
from stream_jobs.embed.arrays import arrays
from stream_jobs.embed.embedder import Vectors
from stream_jobs.embed.words import STOP_WORDS, readable

WORDS: Final = 1 << 13
LETTERS: Final = 1 << 12
DIMENSIONS: Final = 48
MOST_CHARS: Final = 4_000
LEAST_TEXTS: Final = 20

_BY_WORD: Final = HashingVectorizer(
    n_features=WORDS,
    ngram_range=(1, 2),
    stop_words=sorted(STOP_WORDS),
    alternate_sign=False,
    norm=None,
)
_BY_LETTER: Final = HashingVectorizer(
    n_features=LETTERS, analyzer="char_wb", ngram_range=(3, 4), alternate_sign=False, norm=None
)


@dataclass(frozen=True)
class Lexical:
    """A fitted embedder: `weights` (features,) and `axes` (features, dimensions)."""

    weights: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str], dimensions: int = DIMENSIONS, seed: int = 0) -> "Lexical":
        """Return the embedder fitted on `texts`; the same texts and seed give the same one.

        Raises ConfigError if there are too few texts.
        """
        if len(texts) < LEAST_TEXTS:
            raise ConfigError(
                f"{len(texts)} texts are too few to fit on: choose a longer period, with at least "
                f"{LEAST_TEXTS} prompts"
            )
        counts = _counts(texts)
        seen = np.asarray((counts > 0).sum(axis=0)).ravel()
        weights = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
        weighted = normalize(counts.multiply(weights).tocsr())
        most = min(dimensions, len(texts) - 1)
        svd = TruncatedSVD(most, random_state=seed).fit(weighted)
        return cls(weights, np.ascontiguousarray(svd.components_.T, dtype=np.float32))

    @cached_property
    def version(self) -> str:
        """Return a name made of the content."""
        digest = hashlib.sha256(self.weights.tobytes() + self.axes.tobytes()).hexdigest()
        return f"lexical-{digest[:12]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (texts, dimensions); zeros for a text without a known word."""
        vectors: Vectors = normalize(self.project(texts)).astype(np.float32)
        return vectors

    def project(self, texts: Sequence[str]) -> Vectors:
        """Return what `embed` returns, each row as long as the share of its text that is known.

        Shape (texts, dimensions), lengths 0 to 1: what the fitted texts never said has no axis.
        """
        if not texts:
            return np.zeros((0, self.axes.shape[1]), dtype=np.float32)
        weighted = normalize(_counts(texts).multiply(self.weights).tocsr())
        projected: Vectors = weighted @ self.axes
        return projected

    def to_bytes(self) -> bytes:
        """Return the embedder as a file's content (NumPy's .npz, no pickle)."""
        out = io.BytesIO()
        np.savez_compressed(out, weights=self.weights, axes=self.axes)
        return out.getvalue()


def lexical_from(content: bytes, place: str) -> Lexical:
    """Return the embedder that `to_bytes` wrote; `place` is where, for the message.

    Raises ConfigError if it is none.
    """
    remedy = "Fit one anew: feedloop search --refit"
    with arrays(io.BytesIO(content), f"embedder in {place}", remedy) as parts:
        return Lexical(parts["weights"], parts["axes"])


def _counts(texts: Sequence[str]) -> Any:
    """Return dampened counts of hashed n-grams, shape (texts, WORDS + LETTERS), sparse."""
    plain = [readable(text[:MOST_CHARS]) for text in texts]
    counts = hstack([_BY_WORD.transform(plain), _BY_LETTER.transform(plain)], format="csr")
    counts.data = (1 + np.log(counts.data)).astype(np.float32)
    return counts
