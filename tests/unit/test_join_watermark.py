"""The watermark never moves back; in silence it goes on as fast as the wall clock, to a bound."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.join.watermark import NEVER, Watermark

LATE = 60
IDLE = 30
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("saw"), st.integers(0, 10_000)),
        st.tuples(st.just("wait"), st.integers(0, 100)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=50,
)


@given(MOVES, st.integers(0, 500))
def test_it_never_moves_back(moves: list[tuple[str, int]], room: int) -> None:
    watermark, now = Watermark(LATE, IDLE), 1_000
    for verb, number in moves:
        before, largest = watermark.at_ms, watermark.largest_ms
        if verb == "saw":
            watermark.heard(now)
            watermark.saw(number)
            assert watermark.at_ms >= number - LATE
        elif verb == "wait":
            now += number
            moved = watermark.idle(now, largest + room)
            assert moved == (watermark.at_ms > before)
            assert watermark.at_ms <= max(before, largest + room)
        else:  # what is in the checkpoint, and a first fetch
            watermark = Watermark(LATE, IDLE, watermark.at_ms, watermark.largest_ms)
            watermark.heard(now)
        assert watermark.at_ms >= before


@dataclass(frozen=True)
class Case:
    """A record dated 1000 is heard at wall clock 5000; then all is silent."""

    name: str
    silent_ms: int
    at_ms: int
    until_ms: int = 10_000


CASES = [
    Case("not yet idle", IDLE - 1, 1000 - LATE),
    # event time goes on from where the data stopped: 940 + what has passed
    Case("idle", IDLE, 1000 - LATE + IDLE),
    Case("at wall speed", 500, 1000 - LATE + 500),
    Case("to its bound", 5_000, 1_200, until_ms=1_200),
    Case("a bound behind it holds it where it is", 500, 1000 - LATE, until_ms=900),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_silence(case: Case) -> None:
    watermark = Watermark(LATE, IDLE)
    watermark.heard(5_000)
    watermark.saw(1_000)
    moved = watermark.idle(5_000 + case.silent_ms, case.until_ms)
    assert (watermark.at_ms, moved) == (case.at_ms, case.at_ms != 1000 - LATE)


def test_a_partition_that_has_seen_nothing_stays_so() -> None:
    watermark = Watermark(LATE, IDLE)
    assert not watermark.idle(10**12, 10**12)
    assert watermark.at_ms == NEVER


def test_a_file_of_old_events_after_a_pause_is_not_late() -> None:
    """The pause moved event time by its own length only, never to now."""
    watermark = Watermark(LATE, IDLE)
    watermark.heard(5_000_000)
    watermark.saw(1_000)
    watermark.idle(5_000_200, 10_000)
    assert watermark.at_ms == 1_140
    watermark.heard(5_000_200)
    watermark.saw(1_150)
    assert watermark.at_ms == 1_140
