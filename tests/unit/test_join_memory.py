"""What is remembered of a key, while it is young by event time or by arrival."""

from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.join.clock import Clock
from stream_jobs.join.memory import KeptInference, Memory
from stream_jobs.join.signals import KeptSignal, Signals

WINDOW, HOLD = 100, 10
ENTRIES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 400), st.integers(0, 20)), max_size=40
)


def remembered() -> tuple[Clock, Memory[KeptInference]]:
    clock = Clock(WINDOW, HOLD)
    return clock, Memory(clock)


def entry(event_time: int, arrival: int, offset: int) -> KeptInference:
    return KeptInference(event_time, arrival, offset, offset, "s")


@given(ENTRIES)
def test_what_is_known_depends_on_the_clock_alone(entries: list[tuple[str, int, int]]) -> None:
    """However often `forget` runs, and against a dict that is never tidied."""
    clock, tidy = remembered()
    model: dict[str, KeptInference] = {}
    arrival = 0
    for offset, (key, event_time, passes) in enumerate(entries):
        arrival += passes
        clock.saw(event_time, arrival)
        new = entry(event_time, arrival, offset)
        if tidy.get(key) is None:
            tidy.put(key, new)
        kept = model.get(key)
        if kept is None or not clock.live(kept.event_time, kept.arrival_ms):
            model[key] = new
        if offset % 3 == 0:
            dropped = tidy.forget()
            assert not any(clock.live(old.event_time, old.arrival_ms) for _, old in dropped)
        live = {k: e for k, e in model.items() if clock.live(e.event_time, e.arrival_ms)}
        assert {k: tidy.get(k) for k in "abc" if tidy.get(k)} == live
        first = tidy.first_offset()
        assert all(first is not None and first <= e.offset for e in live.values())


def test_the_edges_of_life() -> None:
    clock, memory = remembered()
    memory.put("a", entry(0, 0, 1))
    clock.saw(WINDOW, HOLD + 1)
    assert memory.get("a") is not None  # by event time, exactly
    clock.saw(WINDOW + 1, 0)
    assert memory.get("a") is None
    clock, memory = remembered()
    memory.put("a", entry(0, 0, 1))
    clock.saw(WINDOW + 1, HOLD)
    assert memory.get("a") is not None  # by arrival, exactly
    assert memory.forget() == []
    clock.saw(0, HOLD + 1)
    assert memory.get("a") is None
    assert [(key, kept.offset) for key, kept in memory.forget()] == [("a", 1)]
    assert (len(memory), memory.first_offset()) == (0, None)


def test_a_key_that_comes_again_after_its_life_is_new_and_dropped_once() -> None:
    clock, memory = remembered()
    memory.put("a", entry(0, 0, 1))
    clock.saw(500, 500)
    memory.put("a", entry(500, 500, 2))
    assert memory.forget() == []  # the old one was replaced
    kept = memory.get("a")
    assert kept is not None
    assert (kept.offset, memory.first_offset()) == (2, 2)


def test_a_signal_that_comes_again_after_its_life_leaves_nothing_of_the_old_one() -> None:
    clock = Clock(WINDOW, HOLD)
    signals = Signals(["t"], clock)
    old = KeptSignal(0, 0, 1, "t", "thumbs", 1, True, None, "old", "s")
    assert signals.add("a", old)
    clock.saw(500, 500)
    assert signals.add("a", old._replace(event_time=500, offset=2, inference_key="new"))
    assert not signals.positive("old", 1_000)
    assert signals.positive("new", 1_000)
