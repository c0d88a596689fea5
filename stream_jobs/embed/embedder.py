"""What an embedder is, and how one is chosen by setting."""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Texts to vectors of length one. Texts about the same have a large inner product."""

    @property
    def version(self) -> str:
        """Name it uniquely: vectors of different versions are never compared."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, shape (texts, dimensions); a row of zeros if it says nothing."""


def foreign(place: str) -> Embedder:
    """Return the embedder that `module:function` makes, called without arguments.

    Raises ConfigError if there is no such function or what it makes is no embedder.
    """
    module, _, name = place.partition(":")
    try:
        made = getattr(import_module(module), name)()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"embedder {place!r}: {type(error).__name__}: {error}. Give a file that `feedloop "
            "embed fit` wrote, or module:function of a function without arguments"
        ) from error
    if not (isinstance(getattr(made, "version", None), str) and callable(made.embed)):
        raise ConfigError(f"embedder {place!r}: what it makes has no `version` and `embed(texts)`")
    return cast("Embedder", made)
