"""Splits a text into words for the names model, and knows which are common English, which names.

Linear in the text, whatever it holds: letters and digits in a row are a word (of bounded length),
any other character stands alone; a single space belongs to the word before it, other white space
is a word of its own, for a line break tells an address or a signature. The shape of a word that
the model sees says what lists know of it. Registered with spaCy as NAME when it is imported.

What is known of a word, in small letters, is told by letters: `c` common English, `a` a common
word that is often a name, `g` a given name (`G` a usual one), `f` a family name (`F`), `p` a part
of a place's name (`P` of a large one).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from spacy.attrs import IS_SPACE, LOWER, NORM, PREFIX, SHAPE, SUFFIX
from spacy.lang.lex_attrs import word_shape
from spacy.tokens import Doc
from spacy.util import registry

NAME: Final = "feedloop.words.v2"
MAX_WORD: Final = 40
"""Characters of a word; longer runs (base64, hashes) are cut, so that no word can grow large."""

_WORD: Final = re.compile(
    rf"['’][sS]\b|[^\W_](?:[^\W_]|[\u0300-\u036f]){{0,{MAX_WORD - 1}}}|[^\S\r\n]+|\s+|."
)

_USED: Final = frozenset((LOWER, NORM, PREFIX, SUFFIX, SHAPE, IS_SPACE))
"""What the network and the recogniser read of a word."""


def cut(text: str) -> tuple[list[str], list[int]]:
    """Return the words of `text` and where each starts; a single space after a word is left out."""
    words: list[str] = []
    starts: list[int] = []
    at, spaced = 0, True
    for word in _WORD.findall(text):
        if spaced or word != " ":
            words.append(word)
            starts.append(at)
            spaced = False
        else:
            spaced = True
        at += len(word)
    return words, starts


class Words:
    """A tokenizer of spaCy."""

    def __init__(self, vocab: Any) -> None:
        self.vocab = vocab
        self.known: Mapping[str, str] = {}
        self.common: frozenset[str] = frozenset()
        self.ambiguous: frozenset[str] = frozenset()  # those of them that are names as well
        for unused in set(vocab.lex_attr_getters) - _USED:
            del vocab.lex_attr_getters[unused]  # each costs time at every new word
        vocab.lex_attr_getters[SHAPE] = self._shape

    def __call__(self, text: str) -> Doc:
        """Return `text` as words; joined they are the text again."""
        words, starts = cut(text)
        ends = (*starts[1:], len(text)) if words else ()
        spaces = [b - a > len(w) for w, a, b in zip(words, starts, ends, strict=True)]
        return Doc(self.vocab, words=words, spaces=spaces)

    def learn(self, known: Mapping[str, str]) -> None:
        """Take what is `known` of words in small letters.

        Do so before the first text: the vocabulary remembers a word as it was when it came.
        """
        self.known = known
        self.common = frozenset(word for word, kinds in known.items() if "c" in kinds)
        self.ambiguous = frozenset(word for word in self.common if "a" in known[word])
        for word in self.common:
            _ = self.vocab[word]  # kept for good, while other words go with their batch

    def keep(self, listed: Callable[[str], bool]) -> None:
        """Forget the names that are no common words and not `listed`; before the first text."""
        self.known = {w: kinds for w, kinds in self.known.items() if "c" in kinds or listed(w)}

    def _shape(self, word: str) -> str:
        shape: str = word_shape(word)
        kinds = self.known.get(word.lower())
        return f"{shape}/{kinds}" if kinds else shape

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write what is known of words to the file `path`."""
        Path(path).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, **_: Any) -> "Words":
        """Take what is known of words from the file `path`."""
        return self.from_bytes(Path(path).read_bytes())

    def to_bytes(self, **_: Any) -> bytes:
        """Return what is known of words: a line a word, a tab before its kinds."""
        return "\n".join(f"{word}\t{kinds}" for word, kinds in sorted(self.known.items())).encode()

    def from_bytes(self, data: bytes, **_: Any) -> "Words":
        """Take what is known of words."""
        pairs = (line.partition("\t") for line in data.decode().split("\n"))
        self.learn({word: kinds for word, _, kinds in pairs if word})
        return self


def create_words() -> Callable[[Any], Words]:
    """Return what makes the tokenizer of a pipeline."""
    return lambda nlp: Words(nlp.vocab)


registry.tokenizers.register(NAME, func=create_words)
