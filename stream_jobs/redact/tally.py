"""How many values of each type this process replaced so far; never the values."""

import threading
from collections import Counter
from typing import Any


class Tally:
    """Counts by type since the process started; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, counts: Counter[str]) -> None:
        """Count what was replaced in one record."""
        if counts:
            with self._lock:
                self._counts.update(counts)

    def report(self) -> dict[str, Any]:
        """Return {"redactions": {type: count}} as the health endpoint tells it."""
        with self._lock:
            return {"redactions": dict(sorted(self._counts.items()))}
