"""Wait until all that was accepted has gone through every stage into both stores.

The wait goes along the flow. At each step the ends of the topics that a stage reads are taken, and
the stage is waited for until it has committed past them. A stage commits its output and its
offsets in one transaction, so once it has passed, all it had to say lies in the next topics, and
their ends are taken only then. Ends count open transactions too: at worst we wait for one more.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from deploy.offsets import Committed, Extent, Partition
from schemas.errors import RetriableError
from schemas.topics import INPUTS, Topic

STEPS: Final = (("redact",), ("join",), ("decide",), ("clickhouse", "parquet"))
"""Who is waited for, in the order of the flow; the two sinks at the same time."""

POLL_S: Final = 0.2
_LISTED: Final = 4  # partitions named in a message


class Positions(Protocol):
    """What drain asks the broker (`deploy.offsets.Offsets`)."""

    def extents(self, topics: tuple[Topic, ...]) -> Mapping[Partition, Extent]:
        """Return what each partition holds."""

    def committed(self, worker: str) -> Mapping[Partition, Committed]:
        """Return what the worker's group has committed."""


@dataclass(frozen=True)
class Drained:
    """How a drain ended.

    `waiting`: signals that nothing decides yet, because their inference may still come.
    `stuck`: {worker: {partition: offsets left}}, empty if all was done.
    """

    waiting: int
    seconds: float
    stuck: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether everything got through."""
        return not self.stuck

    def explain(self) -> str:
        """Return which stage is stuck, where, by how much, and what to do."""
        said = "; ".join(f"{name} has {_listed(left)}" for name, left in self.stuck.items())
        first = next(iter(self.stuck), "")
        return (
            f"not drained after {self.seconds:.0f} s: {said}. Look at `feedloop status` and the "
            f"log of {first}; if it moves on, call drain again with a longer --timeout"
        )


Progress = Callable[[tuple[str, ...], int], None]
"""Told at each look: who is waited for, and how many records they have left."""


def _silent(workers: tuple[str, ...], left: int) -> None:
    """Tell nobody."""


def drain(
    positions: Positions,
    timeout_s: float,
    progress: Progress = _silent,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
    steps: Sequence[tuple[str, ...]] = STEPS,
) -> Drained:
    """Return when every stage has passed what its topics hold, or after `timeout_s` seconds.

    `steps`: who is waited for, if not for all.
    A broker that doesn't answer is asked again until the time is up, then its error is raised.
    """
    start = clock()
    for workers in steps:
        step = _Step(positions, workers)
        while left := step.look():
            progress(workers, step.count)
            if clock() - start >= timeout_s:
                if step.error:
                    raise step.error
                return Drained(_waiting(positions), clock() - start, _named(left))
            pause(POLL_S)
        progress(workers, 0)
    while True:
        try:
            return Drained(_waiting(positions), clock() - start)
        except RetriableError:
            if clock() - start >= timeout_s:
                raise
            pause(POLL_S)


class _Step:
    """One step of the flow: its goal, taken at the first look, and what is left of it."""

    def __init__(self, positions: Positions, workers: tuple[str, ...]) -> None:
        self._positions = positions
        self._workers = workers
        self._goals: dict[str, Mapping[Partition, Extent]] = {}
        self._left: dict[str, dict[Partition, int]] = {name: {} for name in workers}
        self.error: RetriableError | None = None

    def look(self) -> dict[str, dict[Partition, int]]:
        """Return what each worker has left, without those that have nothing left."""
        self.error = None
        try:
            if not self._goals:
                self._goals = {n: self._positions.extents(INPUTS[n]) for n in self._workers}
            self._left = _left(self._positions, self._goals)
        except RetriableError as error:  # what we knew before still stands
            self.error = error
        return self._left

    @property
    def count(self) -> int:
        """How many offsets are left."""
        return sum(sum(parts.values()) for parts in self._left.values())


def _left(
    positions: Positions, goals: Mapping[str, Mapping[Partition, Extent]]
) -> dict[str, dict[Partition, int]]:
    left = {}
    for name, goal in goals.items():
        committed = positions.committed(name)
        behind = behind_by(goal, committed)
        if name == "join":  # what a flush was to decide, while the hot store is away
            behind |= {p: n for p, seen in committed.items() if (n := _noted(seen, "due"))}
        if behind:
            left[name] = behind
    return left


def behind_by(
    extents: Mapping[Partition, Extent], committed: Mapping[Partition, Committed]
) -> dict[Partition, int]:
    """Return {partition: offsets not yet committed}, without those that are done.

    What a stage has read and not yet said (an action that waits for its contents) counts as well.
    """
    behind = {}
    for partition, extent in extents.items():
        seen = committed.get(partition)
        # Without a commit, a partition whose records retention took leaves nothing to do.
        count = extent.end - (extent.start if seen is None else seen.offset)
        count = max(0, count) + _unsaid(seen)
        if count > 0:
            behind[partition] = count
    return behind


def _unsaid(seen: Committed | None) -> int:
    if seen is None or not seen.metadata:
        return 0
    noted = json.loads(seen.metadata)
    return int(noted.get("unsaid", 0)) if isinstance(noted, dict) else 0


def _waiting(positions: Positions) -> int:
    first = INPUTS["join"][0]
    total = 0
    for partition, seen in positions.committed("join").items():
        if partition.topic.endswith(first.name):
            total += _noted(seen, "waiting")
    return total


def _noted(seen: Committed, name: str) -> int:
    """Return a number that the stage has noted with its commit; 0 if it hasn't."""
    return int(json.loads(seen.metadata).get(name, 0)) if seen.metadata else 0


def _named(left: Mapping[str, Mapping[Partition, int]]) -> dict[str, dict[str, int]]:
    return {worker: {str(p): n for p, n in parts.items()} for worker, parts in left.items()}


def _listed(left: Mapping[str, int]) -> str:
    worst = sorted(left.items(), key=lambda item: -item[1])[:_LISTED]
    more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
    return f"{sum(left.values())} offsets left ({', '.join(f'{p}: {n}' for p, n in worst)}{more})"
