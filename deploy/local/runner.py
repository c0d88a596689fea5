"""One part over time: started, watched, started again. Driven by `tick`, which never blocks."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from deploy.local.part import Part
from deploy.local.process import alive, identify, size, spawn, tail
from deploy.local.restarts import Restarts
from deploy.local.state import PartPhase, PartState, ProcessId
from schemas.errors import FeedloopError

MARK: Final = "FEEDLOOP_STACK_PART"
"""In the environment of every part: its stack's folder and its name, to find it again."""

_LOOK_S: Final = 5.0  # between looks at a part that runs
_START_LOOK_S: Final = 0.1
_STUCK_S: Final = 180.0  # without a good answer, after one: it hangs, start it anew


def mark(data: Path, name: str) -> str:
    """Return the value of MARK for the part `name` of the stack in `data`."""
    return f"{data.absolute()}:{name}"


class Runner:
    """The part `spec`; `changed` is called after every change that others should see."""

    def __init__(
        self, spec: Part, data: Path, executor: Executor, changed: Callable[[], None]
    ) -> None:
        self.spec = spec
        self.state: PartPhase = "waiting"
        self.process: ProcessId | None = None
        self.message = ""
        self.restarts = Restarts()
        self._mark = mark(data, spec.name)
        self._executor = executor
        self._changed = changed
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0  # bytes in the log before this run
        self._started_s = 0.0
        self._answered_s = 0.0
        self._next_look_s = 0.0
        self._preparing: Future[None] | None = None
        self._look: Future[tuple[bool, bool]] | None = None

    def report(self) -> PartState:
        """Return what the state file says of this part."""
        return PartState(
            name=self.spec.name,
            state=self.state,
            process=self.process,
            restarts=self.restarts.total,
            health_port=self.spec.health_port,
            log=str(self.spec.log),
            message=self.message,
        )

    def start(self, now_s: float) -> None:
        """Prepare and start the process; what goes wrong is a failure of this part."""
        self._started_s = now_s
        self._preparing = self._executor.submit(self.spec.prepare)
        self._to("starting")

    def _spawn(self, prepared: "Future[None]", now_s: float) -> None:
        self._preparing = None
        try:
            prepared.result()
            self._log_start = size(self.spec.log)
            environ = {**os.environ, **self.spec.environ, MARK: self._mark}
            self._child = spawn(self.spec.command, self.spec.log, environ)
        except (FeedloopError, OSError) as error:
            self._to("failed", str(error))
        else:
            self._begin(identify(self._child.pid), now_s)

    def adopt(self, process: ProcessId, now_s: float) -> None:
        """Go on with a process that an earlier supervisor started."""
        self._begin(process, now_s)

    def retry(self) -> None:
        """Forget failures: a person asked to try again."""
        if self.state in ("failed", "crash-loop", "backoff"):
            self.restarts = Restarts(self.restarts.total)
            self._to("waiting")

    def stopped(self) -> None:
        """Note that the process was ended on purpose."""
        if self._child is not None:
            self._child.wait()
        self._child = None
        self.process = None
        self._to("stopped", self.message)

    def tick(self, now_s: float) -> None:
        """Look after the process: note its death, its readiness, its silence; restart it."""
        if self._preparing is not None:
            if self._preparing.done():
                self._spawn(self._preparing, now_s)
        elif self.state in ("starting", "running"):
            if self._ended():
                self._died(now_s)
            else:
                self._watch(now_s)
        elif self.state in ("backoff", "crash-loop") and now_s >= self.restarts.due_s:
            self.start(now_s)

    def _begin(self, process: ProcessId | None, now_s: float) -> None:
        self.process = process
        self._started_s = self._answered_s = self._next_look_s = now_s
        self._look = None
        self._to("starting")

    def _ended(self) -> bool:
        if self._child is not None:
            return self._child.poll() is not None
        return not alive(self.process)

    def _died(self, now_s: float) -> None:
        code = None if self._child is None else self._child.returncode
        self._child = None
        self.process = None
        last = tail(self.spec.log, since=self._log_start)
        if code is not None and code == self.spec.fatal_exit:
            self._to("failed", last or f"exit code {code}, no words in {self.spec.log}")
            return
        self.restarts.died(now_s, now_s - self._started_s)
        said = f"{_ending(code)}\n{last}".strip()
        self._to("crash-loop" if self.restarts.looping else "backoff", said)

    def _watch(self, now_s: float) -> None:
        if self._look is None:
            if now_s >= self._next_look_s:
                self._look = self._executor.submit(self._inspect, self.state == "starting")
            return
        if not self._look.done():
            return
        good, lives = self._look.result()
        self._look = None
        self._next_look_s = now_s + (_LOOK_S if self.state == "running" else _START_LOOK_S)
        if good and self.state == "starting":
            self._to("running")
        if lives:
            self._answered_s = now_s
        elif now_s - self._answered_s > _STUCK_S:
            self._kill(now_s)

    def _inspect(self, starting: bool) -> tuple[bool, bool]:
        """Return whether it does its work, and whether it lives: it may wait for another part."""
        healthy = self.spec.healthy or self.spec.ready
        if not starting:
            return (lives := healthy()), lives
        ready = self.spec.ready()
        return ready, ready or healthy()

    def _kill(self, now_s: float) -> None:
        if self.process is not None and alive(self.process):
            os.kill(self.process.pid, 9)
        self._answered_s = now_s  # the death is seen at the next tick

    def _to(self, state: PartPhase, message: str = "") -> None:
        self.state = state
        self.message = message
        self._changed()


def _ending(code: int | None) -> str:
    if code is None:
        return "ended"
    return f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
