"""Plays simulated traffic in real time: as fast as it can, at a rate, or sped up by a factor."""

import time
from collections.abc import Callable, Iterable, Iterator

from producers.world.session import Timed


def paced(
    events: Iterable[Timed],
    *,
    speed: float | None = None,
    rate: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Timed]:
    """Yield each event when it is due; at once if neither `speed` nor `rate` is given.

    `speed`: arrival times pass this many times as fast as the clock (100: an hour in 36 s).
    `rate`: so many events a second, whatever their arrival times. An event that is overdue is
    yielded at once; none is left out.
    """
    begun = clock()
    first_ms: int | None = None
    for number, event in enumerate(events):
        if first_ms is None:
            first_ms = event.arrival_ms
        due = begun
        if rate is not None:
            due += number / rate
        elif speed is not None:
            due += (event.arrival_ms - first_ms) / 1000 / speed
        wait = due - clock()
        if wait > 0:
            sleep(wait)
        yield event
