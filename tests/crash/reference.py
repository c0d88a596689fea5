"""A run without faults: the stages' own logic over the same traffic, in one plain loop.

One partition of everything: how sessions are spread changes no sum. Arrival passes as fast as the
load is sent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from producers.envelope import seal
from producers.world.session import Timed
from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, frame
from schemas.settings import JoinSettings, RedactSettings, Settings, load_settings
from schemas.topics import (
    ACTIONS,
    CONTROL_HEADER,
    FLUSH,
    INFERENCE_REDACTED,
    METRICS,
    PARTIALS,
    RAW,
    REDACTED,
    Topic,
)
from schemas.writer_schema import WriterSchema
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.stage import JoinStage
from stream_jobs.redact.build import build_redactor
from stream_jobs.redact.stage import RedactConfig, RedactStage
from stream_jobs.stage import Chunk, Inbound, LookupKey, Outbound, Restored
from tests.crash.facts import Truth, Window
from tests.crash.loop import ENVIRON
from tests.crash.seen import action, added_up
from tests.crash.traffic import Load

CHUNK: Final = 500  # records offered at once
NUMBERS: Final = {"Inference": 1, "Feedback": 2, "Interaction": 3}
WRITERS: Final = {
    number: WriterSchema(number, msgspec.json.encode(definition(name)).decode())
    for name, number in NUMBERS.items()
}
COUNTED: Final = (
    *("inferences", "errors", "refusals", "timeouts", "positive", "negative", "neutral"),
    *("late", "orphans"),
)
"""What the simulator itself counts per window (of the matched it knows none that are derived)."""


@dataclass
class _Read:
    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class _Log:
    """Topics of one partition: what was added and not yet read."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._ends = {topic.name: 0 for topic in topics}
        self._new: dict[str, list[Inbound]] = {name: [] for name in self._ends}

    def add(self, topic: str, record: _Read) -> None:
        """Append a record; its offset is the topic's end."""
        record.offset = self._ends[topic]
        self._ends[topic] += 1
        self._new[topic].append(record)

    def chunks(self) -> Iterator[Chunk]:
        """Yield, per topic, what is new."""
        for name, end in self._ends.items():
            records, self._new[name] = self._new[name], []
            yield Chunk(name, records, end, at_end=True)


@dataclass
class Reference:
    """The pure loop, with the keys of `redact`; `run` once."""

    load: Load
    redact: RedactSettings
    metrics: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    inferences: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        join = load_settings(ENVIRON).join
        self.traffic = self.load.traffic()
        self._limits = Settings().stage
        self._redact = RedactStage(_redact_config(self.redact), Restored(0))
        self._join = JoinStage(_join_config(join), Restored(0))
        self._decide = DecideConfig.load(60_000, 3_600_000).build()
        self._sent = _Log(RAW)
        self._redacted = _Log(REDACTED)
        self._store: dict[str, bytes] = {}
        self._now_ms = self.load.start_ms + 10 * 3_600_000  # all of it lies in the past

    def run(self) -> None:
        """Take the whole load."""
        for number, event in enumerate(self.traffic, 1):
            self._put(event)
            if number % CHUNK == 0:
                self._now_ms += int(CHUNK / self.load.rate * 1000)
                self._offer()
        for topic in RAW:
            control = _Read(0, self._now_ms, None, b"end", ((CONTROL_HEADER, FLUSH),))
            self._sent.add(topic.name, control)
        self._offer()

    def _put(self, event: Timed) -> None:
        envelope = seal(event.kind, event.fields, self._limits, 2**62)
        assert envelope.topic.schema is not None
        body = frame(NUMBERS[envelope.topic.schema], envelope.body)
        self._sent.add(envelope.topic.name, _Read(0, self._now_ms, body))
        if event.kind == "inference":
            self.inferences.add(event.fields["inference_id"])

    def _offer(self) -> None:
        for chunk in self._sent.chunks():
            self._redact.offer(chunk, self._now_ms)
        while outs := self._redact.step(self._now_ms):
            for out in outs:
                self._keep(out)
        for chunk in self._redacted.chunks():
            self._join.offer(chunk, self._now_ms)
        outs = self._join.step(self._now_ms)
        while wanted := self._join.wanted():
            self._join.found({key: self._found(key) for key in wanted}, self._now_ms)
            outs += self._join.step(self._now_ms)
        for out in outs:
            self._decided(out)

    def _keep(self, out: Outbound) -> None:
        headers = tuple(out.headers or ())
        self._redacted.add(out.topic, _Read(0, self._now_ms, out.value, out.key, headers))
        if out.topic == INFERENCE_REDACTED.name and out.value is not None:
            record = decode(parsed("Inference"), out.value[PREFIX_BYTES:])
            self._store[record["inference_id"]] = out.value[PREFIX_BYTES:]

    def _found(self, key: LookupKey) -> dict[str, Any] | None:
        body = self._store.get(key.inference_id)
        return None if body is None else decode(parsed("Inference"), body)

    def _decided(self, out: Outbound) -> None:
        if out.topic != PARTIALS.name or out.value is None:
            return
        partial = decode(parsed("Partial"), out.value[PREFIX_BYTES:])
        for made in self._decide.on_partial(partial, self._now_ms):
            if made.topic == METRICS.name:
                self.metrics.append(made.record)
            elif made.topic == ACTIONS.name:
                self.actions.append(made.record)


def _redact_config(settings: RedactSettings) -> RedactConfig:
    return RedactConfig(
        prefix="feedloop.",
        future_bound_ms=2**62,
        max_record_bytes=2**20,
        dead_letter_schema=13,
        redactor=build_redactor(settings),
        schema_of=WRITERS.__getitem__,
    )


def _join_config(join: JoinSettings) -> JoinConfig:
    return JoinConfig(
        prefix="feedloop.",
        join=msgspec.structs.replace(join, align_wait_ms=0),
        window_ms=60_000,
        partitions=1,
        partials_partitions=1,
        enriched_schema=11,
        partial_schema=12,
        dead_letter_schema=13,
        schema_of=WRITERS.__getitem__,
    )


def truth_of(load: Load, redact: RedactSettings) -> Truth:
    """Return what must be true after `load`, whatever dies; `redact`: as the loop redacts."""
    reference = Reference(load, redact)
    reference.run()
    known = reference.traffic.truth
    actions = [action(record, "") for record in reference.actions]
    counted = {
        Window(*key): {name: counts[name] for name in COUNTED if counts[name]}
        for key, counts in known.windows.items()
    }
    return Truth(
        signals={**known.statuses, **dict.fromkeys(known.abandonments, "matched")},
        inferences=frozenset(reference.inferences),
        windows=added_up({**r, **r["sums"]} for r in reference.metrics),
        counted=counted,
        actions={found.id: found.says for found in actions},
    )
