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
from confluent_kafka import Consumer, KafkaError, Message

from schemas.errors import BrokerDown, RetriableError
from schemas.health import Health
from schemas.killpoint import reach
from schemas.pace import Pace
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import WORKERS
from sinks import Batch, Sink, offsets
from sinks.assignment import STORE, Assignment
from sinks.consumer import consumer_config, is_control
from sinks.dead_letters import DeadLetters
from sinks.decode import Raw, Refusal, decode_rows
from sinks.intents import Committed, Source
from sinks.partition import Cut, Limits, Partition
from sinks.repeats import refill

POLL_RECORDS: Final = 5_000
POLL_S: Final = 0.05  # the most that polling adds to the time until a row can be queried
HEALTH_EVERY_S: Final = 1.0
KAFKA_EVERY_S: Final = 3.0  # between questions whether a broker answers
ROUNDS_SHARE: Final = 3  # of the time at most a third goes to writing, unless a batch is full
KAFKA: Final = "kafka"  # what `health` waits for; a store, the registry: STORE

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
        self._consumer = Consumer(consumer_config(settings, sink.name))
        self._owned = Assignment(sink, settings, health, self._consumer)
        self._health_at = self._asked_at = 0.0
        self.stored = False  # whether a batch got through

    def run(self) -> None:
        """Read and write until `stop`. Raises FatalError, FencedError; leaves the group tidily."""
        try:
            self._keep_trying(self._sink.open)
            self._owned.subscribe(self._topics)
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
        if self._owned.postponed:
            self._keep_trying(self._owned.take_postponed, lambda: bool(self._owned.postponed))
        now_s = time.monotonic()
        due = [p for p in self._owned.partitions.values() if p.due(self._limits, now_s)]
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
        waiting = [p for p in self._owned.partitions.values() if p.waiting and p.promised is None]
        return waiting if sum(p.size for p in waiting) > self._limits.bytes else []

    def _commit(self, cuts: list[tuple[Partition, Cut]]) -> bool:
        """Commit the intents of `cuts` and what is finished; return whether the cuts may go on."""
        wanted = {
            partition.source: Committed(cut.start, cut.end)
            for partition, cut in cuts
            if partition.promised is None
        }
        idle = [p for p in self._owned.partitions.values() if p.source not in wanted]
        finished = {p.source: p.finished for p in idle}
        done = {source: Committed(o) for source, o in finished.items() if o is not None}
        if wanted or done:
            self._owned.check_membership()
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

    def _note_commit(
        self, cuts: list[tuple[Partition, Cut]], done: dict[Source, Committed]
    ) -> None:
        for partition, cut in cuts:
            partition.promised = cut.end
        for source, commit in done.items():
            self._owned.partitions[source.topic, source.partition].passed(commit.offset)
        reach("sink.after_intent")

    def _deliver(self, partition: Partition, cut: Cut) -> None:
        """Write one promised batch; leave it to the next owner if it is taken from us meanwhile."""
        source, table = partition.source, partition.table

        def still_ours() -> bool:
            return self._owned.has(partition)

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
                self._owned.resume()
                return result
        self._owned.resume()
        return None

    def _wait(self, seconds: float) -> None:
        self._owned.pause()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._stop.is_set():
                raise Stopped
            if self._owned.partitions:
                self._poll(POLL_S)
            else:
                self._stop.wait(POLL_S)
            self._tell_health(time.monotonic())

    def _poll(self, timeout_s: float) -> None:
        self._owned.seek()
        messages = self._consumer.consume(POLL_RECORDS, timeout_s)
        self._owned.raise_failure()
        now_s = time.monotonic()
        for message in messages:
            error = message.error()
            if error is not None:
                self._on_error(message, error)
                continue
            partition = self._owned.reading(message.topic() or "", message.partition() or 0)
            if partition is not None:
                body, offset = message.value(), cast("int", message.offset())
                raw = (offset, max(0, message.timestamp()[1]), body)
                partition.add(raw, control=body is None and is_control(message), now_s=now_s)

    def _on_error(self, message: Message, error: KafkaError) -> None:
        topic, number = message.topic() or "", message.partition() or 0
        offset = message.offset() or 0
        partition = self._owned.reading(topic, number)
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            if partition is not None:
                partition.reached_end(offset)
        elif error.code() in offsets.GONE:
            if partition is not None:  # else it is told again when it was sought
                self._on_gone(partition)
        else:
            ours = offsets.as_ours(f"{topic}[{number}]" if topic else "Kafka", error)
            if not isinstance(ours, BrokerDown):
                raise ours
            self._health.waits(KAFKA, str(ours))  # librdkafka goes on trying by itself

    def _on_gone(self, partition: Partition) -> None:
        source = partition.source
        if partition.read_to < partition.next:
            # Retention was faster than the reading again of what is stored: nothing is missing.
            raise BrokerDown(f"{source} begins later by now; start again")
        raise offsets.missing(
            source.topic, source.partition, partition.next, "other ones", self._sink.name
        )

    def _tell_health(self, now_s: float) -> None:
        if now_s - self._health_at >= HEALTH_EVERY_S:
            self._health_at = now_s
            positions = {p.source: p.next for p in self._owned.partitions.values()}
            behind = offsets.lag(self._consumer, positions)
            self._health.update(lag=behind, partitions=len(positions))
        if now_s - self._asked_at >= KAFKA_EVERY_S:  # librdkafka itself says nothing of it here
            if offsets.answers(self._consumer):
                self._health.goes_on(KAFKA)
            else:
                where = self._settings.kafka.bootstrap
                self._health.waits(KAFKA, f"Kafka at {where} doesn't answer")
            self._asked_at = time.monotonic()
