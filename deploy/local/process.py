"""A process of ours: started with its log, known beyond doubt, ended in bounded time.

A pid is used again by the system; a pid with its start time is not. Only such a pair is ever
signalled, so that `down` can't hit a stranger.
"""

import contextlib
import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from deploy.local.state import ProcessId

_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
KILL_WAIT_S: Final = 10.0  # SIGKILL takes effect at once unless the disk hangs


def spawn(
    command: Sequence[str],
    log: Path,
    environ: Mapping[str, str],
    die_with_parent: signal.Signals | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, its output added to `log`.

    With `die_with_parent` the system sends that signal when the *thread* that called this ends,
    however it ends: call it from a thread that lives as long as the process should.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            start_new_session=True,  # Ctrl-C in the terminal is not meant for the parts
            # Safe beside threads: the child makes one system call by a handle made before.
            preexec_fn=_follow_parent(die_with_parent),  # noqa: PLW1509
        )


def _follow_parent(number: signal.Signals | None) -> Callable[[], None] | None:
    if number is None or sys.platform != "linux":
        return None
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))


def identify(pid: int) -> ProcessId | None:
    """Return who `pid` is now, or None if there is no such process."""
    try:
        return ProcessId(pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def find(process: ProcessId | None) -> psutil.Process | None:
    """Return the process if it still runs (a zombie doesn't)."""
    if process is None or identify(process.pid) != process:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        running = psutil.Process(process.pid)
        if running.status() != psutil.STATUS_ZOMBIE:
            return running
    return None


def alive(process: ProcessId | None) -> bool:
    """Whether the process still runs."""
    return find(process) is not None


def stop(process: ProcessId | None, grace_s: float) -> bool:
    """End the process: SIGTERM, then SIGKILL after `grace_s` seconds; return whether it was gentle.

    A process that is gone already is no error.
    """
    running = find(process)
    if running is None:
        return True
    if _end(running, signal.SIGTERM, grace_s):
        return True
    _end(running, signal.SIGKILL, KILL_WAIT_S)
    return False


def _end(running: psutil.Process, number: signal.Signals, wait_s: float) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        running.send_signal(number)
        return gone(ProcessId(running.pid, running.create_time()), wait_s)
    return True


def gone(process: ProcessId, wait_s: float) -> bool:
    """Wait up to `wait_s` seconds until the process ended; return whether it did."""
    limit = time.monotonic() + wait_s
    while alive(process):
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def size(log: Path) -> int:
    """Return the bytes in a log so far; 0 if there is none."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, lines: int = 5, since: int = 0, max_bytes: int = 8_192) -> str:
    """Return the last lines of a log after byte `since`, without empty ones; "" if none."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, size(log) - max_bytes, 0))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
