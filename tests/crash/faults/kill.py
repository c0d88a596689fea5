"""SIGKILL: no handler, no flush, as a power cut would."""

from schemas.killpoint import KILLED
from tests.crash.faults.fault import Scene
from tests.crash.faults.points import KILL_POINTS
from tests.crash.loop import SINKS, STAGES


class KillSomewhere:
    """One worker, at any moment."""

    name = "kill"
    weight = 4.0

    def inflict(self, scene: Scene) -> str:
        victim = scene.rng.choice(scene.loop.workers())
        with scene.loop.holding(victim):
            scene.loop.kill(victim)
        return victim


class KillBoth:
    """All copies of one worker at the same moment: nobody is there to take over."""

    name = "kill-both"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        worker = scene.rng.choice((*STAGES, *SINKS))
        victims = scene.loop.workers(worker)
        with scene.loop.holding(*victims):
            for victim in victims:
                scene.loop.kill(victim)
        return worker


class KillAtPoint:
    """One worker, when it reaches a named point of its commit protocol."""

    name = "kill-at-point"
    weight = 5.0

    def inflict(self, scene: Scene) -> str:
        loop, rng = scene.loop, scene.rng
        worker = rng.choice((*STAGES, *SINKS))
        point = rng.choice(KILL_POINTS[worker])
        victim = rng.choice(loop.workers(worker))
        with loop.holding(victim):
            before = loop.process(victim)
            loop.ambush(victim, KILLED, point)
            if point.startswith("ledger.owner"):  # it is reached when partitions are taken over
                loop.kill(next(w for w in loop.workers(worker) if w != victim))
            if not loop.reached(victim, point, lambda: loop.sprung(victim)):
                return f"{victim} at {point}: not reached"
            loop.until(lambda: loop.process(victim) != before, f"{victim} is dead")
        return f"{victim} at {point}"
