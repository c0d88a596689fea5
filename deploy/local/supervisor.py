"""Keeps the parts of a stack running: in layers, each again when it dies, until told to stop.

The only writer of the state file. It may be killed at any time: the parts run on, and the next
supervisor takes over the servers and starts the workers anew.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.local import state
from deploy.local.part import Part
from deploy.local.process import alive, identify, stop
from deploy.local.runner import MARK, Runner, mark
from deploy.local.state import Phase, ProcessId, StackState
from schemas.errors import FeedloopError, RetriableError

_TICK_S: Final = 0.05
_SETUP_RETRY_S: Final = 1.0
_LEFT_GRACE_S: Final = 20.0

LOG: Final = logging.getLogger(__name__)
LOG_NAME: Final = "logs/supervisor.log"

Setup = Callable[[], None]
"""Makes a part usable once it is ready (topics, schemas, tables); raises FeedloopError."""


class Supervisor:
    """Runs `parts`; when a part is ready its setup runs once, before the next layer starts.

    `abandoned` says that the folder was removed under it: then it stops everything.
    """

    def __init__(
        self,
        data: Path,
        parts: Sequence[Part],
        setups: Mapping[str, Setup],
        ports: Mapping[str, int],
        overrides: Mapping[str, Mapping[str, Any]],
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._data = data
        self._abandoned = abandoned
        self._ports = dict(ports)
        self._overrides = {section: dict(values) for section, values in overrides.items()}
        self._executor = ThreadPoolExecutor(len(parts) + len(setups), "look")
        self._runners = [Runner(part, data, self._executor, self._touch) for part in parts]
        self._setups = dict(setups)
        self._under_way: dict[str, Future[None]] = {}
        self._setup_due_s = 0.0
        self._done: set[str] = set()  # parts whose setup was done
        self._ready: set[int] = set()  # layers
        self._phase: Phase = "starting"
        self._message = ""
        self._dirty = True
        self._stop = threading.Event()
        self._retry = threading.Event()

    def stop(self) -> None:
        """Ask it to stop everything; safe in a signal handler."""
        self._stop.set()

    def retry(self) -> None:
        """Ask it to try what failed once more; safe in a signal handler."""
        self._retry.set()

    def run(self) -> None:
        """Run until `stop`; then end all parts, the top layer first."""
        self._take_over()
        while not self._stop.wait(_TICK_S) and not self._abandoned():
            self._tick(time.monotonic())
            self._save()
        self._end()

    def _touch(self) -> None:
        self._dirty = True

    def _take_over(self) -> None:
        """Adopt the servers of an earlier supervisor, end whatever else it left."""
        now_s = time.monotonic()
        same_ports = self._same_ports()
        left = strays(self._data)
        for runner in self._runners:
            found = left.get(runner.spec.name, [])
            if len(found) == 1 and runner.spec.adopt and same_ports:
                runner.adopt(found[0], now_s)
                del left[runner.spec.name]
        end_all([(process, _LEFT_GRACE_S) for found in left.values() for process in found])
        self._save()

    def _same_ports(self) -> bool:
        before = state.read(self._data)
        return before is not None and before.ports == self._ports

    def _tick(self, now_s: float) -> None:
        if self._retry.is_set():
            self._retry.clear()
            self._try_again()
        for runner in self._runners:
            runner.tick(now_s)
        self._climb(now_s)

    def _try_again(self) -> None:
        for runner in self._runners:
            runner.retry()
        if self._phase == "failed":
            self._to("starting")

    def _climb(self, now_s: float) -> None:
        """Start the layers, one after the other, each on top of a ready one."""
        for layer in self._layers():
            members = [runner for runner in self._runners if runner.spec.layer == layer]
            for runner in members:
                if runner.state == "waiting":
                    runner.start(now_s)
                self._set_up(runner, now_s)
            if not self._was_ready(layer, members):
                return
        if self._phase == "starting" and all(r.state == "running" for r in self._runners):
            self._to("running")

    def _was_ready(self, layer: int, members: Sequence[Runner]) -> bool:
        """Whether the layer is or once was ready: what dies later comes back by itself."""
        if all(r.state == "running" and self._is_done(r.spec.name) for r in members):
            self._ready.add(layer)
        return layer in self._ready

    def _layers(self) -> list[int]:
        return sorted({runner.spec.layer for runner in self._runners})

    def _set_up(self, runner: Runner, now_s: float) -> None:
        """Go on with the setup of a part that is ready."""
        name = runner.spec.name
        if runner.state != "running" or self._is_done(name) or self._phase == "failed":
            return
        under_way = self._under_way.get(name)
        if under_way is None:
            if now_s >= self._setup_due_s:
                self._under_way[name] = self._executor.submit(self._setups[name])
        elif under_way.done():
            del self._under_way[name]
            if self._succeeded(under_way, now_s):
                self._done.add(name)

    def _is_done(self, name: str) -> bool:
        return name in self._done or name not in self._setups

    def _succeeded(self, outcome: Future[None], now_s: float) -> bool:
        try:
            outcome.result()
        except RetriableError as error:
            self._setup_due_s = now_s + max(_SETUP_RETRY_S, error.retry_after_s)
            self._to("starting", str(error))
        except FeedloopError as error:
            self._to("failed", str(error))
        except Exception as error:
            LOG.exception("the setup failed")
            self._to("failed", f"{type(error).__name__}: {error}; see {LOG_NAME}")
        else:
            self._to("starting")
            return True
        return False

    def _to(self, phase: Phase, message: str = "") -> None:
        self._phase = phase
        self._message = message
        self._dirty = True

    def _end(self) -> None:
        self._to("stopping")
        self._save()
        for layer in reversed(self._layers()):
            members = [runner for runner in self._runners if runner.spec.layer == layer]
            end_all([(runner.process, runner.spec.grace_s) for runner in members])
            for runner in members:
                runner.stopped()
            self._save()
        self._executor.shutdown(cancel_futures=True)
        self._to("stopped")
        self._save()

    def _save(self) -> None:
        if self._dirty and not self._abandoned():
            self._dirty = False
            state.write(self._data, self._report())

    def _report(self) -> StackState:
        return StackState(
            phase=self._phase,
            message=self._message,
            supervisor=None if self._phase == "stopped" else identify(os.getpid()),
            ports=self._ports,
            overrides=self._overrides,
            parts=[runner.report() for runner in self._runners],
        )


def end_all(processes: Sequence[tuple[ProcessId | None, float]]) -> None:
    """End processes together, each with its grace in seconds before SIGKILL."""
    with ThreadPoolExecutor(max(1, len(processes)), "stop") as pool:
        list(pool.map(lambda one: stop(*one), processes))


def strays(data: Path) -> dict[str, list[ProcessId]]:
    """Return the running parts of the stack in `data` by name, whoever started them.

    They carry a mark in their environment, which a child gets before it does anything: none can
    be missed, even if its supervisor was killed before it wrote the state file.
    """
    prefix = mark(data, "")
    found: dict[str, list[ProcessId]] = {}
    for value, process in _marked():
        if value.startswith(prefix) and alive(process):
            found.setdefault(value.removeprefix(prefix), []).append(process)
    return found


def marks() -> set[str]:
    """Return the marks (`<folder>:<part>`) of all parts of all stacks that run here."""
    return {value for value, process in _marked() if alive(process)}


def _marked() -> Iterable[tuple[str, ProcessId]]:
    for process in psutil.process_iter():
        try:
            value = process.environ().get(MARK)
            if value:
                yield value, ProcessId(process.pid, process.create_time())
        except (psutil.Error, OSError):  # gone meanwhile, or not ours to read
            continue
