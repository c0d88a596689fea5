"""What became of the events of one client, counted; safe to use from any thread."""

import threading
from dataclasses import dataclass
from typing import Literal

Fate = Literal["accepted", "delivered", "failed", "refused", "spilled", "invalid"]


@dataclass(frozen=True, slots=True)
class Stats:
    """Events so far. accepted = delivered + failed + queued, always."""

    accepted: int  # taken into the queue
    delivered: int  # acknowledged by all in-sync replicas
    failed: int  # given up by Kafka, e.g. not authorised
    refused: int  # found the queue full (or the client closed) and were dropped
    spilled: int  # found the queue full and were taken by the overflow
    invalid: int  # raised InvalidRecord
    queued: int  # accepted, their fate still open


class Tally:
    """Counters with a lock; `wait_idle` returns when nothing is queued."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: dict[Fate, int] = {
            "accepted": 0,
            "delivered": 0,
            "failed": 0,
            "refused": 0,
            "spilled": 0,
            "invalid": 0,
        }
        self._waiting = 0

    def add(self, fate: Fate) -> int:
        """Count one event; return how many met this fate so far."""
        with self._changed:
            self._counts[fate] += 1
            if self._waiting and not self._queued():
                self._changed.notify_all()
            return self._counts[fate]

    def take_back(self) -> None:
        """Undo one `accepted`: it was counted first, then found no room."""
        with self._changed:
            self._counts["accepted"] -= 1
            if self._waiting and not self._queued():
                self._changed.notify_all()

    def stats(self) -> Stats:
        """Return all counts at one moment."""
        with self._changed:
            return Stats(**self._counts, queued=self._queued())

    def wait_idle(self, timeout_s: float) -> int:
        """Wait until nothing is queued, at most `timeout_s`; return how many still are."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._queued(), timeout_s)
            finally:
                self._waiting -= 1
            return self._queued()

    def _queued(self) -> int:
        counts = self._counts
        return counts["accepted"] - counts["delivered"] - counts["failed"]
