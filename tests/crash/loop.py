"""The loop under test: the stack of `feedloop up`, two of each worker, and hands to hurt it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException

from deploy.drain import Drained, drain
from deploy.flush import send_flush
from deploy.local import state
from deploy.local.launch import Plan, halt, start
from deploy.local.layout import Layout
from deploy.local.process import alive, gone
from deploy.local.stack import SERVERS, copies_of, worker_of
from deploy.local.state import PartState, ProcessId
from deploy.offsets import Offsets
from schemas.errors import FeedloopError
from schemas.killpoint import AMBUSHES
from schemas.settings import Settings, load_settings
from schemas.topics import INPUTS

STAGES: Final = ("redact", "join", "decide")
SINKS: Final = ("clickhouse", "parquet")
COPIES: Final = 2
SESSION_S: Final = 6.0  # the least a broker allows: so long a dead owner blocks its partitions
REACHED_S: Final = 15.0  # of an ambush
WAIT_S: Final = 300.0  # of anything that should happen, while other faults go on
STORE_TIMEOUT_S: Final = 4.0  # of an insert; by default a minute
ENDED: Final = 143  # exit code after SIGTERM, as a shell reports it

# Event time passes many times as fast as the clock, so waits by the clock are set apart from it:
# a topic that seems empty is waited for as long as any fault lasts, silence is never the end of
# the data, and what arrived a few seconds ago is forgotten, so that late signals are looked up.
# A client that couldn't send for some seconds sends topic after topic then: windows wait for half
# a minute of the clock, as they do by default.
ENVIRON: Final = {
    "FEEDLOOP_STAGE_SESSION_TIMEOUT_MS": str(int(SESSION_S * 1000)),
    "FEEDLOOP_JOIN_ALIGN_WAIT_MS": "10000",
    "FEEDLOOP_JOIN_LATENESS_MS": "1200000",
    "FEEDLOOP_JOIN_IDLE_TIMEOUT_MS": "3600000",
    "FEEDLOOP_DECIDE_IDLE_TIMEOUT_MS": "3600000",
    "FEEDLOOP_JOIN_ARRIVAL_HOLD_MS": "5000",
    "FEEDLOOP_JOIN_SESSION_HOLD_MS": "1000",
    "FEEDLOOP_SINK_PARQUET_LINGER_MS": "1000",
    "FEEDLOOP_CLICKHOUSE_TIMEOUT_S": str(int(STORE_TIMEOUT_S)),
    "FEEDLOOP_REDACT_SPACY_MODEL": "none",  # which names are found is tested elsewhere
}


def end_when_told() -> None:
    """Have SIGTERM end this program as an error does: what was started is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))


