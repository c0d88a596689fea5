"""Flushes of one partition number: all that waits is decided now, all open windows are closed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.topics import INFERENCE_REDACTED, REDACTED
from stream_jobs.join.heads import Control

FLUSH_PATIENCE_MS: Final = 10_000  # how long a flush holds its partition up for look-ups


@dataclass(frozen=True)
class Flush:
    """A flush under way: it ends when nothing waits any more, or at `until_ms`.

    A hot store that is away must not stop the partition: what still waits then is decided when the
    store answers, also after a restart.
    """

    id: str
    topic: str
    offset: int
    until_ms: int


class Flushes:
    """Control records seen of each flush, the flush under way, and what earlier ones left to do."""

    def __init__(self, seen: Mapping[str, Iterable[str]], left: Mapping[str, int]) -> None:
        self._seen = {id_: set(topics) for id_, topics in seen.items()}
        self._unasked = dict(left)
        self.now: Flush | None = None
        self.left = dict(left)
        """Topic → waiting signals before this offset are to be decided, whenever they can be."""

    def take(self, control: Control, now_ms: int) -> bool:
        """Note a control record; whether its flush begins: every topic has brought it."""
        seen = self._seen.setdefault(control.id, set())
        seen.add(control.topic)
        if len(seen) < len(REDACTED):
            return False
        until_ms = now_ms + FLUSH_PATIENCE_MS
        self.now = Flush(control.id, control.topic, control.offset, until_ms)
        return True

    def end(self, left: Mapping[str, int]) -> None:
        """End the flush under way; `left` is what it was to decide."""
        assert self.now is not None
        del self._seen[self.now.id]
        self.now = None
        self.left = dict(left)

    @property
    def comes_with_inferences(self) -> bool:
        """Whether one is on its way that inferences have brought already."""
        return any(INFERENCE_REDACTED.name in topics for topics in self._seen.values())

    def unasked(self) -> Iterator[tuple[str, int]]:
        """Yield, once after a restart, what was left to decide: (topic, offset)."""
        asked, self._unasked = self._unasked, {}
        yield from asked.items()

    def snapshot(self) -> dict[str, list[str]]:
        """Return {flush: topics that brought it}."""
        return {id_: sorted(topics) for id_, topics in self._seen.items()}
