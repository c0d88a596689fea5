"""What the topics should be and what has to be done about it; pure.

Rules:
- topics of one co-partitioned group have one partition count: a key lies in the same partition
  number everywhere, which is what lets one worker own a whole session;
- a partition count never changes: keys would move away from their state;
- nothing is shortened: a retention or size limit that somebody raised stays, with a note.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import ConfigError
from schemas.settings import KafkaSettings
from schemas.topics import RAW, TOPICS, Topic

MAX_MESSAGE_BYTES: Final = 4 << 20
"""Room for an enriched record: an inference and a signal of the largest allowed size each."""

_AT_LEAST: Final = ("retention.ms", "max.message.bytes")
_FOR_EVER: Final = -1  # Kafka's word for no limit


@dataclass(frozen=True)
class Found:
    """A topic as the broker has it: partition count and effective configuration."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """What becomes of one topic: created if `create`, `changes` set, `notes` for the reader."""

    topic: Topic
    name: str
    partitions: int
    create: bool = False
    changes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def wanted_config(topic: Topic, replication: int) -> dict[str, str]:
    """Return the topic configuration (Kafka's names, values as text)."""
    config = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if topic.compacted:
        config["cleanup.policy"] = "compact"
    else:
        config["cleanup.policy"] = "delete"
        config["retention.ms"] = str(topic.retention_ms)
    if topic in RAW:
        # Retention goes by Kafka's timestamp. A client that puts event time there would have its
        # backfill deleted within minutes, so the broker sets it to the time of arrival.
        config["message.timestamp.type"] = "LogAppendTime"
    if replication >= 3:
        config["min.insync.replicas"] = str(replication - 1)
    return config


def plan(kafka: KafkaSettings, found: Mapping[str, Found]) -> list[Step]:
    """Return one step per topic, in the order of the flow; `found` is by full name.

    Raises ConfigError if existing topics of one group disagree on their partition count.
    """
    counts = {name: topic.partitions for name, topic in found.items()}
    check_co_partitioned(kafka.topic_prefix, counts)
    return [_step(topic, kafka, found) for topic in TOPICS]


def check_co_partitioned(prefix: str, counts: Mapping[str, int]) -> None:
    """Raise ConfigError if topics that are joined by partition number differ in their count."""
    for group in _groups():
        names = [t.full(prefix) for t in TOPICS if t.co_partitioned == group]
        have = {name: counts[name] for name in names if name in counts}
        if len(set(have.values())) > 1:
            raise ConfigError(_mismatch(have))


def _mismatch(have: Mapping[str, int]) -> str:
    by_count: dict[int, list[str]] = {}
    for name, count in have.items():
        by_count.setdefault(count, []).append(name)
    said = ", ".join(f"{' '.join(names)}: {count}" for count, names in by_count.items())
    odd = min(by_count.values(), key=len)
    return (
        f"topics that are read together differ in their partition count ({said} partitions); "
        f"delete and recreate the odd one out, e.g. kafka-topics --delete --topic {odd[0]}, "
        "then run `feedloop topics apply`. Its records are lost: let the stages read it to the "
        "end before (`feedloop drain`)"
    )


def _groups() -> list[str]:
    return list(dict.fromkeys(t.co_partitioned for t in TOPICS if t.co_partitioned))


def _step(topic: Topic, kafka: KafkaSettings, found: Mapping[str, Found]) -> Step:
    name = topic.full(kafka.topic_prefix)
    wanted = wanted_config(topic, kafka.replication)
    have = found.get(name)
    if have is None:
        count = _count_of_group(topic, kafka, found)
        return Step(topic, name, count, create=True, changes=wanted)
    changes, notes = _drift(wanted, have.config)
    if have.partitions != kafka.partitions:
        notes.append(
            f"has {have.partitions} partitions, settings say {kafka.partitions}: left as it is, "
            "see docs/operations.md"
        )
    return Step(topic, name, have.partitions, changes=changes, notes=tuple(notes))


def _count_of_group(topic: Topic, kafka: KafkaSettings, found: Mapping[str, Found]) -> int:
    # A topic that is new in this version joins a group that may have another count than ours.
    for other in TOPICS:
        name = other.full(kafka.topic_prefix)
        if topic.co_partitioned and other.co_partitioned == topic.co_partitioned and name in found:
            return found[name].partitions
    return kafka.partitions


def _drift(wanted: Mapping[str, str], have: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    changes: dict[str, str] = {}
    notes: list[str] = []
    for key, value in wanted.items():
        actual = have.get(key, "")
        if actual == value:
            continue
        if key in _AT_LEAST and actual and _more(int(actual), int(value)):
            notes.append(f"{key} is {actual}, more than {value}: left as it is")
        else:
            changes[key] = value
            notes.append(f"{key} was {actual or 'not set'}, now {value}")
    return changes, notes


def _more(actual: int, value: int) -> bool:
    return actual == _FOR_EVER or actual > value
