"""Watches that the topics of a stage stay what they were: same ids, same partition counts.

A stage that reads a topic made anew at its old offsets, or goes on after sessions moved to other
partitions, would lose records without a word.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from confluent_kafka.admin import AdminClient

from schemas.errors import BrokerDown, ConfigError, CorruptStateError, MissingDataError
from schemas.health import Health
from schemas.settings import Settings, kafka_config
from schemas.topics import TOPICS, Topic
from stream_jobs.runtime.checkpoint import next_step
from stream_jobs.runtime.partition import Stage
from stream_jobs.runtime.restore import check_partitions, last_checkpoint, topic_ids

EVERY_S: Final = 5.0
KAFKA: Final = "kafka"  # what `health` waits for

log = logging.getLogger(__name__)


class TopicWatch:
    """The topics of one stage, as they were when first looked at."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self._stage = stage
        self._settings = settings
        self._client = AdminClient({**kafka_config(settings.kafka), "log_level": 0})
        self._first: dict[str, tuple[str, int]] = {}

    @property
    def ids(self) -> dict[str, str]:
        """Kafka's id of each input, by name without prefix."""
        return {topic.name: self._first[topic.name][0] for topic in self._stage.inputs}

    @property
    def partitions(self) -> int:
        """How many partitions each input has."""
        return self._first[self._stage.inputs[0].name][1]

    def check(self) -> None:
        """Look at the topics; blocks.

        Raises ConfigError if one is missing or their counts differ, MissingDataError if they are
        not what they were, BrokerDown.
        """
        found = topic_ids(self._settings.kafka, self._together(), EVERY_S, self._client)
        own = {t.name: found[t.name] for t in (*self._stage.inputs, self._stage.checkpoints)}
        if not self._first:
            self._check_counts(found)
            self._check_before(own[self._stage.inputs[0].name][1])
            self._first = own
        elif own != self._first:
            raise MissingDataError(self._changed(own))

    def _together(self) -> list[Topic]:
        """Return all topics that must have as many partitions as the inputs."""
        key = self._stage.inputs[0].co_partitioned
        return [topic for topic in TOPICS if topic.co_partitioned == key]

    def _check_counts(self, found: dict[str, tuple[str, int]]) -> None:
        counts = {topic: count for topic, (_, count) in found.items()}
        if len(set(counts.values())) > 1:
            raise ConfigError(
                f"stage {self._stage.name}: topics must have the same partition count, got "
                + ", ".join(f"{t}: {n}" for t, n in counts.items())
                + ". No offset was moved. Give the smaller ones as many (kafka-topics.sh --alter "
                "--partitions), or make all anew: see How many partitions in docs/operations.md"
            )

    def _check_before(self, count: int) -> None:
        """Hold the count against the first partition's checkpoint: a new partition has none."""
        name = self._stage.name
        topic = self._stage.checkpoints.full(self._settings.kafka.topic_prefix)
        try:
            checkpoint = last_checkpoint(self._settings.kafka, topic, 0, name)
        except CorruptStateError:  # its owner will say so
            return
        check_partitions(checkpoint, count, f"stage {name}")

    def _changed(self, found: dict[str, tuple[str, int]]) -> str:
        lines = [
            f"{topic} was deleted and made anew"
            if found[topic][0] != number
            else f"{topic} has {found[topic][1]} partitions, it had {count}"
            for topic, (number, count) in self._first.items()
            if found[topic] != (number, count)
        ]
        return f"stage {self._stage.name}: {'; '.join(lines)} while the stage ran. " + next_step(
            self._stage.name
        )

    async def run(self, health: Health, failed: Callable[[BaseException], None]) -> None:
        """Look again and again; tell `health` while Kafka doesn't answer, `failed` what is wrong.

        A topic that seems to be missing must be missing twice: a broker that starts knows nothing.
        """
        missing, away = 0, False
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await asyncio.to_thread(self.check)
            except BrokerDown as error:
                if not away:
                    log.warning("stage %s waits: %s", self._stage.name, error)
                away = True
                health.waits(KAFKA, str(error))
            except ConfigError as error:
                missing += 1
                if missing > 1:
                    failed(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                failed(error)
            else:
                missing, away = 0, False
                health.goes_on(KAFKA)
