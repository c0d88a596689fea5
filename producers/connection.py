"""How producers of ours reach Kafka: properties, schema ids, presence of topics."""

from typing import Any

from confluent_kafka import KafkaException, Producer

from schemas.errors import BrokerDown, ConfigError
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import PARTITIONER, RAW


def producer_config(settings: Settings) -> dict[str, Any]:
    """Return the properties of an idempotent producer that hashes keys as Java does.

    `message.timeout.ms` 0: what was accepted is tried until it is delivered or the process ends;
    a full queue, not a timeout, is what a long outage looks like.
    """
    return {
        **kafka_config(settings.kafka),
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": PARTITIONER,
        "compression.type": "lz4",
        "linger.ms": settings.producer.linger_ms,
        "queue.buffering.max.messages": settings.producer.max_queued,
        "queue.buffering.max.kbytes": max(1, settings.producer.max_queued_bytes // 1024),
        "message.timeout.ms": 0,
    }


def schema_ids(registry: Registry) -> dict[str, int]:
    """Return {raw topic name without prefix: schema id}. Raises RegistryDown, ConfigError."""
    return {topic.name: registry.id_of(topic) for topic in RAW}


def check_topics(producer: Producer, settings: Settings, timeout_s: float) -> None:
    """Return if the broker answers and has every raw topic.

    Raises BrokerDown if it doesn't answer, ConfigError if a topic isn't there.
    """
    for topic in RAW:
        name = topic.full(settings.kafka.topic_prefix)
        try:
            found = producer.list_topics(name, timeout=timeout_s).topics[name]
        except KafkaException as error:
            raise BrokerDown(
                f"Kafka at {settings.kafka.bootstrap} doesn't answer: {error.args[0].str()}"
            ) from None
        if found.error is not None:
            raise ConfigError(
                f"Kafka at {settings.kafka.bootstrap}: topic {name}: {found.error.str()}; "
                "create the topics: feedloop topics apply"
            )
