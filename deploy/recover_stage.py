"""What keeps a stage from going on from its checkpoints, and checkpoints from which it can."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from confluent_kafka import Consumer
from msgspec import structs

from deploy.recover import Finding
from schemas.errors import ConfigError, CorruptStateError
from schemas.settings import Settings, kafka_config
from schemas.topics import (
    CHECKPOINTS_DECIDE,
    CHECKPOINTS_JOIN,
    CHECKPOINTS_REDACT,
    INPUTS,
    group,
)
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.join.state import without_lost
from stream_jobs.runtime.checkpoint import Checkpoint, pack
from stream_jobs.runtime.restore import (
    available_offsets,
    check_not_lost,
    committed_offsets,
    last_checkpoint,
    topic_ids,
)
from stream_jobs.runtime.transactions import Transactions
from stream_jobs.stage import Outbound

CHECKPOINTS: Final = {
    "redact": CHECKPOINTS_REDACT,
    "join": CHECKPOINTS_JOIN,
    "decide": CHECKPOINTS_DECIDE,
}
GIVEN_UP: Final = {
    "redact": "nothing: redact keeps no state",
    "join": "signals that waited for their inference then, and the sums of windows that were open",
    "decide": "the sums of windows that were open, baselines, and open actions (they open anew)",
}


@dataclass(frozen=True)
class _Place:
    """One partition number, and what Kafka has for it."""

    stage: str
    partition: int
    ids: Mapping[str, str]
    partitions: int
    available: Mapping[str, tuple[int, int]]


def examine(settings: Settings, stage: str) -> list[Finding]:
    """Return each partition number from which `stage` can't go on; [] if all is well.

    Raises ConfigError (a topic is missing, counts differ), BrokerDown.
    """
    kafka, names = settings.kafka, [topic.name for topic in INPUTS[stage]]
    found = topic_ids(kafka, (*INPUTS[stage], CHECKPOINTS[stage]))
    if len({count for _, count in found.values()}) > 1:
        counts = ", ".join(f"{topic}: {count}" for topic, (_, count) in found.items())
        raise ConfigError(
            f"first give all topics of {stage} the same partition count, got {counts}: "
            "kafka-topics.sh --alter --partitions"
        )
    ids = {topic: found[topic][0] for topic in names}
    count = found[names[0]][1]
    places = [
        _Place(stage, number, ids, count, available_offsets(kafka, names, number))
        for number in range(count)
    ]
    return [finding for place in places if (finding := _examine(settings, place)) is not None]


def _examine(settings: Settings, place: _Place) -> Finding | None:
    kafka, stage = settings.kafka, place.stage
    topic = CHECKPOINTS[stage].full(kafka.topic_prefix)
    committed = committed_offsets(kafka, stage, list(place.ids), place.partition)
    try:
        before = last_checkpoint(kafka, topic, place.partition, stage)
        check_not_lost(before, committed, stage)
        _check_state(settings, before)
    except CorruptStateError as error:
        offsets = {name: offset for name, (offset, _) in committed.items()}
        fresh = _without_state(place, offsets)
        return _finding(settings, place, fresh, str(error).partition(". No offset")[0], "")
    return None if before is None else _examine_offsets(settings, place, before)


def _check_state(settings: Settings, checkpoint: Checkpoint | None) -> None:
    """Raise CorruptStateError if the stage can't read its state."""
    if checkpoint is None:
        return
    if checkpoint.stage == "join" and checkpoint.state:
        without_lost(checkpoint.state, {})
    if checkpoint.stage == "decide" and checkpoint.state:
        decide = settings.decide
        config = DecideConfig.load(decide.window_ms, decide.idle_timeout_ms, decide.rules_file)
        config.build(checkpoint.state)


def _without_state(place: _Place, offsets: Mapping[str, int]) -> Checkpoint:
    """Return a checkpoint that goes on at `offsets` (what is gone: at the first) with no memory."""
    following = {
        topic: min(max(offsets.get(topic, first), first), end)
        for topic, (first, end) in place.available.items()
    }
    return Checkpoint(
        stage=place.stage,
        partition=place.partition,
        next=following,
        rewind=dict(following),
        topic_ids=dict(place.ids),
        state=b"",
        partitions=place.partitions,
    )


def _examine_offsets(settings: Settings, place: _Place, before: Checkpoint) -> Finding | None:
    """Hold a readable checkpoint against what Kafka has."""
    following, why, loss = dict(before.next), [], []
    for topic, (first, end) in place.available.items():
        offset = before.next.get(topic)
        if offset is None:
            continue
        if before.topic_ids.get(topic) != place.ids[topic]:
            following[topic] = first
            why.append(f"{topic} was deleted and made anew")
            loss.append(f"what was not yet read of the old {topic}")
        elif not first <= offset <= end:
            following[topic] = first if offset < first else end
            why.append(f"{topic} is next at {offset}, Kafka has {first} to {end}")
            loss.append(f"{max(0, first - offset)} offsets of {topic}")
    if before.partitions not in (0, place.partitions):
        why.append(f"its topics have {place.partitions} partitions, they had {before.partitions}")
        loss.append("what a session was remembered for, if it lies in another partition now")
    rewind = {
        topic: min(max(before.rewind.get(topic, 0), place.available[topic][0]), offset)
        for topic, offset in following.items()
    }
    state, waiting = before.state, 0
    if before.stage == "join" and state:
        state, waiting = without_lost(state, rewind)
    if waiting:
        why.append(f"{waiting} signals that wait for their inference can't be read again")
        loss.append(f"{waiting} signals that waited")
    if not why:
        return None
    after = structs.replace(
        before,
        next=following,
        rewind=rewind,
        topic_ids=dict(place.ids),
        partitions=place.partitions,
        state=state,
    )
    return _finding(settings, place, after, "; ".join(why), "; ".join(loss))


def _finding(
    settings: Settings, place: _Place, checkpoint: Checkpoint, why: str, loss: str
) -> Finding:
    mend = partial(_write, settings, checkpoint)
    name = f"{place.stage}, partition {place.partition}"
    return Finding(name, why, loss or GIVEN_UP[place.stage], mend)


def _write(settings: Settings, checkpoint: Checkpoint) -> None:
    """Commit `checkpoint` and its offsets in the place of any owner, who is fenced."""
    kafka, stage, number = settings.kafka, checkpoint.stage, checkpoint.partition
    member = Consumer(kafka_config(kafka) | {"group.id": group(stage, kafka.topic_prefix)})
    try:
        transactions = Transactions(kafka, stage, number, member)
        transactions.fence()
        data = pack(checkpoint, settings.stage.max_checkpoint_bytes)
        transactions.write([Outbound(CHECKPOINTS[stage].name, b"%d" % number, data, number)])
        transactions.commit({(t, number): o for t, o in checkpoint.next.items()}, {})
    finally:
        member.close()
