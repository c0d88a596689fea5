"""SIGSTOP past the session timeout while another takes over, then SIGCONT: a zombie wakes."""

import os
import signal
import threading

from deploy.local.process import alive
from deploy.local.state import ProcessId
from schemas.killpoint import FROZEN
from tests.crash.faults.fault import Scene
from tests.crash.faults.points import FREEZE_POINTS
from tests.crash.loop import SESSION_S, SINKS, STAGES, Loop

TAKEN_OVER_S = 2.0  # after the session timeout: the other one owns the partitions


class FreezeSomewhere:
    """One worker, at any moment; or one for less than the session, as a long pause of a machine."""

    name = "freeze"
    weight = 2.0

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        victim = scene.rng.choice(loop.workers())
        seconds = scene.rng.choice((SESSION_S / 3, SESSION_S + TAKEN_OVER_S))
        with loop.holding(victim):
            keep_frozen(loop, loop.send(victim, signal.SIGSTOP), seconds)
        return f"{victim} for {seconds:.0f} s"


class FreezeAtPoint:
    """One worker within its commit protocol: what it still has in hand must not show."""

    name = "freeze-at-point"
    weight = 3.0

    def inflict(self, scene: Scene) -> str:
        loop, rng = scene.loop, scene.rng
        worker = rng.choice((*STAGES, *SINKS))
        point = rng.choice(FREEZE_POINTS[worker])
        victim = rng.choice(loop.workers(worker))
        with loop.holding(victim):
            process = loop.process(victim)
            loop.ambush(victim, FROZEN, point)
            if not loop.reached(victim, point, lambda: loop.frozen(process)):
                return f"{victim} at {point}: not reached"
            keep_frozen(loop, process, SESSION_S + TAKEN_OVER_S)
        return f"{victim} at {point}"


def keep_frozen(loop: Loop, process: ProcessId | None, seconds: float) -> None:
    """Let time pass for everybody but the frozen process, then wake it."""
    try:
        threading.Event().wait(seconds)
        frozen = process is None or loop.frozen(process) or not alive(process)
        assert frozen, "it didn't stay frozen"
    finally:
        wake(process)


def wake(process: ProcessId | None) -> None:
    """SIGCONT."""
    if process is not None and alive(process):
        os.kill(process.pid, signal.SIGCONT)
