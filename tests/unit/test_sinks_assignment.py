"""Nothing of a partition counts until it was sought: a librdkafka of our own making misbehaves."""

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_END, KafkaError, KafkaException, TopicPartition

from schemas.errors import SinkDown
from schemas.health import Health
from schemas.settings import Settings
from sinks import assignment
from sinks.assignment import Assignment
from sinks.intents import Committed
from sinks.tables import INFERENCES

TOPIC, END = INFERENCES.topic.full("feedloop."), 752
STATE = KafkaException(KafkaError(KafkaError._STATE))


class Kafka:
    """A consumer that fetches a partition only after a few polls, and notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.not_yet: deque[KafkaException] = deque([STATE])

    def memberid(self) -> str:
        return "me"

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, 1)]

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.told += [("assign", tp.offset) for tp in partitions]

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self.told += [("unassign", tp.offset) for tp in partitions]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.told += [("pause", -1) for _ in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.told += [("resume", -1) for _ in partitions]

    def seek(self, partition: TopicPartition) -> None:
        if self.not_yet:
            raise self.not_yet.popleft()
        self.told.append(("seek", partition.offset))


class Store:
    """Says where to start, or that it is away."""

    name = "clickhouse"
    away = False

    def assigned(self, _: Any, *, known: bool) -> int:
        assert known
        return 0

    def topic_ids(self, _: str) -> set[str]:
        if self.away:
            raise SinkDown("away")
        return {"id"}

    def revoked(self, _: Any) -> None:
        pass


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch) -> Any:
    offsets = assignment.offsets
    monkeypatch.setattr(offsets, "topic_ids", lambda _, topics: dict.fromkeys(topics, "id"))
    monkeypatch.setattr(offsets, "committed", lambda _, of: dict.fromkeys(of, Committed(57)))
    monkeypatch.setattr(offsets, "bounds", lambda *_: (0, END))
    kafka, store = Kafka(), Store()
    owned = Assignment(store, Settings(), Health("clickhouse"), kafka)  # type: ignore[arg-type]
    assigned = [TopicPartition(TOPIC, 1)]
    return SimpleNamespace(owned=owned, kafka=kafka, store=store, assigned=assigned)


def test_an_event_before_the_seek_does_not_count(owned: Any) -> None:
    owned.owned._on_assign(owned.kafka, owned.assigned)
    owned.owned.seek()  # not fetched yet
    assert owned.owned.reading(TOPIC, 1) is None
    owned.owned.seek()
    assert owned.owned.reading(TOPIC, 1).next == 57
    assert owned.kafka.told[-1] == ("seek", 0)  # ten thousand offsets before, or the first


def test_the_end_at_which_a_postponed_partition_was_held_does_not_count(owned: Any) -> None:
    """Its end was taken for read, and 641 inferences before it were never stored."""
    owned.store.away = True
    owned.owned._on_assign(owned.kafka, owned.assigned)
    assert ("assign", OFFSET_END) in owned.kafka.told
    owned.store.away = False
    owned.owned.take_postponed()
    owned.owned.seek()
    assert owned.owned.reading(TOPIC, 1) is None  # so `reached_end(END)` is not called
    owned.owned.seek()
    assert owned.owned.reading(TOPIC, 1) is not None
    assert owned.kafka.told[-1] == ("seek", 0)


def test_after_a_pause_reading_goes_on_where_it_was(owned: Any) -> None:
    owned.kafka.not_yet.clear()
    owned.owned._on_assign(owned.kafka, owned.assigned)
    owned.owned.seek()
    partition = owned.owned.reading(TOPIC, 1)
    for offset in range(60):
        partition.add((offset, 0, b""), control=False, now_s=0.0)
    owned.owned.pause()
    owned.owned.seek()
    assert owned.kafka.told[-1] == ("pause", -1)  # sought when it is over, not before
    owned.owned.resume()
    assert owned.owned.reading(TOPIC, 1) is None
    owned.owned.seek()
    assert owned.kafka.told[-1] == ("seek", 60)
    assert owned.owned.reading(TOPIC, 1) is partition


def test_a_partition_that_left_is_not_sought(owned: Any) -> None:
    owned.owned._on_assign(owned.kafka, owned.assigned)
    owned.owned._on_revoke(owned.kafka, owned.assigned)
    owned.owned.seek()
    assert owned.kafka.told[-1] == ("resume", -1)
