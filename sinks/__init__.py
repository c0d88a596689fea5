"""Each sink reads topics and writes one store, every record exactly once.

One loop (consume) serves all sinks: it reads, cuts batches, promises them (intents), decodes,
sets aside what can't be read, and hands each sink whole batches of rows.
"""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from sinks.intents import Source
from sinks.tables import Table

__all__ = ["Batch", "Sink"]


@dataclass(frozen=True)
class Batch:
    """The rows of offsets `start` to `end` (inclusive) of one partition.

    The same source, start and end always come with the same rows.
    """

    table: Table
    source: Source
    start: int
    end: int
    rows: pa.Table


class Sink(Protocol):
    """One store. Its promises:

    - `write` returns when the rows are durable and visible; the same batch written again, by this
      process or another one, changes nothing.
    - It raises SinkDown if the store is away or full (the caller tries the same batch again, for
      ever), FencedError if another owner has taken the partition over, FatalError if it never
      can work. In each case the store holds all of the batch or none that a reader would see twice.
    - A batch without rows has no effect.
    """  # noqa: D400

    name: str

    def open(self) -> None:
        """Make the store ready. Raises SinkDown, FatalError. Safe to call again."""

    def assigned(self, source: Source, *, known: bool) -> int:
        """Take `source` over; return the first offset that the store doesn't hold.

        0 if the store keeps no account of offsets: then the committed intent alone decides.
        `known`: the group has committed for it before. Raises SinkDown, FatalError.
        """
        ...

    def topic_ids(self, topic: str) -> set[str]:
        """Return Kafka's ids of `topic` from which the store was filled. Raises SinkDown."""
        ...

    def note_topic(self, topic: str, topic_id: str) -> None:
        """Remember that the store is filled from `topic` with this id. Raises SinkDown."""

    def write(self, batch: Batch) -> None:
        """Store the rows of `batch`; see the promises."""

    def revoked(self, source: Source) -> None:
        """Let go of `source`; another owner may already have it."""

    def close(self) -> None:
        """Release connections and files."""
