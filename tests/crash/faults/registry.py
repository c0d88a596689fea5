"""The schema registry is away while workers start that know no schema yet: they wait for it."""

import signal

from deploy.local.part import health
from tests.crash.faults.fault import Scene
from tests.crash.faults.freeze import wake
from tests.crash.loop import STAGES

REGISTRY = "registry"


class RegistryAway:
    """It stands still; a stage is killed, and starts without it: it says so, and goes on after."""

    name = "registry-away"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        victim = scene.rng.choice(loop.workers(scene.rng.choice(STAGES)))
        with loop.holding(REGISTRY, victim):
            port = loop.part(victim).health_port
            process = loop.send(REGISTRY, signal.SIGSTOP)
            try:
                loop.kill(victim)
                loop.until(lambda: _waits(port), f"{victim} says that it waits for the registry")
            finally:
                wake(process)
            loop.until(lambda: loop.running(victim), f"{victim} goes on")
        return victim


def _waits(port: int) -> bool:
    report = health(port) or {}
    return report.get("state") == "waiting" and "registry" in str(report.get("detail"))
