"""Where a partition number starts: its last checkpoint, held against what Kafka still has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.errors import BrokerDown, ConfigError, CorruptStateError, MissingDataError
from schemas.settings import KafkaSettings, kafka_config
from schemas.topics import Topic, group
from stream_jobs.runtime.checkpoint import Checkpoint, next_step, unpack

TIMEOUT_S: Final = 30.0
TAIL: Final = (16, 256, 4096)  # how far back the last checkpoint is looked for, in offsets


def last_checkpoint(
    kafka: KafkaSettings, topic: str, partition: int, stage: str
) -> Checkpoint | None:
    """Return the last committed checkpoint in `topic` (full name), None if there is none.

    Raises CorruptStateError, BrokerDown.
    """
    consumer = Consumer(
        kafka_config(kafka)
        | {
            "group.id": f"{topic}-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
        }
    )
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), TIMEOUT_S)
        for back in (*TAIL, high - low):
            start = max(low, high - back)
            data = _last_value(consumer, TopicPartition(topic, partition, start))
            if data is not None:
                return unpack(data, f"{topic}, partition {partition}", stage)
            if start == low:
                break
    except KafkaException as error:
        raise BrokerDown(f"can't read {topic}, partition {partition}: {error}") from error
    finally:
        consumer.close()
    return None


def _last_value(consumer: Consumer, start: TopicPartition) -> bytes | None:
    consumer.assign([start])
    last: bytes | None = None
    while True:
        message = consumer.poll(TIMEOUT_S)
        if message is None:
            raise BrokerDown(f"reading {start.topic}, partition {start.partition}, timed out")
        error = message.error()
        if error is None:
            last = message.value() or b""
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            return last
        else:
            raise KafkaException(error)


def committed_offsets(
    kafka: KafkaSettings, stage: str, topics: Sequence[str], partition: int
) -> dict[str, tuple[int, str]]:
    """Return {topic: (offset, note)} as the group of `stage` has committed. Raises BrokerDown."""
    consumer = Consumer(kafka_config(kafka) | {"group.id": group(stage, kafka.topic_prefix)})
    asked = [TopicPartition(kafka.topic_prefix + topic, partition) for topic in topics]
    try:
        answers = consumer.committed(asked, timeout=TIMEOUT_S)
    except KafkaException as error:
        raise BrokerDown(f"can't read what {stage} has committed: {error}") from error
    finally:
        consumer.close()
    for answer in answers:
        if answer.error:
            raise BrokerDown(f"can't read what {stage} has committed: {answer.error}")
    prefix = len(kafka.topic_prefix)
    return {a.topic[prefix:]: (a.offset, a.metadata or "") for a in answers if a.offset >= 0}


def check_not_lost(checkpoint: Checkpoint | None, committed: Iterable[str], stage: str) -> None:
    """Raise CorruptStateError if there is no checkpoint though offsets were `committed`."""
    if checkpoint is None and (topics := sorted(committed)):
        raise CorruptStateError(
            f"stage {stage}: offsets of {', '.join(topics)} are committed, but the checkpoint that "
            f"belongs to them is gone. {next_step(stage)}"
        )


def check_partitions(checkpoint: Checkpoint | None, count: int, where: str) -> None:
    """Raise MissingDataError unless `count` is the partition count of the checkpoint; pure."""
    if checkpoint is not None and checkpoint.partitions not in (0, count):
        raise MissingDataError(
            f"{where}: its topics have {count} partitions, at the last checkpoint they had "
            f"{checkpoint.partitions}: records of one key lie in two partitions now. "
            + next_step(checkpoint.stage)
        )


def topic_ids(
    kafka: KafkaSettings,
    topics: Sequence[Topic],
    timeout_s: float = TIMEOUT_S,
    client: AdminClient | None = None,
) -> dict[str, tuple[str, int]]:
    """Return {topic name without prefix: (Kafka's topic id, partition count)}.

    Raises ConfigError if a topic is missing, BrokerDown.
    """
    names = {topic.full(kafka.topic_prefix): topic.name for topic in topics}
    admin = client or AdminClient(kafka_config(kafka))
    found: dict[str, tuple[str, int]] = {}
    asked = TopicCollection(list(names))
    for full, future in admin.describe_topics(asked, request_timeout=timeout_s).items():
        try:
            described = future.result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise ConfigError(
                    f"topic {full} does not exist. Make it: feedloop topics apply"
                ) from None
            raise BrokerDown(
                f"Kafka at {kafka.bootstrap} doesn't answer (topic {full}: {error.args[0].str()})"
            ) from error
        found[names[full]] = (str(described.topic_id), len(described.partitions))
    return found


def start_offsets(
    checkpoint: Checkpoint | None,
    ids: Mapping[str, str],
    available: Mapping[str, tuple[int, int]],
    where: str,
) -> dict[str, int]:
    """Return, per topic, the offset to read from; pure.

    `ids` {topic: Kafka's id}, `available` {topic: (first offset, end offset)}. Without a
    checkpoint: the first offset. Raises MissingDataError if the checkpoint points at records that
    are gone or at a topic that was made anew.
    """
    starts: dict[str, int] = {}
    for topic, (first, end) in available.items():
        if checkpoint is None or topic not in checkpoint.next:
            starts[topic] = first
            continue
        if checkpoint.topic_ids.get(topic) != ids[topic]:
            raise MissingDataError(
                f"{where}: topic {topic} was deleted and made anew since the last checkpoint. "
                + next_step(checkpoint.stage)
            )
        if not first <= checkpoint.next[topic] <= end:
            raise MissingDataError(
                f"{where}: the next record of {topic} is offset {checkpoint.next[topic]}, but "
                f"Kafka has {first} to {end}: retention removed records before they were read. "
                + next_step(checkpoint.stage)
            )
        # Records that only refill buffers may be gone: what they held is older than any wait.
        starts[topic] = max(first, min(checkpoint.rewind.get(topic, end), checkpoint.next[topic]))
    return starts


def available_offsets(
    kafka: KafkaSettings, topics: Sequence[str], partition: int
) -> dict[str, tuple[int, int]]:
    """Return {topic: (first offset, end offset)} of `partition`. Raises BrokerDown."""
    consumer = Consumer(kafka_config(kafka) | {"group.id": "feedloop-watermarks"})
    try:
        return {
            topic: consumer.get_watermark_offsets(
                TopicPartition(kafka.topic_prefix + topic, partition), TIMEOUT_S
            )
            for topic in topics
        }
    except KafkaException as error:
        raise BrokerDown(f"can't read the offsets of partition {partition}: {error}") from error
    finally:
        consumer.close()
