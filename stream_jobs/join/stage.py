"""The join of one partition number: signals meet inferences, sessions end, windows are summed.

House rules:
1. Every accepted, distinct signal yields exactly one enriched record: matched, late or orphan.
2. What a restart can't read again is in `snapshot`; everything else depends only on records above
   the rewind offsets and on the clocks in the snapshot, so it comes back as it was.
3. Below `Restored.next`, records only refill memory; a signal there yields output only if its
   offset is listed as waiting.
4. Derived timers (sessions, windows) fire record by record, so chunk borders change nothing.
5. While too many signals wait, no more are taken, only inferences, ahead of the signals; these move
   no clock but their own, so no session is given up and no window closed before its signals.
"""

from collections.abc import Mapping
from typing import Any

from schemas.catalog import parsed
from schemas.codec import encode
from schemas.errors import MissingDataError
from schemas.topics import (
    FEEDBACK_REDACTED,
    INFERENCE_REDACTED,
    INTERACTION_REDACTED,
    REDACTED,
)
from stream_jobs.join import keys
from stream_jobs.join.again import Again
from stream_jobs.join.answers import Answers
from stream_jobs.join.clock import Clock
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.counting import (
    count_duplicate,
    count_inference,
    keep,
    open_windows,
)
from stream_jobs.join.flushes import Flush, Flushes
from stream_jobs.join.heads import Broken, Control, Event
from stream_jobs.join.inbox import Inbox, Item
from stream_jobs.join.outputs import Outputs
from stream_jobs.join.results import Results, about
from stream_jobs.join.sessions import FAR, Sessions
from stream_jobs.join.signals import Signals
from stream_jobs.join.state import JoinState, expand, from_bytes, to_bytes
from stream_jobs.join.waiting import Waiting
from stream_jobs.join.watermark import NEVER, Watermark
from stream_jobs.stage import Chunk, LookupKey, Outbound, Restored
from stream_jobs.window.windows import HEARTBEAT_MS

_SIGNALS = (FEEDBACK_REDACTED.name, INTERACTION_REDACTED.name)


