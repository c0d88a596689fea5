"""What becomes of a signal once its inference is known, or known to be unknown; pure.

An enriched record, and its counts in the window of its own event time; a retract also takes back
what the judgement it names had added, where that was counted.
"""

from typing import Any

from schemas.codec import decode_head
from schemas.ids import enriched_id
from schemas.polarity import polarity
from stream_jobs.join import keys
from stream_jobs.join.abandonment import abandonment
from stream_jobs.join.answers import Answers
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.counting import Head, count_duplicate, count_signal, take_back
from stream_jobs.join.edits import edit_ratio
from stream_jobs.join.heads import RECORD_OF, Event, head_schema
from stream_jobs.join.outputs import Outputs
from stream_jobs.join.sessions import Abandoned
from stream_jobs.join.signals import Signals
from stream_jobs.join.splice import enriched_body
from stream_jobs.join.waiting import Waiting
from stream_jobs.window.windows import OpenWindows


class Results:
    """Results of one partition number, added to its outputs and windows."""

    def __init__(
        self,
        config: JoinConfig,
        answers: Answers,
        signals: Signals,
        waiting: Waiting,
        windows: OpenWindows,
        out: Outputs,
    ) -> None:
        self._join = config.join
        self._answers, self._signals, self._waiting = answers, signals, waiting
        self._windows, self._out = windows, out

    def resolve_waiting(self, key: str, inference: bytes | None) -> bool:
        """Emit what waits for the inference `key`; whether anything did. None: it is unknown."""
        head: Head | None = None
        any_waited = False
        for event, repeats in self._waiting.take(key):
            any_waited = True
            head = head or about(inference)
            self.resolve(event, inference, head)
            for event_time in repeats:
                count_duplicate(self._windows, event, head, event_time)
        return any_waited

    def resolve(self, event: Event, inference: bytes | None, head: Head | None) -> None:
        """Emit the enriched record of a signal, and count it; `head` is the inference's."""
        signal, record = event.head, RECORD_OF[event.topic]
        lag_ms = None if head is None else signal["event_time"] - head["event_time"]
        fields: dict[str, Any] = {
            "enriched_id": enriched_id(signal["tenant_id"], signal["event_id"]),
            "join_status": self._status(lag_ms),
            "polarity": polarity(signal["kind"], signal["value"]),
            "lag_ms": lag_ms,
            "edit_ratio": edit_ratio(record, signal["kind"], event.body, inference),
        }
        body = enriched_body(fields, record, event.body, inference)
        self._out.enriched(signal["session_id"], body)
        retracted = self._signals.retracted(keys.signal_key(event))
        count_signal(self._windows, event, head, fields, retracted=retracted)
        if signal["kind"] == "retract" and self.retract(event):
            self._take_back(event, head, fields["join_status"])

    def _status(self, lag_ms: int | None) -> str:
        if lag_ms is None:
            return "orphan"
        return "matched" if lag_ms <= self._join.window_ms else "late"

    def retract(self, event: Event) -> bool:
        """Remember what a retract takes back; False if that was taken back before."""
        target = keys.target_key(event)
        return self._signals.retract(target, event.head["event_time"], event.arrival_ms)

    def _take_back(self, retract: Event, head: Head | None, status: str) -> None:
        target = keys.target_key(retract)
        kept = self._signals.get(target)
        if kept is None or self._waiting.knows(target):
            return  # not counted yet: when it is, it will be known as taken back
        _, named = keys.parts(kept.inference_key)
        if named and kept.inference_key != keys.inference_key(retract):
            # It was counted by its own inference, whichever the retract names.
            head = about(self._answers.body(kept.inference_key))
            if head is None:
                return  # nobody knows any more where it was counted
        take_back(self._windows, kept, keys.parts(target)[0], head, status)

    def abandoned(self, gone: Abandoned, arrival_ms: int) -> None:
        """Emit the derived interaction of a session that nobody came back to."""
        gap_ms = self._join.session_gap_ms
        until_ms = gone.event_time + gap_ms
        if self._signals.positive(gone.inference_key, until_ms) or self._signals.ended(
            gone.session_key, gone.event_time, until_ms
        ):
            return
        body = self._answers.body(gone.inference_key)
        head = about(body)
        if head is not None:
            self.resolve(abandonment(head, gap_ms, arrival_ms), body, head)


def about(inference: bytes | None) -> Head | None:
    """Return the head of an inference, given its Avro body."""
    return None if inference is None else decode_head(head_schema("Inference"), inference)
