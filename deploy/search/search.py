"""Search: make sure that all texts have vectors, then find those near the question."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.search.vectors import Hit, VectorStore
from schemas.errors import ConfigError
from stream_jobs.embed.embedder import Embedder, foreign
from stream_jobs.embed.lexical import Lexical, lexical_from

BATCH: Final = 2_000
FIT_ON: Final = 20_000

Progress = Callable[[int], None]
"""Told how many texts have got their vector so far."""


def embedder_for(store: VectorStore, place: str, kinds: Sequence[str]) -> Embedder:
    """Return the embedder that `place` names, else the latest in the store, else one fitted now.

    Raises ConfigError if `place` names none, or there is too little text to fit on.
    """
    if ":" in place:
        return foreign(place)
    if place:
        return lexical_from(_content(place), place)
    kept = store.latest_embedder()
    return fit(store, kinds) if kept is None else lexical_from(kept, "the hot store")


def fit(store: VectorStore, kinds: Sequence[str]) -> Lexical:
    """Return an embedder fitted on the latest texts in the store, and keep it there.

    Raises ConfigError if there are too few.
    """
    embedder = Lexical.fit(store.missing("", kinds, FIT_ON))
    store.add_embedder(embedder.version, datetime.now(UTC), embedder.to_bytes())
    return embedder


def refresh(
    store: VectorStore, embedder: Embedder, kinds: Sequence[str], progress: Progress
) -> int:
    """Give a vector to every text that has none; return to how many."""
    done = 0
    while texts := store.missing(embedder.version, kinds, BATCH):
        store.add(embedder.version, texts, embedder.embed(texts))
        done += len(texts)
        progress(done)
    return done


def search(
    store: VectorStore,
    embedder: Embedder,
    question: str,
    kinds: Sequence[str],
    tenant: str = "",
    most: int = 10,
) -> list[Hit]:
    """Return the texts nearest to `question`, the nearest first.

    Only the question's vector goes to the store. Raises ConfigError if no word of it is known.
    """
    (asked,) = embedder.embed([question])
    if not asked.any():
        raise ConfigError(
            "none of these words stands in any text that the embedder was fitted on: use others, "
            "or fit it anew on today's texts with --refit"
        )
    return store.nearest(embedder.version, asked, kinds, tenant, most)


def _content(place: str) -> bytes:
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"FEEDLOOP_EMBED_MODEL: can't read {place} ({error.strerror}); give a file, "
            "module:function, or nothing"
        ) from error
