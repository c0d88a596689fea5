"""Drain ends when, and only when, every stage has passed what the stage before it wrote."""

from collections.abc import Iterable

import pytest

from deploy.drain import STEPS, Drained, behind_by, drain
from deploy.offsets import Committed, Extent, Partition
from schemas.errors import BrokerDown
from schemas.topics import INPUTS, RAW, Topic

PREFIX = "feedloop."
SECOND = 1.0


WRITES = {
    "redact": ("inference.redacted", "feedback.redacted", "interaction.redacted"),
    "join": ("enriched", "partials"),
    "decide": ("metrics", "actions"),
}


class Flow:
    """A broker with one partition a topic; at each pause every stage moves on by `speed` records.

    What a stage reads, it writes one record of to each topic it writes, and commits both at once.
    """

    def __init__(self, raw: int, speed: dict[str, int] | None = None) -> None:
        self.ends = {topic.name: 0 for inputs in INPUTS.values() for topic in inputs}
        for topic in RAW:
            self.ends[topic.name] = raw
        self.at = {name: {t.name: 0 for t in inputs} for name, inputs in INPUTS.items()}
        self.speed = dict.fromkeys(INPUTS, 2) | (speed or {})
        self.now = 0.0
        self.down = 0  # looks that fail
        self.waiting = 0
        self.due_until = 0.0  # seconds: until then a flush has something left to decide
        self.asked: list[str] = []

    def extents(self, topics: Iterable[Topic]) -> dict[Partition, Extent]:
        self._answer()
        return {Partition(PREFIX + t.name, 0): Extent(0, self.ends[t.name]) for t in topics}

    def committed(self, worker: str) -> dict[Partition, Committed]:
        self._answer()
        self.asked.append(worker)
        due = int(self.now < self.due_until)
        said = f'{{"t": 1, "waiting": {self.waiting}, "due": {due}, "watermark": 1}}'
        note = said if worker == "join" else ""
        return {
            Partition(PREFIX + name, 0): Committed(at, note if name.startswith("inf") else "")
            for name, at in self.at[worker].items()
            if at
        }

    def _answer(self) -> None:
        if self.down:
            self.down -= 1
            raise BrokerDown("away")

    def pause(self, seconds: float) -> None:
        self.now += SECOND
        for name, places in self.at.items():
            for topic, at in places.items():
                step = min(self.speed[name], self.ends[topic] - at)
                places[topic] += step
                for written in WRITES.get(name, ()):
                    self.ends[written] += step

    def run(self, timeout_s: float = 1000) -> Drained:
        return drain(self, timeout_s, clock=lambda: self.now, pause=self.pause)

    def done(self) -> bool:
        return all(self.ends[t] == at for places in self.at.values() for t, at in places.items())


def test_nothing_accepted_is_drained_at_once() -> None:
    flow = Flow(raw=0)
    assert flow.run().done
    assert flow.now == 0


@pytest.mark.parametrize("slow", INPUTS)
def test_it_ends_when_the_slowest_stage_is_through(slow: str) -> None:
    flow = Flow(raw=9, speed={slow: 1})
    result = flow.run()
    assert result.done
    assert flow.done()
    assert result.seconds == flow.now


@pytest.mark.parametrize("stuck", INPUTS)
def test_a_stuck_stage_is_named_with_what_it_has_left(stuck: str) -> None:
    flow = Flow(raw=3, speed={stuck: 0})
    result = flow.run(timeout_s=60)
    assert not result.done
    assert list(result.stuck) == [stuck]
    first = f"{PREFIX}{INPUTS[stuck][0].name}[0]"
    assert result.stuck[stuck][first] == flow.ends[INPUTS[stuck][0].name]
    assert stuck in result.explain()
    assert first in result.explain()


def test_stages_are_looked_at_in_the_order_of_the_flow() -> None:
    flow = Flow(raw=5)
    flow.run()
    order = [name for i, name in enumerate(flow.asked) if name not in flow.asked[:i]]
    assert order == [name for workers in STEPS for name in workers]


def test_what_comes_after_the_call_is_not_waited_for() -> None:
    flow = Flow(raw=5)
    pause = flow.pause

    def pause_and_receive(seconds: float) -> None:
        pause(seconds)
        flow.ends["inference"] += 3  # more than redact can do in a step

    result = drain(flow, 1000, clock=lambda: flow.now, pause=pause_and_receive)
    assert result.done
    assert flow.at["redact"]["inference"] < flow.ends["inference"]


def test_it_says_how_many_signals_wait_for_their_inference() -> None:
    flow = Flow(raw=5)
    flow.waiting = 7
    assert flow.run().waiting == 7


def test_what_a_flush_has_still_to_decide_is_waited_for() -> None:
    """The hot store was away: signals wait for their look-up though all is processed."""
    flow = Flow(raw=5)
    flow.due_until = 30
    assert flow.run().done
    assert flow.now >= 30
    flow.due_until = 1_000
    assert list(flow.run(timeout_s=60).stuck) == ["join"]


def test_a_broker_that_is_away_for_a_while_is_asked_again() -> None:
    flow = Flow(raw=5)
    flow.down = 4
    assert flow.run().done
    assert flow.done()


def test_a_broker_that_is_away_at_the_last_question_is_asked_again() -> None:
    flow = Flow(raw=3)
    flow.waiting = 2

    def away_at_the_end(workers: tuple[str, ...], left: int) -> None:
        flow.down = 3 if workers == STEPS[-1] and not left else 0

    done = drain(flow, 1000, away_at_the_end, clock=lambda: flow.now, pause=flow.pause)
    assert (done.done, done.waiting, flow.down) == (True, 2, 0)


def test_only_the_steps_that_are_named_are_waited_for() -> None:
    flow = Flow(raw=3, speed={"parquet": 0})
    done = drain(flow, 1000, clock=lambda: flow.now, pause=flow.pause, steps=STEPS[:-1])
    assert done.done
    assert "parquet" not in flow.asked


def test_a_broker_that_stays_away_is_an_error() -> None:
    flow = Flow(raw=5)
    flow.down = 10_000
    with pytest.raises(BrokerDown):
        flow.run(timeout_s=10)


def test_progress_counts_down_to_nothing_at_each_step() -> None:
    flow = Flow(raw=4)
    told: dict[tuple[str, ...], list[int]] = {}
    drain(
        flow, 99, lambda w, left: told.setdefault(w, []).append(left), lambda: flow.now, flow.pause
    )
    assert list(told) == list(STEPS)
    for counts in told.values():
        assert counts[-1] == 0
        assert counts == sorted(counts, reverse=True)


def test_records_that_retention_took_are_not_waited_for() -> None:
    empty, some = Partition("a", 0), Partition("a", 1)
    extents = {empty: Extent(9, 9), some: Extent(4, 9)}
    assert behind_by(extents, {}) == {some: 5}
    assert behind_by(extents, {some: Committed(7, "")}) == {some: 2}
    assert behind_by(extents, {some: Committed(10, "")}) == {}


def test_what_was_read_and_not_yet_said_is_left() -> None:
    """An action that waits for its contents has no offset of its own."""
    place = Partition(PREFIX + "partials", 0)
    ends = {place: Extent(0, 10)}
    assert behind_by(ends, {place: Committed(10, '{"t": 1, "unsaid": 2}')}) == {place: 2}
    assert behind_by(ends, {place: Committed(10, '{"t": 1, "unsaid": 0}')}) == {}
    assert behind_by(ends, {place: Committed(10, '{"e": 12}')}) == {}
