"""Named points at which a test can have this process killed; without effect otherwise.

`FEEDLOOP_KILL_AT=<point>` kills the process (SIGKILL: no handler, no flush, as a power cut would)
when it reaches that point for the first time, `FEEDLOOP_KILL_AT=<point>:<n>` for the n-th time.
The environment is read once, at import.
"""

import os
import signal
from itertools import count
from typing import Final

VARIABLE: Final = "FEEDLOOP_KILL_AT"

_POINT, _, _NTH = os.environ.get(VARIABLE, "").partition(":")
_WANTED: Final = int(_NTH or 1)
_VISITS: Final = count(1)


def reach(point: str) -> None:
    """Note that `point` is reached; it is where the process ends if the environment says so."""
    if point == _POINT and next(_VISITS) == _WANTED:
        os.kill(os.getpid(), signal.SIGKILL)
