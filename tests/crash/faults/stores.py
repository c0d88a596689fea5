"""The stores fail: ClickHouse dies or stands still around an insert, the cold store's disk is full.

The sinks' time limit is set to a few seconds (`loop.ENVIRON`), so that "longer than any timeout"
is short.
"""

import resource
import signal
import threading
from contextlib import suppress

from schemas.killpoint import FROZEN, KILLED
from tests.crash.faults.fault import Scene
from tests.crash.faults.freeze import keep_frozen
from tests.crash.loop import STORE_TIMEOUT_S

STORE = "clickhouse-server"
INSERT = ("front.mid_insert", "front.after_insert")
AWAY_S = 3 * STORE_TIMEOUT_S
FULL_BYTES = 2_000  # no file may grow past this: the system refuses every Parquet file


class KillStore:
    """ClickHouse is killed in an insert: its rows may be there, the sink never hears of it."""

    name = "kill-store"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop, point = scene.loop, scene.rng.choice(INSERT)
        with loop.holding(STORE):
            before = loop.process(STORE)
            loop.ambush(STORE, KILLED, point)
            if not loop.reached(STORE, point, lambda: loop.sprung(STORE)):
                return f"at {point}: not reached"
            loop.until(lambda: loop.process(STORE) != before, f"{STORE} is dead")
            loop.until(lambda: loop.running(STORE), f"{STORE} is back")
        return f"at {point}"


class FreezeStore:
    """ClickHouse stands still between an insert and its answer; the sink gives up and repeats."""

    name = "freeze-store"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop, point = scene.loop, scene.rng.choice(INSERT)
        with loop.holding(STORE):
            process = loop.process(STORE)
            loop.ambush(STORE, FROZEN, point)
            if not loop.reached(STORE, point, lambda: loop.frozen(process)):
                return f"at {point}: not reached"
            keep_frozen(loop, process, AWAY_S)
        return f"at {point} for {AWAY_S:.0f} s"


class StoreAway:
    """ClickHouse answers nobody for longer than any timeout: sink and look-ups wait."""

    name = "store-away"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop = scene.loop
        with loop.holding(STORE):
            keep_frozen(loop, loop.send(STORE, signal.SIGSTOP), AWAY_S)
        return f"for {AWAY_S:.0f} s"


class DiskFull:
    """The Parquet sinks can write no more, then they can."""

    name = "disk-full"
    weight = 1.0

    def inflict(self, scene: Scene) -> str:
        loop, seconds = scene.loop, scene.rng.uniform(2.0, 8.0)
        victims = loop.workers("parquet")
        with loop.holding(*victims):
            processes = [p for name in victims if (p := loop.process(name)) is not None]
            for process in processes:
                _limit(process.pid, FULL_BYTES)
            try:
                threading.Event().wait(seconds)
            finally:
                for process in processes:
                    _limit(process.pid, resource.RLIM_INFINITY)
        return f"for {seconds:.0f} s"


def _limit(pid: int, size: int) -> None:
    """Set the largest size of a file that the process may write; it may have died meanwhile."""
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
