"""Sums that came after their window had closed, until the detectors see them; pure.

Signals that are looked up come minutes after their window, how many depends on stores, outages and
restarts. So that what the detectors say depends on none of these, they see such sums when event
time is HOLD_MS past the window, between the windows that close then: same data, same alarms.

What comes later than that, a backfill, brings many windows at once, from several join partitions.
They wait until nothing has been added for `settle_ms` of wall clock (at most LONGEST_MS) and then
come oldest first, so that the detectors see yesterday in yesterday's order.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

HOLD_MS: Final = 3_600_000
"""Longer than a signal waits for its inference and any outage that should change nothing."""
SETTLE_MS: Final = 2_000
LONGEST_MS: Final = 60_000

Window = tuple[int, dict[WindowKey, Sums]]
"""Start and sums by key."""
Row = tuple[int, WindowKey, dict[str, Any]]


class LateState(msgspec.Struct, array_like=True):
    """A snapshot of `LateWindows`."""

    touched_ms: int = 0
    past: list[Row] = []
    since_ms: int = 0
    held: list[Row] = []


class LateWindows:
    """Late sums by window and key."""

    def __init__(self, state: LateState | None = None, settle_ms: int = SETTLE_MS) -> None:
        state = state or LateState()
        self._settle_ms = settle_ms
        self._touched_ms, self._since_ms = state.touched_ms, state.since_ms
        self._held, self._past = _by_start(state.held), _by_start(state.past)

    def add(self, start: int, key: WindowKey, sums: Sums, event_ms: int, now_ms: int) -> None:
        """Add sums of the window that starts at `start`; event time has come to `event_ms`."""
        if start + HOLD_MS > event_ms:
            _merge(self._held, start, key, sums)
            return
        if not self._past:
            self._since_ms = now_ms
        self._touched_ms = max(self._touched_ms, now_ms)
        _merge(self._past, start, key, sums)

    def due(self, event_ms: int) -> Iterator[Window]:
        """Yield, oldest first, the windows that event time has passed by HOLD_MS."""
        for start in sorted(self._held):
            if start + HOLD_MS > event_ms:
                return
            yield start, self._held.pop(start)

    def settled(self, now_ms: int, *, flushed: bool) -> Iterator[Window]:
        """Yield, oldest first, what came later than that and has settled; all if `flushed`."""
        if flushed:
            for start in sorted(self._held):
                for key, sums in self._held.pop(start).items():
                    _merge(self._past, start, key, sums)
        quiet = now_ms - self._touched_ms >= self._settle_ms
        if flushed or quiet or now_ms - self._since_ms >= LONGEST_MS:
            for start in sorted(self._past):
                yield start, self._past.pop(start)

    def state(self) -> LateState:
        """Return a snapshot."""
        return LateState(self._touched_ms, _rows(self._past), self._since_ms, _rows(self._held))


def _merge(
    windows: dict[int, dict[WindowKey, Sums]], start: int, key: WindowKey, sums: Sums
) -> None:
    windows.setdefault(start, {}).setdefault(key, Sums()).merge(sums)


def _rows(windows: dict[int, dict[WindowKey, Sums]]) -> list[Row]:
    return [
        (start, key, sums.to_state())
        for start, keys in sorted(windows.items())
        for key, sums in sorted(keys.items())
    ]


def _by_start(rows: list[Row]) -> dict[int, dict[WindowKey, Sums]]:
    windows: dict[int, dict[WindowKey, Sums]] = {}
    for start, key, sums in rows:
        windows.setdefault(start, {})[WindowKey(*key)] = Sums.from_state(sums)
    return windows
