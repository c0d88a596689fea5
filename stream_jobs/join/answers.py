"""The inferences that the join remembers: what is known of each, its body, and its session; pure.

All of it can be read again. Here a record costs least: a restart takes hundreds of thousands.
"""

from stream_jobs.join.bodies import Bodies
from stream_jobs.join.clock import Clock
from stream_jobs.join.memory import KeptInference, Memory
from stream_jobs.join.sessions import Sessions
from stream_jobs.join.watermark import Watermark


class Answers:
    """Live inferences of one partition, by key; `sessions` are what they make together."""

    def __init__(
        self, clock: Clock, watermark: Watermark, bodies: Bodies, sessions: Sessions
    ) -> None:
        self._sessions = sessions
        self._clock, self._watermark = clock, watermark
        self._bodies = bodies
        self._memory: Memory[KeptInference] = Memory(clock)

    def __len__(self) -> int:
        return len(self._memory)

    def keep(
        self, key: str, session_key: str, event_time: int, arrival_ms: int, offset: int, body: bytes
    ) -> bool:
        """Remember an inference; False if it was seen before."""
        if self._memory.get(key) is not None:
            return False
        number = self._bodies.add(body)
        outlived = self._memory.put(
            key, KeptInference(event_time, arrival_ms, offset, number, session_key)
        )
        if outlived is not None:
            self._sessions.forget(outlived.session_key, key, outlived.event_time)
        self._sessions.inference(
            session_key,
            key,
            (event_time, arrival_ms),
            offset,
            (self._watermark.at_ms, self._clock.arrival_ms),
        )
        return True

    def body(self, key: str) -> bytes | None:
        """Return the Avro body of the live inference `key`."""
        kept = self._memory.get(key)
        return None if kept is None else self._bodies.get(kept.body)

    def latest_body(self, session_key: str, until_ms: int) -> bytes | None:
        """Return the body of the session's latest inference, unless that is dated after then."""
        latest = self._sessions.latest(session_key)
        if latest is None or latest[0] > until_ms:
            return None
        return self.body(latest[1])

    def forget(self) -> None:
        """Drop what is no longer live."""
        for key, kept in self._memory.forget():
            self._sessions.forget(kept.session_key, key, kept.event_time)
            self._bodies.forget(kept.body + 1)

    def first_offset(self) -> int | None:
        """Return the offset to read again from; None if nothing is remembered."""
        return self._memory.first_offset()
