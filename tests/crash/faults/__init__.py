"""Every fault by its name: a new one is a class in a file of this folder, and a line here."""

from typing import Final

from tests.crash.faults.fault import Fault
from tests.crash.faults.freeze import FreezeAtPoint, FreezeSomewhere
from tests.crash.faults.kill import KillAtPoint, KillBoth, KillSomewhere
from tests.crash.faults.rebalance import JoinAndLeave, RollingRestart

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        KillSomewhere(),
        KillBoth(),
        KillAtPoint(),
        FreezeSomewhere(),
        FreezeAtPoint(),
        JoinAndLeave(),
        RollingRestart(),
    )
}
