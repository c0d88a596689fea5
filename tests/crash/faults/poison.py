"""Records that nobody can read, in the middle of the traffic: each is one dead letter."""

from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Producer

from producers.connection import schema_ids
from producers.envelope import seal
from schemas.codec import PREFIX_BYTES, frame
from schemas.registry import Registry
from schemas.settings import StageSettings, kafka_config
from schemas.topics import FEEDBACK_REDACTED, INTERACTION_REDACTED, PARTIALS, RAW
from tests.crash.faults.fault import Scene

AT: Final = (*RAW, FEEDBACK_REDACTED, INTERACTION_REDACTED, PARTIALS)
"""Topics that one worker reads: one dead letter each. (`inference.redacted` has three readers.)"""
UNKNOWN_ID: Final = 2_000_000_000
MOST: Final = 4  # in a row
DELIVERED_S: Final = 120.0

SPOILT: Final[dict[str, Callable[[bytes], bytes | None]]] = {
    "null": lambda _: None,
    "garbage": lambda _: b"garbage",
    "cut": lambda body: body[: len(body) // 2],
    "trailing": lambda body: body + b"!",
    "no UTF-8": lambda body: body.replace(b"poison", b"\xff\xfe\xfd\xff\xff\xff"),
    "unknown id": lambda body: frame(UNKNOWN_ID, body[PREFIX_BYTES:]),
    "too large": lambda body: body + b" " * 900_000,
}


class Poison:
    """A few spoilt records in a partition of every topic that a stage reads alone."""

    name = "poison"
    weight = 2.0

    def inflict(self, scene: Scene) -> str:
        settings, rng = scene.loop.settings, scene.rng
        config = {"enable.idempotence": True, "message.max.bytes": 2_000_000}
        producer = Producer({**kafka_config(settings.kafka), **config})
        good = body(schema_ids(Registry(settings.registry, settings.kafka.topic_prefix)))
        planted = 0

        def noted(error: Any, message: Any) -> None:
            assert error is None, error
            scene.letters.add((message.topic(), message.partition(), message.offset()))

        for topic in AT:
            full = topic.full(settings.kafka.topic_prefix)
            partition = rng.randrange(_partitions(producer, full))
            for name in rng.sample(sorted(SPOILT), rng.randint(1, MOST)):
                value = SPOILT[name](good)
                producer.produce(full, value, b"poison", partition, on_delivery=noted)
                planted += 1
        assert producer.flush(DELIVERED_S) == 0, "Kafka takes no poison"
        return f"{planted} records into {len(AT)} topics"


def body(ids: dict[str, int]) -> bytes:
    """Return a good comment in the wire format."""
    fields = {
        "event_id": "poison",
        "inference_id": "poison",
        "session_id": "poison",
        "tenant_id": "poison",
        "event_time": 1_790_000_000_000,
        "kind": "comment",
        "comment": "poison",
    }
    return seal("feedback", fields, StageSettings(), 1_790_000_000_000).framed(ids)


def _partitions(producer: Producer, topic: str) -> int:
    return len(producer.list_topics(topic, timeout=30).topics[topic].partitions)
