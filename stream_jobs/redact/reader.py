"""Reads texts with the weights of our own spaCy pipeline: the same finds in a third of the time.

spaCy makes a document of each text and steps through it word by word. Here the words of many texts
are one matrix, each word's own numbers are remembered, and only within a name one step waits for
another: outside of names what is found at a word hangs on the words around it alone.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from stream_jobs.redact.embeddings import NO_WORD, Embeddings
from stream_jobs.redact.words import cut

Find = tuple[int, int, str]
"""Where a name starts and ends, in characters, and its label."""

Matrix = NDArray[np.float32]

MAX_ROWS: Final = 4_096
"""Words read at once: beyond this more costs memory and saves no time."""

AHEAD: Final = 8
"""Words behind the first one of a name that are looked at together."""

EPSILON: Final = 1e-8  # of thinc's layer norm

ONE_CORE: Final = ThreadpoolController()
"""Has numpy multiply on one core: for matrices so small the others would do nothing but wait."""


class Reader:
    """The recogniser of a pipeline that `deploy/training` made. Not safe to share by threads."""

    def __init__(self, pipeline: Any) -> None:
        recogniser = pipeline.get_pipe("ner")
        encoder, _, linear = recogniser.model.get_ref("tok2vec").layers
        embed, encode = encoder.get_ref("embed"), encoder.get_ref("encode")
        self._embeddings = Embeddings(embed, encoder.get_dim("nO"), pipeline)
        self._padding: int = encode.attrs["pad"]
        windows = [node.attrs["window_size"] for node in _named(encode, "expand_window")]
        self._layers = [
            _Layer(*parts)
            for parts in zip(
                windows, _named(encode, "maxout"), _named(encode, "layernorm"), strict=True
            )
        ]
        self._steps = _Steps(recogniser, linear)

    def read(self, texts: Sequence[str]) -> list[list[Find]]:
        """Return the names in each text."""
        with ONE_CORE.limit(limits=1, user_api="blas"):
            return self._read_all(texts)

    def _read_all(self, texts: Sequence[str]) -> list[list[Find]]:
        found: list[list[Find]] = []
        batch: list[tuple[list[str], list[int]]] = []
        size = 0
        for text in texts:
            batch.append(cut(text))
            size += len(batch[-1][0]) + self._padding
            if size >= MAX_ROWS:
                found += self._read(batch)
                batch, size = [], 0
        return [*found, *self._read(batch)]

    def _read(self, batch: list[tuple[list[str], list[int]]]) -> Iterator[list[Find]]:
        around = [NO_WORD] * self._padding
        known = iter(self._embeddings.rows([word for words, _ in batch for word in words]))
        rows = list(around)
        for words, _ in batch:
            rows += [next(known) for _ in words]
            rows += around
        vectors = self._embeddings.vectors[rows]
        for layer in self._layers:
            vectors = layer.around(vectors)
        outside = self._steps.outside(vectors)
        at = self._padding
        for words, starts in batch:
            spans = self._steps.names(vectors, outside, at, words)
            yield [
                (starts[first], starts[last] + len(words[last]), label)
                for first, last, label in spans
            ]
            at += len(words) + self._padding


class _Layer:
    """Adds to each word what the words beside it tell: a window, maxout, layer norm."""

    def __init__(self, window: int, maxout: Any, norm: Any) -> None:
        self._window = window
        weights = maxout.get_param("W")  # (width, pieces, inputs)
        self._pieces: int = weights.shape[1]
        self._weights = _by_piece(weights).T.copy()
        self._bias = maxout.get_param("b").T.ravel()
        self._scale, self._shift = norm.get_param("G"), norm.get_param("b")

    def around(self, vectors: Matrix) -> Matrix:
        size, width = vectors.shape
        beside = np.zeros((size, (2 * self._window + 1) * width), dtype=np.float32)
        for place in range(2 * self._window + 1):
            shift = place - self._window
            column = slice(place * width, (place + 1) * width)
            beside[max(0, -shift) : size - max(0, shift), column] = vectors[
                max(0, shift) : size - max(0, -shift)
            ]
        told = beside @ self._weights
        told += self._bias
        best = _maxout(told, self._pieces)
        best -= best.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", best, best) / width
        best *= (1 / np.sqrt(variance + EPSILON))[:, None]
        best *= self._scale
        best += self._shift
        best += vectors
        return best


class _Steps:
    """What is done at a word: a name begins, goes on, ends, is that word alone, or there is none.

    A step sees the word and, within a name, its first word and the word before.
    """

    def __init__(self, recogniser: Any, linear: Any) -> None:
        lower, upper = recogniser.model.get_ref("lower"), recogniser.model.get_ref("upper")
        weights, before = lower.get_param("W"), linear.get_param("W")
        self._pieces: int = weights.shape[2]
        mixed = [_by_piece(part) for part in weights]  # of the word, of the first, of the last one
        self._weights = [(part @ before).T.copy() for part in mixed]
        biases = [part @ linear.get_param("b") for part in mixed]
        own = lower.get_param("b").T.ravel()
        pads = [_by_piece(part[..., None]).ravel() for part in lower.get_param("pad")[0]]
        self._alone = own + biases[0] + pads[1] + pads[2]
        self._within = own + sum(biases)
        self._upper, self._upper_bias = upper.get_param("W").T.copy(), upper.get_param("b")
        moves = [recogniser.moves.get_class_name(i) for i in range(upper.get_dim("nO"))]
        self._moves = [move.partition("-") for move in moves]
        self._out = moves.index("O")
        self._open = self._never(lambda move, label: move == "O" or (label and move in "BU"))
        self._last = self._never(lambda move, label: move == "O" or (label and move == "U"))

    def _never(self, valid: Any) -> Matrix:
        """Return what makes the score of each move that isn't `valid` hopeless."""
        allowed = [bool(valid(move, label)) for move, _, label in self._moves]
        return np.where(allowed, np.float32(0), np.float32(-np.inf))

    def outside(self, vectors: Matrix) -> Matrix:
        """Return the score of each move at each word, if no name is open there."""
        return self._scores(vectors @ self._weights[0] + self._alone)

    def names(
        self, vectors: Matrix, outside: Matrix, at: int, words: list[str]
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the first and last word of each name in a text whose words begin at row `at`."""
        scores = outside[at : at + len(words)] + self._open
        if not words:
            return
        scores[-1] += self._last
        best = scores.argmax(axis=1)
        free = 0
        for first in np.flatnonzero(best != self._out).tolist():
            if first < free or words[first].isspace():
                continue
            move, _, label = self._moves[best[first]]
            last = first if move == "U" else self._end(vectors, at, first, len(words), label)
            yield first, last, label
            free = last + 1

    def _end(self, vectors: Matrix, at: int, first: int, size: int, label: str) -> int:
        """Return the last word of the name that begins with word `first`."""
        going_on, ending = (self._moves.index((move, "-", label)) for move in "IL")
        opened = vectors[at + first] @ self._weights[1] + self._within
        for start in range(first + 1, size, AHEAD):
            end = min(start + AHEAD, size)
            here = vectors[at + start : at + end] @ self._weights[0]
            here += vectors[at + start - 1 : at + end - 1] @ self._weights[2]
            scores = self._scores(here + opened)
            ends = np.flatnonzero(scores[:, ending] > scores[:, going_on])
            if len(ends):
                return start + int(ends[0])
        return size - 1

    def _scores(self, told: Matrix) -> Matrix:
        scores: Matrix = _maxout(told, self._pieces) @ self._upper + self._upper_bias
        return scores


def _named(model: Any, name: str) -> list[Any]:
    return [node for node in model.walk() if node.name == name]


def _by_piece(weights: Any) -> Matrix:
    """Return weights of shape (outputs, pieces, inputs) as a matrix, piece by piece."""
    outputs, pieces, inputs = weights.shape
    return np.ascontiguousarray(weights.transpose(1, 0, 2)).reshape(pieces * outputs, inputs)


def _maxout(told: Matrix, pieces: int) -> Matrix:
    return reduce(np.maximum, np.split(told, pieces, axis=1))
