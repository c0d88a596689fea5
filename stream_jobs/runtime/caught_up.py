"""Asks the hot store only when its sink has written all inferences that were there to be found.

"Not in the store" means "never accepted" only if the store has caught up: a sink that was away for
minutes would make orphans of signals whose inference lies on the topic.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.errors import BrokerDown, SinkDown
from schemas.settings import KafkaSettings, kafka_config
from schemas.topics import INFERENCE_REDACTED, group
from stream_jobs.stage import LookupKey

PATIENCE_S: Final = 5.0  # of one call; then its caller says that it waits, and calls again
POLL_S: Final = 0.1
TIMEOUT_S: Final = 10.0
SINK: Final = "clickhouse"

Offsets = Mapping[int, int]
"""Partition number → offset."""

Find = Callable[[Sequence[LookupKey]], Mapping[LookupKey, dict[str, Any] | None]]


class Progress(Protocol):
    """How far the inferences go, and how far the store holds them."""

    def ends(self) -> Offsets:
        """Return where each partition that holds anything ends. Raises BrokerDown."""

    def stored(self) -> Offsets:
        """Return up to where each partition is stored; empty if no sink ever ran."""


class SinkProgress:
    """`Progress` of the hot store's sink, as its group has committed it."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._topic = INFERENCE_REDACTED.full(kafka.topic_prefix)
        self._lock = threading.Lock()
        self._member: Consumer | None = None

    def ends(self) -> Offsets:
        """Return where each partition that holds anything ends. Raises BrokerDown."""
        with self._lock:
            found = {p: self._ask(self._extent, p) for p in self._ask(self._partitions)}
        return {number: high for number, (low, high) in found.items() if high > low}

    def stored(self) -> Offsets:
        """Return what the sink's group has committed; what it has promised lies behind that."""
        with self._lock:
            wanted = [TopicPartition(self._topic, p) for p in self._ask(self._partitions)]
            found = self._ask(lambda: self._consumer().committed(wanted, timeout=TIMEOUT_S))
        if any(tp.error is not None for tp in found):
            raise BrokerDown(f"Kafka doesn't say how far {SINK} has stored {self._topic}")
        return {tp.partition: tp.offset for tp in found if tp.offset >= 0}

    def _consumer(self) -> Consumer:
        if self._member is None:  # it never joins the group
            config = {"group.id": group(SINK, self._kafka.topic_prefix)}
            self._member = Consumer({**kafka_config(self._kafka), **config})
        return self._member

    def _partitions(self) -> list[int]:
        topics = self._consumer().list_topics(self._topic, timeout=TIMEOUT_S).topics
        return sorted(topics[self._topic].partitions)

    def _extent(self, number: int) -> tuple[int, int]:
        asked = TopicPartition(self._topic, number)
        low, high = self._consumer().get_watermark_offsets(asked, TIMEOUT_S)
        return int(low), int(high)

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return question(*arguments)
        except KafkaException as error:
            raise BrokerDown(f"Kafka doesn't say how far {self._topic} is stored") from error


class CaughtUp:
    """Look-ups that wait until the store holds all that was accepted when they were first asked.

    A store without a sink is asked at once. After `max_wait_s` of a sink that doesn't move on, what
    the store has is taken for all there is.
    """

    def __init__(
        self,
        find: Find,
        progress: Progress,
        max_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._find = find
        self._progress = progress
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._pause = pause
        self._goals: dict[LookupKey, tuple[float, Offsets]] = {}  # first asked, ends at that time

    def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, dict[str, Any] | None]:
        """Return an Inference record for each key, None if none was accepted.

        Raises SinkDown or BrokerDown while that can't be said: then the signals go on waiting.
        """
        new = [key for key in keys if key not in self._goals]
        if new:
            goal = (self._clock(), self._progress.ends())
            self._goals.update(dict.fromkeys(new, goal))
        self._await([self._goals[key] for key in keys])
        found = self._find(keys)
        for key in keys:
            self._goals.pop(key, None)
        return found

    def _await(self, goals: list[tuple[float, Offsets]]) -> None:
        give_up = self._clock() + PATIENCE_S
        first = min(since for since, _ in goals)
        while behind := self._behind(goals):
            now = self._clock()
            if now - first > self._max_wait_s:
                return
            if now > give_up:
                raise SinkDown(
                    f"the sink of ClickHouse has {behind} offsets of {INFERENCE_REDACTED.name} "
                    "still to store; late signals wait. Does `feedloop worker clickhouse` run?"
                )
            self._pause(POLL_S)

    def _behind(self, goals: list[tuple[float, Offsets]]) -> int:
        stored = self._progress.stored()
        if not stored:
            return 0
        ends: dict[int, int] = {}
        for _, goal in goals:
            for number, end in goal.items():
                ends[number] = max(end, ends.get(number, 0))
        return sum(max(0, end - stored.get(number, 0)) for number, end in ends.items())
