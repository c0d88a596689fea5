"""What Kafka answers to a commit, and what a sink should do about it."""

import pytest
from confluent_kafka import KafkaError

from schemas.errors import BrokerDown, ConfigError, FencedError, SlotTaken
from sinks.offsets import as_ours


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.ILLEGAL_GENERATION, BrokerDown),  # a member still: partitions are dealt anew
        (KafkaError.REBALANCE_IN_PROGRESS, BrokerDown),
        (KafkaError.COORDINATOR_LOAD_IN_PROGRESS, BrokerDown),
        (KafkaError.UNKNOWN_MEMBER_ID, FencedError),
        (KafkaError.FENCED_INSTANCE_ID, SlotTaken),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, ConfigError),
    ],
)
def test_only_who_is_no_member_any_more_is_fenced(code: int, kind: type[Exception]) -> None:
    assert type(as_ours("commit", KafkaError(code))) is kind


def test_a_fatal_error_that_a_poll_tells_ends_the_consumer() -> None:
    """librdkafka says it once, by a code that says no more; then the consumer gets nothing."""
    why = "Broker: Static consumer fenced by other consumer with same group.instance.id"
    slot = KafkaError(KafkaError._FATAL, f"Fatal error: {why}: Fatal consumer error: …")
    assert type(as_ours("Kafka", slot)) is SlotTaken
    assert type(as_ours("Kafka", KafkaError(KafkaError._FATAL, "something else"))) is FencedError
