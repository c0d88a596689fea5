"""What a sink has read of one partition and which batch comes next."""

from sinks.intents import Source
from sinks.partition import Limits, Partition
from sinks.tables import SIGNALS

LIMITS = Limits(rows=10, bytes=1_000, linger_s=0.0)


def test_a_batch_begins_where_the_group_was_last_committed() -> None:
    """An idle sink commits past the markers of transactions; the next batch moved it back again."""
    partition = Partition(Source("enriched", "id", 0), SIGNALS, next=0)
    partition.add((0, 0, b"record"), control=False, now_s=0.0)
    partition.written(partition.cut(LIMITS).end, now_s=0.0)
    partition.reached_end(2)  # offset 1 is a marker
    assert partition.finished == 2
    partition.passed(2)
    partition.add((2, 0, b"record"), control=False, now_s=1.0)
    assert (partition.cut(LIMITS).start, partition.finished) == (2, None)
