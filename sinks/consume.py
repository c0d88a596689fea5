"""The one consumer loop of every sink: poll, batch, promise, decode, write, commit.

Delivery: exactly once, given a sink that keeps its promises (sinks.Sink). The intent is committed
before the write, under the group's generation, so a process that was taken for dead stops there;
dead letters are durable before offsets move; nothing else is ever left out but control records.
While a store, the registry or the broker is away the loop keeps its place in the group: partitions
are paused and polling goes on.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

import pyarrow as pa
from confluent_kafka import OFFSET_END, Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.errors import BrokerDown, FencedError, RetriableError
from schemas.health import Health
from schemas.killpoint import reach
from schemas.pace import Pace
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import WORKERS
from sinks import Batch, Sink, offsets
from sinks.consumer import consumer_config, is_control
from sinks.dead_letters import DeadLetters
from sinks.decode import Raw, Refusal, decode_rows
from sinks.intents import Committed, Source
from sinks.partition import Cut, Limits, Partition
from sinks.repeats import refill
from sinks.tables import table_of

POLL_RECORDS: Final = 5_000
POLL_S: Final = 0.05  # the most that polling adds to the time until a row can be queried
HEALTH_EVERY_S: Final = 1.0
KAFKA_EVERY_S: Final = 3.0  # between questions whether a broker answers
ROUNDS_SHARE: Final = 3  # of the time at most a third goes to writing, unless a batch is full
KAFKA: Final = "kafka"  # what `health` waits for; a store, the registry: STORE
STORE: Final = "store"

log = logging.getLogger(__name__)


class Stopped(Exception):
    """Someone asked to stop while we were waiting for a store."""


class Consumption:
    """Feeds one sink until `stop` is set. One use: `run` once."""

    def __init__(
        self, sink: Sink, limits: Limits, settings: Settings, health: Health, stop: threading.Event
    ) -> None:
        self._sink, self._limits, self._settings = sink, limits, settings
        self._pace = Pace(limits.linger_s, ROUNDS_SHARE)
        self._health, self._stop = health, stop
        prefix = settings.kafka.topic_prefix
        self._topics = [topic.full(prefix) for topic in WORKERS[sink.name]]
        self._registry = Registry(settings.registry, prefix)
        self._letters = DeadLetters(sink.name, settings, self._registry)
        self._admin = AdminClient(kafka_config(settings.kafka))
        self._consumer = Consumer(consumer_config(settings, sink.name))
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._known_topics: set[tuple[str, str]] = set()
        self._postponed: list[TopicPartition] = []  # assigned, but who says where to start is away
        self._paused = False
        self._failure: Exception | None = None
        self._member = ""
        self._health_at = self._asked_at = 0.0
        self.stored = False  # whether a batch got through

    def run(self) -> None:
        """Read and write until `stop`. Raises FatalError, FencedError; leaves the group tidily."""
        try:
            self._keep_trying(self._sink.open)
            self._consumer.subscribe(
                self._topics,
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_revoke,
            )
            while not self._stop.is_set():
                self._step()
            self._commit_last()
        except Stopped:
            pass
        finally:
            self._health.update(state="stopping")
            self._consumer.close()
            self._sink.close()

    def _step(self) -> None:
        self._poll(POLL_S)
        if self._postponed:
            self._keep_trying(self._take_postponed, lambda: bool(self._postponed))
        now_s = time.monotonic()
        due = [p for p in self._partitions.values() if p.due(self._limits, now_s)]
        due = due or self._too_much()
        cuts = [(partition, partition.cut(self._limits)) for partition in due]
        if self._commit(cuts):
            for partition, cut in cuts:
                self._deliver(partition, cut)
        if cuts:
            self._pace.took(time.monotonic() - now_s)
            self._limits = replace(self._limits, linger_s=self._pace.interval_s)
        self._tell_health(now_s)

    def _too_much(self) -> list[Partition]:
        """Return all partitions with records if together they hold more than is good."""
        waiting = [p for p in self._partitions.values() if p.waiting and p.promised is None]
        return waiting if sum(p.size for p in waiting) > self._limits.bytes else []

    def _commit(self, cuts: list[tuple[Partition, Cut]]) -> bool:
        """Commit the intents of `cuts` and what is finished; return whether the cuts may go on."""
        wanted = {
            partition.source: Committed(cut.start, cut.end)
            for partition, cut in cuts
            if partition.promised is None
        }
        idle = [p for p in self._partitions.values() if p.source not in wanted]
        finished = {p.source: p.finished for p in idle}
        done = {source: Committed(o) for source, o in finished.items() if o is not None}
        if wanted or done:
            self._check_membership()
            reach("sink.before_intent")
            try:
                self._commit_offsets({**wanted, **done})
            except BrokerDown as error:  # not now (a rebalance, an election): after the next poll
                self._health.waits(KAFKA, str(error))
                return False
            self._health.goes_on(KAFKA)
            self._note_commit(cuts, done)
        self._health.committed()
        return True

    def _commit_last(self) -> None:
        """Commit what is finished, if a broker is there: the next owner repeats nothing of it."""
        if offsets.answers(self._consumer):
            self._commit([])

    def _commit_offsets(self, wanted: dict[Source, Committed]) -> None:
        """Return when the broker has `wanted`, however long that takes; say so meanwhile.

        No polling meanwhile: what is on its way must not go out under a generation that came after.
        """
        failures: list[Exception] = []
        done = threading.Event()

        def commit() -> None:
            try:
                offsets.commit(self._consumer, wanted)
            except Exception as error:  # noqa: BLE001 - it is raised below, in the thread that asked
                failures.append(error)
            finally:
                done.set()

        threading.Thread(target=commit, name="commit", daemon=True).start()
        while not done.wait(KAFKA_EVERY_S):
            where = self._settings.kafka.bootstrap
            self._health.waits(KAFKA, f"Kafka at {where} doesn't answer a commit")
        if failures:
            raise failures[0]

    def _check_membership(self) -> None:
        # A member that the group gave up commits as nobody, which an empty group would accept.
        if self._consumer.memberid() != self._member:
            raise FencedError(f"{self._sink.name}: the group has given this member up; start again")

    def _note_commit(
        self, cuts: list[tuple[Partition, Cut]], done: dict[Source, Committed]
    ) -> None:
        for partition, cut in cuts:
            partition.promised = cut.end
        for source, commit in done.items():
            self._partitions[source.topic, source.partition].passed(commit.offset)
        reach("sink.after_intent")

    def _deliver(self, partition: Partition, cut: Cut) -> None:
        """Write one promised batch; leave it to the next owner if it is taken from us meanwhile."""
        source, table = partition.source, partition.table

        def still_ours() -> bool:
            return self._partitions.get((source.topic, source.partition)) is partition

        if not still_ours():
            return
        rows, refusals = self._decode(partition, cut.raws)
        if refill(table):
            before, _ = self._decode(partition, partition.take_before())
            partition.repeats.without(before)
            rows = partition.repeats.without(rows)
        if still_ours():
            self._keep_trying(lambda: self._letters.write(source, refusals), still_ours)
        reach("sink.before_write")
        if rows.num_rows and still_ours():
            batch = Batch(table, source, cut.start, cut.end, rows)
            self._keep_trying(lambda: self._sink.write(batch), still_ours)
        reach("sink.after_write")
        if still_ours():
            partition.written(cut.end, time.monotonic())
            self.stored = True

    def _decode(self, partition: Partition, raws: list[Raw]) -> tuple[pa.Table, list[Refusal]]:
        """Return the rows and refusals of `raws`; waits for the registry. Raises Stopped."""
        table, number = partition.table, partition.source.partition
        decoded: tuple[pa.Table, list[Refusal]] = self._keep_trying(
            lambda: decode_rows(table, number, raws, self._registry.schema)
        )
        return decoded

    def _keep_trying(
        self, action: Callable[[], Any], wanted: Callable[[], bool] = lambda: True
    ) -> Any:
        """Return what `action` returns, however long it takes, or None once it isn't `wanted`.

        Between two attempts the partitions are paused and polled. Raises Stopped.
        """
        while wanted():
            try:
                result = action()
            except RetriableError as error:
                self._health.waits(STORE, str(error))
                log.warning("%s: %s; trying again", self._sink.name, error)
                self._wait(error.retry_after_s)
            else:
                self._resume()
                return result
        self._resume()
        return None

    def _take_postponed(self) -> None:
        starts = self._take_over(self._postponed)
        self._consumer.incremental_unassign(self._postponed)
        self._consumer.incremental_assign(starts)
        self._consumer.resume(starts)
        self._postponed = []
        self._health.update(state="running")

    def _wait(self, seconds: float) -> None:
        self._pause()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._stop.is_set():
                raise Stopped
            if self._partitions:
                self._poll(POLL_S)
            else:
                self._stop.wait(POLL_S)
            self._tell_health(time.monotonic())

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())
        self._health.goes_on(STORE)

    def _poll(self, timeout_s: float) -> None:
        messages = self._consumer.consume(POLL_RECORDS, timeout_s)
        if self._failure is not None:
            raise self._failure
        now_s = time.monotonic()
        for message in messages:
            error = message.error()
            if error is not None:
                self._on_error(message, error)
                continue
            place: Any = (message.topic(), message.partition())
            partition = self._partitions.get(place)
            if partition is not None:
                body, offset = message.value(), cast("int", message.offset())
                raw = (offset, max(0, message.timestamp()[1]), body)
                partition.add(raw, control=body is None and is_control(message), now_s=now_s)

    def _on_error(self, message: Message, error: KafkaError) -> None:
        topic, number = message.topic() or "", message.partition() or 0
        offset = message.offset() or 0
        partition = self._partitions.get((topic, number))
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            if partition is not None:
                partition.reached_end(offset)
        elif error.code() in offsets.GONE and partition and partition.read_to < partition.next:
            # Retention was faster than the reading again of what is stored: nothing is missing.
            raise BrokerDown(f"{topic}[{number}] begins later by now; start again")
        elif error.code() in offsets.GONE:
            next_offset = partition.next if partition else offset
            raise offsets.missing(topic, number, next_offset, "other ones", self._sink.name)
        else:
            ours = offsets.as_ours(f"{topic}[{number}]" if topic else "Kafka", error)
            if not isinstance(ours, BrokerDown):
                raise ours
            self._health.waits(KAFKA, str(ours))  # librdkafka goes on trying by itself

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
        self._postponed += assigned
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
            self._partitions[source.topic, source.partition] = self._start(source, found)
        return [
            TopicPartition(s.topic, s.partition, self._partitions[s.topic, s.partition].read_to)
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
        table = table_of(source.topic, self._settings.kafka.topic_prefix)
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
        self._postponed = [tp for tp in self._postponed if (tp.topic, tp.partition) not in gone]
        for tp in revoked:
            partition = self._partitions.pop((tp.topic, tp.partition), None)
            if partition is not None:
                self._sink.revoked(partition.source)

    def _tell_health(self, now_s: float) -> None:
        if now_s - self._health_at >= HEALTH_EVERY_S:
            self._health_at = now_s
            positions = {p.source: p.next for p in self._partitions.values()}
            behind = offsets.lag(self._consumer, positions)
            self._health.update(lag=behind, partitions=len(positions))
        if now_s - self._asked_at >= KAFKA_EVERY_S:  # librdkafka itself says nothing of it here
            if offsets.answers(self._consumer):
                self._health.goes_on(KAFKA)
            else:
                where = self._settings.kafka.bootstrap
                self._health.waits(KAFKA, f"Kafka at {where} doesn't answer")
            self._asked_at = time.monotonic()
