"""The real parts, as the tests and the stack start them."""

import pytest
from confluent_kafka.admin import AdminClient

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.registry import Registry
from schemas.settings import Settings

pytestmark = pytest.mark.broker


def test_every_server_answers(broker: Kafka, registry: Registry, clickhouse: ClickHouse) -> None:
    metadata = AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10)
    assert [node.port for node in metadata.brokers.values()] == [broker.port]
    assert registry.answers()
    assert clickhouse.answers()


def test_settings_name_the_real_parts(settings: Settings, clickhouse: ClickHouse) -> None:
    assert (
        clickhouse.run("SHOW DATABASES").split().count(settings.clickhouse.database.encode()) == 1
    )
