"""What a sink asks Kafka about offsets: topic ids, committed offsets, commits, what is still there.

Every answer that says "not yours any more" becomes FencedError, every "not now" BrokerDown.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.errors import (
    BrokerDown,
    ConfigError,
    FatalError,
    FeedloopError,
    FencedError,
    MissingDataError,
    SlotTaken,
)
from sinks.intents import Committed, Source, from_metadata, to_metadata

TIMEOUT_S: Final = 10.0

# Not among them: ILLEGAL_GENERATION. The group knows the member and is dealing partitions anew: the
# commit is refused, nothing is written on it, and after the next polls it works again.
FENCED: Final = frozenset(
    (
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
        KafkaError._FENCED,  # noqa: SLF001
        KafkaError._FATAL,  # noqa: SLF001 - told once, by a poll, then never again
    )
)
_TAKEN: Final = KafkaError(KafkaError.FENCED_INSTANCE_ID).str()
"""In the text of a fatal error that a poll tells: its code only says that it is fatal."""

NOT_ALLOWED: Final = frozenset(
    (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.OFFSET_METADATA_TOO_LARGE,
    )
)
GONE: Final = frozenset(
    (
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
    )
)
NO_TOPIC: Final = frozenset(
    (
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    )
)

Answer = TypeVar("Answer")


def ask(what: str, question: Callable[[], Answer]) -> Answer:
    """Return Kafka's answer. Raises FencedError, ConfigError or BrokerDown in place of its own."""
    try:
        return question()
    except KafkaException as error:
        raise as_ours(what, error.args[0]) from error


def as_ours(what: str, error: KafkaError) -> FeedloopError:
    """Return our error for Kafka's, by what the caller should do."""
    code, text = error.code(), f"{what}: {error.str()}"
    if code == KafkaError.FENCED_INSTANCE_ID or _TAKEN in text:
        return SlotTaken(f"{text}; another process has this worker's slot")
    if code in FENCED or error.fatal():
        return FencedError(f"{text}; another member of the group has taken over")
    if code in NOT_ALLOWED:
        return ConfigError(f"{text}; check the rights of this user on the broker")
    if code in NO_TOPIC:
        return MissingDataError(f"{text}; make the topics: feedloop topics apply")
    return BrokerDown(text)


def topic_ids(admin: AdminClient, topics: Iterable[str]) -> dict[str, str]:
    """Return Kafka's id of each topic. Raises MissingDataError if one doesn't exist."""
    futures = admin.describe_topics(TopicCollection(list(topics)), request_timeout=TIMEOUT_S)
    return {
        name: url_safe(str(ask(f"topic {name}", future.result).topic_id))
        for name, future in futures.items()
    }


def url_safe(topic_id: str) -> str:
    """Return the id as Kafka's own tools write it (base64url).

    librdkafka gives plain base64: a `/` in it would make a name two folders, and one in front
    would put the ledger outside of the store.
    """
    return topic_id.replace("/", "_").replace("+", "-")


def committed(consumer: Consumer, sources: list[Source]) -> dict[Source, Committed | None]:
    """Return what the group has committed for each source; None if nothing ever was."""
    asked = [TopicPartition(source.topic, source.partition) for source in sources]
    answers = ask("committed offsets", lambda: consumer.committed(asked, timeout=TIMEOUT_S))
    found: dict[Source, Committed | None] = {}
    for source, answer in zip(sources, answers, strict=True):
        if answer.error:
            raise as_ours(f"committed offset of {source}", answer.error)
        known = answer.offset >= 0
        found[source] = from_metadata(source, answer.offset, answer.metadata) if known else None
    return found


def commit(consumer: Consumer, offsets: Mapping[Source, Committed]) -> None:
    """Commit, and return when the broker has it. Raises FencedError, BrokerDown, ConfigError."""
    wanted = [
        TopicPartition(s.topic, s.partition, c.offset, to_metadata(c.end))
        for s, c in offsets.items()
    ]
    for answer in ask("commit", lambda: consumer.commit(offsets=wanted, asynchronous=False)):
        if answer.error:
            raise as_ours(f"commit of {answer.topic}[{answer.partition}]", answer.error)


def bounds(consumer: Consumer, source: Source) -> tuple[int, int]:
    """Return the first offset that is still there and the end of the partition."""
    asked = TopicPartition(source.topic, source.partition)
    low, high = ask(f"{source}", lambda: consumer.get_watermark_offsets(asked, timeout=TIMEOUT_S))
    return int(low), int(high)


def check_still_there(source: Source, offset: int, low: int, high: int, sink: str) -> None:
    """Raise MissingDataError unless `offset` lies within the partition or at its end."""
    if not low <= offset <= high:
        raise missing(source.topic, source.partition, offset, f"{low} to {high}", sink)


def missing(topic: str, partition: int, offset: int, there: str, sink: str) -> FatalError:
    """Return the error for an offset that `sink` can't read any more."""
    return MissingDataError(
        f"{topic}[{partition}]: offset {offset} is next to be stored, the broker has {there}. "
        "Retention has passed it, or the topic was made again. No offset was moved. "
        f"`feedloop recover {sink}` shows what is lost; with --accept-loss {sink} goes on from "
        "what is there"
    )


def made_anew(topic: str, sink: str) -> FatalError:
    """Return the error for a topic that isn't the one that the store of `sink` was filled from."""
    return MissingDataError(
        f"{topic} was deleted and made anew: what {sink} had not yet stored of the old one is gone "
        f"with it. No offset was moved. `feedloop recover {sink}` shows what is lost; with "
        f"--accept-loss {sink} stores the new one too"
    )


def answers(consumer: Consumer) -> bool:
    """Return whether a broker answers within a second."""
    try:
        consumer.list_topics(timeout=1.0)
    except KafkaException:
        return False
    return True


def lag(consumer: Consumer, positions: Mapping[Source, int]) -> int:
    """Return how many offsets lie between `positions` and the ends, as far as is known here."""
    total = 0
    for source, position in positions.items():
        asked: Any = TopicPartition(source.topic, source.partition)
        _, high = consumer.get_watermark_offsets(asked, cached=True)
        total += max(0, int(high) - position)
    return total
