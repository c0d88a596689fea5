"""The real parts, and `feedloop up`, `status` and `down` on them, with everything killed once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.context import settings_for
from deploy.local import state
from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.registry import Registry
from deploy.local.supervisor import strays
from schemas.registry import Registry as RegistryClient
from schemas.settings import Settings
from schemas.topics import INFERENCE

pytestmark = pytest.mark.broker

LIMIT_S = 240.0  # of one step on a machine where everything else runs too


def test_every_server_answers(broker: Kafka, registry: Registry, clickhouse: ClickHouse) -> None:
    metadata = AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10)
    assert [node.port for node in metadata.brokers.values()] == [broker.port]
    assert registry.answers()
    assert clickhouse.answers()


def test_settings_name_the_real_parts(settings: Settings, clickhouse: ClickHouse) -> None:
    databases = clickhouse.run("SHOW DATABASES").decode().split()
    assert settings.clickhouse.database in databases


def feedloop(*arguments: str, data: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.cli", *arguments, "--data", str(data)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_S, check=False, env=environ
    )


def told(data: Path) -> dict[str, Any]:
    done = feedloop("status", "--json", data=data)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def pids(data: Path) -> dict[str, int]:
    return {name: found[0].pid for name, found in strays(data.absolute()).items()}


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.1)


def running(data: Path) -> bool:
    stack = state.read(data)
    return stack is not None and all(part.state == "running" for part in stack.parts)


def produce(settings: Settings, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap, "acks": "all"})
    producer.produce(INFERENCE.full(settings.kafka.topic_prefix), value, partition=0)
    assert producer.flush(30) == 0


def consume(settings: Settings, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap, "group.id": "none"})
    consumer.assign([TopicPartition(INFERENCE.full(settings.kafka.topic_prefix), 0, 0)])
    messages = consumer.consume(count, timeout=30)
    consumer.close()
    return [message.value() for message in messages]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "stack"
    yield folder
    feedloop("down", data=folder)
    left = pids(folder)
    for pid in left.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert left == {}


@pytest.mark.timeout(900)
def test_a_stack_survives_kills_of_all_its_servers_and_down_and_up(data: Path) -> None:
    up = ("up", "--detach", "--workers", "none")
    first = feedloop(*up, data=data)
    assert first.returncode == 0, first.stderr
    settings = settings_for(data, {})
    addresses = {k: v for k, v in told(data).items() if k not in ("parts", "dead_letters")}
    assert addresses["kafka"] == {"bootstrap": settings.kafka.bootstrap}
    assert told(data)["dead_letters"] == 0
    ids = RegistryClient(settings.registry).register_all()
    produce(settings, b"before")
    before = pids(data)

    again = feedloop(*up, data=data)
    assert (again.returncode, pids(data)) == (0, before)
    assert "is up already" in again.stderr

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(pids(data)) == 3 and not set(pids(data).values()) & set(before.values()))
    until(lambda: running(data))
    assert [part["restarts"] for part in told(data)["parts"]] == [1, 1, 1]
    assert consume(settings, 1) == [b"before"]
    assert RegistryClient(settings.registry).register_all() == ids

    stack = state.read(data)
    assert stack is not None
    assert stack.supervisor is not None
    kept = pids(data)
    os.kill(stack.supervisor.pid, signal.SIGKILL)
    os.kill(kept.pop("registry"), signal.SIGKILL)
    third = feedloop(*up, data=data)
    assert third.returncode == 0, third.stderr
    assert {name: pid for name, pid in pids(data).items() if name in kept} == kept

    down = feedloop("down", data=data)
    assert (down.returncode, pids(data)) == (0, {})
    assert feedloop("down", data=data).stdout == f"nothing runs in {data}\n"
    assert {part["state"] for part in told(data)["parts"]} == {"stopped"}

    assert feedloop(*up, data=data).returncode == 0
    assert {k: v for k, v in told(data).items() if k in addresses} == addresses
    assert consume(settings, 1) == [b"before"]
    assert RegistryClient(settings.registry).register_all() == ids


def test_a_stack_in_the_foreground_ends_with_ctrl_c(data: Path) -> None:
    command = [sys.executable, "-m", "deploy.cli", "up", "--workers", "none", "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        until(lambda: b"Ctrl-C stops everything" in process.stderr.readline())
        assert len(pids(data)) == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 130
    assert pids(data) == {}
