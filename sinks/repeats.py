"""Inferences that a service sent twice become one row; pure.

A record is left out if one with the same tenant and inference_id lies among the WINDOW offsets
before it in its partition. What is left out so depends on the topic alone: a batch that is written
again, by whomever, has the same rows. A new owner first reads those offsets again (`refill`).
"""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from sinks.columns import OFFSET
from sinks.tables import INFERENCES, Table

WINDOW: Final = 10_000
"""Offsets of a partition; a service that tries again does so within seconds."""

Key = tuple[str, str]
"""Tenant and inference_id."""


def refill(table: Table) -> int:
    """Return how many offsets before its first batch an owner of `table` must read again."""
    return WINDOW if table is INFERENCES else 0


class Repeats:
    """The inferences among the last offsets of one partition."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._last: dict[Key, int] = {}  # oldest first

    def without(self, rows: pa.Table) -> pa.Table:
        """Return `rows` (ascending by offset, each handed in once) without repeats."""
        keys = zip(rows["tenant_id"].to_pylist(), rows["inference_id"].to_pylist(), strict=True)
        offsets = rows[OFFSET.name].to_pylist()
        first = [self._note(key, at) for key, at in zip(keys, offsets, strict=True)]
        self._forget(offsets)
        return rows if all(first) else rows.filter(pc.equal(pa.array(first), True))

    def _note(self, key: Key, offset: int) -> bool:
        """Note an inference; whether it is none that came within the window before."""
        before = self._last.pop(key, None)
        self._last[key] = offset
        return before is None or offset - before > self._window

    def _forget(self, offsets: Iterable[int]) -> None:
        oldest = max(offsets, default=0) - self._window
        while self._last:
            key, offset = next(iter(self._last.items()))
            if offset >= oldest:
                return
            del self._last[key]
