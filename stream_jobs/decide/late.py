"""Sums that came after their window had closed, until the detectors have seen them; pure.

A backfill brings many such windows at once, from several join partitions. They are held until
nothing has been added for `settle_ms` of wall clock (or a flush decides), and then handed out
oldest first, so that the detectors see yesterday in yesterday's order.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

SETTLE_MS: Final = 2_000


class LateState(msgspec.Struct, array_like=True):
    """A snapshot of `LateWindows`."""

    touched_ms: int = 0
    windows: list[tuple[int, WindowKey, dict[str, Any]]] = []


class LateWindows:
    """Late sums by window and key."""

    def __init__(self, state: LateState | None = None, settle_ms: int = SETTLE_MS) -> None:
        self._settle_ms = settle_ms
        self._touched_ms = 0
        self._windows: dict[int, dict[WindowKey, Sums]] = {}
        if state is not None:
            self._touched_ms = state.touched_ms
            for start, key, sums in state.windows:
                keys = self._windows.setdefault(start, {})
                keys[WindowKey(*key)] = Sums.from_state(sums)

    def add(self, start: int, key: WindowKey, sums: Sums, now_ms: int) -> None:
        """Add sums of the window that starts at `start`."""
        self._windows.setdefault(start, {}).setdefault(key, Sums()).merge(sums)
        self._touched_ms = max(self._touched_ms, now_ms)

    def due(self, now_ms: int, *, flushed: bool) -> Iterator[tuple[int, dict[WindowKey, Sums]]]:
        """Yield the windows, oldest first, once they have settled or all is flushed."""
        if flushed or now_ms - self._touched_ms >= self._settle_ms:
            for start in sorted(self._windows):
                yield start, self._windows.pop(start)

    def state(self) -> LateState:
        """Return a snapshot."""
        windows = [
            (start, key, sums.to_state())
            for start, keys in sorted(self._windows.items())
            for key, sums in sorted(keys.items())
        ]
        return LateState(self._touched_ms, windows)
