"""What prompts are about: clusters of a reference period's prompts, and which one a prompt is in.

A prompt far from every cluster is in none of them: `other`. A growing share of it is the sign of
a subject that nobody asked about when the reference was taken.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from schemas.errors import ConfigError
from stream_jobs.embed.arrays import arrays
from stream_jobs.embed.embedder import Vectors
from stream_jobs.embed.lexical import Lexical
from stream_jobs.embed.words import STOP_WORDS, readable

FORMAT: Final = 1
OTHER: Final = "other"
TOPICS: Final = 16
NEAREST_SHARE: Final = 0.01
"""Of the reference's own prompts this share may lie outside of all clusters."""
NAME_TERMS: Final = 3


@dataclass(frozen=True)
class TopicModel:
    """An embedder with `centres` (topics, dimensions), their `names` and how near is near enough.

    A prompt belongs to the nearest centre if their inner product is at least `least`.
    """

    embedder: Lexical
    centres: Vectors
    names: tuple[str, ...]
    least: float

    @classmethod
    def fit(cls, prompts: Sequence[str], topics: int = TOPICS, seed: int = 0) -> "TopicModel":
        """Return the model of `prompts`; the same prompts and seed give the same one.

        Raises ConfigError if there are too few.
        """
        embedder = Lexical.fit(prompts, seed=seed)
        vectors = embedder.embed(prompts)
        count = min(topics, len(np.unique(vectors, axis=0)))
        means = KMeans(count, n_init=4, random_state=seed).fit(vectors)
        centres = _unit(means.cluster_centers_)
        nearness = (embedder.project(prompts) @ centres.T).max(axis=1)
        least = float(np.quantile(nearness, NEAREST_SHARE))
        return cls(embedder, centres, _names(prompts, means.labels_, count), least)

    def label(self, prompts: Sequence[str]) -> list[str]:
        """Return the topic of each prompt, or `other`."""
        if not prompts:
            return []
        nearness = self.embedder.project(prompts) @ self.centres.T
        best = nearness.argmax(axis=1)
        near = nearness[np.arange(len(prompts)), best] >= self.least
        return [self.names[place] if ok else OTHER for place, ok in zip(best, near, strict=True)]

    def to_bytes(self) -> bytes:
        """Return the model as a file's content (NumPy's .npz, no pickle)."""
        head = {"format": FORMAT, "names": self.names, "least": self.least}
        out = io.BytesIO()
        np.savez_compressed(
            out,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            weights=self.embedder.weights,
            axes=self.embedder.axes.astype(np.float16),
            centres=self.centres,
        )
        return out.getvalue()


def load_topics(path: Path) -> TopicModel:
    """Return the model that `to_bytes` wrote to `path`. Raises ConfigError."""
    remedy = "Fit one with `feedloop embed fit`, or leave FEEDLOOP_REDACT_TOPIC_MODEL empty"
    with arrays(path, f"topic model {path}", remedy) as parts:
        head: dict[str, Any] = json.loads(parts["head"].tobytes())
        if head["format"] != FORMAT:
            raise ConfigError(
                f"topic model {path} has format {head['format']}, this version reads "
                f"{FORMAT}: fit it again with `feedloop embed fit`"
            )
        embedder = Lexical(parts["weights"], parts["axes"].astype(np.float32))
        names = tuple(map(str, head["names"]))
        return TopicModel(embedder, parts["centres"], names, float(head["least"]))


def _unit(vectors: NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


def _names(prompts: Sequence[str], labels: NDArray[Any], count: int) -> tuple[str, ...]:
    """Return `03-return-days-refund`: a number and the words that set the topic apart."""
    vectorizer = TfidfVectorizer(stop_words=sorted(STOP_WORDS), max_features=20_000)
    weights = vectorizer.fit_transform([readable(prompt) for prompt in prompts])
    words = vectorizer.get_feature_names_out()
    names = []
    for topic in range(count):
        mean = np.asarray(weights[labels == topic].mean(axis=0)).ravel()
        heaviest = np.argsort(-mean, kind="stable")[:NAME_TERMS]
        terms = [str(words[place]) for place in heaviest if mean[place] > 0]
        names.append("-".join((f"{topic:02}", *terms)))
    return tuple(names)
