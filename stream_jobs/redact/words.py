"""Splits a text into words for the names model, and knows which of them are common English.

Linear in the text, whatever it holds: letters and digits in a row are a word (of bounded length),
any other character stands alone; a single space belongs to the word before it, other white space
is a word of its own, for a line break tells an address or a signature. The shape of a word that
the model sees says whether it is common. Registered with spaCy as NAME when it is imported.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from spacy.attrs import SHAPE
from spacy.lang.lex_attrs import word_shape
from spacy.tokens import Doc
from spacy.util import registry

NAME: Final = "feedloop.words.v1"
MAX_WORD: Final = 40
"""Characters of a word; longer runs (base64, hashes) are cut, so that no word can grow large."""

_WORD: Final = re.compile(
    rf"['’][sS]\b|[^\W_](?:[^\W_]|[\u0300-\u036f]){{0,{MAX_WORD - 1}}}|[^\S\r\n]+|\s+|."
)


class Words:
    """A tokenizer of spaCy."""

    def __init__(self, vocab: Any) -> None:
        self.vocab = vocab
        self.common: frozenset[str] = frozenset()  # in small letters
        self.ambiguous: frozenset[str] = frozenset()  # those of them that are names as well
        vocab.lex_attr_getters[SHAPE] = self._shape

    def __call__(self, text: str) -> Doc:
        """Return `text` as words; joined they are the text again."""
        words: list[str] = []
        spaces: list[bool] = []
        for word in _WORD.findall(text):
            if word == " " and words and not spaces[-1]:
                spaces[-1] = True
            else:
                words.append(word)
                spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)

    def learn(self, lines: Iterable[str]) -> None:
        """Take the common words: one a line, a `*` behind those that are names as well.

        Do so before the first text: the vocabulary remembers a word as it was when it came.
        """
        words = [line.strip() for line in lines if line.strip()]
        self.ambiguous = frozenset(word[:-1] for word in words if word.endswith("*"))
        self.common = frozenset(word.removesuffix("*") for word in words)
        for word in self.common:
            _ = self.vocab[word]  # kept for good, while other words go with their batch

    def _shape(self, word: str) -> str:
        shape: str = word_shape(word)
        lower = word.lower()
        if lower in self.ambiguous:
            return f"{shape}/ambiguous"
        return f"{shape}/common" if lower in self.common else shape

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write the common words to the file `path`."""
        Path(path).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, **_: Any) -> "Words":
        """Take the common words of the file `path`."""
        return self.from_bytes(Path(path).read_bytes())

    def to_bytes(self, **_: Any) -> bytes:
        """Return the common words."""
        return "\n".join(
            sorted(f"{w}*" if w in self.ambiguous else w for w in self.common)
        ).encode()

    def from_bytes(self, data: bytes, **_: Any) -> "Words":
        """Take the common words."""
        self.learn(data.decode().splitlines())
        return self


def create_words() -> Callable[[Any], Words]:
    """Return what makes the tokenizer of a pipeline."""
    return lambda nlp: Words(nlp.vocab)


registry.tokenizers.register(NAME, func=create_words)
