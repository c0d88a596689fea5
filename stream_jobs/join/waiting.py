"""Signals that wait for their inference, and when they have waited long enough; pure.

A signal is due for a look-up in the hot store when the *inference side* has passed it by
`orphan_ttl_ms`, in event time and (for backfills) in arrival. If no inferences come at all, it goes
on waiting: an outage of their producers must cost nothing. Bound: `max_hold_ms` of wall clock.

What waits is in memory, and its offsets are in the checkpoint, so `full` says when no more signals
should be taken: `most` of them, or too many gaps between their offsets.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Final

from stream_jobs.join.clock import Clock
from stream_jobs.join.heads import Event
from stream_jobs.join.keys import signal_key
from stream_jobs.join.state import runs

MOST_RUNS: Final = 20_000  # of offsets in a row: under 150 KB of the checkpoint


class Waiting:
    """All waiting signals of one partition."""

    def __init__(self, ttl_ms: int, hold_ms: int, max_hold_ms: int, most: int) -> None:
        self._ttl_ms = ttl_ms
        self._hold_ms = hold_ms
        self._max_hold_ms = max_hold_ms
        self._most = most
        self._count = 0
        self._runs = 0  # of offsets in a row
        self._by_key: dict[str, list[Event]] = {}
        self._offsets: dict[str, dict[int, str]] = {}  # topic → offset → key, in order
        self._repeats: dict[str, list[int]] = {}
        """Signal that waits → the event times of what came again of it."""
        self._by_event: list[tuple[int, int, str, int, str]] = []
        """Due event time, arrival, topic, offset, key."""
        self._by_arrival: list[tuple[int, str, int, str]] = []
        self._since: deque[tuple[int, str, int, str]] = deque()
        self._looking: set[str] = set()

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether no more should come in before some are decided."""
        return self._count >= self._most or self._runs >= MOST_RUNS

    def add(self, key: str, event: Event) -> None:
        """Let `event` wait for the inference `key`."""
        self._by_key.setdefault(key, []).append(event)
        offsets = self._offsets.setdefault(event.topic, {})
        self._runs += 1 - _neighbours(offsets, event.offset)
        offsets[event.offset] = key
        self._count += 1
        self._repeats[signal_key(event)] = []
        place = (event.topic, event.offset, key)
        due_ms = event.head["event_time"] + self._ttl_ms
        heapq.heappush(self._by_event, (due_ms, event.arrival_ms, *place))
        self._since.append((event.arrival_ms, *place))

    def repeat(self, event: Event) -> bool:
        """Note `event` with the signal it repeats; False if that doesn't wait."""
        repeats = self._repeats.get(signal_key(event))
        if repeats is None:
            return False
        repeats.append(event.head["event_time"])
        return True

    def take(self, key: str) -> Iterator[tuple[Event, list[int]]]:
        """Yield, in order, the signals that wait for `key`, each with its repeats' event times.

        Each stops waiting as it is yielded.
        So what a retract among them takes back still waits if it comes after the retract.
        """
        self._looking.discard(key)
        for event in self._by_key.pop(key, []):
            offsets = self._offsets[event.topic]
            del offsets[event.offset]
            self._runs += _neighbours(offsets, event.offset) - 1
            self._count -= 1
            yield event, self._repeats.pop(signal_key(event))

    def due(self, clock: Clock, now_ms: int) -> list[str]:
        """Return the keys whose look-up is due; each key once until it is taken."""
        keys = [
            *self._passed_by(clock),
            *self._held_too_long(now_ms),
        ]
        return self._once(keys)

    def all_due(self) -> list[str]:
        """Return every key that waits and isn't being looked up."""
        return self._once(list(self._by_key))

    def before(self, topic: str, end: int) -> list[str]:
        """Return the keys of signals of `topic` before offset `end`, if not being looked up."""
        offsets = self._offsets.get(topic, {})
        return self._once([key for offset, key in offsets.items() if offset < end])

    def count_before(self, topic: str, end: int) -> int:
        """Return how many signals of `topic` wait before offset `end`."""
        return sum(offset < end for offset in self._offsets.get(topic, {}))

    def _passed_by(self, clock: Clock) -> Iterator[str]:
        while self._by_event and self._by_event[0][0] <= clock.inference_event_ms:
            _, arrival_ms, topic, offset, key = heapq.heappop(self._by_event)
            if self._holds(topic, offset):
                due_ms = arrival_ms + self._hold_ms
                heapq.heappush(self._by_arrival, (due_ms, topic, offset, key))
        while self._by_arrival and self._by_arrival[0][0] <= clock.inference_arrival_ms:
            _, topic, offset, key = heapq.heappop(self._by_arrival)
            if self._holds(topic, offset):
                yield key

    def _held_too_long(self, now_ms: int) -> Iterator[str]:
        while self._since:
            arrival, topic, offset, key = self._since[0]
            if self._holds(topic, offset):
                if arrival + self._max_hold_ms > now_ms:
                    return
                yield key
            self._since.popleft()

    def _once(self, keys: list[str]) -> list[str]:
        new = [key for key in dict.fromkeys(keys) if key not in self._looking]
        self._looking.update(new)
        return new

    def _holds(self, topic: str, offset: int) -> bool:
        return offset in self._offsets.get(topic, {})

    def knows(self, signal: str) -> bool:
        """Whether the signal of that key waits: it may wait longer than it is remembered."""
        return signal in self._repeats

    def first_offset(self, topic: str) -> int | None:
        """Return the smallest offset of `topic` that waits."""
        return min(self._offsets.get(topic, {}), default=None)

    def runs(self) -> dict[str, list[tuple[int, int]]]:
        """Return, per topic, the offsets that wait as (first, how many) runs, ascending."""
        return {topic: runs(sorted(offsets)) for topic, offsets in self._offsets.items()}


def _neighbours(offsets: dict[int, str], offset: int) -> int:
    return (offset - 1 in offsets) + (offset + 1 in offsets)
