"""Looks at every process once in a while: memory, file handles, threads, checkpoint."""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import psutil

from deploy.local.part import health
from deploy.local.state import PartState
from tests.crash.loop import Loop

EVERY_S: Final = 2.0
MIB: Final = 2**20


class Sample(NamedTuple):
    """What was seen of one process at one moment, seconds after the first look."""

    seconds: float
    values: dict[str, float]


class Sampler:
    """Samples in a thread of its own, from `start` to `finish`; a new process begins anew."""

    def __init__(self, loop: Loop) -> None:
        self.samples: defaultdict[str, list[Sample]] = defaultdict(list)
        """By part: those of the process that ran last."""
        self.most: defaultdict[str, dict[str, float]] = defaultdict(dict)
        """By part: the largest value of each measure, of all processes."""
        self._loop = loop
        self._pids: dict[str, int] = {}
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            for part in self._loop.parts():
                self._look(part)

    def _look(self, part: PartState) -> None:
        if part.process is None:
            return
        try:
            values = measures(part)
        except psutil.NoSuchProcess:
            return
        if self._pids.get(part.name) != part.process.pid:
            self._pids[part.name] = part.process.pid
            self.samples[part.name].clear()
        self.samples[part.name].append(Sample(time.monotonic() - self._begun, values))
        most = self.most[part.name]
        most.update({name: max(value, most.get(name, 0.0)) for name, value in values.items()})


def measures(part: PartState) -> dict[str, float]:
    """Return resident MiB, open handles, threads, and of a stage the KiB of its checkpoint."""
    assert part.process is not None
    process = psutil.Process(part.process.pid)
    with process.oneshot():
        values = {
            "memory, MiB": process.memory_info().rss / MIB,
            "handles": float(process.num_fds()),
            "threads": float(process.num_threads()),
        }
    told = health(part.health_port) if part.health_port else None
    if told is not None and "checkpoint_bytes" in told:
        values["checkpoint, KiB"] = told["checkpoint_bytes"] / 1024
    return values


class Trend(NamedTuple):
    """How a measure moved after warm-up: its mean, and what it would add in half an hour."""

    mean: float
    growth: float  # in 30 minutes, by the line of least squares
    doubt: float  # two standard errors of it


HALF_HOUR_S: Final = 1_800.0
LEAST: Final = 10  # samples for a line


def trend(points: Sequence[tuple[float, float]]) -> Trend | None:
    """Return the trend of (seconds, value) points, None if there are too few; pure.

    Neighbouring points hang together, so the doubt is that of the means of ten stretches.
    """
    if len(points) < LEAST:
        return None
    size = len(points) / LEAST
    groups = [points[round(n * size) : round((n + 1) * size)] for n in range(LEAST)]
    xs = [sum(x for x, _ in group) / len(group) for group in groups]
    ys = [sum(y for _, y in group) / len(group) for group in groups]
    x0, y0 = sum(xs) / LEAST, sum(ys) / LEAST
    spread = sum((x - x0) ** 2 for x in xs)
    slope = sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - y0 - slope * (x - x0)) ** 2 for x, y in zip(xs, ys, strict=True))
    error = (rest / (LEAST - 2) / spread) ** 0.5
    return Trend(y0, slope * HALF_HOUR_S, 2 * error * HALF_HOUR_S)


ALLOWED: Final = {"memory, MiB": 0.10, "handles": 0.05, "threads": 0.05, "checkpoint, KiB": 0.25}
"""Growth in half an hour, as a share of the mean, that is taken for none."""
LITTLE: Final = {"memory, MiB": 20.0, "handles": 4.0, "threads": 4.0, "checkpoint, KiB": 16.0}
"""The same in absolute terms."""


def grows(measure: str, found: Trend) -> bool:
    """Whether the trend is growth beyond doubt, and more than is allowed; pure."""
    allowed = max(ALLOWED[measure] * found.mean, LITTLE[measure])
    return found.growth - found.doubt > allowed
