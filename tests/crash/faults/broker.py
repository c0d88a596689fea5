"""The broker dies, stands still, or is restarted while a stage is in its commit."""

import signal

from schemas.killpoint import FROZEN
from tests.crash.faults.fault import Scene
from tests.crash.faults.freeze import keep_frozen, wake
from tests.crash.loop import STAGES

BROKER = "kafka"
STILL_S = (4.0, 12.0, 30.0)  # under and over the session, and what the promise names
IN_COMMIT = ("after-produce", "before-offsets", "after-offsets")


class KillBroker:
    """SIGKILL at any moment; the supervisor starts it again."""

    name = "kill-broker"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        with scene.loop.holding(BROKER):
            scene.loop.kill(BROKER)
            scene.loop.until(lambda: scene.loop.running(BROKER), "the broker is back")
        return BROKER


class PauseBroker:
    """SIGSTOP: connections stay, nobody answers; sessions run out when it goes on."""

    name = "pause-broker"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop, seconds = scene.loop, scene.rng.choice(STILL_S)
        with loop.holding(BROKER):
            keep_frozen(loop, loop.send(BROKER, signal.SIGSTOP), seconds)
        return f"for {seconds:.0f} s"


class RestartBrokerInCommit:
    """A stage has produced and not committed, or committed half: meanwhile the broker restarts."""

    name = "broker-in-commit"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop, rng = scene.loop, scene.rng
        victim = rng.choice(loop.workers(rng.choice(STAGES)))
        point = rng.choice(IN_COMMIT)
        with loop.holding(BROKER, victim):
            process = loop.process(victim)
            loop.ambush(victim, FROZEN, point)
            if not loop.reached(victim, point, lambda: loop.frozen(process)):
                return f"{victim} at {point}: not reached"
            loop.kill(BROKER)
            wake(process)
            loop.until(lambda: loop.running(BROKER), "the broker is back")
        return f"{victim} at {point}"
