"""The partitions that the group gives a sink's process, and where each of them begins.

librdkafka says what comes and goes in callbacks, from within a poll. A failure in one is raised
after it, and what can't be taken now, because who says where to start is away, is held paused.

An offset told on assigning can be lost if a pause or a resume follows at once, and the end of a
partition may be told that an assignment before had reached (librdkafka issue 2190). A sink would
take what lies before that end for read. So nothing of a partition counts until it was sought, after
it was assigned and after each pause: what comes after that comes from there.
"""

import logging
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.errors import FencedError, RetriableError
from schemas.health import Health
from schemas.settings import Settings, kafka_config
from sinks import Sink, offsets
from sinks.intents import Committed, Source
from sinks.partition import Partition
from sinks.repeats import refill
from sinks.tables import table_of

STORE: Final = "store"
"""What `health` waits for, whichever store or registry it is."""

log = logging.getLogger(__name__)


class Assignment:
    """What `consumer`, a member of the sink's group, owns: `partitions` by (topic, number)."""

    def __init__(self, sink: Sink, settings: Settings, health: Health, consumer: Consumer) -> None:
        self._sink, self._health, self._consumer = sink, health, consumer
        self._prefix = settings.kafka.topic_prefix
        self._admin = AdminClient(kafka_config(settings.kafka))
        self._known_topics: set[tuple[str, str]] = set()
        self._paused = False
        self._failure: Exception | None = None
        self._member = ""
        self.partitions: dict[tuple[str, int], Partition] = {}
        self.postponed: list[TopicPartition] = []  # ours, but who says where to start is away
        self._unsought: set[tuple[str, int]] = set()

    def subscribe(self, topics: list[str]) -> None:
        """Join the group."""
        self._consumer.subscribe(
            topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def has(self, partition: Partition) -> bool:
        """Whether `partition` is still ours; one that left and came back is another one."""
        source = partition.source
        return self.partitions.get((source.topic, source.partition)) is partition

    def reading(self, topic: str, number: int) -> Partition | None:
        """Return the partition that an event is of; None if it doesn't count."""
        if (topic, number) in self._unsought:
            return None
        return self.partitions.get((topic, number))

    def seek(self) -> None:
        """Seek what has to be sought, where its records begin; what can't be yet is next time."""
        if self._paused:
            return
        for topic, number in tuple(self._unsought):
            start = self.partitions[topic, number].read_to
            try:
                self._consumer.seek(TopicPartition(topic, number, start))
            except KafkaException as error:  # it isn't fetched yet: that takes a moment
                log.debug("%s[%d]: %s", topic, number, error)
            else:
                self._unsought.discard((topic, number))

    def raise_failure(self) -> None:
        """Raise what went wrong in a callback, if anything did."""
        if self._failure is not None:
            raise self._failure

    def check_membership(self) -> None:
        """Raise FencedError if the group has given this member up."""
        # A member that the group gave up commits as nobody, which an empty group would accept.
        if self._consumer.memberid() != self._member:
            raise FencedError(f"{self._sink.name}: the group has given this member up; start again")

    def take_postponed(self) -> None:
        """Take what was postponed. Raises RetriableError if that can't be yet."""
        starts = self._take_over(self.postponed)
        self._consumer.incremental_unassign(self.postponed)
        self._consumer.incremental_assign(starts)
        self._consumer.resume(starts)
        self.postponed = []
        self._health.update(state="running")

    def pause(self) -> None:
        """Read nothing until `resume`; polling goes on."""
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())
            self._unsought.update(self.partitions)
        self._health.goes_on(STORE)

    def _on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        try:
            self._member = consumer.memberid()
            consumer.incremental_assign(self._take_over(assigned))
            self._set_paused(consumer, assigned)
            self._health.update(state="running")
        except RetriableError as error:
            self._postpone(consumer, assigned, error)
        except Exception as error:  # noqa: BLE001 - librdkafka's thread would lose it
            self._failure = error

    def _set_paused(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        """Pause `assigned` if the others are; else resume them.

        librdkafka keeps in mind that a partition was paused when it left, however it left.
        """
        if self._paused:
            consumer.pause(assigned)
        else:
            consumer.resume(assigned)
            self._health.goes_on(STORE)  # what was postponed may have left before it was taken

    def _postpone(
        self, consumer: Consumer, assigned: list[TopicPartition], error: RetriableError
    ) -> None:
        """Hold `assigned` without reading: librdkafka must be told something before this ends."""
        self._health.waits(STORE, str(error))
        log.warning("%s: %s; trying again", self._sink.name, error)
        self.postponed += assigned
        consumer.incremental_assign(
            [TopicPartition(tp.topic, tp.partition, OFFSET_END) for tp in assigned]
        )
        consumer.pause(assigned)

    def _take_over(self, assigned: list[TopicPartition]) -> list[TopicPartition]:
        """Make the buffers of `assigned`; return where to start each."""
        if not assigned:
            return []
        ids = offsets.topic_ids(self._admin, {tp.topic for tp in assigned})
        sources = [Source(tp.topic, ids[tp.topic], tp.partition) for tp in assigned]
        for topic, topic_id in ids.items():
            self._check_topic(topic, topic_id)
        for source, found in offsets.committed(self._consumer, sources).items():
            place = (source.topic, source.partition)
            self.partitions[place] = self._start(source, found)
            self._unsought.add(place)
        return [
            TopicPartition(s.topic, s.partition, self.partitions[s.topic, s.partition].read_to)
            for s in sources
        ]

    def _check_topic(self, topic: str, topic_id: str) -> None:
        """Raise MissingDataError if the store was filled from another topic of this name."""
        if (topic, topic_id) in self._known_topics:
            return
        noted = self._sink.topic_ids(topic)
        if noted and topic_id not in noted:
            raise offsets.made_anew(topic, self._sink.name)
        if not noted:
            self._sink.note_topic(topic, topic_id)
        self._known_topics.add((topic, topic_id))

    def _start(self, source: Source, found: Committed | None) -> Partition:
        low, high = offsets.bounds(self._consumer, source)
        start = Committed(low) if found is None else found
        stored = self._sink.assigned(source, known=found is not None)
        next_offset = max(start.offset, stored)
        offsets.check_still_there(source, next_offset, low, high, self._sink.name)
        promised = start.end if start.end is not None and start.end >= next_offset else None
        plain = found is not None and found.end is None
        table = table_of(source.topic, self._prefix)
        return Partition(
            source,
            table,
            next_offset,
            promised=promised,
            committed=start.offset if plain else -1,
            reads_from=max(low, next_offset - refill(table)),
        )

    def _on_revoke(self, _: Consumer, revoked: list[TopicPartition]) -> None:
        gone = {(tp.topic, tp.partition) for tp in revoked}
        self.postponed = [tp for tp in self.postponed if (tp.topic, tp.partition) not in gone]
        self._unsought -= gone
        for tp in revoked:
            partition = self.partitions.pop((tp.topic, tp.partition), None)
            if partition is not None:
                self._sink.revoked(partition.source)
