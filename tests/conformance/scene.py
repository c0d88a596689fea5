"""A stage for the sinks: topics of their own on the real broker, workers, and both stores' rows."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import pyarrow.dataset as ds
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from deploy.topics import apply_topics
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.registry import Registry
from schemas.settings import Settings, environ_of, kafka_config
from schemas.topics import CONTROL_HEADER, FLUSH, PARTITIONER, STORED, Topic, group
from sinks.tables import TABLES, Table
from tests.conformance.samples import MAKERS

PARTITIONS = 2
SESSION_MS = 6_000  # the least that a broker allows: so long a dead owner blocks its partitions
WAIT_S = 150.0  # on a machine that does much else; a few seconds on a quiet one
LOADING = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)

Place = tuple[int, int]
"""Partition and offset."""


class Scene:
    """One sink, its topics, and what was put into them (`expected`: places by table)."""

    def __init__(self, name: str, settings: Settings, folder: Path) -> None:
        kafka = msgspec.structs.replace(settings.kafka, partitions=PARTITIONS)
        stage = msgspec.structs.replace(settings.stage, session_timeout_ms=SESSION_MS)
        sink = msgspec.structs.replace(
            settings.sink, batch_rows=7, clickhouse_linger_ms=100, parquet_linger_ms=100
        )
        self.name, self.folder = name, folder
        self.settings = msgspec.structs.replace(settings, kafka=kafka, stage=stage, sink=sink)
        folder.mkdir(parents=True, exist_ok=True)
        apply_topics(self.settings)
        self._registry = Registry(self.settings.registry, kafka.topic_prefix)
        self.ids = self._registry.register_all()
        config = {"transactional.id": kafka.topic_prefix + "scene", "partitioner": PARTITIONER}
        self._producer = Producer({**kafka_config(kafka), **config})
        self._producer.init_transactions(30)
        self.expected: dict[str, set[Place]] = {table.name: set() for table in TABLES}
        self.poison: set[tuple[str, int, int]] = set()
        self._numbers: Counter[str] = Counter()
        self.supervised = False  # whether a worker that ends with "start again" is
        self.workers: list[subprocess.Popen[bytes]] = []

    # -- what is on the topics

    def body(self, topic: Topic, number: int) -> bytes:
        """Return the body of sample `number` of `topic`."""
        record = MAKERS[STORED.index(topic)](number)
        return frame(self.ids[topic.name], encode(parsed(str(topic.schema)), record))

    def put(self, topic: Topic, *bodies: bytes | None, good: bool = True) -> None:
        """Add `bodies` to partition 0, 1, 0, 1 … in one transaction."""
        table = TABLES[STORED.index(topic)]
        full = topic.full(self.settings.kafka.topic_prefix)

        def noted(error: Any, message: Any) -> None:
            assert error is None, error
            place = (message.partition(), message.offset())
            if good:
                self.expected[table.name].add(place)
            else:
                self.poison.add((full, *place))

        self._producer.begin_transaction()
        for number, body in enumerate(bodies):
            self._producer.produce(full, body, partition=number % PARTITIONS, on_delivery=noted)
        self._producer.commit_transaction(30)

    def put_samples(self, topic: Topic, count: int) -> None:
        """Add the next `count` samples of `topic`."""
        first = self._numbers[topic.name]
        self._numbers[topic.name] += count
        self.put(topic, *(self.body(topic, number) for number in range(first, first + count)))

    def put_everything(self, count: int) -> None:
        """Add `count` samples to every topic."""
        for topic in STORED:
            self.put_samples(topic, count)

    def put_aborted(self, topic: Topic) -> None:
        """Add records that no reader of committed records may see."""
        self._producer.begin_transaction()
        for partition in range(PARTITIONS):
            full = topic.full(self.settings.kafka.topic_prefix)
            self._producer.produce(full, self.body(topic, 999), partition=partition)
        self._producer.flush(30)
        self._producer.abort_transaction(30)

    def put_flush(self, topic: Topic) -> None:
        """Add a control record to each partition."""
        self._producer.begin_transaction()
        for partition in range(PARTITIONS):
            full = topic.full(self.settings.kafka.topic_prefix)
            headers: Any = {CONTROL_HEADER: FLUSH}
            self._producer.produce(full, None, partition=partition, headers=headers)
        self._producer.commit_transaction(30)

    # -- the worker

    def start(self, **environ: str) -> "subprocess.Popen[bytes]":
        """Start one more worker of the sink."""
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.conformance.worker", self.name],
                env={**os.environ, **environ_of(self.settings), **environ},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(worker)
        return worker

    def log(self, worker: "subprocess.Popen[bytes]") -> str:
        """Return what a worker has said."""
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text()

    def drain(self) -> None:
        """Return when everything is committed past its end. Fails if a worker ends before."""
        self.until(lambda: not self.behind(), "everything is committed")

    def until(self, done: Callable[[], object], what: str, *, alive: bool = True) -> None:
        """Return when `done`; fail with the worker's log if it takes too long."""
        limit = time.monotonic() + WAIT_S
        while not done():
            last = self.workers[-1]
            if self.supervised and last.poll() == 2:
                last = self.start()
            assert not alive or last.poll() is None, f"worker ended:\n{self.log(last)}"
            assert time.monotonic() < limit, f"never: {what}: {self.behind()}\n{self.log(last)}"
            time.sleep(0.05)

    def behind(self) -> dict[str, tuple[int, int]]:
        """Return committed offset and end of each partition that isn't committed to its end."""
        prefix = self.settings.kafka.topic_prefix
        config = {"group.id": group(self.name, prefix), "isolation.level": "read_committed"}
        reader = Consumer({**kafka_config(self.settings.kafka), **config})
        places = [TopicPartition(t.full(prefix), p) for t in STORED for p in range(PARTITIONS)]
        try:
            found = reader.committed(places, timeout=10)
            ends = [reader.get_watermark_offsets(place, timeout=10) for place in places]
        except KafkaException as error:  # a coordinator that is just being loaded
            if error.args[0].code() not in LOADING:
                raise
            return {"broker": (-1, -1)}
        finally:
            reader.close()
        return {
            f"{place.topic}[{place.partition}]": (place.offset, high)
            for place, (low, high) in zip(found, ends, strict=True)
            if max(place.offset, low) < high
        }

    def members(self) -> set[str]:
        """Return the ids of the group's members."""
        name = group(self.name, self.settings.kafka.topic_prefix)
        admin = AdminClient(kafka_config(self.settings.kafka))
        found = admin.describe_consumer_groups([name], request_timeout=10)[name].result()
        return {member.member_id for member in found.members}

    def stop(self, worker: "subprocess.Popen[bytes] | None" = None) -> int:
        """Ask a worker (the last one) to stop; return its exit code."""
        worker = worker or self.workers[-1]
        worker.terminate()
        return worker.wait(30)

    def end(self) -> None:
        """Leave no process behind."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()

    # -- the store

    def rows(self, table: Table) -> list[Mapping[str, Any]]:
        """Return all rows of `table` in the store."""
        if self.name == "clickhouse":
            s = self.settings.clickhouse
            client = clickhouse_connect.get_client(host=s.host, port=s.port, database=s.database)
            return list(client.query(f"SELECT * FROM {table.name}").named_results())
        path = Path(self.settings.parquet.path) / table.name
        if not path.exists():
            return []
        found: list[Mapping[str, Any]] = (
            ds.dataset(path, partitioning="hive").to_table().to_pylist()
        )
        return found

    def check(self) -> None:
        """Fail unless the store holds exactly what was put in, each once, and its dead letters."""
        for table in TABLES:
            rows = self.rows(table)
            own = [r for r in rows if r.get("stage") != self.name]
            places = Counter((row["_partition"], row["_offset"]) for row in own)
            twice = {place for place, count in places.items() if count > 1}
            assert not twice, (table.name, twice)
            assert set(places) == self.expected[table.name], table.name
        letters = [r for r in self.rows(TABLES[-1]) if r["stage"] == self.name]
        assert {(r["topic"], r["partition"], r["offset"]) for r in letters} == self.poison
