"""A real server for as long as a test or a benchmark needs it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from deploy.local.process import identify, spawn, stop, tail
from deploy.local.server import Server

START_S: Final = 120.0  # of a server on a busy machine; 4 s on a quiet one


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Run `server` until the block ends; nothing of it is left behind but its folder.

    Use it in the main thread: the server dies with the thread that starts it.
    """
    log = server.folder.with_suffix(".log")
    server.prepare()
    process = spawn(server.command(), log, os.environ, die_with_parent=signal.SIGKILL)
    identity = identify(process.pid)
    try:
        limit = time.monotonic() + START_S
        while not server.answers():
            assert process.poll() is None, f"{server.name} ended at once:\n{tail(log, 30)}"
            assert time.monotonic() < limit, f"{server.name} is silent:\n{tail(log, 30)}"
            time.sleep(0.05)
        yield
    finally:
        stop(identity, grace_s=10)
        process.wait()
