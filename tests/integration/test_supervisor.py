"""The supervisor with small real processes: layers, restarts, fatal errors, what it leaves."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import restarts, runner, state
from deploy.local.part import Part
from deploy.local.process import alive
from deploy.local.state import PartState, StackState
from deploy.local.supervisor import Setup, Supervisor, strays
from schemas.errors import BrokerDown, ConfigError

LIMIT_S = 60.0

# A part: notes its start, makes its ready file, then waits; SIGTERM is noted and obeyed.
PROGRAM = """
import pathlib, signal, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def note(what):
    with (folder / "events").open("a") as file:
        file.write(what + " " + name + "\\n")
def end(*_):
    note("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if (folder / (name + ".stubborn")).exists() else end)
note("start")
code = folder / (name + ".exit")
if code.exists():
    sys.exit(int(code.read_text()) if print("a line for people", flush=True) is None else 0)
(folder / (name + ".ready")).touch()
while True:
    time.sleep(60)
"""


class Stack:
    """A supervisor in a thread; `folder` holds what its parts note."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.supervisor: Supervisor | None = None
        self._thread: threading.Thread | None = None

    def part(self, name: str, layer: int = 0, grace_s: float = 10.0) -> Part:
        ready = self.folder / f"{name}.ready"
        return Part(
            name=name,
            command=[sys.executable, "-c", PROGRAM, name, str(self.folder)],
            log=self.folder / f"{name}.log",
            ready=ready.exists,
            prepare=lambda: ready.unlink(missing_ok=True),
            layer=layer,
            grace_s=grace_s,
            fatal_exit=1,
        )

    def run(self, *parts: Part, setup: Setup | None = None) -> None:
        self.supervisor = Supervisor(self.folder, parts, {"server": setup} if setup else {}, {}, {})
        self._thread = threading.Thread(target=self.supervisor.run)
        self._thread.start()

    def stop(self) -> None:
        if self.supervisor is not None and self._thread is not None:
            self.supervisor.stop()
            self._thread.join(LIMIT_S)
            assert not self._thread.is_alive()
            self._thread = None

    def events(self) -> list[str]:
        file = self.folder / "events"
        return file.read_text().splitlines() if file.exists() else []

    def until(self, condition: Callable[[StackState], bool]) -> StackState:
        limit = time.monotonic() + LIMIT_S
        while True:
            stack = state.read(self.folder)
            if stack is not None and condition(stack):
                return stack
            assert time.monotonic() < limit, stack
            time.sleep(0.02)

    def until_part(self, name: str, condition: Callable[[PartState], bool]) -> PartState:
        return part_of(self.until(lambda stack: condition(part_of(stack, name))), name)


def part_of(stack: StackState, name: str) -> PartState:
    return next(part for part in stack.parts if part.name == name)


def pid_of(part: PartState) -> int:
    assert part.process is not None
    return part.process.pid


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    yield made
    made.stop()
    assert strays(tmp_path) == {}


def test_layers_start_upwards_and_stop_downwards(stack: Stack) -> None:
    def setup() -> None:
        assert (stack.folder / "server.ready").exists()
        with (stack.folder / "events").open("a") as file:
            file.write("setup\n")

    stack.run(stack.part("server"), stack.part("worker", layer=1), setup=setup)
    stack.until(lambda s: s.phase == "running")
    stack.stop()
    assert stack.events() == [
        "start server",
        "setup",
        "start worker",
        "end worker",
        "end server",
    ]
    after = state.read(stack.folder)
    assert after is not None
    assert after.phase == "stopped"
    assert {part.state for part in after.parts} == {"stopped"}


def test_a_killed_part_comes_back(stack: Stack) -> None:
    stack.run(stack.part("server"), stack.part("worker", layer=1))
    stack.until(lambda s: s.phase == "running")
    for name in ("server", "worker"):
        before = pid_of(stack.until_part(name, lambda p: p.state == "running"))
        os.kill(before, signal.SIGKILL)
        back = stack.until_part(
            name, lambda p, before=before: p.state == "running" and pid_of(p) != before
        )
        assert back.restarts == 1
    assert stack.events().count("start server") == 2
    assert stack.events().count("start worker") == 2


def test_a_fatal_error_waits_for_a_person(stack: Stack) -> None:
    (stack.folder / "worker.exit").write_text("1")
    stack.run(stack.part("server"), stack.part("worker", layer=1))
    failed = stack.until_part("worker", lambda p: p.state == "failed")
    assert failed.message == "a line for people"
    assert failed.restarts == 0
    (stack.folder / "worker.exit").unlink()
    assert stack.supervisor is not None
    stack.supervisor.retry()
    stack.until(lambda s: s.phase == "running")
    assert stack.events().count("start worker") == 2


def test_a_crash_loop_is_seen_and_tried_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "FIRST_S", 0.01)
    (stack.folder / "server.exit").write_text("2")
    stack.run(stack.part("server"), stack.part("worker", layer=1))
    looping = stack.until_part("server", lambda p: p.state == "crash-loop")
    assert looping.restarts >= restarts.LOOP_AFTER
    assert looping.message == "ended with exit code 2\na line for people"
    assert "start worker" not in stack.events()
    (stack.folder / "server.exit").unlink()  # the trouble is over: nobody has to ask
    stack.until(lambda s: s.phase == "running")


