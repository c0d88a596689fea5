"""Which topic is next: tables of cases, and what holds however the records come in."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.align import Aligner

NOW = 1_000_000
PAST = 100  # event times this small lie far in the past: such records wait
LIVE = NOW - 5_000  # and these are live
WAIT = 500


@dataclass(frozen=True)
class Put:
    """`items` (event times) of `topic` arrive `at` ms after NOW."""

    topic: str
    items: list[int]
    at_end: bool = True
    at: int = 0


@dataclass(frozen=True)
class Case:
    """After `given`, `take` at NOW + `at` yields `taken`, as topic + event time."""

    name: str
    given: list[Put]
    taken: list[str]
    at: int = 0


CASES = [
    # a: 1   3   5        in step by event time; at a tie the topic being read goes on
    # b:   2 3 4
    Case(
        "in step",
        [Put("a", [1, 3, 5]), Put("b", [2, 3, 4])],
        # then a5 waits: b has said that it is at its end, but only just
        ["a1", "b2", "b3", "a3", "b4"],
    ),
    # a: 1 2 …            b has not said anything yet
    # b: ?
    Case("a topic that is silent is waited for", [Put("a", [1, 2])], []),
    Case("also for live records", [Put("a", [LIVE])], []),
    # a: 1                b has more on the broker: it may be earlier
    # b: …
    Case(
        "a topic with more to come is waited for", [Put("a", [1]), Put("b", [], at_end=False)], []
    ),
    # b: |end|……………|end|   known to be empty a while after a's record came: nothing earlier comes
    # a:      1
    Case(
        "a record of the past waits until the other topic stayed empty",
        [Put("a", [1]), Put("b", [], at=WAIT)],
        ["a1"],
        at=WAIT,
    ),
    Case("not a millisecond less", [Put("a", [1]), Put("b", [], at=WAIT - 1)], [], at=WAIT),
    Case(
        "time alone is no proof: the broker must say so",
        [Put("a", [1]), Put("b", [])],
        [],
        at=60 * WAIT,
    ),
    Case("a live record does not wait", [Put("a", [LIVE]), Put("b", [])], [f"a{LIVE}"]),
    # a: 1 |500 ms| 2     the second came later: its wait is its own
    Case(
        "each record waits from its own arrival",
        [Put("a", [1]), Put("a", [2], at=WAIT), Put("b", [], at=WAIT)],
        ["a1"],
        at=WAIT,
    ),
    Case(
        "within a topic the order stays, whatever the event times",
        [Put("a", [9, 1, 5]), Put("b", [4, 6])],
        ["b4", "b6"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_order(case: Case) -> None:
    aligner: Aligner[str] = Aligner(["a", "b"], WAIT)
    for put in case.given:
        items = [(event_time, f"{put.topic}{event_time}") for event_time in put.items]
        aligner.put(put.topic, items, at_end=put.at_end, now_ms=NOW + put.at)
    assert [item for _, item in aligner.take(NOW + case.at)] == case.taken


def test_what_is_not_taken_stays_queued() -> None:
    aligner: Aligner[int] = Aligner(["a", "b"], WAIT)
    for topic in ("a", "b"):
        aligner.put(topic, [(LIVE, 0), (LIVE, 1)], at_end=True, now_ms=NOW)
    assert next(aligner.take(NOW)) == ("a", 0)
    assert (aligner.queued("a"), aligner.queued("b")) == (1, 2)
    assert (aligner.head("a"), aligner.head("b")) == (1, 0)
    assert list(aligner.take(NOW)) == [("a", 1), ("b", 0), ("b", 1)]
    assert aligner.head("a") is None


TOPICS = ("a", "b", "c")
CHUNKS = st.lists(
    st.tuples(
        st.sampled_from(TOPICS),
        st.lists(st.one_of(st.integers(0, 50), st.integers(NOW, NOW + 50)), max_size=4),
        st.booleans(),
        st.integers(0, 2 * WAIT),  # ms that pass
        st.integers(0, 5),  # how many the caller takes before it stops
    ),
    max_size=30,
)


@given(CHUNKS)
def test_order_per_topic_is_kept_and_nothing_is_lost(
    chunks: list[tuple[str, list[int], bool, int, int]],
) -> None:
    aligner: Aligner[int] = Aligner(TOPICS, WAIT)
    sent: dict[str, list[int]] = {topic: [] for topic in TOPICS}
    taken: dict[str, list[int]] = {topic: [] for topic in TOPICS}
    now = NOW
    for topic, times, at_end, passes, most in chunks:
        now += passes
        numbers = range(len(sent[topic]), len(sent[topic]) + len(times))
        sent[topic].extend(numbers)
        aligner.put(topic, list(zip(times, numbers, strict=True)), at_end=at_end, now_ms=now)
        for _, (name, item) in zip(range(most), aligner.take(now), strict=False):
            taken[name].append(item)
    for topic in TOPICS:  # at last all are known to be at their ends, and stay there
        aligner.put(topic, [], at_end=True, now_ms=now + 2 * WAIT)
    for name, item in aligner.take(now + 2 * WAIT):
        taken[name].append(item)
    assert taken == sent
    assert not any(map(aligner.queued, TOPICS))


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_sorted_topics_come_out_sorted(a: list[int], b: list[int]) -> None:
    aligner: Aligner[int] = Aligner(("a", "b"), WAIT)
    for topic, times in (("a", sorted(a)), ("b", sorted(b))):
        aligner.put(topic, [(time, time) for time in times], at_end=True, now_ms=NOW)
        aligner.put(topic, [], at_end=True, now_ms=NOW + WAIT)
    assert [time for _, time in aligner.take(NOW + WAIT)] == sorted(a + b)
