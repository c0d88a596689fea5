"""The supervisor's process: `python -m deploy.local.run --data DIR …`, started by `feedloop up`.

SIGTERM stops the stack, SIGUSR1 tries again what has failed.
"""

import argparse
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from msgspec import structs

from deploy.local import state
from deploy.local.layout import Layout
from deploy.local.stack import build, overrides_of
from deploy.local.state import StackState
from deploy.local.supervisor import Supervisor
from schemas.errors import FeedloopError
from schemas.settings import load_settings

RETRY: Final = signal.SIGUSR1


def main(argv: Sequence[str] | None = None) -> None:
    """Supervise one stack until SIGTERM; exit code 1 if it can't even begin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the stack")
    parser.add_argument("--ports", type=json.loads, required=True, help="{part: port} as JSON")
    parser.add_argument("--workers", type=json.loads, required=True, help="names as a JSON list")
    chosen = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    layout = Layout(chosen.data)
    lock = _hold(layout.supervisor_lock)
    try:
        _supervise(layout, chosen.ports, chosen.workers, lock)
    except FeedloopError as error:
        before = state.read(layout.data) or StackState(phase="failed")
        state.write(layout.data, structs.replace(before, phase="failed", message=str(error)))
        sys.exit(f"feedloop: {error}")
    finally:
        lock.close()


def _hold(path: Path) -> IO[str]:
    """Return the open lock file; the system frees the lock when this process ends, however."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"feedloop: another supervisor holds {path}")
    return lock


def is_held(path: Path) -> bool:
    """Whether a live supervisor holds the lock file `path`."""
    if not path.exists():
        return False
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _supervise(layout: Layout, ports: dict[str, int], workers: list[str], lock: IO[str]) -> None:
    overrides = overrides_of(layout, ports, load_settings())
    stack = build(layout, ports, load_settings(overrides=overrides), overrides, workers)
    held = os.fstat(lock.fileno()).st_ino

    def abandoned() -> bool:
        """Whether somebody removed the folder, and perhaps made a new one."""
        path = layout.supervisor_lock
        return not path.exists() or path.stat().st_ino != held

    supervisor = Supervisor(layout.data, stack.parts, stack.setups, ports, overrides, abandoned)
    signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
    signal.signal(signal.SIGINT, lambda *_: supervisor.stop())
    signal.signal(RETRY, lambda *_: supervisor.retry())
    supervisor.run()


if __name__ == "__main__":
    main()
