"""When a session has been abandoned; pure.

A session is abandoned when its last inference got no positive signal and no `session_end` came
within `gap_ms` of event time. What is open depends only on the inferences read and on the
watermark, so reading them again after a restart brings it back.
"""

import heapq
from typing import Final, NamedTuple

FAR: Final = 2**62


class Abandoned(NamedTuple):
    """A session whose gap has passed, its last inference, and when that was."""

    session_key: str
    inference_key: str
    event_time: int


class Sessions:
    """Open sessions of one partition. `floor`: inferences before this offset are decided."""

    def __init__(self, gap_ms: int, floor: int = 0) -> None:
        self._gap_ms = gap_ms
        self.floor = floor
        self._last: dict[str, tuple[int, str]] = {}  # session → event time, inference
        self._open: dict[str, int] = {}  # session → event time of its last inference
        self._timers: list[tuple[int, str]] = []

    def inference(
        self, session_key: str, inference_key: str, event_time: int, offset: int, watermark_ms: int
    ) -> None:
        """Take an inference; one that is older than the gap opens nothing."""
        last = self._last.get(session_key)
        if last is not None and last[0] > event_time:
            return
        self._last[session_key] = (event_time, inference_key)
        if event_time + self._gap_ms > watermark_ms and offset >= self.floor:
            self._open[session_key] = event_time
            heapq.heappush(self._timers, (event_time + self._gap_ms, session_key))

    def latest(self, session_key: str) -> tuple[int, str] | None:
        """Return (event time, key) of the session's latest inference that is remembered."""
        return self._last.get(session_key)

    def forget(self, session_key: str, inference_key: str) -> None:
        """Forget that `inference_key` was the latest of its session."""
        last = self._last.get(session_key)
        if last is not None and last[1] == inference_key:
            del self._last[session_key]

    def next_due_ms(self) -> int:
        """Return the event time at which the next gap may have passed."""
        return self._timers[0][0] if self._timers else FAR

    def due(self, watermark_ms: int) -> list[Abandoned]:
        """Return the sessions whose gap has passed, in order; each once."""
        gone = []
        while self._timers and self._timers[0][0] <= watermark_ms:
            due_ms, session_key = heapq.heappop(self._timers)
            if self._open.get(session_key) == due_ms - self._gap_ms:
                gone.append(self._close(session_key))
        return gone

    def all_open(self, floor: int) -> list[Abandoned]:
        """Return every open session as if its gap had passed; what lies before `floor` is done."""
        self.floor = floor
        order = sorted(self._open, key=lambda key: (self._open[key], key))
        return [self._close(session_key) for session_key in order]

    def _close(self, session_key: str) -> Abandoned:
        event_time = self._open.pop(session_key)
        return Abandoned(session_key, self._last[session_key][1], event_time)

    def __len__(self) -> int:
        return len(self._open)
