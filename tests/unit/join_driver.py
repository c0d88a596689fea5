"""Drives the join of one partition in a plain loop: topics are lists, a restart is a new object."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schemas.catalog import definition, parsed
from schemas.codec import PREFIX_BYTES, decode, encode, frame
from schemas.settings import JoinSettings
from schemas.topics import (
    CONTROL_HEADER,
    DEAD_LETTERS,
    ENRICHED,
    FEEDBACK_REDACTED,
    FLUSH,
    INFERENCE_REDACTED,
    INTERACTION_REDACTED,
    PARTIALS,
    REDACTED,
)
from schemas.writer_schema import WriterSchema
from stream_jobs.join.bodies import Bodies, InMemory
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.stage import JoinStage
from stream_jobs.stage import Chunk, LookupKey, Outbound, Restored

SCHEMAS = {
    1: "Inference",
    2: "Feedback",
    3: "Interaction",
}
TOPIC_OF = {
    "Inference": INFERENCE_REDACTED.name,
    "Feedback": FEEDBACK_REDACTED.name,
    "Interaction": INTERACTION_REDACTED.name,
}
T0 = 1_700_000_000_000 // 60_000 * 60_000
"""A full minute that all cases start from."""

MINUTE = 60_000
HOUR = 60 * MINUTE


def schema_of(number: int) -> WriterSchema:
    import json

    return WriterSchema(number, json.dumps(definition(SCHEMAS[number])))


_WRITERS = {number: schema_of(number) for number in SCHEMAS}


@dataclass
class Read:
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def inference(id_: str, at: float, session: str = "s", **fields: Any) -> tuple[str, dict[str, Any]]:
    """An inference `at` minutes after T0."""
    return "Inference", {
        "inference_id": id_,
        "session_id": session,
        "tenant_id": "t",
        "event_time": T0 + int(at * MINUTE),
        "model_version": "m1",
        "prompt_version": "p1",
        "segment": "web",
        "status": "ok",
        "latency_ms": 10,
        "input_tokens": 5,
        "output_tokens": 7,
        "response": "an answer",
    } | fields


def feedback(
    id_: str, about: str, at: float, session: str = "s", **fields: Any
) -> tuple[str, dict[str, Any]]:
    return "Feedback", {
        "event_id": id_,
        "inference_id": about,
        "session_id": session,
        "tenant_id": "t",
        "event_time": T0 + int(at * MINUTE),
        "kind": "thumbs",
        "value": 1.0,
        "author": "user",
        "source": "chat",
    } | fields


def interaction(
    id_: str, about: str | None, at: float, kind: str, session: str = "s", **fields: Any
) -> tuple[str, dict[str, Any]]:
    return "Interaction", {
        "event_id": id_,
        "inference_id": about,
        "session_id": session,
        "tenant_id": "t",
        "event_time": T0 + int(at * MINUTE),
        "kind": kind,
        "value": None,
    } | fields


def flush(id_: str = "f1") -> tuple[str, dict[str, Any]]:
    return "flush", {"id": id_}


@dataclass
class Result:
    """What came out, decoded."""

    enriched: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(event_id or kind of a derived one, join status, inference_id)."""
    partials: list[dict[str, Any]] = field(default_factory=list)
    dead: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def total(self, name: str, model_version: str | None = None) -> int:
        """Return a sum of all windows, of one version if it is named."""
        return sum(
            p["sums"][name]
            for p in self.partials
            if p["sums"] and model_version in (None, p["model_version"])
        )

    def kinds(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for partial in self.partials:
            for kind, count in (partial["sums"] or {"kinds": {}})["kinds"].items():
                totals[kind] = totals.get(kind, 0) + count
        return {kind: count for kind, count in totals.items() if count}


class Driver:
    """One partition: Kafka is a list a topic, arrival time follows event time of the feed."""

    def __init__(
        self,
        settings: JoinSettings,
        hot_store: dict[str, dict[str, Any]] | None = None,
        bodies: Callable[[], Bodies] = InMemory,
    ):
        self.config = JoinConfig(
            prefix="feedloop.",
            join=settings,
            window_ms=MINUTE,
            partitions=1,
            partials_partitions=1,
            enriched_schema=11,
            partial_schema=12,
            dead_letter_schema=13,
            schema_of=_WRITERS.__getitem__,
            bodies=bodies,
        )
        self.hot_store = hot_store or {}
        self.away = False  # whether the hot store is
        self.unanswered: list[LookupKey] = []
        self.log: dict[str, list[Read]] = {topic.name: [] for topic in REDACTED}
        self.read: dict[str, int] = dict.fromkeys(self.log, 0)
        self.now_ms = T0
        self.checkpoint: tuple[dict[str, int], dict[str, int], bytes] | None = None
        self.result = Result()
        self.stage: JoinStage = JoinStage(self.config, Restored(0))

    def append(self, event: tuple[str, dict[str, Any]], arrival_ms: int | None = None) -> None:
        name, record = event
        if name == "flush":
            for log in self.log.values():
                header = ((CONTROL_HEADER, FLUSH),)
                log.append(Read(len(log), self.now_ms, record["id"].encode(), None, header))
            return
        number = next(n for n, known in SCHEMAS.items() if known == name)
        self.raw(TOPIC_OF[name], frame(number, encode(parsed(name), record)), arrival_ms)

    def raw(self, topic: str, body: bytes, arrival_ms: int | None = None) -> None:
        log = self.log[topic]
        log.append(Read(len(log), arrival_ms or self.now_ms, b"s", body))

    def poll(self) -> None:
        """Fetch all that is new, step until nothing moves, answer look-ups, commit."""
        for topic, log in self.log.items():
            records = log[self.read[topic] :]
            self.read[topic] = len(log)
            self.stage.offer(Chunk(topic, records, len(log), at_end=True), self.now_ms)
        self.step()

    def step(self) -> None:
        out = self.stage.step(self.now_ms)
        while wanted := self.stage.wanted():
            if self.away:
                self.unanswered += wanted
                break
            answers: dict[LookupKey, dict[str, Any] | None] = {
                key: self.hot_store.get(key.inference_id) for key in wanted
            }
            self.stage.found(answers, self.now_ms)
            out += self.stage.step(self.now_ms)
        self.checkpoint = (
            self.stage.next_offsets(),
            self.stage.rewind_offsets(),
            self.stage.snapshot(),
        )
        for record in out:
            self._take(record)

    def wait(self, ms: int) -> None:
        """Let wall-clock time pass."""
        self.now_ms += ms

    def restart(self) -> None:
        """Throw all memory away and go on from the last commit."""
        if self.checkpoint is None:
            self.stage = JoinStage(self.config, Restored(0))
            self.read = dict.fromkeys(self.log, 0)
            return
        following, rewind, state = self.checkpoint
        self.stage = JoinStage(self.config, Restored(0, following, rewind, state))
        self.read = dict(rewind)

    def _take(self, record: Outbound) -> None:
        assert record.value is not None
        payload = record.value[PREFIX_BYTES:]
        if record.topic == ENRICHED.name:
            body = decode(parsed("Enriched"), payload)
            signal = body["signal"]
            derived = signal["kind"] == "abandonment"
            self.result.enriched.append(
                (
                    "abandonment" if derived else signal["event_id"],
                    body["join_status"],
                    body["inference"] and body["inference"]["inference_id"],
                )
            )
            self.result.bodies.append(body)
        elif record.topic == PARTIALS.name:
            self.result.partials.append(decode(parsed("Partial"), payload))
        elif record.topic == DEAD_LETTERS.name:
            self.result.dead.append(decode(parsed("DeadLetter"), payload))
