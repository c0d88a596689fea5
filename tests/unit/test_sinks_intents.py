"""Intents and the buffer of one partition: a batch is the same for every owner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CorruptStateError
from sinks.intents import Committed, Source, from_metadata, to_metadata, token
from sinks.partition import Cut, Limits, Partition
from sinks.tables import SIGNALS

SOURCE = Source("feedloop.enriched", "uuid", 3)
LIMITS = Limits(rows=4, bytes=1_000, linger_s=1.0)


def partition(next_offset: int = 0, promised: int | None = None) -> Partition:
    return Partition(SOURCE, SIGNALS, next_offset, promised=promised)


def feed(buffer: Partition, offsets: range | list[int], now_s: float = 0.0) -> None:
    for offset in offsets:
        buffer.add((offset, 0, b"x"), control=False, now_s=now_s)


def test_metadata_comes_back() -> None:
    assert from_metadata(SOURCE, 5, to_metadata(9)) == Committed(5, 9)
    assert from_metadata(SOURCE, 5, to_metadata(None)) == Committed(5)
    assert from_metadata(SOURCE, 5, None) == Committed(5)


@pytest.mark.parametrize("metadata", ["{", "[]", "{}", '{"e": "9"}', '{"e": 4}', '{"e": true}'])
def test_foreign_metadata_is_fatal_and_says_what_to_do(metadata: str) -> None:
    with pytest.raises(CorruptStateError, match=r"enriched\[3\].*`feedloop recover clickhouse`"):
        from_metadata(SOURCE, 5, metadata)


def test_a_topic_made_again_gets_other_names() -> None:
    assert token(SOURCE, 1, 2) == "uuid:3:1:2"
    assert token(Source("feedloop.enriched", "other", 3), 1, 2) != token(SOURCE, 1, 2)


def test_a_batch_is_due_when_full_heavy_or_old() -> None:
    assert not partition().due(LIMITS, 99.0)
    buffer = partition()
    feed(buffer, range(3), now_s=10.0)
    assert not buffer.due(LIMITS, 10.9)
    assert buffer.due(LIMITS, 11.0)
    feed(buffer, [3], now_s=10.5)
    assert buffer.due(LIMITS, 10.5)
    heavy = partition()
    heavy.add((0, 0, b"x" * 1_000), control=False, now_s=0.0)
    assert heavy.due(LIMITS, 0.0)


def test_a_promise_is_cut_to_the_offset_however_much_has_come() -> None:
    buffer = partition(10, promised=12)
    feed(buffer, [10, 11])
    assert not buffer.due(LIMITS, 99.0)
    feed(buffer, [12, 13, 14, 15, 16])
    assert buffer.due(LIMITS, 0.0)
    cut = buffer.cut(LIMITS)
    assert (cut.start, cut.end, [raw[0] for raw in cut.raws]) == (10, 12, [10, 11, 12])


def test_controls_count_as_offsets_but_not_as_records() -> None:
    buffer = partition()
    buffer.add((0, 0, None), control=True, now_s=0.0)
    assert buffer.due(LIMITS, 1.0)
    assert buffer.cut(LIMITS) == Cut(0, 0, [])


def test_what_is_finished_reaches_past_markers_only_when_nothing_waits() -> None:
    buffer = partition(5)
    assert buffer.finished == 5
    feed(buffer, [5, 6])
    buffer.reached_end(8)
    buffer.committed = 5
    assert buffer.finished is None
    buffer.promised = 6
    assert buffer.finished is None
    buffer.written(6, 0.0)
    assert buffer.finished == 8
    buffer.committed = 8
    assert buffer.finished is None


def test_a_record_read_twice_counts_once() -> None:
    buffer = partition(5)
    feed(buffer, [3, 5, 5, 6])
    assert buffer.waiting == 2


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=30),
    st.integers(0, 30),
)
def test_a_new_owner_cuts_the_promised_batch_again(gaps: list[int], first: int) -> None:
    """Whatever is read before the crash and after it, the promised batch has the same records."""
    offsets = [sum(gaps[: at + 1]) for at in range(len(gaps))]
    before = partition()
    feed(before, offsets[: first + 1])
    cut = before.cut(LIMITS)
    after = partition(cut.start, promised=cut.end)
    feed(after, offsets)
    assert after.due(LIMITS, 0.0)
    assert after.cut(LIMITS) == cut
