"""Runs one sink as `feedloop worker` does: python -m tests.conformance.worker NAME."""

import logging
import signal
import sys
import threading

from schemas.errors import FatalError, FeedloopError
from schemas.health import Health
from schemas.settings import load_settings
from sinks.run import run_sink


def main(name: str) -> int:
    """Return the exit code: 0 stopped, 1 a person must act, 2 start again."""
    logging.basicConfig(level=logging.INFO)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        run_sink(name, load_settings(), Health(name), stop)
    except FatalError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except FeedloopError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
