"""The decide stage of one partition number: partials and results in, metrics and actions out.

References aren't in the snapshot: their topic is compacted and read from its start at every start,
before anything else goes on. A new one counts from where it lies among what is processed.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.catalog import parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame, resolve, schema_id
from schemas.errors import UndecodableRecord
from schemas.topics import ACTION_RESULTS, ACTIONS, METRICS, PARTIALS, REFERENCES
from stream_jobs.decide.logic import DecideConfig, Out
from stream_jobs.set_aside import set_aside
from stream_jobs.stage import Chunk, ContentsKey, Inbound, Outbound, Restored, SchemaOf

NAME: Final = "decide"
SLICE: Final = 500  # records a step: commits and health wait no longer than that
_RECORD: Final = {
    REFERENCES.name: "Reference",
    PARTIALS.name: "Partial",
    ACTION_RESULTS.name: "ActionResult",
}
_SCHEMA: Final = {METRICS.name: "Metric", ACTIONS.name: "Action"}


@dataclass(frozen=True)
class DecideStageConfig:
    """What every partition of the stage shares. `output_schemas`: topic → schema id."""

    prefix: str  # of topic names
    decide: DecideConfig
    output_schemas: Mapping[str, int]
    dead_letter_schema: int
    schema_of: SchemaOf

    def build(self, restored: Restored) -> "DecideStage":
        """Return the logic of one partition number."""
        return DecideStage(self, restored)


class DecideStage:
    """Feeds `Decide` what it is offered, in order; all state is in the snapshot."""

    def __init__(self, config: DecideStageConfig, restored: Restored) -> None:
        self._config = config
        self._partition = restored.partition
        self._decide = config.decide.build(restored.state)
        self._positions = {name: restored.next.get(name, 0) for name in _RECORD}
        self._queues: dict[str, deque[Inbound]] = {name: deque() for name in _RECORD}
        self._held = dict.fromkeys(_RECORD, 0)
        self._known_to = self._positions[REFERENCES.name]  # below it, references are read again
        self._refilling = restored.rewind.get(REFERENCES.name, self._known_to) < self._known_to

    def offer(self, chunk: Chunk, now_ms: int) -> None:  # noqa: ARG002 - the protocol's argument
        """Take a chunk into the queue."""
        self._queues[chunk.topic].extend(chunk.records)
        self._held[chunk.topic] += sum(_size(record) for record in chunk.records)
        self._positions[chunk.topic] = max(chunk.position, self._positions[chunk.topic])
        if chunk.topic == REFERENCES.name and chunk.position >= self._known_to:
            self._refilling = False

    def step(self, now_ms: int) -> list[Outbound]:
        """Process a slice of what is queued; windows close by what it says, or by time."""
        outputs: list[Outbound] = []
        for topic, queue in self._queues.items():
            if self._refilling and topic != REFERENCES.name:
                break
            for _ in range(min(SLICE, len(queue))):
                record = queue.popleft()
                self._held[topic] -= _size(record)
                outputs.extend(self._record(topic, record, now_ms))
        if not self._refilling:
            outputs.extend(map(self._outbound, self._decide.on_tick(now_ms)))
        return outputs

    def _record(self, topic: str, record: Inbound, now_ms: int) -> list[Outbound]:
        number: int | None = None
        try:
            number = schema_id(record.value)
            assert record.value is not None
            fields = self._read(topic, number, record.value[PREFIX_BYTES:])
        except UndecodableRecord as error:
            source = (self._config.prefix + topic, self._partition, record.offset)
            own = self._config.dead_letter_schema
            return [set_aside(NAME, source, error, now_ms, schema_id=number, letter_schema=own)]
        if topic == REFERENCES.name:
            self._decide.on_reference(fields)
            return []
        take = self._decide.on_partial if topic == PARTIALS.name else self._decide.on_result
        return [self._outbound(out) for out in take(fields, now_ms)]

    def _read(self, topic: str, number: int, payload: bytes) -> dict[str, Any]:
        writer, name = self._config.schema_of(number), _RECORD[topic]
        if writer.name != name:
            raise UndecodableRecord(
                "wrong_schema", f"schema {number} is a {writer.name or 'nameless'} in {topic}"
            )
        fields = decode(writer.parsed, payload)
        return fields if writer.current else resolve(writer.parsed, parsed(name), payload)

    def _outbound(self, out: Out) -> Outbound:
        body = encode(parsed(_SCHEMA[out.topic]), out.record)
        framed = frame(self._config.output_schemas[out.topic], body)
        return Outbound(out.topic, out.key.encode(), framed)

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait."""
        return self._held[topic]

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet processed."""
        following = {
            topic: queue[0].offset if queue else self._positions[topic]
            for topic, queue in self._queues.items()
        }
        following[REFERENCES.name] = max(following[REFERENCES.name], self._known_to)
        return following

    def rewind_offsets(self) -> dict[str, int]:
        """Return the next offsets: nothing is buffered but references, which are read anew."""
        return self.next_offsets() | {REFERENCES.name: 0}

    def snapshot(self) -> bytes:
        """Return the whole state."""
        return self._decide.snapshot()

    def stats(self) -> dict[str, int]:
        """Return the watermark, open episodes, late partials, and actions that wait."""
        return {
            "watermark": max(self._decide.watermark, 0),
            "episodes": self._decide.open_episodes,
            "late": self._decide.late,
            "unsaid": len(self._decide.pending.state()),
        }

    def wanted(self) -> list[ContentsKey]:
        """Return what the stores are asked of actions that wait."""
        return self._decide.pending.wanted()

    def found(self, results: Mapping[Any, Mapping[str, Any] | None], now_ms: int) -> None:  # noqa: ARG002
        """Take the answers: the next step says the actions."""
        self._decide.pending.found(results)


def _size(record: Inbound) -> int:
    return len(record.value or b"")
