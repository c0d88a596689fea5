"""Remembers what the network makes of a word by itself, before it looks at the words around it.

That hangs on nothing but the word's spelling, and words come again: only new ones are worked out.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from spacy.tokens import Doc

MAX_WORDS: Final = 16_384
"""Words remembered: 4 MB at 64 numbers each. When there are more, all are forgotten."""

NO_WORD: Final = 0
"""The row of what stands before and behind a text."""


class Embeddings:
    """The vectors of the words seen last; holds hashes of words, no text."""

    def __init__(self, layer: Any, width: int, pipeline: Any, max_words: int = MAX_WORDS) -> None:
        """`layer` makes `width` numbers of each word of a document of `pipeline`."""
        self._layer, self._pipeline, self._max_words = layer, pipeline, max_words
        self._rows: dict[int, int] = {}
        self.vectors = np.zeros((max_words + 1, width), dtype=np.float32)

    def rows(self, words: Sequence[str]) -> list[int]:
        """Return the row of `vectors` of each word, right until the next call.

        Raises ValueError if there are too many words to remember.
        """
        keys = list(map(hash, words))
        found = list(map(self._rows.get, keys))
        if None in found:
            new = {
                key: word for key, word in zip(keys, words, strict=True) if key not in self._rows
            }
            if len(self._rows) + len(new) > self._max_words:
                self._rows.clear()
                new = dict(zip(keys, words, strict=True))
            self._learn(new)
        return [self._rows[key] for key in keys]

    def _learn(self, words: dict[int, str]) -> None:
        if len(words) > self._max_words:
            raise ValueError(
                f"{len(words)} words at once; at most {self._max_words} are remembered"
            )
        first = len(self._rows) + 1
        with self._pipeline.memory_zone():  # else its string store grows with every new word
            [vectors] = self._layer.predict([Doc(self._pipeline.vocab, words=list(words.values()))])
        self.vectors[first : first + len(words)] = vectors
        self._rows.update(zip(words, range(first, first + len(words)), strict=True))