def test_a_stubborn_part_is_killed_after_its_grace(stack: Stack) -> None:
    (stack.folder / "server.stubborn").touch()
    stack.run(stack.part("server", grace_s=0.2))
    process = stack.until_part("server", lambda p: p.state == "running").process
    stack.stop()
    assert not alive(process)
    assert stack.events() == ["start server"]


def test_a_setup_that_fails_for_good_stops_there(stack: Stack) -> None:
    wrong = True

    def setup() -> None:
        if wrong:
            raise ConfigError("partitions differ")

    stack.run(stack.part("server"), stack.part("worker", layer=1), setup=setup)
    assert stack.until(lambda s: s.phase == "failed").message == "partitions differ"
    wrong = False
    assert stack.supervisor is not None
    stack.supervisor.retry()
    stack.until(lambda s: s.phase == "running")


def test_a_setup_that_may_work_later_is_tried_again(stack: Stack) -> None:
    calls: list[int] = []

    def setup() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise BrokerDown("not yet", retry_after_s=0.01)

    stack.run(stack.part("server"), setup=setup)
    stack.until(lambda s: s.phase == "running")
    assert len(calls) == 2


def test_what_an_earlier_supervisor_left_is_ended_and_started_anew(stack: Stack) -> None:
    part = stack.part("worker")
    leave = (
        "import os, sys; from pathlib import Path; from deploy.local.process import spawn;"
        "from deploy.local.runner import MARK, mark;"
        "folder = Path(sys.argv[1]);"
        "spawn(sys.argv[2:], folder / 'left.log', {**os.environ, MARK: mark(folder, 'worker')})"
    )
    command = [sys.executable, "-c", leave, str(stack.folder), *part.command]
    assert os.spawnv(os.P_WAIT, sys.executable, command) == 0  # its starter is gone
    limit = time.monotonic() + LIMIT_S
    while not (stack.folder / "worker.ready").exists():
        assert time.monotonic() < limit
        time.sleep(0.02)
    [left] = strays(stack.folder)["worker"]
    stack.run(part)
    fresh = stack.until_part("worker", lambda p: p.state == "running").process
    assert fresh != left
    assert not alive(left)
    assert stack.events()[:3] == ["start worker", "end worker", "start worker"]


def test_a_removed_folder_stops_its_parts(stack: Stack) -> None:
    removed = threading.Event()
    part = stack.part("server")
    supervisor = Supervisor(stack.folder, [part], {}, {}, {}, removed.is_set)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    process = stack.until_part("server", lambda p: p.state == "running").process
    removed.set()
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert not alive(process)


@pytest.mark.parametrize("waits", [True, False])
def test_a_part_that_waits_for_another_is_left_alone_and_a_dead_one_started_anew(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """It is never ready; only one that doesn't even live is killed for that."""
    monkeypatch.setattr(runner, "_STUCK_S", 0.3)
    asked: list[bool] = []

    def lives() -> bool:
        asked.append(waits)
        return waits

    part = replace(stack.part("worker"), ready=lambda: False, healthy=lives)
    stack.run(part)
    limit = time.monotonic() + LIMIT_S
    while len(asked) < 8 and stack.events().count("start worker") < 2:  # 0.1 s between two looks
        assert time.monotonic() < limit
        time.sleep(0.02)
    if waits:
        assert stack.events() == ["start worker"]
        assert part_of(stack.until(lambda _: True), "worker").restarts == 0
    else:
        stack.until_part("worker", lambda p: p.restarts >= 1)
