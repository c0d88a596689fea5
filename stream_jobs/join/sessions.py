"""When a session has been abandoned; pure.

A session is abandoned when its last inference got no positive signal and no `session_end` came
within `gap_ms` of event time. In a bulk load hours of event time arrive within a second and the
topics run apart by minutes, so `hold_ms` must pass by arrival, too. What is open depends only on
the inferences read and on the two clocks, so reading them again after a restart brings it back.
"""

import heapq
from typing import Final, NamedTuple

FAR: Final = 2**62


class Abandoned(NamedTuple):
    """A session whose gap has passed, its last inference, and when that was."""

    session_key: str
    inference_key: str
    event_time: int


class _Last(NamedTuple):
    event_time: int
    arrival_ms: int
    inference_key: str


class Sessions:
    """Open sessions of one partition. `floor`: inferences before this offset are decided."""

    def __init__(self, gap_ms: int, hold_ms: int, floor: int = 0) -> None:
        self._gap_ms = gap_ms
        self._hold_ms = hold_ms
        self.floor = floor
        self._last: dict[str, _Last] = {}
        self._open: dict[str, _Last] = {}
        self._timers: list[tuple[int, str, _Last]] = []  # by event time
        self._holds: list[tuple[int, str, _Last]] = []  # by arrival, once the gap has passed

    def __len__(self) -> int:
        return len(self._open)

    def inference(
        self,
        session_key: str,
        inference_key: str,
        times: tuple[int, int],
        offset: int,
        clocks: tuple[int, int],
    ) -> None:
        """Take an inference; `times` and `clocks` are (event, arrival) of it and of the partition.

        One whose gap and hold have both passed opens nothing: it has been decided.
        """
        last = _Last(*times, inference_key)
        known = self._last.get(session_key)
        if known is not None and known.event_time > last.event_time:
            return
        self._last[session_key] = last
        due_ms = last.event_time + self._gap_ms
        passed = due_ms <= clocks[0] and last.arrival_ms + self._hold_ms <= clocks[1]
        if not passed and offset >= self.floor:
            self._open[session_key] = last
            heapq.heappush(self._timers, (due_ms, session_key, last))

    def latest(self, session_key: str) -> tuple[int, str] | None:
        """Return (event time, key) of the session's latest inference that is remembered."""
        last = self._last.get(session_key)
        return None if last is None else (last.event_time, last.inference_key)

    def forget(self, session_key: str, inference_key: str) -> None:
        """Forget that `inference_key` was the latest of its session."""
        last = self._last.get(session_key)
        if last is not None and last.inference_key == inference_key:
            del self._last[session_key]

    def next_due(self) -> tuple[int, int]:
        """Return the event time and the arrival time at which something may be due."""
        return (
            self._timers[0][0] if self._timers else FAR,
            self._holds[0][0] if self._holds else FAR,
        )

    def due(self, event_ms: int, arrival_ms: int) -> list[Abandoned]:
        """Return the sessions whose gap and hold have passed, in order; each once."""
        while self._timers and self._timers[0][0] <= event_ms:
            _, session_key, last = heapq.heappop(self._timers)
            heapq.heappush(self._holds, (last.arrival_ms + self._hold_ms, session_key, last))
        gone = []
        while self._holds and self._holds[0][0] <= arrival_ms:
            _, session_key, last = heapq.heappop(self._holds)
            if self._open.get(session_key) == last:
                gone.append((last.event_time, session_key))
        return [self._close(session_key) for _, session_key in sorted(gone)]

    def all_open(self, floor: int) -> list[Abandoned]:
        """Return every open session as if its gap had passed; what lies before `floor` is done."""
        self.floor = floor
        order = sorted(self._open, key=lambda key: (self._open[key], key))
        return [self._close(session_key) for session_key in order]

    def _close(self, session_key: str) -> Abandoned:
        last = self._open.pop(session_key)
        return Abandoned(session_key, last.inference_key, last.event_time)
