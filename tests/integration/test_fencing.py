"""A producer that lost its transactional id says so as FencedError, wherever it notices."""

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.kafka import Kafka
from schemas.errors import FencedError
from schemas.settings import KafkaSettings, kafka_config
from stream_jobs.runtime.transactions import Transactions

PATIENCE = 200
PREFIX = "fencing."


@pytest.fixture(scope="module")
def kafka(broker: Kafka) -> KafkaSettings:
    kafka = KafkaSettings(bootstrap=broker.bootstrap, topic_prefix=PREFIX)
    admin = AdminClient(kafka_config(kafka))
    admin.create_topics([NewTopic(f"{PREFIX}t", 1)])[f"{PREFIX}t"].result()
    return kafka


@pytest.fixture
def member(kafka: KafkaSettings) -> Iterator[Consumer]:
    consumer = Consumer(kafka_config(kafka) | {"group.id": f"{PREFIX}g"})
    yield consumer
    consumer.close()


def write(owner: Transactions) -> None:
    owner.write([("t", b"k", b"v", 0, None)])


def commit(owner: Transactions) -> None:
    owner.commit({("t", 0): 1}, {})


def commit_what_follows(owner: Transactions) -> None:
    write(owner)
    commit(owner)


def hear_of_it(owner: Transactions) -> None:
    """The refusal of a record comes as an event, which polling for events raises."""
    for _ in range(PATIENCE):
        write(owner)
        owner._poll(0.1)


@pytest.mark.parametrize("notice", [commit, commit_what_follows, hear_of_it])
def test_the_older_of_two_owners_is_fenced(
    kafka: KafkaSettings, member: Consumer, notice: Callable[[Transactions], None]
) -> None:
    owner = Transactions(kafka, notice.__name__, 0, member)
    owner.fence()
    write(owner)
    Transactions(kafka, notice.__name__, 0, member).fence()
    with pytest.raises(FencedError, match="another process owns"):
        notice(owner)
