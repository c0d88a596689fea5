"""The join's state as bytes, and offsets as runs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CorruptStateError
from stream_jobs.join.state import VERSION, JoinState, expand, from_bytes, runs, to_bytes

NUMBERS = st.integers(-(2**62), 2**62)


@given(st.sets(st.integers(0, 200)))
def test_runs_and_back(offsets: set[int]) -> None:
    coded = runs(sorted(offsets))
    assert list(expand(coded)) == sorted(offsets)
    ends = [first + count for first, count in coded]
    assert all(end < first for end, (first, _) in zip(ends, coded[1:], strict=False))
    assert all(count > 0 for _, count in coded)


def test_an_outage_is_one_run() -> None:
    assert runs(range(5, 1_000_005)) == [(5, 1_000_000)]
    assert runs([]) == []


@given(
    st.builds(
        JoinState,
        watermark_ms=NUMBERS,
        largest_ms=NUMBERS,
        session_floor=st.integers(0, 2**62),
        waiting=st.dictionaries(st.text(), st.lists(st.tuples(NUMBERS, NUMBERS)), max_size=3),
        flushes=st.dictionaries(st.text(), st.lists(st.text()), max_size=3),
        windows=st.binary(),
    )
)
def test_round_trip(state: JoinState) -> None:
    assert from_bytes(to_bytes(state)) == state


def test_none_is_the_state_before_the_first_record() -> None:
    assert from_bytes(None) == JoinState()


def test_another_version_says_both_and_what_to_do() -> None:
    with pytest.raises(CorruptStateError) as caught:
        from_bytes(to_bytes(JoinState(version=VERSION + 1)))
    said = str(caught.value)
    assert f"version {VERSION + 1}, this feedloop reads {VERSION}" in said
    assert "run the version that wrote it" in said


@pytest.mark.parametrize(
    "data", [b"", b"\xff", to_bytes(JoinState())[:-1], msgspec.msgpack.encode({"surprise": 1})]
)
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptStateError, match="the join's state can't be read"):
        from_bytes(data)
