"""What has been read and waits to be processed: queues in step, offsets, what only refills memory.

A restart reads again from the rewind offsets: below `upto` a record only refills memory, and
nothing new is taken before every topic has been read that far. An inference that was read once
is known to be whole: of its head only a part is decoded then.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from schemas.topics import INFERENCE_REDACTED
from stream_jobs.align import Aligner
from stream_jobs.join.again import Again, read_again
from stream_jobs.join.heads import Broken, Control, Event, read
from stream_jobs.join.watermark import NEVER
from stream_jobs.stage import Chunk, Inbound, Restored, SchemaOf

Item = Event | Control | Broken


class Inbox:
    """The input side of one partition number."""

    def __init__(
        self,
        topics: Sequence[str],
        restored: Restored,
        wait_ms: int,
        schema_of: SchemaOf,
        broken: Sequence[int] | None = None,
    ) -> None:
        """`broken`: what `broken_from` told at the checkpoint, None if nobody knows."""
        self._schema_of = schema_of
        self._known = None if broken is None else frozenset(broken)
        self._broken = list(broken or ())
        self._aligner: Aligner[Item] = Aligner(topics, wait_ms)
        self._upto = {topic: restored.next.get(topic, 0) for topic in topics}
        self._positions = dict(self._upto)
        self._done = dict(self._upto)
        self._at_end = dict.fromkeys(topics, False)
        self._held = dict.fromkeys(topics, 0)
        self._refilling = {
            topic for topic in topics if restored.rewind.get(topic, 0) < self._upto[topic]
        }

    def put(self, chunk: Chunk, now_ms: int) -> list[Item | Again]:
        """Queue a chunk; return the records of it that only refill memory."""
        topic, upto = chunk.topic, self._upto[chunk.topic]
        refill: list[Item | Again] = []
        queued: list[tuple[int, Item]] = []
        for record in chunk.records:
            if record.offset < upto:
                again = self._again(topic, record)
                if again is not None:
                    refill.append(again)
            else:
                item = read(topic, record, self._schema_of)
                event_time = item.head["event_time"] if isinstance(item, Event) else NEVER
                self._held[topic] += item.size
                queued.append((event_time, item))
        self._positions[topic] = max(chunk.position, self._positions[topic])
        self._at_end[topic] = chunk.at_end
        if chunk.position >= upto:
            self._refilling.discard(topic)
        self._aligner.put(topic, queued, at_end=chunk.at_end, now_ms=now_ms)
        return refill

    def _again(self, topic: str, record: Inbound) -> Item | Again | None:
        """Return what `record` was when it was read before, None if nothing is to be remembered."""
        if topic == INFERENCE_REDACTED.name and self._known is not None:
            if record.offset in self._known or record.value is None:
                return None
            return read_again(record, self._schema_of)
        item = read(topic, record, self._schema_of)
        if not isinstance(item, Broken):
            return item
        self._note(item)
        return None

    def _note(self, item: Broken) -> None:
        if item.topic == INFERENCE_REDACTED.name:
            self._broken.append(item.offset)

    def broken_from(self, offset: int) -> list[int]:
        """Return the inferences that can't be read, of those taken from `offset` on."""
        del self._broken[: bisect_left(self._broken, offset)]
        return self._broken

    def take(self, now_ms: int) -> Iterator[Item]:
        """Yield what is in step; the caller may stop at any item."""
        for _, item in self._aligner.take(now_ms):
            yield self._taken(item)

    def take_from(self, topic: str) -> Iterator[Item]:
        """Yield the items of one topic, out of step; the caller may stop at any item."""
        return map(self._taken, self._aligner.take_from(topic))

    def _taken(self, item: Item) -> Item:
        self._done[item.topic] = item.offset + 1
        self._held[item.topic] -= item.size
        if isinstance(item, Broken):
            self._note(item)
        return item

    @property
    def refilling(self) -> bool:
        """Whether memory is not yet what it was at the checkpoint."""
        return bool(self._refilling)

    @property
    def silent(self) -> bool:
        """Whether everything has been read and taken."""
        return all(self._at_end.values()) and not any(map(self._aligner.queued, self._held))

    def held(self, topic: str) -> int:
        """Return how many bytes of `topic` wait."""
        return self._held[topic]

    def taken_to(self, topic: str) -> int:
        """Return the offset after the last item of `topic` that was taken."""
        return self._done[topic]

    def next_offsets(self) -> dict[str, int]:
        """Return, per topic, the first offset not yet taken; unchanged while memory refills."""
        if self._refilling:
            return dict(self._upto)
        following = {}
        for topic, position in self._positions.items():
            head = self._aligner.head(topic)
            following[topic] = position if head is None else head.offset
        return following
