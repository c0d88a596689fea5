"""The bodies of remembered inferences, by number in the order of arrival.

The logic asks for a body by its number; where it lies is not its business (runtime/spill.py keeps
only the youngest in memory). Numbers are forgotten from the oldest on.
"""

from typing import Protocol


class Bodies(Protocol):
    """Keeps bodies until they are forgotten."""

    def add(self, body: bytes) -> int:
        """Keep `body`; return its number, one more than the one before."""
        ...

    def get(self, number: int) -> bytes:
        """Return the body `number`, which was kept and isn't forgotten."""
        ...

    def forget(self, before: int) -> None:
        """Let go of all numbers below `before`."""


class InMemory:
    """All bodies in memory (`Bodies`)."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._first = 0  # number of the first one in the list
        self._gone = 0  # how many at the front of the list are forgotten

    def __len__(self) -> int:
        return len(self._bodies) - self._gone

    @property
    def next_number(self) -> int:
        """The number of the next body."""
        return self._first + len(self._bodies)

    @property
    def first_number(self) -> int:
        """The number of the oldest body that is kept."""
        return self._first + self._gone

    def add(self, body: bytes) -> int:
        """Keep `body`; return its number."""
        self._bodies.append(body)
        return self.next_number - 1

    def get(self, number: int) -> bytes:
        """Return the body `number`."""
        return self._bodies[number - self._first]

    def take(self, size: int) -> list[bytes]:
        """Forget the oldest bodies, as many as have `size` bytes together; return them."""
        end, taken = self._gone, 0
        while end < len(self._bodies) and taken < size:
            taken += len(self._bodies[end])
            end += 1
        oldest = self._bodies[self._gone : end]
        self.forget(self._first + end)
        return oldest

    def forget(self, before: int) -> None:
        """Let go of all numbers below `before`."""
        end = min(before - self._first, len(self._bodies))
        if end > self._gone:
            self._bodies[self._gone : end] = [b""] * (end - self._gone)
            self._gone = end
        if self._gone > len(self._bodies) // 2:  # now and then, so that each costs little
            del self._bodies[: self._gone]
            self._first += self._gone
            self._gone = 0
