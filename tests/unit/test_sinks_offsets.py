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
