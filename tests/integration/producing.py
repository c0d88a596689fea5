"""Writes records into topics as a service or a stage would: plain, or in a transaction."""

from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.topics import apply_topics
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import Topic, group

NOW_MS = 1_790_000_000_000

EVIDENCE = {
    "metric": "negative_rate",
    "observed": 0.31,
    "baseline": 0.08,
    "n": 640,
    "contributions": [
        {"dimension": "prompt_version", "value": "p2", "observed": 0.4, "n": 320, "share": 0.81}
    ],
}


def action(number: int = 0, **other: Any) -> dict[str, Any]:
    """Return an Action record."""
    return {
        "action_id": f"a{number}",
        "sequence": 0,
        "rule": "negative-rate",
        "kind": "rollback",
        "state": "opened",
        "tenant_id": "acme",
        "key": {"segment": "web"},
        "episode_start": NOW_MS,
        "event_time": NOW_MS + number,
        "severity": "critical",
        "evidence": EVIDENCE,
        "examples": ["i1", "i2"],
        "parameters": {},
        **other,
    }


def frames(settings: Settings, topic: Topic, records: list[dict[str, Any]]) -> list[bytes]:
    """Return `records` in the wire format of `topic`, its schema registered."""
    assert topic.schema is not None
    number = Registry(settings.registry, settings.kafka.topic_prefix).register(topic)
    return [frame(number, encode(parsed(topic.schema), record)) for record in records]


def produce(
    settings: Settings, topic: Topic, bodies: list[bytes | None], partition: int = 0
) -> None:
    """Write `bodies` into one partition and wait until the broker has them."""
    producer = Producer(kafka_config(settings.kafka))
    for body in bodies:
        producer.produce(topic.full(settings.kafka.topic_prefix), body, partition=partition)
    assert producer.flush(30) == 0


class Stage:
    """Does with the topics what a stage does: output, offsets and note in one transaction."""

    def __init__(self, settings: Settings, worker: str) -> None:
        self._prefix = settings.kafka.topic_prefix
        common = {**kafka_config(settings.kafka), "log_level": 0}
        name = group(worker, self._prefix)
        self._producer = Producer({**common, "transactional.id": f"{name}-0"})
        self._producer.init_transactions(30)
        self._consumer = Consumer({**common, "group.id": name, "enable.auto.commit": False})

    def commit(
        self, offsets: dict[Topic, int], outputs: dict[Topic, list[bytes]], note: str = ""
    ) -> None:
        """Commit the next `offsets` (partition 0), with `outputs` and `note`, at once."""
        self.write(outputs)
        positions = [
            TopicPartition(topic.full(self._prefix), 0, offset, note if i == 0 else "")
            for i, (topic, offset) in enumerate(offsets.items())
        ]
        metadata = self._consumer.consumer_group_metadata()
        self._producer.send_offsets_to_transaction(positions, metadata, 30)
        self._producer.commit_transaction(30)

    def write(self, outputs: dict[Topic, list[bytes]]) -> None:
        """Begin a transaction and write `outputs`; it stays open."""
        self._producer.begin_transaction()
        for topic, bodies in outputs.items():
            for body in bodies:
                self._producer.produce(topic.full(self._prefix), body, partition=0)
        self._producer.flush(30)

    def abort(self) -> None:
        """Take back what was written."""
        self._producer.abort_transaction(30)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


def one_partition(settings: Settings) -> Settings:
    """Return `settings` for topics of one partition, and create the topics."""
    changed = msgspec.structs.replace(
        settings, kafka=msgspec.structs.replace(settings.kafka, partitions=1)
    )
    apply_topics(changed)
    return changed
