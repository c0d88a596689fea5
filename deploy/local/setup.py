"""What the servers need before the first worker: topics, schemas, tables; idempotent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.hot_store import connect
from deploy.topics import apply_topics
from schemas.errors import SinkDown
from schemas.registry import Registry
from schemas.settings import Settings
from sinks.create import create_tables


def set_up(settings: Settings) -> None:
    """Make topics, register schemas, create tables, all at once; raises FeedloopError."""
    with ThreadPoolExecutor(len(_STEPS), "setup") as pool:
        for done in [pool.submit(step, settings) for step in _STEPS]:
            done.result()


def _make_topics(settings: Settings) -> None:
    apply_topics(settings)


def _register_schemas(settings: Settings) -> None:
    Registry(settings.registry, settings.kafka.topic_prefix).register_all()


def _make_tables(settings: Settings) -> None:
    try:
        create_tables(connect(settings), settings.clickhouse)
    except ClickHouseError as error:
        raise SinkDown(f"ClickHouse doesn't create the tables: {error}") from error


_STEPS: Final[tuple[Callable[[Settings], None], ...]] = (
    _make_topics,
    _register_schemas,
    _make_tables,
)