class Loop:
    """A running stack in the folder `data`; its parts by name (`kafka`, `join`, `join-2`, …)."""

    def __init__(self, data: Path, environ: Mapping[str, str] = ENVIRON) -> None:
        """`environ`: settings apart from the defaults."""
        self.data = data
        self._environ = environ
        self.layout = Layout(data)
        self.held: set[str] = set()  # parts that a fault is busy with
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._orders = data / "ambushes"

    def start(self, copies: int = COPIES, say: Callable[[str], None] = print) -> None:
        """Start everything; it ends with the thread that calls this."""
        self.layout.prepare()
        self._orders.mkdir(exist_ok=True)
        os.environ.update(self._environ, **{AMBUSHES: str(self._orders)})
        parts = [part for name in INPUTS for part in copies_of(name, copies)]
        start(self.layout, Plan(workers=parts, follow_parent=True), lambda _: None)
        say(f"the loop is up in {self.data}: {', '.join(self.workers())}")

    def stop(self) -> None:
        """End everything, also what is frozen; who waits for something waits no longer."""
        self._ended.set()
        for part in self.parts():
            self.send(part.name, signal.SIGCONT)
        halt(self.layout)

    @property
    def settings(self) -> Settings:
        """The settings of its clients."""
        stack = state.read(self.data)
        assert stack is not None
        return load_settings(overrides=stack.overrides)

    # --- parts ---

    def parts(self) -> list[PartState]:
        """Return what the supervisor knows of each part."""
        stack = state.read(self.data)
        return [] if stack is None else stack.parts

    def workers(self, *names: str) -> list[str]:
        """Return the parts that run workers `names`, or any worker."""
        return [
            part.name
            for part in self.parts()
            if part.name not in SERVERS and (not names or worker_of(part.name) in names)
        ]

    def part(self, name: str) -> PartState:
        """Return what the supervisor knows of part `name`."""
        return next(part for part in self.parts() if part.name == name)

    def process(self, name: str) -> ProcessId | None:
        """Return the process of a part, None while it is down."""
        return self.part(name).process

    def running(self, name: str) -> bool:
        """Whether the part runs and does its work."""
        part = self.part(name)
        return part.state == "running" and alive(part.process)

    @contextmanager
    def holding(self, *names: str) -> Iterator[None]:
        """Keep other faults off these parts, once they run."""
        self.until(lambda: self._take(names), f"{', '.join(names)} run")
        try:
            yield
        finally:
            with self._lock:
                self.held.difference_update(names)

    def _take(self, names: tuple[str, ...]) -> bool:
        with self._lock:
            if self.held.intersection(names) or not all(map(self.running, names)):
                return False
            self.held.update(names)
            return True

    # --- hands ---

    def send(self, name: str, number: signal.Signals) -> ProcessId | None:
        """Send a signal to a part, if it is alive; return whom it was sent to."""
        process = self.process(name)
        if process is None or not alive(process):
            return None
        os.kill(process.pid, number)
        return process

    def kill(self, name: str) -> None:
        """SIGKILL; return when the process is gone."""
        process = self.send(name, signal.SIGKILL)
        assert process is None or gone(process, WAIT_S), f"{name} survives SIGKILL"

    def ambush(self, name: str, what: str, point: str) -> None:
        """Have the part killed or frozen (`what`) when it reaches `point` next."""
        fresh = self._orders / f".{name}"
        fresh.write_text(f"{what} {point}")
        fresh.replace(self._orders / name)

    def reached(self, name: str, point: str, done: Callable[[], bool]) -> bool:
        """Wait until `done`: an ambushed part reached `point`; False if it never did.

        An owner without partitions passes no point: then the ambush is lifted.
        """
        try:
            self.until(done, f"{name} reaches {point}", REACHED_S)
        except AssertionError:
            return not self.disarm(name)
        return True

    def sprung(self, name: str) -> bool:
        """Whether the part has reached its ambush."""
        return not (self._orders / name).exists()

    def disarm(self, name: str) -> bool:
        """Take an ambush away; return whether it was still there."""
        try:
            (self._orders / name).unlink()
        except FileNotFoundError:
            return False
        return True

    def frozen(self, process: ProcessId | None) -> bool:
        """Whether the process is stopped by SIGSTOP."""
        if process is None:
            return False
        try:
            stat = Path(f"/proc/{process.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(") ")[2].startswith("T")

    # --- waiting ---

    def until(self, done: Callable[[], bool], what: str, limit_s: float = WAIT_S) -> None:
        """Return when `done`; fail, naming `what` never came, after `limit_s`."""
        limit = time.monotonic() + limit_s
        while not done():
            assert not self._ended.is_set(), f"the loop has ended: {what}"
            if time.monotonic() > limit:
                raise AssertionError(f"not within {limit_s:.0f} s: {what}\n{self.told()}")
            time.sleep(0.05)

    def heal(self) -> None:
        """Return when every part runs and nothing lies in wait."""
        for file in self._orders.iterdir():
            file.unlink(missing_ok=True)
        for part in self.parts():
            self.send(part.name, signal.SIGCONT)
        names = [part.name for part in self.parts()]
        self.until(lambda: all(map(self.running, names)), "every part runs again")

    def drain(self, *, flush: bool, timeout_s: float) -> Drained:
        """Return when all that was accepted is decided (`flush`) and in both stores."""
        if flush:
            send_flush(self.settings)
        return drain(Offsets(self.settings), timeout_s)

    def commit_notes(self, worker: str) -> dict[tuple[str, int], tuple[int, str]]:
        """Return {(topic, partition): (offset, note)} as committed; {} if nobody answers now."""
        try:
            found = Offsets(self.settings).committed(worker)
        except (FeedloopError, KafkaException):
            return {}
        return {(p.topic, p.number): (c.offset, c.metadata) for p, c in found.items()}

    def told(self) -> str:
        """Return each part with its state, for messages."""
        lines = [f"  {p.name}: {p.state}, {p.restarts} restarts {p.message}" for p in self.parts()]
        return "\n".join([f"parts (logs in {self.layout.logs}):", *lines])
