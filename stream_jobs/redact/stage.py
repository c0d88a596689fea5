"""The redact stage of one partition number: one record in, one out, same partition, same order.

Undecodable or invalid: a dead letter, nothing else. State: none but offsets.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.codec import PREFIX_BYTES, decode, encode, frame, schema_id
from schemas.errors import InvalidRecord, SkippableError, UndecodableRecord
from schemas.records import check_event
from schemas.topics import CONTROL_HEADER, INFERENCE, RAW, REDACTIONS_HEADER, redacted
from schemas.writer_schema import WriterSchema
from stream_jobs.align import Aligner
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.tally import Tally
from stream_jobs.redact.topic import Labeller, label_prompts
from stream_jobs.redact.treatment import Plan, compile_plan
from stream_jobs.set_aside import set_aside
from stream_jobs.stage import Chunk, Inbound, LookupKey, Outbound, Restored, SchemaOf

NAME: Final = "redact"
SLICE: Final = 256  # records redacted at once: commits and health wait no longer than that
SLICE_BYTES: Final = 128 << 10  # and so many bytes of them, for long texts take the model long
SLICE_MS: Final = 100  # and of arrival: so far, at most, a commit leaves the topics apart
_OUTPUT: Final = {topic.name: redacted(topic).name for topic in RAW}


@dataclass(frozen=True)
class RedactConfig:
    """What every partition of the stage shares."""

    prefix: str  # of topic names
    future_bound_ms: int
    max_record_bytes: int
    dead_letter_schema: int
    redactor: Redactor
    schema_of: SchemaOf
    tally: Tally = field(default_factory=Tally)
    topics: Labeller | None = None
    align_wait_ms: int = 0  # how long a record of the past waits for a topic that seems empty

    def build(self, restored: Restored) -> "RedactStage":
        """Return the logic of one partition number."""
        return RedactStage(self, restored)


class RedactStage:
    """Redacts what it is offered, chunk by chunk."""

    def __init__(self, config: RedactConfig, restored: Restored) -> None:
        self._config = config
        self._partition = restored.partition
        self._positions = {name: restored.next.get(name, 0) for name in _OUTPUT}
        self._held = dict.fromkeys(_OUTPUT, 0)
        # In the order of arrival across the topics, so that in a catch-up no redacted topic runs
        # far ahead of the others. A broker that was just restarted says for a moment that a topic
        # ends where it last noted that: a catch-up waits until it says so again.
        self._aligner: Aligner[Sequence[Inbound]] = Aligner(list(_OUTPUT), config.align_wait_ms)
        self._plans: dict[int, Plan] = {}

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        """Take a chunk into the queue, in slices."""
        records = chunk.records
        slices = list(_slices(records))
        self._held[chunk.topic] += sum(map(_size, records))
        self._positions[chunk.topic] = chunk.position
        self._aligner.put(
            chunk.topic,
            [(part[0].timestamp, part) for part in slices],
            at_end=chunk.at_end,
            now_ms=now_ms,
        )

    def step(self, now_ms: int) -> list[Outbound]:
        """Redact one slice of what is queued; called again at once while there is output."""
        for topic, records in self._aligner.take(now_ms):
            self._held[topic] -= sum(map(_size, records))
            outputs = self._slice(topic, records, now_ms)
            if outputs:
                return outputs
        return []

    def _slice(self, topic: str, records: Sequence[Inbound], now_ms: int) -> list[Outbound]:
        """Decode all, redact in batches of one schema, keep the order."""
        outputs: list[Outbound | None] = []
        decoded: dict[int, list[tuple[int, Inbound, dict[str, Any]]]] = {}
        for record in records:
            place = len(outputs)
            if _is_control(record):
                outputs.append(_pass_on(topic, record, self._partition))
                continue
            try:
                writer, event = self._read(topic, record, now_ms)
            except SkippableError as error:
                outputs.append(self._dead_letter(topic, record, error, now_ms))
                continue
            outputs.append(None)
            decoded.setdefault(writer.id, []).append((place, record, event))
        for number, batch in decoded.items():
            self._redact(topic, number, batch, outputs, now_ms)
        return [output for output in outputs if output is not None]

    def _redact(
        self,
        topic: str,
        number: int,
        batch: list[tuple[int, Inbound, dict[str, Any]]],
        outputs: list[Outbound | None],
        now_ms: int,
    ) -> None:
        writer = self._config.schema_of(number)
        results = self._config.redactor.redact_records(
            self._plan(writer), [event for _, _, event in batch]
        )
        if self._config.topics is not None and topic == INFERENCE.name:
            label_prompts(self._config.topics, [event for event, _ in results])
        for (place, record, _), (event, counts) in zip(batch, results, strict=True):
            body = frame(number, encode(writer.parsed, event))
            if len(body) > self._config.max_record_bytes:
                error = InvalidRecord(
                    "too_large",
                    f"{len(body)} bytes after redaction, more than "
                    f"FEEDLOOP_STAGE_MAX_RECORD_BYTES={self._config.max_record_bytes}",
                )
                outputs[place] = self._dead_letter(topic, record, error, now_ms)
                continue
            self._config.tally.add(counts)
            key = event["session_id"].encode()
            outputs[place] = Outbound(_OUTPUT[topic], key, body, self._partition, _counts(counts))

    def _read(
        self, topic: str, record: Inbound, now_ms: int
    ) -> tuple[WriterSchema, dict[str, Any]]:
        body = record.value
        number = schema_id(body)
        assert body is not None
        if len(body) > self._config.max_record_bytes:
            raise InvalidRecord(
                "too_large",
                f"{len(body)} bytes, more than FEEDLOOP_STAGE_MAX_RECORD_BYTES="
                f"{self._config.max_record_bytes}; shorten the texts",
            )
        writer = self._config.schema_of(number)
        if writer.name.lower() != topic:
            raise UndecodableRecord(
                "wrong_schema", f"schema {number} is a {writer.name or 'nameless'} in {topic}"
            )
        event = decode(writer.parsed, body, PREFIX_BYTES)
        check_event(topic, event, now_ms, self._config.future_bound_ms, extra=True)
        return writer, event

    def _plan(self, writer: WriterSchema) -> Plan:
        if writer.id not in self._plans:
            self._plans[writer.id] = compile_plan(writer.json)
        return self._plans[writer.id]

    def _dead_letter(
        self, topic: str, record: Inbound, error: SkippableError, now_ms: int
    ) -> Outbound:
        number = _named_schema(record)
        source = (self._config.prefix + topic, self._partition, record.offset)
        own = self._config.dead_letter_schema
        return set_aside(NAME, source, error, now_ms, schema_id=number, letter_schema=own)

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait."""
        return self._held[topic]

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet redacted."""
        following = {}
        for topic, position in self._positions.items():
            head = self._aligner.head(topic)
            following[topic] = position if head is None else head[0].offset
        return following

    def rewind_offsets(self) -> dict[str, int]:
        """Return the next offsets: nothing is buffered."""
        return self.next_offsets()

    def snapshot(self) -> bytes:
        """Return nothing: there is no state."""
        return b""

    def stats(self) -> dict[str, int]:
        """Return nothing to tell."""
        return {}

    def wanted(self) -> list[LookupKey]:
        """Return no look-ups."""
        return []

    def found(self, results: Mapping[LookupKey, Any], now_ms: int) -> None:
        """Take nothing: no look-up was asked for."""


def _slices(records: Sequence[Inbound]) -> Iterator[Sequence[Inbound]]:
    """Yield `records` in slices of at most SLICE, SLICE_BYTES and SLICE_MS.

    A larger record is one alone.
    """
    start = size = 0
    for i, record in enumerate(records):
        size += _size(record)
        apart = record.timestamp - records[start].timestamp > SLICE_MS
        if i - start == SLICE or (i > start and (size > SLICE_BYTES or apart)):
            yield records[start:i]
            start, size = i, _size(record)
    if start < len(records):
        yield records[start:]


def _size(record: Inbound) -> int:
    return len(record.value or b"")


def _named_schema(record: Inbound) -> int | None:
    try:
        return schema_id(record.value)
    except UndecodableRecord:
        return None


def _is_control(record: Inbound) -> bool:
    return record.value is None and any(name == CONTROL_HEADER for name, _ in record.headers)


def _pass_on(topic: str, record: Inbound, partition: int) -> Outbound:
    return Outbound(_OUTPUT[topic], record.key, None, partition, list(record.headers))


def _counts(counts: Counter[str]) -> list[tuple[str, bytes]] | None:
    if not counts:
        return None
    return [(REDACTIONS_HEADER, json.dumps(counts, separators=(",", ":")).encode())]
