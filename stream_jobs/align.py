"""Which topic is next: several topics of one partition number, read in step by event time.

Kafka Streams calls this task idling. The record with the earliest event time among the heads of
all topics goes first, once every topic has a head or is known to hold nothing more. A record of
the past (a backfill, a catch-up) waits `wait_ms` for a topic that seems empty, because there the
topics run far apart; live records don't wait.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass
class _Lane(Generic[Item]):
    queue: deque[tuple[int, int, Item]] = field(default_factory=deque)  # event time, arrived, item
    at_end: bool = False
    end_ms: int = 0  # wall clock when it was last known to be at its end


class Aligner(Generic[Item]):
    """Queues of one partition number, one per topic; times in ms."""

    def __init__(self, topics: Sequence[str], wait_ms: int, live_ms: int = 10_000) -> None:
        self._lanes: dict[str, _Lane[Item]] = {topic: _Lane() for topic in topics}
        self._wait_ms = wait_ms
        self._live_ms = live_ms

    def put(
        self, topic: str, items: Iterable[tuple[int, Item]], *, at_end: bool, now_ms: int
    ) -> None:
        """Queue (event time, item) pairs of `topic`; `at_end`: nothing follows them for now."""
        lane = self._lanes[topic]
        lane.queue.extend((event_time, now_ms, item) for event_time, item in items)
        lane.at_end = at_end
        if at_end:
            lane.end_ms = now_ms

    def queued(self, topic: str) -> int:
        """Return how many items of `topic` wait."""
        return len(self._lanes[topic].queue)

    def head(self, topic: str) -> Item | None:
        """Return the next item of `topic`, if any."""
        queue = self._lanes[topic].queue
        return queue[0][2] if queue else None

    def take(self, now_ms: int) -> Iterator[tuple[str, Item]]:
        """Yield (topic, item) in step until a topic without a head may still bring an earlier one.

        The caller may stop at any item; what it has taken is gone from the queues.
        """
        while True:
            heads = [(lane.queue[0][0], t) for t, lane in self._lanes.items() if lane.queue]
            if not heads:
                return
            event_time, topic = min(heads)
            arrived = self._lanes[topic].queue[0][1]
            if any(
                not lane.queue and not self._empty(lane, event_time, arrived, now_ms)
                for lane in self._lanes.values()
            ):
                return
            bound = min((time for time, name in heads if name != topic), default=None)
            queue = self._lanes[topic].queue
            while queue and (bound is None or queue[0][0] <= bound):
                if bound is None and queue[0][1] != arrived:
                    break  # it arrived later: ask again whether the other topics are empty
                yield topic, queue.popleft()[2]

    def take_from(self, topic: str) -> Iterator[Item]:
        """Yield the items of `topic` alone, ahead of the others; the caller may stop at any."""
        queue = self._lanes[topic].queue
        while queue:
            yield queue.popleft()[2]

    def _empty(self, lane: _Lane[Item], event_time: int, arrived: int, now_ms: int) -> bool:
        if not lane.at_end:
            return False
        live = event_time >= now_ms - self._live_ms
        return live or lane.end_ms >= arrived + self._wait_ms
