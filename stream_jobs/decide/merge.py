"""Partials of all join partitions merged; a window closes when every partition has said so.

A partition no longer holds windows open once it said `flush` (until it says more), or once it has
been silent for the idle limit by the wall clock. Windows close in the order of their starts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import HEARTBEAT_MS, LONG_AGO, WindowKey


class Progress(msgspec.Struct, array_like=True):
    """What one join partition has said."""

    heard_ms: int  # wall clock
    watermark: int = LONG_AGO
    flushed: bool = False
    still_ms: int = 0  # wall clock for which it has said that nothing comes


class MergeState(msgspec.Struct, array_like=True):
    """A snapshot of `Merge`."""

    closed_until: int
    partitions: list[Progress]
    windows: list[tuple[int, WindowKey, dict[str, Any]]]


class Merge:
    """Open windows over all partitions."""

    def __init__(self, window_ms: int, idle_timeout_ms: int) -> None:
        self.window_ms = window_ms
        self.idle_timeout_ms = idle_timeout_ms
        self.closed_until = LONG_AGO
        self.partitions: list[Progress] = []
        self._windows: dict[int, dict[WindowKey, Sums]] = {}

    def hear(self, record: Mapping[str, Any], now_ms: int) -> Progress:
        """Note that a partition spoke; return its progress."""
        number: int = record["partition"]
        while len(self.partitions) < max(record["partitions"], number + 1):
            self.partitions.append(Progress(now_ms))
        progress = self.partitions[number]
        if record["kind"] != "closed" or record["watermark"] > progress.watermark:
            progress.still_ms = 0
        else:  # a sign of life without news; what passed while nobody read them doesn't count
            progress.still_ms += max(0, min(now_ms - progress.heard_ms, 2 * HEARTBEAT_MS))
        progress.heard_ms = max(progress.heard_ms, now_ms)
        return progress

    def quiet_until(self, now_ms: int) -> int:
        """Return the event time up to which nothing has come, by the word of all partitions.

        Silent joins say so now and then: event time goes on as fast as the wall clock meanwhile.
        Windows don't close by it. A join that says nothing at all isn't a silent product.
        """
        times = [
            p.watermark + p.still_ms
            for p in self.partitions
            if not p.flushed and now_ms - p.heard_ms < self.idle_timeout_ms
        ]
        return max(self.closed_until, min(times, default=LONG_AGO))

    def add(self, start: int, key: WindowKey, sums: Sums) -> bool:
        """Merge sums into a window, which may keep them; False if it has been closed."""
        if start + self.window_ms <= self.closed_until:
            return False
        keys = self._windows.setdefault(start, {})
        if key in keys:
            keys[key].merge(sums)
        else:
            keys[key] = sums
        return True

    @property
    def flushed(self) -> bool:
        """Whether every partition has said `flush` and nothing since."""
        return bool(self.partitions) and all(p.flushed for p in self.partitions)

    def ready(self, now_ms: int) -> Iterator[tuple[int, dict[WindowKey, Sums]]]:
        """Yield windows that close now, oldest first, each with its sums by key."""
        bound = self._bound(now_ms)
        for start in sorted(self._windows):
            if start + self.window_ms > bound:
                break
            yield start, self._windows.pop(start)
        self.closed_until = max(self.closed_until, bound)

    def _bound(self, now_ms: int) -> int:
        """Return the last window end that nobody holds open."""
        if not self.partitions:
            return LONG_AGO
        holding = [p for p in self.partitions if not p.flushed]
        if not holding:
            return max(self._windows, default=self.closed_until - self.window_ms) + self.window_ms
        awake = [p.watermark for p in holding if now_ms - p.heard_ms < self.idle_timeout_ms]
        if not awake:
            return self.closed_until
        bound = min(awake)
        return bound - bound % self.window_ms if bound > LONG_AGO else bound

    def state(self) -> MergeState:
        """Return a snapshot."""
        windows = [
            (start, key, sums.to_state())
            for start, keys in sorted(self._windows.items())
            for key, sums in sorted(keys.items())
        ]
        return MergeState(self.closed_until, self.partitions, windows)

    def restore(self, state: MergeState) -> None:
        """Take a snapshot."""
        self.closed_until, self.partitions = state.closed_until, state.partitions
        for start, key, sums in state.windows:
            self._windows.setdefault(start, {})[WindowKey(*key)] = Sums.from_state(sums)
