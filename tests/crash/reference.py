"""A run without faults: the stages' own logic over the same traffic, in one plain loop.

No redaction (what texts decide is not compared), one partition of everything: how sessions are
spread changes no sum. Arrival passes as fast as the load is sent.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from producers.envelope import seal
from producers.world.session import Timed
from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, frame
from schemas.settings import JoinSettings, Settings, load_settings
from schemas.topics import (
    ACTIONS,
    CONTROL_HEADER,
    FLUSH,
    METRICS,
    PARTIALS,
    REDACTED,
    redacted,
)
from schemas.writer_schema import WriterSchema
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.stage import JoinStage
from stream_jobs.stage import Chunk, LookupKey, Outbound, Restored
from tests.crash.facts import Truth, Window
from tests.crash.loop import ENVIRON
from tests.crash.seen import action, added_up
from tests.crash.traffic import Load

CHUNK: Final = 500  # records offered at once
NUMBERS: Final = {"Inference": 1, "Feedback": 2, "Interaction": 3}
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


@dataclass
class Reference:
    """The pure loop; `take` events, then `finish`."""

    load: Load
    metrics: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    inferences: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        join = load_settings(ENVIRON).join
        self.traffic = self.load.traffic()
        self._limits = Settings().stage
        self._join = JoinStage(_join_config(join), Restored(0))
        self._decide = DecideConfig.load(60_000, 3_600_000).build()
        self._ends = {topic.name: 0 for topic in REDACTED}
        self._queues: dict[str, list[_Read]] = {topic.name: [] for topic in REDACTED}
        self._store: dict[str, dict[str, Any]] = {}
        self._now_ms = self.load.start_ms + 10 * 3_600_000  # all of it lies in the past

    def run(self) -> None:
        """Take the whole load."""
        for number, event in enumerate(self.traffic, 1):
            self._put(event)
            if number % CHUNK == 0:
                self._now_ms += int(CHUNK / self.load.rate * 1000)
                self._offer()
        for name, queue in self._queues.items():
            header = ((CONTROL_HEADER, FLUSH),)
            queue.append(_Read(self._next(name), self._now_ms, None, b"end", header))
        self._offer()

    def _put(self, event: Timed) -> None:
        envelope = seal(event.kind, event.fields, self._limits, 2**62)
        assert envelope.topic.schema is not None
        name = redacted(envelope.topic).name
        body = frame(NUMBERS[envelope.topic.schema], envelope.body)
        self._queues[name].append(_Read(self._next(name), self._now_ms, body))
        if event.kind == "inference":
            self.inferences.add(event.fields["inference_id"])
            self._store[event.fields["inference_id"]] = event.fields

    def _next(self, name: str) -> int:
        self._ends[name] += 1
        return self._ends[name] - 1

    def _offer(self) -> None:
        for name, queue in self._queues.items():
            chunk = Chunk(name, queue, self._ends[name], at_end=True)
            self._join.offer(chunk, self._now_ms)
            self._queues[name] = []
        outs = self._join.step(self._now_ms)
        while wanted := self._join.wanted():
            self._join.found({key: self._found(key) for key in wanted}, self._now_ms)
            outs += self._join.step(self._now_ms)
        for out in outs:
            self._decided(out)

    def _found(self, key: LookupKey) -> dict[str, Any] | None:
        fields = self._store.get(key.inference_id)
        if fields is None:
            return None
        absent = {"error_type": None, "user_id": None}
        return {**absent, **fields}

    def _decided(self, out: Outbound) -> None:
        if out.topic != PARTIALS.name or out.value is None:
            return
        partial = decode(parsed("Partial"), out.value[PREFIX_BYTES:])
        for made in self._decide.on_partial(partial, self._now_ms):
            if made.topic == METRICS.name:
                self.metrics.append(made.record)
            elif made.topic == ACTIONS.name:
                self.actions.append(made.record)


def _join_config(join: JoinSettings) -> JoinConfig:
    writers = {n: WriterSchema(n, _text(name)) for name, n in NUMBERS.items()}
    return JoinConfig(
        prefix="feedloop.",
        join=msgspec.structs.replace(join, align_wait_ms=0),
        window_ms=60_000,
        partitions=1,
        partials_partitions=1,
        enriched_schema=11,
        partial_schema=12,
        dead_letter_schema=13,
        schema_of=writers.__getitem__,
    )


def _text(name: str) -> str:
    return msgspec.json.encode(definition(name)).decode()


def truth_of(load: Load) -> Truth:
    """Return what must be true after `load`, whatever dies."""
    reference = Reference(load)
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
