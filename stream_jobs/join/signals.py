"""What the join remembers of signals: duplicates, judgements taken back, sessions ended; pure.

All of it can be read again: what is known depends on the set of signals read, not on the order in
which the topics brought them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from stream_jobs.join.clock import Clock
from stream_jobs.join.memory import Memory


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
        self._positive: defaultdict[str, dict[str, int]] = defaultdict(dict)
        """Inference → its positive signals → their event times."""
        self._ends: defaultdict[str, dict[str, int]] = defaultdict(dict)
        """Session → the signals that ended it → their event times."""
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
        outlived = self._memories[kept.topic].put(key, kept)
        if outlived is not None:
            self._drop(key, outlived)
        if kept.polarity > 0:
            self._positive[kept.inference_key][key] = kept.event_time
        if kept.kind == "session_end":
            self._ends[kept.session_key][key] = kept.event_time
        return True

    def retract(self, target: str, event_time: int, arrival_ms: int) -> bool:
        """Take signal `target` back; False if it was before."""
        if self.retracted(target):
            return False
        self._retracted.pop(target, None)
        self._retracted[target] = (event_time, arrival_ms)
        return True

    def retracted(self, key: str) -> bool:
        """Whether signal `key` was taken back by a retract that is still remembered.

        One that is no longer live counts as forgotten even before it is: a restart forgets it too.
        """
        age = self._retracted.get(key)
        return age is not None and self._clock.live(*age)

    def positive(self, inference_key: str, until_ms: int) -> bool:
        """Whether a positive signal for the inference, dated until then, stands."""
        signals = self._positive.get(inference_key, {})
        return any(at <= until_ms and not self.retracted(key) for key, at in signals.items())

    def ended(self, session_key: str, from_ms: int, until_ms: int) -> bool:
        """Whether the session was ended between the two event times."""
        ends = self._ends.get(session_key, {})
        return any(from_ms <= at <= until_ms for at in ends.values())

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
        for index, name in ((self._positive, kept.inference_key), (self._ends, kept.session_key)):
            signals = index.get(name)
            if signals is not None and signals.pop(key, None) is not None and not signals:
                del index[name]

    def first_offset(self, topic: str) -> int | None:
        """Return the offset of `topic` to read again from; None if nothing is remembered."""
        return self._memories[topic].first_offset()
