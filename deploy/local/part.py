"""What the supervisor knows of a part before it runs: data, no behaviour of its own."""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.local.ports import HOST

FATAL_EXIT: Final = 1  # a worker's exit code for: a person must act, don't start me again
_ANSWER_S: Final = 5.0


@dataclass(frozen=True)
class Part:
    """One process of the stack.

    `layer`: parts of a layer start together once all of the layer below are ready, and stop
    before it. `adopt`: a supervisor that finds it running keeps it; otherwise it starts it anew.
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool]  # whether it does its work now; may take seconds, never raises
    healthy: Callable[[], bool] | None = None  # asked once it is ready; None: `ready` again
    environ: Mapping[str, str] = field(default_factory=dict)
    layer: int = 0
    grace_s: float = 20.0  # between SIGTERM and SIGKILL
    adopt: bool = False
    fatal_exit: int | None = None
    health_port: int = 0
    prepare: Callable[[], None] = lambda: None  # before each start; raises FeedloopError


def health(port: int) -> dict[str, Any] | None:
    """Return what GET /health of a worker says, or None if it doesn't answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/health")
        report: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    else:
        return report
    finally:
        connection.close()


def works(port: int) -> bool:
    """Whether a worker is at work."""
    report = health(port)
    return report is not None and report.get("state") == "running"


def lives(port: int) -> bool:
    """Whether a worker is at work, or waits for a part that is away."""
    report = health(port)
    return report is not None and report.get("healthy") is True
