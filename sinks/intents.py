"""The offsets promised before a write; pure.

A batch [s, e] of one partition is written in this order:
1. commit offset s with metadata {"e": e}: the intent (the broker refuses it from an old owner);
2. write exactly [s, e], under a name that is a function of topic id, partition, s and e;
3. commit what comes after e, without intent; or the next intent, which says the same.
Whoever owns the partition after a crash finds the intent and writes the same batch under the same
name; the store knows the name and keeps one of the two.
"""

import json
from dataclasses import dataclass

from schemas.errors import CorruptStateError


@dataclass(frozen=True)
class Source:
    """One partition of one topic. `topic_id` (Kafka's UUID) is another if it was made again."""

    topic: str
    topic_id: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


@dataclass(frozen=True)
class Committed:
    """What a group committed for a partition: the next `offset`, the `end` of a promised batch."""

    offset: int
    end: int | None = None


def token(source: Source, start: int, end: int) -> str:
    """Return the name of batch [start, end] of `source`: the same for every owner."""
    return f"{source.topic_id}:{source.partition}:{start}:{end}"


def to_metadata(end: int | None) -> str:
    """Return the metadata of a commit that promises a batch up to `end`, or none."""
    return "" if end is None else json.dumps({"e": end})


def from_metadata(source: Source, offset: int, metadata: str | None) -> Committed:
    """Return what was committed. Raises CorruptStateError if it can't be understood."""
    if not metadata:
        return Committed(offset)
    try:
        end = json.loads(metadata)["e"]
    except (ValueError, TypeError, KeyError):
        end = None
    if type(end) is not int or end < offset:
        raise CorruptStateError(
            f'{source}: committed offset {offset} has metadata {metadata!r}, expected {{"e": last '
            "offset of the promised batch}. If a newer feedloop wrote it, run that one. If another "
            "program committed for this group: stop it, then `feedloop recover clickhouse` or "
            "`feedloop recover parquet`; no offset was moved"
        )
    return Committed(offset, end)
