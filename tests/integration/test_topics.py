"""Topics on a real broker: made once, corrected, never repartitioned."""

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.topics import apply_topics, list_topics, partition_counts
from schemas.errors import BrokerDown, ConfigError
from schemas.settings import KafkaSettings, Settings, kafka_config
from schemas.topics import INFERENCE, TOPICS

pytestmark = pytest.mark.broker


def test_all_topics_are_made_and_a_second_run_changes_nothing(settings: Settings) -> None:
    assert all(step.create for step in apply_topics(settings))
    again = apply_topics(settings)
    assert not [step for step in again if step.create or step.changes or step.notes]
    prefix, count = settings.kafka.topic_prefix, settings.kafka.partitions
    assert partition_counts(settings) == {t.full(prefix): count for t in TOPICS}


def test_a_backfill_is_stamped_with_its_arrival(settings: Settings) -> None:
    """Else retention would delete it within minutes: Kafka goes by the record's timestamp."""
    apply_topics(settings)
    name = INFERENCE.full(settings.kafka.topic_prefix)
    producer = Producer(kafka_config(settings.kafka))
    producer.produce(name, b"x", partition=0, timestamp=1_000_000_000_000)
    producer.flush(30)
    consumer = Consumer({**kafka_config(settings.kafka), "group.id": "t"})
    consumer.assign([TopicPartition(name, 0, 0)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.timestamp()[1] > 1_700_000_000_000


def test_drift_is_shown_then_corrected(settings: Settings) -> None:
    admin = AdminClient(kafka_config(settings.kafka))
    name = INFERENCE.full(settings.kafka.topic_prefix)
    new = NewTopic(name, settings.kafka.partitions, config={"retention.ms": "60000"})
    admin.create_topics([new])[name].result()

    shown = list_topics(settings)[0]
    assert shown.changes["retention.ms"] == str(INFERENCE.retention_ms)
    apply_topics(settings)

    assert not list_topics(settings)[0].changes


def test_unequal_partition_counts_are_refused_before_anything_is_made(settings: Settings) -> None:
    admin = AdminClient(kafka_config(settings.kafka))
    prefix = settings.kafka.topic_prefix
    for name, count in ((f"{prefix}inference", 4), (f"{prefix}feedback", 2)):
        admin.create_topics([NewTopic(name, count)])[name].result()

    with pytest.raises(ConfigError, match=r"feedback: 2"):
        apply_topics(settings)

    assert len([t for t in admin.list_topics().topics if t.startswith(prefix)]) == 2


def test_a_replication_that_the_cluster_lacks_is_explained(settings: Settings) -> None:
    kafka = msgspec.structs.replace(settings.kafka, replication=3)
    with pytest.raises(ConfigError, match="FEEDLOOP_KAFKA_REPLICATION"):
        apply_topics(msgspec.structs.replace(settings, kafka=kafka))


def test_no_broker_is_said_in_bounded_time() -> None:
    nobody = Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:9"))
    with pytest.raises(BrokerDown, match=r"127\.0\.0\.1:9"):
        apply_topics(nobody, timeout_s=1)
