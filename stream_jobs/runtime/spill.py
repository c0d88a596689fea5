"""Bodies of the join: the youngest in memory up to a bound, older ones in files without a name.

What is asked for is mostly young, so the files are written and hardly read. They are made nameless:
nothing is left behind when the process is killed, and after a restart the topic is read again.
"""

import os
import tempfile
from array import array
from bisect import bisect_right
from typing import IO, Final

from schemas.errors import SinkDown
from stream_jobs.join.bodies import InMemory

WRITE_BYTES: Final = 1 << 20  # moved at once
SEGMENT_BYTES: Final = 64 << 20  # of one file; it is freed when all in it is forgotten


class _Segment:
    """One file of bodies, numbered from `first` on."""

    def __init__(self, first: int, folder: str) -> None:
        self.first = first
        self._file: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - lives as long as we do
            prefix="feedloop-join-", dir=folder or None, buffering=0
        )
        self._ends = array("Q")

    @property
    def end(self) -> int:
        """The number after the last one."""
        return self.first + len(self._ends)

    @property
    def size(self) -> int:
        return self._ends[-1] if self._ends else 0

    def append(self, bodies: list[bytes]) -> None:
        data = memoryview(b"".join(bodies))
        at = self.size
        while data:
            written = os.pwrite(self._file.fileno(), data, at)
            data, at = data[written:], at + written
        for body in bodies:
            self._ends.append(self.size + len(body))

    def get(self, number: int) -> bytes:
        at = number - self.first
        start = self._ends[at - 1] if at else 0
        return os.pread(self._file.fileno(), self._ends[at] - start, start)

    def close(self) -> None:
        self._file.close()


class Spill:
    """Bodies (`join.bodies.Bodies`) of one partition; at most `max_bytes` of them in memory."""

    def __init__(self, max_bytes: int, folder: str = "") -> None:
        """`folder`: where the files are; empty: the system's folder for temporary files."""
        self._max_bytes, self._folder = max_bytes, folder
        self._young = InMemory()
        self._young_bytes = 0
        self._segments: list[_Segment] = []

    def add(self, body: bytes) -> int:
        """Keep `body`; return its number. Raises SinkDown if the disk has no room."""
        number = self._young.add(body)
        self._young_bytes += len(body)
        if self._young_bytes > self._max_bytes:
            self._move()
        return number

    def get(self, number: int) -> bytes:
        """Return the body `number`."""
        if number >= self._young.first_number:
            return self._young.get(number)
        at = bisect_right(self._segments, number, key=lambda segment: segment.first)
        return self._segments[at - 1].get(number)

    def forget(self, before: int) -> None:
        """Let go of all numbers below `before`."""
        while self._segments and self._segments[0].end <= before:
            self._segments.pop(0).close()
        while self._young.first_number < min(before, self._young.next_number):
            self._young_bytes -= len(self._young.get(self._young.first_number))
            self._young.forget(self._young.first_number + 1)

    def _move(self) -> None:
        first = self._young.first_number
        oldest = self._young.take(min(WRITE_BYTES, self._max_bytes))
        self._young_bytes -= sum(map(len, oldest))
        try:
            self._segment(first).append(oldest)
        except OSError as error:
            raise SinkDown(
                f"the join's buffer has no place in {self._folder or tempfile.gettempdir()}: "
                f"{error.strerror}. Make room, name another folder (FEEDLOOP_JOIN_SPILL_DIR), or "
                "give it more memory (FEEDLOOP_JOIN_BUFFER_BYTES)"
            ) from error

    def _segment(self, first: int) -> _Segment:
        last = self._segments[-1] if self._segments else None
        if last is None or last.end != first or last.size >= SEGMENT_BYTES:
            last = _Segment(first, self._folder)
            self._segments.append(last)
        return last
