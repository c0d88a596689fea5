"""What a fault is: a name, what it does to the running loop, and when it is over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from tests.crash.loop import Loop
from tests.crash.traffic import Sender


@dataclass
class Scene:
    """What a fault may touch: the loop, its own chance, and what it adds to the truth."""

    loop: Loop
    rng: Random
    say: Callable[[str], None]
    sender: Sender
    letters: set[tuple[str, int, int]] = field(default_factory=set)
    """Places (topic, partition, offset) of records that were planted to be set aside."""


class Fault(Protocol):
    """One kind of fault. Only `inflict` knows the loop."""

    @property
    def name(self) -> str:
        """Its name in options and in the table."""

    @property
    def weight(self) -> float:
        """How often it is drawn, relative to the others."""

    def inflict(self, scene: Scene) -> str:
        """Do it; return, in a few words, to whom, once it is over.

        Over means: the fault does nothing more. That all parts work again is waited for by who
        needs it; the next fault may well come before. Raises AssertionError if the loop did not
        do what it promises while it lasted.
        """
