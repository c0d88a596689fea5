"""Named points at which a test can have this process killed or frozen; without effect otherwise.

`FEEDLOOP_KILL_AT=<point>` kills the process (SIGKILL: no handler, no flush, as a power cut would)
when it reaches that point for the first time, `FEEDLOOP_KILL_AT=<point>:<n>` for the n-th time.
`FEEDLOOP_FREEZE_AT` stops it there (SIGSTOP) until somebody sends SIGCONT.
The environment is read once, at import.
"""

import os
import signal
from typing import Final

KILL: Final = "FEEDLOOP_KILL_AT"
FREEZE: Final = "FEEDLOOP_FREEZE_AT"


class _Ambush:
    """Waits at one point for the n-th visitor."""

    def __init__(self, variable: str, deadly: signal.Signals) -> None:
        self._point, _, nth = os.environ.get(variable, "").partition(":")
        self._left = int(nth or 1)
        self._deadly = deadly

    def visit(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._deadly)


_AMBUSHES: Final = tuple(
    _Ambush(variable, deadly)
    for variable, deadly in ((KILL, signal.SIGKILL), (FREEZE, signal.SIGSTOP))
    if os.environ.get(variable)
)


def reach(point: str) -> None:
    """Note that `point` is reached; it is where the process ends if the environment says so."""
    for ambush in _AMBUSHES:
        ambush.visit(point)
