"""The transactional producer of one partition number: fences, writes, commits or gives up."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from schemas.errors import BrokerDown, FencedError
from schemas.killpoint import reach
from schemas.settings import KafkaSettings, kafka_config
from schemas.topics import PARTITIONER, group
from stream_jobs.stage import Outbound

MAX_MESSAGE_BYTES: Final = 4_000_000
COMMIT_PATIENCE_S: Final = 60.0  # the broker itself ends a transaction after this long
FENCED: Final = frozenset(
    (
        KafkaError._FENCED,  # noqa: SLF001 - librdkafka's own codes begin with an underscore
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
    )
)


class Transactions:
    """Writes of partition number `partition` of `stage`, all or nothing.

    `transactional.id` is `<prefix><stage>-<partition>`: whoever calls `fence` last owns it.
    `member` belongs to the stage's group but never joins it: the broker takes the offsets because
    the transactional id, not the membership, says who owns the partition.
    """

    def __init__(self, kafka: KafkaSettings, stage: str, partition: int, member: Consumer) -> None:
        self._name = f"{group(stage, kafka.topic_prefix)}-{partition}"
        self._prefix = kafka.topic_prefix
        self._producer = Producer(
            kafka_config(kafka)
            | {
                "transactional.id": self._name,
                "transaction.timeout.ms": int(COMMIT_PATIENCE_S * 1000),
                "partitioner": PARTITIONER,
                "compression.type": "lz4",
                "linger.ms": 10,
                "batch.size": 1 << 20,
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "queue.buffering.max.messages": 1_000_000,
                "queue.buffering.max.kbytes": 256 << 10,
            }
        )
        self._member = member
        self.open = False

    def fence(self, timeout_s: float = 30.0) -> None:
        """Take ownership: fence the previous owner and end its open transaction."""
        self._patiently("init_transactions", lambda: self._producer.init_transactions(timeout_s))

    def begin(self) -> None:
        """Open a transaction unless one is open."""
        if not self.open:
            self._once("begin_transaction", self._producer.begin_transaction)
            self.open = True

    def write(self, records: Iterable[Outbound]) -> None:
        """Hand `records` to the open transaction; blocks while the queue is full."""
        self.begin()
        produce, prefix = self._producer.produce, self._prefix
        for topic, key, value, partition, headers in records:
            options: dict[str, Any] = {}
            if partition is not None:
                options["partition"] = partition
            if headers:
                options["headers"] = headers
            while True:
                try:
                    produce(prefix + topic, value, key, **options)
                    break
                except BufferError:
                    self._poll(0.05)
                except KafkaException as error:
                    raise self._sorted("produce", error) from error
        self._poll(0)
        reach("after-produce")

    def commit(self, offsets: Mapping[tuple[str, int], int], metadata: Mapping[str, str]) -> None:
        """Commit what was written together with `offsets` {(topic, partition): next offset}.

        `metadata` {topic: text} goes with the offsets. Raises FencedError if another owner took
        over, KafkaException or BrokerDown if the transaction could not be committed: then the
        state in memory is ahead of Kafka and must be thrown away.
        """
        positions = [
            TopicPartition(self._prefix + topic, partition, offset, metadata.get(topic, ""))
            for (topic, partition), offset in offsets.items()
        ]
        reach("before-offsets")
        member = self._member.consumer_group_metadata()
        self._patiently(
            "send_offsets_to_transaction",
            lambda: self._producer.send_offsets_to_transaction(positions, member, 10),
        )
        reach("after-offsets")
        self._patiently("commit_transaction", lambda: self._producer.commit_transaction(10))
        self.open = False
        reach("after-commit")

    def _once(self, what: str, call: Any) -> None:
        try:
            call()
        except KafkaException as error:
            raise self._sorted(what, error) from error

    def _patiently(self, what: str, call: Any) -> None:
        """Call again while the broker says "later"; these calls may be repeated as they are."""
        give_up = time.monotonic() + COMMIT_PATIENCE_S
        while True:
            try:
                call()
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise self._sorted(what, error) from error
                if time.monotonic() > give_up:
                    raise BrokerDown(
                        f"{what} of {self._name} had no answer for {COMMIT_PATIENCE_S:.0f} s"
                    ) from error
            else:
                return

    def _poll(self, timeout_s: float) -> None:
        """Serve the producer's events; a fatal one, being fenced for example, is raised by it."""
        self._once("poll", lambda: self._producer.poll(timeout_s))

    def _sorted(self, what: str, error: KafkaException) -> Exception:
        cause: KafkaError = error.args[0]
        if cause.code() == KafkaError._FATAL:  # noqa: SLF001 - found before: an event says what
            try:
                self._producer.poll(0)
            except KafkaException as event:
                cause = event.args[0]
        if cause.code() in FENCED:
            return FencedError(f"{what}: another process owns {self._name} now")
        return error
