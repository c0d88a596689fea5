"""Named points at which a test can have this process killed or frozen; without effect otherwise.

`FEEDLOOP_KILL_AT=<point>` kills the process (SIGKILL: no handler, no flush, as a power cut would)
when it reaches that point for the first time, `FEEDLOOP_KILL_AT=<point>:<n>` for the n-th time.
`FEEDLOOP_FREEZE_AT` stops it there (SIGSTOP) until somebody sends SIGCONT.
The environment is read once, at import.

A process that runs already is told by a file: `FEEDLOOP_AMBUSHES` names a folder, and in it a file
called after the part (`join`, `join-2`, …) holds `kill <point>` or `freeze <point>`. The process
that reaches the point removes the file first, so that each file is good for one fault.
"""

import os
import signal
from pathlib import Path
from typing import Final

KILL: Final = "FEEDLOOP_KILL_AT"
FREEZE: Final = "FEEDLOOP_FREEZE_AT"
AMBUSHES: Final = "FEEDLOOP_AMBUSHES"
PART: Final = "FEEDLOOP_STACK_PART"  # `<folder>:<part>`, as the supervisor of a stack sets it
KILLED: Final = "kill"
FROZEN: Final = "freeze"
_DEADLY: Final = {KILLED: signal.SIGKILL, FROZEN: signal.SIGSTOP}


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


class _Orders:
    """Looks at every point whether a file says to end there."""

    def __init__(self, folder: str, part: str) -> None:
        self._file = Path(folder) / part

    def visit(self, point: str) -> None:
        try:
            what, _, where = self._file.read_text().partition(" ")
        except FileNotFoundError:
            return
        if where == point:
            self._file.unlink(missing_ok=True)
            os.kill(os.getpid(), _DEADLY[what])


def _orders() -> tuple[_Orders, ...]:
    folder, part = os.environ.get(AMBUSHES), os.environ.get(PART, "").rpartition(":")[2]
    return (_Orders(folder, part),) if folder and part else ()


_AMBUSHES: Final[tuple[_Ambush | _Orders, ...]] = (
    *(
        _Ambush(variable, deadly)
        for variable, deadly in ((KILL, signal.SIGKILL), (FREEZE, signal.SIGSTOP))
        if os.environ.get(variable)
    ),
    *_orders(),
)


def reach(point: str) -> None:
    """Note that `point` is reached; it is where the process ends if the test says so."""
    for ambush in _AMBUSHES:
        ambush.visit(point)
