"""The redact stage of one partition number: one record in, one out, same partition, same order.

Undecodable or invalid: a dead letter, nothing else. State: none but offsets.
"""

import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.codec import decode, encode, frame, schema_id
from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.errors import InvalidRecord, SkippableError, UndecodableRecord
from schemas.records import check_event
from schemas.topics import CONTROL_HEADER, DEAD_LETTERS, RAW, REDACTED, REDACTIONS_HEADER, redacted
from schemas.writer_schema import WriterSchema
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.treatment import Plan, compile_plan
from stream_jobs.stage import Chunk, Inbound, LookupKey, Outbound, Restored, SchemaOf

NAME: Final = "redact"
SLICE: Final = 256  # records redacted at once: commits and health wait no longer than that
_KINDS: Final = {topic.name: topic.name for topic in RAW}  # topic → `type` of its events
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

    def build(self, restored: Restored) -> "RedactStage":
        """Return the logic of one partition number."""
        return RedactStage(self, restored)


class RedactStage:
    """Redacts what it is offered, chunk by chunk."""

    def __init__(self, config: RedactConfig, restored: Restored) -> None:
        self._config = config
        self._partition = restored.partition
        self._next = dict(restored.next)
        self._queue: deque[Chunk] = deque()
        self._plans: dict[int, Plan] = {}

    def offer(self, chunk: Chunk, now_ms: int) -> None:  # noqa: ARG002 - the protocol's argument
        """Take a chunk into the queue, in slices."""
        records = chunk.records
        for start in range(0, len(records), SLICE):
            end = start + SLICE
            position = records[end].offset if end < len(records) else chunk.position
            self._queue.append(chunk._replace(records=records[start:end], position=position))
        if not any(waiting.topic == chunk.topic for waiting in self._queue):
            self._next[chunk.topic] = chunk.position

    def step(self, now_ms: int) -> list[Outbound]:
        """Redact one slice of what is queued; called again at once while there is output."""
        outputs: list[Outbound] = []
        while self._queue and not outputs:
            chunk = self._queue.popleft()
            outputs = self._chunk(chunk, now_ms)
            self._next[chunk.topic] = chunk.position
        return outputs

    def _chunk(self, chunk: Chunk, now_ms: int) -> list[Outbound]:
        """Decode all, redact in batches of one schema, keep the order."""
        outputs: list[Outbound | None] = []
        decoded: dict[int, list[tuple[int, Inbound, dict[str, Any]]]] = {}
        for record in chunk.records:
            place = len(outputs)
            if _is_control(record):
                outputs.append(_pass_on(chunk.topic, record, self._partition))
                continue
            try:
                writer, event = self._read(chunk.topic, record, now_ms)
            except SkippableError as error:
                outputs.append(self._dead_letter(chunk.topic, record, error, now_ms))
                continue
            outputs.append(None)
            decoded.setdefault(writer.id, []).append((place, record, event))
        for number, batch in decoded.items():
            self._redact(chunk.topic, number, batch, outputs, now_ms)
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
        if writer.name.lower() != _KINDS[topic]:
            raise UndecodableRecord(
                "wrong_schema", f"schema {number} is a {writer.name or 'nameless'} in {topic}"
            )
        event = decode(writer.parsed, body[5:])
        check_event(_KINDS[topic], event, now_ms, self._config.future_bound_ms, extra=True)
        return writer, event

    def _plan(self, writer: WriterSchema) -> Plan:
        if writer.id not in self._plans:
            self._plans[writer.id] = compile_plan(writer.json)
        return self._plans[writer.id]

    def _dead_letter(
        self, topic: str, record: Inbound, error: SkippableError, now_ms: int
    ) -> Outbound:
        number = None
        if record.value is not None and len(record.value) >= 5 and record.value[:1] == b"\x00":
            number = int.from_bytes(record.value[1:5], "big", signed=True)
        source = (self._config.prefix + topic, self._partition, record.offset)
        letter = dead_letter(NAME, source, error, now_ms, number)
        # The record's own key may hold anything: the id is what spreads the letters.
        key = letter["dead_letter_id"].encode()
        body = dead_letter_body(letter, self._config.dead_letter_schema)
        return Outbound(DEAD_LETTERS.name, key, body)

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait."""
        return sum(
            len(record.value or b"")
            for chunk in self._queue
            if chunk.topic == topic
            for record in chunk.records
        )

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet redacted."""
        return dict(self._next)

    def rewind_offsets(self) -> dict[str, int]:
        """Return the next offsets: nothing is buffered."""
        return dict(self._next)

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


def _is_control(record: Inbound) -> bool:
    return record.value is None and any(name == CONTROL_HEADER for name, _ in record.headers)


def _pass_on(topic: str, record: Inbound, partition: int) -> Outbound:
    return Outbound(_OUTPUT[topic], record.key, None, partition, list(record.headers))


def _counts(counts: Counter[str]) -> list[tuple[str, bytes]] | None:
    if not counts:
        return None
    return [(REDACTIONS_HEADER, json.dumps(counts, separators=(",", ":")).encode())]


assert len(_OUTPUT) == len(REDACTED)
