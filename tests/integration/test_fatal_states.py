"""Where a stage must not go on by itself: what it says, that nothing moves, and that the way out
which it names is one.

Each partition task is restored here in the test's own process, on the real broker.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from deploy import recover_stage
from deploy.recover_stage import CHECKPOINTS
from deploy.topics import apply_topics
from schemas.errors import FatalError
from schemas.registry import Registry
from schemas.settings import RedactSettings, Secret, Settings, environ_of, kafka_config
from schemas.topics import INPUTS, TOPICS, Topic, group
from stream_jobs.app import STAGES
from stream_jobs.runtime.checkpoint import VERSION
from stream_jobs.runtime.partition import PartitionTask
from stream_jobs.runtime.schema_cache import SchemaCache
from stream_jobs.runtime.topic_watch import TopicWatch
from stream_jobs.stage import Chunk
from tests.integration.producing import one_partition, produce
from tests.unit.join_driver import MINUTE

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(400)]

KEYS = "k1:" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="


class Scene:
    """One stage over topics of one partition."""

    def __init__(self, name: str, settings: Settings) -> None:
        redact = RedactSettings(keys=Secret(KEYS), spacy_model="none")
        self.name = name
        self.settings = one_partition(msgspec.structs.replace(settings, redact=redact))
        self.kafka = self.settings.kafka
        self.admin = AdminClient({**kafka_config(self.kafka), "log_level": 0})
        self.first = INPUTS[name][0]
        registry = Registry(self.settings.registry, self.kafka.topic_prefix)
        registry.register_all()
        self.stage, _ = STAGES[name](self.settings, registry, SchemaCache(registry))
        config = {"group.id": group(name, self.kafka.topic_prefix), "log_level": 0}
        self.member = Consumer({**kafka_config(self.kafka), **config})

    def own(self, partition: int = 0) -> PartitionTask:
        """Do what a worker does when it gets the partition."""
        watch = TopicWatch(self.stage, self.settings)
        watch.check()
        return PartitionTask(
            self.stage, self.settings, partition, watch.ids, watch.partitions, self.member
        )

    def put(self, count: int) -> None:
        produce(self.settings, self.first, [b"poison"] * count)

    def committed(self) -> dict[str, int]:
        asked = [TopicPartition(t.full(self.kafka.topic_prefix), 0) for t in INPUTS[self.name]]
        return {tp.topic: tp.offset for tp in self.member.committed(asked, timeout=30)}

    def checkpoint(self) -> bytes:
        """Return the last checkpoint as it lies in Kafka."""
        config = {"group.id": "look", "isolation.level": "read_committed"}
        reader = Consumer({**kafka_config(self.kafka), **config, "enable.partition.eof": True})
        topic = CHECKPOINTS[self.name].full(self.kafka.topic_prefix)
        reader.assign([TopicPartition(topic, 0, 0)])
        last = b""
        while (message := reader.poll(30)) is not None and message.error() is None:
            last = message.value() or b""
        reader.close()
        return last

    def make_anew(self, topic: Topic) -> None:
        full = topic.full(self.kafka.topic_prefix)
        self.admin.delete_topics([full])[full].result(30)
        while full in self.admin.list_topics(timeout=10).topics:
            pass
        self.admin.create_topics([NewTopic(full, 1, 1)])[full].result(30)
        apply_topics(self.settings)  # returns when the broker serves it

    def write_checkpoint(self, change: Callable[[bytes], bytes]) -> None:
        producer = Producer(kafka_config(self.kafka))
        topic = CHECKPOINTS[self.name].full(self.kafka.topic_prefix)
        producer.produce(topic, change(self.checkpoint()), b"0", partition=0)
        assert producer.flush(30) == 0

    def recover(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", "recover", self.name, *options],
            env={**environ_of(self.settings)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def retention(scene: Scene) -> None:
    place = TopicPartition(scene.first.full(scene.kafka.topic_prefix), 0, 8)
    for future in scene.admin.delete_records([place]).values():
        future.result(30)


def shorter(scene: Scene) -> None:
    scene.make_anew(scene.first)


def more_partitions(scene: Scene) -> None:
    key = scene.first.co_partitioned
    names = [t.full(scene.kafka.topic_prefix) for t in TOPICS if t.co_partitioned == key]
    for future in scene.admin.create_partitions([NewPartitions(n, 2) for n in names]).values():
        future.result(30)
    more = msgspec.structs.replace(scene.kafka, partitions=2)
    scene.settings = msgspec.structs.replace(scene.settings, kafka=more)
    apply_topics(scene.settings)


def flip(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 4]) + data[-2:]


@dataclass(frozen=True)
class Case:
    name: str
    harm: Callable[[Scene], None]
    says: str
    start: int = 5  # where reading goes on after what the message names was done
    loss: str = ""
    stages: tuple[str, ...] = ("join",)  # what differs by stage is tested for each


ALL = ("redact", "join", "decide")


CASES = [
    Case(
        "retention was ahead",
        retention,
        "is offset 5, but Kafka has 8 to 12",
        8,
        "3 offsets of",
        ALL,
    ),
    Case("topic made anew", shorter, "was deleted and made anew", 0, "not yet read of the old"),
    Case(
        "more partitions",
        more_partitions,
        "have 2 partitions, at the last checkpoint they had 1",
        loss="what a session was remembered for",
    ),
    Case(
        "checkpoint of a newer version",
        lambda s: s.write_checkpoint(lambda d: d[:4] + bytes([VERSION + 1]) + d[5:]),
        "a newer one wrote it. Run that one, nothing is lost then",
        stages=ALL,
    ),
    Case("a bit of it flipped", lambda s: s.write_checkpoint(flip), "is damaged (CRC differs)"),
    Case("truncated", lambda s: s.write_checkpoint(lambda d: d[:7]), "not a feedloop checkpoint"),
    Case("emptied", lambda s: s.write_checkpoint(lambda _: b""), "not a feedloop checkpoint"),
    Case("gone", lambda s: s.make_anew(CHECKPOINTS[s.name]), "belongs to them is gone"),
]


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, name) for case in CASES for name in case.stages],
    ids=lambda value: getattr(value, "name", value),
)
def test_it_stops_says_why_moves_nothing_and_the_way_out_is_one(
    case: Case, name: str, settings: Settings
) -> None:
    scene = Scene(name, settings)
    scene.put(5)
    task = scene.own()
    advance(task, 5)
    scene.put(7)
    case.harm(scene)
    before = scene.committed()

    with pytest.raises(FatalError) as caught:
        scene.own()
    said = str(caught.value)
    assert case.says in said
    assert f"No offset was moved. `feedloop recover {scene.name}`" in said
    assert scene.committed() == before

    (finding,) = recover_stage.examine(scene.settings, scene.name)
    assert case.loss in finding.loss
    assert scene.committed() == before
    finding.mend()
    after = scene.own()
    assert after.positions[scene.first.name] == case.start
    assert recover_stage.examine(scene.settings, scene.name) == []


def advance(task: PartitionTask, count: int) -> None:
    """Process and commit `count` records of the first input: each becomes a dead letter."""
    now_ms = int(time.time() * 1000)
    poison: list[Any] = [
        SimpleNamespace(offset=o, timestamp=now_ms, key=b"", value=b"poison", headers=())
        for o in range(count)
    ]
    for later_ms, records in ((0, poison), (MINUTE, [])):  # after that no other topic is waited for
        for index, topic in enumerate(task.stage.inputs):
            own, position = ([], 0) if index else (records, count)
            task.offer(Chunk(topic.name, own, position, at_end=True), now_ms + later_ms)
    while task.step(now_ms + MINUTE):
        pass
    assert task.logic.next_offsets()[task.stage.inputs[0].name] == count
    task.commit(task.prepare())
