"""The stages' promise on a real broker: kill, freeze, take away, and count what a reader sees."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.ports import free_port
from deploy.offsets import Offsets
from schemas.catalog import parsed
from schemas.codec import PREFIX_BYTES, decode
from schemas.errors import BrokerDown
from schemas.registry import Registry
from schemas.settings import JoinSettings, Settings, StageSettings, environ_of, kafka_config
from schemas.topics import (
    ENRICHED,
    FEEDBACK_REDACTED,
    INFERENCE_REDACTED,
    REDACTED,
)
from sinks.create import create_tables
from sinks.flatten import rows
from sinks.tables import INFERENCES
from tests.integration.producing import frames, one_partition, produce
from tests.unit.join_driver import MINUTE, feedback, inference

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

LIMIT_S = 90.0  # on a machine that does much else
SESSION_MS = 6_000  # the least that a broker allows: so long a dead owner blocks its partitions


class Line:
    """The join over topics of one partition, and its workers as processes of their own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        stage = StageSettings(session_timeout_ms=SESSION_MS)
        join = JoinSettings(
            orphan_ttl_ms=MINUTE,
            lateness_ms=MINUTE,
            arrival_hold_ms=0,
            session_hold_ms=0,
            align_wait_ms=50,
        )
        store = msgspec.structs.replace(settings.clickhouse, body_ttl_days=10_000)
        changed = msgspec.structs.replace(settings, stage=stage, join=join, clickhouse=store)
        self.settings = one_partition(changed)
        self.folder = folder
        self.offsets = Offsets(self.settings)
        self.workers: list[subprocess.Popen[bytes]] = []
        Registry(self.settings.registry, self.settings.kafka.topic_prefix).register_all()

    def start(self, name: str = "join", **environ: str) -> "subprocess.Popen[bytes]":
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "worker", name],
                env={**clean, **environ_of(self.settings), **environ},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(worker)
        return worker

    def log(self, worker: "subprocess.Popen[bytes]") -> str:
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text()

    def until(self, done: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + LIMIT_S
        while not done():
            assert time.monotonic() < limit, f"never: {what}\n{self.log(self.workers[-1])}"
            time.sleep(0.05)

    def code(self, worker: "subprocess.Popen[bytes]") -> int:
        try:
            return worker.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it goes on:\n{self.log(worker)}")

    def put(self, first: int, last: int) -> None:
        """Send answers `first` to `last`, each with a thumb that comes just before it."""
        answers = [inference(f"i{n}", n / 10, session=f"s{n}")[1] for n in range(first, last)]
        thumbs = [feedback(f"f{n}", f"i{n}", n / 10, session=f"s{n}") for n in range(first, last)]
        self.send(FEEDBACK_REDACTED, [fields for _, fields in thumbs])
        self.send(INFERENCE_REDACTED, answers)

    def send(self, topic: Any, records: list[dict[str, Any]]) -> None:
        bodies: list[bytes | None] = [*frames(self.settings, topic, records)]
        produce(self.settings, topic, bodies)

    def committed(self) -> dict[str, int]:
        return {p.topic: c.offset for p, c in self.offsets.committed("join").items()}

    def through(self) -> bool:
        """Whether everything that was sent is processed and committed."""
        try:
            done = self.committed()
        except BrokerDown:  # the group's coordinator is just being made
            return False
        ends = {p.topic: extent.end for p, extent in self.offsets.extents(REDACTED).items()}
        return all(done.get(topic, 0) >= end for topic, end in ends.items())

    def enriched(self) -> list[dict[str, Any]]:
        """Return what a reader of committed records sees."""
        config = {"group.id": "look", "isolation.level": "read_committed"}
        reader = Consumer(
            {**kafka_config(self.settings.kafka), **config, "enable.partition.eof": True}
        )
        topic = ENRICHED.full(self.settings.kafka.topic_prefix)
        reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        found = []
        while True:
            message = reader.poll(30)
            assert message is not None
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                reader.close()
                return found
            body = message.value()
            assert body is not None
            found.append(decode(parsed("Enriched"), body[PREFIX_BYTES:]))

    def check(self, count: int) -> None:
        """Fail unless each of `count` thumbs was enriched once, with its answer."""
        found = self.enriched()
        assert Counter(body["signal"]["event_id"] for body in found) == {
            f"f{n}": 1 for n in range(count)
        }
        assert all(body["join_status"] == "matched" for body in found)

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()


@pytest.fixture
def line(settings: Settings, tmp_path: Path) -> Iterator[Line]:
    made = Line(settings, tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize("point", ["before-offsets", "after-offsets", "after-commit"])
def test_killed_within_a_commit_each_signal_is_there_once(line: Line, point: str) -> None:
    line.put(0, 20)
    victim = line.start(FEEDLOOP_KILL_AT=f"{point}:2")
    line.until(lambda: line.through() or victim.poll() is not None, "the first commit")
    line.put(20, 40)
    assert line.code(victim) == -signal.SIGKILL
    after = line.start()
    line.put(40, 60)  # the victim may have got through all before: this is the second one's
    line.until(line.through, "the second worker goes on")
    line.check(60)
    after.terminate()
    assert line.code(after) == 0


def test_an_owner_that_was_away_is_fenced_and_writes_nothing(line: Line) -> None:
    line.put(0, 20)
    frozen = line.start(FEEDLOOP_FREEZE_AT="before-offsets")
    line.until(lambda: stopped(frozen.pid), "it is frozen, its transaction open")
    successor = line.start()
    line.until(line.through, "the successor takes over")
    line.put(20, 30)
    frozen.send_signal(signal.SIGCONT)
    assert line.code(frozen) == 2
    assert "fenced: " in line.log(frozen)
    line.until(line.through, "the successor goes on")
    line.check(30)
    assert successor.poll() is None


LONG_MS = "120000"  # longer than any test waits: nothing here may depend on a session that ends
SLOT = {"FEEDLOOP_STAGE_SLOT": "join-0", "FEEDLOOP_STAGE_SESSION_TIMEOUT_MS": LONG_MS}


def test_a_killed_worker_that_is_started_again_goes_on_at_once(line: Line) -> None:
    """The group knows it by its slot: nobody waits for the dead one's session to end."""
    line.put(0, 20)
    victim = line.start(**SLOT)
    line.until(line.through, "the first worker is at work")
    victim.kill()
    victim.wait()
    line.put(20, 40)
    again = line.start(**SLOT)
    line.until(line.through, "it goes on")
    line.check(40)
    again.terminate()
    assert line.code(again) == 0
    line.put(40, 60)
    line.start(**SLOT)
    line.until(line.through, "it goes on after it was told to stop, too")
    line.check(60)


def test_of_two_processes_in_a_slot_the_older_ends(line: Line) -> None:
    line.put(0, 20)
    zombie = line.start(**SLOT)
    line.until(line.through, "the first worker is at work")
    zombie.send_signal(signal.SIGSTOP)
    line.put(20, 40)
    successor = line.start(**SLOT)
    line.until(line.through, "the second one takes the slot")
    zombie.send_signal(signal.SIGCONT)
    assert line.code(zombie) == 2
    assert "fenced: " in line.log(zombie)
    line.put(40, 60)
    line.until(line.through, "the second one goes on")
    assert successor.poll() is None
    line.check(60)


def test_a_slot_that_is_given_up_costs_the_session_timeout(line: Line) -> None:
    """Two slots share the work; when one is gone for good, the other has all of it."""
    line.put(0, 20)
    leaver = line.start(FEEDLOOP_STAGE_SLOT="join-0")
    line.until(line.through, "the first worker is at work")
    line.start(FEEDLOOP_STAGE_SLOT="join-1")
    leaver.terminate()
    assert line.code(leaver) == 0
    line.put(20, 40)
    line.until(line.through, "the other one takes over")
    line.check(40)


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")


def test_a_late_signal_waits_until_the_store_answers(line: Line) -> None:
    """Its answer is in the hot store alone, which is away at first."""
    store = line.settings.clickhouse
    client = clickhouse_connect.get_client(
        host=store.host, port=store.port, database=store.database
    )
    create_tables(client, store)
    old = {**bare(), **inference("old", -300)[1], "retrieved": [{"doc_id": "d", "score": 0.5}]}
    client.insert_arrow("inferences", rows(INFERENCES, 0, [(0, 0, old)]))
    away, health = free_port(), free_port()
    line.send(FEEDBACK_REDACTED, [feedback("late", "old", 0)[1], feedback("none", "ghost", 0)[1]])
    line.send(INFERENCE_REDACTED, [inference("i0", 0)[1], inference("i1", 5)[1]])
    worker = line.start(FEEDLOOP_CLICKHOUSE_PORT=str(away), FEEDLOOP_HEALTH_PORT=str(health))
    line.until(lambda: state(health) == "waiting", "the store is missed")
    line.until(line.through, "the rest goes on")
    assert line.enriched() == []
    relay = Relay(away, store.port)
    line.until(lambda: len(line.enriched()) == 2, "the store is asked again")
    relay.close()
    found = {body["signal"]["event_id"]: body for body in line.enriched()}
    assert (found["late"]["join_status"], found["none"]["join_status"]) == ("late", "orphan")
    assert found["late"]["lag_ms"] == 300 * MINUTE
    assert found["late"]["inference"] == old
    assert found["none"]["inference"] is None
    assert worker.poll() is None


def bare() -> dict[str, Any]:
    nothing = ("user_id", "error_type", "cost_usd", "language", "prompt_topic")
    return {**dict.fromkeys(nothing), "attributes": {"plan": "free"}, "messages": []}


def state(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return str(json.load(answer)["state"])
    except urllib.error.HTTPError as error:
        return str(json.load(error)["state"])
    except OSError:
        return "none"


class Relay:
    """Passes connections to `port` on to `target`, both on this machine."""

    def __init__(self, port: int, target: int) -> None:
        self._target = target
        self._socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # one side hung up
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def test_records_that_are_gone_stop_the_worker_and_move_no_offset(line: Line) -> None:
    line.put(0, 5)
    first = line.start()
    line.until(line.through, "the first worker is done")
    first.terminate()
    assert line.code(first) == 0
    before = line.committed()
    admin = AdminClient(kafka_config(line.settings.kafka))

    removed = FEEDBACK_REDACTED.full(line.settings.kafka.topic_prefix)
    line.put(5, 15)
    for future in admin.delete_records([TopicPartition(removed, 0, 8)]).values():
        future.result(30)
    refuses(line, "feedback.redacted is offset 5, but Kafka has 8 to 15", before)

    renewed = INFERENCE_REDACTED.full(line.settings.kafka.topic_prefix)
    admin.delete_topics([renewed])[renewed].result(30)
    line.until(lambda: renewed not in admin.list_topics(timeout=10).topics, "the topic is gone")
    admin.create_topics([NewTopic(renewed, 1, 1)])[renewed].result(30)
    line.until(lambda: renewed in admin.list_topics(timeout=10).topics, "it is there again")
    before.pop(renewed, None)  # Kafka drops a group's offset with its topic
    refuses(line, "inference.redacted was deleted and made anew", before)


def refuses(line: Line, said: str, before: dict[str, int]) -> None:
    worker = line.start()
    assert line.code(worker) == 1, line.log(worker)
    log = line.log(worker)
    assert said in log
    assert "No offset was moved" in log
    assert "`feedloop recover join`" in log
    after = line.committed()
    assert {topic: after.get(topic) for topic in before} == before


def test_without_its_topics_a_worker_names_the_command(line: Line) -> None:
    """All three at once: they only start and stop."""
    kafka = msgspec.structs.replace(line.settings.kafka, topic_prefix="nothing.")
    line.settings = msgspec.structs.replace(line.settings, kafka=kafka)
    key = "k1:" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
    workers = [line.start(name, FEEDLOOP_REDACT_KEYS=key) for name in ("redact", "join", "decide")]
    for worker in workers:
        assert line.code(worker) == 1, line.log(worker)
        assert "does not exist" in line.log(worker)
        assert "feedloop topics apply" in line.log(worker)
