"""Dead letters sent again: each source record is read by its coordinates and produced once more.

A dead letter holds no payload, only where its record lies. The record goes to its own topic and
partition as it was, with the header `feedloop-replay: <dead_letter_id>` on top, and passes the
stages again; if it fails again there is a new dead letter with the new coordinates. A record whose
topic no longer holds it (retention) is reported as gone, never skipped in silence.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from producers.bulk import Bulk
from schemas.errors import BrokerDown
from schemas.settings import Settings, kafka_config

HEADER: Final = "feedloop-replay"
UNDELIVERABLE: Final = "undeliverable"
"""The record is well and everybody else has it: sending it again would repeat it for them."""
SKIP_AHEAD: Final = 1_000  # records: a nearer one is reached by reading on, a farther one by a seek
ANSWER_S: Final = 30.0

Letter = dict[str, Any]
"""A DeadLetter record."""


@dataclass(frozen=True)
class Selection:
    """Which dead letters; None means any. `since_ms`: set aside at that time or later."""

    stage: str | None = None
    reason: str | None = None
    since_ms: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Return whether `letter` is one of them."""
        return (
            letter["reason"] != UNDELIVERABLE
            and self.stage in (None, letter["stage"])
            and self.reason in (None, letter["reason"])
            and (self.since_ms is None or letter["event_time"] >= self.since_ms)
        )


@dataclass
class Outcome:
    """What became of the selected letters: selected = replayed + gone (in a dry run: found)."""

    selected: int = 0
    replayed: int = 0
    gone: list[Letter] = field(default_factory=list)


def select(letters: Iterable[Letter], selection: Selection) -> list[Letter]:
    """Return the selected letters, each once, in the order of their sources; pure."""
    once = {letter["dead_letter_id"]: letter for letter in letters if selection.takes(letter)}
    return sorted(once.values(), key=_place)


def replay(
    settings: Settings,
    letters: Iterable[Letter],
    selection: Selection | None = None,
    *,
    dry_run: bool = False,
) -> Outcome:
    """Send the source records of the selected `letters` again; wait until Kafka has them.

    `dry_run`: only look whether they are still there; `replayed` then counts those found.
    Raises BrokerDown, RegistryDown, ConfigError.
    """
    chosen = select(letters, selection or Selection())
    outcome = Outcome(selected=len(chosen))
    if not chosen:
        return outcome
    bulk = None if dry_run else Bulk(settings)
    for letter, message in _sources(settings, chosen):
        if message is None:
            outcome.gone.append(letter)
            continue
        if bulk is not None:
            _send(bulk, letter, message)
        outcome.replayed += 1
    if bulk is not None:
        bulk.finish()
    return outcome


def _place(letter: Letter) -> tuple[str, int, int]:
    return (letter["topic"], letter["partition"], letter["offset"])


def _send(bulk: Bulk, letter: Letter, message: Message) -> None:
    topic = message.topic()
    assert topic is not None
    headers: Any = message.headers() or ()  # typed as several shapes; a consumer gives pairs
    kept = [(name, value) for name, value in headers if name != HEADER]
    bulk.send_raw(
        topic,
        message.value(),
        key=message.key(),
        partition=message.partition(),
        headers=[*kept, (HEADER, letter["dead_letter_id"].encode())],
    )


def _sources(settings: Settings, letters: list[Letter]) -> Iterator[tuple[Letter, Message | None]]:
    """Yield each letter with its source record, None if that is gone."""
    consumer = Consumer(
        {
            **kafka_config(settings.kafka),
            "group.id": f"{settings.kafka.topic_prefix}replay",  # required, never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # past retention: a later offset shows that it's gone
            "isolation.level": "read_committed",
        }
    )
    try:
        for _, group in groupby(letters, key=lambda letter: _place(letter)[:2]):
            yield from _of_partition(consumer, settings, list(group))
    finally:
        consumer.close()


def _of_partition(
    consumer: Consumer, settings: Settings, letters: list[Letter]
) -> Iterator[tuple[Letter, Message | None]]:
    last: Message | None = None
    for letter in letters:
        topic, partition, offset = _place(letter)
        reached = None if last is None else last.offset()
        if reached is None or not reached < offset <= reached + SKIP_AHEAD:
            if not _kept(consumer, settings, topic, partition, offset):
                yield letter, None
                continue
            consumer.assign([TopicPartition(topic, partition, offset)])
        last = _read_to(consumer, settings, offset)
        found = last is not None and last.offset() == offset
        yield letter, last if found else None


def _kept(consumer: Consumer, settings: Settings, topic: str, partition: int, offset: int) -> bool:
    place = TopicPartition(topic, partition)
    try:
        low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_S)
    except KafkaException as error:
        if error.args[0].code() in _NO_SUCH_PLACE:
            return False
        raise _down(settings, error.args[0]) from None
    return bool(low <= offset < high)


_NO_SUCH_PLACE: Final = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - librdkafka's public name
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - librdkafka's public name
)


def _read_to(consumer: Consumer, settings: Settings, offset: int) -> Message | None:
    """Return the record at `offset`, or the first one after it; None at the end."""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        error = message.error()
        if error is None:
            at = message.offset()
            if at is not None and at >= offset:
                return message
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's public name
            return None
        elif not error.retriable():
            raise _down(settings, error)
    raise BrokerDown(f"Kafka at {settings.kafka.bootstrap} doesn't give record {offset}")


def _down(settings: Settings, error: KafkaError) -> BrokerDown:
    return BrokerDown(f"Kafka at {settings.kafka.bootstrap}: {error.str()}")
