"""An inference that was sent twice is one row, whoever writes the batch, and from wherever."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sinks.intents import Source
from sinks.partition import Limits, Partition
from sinks.repeats import Repeats
from sinks.tables import INFERENCES

WINDOW = 5
LOGS = st.lists(st.sampled_from("abcd"), max_size=30)
Log = list[tuple[int, str]]


def rows(log: Log) -> pa.Table:
    return pa.table(
        {
            "tenant_id": pa.array(["t"] * len(log), pa.string()),
            "inference_id": pa.array([name for _, name in log], pa.string()),
            "_offset": pa.array([offset for offset, _ in log], pa.int64()),
        }
    )


def kept(repeats: Repeats, log: Log) -> list[int]:
    offsets: list[int] = repeats.without(rows(log))["_offset"].to_pylist()
    return offsets


@given(LOGS, st.integers(1, 7))
def test_rows_are_those_without_the_same_one_in_the_window_before(
    names: list[str], size: int
) -> None:
    log = list(enumerate(names))
    repeats = Repeats(WINDOW)
    found = [o for at in range(0, len(log), size) for o in kept(repeats, log[at : at + size])]
    assert found == [at for at, name in log if name not in names[max(0, at - WINDOW) : at]]


@given(LOGS, st.integers(0, 30))
def test_a_new_owner_that_reads_the_window_again_writes_the_same(
    names: list[str], next_offset: int
) -> None:
    log = list(enumerate(names))
    first = [o for o in kept(Repeats(WINDOW), log) if o >= next_offset]
    after = Repeats(WINDOW)
    kept(after, log[max(0, next_offset - WINDOW) : next_offset])
    assert kept(after, log[next_offset:]) == first


def test_tenants_have_ids_of_their_own() -> None:
    two = rows([(0, "a"), (1, "a")]).set_column(0, "tenant_id", pa.array(["t", "u"]))
    assert Repeats().without(two).num_rows == 2


def test_what_is_read_again_is_no_part_of_a_batch() -> None:
    partition = Partition(Source("inferences", "id", 0), INFERENCES, next=3, reads_from=1)
    assert partition.read_to == 1
    for offset in range(5):
        partition.add((offset, 0, b"x"), control=offset == 2, now_s=0.0)
    cut = partition.cut(Limits(10, 1_000, 0.0))
    assert (cut.start, cut.end, [raw[0] for raw in cut.raws]) == (3, 4, [3, 4])
    assert [raw[0] for raw in partition.take_before()] == [1]
    assert partition.take_before() == []
    assert partition.size == 2
