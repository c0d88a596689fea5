"""Groups of texts that say the same: what people complain about, the largest group first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from stream_jobs.embed.words import STOP_WORDS, readable

MOST_TEXTS: Final = 1_000
"""Distinct texts that are compared with each other (memory grows with the square)."""
MOST_CHARS: Final = 2_000
DIMENSIONS: Final = 24
APART: Final = 0.75
"""Average cosine distance at which two groups are two subjects."""
REPRESENTATIVES: Final = 3
TERMS: Final = 5
SEED: Final = 0

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Cluster:
    """Texts about one thing.

    `size` counts texts, `members` and `representatives` are indices into what was given (the most
    typical text first), `terms` are the words that set the group apart.
    """

    size: int
    members: tuple[int, ...]
    representatives: tuple[int, ...]
    terms: tuple[str, ...]


def clusters(texts: Sequence[str], limit: int = 5) -> list[Cluster]:
    """Return the groups of `texts`, the largest first, at most `limit`.

    Empty texts belong to no group. Equal input gives equal output. Of more than MOST_TEXTS
    distinct texts only the most frequent are grouped.
    """
    copies: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        plain = " ".join(readable(text[:MOST_CHARS]).split())
        if plain:
            copies.setdefault(plain, []).append(index)
    kept = sorted(copies.items(), key=lambda item: -len(item[1]))[:MOST_TEXTS]
    if not kept:
        return []
    weights = _weights([text for text, _ in kept])
    if weights is None:  # nothing but stop words
        return [_whole([indices for _, indices in kept])]
    matrix, words = weights
    groups = _groups(_reduced(matrix))
    found = [_cluster(rows, kept, matrix, words) for rows in groups]
    return sorted(found, key=lambda c: (-c.size, c.members))[:limit]


def _weights(texts: list[str]) -> tuple[Any, NDArray[Any]] | None:
    vectorizer = TfidfVectorizer(
        stop_words=sorted(STOP_WORDS),
        sublinear_tf=True,
        max_features=20_000,
    )
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's answer to an empty vocabulary
        return None
    return matrix, vectorizer.get_feature_names_out()


def _reduced(matrix: Any) -> Matrix:
    most = min(DIMENSIONS, min(matrix.shape) - 1)
    if most < 2:
        dense: Matrix = normalize(matrix).toarray()
        return dense
    svd = TruncatedSVD(most, random_state=SEED)
    reduced: Matrix = normalize(svd.fit_transform(matrix))
    return reduced


def _groups(vectors: Matrix) -> list[list[int]]:
    """Return the rows of each group; a text without a known word is a group of its own."""
    silent = [row for row in range(len(vectors)) if not vectors[row].any()]
    spoken = [row for row in range(len(vectors)) if vectors[row].any()]
    groups: dict[int, list[int]] = {}
    if len(spoken) > 1:
        model = AgglomerativeClustering(
            n_clusters=None, distance_threshold=APART, metric="cosine", linkage="average"
        )
        for row, label in zip(spoken, model.fit_predict(vectors[spoken]), strict=True):
            groups.setdefault(int(label), []).append(row)
    elif spoken:
        groups[0] = spoken
    return [*groups.values(), *([silent] if silent else [])]


def _cluster(
    rows: list[int], kept: list[tuple[str, list[int]]], matrix: Any, words: NDArray[Any]
) -> Cluster:
    members = tuple(sorted(index for row in rows for index in kept[row][1]))
    copies = np.array([len(kept[row][1]) for row in rows], dtype=float)
    part = matrix[rows]
    centre = np.asarray(part.multiply(copies[:, None]).sum(axis=0)).ravel() / copies.sum()
    nearness = np.asarray(part @ centre).ravel()
    order = sorted(range(len(rows)), key=lambda i: (-nearness[i], -copies[i], rows[i]))
    typical = tuple(kept[rows[i]][1][0] for i in order[:REPRESENTATIVES])
    return Cluster(len(members), members, typical, _terms(centre, words))


def _terms(centre: Matrix, words: NDArray[Any]) -> tuple[str, ...]:
    heaviest = np.argsort(-centre, kind="stable")[:TERMS]
    return tuple(str(words[place]) for place in heaviest if centre[place] > 0)


def _whole(copies: list[list[int]]) -> Cluster:
    members = tuple(sorted(index for indices in copies for index in indices))
    typical = tuple(indices[0] for indices in copies[:REPRESENTATIVES])
    return Cluster(len(members), members, typical, ())
