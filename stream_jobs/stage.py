"""What the runtime and a stage's pure logic say to each other about one partition number.

The runtime hands the logic chunks of records and the time; the logic hands back records to write
and, when a transaction is due, what a restart must know. The logic knows no client, no clock and
no environment, so a test drives it in a plain loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from schemas.writer_schema import WriterSchema

Headers = Sequence[tuple[str, bytes]]


class Inbound(Protocol):
    """A record as read from Kafka; `timestamp` is its arrival time, never event time."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Outbound(NamedTuple):
    """A record to write to `topic` (name without prefix), to `partition` or by the key's hash."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: list[tuple[str, bytes]] | None = None


class Chunk(NamedTuple):
    """What one fetch brought of one topic: `position` is where the next fetch goes on."""

    topic: str
    records: Sequence[Inbound]
    position: int
    at_end: bool  # nothing more is committed on the broker beyond `position`


class LookupKey(NamedTuple):
    """An inference that a stage wants from the hot store."""

    tenant_id: str
    inference_id: str


class ContentsKey(NamedTuple):
    """What a stage wants from the stores for one change of an action; `request` is JSON."""

    action_id: str
    sequence: int
    request: bytes


@dataclass(frozen=True)
class Restored:
    """Where one partition number starts: from a checkpoint, or from nothing."""

    partition: int
    next: Mapping[str, int] = field(default_factory=dict)  # topic → first offset not yet processed
    rewind: Mapping[str, int] = field(default_factory=dict)  # topic → where reading starts
    state: bytes | None = None


SchemaOf = Callable[[int], WriterSchema]
"""Schema id → the writer's schema; raises UndecodableRecord if there is none."""


class Logic(Protocol):
    """The pure logic of one partition number of one stage.

    Offsets below `Restored.next` are read again only to refill buffers: they yield no output but
    for what `Restored.state` says was still open.
    """

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        """Take a chunk into the queue."""

    def step(self, now_ms: int) -> list[Outbound]:
        """Process what can be processed now (also with nothing offered: time passes)."""

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait in the queue; the runtime pauses above a limit."""

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet processed."""

    def rewind_offsets(self) -> dict[str, int]:
        """Return, per topic, where a restart must begin to read; at most the next offset."""

    def snapshot(self) -> bytes:
        """Return the part of the state that reading again can't bring back; versioned bytes."""

    def stats(self) -> dict[str, int]:
        """Return small numbers for the commit metadata, e.g. `waiting` and `watermark`."""

    def wanted(self) -> Sequence[LookupKey | ContentsKey]:
        """Return look-ups in the stores to make now; each is handed out once."""

    def found(self, results: Mapping[Any, dict[str, Any] | None], now_ms: int) -> None:
        """Take the results of a look-up: a record, or None if there is none.

        Changes no state that `snapshot` tells: what follows from them is the next `step`'s.
        """
