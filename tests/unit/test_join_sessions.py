"""Which inference of a session is its last, and when that is known."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.join.sessions import Abandoned, Sessions

GAP, HOLD = 30, 10
LONG = 10**6


class Answer(NamedTuple):
    """An inference of session s, dated `at`, arrived at `arrival`, which lies at `offset`."""

    key: str
    at: int
    arrival: int = 0
    offset: int = 0


def told(sessions: Sessions, *answers: Answer, clocks: tuple[int, int] = (0, 0)) -> Sessions:
    for a in answers:
        sessions.inference("s", a.key, (a.at, a.arrival), a.offset, clocks)
    return sessions


@dataclass(frozen=True)
class Case:
    """At the watermark `event` and the arrival time `arrival`, `gone` are last inferences."""

    name: str
    given: list[Answer]
    event: int
    arrival: int
    gone: list[str]


CASES = [
    Case("within the gap", [Answer("a", 0)], GAP - 1, LONG, []),
    Case("the gap has passed, the hold has not: a bulk load", [Answer("a", 0)], LONG, HOLD - 1, []),
    Case("both have passed", [Answer("a", 0)], GAP, HOLD, ["a"]),
    # a----b              only b is a last one
    Case("followed within the gap", [Answer("a", 0), Answer("b", GAP)], LONG, LONG, ["b"]),
    # a--------- b        a was left for longer than the gap: both are
    Case("followed after it", [Answer("a", 0), Answer("b", GAP + 1)], LONG, LONG, ["a", "b"]),
    Case("whatever came first", [Answer("b", GAP), Answer("a", 0)], LONG, LONG, ["b"]),
    Case("b is not due yet", [Answer("a", 0), Answer("b", GAP + 1)], GAP, LONG, ["a"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_due(case: Case) -> None:
    sessions = told(Sessions(GAP, HOLD), *case.given)
    times = {answer.key: answer.at for answer in case.given}
    expected = [Abandoned("s", key, times[key]) for key in case.gone]
    assert sessions.due(case.event, case.arrival) == expected
    assert sessions.due(case.event, case.arrival) == []  # each once


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50)), max_size=12),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8),
)
def test_however_the_clocks_move_each_last_one_is_told_once(
    answers: list[tuple[int, int]], ticks: list[tuple[int, int]]
) -> None:
    given_ = [Answer(f"i{n}", at, arrival) for n, (at, arrival) in enumerate(answers)]
    sessions = told(Sessions(GAP, HOLD), *given_)
    event = arrival = 0
    gone: list[Abandoned] = []
    for more_event, more_arrival in [*ticks, (LONG, LONG)]:
        event, arrival = event + more_event, arrival + more_arrival
        due = sessions.next_due()
        found = sessions.due(event, arrival)
        assert not found or event >= due[0] or arrival >= due[1]  # nothing comes unannounced
        gone += found
    times = sorted((answer.at, answer.key) for answer in given_)
    last = [
        key
        for n, (at, key) in enumerate(times)
        if n + 1 == len(times) or times[n + 1][0] > at + GAP
    ]
    assert sorted(one.inference_key for one in gone) == sorted(last)
    assert len(sessions) == 0


def test_read_again_after_a_restart_only_the_undecided_are_open() -> None:
    answers = [Answer("a", 0, 0, 1), Answer("b", 50, 40, 2), Answer("c", 90, 60, 3)]
    clocks = 85, 60  # a's gap and hold have passed, b's too, c's not
    sessions = told(Sessions(GAP, HOLD), *answers, clocks=clocks)
    assert [gone.inference_key for gone in sessions.due(LONG, LONG)] == ["c"]


def test_a_flush_decides_all_and_what_lies_before_it_stays_decided() -> None:
    answers = [Answer("a", 0, 0, 1), Answer("b", 90, 0, 2)]
    sessions = told(Sessions(GAP, HOLD), *answers)
    assert [gone.inference_key for gone in sessions.all_open(3)] == ["a", "b"]
    assert sessions.due(LONG, LONG) == []
    restarted = told(Sessions(GAP, HOLD, sessions.floor), *answers, Answer("c", 95, 0, 3))
    assert [gone.inference_key for gone in restarted.due(LONG, LONG)] == ["c"]


def test_the_latest_is_so_by_event_time_among_the_remembered() -> None:
    sessions = told(Sessions(GAP, HOLD), Answer("b", 20), Answer("a", 10))
    assert sessions.latest("s") == (20, "b")
    sessions.forget("s", "b", 20)
    assert sessions.latest("s") == (10, "a")
    sessions.forget("s", "never", 10)
    assert sessions.latest("s") == (10, "a")
    sessions.forget("s", "a", 10)
    assert sessions.latest("s") is None
    sessions.forget("s", "a", 10)


@pytest.mark.timeout(30)
def test_a_session_of_very_many_answers_is_no_burden() -> None:
    """A client that names the same session for ever: forgetting one costs the same as ever."""
    sessions = Sessions(GAP, HOLD)
    for number in range(30_000):
        sessions.inference("s", f"{number:06d}", (number, 0), number, (0, 0))
    for number in range(30_000):
        sessions.forget("s", f"{number:06d}", number)
    assert sessions.latest("s") is None
