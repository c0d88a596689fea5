"""What the servers need before the first worker: topics, schemas, tables; idempotent."""

from collections.abc import Callable, Mapping
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.hot_store import connect
from deploy.topics import apply_topics
from schemas.errors import SinkDown
from schemas.registry import Registry
from schemas.settings import Settings
from sinks.create import create_tables


def make_topics(settings: Settings) -> None:
    """Make all topics; raises ConfigError, BrokerDown."""
    apply_topics(settings)


def register_schemas(settings: Settings) -> None:
    """Register all schemas; raises ConfigError, RegistryDown."""
    Registry(settings.registry, settings.kafka.topic_prefix).register_all()


def make_tables(settings: Settings) -> None:
    """Create tables and views; raises SinkDown."""
    try:
        create_tables(connect(settings), settings.clickhouse)
    except ClickHouseError as error:
        raise SinkDown(f"ClickHouse doesn't create the tables: {error}") from error


SETUPS: Final[Mapping[str, Callable[[Settings], None]]] = {
    "kafka": make_topics,
    "registry": register_schemas,
    "clickhouse-server": make_tables,
}
"""What to do once a server is ready."""
