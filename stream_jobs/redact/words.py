"""Splits a text into words for the names model: linear in the text, whatever it holds.

Letters and digits in a row are a word (of bounded length), any other character stands alone; a
single space belongs to the word before it, other white space is a word of its own, for a line
break tells an address or a signature. Registered with spaCy as NAME when it is imported.
"""

import re
from collections.abc import Callable
from typing import Any, Final

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

    def to_disk(self, *_: Any, **__: Any) -> None:
        """Write nothing: the words of a text depend on nothing else."""

    def from_disk(self, *_: Any, **__: Any) -> "Words":
        """Read nothing."""
        return self

    def to_bytes(self, **_: Any) -> bytes:
        """Return nothing, for the same reason."""
        return b""

    def from_bytes(self, *_: Any, **__: Any) -> "Words":
        """Take nothing."""
        return self


def create_words() -> Callable[[Any], Words]:
    """Return what makes the tokenizer of a pipeline."""
    return lambda nlp: Words(nlp.vocab)


registry.tokenizers.register(NAME, func=create_words)
