"""A checkpoint or a ledger is damaged: workers stop and say why, a person does what they say."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer

from deploy.local import state
from deploy.local.run import RETRY
from schemas.settings import environ_of, kafka_config
from schemas.topics import CHECKPOINTS_REDACT, INFERENCE
from tests.crash.faults.fault import Scene
from tests.crash.loop import Loop

STOPS = "`feedloop recover {}`"


class DamageCheckpoint:
    """Of redact, which keeps no state: given up, nothing is lost."""

    name = "damage-checkpoint"
    weight = 0.5

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        victims = loop.workers("redact")
        with loop.holding(*victims):
            kafka = loop.settings.kafka
            partition = scene.rng.randrange(kafka.partitions)
            # Frozen first: a live owner would write a good one after ours.
            _freeze(loop, victims)
            producer = Producer({**kafka_config(kafka), "log_level": 0})
            topic = CHECKPOINTS_REDACT.full(kafka.topic_prefix)
            producer.produce(topic, b"FLCP damaged", b"%d" % partition, partition=partition)
            assert producer.flush(30) == 0
            for victim in victims:
                loop.kill(victim)
            _recover(loop, "redact", victims)
        return f"redact, partition {partition} of {INFERENCE.name}"


class DamageLedger:
    """Of the Parquet sink: the committed intent says where to go on."""

    name = "damage-ledger"
    weight = 0.5

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        victims = loop.workers("parquet")
        with loop.holding(*victims):
            _freeze(loop, victims)
            entries = sorted(Path(loop.settings.parquet.path).glob("_ledger/*/*/*.json"))
            last = max(entries, key=lambda path: path.stat().st_mtime_ns)
            newest = max(last.parent.glob("*.json"))
            newest.write_bytes(newest.read_bytes()[:20])
            for victim in victims:
                loop.kill(victim)
            _recover(loop, "parquet", victims)
        return str(newest.parent.name)


def _freeze(loop: Loop, victims: list[str]) -> None:
    for victim in victims:
        process = loop.send(victim, signal.SIGSTOP)
        loop.until(lambda p=process: p is None or loop.frozen(p), f"{victim} stands still")  # type: ignore[misc]


def _recover(loop: Loop, worker: str, victims: list[str]) -> None:
    """Wait until a worker has failed with the next step in status; take that step."""

    def failed(name: str) -> bool:
        part = loop.part(name)
        return part.state == "failed" and STOPS.format(worker) in part.message

    # One after the other takes the partition, and none is started again and again.
    loop.until(lambda: all(map(failed, victims)), f"{worker} has failed and says what to do")
    said = ""

    def recovered() -> bool:
        """Whether the command has done it; if it can't reach the broker, it is given again."""
        nonlocal said
        done = subprocess.run(
            [sys.executable, "-m", "deploy.cli", "recover", worker, "--accept-loss"],
            env=environ_of(loop.settings),
            check=False,
            capture_output=True,
            timeout=60,
        )
        said = done.stderr.decode()
        return done.returncode == 0

    try:
        loop.until(recovered, f"`feedloop recover {worker}` succeeds")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{said}") from None
    stack = state.read(loop.data)
    assert stack is not None
    assert stack.supervisor is not None
    os.kill(stack.supervisor.pid, RETRY)  # what `feedloop up` does
    loop.until(lambda: all(map(loop.running, victims)), f"{worker} runs again")
