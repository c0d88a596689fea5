"""What was read of one partition and not yet written, and when to write it; pure.

Positions: `next` is the first offset that the store doesn't hold; `promised` the last offset of a
batch whose intent is committed; `read_to` the first offset not yet read, past transaction markers
when the end of the partition was seen; `reads_from` where reading starts, at or before `next`.
"""

from dataclasses import dataclass, field

from sinks.decode import Raw
from sinks.intents import Source
from sinks.repeats import Repeats
from sinks.tables import Table


@dataclass(frozen=True)
class Limits:
    """When a batch is due: as soon as one of these is reached."""

    rows: int
    bytes: int
    linger_s: float


@dataclass(frozen=True)
class Cut:
    """One batch: offsets `start` to `end`, both inclusive, and its records without controls."""

    start: int
    end: int
    raws: list[Raw]


@dataclass
class Partition:
    """Buffer of one partition. Records come in by `add` and leave by `cut` and `written`."""

    source: Source
    table: Table
    next: int
    promised: int | None = None
    committed: int = -1  # offset of the last commit without intent; -1: none by this owner
    read_to: int = 0
    since_s: float = 0.0  # when the oldest record that waits came in
    size: int = 0
    reads_from: int | None = None  # before `next`: those records are only known again
    repeats: Repeats = field(default_factory=Repeats)
    _before: list[Raw] = field(default_factory=list)
    _raws: list[Raw] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)  # offsets seen, controls too

    def __post_init__(self) -> None:
        if self.reads_from is None:
            self.reads_from = self.next
        self.read_to = max(self.read_to, self.reads_from)

    def add(self, raw: Raw, *, control: bool, now_s: float) -> None:
        """Take in the next record; one that was read before is ignored."""
        offset, _, body = raw
        if offset < self.read_to:
            return
        if offset < self.next:
            self.read_to = offset + 1
            if not control:
                self._before.append(raw)
            return
        if not self._ends:
            self.since_s = now_s
        self._ends.append(offset)
        self.read_to = offset + 1
        if not control:
            self._raws.append(raw)
            self.size += len(body or b"")

    def take_before(self) -> list[Raw]:
        """Return, once, the records before `next` that were read to be known again."""
        before, self._before = self._before, []
        return before

    def reached_end(self, offset: int) -> None:
        """Note that all before `offset` has been read (markers of transactions included)."""
        self.read_to = max(self.read_to, offset)

    def due(self, limits: Limits, now_s: float) -> bool:
        """Return whether a batch should be written now."""
        if not self._ends:
            return False
        if self.promised is not None:
            return self.read_to > self.promised
        full = len(self._ends) >= limits.rows or self.size >= limits.bytes
        return full or now_s - self.since_s >= limits.linger_s

    def cut(self, limits: Limits) -> Cut:
        """Return the batch to write: the promised one, else what is there, up to the limits.

        The records stay until `written`, so that the batch can be tried again.
        """
        end = self._end(limits) if self.promised is None else self.promised
        return Cut(self.next, end, [raw for raw in self._raws if raw[0] <= end])

    def _end(self, limits: Limits) -> int:
        return self._ends[min(limits.rows, len(self._ends)) - 1]

    def written(self, end: int, now_s: float) -> None:
        """Forget the records up to `end`: the store holds them."""
        self.next, self.promised, self.since_s = end + 1, None, now_s
        self.read_to = max(self.read_to, self.next)
        self._ends = [offset for offset in self._ends if offset > end]
        self._raws = [raw for raw in self._raws if raw[0] > end]
        self.size = sum(len(raw[2] or b"") for raw in self._raws)

    def passed(self, offset: int) -> None:
        """Note that `offset` is committed without intent: the next batch begins there, not before.

        Transaction markers lie in between; a batch that began at them would move the group back.
        """
        self.committed = offset
        self.next = max(self.next, offset)

    @property
    def waiting(self) -> int:
        """How many records were read and not yet written."""
        return len(self._ends)

    @property
    def finished(self) -> int | None:
        """The offset to commit without intent, if that says something new: all before is done."""
        if self.promised is not None:
            return None
        done = self.next if self._ends else max(self.next, self.read_to)
        return done if done > self.committed else None
