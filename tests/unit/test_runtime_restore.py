"""Where reading starts, for every state that Kafka and the last checkpoint can be in."""

from dataclasses import dataclass, field

import pytest

from schemas.errors import MissingDataError
from stream_jobs.runtime.checkpoint import Checkpoint
from stream_jobs.runtime.restore import start_offsets

WHERE = "stage join, partition 2"


def checkpoint(following: int, rewind: int | None = None, topic_id: str = "id-a") -> Checkpoint:
    return Checkpoint(
        stage="join",
        partition=2,
        next={"a": following},
        rewind={} if rewind is None else {"a": rewind},
        topic_ids={"a": topic_id},
        state=b"",
    )


@dataclass(frozen=True)
class Case:
    """Kafka has the offsets `first` up to (not including) `end`."""

    name: str
    last: Checkpoint | None
    first: int
    end: int
    start: int | None = None  # None: refused
    says: list[str] = field(default_factory=list)


GONE = ["retention removed records before they were read", "No offset was moved"]
CASES = [
    Case("no checkpoint: the first record there is", None, 7, 20, 7),
    Case("no checkpoint, empty topic", None, 0, 0, 0),
    Case("from the rewind offset", checkpoint(15, rewind=9), 0, 20, 9),
    Case("nothing to refill", checkpoint(15, rewind=15), 0, 20, 15),
    Case("no rewind offset: the next record", checkpoint(15), 0, 20, 15),
    Case("a rewind offset past the next one is none", checkpoint(15, rewind=18), 0, 20, 15),
    Case("all read", checkpoint(20, rewind=20), 0, 20, 20),
    Case("all read, then all removed", checkpoint(20, rewind=3), 20, 20, 20),
    Case("what would only refill memory is gone in part", checkpoint(15, rewind=3), 9, 20, 9),
    Case("the next record is the first there is", checkpoint(15, rewind=3), 15, 20, 15),
    Case(
        "retention was ahead by one",
        checkpoint(15, rewind=3),
        16,
        20,
        says=[*GONE, "the next record of a is offset 15, but Kafka has 16 to 20"],
    ),
    Case(
        "the checkpoint lies beyond the end",
        checkpoint(21),
        0,
        20,
        says=[*GONE, "the next record of a is offset 21, but Kafka has 0 to 20"],
    ),
    Case(
        "the topic was made anew",
        checkpoint(15, topic_id="id-old"),
        0,
        20,
        says=["topic a was deleted and made anew", "No offset was moved"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_start_offsets(case: Case) -> None:
    available = {"a": (case.first, case.end)}
    if case.start is not None:
        assert start_offsets(case.last, {"a": "id-a"}, available, WHERE) == {"a": case.start}
        return
    with pytest.raises(MissingDataError) as caught:
        start_offsets(case.last, {"a": "id-a"}, available, WHERE)
    said = str(caught.value)
    assert said.startswith(WHERE + ": ")
    assert "`feedloop recover join` shows what is lost" in said
    for part in case.says:
        assert part in said


def test_a_topic_that_a_newer_version_reads_starts_at_its_first_record() -> None:
    available = {"a": (0, 20), "b": (4, 8)}
    starts = start_offsets(checkpoint(15), {"a": "id-a", "b": "id-b"}, available, WHERE)
    assert starts == {"a": 15, "b": 4}