class JoinStage:
    """State and rules of one partition number."""

    def __init__(self, config: JoinConfig, restored: Restored) -> None:
        settings, state = config.join, from_bytes(restored.state)
        self._config = config
        self._restored = restored
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
        self._sessions = Sessions(
            settings.session_gap_ms, settings.session_hold_ms, state.session_floor
        )
        self._answers = Answers(self._clock, self._watermark, config.bodies(), self._sessions)
        self._signals = Signals(_SIGNALS, self._clock)
        self._waiting = Waiting(
            settings.orphan_ttl_ms,
            settings.arrival_hold_ms,
            settings.orphan_max_hold_ms,
            settings.max_waiting,
        )
        self._unresolved = {topic: set(expand(coded)) for topic, coded in state.waiting.items()}
        _check_can_be_read(self._unresolved, restored)
        self._windows = open_windows(config, restored.partition, state.windows)
        self._marked_ms = state.marked_ms
        self._said_ms = 0  # wall clock of the last marker
        self._flushes = Flushes(state.flushes, state.flushed)
        self._due = 0
        self._inbox = Inbox(
            [topic.name for topic in REDACTED],
            restored,
            settings.align_wait_ms,
            config.schema_of,
            state.broken,
        )
        self._out = Outputs(config, restored.partition)
        self._results = Results(
            config, self._answers, self._signals, self._waiting, self._windows, self._out
        )
        self._timer_ms = NEVER  # event time at which the next timer may fire
        self._hold_ms = FAR  # the same by arrival
        self._wanted: list[LookupKey] = []
        self._found: dict[LookupKey, dict[str, Any] | None] = {}

    # --- queueing ---

    def offer(self, chunk: Chunk, now_ms: int) -> None:
        """Take a chunk: what lies below `next` refills memory at once, the rest is queued."""
        if chunk.records or self._watermark.heard_ms == 0:
            self._watermark.heard(now_ms)
        for item in self._inbox.put(chunk, now_ms):
            self._refill(item)

    def _refill(self, item: Item | Again) -> None:
        if isinstance(item, Again):
            self._answers.keep(*item)
            return
        if not isinstance(item, Event):
            return
        if item.topic == INFERENCE_REDACTED.name:
            self._keep_inference(keys.inference_key(item), item)
            return
        first = self._remember(item)
        if item.offset in self._unresolved.get(item.topic, ()):
            self._waiting.add(keys.inference_key(item), item)
        elif not self._waiting.repeat(item) and first and item.head["kind"] == "retract":
            self._results.retract(item)

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait to be aligned."""
        return self._inbox.held(topic)

    # --- processing ---

    def step(self, now_ms: int) -> list[Outbound]:
        """Process what is in step; nothing before memory is refilled or while a flush looks up."""
        if not self._inbox.refilling:
            self._settle()
            self._ask_again()
            while self._may_go_on(self._flushes.now, now_ms):
                if self._flushes.now is not None:
                    self._finish_flush()
                self._process(now_ms)
                if self._flushes.now is None:
                    break
            self._pass_time(now_ms)
        return self._out.take()

    def _may_go_on(self, flush: Flush | None, now_ms: int) -> bool:
        return flush is None or not len(self._waiting) or now_ms >= flush.until_ms

    def _process(self, now_ms: int) -> None:
        if not self._waiting.full:
            for item in self._inbox.take(now_ms):
                if self._item(item, now_ms) or self._waiting.full:
                    break
        if self._flushes.now is None and self._waiting.full:
            self._make_room(now_ms)

    def _make_room(self, now_ms: int) -> None:
        """Take inferences ahead of the signals, up to a flush: it decides all that waits."""
        inferences = INFERENCE_REDACTED.name
        ahead = self._inbox.take_from(inferences)
        while self._waiting.full:
            if self._flushes.comes_with_inferences:
                for key in self._waiting.all_due():
                    self._want(key)
                return
            item = next(ahead, None)
            if item is None:
                return
            if isinstance(item, Event):
                self._inference(item)
            else:
                self._item(item, now_ms)

    def _item(self, item: Item, now_ms: int) -> bool:
        """Process one item; whether it starts a flush."""
        if isinstance(item, Event):
            self._event(item)
        elif isinstance(item, Broken):
            self._out.dead_letter(item, now_ms)
        else:
            return self._begin_flush(item, now_ms)
        return False

    def _event(self, event: Event) -> None:
        event_time = event.head["event_time"]
        self._watermark.saw(event_time)
        arrival_ms = max(self._clock.arrival_ms, event.arrival_ms)
        if self._watermark.at_ms >= self._timer_ms or arrival_ms >= self._hold_ms:
            self._fire_timers(arrival_ms)
        self._clock.saw(event_time, event.arrival_ms)
        if event.topic == INFERENCE_REDACTED.name:
            self._inference(event)
        else:
            self._signal(event)

    def _inference(self, event: Event) -> None:
        self._clock.saw_inference(event.head["event_time"], event.arrival_ms)
        key = keys.inference_key(event)
        if not self._keep_inference(key, event):
            return  # the same inference again: counted once
        count_inference(self._windows, event)
        self._timer_ms = min(self._timer_ms, self._sessions.next_due()[0])
        self._resolve_waiting(key, event.body)

    def _keep_inference(self, key: str, event: Event) -> bool:
        """Remember an inference; False if it was seen before."""
        session_key, event_time = keys.session_key(event), event.head["event_time"]
        return self._answers.keep(
            key, session_key, event_time, event.arrival_ms, event.offset, event.body
        )

    def _signal(self, event: Event) -> None:
        first = self._remember(event)
        if self._waiting.repeat(event):
            return  # it is counted when the first one is, where that is
        key = keys.inference_key(event)
        inference = self._answers.body(key)
        if not first:
            count_duplicate(self._windows, event, about(inference), event.head["event_time"])
        elif event.head["inference_id"] is None:
            session_key, event_time = keys.session_key(event), event.head["event_time"]
            self._resolve(event, self._answers.latest_body(session_key, event_time))
        elif inference is None:
            self._waiting.add(key, event)
        else:
            self._resolve(event, inference)

    def _resolve(self, signal: Event, inference: bytes | None) -> None:
        self._results.resolve(signal, inference, about(inference))
        self._timer_ms = NEVER

    def _resolve_waiting(self, key: str, inference: bytes | None) -> None:
        if self._results.resolve_waiting(key, inference):
            self._timer_ms = NEVER

    def _remember(self, event: Event) -> bool:
        """Remember a signal; False if it was seen before."""
        kept = keep(event, keys.inference_key(event), keys.session_key(event))
        return self._signals.add(keys.signal_key(event), kept)

    # --- time ---

    def _fire_timers(self, arrival_ms: int) -> None:
        """Abandon sessions, then close windows, up to the watermark; set the next timer.

        It comes before the clock moves to `arrival_ms`: what is due may be forgotten by then.
        """
        at_ms, window_ms = self._watermark.at_ms, self._config.window_ms
        for gone in self._sessions.due(at_ms, arrival_ms):
            self._results.abandoned(gone, self._clock.arrival_ms)
        self._out.partials(self._windows.close(at_ms))
        due_ms, self._hold_ms = self._sessions.next_due()
        self._timer_ms = min(due_ms, (at_ms // window_ms + 1) * window_ms)

    def _pass_time(self, now_ms: int) -> None:
        if self._inbox.silent and self._clock.inference_event_ms > self._clock.event_ms:
            self._catch_up()
        gap_ms, window_ms = self._config.join.session_gap_ms, self._config.window_ms
        until_ms = self._watermark.largest_ms + gap_ms + 2 * window_ms
        if self._inbox.silent and self._watermark.idle(now_ms, until_ms):
            arrival_ms = max(self._clock.arrival_ms, now_ms)
            self._fire_timers(arrival_ms)
            self._clock.arrival_ms = arrival_ms
        self._out.partials(self._windows.drain_late())
        self._mark_closed(now_ms)
        for key in self._waiting.due(self._clock, now_ms):
            self._want(key)
        self._forget()

    def _catch_up(self) -> None:
        """Let time go on to the inferences that were taken ahead: their signals are through."""
        event_ms, arrival_ms = self._clock.inference_event_ms, self._clock.inference_arrival_ms
        self._watermark.saw(event_ms)
        self._fire_timers(max(self._clock.arrival_ms, arrival_ms))
        self._clock.saw(event_ms, arrival_ms)

    def _mark_closed(self, now_ms: int) -> None:
        """Say to every decide partition which windows are closed here, once per window.

        While nothing comes, say it again now and then: then silence can be told from a dead join.
        """
        at_ms, window_ms = self._watermark.at_ms, self._config.window_ms
        moved = at_ms != NEVER and at_ms // window_ms * window_ms > self._marked_ms
        self._said_ms = self._said_ms or now_ms
        if moved:
            self._marked_ms = at_ms // window_ms * window_ms
        alive = self._inbox.silent and now_ms - self._said_ms >= HEARTBEAT_MS
        if moved or (alive and self._marked_ms > NEVER):
            self._said_ms = now_ms
            self._out.marker(self._windows.marker("closed", self._marked_ms))

    def _forget(self) -> None:
        self._answers.forget()
        self._signals.forget()

    # --- flush ---

    def _ask_again(self) -> None:
        """After a restart: look up what a flush was to decide and could not."""
        for topic, offset in self._flushes.unasked():
            for key in self._waiting.before(topic, offset):
                self._want(key)
            self._count_due()

    def _begin_flush(self, control: Control, now_ms: int) -> bool:
        """Note a control record; whether its flush begins."""
        if not self._flushes.take(control, now_ms):
            return False
        for key in self._waiting.all_due():
            self._want(key)
        return True

    def _finish_flush(self) -> None:
        self._flushes.end({topic: self._inbox.taken_to(topic) for topic in _SIGNALS})
        self._count_due()
        for gone in self._sessions.all_open(self._inbox.taken_to(INFERENCE_REDACTED.name)):
            self._results.abandoned(gone, self._clock.arrival_ms)
        self._timer_ms = NEVER
        self._out.partials(self._windows.flush())
        self._out.marker(self._windows.marker("flush", max(self._watermark.at_ms, 0)))

    # --- look-ups ---

    def _want(self, key: str) -> None:
        self._wanted.append(LookupKey(*keys.parts(key)))

    def wanted(self) -> list[LookupKey]:
        """Return the inferences to look up in the hot store now."""
        wanted, self._wanted = self._wanted, []
        return wanted

    def found(self, results: Mapping[LookupKey, dict[str, Any] | None], now_ms: int) -> None:  # noqa: ARG002
        """Keep `results` for the next step: a commit before it must not know of them yet."""
        self._found.update(results)

    def _settle(self) -> None:
        """Resolve the signals that waited for what was found."""
        found, self._found = self._found, {}
        if not found:
            return
        for key, record in found.items():
            body = None if record is None else encode(parsed("Inference"), record)
            self._resolve_waiting(keys.key_in(key.tenant_id, key.inference_id), body)
        self._count_due()

    def _count_due(self) -> None:
        """Count what a flush was to decide and still waits for the hot store."""
        count = self._waiting.count_before
        self._due = sum(count(topic, end) for topic, end in self._flushes.left.items())
        if not self._due:
            self._flushes.left = {}

    # --- checkpoint ---

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet processed; a flush counts when it is done."""
        following = self._inbox.next_offsets()
        flush = self._flushes.now
        if flush is not None:
            following[flush.topic] = flush.offset
        return following

    def rewind_offsets(self) -> dict[str, int]:
        """Return, per topic, where a restart must begin to read to remember what is live."""
        if self._inbox.refilling:
            return dict(self._restored.rewind)
        rewind = self.next_offsets()
        oldest = {INFERENCE_REDACTED.name: [self._answers.first_offset()]}
        for topic in _SIGNALS:
            oldest[topic] = [self._signals.first_offset(topic), self._waiting.first_offset(topic)]
        for topic, offsets in oldest.items():
            rewind[topic] = min([rewind[topic], *(o for o in offsets if o is not None)])
        return rewind

    def snapshot(self) -> bytes:
        """Return what reading again can't bring back."""
        if self._inbox.refilling and self._restored.state is not None:
            return self._restored.state  # what waits has not been read again yet
        return to_bytes(
            JoinState(
                watermark_ms=self._watermark.at_ms,
                largest_ms=self._watermark.largest_ms,
                arrival_ms=self._clock.arrival_ms,
                inference_event_ms=self._clock.inference_event_ms,
                inference_arrival_ms=self._clock.inference_arrival_ms,
                marked_ms=self._marked_ms,
                session_floor=self._sessions.floor,
                waiting=self._waiting.runs(),
                flushes=self._flushes.snapshot(),
                flushed=self._flushes.left,
                windows=self._windows.snapshot(),
                broken=self._inbox.broken_from(self.rewind_offsets()[INFERENCE_REDACTED.name]),
            )
        )

    def stats(self) -> dict[str, int]:
        """Return how many signals wait, how many of them by a flush's order, and more."""
        return {
            "waiting": len(self._waiting),
            "due": self._due,
            "inferences": len(self._answers),
            "watermark": max(self._watermark.at_ms, 0),
        }


def _check_can_be_read(unresolved: Mapping[str, set[int]], restored: Restored) -> None:
    """Raise MissingDataError if a signal that waits lies before what can be read again."""
    for topic, offsets in unresolved.items():
        first = restored.rewind.get(topic, 0)
        lost = sum(offset < first for offset in offsets)
        if lost:
            raise MissingDataError(
                f"{lost} signals of {topic} that wait for their inference lie before offset "
                f"{first}, the first that Kafka still has"
            )
