"""The webhook worker as a process: failures, dead letters, a receiver that restarts, a kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import pytest

from deploy.records import read
from schemas.settings import Settings, WebhookSettings, environ_of
from schemas.topics import ACTIONS, DEAD_LETTERS
from tests.integration.producing import action, frames, one_partition, produce
from tests.receiver import Receiver, receiving

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]
LIMIT_S = 90.0


def configured(settings: Settings, receiver: Receiver, attempts: int = 12) -> Settings:
    stage = msgspec.structs.replace(settings.stage, session_timeout_ms=6_000)
    hook = WebhookSettings(url=receiver.url, attempts=attempts)
    return msgspec.structs.replace(one_partition(settings), stage=stage, webhook=hook)


@contextmanager
def worker(
    settings: Settings, stderr: IO[bytes] | None = None, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.conformance.worker", "webhook"]
    env = {**os.environ, **environ_of(settings), **environ}
    process = subprocess.Popen(command, env=env, stderr=stderr)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < limit, "it didn't happen in time"
        time.sleep(0.05)


def test_failures_and_a_restart_of_the_receiver_lose_nothing_and_keep_the_order(
    settings: Settings, tmp_path: Path
) -> None:
    receiver = Receiver(answers=[500, 200])
    with receiving(receiver):
        one = configured(settings, receiver)
        produce(one, ACTIONS, frames(one, ACTIONS, [action(0), action(1)]))
        with worker(one):
            until(lambda: len(receiver.got) == 3)
    log = tmp_path / "log"
    with log.open("wb") as stderr, worker(one, stderr):
        produce(one, ACTIONS, frames(one, ACTIONS, [action(2)]))
        until(lambda: "no answer" in log.read_text())
        with receiving(receiver):
            until(lambda: len(receiver.got) >= 4)
    assert receiver.keys() == ["a0:0", "a0:0", "a1:0", "a2:0"]


def test_one_that_nobody_takes_becomes_a_dead_letter_and_the_next_has_its_turn(
    settings: Settings,
) -> None:
    with receiving(Receiver(answers=[410, 410])) as receiver:
        one = configured(settings, receiver, attempts=2)
        produce(one, ACTIONS, frames(one, ACTIONS, [action(0), action(1)]))
        with worker(one):
            until(lambda: len(receiver.got) == 3)
    assert receiver.keys() == ["a0:0", "a0:0", "a1:0"]
    [letter] = read(one, DEAD_LETTERS)
    assert (letter["stage"], letter["reason"], letter["offset"]) == ("webhook", "undeliverable", 0)
    assert "answered 410 after 2 attempts" in letter["detail"]


def test_a_kill_after_a_post_repeats_it_under_the_same_key(settings: Settings) -> None:
    with receiving(Receiver()) as receiver:
        one = configured(settings, receiver)
        produce(one, ACTIONS, frames(one, ACTIONS, [action(0), action(1)]))
        with worker(one, FEEDLOOP_KILL_AT="webhook.after_post:2") as killed:
            assert killed.wait(LIMIT_S) == -signal.SIGKILL
        assert receiver.keys() == ["a0:0", "a1:0"]
        with worker(one):
            until(lambda: len(receiver.got) == 4)
            produce(one, ACTIONS, frames(one, ACTIONS, [action(2)]))
            until(lambda: len(receiver.got) == 5)
    assert receiver.keys() == ["a0:0", "a1:0", "a0:0", "a1:0", "a2:0"]
