"""Which faults come when: drawn from a seed, so that a run can be had again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.crash.faults.fault import Fault

CALM_S: Final = 2.0  # before the first fault
PAUSE_S: Final = 1.5  # between two faults of a lane, on average


@dataclass
class Schedule:
    """The faults of one lane: each kind once in drawn order, then by weight, for ever."""

    seed: str
    faults: Sequence[Fault]

    def __iter__(self) -> Iterator[tuple[float, Fault]]:
        """Yield (seconds to wait, fault)."""
        rng = Random(self.seed)
        each = rng.sample(self.faults, len(self.faults))
        weights = [fault.weight for fault in self.faults]
        wait_s = CALM_S
        while self.faults:
            fault = each.pop() if each else rng.choices(self.faults, weights)[0]
            yield wait_s, fault
            wait_s = rng.expovariate(1 / PAUSE_S)
