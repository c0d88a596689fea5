"""Events that wait in memory until Kafka and the registry have answered once; bounded."""

from collections import deque

from producers.envelope import Envelope


class Backlog:
    """First in, first out; holds at most `max_events` and `max_bytes`. Not locked by itself."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._events: deque[Envelope] = deque()
        self._max_events = max_events
        self._room = max_bytes

    def __len__(self) -> int:
        return len(self._events)

    def put(self, envelope: Envelope) -> bool:
        """Return whether there was room."""
        if len(self._events) >= self._max_events or envelope.size > self._room:
            return False
        self._events.append(envelope)
        self._room -= envelope.size
        return True

    def peek(self) -> Envelope:
        """Return the first event, leaving it there. Raises IndexError if there is none."""
        return self._events[0]

    def drop_first(self) -> None:
        """Remove the first event and free its room."""
        self._room += self._events.popleft().size
