"""Where topics end and how far each stage has committed, read from the broker."""

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.topics import admin
from schemas.errors import BrokerDown
from schemas.settings import Settings, kafka_config
from schemas.topics import WORKERS, Topic, group

TIMEOUT_S: Final = 10.0


class Partition(NamedTuple):
    """One partition of a topic (full name)."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


class Extent(NamedTuple):
    """What a partition holds: offsets from `start` up to, not including, `end`."""

    start: int
    end: int


class Committed(NamedTuple):
    """What a group says of a partition: the next offset it reads, and a note of its own."""

    offset: int
    metadata: str


class Offsets:
    """Reads offsets for one set of topics; holds a connection, and one a group asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = settings.kafka.topic_prefix
        self._client: AdminClient = admin(settings)
        self._members: dict[str, Consumer] = {}

    def extents(self, topics: Iterable[Topic]) -> dict[Partition, Extent]:
        """Return what each partition of `topics` holds, open transactions included.

        Topics that don't exist are left out. Raises BrokerDown.
        """
        partitions = self._partitions(topics)
        starts = self._offsets(partitions, OffsetSpec.earliest())
        ends = self._offsets(partitions, OffsetSpec.latest())
        return {p: Extent(starts[p], ends[p]) for p in partitions}

    def committed(self, worker: str) -> dict[Partition, Committed]:
        """Return what the group of `worker` has committed; partitions without are left out.

        Raises BrokerDown.
        """
        return self.committed_by(group(worker, self._prefix), WORKERS[worker])

    def committed_by(self, name: str, topics: Iterable[Topic]) -> dict[Partition, Committed]:
        """Return the same for any group, by its full name."""
        wanted = [TopicPartition(p.topic, p.number) for p in self._partitions(topics)]
        if not wanted:
            return {}
        try:
            found = self._member(name).committed(wanted, timeout=TIMEOUT_S)
        except KafkaException as error:
            raise self._down(error) from error
        for tp in found:
            if tp.error is not None:
                raise self._down(KafkaException(tp.error))
        return {
            Partition(tp.topic, tp.partition): Committed(tp.offset, tp.metadata or "")
            for tp in found
            if tp.offset >= 0
        }

    def _member(self, name: str) -> Consumer:
        # A consumer that never joins its group. The admin client's own call for this kills the
        # process (SIGSEGV in librdkafka 2.15) while the group's coordinator is still loading.
        if name not in self._members:
            config = {"group.id": name, "log_level": 0}
            self._members[name] = Consumer({**kafka_config(self._settings.kafka), **config})
        return self._members[name]

    def _partitions(self, topics: Iterable[Topic]) -> list[Partition]:
        try:
            known = self._client.list_topics(timeout=TIMEOUT_S).topics
        except KafkaException as error:
            raise self._down(error) from error
        names = [topic.full(self._prefix) for topic in topics]
        return [Partition(n, p) for n in names if n in known for p in sorted(known[n].partitions)]

    def _offsets(self, partitions: list[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        if not partitions:
            return {}
        request = {TopicPartition(p.topic, p.number): spec for p in partitions}
        answers = self._client.list_offsets(request, request_timeout=TIMEOUT_S)
        return {
            Partition(tp.topic, tp.partition): self._result(f).offset for tp, f in answers.items()
        }

    def _result(self, future: "Future[Any]") -> Any:
        try:
            return future.result()
        except KafkaException as error:
            raise self._down(error) from error

    def _down(self, error: KafkaException) -> BrokerDown:
        cause: KafkaError = error.args[0]
        return BrokerDown(
            f"Kafka at {self._settings.kafka.bootstrap} doesn't say its offsets: {cause.str()}"
        )
