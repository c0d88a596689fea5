"""What the join remembers of signals: duplicates, judgements taken back, sessions ended; pure.

All of it can be read again: what is known depends on the set of signals read, not on the order in
which the topics brought them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from stream_jobs.join.clock import Clock
from stream_jobs.join.memory import Memory
from stream_jobs.join.watermark import NEVER


class KeptSignal(NamedTuple):
    """What is remembered of a signal: enough to know it again and to take it back."""

    event_time: int
    arrival_ms: int
    offset: int
    topic: str
    kind: str
    polarity: int
    rated: bool
    author: str | None
    inference_key: str
    session_key: str


class Signals:
    """Live signals of one partition, by key."""

    def __init__(self, topics: Sequence[str], clock: Clock) -> None:
        self._clock = clock
        self._memories: dict[str, Memory[KeptSignal]] = {t: Memory(clock) for t in topics}
        self._positive: defaultdict[str, set[str]] = defaultdict(set)  # inference → signals
        self._ended: dict[str, int] = {}  # session → event time of its latest end
        self._retracted: dict[str, tuple[int, int]] = {}  # signal → event time, arrival

    def get(self, key: str) -> KeptSignal | None:
        """Return the live signal of `key`."""
        for memory in self._memories.values():
            kept = memory.get(key)
            if kept is not None:
                return kept
        return None

    def add(self, key: str, kept: KeptSignal) -> bool:
        """Remember a signal; False if it was seen before."""
        if self.get(key) is not None:
            return False
        self._memories[kept.topic].add(key, kept)
        if kept.polarity > 0:
            self._positive[kept.inference_key].add(key)
        if kept.kind == "session_end":
            latest = self._ended.get(kept.session_key, NEVER)
            self._ended[kept.session_key] = max(latest, kept.event_time)
        return True

    def retract(self, target: str, event_time: int, arrival_ms: int) -> bool:
        """Take signal `target` back; False if it was before."""
        if target in self._retracted:
            return False
        self._retracted[target] = (event_time, arrival_ms)
        return True

    def retracted(self, key: str) -> bool:
        """Whether signal `key` was taken back."""
        return key in self._retracted

    def positive(self, inference_key: str) -> bool:
        """Whether a positive signal for the inference stands."""
        keys = self._positive.get(inference_key, ())
        return any(key not in self._retracted for key in keys)

    def ended(self, session_key: str) -> int:
        """Return the event time at which the session was last ended."""
        return self._ended.get(session_key, NEVER)

    def forget(self) -> None:
        """Drop what is no longer live."""
        for memory in self._memories.values():
            for key, kept in memory.forget():
                self._drop(key, kept)
        while self._retracted:
            target, age = next(iter(self._retracted.items()))
            if self._clock.live(*age):
                return
            del self._retracted[target]

    def _drop(self, key: str, kept: KeptSignal) -> None:
        keys = self._positive.get(kept.inference_key)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._positive[kept.inference_key]
        if self._ended.get(kept.session_key) == kept.event_time:
            del self._ended[kept.session_key]

    def first_offset(self, topic: str) -> int | None:
        """Return the offset of `topic` to read again from; None if nothing is remembered."""
        return self._memories[topic].first_offset()
