"""How the sinks' Kafka consumer is set up, and what a control record looks like."""

from typing import Any, Final

from confluent_kafka import Message

from schemas.settings import Settings, kafka_config
from schemas.topics import CONTROL_HEADER, group

POLL_INTERVAL_MS: Final = 300_000  # a write may take this long before the group gives us up
FETCHED_KIB: Final = 32 << 10  # read ahead of the loop, over all partitions


def is_control(message: Message) -> bool:
    """Return whether a record without value is a control record: sinks pass over it."""
    headers: Any = message.headers() or ()
    return any(name == CONTROL_HEADER for name, _ in headers)


def consumer_config(settings: Settings, name: str) -> dict[str, Any]:
    """Return the consumer's properties: committed records only, and no silent jump ever.

    With a slot the group knows a worker that was started again: it gets its partitions at once.
    """
    slot = settings.stage.slot
    return {
        **({"group.instance.id": slot} if slot else {}),
        **kafka_config(settings.kafka),
        "group.id": group(name, settings.kafka.topic_prefix),
        "client.id": name,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",  # an offset that is gone is never skipped in silence
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,  # tells the offset past transaction markers
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": settings.stage.session_timeout_ms,
        "heartbeat.interval.ms": settings.stage.session_timeout_ms // 3,
        "max.poll.interval.ms": POLL_INTERVAL_MS,
        "fetch.wait.max.ms": 100,
        "queued.max.messages.kbytes": FETCHED_KIB,
    }
