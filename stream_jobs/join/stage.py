"""The join of one partition number: signals meet inferences, sessions end, windows are summed.

House rules:
1. Every accepted, distinct signal yields exactly one enriched record: matched, late or orphan.
2. What a restart can't read again is in `snapshot`; everything else depends only on records above
   the rewind offsets and on the clocks in the snapshot, so it comes back as it was.
3. Below `Restored.next`, records only refill memory; a signal there yields output only if its
   offset is listed as waiting.
4. Derived timers (sessions, windows) fire record by record, so chunk borders change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.catalog import parsed
from schemas.codec import decode_head, encode, frame
from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.ids import abandonment_id, enriched_id
from schemas.polarity import is_rated, polarity
from schemas.settings import JoinSettings
from schemas.topics import (
    DEAD_LETTERS,
    ENRICHED,
    FEEDBACK_REDACTED,
    INFERENCE_REDACTED,
    INTERACTION_REDACTED,
    PARTIALS,
    REDACTED,
)
from stream_jobs.align import Aligner
from stream_jobs.join.clock import Clock
from stream_jobs.join.edits import edit_ratio
from stream_jobs.join.heads import Broken, Control, Event, head_schema, read
from stream_jobs.join.memory import KeptInference, Memory
from stream_jobs.join.sessions import Abandoned, Sessions
from stream_jobs.join.signals import KeptSignal, Signals
from stream_jobs.join.splice import enriched_body
from stream_jobs.join.state import JoinState, expand, from_bytes, runs, to_bytes
from stream_jobs.join.waiting import Waiting
from stream_jobs.join.watermark import NEVER, Watermark
from stream_jobs.stage import Chunk, LookupKey, Outbound, Restored, SchemaOf
from stream_jobs.window.windows import OpenWindows, WindowKey, key_of

NAME: Final = "join"
SEPARATOR: Final = "\x1f"
_RECORD: Final = {FEEDBACK_REDACTED.name: "Feedback", INTERACTION_REDACTED.name: "Interaction"}
_SIGNALS: Final = tuple(_RECORD)


@dataclass(frozen=True)
class JoinConfig:
    """What every partition of the stage shares."""

    prefix: str  # of topic names
    join: JoinSettings
    window_ms: int
    partitions: int  # of the session-keyed topics
    partials_partitions: int
    enriched_schema: int
    partial_schema: int
    dead_letter_schema: int
    schema_of: SchemaOf

    def build(self, restored: Restored) -> "JoinStage":
        """Return the logic of one partition number."""
        return JoinStage(self, restored)


@dataclass
class _Flush:
    """A flush under way: it ends when nothing waits any more."""

    id: str
    topic: str
    offset: int


class JoinStage:
    """State and rules of one partition number."""

    def __init__(self, config: JoinConfig, restored: Restored) -> None:
        self._config = config
        self._partition = restored.partition
        settings = config.join
        state = from_bytes(restored.state)
        self._watermark = Watermark(
            settings.lateness_ms, settings.idle_timeout_ms, state.watermark_ms, state.largest_ms
        )
        self._clock = Clock(
            settings.window_ms,
            settings.arrival_hold_ms,
            state.largest_ms,
            state.arrival_ms,
            state.inference_event_ms,
            state.inference_arrival_ms,
        )
        self._inferences: Memory[KeptInference] = Memory(self._clock)
        self._signals = Signals(_SIGNALS, self._clock)
        self._waiting = Waiting(
            settings.orphan_ttl_ms, settings.arrival_hold_ms, settings.orphan_max_hold_ms
        )
        self._sessions = Sessions(settings.session_gap_ms, state.session_floor)
        self._windows = _windows(config, restored.partition, state.windows)
        self._marked_ms = state.marked_ms
        self._flushes = {key: set(topics) for key, topics in state.flushes.items()}
        self._flush: _Flush | None = None
        topics = [topic.name for topic in REDACTED]
        self._aligner: Aligner[Event | Control | Broken] = Aligner(topics, settings.align_wait_ms)
        self._held = dict.fromkeys(topics, 0)
        self._next = {topic: restored.next.get(topic, 0) for topic in topics}
        self._positions = dict(self._next)
        self._at_end = dict.fromkeys(topics, False)
        self._upto = dict(self._next)
        self._refilling = {
            topic for topic in topics if restored.rewind.get(topic, 0) < self._upto[topic]
        }
        self._unresolved = {topic: set(expand(coded)) for topic, coded in state.waiting.items()}
        self._out: list[Outbound] = []
        self._timer_ms = NEVER
        self._wanted: list[LookupKey] = []

    # --- queueing ---

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        """Take a chunk: what lies below `next` refills memory at once, the rest is queued."""
        if chunk.records or self._watermark.heard_ms == 0:
            self._watermark.heard(now_ms)
        topic, upto = chunk.topic, self._upto[chunk.topic]
        queued: list[tuple[int, Event | Control | Broken]] = []
        for record in chunk.records:
            item = read(topic, record, self._config.schema_of)
            if item.offset < upto:
                self._refill(item)
            else:
                event_time = item.head["event_time"] if isinstance(item, Event) else NEVER
                self._held[topic] += item.size
                queued.append((event_time, item))
        self._positions[topic] = max(chunk.position, self._positions[topic])
        self._at_end[topic] = chunk.at_end
        if chunk.position >= upto:
            self._refilling.discard(topic)
        self._aligner.put(topic, queued, at_end=chunk.at_end, now_ms=now_ms)

    def _refill(self, item: Event | Control | Broken) -> None:
        if not isinstance(item, Event):
            return
        if item.topic == INFERENCE_REDACTED.name:
            self._keep_inference(item)
            return
        new = self._remember(item)
        if new and item.offset in self._unresolved.get(item.topic, ()):
            self._waiting.add(_inference_key(item), item)
        elif item.head["kind"] == "retract":
            self._retract(item)

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait to be aligned."""
        return self._held[topic]

    # --- processing ---

    def step(self, now_ms: int) -> list[Outbound]:
        """Process what is in step; nothing before memory is refilled or while a flush looks up."""
        if not self._refilling:
            while self._flush is None or not len(self._waiting):
                if self._flush is not None:
                    self._finish_flush()
                self._process(now_ms)
                if self._flush is None:
                    break
            self._pass_time(now_ms)
        out, self._out = self._out, []
        return out

    def _process(self, now_ms: int) -> None:
        for topic, item in self._aligner.take(now_ms):
            self._next[topic] = item.offset + 1
            self._held[topic] -= item.size
            if isinstance(item, Event):
                self._event(item)
                if self._watermark.at_ms >= self._timer_ms:
                    self._fire_timers()
            elif isinstance(item, Broken):
                self._set_aside(item, now_ms)
            elif self._complete(item):
                return

    def _event(self, event: Event) -> None:
        event_time = event.head["event_time"]
        self._watermark.saw(event_time)
        self._clock.saw(event_time, event.arrival_ms)
        if event.topic == INFERENCE_REDACTED.name:
            self._inference(event)
        else:
            self._signal(event)

    def _inference(self, event: Event) -> None:
        self._clock.saw_inference(event.head["event_time"], event.arrival_ms)
        key = _inference_key(event)
        if not self._keep_inference(event):
            return  # the same inference again: counted once
        self._windows.inference(event.head)
        self._count_redactions(event, event.head)
        self._timer_ms = min(self._timer_ms, self._sessions.next_due_ms())
        for signal in self._waiting.take(key):
            self._resolve(signal, event.body)

    def _keep_inference(self, event: Event) -> bool:
        key, session = _inference_key(event), _session_key(event)
        if self._inferences.get(key) is not None:
            return False
        event_time = event.head["event_time"]
        kept = KeptInference(event_time, event.arrival_ms, event.offset, event.body)
        self._inferences.add(key, kept)
        self._sessions.inference(session, key, event_time, event.offset, self._watermark.at_ms)
        return True

    def _signal(self, event: Event) -> None:
        if not self._remember(event):
            self._count_duplicate(event)
            return
        if event.head["inference_id"] is None:
            self._resolve(event, self._latest_of_session(event))
            return
        key = _inference_key(event)
        kept = self._inferences.get(key)
        if kept is None:
            self._waiting.add(key, event)
        else:
            self._resolve(event, kept.body)

    def _remember(self, event: Event) -> bool:
        """Remember a signal; False if it was seen before."""
        head = event.head
        explicit = event.topic == FEEDBACK_REDACTED.name
        return self._signals.add(
            _key(event, head["event_id"]),
            KeptSignal(
                head["event_time"],
                event.arrival_ms,
                event.offset,
                event.topic,
                head["kind"],
                polarity(head["kind"], head["value"]),
                explicit and is_rated(head["kind"], head["value"]),
                head.get("author"),
                _inference_key(event),
                _session_key(event),
            ),
        )

    def _retract(self, event: Event) -> bool:
        target = _key(event, event.head["retracts"] or "")
        return self._signals.retract(target, event.head["event_time"], event.arrival_ms)

    def _latest_of_session(self, event: Event) -> bytes | None:
        latest = self._sessions.latest(_session_key(event))
        if latest is None or latest[0] > event.head["event_time"]:
            return None
        kept = self._inferences.get(latest[1])
        return None if kept is None else kept.body

    # --- results ---

    def _resolve(self, event: Event, inference: bytes | None) -> None:
        """Emit the enriched record of a signal, and count it."""
        head = event.head
        about = None if inference is None else decode_head(head_schema("Inference"), inference)
        lag_ms = None if about is None else head["event_time"] - about["event_time"]
        status = self._status(lag_ms)
        record = _RECORD[event.topic]
        ratio = edit_ratio(record, head["kind"], event.body, inference)
        fields = {
            "enriched_id": enriched_id(head["tenant_id"], head["event_id"]),
            "join_status": status,
            "polarity": polarity(head["kind"], head["value"]),
            "lag_ms": lag_ms,
            "edit_ratio": ratio,
        }
        body = enriched_body(fields, record, event.body, inference)
        self._emit(ENRICHED.name, head["session_id"], frame(self._config.enriched_schema, body))
        self._count(event, about, status, lag_ms, ratio)

    def _status(self, lag_ms: int | None) -> str:
        if lag_ms is None:
            return "orphan"
        return "matched" if lag_ms <= self._config.join.window_ms else "late"

    def _count(
        self,
        event: Event,
        about: dict[str, Any] | None,
        status: str,
        lag_ms: int | None,
        ratio: float | None,
    ) -> None:
        head = event.head
        kind = head["kind"]
        explicit = event.topic == FEEDBACK_REDACTED.name
        measures: dict[str, Any] = {
            "explicit": explicit,
            "polarity": polarity(kind, head["value"]),
            "rated": explicit and is_rated(kind, head["value"]),
            "join_status": status,
            "lag_ms": lag_ms,
            "edit_ratio": ratio if kind == "edit" else None,
            "author": head.get("author"),
        }
        place: tuple[int, str, str] = (head["event_time"], head["tenant_id"], kind)
        self._windows.signal(*place, inference_head=about, **measures)
        self._count_redactions(event, about)
        if self._signals.retracted(_key(event, head["event_id"])):
            self._windows.signal(*place, inference_head=about, sign=-1, **measures)
        if kind == "retract" and self._retract(event):
            self._take_back(_key(event, head["retracts"] or ""), about, status)

    def _take_back(self, target: str, about: dict[str, Any] | None, status: str) -> None:
        """Undo the judgement of signal `target`, if it was counted."""
        kept = self._signals.get(target)
        if kept is None or self._waiting.holds(kept.topic, kept.offset):
            return  # not counted yet: when it is, it will be known as taken back
        self._windows.signal(
            kept.event_time,
            target.partition(SEPARATOR)[0],
            kept.kind,
            inference_head=about,
            explicit=kept.topic == FEEDBACK_REDACTED.name,
            polarity=kept.polarity,
            rated=kept.rated,
            join_status=status,
            lag_ms=None if about is None else kept.event_time - about["event_time"],
            author=kept.author,
            sign=-1,
        )

    def _count_redactions(self, event: Event, about: dict[str, Any] | None) -> None:
        if event.redactions:
            key = WindowKey(event.head["tenant_id"]) if about is None else key_of(about)
            self._windows.sums(event.head["event_time"], key).add_redactions(event.redactions)

    def _count_duplicate(self, event: Event) -> None:
        kept = self._inferences.get(_inference_key(event))
        key = WindowKey(event.head["tenant_id"])
        if kept is not None:
            key = key_of(decode_head(head_schema("Inference"), kept.body))
        self._windows.sums(event.head["event_time"], key).duplicates += 1

    def _abandon(self, gone: Abandoned) -> None:
        """Emit the derived interaction of a session that nobody came back to."""
        kept = self._inferences.get(gone.inference_key)
        if (
            kept is None
            or self._signals.positive(gone.inference_key)
            or self._signals.ended(gone.session_key) >= gone.event_time
        ):
            return
        about = decode_head(head_schema("Inference"), kept.body)
        interaction = {
            "event_id": abandonment_id(
                about["tenant_id"], about["session_id"], about["inference_id"]
            ),
            "inference_id": about["inference_id"],
            "session_id": about["session_id"],
            "user_id": about["user_id"],
            "tenant_id": about["tenant_id"],
            "event_time": gone.event_time + self._config.join.session_gap_ms,
            "kind": "abandonment",
            "value": None,
            "target": None,
            "edited_text": None,
        }
        body = encode(parsed("Interaction"), interaction)
        self._resolve(
            Event(
                INTERACTION_REDACTED.name, -1, self._clock.arrival_ms, interaction, body, None, 0
            ),
            kept.body,
        )

    def _emit(self, topic: str, key: str, body: bytes | None, partition: int | None = None) -> None:
        if topic == ENRICHED.name:
            partition = self._partition
        self._out.append(Outbound(topic, key.encode(), body, partition))

    def _set_aside(self, item: Broken, now_ms: int) -> None:
        source = (self._config.prefix + item.topic, self._partition, item.offset)
        letter = dead_letter(NAME, source, item.error, now_ms, item.schema_id)
        body = dead_letter_body(letter, self._config.dead_letter_schema)
        self._emit(DEAD_LETTERS.name, letter["dead_letter_id"], body)

    # --- time ---

    def _fire_timers(self) -> None:
        """Abandon sessions, then close windows, up to the watermark; set the next timer."""
        at_ms = self._watermark.at_ms
        for gone in self._sessions.due(at_ms):
            self._abandon(gone)
        for partial in self._windows.close(at_ms):
            self._partial(partial)
        window_ms = self._config.window_ms
        self._timer_ms = min(self._sessions.next_due_ms(), (at_ms // window_ms + 1) * window_ms)

    def _pass_time(self, now_ms: int) -> None:
        silent = all(self._at_end.values()) and not any(map(self._aligner.queued, self._held))
        largest = self._watermark.largest_ms
        until_ms = largest + self._config.join.session_gap_ms + 2 * self._config.window_ms
        if silent and self._watermark.idle(now_ms, until_ms):
            self._fire_timers()
        for partial in self._windows.drain_late():
            self._partial(partial)
        self._mark_closed()
        for key in self._waiting.due(self._clock, now_ms):
            self._want(key)
        self._forget()

    def _mark_closed(self) -> None:
        """Say to every decide partition which windows are closed here, once per window."""
        window_ms = self._config.window_ms
        if self._watermark.at_ms == NEVER:
            return
        closed_ms = self._watermark.at_ms // window_ms * window_ms
        if closed_ms > self._marked_ms:
            self._marked_ms = closed_ms
            self._marker("closed", closed_ms)

    def _marker(self, kind: str, watermark_ms: int) -> None:
        record = self._windows.marker(kind, watermark_ms)
        body = frame(self._config.partial_schema, encode(parsed("Partial"), record))
        for partition in range(self._config.partials_partitions):
            self._emit(PARTIALS.name, str(self._partition), body, partition)

    def _partial(self, record: dict[str, Any]) -> None:
        body = frame(self._config.partial_schema, encode(parsed("Partial"), record))
        self._emit(PARTIALS.name, record["tenant_id"], body)

    def _forget(self) -> None:
        for key, kept in self._inferences.forget():
            head = decode_head(head_schema("Inference"), kept.body)
            self._sessions.forget(head["tenant_id"] + SEPARATOR + head["session_id"], key)
        self._signals.forget()

    # --- flush ---

    def _complete(self, control: Control) -> bool:
        """Note a control record; start the flush when every topic has brought it."""
        seen = self._flushes.setdefault(control.id, set())
        seen.add(control.topic)
        if len(seen) < len(REDACTED):
            return False
        self._flush = _Flush(control.id, control.topic, control.offset)
        for key in self._waiting.all_due():
            self._want(key)
        return True

    def _finish_flush(self) -> None:
        assert self._flush is not None
        for gone in self._sessions.all_open(self._next[INFERENCE_REDACTED.name]):
            self._abandon(gone)
        for partial in self._windows.flush():
            self._partial(partial)
        self._marker("flush", max(self._watermark.at_ms, 0))
        del self._flushes[self._flush.id]
        self._flush = None

    # --- look-ups ---

    def _want(self, key: str) -> None:
        tenant_id, _, inference_id = key.partition(SEPARATOR)
        self._wanted.append(LookupKey(tenant_id, inference_id))

    def wanted(self) -> list[LookupKey]:
        """Return the inferences to look up in the hot store now."""
        wanted, self._wanted = self._wanted, []
        return wanted

    def found(self, results: Mapping[LookupKey, dict[str, Any] | None], now_ms: int) -> None:  # noqa: ARG002
        """Resolve the signals that waited for `results`."""
        for key, record in results.items():
            body = None if record is None else encode(parsed("Inference"), record)
            for event in self._waiting.take(key.tenant_id + SEPARATOR + key.inference_id):
                self._resolve(event, body)

    # --- checkpoint ---

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet processed."""
        following = {}
        for topic, position in self._positions.items():
            head = self._aligner.head(topic)
            following[topic] = position if head is None else head.offset
        if self._flush is not None:
            following[self._flush.topic] = self._flush.offset
        return following

    def rewind_offsets(self) -> dict[str, int]:
        """Return, per topic, where a restart must begin to read to remember what is live."""
        rewind = self.next_offsets()
        self._rewind_to(rewind, INFERENCE_REDACTED.name, self._inferences.first_offset())
        for topic in _SIGNALS:
            self._rewind_to(rewind, topic, self._signals.first_offset(topic))
            self._rewind_to(rewind, topic, self._waiting.first_offset(topic))
        return rewind

    @staticmethod
    def _rewind_to(rewind: dict[str, int], topic: str, offset: int | None) -> None:
        if offset is not None:
            rewind[topic] = min(rewind[topic], offset)

    def snapshot(self) -> bytes:
        """Return what reading again can't bring back."""
        return to_bytes(
            JoinState(
                watermark_ms=self._watermark.at_ms,
                largest_ms=self._watermark.largest_ms,
                arrival_ms=self._clock.arrival_ms,
                inference_event_ms=self._clock.inference_event_ms,
                inference_arrival_ms=self._clock.inference_arrival_ms,
                marked_ms=self._marked_ms,
                session_floor=self._sessions.floor,
                waiting={topic: runs(self._waiting.offsets(topic)) for topic in _SIGNALS},
                flushes={key: sorted(topics) for key, topics in self._flushes.items()},
                windows=self._windows.snapshot(),
            )
        )

    def stats(self) -> dict[str, int]:
        """Return how many signals wait, what is remembered, and the watermark."""
        return {
            "waiting": len(self._waiting),
            "inferences": len(self._inferences),
            "watermark": max(self._watermark.at_ms, 0),
        }


def _windows(config: JoinConfig, partition: int, data: bytes) -> OpenWindows:
    if data:
        return OpenWindows.restore(data, config.window_ms, partition, config.partitions)
    return OpenWindows(config.window_ms, partition, config.partitions)


def _key(event: Event, id_: str) -> str:
    return f"{event.head['tenant_id']}{SEPARATOR}{id_}"


def _inference_key(event: Event) -> str:
    return f"{event.head['tenant_id']}{SEPARATOR}{event.head['inference_id'] or ''}"


def _session_key(event: Event) -> str:
    return f"{event.head['tenant_id']}{SEPARATOR}{event.head['session_id']}"
