"""Reads one partition of a topic from its beginning to its present end."""

from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from schemas.catalog import parsed
from schemas.codec import PREFIX_BYTES, decode, resolve, schema_id
from schemas.errors import BrokerDown, UndecodableRecord
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import Topic

ANSWER_S: Final = 30.0


def history(
    settings: Settings, registry: Registry, topic: Topic, partition: int
) -> Iterator[dict[str, Any]]:
    """Yield the committed records of `topic` that can be decoded, oldest first.

    Joins no group. Raises BrokerDown, RegistryDown.
    """
    consumer = Consumer(
        {
            **kafka_config(settings.kafka),
            "group.id": f"{settings.kafka.topic_prefix}look",  # required, never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        name = topic.full(settings.kafka.topic_prefix)
        consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING)])
        while True:
            message = consumer.poll(ANSWER_S)
            if message is None:
                raise BrokerDown(f"reading {name}[{partition}] timed out")
            error = message.error()
            if error is None:
                try:
                    yield decoded(registry, topic, message.value())
                except UndecodableRecord:
                    continue  # whoever reads it for its own sake sets it aside
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                return
            elif error.fatal() or not error.retriable():
                raise BrokerDown(f"reading {name}[{partition}]: {error.str()}")
    finally:
        consumer.close()


def decoded(registry: Registry, topic: Topic, body: bytes | None) -> dict[str, Any]:
    """Return the record in `body` as our version of the topic's schema has it.

    Raises UndecodableRecord, RegistryDown.
    """
    number = schema_id(body)
    assert body is not None
    assert topic.schema is not None
    writer = registry.schema(number)
    if writer.name != topic.schema:
        raise UndecodableRecord(
            "wrong_schema", f"schema {number} is a {writer.name or 'nameless'} in {topic.name}"
        )
    payload = body[PREFIX_BYTES:]
    if writer.current:
        return decode(writer.parsed, payload)
    return resolve(writer.parsed, parsed(topic.schema), payload)
