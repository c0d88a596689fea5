"""Starts and stops a stack from outside of its supervisor: the work behind `up` and `down`."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import state
from deploy.local.choose import choose_ports
from deploy.local.layout import Layout
from deploy.local.process import alive, gone, spawn, stop, tail
from deploy.local.run import RETRY, is_held
from deploy.local.stack import SERVER_PORTS, SERVERS, port_names
from deploy.local.state import ProcessId, StackState
from deploy.local.supervisor import end_all, strays
from schemas.errors import ConfigError, FatalError
from schemas.topics import INPUTS

START_LIMIT_S: Final = 300.0  # 15 s on a quiet machine
STOP_LIMIT_S: Final = 90.0  # both layers with their grace, and some
_POLL_S: Final = 0.1
_MOVING: Final = ("starting", "backoff")
_LOST: Final = ("failed", "crash-loop")

Watch = Callable[[StackState], None]
"""Told the state again and again while something is under way."""


@dataclass(frozen=True)
class Plan:
    """What to start. `ports` are those the user gave; `workers` the parts to run here."""

    ports: Mapping[str, int] = field(default_factory=dict)
    workers: Sequence[str] = tuple(INPUTS)
    follow_parent: bool = False  # stop the stack when this process ends, however it ends


def start(layout: Layout, plan: Plan, watch: Watch) -> bool:
    """Start the stack and wait until every part answers; return False if it ran already.

    Raises ConfigError (a port is taken, the folder is another version's), FatalError if a part
    doesn't come up; what came up then runs on.
    """
    with _only_one(layout.up_lock):
        if is_held(layout.supervisor_lock):
            _ask_again(layout, plan)
            _await_running(layout, None, watch)
            return False
        supervisor = _spawn(layout, plan)
        _await_running(layout, supervisor, watch)
        return True


def halt(layout: Layout) -> list[str]:
    """Stop the stack, the workers first; return the names of the parts that ran.

    Nothing but processes of this stack is touched. Idempotent.
    """
    if not layout.data.is_dir():
        return []
    with _only_one(layout.up_lock):
        running = sorted(strays(layout.data))
        stack = state.read(layout.data)
        if is_held(layout.supervisor_lock) and stack is not None and stack.supervisor is not None:
            _stop_supervisor(stack.supervisor)
        _stop_rest(layout)
        return running


def _stop_supervisor(process: ProcessId) -> None:
    if alive(process):
        os.kill(process.pid, signal.SIGTERM)
        if not gone(process, STOP_LIMIT_S):
            stop(process, grace_s=0)


def _stop_rest(layout: Layout) -> None:
    """End parts whose supervisor is gone, workers before servers, and note it."""
    left = strays(layout.data)
    workers = [p for name, found in left.items() if name not in SERVERS for p in found]
    servers = [p for name, found in left.items() if name in SERVERS for p in found]
    end_all([(process, 20.0) for process in workers])
    end_all([(process, 20.0) for process in servers])
    stack = state.read(layout.data)
    if stack is not None and stack.phase != "stopped":
        state.write(layout.data, state.stopped(stack))


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ask_again(layout: Layout, plan: Plan) -> None:
    stack = state.read(layout.data)
    if stack is None or stack.supervisor is None:
        return  # it has just begun; its state comes
    runs = {part.name for part in stack.parts} - set(SERVERS)
    if runs != set(plan.workers):
        raise ConfigError(
            f"the stack in {layout.data} runs with workers {_listed(runs)}, not "
            f"{_listed(plan.workers)}: run `feedloop down --data {layout.data}` first"
        )
    for name, port in plan.ports.items():
        if stack.ports.get(name) != port:
            raise ConfigError(
                f"the stack in {layout.data} runs with {name} on port {stack.ports.get(name)}, "
                f"not {port}: run `feedloop down --data {layout.data}` first"
            )
    if stack.phase == "failed" or any(part.state in _LOST for part in stack.parts):
        os.kill(stack.supervisor.pid, RETRY)
        _await(lambda: _asked(layout), START_LIMIT_S)


def _listed(names: Iterable[str]) -> str:
    return ",".join(sorted(names)) or "none"


def _asked(layout: Layout) -> bool:
    stack = state.read(layout.data)
    return stack is None or not _is_lost(stack)


def _spawn(layout: Layout, plan: Plan) -> "subprocess.Popen[bytes]":
    before = state.read(layout.data)
    remembered = before.ports if before else {}
    if any(remembered.get(name) != port for name, port in plan.ports.items()):
        _stop_rest(layout)  # of a supervisor that was killed: they hold the old ports
    ours = strays(layout.data)
    held = {name for name, server in SERVER_PORTS.items() if server in ours}
    ports = choose_ports(port_names(plan.workers), plan.ports, remembered, held)
    if before is not None:
        state.write(layout.data, state.stopped(before))
    command = [sys.executable, "-m", "deploy.local.run", "--data", str(layout.data)]
    command += ["--ports", json.dumps(ports), "--workers", json.dumps(list(plan.workers))]
    follow = signal.SIGTERM if plan.follow_parent else None
    layout.supervisor_log.unlink(missing_ok=True)
    return spawn(command, layout.supervisor_log, os.environ, follow)


def _await_running(
    layout: Layout, supervisor: "subprocess.Popen[bytes] | None", watch: Watch
) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while True:
        stack = state.read(layout.data)
        if supervisor is not None and supervisor.poll() is not None:
            raise FatalError(_why_ended(layout, stack))
        if stack is not None and stack.supervisor is not None:
            watch(stack)
            if stack.phase == "running":
                return
            if _is_lost(stack):
                raise FatalError(_what_failed(layout, stack))
        if time.monotonic() > limit:
            raise FatalError(
                f"not all parts came up within {START_LIMIT_S:.0f} s: see `feedloop status` and "
                f"{layout.logs}; what came up runs on"
            )
        time.sleep(_POLL_S)


def _is_lost(stack: StackState) -> bool:
    if stack.phase == "failed":
        return True
    moving = any(part.state in _MOVING for part in stack.parts)
    return not moving and any(part.state in _LOST for part in stack.parts)


def _why_ended(layout: Layout, stack: StackState | None) -> str:
    if stack is not None and stack.phase == "failed":
        return stack.message
    return f"the supervisor ended: {tail(layout.supervisor_log) or 'it said nothing'}"


def _what_failed(layout: Layout, stack: StackState) -> str:
    said = [stack.message] if stack.message else []
    said += [f"{p.name} ({p.state}): {p.message}" for p in stack.parts if p.state in _LOST]
    return (
        "; ".join(said) + f". The other parts run on: mend this and run `feedloop up` again, or "
        f"`feedloop down`. Logs: {layout.logs}"
    )


def _await(condition: Callable[[], bool], limit_s: float) -> None:
    limit = time.monotonic() + limit_s
    while not condition() and time.monotonic() < limit:
        time.sleep(_POLL_S)
