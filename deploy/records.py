"""Reads the records of one topic in order, from its beginning or from now, as decoded dicts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, TopicPartition

from schemas.codec import PREFIX_BYTES, decode, schema_id
from schemas.errors import BrokerDown, ConfigError
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import CONTROL_HEADER, Topic

Record = dict[str, Any]

_POLL_S: Final = 0.2
_ANSWER_S: Final = 10.0


def read(
    settings: Settings,
    topic: Topic,
    *,
    from_beginning: bool = True,
    follow: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Record]:
    """Yield the committed records of `topic`; with `follow` go on until `stop()`, else to the end.

    Joins no group and commits nothing: any number can look at once. Raises ConfigError if the
    topic doesn't exist, BrokerDown, RegistryDown, UndecodableRecord.
    """
    registry = Registry(settings.registry, settings.kafka.topic_prefix)
    consumer = Consumer(_config(settings))
    try:
        open_ends = _assign(consumer, settings, topic, from_beginning)
        while (open_ends or follow) and not stop():
            message = consumer.poll(_POLL_S)
            if message is None:
                continue
            error = message.error()
            if error is None:
                record = _decoded(registry, message.value(), dict(message.headers() or ()))
                if record is not None:
                    yield record
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's public name
                open_ends.discard(message.partition())
            elif error.fatal() or not error.retriable():
                raise BrokerDown(f"Kafka at {settings.kafka.bootstrap}: {error.str()}")
    finally:
        consumer.close()


def _config(settings: Settings) -> dict[str, Any]:
    return {
        **kafka_config(settings.kafka),
        "group.id": f"{settings.kafka.topic_prefix}look",  # required, never joined
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "log_level": 0,
    }


def _assign(consumer: Consumer, settings: Settings, topic: Topic, begin: bool) -> set[int]:
    name = topic.full(settings.kafka.topic_prefix)
    try:
        known = consumer.list_topics(name, timeout=_ANSWER_S).topics[name]
    except Exception as error:
        raise BrokerDown(f"Kafka at {settings.kafka.bootstrap} doesn't answer: {error}") from error
    if known.error is not None:
        raise ConfigError(f"no topic {name}: run `feedloop topics apply`")
    where = OFFSET_BEGINNING if begin else OFFSET_END
    consumer.assign([TopicPartition(name, number, where) for number in known.partitions])
    return set(known.partitions)


def _decoded(
    registry: Registry, body: bytes | None, headers: Mapping[str, object]
) -> Record | None:
    if CONTROL_HEADER in headers:
        return None
    number = schema_id(body)
    assert body is not None
    return decode(registry.schema(number).parsed, body[PREFIX_BYTES:])
