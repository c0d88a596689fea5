"""Seeded product traffic with known answers: `Traffic` gives the records, `truth` what is true.

    traffic = simulate("demo", seed=7, events=7_500, start_ms=start_ms)
    for arrival_ms, kind, fields in traffic:
        ...                             # send `fields` as an event of type `kind`
    traffic.truth.count("matched")      # complete at the end

Pure: no clock, no environment; the same arguments give the same records, byte for byte. Records
come in the order of arrival; memory holds only what has not arrived yet.
"""

import heapq
from collections.abc import Iterator
from random import Random
from typing import Final

from producers.world.model import (
    MINUTE_MS,
    BadDocument,
    InputShift,
    Problem,
    PromptRegression,
    World,
)
from producers.world.outcome import conditions
from producers.world.scenarios import SCENARIOS
from producers.world.session import ENOUGH, Session, Timed
from producers.world.truth import Expected, Truth
from schemas.errors import ConfigError

TAIL_MS: Final = 90 * MINUTE_MS
"""No record is dated later than the world's duration and this after the start."""
SLACK: Final = 1.1  # sessions may take this share of the duration, if they turn out short
TRIAL: Final = 200  # sessions measured beforehand to pace the real ones


class Traffic:
    """The records of `world`, exactly `events` of them, in the order of arrival. Read it once."""

    def __init__(self, world: World, seed: int, events: int, start_ms: int) -> None:
        self.world = world
        self.truth = Truth(seed, start_ms)
        self.truth.expected_actions = [_expected(p, world, start_ms) for p in world.problems]
        self._seed = seed
        self._events = events
        self._start_ms = start_ms

    @property
    def last_ms(self) -> int:
        """Return a time after which no record is dated or arrives."""
        return self._start_ms + int(self.world.duration_ms * SLACK) + TAIL_MS

    def __iter__(self) -> Iterator[Timed]:
        """Yield each record as it arrives."""
        rng = Random(self._seed)
        slot_ms = self._slot_ms()
        pending: list[tuple[int, int, Timed]] = []
        made = number = 0
        while made < self._events:
            start_ms = self._start_ms + int((number + rng.random()) * slot_ms)
            while pending and pending[0][0] < start_ms:
                yield heapq.heappop(pending)[2]
            room = self._events - made
            session = self._session(rng, self.truth, start_ms)
            made_now = session.whole(room) if room >= ENOUGH else session.bare()
            for event in made_now:
                made += 1
                heapq.heappush(pending, (event.arrival_ms, made, event))
            number += 1
        while pending:
            yield heapq.heappop(pending)[2]

    def _session(self, rng: Random, truth: Truth, start_ms: int) -> Session:
        segments = self.world.segments
        segment = rng.choices(segments, [s.weight for s in segments])[0]
        at = (start_ms - self._start_ms) / self.world.duration_ms
        holds = conditions(self.world, rng, segment, at)
        end_ms = self._start_ms + self.world.duration_ms
        return Session(self.world, rng, truth, holds, start_ms, end_ms)

    def _slot_ms(self) -> float:
        """Return the time between two sessions that spreads the events over the duration."""
        rng, scratch = Random(self._seed ^ 0x5EED), Truth(0, 0)
        trial = [self._session(rng, scratch, self._start_ms) for _ in range(TRIAL)]
        size = sum(len(session.whole(self._events)) for session in trial) / TRIAL
        return self.world.duration_ms / max(self._events / size, 1.0)


def simulate(scenario: str, seed: int, events: int, start_ms: int) -> Traffic:
    """Return the traffic of a scenario of SCENARIOS. Raises ConfigError if there is none such."""
    if scenario not in SCENARIOS:
        raise ConfigError(f"no scenario {scenario!r}; known: {', '.join(SCENARIOS)}")
    return Traffic(SCENARIOS[scenario](), seed, events, start_ms)


def _expected(problem: Problem, world: World, start_ms: int) -> Expected:
    from_ms = start_ms + int(problem.at * world.duration_ms)
    name, kinds, names = _remedy(problem)
    return Expected(name, kinds, problem.tenant_id, problem.segment, names, from_ms)


def _remedy(problem: Problem) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Return a problem's name, the kinds of action that answer it, and what they must name."""
    match problem:
        case PromptRegression():
            named = {"prompt_version": problem.prompt_version}
            return "prompt_regression", ("prompt_tuning", "rollback"), named
        case BadDocument():
            return "bad_document", ("rag_reindex",), {"doc_id": problem.doc_id}
        case InputShift():
            return "input_shift", ("retrain", "alert", "review"), {}
