"""Loopback ports: free ones for a first start, the same ones again for the next."""

import random
import socket
from collections.abc import Collection
from typing import Final

from schemas.errors import ConfigError

HOST: Final = "127.0.0.1"
FIRST: Final = 20_000
LAST: Final = 32_000
"""Below the range from which systems take the near end of connections (32768 and up), so that a
part that restarts finds its port free."""


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """Return a free port that is not in `taken`; raises ConfigError if there is none."""
    choice = random.SystemRandom()  # two processes that choose at once choose differently
    for port in choice.sample(range(FIRST, LAST), LAST - FIRST):
        if port not in taken and is_free(port):
            return port
    raise ConfigError(f"no free port between {FIRST} and {LAST} on {HOST}: stop something")


def accepts(port: int, timeout_s: float = 0.5) -> bool:
    """Whether something listens on `port` of the loopback."""
    try:
        socket.create_connection((HOST, port), timeout_s).close()
    except OSError:
        return False
    return True
