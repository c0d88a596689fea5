"""Ask the stages to decide all that waits: one control record into every raw partition."""

import uuid
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from deploy.offsets import Offsets
from schemas.errors import BrokerDown, ConfigError
from schemas.settings import Settings, kafka_config
from schemas.topics import CONTROL_HEADER, FLUSH, RAW

TIMEOUT_S: Final = 30.0


def send_flush(settings: Settings) -> int:
    """Write the control record into every partition of the raw topics; return how many.

    Returns once the broker has all of them. Raises ConfigError if there are no topics, BrokerDown.
    """
    partitions = list(Offsets(settings).extents(RAW))
    if not partitions:
        raise ConfigError("there are no topics yet: run `feedloop topics apply`")
    errors: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            errors.append(error)

    producer = Producer(
        {**kafka_config(settings.kafka), "enable.idempotence": True, "log_level": 0}
    )
    name = uuid.uuid4().hex.encode()  # tells the records of one flush from those of another
    for topic, number in partitions:
        headers: dict[str, str | bytes | None] = {CONTROL_HEADER: FLUSH}
        producer.produce(topic, key=name, partition=number, headers=headers, on_delivery=delivered)
    left = producer.flush(TIMEOUT_S)
    if left or errors:
        why = errors[0].str() if errors else f"no answer within {TIMEOUT_S:.0f} s"
        raise BrokerDown(f"{left + len(errors)} of {len(partitions)} flush records not sent: {why}")
    return len(partitions)
