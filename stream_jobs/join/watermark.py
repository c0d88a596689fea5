"""One watermark per partition: nothing older is expected; it never moves back.

It follows the largest event time seen, `lateness_ms` behind. When every input has been silent for
`idle_timeout_ms`, event time goes on at the speed of the wall clock from where the data stopped:
live streams close their windows, and a file of old events sent after a pause isn't late.
"""

from dataclasses import dataclass
from typing import Final

NEVER: Final = -(2**62)
"""The watermark of a partition that has seen nothing."""


@dataclass
class Watermark:
    """State of the event-time clock of one partition; times in ms."""

    lateness_ms: int
    idle_timeout_ms: int
    at_ms: int = NEVER
    largest_ms: int = NEVER
    heard_ms: int = 0  # wall clock of the last record

    def saw(self, event_time: int) -> None:
        """Take a record's event time."""
        if event_time > self.largest_ms:
            self.largest_ms = event_time
            self.at_ms = max(self.at_ms, event_time - self.lateness_ms)

    def heard(self, now_ms: int) -> None:
        """Note that something arrived at wall-clock time `now_ms`."""
        self.heard_ms = now_ms

    def idle(self, now_ms: int, until_ms: int) -> bool:
        """Let event time go on if all has been silent; at most to `until_ms`. Whether it moved."""
        silent_ms = now_ms - self.heard_ms
        if self.largest_ms == NEVER or silent_ms < self.idle_timeout_ms:
            return False
        at_ms = min(self.largest_ms - self.lateness_ms + silent_ms, until_ms)
        if at_ms <= self.at_ms:
            return False
        self.at_ms = at_ms
        return True
