"""What the join remembers, each entry with the offset to read it again from; pure.

Values are tuples of atoms, which the cyclic garbage collector stops tracking. Entries
are forgotten in the order of arrival; one that is no longer live counts as forgotten even while a
live one before it keeps it in the queue, so what is known depends on the clock alone.
"""

from collections import deque
from typing import Generic, NamedTuple, Protocol, TypeVar

from stream_jobs.join.clock import Clock


class KeptInference(NamedTuple):
    """An inference in the buffer; `body` is its number among the bodies."""

    event_time: int
    arrival_ms: int
    offset: int
    body: int
    session_key: str


class Entry(Protocol):
    """What every remembered value tells."""

    @property
    def event_time(self) -> int:
        """Event time, ms."""

    @property
    def arrival_ms(self) -> int:
        """Arrival time, ms."""

    @property
    def offset(self) -> int:
        """Where to read it again."""


Kept = TypeVar("Kept", bound=Entry)


class Memory(Generic[Kept]):
    """Live entries by key, oldest arrival first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Kept] = {}
        self._order: deque[tuple[str, int, int, int]] = deque()  # key, event, arrival, offset

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: str, entry: Kept) -> Kept | None:
        """Remember `entry`, whose key has no live one; return what was dropped for it."""
        outlived = self._entries.get(key)
        self._entries[key] = entry
        self._order.append((key, entry.event_time, entry.arrival_ms, entry.offset))
        return outlived

    def get(self, key: str) -> Kept | None:
        """Return the live entry of `key`."""
        entry = self._entries.get(key)
        if entry is None or not self._clock.live(entry.event_time, entry.arrival_ms):
            return None
        return entry

    def forget(self) -> list[tuple[str, Kept]]:
        """Drop what is no longer live at the front; return what was dropped."""
        dropped = []
        live = self._clock.live
        while self._order and not live(self._order[0][1], self._order[0][2]):
            key, _, _, offset = self._order.popleft()
            entry = self._entries.get(key)
            if entry is not None and entry.offset == offset:
                dropped.append((key, self._entries.pop(key)))
        return dropped

    def first_offset(self) -> int | None:
        """Return the offset to read again from to remember all this; None if there is nothing."""
        return self._order[0][3] if self._order else None
