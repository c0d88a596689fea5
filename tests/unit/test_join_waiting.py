"""When a waiting signal is looked up: by event time, by arrival, or after the longest wait."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import FEEDBACK_REDACTED, INTERACTION_REDACTED
from stream_jobs.join.clock import Clock
from stream_jobs.join.heads import Event
from stream_jobs.join.keys import key_in
from stream_jobs.join.state import expand
from stream_jobs.join.waiting import Waiting

F, X = FEEDBACK_REDACTED.name, INTERACTION_REDACTED.name
TTL, HOLD, MAX = 100, 10, 1_000


def signal(offset: int, event_time: int = 0, arrival: int = 0, topic: str = F) -> Event:
    head = {"tenant_id": "t", "event_id": f"e{topic}{offset}", "event_time": event_time}
    return Event(topic, offset, arrival, head, b"", None, 0)


def waiting(*events: tuple[str, Event]) -> Waiting:
    made = Waiting(TTL, HOLD, MAX, most=1_000)
    for key, event in events:
        made.add(key, event)
    return made


@dataclass(frozen=True)
class Case:
    """One signal, dated 50 and arrived at 5, waits; inferences got as far as `event`, `arrival`."""

    name: str
    event: int
    arrival: int
    now: int
    due: list[str] = field(default_factory=list)


CASES = [
    Case("the inference side has not passed it", 50 + TTL - 1, 10**6, 0),
    Case("passed in event time, not in arrival: a backfill", 50 + TTL, 5 + HOLD - 1, 0),
    Case("passed in both", 50 + TTL, 5 + HOLD, 0, ["k"]),
    Case("no inference comes at all: it waits on", -1, -1, 5 + MAX - 1),
    Case("but not for ever", -1, -1, 5 + MAX, ["k"]),
    Case("all reasons at once name it once", 10**6, 10**6, 10**6, ["k"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_due(case: Case) -> None:
    clock = Clock(0, 0, inference_event_ms=case.event, inference_arrival_ms=case.arrival)
    there = waiting(("k", signal(1, event_time=50, arrival=5)))
    assert there.due(clock, case.now) == case.due
    assert there.due(clock, case.now) == []  # it is being looked up
    assert len(there) == 1  # and waits until it is taken


def test_a_flush_asks_for_all_that_is_not_being_looked_up() -> None:
    there = waiting(("a", signal(1)), ("b", signal(2, event_time=500)), ("a", signal(3)))
    clock = Clock(0, 0, inference_event_ms=TTL, inference_arrival_ms=HOLD)
    assert there.due(clock, 0) == ["a"]
    assert there.all_due() == ["b"]
    assert there.all_due() == []


def test_a_key_that_was_taken_is_asked_for_again_when_another_signal_waits() -> None:
    there = waiting(("k", signal(1)))
    assert there.all_due() == ["k"]
    assert [event.offset for event, _ in there.take("k")] == [1]
    there.add("k", signal(2))
    assert there.all_due() == ["k"]


def test_each_stops_waiting_as_it_is_taken() -> None:
    """So a retract sees that what it takes back has not been counted yet."""
    there = waiting(("k", signal(1)), ("k", signal(2)), ("k", signal(7, topic=X)))
    names = [key_in("t", name) for name in (f"e{F}1", f"e{F}2", f"e{X}7")]
    seen = [[there.knows(name) for name in names] for _ in there.take("k")]
    assert seen == [[False, True, True], [False, False, True], [False, False, False]]
    assert list(there.take("k")) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from((F, X)), st.booleans())))
def test_offsets_are_those_that_were_not_taken(moves: list[tuple[str, str, bool]]) -> None:
    there = waiting()
    model: list[tuple[str, str, int]] = []
    for offset, (key, topic, take) in enumerate(moves):
        if take:
            taken = [(event.topic, event.offset) for event, _ in there.take(key)]
            assert taken == [(t, o) for k, t, o in model if k == key]
            model = [place for place in model if place[0] != key]
        else:
            there.add(key, signal(offset, topic=topic))
            model.append((key, topic, offset))
        for name in (F, X):
            left = [o for _, t, o in model if t == name]
            assert list(expand(there.runs().get(name, []))) == left
            assert there.first_offset(name) == min(left, default=None)
        assert len(there) == len(model)
        assert there._runs == sum(map(len, there.runs().values()))


def test_it_is_full_when_there_are_many_or_many_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_jobs.join.waiting.MOST_RUNS", 3)
    many = Waiting(TTL, HOLD, MAX, most=5)
    for offset in range(5):
        assert not many.full
        many.add("k", signal(offset))
    assert many.full
    next(many.take("k"))
    assert not many.full
    gaps = Waiting(TTL, HOLD, MAX, most=100)
    for offset in (0, 2, 4):
        assert not gaps.full
        gaps.add(str(offset), signal(offset))
    assert gaps.full
    gaps.add("late", signal(3))  # closes a gap
    assert not gaps.full


@pytest.mark.timeout(30)
def test_a_hundred_thousand_signals_about_one_answer_are_no_burden() -> None:
    """A client that names the same answer for ever: the work for each stays the same."""
    there = Waiting(TTL, HOLD, MAX, most=10**9)
    clock = Clock(0, 0, inference_event_ms=10**6, inference_arrival_ms=10**6)
    for offset in range(100_000):
        there.add("k", signal(offset))
        there.due(clock, 0)
    assert len(list(there.take("k"))) == 100_000
