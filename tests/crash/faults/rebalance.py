"""Rebalances: members come and go, all workers are restarted one after the other."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException

from deploy.topics import admin
from schemas.settings import environ_of
from schemas.topics import group
from tests.crash.faults.fault import Scene
from tests.crash.loop import SINKS, STAGES, Loop

STAY_S = (0.5, 4.0)  # how long a guest stays, once it is up
COMES_S = 60.0
LEAVES_S = 30.0


class JoinAndLeave:
    """A third worker joins for a few seconds and leaves, politely or not."""

    name = "join-leave"
    weight = 3.0

    def inflict(self, scene: Scene) -> str:
        worker = scene.rng.choice((*STAGES, *SINKS))
        stay_s = scene.rng.uniform(*STAY_S)
        number = scene.rng.choice((signal.SIGTERM, signal.SIGKILL))
        with guest(scene.loop, worker) as process:
            wait(process, COMES_S if stay_s > 2 else stay_s, worker, scene)
            process.send_signal(number)
            process.wait(LEAVES_S)
        return f"{worker}, {number.name} after {stay_s:.1f} s"


class RollingRestart:
    """One worker after the other is asked to stop, as in an upgrade, as long as the load lasts."""

    name = "rolling-restart"
    weight = 0.5

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        restarted = 0
        for victim in loop.workers():
            if not scene.sender.going:
                break
            with loop.holding(victim):
                before = loop.send(victim, signal.SIGTERM)
                loop.until(lambda b=before, v=victim: loop.process(v) != b, f"{victim} stops")
                loop.until(lambda v=victim: loop.running(v), f"{victim} is back")
            restarted += 1
        return f"{restarted} workers"


def wait(process: "subprocess.Popen[bytes]", seconds: float, worker: str, scene: Scene) -> None:
    """Let the guest take part for a while: until it is a member, or for `seconds`."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and process.poll() is None:
        if seconds == COMES_S and members(scene.loop, worker) > 2:
            return
        time.sleep(0.1)


def members(loop: Loop, worker: str) -> int:
    """Return how many members the group of a worker has."""
    name = group(worker, loop.settings.kafka.topic_prefix)
    try:
        found = admin(loop.settings).describe_consumer_groups([name])[name].result(10)
    except (KafkaException, TimeoutError):
        return 0
    return len(found.members)


@contextmanager
def guest(loop: Loop, worker: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run one more worker beside the supervised ones."""
    log = (loop.layout.logs / f"{worker}-guest.log").open("ab")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "worker", worker],
            env={**clean, **environ_of(loop.settings)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
