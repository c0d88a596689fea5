"""Every fault by its name: a new one is a class in a file of this folder, and a line here."""

from typing import Final

from tests.crash.faults.broker import KillBroker, PauseBroker, RestartBrokerInCommit
from tests.crash.faults.damage import DamageCheckpoint, DamageLedger
from tests.crash.faults.fault import Fault
from tests.crash.faults.freeze import FreezeAtPoint, FreezeSomewhere
from tests.crash.faults.kill import KillAtPoint, KillBoth, KillSomewhere
from tests.crash.faults.poison import Poison
from tests.crash.faults.rebalance import JoinAndLeave, RollingRestart
from tests.crash.faults.registry import RegistryAway
from tests.crash.faults.stores import DiskFull, FreezeStore, KillStore, StoreAway

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
        Poison(),
        KillBroker(),
        PauseBroker(),
        RestartBrokerInCommit(),
        KillStore(),
        FreezeStore(),
        StoreAway(),
        DiskFull(),
        RegistryAway(),
        DamageCheckpoint(),
        DamageLedger(),
    )
}

QUICK: Final = [
    fault
    for fault in FAULTS.values()
    if not isinstance(fault, (PauseBroker, StoreAway, RegistryAway, DamageCheckpoint, DamageLedger))
]
"""Those that are over in seconds: what the short form draws from."""
