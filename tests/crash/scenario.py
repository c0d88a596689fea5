"""One round: the loop at a steady load of known truth, faults from a seed, then the promises."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from schemas.errors import FeedloopError
from tests.crash.facts import Seen
from tests.crash.faults.fault import Fault, Scene
from tests.crash.invariants import Broken, broken, checked
from tests.crash.loop import COPIES, Loop
from tests.crash.reference import truth_of
from tests.crash.schedule import Schedule
from tests.crash.seen import cold, hot, kafka
from tests.crash.traffic import Sender, ending_now
from tests.crash.watch import Watch

DRAIN_S: Final = 600.0


@dataclass(frozen=True)
class Plan:
    """One round. `lanes`: so many faults may be under way at the same time."""

    seed: int
    seconds: float
    rate: float
    faults: Sequence[Fault]
    lanes: int = 1
    copies: int = COPIES


@dataclass
class Outcome:
    """How a round ended."""

    plan: Plan
    injected: dict[str, int] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)  # fault → what it complains of
    broken: list[Broken] = field(default_factory=list)
    checks: int = 0
    sent: int = 0
    rate: float = 0.0
    drain_s: float = 0.0
    restarts: dict[str, int] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken and not self.failed


Say = Callable[[str], None]


def play(plan: Plan, data: Path, say: Say) -> Outcome:
    """Run one round in the folder `data`, which stays; everything that was started is ended."""
    loop = Loop(data)
    outcome = Outcome(plan)
    try:
        loop.start(plan.copies, say)
        _play(plan, loop, outcome, say)
    except (AssertionError, FeedloopError) as error:
        outcome.failed.setdefault("the loop", []).append(str(error))
    finally:
        loop.stop()
    return outcome


def _play(plan: Plan, loop: Loop, outcome: Outcome, say: Say) -> None:
    sender = Sender(ending_now(plan.seed, plan.seconds, plan.rate), loop.settings)
    watch = Watch(loop)
    scenes = [Scene(loop, Random(f"{plan.seed}/{lane}"), say, sender) for lane in range(plan.lanes)]
    watch.start()
    sender.start()
    with ThreadPoolExecutor(plan.lanes, "fault") as pool:
        lanes = [
            pool.submit(_lane, n, scene, plan, sender, outcome) for n, scene in enumerate(scenes)
        ]
        try:
            for lane in lanes:
                lane.result()
        except BaseException:  # told to end: faults under way end when their parts are gone
            sender.stop()
            loop.stop()
            raise
    sender.finish()
    outcome.sent, outcome.rate = sender.sent, sender.rate
    say(f"sent {sender.sent:,} events at {sender.rate:,.0f}/s; healing and draining")
    loop.heal()
    drained = loop.drain(flush=True, timeout_s=DRAIN_S)
    assert drained.done, f"{drained.explain()}\n{loop.told()}"
    assert not drained.waiting, f"{drained.waiting} signals still wait after a flush"
    outcome.drain_s = drained.seconds
    watch.finish()
    outcome.restarts = {part.name: part.restarts for part in loop.parts()}
    outcome.rss_mb = watch.rss_mb
    say(f"drained in {drained.seconds:.0f} s; reading topics and stores")
    seen = look(loop, watch)
    truth = truth_of(sender.load, loop.settings.redact)
    truth.letters = frozenset().union(*(scene.letters for scene in scenes))
    outcome.broken, outcome.checks = broken(truth, seen), checked(truth, seen)


def _lane(number: int, scene: Scene, plan: Plan, sender: Sender, outcome: Outcome) -> None:
    begun = time.monotonic()
    for wait_s, fault in Schedule(f"{plan.seed}/{number}", plan.faults):
        threading.Event().wait(wait_s)
        if not sender.going:
            return
        try:
            told = fault.inflict(scene)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            outcome.failed.setdefault(fault.name, []).append(repr(error))
            told = f"FAILED {error!r}"
        outcome.injected[fault.name] = outcome.injected.get(fault.name, 0) + 1
        scene.say(f"{time.monotonic() - begun:6.1f} s  {fault.name:<16} {told}")


def look(loop: Loop, watch: Watch) -> Seen:
    """Return all that lies on the topics and in the stores."""
    settings = loop.settings
    return Seen([kafka(settings), hot(settings), cold(settings)], watch.marks)
