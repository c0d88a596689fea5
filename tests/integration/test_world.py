"""The world around the workers fails: broker and registry. Nothing is lost, twice or set aside."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.dataset as ds
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from deploy.local.java import find_java
from deploy.local.kafka import Kafka
from deploy.local.maven import Jars
from deploy.local.ports import free_port
from deploy.local.registry import Registry as Server
from schemas.catalog import definition, parse
from schemas.codec import encode, frame
from schemas.settings import Settings
from schemas.topics import DEAD_LETTERS, FEEDBACK_REDACTED, INFERENCE_REDACTED
from tests.integration.gate import Gate
from tests.integration.producing import produce
from tests.integration.test_stages import Line, stopped
from tests.running import START_S
from tests.unit.join_driver import feedback, inference

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(300)]


def health(port: int) -> dict[str, Any]:
    """Return what a worker says of itself; {} if it doesn't answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        return dict(json.load(error))
    except OSError:
        return {}


class Watched(Line):
    """A line whose workers are started again when they say so (exit code 2), as in a cluster."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._posts: list[tuple[str, dict[str, str]]] = []
        self._on_duty: list[subprocess.Popen[bytes]] = []

    def post(self, name: str, **environ: str) -> int:
        """Start a worker and see to it from now on; return the port of its health."""
        port = free_port()
        again = {"FEEDLOOP_HEALTH_PORT": str(port), **environ}
        self._on_duty.append(self.start(name, **again))
        clean = {k: v for k, v in again.items() if not k.startswith("FEEDLOOP_FREEZE")}
        self._posts.append((name, clean))
        return port

    def tend(self) -> bool:
        """Start again who asks for it; fail if one needs a person."""
        for index, worker in enumerate(self._on_duty):
            code = worker.poll()
            assert code in (None, 2), f"exit code {code}:\n{self.log(worker)}"
            if code == 2:
                name, environ = self._posts[index]
                self._on_duty[index] = self.start(name, **environ)
        return True

    def waits_for(self, port: int, what: str) -> bool:
        """Whether the worker says that it waits, for `what`, and is well."""
        said = health(port)
        return (
            self.tend()
            and said.get("state") == "waiting"
            and what in str(said.get("detail"))
            and bool(said["healthy"])
        )

    def set_aside(self) -> int:
        return sum(e.end - e.start for e in self.offsets.extents([DEAD_LETTERS]).values())

    def stored(self, table: str, column: str) -> list[str]:
        """Return a column of the Parquet store."""
        folder = Path(self.settings.parquet.path) / table
        if not folder.exists():
            return []
        found: list[str] = ds.dataset(folder).to_table(columns=[column])[column].to_pylist()
        return sorted(found)

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()


@pytest.fixture
def line(settings: Settings, tmp_path: Path) -> Iterator[Watched]:
    sink = msgspec.structs.replace(settings.sink, parquet_linger_ms=100)
    made = Watched(msgspec.structs.replace(settings, sink=sink), tmp_path)
    yield made
    made.end()


def test_a_registry_away_at_start_and_for_a_new_schema_is_waited_for(
    line: Watched, registry: Server
) -> None:
    """It must not make dead letters of good records, nor end a worker."""
    gate = Gate(registry.port)
    away = {"FEEDLOOP_REGISTRY_URL": Server.url_at(gate.port)}
    line.put(0, 5)
    join, store = line.post("join", **away), line.post("parquet", **away)
    line.until(lambda: line.waits_for(join, "registry"), "the stage says what it waits for")
    line.until(lambda: line.waits_for(store, "registry"), "the sink says what it waits for")
    gate.open()
    line.until(lambda: line.tend() and line.through(), "it goes on by itself")
    line.until(lambda: len(line.stored("signals", "event_id")) == 5, "and so does the sink")

    gate.shut()
    send_by_newer_producer(line, registry)
    line.until(lambda: line.waits_for(join, "registry"), "the new schema is waited for")
    line.until(lambda: line.waits_for(store, "registry"), "by the sink as well")
    assert not line.through()
    gate.open()
    line.until(lambda: line.tend() and line.through(), "it goes on by itself again")
    line.until(lambda: len(line.stored("signals", "event_id")) == 6, "all is stored")
    assert line.stored("signals", "event_id") == ["f0", "f1", "f2", "f3", "f4", "new"]
    assert line.stored("inferences", "inference_id") == ["i-new", *(f"i{n}" for n in range(5))]
    assert line.set_aside() == 0
    assert len(line.workers) == 2  # none was ever started again
    line.until(lambda: health(join).get("state") == "running", "it says that all is well")
    gate.shut()


def send_by_newer_producer(line: Watched, registry: Server) -> None:
    """Send an answer and a thumb, both of schemas that nobody here has seen."""
    prefix = line.settings.kafka.topic_prefix
    client = SchemaRegistryClient({"url": registry.url})
    answer, thumb = inference("i-new", 9)[1], feedback("new", "i-new", 9)[1]
    for topic, record in ((INFERENCE_REDACTED, answer), (FEEDBACK_REDACTED, thumb)):
        schema = definition(str(topic.schema))
        added = {"name": "mood", "type": ["null", "string"], "default": None, "redact": "keep"}
        newer = {**schema, "fields": [*schema["fields"], added]}
        subject = f"{topic.full(prefix)}-value"
        number = client.register_schema(subject, Schema(json.dumps(newer), "AVRO"))
        produce(line.settings, topic, [frame(number, encode(parse(newer), record))])


@pytest.fixture
def own_broker(tmp_path: Path, jars: Jars) -> Iterator["OwnBroker"]:
    made = OwnBroker(tmp_path / "kafka", jars)
    made.start()
    yield made
    made.kill()


class OwnBroker:
    """A broker of this test alone, which it may hurt."""

    def __init__(self, folder: Path, jars: Jars) -> None:
        port = free_port()
        self._kafka = Kafka(folder, port, free_port({port}), find_java(), jars.kafka)
        self.bootstrap = self._kafka.bootstrap
        self._log = folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._kafka.prepare()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._kafka.command(), stdout=log, stderr=log)

    def wait(self, line: Line) -> None:
        line.until(self._kafka.answers, "the broker answers")

    def answers(self) -> bool:
        return self._kafka.answers()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def test_a_broker_killed_during_a_commit_and_one_that_stands_still(
    own_broker: OwnBroker, settings: Settings, tmp_path: Path
) -> None:
    import time

    limit = time.monotonic() + START_S
    while not own_broker.answers():
        assert time.monotonic() < limit
        time.sleep(0.1)
    kafka = msgspec.structs.replace(settings.kafka, bootstrap=own_broker.bootstrap)
    sink = msgspec.structs.replace(settings.sink, parquet_linger_ms=100)
    line = Watched(msgspec.structs.replace(settings, kafka=kafka, sink=sink), tmp_path)
    try:
        story(line, own_broker)
    finally:
        line.end()


def story(line: Watched, broker: OwnBroker) -> None:
    line.put(0, 20)
    store = line.post("parquet")
    join = line.post("join", FEEDLOOP_FREEZE_AT="before-offsets:2")
    frozen = line.workers[-1]
    line.until(lambda: line.through() or stopped(frozen.pid), "the first commit")
    line.put(20, 40)
    line.until(lambda: stopped(frozen.pid), "it is between produce and commit")
    broker.kill()
    frozen.send_signal(signal.SIGCONT)
    line.until(lambda: line.waits_for(store, "Kafka"), "the sink misses the broker")
    broker.start()
    broker.wait(line)
    line.until(lambda: line.tend() and line.through(), "the stage goes on")
    line.check(40)
    line.until(lambda: len(line.stored("signals", "event_id")) == 40, "the sink goes on")

    broker.send(signal.SIGSTOP)
    line.until(lambda: line.waits_for(join, "Kafka"), "the stage says that Kafka is silent")
    line.until(lambda: line.waits_for(store, "Kafka"), "and so does the sink")
    broker.send(signal.SIGCONT)
    line.put(40, 60)
    line.until(lambda: line.tend() and line.through(), "the stage goes on")
    line.check(60)
    line.until(lambda: len(line.stored("signals", "event_id")) == 60, "the sink goes on")
    assert line.stored("signals", "event_id") == sorted(f"f{n}" for n in range(60))
    line.until(lambda: health(join).get("state") == "running", "all is well")
