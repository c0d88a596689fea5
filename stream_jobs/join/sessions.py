"""When a session has been abandoned; pure.

A session is abandoned when its last inference got no positive signal and no `session_end` came
within `gap_ms` of event time; an inference is a last one if no other follows within the gap. In a
bulk load hours of event time arrive within a second and the topics run apart by minutes, so
`hold_ms` must pass by arrival, too. What is open depends only on the inferences read and on the
two clocks, so reading them again after a restart brings it back.
"""

import bisect
import heapq
from typing import Final, NamedTuple

FAR: Final = 2**62


class Abandoned(NamedTuple):
    """A session whose gap has passed, its last inference, and when that was."""

    session_key: str
    inference_key: str
    event_time: int


class _Answer(NamedTuple):
    """An inference of a session; ordered by event time."""

    event_time: int
    inference_key: str
    session_key: str
    arrival_ms: int


class Sessions:
    """Open sessions of one partition. `floor`: inferences before this offset are decided."""

    def __init__(self, gap_ms: int, hold_ms: int, floor: int = 0) -> None:
        self._gap_ms = gap_ms
        self._hold_ms = hold_ms
        self.floor = floor
        self._answers: dict[str, list[_Answer]] = {}  # by session, in order of event time
        self._open: dict[str, _Answer] = {}  # by inference
        self._timers: list[tuple[int, _Answer]] = []  # by event time
        self._holds: list[tuple[int, _Answer]] = []  # by arrival, once the gap has passed

    def __len__(self) -> int:
        return len(self._open)

    def inference(
        self,
        session_key: str,
        inference_key: str,
        times: tuple[int, int],
        offset: int,
        clocks: tuple[int, int],
    ) -> None:
        """Take an inference; `times` and `clocks` are (event, arrival) of it and of the partition.

        One whose gap and hold have both passed opens nothing: it has been decided.
        """
        answer = _Answer(times[0], inference_key, session_key, times[1])
        bisect.insort(self._answers.setdefault(session_key, []), answer)
        due_ms = answer.event_time + self._gap_ms
        passed = due_ms <= clocks[0] and answer.arrival_ms + self._hold_ms <= clocks[1]
        if not passed and offset >= self.floor:
            self._open[inference_key] = answer
            heapq.heappush(self._timers, (due_ms, answer))

    def latest(self, session_key: str) -> tuple[int, str] | None:
        """Return (event time, key) of the session's latest inference that is remembered."""
        answers = self._answers.get(session_key)
        return None if answers is None else answers[-1][:2]

    def forget(self, session_key: str, inference_key: str, event_time: int) -> None:
        """Forget an inference; the time doesn't grow with what is left of its session."""
        answers = self._answers.get(session_key, [])
        at = bisect.bisect_left(answers, (event_time, inference_key))
        if at < len(answers) and answers[at].inference_key == inference_key:
            del answers[at]
        if not answers:
            self._answers.pop(session_key, None)

    def next_due(self) -> tuple[int, int]:
        """Return the event time and the arrival time at which something may be due."""
        return (
            self._timers[0][0] if self._timers else FAR,
            self._holds[0][0] if self._holds else FAR,
        )

    def due(self, event_ms: int, arrival_ms: int) -> list[Abandoned]:
        """Return the sessions whose gap and hold have passed, in order; each once."""
        while self._timers and self._timers[0][0] <= event_ms:
            _, answer = heapq.heappop(self._timers)
            heapq.heappush(self._holds, (answer.arrival_ms + self._hold_ms, answer))
        passed = []
        while self._holds and self._holds[0][0] <= arrival_ms:
            passed.append(heapq.heappop(self._holds)[1])
        return self._decide(passed)

    def all_open(self, floor: int) -> list[Abandoned]:
        """Return every open session as if its gap had passed; what lies before `floor` is done."""
        self.floor = floor
        return self._decide(list(self._open.values()))

    def _decide(self, answers: list[_Answer]) -> list[Abandoned]:
        """Return the last answers among `answers`: those with no other within the gap."""
        gone = []
        for answer in sorted(answers):
            still_open = self._open.pop(answer.inference_key, None) is not None
            if still_open and not self._followed(answer):
                gone.append(Abandoned(answer.session_key, answer.inference_key, answer.event_time))
        return gone

    def _followed(self, answer: _Answer) -> bool:
        answers = self._answers.get(answer.session_key, [])
        after = bisect.bisect_right(answers, answer)
        return after < len(answers) and (
            answers[after].event_time <= answer.event_time + self._gap_ms
        )
