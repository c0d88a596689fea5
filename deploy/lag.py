"""How far each stage and sink is behind, and how many records were set aside."""

from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from deploy.drain import behind_by
from deploy.offsets import Extent, Offsets, Partition
from schemas.errors import BrokerDown
from schemas.settings import Settings, kafka_config
from schemas.topics import DEAD_LETTERS, INPUTS, WORKERS

_BATCH: Final = 10_000
_SILENCE_S: Final = 10.0


def lags(settings: Settings, workers: Iterable[str] = tuple(INPUTS)) -> dict[str, int]:
    """Return {worker: offsets not yet committed}; without a commit all there is counts.

    Raises BrokerDown.
    """
    offsets = Offsets(settings)
    return {
        worker: sum(behind_by(offsets.extents(WORKERS[worker]), offsets.committed(worker)).values())
        for worker in workers
    }


def dead_letters(settings: Settings) -> int:
    """Return how many records the dead-letters topic holds.

    They are counted one by one: offsets also count the ends of transactions. Raises BrokerDown.
    """
    extents = Offsets(settings).extents([DEAD_LETTERS])
    full = {partition: extent for partition, extent in extents.items() if extent.end > extent.start}
    return _count(settings, full) if full else 0


def _count(settings: Settings, extents: dict[Partition, Extent]) -> int:
    consumer = Consumer(
        {
            **kafka_config(settings.kafka),
            "group.id": "feedloop-status",  # never joined: partitions are assigned by hand
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # retention may pass the start meanwhile
            "log_level": 0,
        }
    )
    try:
        consumer.assign([TopicPartition(p.topic, p.number, e.start) for p, e in extents.items()])
        return _count_to_end(consumer, len(extents), settings)
    except KafkaException as error:
        raise BrokerDown(f"Kafka doesn't give the dead letters: {error}") from error
    finally:
        consumer.close()


def _count_to_end(consumer: Consumer, partitions: int, settings: Settings) -> int:
    records = ended = 0
    while ended < partitions:
        messages = consumer.consume(_BATCH, timeout=_SILENCE_S)
        if not messages:
            raise BrokerDown(f"Kafka at {settings.kafka.bootstrap} stopped giving dead letters")
        for message in messages:
            error = message.error()
            if error is None:
                records += 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                ended += 1
            else:
                raise KafkaException(error)
    return records
