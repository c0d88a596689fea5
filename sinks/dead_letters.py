"""Writes the dead letters of a sink, durably, before its offsets move on.

A batch that is written again sends its dead letters again: they carry the same ids.
"""

from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.errors import BrokerDown
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import DEAD_LETTERS, PARTITIONER
from sinks.decode import Refusal
from sinks.intents import Source

FLUSH_S: Final = 5.0  # short enough to keep polling in between


class DeadLetters:
    """The dead-letters topic, for one sink."""

    def __init__(self, stage: str, settings: Settings, registry: Registry) -> None:
        self._stage = stage
        self._registry = registry
        self._topic = DEAD_LETTERS.full(settings.kafka.topic_prefix)
        config = {"enable.idempotence": True, "partitioner": PARTITIONER, "linger.ms": 5}
        self._producer = Producer({**kafka_config(settings.kafka), **config})

    def write(self, source: Source, refusals: list[Refusal]) -> None:
        """Return when the broker holds a dead letter of each. Raises BrokerDown, RegistryDown."""
        if not refusals:
            return
        number = self._registry.id_of(DEAD_LETTERS)
        failed: list[str] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error.str())

        for refusal in refusals:
            record = self._record(source, refusal)
            body, key = dead_letter_body(record, number), record["dead_letter_id"]
            self._producer.produce(self._topic, body, key, on_delivery=delivered)
        left = self._producer.flush(FLUSH_S)
        if left or failed:
            why = failed[0] if failed else f"no answer in {FLUSH_S:.0f} s"
            raise BrokerDown(f"{self._topic}: {left + len(failed)} dead letters not stored: {why}")

    def _record(self, source: Source, refusal: Refusal) -> dict[str, Any]:
        # The time of arrival, not the clock: the same batch again gives the same dead letter.
        place = (source.topic, source.partition, refusal.offset)
        return dead_letter(self._stage, place, refusal.error, refusal.arrived_ms, refusal.schema_id)
